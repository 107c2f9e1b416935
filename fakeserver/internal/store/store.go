// Package store holds all that the fake knows: providers, their audit trails,
// the answers kept for idempotency, the checkpoints handed out, and the counters
// that ids come from. It also owns the one critical section: a POST is looked up,
// decided, applied, appended to the trail and remembered under one lock, so that
// state, trail and answer cannot disagree, and so that of any number of equal
// requests exactly one runs.
//
// It knows no HTTP: a [Call] comes in with a decided meaning and a function that
// writes the answer; [Answer] goes out. The clock comes in through [Options].
package store

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// The rules that this file decides.
const (
	writesAreAudited       ruletrace.Rule = "writes-are-audited"
	onboardAssignsIDs      ruletrace.Rule = "onboard-assigns-ids"
	providerExists         ruletrace.Rule = "provider-exists"
	providerIsOwned        ruletrace.Rule = "provider-is-owned"
	getShowsTheProvider    ruletrace.Rule = "get-shows-the-provider"
	exportSurvivesArrivals ruletrace.Rule = "export-survives-arrivals"
)

// Options are what the store takes from outside.
type Options struct {
	Clock                   func() time.Time
	Signer                  audit.Signer
	CheckpointRetentionDays int           // 0: as long as the entries' retention each was issued with
	AnswerRetention         time.Duration // how long an answer is kept for its key: contract section 5 promises a day
	Budget                  *Budget       // which other stores may share; nil: without end
}

// Store is the state of one fake server. It is safe for concurrent use.
type Store struct {
	options Options
	number  atomic.Uint64 // of all answers that were ever kept; read without the lock

	mu       sync.RWMutex
	restored int     // how often
	budget   *Budget // nil once the store is closed, too
	state
}

// record is one provider and its trail.
type record struct {
	provider rules.Provider
	shown    *shown // what get shows of provider
	trail    trail
}

// shown is what get shows of a provider, as JSON. It is written when it is first
// asked for, and not again until the provider changes: most requests to a stub
// read what did not change since.
type shown struct {
	once sync.Once
	view jcs.Value
}

// of writes p unless that was done.
func (s *shown) of(p rules.Provider) jcs.Value {
	s.once.Do(func() { s.view = jcs.Encode(p.View()) })
	return s.view
}

// New gives an empty store.
func New(options Options) *Store {
	return &Store{options: options, budget: options.Budget, state: blank()}
}

// Call is one POST whose identity and syntax have been found good.
type Call struct {
	Operation      string
	Caller         rules.Actor
	ProviderID     string // "" for onboard, which has none yet
	IdempotencyKey string
	Payload        jcs.Value    // what the key stands for
	Clock          *rules.Clock // the request's test clock; nil: it names none
	Command        rules.Command
	Trace          *ruletrace.Trace // notes the rules that are reached; nil notes none
	Arrived        uint64           // what Arrived said when the request came, if there is a Course
	// Encode writes the answer to what was decided. It is called inside the
	// critical section, once, and its answer is kept, unless there is no room for it.
	Encode func(rules.Change, *rules.Refusal) Answer
}

// Answer is what a client is told.
type Answer struct {
	Status        int
	CorrelationID string
	Body          []byte
	Replayed      bool // cached from an earlier equal request
	// Refusal is why the request was refused; nil for a success.
	Refusal *rules.Refusal
	// ReasonCodes are the ones that a success lists.
	ReasonCodes []string
}

// Reasons are all reason codes that the answer gives, in its body's order.
func (a Answer) Reasons() []string {
	if a.Refusal == nil {
		return a.ReasonCodes
	}
	if listed, ok := a.Refusal.Details["reason_codes"].([]string); ok {
		return listed
	}
	if a.Refusal.Reason == "" {
		return nil
	}
	return []string{string(a.Refusal.Reason)}
}

// Arrived is the moment at which a request comes, in answers kept so far.
func (s *Store) Arrived() uint64 { return s.number.Load() }

// Do runs call, exactly once for its idempotency key.
func (s *Store) Do(call Call) Answer {
	payload := hash(call.Payload)

	s.mu.Lock()
	defer s.mu.Unlock()
	clock := s.options.Clock()
	var stood *record
	if call.ProviderID != "" {
		var refusal *rules.Refusal
		if stood, refusal = s.authorizeOwner(call.Trace, call.ProviderID, call.Caller); refusal != nil {
			return call.Encode(rules.Change{}, refusal)
		}
	}
	key := answerKey{call.Caller, call.Operation, call.ProviderID, hashKey(call.IdempotencyKey)}
	at := s.expire(clock)
	if kept, ok := s.answers.find(call.Trace, key); ok {
		if refusal := kept.mismatch(call.Trace, call.IdempotencyKey, payload); refusal != nil {
			return call.Encode(rules.Change{}, refusal)
		}
		return kept.replay(call.Trace, call.Arrived)
	}
	change, refusal := s.decide(call, stood, clock)
	records := 1 // the answer
	if refusal == nil {
		records = 2 // and the entry
	}
	if !s.budget.take(records) {
		return call.Encode(rules.Change{}, s.budget.full())
	}
	answer := call.Encode(change, refusal)
	// Each accepted POST appends one entry, and nothing else does.
	call.Trace.Invariant(writesAreAudited)
	if refusal == nil {
		s.apply(call, stood, change)
	}
	s.answers.keep(&cachedAnswer{key: key, payload: payload, answer: answer, refused: refusal != nil, at: at, number: s.number.Add(1)})
	return answer
}

// expire drops the answers that were kept as long as promised, and gives the time that has passed for the store.
func (s *Store) expire(clock time.Time) instant.Instant {
	at := s.elapsed.at(instant.Of(clock))
	s.budget.settle(s.answers.expire(at-instant.Instant(s.options.AnswerRetention.Milliseconds())), 0)
	return at
}

// decide asks the rules, without changing anything.
func (s *Store) decide(call Call, stood *record, clock time.Time) (rules.Change, *rules.Refusal) {
	state := rules.State{
		Caller: call.Caller,
		Now:    rules.Now{At: instant.Of(clock), Clock: call.Clock},
		Taken:  func(id string) bool { _, taken := s.providers[id]; return taken },
		NextID: func() string { return s.nextID(call.Trace) },
		Trace:  call.Trace,
	}
	if stood != nil {
		state.Provider = stood.provider
	}
	return call.Command.Decide(state)
}

// apply makes the change, and appends it to the trail.
func (s *Store) apply(call Call, stood *record, change rules.Change) {
	id := change.Provider.ProviderID
	if stood == nil {
		stood = &record{}
		s.providers[id] = stood
	}
	stood.provider, stood.shown = change.Provider, new(shown)
	s.arrived++
	stood.trail.append(audit.NewEntry(s.arrived, audit.Record{
		ProviderID:  id,
		EventType:   string(change.Event.Type),
		RecordedAt:  change.Event.RecordedAt,
		Actor:       call.Caller.JSON(),
		ReasonCodes: change.Event.ReasonCodes,
		Details:     change.Event.Details,
	}))
}

// nextID gives the id that the next provider without one gets: plp_000001,
// plp_000002, … growing past six digits, leaving out those taken. A refusal uses
// none up, for only what is taken is passed over; and since no provider ever goes,
// it is passed over for good.
func (s *Store) nextID(c *ruletrace.Trace) string {
	c.Invariant(onboardAssignsIDs)
	for ; ; s.numbered++ {
		id := fmt.Sprintf("plp_%06d", s.numbered+1)
		if _, taken := s.providers[id]; !taken {
			return id
		}
	}
}

// authorizeOwner gives the caller's own provider, or why it is not shown. The caller
// holds the lock.
func (s *Store) authorizeOwner(c *ruletrace.Trace, id string, caller rules.Actor) (*record, *rules.Refusal) {
	stood, ok := s.providers[id]
	if c.Precondition(providerExists, !ok) {
		return nil, &rules.Refusal{
			Rule: providerExists, Outcome: rules.ProviderNotFound,
			Message: "There is no such provider.",
			Details: map[string]any{"provider_id": id},
		}
	}
	if c.Precondition(providerIsOwned, stood.provider.OwnerActor != caller) {
		return nil, &rules.Refusal{
			Rule: providerIsOwned, Outcome: rules.ProviderNotOwned,
			Message: "This provider belongs to another partner.",
			Details: map[string]any{"provider_id": id},
		}
	}
	return stood, nil
}

// Provider gives the view of the caller's own provider as the last accepted POST left it.
func (s *Store) Provider(c *ruletrace.Trace, id string, caller rules.Actor) (jcs.Value, *rules.Refusal) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	stood, refusal := s.authorizeOwner(c, id, caller)
	if refusal != nil {
		return nil, refusal
	}
	c.Invariant(getShowsTheProvider)
	return stood.shown.of(stood.provider), nil
}

// ExportQuery is the query of an export, read.
type ExportQuery struct {
	Filters    audit.Filters
	After      audit.Continuation // zero for a first page
	Clock      *rules.Clock       // the request's test clock; nil: it names none
	Now        *instant.Instant   // which wins over the clock; nil: the query names none
	ExportedAt *instant.Instant   // nil: now
	Refusal    *rules.Refusal     // why the query cannot be read
	Trace      *ruletrace.Trace   // what reading the query noted
}

// Export gives a signed page of the audit trail of the caller's own provider.
// The page is taken under the lock and committed to outside it: signing takes
// longer than all the rest.
func (s *Store) Export(c *ruletrace.Trace, id string, caller rules.Actor, query ExportQuery) (audit.Export, *rules.Refusal) {
	page, held, restored, refusal := s.page(c, id, caller, query)
	if refusal != nil {
		return audit.Export{}, refusal
	}
	export := page.Commit(c, id, s.options.Signer)
	s.mu.Lock()
	defer s.mu.Unlock()
	if restored != s.restored { // it belongs to what was there before
		return export, nil
	}
	if !s.checkpoints.keep(s, export, held) {
		return audit.Export{}, s.budget.full()
	}
	return export, nil
}

// page takes the entries of one page, and tells how many the trail held, and how
// often the store had been restored. A next
// page starts behind the entry that the cursor names, wherever that stands by now,
// so that an entry that arrives between two pages makes no other repeat or vanish.
func (s *Store) page(c *ruletrace.Trace, id string, caller rules.Actor, query ExportQuery) (page audit.Page, held, restored int, refusal *rules.Refusal) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	stood, refusal := s.authorizeOwner(c, id, caller)
	if refusal == nil {
		c.Append(query.Trace)
		refusal = query.Refusal
	}
	if refusal != nil {
		return audit.Page{}, 0, 0, refusal
	}
	clock := rules.Now{At: instant.Of(s.options.Clock()), Clock: query.Clock}
	var now instant.Instant
	if query.Now != nil {
		clock.Yield(c)
		now = *query.Now
	} else if now, refusal = clock.Read(c, rules.QueryInvalid); refusal != nil {
		return audit.Page{}, 0, 0, refusal
	}
	low, high := query.Filters.Window(now)
	start := &audit.Entry{RecordedAt: low}
	held = stood.trail.count(query.Filters.EventType)
	next := query.After != (audit.Continuation{})
	if next {
		cursor, before, broken := s.continued(c, id, query, now, low)
		if broken != nil {
			return audit.Page{}, 0, 0, &rules.Refusal{
				Rule: broken.Rule, Outcome: rules.QueryInvalid, Message: broken.Message,
			}
		}
		if held > before {
			c.Invariant(exportSurvivesArrivals)
		}
		start = &audit.Entry{RecordedAt: cursor.RecordedAt, Seq: cursor.Seq + 1}
	}
	entries, total := stood.trail.slice(query.Filters.EventType, start, high, query.Filters.Limit)
	page = audit.Page{Filters: query.Filters, After: query.After, Entries: entries, Total: total, ExportedAt: now}
	if query.ExportedAt != nil {
		page.ExportedAt = *query.ExportedAt
	}
	if c != nil {
		c.Invariant(writesAreAudited) // here the entries, or their absence, can be seen
		query.Filters.Note(c, now, !next, func(from, to instant.Instant) bool {
			return stood.trail.holds(query.Filters.EventType, from, to)
		})
	}
	return page, held, s.restored, nil
}

// continued gives the entry behind which a next page starts, and how many entries
// the trail held when the page before was handed out, or which rule keeps it from
// being one.
func (s *Store) continued(c *ruletrace.Trace, id string, query ExportQuery, now, low instant.Instant) (*audit.Entry, int, *audit.ContinuationError) {
	checkpoint, known := s.checkpoints.issued[query.After.CheckpointAfter]
	if c.Precondition(audit.Unknown.Rule, !known) {
		return nil, 0, audit.Unknown
	}
	if broken := checkpoint.Next(c, query.After, id, query.Filters, now, s.options.CheckpointRetentionDays); broken != nil {
		return nil, 0, broken
	}
	cursor, ok := audit.ParseCursor(checkpoint.Cursor)
	if c.Precondition(audit.Gone.Rule, !ok || cursor.RecordedAt < low) {
		return nil, 0, audit.Gone
	}
	return cursor, checkpoint.entries, nil
}

// Counts are how much the store holds.
type Counts struct{ Providers, AuditEntries, Checkpoints, Answers int }

// records are what a [Budget] counts.
func (c Counts) records() int { return c.AuditEntries + c.Checkpoints + c.Answers }

// Counts tells how much the store holds.
func (s *Store) Counts() Counts {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.counts()
}

// State gives all that was recorded as canonical JSON: the view of each provider
// by id, and its audit trail in the order of an export.
func (s *Store) State() jcs.Value {
	s.mu.RLock()
	defer s.mu.RUnlock()
	ids := slices.Sorted(maps.Keys(s.providers))
	providers := make([]jcs.Value, len(ids))
	for i, id := range ids {
		stood := s.providers[id]
		var entries []jcs.Value
		stood.trail.each(func(e *audit.Entry) { entries = append(entries, e.JSON) })
		providers[i] = jcs.Object(
			jcs.Member{Name: "provider", Value: jcs.Marshal(stood.provider.View())},
			jcs.Member{Name: "audit", Value: jcs.Array(entries)},
		)
	}
	return jcs.Object(jcs.Member{Name: "providers", Value: jcs.Array(providers)})
}

// Explained tells of each gate of this room what it looks at and what passes it.
func Explained() explain.Rules {
	all := explain.Rules{
		providerExists: {
			Inputs: []explain.Input{{Where: explain.Path}, {Where: explain.Server, At: "the ids of all providers"}},
			Advice: "Onboard the provider first, or name one that is there: no change of the rest of the request passes.",
		},
		providerIsOwned: {
			Inputs: []explain.Input{{Where: explain.Path}, {Where: explain.Header, At: "X-Actor-Id"}, {Where: explain.Server, At: "the provider's owner"}},
			Advice: "Call as the partner that onboarded the provider, whom nobody else is told.",
		},
	}
	maps.Copy(all, answersExplained)
	return all
}
