package report

import (
	"bytes"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/schemas"
)

const code = "partner_liquidity_provider_invalid"

// exampleRun is a run with what was decided on.
type exampleRun struct {
	*Run
	records verdict.Records
}

func (r *exampleRun) encodeVerdict() []byte {
	return r.Verdict.Delivered(verdict.Delivery{Written: Names}).Encode()
}

// example is a run of two scenarios, one of which failed.
func example(t *testing.T) (*exampleRun, []record.Failure) {
	t.Helper()
	m := &milestones.Milestone{
		ID: "T1", Title: "A bell",
		Operations: []milestones.Operation{{ID: "ring", Method: "POST", Path: "/bell", Outcomes: []milestones.Outcome{
			{Name: milestones.Success, Status: 200, Schema: "Ring"},
			{Name: "refused", Status: 400, Code: "NO", ReasonCode: code, Schema: "Error"},
		}}},
		Router:              milestones.Operation{ID: "unrouted"},
		RequiredReasonCodes: []string{code},
		Features:            []string{"bell.feature"},
		Rules: []milestones.Rule{
			{ID: "bell-is-allowed", Kind: milestones.Precondition, Feature: "bell.feature", Section: "1", Description: "Not everybody may ring."},
			{ID: "bell-rings", Kind: milestones.Invariant, Feature: "bell.feature", Section: "2", Description: "It rings."},
		},
		Artifacts: Names,
	}
	p, err := plan.Load(m, fstest.MapFS{"bell.feature": {Data: []byte(
		"Feature: b\n@bell-is-allowed @refuses\nScenario: a stranger\nWhen I ring\nThen no\n@bell-rings\nScenario: sound\nThen I ring\n")}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Select(plan.Filter{}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	secrets := new(record.Secrets)
	secrets.Learn("lpk_secret_1")
	exchanges := []*record.Exchange{
		{
			Mark: record.Mark{Scenario: 0}, Operation: &m.Operations[0],
			Request: record.Request{
				Method: "POST", Target: "/bell?who=it's",
				Header: http.Header{"X-Partner-Key": {"lpk_secret_1"}, "Content-Type": {"application/json"}},
				Body:   []byte(`{"key":"lpk_secret_1"}`),
			},
			Response: &record.Response{
				Status: 200, Header: http.Header{"Date": {"now"}, "X-Correlation-Id": {"c1"}}, Body: []byte(`{"ok":"lpk_secret_1"}`),
			},
			Outcome: &m.Operations[0].Outcomes[0], Covered: []milestones.CoverageItem{{Outcome: milestones.Success}},
			Checks: []record.CheckResult{
				{Check: "no-5xx"}, {Check: "details", Status: record.CheckNotApplicable, Message: "nothing"},
				{Check: "schema", Status: record.CheckFailed, Message: "the body is not valid by Ring", Violations: []schemas.Violation{
					{InstancePath: "/ok", SchemaPath: "/properties/ok/type", Keyword: "type", Message: "must be a boolean, not a string"},
					{InstancePath: "", SchemaPath: "/required", Keyword: "required", Message: `lacks member "n"`},
				}},
			},
			Message: "200",
		},
		{
			Mark: record.Mark{Scenario: 1}, Operation: &m.Operations[0], Failure: "connection refused",
			Request: record.Request{Method: "POST", Target: "/bell", Header: http.Header{}},
		},
	}
	results := map[int]record.Result{
		0: {Status: record.Failed, Line: 5, Message: "the answer is 400"}, 1: {Status: record.Unreached, Line: 8, Message: "no answer"},
	}
	golden := &golden.Difference{Added: []string{"features/bell.feature > sound"}}
	r := &exampleRun{
		&Run{Selection: s, Exchanges: exchanges, Secrets: secrets, Repro: " --target URL"},
		verdict.Records{
			Info:      record.Info{Milestone: "T1", Title: m.Title, Target: BuiltIn, Seed: "m109"},
			Milestone: m, Selection: s, Results: results, Exchanges: exchanges, Agreed: true, Output: golden, Secrets: secrets,
			OutputSHA256: strings.Repeat("0", 64), GoldenSHA256: strings.Repeat("1", 64),
			Lanes: 2, Shuffle: "word", Repeat: 1,
			StartedAt:  time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC),
			FinishedAt: time.Date(2026, 2, 22, 16, 0, 1, 234_000_000, time.UTC),
		},
	}
	r.Verdict = verdict.Decide(r.records)
	failures := []record.Failure{
		{
			Scenario: &p.Scenarios[0], Status: record.Failed, Step: 1, Says: "the answer is 400", Expected: "400", Got: "200",
			Diff:   "-  400\n+  200",
			Checks: []record.FailedCheck{{Result: exchanges[0].Checks[2], Exchange: exchanges[0]}}, Exchange: exchanges[0],
			Base: "http://127.0.0.1:8109", Start: "serve it",
		},
		{
			Scenario: &p.Scenarios[1], Status: record.Undefined, Step: 0,
			Undefined: []record.UndefinedStep{{Step: 0, Nearest: []string{"I ring a bell", "I ring the bell"}}}, Exchange: exchanges[1], Base: "http://t",
		},
	}
	return r, failures
}

// valid wants the text to be valid by one of the published schemas.
func valid(t *testing.T, schema string, text []byte) map[string]any {
	t.Helper()
	s, ok := schemas.Embedded().Lookup(schema)
	if !ok {
		t.Fatalf("no schema %s", schema)
	}
	document, err := schemas.Read(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, violation := range s.Validate(document.Value) {
		t.Errorf("%s: %v", schema, violation)
	}
	return document.Value.(map[string]any)
}

func TestVerdict(t *testing.T) {
	r, _ := example(t)
	got := valid(t, "Verdict", r.encodeVerdict())
	pick := map[string]any{}
	for _, name := range []string{"milestone", "overall", "exit_code", "target", "scenarios", "selection", "exchanges", "results", "took_ms", "started_at"} {
		pick[name] = got[name]
	}
	result := func(scenario, ref, where, rule, status, says string, n float64) map[string]any {
		return map[string]any{
			"scenario": scenario, "ref": ref, "where": where, "rule": rule, "status": status, "says": says, "from": n, "to": n,
		}
	}
	first := result("features/bell.feature > a stranger", "s-2ad852ba9a", "features/bell.feature:3", "bell-is-allowed", "failed", "the answer is 400", 1)
	first["side"] = "refuses"
	want := map[string]any{
		"milestone": "T1", "overall": false, "exit_code": 3.0, "target": "the built-in fake server", "took_ms": 1234.0,
		"started_at": "2026-02-22T16:00:00.000Z",
		"scenarios":  map[string]any{"failed": 1.0, "unreachable": 1.0},
		"selection": map[string]any{"complete": true, "tags": nil, "names": []any{}, "rules": []any{}, "operations": []any{}, "refs": []any{}, "failed": false, "planned": 2.0, "selected": 2.0, "left_out": 0.0,
			"parallel": 2.0, "shuffle": "word", "repeat": 1.0, "shard": nil},
		"exchanges": map[string]any{
			"total": 2.0, "unanswered": 1.0, "in_part": 0.0, "cut": 0.0, "checks_passed": 1.0, "checks_failed": 1.0, "checks_not_applicable": 1.0,
		},
		"results": []any{
			first, result("features/bell.feature > sound", "s-81a41547d7", "features/bell.feature:7", "bell-rings", "unreachable", "no answer", 2),
		},
	}
	if diff := cmp.Diff(want, pick); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
}

func TestVerdictOfARunThatDidNotStart(t *testing.T) {
	r := &exampleRun{Run: new(Run), records: verdict.Records{
		Info: record.Info{Milestone: "M9", Target: BuiltIn, Seed: "m109"}, OutputSHA256: strings.Repeat("0", 64), Repeat: 1,
		Agreed: true, Stops: []record.Reason{{ID: "not-started", Message: "x"}},
	}}
	r.Verdict = verdict.Decide(r.records)
	if got := valid(t, "Verdict", r.encodeVerdict()); got["overall"] != false || got["milestone"] != "M9" {
		t.Errorf("overall %v of %v", got["overall"], got["milestone"])
	}
	if got := valid(t, "Coverage", r.Verdict.EncodeCoverage()); got["complete"] != false {
		t.Errorf("complete: %v", got["complete"])
	}
}

func TestCoverage(t *testing.T) {
	r, _ := example(t)
	r.Verdict.Coverage = append(r.Verdict.Coverage, verdict.CoverageItem{Operation: "ring", Status: 409, Code: "OH", Observed: 1, Scenarios: []string{"s"}})
	got := valid(t, "Coverage", r.Verdict.EncodeCoverage())
	cell := func(outcome, code, reason, schema any, status float64, declared bool, observed float64, scenarios ...any) map[string]any {
		if scenarios == nil {
			scenarios = []any{}
		}
		return map[string]any{
			"operation": "ring", "outcome": outcome, "status": status, "code": code, "reason_code": reason, "schema": schema,
			"declared": declared, "observed": observed, "scenarios": scenarios,
		}
	}
	want := map[string]any{
		"milestone": "T1", "complete": false, "declared": 2.0, "observed": 1.0, "undeclared": 1.0,
		"cells": []any{
			cell("success", nil, nil, "Ring", 200, true, 1, "features/bell.feature > a stranger"),
			cell("refused", "NO", code, "Error", 400, true, 0),
			cell(nil, "OH", nil, nil, 409, false, 1, "s"),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("coverage (-want +got):\n%s", diff)
	}
}

func TestCoverageNamesTenScenarios(t *testing.T) {
	r, _ := example(t)
	for i := range 30 {
		r.Verdict.Coverage[0].Scenarios = append(r.Verdict.Coverage[0].Scenarios, strings.Repeat("s", i+1))
	}
	cells := valid(t, "Coverage", r.Verdict.EncodeCoverage())["cells"].([]any)
	if n := len(cells[0].(map[string]any)["scenarios"].([]any)); n != 10 {
		t.Errorf("%d scenarios", n)
	}
}

func TestExchanges(t *testing.T) {
	r, _ := example(t)
	text := r.EncodeExchanges()
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	var got [][]any
	for _, line := range lines {
		document, err := schemas.Read(line)
		if err != nil {
			t.Fatal(err)
		}
		x := document.Value.(map[string]any)
		got = append(got, []any{x["number"], x["scenario"], x["where"], x["step"]})
	}
	want := [][]any{
		{1.0, "features/bell.feature > a stranger", "features/bell.feature:3", map[string]any{"line": 4.0, "sentence": "When I ring"}},
		{2.0, "features/bell.feature > sound", "features/bell.feature:7", map[string]any{"line": 8.0, "sentence": "Then I ring"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// A panic while the pieces are written is the caller's to catch.
func TestExchangesPanicInTheCaller(t *testing.T) {
	r, _ := example(t)
	r.Exchanges[1] = nil
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	r.EncodeExchanges()
}

func TestNoArtifactHasASecret(t *testing.T) {
	r, failures := example(t)
	var page bytes.Buffer
	r.Summary(&page, failures, "out", "")
	for name, text := range map[string][]byte{
		Verdict: r.encodeVerdict(), Coverage: r.Verdict.EncodeCoverage(), Exchanges: r.EncodeExchanges(), "the page": page.Bytes(),
	} {
		if bytes.Contains(text, []byte("lpk_secret")) {
			t.Errorf("%s has a secret:\n%s", name, text)
		}
	}
}

func TestSummary(t *testing.T) {
	r, failures := example(t)
	var page bytes.Buffer
	r.Summary(&page, failures, "artifacts/T1", "Next: this.")
	want := `T1: A bell
against the built-in fake server

--- FAILED  features/bell.feature:3
    a stranger
    @bell-is-allowed @refuses
    features/bell.feature:5: Then no
      the answer is 400
      expected: 400
      got:      200
      difference (- expected, + got):
        -  400
        +  200
      check schema: the body is not valid by Ring
        at /ok: must be a boolean, not a string
          by /properties/ok/type
        at the root: lacks member "n"
          by /required
      the exchange, line 1 of exchanges.ndjson:
        > POST /bell?who=it's
        > Content-Type: application/json
        > X-Partner-Key: [redacted]
        > {"key":"[redacted]"}
        < 200
        < X-Correlation-Id: c1
        < {"ok":"[redacted]"}
      to send it again, after what the scenario sent before it (start it with: serve it):
        curl -sS -i -X POST 'http://127.0.0.1:8109/bell?who=it'\''s' -H 'Content-Type: application/json' -H "X-Partner-Key: $PARTNER_KEY" --data-raw '{"key":"[redacted]"}'
      repro   runner repro s-2ad852ba9a --target URL
      repro   runner repro c-ed8bdcb26e --target URL

--- UNDEFINED  features/bell.feature:7
    sound
    @bell-rings
    features/bell.feature:8: Then I ring
      nobody knows this sentence
      the nearest ones are:
        I ring a bell
        I ring the bell
      the exchange, line 2 of exchanges.ndjson:
        > POST /bell
        < no answer: connection refused
      to send it again:
        curl -sS -i -X POST http://t/bell

shuffle     word
scenarios   1 failed, 1 unreachable
exchanges   2, with 1 checks passed and 1 failed
rules       0 of 2 proved
outcomes    1 of 2 observed
floor       0 of 1 reason codes observed

why not:
  target-unreachable    features/bell.feature:8: features/bell.feature > sound: no answer
  scenario-failed       s-2ad852ba9a  features/bell.feature:5: features/bell.feature > a stranger: the answer is 400
  check-failed          c-ed8bdcb26e  features/bell.feature:4: ring, schema: the body is not valid by Ring
  cell-unobserved       1, and not everything ran: see verdict.json
  floor-unobserved      1, and not everything ran: see verdict.json
  rule-unproved         2, and not everything ran: see verdict.json
  output-differs        g-81a41547d7  output.json: features/bell.feature > sound: not in the golden output

artifacts   artifacts/T1

Next: this.

`
	if diff := cmp.Diff(want, page.String()); diff != "" {
		t.Errorf("the page (-want +got):\n%s", diff)
	}
}

// What is known is told under a heading of its own, on the page and in the verdict.
func TestKnownFailures(t *testing.T) {
	r, _ := example(t)
	golden := &golden.Difference{Added: []string{"features/bell.feature > sound"}}
	r.records.Results[1] = record.Result{Status: record.Passed}
	r.records.Results[0] = record.Result{Status: record.Failed, Line: 4, Message: "schema", Checked: true}
	r.records.Output, r.records.Checks, r.records.Now = golden, []string{"schema"}, r.records.StartedAt
	r.records.Baseline = &baseline.Baseline{File: "known.yaml", Known: []baseline.Entry{
		{ID: "c-ed8bdcb26e", Reason: "It says lpk_secret_1.", Owner: "bells", Expires: "2026-12-31", Line: 3},
	}}
	r.Verdict = verdict.Decide(r.records)
	var page bytes.Buffer
	r.Summary(&page, nil, "", "")
	_, got, _ := strings.Cut(page.String(), "rules  ")
	got, _, _ = strings.Cut(got, "why not")
	want := `     1 of 2 proved
outcomes    1 of 2 observed
floor       0 of 1 reason codes observed

known failures: 1 (baseline known.yaml)
  s-2ad852ba9a  scenario-failed     features/bell.feature:4: features/bell.feature > a stranger: schema
                follows from the others
  c-ed8bdcb26e  check-failed        features/bell.feature:4: ring, schema: the body is not valid by Ring
                until 2026-12-31, bells: It says [redacted].

`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the page (-want +got):\n%s", diff)
	}
	known := valid(t, "Verdict", r.encodeVerdict())["known_failures"].(map[string]any)
	if known["says"] != "known failures: 1 (baseline known.yaml)" || known["baseline"] != "known.yaml" || len(known["failures"].([]any)) != 2 {
		t.Errorf("the verdict: %v", known)
	}
}

func TestSummaryShortensLongLists(t *testing.T) {
	r, failures := example(t)
	for range 40 {
		failures = append(failures, failures[0])
		r.Verdict.Reasons = append(r.Verdict.Reasons, record.Reason{ID: "artifact-missing", Message: "x"})
	}
	failures[0].Checks[0].Result.Violations = make([]schemas.Violation, 9)
	r.Exchanges[0].Response.Body = bytes.Repeat([]byte("ü"), 5000)
	var page bytes.Buffer
	r.Summary(&page, failures, "", "")
	for _, want := range []string{
		"and 22 more that did not pass:\n  FAILED  features/bell.feature:3  a stranger\n",
		"  artifact-missing      and 30 more, in verdict.json\n",
		"        and 4 more, in line 1 of exchanges.ndjson\n",
		"ü… (10000 bytes)\n",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q:\n%s", want, page.String())
		}
	}
}

func TestCurl(t *testing.T) {
	request := func(method, target, body string, header ...string) *record.Request {
		r := &record.Request{Method: method, Target: target, Header: http.Header{}, Body: []byte(body)}
		for i := 0; i < len(header); i += 2 {
			r.Header.Add(header[i], header[i+1])
		}
		return r
	}
	secrets := new(record.Secrets)
	secrets.Learn("lpk_secret_1")
	tests := []struct {
		name    string
		request *record.Request
		want    string
		flags   []string
	}{
		{name: "flags", request: request("GET", "/a", ""), want: "curl -sS -i --cacert 'my ca.pem' --insecure http://t/a",
			flags: []string{"--cacert", "my ca.pem", "--insecure"}},
		{name: "GET", request: request("GET", "/a?b=c&d", ""), want: "curl -sS -i 'http://t/a?b=c&d'"},
		{name: "HEAD", request: request("HEAD", "/a", ""), want: "curl -sS -i --head http://t/a"},
		{name: "a path as it is", request: request("GET", "/a/../b", ""), want: "curl -sS -i --path-as-is http://t/a/../b"},
		{name: "no globbing", request: request("GET", "/a[1-2]", ""), want: "curl -sS -i --globoff 'http://t/a[1-2]'"},
		{name: "GET with a body", request: request("GET", "/a", "x"), want: "curl -sS -i -X GET http://t/a -H 'Content-Type:' --data-raw x"},
		{name: "headers, sorted, repeated, empty", request: request("GET", "/a", "", "X-B", "2", "X-A", "it's", "X-B", "3", "X-C", ""), want: `curl -sS -i http://t/a -H 'X-A: it'\''s' -H 'X-B: 2' -H 'X-B: 3' -H 'X-C;'`},
		{name: "secrets", request: request("GET", "/lpk_secret_1", "", "X-Partner-Key", "k", "Authorization", "Bearer x", "X-D", "lpk_secret_1"), want: `curl -sS -i 'http://t/[redacted]' -H "Authorization: $AUTHORIZATION" -H 'X-D: [redacted]' -H "X-Partner-Key: $PARTNER_KEY"`},
		{name: "a body", request: request("POST", "/a", "{\n\"a\": \"$x `y` \\\\ it's\"}", "Content-Type", "application/json"), want: "curl -sS -i -X POST http://t/a -H 'Content-Type: application/json' --data-raw '{\n\"a\": \"$x `y` \\\\ it'\\''s\"}'"},
		{name: "bytes", request: request("POST", "/a", "\xff\x00%'", "Content-Type", "x"), want: `printf '\377\000\045\047' | curl -sS -i -X POST http://t/a -H 'Content-Type: x' --data-binary @-`},
		{name: "too long for a command line", request: request("POST", "/a", "{}"+strings.Repeat(" ", 1<<20), "Content-Type", "x"), want: "# body is a file of 1048578 bytes, which begins with: {}" + strings.Repeat(" ", 118) + "… (1048578 bytes)\n" +
			"curl -sS -i -X POST http://t/a -H 'Content-Type: x' --data-binary @body"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Curl("http://t", test.flags, test.request, secrets)); diff != "" {
				t.Errorf("command (-want +got):\n%s", diff)
			}
		})
	}
}

// A shell reads back what was quoted, whatever is in it.
func TestQuote(t *testing.T) {
	for _, text := range []string{"", "a b", "it's", "$x", "`x`", `\`, "!", "\n", "*", "~", "#", "ü", "a=b", "-n", "\"", "''"} {
		out, err := exec.Command("sh", "-c", "printf %s "+Quote(text)).Output()
		if err != nil || string(out) != text {
			t.Errorf("%q: the shell reads %q, %v", text, out, err)
		}
	}
}

func TestPrintfMakesTheBytes(t *testing.T) {
	var text strings.Builder
	for b := range 256 {
		text.WriteByte(byte(b))
	}
	out, err := exec.Command("sh", "-c", "printf '"+octal(text.String())+"'").Output()
	if err != nil || string(out) != text.String() {
		t.Errorf("the shell makes %q, %v", out, err)
	}
}

// What a server chose is read out of its answers, spelled as its place needs it; secrets and the scenario's own word
// are variables too.
func TestScript(t *testing.T) {
	r, _ := example(t)
	send := func(step, burst int, method, target, key, body, answer string) *record.Exchange {
		return &record.Exchange{
			Mark: record.Mark{Step: step, Concurrency: burst}, Operation: &r.records.Milestone.Operations[0],
			Request:  record.Request{Method: method, Target: target, Header: http.Header{"X-Partner-Key": {key}}, Body: []byte(body)},
			Response: &record.Response{Status: 200, Body: []byte(answer)},
		}
	}
	first := `{"page":[{"next-id":"b 1|2345678"}],"sent":"partner-0123456789","word":"contract_word"}`
	repro := &Repro{
		Scenario: &r.Selection.Plan.Scenarios[0], Base: "http://t", Word: "0123456789", Secrets: r.Secrets,
		Exchanges: []*record.Exchange{
			send(0, 0, "POST", "/bell", "lpk_secret_1", `{"id":"partner-0123456789"}`, first),
			send(0, 0, "GET", "/bell?after=b+1%7C2345678", "lpk_secret_2", "", "{}"),
			send(1, 1, "POST", "/bell", "partner-0123456789", `{"id":"b 1|2345678","word":"contract_word"}`, "{}"),
			send(1, 1, "POST", "/bell", "partner-0123456789", `{"id":"b 1|2345678","word":"contract_word"}`, "{}"),
			send(1, 0, "POST", "/bell", "", "{}"+strings.Repeat(" ", 1<<20), "{}"),
			send(1, 0, "POST", "/bell", "", "\xff", "{}"),
		},
	}
	head, got, _ := strings.Cut(repro.Script(), prelude)
	for _, want := range []string{"# Needs curl and jq.", "base=${BASE:-http://t}\n", "word=${WORD:-", `"${PARTNER_KEY:?`, `"${PARTNER_KEY_2:?`} {
		if !strings.Contains(head, want) {
			t.Errorf("the head lacks %s:\n%s", want, head)
		}
	}
	want := `
# features/bell.feature:4: When I ring
call 1 200 -X POST "$base"/bell -H 'X-Partner-Key: '"$PARTNER_KEY" -H 'Content-Type:' --data-raw '{"id":"partner-'"$word"'"}'
next_id_uri=$(take 1 '.page[0]["next-id"] | @uri')
call 2 200 "$base"'/bell?after='"$next_id_uri" -H 'X-Partner-Key: '"$PARTNER_KEY_2"

# features/bell.feature:5: Then no
next_id_json=$(take 1 '.page[0]["next-id"] | tojson | .[1:-1]')
for n in 3 4; do
  call "$n" 200 -X POST "$base"/bell -H 'X-Partner-Key: partner-'"$word" -H 'Content-Type:' --data-raw '{"id":"'"$next_id_json"'","word":"contract_word"}' > "$answers/$n.said" &
done
wait
for n in 3 4; do cat "$answers/$n.said"; done
{ printf %s '{}'; printf '%1048576s' ''; } | call 5 200 -X POST "$base"/bell -H 'X-Partner-Key;' -H 'Content-Type:' -H 'Expect:' --data-binary @-
{ printf '\377'; } | call 6 200 -X POST "$base"/bell -H 'X-Partner-Key;' -H 'Content-Type:' -H 'Expect:' --data-binary @-
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("script (-want +got):\n%s", diff)
	}
	if text := repro.Script(); strings.Contains(text, "lpk_secret") {
		t.Errorf("a secret is in it:\n%s", text)
	}
	repro.Flags = []string{"--cacert", "my ca.pem"}
	if text := repro.Script(); !strings.Contains(text, "\ncurl() { command curl --cacert 'my ca.pem' \"$@\"; }\n") {
		t.Errorf("it does not trust what the run trusted:\n%s", text)
	}
}
