//go:build external && !race

// A script starts the command again and again, which takes long under the race detector. What could race is tested with it
// in TestCanaries and in the packages inside, so scripts run without.

package main

import (
	"bytes"
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
				show(ts, until(ts.Value("serving").(*running).t, of(ts).out, "admin API:"))
			},
			"paste": func(ts *testscript.TestScript, _ bool, _ []string) {
				banner := until(ts.Value("serving").(*running).t, of(ts).out, "admin API:")
				printed := bytes.NewBufferString(banner)
				for line := range strings.Lines(banner) {
					if strings.HasPrefix(line, "  curl ") {
						curl := exec.Command("sh", "-c", line)
						curl.Dir, curl.Env = ts.Getenv("WORK"), append(os.Environ(), "PARTNER_KEY="+ts.Getenv("PARTNER_KEY"))
						curl.Stdout, curl.Stderr = printed, printed
						if err := curl.Run(); err != nil {
							ts.Fatalf("%s%v\n%s", line, err, printed)
						}
						printed.WriteByte('\n')
					}
				}
				show(ts, printed.String())
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
				code, _, stderr := r.end(r.t, signal)
				if args[1] != strconv.Itoa(code) {
					ts.Fatalf("exit code %d (%s), want %s", code, stderr, args[1])
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
