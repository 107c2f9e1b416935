package html_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/html"
	"example.com/lpgate/runner/internal/verdict"
)

func TestTheSameBytes(t *testing.T) {
	r := red(t)
	for range 2 {
		got, err := encode(t, logged(t, r.log))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, r.page) {
			t.Error("another page was made from the same log")
		}
	}
}

// The page of an incomplete log shows that it is incomplete.
func TestHalfALog(t *testing.T) {
	r := red(t)
	started := bytes.Index(r.log, []byte(`{"testRunStarted"`))
	for _, at := range []int{started + (len(r.log)-started)/2, started + bytes.IndexByte(r.log[started:], '\n') + 1} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			text, err := encode(t, logged(t, r.log[:at]))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"The log is not complete.", "There is no verdict in the log.", "overall=false", ": it does not hold"} {
				if !strings.Contains(string(text), want) {
					t.Errorf("the page lacks %q", want)
				}
			}
		})
	}
}

func TestVerdictSection(t *testing.T) {
	tests := []struct {
		name, verdict, coverage string
		want                    []string
	}{
		{"it holds", `{"overall":true,"exit_code":0}`, `{}`, []string{"overall=true", "Exit code 0: the contract holds."}},
		{"interrupted", `{"exit_code":130,"reasons":[{"id":"interrupted","message":"on the way"}]}`, `{}`, []string{"Exit code 130: interrupted.", "Reasons", "on the way"}},
		{"a failure is known", `{"known_failures":{"message":"1 known failure","baseline":"known.yaml","entries":[{"cause":"schema: type /a","count":3,"seen":2,"because":"of that","owner":"platform","expires":"2026-12-31"},{"scenario":"s-1"}]}}`, `{}`,
			[]string{"Known failures", "1 known failure", "of that", "platform", "2026-12-31", "2 of 3", `href="#?cause=schema%3a%20type%20%2fa"`, `href="#s-1"`, "known.yaml expects it in 3"}},
		{"causes", `{"level":"full","core":{"overall":true,"passed":1,"scenarios":2,"proved":3,"rules":4,"causes":5},"reasons":[{"id":"check-failed","cause":"schema: type <a>","message":"not again"}],
			"causes":[{"cause":"schema: type <a>","level":"full","count":2,"rules":["r1","r2"],"operations":["ring"],"scenarios":["s-1","s-2"],"example":{"ref":"s-1","where":"a.feature:3","message":"it is <b>","exchange":7,"curl":["curl <c>","next"]}},{"cause":"x","known":true,"count":3}]}`, `{}`,
			[]string{"<dt>Level</dt><dd>full</dd>", "✓ holds</span>: 1 of 2 scenarios passed, 3 of 4 rules proved, 5 causes", `<details class="cause" open>`, `<span class="size">2 scenarios</span> <code>schema: type &lt;a&gt;</code> <span class="tag">full</span>`,
				`<a href="#?cause=schema%3a%20type%20%3ca%3e">Show 2 scenarios</a>`, `<a href="#?rule=r1">r1</a> <a href="#?rule=r2">`, `<a href="#?operation=ring">`, "line 7 of exchanges.ndjson", "it is &lt;b&gt;", "<pre>curl &lt;c&gt;\nnext</pre>",
				`<details class="cause known"><summary><span class="size">3 answers</span> <code>x</code>`}},
		{"left out", `{"left_out":[{"capability":"fresh-state","declared":true,"scenarios":["a","b"]},{"capability":"rope","scenarios":["c"]}]}`, `{}`,
			[]string{"Left out", "fresh-state", "yes: not verified", "no: neither declared present nor absent"}},
		{"rules", `{"rules":[{"id":"a","kind":"precondition","proved":true,"refuses":["x"],"permits":["y"]},{"id":"b","kind":"precondition","refuses":["x"]},{"id":"c","kind":"promise"},{"id":"d","kind":"promise","left_out":true}]}`, `{}`,
			[]string{"1 of 4 proved", "</a>: no scenario that it permits passed.", "</a>: no scenario that keeps it passed.", "</a>: left out."}},
		{"outcomes", `{}`, `{"cells":[{"operation":"ring","outcome":"success","status":200,"declared":true,"observed":3},{"operation":"ring","outcome":"refused","status":400,"declared":true},{"operation":"ring","status":500,"observed":1}]}`,
			[]string{"1 of 2 observed", "✗ not observed: <code>ring</code> 400", "✗ not declared: ", `class="h2"`, `class="miss"`, `class="stray"`}},
		{"the floor", `{"reason_codes":[{"reason_code":"seen","observed":1},{"reason_code":"unseen"}]}`, `{}`, []string{"1 of 2 reason codes observed", "✗ unseen"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := logged(t, []byte(`{"testRunStarted":{"timestamp":{"seconds":1,"nanos":0}}}`+"\n"))
			r.Info = record.Info{Milestone: "M9"}
			r.Conclude(strings.Contains(test.verdict, `"overall":true`), "", time.Unix(2, 0))
			r.Attach(artifact.Verdict, []byte(test.verdict))
			r.Attach(artifact.Coverage, []byte(test.coverage))
			text, err := html.Encode(r, decided(t, r))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range test.want {
				if !strings.Contains(string(text), want) {
					t.Errorf("the page lacks %q", want)
				}
			}
		})
	}
}

func TestBrokenAttachment(t *testing.T) {
	r := logged(t, []byte(`{"testRunStarted":{"timestamp":{"seconds":1,"nanos":0}}}`+"\n"))
	r.Attach(artifact.Verdict, []byte(`{"overall":1}`))
	if _, err := verdict.Of(r); err == nil || !strings.HasPrefix(err.Error(), "reading verdict.json of the event log: ") {
		t.Errorf("got %v", err)
	}
}
