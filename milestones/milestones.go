// Package milestones has the index of a contract as data: what a service must do before a build may pass.
//
// A milestone file lists every operation with its route, scope, schemas and outcomes, the reason codes that a run must
// observe, the rules that scenarios prove, and the limits that the contract sets. The fake takes its routes from it, the
// verifier its checks and its coverage, the documentation its tables.
//
// # The file
//
// A file is one YAML document. [M109] is the one in this folder; schemas/Milestone.schema.json describes all of them, for
// [Parse] as well as for editors. This is its outline:
//
//	id, title               the name of the milestone, and one line for people
//	transport, limits       what all answers have in common, and the limits (those that are not set may be absent)
//	required_reason_codes   the reason codes that a run must observe
//	refusals                name → status, code, reason code and details, shared by the operations
//	operations              id, method, path, scope or public, schemas, success, names of refusals
//	router                  the refusals of a request that reaches no operation
//	parameters              optional query parameters and headers of requests (may be absent)
//	identities              the headers that identify a caller (may be absent)
//	capabilities            what a scenario may need of a service beyond the contract, @needs:<id> (may be absent)
//	features, rules         the feature files, and the rules that they prove
//	artifacts, output       the files that a run writes, and which text of answers an implementation may choose
//	selfcheck               how many response mutations the features must detect, and which no client can (may be absent)
//
// Reading is strict, because a misspelt key would otherwise be a rule that is never checked. See package yamlfile for what is
// refused in every file; here also: a name that refers to nothing; a name that nothing refers to; two operations on one route;
// two refusals of one operation that look the same to a client; a regular expression that does not compile. All problems
// are reported at once, in the order of the file, with file and line:
//
//	M109.yaml:113: unknown key "opertions" (did you mean "operations"?)
//
// # Adding a rule
//
// Write it under rules, beside those of its topic. Its id is permanent: it is the tag of the scenarios, and the name
// of the rule in the code that enforces it.
//
//	rules:
//	  - id: status-note-is-kept
//	    kind: invariant
//	    feature: status.feature
//	    section: "7"
//	    description: The note of an upsert is in its audit entry.
//	    operations: [partnerLiquidityProvider.status.upsert, partnerLiquidityProvider.rollout.export]
//
// From now on a run fails until features/status.feature has a scenario tagged @status-note-is-kept. A rule of the
// kind precondition refuses something: it needs a scenario tagged @refuses and another one, as near to it as possible, tagged
// @permits. The one tagged @refuses has to observe a refusal of one of the rule's operations, or a success that has one of
// its declared reason codes. The example "AddRule" runs these lines.
//
// A rule with level: full is one that a service can break and still be right about what the contract is for, such as the
// form of times. Its scenarios are all at full. Of a rule without this key, a scenario that asserts more than core
// requires has the tag @full, and at least one of each side has not.
//
// # Adding an outcome
//
// Describe it once under refusals, then name it under each operation that a client can make it give. Status, code
// and reason code together must differ from those of the operation's other outcomes: they identify the observed outcome.
//
//	refusals:
//	  provider_is_frozen:
//	    status: 409
//	    code: CONFLICT
//	    reason_code: partner_liquidity_provider_eligibility_failed
//	    details: [provider_id]
//
// A new reason code goes into required_reason_codes first. Then change testdata/routes.golden by hand, so that a reviewer
// sees what changes for clients. From now on a run fails until a scenario has made the operation give the outcome. The
// example "AddOutcome" runs these lines. A success has no entry of its own: it is 200 with the response schema. The key success
// has what differs: another status, where the body has the id of what was created, and where it lists reason codes.
package milestones

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/yamlfile"
)

// Milestone is one milestone file as plain data, without how it is checked.
//
// All callers share the value that [M109] returns: it must not be changed.
type Milestone struct {
	// ID names the milestone, and with it the folder of its artifacts.
	ID string
	// Title is one line for people.
	Title string
	// Transport is what every answer has in common.
	Transport Transport
	// Limits are the limits that the contract sets.
	Limits Limits
	// RequiredReasonCodes is the set of reason codes that a run must observe, each at least once.
	RequiredReasonCodes []string
	// Refusals are all refusals of the milestone, in the order of the file.
	Refusals []Outcome
	// Operations are the routes of the contract, in the order of the file.
	Operations []Operation
	// Router describes requests that reach no operation. It has an id and outcomes, but no method and no path.
	Router Operation
	// Parameters are what a request may have beside its path, its body and the headers of the transport.
	Parameters []Parameter
	// Identities are the ways to identify a caller.
	Identities []Identity
	// Capabilities are what a scenario may need of a service beyond the contract (`@needs:<id>`).
	Capabilities []Capability
	// Features are the feature files that prove the rules.
	Features []string
	// Rules are the rules of the contract that scenarios prove.
	Rules []Rule
	// Artifacts are the files that a run must write.
	Artifacts []string
	// Output is which text of answers an implementation may choose.
	Output Output
	// Selfcheck is what the gate must detect of response mutations; nil when the file does not set it.
	Selfcheck *Selfcheck

	name         string // of the file, in problems
	schemaNames  []mention
	deprecations []string
}

// Transport is what every answer has in common.
type Transport struct {
	// ContentType is the Content-Type of every answer, refusals included.
	ContentType string `yaml:"content_type"`
	// CorrelationHeader carries the correlation id, both ways.
	CorrelationHeader string `yaml:"correlation_header"`
	// IdempotencyHeader carries the key that every POST needs; empty when there are none.
	IdempotencyHeader string `yaml:"idempotency_header"`
	// ReplayHeader is "true" on an answer that was given before, and absent on every other; empty when there is none.
	ReplayHeader string `yaml:"replay_header"`
	// ErrorSchema is the schema of every refusal.
	ErrorSchema string `yaml:"error_schema"`
	// DefaultCorrelationID is what an answer has if the request brought no correlation id. {operation} in it is
	// replaced by the operation's id in lower case, with one underscore for each run of characters other than letters
	// and digits. It is empty if the server may choose.
	DefaultCorrelationID string `yaml:"default_correlation_id"`
}

// Limits are the limits that the contract sets. One that it does not set is 0.
type Limits struct {
	// BodyBytes is the longest request body that is read.
	BodyBytes int `yaml:"body_bytes"`
	// ExportLimitDefault is the number of entries on a page when the query gives none.
	ExportLimitDefault int `yaml:"export_limit_default"`
	// ExportLimitMax is what a larger limit counts as.
	ExportLimitMax int `yaml:"export_limit_max"`
	// RetentionDaysDefault is the retention of an export when the query gives none.
	RetentionDaysDefault int `yaml:"retention_days_default"`
	// RetentionDaysMax is what a longer retention counts as.
	RetentionDaysMax int `yaml:"retention_days_max"`
	// Violations is the number of schema violations that a refusal lists at most.
	Violations int `yaml:"violations"`
	// IdempotencyKeyLength is the longest idempotency key, in characters.
	IdempotencyKeyLength int `yaml:"idempotency_key_length"`
	// CorrelationIDLength is the longest correlation id that a request may bring, in characters.
	CorrelationIDLength int `yaml:"correlation_id_length"`
}

// Operation is one route of the contract, with everything that a client may observe of it.
type Operation struct {
	// ID is the permanent name, such as partnerLiquidityProvider.rollout.upsert.
	ID string
	// Summary is a verb phrase, such as "Onboard a provider"; empty for the router, and if the file has none.
	Summary string
	// Method is the HTTP method; empty for the router.
	Method string
	// Path is a template; a segment such as {provider_id} matches one percent-decoded segment. Empty for the router.
	Path string
	// Scope is the scope that a caller needs; empty exactly for public operations and the router.
	Scope string
	// Public operations need no identity.
	Public bool
	// RequestSchema names the schema of the body; empty when a body is not read.
	RequestSchema string
	// ResponseSchema names the schema of the body of a success; empty for the router.
	ResponseSchema string
	// CreatedIDAt is a JSON Pointer to the id of what a success creates, which later calls use; empty for most.
	CreatedIDAt string
	// Outcomes are the success (first, for all but the router) and then the refusals, in the order of the file.
	Outcomes []Outcome
	// Line is its first line in the file.
	Line int
}

// Succeeds reports whether the status is that of a success of the operation.
func (o *Operation) Succeeds(status int) bool {
	return len(o.Outcomes) > 0 && o.Outcomes[0].Name == Success && o.Outcomes[0].Status == status
}

// CreatedName is the name in scenarios of what the operation creates: that of its id, without _id.
func (o *Operation) CreatedName() string {
	return strings.TrimSuffix(o.CreatedIDAt[strings.LastIndexByte(o.CreatedIDAt, '/')+1:], "_id")
}

// Scopes are the scopes that any operation needs, sorted.
func (m *Milestone) Scopes() []string {
	var scopes []string
	for _, o := range m.Operations {
		if o.Scope != "" && !slices.Contains(scopes, o.Scope) {
			scopes = append(scopes, o.Scope)
		}
	}
	slices.Sort(scopes)
	return scopes
}

// Success is the name of the outcome that every operation has, and that no refusal may take.
const Success = "success"

// Outcome is one way in which an operation may answer. Status, Code and ReasonCode together distinguish it from the other
// outcomes of its operation.
type Outcome struct {
	// Name is [Success], or the name of a refusal.
	Name string
	// Status is the HTTP status.
	Status int
	// Code is the body's /error/code; empty on success.
	Code string
	// Schema names the schema of the body.
	Schema string
	// ReasonCode is the body's /error/details/reason_code; empty when it must be absent.
	ReasonCode string
	// Details are the members that /error/details must have beside reason_code. It may have more.
	Details []string
	// ReasonCodesAt is a JSON Pointer to a list of reason codes in the body; empty when there is none.
	ReasonCodesAt string
	// ReasonCodes are the required codes that may be listed there, each of which a run must observe there.
	ReasonCodes []string
	// OpenReasonCodes is whether other strings may be listed too, because the caller's own are among them. A caller may send
	// any string: none of these is a [CoverageItem], and none is a fault.
	OpenReasonCodes bool
	// Level is [Full] for an outcome that only a service at this level has to give, otherwise [Core].
	Level Level
}

// Rule is one rule of the contract that scenarios prove.
type Rule struct {
	// ID is permanent. It is the tag of the scenarios that prove the rule.
	ID string `yaml:"id"`
	// Kind is [Precondition] or [Invariant].
	Kind string `yaml:"kind"`
	// Level is [Full] for a rule that only a service at this level has to follow, otherwise [Core].
	Level Level `yaml:"level"`
	// Feature is the file with the scenarios, one of [Milestone.Features].
	Feature string `yaml:"feature"`
	// Section is the section of the contract with the rule.
	Section string `yaml:"section"`
	// Description is the rule, in one sentence.
	Description string `yaml:"description"`
	// Operations are the ids of the operations that the rule is about; the router's id may be among them.
	Operations []string `yaml:"operations"`
	// Line is its first line in the file.
	Line int `yaml:"-"`
}

// Level is how much of a contract a service follows. Full includes core.
type Level string

// The levels of rules, outcomes and scenarios.
const (
	// Core is what makes a service right, whatever its HTTP habits are.
	Core Level = "core"
	// Full is all of the contract.
	Full Level = "full"
)

// The two kinds of rules.
const (
	// Precondition is a rule that refuses: it needs a scenario that it refuses and one, as near to it as possible, that it permits.
	Precondition = "precondition"
	// Invariant is a rule about every answer: it needs one scenario.
	Invariant = "invariant"
)

// Parameter is an optional query parameter or header of requests.
type Parameter struct {
	// Name is the name in the query, or of the header.
	Name string `yaml:"name"`
	// In is [InQuery] or [InHeader].
	In string `yaml:"in"`
	// Type is the JSON type of its values, string or integer.
	Type string `yaml:"type"`
	// Format is the format of a string; empty for any.
	Format string `yaml:"format"`
	// Values are all that it may be; empty for any.
	Values []string `yaml:"values"`
	// Description is what it does, in one sentence.
	Description string `yaml:"description"`
	// Operations are the ids of the operations that read it.
	Operations []string `yaml:"operations"`
}

// The values of [Parameter.In].
const (
	InQuery  = "query"
	InHeader = "header"
)

// Identity is a way to identify a caller: by all of the headers.
type Identity struct {
	// ID is its name.
	ID string `yaml:"id"`
	// Headers are the names of the headers.
	Headers []string `yaml:"headers"`
	// HeaderValues are what scenarios send in them, in the same order, with {caller} for the caller and {scopes} for its scopes;
	// empty when scenarios do not use the identity. The first identity that has them is the default.
	HeaderValues []string `yaml:"header_values"`
	// Description is who the caller is, in one sentence.
	Description string `yaml:"description"`
}

// Capability is something that a scenario may need of a service beyond the contract.
type Capability struct {
	// ID is the tag, after `@needs:`.
	ID string `yaml:"id"`
	// Description is what a service must do to have it, in one sentence.
	Description string `yaml:"description"`
	// Assumed is whether a service is assumed to have it until it is declared absent.
	Assumed bool `yaml:"assumed"`
	// Presence is [Required] or [Optional]. A service without an optional capability can be verified.
	Presence string `yaml:"presence"`
	// OneOf names a group of required capabilities, of which one is enough; empty for one that is required by itself.
	OneOf string `yaml:"one_of"`
}

// The presences of a capability.
const (
	Required = "required"
	Optional = "optional"
)

// Requirements are the ids of the required capabilities, in the order of the file. A service has to have one of each group.
func (m *Milestone) Requirements() [][]string {
	var groups [][]string
	place := map[string]int{}
	for _, c := range m.Capabilities {
		if c.Presence != Required {
			continue
		}
		if at, begun := place[c.OneOf]; begun && c.OneOf != "" {
			groups[at] = append(groups[at], c.ID)
			continue
		}
		place[c.OneOf] = len(groups)
		groups = append(groups, []string{c.ID})
	}
	return groups
}

// Output is which text of answers an implementation may choose.
type Output struct {
	// Replacements are patterns of text that tokens replace before two outputs are compared, in this order.
	Replacements []Pattern `yaml:"replacements"`
}

// Pattern describes text that two correct implementations may choose differently.
type Pattern struct {
	// Token replaces a match, with a number behind it.
	Token string `yaml:"token"`
	// Regexp matches the text. It compiles, and does not match the empty text.
	Regexp string `yaml:"regexp"`
	// Description is what the text is, in one sentence.
	Description string `yaml:"description"`
}

// Selfcheck is how many of the response mutations that follow from operations, outcomes and schemas a run has to detect.
// Package selfcheck of the runner derives the mutations and their ids.
type Selfcheck struct {
	// Threshold is the percentage of the mutations, without the unobservable ones, that must be detected.
	Threshold int `yaml:"threshold"`
	// Unobservable are the mutations that no client can detect, or that the contract allows.
	Unobservable []Unobservable `yaml:"unobservable"`
}

// Unobservable is a mutation, or a family of mutations, that a run need not detect.
type Unobservable struct {
	// Mutation is the id of the mutation, in which * matches any text.
	Mutation string `yaml:"mutation"`
	// Reason is why, in one sentence.
	Reason string `yaml:"reason"`
	// Line is its first line in the file.
	Line int `yaml:"-"`
}

// CoverageItem is one thing to observe of an operation: an outcome, and a reason code when the answer has one. A run that
// observes an item that is not declared has found a fault, in the service or in the milestone.
type CoverageItem struct {
	// Outcome is the name of the outcome.
	Outcome string `json:"outcome"`
	// ReasonCode is the reason code given with it; empty for none.
	ReasonCode string `json:"reason_code"`
}

// CoverageItems lists the declared items of the operation in the order of its outcomes: each outcome with its own
// reason code, or with none; then one for each further code that it may list at [Outcome.ReasonCodesAt].
func (o *Operation) CoverageItems() []CoverageItem {
	var items []CoverageItem
	for _, outcome := range o.Outcomes {
		items = append(items, CoverageItem{outcome.Name, outcome.ReasonCode})
		for _, code := range outcome.ReasonCodes {
			if code != outcome.ReasonCode {
				items = append(items, CoverageItem{outcome.Name, code})
			}
		}
	}
	return items
}

// Operation returns the operation with this id. The router's id finds the router.
func (m *Milestone) Operation(id string) (*Operation, bool) {
	for i := range m.Operations {
		if m.Operations[i].ID == id {
			return &m.Operations[i], true
		}
	}
	if m.Router.ID == id {
		return &m.Router, true
	}
	return nil, false
}

// mention is a name in the file, with its line.
type mention struct {
	name string
	line int
}

// CheckSchemas reports every schema that the milestone names and that is not among names.
func (m *Milestone) CheckSchemas(names []string) error {
	var problems []error
	for _, schema := range slices.SortedStableFunc(slices.Values(m.schemaNames), func(a, b mention) int { return cmp.Compare(a.line, b.line) }) {
		if !slices.Contains(names, schema.name) {
			message := fmt.Sprintf("unknown schema %q%s", schema.name, suggest.DidYouMeanQuoted(schema.name, names))
			problems = append(problems, &yamlfile.Problem{File: m.name, Line: schema.line, Message: message})
		}
	}
	return errors.Join(problems...)
}

// Deprecations are warnings about keys and values of the file that have another name now, each FILE:LINE: message.
func (m *Milestone) Deprecations() []string { return m.deprecations }

// Load reads the named milestone file. Problems are reported under that name.
func Load(fsys fs.FS, name string) (*Milestone, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("reading milestone: %w", err)
	}
	return Parse(name, text)
}

//go:embed *.yaml
var files embed.FS

var m109 = sync.OnceValue(func() *Milestone {
	m, err := Load(files, "M109.yaml")
	if err != nil {
		panic(err) // The file is part of the program, and a test parses it.
	}
	return m
})

// M109 is the milestone that this module was made for, parsed once.
func M109() *Milestone { return m109() }
