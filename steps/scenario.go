package steps

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v21"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
)

// scenario is the state that the steps of one scenario share. It is in the scenario's context.
type scenario struct {
	cfg    *Config
	needs  []string
	base   *url.URL // of the target; nil until the first request
	prefix string   // what makes the ids of this scenario its own

	variables map[string]variable
	identity  identity
	carried   []change // what "my requests carry" puts on every call
	keys      int      // idempotency keys made so far

	last       *exchange              // the last call
	burst      []*exchange            // the calls of the last "at once"
	bursts     int                    // how many there were
	lastExport *exchange              // the last page that was given
	walk       []*exchange            // the pages of the last walk
	remembered map[string]*answer     // answers by name
	owners     map[string]http.Header // who onboarded which provider
	creations  map[string]*exchange   // the last call of each operation that makes something, by its id
	noted      *providerState
}

type scenarioKey struct{}

// Begin adds a new scenario to the context, for the handlers of its steps.
func Begin(ctx context.Context, cfg *Config, pickle *messages.Pickle) (context.Context, error) {
	s := newScenario(cfg, IDPrefix(cfg.RunID, pickle))
	for _, tag := range pickle.Tags {
		if need, ok := strings.CutPrefix(tag.Name, "@needs:"); ok {
			s.needs = append(s.needs, need)
		}
	}
	ctx = context.WithValue(ctx, scenarioKey{}, s)
	if s.inKeyMode() {
		return ctx, s.beKnown()
	}
	return ctx, nil
}

// ConfigOf returns the configuration of the scenario in the context, for handlers outside of this package.
func ConfigOf(ctx context.Context) *Config { return in(ctx).cfg }

// newScenario returns a state that has only the caller. Its ids begin with the prefix.
func newScenario(cfg *Config, word string) *scenario {
	s := &scenario{
		cfg: cfg, prefix: word,
		remembered: map[string]*answer{}, owners: map[string]http.Header{}, creations: map[string]*exchange{},
		variables: map[string]variable{
			"me":       textVariable("partner-" + word),
			"stranger": textVariable("stranger-" + word),
			"unique":   textVariable("u" + word),
		},
	}
	s.identity = headerIdentity(s.text("me"), s.allScopes())
	return s
}

// in returns the scenario of a context that begin made.
func in(ctx context.Context) *scenario { return ctx.Value(scenarioKey{}).(*scenario) }

// IDPrefix returns what makes the ids of a scenario its own: ten hexadecimal digits made from the run id and the text of
// the scenario. The same run id gives the same digits again, whichever other scenarios are run, and two scenarios (or two
// rows of an outline) have different ones.
func IDPrefix(runID string, pickle *messages.Pickle) string {
	sum := sha256.New()
	write := func(parts ...string) {
		for _, part := range parts {
			fmt.Fprintf(sum, "%d %s\n", len(part), part)
		}
	}
	write(runID, pickle.Uri, pickle.Name)
	for _, tag := range pickle.Tags {
		write(tag.Name)
	}
	for _, step := range pickle.Steps {
		write(step.Text)
		if step.Argument == nil {
			continue
		}
		if doc := step.Argument.DocString; doc != nil {
			write(doc.Content)
		}
		if table := step.Argument.DataTable; table != nil {
			for _, row := range table.Rows {
				for _, cell := range row.Cells {
					write(cell.Value)
				}
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:10]
}

// target returns where requests of this scenario go.
func (s *scenario) target(ctx context.Context) (*url.URL, error) {
	if s.base == nil {
		text, err := s.cfg.Target(ctx, s.needs)
		if err != nil {
			return nil, err
		}
		if s.base, err = url.Parse(strings.TrimSuffix(text, "/")); err != nil {
			return nil, fmt.Errorf("reading the target's URL: %w", err)
		}
	}
	return s.base, nil
}

// predefined are the variables that every scenario has. Scenarios cannot set them, or variables that an operation of
// the milestone sets.
var predefined = []string{"me", "stranger", "unique"}

// maker returns the operation that sets a variable; nil for other variables.
func (s *scenario) maker(name string) *milestones.Operation {
	for i := range s.cfg.Milestone.Operations {
		if o := &s.cfg.Milestone.Operations[i]; o.CreatedIDAt != "" && o.CreatedName() == name {
			return o
		}
	}
	return nil
}

// remember sets a variable of the scenario.
func (s *scenario) remember(name string, v variable) error {
	if !isVariableName(name) {
		return invalidStep("invalid name %q: expected lower-case letters, digits and _, beginning with a letter", name)
	}
	if slices.Contains(predefined, name) || s.maker(name) != nil {
		return invalidStep("{%s} is predefined: choose another name", name)
	}
	s.variables[name] = v
	return nil
}

// variable looks a name up.
func (s *scenario) variable(name string) (variable, error) {
	if v, ok := s.variables[name]; ok {
		return v, nil
	}
	if o := s.maker(name); o != nil {
		return variable{}, s.created(name, o)
	}
	return variable{}, &InvalidStep{
		Message: fmt.Sprintf("there is no variable {%s} yet", name),
		Nearest: suggest.Nearest(name, slices.Sorted(maps.Keys(s.variables))),
	}
}

// text is the text of a variable that is known to be there.
func (s *scenario) text(name string) string { return s.variables[name].text }

// OwnPatterns match the texts that steps make of an id prefix: {me}, {stranger}, idempotency keys and {unique}. They differ
// between runs with different run ids, and so between their outputs.
var OwnPatterns = []milestones.Pattern{
	{Token: "partner", Regexp: `partner-[0-9a-f]{10}`},
	{Token: "stranger", Regexp: `stranger-[0-9a-f]{10}`},
	{Token: "key", Regexp: `key-[0-9a-f]{10}-[0-9]+`},
	{Token: "unique", Regexp: `u[0-9a-f]{10}`},
}
