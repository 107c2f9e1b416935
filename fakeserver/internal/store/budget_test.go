package store

import (
	"fmt"
	"testing"
	"time"

	// rapid draws the walks and shrinks one that fails to the few steps that matter.
	"pgregory.net/rapid"

	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/rules"
)

// A budget counts the records of all stores that share it, in any use of them, and what
// it refuses changes nothing.
func TestBudgetIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		budget := NewBudget(40)
		var stores []*Store
		var clocks []*clock
		var images []*Image
		open := func() {
			s, c := newStore()
			s.budget, s.options.Budget = budget, budget
			stores, clocks = append(stores, s), append(clocks, c)
		}
		open()
		overdrawn := false
		check := func(step string, refused bool, before string, s *Store) {
			held := 0
			for _, s := range stores {
				held += s.Counts().records()
			}
			if budget.Used() != held {
				t.Fatalf("%s: the budget has %d, the stores have %d", step, budget.Used(), held)
			}
			if !overdrawn && held > budget.Max() {
				t.Fatalf("%s: %d records, of at most %d", step, held, budget.Max())
			}
			if after := fmt.Sprint(s.Counts(), string(s.State())); refused && after != before {
				t.Fatalf("%s was refused, and changed\n%s\nto\n%s", step, before, after)
			}
		}
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			i := rapid.IntRange(0, len(stores)-1).Draw(t, "store")
			s, c := stores[i], clocks[i]
			key := fmt.Sprint(rapid.IntRange(0, 30).Draw(t, "key"))
			s.mu.Lock()
			s.expire(c.at) // what has had its time goes, even if the request that comes then is refused
			s.mu.Unlock()
			before := fmt.Sprint(s.Counts(), string(s.State()))
			do := func(call Call) bool {
				refusal := s.Do(call).Refusal
				return refusal != nil && refusal.Code == CodeFull
			}
			refused := false
			step := rapid.SampledFrom([]string{"onboard", "status", "export", "clock", "image", "restore", "close", "open"}).Draw(t, "step")
			switch step {
			case "onboard":
				call := onboarding(rapid.SampledFrom([]rules.Actor{amber, cobalt}).Draw(t, "caller"), key, "a")
				refused = do(call)
			case "status":
				call := restricting(amber, key, "a", rapid.SampledFrom([]string{"", "2026-02-22T15:00:00Z", "never"}).Draw(t, "at"))
				refused = do(call)
			case "export":
				_, refusal := s.Export(nil, "a", amber, ExportQuery{Filters: audit.Filters{Limit: rapid.IntRange(1, 3).Draw(t, "limit"), RetentionDays: 1}})
				refused = refusal != nil && refusal.Code == CodeFull
			case "clock":
				c.at = c.at.Add(time.Duration(rapid.IntRange(-50, 50).Draw(t, "hours")) * time.Hour)
			case "image":
				images = append(images, s.Image())
			case "restore":
				var image *Image
				if len(images) > 0 {
					image = rapid.SampledFrom(images).Draw(t, "image")
				}
				s.Restore(image, nil)
				overdrawn = overdrawn || budget.Used() > budget.Max()
			case "close":
				s.Close()
				s.Do(onboarding(amber, "late", "late")) // one that was on its way
				stores, clocks = append(stores[:i:i], stores[i+1:]...), append(clocks[:i:i], clocks[i+1:]...)
				if len(stores) == 0 {
					open()
				}
			case "open":
				open()
			}
			check(step, refused, before, s)
		}
	})
}

// An answer is kept until its clock has gone forwards by the time promised, however
// often it was moved back.
func TestClocksThatAreMovedBack(t *testing.T) {
	for name, c := range map[string]struct {
		moves []time.Duration
		kept  bool
	}{
		"a day":                        {[]time.Duration{24 * time.Hour}, true},
		"a day and more":               {[]time.Duration{24*time.Hour + time.Millisecond}, false},
		"years back":                   {[]time.Duration{-100_000 * time.Hour}, true},
		"years back, and a day":        {[]time.Duration{-100_000 * time.Hour, 24 * time.Hour}, true},
		"years back, and a day more":   {[]time.Duration{-100_000 * time.Hour, 24*time.Hour + time.Millisecond}, false},
		"to and fro, a day altogether": {[]time.Duration{8 * time.Hour, -time.Hour, 8 * time.Hour, -20 * time.Hour, 8 * time.Hour}, true},
		"to and fro, more than a day":  {[]time.Duration{8 * time.Hour, -time.Hour, 8 * time.Hour, -20 * time.Hour, 9 * time.Hour}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, clock := newStore()
			s.Do(onboarding(amber, "1", ""))
			for i, by := range c.moves {
				clock.at = clock.at.Add(by)
				s.Do(onboarding(amber, fmt.Sprint("other", i), ""))
			}
			if got := s.Do(onboarding(amber, "1", "")).Replayed; got != c.kept {
				t.Errorf("kept: got %v, want %v", got, c.kept)
			}
		})
	}
}

// A checkpoint is reported as expired for as long as it was valid. Then it is removed.
func TestOldCheckpointsAreDropped(t *testing.T) {
	s, clock := newStore()
	s.Do(onboarding(amber, "1", "a"))
	s.Do(restricting(amber, "2", "a", ""))
	q := ExportQuery{Filters: audit.Filters{Limit: 1, RetentionDays: 30}}
	first, _ := export(t, s, q)
	days := 30
	// others hands out n more, which last longer.
	others := func(n int) {
		for range n {
			days++
			export(t, s, ExportQuery{Filters: audit.Filters{Limit: 1, RetentionDays: days}})
		}
	}
	q.After = first.next()
	for _, step := range []struct {
		after  time.Duration
		others int
		rule   string
		kept   int
	}{
		{60 * 24 * time.Hour, sweepAfter, "export-checkpoint-is-fresh", sweepAfter + 1},
		{time.Millisecond, sweepAfter, "export-checkpoint-is-known", 2 * sweepAfter},
	} {
		clock.at = clock.at.Add(step.after)
		others(step.others)
		_, rule := export(t, s, q)
		if kept := s.Counts().Checkpoints; rule != step.rule || kept != step.kept {
			t.Errorf("after another %s: refused by %q with %d kept, want %q and %d", step.after, rule, kept, step.rule, step.kept)
		}
	}
}
