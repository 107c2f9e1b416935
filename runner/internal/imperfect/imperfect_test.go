package imperfect_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/imperfect"
	"example.com/lpgate/schemas"
)

// start is the time of the services of these tests.
var start = time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)

// client sends requests to a service as the partner acme.
type client struct {
	t       *testing.T
	service http.Handler
	sent    int
}

func newClient(t *testing.T, o imperfect.Options) *client {
	o.TestClock = true
	o.Now = func() time.Time { return start }
	o.Random = bytes.NewReader(bytes.Repeat([]byte{0xab}, 256))
	service, err := imperfect.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return &client{t: t, service: service}
}

// answer is what comes back.
type answer struct {
	*httptest.ResponseRecorder
	document schemas.Document
}

// at is the value at a JSON Pointer as text; "absent" if there is none.
func (a *answer) at(pointer string) string {
	value := a.document.At(pointer)
	if value == nil {
		return "absent"
	}
	return fmt.Sprint(value)
}

// outcome is the status and the error code.
func (a *answer) outcome() string {
	if a.Code == http.StatusOK {
		return "200"
	}
	return fmt.Sprint(a.Code, " ", a.at("/error/code"))
}

// send sends a request with the headers of acme and a new idempotency key, and with other headers, "Name: value". One without
// a value is left out.
func (c *client) send(method, path, body string, headers ...string) *answer {
	c.t.Helper()
	c.sent++
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	target, err := url.ParseRequestURI(path)
	if err != nil {
		c.t.Fatal(err)
	}
	r.URL, r.RequestURI = target, path
	own := []string{"X-Actor-Type: partner", "X-Actor-Id: acme", "X-Auth-Scopes: settlement:read settlement:write", fmt.Sprint("Idempotency-Key: k", c.sent)}
	for _, line := range append(own, headers...) {
		name, value, _ := strings.Cut(line, ":")
		if value = strings.TrimSpace(value); value == "" {
			r.Header.Del(name)
		} else {
			r.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	c.service.ServeHTTP(w, r)
	document, err := schemas.Read(w.Body.Bytes())
	if err != nil {
		c.t.Errorf("%s %s: the answer is not JSON: %v", method, path, err)
	}
	return &answer{w, document}
}

const providers = "/partner-liquidity-providers"

func (c *client) get(path string, headers ...string) *answer {
	c.t.Helper()
	return c.send("GET", path, "", headers...)
}

// onboardBody is a body of onboard with further members of the provider, and of the body.
func onboardBody(provider, body string) string {
	return `{"provider": {"external_provider_id": "x-1", "disclosure_text": "Text.", "trust_contact_email": "a@b"` +
		member(provider, "owner_actor", `{"type": "partner", "id": "acme"}`) +
		member(provider, "legal_entity_name", `"Acme"`) + member(provider, "segment_tier", `"S1"`) + provider + `}` + body + `}`
}

// member is a member with its default, unless the others have it.
func member(others, name, value string) string {
	if strings.Contains(others, `"`+name+`"`) {
		return ""
	}
	return `, "` + name + `": ` + value
}

// onboard onboards the provider lp.
func (c *client) onboard(provider string) *answer {
	c.t.Helper()
	return c.send("POST", providers, onboardBody(`, "provider_id": "lp"`+provider, ""))
}

const controls = `"trust_safety_baseline_passed": true, "reliability_baseline_passed": true`

func (c *client) status(members string, headers ...string) *answer {
	c.t.Helper()
	return c.send("POST", providers+"/lp/status", `{"status": {`+controls+member(members, "segment_tier", `"S1"`)+
		member(members, "audit_conformance_passed", "true")+member(members, "unresolved_critical_violations", "0")+members+`}}`, headers...)
}

func (c *client) evaluate(members string) *answer {
	c.t.Helper()
	return c.send("POST", providers+"/lp/eligibility/evaluate", `{"eligibility": {`+controls+member(members, "requested_segment_tier", `"S1"`)+
		member(members, "audit_conformance_passed", "true")+member(members, "unresolved_critical_violations", "0")+
		member(members, "consecutive_compliant_windows", "2")+member(members, "capability_family", `"core"`)+members+`}}`)
}

func (c *client) rollout(status, tier string, capabilities []string, headers ...string) *answer {
	c.t.Helper()
	var rows []string
	for _, name := range capabilities {
		rows = append(rows, `{"capability": "`+name+`", "min_segment_tier": "S0", "enabled": true}`)
	}
	return c.send("POST", providers+"/lp/rollout", `{"rollout": {"rollout_status": "`+status+`", "effective_segment_tier": "`+tier+
		`", "capability_matrix": [`+strings.Join(rows, ", ")+`]}}`, headers...)
}

func (c *client) export(query string) *answer {
	c.t.Helper()
	return c.get(providers + "/lp/rollout/export?" + query)
}

// next is the continuation of a page.
func (a *answer) next() string {
	return url.Values{
		"cursor_after":      {a.at("/export/next_cursor")},
		"attestation_after": {a.at("/export/attestation/chain_hash")},
		"checkpoint_after":  {a.at("/export/checkpoint/checkpoint_hash")},
	}.Encode()
}

// row is one switch, and what a client observes with and without it.
type row struct {
	id      string
	observe func(*client) string
	off, on string
}

var habitRows = []row{
	{"no-violations", func(c *client) string {
		return c.send("POST", providers, "{}").at("/error/details/violations/0/keyword")
	}, "required", "absent"},
	{"no-payload-hashes", func(c *client) string {
		c.send("POST", providers, onboardBody("", ""), "Idempotency-Key: one")
		a := c.send("POST", providers, onboardBody(`, "status": "active"`, ""), "Idempotency-Key: one")
		return fmt.Sprint(len(a.at("/error/details/payload_hash")), " ", len(a.at("/error/details/original_payload_hash")))
	}, "64 64", "6 6"},
	{"no-conflict-reason-codes", func(c *client) string {
		c.onboard("")
		return c.rollout("active", "S1", []string{"a"}).at("/error/details/reason_codes")
	}, "[partner_liquidity_provider_rollout_blocked]", "absent"},
	{"no-replay-header", func(c *client) string {
		c.onboard("")
		c.status(`, "status": "active"`, "Idempotency-Key: one")
		return c.status(`, "status": "active"`, "Idempotency-Key: one").Header().Get("Idempotent-Replayed")
	}, "true", ""},
	{"random-correlation-ids", func(c *client) string {
		return c.get(providers+"/lp", "X-Actor-Id:").at("/correlation_id")
	}, "corr_partnerliquidityprovider_get", "abababab-abab-4bab-abab-abababababab"},
	{"own-correlation-id-ignored", func(c *client) string {
		return c.get("/healthz", "X-Correlation-Id: mine").Header().Get("X-Correlation-Id")
	}, "mine", "corr_healthz"},
	{"no-retention-days-in-query", func(c *client) string {
		c.onboard("")
		return c.export("").at("/export/query")
	}, "map[limit:50 retention_days:180]", "map[limit:50]"},
	{"no-event-type-in-query", func(c *client) string {
		c.onboard("")
		return c.export("event_type=onboarded").at("/export/query/event_type")
	}, "onboarded", "absent"},
	{"times-echoed-as-sent", func(c *client) string {
		c.onboard("")
		return c.export("from_iso=2026-02-22T16:00:00Z").at("/export/query/from_iso")
	}, "2026-02-22T16:00:00.000Z", "2026-02-22T16:00:00Z"},
	{"malformed-json-is-500", func(c *client) string {
		return c.send("POST", providers, "{").outcome()
	}, "400 CONSTRAINT_VIOLATION", "500 INTERNAL"},
	{"large-body-is-500", func(c *client) string {
		return c.send("POST", providers, strings.Repeat(" ", 1<<20)+"{").outcome()
	}, "413 PAYLOAD_TOO_LARGE", "500 INTERNAL"},
	{"other-method-is-404", func(c *client) string {
		a := c.send("DELETE", "/healthz", "")
		return a.outcome() + " " + a.Header().Get("Allow")
	}, "405 METHOD_NOT_ALLOWED GET", "404 NOT_FOUND "},
	{"identity-before-routing", func(c *client) string {
		return c.get("/nowhere", "X-Actor-Id:").outcome()
	}, "404 NOT_FOUND", "401 UNAUTHORIZED"},
	{"strings-trimmed", func(c *client) string {
		a := c.onboard(`, "legal_entity_name": " Acme "`)
		return a.outcome() + " " + a.at("/provider/legal_entity_name")
	}, "400 CONSTRAINT_VIOLATION absent", "200 Acme"},
	{"numeric-strings-taken", func(c *client) string {
		c.onboard("")
		a := c.evaluate(`, "consecutive_compliant_windows": "2"`)
		return a.outcome() + " " + a.at("/eligibility/inputs/consecutive_compliant_windows")
	}, "400 CONSTRAINT_VIOLATION absent", "200 2"},
	{"unknown-members-ignored", func(c *client) string {
		a := c.onboard(`, "rank": 1`)
		return a.outcome() + " " + a.at("/provider/rank")
	}, "400 CONSTRAINT_VIOLATION absent", "200 absent"},
	{"loose-times-taken", func(c *client) string {
		body := c.send("POST", providers, onboardBody(`, "provider_id": "lp"`, `, "recorded_at": "2026-02-22 15:00:00"`))
		c.onboard("")
		return body.outcome() + " " + body.at("/provider/created_at") + ", " + c.export("from_iso=2026-02-22").outcome()
	}, "400 CONSTRAINT_VIOLATION absent, 400 CONSTRAINT_VIOLATION", "200 2026-02-22T15:00:00.000Z, 200"},
	{"partial-continuations-taken", func(c *client) string {
		c.onboard("")
		c.status(`, "status": "active"`)
		page := c.export("limit=1")
		a := c.export("limit=1&cursor_after=" + url.QueryEscape(page.at("/export/next_cursor")))
		return a.outcome() + " " + a.at("/export/entries/0/event_type")
	}, "400 CONSTRAINT_VIOLATION absent", "200 status_upserted"},
	{"checkpoints-pruned", func(c *client) string {
		c.onboard("")
		c.status(`, "status": "active"`)
		page := c.export("limit=1")
		c.export("now_iso=2027-02-22T16:00:00Z")
		return c.export("limit=1&" + page.next()).outcome()
	}, "200", "400 CONSTRAINT_VIOLATION"},
	{"rows-sorted-by-locale", func(c *client) string {
		c.onboard("")
		a := c.rollout("paused", "S1", []string{"a_b", "b", "C", "a-b"})
		return a.at("/rollout/capability_matrix/0/capability") + " " + a.at("/rollout/capability_matrix/3/capability")
	}, "C b", "a_b C"},
	{"taken-automatic-id-conflicts", func(c *client) string {
		c.send("POST", providers, onboardBody(`, "provider_id": "plp_000001"`, ""))
		first, second := c.send("POST", providers, onboardBody("", "")), c.send("POST", providers, onboardBody("", ""))
		return first.outcome() + " " + second.at("/provider/provider_id")
	}, "200 plp_000003", "409 CONFLICT plp_000002"},
	{"owner-named", func(c *client) string {
		c.onboard("")
		return c.get(providers+"/lp", "X-Actor-Id: other").at("/error/details/owner_actor/id")
	}, "absent", "acme"},
	{"no-key-set", func(c *client) string {
		return c.get("/keys/policy-integrity-signing").outcome()
	}, "200", "404 NOT_FOUND"},
	{"blank-provider-id-is-400", func(c *client) string {
		return c.get(providers + "/%20").outcome()
	}, "404 NOT_FOUND", "400 CONSTRAINT_VIOLATION"},
	{"long-key-taken", func(c *client) string {
		return c.send("POST", providers, onboardBody("", ""), "Idempotency-Key: "+strings.Repeat("k", 256)).outcome()
	}, "400 CONSTRAINT_VIOLATION", "200"},
	{"time-before-owner", func(c *client) string {
		body := onboardBody(`, "owner_actor": {"type": "partner", "id": "other"}`, `, "recorded_at": "2016-12-31T23:59:60Z"`)
		return c.send("POST", providers, body).outcome()
	}, "403 FORBIDDEN", "400 CONSTRAINT_VIOLATION"},
	{"exit-on-empty-segments", func(c *client) (outcome string) {
		defer func() {
			if recover() == http.ErrAbortHandler {
				outcome = "no answer"
			}
		}()
		return c.get("//").outcome()
	}, "404 NOT_FOUND", "no answer"},
}

var wrongRows = []row{
	{"one-window-climbs", func(c *client) string {
		c.onboard("")
		return c.evaluate(`, "requested_segment_tier": "S2", "consecutive_compliant_windows": 1`).at("/eligibility/verdict")
	}, "deny", "allow"},
	{"rollout-without-allow", func(c *client) string {
		c.onboard("")
		return c.rollout("active", "S1", []string{"a"}).outcome()
	}, "409 CONFLICT", "200"},
	{"wrong-reason-code", func(c *client) string {
		c.onboard("")
		return c.status(`, "status": "active", "unresolved_critical_violations": 1`).at("/error/details/reason_code")
	}, "partner_liquidity_provider_downgrade_required", "partner_liquidity_provider_eligibility_failed"},
	{"replays-run-again", func(c *client) string {
		c.onboard("")
		c.rollout("paused", "S1", []string{"a"}, "Idempotency-Key: one")
		return c.rollout("paused", "S1", []string{"a"}, "Idempotency-Key: one").at("/rollout/rollout_version")
	}, "1", "2"},
	{"export-reversed", func(c *client) string {
		c.onboard("")
		c.status(`, "status": "active"`)
		page := c.export("limit=1")
		return page.at("/export/entries/0/event_type") + " " + c.export("limit=1&"+page.next()).at("/export/entries/0/event_type")
	}, "onboarded status_upserted", "status_upserted onboarded"},
	{"expired-checkpoints-taken", func(c *client) string {
		c.onboard("")
		c.status(`, "status": "active"`)
		page := c.export("limit=1&retention_days=1&exported_at_iso=2026-02-21T16:00:00Z")
		return c.export("limit=1&retention_days=1&now_iso=2026-02-22T16:00:00.001Z&" + page.next()).outcome()
	}, "400 CONSTRAINT_VIOLATION", "200"},
	{"ownership-unchecked", func(c *client) string {
		c.onboard("")
		return c.get(providers+"/lp", "X-Actor-Id: other").outcome()
	}, "403 FORBIDDEN", "200"},
	{"rows-unsorted", func(c *client) string {
		c.onboard("")
		return c.rollout("paused", "S1", []string{"b", "a"}).at("/rollout/capability_matrix/0/capability")
	}, "a", "b"},
	{"baseline-ignored", func(c *client) string {
		c.onboard("")
		evaluated := c.evaluate(`, "audit_conformance_passed": false`).at("/eligibility/verdict")
		return evaluated + " " + c.status(`, "status": "active", "audit_conformance_passed": false`).outcome()
	}, "deny 409 CONFLICT", "allow 200"},
	{"high-risk-unguarded", func(c *client) string {
		c.onboard("")
		return c.evaluate(`, "capability_family": "high_risk"`).at("/eligibility/verdict")
	}, "deny", "allow"},
	{"evaluation-climbs-two-tiers", func(c *client) string {
		c.onboard("")
		return c.evaluate(`, "requested_segment_tier": "S3"`).at("/eligibility/verdict")
	}, "deny", "allow"},
	{"rollout-climbs-two-tiers", func(c *client) string {
		c.onboard("")
		return c.rollout("paused", "S3", []string{"a"}).at("/rollout/reason_codes")
	}, "[partner_liquidity_provider_rollout_blocked]", "[]"},
	{"audit-entry-missing", func(c *client) string {
		c.onboard("")
		c.status(`, "status": "active"`)
		return c.export("").at("/export/total_filtered")
	}, "2", "1"},
	{"active-despite-violations", func(c *client) string {
		c.onboard("")
		return c.status(`, "status": "active", "unresolved_critical_violations": 1`).outcome()
	}, "409 CONFLICT", "200"},
	{"to-iso-inclusive", func(c *client) string {
		c.onboard("")
		return c.export("to_iso=2026-02-22T16:00:00Z").at("/export/total_filtered")
	}, "0", "1"},
	{"continuation-changes-filters", func(c *client) string {
		c.onboard("")
		c.status(`, "status": "active"`)
		page := c.export("limit=1")
		return c.export("limit=2&" + page.next()).outcome()
	}, "400 CONSTRAINT_VIOLATION", "200"},
	{"offboarded-activated", func(c *client) string {
		c.onboard("")
		c.status(`, "status": "offboarded", "reason_codes": ["left"]`)
		c.evaluate("")
		return c.rollout("active", "S1", []string{"a"}).outcome()
	}, "409 CONFLICT", "200"},
	{"event-type-ignored", func(c *client) string {
		c.onboard("")
		return c.export("event_type=rollout_upserted").at("/export/total_filtered")
	}, "0", "1"},
}

// Each switch changes what its row observes, and the service without it does as the contract has it.
func TestHabits(t *testing.T) {
	covered(t, habitRows, imperfect.AllHabits())
	for _, r := range habitRows {
		t.Run(r.id, func(t *testing.T) {
			r.check(t, imperfect.Options{}, r.off)
			r.check(t, imperfect.Options{Habits: []string{r.id}}, r.on)
			others := slices.DeleteFunc(imperfect.AllHabits(), func(id string) bool { return id == r.id })
			if got := r.observe(newClient(t, imperfect.Options{Habits: others})); got == r.on {
				t.Errorf("with all habits but this one: got %q, which is what it shows", got)
			}
		})
	}
}

// The same of the wrong rules, which show with all habits on too.
func TestWrongRules(t *testing.T) {
	var ids []string
	for _, w := range imperfect.WrongRules() {
		ids = append(ids, w.ID)
	}
	covered(t, wrongRows, ids)
	for _, r := range wrongRows {
		t.Run(r.id, func(t *testing.T) {
			r.check(t, imperfect.Options{}, r.off)
			r.check(t, imperfect.Options{Wrong: r.id}, r.on)
			r.check(t, imperfect.Options{Habits: imperfect.AllHabits()}, r.off)
			r.check(t, imperfect.Options{Habits: imperfect.AllHabits(), Wrong: r.id}, r.on)
		})
	}
}

// check compares what is observed at a service.
func (r row) check(t *testing.T, o imperfect.Options, want string) {
	t.Helper()
	if got := r.observe(newClient(t, o)); got != want {
		t.Errorf("with %d habits and the wrong rule %q: got %q, want %q", len(o.Habits), o.Wrong, got, want)
	}
}

// covered compares the rows with the switches.
func covered(t *testing.T, rows []row, ids []string) {
	t.Helper()
	var got []string
	for _, r := range rows {
		got = append(got, r.id)
	}
	if !slices.Equal(got, ids) {
		t.Errorf("got rows for the switches\n%q, want one for each of\n%q", got, ids)
	}
}

// Ids are unique and in kebab case, and wrong rules name rules of the milestone.
func TestTables(t *testing.T) {
	kebab, seen, known := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`), map[string]bool{}, map[string]bool{}
	check := func(id, description string) {
		if !kebab.MatchString(id) || seen[id] || !strings.HasSuffix(description, ".") {
			t.Errorf("%s, %q: want a unique id in kebab case, and a description that ends in a full stop", id, description)
		}
		seen[id] = true
	}
	for _, rule := range milestones.M109().Rules {
		known[rule.ID] = true
	}
	for _, h := range imperfect.Habits() {
		check(h.ID, h.Description)
	}
	for _, w := range imperfect.WrongRules() {
		check(w.ID, w.Description)
		for _, id := range w.Rules {
			if !known[id] {
				t.Errorf("%s breaks %s, which is no rule of the milestone", w.ID, id)
			}
		}
	}
	if got := len(imperfect.WrongRules()); got != 18 {
		t.Errorf("got %d wrong rules, want 18", got)
	}
}

func TestUnknownSwitch(t *testing.T) {
	for _, test := range []struct {
		options imperfect.Options
		want    string
	}{
		{imperfect.Options{Habits: []string{"no-violation"}}, `there is no habit "no-violation" (did you mean no-violations?)`},
		{imperfect.Options{Wrong: "no-violations"}, `there is no wrong rule "no-violations"`},
	} {
		if _, err := imperfect.New(test.options); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("got the error %v, want %q", err, test.want)
		}
	}
}

// A service that has ended answers nothing any more, over a connection too.
func TestExit(t *testing.T) {
	var exits atomic.Int32
	service, err := imperfect.New(imperfect.Options{Habits: imperfect.AllHabits(), Exit: func() { exits.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(service)
	server.Config.ErrorLog = nil
	server.Start()
	defer server.Close()
	for _, path := range []string{"//", "/healthz"} {
		response, err := http.Get(server.URL + path)
		if err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			t.Errorf("GET %s: got the status %d, want no answer", path, response.StatusCode)
		}
	}
	if n := exits.Load(); n != 2 {
		t.Errorf("got %d calls of Exit, want one for each request", n)
	}
}
