//go:build !race

package imperfect_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/lpgate/runner/internal/imperfect"
	"example.com/lpgate/runner/internal/run"
	"example.com/lpgate/runner/internal/service"
)

// Without a habit and without a wrong rule the service keeps the contract at level full: what the gate reports about a switch
// comes from the switch.
func TestServiceWithoutSwitchesPassesTheGate(t *testing.T) {
	for _, test := range []struct {
		name            string
		options         imperfect.Options
		present, absent []string
	}{
		{"test clock", imperfect.Options{TestClock: true}, []string{"dev-key"}, []string{"no-test-clocks"}},
		{"real clock", imperfect.Options{}, []string{"dev-key", "no-test-clocks"}, []string{"test-clock"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			handler, err := imperfect.New(test.options)
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(handler)
			defer server.Close()
			var printed strings.Builder
			result, err := run.Run(t.Context(), run.Config{
				Milestone: "../../../milestones/M109.yaml", Out: t.TempDir(), Stdout: &printed,
				Target: service.Options{
					URL: server.URL, Capabilities: test.present,
					NoCapabilities: append(test.absent, "fresh-state", "key-identity", "operator-key", "short-checkpoint-retention", "short-retention-default"),
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if !result.Overall {
				t.Errorf("the run failed:\n%s", printed.String())
			}
		})
	}
}
