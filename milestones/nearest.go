package milestones

import (
	"strings"

	// The smallest well-kept edit distance for Go: one function, no dependencies. A distance of our own would be
	// twenty lines more to test, for nothing that belongs to this module.
	"github.com/agnivade/levenshtein"
)

// Nearest returns the word of the list that the given one was probably meant to be, or "" when none is near.
//
// Near is a third of the letters wrong at most, whatever their case; of several the first nearest one wins. A word
// that is the end of exactly one longer one, as people say "rollout.upsert" or "rollout_blocked", means that one.
func Nearest(word string, of []string) string {
	nearest, least := "", len([]rune(word))/3+1
	for _, candidate := range of {
		if abs(len(candidate)-len(word)) >= 4*least { // No letter is longer than four bytes: too far, whatever they say.
			continue
		}
		distance := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(candidate))
		if distance < least {
			nearest, least = candidate, distance
		}
	}
	if nearest != "" || word == "" {
		return nearest
	}
	var longer []string
	for _, candidate := range of {
		start, found := strings.CutSuffix(strings.ToLower(candidate), strings.ToLower(word))
		if found && strings.ContainsAny(start[max(0, len(start)-1):], "._-/") {
			longer = append(longer, candidate)
		}
	}
	if len(longer) == 1 {
		return longer[0]
	}
	return ""
}

// Suggest is the end of a sentence about a name that is not in the list: " (did you mean NAME?)", or "" when none is near.
func Suggest(name string, of []string) string {
	if nearest := Nearest(name, of); nearest != "" {
		return " (did you mean " + nearest + "?)"
	}
	return ""
}

func abs(n int) int { return max(n, -n) }

// didYouMean is the end of a sentence about a word that is not in the list.
func didYouMean(word string, of []string) string {
	if nearest := Nearest(word, of); nearest != "" {
		return ` (did you mean "` + nearest + `"?)`
	}
	return ""
}
