package difftest

import (
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

// exchange is a response of each server to the get operation.
type exchange struct{ fake, target *reply }

// body returns an exchange in which both servers answer with status 200.
func bodies(fake, target string) exchange {
	return exchange{answer(200, "", fake), answer(200, "", target)}
}

// answer returns a reply. The header has the form "Name: value".
func answer(status int, header, body string) *reply {
	operation, _ := milestones.M109().Operation("partnerLiquidityProvider.get")
	h := http.Header{"Content-Type": {"application/json"}}
	if name, value, ok := strings.Cut(header, ": "); ok {
		h.Set(name, value)
	}
	return &reply{
		operation: operation, sent: record.Request{Method: "GET", Target: "/p"},
		responses: []*response{{status: status, header: h, body: []byte(body)}},
	}
}

// truncated cuts the body of the target.
func truncated(x exchange) exchange {
	x.target.responses[0].cut = true
	return x
}

func TestCompare(t *testing.T) {
	a64, b64 := strings.Repeat("a", 64), strings.Repeat("b", 64)
	for _, test := range []struct {
		name  string
		calls []exchange
		want  []string // the causes, without their common prefix
		line  string   // the first difference, "" for any
	}{
		{"equal", []exchange{bodies(`{"a":1}`, `{"a":1}`)}, nil, ""},
		{"another spelling", []exchange{bodies(`{"a":1,"b":2}`, `{ "b": 2, "a": 1.0 }`)}, nil, ""},
		{"status", []exchange{{answer(200, "", `{}`), answer(404, "", `{"error":{"code":"NO","details":{"reason_code":"gone"}}}`)}},
			[]string{"status 404 NO gone, fake 200"}, "status: fake 200, target 404 NO gone"},
		{"error code", []exchange{{answer(400, "", `{"error":{"code":"A"},"b":1}`), answer(400, "", `{"error":{"code":"B"},"b":2}`)}},
			[]string{"status 400 B, fake 400 A"}, ""},
		{"missing header", []exchange{{answer(200, "Allow: GET", `{}`), answer(200, "", `{}`)}},
			[]string{"header Allow missing"}, `header Allow: fake "GET", target absent`},
		{"additional header", []exchange{{answer(200, "", `{}`), answer(200, "Allow: GET", `{}`)}}, []string{"header Allow unexpected"}, ""},
		{"other media type", []exchange{{answer(200, "", `{}`), answer(200, "Content-Type: text/plain", `{}`)}},
			[]string{`header Content-Type "text/plain", fake "application/json"`}, ""},
		{"header outside of the contract", []exchange{{answer(200, "Server: a", `{}`), answer(200, "", `{}`)}}, nil, ""},
		{"item of a list", []exchange{bodies(`{"a":{"b":[1,2]}}`, `{"a":{"b":[1,3]}}`)}, []string{"body /a/b/* different"}, `"/a/b/1": fake 2, target 3`},
		{"several members", []exchange{bodies(`{"a":1,"b":[{"c":1},{"c":1}],"d":1}`, `{"b":[{"c":2},{"c":2}],"d":1,"e":1}`)},
			[]string{"body /a missing", "body /b/*/c different", "body /e unexpected"}, ""},
		{"fewer items", []exchange{bodies(`{"a":[1,2,3]}`, `{"a":[2,3]}`)}, []string{"body /a/* missing"}, ""},
		{"another order", []exchange{bodies(`{"a":[{"i":"plp_000001","t":"x"},{"i":"plp_000002","t":"y"}]}`, `{"a":[{"i":"plp_000002","t":"y"},{"i":"plp_000001","t":"x"}]}`)},
			[]string{"body /a in another order"}, ""},
		{"null and absent", []exchange{bodies(`{"a":null}`, `{}`)}, []string{"body /a missing"}, `"/a": fake null, target absent`},
		{"message of a refusal", []exchange{{answer(400, "", `{"error":{"message":"a"}}`), answer(400, "", `{"error":{"message":"b"}}`)}}, nil, ""},
		{"other ids", []exchange{bodies(`{"id":"plp_000001"}`, `{"id":"plp_000007"}`), bodies(`{"id":"plp_000001"}`, `{"id":"plp_000007"}`)}, nil, ""},
		{"another id the second time", []exchange{bodies(`{"id":"plp_000001"}`, `{"id":"plp_000001"}`), bodies(`{"id":"plp_000001"}`, `{"id":"plp_000007"}`)},
			[]string{"body /id different"}, `"/id": fake "<provider-id 1>", target "<provider-id 2>"`},
		{"ids after a missing one", []exchange{bodies(`{"a":"plp_000001","b":"plp_000002"}`, `{"b":"plp_000002"}`), bodies(`{"b":"plp_000002"}`, `{ "b":"plp_000002"}`)},
			[]string{"body /a missing"}, ""},
		{"another hash of the same", []exchange{bodies(`{"id":"lp","x":"`+a64+`"}`, `{"id":"lp","x":"`+b64+`"}`)},
			[]string{"body /x different"}, `"/x": fake "` + a64 + `", target "` + b64 + `"`},
		{"the other hash again", []exchange{bodies(`{"id":"plp_000001","x":"`+a64+`"}`, `{"id":"plp_000002","x":"`+b64+`"}`), bodies(`{"x":"`+a64+`"}`, `{"x":"`+b64+`"}`)}, nil, ""},
		{"another hash of another id", []exchange{bodies(`{"id":"plp_000001","x":"`+a64+`"}`, `{"id":"plp_000002","x":"`+b64+`"}`)}, nil, ""},
		{"not JSON", []exchange{bodies(`{}`, `oops`)}, []string{"body not JSON"}, ""},
		{"longer than is read", []exchange{truncated(bodies(`{}`, `{}`))}, []string{"body too long"},
			"body: fake 2 bytes, target more than 16777216 bytes, of which the rest was not read"},
		{"a time with a fixed clock", []exchange{bodies(`{"a":"2026-02-22T16:00:00.000Z"}`, `{"a":"2026-02-22T16:00:01.000Z"}`)},
			[]string{"body /a different"}, `"/a": fake "2026-02-22T16:00:00.000Z", target "2026-02-22T16:00:01.000Z"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			writer, err := golden.NewWriter(milestones.M109(), nil)
			if err != nil {
				t.Fatal(err)
			}
			c := newComparer(milestones.M109(), schemas.Embedded(), writer, fixedClock(time.Unix(0, 0)))
			c.readKeys = func() (keys [2]keySetResult, err error) { return keys, nil }
			var causes []string
			line := ""
			for i, x := range test.calls {
				differences, err := c.compare(i, x.fake, x.target)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range differences {
					if line == "" {
						line = d.String()
					}
					causes = append(causes, strings.TrimPrefix(d.Cause(), "difference: "))
				}
			}
			if !slices.Equal(causes, test.want) || test.line != "" && line != test.line {
				t.Errorf("got  %q, %s\nwant %q, %s", causes, line, test.want, test.line)
			}
		})
	}
}

// Signatures are compared only if both servers publish the key that signed. Ids of keys do not count.
func TestSharesSigningKey(t *testing.T) {
	page := func(id string) *response {
		return &response{status: 200, body: []byte(`{"export":{"signature":{"key_id":"` + id + `"}}}`)}
	}
	one, other := []byte(strings.Repeat("a", 32)), []byte(strings.Repeat("b", 32))
	for _, test := range []struct {
		name         string
		fake, target auditproof.Keys
		want         bool
	}{
		{"same key", auditproof.Keys{"f": one}, auditproof.Keys{"t": one}, true},
		{"other key", auditproof.Keys{"f": one}, auditproof.Keys{"t": other}, false},
		{"other key with the same id", auditproof.Keys{"f": one}, auditproof.Keys{"f": other, "t": other}, false},
		{"key that is not published", auditproof.Keys{"f": one}, nil, false},
	} {
		if got := sharesSigningKey([2]keySetResult{{keys: test.fake}, {keys: test.target}}, page("f"), page("t")); got != test.want {
			t.Errorf("%s: got %t, want %t", test.name, got, test.want)
		}
	}
}

// A reading of the clock of the fake corresponds to one time of the target.
func TestMovingClock(t *testing.T) {
	c := movingClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	c.tick(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	first := formatTime(c.now.UnixMilli())
	c.tick(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if second := formatTime(c.now.UnixMilli()); second <= first {
		t.Errorf("got %s after %s", second, first)
	}
	for _, test := range []struct {
		name, fake, target string
		want               bool
	}{
		{"a reading", first, "2031-01-01T00:00:00.000Z", true},
		{"the reading in a cursor", first + "|x", "2031-01-01T00:00:00.000Z|x", true},
		{"another time for the reading", first, "2031-01-01T00:00:00.001Z", false},
		{"a time of a request", "2020-01-01T00:00:00.000Z", "2031-01-01T00:00:00.000Z", false},
		{"another format", first, "2031-01-01T00:00:00Z", false},
		{"another text around it", first + "|x", "2031-01-01T00:00:00.000Z|y", false},
	} {
		if got := c.equal(test.fake, test.target); got != test.want {
			t.Errorf("%s: got %t, want %t", test.name, got, test.want)
		}
	}
}
