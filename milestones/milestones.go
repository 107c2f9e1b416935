// Package milestones holds what must hold before a build may pass: the index of a contract, as data.
//
// A milestone file names every operation with its route, scope, schemas and outcomes, the reason codes that a run
// required have seen, the rules that scenarios prove, and the numbers that the contract pins. The server takes its routes
// from it, the verifier its checks and its coverage, and the documentation its tables. It holds no logic, and nobody
// writes these facts down a second time.
//
// # The file
//
// A file is one YAML document. [M109] is the one in this folder; schemas/Milestone.schema.json describes all of them,
// and an editor that knows the first line of M109.yaml completes keys and shows what they mean. This is its outline:
//
//	id, title            the name of the milestone, and one line for people
//	transport, limits    what all answers have in common, and the pinned numbers (those that are not may be absent)
//	reason_code_floor    the reason codes that a run must observe
//	refusals             name → status, code, reason code and details, shared by the operations
//	operations           id, method, path, scope or public, schemas, success, names of refusals
//	router               the refusals of a request that reaches no operation
//	parameters           what a request may bring in its query and in headers (may be absent)
//	identities           the headers by which a caller says who it is (may be absent)
//	capabilities         what a scenario may need of its target, @needs:<id> (may be absent)
//	features, rules      the feature files, and the sentences that they prove
//	artifacts, output    what a run leaves behind, and what of it two true implementations may choose differently
//	selfcheck            how many lies the features must see, and which no client can (may be absent)
//
// Reading is strict, because a misspelt key would otherwise be a rule that nobody checks. Refused are: a key that is
// unknown, missing or there twice; a value of another type or form; a name that refers to nothing; a name that
// nothing refers to; two operations on one route; two refusals of one operation that a client could not tell apart;
// a regular expression that does not compile; an empty file and a second document. YAML's anchors, aliases and tags
// are refused as well: each line says itself what it means. All problems are reported at once, in the order of the
// file, with file and line:
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
//	    kind: promise
//	    feature: status.feature
//	    section: "7"
//	    says: The note of an upsert stands in its audit entry.
//	    operations: [partnerLiquidityProvider.status.upsert, partnerLiquidityProvider.rollout.export]
//
// From now on a run fails until features/status.feature has a scenario tagged @status-note-is-kept. A rule of the
// kind gate refuses something: it needs a scenario tagged @refuses and another one, as near to it as can be, tagged
// @permits. The one tagged @refuses has to observe a refusal of one of the rule's operations, or a success that has one of
// its declared reason codes. The example "AddRule" runs these lines.
//
// # Adding an outcome
//
// Describe it once under refusals, then name it under each operation that a client can make it give. Status, code
// and reason code together must differ from those of the operation's other outcomes: they are how a run tells which
// one it has observed.
//
//	refusals:
//	  provider_is_frozen:
//	    status: 409
//	    code: CONFLICT
//	    reason_code: partner_liquidity_provider_eligibility_failed
//	    details: [provider_id]
//
// A new reason code goes into reason_code_floor first. Then change testdata/routes.golden by hand, so that a reviewer
// sees what clients will meet. From now on a run fails until a scenario has made the operation give the outcome. The
// example "AddOutcome" runs these lines. A success has no entry of its own: it is 200 with the response schema, and
// message under success what is otherwise: another status, where the id of what was made stands in the body, and where
// the body lists reason codes.
package milestones

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// Milestone is one milestone file as plain data: what must hold, and nothing about how it is checked.
//
// Everybody shares the value that [M109] returns. Read it, never change it.
type Milestone struct {
	// ID names the milestone, and with it the folder of its artifacts.
	ID string
	// Title is one line for people.
	Title string
	// Transport is what every answer has in common.
	Transport Transport
	// Limits are the numbers the contract pins.
	Limits Limits
	// RequiredReasonCodes is the set of reason codes that a run must observe, each at least once.
	RequiredReasonCodes []string
	// Refusals are all refusals of the milestone, in the order of the file.
	Refusals []Outcome
	// Operations are the routes of the contract, in the order of the file.
	Operations []Operation
	// Router stands for requests that reach no operation. It has an id and outcomes, but no method and no path.
	Router Operation
	// Parameters are what a request may bring beside its path, its body and the headers of the transport.
	Parameters []Parameter
	// Identities are the ways in which a caller may say who it is.
	Identities []Identity
	// Capabilities are what a scenario may need of its target beyond the contract (`@needs:<id>`).
	Capabilities []Capability
	// Features are the feature files that prove the rules.
	Features []string
	// Rules are the sentences of the contract that scenarios prove, one id each.
	Rules []Rule
	// Artifacts are the files that a run must leave behind.
	Artifacts []string
	// Output says which parts of an answer are an implementation's own choice.
	Output Output
	// Selfcheck says what the gate must see of the lies that can be told about the milestone; nil when nobody asked.
	Selfcheck *Selfcheck

	// schemaNames are the schemas that the file names, with the line of each.
	schemaNames []mention
	// file is the name that problems are reported under.
	file string
}

// Transport is what every answer has in common.
type Transport struct {
	// ContentType is the Content-Type of every answer, refusals included.
	ContentType string
	// CorrelationHeader carries the correlation id, both ways.
	CorrelationHeader string
	// IdempotencyHeader carries the key that every POST needs; empty when there are none.
	IdempotencyHeader string
	// ReplayHeader is "true" on an answer that was given before, and absent on every other; empty when there is none.
	ReplayHeader string
	// ErrorSchema is the schema of every refusal.
	ErrorSchema string
	// OwnCorrelationID is what an answer has when the request brought no correlation id. {operation} in it stands for
	// the operation's id in lower case, each run of other characters than letters and digits one underscore. It is
	// empty when the server may choose.
	OwnCorrelationID string
}

// Limits are the numbers the contract pins. One that it does not pin is 0.
type Limits struct {
	// BodyBytes is the longest request body that is read.
	BodyBytes int
	// ExportLimitDefault is the number of entries on a page when the query gives none.
	ExportLimitDefault int
	// ExportLimitMax is what a larger limit counts as.
	ExportLimitMax int
	// RetentionDaysDefault is the retention of an export when the query gives none.
	RetentionDaysDefault int
	// RetentionDaysMax is what a longer retention counts as.
	RetentionDaysMax int
	// Violations is the number of schema violations that a refusal lists at most.
	Violations int
	// IdempotencyKeyLength is the longest idempotency key, in characters.
	IdempotencyKeyLength int
	// CorrelationIDLength is the longest correlation id that a request may bring, in characters.
	CorrelationIDLength int
}

// Operation is one route of the contract, with everything that a client may observe of it.
type Operation struct {
	// ID is the permanent name, such as partnerLiquidityProvider.rollout.upsert.
	ID string
	// Method is the HTTP method; empty for the router.
	Method string
	// Path is a template; a segment such as {provider_id} stands for one percent-decoded segment. Empty for the router.
	Path string
	// Scope is what a caller must hold; empty exactly for public operations and the router.
	Scope string
	// Public operations need no identity.
	Public bool
	// RequestSchema names the schema of the body; empty when a body is not read.
	RequestSchema string
	// ResponseSchema names the schema of the body of a success; empty for the router.
	ResponseSchema string
	// Made is a JSON Pointer to the id of what a success made, which later calls are about; empty for most.
	Made string
	// Outcomes are the success (first, for all but the router) and then the refusals, in the order of the file.
	Outcomes []Outcome
	// Line is where it stands in the file.
	Line int
}

// Succeeds says whether the status is that of a success of the operation.
func (o *Operation) Succeeds(status int) bool {
	return len(o.Outcomes) > 0 && o.Outcomes[0].Name == Success && o.Outcomes[0].Status == status
}

// Thing is what a scenario calls that which the operation makes: the name of its id, without _id.
func (o *Operation) Thing() string {
	return strings.TrimSuffix(o.Made[strings.LastIndexByte(o.Made, '/')+1:], "_id")
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

// Outcome is one way in which an operation may answer. Status, Code and ReasonCode together tell it from
// the other outcomes of its operation.
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
	// ReasonCodes are the codes of the floor that may stand there, each of which a run must have seen there.
	ReasonCodes []string
	// OpenReasonCodes says that other strings may stand there too, because the caller's own are among them.
	// A caller may bring any string, one of the floor as well: none of these is a [CoverageItem], and none is a fault.
	OpenReasonCodes bool
}

// Rule is one sentence of the contract that scenarios prove.
type Rule struct {
	// ID is permanent. It is the tag of the scenarios that prove the rule.
	ID string
	// Kind is [Precondition] or [Invariant].
	Kind string
	// Feature is the file with the scenarios, one of [Milestone.Features].
	Feature string
	// Section is the section of the contract that the rule is taken from.
	Section string
	// Description is the rule, as one sentence.
	Description string
	// Operations are the ids of the operations that the rule is about; the router's id may be among them.
	Operations []string
	// Line is where it stands in the file.
	Line int
}

// The two kinds of rules.
const (
	// Precondition is a rule that refuses: it needs a scenario that it refuses and one, as near to it as can be, that it permits.
	Precondition = "gate"
	// Invariant is a rule that something holds: it needs one scenario.
	Invariant = "promise"
)

// Parameter is something that a request may bring in its query or in a header. No request must.
type Parameter struct {
	// Name is the name in the query, or of the header.
	Name string
	// In is [InQuery] or [InHeader].
	In string
	// Type is the JSON type of its values, string or integer.
	Type string
	// Format is the format of a string; empty for any.
	Format string
	// Values are all that it may be; empty for any.
	Values []string
	// Description is what it does, as one sentence.
	Description string
	// Operations are the ids of the operations that read it.
	Operations []string
}

// Where a parameter stands.
const (
	InQuery  = "query"
	InHeader = "header"
)

// Identity is a way to say who calls: with all of the headers.
type Identity struct {
	// ID is its name.
	ID string
	// Headers are the names of the headers.
	Headers []string
	// Sends is what scenarios send in them, in the same order; empty when they do not call in this way. {caller} stands
	// for who calls, and {scopes} for what it may do. The first identity that has them is how a scenario calls.
	Sends []string
	// Description is who calls then, as one sentence.
	Description string
}

// Capability is something that a scenario may need of its target beyond the contract.
type Capability struct {
	// ID is the tag, after `@needs:`.
	ID string
	// Description is what a target must do to have it, as one sentence.
	Description string
	// Given says that every target is taken to have it, until somebody says that it lacks it.
	Given bool
	// Presence is [Required] or [Optional]. A target that lacks an optional capability can be verified without it.
	Presence string
	// OneOf names a group of required capabilities, of which one is enough; empty for one that is required by itself.
	OneOf string
}

// The presences of a capability.
const (
	Required = "required"
	Optional = "optional"
)

// Requirements are the ids of the required capabilities, in the order of the file. A target has to have one of each group.
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

// Output says which parts of an answer are an implementation's own choice.
type Output struct {
	// Own are patterns of text to replace by tokens before two runs are compared, to be tried in this order.
	Own []Pattern
}

// Pattern describes a text that two true implementations may choose differently.
type Pattern struct {
	// Token is what a match is replaced by; the one who replaces numbers them.
	Token string
	// Regexp finds the text. It is known to compile, and to match no empty text.
	Regexp string
	// Description is what the text is, as one sentence.
	Description string
}

// Selfcheck says how well the features must see: of all lies that follow from the operations, outcomes and schemas, how
// many a run has to detect. Package sight of the runner derives the lies and names them.
type Selfcheck struct {
	// Threshold is the percentage of the lies, without the unobservable ones, that must be detected.
	Threshold int
	// Unobservable are the lies that no client can see, or that the contract leaves free.
	Unobservable []Unobservable
}

// Unobservable is a lie, or a family of lies, that nobody is asked to detect.
type Unobservable struct {
	// Mutation is the id of the lie, in which * stands for any text.
	Mutation string
	// Description is why, as one sentence.
	Reason string
	// Line is where it stands in the file.
	Line int
}

// CoverageItem is one thing to be seen of an operation: an outcome, and a reason code when it gave one.
// A run that observes another cell than the declared ones has found a fault, in the target or in the milestone.
type CoverageItem struct {
	// Outcome is the name of the outcome.
	Outcome string
	// ReasonCode is the reason code given with it; empty for none.
	ReasonCode string
}

// CoverageItems lists the declared cells of the operation in the order of its outcomes: each outcome with its own
// reason code, or with none; then one for each further code that it may list at [Outcome.ReasonCodesAt].
func (o *Operation) CoverageItems() []CoverageItem {
	var cells []CoverageItem
	for _, outcome := range o.Outcomes {
		cells = append(cells, CoverageItem{outcome.Name, outcome.ReasonCode})
		for _, code := range outcome.ReasonCodes {
			if code != outcome.ReasonCode {
				cells = append(cells, CoverageItem{outcome.Name, code})
			}
		}
	}
	return cells
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

// mention is a name in the file, with the line that it stands on.
type mention struct {
	name string
	line int
}

// CheckSchemas reports every schema that the milestone names and that is not among names.
func (m *Milestone) CheckSchemas(names []string) error {
	known := newVocabulary("schema", names)
	var found problems
	for _, schema := range m.schemaNames {
		if says, ok := known.lacks(schema.name); ok {
			found = append(found, problem{m.file, schema.line, says})
		}
	}
	return found.err()
}

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
