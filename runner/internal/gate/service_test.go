package gate

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/runner/internal/target"
	"example.com/lpgate/runner/internal/verdict"
)

// These tests drive all features against services that lack something, and against one that others use as well. What
// is not left out has to pass: a scenario that needs more than it says is red here.

// without are the capabilities that a server in header mode lacks, by which a run of it alone can be green.
var without = []string{"fresh-state", "key-identity", "no-test-clocks", "operator-key", "short-checkpoint-retention", "short-retention-default"}

// verified runs all of M109 against a service.
func verified(t *testing.T, o target.Options) (Result, string) {
	t.Helper()
	var page bytes.Buffer
	result, err := Run(t.Context(), Config{
		Milestone: filepath.Join("..", "..", "..", "milestones", "M109.yaml"), Out: filepath.Join(t.TempDir(), "out"), Target: o, Stdout: &page,
	})
	if err != nil {
		t.Fatal(err)
	}
	return result, page.String()
}

// fake starts a fake service, behind a wrapper if there is one.
func fake(t *testing.T, change func(*fakeserver.Options), wrap func(http.Handler) http.Handler) string {
	t.Helper()
	var o fakeserver.Options
	if change != nil {
		change(&o)
	}
	server, err := fakeserver.New(o)
	if err != nil {
		t.Fatal(err)
	}
	var handler http.Handler = server
	if wrap != nil {
		handler = wrap(server)
	}
	listening := httptest.NewUnstartedServer(handler)
	listening.Config.DisableGeneralOptionsHandler = true
	listening.Start()
	t.Cleanup(listening.Close)
	return listening.URL
}

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
	atBase := func(next http.Handler) http.Handler { return http.StripPrefix("/base", next) }
	tests := []struct {
		name   string
		change func(*fakeserver.Options)
		wrap   func(http.Handler) http.Handler
		o      target.Options
	}{
		{"none of the standard ones, under a base path", nil, atBase, target.Options{URL: "/base/", Lacks: without}},
		{"test clocks", func(o *fakeserver.Options) { o.IgnoreTestClocks = true }, nil,
			target.Options{Has: []string{"no-test-clocks"}, Lacks: swap(without, "no-test-clocks", "test-clock")}},
		{"test clocks that nobody knows anything of", func(o *fakeserver.Options) { o.IgnoreTestClocks = true }, nil,
			target.Options{Lacks: append([]string{"test-clock"}, without...)}},
		{"header identity, with the keys of the fixture", func(o *fakeserver.Options) { o.PartnerKeys = partnerKeys(t, string(fixture)) }, nil,
			target.Options{Has: []string{"key-identity"}, Lacks: swap(without, "key-identity", "header-identity")}},
		{"header identity, with keys of its own", func(o *fakeserver.Options) { o.PartnerKeys = partnerKeys(t, others) }, nil,
			target.Options{PartnerKeys: othersFile, Lacks: append([]string{"header-identity"}, without...)}},
		{"a key set", nil, noKeySet, target.Options{Lacks: append([]string{"key-set"}, without...)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.o.URL = fake(t, test.change, test.wrap) + test.o.URL
			result, page := verified(t, test.o)
			if !result.Overall || !strings.Contains(page, "left out, declared: the verdict says nothing about them\n") {
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

// A service that others use between any two requests of the run, and that has their data, is verified again and again,
// and twice at once.
func TestServiceThatIsShared(t *testing.T) {
	url := fake(t, nil, usedByOthers(t))
	green := func(t *testing.T, seed string) {
		t.Helper()
		if result, page := verified(t, target.Options{URL: url, Lacks: without, Seed: seed}); !result.Overall {
			t.Errorf("overall %t, exit %d\n%s", result.Overall, result.Exit, page)
		}
	}
	green(t, "first")
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { green(t, "") })
	}
	both.Wait()

	result, page := verified(t, target.Options{URL: url, Lacks: without, Seed: "first"})
	if result.Exit != verdict.Fails {
		t.Errorf("the same seed again: exit %d, want %d", result.Exit, verdict.Fails)
	}
	if !strings.Contains(page, "first answers say that they are replays. Has the target seen the seed first before?") {
		t.Errorf("nobody is told about the seed:\n%s", page)
	}
}

// usedByOthers onboards a provider of other people's before each request.
func usedByOthers(t *testing.T) func(next http.Handler) http.Handler {
	var count atomic.Int64
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := count.Add(1)
			other := httptest.NewRequest(http.MethodPost, "/partner-liquidity-providers", strings.NewReader(fmt.Sprintf(`{"provider":{
			"owner_actor":{"type":"partner","id":"other"},"external_provider_id":"e-%d","legal_entity_name":"Other",
			"disclosure_text":"Others.","trust_contact_email":"o@other.example","segment_tier":"S1"}}`, n)))
			other.Header = http.Header{"X-Actor-Type": {"partner"}, "X-Actor-Id": {"other"}, "X-Auth-Scopes": {"settlement:write"},
				"Idempotency-Key": {fmt.Sprint("other-", n)}}
			answer := httptest.NewRecorder()
			if next.ServeHTTP(answer, other); answer.Code != http.StatusOK {
				t.Errorf("others cannot use it: %d %s", answer.Code, answer.Body)
			}
			next.ServeHTTP(w, r)
		})
	}
}
