// Package artifact writes the folder of artifacts of a run, and reads the one of the run before.
//
//	verdict.json       overall, the reasons against it, and the evidence for each rule and reason code
//	coverage.json      each operation with each outcome, reason code and schema: declared, and how often observed
//	messages.ndjson    the event log (package record)
//	exchanges.ndjson   every request with its answer and the results of the checks, in order, one to a line
//	output.json        what each scenario observed, in a form that can be compared (package golden)
//	state.json         the state of the fake server at the end
//	junit.xml          the scenarios for CI systems (package junit)
//	exchanges.har      the exchanges for browsers and proxies (package har)
//	report.html        all of it as a page for people (package html)
//	conformance.json   what the owner of an implementation publishes (package conformance)
//	conformance.md     the same as Markdown
//
// The folder is replaced as a whole or not at all (see [Folder]). Its files are always of one run, and always complete: a
// run that failed, was interrupted, or could not start writes all of them too, with overall false. So no green folder of
// an earlier run remains beside a red run. While a run is under way, and after one was killed or could not write its
// artifacts, the verdict is a mark ([Folder.Mark]). Only a usage error, and a selection of no scenario, leave the folder
// unchanged.
//
// Two runs write the same bytes, except members whose names end in _at or _ms, the times that JUnit and HAR define, and the
// date in conformance.md.
package artifact

// The names of the artifacts.
const (
	Verdict   = "verdict.json"
	Coverage  = "coverage.json"
	Exchanges = "exchanges.ndjson"
	Output    = "output.json"
	State     = "state.json"
	Messages  = "messages.ndjson"
	JUnit     = "junit.xml"
	HAR       = "exchanges.har"
	Page      = "report.html"
	// Conformance and ConformancePage are what the owner of an implementation publishes.
	Conformance     = "conformance.json"
	ConformancePage = "conformance.md"
)

// Names are the names of all artifacts.
var Names = []string{Verdict, Coverage, Exchanges, Output, State, Messages, JUnit, HAR, Page, Conformance, ConformancePage}
