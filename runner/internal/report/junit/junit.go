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
// A suite is a feature, and a case is a scenario or a row of an outline. Its name is its id without the file, which stays
// the same as long as its words do.
//
//	<failure>  the scenario failed
//	<error>    it says nothing about the target: a broken sentence, no answer, broken off
//	<skipped>  it did not begin; it was left out, for the target lacks what it needs; or its failure is known
//
// A scenario that nobody selected is not listed: a CI system would count it as skipped, in thousands.
//
// Some CI systems read this file alone. So it is red exactly when the run is: what no scenario tells, such as an outcome
// that was not observed, is a case of the suite "verdict". What was not observed only because not everything ran is
// skipped there, beside the error that tells why. The skipped case "not verified" counts what the run did not verify.
package junit

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// Sign is in the first lines of every report: many tools write files of this name.
const Sign = "<!-- lpgate -->"

// suites is the document. Its root has no count of what was skipped: the schemas know of none there.
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

// seconds is a time as all the schemas have it.
type seconds time.Duration

func (s seconds) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", time.Duration(s).Seconds()), nil
}

// Encode writes the report. What XML cannot hold, such as a NUL in an answer, becomes U+FFFD.
func Encode(run *record.Run, v *verdict.Verdict) ([]byte, error) {
	all := suites{Name: run.Milestone}
	if !run.FinishedAt.IsZero() {
		all.Time = seconds(run.FinishedAt.Sub(run.StartedAt))
	}
	byFeature := map[string]*suite{}
	for _, s := range run.Scenarios {
		if s.Result.Status == record.NotSelected {
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
		in.add(caseOf(run, v, s))
	}
	if in := ofVerdict(run, v, &all); len(in.Cases) > 0 {
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

// ofVerdict returns the suite of what is about no single scenario: the reasons that no scenario has, and what was not
// verified. What was not observed comes last, as its cases depend on whether there is anything else that is red.
func ofVerdict(run *record.Run, v *verdict.Verdict, all *suites) *suite {
	in := &suite{Name: "verdict", Timestamp: stamp(run.StartedAt)}
	apart := v.Apart(run)
	for _, reason := range apart {
		if !v.Absent(reason) {
			in.add(reasonOf(reason))
		}
	}
	all.count()
	red := all.Failures+all.Errors+in.Failures+in.Errors > 0
	for _, reason := range apart {
		if v.Absent(reason) {
			in.add(absent(reason, red))
		}
	}
	if v.NotVerified.Any() {
		in.add(test{Name: "not verified", ClassName: "verdict", Skipped: &problem{Message: v.NotVerified.String()}})
	}
	return in
}

// count adds up.
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

// caseOf is the case of a scenario.
func caseOf(run *record.Run, v *verdict.Verdict, s *record.Scenario) test {
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
	p := &problem{Type: verdict.KindOf(s.Result.Status), Message: s.Says(), Text: text(run, s)}
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

// text is all that explains a scenario: the sentence, the exchange, and how to repeat it.
func text(run *record.Run, s *record.Scenario) string {
	var lines []string
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

// reasonOf is the case of a reason that no scenario tells. Its name is the same as long as the reason is, which its words
// need not be.
func reasonOf(reason record.Reason) test {
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

// absent is the case of a reason that is no wonder, since not everything ran. When nothing else is red it is what
// keeps the file from being green.
func absent(reason record.Reason, red bool) test {
	c := reasonOf(reason)
	c.Error, c.Failure = c.Failure, nil
	if red {
		c.Skipped, c.Error = &problem{Message: reason.Message}, nil
	}
	return c
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }
