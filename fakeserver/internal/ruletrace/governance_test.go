package ruletrace_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func playGovernance(t *testing.T, p *player) {
	const provider = collection + "/p"
	const written = "writes-are-audited +request-matches-schema "
	const recorded = "rollout-records-its-reasons rollout-derives-capabilities rollout-hashes-capabilities rollout-counts-versions rollout-moves-provider rollout-refers-to-evaluation +rollout-active-unblocked "
	const blocked = "-rollout-active-unblocked !rollout-records-its-reasons !rollout-derives-capabilities !rollout-hashes-capabilities !rollout-counts-versions !rollout-moves-provider !rollout-refers-to-evaluation "
	const evaluated = "eligibility-recommends-status eligibility-has-derived-id eligibility-changes-only-the-evaluation "
	s3 := strings.Replace(row, "S1", "S3", 1)
	for _, a := range []act{
		{"another owner", "POST", collection, "X-Actor-Id: cobalt", onboarding("p", ""), "-onboard-owner-is-caller !onboard-id-is-free !onboard-starts-ungoverned"},
		{"a provider", "POST", collection, "", onboarding("p", ""), written + "+onboard-owner-is-caller +onboard-id-is-free onboard-starts-ungoverned !onboard-assigns-ids"},
		{"an id twice", "POST", collection, "", onboarding("p", ""), "-onboard-id-is-free !onboard-starts-ungoverned"},
		{"an id of the server's", "POST", collection, "", onboarding("", ""), "onboard-assigns-ids !onboard-id-is-free onboard-starts-ungoverned"},

		{"active without a baseline", "POST", provider + "/status", "", statusBody("active", false, 1, ""), "-status-active-needs-baselines !status-active-needs-no-violations !status-replaces-governance"},
		{"active with violations", "POST", provider + "/status", "", statusBody("active", true, 1, ""), "+status-active-needs-baselines -status-active-needs-no-violations !status-restriction-needs-reason"},
		{"restricted without a reason", "POST", provider + "/status", "", statusBody("restricted", true, 0, ""), "+status-active-needs-no-violations -status-restriction-needs-reason !status-replaces-governance"},
		{"restricted", "POST", provider + "/status", "", statusBody("restricted", true, 0, because), written + "+status-active-needs-baselines +status-active-needs-no-violations +status-restriction-needs-reason status-replaces-governance"},

		{"no evaluation", "POST", provider + "/rollout", "", rolloutBody("active", "S1", row, ""), "+rollout-rows-are-unique -rollout-needs-allow-verdict +rollout-needs-no-violations +rollout-needs-provider-in-service +rollout-climbs-one-tier +rollout-row-within-tier " + blocked},
		{"allowed", "POST", provider + "/eligibility/evaluate", "", evaluation(), written + evaluated + "+eligibility-needs-baselines +eligibility-needs-no-violations +eligibility-climbs-one-tier +eligibility-climb-needs-two-windows +eligibility-climb-needs-remediation +eligibility-high-risk-needs-s2"},
		{"a baseline missing", "POST", provider + "/eligibility/evaluate", "", evaluation(`"audit_conformance_passed":true`, `"audit_conformance_passed":false`), evaluated + "-eligibility-needs-baselines +eligibility-needs-no-violations"},
		{"violations", "POST", provider + "/eligibility/evaluate", "", evaluation(`violations":0`, `violations":1`), evaluated + "+eligibility-needs-baselines -eligibility-needs-no-violations"},
		{"two tiers up", "POST", provider + "/eligibility/evaluate", "", evaluation("S2", "S3"), evaluated + "-eligibility-climbs-one-tier +eligibility-climb-needs-two-windows"},
		{"one window", "POST", provider + "/eligibility/evaluate", "", evaluation(`windows":2`, `windows":1`), evaluated + "-eligibility-climb-needs-two-windows"},
		{"open remediation", "POST", provider + "/eligibility/evaluate", "", evaluation(`"capability_family"`, `"remediation_closed":false,"capability_family"`), evaluated + "-eligibility-climb-needs-remediation"},
		{"high risk below S2", "POST", provider + "/eligibility/evaluate", "", evaluation("advanced", "high_risk", "S2", "S1"), evaluated + "-eligibility-high-risk-needs-s2"},
		{"allowed again", "POST", provider + "/eligibility/evaluate", "", evaluation(), evaluated},

		{"a row twice", "POST", provider + "/rollout", "", rolloutBody("paused", "S1", row+","+row, ""), "-rollout-rows-are-unique !rollout-needs-allow-verdict !rollout-counts-versions"},
		{"active", "POST", provider + "/rollout", "", rolloutBody("active", "S1", row, ""), written + recorded + "+rollout-rows-are-unique +rollout-needs-allow-verdict"},
		{"two tiers up, paused", "POST", provider + "/rollout", "", rolloutBody("paused", "S3", row, ""), recorded + "-rollout-climbs-one-tier"},
		{"a row above the tier, blocked", "POST", provider + "/rollout", "", rolloutBody("blocked", "S1", s3, ""), recorded + "-rollout-row-within-tier +rollout-climbs-one-tier"},
		{"the caller's own code", "POST", provider + "/rollout", "", rolloutBody("active", "S1", row, `,"reason_codes":["partner_liquidity_provider_rollout_blocked"]`), blocked + "+rollout-needs-allow-verdict"},
		{"offboarded with violations", "POST", provider + "/status", "", statusBody("offboarded", true, 1, because), written},
		{"active again", "POST", provider + "/rollout", "", rolloutBody("active", "S1", row, ""), blocked + "-rollout-needs-no-violations -rollout-needs-provider-in-service +rollout-needs-allow-verdict"},
		{"get", "GET", provider, "", "", "get-shows-the-provider !writes-are-audited"},
		{"get of a stranger", "GET", provider, "X-Actor-Id: cobalt", "", "-provider-is-owned !get-shows-the-provider"},
	} {
		p.play(t, a)
	}
}

func playExport(t *testing.T, p *player) {
	const export = collection + "/p/rollout/export"
	const page = "export-fills-defaults export-limits-pages export-counts-from-cursor export-hashes-the-page export-chains-pages export-issues-checkpoints export-is-signed writes-are-audited keys-are-published "
	const none = "!export-is-signed !export-limits-pages !writes-are-audited !keys-are-published "
	const plain = "!export-window-is-half-open !export-retention-cuts !export-filters-events !export-survives-arrivals !export-checkpoint-is-known "
	record := func(provider, when string) {
		t.Helper()
		p.play(t, act{"an entry at " + when, "POST", collection + "/" + provider + "/eligibility/evaluate", "", at(when, evaluateBody), "writes-are-audited"})
	}
	// ask exports, and gives the query of the next page.
	ask := func(name, query, result string) string {
		t.Helper()
		var shown struct {
			Export struct {
				NextCursor  string `json:"next_cursor"`
				Attestation struct {
					ChainHash string `json:"chain_hash"`
				} `json:"attestation"`
				Checkpoint struct {
					CheckpointHash string `json:"checkpoint_hash"`
				} `json:"checkpoint"`
			} `json:"export"`
		}
		if err := json.Unmarshal(p.play(t, act{name, "GET", export + "?" + query, "", "", result}).Body.Bytes(), &shown); err != nil {
			t.Fatal(err)
		}
		return "&" + url.Values{
			"cursor_after":      {shown.Export.NextCursor},
			"attestation_after": {shown.Export.Attestation.ChainHash},
			"checkpoint_after":  {shown.Export.Checkpoint.CheckpointHash},
		}.Encode()
	}
	for _, id := range []string{"p", "q"} {
		p.play(t, act{"a provider", "POST", collection, "", at("2026-02-22T12:00:00Z", onboarding(id, "")), ""})
	}
	ask("one entry", "", page+plain+"+export-query-is-readable +export-continuation-is-complete !export-orders-entries")
	record("p", "2026-02-22T13:00:00Z")
	record("p", "2026-02-22T14:00:00Z")
	ask("three entries", "", page+plain+"export-orders-entries")
	ask("entries of a type", "event_type=onboarded", page+"export-filters-events !export-orders-entries")
	ask("a bad limit", "limit=0", none+"-export-query-is-readable !export-continuation-is-complete")
	ask("a broken query", "limit=%zz", none+"-export-query-is-readable")
	ask("a cursor alone", "cursor_after=c", none+"+export-query-is-readable -export-continuation-is-complete !export-checkpoint-is-known")

	ask("a window around all", "from_iso=2026-02-22T11:00:00Z&to_iso=2026-02-22T15:00:00Z", page+"!export-window-is-half-open")
	ask("an entry at from", "from_iso=2026-02-22T12:00:00Z", page+"export-window-is-half-open")
	ask("an entry before from", "from_iso=2026-02-22T12:30:00Z", page+"export-window-is-half-open")
	ask("an entry at to", "to_iso=2026-02-22T14:00:00Z", page+"export-window-is-half-open")
	ask("a reversed window", "from_iso=2026-02-22T14:00:00Z&to_iso=2026-02-22T12:00:00Z", page+"export-window-is-half-open")
	ask("an entry before from, of another type", "from_iso=2026-02-22T12:30:00Z&event_type=eligibility_evaluated", page+"!export-window-is-half-open")
	ask("an entry at the cut", "retention_days=1&now_iso=2026-02-23T12:00:00Z", page+"export-retention-cuts")
	ask("an entry a millisecond after the cut", "retention_days=1&now_iso=2026-02-23T11:59:59.999Z", page+"!export-retention-cuts")
	ask("an entry before the cut", "retention_days=1&now_iso=2026-02-23T12:30:00Z", page+"export-retention-cuts")
	ask("an entry before the cut and before from", "retention_days=1&now_iso=2026-02-23T12:30:00Z&from_iso=2026-02-22T13:30:00Z", page+"!export-retention-cuts export-window-is-half-open")
	ask("an entry after now", "now_iso=2026-02-22T13:30:00Z", page+"export-retention-cuts")

	const first = "limit=1&retention_days=1&now_iso=2026-02-23T12:00:00Z"
	const late = "limit=1&retention_days=1&now_iso="
	const follows = "+export-checkpoint-is-known +export-checkpoint-is-own +export-checkpoint-is-fresh +export-page-follows-its-checkpoint +export-filters-stay "
	next := ask("a first page", first, page+"export-orders-entries")
	last := ask("the page after the next", first+ask("the next page", first+next, page+follows+"+export-cursor-still-stands !export-survives-arrivals"), page+follows+"export-orders-entries")
	ask("a page after the last, which has no cursor", first+last, none+"-export-continuation-is-complete !export-checkpoint-is-known")
	ask("an unknown checkpoint", first+"&cursor_after=c&attestation_after=a&checkpoint_after=k", none+"-export-checkpoint-is-known !export-checkpoint-is-own")
	p.play(t, act{"another provider's checkpoint", "GET", collection + "/q/rollout/export?" + first + next, "", "", none + "+export-checkpoint-is-known -export-checkpoint-is-own !export-checkpoint-is-fresh"})
	ask("an expired checkpoint", late+"2026-02-24T12:00:00.001Z"+next, none+"+export-checkpoint-is-own -export-checkpoint-is-fresh !export-filters-stay")
	ask("another attestation", first+strings.Replace(next, "attestation_after=", "attestation_after=0", 1), none+"+export-checkpoint-is-fresh -export-page-follows-its-checkpoint !export-filters-stay")
	ask("another cursor", first+strings.Replace(next, "cursor_after=", "cursor_after=0", 1), none+"-export-page-follows-its-checkpoint")
	ask("another filter", first+"&event_type=onboarded"+next, none+"+export-page-follows-its-checkpoint -export-filters-stay !export-cursor-still-stands")
	ask("a cursor that aged out", late+"2026-02-23T12:00:00.001Z"+next, none+follows+"-export-cursor-still-stands")
	record("q", "2026-02-22T12:30:00Z")
	ask("nothing arrived here", first+next, page+"!export-survives-arrivals")
	record("p", "2026-02-22T12:30:00Z")
	ask("an entry arrived", first+next, page+"export-survives-arrivals")
}

func playKeys(t *testing.T, development, operators *player) {
	for _, p := range []*player{development, operators} {
		want := "keys-are-published !operator-key-replaces-dev-key"
		if p == operators {
			want = "keys-are-published operator-key-replaces-dev-key"
		}
		p.play(t, act{"a provider", "POST", collection, "", onboarding("p", ""), "!keys-are-published !operator-key-replaces-dev-key"})
		p.play(t, act{"the key set", "GET", "/keys/policy-integrity-signing", "", "", want})
		p.play(t, act{"an export", "GET", collection + "/p/rollout/export", "", "", want})
		p.play(t, act{"an export of a stranger", "GET", collection + "/p/rollout/export", "X-Actor-Id: cobalt", "", "!keys-are-published !operator-key-replaces-dev-key"})
	}
}
