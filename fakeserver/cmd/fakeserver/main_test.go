package main

import (
	"bufio"
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

// TestScripts runs the command as a user meets it. Beside testscript's own
// commands a script has
//
//	serve [FLAG …]     start fakeserver, wait for its line, and set $URL
//	get PATH           GET $URL PATH; the body becomes stdout
//	terminate SIGNAL CODE send TERM or INT, and demand that exit code
func TestScripts(t *testing.T) {
	type serving struct {
		cmd   *exec.Cmd
		lines *bufio.Reader
	}
	of := func(ts *testscript.TestScript) *serving { return ts.Value("serving").(*serving) }
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			s := &serving{}
			env.Values["serving"] = s
			env.Defer(func() {
				if s.cmd != nil && s.cmd.ProcessState == nil {
					s.cmd.Process.Kill()
				}
			})
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": func(ts *testscript.TestScript, _ bool, args []string) {
				s := of(ts)
				path, err := exec.LookPath("fakeserver")
				ts.Check(err)
				s.cmd = exec.Command(path, args...)
				s.cmd.Dir, s.cmd.Stderr = ts.Getenv("WORK"), os.Stderr
				out, err := s.cmd.StdoutPipe()
				ts.Check(err)
				ts.Check(s.cmd.Start())
				s.lines = bufio.NewReader(out)
				line, err := s.lines.ReadString('\n')
				ts.Check(err)
				url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
				if !ok {
					ts.Fatalf("the first line is %q", line)
				}
				ts.Setenv("URL", url)
			},
			"get": func(ts *testscript.TestScript, _ bool, args []string) {
				answer, err := http.Get(ts.Getenv("URL") + args[0])
				ts.Check(err)
				defer answer.Body.Close()
				body, err := io.ReadAll(answer.Body)
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs("answer"), body, 0o666))
				ts.Check(ts.Exec("cat", "answer"))
			},
			"terminate": func(ts *testscript.TestScript, _ bool, args []string) {
				s := of(ts)
				signal := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT}[args[0]]
				ts.Check(s.cmd.Process.Signal(signal))
				io.Copy(io.Discard, s.lines)
				err := s.cmd.Wait()
				if code := s.cmd.ProcessState.ExitCode(); args[1] != strconv.Itoa(code) {
					ts.Fatalf("exit code %d (%v), want %s", code, err, args[1])
				}
			},
		},
	})
}
