package schemas

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/internal/jsonvalue"
)

// One valid document per schema, as full as the schema allows: what is optional is there.
var validDocuments = map[string]string{
	"ActorRef":              `{"type": "agent", "id": "agent-7"}`,
	"ErrorResponse":         errorDocument,
	"EventSignature":        signatureDocument,
	"HealthResponse":        `{"correlation_id": "corr_healthz", "ok": true}`,
	"PolicyIntegrityKeySet": keySetDocument,

	"PartnerLiquidityProviderView": viewDocument,

	"PartnerLiquidityProviderOnboardRequest": `{"provider": {"provider_id": "plp a/b", "owner_actor": ` + partnerDocument + `,
		"external_provider_id": "ext-1", "legal_entity_name": "Ämber Liquidity\nLtd", "disclosure_text": "Prices may move.",
		"trust_contact_email": "a@b", "segment_tier": "S1", "status": "active"}, "recorded_at": "2026-02-22T17:00:10.1239+01:00"}`,
	"PartnerLiquidityProviderOnboardResponse": `{"correlation_id": "c", "provider": ` + viewDocument + `}`,
	"PartnerLiquidityProviderGetResponse":     `{"correlation_id": "c", "provider": ` + viewDocument + `}`,

	"PartnerLiquidityProviderStatusUpsertRequest": `{"status": {"status": "restricted", "segment_tier": "S0", ` + governanceMembers + `,
		"reason_codes": ["manual_review"], "operator_note": "see ticket"}, "recorded_at": "2026-02-22t16:00:10z"}`,
	"PartnerLiquidityProviderStatusUpsertResponse": `{"correlation_id": "c", "provider_id": "plp_000001", "status": {"status": "restricted",
		"segment_tier": "S0", ` + governanceMembers + `, "reason_codes": [], "updated_at": "2026-02-22T16:00:10.000Z", "updated_by": ` + partnerDocument + `}}`,

	"PartnerLiquidityProviderEligibilityEvaluateRequest":  `{"eligibility": ` + inputsDocument + `, "recorded_at": "2026-02-22T16:20:00Z"}`,
	"PartnerLiquidityProviderEligibilityEvaluateResponse": `{"correlation_id": "c", "provider_id": "plp_000001", "eligibility": ` + evaluationDocument + `}`,

	"PartnerLiquidityProviderRolloutPolicyView": policyDocument,
	"PartnerLiquidityProviderRolloutUpsertRequest": `{"rollout": {"rollout_status": "paused", "effective_segment_tier": "S2",
		"capability_matrix": [{"capability": "listing_publish", "min_segment_tier": "S1", "enabled": true}], "reason_codes": ["wait"]},
		"recorded_at": "2026-02-22T16:30:00.5-08:00"}`,
	"PartnerLiquidityProviderRolloutUpsertResponse": `{"correlation_id": "c", "provider_id": "plp_000001", "rollout": ` + policyDocument + `}`,

	"PartnerLiquidityProviderGovernanceAuditEntry":  entryDocument,
	"PartnerLiquidityProviderRolloutExportResponse": exportDocument,
}

const (
	partnerDocument   = `{"type": "partner", "id": "partner-amber"}`
	sha256Document    = `"402eda62fc14362edccdf7a1e5568c443c7c8036b4219d9939104c7365a4a4d7"`
	cursorDocument    = `"2026-02-22T16:00:10.000Z|plpaudit_000001"`
	governanceMembers = `"trust_safety_baseline_passed": true, "reliability_baseline_passed": false,
		"audit_conformance_passed": true, "unresolved_critical_violations": 9007199254740991`
	inputsDocument = `{"requested_segment_tier": "S2", ` + governanceMembers + `, "consecutive_compliant_windows": 2,
		"capability_family": "advanced", "remediation_closed": true}`
	evaluationDocument = `{"evaluation_id": "plpelig_a95776d6e33c15cf", "verdict": "deny",
		"reason_codes": ["partner_liquidity_provider_eligibility_failed", "partner_liquidity_provider_downgrade_required"],
		"requested_segment_tier": "S2", "current_segment_tier": "S1", "recommended_status": "restricted",
		"evaluated_at": "2026-02-22T16:20:00.000Z", "inputs": ` + inputsDocument + `}`
	viewDocument = `{"provider_id": "plp_000001", "owner_actor": ` + partnerDocument + `, "external_provider_id": "ext-1",
		"legal_entity_name": "Amber Liquidity Ltd", "disclosure_text": "Prices may move.", "trust_contact_email": "trust@amber.example",
		"segment_tier": "S3", "status": "offboarded", "governance": {` + governanceMembers + `},
		"created_at": "2026-02-22T16:00:10.000Z", "updated_at": "0000-01-01T00:00:00.999Z",
		"rollout_policy_ref": {"rollout_version": 1, "rollout_status": "blocked", "effective_segment_tier": "S2",
			"capabilities_hash": ` + capabilitiesHash + `}, "rollout": ` + policyDocument + `, "last_eligibility": ` + evaluationDocument + `}`
	capabilitiesHash = `"sha256:402eda62fc14362edccdf7a1e5568c443c7c8036b4219d9939104c7365a4a4d7"`
	policyDocument   = `{"provider_id": "plp_000001", "rollout_version": 12, "rollout_status": "active", "effective_segment_tier": "S2",
		"capability_matrix": [{"capability": "listing_publish", "min_segment_tier": "S1", "requested_enabled": true, "effective_enabled": true}],
		"reason_codes": ["calm"], "eligibility_ref": {"evaluation_id": "plpelig_a95776d6e33c15cf", "verdict": "allow",
			"evaluated_at": "2026-02-22T16:20:00.000Z"}, "capabilities_hash": ` + capabilitiesHash + `,
		"updated_at": "2026-02-22T16:30:00.000Z", "updated_by": ` + partnerDocument + `}`
	entryDocument = `{"audit_id": "plpaudit_1234567", "provider_id": "plp_000001", "event_type": "onboarded",
		"recorded_at": "2026-02-22T16:00:10.000Z", "actor": ` + partnerDocument + `, "reason_codes": [],
		"details": {"segment_tier": "S1", "status": "pending_review"}}`
	signatureDocument = `{"key_id": "lpgate-dev-k1", "alg": "ed25519",
		"sig": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="}`
	exportDocument = `{"correlation_id": "c", "provider_id": "plp_000001", "export": {"exported_at": "2026-02-22T17:00:00.000Z",
		"query": {"from_iso": "2026-01-01T00:00:00.000Z", "to_iso": "2027-01-01T00:00:00.000Z", "event_type": "onboarded", "limit": 200,
			"retention_days": 3650, "cursor_after": ` + cursorDocument + `, "attestation_after": ` + sha256Document + `,
			"checkpoint_after": ` + sha256Document + `},
		"total_filtered": 2, "entries": [` + entryDocument + `], "next_cursor": ` + cursorDocument + `, "export_hash": ` + sha256Document + `,
		"attestation": {"cursor_after": ` + cursorDocument + `, "next_cursor": ` + cursorDocument + `, "attestation_after": ` + sha256Document + `,
			"page_hash": ` + sha256Document + `, "chain_hash": ` + sha256Document + `},
		"checkpoint": {"checkpoint_after": ` + sha256Document + `, "attestation_chain_hash": ` + sha256Document + `,
			"next_cursor": ` + cursorDocument + `, "entries_count": 1, "total_filtered": 2, "checkpoint_hash": ` + sha256Document + `},
		"signature": ` + signatureDocument + `}}`
	keySetDocument = `{"correlation_id": "corr_keys_policy_integrity_signing_get", "active_key_id": "op-pi-k7", "keys": [
		{"key_id": "op-pi-k7", "alg": "ed25519", "status": "active", "public_key_pem":
			"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEANYI+ffuxZ0H4k8oAoTyS1QwqsBTWtfuMczE5VQCfVk0=\n-----END PUBLIC KEY-----\n"},
		{"key_id": "op-pi-k6", "alg": "ed25519", "status": "verify_only", "public_key_pem":
			"-----BEGIN PUBLIC KEY-----\r\nMCowBQYDK2VwAyEANYI+ffuxZ0H4k8oAoTyS1QwqsBTWtfuMczE5VQCfVk0=\r\n-----END PUBLIC KEY-----"}]}`
	errorDocument = `{"correlation_id": "a.B_c-9", "error": {"code": "CONSTRAINT_VIOLATION", "message": "no", "details": {
		"reason_code": "partner_liquidity_provider_invalid", "reason_codes": ["partner_liquidity_provider_rollout_blocked", "own"],
		"provider_id": " a/b ", "operation_id": "partnerLiquidityProvider.get",
		"required_scopes": ["settlement:read"], "provided_scopes": [], "missing_scopes": ["settlement:read"],
		"header": "Idempotency-Key", "actor_type": "robot", "allowed_actor_types": ["partner"],
		"owner_actor": {"type": "user", "id": "u"}, "actor": ` + partnerDocument + `,
		"idempotency_key": "k", "original_payload_hash": ` + sha256Document + `, "payload_hash": ` + sha256Document + `,
		"method": "GET", "path": "/", "more": {"is": "allowed"},
		"violations": [{"instance_path": "", "schema_path": "/a~1b/$ref/0", "keyword": "type", "message": "no"}]}}}`
)

// A change replaces the value at a JSON Pointer, adds it (also at "/-", the end of a list), or removes it.
type change struct {
	at    string
	value string // JSON; "" removes
}

func changed(t *testing.T, text string, changes ...change) any {
	t.Helper()
	document := decoded(t, text)
	for _, change := range changes {
		if change.at == "" {
			document = decoded(t, change.value)
			continue
		}
		slash := strings.LastIndexByte(change.at, '/')
		parent, name := jsonvalue.At(document, jsontext.Pointer(change.at[:slash])), jsontext.Pointer(change.at).LastToken()
		switch parent := parent.(type) {
		case map[string]any:
			if change.value == "" {
				if _, ok := parent[name]; !ok {
					t.Fatalf("there is no %s to remove", change.at)
				}
				delete(parent, name)
				continue
			}
			parent[name] = decoded(t, change.value)
		case []any:
			if name == "-" {
				document = replacedAt(document, change.at[:slash], append(parent, decoded(t, change.value)))
				continue
			}
			document = replacedAt(document, change.at, decoded(t, change.value))
		default:
			t.Fatalf("nothing at %s can be changed", change.at)
		}
	}
	return document
}

// replacedAt replaces an item or member that is there.
func replacedAt(document any, pointer string, value any) any {
	if pointer == "" {
		return value
	}
	slash := strings.LastIndexByte(pointer, '/')
	name := jsontext.Pointer(pointer).LastToken()
	switch parent := jsonvalue.At(document, jsontext.Pointer(pointer[:slash])).(type) {
	case map[string]any:
		parent[name] = value
	case []any:
		parent[digits(name)] = value
	}
	return document
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("decoding %s: %v", text, err)
	}
	return value
}

func schemaNamed(t testing.TB, name string) *Schema {
	t.Helper()
	schema, ok := Embedded().Lookup(name)
	if !ok {
		t.Fatalf("there is no schema %q", name)
	}
	return schema
}

// visit calls f for every value in a document, with its pointer, in a stable order.
func visit(pointer string, value any, f func(pointer string, value any)) {
	f(pointer, value)
	switch value := value.(type) {
	case map[string]any:
		var names []string
		for name := range value {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			visit(below(pointer, name), value[name], f)
		}
	case []any:
		for i, item := range value {
			visit(pointer+"/"+string(rune('0'+i)), item, f)
		}
	}
}
