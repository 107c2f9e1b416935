package imperfect

import (
	"cmp"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// filters are those in force on an export.
type filters struct {
	from, to             string // normalised, or "" if they are not given
	eventType            string
	limit, retentionDays int
}

// checkpoint is what is stored of a page, so that the next one can follow.
type checkpoint struct {
	providerID, cursor, chain string
	filters                   filters
	exportedAt                time.Time
}

// expired reports whether a checkpoint cannot be continued from at a time.
func (c checkpoint) expired(now time.Time) bool {
	return now.After(c.exportedAt.Add(days(c.filters.retentionDays)))
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// exportQuery is the query of an export, read.
type exportQuery struct {
	filters
	low, high                       *time.Time // of from_iso and to_iso, or nil
	fromSent, toSent                string
	cursor, attestation, checkpoint string
	now, exportedAt                 time.Time
}

// export makes a signed page.
func (s *service) export(x *request, p *provider) (object, *refusal) {
	q, refused := s.readQuery(x)
	if refused != nil {
		return nil, refused
	}
	if s.on[checkpointsPruned] {
		for hash, c := range s.checkpoints {
			if c.expired(q.now) && !(s.on[expiredCheckpointsTaken] && hash == q.checkpoint) {
				delete(s.checkpoints, hash)
			}
		}
	}
	rest := s.filtered(p, q)
	if q.cursor+q.attestation+q.checkpoint != "" {
		if rest, refused = s.continued(p, q, rest); refused != nil {
			return nil, refused
		}
	}
	return s.seal(p, q, rest), nil
}

var (
	digits     = regexp.MustCompile(`^[0-9]+$`)
	zeros      = regexp.MustCompile(`^0*$`)
	eventTypes = []string{"onboarded", "status_upserted", "eligibility_evaluated", "rollout_upserted"}
)

// readQuery reads the query of an export.
func (s *service) readQuery(x *request) (q exportQuery, refused *refusal) {
	values, err := url.ParseQuery(x.URL.RawQuery)
	if err != nil {
		return q, invalid("The query string is malformed.")
	}
	get := func(name string) string { // of several values the last counts
		given := values[name]
		if len(given) == 0 {
			return ""
		}
		return given[len(given)-1]
	}
	count := func(name string, absent, most int) int {
		text := get(name)
		switch {
		case text == "":
			return absent
		case !digits.MatchString(text) || zeros.MatchString(text):
			refused = cmp.Or(refused, invalid(name+" is no whole number from 1 on."))
			return absent
		}
		n, err := strconv.Atoi(text)
		if err != nil { // it is out of range
			return most
		}
		return min(n, most)
	}
	readTime := func(name string) (at *time.Time, sent, normalised string) {
		if sent = get(name); sent == "" {
			return nil, "", ""
		}
		read, err := s.parseTime(sent)
		if err != nil {
			refused = cmp.Or(refused, invalid(name+" is "+err.Error()+"."))
		}
		return &read, sent, formatTime(read)
	}
	limits := s.milestone.Limits
	q.limit = count("limit", limits.ExportLimitDefault, limits.ExportLimitMax)
	q.retentionDays = count("retention_days", limits.RetentionDaysDefault, limits.RetentionDaysMax)
	q.low, q.fromSent, q.from = readTime("from_iso")
	q.high, q.toSent, q.to = readTime("to_iso")
	if q.eventType = get("event_type"); q.eventType != "" && !slices.Contains(eventTypes, q.eventType) {
		refused = cmp.Or(refused, invalid("event_type is no event type."))
	}
	var now, exportedAt *time.Time
	if s.options.TestClock {
		now, _, _ = readTime("now_iso")
		exportedAt, _, _ = readTime("exported_at_iso")
	}
	q.cursor, q.attestation, q.checkpoint = get("cursor_after"), get("attestation_after"), get("checkpoint_after")
	complete := (q.cursor == "") == (q.attestation == "") && (q.cursor == "") == (q.checkpoint == "")
	if !complete && !s.on[partialContinuationsTaken] {
		refused = cmp.Or(refused, invalid("The continuation values come together or not at all."))
	}
	if refused != nil {
		return q, refused
	}
	if now != nil {
		q.now = *now
	} else if q.now, refused = s.requestNow(x); refused != nil {
		return q, refused
	}
	q.exportedAt = *cmp.Or(exportedAt, &q.now)
	return q, nil
}

// compare is the order of an export.
func (s *service) compare(a, b entry) int {
	order := cmp.Or(a.at.Compare(b.at), a.number-b.number)
	if s.on[exportReversed] {
		return -order
	}
	return order
}

// filtered returns the entries that the filters select, in order.
func (s *service) filtered(p *provider, q exportQuery) []entry {
	var selected []entry
	for _, e := range p.entries {
		late := q.high != nil && !e.at.Before(*q.high) && !(s.on[toISOInclusive] && e.at.Equal(*q.high))
		switch {
		case late, q.low != nil && e.at.Before(*q.low), e.at.Before(q.now.Add(-days(q.retentionDays))):
		case q.eventType != "" && e.eventType != q.eventType && !s.on[eventTypeIgnored]:
		default:
			selected = append(selected, e)
		}
	}
	slices.SortFunc(selected, s.compare)
	return selected
}

// continued returns the entries after the cursor.
func (s *service) continued(p *provider, q exportQuery, selected []entry) ([]entry, *refusal) {
	if q.checkpoint != "" {
		c, known := s.checkpoints[q.checkpoint]
		switch {
		case !known || c.providerID != p.id:
			return nil, invalid("The checkpoint is unknown.")
		case c.expired(q.now) && !s.on[expiredCheckpointsTaken]:
			return nil, invalid("The checkpoint has expired.")
		case q.cursor != "" && q.cursor != c.cursor, q.attestation != "" && q.attestation != c.chain:
			return nil, invalid("The continuation values are of different pages.")
		case q.filters != c.filters && !s.on[continuationChangesFilters]:
			return nil, invalid("The filters differ from those of the page before.")
		}
	}
	if q.cursor == "" { // it is a partial continuation
		return selected, nil
	}
	at := slices.IndexFunc(p.entries, func(e entry) bool { return e.cursor() == q.cursor })
	if at < 0 {
		return nil, invalid("The cursor is unknown.")
	}
	cursor := p.entries[at]
	inside := func(e entry) bool { return e.number == cursor.number }
	if !slices.ContainsFunc(selected, inside) && !s.on[continuationChangesFilters] {
		return nil, invalid("The entry of the cursor is no longer selected.")
	}
	return slices.DeleteFunc(selected, func(e entry) bool { return s.compare(e, cursor) <= 0 }), nil
}

// cursor is the cursor behind an entry.
func (e entry) cursor() string {
	return fmt.Sprintf("%s|%s", e.shown["recorded_at"], e.shown["audit_id"])
}

// seal hashes, chains and signs the page of the first entries of what is left, and stores its checkpoint.
func (s *service) seal(p *provider, q exportQuery, rest []entry) object {
	page := rest[:min(len(rest), q.limit)]
	entries := []any{}
	for _, e := range page {
		entries = append(entries, e.shown)
	}
	export := object{"entries": entries, "total_filtered": len(rest), "query": s.queryShown(q)}
	next := ""
	if len(page) < len(rest) {
		next = page[len(page)-1].cursor()
		export["next_cursor"] = next
	}
	exportHash := hashOf(export)
	attestation := object{
		"cursor_after": orNull(q.cursor), "next_cursor": orNull(next), "attestation_after": orNull(q.attestation),
		"page_hash": exportHash,
	}
	chain := hashOf(attestation)
	attestation["chain_hash"] = chain
	kept := object{
		"checkpoint_after": orNull(q.checkpoint), "attestation_chain_hash": chain, "next_cursor": orNull(next),
		"entries_count": len(page), "total_filtered": len(rest),
	}
	checkpointHash := hashOf(kept)
	kept["checkpoint_hash"] = checkpointHash
	export["exported_at"], export["export_hash"] = formatTime(q.exportedAt), exportHash
	export["attestation"], export["checkpoint"] = attestation, kept
	signature := base64.StdEncoding.EncodeToString(ed25519.Sign(s.key, canonical(export)))
	export["signature"] = object{"key_id": signingKey, "alg": "ed25519", "sig": signature}
	s.checkpoints[checkpointHash] = checkpoint{p.id, next, chain, q.filters, q.exportedAt}
	return export
}

// queryShown is the query of an export: the filters in force.
func (s *service) queryShown(q exportQuery) object {
	shown := object{"limit": q.limit}
	if !s.on[noRetentionDaysInQuery] {
		shown["retention_days"] = q.retentionDays
	}
	from, to, eventType := q.from, q.to, q.eventType
	if s.on[timesEchoedAsSent] {
		from, to = q.fromSent, q.toSent
	}
	if s.on[noEventTypeInQuery] {
		eventType = ""
	}
	for name, value := range map[string]string{
		"from_iso": from, "to_iso": to, "event_type": eventType,
		"cursor_after": q.cursor, "attestation_after": q.attestation, "checkpoint_after": q.checkpoint,
	} {
		if value != "" {
			shown[name] = value
		}
	}
	return shown
}

// orNull is a text, or null for "".
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
