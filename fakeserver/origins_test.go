package fakeserver_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/lpgate/fakeserver"
)

// Pages of named origins may call the server; the control API takes no other.
func TestOrigins(t *testing.T) {
	const named = "http://localhost:3000"
	for _, test := range []struct {
		name            string
		cors            bool
		method, url     string
		header          string // "Name: value" between semicolons
		status          int
		allowed, expose string // of the answer's headers
	}{
		{"no CORS without the option", false, "OPTIONS", "http://fake/partner-liquidity-providers", "Origin: " + named + ";Access-Control-Request-Method: POST", 405, "", ""},
		{"a preflight of a named origin", true, "OPTIONS", "http://fake/partner-liquidity-providers", "Origin: " + named + ";Access-Control-Request-Method: POST", 204, named, ""},
		{"a preflight of another", true, "OPTIONS", "http://fake/partner-liquidity-providers", "Origin: http://evil.example;Access-Control-Request-Method: POST", 204, "", ""},
		{"OPTIONS that is no preflight", true, "OPTIONS", "http://fake/partner-liquidity-providers", "", 405, "", ""},
		{"a request of a named origin", true, "GET", "http://fake/healthz", "Origin: " + named, 200, named, "X-Correlation-Id, Idempotent-Replayed, X-Fake-Request-Id"},
		{"a request of another", true, "GET", "http://fake/healthz", "Origin: http://evil.example", 200, "", ""},

		{"control: no page", false, "GET", "http://fake/_fake", "", 200, "", ""},
		{"control: the address bar", false, "GET", "http://fake/_fake", "Sec-Fetch-Site: none", 200, "", ""},
		{"control: a named origin", true, "GET", "http://fake/_fake", "Origin: " + named, 200, named, "X-Correlation-Id, Idempotent-Replayed, X-Fake-Request-Id"},
		{"control: another origin", true, "GET", "http://fake/_fake", "Origin: http://evil.example", 403, "", ""},
		{"control: another origin without the option", false, "POST", "http://localhost:8109/_fake/worlds/default/reset", "Origin: " + named, 403, "", ""},
		{"control: an origin that is hidden", false, "POST", "http://localhost/_fake/worlds/default/reset", "Origin: null", 403, "", ""},
		{"control: an image on another page", false, "GET", "http://localhost/_fake/worlds/x", "Sec-Fetch-Site: cross-site", 403, "", ""},
		{"control: a page of another port", false, "GET", "http://localhost/_fake/worlds/x", "Sec-Fetch-Site: same-site", 403, "", ""},
		{"control: the server's own page", false, "POST", "http://localhost:8109/_fake/worlds/default/reset", "Origin: http://localhost:8109;Sec-Fetch-Site: same-origin", 200, "", ""},
		{"control: the server's own page reads", false, "GET", "http://127.0.0.1:8109/_fake", "Sec-Fetch-Site: same-origin", 200, "", ""},
		{"control: a name that was pointed here", false, "POST", "http://evil.example:8109/_fake/worlds/default/reset", "Origin: http://evil.example:8109;Sec-Fetch-Site: same-origin", 403, "", ""},
		{"control: a name that was pointed here reads", false, "GET", "http://evil.example:8109/_fake", "Sec-Fetch-Site: same-origin", 403, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var o fakeserver.Options
			if test.cors {
				o.CORSOrigins = []string{named}
			}
			s, err := fakeserver.New(o)
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(test.method, test.url, http.NoBody)
			for line := range strings.SplitSeq(test.header, ";") {
				if name, value, ok := strings.Cut(line, ": "); ok {
					r.Header.Set(name, value)
				}
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			allowed, expose := w.Header().Get("Access-Control-Allow-Origin"), w.Header().Get("Access-Control-Expose-Headers")
			if w.Code != test.status || allowed != test.allowed || expose != test.expose {
				t.Errorf("got %d, %q, %q, want %d, %q, %q\n%s", w.Code, allowed, expose, test.status, test.allowed, test.expose, w.Body)
			}
		})
	}
	for _, odd := range []string{"*", "localhost:3000", "http://localhost:3000/", "http://*.example", "ftp://x", "http://Example.com", "null", ""} {
		if _, err := fakeserver.New(fakeserver.Options{CORSOrigins: []string{odd}}); err == nil {
			t.Errorf("the origin %q was taken", odd)
		}
	}
}

// Over loopback the control API and the documents are to be had under its names alone,
// unless there is a token.
func TestHosts(t *testing.T) {
	for _, test := range []struct {
		name, host, path string
		change           func(*fakeserver.Options)
		status           int
	}{
		{"the address", "", "/_fake/worlds", nil, 200},
		{"localhost", "localhost:8109", "/_fake/worlds", nil, 200},
		{"localhost in capitals", "LOCALHOST", "/_fake/worlds", nil, 200},
		{"IPv6", "[::1]:8109", "/_fake/worlds", nil, 200},
		{"a foreign name", "evil.example:8109", "/_fake/worlds", nil, 403},
		{"a name that begins well", "localhost.evil.example", "/_fake/worlds", nil, 403},
		{"another address", "192.0.2.1", "/_fake/worlds", nil, 403},
		{"a foreign name, the documents", "evil.example:8109", "/_fake/openapi.json", nil, 403},
		{"a foreign name, the page", "evil.example:8109", "/docs", nil, 403},
		{"a foreign name, the contract", "evil.example:8109", "/healthz", nil, 200},
		{"a foreign name, no control API to guard", "evil.example:8109", "/openapi.json", func(o *fakeserver.Options) { o.NoControl = true }, 200},
		{"a foreign name, the token is asked for", "evil.example:8109", "/_fake/worlds", func(o *fakeserver.Options) { o.ControlToken = "sesame" }, 401},
		{"a named origin", "dev.example:3000", "/_fake/worlds", func(o *fakeserver.Options) { o.CORSOrigins = []string{"https://dev.example:3000"} }, 200},
		{"another port than the named origin's", "dev.example:3001", "/_fake/worlds", func(o *fakeserver.Options) { o.CORSOrigins = []string{"https://dev.example:3000"} }, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := fakeserver.Start(t, func(o *fakeserver.Options) {
				if test.change != nil {
					test.change(o)
				}
			})
			r, err := http.NewRequest("GET", fake.URL+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = test.host
			answer, body := answered(t, fake, r)
			if answer.StatusCode != test.status {
				t.Errorf("got %s %s, want %d", answer.Status, body, test.status)
			}
			if test.status == 403 && (answer.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, "--cors-origin http://"+test.host)) {
				t.Errorf("the refusal does not say what to do: %v %s", answer.Header, body)
			}
		})
	}
}
