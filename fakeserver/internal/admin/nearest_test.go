package admin_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"example.com/lpgate/fakeserver/fakeservertest"
)

// domain are the members of a body, by JSON pointer, and the values that each is tried
// with.
type domain map[string][]any

// bodies are all of a domain, as what each member has.
func (d domain) bodies() []map[string]any {
	all := []map[string]any{{}}
	for _, at := range slices.Sorted(maps.Keys(d)) {
		var more []map[string]any
		for _, body := range all {
			for _, value := range d[at] {
				other := maps.Clone(body)
				other[at] = value
				more = append(more, other)
			}
		}
		all = more
	}
	return all
}

// differ counts the members that two bodies have otherwise.
func differ(a, b map[string]any) (n int) {
	for at := range a {
		if fmt.Sprint(a[at]) != fmt.Sprint(b[at]) {
			n++
		}
	}
	return n
}

// For every request of a domain that gates refuse, all proposed changes together satisfy
// all gates, and no smaller change does: each pair of requests is compared.
func TestNearestChangeIsTheSmallest(t *testing.T) {
	boolean := []any{true, false}
	for _, c := range []struct {
		path, body string
		domain     domain
	}{
		{"/status", statusBody, domain{
			"/status/status": {"pending_review", "active", "restricted", "offboarded"}, "/status/unresolved_critical_violations": {0, 1},
			"/status/trust_safety_baseline_passed": boolean, "/status/reliability_baseline_passed": boolean, "/status/audit_conformance_passed": boolean,
			"/status/reason_codes": {[]string{}, []string{"partner_liquidity_provider_downgrade_required"}},
		}},
		{"/eligibility/evaluate", evalBody, domain{
			"/eligibility/requested_segment_tier": {"S0", "S1", "S2", "S3"}, "/eligibility/unresolved_critical_violations": {0, 1},
			"/eligibility/reliability_baseline_passed": boolean, "/eligibility/consecutive_compliant_windows": {1, 2},
			"/eligibility/capability_family": {"core", "high_risk"}, "/eligibility/remediation_closed": boolean,
		}},
		{"/rollout", rolloutBody, domain{
			"/rollout/rollout_status": {"active", "paused"}, "/rollout/effective_segment_tier": {"S0", "S1", "S2", "S3"},
			"/rollout/capability_matrix/0/enabled": boolean, "/rollout/capability_matrix/1/enabled": boolean, "/rollout/capability_matrix/2/enabled": boolean,
		}},
	} {
		for _, tier := range []string{"S0", "S1", "S2", "S3"} {
			t.Run(c.path[1:]+" of "+tier, func(t *testing.T) {
				f := fakeservertest.StartInMemory(t)
				const world = "w"
				post := func(path, key string, body any) request {
					return request{method: "POST", path: "/partner-liquidity-providers" + path, body: body,
						header: map[string]string{"X-Actor-Type": "partner", "X-Actor-Id": "amber", "X-Auth-Scopes": "settlement:write", "Idempotency-Key": key}}
				}
				n := 0
				// ask sends a body to the provider as it was, and returns the changes
				// that all gates propose.
				ask := func(members map[string]any) (changes []change, decided []string) {
					if err := f.Admin.World(world).Restore(context.Background(), "begin"); err != nil {
						t.Fatal(err)
					}
					body := document(t, c.body)
					if c.path == "/rollout" {
						body = put(body, "/rollout/capability_matrix", document(t, `[{"capability":"a","min_segment_tier":"S1","enabled":true},{"capability":"b","min_segment_tier":"S2","enabled":true},{"capability":"c","min_segment_tier":"S2","enabled":true}]`), false)
						body = put(body, "/rollout/reason_codes", []any{}, false)
					}
					for at, to := range members {
						body = put(body, at, to, false)
					}
					n++
					id, _ := post("/a"+c.path, fmt.Sprint(n), body).send(t, f, world)
					explanation, err := f.Admin.Explain(context.Background(), id)
					if err != nil {
						t.Fatal(err)
					}
					for _, gate := range explanation.Rules {
						for _, to := range gate.Changes {
							if to.Where == "body" {
								changes = append(changes, change{to.Where, to.At, to.To, to.Remove})
							}
						}
					}
					return changes, explanation.DecidedBy
				}
				post("", "begin", put(document(t, onboardBody), "/provider/segment_tier", tier, false)).send(t, f, world)
				if tier == "S1" || tier == "S2" { // the others have no verdict
					post("/a/eligibility/evaluate", "begin", put(document(t, evalBody), "/eligibility/requested_segment_tier", tier, false)).send(t, f, world)
				}
				if _, err := f.Admin.World(world).TakeSnapshot(context.Background(), "begin", false); err != nil {
					t.Fatal(err)
				}
				type refused struct {
					body, changed map[string]any
					changes       []change
				}
				var passing []map[string]any
				var all []refused
				for _, body := range c.domain.bodies() {
					changes, decided := ask(body)
					if len(decided) == 0 {
						passing = append(passing, body)
						continue
					}
					changed := maps.Clone(body)
					for _, to := range changes {
						changed[to.At] = to.To
					}
					all = append(all, refused{body, changed, changes})
				}
				for _, r := range all {
					if _, decided := ask(r.changed); len(decided) > 0 {
						t.Errorf("%v\nchanged by %v, is refused still by %v", r.body, r.changes, decided)
						continue
					}
					changed, least := differ(r.changed, r.body), len(r.body)
					for _, body := range passing {
						least = min(least, differ(r.body, body))
					}
					if changed > least {
						t.Errorf("%v\nis changed by %v, which are %d, and %d are enough", r.body, r.changes, changed, least)
					}
				}
				if len(all) == 0 || len(passing) == 0 {
					t.Errorf("got %d that are refused and %d that pass, want both", len(all), len(passing))
				}
			})
		}
	}
}
