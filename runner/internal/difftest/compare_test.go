package difftest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps/auditproof"
)

// heard makes an answer to a get of a provider.
func heard(status int, header, body string) *reply {
	m := milestones.M109()
	operation, _ := m.Operation("partnerLiquidityProvider.get")
	h := http.Header{"Content-Type": {"application/json"}}
	if name, value, ok := strings.Cut(header, ": "); ok {
		h.Set(name, value)
	}
	return &reply{
		operation: operation, sent: record.Request{Method: "GET", Target: "/p"},
		answers: []*answer{{status: status, header: h, body: []byte(body)}},
	}
}

func TestCompare(t *testing.T) {
	a64, b64 := strings.Repeat("a", 64), strings.Repeat("b", 64)
	for _, test := range []struct {
		name         string
		fake, target []*reply
		want         string // the difference in one line, "" for none
	}{
		{"the same", []*reply{heard(200, "", `{"a":1}`)}, []*reply{heard(200, "", `{"a":1}`)}, ""},
		{"spelled otherwise", []*reply{heard(200, "", `{"a":1,"b":2}`)}, []*reply{heard(200, "", `{ "b": 2, "a": 1.0 }`)}, ""},
		{"a status", []*reply{heard(200, "", `{}`)}, []*reply{heard(404, "", `{"error":{"code":"NO"}}`)},
			"status: the fake says 200, the target says 404 NO"},
		{"a header", []*reply{heard(200, "Allow: GET", `{}`)}, []*reply{heard(200, "", `{}`)},
			`the header Allow: the fake says "GET", the target says absent`},
		{"a header that is no matter", []*reply{heard(200, "Server: a", `{}`)}, []*reply{heard(200, "", `{}`)}, ""},
		{"a member", []*reply{heard(200, "", `{"a":{"b":[1,2]}}`)}, []*reply{heard(200, "", `{"a":{"b":[1,3]}}`)},
			`"/a/b/1": the fake says 2, the target says 3`},
		{"null is not nothing", []*reply{heard(200, "", `{"a":null}`)}, []*reply{heard(200, "", `{}`)}, `"/a": the fake says null, the target says absent`},
		{"a message", []*reply{heard(400, "", `{"error":{"message":"a"}}`)}, []*reply{heard(400, "", `{"error":{"message":"b"}}`)}, ""},
		{"other ids", []*reply{heard(200, "", `{"id":"plp_000001"}`), heard(200, "", `{"id":"plp_000001"}`)},
			[]*reply{heard(200, "", `{"id":"plp_000007"}`), heard(200, "", `{"id":"plp_000007"}`)}, ""},
		{"another id the second time", []*reply{heard(200, "", `{"id":"plp_000001"}`), heard(200, "", `{"id":"plp_000001"}`)},
			[]*reply{heard(200, "", `{"id":"plp_000001"}`), heard(200, "", `{"id":"plp_000007"}`)}, `"/id": the fake says "<provider-id 1>", the target says "<provider-id 2>"`},
		{"another hash of the same", []*reply{heard(200, "", `{"id":"lp","x":"`+a64+`"}`)}, []*reply{heard(200, "", `{"id":"lp","x":"`+b64+`"}`)},
			`"/x": the fake says "` + a64 + `", the target says "` + b64 + `"`},
		{"another hash of what has another id", []*reply{heard(200, "", `{"id":"plp_000001","x":"`+a64+`"}`)}, []*reply{heard(200, "", `{"id":"plp_000002","x":"`+b64+`"}`)}, ""},
		{"no JSON", []*reply{heard(200, "", `{}`)}, []*reply{heard(200, "", `oops`)}, `"": the fake says JSON, the target says what is no JSON`},
		{"a time is no clock's here", []*reply{heard(200, "", `{"a":"2026-02-22T16:00:00.000Z"}`)}, []*reply{heard(200, "", `{"a":"2026-02-22T16:00:01.000Z"}`)},
			`"/a": the fake says "2026-02-22T16:00:00.000Z", the target says "2026-02-22T16:00:01.000Z"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			writer, err := golden.NewWriter(milestones.M109(), nil)
			if err != nil {
				t.Fatal(err)
			}
			c := newComparer(milestones.M109(), schemas.Embedded(), writer, standing(time.Unix(0, 0)))
			c.publish = func() (keys [2]auditproof.Keys, err error) { return keys, nil }
			got := ""
			for i := range test.fake {
				d, err := c.compare(i, test.fake[i], test.target[i])
				if err != nil {
					t.Fatal(err)
				}
				if d != nil {
					got = d.String()
					break
				}
			}
			if got != test.want && (test.want == "" || !strings.HasPrefix(got, test.want)) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// A reading of the fake's clock is any time of the target's, and then always that one.
func TestClocks(t *testing.T) {
	c := moving(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	c.tick(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	first := timeText(c.now.UnixMilli())
	c.tick(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if second := timeText(c.now.UnixMilli()); second <= first {
		t.Errorf("the clock said %s, and then %s", first, second)
	}
	for _, test := range []struct {
		name, want, got string
		same            bool
	}{
		{"a reading", first, "2031-01-01T00:00:00.000Z", true},
		{"the same again, within a cursor", first + "|x", "2031-01-01T00:00:00.000Z|x", true},
		{"the same as another", first, "2031-01-01T00:00:00.001Z", false},
		{"a time of the request", "2020-01-01T00:00:00.000Z", "2031-01-01T00:00:00.000Z", false},
		{"another form", first, "2031-01-01T00:00:00Z", false},
		{"something else around it", first + "|x", "2031-01-01T00:00:00.000Z|y", false},
	} {
		if got := c.same(test.want, test.got); got != test.same {
			t.Errorf("%s: got %t, want %t", test.name, got, test.same)
		}
	}
}

// What is drawn from a seed is the same each time.
func TestWalksDependOnTheirSeeds(t *testing.T) {
	g, err := newGrammar(milestones.M109(), schemas.Embedded(), [][]string{nil, {keyMode}}, []string{"amber", "cobalt"}, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i := range 50 {
		text := g.sequence(seed("word", i)).text()
		if again := g.sequence(seed("word", i)).text(); again != text {
			t.Errorf("walk %d: two walks of one seed", i)
		}
		seen[text] = true
	}
	if len(seen) != 50 {
		t.Errorf("50 seeds gave %d walks", len(seen))
	}
}

// A target that all walks use has one provider of a name, so every name that a walk may give one is its own.
func TestProvidersHaveNamesOfTheirOwn(t *testing.T) {
	g, err := newGrammar(milestones.M109(), schemas.Embedded(), [][]string{nil}, nil, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, p := range g.bodies[onboard] {
		if !strings.HasSuffix(p.pointer, "/provider_id") {
			continue
		}
		for _, value := range slices.Concat(p.right, p.wrong) {
			var name string
			if json.Unmarshal([]byte(value), &name) != nil || strings.TrimSpace(name) != name || name == "" {
				continue // refused by its schema
			}
			if seen++; !strings.Contains(name, "{unique}") {
				t.Errorf("%s may be %s, which another walk may have taken", p.pointer, value)
			}
		}
	}
	if seen == 0 {
		t.Error("no walk gives a provider a name")
	}
}
