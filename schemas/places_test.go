package schemas

import (
	"slices"
	"testing"
)

// Each row is a place of the contract's own schemas, and what is demanded there once each $ref is followed.
func TestPlaces(t *testing.T) {
	for _, row := range []struct {
		schema, pointer string
		types           []string
		enum, patterns  int
		required        bool
		closed          bool
	}{
		{"PartnerLiquidityProviderGetResponse", "", []string{"object"}, 0, 0, false, true},
		{"PartnerLiquidityProviderGetResponse", "/provider/segment_tier", []string{"string"}, 4, 0, true, false},
		{"PartnerLiquidityProviderGetResponse", "/provider/trust_contact_email", []string{"string"}, 0, 2, true, false},
		{"PartnerLiquidityProviderGetResponse", "/provider/rollout", []string{"object"}, 0, 0, false, true},
		{"PartnerLiquidityProviderGetResponse", "/provider/rollout/eligibility_ref", []string{"object", "null"}, 0, 0, true, true},
		{"PartnerLiquidityProviderRolloutExportResponse", "/export/entries/[]/actor/type", []string{"string"}, 1, 0, true, false},
		{"PartnerLiquidityProviderRolloutExportResponse", "/export/entries/[]/details", []string{"object"}, 0, 0, true, false},
	} {
		t.Run(row.schema+row.pointer, func(t *testing.T) {
			places, err := Embedded().Places(row.schema)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(places, func(p Place) bool { return p.Pointer() == row.pointer })
			if i < 0 {
				t.Fatal("there is no such place")
			}
			p := places[i]
			if !slices.Equal(p.Types, row.types) || len(p.Enum) != row.enum || len(p.Patterns) != row.patterns ||
				p.Required != row.required || p.Closed != row.closed {
				t.Errorf("got %+v, want %+v", p, row)
			}
		})
	}
}

func TestPlacesOfAnUnknownSchema(t *testing.T) {
	_, err := Embedded().Places("ActorReff")
	if want := `there is no schema "ActorReff" (did you mean "ActorRef"?)`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
