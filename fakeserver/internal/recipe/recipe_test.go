package recipe

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/lpgate/milestones"
)

func TestEveryOutcomeHasARecipe(t *testing.T) {
	m := milestones.M109()
	plain := map[string]int{}
	for _, r := range All() {
		if r.Variant == "" {
			plain[r.Operation.ID+" "+r.Outcome.Name+" "+r.ReasonCode]++
		}
	}
	for _, op := range append(slices.Clone(m.Operations), m.Router) {
		for _, cell := range op.CoverageItems() {
			key := op.ID + " " + cell.Outcome + " " + cell.ReasonCode
			if plain[key] != 1 {
				t.Errorf("%d recipes for %s, want 1", plain[key], key)
			}
			delete(plain, key)
		}
	}
	for key := range plain {
		t.Errorf("a recipe for %s, which the milestone does not have", key)
	}
}

func TestListedCodesContainTheReasonCode(t *testing.T) {
	for _, r := range All() {
		if code := r.ReasonCode; code != "" && r.Outcome.ReasonCodesAt != "" && !slices.Contains(r.ListedCodes, code) {
			t.Errorf("%s lists %s, without %s", r.Name(), inBrackets(r.ListedCodes), code)
		}
	}
}

func TestFind(t *testing.T) {
	for _, test := range []struct{ name, first, others, err string }{
		{"payload_too_large", "partnerLiquidityProvider.onboard/payload_too_large", "partnerLiquidityProvider.status.upsert/payload_too_large", ""},
		{"PAYLOAD_TOO_LARGE", "partnerLiquidityProvider.onboard/payload_too_large", "partnerLiquidityProvider.status.upsert/payload_too_large", ""},
		{"rollout_blocked", "partnerLiquidityProvider.rollout.upsert/rollout_blocked", "partnerLiquidityProvider.rollout.upsert/rollout_blocked/downgrade_required", ""},
		{"partner_liquidity_provider_rollout_blocked", "partnerLiquidityProvider.rollout.upsert/rollout_blocked", "partnerLiquidityProvider.rollout.upsert/success/rollout_blocked", ""},
		{"partner_liquidity_provider_eligibility_failed", "partnerLiquidityProvider.eligibility.evaluate/success/eligibility_failed", "", ""},
		{"eligibility_failed", "partnerLiquidityProvider.eligibility.evaluate/success/eligibility_failed", "", ""},
		{"onboard/success/replayed", "partnerLiquidityProvider.onboard/success/replayed", "", ""},
		{"rollout.upsert/success", "partnerLiquidityProvider.rollout.upsert/success", "partnerLiquidityProvider.rollout.upsert/success/rollout_blocked", ""},
		{"replayed", "partnerLiquidityProvider.onboard/success/replayed", "", ""},
		{"rollout.upsert/success", "partnerLiquidityProvider.rollout.upsert/success", "partnerLiquidityProvider.rollout.upsert/success/rollout_blocked", ""},
		{"route_not_found", "unrouted/route_not_found", "", ""},
		{"rollout_bloked", "", "", `unknown recipe "rollout_bloked" (did you mean rollout_blocked?)`},
		{"", "", "", `unknown recipe ""`},
		{"nonsense", "", "", `unknown recipe "nonsense": run the command without a name to list all`},
		{"healthz", "healthz/success", "", ""},
		{"status.upsert/succes", "", "", `unknown recipe "status.upsert/succes" (did you mean status.upsert/success?)`},
		{"upsrt/downgrade_required", "", "", `(did you mean upsert/downgrade_required?)`},
		{"bloked", "", "", `unknown recipe "bloked": there are partner_liquidity_provider_rollout_blocked, rollout_blocked`},
		{"404", "", "", `unknown recipe "404": there are partnerLiquidityProvider.get/provider_not_found, partnerLiquidityProvider.status.upsert/provider_not_found,`},
		{"rollout", "", "", `13 more: run the command without a name to list all`},
		{"get", "", "", `unknown recipe "get": there are partnerLiquidityProvider.get/success,`},
		{"get/success", "", "", `"get/success" is ambiguous: write partnerLiquidityProvider.get/success or keys.policy-integrity-signing.get/success`},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, err := All().Find(test.name)
			var names []string
			for _, r := range found {
				names = append(names, r.Name())
			}
			if got := fmt.Sprint(err); !strings.Contains(got, cmp.Or(test.err, "<nil>")) {
				t.Fatalf("got %v, want %s", err, test.err)
			}
			if test.err != "" {
				return
			}
			if names[0] != test.first || test.others != "" && !slices.Contains(names[1:], test.others) || test.others == "" && len(names) > 1 {
				t.Errorf("got %q, want %s first, and %q among the others", names, test.first, test.others)
			}
		})
	}
	for _, r := range All() {
		found, err := All().Find(r.Name())
		if err != nil || found[0] != r {
			t.Errorf("%s does not find itself first: %v", r.Name(), err)
		}
	}
}

func TestReadErrors(t *testing.T) {
	const before = "recipes:\n  - operation: healthz\n    outcome: success\n    steps:\n      - operation: partnerLiquidityProvider.onboard\n"
	const after = "      - operation: healthz\n"
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "x.yaml:1: the document is empty"},
		{"no list", "recipes: 1", "x.yaml:1: /recipes must be a list, got 1"},
		{"a key", "recipies: []", `x.yaml:1: unknown key "recipies" (did you mean "recipes"?)`},
		{"a key of a recipe", "recipes:\n  - operation: healthz\n    outcom: success\n    steps: []", `x.yaml:3: unknown key "outcom" (did you mean "outcome"?)`},
		{"an operation", "recipes:\n  - operation: health\n    outcome: success\n    steps: [{operation: healthz}]", `x.yaml:2: unknown operation "health" (did you mean healthz?)`},
		{"an outcome", "recipes:\n  - operation: healthz\n    outcome: sucess\n    steps: [{operation: healthz}]", `x.yaml:3: unknown outcome "sucess" of healthz (did you mean success?)`},
		{"a reason code", "recipes:\n  - operation: partnerLiquidityProvider.get\n    outcome: provider_not_found\n    reason_code: partner_liquidity_provider_not_fond\n    steps: [{operation: partnerLiquidityProvider.get}]",
			`x.yaml:4: the outcome provider_not_found of partnerLiquidityProvider.get has no reason code "partner_liquidity_provider_not_fond" (did you mean partner_liquidity_provider_not_found?)`},
		{"no step", "recipes:\n  - operation: healthz\n    outcome: success\n    steps: []", "x.yaml:4: /recipes/0/steps must not be empty"},
		{"another last step", before, "x.yaml:4: the operation of the last step is partnerLiquidityProvider.onboard, but that of the recipe is healthz"},
		{"a key twice", before + "        body: x\n        body: y\n" + after, `x.yaml:7: key "body" is set twice (first on line 6)`},
		{"a member", before + "        set: {/provder/x: 1}\n" + after, "x.yaml:6: there is no value at /provder (did you mean provider?)"},
		{"a member of a text", before + "        set: {/provider/segment_tier/x: 1}\n" + after, "x.yaml:6: /provider/segment_tier is not an object"},
		{"no pointer", before + "        set: {provider: 1}\n" + after, `x.yaml:6: "provider" is not a JSON Pointer of a member`},
		{"a header to take away", before + "        headers: {X-Actor-Typ: null}\n" + after, `x.yaml:6: cannot remove "X-Actor-Typ", which the step does not have (did you mean X-Actor-Type?)`},
		{"a value", before + "        headers: {X-Actor-Id: \"{rum}\"}\n" + after, "x.yaml:5: unknown placeholder {rum} (did you mean run?)"},
		{"spaces", before + "        spaces: many\n" + after, `x.yaml:6: /recipes/0/steps/0/spaces must be a whole number, got "many"`},
		{"no route", "recipes:\n  - operation: unrouted\n    outcome: route_not_found\n    steps:\n      - operation: unrouted", "x.yaml:5: a step of unrouted needs method and path"},
		{"no step's operation", "recipes:\n  - operation: healthz\n    outcome: success\n    steps:\n      - body: x", `x.yaml:5: /recipes/0/steps/0 lacks "operation"`},
		{"two alike", before + after + strings.TrimPrefix(before, "recipes:\n") + after, "x.yaml:7: duplicate recipe healthz/success (first on line 2)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Read(milestones.M109(), "x.yaml", []byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
