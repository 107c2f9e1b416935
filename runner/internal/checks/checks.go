// Package checks judges every answer, whichever step asked for it and whatever that step looks at.
//
// [Table] is the whole of it: one row per check, with a permanent id, the sentence that it stands for, and the
// function that finds what is wrong. A check looks at one exchange and knows nothing of the others. Each of them can
// fail alone: what two checks would both find is left to one of them, so that a failure names its cause.
//
// A check that has nothing to look at (the body of an answer to HEAD, the details of a success) says so. It does not
// count as passed.
package checks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/cause"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/schemas"
)

// Check is one thing that every answer must be.
type Check struct {
	// ID is permanent.
	ID string
	// Description is what must hold, as one sentence.
	Description string

	find func(*subject) finding
}

// finding is the result of a check. The zero finding is that the check passed.
type finding struct {
	wrong      string
	skipped    string
	violations []schemas.Violation
	causes     []cause.Cause
}

// core is a finding that every level requires. The text names what failed, without its place.
func core(what, format string, args ...any) finding {
	return finding{wrong: fmt.Sprintf(format, args...), causes: []cause.Cause{{Key: what, Level: milestones.Core}}}
}

// full is a finding that level full requires.
func full(what, format string, args ...any) finding {
	f := core(what, format, args...)
	f.causes[0].Level = milestones.Full
	return f
}

func skipped(why string) finding { return finding{skipped: why} }

// Table is every check, in the order in which they are made. The order matters to nothing but reading.
var Table = []Check{
	{"no-5xx", "No request makes the target fail: no status is 500 or more.", no5xx},
	{"content-type", "The answer has one Content-Type, and it is exactly the milestone's.", contentType},
	{"correlation-id", "The answer's correlation id is the same in header and body, and the one that the request " +
		"brought, or else the operation's own, where the milestone says what that is.", correlationID},
	{"answer-is-i-json", "The body is one JSON text as RFC 7493 has it: UTF-8, no byte order mark, no member twice, " +
		"nothing after it; and no longer than 16 MiB, or 32 MiB with the other answers of its scenario.", isIJSON},
	{"declared-outcome", "The status and the error code are an outcome that the milestone declares for the operation.",
		declaredOutcome},
	{"reason-code", "The reason code is there exactly when the outcome has one and is the one that it has, and a list " +
		"of reason codes holds only codes that may stand there.", reasonCode},
	{"details", "The error's details have every member that the outcome declares.", details},
	{"schema", "The body is valid by the schema of the outcome.", schema},
	{"replay-header", "Only the answer to a POST is ever a replay, and only when its idempotency key was sent before.",
		replayHeader},
}

// Check judges the answers of one milestone.
type Checker struct {
	milestone  *milestones.Milestone
	operations map[string]*milestones.Operation // by id, the router included
	schemas    map[string]*schemas.Schema
	// correlation is the correlation id of each operation when a request brings none; "" when the server may choose.
	correlation map[string]string
}

// New makes a judge. The set must hold every schema that the milestone names.
func New(m *milestones.Milestone, set *schemas.Set) (*Checker, error) {
	if err := m.CheckSchemas(set.Names()); err != nil {
		return nil, err
	}
	j := &Checker{m, map[string]*milestones.Operation{}, map[string]*schemas.Schema{}, map[string]string{}}
	for _, name := range set.Names() {
		j.schemas[name], _ = set.Lookup(name)
	}
	for i := range m.Operations {
		j.operations[m.Operations[i].ID] = &m.Operations[i]
	}
	j.operations[m.Router.ID] = &m.Router
	for id := range j.operations {
		j.correlation[id] = ownCorrelation(m, id)
	}
	return j, nil
}

var runOfOthers = regexp.MustCompile(`[^a-z0-9]+`)

// ownCorrelation is the correlation id of an operation when the request brings none; "" when the server may choose.
func ownCorrelation(m *milestones.Milestone, id string) string {
	word := strings.Trim(runOfOthers.ReplaceAllString(strings.ToLower(id), "_"), "_")
	return strings.ReplaceAll(m.Transport.DefaultCorrelationID, "{operation}", word)
}

// Check makes every check on the exchange, and writes into it what they found and what the answer is.
func (j *Checker) Check(x *record.Exchange) {
	s := j.read(x)
	if s.outcome != nil {
		x.Outcome = record.Optional(s.outcome.Name)
	}
	x.Canonical = s.document.Canonical
	x.Message = strings.TrimSpace(strconv.Itoa(x.Response.Status) + " " + s.code)
	if s.reason != "" {
		x.Message += " " + s.reason
	}
	x.Covered, x.Undeclared = s.cells()
	x.Checks = make(record.Checks, len(Table))
	for i := range Table {
		f := Table[i].find(s)
		r := record.CheckResult{Check: Table[i].ID, Violations: f.violations}
		switch {
		case f.wrong != "":
			r.Status, r.Message, r.Causes = record.CheckFailed, f.wrong, f.causes
			for j := range r.Causes {
				r.Causes[j].Key = cause.Check(r.Check, r.Causes[j].Key)
			}
		case f.skipped != "":
			r.Status, r.Message = record.CheckNotApplicable, f.skipped
		}
		x.Checks[i] = r
	}
	s.attribute()
}

// attribute removes causes that follow from another one, so that an answer which is no declared outcome, or has no JSON, has one
// cause. Its other checks stay failed.
func (s *subject) attribute() {
	first := -1
	for i := range s.Checks {
		switch s.Checks[i].Check {
		case "answer-is-i-json":
			if s.bodiless == "" && s.unreadable != nil && s.Checks[i].Level() == milestones.Core && first < 0 {
				first = i
			}
		case "declared-outcome":
			if s.Checks[i].Status == record.CheckFailed {
				first = i
			}
		}
	}
	for i := range s.Checks {
		if first >= 0 && i != first {
			s.Checks[i].Causes = nil
		}
	}
}

// subject is an exchange, read once for all checks.
type subject struct {
	*record.Exchange
	judge     *Checker
	operation *milestones.Operation

	bodiless   string // why the answer has no body, when that is as it should be
	document   schemas.Document
	unreadable error

	code        string // /error/code
	reason      string // /error/details/reason_code
	reasonGiven bool   // whether it is there at all, of any type
	extraReason bool   // whether the outcome has none

	declared []*milestones.Outcome // those of the operation with this status and code; without a body, this status
	outcome  *milestones.Outcome   // the one of them with this reason code
}

func (j *Checker) read(x *record.Exchange) *subject {
	s := &subject{Exchange: x, judge: j, operation: j.operations[x.Operation]}
	if x.Request.Method == "HEAD" {
		s.bodiless = "an answer to HEAD has no body"
	} else if x.Response.Cut {
		s.unreadable = fmt.Errorf("longer than %d bytes, or than %d bytes with the other answers of its scenario", record.BodyLimit, record.ScenarioLimit)
	} else {
		s.document, s.unreadable = schemas.Read(x.Response.Body)
	}
	s.code, _ = at(s.document.Value, "error", "code").(string)
	reason := at(s.document.Value, "error", "details", "reason_code")
	s.reason, _ = reason.(string)
	if details, ok := at(s.document.Value, "error", "details").(map[string]any); ok {
		_, s.reasonGiven = details["reason_code"]
	}
	isError := at(s.document.Value, "error") != nil
	for i := range s.operation.Outcomes {
		outcome := &s.operation.Outcomes[i]
		switch {
		case outcome.Status != x.Response.Status:
		case !s.readable(): // the status is all there is to see
			s.declared = append(s.declared, outcome)
		case outcome.Code == s.code && isError == (outcome.Name != milestones.Success):
			s.declared = append(s.declared, outcome)
			if outcome.ReasonCode == s.reason && s.reasonGiven == (outcome.ReasonCode != "") {
				s.outcome = outcome
			}
		}
	}
	if s.outcome == nil && s.reasonGiven && len(s.declared) == 1 && s.declared[0].ReasonCode == "" && s.readable() {
		s.outcome, s.extraReason = s.declared[0], true // the outcome is certain all the same
	}
	return s
}

// readable says whether there is a body, and it could be read.
func (s *subject) readable() bool { return s.bodiless == "" && s.unreadable == nil }

// at follows member names into a decoded JSON text. What is not there is nil.
func at(value any, names ...string) any {
	for _, name := range names {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// cells says what the answer shows of its operation.
func (s *subject) cells() (cells []milestones.CoverageItem, stray []record.Undeclared) {
	if !s.readable() && len(s.declared) > 0 {
		return nil, nil // it may be any of those
	}
	if s.outcome == nil {
		return nil, []record.Undeclared{{Status: s.Response.Status, Code: s.code, ReasonCode: s.reason}}
	}
	cells = append(cells, milestones.CoverageItem{Outcome: s.outcome.Name, ReasonCode: s.outcome.ReasonCode})
	codes, _ := s.listed()
	for _, code := range codes {
		switch {
		case slices.Contains(s.outcome.ReasonCodes, code):
			cell := milestones.CoverageItem{Outcome: s.outcome.Name, ReasonCode: code}
			if !slices.Contains(cells, cell) {
				cells = append(cells, cell)
			}
		case !s.outcome.OpenReasonCodes:
			stray = append(stray, record.Undeclared{Status: s.Response.Status, Code: s.code, ReasonCode: code})
		}
	}
	return cells, stray
}

// listed is the outcome's list of reason codes; not ok when there is none where there should be one.
func (s *subject) listed() (codes []string, ok bool) {
	if s.outcome == nil || s.outcome.ReasonCodesAt == "" {
		return nil, true
	}
	list, ok := s.document.At(s.outcome.ReasonCodesAt).([]any)
	for _, item := range list {
		code, isString := item.(string)
		ok = ok && isString
		codes = append(codes, code)
	}
	return codes, ok
}

func no5xx(s *subject) finding {
	if s.Response.Status >= 500 {
		return core("the status is 500 or more", "the status is %d: the target failed, instead of refusing", s.Response.Status)
	}
	return finding{}
}

func contentType(s *subject) finding {
	want := s.judge.milestone.Transport.ContentType
	got := s.Response.Header["Content-Type"]
	if len(got) != 1 || got[0] != want {
		return full("the media type is another one", "Content-Type is %q, and should be %q", got, want)
	}
	return finding{}
}

func correlationID(s *subject) finding {
	name := s.judge.milestone.Transport.CorrelationHeader
	values := s.Response.Header.Values(name)
	if len(values) != 1 {
		what := "the header is missing"
		if len(values) > 1 {
			what = "the header is repeated"
		}
		return full(what, "there are %d %s headers, and should be one", len(values), name)
	}
	header := values[0]
	if s.readable() {
		body, isString := at(s.document.Value, "correlation_id").(string)
		if !isString {
			return full(noCorrelationID, "the body has no correlation_id, and the header %s is %q", name, header)
		}
		if body != header {
			return full("header and body differ", "the header %s is %q, and the body's correlation_id is %q", name, header, body)
		}
	}
	if len(s.Response.Header.Values(s.judge.milestone.Transport.ReplayHeader)) > 0 {
		return finding{} // a replay keeps the id that it was first given under
	}
	want, from := s.judge.correlation[s.Operation], "the operation's own, for the request brought none"
	what := "it is not the operation's own"
	switch brought := s.Request.Header.Values(name); {
	case len(brought) > 1:
		return finding{} // the contract does not say which of them counts
	case len(brought) == 1 && wellFormed(brought[0], s.judge.milestone.Limits.CorrelationIDLength):
		want, from = strings.Trim(brought[0], " \t"), "the request's"
		what = "it is not the request's"
	case len(brought) == 1:
		from = "the operation's own, for the request's is malformed"
	}
	if want == "" { // the server may choose
		return finding{}
	}
	if header != want {
		return full(what, "the correlation id is %q, and should be %q: %s", header, want, from)
	}
	return finding{}
}

// wellFormed says whether a correlation id that a request brings is to be used. White space around a header's value
// is no part of it.
func wellFormed(id string, longest int) bool {
	id = strings.Trim(id, " \t")
	if id == "" || longest > 0 && len(id) > longest {
		return false
	}
	for _, c := range []byte(id) {
		letter := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !letter && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func isIJSON(s *subject) finding {
	switch {
	case s.bodiless != "":
		return skipped(s.bodiless)
	case s.unreadable != nil:
		if !s.Response.Cut && json.Valid(s.Response.Body) {
			return full("the body is JSON, and not I-JSON", "the answer is %v", s.unreadable)
		}
		return core("the body is not JSON", "the answer is %v", s.unreadable)
	}
	return finding{}
}

func declaredOutcome(s *subject) finding {
	switch {
	case len(s.declared) == 0:
		return core(s.Message+" is not declared", "%s is not an outcome of %s, which has %s",
			strings.TrimSpace(strconv.Itoa(s.Response.Status)+" "+s.code), s.operation.ID, s.choices())
	case !s.readable():
		return skipped("the status is declared, and without a body there is no error code to see")
	}
	return finding{}
}

// choices lists the statuses and codes that the operation declares.
func (s *subject) choices() string {
	var choices []string
	for _, o := range s.operation.Outcomes {
		choice := strings.TrimSpace(strconv.Itoa(o.Status) + " " + o.Code)
		if !slices.Contains(choices, choice) {
			choices = append(choices, choice)
		}
	}
	return strings.Join(choices, ", ")
}

func reasonCode(s *subject) finding {
	if !s.readable() {
		return skipped("without a body there is no reason code to see")
	}
	if len(s.declared) == 0 {
		return skipped("the outcome is not declared, so nothing says which reason code it has")
	}
	if s.outcome == nil {
		var choices []string
		for _, o := range s.declared {
			choice := o.ReasonCode
			if choice == "" {
				choice = "none"
			}
			choices = append(choices, choice)
		}
		got := strconv.Quote(s.reason)
		if !s.reasonGiven {
			got = "absent"
		}
		what := fmt.Sprintf("expected %s, observed %s", strings.Join(choices, " or "), s.observed())
		return core(what, "details.reason_code is %s; %s of %s has %s", got,
			strings.TrimSpace(strconv.Itoa(s.Response.Status)+" "+s.code), s.operation.ID, strings.Join(choices, " or "))
	}
	if s.extraReason {
		return full("there is one where the outcome has none", "details.reason_code is %q; %s of %s has none", s.reason,
			strings.TrimSpace(strconv.Itoa(s.Response.Status)+" "+s.code), s.operation.ID)
	}
	if s.outcome.ReasonCodesAt == "" {
		return finding{}
	}
	f := s.listedReasonCodes()
	for i := range f.causes {
		f.causes[i].Pointer = jsontext.Pointer(s.outcome.ReasonCodesAt)
		if strings.HasPrefix(s.outcome.ReasonCodesAt, detailsAt+"/") {
			f.causes[i].Level = milestones.Full
		}
	}
	return f
}

// listedReasonCodes checks the list of reason codes of an outcome that has one.
func (s *subject) listedReasonCodes() finding {
	at := s.outcome.ReasonCodesAt
	codes, ok := s.listed()
	if name, isDetail := strings.CutPrefix(at, detailsAt+"/"); !ok && isDetail && slices.Contains(s.outcome.Details, name) && s.document.At(at) == nil {
		return finding{} // the check of the details has it
	}
	if !ok {
		return core("no list at "+at, "there is no list of reason codes at %s", at)
	}
	for _, code := range codes {
		if !s.outcome.OpenReasonCodes && !slices.Contains(s.outcome.ReasonCodes, code) {
			return core(fmt.Sprintf("undeclared %s at %s", code, at), "%s has %q, and may have only %s", at, code, strings.Join(s.outcome.ReasonCodes, ", "))
		}
	}
	return finding{}
}

// observed is the reason code of the answer as a cause has it.
func (s *subject) observed() string {
	if !s.reasonGiven {
		return "none"
	}
	return cmp.Or(s.reason, "no text")
}

func details(s *subject) finding {
	if s.outcome == nil {
		return skipped("no declared outcome, so nothing says which details it has")
	}
	if len(s.outcome.Details) == 0 {
		return skipped("the outcome declares no details")
	}
	given, _ := at(s.document.Value, "error", "details").(map[string]any)
	var missing []string
	for _, name := range s.outcome.Details {
		if _, there := given[name]; !there {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		f := finding{wrong: fmt.Sprintf("the details lack %s, which %s has", strings.Join(missing, ", "), s.outcome.Name)}
		for _, name := range missing {
			at := jsontext.Pointer(detailsAt).AppendToken(name)
			f.causes = append(f.causes, cause.Cause{Key: "required " + string(at), Level: milestones.Full, Pointer: at})
		}
		return f
	}
	return finding{}
}

func schema(s *subject) finding {
	if !s.readable() {
		return skipped("without a body there is nothing to compare with a schema")
	}
	name := s.judge.milestone.Transport.ErrorSchema
	switch {
	case len(s.declared) > 0:
		name = s.declared[0].Schema // outcomes with one status and code have one schema
	case s.Response.Status/100 == 2 && s.operation.ResponseSchema != "":
		name = s.operation.ResponseSchema
	}
	violations := s.judge.schemas[name].Validate(s.document.Value)
	if len(violations) == 0 {
		return finding{}
	}
	f := finding{wrong: "the body is not valid by " + name, violations: violations[:min(len(violations), mostViolations)]}
	f.causes = s.schemaCauses(s.judge.schemas[name])
	if more := len(violations) - mostViolations; more > 0 {
		f.wrong += fmt.Sprintf(" (these and %d more)", more)
	}
	return f
}

// Places of the envelope of refusals, and of the correlation id.
const (
	detailsAt       = "/error/details"
	reasonCodeAt    = "/error/details/reason_code"
	messageAt       = "/error/message"
	correlationIDAt = "/correlation_id"
)

// noCorrelationID is the cause of a body without a correlation id, which the schema requires too.
const noCorrelationID = "the body has none"

// schemaCauses returns the causes for which a body is not valid by a schema, each once: the keyword and the place. Level full alone
// requires what the keyword x-full beside it names, that there are no undeclared members, the form of the correlation id and of
// the message, and the details of a refusal but for its reason code.
func (s *subject) schemaCauses(by *schemas.Schema) []cause.Cause {
	var causes []cause.Cause
	add := func(keyword string, at jsontext.Pointer, level milestones.Level) {
		key := strings.TrimSpace(keyword + " " + cause.Pointer(at))
		if at == correlationIDAt && keyword == "required" {
			return // the check of the correlation id has it
		}
		switch {
		case keyword == "additionalProperties", keyword == "unevaluatedProperties",
			cause.Covers(correlationIDAt, at), cause.Covers(messageAt, at), cause.Covers(detailsAt, at) && !cause.Covers(reasonCodeAt, at) && at != detailsAt:
			level = milestones.Full
		}
		if !slices.ContainsFunc(causes, func(c cause.Cause) bool { return c.Key == key }) && len(causes) < mostViolations {
			causes = append(causes, cause.Cause{Key: key, Level: level, Pointer: at})
		}
	}
	for _, failure := range by.Failures(s.document.Value) {
		level := milestones.Core
		if only, _ := failure.Node["x-full"].([]any); slices.Contains(only, any(failure.Keyword)) {
			level = milestones.Full
		}
		members, _ := s.document.At(string(failure.Pointer)).(map[string]any)
		switch failure.Keyword {
		case "required":
			for _, name := range failure.Node["required"].([]any) {
				if _, there := members[name.(string)]; !there {
					add(failure.Keyword, failure.Pointer.AppendToken(name.(string)), level)
				}
			}
		case "additionalProperties":
			declared, _ := failure.Node["properties"].(map[string]any)
			for _, name := range slices.Sorted(maps.Keys(members)) {
				if _, known := declared[name]; !known {
					add(failure.Keyword, failure.Pointer.AppendToken(name), level)
				}
			}
		default:
			add(failure.Keyword, failure.Pointer, level)
		}
	}
	return causes
}

// mostViolations is how many differences from a schema are kept: enough to see what is wrong.
const mostViolations = 20

func replayHeader(s *subject) finding {
	name := s.judge.milestone.Transport.ReplayHeader
	if name == "" {
		return skipped("the milestone has no replays")
	}
	values := s.Response.Header.Values(name)
	switch {
	case len(values) == 0:
		return finding{}
	case len(values) > 1 || values[0] != "true":
		return full("the value is neither absent nor true", "%s is %q, and should be absent or true", name, values)
	case s.operation.Method != "POST":
		return full("it is on the answer of an operation that stores none", "%s is on the answer of an operation that stores none", name)
	case !s.KeySentBefore:
		return full("it is on the first answer to a key", "%s is on the answer to a key that this run had not sent before (has the target seen an earlier "+
			"run with the same --run-id?)", name)
	}
	return finding{}
}
