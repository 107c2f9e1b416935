// Package features has the scenarios of every rule of a milestone, one file per topic.
//
// A scenario has the tag of the one rule that it proves and, if the rule is a gate, of the side that it shows:
//
//	@rollout-needs-allow-verdict @refuses
//	Scenario: An active rollout is blocked while nothing was evaluated
//
// @refuses and @permits may also be tags of an Examples block. @needs:<capability> names what the target must have beyond
// the contract. The milestone lists rules, capabilities and files; other tags and files are errors. The steps are those of
// package steps; see `go doc ./steps`.
//
// The name of a scenario, with the name of its Gherkin rule and the values of its row, is its id in every report, and
// in the golden output, which must be renewed with it.
package features

import "embed"

// FS holds the feature files at its root.
//
//go:embed *.feature
var FS embed.FS
