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

	"example.com/lpgate/milestones"
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

func TestInvalidOptions(t *testing.T) {
	t.Setenv("CANARY", "secret-of-the-environment")
	const url = "http://127.0.0.1:1"
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no URL", []string{"--target", "bell:canary"}, "--target is not a URL such as http://127.0.0.1:8109 or https://host/base"},
		{"a URL that cannot be read", []string{"--target", "http://a:canary %@b"}, "--target is not a URL such as https://host/base"},
		{"a password", []string{"--target", "http://a:canary@b"}, "--target contains a user or a password: send them with --header 'Authorization: Basic ${NAME}'"},
		{"a query", []string{"--target", url + "?canary"}, "--target must not have a query or a fragment"},
		{"no target", []string{"--rate", "3"}, "--rate needs --target"},
		{"no header", []string{"--target", url, "--header", "canary"}, "--header: write 'Name: value'"},
		{"a header of HTTP", []string{"--target", url, "--header", "content-type: canary"}, "--header Content-Type: scenarios or HTTP set this header"},
		{"a partner key as a header", []string{"--target", url, "--header", "X-Partner-Key: canary"}, "--header X-Partner-Key: scenarios set this header: use --partner-keys FILE"},
		{"a header without a value", []string{"--target", url, "--header", "X-Api-Key: "}, "--header X-Api-Key: the value is empty"},
		{"a header of two lines", []string{"--target", url, "--header", "X-Api-Key: canary\r\nX: y"}, "--header X-Api-Key: the value has a control character"},
		{"a variable that is not set", []string{"--target", url, "--header", "X-Api-Key: ${NOT_SET_AT_ALL}"}, "--header X-Api-Key: the environment variable NOT_SET_AT_ALL is not set"},
		{"no variable", []string{"--target", url, "--header", "X-Api-Key: ${}"}, "--header X-Api-Key: ${…} must contain the name of an environment variable"},
		{"less than nothing", []string{"--target", url, "--retries", "-1"}, "--retries must not be negative, got -1"},
		{"present and absent", []string{"--target", url, "--capability", "test-clock", "--no-capability", "test-clock"}, "--capability test-clock: the capability is declared absent too"},
		{"both modes", []string{"--target", url, "--capability", "key-identity"}, "--capability key-identity excludes header-identity: add --no-capability header-identity"},
		{"keys in header mode", []string{"--target", url, "--partner-keys", "x"}, "--partner-keys needs a target in key mode: add --no-capability header-identity"},
		{"keys of one partner", []string{"--target", url, "--no-capability", "header-identity", "--partner-keys", "KEYS"}, "--partner-keys KEYS: scenarios need keys of two partners with the scopes settlement:read and settlement:write"},
		{"keys in the place of their file", []string{"--target", url, "--no-capability", "header-identity", "--partner-keys", "canary/+x"},
			"--partner-keys: no such file or directory: expected the name of a file (the value is not shown, as it may be the secret itself)"},
		{"a private key in the place of its file", []string{"--target", "https://lp.example", "--cert", "KEYS", "--key", "canary"},
			"--key: no such file or directory: expected the name of a file (the value is not shown, as it may be the secret itself)"},
		{"TLS without it", []string{"--target", url, "--insecure"}, "--insecure needs a target with an https:// URL"},
		{"no CA", []string{"--target", "https://x", "--cacert", "KEYS"}, "--cacert KEYS: the file contains no PEM certificate"},
		{"a key alone", []string{"--target", "https://x", "--key", "KEYS"}, "--key needs --cert"},
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
				t.Fatal("no error")
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

func TestInvalidTargetFiles(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "FILE:1: the document is empty"},
		{"no YAML", "url: http://x\nheaders: {a: canary", "FILE:2: not YAML: a { or [ on the line is not closed"},
		{"no mapping", "- canary", "FILE:1: the document must be a mapping, got a list"},
		{"another key", "url: http://x\nhaeders:\n  A: canary\n", `FILE:2: unknown key "haeders" (did you mean "headers"?)`},
		{"a key that is like none", "url: http://x\ncanary: y\n", "FILE:2: unknown key"},
		{"another key inside", "tls:\n  ca_cert: x\n", `FILE:2: unknown key "ca_cert" (did you mean "cacert"?)`},
		{"twice", "url: http://x\nurl: http://y\n", `FILE:2: key of this name is set twice (first on line 1)`},
		{"two documents", "url: http://x\n---\nurl: http://y\n", "FILE:2: a second document begins: one file has one target"},
		{"no number", "url: http://x\nrate: fast\n", "FILE:2: /rate must be a number"},
		{"no duration", "url: http://x\ntimeouts:\n  request: 30\n", "FILE:3: /timeouts/request must be a duration, such as 30s"},
		{"no list", "url: http://x\ncapabilities: key-identity\n", "FILE:2: /capabilities must be a list"},
		{"no headers", "url: http://x\nheaders: [canary]\n", "FILE:2: /headers must be a mapping, got a list"},
		{"no text", "url: http://x\nheaders:\n  A: [canary]\n", "FILE:3: /headers/A must be text or a number or true or false, got a list"},
		{"two mistakes", "capabilites: [x]\nrate: fast\n", "FILE:1: unknown key \"capabilites\" (did you mean \"capabilities\"?)\nFILE:2: /rate must be a number"},
		{"no url", "rate: 3\n", "FILE:1 needs --target"},
		{"a header that may not be", "url: http://x\nheaders:\n  Host: canary\n", "FILE:3 Host: scenarios or HTTP set this header"},
		{"a variable that is not set", "url: http://x\nheaders:\n  A: ${NOT_SET_AT_ALL}\n", "FILE:3 A: the environment variable NOT_SET_AT_ALL is not set"},
		{"a URL that cannot be", "url: canary\n", "FILE:1 is not a URL such as http://127.0.0.1:8109 or https://host/base"},
		{"present and absent", "url: http://x\ncapabilities: [rope]\nno_capabilities: [rope]\n", "FILE:2 rope: the capability is declared absent too"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := write(t, "target.yaml", test.text)
			_, err := options(t, "--target-file", file).Open(new(record.Secrets))
			if err == nil {
				t.Fatal("no error")
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

// Flags override the file. Capabilities and headers are added; of a header of both the value of the flag is sent.
func TestFlagsOverrideTargetFile(t *testing.T) {
	t.Setenv("TOKEN", "token-of-the-environment")
	file := write(t, "target.yaml", `
url: https://lp.example/base/
capabilities: [rope]
headers:
  X-Api-Key: of the file
  Authorization: Bearer ${TOKEN}
timeouts: {connect: 2s, request: 3s, scenario: 4s}
retries: 5
rate: 6
run_id: nightly
tls: {insecure: true}
implementation: harbour
implementation_version: 1.10
`)
	o := options(t, "--target-file", file, "--retries", "0", "--max-time", "9s", "--header", "x-api-key: of the flag", "--capability", "bell")
	var secrets record.Secrets
	s, err := o.Open(&secrets)
	if err != nil {
		t.Fatal(err)
	}
	if s.URL != "https://lp.example/base" || s.BasePath() != "/base" || s.RunID != "nightly" {
		t.Errorf("URL %q, prefix %q, seed %q", s.URL, s.BasePath(), s.RunID)
	}
	if s.connectTimeout != 2*time.Second || s.maxTime != 9*time.Second || s.ScenarioTimeout != 4*time.Second || s.retries != 0 || s.budget.Limit() != 6 {
		t.Errorf("connect %v, request %v, scenario %v, retries %d, rate %v", s.connectTimeout, s.maxTime, s.ScenarioTimeout, s.retries, s.budget.Limit())
	}
	if diff := cmp.Diff(http.Header{"X-Api-Key": {"of the flag"}, "Authorization": {"Bearer token-of-the-environment"}}, s.headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Declaration{{"bell", "--capability"}, {"rope", file + ":3"}}, s.Present); diff != "" {
		t.Errorf("present (-want +got):\n%s", diff)
	}
	if s.Implementation != "harbour" || s.ImplementationVersion != "1.10" {
		t.Errorf("implementation %q, version %q", s.Implementation, s.ImplementationVersion)
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
	if _, err := o.Open(&secrets); err != nil || len(o.Capabilities) != 2 {
		t.Errorf("opened again: %v, capabilities %v", err, o.Capabilities)
	}
}

func TestRunIDs(t *testing.T) {
	open := func(args ...string) string {
		s, err := options(t, args...).Open(new(record.Secrets))
		if err != nil {
			t.Fatal(err)
		}
		return s.RunID
	}
	if one, other := open("--target", "http://x"), open("--target", "http://x"); one == other || len(one) != 16 {
		t.Errorf("run ids %q and %q", one, other)
	}
	if got := open("--target", "http://x", "--run-id", "mine"); got != "mine" {
		t.Errorf("got %q, want mine", got)
	}
	if got := open(); got != DefaultRunID {
		t.Errorf("the built-in one: got %q, want %q", got, DefaultRunID)
	}
}

// openTransport returns a transport to a URL.
func openTransport(t *testing.T, args ...string) *Transport {
	t.Helper()
	s, err := options(t, args...).Open(new(record.Secrets))
	if err != nil {
		t.Fatal(err)
	}
	w := s.Transport()
	t.Cleanup(w.Close)
	return w
}

// writePEM writes a certificate to a file.
func writePEM(t *testing.T, certificate *x509.Certificate) string {
	t.Helper()
	return write(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})))
}

// The flags for curl have the names of files as given.
func TestCurlFlags(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	ca := writePEM(t, server.Certificate())
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

func TestProbe(t *testing.T) {
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
	ca := writePEM(t, secure.Certificate())
	tests := []struct {
		name string
		args []string
		want string // nothing when it answers
	}{
		{"no server", []string{"--target", "http://127.0.0.1:1"}, "connection refused: no server listens there"},
		{"an answer", []string{"--target", plain(ok)}, ""},
		{"any answer", []string{"--target", plain(answer(404, "text/html", "no"))}, ""},
		{"503 of the service", []string{"--target", plain(answer(503, "application/problem+json; charset=utf-8", "{}"))}, ""},
		{"502 of a gateway", []string{"--target", plain(answer(502, "text/html", "oh"))}, "a gateway answered 502 Bad Gateway (not in JSON) instead of the service"},
		{"503 of a gateway", []string{"--target", plain(answer(503, "", ""))}, "a gateway answered 503 Service Unavailable (not in JSON) instead of the service"},
		{"504 of a gateway", []string{"--target", plain(answer(504, "text/plain", "oh"))}, "a gateway answered 504 Gateway Timeout (not in JSON) instead of the service"},
		{"500 of the service", []string{"--target", plain(answer(500, "text/html", "oh"))}, ""},
		{"slow", []string{"--target", plain(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), "--max-time", "20ms"}, "no answer in time: one request may take 20ms (--max-time)"},
		{"unknown authority", []string{"--target", secure.URL}, "TLS: the certificate is by an authority that is not known (trust it with --cacert FILE)"},
		{"known authority", []string{"--target", secure.URL, "--cacert", ca}, ""},
		{"insecure", []string{"--target", secure.URL, "--insecure"}, ""},
		{"another name", []string{"--target", secure.URL, "--cacert", ca, "--server-name", "other.example.net"}, "TLS: the certificate is for another name (set the expected name with --server-name HOST)"},
		{"its name", []string{"--target", secure.URL, "--cacert", ca, "--server-name", "example.com"}, ""},
		{"no TLS there", []string{"--target", strings.Replace(plain(ok), "http:", "https:", 1)}, "TLS: what answers there does not speak TLS (is it http://?)"},
		{"no client certificate", []string{"--target", mutual.URL, "--insecure"}, "TLS: the target ended the handshake: certificate required (send a client certificate with --cert FILE and --key FILE)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if err := openTransport(t, test.args...).Probe(t.Context()); err != nil {
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
	w := openTransport(t, "--target", server.URL, "--cacert", writePEM(t, server.Certificate()))
	response, err := w.Client(w).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "HTTP/2.0" {
		t.Errorf("got %q and %v", body, err)
	}
}

// Redirects are not followed, cookies not kept, and headers sent.
func TestClient(t *testing.T) {
	var seen []string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.Path+" "+r.Header.Get("X-Api-Key")+r.Header.Get("Cookie"))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	server.Start()
	defer server.Close()
	w := openTransport(t, "--target", server.URL, "--header", "x-api-key: k")
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

// Connecting is retried up to the limit, with growing delays.
func TestConnectingIsRetried(t *testing.T) {
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
			w := openTransport(t, "--target", server.URL, "--retries", test.retries)
			var pauses []time.Duration
			w.service.sleep = func(_ context.Context, d time.Duration) error {
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
			w := openTransport(t, "--target", server.URL, "--retries", "5")
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
	w := openTransport(t, "--target", server.URL, "--rate", "20", "--max-time", "40ms")
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
		{"a gateway's page", 502, 1, 3, "a gateway answered 502 Bad Gateway (not in JSON) instead of the service"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			url, asked := answers(test.status, test.from)
			w := openTransport(t, "--target", url)
			var paused time.Duration
			w.service.sleep = func(_ context.Context, d time.Duration) error {
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
	if err := openTransport(t, "--target", url).Gone(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("of a run that was stopped: got %v", err)
	}
}

// Former names of keys work, with a warning.
func TestFormerKeysOfTargetFile(t *testing.T) {
	file := write(t, "target.yaml", "url: http://x\nhas: [rope]\nlacks: [bell]\nseed: nightly\n")
	o := options(t, "--target-file", file)
	var got []string
	o.Warn = func(message string) { got = append(got, strings.ReplaceAll(message, file, "FILE")) }
	s, err := o.Open(new(record.Secrets))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`FILE:2: key "has" is deprecated: write "capabilities"`,
		`FILE:3: key "lacks" is deprecated: write "no_capabilities"`,
		`FILE:4: key "seed" is deprecated: write "run_id"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if !s.HasCapability("rope") || s.RunID != "nightly" || len(s.Absent) != 1 || s.Absent[0].Capability != "bell" {
		t.Errorf("present %v, absent %v, run id %q", s.Present, s.Absent, s.RunID)
	}
}

func TestCapabilities(t *testing.T) {
	m := milestones.M109()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--target", "http://x"}, "test-clock header-identity key-set"},
		{[]string{"--target", "http://x", "--no-capability", "key-set", "--capability", "dev-key"}, "test-clock header-identity dev-key"},
	} {
		s, err := options(t, test.args...).Open(new(record.Secrets))
		if err == nil {
			err = s.Check(m)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(s.Capabilities(m), " "); got != test.want {
			t.Errorf("%v: got %s, want %s", test.args, got, test.want)
		}
	}
	if got := new(Service).Capabilities(m); len(got) != len(m.Capabilities) {
		t.Errorf("the built-in servers have %v", got)
	}
}
