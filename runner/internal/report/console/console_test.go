package console

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/artifact"
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
	return r.Verdict.Delivered(verdict.Delivery{Written: artifact.Names}).Encode()
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
		Artifacts: artifact.Names,
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
			Mark: record.Mark{Scenario: 0}, Operation: m.Operations[0].ID,
			Request: record.Request{
				Method: "POST", Target: "/bell?who=it's",
				Header: http.Header{"X-Partner-Key": {"lpk_secret_1"}, "Content-Type": {"application/json"}},
				Body:   []byte(`{"key":"lpk_secret_1"}`),
			},
			Response: &record.Response{
				Status: 200, Header: http.Header{"Date": {"now"}, "X-Correlation-Id": {"c1"}}, Body: []byte(`{"ok":"lpk_secret_1"}`),
			},
			Outcome: milestones.Success, Covered: []milestones.CoverageItem{{Outcome: milestones.Success}},
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
			Mark: record.Mark{Scenario: 1}, Operation: m.Operations[0].ID, Failure: "connection refused",
			Request: record.Request{Method: "POST", Target: "/bell", Header: http.Header{}},
		},
	}
	for _, x := range exchanges {
		x.Redact(secrets)
	}
	results := map[int]record.Result{
		0: {Status: record.Failed, Line: 5, Message: "the answer is 400"}, 1: {Status: record.Unreached, Line: 8, Message: "no answer"},
	}
	golden := &golden.Difference{Added: []string{"features/bell.feature > sound"}}
	r := &exampleRun{
		&Run{Selection: s, Exchanges: exchanges, Secrets: secrets, Repro: " --target URL"},
		verdict.Records{
			Info:      record.Info{Milestone: "T1", Title: m.Title, Target: record.BuiltIn, Seed: "m109"},
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

func TestNoArtifactHasASecret(t *testing.T) {
	r, failures := example(t)
	var page bytes.Buffer
	r.Summary(&page, failures, "out", "")
	for name, text := range map[string][]byte{
		artifact.Verdict: r.encodeVerdict(), artifact.Coverage: r.Verdict.EncodeCoverage(), "the page": page.Bytes(),
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
        curl -sS -i -X POST 'http://127.0.0.1:8109/bell?who=it'\''s' -H 'Content-Type: application/json' -H 'X-Partner-Key: '"$PARTNER_KEY" --data-raw '{"key":"[redacted]"}'
      repro   runner repro s-2ad852ba9a --target URL

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
level       full; at core overall=false, with 1 cause
rules       0 of 2 proved
outcomes    1 of 2 observed
floor       0 of 1 reason codes observed

why not:
  target-unreachable    features/bell.feature:8: features/bell.feature > sound: no answer
  scenario-failed       features/bell.feature:5: step: the answer is 400: 1 scenario of @bell-is-allowed
  cell-unobserved       o-52a6a5c75a  ring never answered 400 NO with partner_liquidity_provider_invalid (refused)
  floor-unobserved      partner_liquidity_provider_invalid was never observed
  rule-unproved         2, and not everything ran: see verdict.json
  output-differs        output.json: features/bell.feature > sound: not in the golden output

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
	r.records.Results[0] = record.Result{Status: record.Failed, Line: 4, Message: "schema"}
	r.records.Output, r.records.Now = golden, r.records.StartedAt
	r.records.Baseline = &baseline.Baseline{File: "known.yaml", Known: []baseline.Entry{
		{Scenario: "s-2ad852ba9a", Reason: "It says lpk_secret_1.", Owner: "bells", Expires: "2026-12-31", Line: 3},
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
  s-2ad852ba9a
      1 of 1, until 2026-12-31, bells: It says [redacted].

`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the page (-want +got):\n%s", diff)
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
