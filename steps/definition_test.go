package steps

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCalls(t *testing.T) {
	route := func(method, target string) string { return method + " " + target }
	for text, want := range map[string][]string{
		"I onboard a provider with:":                       {onboard},
		"I have upserted its status 49 times":              {status},
		"I evaluate its eligibility":                       {evaluate},
		"I have evaluated its eligibility with:":           {evaluate},
		"I upsert its rollout":                             {rollout},
		"I have exported its audit":                        {export},
		"I ask for the next page with:":                    {export},
		"its state is as noted":                            {get, export},
		"the walk verifies":                                {keys},
		`I call "healthz" 8 times at once`:                 {"healthz"},
		`I have called "healthz" with:`:                    {"healthz"},
		`I send "GET" to "/partner-liquidity-providers/%"`: {"GET /partner-liquidity-providers/%"},
		"I repeat the call":                                nil,
		`my scopes are "settlement:read"`:                  nil,
	} {
		if diff := cmp.Diff(want, Calls(text, route)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
