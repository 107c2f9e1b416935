package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cucumber/godog"
	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
)

// bell is a milestone of one operation, with a gate, a promise, and one path that leads nowhere.
const bell = `id: T1
title: A bell
transport:
  content_type: application/json; charset=utf-8
  correlation_header: X-Correlation-Id
  idempotency_header: Idempotency-Key
  replay_header: Idempotent-Replayed
  error_schema: ErrorResponse
  own_correlation_id: corr_{operation}
limits:
  body_bytes: 1048576
  export_limit_default: 50
  export_limit_max: 200
  retention_days_default: 180
  retention_days_max: 3650
  violations: 20
  idempotency_key_length: 255
  correlation_id_length: 128
reason_code_floor: [partner_liquidity_provider_invalid]
refusals:
  route_not_found: { status: 404, code: NOT_FOUND, details: [method, path] }
  refused: { status: 400, code: CONSTRAINT_VIOLATION, reason_code: partner_liquidity_provider_invalid }
operations:
  - { id: ring, method: POST, path: /ring, public: true, response_schema: HealthResponse, refusals: [refused] }
router: { id: unrouted, refusals: [route_not_found] }
capabilities:
  - { id: rope, presence: optional, says: The bell has a rope. }
features: [bell.feature]
rules:
  - { id: bell-is-allowed, kind: gate, feature: bell.feature, section: "1", says: Not everybody may ring., operations: [ring] }
  - { id: bell-rings, kind: promise, feature: bell.feature, section: "2", says: It rings., operations: [ring, unrouted] }
artifacts: [verdict.json, coverage.json, messages.ndjson, exchanges.ndjson, output.json, state.json, junit.xml, exchanges.har, report.html, conformance.json, conformance.md]
output:
  own:
    - { token: number, regexp: "no-[0-9]+", says: A number. }
`

// good is a feature in which all is well.
const good = `Feature: A bell

  @bell-is-allowed @refuses
  Scenario: A stranger
    Then I ring in vain

  @bell-is-allowed @permits
  Scenario: A friend
    Then I ring

  @bell-rings
  Scenario: Elsewhere
    When I go astray
    Then all is well
`

// also is the good feature and one more scenario of these sentences.
func also(sentences ...string) string {
	return good + "\n  @bell-rings\n  Scenario: One more\n    Then " + strings.Join(sentences, "\n    And ") + "\n"
}

// projectWith writes a project with the bell in it, and returns the path of its milestone.
func projectWith(t *testing.T, feature string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"milestones/T1.yaml": bell, "features/bell.feature": feature, "fixtures/README.md": "none",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(root, "milestones", "T1.yaml")
}

// ringer serves the bell, and lies on request.
type ringer struct {
	*httptest.Server
	rung atomic.Int32
	once atomic.Int32 // rings that go well only once
}

func newRinger(t *testing.T) *ringer {
	t.Helper()
	r := &ringer{}
	r.Server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)
	return r
}

func (r *ringer) serve(w http.ResponseWriter, q *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	say := func(status int, id, text string) {
		w.Header().Set("X-Correlation-Id", id)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.ReplaceAll(text, "ID", id))
	}
	switch {
	case q.Method != "POST" || q.URL.Path != "/ring":
		say(404, "corr_unrouted", `{"correlation_id":"ID","error":{"code":"NOT_FOUND","message":"No.","details":{"method":"GET","path":"/"}}}`)
	case q.URL.RawQuery == "vain", q.URL.RawQuery == "once" && r.once.Add(1) > 1:
		say(400, "corr_ring", `{"correlation_id":"ID","error":{"code":"CONSTRAINT_VIOLATION","message":"No.","details":{"reason_code":"partner_liquidity_provider_invalid"}}}`)
	case q.URL.RawQuery == "false":
		say(200, "corr_ring", `{"correlation_id":"ID","ok":"`+q.Header.Get("X-Partner-Key")+q.Header.Get("X-Canary")+`"}`)
	case q.URL.RawQuery == "stray":
		say(409, "corr_ring", `{"correlation_id":"ID","error":{"code":"CONFLICT","message":"No.","details":{}}}`)
	case q.URL.RawQuery == "late":
		<-q.Context().Done()
	case q.URL.RawQuery == "die":
		go r.CloseClientConnections()
		<-q.Context().Done()
	default:
		r.rung.Add(1)
		say(200, "corr_ring", `{"correlation_id":"ID","ok":true}`)
	}
}

// stepsOf are some step definitions, with every way in which a step can go wrong.
func stepsOf(t *testing.T, r *ringer, release <-chan struct{}) *steps.Set {
	t.Helper()
	send := func(method, path string) func(context.Context) error {
		return func(ctx context.Context) error {
			cfg := steps.ConfigOf(ctx)
			base, err := cfg.Target(ctx, nil)
			if err != nil {
				return err
			}
			request, err := http.NewRequestWithContext(ctx, method, base+path, nil)
			if err != nil {
				return err
			}
			request.Header.Set("X-Partner-Key", secretOfTheBell)
			response, err := cfg.Client.Do(request)
			if err != nil {
				return &steps.Unreachable{Err: err}
			}
			return response.Body.Close()
		}
	}
	fail := func(err error) func(context.Context) error { return func(context.Context) error { return err } }
	var definitions []steps.Definition
	for pattern, step := range map[string]func(context.Context) error{
		"^I ring$":         send("POST", "/ring"),
		"^I ring in vain$": send("POST", "/ring?vain"),
		"^I ring falsely$": send("POST", "/ring?false"),
		"^I ring astray$":  send("POST", "/ring?stray"),
		"^I go astray$":    send("GET", "/nowhere"),
		"^I ring once$":    send("POST", "/ring?once"),
		"^I am the first$": func(ctx context.Context) error {
			first := r.once.Load() == 0
			if err := send("POST", "/ring?once")(ctx); err != nil || first {
				return err
			}
			return &steps.Mismatch{Message: "I am the first", Expected: "200", Got: "400"}
		},
		"^it dies meanwhile$":   send("POST", "/ring?die"),
		"^it is late$":          send("POST", "/ring?late"),
		"^it is closed$":        func(context.Context) error { r.Close(); return nil },
		"^all is well$":         fail(nil),
		"^a promise is broken$": fail(&steps.Mismatch{Message: "it is 1", Expected: "1", Got: secretOfTheBell, Diff: "- 1\n+ 2"}),
		"^I mumble$":            fail(&steps.InvalidStep{Message: "that is no word", Nearest: "this"}),
		"^something else$":      fail(errors.New("out of order")),
		"^I wait$":              func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"^I hang$":              func(context.Context) error { <-release; return nil },
		"^I panic$":             func(context.Context) error { panic("oh dear") },
		"^I skip$":              fail(godog.ErrSkip),
		"^I am pending$":        fail(godog.ErrPending),
		"^twice.*$":             fail(nil),
		"^.*twice$":             fail(nil),
	} {
		definitions = append(definitions, steps.Definition{Pattern: pattern, Description: "A test.", Handler: step})
	}
	set, err := steps.NewSet(definitions...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// config runs the feature against the ringer.
func config(t *testing.T, feature string) (Config, *ringer) {
	t.Helper()
	r := newRinger(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	return Config{
		Milestone: projectWith(t, feature), Target: service.Options{URL: r.URL, RunID: service.DefaultRunID, ScenarioTimeout: 2 * time.Second},
		Stdout: io.Discard, steps: stepsOf(t, r, release),
	}, r
}

// golden makes what a run of the good feature sees the golden output of the project.
func renewed(t *testing.T, cfg Config) {
	t.Helper()
	cfg.Out = filepath.Join(t.TempDir(), "out")
	if _, err := Run(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(cfg.Out, artifact.Output))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(filepath.Dir(filepath.Dir(cfg.Milestone)), "fixtures", "golden", "T1.output.json")
	if err := artifact.ReplaceFile(path, text); err != nil {
		t.Fatal(err)
	}
}

// artifacts are the files of a run, each of which is what its schema says.
type artifacts struct {
	verdict, coverage map[string]any
	exchanges         []map[string]any
	texts             map[string][]byte
}

func (a artifacts) reasons() []string {
	var ids []string
	for _, reason := range a.verdict["reasons"].([]any) {
		if id := reason.(map[string]any)["id"].(string); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func read(t *testing.T, folder string) artifacts {
	t.Helper()
	a := artifacts{texts: map[string][]byte{}}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if a.texts[entry.Name()], err = os.ReadFile(filepath.Join(folder, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.texts) != len(artifact.Names) {
		t.Fatalf("artifacts: %v", entries)
	}
	for name, schema := range map[string]string{artifact.Verdict: "Verdict", artifact.Coverage: "Coverage"} {
		document, err := schemas.Read(a.texts[name])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s, _ := schemas.Embedded().Lookup(schema)
		for _, violation := range s.Validate(document.Value) {
			t.Errorf("%s: %v", name, violation)
		}
		if schema == "Verdict" {
			a.verdict = document.Value.(map[string]any)
		} else {
			a.coverage = document.Value.(map[string]any)
		}
	}
	for line := range bytes.Lines(a.texts[artifact.Exchanges]) {
		var x map[string]any
		if err := json.Unmarshal(line, &x); err != nil {
			t.Fatalf("%s: %v\n%s", artifact.Exchanges, err, line)
		}
		a.exchanges = append(a.exchanges, x)
	}
	return a
}

// run runs, and reads what the run left behind, which must say what the result says.
func (c Config) run(t *testing.T, ctx context.Context) (Result, artifacts, string) {
	t.Helper()
	var page strings.Builder
	c.Stdout = &page
	if c.Out == "" {
		c.Out = filepath.Join(t.TempDir(), "out")
	}
	s := newSetup(c)
	d, err := s.run(ctx)
	result, err := s.result(d, err)
	if err != nil {
		t.Fatalf("running: %v", err)
	}
	a := read(t, c.Out)
	a.equals(t, d.run)
	if a.verdict["overall"] != result.Overall || a.verdict["exit_code"] != float64(result.Exit) {
		t.Errorf("verdict.json: overall %v, exit code %v; result: %v, %d",
			a.verdict["overall"], a.verdict["exit_code"], result.Overall, result.Exit)
	}
	a.agree(t, result)
	return result, a, page.String()
}

func TestGreen(t *testing.T) {
	cfg, _ := config(t, good)
	renewed(t, cfg)
	result, a, page := cfg.run(t, t.Context())
	if !result.Overall || result.Exit != verdict.Holds {
		t.Fatalf("exit %d, reasons %+v\n%s", result.Exit, result.Reasons, page)
	}
	want := map[string]record.Status{
		"features/bell.feature > A stranger": record.Passed, "features/bell.feature > A friend": record.Passed,
		"features/bell.feature > Elsewhere": record.Passed,
	}
	if diff := cmp.Diff(want, result.Results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if a.coverage["complete"] != true || len(a.exchanges) != 3 {
		t.Errorf("coverage %v, %d exchanges", a.coverage["complete"], len(a.exchanges))
	}
	if got := string(a.texts[artifact.State]); got != `{"servers":[]}` {
		t.Errorf("the state of somebody else's server: %s", got)
	}
	wantPage := `T1: A bell
against ` + cfg.Target.URL + `
without a target file; this writes one: runner probe ` + cfg.Milestone + ` --target ` + cfg.Target.URL + ` --out target.yaml

seed        m109
scenarios   3 passed
exchanges   3, with 25 checks passed and 0 failed
level       full; at core overall=true, with 0 causes
rules       2 of 2 proved
outcomes    3 of 3 observed
floor       1 of 1 reason codes observed
artifacts   ` // and the folder
	if !strings.HasPrefix(page, wantPage) {
		t.Errorf("the page:\n%s\nwant:\n%s", page, wantPage)
	}
}

// Each row is a scenario that goes wrong in one way beside three that are well.
func TestOneScenarioGoesWrong(t *testing.T) {
	tests := []struct {
		name      string
		sentences []string
		exit      int
		status    record.Status
		reasons   []string
		page      []string
	}{
		{"a broken promise", []string{"I ring", "a promise is broken"}, verdict.Fails, record.Failed,
			[]string{"scenario-failed"},
			[]string{
				"--- FAILED  features/bell.feature:17\n    One more\n    @bell-rings\n    features/bell.feature:19: And a promise is broken\n" +
					"      it is 1\n      expected: 1\n      got:      [redacted]\n      difference (- expected, + got):\n        - 1\n        + 2\n",
				"      the exchange, line 4 of exchanges.ndjson:\n        > POST /ring\n        > X-Partner-Key: [redacted]\n        < 200\n",
				"curl -sS -i -X POST TARGET/ring -H 'X-Partner-Key: '\"$PARTNER_KEY\"\n",
			}},
		{"a failed check, although the sentence does not mind", []string{"I ring falsely", "all is well"}, verdict.Fails, record.ChecksFailed,
			[]string{"check-failed"},
			[]string{
				"    features/bell.feature:18: Then I ring falsely\n      check schema: the body is not valid by HealthResponse\n" +
					"        at /ok: must be true\n          by /properties/ok/const\n      the exchange, line 4 of exchanges.ndjson:\n",
			}},
		{"an undeclared outcome", []string{"I ring astray"}, verdict.Fails, record.ChecksFailed,
			[]string{"cell-undeclared"},
			[]string{"check declared-outcome: 409 CONFLICT is not an outcome of ring, which has 200, 400 CONSTRAINT_VIOLATION\n"}},
		{"any other error", []string{"something else"}, verdict.Fails, record.Failed,
			[]string{"scenario-failed"}, []string{"      out of order\n"}},
		{"a panic", []string{"I ring", "I panic"}, verdict.Fails, record.Failed,
			[]string{"scenario-failed"}, []string{"      the step panicked: oh dear\n", "run_test.go"}},
		{"a sentence that waits too long", []string{"I wait"}, verdict.Fails, record.Failed,
			[]string{"scenario-failed"}, []string{"      context deadline exceeded\n"}},
		{"a sentence without a meaning", []string{"I mumble"}, verdict.Broken, record.InvalidStep,
			[]string{"sentence-broken"},
			[]string{"--- BROKEN  features/bell.feature:17\n", `      that is no word (did you mean "this"?)` + "\n"}},
		{"an undefined sentence", []string{"I ring", "I export its audits", "I get a provider"}, verdict.Broken, record.Undefined,
			[]string{"sentence-undefined"},
			[]string{
				"    features/bell.feature:19: And I export its audits\n      undefined step\n      the nearest steps are:\n" +
					"        I export its audit\n        I have exported its audit\n        I upsert its status\n" +
					"    features/bell.feature:20: And I get a provider\n      undefined step\n      the nearest steps are:\n        I get the provider\n",
			}},
		{"an ambiguous sentence", []string{"twice twice"}, verdict.Broken, record.Ambiguous,
			[]string{"sentence-ambiguous"}, []string{"ambiguous step definition"}},
		{"a pending sentence", []string{"I ring", "I am pending"}, verdict.Incomplete, record.Pending,
			[]string{"scenario-pending"}, nil},
		{"a skip", []string{"I ring", "I skip", "all is well"}, verdict.Incomplete, record.Skipped,
			[]string{"scenario-skipped"}, nil},
		{"a skip at the very end", []string{"I ring", "I skip"}, verdict.Incomplete, record.Skipped,
			[]string{"scenario-skipped"}, nil},
		{"a skip hides no failed check", []string{"I ring falsely", "I skip"}, verdict.Fails, record.Skipped,
			[]string{"check-failed", "scenario-skipped"}, nil},
		{"a connection that breaks", []string{"it dies meanwhile"}, verdict.Fails, record.Failed,
			[]string{"scenario-failed"}, []string{
				"      a request got no answer: the connection was closed before the answer was complete\n",
				"        < no answer: the connection was closed before the answer was complete\n",
			}},
		{"an answer that takes too long", []string{"it is late"}, verdict.Fails, record.Failed,
			[]string{"scenario-failed"}, []string{"      a request got no answer: no answer in time: one scenario may take 500ms (--scenario-timeout)\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg, _ := config(t, also(test.sentences...))
			cfg.Target.ScenarioTimeout = 500 * time.Millisecond
			renewed(t, cfg)
			result, a, page := cfg.run(t, t.Context())
			if result.Overall || result.Exit != test.exit {
				t.Errorf("overall %v, exit %d, want %d", result.Overall, result.Exit, test.exit)
			}
			if got := result.Results["features/bell.feature > One more"]; got != test.status {
				t.Errorf("the scenario: %s, want %s", got, test.status)
			}
			if got := result.Results["features/bell.feature > A friend"]; got != record.Passed {
				t.Errorf("another scenario: %s", got)
			}
			if diff := cmp.Diff(test.reasons, a.reasons()); diff != "" {
				t.Errorf("reasons (-want +got):\n%s\n%v", diff, a.verdict["reasons"])
			}
			for _, want := range test.page {
				if want = strings.ReplaceAll(want, "TARGET", cfg.Target.URL); !strings.Contains(page, want) {
					t.Errorf("the page lacks\n%s\nit is\n%s", want, page)
				}
			}
		})
	}
}

// A scenario whose step ignores its context is abandoned, and the scenarios after it are run.
func TestAHangingStep(t *testing.T) {
	cfg, _ := config(t, also("I hang")+"\n  @bell-rings\n  Scenario: Later\n    Then I ring\n")
	cfg.Target.ScenarioTimeout = 100 * time.Millisecond
	result, a, _ := cfg.run(t, t.Context())
	if result.Exit != verdict.Incomplete {
		t.Errorf("exit %d, want %d", result.Exit, verdict.Incomplete)
	}
	for name, want := range map[string]record.Status{"One more": record.NotRun, "Later": record.Passed} {
		if got := result.Results["features/bell.feature > "+name]; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := a.verdict["reasons"].([]any)[1]; !strings.Contains(fmt.Sprint(got), "run-broke-off") &&
		!slices.Contains(a.reasons(), "run-broke-off") {
		t.Errorf("reasons: %v", a.verdict["reasons"])
	}
}

func TestNobodyThere(t *testing.T) {
	cfg, r := config(t, good)
	r.Close()
	result, a, page := cfg.run(t, t.Context())
	if result.Exit != verdict.Unreachable {
		t.Errorf("exit %d, want %d", result.Exit, verdict.Unreachable)
	}
	if len(a.exchanges) != 0 || !strings.Contains(page, "connection refused") {
		t.Errorf("%d exchanges\n%s", len(a.exchanges), page)
	}
}

// When the target dies, the rest is not tried one by one.
func TestTheTargetDies(t *testing.T) {
	var more strings.Builder
	for i := range 50 {
		fmt.Fprintf(&more, "  @bell-rings\n  Scenario: Later %d\n    Then I ring\n", i)
	}
	cfg, _ := config(t, also("it is closed", "I ring")+more.String())
	result, a, _ := cfg.run(t, t.Context())
	if result.Exit != verdict.Unreachable {
		t.Errorf("exit %d, want %d", result.Exit, verdict.Unreachable)
	}
	if got := result.Results["features/bell.feature > One more"]; got != record.Unreached {
		t.Errorf("the scenario: %s", got)
	}
	if got := result.Results["features/bell.feature > Later 49"]; got != record.NotRun {
		t.Errorf("the last scenario: %s", got)
	}
	if n := len(a.exchanges); n != 4 {
		t.Errorf("%d exchanges, want 4", n)
	}
}

// A target that is there and gives no answers is not gone. It costs a time limit for some scenarios, and not for all.
func TestASilentTarget(t *testing.T) {
	var more strings.Builder
	for i := range 3 * 10 {
		fmt.Fprintf(&more, "  @bell-rings\n  Scenario: Later %d\n    Then it is late\n", i)
	}
	cfg, _ := config(t, also("I ring")+more.String())
	cfg.Target.ScenarioTimeout = 20 * time.Millisecond
	result, a, _ := cfg.run(t, t.Context())
	if result.Exit != verdict.Fails || !slices.Contains(a.reasons(), "target-silent") {
		t.Errorf("exit %d, want %d; reasons %v", result.Exit, verdict.Fails, a.reasons())
	}
	for i, want := range map[int]record.Status{10 - 1: record.Failed, 10: record.NotRun} {
		if got := result.Results[fmt.Sprint("features/bell.feature > Later ", i)]; got != want {
			t.Errorf("scenario %d: %s, want %s", i, got, want)
		}
	}
}

func TestAnInterrupt(t *testing.T) {
	cfg, _ := config(t, also("I wait"))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	cfg.Target.ScenarioTimeout = time.Minute
	result, a, page := cfg.run(t, ctx)
	if result.Exit != verdict.Interrupted || a.reasons()[0] != "interrupted" {
		t.Errorf("exit %d, reasons %v\n%s", result.Exit, a.reasons(), page)
	}
}

func TestAnInterruptBeforeTheStart(t *testing.T) {
	cfg, r := config(t, good)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	result, _, _ := cfg.run(t, ctx)
	if result.Exit != verdict.Interrupted || r.rung.Load() != 0 {
		t.Errorf("exit %d, rung %d times", result.Exit, r.rung.Load())
	}
}

func TestWanted(t *testing.T) {
	tests := []struct {
		name    string
		wanted  plan.Filter
		exit    int
		reasons []string
	}{
		{"a part is no verdict", plan.Filter{Rules: []string{"bell-is-allowed"}}, verdict.Incomplete,
			[]string{"cell-unobserved", "rule-unproved", "selection-incomplete"}},
		{"what everything is", plan.Filter{Tags: "@bell-is-allowed or @bell-rings"}, verdict.Holds, nil},
		{"everything", plan.Filter{}, verdict.Holds, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg, _ := config(t, good)
			renewed(t, cfg)
			cfg.Filter = test.wanted
			result, a, _ := cfg.run(t, t.Context())
			if result.Exit != test.exit {
				t.Errorf("exit %d, want %d", result.Exit, test.exit)
			}
			if diff := cmp.Diff(test.reasons, a.reasons()); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

// A selection of nothing runs nothing, and leaves what the run before left.
func TestNothingSelected(t *testing.T) {
	cfg, r := config(t, good)
	renewed(t, cfg)
	cfg.Out = filepath.Join(t.TempDir(), "out")
	if result, _, page := cfg.run(t, t.Context()); !result.Overall {
		t.Fatal(page)
	}
	before, err := os.ReadFile(filepath.Join(cfg.Out, artifact.Verdict))
	if err != nil {
		t.Fatal(err)
	}
	rung := r.rung.Load()
	for want, change := range map[string]func(*Config){
		"--tags '@bell-rings and @refuses' selects none of the 3 scenarios": func(c *Config) { c.Filter.Tags = "@bell-rings and @refuses" },
		"--failed: in the last run in OUT every scenario passed that ran":   func(c *Config) { c.Failed = true },
	} {
		changed := cfg
		change(&changed)
		result, err := Run(t.Context(), changed)
		if want := "nothing to run: " + strings.ReplaceAll(want, "OUT", cfg.Out); result.Exit != verdict.Incomplete || !errors.Is(err, ErrNothing) || err.Error() != want {
			t.Errorf("exit %d, %v; want %s", result.Exit, err, want)
		}
	}
	after, err := os.ReadFile(filepath.Join(cfg.Out, artifact.Verdict))
	if err != nil || !bytes.Equal(before, after) || r.rung.Load() != rung {
		t.Errorf("it was rung %d times more, and the verdict is now %s", r.rung.Load()-rung, after)
	}
}

// What did not pass is run again, and nothing else, until it passes.
func TestFailed(t *testing.T) {
	cfg, _ := config(t, also("something else"))
	renewed(t, cfg)
	cfg.Out = filepath.Join(t.TempDir(), "out")
	cfg.run(t, t.Context())
	cfg.Failed = true
	for range 2 {
		result, a, page := cfg.run(t, t.Context())
		want := map[string]record.Status{"features/bell.feature > One more": record.Failed}
		if diff := cmp.Diff(want, result.Results); diff != "" || result.Exit != verdict.Fails {
			t.Errorf("exit %d, results (-want +got):\n%s\n%s", result.Exit, diff, page)
		}
		if got := a.reasons()[len(a.reasons())-1]; got != "selection-incomplete" || !strings.Contains(page, "(--failed)") {
			t.Errorf("reasons %v, page:\n%s", a.reasons(), page)
		}
	}
	feature := filepath.Join(filepath.Dir(filepath.Dir(cfg.Milestone)), "features", "bell.feature")
	if err := os.WriteFile(feature, []byte(good), 0o666); err != nil {
		t.Fatal(err)
	}
	result, err := Run(t.Context(), cfg)
	if want := "nothing to run: --failed selects none of the 3 scenarios: what did not pass in the last run is gone, such as features/bell.feature > One more (did you mean features/bell.feature > Elsewhere?)"; result.Exit != verdict.Incomplete || err == nil || err.Error() != want {
		t.Errorf("exit %d, got %v, want %s", result.Exit, err, want)
	}
}

// A scenario that depends on another one sees something else in another order.
func TestShuffle(t *testing.T) {
	feature := good + "\n  @bell-rings\n  Scenario: Early\n    Then I ring once\n\n  @bell-rings\n  Scenario: Late\n    Then I ring once\n"
	for seed, want := range map[string][]string{
		"":  nil,
		"c": nil,
		"b": {"output-differs"},
	} {
		cfg, r := config(t, feature)
		renewed(t, cfg)
		r.once.Store(0)
		cfg.Shuffle = seed
		result, a, page := cfg.run(t, t.Context())
		if diff := cmp.Diff(want, a.reasons()); diff != "" || result.Overall != (want == nil) {
			t.Errorf("seed %q: reasons (-want +got):\n%s\n%s", seed, diff, page)
		}
		if want == nil {
			continue
		}
		for _, says := range []string{
			"  1 scenario  output: expected 200, observed 400 CONSTRAINT_VIOLATION partner_liquidity_provider_invalid\n              @bell-rings; ring; s-",
			"  1 scenario  output: expected 400 CONSTRAINT_VIOLATION partner_liquidity_provider_invalid, observed 200\n              @bell-rings; ring; s-",
			"\n--- OUTPUT DIFFERS  features/bell.feature:17\n    Early\n",
			"\nshuffle     " + seed + "\n", "--shuffle=" + seed + " gives this order again",
		} {
			if !strings.Contains(page, says) {
				t.Errorf("seed %q: the page lacks %q:\n%s", seed, says, page)
			}
		}
	}
}

// What another run sees otherwise is a reason, with the scenario and the answer.
func TestAgain(t *testing.T) {
	for _, test := range []struct{ name, sentence, want string }{
		{"the same", "I ring", ""},
		{"another answer", "I ring once", "answer 1 was ring 200 in run 1 and ring 400 CONSTRAINT_VIOLATION partner_liquidity_provider_invalid in run 2"},
		{"another end", "I am the first", "it passed in run 1 and failed in run 2: I am the first"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg, r := config(t, also(test.sentence))
			renewed(t, cfg)
			r.once.Store(0)
			cfg.Repeat = 3
			result, a, page := cfg.run(t, t.Context())
			if test.want == "" {
				if !result.Overall || !strings.Contains(page, "\nruns        3, with equal results\n") {
					t.Errorf("exit %d, page:\n%s", result.Exit, page)
				}
				return
			}
			want := []record.Reason{{ID: "run-differs", Scenario: "s-64dcafbe4e", Where: "features/bell.feature:17", Message: "features/bell.feature > One more: " + test.want}}
			if diff := cmp.Diff(want, result.Reasons); diff != "" || result.Exit != verdict.Fails {
				t.Errorf("exit %d, reasons (-want +got):\n%s\n%s", result.Exit, diff, a.reasons())
			}
		})
	}
}

// Against built-in servers every byte counts, also of what no output has. In another order only the output does.
func TestAgainExactly(t *testing.T) {
	for shuffle, want := range map[string]string{
		"":     `exchange 1 (healthz 200) has …":["corr_healthz"],"X-Tick":["1"]},"body":"{\"correlation_id… in run 1 and …":["corr_healthz"],"X-Tick":["2"]},"body":"{\"correlation_id… in run 2`,
		"word": "",
	} {
		var asked atomic.Int32
		cfg := Config{
			Milestone: "../../../milestones/M109.yaml", Filter: plan.Filter{Names: []string{"^Health is ok$"}}, Repeat: 2, Shuffle: shuffle,
			Wrap: func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
					w.Header().Set("X-Tick", fmt.Sprint(asked.Add(1)))
					h.ServeHTTP(w, q)
				})
			},
		}
		result, _, page := cfg.run(t, t.Context())
		at := slices.IndexFunc(result.Reasons, func(reason record.Reason) bool { return reason.ID == "run-differs" })
		switch {
		case want == "" && at >= 0, want != "" && at < 0:
			t.Errorf("shuffled by %q: reasons %+v\n%s", shuffle, result.Reasons, page)
		case want != "" && !strings.Contains(result.Reasons[at].Message, want):
			t.Errorf("got  %s\nwant %s", result.Reasons[at].Message, want)
		}
	}
}

func TestCapabilities(t *testing.T) {
	feature := good + "\n  @bell-rings @needs:rope\n  Scenario: By a rope\n    Then I ring\n"
	cfg, _ := config(t, feature)
	cfg.Target.Capabilities = []string{"rope"}
	renewed(t, cfg)
	if result, _, page := cfg.run(t, t.Context()); !result.Overall {
		t.Errorf("with a rope: exit %d\n%s", result.Exit, page)
	}
	cfg.Target.Capabilities = nil
	result, a, page := cfg.run(t, t.Context())
	if result.Exit != verdict.Incomplete {
		t.Errorf("without: exit %d, want %d", result.Exit, verdict.Incomplete)
	}
	if diff := cmp.Diff([]string{"scenario-left-out"}, a.reasons()); diff != "" {
		t.Errorf("reasons (-want +got):\n%s\n%s", diff, page)
	}
}

func TestOutput(t *testing.T) {
	cfg, _ := config(t, good)
	if result, a, page := cfg.run(t, t.Context()); result.Exit != verdict.Incomplete || a.reasons()[0] != "output-unknown" ||
		!strings.Contains(page, "--update-golden makes it the golden one") {
		t.Errorf("without a golden output: exit %d, reasons %v\n%s", result.Exit, a.reasons(), page)
	}
	renewed(t, cfg)
	feature := filepath.Join(filepath.Dir(filepath.Dir(cfg.Milestone)), "features", "bell.feature")
	changed := strings.Replace(strings.Replace(good, "A friend", "Another friend", 1), "    Then all is well", "    Then I ring", 1)
	if err := os.WriteFile(feature, []byte(changed), 0o666); err != nil {
		t.Fatal(err)
	}
	result, _, page := cfg.run(t, t.Context())
	if result.Exit != verdict.Fails {
		t.Errorf("exit %d, want %d", result.Exit, verdict.Fails)
	}
	want := `reasons:
  output-differs        output.json: features/bell.feature > Another friend: not in the golden output
  output-differs        output.json: features/bell.feature > A friend: in the golden output, and no longer a scenario
`
	if !strings.Contains(page, want) || !strings.Contains(page, "  1 scenario  output: expected no answer, observed 200\n") {
		t.Errorf("the page:\n%s\nwant:\n%s", page, want)
	}

	golden := filepath.Join(filepath.Dir(filepath.Dir(cfg.Milestone)), "fixtures", "golden", "T1.output.json")
	for text, want := range map[string]int{"{}": verdict.Fails, "not JSON": verdict.Broken} {
		if err := os.WriteFile(golden, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if result, a, _ := cfg.run(t, t.Context()); result.Exit != want {
			t.Errorf("a golden output %q: exit %d, want %d: %v", text, result.Exit, want, a.reasons())
		}
	}
}

// A baseline excuses until the end of its last day, by the clock of the configuration.
func TestBaseline(t *testing.T) {
	const failing = "features/bell.feature > One more"
	cfg, _ := config(t, also("a promise is broken"))
	renewed(t, cfg)
	first, _, _ := cfg.run(t, t.Context())
	if first.Verdict == nil || len(first.Verdict.Causes) != 1 || first.Results[failing] != record.Failed {
		t.Fatalf("verdict: %+v, results: %v", first.Verdict, first.Results)
	}
	file := filepath.Join(t.TempDir(), "known.yaml")
	text := "known:\n  - { scenario: " + first.Verdict.Causes[0].Scenarios[0] + ", reason: Promised., owner: bells, expires: 2026-02-22 }\n"
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	cfg.Baseline = file
	for _, test := range []struct {
		name string
		now  time.Time
		want []string
	}{
		{"the last day", time.Date(2026, 2, 22, 23, 59, 59, 0, time.UTC), nil},
		{"the day after", time.Date(2026, 2, 23, 0, 0, 0, 0, time.UTC), []string{"scenario-failed", "baseline-expired"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := cfg
			cfg.Now = func() time.Time { return test.now }
			result, a, page := cfg.run(t, t.Context())
			if diff := cmp.Diff(a.reasons(), test.want); diff != "" || result.Overall != (test.want == nil) {
				t.Errorf("overall %v, reasons (-got +want):\n%s", result.Overall, diff)
			}
			if shown := strings.Contains(page, "--- FAILED"); shown != (test.want != nil) {
				t.Errorf("the page:\n%s", page)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"--capability needs --target": func(c *Config) {
			c.Target = service.Options{Capabilities: []string{"rope"}}
		},
		"--capability rop: T1 has no such capability (did you mean rope?)":    func(c *Config) { c.Target.Capabilities = []string{"rop"} },
		"--no-capability rop: T1 has no such capability (did you mean rope?)": func(c *Config) { c.Target.NoCapabilities = []string{"rop"} },
		"--target is not a URL such as http://127.0.0.1:8109 or https://host/base": func(c *Config) {
			c.Target.URL = "bell"
		},
		"--tags: unknown tag @bell-ring (did you mean @bell-rings?)":    func(c *Config) { c.Filter.Tags = "@bell-ring" },
		"--operation: there is no operation rings (did you mean ring?)": func(c *Config) { c.Filter.Operations = []string{"rings"} },
		"--update-golden is for a run of everything":                    func(c *Config) { c.UpdateGolden, c.Filter.Tags = true, "@bell-rings" },
		"--update-golden: the golden output of M109 is that of the built-in fake server, so leave the target out": func(c *Config) {
			c.UpdateGolden, c.Milestone = true, "../../../milestones/M109.yaml"
		},
		"the built-in fake server implements only M109, which has no operation ring: name the service to verify with --target URL": func(c *Config) {
			c.Target = service.Options{}
		},
		"--header X-Correlation-Id: scenarios set this header": func(c *Config) { c.Target.Header = []string{"x-correlation-id: 1"} },
		"--update-golden: there is no folder fixtures beside that of TEMP/nowhere/nothing/x.yaml": func(c *Config) {
			c.Target, c.UpdateGolden, c.Milestone = service.Options{}, true, filepath.Join(filepath.Dir(c.Milestone), "nowhere", "nothing", "x.yaml")
		},
	} {
		t.Run(want, func(t *testing.T) {
			cfg, _ := config(t, good)
			cfg.Out = filepath.Join(t.TempDir(), "out")
			folder := filepath.Dir(cfg.Milestone)
			change(&cfg)
			result, err := Run(t.Context(), cfg)
			if result.Exit != verdict.Broken || !usage.Is(err) ||
				err.Error() != strings.ReplaceAll(want, "TEMP", folder) {
				t.Errorf("exit %d, %v", result.Exit, err)
			}
			if _, err := os.Stat(cfg.Out); err == nil {
				t.Error("it wrote artifacts")
			}
		})
	}
}

func TestBrokenInputs(t *testing.T) {
	tests := []struct {
		name       string
		file, text string
		want       string
	}{
		{"milestone", "milestones/T1.yaml", "id: T1\nidd: x\n", "T1.yaml:2: "},
		{"feature", "features/bell.feature", "Feature: x\nScenario: y\nThen z\n", "features/bell.feature:2: no rule"},
		{"schema", "schemas/X.schema.json", "{}", "X.schema.json"},
		{"a schema that the milestone names", "schemas/One.schema.json", `{"$schema":"https://json-schema.org/draft/2020-12/schema",
			"$id":"https://schemas.lpgate.example/One.schema.json","title":"One","description":"One.","type":"object",
			"additionalProperties":false}`, "ErrorResponse"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg, r := config(t, good)
			path := filepath.Join(filepath.Dir(filepath.Dir(cfg.Milestone)), filepath.FromSlash(test.file))
			if err := artifact.ReplaceFile(path, []byte(test.text)); err != nil {
				t.Fatal(err)
			}
			result, a, page := cfg.run(t, t.Context())
			if result.Exit != verdict.Broken || !strings.Contains(page, test.want) || a.reasons()[0] != "not-started" {
				t.Errorf("exit %d, want %d and %q\n%s", result.Exit, verdict.Broken, test.want, page)
			}
			if r.rung.Load() != 0 {
				t.Error("it ran")
			}
		})
	}
}

func TestNoSuchMilestone(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"M109.yaml", "milestone/M109.yaml", "milestones/M110.yaml"} {
		result, err := Run(t.Context(), Config{Milestone: name, Stdout: io.Discard})
		want := "reading the milestone " + name + ": file does not exist"
		if result.Exit != verdict.Broken || !usage.Is(err) || err.Error() != want {
			t.Errorf("%s: exit %d, %v", name, result.Exit, err)
		}
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
		t.Errorf("it wrote %v, %v", entries, err)
	}

	cfg := Config{Milestone: "milestones/M110.yaml", Out: "out"}
	result, a, page := cfg.run(t, t.Context())
	if result.Exit != verdict.Broken || !strings.Contains(page, "reading the milestone milestones/M110.yaml: no such file or directory") {
		t.Errorf("exit %d\n%s", result.Exit, page)
	}
	if a.verdict["milestone"] != "M110" {
		t.Errorf("the milestone: %v", a.verdict["milestone"])
	}
}

// Without --out the artifacts stand in the project, and a broken milestone's where those of a sound one would.
func TestDefaultPlace(t *testing.T) {
	cfg, _ := config(t, good)
	if _, err := Run(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	latest := filepath.Join(filepath.Dir(filepath.Dir(cfg.Milestone)), "artifacts", "milestones", "T1", "latest")
	if a := read(t, latest); slices.Contains(a.reasons(), "not-started") {
		t.Errorf("reasons: %v", a.reasons())
	}
	if err := os.WriteFile(cfg.Milestone, []byte("id: ["), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if a := read(t, latest); !slices.Contains(a.reasons(), "not-started") || a.verdict["overall"] != false {
		t.Errorf("yesterday's verdict is still there: %v", a.reasons())
	}
}

func TestUnwritableOut(t *testing.T) {
	cfg, r := config(t, good)
	cfg.Out = filepath.Join(cfg.Milestone, "out") // below a file
	result, err := Run(t.Context(), cfg)
	if err == nil || result.Exit != verdict.Incomplete || usage.Is(err) {
		t.Errorf("exit %d, %v", result.Exit, err)
	}
	if r.rung.Load() != 0 {
		t.Error("it ran in vain")
	}
	cfg.Out = filepath.Dir(cfg.Milestone) // a folder with a milestone in it
	if result, err := Run(t.Context(), cfg); !usage.Is(err) || result.Exit != verdict.Broken {
		t.Errorf("a folder of somebody's own: exit %d, %v", result.Exit, err)
	}
}

// The artifacts of two runs are the same bytes but for what is named as a time.
func TestTwoRunsAreTheSame(t *testing.T) {
	cfg, _ := config(t, also("I ring falsely"))
	cfg.Out = filepath.Join(t.TempDir(), "out")
	_, first, _ := cfg.run(t, t.Context())
	_, second, _ := cfg.run(t, t.Context())
	for name := range first.texts {
		if name == artifact.Page {
			continue // its times are drawn; that one log makes one page is held in package page
		}
		if diff := cmp.Diff(timeless(t, first.texts[name]), timeless(t, second.texts[name])); diff != "" {
			t.Errorf("%s (-first +second):\n%s", name, diff)
		}
	}
}

// timeless blanks the values of members that are named as times, and those of the formats that others made.
func timeless(t *testing.T, text []byte) string {
	t.Helper()
	return times.ReplaceAllString(string(text), `$1$2…`)
}

var times = regexp.MustCompile(`(\\?"(?:[a-z_]+_(?:at|ms)|seconds|nanos|startedDateTime|time|wait)\\?": ?)(?:\\?"[^"]*"|[0-9.]+)|( time(?:stamp)?=)"[^"]*"`)
