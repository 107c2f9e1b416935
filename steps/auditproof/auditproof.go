// Package auditproof verifies signed audit exports offline: whether pages are what the service signed,
// complete and in order. It uses no server, and shares no code with one that signs.
//
// # What a page is
//
// A page is the JSON text of one export, the object at /export of an answer:
//
//	{
//	  "exported_at":    a time,
//	  "query":          {"limit", "retention_days", and what else was asked: "from_iso", "to_iso", "event_type",
//	                     "cursor_after", "attestation_after", "checkpoint_after"},
//	  "total_filtered": how many entries are left, those of this page included,
//	  "entries":        [{"audit_id", "provider_id", "event_type", "recorded_at", "actor", "reason_codes", "details"}, …],
//	  "next_cursor":    "recorded_at|audit_id" of the last entry; only while more follows,
//	  "export_hash":    H(entries, total_filtered, query, next_cursor?),
//	  "attestation":    {"cursor_after", "next_cursor", "attestation_after", "page_hash" = export_hash,
//	                     "chain_hash" = H(the four before)},
//	  "checkpoint":     {"checkpoint_after", "attestation_chain_hash" = chain_hash, "next_cursor", "entries_count",
//	                     "total_filtered", "checkpoint_hash" = H(the five before)},
//	  "signature":      {"key_id", "alg": "ed25519", "sig" over everything above}
//	}
//
// H is lower-case hex SHA-256 over the RFC 8785 canonical form (JCS) of an object with these members. What is absent
// is null in an attestation and in a checkpoint, and is left out elsewhere. Every page names the cursor, the chain
// hash and the checkpoint hash of the page before it, so each commits to all before it.
//
// # What is checked
//
// [Page] checks one page by itself. [Walk] checks the pages of a whole export, from the first to the last: each by
// itself, and each against the one before. A page with a member that is not listed above is invalid: a reader would
// mistake an unverified member for a signed one.
//
//	keys, err := auditproof.ParseKeys(keySet)   // the answer of /keys/policy-integrity-signing
//	err = auditproof.Walk(pages, keys)          // nil, or an *Error that names the page and the entry
//
// [PageProof] and [WalkProof] check the hashes, the chain and the signatures alone, for a service that writes times or
// names filters in its own way.
//
// [Sketch] returns what a page claims to be, valid or not, so that messages can name pages and entries.
//
// Two faults cannot be detected. An entry older than the retention may be missing: the service may cut by another clock
// than exported_at. And entries may arrive between pages, so a total may be larger than the previous page leaves, but only
// by as many entries as are younger than all before.
package auditproof

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Error is the place in an export that differs from what was signed, and the difference.
type Error struct {
	// Page is the number of the page, from 1.
	Page int
	// Entry is the number of the entry on its page, from 1; 0 when the fault is not one entry's.
	Entry   int
	Message string
	// At is the JSON Pointer, in the export, of a member that is missing, unknown or has another form; "" for any other fault.
	At string
}

// Error implements error.
func (b *Error) Error() string {
	if b.Entry > 0 {
		return fmt.Sprintf("page %d, entry %d: %s", b.Page, b.Entry, b.Message)
	}
	return fmt.Sprintf("page %d: %s", b.Page, b.Message)
}

// Page checks one page by itself, whatever page of its export it is.
func Page(text []byte, keys Keys) error {
	_, err := readPage(text, keys)
	return located(err, 1)
}

// Walk checks the pages of one whole export: the first asks for the start, each other one continues the page before
// it, and the last leaves nothing.
func Walk(texts [][]byte, keys Keys) error {
	if len(texts) == 0 {
		return &Error{Page: 1, Message: "there is none"}
	}
	pages, err := readWalk(texts, keys, readPage)
	if err != nil {
		return err
	}
	return checkTotals(pages)
}

// readWalk reads all pages, checks each against the one before, and that every entry is unique.
func readWalk(texts [][]byte, keys Keys, read func([]byte, Keys) (*page, error)) ([]*page, error) {
	pages := make([]*page, 0, len(texts))
	for i, text := range texts {
		p, err := read(text, keys)
		if err != nil {
			return nil, located(err, i+1)
		}
		if i == 0 {
			err = p.starts()
		} else {
			err = p.follows(pages[i-1])
		}
		if err != nil {
			return nil, located(err, i+1)
		}
		pages = append(pages, p)
	}
	if last := pages[len(pages)-1]; last.nextCursor != nil {
		return nil, &Error{Page: len(pages), Message: "more follows after " + *last.nextCursor + ", but there is no next page"}
	}
	return pages, checkUnique(pages)
}

// located puts the number of the page into a fault that was found without knowing it.
func located(err error, number int) error {
	if broken, ok := err.(*Error); ok {
		broken.Page = number
	}
	return err
}

// wrong is a fault of the page at hand.
func wrong(format string, args ...any) error {
	return &Error{Message: fmt.Sprintf(format, args...)}
}

// malformed is a fault in the form of a member of the page at hand.
func malformed(at, format string, args ...any) error {
	return &Error{Message: fmt.Sprintf(format, args...), At: at}
}

// wrongEntry is a fault of one entry, counted from 0, of the page at hand.
func wrongEntry(index int, format string, args ...any) error {
	return &Error{Entry: index + 1, Message: fmt.Sprintf(format, args...)}
}

// inEntry puts the entry, counted from 0, into a fault that was found without knowing it.
func inEntry(err error, index int) error {
	if broken, ok := err.(*Error); ok {
		broken.Entry = index + 1
		if broken.At != "" {
			broken.At = fmt.Sprintf("/entries/%d%s", index, broken.At)
		}
	}
	return err
}

// page is what the checks between pages need of one that is sound by itself.
type page struct {
	filters    []byte // canonical query without the continuation
	after      continuation
	total      int
	entries    []entry
	nextCursor *string
	chainHash  string
	checkpoint string
}

// continuation is what a page names of the page before it; nil on a first page.
type continuation struct{ cursor, attestation, checkpoint *string }

// entry is what decides an entry's place.
type entry struct {
	id, provider, at string
	arrival          string // the digits of the id
}

// readPage takes a page apart and holds it to everything that can be seen of one page alone.
func readPage(text []byte, keys Keys) (*page, error) {
	export, err := readText("the export", text,
		"exported_at", "query", "total_filtered", "entries", "next_cursor?", "export_hash", "attestation", "checkpoint", "signature")
	if err != nil {
		return nil, err
	}
	p := &page{}
	if _, err := export.time("exported_at"); err != nil {
		return nil, err
	}
	if p.total, err = export.count("total_filtered"); err != nil {
		return nil, err
	}
	if p.nextCursor, err = export.optionalText("next_cursor"); err != nil {
		return nil, err
	}
	query, err := p.readQuery(export)
	if err != nil {
		return nil, err
	}
	if err := p.readEntries(export, query); err != nil {
		return nil, err
	}
	if err := p.checkCursors(query); err != nil {
		return nil, err
	}
	if err := p.checkHashes(export); err != nil {
		return nil, err
	}
	// The signature is checked last: it covers everything, so its failure does not show what was changed.
	return p, checkSignature(export, keys)
}

// The signed query has the effective values: a service replaces a limit that is too high.
const (
	maxLimit         = 200
	maxRetentionDays = 3650
)

// query is what the filters of a page ask of its entries.
type query struct {
	limit             int
	from, to, ofEvent *string
}

func (p *page) readQuery(export *object) (*query, error) {
	read, err := export.object("query", "limit", "retention_days", "from_iso?", "to_iso?", "event_type?",
		"cursor_after?", "attestation_after?", "checkpoint_after?")
	if err != nil {
		return nil, err
	}
	query := &query{}
	if query.limit, err = read.count("limit"); err != nil {
		return nil, err
	}
	days, err := read.count("retention_days")
	if err != nil {
		return nil, err
	}
	if query.limit < 1 || query.limit > maxLimit || days < 1 || days > maxRetentionDays {
		return nil, wrong("the query has a limit of %d (1 to %d) and a retention of %d days (1 to %d)",
			query.limit, maxLimit, days, maxRetentionDays)
	}
	for _, part := range []struct {
		name string
		into **string
	}{
		{"from_iso", &query.from}, {"to_iso", &query.to}, {"event_type", &query.ofEvent},
	} {
		if *part.into, err = read.optionalText(part.name); err != nil {
			return nil, err
		}
	}
	if p.after, err = continuationOf(read); err != nil {
		return nil, err
	}
	for _, name := range []string{"from_iso", "to_iso"} {
		if read.has(name) {
			if _, err := read.time(name); err != nil {
				return nil, err
			}
		}
	}
	after := p.after
	if (after.cursor == nil) != (after.attestation == nil) || (after.cursor == nil) != (after.checkpoint == nil) {
		return nil, wrong("the query has some of cursor_after, attestation_after and checkpoint_after: they come together")
	}
	p.filters = read.without("cursor_after", "attestation_after", "checkpoint_after")
	return query, nil
}

func (p *page) readEntries(export *object, query *query) error {
	list, err := export.list("entries")
	if err != nil {
		return err
	}
	for i, text := range list {
		read, err := readEntry(text)
		if err == nil {
			err = query.admits(read)
		}
		if err == nil && i > 0 {
			err = read.checkOrder(p.entries[i-1])
		}
		if err == nil && i > 0 && read.provider != p.entries[0].provider {
			err = wrong("it is an entry of %q on a page of %q", read.provider, p.entries[0].provider)
		}
		if err != nil {
			return inEntry(err, i)
		}
		p.entries = append(p.entries, read.entry)
	}
	return nil
}

// auditEntry is an entry with what the filters look at.
type auditEntry struct {
	entry
	event string
}

func readEntry(text jsontext.Value) (*auditEntry, error) {
	read, err := readObject("the entry", text,
		"audit_id", "provider_id", "event_type", "recorded_at", "actor", "reason_codes", "details")
	if err != nil {
		return nil, err
	}
	e := &auditEntry{}
	if e.id, err = read.text("audit_id"); err != nil {
		return nil, err
	}
	if e.arrival = arrivalOf(e.id); e.arrival == "" {
		return nil, wrong("%q is no audit id: plpaudit_ and a number", e.id)
	}
	if e.provider, err = read.text("provider_id"); err != nil {
		return nil, err
	}
	if e.event, err = read.text("event_type"); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"onboarded", "status_upserted", "eligibility_evaluated", "rollout_upserted"}, e.event) {
		return nil, wrong("%q is no event type", e.event)
	}
	if e.at, err = read.time("recorded_at"); err != nil {
		return nil, err
	}
	actor, err := read.object("actor", "type", "id")
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"type", "id"} {
		if _, err := actor.text(name); err != nil {
			return nil, err
		}
	}
	if _, err := read.list("reason_codes"); err != nil {
		return nil, err
	}
	return e, read.mustBeObject("details")
}

// arrivalOf returns the number in an audit id without leading zeros, or "" when it is no audit id.
func arrivalOf(id string) string {
	digits, ok := strings.CutPrefix(id, "plpaudit_")
	if !ok || len(digits) < 6 || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return strings.TrimLeft(digits, "0")
}

// younger reports whether arrival a is later than b. The numbers are unbounded, so their digits are compared.
func younger(a, b string) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	return a > b
}

// admits checks an entry against the filters. All times have one format, so they are compared as text.
func (q *query) admits(e *auditEntry) error {
	switch {
	case q.from != nil && e.at < *q.from:
		return wrong("%s is before from_iso %s", e.at, *q.from)
	case q.to != nil && e.at >= *q.to:
		return wrong("%s is not before to_iso %s", e.at, *q.to)
	case q.ofEvent != nil && e.event != *q.ofEvent:
		return wrong("it is a %s entry in an export of %s", e.event, *q.ofEvent)
	}
	return nil
}

// checkOrder checks the order of the export: by time, then by arrival.
func (e entry) checkOrder(before entry) error {
	switch {
	case e.at < before.at:
		return wrong("%s at %s is after %s at %s", e.id, e.at, before.id, before.at)
	case e.at == before.at && !younger(e.arrival, before.arrival):
		return wrong("%s is after %s at the same time, but did not arrive after it", e.id, before.id)
	}
	return nil
}

func (e entry) cursor() string { return e.at + "|" + e.id }

// checkCursors holds the page's total and its place in the walk to its entries.
func (p *page) checkCursors(query *query) error {
	count := len(p.entries)
	if count > query.limit {
		return wrong("it has %d entries, more than its limit of %d", count, query.limit)
	}
	if p.after.cursor != nil && count > 0 {
		at, id, _ := strings.Cut(*p.after.cursor, "|")
		before := entry{id: id, at: at, arrival: arrivalOf(id)}
		if before.arrival == "" || !isTime(at) {
			return wrong("cursor_after %q is no cursor", *p.after.cursor)
		}
		if err := p.entries[0].checkOrder(before); err != nil {
			return wrongEntry(0, "it is not after cursor_after %s", *p.after.cursor)
		}
	}
	if p.nextCursor == nil {
		if p.total != count {
			return wrong("total_filtered is %d on a last page of %d entries", p.total, count)
		}
		return nil
	}
	if count < query.limit {
		return wrong("more follows although only %d of at most %d entries are on the page", count, query.limit)
	}
	if p.total <= count {
		return wrong("more follows although total_filtered is %d and the page has %d", p.total, count)
	}
	if last := p.entries[count-1].cursor(); *p.nextCursor != last {
		return wrong("next_cursor is %q and the last entry's cursor %q", *p.nextCursor, last)
	}
	return nil
}
