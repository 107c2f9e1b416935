package lint

import (
	"bytes"
	"regexp"
	"testing"

	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/schemas"
)

// The project itself has no problems. The scripts of the command test what is found elsewhere.
func TestThisProject(t *testing.T) {
	for file, want := range map[string]string{
		"../../../milestones/M109.yaml":                  `^M109: nothing is wrong with [0-9]+ rules, 8 operations, 9 features, [0-9]+ scenarios and 4 requests\n`,
		"../../testdata/registration/milestones/R1.yaml": `^R1: nothing is wrong with .* and 1 request\n`,
		"../../../milestones/M110.yaml":                  `^\.\./\.\./\.\./milestones/M110.yaml: reading the milestone .*\n1 problem; features were not checked, because the milestone is invalid\n$`,
	} {
		t.Run(file, func(t *testing.T) {
			place, err := project.Locate(file)
			if err != nil {
				t.Fatal(err)
			}
			var page bytes.Buffer
			Check(place).Write(&page)
			if !regexp.MustCompile(want).Match(page.Bytes()) {
				t.Errorf("got\n%swant %s", page.Bytes(), want)
			}
		})
	}
}

func TestNearestMember(t *testing.T) {
	m := newMembers(schemas.Embedded())
	const request, answer, refusal = "PartnerLiquidityProviderRolloutUpsertRequest", "PartnerLiquidityProviderRolloutUpsertResponse", "ErrorResponse"
	for _, row := range []struct {
		pointer string
		of      []string
		want    string
	}{
		{"/rollout/rollout_status", []string{request}, ""},
		{"/rollout/rollout_staus", []string{request}, "/rollout/rollout_status"},
		{"/rollout/capability_matrix/0/enabld", []string{request}, "/rollout/capability_matrix/0/enabled"},
		{"/rollout/capability_matrix/-", []string{request}, ""},
		{"/rollout/colour", []string{request}, ""},
		{"/rollout/rollout_status/x/y", []string{request}, ""},
		{"/rollout/rollout_versio", []string{answer, refusal}, "/rollout/rollout_version"},
		{"/error/details/resaon_code", []string{answer, refusal}, ""}, // other faults may be reported, too
		{"/error/cod", []string{answer, refusal}, "/error/code"},
		{"", []string{answer}, ""},
		{"/x", []string{""}, ""},
	} {
		t.Run(row.pointer, func(t *testing.T) {
			if got, _ := m.unknown(row.pointer, row.of...); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}
