package admin_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/client"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/internal/rest"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// No gate lacks an explanation, and nothing else has one.
func TestEveryGateExplains(t *testing.T) {
	explained := rest.Explained(schemas.Embedded())
	for _, rule := range milestones.M109().Rules {
		gate, ok := explained[ruletrace.Rule(rule.ID)]
		if ok != (rule.Kind == milestones.Precondition) || ok && (len(gate.Inputs) == 0 || gate.Advice == "") {
			t.Errorf("%s, a %s: explained is %v, with %d inputs and %q", rule.ID, rule.Kind, ok, len(gate.Inputs), gate.Advice)
		}
		delete(explained, ruletrace.Rule(rule.ID))
	}
	if len(explained) > 0 {
		t.Errorf("unknown gates are explained: %v", slices.Collect(maps.Keys(explained)))
	}
}

// request is one, ready to be changed.
type request struct {
	method, path string
	header       map[string]string
	query        map[string]string
	body         any // a string is sent as it is
}

func (a request) send(t *testing.T, f *fakeservertest.Running, world string) (id string, answer string) {
	t.Helper()
	var body io.Reader = http.NoBody
	if text, ok := a.body.(string); ok {
		body = strings.NewReader(text)
	} else if a.body != nil {
		text, err := json.Marshal(a.body)
		if err != nil {
			t.Fatal(err)
		}
		body = strings.NewReader(string(text))
	}
	query := url.Values{}
	for name, value := range a.query {
		query.Set(name, value)
	}
	r, err := http.NewRequest(a.method, f.URL+a.path+"?"+query.Encode(), body)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range a.header {
		r.Header.Set(name, value)
	}
	r.Header.Set(fakeserver.WorldHeader, world)
	got, err := f.HTTP.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got.Header.Get("X-Fake-Request-Id"), string(text)
}

// put changes what is at a JSON pointer.
func put(value any, pointer string, to any, remove bool) any {
	if pointer == "" {
		return to
	}
	token, rest, deeper := strings.Cut(pointer[1:], "/")
	if deeper {
		rest = "/" + rest
	}
	switch in := value.(type) {
	case map[string]any:
		if !deeper && remove {
			delete(in, token)
		} else {
			in[token] = put(in[token], rest, to, remove)
		}
	case []any:
		n, _ := strconv.Atoi(token)
		if !deeper && remove {
			return slices.Delete(in, n, n+1)
		}
		in[n] = put(in[n], rest, to, remove)
	}
	return value
}

func document(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

const (
	onboardBody = `{"provider":{"provider_id":"a","owner_actor":{"type":"partner","id":"amber"},"external_provider_id":"e","legal_entity_name":"l","disclosure_text":"d","trust_contact_email":"a@b","segment_tier":"S0"}}`
	statusBody  = `{"status":{"status":"active","segment_tier":"S0","trust_safety_baseline_passed":true,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":0,"reason_codes":[]}}`
	evalBody    = `{"eligibility":{"requested_segment_tier":"S1","trust_safety_baseline_passed":true,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":0,"consecutive_compliant_windows":2,"capability_family":"core","remediation_closed":true}}`
	rolloutBody = `{"rollout":{"rollout_status":"active","effective_segment_tier":"S0","capability_matrix":[{"capability":"quotes","min_segment_tier":"S0","enabled":true}],"reason_codes":["reviewed"]}}`
)

// Each gate that a change of the request can satisfy: a refused request is changed as its
// explanation describes, and then passes.
func TestNearestChangePasses(t *testing.T) {
	const providers = "/partner-liquidity-providers"
	post := func(path, body string, changes ...string) request {
		a := request{method: "POST", path: path, header: map[string]string{"X-Actor-Type": "partner", "X-Actor-Id": "amber", "X-Auth-Scopes": "settlement:write", "Idempotency-Key": "refused"}, body: document(t, body)}
		for i := 0; i+1 < len(changes); i += 2 {
			a.body = put(a.body, changes[i], document(t, changes[i+1]), false)
		}
		return a
	}
	with := func(a request, header, value string) request {
		a.header[header] = value
		return a
	}
	get := func(query ...string) request {
		a := request{method: "GET", path: providers + "/a/rollout/export", header: map[string]string{"X-Actor-Type": "partner", "X-Actor-Id": "amber", "X-Auth-Scopes": "settlement:read"}, query: map[string]string{}}
		for i := 0; i+1 < len(query); i += 2 {
			a.query[query[i]] = query[i+1]
		}
		return a
	}
	onboard, status := providers, providers+"/a/status"
	evaluate, rollout := providers+"/a/eligibility/evaluate", providers+"/a/rollout"
	bad := func() request { return post(status, statusBody, "/status/unresolved_critical_violations", "3") }
	// page gets the continuation of a page of one entry of the provider.
	page := func(f *fakeservertest.Running, world, provider string, query ...string) request {
		a := get(append(query, "limit", "1")...)
		a.path = providers + "/" + provider + "/rollout/export"
		_, body := a.send(t, f, world)
		at := func(parts ...string) string {
			value := document(t, body).(map[string]any)["export"]
			for _, part := range parts {
				value = value.(map[string]any)[part]
			}
			text, _ := value.(string)
			return text
		}
		next := get(append(query, "limit", "1")...)
		maps.Copy(next.query, map[string]string{"cursor_after": at("next_cursor"), "attestation_after": at("attestation", "chain_hash"), "checkpoint_after": at("checkpoint", "checkpoint_hash")})
		return next
	}
	type row struct {
		rule   string
		before []request
		asks   request
		next   func(f *fakeservertest.Running, world string) request
	}
	rows := []row{
		{rule: "route-is-known", asks: request{method: "GET", path: "/healthzz"}},
		{rule: "route-is-known", asks: request{method: "PUT", path: providers + "/a/"}},
		{rule: "method-is-allowed", asks: request{method: "PUT", path: "/healthz"}},
		{rule: "identity-is-required", asks: with(with(get(), "X-Actor-Type", ""), "X-Actor-Id", "")},
		{rule: "identity-is-required", asks: with(get(), "X-Actor-Id", "")},
		{rule: "identity-is-required", asks: with(get(), "X-Actor-Type", "")},
		{rule: "actor-is-partner", asks: with(get(), "X-Actor-Type", "user")},
		{rule: "scope-is-held", asks: with(get(), "X-Auth-Scopes", "profile:read")},
		{rule: "idempotency-key-is-present", asks: with(bad(), "Idempotency-Key", "")},
		{rule: "idempotency-payload-matches", before: []request{bad()}, asks: post(status, statusBody)},
		{rule: "request-matches-schema", asks: post(status, statusBody, "/status/segment_tier", `"S9"`, "/status/operator_note", `" "`, "/status/more", "1", "/status/other", "1", "/status/unresolved_critical_violations", "-1")},
		{rule: "request-matches-schema", asks: post(status, `{"status":{"status":"active"}}`)},
		{rule: "now-is-readable", asks: with(post(status, statusBody), "X-Now-Iso", "noon")},
		{rule: "recorded-at-is-readable", asks: post(status, statusBody, "/recorded_at", `"2016-12-31T23:59:60Z"`)},
		{rule: "onboard-owner-is-caller", asks: post(onboard, onboardBody, "/provider/owner_actor/id", `"birch"`, "/provider/provider_id", `"c"`)},
		{rule: "onboard-id-is-free", asks: post(onboard, onboardBody)},
		{rule: "status-active-needs-baselines", asks: post(status, statusBody, "/status/reliability_baseline_passed", "false")},
		{rule: "status-active-needs-no-violations", asks: bad()},
		{rule: "status-restriction-needs-reason", asks: post(status, statusBody, "/status/status", `"offboarded"`)},
		{rule: "eligibility-needs-baselines", asks: post(evaluate, evalBody, "/eligibility/audit_conformance_passed", "false")},
		{rule: "eligibility-needs-no-violations", asks: post(evaluate, evalBody, "/eligibility/unresolved_critical_violations", "1")},
		{rule: "eligibility-climbs-one-tier", asks: post(evaluate, evalBody, "/eligibility/requested_segment_tier", `"S2"`)},
		{rule: "eligibility-climb-needs-two-windows", asks: post(evaluate, evalBody, "/eligibility/consecutive_compliant_windows", "1")},
		{rule: "eligibility-climb-needs-remediation", asks: post(evaluate, evalBody, "/eligibility/remediation_closed", "false")},
		{rule: "eligibility-high-risk-needs-s2", asks: post(evaluate, evalBody, "/eligibility/capability_family", `"high_risk"`)},
		{rule: "rollout-needs-allow-verdict", asks: post(rollout, rolloutBody)},
		{rule: "rollout-needs-no-violations", before: []request{with(post(status, statusBody, "/status/status", `"restricted"`, "/status/reason_codes", `["x"]`, "/status/unresolved_critical_violations", "1"), "Idempotency-Key", "1")}, asks: post(rollout, rolloutBody)},
		{rule: "rollout-needs-provider-in-service", before: []request{with(post(status, statusBody, "/status/status", `"offboarded"`, "/status/reason_codes", `["x"]`), "Idempotency-Key", "1")}, asks: post(rollout, rolloutBody)},
		{rule: "rollout-climbs-one-tier", asks: post(rollout, rolloutBody, "/rollout/effective_segment_tier", `"S2"`)},
		{rule: "rollout-row-within-tier", asks: post(rollout, rolloutBody, "/rollout/capability_matrix/0/min_segment_tier", `"S1"`)},
		{rule: "rollout-rows-are-unique", asks: post(rollout, rolloutBody, "/rollout/capability_matrix", `[{"capability":"q","min_segment_tier":"S0","enabled":true},{"capability":"q","min_segment_tier":"S0","enabled":true},{"capability":"q","min_segment_tier":"S0","enabled":false}]`)},
		{rule: "rollout-active-unblocked", before: []request{post(evaluate, evalBody)}, asks: with(post(rollout, rolloutBody, "/rollout/reason_codes", `["partner_liquidity_provider_rollout_blocked"]`), "Idempotency-Key", "2")},
		{rule: "export-query-is-readable", asks: get("limit", "0", "from_iso", "noon", "event_type", "x")},
		{rule: "export-continuation-is-complete", asks: get("cursor_after", "x")},
		{rule: "export-checkpoint-is-known", asks: get("cursor_after", "x", "attestation_after", "y", "checkpoint_after", "z")},
		{rule: "export-checkpoint-is-own", next: func(f *fakeservertest.Running, world string) request { return page(f, world, "b") }},
		{rule: "export-checkpoint-is-fresh", next: func(f *fakeservertest.Running, world string) request {
			a := page(f, world, "a", "retention_days", "1")
			a.query["now_iso"] = "2040-01-01T00:00:00Z"
			return a
		}},
		{rule: "export-page-follows-its-checkpoint", next: func(f *fakeservertest.Running, world string) request {
			a := page(f, world, "a")
			a.query["cursor_after"] = "other"
			return a
		}},
		{rule: "export-filters-stay", next: func(f *fakeservertest.Running, world string) request {
			a := page(f, world, "a")
			a.query["limit"] = "2"
			return a
		}},
		{rule: "export-cursor-still-stands", next: func(f *fakeservertest.Running, world string) request {
			a := page(f, world, "a", "retention_days", "1", "exported_at_iso", "2039-12-31T00:00:00Z")
			a.query["now_iso"] = "2039-12-31T12:00:00Z"
			return a
		}},
	}
	f := fakeservertest.StartInMemory(t)
	ctx := context.Background()
	proven := map[string]bool{}
	for n, row := range rows {
		t.Run(row.rule, func(t *testing.T) {
			world := fmt.Sprint("w", n)
			if err := f.Admin.World(world).Freeze(ctx, time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)); err != nil {
				t.Fatal(err)
			}
			for i, id := range []string{`"a"`, `"b"`} {
				with(post(onboard, onboardBody, "/provider/provider_id", id), "Idempotency-Key", fmt.Sprint("begin", i)).send(t, f, world)
			}
			for _, id := range []string{"a", "b"} {
				with(post(providers+"/"+id+"/status", statusBody), "Idempotency-Key", "begin").send(t, f, world)
			}
			for _, a := range row.before {
				a.send(t, f, world)
			}
			asks := row.asks
			if row.next != nil {
				asks = row.next(f, world)
			}
			id, answer := asks.send(t, f, world)
			text, gate := explanation(t, f, id, row.rule)
			if !gate.Refused || !slices.Contains(text.DecidedBy, row.rule) || len(gate.Changes) == 0 || gate.Advice == "" || gate.Description == "" {
				t.Fatalf("got %+v, decided by %v; the answer was %s", gate, text.DecidedBy, answer)
			}
			if n := len(gate.Changes); n > 1 && (row.rule == "identity-is-required" || row.rule == "export-continuation-is-complete") {
				t.Errorf("got %d changes, and one is enough: %+v", n, gate.Changes)
			}
			for _, change := range gate.Changes {
				to, _ := change.To.(string)
				switch change.Where {
				case "method":
					asks.method = to
				case "path":
					asks.path = to
				case "header":
					asks.header[change.At] = to
				case "query":
					delete(asks.query, change.At)
				case "body":
					asks.body = put(asks.body, change.At, change.To, change.Remove)
				}
			}
			id, answer = asks.send(t, f, world)
			// It is come to again and passes, or is not come to, and nothing else refuses.
			if text, gate := explanation(t, f, id, row.rule); gate.Refused || gate.Description == "" && len(text.DecidedBy) > 0 {
				t.Errorf("changed by %+v, it is refused still: %s", gate.Changes, answer)
			}
		})
		proven[row.rule] = true
	}
	for id, gate := range rest.Explained(schemas.Embedded()) {
		if (gate.Change != nil) != proven[string(id)] {
			t.Errorf("%s has a change: %v, and a row: %v", id, gate.Change != nil, proven[string(id)])
		}
	}
}

// A change is at the place of what is wrong, and leaves alone what is right.
func TestNearestChangeIsNear(t *testing.T) {
	const providers = "/partner-liquidity-providers"
	f := fakeservertest.StartInMemory(t)
	header := func(key string) map[string]string {
		return map[string]string{"X-Actor-Type": "partner", "X-Actor-Id": "amber", "X-Auth-Scopes": "settlement:write", "Idempotency-Key": key}
	}
	request{method: "POST", path: providers, header: header("begin"), body: onboardBody}.send(t, f, "w")
	for n, c := range []struct {
		method, path, body string
		at, to             string // a change of a value in the body of its path
		rule, want         string
		text               string // a body that is sent as it is
	}{
		{path: "/a/status", body: statusBody, at: "/status/reason_codes", to: `["fraud","x","fraud","fraud"]`, want: "body /status/reason_codes/3 removed; body /status/reason_codes/2 removed"},
		{path: "/a/status", body: statusBody, at: "/status/reason_codes", to: `["x"," ","y"," "]`, want: "body /status/reason_codes/3 removed; body /status/reason_codes/1 removed"},
		{path: "/a/status", body: statusBody, at: "/status/operator_note", to: `" x"`, want: "body /status/operator_note removed"},
		{path: "/a/status", body: statusBody, at: "/status/status", to: `"actve"`, want: "body /status/status = active"},
		{path: "/a/status", body: statusBody, at: "/status/segment_tier", to: `7`, want: "body /status/segment_tier = S1"},
		{path: "/a/status", body: statusBody, at: "/recorded_at", to: `"yesterday"`, want: "body /recorded_at removed"},
		{path: "/a/status", body: statusBody, at: "/status/more~1", to: `1`, want: "body /status/more~1 removed"},
		{path: "", body: onboardBody, at: "/provider/status", to: `"open"`, want: "body /provider/status removed"},
		{path: "", body: onboardBody, at: "/provider/provider_id", to: `7`, want: "body /provider/provider_id removed"},
		{path: "/a/rollout", body: rolloutBody, at: "/rollout/capability_matrix", to: `[{"capability":"a","min_segment_tier":"S0","enabled":true},{"capability":"b","min_segment_tier":"S9","enabled":"no"},{"capability":"c","enabled":true}]`,
			want: "body /rollout/capability_matrix/1/enabled = true; body /rollout/capability_matrix/1/min_segment_tier = S2; body /rollout/capability_matrix/2/min_segment_tier = S3"},
		{path: "/a/rollout", body: rolloutBody, at: "/rollout", to: `7`, want: "body /rollout = map"},
		{path: "/a/rollout", body: rolloutBody, at: "/rollout/effective_segment_tier", to: `"S3"`, rule: "rollout-climbs-one-tier", want: "body /rollout/effective_segment_tier = S1"},
		{path: "/a/rollout", body: rolloutBody, at: "/rollout/effective_segment_tier", to: `"S3"`, rule: "rollout-active-unblocked"},
		{path: "/a/status", want: "body = map"},
		{path: "/a/status", text: `{"status":{},"status":{}}`, rule: "body-is-i-json"},
		{path: "/a/status", text: `{"status":`, rule: "body-is-i-json"},
		{path: "/a/status", text: strings.Repeat(" ", 1<<20+1), rule: "body-within-limit"},
		{path: "/a/", rule: "route-is-known", want: "path = " + providers + "/a; method = GET"},
		{method: "GET", path: "/a/", rule: "route-is-known", want: "path = " + providers + "/a"},
		{method: "GET", path: "/../Partner-Liquidity-Providers/LP-1", rule: "route-is-known", want: "path = " + providers + "/LP-1"},
		{method: "GET", path: "/..//partner-liquidity-providers//lp-1", rule: "route-is-known", want: "path = " + providers + "/lp-1"},
		{method: "GET", path: "/../partner-liquidity-provider/lp-1", rule: "route-is-known", want: "path = " + providers + "/lp-1"},
		{path: "/lp-1/eligibility/evalute", rule: "route-is-known", want: "path = " + providers + "/lp-1/eligibility/evaluate"},
		{path: "/lp-1/evaluate", rule: "route-is-known", want: "path = " + providers + "/lp-1/eligibility/evaluate"},
		{method: "GET", path: "/lp-1/rollout/exprot", rule: "route-is-known", want: "path = " + providers + "/lp-1/rollout/export"},
		{method: "GET", path: "/../providers/lp-1", rule: "route-is-known", want: "path = " + providers + "/lp-1"},
		{method: "GET", path: "/../v1/partner-liquidity-providers/lp-1", rule: "route-is-known", want: "path = " + providers + "/lp-1"},
		{path: "/../api/v1/partner-liquidity-providers/lp-1/status", rule: "route-is-known", want: "path = " + providers + "/lp-1/status"},
		{path: "/lp-1/eligibility", rule: "route-is-known", want: "path = " + providers + "/lp-1/eligibility/evaluate"},
		{method: "GET", path: "/lp-1/eligibility", rule: "route-is-known", want: "path = " + providers + "/lp-1/eligibility/evaluate; method = POST"},
		{method: "GET", path: "//rollout/export", rule: "route-is-known"},
		{method: "GET", path: "/..//rollout/export", rule: "route-is-known"},
		{path: "//status", rule: "route-is-known"},
		{method: "GET", path: "/../", rule: "route-is-known"},
		{method: "GET", path: "/../orders", rule: "route-is-known"},
	} {
		asks := request{method: cmp.Or(c.method, "POST"), path: providers + c.path, header: header(fmt.Sprint(n))}
		if after, ok := strings.CutPrefix(c.path, "/.."); ok {
			asks.path = after
		}
		if c.body != "" {
			asks.body = put(document(t, c.body), strings.ReplaceAll(c.at, "~1", "/"), document(t, c.to), false)
		}
		if c.text != "" {
			asks.body = c.text
		}
		if strings.HasSuffix(c.at, "~1") {
			asks.body.(map[string]any)["status"] = map[string]any{"status": "active", "segment_tier": "S0", "trust_safety_baseline_passed": true, "reliability_baseline_passed": true, "audit_conformance_passed": true, "unresolved_critical_violations": 0, "more/": 1}
		}
		id, answer := asks.send(t, f, "w")
		_, gate := explanation(t, f, id, cmp.Or(c.rule, "request-matches-schema"))
		var got []string
		for _, change := range gate.Changes {
			line := strings.TrimSpace(change.Where + " " + change.At)
			switch to := change.To.(type) {
			case map[string]any:
				line += " = map"
			default:
				line += fmt.Sprint(" = ", to)
			}
			if change.Remove {
				line = strings.TrimSpace(change.Where+" "+change.At) + " removed"
			}
			if change.Where != "header" {
				got = append(got, line)
			}
		}
		if got := strings.Join(got, "; "); got != c.want || !gate.Refused {
			t.Errorf("%s %s %v\ngot  %s\nwant %s\nthe answer was %s", asks.method, asks.path, asks.body, got, c.want, answer)
		}
	}
}

// All violations become changes, also those that the answer omits; of very many the
// number is reported.
func TestEveryViolationIsChanged(t *testing.T) {
	f := fakeservertest.StartInMemory(t)
	header := map[string]string{"X-Actor-Type": "partner", "X-Actor-Id": "amber", "X-Auth-Scopes": "settlement:write", "Idempotency-Key": "1"}
	request{method: "POST", path: "/partner-liquidity-providers", header: header, body: onboardBody}.send(t, f, "w")
	for count, want := range map[int]string{30: "", 250: "These are 100 of 250 changes"} {
		rows := make([]string, count)
		for n := range rows {
			rows[n] = fmt.Sprintf(`{"capability":"c%d","min_segment_tier":"S0","enabled":1}`, n)
		}
		header["Idempotency-Key"] = fmt.Sprint("of ", count)
		id, _ := request{method: "POST", path: "/partner-liquidity-providers/a/rollout", header: header,
			body: `{"rollout":{"rollout_status":"active","effective_segment_tier":"S0","capability_matrix":[` + strings.Join(rows, ",") + `]}}`}.send(t, f, "w")
		_, gate := explanation(t, f, id, "request-matches-schema")
		if got := len(gate.Changes); got != min(count, 100)+1 || want == "" && strings.Contains(gate.Advice, "These are") || !strings.Contains(gate.Advice, want) {
			t.Errorf("of %d: got %d changes, and %q", count, got, gate.Advice)
		}
	}
}

// A replay is explained by the rules of the original request, and its change, sent
// unmodified, is a new request.
func TestAReplayIsExplained(t *testing.T) {
	f := fakeservertest.StartInMemory(t)
	asks := request{method: "POST", path: "/partner-liquidity-providers", body: strings.Replace(onboardBody, `"amber"`, `"birch"`, 1),
		header: map[string]string{"X-Actor-Type": "partner", "X-Actor-Id": "amber", "X-Auth-Scopes": "settlement:write", "Idempotency-Key": "1"}}
	first, _ := asks.send(t, f, "w")
	asks.header["Idempotency-Key"] = "2"
	asks.send(t, f, "w")
	asks.header["Idempotency-Key"] = " 1 "
	replay, _ := asks.send(t, f, "w")
	text, gate := explanation(t, f, replay, "onboard-owner-is-caller")
	if !slices.Equal(text.DecidedBy, []string{"onboard-owner-is-caller"}) || !strings.Contains(text.Message, first+", which is explained here") || text.Request.RequestID != replay || !text.Request.Replayed {
		t.Errorf("got %+v", text)
	}
	if n := len(gate.Changes); n != 2 || gate.Changes[1].At != "Idempotency-Key" || gate.Changes[1].To != "instead-of-"+replay {
		t.Errorf("got %+v", gate.Changes)
	}
}

// explanation returns the explanation of a request, and the entry of a rule in it.
func explanation(t *testing.T, f *fakeservertest.Running, id, rule string) (text client.Explanation, of struct {
	Refused             bool
	Advice, Description string
	Changes             []change
}) {
	t.Helper()
	text, err := f.Admin.Explain(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range text.Rules {
		if c.Rule == rule {
			of.Refused, of.Advice, of.Description = c.Refused, c.Advice, c.Description
			for _, to := range c.Changes {
				of.Changes = append(of.Changes, change{to.Where, to.At, to.To, to.Remove})
			}
		}
	}
	return text, of
}

type change struct {
	Where, At string
	To        any
	Remove    bool
}

// No explanation shows a partner key, wherever a client wrote it.
func TestExplanationRevealsNoKey(t *testing.T) {
	const key = "opensesame"
	f := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) {
		o.PartnerKeys = []fakeserver.PartnerKey{{Key: key, PartnerID: "amber", Scopes: []string{"settlement:write"}}}
	})
	for _, path := range []string{"/partner-liquidity-providers", "/partner-liquidity-providers/" + key + "/status", "/" + key} {
		id, _ := request{method: "POST", path: path, query: map[string]string{"q": key}, body: map[string]any{key: key, "recorded_at": key},
			header: map[string]string{"X-Partner-Key": key, "Idempotency-Key": key, "X-Now-Iso": key}}.send(t, f, "shop")
		text, err := f.Admin.Explain(context.Background(), id)
		if got := fmt.Sprintf("%+v", text); err != nil || strings.Contains(got, key) || len(text.DecidedBy) != 1 {
			t.Errorf("%s: got %s, %v", path, got, err)
		}
	}
	for id, want := range map[string]string{"shop": "the name of a world, a dot and a number", "shopp.1": `did you mean shop`, "shop.9": "has no request"} {
		if _, err := f.Admin.Explain(context.Background(), id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", id, err, want)
		}
	}
}
