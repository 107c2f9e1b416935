package steps

import (
	"fmt"
	"strings"
)

// Mismatch is a promise that the target did not keep. It is the error of every sentence that asserts something; the
// rest of the scenario is not run, so the first one is the only one.
type Mismatch struct {
	// Says is what was being checked, in words.
	Says string
	// Expected and Got are the two sides, each as one line.
	Expected, Got string
	// Diff tells how two structured values differ. It is empty where Expected and Got say it all.
	Diff string
}

// Error puts one thing under the other.
func (m *Mismatch) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  expected: %s\n  got:      %s", m.Says, m.Expected, m.Got)
	if m.Diff != "" {
		b.WriteString("\n  " + strings.ReplaceAll(strings.TrimRight(m.Diff, "\n"), "\n", "\n  "))
	}
	return b.String()
}

// BadSentence is a fault in the scenario's own text, such as a word that nobody knows. It says nothing about the
// target.
type BadSentence struct {
	// What is wrong, and where.
	What string
	// Nearest is the right thing that looks most like it, or empty.
	Nearest string
}

// Error tells what is wrong, and what may have been meant.
func (b *BadSentence) Error() string {
	if b.Nearest == "" {
		return b.What
	}
	return fmt.Sprintf("%s (did you mean %q?)", b.What, b.Nearest)
}

func badSentence(format string, args ...any) error {
	return &BadSentence{What: fmt.Sprintf(format, args...)}
}

// Unreachable is a request without an answer: the target is not there, or went away while it answered. It is no
// verdict about the contract.
type Unreachable struct {
	// Err is what the transport said.
	Err error
}

// Error tells what the transport said.
func (u *Unreachable) Error() string { return "the target cannot be reached: " + u.Err.Error() }

// Unwrap returns what the transport said.
func (u *Unreachable) Unwrap() error { return u.Err }
