package store

import (
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/rules"
)

var (
	amber  = rules.Actor{Type: "partner", ID: "amber"}
	cobalt = rules.Actor{Type: "partner", ID: "cobalt"}
)

// clock is a time that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newStore() (*Store, *clock) {
	c := &clock{time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)}
	return New(Options{
		Clock:           c.now,
		Signer:          audit.Signer{KeyID: "test", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))},
		AnswerRetention: 24 * time.Hour,
	}), c
}

// onboarding is a call by caller; id "" asks for one.
func onboarding(caller rules.Actor, key, id string) Call {
	c := new(rules.Onboard)
	c.Provider.OwnerActor = amber
	c.Provider.SegmentTier = "S1"
	if id != "" {
		c.Provider.ProviderID = &id
	}
	return Call{Operation: "onboard", Member: "provider", Caller: caller, IdempotencyKey: key, Payload: jcs.Marshal(c), Command: c}
}

// restricting is a status upsert of a provider at a time ("" for now).
func restricting(caller rules.Actor, key, id, at string) Call {
	c := new(rules.StatusUpsert)
	c.Status.Status, c.Status.SegmentTier, c.Status.ReasonCodes = rules.Restricted, "S1", []string{"test"}
	if at != "" {
		c.RecordedAt.RecordedAt = &at
	}
	return Call{Operation: "status", Member: "status", Caller: caller, ProviderID: id, IdempotencyKey: key, Payload: jcs.Marshal([]any{id, at}), Command: c}
}

// text returns a decision as text: "refused by RULE", or what the answer has: the
// provider's id and its time.
func text(t *testing.T, d Decision) string {
	t.Helper()
	var shown struct {
		ID       string `json:"provider_id"`
		Provider struct {
			ID string `json:"provider_id"`
			At string `json:"updated_at"`
		} `json:"provider"`
		Status struct {
			At string `json:"updated_at"`
		} `json:"status"`
	}
	if d.Refusal == nil {
		if err := json.Unmarshal(d.Answer.Body, &shown); err != nil {
			t.Fatal(err)
		}
	}
	text := shown.ID + shown.Provider.ID + " " + shown.Provider.At + shown.Status.At
	if d.Refusal != nil {
		text = "refused by " + string(d.Refusal.Rule)
	}
	if d.Replayed {
		text += " again"
	}
	return text
}

func TestDo(t *testing.T) {
	const now = "2026-02-22T16:00:00.000Z"
	invalid := onboarding(amber, "invalid", "")
	invalid.Command, invalid.Invalid = nil, &rules.Refusal{Rule: rules.RequestMatchesSchema}
	type step struct {
		call  Call
		after time.Duration
		want  string
	}
	for _, test := range []struct {
		name  string
		steps []step
	}{
		{"onboard-assigns-ids: in order, past those taken, a refusal uses none up", []step{
			{onboarding(amber, "1", "plp_000002"), 0, "plp_000002 " + now},
			{onboarding(amber, "2", ""), 0, "plp_000001 " + now},
			{onboarding(cobalt, "3", ""), 0, "refused by onboard-owner-is-caller"},
			{onboarding(amber, "4", ""), 0, "plp_000003 " + now},
			{onboarding(amber, "5", "plp_000001"), 0, "refused by onboard-id-is-free"},
		}},
		{"provider-exists: refuses an unknown one", []step{{restricting(amber, "1", "plp_000001", ""), 0, "refused by provider-exists"}}},
		{"provider-is-owned: refuses a stranger", []step{
			{onboarding(amber, "1", ""), 0, "plp_000001 " + now},
			{restricting(cobalt, "1", "plp_000001", ""), 0, "refused by provider-is-owned"},
			{restricting(amber, "1", "plp_000001", ""), 0, "plp_000001 " + now},
		}},
		{"idempotency-replays-the-answer: the kept one, whatever the time", []step{
			{onboarding(amber, "1", ""), 0, "plp_000001 " + now},
			{onboarding(amber, "1", ""), time.Hour, "plp_000001 " + now + " again"},
		}},
		{"idempotency-replays-the-answer: kept for at least a day", []step{
			{onboarding(amber, "1", ""), 0, "plp_000001 " + now},
			{onboarding(amber, "1", ""), 24 * time.Hour, "plp_000001 " + now + " again"},
			{onboarding(amber, "1", ""), time.Millisecond, "plp_000002 2026-02-23T16:00:00.001Z"},
		}},
		{"idempotency-payload-matches: refuses another payload", []step{
			{onboarding(amber, "1", ""), 0, "plp_000001 " + now},
			{onboarding(amber, "1", "other"), 0, "refused by idempotency-payload-matches"},
			{onboarding(amber, "1", ""), 0, "plp_000001 " + now + " again"},
		}},
		{"idempotency-is-scoped: actor, operation and provider", []step{
			{onboarding(amber, "1", "a"), 0, "a " + now},
			{onboarding(cobalt, "1", "b"), 0, "refused by onboard-owner-is-caller"},
			{onboarding(amber, "2", "b"), 0, "b " + now},
			{restricting(amber, "1", "a", ""), 0, "a " + now},
			{restricting(amber, "1", "b", ""), 0, "b " + now},
		}},
		{"idempotency-keeps-refusals: of the rules and of the schema", []step{
			{onboarding(cobalt, "1", ""), 0, "refused by onboard-owner-is-caller"},
			{onboarding(cobalt, "1", ""), 0, "refused by onboard-owner-is-caller again"},
			{invalid, 0, "refused by request-matches-schema"},
			{invalid, 0, "refused by request-matches-schema again"},
		}},
		{"idempotency-keeps-refusals: but none of an unknown provider", []step{
			{restricting(amber, "1", "a", ""), 0, "refused by provider-exists"},
			{onboarding(amber, "1", "a"), 0, "a " + now},
			{restricting(amber, "1", "a", ""), 0, "a " + now},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, c := newStore()
			for i, step := range test.steps {
				c.at = c.at.Add(step.after)
				if got := text(t, s.Do(step.call)); got != step.want {
					t.Errorf("step %d: got %q, want %q", i+1, got, step.want)
				}
			}
		})
	}
	t.Run("writes-are-audited: accepted ones, once", func(t *testing.T) {
		s, _ := newStore()
		s.Do(onboarding(amber, "1", "a"))
		s.Do(onboarding(amber, "1", "a"))
		s.Do(onboarding(amber, "2", "a"))
		s.Do(restricting(amber, "1", "a", ""))
		if got := s.Counts(); got != (Counts{Providers: 1, AuditEntries: 2, Answers: 3}) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("get-shows-the-provider: as the last write left it", func(t *testing.T) {
		s, _ := newStore()
		s.Do(onboarding(amber, "1", "a"))
		s.Do(restricting(amber, "1", "a", ""))
		s.Provider(nil, "a", amber)
		s.Do(restricting(amber, "2", "a", "2026-02-22T15:00:00Z"))
		view, refusal := s.Provider(nil, "a", amber)
		if refusal != nil {
			t.Fatalf("refused by %s", refusal.Rule)
		}
		var p struct {
			Status    string `json:"status"`
			UpdatedAt string `json:"updated_at"`
		}
		if err := json.Unmarshal(view, &p); err != nil || p.Status != "restricted" || p.UpdatedAt != "2026-02-22T15:00:00.000Z" {
			t.Errorf("got %s, %v", view, err)
		}
		if _, refusal := s.Provider(nil, "a", cobalt); refusal == nil || refusal.Rule != "provider-is-owned" {
			t.Errorf("a stranger got %+v", refusal)
		}
	})
}

// Equal requests at once run once, and unequal ones each get an id of their own.
func TestOnce(t *testing.T) {
	t.Run("idempotency-runs-once: 64 at once", func(t *testing.T) {
		s, _ := newStore()
		var group sync.WaitGroup
		answers := make([]Decision, 64)
		for i := range answers {
			group.Go(func() { answers[i] = s.Do(onboarding(amber, "one", "")) })
		}
		group.Wait()
		first := 0
		for _, a := range answers {
			if string(a.Answer.Body) != string(answers[0].Answer.Body) {
				t.Errorf("got %q and %q", a.Answer.Body, answers[0].Answer.Body)
			}
			if !a.Replayed {
				first++
			}
		}
		if got := s.Counts(); first != 1 || got.Providers != 1 || got.AuditEntries != 1 {
			t.Errorf("%d ran, leaving %+v", first, got)
		}
	})
}

// page reads an export's audit ids, next cursor and continuation.
type page struct {
	Entries []struct {
		AuditID string `json:"audit_id"`
	} `json:"entries"`
	Total       int    `json:"total_filtered"`
	NextCursor  string `json:"next_cursor"`
	Attestation struct {
		ChainHash string `json:"chain_hash"`
	} `json:"attestation"`
	Checkpoint struct {
		CheckpointHash string `json:"checkpoint_hash"`
	} `json:"checkpoint"`
}

func (p page) ids() (ids []string) {
	for _, e := range p.Entries {
		ids = append(ids, strings.TrimPrefix(e.AuditID, "plpaudit_"))
	}
	return ids
}

func (p page) next() audit.Continuation {
	return audit.Continuation{CursorAfter: p.NextCursor, AttestationAfter: p.Attestation.ChainHash, CheckpointAfter: p.Checkpoint.CheckpointHash}
}

func export(t *testing.T, s *Store, q ExportQuery) (page, string) {
	t.Helper()
	e, refusal := s.Export(nil, "a", amber, q)
	if refusal != nil {
		return page{}, string(refusal.Rule)
	}
	var p page
	if err := json.Unmarshal(e.JSON, &p); err != nil {
		t.Fatal(err)
	}
	return p, ""
}

func TestExport(t *testing.T) {
	filters := audit.Filters{Limit: 2, RetentionDays: 180}
	// filled is a provider with entries 1 to 5, of which 3 was recorded earliest.
	filled := func() (*Store, *clock) {
		s, c := newStore()
		s.Do(onboarding(amber, "1", "a"))
		for i, at := range []string{"2026-02-22T16:00:02Z", "2026-02-22T15:00:00Z", "2026-02-22T16:00:02Z", "2026-02-22T16:00:04Z"} {
			s.Do(restricting(amber, fmt.Sprint(i), "a", at))
		}
		return s, c
	}
	t.Run("export-survives-arrivals: before and behind the cursor", func(t *testing.T) {
		s, _ := filled()
		first, _ := export(t, s, ExportQuery{Filters: filters})
		s.Do(restricting(amber, "early", "a", "2026-02-22T15:30:00Z"))
		s.Do(restricting(amber, "late", "a", "2026-02-22T16:00:03Z"))
		second, _ := export(t, s, ExportQuery{Filters: filters, After: first.next()})
		third, _ := export(t, s, ExportQuery{Filters: filters, After: second.next()})
		got := fmt.Sprint(first.ids(), first.Total, second.ids(), second.Total, third.ids(), third.Total, third.NextCursor)
		if want := "[000003 000001] 5 [000002 000004] 4 [000007 000005] 2"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("export-cursor-still-stands: refuses once the cursor's entry has aged out", func(t *testing.T) {
		s, c := filled()
		q := ExportQuery{Filters: audit.Filters{Limit: 1, RetentionDays: 1}}
		first, _ := export(t, s, q)
		q.After = first.next()
		c.at = time.Date(2026, 2, 23, 15, 0, 0, 0, time.UTC)
		if _, refused := export(t, s, q); refused != "" {
			t.Errorf("at the cut: refused by %s", refused)
		}
		c.at = c.at.Add(time.Millisecond)
		if _, refused := export(t, s, q); refused != "export-cursor-still-stands" {
			t.Errorf("past the cut: refused by %q", refused)
		}
	})
	t.Run("export-checkpoint-is-known: refuses one never handed out", func(t *testing.T) {
		s, _ := filled()
		if _, refused := export(t, s, ExportQuery{Filters: filters, After: audit.Continuation{CursorAfter: "c", AttestationAfter: "a", CheckpointAfter: "k"}}); refused != "export-checkpoint-is-known" {
			t.Errorf("refused by %q", refused)
		}
	})
	t.Run("export-checkpoint-is-fresh: an equal checkpoint renews it, another request does not expire it", func(t *testing.T) {
		s, _ := filled()
		at := func(text string) *rules.Clock {
			i, err := instant.Parse(text)
			return &rules.Clock{At: i, Malformed: err}
		}
		q := ExportQuery{Filters: audit.Filters{Limit: 2, RetentionDays: 1}, Clock: at("2026-02-23T10:00:00Z")}
		first, _ := export(t, s, q)
		next := q
		next.After = first.next()
		next.Clock = at("2026-02-24T10:00:00.001Z")
		if _, refused := export(t, s, next); refused != "export-checkpoint-is-fresh" {
			t.Errorf("a millisecond late: refused by %q", refused)
		}
		next.Clock = at("2026-02-23T10:00:00Z")
		if _, refused := export(t, s, next); refused != "" {
			t.Errorf("in time: refused by %q", refused)
		}
	})
}

// The tree behind a trail is compared with the plainest thing that could be
// right: a sorted slice, filtered.
func TestTrail(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var kept trail
	var plain []*audit.Entry
	for seq := uint64(1); seq <= 2000; seq++ {
		e := audit.NewEntry(seq, audit.Record{EventType: fmt.Sprint("type", random.IntN(3)), RecordedAt: instant.Instant(random.IntN(300))})
		kept.append(e)
		plain = append(plain, e)
	}
	slices.SortFunc(plain, func(a, b *audit.Entry) int {
		if audit.Less(a, b) {
			return -1
		}
		return 1
	})
	for range 2000 {
		eventType := []string{"", "type0", "type1", "type2", "none"}[random.IntN(5)]
		start := &audit.Entry{RecordedAt: instant.Instant(random.IntN(320) - 10), Seq: uint64(random.IntN(2100))}
		high := instant.Instant(random.IntN(320) - 10)
		if random.IntN(3) == 0 {
			high = 1<<63 - 1
		}
		limit := 1 + random.IntN(60)
		var want []*audit.Entry
		for _, e := range plain {
			if !audit.Less(e, start) && e.RecordedAt < high && (eventType == "" || e.EventType == eventType) {
				want = append(want, e)
			}
		}
		got, total := kept.slice(eventType, start, high, limit)
		if total != len(want) || !slices.Equal(got, want[:min(limit, len(want))]) {
			t.Fatalf("export-counts-from-cursor: type %q from %v|%d to %v, limit %d: got %d of %d, want %d", eventType, start.RecordedAt, start.Seq, high, limit, len(got), total, len(want))
		}
	}
}

func TestState(t *testing.T) {
	s, _ := newStore()
	s.Do(onboarding(amber, "1", "b"))
	s.Do(onboarding(amber, "2", "a"))
	s.Do(restricting(amber, "3", "a", ""))
	var state struct {
		Providers []struct {
			Provider struct {
				ProviderID string `json:"provider_id"`
			} `json:"provider"`
			Audit []any `json:"audit"`
		} `json:"providers"`
	}
	if err := json.Unmarshal(s.State(), &state); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range state.Providers {
		got = append(got, fmt.Sprint(p.Provider.ProviderID, len(p.Audit)))
	}
	if diff := cmp.Diff([]string{"a2", "b1"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
