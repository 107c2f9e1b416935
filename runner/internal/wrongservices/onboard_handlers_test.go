//go:build !race

package wrongservices

import (
	"regexp"
)

// moreDigits writes times with digits past the millisecond.
var moreDigits = regexp.MustCompile(`\.\d{4,9}[Z+-]`)

// onboardedBy onboards for the caller what was requested for another owner, and returns it as the other's.
func onboardedBy(next forward, q *request, when bool) *response {
	a := next(q)
	if !when || a.code() != "FORBIDDEN" {
		return a
	}
	c := q.anew("for-another")
	c.put("/provider/owner_actor", a.at("/error/details/actor"))
	a = next(c)
	a.put("/provider/owner_actor", q.at("/provider/owner_actor"))
	return a
}

// onboardedAs onboards a provider under another id, and returns it with this one.
func onboardedAs(next forward, q *request, id string) *response {
	c := q.anew("again")
	c.put("/provider/provider_id", id+"-again")
	a := next(c)
	a.put("/provider/provider_id", id)
	return a
}

// useUp onboards a provider of no name, so that the next id is used.
func useUp(next forward, q *request) {
	next(q.as("nobody").mayAll().post("/partner-liquidity-providers", `{"provider": {
		"owner_actor": {"type": "partner", "id": "nobody"}, "external_provider_id": "x", "legal_entity_name": "x",
		"trust_contact_email": "a@b", "segment_tier": "S0", "disclosure_text": "x"}}`))
}

// notMovedBy lets get show the updated_at that the provider had before a write of one operation.
func notMovedBy(operation string) func() handle {
	return func() handle {
		before := &notes[string]{}
		return func(next forward, q *request) *response {
			if q.operation == operation {
				before.write(q.provider, text(next(q.get(q.provider)).at("/provider/updated_at")))
			}
			a := next(q)
			if at, ok := before.read(q.provider); ok && q.operation == toGet {
				a.put("/provider/updated_at", at)
			}
			return a
		}
	}
}
