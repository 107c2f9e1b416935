// Package testclient has the requests and options that the tests of several packages use.
// Only tests import it.
package testclient

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/schemas"
)

// Starters start a server with and without a listener.
var Starters = map[string]func(testing.TB, ...func(*fakeserver.Options)) *fakeservertest.Running{
	"with a listener": fakeservertest.Start, "in memory": fakeservertest.StartInMemory,
}

// Frozen is the option of a server with a frozen clock.
func Frozen(o *fakeserver.Options) {
	o.Clock = func() time.Time { return time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC) }
}

// Send sends a request and returns the response and its body.
func Send(t testing.TB, f *fakeservertest.Running, r *http.Request) (*http.Response, string) {
	t.Helper()
	response, err := f.HTTP.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// Onboard onboards a provider of the partner amber at a base URL. World is the world of
// the header X-Fake-World, or "".
func Onboard(t testing.TB, f *fakeservertest.Running, base, world, key string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest("POST", base+"/partner-liquidity-providers", strings.NewReader(
		`{"provider":{"owner_actor":{"type":"partner","id":"amber"},"external_provider_id":"e","legal_entity_name":"l","disclosure_text":"d","trust_contact_email":"a@b","segment_tier":"S1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"X-Partner-Key": {"amber"}, "X-Auth-Scopes": {"settlement:write"}, "Idempotency-Key": {key}}
	if world != "" {
		r.Header.Set("X-Fake-World", world)
	}
	return Send(t, f, r)
}

// Request is a request of a partner with both scopes. Key is the idempotency key, or "".
type Request struct{ Method, Path, Partner, Key, Body string }

// NewRequest returns a request.
func NewRequest(method, path, partner, key, body string) Request {
	return Request{method, path, partner, key, body}
}

// Send sends the request to a world. It returns status, header and body of the response as
// one string, without the request id and the date.
func (q Request) Send(t testing.TB, f *fakeservertest.Running, world string) string {
	t.Helper()
	r, err := http.NewRequest(q.Method, f.URL+q.Path, strings.NewReader(q.Body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{
		"X-Fake-World": {world}, "X-Actor-Type": {"partner"}, "X-Actor-Id": {q.Partner},
		"X-Auth-Scopes": {"settlement:read settlement:write"}, "X-Correlation-Id": {"test"},
	}
	if q.Key != "" {
		r.Header.Set("Idempotency-Key", q.Key)
	}
	response, body := Send(t, f, r)
	response.Header.Del("X-Fake-Request-Id")
	response.Header.Del("Date")
	return fmt.Sprint(response.StatusCode, response.Header, " ", body)
}

// SendBytes sends a request with any bytes in its parts and reads the response. It returns
// nil if a fault closed the connection. A status 500, and JSON that is not I-JSON, fail the
// test.
func SendBytes(t testing.TB, f *fakeservertest.Running, method, target, header, body string) *http.Response {
	t.Helper()
	conn, err := f.HTTP.Transport.(*http.Transport).DialContext(context.Background(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	escape := strings.NewReplacer(" ", "%20", "\r", "%0D", "\n", "%0A")
	lines := []string{escape.Replace(method) + " " + escape.Replace("/"+strings.TrimPrefix(target, "/")) + " HTTP/1.1", "Host: fake.example"}
	for line := range strings.SplitSeq(strings.ReplaceAll(header, "\r", ""), "\n") {
		name, _, _ := strings.Cut(strings.ToLower(line), ":")
		switch strings.TrimSpace(name) {
		case "", "content-length", "transfer-encoding", "expect", "connection", "host":
			continue // the framing of the request is not under test
		}
		lines = append(lines, line)
	}
	lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)), "", "")
	go io.WriteString(conn, strings.Join(lines, "\r\n")+body) // the server may respond before it has read everything
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil
	}
	if response.StatusCode == 500 {
		t.Errorf("%s %s: got 500: %.300s", method, target, text)
	}
	if strings.Contains(response.Header.Get("Content-Type"), "json") && method != "HEAD" {
		if _, err := schemas.Read(text); err != nil {
			t.Errorf("%s %s: got %s that is %v: %.300q", method, target, response.Header.Get("Content-Type"), err, text)
		}
	}
	return response
}
