// Package suggest finds the name that a misspelt one was probably meant to be.
package suggest

import (
	"cmp"
	"slices"
	"strings"

	// The smallest well-kept edit distance for Go: one function, no dependencies.
	"github.com/agnivade/levenshtein"
)

// maxBytes limits the names that are compared: comparing takes time in proportion to the product of their lengths.
const maxBytes = 1000

// Near returns the indexes of the candidates that differ from word in at most maxEdits letters, ignoring case. The nearest
// comes first, and of equally near ones the first of the list. A word of more than 1,000 bytes is near to none.
func Near(word string, candidates []string, maxEdits int) []int {
	if len(word) > maxBytes {
		return nil
	}
	type match struct{ index, distance int }
	var matches []match
	for index, candidate := range candidates {
		if abs(len(candidate)-len(word)) > 4*maxEdits { // a letter has at most four bytes
			continue
		}
		if distance := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(candidate)); distance <= maxEdits {
			matches = append(matches, match{index, distance})
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return cmp.Compare(a.distance, b.distance) })
	indexes := make([]int, len(matches))
	for i, m := range matches {
		indexes[i] = m.index
	}
	return indexes
}

// Nearest returns the candidate that word was probably meant to be, or "".
//
// That is the first one of [Near] with a third of the letters wrong at most; two swapped neighbours count as one wrong letter,
// so "Whne" finds "When". A word that is the last part of exactly one candidate, such as "rollout_blocked", finds that one.
func Nearest(word string, candidates []string) string {
	if near := Near(word, candidates, len([]rune(word))/3); len(near) > 0 {
		return candidates[near[0]]
	}
	if word == "" {
		return ""
	}
	for _, candidate := range candidates {
		if areNeighboursSwapped(strings.ToLower(word), strings.ToLower(candidate)) {
			return candidate
		}
	}
	var longer []string
	for _, candidate := range candidates {
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

// areNeighboursSwapped reports whether two swapped neighbours are the only difference of two words.
func areNeighboursSwapped(a, b string) bool {
	if len(a) != len(b) || a == b {
		return false
	}
	i := 0
	for a[i] == b[i] {
		i++
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// DidYouMean ends an error about an unknown word: " (did you mean CANDIDATE?)", or "" when none is near.
func DidYouMean(word string, candidates []string) string {
	if nearest := Nearest(word, candidates); nearest != "" {
		return " (did you mean " + nearest + "?)"
	}
	return ""
}

// DidYouMeanQuoted is [DidYouMean] with the candidate in quotes, for errors that quote the word.
func DidYouMeanQuoted(word string, candidates []string) string {
	if nearest := Nearest(word, candidates); nearest != "" {
		return ` (did you mean "` + nearest + `"?)`
	}
	return ""
}

func abs(n int) int { return max(n, -n) }
