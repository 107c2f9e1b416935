package difftest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/usage"
)

// Repetition is a recorded difference that was executed again.
type Repetition struct {
	// Recorded is the difference as it was recorded.
	Recorded *Divergence
	// Now is what differs now; nil if nothing does.
	Now *Difference
	// Same is set if Now has the cause that was recorded, in the same call.
	Same bool

	servers, scenario, commands string
}

// Repeat executes the sequence of a recorded difference in the folder of the configuration. It writes no files.
//
// The error is [usage.Error], one for which [Unreachable] holds, or due to a broken file.
func Repeat(ctx context.Context, cfg Config, id string) (*Repetition, error) {
	s, err := newSession(cfg)
	if err != nil {
		return nil, err
	}
	defer s.close()
	folder := cfg.folder(s.milestone.ID)
	r := &Repetition{servers: s.describe()}
	if r.Recorded, err = readDivergence(folder, id); err != nil {
		return nil, err
	}
	if err := s.checkDivergence(r.Recorded); err != nil {
		return nil, err
	}
	scenario, err := os.ReadFile(filepath.Join(folder, id+".feature"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // some differences have none
		return nil, fmt.Errorf("reading the scenario of a difference: %w", err)
	}
	r.scenario = string(scenario)
	if err := s.probe(ctx); err != nil {
		return nil, err
	}
	return r, r.execute(ctx, s)
}

// execute executes the sequence. Without a target it tries a second fake that is new, and one that has given ids before.
func (r *Repetition) execute(ctx context.Context, s *session) error {
	writer, err := golden.NewWriter(s.milestone, nil)
	if err != nil {
		return err
	}
	e, err := s.execute(ctx, writer, 0, r.Recorded.Sequence, nil)
	if err == nil && e.findingOf("") == nil && s.target == nil {
		e, err = s.execute(ctx, writer, 1, r.Recorded.Sequence, nil)
	}
	if err != nil {
		return err
	}
	found := e.findingOf(r.Recorded.Cause)
	if found == nil {
		found = e.findingOf("")
	}
	result := "no difference now"
	if found != nil {
		r.Now = &s.divergence(found).Difference
		r.Same = r.Now.Cause() == r.Recorded.Cause && len(found.calls) == len(r.Recorded.Sequence.Calls)
		result = r.Now.String()
	}
	r.commands = s.curlCommands(e, r.Recorded.ID+": "+result)
	return nil
}

// readDivergence reads a difference from a folder.
func readDivergence(folder, id string) (*Divergence, error) {
	files, err := filepath.Glob(filepath.Join(globEscaper.Replace(folder), "d-*.json"))
	if err != nil {
		return nil, fmt.Errorf("listing the differences in %s: %w", folder, err)
	}
	var ids []string
	for _, file := range files {
		ids = append(ids, strings.TrimSuffix(filepath.Base(file), ".json"))
	}
	if slices.Contains(ids, id) {
		return readDivergenceFile(filepath.Join(folder, id+".json"))
	}
	hint := "it has no differences"
	if len(ids) > 0 {
		hint = fmt.Sprintf("it has %d others", len(ids))
	}
	if nearest := suggest.Nearest(id, ids); nearest != "" {
		hint = "did you mean " + nearest + "?"
	}
	return nil, usage.Errorf("no difference %s in %s (%s): find differences with `runner diff`, or use another folder with --from DIR", id, artifact.DisplayPath(folder), hint)
}

// globEscaper escapes the characters with a meaning in patterns of file names.
var globEscaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

// readDivergenceFile reads a file that a run wrote, and checks that it was not changed.
func readDivergenceFile(name string) (*Divergence, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading a difference: %w", err)
	}
	d := new(Divergence)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(d); err != nil {
		return nil, fmt.Errorf("reading the difference %s: %w", name, err)
	}
	id := strings.TrimSuffix(filepath.Base(name), ".json")
	if want := plan.Ref("d", string(d.content())); id != want || d.ID != want {
		return nil, fmt.Errorf("reading the difference %s: its content has the id %s, and its name the id %s", name, want, id)
	}
	return d, nil
}

// checkDivergence returns an error if the target cannot execute a recorded difference.
func (s *session) checkDivergence(d *Divergence) error {
	if d.Milestone != s.milestone.ID {
		return usage.Errorf("%s belongs to the milestone %s, got %s", d.ID, d.Milestone, s.milestone.ID)
	}
	needs := d.needs()
	if !slices.Contains(needs, keyMode) && s.service.KeyMode() {
		needs = append(needs, headerMode) // the caller is identified by headers
	}
	for _, need := range needs {
		if need != freshState && !s.supports(need) {
			return usage.Errorf("%s needs a target with %s: if the target has it, add --capability %s", d.ID, need, need)
		}
	}
	labels := []string{d.Sequence.PartnerKey}
	for _, call := range d.Sequence.Calls {
		labels = append(labels, call.Hold)
	}
	for _, label := range labels {
		if label != "" && !slices.Contains(s.labels, label) {
			return usage.Errorf("%s uses the partner key %q, which is not among the partner keys: --partner-keys FILE sets them", d.ID, label)
		}
	}
	return nil
}

// Summary returns the result in one line.
func (r *Repetition) Summary() string {
	switch {
	case r.Now == nil:
		return r.Recorded.ID + " does not differ now"
	case !r.Same:
		return fmt.Sprintf("%s differs in another way than recorded: %s", r.Recorded.ID, r.Now.String())
	}
	return fmt.Sprintf("%s differs: %s", r.Recorded.ID, r.Now.String())
}

// Print prints the recorded difference, the scenario, the requests and the result.
func (r *Repetition) Print(w io.Writer) {
	fmt.Fprintf(w, "%s  %s\n%s\nrecorded: %s\n", r.Recorded.ID, r.Recorded.Operation, r.servers, r.Recorded.Difference.String())
	for _, text := range []string{r.scenario, r.commands} {
		if text != "" {
			fmt.Fprintf(w, "\n%s", text)
		}
	}
	fmt.Fprintf(w, "\n%s\n", r.Summary())
}

// CurlCommands returns the requests as curl commands, with the ids of this run.
func (r *Repetition) CurlCommands() string { return r.commands }
