package milestones

import (
	"cmp"
	"slices"
	"strings"

	// The smallest well-kept edit distance for Go: one function, no dependencies. A distance of our own would be
	// twenty lines more to test, for nothing that belongs to this module.
	"github.com/agnivade/levenshtein"
)

// longest is how many bytes a word may have that is compared with others: comparing takes time in proportion to the product
// of their lengths.
const longest = 1000

// Near returns the places of the words of the list that the given one may have been meant to be, the nearest first, and
// of several that are as near the first in the list first. Near is so many letters wrong at most, whatever their case. A word
// of more than 1,000 bytes is near to none.
func Near(word string, of []string, most int) []int {
	if len(word) > longest {
		return nil
	}
	type candidate struct{ place, distance int }
	var near []candidate
	for place, other := range of {
		if abs(len(other)-len(word)) > 4*most { // No letter is longer than four bytes: too far, whatever they say.
			continue
		}
		if distance := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(other)); distance <= most {
			near = append(near, candidate{place, distance})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	places := make([]int, len(near))
	for i, one := range near {
		places[i] = one.place
	}
	return places
}

// Nearest returns the word of the list that the given one was probably meant to be, or "" when none is near.
//
// That is the first one of [Near], with a third of the letters wrong at most. Two neighbours that changed places count
// for one wrong letter, so that "Whne" means "When". A word that is the end of exactly one longer one, as people say
// "rollout.upsert" or "rollout_blocked", means that one.
func Nearest(word string, of []string) string {
	if near := Near(word, of, len([]rune(word))/3); len(near) > 0 {
		return of[near[0]]
	}
	if word == "" {
		return ""
	}
	for _, candidate := range of {
		if swapped(strings.ToLower(word), strings.ToLower(candidate)) {
			return candidate
		}
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

// swapped says that two words differ in two neighbours that changed places, and in nothing else.
func swapped(a, b string) bool {
	if len(a) != len(b) || a == b {
		return false
	}
	i := 0
	for a[i] == b[i] {
		i++
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
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
