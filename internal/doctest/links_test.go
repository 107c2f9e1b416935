package doctest

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/lpgate/internal/module"
)

// Links between pages lead to existing files and headings.
func TestLinks(t *testing.T) {
	pages := map[string]*page{}
	for _, file := range enterPages(t) {
		pages[file] = readPage(t, file)
	}
	for file, p := range pages {
		for _, link := range p.links {
			if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
				continue
			}
			name, anchor, _ := strings.Cut(link, "#")
			to := file
			if name != "" {
				to = filepath.Join(filepath.Dir(file), name)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: link to %s: no such file", file, link)
			} else if anchor != "" && pages[to] != nil && !slices.Contains(pages[to].anchors, anchor) {
				t.Errorf("%s: link to %s: %s has no such heading", file, link, to)
			}
		}
	}
}

// Every page of docs is reachable from README.md.
func TestPagesAreLinked(t *testing.T) {
	pages, reached := enterPages(t), map[string]bool{}
	var visit func(string)
	visit = func(file string) {
		if reached[file] || filepath.Ext(file) != ".md" {
			return
		}
		reached[file] = true
		for _, link := range readPage(t, file).links {
			name, _, _ := strings.Cut(link, "#")
			if to := filepath.Join(filepath.Dir(file), name); name != "" {
				if _, err := os.Stat(to); err == nil {
					visit(to)
				}
			}
		}
	}
	visit("README.md")
	for _, file := range pages {
		if strings.HasPrefix(file, "docs/") && !reached[file] {
			t.Errorf("no link leads from README.md to %s", file)
		}
	}
}

// placeholders are variable parts of a path.
var placeholders = regexp.MustCompile(`[<>*{}…]`)

// A path of the repository in the text of a page exists.
func TestPathsInText(t *testing.T) {
	pages := enterPages(t)
	folders, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range pages {
		if !strings.HasPrefix(file, "docs/") && strings.Contains(file, "/") || file == "CHANGELOG.md" {
			continue
		}
		for _, code := range readPage(t, file).code {
			folder, _, is := strings.Cut(code, "/")
			if !is || folder == "artifacts" || !slices.Contains(folders, folder) || strings.Contains(code, " ") || placeholders.MatchString(code) {
				continue
			}
			if _, err := os.Stat(code); err != nil {
				t.Errorf("%s names %s: no such file", file, code)
			}
		}
	}
}

// A page is short enough to read at once. Generated sections do not count.
func TestPageLengths(t *testing.T) {
	limits := map[string]int{"README.md": 120}
	for _, file := range enterPages(t) {
		limit := limits[file]
		if limit == 0 && strings.HasPrefix(file, "docs/") && file != "docs/reference/steps.md" { // generated as a whole
			limit = 150
		}
		if lines := readPage(t, file).lines; limit != 0 && lines > limit {
			t.Errorf("%s has %d lines, at most %d are allowed: split it", file, lines, limit)
		}
	}
}

// The table of packages in CONTRIBUTING.md has every package: by its path, by its name after a sibling, or by a folder above it.
func TestPackageTable(t *testing.T) {
	files := module.Enter(t)
	text, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Packages\n")
	section, _, _ = strings.Cut(section, "\n## ")
	listed := map[string]bool{}
	for line := range strings.Lines(section) {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		folder := ""
		for _, code := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
			name := code[1]
			if strings.Contains(name, "/") {
				folder = path.Dir(name)
			} else if folder != "" {
				name = path.Join(folder, name)
			}
			listed[name] = true
		}
	}
	checked := map[string]bool{}
	for _, file := range files {
		name := path.Dir(file)
		if checked[name] || filepath.Ext(file) != ".go" || strings.HasPrefix(file, ".") || strings.Contains(file, "testdata/") {
			continue
		}
		checked[name] = true
		known := listed[name]
		for above := path.Dir(name); !known && strings.Contains(above, "/") && path.Base(above) != "internal"; above = path.Dir(above) {
			known = listed[above]
		}
		if !known && !(listed["internal"] && strings.HasPrefix(name, "internal/")) {
			t.Errorf("the table of packages in CONTRIBUTING.md lacks %s", name)
		}
	}
}
