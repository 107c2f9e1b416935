// Package github tells a run where GitHub Actions shows it: failures as annotations at the lines of features, and a
// summary of the step.
//
//	::error file=features/keys.feature,line=96,title=Health is ok::the answer is 201%0Arunner repro s-0bb72c18b2
//
// # What a target may say
//
// The runner of GitHub takes lines of the output for commands, whoever they come from, and an answer of a target is among
// them: a service that is verified could set variables of the job. So everything that is printed goes through
// [terminal.Quiet].
// In the summary, what is not ours is escaped character by character.
package github

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// Actions is a run's surroundings in GitHub Actions; nil outside of it.
type Actions struct {
	// Commands takes workflow commands: stdout as it is, not [terminal.Quiet].
	Commands io.Writer
	// Summary is the file for the summary of the step; "" when there is none.
	Summary string
	// Workspace is the folder of the repository; "" when nobody says.
	Workspace string
}

// WorkspaceName is the variable that has its path.
const WorkspaceName = "GITHUB_WORKSPACE"

// Below is the way from the repository's folder to that of a project, with which GitHub finds the files that the project
// names. It is "" when they are the same, or the project is no part of the repository.
func (a *Actions) Below(project string) string {
	if a.Workspace == "" {
		return ""
	}
	var folders [2]string
	for i, folder := range []string{a.Workspace, project} {
		if real, err := filepath.EvalSymlinks(folder); err == nil {
			folder = real
		}
		folders[i] = folder
	}
	way, err := filepath.Rel(folders[0], folders[1])
	if err != nil || !filepath.IsLocal(way) || way == "." {
		return ""
	}
	return filepath.ToSlash(way)
}

// SummaryName is what the summary is called among the artifacts: the variable that has its path.
const SummaryName = "GITHUB_STEP_SUMMARY"

// mostAnnotations is how many errors of one step GitHub shows.
const mostAnnotations = 10

// mostMessage is how much of one it shows at a glance.
const mostMessage = 2000

// Annotations are the workflow commands for all that speaks against a run. Its files stand below a folder of the
// repository, or at its root. GitHub shows few of them, so failures come first, and what was not observed is counted in
// one line when there are any, for it may follow from them. The last one tells how many more there are.
func Annotations(run *record.Run, v *verdict.Verdict, below string) []byte {
	var all [][]byte
	failed := failures(run, v)
	for _, s := range failed {
		uri, line := s.At()
		says := cmp.Or(s.Says(), s.Result.Status.Text())
		if s.Result.Status == record.Failed || s.Result.Status == record.ChecksFailed {
			says += "\n" + run.Again(s)
		}
		all = append(all, command(path.Join(below, uri), line, s.Name, says))
	}
	var absent []record.Reason
	for _, reason := range v.Apart(run) {
		if verdict.IsAbsence(reason.ID) {
			absent = append(absent, reason)
			continue
		}
		all = append(all, command("", 0, reason.ID, reason.Message))
	}
	if len(failed) > 0 && len(absent) > 1 {
		all = append(all, command("", 0, run.Milestone, notObserved(absent)))
		absent = nil
	}
	for _, reason := range absent {
		all = append(all, command("", 0, reason.ID, reason.Message))
	}
	if len(all) > mostAnnotations {
		more := len(all) - mostAnnotations + 1
		all = append(all[:mostAnnotations-1], command("", 0, run.Milestone, fmt.Sprintf("and %d more, in %s", more, artifact.Verdict)))
	}
	return bytes.Join(all, nil)
}

// notObserved counts what was not observed, kind by kind. A reason that is the only one of its kind says it itself.
func notObserved(absent []record.Reason) string {
	var kinds []string
	for len(absent) > 0 {
		first, n := absent[0], len(absent)
		absent = slices.DeleteFunc(absent, func(reason record.Reason) bool { return reason.ID == first.ID })
		if n -= len(absent); n == 1 {
			kinds = append(kinds, first.Message)
		} else {
			kinds = append(kinds, fmt.Sprintf("%s: %d", first.ID, n))
		}
	}
	return strings.Join(append(kinds, "see "+artifact.Verdict), "; ")
}

// failures are the scenarios that did not pass, but for those of which that is known, and those that did not run, which a
// reason counts.
func failures(run *record.Run, v *verdict.Verdict) []*record.Scenario {
	var failed []*record.Scenario
	for _, s := range run.Scenarios {
		switch s.Result.Status {
		case record.Passed, record.NotRun, record.SkippedByCapability, record.NotSelected, record.NotAtLevel:
		default:
			if v.KnownAs(s) == nil {
				failed = append(failed, s)
			}
		}
	}
	return failed
}

// command is an error as the runner of GitHub reads it.
func command(file string, line int, title, says string) []byte {
	place := ""
	if file != "" {
		place = fmt.Sprintf("file=%s,line=%d,", property.Replace(file), line)
	}
	if len(says) > mostMessage {
		says = strings.ToValidUTF8(says[:mostMessage], "") + " …"
	}
	return fmt.Appendf(nil, "::error %stitle=%s::%s\n", place, property.Replace(title), data.Replace(says))
}

// data and property escape as the toolkit of GitHub does.
var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// MostSummary is how long the summary of a step may be.
const MostSummary = 1 << 20

// Summary is the summary of a run as Markdown, no longer than room.
func Summary(run *record.Run, v *verdict.Verdict, room int) ([]byte, error) {
	p := &page{room: room - len(cutOff)}
	if p.room < 0 {
		return nil, fmt.Errorf("there is no room left: the summary of a step may have %d bytes", MostSummary)
	}
	p.head(run, v)
	if failed := failures(run, v); len(failed) > 0 {
		p.line("\n### Did not pass\n\n| where | scenario | | repeat it |\n|---|---|---|---|")
		for _, s := range failed {
			uri, line := s.At()
			again := ""
			if s.Result.Status == record.Failed || s.Result.Status == record.ChecksFailed {
				again = code(run.Again(s))
			}
			p.line("| %s | %s | %s | %s |", code(fmt.Sprintf("%s:%d", uri, line)), code(s.Name), code(cmp.Or(s.Says(), s.Result.Status.Text())), again)
		}
	}
	if apart := v.Apart(run); len(apart) > 0 {
		p.line("\n### Why not\n\n| reason | | |\n|---|---|---|")
		for _, reason := range apart {
			p.line("| %s | %s | %s |", escape(reason.ID), code(reason.Message), code(reason.Where))
		}
	}
	if v.Known != nil && len(v.Known.Entries) > 0 {
		p.line("\n### Known failures\n\n| cause or scenario | scenarios | until | owner | reason |\n|---|---|---|---|---|")
		for _, known := range v.Known.Entries {
			p.line("| %s | %d | %s | %s | %s |", code(cmp.Or(known.Cause, known.Scenario)), known.Seen, escape(known.Expires), code(known.Owner), code(known.Because))
		}
	}
	if len(v.Skipped) > 0 {
		p.line("\n### Left out\n\n| the target lacks | scenarios | |\n|---|---|---|")
		for _, gap := range v.Skipped {
			says := "nobody said so"
			if gap.Declared {
				says = "as declared: the verdict says nothing about them"
			}
			p.line("| %s | %d | %s |", code(gap.Capability), len(gap.Scenarios), says)
		}
	}
	p.line("")
	if p.cut {
		p.WriteString(cutOff)
	}
	return p.Bytes(), nil
}

func (p *page) head(run *record.Run, v *verdict.Verdict) {
	verb := "does not hold"
	if v.Overall {
		verb = "holds"
	}
	p.line("## %s %s\n\n%s\n\nexit code %d, against %s\n", escape(run.Milestone), verb, escape(run.Title), v.Exit, code(record.Through(run.Target, run.Proxy)))
	p.line("| | |\n|---|---|")
	var ended []string
	for _, status := range record.Statuses {
		if n := v.Scenarios[status]; n > 0 {
			ended = append(ended, fmt.Sprintf("%d %s", n, status.Text()))
		}
	}
	p.line("| scenarios | %s |", strings.Join(ended, ", "))
	p.line("| exchanges | %d, with %d checks passed and %d failed |", v.Exchanges.Total, v.Exchanges.ChecksPassed, v.Exchanges.ChecksFailed)
	if bodies := v.Exchanges.Bodies(); bodies != "" {
		p.line("| bodies | %s |", bodies)
	}
	proved, required, left := v.Proved()
	p.line("| rules | %d of %d proved, %d left out |", proved, required, left)
	if observed, declared, _ := v.Outcomes(); declared > 0 {
		p.line("| outcomes | %d of %d observed |", observed, declared)
	}
	p.line("| floor | %d of %d reason codes observed |", v.ObservedReasonCodes(), len(v.ReasonCodes))
	if v.Overall && v.NotVerified.Any() {
		p.line("| not verified | %s |", v.NotVerified)
	}
}

// page is lines up to a size.
type page struct {
	bytes.Buffer
	room int
	cut  bool
}

// cutOff is the end of a summary that has no room for more.
const cutOff = "\nThere is more: the summary of a step may have 1 MiB. See `" + artifact.Verdict + "`.\n"

func (p *page) line(format string, args ...any) {
	line := fmt.Sprintf(format, args...) + "\n"
	if p.cut = p.cut || p.Len()+len(line) > p.room; !p.cut {
		p.WriteString(line)
	}
}

// escape makes a text be shown as it is: every character that Markdown or HTML may see something in is one that a
// backslash takes that from.
func escape(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c < ' ' || c == 0x7f:
			c = ' '
		case c < 0x7f && !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') && c != ' ':
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// code is a text in a fixed pitch, in which GitHub mentions nobody.
func code(text string) string {
	if text == "" {
		return ""
	}
	if len(text) > mostMessage {
		text = strings.ToValidUTF8(text[:mostMessage], "") + " …"
	}
	return "<code>" + escape(text) + "</code>"
}
