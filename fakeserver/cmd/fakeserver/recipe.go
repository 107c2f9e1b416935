package main

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/internal/recipe"
)

// The ends of a recipe that was played in vain.
var (
	errOtherwise   = errors.New("the answer is another one")
	errUnreachable = errors.New("the server cannot be reached")
)

// gracePeriod is how long an answer may take.
const gracePeriod = 30 * time.Second

// recipes is the command that tells how to get each answer.
func recipes(s *settings) *cobra.Command {
	var at, world string
	var run bool
	var t trust
	cmd := &cobra.Command{
		Use:   "recipe [NAME]",
		Short: "Show how to get an answer of the contract, as curl lines; without NAME, list all",
		Long: `Show how to get an answer of the contract, as curl lines to paste, or with --run
send the requests and look at what comes. Without NAME, list all recipes.

NAME is an outcome (provider_not_found), a reason code with or without
partner_liquidity_provider_ before it (rollout_blocked), an error code (CONFLICT),
operation/outcome (rollout.upsert/success), or an operation that has one recipe (healthz).
Of several the shortest is taken, and the others are listed on standard error.

The requests are those of a server in header mode. Each time they are for a provider
of their own, so that they do not disturb what is there, but for healthz and the like.

Exit codes of --run: 0 when the answer is the one that was promised, 1 when it is
another, 3 when the server cannot be reached.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				if run {
					return errors.New("--run wants the name of a recipe")
				}
				return list(cmd)
			}
			found, err := recipe.All().Find(args[0])
			if err != nil {
				return err
			}
			at, config, err := s.reach(at, &t)
			if err != nil {
				return err
			}
			place := recipe.Place{URL: at, Header: map[string]string{}}
			if world != "" {
				place.Header[fakeserver.WorldHeader] = world
			}
			r := found[0]
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", r.Name(), r.Description())
			if len(found) > 1 {
				fmt.Fprintf(cmd.ErrOrStderr(), "also %s:\n", args[0])
				for _, other := range found[1:] {
					fmt.Fprintf(cmd.ErrOrStderr(), "  %s\n", other.Name())
				}
			}
			if run {
				return play(cmd, r, place, config)
			}
			for _, line := range r.Script(place.URL, place.Header, t.curl()...) {
				fmt.Fprintln(cmd.OutOrStdout(), line)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&at, "url", "", "`URL` of the server (default: by --addr, and https with TLS)")
	flags.StringVar(&world, "world", "", "for the world `NAME`, instead of the default one")
	t.add(flags)
	flags.BoolVar(&run, "run", false, "send the requests, and look whether the answer is the promised one")
	return cmd
}

// list prints what there is: the names, how many requests each takes, and what it gives.
func list(cmd *cobra.Command) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RECIPE\tREQUESTS\tANSWER")
	for _, r := range recipe.All() {
		fmt.Fprintf(w, "%s\t%d\t%s\n", r.Name(), len(r.Steps), r.Description())
	}
	return w.Flush()
}

// play sends the requests, without a proxy between, and follows nothing.
func play(cmd *cobra.Command, r *recipe.Recipe, place recipe.Place, config *tls.Config) error {
	client := &http.Client{
		Timeout:       gracePeriod,
		Transport:     &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	place.Run = strings.ToLower(rand.Text())
	played, err := r.Run(cmd.Context(), client, place)
	for i := range played {
		fmt.Fprintln(cmd.OutOrStdout(), played[i].Line())
	}
	var failed *url.Error
	switch {
	case errors.As(err, &failed):
		return fmt.Errorf("%w: %w", errUnreachable, err)
	case err != nil:
		return fmt.Errorf("%w: %w", errOtherwise, err)
	}
	last := &played[len(played)-1]
	fmt.Fprintln(cmd.OutOrStdout(), strings.TrimSpace(string(last.Answer)))
	if err := r.Preconditions(last); err != nil {
		return fmt.Errorf("%w: %w, and not %s", errOtherwise, err, r.Description())
	}
	fmt.Fprintln(cmd.OutOrStdout(), "as promised:", r.Description())
	return nil
}
