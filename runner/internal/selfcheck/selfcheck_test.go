package selfcheck

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/runner/internal/checks"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
)

// bell is a correct server.
var bell = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	say := func(status int, id, text string) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("X-Correlation-Id", id)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.ReplaceAll(text, "ID", id))
	}
	switch {
	case r.URL.Path != "/bell":
		say(404, "corr_unrouted", `{"correlation_id":"ID","error":{"code":"NOT_FOUND","message":"No.","details":{"path":"/tower"}}}`)
	case r.URL.RawQuery != "":
		say(409, "corr_bell_get", `{"correlation_id":"ID","error":{"code":"CONFLICT","message":"No.","details":{"reason_code":"bell_cracked"}}}`)
	default:
		say(200, "corr_bell_get", theBell)
	}
})

const theBell = `{"correlation_id":"ID","bell":{"id":"bell_1","weight":7,"loud":true,"state":"hung",` +
	`"made_at":"2026-02-22T16:00:00.000Z","chimes":["ding","dong"]}}`

// undetected are the mutations that the feature of testdata does not detect: it reads neither loud, nor the chimes, nor
// the path that was not found.
var undetected = []string{
	"empty /bell/chimes of bell.get 200",
	"shorten /bell/chimes of bell.get 200",
	"repeat /bell/chimes of bell.get 200",
	"reverse /bell/chimes of bell.get 200",
	"change /bell/chimes/[] of bell.get 200",
	"change /bell/loud of bell.get 200",
	"change /error/details/path of unrouted route_not_found",
}

// unshown are the mutations about the members that the bell never has.
var unshown = []string{
	"drop /bell/founder of bell.get 200",
	"retype /bell/founder of bell.get 200",
	"break /bell/founder of bell.get 200",
	"change /bell/founder of bell.get 200",
	"nullify /bell/founder of bell.get 200",
	"fill /bell/founder of bell.get 200",
	"turn /bell/state from cast of bell.get 200",
	"drop /error/details/hint of ErrorResponse",
	"retype /error/details/hint of ErrorResponse",
	"change /error/details/hint of ErrorResponse",
}

// aProject is a copy of testdata, with one text of a file in the place of another for each three of the edits.
func aProject(t *testing.T, edits ...string) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	for edit := range slices.Chunk(edits, 3) {
		path := filepath.Join(root, edit[0])
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(string(text), edit[1]); got != 1 {
			t.Fatalf("%s has this text %d times, want 1: %s", edit[0], got, edit[1])
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), edit[1], edit[2], 1)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(root, "milestones", "T1.yaml")
}

// checked is what a selfcheck came to.
type checked struct {
	exit  int
	err   error
	page  string
	text  []byte // of selfcheck.json; nil when there is none
	parts document
}

func (c checked) with(s status, listed bool) (ids []string) {
	for _, l := range c.parts.Mutations {
		if l.Status == s && (l.Listed != "") == listed {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

func check(t *testing.T, ctx context.Context, cfg Config) checked {
	t.Helper()
	var page strings.Builder
	cfg.Out, cfg.Stdout, cfg.handler = filepath.Join(t.TempDir(), "out"), &page, bell
	var c checked
	c.exit, c.err = Run(ctx, cfg)
	c.page = page.String()
	text, err := os.ReadFile(filepath.Join(cfg.Out, File))
	if err != nil {
		return c
	}
	c.text = text
	read, err := schemas.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := schemas.Embedded().Lookup("Selfcheck")
	for _, violation := range s.Validate(read.Value) {
		t.Errorf("%s: %v", File, violation)
	}
	if err := json.Unmarshal(text, &c.parts); err != nil {
		t.Fatal(err)
	}
	return c
}

// A weak feature does not detect exactly the mutations that it does not assert, and those that fit no response are not applied.
func TestWeakFeatures(t *testing.T) {
	got := check(t, t.Context(), Config{Milestone: aProject(t)})
	if got.err != nil || got.exit != verdict.Fails {
		t.Errorf("got exit code %d and %v, want %d\n%s", got.exit, got.err, verdict.Fails, got.page)
	}
	if diff := cmp.Diff(got.with(missed, false), undetected); diff != "" {
		t.Errorf("missed (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(got.with(notApplied, false), unshown); diff != "" {
		t.Errorf("not applied (-got +want):\n%s", diff)
	}
	want := []string{"change /error/message of bell.get cracked", "change /error/message of unrouted route_not_found"}
	if diff := cmp.Diff(got.with(missed, true), want); diff != "" {
		t.Errorf("listed (-got +want):\n%s", diff)
	}
	for _, want := range []string{
		"\nmissed: applied, and nothing failed:\n  empty /bell/chimes of bell.get 200 | applied in 1 scenario\n",
		"\nnot applied: no response fits:\n  drop /bell/founder of bell.get 200\n",
		"\nNext: --mutation 'ID' applies one of them;",
	} {
		if !strings.Contains(got.page, want) {
			t.Errorf("the page lacks\n%s\nit is\n%s", want, got.page)
		}
	}
}

// What detected a mutation is reported: the step, or the check that failed.
func TestDetection(t *testing.T) {
	got := check(t, t.Context(), Config{Milestone: aProject(t), Table: true})
	for id, want := range map[string]detectedRow{
		"change /bell/weight of bell.get 200": {
			"features/bell.feature > It is shown", "", "features/bell.feature:7", ""},
		"drop /bell/weight of bell.get 200": {
			"features/bell.feature > It is shown", "", "features/bell.feature:5", "schema"},
		"turn /bell/state from hung of bell.get 200": {
			"features/bell.feature > It is shown", "", "features/bell.feature:8", ""},
		"unsend Content-Type of unrouted route_not_found": {
			"features/bell.feature > Elsewhere is nothing", "", "features/bell.feature:19", "content-type"},
		"feign Idempotent-Replayed of bell.get 200": {
			"features/bell.feature > It is shown", "", "features/bell.feature:5", "replay-header"},
		"pose as 200 of bell.get cracked": {
			"features/bell.feature > It is cracked", "", "features/bell.feature:15", ""},
	} {
		i := slices.IndexFunc(got.parts.Mutations, func(l mutationRow) bool { return l.ID == id })
		if i < 0 || got.parts.Mutations[i].DetectedBy == nil {
			t.Errorf("%s: not detected, or does not exist", id)
			continue
		}
		by := *got.parts.Mutations[i].DetectedBy
		line := "  " + id + " | "
		if by.Check != "" {
			line += "check " + by.Check + ", "
		}
		if line += by.Ref + " " + by.Where + "\n"; !strings.Contains(got.page, line) {
			t.Errorf("the page lacks %q", line)
		}
		by.Ref = ""
		if diff := cmp.Diff(by, want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", id, diff)
		}
	}
}

// repaired are the edits after which every mutation is detected.
var repaired = []string{
	"features/bell.feature", `    And "/bell/weight" is 7` + "\n", `    And "/bell/weight" is 7` + "\n" +
		`    And "/bell/loud" is true` + "\n" + `    And "/bell/chimes" is ["ding", "dong"]` + "\n",
	"features/bell.feature", "without a reason code\n", "without a reason code\n" + `    And "/error/details/path" is "/tower"` + "\n",
	"milestones/T1.yaml", "      reason: A message is for people.\n", "      reason: A message is for people.\n" +
		"    - mutation: \"* /bell/founder of bell.get 200\"\n      reason: The founder is unknown.\n" +
		"    - mutation: turn /bell/state from cast of *\n      reason: A bell that answers is hung.\n" +
		"    - mutation: \"* /error/details/hint of *\"\n      reason: There are no hints.\n",
}

// Progress has the number of mutations that are done, and of those that are not detected.
func TestProgress(t *testing.T) {
	var got strings.Builder
	began := time.Unix(1_700_000_000, 0)
	p := progress{line: terminal.Stream{Writer: &got}.Line(began), all: 3}
	for i, open := range []bool{false, true, false} {
		p.step(open, began.Add(time.Duration(i)*30*time.Second))
	}
	if want := "2 of 3 mutations, 1 not detected\n3 of 3 mutations, 1 not detected\n"; got.String() != want {
		t.Errorf("got %q, want %q", got.String(), want)
	}
}

func TestRepairedFeatures(t *testing.T) {
	milestone := aProject(t, repaired...)
	got := check(t, t.Context(), Config{Milestone: milestone})
	if got.err != nil || got.exit != verdict.Holds || !got.parts.Passed || got.parts.Score.Percent != 100 {
		t.Fatalf("got exit code %d and %v, want %d\n%s", got.exit, got.err, verdict.Holds, got.page)
	}
	again := check(t, t.Context(), Config{Milestone: milestone})
	for _, c := range []*checked{&got, &again} {
		c.parts.StartedAt, c.parts.FinishedAt, c.parts.TookMS = "", "", 0
	}
	if diff := cmp.Diff(string(got.parts.encode()), string(again.parts.encode())); diff != "" {
		t.Errorf("two selfchecks differ (-first +second):\n%s", diff)
	}
}

// Stale entries, and what keeps a selfcheck from a result.
func TestVerdicts(t *testing.T) {
	listing := func(mutation string) []string {
		return append(slices.Clone(repaired), "milestones/T1.yaml", "    - mutation: change /error/message of *\n",
			"    - mutation: "+mutation+"\n      reason: So it was once.\n    - mutation: change /error/message of *\n")
	}
	for _, row := range []struct {
		name  string
		edits []string
		exit  int
		page  string // a part of it
	}{
		{"a listed mutation that is detected", listing("change /bell/weight of bell.get 200"), verdict.Fails,
			"milestones/T1.yaml:39: change /bell/weight of bell.get 200: detected after all: change /bell/weight of bell.get 200\n"},
		{"a family with a detected mutation", listing(`"change /bell/* of bell.get 200"`), verdict.Fails,
			"change /bell/* of bell.get 200: detected after all: change /bell/made_at of bell.get 200\n"},
		{"a listed mutation that does not exist", listing("change /bell/wight of bell.get 200"), verdict.Fails,
			`no such mutation (did you mean "change /bell/weight of bell.get 200"?)` + "\n"},
		{"a threshold that is reached", []string{"milestones/T1.yaml", "threshold: 100", "threshold: 80"}, verdict.Holds,
			"the milestone requires 80 %\n"},
		{"a feature that is not green", []string{"features/bell.feature", `"/bell/weight" is 7`, `"/bell/weight" is 8`}, verdict.Incomplete,
			"the features fail without a mutation, so mutations cannot be checked:\n  scenario-failed       features/bell.feature:7: "},
		{"an outcome that is not shown", []string{"features/bell.feature", "    When I call \"bell.get\" with:\n      | query cracked | yes |\n    Then the answer is 409 CONFLICT because bell_cracked\n",
			"    When I call \"bell.get\"\n    Then the answer is 200\n"}, verdict.Incomplete,
			"  cell-unobserved       "},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := check(t, t.Context(), Config{Milestone: aProject(t, row.edits...)})
			if got.err != nil || got.exit != row.exit {
				t.Errorf("got exit code %d and %v, want %d", got.exit, got.err, row.exit)
			}
			if !strings.Contains(got.page, row.page) {
				t.Errorf("the page lacks\n%s\nit is\n%s", row.page, got.page)
			}
			if written := got.text != nil; written != (row.exit != verdict.Incomplete) {
				t.Errorf("got selfcheck.json written: %t", written)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	for _, row := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"an unknown mutation", Config{Milestone: aProject(t), Mutation: "drop /bell/wieght of bell.get 200"},
			`--mutation: unknown mutation "drop /bell/wieght of bell.get 200" (did you mean "drop /bell/weight of bell.get 200"?)`},
		{"a milestone that asks for nothing", Config{Milestone: aProject(t, "milestones/T1.yaml",
			"selfcheck:\n  threshold: 100\n  unobservable:\n    - mutation: change /error/message of *\n      reason: A message is for people.\n", "")},
			"has no section selfcheck with the required percentage of detected mutations"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := check(t, t.Context(), row.cfg)
			if got.exit != verdict.Broken || got.err == nil || !strings.Contains(got.err.Error(), row.want) {
				t.Errorf("got exit code %d and %v, want %d and …%s…", got.exit, got.err, verdict.Broken, row.want)
			}
		})
	}
}

// One mutation is applied in all its scenarios, and the run is shown.
func TestAlone(t *testing.T) {
	for _, row := range []struct {
		name, mutation string
		exit           int
		page           string
	}{
		{"detected", "change /bell/weight of bell.get 200", verdict.Holds, "was applied in 1 scenario, and 1 of them failed.\n"},
		{"missed", "change /bell/loud of bell.get 200", verdict.Fails, "was applied in 1 scenario, and 0 of them failed.\n"},
		{"not applied", "drop /bell/founder of bell.get 200", verdict.Fails, "was not applied: it fits no response.\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := check(t, t.Context(), Config{Milestone: aProject(t), Mutation: row.mutation})
			if got.err != nil || got.exit != row.exit || !strings.HasSuffix(got.page, row.mutation+"\n"+row.page) {
				t.Errorf("got exit code %d, %v and\n%s\nwant %d and …\n%s", got.exit, got.err, got.page, row.exit, row.page)
			}
			if failed := strings.Contains(got.page, "--- FAILED  features/bell.feature:4"); failed != (row.name == "detected") {
				t.Errorf("got a failure shown: %t\n%s", failed, got.page)
			}
		})
	}
}

// An interrupt leaves nothing behind.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := check(t, ctx, Config{Milestone: aProject(t)}); got.exit != verdict.Interrupted || got.err == nil || got.text != nil {
		t.Errorf("got exit code %d, %v and selfcheck.json %q, want %d", got.exit, got.err, got.text, verdict.Interrupted)
	}
}

// Without a mutation the proxy returns the same bytes.
func TestBaselineRunIsUnchanged(t *testing.T) {
	in, err := (project.Project{File: aProject(t), Root: filepath.Dir(filepath.Dir(aProject(t)))}).Read()
	if err != nil {
		t.Fatal(err)
	}
	checker, err := checks.New(in.Milestone, in.Schemas)
	if err != nil {
		t.Fatal(err)
	}
	s := &selfcheck{Config: Config{handler: bell}, in: in, checker: checker, routes: steps.NewRoutes(in.Milestone), fixtures: os.DirFS("testdata/fixtures")}
	executor := s.executor(nil, []int{0})
	defer executor.Close()
	for _, x := range executor.Run(t.Context()).Exchanges() {
		if got, want := string(x.Response.Body), strings.ReplaceAll(theBell, "ID", "corr_bell_get"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
