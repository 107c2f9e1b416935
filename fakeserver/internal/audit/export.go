package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"strconv"

	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
)

// Filters are those in force on an export, defaults filled in and caps applied.
// Two pages of one export have equal Filters.
type Filters struct {
	From, To      instant.Instant // from inclusive, to exclusive
	HasFrom       bool
	HasTo         bool
	EventType     string // "" for all
	Limit         int
	RetentionDays int
}

// Continuation is what the next page's query brings from the page before, or
// nothing at all.
type Continuation struct {
	CursorAfter, AttestationAfter, CheckpointAfter string
}

// Window gives the span of times that the filters leave at a moment: from low
// inclusive to high exclusive.
//
// Rule export-window-is-half-open: an entry at from is in, one at to is out.
// Rule export-retention-cuts: an entry exactly as old as the retention is in,
// one a millisecond older is out; there is no cut at now, so an entry dated
// later is in.
func (f Filters) Window(now instant.Instant) (low, high instant.Instant) {
	low = now - instant.Days(f.RetentionDays)
	if f.HasFrom {
		low = max(low, f.From)
	}
	high = 1<<63 - 1
	if f.HasTo {
		high = f.To
	}
	return low, high
}

// Page is one page of entries, not yet committed to.
type Page struct {
	Filters    Filters
	After      Continuation
	Entries    []*Entry
	Total      int // entries left from the cursor on, this page included
	ExportedAt instant.Instant
}

// nextCursor names the place behind the page, or "" when nothing follows.
//
// Rule export-limits-pages: there is a next cursor while more follows, and only
// then. Rule export-counts-from-cursor: what is left includes this page.
func (p Page) nextCursor() string {
	if len(p.Entries) == 0 || p.Total <= len(p.Entries) {
		return ""
	}
	return p.Entries[len(p.Entries)-1].Cursor()
}

// Signer signs exports.
type Signer struct {
	KeyID string
	Key   ed25519.PrivateKey
}

// Export is a page committed to: the answer's export, and the checkpoint by
// which it can be continued.
type Export struct {
	JSON       jcs.Value
	Hash       string // checkpoint_hash, under which Checkpoint is kept
	Checkpoint Checkpoint
}

// Commit hashes, chains and signs the page.
//
// Rule export-hashes-the-page: export_hash covers entries, total, query and
// cursor. Rule export-chains-pages: chain_hash covers that and the page before.
// Rule export-issues-checkpoints: checkpoint_hash covers the chain and the
// counts. Rule export-is-signed: the signature covers all of it.
func (p Page) Commit(providerID string, signer Signer) Export {
	next := p.nextCursor()
	entries := make([]jcs.Value, len(p.Entries))
	for i, e := range p.Entries {
		entries[i] = e.JSON
	}
	total := number(p.Total)

	body := []jcs.Member{
		{Name: "entries", Value: jcs.Array(entries)},
		{Name: "query", Value: p.query()},
		{Name: "total_filtered", Value: total},
	}
	if next != "" {
		body = append(body, jcs.Member{Name: "next_cursor", Value: jcs.String(next)})
	}
	exportHash := jcs.Sum(jcs.Object(body...))

	attestation := []jcs.Member{
		{Name: "cursor_after", Value: textOrNull(p.After.CursorAfter)},
		{Name: "next_cursor", Value: textOrNull(next)},
		{Name: "attestation_after", Value: textOrNull(p.After.AttestationAfter)},
		{Name: "page_hash", Value: jcs.String(exportHash)},
	}
	chainHash := jcs.Sum(jcs.Object(attestation...))
	checkpoint := []jcs.Member{
		{Name: "checkpoint_after", Value: textOrNull(p.After.CheckpointAfter)},
		{Name: "attestation_chain_hash", Value: jcs.String(chainHash)},
		{Name: "next_cursor", Value: textOrNull(next)},
		{Name: "entries_count", Value: number(len(p.Entries))},
		{Name: "total_filtered", Value: total},
	}
	checkpointHash := jcs.Sum(jcs.Object(checkpoint...))

	export := append(body,
		jcs.Member{Name: "exported_at", Value: jcs.String(p.ExportedAt.String())},
		jcs.Member{Name: "export_hash", Value: jcs.String(exportHash)},
		jcs.Member{Name: "attestation", Value: jcs.Object(append(attestation, jcs.Member{Name: "chain_hash", Value: jcs.String(chainHash)})...)},
		jcs.Member{Name: "checkpoint", Value: jcs.Object(append(checkpoint, jcs.Member{Name: "checkpoint_hash", Value: jcs.String(checkpointHash)})...)},
	)
	sig := ed25519.Sign(signer.Key, jcs.Object(export...))
	export = append(export, jcs.Member{Name: "signature", Value: jcs.Object(
		jcs.Member{Name: "key_id", Value: jcs.String(signer.KeyID)},
		jcs.Member{Name: "alg", Value: jcs.String("ed25519")},
		jcs.Member{Name: "sig", Value: jcs.String(base64.StdEncoding.EncodeToString(sig))},
	)})
	return Export{
		JSON: jcs.Object(export...),
		Hash: checkpointHash,
		Checkpoint: Checkpoint{
			ProviderID: providerID,
			Cursor:     next,
			ChainHash:  chainHash,
			Filters:    p.Filters,
			ExportedAt: p.ExportedAt,
		},
	}
}

// query echoes the filters in force.
//
// Rule export-filters-events: a filter that was given stands in the query that
// is hashed, so that a filtered page cannot pass for a whole one.
func (p Page) query() jcs.Value {
	members := []jcs.Member{
		{Name: "limit", Value: number(p.Filters.Limit)},
		{Name: "retention_days", Value: number(p.Filters.RetentionDays)},
	}
	add := func(name, value string) {
		if value != "" {
			members = append(members, jcs.Member{Name: name, Value: jcs.String(value)})
		}
	}
	if p.Filters.HasFrom {
		add("from_iso", p.Filters.From.String())
	}
	if p.Filters.HasTo {
		add("to_iso", p.Filters.To.String())
	}
	add("event_type", p.Filters.EventType)
	add("cursor_after", p.After.CursorAfter)
	add("attestation_after", p.After.AttestationAfter)
	add("checkpoint_after", p.After.CheckpointAfter)
	return jcs.Object(members...)
}

func number(n int) jcs.Value { return strconv.AppendInt(nil, int64(n), 10) }

func textOrNull(s string) jcs.Value {
	if s == "" {
		return jcs.Value("null")
	}
	return jcs.String(s)
}
