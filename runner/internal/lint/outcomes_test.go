package lint

import (
	"strings"
	"testing"

	"example.com/lpgate/milestones"
)

func TestWrongAnswer(t *testing.T) {
	m := milestones.M109()
	for _, row := range []struct{ operation, answer, want string }{
		{"partnerLiquidityProvider.get", "200", ""},
		{"partnerLiquidityProvider.get", "20", "20 is no HTTP status: one is a number from 100 to 599"},
		{"partnerLiquidityProvider.get", "600 NOT_FOUND without a reason code", "600 is no HTTP status: one is a number from 100 to 599"},
		{"partnerLiquidityProvider.get", "404 NOT_FOUND because partner_liquidity_provider_not_found", ""},
		{"partnerLiquidityProvider.get", "404 NOT_FOUND", ""},
		{"partnerLiquidityProvider.get", "409 NOT_FOUND", "partnerLiquidityProvider.get is never answered 409 NOT_FOUND (did you mean 404 NOT_FOUND?)"},
		{"partnerLiquidityProvider.get", "404 NOT_FUOND", "M109 has no code NOT_FUOND (did you mean NOT_FOUND?)"},
		{"partnerLiquidityProvider.get", "404 NOT_FUOND because partner_liquidity_provider_not_found", "M109 has no code NOT_FUOND (did you mean NOT_FOUND?)"},
		{"partnerLiquidityProvider.get", "409 NOT_FOUND because partner_liquidity_provider_not_found",
			"partnerLiquidityProvider.get is never answered 409 NOT_FOUND because partner_liquidity_provider_not_found (did you mean 404 NOT_FOUND because partner_liquidity_provider_not_found?)"},
		{"partnerLiquidityProvider.get", "404 NOT_FOUND because nobody_knows", ""}, // the dry run reports it
		{"", "409 NOT_FOUND because partner_liquidity_provider_not_found", ""},     // of a path that was written out
		{"", "409 NOT_FUOND without a reason code", "M109 has no code NOT_FUOND (did you mean NOT_FOUND?)"},
	} {
		t.Run(row.operation+" "+row.answer, func(t *testing.T) {
			operation, _ := m.Operation(row.operation)
			if row.operation == "" {
				operation = nil
			}
			if got := wrongAnswer(m, operation, strings.Fields(row.answer)); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
	t.Run("an answer of the router is possible after any call", func(t *testing.T) {
		for _, outcome := range m.Router.Outcomes {
			if got := wrongAnswer(m, &m.Operations[0], strings.Fields(answer(outcome.Status, outcome.Code, outcome.ReasonCode))); got != "" {
				t.Error(got)
			}
		}
	})
}
