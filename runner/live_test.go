//go:build external && !race

package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// live is a command that runs in the background of a script.
type live struct {
	command   *exec.Cmd
	lines     chan string
	ended     chan struct{}
	last      string
	requested chan struct{} // a request reached the silent service
}

// liveKey is the key of a script's live.
type liveKey struct{}

// tooLong is the time limit for a line to appear. Tests do not depend on it.
const tooLong = 3 * time.Minute

// starts runs a command in the background. Its stdout and its stderr are one stream, as on a terminal.
func starts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: starts COMMAND ARGS...")
	}
	l := ts.Value(liveKey{}).(*live)
	path, err := lookPath(ts.Getenv("PATH"), args[0])
	ts.Check(err)
	l.command = exec.Command(path, args[1:]...)
	l.command.Dir = ts.Getenv("WORK")
	l.command.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"))
	read, write, err := os.Pipe()
	ts.Check(err)
	l.command.Stdout, l.command.Stderr = write, write
	ts.Check(l.command.Start())
	write.Close()
	l.lines, l.ended = make(chan string, 10000), make(chan struct{})
	go func() {
		defer close(l.lines)
		defer read.Close()
		for scanner := bufio.NewScanner(read); scanner.Scan(); {
			l.lines <- scanner.Text()
		}
	}()
	ts.Defer(func() {
		_ = l.command.Process.Kill() // it has ended, if the script came to its end
		_ = l.command.Wait()
	})
}

// prints waits for a line that matches. Earlier lines are skipped.
func prints(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: prints REGEXP")
	}
	l, wanted := ts.Value(liveKey{}).(*live), regexp.MustCompile(args[0])
	var before []string
	giveUp := time.After(tooLong)
	for {
		select {
		case line, open := <-l.lines:
			if !open {
				ts.Fatalf("it ended without a line that matches %s:\n%s", wanted, strings.Join(before, "\n"))
			}
			l.last = line
			if wanted.MatchString(line) {
				ts.Logf("printed: %s", line)
				return
			}
			before = append(before, line)
		case <-giveUp:
			ts.Fatalf("no line matches %s:\n%s", wanted, strings.Join(before, "\n"))
		}
	}
}

// stops interrupts the command, which ends with an exit code, and a verdict as its last line.
func stops(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: stops CODE")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	l := ts.Value(liveKey{}).(*live)
	ts.Check(l.command.Process.Signal(os.Interrupt))
	for line := range l.lines {
		l.last = line
	}
	checkExit(ts, want, l.command.Wait())
	if l.last != "overall=false" {
		ts.Fatalf("the last line is %q", l.last)
	}
}

// silent starts a service that answers no operation, and sets $SILENT to its URL.
func silent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: silent")
	}
	l := ts.Value(liveKey{}).(*live)
	l.requested = make(chan struct{}, 100)
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body) // the server detects a closed connection only after reading the body
		select {
		case l.requested <- struct{}{}:
		default: // the channel is full
		}
		<-r.Context().Done()
	}))
	ts.Defer(service.Close)
	ts.Setenv("SILENT", service.URL)
}

// requested waits for a request to the silent service.
func requested(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: requested")
	}
	select {
	case <-ts.Value(liveKey{}).(*live).requested:
	case <-time.After(tooLong):
		ts.Fatalf("there was no request")
	}
}
