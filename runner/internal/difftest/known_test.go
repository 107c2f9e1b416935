package difftest_test

import (
	"slices"
	"testing"
	"time"

	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/difftest"
)

func TestKnownDifferences(t *testing.T) {
	b := &baseline.Baseline{File: "known.yaml", Known: []baseline.Entry{
		{Line: 1, Cause: "difference: header Allow missing", Count: 1, Expires: "2026-12-31"},
		{Line: 2, Cause: "difference: body /a missing", Operations: []string{"get"}, Count: 1, Expires: "2026-12-31"},
		{Line: 3, Cause: "difference: body /b missing", Count: 1, Expires: "2026-01-31"},
		{Line: 4, Cause: "difference: body /c missing", Count: 1, Expires: "2026-12-31"},
		{Line: 5, Cause: "details: required /error/details/violations", Count: 1, Expires: "2026-12-31"},
		{Line: 6, Scenario: "s-0123456789", Expires: "2026-12-31"},
	}}
	k := difftest.NewKnownDifferences(b, time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))
	for _, test := range []struct {
		cause, operation string
		want             bool
	}{
		{"difference: header Allow missing", "get", true},
		{"difference: header Allow missing", "export", true},
		{"difference: body /a missing", "get", true},
		{"difference: body /a missing", "export", false},
		{"difference: body /b missing", "get", false},
		{"difference: body /d missing", "get", false},
	} {
		if got := k.Known(test.cause, test.operation, ""); got != test.want {
			t.Errorf("%s of %s: got %t, want %t", test.cause, test.operation, got, test.want)
		}
	}
	want := []string{
		"known.yaml:3: expired on 2026-01-31: difference: body /b missing",
		"known.yaml:4: not seen in this run: difference: body /c missing",
	}
	if got := k.Notes(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
