package service

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"example.com/lpgate/runner/internal/record"
)

// write writes a file into a folder of the test's own, and gives its name.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// options reads a command line.
func options(t *testing.T, args ...string) *Options {
	t.Helper()
	o := new(Options)
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.AddFlags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOptionsThatCannotBe(t *testing.T) {
	t.Setenv("CANARY", "secret-of-the-environment")
	const url = "http://127.0.0.1:1"
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no URL", []string{"--target", "bell:canary"}, "--target is no URL such as http://127.0.0.1:8109 or https://host/base"},
		{"a URL that cannot be read", []string{"--target", "http://a:canary %@b"}, "--target is no URL such as https://host/base"},
		{"a password", []string{"--target", "http://a:canary@b"}, "--target has a user or a password in it: send them with --header 'Authorization: Basic ${NAME}'"},
		{"a query", []string{"--target", url + "?canary"}, "--target has a query or a fragment, and is only what comes before a path"},
		{"no target", []string{"--rate", "3"}, "--rate is about a target, and there is no --target"},
		{"no header", []string{"--target", url, "--header", "canary"}, "--header: write 'Name: value'"},
		{"a header of HTTP", []string{"--target", url, "--header", "content-type: canary"}, "--header Content-Type: scenarios, or HTTP itself, set this header"},
		{"a partner key as a header", []string{"--target", url, "--header", "X-Partner-Key: canary"}, "--header X-Partner-Key: scenarios choose the key themselves, out of --partner-keys FILE"},
		{"a header without a value", []string{"--target", url, "--header", "X-Api-Key: "}, "--header X-Api-Key: it has no value"},
		{"a header of two lines", []string{"--target", url, "--header", "X-Api-Key: canary\r\nX: y"}, "--header X-Api-Key: its value has a character that no header can carry"},
		{"a variable that is not set", []string{"--target", url, "--header", "X-Api-Key: ${NOT_SET_AT_ALL}"}, "--header X-Api-Key: the environment has no NOT_SET_AT_ALL"},
		{"no variable", []string{"--target", url, "--header", "X-Api-Key: ${}"}, "--header X-Api-Key: ${…} must hold the name of a variable of the environment"},
		{"less than nothing", []string{"--target", url, "--retries", "-1"}, "--retries: -1 is less than nothing"},
		{"has and lacks", []string{"--target", url, "--has", "test-clock", "--lacks", "test-clock"}, "--has test-clock: it is said to lack it too"},
		{"both modes", []string{"--target", url, "--has", "key-identity"}, "--has key-identity: no server has header-identity as well, so say --lacks header-identity"},
		{"keys in header mode", []string{"--target", url, "--partner-keys", "x"}, "--partner-keys is for a target in key mode, so say --lacks header-identity"},
		{"keys of one partner", []string{"--target", url, "--lacks", "header-identity", "--partner-keys", "KEYS"}, "--partner-keys KEYS: scenarios act with two partners, and there are no two in it with a key for settlement:read and settlement:write"},
		{"keys in the place of their file", []string{"--target", url, "--lacks", "header-identity", "--partner-keys", "canary/+x"},
			"--partner-keys: no such file or directory: write the name of a file (what was written is not shown: it may be the secret itself)"},
		{"a private key in the place of its file", []string{"--target", "https://lp.example", "--cert", "KEYS", "--key", "canary"},
			"--key: no such file or directory: write the name of a file (what was written is not shown: it may be the secret itself)"},
		{"TLS without it", []string{"--target", url, "--insecure"}, "--insecure is for TLS, and the target is no https:// URL"},
		{"no CA", []string{"--target", "https://x", "--cacert", "KEYS"}, "--cacert KEYS: there is no certificate in PEM in it"},
		{"a key alone", []string{"--target", "https://x", "--key", "KEYS"}, "--key goes with --cert"},
		{"no file", []string{"--target-file", "no/such.yaml"}, "--target-file: open no/such.yaml: no such file or directory"},
	}
	keys := write(t, "keys.json", `{"keys":[{"label":"a","key":"canary-key","partner_id":"p","scopes":["settlement:read","settlement:write"]}]}`)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for i := range test.args {
				test.args[i] = strings.ReplaceAll(test.args[i], "KEYS", keys)
			}
			_, err := options(t, test.args...).Open(new(record.Secrets))
			if err == nil {
				t.Fatal("nobody minds")
			}
			if got := strings.ReplaceAll(err.Error(), keys, "KEYS"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("it quotes what may be a secret: %v", err)
			}
		})
	}
}

func TestTargetFilesThatCannotBe(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "FILE:1: the file is empty"},
		{"no YAML", "url: http://x\nheaders: {a: canary", "FILE:1: not YAML, here or below"},
		{"no mapping", "- canary", "FILE:1: a target must be a mapping of keys"},
		{"another key", "url: http://x\nhaeders:\n  A: canary\n", `FILE:2: unknown key "haeders" (did you mean "headers"?)`},
		{"a key that is like none", "url: http://x\ncanary: y\n", "FILE:2: unknown key"},
		{"another key inside", "tls:\n  ca_cert: x\n", `FILE:2: unknown key "ca_cert" (did you mean "cacert"?)`},
		{"twice", "url: http://x\nurl: http://y\n", `FILE:2: the key "url" stands twice`},
		{"two documents", "url: http://x\n---\nurl: http://y\n", "FILE:2: one file is one target, and there is more"},
		{"no number", "url: http://x\nrate: fast\n", "FILE:2: rate must be a number"},
		{"no duration", "url: http://x\ntimeouts:\n  request: 30\n", "FILE:3: request must be a duration such as 30s"},
		{"no list", "url: http://x\nhas: key-identity\n", "FILE:2: has must be a list of capabilities"},
		{"no headers", "url: http://x\nheaders: [canary]\n", "FILE:2: headers must be a mapping of names to values"},
		{"no text", "url: http://x\nheaders:\n  A: [canary]\n", "FILE:3: the value of a header must be a text"},
		{"two mistakes", "hass: [x]\nrate: fast\n", "FILE:1: unknown key \"hass\" (did you mean \"has\"?)\nFILE:2: rate must be a number"},
		{"no url", "rate: 3\n", "FILE:1 is about a target, and there is no --target"},
		{"a header that may not be", "url: http://x\nheaders:\n  Host: canary\n", "FILE:3 Host: scenarios, or HTTP itself, set this header"},
		{"a variable that is not set", "url: http://x\nheaders:\n  A: ${NOT_SET_AT_ALL}\n", "FILE:3 A: the environment has no NOT_SET_AT_ALL"},
		{"a URL that cannot be", "url: canary\n", "FILE:1 is no URL such as http://127.0.0.1:8109 or https://host/base"},
		{"has and lacks", "url: http://x\nhas: [rope]\nlacks: [rope]\n", "FILE:2 rope: it is said to lack it too"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := write(t, "target.yaml", test.text)
			_, err := options(t, "--target-file", file).Open(new(record.Secrets))
			if err == nil {
				t.Fatal("nobody minds")
			}
			if got := strings.ReplaceAll(err.Error(), file, "FILE"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("it quotes what may be a secret: %v", err)
			}
		})
	}
}

// A flag comes before the file; has, lacks and headers add up, and a header of both is the flag's.
func TestFlagsComeBeforeTheFile(t *testing.T) {
	t.Setenv("TOKEN", "token-of-the-environment")
	file := write(t, "target.yaml", `
url: https://lp.example/base/
has: [rope]
headers:
  X-Api-Key: of the file
  Authorization: Bearer ${TOKEN}
timeouts: {connect: 2s, request: 3s, scenario: 4s}
retries: 5
rate: 6
seed: nightly
tls: {insecure: true}
`)
	o := options(t, "--target-file", file, "--retries", "0", "--max-time", "9s", "--header", "x-api-key: of the flag", "--has", "bell")
	var secrets record.Secrets
	s, err := o.Open(&secrets)
	if err != nil {
		t.Fatal(err)
	}
	if s.URL != "https://lp.example/base" || s.Prefix() != "/base" || s.Seed != "nightly" {
		t.Errorf("URL %q, prefix %q, seed %q", s.URL, s.Prefix(), s.Seed)
	}
	if s.connectTimeout != 2*time.Second || s.maxTime != 9*time.Second || s.ScenarioTimeout != 4*time.Second || s.retries != 0 || s.budget.Limit() != 6 {
		t.Errorf("connect %v, request %v, scenario %v, retries %d, rate %v", s.connectTimeout, s.maxTime, s.ScenarioTimeout, s.retries, s.budget.Limit())
	}
	if diff := cmp.Diff(http.Header{"X-Api-Key": {"of the flag"}, "Authorization": {"Bearer token-of-the-environment"}}, s.headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Claim{{"bell", "--has"}, {"rope", file + ":3"}}, s.Has); diff != "" {
		t.Errorf("has (-want +got):\n%s", diff)
	}
	if !s.tls.InsecureSkipVerify {
		t.Error("insecure is not read")
	}
	for _, secret := range []string{"token-of-the-environment", "Bearer token-of-the-environment", "of the flag"} {
		if !secrets.In("x" + secret + "y") {
			t.Errorf("%q is no secret", secret)
		}
	}
	if !secrets.Hides("X-Api-Key") || secrets.Hides("X-Other") {
		t.Error("the wrong headers are hidden")
	}
	if _, err := o.Open(&secrets); err != nil || len(o.Has) != 2 {
		t.Errorf("opened again: %v, has %v", err, o.Has)
	}
}

func TestEachRunAgainstAServiceHasASeedOfItsOwn(t *testing.T) {
	open := func(args ...string) string {
		s, err := options(t, args...).Open(new(record.Secrets))
		if err != nil {
			t.Fatal(err)
		}
		return s.Seed
	}
	if one, other := open("--target", "http://x"), open("--target", "http://x"); one == other || len(one) != 16 {
		t.Errorf("seeds %q and %q", one, other)
	}
	if got := open("--target", "http://x", "--seed", "mine"); got != "mine" {
		t.Errorf("got %q, want mine", got)
	}
	if got := open(); got != DefaultSeed {
		t.Errorf("the built-in one: got %q, want %q", got, DefaultSeed)
	}
}

// way opens the way to a URL.
func way(t *testing.T, args ...string) *Transport {
	t.Helper()
	s, err := options(t, args...).Open(new(record.Secrets))
	if err != nil {
		t.Fatal(err)
	}
	w := s.Transport()
	t.Cleanup(w.Close)
	return w
}

// pem writes certificates down.
func pemOf(t *testing.T, certificate *x509.Certificate) string {
	t.Helper()
	return write(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})))
}

// What curl needs to reach the target is what was said, with the names of files as they were given.
func TestFlagsOfCurl(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	ca := pemOf(t, server.Certificate())
	for _, test := range []struct{ args, want []string }{
		{nil, nil},
		{[]string{"--cacert", ca}, []string{"--cacert", ca}},
		{[]string{"--insecure"}, []string{"--insecure"}},
	} {
		s, err := options(t, append(test.args, "--target", server.URL)...).Open(new(record.Secrets))
		if err != nil || !slices.Equal(s.Curl, test.want) {
			t.Errorf("%v: %v, %v", test.args, s.Curl, err)
		}
	}
}

func TestProbeSaysWhy(t *testing.T) {
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	answer := func(status int, format, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", format)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	plain := func(handler http.HandlerFunc) string {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return server.URL
	}
	secure := httptest.NewUnstartedServer(ok)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	defer secure.Close()
	mutual := httptest.NewUnstartedServer(ok)
	mutual.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	mutual.Config.ErrorLog = nil
	mutual.StartTLS()
	defer mutual.Close()
	ca := pemOf(t, secure.Certificate())
	tests := []struct {
		name string
		args []string
		want string // nothing when it answers
	}{
		{"nobody there", []string{"--target", "http://127.0.0.1:1"}, "connection refused: nobody listens there"},
		{"an answer", []string{"--target", plain(ok)}, ""},
		{"any answer", []string{"--target", plain(answer(404, "text/html", "no"))}, ""},
		{"a service that says so itself", []string{"--target", plain(answer(503, "application/problem+json; charset=utf-8", "{}"))}, ""},
		{"502 of a gateway", []string{"--target", plain(answer(502, "text/html", "oh"))}, "a gateway answered 502 Bad Gateway, in another format than JSON, and not the service"},
		{"503 of a gateway", []string{"--target", plain(answer(503, "", ""))}, "a gateway answered 503 Service Unavailable, in another format than JSON, and not the service"},
		{"504 of a gateway", []string{"--target", plain(answer(504, "text/plain", "oh"))}, "a gateway answered 504 Gateway Timeout, in another format than JSON, and not the service"},
		{"another 5xx is the service's", []string{"--target", plain(answer(500, "text/html", "oh"))}, ""},
		{"slow", []string{"--target", plain(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), "--max-time", "20ms"}, "no answer in time: one request may take 20ms (--max-time)"},
		{"unknown authority", []string{"--target", secure.URL}, "TLS: the certificate is by an authority that is not known (--cacert FILE makes it known)"},
		{"known authority", []string{"--target", secure.URL, "--cacert", ca}, ""},
		{"insecure", []string{"--target", secure.URL, "--insecure"}, ""},
		{"another name", []string{"--target", secure.URL, "--cacert", ca, "--server-name", "other.example.net"}, "TLS: the certificate is for another name (--server-name HOST says which to expect)"},
		{"its name", []string{"--target", secure.URL, "--cacert", ca, "--server-name", "example.com"}, ""},
		{"no TLS there", []string{"--target", strings.Replace(plain(ok), "http:", "https:", 1)}, "TLS: what answers there does not speak TLS (is it http://?)"},
		{"no client certificate", []string{"--target", mutual.URL, "--insecure"}, "TLS: the target ended the handshake: certificate required (--cert FILE and --key FILE say who asks, if it wants to know)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if err := way(t, test.args...).Probe(t.Context()); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestHTTP2OverTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	w := way(t, "--target", server.URL, "--cacert", pemOf(t, server.Certificate()))
	response, err := w.Client(w).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "HTTP/2.0" {
		t.Errorf("got %q and %v", body, err)
	}
}

// A client certificate is shown to whom asks for it, redirects are not followed, cookies not kept, and headers sent.
func TestClient(t *testing.T) {
	var seen []string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.Path+" "+r.Header.Get("X-Api-Key")+r.Header.Get("Cookie"))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	server.Start()
	defer server.Close()
	w := way(t, "--target", server.URL, "--header", "x-api-key: k")
	for range 2 {
		response, err := w.Client(w).Get(server.URL + "/here")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	if diff := cmp.Diff([]string{"/here k", "/here k"}, seen); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// Connecting is tried again so often and no more, with longer and longer pauses.
func TestOnlyConnectingIsTriedAgain(t *testing.T) {
	tests := []struct {
		name    string
		refuse  int
		retries string
		works   bool
		pauses  []time.Duration
	}{
		{"never refused", 0, "3", true, nil},
		{"refused twice", 2, "3", true, []time.Duration{100 * time.Millisecond, 200 * time.Millisecond}},
		{"refused too often", 9, "2", false, []time.Duration{100 * time.Millisecond, 200 * time.Millisecond}},
		{"no retries", 1, "0", false, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var arrived atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
			defer server.Close()
			w := way(t, "--target", server.URL, "--retries", test.retries)
			var pauses []time.Duration
			w.service.pause = func(_ context.Context, d time.Duration) error {
				pauses = append(pauses, d)
				return nil
			}
			refusals := test.refuse
			w.service.connect = func(ctx context.Context, network, address string) (net.Conn, error) {
				if refusals > 0 {
					refusals--
					return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
				}
				return new(net.Dialer).DialContext(ctx, network, address)
			}
			response, err := w.Client(w).Get(server.URL)
			if err == nil {
				response.Body.Close()
			}
			if works := err == nil; works != test.works {
				t.Errorf("works: %v (%v), want %v", works, err, test.works)
			}
			if diff := cmp.Diff(test.pauses, pauses); diff != "" {
				t.Errorf("pauses (-want +got):\n%s", diff)
			}
		})
	}
	if got := backoff(40); got != 2*time.Second {
		t.Errorf("the longest pause is %v", got)
	}
}

// A request that arrived is not sent again, whatever its method, when the connection ends under it.
func TestNoRequestIsSentTwice(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			var arrived atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if arrived.Add(1) > 1 {
					panic(http.ErrAbortHandler)
				}
			}))
			defer server.Close()
			w := way(t, "--target", server.URL, "--retries", "5")
			send := func() error {
				r, err := http.NewRequestWithContext(t.Context(), method, server.URL, nil)
				if err != nil {
					return err
				}
				r.Header.Set("Idempotency-Key", "k")
				response, err := w.Client(w).Do(r)
				if err != nil {
					return err
				}
				_, err = io.Copy(io.Discard, response.Body)
				return errors.Join(err, response.Body.Close())
			}
			if err := send(); err != nil {
				t.Fatal(err)
			}
			if err := send(); err == nil {
				t.Error("there was an answer")
			}
			if got := arrived.Load(); got != 2 {
				t.Errorf("%d requests arrived, want 2", got)
			}
		})
	}
}

// The time for the budget is not the time of the request.
func TestBudget(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	w := way(t, "--target", server.URL, "--rate", "20", "--max-time", "40ms")
	begun := time.Now()
	for range 4 {
		response, err := w.Client(w).Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	if took := time.Since(begun); took < 140*time.Millisecond {
		t.Errorf("4 requests at 20 per second took %v", took)
	}
	if got := w.service.ScenarioTimeout; got != DefaultTimeout+12500*time.Millisecond {
		t.Errorf("a scenario may take %v", got)
	}
}

// A service is gone when it is silent, or refuses, three times in 5 seconds. Any answer in between says that it is not.
func TestGone(t *testing.T) {
	answers := func(status int, from int32) (string, *atomic.Int32) {
		var asked atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if asked.Add(1) < from {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(status)
		}))
		t.Cleanup(server.Close)
		return server.URL, &asked
	}
	tests := []struct {
		name   string
		status int
		from   int32
		asked  int32
		gone   string
	}{
		{"an answer", 200, 1, 1, ""},
		{"a refusal", 401, 1, 1, ""},
		{"an error of its own", 500, 1, 1, ""},
		{"an answer at the third attempt", 404, 3, 3, ""},
		{"no answer", 200, 9, 3, "the connection was closed before the answer was complete"},
		{"a gateway's page", 502, 1, 3, "a gateway answered 502 Bad Gateway, in another format than JSON, and not the service"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			url, asked := answers(test.status, test.from)
			w := way(t, "--target", url)
			var paused time.Duration
			w.service.pause = func(_ context.Context, d time.Duration) error {
				paused += d
				return nil
			}
			gone := ""
			if err := w.Gone(t.Context()); err != nil {
				gone = err.Error()
			}
			if gone != test.gone || asked.Load() != test.asked {
				t.Errorf("gone: %q after %d requests, want %q after %d", gone, asked.Load(), test.gone, test.asked)
			}
			if paused > goneWithin {
				t.Errorf("it waits for %v", paused)
			}
		})
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	url, _ := answers(200, 1)
	if err := way(t, "--target", url).Gone(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("of a run that was stopped: got %v", err)
	}
}
