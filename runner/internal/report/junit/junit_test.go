package junit

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// scenario returns a scenario that ended with a status.
func scenario(name string, status record.Status) *record.Scenario {
	s := &record.Scenario{
		Scenario: &plan.Scenario{ID: "features/a.feature > " + name, URI: "features/a.feature", Line: 3, Name: name},
		Selected: true, Result: record.Result{Status: status},
	}
	if status != record.Passed {
		s.Result.Message = "it is 1"
		s.Failure = &record.Failure{Scenario: s.Scenario, Status: status, Text: "all of it"}
	}
	return s
}

func encoded(t *testing.T, reasons string, scenarios ...*record.Scenario) string {
	t.Helper()
	run := &record.Run{Info: record.Info{Milestone: "T1", Repro: " T1.yaml"}, Scenarios: scenarios, StartedAt: time.Unix(0, 0)}
	counted := map[record.Status]int{}
	for _, s := range scenarios {
		counted[s.Result.Status]++
	}
	counts, err := json.Marshal(counted)
	if err != nil {
		t.Fatal(err)
	}
	run.Conclude(false, "", time.Unix(1, 5e8))
	run.Attach(artifact.Verdict, fmt.Appendf(nil, `{"reasons":[%s],"scenarios":%s}`, reasons, counts))
	v, err := verdict.Of(run)
	if err != nil {
		t.Fatal(err)
	}
	text, err := Encode(run, v)
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(strings.NewReader(string(text))); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return string(text)
		} else if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
}

func TestEncode(t *testing.T) {
	leftOut := scenario("By a rope", record.SkippedByCapability)
	leftOut.Failure, leftOut.LeftOut = nil, []string{"rope", "hand"}
	broken := scenario("Unknown", record.Undefined)
	notSelected := scenario("Another day", record.NotSelected)
	got := encoded(t, `{"id":"cell-undeclared","message":"f is new","where":"f","ref":"o-1"},{"id":"interrupted","message":"stopped"}`,
		scenario("Well", record.Passed), scenario("Not well", record.Failed), leftOut, broken, notSelected)
	want := `<?xml version="1.0" encoding="UTF-8"?>
<!-- lpgate -->
<testsuites name="T1" tests="6" failures="2" errors="2" time="1.500">
  <testsuite name="features/a.feature" tests="4" failures="1" errors="1" skipped="1" time="0.000">
    <testcase name="Well" classname="features/a.feature" file="features/a.feature" line="3" time="0.000"></testcase>
    <testcase name="Not well" classname="features/a.feature" file="features/a.feature" line="3" time="0.000">
      <failure type="scenario-failed" message="it is 1">all of it&#xA;&#xA;repro   runner repro s-9a9e7b6ee9 T1.yaml</failure>
    </testcase>
    <testcase name="By a rope" classname="features/a.feature" file="features/a.feature" line="3" time="0.000">
      <skipped message="the target lacks rope, hand"></skipped>
    </testcase>
    <testcase name="Unknown" classname="features/a.feature" file="features/a.feature" line="3" time="0.000">
      <error type="sentence-undefined" message="it is 1">all of it</error>
    </testcase>
  </testsuite>
  <testsuite name="verdict" tests="2" failures="1" errors="1" skipped="0" time="0.000" timestamp="1970-01-01T00:00:00">
    <testcase name="cell-undeclared f o-1" classname="verdict" time="0.000">
      <failure type="cell-undeclared" message="f is new">f is new</failure>
    </testcase>
    <testcase name="interrupted: stopped" classname="verdict" time="0.000">
      <error type="interrupted" message="stopped">stopped</error>
    </testcase>
  </testsuite>
</testsuites>
`
	ref := scenario("Not well", record.Failed).Ref()
	if want = strings.Replace(want, "s-9a9e7b6ee9", ref, 1); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// What was not observed is a failure of a run in which everything ran. In another it is skipped, beside what tells why;
// when that is no error, as of what was left out as declared, it is the error itself, or the file would be green.
func TestWhatWasNotObserved(t *testing.T) {
	const absent = `{"id":"rule-unproved","message":"@a: no scenario","where":"a","ref":"r-1"}`
	cut := scenario("Cut", record.NotRun)
	cut.Began = time.Unix(0, 0)
	waiting := scenario("Waiting", record.NotRun)
	waiting.Failure = nil
	leftOut := scenario("By a rope", record.SkippedByCapability)
	leftOut.Failure = nil
	tests := []struct {
		name, reasons string
		scenarios     []*record.Scenario
		want          []string
	}{
		{"everything ran", absent, []*record.Scenario{scenario("Well", record.Passed)},
			[]string{`tests="2" failures="1" errors="0"`, `<failure type="rule-unproved"`}},
		{"interrupted", `{"id":"interrupted","message":"stopped"},{"id":"scenario-not-run","message":"2 of 3"},` + absent,
			[]*record.Scenario{scenario("Well", record.Passed), cut, waiting},
			[]string{`tests="6" failures="0" errors="3"`, `tests="3" failures="0" errors="1" skipped="1"`, `tests="3" failures="0" errors="2" skipped="1"`,
				`<skipped message="@a: no scenario">`, `<skipped message="not run">`, `<error type="scenario-not-run" message="it is 1">`}},
		{"left out as declared", absent, []*record.Scenario{scenario("Well", record.Passed), leftOut},
			[]string{`tests="3" failures="0" errors="1"`, `<error type="rule-unproved"`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := encoded(t, test.reasons, test.scenarios...)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("it lacks %s:\n%s", want, got)
				}
			}
		})
	}
}

func TestCauses(t *testing.T) {
	checked, failed := scenario("Loud", record.ChecksFailed), scenario("Soft", record.Failed)
	run := &record.Run{Info: record.Info{Repro: " T1.yaml"}, Scenarios: []*record.Scenario{checked, failed}, StartedAt: time.Unix(0, 0)}
	v := &verdict.Verdict{Scenarios: map[record.Status]int{record.ChecksFailed: 1, record.Failed: 1}, Causes: []verdict.Cause{
		{
			Key: "schema: type /ok", Reason: "check-failed", Count: 2, Rules: []string{"bell-rings"}, Operations: []string{"bell.ring"},
			Scenarios: []string{checked.Ref(), failed.Ref()},
			Example:   verdict.Example{Scenario: checked.ID, Ref: "s-1", Where: "features/a.feature:4", Message: "no <ok>", Exchange: 7, Curl: []string{"curl http://t/bell"}},
		},
		{Key: "answer: none", Reason: "target-unreachable", Count: 1, Scenarios: []string{failed.Ref()}, Example: verdict.Example{Where: "output.json"}},
		{Key: "schema: type /ok", Reason: "check-failed", Known: true, Count: 1, Scenarios: []string{"s-2"}},
	}, Reasons: []record.Reason{{ID: "check-failed", Cause: "schema: type /ok"}, {ID: "rule-unproved", Where: "r", Message: "@r"}}}
	text, err := Encode(run, v)
	if err != nil {
		t.Fatal(err)
	}
	want := `  <testsuite name="causes" tests="3" failures="1" errors="1" skipped="1" time="0.000" timestamp="1970-01-01T00:00:00">
    <testcase name="schema: type /ok" classname="causes" file="features/a.feature" line="4" time="0.000">
      <failure type="check-failed" message="2 scenarios of @bell-rings; bell.ring">s-1  features/a.feature &gt; Loud&#xA;features/a.feature:4: no &lt;ok&gt;&#xA;line 7 of exchanges.ndjson&#xA;curl http://t/bell</failure>
    </testcase>
    <testcase name="answer: none" classname="causes" time="0.000">
      <error type="target-unreachable" message="1 scenario">output.json: </error>
    </testcase>
    <testcase name="schema: type /ok (known)" classname="causes" time="0.000">
      <skipped message="known: 1 scenario"></skipped>
    </testcase>
  </testsuite>
  <testsuite name="features/a.feature" tests="2" failures="2" errors="0" skipped="0" time="0.000">
    <testcase name="Loud" classname="features/a.feature" file="features/a.feature" line="3" time="0.000">
      <failure type="check" message="it is 1">cause   schema: type /ok&#xA;all of it&#xA;&#xA;repro   runner repro REF T1.yaml</failure>
    </testcase>
    <testcase name="Soft" classname="features/a.feature" file="features/a.feature" line="3" time="0.000">
      <failure type="scenario-failed" message="it is 1">cause   schema: type /ok&#xA;cause   answer: none&#xA;all of it&#xA;&#xA;repro   runner repro REF T1.yaml</failure>
    </testcase>
  </testsuite>
  <testsuite name="verdict" tests="1" failures="1" errors="0" skipped="0" time="0.000" timestamp="1970-01-01T00:00:00">
    <testcase name="rule-unproved r" classname="verdict" time="0.000">
      <failure type="rule-unproved" message="@r">@r</failure>
    </testcase>
  </testsuite>
`
	got := strings.NewReplacer(checked.Ref(), "REF", failed.Ref(), "REF").Replace(string(text))
	if !strings.Contains(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestNotVerified(t *testing.T) {
	run := &record.Run{Scenarios: []*record.Scenario{scenario("Well", record.Passed)}, StartedAt: time.Unix(0, 0)}
	text, err := Encode(run, &verdict.Verdict{Overall: true, NotVerified: verdict.NotVerified{Scenarios: 2, Rules: 1}})
	want := `<testcase name="not verified" classname="verdict" time="0.000">
      <skipped message="2 scenarios, 1 rule and 0 outcomes"></skipped>`
	if err != nil || !strings.Contains(string(text), want) || !strings.Contains(string(text), `tests="2" failures="0" errors="0"`) {
		t.Errorf("%v\n%s", err, text)
	}
	text, err = Encode(run, &verdict.Verdict{Overall: true})
	if err != nil || strings.Contains(string(text), "not verified") {
		t.Errorf("%v\n%s", err, text)
	}
}

// XML 1.0 has no way to write most control characters, halves of surrogates and U+FFFE.
func TestWhatXMLForbids(t *testing.T) {
	s := scenario("Not \x00 \x1b well", record.Failed)
	s.Result.Message, s.Failure.Text = "\x07 \ufffe \xff ]]> <&>\"", "\x00\x08\x0b ok \t\r\n \xed\xa0\x80 ]]>"
	got := encoded(t, "", s)
	if strings.Contains(got, "]]>") || !strings.Contains(got, "name=\"Not \ufffd \ufffd well\"") ||
		!strings.Contains(got, "message=\"\ufffd \ufffd \ufffd ]]&gt; &lt;&amp;&gt;&#34;\"") || !strings.Contains(got, ">\ufffd\ufffd\ufffd ok &#x9;&#xD;&#xA; ") {
		t.Errorf("%q", got)
	}
}

// A log without its end is red, whatever it has.
func TestACutLogIsRed(t *testing.T) {
	run := &record.Run{Scenarios: []*record.Scenario{scenario("Well", record.Passed)}}
	v, err := verdict.Of(run)
	if err != nil {
		t.Fatal(err)
	}
	text, err := Encode(run, v)
	if err != nil || !strings.Contains(string(text), `errors="1"`) || !strings.Contains(string(text), "the event log ends before the run did") {
		t.Errorf("%v\n%s", err, text)
	}
}
