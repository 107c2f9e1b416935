package main

import (
	"bufio"
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"fakeserver": main}) }

// serving is a server that runs.
type serving struct {
	cmd      *exec.Cmd
	url      string
	out, err *bufio.Reader
}

// start starts the built command in a folder, and reads the first line of its banner.
func start(t testing.TB, dir string, env []string, args ...string) *serving {
	t.Helper()
	path, err := exec.LookPath("fakeserver")
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{cmd: exec.Command(path, args...)}
	s.cmd.Dir, s.cmd.Env = dir, append(os.Environ(), env...)
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.out, s.err = bufio.NewReader(out), bufio.NewReader(stderr)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			s.cmd.Process.Kill()
			s.cmd.Wait()
		}
	})
	line, err := s.out.ReadString('\n')
	if err != nil {
		why, _ := io.ReadAll(s.err)
		t.Fatalf("the server did not start: %s", why)
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("the first line is %q", line)
	}
	s.url = url
	return s
}

// until reads lines up to the first one with a text in it.
func until(t testing.TB, lines *bufio.Reader, words string) string {
	t.Helper()
	var read strings.Builder
	for {
		line, err := lines.ReadString('\n')
		read.WriteString(line)
		if err != nil {
			t.Fatalf("no line has %q: %s", words, read.String())
		}
		if strings.Contains(line, words) {
			return read.String()
		}
	}
}

// end sends a signal, and gives the exit code and what else was printed.
func (s *serving) end(t testing.TB, signal os.Signal) (code int, stdout, stderr string) {
	t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	out, _ := io.ReadAll(s.out)
	logged, _ := io.ReadAll(s.err)
	s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode(), string(out), string(logged)
}

// anyServer accepts every certificate. What curl and the health check accept is tested elsewhere.
var anyServer = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
