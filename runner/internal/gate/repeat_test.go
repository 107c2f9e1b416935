package gate

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/runner/internal/exchange"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/report"
	"example.com/lpgate/runner/internal/target"
	"example.com/lpgate/runner/internal/verdict"
)

// everything is a run of all scenarios against the built-in server.
func everything(t *testing.T) *run {
	t.Helper()
	r := newRun(Config{Milestone: "../../../milestones/M109.yaml"})
	err := r.open()
	if err != nil {
		t.Fatal(err)
	}
	if r.project, err = project.Locate(r.Milestone); err != nil {
		t.Fatal(err)
	}
	if r.in, err = r.project.Read(); err != nil {
		t.Fatal(err)
	}
	if err := r.choose(); err != nil {
		t.Fatal(err)
	}
	if err := r.drive(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.trial.close() })
	return r
}

// What a scenario calls is read in its sentences. It is what it calls.
func TestCalls(t *testing.T) {
	r := everything(t)
	called := map[int]map[string]bool{}
	for _, x := range r.seen.Exchanges {
		if called[x.Mark.Scenario] == nil {
			called[x.Mark.Scenario] = map[string]bool{}
		}
		called[x.Mark.Scenario][x.Operation.ID] = true
	}
	calls := r.calls()
	for i := range r.in.Plan.Scenarios {
		scenario := &r.in.Plan.Scenarios[i]
		want, got := slices.Sorted(maps.Keys(called[i])), calls(scenario)
		slices.Sort(got)
		if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
			t.Errorf("%s at %s (-called +read):\n%s", scenario.ID, scenario.Where(), diff)
		}
	}
}

// sample is one scenario for each rule and side of it, and all that send something at once.
func sample(r *run) (places []int) {
	type side struct {
		rule string
		side plan.Side
	}
	seen := map[side]bool{}
	atOnce := map[int]bool{}
	for _, x := range r.seen.Exchanges {
		atOnce[x.Mark.Scenario] = atOnce[x.Mark.Scenario] || x.Mark.Burst != 0
	}
	for i := range r.in.Plan.Scenarios {
		s := &r.in.Plan.Scenarios[i]
		key := side{s.Rule, s.Side}
		if seen[key] && !atOnce[i] {
			continue
		}
		seen[key] = true
		places = append(places, i)
	}
	return places
}

var answered = regexp.MustCompile(`(?m)^answer ([0-9]+): ([0-9]+) \(recorded: (.*)\)$`)

// The scripts run as they stand, and a server that chooses other ids gives the answers that were recorded.
func TestScripts(t *testing.T) {
	for _, tool := range []string{"sh", "curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the scripts need %s, which .ci/run installs: %v", tool, err)
		}
	}
	r := everything(t)
	others := target.NewFakes(r.project.Fixtures(), nil, new(exchange.Secrets))
	t.Cleanup(others.Close)
	t.Run("scenarios", func(t *testing.T) {
		for _, place := range sample(r) {
			repro := &report.Repro{Scenario: &r.in.Plan.Scenarios[place], Secrets: new(exchange.Secrets), Target: report.BuiltIn}
			r.tell(place, repro)
			for _, value := range secretsOf(repro) {
				repro.Secrets.Learn(value) // its own alone, as when it is repeated alone: one's key is another's id
			}
			t.Run(repro.Scenario.Ref(), func(t *testing.T) {
				t.Parallel()
				runScript(t, repro, others)
			})
		}
	})
}

func runScript(t *testing.T, repro *report.Repro, others *target.Fakes) {
	text := repro.Script()
	var want []string
	for _, x := range repro.Exchanges {
		want = append(want, fmt.Sprint(x.Response.Status))
		for name, values := range x.Request.Header {
			for _, value := range values {
				if repro.Secrets.Hides(name) && len(value) >= 8 && !strings.Contains(value, repro.Word) && strings.Contains(text, value) {
					t.Errorf("the script has the secret of %s in it", name)
				}
			}
		}
	}
	base, err := others.URL(t.Context(), repro.Scenario.Needs)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "sh", "-s")
	command.Env = append(os.Environ(), "BASE="+base)
	for variable, value := range secretsOf(repro) {
		command.Env = append(command.Env, variable+"="+value)
	}
	command.Stdin = strings.NewReader(text)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil || stderr.Len() > 0 {
		t.Errorf("%s: %v\n%s\n%s", repro.Scenario.ID, err, stderr.String(), text)
	}
	var got []string
	for _, match := range answered.FindAllStringSubmatch(stdout.String(), -1) {
		got = append(got, match[2])
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s: statuses (-got +want):\n%s\n%s\n%s", repro.Scenario.ID, diff, text, stdout.String())
	}
}

// secretsOf gives the variables that a script asks for the values that were sent, in the order in which it asks.
func secretsOf(repro *report.Repro) map[string]string {
	values, seen := map[string]string{}, map[string]int{}
	for _, x := range repro.Exchanges {
		for _, name := range slices.Sorted(maps.Keys(x.Request.Header)) {
			for _, value := range x.Request.Header[name] {
				value = strings.TrimSpace(value)
				variable := map[string]string{"X-Partner-Key": "PARTNER_KEY", "Authorization": "AUTHORIZATION"}[name]
				if variable == "" || value == "" || repro.Word != "" && strings.Contains(value, repro.Word) || slices.Contains(slices.Collect(maps.Values(values)), value) {
					continue
				}
				if seen[variable]++; seen[variable] > 1 {
					variable = fmt.Sprint(variable, "_", seen[variable])
				}
				values[variable] = value
			}
		}
	}
	return values
}

// Of a scenario and its check, each in the state that a target makes of them.
func TestRepeat(t *testing.T) {
	const get = "/healthz"
	lie := func(from, to string) func(http.Handler) http.Handler {
		return func(honest http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != get {
					honest.ServeHTTP(w, r)
					return
				}
				told := httptest.NewRecorder()
				honest.ServeHTTP(told, r)
				maps.Copy(w.Header(), told.Header())
				w.WriteHeader(told.Code)
				_, _ = w.Write(bytes.ReplaceAll(told.Body.Bytes(), []byte(from), []byte(to)))
			})
		}
	}
	r := newRun(Config{Milestone: "../../../milestones/M109.yaml"})
	var err error
	if r.project, err = project.Locate(r.Milestone); err != nil {
		t.Fatal(err)
	}
	if r.in, err = r.project.Read(); err != nil {
		t.Fatal(err)
	}
	health := &r.in.Plan.Scenarios[slices.IndexFunc(r.in.Plan.Scenarios, func(s plan.Scenario) bool {
		return s.ID == "features/keys.feature > Health is ok"
	})]
	call := slices.IndexFunc(health.Steps, func(s plan.Step) bool { return strings.Contains(s.Text, `"healthz"`) })
	after := slices.IndexFunc(health.Steps, func(s plan.Step) bool { return strings.HasPrefix(s.Text, "the answer is") })
	tests := []struct {
		name, id string
		wrap     func(http.Handler) http.Handler
		exit     int
		says     string
	}{
		{"a scenario that holds", health.Ref(), nil, verdict.Holds, " does not fail now"},
		{"a scenario that fails", health.Ref(), lie("true", `"yes"`), verdict.Fails, " fails: features/keys.feature:"},
		{"a check that holds", health.CheckRef(call, "schema"), nil, verdict.Holds, " does not fail now: schema at features/keys.feature:"},
		{"a check that fails", health.CheckRef(call, "schema"), lie("true", `"yes"`), verdict.Fails, ", and no other check"},
		{"a check that fails with another", health.CheckRef(call, "schema"), lie(`"corr_healthz","ok":true`, `"corr","ok":"yes"`), verdict.Fails, ", and so do correlation-id"},
		{"a check beside another that fails", health.CheckRef(call, "no-5xx"), lie("true", `"yes"`), verdict.Holds, ", but schema does"},
		{"a check on a sentence that was not reached", health.CheckRef(after, "schema"), lie("true", `"yes"`), verdict.Incomplete,
			" was not reached, for the scenario failed before"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			repro, err := Repeat(t.Context(), Config{Milestone: r.Milestone, Wrap: test.wrap}, test.id)
			if err != nil {
				t.Fatal(err)
			}
			if got := repro.Exit(); got != test.exit {
				t.Errorf("exit %d, want %d", got, test.exit)
			}
			if says := repro.Says(); !strings.HasPrefix(says, test.id) || !strings.Contains(says, test.says) {
				t.Errorf("says %q, want %q", says, test.says)
			}
		})
	}
}
