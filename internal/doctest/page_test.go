package doctest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark" // CommonMark, as GitHub renders it
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"example.com/lpgate/internal/module"
)

// page is a Markdown file, named from the root of the module. A reader types its blocks and looks at its pictures, in order.
type page struct {
	steps          []step
	links, anchors []string
	code           []string // code spans
	lines          int      // without generated sections
}

type stepKind int

const (
	shell    stepKind = iota // a block of commands
	terminal                 // a block of commands that keep running, in a terminal of their own
	skipped                  // a block that is not run
	picture
)

type step struct {
	kind     stepKind
	commands []command
	reason   string // why a block is not run
	// file is that of a picture. source is what it shows: a command of the page, or an address for a browser. "" is a
	// picture that another page makes.
	file, source string
}

type command struct{ line, want string }

var (
	notRun    = regexp.MustCompile(`^<!-- not run: (.+) -->$`)
	generated = regexp.MustCompile(`(?ms)^<!-- generated: .*?^<!-- end -->$`)
)

const ownTerminal = "<!-- a terminal of its own -->"

// readPage parses a page.
func readPage(t *testing.T, file string) *page {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := &page{lines: strings.Count(generated.ReplaceAllString(string(source), ""), "\n")}
	comment := ""
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	err = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		before := comment
		if n.Type() == ast.TypeBlock {
			comment = ""
		}
		switch n := n.(type) {
		case *ast.Heading:
			anchor := anchorOf(textOf(n, source))
			for i := 1; slices.Contains(p.anchors, anchor); i++ {
				anchor = fmt.Sprintf("%s-%d", anchorOf(textOf(n, source)), i)
			}
			p.anchors = append(p.anchors, anchor)
		case *ast.HTMLBlock:
			comment = strings.TrimSpace(string(n.Lines().Value(source)))
		case *ast.CodeSpan:
			p.code = append(p.code, textOf(n, source))
		case *ast.Link:
			p.links = append(p.links, string(n.Destination))
		case *ast.Image:
			p.links = append(p.links, string(n.Destination))
			p.steps = append(p.steps, step{kind: picture, file: filepath.Join(filepath.Dir(file), string(n.Destination)), source: string(n.Title)})
		case *ast.FencedCodeBlock:
			s := step{commands: commandsOf(string(n.Language(source)), string(n.Lines().Value(source)))}
			if reason := notRun.FindStringSubmatch(before); reason != nil {
				s.kind, s.reason = skipped, reason[1]
			} else if before == ownTerminal {
				s.kind = terminal
			}
			if len(s.commands) > 0 {
				p.steps = append(p.steps, s)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// commandsOf returns the commands of a block: each line after "$ " of a console block with its output, or a whole sh block,
// which prints nothing. A command continues in the next line after \, | or &&.
func commandsOf(language, code string) (commands []command) {
	if language == "sh" {
		return []command{{line: strings.TrimSuffix(code, "\n")}}
	}
	if language != "console" {
		return nil
	}
	continues := false
	for line := range strings.Lines(code) {
		line = strings.TrimSuffix(line, "\n")
		started, starts := strings.CutPrefix(line, "$ ")
		switch {
		case starts:
			commands = append(commands, command{line: started})
		case len(commands) == 0:
			continue
		case continues:
			commands[len(commands)-1].line += "\n" + line
		default:
			commands[len(commands)-1].want += line + "\n"
			continue
		}
		continues = strings.HasSuffix(line, `\`) || strings.HasSuffix(line, "|") || strings.HasSuffix(line, "&&")
	}
	return commands
}

// textOf returns the text of a node without markup.
func textOf(n ast.Node, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if s, is := c.(*ast.Text); is {
			b.Write(s.Value(source))
		} else {
			b.WriteString(textOf(c, source))
		}
	}
	return b.String()
}

// anchorOf returns the anchor that GitHub gives to a heading.
func anchorOf(title string) string {
	return strings.ReplaceAll(regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}

// enterPages enters the module and returns its Markdown files.
func enterPages(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(module.Enter(t), func(file string) bool { return filepath.Ext(file) != ".md" })
}
