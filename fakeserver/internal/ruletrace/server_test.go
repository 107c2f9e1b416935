package ruletrace_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/lpgate/fakeserver"
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
	server *fakeserver.Server
	acts   int
	result map[string]map[string]sides
}

// sides are the traced sides of a gate: invariants have the first.
type sides struct{ passed, refused bool }

// traceKey is the context key of a request's rule trace.
type traceKey struct{}

func newPlayer(t *testing.T, result map[string]map[string]sides, change func(*fakeserver.Options)) *player {
	t.Helper()
	o := fakeserver.Options{
		Clock:     func() time.Time { return time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC) },
		SelfCheck: true,
		OnRules: func(r *http.Request, reached []fakeserver.Reached) {
			*r.Context().Value(traceKey{}).(*[]fakeserver.Reached) = reached
		},
	}
	change(&o)
	s, err := fakeserver.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return &player{server: s, result: result}
}

// send serves an act and gives its answer and its course.
func (p *player) send(a act, body io.Reader) (*httptest.ResponseRecorder, []fakeserver.Reached) {
	p.acts++
	var reached []fakeserver.Reached
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

func (p *player) check(t *testing.T, a act, w *httptest.ResponseRecorder, reached []fakeserver.Reached) {
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

const (
	collection   = "/partner-liquidity-providers"
	onboardBody  = `{"provider":{"owner_actor":{"type":"partner","id":"amber"},"external_provider_id":"ext-1","legal_entity_name":"Amber Liquidity Ltd","disclosure_text":"Amber provides liquidity.","trust_contact_email":"trust@amber.example","segment_tier":"S1"%s}}`
	evaluateBody = `{"eligibility":{"requested_segment_tier":"S2","trust_safety_baseline_passed":true,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":0,"consecutive_compliant_windows":2,"capability_family":"advanced"}}`
)

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
	t.Run("transport and identity", func(t *testing.T) { playTransport(t, newPlayer(t, result, func(*fakeserver.Options) {})) })
	t.Run("key mode", func(t *testing.T) {
		playKeyMode(t, newPlayer(t, result, func(o *fakeserver.Options) {
			o.PartnerKeys = []fakeserver.PartnerKey{{Key: "secret", PartnerID: "amber", Scopes: []string{"settlement:read", "settlement:write"}}}
		}))
	})
	t.Run("clocks", func(t *testing.T) {
		playClocks(t, newPlayer(t, result, func(*fakeserver.Options) {}), newPlayer(t, result, func(o *fakeserver.Options) { o.IgnoreTestClocks = true }))
	})
	t.Run("idempotency", func(t *testing.T) { playIdempotency(t, newPlayer(t, result, func(*fakeserver.Options) {})) })
	t.Run("at once", func(t *testing.T) {
		// meanwhile is called during the next POST: when the server reads the clock
		// inside the critical section.
		var meanwhile atomic.Pointer[func()]
		playAtOnce(t, &meanwhile, newPlayer(t, result, func(o *fakeserver.Options) {
			now := o.Clock()
			o.Clock = func() time.Time {
				if f := meanwhile.Swap(nil); f != nil {
					(*f)()
				}
				return now
			}
		}))
	})
	t.Run("governance", func(t *testing.T) { playGovernance(t, newPlayer(t, result, func(*fakeserver.Options) {})) })
	t.Run("export", func(t *testing.T) { playExport(t, newPlayer(t, result, func(*fakeserver.Options) {})) })
	t.Run("keys", func(t *testing.T) {
		playKeys(t, newPlayer(t, result, func(*fakeserver.Options) {}), newPlayer(t, result, func(o *fakeserver.Options) {
			text, err := fixtures.FS.ReadFile("keys/operator.pem")
			if err != nil {
				t.Fatal(err)
			}
			private, err := fakeserver.ReadSigningKey(text)
			if err != nil {
				t.Fatal(err)
			}
			o.SigningKey = &fakeserver.SigningKey{ID: "op-pi-k7", Private: private}
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
		var reached []fakeserver.Reached
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

// A trace is complete and in the order of the decision.
func TestTrace(t *testing.T) {
	p := newPlayer(t, map[string]map[string]sides{}, func(*fakeserver.Options) {})
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
