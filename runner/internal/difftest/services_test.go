//go:build !race

package difftest_test

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
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/runner/internal/difftest"
	"example.com/lpgate/runner/internal/service"
)

// A service with another clock, other keys and other ids does not differ from the fake, and neither does one that was used before.
func TestCorrectServices(t *testing.T) {
	own := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(own, []byte(`{"keys":[{"label":"a","key":"canary-of-a-key-1","partner_id":"one","scopes":["settlement:read","settlement:write"]},
		{"label":"b","key":"canary-of-a-key-2","partner_id":"two","scopes":["settlement:read","settlement:write"]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		target service.Options
		change func(*fakeserver.Options)
	}{
		{"another key", service.Options{}, func(o *fakeserver.Options) { o.SigningKey = ownKey(t) }},
		{"no test clocks", service.Options{Capabilities: []string{"no-test-clocks"}, NoCapabilities: []string{"test-clock"}}, func(o *fakeserver.Options) { o.IgnoreTestClocks = true }},
		{"test clocks that are ignored", service.Options{NoCapabilities: []string{"test-clock"}}, func(o *fakeserver.Options) { o.IgnoreTestClocks = true }},
		{"no key set", service.Options{NoCapabilities: []string{"key-set"}}, func(*fakeserver.Options) {}},
		{"key mode", service.Options{Capabilities: []string{"key-identity"}, NoCapabilities: []string{"header-identity"}}, func(o *fakeserver.Options) {
			o.PartnerKeys = partnerKeys(t, "../../../fixtures/keys/partner-keys.json")
		}},
		{"key mode with own keys", service.Options{PartnerKeys: own, NoCapabilities: []string{"header-identity"}}, func(o *fakeserver.Options) {
			o.PartnerKeys = partnerKeys(t, own)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := fakeservertest.Start(t, test.change).URL
			for _, seed := range []string{"first", "second"} { // each has other ids
				var printed strings.Builder
				test.target.URL, test.target.RunID = url, seed
				result, err := difftest.Run(t.Context(), difftest.Config{
					Project: locate(t), Target: test.target, Steps: 1_500, Folder: t.TempDir(), Stdout: &printed,
				})
				if err != nil {
					t.Fatal(err)
				}
				if result.Differs() {
					_, after, _ := strings.Cut(printed.String(), "of differences")
					t.Errorf("it differs:\n%s", after)
				}
			}
		})
	}
}

// A service may report more about its health than the fake.
func TestServiceWithMoreAboutItsHealth(t *testing.T) {
	f := fakeservertest.Start(t)
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/healthz" {
			answer := httptest.NewRecorder()
			f.ServeHTTP(answer, r)
			maps.Copy(w.Header(), answer.Header())
			w.Header().Del("Content-Length")
			w.WriteHeader(answer.Code)
			_, _ = io.WriteString(w, strings.Replace(answer.Body.String(), "{", `{"uptime": {"seconds": 7}, `, 1))
			return
		}
		f.ServeHTTP(w, r)
	}))
	t.Cleanup(served.Close)
	if result, printed := compared(t, service.Options{URL: served.URL}); result.Differs() {
		t.Errorf("it differs:\n%s", printed)
	}
}

// The key set is compared when the service is declared to have the development key.
func TestServiceWithoutTheDevelopmentKeyItClaims(t *testing.T) {
	url := fakeservertest.Start(t, func(o *fakeserver.Options) { o.SigningKey = ownKey(t) }).URL
	result, printed := compared(t, service.Options{URL: url, Capabilities: []string{"dev-key"}})
	if !result.Differs() || result.Causes[0].Text != "difference: body /keys/*/public_key_pem different" {
		t.Errorf("got %s", printed)
	}
}

// compared compares a service with the fake.
func compared(t *testing.T, o service.Options) (difftest.Result, string) {
	t.Helper()
	var printed strings.Builder
	o.RunID = "first"
	result, err := difftest.Run(t.Context(), difftest.Config{Project: locate(t), Target: o, Steps: 1_500, Folder: t.TempDir(), Stdout: &printed})
	if err != nil {
		t.Fatal(err)
	}
	return result, printed.String()
}

// ownKey returns a signing key that is not the default one of the fake.
func ownKey(t *testing.T) *fakeserver.SigningKey {
	t.Helper()
	key, err := os.ReadFile("../../../fixtures/keys/operator.pem")
	if err != nil {
		t.Fatal(err)
	}
	private, err := fakeserver.ReadSigningKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return &fakeserver.SigningKey{ID: "own-k1", Private: private}
}

// partnerKeys reads the partner keys of a file.
func partnerKeys(t *testing.T, name string) []fakeserver.PartnerKey {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := fakeserver.ReadPartnerKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
