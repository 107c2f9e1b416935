package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// marked is what was at the place before [Folder.Mark].
type marked int

const (
	notMarked  marked = iota
	overNone          // no folder
	overOne           // a folder with the artifacts of a run
	overMarked        // a folder with the mark of a killed run
)

// Mark writes a verdict with an empty list of artifacts to the place, and reports that agree with it. They stay until the
// run ends. So a killed run does not leave the verdict of the previous run as if it were its own. The files of the previous
// run get the suffix [Previous]; [ReadLast] reads them.
//
// The verdict is replaced first. A later Mark continues where an earlier one was killed.
func (f *Folder) Mark(verdict []byte, reports map[string][]byte) error {
	at := func(name string) string { return filepath.Join(f.place, name) }
	failed := func(err error) error { return fmt.Errorf("marking the artifacts of the run before: %w", err) }
	f.marked = overMarked
	switch h, err := readHead(at(Verdict)); {
	case !exists(f.place):
		f.marked = overNone
		if err := os.Mkdir(f.place, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return failed(err)
		}
	case err == nil && !h.isMark():
		f.marked = overOne
		for _, name := range Names { // a run was killed while it removed them
			if err := removeIfThere(at(name + Previous)); err != nil {
				return failed(err)
			}
		}
		text, err := os.ReadFile(at(Verdict))
		if err == nil {
			err = ReplaceFile(at(Verdict+Previous), text)
		}
		if err != nil {
			return failed(err)
		}
	}
	if err := ReplaceFile(at(Verdict), verdict); err != nil {
		return failed(err)
	}
	for _, name := range Names {
		if name == Verdict || !exists(at(name)) {
			continue
		}
		var err error
		if exists(at(name + Previous)) {
			err = os.Remove(at(name)) // the mark of another run, or one of the files that it moved
		} else {
			err = os.Rename(at(name), at(name+Previous))
		}
		if err != nil {
			return failed(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(reports)) {
		if err := ReplaceFile(at(name), reports[name]); err != nil {
			return failed(err)
		}
	}
	return nil
}

// Withdraw removes the mark and restores the files of the previous run, the verdict last, for a run that leaves no
// artifacts. The mark of a killed run stays.
func (f *Folder) Withdraw() {
	at := func(name string) string { return filepath.Join(f.place, name) }
	switch f.marked {
	case overNone:
		for _, name := range Names {
			_ = os.Remove(at(name))
		}
		_ = os.Remove(f.place)
	case overOne:
		for _, name := range verdictLast() {
			if exists(at(name + Previous)) {
				_ = os.Rename(at(name+Previous), at(name))
			} else {
				_ = os.Remove(at(name)) // only the mark has it
			}
		}
	}
	f.marked = notMarked
}

// verdictLast returns the names of all artifacts in the order in which they are moved: the verdict decides which run the others belong to.
func verdictLast() []string {
	return append(slices.DeleteFunc(slices.Clone(Names), func(name string) bool { return name == Verdict }), Verdict)
}
