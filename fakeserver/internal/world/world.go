// Package world has isolated instances of the service. A world has its own state, clock, ids
// and idempotency keys, so that any number of tests can share one server.
//
// A world is created by the first request that names it, and deleted once it was not used for
// a while. Their number is limited: when all are in use, a request for another one is refused.
package world

import (
	"cmp"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/lpgate/fakeserver/internal/clock"
	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/fault"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/journal"
	"example.com/lpgate/fakeserver/internal/mask"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/rest"
	"example.com/lpgate/fakeserver/internal/store"
)

// Default is the world of requests that name none. It is never deleted.
const Default = "default"

// RequestIDHeader is the header of every answer of a world with the id of the request: the
// name of the world, a dot, and the number of the request.
const RequestIDHeader = "X-Fake-Request-Id"

// Options configure all worlds.
type Options struct {
	// Handler serves the contract; each world gets its own, by For.
	Handler *rest.Handler
	// Store are the options of their stores, but for the clock, which is the world's.
	Store store.Options
	// Clock is the server's time, which is the time of a world whose clock was not set.
	Clock func() time.Time
	// Mask hides secrets in the journal.
	Mask *mask.Mask
	// Stopwatch measures durations and idleness.
	Stopwatch func() time.Time
	// Seed is the initial data of a world without its own; nil is none.
	Seed Seed
	// Unnamed disables request ids and the journal.
	Unnamed bool
	// JournalEntries and JournalBytes bound the journal of each world.
	JournalEntries, JournalBytes int
	// Max is the maximum number of worlds.
	Max int
	// Idle is how long a world is kept that is not used.
	Idle time.Duration
	// OnExchange, if not nil, is called for every request before its answer is sent.
	OnExchange func(*http.Request, *exchange.Exchange)
	// Wait is how faults take time.
	Wait fault.Wait
	// Log receives the creation, reset and deletion of worlds.
	Log *slog.Logger
}

// Seed has the initial data of a world. Now is the server's time.
type Seed interface {
	State(now time.Time) (State, error)
}

// State is a world at one time, but for its faults and journal. The zero value is an empty
// world with the real clock.
type State struct {
	Image *store.Image
	Clock clock.Setting
}

// World is an isolated instance of the service. It is safe for concurrent use.
type World struct {
	Name  string
	Clock *clock.Clock
	Store *store.Store
	// Journal has the latest requests; nil if they are not recorded.
	Journal *journal.Journal
	// Faults are injected into the answers of requests.
	Faults fault.Set

	options  *Options
	handler  *rest.Handler
	first    sync.Once  // initialises the world; other users wait for it
	seeding  sync.Mutex // guards seed, and that the world has the last one
	seed     Seed
	requests atomic.Uint64 // number so far

	busy      atomic.Int64 // running requests
	onRelease func()       // release as a value, created once
	created   time.Time    // by the stopwatch
	used      atomic.Int64 // when the last request ended: a time.Duration after created
}

// newWorld returns a world that has not been initialised.
func newWorld(name string, options *Options, now time.Time) *World {
	w := &World{Name: name, Clock: clock.New(options.Clock), options: options, seed: options.Seed, created: now}
	w.onRelease = w.release
	stored := options.Store
	stored.Clock = w.Clock.Now
	w.Store = store.New(stored)
	w.handler = options.Handler.For(w.Store)
	if !options.Unnamed {
		w.Journal = journal.New(options.JournalEntries, options.JournalBytes)
	}
	return w
}

// Reset resets the world to its seed: state, clock, ids, idempotency, no faults, an empty
// journal. Times that the seed has relative to now are relative to the server's. The numbers
// of requests and faults go on, so that ids stay unique.
func (w *World) Reset() {
	w.seeding.Lock()
	defer w.seeding.Unlock()
	w.Faults.Clear()
	if w.Journal != nil {
		w.Journal.Clear()
	}
	w.seedState()
	w.options.Log.Info("world reset", "world", w.Name)
}

// Reseed replaces the seed of the world, and resets it.
func (w *World) Reseed(seed Seed) {
	w.seeding.Lock()
	w.seed = seed
	w.seeding.Unlock()
	w.Reset()
}

// seedState restores the world from its seed. The caller has locked seeding, or is the first
// user.
func (w *World) seedState() {
	var m State
	if w.seed != nil {
		var err error
		if m, err = w.seed.State(w.options.Clock()); err != nil {
			panic("the server's clock is outside the range of the seed: " + err.Error())
		}
	}
	w.restore(m)
}

// State returns the state of the world.
func (w *World) State() State { return State{w.Store.Image(), w.Clock.Setting()} }

// Restore replaces the state of the world. Faults and journal stay.
func (w *World) Restore(m State) {
	w.restore(m)
	w.options.Log.Info("world restored", "world", w.Name)
}

// restore replaces the state in one step: no request sees the new clock with the old state.
func (w *World) restore(m State) {
	m.Clock.Mode = cmp.Or(m.Clock.Mode, clock.Real)
	w.Store.Restore(m.Image, func() {
		if err := w.Clock.Set(m.Clock); err != nil {
			panic("setting a clock: " + err.Error())
		}
	})
}

// Requests returns the number of requests so far.
func (w *World) Requests() uint64 { return w.requests.Load() }

// Mask returns the mask of the journal's secrets.
func (w *World) Mask() *mask.Mask { return w.options.Mask }

// KeyMode reports whether a key identifies the caller.
func (w *World) KeyMode() bool { return w.handler.PartnerKeys != nil }

// AddFault adds a fault to the world.
func (w *World) AddFault(f fault.Fault) (fault.State, *problem.Problem) {
	f, wrong := f.Complete(w.options.Handler.Milestone)
	if wrong != nil {
		return fault.State{}, wrong
	}
	var stale *rest.Handler
	if f.Stale {
		stored := w.options.Store
		stored.Clock = w.Clock.Now
		stored.Budget = nil // an image is counted where it was taken, and goes with the fault
		store := store.New(stored)
		store.Restore(w.Store.Image(), nil)
		stale = w.options.Handler.For(store)
	}
	return w.Faults.Add(f, stale)
}

// ServeHTTP implements http.Handler: it answers by the contract.
func (w *World) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	began := w.options.Stopwatch()
	id := w.requestID(w.requests.Add(1))
	if !w.options.Unnamed {
		rw.Header()[RequestIDHeader] = []string{id}
	}
	if w.Faults.Active() {
		operation, providerID := w.handler.Operation(r)
		if match := w.Faults.Match(operation.ID, providerID); match != nil {
			injection := fault.Injector{Handler: w.handler, Wait: w.options.Wait}.Inject(rw, r, match)
			w.record(r, injection.Exchange, id, began)
			injection.Write()
			return
		}
	}
	x := w.handler.Handle(r)
	w.record(r, x, id, began)
	rest.Write(rw, r, x)
}

// record records an exchange before its answer is sent: a client that has its answer finds
// it in the journal.
func (w *World) record(r *http.Request, x *exchange.Exchange, id string, began time.Time) {
	x.World, x.RequestID = w.Name, id
	x.At, x.Took = instant.Of(w.Clock.Now()), exchange.Micros(w.options.Stopwatch().Sub(began))
	if w.Journal != nil {
		w.Journal.Append(w.options.Mask.Exchange(x))
	}
	if w.options.OnExchange != nil {
		w.options.OnExchange(r, x)
	}
}

// requestID returns the id of the n-th request.
func (w *World) requestID(n uint64) string {
	id := make([]byte, 0, 96) // a name has 64 at most
	return string(strconv.AppendUint(append(append(id, w.Name...), '.'), n, 10))
}

// Worlds are all worlds of a server. They are safe for concurrent use.
type Worlds struct {
	options Options

	mu     sync.RWMutex
	worlds map[string]*World
}

// New returns the worlds: the default one.
func New(options Options) *Worlds {
	ws := &Worlds{options: options, worlds: map[string]*World{}}
	w := newWorld(Default, &ws.options, options.Stopwatch())
	w.first.Do(w.seedState)
	ws.worlds[Default] = w
	return ws
}

// CheckName returns the problem of a name that no world can have; nil if it is valid.
func CheckName(name string) *problem.Problem {
	odd := strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("_-", c)
	})
	if name == "" || len(name) > 64 || odd {
		return problem.New(http.StatusBadRequest, "%q is not a name of a world: write 1 to 64 of A-Z a-z 0-9 _ -", name)
	}
	return nil
}

// Acquire returns the world with a name, and creates it if there is none. It is in use until
// release is called.
func (ws *Worlds) Acquire(name string) (w *World, release func(), wrong *problem.Problem) {
	if w, wrong = ws.acquire(name); wrong != nil {
		return nil, nil, wrong
	}
	w.first.Do(w.seedState)
	return w, w.onRelease, nil
}

// AcquireAs is like Acquire, and calls initialise with the world. A new world is not restored
// from its seed before.
func (ws *Worlds) AcquireAs(name string, initialise func(*World)) (w *World, release func(), wrong *problem.Problem) {
	if w, wrong = ws.acquire(name); wrong != nil {
		return nil, nil, wrong
	}
	initialised := false
	w.first.Do(func() {
		initialised = true
		initialise(w)
	})
	if !initialised {
		initialise(w)
	}
	return w, w.onRelease, nil
}

// acquire returns the world with a name, in use, which may not be initialised. Initialisation
// takes time, so it is done without the lock.
func (ws *Worlds) acquire(name string) (*World, *problem.Problem) {
	if w := ws.existing(name); w != nil {
		return w, nil
	}
	if wrong := CheckName(name); wrong != nil {
		return nil, wrong
	}
	now := ws.options.Stopwatch()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	w, known := ws.worlds[name]
	if !known {
		ws.sweep(now)
		if len(ws.worlds) >= ws.options.Max {
			return nil, problem.New(http.StatusServiceUnavailable, "There are %d worlds, the maximum, and each was used within the last %s: "+
				"delete one (DELETE /_fake/worlds/NAME), or start the server with a higher --max-worlds or a shorter --world-idle.", len(ws.worlds), ws.options.Idle)
		}
		w = newWorld(name, &ws.options, now)
		ws.worlds[name] = w
		ws.options.Log.Info("world made", "world", name)
	}
	w.busy.Add(1)
	return w, nil
}

// Find is like Acquire, but creates no world.
func (ws *Worlds) Find(name string) (w *World, release func(), wrong *problem.Problem) {
	if w := ws.existing(name); w != nil {
		w.first.Do(w.seedState)
		return w, w.onRelease, nil
	}
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	return nil, nil, problem.Unknown(http.StatusNotFound, "world", name, ws.names())
}

// existing returns the world with a name, in use; nil if there is none.
func (ws *Worlds) existing(name string) *World {
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	w := ws.worlds[name]
	if w != nil {
		w.busy.Add(1) // under the lock, so that it is not swept before
	}
	return w
}

// release ends one use.
func (w *World) release() {
	w.used.Store(int64(w.options.Stopwatch().Sub(w.created)))
	w.busy.Add(-1)
}

// Drop deletes a world. Its running requests finish.
func (ws *Worlds) Drop(name string) *problem.Problem {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if name == Default {
		return problem.New(http.StatusConflict, "The world %s cannot be deleted: reset it instead.", Default)
	}
	w, known := ws.worlds[name]
	if !known {
		return problem.Unknown(http.StatusNotFound, "world", name, ws.names())
	}
	ws.remove(w, "deleted")
	return nil
}

// remove removes a world. The lock must be held.
func (ws *Worlds) remove(w *World, why string) {
	delete(ws.worlds, w.Name)
	w.Store.Close()
	if w.Journal != nil {
		w.Journal.Close()
	}
	ws.options.Log.Info("world dropped", "world", w.Name, "why", why, "requests", w.Requests())
}

// All returns the worlds, sorted by name.
func (ws *Worlds) All() []*World {
	now := ws.options.Stopwatch()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.sweep(now)
	all := make([]*World, 0, len(ws.worlds))
	for _, name := range ws.names() {
		all = append(all, ws.worlds[name])
	}
	return all
}

// Sweep deletes the worlds that were idle for too long.
func (ws *Worlds) Sweep() {
	now := ws.options.Stopwatch()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.sweep(now)
}

// sweep is Sweep with the lock held.
func (ws *Worlds) sweep(now time.Time) {
	for name, w := range ws.worlds {
		if name != Default && w.busy.Load() == 0 && now.Sub(w.created)-time.Duration(w.used.Load()) > ws.options.Idle {
			ws.remove(w, "idle")
		}
	}
}

// names returns the sorted names. The lock must be held.
func (ws *Worlds) names() []string {
	names := make([]string, 0, len(ws.worlds))
	for name := range ws.worlds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Methods returns the methods of the operations that a path is of.
func (w *World) Methods(path string) []string { return w.handler.Methods(path) }

// Explained returns the explanations of all preconditions.
func (w *World) Explained() explain.Rules { return rest.Explained(w.handler.Schemas) }
