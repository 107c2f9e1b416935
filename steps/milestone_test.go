package steps

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/lpgate/milestones"
)

// lamps is a milestone that has nothing of M109.
const lamps = `id: L1
title: Lamps
transport: { content_type: application/json, correlation_header: X-Id, error_schema: Refusal }
required_reason_codes: [lamp_gone]
refusals:
  no_route: { status: 404, code: NOT_FOUND }
  gone: { status: 410, code: GONE, reason_code: lamp_gone }
operations:
  - { id: lamp.hang, method: POST, path: /lamps, scope: "lamp:hang", request_schema: Lamp, response_schema: Lamp, success: { status: 201, created_id_at: /lamp_id } }
  - { id: lamp.get, method: GET, path: "/lamps/{lamp_id}", scope: "lamp:get", response_schema: Lamp, refusals: [gone] }
  - { id: lamp.paint, method: PUT, path: "/lamps/{lamp_id}/paint", scope: "lamp:hang", request_schema: Lamp, response_schema: Lamp }
router: { id: elsewhere, refusals: [no_route] }
identities:
  - { id: badge, headers: [X-Badge], description: Nobody's. }
  - { id: owner, headers: [X-Kind, X-Owner, X-May], header_values: [person, "n-{caller}", "{scopes}"], description: The owner. }
features: [lamp.feature]
rules:
  - { id: lamps-hang, kind: invariant, feature: lamp.feature, section: "1", description: They hang., operations: [lamp.hang, lamp.get, lamp.paint, elsewhere] }
artifacts: [verdict.json]
output: { replacements: [{ token: id, regexp: l-1, description: An id. }] }
`

// onLamps is a stage for another milestone, which hangs one lamp as l-1.
func onLamps(t *testing.T, old, text string) *stage {
	t.Helper()
	m, err := milestones.Parse("L1.yaml", []byte(strings.Replace(lamps, old, text, 1)))
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t)
	s.cfg.Milestone = m
	s.cfg.Fixtures = fstest.MapFS{
		"requests/lamp.hang.json":  {Data: []byte(`{"of": "{me}"}`)},
		"requests/lamp.paint.json": {Data: []byte(`{"red": true}`)},
	}
	s.answer = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
		}
		_, _ = w.Write([]byte(`{"lamp_id": "l-1"}`))
		return true
	}
	return s
}

func TestAnotherMilestone(t *testing.T) {
	s := onLamps(t, "", "")
	s.mustPlay(t, `
		I have called "lamp.hang"
		the answer is 201
		I call "lamp.paint" with:
		| /red | false |
		"/lamp_id" is "{lamp}"`)
	hung, painted := s.seen[0], s.seen[1]
	me := in(s.ctx).text("me")
	if got, want := hung.body, `{"of": "`+me+`"}`; got != want {
		t.Errorf("the body: got %s, want %s", got, want)
	}
	for name, want := range map[string]string{
		"X-Kind": "person", "X-Owner": "n-" + me, "X-May": "lamp:get lamp:hang", "Content-Type": "application/json",
		"X-Badge": "", "X-Actor-Id": "", "Idempotency-Key": "",
	} {
		if got := hung.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if painted.target != "/lamps/l-1/paint" || painted.header.Get("Content-Type") != "application/json" {
		t.Errorf("painting: got %s with %q", painted.target, painted.header.Get("Content-Type"))
	}
}

func TestAnotherMilestoneHasItsOwnWords(t *testing.T) {
	tests := []struct{ name, old, new, lines, want string }{
		{"nothing was made yet", "", "", `I call "lamp.get"`, "{lamp} has no value yet: it is the id of what lamp.hang made last"},
		{"a name that is taken", "", "", `I have called "lamp.hang"
			I remember "/lamp_id" as "lamp"`, "{lamp} is predefined"},
		{"a name that is free", "", "", `I have called "lamp.hang"
			I remember "/lamp_id" as "provider"`, ""},
		{"an operation of M109", "", "", "I get the provider", `L1 has no operation "partnerLiquidityProvider.get"`},
		{"a success with another status", "status: 201", "status: 202", `I have called "lamp.hang"`,
			"lamp.hang must succeed\n  expected: 202\n  got:      201"},
		{"no identity that names the caller", `header_values: [person, "n-{caller}", "{scopes}"]`, `header_values: [person, "n-", "{scopes}"]`, `I act as partner "x"`,
			"no identity of L1 sends {caller}, so this would change nothing"},
		{"no identity with scopes", `header_values: [person, "n-{caller}", "{scopes}"], `, "", `my scopes are "x"`,
			"no identity of L1 sends {scopes}, so this would change nothing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := onLamps(t, test.old, test.new).play(t, test.lines)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got %v, want nothing", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %s", err, test.want)
			}
			var unreachable *Unreachable
			if errors.As(err, &unreachable) {
				t.Errorf("got %v, which is about the target", err)
			}
		})
	}
}
