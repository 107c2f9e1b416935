package steps

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// watcher is a transport that writes down bursts, and lets no request through before a number of them are under way.
type watcher struct {
	base     http.RoundTripper
	together int

	mu     sync.Mutex
	bursts []int
	open   chan struct{}
}

func (w *watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	number, ok := Concurrency(r.Context())
	w.mu.Lock()
	if !ok {
		number = -1
	}
	w.bursts = append(w.bursts, number)
	if ok && len(w.bursts)%w.together == 0 {
		close(w.open)
		w.open = make(chan struct{})
		w.mu.Unlock()
		return w.base.RoundTrip(r)
	}
	open := w.open
	w.mu.Unlock()
	if ok {
		select {
		case <-open:
		case <-time.After(5 * time.Second):
			return nil, errors.New("the others are not under way")
		}
	}
	return w.base.RoundTrip(r)
}

func TestAtOnce(t *testing.T) {
	s := newStage(t)
	w := &watcher{base: s.cfg.Client.Transport, together: 4, open: make(chan struct{})}
	s.cfg.Client = &http.Client{Transport: w}
	s.mustPlay(t, `
		I call "partnerLiquidityProvider.onboard" 4 times at once
		every answer is byte for byte the same
		exactly 3 answers are replays
		the answer is 200
		I repeat the call 4 times at once
		exactly 4 answers are replays
	`)
	if want := []int{1, 1, 1, 1, 2, 2, 2, 2}; !slices.Equal(w.bursts, want) {
		t.Errorf("got bursts %v, want %v", w.bursts, want)
	}
	if s.count != 1 || in(s.ctx).text("provider") != "plp_000001" {
		t.Errorf("got %d providers, the last of them %s", s.count, in(s.ctx).text("provider"))
	}
	if _, ok := Concurrency(context.Background()); ok {
		t.Error("got a burst without one")
	}
}

func TestAtOnceWithChanges(t *testing.T) {
	s := newStage(t)
	s.mustPlay(t, `
		I call "partnerLiquidityProvider.onboard" 3 times at once with:
		| /provider               | {}   |
		| header Idempotency-Key  | mine |
	`)
	for _, got := range s.seen {
		if got.body != `{"provider":{}}` || got.header.Get("Idempotency-Key") != "mine" {
			t.Errorf("got %s with %v", got.body, got.header)
		}
	}
	if len(s.seen) != 3 {
		t.Errorf("got %d requests, want 3", len(s.seen))
	}
}

func TestAtOnceFindsWrongServices(t *testing.T) {
	for _, test := range []struct{ name, line, got string }{
		{"answers that differ", "every answer is byte for byte the same", ""},
		{"no replays", "exactly 2 answers are replays", "0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t)
			n := 0
			s.answer = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
				n++
				fmt.Fprintf(w, `{"n":%d}`, n)
				return true
			}
			var mismatch *Mismatch
			if err := s.play(t, "I call \"partnerLiquidityProvider.onboard\" 3 times at once\n"+test.line); !errors.As(err, &mismatch) || test.got != "" && mismatch.Got != test.got {
				t.Errorf("got %v, want a mismatch", err)
			}
		})
	}
}
