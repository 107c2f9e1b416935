// Package audit turns what happened into evidence. An [Entry] is one line of the
// trail; a page of entries becomes an [Export] that commits to every entry, to
// its filters and to the page before it, and is signed:
//
//	entries ── export_hash ── chain_hash ── checkpoint_hash
//	                             │               │
//	            attestation_after of the next page, and checkpoint_after
//
// Nobody can drop, reorder, edit or filter entries, or splice pages of two
// exports, without a holder of the public key noticing. The format is contract
// section 9; every hash is the lower-case hex SHA-256 of an RFC 8785 form.
//
// Everything here is pure: time, keys and entries come in, canonical JSON goes
// out. Entries are kept in canonical form from the start, so that a page is put
// together, hashed and signed without being written anew.
package audit

import (
	"fmt"
	"strconv"
	"strings"

	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
)

// Entry is one line of the audit trail. It is never changed.
type Entry struct {
	RecordedAt instant.Instant
	Seq        uint64 // order of arrival over all providers, from 1
	EventType  string
	JSON       jcs.Value // the entry as exports show it
}

// Record is what an entry is made from.
type Record struct {
	ProviderID  string
	EventType   string
	RecordedAt  instant.Instant
	Actor       any // {type, id}
	ReasonCodes []string
	Details     any
}

// NewEntry gives the entry that r makes as the seq-th to arrive.
func NewEntry(seq uint64, r Record) *Entry {
	return &Entry{
		RecordedAt: r.RecordedAt,
		Seq:        seq,
		EventType:  r.EventType,
		JSON: jcs.Marshal(struct {
			AuditID     string          `json:"audit_id"`
			ProviderID  string          `json:"provider_id"`
			EventType   string          `json:"event_type"`
			RecordedAt  instant.Instant `json:"recorded_at"`
			Actor       any             `json:"actor"`
			ReasonCodes []string        `json:"reason_codes"`
			Details     any             `json:"details"`
		}{ID(seq), r.ProviderID, r.EventType, r.RecordedAt, r.Actor, r.ReasonCodes, r.Details}),
	}
}

// Less is the order of an export.
//
// Rule export-orders-entries: by the time recorded, then by arrival, so that an
// entry recorded late with an early time takes its place among the early ones.
func Less(a, b *Entry) bool {
	if a.RecordedAt != b.RecordedAt {
		return a.RecordedAt < b.RecordedAt
	}
	return a.Seq < b.Seq
}

// ID names the seq-th entry over all providers: plpaudit_000001, ….
func ID(seq uint64) string { return fmt.Sprintf("plpaudit_%06d", seq) }

// Cursor names the place behind e: recorded_at|audit_id.
func (e *Entry) Cursor() string { return e.RecordedAt.String() + "|" + ID(e.Seq) }

// ParseCursor gives what Cursor was made from, as an entry with nothing but a
// place in the order, or false.
func ParseCursor(cursor string) (*Entry, bool) {
	at, id, _ := strings.Cut(cursor, "|")
	recordedAt, err := instant.Parse(at)
	if err != nil {
		return nil, false
	}
	digits, _ := strings.CutPrefix(id, "plpaudit_")
	seq, err := strconv.ParseUint(digits, 10, 64)
	e := &Entry{RecordedAt: recordedAt, Seq: seq}
	return e, err == nil && e.Cursor() == cursor
}
