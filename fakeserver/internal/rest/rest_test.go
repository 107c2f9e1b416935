package rest

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/store"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// newHandler gives a handler at 2026-02-22T16:00:00Z that checks its own answers.
func newHandler(t testing.TB, change ...func(*Options)) *Handler {
	t.Helper()
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	options := Options{
		Milestone: milestones.M109(),
		Schemas:   schemas.Embedded(),
		Store: store.New(store.Options{
			Clock:  func() time.Time { return time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC) },
			Signer: audit.Signer{KeyID: "test", Key: private},
		}),
		Keys:          KeySet{Active: PublicKey{"test", private.Public().(ed25519.PublicKey)}},
		RetentionDays: 180,
		SelfCheck: func(operation string, violations []schemas.Violation) {
			t.Errorf("self-check of %s: %+v", operation, violations)
		},
	}
	for _, f := range change {
		f(&options)
	}
	h, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// partner are the headers of the partner amber; more are added, and "-Name" takes
// one away.
func partner(more ...string) http.Header {
	header := http.Header{
		"X-Actor-Type":    {"partner"},
		"X-Actor-Id":      {"amber"},
		"X-Auth-Scopes":   {"settlement:read,settlement:write"},
		"Idempotency-Key": {"key"},
	}
	for _, line := range more {
		if name, ok := strings.CutPrefix(line, "-"); ok {
			header.Del(name)
			continue
		}
		name, value, _ := strings.Cut(line, ": ")
		header[http.CanonicalHeaderKey(name)] = append([]string(nil), value)
	}
	return header
}

const (
	providers = "/partner-liquidity-providers"
	amber     = providers + "/amber-1"
	onboard   = `{"provider":{"owner_actor":{"type":"partner","id":"amber"},"external_provider_id":"e","legal_entity_name":"l","disclosure_text":"d","trust_contact_email":"a@b","segment_tier":"S1","provider_id":"amber-1"}}`
	restrict  = `{"status":{"status":"restricted","segment_tier":"S1","trust_safety_baseline_passed":true,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":0,"reason_codes":["r"]}}`
)

// send serves one request.
func send(h http.Handler, method, target string, header http.Header, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// outcomeOf summarizes an answer: status, code, reason, or the answer's
// members. Its details are left to the features, which pin them from outside.
func outcomeOf(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	var body struct {
		CorrelationID string `json:"correlation_id"`
		Error         *struct {
			Code    string `json:"code"`
			Details struct {
				ReasonCode string `json:"reason_code"`
			} `json:"details"`
		} `json:"error"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("reading the answer %s: %v", w.Body, err)
	}
	if got := w.Header().Get("X-Correlation-Id"); got != body.CorrelationID {
		t.Errorf("correlation id %q in the header, %q in the body", got, body.CorrelationID)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("answers-are-json: content type %q", got)
	}
	if body.Error == nil {
		return fmt.Sprint(w.Code)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", w.Code, body.Error.Code, strings.TrimPrefix(body.Error.Details.ReasonCode, "partner_liquidity_provider_")))
}

func TestRefusals(t *testing.T) {
	mib := strings.Repeat(" ", 1<<20-len(onboard))
	keyMode := func(o *Options) {
		o.PartnerKeys = NewPartnerKeys([]PartnerKey{{"secret-1", "cobalt", nil}, {"secret-2", "amber", []string{"settlement:read", "settlement:write"}}})
	}
	for _, test := range []struct {
		name         string
		method, path string
		header       http.Header
		body         string
		want         string
		options      func(*Options)
	}{
		{"route-is-known: permits an operation", "POST", providers, partner(), onboard, "200", nil},
		{"route-is-known: refuses another path", "GET", "/", partner(), "", "404 NOT_FOUND", nil},
		{"path-is-exact: a slash at the end", "GET", amber + "/", partner(), "", "404 NOT_FOUND", nil},
		{"path-is-exact: an empty segment", "GET", providers + "//rollout/export", partner(), "", "404 NOT_FOUND", nil},
		{"path-is-exact: another case", "GET", "/Healthz", partner(), "", "404 NOT_FOUND", nil},
		{"path-is-exact: an escaped letter", "GET", "/%68ealthz", partner(), "", "404 NOT_FOUND", nil},
		{"path-is-exact: an escaped slash is one segment", "GET", providers + "/a%2Fb", partner(), "", "404 NOT_FOUND not_found", nil},
		{"path-is-exact: a segment more", "GET", amber + "/rollout/export/x", partner(), "", "404 NOT_FOUND", nil},
		{"method-is-allowed: refuses another", "DELETE", amber, partner(), "", "405 METHOD_NOT_ALLOWED", nil},
		{"method-is-allowed: refuses HEAD", "HEAD", "/healthz", partner(), "", "405 METHOD_NOT_ALLOWED", nil},
		{"method-is-allowed: refuses OPTIONS", "OPTIONS", "/healthz", nil, "", "405 METHOD_NOT_ALLOWED", nil},
		{"method-is-allowed: permits its own", "GET", "/healthz", nil, "", "200", nil},
		{"identity-is-required: refuses a request without identity", "GET", amber, partner("-X-Actor-Type", "-X-Actor-Id"), "", "401 UNAUTHORIZED", nil},
		{"identity-is-required: refuses a type without an id", "POST", providers, partner("-X-Actor-Id", "X-Partner-Key: amber"), onboard, "401 UNAUTHORIZED", nil},
		{"identity-headers-are-read-in-order: the partner key alone", "POST", providers, partner("-X-Actor-Type", "X-Actor-Id: cobalt", "X-Partner-Key: amber"), onboard, "200", nil},
		{"identity-headers-are-read-in-order: blank is absent", "POST", providers, partner("X-Actor-Type:  ", "X-Partner-Key: amber"), onboard, "200", nil},
		{"identity-headers-are-read-in-order: scopes by their second name", "POST", providers, partner("X-Auth-Scopes:  ", "X-Scopes: settlement:write"), onboard, "200", nil},
		{"identity-headers-are-read-in-order: the first name wins", "POST", providers, partner("X-Auth-Scopes: settlement:read", "X-Scopes: settlement:write"), onboard, "403 INSUFFICIENT_SCOPE", nil},
		{"idempotency-key-is-present: refuses none", "POST", providers, partner("-Idempotency-Key"), onboard, "400 CONSTRAINT_VIOLATION", nil},
		{"idempotency-key-is-present: refuses a blank one", "POST", providers, partner("Idempotency-Key: \t "), onboard, "400 CONSTRAINT_VIOLATION", nil},
		{"idempotency-key-is-present: permits 255 characters", "POST", providers, partner("Idempotency-Key: " + strings.Repeat("é", 255)), onboard, "200", nil},
		{"idempotency-key-is-present: refuses 256", "POST", providers, partner("Idempotency-Key: " + strings.Repeat("k", 256)), onboard, "400 CONSTRAINT_VIOLATION", nil},
		{"body-within-limit: permits 1 MiB", "POST", providers, partner(), onboard + mib, "200", nil},
		{"body-within-limit: refuses a byte more", "POST", providers, partner(), onboard + mib + " ", "413 PAYLOAD_TOO_LARGE", nil},
		{"body-is-i-json: refuses broken JSON", "POST", providers, partner(), onboard[1:], "400 CONSTRAINT_VIOLATION invalid", nil},
		{"body-is-i-json: refuses a member twice", "POST", providers, partner(), `{"a":1,"\u0061":1}`, "400 CONSTRAINT_VIOLATION invalid", nil},
		{"body-is-i-json: comes before the actor type", "POST", providers, partner("X-Actor-Type: user"), "{", "400 CONSTRAINT_VIOLATION invalid", nil},
		{"actor-is-partner: an unknown type comes before the body and the key", "POST", providers, partner("X-Actor-Type: robot", "-Idempotency-Key"), "{", "403 FORBIDDEN", nil},
		{"actor-is-partner: an unknown type without an id is no identity", "POST", providers, partner("X-Actor-Type: robot", "-X-Actor-Id"), "{", "401 UNAUTHORIZED", nil},
		{"body-is-i-json: refuses depth", "POST", providers, partner(), strings.Repeat("[", 500_000), "400 CONSTRAINT_VIOLATION invalid", nil},
		{"empty-body-is-an-object: and not one that the schema allows", "POST", providers, partner(), "", "400 CONSTRAINT_VIOLATION invalid", nil},
		{"actor-is-partner: refuses a user", "POST", providers, partner("X-Actor-Type: user"), onboard, "403 FORBIDDEN", nil},
		{"actor-is-partner: refuses an unknown type", "GET", amber, partner("X-Actor-Type: Partner"), "", "403 FORBIDDEN", nil},
		{"actor-is-partner: comes before the scope", "GET", amber, partner("X-Actor-Type: agent", "-X-Auth-Scopes"), "", "403 FORBIDDEN", nil},
		{"scope-is-held: refuses without", "GET", amber, partner("X-Auth-Scopes: settlement:write"), "", "403 INSUFFICIENT_SCOPE", nil},
		{"scope-is-held: permits among others", "POST", providers, partner("X-Auth-Scopes: a,, b settlement:write"), onboard, "200", nil},
		{"provider-exists: refuses a blank id", "GET", providers + "/%20", partner(), "", "404 NOT_FOUND not_found", nil},
		{"provider-exists: comes before the query", "GET", amber + "/rollout/export?limit=x", partner(), "", "404 NOT_FOUND not_found", nil},
		{"request-matches-schema: refuses", "POST", providers, partner(), `{"provider":1}`, "400 CONSTRAINT_VIOLATION invalid", nil},
		{"request-matches-schema: permits", "POST", providers, partner(), onboard, "200", nil},
		{"partner-key-is-known: refuses an unknown one", "POST", providers, partner("X-Partner-Key: secret-3"), onboard, "401 UNAUTHORIZED", keyMode},
		{"partner-key-is-known: refuses actor headers", "POST", providers, partner(), onboard, "401 UNAUTHORIZED", keyMode},
		{"partner-key-is-known: permits a known one, whatever the headers", "POST", providers, partner("X-Partner-Key: secret-2", "X-Actor-Type: robot", "X-Actor-Id: cobalt", "-X-Auth-Scopes"), onboard, "200", keyMode},
		{"partner-key-is-known: gives its own scopes only", "POST", providers, partner("X-Partner-Key: secret-1"), onboard, "403 INSUFFICIENT_SCOPE", keyMode},
		{"now-is-readable: refuses", "POST", providers, partner("X-Now-Iso: now"), onboard, "400 CONSTRAINT_VIOLATION invalid", nil},
		{"test-clocks-can-be-off: then it is not read", "POST", providers, partner("X-Now-Iso: now"), onboard, "200", func(o *Options) { o.IgnoreTestClocks = true }},
		{"keys-are-published: to anybody", "GET", "/keys/policy-integrity-signing", nil, "", "200", nil},
		{"health-is-public: to anybody", "GET", "/healthz", nil, "", "200", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			change := test.options
			if change == nil {
				change = func(*Options) {}
			}
			if got := outcomeOf(t, send(newHandler(t, change), test.method, test.path, test.header, test.body)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestCorrelation(t *testing.T) {
	for _, test := range []struct{ name, path, own, want string }{
		{"an operation's own", amber + "/status", "", "corr_partnerliquidityprovider_status_upsert"},
		{"the key set's own", "/keys/policy-integrity-signing", "", "corr_keys_policy_integrity_signing_get"},
		{"of no route", "/x", "", "corr_unrouted"},
		{"the request's", "/x", "A.z_0-9", "A.z_0-9"},
		{"the request's, of 128", "/x", strings.Repeat("a", 128), strings.Repeat("a", 128)},
		{"one of 129 counts as absent", "/x", strings.Repeat("a", 129), "corr_unrouted"},
		{"a malformed one counts as absent", "/x", "a b", "corr_unrouted"},
	} {
		t.Run("correlation-id-is-echoed: "+test.name, func(t *testing.T) {
			method := "GET"
			if strings.HasSuffix(test.path, "/status") {
				method = "POST"
			}
			w := send(newHandler(t), method, test.path, partner("X-Correlation-Id: "+test.own), restrict)
			if got := w.Header().Get("X-Correlation-Id"); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestQuery(t *testing.T) {
	h := newHandler(t)
	send(h, "POST", providers, partner(), onboard)
	const refused = "400 CONSTRAINT_VIOLATION invalid"
	for _, test := range []struct{ name, query, want string }{
		{"export-fills-defaults: nothing given", "", `{"limit":50,"retention_days":180}`},
		{"export-fills-defaults: caps", "limit=201&retention_days=3651", `{"limit":200,"retention_days":3650}`},
		{"export-fills-defaults: a number of any length", "limit=" + strings.Repeat("9", 400), `{"limit":200,"retention_days":180}`},
		{"export-query-is-readable: permits leading zeros", "limit=" + strings.Repeat("0", 40) + "7", `{"limit":7,"retention_days":180}`},
		{"export-query-is-readable: the last counts", "limit=x&limit=3", `{"limit":3,"retention_days":180}`},
		{"export-query-is-readable: empty is absent", "limit=3&limit=&from_iso=&event_type=", `{"limit":50,"retention_days":180}`},
		{"export-query-is-readable: unknown is ignored", "x=%ff", `{"limit":50,"retention_days":180}`},
		{"export-query-is-readable: times are normalised", "from_iso=2026-02-22t16:00:00.1239z&to_iso=2026-02-22T17:00:00%2B01:00", `{"from_iso":"2026-02-22T16:00:00.123Z","limit":50,"retention_days":180,"to_iso":"2026-02-22T16:00:00.000Z"}`},
		{"export-query-is-readable: refuses zero", "limit=0", refused},
		{"export-query-is-readable: refuses zeros", "retention_days=000", refused},
		{"export-query-is-readable: refuses a sign", "limit=%2B1", refused},
		{"export-query-is-readable: refuses a decimal", "limit=1.0", refused},
		{"export-query-is-readable: refuses other digits", "limit=%D9%A1", refused},
		{"export-query-is-readable: refuses a leap second", "to_iso=2016-12-31T23:59:60Z", refused},
		{"export-query-is-readable: refuses an unknown event type", "event_type=Onboarded", refused},
		{"export-query-is-readable: refuses a bad now", "now_iso=now", refused},
		{"export-query-is-readable: refuses a bad time of export", "exported_at_iso=now", refused},
		{"export-query-is-readable: refuses a malformed string", "limit=%zz", refused},
		{"export-continuation-is-complete: refuses one of three", "cursor_after=c", refused},
		{"export-continuation-is-complete: refuses two of three", "cursor_after=c&checkpoint_after=k", refused},
		{"export-continuation-is-complete: permits three empty ones", "cursor_after=&attestation_after=&checkpoint_after=", `{"limit":50,"retention_days":180}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := send(h, "GET", amber+"/rollout/export?"+test.query, partner(), "")
			got := outcomeOf(t, w)
			if got == "200" {
				_, got, _ = strings.Cut(w.Body.String(), `"query":`)
				got = got[:strings.Index(got, "}")+1]
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	t.Run("now-is-readable: the query's wins over the header's", func(t *testing.T) {
		w := send(h, "GET", amber+"/rollout/export?now_iso=2026-02-22T16:00:00Z", partner("X-Now-Iso: now"), "")
		if got := outcomeOf(t, w); got != "200" {
			t.Errorf("got %s", got)
		}
	})
}

func TestKeySet(t *testing.T) {
	t.Run("operator-key-replaces-dev-key: only what was given is listed", func(t *testing.T) {
		before := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize)).Public().(ed25519.PublicKey)
		h := newHandler(t, func(o *Options) { o.Keys.VerifyOnly = []PublicKey{{"before", before}} })
		body := send(h, "GET", "/keys/policy-integrity-signing", nil, "").Body.String()
		if got := strings.Count(body, `"key_id"`); got != 2 || !strings.Contains(body, `"key_id":"before"`) || !strings.Contains(body, `"status":"verify_only"`) {
			t.Errorf("got %s", body)
		}
	})
}

// A stranger, a replay and a race, over the whole handler.
func TestPost(t *testing.T) {
	h := newHandler(t)
	send(h, "POST", providers, partner(), onboard)
	t.Run("provider-is-owned: refuses a stranger", func(t *testing.T) {
		if got := outcomeOf(t, send(h, "POST", amber+"/status", partner("X-Actor-Id: cobalt"), restrict)); got != "403 FORBIDDEN invalid" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("idempotency-replays-the-answer: with the first correlation id", func(t *testing.T) {
		first := send(h, "POST", amber+"/status", partner("X-Correlation-Id: first"), restrict)
		second := send(h, "POST", amber+"/status", partner("X-Correlation-Id: second"), strings.Replace(restrict, ":0,", " : 0.0,", 1))
		if first.Body.String() != second.Body.String() || second.Header().Get("X-Correlation-Id") != "first" ||
			first.Header().Get("Idempotent-Replayed") != "" || second.Header().Get("Idempotent-Replayed") != "true" {
			t.Errorf("got %v %s\nthen %v %s", first.Header(), first.Body, second.Header(), second.Body)
		}
	})
	t.Run("idempotency-runs-once: over the handler", func(t *testing.T) {
		var group sync.WaitGroup
		var mu sync.Mutex
		first := 0
		for range 32 {
			group.Go(func() {
				w := send(h, "POST", amber+"/status", partner("Idempotency-Key: race"), restrict)
				mu.Lock()
				defer mu.Unlock()
				if w.Code != 200 {
					t.Errorf("got %d %s", w.Code, w.Body)
				}
				if w.Header().Get("Idempotent-Replayed") == "" {
					first++
				}
			})
		}
		group.Wait()
		if first != 1 {
			t.Errorf("ran %d times", first)
		}
	})
}

// An answer that its schema forbids does not leave.
func TestSelfCheck(t *testing.T) {
	violations := 0
	h := newHandler(t, func(o *Options) {
		o.SelfCheck = func(string, []schemas.Violation) { violations++ }
		o.Keys.Active.ID = ""
	})
	w := send(h, "GET", "/keys/policy-integrity-signing", nil, "")
	if w.Code != 500 || violations != 1 || !strings.Contains(w.Body.String(), `"INTERNAL"`) {
		t.Errorf("got %d %s, reported %d times", w.Code, w.Body, violations)
	}
}

// No input gives a panic or a status of 500: INTERNAL is for defects.
func FuzzHandler(f *testing.F) {
	f.Add("POST", providers, "key", "partner", onboard)
	f.Add("POST", amber+"/rollout", "key", "partner", `{"rollout":{"rollout_status":"paused","effective_segment_tier":"S1","capability_matrix":[{"capability":"c","min_segment_tier":"S1","enabled":true}]}}`)
	f.Add("GET", amber+"/rollout/export?limit=1&from_iso=x", "", "partner", "")
	h := newHandler(f)
	send(h, "POST", providers, partner(), onboard)
	f.Fuzz(func(t *testing.T, method, target, key, actorType, body string) {
		r, err := http.NewRequest(method, "http://fake", strings.NewReader(body))
		if err != nil {
			return // no HTTP method: net/http would not have served it
		}
		path, query, _ := strings.Cut(target, "?")
		r.URL.Path, r.URL.RawPath, r.URL.RawQuery = path, path, query
		r.Header = partner("Idempotency-Key: "+key, "X-Actor-Type: "+actorType)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		outcomeOf(t, w)
		if w.Code >= 500 {
			t.Errorf("%s %q with %q: %d %s", method, target, body, w.Code, w.Body)
		}
	})
}
