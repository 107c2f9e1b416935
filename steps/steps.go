// Package steps has the step definitions: every step that a scenario may use, what it does, and an example of it. A run
// gives it the base URL of a service and the operations of a milestone; it imports nothing of the service.
//
// # A scenario
//
//	Scenario: A rollout needs an allow verdict
//	  Given I have onboarded a provider
//	  And I note its state
//	  When I upsert its rollout with:
//	    | /rollout/rollout_status | "active" |
//	  Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
//	  And its state is as noted
//
// Each operation has a default request, so that a scenario contains only what matters to it. The body is the fixture
// requests/<operation id>.json, the path is that of what was made last, such as the provider onboarded last, the caller
// is the scenario's own partner with all scopes, and a POST has a new idempotency key. A new operation in the milestone
// can be called as soon as its fixture exists, without new Go code. The same is true of another milestone: all steps work
// for the operations of any milestone, except those that name a provider, its state or its export, which are about the
// operations of M109.
//
// # Tables
//
// A table after a call changes the default request. It has two columns and no header row:
//
//	| /provider/segment_tier | "S2"       |   a JSON Pointer into the body, and the JSON to put there
//	| /status/reason_codes/- | "late"     |   one more item of a list
//	| header X-Now-Iso       | 2026-02-23 |   a header; a second row for it sends it twice
//	| query limit            | 2          |   a value of the query; likewise
//	| path provider_id       | a/b        |   a part of the path, percent-encoded when it is sent
//	| /recorded_at           | absent     |   no value, whether there was one or not
//
// A table after “the fields are:” has pointers into the answer, and the expected JSON, or absent.
//
// # Variables
//
// {name} is replaced by a value in quoted arguments, tables, texts and fixtures. Every scenario has {me} and {stranger}, the
// ids of two callers of its own, and {unique}, a text of its own. If the milestone declares that an operation makes something,
// its id is a variable after a success: {provider} is the provider that was onboarded last. “I remember … as "name"” sets
// others. Where JSON is expected, a variable outside quotes is replaced by the whole value, so
// `| /export/entries/0/details | {evaluation} |` compares objects; inside quotes it is replaced by text.
//
// # Errors
//
// A step fails with a [*Mismatch] when the service broke a rule, with an [*InvalidStep] when the scenario's own text is
// invalid, and with an [*Unreachable] when there was no answer. Any other error is a fault of the program or of its
// configuration.
//
// # A new step definition
//
// Add a row to table.go, and its handler to the file of its topic. Look for an existing step first: features stay
// readable with few of them. No text may match two patterns; a test matches every example with every pattern.
package steps

import (
	"context"
	"io/fs"
	"net/http"
	"strings"

	messages "github.com/cucumber/messages/go/v21"

	"example.com/lpgate/milestones"
)

// Config is what the steps need of a run.
type Config struct {
	// Milestone has the operations that can be called.
	Milestone *milestones.Milestone
	// Fixtures has the folders requests and keys.
	Fixtures fs.FS
	// Client sends every request. Redirects, cookies and time limits are its own.
	Client *http.Client
	// Target returns the base URL for a scenario that needs these capabilities (its @needs:… tags). It is called
	// once for each scenario that sends something.
	Target func(ctx context.Context, needs []string) (baseURL string, err error)
	// KeyMode is set for a service that reads partner keys and no actor headers. All scenarios use keys then.
	KeyMode bool
	// PartnerKeys are the keys of the service; nil for those of the fixture keys/partner-keys.json.
	PartnerKeys []PartnerKey
	// RunID makes the ids of one run differ from those of another against the same service.
	RunID string
}

// CheckArgument returns an error for a step with a table or text that it does not take, or without the one that it takes.
// godog passes a handler only what it has parameters for, and ignores the rest.
func CheckArgument(step *messages.PickleStep) error {
	switch takes := strings.HasSuffix(step.Text, ":"); {
	case takes && step.Argument == nil:
		return invalidStep("%q ends with a colon, and nothing follows", step.Text)
	case !takes && step.Argument != nil:
		return invalidStep("%q takes no table and no text: with either it ends with a colon", step.Text)
	}
	return nil
}
