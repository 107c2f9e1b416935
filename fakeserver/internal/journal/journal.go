// Package journal remembers what came to a world and what it was answered, for
// tests that ask afterwards.
//
//	j := journal.New(10_000, 16<<20)
//	j.Append(entry)
//	page := j.Find(journal.Query{Operation: "partnerLiquidityProvider.onboard", Limit: 100})
//
// It is bounded by the number of its entries and by their bytes: the oldest go
// first, and it says how many have gone. Appending copies nothing and takes well
// under a microsecond. An entry must hold no secret when it is appended.
package journal

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/instant"
)

// Query says which entries are meant. The zero value means all.
type Query struct {
	Operation  string
	Outcome    string
	Status     *int
	ReasonCode string
	Fault      string // the id of a fault, AnyFault or NoFault
	Replayed   *bool
	ProviderID string
	From, To   *instant.Instant // by the world's clock; from inclusive, to exclusive
	After      string           // the id of a request: only what came to be answered later
	Limit      int              // 0: no limit
}

// Faults that are no ids.
const (
	AnyFault = "any"  // whichever: the request met one
	NoFault  = "none" // it met none
)

// matchesFault compares the fault of an exchange.
func (q *Query) matchesFault(e *exchange.Exchange) bool {
	switch q.Fault {
	case "":
		return true
	case AnyFault:
		return e.Fault != ""
	case NoFault:
		return e.Fault == ""
	}
	return q.Fault == e.Fault
}

// matches leaves After and Limit aside.
func (q *Query) matches(e *exchange.Exchange) bool {
	return (q.Operation == "" || q.Operation == e.Operation) &&
		(q.Outcome == "" || q.Outcome == e.Outcome) &&
		(q.Status == nil || *q.Status == e.Status) &&
		(q.ReasonCode == "" || slices.Contains(e.ReasonCodes, q.ReasonCode)) &&
		q.matchesFault(e) &&
		(q.Replayed == nil || *q.Replayed == e.Replayed) &&
		(q.ProviderID == "" || q.ProviderID == e.ProviderID) &&
		(q.From == nil || e.At >= *q.From) &&
		(q.To == nil || e.At < *q.To)
}

// Page is what a query found.
type Page struct {
	Entries []*exchange.Exchange // in the order of their answers
	Matched int                  // how many there are without the limit
	Held    int                  // how many entries the journal has
	Evicted uint64               // how many had to go since it was last cleared
	// Unknown says that the journal does not have the request that the query comes after.
	Unknown bool
	// Closed says that nothing will come any more.
	Closed bool
}

// Journal is safe for concurrent use.
type Journal struct {
	maxEntries, maxBytes int

	mu      sync.Mutex
	entries []kept // a ring, once it is full: the oldest is at first
	first   int
	held    int
	bytes   int
	evicted uint64
	closed  bool
	waiters []*waiter
	// examined counts how often an entry was compared with a query, for tests of what
	// an operation costs.
	examined uint64
}

// waiter is a call of Wait that has not returned. It gets each new entry once, when it
// is appended, so that an Append costs one comparison for each waiter, however many
// entries there are.
type waiter struct {
	query Query
	n     int
	// found are the entries that match and are still in the journal, the oldest first:
	// fewer than n.
	found []*exchange.Exchange
	done  chan Page // receives once; has room for that
}

// kept is an entry and its size, which is told when the entry comes: one that goes has
// not been looked at for long, and is slow to reach.
type kept struct {
	*exchange.Exchange
	size int
}

// New gives an empty journal of at most so many entries and bytes.
func New(maxEntries, maxBytes int) *Journal {
	return &Journal{maxEntries: maxEntries, maxBytes: maxBytes}
}

// Append adds an entry. The oldest ones go if there is no room; it stays itself,
// whatever its size.
func (j *Journal) Append(e *exchange.Exchange) {
	size := e.Size()
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.held > 0 && (j.held == j.maxEntries || j.bytes+size > j.maxBytes) {
		for _, w := range j.waiters {
			if len(w.found) > 0 && w.found[0] == j.entries[j.first].Exchange {
				w.found[0] = nil // free it
				w.found = w.found[1:]
			}
		}
		j.bytes -= j.entries[j.first].size
		j.entries[j.first] = kept{}
		j.first = (j.first + 1) % len(j.entries)
		j.held--
		j.evicted++
	}
	if j.held == len(j.entries) {
		j.grow()
	}
	j.entries[(j.first+j.held)%len(j.entries)] = kept{e, size}
	j.held++
	j.bytes += size
	j.waiters = slices.DeleteFunc(j.waiters, func(w *waiter) bool {
		if !j.matches(&w.query, e) {
			return false
		}
		w.found = append(w.found, e)
		if len(w.found) < w.n {
			return false
		}
		w.done <- j.page(w.query, w.found, len(w.found))
		return true
	})
}

// Close makes every Wait return, those too that begin later.
func (j *Journal) Close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	for _, w := range j.waiters {
		w.done <- j.page(w.query, w.found, len(w.found))
	}
	j.waiters = nil
}

// grow makes room in the ring: twice as much, but never for more than may be held.
func (j *Journal) grow() {
	larger := make([]kept, min(max(16, 2*len(j.entries)), j.maxEntries))
	for i := range j.held {
		larger[i] = j.entries[(j.first+i)%len(j.entries)]
	}
	j.entries, j.first = larger, 0
}

// at gives the i-th oldest entry.
func (j *Journal) at(i int) *exchange.Exchange { return j.entries[(j.first+i)%len(j.entries)].Exchange }

// Clear forgets all entries.
func (j *Journal) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries, j.first, j.held, j.bytes, j.evicted = nil, 0, 0, 0, 0
	for _, w := range j.waiters {
		w.found = nil
	}
}

// Find gives the entries that a query means.
func (j *Journal) Find(q Query) Page {
	j.mu.Lock()
	defer j.mu.Unlock()
	found, matched, known := j.find(q, q.Limit)
	page := j.page(q, found, matched)
	page.Unknown = !known
	return page
}

// find returns the first entries that match, limit of them (0: all), and how many match
// in all. known is false when the journal does not have the request that the query
// comes after.
func (j *Journal) find(q Query, limit int) (found []*exchange.Exchange, matched int, known bool) {
	from := 0
	if q.After != "" {
		for from = j.held; from > 0 && j.at(from-1).RequestID != q.After; from-- {
		}
		if from == 0 {
			return nil, 0, false
		}
	}
	for i := from; i < j.held; i++ {
		if e := j.at(i); j.matches(&q, e) {
			matched++
			if limit == 0 || len(found) < limit {
				found = append(found, e)
			}
		}
	}
	return found, matched, true
}

// matches compares an entry with a query. The caller holds the lock.
func (j *Journal) matches(q *Query, e *exchange.Exchange) bool {
	j.examined++
	return q.matches(e)
}

// page returns the page of a query for which these entries were found. The caller
// holds the lock.
func (j *Journal) page(q Query, found []*exchange.Exchange, matched int) Page {
	page := Page{Entries: found, Matched: matched, Held: j.held, Evicted: j.evicted, Closed: j.closed}
	if q.Limit > 0 {
		page.Entries = found[:min(q.Limit, len(found))]
	}
	return page
}

// Most is how many entries it can have.
func (j *Journal) Most() int { return j.maxEntries }

// Wait returns once n entries match, or when ctx is done or the journal closed, with
// what matches then. An entry that is evicted meanwhile no longer counts. The request
// that the query comes after has to be in the journal only when the wait begins.
func (j *Journal) Wait(ctx context.Context, q Query, n int) Page {
	j.mu.Lock()
	found, matched, known := j.find(q, 0)
	if !known || matched >= n || j.closed || ctx.Err() != nil {
		defer j.mu.Unlock()
		page := j.page(q, found, matched)
		page.Unknown = !known
		return page
	}
	w := &waiter{query: q, n: n, found: found, done: make(chan Page, 1)}
	j.waiters = append(j.waiters, w)
	j.mu.Unlock()
	select {
	case page := <-w.done:
		return page
	case <-ctx.Done():
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	i := slices.Index(j.waiters, w)
	if i < 0 { // it was done at the same time
		return <-w.done
	}
	j.waiters = slices.Delete(j.waiters, i, i+1)
	return j.page(q, w.found, len(w.found))
}

// Entry gives the entry of a request; nil when the journal does not have it.
func (j *Journal) Entry(id string) *exchange.Exchange {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := j.held - 1; i >= 0; i-- {
		if e := j.at(i); e.RequestID == id {
			return e
		}
	}
	return nil
}

// First gives the request whose answer a replay repeats; nil when the journal does not
// have it. Of two that were under way at once the replay may have been answered first.
func (j *Journal) First(replay *exchange.Exchange) (first *exchange.Exchange) {
	j.mu.Lock()
	defer j.mu.Unlock()
	passed := false
	for i := 0; i < j.held && !(passed && first != nil); i++ {
		e := j.at(i)
		passed = passed || e.RequestID == replay.RequestID
		if !e.Replayed && e.Operation == replay.Operation && e.ProviderID == replay.ProviderID && e.ActorType == replay.ActorType && e.ActorID == replay.ActorID &&
			e.IdempotencyKey() == replay.IdempotencyKey() && bytes.Equal(e.Answer, replay.Answer) {
			first = e
		}
	}
	return first
}
