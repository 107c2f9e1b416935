package junit

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/runner/internal/eventlog"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/report"
	"example.com/lpgate/runner/internal/verdict"
)

// scenario is one of a feature, and how it ended.
func scenario(name string, status verdict.Status) *eventlog.Scenario {
	s := &eventlog.Scenario{
		Scenario: &plan.Scenario{ID: "features/a.feature > " + name, URI: "features/a.feature", Line: 3, Name: name},
		Selected: true, Result: verdict.Result{Status: status},
	}
	if status != verdict.Passed {
		s.Result.Says = "it is 1"
		s.Failure = &report.Failure{Scenario: s.Scenario, Status: status, Text: "all of it"}
	}
	return s
}

func encoded(t *testing.T, reasons string, scenarios ...*eventlog.Scenario) string {
	t.Helper()
	record := &eventlog.Record{Run: eventlog.Run{Milestone: "T1", Repro: " T1.yaml"}, Scenarios: scenarios, StartedAt: time.Unix(0, 0)}
	record.Conclude(false, "", time.Unix(1, 5e8), map[string][]byte{report.Verdict: []byte(`{"reasons":[` + reasons + `]}`)})
	text, err := Encode(record)
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
	leftOut := scenario("By a rope", verdict.LeftOut)
	leftOut.Failure, leftOut.LeftOut = nil, []string{"rope", "hand"}
	broken := scenario("Unknown", verdict.Undefined)
	notSelected := scenario("Another day", verdict.NotSelected)
	got := encoded(t, `{"id":"floor-unobserved","says":"f was never observed","where":"f","ref":"f-1"},{"id":"interrupted","says":"stopped"}`,
		scenario("Well", verdict.Passed), scenario("Not well", verdict.Failed), leftOut, broken, notSelected)
	want := `<?xml version="1.0" encoding="UTF-8"?>
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
    <testcase name="floor-unobserved f f-1" classname="verdict" time="0.000">
      <failure type="floor-unobserved" message="f was never observed">f was never observed</failure>
    </testcase>
    <testcase name="interrupted: stopped" classname="verdict" time="0.000">
      <error type="interrupted" message="stopped">stopped</error>
    </testcase>
  </testsuite>
</testsuites>
`
	ref := scenario("Not well", verdict.Failed).Ref()
	if want = strings.Replace(want, "s-9a9e7b6ee9", ref, 1); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// XML 1.0 has no way to write most control characters, halves of surrogates and U+FFFE.
func TestWhatXMLForbids(t *testing.T) {
	s := scenario("Not \x00 \x1b well", verdict.Failed)
	s.Result.Says, s.Failure.Text = "\x07 \ufffe \xff ]]> <&>\"", "\x00\x08\x0b ok \t\r\n \xed\xa0\x80 ]]>"
	got := encoded(t, "", s)
	if strings.Contains(got, "]]>") || !strings.Contains(got, "name=\"Not \ufffd \ufffd well\"") ||
		!strings.Contains(got, "message=\"\ufffd \ufffd \ufffd ]]&gt; &lt;&amp;&gt;&#34;\"") || !strings.Contains(got, ">\ufffd\ufffd\ufffd ok &#x9;&#xD;&#xA; ") {
		t.Errorf("%q", got)
	}
}

// A log without its end is red, whatever it has.
func TestACutLogIsRed(t *testing.T) {
	text, err := Encode(&eventlog.Record{Scenarios: []*eventlog.Scenario{scenario("Well", verdict.Passed)}})
	if err != nil || !strings.Contains(string(text), `errors="1"`) || !strings.Contains(string(text), "the event log ends before the run did") {
		t.Errorf("%v\n%s", err, text)
	}
}
