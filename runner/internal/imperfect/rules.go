package imperfect

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// The operations that change something.
const (
	onboarding = "partnerLiquidityProvider.onboard"
	upserting  = "partnerLiquidityProvider.status.upsert"
	evaluating = "partnerLiquidityProvider.eligibility.evaluate"
	rolling    = "partnerLiquidityProvider.rollout.upsert"
)

// provider is a provider and its audit trail.
type provider struct {
	id         string
	owner      object
	profile    object // the names and texts of onboarding
	tier       string
	status     string
	governance object
	createdAt  string
	updatedAt  string
	evaluation object // the last one, or nil
	rollout    object // the policy view, or nil
	entries    []entry
	rolledOut  int // the last rollout version
}

// entry is an audit entry.
type entry struct {
	at        time.Time
	number    int
	eventType string
	shown     object
}

// view is a provider in answers.
func (p *provider) view() object {
	view := maps.Clone(p.profile)
	view["provider_id"], view["owner_actor"] = p.id, p.owner
	view["segment_tier"], view["status"], view["governance"] = p.tier, p.status, p.governance
	view["created_at"], view["updated_at"] = p.createdAt, p.updatedAt
	if p.evaluation != nil {
		view["last_eligibility"] = p.evaluation
	}
	if p.rollout != nil {
		ref := object{}
		for _, name := range []string{"rollout_version", "rollout_status", "effective_segment_tier", "capabilities_hash"} {
			ref[name] = p.rollout[name]
		}
		view["rollout_policy_ref"] = ref
	}
	return view
}

// rank is the place of a tier.
func rank(tier any) int { return slices.Index([]string{"S0", "S1", "S2", "S3"}, tier.(string)) }

var baselines = []string{"trust_safety_baseline_passed", "reliability_baseline_passed", "audit_conformance_passed"}

// baselinesPassed reports whether the three baselines of a request passed.
func (s *service) baselinesPassed(in object) bool {
	for _, name := range baselines {
		if in[name] != true && !(name == "audit_conformance_passed" && s.on[baselineIgnored]) {
			return false
		}
	}
	return true
}

func violations(in object) bool { return in["unresolved_critical_violations"].(float64) > 0 }

// reasonCodes are those of a request; an empty list when it has none.
func reasonCodes(in object) []any {
	given, _ := in["reason_codes"].([]any)
	return append([]any{}, given...)
}

// appendOnce appends the codes that are missing.
func appendOnce(codes []any, more ...string) []any {
	for _, code := range more {
		if !slices.Contains(codes, any(reasonPrefix+code)) {
			codes = append(codes, reasonPrefix+code)
		}
	}
	return codes
}

// change checks the body of a POST by its schema and runs it. It returns the members of the answer.
func (s *service) change(x *request, body any) (object, *refusal) {
	request, refused := s.validate(x, body)
	if refused != nil {
		return nil, refused
	}
	if x.operation.ID == onboarding {
		return s.onboard(x, request)
	}
	at, refused := s.recordedAt(x, request)
	if refused != nil {
		return nil, refused
	}
	p := s.providers[x.providerID]
	var member string
	var result object
	switch x.operation.ID {
	case upserting:
		member = "status"
		result, refused = s.upsertStatus(x, p, request["status"].(object), at)
	case evaluating:
		member = "eligibility"
		result = s.evaluate(x, p, request["eligibility"].(object), at)
	case rolling:
		member = "rollout"
		result, refused = s.rollOut(x, p, request["rollout"].(object), at)
	}
	if refused != nil {
		return nil, refused
	}
	p.updatedAt = formatTime(at)
	return object{"provider_id": p.id, member: result}, nil
}

// audit appends an entry to the trail of a provider.
func (s *service) audit(x *request, p *provider, eventType string, at time.Time, codes []any, details object) {
	s.audited++
	p.entries = append(p.entries, entry{at, s.audited, eventType, object{
		"audit_id": fmt.Sprintf("plpaudit_%06d", s.audited), "provider_id": p.id, "event_type": eventType,
		"recorded_at": formatTime(at), "actor": x.actor(), "reason_codes": codes, "details": details,
	}})
}

// nextID uses up the number of an automatic provider id.
func (s *service) nextID() string {
	for {
		s.numbered++
		id := fmt.Sprintf("plp_%06d", s.numbered)
		if s.providers[id] == nil || s.on[takenAutomaticIDConflicts] {
			return id
		}
	}
}

func (s *service) onboard(x *request, body object) (object, *refusal) {
	in := body["provider"].(object)
	owner := in["owner_actor"].(object)
	at, unreadable := s.recordedAt(x, body)
	var foreign *refusal
	if owner["type"] != x.actorType || owner["id"] != x.actorID {
		foreign = &refusal{
			status: 403, code: "FORBIDDEN", reason: "invalid", message: "A partner onboards its own providers only.",
			details: object{"owner_actor": owner, "actor": x.actor()},
		}
	}
	first, second := foreign, unreadable
	if s.on[timeBeforeOwner] {
		first, second = unreadable, foreign
	}
	if refused := cmp.Or(first, second); refused != nil {
		return nil, refused
	}
	id, given := in["provider_id"].(string)
	if !given {
		id = s.nextID()
	}
	if s.providers[id] != nil {
		return nil, &refusal{
			status: 409, code: "CONFLICT", reason: "invalid", message: "This provider_id is taken.",
			details: object{"provider_id": id},
		}
	}
	p := &provider{
		id: id, owner: owner, tier: in["segment_tier"].(string), status: "pending_review", profile: object{},
		governance: object{"unresolved_critical_violations": 0.0}, createdAt: formatTime(at), updatedAt: formatTime(at),
	}
	if status, given := in["status"].(string); given {
		p.status = status
	}
	for _, name := range baselines {
		p.governance[name] = false
	}
	for _, name := range []string{"external_provider_id", "legal_entity_name", "disclosure_text", "trust_contact_email"} {
		p.profile[name] = in[name]
	}
	s.providers[id] = p
	s.audit(x, p, "onboarded", at, []any{}, object{"segment_tier": p.tier, "status": p.status})
	return object{"provider": p.view()}, nil
}

// upsertStatus is the downgrade gate.
func (s *service) upsertStatus(x *request, p *provider, in object, at time.Time) (object, *refusal) {
	status, codes := in["status"].(string), reasonCodes(in)
	switch {
	case status == "active" && (!s.baselinesPassed(in) || violations(in) && !s.on[activeDespiteViolations]):
		refused := &refusal{
			status: 409, code: "CONFLICT", reason: "downgrade_required", message: "The provider may not be active.",
			details: object{"provider_id": p.id},
		}
		if s.on[wrongReasonCode] {
			refused.reason = "eligibility_failed"
		}
		return nil, refused
	case (status == "restricted" || status == "offboarded") && len(codes) == 0:
		return nil, invalid("Name a reason code.")
	}
	governance := object{}
	for _, name := range append([]string{"unresolved_critical_violations"}, baselines...) {
		governance[name] = in[name]
	}
	p.status, p.tier, p.governance = status, in["segment_tier"].(string), governance
	if !s.on[auditEntryMissing] {
		s.audit(x, p, "status_upserted", at, codes, object{
			"status": p.status, "segment_tier": p.tier, "governance": governance, "operator_note": in["operator_note"],
		})
	}
	result := maps.Clone(governance)
	result["status"], result["segment_tier"], result["reason_codes"] = p.status, p.tier, codes
	result["updated_at"], result["updated_by"] = formatTime(at), x.actor()
	return result, nil
}

func (s *service) evaluate(x *request, p *provider, request object, at time.Time) object {
	in := maps.Clone(request)
	if _, given := in["remediation_closed"]; !given {
		in["remediation_closed"] = true
	}
	steps, windows := 1, 2.0
	if s.on[evaluationClimbsTwoTiers] {
		steps = 2
	}
	if s.on[oneWindowClimbs] {
		windows = 1
	}
	requested, current := rank(in["requested_segment_tier"]), rank(p.tier)
	climbs := requested > current
	codes := []any{}
	for _, rule := range []struct {
		fails bool
		codes []string
	}{
		{!s.baselinesPassed(in), []string{"eligibility_failed"}},
		{violations(in), []string{"eligibility_failed", "downgrade_required"}},
		{requested > current+steps, []string{"eligibility_failed"}},
		{climbs && in["consecutive_compliant_windows"].(float64) < windows, []string{"eligibility_failed"}},
		{climbs && in["remediation_closed"] == false, []string{"eligibility_failed"}},
		{in["capability_family"] == "high_risk" && requested < rank("S2") && !s.on[highRiskUnguarded], []string{"eligibility_failed"}},
	} {
		if rule.fails {
			codes = appendOnce(codes, rule.codes...)
		}
	}
	verdict, recommended := "allow", "active"
	switch {
	case violations(in):
		verdict, recommended = "deny", "restricted"
	case len(codes) > 0:
		verdict, recommended = "deny", "pending_review"
	}
	evaluatedAt := formatTime(at)
	p.evaluation = object{
		"evaluation_id": "plpelig_" + hash([]byte(p.id + "|" + evaluatedAt + "|" + hashOf(in)))[:16],
		"verdict":       verdict, "reason_codes": codes, "requested_segment_tier": in["requested_segment_tier"],
		"current_segment_tier": p.tier, "recommended_status": recommended, "evaluated_at": evaluatedAt, "inputs": in,
	}
	s.audit(x, p, "eligibility_evaluated", at, codes, p.evaluation)
	return p.evaluation
}

func (s *service) rollOut(x *request, p *provider, in object, at time.Time) (object, *refusal) {
	status, tier := in["rollout_status"].(string), in["effective_segment_tier"].(string)
	active := status == "active"
	rows, enabledAbove := []any{}, false
	pairs := map[[2]any]bool{}
	for _, item := range in["capability_matrix"].([]any) {
		row := item.(object)
		pair := [2]any{row["capability"], row["min_segment_tier"]}
		if pairs[pair] {
			return nil, invalid("A capability and tier stand twice.")
		}
		pairs[pair] = true
		reached := rank(tier) >= rank(row["min_segment_tier"])
		enabledAbove = enabledAbove || row["enabled"] == true && !reached
		rows = append(rows, object{
			"capability": row["capability"], "min_segment_tier": row["min_segment_tier"],
			"requested_enabled": row["enabled"], "effective_enabled": row["enabled"] == true && reached,
		})
	}
	s.sortRows(rows)
	steps := 1
	if s.on[rolloutClimbsTwoTiers] {
		steps = 2
	}
	allowed := p.evaluation != nil && p.evaluation["verdict"] == "allow" || s.on[rolloutWithoutAllow]
	codes := reasonCodes(in)
	for _, rule := range []struct {
		fails bool
		codes []string
	}{
		{active && !allowed, []string{"rollout_blocked"}},
		{active && violations(p.governance), []string{"rollout_blocked", "downgrade_required"}},
		{active && p.status == "offboarded" && !s.on[offboardedActivated], []string{"rollout_blocked"}},
		{rank(tier) > rank(p.tier)+steps, []string{"rollout_blocked"}},
		{enabledAbove, []string{"rollout_blocked"}},
	} {
		if rule.fails {
			codes = appendOnce(codes, rule.codes...)
		}
	}
	if active && slices.Contains(codes, any(reasonPrefix+"rollout_blocked")) {
		refused := &refusal{
			status: 409, code: "CONFLICT", reason: "rollout_blocked", message: "The rollout is blocked.",
			details: object{"provider_id": p.id},
		}
		if !s.on[noConflictReasonCodes] {
			refused.details["reason_codes"] = codes
		}
		return nil, refused
	}
	p.rolledOut++
	p.rollout = object{
		"provider_id": p.id, "rollout_version": p.rolledOut, "rollout_status": status, "effective_segment_tier": tier,
		"capability_matrix": rows, "capabilities_hash": "sha256:" + hashOf(rows), "reason_codes": codes,
		"eligibility_ref": nil, "updated_at": formatTime(at), "updated_by": x.actor(),
	}
	if e := p.evaluation; e != nil {
		p.rollout["eligibility_ref"] = object{
			"evaluation_id": e["evaluation_id"], "verdict": e["verdict"], "evaluated_at": e["evaluated_at"],
		}
	}
	p.tier = tier
	switch status {
	case "active":
		p.status = "active"
	case "blocked":
		p.status = "restricted"
	}
	s.audit(x, p, "rollout_upserted", at, codes, p.rollout)
	return p.rollout, nil
}

// sortRows sorts capability rows.
func (s *service) sortRows(rows []any) {
	if s.on[rowsUnsorted] {
		return
	}
	order := strings.Compare
	if s.on[rowsSortedByLocale] {
		order = compareByLocale
	}
	slices.SortFunc(rows, func(a, b any) int {
		one, other := a.(object), b.(object)
		return cmp.Or(
			order(one["capability"].(string), other["capability"].(string)),
			rank(one["min_segment_tier"])-rank(other["min_segment_tier"]),
		)
	})
}

// compareByLocale compares texts roughly as the root collation of ICU does: punctuation (the low line first) before
// digits before letters, whose case counts last, the lower one first.
func compareByLocale(a, b string) int {
	weight := func(c rune) rune {
		if at := strings.IndexRune(" _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$", c); at >= 0 {
			return rune(at)
		}
		return unicode.ToLower(c) + 0x80
	}
	primary := func(text string) []rune {
		weights := []rune(text)
		for i, c := range weights {
			weights[i] = weight(c)
		}
		return weights
	}
	return cmp.Or(slices.Compare(primary(a), primary(b)), strings.Compare(b, a)) // lower case has the higher code points
}
