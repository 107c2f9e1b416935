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

// marked is what [Folder.Mark] found at the place.
type marked int

const (
	notMarked  marked = iota
	overNone          // there was no folder
	overOne           // there was one with the artifacts of a run
	overMarked        // there was one with the mark of a run that was killed
)

// Mark puts a verdict at the place that stands there until the run ends, whose artifacts list is empty, and reports that
// agree with it. So a run that is killed does not leave the verdict of the run before as if it were its own. What that run
// left is kept beside, each file with the suffix [Previous]; [ReadLast] reads it.
//
// The verdict is replaced first. A later Mark goes on from wherever an earlier one was killed.
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
		for _, name := range Names { // of a run that was killed while it removed them
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
			err = os.Remove(at(name)) // the mark of another run, or half of what it moved
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

// Withdraw takes the mark away again, for a run that is not to leave anything behind. The verdict comes back last. The mark
// of a run that was killed stays.
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
				_ = os.Remove(at(name)) // of the mark alone
			}
		}
	}
	f.marked = notMarked
}

// verdictLast are the names of all artifacts, in the order in which a folder gets them: its verdict decides whose the others are.
func verdictLast() []string {
	return append(slices.DeleteFunc(slices.Clone(Names), func(name string) bool { return name == Verdict }), Verdict)
}
