// Package store has the state of one world: providers, their audit trails, the answers
// cached for idempotency, the checkpoints handed out, and the counters that ids come
// from. It has the one critical section: a POST is looked up, decided, applied, appended
// to the trail and cached under one lock, so that state, trail and answer agree, and so
// that of any number of equal requests exactly one runs.
//
// Nothing is called back: a [Call] is values and a command of package rules, a [Decision]
// is values. The clock comes in through [Options].
package store

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/lpgate/fakeserver/internal/answer"
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

// Options configure a store.
type Options struct {
	Clock                   func() time.Time
	Signer                  audit.Signer
	CheckpointRetentionDays int           // 0: the retention of entries that each was issued with
	AnswerRetention         time.Duration // how long an answer is cached: a day at least, contract section 5
	Budget                  *Budget       // which other stores may share; nil: unlimited
}

// Store is the state of one fake server. It is safe for concurrent use.
type Store struct {
	options Options
	number  atomic.Uint64 // of answers ever cached; read without the lock

	mu       sync.RWMutex
	restored int     // number of times
	budget   *Budget // nil after Close, too
	state
}

// record is one provider and its trail.
type record struct {
	provider *rules.Provider // replaced, never changed
	view     *view           // of provider
	trail    trail
}

// view is the answer of get, as JSON. It is encoded on first use, once until the provider
// changes: most requests to a stub read what did not change.
type view struct {
	once sync.Once
	json jcs.Value
}

// of returns the view of p.
func (v *view) of(p *rules.Provider) jcs.Value {
	v.once.Do(func() { v.json = jcs.Encode(p.View()) })
	return v.json
}

// New returns an empty store.
func New(options Options) *Store {
	return &Store{options: options, budget: options.Budget, state: blank()}
}

// Call is a POST whose identity and syntax are valid.
type Call struct {
	Operation      string
	CorrelationID  string // of the answer
	Member         string // of the answer's body that has the result
	Caller         rules.Actor
	ProviderID     string // "" for onboard, which has none yet
	IdempotencyKey string
	Payload        jcs.Value    // the response or refusal that is stored under the key
	Clock          *rules.Clock // the request's test clock; nil if it names none
	// Invalid is why the body is not valid by its schema; nil if Command was read from it.
	// It counts if the key is new.
	Invalid *rules.Refusal
	Command rules.Command
	Trace   *ruletrace.Trace // records the rules that are reached; nil records none
	Arrived uint64           // what Arrived returned when the request came, if there is a Trace
}

// Decision is what became of a call.
type Decision struct {
	// Before is the provider when the call was decided; nil if there was none, or if the call
	// was not decided. It is never changed.
	Before *rules.Provider
	// Change was applied, unless there is a Refusal or the answer is Replayed.
	Change  rules.Change
	Refusal *rules.Refusal
	// Answer is the one cached for the idempotency key: written now or, if Replayed, for an
	// earlier equal call. It is nil for a Refusal that is not cached.
	Answer   *answer.Answer
	Replayed bool
}

// Arrived returns how many answers were cached so far.
func (s *Store) Arrived() uint64 { return s.number.Load() }

// Do runs a call, exactly once for its idempotency key.
func (s *Store) Do(call Call) Decision {
	payload := hash(call.Payload)

	s.mu.Lock()
	defer s.mu.Unlock()
	clock := s.options.Clock()
	var existing *record
	if call.ProviderID != "" {
		var refusal *rules.Refusal
		if existing, refusal = s.authorizeOwner(call.Trace, call.ProviderID, call.Caller); refusal != nil {
			return Decision{Refusal: refusal}
		}
	}
	key := answerKey{call.Caller, call.Operation, call.ProviderID, hashKey(call.IdempotencyKey)}
	at := s.expire(clock)
	if cached, ok := s.answers.find(call.Trace, key); ok {
		if refusal := cached.mismatch(call.Trace, call.IdempotencyKey, payload); refusal != nil {
			return Decision{Refusal: refusal}
		}
		return cached.replay(call.Trace, call.Arrived)
	}
	decision := s.decide(call, existing, clock)
	records := 1 // the answer
	if decision.Refusal == nil {
		records = 2 // and the entry
	}
	if !s.budget.take(records) {
		return Decision{Before: decision.Before, Refusal: s.budget.full()}
	}
	// Each accepted POST appends one entry, and nothing else does.
	call.Trace.Invariant(writesAreAudited)
	cached := &cachedAnswer{key: key, payload: payload, at: at, number: s.number.Add(1)}
	if decision.Refusal == nil {
		cached.answer = call.success(decision.Change)
		s.apply(call, existing, decision.Change)
	} else {
		cached.answer = answer.Refused(call.CorrelationID, decision.Refusal)
	}
	s.answers.add(cached)
	decision.Answer = &cached.answer
	return decision
}

// success returns the answer to an accepted call.
func (c *Call) success(change rules.Change) answer.Answer {
	members := append(make([]jcs.Member, 0, 3), jcs.Member{Name: c.Member, Value: change.Answer}) // and the correlation id
	if c.ProviderID != "" {
		members = append(members, jcs.Member{Name: "provider_id", Value: jcs.String(c.ProviderID)})
	}
	return answer.Success(c.CorrelationID, change.Event.ReasonCodes, members...)
}

// expire removes the answers whose retention is over. It returns the elapsed time.
func (s *Store) expire(clock time.Time) instant.Instant {
	at := s.elapsed.at(instant.Of(clock))
	s.budget.adjust(s.answers.expire(at-instant.Instant(s.options.AnswerRetention.Milliseconds())), 0)
	return at
}

// decide applies the rules to a call. It changes nothing.
func (s *Store) decide(call Call, existing *record, clock time.Time) (d Decision) {
	state := rules.State{
		Caller: call.Caller,
		Now:    rules.Now{At: instant.Of(clock), Clock: call.Clock},
		Taken:  func(id string) bool { _, taken := s.providers[id]; return taken },
		NextID: func() string { return s.nextID(call.Trace) },
		Trace:  call.Trace,
	}
	if existing != nil {
		d.Before, state.Provider = existing.provider, *existing.provider
	}
	if call.Trace.Precondition(rules.RequestMatchesSchema, call.Invalid != nil) {
		d.Refusal = call.Invalid
		return d
	}
	d.Change, d.Refusal = call.Command.Decide(state)
	return d
}

// apply makes the change, and appends it to the trail.
func (s *Store) apply(call Call, existing *record, change rules.Change) {
	id := change.Provider.ProviderID
	if existing == nil {
		existing = &record{}
		s.providers[id] = existing
	}
	existing.provider, existing.view = &change.Provider, new(view)
	s.arrived++
	existing.trail.append(audit.NewEntry(s.arrived, audit.Record{
		ProviderID:  id,
		EventType:   string(change.Event.Type),
		RecordedAt:  change.Event.RecordedAt,
		Actor:       call.Caller.JSON(),
		ReasonCodes: change.Event.ReasonCodes,
		Details:     change.Event.Details,
	}))
}

// nextID returns the id of the next provider without one: plp_000001, plp_000002, …, growing
// past six digits, without those taken. A refusal uses none up.
func (s *Store) nextID(c *ruletrace.Trace) string {
	c.Invariant(onboardAssignsIDs)
	for ; ; s.numbered++ {
		id := fmt.Sprintf("plp_%06d", s.numbered+1)
		if _, taken := s.providers[id]; !taken {
			return id
		}
	}
}

// authorizeOwner returns a provider of the caller, or why the request is refused. The lock
// must be held.
func (s *Store) authorizeOwner(c *ruletrace.Trace, id string, caller rules.Actor) (*record, *rules.Refusal) {
	existing, ok := s.providers[id]
	if c.Precondition(providerExists, !ok) {
		return nil, &rules.Refusal{
			Rule: providerExists, Outcome: rules.ProviderNotFound,
			Message: "There is no such provider.",
			Details: map[string]any{"provider_id": id},
		}
	}
	if c.Precondition(providerIsOwned, existing.provider.OwnerActor != caller) {
		return nil, &rules.Refusal{
			Rule: providerIsOwned, Outcome: rules.ProviderNotOwned,
			Message: "This provider belongs to another partner.",
			Details: map[string]any{"provider_id": id},
		}
	}
	return existing, nil
}

// Provider returns the view of a provider of the caller.
func (s *Store) Provider(c *ruletrace.Trace, id string, caller rules.Actor) (jcs.Value, *rules.Refusal) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	existing, refusal := s.authorizeOwner(c, id, caller)
	if refusal != nil {
		return nil, refusal
	}
	c.Invariant(getShowsTheProvider)
	return existing.view.of(existing.provider), nil
}

// ExportQuery is the query of an export.
type ExportQuery struct {
	Filters    audit.Filters
	After      audit.Continuation // zero for a first page
	Clock      *rules.Clock       // the request's test clock; nil if it has none
	Now        *instant.Instant   // before Clock; nil if the query has none
	ExportedAt *instant.Instant   // nil: now
	Refusal    *rules.Refusal     // why the query cannot be read
	Trace      *ruletrace.Trace   // of reading the query
}

// Export returns a signed page of the audit trail of a provider of the caller. The entries
// are selected under the lock, and signed without it: signing takes longer than all the rest.
func (s *Store) Export(c *ruletrace.Trace, id string, caller rules.Actor, query ExportQuery) (audit.Export, *rules.Refusal) {
	page, had, restored, refusal := s.page(c, id, caller, query)
	if refusal != nil {
		return audit.Export{}, refusal
	}
	export := page.Commit(c, id, s.options.Signer)
	s.mu.Lock()
	defer s.mu.Unlock()
	if restored != s.restored { // the page is of the state before
		return export, nil
	}
	if !s.checkpoints.add(s, export, had) {
		return audit.Export{}, s.budget.full()
	}
	return export, nil
}

// page returns the entries of a page, how many the trail had, and how often the store had
// been restored. A next page starts after the entry of the cursor, so that an entry that
// arrives between two pages makes no other repeat or vanish.
func (s *Store) page(c *ruletrace.Trace, id string, caller rules.Actor, query ExportQuery) (page audit.Page, had, restored int, refusal *rules.Refusal) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	existing, refusal := s.authorizeOwner(c, id, caller)
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
		clock.Unused(c)
		now = *query.Now
	} else if now, refusal = clock.Read(c, rules.QueryInvalid); refusal != nil {
		return audit.Page{}, 0, 0, refusal
	}
	low, high := query.Filters.Window(now)
	start := &audit.Entry{RecordedAt: low}
	had = existing.trail.count(query.Filters.EventType)
	next := query.After != (audit.Continuation{})
	if next {
		cursor, before, broken := s.continued(c, id, query, now, low)
		if broken != nil {
			return audit.Page{}, 0, 0, &rules.Refusal{
				Rule: broken.Rule, Outcome: rules.QueryInvalid, Message: broken.Message,
			}
		}
		if had > before {
			c.Invariant(exportSurvivesArrivals)
		}
		start = &audit.Entry{RecordedAt: cursor.RecordedAt, Seq: cursor.Seq + 1}
	}
	entries, total := existing.trail.slice(query.Filters.EventType, start, high, query.Filters.Limit)
	page = audit.Page{Filters: query.Filters, After: query.After, Entries: entries, Total: total, ExportedAt: now}
	if query.ExportedAt != nil {
		page.ExportedAt = *query.ExportedAt
	}
	if c != nil {
		c.Invariant(writesAreAudited) // the page shows the entries, or that there are none
		query.Filters.Trace(c, now, !next, func(from, to instant.Instant) bool {
			return existing.trail.has(query.Filters.EventType, from, to)
		})
	}
	return page, had, s.restored, nil
}

// continued returns the entry after which a next page starts, and how many entries the trail
// had when the page before was exported, or the rule that the continuation breaks.
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

// Counts are the numbers of what a store has.
type Counts struct{ Providers, AuditEntries, Checkpoints, Answers int }

// records returns the number that a [Budget] counts.
func (c Counts) records() int { return c.AuditEntries + c.Checkpoints + c.Answers }

// Counts returns the numbers of what the store has.
func (s *Store) Counts() Counts {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.counts()
}

// State returns all that was recorded as canonical JSON: the view of each provider by id, and
// its audit trail in the order of an export.
func (s *Store) State() jcs.Value {
	s.mu.RLock()
	defer s.mu.RUnlock()
	ids := slices.Sorted(maps.Keys(s.providers))
	providers := make([]jcs.Value, len(ids))
	for i, id := range ids {
		existing := s.providers[id]
		var entries []jcs.Value
		existing.trail.each(func(e *audit.Entry) { entries = append(entries, e.JSON) })
		providers[i] = jcs.Object(
			jcs.Member{Name: "provider", Value: jcs.Marshal(existing.provider.View())},
			jcs.Member{Name: "audit", Value: jcs.Array(entries)},
		)
	}
	return jcs.Object(jcs.Member{Name: "providers", Value: jcs.Array(providers)})
}

// Explained returns the explanations of the preconditions of this package.
func Explained() explain.Rules {
	all := explain.Rules{
		providerExists: {
			Inputs: []explain.Input{{Where: explain.Path}, {Where: explain.Server, At: "the ids of all providers"}},
			Advice: "Onboard the provider first, or use the id of an existing one: no other change of the request passes.",
		},
		providerIsOwned: {
			Inputs: []explain.Input{{Where: explain.Path}, {Where: explain.Header, At: "X-Actor-Id"}, {Where: explain.Server, At: "the provider's owner"}},
			Advice: "Call as the partner that onboarded the provider; the owner is not shown to others.",
		},
	}
	maps.Copy(all, answersExplained)
	return all
}
