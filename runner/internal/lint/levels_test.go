package lint

import (
	"strings"
	"testing"
	"testing/fstest"

	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/steps"
)

// TestOverstated plays one scenario of a core rule with each assertion, without the tag @full and with it.
func TestOverstated(t *testing.T) {
	m := milestones.M109()
	for _, row := range []struct {
		step, want string // want is the beginning; "" when core requires the assertion
	}{
		{`"/provider/status" is "active"`, ""},
		{`"/error/details/reason_code" is "x"`, ""},
		{`"/correlation_id" is "x"`, "/correlation_id is not required at level core: tag the scenario @full, or move the assertion"},
		{`"/error/message" is present`, "/error/message is not required"},
		{`"/error/details/violations" has 1 item`, "/error/details/violations is not required"},
		{"the fields are:\n      | /provider/status | \"active\" |\n      | /error/details/provider_id | \"x\" |", "row 2: /error/details/provider_id is not required"},
		{"the fields are:\n      | /provider/created_at | \"2026-02-22T16:00:00.000Z\" |", "row 1: the form of a time is not required"},
		{"the times are:\n      | /provider/created_at | 2026-02-22T16:00:00.000Z |", ""},
		{`"/provider/created_at" is "2026-02-22T16:00:00.000Z"`, "this assertion is not required"},
		{`"/provider/created_at" is the time "2026-02-22T16:00:00Z"`, ""},
		{`there is a violation of "type" at "/provider"`, "this assertion is not required"},
		{`the header "x-correlation-id" is "x"`, "the header X-Correlation-Id is not required"},
		{`the header "Idempotent-Replayed" is absent`, "the header Idempotent-Replayed is not required"},
		{`the header "Content-Type" matches "json"`, "the header Content-Type is not required"},
		{`the answer is 401 UNAUTHORIZED`, ""},
		{`the answer is 401 UNAUTHORIZED without a reason code`, "this assertion is not required"},
		{`the answer is 413 PAYLOAD_TOO_LARGE`, "the outcome 413 PAYLOAD_TOO_LARGE is not required"},
		{`the answer is 405`, "the outcome 405 is not required"},
		{`the answer is 404`, "the outcome 404 is not required"}, // of onboard it is the router's
		{`the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid`, ""},
	} {
		for _, tag := range []string{"", " @full"} {
			t.Run(row.step+tag, func(t *testing.T) {
				feature := "Feature: f\n  @request-matches-schema @refuses" + tag + "\n  Scenario: s\n    When I onboard a provider\n    Then " + row.step + "\n"
				scenario := scenarioOf(t, m, feature)
				dry := steps.NewDryRun(m, fixtures.FS)
				dry.Step(scenario.Pickle)
				var got []string
				for _, fault := range overstated(m, scenario, dry) {
					message := fault.Message
					if fault.Row > 0 {
						message = "row " + string(rune('0'+fault.Row)) + ": " + message
					}
					got = append(got, message)
				}
				switch {
				case row.want == "" || tag != "":
					if len(got) > 0 {
						t.Errorf("got %q, want nothing", got)
					}
				case len(got) != 1 || !strings.HasPrefix(got[0], row.want):
					t.Errorf("got %q, want %q", got, row.want)
				}
			})
		}
	}
}

// scenarioOf plans a feature with one scenario of a rule in transport.feature.
func scenarioOf(t *testing.T, m *milestones.Milestone, feature string) *plan.Scenario {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range m.Features {
		files[name] = &fstest.MapFile{Data: []byte("Feature: f\n  Scenario: none\n    Then nothing\n")}
	}
	files["transport.feature"] = &fstest.MapFile{Data: []byte(feature)}
	p, _ := plan.Load(m, files) // the other features have no rules
	for i := range p.Scenarios {
		if p.Scenarios[i].URI == "features/transport.feature" {
			return &p.Scenarios[i]
		}
	}
	t.Fatal("the scenario was not planned")
	return nil
}

// TestBeyondRows holds that each row of the table is about one thing.
func TestBeyondRows(t *testing.T) {
	for i, b := range beyond {
		n := 0
		if b.step != nil {
			n++
		}
		if b.pointer != nil {
			n++
		}
		if b.header != nil {
			n++
		}
		if n != 1 {
			t.Errorf("row %d has %d of a step, a pointer and a header, want one", i, n)
		}
	}
}
