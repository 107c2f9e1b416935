package milestones

import (
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
