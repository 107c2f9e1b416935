package repro

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// What the server generated is read from its answers, and encoded as its place needs it; secrets and the prefix of the
// scenario's own ids are variables too.
func TestScript(t *testing.T) {
	scenario := &plan.Scenario{URI: "features/bell.feature", Name: "a stranger", Steps: []plan.Step{
		{Line: 4, Keyword: "When", Text: "I ring"}, {Line: 5, Keyword: "Then", Text: "no"},
	}}
	send := func(step, burst int, method, target, key, body, answer string) *record.Exchange {
		return &record.Exchange{
			Mark: record.Mark{Step: step, Concurrency: burst}, Operation: "ring",
			Request:  record.Request{Method: method, Target: target, Header: http.Header{"X-Partner-Key": {key}}, Body: []byte(body)},
			Response: &record.Response{Status: 200, Body: []byte(answer)},
		}
	}
	first := `{"page":[{"next-id":"b 1|2345678"}],"sent":"partner-0123456789","word":"contract_word"}`
	repro := &Run{
		Scenario: scenario, Base: "http://t", IDPrefix: "0123456789", Secrets: new(record.Secrets),
		Exchanges: []*record.Exchange{
			send(0, 0, "POST", "/bell", "lpk_secret_1", `{"id":"partner-0123456789"}`, first),
			send(0, 0, "GET", "/bell?after=b+1%7C2345678", "lpk_secret_2", "", "{}"),
			send(1, 1, "POST", "/bell", "partner-0123456789", `{"id":"b 1|2345678","word":"contract_word"}`, "{}"),
			send(1, 1, "POST", "/bell", "partner-0123456789", `{"id":"b 1|2345678","word":"contract_word"}`, "{}"),
			send(1, 0, "POST", "/bell", "", "{}"+strings.Repeat(" ", 1<<20), "{}"),
			send(1, 0, "POST", "/bell", "", "\xff", "{}"),
		},
	}
	text, err := repro.Script()
	if err != nil {
		t.Fatal(err)
	}
	head, got, _ := strings.Cut(text, prelude)
	for _, want := range []string{"# Needs curl and jq.", "base=${BASE:-http://t}\n", "id_prefix=${ID_PREFIX:-", `"${PARTNER_KEY:?`, `"${PARTNER_KEY_2:?`} {
		if !strings.Contains(head, want) {
			t.Errorf("the head lacks %s:\n%s", want, head)
		}
	}
	want := `
# features/bell.feature:4: When I ring
call 1 200 -X POST "$base"/bell -H Content-Type: -H 'X-Partner-Key: '"$PARTNER_KEY" --data-raw '{"id":"partner-'"$id_prefix"'"}'
next_id_uri=$(take 1 '.page[0]["next-id"] | @uri')
call 2 200 "$base"'/bell?after='"$next_id_uri" -H 'X-Partner-Key: '"$PARTNER_KEY_2"

# features/bell.feature:5: Then no
next_id_json=$(take 1 '.page[0]["next-id"] | tojson | .[1:-1]')
for n in 3 4; do
  call "$n" 200 -X POST "$base"/bell -H Content-Type: -H 'X-Partner-Key: partner-'"$id_prefix" --data-raw '{"id":"'"$next_id_json"'","word":"contract_word"}' > "$answers/$n.printed" &
done
wait
for n in 3 4; do cat "$answers/$n.printed"; done
{ printf %s '{}'; printf '%1048576s' ''; } | call 5 200 -X POST "$base"/bell -H Content-Type: -H Expect: -H 'X-Partner-Key;' --data-binary @-
{ printf '\377'; } | call 6 200 -X POST "$base"/bell -H Content-Type: -H Expect: -H 'X-Partner-Key;' --data-binary @-
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("script (-want +got):\n%s", diff)
	}
	if strings.Contains(text, "lpk_secret") {
		t.Errorf("a secret is in it:\n%s", text)
	}
	repro.Flags = []string{"--cacert", "my ca.pem"}
	if text, err := repro.Script(); err != nil || !strings.Contains(text, "\ncurl() { command curl --cacert 'my ca.pem' \"$@\"; }\n") {
		t.Errorf("it does not trust what the run trusted:\n%s", text)
	}
}

// A request of which only a part is recorded cannot be sent again.
func TestScriptOfPartialRequest(t *testing.T) {
	scenario := &plan.Scenario{URI: "features/bell.feature", Name: "a long body", Steps: []plan.Step{{Line: 4, Keyword: "When", Text: "I ring"}}}
	whole := &record.Exchange{Request: record.Request{Method: "GET", Target: "/bell", Header: http.Header{}}}
	for name, test := range map[string]struct {
		request record.Request
		want    string
	}{
		"body":   {record.Request{Method: "POST", Target: "/bell", Body: []byte("{}"), Length: 3 << 20}, "2 of 3145728 bytes of its body"},
		"header": {record.Request{Method: "POST", Target: "/bell", Fields: 70}, "its header had 70 fields"},
	} {
		t.Run(name, func(t *testing.T) {
			repro := &Run{Scenario: scenario, Secrets: new(record.Secrets), Exchanges: []*record.Exchange{whole, {Request: test.request}}}
			_, err := repro.Script()
			want := "request 2 cannot be sent again (POST /bell, step features/bell.feature:4): only a part of the request is recorded: " + test.want
			if !errors.Is(err, ErrPartial) || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}
