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

// Repetition is a drift that was played again.
type Repetition struct {
	// Recorded is the drift as it was found.
	Recorded *Divergence
	// Now is what differs now; nil when nothing does.
	Now *Difference
	// Same says that what differs now is what was found.
	Same bool

	sides, scenario, commands string
}

// Repeat plays the walk of a drift, which is looked for in the configuration's folder, and says what differs now. Nothing
// is written.
//
// The error is of the one who asked ([usage.Error]), of a target that does not answer ([Unreachable]), or of what the walk is
// made from.
func Repeat(ctx context.Context, cfg Config, ref string) (*Repetition, error) {
	room, err := newSession(cfg)
	if err != nil {
		return nil, err
	}
	defer room.close()
	folder := cfg.folder(room.milestone.ID)
	again := &Repetition{sides: room.describe()}
	if again.Recorded, err = readDivergence(folder, ref); err != nil {
		return nil, err
	}
	if err := room.admit(again.Recorded); err != nil {
		return nil, err
	}
	scenario, err := os.ReadFile(filepath.Join(folder, ref+".feature"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // some have none
		return nil, fmt.Errorf("reading the scenario of a drift: %w", err)
	}
	again.scenario = string(scenario)
	if err := room.reach(ctx); err != nil {
		return nil, err
	}
	return again, again.play(ctx, room)
}

// execute plays the walk. A second fake is tried as one that nobody used before, and as one that somebody did.
func (a *Repetition) play(ctx context.Context, room *session) error {
	writer, err := golden.NewWriter(room.milestone, nil)
	if err != nil {
		return err
	}
	p, err := room.execute(ctx, writer, 0, a.Recorded.Sequence)
	if err == nil && p.difference == nil && room.way == nil {
		p, err = room.execute(ctx, writer, 1, a.Recorded.Sequence)
	}
	if err != nil {
		return err
	}
	says := "no difference now"
	if p.difference != nil {
		a.Now = &room.record(p).Difference
		a.Same = a.Now.signature() == a.Recorded.Difference.signature() && len(p.walk.Calls) == len(a.Recorded.Sequence.Calls)
		says = a.Now.String()
	}
	a.commands = room.commands(p, a.Recorded.Ref+": "+says)
	return nil
}

// readDivergence reads a drift that a run left in a folder.
func readDivergence(folder, ref string) (*Divergence, error) {
	files, err := filepath.Glob(filepath.Join(glob.Replace(folder), "d-*.json"))
	if err != nil {
		return nil, fmt.Errorf("looking for a drift in %s: %w", folder, err)
	}
	var refs []string
	for _, file := range files {
		refs = append(refs, strings.TrimSuffix(filepath.Base(file), ".json"))
	}
	if slices.Contains(refs, ref) {
		return load(filepath.Join(folder, ref+".json"))
	}
	says := "where there is no difference at all"
	if len(refs) > 0 {
		says = fmt.Sprintf("which has %d others", len(refs))
	}
	if word := suggest.Nearest(ref, refs); word != "" {
		says = "did you mean " + word + "?"
	}
	return nil, usage.Errorf("nothing is called %s in %s (%s); `runner diff` finds differences, and --from DIR looks elsewhere", ref, artifact.DisplayPath(folder), says)
}

// glob takes a text as it is.
var glob = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

// load reads a file that a run wrote. The error names it.
func load(name string) (*Divergence, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading a drift: %w", err)
	}
	d := new(Divergence)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(d); err != nil {
		return nil, fmt.Errorf("reading the drift %s: %w", name, err)
	}
	called := strings.TrimSuffix(filepath.Base(name), ".json")
	if want := plan.Ref("d", string(d.content())); called != want || d.Ref != want {
		return nil, fmt.Errorf("reading the drift %s: it is called %s, and what is in it is %s", name, called, want)
	}
	return d, nil
}

// admit refuses a drift that cannot be played in the room.
func (r *session) admit(d *Divergence) error {
	if d.Milestone != r.milestone.ID {
		return usage.Errorf("%s is of the milestone %s, and this one is %s", d.Ref, d.Milestone, r.milestone.ID)
	}
	needs := d.needs()
	if !slices.Contains(needs, keyMode) && r.service.KeyMode() {
		needs = append(needs, headerMode) // whatever its calls change of it, that is who calls
	}
	for _, need := range needs {
		if need != freshState && !r.can(need) {
			return usage.Errorf("%s needs a target that has %s: if this one has it, say so with --capability", d.Ref, need)
		}
	}
	held := []string{d.Sequence.PartnerKey}
	for _, call := range d.Sequence.Calls {
		held = append(held, call.Hold)
	}
	for _, label := range held {
		if label != "" && !slices.Contains(r.keys.labels, label) {
			return usage.Errorf("%s holds the partner key %q, and there is none of that label among the keys: --partner-keys FILE names others", d.Ref, label)
		}
	}
	return nil
}

// Says is how it ended, as one line.
func (a *Repetition) Says() string {
	switch {
	case a.Now == nil:
		return a.Recorded.Ref + " does not differ now"
	case !a.Same:
		return fmt.Sprintf("%s differs otherwise than it did: %s", a.Recorded.Ref, a.Now.String())
	}
	return fmt.Sprintf("%s differs: %s", a.Recorded.Ref, a.Now.String())
}

// Page writes the whole of it for the terminal.
func (a *Repetition) Page(w io.Writer) {
	fmt.Fprintf(w, "%s  %s\n%s\nwhen it was found: %s\n", a.Recorded.Ref, a.Recorded.Operation, a.sides, a.Recorded.Difference.String())
	for _, text := range []string{a.scenario, a.commands} {
		if text != "" {
			fmt.Fprintf(w, "\n%s", text)
		}
	}
	fmt.Fprintf(w, "\n%s\n", a.Says())
}

// Commands are the requests as curl sends them, with the ids of this run.
func (a *Repetition) Commands() string { return a.commands }
