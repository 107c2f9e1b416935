package rest

import (
	"maps"
	"slices"

	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/fakeserver/internal/store"
	"example.com/lpgate/schemas"
)

// Cached reports whether the answer to a POST that reached these rules is cached for its
// idempotency key: from the schema check on, all are.
func Cached(reached []ruletrace.Reached) bool {
	return slices.ContainsFunc(reached, func(r ruletrace.Reached) bool { return r.Rule == rules.RequestMatchesSchema })
}

// Explained returns the explanations of all preconditions of the fake.
func Explained(set *schemas.Set) explain.Rules {
	all := schemaExplained(set)
	for _, part := range []explain.Rules{
		routesExplained, identityExplained, bodyExplained, postExplained, queryExplained,
		store.Explained(), audit.Explained(), rules.Explained(),
	} {
		maps.Copy(all, part)
	}
	return all
}
