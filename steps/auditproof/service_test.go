package auditproof_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/steps/auditproof"
)

// This file makes valid and invalid pages. A service may sign invalid ones, which the signature does not show.

// object is a JSON object that a test can still change.
type object = map[string]any

// signer is a service with one key.
type signer struct {
	id  string
	key ed25519.PrivateKey
}

var serviceKey = signer{"test-k1", ed25519.NewKeyFromSeed([]byte("a seed of thirty-two ascii bytes"))}

func (s signer) keys() auditproof.Keys {
	return auditproof.Keys{s.id: s.key.Public().(ed25519.PublicKey)}
}

// entries are n audit entries, two of them always at the same time.
func entries(n int) []object {
	events := []string{"onboarded", "status_upserted", "eligibility_evaluated", "rollout_upserted"}
	list := make([]object, n)
	for i := range list {
		list[i] = object{
			"audit_id": fmt.Sprintf("plpaudit_%06d", 9+2*i), "provider_id": "plp_000001", "event_type": events[i%len(events)],
			"recorded_at": fmt.Sprintf("2026-02-22T16:%02d:00.000Z", i/2), "actor": object{"type": "partner", "id": "partner-amber"},
			"reason_codes": []any{"late"}, "details": object{"status": "active", "ratio": 0.25, "note": "é\u2028<&>"},
		}
	}
	return list
}

// pages cuts the entries into the pages of one export, not sealed yet.
func pages(all []object, limit int) []object {
	var list []object
	for {
		n := min(limit, len(all))
		page := object{
			"exported_at": "2026-02-22T17:00:00.000Z", "total_filtered": len(all), "entries": slices.Clone(all[:n]),
			"query": object{"limit": limit, "retention_days": 180},
		}
		list = append(list, page)
		if all = all[n:]; len(all) == 0 {
			return list
		}
		page["next_cursor"] = cursor(page["entries"].([]object)[n-1])
	}
}

func cursor(entry object) string {
	return fmt.Sprintf("%s|%s", entry["recorded_at"], entry["audit_id"])
}

// chain continues each page from the one before, and seals all.
func chain(list []object, s signer) {
	for i, page := range list {
		// A page after one that gave no cursor keeps the continuation that it has.
		if i > 0 && list[i-1]["next_cursor"] != nil {
			query, before := page["query"].(object), list[i-1]
			query["cursor_after"] = before["next_cursor"]
			query["attestation_after"] = before["attestation"].(object)["chain_hash"]
			query["checkpoint_after"] = before["checkpoint"].(object)["checkpoint_hash"]
		}
		seal(page, s)
	}
}

// seal computes all hashes of a page and signs it.
func seal(page object, s signer) {
	hashed := object{"entries": page["entries"], "total_filtered": page["total_filtered"], "query": page["query"]}
	if next, ok := page["next_cursor"]; ok {
		hashed["next_cursor"] = next
	}
	page["export_hash"] = hashOf(hashed)
	query := page["query"].(object)
	attestation := object{
		"cursor_after": query["cursor_after"], "next_cursor": page["next_cursor"],
		"attestation_after": query["attestation_after"], "page_hash": page["export_hash"],
	}
	attestation["chain_hash"] = hashOf(attestation)
	page["attestation"] = attestation
	checkpoint := object{
		"checkpoint_after": query["checkpoint_after"], "attestation_chain_hash": attestation["chain_hash"],
		"next_cursor": page["next_cursor"], "entries_count": len(page["entries"].([]object)), "total_filtered": page["total_filtered"],
	}
	checkpoint["checkpoint_hash"] = hashOf(checkpoint)
	page["checkpoint"] = checkpoint
	sign(page, s)
}

// sign signs a page as it is.
func sign(page object, s signer) {
	delete(page, "signature")
	page["signature"] = object{
		"key_id": s.id, "alg": "ed25519", "sig": base64.StdEncoding.EncodeToString(ed25519.Sign(s.key, canonical(page))),
	}
}

func hashOf(value any) string {
	sum := sha256.Sum256(canonical(value))
	return hex.EncodeToString(sum[:])
}

func canonical(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	v := jsontext.Value(text)
	if err := v.Canonicalize(); err != nil {
		panic(err)
	}
	return v
}

// texts writes pages as they go over the wire.
func texts(list []object) [][]byte {
	out := make([][]byte, len(list))
	for i, page := range list {
		out[i] = canonical(page)
	}
	return out
}

// parse reads pages back, so that a test can change them.
func parse(t *testing.T, list [][]byte) []object {
	t.Helper()
	out := make([]object, len(list))
	for i, text := range list {
		if err := json.Unmarshal(text, &out[i]); err != nil {
			t.Fatal(err)
		}
		var typed []object
		for _, entry := range out[i]["entries"].([]any) {
			typed = append(typed, entry.(object))
		}
		out[i]["entries"] = typed
	}
	return out
}

// without is a copy of a map with one member less.
func without(o object, name string) object {
	o = maps.Clone(o)
	delete(o, name)
	return o
}
