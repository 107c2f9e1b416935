package gate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"example.com/lpgate/features"
	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/schemas"
)

// sources are where a run reads from: the project that the milestone file stands in, folder by folder, and the copy
// inside of the program for a folder that the project does not have.
type sources struct {
	file string // the milestone, as it was named
	root string // the project
	name string // the milestone's file name without its extension
}

// locate finds the project of a milestone file: what the folder milestones stands in. A file that stands elsewhere is
// its own folder's.
func locate(file string) (sources, error) {
	absolute, err := filepath.Abs(file)
	if err != nil {
		return sources{}, fmt.Errorf("finding the milestone: %w", err)
	}
	s := sources{
		file: file,
		root: filepath.Dir(absolute),
		name: strings.TrimSuffix(filepath.Base(absolute), filepath.Ext(absolute)),
	}
	if filepath.Base(s.root) == "milestones" {
		s.root = filepath.Dir(s.root)
	}
	return s, nil
}

// known says whether there is any project: the file, or at least a folder milestones that it is missing from. Where
// there is neither, the name is a typing error, and nothing is to be written for it.
func (s sources) known() bool {
	if s.isBuiltIn() {
		return true
	}
	if _, err := os.Stat(s.file); err == nil {
		return true
	}
	folder := filepath.Dir(s.file)
	info, err := os.Stat(folder)
	return err == nil && info.IsDir() && filepath.Base(folder) == "milestones"
}

// artifacts is where the artifacts of a milestone stand by default.
func (s sources) artifacts(milestone string) string {
	return filepath.Join(s.root, "artifacts", "milestones", milestone, "latest")
}

// golden is where the golden output of a milestone stands, within the fixtures.
func golden(milestone string) string { return "golden/" + milestone + ".output.json" }

// milestone reads the milestone. The one inside of the program stands in for milestones/M109.yaml where there is no
// folder milestones at all; it never stands in for another name, which would rather be a typing error.
func (s sources) milestone() (*milestones.Milestone, error) {
	text, err := os.ReadFile(s.file)
	switch {
	case err == nil:
		return milestones.Parse(filepath.ToSlash(s.file), text)
	case errors.Is(err, fs.ErrNotExist) && s.isBuiltIn():
		return milestones.M109(), nil
	}
	return nil, unreadable(s.file, err)
}

// unreadable names the file once.
func unreadable(file string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("reading the milestone %s: %w", file, err)
}

func (s sources) isBuiltIn() bool {
	if filepath.ToSlash(filepath.Clean(s.file)) != "milestones/M109.yaml" {
		return false
	}
	_, err := os.Stat("milestones")
	return errors.Is(err, fs.ErrNotExist)
}

// folder is a folder of the project, or the one inside of the program.
func (s sources) folder(name string, builtIn fs.FS) fs.FS {
	path := filepath.Join(s.root, name)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return os.DirFS(path)
	}
	return builtIn
}

func (s sources) features() fs.FS { return s.folder(plan.Folder, features.FS) }

func (s sources) fixtures() fs.FS { return s.folder("fixtures", fixtures.FS) }

func (s sources) schemas() (*schemas.Set, error) {
	path := filepath.Join(s.root, "schemas")
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return schemas.Embedded(), nil
	}
	set, err := schemas.Load(os.DirFS(path))
	if err != nil {
		return nil, fmt.Errorf("schemas: %w", err)
	}
	return set, nil
}

// inputs are everything that a run is made from.
type inputs struct {
	milestone *milestones.Milestone
	plan      *plan.Plan
	schemas   *schemas.Set
}

// read reads everything. What depends on nothing else is read at the same time; what is wrong anywhere is all told.
func (s sources) read() (inputs, error) {
	var in inputs
	var planning, loading error
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer caught(&loading)
		in.schemas, loading = s.schemas()
	}()
	in.milestone, planning = s.milestone()
	if planning == nil {
		in.plan, planning = plan.Load(in.milestone, s.features())
	}
	<-done
	if err := errors.Join(planning, loading); err != nil {
		return in, err
	}
	return in, in.milestone.CheckSchemas(in.schemas.Names())
}
