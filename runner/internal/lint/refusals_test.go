package lint

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/steps"
)

// Each row is what follows the call of a @refuses scenario, and whether a refusal is asserted by it.
func TestAssertedRefusals(t *testing.T) {
	const evaluate, rollout, status, get = "I evaluate its eligibility", "I upsert its rollout", "I upsert its status", "I get the provider"
	const list = "/eligibility/reason_codes"
	m := milestones.M109()
	place, err := project.Locate("../../../milestones/M109.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range []struct {
		call string
		then []string
		want string // "" for asserted, else the beginning of what is missing
	}{
		{evaluate, []string{`"` + list + `" is ["partner_liquidity_provider_eligibility_failed"]`}, ""},
		{evaluate, []string{`"` + list + `" is []`}, "asserts no refusal"},
		{evaluate, []string{`"` + list + `" is not []`}, ""},
		{evaluate, []string{`"` + list + `" is not ["x"]`}, "asserts no refusal"},
		{evaluate, []string{`"` + list + `" has 2 items`}, ""},
		{evaluate, []string{`"` + list + `" has 0 items`}, "asserts no refusal"},
		{evaluate, []string{`"` + list + `" is present`}, "asserts no refusal"},
		{evaluate, []string{`"` + list + `" is absent`}, "asserts no refusal"},
		{evaluate, []string{`"` + list + `/0" is "partner_liquidity_provider_eligibility_failed"`}, ""},
		{evaluate, []string{`"` + list + `/0" is present`}, ""},
		{evaluate, []string{`"` + list + `/0" is absent`}, "asserts no refusal"},
		{evaluate, []string{`"/eligibility/verdict" is "deny"`}, "asserts no refusal"},
		{evaluate, []string{"the fields are:", `| ` + list + ` | ["partner_liquidity_provider_eligibility_failed"] |`}, ""},
		{evaluate, []string{"the fields are:", `| ` + list + ` | [] |`, `| /zzz | absent |`}, "asserts no refusal"},
		{evaluate, []string{"the fields are:", `| ` + list + `/1 | absent |`}, "asserts no refusal"},
		{evaluate, []string{"the answer is 200"}, "asserts no refusal"},
		{evaluate, []string{"the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid"}, ""},
		{evaluate, []string{"the answer is 404"}, ""},
		{evaluate, []string{"the answer is 405"}, "asserts no refusal"}, // never answered by the operation
		{evaluate, []string{`"/zzz" is absent`}, "asserts no refusal"},
		{evaluate, nil, "asserts no refusal"},
		{evaluate, []string{"the answer is 404", get, "the answer is 200"}, ""}, // the rule is not about get
		{evaluate, []string{"the answer is 404", evaluate, "the answer is 200"}, "asserts no refusal"},
		{evaluate, []string{"the answer is 200", evaluate, "the answer is 404"}, ""},
		{evaluate, []string{get, "the answer is 404 NOT_FOUND because partner_liquidity_provider_not_found"}, "asserts no refusal"},
		{evaluate, []string{"I repeat the call", "the answer is 404"}, ""},
		{evaluate, []string{"the answer is 404", "I repeat the call", `the header "Idempotent-Replayed" is "true"`}, "asserts no refusal"},
		{evaluate, []string{"the answer is 404", "I note its state", "its state is as noted"}, ""},
		{status, []string{"the answer is 409 CONFLICT because partner_liquidity_provider_downgrade_required"}, "calls none of the rule's operations: "},
		{rollout, []string{`"/rollout/reason_codes/0" is "partner_liquidity_provider_rollout_blocked"`}, "calls none of the rule's operations: "},
		{`I send "GET" to "/nowhere"`, []string{"the answer is 404"}, "calls none of the rule's operations: "},
		{`I send "POST" to "/partner-liquidity-providers/x/eligibility/evaluate"`, []string{"the answer is 404"}, ""},
	} {
		t.Run(fmt.Sprintf("%d %s %s", i, row.call, strings.Join(row.then, " ")), func(t *testing.T) {
			var text strings.Builder
			text.WriteString("Feature: e\n@eligibility-needs-baselines @refuses\nScenario: s\nGiven I have onboarded a provider\n* " + row.call + "\n")
			for _, step := range row.then {
				if !strings.HasPrefix(step, "|") {
					step = "* " + step
				}
				text.WriteString(step + "\n")
			}
			p, _ := // the error is about the other features, which are not there
				plan.Load(m, fstest.MapFS{"eligibility.feature": {Data: []byte(text.String())}})
			if p == nil || len(p.Scenarios) != 1 {
				t.Fatalf("no plan of\n%s", text.String())
			}
			dry := steps.NewDryRun(m, place.Fixtures())
			dry.Step(p.Scenarios[0].Pickle)
			got := newRefusals(m).missing(&p.Scenarios[0], dry)
			got = strings.TrimPrefix(got, "@eligibility-needs-baselines @refuses ")
			if got == "" != (row.want == "") || !strings.HasPrefix(got, row.want) {
				t.Errorf("got %q, want %q; faults %v", got, row.want, dry.Faults)
			}
		})
	}
}
