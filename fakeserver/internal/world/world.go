// Package world keeps worlds apart. A world is one service with a state, a clock,
// ids and idempotency keys of its own, so that any number of tests can share one
// server and see nothing of each other.
//
// A world is made when a request first names it, and is dropped once nobody has
// used it for a while. There are only so many at a time; when all are in use, a
// request for another one is told so, and no world is lost.
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
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/rest"
	"example.com/lpgate/fakeserver/internal/store"
)

// Default is the world of requests that name none. It is never dropped.
const Default = "default"

// RequestIDHeader is the header of every answer of a world that names the request:
// the world's name, a dot, and its number in that world.
const RequestIDHeader = "X-Fake-Request-Id"

// Options are what all worlds have in common.
type Options struct {
	// Handler serves the contract; each world gets one of its own, by For.
	Handler *rest.Handler
	// Store are the options of their stores, but for the clock, which is the world's.
	Store store.Options
	// Clock is the server's time, which the worlds' clocks show unless they are told otherwise.
	Clock func() time.Time
	// AdminToken is the secret of the admin API, which the journal hides; "" is none.
	AdminToken string
	// Stopwatch tells the time by which durations and idleness are measured.
	Stopwatch func() time.Time
	// Seed is what a world begins with, and comes back to, unless it has a seed of its
	// own; nil is nothing.
	Seed Seed
	// Unnamed says that answers carry no request id, and that there is no journal.
	Unnamed bool
	// JournalEntries and JournalBytes bound the journal of each world.
	JournalEntries, JournalBytes int
	// Max is how many worlds there may be, the default one included.
	Max int
	// Idle is how long a world is kept that nobody uses.
	Idle time.Duration
	// OnExchange, if not nil, is called for every request before its answer is sent.
	OnExchange func(*http.Request, *exchange.Exchange)
	// Wait is how faults take time.
	Wait fault.Wait
	// Log is told when worlds come, begin again and go.
	Log *slog.Logger
}

// Seed gives what a world begins with when the server's time is now.
type Seed interface {
	State(now time.Time) (State, error)
}

// State is all that a world was at one moment, but for its faults: the zero value is
// nothing, and the real clock.
type State struct {
	Image *store.Image
	Clock clock.Setting
}

// World is one of them. It is safe for concurrent use.
type World struct {
	Name  string
	Clock *clock.Clock
	Store *store.Store
	// Journal remembers the requests; nil when nobody may ask.
	Journal *journal.Journal
	// Faults are injected into the answers of requests.
	Faults fault.Set

	options  *Options
	handler  *rest.Handler
	first    sync.Once  // by which it begins; who enters it waits for that
	seeding  sync.Mutex // guards seed, and that the world begins with the last one
	seed     Seed
	requests atomic.Uint64 // how many came

	busy  atomic.Int64 // requests on their way
	ended func()       // leave, made once
	made  time.Time    // by the stopwatch
	used  atomic.Int64 // when the last one ended: a time.Duration after that
}

// newWorld gives one that has not begun.
func newWorld(name string, options *Options, now time.Time) *World {
	w := &World{Name: name, Clock: clock.New(options.Clock), options: options, seed: options.Seed, made: now}
	w.ended = w.leave
	stored := options.Store
	stored.Clock = w.Clock.Now
	w.Store = store.New(stored)
	w.handler = options.Handler.For(w.Store)
	if !options.Unnamed {
		w.Journal = journal.New(options.JournalEntries, options.JournalBytes)
	}
	return w
}

// Reset makes the world what it was when it began: state, clock, ids, idempotency,
// no faults, an empty journal. Times that its seed has as spans are before the clock's
// now, so they move on with it. The numbers of its requests and faults go on, so that
// no two have one id.
func (w *World) Reset() {
	w.seeding.Lock()
	defer w.seeding.Unlock()
	w.Faults.Clear()
	if w.Journal != nil {
		w.Journal.Clear()
	}
	w.begin()
	w.options.Log.Info("world reset", "world", w.Name)
}

// Reseed gives the world a seed of its own, and makes it begin again from that.
func (w *World) Reseed(seed Seed) {
	w.seeding.Lock()
	w.seed = seed
	w.seeding.Unlock()
	w.Reset()
}

// begin makes the world what its seed says.
func (w *World) begin() {
	var m State
	if w.seed != nil {
		var err error
		if m, err = w.seed.State(w.options.Clock()); err != nil {
			panic("the server's clock is far off: " + err.Error())
		}
	}
	w.become(m)
}

// State takes what the world is.
func (w *World) State() State { return State{w.Store.Image(), w.Clock.Setting()} }

// Restore makes the world what it, or another one, was at a moment. Its faults stay.
func (w *World) Restore(m State) {
	w.become(m)
	w.options.Log.Info("world restored", "world", w.Name)
}

// become is one step: no request sees the new clock with the old state.
func (w *World) become(m State) {
	m.Clock.Mode = cmp.Or(m.Clock.Mode, clock.Real)
	w.Store.Restore(m.Image, func() {
		if err := w.Clock.Set(m.Clock); err != nil {
			panic("a clock that was not checked: " + err.Error())
		}
	})
}

// Requests is how many requests came.
func (w *World) Requests() uint64 { return w.requests.Load() }

// KeyMode tells whether a key says who calls.
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
		w.Journal.Append(w.mask(x))
	}
	if w.options.OnExchange != nil {
		w.options.OnExchange(r, x)
	}
}

// requestID gives the id of the n-th request.
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

// New gives the worlds, of which there is the default one.
func New(options Options) *Worlds {
	ws := &Worlds{options: options, worlds: map[string]*World{}}
	w := newWorld(Default, &ws.options, options.Stopwatch())
	w.first.Do(w.begin)
	ws.worlds[Default] = w
	return ws
}

// CheckName says what is wrong with the name of a world.
func CheckName(name string) *problem.Problem {
	odd := strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("_-", c)
	})
	if name == "" || len(name) > 64 || odd {
		return problem.New(http.StatusBadRequest, "%q is no name of a world: it has 1 to 64 of A-Z a-z 0-9 _ -", name)
	}
	return nil
}

// Acquire gives the world of a name, and makes it when there is none. Until leave is
// called the world is in use.
func (ws *Worlds) Acquire(name string) (w *World, leave func(), wrong *problem.Problem) {
	if w, wrong = ws.enter(name); wrong != nil {
		return nil, nil, wrong
	}
	w.first.Do(w.begin)
	return w, w.ended, nil
}

// AcquireAs is Enter for who makes the world another one at once. A new world then does
// not begin with its seed before that.
func (ws *Worlds) AcquireAs(name string, become func(*World)) (w *World, leave func(), wrong *problem.Problem) {
	if w, wrong = ws.enter(name); wrong != nil {
		return nil, nil, wrong
	}
	became := false
	w.first.Do(func() {
		became = true
		become(w)
	})
	if !became {
		become(w)
	}
	return w, w.ended, nil
}

// enter gives the world of a name, in use from now on, which may not have begun. That
// takes time, and is done without the lock: nobody but who enters this world waits.
func (ws *Worlds) enter(name string) (*World, *problem.Problem) {
	if w := ws.entered(name); w != nil {
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
			return nil, problem.New(http.StatusServiceUnavailable, "There are %d worlds, as many as there may be, and each was in use within the last %s: "+
				"delete one (DELETE /_fake/worlds/NAME), or start the server with a higher --max-worlds or a shorter --world-idle.", len(ws.worlds), ws.options.Idle)
		}
		w = newWorld(name, &ws.options, now)
		ws.worlds[name] = w
		ws.options.Log.Info("world made", "world", name)
	}
	w.busy.Add(1)
	return w, nil
}

// Find is like Enter, but makes no world.
func (ws *Worlds) Find(name string) (w *World, leave func(), wrong *problem.Problem) {
	if w := ws.entered(name); w != nil {
		w.first.Do(w.begin)
		return w, w.ended, nil
	}
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	return nil, nil, problem.Unknown(http.StatusNotFound, "world", name, ws.names())
}

// entered gives the world of a name, in use from now on; nil when there is none.
func (ws *Worlds) entered(name string) *World {
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	w := ws.worlds[name]
	if w != nil {
		w.busy.Add(1) // under the lock, so that no sweep comes between
	}
	return w
}

// leave ends one use.
func (w *World) leave() {
	w.used.Store(int64(w.options.Stopwatch().Sub(w.made)))
	w.busy.Add(-1)
}

// Drop forgets a world. A request that is on its way in it finishes there.
func (ws *Worlds) Drop(name string) *problem.Problem {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if name == Default {
		return problem.New(http.StatusConflict, "The world %s always is: reset it instead.", Default)
	}
	w, known := ws.worlds[name]
	if !known {
		return problem.Unknown(http.StatusNotFound, "world", name, ws.names())
	}
	ws.forget(w, "deleted")
	return nil
}

// forget takes a world out, with what it holds. The caller holds the lock.
func (ws *Worlds) forget(w *World, why string) {
	delete(ws.worlds, w.Name)
	w.Store.Close()
	if w.Journal != nil {
		w.Journal.Close()
	}
	ws.options.Log.Info("world dropped", "world", w.Name, "why", why, "requests", w.Requests())
}

// All lists the worlds by name.
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

// Sweep drops the worlds that nobody used for too long.
func (ws *Worlds) Sweep() {
	now := ws.options.Stopwatch()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.sweep(now)
}

// sweep is Sweep for a caller that holds the lock.
func (ws *Worlds) sweep(now time.Time) {
	for name, w := range ws.worlds {
		if name != Default && w.busy.Load() == 0 && now.Sub(w.made)-time.Duration(w.used.Load()) > ws.options.Idle {
			ws.forget(w, "idle")
		}
	}
}

// names are those of all worlds, sorted. The caller holds the lock.
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
