//go:build external && unix

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

	"example.com/lpgate/internal/module"
)

var pictures = flag.Bool("pictures", false, "make the PNG pictures of the pages; needs Chromium and the ports of the pages")

// pageTimeout bounds one page.
const pageTimeout = 15 * time.Minute

// The commands of README.md and of docs are run in a copy of the module, in one shell per page:
//
//	```console
//	$ a command
//	its output             … matches anything in a line, and any lines when alone
//	```
//
// A block of sh has commands without output. Times, hashes and random ids are not compared. The comment
// "<!-- a terminal of its own -->" before a block runs it in the background until the end of the page;
// "<!-- not run: REASON -->" does not run it.
//
// The title of a picture is its source: a command that stands before it, whose output an SVG shows, or an address that a
// browser opened for a PNG. make pictures makes both.
func TestPages(t *testing.T) {
	files := module.Enter(t)
	for _, file := range files {
		if file != "README.md" && (!strings.HasPrefix(file, "docs/") || filepath.Ext(file) != ".md") {
			continue
		}
		steps := readPage(t, file).steps
		if !slices.ContainsFunc(steps, func(s step) bool { return s.kind == shell || s.kind == terminal }) {
			continue
		}
		t.Run(file, func(t *testing.T) {
			if !*pictures { // they need the ports of the pages
				t.Parallel()
			}
			runPage(t, file, steps, files)
		})
	}
}

// runPage runs the steps of a page in a copy of the module.
func runPage(t *testing.T, page string, steps []step, files []string) {
	dir := t.TempDir()
	ports := mapPorts(t, steps)
	copyModule(t, dir, files, ports)
	sh := startShell(t, dir, steps, ports)
	outputs := map[string]string{} // by command
	for _, s := range steps {
		if s.kind == picture {
			checkPicture(t, dir, s, outputs, ports)
			continue
		}
		if s.kind == skipped {
			t.Logf("not run: %s: %s", s.commands[0].line, s.reason)
			continue
		}
		for _, c := range s.commands {
			line, background := strings.CutSuffix(c.line, " &")
			background = background || s.kind == terminal
			readable := func(got string) string { return progress.ReplaceAllString(ports.toPage.Replace(got), "") }
			got, matches := sh.run(ports.toFree.Replace(line), background, func(got string) bool {
				return matchingLines(c.want, readable(got), background) >= 0
			})
			got = readable(got)
			if !matches {
				t.Fatalf("%s: $ %s\ngot\n%s\nwant\n%s", page, c.line, got, c.want)
			}
			if background { // a log goes on
				lines := strings.SplitAfter(got, "\n")
				got = strings.Join(lines[:min(matchingLines(c.want, got, true), len(lines))], "")
			}
			command, _, _ := strings.Cut(line, "; echo")
			outputs[command] = line + "\n" + got
		}
	}
}

// copyModule copies files of the module into dir, and makes it a repository, so that git diff shows what a page changes.
func copyModule(t *testing.T, dir string, files []string, ports ports) {
	t.Helper()
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if file == "Makefile" {
			content = []byte(ports.toFree.Replace(string(content)))
		}
		to := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}} {
		if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
	}
}

// varying matches what differs from run to run: times, dates of expiry, hashes, random ids, keys, durations.
var varying = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|\b(expires:|until) \d{4}-\d\d-\d\d\b|\b[0-9a-f]{16,}\b|\b(partner|key)-[0-9a-f]{10}\b|\bplp_[a-z2-7]{26}\b|\b[0-9A-F]{2}(:[0-9A-F]{2}){31}\b|"took_us":\d+|\btook=[0-9.µnm]+s`)

// progress matches lines that only a slow run prints.
var progress = regexp.MustCompile(`(?m)^scenarios: \d+ of \d+.*\n`)

func mask(text string) string {
	return varying.ReplaceAllString(strings.ReplaceAll(text, "\r", ""), "~")
}

// matchingLines returns how many lines of the output match what a page shows: all, or the first ones if more may follow. It
// returns -1 if the output does not match.
func matchingLines(want, got string, more bool) int {
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
	return strings.Count(strings.TrimRight(match, "\n")+"\n", "\n") - 1 // match has a line break before the first line
}

// ports replaces the ports of a page by free ones, and back.
type ports struct{ toFree, toPage *strings.Replacer }

func mapPorts(t *testing.T, steps []step) ports {
	t.Helper()
	var toFree, toPage []string
	for _, s := range steps {
		for _, c := range s.commands {
			for _, port := range regexp.MustCompile(`:8\d{3}\b`).FindAllString(c.line+"\n"+c.want, -1) {
				if slices.Contains(toFree, port) {
					continue
				}
				free := port
				if !*pictures {
					l, err := net.Listen("tcp", "127.0.0.1:0")
					if err != nil {
						t.Fatal(err)
					}
					_, number, _ := net.SplitHostPort(l.Addr().String())
					free = ":" + number
					l.Close()
				}
				toFree, toPage = append(toFree, port, free), append(toPage, free, port)
			}
		}
	}
	return ports{strings.NewReplacer(toFree...), strings.NewReplacer(toPage...)}
}

// session is a shell, and the terminals beside it.
type session struct {
	stdin     io.Writer
	out       *output
	terminals []*output
	used      int
}

func startShell(t *testing.T, dir string, steps []step, ports ports) *session {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), pageTimeout)
	cmd := exec.CommandContext(ctx, "sh")
	cmd.Dir = dir
	// With -trimpath the copies share what is compiled.
	cmd.Env = append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -trimpath -buildvcs=false", "GITHUB_ACTIONS=", "CI=", "NO_COLOR=1",
		"MAKELEVEL=", "MAKEFLAGS=", "MFLAGS=", "FAKESERVER_ADDR="+ports.toFree.Replace("127.0.0.1:8109"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that everything that the page starts can be stopped
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe := func() (*output, *os.File) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		o := &output{changed: make(chan struct{}, 1)}
		go func() { _, _ = io.Copy(o, r); r.Close(); o.end() }()
		return o, w
	}
	sh := &session{stdin: stdin}
	var w *os.File
	sh.out, w = pipe()
	cmd.Stdout, cmd.Stderr = w, w
	writers := []*os.File{w}
	for _, s := range steps {
		for _, c := range s.commands {
			if s.kind == terminal || strings.HasSuffix(c.line, " &") {
				o, w := pipe()
				sh.terminals, cmd.ExtraFiles, writers = append(sh.terminals, o), append(cmd.ExtraFiles, w), append(writers, w)
			}
		}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, w := range writers {
		w.Close()
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	return sh
}

// run runs a command and waits for its end, or in the background until its output matches.
func (sh *session) run(line string, background bool, matches func(string) bool) (string, bool) {
	const end = "\x1e"
	if background {
		fd := 3 + sh.used
		fmt.Fprintf(sh.stdin, "{ %s\n} </dev/null >&%d 2>&1 &\nexec %d>&-\n", line, fd, fd)
		sh.used++
		return sh.terminals[fd-3].waitFor(matches)
	}
	sh.out.reset()
	fmt.Fprintf(sh.stdin, "{ %s\n} </dev/null\nprintf '\\036'\n", line)
	got, ended := sh.out.waitFor(func(got string) bool { return strings.HasSuffix(got, end) })
	got = strings.TrimSuffix(got, end)
	return got, ended && matches(got)
}

// output collects what a terminal shows.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	ended   bool
	changed chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.notify()
	return o.text.Write(p)
}

func (o *output) end() { o.mu.Lock(); o.ended = true; o.notify(); o.mu.Unlock() }

func (o *output) notify() {
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

func (o *output) reset() { o.mu.Lock(); o.text.Reset(); o.mu.Unlock() }

// waitFor waits until the output matches, and returns it. It returns false if the output ends without a match.
func (o *output) waitFor(matches func(string) bool) (string, bool) {
	for {
		o.mu.Lock()
		text, ended := o.text.String(), o.ended
		o.mu.Unlock()
		if matches(text) || ended {
			return text, matches(text)
		}
		<-o.changed
	}
}
