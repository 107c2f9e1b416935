//go:build external && !race

package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"example.com/lpgate/runner/internal/verdict"
)

// A second signal ends a run at once that cannot end: what reads its output takes nothing.
func TestSecondSignal(t *testing.T) {
	requested := make(chan struct{}, 100)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		requested <- struct{}{}
		<-r.Context().Done()
	}))
	defer silent.Close()
	reads, writes, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reads.Close()
	defer writes.Close()
	writes.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := writes.Write(make([]byte, 16<<20)); err == nil {
		t.Fatalf("the pipe has room for %d bytes", n)
	}
	path, err := exec.LookPath("runner")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(path, "milestones/M109.yaml", "--out", t.TempDir()+"/out", "--target", silent.URL)
	command.Dir, command.Stdout = "..", writes
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		command.Wait()
		close(ended)
	}()
	defer time.AfterFunc(time.Minute, func() { command.Process.Kill() }).Stop()
	<-requested
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
		t.Fatalf("it ended with %s after the first signal, so that nothing is shown of the second", command.ProcessState)
	case <-time.After(2 * time.Second):
	}
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-ended
	if code := command.ProcessState.ExitCode(); code != verdict.Interrupted {
		t.Errorf("it ended with %s, want exit code %d", command.ProcessState, verdict.Interrupted)
	}
}
