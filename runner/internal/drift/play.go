package drift

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	"example.com/lpgate/runner/internal/exchange"
	"example.com/lpgate/runner/internal/outcome"
	"example.com/lpgate/runner/internal/target"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
	"example.com/lpgate/steps/auditproof"
)

// Room is where walks are played: the fake, and what is compared with it.
type Room struct {
	milestone *milestones.Milestone
	schemas   *schemas.Set
	fixtures  fs.FS
	routes    *exchange.Routes
	secrets   *exchange.Secrets
	calls     steps.Config
	seed      string

	through http.RoundTripper // to the target; nil for a second fake
	base    *url.URL
	has     []string // of the target
	keys    auditproof.Keys
	wrap    func(http.Handler) http.Handler // before the second fake; nil for the truth

	attempts atomic.Int64 // against the target, so that each has ids of its own
}

// NewRoom prepares a room. An error for which [Unreachable] holds says that the target does not answer.
func NewRoom(ctx context.Context, cfg Config) (*Room, error) {
	in, err := cfg.Project.Read()
	if err != nil {
		return nil, err
	}
	r := &Room{
		milestone: in.Milestone, schemas: in.Schemas, fixtures: keep(cfg.Project.Fixtures()), routes: exchange.NewRoutes(in.Milestone),
		secrets: new(exchange.Secrets), seed: cfg.Seed, has: cfg.Has, wrap: cfg.Wrap, base: &url.URL{Scheme: "http", Host: "fake"},
	}
	r.calls = steps.Config{Milestone: r.milestone, Fixtures: r.fixtures}
	if cfg.Target == "" {
		return r, nil
	}
	if err := r.checkHas(); err != nil {
		return nil, err
	}
	if r.through, r.base, err = reach(cfg); err != nil {
		return nil, err
	}
	if r.keys, err = r.published(ctx, r.through, r.base); err != nil {
		return nil, fmt.Errorf("asking the target for its keys: %w", err)
	}
	return r, nil
}

// checkHas refuses a capability that the milestone does not know.
func (r *Room) checkHas() error {
	var known []string
	for _, capability := range r.milestone.Capabilities {
		known = append(known, capability.ID)
	}
	for _, has := range r.has {
		if slices.Contains(known, has) {
			continue
		}
		nearest := ""
		if word := milestones.Nearest(has, known); word != "" {
			nearest = " (did you mean " + word + "?)"
		}
		return fmt.Errorf("%w: --has %s: %s has no such capability%s", ErrUsage, has, r.milestone.ID, nearest)
	}
	return nil
}

// reach is the way to the target: what carries a request to it, and the URL before its paths.
func reach(cfg Config) (http.RoundTripper, *url.URL, error) {
	base, err := url.Parse(cfg.Target)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, nil, fmt.Errorf("%w: --target %q is no URL such as http://127.0.0.1:8109", ErrUsage, cfg.Target)
	}
	base.Path = strings.TrimSuffix(base.Path, "/")
	return &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8, ResponseHeaderTimeout: 30 * time.Second}, base, nil
}

// published are the keys that a side publishes. A key set that cannot be read is none, and so no page verifies by it.
func (r *Room) published(ctx context.Context, through http.RoundTripper, base *url.URL) (auditproof.Keys, error) {
	operation, known := r.milestone.Operation(keySet)
	if !known {
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
func (r *Room) sets() [][]string {
	if r.through != nil {
		return [][]string{slices.DeleteFunc(slices.Clone(r.has), func(c string) bool { return c == freshState })}
	}
	var known []string
	for _, capability := range r.milestone.Capabilities {
		known = append(known, capability.ID)
	}
	var sets [][]string
	for _, set := range target.Sets(known) {
		sets = append(sets, set)
		if len(set) == 0 {
			sets = append(sets, []string{freshState})
		}
	}
	return sets
}

// word makes the ids of a walk its own.
func (r *Room) word(walk int) string {
	attempt := int64(0)
	if r.through != nil {
		attempt = r.attempts.Add(1)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", r.seed, walk, attempt))
	return hex.EncodeToString(sum[:])[:10]
}

// played is a walk that was played, up to its first difference.
type played struct {
	steps []step
	// The rest is of a walk that shows a difference.
	walk       Walk // the calls that were made, the last of which shows it
	difference *Difference
	fake       []*said
	reached    []reached // by the last call
	sessions   [2]*steps.Session
	seen       []sighting
}

// step is what the fake made of one call.
type step struct {
	operation *milestones.Operation
	cells     []milestones.Cell
	reached   []reached
}

// reached is a rule that the fake considered.
type reached struct {
	rule    string
	refused bool
}

// ear collects the rules that the fake considers.
type ear struct {
	mu   sync.Mutex
	said []reached
}

func (e *ear) hear(rule string, refused bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.said = append(e.said, reached{rule, refused})
}

// take gives what was heard since the last time. What was sent at once is heard in no order.
func (e *ear) take(times int) []reached {
	e.mu.Lock()
	defer e.mu.Unlock()
	heard := e.said
	e.said = nil
	if times > 1 {
		slices.SortFunc(heard, func(a, b reached) int {
			return strings.Compare(a.rule+fmt.Sprint(a.refused), b.rule+fmt.Sprint(b.refused))
		})
	}
	return heard
}

// play plays a walk on both sides, call by call, until they differ.
func (r *Room) play(ctx context.Context, writer *outcome.Writer, number int, w Walk) (*played, error) {
	c := standing(target.Frozen())
	var clock atomic.Int64
	clock.Store(c.now.UnixMilli())
	if r.through != nil {
		c = moving(target.Frozen())
	}
	heard := new(ear)
	fake, err := target.Handler(r.fixtures, w.Needs, func() time.Time { return time.UnixMilli(clock.Load()) }, heard.hear, r.secrets)
	if err != nil {
		return nil, err
	}
	word := r.word(number)
	through, base := http.RoundTripper(inProcess{fake}), r.base
	toTarget := r.through
	if r.through != nil {
		var stop func()
		if base, stop, err = listen(fake.(server)); err != nil {
			return nil, err
		}
		defer stop()
		sockets := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8}
		defer sockets.CloseIdleConnections()
		through = sockets
	} else if toTarget, err = r.second(ctx, w, number); err != nil {
		return nil, err
	}
	left, err := newSide(&r.calls, through, base, w, word)
	if err != nil {
		return nil, err
	}
	left.atOnce = &inProcess{fake}
	right, err := newSide(&r.calls, toTarget, r.base, w, word)
	if err != nil {
		return nil, err
	}
	if w.Holds != "" {
		for _, s := range []*side{left, right} {
			if err := s.session.Hold(w.Holds); err != nil {
				return nil, err
			}
		}
	}
	compared := newComparer(r.milestone, writer, c)
	compared.ownKeys = r.through != nil && !slices.Contains(r.has, "operator-key")
	compared.publish = func() (keys [2]auditproof.Keys, err error) {
		if keys[0], err = r.published(ctx, through, base); err == nil && r.through == nil {
			keys[1], err = r.published(ctx, toTarget, r.base)
		} else {
			keys[1] = r.keys
		}
		heard.take(1)
		return keys, err
	}
	p := &played{sessions: [2]*steps.Session{left.session, right.session}, walk: w}
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
		want, err := left.ask(ctx, r.routes, call)
		if err != nil {
			return nil, err
		}
		reached := heard.take(call.Times)
		got, err := right.ask(ctx, r.routes, call)
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
		p.fake = append(p.fake, want)
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
func readsClock(w Walk, call steps.Call) bool {
	return !w.Clocked || slices.ContainsFunc(call.Rows, func(row [2]string) bool { return row[0] == "header "+clockHeader })
}

// second is another fake, which nobody has used before. Every other one has seen somebody else's calls, so that it
// counts otherwise, and comparing ids has something to do.
func (r *Room) second(ctx context.Context, w Walk, number int) (http.RoundTripper, error) {
	fake, err := target.Handler(r.fixtures, w.Needs, target.Frozen, nil, r.secrets)
	if err != nil {
		return nil, err
	}
	if number%2 == 1 && !slices.Contains(w.Needs, freshState) && !slices.Contains(w.Needs, keyMode) {
		somebody, err := newSide(&r.calls, inProcess{fake}, r.base, Walk{}, "else")
		if err != nil {
			return nil, err
		}
		for range 3 {
			if _, err := somebody.ask(ctx, r.routes, steps.Call{Operation: onboard}); err != nil {
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
func cellsOf(x *said) (cells []milestones.Cell) {
	for _, a := range x.answers {
		code, _ := textAt(a.body, "error", "code")
		reason, _ := textAt(a.body, "error", "details", "reason_code")
		for _, o := range x.operation.Outcomes {
			if o.Status != a.status || x.sent.Method != http.MethodHead && (o.Code != code || o.ReasonCode != reason) {
				continue
			}
			cells = append(cells, milestones.Cell{Outcome: o.Name, ReasonCode: o.ReasonCode})
			if o.ReasonCodesAt == "" {
				break
			}
			for _, listed := range listAt(a.body, strings.Split(o.ReasonCodesAt, "/")[1:]...) {
				if listed != o.ReasonCode && slices.Contains(o.ReasonCodes, listed) {
					cells = append(cells, milestones.Cell{Outcome: o.Name, ReasonCode: listed})
				}
			}
			break
		}
	}
	return cells
}
