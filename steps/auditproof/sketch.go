package auditproof

import "encoding/json"

// Outline is what a page says of itself. It is proved by [Walk] and by nothing in here: of a page that does not verify
// it tells only what somebody claims, which is enough to name an entry or to find a page's neighbour.
type Outline struct {
	// ExportedAt is when the page was made.
	ExportedAt string `json:"exported_at"`
	// Query has the filters, and what the page continues; nil on a first page.
	Query struct {
		CursorAfter      *string `json:"cursor_after"`
		AttestationAfter *string `json:"attestation_after"`
		Filters
	} `json:"query"`
	Entries []struct {
		AuditID    string `json:"audit_id"`
		ProviderID string `json:"provider_id"`
		RecordedAt string `json:"recorded_at"`
	} `json:"entries"`
	// NextCursor is where the page after this one starts; nil on a last page.
	NextCursor  *string `json:"next_cursor"`
	Attestation struct {
		ChainHash string `json:"chain_hash"`
	} `json:"attestation"`
	Signature struct {
		KeyID string `json:"key_id"`
	} `json:"signature"`
}

// Filters are what an export was asked for, and the same on each of its pages. What they leave out is not in it.
type Filters struct {
	FromISO       string `json:"from_iso,omitempty"`
	ToISO         string `json:"to_iso,omitempty"`
	EventType     string `json:"event_type,omitempty"`
	Limit         int    `json:"limit"`
	RetentionDays int    `json:"retention_days"`
}

// Sketch reads what a page says of itself, as far as it can be read.
func Sketch(text []byte) Outline {
	var o Outline
	_ = json.Unmarshal(text, &o) // it goes on after a member of another type than it should have, and that is wanted
	return o
}

// Continues tells whether the page says that it is the one after the other.
func (o Outline) Continues(before Outline) bool {
	return o.Query.AttestationAfter != nil && *o.Query.AttestationAfter == before.Attestation.ChainHash
}
