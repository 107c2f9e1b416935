package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A second signal ends the drain at once, although a request has not finished.
func TestSecondSignal(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			s := start(t, t.TempDir(), nil, "--addr", "127.0.0.1:0")
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "POST /partner-liquidity-providers HTTP/1.1\r\nHost: %s\r\nX-Partner-Key: amber\r\n"+
				"Idempotency-Key: k\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n", conn.RemoteAddr())
			// The server asks for the body once it handles the request, and gets none.
			if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(line, "100 Continue") {
				t.Fatalf("got %q, %v", line, err)
			}
			if err := s.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			until(t, s.err, "stopping")
			began := time.Now()
			time.Sleep(200 * time.Millisecond) // sooner it would be the same signal twice
			if err := s.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, s.err)
			s.cmd.Wait()
			if took, code := time.Since(began), s.cmd.ProcessState.ExitCode(); code != 1 || took > drainTimeout/2 {
				t.Errorf("it ended with %s after %s, want exit code 1 at once", s.cmd.ProcessState, took)
			}
		})
	}
}
