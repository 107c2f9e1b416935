// Package features holds the promise in sentences: every rule of a milestone as scenarios, one file per topic.
//
// A scenario is tagged with the one rule that it proves, and, when the rule is a gate, with the side of it that it
// shows:
//
//	@rollout-needs-allow-verdict @refuses
//	Scenario: An active rollout is blocked while nothing was evaluated
//
// @refuses and @permits may stand on an Examples block as well. @needs:<capability> says what the target must have
// beyond the contract. The milestone lists the rules, the capabilities and the files; a tag or a file that it does not
// list is an error. The sentences are those of package steps; `go doc ./steps` explains them.
//
// The name of a scenario, with the name of its Gherkin rule and the values of its row, is its id in every report, and
// in the golden output: changing it means to renew that.
package features

import "embed"

// FS holds the feature files at its root.
//
//go:embed *.feature
var FS embed.FS
