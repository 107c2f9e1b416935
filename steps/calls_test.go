package steps

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/lpgate/milestones"
)

// fresh is a fixture with the variables of the last scenario in it.
func (s *stage) fresh(t *testing.T, operation string) string {
	t.Helper()
	text, err := fs.ReadFile(s.cfg.Fixtures, "requests/"+operation+".json")
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "{me}", in(s.ctx).text("me"))
}

func TestRequests(t *testing.T) {
	const onboarded = "I have onboarded a provider\n"
	for _, test := range []struct {
		name, lines    string
		method, target string
		header         map[string]string // "" for absent
		body           string            // "fixture <operation>" for a fixture
	}{
		{
			name: "the default request of an operation", lines: `I call "partnerLiquidityProvider.onboard"`,
			method: "POST", target: providers, body: "fixture partnerLiquidityProvider.onboard",
			header: map[string]string{
				"X-Actor-Type": "partner", "X-Actor-Id": "{me}", "X-Auth-Scopes": "settlement:read settlement:write",
				"Content-Type": "application/json", "X-Partner-Key": "", "Idempotency-Key": "key-{word}-1",
			},
		},
		{name: "onboard", lines: `I onboard a provider`, method: "POST", target: providers, body: "fixture partnerLiquidityProvider.onboard"},
		{name: "get", lines: onboarded + `I get the provider`, method: "GET", target: providers + "/plp_000001", header: map[string]string{"Idempotency-Key": "", "Content-Type": ""}},
		{name: "status", lines: onboarded + `I upsert its status`, method: "POST", target: providers + "/plp_000001/status", body: "fixture partnerLiquidityProvider.status.upsert", header: map[string]string{"Idempotency-Key": "key-{word}-2"}},
		{name: "evaluate", lines: onboarded + `I evaluate its eligibility`, method: "POST", target: providers + "/plp_000001/eligibility/evaluate", body: "fixture partnerLiquidityProvider.eligibility.evaluate"},
		{name: "rollout", lines: onboarded + `I upsert its rollout`, method: "POST", target: providers + "/plp_000001/rollout", body: "fixture partnerLiquidityProvider.rollout.upsert"},
		{name: "export", lines: onboarded + `I export its audit`, method: "GET", target: providers + "/plp_000001/rollout/export"},
		{name: "a public operation", lines: `I call "healthz"`, method: "GET", target: "/healthz"},

		{name: "another provider", lines: onboarded + "I have onboarded a provider\nI get the provider", method: "GET", target: providers + "/plp_000002"},
		{name: "a part of the path", lines: "I get the provider with:\n| path provider_id | a/b ü? |", method: "GET", target: providers + "/a%2Fb%20%C3%BC%3F"},
		{name: "a part of the path that is empty", lines: "I get the provider with:\n| path provider_id |  |", method: "GET", target: providers + "/"},
		{name: "a part of the path that climbs", lines: "I get the provider with:\n| path provider_id | .. |", method: "GET", target: providers + "/.."},

		{name: "query values, in their order", lines: onboarded + "I export its audit with:\n| query to_iso | 2026-02-22T16:00:00+01:00 |\n| query limit | 2 |\n| query a b | c&d |",
			method: "GET", target: providers + "/plp_000001/rollout/export?to_iso=2026-02-22T16%3A00%3A00%2B01%3A00&limit=2&a%20b=c%26d"},
		{name: "a query value twice", lines: onboarded + "I export its audit with:\n| query limit | 2 |\n| query limit | 3 |", method: "GET", target: providers + "/plp_000001/rollout/export?limit=2&limit=3"},
		{name: "a query value replaced", lines: onboarded + "I export its audit with:\n| query limit | 2 |\n| query x | 1 |\nI repeat the call with:\n| query limit | 3 |", method: "GET", target: providers + "/plp_000001/rollout/export?x=1&limit=3"},
		{name: "a query value taken away", lines: onboarded + "I export its audit with:\n| query limit | 2 |\n| query x | 1 |\nI repeat the call with:\n| query limit | absent |", method: "GET", target: providers + "/plp_000001/rollout/export?x=1"},
		{name: "the last query value taken away", lines: onboarded + "I export its audit with:\n| query limit | 2 |\nI repeat the call with:\n| query limit | absent |", method: "GET", target: providers + "/plp_000001/rollout/export"},
		{name: "a query value that is empty", lines: onboarded + "I export its audit with:\n| query limit |  |", method: "GET", target: providers + "/plp_000001/rollout/export?limit="},

		{name: "a header", lines: "I onboard a provider with:\n| header x-now-iso | 2026 |", method: "POST", target: providers, header: map[string]string{"X-Now-Iso": "2026"}},
		{name: "a header twice", lines: "I onboard a provider with:\n| header X-Auth-Scopes | a |\n| header X-Auth-Scopes | b |", method: "POST", target: providers, header: map[string]string{"X-Auth-Scopes": "a\nb"}},
		{name: "a default header replaced", lines: "I onboard a provider with:\n| header Idempotency-Key | mine |", method: "POST", target: providers, header: map[string]string{"Idempotency-Key": "mine"}},
		{name: "a default header taken away", lines: "I onboard a provider with:\n| header Idempotency-Key | absent |", method: "POST", target: providers, header: map[string]string{"Idempotency-Key": ""}},
		{name: "what requests carry", lines: "my requests carry:\n| header X-Now-Iso | 1 |\n| header X-Actor-Type | absent |\nI onboard a provider with:\n| header X-Now-Iso | 2 |", method: "POST", target: providers, header: map[string]string{"X-Now-Iso": "2", "X-Actor-Type": ""}},
		{name: "what requests carry goes on", lines: "my requests carry:\n| header X-Now-Iso | 1 |\nI onboard a provider\nI send \"GET\" to \"/x\"", method: "GET", target: "/x", header: map[string]string{"X-Now-Iso": "1"}},

		{name: "a changed body", lines: "I onboard a provider with:\n| /provider | {} |\n| /provider/a | \"x\" |\n| /provider/b | [1] |\n| /provider/b/- | 2.0 |\n| /provider/b/0 | {\"c\": null} |\n| /recorded_at | \"t\" |\n| /provider/gone | absent |", method: "POST", target: providers,
			body: `{"provider":{"a":"x","b":[{"c":null},2.0]},"recorded_at":"t"}`},
		{name: "a body with less", lines: onboarded + "I upsert its rollout with:\n| /rollout/capability_matrix/2 | absent |\n| /rollout/capability_matrix/1 | absent |\n| /rollout/rollout_status | absent |", method: "POST", target: providers + "/plp_000001/rollout",
			body: `{"rollout":{"capability_matrix":[{"capability":"listing_publish","min_segment_tier":"S1","enabled":true}],"effective_segment_tier":"S2"}}`},
		{name: "a value that is sent as it is written", lines: "I onboard a provider with:\n| /provider | {\"a\":1e400,\"a\":\"\\\\ud800<&>\"} |", method: "POST", target: providers,
			body: `{"provider":{"a":1e400,"a":"\ud800<&>"}}`},
		{name: "a pointer with escapes", lines: "I onboard a provider with:\n| /provider | {} |\n| /provider/a~1b~0c | 1 |", method: "POST", target: providers, body: `{"provider":{"a/b~c":1}}`},
		{name: "variables in a body", lines: "I onboard a provider with:\n| /provider | {\"i\": \"{me}\", \"w\": {me}, \"t\": \"a{unique}b\"} |", method: "POST", target: providers,
			body: `{"provider":{"i":"{me}","w":"{me}","t":"a{unique}b"}}`},
		{name: "another fixture", lines: onboarded + `I call "partnerLiquidityProvider.rollout.upsert" with fixture "partnerLiquidityProvider.status.upsert"`, method: "POST", target: providers + "/plp_000001/rollout", body: "fixture partnerLiquidityProvider.status.upsert"},
		{name: "another fixture with changes", lines: onboarded + "I call \"partnerLiquidityProvider.rollout.upsert\" with fixture \"partnerLiquidityProvider.status.upsert\" and:\n| /status | 1 |", method: "POST", target: providers + "/plp_000001/rollout", body: `{"status":1}`},
		{name: "a body as text", lines: "I call \"partnerLiquidityProvider.onboard\" with the body:\n\"\"\"\n`{\"a\": {}, \"{me}\": {oops\n\"\"\"", method: "POST", target: providers, body: `{"a": {}, "{me}": {oops`},
		{name: "a body in bytes", lines: `I call "partnerLiquidityProvider.onboard" with the body bytes "efbb bf 7B7d"`, method: "POST", target: providers, body: "\ufeff{}"},
		{name: "no body at all", lines: `I call "partnerLiquidityProvider.onboard" with the body bytes ""`, method: "POST", target: providers, header: map[string]string{"Content-Length": "0"}},
		{name: "a body on GET", lines: onboarded + "I call \"partnerLiquidityProvider.get\" with the body:\n\"\"\"\n`{}\n\"\"\"", method: "GET", target: providers + "/plp_000001", body: "{}"},

		{name: "a path as it is written", lines: `I send "PATCH" to "/Partner//x/../a%2fb/?a=%zz&&b=c+d"`, method: "PATCH", target: "/Partner//x/../a%2fb/?a=%zz&&b=c+d", header: map[string]string{"X-Actor-Id": "{me}", "Idempotency-Key": "", "Content-Type": ""}},
		{name: "a path that begins twice", lines: `I send "GET" to "//x/y"`, method: "GET", target: "//x/y"},
		{name: "an empty query", lines: `I send "GET" to "/x?"`, method: "GET", target: "/x?"},
		{name: "the root", lines: `I send "DELETE" to "/"`, method: "DELETE", target: "/"},
		{name: "a written path with changes", lines: "I send \"POST\" to \"/x?a=1\" with:\n| /b | 1 |\n| query d | %2 |\n| header X-Partner-Key | k |", method: "POST", target: "/x?a=1&d=%2", body: `{"b":1}`},
		{name: "a written path with a body", lines: "I send \"POST\" to \"/x\" with:\n| /b | {} |\n| /b/c | 1 |", method: "POST", target: "/x", body: `{"b":{"c":1}}`, header: map[string]string{"Content-Type": "application/json"}},
		{name: "a written path with a variable", lines: onboarded + `I send "GET" to "/x/{provider}"`, method: "GET", target: "/x/plp_000001"},

		{name: "another partner", lines: "I act as partner \"{stranger}\"\nI onboard a provider", method: "POST", target: providers, header: map[string]string{"X-Actor-Id": "{stranger}", "X-Auth-Scopes": "settlement:read settlement:write"}},
		{name: "fewer scopes", lines: "my scopes are \"settlement:read\"\nI act as partner \"p\"\nI onboard a provider", method: "POST", target: providers, header: map[string]string{"X-Actor-Id": "p", "X-Auth-Scopes": "settlement:read"}},
		{name: "no identity", lines: "I bring no identity\nI onboard a provider", method: "POST", target: providers, header: map[string]string{"X-Actor-Type": "", "X-Actor-Id": "", "X-Auth-Scopes": "", "X-Partner-Key": ""}, body: "fixture partnerLiquidityProvider.onboard"},
		{name: "an identity again", lines: "I bring no identity\nI act as partner \"{me}\"\nI onboard a provider", method: "POST", target: providers, header: map[string]string{"X-Actor-Id": "{me}", "X-Auth-Scopes": "settlement:read settlement:write"}},
		{name: "a key", lines: "I hold the partner key \"amber\"\nI onboard a provider", method: "POST", target: providers,
			header: map[string]string{"X-Partner-Key": "lpk_example_amber_2f6c1d9b7e304a58", "X-Actor-Type": "", "X-Actor-Id": "", "X-Auth-Scopes": ""}, body: "fixture partnerLiquidityProvider.onboard"},

		{name: "the call again", lines: "I onboard a provider with:\n| /provider | 1 |\nI bring no identity\nI repeat the call", method: "POST", target: providers, header: map[string]string{"X-Actor-Id": "{me}", "Idempotency-Key": "key-{word}-1"}, body: `{"provider":1}`},
		{name: "the call again with changes", lines: "I onboard a provider with:\n| /provider | 1 |\nI repeat the call with:\n| /more | 2 |\n| header X-Actor-Id | p |", method: "POST", target: providers, header: map[string]string{"X-Actor-Id": "p", "Idempotency-Key": "key-{word}-1"}, body: `{"more":2,"provider":1}`},
		{name: "the call again, for the same provider", lines: onboarded + "I get the provider\nI remember \"/provider/provider_id\" as \"first\"\nI upsert its status\nI repeat the call with:\n| header X-A | {first} |", method: "POST", target: providers + "/plp_000001/status", header: map[string]string{"X-A": "plp_000001"}},
		{name: "a written path again", lines: "I send \"PUT\" to \"/x//y?z\"\nI repeat the call", method: "PUT", target: "/x//y?z"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t)
			s.mustPlay(t, test.lines)
			got := s.last()
			if got.method != test.method || got.target != test.target {
				t.Errorf("got %s %s, want %s %s", got.method, got.target, test.method, test.target)
			}
			scenario := in(s.ctx)
			real := strings.NewReplacer("{me}", scenario.text("me"), "{stranger}", scenario.text("stranger"), "{unique}", scenario.text("unique"), "{word}", scenario.prefix)
			for name, want := range test.header {
				if got := strings.Join(got.header.Values(name), "\n"); got != real.Replace(want) {
					if name == "Content-Length" {
						continue // not among the headers of a request that has arrived
					}
					t.Errorf("%s: got %q, want %q", name, got, real.Replace(want))
				}
			}
			want := real.Replace(test.body)
			if operation, ok := strings.CutPrefix(test.body, "fixture "); ok {
				want = s.fresh(t, operation)
			}
			if test.body != "" && got.body != want {
				t.Errorf("got body\n%s\nwant\n%s", got.body, want)
			}
			if test.body == "" && got.method == http.MethodGet && got.body != "" {
				t.Errorf("got body %s, want none", got.body)
			}
		})
	}
}

func TestABodyOfSomeLength(t *testing.T) {
	s := newStage(t)
	s.mustPlay(t, `I call "partnerLiquidityProvider.onboard" with a body of 5000 bytes`)
	got := s.last().body
	if len(got) != 5000 || strings.TrimRight(got, " ") != strings.TrimRight(s.fresh(t, onboard), " ") {
		t.Errorf("got %d bytes: %s", len(got), got)
	}
}

func TestAnyMilestoneCanBeCalled(t *testing.T) {
	s := newStage(t)
	s.cfg.Milestone = &milestones.Milestone{
		ID: "M200", Transport: milestones.M109().Transport,
		Operations: []milestones.Operation{
			{ID: "shelf.part.put", Method: "POST", Path: "/shelves/{shelf_id}/parts/{part_id}", RequestSchema: "Part"},
			{ID: "shelf.drop", Method: "DELETE", Path: "/shelves/{shelf_id}"},
		},
	}
	s.cfg.Fixtures = fstest.MapFS{"requests/shelf.part.put.json": {Data: []byte(`{"by":"{me}"}`)}}
	s.answer = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		w.Write([]byte(`{"id":"s 1"}`))
		return true
	}
	s.mustPlay(t, `
		I call "shelf.drop" with:
		| path shelf_id | x |
		I remember "/id" as "shelf"
		I call "shelf.part.put" with:
		| path part_id | p/1 |
	`)
	got := s.last()
	if want := "/shelves/s%201/parts/p%2F1"; got.method != "POST" || got.target != want {
		t.Errorf("got %s %s, want POST %s", got.method, got.target, want)
	}
	if want := `{"by":"` + in(s.ctx).text("me") + `"}`; got.body != want {
		t.Errorf("got %s, want %s", got.body, want)
	}
}

func TestWhatIsTakenForGrantedHasToGoWell(t *testing.T) {
	for line, path := range map[string]string{
		"I have onboarded a provider":      providers,
		"I have upserted its status":       providers + "/plp_000001/status",
		"I have evaluated its eligibility": providers + "/plp_000001/eligibility/evaluate",
		"I have upserted its rollout":      providers + "/plp_000001/rollout",
		"I have exported its audit":        providers + "/plp_000001/rollout/export",
	} {
		for _, with := range []string{"", " with:\n| header X-A | 1 |"} {
			t.Run(line+with, func(t *testing.T) {
				s := newStage(t)
				lines := line + with
				if path != providers {
					lines = "I onboard a provider\n" + lines
				}
				s.mustPlay(t, lines)
				s.answer = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
					return r.URL.Path == path && refusal.give(w, r, body)
				}
				s.count = 0
				var mismatch *Mismatch
				if err := s.play(t, lines); !errors.As(err, &mismatch) || mismatch.Expected != "200" || !strings.HasPrefix(mismatch.Got, "409 CONFLICT because") {
					t.Errorf("got %v, want a mismatch", err)
				}
			})
		}
	}
}

func TestManyStatusUpserts(t *testing.T) {
	t.Run("each is a call of its own, a second after the one before", func(t *testing.T) {
		s := newStage(t)
		s.mustPlay(t, "I have onboarded a provider\nI have upserted its status 3 times")
		for i, want := range []string{"2031-03-01T10:00:00Z", "2031-03-01T10:00:01Z", "2031-03-01T10:00:02Z"} {
			got := s.seen[len(s.seen)-3+i]
			if got.method != "POST" || got.target != providers+"/plp_000001/status" {
				t.Errorf("call %d: got %s %s", i+1, got.method, got.target)
			}
			if !strings.Contains(got.body, `"recorded_at":"`+want+`"`) || !strings.Contains(got.body, `"segment_tier"`) {
				t.Errorf("call %d: got %s, want the default body recorded at %s", i+1, got.body, want)
			}
		}
		if got := len(s.seen); got != 4 {
			t.Errorf("got %d requests, want 4", got)
		}
		if got := len(s.stored); got != 4 {
			t.Errorf("got %d idempotency keys, want 4", got)
		}
	})
	t.Run("the first that is refused ends it", func(t *testing.T) {
		s := newStage(t)
		s.answer = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
			return strings.Contains(string(body), "T10:00:01Z") && refusal.give(w, r, body)
		}
		var mismatch *Mismatch
		err := s.play(t, "I have onboarded a provider\nI have upserted its status 3 times")
		if !errors.As(err, &mismatch) || !strings.Contains(mismatch.Message, "call 2 of 3") || !strings.HasPrefix(mismatch.Got, "409 CONFLICT because") {
			t.Errorf("got %v, want a mismatch about call 2 of 3", err)
		}
		if got := len(s.seen); got != 3 {
			t.Errorf("got %d requests, want 3", got)
		}
	})
}

func TestInvalidSteps(t *testing.T) {
	const onboarded = "I have onboarded a provider\n"
	for _, test := range []struct{ name, lines, what, nearest string }{
		{"an unknown operation", `I call "partnerLiquidityProvider.onbord"`, "no operation", "partnerLiquidityProvider.onboard"},
		{"the router is no operation", `I call "unrouted"`, `no operation "unrouted"`, ""},
		{"a fixture that is not there", `I call "partnerLiquidityProvider.onboard" with fixture "partnerLiquidityProvider.onbord"`, "no fixture requests/partnerLiquidityProvider.onbord.json", "partnerLiquidityProvider.onboard"},
		{"an unset variable", `I act as partner "{strangr}"`, "no variable {strangr}", "stranger"},
		{"no provider yet", `I get the provider`, "{provider} has no value yet: it is the id of what partnerLiquidityProvider.onboard made last", ""},
		{"a part that is none", "I onboard a provider with:\n| header X-A | 1 |\n| heder X-Now-Iso | x |", `row 2 (heder X-Now-Iso): cannot change "heder X-Now-Iso"`, "header X-Now-Iso"},
		{"a part without a name", "I onboard a provider with:\n| header | x |", "row 1 (header)", ""},
		{"a part without its kind", "I onboard a provider with:\n| limit | 1 |", "row 1 (limit)", "query limit"},
		{"a part that is no pointer", "I onboard a provider with:\n| provider | x |", "row 1 (provider)", "/provider"},
		{"a pointer with a wrong escape", "I onboard a provider with:\n| /provider/~2 | 1 |", `row 1 (/provider/~2): invalid JSON Pointer "/provider/~2"`, ""},
		{"a value that is no JSON", "I onboard a provider with:\n| /provider/segment_tier | S1 |", "row 1 (/provider/segment_tier): invalid JSON S1", ""},
		{"a literal with its letters in disorder", "I onboard a provider with:\n| /provider/segment_tier | ture |", "invalid JSON ture (did you mean true?)", ""},
		{"a misspelt absent", "I onboard a provider\nthe fields are:\n| /provider/rollout | absnt |", "invalid JSON absnt (did you mean absent?)", ""},
		{"a value that is more than JSON", "I onboard a provider with:\n| /provider/segment_tier | 1 2 |", "invalid JSON 1 2", ""},
		{"a parent that is not there", "I onboard a provider with:\n| /providr/segment_tier | \"S1\" |", `no value at "/providr" to change`, "/provider"},
		{"a parent that is not there, to take away from", "I onboard a provider with:\n| /governance/x | absent |", `no value at "/governance" to change`, ""},
		{"a parent that has no members", "I onboard a provider with:\n| /provider/segment_tier/x | 1 |", `no value at "/provider/segment_tier/x" to change`, ""},
		{"an item beyond the list", onboarded + "I upsert its rollout with:\n| /rollout/capability_matrix/3 | 1 |", "the list has 3 items", ""},
		{"an item with a leading zero", onboarded + "I upsert its rollout with:\n| /rollout/capability_matrix/01 | 1 |", "the list has 3 items", ""},
		{"an item of a list by a name", onboarded + "I upsert its rollout with:\n| /rollout/capability_matrix/x/y | 1 |", "the list has 3 items", ""},
		{"taking away what is appended", onboarded + "I upsert its rollout with:\n| /rollout/capability_matrix/- | absent |", "the list has 3 items", ""},
		{"a body on GET", onboarded + "I get the provider with:\n| /a | 1 |", "takes no body", ""},
		{"a body that cannot be changed", "I call \"partnerLiquidityProvider.onboard\" with the body:\n\"\"\"\n`{\n\"\"\"\nI repeat the call with:\n| /a | 1 |", "the body is not JSON", ""},
		{"a header of the transport", "I onboard a provider with:\n| header content-length | 1 |", "set by the transport", ""},
		{"no header yet", "I remember the header \"X-Correlation-Id\" as \"x\"", "there is no answer yet", ""},
		{"a part of the path that it has not", onboarded + "I get the provider with:\n| path provder_id | x |", `has no part "provder_id"`, "provider_id"},
		{"a part of the path taken away", onboarded + "I get the provider with:\n| path provider_id | absent |", "needs its part", ""},
		{"a part of a written path", "I send \"GET\" to \"/x\" with:\n| path provider_id | x |", "literal path", ""},
		{"no method", `I send "GE T" to "/x"`, "not an HTTP method", ""},
		{"no path", `I send "GET" to "x"`, "invalid path", ""},
		{"a path with a space", `I send "GET" to "/a b"`, "percent-encoded", ""},
		{"a path that cannot be sent", `I send "GET" to "//a%zz"`, "cannot be sent", ""},
		{"requests that carry a body", "my requests carry:\n| /a | 1 |", "row 1 (/a): this table takes headers only", ""},
		{"a key that is not there", `I hold the partner key "ambr"`, "no partner key", "amber"},
		{"scopes without an identity", "I bring no identity\nmy scopes are \"x\"", "set the actor first", ""},
		{"bytes that are none", `I call "partnerLiquidityProvider.onboard" with the body bytes "f"`, "invalid bytes", ""},
		{"a body that is too long already", `I call "partnerLiquidityProvider.onboard" with a body of 10 bytes`, "more than 10", ""},
		{"no call at all", onboarded + "I have upserted its status 0 times", "0 times: expected 1 or more", ""},
		{"nothing to repeat", `I repeat the call`, "no call yet", ""},
		{"nothing to repeat at once", `I repeat the call 3 times at once`, "no call yet", ""},
		{"one copy at once", "I onboard a provider\nI repeat the call 1 times at once", "1 at once: expected 2 or more", ""},
		{"nothing at once yet", "I onboard a provider\nevery answer is byte for byte the same", "not sent several times at once", ""},
		{"nothing at once any more", "I onboard a provider\nI repeat the call 2 times at once\nI get the provider\nexactly 1 answers are replays", "not sent several times at once", ""},
		{"no answer yet", `the answer is 200`, "there is no answer yet", ""},
		{"an unknown reason code", "I onboard a provider\nthe answer is 409 CONFLICT because partner_liquidity_provider_rollout_bloked", "no reason code", "partner_liquidity_provider_rollout_blocked"},
		{"a literal that is no JSON", "I onboard a provider\n\"/provider\" is {\"a\": }", "invalid JSON", ""},
		{"a field that is no JSON", "I onboard a provider\nthe fields are:\n| /provider/provider_id | plp_000001 |", "row 1 (/provider/provider_id): invalid JSON plp_000001", ""},
		{"a field that is no pointer", "I onboard a provider\nthe fields are:\n| provider | 1 |", `row 1 (provider): invalid JSON Pointer "provider"`, "/provider"},
		{"no regular expression", "I onboard a provider\n\"/provider/provider_id\" matches \"(\"", "not a regular expression", ""},
		{"a name that cannot be one", "I onboard a provider\nI remember \"/provider\" as \"My\"", "invalid name", ""},
		{"a name that is taken for good", "I onboard a provider\nI remember \"/provider\" as \"provider\"", "{provider} is predefined", ""},
		{"a time that is none", "I onboard a provider\n\"/provider/created_at\" is the time \"noon\"", "is no time", ""},
		{"a time of a walk that is none", "I have onboarded a provider\nI walk the export\nthe walk's \"/recorded_at\" are the times [\"noon\"]", "is no time", ""},
		{"an answer that was not remembered", "I onboard a provider\nI remember the answer as \"first\"\nthe answer is byte for byte \"firs\"", "no answer is remembered", "first"},
		{"no state to note", `I note its state`, "{provider} has no value yet: it is the id of what partnerLiquidityProvider.onboard made last", ""},
		{"no state noted", "I onboard a provider\nits state is as noted", "there is no noted state", ""},
		{"no page yet", `I ask for the next page`, "no page yet", ""},
		{"no walk yet", `the walk has 1 pages`, "there is no walk", ""},
		{"no walk to verify", `the walk verifies`, "there is no walk", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t)
			err := s.play(t, test.lines)
			var bad *InvalidStep
			if !errors.As(err, &bad) || !strings.Contains(bad.Message, test.what) || bad.Nearest != test.nearest {
				t.Errorf("got %v, want an invalid step: %s (%q)", err, test.what, test.nearest)
			}
		})
	}
}

// TestPathsAreSentAsTheyAreWritten looks at the line that is sent. Servers of Go's own refuse some of these.
func TestPathsAreSentAsTheyAreWritten(t *testing.T) {
	base, err := url.Parse("http://host:1")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/", "//", "//a//", "/a%2Fb", "/a%2fb", "/%61", "/a%zz", "/a|b", "/ü", "/a;b", "/A/../b/.", "/a%", "/a?", "/a?b", "/a??", "/a%?b=%", "/a#b",
	} {
		t.Run(path, func(t *testing.T) {
			s := newScenario(&Config{Milestone: milestones.M109()}, "word")
			r, err := s.writtenOut("GET", path)
			if err != nil {
				t.Fatal(err)
			}
			u, err := r.urlFor(s, base)
			if err != nil {
				t.Fatal(err)
			}
			if got := u.RequestURI(); got != path {
				t.Errorf("got %s, want %s", got, path)
			}
			if u.Host != "host:1" || u.Scheme != "http" {
				t.Errorf("got %s://%s", u.Scheme, u.Host)
			}
		})
	}
}

func TestAHeaderThatCannotBeSent(t *testing.T) {
	s := newStage(t)
	s.answer = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		w.Write([]byte(`{"x":"a\nb"}`))
		return true
	}
	var bad *InvalidStep
	err := s.play(t, "I send \"GET\" to \"/\"\nI remember \"/x\" as \"x\"\nI send \"GET\" to \"/\" with:\n| header X-A | {x} |")
	if !errors.As(err, &bad) || !strings.Contains(bad.Message, "invalid header value") {
		t.Errorf("got %v", err)
	}
}

func TestTargets(t *testing.T) {
	t.Run("needs are passed", func(t *testing.T) {
		s := newStage(t)
		var requested [][]string
		target := s.cfg.Target
		s.cfg.Target = func(ctx context.Context, needs []string) (string, error) {
			requested = append(requested, needs)
			return target(ctx, needs)
		}
		s.mustPlay(t, "@a @needs:fresh-state\n@needs:test-clock\nI onboard a provider\nI get the provider")
		if len(requested) != 1 || strings.Join(requested[0], " ") != "fresh-state test-clock" {
			t.Errorf("got %q, want one question", requested)
		}
	})
	t.Run("a path before the operations'", func(t *testing.T) {
		s := newStage(t)
		s.cfg.Target = func(context.Context, []string) (string, error) { return s.server.URL + "/api%2F1/", nil }
		s.mustPlay(t, `I send "GET" to "/x"`)
		if got := s.last().target; got != "/api%2F1/x" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("no target", func(t *testing.T) {
		s := newStage(t)
		none := errors.New("there is none")
		s.cfg.Target = func(context.Context, []string) (string, error) { return "", none }
		if err := s.play(t, "I onboard a provider"); !errors.Is(err, none) {
			t.Errorf("got %v, want %v", err, none)
		}
	})
	t.Run("no URL", func(t *testing.T) {
		s := newStage(t)
		s.cfg.Target = func(context.Context, []string) (string, error) { return "http://%", nil }
		if err := s.play(t, "I onboard a provider"); err == nil || !strings.Contains(err.Error(), "reading the target's URL") {
			t.Errorf("got %v", err)
		}
	})
}

func TestUnreachable(t *testing.T) {
	for _, test := range []struct{ name, lines string }{
		{"a call", "I onboard a provider"},
		{"many at once", "I call \"healthz\" 3 times at once"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t)
			s.server.Close()
			var gone *Unreachable
			if err := s.play(t, test.lines); !errors.As(err, &gone) || gone.Unwrap() == nil {
				t.Errorf("got %v, want it unreachable", err)
			}
		})
		t.Run(test.name+" that is cut off", func(t *testing.T) {
			s := newStage(t)
			s.answer = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
				w.Header().Set("Content-Length", "100")
				w.Write([]byte(`{"provider":`))
				return true
			}
			var gone *Unreachable
			if err := s.play(t, test.lines); !errors.As(err, &gone) {
				t.Errorf("got %v, want it unreachable", err)
			}
		})
	}
}

func TestIdsAreAScenariosOwn(t *testing.T) {
	s := newStage(t)
	me := func(lines string) string {
		s.mustPlay(t, lines)
		return in(s.ctx).text("me")
	}
	first := me("@a\nI send \"GET\" to \"/x\"")
	if again := me("@a\nI send \"GET\" to \"/x\""); again != first {
		t.Errorf("the same scenario: got %s, want %s", again, first)
	}
	for name, lines := range map[string]string{
		"other tags":    "@b\nI send \"GET\" to \"/x\"",
		"another row":   "@a\nI send \"GET\" to \"/y\"",
		"another table": "@a\nI send \"GET\" to \"/x\" with:\n| header X | 1 |",
	} {
		if other := me(lines); other == first {
			t.Errorf("%s: got %s again", name, other)
		}
	}
	s.cfg.RunID = "another run"
	if other := me("@a\nI send \"GET\" to \"/x\""); other == first {
		t.Errorf("another seed: got %s again", other)
	}
}

// A step that lacks an id or a page because of an answer fails for the answer, and not as an invalid step.
func TestWhatAnAnswerLacks(t *testing.T) {
	tests := []struct {
		name        string
		status      int
		body, steps string
		want        Mismatch
	}{
		{"the id of a success", 200, `{"provider":{}}`, "I onboard a provider\nI get the provider", Mismatch{Of: OfBody, At: "/provider/provider_id", Missing: true}},
		{"the id of a refusal", 409, `{"error":{"code":"CONFLICT"}}`, "I onboard a provider\nI get the provider", Mismatch{Required: "200", Observed: "409 CONFLICT"}},
		{"the page of a refusal", 400, `{"error":{"code":"NO"}}`, "I call \"partnerLiquidityProvider.rollout.export\" with:\n| path provider_id | x |\nI ask for the next page", Mismatch{Required: "200", Observed: "400 NO"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t)
			s.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			})
			var got *Mismatch
			if err := s.play(t, test.steps); !errors.As(err, &got) {
				t.Fatalf("got %v, want a mismatch", err)
			}
			if got.Of != test.want.Of || got.At != test.want.At || got.Missing != test.want.Missing || got.Required != test.want.Required || got.Observed != test.want.Observed {
				t.Errorf("got %+v, want %+v", *got, test.want)
			}
		})
	}
}
