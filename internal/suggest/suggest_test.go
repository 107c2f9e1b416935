package suggest

import (
	"slices"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	words := []string{"operations", "operation", "refusals", "kind", "partnerLiquidityProvider.rollout.upsert", "partnerLiquidityProvider.status.upsert", "rollout_blocked", "öffnen"}
	for _, row := range []struct{ name, word, want string }{
		{"the word itself", "refusals", "refusals"},
		{"a letter missing", "opertions", "operations"},
		{"the nearer one of two", "operatio", "operation"},
		{"the first one of two as near", "operationz", "operations"},
		{"another case", "REFUSALS", "refusals"},
		{"a third of the letters wrong", "knd", "kind"},
		{"more than a third of the letters wrong", "kn", ""},
		{"two letters that changed places", "knid", "kind"},
		{"four letters that changed places", "nkdi", ""},
		{"nothing alike", "colour", ""},
		{"nothing", "", ""},
		{"letters that are no ASCII", "oeffnen", "öffnen"},
		{"the end of one longer word", "rollout.upsert", "partnerLiquidityProvider.rollout.upsert"},
		{"the end of one longer word, in another case", "Blocked", "rollout_blocked"},
		{"the end of two longer words", "upsert", ""},
		{"the end of a word, but no whole part of it", "pdated.upsert", ""},
		{"a long word", strings.Repeat("operation", 1<<13), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := Nearest(row.word, words); got != row.want {
				t.Errorf("Nearest(%.40q) = %q, want %q", row.word, got, row.want)
			}
		})
	}
	t.Run("no words", func(t *testing.T) {
		if got := Nearest("kind", nil); got != "" {
			t.Errorf("Nearest = %q, want none", got)
		}
	})
}

func TestNear(t *testing.T) {
	words := []string{"kinds", "mind", "kind", "kin", "find", "refusal", "MIND"}
	for _, row := range []struct {
		word string
		want []string
	}{
		{"kind", []string{"kind", "kinds", "mind", "kin", "find", "MIND"}},
		{"refusals", []string{"refusal"}},
		{"kid", []string{"kind", "kin"}},
		{"colour", nil},
		{"", nil},
	} {
		t.Run(row.word, func(t *testing.T) {
			var got []string
			for _, index := range Near(row.word, words, 1) {
				got = append(got, words[index])
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestDidYouMean(t *testing.T) {
	if got, want := DidYouMean("knd", []string{"kind"}), " (did you mean kind?)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := DidYouMeanQuoted("knd", []string{"kind"}), ` (did you mean "kind"?)`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := DidYouMean("colour", []string{"kind"}) + DidYouMeanQuoted("colour", []string{"kind"}); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}
