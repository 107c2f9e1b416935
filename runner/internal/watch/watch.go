// Package watch reports which files changed on the disk, in batches.
//
//	w, err := watch.Open([]watch.Folder{{Path: "features", Suffix: ".feature"}}, []string{"milestones/M109.yaml"})
//	for changed := range w.Changes() { … }
//
// Editors write a file twice, or write another one and rename it, and a checkout writes hundreds. So changes are
// collected until there was none for [quiet], and at most for [most]. Folders may appear and disappear meanwhile.
//
// Writing, creating, renaming and removing a file are changes. A change of its mode is not.
package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify" // each operating system has its own interface for this, and this library supports all
)

// How long changes are gathered.
const (
	quiet = 75 * time.Millisecond
	most  = 300 * time.Millisecond
)

// Folder is a folder to watch, with all folders in it.
type Folder struct {
	Path string
	// Suffix ends the names of the files that count; "" for all of them but what editors leave beside.
	Suffix string
}

// Watcher watches.
type Watcher struct {
	system  *fsnotify.Watcher
	folders []Folder // absolute
	files   []string // absolute
	changes chan []string
	done    chan struct{}
}

// Open watches folders and files, which need not exist yet; their parents must exist.
func Open(folders []Folder, files []string) (*Watcher, error) {
	system, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching: %w", err)
	}
	w := &Watcher{system: system, changes: make(chan []string), done: make(chan struct{})}
	if err := w.begin(folders, files); err != nil {
		system.Close()
		return nil, fmt.Errorf("watching: %w", err)
	}
	events := make(chan string)
	go w.listen(events)
	go gather(w.done, events, w.changes)
	return w, nil
}

func (w *Watcher) begin(folders []Folder, files []string) error {
	var around []string
	for _, folder := range folders {
		path, err := filepath.Abs(folder.Path)
		if err != nil {
			return err
		}
		w.folders = append(w.folders, Folder{path, folder.Suffix})
		around = append(around, filepath.Dir(path))
		w.enter(path)
	}
	for _, file := range files {
		path, err := filepath.Abs(file)
		if err != nil {
			return err
		}
		w.files = append(w.files, path)
		around = append(around, filepath.Dir(path))
	}
	// Folders are watched and not files: a watch of a file ends when the file is replaced.
	for _, path := range around {
		if err := w.system.Add(path); err != nil {
			return err
		}
	}
	return nil
}

// Changes gives the absolute paths of what changed, sorted.
func (w *Watcher) Changes() <-chan []string { return w.changes }

// Close ends the watch. No more changes are reported.
func (w *Watcher) Close() error {
	close(w.done)
	return w.system.Close()
}

// enter watches a folder with all folders in it, and returns the files in them. A folder that cannot be read is not
// watched: it was probably removed, and whoever reads its files reports other errors.
func (w *Watcher) enter(path string) (files []string) {
	_ = filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case entry.IsDir():
			_ = w.system.Add(path)
		default:
			files = append(files, path)
		}
		return nil
	})
	return files
}

// listen passes on which files changed, until the watcher is closed.
func (w *Watcher) listen(events chan<- string) {
	send := func(path string) {
		if w.counts(path) {
			select {
			case events <- path:
			case <-w.done:
			}
		}
	}
	for {
		select {
		case event, open := <-w.system.Events:
			if !open {
				return
			}
			if event.Op == fsnotify.Chmod {
				continue
			}
			if info, err := os.Stat(event.Name); err == nil && info.IsDir() && w.inside(event.Name) {
				for _, file := range w.enter(event.Name) {
					send(file)
				}
				continue
			}
			send(event.Name)
		case err, open := <-w.system.Errors:
			if !open {
				return
			}
			if errors.Is(err, fsnotify.ErrEventOverflow) { // events were lost
				for _, folder := range w.folders {
					send(folder.Path)
				}
			}
		}
	}
}

// inside reports whether a path is one of the folders or below one.
func (w *Watcher) inside(path string) bool {
	return slices.ContainsFunc(w.folders, func(f Folder) bool { return within(f.Path, path) })
}

func within(folder, path string) bool {
	return path == folder || strings.HasPrefix(path, folder+string(filepath.Separator))
}

// counts reports whether a change of a path is one of the watched.
func (w *Watcher) counts(path string) bool {
	if slices.Contains(w.files, path) {
		return true
	}
	for _, folder := range w.folders {
		if path == folder.Path {
			return true // it is gone, or came
		}
		if within(folder.Path, path) {
			return strings.HasSuffix(path, folder.Suffix) && !aside(filepath.Base(path))
		}
	}
	return false
}

// aside reports whether a name is that of an editor's temporary file.
func aside(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") || strings.HasSuffix(name, "~") ||
		slices.Contains([]string{".swp", ".swo", ".swx", ".tmp", ".bak"}, filepath.Ext(name)) ||
		strings.Trim(name, "0123456789") == "" // vim finds out with such a one whether it can write
}

// gather collects events into batches. A batch that was not received yet grows.
func gather(done <-chan struct{}, events <-chan string, changes chan<- []string) {
	var gathered []string
	var ready chan<- []string // nil while it is gathered
	var pause, limit <-chan time.Time
	for {
		select {
		case <-done:
			return
		case path := <-events:
			if !slices.Contains(gathered, path) {
				gathered = append(gathered, path)
				slices.Sort(gathered)
			}
			if ready != nil {
				continue
			}
			pause = time.After(quiet)
			if limit == nil {
				limit = time.After(most)
			}
			continue
		case <-pause:
		case <-limit:
		case ready <- gathered:
			gathered, ready = nil, nil
			continue
		}
		ready, pause, limit = changes, nil, nil
	}
}
