// Command fakeserver serves the partner liquidity-provider contract from memory,
// as a stub for development:
//
//	fakeserver --addr 127.0.0.1:8109
//
// Once it takes requests it prints "listening on http://HOST:PORT", or https, and
// below that what to try first. SIGTERM and SIGINT let the requests that have begun
// finish, and end it with exit code 0; a second one ends it at once, with exit code 1.
// SIGHUP reads the key file again. A wrong setting or file ends it with 2, an address
// that cannot be had with 1.
//
//	fakeserver healthcheck
//
// asks the server of the same settings whether it is there: exit code 0, or 1.
//
//	fakeserver recipe rollout_blocked
//
// prints the requests that get an answer of the contract, and --run sends them: exit
// code 0, 1 when another answer came, or 3 when none did.
//
// The settings are in settings.go, and where each one may stand; what is printed at
// the start in banner.go; certificates in tls.go; the addresses that are refused in
// binding.go; the files of keys in keys.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/internal/interrupt"
	"example.com/lpgate/internal/printable"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/milestones"
)

// drain is how long the requests that have begun may take once the server is
// told to stop.
const drain = 10 * time.Second

func main() {
	ctx := interrupt.Context(1, syscall.SIGTERM, os.Interrupt)
	cmd, told := command(os.Environ()), &errWriter{Writer: printable.New(os.Stdout)}
	cmd.SetOut(told)
	stderr := printable.New(os.Stderr)
	cmd.SetErr(stderr)
	err := textfile.CheckArguments(os.Args[1:])
	if err == nil {
		err = cmd.ExecuteContext(ctx)
	}
	if told.err != nil && !errors.Is(err, errServing) {
		err = fmt.Errorf("%w: %w", errUnwritten, told.err)
	}
	if err != nil {
		fmt.Fprintln(stderr, "fakeserver:", err)
		switch {
		case errors.Is(err, errServing), errors.Is(err, errUnwritten), errors.Is(err, errUnhealthy), errors.Is(err, errOtherwise):
			os.Exit(1)
		case errors.Is(err, errUnreachable):
			os.Exit(3)
		}
		fmt.Fprintln(stderr, "See fakeserver --help.")
		os.Exit(2)
	}
}

// errUnwritten marks output that could not be written.
var errUnwritten = errors.New("writing what was asked for")

// errWriter remembers that something could not be written.
type errWriter struct {
	io.Writer
	err error
}

func (t *errWriter) Write(text []byte) (int, error) {
	n, err := t.Writer.Write(text)
	if t.err == nil {
		t.err = err
	}
	return n, err
}

// errServing marks errors of the surroundings, which no other settings would mend.
var errServing = errors.New("cannot serve")

// command is the command line. Cobra reads it, for most Go tools that a user of this
// one knows are made with it.
func command(environ []string) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "fakeserver",
		Short: "Serve the partner liquidity-provider contract from memory",
		Long: `Serve the partner liquidity-provider contract from memory.

Every flag is also an environment variable, --world-idle is FAKESERVER_WORLD_IDLE,
and a key of the file that --config names, world-idle: 10m. A flag goes before a
variable, and a variable before the file.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			var names []string
			for _, known := range cmd.Commands() {
				names = append(names, known.Name())
			}
			return fmt.Errorf("unknown command %q%s", args[0], milestones.Suggest(args[0], names))
		},
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return settle(cmd.Root().PersistentFlags(), cmd.Flags(), environ)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), &s, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.SetFlagErrorFunc(nearestFlag)
	cmd.Flags().SortFlags, cmd.PersistentFlags().SortFlags = false, false
	s.add(cmd.PersistentFlags())
	cmd.AddCommand(healthcheck(&s), recipes(&s))
	return cmd
}

// serve runs the server until ctx is done. It listens last: who reaches it finds it
// ready.
func serve(ctx context.Context, s *settings, stdout, stderr io.Writer) error {
	if err := s.read(); err != nil {
		return err
	}
	log, err := s.logging.logger(stderr, s.named)
	if err != nil {
		return err
	}
	s.options.Log = log
	server, err := fakeserver.New(s.options)
	if origin := (*fakeserver.OriginError)(nil); errors.As(err, &origin) {
		return fmt.Errorf("%s: %w", s.named("cors-origin"), err)
	} else if err != nil {
		return err
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		return fmt.Errorf("%w: %w", errServing, err)
	}
	if err := s.writeCertificate(); err != nil {
		return err
	}
	defer s.listenToHangups(server)()
	if err := s.banner(stdout, l.Addr().String()); err != nil {
		return fmt.Errorf("%w: %w", errServing, err)
	}
	if err := server.Serve(ctx, l, drain); err != nil {
		return fmt.Errorf("%w: %w", errServing, err)
	}
	return nil
}
