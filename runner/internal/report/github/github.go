// Package github reports a run to GitHub Actions: the causes of failures as annotations at the lines of features, and a
// summary of the step.
//
//	::error file=features/keys.feature,line=96,title=schema%3A const /ok::2 scenarios of @health-is-public%0A…
//
// # Untrusted text
//
// GitHub's runner executes lines of the output that have the form of commands, and answers of a target are part of the
// output: a target could set variables of the job. So everything that is printed goes through [terminal.Quiet]. In the
// summary, text that is not of this package is escaped character by character.
package github

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// Actions is the environment of a run in GitHub Actions; nil outside of it.
type Actions struct {
	// Commands takes workflow commands: stdout as it is, not [terminal.Quiet].
	Commands io.Writer
	// Summary is the file for the summary of the step; "" when there is none.
	Summary string
	// Workspace is the folder of the repository; "" when it is unknown.
	Workspace string
}

// WorkspaceName is the variable that has its path.
const WorkspaceName = "GITHUB_WORKSPACE"

// Below returns the path from the folder of the repository to that of a project, for the names of files in annotations. It is
// "" when they are the same, or the project is outside of the repository.
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

// mostMessage is how many bytes of a message it shows without a click.
const mostMessage = 2000

// Annotations returns the workflow commands for the causes of a run, the biggest first, and for the other reasons against it.
// Files are below a folder of the repository, or at its root. GitHub shows few annotations, so what was not observed comes
// last, and is counted in one line when there are failures, since it may follow from them. The last annotation counts those
// that are left out.
func Annotations(run *record.Run, v *verdict.Verdict, below string) []byte {
	var all [][]byte
	for _, c := range v.NewCauses() {
		file, line := "", 0
		if at, number, found := strings.Cut(c.Example.Where, ":"); found {
			if n, err := strconv.Atoi(number); err == nil {
				file, line = path.Join(below, at), n
			}
		}
		message := c.Summary(5) + "\n" + c.Example.Message
		if c.Example.Ref != "" {
			message += "\nrunner repro " + c.Example.Ref + run.Repro
		}
		all = append(all, command(file, line, c.Key, message))
	}
	for _, s := range withoutCause(run, v) {
		uri, line := s.At()
		message := cmp.Or(s.Explanation(), s.Result.Status.Text())
		if s.Result.Status == record.Failed || s.Result.Status == record.ChecksFailed {
			message += "\n" + run.Again(s)
		}
		all = append(all, command(path.Join(below, uri), line, s.Name, message))
	}
	failed := len(all) > 0
	var absent []record.Reason
	for _, reason := range withoutScenario(run, v) {
		if verdict.IsAbsence(reason.ID) {
			absent = append(absent, reason)
			continue
		}
		all = append(all, command("", 0, reason.ID, reason.Message))
	}
	if failed && len(absent) > 1 {
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

// notObserved counts what was not observed, kind by kind. A reason that is the only one of its kind is written out.
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

// withoutCause returns the scenarios that did not pass and have no cause, such as those with an undefined step. Those that did
// not run are counted by a reason.
func withoutCause(run *record.Run, v *verdict.Verdict) []*record.Scenario {
	explained := map[string]bool{}
	for _, c := range v.NewCauses() {
		for _, ref := range c.Scenarios {
			explained[ref] = true
		}
	}
	var failed []*record.Scenario
	for _, s := range run.Scenarios {
		switch s.Result.Status {
		case record.Passed, record.NotRun, record.SkippedByCapability, record.NotSelected, record.NotAtLevel:
		default:
			if !explained[s.Ref()] && v.KnownAs(s) == nil {
				failed = append(failed, s)
			}
		}
	}
	return failed
}

// withoutScenario returns the reasons that are neither causes nor about a scenario that did not pass.
func withoutScenario(run *record.Run, v *verdict.Verdict) []record.Reason {
	return slices.DeleteFunc(v.Apart(run), func(reason record.Reason) bool { return reason.Cause != "" })
}

// command returns the workflow command of an error annotation.
func command(file string, line int, title, message string) []byte {
	place := ""
	if file != "" {
		place = fmt.Sprintf("file=%s,line=%d,", property.Replace(file), line)
	}
	if len(message) > mostMessage {
		message = strings.ToValidUTF8(message[:mostMessage], "") + " …"
	}
	return fmt.Appendf(nil, "::error %stitle=%s::%s\n", place, property.Replace(title), data.Replace(message))
}

// data and property escape as the toolkit of GitHub does.
var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
