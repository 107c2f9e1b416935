package world

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"example.com/lpgate/fakeserver/internal/clock"
	"example.com/lpgate/fakeserver/internal/rest"
)

// awaited is a seed that blocks until a test continues it.
type awaited struct {
	made atomic.Int64
	take chan bool // the seed sends on it, and then waits to receive; nil: it does not block
}

func (a *awaited) State(time.Time) (State, error) {
	a.made.Add(1)
	if a.take != nil {
		a.take <- true
		<-a.take
	}
	return State{Clock: clock.Setting{Mode: clock.Moved, By: 1}}, nil
}

func some(seed Seed) *Worlds {
	now := func() time.Time { return time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC) }
	return New(Options{
		Handler: &rest.Handler{}, Seed: seed, Clock: now, Stopwatch: now, JournalEntries: 1, JournalBytes: 1, Max: 10, Idle: time.Hour,
		Log: slog.New(slog.DiscardHandler),
	})
}

func entered(t *testing.T, ws *Worlds, name string) *World {
	t.Helper()
	w, leave, wrong := ws.Acquire(name)
	if wrong != nil {
		t.Error(wrong)
		return nil
	}
	leave()
	return w
}

// While a world is created, all others are available, and requests to the new one wait.
func TestAWorldIsMadeBesideTheOthers(t *testing.T) {
	seed := new(awaited)
	ws := some(seed)
	entered(t, ws, "other")
	seed.take = make(chan bool)
	made := make(chan *World, 2)
	enter := func() { made <- entered(t, ws, "new") }
	go enter()
	<-seed.take
	go enter()
	entered(t, ws, Default)
	entered(t, ws, "other")
	if got := len(ws.All()); got != 3 {
		t.Errorf("got %d worlds, want 3", got)
	}
	if len(made) > 0 {
		t.Error("a world was had before it was made")
	}
	seed.take <- true
	if first, second := <-made, <-made; first != second || first.Clock.Setting().Mode != clock.Moved {
		t.Errorf("got %p, %p with a clock that is %s", first, second, first.Clock.Setting().Mode)
	}
}

// A world that is made another one at once does not begin with its seed.
func TestEnterAsMakesNoSeed(t *testing.T) {
	seed := new(awaited)
	ws := some(seed)
	own := new(awaited)
	for _, c := range []struct {
		name         string
		become       func(*World)
		made, others int64
	}{
		{"restored", func(w *World) { w.Restore(State{}) }, 1, 0},
		{"restored", func(w *World) { w.Restore(State{}) }, 1, 0},
		{"sown", func(w *World) { w.Reseed(own) }, 1, 1},
		{"reset", (*World).Reset, 2, 1},
	} {
		_, leave, wrong := ws.AcquireAs(c.name, c.become)
		if wrong != nil {
			t.Fatal(wrong)
		}
		leave()
		if got, others := seed.made.Load(), own.made.Load(); got != c.made || others != c.others {
			t.Errorf("%s: the seed was made %d times, and its own %d, want %d and %d", c.name, got, others, c.made, c.others)
		}
	}
}
