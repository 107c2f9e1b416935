package html_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/lpgate/features"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/html"
	"example.com/lpgate/runner/internal/run"
	"example.com/lpgate/runner/internal/verdict"
)

// hostile is what a name, a header and a body try to do to the page.
const hostile = `</script></pre>--><img src=x onerror="globalThis.harmed=1"><script>globalThis.harmed=2</script>{{.}}` + "`${globalThis.harmed=3}`"

// attack is a scenario with all that. It fails: what is answered is not what the contract says.
const attack = `
  @health-is-public
  Scenario: ` + hostile + `
    When I call "healthz" with:
      | header X-Note | ` + hostile + ` |
    Then the answer is 200

  @health-is-public
  Scenario: Has an undefined step
    Given I bring no identity
    Then all is well ` + hostile + `
`

// harm answers the attack with its own words.
func harm(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note := r.Header.Get("X-Note")
		if note == "" {
			h.ServeHTTP(w, r)
			return
		}
		seen := httptest.NewRecorder()
		h.ServeHTTP(seen, r)
		for name, values := range seen.Header() {
			w.Header()[name] = values
		}
		w.Header().Set("X-Note", note)
		w.Header().Del("Content-Length")
		quoted := strings.NewReplacer(`"`, `\"`).Replace(note)
		_, _ = w.Write(bytes.Replace(seen.Body.Bytes(), []byte(`"ok":true`), []byte(`"ok":"`+quoted+`","`+quoted+`":1`), 1))
	})
}

// finishedRun is what a run left behind.
type finishedRun struct {
	page, log []byte
	refs      map[string]string // by the names of the scenarios
}

// verify runs the scenarios of some rules, or all, against a fake that is wrapped, with one feature that goes on after its end.
func verify(feature, more string, wrap func(http.Handler) http.Handler, rules ...string) (_ *finishedRun, err error) {
	folder, err := os.MkdirTemp("", "page")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	if err := os.CopyFS(filepath.Join(folder, "features"), features.FS); err != nil {
		return nil, err
	}
	milestone := filepath.Join(folder, "milestones", "M109.yaml")
	if err := os.MkdirAll(filepath.Dir(milestone), 0o700); err != nil {
		return nil, err
	}
	text, err := os.ReadFile("../../../../milestones/M109.yaml")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(milestone, text, 0o600); err != nil {
		return nil, err
	}
	if more != "" {
		f, err := os.OpenFile(filepath.Join(folder, "features", feature), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		if _, err := f.WriteString(more); err != nil {
			return nil, err
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	planned, err := plan.Load(milestones.M109(), os.DirFS(filepath.Join(folder, "features")))
	if err != nil {
		return nil, err
	}
	r := &finishedRun{refs: map[string]string{}}
	var refs []string
	for i := range planned.Scenarios {
		s := &planned.Scenarios[i]
		r.refs[s.Name] = s.Ref()
		if slices.Contains(rules, s.Rule) {
			refs = append(refs, s.Ref())
		}
	}
	// Where the project is stands in commands that repeat a scenario, so the run is made from there.
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if err := os.Chdir(folder); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Chdir(here)) }()
	out := "out"
	if _, err := run.Run(context.Background(), run.Config{Milestone: "milestones/M109.yaml", Out: out, Filter: plan.Filter{Refs: refs}, Stdout: io.Discard, Wrap: wrap}); err != nil {
		return nil, err
	}
	if r.page, err = os.ReadFile(filepath.Join(out, artifact.Page)); err != nil {
		return nil, err
	}
	r.log, err = os.ReadFile(filepath.Join(out, artifact.Messages))
	return r, err
}

var attacked = sync.OnceValues(func() (*finishedRun, error) {
	return verify("keys.feature", attack, harm, "health-is-public", "export-chains-pages", "rollout-climbs-one-tier", "export-continuation-is-complete")
})

// red is the run that most tests look at: it walks exports, is refused, and is attacked.
func red(t testing.TB) *finishedRun {
	t.Helper()
	r, err := attacked()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func encode(t testing.TB, r *record.Run) ([]byte, error) {
	t.Helper()
	return html.Encode(r, decided(t, r))
}

func decided(t testing.TB, r *record.Run) *verdict.Verdict {
	t.Helper()
	v, err := verdict.Of(r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func logged(t testing.TB, log []byte) *record.Run {
	t.Helper()
	r, err := record.Read(bytes.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
