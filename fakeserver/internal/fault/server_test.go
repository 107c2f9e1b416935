package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/client"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/testclient"
)

const (
	onboard = "partnerLiquidityProvider.onboard"
	get     = "partnerLiquidityProvider.get"
	amber   = "/partner-liquidity-providers/plp_000001"
)

// once sends each request on a connection of its own: on one that was used before,
// Go's transport sends a request with an Idempotency-Key again by itself.
func once(f *fakeservertest.Running) http.RoundTripper {
	of, ok := f.HTTP.Transport.(*http.Transport)
	if !ok {
		of = http.DefaultTransport.(*http.Transport)
	}
	of = of.Clone()
	of.DisableKeepAlives = true
	return of
}

// tried sends an onboarding (with a key) or a GET (without one), and returns what a
// client receives: the status, whether the answer is a replay, which fault it triggered,
// and how it ended.
func tried(t *testing.T, f *fakeservertest.Running, world, path, key string) (got, body string) {
	t.Helper()
	method, sent := "GET", ""
	if key != "" {
		method, sent = "POST", `{"provider":{"owner_actor":{"type":"partner","id":"amber"},"external_provider_id":"e","legal_entity_name":"l","disclosure_text":"d","trust_contact_email":"a@b","segment_tier":"S1"}}`
	}
	r, err := http.NewRequest(method, f.URL+path, strings.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"X-Partner-Key": {"amber"}, "X-Auth-Scopes": {"settlement:write settlement:read"}, "X-Fake-World": {world}}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := once(f).RoundTrip(r)
	if err != nil {
		return "lost", ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	got = fmt.Sprint(answer.StatusCode)
	if answer.Header.Get("Idempotent-Replayed") == "true" {
		got += " replayed"
	}
	if id := answer.Header.Get("X-Fake-Fault"); id != "" {
		got += " " + id
	}
	if answer.Header.Get("X-Fake-Request-Id") == "" {
		got += " unnamed"
	}
	if err != nil {
		got += fmt.Sprintf(" %d of %d: %v", len(text), answer.ContentLength, err)
	}
	return got, string(text)
}

// added adds a fault to a world.
func added(t *testing.T, w *client.World, f client.Fault) client.FaultState {
	t.Helper()
	state, err := w.AddFault(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func some[T any](v T) *T { return &v }

const providers = "/partner-liquidity-providers"

// What a client meets that onboards, and with the same key tries again.
func TestFaultsOfAPost(t *testing.T) {
	ms := client.Span(time.Millisecond)
	for name, c := range map[string]struct {
		fault         client.Fault
		first, second string
		between       int // providers after the first
		waits         string
	}{
		"dropped before":      {client.Fault{Operation: onboard, Drop: true}, "lost", "200", 0, ""},
		"dropped after":       {client.Fault{Operation: onboard, Drop: true, When: client.After}, "lost", "200 replayed", 1, ""},
		"refused before":      {client.Fault{Answer: &client.FaultAnswer{Status: 503}}, "503 f1", "200", 0, ""},
		"refused after":       {client.Fault{Answer: &client.FaultAnswer{Status: 503}, When: client.After}, "503 f1", "200 replayed", 1, ""},
		"an outcome":          {client.Fault{Operation: onboard, Answer: &client.FaultAnswer{Outcome: "provider_id_taken"}}, "409 f1", "200", 0, ""},
		"late":                {client.Fault{Latency: 250 * ms}, "200 f1", "200 replayed", 1, "250ms"},
		"late and refused":    {client.Fault{Latency: 250 * ms, Answer: &client.FaultAnswer{Status: 500}}, "500 f1", "200", 0, "250ms"},
		"late after":          {client.Fault{Latency: 250 * ms, When: client.After}, "200 f1", "200 replayed", 1, "250ms"},
		"late and lost":       {client.Fault{Latency: 250 * ms, When: client.After, Drop: true}, "lost", "200 replayed", 1, "250ms"},
		"cut":                 {client.Fault{Truncate: some(10)}, "200 f1 10 of 527: unexpected EOF", "200 replayed", 1, ""},
		"cut to nothing":      {client.Fault{Truncate: some(0)}, "200 f1 0 of 527: unexpected EOF", "200 replayed", 1, ""},
		"cut by one at least": {client.Fault{Truncate: some(9999)}, "200 f1 526 of 527: unexpected EOF", "200 replayed", 1, ""},
		"a refusal that is cut": {client.Fault{Truncate: some(10), Answer: &client.FaultAnswer{Status: 503}},
			"503 f1 10 of 174: unexpected EOF", "200", 0, ""},
		"in pieces":         {client.Fault{Slow: &client.FaultSlow{Bytes: 200, Pause: 20 * ms}}, "200 f1", "200 replayed", 1, "20ms 20ms"},
		"in pieces and cut": {client.Fault{Slow: &client.FaultSlow{Bytes: 200, Pause: 20 * ms}, Truncate: some(300)}, "200 f1 300 of 527: unexpected EOF", "200 replayed", 1, "20ms"},
		"for another":       {client.Fault{Operation: get, Drop: true}, "200", "200 replayed", 1, ""},
		"for the second":    {client.Fault{Nth: 2, Answer: &client.FaultAnswer{Status: 503}}, "200", "503 f1", 1, ""},
	} {
		for way, how := range testclient.Starters {
			t.Run(name+" "+way, func(t *testing.T) {
				var waits []string
				var mu sync.Mutex
				f := how(t, func(o *fakeserver.Options) {
					o.Wait = func(_ context.Context, long time.Duration) {
						mu.Lock()
						defer mu.Unlock()
						waits = append(waits, long.String())
					}
					o.OnRules = func(*http.Request, []fakeserver.Reached) {} // is called for every request
				})
				w := f.Admin.World("a")
				added(t, w, c.fault)
				first, body := tried(t, f, "a", providers, "1")
				if first != c.first {
					t.Errorf("first: got %q, want %q: %s", first, c.first, body)
				}
				if state, err := w.State(context.Background()); err != nil || state.Providers != c.between {
					t.Errorf("between: got %d providers, %v, want %d", state.Providers, err, c.between)
				}
				if second, body := tried(t, f, "a", providers, "1"); second != c.second {
					t.Errorf("second: got %q, want %q: %s", second, c.second, body)
				}
				mu.Lock()
				defer mu.Unlock()
				if got := strings.Join(waits, " "); got != c.waits {
					t.Errorf("waited %q, want %q", got, c.waits)
				}
			})
		}
	}
}

// An old answer is that of the moment when the fault was added; another world and
// other operations go on.
func TestFaultsAreStale(t *testing.T) {
	f := fakeservertest.StartInMemory(t)
	a := f.Admin.World("a")
	added(t, a, client.Fault{Operation: get, Stale: true, Times: 2})
	for _, world := range []string{"a", "b"} {
		if got, _ := tried(t, f, world, providers, "1"); got != "200" {
			t.Fatal(got)
		}
	}
	for i, want := range []string{"a 404 f1", "b 200", "a 404 f1", "a 200"} {
		world, want, _ := strings.Cut(want, " ")
		if got, body := tried(t, f, world, amber, ""); got != want {
			t.Errorf("%d: got %q, want %q: %s", i, got, want, body)
		}
	}
}

// In key mode a fault meets who has a good key and who has none alike.
func TestFaultsRevealNoStoredKey(t *testing.T) {
	f := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) {
		o.PartnerKeys = []fakeserver.PartnerKey{{Key: "amber", PartnerID: "amber", Scopes: []string{"settlement:read", "settlement:write"}}}
	})
	a := f.Admin.World("a")
	for _, when := range []string{client.Before, client.After} {
		added(t, a, client.Fault{Operation: onboard, Answer: &client.FaultAnswer{Outcome: "owner_not_caller"}, When: when, Times: 2})
		bodies := map[string]bool{}
		for _, key := range []string{"amber", "nobody"} {
			r, err := http.NewRequest("POST", f.URL+providers, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = http.Header{"X-Partner-Key": {key}, "Idempotency-Key": {"1"}, "X-Fake-World": {"a"}}
			answer, err := f.HTTP.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			bodies[answer.Status+string(body)] = true
		}
		if len(bodies) != 1 {
			t.Errorf("%s: the two got %v", when, bodies)
		}
	}
	all, err := a.Faults(context.Background())
	if err != nil || len(all) != 2 {
		t.Fatalf("got %v, %v", all, err)
	}
	for _, one := range all {
		if one.TimesLeft != 0 || one.Fired != 2 {
			t.Errorf("a bad key uses a fault up too: got %+v", one)
		}
	}
}

func TestFaultsAreArranged(t *testing.T) {
	f := fakeservertest.StartInMemory(t)
	ctx, a := context.Background(), f.Admin.World("a")
	for i := range 3 {
		if state := added(t, a, client.Fault{Drop: true, Times: 5, Nth: 0, Probability: 1}); state.ID != fmt.Sprint("f", i+1) || state.TimesLeft != 5 || state.Fault.When != client.Before {
			t.Errorf("added: got %+v", state)
		}
	}
	if got, _ := tried(t, f, "a", amber, ""); got != "lost" {
		t.Errorf("got %q", got)
	}
	if err := a.DeleteFault(ctx, "f2"); err != nil {
		t.Error(err)
	}
	var listed []string
	waiting, err := a.Faults(ctx)
	for _, f := range waiting {
		listed = append(listed, fmt.Sprint(f.ID, " ", f.TimesLeft, " ", f.Matched, " ", f.Fired))
	}
	if got := strings.Join(listed, ", "); err != nil || got != "f1 4 1 1, f3 5 0 0" {
		t.Errorf("got %q, %v", got, err)
	}
	var wrong *client.Problem
	if err := a.DeleteFault(ctx, "f2"); !errors.As(err, &wrong) || wrong.Status != 404 {
		t.Errorf("deleted twice: got %v", err)
	}
	if _, err := a.AddFault(ctx, client.Fault{Operation: onboard, Stale: true}); !errors.As(err, &wrong) || wrong.Status != 400 || !strings.Contains(wrong.Detail, "stale with operation") {
		t.Errorf("a contradiction: got %v", err)
	}
	for name, away := range map[string]func(context.Context) error{"cleared": a.ClearFaults, "reset": a.Reset} {
		added(t, a, client.Fault{Drop: true})
		if err := away(ctx); err != nil {
			t.Error(err)
		}
		if waiting, err := a.Faults(ctx); err != nil || len(waiting) != 0 {
			t.Errorf("%s: got %v, %v", name, waiting, err)
		}
		if got, _ := tried(t, f, "a", "/healthz", ""); got != "200" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// Of many clients at once, so many meet the fault as it has times, and each retry of
// these is a replay.
func TestFaultsAmongManyClients(t *testing.T) {
	const clients, times = 40, 15
	f := fakeservertest.StartInMemory(t)
	added(t, f.Admin.World("a"), client.Fault{Operation: onboard, Drop: true, When: client.After, Times: times})
	var lost, replayed atomic.Int64
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			key := fmt.Sprint(i)
			got, _ := tried(t, f, "a", providers, key)
			for got == "lost" {
				lost.Add(1)
				if got, _ = tried(t, f, "a", providers, key); got == "200 replayed" {
					replayed.Add(1)
				}
			}
		})
	}
	all.Wait()
	state, err := f.Admin.World("a").State(context.Background())
	if err != nil || lost.Load() != times || state.Providers != clients || state.StoredResponses != clients || replayed.Load() == 0 {
		t.Errorf("got %d lost, %d replayed, %+v, %v", lost.Load(), replayed.Load(), state, err)
	}
}

// A client that goes away while it waits ends the waiting, and nothing is done.
func TestLatencyEndsWithTheClient(t *testing.T) {
	for way, how := range testclient.Starters {
		t.Run(way, func(t *testing.T) {
			waiting, ended, traces := make(chan struct{}), make(chan struct{}), make(chan []fakeserver.Reached, 1)
			f := how(t, func(o *fakeserver.Options) {
				o.Wait = func(ctx context.Context, _ time.Duration) { close(waiting); <-ctx.Done(); close(ended) }
				o.OnRules = func(_ *http.Request, reached []fakeserver.Reached) { traces <- reached }
			})
			a := f.Admin.World("a")
			added(t, a, client.Fault{Latency: client.Span(time.Hour)})
			ctx, leave := context.WithCancel(context.Background())
			r, err := http.NewRequestWithContext(ctx, "POST", f.URL+providers, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Fake-World", "a")
			go func() { <-waiting; leave() }()
			if _, err := once(f).RoundTrip(r); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			<-ended
			if reached := <-traces; len(reached) != 0 {
				t.Errorf("it was handled all the same: %v", reached)
			}
		})
	}
}

// A server that shuts down ends the latency, and the request is answered.
func TestLatencyEndsWithTheServer(t *testing.T) {
	waiting := make(chan struct{})
	s, err := fakeserver.New(fakeserver.Options{Wait: func(ctx context.Context, _ time.Duration) { close(waiting); <-ctx.Done() }})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l, time.Minute) }()
	url := "http://" + l.Addr().String()
	added(t, client.New(url, "").World("default"), client.Fault{Latency: client.Span(time.Hour)})
	go func() { <-waiting; stop() }()
	answer, err := http.Get(url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 200 || answer.Header.Get("X-Fake-Fault") != "f1" {
		t.Errorf("got %s, fault %q", answer.Status, answer.Header.Get("X-Fake-Fault"))
	}
	if err := <-done; err != nil {
		t.Errorf("stopping: %v", err)
	}
}

// The log names the fault, and takes none for a defect of the server.
func TestFaultsAreLogged(t *testing.T) {
	var text testclient.LockedBuffer
	t.Run("serve", func(t *testing.T) {
		f := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) {
			o.Log = slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		a := f.Admin.World("a")
		added(t, a, client.Fault{Drop: true})
		added(t, a, client.Fault{Drop: true, When: client.After})
		for range 3 {
			tried(t, f, "a", "/healthz", "")
		}
	})
	got := text.Take()
	for _, want := range []string{
		"level=DEBUG msg=request request_id=a.1 world=a operation=healthz outcome=fault reason_codes=[] status=0 ",
		"replayed=false fault=f1\n",
		"level=DEBUG msg=request request_id=a.2 world=a operation=healthz outcome=success reason_codes=[] status=200 ",
		"replayed=false fault=f2\n",
		"replayed=false\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing: %s in\n%s", want, got)
		}
	}
}
