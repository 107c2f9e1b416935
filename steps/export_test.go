package steps

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// serveVectors makes the toy serve the export of fixtures/vectors, which another program signed. change may change an
// answer.
func (s *stage) serveVectors(t *testing.T, change func(target, body string) string) {
	t.Helper()
	var file struct {
		KeySet      json.RawMessage `json:"key_set"`
		Walk        []json.RawMessage
		Empty, Full json.RawMessage
	}
	if err := json.Unmarshal([]byte(fixture(t, "vectors/export-pages.json")), &file); err != nil {
		t.Fatal(err)
	}
	pages := map[string]json.RawMessage{"": file.Walk[0]} // by the cursor that asks for them
	for _, page := range file.Walk[1:] {
		value, err := decode(page)
		if err != nil {
			t.Fatal(err)
		}
		cursor, _, _ := find(value, []string{"export", "query", "cursor_after"})
		pages[fmt.Sprint(cursor)] = page
	}
	s.answer = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		var body json.RawMessage
		switch query := r.URL.Query(); {
		case strings.HasPrefix(r.URL.Path, "/keys/"):
			body = file.KeySet
		case !strings.HasSuffix(r.URL.Path, "/export"):
			return false
		case query.Get("event_type") != "":
			body = file.Empty
		case query.Get("limit") == "50":
			body = file.Full
		default:
			body = pages[query.Get("cursor_after")]
		}
		w.Write([]byte(change(r.RequestURI, string(body))))
		return true
	}
}

func unchanged(_, body string) string { return body }

func TestExports(t *testing.T) {
	s := newStage(t)
	s.serveVectors(t, unchanged)
	s.mustPlay(t, `
		I have onboarded a provider
		I have exported its audit with:
		| query limit | 3 |
		the page verifies
		the page's proof holds
		I ask for the next page
		the answer is 200
		the page verifies
		I ask for the next page with:
		| query x | 1 |
		the page verifies
		"/export/next_cursor" is absent
		I walk the export
		the walk verifies
		the walk's proof holds
		the walk has 3 pages
		the walk has 7 entries
		the page verifies
		the walk's "/audit_id" are ["plpaudit_000001", "plpaudit_000002", "plpaudit_000007", "plpaudit_000004", "plpaudit_000005", "plpaudit_000006", "plpaudit_000008"]
		I walk the export with:
		| query event_type | onboarded |
		the walk verifies
		the walk has 1 page
		the walk has 0 entries
		the walk's "/event_type" are []
		the walk's "/recorded_at" are the times []
	`)
}

func TestTheNextPageIsTheSameQueryContinued(t *testing.T) {
	s := newStage(t)
	s.mustPlay(t, `
		I have onboarded a provider
		I have upserted its status
		I have upserted its status
		I have exported its audit with:
		| query limit        | 1               |
		| query from_iso     | 2026-01-01T00Z  |
		| header X-Now-Iso   | 2026            |
		I ask for the next page
		I act as partner "{stranger}"
		I ask for the next page with:
		| query limit        | 2               |
		| query cursor_after | mine            |
	`)
	for i, want := range []string{
		"?limit=1&from_iso=2026-01-01T00Z",
		"?limit=1&from_iso=2026-01-01T00Z&cursor_after=now%7Cplpaudit_000001&attestation_after=chain%200&checkpoint_after=checkpoint%200",
		"?from_iso=2026-01-01T00Z&attestation_after=chain%201&checkpoint_after=checkpoint%201&limit=2&cursor_after=mine",
	} {
		got := s.seen[len(s.seen)-3+i]
		if target := providers + "/plp_000001/rollout/export" + want; got.target != target {
			t.Errorf("page %d: got %s, want %s", i+1, got.target, target)
		}
	}
	if got := s.last().header; got.Get("X-Actor-Id") != in(s.ctx).text("stranger") || got.Get("X-Now-Iso") != "" {
		t.Errorf("got headers %v, want those of now", got)
	}
}

func TestARefusedPageIsNoPlaceToGoOnFrom(t *testing.T) {
	s := newStage(t)
	s.answer = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		return r.URL.Query().Get("cursor_after") == "forged" && invalid.give(w, r, body)
	}
	s.mustPlay(t, `
		I have onboarded a provider
		I have upserted its status
		I have exported its audit with:
		| query limit | 1 |
		I ask for the next page with:
		| query cursor_after | forged |
		the answer is 400
		I ask for the next page
		the answer is 200
	`)
}

func TestExportsFindWrongServices(t *testing.T) {
	replace := func(old, young string) func(string, string) string {
		return func(target, body string) string {
			if !strings.Contains(target, "/export") {
				return body
			}
			return strings.Replace(body, old, young, 1)
		}
	}
	keys := func(old, young string) func(string, string) string {
		return func(target, body string) string {
			if !strings.Contains(target, "/keys/") {
				return body
			}
			return strings.Replace(body, old, young, 1)
		}
	}
	const walk = "I walk the export"
	for _, test := range []struct {
		name   string
		change func(target, body string) string
		lines  string
		got    string
	}{
		{"an entry edited", replace("plpaudit_000001", "plpaudit_000003"), "I export its audit\nthe page verifies", "page 1: the export's export_hash"},
		{"an entry edited, by the proof", replace("plpaudit_000001", "plpaudit_000003"), "I export its audit\nthe page's proof holds", "page 1: the export's export_hash"},
		{"an entry edited on a walk, by the proof", replace("plpaudit_000005", "plpaudit_000003"), walk + "\nthe walk's proof holds", "page 2: the export's export_hash"},
		{"other times", unchanged, walk + "\nthe walk's \"/recorded_at\" are the times [\"2026-02-22T16:00:10Z\", \"2026-02-22T16:00:10Z\", \"2026-02-22T16:00:10Z\", \"2026-02-22T16:00:10Z\", \"2026-02-22T16:00:10Z\", \"2026-02-22T16:00:10Z\", \"2026-02-22T16:00:10Z\"]", `["20`},
		{"fewer times", unchanged, walk + "\nthe walk's \"/recorded_at\" are the times []", `["20`},
		{"a signature over something else", replace(`"exported_at": "20`, `"exported_at": "21`), "I export its audit\nthe page verifies", "page 1: the signature"},
		{"an entry edited on a walk", replace("plpaudit_000005", "plpaudit_000003"), walk + "\nthe walk verifies", "page 2: the export's export_hash"},
		{"an unpublished key", keys(`"lpgate-dev-k1"`, `"lpgate-dev-k2"`), "I export its audit\nthe page verifies", "reading the key set: the status of key"},
		{"another set of keys", func(target, body string) string {
			return keys("lpgate-dev-k1", "lpgate-dev-k9")(target, keys("lpgate-dev-k1", "lpgate-dev-k9")(target, body))
		}, "I export its audit\nthe page verifies", `page 1: there is no key "lpgate-dev-k1"`},
		{"no keys", func(target, body string) string {
			if strings.Contains(target, "/keys/") {
				return "{}"
			}
			return body
		}, walk + "\nthe walk verifies", "reading the key set"},
		{"no export", func(target, body string) string { return "{}" }, "I export its audit\nthe page verifies", `absent ("" has only )`},
		{"an export that is no JSON", func(target, body string) string { return "<html>" }, walk, "200 <html>"},
		{"a next page that cannot be asked for", replace(`"chain_hash"`, `"chain"`), walk, "absent ("},
		{"a next page after the last", unchanged, walk + "\nI ask for the next page", "absent ("},
		{"fewer pages", unchanged, walk + "\nthe walk has 2 pages", "3"},
		{"fewer entries", unchanged, walk + "\nthe walk has 6 entries", "7: ["},
		{"other values", unchanged, walk + "\nthe walk's \"/event_type\" are [\"onboarded\"]", `["onboarded","`},
		{"a value that is not there", unchanged, walk + "\nthe walk's \"/x\" are []", `absent ("" has only`},
		{"a walk of another provider", unchanged, "I have onboarded a provider\n" + walk + "\nthe walk verifies", `"plp_000001"`},
		{"a page of another provider", unchanged, "I have onboarded a provider\nI export its audit\nthe page verifies", `"plp_000001"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t)
			s.serveVectors(t, test.change)
			var mismatch *Mismatch
			if err := s.play(t, "I have onboarded a provider\n"+test.lines); !errors.As(err, &mismatch) || !strings.HasPrefix(mismatch.Got, test.got) {
				t.Errorf("got %v, want a mismatch that got %s", err, test.got)
			}
		})
	}
	t.Run("an export without an end", func(t *testing.T) {
		s := newStage(t)
		s.answer = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
			if r.Method == http.MethodPost {
				return false
			}
			w.Write([]byte(`{"export":{"entries":[],"next_cursor":"c","attestation":{"chain_hash":"h"},"checkpoint":{"checkpoint_hash":"h"}}}`))
			return true
		}
		var mismatch *Mismatch
		if err := s.play(t, "I have onboarded a provider\nI walk the export"); !errors.As(err, &mismatch) || mismatch.Message != "the export ends" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a page that is refused", func(t *testing.T) {
		s := newStage(t)
		s.answer = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
			return r.Method == http.MethodGet && invalid.give(w, r, body)
		}
		var mismatch *Mismatch
		if err := s.play(t, "I have onboarded a provider\nI walk the export"); !errors.As(err, &mismatch) || !strings.Contains(mismatch.Message, "page 1 of the walk") {
			t.Errorf("got %v", err)
		}
	})
}

// TestTotalsAreExact looks at pages that verify, for an export may grow while somebody walks it. This one did not.
func TestTotalsAreExact(t *testing.T) {
	page := func(total, entries int) *exchange {
		list := strings.TrimSuffix(strings.Repeat("{},", entries), ",")
		return &exchange{answer: &answer{body: fmt.Appendf(nil, `{"export":{"total_filtered":%d,"entries":[%s]}}`, total, list)}}
	}
	for _, test := range []struct {
		name  string
		pages []*exchange
		want  string
	}{
		{"exact", []*exchange{page(5, 2), page(3, 2), page(1, 1)}, ""},
		{"one arrived", []*exchange{page(4, 2), page(3, 2), page(1, 1)}, "total_filtered of page 1"},
		{"too many", []*exchange{page(5, 2), page(4, 2), page(1, 1)}, "total_filtered of page 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := totalsAreExact(test.pages)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
