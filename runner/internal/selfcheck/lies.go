package selfcheck

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/schemas"
)

// Lie is one untruth about the answers of one outcome of one operation.
type Lie struct {
	// ID says what is untrue, and of what: "drop /provider/status of partnerLiquidityProvider.get 200".
	ID string
	// Kind is its first word.
	Kind string
	// Operation and Outcome are what it is about.
	Operation *milestones.Operation
	Outcome   *milestones.Outcome

	// change makes an untrue answer of a true one, or says that it has no place for the lie.
	change func(answer) (answer, bool)
	// again says of a true answer that the request is to be sent once more, with an idempotency key of its own.
	again func(answer) bool
	// spares says of a true answer that what it has at the place is the implementation's own. Nil for never.
	spares func(answer) bool
	// family is what the lie is one of, and lax says that it need not be told when another of the family is: the
	// contract leaves it to the outcomes which of them has such a place. "" for a lie that stands alone.
	family string
	lax    bool
}

// about says whether an answer is of the lie's outcome.
func (l *Lie) about(a answer) bool { return a.operation == l.Operation && a.outcome == l.Outcome }

// tell tells the lie, when there is a place for it in the answer.
func (l *Lie) tell(a answer) (answer, bool) {
	if l.change == nil {
		return a, false
	}
	return l.change(a)
}

// asksAgain says whether the lie is that the request was done once more.
func (l *Lie) asksAgain(a answer) bool { return l.again != nil && l.again(a) }

// kinds are all kinds of lies, in the order in which they are counted out.
var kinds = []struct{ name, says string }{
	{"drop", "a member is missing"},
	{"retype", "a value has another JSON type"},
	{"misspell", "a value is none of its enum, or not its const"},
	{"break", "a text does not match its pattern or its format"},
	{"add", "an object has a member more"},
	{"turn", "a value of an enum is another one of it"},
	{"change", "a text, number or truth value is another one that its schema allows"},
	{"nullify", "a value that may be null is null"},
	{"fill", "a null is a value"},
	{"empty", "a list or an open object has nothing in it"},
	{"shorten", "a list lacks its last item"},
	{"repeat", "a list has its last item twice"},
	{"reverse", "a list is in reverse order"},
	{"status", "the HTTP status is another one"},
	{"code", "the error code is another one"},
	{"reason", "the reason code is another one"},
	{"pose", "the whole answer is that of another outcome"},
	{"withhold", "a list of reason codes lacks a code"},
	{"invent", "a list of reason codes has a code more"},
	{"unsend", "a header is missing"},
	{"falsify", "a header has another value"},
	{"forge", "a correlation id is another one, in header and body alike"},
	{"hide", "a replay does not say that it is one"},
	{"feign", "a first answer says that it is a replay"},
	{"rerun", "a replay runs the request once more"},
	{"accept", "a key that was used with another payload is taken for a new one"},
	{"resign", "a signature is by another key"},
	{"unlink", "a signed page says that nothing came before it and nothing follows"},
}

// signatureSchema is the schema of a signature over everything else in the object that has it.
const signatureSchema = "EventSignature"

// deriver derives lies.
type deriver struct {
	milestone *milestones.Milestone
	schemas   *schemas.Set
	own       own
	samples   samples
	lies      []*Lie

	operation *milestones.Operation
	outcome   *milestones.Outcome
}

// samples are true answers, one for each outcome of each operation.
type samples map[*milestones.Outcome]any

// derive derives every lie that follows from the milestone and its schemas. Some are made of true answers, which the
// samples have when they are told.
func derive(in project.Inputs, s samples) ([]*Lie, error) {
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
	return d.lies, nil
}

// outcomeName is how ids name an outcome: a refusal by its name, and a success by its status.
func outcomeName(o *milestones.Outcome) string {
	if o.Name == milestones.Success {
		return strconv.Itoa(o.Status)
	}
	return o.Name
}

// lie adds a lie. Its words are what the id begins with.
func (d *deriver) lie(words string, change func(answer) (answer, bool)) *Lie {
	kind, _, _ := strings.Cut(words, " ")
	l := &Lie{
		ID:   words + " of " + d.operation.ID + " " + outcomeName(d.outcome),
		Kind: kind, Operation: d.operation, Outcome: d.outcome, change: change,
	}
	d.lies = append(d.lies, l)
	return l
}

// ---- bodies ----

// body derives the lies about every place of the outcome's schema.
func (d *deriver) body() error {
	places, err := d.schemas.Places(d.outcome.Schema)
	if err != nil {
		return err
	}
	for i := range places {
		p := &places[i]
		from := len(d.lies)
		d.place(p)
		if slices.Contains(p.Schemas, signatureSchema) && len(p.Path) > 0 {
			d.signed(p.Path, places)
		}
		for _, l := range d.lies[from:] {
			if declared, inDetails := d.inDetails(p); inDetails {
				words, _, _ := strings.Cut(l.ID, " of ")
				l.family = words + " of " + d.outcome.Schema
				l.lax = !declared || slices.Contains([]string{"turn", "shorten", "reverse"}, l.Kind)
			}
		}
	}
	return nil
}

// inDetails says whether a place is in the details of a refusal, and whether the outcome declares that it is there. All
// refusals have one schema, and an outcome needs only the details that it declares. Nor does each of them have every
// value of an enum, or several items in a list.
func (d *deriver) inDetails(p *schemas.Place) (declared, is bool) {
	if d.outcome.Name == milestones.Success || len(p.Path) < 3 || p.Path[0] != "error" || p.Path[1] != "details" {
		return false, false
	}
	name := p.Path[2]
	declared = slices.Contains(d.outcome.Details, name) || name == "reason_code" && d.outcome.ReasonCode != ""
	return declared, true
}

// place derives the lies about one place.
func (d *deriver) place(p *schemas.Place) {
	at := p.Pointer()
	name := ""
	if len(p.Path) > 0 {
		name = p.Path[len(p.Path)-1]
	}
	about := func(kind string, change alter) {
		d.lie(kind+" "+at, func(a answer) (answer, bool) { return a.updated(p.Path, change) })
	}
	if name != "" && name != schemas.Each {
		d.lie("drop "+at, func(a answer) (answer, bool) { return a.updated(p.Path[:len(p.Path)-1], without(name)) })
	}
	if other, ok := otherType(p); ok && at != "" {
		about("retype", func(any) (any, bool) { return other, true })
	}
	// The code and the reason code of a refusal have lies of their own: status, code, reason and pose.
	told := d.outcome.Name != milestones.Success && (at == "/error/code" || at == "/error/details/reason_code")
	switch {
	case told:
	case len(p.Enum) > 0:
		about("misspell", misspelt(p))
		for i, value := range p.Enum {
			if other := p.Enum[(i+1)%len(p.Enum)]; len(p.Enum) > 1 {
				d.lie("turn "+at+" from "+spelled(value), func(a answer) (answer, bool) { return a.updated(p.Path, turned(value, other)) })
			}
		}
	case len(p.Patterns) > 0 || p.Format != "":
		about("break", broken(p))
		d.changed(p)
	case allows(p, "string") || allows(p, "integer") || allows(p, "number") || allows(p, "boolean"):
		d.changed(p)
	}
	if allows(p, "null") && len(p.Types) > 1 {
		about("nullify", func(value any) (any, bool) { return nil, value != nil })
		if allows(p, "string") {
			d.lie("fill "+at, func(a answer) (answer, bool) {
				text, ok := fitting(a.body, p)
				if !ok {
					return a, false
				}
				return a.updated(p.Path, func(value any) (any, bool) { return text, value == nil })
			})
		}
	}
	switch {
	case p.Closed:
		d.lie("add "+at+"/unknown", func(a answer) (answer, bool) {
			return a.updated(p.Path, func(value any) (any, bool) {
				if _, ok := value.(map[string]any); !ok {
					return value, false
				}
				return set(value, []string{"unknown"}, true), true
			})
		})
	case allows(p, "object") && len(p.Members) == 0 && len(p.Types) > 0:
		about("empty", func(value any) (any, bool) {
			object, ok := value.(map[string]any)
			return map[string]any{}, ok && len(object) > 0
		})
		d.lie("change "+at+"/any", func(a answer) (answer, bool) { return a.updated(p.Path, d.own.changedSomewhere) })
	case allows(p, "array") && len(p.Types) > 0:
		about("empty", func(value any) (any, bool) { return []any{}, len(list(value)) > 0 })
		about("shorten", shortened)
		about("repeat", repeated)
		about("reverse", reversed)
	}
}

// changed derives the lie that a value is another one. Where every value is the implementation's own, there is none.
func (d *deriver) changed(p *schemas.Place) {
	l := d.lie("change "+p.Pointer(), func(a answer) (answer, bool) { return a.updated(p.Path, d.own.changed(p)) })
	l.spares = func(a answer) bool {
		_, is := a.updated(p.Path, func(value any) (any, bool) {
			text, ok := value.(string)
			return value, ok && d.own.has(text)
		})
		return is
	}
}

// updated is the answer with what stands at a path changed.
func (a answer) updated(path []string, change alter) (answer, bool) {
	if !a.readable {
		return a, false
	}
	body, ok := update(a.body, path, change)
	if !ok {
		return a, false
	}
	return a.with(body), true
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
		d.lie("status "+strconv.Itoa(status), func(a answer) (answer, bool) {
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
		d.lie("code "+code, put(code, "error", "code"))
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
		gives := func(o milestones.Outcome) bool { return slices.Contains(given(&o), code) }
		if !slices.ContainsFunc(d.operation.Outcomes, gives) {
			reasons = append(reasons, code)
			break
		}
	}
	for _, reason := range append(reasons, "undeclared") {
		d.lie("reason "+reason, put(reason, "error", "details", "reason_code"))
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
		d.lie("pose as "+outcomeName(that), func(a answer) (answer, bool) {
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

// listed are lies about which codes stand in a list of reason codes.
func (d *deriver) listed() {
	if d.outcome.ReasonCodesAt == "" {
		return
	}
	path := strings.Split(d.outcome.ReasonCodesAt, "/")[1:]
	for i := range path {
		path[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(path[i])
	}
	for _, code := range d.outcome.ReasonCodes {
		is := func(item any) bool { return item == code }
		d.lie("withhold "+code, func(a answer) (answer, bool) {
			return a.updated(path, func(value any) (any, bool) {
				codes := list(value)
				return slices.DeleteFunc(slices.Clone(codes), is), slices.ContainsFunc(codes, is)
			})
		})
		d.lie("invent "+code, func(a answer) (answer, bool) {
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
		d.lie("unsend "+name, func(a answer) (answer, bool) { return a.withHeader(name), a.has(name) })
		d.lie("falsify "+name, func(a answer) (answer, bool) { return a.withHeader(name, values(a)...), a.has(name) })
	}
	header("Content-Type", func(answer) []string { return []string{"text/plain"} })
	correlation := d.milestone.Transport.CorrelationHeader
	header(correlation, func(a answer) []string { return []string{a.header.Get(correlation) + "x"} })
	d.lie("forge "+correlation, func(a answer) (answer, bool) {
		other := nextText(a.header.Get(correlation))
		told := a.withHeader(correlation, other)
		if a.readable {
			told = told.with(set(a.body, []string{"correlation_id"}, other))
		}
		return told, a.has(correlation)
	})
	if d.outcome.Status == http.StatusMethodNotAllowed {
		header("Allow", func(a answer) []string { return []string{a.header.Get("Allow") + ", TRACE"} })
	}
}

// replays are lies about answers that were given before. What is replayed of the refusals is not said outcome by
// outcome, so each operation has to show one of them at least; a success, always.
func (d *deriver) replays() {
	name := d.milestone.Transport.ReplayHeader
	d.lie("feign "+name, func(a answer) (answer, bool) { return a.withHeader(name, "true"), !a.has(name) })
	if d.operation.Method != http.MethodPost {
		return
	}
	hide := d.lie("hide "+name, func(a answer) (answer, bool) { return a.withHeader(name), a.has(name) })
	falsify := d.lie("falsify "+name, func(a answer) (answer, bool) { return a.withHeader(name, "yes"), a.has(name) })
	rerun := d.lie("rerun "+name, nil)
	rerun.again = func(a answer) bool { return a.has(name) }
	if d.outcome.Name != milestones.Success {
		for _, l := range []*Lie{hide, falsify, rerun} {
			l.family, l.lax = l.Kind+" "+name+" of a refusal of "+d.operation.ID, true
		}
	}
	// The refusal of a key that came with another payload is the one that names the key.
	if slices.Contains(d.outcome.Details, "idempotency_key") {
		accept := d.lie("accept another payload", nil)
		accept.again = func(answer) bool { return true }
	}
}

// ---- signatures ----

// signed are lies about an object with a signature, which stands at a path.
func (d *deriver) signed(path []string, places []schemas.Place) {
	around := path[:len(path)-1]
	pointer := (&schemas.Place{Path: around}).Pointer()
	d.lie("resign "+pointer, func(a answer) (answer, bool) {
		return a.updated(around, func(value any) (any, bool) { return signedByAnother(value, path[len(path)-1]) })
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
	d.lie("unlink "+pointer, func(a answer) (answer, bool) {
		told := false
		for _, path := range nullable {
			other, ok := a.updated(path, func(value any) (any, bool) { return nil, value != nil })
			a, told = other, told || ok
		}
		return a, told
	})
}

func spelled(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return fmt.Sprint(value)
}
