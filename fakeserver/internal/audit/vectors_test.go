package audit

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fixtures"
)

// The pages of fixtures/vectors were hashed, chained and signed by Node.js (see
// make.mjs there). From the same entries, Commit makes the same bytes.
func TestVectors(t *testing.T) {
	text, err := fixtures.FS.ReadFile("vectors/export-pages.json")
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		ProviderID string         `json:"provider_id"`
		Export     jsontext.Value `json:"export"`
	}
	var vectors struct {
		Walk  []answer `json:"walk"`
		Empty answer   `json:"empty"`
		Full  answer   `json:"full"`
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors.Walk) < 3 {
		t.Fatalf("the walk has %d pages, want 3 at least", len(vectors.Walk))
	}
	signer := Signer{"lpgate-dev-k1", developmentKey(t)}
	for _, answer := range append(vectors.Walk, vectors.Empty, vectors.Full) {
		var shown struct {
			ExportedAt instant.Instant  `json:"exported_at"`
			Entries    []jsontext.Value `json:"entries"`
			Total      int              `json:"total_filtered"`
			Query      struct {
				Limit            int              `json:"limit"`
				RetentionDays    int              `json:"retention_days"`
				From             *instant.Instant `json:"from_iso"`
				To               *instant.Instant `json:"to_iso"`
				EventType        string           `json:"event_type"`
				CursorAfter      string           `json:"cursor_after"`
				AttestationAfter string           `json:"attestation_after"`
				CheckpointAfter  string           `json:"checkpoint_after"`
			} `json:"query"`
		}
		if err := json.Unmarshal(answer.Export, &shown); err != nil {
			t.Fatal(err)
		}
		page := Page{
			Filters:    Filters{Limit: shown.Query.Limit, RetentionDays: shown.Query.RetentionDays, EventType: shown.Query.EventType},
			After:      Continuation{shown.Query.CursorAfter, shown.Query.AttestationAfter, shown.Query.CheckpointAfter},
			Total:      shown.Total,
			ExportedAt: shown.ExportedAt,
		}
		if shown.Query.From != nil {
			page.Filters.From, page.Filters.HasFrom = *shown.Query.From, true
		}
		if shown.Query.To != nil {
			page.Filters.To, page.Filters.HasTo = *shown.Query.To, true
		}
		for _, entry := range shown.Entries {
			var placed struct {
				AuditID    string          `json:"audit_id"`
				RecordedAt instant.Instant `json:"recorded_at"`
			}
			if err := json.Unmarshal(entry, &placed); err != nil {
				t.Fatal(err)
			}
			e, ok := ParseCursor(placed.RecordedAt.String() + "|" + placed.AuditID)
			if !ok {
				t.Fatalf("the entry %s has no place", placed.AuditID)
			}
			if err := entry.Canonicalize(); err != nil {
				t.Fatal(err)
			}
			e.JSON = entry
			page.Entries = append(page.Entries, e)
		}
		want := answer.Export.Clone()
		if err := want.Canonicalize(); err != nil {
			t.Fatal(err)
		}
		if got := page.Commit(nil, answer.ProviderID, signer).JSON; string(got) != string(want) {
			t.Errorf("the page after %q:\ngot  %s\nwant %s", shown.Query.CursorAfter, got, want)
		}
	}
}

func developmentKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	text, err := fixtures.FS.ReadFile("keys/lpgate-dev-k1.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("keys/lpgate-dev-k1.pem has no PEM block")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(ed25519.PrivateKey)
}
