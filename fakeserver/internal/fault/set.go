package fault

import (
	"cmp"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/rest"
)

// Max is how many faults a world may have at a time.
const Max = 100

// State is a fault and its counters. A fault is exhausted once it was injected as often as
// it should be; the last [Max] of these are still listed.
type State struct {
	ID    string `json:"id"`
	Fault Fault  `json:"fault"`
	// TimesLeft is how often it will still be injected.
	TimesLeft int `json:"times_left"`
	// Matched is how many requests it was considered for, Fired for how many of these it was
	// injected.
	Matched int `json:"matched"`
	Fired   int `json:"fired"`
}

// Set has the faults of one world, in the order of adding. The zero value is empty. It is
// safe for concurrent use.
type Set struct {
	waiting atomic.Bool // whether there is any fault that is not exhausted; read without the lock

	mu        sync.Mutex
	last      int // number of the last id
	faults    []*active
	exhausted []State // the oldest first
}

type active struct {
	State
	stale  *rest.Handler
	chance *rand.Rand // nil if the fault has no probability
}

// Match is a fault to inject into the answer of a request.
type Match struct {
	ID    string
	Fault Fault
	Stale *rest.Handler // handles the request if Fault.Stale is set
}

// Add adds a fault that is complete, as the last one. Stale handles requests on the state
// that the world has now; it is nil unless the fault is stale.
func (s *Set) Add(f Fault, stale *rest.Handler) (State, *problem.Problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) >= Max {
		return State{}, problem.New(http.StatusConflict, "There are %d faults, the maximum of a world: delete one, or all (DELETE /_fake/worlds/NAME/faults).", Max)
	}
	s.last++
	a := &active{State: State{ID: "f" + strconv.Itoa(s.last), Fault: f, TimesLeft: f.Times}, stale: stale}
	if f.Probability > 0 {
		a.chance = rand.New(rand.NewPCG(f.Seed, 0))
	}
	s.faults = append(s.faults, a)
	s.waiting.Store(true)
	return a.State, nil
}

// Active reports whether there is any fault. It takes no lock.
func (s *Set) Active() bool { return s.waiting.Load() }

// Match returns the fault to inject into the answer of a request; nil if there is none.
func (s *Set) Match(operation, providerID string) *Match {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, a := range s.faults {
		if a.Fault.Operation != "" && a.Fault.Operation != operation || a.Fault.ProviderID != "" && a.Fault.ProviderID != providerID {
			continue
		}
		a.Matched++
		if a.Fault.Nth > 0 && a.Matched != a.Fault.Nth || a.chance != nil && a.chance.Float64() >= a.Fault.Probability {
			continue
		}
		a.Fired++
		if a.TimesLeft--; a.TimesLeft == 0 {
			s.remove(i)
			s.exhausted = append(s.exhausted, a.State)
			s.exhausted = s.exhausted[max(0, len(s.exhausted)-Max):]
		}
		return &Match{a.ID, a.Fault, a.stale}
	}
	return nil
}

// All returns the faults in the order of adding, exhausted ones too.
func (s *Set) All() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := append(make([]State, 0, len(s.exhausted)+len(s.faults)), s.exhausted...)
	for _, a := range s.faults {
		all = append(all, a.State)
	}
	slices.SortFunc(all, func(a, b State) int { return cmp.Or(len(a.ID)-len(b.ID), cmp.Compare(a.ID, b.ID)) }) // by number
	return all
}

// Delete removes a fault, an exhausted one too.
func (s *Set) Delete(id string) *problem.Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for i, a := range s.faults {
		if a.ID == id {
			s.remove(i)
			return nil
		}
		ids = append(ids, a.ID)
	}
	for i, state := range s.exhausted {
		if state.ID == id {
			s.exhausted = slices.Delete(s.exhausted, i, i+1)
			return nil
		}
		ids = append(ids, state.ID)
	}
	return problem.Unknown(http.StatusNotFound, "fault", id, ids)
}

// Clear removes all faults. Ids are not used again.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.exhausted = nil, nil
	s.waiting.Store(false)
}

// remove removes a fault. The caller has the lock.
func (s *Set) remove(i int) {
	s.faults = slices.Delete(s.faults, i, i+1)
	s.waiting.Store(len(s.faults) > 0)
}
