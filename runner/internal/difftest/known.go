package difftest

import (
	"fmt"
	"time"

	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/cause"
)

// KnownDifferences matches the causes of a run with the entries of a baseline that are about differences. The counts of the
// entries do not apply: how many calls show a difference is random.
type KnownDifferences struct {
	baseline *baseline.Baseline
	now      time.Time
	seen     map[*baseline.Entry]bool
}

// NewKnownDifferences returns the known differences of a baseline. Entries that expired before now excuse nothing.
func NewKnownDifferences(b *baseline.Baseline, now time.Time) *KnownDifferences {
	return &KnownDifferences{b, now, map[*baseline.Entry]bool{}}
}

// Known is for [Config.Known].
func (k *KnownDifferences) Known(text, operation, rule string) (known bool) {
	for i := range k.baseline.Known {
		if e := &k.baseline.Known[i]; e.Cause != "" && e.Matches(text, operation, "", rule) {
			k.seen[e] = true
			known = known || !e.Expired(k.now)
		}
	}
	return known
}

// Notes returns a line for each entry that has expired, and for each one whose difference was not seen.
func (k *KnownDifferences) Notes() (lines []string) {
	for i := range k.baseline.Known {
		e := &k.baseline.Known[i]
		if cause.Kind(e.Cause) != cause.KindDifference {
			continue // for a run of the scenarios
		}
		switch {
		case !k.seen[e]:
			lines = append(lines, fmt.Sprintf("%s:%d: not seen in this run: %s", k.baseline.File, e.Line, e.Cause))
		case e.Expired(k.now):
			lines = append(lines, fmt.Sprintf("%s:%d: expired on %s: %s", k.baseline.File, e.Line, e.Expires, e.Cause))
		}
	}
	return lines
}
