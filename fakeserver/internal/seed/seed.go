// Package seed says in domain words what a world begins with, as YAML or JSON:
//
//	clock: {mode: frozen, at: 2026-02-22T16:00:00Z}
//	providers:
//	  - provider_id: lp-blue
//	    owner: acme
//	    tier: S2
//	    status: active
//	    onboarded: {at: 30d ago, tier: S1}
//	    governance: {at: 3d ago}              # all baselines passed, no violations
//	    last_evaluation: {at: 2d ago}
//	    rollout: {at: 1d ago, capabilities: [{capability: quote}]}
//
// A provider is made by the commands of the contract and by nothing else, so a seed
// cannot make what a client could not: it is onboarded, then goes through its history,
// then gets its governance, its last evaluation and its rollout, each only if the seed
// says so. In the end it must be what tier, status and governance say. What the
// contract refuses on the way is an error of the seed, with its line. Providers are
// made in the order in which they stand, and ids of audit entries follow that order.
//
// A time is in RFC 3339, or a span before now, such as 3d ago, or now, which it is when
// absent. Now is what the world's clock says when the world begins, and each time that
// it is reset; of a clock that runs, the whole second. So a seed with such times is another state each day, unless its clock
// is frozen.
package seed

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/fakeserver/internal/clock"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/fakeserver/internal/store"
	"example.com/lpgate/fakeserver/internal/world"
	"example.com/lpgate/schemas"
)

// Seed is a seed that was read, and found to be a state that the contract reaches. It
// is safe for concurrent use.
type Seed struct {
	clock *clock.Setting
	plan  []planned

	mu   sync.Mutex // held while it is made, so that worlds which begin at once wait for one image
	last *made
}

// planned is a command that a seed stands for. Reading the seed has run it once; what
// then depended on the time is no more than the time at which it is recorded, so that
// all that was found right of it needs no second look when it is run again.
type planned struct {
	store.Call
	at    string // when, in the seed's words, if that is before now; "" is its own time, or now
	place string // of at, for an error
}

// made is what the seed made last.
type made struct {
	world.State
	now     time.Time // what the world's clock said
	depends bool      // whether another now makes another image
}

// said is what a seed says. The schema FakeSeed describes each member.
type said struct {
	Clock     *clock.Setting `json:"clock"`
	Providers []provider     `json:"providers"`
}

type provider struct {
	ProviderID         string      `json:"provider_id"`
	Owner              string      `json:"owner"`
	ExternalProviderID *string     `json:"external_provider_id"`
	LegalEntityName    *string     `json:"legal_entity_name"`
	DisclosureText     *string     `json:"disclosure_text"`
	TrustContactEmail  *string     `json:"trust_contact_email"`
	Tier               string      `json:"tier"`
	Status             string      `json:"status"`
	ReasonCodes        []string    `json:"reason_codes"`
	OperatorNote       *string     `json:"operator_note"`
	Onboarded          onboarded   `json:"onboarded"`
	History            []step      `json:"history"`
	Governance         *governance `json:"governance"`
	LastEvaluation     *evaluation `json:"last_evaluation"`
	Rollout            *rollout    `json:"rollout"`
}

type onboarded struct {
	At     string `json:"at"`
	Tier   string `json:"tier"`
	Status string `json:"status"`
}

// step is one event of a history.
type step struct {
	At         string      `json:"at"`
	Status     *status     `json:"status"`
	Evaluation *evaluation `json:"evaluation"`
	Rollout    *rollout    `json:"rollout"`
}

type governance struct {
	At                           string `json:"at"`
	TrustSafetyBaselinePassed    *bool  `json:"trust_safety_baseline_passed"`
	ReliabilityBaselinePassed    *bool  `json:"reliability_baseline_passed"`
	AuditConformancePassed       *bool  `json:"audit_conformance_passed"`
	UnresolvedCriticalViolations int64  `json:"unresolved_critical_violations"`
}

type status struct {
	governance
	Status       string   `json:"status"`
	Tier         string   `json:"tier"`
	ReasonCodes  []string `json:"reason_codes"`
	OperatorNote *string  `json:"operator_note"`
}

type evaluation struct {
	At                          string      `json:"at"`
	RequestedTier               string      `json:"requested_tier"`
	Governance                  *governance `json:"governance"`
	ConsecutiveCompliantWindows *int64      `json:"consecutive_compliant_windows"`
	CapabilityFamily            string      `json:"capability_family"`
	RemediationClosed           *bool       `json:"remediation_closed"`
	Verdict                     string      `json:"verdict"`
}

type rollout struct {
	At           string       `json:"at"`
	Status       string       `json:"status"`
	Tier         string       `json:"tier"`
	Capabilities []capability `json:"capabilities"`
	ReasonCodes  []string     `json:"reason_codes"`
}

type capability struct {
	Capability string `json:"capability"`
	MinTier    string `json:"min_tier"`
	Enabled    *bool  `json:"enabled"`
}

// someTime is now for a seed that is checked before there is a world whose clock runs.
var someTime = time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)

// What a seed may have. One of so many steps is read in some seconds.
const (
	MaxSteps = 50_000   // providers, and in them the steps of history, governance, last_evaluation and rollout
	MaxBytes = 16 << 20 // of the text
)

// Read reads a seed, until ctx is done. The schema is FakeSeed. The error has a line, FILE:LINE: …, for
// each problem that was found, and after a hundred says how many more there are: what the schema forbids, times that are none, and of
// each provider of which nothing of that is wrong the first thing that the contract
// refuses.
func Read(ctx context.Context, file string, content []byte, schema *schemas.Schema) (*Seed, error) {
	t := parse(ctx, file, content, schema)
	root, ok := t.value.(map[string]any)
	if !ok {
		return nil, t.err()
	}
	var seed said
	if t.sound("/clock") && root["clock"] != nil {
		err := json.Unmarshal(jcs.Marshal(root["clock"]), &seed.Clock)
		if err == nil {
			err = seed.Clock.Check()
		}
		if err != nil {
			seed.Clock = nil
			pointer, says := jcs.Wrong(err)
			t.wrong("/clock"+pointer, "%s", says)
		}
	}
	providers, _ := root["providers"].([]any)
	seed.Providers = make([]provider, len(providers))
	for n, said := range providers {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		at := fmt.Sprint("/providers/", n)
		t.times(at, said)
		if !t.sound(at) {
			continue
		}
		if err := json.Unmarshal(jcs.Marshal(said), &seed.Providers[n]); err != nil {
			panic("reading a provider that its schema allows: " + err.Error())
		}
	}
	s := &Seed{clock: seed.Clock}
	began, set, err := s.begins(someTime)
	if err != nil {
		return nil, err
	}
	b := &builder{text: t, now: began, store: newStore(began)}
	for n, p := range seed.Providers {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if at := fmt.Sprint("/providers/", n); t.sound(at) {
			b.provider(at, p)
		}
	}
	if t.problems != nil {
		return nil, t.err()
	}
	s.plan = b.plan
	s.last = &made{world.State{Image: b.store.Image().WithoutAnswers(), Clock: set}, began, b.depends}
	return s, nil
}

// newStore gives an empty store, in which it is a time.
func newStore(now time.Time) *store.Store {
	return store.New(store.Options{Clock: func() time.Time { return now }, AnswerRetention: time.Hour})
}

// times notes the times of a provider that are none.
func (t *text) times(at string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			said, ok := inner.(string)
			if name != "at" || !ok {
				t.times(at+"/"+name, inner)
			} else if _, err := parseTime(said, someTime); err != nil {
				t.wrong(at+"/at", "%v", err)
			}
		}
	case []any:
		for n, inner := range value {
			t.times(fmt.Sprint(at, "/", n), inner)
		}
	}
}

// begins gives what a world's clock says when it begins and the server's time is now,
// and how it is set. Of a clock that runs, all moments of one second are one, so that
// worlds which begin together share what the seed makes.
func (s *Seed) begins(now time.Time) (time.Time, clock.Setting, error) {
	c := clock.New(func() time.Time { return now })
	if s.clock != nil {
		if err := c.Set(*s.clock); err != nil {
			return time.Time{}, clock.Setting{}, err
		}
	}
	began := c.Now()
	if c.Setting().Mode != clock.Frozen {
		began = began.Truncate(time.Second)
	}
	return began, c.Setting(), nil
}

// State gives what a world begins with when the server's time is now. It fails only
// when times lie outside the years 0000 to 9999. The commands are run again only if a
// time of the seed is another one than when they were last run.
func (s *Seed) State(now time.Time) (world.State, error) {
	began, set, err := s.begins(now)
	if err != nil {
		return world.State{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.last.depends || s.last.now.Equal(began) {
		return s.last.State, nil
	}
	store := newStore(began)
	for _, p := range s.plan {
		if p.at != "" {
			recorded, err := parseTime(p.at, began)
			if err != nil {
				return world.State{}, fmt.Errorf("%s %w", p.place, err)
			}
			p.Command.(interface{ SetRecordedAt(string) }).SetRecordedAt(recorded.String())
		}
		if refusal := store.Do(p.Call).Refusal; refusal != nil {
			panic("a seed is refused at another time: " + string(refusal.Rule) + ": " + refusal.Message)
		}
	}
	s.last = &made{world.State{Image: store.Image().WithoutAnswers(), Clock: set}, began, true}
	return s.last.State, nil
}

// builder runs the commands that a seed stands for.
type builder struct {
	*text
	now   time.Time
	store *store.Store
	plan  []planned
	// depends says that a time was read off the clock.
	depends bool
}

// making is a provider as it has become so far.
type making struct {
	*builder
	pointer string
	owner   rules.Actor
	now     rules.Provider
	gates   []string // that gave their reason codes to the last command
	failed  bool
}

func or[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func (b *builder) provider(pointer string, p provider) {
	m := &making{builder: b, pointer: pointer, owner: rules.Actor{Type: "partner", ID: p.Owner}}
	name := first(p.ProviderID, p.Owner)
	tier := first(p.Tier, "S1")
	plain := p.Governance == nil && p.History == nil && p.Onboarded.Status == ""
	began := p.Onboarded.Status
	if plain {
		began = p.Status
	}
	body := map[string]any{
		"owner_actor":          m.owner,
		"external_provider_id": or(p.ExternalProviderID, "ext-"+name),
		"legal_entity_name":    or(p.LegalEntityName, "Provider "+name),
		"disclosure_text":      or(p.DisclosureText, "Provider "+name+" provides liquidity for its own account."),
		"trust_contact_email":  or(p.TrustContactEmail, "trust@provider.example"),
		"segment_tier":         first(p.Onboarded.Tier, tier),
		"status":               first(began, string(rules.PendingReview)),
	}
	if p.ProviderID != "" {
		body["provider_id"] = p.ProviderID
	}
	m.run("", "Onboard", "provider", body, p.Onboarded.At, "/onboarded/at", new(rules.Onboard))
	for n, s := range p.History {
		at := fmt.Sprint("/history/", n)
		switch {
		case m.failed:
		case s.Status != nil && s.Evaluation == nil && s.Rollout == nil:
			m.status(at+"/status", *s.Status, s.At, at+"/at")
		case s.Evaluation != nil && s.Status == nil && s.Rollout == nil:
			m.evaluate(at+"/evaluation", *s.Evaluation, s.At, at+"/at", "")
		case s.Rollout != nil && s.Status == nil && s.Evaluation == nil:
			m.rollout(at+"/rollout", *s.Rollout, s.At, at+"/at", "")
		default:
			m.refuse(at, "is one of status, evaluation and rollout")
		}
	}
	differs := p.Status != "" && p.Status != string(m.now.Status) || p.Tier != "" && p.Tier != string(m.now.SegmentTier)
	if p.Governance != nil || p.Rollout == nil && differs {
		last := status{Status: first(p.Status, string(m.now.Status)), Tier: string(m.now.SegmentTier), ReasonCodes: p.ReasonCodes, OperatorNote: p.OperatorNote}
		if p.Rollout == nil {
			last.Tier = first(p.Tier, last.Tier)
		}
		where := "/status"
		if p.Governance != nil {
			last.governance, where = *p.Governance, "/governance"
		} else {
			last.governance = of(m.now.Governance)
		}
		m.status(where, last, last.At, "/governance/at")
	}
	if p.LastEvaluation != nil {
		wanted := p.Tier
		if p.Rollout != nil {
			wanted = first(p.Rollout.Tier, p.Tier)
		}
		m.evaluate("/last_evaluation", *p.LastEvaluation, p.LastEvaluation.At, "/last_evaluation/at", wanted)
	}
	if p.Rollout != nil {
		m.rollout("/rollout", *p.Rollout, p.Rollout.At, "/rollout/at", p.Tier)
	}
	m.ends("/tier", p.Tier, string(m.now.SegmentTier))
	m.ends("/status", p.Status, string(m.now.Status))
}

// ends refuses a provider that has become another one than the seed says.
func (m *making) ends(at, said, is string) {
	if said != "" && said != is && !m.failed {
		m.refuse(at, "cannot be reached: after all that the seed says of the provider it is %s, not %s", is, said)
	}
}

// refuse notes a problem; nothing more is made of the provider.
func (m *making) refuse(at, format string, args ...any) {
	m.wrong(m.pointer+at, format, args...)
	m.failed = true
}

// of gives a provider's governance in the words of a seed.
func of(g rules.Governance) governance {
	return governance{"", &g.TrustSafetyBaselinePassed, &g.ReliabilityBaselinePassed, &g.AuditConformancePassed, g.UnresolvedCriticalViolations}
}

// into adds what a governance says to a body. Of one that is given, the baselines have
// passed unless it says otherwise.
func (g governance) into(body map[string]any) map[string]any {
	body["trust_safety_baseline_passed"] = or(g.TrustSafetyBaselinePassed, true)
	body["reliability_baseline_passed"] = or(g.ReliabilityBaselinePassed, true)
	body["audit_conformance_passed"] = or(g.AuditConformancePassed, true)
	body["unresolved_critical_violations"] = g.UnresolvedCriticalViolations
	return body
}

func (m *making) status(pointer string, s status, at, atPointer string) {
	body := s.into(map[string]any{
		"status":       first(s.Status, string(m.now.Status)),
		"segment_tier": first(s.Tier, string(m.now.SegmentTier)),
		"reason_codes": append([]string{}, s.ReasonCodes...),
	})
	if s.OperatorNote != nil {
		body["operator_note"] = *s.OperatorNote
	}
	m.run(pointer, "StatusUpsert", "status", body, at, atPointer, new(rules.StatusUpsert))
}

func (m *making) evaluate(pointer string, e evaluation, at, atPointer, wanted string) {
	body := or(e.Governance, of(m.now.Governance)).into(map[string]any{
		"requested_segment_tier":        first(e.RequestedTier, wanted, string(m.now.SegmentTier)),
		"consecutive_compliant_windows": or(e.ConsecutiveCompliantWindows, 2),
		"capability_family":             first(e.CapabilityFamily, "core"),
		"remediation_closed":            or(e.RemediationClosed, true),
	})
	m.run(pointer, "EligibilityEvaluate", "eligibility", body, at, atPointer, new(rules.Evaluate))
	last := m.now.LastEligibility
	if m.failed || e.Verdict == "" || e.Verdict == string(last.Verdict) {
		return
	}
	why, early := "", ""
	if len(m.gates) > 0 {
		why = " (" + strings.Join(m.gates, ", ") + ")"
	}
	if strings.HasPrefix(pointer, "/history/") && e.Governance == nil {
		early = ". An evaluation of the history comes before governance: give it a governance of its own, or put a status before it"
	}
	m.refuse(pointer+"/verdict", "cannot be reached%s: the verdict is %s %v%s", why, last.Verdict, last.ReasonCodes, early)
}

func (m *making) rollout(pointer string, r rollout, at, atPointer, wanted string) {
	rows := []any{}
	for _, c := range r.Capabilities {
		rows = append(rows, map[string]any{"capability": c.Capability, "min_segment_tier": first(c.MinTier, "S0"), "enabled": or(c.Enabled, true)})
	}
	m.run(pointer, "RolloutUpsert", "rollout", map[string]any{
		"rollout_status":         first(r.Status, string(rules.RolloutActive)),
		"effective_segment_tier": first(r.Tier, wanted, string(m.now.SegmentTier)),
		"capability_matrix":      rows,
		"reason_codes":           append([]string{}, r.ReasonCodes...),
	}, at, atPointer, new(rules.RolloutUpsert))
}

// run runs one command, as if its owner had sent it: its body is held against the
// contract's schema, and then decided by its rules.
func (m *making) run(pointer, operation, member string, body map[string]any, at, atPointer string, command rules.Command) {
	if m.failed {
		return
	}
	request := map[string]any{member: body}
	before := at == "now" || strings.HasSuffix(at, " ago")
	if at == "" || before {
		m.depends = true
	}
	if at != "" {
		recorded, err := parseTime(at, m.builder.now)
		if err != nil {
			m.refuse(atPointer, "%v", err)
			return
		}
		request["recorded_at"] = recorded.String()
	}
	payload := jcs.Marshal(request)
	document, err := schemas.Read(payload)
	if err != nil {
		m.refuse(pointer, "is %v", err)
		return
	}
	schema, known := schemas.Embedded().Lookup("PartnerLiquidityProvider" + operation + "Request")
	if !known {
		panic("there is no schema of " + operation)
	}
	for _, v := range schema.Validate(document.Value) {
		m.refuse(pointer, "makes a request that its schema forbids: at %s it %s", v.InstancePath, v.Message)
	}
	if m.failed {
		return
	}
	if err := json.Unmarshal(payload, command); err != nil {
		panic("reading a body that its schema allows: " + err.Error())
	}
	p := planned{Call: store.Call{
		Operation: operation, Caller: m.owner, ProviderID: m.now.ProviderID,
		IdempotencyKey: strconv.Itoa(len(m.plan) + 1), Command: command,
	}}
	if before {
		p.at, p.place = at, m.place(m.pointer+atPointer)
	}
	m.plan = append(m.plan, p)
	c := new(ruletrace.Trace)
	call := p.Call
	call.Trace = c
	if decision := m.store.Do(call); decision.Refusal != nil {
		m.refuse(pointer, "cannot be reached (%s): %s", decision.Refusal.Rule, decision.Refusal.Message)
	} else {
		m.now = decision.Change.Provider
	}
	m.gates = nil
	for _, reached := range c.Reached() {
		if reached.Refused {
			m.gates = append(m.gates, string(reached.Rule))
		}
	}
}

// parseTime reads a time of a seed.
func parseTime(text string, now time.Time) (instant.Instant, error) {
	if text == "now" {
		return instant.Of(now), nil
	}
	span, before := strings.CutSuffix(text, " ago")
	if !before {
		at, err := instant.Parse(text)
		if err != nil {
			err = fmt.Errorf("%w, nor a span before now such as 3d ago", err)
		}
		return at, err
	}
	by, err := clock.ParseSpan(span)
	if err != nil {
		return 0, err
	}
	if by < 0 {
		return 0, fmt.Errorf("%q is after now: write %q for before, or the time itself", text, strings.TrimPrefix(text, "-"))
	}
	at := instant.Of(now.Add(-time.Duration(by)))
	if _, err := instant.Parse(at.String()); err != nil {
		return 0, err
	}
	return at, nil
}
