// Package audit makes signed exports of audit entries. An [Export] is a page of entries that
// commits to every entry, to its filters and to the page before it, and is signed:
//
//	entries ── export_hash ── chain_hash ── checkpoint_hash
//	                             │               │
//	            attestation_after of the next page, and checkpoint_after
//
// A holder of the public key detects dropped, reordered, edited and filtered entries, and
// pages spliced from two exports. The format is contract
// section 9; every hash is the lower-case hex SHA-256 of an RFC 8785 form.
//
// Everything here is pure. Entries are in canonical form from the start, so that a page is
// joined, hashed and signed without being encoded again.
package audit

import (
	"fmt"
	"strconv"
	"strings"

	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
)

// Entry is an entry of the audit trail. It is never changed.
type Entry struct {
	RecordedAt instant.Instant
	Seq        uint64 // order of arrival over all providers, from 1
	EventType  string
	JSON       jcs.Value // the entry in canonical form, as in exports
}

// Record is the content of an entry.
type Record struct {
	ProviderID  string
	EventType   string
	RecordedAt  instant.Instant
	Actor       jcs.Value // {id, type}
	ReasonCodes []string
	Details     jcs.Value
}

// NewEntry returns the seq-th entry to arrive.
func NewEntry(seq uint64, r Record) *Entry {
	return &Entry{
		RecordedAt: r.RecordedAt,
		Seq:        seq,
		EventType:  r.EventType,
		JSON: jcs.Object(
			jcs.Member{Name: "audit_id", Value: jcs.String(ID(seq))},
			jcs.Member{Name: "provider_id", Value: jcs.String(r.ProviderID)},
			jcs.Member{Name: "event_type", Value: jcs.String(r.EventType)},
			jcs.Member{Name: "recorded_at", Value: jcs.String(r.RecordedAt.String())},
			jcs.Member{Name: "actor", Value: r.Actor},
			jcs.Member{Name: "reason_codes", Value: jcs.Strings(r.ReasonCodes)},
			jcs.Member{Name: "details", Value: r.Details},
		),
	}
}

// Less is the order of an export, export-orders-entries: by the time recorded,
// then by arrival, so that an entry recorded late with an early time takes its
// place among the early ones.
func Less(a, b *Entry) bool {
	if a.RecordedAt != b.RecordedAt {
		return a.RecordedAt < b.RecordedAt
	}
	return a.Seq < b.Seq
}

// ID returns the id of the seq-th entry over all providers: plpaudit_000001, ….
func ID(seq uint64) string { return fmt.Sprintf("plpaudit_%06d", seq) }

// Cursor returns the cursor of a page that ends with e: recorded_at|audit_id.
func (e *Entry) Cursor() string { return e.RecordedAt.String() + "|" + ID(e.Seq) }

// ParseCursor reads a cursor, as an entry with nothing but RecordedAt and Seq. It reports
// whether the cursor is well-formed.
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
