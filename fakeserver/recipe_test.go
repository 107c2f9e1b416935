package fakeserver_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/internal/recipe"
)

// Each recipe gives what it promises, at its last step and not before, twice on one
// server. It is the shortest: without any one of its steps it does not.
func TestRecipesKeepTheirPromise(t *testing.T) {
	f := fakeserver.Start(t, func(o *fakeserver.Options) { o.NoListener = true })
	runs := 0
	play := func(r *recipe.Recipe) ([]recipe.Exchange, error) {
		runs++
		return r.Run(t.Context(), f.HTTP, recipe.Place{URL: f.URL, Run: fmt.Sprint(runs)})
	}
	for _, r := range recipe.All() {
		t.Run(r.Name(), func(t *testing.T) {
			for range 2 {
				played, err := play(r)
				if err != nil {
					t.Fatal(err)
				}
				for i := range played {
					err := r.Preconditions(&played[i])
					if last := i == len(r.Steps)-1; last && err != nil {
						t.Errorf("the last answer is %v, want %s\n%s", err, r.Description(), played[i].Answer)
					} else if !last && err == nil {
						t.Errorf("step %d is answered so already", i+1)
					}
				}
			}
			for i := range r.Steps {
				shorter := *r
				shorter.Steps = slices.Delete(slices.Clone(r.Steps), i, i+1)
				played, err := play(&shorter)
				if err == nil && len(played) > 0 && shorter.Preconditions(&played[len(played)-1]) == nil {
					t.Errorf("step %d is not needed", i+1)
				}
			}
		})
	}
}

// What is printed can be pasted: a shell that runs the lines gets the same outcome.
func TestRecipesCanBePasted(t *testing.T) {
	f := fakeserver.Start(t)
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
				t.Fatalf("%d lines were printed, want one for each of %d steps and one more\n%s\n%s", len(lines), len(r.Steps), script, out)
			}
			var x recipe.Exchange
			x.Operation, x.Answer = r.Operation, []byte(lines[len(lines)-2])
			status, replayed, _ := strings.Cut(lines[len(lines)-1], " ")
			x.AnswerHeader = map[string][]string{"Idempotent-Replayed": {replayed}}
			if err := json.Unmarshal([]byte(status), &x.Status); err != nil {
				t.Fatal(err)
			}
			if err := r.Preconditions(&x); err != nil {
				t.Errorf("the last answer is %v, want %s\n%s\n%s", err, r.Description(), script, out)
			}
		})
	}
}
