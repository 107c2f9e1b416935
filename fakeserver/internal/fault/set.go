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
)

// Max is how many faults a world may have at a time.
const Max = 100

// State is a fault, and what became of it so far. One that happened as often as it
// should waits no more, and is remembered: the last [Max] of these are.
type State struct {
	ID    string `json:"id"`
	Fault Fault  `json:"fault"`
	// TimesLeft is how often it will happen yet.
	TimesLeft int `json:"times_left"`
	// Matched is how many requests came to it, Fired to how many of these it happened.
	Matched int `json:"matched"`
	Fired   int `json:"fired"`
}

// Set are the faults of one world, in the order of adding. Beside each it keeps a T,
// what the world needs to carry it out. The zero value is ready for use, and is safe
// for concurrent use.
type Set[T any] struct {
	waiting atomic.Bool // whether there is any; read without the lock

	mu        sync.Mutex
	last      int // number of the last id
	faults    []*active[T]
	exhausted []State // the oldest first
}

type active[T any] struct {
	State
	kept   T
	chance *rand.Rand // nil: none
}

// Match is a fault that happens to a request.
type Match[T any] struct {
	ID    string
	Fault Fault
	Kept  T
}

// Add adds a complete fault, as the last one.
func (s *Set[T]) Add(f Fault, kept T) (State, *problem.Problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) >= Max {
		return State{}, problem.New(http.StatusConflict, "There are %d faults, as many as a world may have: delete one, or all (DELETE /_fake/worlds/NAME/faults).", Max)
	}
	s.last++
	a := &active[T]{State: State{ID: "f" + strconv.Itoa(s.last), Fault: f, TimesLeft: f.Times}, kept: kept}
	if f.Probability > 0 {
		a.chance = rand.New(rand.NewPCG(f.Seed, 0))
	}
	s.faults = append(s.faults, a)
	s.waiting.Store(true)
	return a.State, nil
}

// Waiting tells whether there is any fault. It takes no lock.
func (s *Set[T]) Waiting() bool { return s.waiting.Load() }

// Match gives the fault that happens to a request; nil when none does.
func (s *Set[T]) Match(operation, providerID string) *Match[T] {
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
		return &Match[T]{a.ID, a.Fault, a.kept}
	}
	return nil
}

// All lists the faults in the order of adding, those that are used up too.
func (s *Set[T]) All() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := append(make([]State, 0, len(s.exhausted)+len(s.faults)), s.exhausted...)
	for _, a := range s.faults {
		all = append(all, a.State)
	}
	slices.SortFunc(all, func(a, b State) int { return cmp.Or(len(a.ID)-len(b.ID), cmp.Compare(a.ID, b.ID)) }) // by number
	return all
}

// Delete takes one away, or out of the list.
func (s *Set[T]) Delete(id string) *problem.Problem {
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

// Clear takes all away. The numbers of the ids go on, so that no two faults have one.
func (s *Set[T]) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.exhausted = nil, nil
	s.waiting.Store(false)
}

// remove takes one away. The caller holds the lock.
func (s *Set[T]) remove(i int) {
	s.faults = slices.Delete(s.faults, i, i+1)
	s.waiting.Store(len(s.faults) > 0)
}
