package run

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/verdict"
)

// What a scenario calls is read in the texts of its steps. It is what it calls.
func TestCalls(t *testing.T) {
	s := newSetup(Config{Milestone: "../../../milestones/M109.yaml"})
	if _, err := s.prepare(); err != nil {
		t.Fatal(err)
	}
	executor, err := s.executor()
	if err != nil {
		t.Fatal(err)
	}
	defer executor.Close()
	run := executor.Run(t.Context())
	calls := s.calls()
	for i := range s.in.Plan.Scenarios {
		scenario, called := &s.in.Plan.Scenarios[i], map[string]bool{}
		for _, x := range run.Scenarios[i].Exchanges {
			called[x.Operation] = true
		}
		want, got := slices.Sorted(maps.Keys(called)), calls(scenario)
		slices.Sort(got)
		if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
			t.Errorf("%s at %s (-called +read):\n%s", scenario.ID, scenario.Where(), diff)
		}
	}
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
	r := newSetup(Config{Milestone: "../../../milestones/M109.yaml"})
	if err := r.readProject(); err != nil {
		t.Fatal(err)
	}
	health := &r.in.Plan.Scenarios[slices.IndexFunc(r.in.Plan.Scenarios, func(s plan.Scenario) bool {
		return s.ID == "features/keys.feature > Health is ok"
	})]
	tests := []struct {
		name, id string
		wrap     func(http.Handler) http.Handler
		exit     int
		says     string
	}{
		{"a scenario that holds", health.Ref(), nil, verdict.Holds, " does not fail now"},
		{"a scenario that fails", health.Ref(), lie("true", `"yes"`), verdict.Fails, " fails: features/keys.feature:"},
		{"a scenario with a failed check", health.Ref(), lie(`"corr_healthz"`, `"corr"`), verdict.Fails, " fails: features/keys.feature:"},
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
			if says := repro.Message(); !strings.HasPrefix(says, test.id) || !strings.Contains(says, test.says) {
				t.Errorf("says %q, want %q", says, test.says)
			}
		})
	}
}
