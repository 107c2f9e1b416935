// Package project finds the files that a run is made from: the milestone, and features, schemas and fixtures beside
// it.
//
// A milestone is in the folder milestones of a project, beside the others. A folder that the project lacks is
// replaced by the embedded copy, so that the built runner works alone. Other milestones than the embedded one get
// only its schemas.
package project

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"example.com/lpgate/features"
	"example.com/lpgate/fixtures"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/schemas"
)

// Project is where a run reads from, folder by folder.
type Project struct {
	File string // the milestone, as it was named
	Root string // the folder of the project
	Name string // the milestone's file name without its extension

	Warn func(message string) // receives warnings about former names in the milestone; nil discards them
}

// Locate returns the project of a milestone file: the parent of the folder milestones. For a file in another folder
// it is that folder.
func Locate(file string) (Project, error) {
	absolute, err := filepath.Abs(file)
	if err != nil {
		return Project{}, fmt.Errorf("finding the milestone: %w", err)
	}
	if err := textfile.CheckName("the path of the milestone", absolute); err != nil {
		return Project{}, err
	}
	if info, err := os.Stat(absolute); err == nil && info.IsDir() {
		return Project{}, fmt.Errorf("%s is a folder: name a milestone in it, such as %s", file, filepath.ToSlash(filepath.Join(file, "M109.yaml")))
	}
	p := Project{
		File: file,
		Root: filepath.Dir(absolute),
		Name: strings.TrimSuffix(filepath.Base(absolute), filepath.Ext(absolute)),
	}
	if filepath.Base(p.Root) == "milestones" {
		p.Root = filepath.Dir(p.Root)
	}
	return p, nil
}

// Known reports whether there is a project: the file, or at least its folder milestones. Without either, the name is
// a typo, and nothing is to be written for it.
func (p Project) Known() bool {
	if p.isBuiltIn() {
		return true
	}
	if _, err := os.Stat(p.File); !errors.Is(err, fs.ErrNotExist) {
		return true // or it is unreadable, which reading it reports
	}
	folder := filepath.Dir(p.File)
	return !lacks(os.Stat(folder)) && filepath.Base(folder) == "milestones"
}

// Shown is the name of a file of the project, such as features/export.feature, as it leads there from the working folder.
func (p Project) Shown(name string) string {
	if filepath.IsAbs(name) || filepath.ToSlash(p.File) == name { // the milestone goes by the name that it was given
		return name
	}
	working, err := filepath.Abs(".")
	if err != nil {
		return name
	}
	shown, err := filepath.Rel(working, filepath.Join(p.Root, name))
	if err != nil {
		return name
	}
	return filepath.ToSlash(shown)
}

// Artifacts returns the default folder of the artifacts of a milestone.
func (p Project) Artifacts(milestone string) string {
	return filepath.Join(p.Root, "artifacts", "milestones", milestone, "latest")
}

// Golden returns the path of the golden output of a milestone within the fixtures.
func Golden(milestone string) string { return "golden/" + milestone + ".output.json" }

// milestone reads the milestone. The embedded one replaces only milestones/M109.yaml, and only if there is no folder
// milestones.
func (p Project) milestone() (*milestones.Milestone, error) {
	text, err := textfile.Read(p.File)
	var notText *textfile.Error
	switch {
	case err == nil:
		m, err := milestones.Parse(filepath.ToSlash(p.File), text)
		if err == nil && p.Warn != nil {
			for _, warning := range m.Deprecations() {
				p.Warn(warning)
			}
		}
		return m, err
	case errors.As(err, &notText):
		notText.File = filepath.ToSlash(p.File)
		return nil, notText
	case errors.Is(err, fs.ErrNotExist) && p.isBuiltIn():
		return milestones.M109(), nil
	}
	return nil, Unreadable(p.File, err)
}

// Unreadable returns the error for an unreadable milestone, with the file's name once.
func Unreadable(file string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("reading the milestone %s: %w", file, err)
}

func (p Project) isBuiltIn() bool {
	if filepath.ToSlash(filepath.Clean(p.File)) != "milestones/M109.yaml" {
		return false
	}
	_, err := os.Stat("milestones")
	return errors.Is(err, fs.ErrNotExist)
}

// folder is a folder of the project, or the one inside of the program, which belongs to the milestone inside of it. Of
// another milestone the folder is as it is: what is missing there is missing.
func (p Project) folder(name string, builtIn fs.FS) fs.FS {
	path := filepath.Join(p.Root, name)
	info, err := os.Stat(path)
	if lacks(info, err) && p.Name == milestones.M109().ID {
		return builtIn
	}
	return os.DirFS(path)
}

// lacks reports whether the project has no such folder. An unreadable folder exists, and reading it returns the
// error.
func lacks(info fs.FileInfo, err error) bool {
	return errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir()
}

// Folders are the folders of the project that a run reads from, there or not, and how the names of the files end that
// count in each.
func (p Project) Folders() map[string]string {
	return map[string]string{
		filepath.Join(p.Root, plan.Folder): ".feature", filepath.Join(p.Root, "schemas"): ".json", filepath.Join(p.Root, "fixtures"): "",
	}
}

// Features has the feature files at its root.
func (p Project) Features() fs.FS { return p.folder(plan.Folder, features.FS) }

// Fixtures has the folders requests, keys and golden. Its files are read as text.
func (p Project) Fixtures() fs.FS { return textfile.FS(p.folder("fixtures", fixtures.FS), "fixtures") }

func (p Project) schemas() (*schemas.Set, error) {
	path := filepath.Join(p.Root, "schemas")
	if lacks(os.Stat(path)) {
		return schemas.Embedded(), nil
	}
	set, err := schemas.Load(os.DirFS(path))
	if err != nil {
		return nil, inSchemas(err)
	}
	return set, nil
}

// inSchemas names the folder of the schemas before each of their files.
func inSchemas(err error) error {
	var all []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if file, _, _ := strings.Cut(line, ":"); strings.HasSuffix(file, ".json") {
			line = "schemas/" + line
		}
		all = append(all, errors.New(line))
	}
	return &lines{errors.Join(all...).Error(), err}
}

// lines is an error with another text.
type lines struct {
	text string
	err  error
}

func (l *lines) Error() string { return l.text }
func (l *lines) Unwrap() error { return l.err }

// Inputs are everything that a run is made from.
type Inputs struct {
	Milestone *milestones.Milestone
	Plan      *plan.Plan
	Schemas   *schemas.Set
}

// Read reads all files, independent ones at the same time. It returns all problems, and with them what could be read.
func (p Project) Read() (Inputs, error) {
	var in Inputs
	var planning, loading error
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil { // in a goroutine it would end the process, and the report with it
				loading = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		in.Schemas, loading = p.schemas()
	}()
	in.Milestone, planning = p.milestone()
	if planning == nil {
		in.Plan, planning = plan.Load(in.Milestone, p.Features())
	}
	<-done
	var naming error
	if in.Milestone != nil && in.Schemas != nil {
		naming = in.Milestone.CheckSchemas(in.Schemas.Names())
	}
	return in, errors.Join(planning, loading, naming)
}

// Hashes returns the SHA-256 of all files of a run: "milestone" is the hash of the milestone's content, independent
// of its formatting, and the others have the names of their files in the project. The error has a line for each
// unreadable fixture.
func (p Project) Hashes(in Inputs) (map[string]string, error) {
	canonical, err := json.Marshal(in.Milestone)
	if err != nil {
		return nil, fmt.Errorf("hashing the milestone: %w", err)
	}
	hashes := map[string]string{"milestone": hash(canonical)}
	for _, feature := range in.Plan.Features() {
		hashes[feature.URI] = hash(feature.Text)
	}
	for _, name := range in.Schemas.Names() {
		schema, _ := in.Schemas.Lookup(name)
		hashes["schemas/"+name+".schema.json"] = hash(schema.Source())
	}
	var unreadable []error
	for _, pattern := range []string{"requests/*", "keys/*", Golden(in.Milestone.ID)} {
		names, err := list(p.Fixtures(), pattern)
		if err != nil {
			return nil, fmt.Errorf("listing the fixtures: %w", err)
		}
		for _, name := range names {
			if info, err := fs.Stat(p.Fixtures(), name); err != nil || info.IsDir() || path.Ext(name) == ".md" {
				continue
			}
			text, err := fs.ReadFile(p.Fixtures(), name)
			if err != nil {
				unreadable = append(unreadable, err)
			}
			hashes["fixtures/"+name] = hash(text)
		}
	}
	return hashes, errors.Join(unreadable...)
}

// ContractVersion returns 16 hexadecimal digits that identify a contract: the milestone with its schemas, features and fixtures,
// without the golden output, which follows from them. The hashes are those of [Project.Hashes]; of none it is "".
func ContractVersion(hashes map[string]string) string {
	if len(hashes) == 0 {
		return ""
	}
	var parts strings.Builder
	for _, name := range slices.Sorted(maps.Keys(hashes)) {
		if !strings.HasPrefix(name, "fixtures/"+path.Dir(Golden(""))+"/") {
			fmt.Fprintf(&parts, "%s %s\n", hashes[name], name)
		}
	}
	return hash([]byte(parts.String()))[:16]
}

// list is fs.Glob for a pattern of files in one folder. It returns the error of a folder that is there and cannot be read.
func list(fsys fs.FS, pattern string) (names []string, err error) {
	entries, err := fs.ReadDir(fsys, path.Dir(pattern))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, entry := range entries {
		if matches, _ := path.Match(path.Base(pattern), entry.Name()); matches {
			names = append(names, path.Join(path.Dir(pattern), entry.Name()))
		}
	}
	return names, err
}

func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Contract reads what is promised, without the features that prove it: the milestone and its schemas.
func (p Project) Contract() (*milestones.Milestone, *schemas.Set, error) {
	m, err := p.milestone()
	set, loading := p.schemas()
	if err := errors.Join(err, loading); err != nil {
		return nil, nil, err
	}
	return m, set, m.CheckSchemas(set.Names())
}
