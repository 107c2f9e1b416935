package github

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// red is the record of a run in which n scenarios failed, and said something; and more speaks against it.
func red(n int, says string, more ...string) (*record.Run, *verdict.Verdict) {
	run := &record.Run{Info: record.Info{Milestone: "T1", Title: "A bell", Target: "http://x", Repro: " --target http://x"}}
	reasons := slices.Clone(more)
	for i := range n {
		s := &record.Scenario{
			Scenario: &plan.Scenario{ID: fmt.Sprintf("a.feature > %d", i), URI: "features/a,b:c.feature", Line: i + 1, Name: "100%: a, b"},
			Selected: true, Result: record.Result{Status: record.Failed, Line: i + 2, Message: says},
		}
		run.Scenarios = append(run.Scenarios, s)
		reasons = append(reasons, fmt.Sprintf(`{"id":"scenario-failed","scenario":%[1]q,"message":"x","where":"","ref":%[1]q}`, s.Ref()))
	}
	run.Conclude(false, "", run.StartedAt)
	run.Attach(artifact.Verdict, []byte(`{"exit_code":1,"reasons":[`+strings.Join(reasons, ",")+`]}`))
	v, err := verdict.Of(run)
	if err != nil {
		panic(err) // the tests write it
	}
	return run, v
}

// summarized returns a function that makes the summary of a run.
func summarized(room int) func(*record.Run, *verdict.Verdict) ([]byte, error) {
	return func(run *record.Run, v *verdict.Verdict) ([]byte, error) { return Summary(run, v, room) }
}

// annotated returns a function that makes the annotations of a run.
func annotated(below string) func(*record.Run, *verdict.Verdict) []byte {
	return func(run *record.Run, v *verdict.Verdict) []byte { return Annotations(run, v, below) }
}

func TestAnnotations(t *testing.T) {
	got := string(annotated("")(red(1, "50% of\r\nit ::error::")))
	want := "::error file=features/a%2Cb%3Ac.feature,line=2,title=100%25%3A a%2C b::50%25 of%0D%0Ait ::error::%0Arunner repro s-HEX --target http://x\n"
	if got = regexp.MustCompile("s-[0-9a-f]{10}").ReplaceAllString(got, "s-HEX"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for n, want := range map[int]string{10: "", 11: "::error title=T1::and 2 more, in verdict.json\n", 1000: "::error title=T1::and 991 more, in verdict.json\n"} {
		all := string(annotated("")(red(n, "x")))
		if lines := strings.Count(all, "\n"); lines != 10 || !strings.HasSuffix(all, want) {
			t.Errorf("of %d: %d lines:\n%s", n, lines, all)
		}
	}
	if long := annotated("")(red(1, strings.Repeat("é", 100_000))); len(long) > 3000 {
		t.Errorf("an annotation of %d bytes", len(long))
	}
}

// GitHub shows ten: what was not observed comes last, and in one line when it may follow from what failed.
func TestAnnotationsOfWhatWasNotObserved(t *testing.T) {
	absent := `{"id":"cell-unobserved","message":"c","where":"o","ref":"o-1"},{"id":"rule-unproved","message":"a","where":"r","ref":"r-1"},` +
		`{"id":"rule-unproved","message":"b","where":"r","ref":"r-2"},{"id":"output-unknown","message":"no golden output","where":"output.json"}`
	of := func(failed int) string { return string(annotated("below/here")(red(failed, "x", absent))) }
	want := "::error title=output-unknown::no golden output\n::error title=cell-unobserved::c\n::error title=rule-unproved::a\n::error title=rule-unproved::b\n"
	if got := of(0); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	want = "::error title=output-unknown::no golden output\n::error title=T1::c; rule-unproved: 2; see verdict.json\n"
	for n := 1; n <= 8; n++ {
		got := of(n)
		if !strings.HasSuffix(got, "\n"+want) || strings.Count(got, "\n") != n+2 || strings.Count(got, "::error file=below/here/features/") != n {
			t.Errorf("of %d:\n%s\nwant at its end\n%s", n, got, want)
		}
	}
	if got := of(20); strings.Count(got, "::error file=") != 9 {
		t.Errorf("of 20:\n%s", got)
	}
}

func TestBelow(t *testing.T) {
	repository := t.TempDir()
	inside := filepath.Join(repository, "services", "desk")
	if err := os.MkdirAll(inside, 0o777); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(repository, link); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ workspace, project, want string }{
		{repository, repository, ""},
		{repository, inside, "services/desk"},
		{link, inside, "services/desk"},
		{repository, filepath.Join(link, "services"), "services"},
		{inside, repository, ""},
		{repository, t.TempDir(), ""},
		{"", inside, ""},
	}
	for _, test := range tests {
		if got := (&Actions{Workspace: test.workspace}).Below(test.project); got != test.want {
			t.Errorf("%s below %s: %q, want %q", test.project, test.workspace, got, test.want)
		}
	}
}

// What a target says breaks neither out of its cell nor into HTML, and mentions nobody.
func TestSummaryIsEscaped(t *testing.T) {
	text, err := summarized(MostSummary)(red(1, "a | b\n## c <script>x</script> `d` [e](http://f) @g *h* \\| ![i](j) &amp; \x00"))
	if err != nil {
		t.Fatal(err)
	}
	want := "<code>a \\| b \\#\\# c \\<script\\>x\\<\\/script\\> \\`d\\` \\[e\\]\\(http\\:\\/\\/f\\) \\@g \\*h\\* \\\\\\| \\!\\[i\\]\\(j\\) \\&amp\\;  </code> |"
	if !strings.Contains(string(text), want) {
		t.Errorf("the summary lacks\n%s\nit is\n%s", want, text)
	}
}

func TestSummaryIsCut(t *testing.T) {
	run, v := red(5000, strings.Repeat("x", 500))
	text, err := Summary(run, v, MostSummary)
	if err != nil || len(text) > MostSummary || len(text) < MostSummary-2000 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if !strings.HasSuffix(string(text), "|\n"+cutOff) {
		t.Errorf("it ends with %q", text[len(text)-300:])
	}
	if _, err := Summary(run, v, 10); err == nil {
		t.Error("it fits into 10 bytes")
	}
	short, err := summarized(MostSummary)(red(1, "x"))
	if err != nil || strings.Contains(string(short), cutOff) {
		t.Errorf("%v: %s", err, short)
	}
}

// caused is a run with two causes and one that is known.
func caused() (*record.Run, *verdict.Verdict) {
	run, _ := red(2, "x")
	refs := []string{run.Scenarios[0].Ref(), run.Scenarios[1].Ref()}
	return run, &verdict.Verdict{
		Level: milestones.Full, Exit: 1, Core: &verdict.CoreVerdict{Overall: true, Scenarios: 3, Passed: 3, Rules: 2, Proved: 2},
		Causes: []verdict.Cause{
			{
				Key: "schema: required /a,b", Level: milestones.Full, Reason: "check-failed", Count: 2, Rules: []string{"r1", "r2", "r3", "r4", "r5", "foo"},
				Operations: []string{"bell.ring"}, Scenarios: refs, Example: verdict.Example{
					Scenario: "features/a.feature > x", Ref: "s-1", Where: "features/a.feature:7", Message: "lacks <b>", Exchange: 12, Curl: []string{"curl http://t/bell --data-raw '```\n<b>'"},
				},
			},
			{Key: "output: expected 200, observed 404", Level: milestones.Core, Reason: "output-differs", Count: 1, Rules: []string{"foo"}, Example: verdict.Example{Where: "output.json", Message: "another answer"}},
			{Key: "details: required /c", Known: true, Count: 1},
		},
		Reasons: []record.Reason{{ID: "check-failed", Cause: "schema: required /a,b"}, {ID: "output-differs", Cause: "output"}, {ID: "interrupted", Message: "stopped"}},
	}
}

func TestAnnotationsOfCauses(t *testing.T) {
	got := string(annotated("below")(caused()))
	want := "::error file=below/features/a.feature,line=7,title=schema%3A required /a%2Cb::2 scenarios of @r1, @r2, @r3, @r4, @r5 and 1 more rule; bell.ring%0Alacks <b>%0Arunner repro s-1 --target http://x\n" +
		"::error title=output%3A expected 200%2C observed 404::1 answer of @foo%0Aanother answer\n" +
		"::error title=interrupted::stopped\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSummaryOfCauses(t *testing.T) {
	text, err := summarized(MostSummary)(caused())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| level | full |\n| level core | holds: 3 of 3 scenarios passed, 2 of 2 rules proved, 0 causes |\n",
		"### Causes\n\n| scenarios | level | cause | rules and operations | example |\n|---|---|---|---|---|\n" +
			"| 2 | full | <code>schema\\: required \\/a\\,b</code> | <code>\\@r1\\, \\@r2\\, \\@r3\\, \\@r4\\, \\@r5 and 1 more rule\\; bell\\.ring</code> | " +
			"<code>features\\/a\\.feature\\:7</code>, exchange 12<br><code>runner repro s\\-1 \\-\\-target http\\:\\/\\/x</code> |\n" +
			"| 1 | core | <code>output\\: expected 200\\, observed 404</code> | <code>\\@foo</code> | <code>output\\.json</code> |\n" +
			"\nThe example of the first: <code>features\\/a\\.feature \\> x\\: lacks \\<b\\></code>\n" +
			"\n````sh\ncurl http://t/bell --data-raw '```\n<b>'\n````\n",
		"### Reasons\n\n| reason | | |\n|---|---|---|\n| interrupted | <code>stopped</code> |  |\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the summary lacks\n%s\nit is\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "Did not pass") {
		t.Errorf("scenarios with a cause are listed one by one:\n%s", text)
	}
}
