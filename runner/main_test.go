//go:build external && !race

// The command is tested as a user meets it, in hundreds of runs of a program that is ten times as slow under the race
// detector. What could race is tested with it in the packages inside, so these tests run without.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fixtures"
	"example.com/lpgate/runner/internal/verdict"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"runner": main})
}

// TestScripts runs testdata/*.txtar over the built command. It has the build tag external: without -tags external, go test
// finds no TestScripts. Commands beside those of testscript:
//
//	exits CODE runner ARGS      runs it; it exits with CODE, and its last line is overall=true exactly for 0
//	interrupts SIGNAL ARGS      runs it with --target, and sends the signal while a request waits for its answer
//	damage KIND FILE            damages a file of the project, expects the gate and lint to refuse it, and repairs it
//	lints KIND FILE             does the same for a file that only lint reads
//	interrupts-anywhere ARGS    runs it repeatedly, each time interrupted a little later
//	unread CODE runner ARGS     runs it with a stdout that is not read
//	fails CODE runner ARGS      runs a subcommand, which exits with CODE and prints no verdict
//	services                    starts six services and sets their URLs: $UNCHANGED is the fake, $WRONG omits the charset of a 409,
//	                            $TEAPOT returns 418, $INJECTOR returns GitHub workflow commands and a verdict, and $EXTRA sends
//	                            these after its answers. The proxy at $INTERPOSED answers instead of any service
//	killed ARGS                 runs it with --target, and kills it while a request waits for its answer
//	kills TIMES FOLDER runner MILESTONE ARGS  runs it with its artifacts in a copy of a green folder, and kills it (kill_test.go)
//	onmount FOLDER COMMAND      runs a command of the shell with a file system mounted there (kill_test.go)
//	oasdiff                     installs oasdiff, which compares OpenAPI documents, into the script's PATH
//	actionlint                  installs actionlint, which checks workflows of GitHub Actions, into the script's PATH
//	gitlab                      makes the folder a repository with the recipe for GitLab, and installs what runs it into the PATH
//	kubernetes                  builds what runs the recipe for Kubernetes into the PATH
//	recipe FILE                 writes what a recipe of ci has for the shell: shard.sh and merge.sh
//	registration [FAULT]        starts the service of testdata/registration, and sets $SERVICE to its URL
//	fakeserver NAME FLAGS       starts the built fakeserver command, and sets $NAME to its URL
//	starts runner ARGS          runs it in the background, for prints and stops (live_test.go)
//	prints REGEXP               waits for a line of it that matches
//	stops CODE                  interrupts it; it exits with CODE, and its last line is overall=false
//	silent                      starts a service that answers no operation, and sets $SILENT to its URL
//	requested                   waits for a call of an operation
//	hostile KIND [N]            starts a service with unbounded answers, and sets $HOSTILE to its URL (hostile_test.go)
//	measured MIB S CODE runner ARGS   runs it, within so much memory and time; its stdout is the file printed
//	vectors                     writes the outside vectors: keys.json, 1.json to 3.json, empty.json and full.json
//
// and $PROJECT, the root of this project.
func TestScripts(t *testing.T) {
	project, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PROJECT", project)
			env.Setenv("SOON", time.Now().UTC().AddDate(0, 1, 0).Format(time.DateOnly)) // when entries of a baseline expire
			env.Setenv("LATE", time.Now().UTC().AddDate(0, 0, 400).Format(time.DateOnly))
			env.Values[liveKey{}] = new(live)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "unread": unread, "interrupts": interrupts, "interrupts-anywhere": interruptsAnywhere, "fails": fails, "services": services, "vectors": vectors, "registration": registration, "fakeserver": startFake, "oasdiff": oasdiff, "recipe": recipe, "actionlint": actionlint, "gitlab": gitlab, "kubernetes": kubernetes, "killed": killed,
			"hostile": hostile, "measured": measured,
			"damage": damage, "lints": lints,
			"kills": kills, "onmount": onmount,
			"starts": starts, "prints": prints, "stops": stops, "silent": silent, "requested": requested},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	checkExit(ts, want, err)
	checkLastLine(ts, want, ts.ReadFile("stdout"))
}

func fails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fails CODE COMMAND ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	checkExit(ts, want, ts.Exec(args[1], args[2:]...))
	if verdicts.MatchString(ts.ReadFile("stdout")) {
		ts.Fatalf("there is a verdict on stdout")
	}
}

func unread(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: unread CODE runner ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	command := exec.Command(args[1], args[2:]...)
	command.Dir = ts.Getenv("WORK")
	command.Path, command.Err = lookPath(ts.Getenv("PATH"), args[1])
	r, w, err := os.Pipe()
	ts.Check(err)
	ts.Check(r.Close())
	command.Stdout = w
	err = command.Run()
	ts.Check(w.Close())
	checkExit(ts, want, err)
}

func vectors(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: vectors")
	}
	for name, text := range readVectors(ts.Check) {
		ts.Check(os.WriteFile(ts.MkAbs(name), text, 0o644))
	}
}

// readVectors returns the files of an auditor: answers that another program, in another language, made and signed,
// and one of them as the bare export.
func readVectors(check func(error)) map[string][]byte {
	text, err := fixtures.FS.ReadFile("vectors/export-pages.json")
	check(err)
	var file struct {
		KeySet json.RawMessage `json:"key_set"`
		Walk   []json.RawMessage
		Empty  json.RawMessage
		Full   struct{ Export json.RawMessage }
	}
	check(json.Unmarshal(text, &file))
	files := map[string][]byte{"keys.json": file.KeySet, "empty.json": file.Empty, "full.json": file.Full.Export}
	for i, page := range file.Walk {
		files[fmt.Sprintf("%d.json", i+1)] = page
	}
	for name, text := range files {
		var compact bytes.Buffer // as it came over the wire
		check(json.Compact(&compact, text))
		files[name] = compact.Bytes()
	}
	return files
}

func checkExit(ts *testscript.TestScript, want int, err error) {
	got := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("running: %v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// verdicts are the lines that a program takes for the verdict on a milestone.
var verdicts = regexp.MustCompile(`(?m)(^|[\r\v\f])\s*(\x1b\[\d+m)?overall=`)

func checkLastLine(ts *testscript.TestScript, exit int, stdout string) {
	lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	want := "overall=" + strconv.FormatBool(exit == verdict.Holds)
	if got := lines[len(lines)-1]; got != want || len(verdicts.FindAllString(stdout, -1)) != 1 {
		ts.Fatalf("the last line is %q, want %q, and only once", got, want)
	}
}

// interrupts runs the command, and sends it a signal in the middle of a run.
func interrupts(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP}
	if neg || len(args) < 2 || signals[args[0]] == nil {
		ts.Fatalf("usage: interrupts INT|TERM|HUP ARGS...")
	}
	stdout, ended := signalled(ts, signals[args[0]], args[1:])
	checkExit(ts, verdict.Interrupted, ended)
	if !slices.Contains([]string{"diff", "repro", "probe"}, args[1]) { // which print no verdict on a milestone
		checkLastLine(ts, verdict.Interrupted, stdout)
	}
}

// killed kills the command in the middle of a run.
func killed(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: killed ARGS...")
	}
	if _, ended := signalled(ts, os.Kill, append([]string{"milestones/M109.yaml"}, args...)); ended == nil {
		ts.Fatalf("it was not killed")
	}
}

// signalled runs the command against a target that never answers, and sends it a signal while it waits.
func signalled(ts *testscript.TestScript, signal os.Signal, args []string) (out string, ended error) {
	requested := make(chan struct{}, 100)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		requested <- struct{}{}
		<-r.Context().Done()
	}))
	defer silent.Close()
	command := exec.Command("runner", append(args, "--target", silent.URL)...)
	command.Dir = ts.Getenv("WORK")
	command.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"))
	path, err := lookPath(ts.Getenv("PATH"), "runner")
	ts.Check(err)
	command.Path, command.Err = path, nil
	var stdout bytes.Buffer
	command.Stdout = &stdout
	ts.Check(command.Start())
	<-requested
	ts.Check(command.Process.Signal(signal))
	ended = command.Wait()
	return stdout.String(), ended
}

// services starts six services for the length of a script.
func services(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: services")
	}
	fake, err := fakeserver.New(fakeserver.Options{})
	ts.Check(err)
	unchanged := httptest.NewServer(fake)
	wrong := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fake.ServeHTTP(forgetful{w}, r)
	}))
	ts.Defer(unchanged.Close)
	ts.Defer(wrong.Close)
	ts.Setenv("UNCHANGED", unchanged.URL)
	teapot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	ts.Defer(teapot.Close)
	var received atomic.Int64
	mortal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if received.Add(1) > 40 {
			panic(http.ErrAbortHandler)
		}
		fake.ServeHTTP(forgetful{w}, r)
	}))
	ts.Defer(mortal.Close)
	ts.Setenv("MORTAL", mortal.URL)
	ts.Setenv("WRONG", wrong.URL)
	ts.Setenv("TEAPOT", teapot.URL)
	injector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, intruding)
	}))
	ts.Defer(injector.Close)
	ts.Setenv("INJECTOR", injector.URL)
	// After the answer comes an unsolicited one: net/http writes its beginning to the log of the process.
	extra := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(buffered, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		_ = buffered.Flush()
		time.Sleep(50 * time.Millisecond)
		fmt.Fprint(buffered, intruding)
		_ = buffered.Flush()
		time.Sleep(50 * time.Millisecond)
	}))
	ts.Defer(extra.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RequestURI = r.URL.RequestURI()
		fake.ServeHTTP(w, r)
	}))
	ts.Defer(proxy.Close)
	ts.Setenv("INTERPOSED", strings.TrimPrefix(proxy.URL, "http://"))
	ts.Setenv("EXTRA", extra.URL)
}

// intruding is an answer with lines that are a verdict or commands.
const intruding = "\n::set-env name=PATH::/evil\n  ::stop-commands::x\n##[error]x\noverall=true\n\roverall=true\r\n"

// forgetful forgets the charset of a conflict.
type forgetful struct{ http.ResponseWriter }

func (f forgetful) WriteHeader(status int) {
	if status == http.StatusConflict {
		f.Header().Set("Content-Type", "application/json")
	}
	f.ResponseWriter.WriteHeader(status)
}

func lookPath(path, name string) (string, error) {
	for _, folder := range filepath.SplitList(path) {
		if file := filepath.Join(folder, name); isFile(file) {
			return file, nil
		}
	}
	return "", errors.New(name + " is not in " + path)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// clumsy panics at the first write, and only then.
type clumsy struct {
	bytes.Buffer
	panicked bool
}

func (c *clumsy) Write(b []byte) (int, error) {
	if !c.panicked {
		c.panicked = true
		panic("oh dear")
	}
	return c.Buffer.Write(b)
}

// Even when the program itself fails, the last line is the verdict.
func TestPanic(t *testing.T) {
	var stdout clumsy
	var stderr bytes.Buffer
	exit := runCommand(t.Context(), []string{"no/such.yaml", "--out", filepath.Join(t.TempDir(), "out")}, &stdout, &stderr, nowhere)
	if exit != verdict.Incomplete || stdout.String() != "overall=false\n" {
		t.Errorf("exit %d, stdout %q", exit, stdout.String())
	}
	if !strings.Contains(stderr.String(), "runner: panic: oh dear") {
		t.Errorf("stderr: %s", stderr.String())
	}
}

// nowhere is an environment with nothing in it.
func nowhere(string) string { return "" }

// The scripts use a port without a listener: 127.0.0.1:1.
func TestPortOneIsFree(t *testing.T) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(context.Background(), "tcp", "127.0.0.1:1")
	if err == nil {
		conn.Close()
		t.Fatal("somebody listens on 127.0.0.1:1, and the scripts take it for a target that is down")
	}
}
