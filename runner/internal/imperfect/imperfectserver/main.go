// Command imperfectserver serves the test double of package imperfect:
//
//	go run ./runner/internal/imperfect/imperfectserver --listen 127.0.0.1:0 --habits all --wrong rollout-climbs-two-tiers
//
// It prints "listening on http://HOST:PORT" when it accepts requests, and serves until it is interrupted.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"example.com/lpgate/runner/internal/imperfect"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "imperfectserver:", err)
		os.Exit(2)
	}
}

// run parses the arguments, and serves.
func run(args []string, stdout io.Writer) error {
	flags := pflag.NewFlagSet("imperfectserver", pflag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:0", "accept connections at `HOST:PORT`")
	habits := flags.String("habits", "none", "turn on the `HABITS`: all, none, or ids with commas between them")
	wrong := flags.String("wrong", "", "turn on the wrong rule `ID`")
	testClock := flags.Bool("test-clock", false, "honour X-Now-Iso, now_iso and exported_at_iso")
	list := flags.Bool("list", false, "list the habits and the wrong rules")
	switch err := flags.Parse(args); {
	case err == pflag.ErrHelp:
		return nil
	case err != nil:
		return err
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case *list:
		return printTables(stdout)
	}
	options := imperfect.Options{Wrong: *wrong, TestClock: *testClock, Exit: func() { os.Exit(1) }}
	switch *habits {
	case "all":
		options.Habits = imperfect.AllHabits()
	case "none", "":
	default:
		options.Habits = strings.Split(*habits, ",")
	}
	handler, err := imperfect.New(options)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr()); err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}

// printTables prints the habits, and then the wrong rules with the rules of the milestone that they break.
func printTables(stdout io.Writer) error {
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "HABIT\tDESCRIPTION")
	for _, h := range imperfect.Habits() {
		fmt.Fprintf(table, "%s\t%s\n", h.ID, h.Description)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(table, "\nWRONG RULE\tDESCRIPTION\tBREAKS")
	for _, w := range imperfect.WrongRules() {
		fmt.Fprintf(table, "%s\t%s\t%s\n", w.ID, w.Description, strings.Join(w.Rules, ", "))
	}
	return table.Flush()
}
