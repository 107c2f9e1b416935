package difftest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/report/repro"
	"example.com/lpgate/runner/internal/service"
)

// file is one of the files of a drift.
type file struct {
	name string
	text []byte
}

// files are the files of a drift: a feature that shows it, unless no sentence can, curl commands, and the drift itself.
func (d *Divergence) files(r *session, p *execution) []file {
	var files []file
	if scenario := d.scenario(r, p); scenario != "" {
		files = append(files, file{d.Ref + ".feature", []byte(r.secrets.Scrub(scenario))})
	}
	return append(files, file{d.Ref + ".sh", []byte(r.commands(p, d.Ref+": "+d.Difference.String()))}, file{d.Ref + ".json", d.encode()})
}

// write writes each file whole or not at all, the last one last: it is the one that others look for.
func write(folder string, files []file) error {
	for _, f := range files {
		if err := artifact.ReplaceFile(filepath.Join(folder, f.name), f.text); err != nil {
			return fmt.Errorf("writing what was found: %w", err)
		}
	}
	return nil
}

// print shows a drift in a terminal.
func (d *Divergence) print(w io.Writer, folder string, files []file) {
	fmt.Fprintf(w, "%s  %s\n%s\n", d.Ref, d.Operation, d.Difference.String())
	for _, f := range files {
		if filepath.Ext(f.name) != ".json" {
			fmt.Fprintf(w, "\n%s", f.text)
		}
	}
	fmt.Fprintln(w)
	for _, f := range files {
		fmt.Fprintln(w, filepath.Join(folder, f.name))
	}
}

// commands are the requests of a walk that was played as curl sends them, with the ids of this run, below a comment: as
// they were sent to the target, or else to the fake.
func (r *session) commands(p *execution, comment string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", comment)
	all := p.fake
	if r.way != nil {
		all = p.target
	}
	for _, x := range all {
		sent := x.sent
		sent.Header = r.service.WithHeaders(sent.Header)
		for range x.answers {
			fmt.Fprintf(&b, "%s\n", repro.Curl(strings.TrimSuffix(r.address(), "/"), r.service.Curl, &sent, r.secrets))
		}
	}
	return b.String()
}

// address is where curl finds a server: the target, or a fake of the reader's own.
func (r *session) address() string {
	if r.way != nil {
		return r.base.String()
	}
	return "http://" + service.FakeAddress
}

// scenario is a feature with one scenario, which passes against the fake and fails against the target; "" when no
// sentence tells the difference.
func (d *Divergence) scenario(r *session, p *execution) string {
	t := &scenarioWriter{room: r, played: p}
	assertion := t.assertion()
	if assertion == "" {
		return ""
	}
	assertions := []string{assertion}
	if d.Side == plan.Refuses { // lint wants to see that it is refused
		if refusal := t.refusal(); refusal != "" && refusal != assertion {
			assertions = []string{refusal, assertion}
		}
	}
	var b strings.Builder
	home := ""
	for _, rule := range r.milestone.Rules {
		if rule.ID == d.Rule {
			home = rule.Feature
		}
	}
	if home != "" {
		fmt.Fprintf(&b, "# Its place is features/%s.\n", home)
	}
	fmt.Fprintf(&b, "Feature: What a target says otherwise\n\n  %s\n  Scenario: %s\n", strings.Join(d.tags(), " "), d.title())
	t.write(&b, assertions)
	return b.String()
}

// title names the scenario. The ref is in it, so that no two have one name.
func (d *Divergence) title() string {
	return fmt.Sprintf("%s answers as the contract says (%s)", d.Operation, d.Ref)
}

// tags are those of the scenario: its rule and side, and what the target needs.
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

// needs are the capabilities that a target must have for the walk to say what it says, in their order.
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

// scenarioWriter writes a walk in sentences.
type scenarioWriter struct {
	room      *session
	played    *execution
	variables []variable
}

// variable is a value that the scenario has to keep for later.
type variable struct {
	call     int
	at, name string
}

// write writes the steps: the calls of the walk, and what is asserted of the last answer.
func (t *scenarioWriter) write(b *strings.Builder, assertions []string) {
	w := t.played.walk
	keyword := "Given"
	say := func(text string, after []string) {
		fmt.Fprintf(b, "    %s %s\n", keyword, text)
		for _, line := range after {
			fmt.Fprintf(b, "      %s\n", line)
		}
		keyword = "And"
	}
	if w.PartnerKey != "" {
		say(`I hold the partner key "`+w.PartnerKey+`"`, nil)
	}
	if w.Clocked {
		var rows []string
		for _, row := range clockRows() {
			rows = append(rows, "| "+row[0]+" | "+row[1]+" |")
		}
		say("my requests carry:", rows)
	}
	counts := map[string]int{}
	wanted := w.references()
	for i, call := range w.Calls {
		last := i == len(w.Calls)-1
		if call.Hold != "" {
			say(`I hold the partner key "`+call.Hold+`"`, nil)
		}
		if last {
			keyword = "When"
		}
		x := t.played.fake[i]
		ok := x.answers[0].status == http.StatusOK
		say(call.Step(ok && !last))
		if last || !ok {
			continue
		}
		for _, r := range t.produces(i, counts) {
			if slices.Contains(wanted, r.name) {
				say(fmt.Sprintf("I remember %q as %q", r.at, r.name), nil)
			}
		}
		for _, r := range t.variables {
			if r.call == i {
				say(fmt.Sprintf("I remember %q as %q", r.at, r.name), nil)
			}
		}
	}
	keyword = "Then"
	for _, assertion := range assertions {
		say(assertion, nil)
	}
}

// refusal is the step that asserts what the fake refused last: an error, or the list of reason codes of a success; "" for
// answers to several requests at once.
func (t *scenarioWriter) refusal() string {
	last := t.played.fake[len(t.played.fake)-1]
	if len(last.answers) > 1 {
		return ""
	}
	a, success := last.answers[0], last.operation.Outcomes[0]
	if a.status != success.Status {
		return answerIs(a)
	}
	codes, ok := find(decodedBody(a.body), success.ReasonCodesAt)
	if !ok || success.ReasonCodesAt == "" {
		return ""
	}
	text, err := json.Marshal(codes)
	if err != nil {
		panic(err) // it was decoded from JSON
	}
	return fmt.Sprintf("%q is %s", success.ReasonCodesAt, text)
}

// produces are the variables of the walk that the answer to a call gives.
func (t *scenarioWriter) produces(i int, counts map[string]int) (all []variable) {
	x := t.played.fake[i]
	switch x.operation.ID {
	case onboard:
		counts["provider"]++
		return []variable{{i, "/provider/provider_id", numberedName("provider", counts["provider"])}}
	case export:
		counts["page"]++
		for _, part := range continuation {
			if _, there := textAt(x.answers[0].body, part.at...); there {
				all = append(all, variable{i, "/" + strings.Join(part.at, "/"), numberedName(part.name, counts["page"])})
			}
		}
	}
	return all
}

// assertion is the sentence that holds of the fake's answer and not of the target's.
func (t *scenarioWriter) assertion() string {
	p, d := t.played, t.played.difference
	last := p.fake[len(p.fake)-1]
	if n := len(last.answers); n > 1 {
		replays := 0
		for _, a := range last.answers {
			if a.header.Get(t.room.milestone.Transport.ReplayHeader) != "" {
				replays++
			}
		}
		return fmt.Sprintf("exactly %d answers are replays", replays)
	}
	a := last.answers[0]
	switch d.Kind {
	case "status":
		return answerIs(a)
	case "header":
		if d.Want == "absent" {
			return fmt.Sprintf("the header %q is absent", d.At)
		}
		value := p.withoutIDs(strings.Join(a.header[http.CanonicalHeaderKey(d.At)], ", "))
		return `the header "` + d.At + `" is "` + value + `"`
	case "proof":
		return "the page verifies"
	}
	if strings.HasPrefix(d.At, "/error/code") || strings.HasPrefix(d.At, "/error/details/reason_code") && !strings.HasPrefix(d.At, "/error/details/reason_codes") {
		return answerIs(a)
	}
	for _, l := range d.leaves {
		if text := t.bodyAssertion(l, a); text != "" {
			return text
		}
	}
	return ""
}

// answerIs is the sentence about the status of an answer.
func answerIs(a *answer) string {
	text := "the answer is " + strconv.Itoa(a.status)
	code, ok := textAt(a.body, "error", "code")
	if !ok {
		return text
	}
	if reason, ok := textAt(a.body, "error", "details", "reason_code"); ok {
		return text + " " + code + " because " + reason
	}
	return text + " " + code + " without a reason code"
}

// bodyAssertion is the sentence about one place of a body; "" when no sentence holds in another run too.
func (t *scenarioWriter) bodyAssertion(l leaf, a *answer) string {
	if strings.ContainsAny(l.at, `"{`) {
		return ""
	}
	at := `"` + l.at + `"`
	body := decodedBody(a.body)
	value, there := find(body, l.at)
	if !there {
		// The target has more: what is around it is longer, when it is a list.
		parent := l.at[:strings.LastIndexByte(l.at, '/')]
		if list, ok := find(body, parent); ok {
			if items, ok := list.([]any); ok {
				return fmt.Sprintf("%q has %d items", parent, len(items))
			}
		}
		return at + " is absent"
	}
	text, isText := value.(string)
	_, isMember := value.(map[string]any)
	_, isList := value.([]any)
	switch {
	case (isMember || isList) && l.got == any(absent{}):
		return at + " is present" // what is in it may be the fake's own words
	case !isText:
		json := t.played.withoutIDs(jsonOrAbsent(value))
		if strings.ContainsAny(json, "<\n") {
			return ""
		}
		return at + " is " + json
	}
	said, ok := t.withVariables(text)
	switch {
	case !ok && t.isStable(l.at, text):
		return at + " is " + quoted(text)
	case ok:
		return at + " is " + quoted(said)
	case l.got == any(absent{}):
		return at + " is present"
	}
	return t.equalPlaces(l, text)
}

// withVariables is a text with variables for everything that another run says otherwise.
func (t *scenarioWriter) withVariables(text string) (string, bool) {
	p := t.played
	said := p.withoutIDs(text)
	if strings.Contains(text, "{") {
		return "", false // it would be taken for a variable
	}
	for _, s := range p.seen {
		if !strings.Contains(said, s.text) {
			continue
		}
		last := len(p.walk.Calls) - 1
		if current, ok := p.sessions[0].Variable("provider"); ok && current == s.text {
			said = strings.ReplaceAll(said, s.text, "{provider}")
			continue
		}
		if !s.whole || s.call == last || strings.ContainsAny(s.at, `"{`) || p.fake[s.call].answers[0].status != http.StatusOK {
			return "", false
		}
		name := ""
		for _, r := range t.variables {
			if r.call == s.call && r.at == s.at {
				name = r.name
			}
		}
		if name == "" {
			name = fmt.Sprintf("seen_%d", len(t.variables)+1)
			t.variables = append(t.variables, variable{s.call, s.at, name})
		}
		said = strings.ReplaceAll(said, s.text, "{"+name+"}")
	}
	return said, true
}

// isStable says whether the fake has the same text there in another run, whose ids are others.
func (t *scenarioWriter) isStable(at, text string) bool {
	if strings.Contains(text, "{") {
		return false
	}
	r := t.room
	again := session{
		milestone: r.milestone, schemas: r.schemas, fixtures: r.fixtures, routes: r.routes, secrets: r.secrets,
		calls: r.calls, service: &service.Service{RunID: r.service.RunID + " once more"}, base: &url.URL{Scheme: "http", Host: "fake"},
	}
	writer, err := golden.NewWriter(again.milestone, nil)
	if err != nil {
		return false
	}
	p, err := again.execute(context.Background(), writer, 1, t.played.walk)
	if err != nil || len(p.fake) != len(t.played.fake) {
		return false
	}
	value, _ := find(decodedBody(p.fake[len(p.fake)-1].answers[0].body), at)
	return value == any(text)
}

// equalPlaces compares two places of one answer, where the fake has the same text in both.
func (t *scenarioWriter) equalPlaces(l leaf, text string) string {
	for _, s := range t.played.seen {
		if s.text == text && s.whole && s.at != l.at && s.call == len(t.played.fake)-1 {
			return fmt.Sprintf("%q equals %q", l.at, s.at)
		}
	}
	if own := slices.ContainsFunc(t.played.seen, func(s occurrence) bool { return s.text == text }); own && t.played.steps[len(t.played.steps)-1].operation.ID == export {
		return "the page verifies"
	}
	return ""
}
