package html

import (
	"html/template"
	"net/http"
	"strings"
	"time"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/repro"
	"example.com/lpgate/schemas"
)

// detailsView has the details of a scenario, which are shown when it is opened.
type detailsView struct {
	*record.Scenario
	Repro string
	Chain *walk
	Steps []stepView
	// Rest are the exchanges that belong to none of its steps.
	Rest []exchangeView
}

// stepView is a step with its exchanges. There are thousands of them, and a template finds a field of an embedded struct slowly,
// so stepView and exchangeView have fields of their own.
type stepView struct {
	Keyword   string
	Text      string
	Table     [][]string
	DocString string
	Status    string
	Message   string
	Took      time.Duration
	Number    int
	Ref       string
	Failure   *record.Failure // that ended here
	Nearest   []string        // the nearest step definitions of an undefined step
	Exchanges []exchangeView
}

// exchangeView is a request and its answer.
type exchangeView struct {
	Exchange *record.Exchange
	Line     string // the request in short
	Request  messageView
	Answer   *messageView
	Curl     string
	Start    string // the command that starts a server for it; "" when one is running
	Open     bool
	Failed   []record.CheckResult
	Passed   []string
	Others   []record.CheckResult // that do not apply
}

// messageView is a request or an answer.
type messageView struct {
	Header template.HTML
	Body   template.HTML
	Empty  bool
	// Length is the length of the body when only its beginning is recorded; 0 otherwise.
	Length int
}

// endpointOf returns where a request can be sent again, and the command that starts a server there; "" when one is running.
func endpointOf(f *record.Failure, r *record.Run) (base, start string) {
	switch {
	case f != nil && f.Base != "":
		return f.Base, f.Start
	case r.Target == record.BuiltIn:
		return r.Base, "go run ./fakeserver/cmd/fakeserver --addr " + strings.TrimPrefix(r.Base, "http://")
	}
	return r.Base, ""
}

func detailsOf(line *row, r *record.Run) *detailsView {
	s := line.Scenario
	ref := s.Ref()
	v := &detailsView{Scenario: s, Chain: line.chain}
	if notPassed(s.Result.Status) && s.Selected {
		v.Repro = r.Again(s)
	}
	for i, step := range s.Steps {
		view := stepView{
			Keyword: step.Keyword, Text: step.Text, Table: step.Table, DocString: step.DocString, Status: step.Status,
			Message: step.Message, Took: step.Took, Number: i + 1, Ref: ref,
		}
		if f := s.Failure; f != nil && f.Step == i {
			view.Failure, view.Message = f, ""
		}
		if s.Failure != nil {
			for _, u := range s.Failure.Undefined {
				if u.Step == i {
					view.Nearest = u.Nearest
				}
			}
		}
		v.Steps = append(v.Steps, view)
	}
	for _, x := range s.Exchanges {
		view := exchangeOf(x, s.Failure, r)
		if at := x.Mark.Step; at >= 0 && at < len(v.Steps) {
			v.Steps[at].Exchanges = append(v.Steps[at].Exchanges, view)
		} else {
			v.Rest = append(v.Rest, view)
		}
	}
	return v
}

func exchangeOf(x *record.Exchange, f *record.Failure, r *record.Run) exchangeView {
	v := exchangeView{Exchange: x, Line: x.Request.Method + " " + x.Request.Target, Failed: x.Failures()}
	base, start := endpointOf(f, r)
	v.Curl, v.Start = repro.Curl(base, r.Flags, &x.Request, new(record.Secrets)), start
	v.Open = len(v.Failed) > 0 || x.Response == nil || f != nil && f.Exchange == x
	var violations []schemas.Violation
	for _, result := range x.Checks {
		switch result.Status {
		case record.CheckPassed:
			v.Passed = append(v.Passed, result.Check)
		case record.CheckNotApplicable:
			v.Others = append(v.Others, result)
		default:
			violations = append(violations, result.Violations...)
		}
	}
	v.Request = messageOf(x.Request.Header, x.Request.Body, x.Request.Length, nil)
	if a := x.Response; a != nil {
		answer := messageOf(a.Header, a.Body, a.Length, violations)
		v.Answer = &answer
	}
	return v
}

func messageOf(h http.Header, text []byte, length int, violations []schemas.Violation) messageView {
	return messageView{Header: header(h), Body: body(text, violations), Empty: len(text) == 0 && len(violations) == 0, Length: length}
}

// Summary returns the answer in one line.
func (v exchangeView) Summary() string {
	if v.Exchange.Response == nil {
		return "no answer: " + v.Exchange.Failure
	}
	return v.Exchange.Message
}

// NotRun reports whether the step did not begin, or was skipped.
func (v stepView) NotRun() bool { return v.Status == "" || v.Status == "skipped" }

// Class returns the CSS class of the answer.
func (v exchangeView) Class() string {
	switch {
	case v.Exchange.Response == nil || v.Exchange.Outcome == "":
		return "bad"
	case v.Exchange.Response.Status >= 400:
		return "refused"
	}
	return "good"
}

// diffLine is a line of a difference with its CSS class.
type diffLine struct{ Class, Text string }

func diffLines(diff string) (lines []diffLine) {
	for line := range strings.SplitSeq(strings.TrimRight(diff, "\n"), "\n") {
		class := ""
		switch {
		case strings.HasPrefix(line, "+"):
			class = "add"
		case strings.HasPrefix(line, "-"):
			class = "del"
		}
		lines = append(lines, diffLine{class, line})
	}
	return lines
}
