package wrongservices

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/runner/internal/run"
	"example.com/lpgate/runner/internal/service"
)

// headerModeLacks are the capabilities that a server in header mode lacks, by which a run of it alone can be green.
var headerModeLacks = []string{"dev-key", "fresh-state", "key-identity", "no-test-clocks", "operator-key", "short-checkpoint-retention", "short-retention-default"}

// verified runs all of M109 against a service.
func verified(t *testing.T, o service.Options) (run.Result, string) {
	t.Helper()
	var page bytes.Buffer
	result, err := run.Run(t.Context(), run.Config{
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

// Two runs verify a service that others use as well, at the same time.
func TestTwoAtOnce(t *testing.T) {
	url := fake(t, nil, usedByOthers(t))
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { mustHold(t, service.Options{URL: url, NoCapabilities: headerModeLacks}) })
	}
	both.Wait()
}

// mustHold verifies a service, which keeps the contract.
func mustHold(t *testing.T, o service.Options) {
	t.Helper()
	if result, page := verified(t, o); !result.Overall {
		t.Errorf("overall %t, exit %d\n%s", result.Overall, result.Exit, page)
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
