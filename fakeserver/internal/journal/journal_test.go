package journal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/instant"
)

func entry(n int, change ...func(*exchange.Exchange)) *exchange.Exchange {
	e := &exchange.Exchange{RequestID: fmt.Sprint("w.", n), At: instant.Instant(n), Operation: "op", Status: 200, Outcome: "success"}
	for _, f := range change {
		f(e)
	}
	return e
}

func ids(p Page) string {
	var all []string
	for _, e := range p.Entries {
		all = append(all, e.RequestID)
	}
	return strings.Join(all, " ")
}

func TestFind(t *testing.T) {
	j := New(100, 1<<20)
	j.Append(entry(1))
	j.Append(entry(2, func(e *exchange.Exchange) { e.Operation, e.ProviderID, e.Replayed = "other", "p", true }))
	j.Append(entry(3, func(e *exchange.Exchange) {
		e.Status, e.Outcome, e.ReasonCodes = 409, "blocked", []string{"a", "b"}
		e.Fault = "f1"
	}))
	j.Append(entry(4, func(e *exchange.Exchange) { e.ProviderID = "p" }))
	two, four, ok, yes, no := instant.Instant(2), instant.Instant(4), 200, true, false
	for name, c := range map[string]struct {
		query   Query
		ids     string
		matched int
	}{
		"all":         {Query{}, "w.1 w.2 w.3 w.4", 4},
		"limit":       {Query{Limit: 2}, "w.1 w.2", 4},
		"operation":   {Query{Operation: "op"}, "w.1 w.3 w.4", 3},
		"outcome":     {Query{Outcome: "blocked"}, "w.3", 1},
		"status":      {Query{Status: &ok}, "w.1 w.2 w.4", 3},
		"reason code": {Query{ReasonCode: "b"}, "w.3", 1},
		"fault":       {Query{Fault: "f1"}, "w.3", 1},
		"no such":     {Query{Fault: "f2"}, "", 0},
		"any fault":   {Query{Fault: AnyFault}, "w.3", 1},
		"no fault":    {Query{Fault: NoFault}, "w.1 w.2 w.4", 3},
		"replayed":    {Query{Replayed: &yes}, "w.2", 1},
		"new":         {Query{Replayed: &no, Fault: NoFault}, "w.1 w.4", 2},
		"provider":    {Query{ProviderID: "p"}, "w.2 w.4", 2},
		"time":        {Query{From: &two, To: &four}, "w.2 w.3", 2},
		"after":       {Query{After: "w.2"}, "w.3 w.4", 2},
		"both":        {Query{After: "w.2", ProviderID: "p"}, "w.4", 1},
		"nothing":     {Query{Operation: "op", ProviderID: "q"}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := j.Find(c.query); ids(got) != c.ids || got.Matched != c.matched || got.Held != 4 || got.Unknown {
				t.Errorf("got %q, %d of %d, want %q, %d", ids(got), got.Matched, got.Held, c.ids, c.matched)
			}
		})
	}
	if got := j.Find(Query{After: "w.9"}); !got.Unknown {
		t.Error("an unknown request was found")
	}
	if e := j.Get("w.3"); e == nil || e.Outcome != "blocked" || j.Get("w.9") != nil {
		t.Errorf("got %v", e)
	}
}

// The oldest go first, by number and by bytes, and what went is counted.
func TestBounds(t *testing.T) {
	j := New(40, 1<<20)
	for n := range 100 {
		j.Append(entry(n))
		want := max(0, n-39)
		if got := j.Find(Query{}); got.Held != min(n+1, 40) || got.Evicted != uint64(want) || got.Entries[0].RequestID != fmt.Sprint("w.", want) {
			t.Fatalf("after %d: got %d held, %d evicted, from %s", n+1, got.Held, got.Evicted, got.Entries[0].RequestID)
		}
	}
	body := func(e *exchange.Exchange) { e.Body = make([]byte, 360) }
	j = New(1000, 10*entry(0, body).Size())
	for n := range 100 {
		j.Append(entry(n, body))
	}
	if got := j.Find(Query{}); got.Held != 10 || got.Evicted != 90 || got.Entries[9].RequestID != "w.99" {
		t.Errorf("by bytes: got %d held, %d evicted", got.Held, got.Evicted)
	}
	j.Append(entry(100, func(e *exchange.Exchange) { e.Answer = make([]byte, 20_000) }))
	if got := j.Find(Query{}); ids(got) != "w.100" || got.Evicted != 100 {
		t.Errorf("a large one: got %q, %d evicted", ids(got), got.Evicted)
	}
	j.Append(entry(101))
	if got := j.Find(Query{}); ids(got) != "w.101" {
		t.Errorf("after a large one: got %q", ids(got))
	}
	j.Clear()
	j.Append(entry(102))
	if got := j.Find(Query{}); ids(got) != "w.102" || got.Evicted != 0 {
		t.Errorf("cleared: got %q, %d evicted", ids(got), got.Evicted)
	}
}

func TestWait(t *testing.T) {
	j := New(1000, 1<<20)
	j.Append(entry(0))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var all sync.WaitGroup
	ok := 200
	for range 8 {
		all.Go(func() {
			if got := j.Wait(ctx, Query{Status: &ok, Limit: 1}, 50); got.Matched < 50 || len(got.Entries) != 1 {
				t.Errorf("got %d matches", got.Matched)
			}
		})
	}
	for g := range 7 {
		all.Go(func() {
			for n := range 7 {
				j.Append(entry(1 + 7*g + n))
			}
		})
	}
	all.Wait()
	cancel()
	if got := j.Wait(ctx, Query{}, 1000); got.Matched != 50 {
		t.Errorf("at its end: got %d matches, want 50", got.Matched)
	}
	if got := j.Wait(context.Background(), Query{After: "w.99"}, 1); !got.Unknown {
		t.Error("waited after an unknown request")
	}

	// Nothing comes once it is closed.
	ended := make(chan Page)
	go func() { ended <- j.Wait(context.Background(), Query{}, 1000) }()
	j.Close()
	if got := <-ended; !got.Closed || got.Matched != 50 {
		t.Errorf("closed: got %+v", got)
	}
}

// An Append costs one comparison for each wait, however many entries the journal has.
func TestAppendExaminesTheNewEntryOnly(t *testing.T) {
	const waits, appends = 500, 100
	for _, held := range []int{0, 100, 10_000} {
		synctest.Test(t, func(t *testing.T) {
			j := New(10_000, 1<<30) // at 10,000 each Append evicts the oldest entry
			for n := range held {
				j.Append(entry(n))
			}
			ctx, cancel := context.WithCancel(t.Context())
			status := 404
			for range waits {
				go j.Wait(ctx, Query{Status: &status}, 1)
				go j.Wait(ctx, Query{}, 1_000_000)
			}
			synctest.Wait()
			before := j.examined
			for n := range appends {
				j.Append(entry(held + n))
			}
			if got := j.examined - before; got != 2*waits*appends {
				t.Errorf("with %d entries: %d comparisons for %d requests and %d waits, want %d", held, got, appends, 2*waits, 2*waits*appends)
			}
			cancel()
			synctest.Wait()
			if len(j.waiters) != 0 {
				t.Errorf("%d waits are still registered after they were cancelled", len(j.waiters))
			}
		})
	}
}

// Whatever is appended, evicted and cleared meanwhile, a wait returns what Find returns
// at that moment.
func TestWaitAgreesWithFind(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, 0))
			j := New(1+chance.IntN(20), 1<<20)
			random := func(n int) *exchange.Exchange {
				return entry(n, func(e *exchange.Exchange) { e.Status = 200 + chance.IntN(3) })
			}
			n := 0
			for range chance.IntN(30) {
				j.Append(random(n))
				n++
			}
			status := 200
			q := Query{Status: &status, Limit: chance.IntN(4)}
			wanted := 1 + chance.IntN(8)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var got *Page
			go func() {
				page := j.Wait(ctx, q, wanted)
				got = &page
			}()
			synctest.Wait()
			for steps := 0; got == nil; steps++ {
				if want := j.Find(q); want.Matched >= wanted {
					t.Fatalf("seed %d: still waiting for %d, and %d match", seed, wanted, want.Matched)
				}
				switch {
				case steps == 200:
					cancel()
				case chance.IntN(20) == 0:
					j.Clear()
				default:
					j.Append(random(n))
					n++
				}
				synctest.Wait()
			}
			want := j.Find(q)
			if ids(*got) != ids(want) || got.Matched != want.Matched || got.Held != want.Held || got.Evicted != want.Evicted {
				t.Errorf("seed %d: got %q of %d (%d held, %d evicted), want %q of %d (%d, %d)", seed,
					ids(*got), got.Matched, got.Held, got.Evicted, ids(want), want.Matched, want.Held, want.Evicted)
			}
		})
	}
}

// A wait after a request goes on when that request is evicted, and counts what came later.
func TestWaitAfterAnEvictedRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := New(2, 1<<20)
		j.Append(entry(0))
		var got Page
		go func() { got = j.Wait(t.Context(), Query{After: "w.0"}, 2) }()
		synctest.Wait()
		j.Clear()
		j.Append(entry(1))
		j.Append(entry(2))
		synctest.Wait()
		if ids(got) != "w.1 w.2" || got.Unknown {
			t.Errorf("got %+v", got)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	for _, waits := range []int{0, 500} {
		b.Run(fmt.Sprintf("waits=%d", waits), func(b *testing.B) {
			j := New(10_000, 16<<20)
			e := entry(1, func(e *exchange.Exchange) {
				e.Body, e.Answer = make([]byte, 300), make([]byte, 700)
				e.Header = map[string][]string{"X-Actor-Type": {"partner"}, "X-Actor-Id": {"amber"}, "X-Auth-Scopes": {"settlement:read"}, "Idempotency-Key": {"k"}}
			})
			for range 10_000 {
				j.Append(e)
			}
			status := 404
			for range waits {
				go j.Wait(b.Context(), Query{Operation: "op", Status: &status}, 1)
			}
			for registered := 0; registered < waits; {
				runtime.Gosched()
				j.mu.Lock()
				registered = len(j.waiters)
				j.mu.Unlock()
			}
			b.ReportAllocs()
			for b.Loop() {
				j.Append(e)
			}
		})
	}
}
