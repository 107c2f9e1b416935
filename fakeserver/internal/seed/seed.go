// Package seed reads the initial data of a world, YAML or JSON in domain terms:
//
//	clock: {mode: frozen, at: 2026-02-22T16:00:00Z}
//	providers:
//	  - provider_id: lp-blue
//	    owner: acme
//	    tier: S2
//	    status: active
//	    onboarded: {at: 30d ago, tier: S1}
//	    governance: {at: 3d ago}              # all baselines passed, no violations
//	    last_evaluation: {at: 2d ago}
//	    rollout: {at: 1d ago, capabilities: [{capability: quote}]}
//
// A provider is created by the commands of the contract only, so a seed cannot contain a
// state that a client could not reach: it is onboarded, has its history, and then gets
// its governance, its last evaluation and its rollout, each only if the seed has it. At
// the end it must have the tier, status and governance of the seed. A refusal on the way
// is an error of the seed, with its line. Providers are created in the order of the file,
// and the ids of audit entries follow that order.
//
// A time is RFC 3339, a duration before now such as 3d ago, or now, which is the default.
// Now is the time of the world's clock when the world is created or reset, cut to the
// second if the clock runs. So a seed with such times has another state each day, unless
// its clock is frozen.
package seed

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/fakeserver/internal/clock"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/store"
	"example.com/lpgate/fakeserver/internal/world"
	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/schemas"
)

// Limits of a seed. Reading one with so many steps takes seconds.
const (
	MaxSteps = 50_000   // providers, and their history, governance, last_evaluation and rollout
	MaxBytes = 16 << 20 // of the text
)

// Seed is a valid seed. It is safe for concurrent use.
type Seed struct {
	clock    *clock.Setting
	commands []command

	mu   sync.Mutex // held while the state is built, so that worlds which begin together share it
	last *built
}

// command is one command of a seed. It was valid when the seed was read. At another time
// only the time at which it is recorded differs, so it is valid then too.
type command struct {
	store.Call
	at    string // the time relative to now, as in the seed; "" for an absolute time, or now
	place string // of at, for errors
}

// built is the state that was built last.
type built struct {
	world.State
	now time.Time // of the world's clock
	// dependsOnNow reports whether another time has another state.
	dependsOnNow bool
}

// checkTime is now while a seed is checked, before there is a world.
var checkTime = time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)

// Read reads a seed until ctx is done. The schema is FakeSeed. The error has a line,
// FILE:LINE: problem, for each problem: what the schema forbids, invalid times, and the
// first refusal of each provider that has no such problem.
func Read(ctx context.Context, name string, text []byte, schema *schemas.Schema) (*Seed, error) {
	if len(text) > MaxBytes {
		return nil, &yamlfile.Problem{File: name, Line: 1, Message: fmt.Sprintf("a seed has %d bytes at most, got %d", MaxBytes, len(text))}
	}
	limited := &limitedSchema{Schema: schema}
	file, err := yamlfile.Parse(name, text, yamlfile.Options{
		Kind: "seed", Schema: limited, MaxItems: MaxSteps,
		HideValues: true, // a file with keys may be given instead of a seed
	})
	if err != nil {
		return nil, err
	}
	if limited.exceeded {
		return nil, file.Err()
	}
	var doc document
	file.Decode(&doc)
	s := &Seed{clock: readClock(file)}
	checkTimes(file, "/providers", member(file.Value(), "providers"))
	now, setting, err := s.begin(checkTime)
	if err != nil {
		return nil, err
	}
	b := &builder{file: file, name: name, now: now, store: newStore(now)}
	for n, p := range doc.Providers {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if at := yamlfile.At("providers", n); file.Valid(at) {
			b.provider(at, p)
		}
	}
	if err := file.Err(); err != nil {
		return nil, err
	}
	s.commands = b.commands
	s.last = &built{world.State{Image: b.store.Image().WithoutAnswers(), Clock: setting}, now, b.dependsOnNow}
	return s, ctx.Err()
}

// limitedSchema is the schema of a seed. The number of steps is checked before everything
// that takes time for each of them.
type limitedSchema struct {
	*schemas.Schema
	exceeded bool
}

// Failures implements [yamlfile.Schema].
func (s *limitedSchema) Failures(value any) []yamlfile.Failure {
	steps := 0
	providers, _ := member(value, "providers").([]any)
	for n, provider := range providers {
		steps++
		history, _ := member(provider, "history").([]any)
		steps += len(history)
		for _, name := range []string{"governance", "last_evaluation", "rollout"} {
			if member(provider, name) != nil {
				steps++
			}
		}
		if steps > MaxSteps {
			s.exceeded = true
			return []yamlfile.Failure{{Pointer: yamlfile.At("providers", n), Message: fmt.Sprintf(
				"is too much: a seed has %d steps at most, and up to here there are %d (a provider is one, and so is each of its history, governance, last_evaluation and rollout)", MaxSteps, steps)}}
		}
	}
	return s.Schema.Failures(value)
}

// member returns a member of an object; nil if there is none.
func member(value any, name string) any {
	object, _ := value.(map[string]any)
	return object[name]
}

// readClock returns the setting of the clock; nil if the seed has none or an invalid one.
func readClock(file *yamlfile.File) *clock.Setting {
	value := member(file.Value(), "clock")
	if value == nil || !file.Valid("/clock") {
		return nil
	}
	var setting clock.Setting
	err := json.Unmarshal(jcs.Marshal(value), &setting)
	if err == nil {
		err = setting.Check()
	}
	if err != nil {
		pointer, message := jcs.Wrong(err)
		report(file, "/clock"+jsontext.Pointer(pointer), "%s", message)
		return nil
	}
	return &setting
}

// checkTimes reports the invalid times in a value.
func checkTimes(file *yamlfile.File, at jsontext.Pointer, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			text, isText := inner.(string)
			if name != "at" || !isText {
				checkTimes(file, at.AppendToken(name), inner)
			} else if _, err := parseTime(text, checkTime); err != nil {
				report(file, at.AppendToken(name), "%v", err)
			}
		}
	case []any:
		for n, inner := range value {
			checkTimes(file, yamlfile.Below(at, n), inner)
		}
	}
}

// report adds a problem that begins with its place.
func report(file *yamlfile.File, at jsontext.Pointer, format string, args ...any) {
	file.Report(at, "%s %s", yamlfile.Name(at), fmt.Sprintf(format, args...))
}

// newStore returns an empty store with a frozen clock.
func newStore(now time.Time) *store.Store {
	return store.New(store.Options{Clock: func() time.Time { return now }, AnswerRetention: time.Hour})
}

// begin returns the time and the setting of a world's clock when the world is created and
// the server's time is now. The time of a running clock is cut to the second, so that
// worlds which begin together share one state.
func (s *Seed) begin(now time.Time) (time.Time, clock.Setting, error) {
	c := clock.New(func() time.Time { return now })
	if s.clock != nil {
		if err := c.Set(*s.clock); err != nil {
			return time.Time{}, clock.Setting{}, err
		}
	}
	begin := c.Now()
	if c.Setting().Mode != clock.Frozen {
		begin = begin.Truncate(time.Second)
	}
	return begin, c.Setting(), nil
}

// State returns the state of a world that is created when the server's time is now. It
// fails only for times outside the years 0000 to 9999. The commands are run again only if
// a time differs from that of their last run.
func (s *Seed) State(now time.Time) (world.State, error) {
	begin, setting, err := s.begin(now)
	if err != nil {
		return world.State{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.last.dependsOnNow || s.last.now.Equal(begin) {
		return s.last.State, nil
	}
	store := newStore(begin)
	for _, c := range s.commands {
		if c.at != "" {
			recorded, err := parseTime(c.at, begin)
			if err != nil {
				return world.State{}, fmt.Errorf("%s %w", c.place, err)
			}
			c.Command.(interface{ SetRecordedAt(string) }).SetRecordedAt(recorded.String())
		}
		if refusal := store.Do(c.Call).Refusal; refusal != nil {
			panic("a seed is refused at another time: " + string(refusal.Rule) + ": " + refusal.Message)
		}
	}
	s.last = &built{world.State{Image: store.Image().WithoutAnswers(), Clock: setting}, begin, true}
	return s.last.State, nil
}

// parseTime parses a time of a seed.
func parseTime(text string, now time.Time) (instant.Instant, error) {
	if text == "now" {
		return instant.Of(now), nil
	}
	duration, isAgo := strings.CutSuffix(text, " ago")
	if !isAgo {
		at, err := instant.Parse(text)
		if err != nil {
			err = fmt.Errorf("%w, nor a duration before now such as 3d ago", err)
		}
		return at, err
	}
	span, err := clock.ParseSpan(duration)
	if err != nil {
		return 0, err
	}
	if span < 0 {
		return 0, fmt.Errorf("%q is after now: write %q for before, or the time itself", text, strings.TrimPrefix(text, "-"))
	}
	at := instant.Of(now.Add(-time.Duration(span)))
	if _, err := instant.Parse(at.String()); err != nil {
		return 0, err
	}
	return at, nil
}
