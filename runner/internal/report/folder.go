package report

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// ErrForeign says that the folder to write to holds something that no run wrote. It is not replaced.
var ErrForeign = errors.New("no run wrote that")

// Folder is the folder of a run's artifacts while they are being written: one beside its place, called PLACE.run- and
// some letters. [Folder.Commit] puts it there, whole. A run that ends before, however it ends, has changed nothing at the
// place. One that is killed leaves its folder behind, with the event log as far as it came; so the name is not a hidden
// one, which collectors of artifacts pass over. A later run removes it after a day.
type Folder struct {
	place string
	temp  string
	lock  *os.File

	mu      sync.Mutex
	written []string
}

// Open begins a folder that is to stand at place. It fails when that cannot be, before anything ran in vain.
func Open(place string) (*Folder, error) {
	place, err := resolve(place)
	if err != nil {
		return nil, err
	}
	if err := ours(place); err != nil {
		return nil, err
	}
	parent := filepath.Dir(place)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return nil, fmt.Errorf("making a place for the artifacts: %w", err)
	}
	prefix := filepath.Base(place) + ".run-"
	removeAbandoned(parent, prefix)
	// Not os.MkdirTemp: it makes a folder that only its owner can read, and CI collects this one.
	f := &Folder{place: place, temp: filepath.Join(parent, prefix+rand.Text()[:12])}
	if err := os.Mkdir(f.temp, 0o777); err != nil {
		return nil, fmt.Errorf("making a place for the artifacts: %w", err)
	}
	if f.lock, err = lock(f.temp); err != nil {
		f.Abandon()
		return nil, fmt.Errorf("making a place for the artifacts: %w", err)
	}
	return f, nil
}

// resolve makes the path absolute and follows a link in its last element, so that what the link points to is
// replaced, and not the link.
func resolve(place string) (string, error) {
	place, err := filepath.Abs(place)
	if err != nil {
		return "", fmt.Errorf("finding the folder for the artifacts: %w", err)
	}
	target, err := filepath.EvalSymlinks(place)
	switch {
	case err == nil:
		return target, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("finding the folder for the artifacts: %s: %w", place, err)
	}
	if _, err := os.Lstat(place); err == nil {
		return "", fmt.Errorf("finding the folder for the artifacts: %s is a link that points nowhere", place)
	}
	return place, nil
}

// ours makes sure that replacing the folder loses nothing but the artifacts of an earlier run.
func ours(place string) error {
	info, err := os.Stat(place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking at the folder for the artifacts: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is a file, and the artifacts need a folder: %w", place, ErrForeign)
	}
	entries, err := os.ReadDir(place)
	if err != nil {
		return fmt.Errorf("looking at the folder for the artifacts: %w", err)
	}
	for _, entry := range entries {
		if !slices.Contains(Names, entry.Name()) || !entry.Type().IsRegular() {
			return fmt.Errorf("%s has %s in it, which would be lost: %w", place, entry.Name(), ErrForeign)
		}
	}
	return nil
}

// Write writes one artifact, and sees to it that it is on the disk. Artifacts may be written at the same time.
func (f *Folder) Write(name string, text []byte) error {
	file, err := f.Create(name)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = file.Close(err); err != nil {
		_ = os.Remove(file.Name()) // half an artifact is none
	}
	return err
}

// Artifact is an artifact that is written bit by bit.
type Artifact struct {
	*os.File
	folder *Folder
	name   string
}

// Create begins an artifact.
func (f *Folder) Create(name string) (*Artifact, error) {
	file, err := os.OpenFile(filepath.Join(f.temp, name), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", name, err)
	}
	return &Artifact{file, f, name}, nil
}

// Close ends an artifact: it is on the disk, and one of those that were written, unless err is what kept it from that. Then
// what was written of it stays, for an event log says something as far as it goes.
func (a *Artifact) Close(err error) error {
	if err == nil {
		err = a.Sync()
	}
	if closing := a.File.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", a.name, err)
	}
	a.folder.mu.Lock()
	defer a.folder.mu.Unlock()
	a.folder.written = append(a.folder.written, a.name)
	return nil
}

// Remove takes an artifact away again, if it was written.
func (f *Folder) Remove(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = os.Remove(filepath.Join(f.temp, name))
	f.written = slices.DeleteFunc(f.written, func(written string) bool { return written == name })
}

// Written are the names of the artifacts that were written.
func (f *Folder) Written() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(slices.Values(f.written))
}

// Commit puts the folder in its place. There is either the old one or this one there, and on systems that can swap
// two folders in one step, never neither.
func (f *Folder) Commit() error {
	defer f.Abandon()
	if err := syncFolder(f.temp); err != nil {
		return fmt.Errorf("writing the artifacts: %w", err)
	}
	if err := replace(f.temp, f.place, swap); err != nil {
		return fmt.Errorf("putting the artifacts in their place: %w", err)
	}
	if err := syncFolder(filepath.Dir(f.place)); err != nil {
		return fmt.Errorf("putting the artifacts in their place: %w", err)
	}
	return nil
}

// Abandon removes what was written, if it is not in its place; after a commit, that is the folder that was there
// before.
func (f *Folder) Abandon() {
	_ = os.RemoveAll(f.temp) // a leftover is hidden, and the next run removes it
	if f.lock != nil {
		_ = f.lock.Close()
		f.lock = nil
	}
}

// replace puts temp at place, and what was at place at temp. Where two folders cannot be swapped in one step, there is
// a moment in which there is nothing at place.
func replace(temp, place string, swap func(a, b string) error) error {
	if _, err := os.Lstat(place); errors.Is(err, fs.ErrNotExist) {
		return os.Rename(temp, place)
	}
	if err := swap(temp, place); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	aside := temp + ".old"
	if err := os.Rename(place, aside); err != nil {
		return err
	}
	if err := os.Rename(temp, place); err != nil {
		return errors.Join(err, os.Rename(aside, place))
	}
	return os.Rename(aside, temp)
}

// syncFolder makes the names in a folder last. Not every system can, and then there is nothing to be done.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, os.ErrInvalid) {
		return err
	}
	return nil
}

// abandonedAfter is how long an unlocked folder is left alone: somebody may want to know what a killed run saw.
const abandonedAfter = 24 * time.Hour

// removeAbandoned removes the folders of runs that were killed. A run holds a lock on its folder, which ends with it.
func removeAbandoned(parent, prefix string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return // Open will say what is wrong with the parent
	}
	for _, entry := range entries {
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), prefix) {
			continue
		}
		path := filepath.Join(parent, entry.Name())
		info, err := entry.Info()
		if err != nil || time.Since(info.ModTime()) < abandonedAfter {
			continue
		}
		if held, err := lock(path); err == nil {
			_ = os.RemoveAll(path)
			_ = held.Close()
		}
	}
}

// ReplaceFile writes a file as a whole or not at all.
func ReplaceFile(path string, text []byte) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // what a link points to is replaced, and not the link
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	// Not os.CreateTemp: it makes a file that only its owner can read, and this one is committed.
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text()[:12])
	if err := os.WriteFile(temp, text, 0o666); err != nil {
		_ = os.Remove(temp)
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		_ = os.Remove(temp)
		return err
	}
	return nil
}

// Shown is a path as it is shorter to read: from the folder that the command was started in, if it is in there.
func Shown(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if relative, err := filepath.Rel(here, absolute); err == nil && !strings.HasPrefix(relative, "..") {
		return filepath.ToSlash(relative)
	}
	return path
}

// IsRunning says whether a run is still writing to a folder.
func IsRunning(folder string) bool {
	held, err := lock(folder)
	if err != nil {
		return true
	}
	_ = held.Close()
	return false
}

// Killed are the folders of runs that were killed on their way to a place, and left an event log.
func Killed(place string) []string {
	place, err := resolve(place)
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir(filepath.Dir(place))
	if err != nil {
		return nil
	}
	var killed []string
	for _, entry := range entries {
		folder := filepath.Join(filepath.Dir(place), entry.Name())
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), filepath.Base(place)+".run-") {
			continue
		}
		if info, err := os.Stat(filepath.Join(folder, Messages)); err == nil && info.Size() > 0 && !IsRunning(folder) {
			killed = append(killed, folder)
		}
	}
	return killed
}
