package connlimit_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/client"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/testclient"
)

// gracePeriod is how long a test waits for what comes at once; only a broken server
// makes it wait.
const gracePeriod = 30 * time.Second

// dial connects to a server.
func dial(t *testing.T, fake *fakeservertest.Running) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(fake.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(gracePeriod))
	return conn
}

// A client that sends nothing, or not all, is cut off.
func TestSlowSenders(t *testing.T) {
	const short = 20 * time.Millisecond
	for _, test := range []struct {
		name, sends, answer string
		limits              fakeserver.Limits
	}{
		{"half a header", "GET /healthz HTTP/1.1\r\nHost", "", fakeserver.Limits{Header: short}},
		{"nothing after an answer", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", `"ok":true}`, fakeserver.Limits{Idle: short}},
		{"half a body", "POST /partner-liquidity-providers HTTP/1.1\r\nHost: localhost\r\nX-Partner-Key: amber\r\nX-Auth-Scopes: settlement:write\r\nIdempotency-Key: k\r\nContent-Length: 9\r\n\r\n{",
			"The body broke off before its end.", fakeserver.Limits{Body: short}},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn := dial(t, fakeservertest.Start(t, func(o *fakeserver.Options) { o.Limits = test.limits }))
			io.WriteString(conn, test.sends)
			answer, err := io.ReadAll(conn)
			if errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(string(answer), test.answer) {
				t.Errorf("got %q, %v, want %q and the end", answer, err, test.answer)
			}
		})
	}
}

// A body that is too large is refused as soon as that is known, whatever else its
// client sends or does not, and the connection is not used again.
func TestTooLargeIsRefusedAtOnce(t *testing.T) {
	const contract, mib = "POST /partner-liquidity-providers HTTP/1.1\r\nHost: localhost\r\nX-Partner-Key: amber\r\nX-Auth-Scopes: settlement:write\r\nIdempotency-Key: k\r\n", 1 << 20
	const control = "PUT /_fake/snapshots/s HTTP/1.1\r\nHost: localhost\r\n"
	for _, test := range []struct {
		name, head string
		sent       int // bytes of the body
		fault      string
	}{
		{"by its length", contract + "Content-Length: 1048577\r\n\r\n", 0, ""},
		{"by its length, after some", contract + "Content-Length: 1048577\r\n\r\n", 1000, ""},
		{"by its length, after nearly all", contract + "Content-Length: 1048577\r\n\r\n", mib, ""},
		{"by its length, before a client that waits for 100 Continue", contract + "Expect: 100-continue\r\nContent-Length: 1048577\r\n\r\n", 0, ""},
		{"by what came in pieces", contract + "Transfer-Encoding: chunked\r\n\r\n1000000\r\n", mib + 1, ""},
		{"by its length, under a fault", contract + "Content-Length: 1048577\r\n\r\n", 0, `{"latency":"1ms"}`},
		{"by what came in pieces, under a fault", contract + "Transfer-Encoding: chunked\r\n\r\n1000000\r\n", mib + 1, `{"slow":{"bytes":99,"pause":"1ms"}}`},
		{"control, by its length", control + "Content-Length: 67108865\r\n\r\n", 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := fakeservertest.Start(t, func(o *fakeserver.Options) { o.Limits.Body = time.Hour })
			if test.fault != "" {
				w := httptest.NewRecorder()
				fake.ServeHTTP(w, httptest.NewRequest("POST", "http://localhost/_fake/worlds/default/faults", strings.NewReader(test.fault)))
				if w.Code != http.StatusOK {
					t.Fatal(w.Body)
				}
			}
			conn := dial(t, fake)
			io.WriteString(conn, test.head+strings.Repeat(" ", test.sent))
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			if answer.StatusCode != http.StatusRequestEntityTooLarge || !answer.Close || err != nil {
				t.Errorf("got %s, %v, %s, %v, want 413 and the end of the connection", answer.Status, answer.Header, body, err)
			}
		})
	}
}

// Text of a client that looks like an answer of net/http leaves the server as it came, at
// whatever place of the answer, and so does a fault with such a status.
func TestTextLikeAnAnswer(t *testing.T) {
	const line = "HTTP/1.1 417 "
	fake := fakeservertest.Start(t)
	for padding := range len(line) {
		text := strings.Repeat("x", padding) + strings.Repeat(line, 1500) + "."
		r, err := http.NewRequest("POST", fmt.Sprintf("%s/worlds/w%d/partner-liquidity-providers", fake.URL, padding), strings.NewReader(`{"provider":{"owner_actor":{"type":"partner","id":"amber"},"external_provider_id":"ext-1","legal_entity_name":"Amber Ltd","disclosure_text":"`+text+`","trust_contact_email":"trust@amber.example","segment_tier":"S1"}}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"X-Partner-Key": {"amber"}, "X-Auth-Scopes": {"settlement:write"}, "Idempotency-Key": {"k"}}
		if answer, body := testclient.Send(t, fake, r); answer.StatusCode != 200 || !strings.Contains(body, `"disclosure_text":"`+text+`"`) {
			t.Errorf("padding %d: got %s and %d bytes", padding, answer.Status, len(body))
		}
	}
	if _, err := fake.Admin.World("default").AddFault(t.Context(), client.Fault{Answer: &client.FaultAnswer{Status: 417}}); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest("GET", fake.URL+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, body := testclient.Send(t, fake, r); answer.StatusCode != 417 || answer.Header.Get("X-Fake-Fault") != "f1" {
		t.Errorf("the fault gave %s %v %s", answer.Status, answer.Header, body)
	}
}

// A client that reads nothing is cut off: it asks until it cannot, for its answers
// fill all that is between.
func TestReaderOfNothing(t *testing.T) {
	conn := dial(t, fakeservertest.Start(t, func(o *fakeserver.Options) { o.Limits.Stall = 20 * time.Millisecond }))
	request := strings.Repeat("GET /keys/policy-integrity-signing HTTP/1.1\r\nHost: localhost\r\n\r\n", 100)
	var err error
	for err == nil {
		_, err = io.WriteString(conn, request)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the client was still connected after %s", gracePeriod)
	}
}

// One connection more than there may be waits until another one ends.
func TestConnections(t *testing.T) {
	fake := fakeservertest.Start(t, func(o *fakeserver.Options) { o.Limits.Connections = 1 })
	first, second := dial(t, fake), dial(t, fake)
	const request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	ask := func(answers *bufio.Reader) string {
		t.Helper()
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, answer.Body)
		return answer.Header.Get("X-Fake-Request-Id")
	}
	io.WriteString(second, request)
	answers := bufio.NewReader(first)
	for i := range 1000 {
		io.WriteString(first, request)
		if got, want := ask(answers), fmt.Sprintf("default.%d", i+1); got != want {
			t.Fatalf("the first connection got %s, want %s", got, want)
		}
	}
	first.Close()
	if got := ask(bufio.NewReader(second)); got != "default.1001" {
		t.Errorf("the second connection got %s, want default.1001", got)
	}
}

func TestLimitsAreChecked(t *testing.T) {
	if _, err := fakeserver.New(fakeserver.Options{Limits: fakeserver.Limits{Idle: -1}}); err == nil {
		t.Error("a negative limit was taken")
	}
}

// deadlines is a writer that records the read deadlines that a handler sets.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error { d.set = append(d.set, t); return nil }

// Once a request to the admin API is read, no read timeout ends its answer, which may
// wait for long. An unread body stays under the timeout.
func TestReadDeadline(t *testing.T) {
	s := fakeservertest.StartInMemory(t)
	for _, test := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/_fake/worlds", "", 1},
		{"PUT", "/_fake/worlds/default/clock", `{"mode":"real"}`, 1},
		{"PUT", "/_fake/worlds/default/clock", `{"mode":`, 0},
		{"GET", "/_fake/worlds", "unread", 0},
	} {
		r := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
		if test.body == "" {
			r.Body = http.NoBody
		}
		d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		s.ServeHTTP(d, r)
		if len(d.set) != test.want || test.want == 1 && !d.set[0].IsZero() {
			t.Errorf("%s %s with %q: got the deadlines %v, want %d times none", test.method, test.path, test.body, d.set, test.want)
		}
	}
}

// No read timeout ends a slow fault.
func TestReadDeadlineWithFaults(t *testing.T) {
	s := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) { o.Wait = func(context.Context, time.Duration) {} })
	for _, test := range []struct{ fault, body string }{
		{`{"latency":"1h"}`, ""},
		{`{"latency":"1h"}`, "{}"},
		{`{"latency":"1h","when":"after"}`, "{}"},
		{`{"slow":{"bytes":9,"pause":"1m"}}`, "{}"},
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("POST", "/_fake/worlds/default/faults", strings.NewReader(test.fault)))
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %s", test.fault, w.Body)
		}
		d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		s.ServeHTTP(d, httptest.NewRequest("POST", "/partner-liquidity-providers", strings.NewReader(test.body)))
		if len(d.set) != 1 || !d.set[0].IsZero() {
			t.Errorf("%s: got the deadlines %v, want once none", test.fault, d.set)
		}
	}
}
