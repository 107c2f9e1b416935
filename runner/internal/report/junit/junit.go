// Package junit writes the report that CI systems read: junit.xml, in the dialect of Jenkins, GitLab, Azure and CircleCI.
//
//	<testsuites name="M109" tests="3" failures="1" errors="0" time="0.412">
//	  <testsuite name="features/keys.feature" tests="3" failures="1" errors="0" skipped="1" …>
//	    <testcase name="Health is ok" classname="features/keys.feature" file="features/keys.feature" line="93" time="0.002">
//	      <failure type="scenario-failed" message="the answer is 201">… runner repro s-0bb72c18b2</failure>
//	    </testcase>
//	  </testsuite>
//	</testsuites>
//
// The first suite, "causes", has a case for each cause, the biggest first. The suites of the features have a case for each
// scenario and each row of an outline. Its name is its id without the file, which is stable as long as its words are.
//
//	<failure>  the scenario failed; of the type "check" when its steps passed and an answer failed a check
//	<error>    the target was not verified: an undefined step, no answer, an interrupt
//	<skipped>  the scenario did not begin, it was left out for a missing capability, or its failure is known
//
// Scenarios that were not selected are not listed: a CI system would count thousands of skipped tests.
//
// Some CI systems read this file alone. So it is red exactly when the run is: a reason that is neither a cause nor about a
// scenario, such as an outcome that was not observed, is a case of the suite "verdict". What was not observed while not
// everything ran is skipped there, beside the error that is the reason. The skipped case "not verified" counts what the run
// did not verify.
package junit

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// Sign is in the first lines of every report: many tools write files of this name.
const Sign = "<!-- lpgate -->"

// suites is the document. The schemas have no count of skipped cases at its root.
type suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Time     seconds  `xml:"time,attr"`
	Suites   []*suite `xml:"testsuite"`
}

type suite struct {
	Name      string  `xml:"name,attr"`
	Tests     int     `xml:"tests,attr"`
	Failures  int     `xml:"failures,attr"`
	Errors    int     `xml:"errors,attr"`
	Skipped   int     `xml:"skipped,attr"`
	Time      seconds `xml:"time,attr"`
	Timestamp string  `xml:"timestamp,attr,omitempty"`
	Cases     []test  `xml:"testcase"`
}

type test struct {
	Name      string   `xml:"name,attr"`
	ClassName string   `xml:"classname,attr"`
	File      string   `xml:"file,attr,omitempty"`
	Line      int      `xml:"line,attr,omitempty"`
	Time      seconds  `xml:"time,attr"`
	Skipped   *problem `xml:"skipped"`
	Failure   *problem `xml:"failure"`
	Error     *problem `xml:"error"`
}

type problem struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// seconds is a duration in the format that all schemas have.
type seconds time.Duration

func (s seconds) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", time.Duration(s).Seconds()), nil
}

// Encode returns the report. Characters that XML does not allow, such as a NUL in an answer, become U+FFFD.
func Encode(run *record.Run, v *verdict.Verdict) ([]byte, error) {
	all := suites{Name: run.Milestone}
	if !run.FinishedAt.IsZero() {
		all.Time = seconds(run.FinishedAt.Sub(run.StartedAt))
	}
	if in := causesSuite(run, v); len(in.Cases) > 0 {
		all.Suites = append(all.Suites, in)
	}
	causes := map[string][]string{} // by the short ids of scenarios
	for _, c := range v.Causes {
		for _, ref := range c.Scenarios {
			causes[ref] = append(causes[ref], c.Key)
		}
	}
	byFeature := map[string]*suite{}
	for _, s := range run.Scenarios {
		if s.Result.Status.Unselected() {
			continue
		}
		in := byFeature[s.URI]
		if in == nil {
			in = &suite{Name: s.URI}
			byFeature[s.URI] = in
			all.Suites = append(all.Suites, in)
		}
		if !s.Began.IsZero() && (in.Timestamp == "" || stamp(s.Began) < in.Timestamp) {
			in.Timestamp = stamp(s.Began)
		}
		in.add(scenarioCase(run, v, s, causes[s.Ref()]))
	}
	if in := verdictSuite(run, v, &all); len(in.Cases) > 0 {
		all.Suites = append(all.Suites, in)
	}
	all.count()
	var b bytes.Buffer
	b.WriteString(xml.Header + Sign + "\n")
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// causesSuite returns the suite of the causes, the biggest first. A known cause is skipped.
func causesSuite(run *record.Run, v *verdict.Verdict) *suite {
	in := &suite{Name: "causes", Timestamp: stamp(run.StartedAt)}
	for i := range v.Causes {
		c := &v.Causes[i]
		each := test{Name: c.Key, ClassName: "causes"}
		if file, line, found := strings.Cut(c.Example.Where, ":"); found {
			if n, err := strconv.Atoi(line); err == nil {
				each.File, each.Line = file, n
			}
		}
		message := c.Summary(10)
		switch p := (&problem{Type: c.Reason, Message: message, Text: c.Example.Text()}); {
		case c.Known:
			each.Name += " (known)"
			each.Skipped = &problem{Message: "known: " + message}
		case verdict.ExitOf(c.Reason) == verdict.Fails:
			each.Failure = p
		default:
			each.Error = p
		}
		in.add(each)
	}
	return in
}

// verdictSuite returns the suite of what is about no single scenario: the reasons that no scenario has, and what was not
// verified. What was not observed comes last, as its cases depend on whether there is anything else that is red.
func verdictSuite(run *record.Run, v *verdict.Verdict, all *suites) *suite {
	in := &suite{Name: "verdict", Timestamp: stamp(run.StartedAt)}
	apart := slices.DeleteFunc(v.Apart(run), func(reason record.Reason) bool { return reason.Cause != "" }) // see ofCauses
	for _, reason := range apart {
		if !v.Absent(reason) {
			in.add(reasonCase(reason))
		}
	}
	all.count()
	red := all.Failures+all.Errors+in.Failures+in.Errors > 0
	for _, reason := range apart {
		if v.Absent(reason) {
			in.add(absentCase(reason, red))
		}
	}
	if v.NotVerified.Any() {
		in.add(test{Name: "not verified", ClassName: "verdict", Skipped: &problem{Message: v.NotVerified.String()}})
	}
	return in
}

// count counts the cases of all suites.
func (s *suites) count() {
	s.Tests, s.Failures, s.Errors = 0, 0, 0
	for _, in := range s.Suites {
		s.Tests += in.Tests
		s.Failures += in.Failures
		s.Errors += in.Errors
	}
}

func (s *suite) add(c test) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	s.Time += c.Time
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

// scenarioCase returns the case of a scenario that failed for some causes.
func scenarioCase(run *record.Run, v *verdict.Verdict, s *record.Scenario, causes []string) test {
	c := test{Name: strings.TrimPrefix(s.ID, s.URI+" > "), ClassName: s.URI, File: s.URI, Line: s.Line, Time: seconds(s.Took())}
	switch s.Result.Status {
	case record.Passed:
		return c
	case record.SkippedByCapability:
		c.Skipped = &problem{Message: "the target lacks " + strings.Join(s.LeftOut, ", ")}
		return c
	case record.NotRun:
		if s.Began.IsZero() {
			c.Skipped = &problem{Message: "not run"}
			return c
		}
	}
	if known := v.KnownAs(s); known != nil {
		c.Skipped = &problem{Message: "known failure"}
		if known.Owner != "" {
			c.Skipped.Message = fmt.Sprintf("known failure until %s, %s: %s", known.Expires, known.Owner, known.Because)
		}
		return c
	}
	p := &problem{Type: verdict.KindOf(s.Result.Status), Message: s.Explanation(), Text: explanation(run, s, causes)}
	if p.Message == "" {
		p.Message = strings.ReplaceAll(string(s.Result.Status), "_", " ")
	}
	switch s.Result.Status {
	case record.ChecksFailed:
		p.Type = "check"
		c.Failure = p
	case record.Failed:
		c.Failure = p
	default:
		c.Error = p
	}
	return c
}

// explanation returns the explanation of a scenario: its causes, the step, the exchange, and how to repeat it.
func explanation(run *record.Run, s *record.Scenario, causes []string) string {
	var lines []string
	for _, key := range causes {
		lines = append(lines, "cause   "+key)
	}
	if at := slices.IndexFunc(s.Steps, func(step record.Step) bool { return step.Line == s.Result.Line }); at >= 0 {
		step := s.Steps[at]
		lines = append(lines, fmt.Sprintf("%s:%d: %s %s", s.URI, step.Line, step.Keyword, step.Text))
	}
	if s.Failure == nil {
		return strings.Join(lines, "\n")
	}
	lines = append(lines, s.Failure.Text)
	if s.Result.Status == record.Failed || s.Result.Status == record.ChecksFailed {
		lines = append(lines, "", "repro   "+run.Again(s))
	}
	return strings.Join(lines, "\n")
}

// reasonCase returns the case of a reason. Its name is made of ids, which are stable while the message is not.
func reasonCase(reason record.Reason) test {
	name := reason.ID
	for _, more := range []string{reason.Where, reason.Cause, reason.Scenario, reason.Ref} {
		if more != "" {
			name += " " + more
		}
	}
	if name == reason.ID {
		name += ": " + reason.Message // there are several of its kind
	}
	c := test{Name: name, ClassName: "verdict"}
	p := &problem{Type: reason.ID, Message: reason.Message, Text: reason.Message}
	if verdict.ExitOf(reason.ID) == verdict.Fails {
		c.Failure = p
	} else {
		c.Error = p
	}
	return c
}

// absentCase returns the case of what was not observed while not everything ran: skipped, or an error when nothing else is red.
func absentCase(reason record.Reason, red bool) test {
	c := reasonCase(reason)
	c.Error, c.Failure = c.Failure, nil
	if red {
		c.Skipped, c.Error = &problem{Message: reason.Message}, nil
	}
	return c
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }
