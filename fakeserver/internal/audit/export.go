package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"math"
	"strconv"

	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// The rules that this file decides.
const (
	exportWindowIsHalfOpen  ruletrace.Rule = "export-window-is-half-open"
	exportRetentionCuts     ruletrace.Rule = "export-retention-cuts"
	exportFillsDefaults     ruletrace.Rule = "export-fills-defaults"
	exportLimitsPages       ruletrace.Rule = "export-limits-pages"
	exportCountsFromCursor  ruletrace.Rule = "export-counts-from-cursor"
	exportHashesThePage     ruletrace.Rule = "export-hashes-the-page"
	exportChainsPages       ruletrace.Rule = "export-chains-pages"
	exportIssuesCheckpoints ruletrace.Rule = "export-issues-checkpoints"
	exportIsSigned          ruletrace.Rule = "export-is-signed"
	exportFiltersEvents     ruletrace.Rule = "export-filters-events"
	exportOrdersEntries     ruletrace.Rule = "export-orders-entries"
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

// Continuation has the values of the page before in the query of a next page; zero for a
// first page.
type Continuation struct {
	CursorAfter, AttestationAfter, CheckpointAfter string
}

// Window returns the times of the entries that the filters select: from low inclusive to high
// exclusive. An entry exactly as old as the retention is selected. So is an entry dated later
// than now.
func (f Filters) Window(now instant.Instant) (low, high instant.Instant) {
	low = f.cut(now)
	if f.HasFrom {
		low = max(low, f.From)
	}
	high = math.MaxInt64
	if f.HasTo {
		high = f.To
	}
	return low, high
}

// cut returns the time of the oldest entries within the retention.
func (f Filters) cut(now instant.Instant) instant.Instant {
	return now - instant.Days(f.RetentionDays)
}

// Trace records which rules of the window a page tests: those that exclude an entry, or that
// have one exactly at their limit. First means a first page; a next one begins at its cursor
// instead. Has reports whether the trail has an entry from one time until before another.
func (f Filters) Trace(c *ruletrace.Trace, now instant.Instant, first bool, has func(from, to instant.Instant) bool) {
	low, high := f.Window(now)
	cut := f.cut(now)
	if f.HasFrom && f.HasTo && f.From >= f.To ||
		first && f.HasFrom && f.From >= cut && has(cut, f.From+1) ||
		f.HasTo && has(max(low, f.To), math.MaxInt64) {
		c.Invariant(exportWindowIsHalfOpen)
	}
	if first && low == cut && has(math.MinInt64, cut+1) || has(now+1, high) {
		c.Invariant(exportRetentionCuts)
	}
}

// Page is a page of entries to export.
type Page struct {
	Filters    Filters
	After      Continuation
	Entries    []*Entry
	Total      int // number of entries from the cursor on, this page included
	ExportedAt instant.Instant
}

// nextCursor returns the cursor of the next page, "" if there is none.
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

// Export is a signed page: the answer's export, and the checkpoint by which it can be
// continued.
type Export struct {
	JSON       jcs.Value
	Hash       string // checkpoint_hash, the key of Checkpoint
	Checkpoint Checkpoint
}

// Commit hashes, chains and signs the page: export_hash covers entries, total,
// query and cursor, chain_hash that and the page before, checkpoint_hash the chain
// and the counts, and the signature all of it.
func (p Page) Commit(c *ruletrace.Trace, providerID string, signer Signer) Export {
	p.trace(c)
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

// trace records the rules that the page tests.
func (p Page) trace(c *ruletrace.Trace) {
	c.Invariant(exportFillsDefaults, exportLimitsPages, exportCountsFromCursor,
		exportHashesThePage, exportChainsPages, exportIssuesCheckpoints, exportIsSigned)
	if p.Filters.EventType != "" {
		c.Invariant(exportFiltersEvents)
	}
	// One entry alone has no order, but one that follows a page has.
	if len(p.Entries) > 0 && (p.Total > 1 || p.After != (Continuation{})) {
		c.Invariant(exportOrdersEntries)
	}
}

// query returns the filters in force. The hash covers them, so that a filtered page cannot
// pass for a whole one.
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
