package lint

import (
	"testing"

	"example.com/lpgate/schemas"
)

func TestNever(t *testing.T) {
	m := newMembers(schemas.Embedded())
	const answer, refusal = "PartnerLiquidityProviderRolloutUpsertResponse", "ErrorResponse"
	for _, row := range []struct {
		pointer, literal string
		other            bool
		of               []string
		want             string
	}{
		{"/rollout/rollout_status", `"paused"`, false, []string{answer, refusal}, ""},
		{"/rollout/rollout_status", `"pausd"`, false, []string{answer, refusal},
			`"/rollout/rollout_status" is never "pausd": by PartnerLiquidityProviderRolloutUpsertResponse it must be one of "active", "paused", "blocked" (did you mean "paused"?)`},
		{"/rollout/rollout_status", `"pausd"`, true, []string{answer, refusal},
			`"/rollout/rollout_status" is something else than "pausd" in every answer: by PartnerLiquidityProviderRolloutUpsertResponse it must be one of "active", "paused", "blocked" (did you mean "paused"?)`},
		{"/rollout/rollout_version", `"1"`, false, []string{answer},
			`"/rollout/rollout_version" is never "1": by PartnerLiquidityProviderRolloutUpsertResponse it must be an integer, not a string (did you mean 1?)`},
		{"/rollout/rollout_version", `1.0`, false, []string{answer}, ""},
		{"/rollout/eligibility_ref", `null`, false, []string{answer}, ""}, // or an object
		{"/rollout/capabilities_hash", `"sha256:{hash}"`, false, []string{answer}, ""},
		{"/rollout/rollout_version", `{version}`, false, []string{answer}, ""},
		{"/rollout/{member}", `1`, false, []string{answer}, ""},
		{"/correlation_id", `7`, false, []string{answer, refusal},
			`"/correlation_id" is never 7: by PartnerLiquidityProviderRolloutUpsertResponse it must be a string, not a number, and by ErrorResponse it must be a string, not a number (did you mean "7"?)`},
		{"/error/details/tier", `"S7"`, false, []string{answer, refusal}, ""}, // other faults may be reported, too
		{"/colour", `1`, false, []string{answer, refusal}, ""},                // reported for the pointer
		{"/x", `1`, false, []string{""}, ""},
		{"/rollout/rollout_version", `absent`, false, []string{answer}, ""},
	} {
		t.Run(row.pointer+" "+row.literal, func(t *testing.T) {
			if got := m.never(row.pointer, row.literal, row.other, row.of...); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}
