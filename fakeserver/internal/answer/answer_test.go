package answer

import (
	"slices"
	"testing"

	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/milestones"
)

func TestStatuses(t *testing.T) {
	for _, refusal := range milestones.M109().Refusals {
		if got := Status(rules.Code(refusal.Code)); got != refusal.Status {
			t.Errorf("%s: the status of %s is %d, want %d", refusal.Name, refusal.Code, got, refusal.Status)
		}
	}
	if got := Status("TOO_MANY_REQUESTS"); got != 0 {
		t.Errorf("a code that the contract does not have has the status %d, want 0", got)
	}
}

func TestAnswers(t *testing.T) {
	rows := []struct {
		name  string
		got   Answer
		body  string
		codes []string
	}{
		{"success", Success("corr", []string{"a"}, jcs.Member{Name: "status", Value: jcs.Value(`{}`)}),
			`{"correlation_id":"corr","status":{}}`, []string{"a"}},
		{"refusal with a reason", Refused("corr", &rules.Refusal{Outcome: rules.ProviderNotFound, Message: "m", Details: map[string]any{"provider_id": "p"}}),
			`{"correlation_id":"corr","error":{"code":"NOT_FOUND","message":"m","details":{"provider_id":"p","reason_code":"partner_liquidity_provider_not_found"}}}`,
			[]string{"partner_liquidity_provider_not_found"}},
		{"refusal that lists its reasons", Refused("corr", &rules.Refusal{Outcome: rules.RolloutBlocked, Details: map[string]any{"reason_codes": []string{"a", "b"}}}),
			`{"correlation_id":"corr","error":{"code":"CONFLICT","message":"","details":{"reason_code":"partner_liquidity_provider_rollout_blocked","reason_codes":["a","b"]}}}`,
			[]string{"a", "b"}},
		{"refusal without a reason", Refused("corr", &rules.Refusal{Outcome: rules.Unauthenticated}),
			`{"correlation_id":"corr","error":{"code":"UNAUTHORIZED","message":"","details":{}}}`, nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if string(row.got.Body) != row.body || row.got.CorrelationID != "corr" {
				t.Errorf("got  %s\nwant %s", row.got.Body, row.body)
			}
			if !slices.Equal(row.got.ReasonCodes, row.codes) {
				t.Errorf("reason codes %v, want %v", row.got.ReasonCodes, row.codes)
			}
		})
	}
}
