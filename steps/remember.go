package steps

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"example.com/lpgate/internal/suggest"
)

// I remember "/pointer" as "name".
func rememberValue(ctx context.Context, at, name string) error {
	s, seen, err := lookThere(ctx, at)
	if err != nil {
		return err
	}
	return s.remember(name, jsonVariable(seen.value))
}

// I remember the header "X" as "name".
func rememberHeader(ctx context.Context, header, name string) error {
	s, a, err := answered(ctx)
	if err != nil {
		return err
	}
	value, got, ok := a.headerOf(header)
	if !ok {
		return &Mismatch{Message: fmt.Sprintf("the header %q is present", header), Expected: "one value", Got: got, Of: OfHeader, At: atHeader(header), Missing: got == absent}
	}
	return s.remember(name, textVariable(value))
}

// I remember the answer as "name".
func rememberAnswer(ctx context.Context, name string) error {
	s, a, err := answered(ctx)
	if err != nil {
		return err
	}
	s.remembered[name] = a
	return nil
}

// The answer is byte for byte "name".
func answerIsByteForByte(ctx context.Context, name string) error {
	a, want, err := rememberedAnswer(ctx, name)
	if err != nil {
		return err
	}
	return a.mustBe(fmt.Sprintf("the answer is byte for byte %q", name), want)
}

// The answer is the same as "name".
func answerIsSameAs(ctx context.Context, name string) error {
	a, want, err := rememberedAnswer(ctx, name)
	if err != nil {
		return err
	}
	return a.mustEqual(fmt.Sprintf("the answer is the same as %q", name), want)
}

// rememberedAnswer returns the last answer, and the one stored under a name.
func rememberedAnswer(ctx context.Context, name string) (last, remembered *answer, err error) {
	s, a, err := answered(ctx)
	if err != nil {
		return nil, nil, err
	}
	want, ok := s.remembered[name]
	if !ok {
		names := slices.Sorted(maps.Keys(s.remembered))
		return nil, nil, &InvalidStep{Message: fmt.Sprintf("no answer is remembered as %q", name), Nearest: suggest.Nearest(name, names)}
	}
	return a, want, nil
}
