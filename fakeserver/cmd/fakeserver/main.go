// Command fakeserver serves the partner liquidity-provider contract from memory:
//
//	fakeserver --addr 127.0.0.1:8109
//
// When it accepts requests it prints "listening on http://HOST:PORT" (or https) and
// example requests. SIGTERM and SIGINT let requests in progress finish and end it with
// exit code 0; a second signal ends it at once with exit code 1. SIGHUP reads the key
// file again. Exit code 2 is an invalid setting or file, 1 an address that is not
// available.
//
//	fakeserver healthcheck
//
// checks the health of the server with the same settings: exit code 0 or 1.
//
//	fakeserver recipe rollout_blocked
//
// prints the requests that lead to an outcome of the contract, and --run sends them:
// exit code 0, 1 for a different response, 3 for none.
package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"example.com/lpgate/internal/buildinfo"
	"example.com/lpgate/internal/errwriter"
	"example.com/lpgate/internal/interrupt"
	"example.com/lpgate/internal/printable"
	"example.com/lpgate/internal/sources"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/textfile"
)

func main() {
	ctx := interrupt.Context(1, syscall.SIGTERM, os.Interrupt)
	cmd, stdout := rootCommand(os.Environ()), errwriter.New(printable.New(os.Stdout))
	cmd.SetOut(stdout)
	stderr := printable.New(os.Stderr)
	cmd.SetErr(stderr)
	err := textfile.CheckArguments(os.Args[1:])
	if err == nil {
		err = cmd.ExecuteContext(ctx)
	}
	if lost := stdout.Err(); lost != nil && !errors.Is(err, errServing) {
		err = fmt.Errorf("%w: %w", errOutput, lost)
	}
	if err != nil {
		fmt.Fprintln(stderr, "fakeserver:", err)
		code := exitCode(err)
		if code == usageError {
			fmt.Fprintln(stderr, "See fakeserver --help.")
		}
		os.Exit(code)
	}
}

var (
	// errServing marks errors of the environment, which other settings would not fix.
	errServing = errors.New("cannot serve")
	// errOutput marks output that could not be written.
	errOutput = errors.New("writing the output")
)

const usageError = 2

// exitCode returns the exit code for an error.
func exitCode(err error) int {
	switch {
	case errors.Is(err, errServing), errors.Is(err, errOutput), errors.Is(err, errUnhealthy), errors.Is(err, errDifferent):
		return 1
	case errors.Is(err, errUnreachable):
		return 3
	}
	return usageError
}

// rootCommand is the command line, on cobra, which most Go command-line tools use.
func rootCommand(environ []string) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "fakeserver",
		Short: "Serve the partner liquidity-provider contract from memory",
		Long: `Serve the partner liquidity-provider contract from memory.

Every flag is also an environment variable (--world-idle is FAKESERVER_WORLD_IDLE) and a
key of the --config file (world-idle: 10m). A flag overrides a variable, and a variable
overrides the file.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			var names []string
			for _, known := range cmd.Commands() {
				names = append(names, known.Name())
			}
			return fmt.Errorf("unknown command %q%s", args[0], suggest.DidYouMean(args[0], names))
		},
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return s.load(cmd.Flags(), environ, cmd.ErrOrStderr())
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), &s, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.Version = buildinfo.Read().Text("fakeserver")
	cmd.SetVersionTemplate("{{.Version}}")
	cmd.Flags().Bool("version", false, "print the version, commit, date and Go version")
	cmd.SetFlagErrorFunc(sources.ValueError)
	cmd.Flags().SortFlags, cmd.PersistentFlags().SortFlags = false, false
	s.register(cmd.PersistentFlags())
	cmd.SetGlobalNormalizationFunc(s.sources.Normalize)
	cmd.AddCommand(healthcheckCommand(&s), recipeCommand(&s), versionCommand())
	return cmd
}
