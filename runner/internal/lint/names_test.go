package lint

import (
	"testing"

	"example.com/lpgate/milestones"
)

func TestNearMisses(t *testing.T) {
	n := namesOf(milestones.M109())
	const export, get = "partnerLiquidityProvider.rollout.export", "partnerLiquidityProvider.get"
	for _, row := range []struct{ kind, name, want string }{
		{"header", "Idempotency-Kye", "Idempotency-Key"},
		{"header", "idempotency-key", ""},
		{"header", "X-Actor-Typ", "X-Actor-Type"},
		{"header", "X-Now-Ios", "X-Now-Iso"},
		{"header", "Content-Tpye", "Content-Type"},
		{"header", "X-Partner-Key", ""},
		{"header", "X-Request-Id", ""}, // an unknown one, as it may be
		{"header", "X-Scopes", ""},
		{export, "limt", "limit"},
		{export, "Limit", "limit"}, // the case counts
		{export, "cursor_afer", "cursor_after"},
		{export, "limit", ""},
		{export, "cursor", ""},
		{export, "color", ""},
		{get, "limt", ""}, // it has no query at all
	} {
		t.Run(row.kind+" "+row.name, func(t *testing.T) {
			got := nearMiss(row.name, n.queries[row.kind])
			if row.kind == "header" {
				got = n.header(row.name)
			}
			if got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}
