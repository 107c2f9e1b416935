package plural_test

import (
	"testing"

	"example.com/lpgate/internal/plural"
)

func TestCount(t *testing.T) {
	for _, row := range []struct {
		n    int
		noun string
		want string
	}{
		{0, "scenario", "0 scenarios"},
		{1, "scenario", "1 scenario"},
		{2, "reason code", "2 reason codes"},
		{2, "entry", "2 entries"},
		{3, "day", "3 days"},
		{2, "match", "2 matches"},
		{2, "class", "2 classes"},
	} {
		if got := plural.Count(row.n, row.noun); got != row.want {
			t.Errorf("Count(%d, %q) = %q, want %q", row.n, row.noun, got, row.want)
		}
	}
}
