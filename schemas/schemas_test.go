package schemas

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/internal/jsonvalue"
)

func TestEmbeddedHasTheContractsSchemas(t *testing.T) {
	want := []string{
		// the thirteen of M109
		"PartnerLiquidityProviderView",
		"PartnerLiquidityProviderOnboardRequest",
		"PartnerLiquidityProviderOnboardResponse",
		"PartnerLiquidityProviderGetResponse",
		"PartnerLiquidityProviderStatusUpsertRequest",
		"PartnerLiquidityProviderStatusUpsertResponse",
		"PartnerLiquidityProviderEligibilityEvaluateRequest",
		"PartnerLiquidityProviderEligibilityEvaluateResponse",
		"PartnerLiquidityProviderRolloutPolicyView",
		"PartnerLiquidityProviderRolloutUpsertRequest",
		"PartnerLiquidityProviderRolloutUpsertResponse",
		"PartnerLiquidityProviderGovernanceAuditEntry",
		"PartnerLiquidityProviderRolloutExportResponse",
		// what they share, and the answers without an operation
		"ActorRef", "ErrorResponse", "EventSignature", "PolicyIntegrityKeySet", "HealthResponse",
	}
	got := Embedded().Names()
	if !slices.IsSorted(got) {
		t.Errorf("names are not sorted: %q", got)
	}
	for _, name := range want {
		t.Run(name, func(t *testing.T) {
			if !slices.Contains(got, name) {
				t.Errorf("got %q, want it to have %q", got, name)
			}
			schema := schemaNamed(t, name)
			if schema.Name() != name {
				t.Errorf("got name %q, want %q", schema.Name(), name)
			}
			if !strings.Contains(string(schema.Source()), `"$id": "https://schemas.lpgate.example/`+name+`.schema.json"`) {
				t.Errorf("the source is not that of %s:\n%s", name, schema.Source())
			}
			if _, ok := validDocuments[name]; !ok {
				t.Error("no valid document is tested")
			}
		})
	}
	if _, ok := Embedded().Lookup("Nonsense"); ok {
		t.Error(`got a schema "Nonsense", want none`)
	}
}

func TestValidDocuments(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(validDocuments)) {
		t.Run(name, func(t *testing.T) {
			document, err := Read([]byte(validDocuments[name]))
			if err != nil {
				t.Fatal(err)
			}
			if got := schemaNamed(t, name).Validate(document.Value); got != nil {
				t.Errorf("got %v, want no violation", got)
			}
		})
	}
}

// The members that may be absent, per schema. Removing any other member of a valid document must be one violation.
var optionalMembers = map[string][]string{
	"PartnerLiquidityProviderView":                       {"/last_eligibility", "/rollout", "/rollout_policy_ref"},
	"PartnerLiquidityProviderOnboardRequest":             {"/provider/provider_id", "/provider/status", "/recorded_at"},
	"PartnerLiquidityProviderOnboardResponse":            {"/provider/last_eligibility", "/provider/rollout", "/provider/rollout_policy_ref"},
	"PartnerLiquidityProviderGetResponse":                {"/provider/last_eligibility", "/provider/rollout", "/provider/rollout_policy_ref"},
	"PartnerLiquidityProviderStatusUpsertRequest":        {"/recorded_at", "/status/operator_note", "/status/reason_codes"},
	"PartnerLiquidityProviderEligibilityEvaluateRequest": {"/eligibility/remediation_closed", "/recorded_at"},
	"PartnerLiquidityProviderRolloutUpsertRequest":       {"/recorded_at", "/rollout/reason_codes"},
	"PartnerLiquidityProviderGovernanceAuditEntry":       {"/details/segment_tier", "/details/status"},
	"PartnerLiquidityProviderRolloutExportResponse": {
		"/export/entries/0/details/segment_tier", "/export/entries/0/details/status", "/export/next_cursor",
		"/export/query/attestation_after", "/export/query/checkpoint_after", "/export/query/cursor_after",
		"/export/query/event_type", "/export/query/from_iso", "/export/query/to_iso",
	},
	"ErrorResponse": {
		"/error/details/actor", "/error/details/actor_type", "/error/details/allowed_actor_types", "/error/details/header",
		"/error/details/idempotency_key", "/error/details/method", "/error/details/missing_scopes", "/error/details/more",
		"/error/details/more/is", "/error/details/operation_id", "/error/details/original_payload_hash", "/error/details/owner_actor",
		"/error/details/path", "/error/details/payload_hash", "/error/details/provided_scopes", "/error/details/provider_id",
		"/error/details/reason_code", "/error/details/reason_codes", "/error/details/required_scopes", "/error/details/violations",
	},
}

func TestEveryMemberIsRequiredOrListedAsOptional(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(validDocuments)) {
		t.Run(name, func(t *testing.T) {
			var optional []string
			visit("", decoded(t, validDocuments[name]), func(pointer string, value any) {
				members, _ := value.(map[string]any)
				for member := range members {
					at := below(pointer, member)
					got := schemaNamed(t, name).Validate(changed(t, validDocuments[name], change{at: at}))
					if got == nil {
						optional = append(optional, at)
						continue
					}
					want := Violation{InstancePath: pointer, Keyword: "required", Message: fmt.Sprintf("lacks the member %q", member)}
					if len(got) != 1 || got[0].InstancePath != want.InstancePath || got[0].Keyword != want.Keyword || got[0].Message != want.Message {
						t.Errorf("without %s: got %v, want one like %v", at, got, want)
					}
				}
			})
			slices.Sort(optional)
			if diff := cmp.Diff(optionalMembers[name], optional); diff != "" {
				t.Errorf("optional members, -want +got:\n%s", diff)
			}
		})
	}
}

func TestOnlyDetailsAndHealthMayHaveUnknownMembers(t *testing.T) {
	open := map[string][]string{
		"HealthResponse": {""},
		"ErrorResponse":  {"/error/details", "/error/details/more"},
		"PartnerLiquidityProviderGovernanceAuditEntry":  {"/details"},
		"PartnerLiquidityProviderRolloutExportResponse": {"/export/entries/0/details"},
	}
	for _, name := range slices.Sorted(maps.Keys(validDocuments)) {
		t.Run(name, func(t *testing.T) {
			var accepted []string
			visit("", decoded(t, validDocuments[name]), func(pointer string, value any) {
				if _, ok := value.(map[string]any); !ok {
					return
				}
				got := schemaNamed(t, name).Validate(changed(t, validDocuments[name], change{pointer + "/zz", "1"}))
				if got == nil {
					accepted = append(accepted, pointer)
					return
				}
				if len(got) != 1 || got[0].InstancePath != pointer || got[0].Keyword != "additionalProperties" ||
					got[0].Message != `has the unknown member "zz"` {
					t.Errorf("with %s/zz: got %v, want one violation of additionalProperties there", pointer, got)
				}
			})
			if diff := cmp.Diff(open[name], accepted); diff != "" {
				t.Errorf("open objects, -want +got:\n%s", diff)
			}
		})
	}
}

func TestEveryValueHasAType(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(validDocuments)) {
		t.Run(name, func(t *testing.T) {
			visit("", decoded(t, validDocuments[name]), func(pointer string, value any) {
				if strings.Contains(pointer, "/details/segment_tier") || strings.Contains(pointer, "/details/status") ||
					strings.Contains(pointer, "/details/more") {
					return // no schema names these
				}
				other := "[]"
				if _, ok := value.([]any); ok {
					other = "{}"
				}
				got := schemaNamed(t, name).Validate(changed(t, validDocuments[name], change{pointer, other}))
				if len(got) != 1 || got[0].InstancePath != pointer || got[0].Keyword != "type" && got[0].Keyword != "const" {
					t.Errorf("with %s at %q: got %v, want one violation of type (or const) there", other, pointer, got)
				}
			})
		})
	}
}

func TestViolations(t *testing.T) {
	const (
		notText   = `does not fit "Text": Not blank, and without white space at either end; white space is what Unicode calls so`
		notTime   = `must be a time in RFC 3339, such as 2026-02-22T16:00:00.000Z`
		notTimeMS = `must match ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]\.[0-9]{3}Z$ (A time in UTC with exactly three decimals, such as 2026-02-22T16:00:10.000Z)`
		notSHA    = `must match ^[a-f0-9]{64}$ (A SHA-256 in 64 lower-case hexadecimal digits)`
		notSHANil = `must match ^[a-f0-9]{64}$ (A SHA-256 in 64 lower-case hexadecimal digits, or null)`
		tiers     = `must be one of "S0", "S1", "S2", "S3"`
		onboard   = "PartnerLiquidityProviderOnboardRequest"
		upsert    = "PartnerLiquidityProviderStatusUpsertRequest"
		evaluate  = "PartnerLiquidityProviderEligibilityEvaluateRequest"
		evaluated = "PartnerLiquidityProviderEligibilityEvaluateResponse"
		rollout   = "PartnerLiquidityProviderRolloutUpsertRequest"
		view      = "PartnerLiquidityProviderView"
		policy    = "PartnerLiquidityProviderRolloutPolicyView"
		entry     = "PartnerLiquidityProviderGovernanceAuditEntry"
		export    = "PartnerLiquidityProviderRolloutExportResponse"
	)
	tests := []struct {
		schema  string
		name    string
		changes []change
		want    []Violation // none: still valid
	}{
		{onboard, "nothing at all", []change{{"", `{}`}}, []Violation{
			{"", "/required", "required", `lacks the member "provider"`}}},
		{onboard, "not an object", []change{{"", `[]`}}, []Violation{
			{"", "/type", "type", "must be an object, not an array"}}},
		{onboard, "null", []change{{"", `null`}}, []Violation{
			{"", "/type", "type", "must be an object, not null"}}},
		{onboard, "several members missing, named in the schema's order", []change{{"/provider", `{}`}}, []Violation{
			{"/provider", "/properties/provider/required", "required",
				`lacks the members "owner_actor", "external_provider_id", "legal_entity_name", "disclosure_text", "trust_contact_email", "segment_tier"`}}},
		{onboard, "unknown members are sorted", []change{{"/provider/b", "1"}, {"/provider/C", "1"}, {"/provider/a", "1"}}, []Violation{
			{"/provider", "/properties/provider/additionalProperties", "additionalProperties", `has the unknown members "C", "a", "b"`}}},
		{onboard, "everything is reported, sorted", []change{
			{"/recorded_at", `"yesterday"`}, {"/provider/segment_tier", `"S4"`}, {"/provider/status", `7`}, {"/zz", "0"},
			{"/provider/owner_actor", `{"type": "robot"}`}, {"/provider/provider_id", `""`}}, []Violation{
			{"", "/additionalProperties", "additionalProperties", `has the unknown member "zz"`},
			{"/provider/owner_actor", "/properties/provider/properties/owner_actor/$ref/required", "required", `lacks the member "id"`},
			{"/provider/owner_actor/type", "/properties/provider/properties/owner_actor/$ref/properties/type/enum", "enum", `must be one of "user", "partner", "agent"`},
			{"/provider/provider_id", "/properties/provider/properties/provider_id/$ref/pattern", "pattern", notText},
			{"/provider/segment_tier", "/properties/provider/properties/segment_tier/$ref/enum", "enum", tiers},
			{"/provider/status", "/properties/provider/properties/status/$ref/type", "type", "must be a string, not a number"},
			{"/recorded_at", "/properties/recorded_at/format", "format", notTime},
		}},
		{onboard, "any actor type may be asked for", []change{{"/provider/owner_actor/type", `"user"`}}, nil},
		{onboard, "a contact of two characters", []change{{"/provider/trust_contact_email", `"@a"`}}, []Violation{
			{"/provider/trust_contact_email", "/properties/provider/properties/trust_contact_email/$ref/minLength", "minLength", "must have at least 3 characters, not 2"}}},
		{onboard, "a contact of three characters, beyond ASCII", []change{{"/provider/trust_contact_email", `"é@ü"`}}, nil},
		{onboard, "a contact of two characters in four code units", []change{{"/provider/trust_contact_email", `"😀@"`}}, []Violation{
			{"/provider/trust_contact_email", "/properties/provider/properties/trust_contact_email/$ref/minLength", "minLength", "must have at least 3 characters, not 2"}}},
		{onboard, "a contact without @", []change{{"/provider/trust_contact_email", `"amber.example"`}}, []Violation{
			{"/provider/trust_contact_email", "/properties/provider/properties/trust_contact_email/$ref/pattern", "pattern", "must match @ (An address of at least 3 characters that contains @)"}}},
		{onboard, "a blank contact fails three ways", []change{{"/provider/trust_contact_email", `" "`}}, []Violation{
			{"/provider/trust_contact_email", "/properties/provider/properties/trust_contact_email/$ref/$ref/pattern", "pattern", notText},
			{"/provider/trust_contact_email", "/properties/provider/properties/trust_contact_email/$ref/minLength", "minLength", "must have at least 3 characters, not 1"},
			{"/provider/trust_contact_email", "/properties/provider/properties/trust_contact_email/$ref/pattern", "pattern", "must match @ (An address of at least 3 characters that contains @)"}}},
		{onboard, "a time is no number", []change{{"/recorded_at", `1771776010`}}, []Violation{
			{"/recorded_at", "/properties/recorded_at/type", "type", "must be a string, not a number"}}},
		{onboard, "null is not absent", []change{{"/recorded_at", `null`}}, []Violation{
			{"/recorded_at", "/properties/recorded_at/type", "type", "must be a string, not null"}}},

		{upsert, "no reason codes", []change{{"/status/reason_codes", `[]`}}, nil},
		{upsert, "the same reason code twice", []change{{"/status/reason_codes", `["a", "b", "a"]`}}, []Violation{
			{"/status/reason_codes", "/properties/status/properties/reason_codes/$ref/uniqueItems", "uniqueItems", "items at index 0 and 2 are equal"}}},
		{upsert, "a blank reason code", []change{{"/status/reason_codes", `["a", "\u2003"]`}}, []Violation{
			{"/status/reason_codes/1", "/properties/status/properties/reason_codes/$ref/items/$ref/pattern", "pattern", notText}}},
		{upsert, "an empty note", []change{{"/status/operator_note", `""`}}, []Violation{
			{"/status/operator_note", "/properties/status/properties/operator_note/$ref/pattern", "pattern", notText}}},
		{upsert, "a count below zero", []change{{"/status/unresolved_critical_violations", `-1`}}, []Violation{
			{"/status/unresolved_critical_violations", "/properties/status/properties/unresolved_critical_violations/$ref/minimum", "minimum", "must be at least 0"}}},
		{upsert, "a count with a fraction", []change{{"/status/unresolved_critical_violations", `2.5`}}, []Violation{
			{"/status/unresolved_critical_violations", "/properties/status/properties/unresolved_critical_violations/$ref/type", "type", "must be an integer, not a number with a fraction"}}},
		{upsert, "a count that is spelled as a fraction", []change{{"/status/unresolved_critical_violations", `2.0`}}, nil},
		{upsert, "a count that is spelled with an exponent", []change{{"/status/unresolved_critical_violations", `2e0`}}, nil},
		{upsert, "a count beyond the doubles' exact ones", []change{{"/status/unresolved_critical_violations", `9007199254740992`}}, []Violation{
			{"/status/unresolved_critical_violations", "/properties/status/properties/unresolved_critical_violations/$ref/maximum", "maximum", "must be at most 9007199254740991"}}},
		{upsert, "the largest double", []change{{"/status/unresolved_critical_violations", `1.7976931348623157e308`}}, []Violation{
			{"/status/unresolved_critical_violations", "/properties/status/properties/unresolved_critical_violations/$ref/maximum", "maximum", "must be at most 9007199254740991"}}},
		{upsert, "a count in a string", []change{{"/status/unresolved_critical_violations", `"2"`}}, []Violation{
			{"/status/unresolved_critical_violations", "/properties/status/properties/unresolved_critical_violations/$ref/type", "type", "must be an integer, not a string"}}},
		{upsert, "a baseline that is no boolean", []change{{"/status/audit_conformance_passed", `"true"`}}, []Violation{
			{"/status/audit_conformance_passed", "/properties/status/properties/audit_conformance_passed/type", "type", "must be a boolean, not a string"}}},
		{upsert, "an unknown status", []change{{"/status/status", `"Active"`}}, []Violation{
			{"/status/status", "/properties/status/properties/status/$ref/enum", "enum", `must be one of "pending_review", "active", "restricted", "offboarded"`}}},

		{upsert, "a day that is not", []change{{"/recorded_at", `"2026-02-30T00:00:00Z"`}}, []Violation{
			{"/recorded_at", "/properties/recorded_at/format", "format", notTime}}},

		{evaluate, "a time without a zone", []change{{"/recorded_at", `"2026-02-22T16:00:00"`}}, []Violation{
			{"/recorded_at", "/properties/recorded_at/format", "format", notTime}}},
		{evaluate, "an unknown family", []change{{"/eligibility/capability_family", `"low_risk"`}}, []Violation{
			{"/eligibility/capability_family", "/properties/eligibility/properties/capability_family/$ref/enum", "enum", `must be one of "core", "advanced", "high_risk"`}}},
		{evaluate, "windows below zero", []change{{"/eligibility/consecutive_compliant_windows", `-1`}}, []Violation{
			{"/eligibility/consecutive_compliant_windows", "/properties/eligibility/properties/consecutive_compliant_windows/$ref/minimum", "minimum", "must be at least 0"}}},

		{rollout, "an empty matrix", []change{{"/rollout/capability_matrix", `[]`}}, []Violation{
			{"/rollout/capability_matrix", "/properties/rollout/properties/capability_matrix/minItems", "minItems", "must have at least 1 item, not 0"}}},
		{rollout, "the same row twice is for a rule to refuse", []change{{"/rollout/capability_matrix/-", `{"capability": "listing_publish", "min_segment_tier": "S1", "enabled": true}`}}, nil},
		{rollout, "a row that is wrong", []change{{"/rollout/capability_matrix/-", `{"capability": "x ", "effective_enabled": true}`}}, []Violation{
			{"/rollout/capability_matrix/1", "/properties/rollout/properties/capability_matrix/items/$ref/additionalProperties", "additionalProperties", `has the unknown member "effective_enabled"`},
			{"/rollout/capability_matrix/1", "/properties/rollout/properties/capability_matrix/items/$ref/required", "required", `lacks the members "min_segment_tier", "enabled"`},
			{"/rollout/capability_matrix/1/capability", "/properties/rollout/properties/capability_matrix/items/$ref/properties/capability/$ref/pattern", "pattern", notText}}},
		{rollout, "an unknown rollout status", []change{{"/rollout/rollout_status", `"stopped"`}}, []Violation{
			{"/rollout/rollout_status", "/properties/rollout/properties/rollout_status/$ref/enum", "enum", `must be one of "active", "paused", "blocked"`}}},

		{view, "a time with six decimals", []change{{"/created_at", `"2026-02-22T16:00:10.000000Z"`}}, []Violation{
			{"/created_at", "/properties/created_at/$ref/pattern", "pattern", notTimeMS}}},
		{view, "a time with an offset", []change{{"/created_at", `"2026-02-22T16:00:10.000+00:00"`}}, []Violation{
			{"/created_at", "/properties/created_at/$ref/pattern", "pattern", notTimeMS}}},
		{view, "a time in lower case", []change{{"/created_at", `"2026-02-22t16:00:10.000z"`}}, []Violation{
			{"/created_at", "/properties/created_at/$ref/pattern", "pattern", notTimeMS}}},
		{view, "a day that is not", []change{{"/created_at", `"2026-02-29T16:00:10.000Z"`}}, []Violation{
			{"/created_at", "/properties/created_at/$ref/format", "format", notTime}}},
		{view, "a leap second", []change{{"/created_at", `"2016-12-31T23:59:60.000Z"`}}, []Violation{
			{"/created_at", "/properties/created_at/$ref/pattern", "pattern", notTimeMS}}},
		{view, "an owner that is no partner", []change{{"/owner_actor/type", `"user"`}}, []Violation{
			{"/owner_actor/type", "/properties/owner_actor/$ref/properties/type/const", "const", `must be "partner"`}}},
		{view, "no evaluation is not null", []change{{"/last_eligibility", `null`}}, []Violation{
			{"/last_eligibility", "/properties/last_eligibility/$ref/type", "type", "must be an object, not null"}}},
		{view, "a version zero", []change{{"/rollout_policy_ref/rollout_version", `0`}}, []Violation{
			{"/rollout_policy_ref/rollout_version", "/properties/rollout_policy_ref/$ref/properties/rollout_version/$ref/minimum", "minimum", "must be at least 1"}}},

		{evaluated, "an id that is too short", []change{{"/eligibility/evaluation_id", `"plpelig_a95776d6e33c15c"`}}, []Violation{
			{"/eligibility/evaluation_id", "/properties/eligibility/$ref/properties/evaluation_id/$ref/pattern", "pattern", "must match ^plpelig_[a-f0-9]{16}$ (Derived from the provider, the time and the inputs of the evaluation)"}}},
		{evaluated, "an id in upper case", []change{{"/eligibility/evaluation_id", `"plpelig_A95776D6E33C15CF"`}}, []Violation{
			{"/eligibility/evaluation_id", "/properties/eligibility/$ref/properties/evaluation_id/$ref/pattern", "pattern", "must match ^plpelig_[a-f0-9]{16}$ (Derived from the provider, the time and the inputs of the evaluation)"}}},
		{evaluated, "a reason code that is none of an evaluation", []change{{"/eligibility/reason_codes", `["partner_liquidity_provider_rollout_blocked"]`}}, []Violation{
			{"/eligibility/reason_codes/0", "/properties/eligibility/$ref/properties/reason_codes/items/enum", "enum", `must be one of "partner_liquidity_provider_eligibility_failed", "partner_liquidity_provider_downgrade_required"`}}},
		{evaluated, "the same reason code twice", []change{{"/eligibility/reason_codes/1", `"partner_liquidity_provider_eligibility_failed"`}}, []Violation{
			{"/eligibility/reason_codes", "/properties/eligibility/$ref/properties/reason_codes/uniqueItems", "uniqueItems", "items at index 0 and 1 are equal"}}},
		{evaluated, "three reason codes", []change{{"/eligibility/reason_codes/-", `"partner_liquidity_provider_eligibility_failed"`}}, []Violation{
			{"/eligibility/reason_codes", "/properties/eligibility/$ref/properties/reason_codes/maxItems", "maxItems", "must have at most 2 items, not 3"},
			{"/eligibility/reason_codes", "/properties/eligibility/$ref/properties/reason_codes/uniqueItems", "uniqueItems", "items at index 0 and 2 are equal"}}},
		{evaluated, "a status that is never recommended", []change{{"/eligibility/recommended_status", `"offboarded"`}}, []Violation{
			{"/eligibility/recommended_status", "/properties/eligibility/$ref/properties/recommended_status/enum", "enum", `must be one of "active", "pending_review", "restricted"`}}},
		{evaluated, "inputs without the default", []change{{"/eligibility/inputs/remediation_closed", ""}}, []Violation{
			{"/eligibility/inputs", "/properties/eligibility/$ref/properties/inputs/$ref/required", "required", `lacks the member "remediation_closed"`}}},

		{policy, "a matrix without rows", []change{{"/capability_matrix", `[]`}}, []Violation{
			{"/capability_matrix", "/properties/capability_matrix/minItems", "minItems", "must have at least 1 item, not 0"}}},
		{policy, "a version beyond the exact ones", []change{{"/rollout_version", `9007199254740992`}}, []Violation{
			{"/rollout_version", "/properties/rollout_version/$ref/maximum", "maximum", "must be at most 9007199254740991"}}},
		{policy, "an unknown verdict", []change{{"/eligibility_ref/verdict", `"maybe"`}}, []Violation{
			{"/eligibility_ref/verdict", "/properties/eligibility_ref/$ref/properties/verdict/$ref/enum", "enum", `must be one of "allow", "deny"`}}},
		{policy, "no evaluation is null", []change{{"/eligibility_ref", `null`}}, nil},
		{policy, "an evaluation that is a string", []change{{"/eligibility_ref", `"plpelig_a95776d6e33c15cf"`}}, []Violation{
			{"/eligibility_ref", "/properties/eligibility_ref/$ref/type", "type", "must be an object or null, not a string"}}},
		{policy, "a bare capabilities hash", []change{{"/capabilities_hash", sha256Document}}, []Violation{
			{"/capabilities_hash", "/properties/capabilities_hash/$ref/pattern", "pattern", "must match ^sha256:[a-f0-9]{64}$ (sha256: and the SHA-256 of the canonical capability matrix)"}}},
		{policy, "two equal rows", []change{{"/capability_matrix/-", `{"capability": "listing_publish", "min_segment_tier": "S1", "requested_enabled": true, "effective_enabled": true}`}}, []Violation{
			{"/capability_matrix", "/properties/capability_matrix/uniqueItems", "uniqueItems", "items at index 0 and 1 are equal"}}},

		{entry, "an audit id of five digits", []change{{"/audit_id", `"plpaudit_00001"`}}, []Violation{
			{"/audit_id", "/properties/audit_id/$ref/pattern", "pattern", "must match ^plpaudit_[0-9]{6,}$ (Counts plpaudit_000001, plpaudit_000002 and so on over all providers)"}}},
		{entry, "an audit id in other digits", []change{{"/audit_id", `"plpaudit_٠٠٠٠٠١"`}}, []Violation{
			{"/audit_id", "/properties/audit_id/$ref/pattern", "pattern", "must match ^plpaudit_[0-9]{6,}$ (Counts plpaudit_000001, plpaudit_000002 and so on over all providers)"}}},
		{entry, "an unknown event", []change{{"/event_type", `"deleted"`}}, []Violation{
			{"/event_type", "/properties/event_type/$ref/enum", "enum", `must be one of "onboarded", "status_upserted", "eligibility_evaluated", "rollout_upserted"`}}},
		{entry, "details may be anything", []change{{"/details", `{"a": {"b": [null]}}`}}, nil},

		{export, "a first and last page", []change{
			{"/export/next_cursor", ""}, {"/export/query/cursor_after", ""}, {"/export/query/attestation_after", ""}, {"/export/query/checkpoint_after", ""},
			{"/export/attestation/cursor_after", "null"}, {"/export/attestation/next_cursor", "null"}, {"/export/attestation/attestation_after", "null"},
			{"/export/checkpoint/checkpoint_after", "null"}, {"/export/checkpoint/next_cursor", "null"},
			{"/export/entries", "[]"}, {"/export/total_filtered", "0"}, {"/export/checkpoint/total_filtered", "0"}, {"/export/checkpoint/entries_count", "0"}}, nil},
		{export, "a next cursor of null", []change{{"/export/next_cursor", "null"}}, []Violation{
			{"/export/next_cursor", "/properties/export/$ref/properties/next_cursor/$ref/type", "type", "must be a string, not null"}}},
		{export, "hashes that are none", []change{{"/export/export_hash", `"402E"`}, {"/export/attestation/attestation_after", `""`}, {"/export/checkpoint/checkpoint_after", capabilitiesHash}}, []Violation{
			{"/export/attestation/attestation_after", "/properties/export/$ref/properties/attestation/$ref/properties/attestation_after/$ref/pattern", "pattern", notSHANil},
			{"/export/checkpoint/checkpoint_after", "/properties/export/$ref/properties/checkpoint/$ref/properties/checkpoint_after/$ref/pattern", "pattern", notSHANil},
			{"/export/export_hash", "/properties/export/$ref/properties/export_hash/$ref/pattern", "pattern", notSHA}}},
		{export, "limits beyond the caps", []change{{"/export/query/limit", "201"}, {"/export/query/retention_days", "3651"}}, []Violation{
			{"/export/query/limit", "/properties/export/$ref/properties/query/$ref/properties/limit/maximum", "maximum", "must be at most 200"},
			{"/export/query/retention_days", "/properties/export/$ref/properties/query/$ref/properties/retention_days/maximum", "maximum", "must be at most 3650"}}},
		{export, "limits below one", []change{{"/export/query/limit", "0"}, {"/export/query/retention_days", "0"}}, []Violation{
			{"/export/query/limit", "/properties/export/$ref/properties/query/$ref/properties/limit/minimum", "minimum", "must be at least 1"},
			{"/export/query/retention_days", "/properties/export/$ref/properties/query/$ref/properties/retention_days/minimum", "minimum", "must be at least 1"}}},
		{export, "a cursor without an id", []change{{"/export/next_cursor", `"2026-02-22T16:00:10.000Z"`}}, []Violation{
			{"/export/next_cursor", "/properties/export/$ref/properties/next_cursor/$ref/pattern", "pattern", `must match ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]\.[0-9]{3}Z\|plpaudit_[0-9]{6,}$ (The time and the id of an audit entry)`}}},
		{export, "a test clock in the query", []change{{"/export/query/now_iso", `"2026-02-22T16:00:10.000Z"`}}, []Violation{
			{"/export/query", "/properties/export/$ref/properties/query/$ref/additionalProperties", "additionalProperties", `has the unknown member "now_iso"`}}},
		{export, "another algorithm", []change{{"/export/signature/alg", `"rsa"`}}, []Violation{
			{"/export/signature/alg", "/properties/export/$ref/properties/signature/$ref/properties/alg/const", "const", `must be "ed25519"`}}},
		{export, "an entry of another shape", []change{{"/export/entries/0/actor/type", `"agent"`}}, []Violation{
			{"/export/entries/0/actor/type", "/properties/export/$ref/properties/entries/items/$ref/properties/actor/$ref/properties/type/const", "const", `must be "partner"`}}},

		{export, "201 entries", []change{{"/export/entries", "[" + strings.Repeat(entryDocument+",", 200) + entryDocument + "]"}, {"/export/checkpoint/entries_count", "201"}}, []Violation{
			{"/export/checkpoint/entries_count", "/properties/export/$ref/properties/checkpoint/$ref/properties/entries_count/maximum", "maximum", "must be at most 200"},
			{"/export/entries", "/properties/export/$ref/properties/entries/maxItems", "maxItems", "must have at most 200 items, not 201"}}},
		{export, "fewer than no entries", []change{{"/export/checkpoint/entries_count", "-1"}, {"/export/checkpoint/next_cursor", `"x"`}}, []Violation{
			{"/export/checkpoint/entries_count", "/properties/export/$ref/properties/checkpoint/$ref/properties/entries_count/minimum", "minimum", "must be at least 0"},
			{"/export/checkpoint/next_cursor", "/properties/export/$ref/properties/checkpoint/$ref/properties/next_cursor/$ref/pattern", "pattern", `must match ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]\.[0-9]{3}Z\|plpaudit_[0-9]{6,}$ (The time and the id of an audit entry, or null)`}}},

		{"EventSignature", "base64 without padding", []change{{"/sig", `"` + strings.Repeat("A", 86) + `"`}}, []Violation{
			{"/sig", "/properties/sig/pattern", "pattern", "must match ^[A-Za-z0-9+/]{85}[AQgw]==$ (The 64 bytes of the signature in standard base64, with padding)"}}},
		{"EventSignature", "base64 of the URL kind", []change{{"/sig", `"` + strings.Repeat("_", 85) + `A=="`}}, []Violation{
			{"/sig", "/properties/sig/pattern", "pattern", "must match ^[A-Za-z0-9+/]{85}[AQgw]==$ (The 64 bytes of the signature in standard base64, with padding)"}}},
		{"HealthResponse", "not well", []change{{"/ok", "false"}}, []Violation{
			{"/ok", "/properties/ok/const", "const", "must be true"}}},
		{"HealthResponse", "a correlation id of 128 characters", []change{{"/correlation_id", `"` + strings.Repeat("x", 128) + `"`}}, nil},
		{"HealthResponse", "a correlation id of 129 characters", []change{{"/correlation_id", `"` + strings.Repeat("x", 129) + `"`}}, []Violation{
			{"/correlation_id", "/properties/correlation_id/$ref/pattern", "pattern", "must match ^[A-Za-z0-9._-]{1,128}$ (1 to 128 letters, digits, dots, underscores and hyphens)"}}},
		{"HealthResponse", "a correlation id with a space", []change{{"/correlation_id", `"a b"`}}, []Violation{
			{"/correlation_id", "/properties/correlation_id/$ref/pattern", "pattern", "must match ^[A-Za-z0-9._-]{1,128}$ (1 to 128 letters, digits, dots, underscores and hyphens)"}}},
		{"PolicyIntegrityKeySet", "no key", []change{{"/keys", "[]"}}, []Violation{
			{"/keys", "/properties/keys/minItems", "minItems", "must have at least 1 item, not 0"}}},
		{"PolicyIntegrityKeySet", "a key twice", []change{{"/keys/1", `{"key_id": "k", "alg": "ed25519", "status": "active", "public_key_pem": "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEANYI+ffuxZ0H4k8oAoTyS1QwqsBTWtfuMczE5VQCfVk0=\n-----END PUBLIC KEY-----\n"}`},
			{"/keys/-", `{"key_id": "k", "alg": "rsa", "status": "active", "public_key_pem": "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEANYI+ffuxZ0H4k8oAoTyS1QwqsBTWtfuMczE5VQCfVk0=\n-----END PUBLIC KEY-----\n"}`},
			{"/keys/0", `{"key_id": "k", "alg": "ed25519", "status": "active", "public_key_pem": "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEANYI+ffuxZ0H4k8oAoTyS1QwqsBTWtfuMczE5VQCfVk0=\n-----END PUBLIC KEY-----\n"}`}}, []Violation{
			{"/keys", "/properties/keys/uniqueItems", "uniqueItems", "items at index 0 and 1 are equal"},
			{"/keys/2/alg", "/properties/keys/items/$ref/properties/alg/const", "const", `must be "ed25519"`}}},
		{"PolicyIntegrityKeySet", "an unknown key status", []change{{"/keys/1/status", `"retired"`}}, []Violation{
			{"/keys/1/status", "/properties/keys/items/$ref/properties/status/enum", "enum", `must be one of "active", "verify_only"`}}},
		{"PolicyIntegrityKeySet", "a private key", []change{{"/keys/0/public_key_pem",
			`"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIGxwZ2F0ZSBkZXZlbG9wbWVudCBzaWduaW5nIGtleSAx\n-----END PRIVATE KEY-----\n"`}}, []Violation{
			{"/keys/0/public_key_pem", "/properties/keys/items/$ref/properties/public_key_pem/pattern", "pattern",
				`must match ^-----BEGIN PUBLIC KEY-----\r?\nMCowBQYDK2VwAyEA[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\r?\n-----END PUBLIC KEY-----(\r?\n)?$ (The ed25519 public key, as SPKI in PEM)`}}},

		{"ErrorResponse", "an unknown code", []change{{"/error/code", `"TEAPOT"`}}, []Violation{
			{"/error/code", "/properties/error/properties/code/$ref/enum", "enum",
				`must be one of "UNAUTHORIZED", "FORBIDDEN", "INSUFFICIENT_SCOPE", "CONSTRAINT_VIOLATION", "NOT_FOUND", "CONFLICT", "IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH", "METHOD_NOT_ALLOWED", "PAYLOAD_TOO_LARGE", "INTERNAL"`}}},
		{"ErrorResponse", "a reason code that is not on the floor", []change{{"/error/details/reason_code", `"partner_liquidity_provider_tired"`}}, []Violation{
			{"/error/details/reason_code", "/properties/error/properties/details/properties/reason_code/$ref/enum", "enum",
				`must be one of "partner_liquidity_provider_invalid", "partner_liquidity_provider_not_found", "partner_liquidity_provider_eligibility_failed", "partner_liquidity_provider_rollout_blocked", "partner_liquidity_provider_downgrade_required"`}}},
		{"ErrorResponse", "an empty list of violations", []change{{"/error/details/violations", `[]`}}, []Violation{
			{"/error/details/violations", "/properties/error/properties/details/properties/violations/minItems", "minItems", "must have at least 1 item, not 0"}}},
		{"ErrorResponse", "a path that is no pointer", []change{{"/error/details/violations/0/instance_path", `"a"`}}, []Violation{
			{"/error/details/violations/0/instance_path", "/properties/error/properties/details/properties/violations/items/$ref/properties/instance_path/$ref/pattern", "pattern", "must match ^(/([^~/]|~[01])*)*$ (A JSON Pointer (RFC 6901) from the root; the empty text is the root itself)"}}},
		{"ErrorResponse", "21 violations", []change{{"/error/details/violations", "[" + strings.Repeat(`{"instance_path": "", "schema_path": "", "keyword": "k", "message": "m"},`, 20) + `{"instance_path": "", "schema_path": "", "keyword": "k", "message": "m"}]`}}, []Violation{
			{"/error/details/violations", "/properties/error/properties/details/properties/violations/maxItems", "maxItems", "must have at most 20 items, not 21"}}},
		{"ErrorResponse", "empty texts", []change{{"/error/message", `""`}, {"/error/details/header", `""`}, {"/error/details/actor_type", `""`}, {"/error/details/method", `""`},
			{"/error/details/idempotency_key", `""`}, {"/error/details/provided_scopes", `[""]`},
			{"/error/details/violations/0/keyword", `""`}, {"/error/details/violations/0/message", `""`}, {"/error/details/violations/0/schema_path", `"/~2"`}}, []Violation{
			{"/error/details/actor_type", "/properties/error/properties/details/properties/actor_type/minLength", "minLength", "must have at least 1 character, not 0"},
			{"/error/details/header", "/properties/error/properties/details/properties/header/minLength", "minLength", "must have at least 1 character, not 0"},
			{"/error/details/idempotency_key", "/properties/error/properties/details/properties/idempotency_key/minLength", "minLength", "must have at least 1 character, not 0"},
			{"/error/details/method", "/properties/error/properties/details/properties/method/minLength", "minLength", "must have at least 1 character, not 0"},
			{"/error/details/provided_scopes/0", "/properties/error/properties/details/properties/provided_scopes/items/minLength", "minLength", "must have at least 1 character, not 0"},
			{"/error/details/violations/0/keyword", "/properties/error/properties/details/properties/violations/items/$ref/properties/keyword/minLength", "minLength", "must have at least 1 character, not 0"},
			{"/error/details/violations/0/message", "/properties/error/properties/details/properties/violations/items/$ref/properties/message/minLength", "minLength", "must have at least 1 character, not 0"},
			{"/error/details/violations/0/schema_path", "/properties/error/properties/details/properties/violations/items/$ref/properties/schema_path/$ref/pattern", "pattern", "must match ^(/([^~/]|~[01])*)*$ (A JSON Pointer (RFC 6901) from the root; the empty text is the root itself)"},
			{"/error/message", "/properties/error/properties/message/minLength", "minLength", "must have at least 1 character, not 0"}}},
		{"ErrorResponse", "a scope that is no text", []change{{"/error/details/provided_scopes", `[7]`}}, []Violation{
			{"/error/details/provided_scopes/0", "/properties/error/properties/details/properties/provided_scopes/items/type", "type", "must be a string, not a number"}}},
		{"ErrorResponse", "a key of 256 characters", []change{{"/error/details/idempotency_key", `"` + strings.Repeat("é", 256) + `"`}}, []Violation{
			{"/error/details/idempotency_key", "/properties/error/properties/details/properties/idempotency_key/maxLength", "maxLength", "must have at most 255 characters, not 256"}}},
		{"ErrorResponse", "an operation in other letters", []change{{"/error/details/operation_id", `"partnerLiquidityProvider.Get"`}}, []Violation{
			{"/error/details/operation_id", "/properties/error/properties/details/properties/operation_id/$ref/enum", "enum",
				`must be one of "partnerLiquidityProvider.onboard", "partnerLiquidityProvider.get", "partnerLiquidityProvider.status.upsert", "partnerLiquidityProvider.eligibility.evaluate", "partnerLiquidityProvider.rollout.upsert", "partnerLiquidityProvider.rollout.export"`}}},
		{"ErrorResponse", "scopes and actor types that are none, or twice, or not at all", []change{{"/error/details/required_scopes", `["settlement:all"]`},
			{"/error/details/missing_scopes", `[]`}, {"/error/details/provided_scopes", `["x", "x"]`},
			{"/error/details/allowed_actor_types", `["robot", "robot"]`}, {"/error/details/reason_codes", `[]`}}, []Violation{
			{"/error/details/allowed_actor_types", "/properties/error/properties/details/properties/allowed_actor_types/uniqueItems", "uniqueItems", "items at index 0 and 1 are equal"},
			{"/error/details/allowed_actor_types/0", "/properties/error/properties/details/properties/allowed_actor_types/items/enum", "enum", `must be one of "user", "partner", "agent"`},
			{"/error/details/allowed_actor_types/1", "/properties/error/properties/details/properties/allowed_actor_types/items/enum", "enum", `must be one of "user", "partner", "agent"`},
			{"/error/details/missing_scopes", "/properties/error/properties/details/properties/missing_scopes/$ref/minItems", "minItems", "must have at least 1 item, not 0"},
			{"/error/details/provided_scopes", "/properties/error/properties/details/properties/provided_scopes/uniqueItems", "uniqueItems", "items at index 0 and 1 are equal"},
			{"/error/details/reason_codes", "/properties/error/properties/details/properties/reason_codes/minItems", "minItems", "must have at least 1 item, not 0"},
			{"/error/details/required_scopes/0", "/properties/error/properties/details/properties/required_scopes/$ref/items/enum", "enum", `must be one of "settlement:read", "settlement:write"`}}},
		{"ErrorResponse", "a scope twice, and no actor type", []change{{"/error/details/required_scopes", `["settlement:read", "settlement:read"]`}, {"/error/details/allowed_actor_types", `[]`}}, []Violation{
			{"/error/details/allowed_actor_types", "/properties/error/properties/details/properties/allowed_actor_types/minItems", "minItems", "must have at least 1 item, not 0"},
			{"/error/details/required_scopes", "/properties/error/properties/details/properties/required_scopes/$ref/uniqueItems", "uniqueItems", "items at index 0 and 1 are equal"}}},
		{"ErrorResponse", "details may be empty", []change{{"/error/details", `{}`}}, nil},
		{"ErrorResponse", "an id with white space at its ends is what the caller asked for", []change{{"/error/details/provider_id", `"  "`}}, nil},
	}
	for _, test := range tests {
		t.Run(test.schema+"/"+test.name, func(t *testing.T) {
			document := changed(t, validDocuments[test.schema], test.changes...)
			if diff := cmp.Diff(test.want, schemaNamed(t, test.schema).Validate(document)); diff != "" {
				t.Errorf("violations, -want +got:\n%s", diff)
			}
		})
	}
}

func TestViolationsOfManyMembersAreBounded(t *testing.T) {
	members := map[string]any{"type": "user", "id": "u", strings.Repeat("é", 1000): 1.0}
	for i := range 100_000 {
		members[fmt.Sprintf("m%06d", i)] = 0.0
	}
	want := []Violation{{"", "/additionalProperties", "additionalProperties", `has the unknown members "m000000", "m000001", "m000002", "m000003", ` +
		`"m000004", "m000005", "m000006", "m000007", "m000008", "m000009" and 99991 more`}}
	if diff := cmp.Diff(want, schemaNamed(t, "ActorRef").Validate(members)); diff != "" {
		t.Errorf("violations, -want +got:\n%s", diff)
	}
	long := map[string]any{"type": "user", "id": "u", strings.Repeat("é", 1000): 1.0}
	want[0].Message = `has the unknown member "` + strings.Repeat("é", 60) + `…"`
	if diff := cmp.Diff(want, schemaNamed(t, "ActorRef").Validate(long)); diff != "" {
		t.Errorf("violations, -want +got:\n%s", diff)
	}
}

// The library escapes a member's name twice, once for a JSON Pointer and once for a URL. Only the first must be left.
// (It drops an empty name altogether. No path of a contract schema has one: they name all members.)
func TestViolationPathsArePlainPointers(t *testing.T) {
	set, err := Load(mapFS(map[string]string{"Map.schema.json": `{` + head("Map") + `"type": "object",
		"additionalProperties": {"type": "object", "properties": {"a b/~%é": {"title": "T", "description": "D.", "type": "null"}}, "additionalProperties": false}}`}))
	if err != nil {
		t.Fatal(err)
	}
	schema, _ := set.Lookup("Map")
	for name, want := range map[string]string{
		"plain":     "/plain/a b~1~0%é",
		"a/b":       "/a~1b/a b~1~0%é",
		"a~b":       "/a~0b/a b~1~0%é",
		"a b":       "/a b/a b~1~0%é",
		"100%":      "/100%/a b~1~0%é",
		"%2F":       "/%2F/a b~1~0%é",
		"~1":        "/~01/a b~1~0%é",
		"é 💧":       "/é 💧/a b~1~0%é",
		"a+b?c#d&e": "/a+b?c#d&e/a b~1~0%é",
		"\"\\\n":    "/\"\\\n/a b~1~0%é",
	} {
		t.Run(name, func(t *testing.T) {
			got := schema.Validate(map[string]any{name: map[string]any{"a b/~%é": true}})
			want := []Violation{{want, "/additionalProperties/properties/a b~1~0%é/type", "type", "must be null, not a boolean"}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("violations, -want +got:\n%s", diff)
			}
		})
	}
}

func TestViolationsAsJSON(t *testing.T) {
	got, err := json.Marshal(Violation{"/a", "/properties/a/type", "type", "no"})
	want := `{"instance_path":"/a","schema_path":"/properties/a/type","keyword":"type","message":"no"}`
	if err != nil || string(got) != want {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
	line := Violation{"/a", "/properties/a/type", "type", "no"}.String()
	if want := `"/a": no (/properties/a/type)`; line != want {
		t.Errorf("got %s, want %s", line, want)
	}
}

func TestNumbersCountAsDoubles(t *testing.T) {
	request := func(count any) any {
		document := decoded(t, validDocuments["PartnerLiquidityProviderStatusUpsertRequest"])
		jsonvalue.At(document, "/status").(map[string]any)["unresolved_critical_violations"] = count
		return document
	}
	at := "/status/unresolved_critical_violations"
	tests := []struct {
		name  string
		count any
		want  string // the message; "" when valid
	}{
		{"a number of either kind", json.Number("2"), ""},
		{"a number spelled as a fraction", json.Number("2.0"), ""},
		{"one that would take for ever to write out", json.Number("1e-999999999"), ""},
		{"zero with a huge exponent", json.Number("0e999999999"), ""},
		{"one beyond the exact ones", json.Number("9007199254740993"), "must be at most 9007199254740991"},
		{"one with a fraction", json.Number("0.5"), "must be an integer, not a number with a fraction"},
		{"one beyond a double", json.Number("1e999999999"), "is not a number that a double can hold"},
		{"no number at all", json.Number("two"), "is not a JSON number"},
		{"an int, as YAML has it", 2, ""},
		{"an infinity", math.Inf(1), "is not a number that a double can hold"},
		{"not a number", math.NaN(), "is not a number that a double can hold"},
		{"a float32 that is none", float32(math.Inf(-1)), "is not a number that a double can hold"},
		{"what JSON has no text for", struct{}{}, "is not a JSON value but a Go struct {}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			document := request(test.count)
			got := schemaNamed(t, "PartnerLiquidityProviderStatusUpsertRequest").Validate(document)
			switch {
			case test.want == "" && got != nil:
				t.Errorf("got %v, want no violation", got)
			case test.want != "" && (len(got) != 1 || got[0].InstancePath != at || got[0].Message != test.want):
				t.Errorf("got %v, want %q at %s", got, test.want, at)
			}
			if kept := jsonvalue.At(document, jsontext.Pointer(at)); fmt.Sprint(kept) != fmt.Sprint(test.count) {
				t.Errorf("the caller's document was changed: got %v, want %v", kept, test.count)
			}
		})
	}
	t.Run("in a list, and the first by path", func(t *testing.T) {
		got := schemaNamed(t, "ActorRef").Validate(map[string]any{"b": []any{json.Number("1"), json.Number("2"), func() {}}, "c": math.NaN()})
		want := []Violation{{InstancePath: "/b/2", Message: "is not a JSON value but a Go func()"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("violations, -want +got:\n%s", diff)
		}
	})
}

// What the two answer-side twins share must not drift apart.
func TestPatternsThatAllowNullAreTheSame(t *testing.T) {
	nodes := schemaNamed(t, "PartnerLiquidityProviderRolloutExportResponse").nodes
	for _, name := range []string{"Sha256", "Cursor"} {
		t.Run(name, func(t *testing.T) {
			at := Base + "PartnerLiquidityProviderRolloutExportResponse.schema.json#/$defs/" + name
			if got, want := nodes[at+"OrNull"]["pattern"], nodes[at]["pattern"]; got != want || want == nil {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// A request schema has no branches, so that each violation is one field that is wrong, and not one of several ways
// to be right.
func TestRequestSchemasHaveNoBranches(t *testing.T) {
	for name, set := range Embedded().schemas {
		if !strings.HasSuffix(name, "Request") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			seen := map[string]bool{}
			var walk func(location string)
			walk = func(location string) {
				if seen[location] {
					return
				}
				seen[location] = true
				file, _, _ := strings.Cut(location, "#")
				visit("", set.nodes[location], func(pointer string, value any) {
					node, _ := value.(map[string]any)
					for _, keyword := range branches {
						if _, ok := node[keyword]; ok {
							t.Errorf("%s%s has %q", location, pointer, keyword)
						}
					}
					if target, ok := node["$ref"].(string); ok {
						target = strings.TrimPrefix(target, "#")
						switch {
						case strings.HasPrefix(target, "/"):
							target = file + "#" + target
						case strings.Contains(target, "#"):
							target = Base + target
						default:
							target = Base + target + "#"
						}
						if set.nodes[target] == nil {
							t.Fatalf("%s leads nowhere", target)
						}
						walk(target)
					}
				})
			}
			walk(Base + name + suffix + "#")
			if len(seen) < 3 {
				t.Errorf("walked %d schemas, want the referenced ones too", len(seen))
			}
		})
	}
}

// The contract requires "additionalProperties": false everywhere but in three places. The lint also accepts a schema
// for the values; the contract's own schemas have none.
func TestContractObjectsAreClosed(t *testing.T) {
	var open []string
	for location, node := range schemaNamed(t, "ActorRef").nodes {
		file := strings.TrimPrefix(location, Base)
		name, _, _ := strings.Cut(file, suffix)
		if _, own := validDocuments[name]; own && slices.Contains(textsOf(node["type"]), "object") && node["additionalProperties"] != false {
			open = append(open, file)
		}
	}
	slices.Sort(open)
	want := []string{
		"ErrorResponse.schema.json#/properties/error/properties/details",
		"HealthResponse.schema.json#",
		"PartnerLiquidityProviderGovernanceAuditEntry.schema.json#/properties/details",
	}
	if diff := cmp.Diff(want, open); diff != "" {
		t.Errorf("open objects, -want +got:\n%s", diff)
	}
}

func BenchmarkValidate(b *testing.B) {
	page := decodedB(b, exportDocument)
	entries := jsonvalue.At(page, "/export/entries").([]any)
	jsonvalue.At(page, "/export").(map[string]any)["entries"] = slices.Repeat(entries, 200)
	hostile := decodedB(b, `{"rollout": {"rollout_status": "active", "effective_segment_tier": "S0", "capability_matrix": []}}`)
	jsonvalue.At(hostile, "/rollout").(map[string]any)["capability_matrix"] = slices.Repeat([]any{1.0}, 10_000)
	for _, bench := range []struct {
		name, schema string
		document     any
	}{
		{"request", "PartnerLiquidityProviderOnboardRequest", decodedB(b, validDocuments["PartnerLiquidityProviderOnboardRequest"])},
		{"refused request", "PartnerLiquidityProviderOnboardRequest", decodedB(b, `{"provider": {"segment_tier": "S9", "x": 1}}`)},
		{"answer", "PartnerLiquidityProviderView", decodedB(b, viewDocument)},
		{"page of 200", "PartnerLiquidityProviderRolloutExportResponse", page},
		{"10,000 violations", "PartnerLiquidityProviderRolloutUpsertRequest", hostile},
	} {
		b.Run(bench.name, func(b *testing.B) {
			schema := schemaNamed(b, bench.schema)
			b.ReportAllocs()
			for b.Loop() {
				schema.Validate(bench.document)
			}
		})
	}
}

func decodedB(b *testing.B, text string) any {
	document, err := Read([]byte(text))
	if err != nil {
		b.Fatal(err)
	}
	return document.Value
}
