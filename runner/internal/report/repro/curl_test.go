package repro

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/runner/internal/record"
)

func TestCurl(t *testing.T) {
	request := func(method, target, body string, header ...string) *record.Request {
		r := &record.Request{Method: method, Target: target, Header: http.Header{}, Body: []byte(body)}
		for i := 0; i < len(header); i += 2 {
			r.Header.Add(header[i], header[i+1])
		}
		return r
	}
	secrets := new(record.Secrets)
	secrets.Learn("lpk_secret_1")
	tests := []struct {
		name    string
		request *record.Request
		want    string
		flags   []string
	}{
		{name: "flags", request: request("GET", "/a", ""), want: "curl -sS -i --cacert 'my ca.pem' --insecure http://t/a",
			flags: []string{"--cacert", "my ca.pem", "--insecure"}},
		{name: "GET", request: request("GET", "/a?b=c&d", ""), want: "curl -sS -i 'http://t/a?b=c&d'"},
		{name: "HEAD", request: request("HEAD", "/a", ""), want: "curl -sS -i --head http://t/a"},
		{name: "a path as it is", request: request("GET", "/a/../b", ""), want: "curl -sS -i --path-as-is http://t/a/../b"},
		{name: "no globbing", request: request("GET", "/a[1-2]", ""), want: "curl -sS -i --globoff 'http://t/a[1-2]'"},
		{name: "GET with a body", request: request("GET", "/a", "x"), want: "curl -sS -i -X GET http://t/a -H Content-Type: --data-raw x"},
		{name: "headers, sorted, repeated, empty", request: request("GET", "/a", "", "X-B", "2", "X-A", "it's", "X-B", "3", "X-C", ""), want: `curl -sS -i http://t/a -H 'X-A: it'\''s' -H 'X-B: 2' -H 'X-B: 3' -H 'X-C;'`},
		{name: "secrets", request: request("GET", "/lpk_secret_1", "", "X-Partner-Key", "k", "Authorization", "Bearer x", "X-D", "lpk_secret_1"), want: `curl -sS -i --globoff 'http://t/[redacted]' -H 'Authorization: '"$AUTHORIZATION" -H 'X-D: [redacted]' -H 'X-Partner-Key: '"$PARTNER_KEY"`},
		{name: "redacted in the record", request: request("GET", "/a", "", "X-D", record.Redacted, "X-E", "e"), want: `curl -sS -i http://t/a -H 'X-D: '"$D" -H 'X-E: e'`},
		{name: "a body", request: request("POST", "/a", "{\n\"a\": \"$x `y` \\\\ it's\"}", "Content-Type", "application/json"), want: "curl -sS -i -X POST http://t/a -H 'Content-Type: application/json' --data-raw '{\n\"a\": \"$x `y` \\\\ it'\\''s\"}'"},
		{name: "bytes", request: request("POST", "/a", "\xff\x00%'", "Content-Type", "x"), want: `printf '\377\000\045\047' | curl -sS -i -X POST http://t/a -H 'Content-Type: x' --data-binary @-`},
		{name: "too long for a command line", request: request("POST", "/a", "{}"+strings.Repeat(" ", 1<<20), "Content-Type", "x"), want: "# body is a file of 1048578 bytes, which begins with: {}" + strings.Repeat(" ", 118) + "… (1048578 bytes)\n" +
			"curl -sS -i -X POST http://t/a -H 'Content-Type: x' --data-binary @body"},
		{name: "recorded in part", request: &record.Request{Method: "POST", Target: "/a", Header: http.Header{"Content-Type": {"x"}}, Body: []byte("{}"), Length: 3 << 20}, want: "# body is a file of 3145728 bytes, of which only the beginning is recorded: {}\n" +
			"curl -sS -i -X POST http://t/a -H 'Content-Type: x' --data-binary @body"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Curl("http://t", test.flags, test.request, secrets)); diff != "" {
				t.Errorf("command (-want +got):\n%s", diff)
			}
		})
	}
}
