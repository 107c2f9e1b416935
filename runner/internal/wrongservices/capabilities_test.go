//go:build !race

package wrongservices

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/verdict"
)

// These tests run all features against services that lack a capability, and against one that others use, too. Every
// scenario that is not skipped must pass: one that needs more than its tags declare fails here.
//
// As with the wrong services, these are many runs, and would find no race that TestTwoAtOnce does not.

func partnerKeys(t *testing.T, text string) []fakeserver.PartnerKey {
	t.Helper()
	keys, err := fakeserver.ReadPartnerKeys([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestServicesThatLackSomething(t *testing.T) {
	fixture, err := os.ReadFile(filepath.Join("..", "..", "..", "fixtures", "keys", "partner-keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	const others = `{"keys": [
		{"label": "reader", "key": "lpk_other_reader_1", "partner_id": "p-one", "scopes": ["settlement:read"]},
		{"label": "one", "key": "lpk_other_one_12345", "partner_id": "p-one", "scopes": ["settlement:write", "settlement:read"]},
		{"label": "two", "key": "lpk_other_two_12345", "partner_id": "p-two", "scopes": ["settlement:read", "settlement:write"]}]}`
	othersFile := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(othersFile, []byte(others), 0o600); err != nil {
		t.Fatal(err)
	}
	noKeySet := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/keys/") {
				r = r.Clone(r.Context())
				r.URL.Path, r.RequestURI = "/nowhere", "/nowhere"
			}
			next.ServeHTTP(w, r)
		})
	}
	moreHealth := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			body := answer.Body.String()
			if r.URL.Path == "/healthz" && answer.Code == http.StatusOK {
				body = strings.Replace(body, "{", `{"version": "2.4.1", "checks": {"database": "ok"}, `, 1)
				answer.Header().Del("Content-Length")
			}
			maps.Copy(w.Header(), answer.Header())
			w.WriteHeader(answer.Code)
			_, _ = io.WriteString(w, body)
		})
	}
	ownKey := func(o *fakeserver.Options) {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", "fixtures", "keys", "operator.pem"))
		if err != nil {
			t.Fatal(err)
		}
		private, err := fakeserver.ReadSigningKey(text)
		if err != nil {
			t.Fatal(err)
		}
		o.SigningKey = &fakeserver.SigningKey{ID: "dev-pi-k1", Private: private}
	}
	atBase := func(next http.Handler) http.Handler { return http.StripPrefix("/base", next) }
	tests := []struct {
		name   string
		change func(*fakeserver.Options)
		wrap   func(http.Handler) http.Handler
		o      service.Options
	}{
		{"none of the standard ones, under a base path", nil, atBase, service.Options{URL: "/base/", NoCapabilities: headerModeLacks}},
		{"test clocks", func(o *fakeserver.Options) { o.IgnoreTestClocks = true }, nil,
			service.Options{Capabilities: []string{"no-test-clocks"}, NoCapabilities: swap(headerModeLacks, "no-test-clocks", "test-clock")}},
		{"undeclared test clocks", func(o *fakeserver.Options) { o.IgnoreTestClocks = true }, nil,
			service.Options{NoCapabilities: append([]string{"test-clock"}, headerModeLacks...)}},
		{"header identity, with the keys of the fixture", func(o *fakeserver.Options) { o.PartnerKeys = partnerKeys(t, string(fixture)) }, nil,
			service.Options{Capabilities: []string{"key-identity"}, NoCapabilities: swap(headerModeLacks, "key-identity", "header-identity")}},
		{"header identity, with keys of its own", func(o *fakeserver.Options) { o.PartnerKeys = partnerKeys(t, others) }, nil,
			service.Options{PartnerKeys: othersFile, NoCapabilities: append([]string{"header-identity"}, headerModeLacks...)}},
		{"the development key, with a key of its own", ownKey, nil, service.Options{NoCapabilities: headerModeLacks}},
		{"none of the standard ones, with more about its health", nil, moreHealth, service.Options{NoCapabilities: headerModeLacks}},
		{"a key set", nil, noKeySet, service.Options{NoCapabilities: append([]string{"key-set"}, headerModeLacks...)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.o.URL = fake(t, test.change, test.wrap) + test.o.URL
			result, page := verified(t, test.o)
			if !result.Overall || !strings.Contains(page, "left out as declared, not verified:\n") {
				t.Errorf("overall %t, exit %d\n%s", result.Overall, result.Exit, page)
			}
		})
	}
}

// swap is the list with one item for another.
func swap(list []string, out, in string) []string {
	var swapped []string
	for _, item := range list {
		if item == out {
			item = in
		}
		swapped = append(swapped, item)
	}
	return swapped
}

// A service that others use between any two requests of the run, and that has their data, is verified again and again.
func TestServiceThatIsShared(t *testing.T) {
	url := fake(t, nil, usedByOthers(t))
	mustHold(t, service.Options{URL: url, NoCapabilities: headerModeLacks, RunID: "first"})
	mustHold(t, service.Options{URL: url, NoCapabilities: headerModeLacks})

	result, page := verified(t, service.Options{URL: url, NoCapabilities: headerModeLacks, RunID: "first"})
	if result.Exit != verdict.Fails {
		t.Errorf("the same seed again: exit %d, want %d", result.Exit, verdict.Fails)
	}
	if !strings.Contains(page, "answers to first requests are marked as replays. Has the target seen the run id first before?") {
		t.Errorf("the seed is not mentioned:\n%s", page)
	}
}
