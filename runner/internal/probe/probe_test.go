package probe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/imperfect"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
)

const ownKeys = `{"keys":[{"label":"one","key":"lpk_own_one_0123456789","partner_id":"p-one","scopes":["settlement:read","settlement:write"]},
	{"label":"two","key":"lpk_own_two_0123456789","partner_id":"p-two","scopes":["settlement:read","settlement:write"]}]}`

// newFake returns a fake server.
func newFake(t *testing.T, options fakeserver.Options) http.Handler {
	t.Helper()
	fake, err := fakeserver.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return fake
}

// imperfectService returns a service with other HTTP habits than the fake.
func imperfectService(t *testing.T, hasClock bool) http.Handler {
	t.Helper()
	handler, err := imperfect.New(imperfect.Options{Habits: imperfect.AllHabits(), TestClock: hasClock, Exit: func() { t.Error("the service was stopped") }})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

func partnerKeys(t *testing.T, text []byte) []fakeserver.PartnerKey {
	t.Helper()
	keys, err := fakeserver.ReadPartnerKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func fixtureText(t *testing.T, name string) []byte {
	t.Helper()
	text, err := fixtures.FS.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// changed returns a handler that changes the bodies of another one.
func changed(handler http.Handler, change func(r *http.Request, body string) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		body := change(r, answer.Body.String())
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Del("Content-Length")
		w.WriteHeader(answer.Code)
		_, _ = io.WriteString(w, body)
	})
}

// counted is a server that counts POST requests.
func counted(t *testing.T, handler http.Handler, secure bool) (server *httptest.Server, posts *atomic.Int64) {
	t.Helper()
	posts = new(atomic.Int64)
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			posts.Add(1)
		}
		handler.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server, posts
}

// run probes a URL, with the flags of a target.
func run(t *testing.T, readOnly bool, args ...string) (Result, error) {
	t.Helper()
	options, flags := new(service.Options), pflag.NewFlagSet("", pflag.ContinueOnError)
	options.AddFlags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	secrets := new(record.Secrets)
	svc, err := options.Open(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return Run(t.Context(), Config{Milestone: milestones.M109(), Fixtures: fixtures.FS, Service: svc, Secrets: secrets, ReadOnly: readOnly})
}

// presences returns the notes as lists of ids: present, absent, undetermined.
func presences(result Result) (lists [3][]string) {
	for _, note := range result.Capabilities {
		i := map[service.Presence]int{service.Present: 0, service.Absent: 1, service.Undetermined: 2}[note.Presence]
		lists[i] = append(lists[i], note.Capability)
	}
	return lists
}

func TestCapabilities(t *testing.T) {
	operator, err := fakeserver.ReadSigningKey(fixtureText(t, "keys/operator.pem"))
	if err != nil {
		t.Fatal(err)
	}
	previous, err := fakeserver.ReadPublicKey(fixtureText(t, "keys/operator-previous.pub.pem"))
	if err != nil {
		t.Fatal(err)
	}
	keysFile := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(keysFile, []byte(ownKeys), 0o600); err != nil {
		t.Fatal(err)
	}
	withKeys := []string{"--no-capability", "header-identity", "--partner-keys", keysFile}
	noKeySet := http.NewServeMux()
	noKeySet.Handle("/", newFake(t, fakeserver.Options{}))
	noKeySet.Handle("/keys/", http.NotFoundHandler())
	noIdentity := func(fake http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Actor-Type") == "" {
				r.Header.Set("X-Actor-Type", "partner")
				r.Header.Set("X-Actor-Id", "anyone")
				r.Header.Set("X-Auth-Scopes", "settlement:read,settlement:write")
			}
			fake.ServeHTTP(w, r)
		})
	}
	withoutRetention := func(handler http.Handler) http.Handler {
		retention := regexp.MustCompile(`,"retention_days":\d+`)
		return changed(handler, func(_ *http.Request, body string) string { return retention.ReplaceAllString(body, "") })
	}
	const all = "test-clock header-identity key-set fresh-state key-identity no-test-clocks dev-key operator-key short-checkpoint-retention short-retention-default"
	tests := []struct {
		name                  string
		handler               http.Handler
		readOnly              bool
		args                  []string
		present, undetermined string // the others are absent
		warnings              []string
		posts                 int64
	}{
		{"header mode", newFake(t, fakeserver.Options{}), false, nil, "test-clock header-identity key-set dev-key", "", nil, 2},
		{"read only", newFake(t, fakeserver.Options{}), true, nil, "header-identity key-set dev-key",
			"test-clock no-test-clocks short-checkpoint-retention short-retention-default", nil, 0},
		{"read only, with declarations", newFake(t, fakeserver.Options{}), true,
			[]string{"--capability", "short-retention-default", "--no-capability", "short-checkpoint-retention", "--no-capability", "dev-key"},
			"header-identity key-set dev-key short-retention-default", "test-clock no-test-clocks",
			[]string{"--no-capability dev-key: declared absent, but the key set has the key of the fixture"}, 0},
		{"no test clocks", newFake(t, fakeserver.Options{IgnoreTestClocks: true}), false, nil,
			"header-identity key-set no-test-clocks dev-key", "short-checkpoint-retention", nil, 1},
		{"no test clocks, no retention", withoutRetention(newFake(t, fakeserver.Options{IgnoreTestClocks: true})), false, nil,
			"header-identity key-set no-test-clocks dev-key", "short-checkpoint-retention", nil, 2},
		{"no test clocks, a short retention", withoutRetention(newFake(t, fakeserver.Options{IgnoreTestClocks: true, RetentionDays: 30})), false, nil,
			"header-identity key-set no-test-clocks dev-key short-retention-default", "short-checkpoint-retention", nil, 2},
		{"no test clocks, no entries", changed(newFake(t, fakeserver.Options{IgnoreTestClocks: true}), func(_ *http.Request, body string) string {
			return regexp.MustCompile(`"(entries|query)":`).ReplaceAllString(body, `"other_$1":`)
		}), false, nil, "header-identity key-set no-test-clocks dev-key", "short-checkpoint-retention short-retention-default", nil, 2},
		{"all habits of the imperfect service", imperfectService(t, false), false, nil, "header-identity no-test-clocks", "short-checkpoint-retention", nil, 2},
		{"all habits, with test clocks", imperfectService(t, true), false, nil, "test-clock header-identity", "", nil, 2},
		{"one clock is ignored", http.HandlerFunc(func() http.HandlerFunc {
			fake := newFake(t, fakeserver.Options{})
			return func(w http.ResponseWriter, r *http.Request) {
				query := r.URL.Query()
				query.Del("exported_at_iso")
				r.URL.RawQuery = query.Encode()
				fake.ServeHTTP(w, r)
			}
		}()), false, nil, "test-clock header-identity key-set dev-key", "short-checkpoint-retention",
			[]string{"test clocks: X-Now-Iso, X-Now-Iso of an export, now_iso set the time, and exported_at_iso not: scenarios that rely on them will fail"}, 1},
		{"short retention", newFake(t, fakeserver.Options{RetentionDays: 30, CheckpointRetentionDays: 1}), false, nil,
			"test-clock header-identity key-set dev-key short-checkpoint-retention short-retention-default", "", nil, 2},
		{"short retention, not in the query", withoutRetention(newFake(t, fakeserver.Options{RetentionDays: 30})), false, nil,
			"test-clock header-identity key-set dev-key short-retention-default", "", nil, 2},
		{"long retention, not in the query", withoutRetention(newFake(t, fakeserver.Options{})), false, nil,
			"test-clock header-identity key-set dev-key", "", nil, 2},
		{"no key set", noKeySet, false, nil, "test-clock header-identity", "", nil, 2},
		{"the keys of the operator", newFake(t, fakeserver.Options{
			SigningKey: &fakeserver.SigningKey{ID: "op-pi-k7", Private: operator}, VerifyOnlyKeys: []fakeserver.PublicKey{{ID: "op-pi-k6", Key: previous}},
		}), false, nil, "test-clock header-identity key-set operator-key", "", nil, 2},
		{"another key with the id of a fixture", newFake(t, fakeserver.Options{SigningKey: &fakeserver.SigningKey{ID: "op-pi-k8", Private: operator}}),
			false, nil, "test-clock header-identity key-set", "", nil, 2},
		{"key mode", newFake(t, fakeserver.Options{PartnerKeys: partnerKeys(t, fixtureText(t, fixtureKeys))}), false, nil,
			"test-clock key-set key-identity dev-key", "", nil, 2},
		{"key mode with own keys", newFake(t, fakeserver.Options{PartnerKeys: partnerKeys(t, []byte(ownKeys))}), false, withKeys,
			"test-clock key-set dev-key", "", nil, 2},
		{"key mode with unknown keys", newFake(t, fakeserver.Options{PartnerKeys: partnerKeys(t, []byte(ownKeys))}), false, nil,
			"key-set dev-key", "test-clock no-test-clocks short-checkpoint-retention short-retention-default",
			[]string{"identity: identity headers and the keys of fixtures/keys/partner-keys.json are answered 401: if the service is in key mode, use --partner-keys FILE with two of its keys; " +
				"if something in front of it needs a header, use --header 'NAME: VALUE'"}, 0},
		{"key mode with other keys", newFake(t, fakeserver.Options{PartnerKeys: partnerKeys(t, fixtureText(t, fixtureKeys))}), false, withKeys,
			"key-set dev-key", "test-clock no-test-clocks short-checkpoint-retention short-retention-default",
			[]string{"identity: the keys one, two of --partner-keys are answered 401"}, 0},
		{"keys in header mode", newFake(t, fakeserver.Options{}), false, withKeys, "test-clock header-identity key-set dev-key", "",
			[]string{"identity: the service reads identity headers, so the keys of --partner-keys are not used"}, 2},
		{"identity is not checked", noIdentity(newFake(t, fakeserver.Options{})), false, nil, "test-clock header-identity key-set dev-key", "",
			[]string{"identity: a request without identity is answered 404 NOT_FOUND partner_liquidity_provider_not_found instead of 401 UNAUTHORIZED"}, 2},
		{"all are refused", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"error":{"code":"FORBIDDEN","details":{}}}`)
		}), false, nil, "header-identity", "test-clock no-test-clocks short-checkpoint-retention short-retention-default", []string{
			"identity: a request without identity is answered 403 FORBIDDEN instead of 401 UNAUTHORIZED",
			"identity: a request with all scopes for an unknown id is answered 403 FORBIDDEN instead of 404 NOT_FOUND",
			"onboarding: a valid request is answered 403 FORBIDDEN",
		}, 1},
		{"ids of its own", changed(newFake(t, fakeserver.Options{}), func(r *http.Request, body string) string { // a copy with another id exists there
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/partner-liquidity-providers") {
				return regexp.MustCompile(`"provider_id":"probe-`).ReplaceAllString(body, `"provider_id":"x-probe-`)
			}
			return body
		}), false, nil, "header-identity key-set dev-key", "test-clock no-test-clocks short-checkpoint-retention short-retention-default", []string{
			"onboarding: the provider has the id x-probe-RUN instead of the requested one, probe-RUN",
			"export: a valid request is answered 404 NOT_FOUND partner_liquidity_provider_not_found",
		}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server, posts := counted(t, test.handler, false)
			result, err := run(t, test.readOnly, append(test.args, "--target", server.URL)...)
			if err != nil {
				t.Fatal(err)
			}
			var want [3][]string
			for id := range strings.SplitSeq(all, " ") {
				i := 1
				if slices.Contains(strings.Fields(test.present), id) {
					i = 0
				} else if slices.Contains(strings.Fields(test.undetermined), id) {
					i = 2
				}
				want[i] = append(want[i], id)
			}
			if diff := cmp.Diff(want, presences(result)); diff != "" {
				t.Errorf("present, absent, undetermined (-want +got):\n%s", diff)
			}
			warnings := slices.Clone(result.Warnings)
			for i := range warnings {
				warnings[i] = regexp.MustCompile(`probe-[0-9a-f]{16}`).ReplaceAllString(warnings[i], "probe-RUN")
			}
			if diff := cmp.Diff(test.warnings, warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			isRefused := slices.ContainsFunc(warnings, func(w string) bool { return strings.HasPrefix(w, "onboarding: a valid request") })
			if got := posts.Load(); got != test.posts || (got > 0 && !isRefused) != (result.Provider != "") || result.Evaluated != (got == 2) {
				t.Errorf("%d POST requests, want %d; provider %q, evaluated %v", got, test.posts, result.Provider, result.Evaluated)
			}
		})
	}
}

// What is not the service gets nothing but GET requests, and an error with what was answered and what to try.
func TestNotTheService(t *testing.T) {
	answering := func(status int, media, body string, header ...string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", media)
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	}
	fake := newFake(t, fakeserver.Options{})
	below := http.NewServeMux()
	below.Handle("/lp/", http.StripPrefix("/lp", fake))
	moved := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://lp.example"+r.URL.Path, http.StatusPermanentRedirect)
	})
	authentic := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // identity comes before routing
		if r.Header.Get("X-Partner-Key") == "" {
			answering(401, "application/json", `{"error":{"code":"UNAUTHORIZED","details":{}}}`).ServeHTTP(w, r)
			return
		}
		answering(404, "application/json", `{"error":{"code":"NOT_FOUND","details":{}}}`).ServeHTTP(w, r)
	})
	halfOnboarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			fake.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
	})
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			<-r.Context().Done()
		}
	})
	hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	tests := []struct {
		name    string
		handler http.Handler
		tls     bool
		target  string // after the URL of the server; "http:" and "https:" replace its scheme
		args    []string
		want    []string // parts of the message
		reached bool
		posts   int64
	}{
		{"a page", answering(200, "text/html", "<!doctype html>\n<title>Welcome</title>"), false, "", nil,
			[]string{"does not answer as the service of M109", "answer:   200 OK, text/html: <!doctype html> <title>Welcome</title>", "try:      the URL of the API"}, true, 0},
		{"no route", http.NotFoundHandler(), false, "", nil,
			[]string{"answer:   404 Not Found, text/plain: 404 page not found", "try:      --target URL with the path that precedes /partner-liquidity-providers/{provider_id}, such as http://127.0.0.1"}, true, 0},
		{"a path too much", fake, false, "/api/v1/", nil, []string{"answer:   404 NOT_FOUND\n", "try:      --target SERVER (the service answers there)"}, true, 0},
		{"a path too much, below another", below, false, "/lp/partner-liquidity-providers", nil, []string{"try:      --target SERVER/lp (the service answers there)"}, true, 0},
		{"a path is missing", below, false, "", nil, []string{"404 page not found", "--target URL with the path"}, true, 0},
		{"identity before routing", authentic, false, "/api", nil, []string{"answer:   404 NOT_FOUND\n"}, true, 0},
		{"another API", answering(200, "application/json", `{"status":"up"}`), false, "", nil, []string{"answer:   200 with application/json"}, true, 0},
		{"a redirect to TLS", moved, false, "", nil, []string{"308 Permanent Redirect", "try:      --target https://lp.example (redirects are not followed)"}, true, 0},
		{"a redirect to a login", answering(302, "text/html", "", "Location", "/login?to=x"), false, "", nil, []string{"redirect to /login?to=x"}, true, 0},
		{"a gateway wants a token", answering(401, "text/plain", "no token"), false, "", nil, []string{"401 Unauthorized, text/plain: no token", "try:      --header 'Authorization: Bearer ${TOKEN}'"}, true, 0},
		{"it is broken", answering(500, "application/json", `{"error":{"code":"INTERNAL"}}`), false, "", nil, []string{"500 INTERNAL", "the log of the service"}, true, 0},
		{"HTTP to TLS", fake, true, "http:", nil, []string{"Client sent an HTTP request to an HTTPS server", "try:      --target https://127.0.0.1"}, true, 0},
		{"TLS to HTTP", fake, false, "https:", nil, []string{"TLS: what answers there", "(is it http://?)"}, false, 0},
		{"an unknown authority", fake, true, "", nil, []string{"(trust it with --cacert FILE)"}, false, 0},
		{"a gateway without the service", answering(503, "text/html", "<html>"), false, "", nil, []string{"cannot be reached: a gateway answered 503 Service Unavailable"}, false, 0},
		{"it hangs", hang, false, "", []string{"--max-time", "50ms"}, []string{"SERVER cannot be reached: no answer in time", "--max-time"}, false, 0},
		{"its routes hang", slow, false, "", []string{"--max-time", "50ms"}, []string{"GET SERVER/partner-liquidity-providers/probe-", "no answer in time", "--max-time"}, false, 0},
		{"half an answer to the onboarding", halfOnboarded, false, "", nil, []string{"POST SERVER/partner-liquidity-providers cannot be reached: the connection was closed before"}, false, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server, posts := counted(t, test.handler, test.tls)
			target := server.URL + test.target
			if scheme, ok := strings.CutSuffix(test.target, ":"); ok {
				_, address, _ := strings.Cut(server.URL, "://")
				target = scheme + "://" + address
			}
			result, err := run(t, false, append(test.args, "--target", target)...)
			if err == nil {
				t.Fatal("no error")
			}
			if isOther := errors.As(err, new(*NotService)); isOther != test.reached || errors.As(err, new(*Unreachable)) == isOther {
				t.Errorf("the error is a %T", err)
			}
			for _, part := range test.want {
				if part = strings.ReplaceAll(part, "SERVER", server.URL); !strings.Contains(err.Error(), part) {
					t.Errorf("the message lacks %q:\n%v", part, err)
				}
			}
			if got := posts.Load(); got != test.posts || (got > 0) != (result.Provider != "") {
				t.Errorf("%d POST requests, want %d; provider %q", got, test.posts, result.Provider)
			}
		})
	}
}

// Answers that repeat what was sent reveal no secret.
func TestSecretsAreMasked(t *testing.T) {
	server, _ := counted(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s", r.Header.Get("X-Api-Key"), r.URL.Path)
	}), false)
	t.Setenv("IN_THE_URL", "canary-of-the-url")
	_, err := run(t, false, "--target", server.URL+"/${IN_THE_URL}", "--header", "X-Api-Key: canary-of-the-header")
	if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), record.Redacted) {
		t.Errorf("got %v", err)
	}
}

// Another milestone has other operations: nothing is sent that is not a GET.
func TestAnotherMilestone(t *testing.T) {
	server, posts := counted(t, newFake(t, fakeserver.Options{}), false)
	text, err := os.ReadFile("../../../milestones/M109.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := milestones.Parse("other.yaml", bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("partnerLiquidityProvider."), []byte("lp.")), []byte("policy-integrity-signing.get"), []byte("signing.get")))
	if err != nil {
		t.Fatal(err)
	}
	options, flags := new(service.Options), pflag.NewFlagSet("", pflag.ContinueOnError)
	options.AddFlags(flags)
	if err := flags.Parse([]string{"--target", server.URL}); err != nil {
		t.Fatal(err)
	}
	svc, err := options.Open(new(record.Secrets))
	if err != nil {
		t.Fatal(err)
	}
	result, err := Run(t.Context(), Config{Milestone: m, Fixtures: fixtures.FS, Service: svc, Secrets: new(record.Secrets)})
	if err != nil {
		t.Fatal(err)
	}
	if got := presences(result); !slices.Equal(got[0], []string{"header-identity"}) || posts.Load() != 0 {
		t.Errorf("present %v, %d POST requests", got[0], posts.Load())
	}
}

func TestAnswerString(t *testing.T) {
	long, err := json.Marshal(strings.Repeat("x", 200))
	if err != nil {
		t.Fatal(err)
	}
	a := newAnswer("GET /", &http.Response{StatusCode: 404, Header: http.Header{}}, long)
	if got := a.String(); got != `404 Not Found, no media type: "`+strings.Repeat("x", 99)+"…" {
		t.Errorf("got %s", got)
	}
}
