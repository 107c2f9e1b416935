package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
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
	said, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.out, s.err = bufio.NewReader(out), bufio.NewReader(said)
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

// until reads lines, the first with the words in it being the last.
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
	said, _ := io.ReadAll(s.err)
	s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode(), string(out), string(said)
}

// anyServer is a client that trusts whatever certificate a server has: whom curl and
// the healthcheck trust is what is tested.
var anyServer = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// TestScripts runs the command as a user meets it. Beside testscript's own
// commands a script has
//
//	serve [NAME=VALUE …] [FLAG …]  start fakeserver with these variables and flags,
//	                   and set $URL and $ADDR
//	banner             the rest of what it prints at the start becomes stdout
//	paste              banner, and run its curl lines in a shell, in which
//	                   PARTNER_KEY is $PARTNER_KEY; stdout has their answers too
//	get PATH [HEADER …] GET $URL PATH; status and body become stdout
//	hangup             send HUP; the line about it becomes stdout
//	terminate SIGNAL CODE send TERM or INT, and demand that exit code
func TestScripts(t *testing.T) {
	of := func(ts *testscript.TestScript) *serving { return ts.Value("serving").(*running).serving }
	show := func(ts *testscript.TestScript, text string) {
		ts.Check(os.WriteFile(ts.MkAbs("answer"), []byte(text), 0o666))
		ts.Check(ts.Exec("cat", "answer"))
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Values["serving"] = &running{t: env.T().(testing.TB)}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": func(ts *testscript.TestScript, _ bool, args []string) {
				r, variables := ts.Value("serving").(*running), 0
				for variables < len(args) && !strings.HasPrefix(args[variables], "-") {
					variables++
				}
				r.serving = start(r.t, ts.Getenv("WORK"), args[:variables], args[variables:]...)
				ts.Setenv("URL", r.url)
				_, addr, _ := strings.Cut(r.url, "://")
				ts.Setenv("ADDR", addr)
			},
			"banner": func(ts *testscript.TestScript, _ bool, _ []string) {
				show(ts, until(ts.Value("serving").(*running).t, of(ts).out, "control API:"))
			},
			"paste": func(ts *testscript.TestScript, _ bool, _ []string) {
				banner := until(ts.Value("serving").(*running).t, of(ts).out, "control API:")
				told := bytes.NewBufferString(banner)
				for line := range strings.Lines(banner) {
					if strings.HasPrefix(line, "  curl ") {
						curl := exec.Command("sh", "-c", line)
						curl.Dir, curl.Env = ts.Getenv("WORK"), append(os.Environ(), "PARTNER_KEY="+ts.Getenv("PARTNER_KEY"))
						curl.Stdout, curl.Stderr = told, told
						if err := curl.Run(); err != nil {
							ts.Fatalf("%s%v\n%s", line, err, told)
						}
						told.WriteByte('\n')
					}
				}
				show(ts, told.String())
			},
			"get": func(ts *testscript.TestScript, _ bool, args []string) {
				r, err := http.NewRequest("GET", of(ts).url+args[0], nil)
				ts.Check(err)
				for _, header := range args[1:] {
					name, value, _ := strings.Cut(header, ": ")
					r.Header.Set(name, value)
				}
				answer, err := anyServer.Do(r)
				ts.Check(err)
				defer answer.Body.Close()
				body, err := io.ReadAll(answer.Body)
				ts.Check(err)
				show(ts, answer.Status+"\n"+string(body))
			},
			"hangup": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Check(of(ts).cmd.Process.Signal(syscall.SIGHUP))
				show(ts, until(ts.Value("serving").(*running).t, of(ts).err, "SIGHUP"))
			},
			"terminate": func(ts *testscript.TestScript, _ bool, args []string) {
				signal := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT}[args[0]]
				r := ts.Value("serving").(*running)
				code, _, said := r.end(r.t, signal)
				if args[1] != strconv.Itoa(code) {
					ts.Fatalf("exit code %d (%s), want %s", code, said, args[1])
				}
			},
		},
	})
}

// running is the server of a script, once it has started one.
type running struct {
	t testing.TB
	*serving
}
