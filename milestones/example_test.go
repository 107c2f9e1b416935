package milestones_test

import (
	"fmt"
	"os"
	"strings"

	"example.com/lpgate/milestones"
)

// m109With is M109.yaml with lines added below the first line that reads so.
func m109With(line, added string) []byte {
	text, err := os.ReadFile("M109.yaml")
	if err != nil {
		panic(err)
	}
	return []byte(strings.Replace(string(text), "\n"+line+"\n", "\n"+line+"\n"+added, 1))
}

// A rule has an id and a description. It is defined as soon as it is in the file.
func Example_addRule() {
	text := m109With("rules:", `
  - id: status-note-is-kept
    kind: invariant
    feature: status.feature
    section: "7"
    description: The note of an upsert is in its audit entry.
    operations: [partnerLiquidityProvider.status.upsert, partnerLiquidityProvider.rollout.export]
`)
	m, err := milestones.Parse("M109.yaml", text)
	if err != nil {
		fmt.Println(err)
		return
	}
	rule := m.Rules[0]
	fmt.Printf("@%s is of kind %s, in %s\n", rule.ID, rule.Kind, rule.Feature)
	fmt.Println(rule.Description)
	// Output:
	// @status-note-is-kept is of kind invariant, in status.feature
	// The note of an upsert is in its audit entry.
}

// An outcome is described once, under refusals, and named by each operation that gives it.
func Example_addOutcome() {
	text := m109With("refusals:", `
  provider_is_frozen:
    status: 409
    code: CONFLICT
    reason_code: partner_liquidity_provider_eligibility_failed
    details: [provider_id]
`)
	named := strings.Replace(string(text), "      - downgrade_required\n", "      - downgrade_required\n      - provider_is_frozen\n", 1)
	m, err := milestones.Parse("M109.yaml", []byte(named))
	if err != nil {
		fmt.Println(err)
		return
	}
	upsert, _ := m.Operation("partnerLiquidityProvider.status.upsert")
	cells := upsert.CoverageItems()
	fmt.Println("a run must observe:", cells[len(cells)-1])
	// Output:
	// a run must observe: {provider_is_frozen partner_liquidity_provider_eligibility_failed}
}

// All problems of a file are reported at once, each with its line and, where one is near, the right word.
func ExampleParse() {
	text := m109With("rules:", `  - id: status-note-is-kept
    kind: invariant
    feature: state.feature
    section: 7
    description: The note of an upsert is in its audit entry.
    operation: [status.upsert]
`)
	_, err := milestones.Parse("M109.yaml", text)
	for problem := range strings.Lines(err.Error()) {
		_, message, _ := strings.Cut(problem, ": ")
		fmt.Print(message)
	}
	// Output:
	// unknown feature "state.feature" (did you mean "status.feature"?)
	// /rules/0/section must be text, got 7 (put it in quotes)
	// unknown key "operation" (did you mean "operations"?)
}
