//go:build external && !race

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"example.com/lpgate/fakeserver"
)

// hostile starts a service that keeps nothing within bounds, and sets $HOSTILE to its URL.
//
//	long      answers with 16 MiB of JSON
//	endless   answers with blanks, as fast as they are read, and does not stop
//	trickle   answers with one blank after another, and does not stop
//	header    answers with a header of 1 MiB
//	late N    keeps the contract, and gives no answer to request N
//	resets N  keeps the contract, and ends the connection of request N
//	dies N    keeps the contract until request N, and answers nothing from then on
//
// Request 1 is the one for the base URL, with which a run begins.
func hostile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: hostile KIND [N]")
	}
	var at int64
	if len(args) == 2 {
		n, err := strconv.ParseInt(args[1], 10, 64)
		ts.Check(err)
		at = n
	}
	fake, err := fakeserver.New(fakeserver.Options{})
	ts.Check(err)
	long := []byte(`{"a":"` + strings.Repeat("x", 16<<20-8) + `"}`)
	var requests atomic.Int64
	serve := map[string]http.HandlerFunc{
		"long": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(long) },
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			blanks := bytes.Repeat([]byte(" "), 1<<20)
			for {
				if _, err := w.Write(blanks); err != nil {
					return
				}
			}
		},
		"trickle": func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := io.WriteString(w, " "); err != nil || http.NewResponseController(w).Flush() != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		},
		"header": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" { // a run asks there whether anything answers
				fake.ServeHTTP(w, r)
				return
			}
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
			fake.ServeHTTP(w, r)
		},
		"late": func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1) == at {
				_, _ = io.Copy(io.Discard, r.Body) // until then a server does not see that its client went away
				<-r.Context().Done()
				return
			}
			fake.ServeHTTP(w, r)
		},
		"resets": func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1) == at {
				panic(http.ErrAbortHandler)
			}
			fake.ServeHTTP(w, r)
		},
		"dies": func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1) >= at {
				panic(http.ErrAbortHandler)
			}
			fake.ServeHTTP(w, r)
		},
	}[args[0]]
	if serve == nil {
		ts.Fatalf("no service is %s", args[0])
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if args[0] == "long" || args[0] == "endless" || args[0] == "trickle" {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
		}
		serve(w, r)
	}))
	ts.Defer(func() { server.CloseClientConnections(); server.Close() })
	ts.Setenv("HOSTILE", server.URL)
}

// measured runs a command, which may take so many mebibytes of memory and seconds at most, and exits with CODE.
func measured(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: measured MEBIBYTES SECONDS CODE runner ARGS...")
	}
	var limits [3]int
	for i := range limits {
		n, err := strconv.Atoi(args[i])
		ts.Check(err)
		limits[i] = n
	}
	path, err := lookPath(ts.Getenv("PATH"), args[3])
	ts.Check(err)
	command := exec.Command(path, args[4:]...)
	command.Dir = ts.Getenv("WORK")
	command.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"))
	var stdout bytes.Buffer
	command.Stdout = &stdout
	began := time.Now()
	err = command.Run()
	took := time.Since(began)
	ts.Check(os.WriteFile(ts.MkAbs("printed"), stdout.Bytes(), 0o666))
	checkExit(ts, limits[2], err)
	checkLastLine(ts, limits[2], stdout.String())
	usage := command.ProcessState.SysUsage().(*syscall.Rusage)
	most := fmt.Sprintf("%d MiB in %v", usage.Maxrss>>10, took.Round(time.Millisecond))
	ts.Logf("%s", most)
	if int(usage.Maxrss>>10) > limits[0] || took > time.Duration(limits[1])*time.Second {
		ts.Fatalf("it took %s, and may take %d MiB in %d s", most, limits[0], limits[1])
	}
}
