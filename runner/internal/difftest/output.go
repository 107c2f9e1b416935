package difftest

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/report/repro"
	"example.com/lpgate/runner/internal/service"
)

// file is a file of a divergence.
type file struct {
	name string
	text []byte
}

// files returns the files of a divergence: a feature, unless no step can express the difference, curl commands, and the
// divergence itself.
func (d *Divergence) files(s *session, f *finding) []file {
	var files []file
	if scenario := d.scenario(s, f); scenario != "" {
		files = append(files, file{d.ID + ".feature", []byte(s.secrets.Scrub(scenario))})
	}
	commands := s.curlCommands(f.execution, d.ID+": "+d.Difference.String())
	return append(files, file{d.ID + ".sh", []byte(commands)}, file{d.ID + ".json", encoded(d)})
}

// write writes each file completely or not at all. The last one is the one that runner repro reads.
func write(folder string, files []file) error {
	for _, f := range files {
		if err := artifact.ReplaceFile(filepath.Join(folder, f.name), f.text); err != nil {
			return fmt.Errorf("writing a difference: %w", err)
		}
	}
	return nil
}

// print prints the scenario, the curl commands and the names of the files.
func (d *Divergence) print(w io.Writer, folder string, files []file) {
	fmt.Fprintf(w, "%s  %s\n%s\n", d.ID, d.Operation, d.Difference.String())
	for _, f := range files {
		if filepath.Ext(f.name) != ".json" {
			fmt.Fprintf(w, "\n%s", f.text)
		}
	}
	fmt.Fprintln(w)
	for _, f := range files {
		fmt.Fprintln(w, filepath.Join(folder, f.name))
	}
}

// curlCommands returns the requests of an execution as curl commands with the ids of this run, after a comment: those to the
// target, or to the fake if there is no target.
func (s *session) curlCommands(e *execution, comment string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", comment)
	base := "http://" + service.FakeAddress
	if s.target != nil {
		base = s.base.String()
	}
	for _, call := range e.calls {
		sent := call.fake.sent
		if s.target != nil {
			sent = call.target.sent
		}
		sent.Header = s.service.WithHeaders(sent.Header)
		for range call.fake.responses {
			fmt.Fprintf(&b, "%s\n", repro.Curl(strings.TrimSuffix(base, "/"), s.service.Curl, &sent, s.secrets))
		}
	}
	return b.String()
}
