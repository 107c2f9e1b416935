// Package journal stores the latest exchanges of a world, for tests that query them:
//
//	j := journal.New(10_000, 16<<20)
//	j.Append(x)
//	page := j.Find(journal.Query{Operation: "partnerLiquidityProvider.onboard", Limit: 100})
//
// It is bounded by the number of exchanges and by their bytes: the oldest are evicted, and
// counted. Appending copies nothing and takes well under a microsecond. An exchange must not
// have secrets when it is appended.
package journal

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/instant"
)

// Query selects exchanges. The zero value selects all.
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

// Values of Query.Fault that are not ids.
const (
	AnyFault = "any"  // any fault
	NoFault  = "none" // no fault
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

// matches ignores After and Limit.
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

// Page is the result of a query.
type Page struct {
	Entries []*exchange.Exchange // in the order of their answers
	Matched int                  // how many there are without the limit
	Held    int                  // how many entries the journal has
	Evicted uint64               // number evicted since it was last cleared
	// Unknown reports that the journal does not have the request of Query.After.
	Unknown bool
	// Closed reports that the journal was closed.
	Closed bool
}

// Journal is safe for concurrent use.
type Journal struct {
	maxEntries, maxBytes int

	mu      sync.Mutex
	entries []stored // a ring, once it is full: the oldest is at first
	first   int
	length  int
	bytes   int
	evicted uint64
	closed  bool
	waiters []*waiter
	// examined counts how often an entry was compared with a query, for tests of what
	// an operation costs.
	examined uint64
}

// waiter is a running call of Wait. It gets each new exchange once, when it is appended, so
// that an Append costs one comparison for each waiter, however many exchanges there are.
type waiter struct {
	query Query
	n     int
	// found are the exchanges that match and are still in the journal, the oldest first: fewer
	// than n.
	found []*exchange.Exchange
	done  chan Page // receives once; has a buffer for it
}

// stored is an exchange and its size, which is computed when it is appended: an exchange that
// is evicted has left the cache of the processor.
type stored struct {
	*exchange.Exchange
	size int
}

// New returns an empty journal of at most so many exchanges and bytes.
func New(maxEntries, maxBytes int) *Journal {
	return &Journal{maxEntries: maxEntries, maxBytes: maxBytes}
}

// Append adds an exchange. The oldest are evicted if there is no space; the new one is
// stored whatever its size.
func (j *Journal) Append(e *exchange.Exchange) {
	size := e.Size()
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.length > 0 && (j.length == j.maxEntries || j.bytes+size > j.maxBytes) {
		for _, w := range j.waiters {
			if len(w.found) > 0 && w.found[0] == j.entries[j.first].Exchange {
				w.found[0] = nil // free it
				w.found = w.found[1:]
			}
		}
		j.bytes -= j.entries[j.first].size
		j.entries[j.first] = stored{}
		j.first = (j.first + 1) % len(j.entries)
		j.length--
		j.evicted++
	}
	if j.length == len(j.entries) {
		j.grow()
	}
	j.entries[(j.first+j.length)%len(j.entries)] = stored{e, size}
	j.length++
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

// Close ends every Wait, later ones too.
func (j *Journal) Close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	for _, w := range j.waiters {
		w.done <- j.page(w.query, w.found, len(w.found))
	}
	j.waiters = nil
}

// grow doubles the ring, up to the maximum number of exchanges.
func (j *Journal) grow() {
	larger := make([]stored, min(max(16, 2*len(j.entries)), j.maxEntries))
	for i := range j.length {
		larger[i] = j.entries[(j.first+i)%len(j.entries)]
	}
	j.entries, j.first = larger, 0
}

// at returns the i-th oldest exchange.
func (j *Journal) at(i int) *exchange.Exchange { return j.entries[(j.first+i)%len(j.entries)].Exchange }

// Clear removes all exchanges.
func (j *Journal) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries, j.first, j.length, j.bytes, j.evicted = nil, 0, 0, 0, 0
	for _, w := range j.waiters {
		w.found = nil
	}
}

// Find returns the exchanges that a query selects.
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
		for from = j.length; from > 0 && j.at(from-1).RequestID != q.After; from-- {
		}
		if from == 0 {
			return nil, 0, false
		}
	}
	for i := from; i < j.length; i++ {
		if e := j.at(i); j.matches(&q, e) {
			matched++
			if limit == 0 || len(found) < limit {
				found = append(found, e)
			}
		}
	}
	return found, matched, true
}

// matches compares an entry with a query. The lock must be held.
func (j *Journal) matches(q *Query, e *exchange.Exchange) bool {
	j.examined++
	return q.matches(e)
}

// page returns the page of a query for which these entries were found. The lock
// must be held.
func (j *Journal) page(q Query, found []*exchange.Exchange, matched int) Page {
	page := Page{Entries: found, Matched: matched, Held: j.length, Evicted: j.evicted, Closed: j.closed}
	if q.Limit > 0 {
		page.Entries = found[:min(q.Limit, len(found))]
	}
	return page
}

// Max returns the maximum number of exchanges.
func (j *Journal) Max() int { return j.maxEntries }

// Wait returns once n exchanges match, or when ctx is done or the journal is closed, with the
// matching ones. An exchange that is evicted meanwhile no longer counts. The request of
// Query.After must be in the journal when the wait begins.
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

// Get returns the exchange with a request id; nil if the journal does not have it.
func (j *Journal) Get(id string) *exchange.Exchange {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := j.length - 1; i >= 0; i-- {
		if e := j.at(i); e.RequestID == id {
			return e
		}
	}
	return nil
}

// First returns the exchange whose answer a replay repeats; nil if the journal does not have
// it. Of two concurrent requests the replay may have been answered first.
func (j *Journal) First(replay *exchange.Exchange) (first *exchange.Exchange) {
	j.mu.Lock()
	defer j.mu.Unlock()
	passed := false
	for i := 0; i < j.length && !(passed && first != nil); i++ {
		e := j.at(i)
		passed = passed || e.RequestID == replay.RequestID
		if !e.Replayed && e.Operation == replay.Operation && e.ProviderID == replay.ProviderID && e.ActorType == replay.ActorType && e.ActorID == replay.ActorID &&
			e.IdempotencyKey() == replay.IdempotencyKey() && bytes.Equal(e.Answer, replay.Answer) {
			first = e
		}
	}
	return first
}
