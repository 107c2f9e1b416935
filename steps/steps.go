// Package steps is the vocabulary in which features are written: every sentence that a scenario may use, what it
// does, and an example of it. It knows the base URL of a target and the operations of a milestone. It does not know
// what answers there.
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
// Each operation has a default request, so that a scenario says only what matters to it. The body is the fixture
// requests/<operation id>.json, the path is that of what was made last, such as the provider onboarded last, the caller
// is one of the scenario's own with all scopes, and a POST brings an idempotency key that nobody used before. A new
// operation in the milestone can be called as soon as its fixture is there; no Go is needed for it. No Go is needed for
// another milestone either: all sentences work for the operations of any, but for those that name a provider, its state
// or its export, which are about the operations of M109.
//
// # Tables
//
// A table after a call changes the default request. It has two columns and no heading:
//
//	| /provider/segment_tier | "S2"       |   a JSON Pointer into the body, and the JSON to put there
//	| /status/reason_codes/- | "late"     |   one more item of a list
//	| header X-Now-Iso       | 2026-02-23 |   a header; a second row for it sends it twice
//	| query limit            | 2          |   a value of the query; likewise
//	| path provider_id       | a/b        |   a part of the path, percent-encoded when it is sent
//	| /recorded_at           | absent     |   nothing there, whether there was something or not
//
// A table after “the fields are:” has pointers into the answer, and the JSON that must be there, or absent.
//
// # Variables
//
// {name} stands for a value in every quoted argument, in tables, in texts and in fixtures. Every scenario has {me} and
// {stranger}, two callers' ids of its own, and {unique}, a word of its own. Where the milestone says that a success of an
// operation made something, its id is a variable from then on: {provider} is that of the provider that was onboarded
// last. “I remember … as "name"” makes more. Where JSON is expected, a variable outside quotes stands for
// the whole value, so `| /export/entries/0/details | {evaluation} |` compares objects; inside quotes it stands for
// text.
//
// # Errors
//
// A sentence fails with a [*Mismatch] when the target broke a promise, with a [*BadSentence] when the scenario's own
// text is wrong, and with an [*Unreachable] when there was no answer. Any other error is a fault of the program or of
// the one who starts targets.
//
// # A new sentence
//
// Add a row to the table in this file, and its handler to the file of its topic. Look for an old sentence first: a
// small vocabulary is what makes features readable. No text may fit two patterns; a test holds every example against
// every pattern.
package steps

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/cucumber/godog"

	_ "example.com/lpgate/internal/godoginit" // godog starts no process while the program initializes
	"example.com/lpgate/milestones"
)

// Config is what the sentences need to know of a run.
type Config struct {
	// Milestone has the operations that can be called.
	Milestone *milestones.Milestone
	// Fixtures has the folders requests and keys.
	Fixtures fs.FS
	// Client sends every request. It decides about redirects, cookies and time limits.
	Client *http.Client
	// Target returns the base URL for a scenario that needs these capabilities (its @needs:… tags). It is asked once
	// for each scenario that sends something.
	Target func(ctx context.Context, needs []string) (baseURL string, err error)
	// KeyMode says that the target reads partner keys, and not actor headers. Then all scenarios act with keys.
	KeyMode bool
	// PartnerKeys are the keys that it knows; nil for those of the fixture keys/partner-keys.json.
	PartnerKeys []PartnerKey
	// Seed makes the ids of one run differ from those of another against the same target.
	Seed string
}

// Step is one row of the vocabulary.
type Definition struct {
	// Pattern is a regular expression for the whole text of a step. Each group is an argument.
	Pattern string
	// Example is a text that this pattern matches, and no other one.
	Example string
	// Message is what the sentence does.
	Description string
	// Step handles it: func(context.Context, …) error, with a string or an int for each group, and a *godog.Table or
	// *godog.DocString at the end exactly when the pattern ends with a colon.
	Step any
}

// Pieces of patterns. The name of a group says what the argument is; a second group of a pattern that takes the same has
// a 2 after the name. What has no name is a text.
const (
	aText          = `"([^"]*)"`
	anOperation    = `"(?<operation>[^"]*)"`
	aFixture       = `"(?<fixture>[^"]*)"`
	aName          = `"(?<name>[^"]*)"`   // of a variable, which the sentence makes
	anAnswer       = `"(?<answer>[^"]*)"` // the name of one that is kept
	aHeader        = `"(?<header>[^"]*)"`
	aPointer       = `"(?<pointer>(?:/[^"]*)?)"` // a JSON Pointer
	anotherPointer = `"(?<pointer2>(?:/[^"]*)?)"`
	aRegexp        = `"(?<regexp>.+)"` // a regular expression
	aNumber        = `(?<number>[0-9]{1,9})`
	aLiteral       = `(?<json>null|true|false|-?[0-9][0-9.eE+-]*|"(?:[^"\\]|\\.)*"|\[.*\]|\{.*\})` // a JSON value
	aReason        = `(?<reason_code>[a-z][a-z0-9_]*)`
	aCode          = `(?<code>[A-Z][A-Z_]*)`
)

// Topic is sentences that belong together.
type Topic struct {
	Title       string
	Definitions []Definition
}

// Topics returns the whole vocabulary, in the order in which it is best read.
func Topics() []Topic {
	return []Topic{
		{"Who calls", whoCalls},
		{"Calls of any operation", anyCalls},
		{"Calls of the operations that most scenarios are about", usualCalls},
		{"The same call again", callsAgain},
		{"What was answered", answers},
		{"What is kept for later", keepsakes},
		{"Exports", exports},
	}
}

// table has every sentence. Nothing is registered anywhere else.
var table = slices.Concat(whoCalls, anyCalls, usualCalls, callsAgain, answers, keepsakes, exports)

var whoCalls = []Definition{
	{`^I act as partner "(?<partner>[^"]*)"$`, `I act as partner "{stranger}"`,
		"From now on the caller is this partner, in header mode.", actAs},
	{`^my scopes are "(?<scopes>[^"]*)"$`, `my scopes are "settlement:read"`,
		"From now on the partner has these scopes and no others.", setScopes},
	{`^I bring no identity$`, `I bring no identity`,
		"From now on no header says who calls.", bringNoIdentity},
	{`^I hold the partner key "(?<label>[^"]*)"$`, `I hold the partner key "amber"`,
		"From now on the caller brings this key of fixtures/keys/partner-keys.json and nothing else; {me} is its partner.", holdPartnerKey},
	{`^my requests carry:$`, `my requests carry:`,
		"From now on every call has these headers. TABLE of header rows.", carry},
}

var anyCalls = []Definition{
	{`^I call ` + anOperation + `$`, `I call "partnerLiquidityProvider.get"`,
		"Calls the operation with its default request.", callOperation},
	{`^I call ` + anOperation + ` with:$`, `I call "partnerLiquidityProvider.get" with:`,
		"The same with changes. TABLE of changes.", callOperationWith},
	{`^I have called ` + anOperation + `$`, `I have called "partnerLiquidityProvider.get"`,
		"Calls the operation, which must succeed.", haveCalledOperation},
	{`^I have called ` + anOperation + ` with:$`, `I have called "partnerLiquidityProvider.get" with:`,
		"The same with changes. TABLE of changes.", haveCalledOperationWith},
	{`^I call ` + anOperation + ` with fixture ` + aFixture + `$`, `I call "partnerLiquidityProvider.onboard" with fixture "small-provider"`,
		"The same with the body fixtures/requests/<name>.json.", callWithFixture},
	{`^I call ` + anOperation + ` with fixture ` + aFixture + ` and:$`, `I call "partnerLiquidityProvider.onboard" with fixture "small-provider" and:`,
		"The same with that body and changes. TABLE of changes.", callWithFixtureAnd},
	{`^I call ` + anOperation + ` with the body:$`, `I call "partnerLiquidityProvider.onboard" with the body:`,
		"The same with this very body. TEXT.", callWithBody},
	{`^I call ` + anOperation + ` with the body bytes "(?<hex>[^"]*)"$`, `I call "partnerLiquidityProvider.onboard" with the body bytes "efbb bf7b 7d"`,
		"The same with these bytes, in hexadecimal digits, as the body.", callWithBodyBytes},
	{`^I call ` + anOperation + ` with a body of ` + aNumber + ` bytes$`, `I call "partnerLiquidityProvider.onboard" with a body of 1048577 bytes`,
		"The same with the default body and so many blanks after it that it has this length.", callWithBodyOf},
	{`^I call ` + anOperation + ` ` + aNumber + ` times at once$`, `I call "partnerLiquidityProvider.onboard" 8 times at once`,
		"Sends so many copies of the call together, all with one idempotency key.", callAtOnce},
	{`^I call ` + anOperation + ` ` + aNumber + ` times at once with:$`, `I call "partnerLiquidityProvider.onboard" 8 times at once with:`,
		"The same with changes. TABLE of changes.", callAtOnceWith},
	{`^I send "(?<method>[^"]*)" to "(?<path>[^"]*)"$`, `I send "GET" to "/partner-liquidity-providers/a%2Fb?x"`,
		"Sends a request without a body to a path that is sent exactly as it is written.", sendTo},
	{`^I send "(?<method>[^"]*)" to "(?<path>[^"]*)" with:$`, `I send "POST" to "/partner-liquidity-providers/" with:`,
		"The same with headers, raw query values, and a body that begins as {}. TABLE of changes.", sendToWith},
}

var usualCalls = []Definition{
	{`^I onboard a provider$`, `I onboard a provider`, "Calls onboard.", callTo(onboard)},
	{`^I onboard a provider with:$`, `I onboard a provider with:`, "The same with changes. TABLE of changes.", callToWith(onboard)},
	{`^I have onboarded a provider$`, `I have onboarded a provider`, "Calls onboard, which must answer 200.", haveCalled(onboard)},
	{`^I have onboarded a provider with:$`, `I have onboarded a provider with:`, "The same with changes. TABLE of changes.", haveCalledWith(onboard)},
	{`^I get the provider$`, `I get the provider`, "Calls get.", callTo(get)},
	{`^I get the provider with:$`, `I get the provider with:`, "The same with changes. TABLE of changes.", callToWith(get)},
	{`^I upsert its status$`, `I upsert its status`, "Calls status upsert.", callTo(status)},
	{`^I upsert its status with:$`, `I upsert its status with:`, "The same with changes. TABLE of changes.", callToWith(status)},
	{`^I have upserted its status$`, `I have upserted its status`, "Calls status upsert, which must answer 200.", haveCalled(status)},
	{`^I have upserted its status with:$`, `I have upserted its status with:`, "The same with changes. TABLE of changes.", haveCalledWith(status)},
	{`^I have upserted its status ` + aNumber + ` times$`, `I have upserted its status 49 times`,
		"Calls status upsert so often, the first time recorded at 2031-03-01T10:00:00Z and each further one a second later, and every call must answer 200.", haveUpsertedStatus},
	{`^I evaluate its eligibility$`, `I evaluate its eligibility`, "Calls eligibility evaluate.", callTo(evaluate)},
	{`^I evaluate its eligibility with:$`, `I evaluate its eligibility with:`, "The same with changes. TABLE of changes.", callToWith(evaluate)},
	{`^I have evaluated its eligibility$`, `I have evaluated its eligibility`, "Calls eligibility evaluate, which must answer 200.", haveCalled(evaluate)},
	{`^I have evaluated its eligibility with:$`, `I have evaluated its eligibility with:`, "The same with changes. TABLE of changes.", haveCalledWith(evaluate)},
	{`^I upsert its rollout$`, `I upsert its rollout`, "Calls rollout upsert.", callTo(rollout)},
	{`^I upsert its rollout with:$`, `I upsert its rollout with:`, "The same with changes. TABLE of changes.", callToWith(rollout)},
	{`^I have upserted its rollout$`, `I have upserted its rollout`, "Calls rollout upsert, which must answer 200.", haveCalled(rollout)},
	{`^I have upserted its rollout with:$`, `I have upserted its rollout with:`, "The same with changes. TABLE of changes.", haveCalledWith(rollout)},
	{`^I export its audit$`, `I export its audit`, "Calls export.", callTo(export)},
	{`^I export its audit with:$`, `I export its audit with:`, "The same with changes. TABLE of changes.", callToWith(export)},
	{`^I have exported its audit$`, `I have exported its audit`, "Calls export, which must answer 200.", haveCalled(export)},
	{`^I have exported its audit with:$`, `I have exported its audit with:`, "The same with changes. TABLE of changes.", haveCalledWith(export)},
}

var callsAgain = []Definition{
	{`^I repeat the call$`, `I repeat the call`,
		"Sends the last request again, with the same idempotency key and the same identity.", repeat},
	{`^I repeat the call with:$`, `I repeat the call with:`,
		"The same with changes on top. TABLE of changes.", repeatWith},
	{`^I repeat the call ` + aNumber + ` times at once$`, `I repeat the call 8 times at once`,
		"Sends so many copies of the last request together.", repeatAtOnce},
	{`^every answer is byte for byte the same$`, `every answer is byte for byte the same`,
		"All answers to what was sent at once have the same status and the same bytes.", everyAnswerIsTheSame},
	{`^every answer is the same$`, `every answer is the same`,
		"All answers to what was sent at once have the same status, and equal bodies but for the correlation id.", everyAnswerIsEqual},
	{`^exactly ` + aNumber + ` answers are replays$`, `exactly 7 answers are replays`,
		"So many answers to what was sent at once say that they are replays.", answersAreReplays},
}

var answers = []Definition{
	{`^the answer is ` + aNumber + `$`, `the answer is 200`, "The answer has this status.", answerIs},
	{`^the answer is ` + aNumber + ` ` + aCode + `$`, `the answer is 401 UNAUTHORIZED`,
		"The answer is a refusal with this status and error code.", answerIsRefusal},
	{`^the answer is ` + aNumber + ` ` + aCode + ` because ` + aReason + `$`, `the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked`,
		"The answer is a refusal with this status, error code and reason code.", answerIsBecause},
	{`^the answer is ` + aNumber + ` ` + aCode + ` without a reason code$`, `the answer is 401 UNAUTHORIZED without a reason code`,
		"The answer is a refusal with this status and error code, and with no reason code.", answerIsWithoutReason},
	{`^the answer is the same as ` + anAnswer + `$`, `the answer is the same as "first"`,
		"The answer has the status of the one that was remembered under this name, and an equal body but for the correlation id.", answerIsSameAs},
	{`^the answer is byte for byte ` + anAnswer + `$`, `the answer is byte for byte "first"`,
		"The answer has the status and the very bytes of the one that was remembered under this name.", answerIsByteForByte},
	{`^` + aPointer + ` is ` + aLiteral + `$`, `"/provider/segment_tier" is "S1"`,
		"The body has this JSON value there; numbers are compared by value, exactly.", valueIs},
	{`^` + aPointer + ` is the time "(?<time>[^"]*)"$`, `"/provider/created_at" is the time "2026-02-22T16:00:10Z"`,
		"The body has a time there that is this instant, in whatever form.", valueIsTime},
	{`^` + aPointer + ` is not ` + aLiteral + `$`, `"/provider/status" is not "active"`,
		"The body has another value there.", valueIsNot},
	{`^` + aPointer + ` is absent$`, `"/provider/rollout" is absent`, "The body has nothing there, not even null.", valueIsAbsent},
	{`^` + aPointer + ` is present$`, `"/export/next_cursor" is present`, "The body has something there.", valueIsPresent},
	{`^` + aPointer + ` matches ` + aRegexp + `$`, `"/eligibility/evaluation_id" matches "^plpelig_[0-9a-f]{16}$"`,
		"The body has a string there that the regular expression matches.", valueMatches},
	{`^` + aPointer + ` has ` + aNumber + ` items?$`, `"/export/entries" has 2 items`, "The body has a list of this length there.", valueHasItems},
	{`^` + aPointer + ` equals ` + anotherPointer + `$`, `"/provider/updated_at" equals "/provider/created_at"`, "The body has the same value in both places.", valueEquals},
	{`^the fields are:$`, `the fields are:`, "Each pointer points to this JSON, or to nothing. TABLE of pointers and JSON.", fieldsAre},
	{`^the times are:$`, `the times are:`, "Each pointer points to a time that is this instant, in whatever form. TABLE of pointers and times.", timesAre},
	{`^` + aPointer + ` is the SHA-256 of canonical ` + anotherPointer + `$`, `"/document_hash" is the SHA-256 of canonical "/document"`,
		"The body has there, in lower-case hex, the SHA-256 of the RFC 8785 form of what is in the other place.", valueIsHash},
	{`^` + aPointer + ` is "sha256:" and the SHA-256 of canonical ` + anotherPointer + `$`, `"/rollout/capabilities_hash" is "sha256:" and the SHA-256 of canonical "/rollout/capability_matrix"`,
		"The same with sha256: before it.", valueIsPrefixedHash},
	{`^there is a violation of "(?<keyword>[^"]*)" at ` + aPointer + `$`, `there is a violation of "minLength" at "/provider/legal_entity_name"`,
		"One of the schema violations of a refusal has this keyword and this place.", thereIsAViolation},
	{`^the header ` + aHeader + ` is "(?<text>.*)"$`, `the header "Idempotent-Replayed" is "true"`, "The answer has the header once, with this value.", headerIs},
	{`^the header ` + aHeader + ` is absent$`, `the header "Idempotent-Replayed" is absent`, "The answer has no such header.", headerIsAbsent},
	{`^the header ` + aHeader + ` matches ` + aRegexp + `$`, `the header "Content-Type" matches "^application/json;"`,
		"The answer has the header once, with a value that the regular expression matches.", headerMatches},
	{`^the header ` + aHeader + ` equals ` + aPointer + `$`, `the header "X-Correlation-Id" equals "/correlation_id"`,
		"The answer has the header once, with the string that the body has there.", headerEquals},
}

var keepsakes = []Definition{
	{`^I remember ` + aPointer + ` as ` + aName + `$`, `I remember "/provider/created_at" as "created"`,
		"{created} stands from now on for what the body has there.", rememberValue},
	{`^I remember the header ` + aHeader + ` as ` + aName + `$`, `I remember the header "X-Correlation-Id" as "correlation"`,
		"{correlation} stands from now on for the value of this header.", rememberHeader},
	{`^I remember the answer as ` + anAnswer + `$`, `I remember the answer as "first"`,
		"Keeps the answer, for “the answer is the same as” and “the answer is byte for byte”.", rememberAnswer},
	{`^I note its state$`, `I note its state`,
		"Reads what the provider shows and its whole audit, and keeps both.", noteState},
	{`^its state is as noted$`, `its state is as noted`,
		"Reads both again; nothing may have changed.", stateIsAsNoted},
}

var exports = []Definition{
	{`^I ask for the next page$`, `I ask for the next page`,
		"Exports with the query of the last page that was given, continued after it.", askForNextPage},
	{`^I ask for the next page with:$`, `I ask for the next page with:`,
		"The same with changes on top. TABLE of changes.", askForNextPageWith},
	{`^I walk the export$`, `I walk the export`, "Exports, and follows the pages to the end.", walkExport},
	{`^I walk the export with:$`, `I walk the export with:`, "The same with changes to the first request. TABLE of changes.", walkExportWith},
	{`^the page verifies$`, `the page verifies`,
		"The page's hashes, attestation, checkpoint and signature hold, by the keys that the target publishes.", pageVerifies},
	{`^the walk verifies$`, `the walk verifies`,
		"The same for every page of the walk; and each continues the one before, no entry is missing, and the totals add up.", walkVerifies},
	{`^the page's proof holds$`, `the page's proof holds`,
		"The page's hashes, attestation, checkpoint and signature hold, by the keys that the target publishes, however its times and its query are written.", pageProofHolds},
	{`^the walk's proof holds$`, `the walk's proof holds`,
		"The same for every page of the walk; and each continues the one before, no entry is there twice, and the totals add up.", walkProofHolds},
	{`^the walk has ` + aNumber + ` pages?$`, `the walk has 3 pages`, "The walk came to its end after so many pages.", walkHasPages},
	{`^the walk has ` + aNumber + ` (?:entry|entries)$`, `the walk has 5 entries`, "The pages of the walk have so many entries together.", walkHasEntries},
	{`^the walk's ` + aPointer + ` are (?<json>\[.*\])$`, `the walk's "/event_type" are ["onboarded", "status_upserted"]`,
		"All entries of the walk, in order, have these values there.", walkValuesAre},
	{`^the walk's ` + aPointer + ` are the times (?<json>\[.*\])$`, `the walk's "/recorded_at" are the times ["2026-02-22T16:00:10Z"]`,
		"All entries of the walk, in order, have these times there, in whatever form.", walkTimesAre},
}

// Parameter is what a sentence takes.
type Parameter struct {
	Name string
	// Message is what it is.
	Description string
}

// Parameters are all that the patterns name.
var Parameters = []Parameter{
	{"operation", "the id of an operation of the milestone"},
	{"fixture", "the name of a file of fixtures/requests, without .json"},
	{"partner", "the id of a partner"},
	{"scopes", "scopes with a space between them"},
	{"label", "the label of a key of fixtures/keys/partner-keys.json"},
	{"method", "an HTTP method"},
	{"path", "a path and its query, as they are sent"},
	{"hex", "bytes in hexadecimal digits, with spaces as you like"},
	{"number", "a whole number"},
	{"code", "an error code, such as CONFLICT"},
	{"reason_code", "a reason code of the milestone's floor"},
	{"pointer", "a JSON Pointer into the body; empty for all of it"},
	{"json", "a JSON value: a text in quotes, a number, true, false, null, a list, an object"},
	{"time", "a time, as RFC 3339 writes it"},
	{"regexp", "a regular expression"},
	{"keyword", "a keyword of JSON Schema"},
	{"header", "the name of a header"},
	{"text", "any text"},
	{"name", "lower-case letters, digits and _, for {name} later"},
	{"answer", "a name for an answer"},
}

// Parameters are the names of what the sentence takes, in the order of its text.
func (s Definition) Parameters() []string {
	names := slices.Clone(patterns()[s.Pattern].SubexpNames()[1:])
	for i, name := range names {
		if names[i] = strings.TrimRight(name, "0123456789"); name == "" {
			names[i] = "text"
		}
	}
	return names
}

// Form is the sentence with the name of each parameter in its place, such as I call "<operation>".
func (s Definition) Form() string {
	at := patterns()[s.Pattern].FindStringSubmatchIndex(s.Example)
	var b strings.Builder
	end := 0
	for i, name := range s.Parameters() {
		b.WriteString(s.Example[end:at[2*i+2]] + "<" + name + ">")
		end = at[2*i+3]
	}
	b.WriteString(s.Example[end:])
	return b.String()
}

// Asks says whether the sentence is about an answer.
func (s Definition) Asks() bool {
	same := func(other Definition) bool { return other.Pattern == s.Pattern }
	return slices.ContainsFunc(answers, same) || slices.ContainsFunc(keepsakes, same)
}

// Pointers are what a text that is this sentence points to in an answer.
func (s Definition) Pointers(text string) []string {
	if !s.Asks() || slices.Contains(s.Parameters(), "keyword") { // which points into the request
		return nil
	}
	return s.Arguments(text, "pointer")
}

// Arguments are what a text that is this sentence gives for a parameter.
func (s Definition) Arguments(text, parameter string) []string {
	var given []string
	values := patterns()[s.Pattern].FindStringSubmatch(text)[1:]
	for i, name := range s.Parameters() {
		if name == parameter {
			given = append(given, values[i])
		}
	}
	return given
}

// Definitions returns the whole vocabulary, in the order in which it is best read.
func Definitions() []Definition { return slices.Clone(table) }

// Register makes the sentences known to godog. It is cheap, for godog asks for it once for every scenario.
func Register(sc *godog.ScenarioContext, cfg Config) {
	sc.Before(func(ctx context.Context, pickle *godog.Scenario) (context.Context, error) {
		return begin(ctx, &cfg, pickle)
	})
	// godog gives a handler no argument that it does not ask for, and tells nobody. A table after a sentence that takes
	// none would be overlooked.
	sc.StepContext().Before(func(ctx context.Context, step *godog.Step) (context.Context, error) {
		return ctx, fitting(step)
	})
	for _, s := range compiled() {
		sc.Step(s.pattern, s.step)
	}
}

// fitting tells a sentence with a table or text that it does not take, or without the one that it takes.
func fitting(step *godog.Step) error {
	switch takes := strings.HasSuffix(step.Text, ":"); {
	case takes && step.Argument == nil:
		return badSentence("%q ends with a colon, and nothing follows", step.Text)
	case !takes && step.Argument != nil:
		return badSentence("%q takes no table and no text: with either it ends with a colon", step.Text)
	}
	return nil
}

type compiledSentence struct {
	pattern *regexp.Regexp
	step    any
}

// compiled checks and compiles the table, once. A wrong row is a fault of this package, and stops the program.
var compiled = sync.OnceValue(func() []compiledSentence {
	all := make([]compiledSentence, len(table))
	for i, s := range table {
		pattern, err := s.check()
		if err != nil {
			panic(fmt.Sprintf("steps: %s: %v", s.Pattern, err))
		}
		all[i] = compiledSentence{pattern, s.Step}
	}
	return all
})

// patterns are all of them, compiled.
var patterns = sync.OnceValue(func() map[string]*regexp.Regexp {
	all := map[string]*regexp.Regexp{}
	for i, c := range compiled() {
		all[table[i].Pattern] = c.pattern
	}
	return all
})

// check tells whether the row can work: a pattern for the whole text, and a handler that takes what the pattern gives.
// godog would find the first out never, and the second only when the sentence is used.
func (s Definition) check() (*regexp.Regexp, error) {
	if !strings.HasPrefix(s.Pattern, "^") || !strings.HasSuffix(s.Pattern, "$") || strings.HasSuffix(s.Pattern, `\$`) {
		return nil, fmt.Errorf("it is not anchored by ^ and $ and would match parts of other sentences")
	}
	pattern, err := regexp.Compile(s.Pattern)
	if err != nil {
		return nil, err
	}
	if s.Description == "" {
		return nil, fmt.Errorf("it does not say what it does")
	}
	handler := reflect.TypeOf(s.Step)
	if handler == nil || handler.Kind() != reflect.Func || handler.IsVariadic() {
		return nil, fmt.Errorf("its handler is a %v, and no function with fixed arguments", handler)
	}
	want := []reflect.Type{reflect.TypeFor[context.Context]()}
	for i := range pattern.NumSubexp() {
		want = append(want, reflect.TypeFor[string]())
		if i+1 < handler.NumIn() && handler.In(i+1) == reflect.TypeFor[int]() {
			want[i+1] = reflect.TypeFor[int]()
		}
	}
	if strings.HasSuffix(s.Pattern, ":$") {
		want = append(want, reflect.TypeFor[*godog.Table]())
		if last := handler.NumIn() - 1; last >= 0 && handler.In(last) == reflect.TypeFor[*godog.DocString]() {
			want[len(want)-1] = reflect.TypeFor[*godog.DocString]()
		}
	}
	if fitting := reflect.FuncOf(want, []reflect.Type{reflect.TypeFor[error]()}, false); handler != fitting {
		return nil, fmt.Errorf("its handler is a %v, and should be a %v", handler, fitting)
	}
	return pattern, nil
}
