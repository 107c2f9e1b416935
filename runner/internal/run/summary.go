package run

import (
	"fmt"
	"os"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/github"
	"example.com/lpgate/runner/internal/verdict"
)

// summary is the file that GitHub Actions shows as the summary of a step. It is no artifact, but it has the verdict in it,
// so one that cannot be written speaks against the run like an artifact does.
type summary struct {
	file *os.File
	had  int64 // what other commands of the step wrote
}

// openSummary opens the file; it returns nil when there is to be none.
func openSummary(actions *github.Actions) (*summary, error) {
	if actions == nil || actions.Summary == "" {
		return nil, nil
	}
	file, err := os.OpenFile(actions.Summary, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &summary{file, info.Size()}, nil
}

// write writes the summary of a run, in place of what this run wrote before. When that fails, nothing of it stays.
func (s *summary) write(run *record.Run, v *verdict.Verdict) error {
	text, err := attempt(func() ([]byte, error) { return github.Summary(run, v, github.MostSummary-int(s.had)) })
	if err == nil {
		err = s.rewrite(text)
	}
	if err != nil {
		_ = s.rewrite(nil)
	}
	return err
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

// annotate writes what failed, and where, as commands of GitHub Actions.
func (s *setup) annotate(d *delivery) {
	if s.Actions == nil {
		return
	}
	text, err := attempt(func() ([]byte, error) {
		return github.Annotations(d.run, d.reported, s.Actions.Below(s.project.Root)), nil
	})
	if err == nil {
		_, err = s.Actions.Commands.Write(text)
	}
	if err != nil { // the verdict is in the summary and in the last line all the same
		fmt.Fprintf(s.Stdout, "annotations could not be written: %v\n", err)
	}
}
