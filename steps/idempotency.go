package steps

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strconv"
)

// lastRequest is a copy of the last call's request.
func (s *scenario) lastRequest() (*request, error) {
	if s.last == nil {
		return nil, invalidStep("there is no call yet to repeat")
	}
	return s.last.request.clone(), nil
}

// I repeat the call. Everything is as it was, the idempotency key and the identity too.
func repeat(ctx context.Context) error { return repeatWith(ctx, noTable) }

// I repeat the call with: …
func repeatWith(ctx context.Context, table *Table) error {
	s := in(ctx)
	r, err := s.lastRequest()
	if err != nil {
		return err
	}
	changes, err := s.changesOf(table)
	if err != nil {
		return err
	}
	if err := r.change(s, changes); err != nil {
		return err
	}
	return s.send(ctx, r)
}

// I repeat the call n times at once.
func repeatAtOnce(ctx context.Context, n int) error {
	s := in(ctx)
	r, err := s.lastRequest()
	if err != nil {
		return err
	}
	return s.sendAtOnce(ctx, r, n)
}

// manyAnswers are the answers of the last burst.
func (s *scenario) manyAnswers() ([]*exchange, error) {
	if len(s.burst) == 0 {
		return nil, invalidStep("the last call was not sent several times at once")
	}
	return s.burst, nil
}

// Every answer is byte for byte the same.
func everyAnswerIsTheSame(ctx context.Context) error {
	all, err := in(ctx).manyAnswers()
	if err != nil {
		return err
	}
	for i, e := range all[1:] {
		claim := fmt.Sprintf("answer %d of %d that were sent at once is byte for byte the first one", i+2, len(all))
		if err := e.answer.mustBe(claim, all[0].answer); err != nil {
			return err
		}
	}
	return nil
}

// Every answer is the same.
func everyAnswerIsEqual(ctx context.Context) error {
	all, err := in(ctx).manyAnswers()
	if err != nil {
		return err
	}
	for i, e := range all[1:] {
		claim := fmt.Sprintf("answer %d of %d that were sent at once is the same as the first one", i+2, len(all))
		if err := e.answer.mustEqual(claim, all[0].answer); err != nil {
			return err
		}
	}
	return nil
}

// Exactly n answers are replays.
func answersAreReplays(ctx context.Context, n int) error {
	s := in(ctx)
	all, err := s.manyAnswers()
	if err != nil {
		return err
	}
	header, replays := s.cfg.Milestone.Transport.ReplayHeader, 0
	for _, e := range all {
		if e.answer.header.Get(header) == "true" {
			replays++
		}
	}
	if replays != n {
		return &Mismatch{
			Message:  fmt.Sprintf("of %d answers exactly %d have %s: true", len(all), n, header),
			Expected: strconv.Itoa(n), Got: strconv.Itoa(replays), Of: OfHeader, At: atHeader(header), Missing: replays < n,
		}
	}
	return nil
}

// mustBe demands that an answer has the status and the very bytes of another one.
func (a *answer) mustBe(claim string, want *answer) error {
	if a.status == want.status && bytes.Equal(a.body, want.body) {
		return nil
	}
	m := a.different(claim, want)
	before, err := want.json()
	after, otherErr := a.json()
	if err == nil && otherErr == nil {
		m.At = firstDifference("", before, after)
		if m.Diff = difference(before, after); m.Diff == "" && a.status == want.status {
			m.Diff = "The same JSON, written differently."
		}
	}
	return m
}

// mustEqual demands that an answer has the status of another one, and an equal body but for the correlation id.
func (a *answer) mustEqual(claim string, want *answer) error {
	before, err := want.json()
	if err != nil {
		return &Mismatch{Message: claim, Expected: "JSON", Got: want.show()}
	}
	after, err := a.json()
	if err != nil {
		return a.different(claim, want)
	}
	before, after = withoutCorrelationID(before), withoutCorrelationID(after)
	if a.status == want.status && same(before, after) {
		return nil
	}
	m := a.different(claim, want)
	m.At, m.Diff = firstDifference("", before, after), difference(before, after)
	return m
}

// different returns the mismatch of an answer that should be another one.
func (a *answer) different(message string, want *answer) *Mismatch {
	m := &Mismatch{Message: message, Expected: want.show(), Got: a.show()}
	if required, observed := want.observed(), a.observed(); required != observed {
		m.Required, m.Observed = required, observed
	}
	return m
}

// withoutCorrelationID is a body without what may differ between two answers that are the same.
func withoutCorrelationID(body any) any {
	members, ok := body.(map[string]any)
	if !ok {
		return body
	}
	members = maps.Clone(members)
	delete(members, "correlation_id")
	return members
}

func (a *answer) show() string { return fmt.Sprintf("%d %s", a.status, cut(string(a.body))) }
