package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/jcs"
)

const noon instant.Instant = 1771761600000 // 2026-02-22T12:00:00.000Z

var signer = Signer{"test-key", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}

func entry(seq uint64, at instant.Instant) *Entry {
	return NewEntry(seq, Record{
		ProviderID: "plp_000001", EventType: "onboarded", RecordedAt: at,
		Actor: jcs.Value(`{"id":"amber","type":"partner"}`), Details: jcs.Value("{\"a\":\"\u2028\",\"é\":1}"),
	})
}

// commit gives a page's export as decoded JSON.
func commit(t *testing.T, p Page) (Export, map[string]any) {
	t.Helper()
	export := p.Commit(nil, "plp_000001", signer)
	var members map[string]any
	if err := json.Unmarshal(export.JSON, &members); err != nil {
		t.Fatalf("reading the export: %v", err)
	}
	return export, members
}

// sum is the SHA-256 of the canonical form of v, by way of decoded JSON: the long
// way, which shares nothing with how Commit puts its text together.
func sum(t *testing.T, v any) string {
	t.Helper()
	s := sha256.Sum256(canonical(t, v))
	return hex.EncodeToString(s[:])
}

func canonical(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err == nil {
		err = (*jsontext.Value)(&text).Canonicalize()
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func without(m map[string]any, name string) map[string]any {
	rest := map[string]any{}
	for k, v := range m {
		if k != name {
			rest[k] = v
		}
	}
	return rest
}

func TestCommit(t *testing.T) {
	more := Page{
		Filters: Filters{From: noon, HasFrom: true, EventType: "onboarded", Limit: 2, RetentionDays: 180},
		After:   Continuation{"c", "a", "k"}, Entries: []*Entry{entry(1, noon), entry(2, noon)}, Total: 3, ExportedAt: noon,
	}
	last := Page{Filters: Filters{Limit: 50, RetentionDays: 1}, Entries: []*Entry{entry(3, noon)}, Total: 1, ExportedAt: noon + 1}
	for _, test := range []struct {
		name string
		page Page
		next any
	}{
		{"export-hashes-the-page: more follows", more, "2026-02-22T12:00:00.000Z|plpaudit_000002"},
		{"export-hashes-the-page: the last page", last, nil},
		{"export-hashes-the-page: an empty page", Page{Filters: Filters{Limit: 50, RetentionDays: 180}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			export, m := commit(t, test.page)
			if string(export.JSON) != string(canonical(t, m)) {
				t.Errorf("the export is not in canonical form:\n%s", export.JSON)
			}
			if m["next_cursor"] != test.next {
				t.Errorf("export-limits-pages: next cursor %v, want %v", m["next_cursor"], test.next)
			}
			if got := m["total_filtered"]; got != float64(test.page.Total) {
				t.Errorf("export-counts-from-cursor: %v, want %d", got, test.page.Total)
			}
			body := map[string]any{"entries": m["entries"], "total_filtered": m["total_filtered"], "query": m["query"]}
			if test.next != nil {
				body["next_cursor"] = test.next
			}
			attestation, checkpoint := m["attestation"].(map[string]any), m["checkpoint"].(map[string]any)
			for _, hash := range []struct {
				name      string
				got, want any
			}{
				{"export_hash", m["export_hash"], sum(t, body)},
				{"page_hash", attestation["page_hash"], m["export_hash"]},
				{"export-chains-pages: chain_hash", attestation["chain_hash"], sum(t, without(attestation, "chain_hash"))},
				{"attestation_chain_hash", checkpoint["attestation_chain_hash"], attestation["chain_hash"]},
				{"export-issues-checkpoints: checkpoint_hash", checkpoint["checkpoint_hash"], sum(t, without(checkpoint, "checkpoint_hash"))},
				{"the checkpoint's key", export.Hash, checkpoint["checkpoint_hash"]},
			} {
				if hash.got != hash.want {
					t.Errorf("%s: got %v, want %v", hash.name, hash.got, hash.want)
				}
			}
			signature := m["signature"].(map[string]any)
			sig, err := base64.StdEncoding.DecodeString(signature["sig"].(string))
			if err != nil || !ed25519.Verify(signer.Key.Public().(ed25519.PublicKey), canonical(t, without(m, "signature")), sig) {
				t.Errorf("export-is-signed: the signature does not verify (%v)", err)
			}
		})
	}
	t.Run("export-filters-events: filters that were given are in the query", func(t *testing.T) {
		_, m := commit(t, more)
		want := `{"attestation_after":"a","checkpoint_after":"k","cursor_after":"c","event_type":"onboarded","from_iso":"2026-02-22T12:00:00.000Z","limit":2,"retention_days":180}`
		if got := string(canonical(t, m["query"])); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		_, m = commit(t, last)
		if got, want := string(canonical(t, m["query"])), `{"limit":50,"retention_days":1}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestWindow(t *testing.T) {
	day := instant.Days(1)
	for _, test := range []struct {
		name      string
		filters   Filters
		low, high instant.Instant
	}{
		{"export-retention-cuts: to the millisecond", Filters{RetentionDays: 2}, noon - 2*day, 1<<63 - 1},
		{"export-window-is-half-open: from later than the cut", Filters{RetentionDays: 2, HasFrom: true, From: noon - day}, noon - day, 1<<63 - 1},
		{"export-window-is-half-open: from earlier than the cut", Filters{RetentionDays: 2, HasFrom: true, From: noon - 3*day}, noon - 2*day, 1<<63 - 1},
		{"export-window-is-half-open: to", Filters{RetentionDays: 2, HasTo: true, To: noon}, noon - 2*day, noon},
	} {
		t.Run(test.name, func(t *testing.T) {
			if low, high := test.filters.Window(noon); low != test.low || high != test.high {
				t.Errorf("got %v to %v, want %v to %v", low, high, test.low, test.high)
			}
		})
	}
}

func TestNext(t *testing.T) {
	filters := Filters{Limit: 2, RetentionDays: 3}
	checkpoint := Checkpoint{"plp_000001", "cursor", "chain", filters, noon}
	after := Continuation{"cursor", "chain", "hash"}
	other := filters
	other.Limit = 3
	for _, test := range []struct {
		name     string
		after    Continuation
		provider string
		filters  Filters
		now      instant.Instant
		kept     int
		want     string
	}{
		{"export-checkpoint-is-own: permits its provider", after, "plp_000001", filters, noon, 0, ""},
		{"export-checkpoint-is-own: refuses another", after, "plp_000002", filters, noon, 0, "export-checkpoint-is-own"},
		{"export-checkpoint-is-fresh: permits the last millisecond of its own retention", after, "plp_000001", filters, noon + instant.Days(3), 0, ""},
		{"export-checkpoint-is-fresh: refuses a millisecond later", after, "plp_000001", filters, noon + instant.Days(3) + 1, 0, "export-checkpoint-is-fresh"},
		{"export-checkpoint-is-fresh: permits the last millisecond of the server's", after, "plp_000001", filters, noon + instant.Days(1), 1, ""},
		{"export-checkpoint-is-fresh: refuses a millisecond later than that", after, "plp_000001", filters, noon + instant.Days(1) + 1, 1, "export-checkpoint-is-fresh"},
		{"export-page-follows-its-checkpoint: refuses another cursor", Continuation{"other", "chain", "hash"}, "plp_000001", filters, noon, 0, "export-page-follows-its-checkpoint"},
		{"export-page-follows-its-checkpoint: refuses another attestation", Continuation{"cursor", "other", "hash"}, "plp_000001", filters, noon, 0, "export-page-follows-its-checkpoint"},
		{"export-filters-stay: refuses another limit", after, "plp_000001", other, noon, 0, "export-filters-stay"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if broken := checkpoint.Next(nil, test.after, test.provider, test.filters, test.now, test.kept); broken != nil {
				got = string(broken.Rule)
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestOrderAndCursor(t *testing.T) {
	early, late, tie := entry(2, noon-1), entry(1, noon), entry(3, noon)
	t.Run("export-orders-entries: by time, then by arrival", func(t *testing.T) {
		if !Less(early, late) || Less(late, early) || !Less(late, tie) || Less(tie, late) || Less(tie, tie) {
			t.Error("the order is not by time, then by arrival")
		}
	})
	t.Run("a cursor names its place", func(t *testing.T) {
		if got, ok := ParseCursor(late.Cursor()); !ok || got.RecordedAt != late.RecordedAt || got.Seq != late.Seq {
			t.Errorf("got %+v, %v", got, ok)
		}
		for _, cursor := range []string{"", "|", "2026-02-22T12:00:00Z|plpaudit_000001", "2026-02-22T12:00:00.000Z|plpaudit_1", "2026-02-22T12:00:00.000Z", late.Cursor() + " "} {
			if _, ok := ParseCursor(cursor); ok {
				t.Errorf("ParseCursor(%q) succeeded", cursor)
			}
		}
	})
	t.Run("ids grow past six digits", func(t *testing.T) {
		if got := ID(1234567); got != "plpaudit_1234567" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("an entry has exactly the contract's members", func(t *testing.T) {
		if got := string(late.JSON); !strings.HasPrefix(got, `{"actor":{"id":"amber","type":"partner"},"audit_id":"plpaudit_000001","details":{`) || !strings.Contains(got, `"reason_codes":[]`) {
			t.Errorf("got %s", got)
		}
	})
}
