//go:build external

package recipe_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/internal/recipe"
)

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
