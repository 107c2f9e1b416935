package steps

import (
	"strings"
	"testing"
)

func TestNearestSteps(t *testing.T) {
	for _, row := range []struct {
		text string
		want []string
	}{
		{`I calls "healthz"`, []string{`I call "healthz"`}},
		{`I export its audits`, []string{`I export its audit`, `I have exported its audit`, `I upsert its status`}},
		{`I upsert the status`, []string{`I upsert its status`, `I upsert its rollout`, `I repeat the call`}},
		{`I upsert the status with:`, []string{`I upsert its status with:`, `I upsert its rollout with:`, `I repeat the call with:`}},
		{`the answr is 409 CONFLICT because rollout_blocked`, []string{`the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked`, `the answer is 200`, `the answer is 401 UNAUTHORIZED`}},
		{`"/a" has 2 itemz`, []string{`"/a" has 2 items`}},
		{`I note its state:`, []string{`I note its state`, `I upsert its status`}},
		{`"/a" is ture`, []string{`"/a" is true`}},
		{`"/a" is not flase`, []string{`"/a" is not false`}},
		{`"/a" is nul`, []string{`"/a" is null`}},
		{`"/a" is absnt`, []string{`"/a" is absent`}},
		{`"/a" is S1`, []string{`"/a" is "S1"`}},
		{`"a" is true`, []string{`"/a" is true`}},
		{`"a/b" is not "c"`, []string{`"/a/b" is not "c"`}},
		{`"a" is ture`, []string{`"/a" is true`}},
		{`"/a" equals "b"`, []string{`"/a" equals "/b"`}},
		{`I remember "a" as "b"`, []string{`I remember "/a" as "b"`}},
		{`the header "X-A" equals "a"`, []string{`the header "X-A" equals "/a"`}},
		{`nothing of the kind was ever written`, nil},
		{``, nil},
	} {
		t.Run(row.text, func(t *testing.T) {
			if got := Nearest(row.text); strings.Join(got, "\n") != strings.Join(row.want, "\n") {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}
