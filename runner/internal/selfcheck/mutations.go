package selfcheck

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/schemas"
)

// Mutation is a change of the responses with one outcome of one operation.
type Mutation struct {
	// ID is the kind, what is changed, and in which responses: "drop /provider/status of partnerLiquidityProvider.get 200".
	ID string
	// Kind is the first part of its id.
	Kind string
	// Operation and Outcome are what it is about.
	Operation *milestones.Operation
	Outcome   *milestones.Outcome

	// change returns the mutated response, or false if the mutation does not fit.
	change func(answer) (answer, bool)
	// again reports whether the request is to be executed again, with a new idempotency key. Nil for never.
	again func(answer) bool
	// isExempt reports whether the implementation chooses the value at the place. Nil for never.
	isExempt func(answer) bool
	// family groups mutations of a place that the contract allows in several outcomes and requires in none of them. An
	// optional one need not fit a response if another one of its family does.
	family   string
	optional bool
}

// matches reports whether a response has the operation and the outcome of the mutation.
func (l *Mutation) matches(a answer) bool {
	return a.operation == l.Operation && a.outcome == l.Outcome
}

// apply returns the mutated response, or false if the mutation does not fit.
func (l *Mutation) apply(a answer) (answer, bool) {
	if l.change == nil {
		return a, false
	}
	return l.change(a)
}

// requiresReplay reports whether the mutation is a second execution of the request.
func (l *Mutation) requiresReplay(a answer) bool { return l.again != nil && l.again(a) }

// kinds are all kinds of mutations, in the order of the report.
var kinds = []struct{ name, description string }{
	{"drop", "a member is missing"},
	{"retype", "a value has another JSON type"},
	{"misspell", "a value is not in its enum, or not its const"},
	{"break", "a text does not match its pattern or its format"},
	{"add", "an object has an additional member"},
	{"turn", "a value of an enum is another one of it"},
	{"change", "a string, number or boolean is another one that its schema allows"},
	{"nullify", "a value that may be null is null"},
	{"fill", "a null is a value"},
	{"empty", "a list or an open object is empty"},
	{"shorten", "a list lacks its last item"},
	{"repeat", "a list has its last item twice"},
	{"reverse", "a list is in reverse order"},
	{"status", "the HTTP status is another one"},
	{"code", "the error code is another one"},
	{"reason", "the reason code is another one"},
	{"pose", "the whole response is that of another outcome"},
	{"withhold", "a list of reason codes lacks a code"},
	{"invent", "a list of reason codes has an additional code"},
	{"unsend", "a header is missing"},
	{"falsify", "a header has another value"},
	{"forge", "a correlation id is another one, in header and body alike"},
	{"hide", "a replay is not marked as one"},
	{"feign", "a first response is marked as a replay"},
	{"rerun", "a replay executes the request again"},
	{"accept", "a key that was used with another payload is accepted"},
	{"resign", "a signature is made with another key"},
	{"unlink", "a signed page has no links to its neighbours"},
}

// signatureSchema is the schema of a signature over everything else in the object that has it.
const signatureSchema = "EventSignature"

// deriver derives mutations.
type deriver struct {
	milestone *milestones.Milestone
	schemas   *schemas.Set
	own       ownPatterns
	samples   samples
	mutations []*Mutation

	operation *milestones.Operation
	outcome   *milestones.Outcome
}

// samples are response bodies, one for each outcome of each operation.
type samples map[*milestones.Outcome]any

// derive returns all mutations of the responses of a milestone. Some use the samples, which are filled later.
func derive(in project.Inputs, s samples) ([]*Mutation, error) {
	d := &deriver{milestone: in.Milestone, schemas: in.Schemas, samples: s}
	var err error
	if d.own, err = newOwn(in.Milestone); err != nil {
		return nil, err
	}
	operations := make([]*milestones.Operation, 0, len(in.Milestone.Operations)+1)
	for i := range in.Milestone.Operations {
		operations = append(operations, &in.Milestone.Operations[i])
	}
	for _, d.operation = range append(operations, &in.Milestone.Router) {
		for i := range d.operation.Outcomes {
			d.outcome = &d.operation.Outcomes[i]
			if err := d.body(); err != nil {
				return nil, err
			}
			d.statuses()
			d.codes()
			d.reasons()
			d.poses()
			d.listed()
			d.headers()
			d.replays()
		}
	}
	return d.mutations, nil
}

// outcomeName is how ids name an outcome: a refusal by its name, and a success by its status.
func outcomeName(o *milestones.Outcome) string {
	if o.Name == milestones.Success {
		return strconv.Itoa(o.Status)
	}
	return o.Name
}

// add adds a mutation whose id begins with the parts.
func (d *deriver) add(words string, change func(answer) (answer, bool)) *Mutation {
	kind, _, _ := strings.Cut(words, " ")
	l := &Mutation{
		ID:   words + " of " + d.operation.ID + " " + outcomeName(d.outcome),
		Kind: kind, Operation: d.operation, Outcome: d.outcome, change: change,
	}
	d.mutations = append(d.mutations, l)
	return l
}

// ---- outcomes ----

// others are what a function finds in the other outcomes of the operation, each once, in their order; without "" and
// without what it finds in this one.
func others[T cmp.Ordered](d *deriver, find func(*milestones.Outcome) []T) []T {
	var none T
	var found []T
	this := find(d.outcome)
	for i := range d.operation.Outcomes {
		for _, value := range find(&d.operation.Outcomes[i]) {
			if value != none && !slices.Contains(found, value) && !slices.Contains(this, value) {
				found = append(found, value)
			}
		}
	}
	return found
}

// undeclaredStatus is one that no milestone declares.
const undeclaredStatus = http.StatusTeapot

func (d *deriver) statuses() {
	for _, status := range append(others(d, func(o *milestones.Outcome) []int { return []int{o.Status} }), undeclaredStatus) {
		d.add("status "+strconv.Itoa(status), func(a answer) (answer, bool) {
			a.status = status
			return a, true
		})
	}
}

// put puts a text into the body of a refusal.
func put(text string, path ...string) func(answer) (answer, bool) {
	return func(a answer) (answer, bool) {
		if !a.readable {
			return a, false
		}
		return a.with(set(a.body, path, text)), true
	}
}

func (d *deriver) codes() {
	if d.outcome.Code == "" {
		return
	}
	codes := others(d, func(o *milestones.Outcome) []string { return []string{o.Code} })
	for _, o := range d.milestone.Refusals { // one that another operation gives
		if declares := func(other milestones.Outcome) bool { return other.Code == o.Code }; !slices.ContainsFunc(d.operation.Outcomes, declares) {
			codes = append(codes, o.Code)
			break
		}
	}
	for _, code := range append(codes, "UNDECLARED") {
		d.add("code "+code, put(code, "error", "code"))
	}
}

func (d *deriver) reasons() {
	if d.outcome.Code == "" {
		return
	}
	given := func(o *milestones.Outcome) []string { return append([]string{o.ReasonCode}, o.ReasonCodes...) }
	reasons := others(d, func(o *milestones.Outcome) []string {
		if o == d.outcome {
			return []string{o.ReasonCode} // those that it only lists are others
		}
		return given(o)
	})
	for _, code := range d.outcome.ReasonCodes {
		if code != d.outcome.ReasonCode && !slices.Contains(reasons, code) {
			reasons = append(reasons, code)
		}
	}
	for _, code := range d.milestone.RequiredReasonCodes { // one that the operation never gives
		declares := func(o milestones.Outcome) bool { return slices.Contains(given(&o), code) }
		if !slices.ContainsFunc(d.operation.Outcomes, declares) {
			reasons = append(reasons, code)
			break
		}
	}
	for _, reason := range append(reasons, "undeclared") {
		d.add("reason "+reason, put(reason, "error", "details", "reason_code"))
	}
}

// poses are answers that are whole, and those of another outcome. Nothing in them is undeclared: status, code, reason
// code and details fit together, so that only a scenario can see that they are not what the request deserves.
func (d *deriver) poses() {
	for i := range d.operation.Outcomes {
		this, that := d.outcome, &d.operation.Outcomes[i]
		if this == that {
			continue
		}
		d.add("pose as "+outcomeName(that), func(a answer) (answer, bool) {
			sample, ok := d.samples[that]
			if !a.readable || !ok {
				return a, false
			}
			a.status = that.Status
			if this.Code == "" || that.Code == "" {
				return a.with(set(sample, []string{"correlation_id"}, at(a.body, "correlation_id"))), true
			}
			body := set(a.body, []string{"error", "code"}, that.Code)
			details, _ := at(body, "error", "details").(map[string]any)
			for _, name := range that.Details {
				if _, has := details[name]; !has {
					body = set(body, []string{"error", "details", name}, at(sample, "error", "details", name))
				}
			}
			if that.ReasonCode != "" {
				body = set(body, []string{"error", "details", "reason_code"}, that.ReasonCode)
			} else if other, ok := update(body, []string{"error", "details"}, without("reason_code")); ok {
				body = other
			}
			return a.with(body), true
		})
	}
}

// listed adds the mutations of lists of reason codes.
func (d *deriver) listed() {
	if d.outcome.ReasonCodesAt == "" {
		return
	}
	path := slices.Collect(jsontext.Pointer(d.outcome.ReasonCodesAt).Tokens())
	for _, code := range d.outcome.ReasonCodes {
		is := func(item any) bool { return item == code }
		d.add("withhold "+code, func(a answer) (answer, bool) {
			return a.updated(path, func(value any) (any, bool) {
				codes := arrayItems(value)
				return slices.DeleteFunc(slices.Clone(codes), is), slices.ContainsFunc(codes, is)
			})
		})
		d.add("invent "+code, func(a answer) (answer, bool) {
			return a.updated(path, func(value any) (any, bool) {
				codes, ok := value.([]any)
				return append(slices.Clone(codes), code), ok && !slices.ContainsFunc(codes, is)
			})
		})
	}
}

// ---- headers ----

func (d *deriver) headers() {
	header := func(name string, values func(answer) []string) {
		d.add("unsend "+name, func(a answer) (answer, bool) { return a.withHeader(name), a.has(name) })
		d.add("falsify "+name, func(a answer) (answer, bool) { return a.withHeader(name, values(a)...), a.has(name) })
	}
	header("Content-Type", func(answer) []string { return []string{"text/plain"} })
	correlation := d.milestone.Transport.CorrelationHeader
	header(correlation, func(a answer) []string { return []string{a.header.Get(correlation) + "x"} })
	d.add("forge "+correlation, func(a answer) (answer, bool) {
		other := nextText(a.header.Get(correlation))
		mutated := a.withHeader(correlation, other)
		if a.readable {
			mutated = mutated.with(set(a.body, []string{"correlation_id"}, other))
		}
		return mutated, a.has(correlation)
	})
	if d.outcome.Status == http.StatusMethodNotAllowed {
		header("Allow", func(a answer) []string { return []string{a.header.Get("Allow") + ", TRACE"} })
	}
}

// replays adds the mutations of replays. Which refusals are replayed is not declared outcome by
// outcome, so each operation has to show one of them at least; a success, always.
func (d *deriver) replays() {
	name := d.milestone.Transport.ReplayHeader
	d.add("feign "+name, func(a answer) (answer, bool) { return a.withHeader(name, "true"), !a.has(name) })
	if d.operation.Method != http.MethodPost {
		return
	}
	hide := d.add("hide "+name, func(a answer) (answer, bool) { return a.withHeader(name), a.has(name) })
	falsify := d.add("falsify "+name, func(a answer) (answer, bool) { return a.withHeader(name, "yes"), a.has(name) })
	rerun := d.add("rerun "+name, nil)
	rerun.again = func(a answer) bool { return a.has(name) }
	if d.outcome.Name != milestones.Success {
		for _, l := range []*Mutation{hide, falsify, rerun} {
			l.family, l.optional = l.Kind+" "+name+" of a refusal of "+d.operation.ID, true
		}
	}
	// The refusal of a key that came with another payload is the one that names the key.
	if slices.Contains(d.outcome.Details, "idempotency_key") {
		accept := d.add("accept another payload", nil)
		accept.again = func(answer) bool { return true }
	}
}

// ---- signatures ----

// signed adds the mutations of an object with a signature.
func (d *deriver) signed(path []string, places []schemas.Place) {
	around := path[:len(path)-1]
	pointer := (&schemas.Place{Path: around}).Pointer()
	d.add("resign "+pointer, func(a answer) (answer, bool) {
		return a.updated(around, func(value any) (any, bool) { return signedByUnpublishedKey(value, path[len(path)-1]) })
	})
	var nullable [][]string
	for _, p := range places {
		if len(p.Path) > len(around) && slices.Equal(p.Path[:len(around)], around) && allows(&p, "null") && len(p.Types) > 1 {
			nullable = append(nullable, p.Path)
		}
	}
	if nullable == nil {
		return
	}
	d.add("unlink "+pointer, func(a answer) (answer, bool) {
		changed := false
		for _, path := range nullable {
			other, ok := a.updated(path, func(value any) (any, bool) { return nil, value != nil })
			a, changed = other, changed || ok
		}
		return a, changed
	})
}

func spelled(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return fmt.Sprint(value)
}
