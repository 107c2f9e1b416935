package artifact

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
	"syscall"
)

// ErrForeign marks a place with something in it that no run wrote. It is not replaced.
var ErrForeign = errors.New("no run wrote that")

// ErrInUse marks a place that another run is writing to.
var ErrInUse = errors.New("another run is writing there")

// Folder is the folder of a run's artifacts while they are being written: one beside its place, called PLACE.run- and
// some letters. [Folder.Commit] puts it there, whole. Until then the place has what the run before left, and a mark
// ([Folder.Mark]). A run that is killed leaves its folder behind, with the event log as far as it came; so the name is
// not a hidden one, which collectors of artifacts pass over. A later run removes it after a day.
//
// A mount point cannot be replaced: no file system renames one. Neither can a folder beside which nothing may be
// written. There the folder is made inside of the place, and Commit moves its files one by one, verdict.json last.
type Folder struct {
	place  string
	temp   string
	inside bool
	locks  []*os.File
	marked marked
	system system

	mu      sync.Mutex
	written []string
}

// system is what the operating system does for a folder. Tests stand in for it.
type system struct {
	mkdir   func(path string, mode fs.FileMode) error
	swap    func(a, b string) error
	mounted func(path string) (bool, error)
}

// Open begins a folder that is to stand at place. It fails when that cannot be, before anything ran in vain.
func Open(place string) (*Folder, error) {
	return open(place, system{os.Mkdir, swap, mounted})
}

func open(place string, on system) (*Folder, error) {
	place, err := resolve(place)
	if err != nil {
		return nil, err
	}
	if err := finishReplacing(place); err != nil {
		return nil, fmt.Errorf("making a place for the artifacts: %w", err)
	}
	f := &Folder{place: place, system: on}
	there := exists(place)
	if there {
		if f.inside, err = on.mounted(place); err != nil {
			return nil, fmt.Errorf("looking at the folder for the artifacts: %w", err)
		}
	}
	if err := ours(place, f.inside); err != nil {
		return nil, err
	}
	if !there {
		if err := os.MkdirAll(filepath.Dir(place), 0o777); err != nil {
			return nil, fmt.Errorf("making a place for the artifacts: %w", err)
		}
	}
	removeAbandoned(place)
	err = f.make()
	if there && !f.inside && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)) {
		f.inside = true
		err = f.make()
	}
	if err != nil {
		f.Abandon()
		return nil, fmt.Errorf("making a place for the artifacts: %w", err)
	}
	return f, nil
}

// make makes the folder and takes the lock on it; and on the place, when the folder is inside of it: two runs would mix
// their files there.
func (f *Folder) make() error {
	if f.inside {
		held, err := lock(f.place)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("%s: %w", f.place, ErrInUse)
		}
		if err != nil {
			return err
		}
		f.locks = append(f.locks, held)
	}
	// Not os.MkdirTemp: it makes a folder that only its owner can read, and CI collects this one.
	temp := besidePrefix(f.place) + rand.Text()[:lettersOfRun]
	if f.inside {
		temp = filepath.Join(f.place, insidePrefix+rand.Text()[:lettersOfRun])
	}
	if err := f.system.mkdir(temp, 0o777); err != nil {
		return err
	}
	f.temp = temp
	held, err := lock(f.temp)
	if err != nil {
		return err
	}
	f.locks = append(f.locks, held)
	return nil
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

// File is an artifact that is written bit by bit.
type File struct {
	*os.File
	folder *Folder
	name   string
}

// Create begins an artifact.
func (f *Folder) Create(name string) (*File, error) {
	file, err := os.OpenFile(filepath.Join(f.temp, name), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", name, err)
	}
	return &File{file, f, name}, nil
}

// Close ends an artifact: it is on the disk, and one of those that were written, unless err is what kept it from that. Then
// what was written of it stays, for an event log says something as far as it goes.
func (a *File) Close(err error) error {
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
// two folders in one step, never neither. Where a folder cannot be replaced, its files are, one by one: as long as not all
// of them are there, verdict.json is the mark.
func (f *Folder) Commit() error {
	defer f.Abandon()
	if err := syncFolder(f.temp); err != nil {
		return fmt.Errorf("writing the artifacts: %w", err)
	}
	inside := f.inside
	if !inside {
		err := replace(f.temp, f.place, f.system.swap)
		if inside = errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EXDEV); !inside && err != nil {
			return fmt.Errorf("putting the artifacts in their place: %w", err)
		}
	}
	last := filepath.Dir(f.place)
	if inside {
		if err := moveFiles(f.temp, f.place); err != nil {
			return fmt.Errorf("putting the artifacts in their place: %w", err)
		}
		last = f.place
	}
	if err := syncFolder(last); err != nil {
		return fmt.Errorf("putting the artifacts in their place: %w", err)
	}
	return nil
}

// moveFiles makes the artifacts in temp those of place, and removes all others from there. The verdict comes last.
func moveFiles(temp, place string) error {
	for _, name := range verdictLast() {
		from, to := filepath.Join(temp, name), filepath.Join(place, name)
		err := os.Rename(from, to)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = removeIfThere(to)
		case errors.Is(err, syscall.EXDEV):
			var text []byte
			if text, err = os.ReadFile(from); err == nil {
				err = ReplaceFile(to, text)
			}
		}
		if err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(place)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); isArtifact(name) && !slices.Contains(Names, name) {
			if err := removeIfThere(filepath.Join(place, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Abandon removes what was written, if it is not in its place; after a commit, that is the folder that was there
// before. The mark stays.
func (f *Folder) Abandon() {
	if f.temp != "" {
		_ = os.RemoveAll(f.temp) // the next run removes what is left of it
	}
	for _, held := range f.locks {
		_ = held.Close()
	}
	f.locks = nil
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
	aside := temp + asideSuffix
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

// ReplaceFile writes a file as a whole or not at all.
func ReplaceFile(path string, text []byte) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // what a link points to is replaced, and not the link
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	// Not os.CreateTemp: it makes a file that only its owner can read, and this one is committed.
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text()[:lettersOfRun])
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
