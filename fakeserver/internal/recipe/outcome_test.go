//go:build external

package recipe_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/internal/recipe"
)

// Each recipe has its outcome, at its last step and not before, twice on one server.
// Without any one of its steps it does not.
func TestRecipesHaveTheirOutcome(t *testing.T) {
	f := fakeservertest.StartInMemory(t)
	runs := 0
	run := func(r *recipe.Recipe) ([]recipe.Exchange, error) {
		runs++
		return r.Run(t.Context(), f.HTTP, recipe.Target{URL: f.URL, RunID: fmt.Sprint(runs)})
	}
	for _, r := range recipe.All() {
		t.Run(r.Name(), func(t *testing.T) {
			for range 2 {
				exchanges, err := run(r)
				if err != nil {
					t.Fatal(err)
				}
				for i := range exchanges {
					err := r.Check(&exchanges[i])
					if last := i == len(r.Steps)-1; last && err != nil {
						t.Errorf("the last response is %v, want %s\n%s", err, r.Description(), exchanges[i].Response)
					} else if !last && err == nil {
						t.Errorf("step %d has the outcome already", i+1)
					}
				}
			}
			for i := range r.Steps {
				shorter := *r
				shorter.Steps = slices.Delete(slices.Clone(r.Steps), i, i+1)
				exchanges, err := run(&shorter)
				if err == nil && len(exchanges) > 0 && shorter.Check(&exchanges[len(exchanges)-1]) == nil {
					t.Errorf("step %d is not needed", i+1)
				}
			}
		})
	}
}

// A shell that runs the printed lines gets the outcome.
func TestRecipesCanBePasted(t *testing.T) {
	f := fakeservertest.Start(t)
	for _, r := range recipe.All() {
		t.Run(r.Name(), func(t *testing.T) {
			t.Parallel()
			printed := r.Script(f.URL, map[string]string{fakeserver.WorldHeader: "pasted"})
			last := &printed[len(printed)-1]
			*last = strings.Replace(*last, `-sSw '\n'`, `-sSw '\n%{http_code} %header{Idempotent-Replayed}\n'`, 1)
			script := strings.Join(printed, "\n")
			shell := exec.Command("sh", "-c", script)
			out, err := shell.CombinedOutput()
			if err != nil {
				t.Fatalf("%s\n%v: %s", script, err, out)
			}
			lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
			if len(lines) != len(r.Steps)+1 {
				t.Fatalf("got %d lines, want one for each of %d steps and one more\n%s\n%s", len(lines), len(r.Steps), script, out)
			}
			var x recipe.Exchange
			x.Operation, x.Response = r.Operation, []byte(lines[len(lines)-2])
			status, reexchanges, _ := strings.Cut(lines[len(lines)-1], " ")
			x.ResponseHeader = map[string][]string{"Idempotent-Replayed": {reexchanges}}
			if err := json.Unmarshal([]byte(status), &x.Status); err != nil {
				t.Fatal(err)
			}
			if err := r.Check(&x); err != nil {
				t.Errorf("the last response is %v, want %s\n%s\n%s", err, r.Description(), script, out)
			}
		})
	}
}
