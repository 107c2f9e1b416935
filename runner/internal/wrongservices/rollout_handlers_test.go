//go:build !race

package wrongservices

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// openingRollout lets pass what blocks an active rollout.
func openingRollout(opens func(q *request, view *response) bool) func() handle {
	return replacing(toRollout, func(next forward, q *request) *response {
		a := next(q)
		if a.code() == "CONFLICT" && opens(q, next(q.get(q.provider))) {
			return rolloutRecorded(next, q)
		}
		return a
	})
}

// rolloutRecorded records a rollout as paused, which nothing blocks, and returns it as the active one of the request.
func rolloutRecorded(next forward, q *request) *response {
	c := q.anew("recorded")
	c.put("/rollout/rollout_status", "paused")
	a := next(c)
	a.put("/rollout/rollout_status", q.at("/rollout/rollout_status"))
	a.changeList("/rollout/reason_codes", without(reasonBlocked))
	return a
}

// blocking refuses rollouts that nothing blocks.
func blocking(blocks func(q *request, view *response) bool) func() handle {
	return replacing(toRollout, func(next forward, q *request) *response {
		if !blocks(q, next(q.get(q.provider))) {
			return next(q)
		}
		return refusal(q, http.StatusConflict, "CONFLICT", reasonBlocked, map[string]any{
			"provider_id": q.provider, "reason_codes": []string{reasonBlocked},
		})
	})
}

// climb is how many tiers a rollout is above the provider's.
func climb(q *request, view *response) int {
	return rank(q.at("/rollout/effective_segment_tier")) - rank(view.at("/provider/segment_tier"))
}

// onceEach removes duplicate rows from the request.
func onceEach(q *request) *request {
	c := q.copy()
	seen := map[string]bool{}
	var rows []any
	for _, row := range list(c.at("/rollout/capability_matrix")) {
		pair := fmt.Sprint(child(row, "capability"), child(row, "min_segment_tier"))
		if !seen[pair] {
			rows = append(rows, row)
		}
		seen[pair] = true
	}
	if len(rows) > 0 {
		c.put("/rollout/capability_matrix", rows)
	}
	return c
}

// changeRows changes the rows of a policy, and hashes them again.
func (a *response) changeRows(change func(rows []any)) {
	rows := list(a.at("/rollout/capability_matrix"))
	if len(rows) == 0 {
		return
	}
	change(rows)
	a.put("/rollout/capability_matrix", rows)
	a.put("/rollout/capabilities_hash", "sha256:"+hashOf(rows))
}

// asRequested puts rows into the order of the request.
func asRequested(q *request, rows []any) {
	place := map[string]int{}
	for i, row := range list(q.at("/rollout/capability_matrix")) {
		place[fmt.Sprint(child(row, "capability"), child(row, "min_segment_tier"))] = i
	}
	slices.SortFunc(rows, func(x, y any) int {
		return place[fmt.Sprint(child(x, "capability"), child(x, "min_segment_tier"))] -
			place[fmt.Sprint(child(y, "capability"), child(y, "min_segment_tier"))]
	})
}

// changeVersion changes the version of the rollout wherever an answer has it.
func (a *response) changeVersion(change func(version int) int) {
	for _, policy := range []string{"/rollout", "/provider/rollout", "/provider/rollout_policy_ref"} {
		if at := policy + "/rollout_version"; a.has(at) {
			a.put(at, json.Number(strconv.Itoa(change(number(a.at(at))))))
		}
	}
}

// leaving lets get show a member of the provider as it was before a rollout of that status.
func leaving(member, status string) func() handle {
	return func() handle {
		before := &notes[any]{}
		return func(next forward, q *request) *response {
			if q.operation == toRollout {
				before.write(q.provider, next(q.get(q.provider)).at("/provider/"+member))
			}
			a := next(q)
			if was, ok := before.read(q.provider); ok && q.operation == toGet && a.at("/provider/rollout/rollout_status") == status {
				a.put("/provider/"+member, was)
			}
			return a
		}
	}
}
