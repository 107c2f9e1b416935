package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Previous is the suffix of the files of the previous run while another one is under way.
const Previous = ".previous"

// The names of the folders of runs under way are PLACE.run-LETTERS or PLACE/run-LETTERS. Where two folders cannot be swapped
// in one step, the replaced one is named PLACE.run-LETTERS.old for a moment.
const (
	lettersOfRun = 12
	insidePrefix = "run-"
	asideSuffix  = ".old"
)

func besidePrefix(place string) string { return place + "." + insidePrefix }

// insideName matches the folder of a run inside its place, and unfinished a file that [ReplaceFile] did not rename yet.
var (
	insideName = regexp.MustCompile(`^run-[A-Z2-7]{12}$`)
	unfinished = regexp.MustCompile(`^\.(.+)\.[A-Z2-7]{12}$`)
)

// isArtifact reports whether a file of this name can be one that a run wrote.
func isArtifact(name string) bool {
	if parts := unfinished.FindStringSubmatch(name); parts != nil {
		name = parts[1]
	}
	return slices.Contains(Names, strings.TrimSuffix(name, Previous))
}

// checkReplaceable returns an error if replacing the folder would lose anything but the artifacts of an earlier run. A
// folder of artifacts has a verdict: without one, a file with the name of an artifact was not written by a run. Files with
// other names would be lost with the folder, unless the artifacts are moved inside it.
func checkReplaceable(place string, inside bool) error {
	info, err := os.Stat(place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking at the folder for the artifacts: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is a file, expected a folder for the artifacts: %w", place, ErrForeign)
	}
	entries, err := os.ReadDir(place)
	if err != nil {
		return fmt.Errorf("looking at the folder for the artifacts: %w", err)
	}
	artifact := ""
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case isArtifact(name) && entry.Type().IsRegular():
			if artifact == "" && !unfinished.MatchString(name) {
				artifact = name
			}
		case entry.IsDir() && insideName.MatchString(name):
		case inside && !isArtifact(name):
		default:
			return fmt.Errorf("%s has %s in it, which would be lost: %w", place, name, ErrForeign)
		}
	}
	if artifact == "" {
		return nil
	}
	for _, name := range []string{Verdict, Verdict + Previous} {
		if _, err := readHead(filepath.Join(place, name)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s has %s in it, which would be lost, and no %s of a run beside it: name an empty folder, or a new one: %w",
		place, artifact, Verdict, ErrForeign)
}

// head has the members by which verdict.json is recognised.
type head struct {
	Milestone *string            `json:"milestone"`
	Overall   *bool              `json:"overall"`
	ExitCode  *int               `json:"exit_code"`
	Artifacts *[]string          `json:"artifacts"`
	Results   *[]json.RawMessage `json:"results"`
}

// isMark reports whether the verdict is that of a run that has not ended. Only such a verdict lists no artifacts.
func (h *head) isMark() bool { return len(*h.Artifacts) == 0 }

// errNoVerdict marks a file that is not verdict.json of a run.
var errNoVerdict = errors.New("it is no verdict of a run")

func readHead(path string) (*head, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	h := new(head)
	if err := json.Unmarshal(text, h); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoVerdict, err)
	}
	if h.Milestone == nil || h.Overall == nil || h.ExitCode == nil || h.Artifacts == nil || h.Results == nil {
		return nil, errNoVerdict
	}
	return h, nil
}

// IsMarked reports whether the verdict in a folder is that of a run that has not ended.
func IsMarked(folder string) bool {
	h, err := readHead(filepath.Join(folder, Verdict))
	return err == nil && h.isMark()
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// runFolders returns the temporary folders of runs for a place, those beside it and those inside.
func runFolders(place string) []string {
	var folders []string
	for _, in := range []struct {
		folder string
		fits   func(name string) bool
	}{
		{filepath.Dir(place), func(name string) bool {
			return strings.HasPrefix(name, filepath.Base(besidePrefix(place))) && !strings.HasSuffix(name, asideSuffix)
		}},
		{place, insideName.MatchString},
	} {
		entries, err := os.ReadDir(in.folder)
		if err != nil {
			continue // the caller reports it when it uses the folder
		}
		for _, entry := range entries {
			if entry.IsDir() && in.fits(entry.Name()) {
				folders = append(folders, filepath.Join(in.folder, entry.Name()))
			}
		}
	}
	return folders
}

// Runs returns the temporary folders for a place of runs that are under way or were killed. A folder that a run replaced and
// did not remove is not among them.
func Runs(place string) []string {
	place, err := resolve(place)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(runFolders(place), isReplaced)
}

// Killed returns those of [Runs] that are not under way and have an event log.
func Killed(place string) []string {
	return slices.DeleteFunc(Runs(place), func(folder string) bool {
		info, err := os.Stat(filepath.Join(folder, Messages))
		return err != nil || info.Size() == 0 || IsRunning(folder)
	})
}

// IsRunning reports whether a run is still writing to a folder.
func IsRunning(folder string) bool {
	held, err := lock(folder)
	if err != nil {
		return true
	}
	_ = held.Close()
	return false
}

// isReplaced reports whether a later run replaced a folder: it has the mark of that run, or files with the suffix [Previous].
func isReplaced(folder string) bool {
	if IsMarked(folder) {
		return true
	}
	for _, name := range Names {
		if exists(filepath.Join(folder, name+Previous)) {
			return true
		}
	}
	return false
}

// abandonedAfter is how long the folder of a killed run is kept, for its event log.
const abandonedAfter = 24 * time.Hour

// removeAbandoned removes the folders of killed runs after [abandonedAfter], and those that such runs replaced. The lock on
// a folder ends with the process of its run.
func removeAbandoned(place string) {
	for _, path := range runFolders(place) {
		info, err := os.Stat(path)
		if err != nil || time.Since(info.ModTime()) < abandonedAfter && !isReplaced(path) {
			continue
		}
		if held, err := lock(path); err == nil {
			_ = os.RemoveAll(path)
			_ = held.Close()
		}
	}
}

// putAside returns the folders that runs moved aside to replace them, with their replacements.
func putAside(place string) map[string]string {
	all, _ := filepath.Glob(escapePattern(besidePrefix(place)) + "*" + asideSuffix) // the pattern is valid
	pairs := map[string]string{}
	for _, old := range all {
		pairs[old] = strings.TrimSuffix(old, asideSuffix)
	}
	return pairs
}

// finishReplacing completes the replacement during which a run was killed: it had moved the folder at the place aside, and
// had not moved its own there yet, or not removed the other.
func finishReplacing(place string) error {
	for old, with := range putAside(place) {
		if exists(with) && IsRunning(with) {
			continue
		}
		var err error
		h, unreadable := readHead(filepath.Join(with, Verdict))
		switch {
		case exists(place): // with the new one
		case unreadable == nil && !h.isMark():
			err = os.Rename(with, place)
		default:
			if err = os.Rename(old, place); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		if err := os.RemoveAll(old); err != nil {
			return err
		}
	}
	return nil
}

// escapePattern returns a glob pattern that matches a path only.
func escapePattern(path string) string {
	var escaped []rune
	for _, c := range path {
		if slices.Contains([]rune(`*?[\`), c) {
			escaped = append(escaped, '[', c, ']')
			continue
		}
		escaped = append(escaped, c)
	}
	return string(escaped)
}
