package golden

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/record"
)

func writer(t *testing.T) *Writer {
	t.Helper()
	w, err := NewWriter(milestones.M109(), []milestones.Pattern{{Token: "unique", Regexp: `u[0-9a-f]{10}`}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// saw is an exchange with this canonical body.
func saw(says, body string) *record.Exchange {
	x := &record.Exchange{
		Operation: milestones.M109().Operations[0].ID, Message: says, Response: &record.Response{Status: 200, Header: http.Header{}},
	}
	if says[0] >= '4' {
		x.Response.Status = 400
	}
	if body != "" {
		x.Canonical = []byte(body)
	}
	return x
}

func row(t *testing.T, exchanges ...*record.Exchange) Row {
	t.Helper()
	return writer(t).Row("s", exchanges)
}

func TestAnswers(t *testing.T) {
	replayed := saw("200", "{}")
	replayed.Response.Header.Set("Idempotent-Replayed", "true")
	unanswered := saw("no answer", "")
	unanswered.Response = nil
	got := row(t, saw("200", "{}"), saw("409 CONFLICT some_code", "{}"), replayed, unanswered).Answers
	want := []string{
		"partnerLiquidityProvider.onboard 200", "partnerLiquidityProvider.onboard 409 CONFLICT some_code",
		"partnerLiquidityProvider.onboard 200 (replayed)", "partnerLiquidityProvider.onboard no answer",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

func TestBody(t *testing.T) {
	a64, b64 := strings.Repeat("a", 64), strings.Repeat("b", 64)
	tests := []struct{ name, says, body, want string }{
		{"ids, numbered as they appear", "200",
			`{"a":"plp_000007","b":"plp_000003","c":"plp_000007","d":"plpaudit_000012"}`,
			`{"a":"<provider-id 1>","b":"<provider-id 2>","c":"<provider-id 1>","d":"<audit-id 1>"}`},
		{"inside of a longer text", "200",
			`{"cursor":"2026-02-22T16:00:00.000Z|plpaudit_000012"}`, `{"cursor":"2026-02-22T16:00:00.000Z|<audit-id 1>"}`},
		{"hashes, with a prefix and bare", "200",
			`{"a":"sha256:` + a64 + `","b":"` + a64 + `","c":"` + b64 + `"}`, `{"a":"<prefixed-hash 1>","b":"<hash 1>","c":"<hash 2>"}`},
		{"a signature", "200",
			`{"sig":"` + strings.Repeat("A", 85) + `Q=="}`, `{"sig":"<signature 1>"}`},
		{"an evaluation", "200", `["plpelig_0123456789abcdef"]`, `["<evaluation-id 1>"]`},
		{"what the run made up", "200", `{"id":"u0123456789-x"}`, `{"id":"<unique 1>-x"}`},
		{"names of members too", "200", `{"plp_000001":1}`, `{"<provider-id 1>":1}`},
		{"nothing of its own", "200", `{"a":"plp_1","b":[1,true,null,"x\"plp\\"]}`, `{"a":"plp_1","b":[1,true,null,"x\"plp\\"]}`},
		{"the message of a refusal", "400 NO", `{"error":{"code":"NO","message":"words plp_000001"}}`, `{"error":{"code":"NO","message":"<message>"}}`},
		{"messages of violations", "400 NO",
			`{"violations":[{"keyword":"type","message":"a"},{"message":"b"}]}`, `{"violations":[{"keyword":"type","message":"<message>"},{"message":"<message>"}]}`},
		{"a message that is not a refusal's", "200", `{"message":"words"}`, `{"message":"words"}`},
		{"a value that is called message", "400 NO", `{"code":"message","x":"y"}`, `{"code":"message","x":"y"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := substitution{writer: writer(t), numbers: map[string]string{}, counts: map[string]int{}}
			if got := string(s.appendBody(nil, []byte(test.body), test.says[0] == '4')); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestWhatTheHashDependsOn(t *testing.T) {
	of := func(exchanges ...*record.Exchange) string { return row(t, exchanges...).BodiesSHA256 }
	base := of(saw("200", `{"id":"plp_000001","n":1}`), saw("200", `{"id":"plp_000001"}`))
	for name, same := range map[string]string{
		"another id throughout": of(saw("200", `{"id":"plp_000099","n":1}`), saw("200", `{"id":"plp_000099"}`)),
	} {
		if same != base {
			t.Errorf("%s: another hash", name)
		}
	}
	for name, other := range map[string]string{
		"another value":              of(saw("200", `{"id":"plp_000001","n":2}`), saw("200", `{"id":"plp_000001"}`)),
		"another id in one place":    of(saw("200", `{"id":"plp_000001","n":1}`), saw("200", `{"id":"plp_000002"}`)),
		"one answer less":            of(saw("200", `{"id":"plp_000001","n":1}`)),
		"the answers in other order": of(saw("200", `{"id":"plp_000001"}`), saw("200", `{"id":"plp_000001","n":1}`)),
		"the status":                 of(saw("201", `{"id":"plp_000001","n":1}`), saw("200", `{"id":"plp_000001"}`)),
		"no body":                    of(saw("200", ""), saw("200", `{"id":"plp_000001"}`)),
	} {
		if other == base {
			t.Errorf("%s: the same hash", name)
		}
	}
}

// A row depends on its scenario alone, although the writer remembers what it found before.
func TestRowsAreIndependent(t *testing.T) {
	w := writer(t)
	first := w.Row("s", []*record.Exchange{saw("200", `{"id":"plp_000001"}`)})
	w.Row("t", []*record.Exchange{saw("200", `{"id":"plp_000002","b":"plp_000001"}`)})
	again := w.Row("s", []*record.Exchange{saw("200", `{"id":"plp_000001"}`)})
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the same scenario after another (-first +again):\n%s", diff)
	}
}

func TestPatternsThatOverlap(t *testing.T) {
	w, err := NewWriter(&milestones.Milestone{Output: milestones.Output{Replacements: []milestones.Pattern{
		{Token: "late", Regexp: `bcd`}, {Token: "early", Regexp: `ab|d`}, {Token: "folded", Regexp: `(?i)xyz+`},
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := substitution{writer: w, numbers: map[string]string{}, counts: map[string]int{}}
	if got, want := string(s.appendBody(nil, []byte(`"abcd d XYZZ"`), false)), `"a<late 1> <early 1> <folded 1>"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNewWriterWantsExpressions(t *testing.T) {
	if _, err := NewWriter(&milestones.Milestone{}, []milestones.Pattern{{Token: "x", Regexp: "("}}); err == nil {
		t.Error("( is no regular expression, and was taken")
	}
}

func TestEncode(t *testing.T) {
	d := &Document{Milestone: "T1", Scenarios: []Row{{Scenario: "a > <b>", Answers: []string{"ring 200"}, BodiesSHA256: "00"}}}
	want := `{
  "milestone": "T1",
  "scenarios": [
    {
      "scenario": "a > <b>",
      "answers": [
        "ring 200"
      ],
      "bodies_sha256": "00"
    }
  ]
}
`
	text := d.Encode()
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("encoded (-want +got):\n%s", diff)
	}
	back, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, back); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
	if _, err := Decode([]byte(`{"scenaris": []}`)); err == nil {
		t.Error("an unknown member was taken")
	}
	if got := string((&Document{Milestone: "T1"}).Encode()); !strings.Contains(got, `"scenarios": []`) {
		t.Errorf("no rows: %s", got)
	}
}

func TestCompare(t *testing.T) {
	golden := &Document{Scenarios: []Row{
		{"same", []string{"a 200"}, "1"}, {"body", []string{"a 200"}, "1"}, {"answer", []string{"a 200", "b 200"}, "1"},
		{"less", []string{"a 200", "b 200"}, "1"}, {"more", []string{"a 200"}, "1"}, {"gone", nil, "1"},
		{"not run", nil, "1"}, {"failed", []string{"a 200"}, "1"},
	}}
	got := &Document{Scenarios: []Row{
		{"same", []string{"a 200"}, "1"}, {"body", []string{"a 200"}, "2"}, {"answer", []string{"a 200", "b 409"}, "2"},
		{"less", []string{"a 200"}, "2"}, {"more", []string{"a 200", "b 200"}, "2"}, {"new", nil, "1"},
		{"failed", []string{"a 400"}, "2"},
	}}
	planned := []string{"same", "body", "answer", "less", "more", "new", "not run", "failed"}
	scope := Scope{Planned: planned, Counts: func(id string) bool { return id != "failed" }, Bodies: true}
	d := Compare(golden, got, scope)
	var changes []string
	for _, c := range d.Changed {
		changes = append(changes, c.String())
	}
	want := []string{
		"body: the same answers with other bodies",
		"answer: answer 2 was b 200 and is b 409",
		"less: answer 2 was b 200 and is nothing",
		"more: answer 2 was nothing and is b 200",
	}
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"new"}, d.Added); diff != "" {
		t.Errorf("added (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"gone"}, d.Removed); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
	scope.Bodies = false
	if answers := Compare(golden, got, scope).Changed; len(answers) != 3 || answers[0].Scenario != "answer" {
		t.Errorf("without bodies: %v", answers)
	}
	if d.Empty() || !(&Difference{}).Empty() {
		t.Error("Empty is wrong")
	}
}

// Tokens go on counting from text to text, and say what they stand for.
func TestTokens(t *testing.T) {
	tokens := writer(t).Tokens()
	body, own := tokens.Body([]byte(`{"a":"plp_000007","message":"plp_000001"}`), true)
	if got, want := string(body), `{"a":"<provider-id 1>","message":"<message>"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if diff := cmp.Diff([]Own{{"provider-id", "plp_000007"}}, own); diff != "" {
		t.Errorf("own (-want +got):\n%s", diff)
	}
	text, own := tokens.Text("of plp_000008 and plp_000007")
	if want := "of <provider-id 2> and <provider-id 1>"; text != want {
		t.Errorf("got %s, want %s", text, want)
	}
	if diff := cmp.Diff([]Own{{"provider-id", "plp_000008"}, {"provider-id", "plp_000007"}}, own); diff != "" {
		t.Errorf("own (-want +got):\n%s", diff)
	}
}
