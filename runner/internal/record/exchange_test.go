package record

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
)

func TestRoutes(t *testing.T) {
	routes := steps.NewRoutes(milestones.M109())
	tests := []struct{ method, target, want string }{
		{"POST", "/partner-liquidity-providers", "partnerLiquidityProvider.onboard"},
		{"POST", "/partner-liquidity-providers?x=/y", "partnerLiquidityProvider.onboard"},
		{"GET", "/partner-liquidity-providers", "unrouted"},
		{"POST", "/partner-liquidity-providers/", "unrouted"},
		{"GET", "/partner-liquidity-providers/", "unrouted"},
		{"GET", "/partner-liquidity-providers/plp_000001", "partnerLiquidityProvider.get"},
		{"HEAD", "/partner-liquidity-providers/plp_000001", "unrouted"},
		{"GET", "/partner-liquidity-providers/a%2Fb", "partnerLiquidityProvider.get"},
		{"GET", "/partner-liquidity-providers/%20", "partnerLiquidityProvider.get"},
		{"GET", "/partner-liquidity-providers/a/", "unrouted"},
		{"GET", "/Partner-liquidity-providers/a", "unrouted"},
		{"GET", "/partner-liquidity%2Dproviders/a", "unrouted"},
		{"GET", "//partner-liquidity-providers/a", "unrouted"},
		{"POST", "/partner-liquidity-providers/a/status", "partnerLiquidityProvider.status.upsert"},
		{"POST", "/partner-liquidity-providers//status", "unrouted"},
		{"POST", "/partner-liquidity-providers/a/eligibility/evaluate", "partnerLiquidityProvider.eligibility.evaluate"},
		{"POST", "/partner-liquidity-providers/a/rollout", "partnerLiquidityProvider.rollout.upsert"},
		{"GET", "/partner-liquidity-providers/a/rollout/export?limit=1", "partnerLiquidityProvider.rollout.export"},
		{"GET", "/partner-liquidity-providers/a/rollout", "unrouted"},
		{"GET", "/keys/policy-integrity-signing", "keys.policy-integrity-signing.get"},
		{"GET", "/healthz", "healthz"},
		{"GET", "/healthz/..", "unrouted"},
		{"GET", "/", "unrouted"},
		{"OPTIONS", "*", "unrouted"},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.target, func(t *testing.T) {
			if got := routes.Find(test.method, test.target).ID; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// run starts a server and a recorder before it.
func record(t *testing.T, h http.HandlerFunc) (*Recorder, *http.Client, string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	r := &Recorder{
		Base:              &http.Transport{DisableCompression: true},
		Routes:            steps.NewRoutes(milestones.M109()),
		Check:             func(x *Exchange) { x.Message = fmt.Sprint(x.Response.Status) },
		IdempotencyHeader: "Idempotency-Key",
		Secrets:           new(Secrets),
		Concurrency:       func(ctx context.Context) int { n, _ := ctx.Value(burst{}).(int); return n },
	}
	return r, &http.Client{Transport: r}, server.URL
}

type burst struct{}

func send(t *testing.T, ctx context.Context, c *http.Client, method, target, body string, header ...string) (*http.Response, error) {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, method, target, reader)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	response, err := c.Do(request)
	if err == nil {
		t.Cleanup(func() { response.Body.Close() })
	}
	return response, err
}

func TestRecords(t *testing.T) {
	r, c, base := record(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", string(body))
		w.WriteHeader(418)
		_, _ = w.Write([]byte("short and stout"))
	})
	ctx := WithMark(t.Context(), Mark{Scenario: 3, Step: 1})
	response, err := send(t, ctx, c, "POST", base+"/partner-liquidity-providers?a=%62", `{"a":1}`, "X-Two", "1", "X-Two", "2")
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(response.Body); string(body) != "short and stout" {
		t.Errorf("the caller reads %q", body)
	}
	if got := response.Header.Get("X-Seen"); got != `{"a":1}` {
		t.Errorf("the server read %q", got)
	}
	x := r.Exchanges()[0]
	got := []any{
		x.Mark, x.Operation, x.Request.Method, x.Request.Target, x.Request.Header["X-Two"], string(x.Request.Body),
		x.Response.Status, string(x.Response.Body), x.Message,
	}
	want := []any{
		Mark{Scenario: 3, Step: 1}, "partnerLiquidityProvider.onboard", "POST", "/partner-liquidity-providers?a=%62",
		[]string{"1", "2"}, `{"a":1}`, 418, "short and stout", "418",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
}

func TestRecordsTheTargetAsSent(t *testing.T) {
	r, c, base := record(t, func(http.ResponseWriter, *http.Request) {})
	host := strings.TrimPrefix(base, "http://")
	r.Prefix = "/api"
	for _, u := range []*url.URL{
		{Scheme: "http", Host: host, Path: "/api/a/b", RawPath: "/api/a%2Fb"},
		{Scheme: "http", Host: host, Opaque: "/api/a//../b|"},
		{Scheme: "http", Host: host, Path: "/api/q", ForceQuery: true},
	} {
		request := (&http.Request{Method: "GET", URL: u, Host: host, Header: http.Header{}}).WithContext(t.Context())
		response, err := c.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	var got []string
	for _, x := range r.Exchanges() {
		got = append(got, x.Request.Target)
	}
	if diff := cmp.Diff([]string{"/a%2Fb", "/a//../b|", "/q?"}, got); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}

// The standard transport sends a request again by itself when the connection closes on it and the request has an
// idempotency key. A run has to see what happened instead.
func TestNeverSendsTwice(t *testing.T) {
	var posts atomic.Int32
	r, c, base := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			return // leaves a connection behind that is used again
		}
		posts.Add(1)
		connection, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			connection.Close()
		}
	})
	if _, err := send(t, t.Context(), c, "GET", base+"/healthz", ""); err != nil {
		t.Fatal(err)
	}
	_, err := send(t, t.Context(), c, "POST", base+"/partner-liquidity-providers", "{}", "Idempotency-Key", "k")
	if err == nil {
		t.Error("there was an answer")
	}
	if n := posts.Load(); n != 1 {
		t.Errorf("it was sent %d times", n)
	}
	if x := r.Exchanges()[1]; x.Response != nil || x.Failure == "" {
		t.Errorf("recorded %+v, %q", x.Response, x.Failure)
	}
}

func TestFailures(t *testing.T) {
	half := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half"))
	}
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	short := func(t *testing.T) context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	stopped := func(t *testing.T) context.Context {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		return ctx
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
		ctx     func(*testing.T) context.Context
		change  func(base string) string
		want    string
	}{
		{"half an answer", half, nil, nil, "the connection was closed before the answer was complete"},
		{"no answer in time", hang, short, nil, "no answer in time"},
		{"stopped", hang, stopped, nil, "the run was stopped before the answer was there"},
		{"nobody there", hang, nil, func(string) string { return "http://127.0.0.1:1" }, "connection refused"},
		{"not HTTP", nil, nil, func(base string) string { return strings.Replace(base, "http:", "https:", 1) },
			"TLS: what answers there does not speak TLS"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, c, base := record(t, test.handler)
			ctx := t.Context()
			if test.ctx != nil {
				ctx = test.ctx(t)
			}
			if test.change != nil {
				base = test.change(base)
			}
			if _, err := send(t, ctx, c, "GET", base+"/healthz", ""); err == nil {
				t.Fatal("there was an answer")
			}
			if got := r.Exchanges()[0].Failure; got != test.want {
				t.Errorf("failure: %q, want %q", got, test.want)
			}
		})
	}
}

func TestReasonHasNoAddress(t *testing.T) {
	address := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40123}
	err := &net.OpError{Op: "read", Net: "tcp", Source: address, Addr: address, Err: errors.New("something new")}
	if got := Cause(err); got != "something new" {
		t.Errorf("got %q", got)
	}
}

func TestBodyLimit(t *testing.T) {
	r, c, base := record(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, BodyLimit+1))
	})
	if _, err := send(t, t.Context(), c, "GET", base+"/healthz", ""); err != nil {
		t.Fatal(err)
	}
	if x := r.Exchanges()[0]; !x.Response.Cut || x.Response.Length != BodyLimit || !x.InPart() {
		t.Errorf("cut: %v, %d bytes", x.Response.Cut, x.Response.Length)
	}
}

func TestKeySentBefore(t *testing.T) {
	r, c, base := record(t, func(http.ResponseWriter, *http.Request) {})
	onboard, status := base+"/partner-liquidity-providers", base+"/partner-liquidity-providers/a/status"
	together := context.WithValue(t.Context(), burst{}, 1)
	for _, s := range []struct {
		ctx         context.Context
		target, key string
	}{
		{t.Context(), onboard, "k"}, {t.Context(), onboard, "k"}, {t.Context(), onboard, " k "}, {t.Context(), onboard, "l"},
		{t.Context(), status, "k"}, {t.Context(), onboard, ""}, {together, onboard, "m"}, {t.Context(), onboard, "m"},
	} {
		if _, err := send(t, s.ctx, c, "POST", s.target, "{}", "Idempotency-Key", s.key); err != nil {
			t.Fatal(err)
		}
	}
	var got []bool
	for _, x := range r.Exchanges() {
		got = append(got, x.KeySentBefore)
	}
	if diff := cmp.Diff([]bool{false, true, true, false, false, false, true, true}, got); diff != "" {
		t.Errorf("sent before (-want +got):\n%s", diff)
	}
}

// Answers that come at once are put in an order of their own; everything else keeps its place.
func TestBurstsAreSorted(t *testing.T) {
	contents := func(order ...int) string {
		r := &Recorder{Secrets: new(Secrets)}
		answer := func(n, burst int) {
			r.keep(&Exchange{
				Mark: Mark{Scenario: 1, Step: 2, Concurrency: burst}, Operation: "unrouted",
				Request: Request{Method: "GET", Target: "/"}, Response: &Response{Status: 200 + n},
			})
		}
		answer(9, 0)
		for _, n := range order {
			answer(n, 1)
		}
		answer(0, 0)
		answer(5, 2)
		var statuses []string
		for _, x := range r.Exchanges() {
			statuses = append(statuses, fmt.Sprint(x.Response.Status))
		}
		return strings.Join(statuses, " ")
	}
	want := "209 201 202 203 200 205"
	for _, order := range [][]int{{1, 2, 3}, {3, 2, 1}, {2, 3, 1}} {
		if got := contents(order...); got != want {
			t.Errorf("answers came as %v: %s, want %s", order, got, want)
		}
	}
}

// line redacts an exchange, and returns its line.
func line(t *testing.T, x *Exchange, secrets *Secrets) map[string]any {
	t.Helper()
	x.Redact(secrets)
	l := Line{Number: 4, Scenario: "scenario 2", Where: "features/x.feature:1", Exchange: x}
	l.Step.Line, l.Step.Text = 7, "When I call"
	text := l.Append(nil)
	if n := bytes.Count(text, []byte("\n")); n != 1 || text[len(text)-1] != '\n' {
		t.Fatalf("not one line: %q", text)
	}
	document, err := schemas.Read(text)
	if err != nil {
		t.Fatalf("the line: %v\n%s", err, text)
	}
	return document.Value.(map[string]any)
}

func example() *Exchange {
	return &Exchange{
		Mark: Mark{Scenario: 2, Step: 0}, Operation: "partnerLiquidityProvider.onboard", Outcome: "success",
		Request: Request{
			Method: "POST", Target: "/x?k=secret-one",
			Header: http.Header{"X-Partner-Key": {"secret-one"}, "Authorization": {"Bearer secret-two"}, "X-B": {"1", "2"}},
			Body:   []byte("{\"a\":\"\u2028\\u0000 secret-two\"}"),
		},
		Response: &Response{
			Status: 200, Header: http.Header{"Date": {"Sun, 22 Feb 2026 16:00:00 GMT"}, "X-Echo": {"secret-one"}},
			Body: []byte("\xff\x00secret-one"),
		},
		Checks: []CheckResult{
			{Check: "a"}, {Check: "b", Status: CheckFailed, Message: "wrong", Violations: []schemas.Violation{{
				InstancePath: "/a", SchemaPath: "/type", Keyword: "type", Message: "must be a string",
			}}},
			{Check: "c", Status: CheckNotApplicable, Message: "nothing there"},
		},
		Message: "200",
		SentAt:  time.Date(2026, 2, 22, 17, 0, 0, 123456789, time.FixedZone("", 3600)), TookMS: 1.235,
	}
}

func TestLine(t *testing.T) {
	x := example()
	secrets := new(Secrets)
	secrets.learnFrom(x.Request.Header)
	got := line(t, x, secrets)
	var want map[string]any
	if err := json.Unmarshal([]byte(`{
		"number": 4, "scenario": "scenario 2", "where": "features/x.feature:1", "step": {"line": 7, "text": "When I call"}, "message": "200",
		"operation": "partnerLiquidityProvider.onboard", "outcome": "success",
		"request": {
			"method": "POST", "target": "/x?k=[redacted]",
			"header": {"Authorization": ["[redacted]"], "X-B": ["1", "2"], "X-Partner-Key": ["[redacted]"]},
			"body": "{\"a\":\"\u2028\\u0000 [redacted]\"}"
		},
		"response": {
			"status": 200, "header": {"Date": ["[date]"], "X-Echo": ["[redacted]"]}, "body_base64": "/wBbcmVkYWN0ZWRd"
		},
		"checks": {
			"passed": ["a"],
			"failed": [{"check": "b", "message": "wrong", "violations": [
				{"instance_path": "/a", "schema_path": "/type", "keyword": "type", "message": "must be a string"}
			]}],
			"not_applicable": [{"check": "c", "message": "nothing there"}]
		},
		"sent_at": "2026-02-22T16:00:00.123Z", "took_ms": 1.235
	}`), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}

func TestLineWithoutAnAnswer(t *testing.T) {
	x := example()
	x.Response, x.Outcome, x.Checks, x.Failure = nil, "", nil, "connection refused"
	got := line(t, x, new(Secrets))
	if got["response"] != nil || got["failure"] != "connection refused" || got["outcome"] != nil {
		t.Errorf("response %v, failure %v, outcome %v", got["response"], got["failure"], got["outcome"])
	}
}

func TestLineCutsLongBodies(t *testing.T) {
	x := example()
	x.Request.Body = bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	sum := sha256.Sum256(x.Request.Body)
	request := line(t, x, new(Secrets))["request"].(map[string]any)
	for member, want := range map[string]any{
		"body_bytes":  float64(1 << 20),
		"body_sha256": hex.EncodeToString(sum[:]),
		"body_begins": strings.Repeat("0123456789abcdef", 64),
	} {
		if got := request[member]; got != want {
			t.Errorf("%s: %v, want %v", member, got, want)
		}
	}
	if _, whole := request["body"]; whole {
		t.Error("the whole body is there too")
	}
}

func TestSecrets(t *testing.T) {
	s := new(Secrets)
	if s.In("anything") || s.Scrub("anything") != "anything" {
		t.Error("something is secret before anything was learned")
	}
	s.Learn("lpk_example_1")
	s.Learn("lpk_example_1_long")
	s.Learn(`with "quotes" & more`)
	s.Learn("longer than ")
	s.Learn("short")
	s.learnFrom(http.Header{"Authorization": {"Basic dXNlcjpwYXNz"}, "X-Other": {"not-a-secret"}})
	tests := []struct{ name, text, want string }{
		{"alone", "lpk_example_1", Redacted},
		{"inside, at every place", "a lpk_example_1 b", "a " + Redacted + " b"},
		{"nearly twice", "lpk_example_lpk_example_1", "lpk_example_" + Redacted},
		{"two that overlap", "lpk_example_1_longer than others", Redacted + "others"},
		{"the longer one goes first", "lpk_example_1_long", Redacted},
		{"twice", "lpk_example_1lpk_example_1", Redacted + Redacted},
		{"as JSON", `{"a":"with \"quotes\" & more"}`, `{"a":"` + Redacted + `"}`},
		{"as JSON in JSON", `"{\"a\":\"with \\\"quotes\\\" & more\"}"`, `"{\"a\":\"` + Redacted + `\"}"`},
		{"in a query", "?k=with+%22quotes%22+%26+more", "?k=" + Redacted},
		{"in a path", "/with%20%22quotes%22%20&%20more", "/" + Redacted},
		{"credentials without their scheme", "dXNlcjpwYXNz", Redacted},
		{"the whole header", "Basic dXNlcjpwYXNz", Redacted},
		{"too short to be one", "short", "short"},
		{"another header", "not-a-secret", "not-a-secret"},
		{"nearly one", "lpk_example_ lpk_example_2", "lpk_example_ lpk_example_2"},
		{"nothing", "", ""},
	}
	for text, want := range map[string]string{
		"a lpk_exam… (90 bytes) lpk_example… b": "a " + Redacted + "… (90 bytes) " + Redacted + "… b",
		"lpk_e…": "lpk_e…", "…": "…", "lpk_example_1…": Redacted + "…",
	} {
		if got := s.Scrub(text); got != want {
			t.Errorf("a text that was cut: %q, want %q", got, want)
		}
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := s.Scrub(test.text); got != test.want {
				t.Errorf("scrubbed: %q, want %q", got, test.want)
			}
			if got := s.In(test.text); got != (test.text != test.want) {
				t.Errorf("in: %v", got)
			}
		})
	}
}

// Looking at every fourth place only must find a secret wherever it stands.
func TestSecretsAtEveryPlace(t *testing.T) {
	s := new(Secrets)
	s.Learn("01234567")
	for before := range 9 {
		for after := range 9 {
			text := strings.Repeat("-", before) + "01234567" + strings.Repeat("-", after) + "01234567"
			want := strings.Repeat("-", before) + Redacted + strings.Repeat("-", after) + Redacted
			if got := s.Scrub(text); got != want || !s.In(text) {
				t.Errorf("scrubbed %q: %q", text, got)
			}
		}
	}
}
