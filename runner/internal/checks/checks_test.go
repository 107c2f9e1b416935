package checks

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/schemas"
)

const (
	health   = `{"correlation_id":"corr_healthz","ok":true}`
	notFound = `{"correlation_id":"corr_unrouted","error":{"code":"NOT_FOUND","message":"No.","details":{"method":"GET","path":"/x"}}}`
	refusal  = `{"correlation_id":"c1","error":{"code":"CONSTRAINT_VIOLATION","message":"No.","details":{"reason_code":"partner_liquidity_provider_invalid"}}}`
	blocked  = `{"correlation_id":"c1","error":{"code":"CONFLICT","message":"No.","details":{"provider_id":"p","reason_code":"partner_liquidity_provider_rollout_blocked","reason_codes":["mine","partner_liquidity_provider_rollout_blocked"]}}}`
	denied   = `{"correlation_id":"c1","provider_id":"p","eligibility":{"evaluation_id":"plpelig_0123456789abcdef","verdict":"deny",` +
		`"reason_codes":["partner_liquidity_provider_eligibility_failed"],"requested_segment_tier":"S2","current_segment_tier":"S1",` +
		`"recommended_status":"pending_review","evaluated_at":"2026-02-22T16:00:00.000Z","inputs":{"requested_segment_tier":"S2",` +
		`"trust_safety_baseline_passed":false,"reliability_baseline_passed":true,"audit_conformance_passed":true,` +
		`"unresolved_critical_violations":0,"consecutive_compliant_windows":2,"capability_family":"core","remediation_closed":true}}}`

	onboard  = "partnerLiquidityProvider.onboard"
	evaluate = "partnerLiquidityProvider.eligibility.evaluate"
	rollout  = "partnerLiquidityProvider.rollout.upsert"
)

// milestone is M109 with an outcome that no contract should have, so that a status of 500 is all that is wrong, and with
// fewer reason codes in a list than its schema allows, so that only the list is wrong.
func milestone() *milestones.Milestone {
	m := *milestones.M109()
	m.Operations = slices.Clone(m.Operations)
	for i := range m.Operations {
		o := &m.Operations[i]
		o.Outcomes = slices.Clone(o.Outcomes)
		switch o.ID {
		case onboard:
			o.Outcomes = append(o.Outcomes, milestones.Outcome{Name: "broken", Status: 500, Code: "INTERNAL", Schema: "ErrorResponse"})
		case evaluate:
			o.Outcomes[0].ReasonCodes = []string{"partner_liquidity_provider_eligibility_failed"}
		}
	}
	return &m
}

func judge(t *testing.T) *Checker {
	t.Helper()
	j, err := New(milestone(), schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// answer is an exchange in which everything is well, if the body is. Brought is the request's correlation id.
func answer(t *testing.T, j *Checker, operation string, status int, body, brought string) *record.Exchange {
	t.Helper()
	o, ok := j.milestone.Operation(operation)
	if !ok {
		t.Fatalf("no operation %s", operation)
	}
	x := &record.Exchange{
		Operation: o.ID,
		Request:   record.Request{Method: o.Method, Header: http.Header{}},
		Response: &record.Response{Status: status, Body: []byte(body), Header: http.Header{
			"Content-Type": {"application/json; charset=utf-8"},
		}},
	}
	if o.Method == "" {
		x.Request.Method = "GET"
	}
	if brought != "" {
		x.Request.Header.Set("X-Correlation-Id", brought)
	}
	_, id, _ := strings.Cut(body, `"correlation_id":"`)
	id, _, _ = strings.Cut(id, `"`)
	x.Response.Header.Set("X-Correlation-Id", id)
	return x
}

func TestAWellMadeAnswerPasses(t *testing.T) {
	j := judge(t)
	tests := []struct {
		name, operation string
		status          int
		body, brought   string
		outcome         string
		cells           []milestones.CoverageItem
	}{
		{"success", "healthz", 200, health, "", "success", []milestones.CoverageItem{{Outcome: "success"}}},
		{"unrouted", "unrouted", 404, notFound, "", "route_not_found", []milestones.CoverageItem{{Outcome: "route_not_found"}}},
		{"refusal", onboard, 400, refusal, "c1", "payload_invalid",
			[]milestones.CoverageItem{{Outcome: "payload_invalid", ReasonCode: "partner_liquidity_provider_invalid"}}},
		{"a list of codes, and the caller's own", rollout, 409, blocked, "c1", "rollout_blocked",
			[]milestones.CoverageItem{{Outcome: "rollout_blocked", ReasonCode: "partner_liquidity_provider_rollout_blocked"}}},
		{"a list of codes in a success", evaluate, 200, denied, "c1", "success", []milestones.CoverageItem{
			{Outcome: "success"}, {Outcome: "success", ReasonCode: "partner_liquidity_provider_eligibility_failed"},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := answer(t, j, test.operation, test.status, test.body, test.brought)
			j.Check(x)
			if failures := x.Failures(); len(failures) > 0 {
				t.Errorf("failures: %+v", failures)
			}
			if string(x.Outcome) != test.outcome {
				t.Errorf("outcome: %q, want %s", x.Outcome, test.outcome)
			}
			if diff := cmp.Diff(test.cells, x.Covered); diff != "" || len(x.Undeclared) > 0 {
				t.Errorf("stray %v, cells (-want +got):\n%s", x.Undeclared, diff)
			}
		})
	}
}

// Each row is an exchange with one fault. It fails the check that it names, and no other.
func TestEachCheckFailsAlone(t *testing.T) {
	set := func(name string, values ...string) func(*record.Exchange) {
		return func(x *record.Exchange) { x.Response.Header[name] = values }
	}
	body := func(old, new string) func(*record.Exchange) {
		return func(x *record.Exchange) {
			changed := strings.Replace(string(x.Response.Body), old, new, 1)
			if changed == string(x.Response.Body) {
				panic("the body has no " + old)
			}
			x.Response.Body = []byte(changed)
		}
	}
	broken := `{"correlation_id":"c1","error":{"code":"INTERNAL","message":"Oh.","details":{}}}`
	mismatch := `{"correlation_id":"c1","error":{"code":"IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH","message":"No.","details":{` +
		`"operation_id":"partnerLiquidityProvider.onboard","idempotency_key":"k","original_payload_hash":"` +
		strings.Repeat("0", 64) + `","payload_hash":"` + strings.Repeat("1", 64) + `"}}}`
	tests := []struct {
		check, name, operation string
		status                 int
		body, brought          string
		fault                  func(*record.Exchange)
		says                   string
	}{
		{"no-5xx", "even when it is declared", onboard, 500, broken, "c1", nil,
			"the status is 500: the target failed, instead of refusing"},

		{"content-type", "another", "healthz", 200, health, "", set("Content-Type", "application/json"),
			`Content-Type is ["application/json"], and should be "application/json; charset=utf-8"`},
		{"content-type", "none", "healthz", 200, health, "", func(x *record.Exchange) { x.Response.Header.Del("Content-Type") },
			`Content-Type is [], and should be "application/json; charset=utf-8"`},
		{"content-type", "two", "healthz", 200, health, "",
			set("Content-Type", "application/json; charset=utf-8", "text/html"),
			`Content-Type is ["application/json; charset=utf-8" "text/html"], and should be "application/json; charset=utf-8"`},

		{"correlation-id", "no header", "healthz", 200, health, "", func(x *record.Exchange) { x.Response.Header.Del("X-Correlation-Id") },
			"there are 0 X-Correlation-Id headers, and should be one"},
		{"correlation-id", "two headers", "healthz", 200, health, "", set("X-Correlation-Id", "corr_healthz", "corr_healthz"),
			"there are 2 X-Correlation-Id headers, and should be one"},
		{"correlation-id", "another in the body", "healthz", 200, health, "", set("X-Correlation-Id", "other"),
			`the header X-Correlation-Id is "other", and the body's correlation_id is "corr_healthz"`},
		{"correlation-id", "not the request's", "healthz", 200, health, "mine", nil,
			`the correlation id is "corr_healthz", and should be "mine": the request's`},
		{"correlation-id", "the request's, though that is malformed", "healthz", 200,
			strings.Replace(health, "corr_healthz", "my-id", 1), "my id", nil,
			`the correlation id is "my-id", and should be "corr_healthz": the operation's own, for the request's is malformed`},
		{"correlation-id", "the request's, though that is too long", "healthz", 200,
			strings.Replace(health, "corr_healthz", strings.Repeat("x", 128), 1), strings.Repeat("x", 129), nil,
			`the correlation id is "` + strings.Repeat("x", 128) +
				`", and should be "corr_healthz": the operation's own, for the request's is malformed`},
		{"correlation-id", "one of its own", onboard, 400, refusal, "", nil,
			`the correlation id is "c1", and should be "corr_partnerliquidityprovider_onboard": the operation's own, for the request brought none`},

		{"answer-is-i-json", "empty", "healthz", 200, health, "", func(x *record.Exchange) { x.Response.Body = nil },
			"the answer is not I-JSON: holds no value"},
		{"answer-is-i-json", "a duplicate member", "healthz", 200, health, "", body(`"ok":true`, `"ok":true,"ok":true`),
			`the answer is not I-JSON: duplicate member "ok" in ""`},
		{"answer-is-i-json", "data after the value", "healthz", 200, health, "", body(`}`, `}{}`), ""},
		{"answer-is-i-json", "a byte order mark", "healthz", 200, health, "", body(`{`, "\ufeff{"),
			"the answer is not I-JSON: begins with a byte order mark"},
		{"answer-is-i-json", "invalid UTF-8", "healthz", 200, health, "", body(`"ok"`, "\"ok\xff\""), ""},
		{"answer-is-i-json", "a lone surrogate", "healthz", 200, health, "", body(`"ok"`, `"ok\ud800"`), ""},
		{"answer-is-i-json", "a page of HTML", onboard, 400, "<html>", "", set("X-Correlation-Id", "corr_partnerliquidityprovider_onboard"), ""},
		{"answer-is-i-json", "too long", "healthz", 200, health, "", func(x *record.Exchange) { x.Response.Cut = true },
			"the answer is longer than 16777216 bytes, or than 33554432 bytes with the other answers of its scenario"},

		{"declared-outcome", "another status", "healthz", 201, health, "", nil,
			"201 is not an outcome of healthz, which has 200"},
		{"declared-outcome", "another code", onboard, 400, strings.Replace(refusal, "CONSTRAINT_VIOLATION", "CONFLICT", 1), "c1", nil,
			"400 CONFLICT is not an outcome of partnerLiquidityProvider.onboard, which has 200, 401 UNAUTHORIZED, " +
				"400 CONSTRAINT_VIOLATION, 413 PAYLOAD_TOO_LARGE, 403 FORBIDDEN, 403 INSUFFICIENT_SCOPE, " +
				"409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH, 409 CONFLICT, 500 INTERNAL"},
		{"declared-outcome", "a refusal that another operation has", "unrouted", 400,
			strings.Replace(refusal, "c1", "corr_unrouted", 1), "", nil,
			"400 CONSTRAINT_VIOLATION is not an outcome of unrouted, which has 404 NOT_FOUND, 405 METHOD_NOT_ALLOWED"},
		{"declared-outcome", "the wrong status without a body", "unrouted", 200, "", "", func(x *record.Exchange) {
			x.Request.Method = "HEAD"
			x.Response.Header.Set("X-Correlation-Id", "corr_unrouted")
		}, "200 is not an outcome of unrouted, which has 404 NOT_FOUND, 405 METHOD_NOT_ALLOWED"},

		{"reason-code", "swapped", onboard, 400, strings.Replace(refusal, "provider_invalid", "provider_not_found", 1), "c1", nil,
			`details.reason_code is "partner_liquidity_provider_not_found"; 400 CONSTRAINT_VIOLATION of ` +
				"partnerLiquidityProvider.onboard has none or partner_liquidity_provider_invalid"},
		{"reason-code", "where there should be none", onboard, 409,
			strings.Replace(mismatch, `"details":{`, `"details":{"reason_code":"partner_liquidity_provider_invalid",`, 1), "c1", nil,
			`details.reason_code is "partner_liquidity_provider_invalid"; 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH of ` +
				"partnerLiquidityProvider.onboard has none"},
		{"reason-code", "absent", "partnerLiquidityProvider.get", 404,
			strings.Replace(notFound, "corr_unrouted", "c1", 1), "c1", nil,
			"details.reason_code is absent; 404 NOT_FOUND of partnerLiquidityProvider.get has partner_liquidity_provider_not_found"},
		{"reason-code", "one in a closed list that may not stand there", evaluate, 200,
			strings.Replace(denied, "eligibility_failed", "downgrade_required", 1), "c1", nil,
			`/eligibility/reason_codes has "partner_liquidity_provider_downgrade_required", and may have only ` +
				"partner_liquidity_provider_eligibility_failed"},

		{"details", "without a member", rollout, 409, strings.Replace(blocked, `"provider_id":"p",`, "", 1), "c1", nil,
			"the details lack provider_id, which rollout_blocked has"},

		{"schema", "an unknown member", onboard, 400, strings.Replace(refusal, `"code"`, `"more":1,"code"`, 1), "c1", nil,
			"the body is not valid by ErrorResponse"},
		{"schema", "of a refusal", onboard, 400, strings.Replace(refusal, `"No."`, `""`, 1), "c1", nil,
			"the body is not valid by ErrorResponse"},

		{"replay-header", "not true", onboard, 400, refusal, "c1", set("Idempotent-Replayed", "yes"),
			`Idempotent-Replayed is ["yes"], and should be absent or true`},
		{"replay-header", "on a GET", "healthz", 200, health, "", set("Idempotent-Replayed", "true"),
			"Idempotent-Replayed is on the answer of an operation that stores none"},
		{"replay-header", "on a first answer", onboard, 400, refusal, "c1", set("Idempotent-Replayed", "true"),
			"Idempotent-Replayed is on the answer to a key that this run had not sent before (has the target seen an earlier " +
				"run with the same --run-id?)"},
	}
	j := judge(t)
	failed := map[string]bool{}
	for _, test := range tests {
		t.Run(test.check+" "+test.name, func(t *testing.T) {
			x := answer(t, j, test.operation, test.status, test.body, test.brought)
			if test.fault != nil {
				test.fault(x)
			}
			j.Check(x)
			var got []string
			for _, failure := range x.Failures() {
				got = append(got, failure.Check)
				failed[failure.Check] = true
				if test.says != "" && failure.Message != test.says {
					t.Errorf("says: %s\nwant: %s", failure.Message, test.says)
				}
			}
			if diff := cmp.Diff([]string{test.check}, got); diff != "" {
				t.Errorf("failed checks (-want +got):\n%s\n%+v", diff, x.Checks)
			}
		})
	}
	for _, check := range Table {
		if !failed[check.ID] {
			t.Errorf("no row fails %s", check.ID)
		}
	}
}

func TestReplayKeepsItsCorrelationID(t *testing.T) {
	j := judge(t)
	x := answer(t, j, onboard, 400, refusal, "another")
	x.Response.Header.Set("Idempotent-Replayed", "true")
	x.KeySentBefore = true
	j.Check(x)
	if failures := x.Failures(); len(failures) > 0 {
		t.Errorf("failures: %+v", failures)
	}
}

// Of two correlation ids that one request brings, the contract does not say which counts.
func TestTwoCorrelationIDs(t *testing.T) {
	j := judge(t)
	x := answer(t, j, "healthz", 200, health, "")
	x.Request.Header["X-Correlation-Id"] = []string{"one", "two"}
	j.Check(x)
	if failures := x.Failures(); len(failures) > 0 {
		t.Errorf("failures: %+v", failures)
	}
}

// What a milestone does not pin, the server may choose.
func TestWhatIsNotPinned(t *testing.T) {
	own := health[:len(`{"correlation_id":"`)] + "anything" + health[len(`{"correlation_id":"corr_healthz`):]
	tests := []struct {
		name, brought, body string
		edit                func(*milestones.Milestone)
		want                string // the check that fails
	}{
		{"the server's own correlation id", "", own, func(m *milestones.Milestone) { m.Transport.DefaultCorrelationID = "" }, ""},
		{"it is pinned", "", own, func(*milestones.Milestone) {}, "correlation-id"},
		{"it is pinned otherwise", "", health, func(m *milestones.Milestone) { m.Transport.DefaultCorrelationID = "{operation}" }, "correlation-id"},
		{"one that was brought counts all the same", "mine", own, func(m *milestones.Milestone) { m.Transport.DefaultCorrelationID = "" }, "correlation-id"},
		{"one of any length", strings.Repeat("x", 129), own, func(m *milestones.Milestone) { m.Limits.CorrelationIDLength = 0 }, "correlation-id"},
		{"one that is too long to count", strings.Repeat("x", 129), health, func(*milestones.Milestone) {}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := milestone()
			test.edit(m)
			j, err := New(m, schemas.Embedded())
			if err != nil {
				t.Fatal(err)
			}
			x := answer(t, j, "healthz", 200, test.body, test.brought)
			j.Check(x)
			got := ""
			for _, failure := range x.Failures() {
				got += failure.Check
			}
			if got != test.want {
				t.Errorf("failed %q, want %q", got, test.want)
			}
		})
	}
	t.Run("no replays", func(t *testing.T) {
		m := milestone()
		m.Transport.ReplayHeader = ""
		j, err := New(m, schemas.Embedded())
		if err != nil {
			t.Fatal(err)
		}
		x := answer(t, j, "healthz", 200, health, "")
		x.Response.Header.Set("Idempotent-Replayed", "true")
		j.Check(x)
		for _, r := range x.Checks {
			if r.Check == "replay-header" && r.Status != record.CheckNotApplicable {
				t.Errorf("replay-header: %v %s, want it to have nothing to look at", r.Status, r.Message)
			}
		}
	})
}

// An answer to HEAD has no body. What could only be seen in one is not said to have passed, and is no coverage.
func TestHead(t *testing.T) {
	j := judge(t)
	x := answer(t, j, "unrouted", 405, "", "")
	x.Request.Method = "HEAD"
	x.Response.Header.Set("X-Correlation-Id", "corr_unrouted")
	j.Check(x)
	got := map[string]record.CheckStatus{}
	for _, r := range x.Checks {
		got[r.Check] = r.Status
	}
	want := map[string]record.CheckStatus{
		"no-5xx": record.CheckPassed, "content-type": record.CheckPassed, "correlation-id": record.CheckPassed,
		"replay-header": record.CheckPassed, "answer-is-i-json": record.CheckNotApplicable,
		"declared-outcome": record.CheckNotApplicable, "reason-code": record.CheckNotApplicable,
		"details": record.CheckNotApplicable, "schema": record.CheckNotApplicable,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if x.Outcome != "" || len(x.Covered) > 0 || len(x.Undeclared) > 0 {
		t.Errorf("outcome %q, cells %v, stray %v: want none", x.Outcome, x.Covered, x.Undeclared)
	}
}

func TestStray(t *testing.T) {
	tests := []struct {
		name, operation string
		status          int
		body            string
		want            record.Undeclared
	}{
		{"a status", "healthz", 204, health, record.Undeclared{Status: 204}},
		{"a reason code", onboard, 400, strings.Replace(refusal, "_invalid", "_not_found", 1),
			record.Undeclared{Status: 400, Code: "CONSTRAINT_VIOLATION", ReasonCode: "partner_liquidity_provider_not_found"}},
		{"in a closed list", evaluate, 200, strings.Replace(denied, "eligibility_failed", "rollout_blocked", 1),
			record.Undeclared{Status: 200, ReasonCode: "partner_liquidity_provider_rollout_blocked"}},
		{"without a body that can be read", "healthz", 503, "<html>", record.Undeclared{Status: 503}},
	}
	j := judge(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := answer(t, j, test.operation, test.status, test.body, "c1")
			j.Check(x)
			if diff := cmp.Diff([]record.Undeclared{test.want}, x.Undeclared); diff != "" {
				t.Errorf("stray (-want +got):\n%s", diff)
			}
		})
	}
}

func TestViolationsAreCut(t *testing.T) {
	j := judge(t)
	var more strings.Builder
	for i := range 30 {
		more.WriteString(`,{"type":` + strings.Repeat("1", i%3+1) + `}`)
	}
	x := answer(t, j, "keys.policy-integrity-signing.get", 200, `{"correlation_id":"c1","active_key_id":"k","keys":[{}`+more.String()+`]}`, "c1")
	j.Check(x)
	failures := x.Failures()
	if len(failures) != 1 || len(failures[0].Violations) != mostViolations || !strings.Contains(failures[0].Message, "more)") {
		t.Errorf("failures: %d, %+v", len(failures), failures)
	}
}

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, check := range Table {
		if seen[check.ID] || check.Description == "" || !strings.HasSuffix(check.Description, ".") {
			t.Errorf("%s: twice, or not a sentence: %q", check.ID, check.Description)
		}
		seen[check.ID] = true
	}
}

func TestNewWantsEverySchema(t *testing.T) {
	const one = `{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://schemas.lpgate.example/One.schema.json",
		"title":"One","description":"The only one.","type":"object","additionalProperties":false}`
	set, err := schemas.Load(fstest.MapFS{"One.schema.json": {Data: []byte(one)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(milestone(), set); err == nil || !strings.Contains(err.Error(), "ErrorResponse") {
		t.Errorf("got %v, want an error about ErrorResponse and the others", err)
	}
}

func BenchmarkJudge(b *testing.B) {
	j, err := New(milestone(), schemas.Embedded())
	if err != nil {
		b.Fatal(err)
	}
	x := answer(&testing.T{}, j, evaluate, 200, denied, "c1")
	for b.Loop() {
		j.Check(x)
	}
}
