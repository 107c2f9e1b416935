package memory

import (
	"maps"
	"slices"
	"sync"
)

// state is what a store knows: all of it comes back with an [Image].
type state struct {
	providers   map[string]*record
	numbered    uint64 // of plp_000001, …: all up to here are taken
	arrived     uint64 // of plpaudit_000001, …: the last one given
	answers     answers
	checkpoints checkpoints
	lapse       lapse // by which answers and checkpoints grow old
}

func blank() state {
	return state{
		providers:   map[string]*record{},
		answers:     noAnswers(),
		checkpoints: checkpoints{issued: map[string]issued{}},
	}
}

// counts are how much of each there is.
func (s *state) counts() Counts {
	return Counts{len(s.providers), int(s.arrived), len(s.checkpoints.issued), len(s.answers.kept)}
}

// copy gives a state that shares nothing which is ever changed: providers, entries
// and answers never are, and the trees of the trails copy what they change.
func (s *state) copy() state {
	providers := make(map[string]*record, len(s.providers))
	for id, stood := range s.providers {
		providers[id] = &record{stood.provider, stood.shown, stood.trail.copy()}
	}
	return state{
		providers: providers, numbered: s.numbered, arrived: s.arrived,
		answers:     answers{kept: maps.Clone(s.answers.kept), queue: slices.Clone(s.answers.queue)},
		checkpoints: checkpoints{maps.Clone(s.checkpoints.issued), s.checkpoints.swept},
		lapse:       s.lapse,
	}
}

// Image is all that a store knew at one moment: providers, trails, kept answers,
// checkpoints, and where the counters of the ids stood. It never changes, and any
// number of stores may be restored from it, at the same time too.
type Image struct {
	mu sync.Mutex // copying a tree writes to it
	state
}

// Image takes one.
func (s *Store) Image() *Image {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Image{state: s.copy()}
}

// Restore makes the store know what the image holds, and nothing else, in one step:
// a request sees all that was before or all that is after. A nil image is empty.
func (s *Store) Restore(image *Image) {
	next := blank()
	if image != nil {
		image.mu.Lock()
		next = image.copy()
		image.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budget.settle(s.counts().records(), next.counts().records())
	s.state = next
	s.restored++
}

// Close gives back what the store took out of its budget. Requests that are on
// their way in it, and later ones, take nothing: nobody keeps what they leave.
func (s *Store) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budget.settle(s.counts().records(), 0)
	s.budget = nil
}
