package steps

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	gherkin "github.com/cucumber/gherkin/go/v26"
	messages "github.com/cucumber/messages/go/v21"

	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
)

// dryRun runs lines as the steps of one scenario, and returns the faults as STEP.ROW: message.
func dryRun(t *testing.T, r *DryRun, lines string) []string {
	t.Helper()
	var text strings.Builder
	text.WriteString("Feature: dry\nScenario: run\n")
	for line := range strings.Lines(lines) {
		switch {
		case strings.HasPrefix(line, "|"), strings.HasPrefix(line, `"""`), strings.HasPrefix(line, "`"):
			text.WriteString(strings.ReplaceAll(line, "`", ""))
		default:
			text.WriteString("* " + line)
		}
	}
	ids := (&messages.Incrementing{}).NewId
	document, err := gherkin.ParseGherkinDocument(bytes.NewReader([]byte(text.String())), ids)
	if err != nil {
		t.Fatal(err)
	}
	r.Step(gherkin.Pickles(*document, "dry.feature", ids)[0])
	var faults []string
	for _, fault := range r.Faults {
		faults = append(faults, fmt.Sprintf("%d.%d: %s", fault.Step, fault.Row, fault.Message))
	}
	return faults
}

func TestDryRun(t *testing.T) {
	for _, row := range []struct {
		name, lines string
		want        []string
	}{
		{"what the target would not do is no fault", "I have onboarded a provider\nthe answer is 409 CONFLICT because partner_liquidity_provider_invalid\n" +
			"\"/nowhere\" is 1\nI note its state\nits state is as noted\nthe header \"X\" is \"y\"", nil},
		{"remembered values are defined", "I onboard a provider\nI remember \"/nowhere\" as \"x\"\n\"/a\" is {x}\nI remember the header \"X\" as \"y\"\n\"/a\" is \"{y}\"", nil},
		{"pages and walks", "I have onboarded a provider\nI export its audit\nI ask for the next page with:\n| query limit | 1 |\n" +
			"I walk the export\nthe walk has 9 pages\nthe walk's \"/a\" are [1]\nthe walk verifies\nthe page verifies", nil},
		{"calls at once", "I call \"healthz\" 3 times at once\nexactly 2 answers are replays\nevery answer is byte for byte the same", nil},
		{"bodies", "I call \"partnerLiquidityProvider.onboard\" with the body:\n\"\"\"\n`{}\n\"\"\"\nthe answer is 200\nI repeat the call", nil},

		{"undefined", "I nod\nthe answer is 200", []string{"0.0: undefined step: I nod"}},
		{"a table too many", "I onboard a provider\n| /a | 1 |", []string{`0.0: "I onboard a provider" takes no table and no text: with either it ends with a colon`}},
		{"several rows", "I onboard a provider with:\n| /a/b | 1 |\n| /recorded_at | \"2031-03-01T09:00:00Z\" |\n| hedder X | 1 |\n| /a | b |", []string{
			"0.3: cannot change \"hedder X\": expected a JSON Pointer, \"header X\", \"query x\" or \"path x\" (did you mean \"header X\"?)",
			"0.1: there is no value at \"/a\" to change", "0.4: invalid JSON b: strings need quotes"}},
		{"rows of fields", "I onboard a provider\nthe fields are:\n| /a | 1 |\n| /b | c |\n| d | 1 |", []string{
			"1.2: invalid JSON c: invalid character 'c' looking for beginning of value", "1.3: invalid JSON Pointer \"d\": it begins with /, and ~ is written ~0 or ~1 (did you mean \"/d\"?)"}},
		{"names", "I call \"healtz\"\nI call \"healthz\" with fixture \"nobody\"\nI hold the partner key \"ambr\"", []string{
			`0.0: M109 has no operation "healtz" (did you mean "healthz"?)`, "1.0: there is no fixture requests/nobody.json",
			`2.0: there is no partner key "ambr" in keys/partner-keys.json (did you mean "amber"?)`}},
		{"a fault that follows from another is not reported", "I onboard a providr\nI get the provider\nits state is as noted", []string{
			"0.0: undefined step: I onboard a providr (did you mean: I onboard a provider; or: I have onboarded a provider?)",
			"2.0: there is no noted state: the step I note its state comes first"}},
		{"nothing was called", "the answer is 200\n\"/a\" is present", []string{"0.0: there is no answer yet: no step has made a call"}},
		{"an unknown variable", "I onboard a provider\n\"/a\" matches \"^{x}$\"\nthere is a violation of \"type\" at \"/{y}\"", []string{
			"1.0: there is no variable {x} yet", "2.0: there is no variable {y} yet"}},
		{"a name that cannot be", "I onboard a provider\nI remember \"/a\" as \"me\"", []string{"1.0: {me} is predefined: choose another name"}},
		{"a number beyond all", "I call \"healthz\" 1 times at once", []string{"0.0: 1 at once: expected 2 or more"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := dryRun(t, NewDryRun(milestones.M109(), fixtures.FS), row.lines)
			if strings.Join(got, "\n") != strings.Join(row.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(row.want, "\n"))
			}
		})
	}
}

func TestDryRunRecordsUses(t *testing.T) {
	r := NewDryRun(milestones.M109(), fstest.MapFS{
		"requests/partnerLiquidityProvider.onboard.json": {Data: []byte(`{"me": "{me}"}`)},
		"requests/small.json":                            {Data: []byte(`{"provider": {provider}}`)},
		"requests/other.json":                            {Data: []byte(`{nobody}`)},
	})
	if got := dryRun(t, r, "I onboard a provider\nI call \"partnerLiquidityProvider.onboard\" with fixture \"small\"\nI call \"healthz\""); got != nil {
		t.Errorf("got %q", got)
	}
	if len(r.Called) != 2 || !r.Called["partnerLiquidityProvider.onboard"] || !r.Called["healthz"] {
		t.Errorf("called %v", r.Called)
	}
	if !r.Opened["requests/small.json"] || r.Opened["requests/other.json"] {
		t.Errorf("opened %v", r.Opened)
	}
	names, paths := r.Requests()
	if strings.Join(names, " ") != "other partnerLiquidityProvider.onboard small" || paths[2] != "requests/small.json" {
		t.Errorf("names %q, paths %q", names, paths)
	}
	if body, err := r.Body("small"); err != nil || string(body) != `{"provider": "plp_000001"}` {
		t.Errorf("got %s, %v", body, err)
	}
	if _, err := r.Body("other"); err == nil || r.Opened["requests/other.json"] {
		t.Errorf("got %v, opened %v", err, r.Opened)
	}
}

// A scenario ends at the step that opens an unfit fixture; earlier faults are kept.
func TestDryRunEndsAtAnUnfitFixture(t *testing.T) {
	r := NewDryRun(milestones.M109(), fstest.MapFS{"requests/small.json": {Data: []byte(`{;`)}})
	r.Unfit = map[string]bool{"requests/small.json": true, "requests/partnerLiquidityProvider.onboard.json": true}
	for _, row := range []struct{ lines, want, waiting string }{
		{"I nod\nI call \"healthz\"\nthe answer is 200", "0.0: undefined step: I nod", ""},
		{"I nod\nI call \"partnerLiquidityProvider.onboard\" with fixture \"small\" and:\n| /a | b |\nI nod", "0.0: undefined step: I nod", "requests/small.json"},
		{"I onboard a provider\nI nod", "", "requests/partnerLiquidityProvider.onboard.json"},
	} {
		clear(r.Waiting)
		got := strings.Join(dryRun(t, r, row.lines), "\n")
		if got != row.want || len(r.Waiting) != min(1, len(row.waiting)) || row.waiting != "" && !r.Waiting[row.waiting] {
			t.Errorf("%s\ngot %s, waiting for %v\nwant %s, waiting for %s", row.lines, got, r.Waiting, row.want, row.waiting)
		}
	}
}
