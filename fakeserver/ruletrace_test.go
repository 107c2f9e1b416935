package fakeserver

import (
	"context"
	"encoding/json"
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

	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
)

// The acts here are sent to servers that return the rules that each request reached.
// Every rule of the milestone must be reached in each of its operations, and every gate
// on both sides, so an untraced or unknown rule fails the test. A row names rules of its
// request:
//
//	id     an invariant that applied
//	+id    a gate that passed it
//	-id    a gate that refused it
//	!id    a rule that it did not reach
type act struct {
	name         string
	method, path string
	header       string // lines between semicolons, "Name: value", or "-Name" to take one away
	body         string
	result       string
}

// player sends acts to one server, and collects the traces by rule and operation.
type player struct {
	server *Server
	acts   int
	result map[string]map[string]sides
}

// sides are the traced sides of a gate: invariants have the first.
type sides struct{ passed, refused bool }

// traceKey is the context key of a request's rule trace.
type traceKey struct{}

func newPlayer(t *testing.T, result map[string]map[string]sides, change func(*Options)) *player {
	t.Helper()
	o := Options{
		Clock:     func() time.Time { return time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC) },
		SelfCheck: true,
		OnRules: func(r *http.Request, reached []Reached) {
			*r.Context().Value(traceKey{}).(*[]Reached) = reached
		},
	}
	change(&o)
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return &player{server: s, result: result}
}

// send serves an act and gives its answer and its course.
func (p *player) send(a act, body io.Reader) (*httptest.ResponseRecorder, []Reached) {
	p.acts++
	var reached []Reached
	r := httptest.NewRequest(a.method, a.path, body)
	r = r.WithContext(context.WithValue(r.Context(), traceKey{}, &reached))
	r.Header = http.Header{
		"X-Actor-Type": {"partner"}, "X-Actor-Id": {"amber"}, "X-Auth-Scopes": {"settlement:read settlement:write"},
		"Idempotency-Key": {fmt.Sprint("key-", p.acts)},
	}
	for line := range strings.SplitSeq(a.header, "; ") {
		if name, ok := strings.CutPrefix(line, "-"); ok {
			r.Header.Del(name)
		} else if name, value, ok := strings.Cut(line, ": "); ok {
			r.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	p.server.ServeHTTP(w, r)
	return w, reached
}

// play sends one act, checks its trace, and counts it.
func (p *player) play(t *testing.T, a act) *httptest.ResponseRecorder {
	t.Helper()
	w, reached := p.send(a, strings.NewReader(a.body))
	p.check(t, a, w, reached)
	return w
}

func (p *player) check(t *testing.T, a act, w *httptest.ResponseRecorder, reached []Reached) {
	t.Helper()
	kinds := map[string]milestones.Rule{}
	for _, rule := range milestones.M109().Rules {
		kinds[rule.ID] = rule
	}
	operation := operationOf(a)
	got := []string{}
	for _, r := range reached {
		id := string(r.Rule)
		rule, known := kinds[id]
		entry := id
		switch {
		case !known:
			t.Errorf("%s: traced %s, which is not in the milestone", a.name, r.Rule)
		case rule.Kind == milestones.Precondition && r.Refused:
			entry = "-" + entry
		case rule.Kind == milestones.Precondition:
			entry = "+" + entry
		case r.Refused:
			t.Errorf("%s: the promise %s refused", a.name, r.Rule)
		}
		// A request that a route takes has passed the router's own gates.
		if known && !slices.Contains(rule.Operations, operation) && !(rule.Operations[0] == milestones.M109().Router.ID && !r.Refused) {
			t.Errorf("%s: traced %s of %s, which is not among its operations", a.name, entry, operation)
		}
		got = append(got, entry)
		if p.result[id] == nil {
			p.result[id] = map[string]sides{}
		}
		before := p.result[id][operation]
		p.result[id][operation] = sides{before.passed || !r.Refused, before.refused || r.Refused}
	}
	for want := range strings.FieldsSeq(a.result) {
		if id, not := strings.CutPrefix(want, "!"); not {
			if slices.ContainsFunc(got, func(entry string) bool { return strings.TrimLeft(entry, "+-") == id }) {
				t.Errorf("%s: traced %s\n%d %s\n%v", a.name, id, w.Code, w.Body, got)
			}
		} else if !slices.Contains(got, want) {
			t.Errorf("%s: did not trace %s\n%d %s\n%v", a.name, want, w.Code, w.Body, got)
		}
	}
}

// operationOf names the operation that an act calls.
func operationOf(a act) string {
	path, _, _ := strings.Cut(a.path, "?")
	m := milestones.M109()
	for _, o := range m.Operations {
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(o.Path), `\{provider_id\}`, "[^/]+") + "$"
		if o.Method == a.method && regexp.MustCompile(pattern).MatchString(path) {
			return o.ID
		}
	}
	return m.Router.ID
}

const collection = "/partner-liquidity-providers"

// The bodies; more members of the object within follow the first ones.
func onboarding(id string, more string) string {
	if id != "" {
		more = fmt.Sprintf(`,"provider_id":%q`, id) + more
	}
	return fmt.Sprintf(onboardBody, more)
}

func statusBody(status string, baseline bool, violations int, more string) string {
	return fmt.Sprintf(`{"status":{"status":%q,"segment_tier":"S1","trust_safety_baseline_passed":%v,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":%d%s}}`,
		status, baseline, violations, more)
}

func rolloutBody(status, tier, rows, more string) string {
	return fmt.Sprintf(`{"rollout":{"rollout_status":%q,"effective_segment_tier":%q,"capability_matrix":[%s]%s}}`, status, tier, rows, more)
}

const (
	because = `,"reason_codes":["checked"]`
	row     = `{"capability":"c","min_segment_tier":"S1","enabled":true}`
)

// evaluation is evaluateBody with other values for members of it.
func evaluation(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(evaluateBody) }

// at puts a recorded_at into a body.
func at(when, body string) string {
	return strings.TrimSuffix(body, "}") + fmt.Sprintf(`,"recorded_at":%q}`, when)
}

// post is one of the four operations that change something, with a body that it takes.
type post struct{ name, suffix, body string }

// path is where the operation of a provider is; onboard has no provider.
func (o post) path(provider string) string {
	if o.suffix == "" {
		return collection
	}
	return collection + "/" + provider + o.suffix
}

// posts have onboard first, which is no provider's.
var posts = []post{
	{"onboard", "", onboarding("", "")},
	{"status", "/status", statusBody("restricted", true, 0, because)},
	{"evaluate", "/eligibility/evaluate", evaluateBody},
	{"rollout", "/rollout", rolloutBody("paused", "S1", row, "")},
}

// calls are the operations of a partner: what changes something, and what reads.
func calls(provider string) (all []act) {
	for _, o := range posts {
		all = append(all, act{name: o.name, method: "POST", path: o.path(provider), body: o.body})
	}
	return append(all,
		act{name: "get", method: "GET", path: collection + "/" + provider},
		act{name: "export", method: "GET", path: collection + "/" + provider + "/rollout/export"})
}

func TestRulesAreTraced(t *testing.T) {
	result := map[string]map[string]sides{}
	t.Run("transport and identity", func(t *testing.T) { playTransport(t, newPlayer(t, result, func(*Options) {})) })
	t.Run("key mode", func(t *testing.T) {
		playKeyMode(t, newPlayer(t, result, func(o *Options) {
			o.PartnerKeys = []PartnerKey{{Key: "secret", PartnerID: "amber", Scopes: []string{"settlement:read", "settlement:write"}}}
		}))
	})
	t.Run("clocks", func(t *testing.T) {
		playClocks(t, newPlayer(t, result, func(*Options) {}), newPlayer(t, result, func(o *Options) { o.IgnoreTestClocks = true }))
	})
	t.Run("idempotency", func(t *testing.T) { playIdempotency(t, newPlayer(t, result, func(*Options) {})) })
	t.Run("at once", func(t *testing.T) {
		// meanwhile is called during the next POST: when the server reads the clock
		// inside the critical section.
		var meanwhile atomic.Pointer[func()]
		playAtOnce(t, &meanwhile, newPlayer(t, result, func(o *Options) {
			now := o.Clock()
			o.Clock = func() time.Time {
				if f := meanwhile.Swap(nil); f != nil {
					(*f)()
				}
				return now
			}
		}))
	})
	t.Run("governance", func(t *testing.T) { playGovernance(t, newPlayer(t, result, func(*Options) {})) })
	t.Run("export", func(t *testing.T) { playExport(t, newPlayer(t, result, func(*Options) {})) })
	t.Run("keys", func(t *testing.T) {
		playKeys(t, newPlayer(t, result, func(*Options) {}), newPlayer(t, result, func(o *Options) {
			text, err := fixtures.FS.ReadFile("keys/operator.pem")
			if err != nil {
				t.Fatal(err)
			}
			private, err := ReadSigningKey(text)
			if err != nil {
				t.Fatal(err)
			}
			o.SigningKey = &SigningKey{"op-pi-k7", private}
		}))
	})

	for _, rule := range milestones.M109().Rules {
		t.Run(rule.ID, func(t *testing.T) {
			var all sides
			for _, operation := range rule.Operations {
				s := result[rule.ID][operation]
				if s == (sides{}) {
					t.Errorf("never traced %s", operation)
				}
				all.refused = all.refused || s.refused
			}
			for _, s := range result[rule.ID] {
				all.passed = all.passed || s.passed
			}
			if want := (sides{true, rule.Kind == milestones.Precondition}); all != want {
				t.Errorf("told to have passed: %v, to have refused: %v; want %v and %v", all.passed, all.refused, want.passed, want.refused)
			}
		})
	}
}

func playTransport(t *testing.T, p *player) {
	p.play(t, act{"a provider", "POST", collection, "", onboarding("p", ""), "+route-is-known +method-is-allowed !path-is-exact !identity-headers-are-read-in-order !empty-body-is-an-object"})
	p.play(t, act{"a provider with a slash", "POST", collection, "", onboarding("a/b", ""), "!path-is-exact"})
	for _, a := range []act{
		{"an unknown path", "GET", "/x", "", "", "-route-is-known !method-is-allowed !path-is-exact correlation-id-is-echoed answers-are-json"},
		{"a slash too many", "GET", "/healthz/", "", "", "-route-is-known path-is-exact"},
		{"another case", "GET", "/Healthz", "", "", "-route-is-known path-is-exact"},
		{"an escaped letter", "GET", "/%68ealthz", "", "", "-route-is-known path-is-exact"},
		{"an empty segment", "GET", collection + "//rollout/export", "", "", "-route-is-known path-is-exact"},
		{"another method", "DELETE", collection, "", "", "+route-is-known -method-is-allowed !path-is-exact"},
		{"another method of an escaped id", "DELETE", collection + "/a%2Fb", "", "", "-method-is-allowed path-is-exact"},
		{"health without an identity", "GET", "/healthz", "-X-Actor-Type; -X-Actor-Id", "", "health-is-public !identity-is-required"},
		{"health of somebody", "GET", "/healthz", "", "", "!health-is-public"},
		{"keys of somebody", "GET", "/keys/policy-integrity-signing", "", "", "keys-are-published !operator-key-replaces-dev-key"},
	} {
		p.play(t, a)
	}
	for i, call := range calls("p") {
		// with changes what a call sends.
		with := func(name, header, result string) {
			a := call
			a.name, a.header, a.result = call.name+": "+name, header, result
			p.play(t, a)
		}
		with("done", "", "+identity-is-required +actor-is-partner +scope-is-held !identity-headers-are-read-in-order correlation-id-is-echoed answers-are-json")
		with("nobody", "-X-Actor-Type; -X-Actor-Id", "-identity-is-required !actor-is-partner !identity-headers-are-read-in-order")
		with("an unknown type", "X-Actor-Type: robot", "+identity-is-required -actor-is-partner !scope-is-held !idempotency-key-is-present")
		with("a user", "X-Actor-Type: user", "-actor-is-partner !scope-is-held")
		with("without the scope", "X-Auth-Scopes: other", "+actor-is-partner -scope-is-held !provider-exists")
		with("the partner key alone", "-X-Actor-Type; -X-Actor-Id; X-Partner-Key: amber", "identity-headers-are-read-in-order !partner-key-is-known")
		with("an id without a type", "-X-Actor-Type", "identity-headers-are-read-in-order -identity-is-required")
		with("a blank type", "X-Actor-Type: ", "identity-headers-are-read-in-order")
		with("the second name for scopes", "-X-Auth-Scopes; X-Scopes: settlement:read,settlement:write", "identity-headers-are-read-in-order +scope-is-held")
		if i == 0 {
			continue
		}
		with("a stranger", "X-Actor-Id: cobalt", "+provider-exists -provider-is-owned !request-matches-schema !export-query-is-readable !idempotency-replays-the-answer")
		unknown, slash := calls("nobody")[i], calls("a%2Fb")[i]
		unknown.result = "-provider-exists !provider-is-owned"
		p.play(t, unknown)
		slash.result = "path-is-exact +provider-exists +provider-is-owned"
		p.play(t, slash)
	}
	for _, o := range posts {
		for _, a := range []act{
			{"without a key", "POST", o.path("p"), "-Idempotency-Key", o.body, "-idempotency-key-is-present !body-is-i-json"},
			{"with a key", "POST", o.path("p"), "", o.body, "+idempotency-key-is-present +body-within-limit +body-is-i-json +request-matches-schema"},
			{"too large", "POST", o.path("p"), "", strings.Repeat(" ", 1<<20+1), "-body-within-limit !body-is-i-json"},
			{"no JSON", "POST", o.path("p"), "", "{", "+body-within-limit -body-is-i-json !scope-is-held"},
			{"no body", "POST", o.path("p"), "", "", "empty-body-is-an-object +body-is-i-json -request-matches-schema"},
			{"no body of a user", "POST", o.path("p"), "X-Actor-Type: user", "", "empty-body-is-an-object !request-matches-schema"},
			{"forbidden by the schema", "POST", o.path("p"), "", `{"x":1}`, "-request-matches-schema !recorded-at-is-readable writes-are-audited"},
		} {
			a.name = o.name + ": " + a.name
			p.play(t, a)
		}
	}
}

func playKeyMode(t *testing.T, p *player) {
	p.play(t, act{"a provider", "POST", collection, "X-Partner-Key: secret; X-Actor-Type: robot", onboarding("p", ""), "+partner-key-is-known +identity-is-required +actor-is-partner !identity-headers-are-read-in-order"})
	for _, call := range calls("p") {
		call.header, call.result = "X-Partner-Key: other", "-partner-key-is-known -identity-is-required !actor-is-partner"
		p.play(t, call)
		call.header, call.result = "X-Partner-Key: secret; X-Scopes: other", "+partner-key-is-known +scope-is-held !identity-headers-are-read-in-order"
		p.play(t, call)
	}
	p.play(t, act{"health", "GET", "/healthz", "", "", "health-is-public"})
}

func playClocks(t *testing.T, on, off *player) {
	for _, p := range []*player{on, off} {
		p.play(t, act{"a provider", "POST", collection, "", onboarding("p", ""), "!now-is-readable !test-clocks-can-be-off"})
	}
	const good, bad = "X-Now-Iso: 2026-02-22T15:00:00Z", "X-Now-Iso: yesterday"
	for _, o := range posts {
		when, leap := at("2026-02-22T15:00:00+01:00", o.body), at("2016-12-31T23:59:60Z", o.body)
		for _, a := range []act{
			{"no time", "POST", o.path("p"), "", o.body, "!now-is-readable !recorded-at-is-readable !recorded-at-is-normalised"},
			{"a clock", "POST", o.path("p"), good, o.body, "+now-is-readable !test-clocks-can-be-off"},
			{"an unreadable clock", "POST", o.path("p"), bad, o.body, "-now-is-readable"},
			{"an unreadable clock that is not needed", "POST", o.path("p"), bad, when, "+now-is-readable +recorded-at-is-readable recorded-at-is-normalised"},
			{"a leap second", "POST", o.path("p"), "", leap, "-recorded-at-is-readable !recorded-at-is-normalised"},
		} {
			a.name = o.name + ": " + a.name
			on.play(t, a)
		}
		for _, a := range []act{
			{"no clock", "POST", o.path("p"), "", o.body, "!now-is-readable !test-clocks-can-be-off"},
			{"an ignored clock", "POST", o.path("p"), good, o.body, "test-clocks-can-be-off !now-is-readable"},
			{"an ignored clock that is not needed", "POST", o.path("p"), bad, when, "!test-clocks-can-be-off !now-is-readable"},
		} {
			a.name = o.name + ": " + a.name
			off.play(t, a)
		}
	}
	on.play(t, act{"a time that a refusal keeps in", "POST", collection + "/p/status", "", at("2026-02-22T15:00:00Z", statusBody("active", false, 0, "")), "+recorded-at-is-readable !recorded-at-is-normalised"})
	export := collection + "/p/rollout/export"
	on.play(t, act{"get, which reads no clock", "GET", collection + "/p", bad, "", "!now-is-readable"})
	on.play(t, act{"export without a clock", "GET", export, "", "", "!now-is-readable !test-clocks-can-be-off"})
	on.play(t, act{"export with a clock", "GET", export, good, "", "+now-is-readable"})
	on.play(t, act{"export with an unreadable clock", "GET", export, bad, "", "-now-is-readable !export-is-signed"})
	on.play(t, act{"export with another now", "GET", export + "?now_iso=2026-02-22T15:00:00Z", bad, "", "+now-is-readable"})
	on.play(t, act{"export with an unreadable other now", "GET", export + "?now_iso=yesterday", "", "", "-export-query-is-readable !now-is-readable"})
	off.play(t, act{"export without a clock", "GET", export, "", "", "!now-is-readable !test-clocks-can-be-off"})
	for _, query := range []string{"now_iso", "exported_at_iso"} {
		off.play(t, act{"export with an ignored " + query, "GET", export + "?" + query + "=yesterday", "", "", "test-clocks-can-be-off +export-query-is-readable !now-is-readable"})
	}
	off.play(t, act{"export with an ignored clock", "GET", export, bad, "", "test-clocks-can-be-off"})
}

func playIdempotency(t *testing.T, p *player) {
	const news = "!idempotency-payload-matches !idempotency-replays-the-answer !idempotency-keeps-refusals !idempotency-runs-once "
	for _, id := range []string{"p", "q"} {
		p.play(t, act{"a provider", "POST", collection, "", onboarding(id, ""), news + "!idempotency-is-scoped"})
	}
	for _, o := range posts {
		key, refused := "Idempotency-Key: "+o.name, "Idempotency-Key: refused-"+o.name
		for _, a := range []act{
			{"a new key", "POST", o.path("p"), key, o.body, news + "!idempotency-is-scoped writes-are-audited"},
			{"a replay", "POST", o.path("p"), key, o.body, "+idempotency-payload-matches idempotency-replays-the-answer !idempotency-keeps-refusals !idempotency-is-scoped !idempotency-runs-once !request-matches-schema !writes-are-audited"},
			{"another payload", "POST", o.path("p"), key, at("2026-02-22T15:00:00Z", o.body), "-idempotency-payload-matches !idempotency-replays-the-answer !request-matches-schema"},
			{"a refusal", "POST", o.path("p"), refused, `{"x":1}`, news},
			{"a replayed refusal", "POST", o.path("p"), refused, `{"x":1}`, "idempotency-keeps-refusals idempotency-replays-the-answer"},
			{"another payload than the refused one", "POST", o.path("p"), refused, o.body, "idempotency-keeps-refusals -idempotency-payload-matches"},
		} {
			a.name = o.name + ": " + a.name
			p.play(t, a)
		}
	}
	// The same text elsewhere: of another operation, another provider, another partner.
	for _, o := range posts[1:] {
		p.play(t, act{o.name + ": a key of onboard", "POST", o.path("p"), "Idempotency-Key: onboard", o.body, news + "idempotency-is-scoped"})
		p.play(t, act{o.name + ": a key of another provider", "POST", o.path("q"), "Idempotency-Key: " + o.name, o.body, news + "idempotency-is-scoped"})
	}
	p.play(t, act{"another partner's key", "POST", collection, "X-Actor-Id: cobalt; Idempotency-Key: onboard", onboarding("", ""), news + "idempotency-is-scoped"})
	p.play(t, act{"a replay of a key that others have too", "POST", collection, "Idempotency-Key: onboard", onboarding("", ""), "idempotency-replays-the-answer idempotency-is-scoped"})
}

func playAtOnce(t *testing.T, meanwhile *atomic.Pointer[func()], p *player) {
	p.play(t, act{"a provider", "POST", collection, "", onboarding("p", ""), ""})
	for _, o := range posts {
		first := act{o.name + ": runs", "POST", o.path("p"), "Idempotency-Key: " + o.name, o.body, "!idempotency-runs-once !idempotency-replays-the-answer"}
		second := first
		second.name, second.result = o.name+": comes while it runs", "idempotency-runs-once idempotency-replays-the-answer"
		var w *httptest.ResponseRecorder
		var reached []Reached
		done := make(chan struct{})
		come := func() {
			came := make(chan struct{})
			go func() {
				defer close(done)
				// Its body is read once it has come.
				w, reached = p.send(second, io.MultiReader(signal(came), strings.NewReader(o.body)))
			}()
			<-came
		}
		meanwhile.Store(&come)
		p.play(t, first)
		<-done
		p.check(t, second, w, reached)
		again := second
		again.name, again.result = o.name+": comes afterwards", "!idempotency-runs-once idempotency-replays-the-answer"
		p.play(t, again)
	}
}

// signal is an empty reader that closes its channel when it is read.
type signal chan struct{}

func (s signal) Read([]byte) (int, error) {
	close(s)
	return 0, io.EOF
}

func playGovernance(t *testing.T, p *player) {
	const provider = collection + "/p"
	const written = "writes-are-audited +request-matches-schema "
	const recorded = "rollout-records-its-reasons rollout-derives-capabilities rollout-hashes-capabilities rollout-counts-versions rollout-moves-provider rollout-refers-to-evaluation +rollout-active-unblocked "
	const blocked = "-rollout-active-unblocked !rollout-records-its-reasons !rollout-derives-capabilities !rollout-hashes-capabilities !rollout-counts-versions !rollout-moves-provider !rollout-refers-to-evaluation "
	const evaluated = "eligibility-recommends-status eligibility-has-derived-id eligibility-changes-only-the-evaluation "
	s3 := strings.Replace(row, "S1", "S3", 1)
	for _, a := range []act{
		{"another owner", "POST", collection, "X-Actor-Id: cobalt", onboarding("p", ""), "-onboard-owner-is-caller !onboard-id-is-free !onboard-starts-ungoverned"},
		{"a provider", "POST", collection, "", onboarding("p", ""), written + "+onboard-owner-is-caller +onboard-id-is-free onboard-starts-ungoverned !onboard-assigns-ids"},
		{"an id twice", "POST", collection, "", onboarding("p", ""), "-onboard-id-is-free !onboard-starts-ungoverned"},
		{"an id of the server's", "POST", collection, "", onboarding("", ""), "onboard-assigns-ids !onboard-id-is-free onboard-starts-ungoverned"},

		{"active without a baseline", "POST", provider + "/status", "", statusBody("active", false, 1, ""), "-status-active-needs-baselines !status-active-needs-no-violations !status-replaces-governance"},
		{"active with violations", "POST", provider + "/status", "", statusBody("active", true, 1, ""), "+status-active-needs-baselines -status-active-needs-no-violations !status-restriction-needs-reason"},
		{"restricted without a reason", "POST", provider + "/status", "", statusBody("restricted", true, 0, ""), "+status-active-needs-no-violations -status-restriction-needs-reason !status-replaces-governance"},
		{"restricted", "POST", provider + "/status", "", statusBody("restricted", true, 0, because), written + "+status-active-needs-baselines +status-active-needs-no-violations +status-restriction-needs-reason status-replaces-governance"},

		{"no evaluation", "POST", provider + "/rollout", "", rolloutBody("active", "S1", row, ""), "+rollout-rows-are-unique -rollout-needs-allow-verdict +rollout-needs-no-violations +rollout-needs-provider-in-service +rollout-climbs-one-tier +rollout-row-within-tier " + blocked},
		{"allowed", "POST", provider + "/eligibility/evaluate", "", evaluation(), written + evaluated + "+eligibility-needs-baselines +eligibility-needs-no-violations +eligibility-climbs-one-tier +eligibility-climb-needs-two-windows +eligibility-climb-needs-remediation +eligibility-high-risk-needs-s2"},
		{"a baseline missing", "POST", provider + "/eligibility/evaluate", "", evaluation(`"audit_conformance_passed":true`, `"audit_conformance_passed":false`), evaluated + "-eligibility-needs-baselines +eligibility-needs-no-violations"},
		{"violations", "POST", provider + "/eligibility/evaluate", "", evaluation(`violations":0`, `violations":1`), evaluated + "+eligibility-needs-baselines -eligibility-needs-no-violations"},
		{"two tiers up", "POST", provider + "/eligibility/evaluate", "", evaluation("S2", "S3"), evaluated + "-eligibility-climbs-one-tier +eligibility-climb-needs-two-windows"},
		{"one window", "POST", provider + "/eligibility/evaluate", "", evaluation(`windows":2`, `windows":1`), evaluated + "-eligibility-climb-needs-two-windows"},
		{"open remediation", "POST", provider + "/eligibility/evaluate", "", evaluation(`"capability_family"`, `"remediation_closed":false,"capability_family"`), evaluated + "-eligibility-climb-needs-remediation"},
		{"high risk below S2", "POST", provider + "/eligibility/evaluate", "", evaluation("advanced", "high_risk", "S2", "S1"), evaluated + "-eligibility-high-risk-needs-s2"},
		{"allowed again", "POST", provider + "/eligibility/evaluate", "", evaluation(), evaluated},

		{"a row twice", "POST", provider + "/rollout", "", rolloutBody("paused", "S1", row+","+row, ""), "-rollout-rows-are-unique !rollout-needs-allow-verdict !rollout-counts-versions"},
		{"active", "POST", provider + "/rollout", "", rolloutBody("active", "S1", row, ""), written + recorded + "+rollout-rows-are-unique +rollout-needs-allow-verdict"},
		{"two tiers up, paused", "POST", provider + "/rollout", "", rolloutBody("paused", "S3", row, ""), recorded + "-rollout-climbs-one-tier"},
		{"a row above the tier, blocked", "POST", provider + "/rollout", "", rolloutBody("blocked", "S1", s3, ""), recorded + "-rollout-row-within-tier +rollout-climbs-one-tier"},
		{"the caller's own code", "POST", provider + "/rollout", "", rolloutBody("active", "S1", row, `,"reason_codes":["partner_liquidity_provider_rollout_blocked"]`), blocked + "+rollout-needs-allow-verdict"},
		{"offboarded with violations", "POST", provider + "/status", "", statusBody("offboarded", true, 1, because), written},
		{"active again", "POST", provider + "/rollout", "", rolloutBody("active", "S1", row, ""), blocked + "-rollout-needs-no-violations -rollout-needs-provider-in-service +rollout-needs-allow-verdict"},
		{"get", "GET", provider, "", "", "get-shows-the-provider !writes-are-audited"},
		{"get of a stranger", "GET", provider, "X-Actor-Id: cobalt", "", "-provider-is-owned !get-shows-the-provider"},
	} {
		p.play(t, a)
	}
}

func playExport(t *testing.T, p *player) {
	const export = collection + "/p/rollout/export"
	const page = "export-fills-defaults export-limits-pages export-counts-from-cursor export-hashes-the-page export-chains-pages export-issues-checkpoints export-is-signed writes-are-audited keys-are-published "
	const none = "!export-is-signed !export-limits-pages !writes-are-audited !keys-are-published "
	const plain = "!export-window-is-half-open !export-retention-cuts !export-filters-events !export-survives-arrivals !export-checkpoint-is-known "
	record := func(provider, when string) {
		t.Helper()
		p.play(t, act{"an entry at " + when, "POST", collection + "/" + provider + "/eligibility/evaluate", "", at(when, evaluateBody), "writes-are-audited"})
	}
	// ask exports, and gives the query of the next page.
	ask := func(name, query, result string) string {
		t.Helper()
		var shown struct {
			Export struct {
				NextCursor  string `json:"next_cursor"`
				Attestation struct {
					ChainHash string `json:"chain_hash"`
				} `json:"attestation"`
				Checkpoint struct {
					CheckpointHash string `json:"checkpoint_hash"`
				} `json:"checkpoint"`
			} `json:"export"`
		}
		if err := json.Unmarshal(p.play(t, act{name, "GET", export + "?" + query, "", "", result}).Body.Bytes(), &shown); err != nil {
			t.Fatal(err)
		}
		return "&" + url.Values{
			"cursor_after":      {shown.Export.NextCursor},
			"attestation_after": {shown.Export.Attestation.ChainHash},
			"checkpoint_after":  {shown.Export.Checkpoint.CheckpointHash},
		}.Encode()
	}
	for _, id := range []string{"p", "q"} {
		p.play(t, act{"a provider", "POST", collection, "", at("2026-02-22T12:00:00Z", onboarding(id, "")), ""})
	}
	ask("one entry", "", page+plain+"+export-query-is-readable +export-continuation-is-complete !export-orders-entries")
	record("p", "2026-02-22T13:00:00Z")
	record("p", "2026-02-22T14:00:00Z")
	ask("three entries", "", page+plain+"export-orders-entries")
	ask("entries of a type", "event_type=onboarded", page+"export-filters-events !export-orders-entries")
	ask("a bad limit", "limit=0", none+"-export-query-is-readable !export-continuation-is-complete")
	ask("a broken query", "limit=%zz", none+"-export-query-is-readable")
	ask("a cursor alone", "cursor_after=c", none+"+export-query-is-readable -export-continuation-is-complete !export-checkpoint-is-known")

	ask("a window around all", "from_iso=2026-02-22T11:00:00Z&to_iso=2026-02-22T15:00:00Z", page+"!export-window-is-half-open")
	ask("an entry at from", "from_iso=2026-02-22T12:00:00Z", page+"export-window-is-half-open")
	ask("an entry before from", "from_iso=2026-02-22T12:30:00Z", page+"export-window-is-half-open")
	ask("an entry at to", "to_iso=2026-02-22T14:00:00Z", page+"export-window-is-half-open")
	ask("a reversed window", "from_iso=2026-02-22T14:00:00Z&to_iso=2026-02-22T12:00:00Z", page+"export-window-is-half-open")
	ask("an entry before from, of another type", "from_iso=2026-02-22T12:30:00Z&event_type=eligibility_evaluated", page+"!export-window-is-half-open")
	ask("an entry at the cut", "retention_days=1&now_iso=2026-02-23T12:00:00Z", page+"export-retention-cuts")
	ask("an entry a millisecond after the cut", "retention_days=1&now_iso=2026-02-23T11:59:59.999Z", page+"!export-retention-cuts")
	ask("an entry before the cut", "retention_days=1&now_iso=2026-02-23T12:30:00Z", page+"export-retention-cuts")
	ask("an entry before the cut and before from", "retention_days=1&now_iso=2026-02-23T12:30:00Z&from_iso=2026-02-22T13:30:00Z", page+"!export-retention-cuts export-window-is-half-open")
	ask("an entry after now", "now_iso=2026-02-22T13:30:00Z", page+"export-retention-cuts")

	const first = "limit=1&retention_days=1&now_iso=2026-02-23T12:00:00Z"
	const late = "limit=1&retention_days=1&now_iso="
	const follows = "+export-checkpoint-is-known +export-checkpoint-is-own +export-checkpoint-is-fresh +export-page-follows-its-checkpoint +export-filters-stay "
	next := ask("a first page", first, page+"export-orders-entries")
	last := ask("the page after the next", first+ask("the next page", first+next, page+follows+"+export-cursor-still-stands !export-survives-arrivals"), page+follows+"export-orders-entries")
	ask("a page after the last, which has no cursor", first+last, none+"-export-continuation-is-complete !export-checkpoint-is-known")
	ask("an unknown checkpoint", first+"&cursor_after=c&attestation_after=a&checkpoint_after=k", none+"-export-checkpoint-is-known !export-checkpoint-is-own")
	p.play(t, act{"another provider's checkpoint", "GET", collection + "/q/rollout/export?" + first + next, "", "", none + "+export-checkpoint-is-known -export-checkpoint-is-own !export-checkpoint-is-fresh"})
	ask("an expired checkpoint", late+"2026-02-24T12:00:00.001Z"+next, none+"+export-checkpoint-is-own -export-checkpoint-is-fresh !export-filters-stay")
	ask("another attestation", first+strings.Replace(next, "attestation_after=", "attestation_after=0", 1), none+"+export-checkpoint-is-fresh -export-page-follows-its-checkpoint !export-filters-stay")
	ask("another cursor", first+strings.Replace(next, "cursor_after=", "cursor_after=0", 1), none+"-export-page-follows-its-checkpoint")
	ask("another filter", first+"&event_type=onboarded"+next, none+"+export-page-follows-its-checkpoint -export-filters-stay !export-cursor-still-stands")
	ask("a cursor that aged out", late+"2026-02-23T12:00:00.001Z"+next, none+follows+"-export-cursor-still-stands")
	record("q", "2026-02-22T12:30:00Z")
	ask("nothing arrived here", first+next, page+"!export-survives-arrivals")
	record("p", "2026-02-22T12:30:00Z")
	ask("an entry arrived", first+next, page+"export-survives-arrivals")
}

func playKeys(t *testing.T, development, operators *player) {
	for _, p := range []*player{development, operators} {
		want := "keys-are-published !operator-key-replaces-dev-key"
		if p == operators {
			want = "keys-are-published operator-key-replaces-dev-key"
		}
		p.play(t, act{"a provider", "POST", collection, "", onboarding("p", ""), "!keys-are-published !operator-key-replaces-dev-key"})
		p.play(t, act{"the key set", "GET", "/keys/policy-integrity-signing", "", "", want})
		p.play(t, act{"an export", "GET", collection + "/p/rollout/export", "", "", want})
		p.play(t, act{"an export of a stranger", "GET", collection + "/p/rollout/export", "X-Actor-Id: cobalt", "", "!keys-are-published !operator-key-replaces-dev-key"})
	}
}

// A trace is complete and in the order of the decision.
func TestTrace(t *testing.T) {
	p := newPlayer(t, map[string]map[string]sides{}, func(*Options) {})
	for _, test := range []struct {
		act
		want string
	}{
		{act{method: "GET", path: "/x"}, "correlation-id-is-echoed -route-is-known answers-are-json"},
		{act{method: "POST", path: collection, body: onboarding("p", "")}, "correlation-id-is-echoed route-is-known method-is-allowed " +
			"identity-is-required idempotency-key-is-present body-within-limit body-is-i-json actor-is-partner scope-is-held " +
			"request-matches-schema onboard-owner-is-caller onboard-id-is-free onboard-starts-ungoverned writes-are-audited answers-are-json"},
		{act{method: "POST", path: collection + "/p/status", body: statusBody("active", true, 1, "")}, "correlation-id-is-echoed route-is-known method-is-allowed " +
			"identity-is-required idempotency-key-is-present body-within-limit body-is-i-json actor-is-partner scope-is-held " +
			"provider-exists provider-is-owned request-matches-schema status-active-needs-baselines -status-active-needs-no-violations writes-are-audited answers-are-json"},
	} {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			_, reached := p.send(test.act, strings.NewReader(test.body))
			var got []string
			for _, r := range reached {
				entry := string(r.Rule)
				if r.Refused {
					entry = "-" + entry
				}
				got = append(got, entry)
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
