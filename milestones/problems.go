package milestones

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// problem is one thing that is wrong with a file, in the form that editors and build logs turn into a link.
type problem struct {
	file    string
	line    int
	message string
}

func (p problem) Error() string { return fmt.Sprintf("%s:%d: %s", p.file, p.line, p.message) }

// Is lets errors.Is find what the problem is.
func (p problem) Is(target error) bool { return target == ErrEmpty && p.message == ErrEmpty.Error() }

// problems are all things that are wrong with a file: an author mends them in one go, not one run each.
type problems []problem

func (p problems) err() error {
	slices.SortStableFunc(p, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	var all []error
	for _, one := range p {
		all = append(all, one)
	}
	return errors.Join(all...)
}

// vocabulary is a set of names that other parts of the file refer to.
type vocabulary struct {
	what  string
	words []string
}

func newVocabulary(what string, words []string) *vocabulary { return &vocabulary{what, words} }

// lacks says what is wrong with a reference to this word. A nil vocabulary is one that could not be read: that is
// reported where it stands, and says nothing about those who refer to it.
func (v *vocabulary) lacks(word string) (says string, lacks bool) {
	if v == nil || slices.Contains(v.words, word) {
		return "", false
	}
	return fmt.Sprintf("unknown %s %q%s", v.what, word, didYouMean(word, v.words)), true
}
