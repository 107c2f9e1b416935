package steps

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/internal/suggest"
)

// answered returns the answer that a step is about.
func answered(ctx context.Context) (*scenario, *answer, error) {
	s := in(ctx)
	if s.last == nil {
		return nil, nil, invalidStep("there is no answer yet: no step has made a call")
	}
	return s, s.last.answer, nil
}

// found is what a pointer of a scenario's text points to in an answer.
type found struct {
	at      string
	value   any
	ok      bool             // whether it points to anything
	instead string           // when it does not: what there is
	missing jsontext.Pointer // the first part that points to nothing
}

// look follows a pointer into the last answer.
func look(ctx context.Context, at string) (*scenario, *found, error) {
	s, a, err := answered(ctx)
	if err != nil {
		return nil, nil, err
	}
	if at, err = s.expand(at, plain); err != nil {
		return nil, nil, err
	}
	seen, err := a.look(at)
	return s, seen, err
}

// lookThere is look, and demands that the pointer points to something.
func lookThere(ctx context.Context, at string) (*scenario, *found, error) {
	s, seen, err := look(ctx, at)
	if err == nil {
		err = seen.mustBeThere()
	}
	return s, seen, err
}

func (a *answer) look(at string) (*found, error) {
	tokens, err := pointer(at)
	if err != nil {
		return nil, err
	}
	body, err := a.json()
	if err != nil {
		return nil, &Mismatch{Message: "the answer is JSON", Expected: "JSON", Got: fmt.Sprintf("%s (%v)", a.show(), err)}
	}
	seen := &found{at: at}
	seen.value, seen.instead, seen.ok = find(body, tokens)
	if !seen.ok {
		seen.missing = missing(body, tokens)
	}
	return seen, nil
}

// place is the pointer, or the first part of it that points to nothing.
func (x *found) place() string {
	if x.ok {
		return x.at
	}
	return string(x.missing)
}

func (x *found) mustBeThere() error {
	if x.ok {
		return nil
	}
	return &Mismatch{Message: fmt.Sprintf("%q is present", x.at), Expected: "present", Got: x.instead, Of: OfBody, At: x.place(), Missing: true}
}

// literal reads a JSON value out of a scenario's text.
func (s *scenario) literal(text string) (any, error) {
	text, err := s.expand(text, jsonText)
	if err != nil {
		return nil, err
	}
	value, err := decode([]byte(text))
	if err != nil {
		return nil, invalidJSON(text, err.Error())
	}
	return value, nil
}

// The answer is 200.
func answerIs(ctx context.Context, status int) error {
	_, a, err := answered(ctx)
	if err != nil {
		return err
	}
	if a.status != status {
		return a.otherThan("the answer is "+strconv.Itoa(status), strconv.Itoa(status), strconv.Itoa(status))
	}
	return nil
}

// The answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked.
func answerIsBecause(ctx context.Context, status int, code, reason string) error {
	s := in(ctx)
	if floor := s.cfg.Milestone.RequiredReasonCodes; !slices.Contains(floor, reason) {
		return &InvalidStep{
			Message: fmt.Sprintf("%s has no reason code %s", s.cfg.Milestone.ID, reason),
			Nearest: suggest.Nearest(reason, floor),
		}
	}
	return refused(ctx, status, code, reason)
}

// The answer is 401 UNAUTHORIZED.
func answerIsRefusal(ctx context.Context, status int, code string) error {
	_, a, err := answered(ctx)
	if err != nil {
		return err
	}
	want := fmt.Sprintf("%d %s", status, code)
	if a.status == status {
		got, err := a.look("/error/code")
		if err != nil {
			return err
		}
		if got.value == any(code) {
			return nil
		}
	}
	return a.otherThan("the answer is "+want, want, want)
}

// The answer is 401 UNAUTHORIZED without a reason code.
func answerIsWithoutReason(ctx context.Context, status int, code string) error {
	return refused(ctx, status, code, "")
}

// refused demands a refusal with a status, a code and a reason code, or none when reason is "".
func refused(ctx context.Context, status int, code, reason string) error {
	_, a, err := answered(ctx)
	if err != nil {
		return err
	}
	required := fmt.Sprintf("%d %s", status, code)
	want := required + " without a reason code"
	if reason != "" {
		required += " because " + reason
		want = required
	}
	mismatch := func() error { return a.otherThan("the answer is "+want, want, required) }
	if a.status != status {
		return mismatch()
	}
	gotCode, err := a.look("/error/code")
	if err != nil {
		return err
	}
	gotReason, err := a.look("/error/details/reason_code")
	if err != nil {
		return err
	}
	if gotCode.value != any(code) || gotReason.ok != (reason != "") || gotReason.ok && gotReason.value != any(reason) {
		return mismatch()
	}
	return nil
}

// "/pointer" is JSON.
func valueIs(ctx context.Context, at, text string) error { return compare(ctx, at, text) }

// "/pointer" is absent.
func valueIsAbsent(ctx context.Context, at string) error { return compare(ctx, at, absent) }

// The fields are: …
func fieldsAre(ctx context.Context, table *Table) error { return eachRow(ctx, table, compare) }

// eachRow compares the answer with each row of a table.
func eachRow(ctx context.Context, table *Table, compare func(ctx context.Context, at, text string) error) error {
	rows, err := rowsOf(table)
	if err != nil {
		return err
	}
	var first error
	for _, row := range rows {
		err := compare(ctx, row.key, row.value)
		if _, bad := err.(*InvalidStep); bad { // before all others, because it is not a fault of the target
			return at(row.where, err)
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// compare demands that a pointer points to a value that is given as JSON, or to nothing.
func compare(ctx context.Context, at, text string) error {
	s, seen, err := look(ctx, at)
	if err != nil {
		return err
	}
	if text == absent {
		if seen.ok {
			return &Mismatch{Message: fmt.Sprintf("%q is absent", seen.at), Expected: absent, Got: show(seen.value), Of: OfBody, At: seen.at}
		}
		return nil
	}
	want, err := s.literal(text)
	if err != nil {
		return err
	}
	if seen.ok && same(want, seen.value) {
		return nil
	}
	m := &Mismatch{Message: fmt.Sprintf("%q is %s", seen.at, inBrief(want)), Expected: show(want), Got: seen.instead, Of: OfBody, At: seen.place(), Missing: !seen.ok}
	if seen.ok {
		m.Got, m.Diff = show(seen.value), differenceWithin(want, seen.value)
	}
	return m
}

// "/pointer" is present.
func valueIsPresent(ctx context.Context, at string) error {
	_, _, err := lookThere(ctx, at)
	return err
}

// "/pointer" is not JSON. It must be there: what is missing proves nothing.
func valueIsNot(ctx context.Context, at, text string) error {
	unwanted, err := in(ctx).literal(text)
	if err != nil {
		return err
	}
	_, seen, err := lookThere(ctx, at)
	if err != nil {
		return err
	}
	if same(unwanted, seen.value) {
		return &Mismatch{Message: fmt.Sprintf("%q is not %s", seen.at, show(unwanted)), Expected: "anything else", Got: show(seen.value), Of: OfBody, At: seen.at}
	}
	return nil
}

// "/pointer" matches "regexp".
func valueMatches(ctx context.Context, at, text string) error {
	re, err := in(ctx).regexp(text)
	if err != nil {
		return err
	}
	_, seen, err := lookThere(ctx, at)
	if err != nil {
		return err
	}
	if got, ok := seen.value.(string); !ok || !re.MatchString(got) {
		return &Mismatch{Message: fmt.Sprintf("%q matches %q", seen.at, re), Expected: "a string that matches " + re.String(), Got: show(seen.value), Of: OfBody, At: seen.at}
	}
	return nil
}

func (s *scenario) regexp(text string) (*regexp.Regexp, error) {
	text, err := s.expand(text, expression)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, invalidStep("%q is not a regular expression: %v", text, err)
	}
	return re, nil
}

// "/pointer" has n items.
func valueHasItems(ctx context.Context, at string, n int) error {
	_, seen, err := lookThere(ctx, at)
	if err != nil {
		return err
	}
	items, isList := seen.value.([]any)
	if isList && len(items) == n {
		return nil
	}
	m := &Mismatch{Message: fmt.Sprintf("%q has %d items", seen.at, n), Expected: fmt.Sprintf("%d items", n), Got: show(seen.value), Of: OfBody, At: seen.at}
	if isList {
		m.Got = fmt.Sprintf("%d items: %s", len(items), m.Got)
	}
	return m
}

// "/pointer" equals "/other/pointer".
func valueEquals(ctx context.Context, at, other string) error {
	_, seen, err := lookThere(ctx, at)
	if err != nil {
		return err
	}
	_, want, err := lookThere(ctx, other)
	if err != nil {
		return err
	}
	if same(want.value, seen.value) {
		return nil
	}
	return &Mismatch{
		Message:  fmt.Sprintf("%q equals %q", seen.at, want.at),
		Expected: show(want.value), Got: show(seen.value), Diff: differenceWithin(want.value, seen.value), Of: OfBody, At: seen.at,
	}
}

// There is a violation of "keyword" at "/instance/pointer".
func thereIsAViolation(ctx context.Context, keyword, at string) error {
	at, err := in(ctx).expand(at, plain)
	if err != nil {
		return err
	}
	_, seen, err := lookThere(ctx, "/error/details/violations")
	if err != nil {
		return err
	}
	violations, _ := seen.value.([]any)
	for _, v := range violations {
		violation, _ := v.(map[string]any)
		if violation["keyword"] == any(keyword) && violation["instance_path"] == any(at) {
			return nil
		}
	}
	return &Mismatch{
		Message:  fmt.Sprintf("there is a violation of %q at %q", keyword, at),
		Expected: fmt.Sprintf("keyword %q, instance_path %q", keyword, at), Got: show(seen.value), Of: OfBody, At: seen.at,
	}
}

// "/pointer" is the SHA-256 of canonical "/other".
func valueIsHash(ctx context.Context, at, of string) error { return isHash(ctx, at, "", of) }

// "/pointer" is "sha256:" and the SHA-256 of canonical "/other".
func valueIsPrefixedHash(ctx context.Context, at, of string) error {
	return isHash(ctx, at, "sha256:", of)
}

func isHash(ctx context.Context, at, prefix, of string) error {
	_, seen, err := lookThere(ctx, at)
	if err != nil {
		return err
	}
	_, hashed, err := lookThere(ctx, of)
	if err != nil {
		return err
	}
	claim := fmt.Sprintf("%q is the SHA-256 of canonical %q", seen.at, hashed.at)
	text, err := canonical(hashed.value)
	if err != nil {
		return &Mismatch{Message: claim, Expected: "a value with a canonical form", Got: err.Error(), Of: OfBody, At: seen.at}
	}
	sum := sha256.Sum256(text)
	if want := prefix + hex.EncodeToString(sum[:]); seen.value != any(want) {
		return &Mismatch{Message: claim, Expected: want + ", of " + cut(string(text)), Got: show(seen.value), Of: OfBody, At: seen.at}
	}
	return nil
}

// atHeader is the name of a header as a mismatch has it.
func atHeader(name string) string { return textproto.CanonicalMIMEHeaderKey(name) }

// headerOf returns the one value of a header. Two lines of it are one too many.
func (a *answer) headerOf(name string) (value string, got string, ok bool) {
	switch values := a.header.Values(name); len(values) {
	case 0:
		return "", absent, false
	case 1:
		return values[0], strconv.Quote(values[0]), true
	default:
		return "", fmt.Sprintf("%d times: %q", len(values), values), false
	}
}

// The header "X" is "v".
func headerIs(ctx context.Context, name, want string) error {
	s, a, err := answered(ctx)
	if err != nil {
		return err
	}
	if want, err = s.expand(want, plain); err != nil {
		return err
	}
	if value, got, ok := a.headerOf(name); !ok || value != want {
		return &Mismatch{Message: fmt.Sprintf("the header %q is %q", name, want), Expected: strconv.Quote(want), Got: got, Of: OfHeader, At: atHeader(name), Missing: got == absent}
	}
	return nil
}

// The header "X" is absent.
func headerIsAbsent(ctx context.Context, name string) error {
	_, a, err := answered(ctx)
	if err != nil {
		return err
	}
	if values := a.header.Values(name); len(values) > 0 {
		return &Mismatch{Message: fmt.Sprintf("the header %q is absent", name), Expected: absent, Got: fmt.Sprintf("%q", values), Of: OfHeader, At: atHeader(name)}
	}
	return nil
}

// The header "X" matches "regexp".
func headerMatches(ctx context.Context, name, text string) error {
	s, a, err := answered(ctx)
	if err != nil {
		return err
	}
	re, err := s.regexp(text)
	if err != nil {
		return err
	}
	if value, got, ok := a.headerOf(name); !ok || !re.MatchString(value) {
		return &Mismatch{Message: fmt.Sprintf("the header %q matches %q", name, re), Expected: "a value that matches " + re.String(), Got: got, Of: OfHeader, At: atHeader(name), Missing: got == absent}
	}
	return nil
}

// The header "X" equals "/pointer".
func headerEquals(ctx context.Context, name, at string) error {
	_, a, err := answered(ctx)
	if err != nil {
		return err
	}
	_, want, err := lookThere(ctx, at)
	if err != nil {
		return err
	}
	if value, got, ok := a.headerOf(name); !ok || any(value) != want.value {
		return &Mismatch{Message: fmt.Sprintf("the header %q equals %q", name, want.at), Expected: show(want.value), Got: got, Of: OfHeader, At: atHeader(name), Missing: got == absent}
	}
	return nil
}
