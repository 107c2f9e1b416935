//go:build external && unix && !race

package doctest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark" // reads Markdown as CommonMark says, and so as GitHub does
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// The pages are documentation that is run. In a copy of the project, a test does what a page tells its reader:
//
//	```console
//	$ a command            run by sh, in one shell for the whole page
//	what it prints         compared; … stands for anything in a line, and in a line of its own for any lines
//	```
//
// A block of sh has commands that print nothing. Seeds, hashes and times may be others than those in the page. A comment
// before a block says how it is run:
//
//	<!-- a terminal of its own -->    in the background, until the end of the page
//	<!-- not run: REASON -->          not at all; the block is listed in notRun
//
// A picture's title says of what it is: a command that stands before it (of what that printed), or an address to open in
// a browser. `make pictures` makes them anew.
var pages = []string{"README.md", "runner/START.md", "fakeserver/START.md", "features/START.md"}

func TestMain(m *testing.M) {
	flag.Parse()
	if err := os.Chdir("../.."); err != nil { // the pages and what they name are at the root of the module
		panic(err)
	}
	os.Exit(m.Run())
}

// notRun is the first command of each block that is marked so.
var notRun = map[string][]string{
	"README.md": {"make test", "artifacts/runner milestones/M109.yaml --out artifacts/try --target https://lp.example",
		"go mod edit -require=example.com/lpgate@v0.0.0 -replace=example.com/lpgate=../lpgate", "make bench"},
}

// samples are pages to look things up in, and the first commands of their blocks that are run. The others need what a page
// does not bring: a feature that was changed, a service, the runner of yesterday, or minutes.
var samples = map[string][]string{
	"runner/README.md": {
		"go build -o artifacts/runner ./runner",
		`artifacts/runner lint; echo "exit $?"`,
		"artifacts/runner steps walk has",
		`artifacts/runner explain rollout-counts-version; echo "exit $?"`,
		`artifacts/runner milestones/M109.yaml --out artifacts/try --rule health-is-public; echo "exit $?"`,
		`artifacts/runner milestones/M109.yaml --name HEALTH; echo "exit $?"`,
		"artifacts/runner milestones/M109.yaml --format json 2> gate.log | jq -c '{overall, exit_code, scenarios}'",
		"for i in 1 2 3; do artifacts/runner milestones/M109.yaml --shard $i/3 --out artifacts/shards/$i; done",
	},
	"features/README.md": {
		"go build -o artifacts/runner ./runner",
		`artifacts/runner lint; echo "exit $?"`,
		"artifacts/runner explain health-is-public",
	},
}

var pictures = flag.Bool("pictures", false, "make the pictures of the pages anew; needs chromium and the very ports of the pages")

// mostPage is for a page that hangs.
const mostPage = 10 * time.Minute

func TestPages(t *testing.T) {
	for _, page := range pages {
		t.Run(page, func(t *testing.T) {
			if !*pictures { // which need the very ports
				t.Parallel()
			}
			steps := read(t, page).steps
			var skipped []string
			for _, s := range steps {
				if s.kind == skip {
					skipped = append(skipped, s.commands[0].line)
				}
			}
			if diff := cmp.Diff(skipped, notRun[page]); diff != "" {
				t.Errorf("the blocks that are not run (-page +notRun):\n%s", diff)
			}
			do(t, page, steps)
		})
	}
}

func TestSamples(t *testing.T) {
	for page, first := range samples {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			var steps []step
			at := 0
			for _, s := range read(t, page).steps {
				if at < len(first) && s.kind == shell && s.commands[0].line == first[at] {
					steps = append(steps, s)
					at++
				}
			}
			if at < len(first) {
				t.Fatalf("it has no block that begins with: %s", first[at])
			}
			do(t, page, steps)
		})
	}
}

// Every link between the pages leads to a file and a heading that are there.
func TestLinks(t *testing.T) {
	for _, file := range tracked(t) {
		if filepath.Ext(file) != ".md" {
			continue
		}
		for _, link := range read(t, file).links {
			if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
				continue
			}
			name, anchor, _ := strings.Cut(link, "#")
			to := file
			if name != "" {
				to = filepath.Join(filepath.Dir(file), name)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s leads to %s, which is not there", file, link)
			} else if anchor != "" && filepath.Ext(to) == ".md" && !slices.Contains(read(t, to).anchors, anchor) {
				t.Errorf("%s leads to %s, and %s has no such heading", file, link, to)
			}
		}
	}
}

type kind int

const (
	shell kind = iota
	terminal
	skip
	picture
)

// step is one thing that a reader does: type a block, or look at a picture.
type step struct {
	kind       kind
	commands   []command
	file, from string // of a picture
}

type command struct{ line, want string }

type parts struct {
	steps          []step
	links, anchors []string
}

// read takes a page apart.
func read(t *testing.T, file string) (p parts) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
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
			title := plain(n, source)
			anchor := slug(title)
			for i := 1; slices.Contains(p.anchors, anchor); i++ {
				anchor = fmt.Sprintf("%s-%d", slug(title), i)
			}
			p.anchors = append(p.anchors, anchor)
		case *ast.HTMLBlock:
			comment = strings.TrimSpace(string(n.Lines().Value(source)))
		case *ast.Link:
			p.links = append(p.links, string(n.Destination))
		case *ast.Image:
			p.links = append(p.links, string(n.Destination))
			p.steps = append(p.steps, step{kind: picture,
				file: filepath.Join(filepath.Dir(file), string(n.Destination)), from: string(n.Title)})
		case *ast.FencedCodeBlock:
			var s step
			switch reason, not := strings.CutPrefix(before, "<!-- not run: "); {
			case not && reason != "-->":
				s.kind = skip
			case before == "<!-- a terminal of its own -->":
				s.kind = terminal
			}
			switch code := string(n.Lines().Value(source)); string(n.Language(source)) {
			case "console":
				s.commands = commands(code)
			case "sh":
				s.commands = []command{{line: strings.TrimSuffix(code, "\n")}}
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

// commands are those of a block, each with what it prints. One goes on in the next line after \, | or &&.
func commands(code string) (all []command) {
	goesOn := false
	for line := range strings.Lines(code) {
		line = strings.TrimSuffix(line, "\n")
		switch begun, is := strings.CutPrefix(line, "$ "); {
		case is:
			all = append(all, command{line: begun})
			line = begun
		case len(all) == 0:
			continue
		case goesOn:
			all[len(all)-1].line += "\n" + line
		default:
			all[len(all)-1].want += line + "\n"
			continue
		}
		goesOn = regexp.MustCompile(`(\\|\||&&)$`).MatchString(line)
	}
	return all
}

// plain is the text of a heading.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if s, is := c.(*ast.Text); is {
			b.Write(s.Value(source))
		} else {
			b.WriteString(plain(c, source))
		}
	}
	return b.String()
}

// slug is the anchor that GitHub gives a heading.
func slug(title string) string {
	return strings.ReplaceAll(regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}

// do goes through the steps in a copy of the project.
func do(t *testing.T, page string, steps []step) {
	dir := t.TempDir()
	ports := freePorts(t, steps)
	for _, file := range tracked(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if file == "Makefile" {
			content = []byte(ports.there.Replace(string(content)))
		}
		to := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}} { // so that git diff tells what a page changes
		if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
	}
	sh := start(t, dir, steps, ports)
	printed := map[string]string{}
	for _, s := range steps {
		switch s.kind {
		case picture:
			look(t, dir, s, printed, ports)
		case shell, terminal:
			for _, c := range s.commands {
				line, background := strings.CutSuffix(c.line, " &")
				background = background || s.kind == terminal
				got, ok := sh.run(ports.there.Replace(line), background, func(got string) bool {
					return prints(c.want, waiting.ReplaceAllString(ports.back.Replace(got), ""), background) >= 0
				})
				got = waiting.ReplaceAllString(ports.back.Replace(got), "")
				if !ok {
					t.Fatalf("%s: %s\nprinted\n%s\nand is to print\n%s", page, c.line, got, c.want)
				}
				if background { // what came by then, and no more: a log goes on
					rows := strings.SplitAfter(got, "\n")
					got = strings.Join(rows[:min(prints(c.want, got, true), len(rows))], "")
				}
				before, _, _ := strings.Cut(line, "; echo")
				printed[before] = line + "\n" + got
			}
		}
	}
}

// masks are what differs from run to run: times, the days on which known failures expire, seeds and hashes, ids that are drawn, keys that are made.
var masks = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|\b(expires:|until) \d{4}-\d\d-\d\d\b|\b[0-9a-f]{16,}\b|\b(partner|key)-[0-9a-f]{10}\b|\bplp_[a-z2-7]{26}\b|\b[0-9A-F]{2}(:[0-9A-F]{2}){31}\b|"took_us":\d+|\btook=[0-9.µnm]+s`)

// waiting is what a run says of itself on a machine that is slow, and not on another.
var waiting = regexp.MustCompile(`(?m)^scenarios: \d+ of \d+.*\n`)

func mask(text string) string {
	return masks.ReplaceAllString(strings.ReplaceAll(text, "\r", ""), "~")
}

// prints says how many lines of a text are those that a page shows: all of them, or the first ones if more may come, and
// -1 if they are others.
func prints(want, got string, more bool) int {
	pattern := regexp.QuoteMeta("\n" + strings.TrimRight(mask(want), "\n"))
	pattern = strings.ReplaceAll(pattern, "\n…", "(?:\n.*)*")
	pattern = strings.ReplaceAll(pattern, "…", ".*")
	if more {
		pattern += `(?:\n|$)`
	} else {
		pattern += `\n*$`
	}
	match := regexp.MustCompile("^" + pattern).FindString("\n" + mask(got))
	if match == "" {
		return -1
	}
	return strings.Count(strings.TrimRight(match, "\n")+"\n", "\n") - 1 // match begins with one of ours
}

// mapped are the ports of a page, and those that its reader has free here.
type mapped struct{ there, back *strings.Replacer }

func freePorts(t *testing.T, steps []step) mapped {
	t.Helper()
	var there, back []string
	for _, s := range steps {
		for _, c := range s.commands {
			for _, port := range regexp.MustCompile(`:8\d{3}\b`).FindAllString(c.line+"\n"+c.want, -1) {
				if slices.Contains(there, port) {
					continue
				}
				free := port
				if !*pictures {
					l, err := net.Listen("tcp", "127.0.0.1:0")
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { l.Close() }) // none twice
					_, number, _ := net.SplitHostPort(l.Addr().String())
					free = ":" + number
					l.Close()
				}
				there, back = append(there, port, free), append(back, free, port)
			}
		}
	}
	return mapped{strings.NewReplacer(there...), strings.NewReplacer(back...)}
}

// session is a shell, and the terminals beside it.
type session struct {
	t     *testing.T
	stdin io.Writer
	out   *output
	aside []*output
	used  int
}

func start(t *testing.T, dir string, steps []step, ports mapped) *session {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), mostPage)
	cmd := exec.CommandContext(ctx, "sh")
	cmd.Dir = dir
	// Without the name of the folder in it, what is built here is built once for all copies.
	cmd.Env = append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -trimpath -buildvcs=false", "GITHUB_ACTIONS=", "CI=", "NO_COLOR=1", "MAKELEVEL=", "MAKEFLAGS=", "MFLAGS=",
		"FAKESERVER_ADDR="+ports.there.Replace("127.0.0.1:8109"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // all that a page starts can be stopped
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	sh := &session{t: t, stdin: stdin}
	pipe := func() (*output, *os.File) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		o := &output{came: make(chan struct{}, 1)}
		go func() { _, _ = io.Copy(o, r); r.Close(); o.end() }()
		return o, w
	}
	var w *os.File
	sh.out, w = pipe()
	cmd.Stdout, cmd.Stderr = w, w
	ends := []*os.File{w}
	for _, s := range steps {
		for _, c := range s.commands {
			if s.kind == terminal || strings.HasSuffix(c.line, " &") {
				o, w := pipe()
				sh.aside, cmd.ExtraFiles, ends = append(sh.aside, o), append(cmd.ExtraFiles, w), append(ends, w)
			}
		}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, w := range ends {
		w.Close()
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	return sh
}

// run types a command, and waits for its end, or in the background until it has printed what it is to print.
func (sh *session) run(line string, background bool, is func(string) bool) (string, bool) {
	const end = "\x1e"
	if background {
		fd := 3 + sh.used
		fmt.Fprintf(sh.stdin, "{ %s\n} </dev/null >&%d 2>&1 &\nexec %d>&-\n", line, fd, fd)
		sh.used++
		return sh.aside[fd-3].until(is)
	}
	sh.out.reset()
	fmt.Fprintf(sh.stdin, "{ %s\n} </dev/null\nprintf '\\036'\n", line)
	got, ended := sh.out.until(func(got string) bool { return strings.HasSuffix(got, end) })
	got = strings.TrimSuffix(got, end)
	return got, ended && is(got)
}

// output is what came out of a terminal up to now.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	ended bool
	came  chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tell()
	return o.text.Write(p)
}

func (o *output) end() { o.mu.Lock(); o.ended = true; o.tell(); o.mu.Unlock() }

func (o *output) tell() {
	select {
	case o.came <- struct{}{}:
	default:
	}
}

func (o *output) reset() { o.mu.Lock(); o.text.Reset(); o.mu.Unlock() }

// until waits for a text that is as it should be; false when no more comes, and it is not.
func (o *output) until(is func(string) bool) (string, bool) {
	for {
		o.mu.Lock()
		text, ended := o.text.String(), o.ended
		o.mu.Unlock()
		if is(text) || ended {
			return text, is(text)
		}
		<-o.came
	}
}

// tracked are the files of the project.
func tracked(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate").Output()
	if err != nil {
		t.Fatalf("listing the files: %v", err)
	}
	return slices.DeleteFunc(strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), func(file string) bool {
		_, err := os.Stat(file)
		return err != nil // removed, and not committed yet
	})
}
