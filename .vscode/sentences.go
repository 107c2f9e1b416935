// Code generated from the table in steps/table.go by make generate. DO NOT EDIT.

//go:build ignore

// Package sentences is read by the Cucumber extension of editors, which completes and checks sentences by it.
package sentences

func sentences(sc any) {
	// Who calls:

	// From now on the caller is this partner, in header mode.
	sc.Step(`^I act as partner "(?<partner>[^"]*)"$`, nil)
	// From now on the partner has these scopes and no others.
	sc.Step(`^my scopes are "(?<scopes>[^"]*)"$`, nil)
	// From now on no header identifies the caller.
	sc.Step(`I bring no identity`, nil)
	// From now on the caller sends this key of fixtures/keys/partner-keys.json and no other identity; {me} is its partner.
	sc.Step(`^I hold the partner key "(?<label>[^"]*)"$`, nil)
	// From now on every call has these headers. TABLE of header rows.
	sc.Step(`my requests carry:`, nil)

	// Calls of any operation:

	// Calls the operation with its default request.
	sc.Step(`^I call "(?<operation>[^"]*)"$`, nil)
	// The same with changes. TABLE of changes.
	sc.Step(`^I call "(?<operation>[^"]*)" with:$`, nil)
	// Calls the operation, which must succeed.
	sc.Step(`^I have called "(?<operation>[^"]*)"$`, nil)
	// The same with changes. TABLE of changes.
	sc.Step(`^I have called "(?<operation>[^"]*)" with:$`, nil)
	// The same with the body fixtures/requests/<name>.json.
	sc.Step(`^I call "(?<operation>[^"]*)" with fixture "(?<fixture>[^"]*)"$`, nil)
	// The same with that body and changes. TABLE of changes.
	sc.Step(`^I call "(?<operation>[^"]*)" with fixture "(?<fixture>[^"]*)" and:$`, nil)
	// The same with exactly this body. TEXT.
	sc.Step(`^I call "(?<operation>[^"]*)" with the body:$`, nil)
	// The same with these bytes, in hexadecimal digits, as the body.
	sc.Step(`^I call "(?<operation>[^"]*)" with the body bytes "(?<hex>[^"]*)"$`, nil)
	// The same with the default body, padded with spaces to this length.
	sc.Step(`^I call "(?<operation>[^"]*)" with a body of (?<number>[0-9]{1,9}) bytes$`, nil)
	// Sends this many copies of the call concurrently, all with one idempotency key.
	sc.Step(`^I call "(?<operation>[^"]*)" (?<number>[0-9]{1,9}) times at once$`, nil)
	// The same with changes. TABLE of changes.
	sc.Step(`^I call "(?<operation>[^"]*)" (?<number>[0-9]{1,9}) times at once with:$`, nil)
	// Sends a request without a body to a path that is sent exactly as it is written.
	sc.Step(`^I send "(?<method>[^"]*)" to "(?<path>[^"]*)"$`, nil)
	// The same with headers, raw query values, and a body that begins as {}. TABLE of changes.
	sc.Step(`^I send "(?<method>[^"]*)" to "(?<path>[^"]*)" with:$`, nil)

	// Calls of the operations that most scenarios are about:

	// Calls onboard.
	sc.Step(`I onboard a provider`, nil)
	// The same with changes. TABLE of changes.
	sc.Step(`I onboard a provider with:`, nil)
	// Calls onboard, which must answer 200.
	sc.Step(`I have onboarded a provider`, nil)
	// The same with changes. TABLE of changes.
	sc.Step(`I have onboarded a provider with:`, nil)
	// Calls get.
	sc.Step(`I get the provider`, nil)
	// The same with changes. TABLE of changes.
	sc.Step(`I get the provider with:`, nil)
	// Calls status upsert.
	sc.Step(`I upsert its status`, nil)
	// The same with changes. TABLE of changes.
	sc.Step(`I upsert its status with:`, nil)
	// Calls status upsert, which must answer 200.
	sc.Step(`I have upserted its status`, nil)
	// The same with changes. TABLE of changes.
	sc.Step(`I have upserted its status with:`, nil)
	// Calls status upsert this many times, recorded at 2031-03-01T10:00:00Z and each time a second later; every call must answer 200.
	sc.Step(`^I have upserted its status (?<number>[0-9]{1,9}) times$`, nil)
	// Calls eligibility evaluate.
	sc.Step(`I evaluate its eligibility`, nil)
	// The same with changes. TABLE of changes.
	sc.Step(`I evaluate its eligibility with:`, nil)
	// Calls eligibility evaluate, which must answer 200.
	sc.Step(`I have evaluated its eligibility`, nil)
	// The same with changes. TABLE of changes.
	sc.Step(`I have evaluated its eligibility with:`, nil)
	// Calls rollout upsert.
	sc.Step(`I upsert its rollout`, nil)
	// The same with changes. TABLE of changes.
	sc.Step(`I upsert its rollout with:`, nil)
	// Calls rollout upsert, which must answer 200.
	sc.Step(`I have upserted its rollout`, nil)
	// The same with changes. TABLE of changes.
	sc.Step(`I have upserted its rollout with:`, nil)
	// Calls export.
	sc.Step(`I export its audit`, nil)
	// The same with changes. TABLE of changes.
	sc.Step(`I export its audit with:`, nil)
	// Calls export, which must answer 200.
	sc.Step(`I have exported its audit`, nil)
	// The same with changes. TABLE of changes.
	sc.Step(`I have exported its audit with:`, nil)

	// The same call again:

	// Sends the last request again, with the same idempotency key and the same identity.
	sc.Step(`I repeat the call`, nil)
	// The same with changes on top. TABLE of changes.
	sc.Step(`I repeat the call with:`, nil)
	// Sends this many copies of the last request concurrently.
	sc.Step(`^I repeat the call (?<number>[0-9]{1,9}) times at once$`, nil)
	// All answers to what was sent at once have the same status and the same bytes.
	sc.Step(`every answer is byte for byte the same`, nil)
	// All answers to what was sent at once have the same status, and equal bodies except for the correlation id.
	sc.Step(`every answer is the same`, nil)
	// This many answers to what was sent at once are marked as replays.
	sc.Step(`^exactly (?<number>[0-9]{1,9}) answers are replays$`, nil)

	// What was answered:

	// The answer has this status.
	sc.Step(`^the answer is (?<number>[0-9]{1,9})$`, nil)
	// The answer is a refusal with this status and error code.
	sc.Step(`^the answer is (?<number>[0-9]{1,9}) (?<code>[A-Z][A-Z_]*)$`, nil)
	// The answer is a refusal with this status, error code and reason code.
	sc.Step(`^the answer is (?<number>[0-9]{1,9}) (?<code>[A-Z][A-Z_]*) because (?<reason_code>[a-z][a-z0-9_]*)$`, nil)
	// The answer is a refusal with this status and error code, and with no reason code.
	sc.Step(`^the answer is (?<number>[0-9]{1,9}) (?<code>[A-Z][A-Z_]*) without a reason code$`, nil)
	// The answer has the status of the one that was remembered under this name, and an equal body except for the correlation id.
	sc.Step(`^the answer is the same as "(?<answer>[^"]*)"$`, nil)
	// The answer has the same status and bytes as the one that was remembered under this name.
	sc.Step(`^the answer is byte for byte "(?<answer>[^"]*)"$`, nil)
	// The body has this JSON value at the pointer; numbers are compared by value, exactly.
	sc.Step(`^"(?<pointer>(?:/[^"]*)?)" is (?<json>null|true|false|-?[0-9][0-9.eE+-]*|"(?:[^"\\]|\\.)*"|\[.*\]|\{.*\})$`, nil)
	// The body has a time at the pointer that is this instant, in any form.
	sc.Step(`^"(?<pointer>(?:/[^"]*)?)" is the time "(?<time>[^"]*)"$`, nil)
	// The body has another value at the pointer.
	sc.Step(`^"(?<pointer>(?:/[^"]*)?)" is not (?<json>null|true|false|-?[0-9][0-9.eE+-]*|"(?:[^"\\]|\\.)*"|\[.*\]|\{.*\})$`, nil)
	// The body has no value at the pointer, not even null.
	sc.Step(`^"(?<pointer>(?:/[^"]*)?)" is absent$`, nil)
	// The body has a value at the pointer.
	sc.Step(`^"(?<pointer>(?:/[^"]*)?)" is present$`, nil)
	// The body has a string at the pointer that the regular expression matches.
	sc.Step(`^"(?<pointer>(?:/[^"]*)?)" matches "(?<regexp>.+)"$`, nil)
	// The body has a list of this length at the pointer.
	sc.Step(`^"(?<pointer>(?:/[^"]*)?)" has (?<number>[0-9]{1,9}) items?$`, nil)
	// The body has the same value at both pointers.
	sc.Step(`^"(?<pointer>(?:/[^"]*)?)" equals "(?<pointer2>(?:/[^"]*)?)"$`, nil)
	// Each pointer points to this JSON value, or is absent. TABLE of pointers and JSON.
	sc.Step(`the fields are:`, nil)
	// Each pointer points to a time that is this instant, in any form. TABLE of pointers and times.
	sc.Step(`the times are:`, nil)
	// The first pointer points to the SHA-256, in lower-case hex, of the RFC 8785 form of the value at the second.
	sc.Step(`^"(?<pointer>(?:/[^"]*)?)" is the SHA-256 of canonical "(?<pointer2>(?:/[^"]*)?)"$`, nil)
	// The same with sha256: before it.
	sc.Step(`^"(?<pointer>(?:/[^"]*)?)" is "sha256:" and the SHA-256 of canonical "(?<pointer2>(?:/[^"]*)?)"$`, nil)
	// One of the schema violations of a refusal has this keyword and this pointer.
	sc.Step(`^there is a violation of "(?<keyword>[^"]*)" at "(?<pointer>(?:/[^"]*)?)"$`, nil)
	// The answer has the header once, with this value.
	sc.Step(`^the header "(?<header>[^"]*)" is "(?<text>.*)"$`, nil)
	// The answer has no such header.
	sc.Step(`^the header "(?<header>[^"]*)" is absent$`, nil)
	// The answer has the header once, with a value that the regular expression matches.
	sc.Step(`^the header "(?<header>[^"]*)" matches "(?<regexp>.+)"$`, nil)
	// The answer has the header once, with the string that the body has at the pointer.
	sc.Step(`^the header "(?<header>[^"]*)" equals "(?<pointer>(?:/[^"]*)?)"$`, nil)

	// What is kept for later:

	// {created} stands from now on for the value at the pointer.
	sc.Step(`^I remember "(?<pointer>(?:/[^"]*)?)" as "(?<name>[^"]*)"$`, nil)
	// {correlation} stands from now on for the value of this header.
	sc.Step(`^I remember the header "(?<header>[^"]*)" as "(?<name>[^"]*)"$`, nil)
	// Keeps the answer for “the answer is the same as” and “the answer is byte for byte”.
	sc.Step(`^I remember the answer as "(?<answer>[^"]*)"$`, nil)
	// Reads the provider and its whole audit, and keeps both.
	sc.Step(`I note its state`, nil)
	// Reads both again; nothing may have changed.
	sc.Step(`its state is as noted`, nil)

	// Exports:

	// Exports with the query of the last page, continued after it.
	sc.Step(`I ask for the next page`, nil)
	// The same with changes on top. TABLE of changes.
	sc.Step(`I ask for the next page with:`, nil)
	// Exports, and follows the pages to the end.
	sc.Step(`I walk the export`, nil)
	// The same with changes to the first request. TABLE of changes.
	sc.Step(`I walk the export with:`, nil)
	// The page's hashes, attestation, checkpoint and signature are valid by the keys that the target publishes.
	sc.Step(`the page verifies`, nil)
	// The same for every page of the walk; and each continues the one before, no entry is missing, and the totals add up.
	sc.Step(`the walk verifies`, nil)
	// The page's hashes, attestation, checkpoint and signature are valid by the keys that the target publishes, in whatever form its times and its query are.
	sc.Step(`the page's proof holds`, nil)
	// The same for every page of the walk; and each continues the one before, no entry is there twice, and the totals add up.
	sc.Step(`the walk's proof holds`, nil)
	// The walk ended after this many pages.
	sc.Step(`^the walk has (?<number>[0-9]{1,9}) pages?$`, nil)
	// The pages of the walk have this many entries in total.
	sc.Step(`^the walk has (?<number>[0-9]{1,9}) (?:entry|entries)$`, nil)
	// All entries of the walk, in order, have these values at the pointer.
	sc.Step(`^the walk's "(?<pointer>(?:/[^"]*)?)" are (?<json>\[.*\])$`, nil)
	// All entries of the walk, in order, have these times at the pointer, in any form.
	sc.Step(`^the walk's "(?<pointer>(?:/[^"]*)?)" are the times (?<json>\[.*\])$`, nil)
}
