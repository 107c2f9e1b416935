//go:build !race

// A hundred times all schemas are compiled, one after the other: the race detector would make that slow, and find nothing.

package schemas

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestViolationsAreTheSameEveryTime(t *testing.T) {
	text := `{"provider": {"q": 1, "w": 2, "e": 3, "r": 4, "t": 5, "owner_actor": {"a": 1, "b": 2, "c": 3}, "segment_tier": "",
		"trust_contact_email": "", "legal_entity_name": 1, "disclosure_text": []}, "x": 1, "y": 2, "z": 3, "recorded_at": "?"}`
	schema := schemaNamed(t, "PartnerLiquidityProviderOnboardRequest")
	want := schema.Validate(decoded(t, text))
	if len(want) != 12 {
		t.Fatalf("got %d violations, want 12: %v", len(want), want)
	}
	for run := range 100 {
		fresh, err := Load(files)
		if err != nil {
			t.Fatal(err)
		}
		schema, _ := fresh.Lookup("PartnerLiquidityProviderOnboardRequest")
		if diff := cmp.Diff(want, schema.Validate(decoded(t, text))); diff != "" {
			t.Fatalf("run %d: violations, -want +got:\n%s", run, diff)
		}
	}
}
