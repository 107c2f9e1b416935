// Package interrupt ends a program in two steps: the first signal cancels a context, so
// that the program can finish what it has begun, and a second one ends the process at
// once.
//
//	ctx := interrupt.Context(130, os.Interrupt, syscall.SIGTERM)
//
// signal.NotifyContext alone ignores each signal after the first. Restoring the default
// action instead, as its documentation proposes, loses a signal that comes before it is
// restored, and as the first process of a container, which no signal ends by default, a
// Go program then exits with code 2, whatever that code means in the program.
package interrupt

import (
	"context"
	"os"
	"os/signal"
	"time"
)

// duplicate is the longest time between two signals that are one. coreutils' timeout
// signals its child and then the process group of the child, and npm forwards what the
// terminal has sent to both.
const duplicate = 50 * time.Millisecond

// Context returns a context that the first of the signals cancels. A later one exits the
// process with the code, without running what is deferred. The signals never get their
// default action back: one that comes while the process exits would replace its exit
// code.
func Context(code int, signals ...os.Signal) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	came := make(chan os.Signal, 2)
	signal.Notify(came, signals...)
	go func() {
		<-came
		cancel()
		for first := time.Now(); ; {
			<-came
			if time.Since(first) > duplicate {
				os.Exit(code)
			}
		}
	}()
	return ctx
}
