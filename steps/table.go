package steps

import "slices"

// Parts of patterns. The name of a group is that of the parameter, with a 2 after it for a second one of the same kind. A
// group without a name is text.
const (
	aText          = `"([^"]*)"`
	anOperation    = `"(?<operation>[^"]*)"`
	aFixture       = `"(?<fixture>[^"]*)"`
	aName          = `"(?<name>[^"]*)"`   // of a variable that the step sets
	anAnswer       = `"(?<answer>[^"]*)"` // the name of a remembered answer
	aHeader        = `"(?<header>[^"]*)"`
	aPointer       = `"(?<pointer>(?:/[^"]*)?)"` // a JSON Pointer
	anotherPointer = `"(?<pointer2>(?:/[^"]*)?)"`
	aRegexp        = `"(?<regexp>.+)"` // a regular expression
	aNumber        = `(?<number>[0-9]{1,9})`
	aLiteral       = `(?<json>null|true|false|-?[0-9][0-9.eE+-]*|"(?:[^"\\]|\\.)*"|\[.*\]|\{.*\})` // a JSON value
	aReason        = `(?<reason_code>[a-z][a-z0-9_]*)`
	aCode          = `(?<code>[A-Z][A-Z_]*)`
)

// Topic is a group of definitions.
type Topic struct {
	Title       string
	Definitions []Definition
}

// Topics returns all definitions in the order in which they are best read.
func Topics() []Topic {
	var topics []Topic
	all := All().definitions
	for _, topic := range topicsOfTable() {
		n := len(topic.Definitions)
		topics = append(topics, Topic{topic.Title, all[:n:n]})
		all = all[n:]
	}
	return topics
}

// topicsOfTable returns the table of all step definitions.
func topicsOfTable() []Topic {
	return []Topic{
		{"Who calls", callerDefinitions},
		{"Calls of any operation", callDefinitions},
		{"Calls of the operations that most scenarios are about", slices.Concat(
			onboardPhrases.definitions(), getPhrases.definitions(), statusPhrases.definitions(), manyUpserts,
			evaluatePhrases.definitions(), rolloutPhrases.definitions(), exportPhrases.definitions(),
		)},
		{"The same call again", repeatDefinitions},
		{"What was answered", answerDefinitions},
		{"What is kept for later", captureDefinitions},
		{"Exports", exportDefinitions},
	}
}

var callerDefinitions = []Definition{
	define(`^I act as partner "(?<partner>[^"]*)"$`, `I act as partner "{stranger}"`,
		"From now on the caller is this partner, in header mode.", actAs),
	define(`^my scopes are "(?<scopes>[^"]*)"$`, `my scopes are "settlement:read"`,
		"From now on the partner has these scopes and no others.", setScopes),
	define(`^I bring no identity$`, `I bring no identity`,
		"From now on no header identifies the caller.", bringNoIdentity),
	define(`^I hold the partner key "(?<label>[^"]*)"$`, `I hold the partner key "amber"`,
		"From now on the caller sends this key of fixtures/keys/partner-keys.json and no other identity; {me} is its partner.", holdPartnerKey),
	define(`^my requests carry:$`, `my requests carry:`,
		"From now on every call has these headers. TABLE of header rows.", carry),
}

var callDefinitions = []Definition{
	define(`^I call `+anOperation+`$`, `I call "partnerLiquidityProvider.get"`,
		"Calls the operation with its default request.", callOperation),
	define(`^I call `+anOperation+` with:$`, `I call "partnerLiquidityProvider.get" with:`,
		"The same with changes. TABLE of changes.", callOperationWith),
	define(`^I have called `+anOperation+`$`, `I have called "partnerLiquidityProvider.get"`,
		"Calls the operation, which must succeed.", haveCalledOperation),
	define(`^I have called `+anOperation+` with:$`, `I have called "partnerLiquidityProvider.get" with:`,
		"The same with changes. TABLE of changes.", haveCalledOperationWith),
	define(`^I call `+anOperation+` with fixture `+aFixture+`$`, `I call "partnerLiquidityProvider.onboard" with fixture "small-provider"`,
		"The same with the body fixtures/requests/<name>.json.", callWithFixture),
	define(`^I call `+anOperation+` with fixture `+aFixture+` and:$`, `I call "partnerLiquidityProvider.onboard" with fixture "small-provider" and:`,
		"The same with that body and changes. TABLE of changes.", callWithFixtureAnd),
	define(`^I call `+anOperation+` with the body:$`, `I call "partnerLiquidityProvider.onboard" with the body:`,
		"The same with exactly this body. TEXT.", callWithBody),
	define(`^I call `+anOperation+` with the body bytes "(?<hex>[^"]*)"$`, `I call "partnerLiquidityProvider.onboard" with the body bytes "efbb bf7b 7d"`,
		"The same with these bytes, in hexadecimal digits, as the body.", callWithBodyBytes),
	define(`^I call `+anOperation+` with a body of `+aNumber+` bytes$`, `I call "partnerLiquidityProvider.onboard" with a body of 1048577 bytes`,
		"The same with the default body, padded with spaces to this length.", callWithBodyOf),
	define(`^I call `+anOperation+` `+aNumber+` times at once$`, `I call "partnerLiquidityProvider.onboard" 8 times at once`,
		"Sends this many copies of the call concurrently, all with one idempotency key.", callAtOnce),
	define(`^I call `+anOperation+` `+aNumber+` times at once with:$`, `I call "partnerLiquidityProvider.onboard" 8 times at once with:`,
		"The same with changes. TABLE of changes.", callAtOnceWith),
	define(`^I send "(?<method>[^"]*)" to "(?<path>[^"]*)"$`, `I send "GET" to "/partner-liquidity-providers/a%2Fb?x"`,
		"Sends a request without a body to a path that is sent exactly as it is written.", sendTo),
	define(`^I send "(?<method>[^"]*)" to "(?<path>[^"]*)" with:$`, `I send "POST" to "/partner-liquidity-providers/" with:`,
		"The same with headers, raw query values, and a body that begins as {}. TABLE of changes.", sendToWith),
}

// phrases are the steps that call one operation without its id.
type phrases struct {
	operation string
	name      string // in descriptions
	call      string // such as "I get the provider"
	have      string // of a call that must succeed; "" for none
}

var (
	onboardPhrases  = phrases{onboard, "onboard", "I onboard a provider", "I have onboarded a provider"}
	getPhrases      = phrases{get, "get", "I get the provider", ""}
	statusPhrases   = phrases{status, "status upsert", "I upsert its status", "I have upserted its status"}
	evaluatePhrases = phrases{evaluate, "eligibility evaluate", "I evaluate its eligibility", "I have evaluated its eligibility"}
	rolloutPhrases  = phrases{rollout, "rollout upsert", "I upsert its rollout", "I have upserted its rollout"}
	exportPhrases   = phrases{export, "export", "I export its audit", "I have exported its audit"}

	allPhrases = []phrases{onboardPhrases, getPhrases, statusPhrases, evaluatePhrases, rolloutPhrases, exportPhrases}
)

// definitions returns the definitions of an operation's phrases, each with and without a table of changes.
func (p phrases) definitions() []Definition {
	row := func(text, description string, handler any) Definition {
		return define("^"+text+"$", text, description, handler, p.operation)
	}
	rows := []Definition{
		row(p.call, "Calls "+p.name+".", callTo(p.operation)),
		row(p.call+" with:", "The same with changes. TABLE of changes.", callToWith(p.operation)),
	}
	if p.have == "" {
		return rows
	}
	return append(rows,
		row(p.have, "Calls "+p.name+", which must answer 200.", haveCalled(p.operation)),
		row(p.have+" with:", "The same with changes. TABLE of changes.", haveCalledWith(p.operation)),
	)
}

var manyUpserts = []Definition{
	define(`^I have upserted its status `+aNumber+` times$`, `I have upserted its status 49 times`,
		"Calls status upsert this many times, recorded at 2031-03-01T10:00:00Z and each time a second later; every call must answer 200.", haveUpsertedStatus, status),
}

var repeatDefinitions = []Definition{
	define(`^I repeat the call$`, `I repeat the call`,
		"Sends the last request again, with the same idempotency key and the same identity.", repeat),
	define(`^I repeat the call with:$`, `I repeat the call with:`,
		"The same with changes on top. TABLE of changes.", repeatWith),
	define(`^I repeat the call `+aNumber+` times at once$`, `I repeat the call 8 times at once`,
		"Sends this many copies of the last request concurrently.", repeatAtOnce),
	define(`^every answer is byte for byte the same$`, `every answer is byte for byte the same`,
		"All answers to what was sent at once have the same status and the same bytes.", everyAnswerIsTheSame),
	define(`^every answer is the same$`, `every answer is the same`,
		"All answers to what was sent at once have the same status, and equal bodies except for the correlation id.", everyAnswerIsEqual),
	define(`^exactly `+aNumber+` answers are replays$`, `exactly 7 answers are replays`,
		"This many answers to what was sent at once are marked as replays.", answersAreReplays),
}

var answerDefinitions = []Definition{
	define(`^the answer is `+aNumber+`$`, `the answer is 200`, "The answer has this status.", answerIs),
	define(`^the answer is `+aNumber+` `+aCode+`$`, `the answer is 401 UNAUTHORIZED`,
		"The answer is a refusal with this status and error code.", answerIsRefusal),
	define(`^the answer is `+aNumber+` `+aCode+` because `+aReason+`$`, `the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked`,
		"The answer is a refusal with this status, error code and reason code.", answerIsBecause),
	define(`^the answer is `+aNumber+` `+aCode+` without a reason code$`, `the answer is 401 UNAUTHORIZED without a reason code`,
		"The answer is a refusal with this status and error code, and with no reason code.", answerIsWithoutReason),
	define(`^the answer is the same as `+anAnswer+`$`, `the answer is the same as "first"`,
		"The answer has the status of the one stored under this name, and an equal body except for the correlation id.", answerIsSameAs),
	define(`^the answer is byte for byte `+anAnswer+`$`, `the answer is byte for byte "first"`,
		"The answer has the same status and bytes as the one stored under this name.", answerIsByteForByte),
	define(`^`+aPointer+` is `+aLiteral+`$`, `"/provider/segment_tier" is "S1"`,
		"The body has this JSON value at the pointer; numbers are compared by value, exactly.", valueIs),
	define(`^`+aPointer+` is the time "(?<time>[^"]*)"$`, `"/provider/created_at" is the time "2026-02-22T16:00:10Z"`,
		"The body has a time at the pointer that is this instant, in any form.", valueIsTime),
	define(`^`+aPointer+` is not `+aLiteral+`$`, `"/provider/status" is not "active"`,
		"The body has another value at the pointer.", valueIsNot),
	define(`^`+aPointer+` is absent$`, `"/provider/rollout" is absent`, "The body has no value at the pointer, not even null.", valueIsAbsent),
	define(`^`+aPointer+` is present$`, `"/export/next_cursor" is present`, "The body has a value at the pointer.", valueIsPresent),
	define(`^`+aPointer+` matches `+aRegexp+`$`, `"/eligibility/evaluation_id" matches "^plpelig_[0-9a-f]{16}$"`,
		"The body has a string at the pointer that the regular expression matches.", valueMatches),
	define(`^`+aPointer+` has `+aNumber+` items?$`, `"/export/entries" has 2 items`, "The body has a list of this length at the pointer.", valueHasItems),
	define(`^`+aPointer+` equals `+anotherPointer+`$`, `"/provider/updated_at" equals "/provider/created_at"`, "The body has the same value at both pointers.", valueEquals),
	define(`^the fields are:$`, `the fields are:`, "Each pointer points to this JSON value, or is absent. TABLE of pointers and JSON.", fieldsAre),
	define(`^the times are:$`, `the times are:`, "Each pointer points to a time that is this instant, in any form. TABLE of pointers and times.", timesAre),
	define(`^`+aPointer+` is the SHA-256 of canonical `+anotherPointer+`$`, `"/document_hash" is the SHA-256 of canonical "/document"`,
		"The first pointer points to the SHA-256, in lower-case hex, of the RFC 8785 form of the value at the second.", valueIsHash),
	define(`^`+aPointer+` is "sha256:" and the SHA-256 of canonical `+anotherPointer+`$`, `"/rollout/capabilities_hash" is "sha256:" and the SHA-256 of canonical "/rollout/capability_matrix"`,
		"The same with sha256: before it.", valueIsPrefixedHash),
	define(`^there is a violation of "(?<keyword>[^"]*)" at `+aPointer+`$`, `there is a violation of "minLength" at "/provider/legal_entity_name"`,
		"One of the schema violations of a refusal has this keyword and this pointer.", thereIsAViolation),
	define(`^the header `+aHeader+` is "(?<text>.*)"$`, `the header "Idempotent-Replayed" is "true"`, "The answer has the header once, with this value.", headerIs),
	define(`^the header `+aHeader+` is absent$`, `the header "Idempotent-Replayed" is absent`, "The answer has no such header.", headerIsAbsent),
	define(`^the header `+aHeader+` matches `+aRegexp+`$`, `the header "Content-Type" matches "^application/json;"`,
		"The answer has the header once, with a value that the regular expression matches.", headerMatches),
	define(`^the header `+aHeader+` equals `+aPointer+`$`, `the header "X-Correlation-Id" equals "/correlation_id"`,
		"The answer has the header once, with the string that the body has at the pointer.", headerEquals),
}

var captureDefinitions = []Definition{
	define(`^I remember `+aPointer+` as `+aName+`$`, `I remember "/provider/created_at" as "created"`,
		"{created} is from now on the value at the pointer.", rememberValue),
	define(`^I remember the header `+aHeader+` as `+aName+`$`, `I remember the header "X-Correlation-Id" as "correlation"`,
		"{correlation} is from now on the value of this header.", rememberHeader),
	define(`^I remember the answer as `+anAnswer+`$`, `I remember the answer as "first"`,
		"Keeps the answer for “the answer is the same as” and “the answer is byte for byte”.", rememberAnswer),
	define(`^I note its state$`, `I note its state`,
		"Reads the provider and its whole audit, and keeps both.", noteState, get, export),
	define(`^its state is as noted$`, `its state is as noted`,
		"Reads both again; nothing may have changed.", stateIsAsNoted, get, export),
}

var exportDefinitions = []Definition{
	define(`^I ask for the next page$`, `I ask for the next page`,
		"Exports with the query of the last page, continued after it.", askForNextPage, export),
	define(`^I ask for the next page with:$`, `I ask for the next page with:`,
		"The same with changes on top. TABLE of changes.", askForNextPageWith, export),
	define(`^I walk the export$`, `I walk the export`, "Exports, and follows the pages to the end.", walkExport, export),
	define(`^I walk the export with:$`, `I walk the export with:`, "The same with changes to the first request. TABLE of changes.", walkExportWith, export),
	define(`^the page verifies$`, `the page verifies`,
		"The page's hashes, attestation, checkpoint and signature are valid by the keys that the target publishes.", pageVerifies, keys),
	define(`^the walk verifies$`, `the walk verifies`,
		"The same for every page of the walk; and each continues the one before, no entry is missing, and the totals add up.", walkVerifies, keys),
	define(`^the page's proof holds$`, `the page's proof holds`,
		"The page's hashes, attestation, checkpoint and signature are valid by the keys that the target publishes, in whatever form its times and its query are.", pageProofHolds, keys),
	define(`^the walk's proof holds$`, `the walk's proof holds`,
		"The same for every page of the walk; and each continues the one before, no entry is there twice, and the totals add up.", walkProofHolds, keys),
	define(`^the walk has `+aNumber+` pages?$`, `the walk has 3 pages`, "The walk ended after this many pages.", walkHasPages),
	define(`^the walk has `+aNumber+` (?:entry|entries)$`, `the walk has 5 entries`, "The pages of the walk have this many entries in total.", walkHasEntries),
	define(`^the walk's `+aPointer+` are (?<json>\[.*\])$`, `the walk's "/event_type" are ["onboarded", "status_upserted"]`,
		"All entries of the walk, in order, have these values at the pointer.", walkValuesAre),
	define(`^the walk's `+aPointer+` are the times (?<json>\[.*\])$`, `the walk's "/recorded_at" are the times ["2026-02-22T16:00:10Z"]`,
		"All entries of the walk, in order, have these times at the pointer, in any form.", walkTimesAre),
}

// Parameter is what a step takes.
type Parameter struct {
	Name string
	// Description is what it is.
	Description string
}

// Parameters are all parameters of the patterns.
var Parameters = []Parameter{
	{"operation", "the id of an operation of the milestone"},
	{"fixture", "the name of a file in fixtures/requests, without .json"},
	{"partner", "the id of a partner"},
	{"scopes", "scopes with a space between them"},
	{"label", "the label of a key of fixtures/keys/partner-keys.json"},
	{"method", "an HTTP method"},
	{"path", "a path and its query, as they are sent"},
	{"hex", "bytes in hexadecimal digits, with optional spaces"},
	{"number", "a whole number"},
	{"code", "an error code, such as CONFLICT"},
	{"reason_code", "a required reason code of the milestone"},
	{"pointer", "a JSON Pointer into the body; empty for all of it"},
	{"json", "a JSON value: a string in quotes, a number, true, false, null, a list, an object"},
	{"time", "a time in the form of RFC 3339"},
	{"regexp", "a regular expression"},
	{"keyword", "a keyword of JSON Schema"},
	{"header", "the name of a header"},
	{"text", "any text"},
	{"name", "lower-case letters, digits and _, for {name} later"},
	{"answer", "a name for an answer"},
}
