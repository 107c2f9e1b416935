// Command fakeserver serves the partner liquidity-provider contract from memory,
// as a stub for development:
//
//	fakeserver --addr 127.0.0.1:8109
//
// Once it takes requests it prints one line, "listening on http://HOST:PORT".
// SIGTERM and SIGINT let the requests that have begun finish, and end it with
// exit code 0. A wrong flag or file ends it with 2, an address that cannot be
// had with 1.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"example.com/lpgate/fakeserver"
)

// drain is how long the requests that have begun may take once the server is
// told to stop.
const drain = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	cmd := command()
	if err := cmd.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "fakeserver:", err)
		if errors.Is(err, errServing) {
			os.Exit(1)
		}
		fmt.Fprintln(os.Stderr, "See fakeserver --help.")
		os.Exit(2)
	}
}

// errServing marks errors of the surroundings, which no other flags would mend.
var errServing = errors.New("cannot serve")

// command is the command line. Cobra reads it: it suggests the nearest flag, and
// most Go tools that a user of this one knows are made with it.
func command() *cobra.Command {
	var options fakeserver.Options
	var addr, signingKey, signingKeyID, partnerKeys string
	var verifyOnly []string
	var logging logging
	cmd := &cobra.Command{
		Use:           "fakeserver",
		Short:         "Serve the partner liquidity-provider contract from memory",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := readKeys(&options, signingKey, signingKeyID, verifyOnly, partnerKeys); err != nil {
				return err
			}
			log, err := logging.logger(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			options.Log = log
			server, err := fakeserver.New(options)
			if err != nil {
				return err
			}
			l, err := net.Listen("tcp", addr)
			if err != nil {
				return fmt.Errorf("%w: %w", errServing, err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "listening on http://%s\n", l.Addr())
			if err := server.Serve(cmd.Context(), l, drain); err != nil {
				return fmt.Errorf("%w: %w", errServing, err)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&addr, "addr", "127.0.0.1:8109", "`HOST:PORT` to listen on; port 0 picks a free one")
	flags.BoolVar(&options.SelfCheck, "self-check", false, "validate every answer by its schema before it leaves")
	flags.BoolVar(&options.IgnoreTestClocks, "ignore-test-clocks", false, "ignore X-Now-Iso, now_iso and exported_at_iso")
	flags.StringVar(&partnerKeys, "partner-keys", "", "key mode: the `FILE` that says which X-Partner-Key is which partner")
	flags.IntVar(&options.RetentionDays, "retention-days", 0, "an export's default retention in `DAYS`; 0 is the milestone's")
	flags.IntVar(&options.CheckpointRetentionDays, "checkpoint-retention-days", 0, "`DAYS` for which a checkpoint can be continued from; 0 is the retention it was issued with")
	flags.StringVar(&signingKey, "signing-key", "", "the ed25519 key that signs exports: a PKCS #8 PEM `FILE`")
	flags.StringVar(&signingKeyID, "signing-key-id", "", "the `ID` under which that key is published")
	flags.StringArrayVar(&verifyOnly, "verify-only-key", nil, "`ID=FILE` of a public key (SPKI PEM) that signed before; may be repeated")
	logging.register(flags)
	bounds(flags, &options)
	return cmd
}

// readKeys reads the files that the flags name.
func readKeys(options *fakeserver.Options, signingKey, signingKeyID string, verifyOnly []string, partnerKeys string) error {
	if (signingKey == "") != (signingKeyID == "") {
		return errors.New("--signing-key and --signing-key-id come together")
	}
	if signingKey != "" {
		private, err := readFile("--signing-key", signingKey, fakeserver.ReadSigningKey)
		if err != nil {
			return err
		}
		options.SigningKey = &fakeserver.SigningKey{ID: signingKeyID, Private: private}
	}
	for _, pair := range verifyOnly {
		id, file, ok := strings.Cut(pair, "=")
		if !ok || id == "" {
			return fmt.Errorf("--verify-only-key %s: write ID=FILE", pair)
		}
		key, err := readFile("--verify-only-key", file, fakeserver.ReadPublicKey)
		if err != nil {
			return err
		}
		options.VerifyOnlyKeys = append(options.VerifyOnlyKeys, fakeserver.PublicKey{ID: id, Key: key})
	}
	if partnerKeys != "" {
		keys, err := readFile("--partner-keys", partnerKeys, fakeserver.ReadPartnerKeys)
		if err != nil {
			return err
		}
		options.PartnerKeys = keys
	}
	return nil
}

// readFile reads the file of a flag, and says which flag when it cannot.
func readFile[T any](flag, file string, read func([]byte) (T, error)) (T, error) {
	text, err := os.ReadFile(file)
	var value T
	if err == nil {
		value, err = read(text)
	}
	if err != nil {
		return value, fmt.Errorf("%s %s: %w", flag, file, err)
	}
	return value, nil
}
