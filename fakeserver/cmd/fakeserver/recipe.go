package main

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/internal/recipe"
)

var (
	// errDifferent marks a recipe whose last response is not the expected one.
	errDifferent = errors.New("the response is a different one")
	// errUnreachable marks a recipe without a response.
	errUnreachable = errors.New("the server cannot be reached")
)

// recipeTimeout is how long one response may take.
const recipeTimeout = 30 * time.Second

// recipeCommand lists, prints and runs recipes.
func recipeCommand(s *settings) *cobra.Command {
	var f clientFlags
	var world string
	var run bool
	cmd := &cobra.Command{
		Use:   "recipe [NAME]",
		Short: "Print the requests for an outcome of the contract, as curl lines",
		Long: `Print the requests that lead to an outcome of the contract, as curl lines to paste.
With --run, send them and check the response. Without NAME, list all recipes.

NAME is an outcome (provider_not_found), a reason code with or without
partner_liquidity_provider_ (rollout_blocked), an error code (CONFLICT),
operation/outcome (rollout.upsert/success), or an operation with one recipe (healthz).
If several recipes match, the shortest one is used, and the others are listed on
standard error.

The requests are for a server in header mode. Each run uses a new provider, so that
existing data does not change.

Exit codes of --run: 0 if the response is the expected one, 1 if it is a different one,
3 if the server cannot be reached.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				if run {
					return errors.New("--run needs the name of a recipe")
				}
				return listRecipes(cmd)
			}
			found, err := recipe.All().Find(args[0])
			if err != nil {
				return err
			}
			url, config, err := s.connect(&f)
			if err != nil {
				return err
			}
			target := recipe.Target{URL: url, Header: map[string]string{}}
			if world != "" {
				target.Header[fakeserver.WorldHeader] = world
			}
			r := found[0]
			describeRecipes(cmd, args[0], found)
			if run {
				return runRecipe(cmd, r, target, config)
			}
			for _, line := range r.Script(target.URL, target.Header, f.curl()...) {
				fmt.Fprintln(cmd.OutOrStdout(), line)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	f.registerURL(flags)
	flags.StringVar(&world, "world", "", "send the requests to the world `NAME` (default: the default world)")
	f.registerTrust(flags)
	flags.BoolVar(&run, "run", false, "send the requests and check the response")
	return cmd
}

// describeRecipes prints the first recipe, which is used, and the others.
func describeRecipes(cmd *cobra.Command, name string, found []*recipe.Recipe) {
	fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", found[0].Name(), found[0].Description())
	if len(found) > 1 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s is also:\n", name)
		for _, other := range found[1:] {
			fmt.Fprintf(cmd.ErrOrStderr(), "  %s\n", other.Name())
		}
	}
}

// listRecipes prints the name, the number of requests and the outcome of each recipe.
func listRecipes(cmd *cobra.Command) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RECIPE\tREQUESTS\tRESPONSE")
	for _, r := range recipe.All() {
		fmt.Fprintf(w, "%s\t%d\t%s\n", r.Name(), len(r.Steps), r.Description())
	}
	return w.Flush()
}

// runRecipe sends the requests and checks the last response.
func runRecipe(cmd *cobra.Command, r *recipe.Recipe, target recipe.Target, config *tls.Config) error {
	client := newClient(config)
	client.Timeout = recipeTimeout
	target.RunID = strings.ToLower(rand.Text())
	exchanges, err := r.Run(cmd.Context(), client, target)
	for i := range exchanges {
		fmt.Fprintln(cmd.OutOrStdout(), exchanges[i].Summary())
	}
	var unreachable *url.Error
	switch {
	case errors.As(err, &unreachable):
		return fmt.Errorf("%w: %w", errUnreachable, err)
	case err != nil:
		return fmt.Errorf("%w: %w", errDifferent, err)
	}
	last := &exchanges[len(exchanges)-1]
	fmt.Fprintln(cmd.OutOrStdout(), strings.TrimSpace(string(last.Response)))
	if err := r.Check(last); err != nil {
		return fmt.Errorf("%w: %w, expected %s", errDifferent, err, r.Description())
	}
	fmt.Fprintln(cmd.OutOrStdout(), "as expected:", r.Description())
	return nil
}
