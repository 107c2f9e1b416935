package steps

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
)

func text(s string) *string { return &s }

// Each call has a step that has a definition and the form of features.
func TestSteps(t *testing.T) {
	for _, test := range []struct {
		call  Call
		taken bool
		want  string
	}{
		{Call{Operation: onboard}, false, `I onboard a provider`},
		{Call{Operation: onboard}, true, `I have onboarded a provider`},
		{Call{Operation: get}, true, `I get the provider`},
		{Call{Operation: "healthz"}, true, `I call "healthz"`},
		{Call{Operation: rollout, Rows: [][2]string{{"/rollout/rollout_status", `"a|b"`}, {"header X", `\`}}}, true,
			"I have upserted its rollout with:\n| /rollout/rollout_status | \"a\\|b\" |\n| header X                | \\\\     |"},
		{Call{Operation: status, Times: 3}, false, `I call "partnerLiquidityProvider.status.upsert" 3 times at once`},
		{Call{Operation: status, Text: text("{\n}")}, true, "I call \"partnerLiquidityProvider.status.upsert\" with the body:\n\"\"\"\n{\n}\n\"\"\""},
		{Call{Operation: status, Hex: HexOf([]byte{0xff})}, true, `I call "partnerLiquidityProvider.status.upsert" with the body bytes "ff"`},
		{Call{Operation: status, Length: 9}, true, `I call "partnerLiquidityProvider.status.upsert" with a body of 9 bytes`},
		{Call{Method: "GET", Path: "/a%2Fb"}, true, `I send "GET" to "/a%2Fb"`},
		{Call{Repeat: true, Rows: [][2]string{{"query a", "b"}}}, true, "I repeat the call with:\n| query a | b |"},
		{Call{Next: true}, true, `I ask for the next page`},
	} {
		t.Run(test.want, func(t *testing.T) {
			step, after := test.call.Step(test.taken)
			if got := strings.Join(append([]string{step}, after...), "\n"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			known := 0
			for _, s := range All().definitions {
				if s.pattern.MatchString(step) {
					known++
				}
			}
			if known != 1 {
				t.Errorf("%d step definitions match %q", known, step)
			}
		})
	}
}

// A session uses the answers that it was given, and reports what it lacks.
func TestSession(t *testing.T) {
	s := NewSession(&Config{Milestone: milestones.M109(), Fixtures: fixtures.FS}, "word")
	base := &url.URL{Scheme: "http", Host: "host"}
	if _, err := s.Prepare(Call{Operation: get}, base); err == nil {
		t.Error("the session used a provider that was not onboarded")
	}
	if err := s.Carry([][2]string{{"header X-Now-Iso", "then"}}); err != nil {
		t.Fatal(err)
	}
	first, err := s.Prepare(Call{Operation: onboard, Rows: [][2]string{{"/provider/provider_id", `"lp-{unique}"`}}}, base)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := first.HTTP(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := sent.Header.Get("X-Now-Iso") + " " + sent.Header.Get("X-Actor-Id") + " " + sent.Header.Get("Idempotency-Key"); got != "then partner-word key-word-1" {
		t.Errorf("the headers: got %s", got)
	}
	if !strings.Contains(string(first.Body), `"lp-uword"`) || sent.GetBody != nil {
		t.Errorf("the body: got %s, which can be read again: %t", first.Body, sent.GetBody != nil)
	}
	answered := httptest.NewRecorder()
	answered.WriteString(`{"provider": {"provider_id": "lp-uword"}}`)
	s.Answered(first, http.StatusOK, answered.Header(), answered.Body.Bytes())
	second, err := s.Prepare(Call{Operation: get}, base)
	if err != nil {
		t.Fatal(err)
	}
	if sent, err = second.HTTP(t.Context()); err != nil || sent.URL.Path != "/partner-liquidity-providers/lp-uword" {
		t.Errorf("got %v, %v", sent.URL, err)
	}
	if me, _ := s.Variable("me"); me != "partner-word" {
		t.Errorf("got {me} = %s", me)
	}
	if err := s.Hold("cobalt"); err != nil {
		t.Fatal(err)
	}
	if me, _ := s.Variable("me"); me != "partner-cobalt" {
		t.Errorf("got {me} = %s", me)
	}
}
