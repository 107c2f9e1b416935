package auditproof

import "encoding/json"

// Outline is what a page claims to be. Only [Walk] verifies it. Of an invalid page the outline suffices to name an
// entry or a neighbour.
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

// Filters are the filters of an export, equal on each page. Entries outside them are not in the export.
type Filters struct {
	FromISO       string `json:"from_iso,omitempty"`
	ToISO         string `json:"to_iso,omitempty"`
	EventType     string `json:"event_type,omitempty"`
	Limit         int    `json:"limit"`
	RetentionDays int    `json:"retention_days"`
}

// Sketch reads the outline of a page as far as it is readable.
func Sketch(text []byte) Outline {
	var o Outline
	_ = json.Unmarshal(text, &o) // it goes on after a member of another type than it should have, and that is wanted
	return o
}

// Continues reports whether the page claims to follow the other.
func (o Outline) Continues(before Outline) bool {
	return o.Query.AttestationAfter != nil && *o.Query.AttestationAfter == before.Attestation.ChainHash
}
