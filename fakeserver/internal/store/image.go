package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/fakeserver/internal/answer"
	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// state is the data of a store: what an [Image] has.
type state struct {
	providers   map[string]*record
	numbered    uint64 // plp_000001, …: all up to this number are taken
	arrived     uint64 // plpaudit_000001, …: the last number
	answers     answers
	checkpoints checkpoints
	elapsed     elapsed // the age of answers and checkpoints
}

func blank() state {
	return state{
		providers:   map[string]*record{},
		answers:     noAnswers(),
		checkpoints: checkpoints{issued: map[string]issued{}},
	}
}

// counts returns the numbers of each.
func (s *state) counts() Counts {
	return Counts{len(s.providers), int(s.arrived), len(s.checkpoints.issued), len(s.answers.cached)}
}

// copy returns a copy. It shares only what is never changed: providers, entries and answers;
// the trees of the trails copy on write.
func (s *state) copy() state {
	providers := make(map[string]*record, len(s.providers))
	for id, stored := range s.providers {
		providers[id] = &record{stored.provider, stored.view, stored.trail.copy()}
	}
	return state{
		providers: providers, numbered: s.numbered, arrived: s.arrived,
		answers:     answers{cached: maps.Clone(s.answers.cached), queue: slices.Clone(s.answers.queue)},
		checkpoints: checkpoints{maps.Clone(s.checkpoints.issued), s.checkpoints.swept},
		elapsed:     s.elapsed,
	}
}

// counted returns the number of the answer that was cached last.
func (s *state) counted() uint64 {
	if last := len(s.answers.queue) - 1; last >= 0 {
		return s.answers.queue[last].number
	}
	return 0
}

// Image is the data of a store at one time: providers, trails, cached answers, checkpoints and
// the counters of ids. It never changes, and any number of stores may be restored from it
// concurrently.
type Image struct {
	mu sync.Mutex // copying a tree writes to it
	state
}

// Image returns the store's data.
func (s *Store) Image() *Image {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Image{state: s.copy()}
}

// WithoutAnswers returns the image without cached answers and elapsed time.
func (i *Image) WithoutAnswers() *Image {
	i.mu.Lock()
	defer i.mu.Unlock()
	other := &Image{state: i.copy()}
	other.answers, other.elapsed = noAnswers(), elapsed{}
	return other
}

// Counts returns the numbers of what the image has.
func (i *Image) Counts() Counts { return i.counts() }

// Bytes returns the approximate size of the image, as if it shared nothing: the texts of
// clients, and the overhead of each.
func (i *Image) Bytes() int {
	const around = 512
	i.mu.Lock()
	defer i.mu.Unlock()
	bytes := around * len(i.checkpoints.issued)
	for _, stored := range i.providers {
		p := stored.provider
		bytes += 2*around + len(p.LegalEntityName) + len(p.DisclosureText) + len(p.TrustContactEmail) + len(p.ExternalProviderID)
		if p.Rollout != nil {
			for _, row := range p.Rollout.CapabilityMatrix {
				bytes += around/4 + len(row.Capability)
			}
		}
		stored.trail.each(func(e *audit.Entry) { bytes += around/2 + len(e.JSON) })
	}
	for _, kept := range i.answers.queue {
		bytes += around + len(kept.answer.Body)
	}
	return bytes
}

// Restore replaces the data of the store by that of an image, in one step: a request sees all
// that was before or all that is after. A nil image is empty. Also is called in the same step;
// it may be nil.
func (s *Store) Restore(image *Image, also func()) {
	next := blank()
	if image != nil {
		image.mu.Lock()
		next = image.copy()
		image.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budget.adjust(s.counts().records(), next.counts().records())
	s.state = next
	s.restored++
	// For a request that comes from now on, all answers of the image were cached before.
	s.number.Store(max(s.number.Load(), next.counted()))
	if also != nil {
		also()
	}
}

// Close gives back what the store took out of its budget. Later calls take nothing, for the
// store is no longer used.
func (s *Store) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budget.adjust(s.counts().records(), 0)
	s.budget = nil
}

// saved is an image as JSON. Its members are a file format: a change of one is a new version
// (package snapshot).
type saved struct {
	Numbered    uint64            `json:"numbered"`
	Arrived     uint64            `json:"arrived"`
	Lapse       savedElapsed      `json:"lapse"`
	Providers   []savedRecord     `json:"providers"`   // by id
	Answers     []savedAnswer     `json:"answers"`     // in the order in which they were cached
	Checkpoints []savedCheckpoint `json:"checkpoints"` // by hash
	Swept       int               `json:"swept"`
}

// savedElapsed is an elapsed time, in milliseconds.
type savedElapsed struct {
	Last  int64 `json:"last"`
	Begun bool  `json:"begun"`
	Total int64 `json:"total"`
}

type savedRecord struct {
	View    rules.View    `json:"provider"`         // as in the answer of get
	Rollout *rules.Policy `json:"rollout,omitzero"` // in the place of View.Rollout, in version 1
	Audit   []jcs.Value   `json:"audit"`            // as in exports
}

type savedAnswer struct {
	ActorType     escaped       `json:"actor_type"`
	ActorID       escaped       `json:"actor_id"`
	Operation     string        `json:"operation"`
	ProviderID    escaped       `json:"provider_id"`
	KeyHash       string        `json:"idempotency_key_sha256"`
	Key           *escaped      `json:"idempotency_key,omitzero"` // in the place of KeyHash, in version 1
	PayloadHash   string        `json:"payload_hash"`
	KeptAt        int64         `json:"kept_at"` // elapsed time
	Status        int           `json:"status"`
	CorrelationID escaped       `json:"correlation_id"`
	Body          string        `json:"body"`
	ReasonCodes   []string      `json:"reason_codes"`
	Refusal       *savedRefusal `json:"refusal"`
}

type savedRefusal struct {
	Rule    ruletrace.Rule `json:"rule"`
	Code    rules.Code     `json:"code"`
	Reason  rules.Reason   `json:"reason"`
	Message string         `json:"message"`
	Details map[string]any `json:"details"`
}

// keptOutcomes are the outcomes of refusals that are kept for an idempotency key. No two
// have both the same code and the same reason code, so that a snapshot needs no more.
var keptOutcomes = []rules.Outcome{
	rules.PayloadInvalid, rules.OwnerNotCaller, rules.ProviderIDTaken, rules.DowngradeRequired, rules.RolloutBlocked,
}

// outcome returns the outcome of the refusal; one without a name if none is known.
func (r *savedRefusal) outcome() rules.Outcome {
	for _, outcome := range keptOutcomes {
		if outcome.Code == r.Code && outcome.Reason == r.Reason {
			return outcome
		}
	}
	return rules.Outcome{Code: r.Code, Reason: r.Reason}
}

type savedCheckpoint struct {
	Hash          string           `json:"hash"`
	ProviderID    string           `json:"provider_id"`
	Cursor        string           `json:"cursor"`
	ChainHash     string           `json:"chain_hash"`
	From          *instant.Instant `json:"from"`
	To            *instant.Instant `json:"to"`
	EventType     string           `json:"event_type"`
	Limit         int              `json:"limit"`
	RetentionDays int              `json:"retention_days"`
	ExportedAt    instant.Instant  `json:"exported_at"`
	Entries       int              `json:"entries"`
	Until         int64            `json:"until"` // elapsed time
}

// escaped is a string that JSON has percent-encoded: names and keys come from headers and
// paths, which may have any byte.
type escaped string

// MarshalText implements encoding.TextMarshaler.
func (e escaped) MarshalText() ([]byte, error) { return []byte(url.PathEscape(string(e))), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (e *escaped) UnmarshalText(text []byte) error {
	read, err := url.PathUnescape(string(text))
	*e = escaped(read)
	return err
}

// JSON returns the image in canonical form. Equal images give equal bytes.
func (i *Image) JSON() jcs.Value {
	out := saved{
		Numbered: i.numbered, Arrived: i.arrived, Swept: i.checkpoints.swept,
		Lapse: savedElapsed{int64(i.elapsed.last), i.elapsed.begun, int64(i.elapsed.total)},
	}
	for _, id := range slices.Sorted(maps.Keys(i.providers)) {
		stored := i.providers[id]
		record := savedRecord{View: stored.provider.View()}
		stored.trail.each(func(e *audit.Entry) { record.Audit = append(record.Audit, e.JSON) })
		out.Providers = append(out.Providers, record)
	}
	for _, kept := range i.answers.queue {
		a := savedAnswer{
			ActorType: escaped(kept.key.caller.Type), ActorID: escaped(kept.key.caller.ID), Operation: kept.key.operation,
			ProviderID: escaped(kept.key.providerID), KeyHash: hex.EncodeToString(kept.key.key[:]),
			PayloadHash: hex.EncodeToString(kept.payload[:]), KeptAt: int64(kept.at),
			Status: kept.answer.Status, CorrelationID: escaped(kept.answer.CorrelationID), Body: string(kept.answer.Body),
		}
		if r := kept.answer.Refusal; r == nil {
			a.ReasonCodes = kept.answer.ReasonCodes
		} else {
			a.Refusal = &savedRefusal{r.Rule, r.Code, r.Reason, r.Message, r.Details}
		}
		out.Answers = append(out.Answers, a)
	}
	for _, hash := range slices.Sorted(maps.Keys(i.checkpoints.issued)) {
		c := i.checkpoints.issued[hash]
		s := savedCheckpoint{
			Hash: hash, ProviderID: c.ProviderID, Cursor: c.Cursor, ChainHash: c.ChainHash,
			EventType: c.Filters.EventType, Limit: c.Filters.Limit, RetentionDays: c.Filters.RetentionDays,
			ExportedAt: c.ExportedAt, Entries: c.entries, Until: int64(c.until),
		}
		if c.Filters.HasFrom {
			s.From = &c.Filters.From
		}
		if c.Filters.HasTo {
			s.To = &c.Filters.To
		}
		out.Checkpoints = append(out.Checkpoints, s)
	}
	return jcs.Marshal(out)
}

// ReadImage reads the canonical JSON of an image. The error begins with the JSON Pointer of the
// problem, or is that of ctx.
func ReadImage(ctx context.Context, text jcs.Value) (*Image, error) {
	var in saved
	if err := json.Unmarshal(text, &in, json.RejectUnknownMembers(true)); err != nil {
		pointer, problem := jcs.Wrong(err)
		return nil, fmt.Errorf("%s: %s", pointer, problem)
	}
	image := &Image{state: blank()}
	image.numbered, image.arrived, image.checkpoints.swept = in.Numbered, in.Arrived, in.Swept
	image.elapsed = elapsed{instant.Instant(in.Lapse.Last), in.Lapse.Begun, instant.Instant(in.Lapse.Total)}
	for _, read := range []func(context.Context, *saved) error{image.readProviders, image.readAnswers, image.readCheckpoints} {
		if err := read(ctx, &in); err != nil {
			return nil, err
		}
	}
	return image, nil
}

// readProviders reads the providers and their trails.
func (i *Image) readProviders(ctx context.Context, in *saved) error {
	seen := map[uint64]bool{}
	for n := range in.Providers {
		r := &in.Providers[n]
		if ctx.Err() != nil {
			return ctx.Err()
		}
		id := r.View.ProviderID
		if i.providers[id] != nil {
			return fmt.Errorf("/providers/%d: the provider %q is here a second time", n, id)
		}
		rollout := cmp.Or(r.View.Rollout, r.Rollout)
		if (rollout == nil) != (r.View.RolloutPolicyRef == nil) {
			return fmt.Errorf("/providers/%d/provider: a provider has both rollout and rollout_policy_ref, or neither", n)
		}
		stored := &record{provider: &r.View.Provider, view: new(view)}
		stored.provider.Rollout = rollout
		for k, entry := range r.Audit {
			e, err := readEntry(entry, id)
			if err == nil && (seen[e.Seq] || e.Seq == 0 || e.Seq > in.Arrived) {
				err = fmt.Errorf("its audit_id is another's, or beyond the %d that arrived", in.Arrived)
			}
			if err != nil {
				return fmt.Errorf("/providers/%d/audit/%d: %w", n, k, err)
			}
			seen[e.Seq] = true
			stored.trail.append(e)
		}
		i.providers[id] = stored
	}
	if uint64(len(seen)) != in.Arrived {
		return fmt.Errorf("/arrived: %d audit entries arrived, but there are %d", in.Arrived, len(seen))
	}
	return nil
}

// readAnswers reads the cached answers.
func (i *Image) readAnswers(ctx context.Context, in *saved) error {
	for n, a := range in.Answers {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		key, err := a.keyHash()
		if err != nil {
			return fmt.Errorf("/answers/%d/%w", n, err)
		}
		kept := &cachedAnswer{
			key:    answerKey{rules.Actor{Type: string(a.ActorType), ID: string(a.ActorID)}, a.Operation, string(a.ProviderID), key},
			answer: answer.Answer{Status: a.Status, CorrelationID: string(a.CorrelationID), Body: []byte(a.Body), ReasonCodes: a.ReasonCodes},
			at:     instant.Instant(a.KeptAt),
		}
		switch payload, err := hex.DecodeString(a.PayloadHash); {
		case err != nil || len(payload) != sha256.Size:
			return fmt.Errorf("/answers/%d/payload_hash: not a SHA-256 in hex", n)
		case a.Status < 200 || a.Status > 599:
			return fmt.Errorf("/answers/%d/status: %d is no status of an answer", n, a.Status)
		case i.answers.cached[kept.key] != nil:
			return fmt.Errorf("/answers/%d: an answer for this key is before", n)
		default:
			copy(kept.payload[:], payload)
		}
		if r := a.Refusal; r != nil {
			kept.answer.Refusal = &rules.Refusal{Rule: r.Rule, Outcome: r.outcome(), Message: r.Message, Details: r.Details}
			if codes, ok := r.Details["reason_codes"].([]any); ok {
				texts := make([]string, len(codes))
				for k, code := range codes {
					texts[k], _ = code.(string)
				}
				r.Details["reason_codes"] = texts // as Refusal.ReasonCodes reads it
			}
			kept.answer.ReasonCodes = kept.answer.Refusal.ReasonCodes()
		}
		i.answers.add(kept)
	}
	return nil
}

// readCheckpoints reads the checkpoints.
func (i *Image) readCheckpoints(_ context.Context, in *saved) error {
	for n, c := range in.Checkpoints {
		if _, twice := i.checkpoints.issued[c.Hash]; twice {
			return fmt.Errorf("/checkpoints/%d: the checkpoint %s is here a second time", n, c.Hash)
		}
		filters := audit.Filters{EventType: c.EventType, Limit: c.Limit, RetentionDays: c.RetentionDays}
		if c.From != nil {
			filters.From, filters.HasFrom = *c.From, true
		}
		if c.To != nil {
			filters.To, filters.HasTo = *c.To, true
		}
		i.checkpoints.issued[c.Hash] = issued{
			audit.Checkpoint{ProviderID: c.ProviderID, Cursor: c.Cursor, ChainHash: c.ChainHash, Filters: filters, ExportedAt: c.ExportedAt},
			c.Entries, instant.Instant(c.Until),
		}
	}
	return nil
}

// keyHash reads the hash of the idempotency key.
func (a *savedAnswer) keyHash() (keyHash, error) {
	if a.Key != nil {
		return hashKey(string(*a.Key)), nil
	}
	sum, err := hex.DecodeString(a.KeyHash)
	if err != nil || len(sum) != sha256.Size {
		return keyHash{}, errors.New("idempotency_key_sha256: not a SHA-256 in hex")
	}
	return keyHash(sum), nil
}

// readEntry reads an entry of a provider's trail.
func readEntry(text jcs.Value, providerID string) (*audit.Entry, error) {
	var shown struct {
		AuditID    string `json:"audit_id"`
		ProviderID string `json:"provider_id"`
		EventType  string `json:"event_type"`
		RecordedAt string `json:"recorded_at"`
	}
	if err := json.Unmarshal(text, &shown); err != nil {
		_, problem := jcs.Wrong(err)
		return nil, errors.New(problem)
	}
	e, ok := audit.ParseCursor(shown.RecordedAt + "|" + shown.AuditID)
	if !ok || shown.ProviderID != providerID {
		return nil, fmt.Errorf("not an audit entry of %q with an audit_id and a recorded_at", providerID)
	}
	e.EventType, e.JSON = shown.EventType, slices.Clone(text)
	return e, nil
}
