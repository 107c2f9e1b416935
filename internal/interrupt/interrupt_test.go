package interrupt

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestMain is the program of the tests too: it waits for a signal, prints a line, and
// ends by itself after the time in the variable, with exit code 0.
func TestMain(m *testing.M) {
	if finishes, err := time.ParseDuration(os.Getenv("INTERRUPT_TEST_FINISHES")); err == nil {
		ctx := Context(7, os.Interrupt, syscall.SIGTERM)
		io.WriteString(os.Stdout, "started\n")
		<-ctx.Done()
		io.WriteString(os.Stdout, "cancelled\n")
		time.Sleep(finishes)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestContext(t *testing.T) {
	for _, c := range []struct {
		name     string
		finishes string
		again    time.Duration // from the first signal to another; 0: there is none
		code     int
	}{
		{"one signal", "0s", 0, 0},
		{"a second one", "1h", 2 * duplicate, 7},
		{"the same one twice", "1s", time.Nanosecond, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			command := exec.Command(path)
			command.Env = append(os.Environ(), "INTERRUPT_TEST_FINISHES="+c.finishes)
			out, err := command.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			defer time.AfterFunc(30*time.Second, func() { command.Process.Kill() }).Stop()
			lines := bufio.NewReader(out)
			if line, err := lines.ReadString('\n'); line != "started\n" {
				t.Fatalf("got %q, %v", line, err)
			}
			if err := command.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if c.again == time.Nanosecond {
				command.Process.Signal(os.Interrupt) // another one, for the system delivers two of a kind as one
			}
			if line, err := lines.ReadString('\n'); line != "cancelled\n" {
				t.Fatalf("got %q, %v", line, err)
			}
			if c.again > time.Nanosecond {
				time.Sleep(c.again)
				if err := command.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
			}
			command.Wait()
			if got := command.ProcessState.ExitCode(); got != c.code {
				t.Errorf("it ended with %s, want exit code %d", command.ProcessState, c.code)
			}
		})
	}
}
