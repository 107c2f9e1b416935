package steps

import (
	"context"
	"fmt"
	"time"
)

// This file compares times as instants: what a time is belongs to a rule, and how it is written to another one.

// "/pointer" is the time "2026-02-22T16:00:10Z".
func valueIsTime(ctx context.Context, at, text string) error { return compareTime(ctx, at, text) }

// The times are: …
func timesAre(ctx context.Context, table *Table) error {
	return eachRow(ctx, table, compareTime)
}

func compareTime(ctx context.Context, at, text string) error {
	s, seen, err := lookThere(ctx, at)
	if _, bad := err.(*InvalidStep); bad {
		return err
	}
	want, badTime := s.instant(text)
	if badTime != nil {
		return badTime
	}
	if err != nil {
		return err
	}
	if got, ok := instantOf(seen.value); !ok || !got.Equal(want) {
		return &Mismatch{
			Message:  fmt.Sprintf("%q is the time %s", seen.at, text),
			Expected: "the instant " + want.UTC().Format(time.RFC3339Nano), Got: show(seen.value), Of: OfBody, At: seen.at,
		}
	}
	return nil
}

// instant parses a time of a scenario's text. The value of a variable comes from the target.
func (s *scenario) instant(text string) (time.Time, error) {
	expanded, err := s.expand(text, plain)
	if err != nil {
		return time.Time{}, err
	}
	at, ok := instantOf(expanded)
	switch {
	case ok:
		return at, nil
	case expanded != text:
		return at, &Mismatch{Message: text + " is a time", Expected: "a time", Got: expanded}
	}
	return at, invalidStep("%q is no time: one is written 2026-02-22T16:00:10Z", text)
}

// instantOf reads a time out of a JSON value.
func instantOf(value any) (time.Time, bool) {
	text, ok := value.(string)
	if !ok {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return at, err == nil
}

// The walk's "/pointer" are the times [ … ].
func walkTimesAre(ctx context.Context, at, text string) error {
	s := in(ctx)
	literal, err := s.literal(text)
	if err != nil {
		return err
	}
	list := literal.([]any) // by the pattern
	want := make([]time.Time, len(list))
	for i, item := range list {
		var ok bool
		if want[i], ok = instantOf(item); !ok {
			return invalidStep("%s is no time: one is written \"2026-02-22T16:00:10Z\"", show(item))
		}
	}
	values, err := walkValues(ctx, at)
	if err != nil {
		return err
	}
	mismatch := &Mismatch{Message: fmt.Sprintf("the walk's %q are the times %s", at, inBrief(literal)), Expected: show(literal), Got: show(values), Of: OfBody, At: entriesAt}
	if len(values) != len(want) {
		return mismatch
	}
	for i, value := range values {
		if got, ok := instantOf(value); !ok || !got.Equal(want[i]) {
			return mismatch
		}
	}
	return nil
}
