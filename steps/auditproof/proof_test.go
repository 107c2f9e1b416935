package auditproof_test

import (
	"testing"

	"example.com/lpgate/steps/auditproof"
)

func TestProofLeavesFormAlone(t *testing.T) {
	list := pages(entries(7), 3)
	for i, page := range list {
		page["exported_at"], page["note"] = "2026-02-22 17:00", "x"
		delete(page["query"].(object), "retention_days")
		for _, entry := range page["entries"].([]object) {
			entry["recorded_at"], entry["audit_id"], entry["seen"] = "16 o'clock", entry["audit_id"].(string)+"-x", true
		}
		if next := page["next_cursor"]; next != nil {
			page["next_cursor"] = next.(string) + "-x"
		}
		chain(list[:i+1], serviceKey)
	}
	if err := auditproof.WalkProof(texts(list), serviceKey.keys()); err != nil {
		t.Errorf("the walk: got %v", err)
	}
	for i, text := range texts(list) {
		if err := auditproof.PageProof(text, serviceKey.keys()); err != nil {
			t.Errorf("page %d: got %v", i+1, err)
		}
		if err := auditproof.Page(text, serviceKey.keys()); err == nil {
			t.Errorf("page %d: its form is taken for good", i+1)
		}
	}
}

func TestProofFindsWhatIsNotProven(t *testing.T) {
	entry := func(l []object, i, j int) object { return l[i]["entries"].([]object)[j] }
	for _, test := range []struct {
		name    string
		seal    bool // all pages are chained and sealed after the edit
		edit    func(list []object) []object
		page    int
		message string
	}{
		{"an entry edited", false, func(l []object) []object { entry(l, 1, 0)["event_type"] = "x"; return l }, 2, "export_hash"},
		{"a query edited", false, func(l []object) []object { l[1]["query"].(object)["limit"] = 4; return l }, 2, "export_hash"},
		{"a chain edited", false, func(l []object) []object { l[1]["attestation"].(object)["chain_hash"] = hashOf(1); return l }, 2, "chain_hash"},
		{"a checkpoint edited", false, func(l []object) []object { l[1]["checkpoint"].(object)["checkpoint_hash"] = hashOf(1); return l }, 2, "checkpoint_hash"},
		{"a time beside the hashes edited", false, func(l []object) []object { l[1]["exported_at"] = "later"; return l }, 2, "is not over this page"},
		{"a page left out", false, func(l []object) []object { return []object{l[0], l[2]} }, 2, "cursor_after"},
		{"the last page left out", false, func(l []object) []object { return l[:2] }, 2, "there is no next page"},
		{"no first page", false, func(l []object) []object { return l[1:] }, 1, "there is no page before it"},
		{"an entry twice", true, func(l []object) []object { entry(l, 1, 0)["audit_id"] = entry(l, 0, 0)["audit_id"]; return l }, 2, "twice"},
		{"an entry without an id", true, func(l []object) []object { delete(entry(l, 1, 0), "audit_id"); return l }, 2, "entry 1: the entry has no audit_id"},
		{"an id that is a number", true, func(l []object) []object { entry(l, 1, 0)["audit_id"] = 1; return l }, 2, "entry 1: the entry's audit_id is no string"},
		{"a cursor that is a number", true, func(l []object) []object { l[0]["query"].(object)["cursor_after"] = 1; return l }, 1, "cursor_after is no string"},
		{"no signature", false, func(l []object) []object { delete(l[1], "signature"); return l }, 2, "has no signature"},
	} {
		t.Run(test.name, func(t *testing.T) {
			list := pages(entries(7), 3)
			chain(list, serviceKey)
			list = test.edit(list)
			if test.seal {
				chain(list, serviceKey)
			}
			broken(t, auditproof.WalkProof(texts(list), serviceKey.keys()), test.page, test.message)
		})
	}
	broken(t, auditproof.WalkProof(nil, serviceKey.keys()), 1, "there is none")
	broken(t, auditproof.PageProof([]byte("{"), serviceKey.keys()), 1, "no JSON")
}
