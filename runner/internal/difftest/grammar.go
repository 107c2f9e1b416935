package difftest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
)

// The files grammar.go, calls.go and inputs.go define which sequences are generated, and with which weights. They contain
// no rules: a value at a limit has a large weight, and the fake decides what the right response is.
//
// The generators are those of rapid (https://pgregory.net/rapid), a small library without dependencies.

// grammar generates sequences.
type grammar struct {
	milestone *milestones.Milestone
	bodies    map[string][]place // by operation
	events    []string           // event types of audit entries
	labels    []string           // of partner keys
	validOnly bool               // no request that the schemas refuse, and no malformed header or path
	sequences *rapid.Generator[Sequence]
}

// The capabilities that decide what is generated.
const (
	keyMode     = "key-identity"
	headerMode  = "header-identity"
	testClock   = "test-clock"
	clocksOff   = "no-test-clocks"
	freshState  = "fresh-state"
	keySetThere = "key-set"
)

// newGrammar returns the generator for a milestone and for servers with one of the sets of capabilities. In key mode, calls
// use keys with the labels. supports reports whether the target has a capability; what needs another one is not generated.
func newGrammar(m *milestones.Milestone, set *schemas.Set, sets [][]string, labels []string, supports func(capability string) bool, validOnly bool) (*grammar, error) {
	if !supports(keySetThere) {
		less := *m
		less.Operations = slices.DeleteFunc(slices.Clone(m.Operations), func(o milestones.Operation) bool { return o.ID == keySet })
		m = &less
	}
	g := &grammar{milestone: m, bodies: map[string][]place{}, labels: labels, validOnly: validOnly}
	if err := g.readSchemas(set); err != nil {
		return nil, err
	}
	var settings []setting
	for _, needs := range sets {
		if slices.Contains(needs, keyMode) && len(labels) < 2 {
			return nil, usage.Errorf("sequences in key mode need two partners with both scopes in fixtures/%s", partnerKeysFile)
		}
		weight := 1
		if len(needs) == 0 { // as often as all others together
			weight = max(1, len(sets)/2)
		}
		s := setting{needs: needs, calls: list(list(g.call(needs), 1, 16), 1, 12)}
		if o, known := m.Operation(onboard); known { // most rules need a provider
			s.first = g.post(o, g.extras(), slices.Contains(needs, freshState))
		}
		for range weight {
			settings = append(settings, s)
		}
	}
	g.sequences = g.sequencesFor(choose(settings), supports(testClock))
	return g, nil
}

// readSchemas reads which bodies the operations accept, and which event types there are.
func (g *grammar) readSchemas(set *schemas.Set) error {
	read := newSchemaReader(set, g.milestone.RequiredReasonCodes)
	for _, o := range g.milestone.Operations {
		if o.RequestSchema == "" {
			continue
		}
		root, err := read.file(o.RequestSchema)
		if err != nil {
			return err
		}
		places, err := read.places(root, o.RequestSchema, "")
		if err != nil {
			return err
		}
		for i := range places {
			if strings.HasSuffix(places[i].pointer, "/provider_id") {
				makeUnique(places[i].valid)
				makeUnique(places[i].invalid)
			}
			if g.validOnly {
				places[i].invalid = nil
			}
		}
		if g.validOnly {
			places = slices.DeleteFunc(places, func(p place) bool { return strings.HasSuffix(p.pointer, "/unknown") })
		}
		g.bodies[o.ID] = places
	}
	if entry, err := read.file("PartnerLiquidityProviderGovernanceAuditEntry"); err == nil && entry.Properties["event_type"] != nil {
		if event, _, err := read.resolve(entry.Properties["event_type"], entry.file); err == nil {
			g.events = event.Enum
		}
	}
	return nil
}

// makeUnique puts {unique} into each text that may name a provider, since two sequences must not use the same name against
// one target.
func makeUnique(values []string) {
	for i, value := range values {
		var name string
		if json.Unmarshal([]byte(value), &name) == nil && name != "" && strings.TrimSpace(name) == name && !strings.Contains(name, "{") {
			values[i] = quoted(name + " {unique}")
		}
	}
}

// setting is a kind of server, with the calls for it.
type setting struct {
	needs []string
	first func(*rapid.T) steps.Call
	calls *rapid.Generator[[][]steps.Call]
}

// sequencesFor generates sequences for the settings.
func (g *grammar) sequencesFor(settings *choice[setting], hasTestClock bool) *rapid.Generator[Sequence] {
	unclocked := rapid.Bool()
	return rapid.Custom(func(t *rapid.T) Sequence {
		setting := settings.Draw(t, "setting")
		s := Sequence{Needs: setting.needs, Clocked: !unclocked.Draw(t, "unclocked")}
		if slices.Contains(s.Needs, keyMode) {
			s.PartnerKey = g.labels[0]
		}
		ignored := slices.Contains(s.Needs, clocksOff) // calls have clocks, which must not have an effect
		if ignored || !hasTestClock {
			s.Clocked = false
		}
		if setting.first != nil {
			s.Calls = append(s.Calls, setting.first(t))
		}
		for _, calls := range setting.calls.Draw(t, "calls") {
			s.Calls = append(s.Calls, calls...)
		}
		if !ignored && !hasTestClock {
			for i := range s.Calls {
				s.Calls[i].Rows = slices.DeleteFunc(slices.Clone(s.Calls[i].Rows), setsClock)
			}
		}
		return s
	})
}

// setsClock reports whether a row of a call sets a test clock.
func setsClock(row [2]string) bool {
	return slices.Contains([]string{"header " + clockHeader, "query now_iso", "query exported_at_iso"}, row[0])
}

// sequence generates the sequence of a random seed.
func (g *grammar) sequence(seed int) Sequence { return g.sequences.Example(seed) }

// randomSeed derives the random seed of a sequence from the id of the run and the number of the sequence. It is positive:
// rapid takes 0 for no seed.
func randomSeed(runID string, sequence int) int {
	sum := sha256.Sum256([]byte(runID + " " + strconv.Itoa(sequence)))
	return int(binary.BigEndian.Uint64(sum[:8])>>1 | 1)
}

// list generates lists. rapid makes the name of a generator on first use, which is not safe for concurrent use; list makes it.
func list[T any](of *rapid.Generator[T], least, most int) *rapid.Generator[[]T] {
	_ = of.String()
	lists := rapid.SliceOfN(of, least, most)
	_ = lists.String()
	return lists
}

// choice draws one of several values, each with the same probability. A value that is listed twice has twice the weight.
// rapid.SampledFrom prefers the first and the last values, so the index is made of coin flips.
type choice[T any] struct {
	values []T
	coins  int
}

var coin = rapid.Bool()

func choose[T any](values []T) *choice[T] {
	return &choice[T]{values, bits.Len(uint(len(values)-1)) + 2}
}

// Draw draws a value.
func (c *choice[T]) Draw(t *rapid.T, _ string) T {
	n := 0
	for range c.coins {
		n <<= 1
		if coin.Draw(t, "coin") {
			n++
		}
	}
	return c.values[n*len(c.values)>>c.coins]
}

// generator returns the choice as a generator.
func (c *choice[T]) generator() *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T { return c.Draw(t, "") })
}
