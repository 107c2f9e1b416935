package schemas

import (
	"fmt"
	"regexp"
	"testing"
	"unicode"
)

// Every code point that Unicode gives the property White_Space (Unicode 16; unchanged since 6.3).
var whiteSpace = []rune{
	0x9, 0xA, 0xB, 0xC, 0xD, 0x20, 0x85, 0xA0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009,
	0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
}

func TestTextRefusesWhiteSpaceAtItsEnds(t *testing.T) {
	for _, space := range whiteSpace {
		t.Run(fmt.Sprintf("%U", space), func(t *testing.T) {
			s := string(space)
			for _, row := range []struct {
				what, text string
				valid      bool
			}{
				{"alone", s, false},
				{"twice", s + s, false},
				{"before", s + "a", false},
				{"after", "a" + s, false},
				{"around", s + "a" + s, false},
				{"before two words", s + "a b", false},
				{"after two words", "a b" + s, false},
				{"inside", "a" + s + "b", true},
				{"inside, with others", "a" + s + " \n" + s + "b" + s + "c", true},
			} {
				t.Run(row.what, func(t *testing.T) {
					got := schemaNamed(t, "ActorRef").Validate(map[string]any{"type": "user", "id": row.text})
					if valid := got == nil; valid != row.valid {
						t.Errorf("%q: got %v, want valid: %v", row.text, got, row.valid)
					}
				})
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		if got := schemaNamed(t, "ActorRef").Validate(map[string]any{"type": "user", "id": ""}); got == nil {
			t.Error("got no violation, want one: an empty text is blank")
		}
	})
}

// No other code point counts as white space, invisible ones (U+200B, U+FEFF, which ECMA-262's \s takes) included.
func TestTextRefusesNothingElse(t *testing.T) {
	pattern := regexp.MustCompile(schemaNamed(t, "ActorRef").nodes[Base+"PartnerLiquidityProviderView.schema.json#/$defs/Text"]["pattern"].(string))
	spaces := 0
	for point := rune(0); point <= unicode.MaxRune; point++ {
		if point >= 0xD800 && point <= 0xDFFF {
			continue // surrogates are in no string
		}
		refused := !pattern.MatchString(string(point))
		if refused != unicode.Is(unicode.White_Space, point) {
			t.Errorf("%U: got refused %v, want %v", point, refused, !refused)
		}
		if refused {
			spaces++
		}
	}
	if spaces != len(whiteSpace) {
		t.Errorf("got %d kinds of white space, want %d", spaces, len(whiteSpace))
	}
}

func TestDateTime(t *testing.T) {
	tests := []struct {
		text string
		want bool
	}{
		{"2026-02-22T16:00:10Z", true},
		{"2026-02-22T16:00:10.000Z", true},
		{"2026-02-22t16:00:10z", true},
		{"2026-02-22T16:00:10.1Z", true},
		{"2026-02-22T16:00:10.123456789012345678901234567890Z", true},
		{"2026-02-22T16:00:10+00:00", true},
		{"2026-02-22T16:00:10-00:00", true},
		{"2026-02-22T16:00:10+23:59", true},
		{"2026-02-22T16:00:10.5-08:00", true},
		{"0000-01-01T00:00:00Z", true},
		{"0000-02-29T00:00:00Z", true},
		{"9999-12-31T23:59:59.999Z", true},
		{"0000-01-01T00:00:00+01:00", true}, // a year below 0 in UTC is for a rule to refuse
		{"2024-02-29T00:00:00Z", true},
		{"2000-02-29T00:00:00Z", true},
		{"2016-12-31T23:59:60Z", true}, // so is a leap second
		{"2016-12-31T23:59:60.5Z", true},
		{"2017-01-01T00:59:60+01:00", true},
		{"2016-12-31T15:59:60-08:00", true},

		{"", false},
		{"2026-02-22", false},
		{"16:00:10Z", false},
		{"2026-02-22T16:00:10", false},
		{"2026-02-22T16:00Z", false},
		{"2026-02-22 16:00:10Z", false},
		{"2026-02-22T16:00:10.Z", false},
		{"2026-02-22T16:00:10,5Z", false},
		{"2026-02-22T16:00:10+0000", false},
		{"2026-02-22T16:00:10+00", false},
		{"2026-02-22T16:00:10+24:00", false},
		{"2026-02-22T16:00:10+00:60", false},
		{"2026-02-22T16:00:10 Z", false},
		{"2026-02-22T16:00:10ZZ", false},
		{" 2026-02-22T16:00:10Z", false},
		{"2026-02-22T16:00:10Z\n", false},
		{"2026-02-22T24:00:00Z", false},
		{"2026-02-22T16:60:00Z", false},
		{"2026-02-22T16:00:61Z", false},
		{"2026-02-22T16:00:60Z", false},
		{"2016-12-31T23:59:60+01:00", false},
		{"2026-02-29T00:00:00Z", false},
		{"1900-02-29T00:00:00Z", false},
		{"2026-04-31T00:00:00Z", false},
		{"2026-00-10T00:00:00Z", false},
		{"2026-13-10T00:00:00Z", false},
		{"2026-01-00T00:00:00Z", false},
		{"2026-01-32T00:00:00Z", false},
		{"+2026-02-22T16:00:10Z", false},
		{"-026-02-22T16:00:10Z", false},
		{"12026-02-22T16:00:10Z", false},
		{"26-02-22T16:00:10.000Z", false},
		{"2026-02-22T+1:+2:+3Z", false},
		{"2026-02-22T-1:00:00Z", false},
		{"2026-02-22T16:00:10++1:00", false},
		{"2026-W08-7T16:00:10Z", false},
		{"٢٠٢٦-02-22T16:00:10Z", false},
		{"20260222T160010Z00000", false},
		{"2026-02-22T16:00:10−08:00", false}, // U+2212, a minus sign
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			if got := isDateTime(test.text); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			document := map[string]any{"rollout": map[string]any{"rollout_status": "paused", "effective_segment_tier": "S0",
				"capability_matrix": []any{map[string]any{"capability": "c", "min_segment_tier": "S0", "enabled": true}}}, "recorded_at": test.text}
			got := schemaNamed(t, "PartnerLiquidityProviderRolloutUpsertRequest").Validate(document)
			if valid := got == nil; valid != test.want {
				t.Errorf("as recorded_at: got %v, want valid: %v", got, test.want)
			}
		})
	}
	if !isDateTime(7.0) {
		t.Error("got a refusal of a number, want none: a format speaks of strings only")
	}
}
