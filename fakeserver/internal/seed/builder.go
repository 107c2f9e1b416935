package seed

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/fakeserver/internal/store"
	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/schemas"
)

// builder runs the commands of a seed.
type builder struct {
	file     *yamlfile.File
	name     string // of the file
	now      time.Time
	store    *store.Store
	commands []command
	// dependsOnNow reports whether a time depends on the clock.
	dependsOnNow bool
}

// providerBuilder runs the commands of one provider.
type providerBuilder struct {
	*builder
	at      jsontext.Pointer
	owner   rules.Actor
	current rules.Provider
	refused []string // the preconditions that refused the last command, or added their reason codes
	failed  bool
}

// timeOf is a time of the seed and its place below the provider.
type timeOf struct {
	text string
	at   jsontext.Pointer
}

// orDefault returns the value of an optional member.
func orDefault[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}

// provider creates a provider.
func (b *builder) provider(at jsontext.Pointer, p provider) {
	pb := &providerBuilder{builder: b, at: at, owner: rules.Actor{Type: "partner", ID: p.Owner}}
	pb.onboard(p)
	for n, s := range p.History {
		pb.step(yamlfile.At("history", n), s)
	}
	pb.finalStatus(p)
	if p.LastEvaluation != nil {
		requested := p.Tier
		if p.Rollout != nil {
			requested = cmp.Or(p.Rollout.Tier, p.Tier)
		}
		pb.evaluate("/last_evaluation", *p.LastEvaluation, timeOf{p.LastEvaluation.At, "/last_evaluation/at"}, requested)
	}
	if p.Rollout != nil {
		pb.rollout("/rollout", *p.Rollout, timeOf{p.Rollout.At, "/rollout/at"}, p.Tier)
	}
	pb.expect("/tier", p.Tier, string(pb.current.SegmentTier))
	pb.expect("/status", p.Status, string(pb.current.Status))
}

func (pb *providerBuilder) onboard(p provider) {
	name := cmp.Or(p.ProviderID, p.Owner)
	status := p.Onboarded.Status
	if p.Governance == nil && p.History == nil && status == "" {
		status = p.Status
	}
	body := map[string]any{
		"owner_actor":          pb.owner,
		"external_provider_id": orDefault(p.ExternalProviderID, "ext-"+name),
		"legal_entity_name":    orDefault(p.LegalEntityName, "Provider "+name),
		"disclosure_text":      orDefault(p.DisclosureText, "Provider "+name+" provides liquidity for its own account."),
		"trust_contact_email":  orDefault(p.TrustContactEmail, "trust@provider.example"),
		"segment_tier":         cmp.Or(p.Onboarded.Tier, p.Tier, "S1"),
		"status":               cmp.Or(status, string(rules.PendingReview)),
	}
	if p.ProviderID != "" {
		body["provider_id"] = p.ProviderID
	}
	pb.run("", "Onboard", "provider", body, timeOf{p.Onboarded.At, "/onboarded/at"}, new(rules.Onboard))
}

// step runs one event of the history.
func (pb *providerBuilder) step(at jsontext.Pointer, s step) {
	if pb.failed {
		return
	}
	when := timeOf{s.At, at.AppendToken("at")}
	switch {
	case s.Status != nil && s.Evaluation == nil && s.Rollout == nil:
		pb.status(at.AppendToken("status"), *s.Status, when)
	case s.Evaluation != nil && s.Status == nil && s.Rollout == nil:
		pb.evaluate(at.AppendToken("evaluation"), *s.Evaluation, when, "")
	case s.Rollout != nil && s.Status == nil && s.Evaluation == nil:
		pb.rollout(at.AppendToken("rollout"), *s.Rollout, when, "")
	default:
		pb.fail(at, "must have one of status, evaluation and rollout")
	}
}

// finalStatus runs the status upsert that the status, tier or governance of the provider
// needs.
func (pb *providerBuilder) finalStatus(p provider) {
	differs := p.Status != "" && p.Status != string(pb.current.Status) || p.Tier != "" && p.Tier != string(pb.current.SegmentTier)
	if p.Governance == nil && (p.Rollout != nil || !differs) {
		return
	}
	final := status{Status: cmp.Or(p.Status, string(pb.current.Status)), Tier: string(pb.current.SegmentTier), ReasonCodes: p.ReasonCodes, OperatorNote: p.OperatorNote}
	if p.Rollout == nil {
		final.Tier = cmp.Or(p.Tier, final.Tier)
	}
	at := jsontext.Pointer("/status")
	if p.Governance != nil {
		final.governance, at = *p.Governance, "/governance"
	} else {
		final.governance = governanceOf(pb.current.Governance)
	}
	pb.status(at, final, timeOf{final.At, "/governance/at"})
}

// expect refuses a provider whose state differs from that in the seed.
func (pb *providerBuilder) expect(at jsontext.Pointer, want, got string) {
	if want != "" && want != got && !pb.failed {
		pb.fail(at, "cannot be reached: after all steps of the provider it is %s, not %s", got, want)
	}
}

// fail reports a problem and ends the building of the provider.
func (pb *providerBuilder) fail(at jsontext.Pointer, format string, args ...any) {
	report(pb.file, pb.at+at, format, args...)
	pb.failed = true
}

// governanceOf returns the governance of a provider in the form of a seed.
func governanceOf(g rules.Governance) governance {
	return governance{"", &g.TrustSafetyBaselinePassed, &g.ReliabilityBaselinePassed, &g.AuditConformancePassed, g.UnresolvedCriticalViolations}
}

// addTo adds the governance to a body. Absent baselines have passed.
func (g governance) addTo(body map[string]any) map[string]any {
	body["trust_safety_baseline_passed"] = orDefault(g.TrustSafetyBaselinePassed, true)
	body["reliability_baseline_passed"] = orDefault(g.ReliabilityBaselinePassed, true)
	body["audit_conformance_passed"] = orDefault(g.AuditConformancePassed, true)
	body["unresolved_critical_violations"] = g.UnresolvedCriticalViolations
	return body
}

func (pb *providerBuilder) status(at jsontext.Pointer, s status, when timeOf) {
	body := s.addTo(map[string]any{
		"status":       cmp.Or(s.Status, string(pb.current.Status)),
		"segment_tier": cmp.Or(s.Tier, string(pb.current.SegmentTier)),
		"reason_codes": append([]string{}, s.ReasonCodes...),
	})
	if s.OperatorNote != nil {
		body["operator_note"] = *s.OperatorNote
	}
	pb.run(at, "StatusUpsert", "status", body, when, new(rules.StatusUpsert))
}

// evaluate runs an evaluation. Its default for the requested tier is tier, or else that of
// the provider.
func (pb *providerBuilder) evaluate(at jsontext.Pointer, e evaluation, when timeOf, tier string) {
	body := orDefault(e.Governance, governanceOf(pb.current.Governance)).addTo(map[string]any{
		"requested_segment_tier":        cmp.Or(e.RequestedTier, tier, string(pb.current.SegmentTier)),
		"consecutive_compliant_windows": orDefault(e.ConsecutiveCompliantWindows, 2),
		"capability_family":             cmp.Or(e.CapabilityFamily, "core"),
		"remediation_closed":            orDefault(e.RemediationClosed, true),
	})
	pb.run(at, "EligibilityEvaluate", "eligibility", body, when, new(rules.Evaluate))
	last := pb.current.LastEligibility
	if pb.failed || e.Verdict == "" || e.Verdict == string(last.Verdict) {
		return
	}
	by, hint := "", ""
	if len(pb.refused) > 0 {
		by = " (" + strings.Join(pb.refused, ", ") + ")"
	}
	if strings.HasPrefix(string(at), "/history/") && e.Governance == nil {
		hint = ". An evaluation in the history comes before governance: give it a governance of its own, or put a status before it"
	}
	pb.fail(at+"/verdict", "cannot be reached%s: the verdict is %s %v%s", by, last.Verdict, last.ReasonCodes, hint)
}

// rollout runs a rollout. Its default for the effective tier is tier, or else that of the
// provider.
func (pb *providerBuilder) rollout(at jsontext.Pointer, r rollout, when timeOf, tier string) {
	rows := []any{}
	for _, c := range r.Capabilities {
		rows = append(rows, map[string]any{"capability": c.Capability, "min_segment_tier": cmp.Or(c.MinTier, "S0"), "enabled": orDefault(c.Enabled, true)})
	}
	pb.run(at, "RolloutUpsert", "rollout", map[string]any{
		"rollout_status":         cmp.Or(r.Status, string(rules.RolloutActive)),
		"effective_segment_tier": cmp.Or(r.Tier, tier, string(pb.current.SegmentTier)),
		"capability_matrix":      rows,
		"reason_codes":           append([]string{}, r.ReasonCodes...),
	}, when, new(rules.RolloutUpsert))
}

// run runs one command as if the owner had sent it: the body is validated against the
// schema of the contract, and then the rules decide.
func (pb *providerBuilder) run(at jsontext.Pointer, operation, member string, body map[string]any, when timeOf, c rules.Command) {
	if pb.failed {
		return
	}
	request := map[string]any{member: body}
	relative := when.text == "now" || strings.HasSuffix(when.text, " ago")
	if when.text == "" || relative {
		pb.dependsOnNow = true
	}
	if when.text != "" {
		recorded, err := parseTime(when.text, pb.now)
		if err != nil {
			pb.fail(when.at, "%v", err)
			return
		}
		request["recorded_at"] = recorded.String()
	}
	payload := jcs.Marshal(request)
	document, err := schemas.Read(payload)
	if err != nil {
		pb.fail(at, "is %v", err)
		return
	}
	schema, known := schemas.Embedded().Lookup("PartnerLiquidityProvider" + operation + "Request")
	if !known {
		panic("there is no schema of " + operation)
	}
	for _, v := range schema.Validate(document.Value) {
		pb.fail(at, "results in a request that its schema forbids: at %s it %s", v.InstancePath, v.Message)
	}
	if pb.failed {
		return
	}
	if err := json.Unmarshal(payload, c); err != nil {
		panic("decoding a valid request: " + err.Error())
	}
	next := command{Call: store.Call{
		Operation: operation, Caller: pb.owner, ProviderID: pb.current.ProviderID,
		IdempotencyKey: strconv.Itoa(len(pb.commands) + 1), Command: c,
	}}
	if relative {
		place := pb.at + when.at
		next.at, next.place = when.text, fmt.Sprintf("%s:%d: %s", pb.name, pb.file.Line(place), place)
	}
	pb.commands = append(pb.commands, next)
	pb.decide(at, next.Call)
}

// decide runs a command on the store.
func (pb *providerBuilder) decide(at jsontext.Pointer, call store.Call) {
	trace := new(ruletrace.Trace)
	call.Trace = trace
	if decision := pb.store.Do(call); decision.Refusal != nil {
		pb.fail(at, "cannot be reached (%s): %s", decision.Refusal.Rule, decision.Refusal.Message)
	} else {
		pb.current = decision.Change.Provider
	}
	pb.refused = nil
	for _, reached := range trace.Reached() {
		if reached.Refused {
			pb.refused = append(pb.refused, string(reached.Rule))
		}
	}
}
