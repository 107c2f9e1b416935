package fakeserver_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/client"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/testclient"
)

// Pages of named origins may call the server; the admin API takes no other.
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
		{"no CORS without the option", false, "OPTIONS", "http://localhost/partner-liquidity-providers", "Origin: http://localhost;Access-Control-Request-Method: POST", 405, "", ""},
		{"no page of another origin without the option", false, "OPTIONS", "http://fake/partner-liquidity-providers", "Origin: " + named + ";Access-Control-Request-Method: POST", 403, "", ""},
		{"a preflight of a named origin", true, "OPTIONS", "http://fake/partner-liquidity-providers", "Origin: " + named + ";Access-Control-Request-Method: POST", 204, named, ""},
		{"a preflight of another", true, "OPTIONS", "http://fake/partner-liquidity-providers", "Origin: http://evil.example;Access-Control-Request-Method: POST", 403, "", ""},
		{"OPTIONS that is no preflight", true, "OPTIONS", "http://fake/partner-liquidity-providers", "", 405, "", ""},
		{"a request of a named origin", true, "GET", "http://fake/healthz", "Origin: " + named, 200, named, "X-Correlation-Id, Idempotent-Replayed, X-Fake-Request-Id"},
		{"a request of another", true, "GET", "http://fake/healthz", "Origin: http://evil.example", 403, "", ""},
		{"an allowed origin, whatever the Host", true, "GET", "http://fake.example/healthz", "Origin: " + named + ";Sec-Fetch-Site: cross-site", 200, named, "X-Correlation-Id, Idempotent-Replayed, X-Fake-Request-Id"},
		{"a page behind a proxy of an allowed origin", true, "GET", named + "/healthz", "Sec-Fetch-Site: same-origin", 200, "", ""},
		{"a link in a page of another port", false, "GET", "http://localhost:8109/worlds/w/healthz", "Sec-Fetch-Site: same-site;Sec-Fetch-Mode: navigate;Sec-Fetch-Dest: document", 200, "", ""},
		{"a link in another page", false, "GET", "http://localhost:8109/worlds/w/healthz", "Sec-Fetch-Site: cross-site;Sec-Fetch-Mode: navigate;Sec-Fetch-Dest: document", 403, "", ""},
		{"a link in another page to the documents", false, "GET", "http://localhost:8109/docs", "Sec-Fetch-Site: cross-site;Sec-Fetch-Mode: navigate;Sec-Fetch-Dest: document", 200, "", ""},
		{"a frame of another page with the documents", false, "GET", "http://localhost:8109/docs", "Sec-Fetch-Site: cross-site;Sec-Fetch-Mode: navigate;Sec-Fetch-Dest: iframe", 403, "", ""},
		{"a form of a page of another port", false, "POST", "http://localhost:8109/worlds/w/partner-liquidity-providers", "Sec-Fetch-Site: same-site;Sec-Fetch-Mode: navigate;Sec-Fetch-Dest: document;Origin: http://localhost:3001", 403, "", ""},
		{"the page of the documents tries a GET", false, "GET", "http://localhost:8109/healthz", "Sec-Fetch-Site: same-origin", 200, "", ""},
		{"the page of the documents tries a POST", false, "POST", "http://[::1]:8109/partner-liquidity-providers", "Sec-Fetch-Site: same-origin;Origin: http://[::1]:8109", 401, "", ""},
		{"the same over HTTPS", false, "POST", "http://127.0.0.2:8109/partner-liquidity-providers", "Sec-Fetch-Site: same-origin;Origin: https://127.0.0.2:8109", 401, "", ""},

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

// Over loopback the server answers under the names of loopback alone, unless there is a
// token.
func TestHosts(t *testing.T) {
	named := func(o *fakeserver.Options) { o.CORSOrigins = []string{"https://dev.example:3000"} }
	for _, test := range []struct {
		name, host, path string
		change           func(*fakeserver.Options)
		status           int
	}{
		{"the address", "", "/_fake/worlds", nil, 200},
		{"localhost", "localhost:8109", "/healthz", nil, 200},
		{"localhost in capitals", "LOCALHOST", "/_fake/worlds", nil, 200},
		{"IPv6", "[::1]:8109", "/healthz", nil, 200},
		{"IPv6 without a port", "[::1]", "/metrics", nil, 200},
		{"another address of loopback", "127.1.2.3:8109", "/healthz", nil, 200},
		{"a foreign name", "evil.example:8109", "/_fake/worlds", nil, 403},
		{"a name that begins well", "localhost.evil.example", "/healthz", nil, 403},
		{"another address", "192.0.2.1", "/healthz", nil, 403},
		{"the address that means this machine to some browsers", "0.0.0.0:8109", "/healthz", nil, 403},
		{"a foreign name, the token is asked for", "evil.example:8109", "/_fake/worlds", func(o *fakeserver.Options) { o.AdminToken = "sesame" }, 401},
		{"a foreign name, there is a token", "evil.example:8109", "/healthz", func(o *fakeserver.Options) { o.AdminToken = "sesame" }, 200},
		{"an allowed origin", "dev.example:3000", "/_fake/worlds", named, 200},
		{"an allowed origin, in capitals", "DEV.example:3000", "/healthz", named, 200},
		{"another port than the allowed origin's", "dev.example:3001", "/healthz", named, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := fakeservertest.Start(t, func(o *fakeserver.Options) {
				if test.change != nil {
					test.change(o)
				}
			})
			r, err := http.NewRequest("GET", fake.URL+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = test.host
			answer, body := testclient.Send(t, fake, r)
			if answer.StatusCode != test.status {
				t.Errorf("got %s %s, want %d", answer.Status, body, test.status)
			}
			if test.status == 403 && !strings.Contains(body, "--cors-origin http://"+test.host) {
				t.Errorf("the refusal does not name the setting: %s", body)
			}
		})
	}
}

// A page of another origin reaches nothing of a server on loopback, by whatever request:
// the answer is 403 in the form of the path, and nothing is left of the request.
func TestRequestsOfOtherOrigins(t *testing.T) {
	const none = `,"details":{}}}`
	requests := []struct{ name, method, host, header, hint string }{
		{"fetch", "GET", "", "Origin: http://evil.example;Sec-Fetch-Site: cross-site", "--cors-origin http://evil.example"},
		{"a form", "POST", "", "Origin: http://evil.example", "--cors-origin http://evil.example"},
		{"a preflight", "OPTIONS", "", "Origin: http://evil.example;Access-Control-Request-Method: POST", "--cors-origin http://evil.example"},
		{"a file", "GET", "", "Origin: null", "--cors-origin ORIGIN"},
		{"a text that is no origin", "GET", "", "Origin: http://caf\xe9", "--cors-origin "},
		{"an image", "GET", "", "Sec-Fetch-Site: cross-site;Sec-Fetch-Mode: no-cors;Sec-Fetch-Dest: image", "--cors-origin ORIGIN"},
		{"an image of another port's page", "GET", "", "Sec-Fetch-Site: same-site;Sec-Fetch-Mode: no-cors;Sec-Fetch-Dest: image", "--cors-origin ORIGIN"},
		{"a frame", "GET", "", "Sec-Fetch-Site: cross-site;Sec-Fetch-Mode: navigate;Sec-Fetch-Dest: iframe", "--cors-origin ORIGIN"},
		{"a name that was pointed here", "GET", "evil.example:8109", "Sec-Fetch-Site: same-origin", "--cors-origin http://evil.example:8109"},
		{"a name that was pointed here, writing", "POST", "evil.example", "Origin: http://evil.example;Sec-Fetch-Site: same-origin", "--cors-origin http://evil.example"},
		{"a name that was pointed here, without a page", "DELETE", "evil.example", "", "--cors-origin http://evil.example"},
	}
	for _, server := range []struct {
		name   string
		change func(*fakeserver.Options)
		paths  map[string]string // to the correlation id; "" is a problem
	}{
		{"the default", nil, map[string]string{
			"/healthz": "healthz", "/partner-liquidity-providers/p/status": "", "/nowhere": "unrouted", "/worlds/w/healthz": "healthz",
			"/worlds/w/keys/policy-integrity-signing": "keys_policy_integrity_signing_get", "/worlds/odd.name/healthz": "healthz", "/worlds/": "unrouted",
			"/_fake": "-", "/_fake/worlds/w/reset": "-", "/_fake/nowhere": "-", "/metrics": "-", "/docs": "-", "/docs/index.css": "-", "/openapi.json": "-", "/_fake/openapi.json": "-",
		}},
		{"an allowed origin", func(o *fakeserver.Options) { o.CORSOrigins = []string{"http://localhost:3000"} }, map[string]string{"/healthz": "healthz", "/_fake/worlds": "-"}},
		{"no admin API", func(o *fakeserver.Options) { o.NoAdminAPI = true }, map[string]string{"/healthz": "healthz", "/_fake/worlds": "unrouted", "/openapi.json": "-", "/metrics": "-"}},
		{"the contract only", func(o *fakeserver.Options) { o.ContractOnly = true }, map[string]string{"/healthz": "healthz", "/worlds/w/healthz": "unrouted", "/metrics": "unrouted", "/docs": "unrouted"}},
		{"key mode", func(o *fakeserver.Options) {
			o.PartnerKeys = []fakeserver.PartnerKey{{Key: "k", PartnerID: "p", Scopes: []string{"settlement:read"}}}
		}, map[string]string{"/healthz": "healthz"}},
	} {
		t.Run(server.name, func(t *testing.T) {
			var log testclient.LockedBuffer
			fake := fakeservertest.Start(t, func(o *fakeserver.Options) {
				o.Log = slog.New(slog.NewTextHandler(&log, nil))
				o.OnRules = func(r *http.Request, _ []fakeserver.Reached) { t.Errorf("a world got %s %s", r.Method, r.URL) }
				if server.change != nil {
					server.change(o)
				}
			})
			control := server.name == "the default"
			if control {
				if _, err := fake.Admin.World("default").AddFault(t.Context(), client.Fault{Answer: &client.FaultAnswer{Status: 503}}); err != nil {
					t.Fatal(err)
				}
			}
			refused := 0
			for path, correlation := range server.paths {
				for _, request := range requests {
					r, err := http.NewRequest(request.method, fake.URL+path, nil)
					if err != nil {
						t.Fatal(err)
					}
					r.Host = request.host
					for line := range strings.SplitSeq(request.header, ";") {
						if name, value, ok := strings.Cut(line, ": "); ok {
							r.Header.Set(name, value)
						}
					}
					answer, body := testclient.Send(t, fake, r)
					refused++
					form := answer.Header.Get("Content-Type") == "application/problem+json" && strings.HasPrefix(body, `{"title":"Forbidden","status":403,`)
					if correlation != "-" {
						id := answer.Header.Get("X-Correlation-Id")
						form = answer.Header.Get("Content-Type") == "application/json; charset=utf-8" && strings.HasPrefix(body, `{"correlation_id":"`+id+`","error":{"code":"FORBIDDEN","message":"`) &&
							strings.HasSuffix(body, none) && (request.method != "GET" || correlation == "" || id == "corr_"+correlation)
					}
					if answer.StatusCode != 403 || !form || !strings.Contains(body, request.hint) || answer.Header.Get("Access-Control-Allow-Origin") != "" {
						t.Errorf("%s, %s %s: got %s %v %s", request.name, request.method, path, answer.Status, answer.Header, body)
					}
				}
			}
			logged := log.Take()
			if got := strings.Count(logged, "refused=true"); got != refused || !strings.Contains(logged, "--cors-origin http://evil.example") {
				t.Errorf("the log has %d of %d refusals:\n%s", got, refused, logged)
			}
			if !control {
				return
			}
			for path, want := range map[string]string{
				"/_fake/worlds":                 `[{"name":"default","requests":0,`,
				"/_fake/worlds/default/journal": `"total":0`,
				"/_fake/worlds/default/faults":  `"times_left":1,"matched":0`,
			} {
				r, err := http.NewRequest("GET", fake.URL+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				if _, body := testclient.Send(t, fake, r); !strings.Contains(body, want) || strings.Count(body, `"name":`) > 1 {
					t.Errorf("%s after the refusals: %s", path, body)
				}
			}
		})
	}
}

// With a token, or beyond loopback, requests of any page are answered, and the log names
// the setting without which the page cannot read the answer.
func TestRequestsOfOtherOriginsAreLogged(t *testing.T) {
	for _, test := range []struct {
		name, addr string
		change     func(*fakeserver.Options)
	}{
		{"a token", "127.0.0.1:0", func(o *fakeserver.Options) { o.AdminToken = "sesame" }},
		{"beyond loopback", ":0", func(o *fakeserver.Options) { o.NoAdminAPI = true }},
		{"beyond loopback, with CORS", "0.0.0.0:0", func(o *fakeserver.Options) { o.CORSOrigins = []string{"http://localhost:3000"} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log testclient.LockedBuffer
			o := fakeserver.Options{Log: slog.New(slog.NewTextHandler(&log, nil))}
			test.change(&o)
			s, err := fakeserver.New(o)
			if err != nil {
				t.Fatal(err)
			}
			l, err := net.Listen("tcp", test.addr)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- s.Serve(ctx, l, 30*time.Second) }()
			_, port, err := net.SplitHostPort(l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			for _, request := range []struct{ host, origin, site, logged string }{
				{"", "", "", ""},
				{"fake.example", "", "", ""},
				{"fake.example", "https://fake.example", "", ""},
				{"0.0.0.0:8109", "", "", ""},
				{"", "", "cross-site", ""},
				{"", "https://shop.example", "same-origin", ""}, // through a proxy
				{"", "http://evil.example", "cross-site", "--cors-origin http://evil.example "},
				{"evil.example", "null", "", "--cors-origin ORIGIN "},
			} {
				log.Take()
				r, err := http.NewRequest("GET", "http://127.0.0.1:"+port+"/healthz", nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Host = request.host
				for name, value := range map[string]string{"Origin": request.origin, "Sec-Fetch-Site": request.site} {
					if value != "" {
						r.Header.Set(name, value)
					}
				}
				answer, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
				logged := log.Take()
				warned := strings.Contains(logged, "level=WARN") && strings.Contains(logged, "refused=false")
				if answer.StatusCode != 200 || warned != (request.logged != "") || !strings.Contains(logged, request.logged) {
					t.Errorf("%+v: got %s and the log %q", request, answer.Status, logged)
				}
			}
			http.DefaultClient.CloseIdleConnections()
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}
