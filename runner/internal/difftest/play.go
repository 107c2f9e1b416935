package difftest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
	"example.com/lpgate/steps/auditproof"
)

// session is where walks are played: the fake, and what is compared with it.
type session struct {
	milestone *milestones.Milestone
	schemas   *schemas.Set
	fixtures  fs.FS
	routes    *record.Routes
	secrets   *record.Secrets
	calls     steps.Config
	service   *service.Service

	way       *service.Transport // to the target; nil for a second fake
	transport http.RoundTripper  // what goes that way, as the target wants it
	base      *url.URL
	has       []string // what the target has beside what every service has
	keys      keys
	wrap      func(http.Handler) http.Handler // before the second fake; nil for the truth

	attempts atomic.Int64 // against the target, so that each has ids of its own
}

// keys are those that the target publishes, and the labels of the partner keys that it knows. The first is what a walk
// holds at first, and the second another partner's.
type keys struct {
	published auditproof.Keys
	labels    []string
}

// newSession prepares a room. Nothing is sent yet.
func newSession(cfg Config) (*session, error) {
	in, err := cfg.Project.Read()
	if err != nil {
		return nil, err
	}
	r := &session{
		milestone: in.Milestone, schemas: in.Schemas, fixtures: cacheFiles(cfg.Project.Fixtures()), routes: record.NewRoutes(in.Milestone),
		secrets: new(record.Secrets), wrap: cfg.Wrap, base: &url.URL{Scheme: "http", Host: "fake"},
	}
	if r.service, err = cfg.Target.Open(r.secrets); err == nil {
		err = r.service.Check(r.milestone)
	}
	if err == nil {
		if err = service.Implements(r.milestone); err != nil {
			err = fmt.Errorf("%w, so there is nothing to compare a service with", err)
		}
	}
	if err != nil {
		return nil, usage.Errorf("%w", err)
	}
	if !r.service.BuiltIn() {
		if err := r.face(); err != nil {
			return nil, err
		}
	}
	r.calls = steps.Config{Milestone: r.milestone, Fixtures: r.fixtures}
	return r, r.label()
}

// given says whether every target is taken to have a capability.
func (r *session) given(capability string) bool {
	return slices.ContainsFunc(r.milestone.Capabilities, func(c milestones.Capability) bool { return c.ID == capability && c.Assumed })
}

// face turns the room to the target: what it is reached by, what it has, and whom it knows.
func (r *session) face() (err error) {
	if r.base, err = url.Parse(r.service.URL); err != nil {
		return usage.Errorf("--target is no URL") // Open read it
	}
	r.way = r.service.Transport()
	r.transport = r.way.Client(r.way).Transport
	for _, claim := range r.service.Present {
		if c := claim.Capability; c != freshState && !r.given(c) && !slices.Contains(r.has, c) {
			r.has = append(r.has, c)
		}
	}
	switch {
	case r.service.KeyMode() && !slices.Contains(r.has, keyMode):
		r.has = append(r.has, keyMode)
	case !r.service.KeyMode() && !r.service.HasCapability(headerMode):
		return usage.Errorf("the target knows its callers neither by headers nor by keys: say --capability %s if it knows the keys of fixtures/keys, or --partner-keys FILE", keyMode)
	}
	if r.service.PartnerKeys == nil {
		return nil
	}
	// The fake is to know the same keys.
	text, err := json.Marshal(map[string]any{"keys": r.service.PartnerKeys})
	if err != nil {
		return fmt.Errorf("writing the partner keys for the fake: %w", err)
	}
	fixtures := cacheFiles(r.fixtures)
	fixtures.files[partnerKeys] = text
	r.fixtures = fixtures
	return nil
}

// partnerKeys is the fixture with the keys of a server in key mode.
const partnerKeys = "keys/partner-keys.json"

// label notes the labels of the partner keys. Where there are no two partners there are none, and walks in key mode are
// refused.
func (r *session) label() error {
	text, err := fs.ReadFile(r.fixtures, partnerKeys)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", partnerKeys, err)
	}
	all, err := steps.ReadPartnerKeys(text)
	if err != nil {
		return fmt.Errorf("%s: %w", partnerKeys, err)
	}
	me, stranger, ok := steps.TwoPartners(all)
	if !ok {
		return nil
	}
	r.keys.labels = []string{me.Label, stranger.Label}
	for _, key := range all {
		if !slices.Contains(r.keys.labels, key.Label) {
			r.keys.labels = append(r.keys.labels, key.Label)
		}
	}
	return nil
}

// can says whether what is compared with the fake has a capability. A second fake is given what it needs.
func (r *session) can(capability string) bool {
	return r.service.BuiltIn() || r.service.HasCapability(capability) || slices.Contains(r.has, capability)
}

// reach asks the target for what has to be known of it. An error for which [Unreachable] holds says that it does not
// answer.
func (r *session) reach(ctx context.Context) error {
	if r.way == nil {
		return nil
	}
	if err := r.way.Probe(ctx); err != nil {
		return &steps.Unreachable{Err: err}
	}
	var err error
	if r.keys.published, err = r.published(ctx, r.transport, r.base); err != nil {
		return fmt.Errorf("asking the target for its keys: %w", err)
	}
	return nil
}

// close lets go of the target.
func (r *session) close() {
	if r.way != nil {
		r.way.Close()
	}
}

// describe says what is compared.
func (r *session) describe() string {
	if r.transport == nil {
		return record.BuiltIn + " beside itself"
	}
	return record.BuiltIn + " beside " + r.secrets.Scrub(record.Through(r.service.URL, r.service.Proxy()))
}

// published are the keys that a side publishes. A key set that cannot be read is none, and so no page verifies by it.
func (r *session) published(ctx context.Context, through http.RoundTripper, base *url.URL) (auditproof.Keys, error) {
	operation, known := r.milestone.Operation(keySet)
	if !known || !r.can(keySetThere) {
		return nil, nil
	}
	asked, err := http.NewRequestWithContext(ctx, operation.Method, base.String()+operation.Path, nil)
	if err != nil {
		return nil, err
	}
	a, err := send(through, asked)
	if err != nil {
		return nil, &steps.Unreachable{Err: err}
	}
	keys, err := auditproof.ParseKeys(a.body)
	if err != nil {
		return auditproof.Keys{}, nil
	}
	return keys, nil
}

// sets are the sets of capabilities that a walk may ask for.
func (r *session) sets() [][]string {
	if r.transport != nil {
		return [][]string{r.has}
	}
	var known []string
	for _, capability := range r.milestone.Capabilities {
		known = append(known, capability.ID)
	}
	var sets [][]string
	for _, set := range service.CapabilitySets(known) {
		sets = append(sets, set)
		if len(set) == 0 {
			sets = append(sets, []string{freshState})
		}
	}
	return sets
}

// scenarioID makes the ids of a walk its own.
func (r *session) scenarioID(walk int) string {
	attempt := int64(0)
	if r.transport != nil {
		attempt = r.attempts.Add(1)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", r.service.RunID, walk, attempt))
	return hex.EncodeToString(sum[:])[:10]
}

// execution is a walk that was played, up to its first difference.
type execution struct {
	steps []step
	// The rest is of a walk that shows a difference.
	walk       Sequence // the calls that were made, the last of which shows it
	difference *Difference
	fake       []*reply
	target     []*reply     // what the same calls were there
	reached    []ruleResult // by the last call
	sessions   [2]*steps.Session
	seen       []occurrence
}

// step is what the fake made of one call.
type step struct {
	operation *milestones.Operation
	cells     []milestones.CoverageItem
	reached   []ruleResult
}

// ruleResult is a rule that the fake considered.
type ruleResult struct {
	rule    string
	refused bool
}

// ruleRecorder collects the rules that the fake considers.
type ruleRecorder struct {
	mu    sync.Mutex
	rules []ruleResult
}

func (e *ruleRecorder) record(rule string, refused bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rules = append(e.rules, ruleResult{rule, refused})
}

// take gives what was heard since the last time. What was sent at once is heard in no order.
func (e *ruleRecorder) take(times int) []ruleResult {
	e.mu.Lock()
	defer e.mu.Unlock()
	heard := e.rules
	e.rules = nil
	if times > 1 {
		slices.SortFunc(heard, func(a, b ruleResult) int {
			return strings.Compare(a.rule+fmt.Sprint(a.refused), b.rule+fmt.Sprint(b.refused))
		})
	}
	return heard
}

// execute plays a walk on both sides, call by call, until they differ.
func (r *session) execute(ctx context.Context, writer *golden.Writer, number int, w Sequence) (*execution, error) {
	c := standing(service.Frozen())
	var clock atomic.Int64
	clock.Store(c.now.UnixMilli())
	if r.transport != nil {
		c = moving(service.Frozen())
	}
	heard := new(ruleRecorder)
	fake, err := service.Handler(r.fixtures, w.Needs, func() time.Time { return time.UnixMilli(clock.Load()) }, heard.record, r.secrets)
	if err != nil {
		return nil, err
	}
	word := r.scenarioID(number)
	through, base := http.RoundTripper(inProcess{fake}), r.base
	toTarget := r.transport
	if r.transport != nil {
		var stop func()
		if base, stop, err = listen(fake.(server)); err != nil {
			return nil, err
		}
		defer stop()
		sockets := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8}
		defer sockets.CloseIdleConnections()
		through = sockets
	} else if toTarget, err = r.secondFake(ctx, w, number); err != nil {
		return nil, err
	}
	left, err := newEndpoint(&r.calls, through, base, w, word)
	if err != nil {
		return nil, err
	}
	left.atOnce = &inProcess{fake}
	right, err := newEndpoint(&r.calls, toTarget, r.base, w, word)
	if err != nil {
		return nil, err
	}
	if w.PartnerKey != "" {
		for _, s := range []*endpoint{left, right} {
			if err := s.session.Hold(w.PartnerKey); err != nil {
				return nil, err
			}
		}
	}
	compared := newComparer(r.milestone, r.schemas, writer, c)
	compared.unproven = !r.can(keySetThere)
	compared.ownKeys = r.transport != nil && !slices.Contains(r.has, "operator-key") && !slices.Contains(r.has, "dev-key")
	compared.publish = func() (keys [2]auditproof.Keys, err error) {
		if keys[0], err = r.published(ctx, through, base); err == nil && r.transport == nil {
			keys[1], err = r.published(ctx, toTarget, r.base)
		} else {
			keys[1] = r.keys.published
		}
		heard.take(1)
		return keys, err
	}
	p := &execution{sessions: [2]*steps.Session{left.session, right.session}, walk: w}
	p.walk.Calls = nil
	for _, call := range w.Calls {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		if !c.still && readsClock(w, call) {
			time.Sleep(pace)
		}
		c.tick(time.Now())
		clock.Store(c.now.UnixMilli())
		want, err := left.call(ctx, r.routes, call)
		if err != nil {
			return nil, err
		}
		reached := heard.take(call.Times)
		got, err := right.call(ctx, r.routes, call)
		if err != nil {
			return nil, err
		}
		switch {
		case want == nil && got == nil:
			continue
		case want == nil || got == nil:
			// What a call builds on was compared when it was answered.
			return nil, errors.New("a call could be made on one side only, although all answers before it are the same")
		}
		p.walk.Calls = append(p.walk.Calls, call)
		p.fake, p.target = append(p.fake, want), append(p.target, got)
		p.steps = append(p.steps, step{want.operation, cellsOf(want), reached})
		d, err := compared.compare(len(p.fake)-1, want, got)
		if err != nil {
			return nil, err
		}
		if d != nil {
			p.difference, p.reached, p.seen = d, reached, compared.seen
			return p, nil
		}
	}
	return p, nil
}

// pace is the time between two calls that read the target's clock, so that it never says the same twice: what is made of a
// time is then as different on the target's side as it is on the fake's.
const pace = 2 * time.Millisecond

// readsClock says whether a call may be answered with the server's own time.
func readsClock(w Sequence, call steps.Call) bool {
	return !w.Clocked || slices.ContainsFunc(call.Rows, func(row [2]string) bool { return row[0] == "header "+clockHeader })
}

// secondFake is another fake, which nobody has used before. Every other one has seen somebody else's calls, so that it
// counts otherwise, and comparing ids has something to do.
func (r *session) secondFake(ctx context.Context, w Sequence, number int) (http.RoundTripper, error) {
	fake, err := service.Handler(r.fixtures, w.Needs, service.Frozen, nil, r.secrets)
	if err != nil {
		return nil, err
	}
	if number%2 == 1 && !slices.Contains(w.Needs, freshState) && !slices.Contains(w.Needs, keyMode) {
		somebody, err := newEndpoint(&r.calls, inProcess{fake}, r.base, Sequence{}, "else")
		if err != nil {
			return nil, err
		}
		for range 3 {
			if _, err := somebody.call(ctx, r.routes, steps.Call{Operation: onboard}); err != nil {
				return nil, err
			}
		}
	}
	if r.wrap != nil {
		fake = r.wrap(fake)
	}
	return inProcess{fake}, nil
}

// cellsOf are the declared cells that the fake's answers show.
func cellsOf(x *reply) (cells []milestones.CoverageItem) {
	for _, a := range x.answers {
		code, _ := textAt(a.body, "error", "code")
		reason, _ := textAt(a.body, "error", "details", "reason_code")
		for _, o := range x.operation.Outcomes {
			if o.Status != a.status || x.sent.Method != http.MethodHead && (o.Code != code || o.ReasonCode != reason) {
				continue
			}
			cells = append(cells, milestones.CoverageItem{Outcome: o.Name, ReasonCode: o.ReasonCode})
			if o.ReasonCodesAt == "" {
				break
			}
			for _, listed := range listAt(a.body, strings.Split(o.ReasonCodesAt, "/")[1:]...) {
				if listed != o.ReasonCode && slices.Contains(o.ReasonCodes, listed) {
					cells = append(cells, milestones.CoverageItem{Outcome: o.Name, ReasonCode: listed})
				}
			}
			break
		}
	}
	return cells
}
