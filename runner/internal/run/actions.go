package run

import (
	"fmt"
	"os"

	"example.com/lpgate/internal/curl"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/report/github"
)

// summary is the file that GitHub Actions shows as the summary of a step. It is no artifact, but it has the verdict in it,
// so that one that cannot be written speaks against the run like an artifact would.
type summary struct {
	file *os.File
	had  int64 // what other commands of the step wrote
}

// openSummary opens the file, if there is to be one.
func (r *run) openSummary() {
	if r.Actions == nil || r.Actions.Summary == "" {
		return
	}
	file, err := os.OpenFile(r.Actions.Summary, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		r.failed(github.SummaryName, err)
		return
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		r.failed(github.SummaryName, err)
		return
	}
	r.summary = &summary{file, info.Size()}
}

// writeSummary writes it, in place of what this run wrote before.
func (r *run) writeSummary() {
	if r.summary == nil {
		return
	}
	text, err := attempt(func() ([]byte, error) {
		return github.Summary(r.record, r.reported, github.MostSummary-int(r.summary.had))
	})
	if err == nil {
		err = r.summary.rewrite(text)
	}
	if err != nil {
		_ = r.summary.rewrite(nil) // half a summary is none
		r.closeSummary()
		r.failed(github.SummaryName, err)
	}
}

func (s *summary) rewrite(text []byte) error {
	if info, err := s.file.Stat(); err == nil && info.Size() > s.had {
		if err := s.file.Truncate(s.had); err != nil {
			return err
		}
	}
	_, err := s.file.Write(text)
	return err
}

func (r *run) closeSummary() {
	if r.summary != nil {
		_ = r.summary.file.Close()
		r.summary = nil
	}
}

// annotate tells GitHub Actions what failed, and where.
func (r *run) annotate() {
	if r.Actions == nil {
		return
	}
	text, err := attempt(func() ([]byte, error) {
		return github.Annotations(r.record, r.reported, r.Actions.Below(r.project.Root)), nil
	})
	if err == nil {
		_, err = r.Actions.Commands.Write(text)
	}
	if err != nil { // the verdict stands in the summary and in the last line all the same
		fmt.Fprintf(r.Stdout, "annotations could not be written: %v\n", err)
	}
}

// tellKilled names the runs that were killed on their way to the same place.
func (r *run) tellKilled(folders []string) {
	for _, folder := range folders {
		shown := curl.Quote(artifact.DisplayPath(folder))
		fmt.Fprintf(r.Stdout, "a run was killed here; runner report %s tells what it saw\n", shown)
	}
}
