package run

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"example.com/lpgate/internal/curl"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
)

// Remade are reports that were made again.
type Remade struct {
	// Record is the run.
	Record *record.Run
	// Verdict is the one of its log, or the one that follows from the rest of the log when that is another.
	Verdict *verdict.Verdict
	// Written are the paths of the reports.
	Written []string
	// Exit is the exit code of the verdict; [verdict.Incomplete] when there is none, or when that of the log is green and
	// cannot be computed again.
	Exit int
	// Doubt is why the verdict of the log does not count; "" when it does.
	Doubt string
}

// Remake makes the reports of a run again from its event log: a file, or a folder with one in it. They go to the folder
// out, or beside the log.
func Remake(path, out string) (Remade, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Remade{}, usage.Errorf("%w", err)
	}
	if info.IsDir() {
		if artifact.IsMarked(path) {
			return Remade{}, usage.Errorf("the run of %s has not ended%s", path, elsewhere(path))
		}
		path = filepath.Join(path, artifact.Messages)
	}
	if out == "" {
		out = filepath.Dir(path)
	}
	if _, err := os.Stat(out); err == nil && (artifact.IsRunning(out) || artifact.IsMarked(out)) {
		return Remade{}, usage.Errorf("the run of %s has not ended, so that its reports go elsewhere: say where with --out", out)
	}
	if err := mayOverwrite(out); err != nil {
		return Remade{}, err
	}
	file, err := os.Open(path)
	if err != nil {
		return Remade{}, usage.Errorf("%w", err)
	}
	defer file.Close()
	remade := Remade{Exit: verdict.Incomplete}
	if remade.Record, err = record.Read(file); err != nil {
		return remade, usage.Errorf("%s: %w", path, err)
	}
	if remade.Verdict, err = verdict.Of(remade.Record); err != nil {
		return remade, usage.Errorf("%s: %w", path, err)
	}
	if remade.Record.Complete {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return remade, err
		}
		if err := remade.decide(file, path); err != nil {
			return remade, err
		}
	}
	var failed error
	for _, made := range Reports {
		text, err := attempt(func() ([]byte, error) { return made.Encode(remade.Record, remade.Verdict) })
		name := filepath.Join(out, made.Name)
		if err == nil {
			err = artifact.ReplaceFile(name, text)
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s was not written: %w", made.Name, err))
			continue
		}
		remade.Written = append(remade.Written, name)
	}
	return remade, failed
}

// elsewhere names the event logs that killed runs left on their way to a folder.
func elsewhere(folder string) string {
	var commands []string
	for _, killed := range artifact.Killed(folder) {
		commands = append(commands, "runner report "+curl.Quote(artifact.DisplayPath(killed)))
	}
	if len(commands) == 0 {
		return ", and left no event log"
	}
	return ", and left its event log elsewhere: " + strings.Join(commands, "; ")
}

// mayOverwrite makes sure that what the reports replace in a folder are reports.
func mayOverwrite(folder string) error {
	for _, made := range Reports {
		path := filepath.Join(folder, made.Name)
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return usage.Errorf("%w", err)
		}
		begins, err := io.ReadAll(io.LimitReader(file, 1<<10))
		_ = file.Close()
		if err != nil {
			return usage.Errorf("%w", err)
		}
		if !bytes.Contains(begins, []byte(made.Sign)) {
			return usage.Errorf("%s has %s in it, which no run wrote: name another folder with --out", folder, made.Name)
		}
	}
	return nil
}

// Page writes what was made, and what the log lacks.
func (r Remade) Page(w io.Writer) {
	what := r.Record.Milestone
	if r.Record.Title != "" { // of a run that could read its milestone
		what += ": " + r.Record.Title
	}
	fmt.Fprintf(w, "%s\nagainst %s\n\n", what, record.Through(r.Record.Target, r.Record.Proxy))
	selected, ended, began := 0, 0, 0
	for _, s := range r.Record.Scenarios {
		if s.Selected {
			selected++
		}
		if !s.Ended.IsZero() {
			ended++
		} else if !s.Began.IsZero() {
			began++
		}
	}
	fmt.Fprintf(w, "scenarios   %d of %d ran to their end\n", ended, selected)
	fmt.Fprintf(w, "exchanges   %d\n", len(r.Record.Exchanges()))
	if !r.Record.Complete {
		fmt.Fprintf(w, "\nThe log ends before the run did: %d scenarios were under way, and %d had not begun.\n", began, selected-ended-began)
		fmt.Fprintf(w, "It has no verdict, no coverage and no output.\n")
	}
	fmt.Fprintln(w)
	for _, name := range r.Written {
		fmt.Fprintln(w, filepath.ToSlash(artifact.DisplayPath(name)))
	}
	fmt.Fprintln(w)
	switch {
	case !r.Record.Complete:
		fmt.Fprintln(w, "The run came to no verdict.")
	case r.Doubt != "":
		fmt.Fprintf(w, "The verdict in the log does not count: %s. Exit code %d.\n", r.Doubt, r.Exit)
	case r.Exit == verdict.Holds:
		fmt.Fprintln(w, "The verdict of the run: the contract holds.")
	default:
		fmt.Fprintf(w, "The verdict of the run: not green, exit code %d.\n", r.Exit)
	}
}
