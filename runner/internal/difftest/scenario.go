package difftest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/internal/jsonvalue"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/service"
)

// scenario returns a feature with one scenario, which passes against the fake and fails against the target; "" if no step can
// express the difference.
func (d *Divergence) scenario(s *session, f *finding) string {
	w := &scenarioWriter{session: s, finding: f}
	assertion := w.assertion()
	if assertion == "" {
		return ""
	}
	assertions := []string{assertion}
	if d.Side == plan.Refuses { // lint requires the refusal
		if refusal := w.refusal(); refusal != "" && refusal != assertion {
			assertions = []string{refusal, assertion}
		}
	}
	var b strings.Builder
	for _, rule := range s.milestone.Rules {
		if rule.ID == d.Rule && rule.Feature != "" {
			fmt.Fprintf(&b, "# Add the scenario to features/%s.\n", rule.Feature)
		}
	}
	// The id makes the name unique.
	fmt.Fprintf(&b, "Feature: Differences from the contract\n\n  %s\n  Scenario: %s follows the contract (%s)\n",
		strings.Join(d.tags(), " "), d.Operation, d.ID)
	w.write(&b, assertions)
	return b.String()
}

// tags returns the tags of the scenario: its rule and side, and what the target needs.
func (d *Divergence) tags() []string {
	var tags []string
	if d.Rule != "" {
		tags = append(tags, "@"+d.Rule)
	}
	if d.Side != plan.Neither {
		tags = append(tags, "@"+string(d.Side))
	}
	for _, need := range d.needs() {
		tags = append(tags, plan.NeedsPrefix+need)
	}
	return tags
}

// needs returns the capabilities that the sequence requires of a target, sorted.
func (d *Divergence) needs() []string {
	needs := slices.Clone(d.Sequence.Needs)
	for _, call := range d.Sequence.Calls {
		for _, row := range call.Rows {
			if setsClock(row) && !slices.Contains(needs, clocksOff) {
				needs = append(needs, testClock)
			}
			if strings.HasPrefix(row[0], "header X-Actor-") || strings.HasSuffix(row[0], "Scopes") {
				if !slices.Contains(needs, keyMode) {
					needs = append(needs, headerMode)
				}
			}
		}
	}
	if d.Sequence.Clocked {
		needs = append(needs, testClock)
	}
	slices.Sort(needs)
	return slices.Compact(needs)
}

// scenarioWriter writes the sequence of a finding as steps.
type scenarioWriter struct {
	session  *session
	finding  *finding
	captures []capture
}

// capture is a value of a response that a later step needs.
type capture struct {
	call     int
	at, name string
}

// write writes the steps: the calls, and the assertions on the last response.
func (w *scenarioWriter) write(b *strings.Builder, assertions []string) {
	seq := w.finding.sequence
	keyword := "Given"
	step := func(text string, lines []string) {
		fmt.Fprintf(b, "    %s %s\n", keyword, text)
		for _, line := range lines {
			fmt.Fprintf(b, "      %s\n", line)
		}
		keyword = "And"
	}
	if seq.PartnerKey != "" {
		step(`I hold the partner key "`+seq.PartnerKey+`"`, nil)
	}
	if seq.Clocked {
		var lines []string
		for _, row := range clockRows() {
			lines = append(lines, "| "+row[0]+" | "+row[1]+" |")
		}
		step("my requests carry:", lines)
	}
	counts := map[string]int{}
	wanted := seq.references()
	for i, call := range seq.Calls {
		isLast := i == len(seq.Calls)-1
		if call.Hold != "" {
			step(`I hold the partner key "`+call.Hold+`"`, nil)
		}
		if isLast {
			keyword = "When"
		}
		success := w.fakeResponse(i).status == http.StatusOK
		step(call.Step(success && !isLast))
		if isLast || !success {
			continue
		}
		for _, c := range w.produced(i, counts) {
			if slices.Contains(wanted, c.name) {
				step(fmt.Sprintf("I remember %q as %q", c.at, c.name), nil)
			}
		}
		for _, c := range w.captures {
			if c.call == i {
				step(fmt.Sprintf("I remember %q as %q", c.at, c.name), nil)
			}
		}
	}
	keyword = "Then"
	for _, assertion := range assertions {
		step(assertion, nil)
	}
}

// fakeResponse returns the first response of the fake to a call.
func (w *scenarioWriter) fakeResponse(call int) *response {
	return w.finding.calls[call].fake.responses[0]
}

// produced returns the variables of the sequence that the response to a call sets.
func (w *scenarioWriter) produced(call int, counts map[string]int) (all []capture) {
	fake := w.finding.calls[call].fake
	counts[fake.operation.ID]++
	for _, v := range fake.variables(counts) {
		if _, ok := textAt(fake.responses[0].body, v.path...); ok {
			all = append(all, capture{call, "/" + strings.Join(v.path, "/"), v.name})
		}
	}
	return all
}

// refusal returns the step that asserts how the fake refused the last request: an error, or the reason codes of a success; ""
// for concurrent requests.
func (w *scenarioWriter) refusal() string {
	last := w.finding.last().fake
	if len(last.responses) > 1 {
		return ""
	}
	response, success := last.responses[0], last.operation.Outcomes[0]
	if response.status != success.Status {
		return statusAssertion(response)
	}
	codes, ok := jsonvalue.Lookup(decodedBody(response.body), jsontext.Pointer(success.ReasonCodesAt))
	if !ok || success.ReasonCodesAt == "" {
		return ""
	}
	text, err := json.Marshal(codes)
	if err != nil {
		panic(err) // the value was decoded from JSON
	}
	return fmt.Sprintf("%q is %s", success.ReasonCodesAt, text)
}

// assertion returns a step that passes for the response of the fake and not for that of the target.
func (w *scenarioWriter) assertion() string {
	d := &w.finding.difference
	last := w.finding.last().fake
	if n := len(last.responses); n > 1 {
		replays := 0
		for _, r := range last.responses {
			if r.header.Get(w.session.milestone.Transport.ReplayHeader) != "" {
				replays++
			}
		}
		return fmt.Sprintf("exactly %d answers are replays", replays)
	}
	response := last.responses[0]
	switch d.Kind {
	case NoResponse, Status:
		return statusAssertion(response)
	case Header:
		if d.Fake == "absent" {
			return fmt.Sprintf("the header %q is absent", d.At)
		}
		value := w.finding.withoutIDs(strings.Join(response.header[http.CanonicalHeaderKey(d.At)], ", "))
		return `the header "` + d.At + `" is "` + value + `"`
	case Proof:
		return "the page verifies"
	}
	for _, l := range d.leaves {
		if text := w.bodyAssertion(l, response); text != "" {
			return text
		}
	}
	return ""
}

// statusAssertion returns the step about the status and the codes of a response.
func statusAssertion(r *response) string {
	text := "the answer is " + strconv.Itoa(r.status)
	code, ok := textAt(r.body, "error", "code")
	if !ok {
		return text
	}
	if reason, ok := textAt(r.body, "error", "details", "reason_code"); ok {
		return text + " " + code + " because " + reason
	}
	return text + " " + code + " without a reason code"
}

// bodyAssertion returns the step about one place of a body; "" if none holds in another run, too.
func (w *scenarioWriter) bodyAssertion(l leaf, r *response) string {
	if strings.ContainsAny(l.at, `"{`) {
		return ""
	}
	at := `"` + l.at + `"`
	body := decodedBody(r.body)
	value, exists := jsonvalue.Lookup(body, jsontext.Pointer(l.at))
	if !exists {
		// An item that only the target has is seen by the length of the list.
		parent := l.at[:strings.LastIndexByte(l.at, '/')]
		if list, ok := jsonvalue.Lookup(body, jsontext.Pointer(parent)); ok {
			if items, ok := list.([]any); ok {
				return fmt.Sprintf("%q has %d items", parent, len(items))
			}
		}
		return at + " is absent"
	}
	isAbsent := l.target == any(absent{})
	text, isText := value.(string)
	_, isObject := value.(map[string]any)
	_, isList := value.([]any)
	switch {
	case (isObject || isList) && isAbsent:
		return at + " is present" // the value may have messages
	case !isText:
		json := w.finding.withoutIDs(jsonOrAbsent(value))
		if strings.ContainsAny(json, "<\n") {
			return ""
		}
		return at + " is " + json
	}
	withVariables, ok := w.withVariables(text)
	switch {
	case ok:
		return at + " is " + quoted(withVariables)
	case w.isStable(l.at, text):
		return at + " is " + quoted(text)
	case isAbsent:
		return at + " is present"
	}
	return w.equalPlaces(l, text)
}

// withVariables replaces the parts of a text that are different in another run by variables. ok is false if that is not
// possible.
func (w *scenarioWriter) withVariables(text string) (replaced string, ok bool) {
	if strings.Contains(text, "{") {
		return "", false // a step would take it for a variable
	}
	replaced = w.finding.withoutIDs(text)
	for _, o := range w.finding.occurrences {
		if !strings.Contains(replaced, o.text) {
			continue
		}
		name, ok := w.variableFor(o)
		if !ok {
			return "", false
		}
		replaced = strings.ReplaceAll(replaced, o.text, "{"+name+"}")
	}
	return replaced, true
}

// variableFor returns the variable that has the text of an occurrence, and captures it if necessary.
func (w *scenarioWriter) variableFor(o occurrence) (name string, ok bool) {
	if current, ok := w.finding.sessions[0].Variable("provider"); ok && current == o.text {
		return "provider", true
	}
	isLast := o.call == len(w.finding.calls)-1
	if !o.whole || isLast || strings.ContainsAny(o.at, `"{`) || w.fakeResponse(o.call).status != http.StatusOK {
		return "", false
	}
	for _, c := range w.captures {
		if c.call == o.call && c.at == o.at {
			return c.name, true
		}
	}
	name = fmt.Sprintf("seen_%d", len(w.captures)+1)
	w.captures = append(w.captures, capture{o.call, o.at, name})
	return name, true
}

// isStable reports whether the fake gives the same text in another run, whose ids are different.
func (w *scenarioWriter) isStable(at, text string) bool {
	if strings.Contains(text, "{") {
		return false
	}
	s := w.session
	other := session{
		milestone: s.milestone, schemas: s.schemas, fixtures: s.fixtures, routes: s.routes, secrets: s.secrets,
		calls: s.calls, service: &service.Service{RunID: s.service.RunID + " again"}, base: &url.URL{Scheme: "http", Host: "fake"},
	}
	writer, err := golden.NewWriter(other.milestone, nil)
	if err != nil {
		return false
	}
	e, err := other.execute(context.Background(), writer, 1, w.finding.sequence, nil)
	if err != nil || len(e.calls) != len(w.finding.calls) {
		return false
	}
	value, _ := jsonvalue.Lookup(decodedBody(e.calls[len(e.calls)-1].fake.responses[0].body), jsontext.Pointer(at))
	return value == any(text)
}

// equalPlaces returns the step that compares two places of the response in which the fake has the same text.
func (w *scenarioWriter) equalPlaces(l leaf, text string) string {
	isChosen := false
	for _, o := range w.finding.occurrences {
		if o.text != text {
			continue
		}
		isChosen = true
		if o.whole && o.at != l.at && o.call == len(w.finding.calls)-1 {
			return fmt.Sprintf("%q equals %q", l.at, o.at)
		}
	}
	if isChosen && w.finding.last().fake.operation.ID == export {
		return "the page verifies"
	}
	return ""
}
