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

// ErrForeign marks a folder with something in it that no run wrote. It is not replaced.
var ErrForeign = errors.New("it was not written by a run")

// ErrInUse marks a folder that another run is writing to.
var ErrInUse = errors.New("another run is writing there")

// Folder is the folder of a run's artifacts while they are written. It is beside its final place, and named PLACE.run-
// with random letters. [Folder.Commit] moves it to its place in one step. Until then the place has the artifacts of the
// previous run, and a mark ([Folder.Mark]). A killed run leaves its folder, with the event log up to that moment. The name
// is not hidden, since collectors of artifacts skip hidden files. A later run removes the folder after a day.
//
// A mount point cannot be replaced, since no file system renames one. Neither can a folder whose parent is read-only. Then
// the folder is made inside its place, and Commit moves its files one by one, verdict.json last.
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

// system has the calls of the operating system, which tests replace.
type system struct {
	mkdir   func(path string, mode fs.FileMode) error
	swap    func(a, b string) error
	mounted func(path string) (bool, error)
}

// Open makes a folder for the artifacts that Commit will put at place. It fails, before anything runs, when it cannot.
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
	if err := checkReplaceable(place, f.inside); err != nil {
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

// make makes the folder and locks it. It locks the place too when the folder is inside it, as two runs would mix their
// files there.
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
	// os.MkdirTemp makes a folder that only its owner can read, and CI collects this one.
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

// resolve returns an absolute path, and follows a link in its last element, so that the target of the link is replaced and
// not the link.
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
		return "", fmt.Errorf("finding the folder for the artifacts: %s is a dangling link", place)
	}
	return place, nil
}

// Write writes one artifact and syncs it to the disk. It is safe for concurrent use.
func (f *Folder) Write(name string, text []byte) error {
	file, err := f.Create(name)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = file.Close(err); err != nil {
		_ = os.Remove(file.Name()) // an incomplete artifact is removed
	}
	return err
}

// File is an artifact that is written in several pieces.
type File struct {
	*os.File
	folder *Folder
	name   string
}

// Create creates an artifact.
func (f *Folder) Create(name string) (*File, error) {
	file, err := os.OpenFile(filepath.Join(f.temp, name), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", name, err)
	}
	return &File{file, f, name}, nil
}

// Close syncs an artifact to the disk and closes it. It counts as written unless err, the error of an earlier write, or
// closing fails. The file stays in any case, since an incomplete event log can be read up to its end.
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

// Remove removes an artifact, if it was written.
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

// Commit moves the folder to its place. On systems that can swap two folders in one step there is always either the old
// one or this one. Where a folder cannot be replaced, its files are replaced one by one, and verdict.json is the mark until
// all of them are there.
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

// moveFiles moves the artifacts from temp to place, the verdict last, and removes all other artifacts from place.
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

// Abandon removes the folder if it is not in its place; after a commit it removes the folder that was there before. The
// mark stays.
func (f *Folder) Abandon() {
	if f.temp != "" {
		_ = os.RemoveAll(f.temp) // the next run removes what is left of it
	}
	for _, held := range f.locks {
		_ = held.Close()
	}
	f.locks = nil
}

// replace moves temp to place, and what was at place to temp. Where two folders cannot be swapped in one step, there is
// nothing at place for a moment.
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

// syncFolder syncs the names in a folder to the disk. A system that cannot is no error.
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

// ReplaceFile replaces a file in one step.
func ReplaceFile(path string, text []byte) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // the target of a link is replaced, and not the link
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	// os.CreateTemp makes a file that only its owner can read, and this one may be committed.
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

// DisplayPath returns a path relative to the working directory, if it is inside.
func DisplayPath(path string) string {
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
