package repro

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// What a server chose is read out of its answers, spelled as its place needs it; secrets and the scenario's own word
// are variables too.
func TestScript(t *testing.T) {
	scenario := &plan.Scenario{URI: "features/bell.feature", Name: "a stranger", Steps: []plan.Step{
		{Line: 4, Keyword: "When", Text: "I ring"}, {Line: 5, Keyword: "Then", Text: "no"},
	}}
	operation := &milestones.Operation{ID: "ring"}
	send := func(step, burst int, method, target, key, body, answer string) *record.Exchange {
		return &record.Exchange{
			Mark: record.Mark{Step: step, Concurrency: burst}, Operation: operation,
			Request:  record.Request{Method: method, Target: target, Header: http.Header{"X-Partner-Key": {key}}, Body: []byte(body)},
			Response: &record.Response{Status: 200, Body: []byte(answer)},
		}
	}
	first := `{"page":[{"next-id":"b 1|2345678"}],"sent":"partner-0123456789","word":"contract_word"}`
	repro := &Run{
		Scenario: scenario, Base: "http://t", Word: "0123456789", Secrets: new(record.Secrets),
		Exchanges: []*record.Exchange{
			send(0, 0, "POST", "/bell", "lpk_secret_1", `{"id":"partner-0123456789"}`, first),
			send(0, 0, "GET", "/bell?after=b+1%7C2345678", "lpk_secret_2", "", "{}"),
			send(1, 1, "POST", "/bell", "partner-0123456789", `{"id":"b 1|2345678","word":"contract_word"}`, "{}"),
			send(1, 1, "POST", "/bell", "partner-0123456789", `{"id":"b 1|2345678","word":"contract_word"}`, "{}"),
			send(1, 0, "POST", "/bell", "", "{}"+strings.Repeat(" ", 1<<20), "{}"),
			send(1, 0, "POST", "/bell", "", "\xff", "{}"),
		},
	}
	head, got, _ := strings.Cut(repro.Script(), prelude)
	for _, want := range []string{"# Needs curl and jq.", "base=${BASE:-http://t}\n", "word=${WORD:-", `"${PARTNER_KEY:?`, `"${PARTNER_KEY_2:?`} {
		if !strings.Contains(head, want) {
			t.Errorf("the head lacks %s:\n%s", want, head)
		}
	}
	want := `
# features/bell.feature:4: When I ring
call 1 200 -X POST "$base"/bell -H 'X-Partner-Key: '"$PARTNER_KEY" -H 'Content-Type:' --data-raw '{"id":"partner-'"$word"'"}'
next_id_uri=$(take 1 '.page[0]["next-id"] | @uri')
call 2 200 "$base"'/bell?after='"$next_id_uri" -H 'X-Partner-Key: '"$PARTNER_KEY_2"

# features/bell.feature:5: Then no
next_id_json=$(take 1 '.page[0]["next-id"] | tojson | .[1:-1]')
for n in 3 4; do
  call "$n" 200 -X POST "$base"/bell -H 'X-Partner-Key: partner-'"$word" -H 'Content-Type:' --data-raw '{"id":"'"$next_id_json"'","word":"contract_word"}' > "$answers/$n.said" &
done
wait
for n in 3 4; do cat "$answers/$n.said"; done
{ printf %s '{}'; printf '%1048576s' ''; } | call 5 200 -X POST "$base"/bell -H 'X-Partner-Key;' -H 'Content-Type:' -H 'Expect:' --data-binary @-
{ printf '\377'; } | call 6 200 -X POST "$base"/bell -H 'X-Partner-Key;' -H 'Content-Type:' -H 'Expect:' --data-binary @-
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("script (-want +got):\n%s", diff)
	}
	if text := repro.Script(); strings.Contains(text, "lpk_secret") {
		t.Errorf("a secret is in it:\n%s", text)
	}
	repro.Flags = []string{"--cacert", "my ca.pem"}
	if text := repro.Script(); !strings.Contains(text, "\ncurl() { command curl --cacert 'my ca.pem' \"$@\"; }\n") {
		t.Errorf("it does not trust what the run trusted:\n%s", text)
	}
}
