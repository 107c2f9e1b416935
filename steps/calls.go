package steps

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/milestones"
)

// These operations of M109 have steps of their own. Steps call all others by their ids.
const (
	onboard  = "partnerLiquidityProvider.onboard"
	get      = "partnerLiquidityProvider.get"
	status   = "partnerLiquidityProvider.status.upsert"
	evaluate = "partnerLiquidityProvider.eligibility.evaluate"
	rollout  = "partnerLiquidityProvider.rollout.upsert"
	export   = "partnerLiquidityProvider.rollout.export"
	keys     = "keys.policy-integrity-signing.get"
)

// callTo returns the handler of a step that calls one operation.
func callTo(operation string) any {
	return func(ctx context.Context) error { return callOperation(ctx, operation) }
}

// callToWith is callTo with changes.
func callToWith(operation string) any {
	return func(ctx context.Context, table *Table) error { return callOperationWith(ctx, operation, table) }
}

// haveCalled returns the handler of a step that calls one operation, which must succeed.
func haveCalled(operation string) any {
	return func(ctx context.Context) error { return haveCalledOperation(ctx, operation) }
}

// haveCalledWith is haveCalled with changes.
func haveCalledWith(operation string) any {
	return func(ctx context.Context, table *Table) error {
		return haveCalledOperationWith(ctx, operation, table)
	}
}

// I have called "operation". It must succeed, for it is what a scenario takes for granted.
func haveCalledOperation(ctx context.Context, operation string) error {
	return haveCalledOperationWith(ctx, operation, noTable)
}

// I have called "operation" with: …
func haveCalledOperationWith(ctx context.Context, operation string, table *Table) error {
	if err := callOperationWith(ctx, operation, table); err != nil {
		return err
	}
	called := in(ctx).last
	return called.mustSucceed(called.request.operation.ID)
}

// firstOfMany is the recorded_at of the first of many status upserts. It is far in the future, so that by every
// target's clock the entries are within the retention.
var firstOfMany = time.Date(2031, 3, 1, 10, 0, 0, 0, time.UTC)

// I have upserted its status n times. It is for trails that are longer than a page: each call is one of its own, with
// its own idempotency key and time.
func haveUpsertedStatus(ctx context.Context, n int) error {
	if n == 0 {
		return invalidStep("0 times: expected 1 or more")
	}
	for i := range n {
		at := change{
			part: changeBody, name: "/recorded_at", tokens: []string{"recorded_at"},
			value: firstOfMany.Add(time.Duration(i) * time.Second).Format(`"` + time.RFC3339 + `"`),
		}
		err := call(ctx, status, noTable, func(s *scenario, r *request) error {
			if err := r.useDefaultFixture(s); err != nil {
				return err
			}
			return r.change(s, []change{at})
		})
		if err == nil {
			err = in(ctx).last.mustSucceed(fmt.Sprintf("%s, call %d of %d,", status, i+1, n))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mustSucceed demands that a call that a scenario builds on went well.
func (e *exchange) mustSucceed(what string) error {
	if e.succeeded() {
		return nil
	}
	want := strconv.Itoa(e.request.operation.Outcomes[0].Status)
	return e.answer.otherThan(what+" must succeed", want, want)
}

// succeeded reports whether the answer is a success of the operation.
func (e *exchange) succeeded() bool {
	return e.request.operation != nil && e.request.operation.Succeeds(e.answer.status)
}

// call sends the default call of an operation, after somebody gave it a body.
func call(ctx context.Context, operation string, table *Table, body func(*scenario, *request) error) error {
	s := in(ctx)
	r, err := s.prepare(operation, table, body)
	if err != nil {
		return err
	}
	return s.send(ctx, r)
}

// noTable is the table of a step without changes.
var noTable = &Table{}

// prepare makes the default call of an operation, gives it a body, and puts the changes on top.
func (s *scenario) prepare(operation string, table *Table, body func(*scenario, *request) error) (*request, error) {
	changes, err := s.changesOf(table)
	if err != nil {
		return nil, err
	}
	operation, err = s.expand(operation, plain)
	if err != nil {
		return nil, err
	}
	r, err := s.newRequest(operation)
	if err != nil {
		return nil, err
	}
	if err := body(s, r); err != nil {
		return nil, err
	}
	return r, r.change(s, changes)
}

// The ways in which a call gets its body.
func defaultBody(s *scenario, r *request) error { return r.useDefaultFixture(s) }

func fixtureBody(name string) func(*scenario, *request) error {
	return func(s *scenario, r *request) error {
		name, err := s.expand(name, plain)
		if err != nil {
			return err
		}
		return r.useFixture(s, name)
	}
}

// I call "operation".
func callOperation(ctx context.Context, operation string) error {
	return call(ctx, operation, noTable, defaultBody)
}

// I call "operation" with: …
func callOperationWith(ctx context.Context, operation string, table *Table) error {
	return call(ctx, operation, table, defaultBody)
}

// I call "operation" with fixture "name".
func callWithFixture(ctx context.Context, operation, name string) error {
	return call(ctx, operation, noTable, fixtureBody(name))
}

// I call "operation" with fixture "name" and: …
func callWithFixtureAnd(ctx context.Context, operation, name string, table *Table) error {
	return call(ctx, operation, table, fixtureBody(name))
}

// I call "operation" with the body: …
func callWithBody(ctx context.Context, operation string, doc *DocString) error {
	if doc == nil {
		return invalidStep("the step takes a text between two lines of \"\"\", and has a table")
	}
	return call(ctx, operation, noTable, func(s *scenario, r *request) error { return r.useText(s, doc.Content) })
}

// useText gives the request a text as its body.
func (r *request) useText(s *scenario, text string) error {
	body, err := s.expand(text, jsonText)
	r.body = []byte(body)
	return err
}

// I call "operation" with the body bytes "ef bb bf".
func callWithBodyBytes(ctx context.Context, operation, digits string) error {
	return call(ctx, operation, noTable, func(_ *scenario, r *request) error {
		var err error
		r.body, err = bytesOf(digits)
		return err
	})
}

// I call "operation" with a body of n bytes. It is the default body with blanks after it.
func callWithBodyOf(ctx context.Context, operation string, n int) error {
	return call(ctx, operation, noTable, func(s *scenario, r *request) error { return r.useLength(s, n) })
}

// useLength gives the request the default body, with blanks after it.
func (r *request) useLength(s *scenario, n int) error {
	if err := r.useDefaultFixture(s); err != nil {
		return err
	}
	if len(r.body) > n {
		return invalidStep("the default body of %s has %d bytes, more than %d", r.operation.ID, len(r.body), n)
	}
	body := bytes.Repeat([]byte(" "), n)
	copy(body, r.body)
	r.body = body
	return nil
}

// I call "operation" n times at once. All copies carry the same idempotency key.
func callAtOnce(ctx context.Context, operation string, n int) error {
	return callAtOnceWith(ctx, operation, n, noTable)
}

// I call "operation" n times at once with: …
func callAtOnceWith(ctx context.Context, operation string, n int, table *Table) error {
	s := in(ctx)
	r, err := s.prepare(operation, table, defaultBody)
	if err != nil {
		return err
	}
	return s.sendAtOnce(ctx, r, n)
}

// I send "METHOD" to "/path?query".
func sendTo(ctx context.Context, method, target string) error {
	return sendToWith(ctx, method, target, noTable)
}

// I send "METHOD" to "/path?query" with: …
func sendToWith(ctx context.Context, method, target string, table *Table) error {
	s := in(ctx)
	changes, err := s.changesOf(table)
	if err != nil {
		return err
	}
	if target, err = s.expand(target, plain); err != nil {
		return err
	}
	if method, err = s.expand(method, plain); err != nil {
		return err
	}
	r, err := s.writtenOut(method, target)
	if err != nil {
		return err
	}
	if err := r.change(s, changes); err != nil {
		return err
	}
	return s.send(ctx, r)
}

// My requests carry: … From then on every call begins with these headers, and its own table comes on top.
func carry(ctx context.Context, table *Table) error {
	s := in(ctx)
	changes, err := s.changesOf(table)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if c.part != changeHeader {
			return at(c.where, invalidStep("this table takes headers only; everything else belongs to one call"))
		}
	}
	s.carried = append(s.carried, changes...)
	return nil
}

// learn records what later steps use: the id of what the operation made, the owner of a provider, and the page of an
// export. A later step that lacks it because of the answer fails for the answer.
func (s *scenario) learn(e *exchange) {
	o := e.request.operation
	switch {
	case o == nil:
		return
	case o.CreatedIDAt != "":
		s.creations[o.ID] = e
	case o.ID == export && (e.succeeded() || s.lastExport == nil):
		s.lastExport = e
	}
	if !e.succeeded() {
		return
	}
	if o.CreatedIDAt != "" {
		body, err := e.answer.json()
		if err != nil {
			return // a step that uses the answer reports it
		}
		made, _, ok := find(body, slices.Collect(jsontext.Pointer(o.CreatedIDAt).Tokens()))
		if !ok {
			return
		}
		s.variables[o.CreatedName()] = jsonVariable(made)
	}
	if o.ID == onboard {
		s.owners[s.text(o.CreatedName())] = ownerOf(e.request, s.allScopes())
	}
}

// created returns why there is no id of what an operation made: a fault of the scenario when it did not call the operation, and
// otherwise of the answer.
func (s *scenario) created(name string, o *milestones.Operation) error {
	e := s.creations[o.ID]
	if e == nil {
		return invalidStep("{%s} has no value yet: it is the id of what %s made last", name, o.ID)
	}
	if err := e.mustSucceed(o.ID + ", whose {" + name + "} the step uses,"); err != nil {
		return err
	}
	seen, err := e.answer.look(o.CreatedIDAt)
	if err == nil {
		err = seen.mustBeThere()
	}
	return err
}

// otherThan returns the mismatch of an answer that has another outcome than a step requires. Want is the outcome in words, and
// required in short.
func (a *answer) otherThan(message, want, required string) *Mismatch {
	return &Mismatch{Message: message, Expected: want, Got: a.outcome(), Required: required, Observed: a.observed()}
}

// observed is the outcome in short: the status, and the codes of a refusal that has them.
func (a *answer) observed() string {
	text := strconv.Itoa(a.status)
	body, err := a.json()
	if err != nil {
		return text
	}
	for _, part := range []struct {
		before string
		tokens []string
	}{{" ", []string{"error", "code"}}, {" because ", []string{"error", "details", "reason_code"}}} {
		if value, _, ok := find(body, part.tokens); ok {
			text += part.before + cutAt(longestCode, jsonVariable(value).text)
		}
	}
	return text
}

// longestCode is how many bytes of a code stand in the outcome in short.
const longestCode = 80

// outcome is an answer in one line: its status, and for a refusal what it says of itself.
func (a *answer) outcome() string {
	body, err := a.json()
	if err != nil {
		if len(a.body) == 0 {
			return fmt.Sprintf("%d without a body", a.status)
		}
		return fmt.Sprintf("%d with a body that is not JSON: %s", a.status, cut(string(a.body)))
	}
	refusal, _, ok := find(body, []string{"error"})
	if !ok {
		return fmt.Sprintf("%d", a.status)
	}
	textAt := func(tokens ...string) string {
		value, _, ok := find(refusal, tokens)
		if !ok {
			return ""
		}
		return jsonVariable(value).text
	}
	text := fmt.Sprintf("%d %s", a.status, textAt("code"))
	if reason := textAt("details", "reason_code"); reason != "" {
		text += " because " + reason
	} else {
		text += " without a reason code"
	}
	if message := textAt("message"); message != "" {
		text += " (" + message + ")"
	}
	if violations := textAt("details", "violations"); violations != "" {
		text += " " + violations
	}
	return cut(text)
}
