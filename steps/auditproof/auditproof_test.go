package auditproof_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/steps/auditproof"
)

func TestWalkAcceptsValidExports(t *testing.T) {
	for _, test := range []struct{ entries, limit, pages int }{
		{0, 1, 1}, {1, 1, 1}, {1, 200, 1}, {2, 1, 2}, {7, 3, 3}, {6, 3, 2}, {40, 7, 6},
	} {
		t.Run(fmt.Sprintf("%d entries, %d a page", test.entries, test.limit), func(t *testing.T) {
			list := pages(entries(test.entries), test.limit)
			chain(list, serviceKey)
			if len(list) != test.pages {
				t.Fatalf("got %d pages, want %d", len(list), test.pages)
			}
			if err := auditproof.Walk(texts(list), serviceKey.keys()); err != nil {
				t.Errorf("the walk: got %v", err)
			}
			for i, text := range texts(list) {
				if err := auditproof.Page(text, serviceKey.keys()); err != nil {
					t.Errorf("page %d: got %v", i+1, err)
				}
			}
		})
	}
}

func TestWalkAcceptsArrivals(t *testing.T) {
	// A ninth entry arrives after the first page was returned, between those that follow.
	all := entries(9)
	first := pages(all[:8], 3)[0]
	rest := pages(all[3:], 3)
	list := append([]object{first}, rest...)
	chain(list, serviceKey)
	if err := auditproof.Walk(texts(list), serviceKey.keys()); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestWalkAcceptsRotation(t *testing.T) {
	list := pages(entries(4), 2)
	chain(list, serviceKey)
	next := signer{"test-k2", ed25519.NewKeyFromSeed([]byte("b seed of thirty-two ascii bytes"))}
	sign(list[1], next)
	keys := serviceKey.keys()
	keys[next.id] = next.keys()[next.id]
	if err := auditproof.Walk(texts(list), keys); err != nil {
		t.Errorf("got %v", err)
	}
}

// broken expects an *auditproof.Error at a page; page 0 is any.
func broken(t *testing.T, err error, page int, message string) {
	t.Helper()
	var b *auditproof.Error
	switch {
	case !errors.As(err, &b):
		t.Errorf("got %v, want it broken: %s", err, message)
	case page > 0 && b.Page != page:
		t.Errorf("got %v, want it on page %d", b, page)
	case !strings.Contains(b.Error(), message):
		t.Errorf("got %v, want %q in it", b, message)
	}
}

func TestBlanksMeanNothing(t *testing.T) {
	list := pages(entries(3), 2)
	chain(list, serviceKey)
	var spaced [][]byte
	for _, text := range texts(list) {
		var b bytes.Buffer
		if err := json.Indent(&b, text, " ", "\t"); err != nil {
			t.Fatal(err)
		}
		spaced = append(spaced, b.Bytes())
	}
	if err := auditproof.Walk(spaced, serviceKey.keys()); err != nil {
		t.Errorf("got %v", err)
	}
}

// TestTampering is what somebody can do who has no key: drop, swap, repeat and splice what was signed.
func TestTampering(t *testing.T) {
	list := pages(entries(9), 2)
	chain(list, serviceKey)
	mine := texts(list)

	others := pages(entries(9), 2)
	for _, page := range others {
		page["exported_at"] = "2026-02-22T17:00:00.001Z"
		page["query"].(object)["from_iso"] = "2026-01-01T00:00:00.000Z"
	}
	chain(others, serviceKey)
	theirs := texts(others)

	for i := range mine {
		t.Run(fmt.Sprintf("page %d dropped", i+1), func(t *testing.T) {
			broken(t, auditproof.Walk(slices.Delete(slices.Clone(mine), i, i+1), serviceKey.keys()), 0, "")
		})
		t.Run(fmt.Sprintf("page %d twice", i+1), func(t *testing.T) {
			broken(t, auditproof.Walk(slices.Insert(slices.Clone(mine), i, mine[i]), serviceKey.keys()), 0, "")
		})
		for j := range i {
			t.Run(fmt.Sprintf("pages %d and %d swapped", j+1, i+1), func(t *testing.T) {
				swapped := slices.Clone(mine)
				swapped[i], swapped[j] = swapped[j], swapped[i]
				broken(t, auditproof.Walk(swapped, serviceKey.keys()), 0, "")
			})
		}
		t.Run(fmt.Sprintf("page %d of another export", i+1), func(t *testing.T) {
			spliced := slices.Clone(mine)
			spliced[i] = theirs[i]
			broken(t, auditproof.Walk(spliced, serviceKey.keys()), 0, "")
		})
		if i > 0 {
			t.Run(fmt.Sprintf("another export from page %d on", i+1), func(t *testing.T) {
				spliced := slices.Concat(mine[:i], theirs[i:])
				broken(t, auditproof.Walk(spliced, serviceKey.keys()), i+1, "")
			})
		}

		page := func(t *testing.T, edit func([]object) []object) [][]byte {
			changed := parse(t, mine)
			changed[i]["entries"] = edit(changed[i]["entries"].([]object))
			return texts(changed)
		}
		t.Run(fmt.Sprintf("page %d without its first entry", i+1), func(t *testing.T) {
			broken(t, auditproof.Walk(page(t, func(e []object) []object { return e[1:] }), serviceKey.keys()), i+1, "")
		})
		if len(parse(t, mine)[i]["entries"].([]object)) > 1 {
			t.Run(fmt.Sprintf("page %d in reverse", i+1), func(t *testing.T) {
				broken(t, auditproof.Walk(page(t, func(e []object) []object { slices.Reverse(e); return e }), serviceKey.keys()), i+1, "")
			})
		}
		t.Run(fmt.Sprintf("page %d with an entry of another page", i+1), func(t *testing.T) {
			other := parse(t, mine)[(i+1)%len(mine)]["entries"].([]object)[0]
			broken(t, auditproof.Walk(page(t, func(e []object) []object { e[0] = other; return e }), serviceKey.keys()), i+1, "")
		})
		t.Run(fmt.Sprintf("page %d with an entry edited", i+1), func(t *testing.T) {
			broken(t, auditproof.Walk(page(t, func(e []object) []object { e[0]["reason_codes"] = []any{}; return e }), serviceKey.keys()), i+1, "")
		})
	}
	t.Run("no page at all", func(t *testing.T) { broken(t, auditproof.Walk(nil, serviceKey.keys()), 1, "there is none") })
}

// TestInvalidExports is what only the checks behind the signature find: somebody with the key signs it.
func TestInvalidExports(t *testing.T) {
	query := func(list []object, i int) object { return list[i]["query"].(object) }
	entry := func(list []object, i, j int) object { return list[i]["entries"].([]object)[j] }
	const (
		all  = iota // all pages are chained and sealed after the edit
		one         // page 2 alone is sealed again
		bare        // page 2 is signed again, and its hashes are not computed again
	)
	for _, test := range []struct {
		name    string
		after   int
		edit    func(list []object)
		page    int
		message string
	}{
		{"an unknown member", all, func(l []object) { l[1]["note"] = "x" }, 2, `the unknown member "note"`},
		{"a member missing", bare, func(l []object) { delete(l[1], "checkpoint") }, 2, "has no checkpoint"},
		{"exported_at is no time", all, func(l []object) { l[1]["exported_at"] = "2026-02-22T17:00:00Z" }, 2, "exported_at"},
		{"total_filtered is negative", bare, func(l []object) { l[1]["total_filtered"] = -1 }, 2, "no count"},
		{"total_filtered is a fraction", bare, func(l []object) { l[1]["total_filtered"] = 1.5 }, 2, "no count"},
		{"next_cursor is null", bare, func(l []object) { l[1]["next_cursor"] = nil }, 2, "next_cursor is no string"},

		{"an unknown filter", all, func(l []object) { query(l, 1)["actor"] = "x" }, 2, `the unknown member "actor"`},
		{"a query without limit", all, func(l []object) { delete(query(l, 1), "limit") }, 2, "has no limit"},
		{"a limit of 0", all, func(l []object) { query(l, 1)["limit"] = 0 }, 2, "a limit of 0"},
		{"a limit of 201", all, func(l []object) { query(l, 1)["limit"] = 201 }, 2, "a limit of 201"},
		{"a retention of 0", all, func(l []object) { query(l, 1)["retention_days"] = 0 }, 2, "a retention of 0"},
		{"a retention of 3651", all, func(l []object) { query(l, 1)["retention_days"] = 3651 }, 2, "a retention of 3651"},
		{"a limit in text", all, func(l []object) { query(l, 1)["limit"] = "3" }, 2, "limit is \"3\", and no count"},
		{"a retention in text", all, func(l []object) { query(l, 1)["retention_days"] = "180" }, 2, "retention_days is \"180\", and no count"},
		{"an event type that is a number", all, func(l []object) { query(l, 1)["event_type"] = 1 }, 2, "event_type is no string"},
		{"from_iso is no time", all, func(l []object) { query(l, 1)["from_iso"] = "yesterday" }, 2, "from_iso"},
		{"a cursor alone", one, func(l []object) { delete(query(l, 1), "attestation_after") }, 2, "come together"},
		{"a checkpoint alone", one, func(l []object) { delete(query(l, 1), "cursor_after"); delete(query(l, 1), "attestation_after") }, 2, "come together"},

		{"an entry before from_iso", all, func(l []object) { query(l, 0)["from_iso"] = "2026-02-22T16:00:00.001Z" }, 1, "entry 1: 2026-02-22T16:00:00.000Z is before from_iso"},
		{"an entry at to_iso", all, func(l []object) { query(l, 0)["to_iso"] = "2026-02-22T16:01:00.000Z" }, 1, "entry 3: 2026-02-22T16:01:00.000Z is not before to_iso"},
		{"an entry of another event", all, func(l []object) { query(l, 0)["event_type"] = "onboarded" }, 1, "entry 2: it is a status_upserted entry"},

		{"entries are no list", bare, func(l []object) { l[1]["entries"] = object{} }, 2, "no list"},
		{"an entry is no object", bare, func(l []object) { l[1]["entries"] = []any{"x"} }, 2, "entry 1: the entry is no object"},
		{"an entry with an unknown member", all, func(l []object) { entry(l, 1, 0)["seen"] = true }, 2, `entry 1: the entry has the unknown member "seen"`},
		{"an entry without details", all, func(l []object) { delete(entry(l, 1, 0), "details") }, 2, "entry 1: the entry has no details"},
		{"details are a string", all, func(l []object) { entry(l, 1, 0)["details"] = "x" }, 2, "entry 1: the entry's details is no object"},
		{"reason codes are a string", all, func(l []object) { entry(l, 1, 0)["reason_codes"] = "x" }, 2, "entry 1: the entry's reason_codes is no list"},
		{"an actor without an id", all, func(l []object) { entry(l, 1, 0)["actor"] = object{"type": "partner"} }, 2, "entry 1: the actor has no id"},
		{"an actor whose id is a number", all, func(l []object) { entry(l, 1, 0)["actor"] = object{"type": "partner", "id": 1} }, 2, "entry 1: the actor's id is no string"},
		{"an unknown event type", all, func(l []object) { entry(l, 1, 0)["event_type"] = "deleted" }, 2, `entry 1: "deleted" is no event type`},
		{"an audit id that is none", all, func(l []object) { entry(l, 1, 0)["audit_id"] = "plpaudit_12" }, 2, "entry 1:"},
		{"an audit id that is a number", all, func(l []object) { entry(l, 1, 0)["audit_id"] = 1 }, 2, "entry 1: the entry's audit_id is no string"},
		{"a provider that is a number", all, func(l []object) { entry(l, 1, 0)["provider_id"] = 1 }, 2, "entry 1: the entry's provider_id is no string"},
		{"an event that is a number", all, func(l []object) { entry(l, 1, 0)["event_type"] = 1 }, 2, "entry 1: the entry's event_type is no string"},
		{"an audit id with letters", all, func(l []object) { entry(l, 1, 0)["audit_id"] = "plpaudit_00001x" }, 2, "entry 1:"},
		{"an entry's time is none", all, func(l []object) { entry(l, 1, 0)["recorded_at"] = "2026-02-22T16:01:00.000+00:00" }, 2, "entry 1: the entry's recorded_at"},
		{"an entry's day is none", all, func(l []object) { entry(l, 1, 0)["recorded_at"] = "2026-02-30T16:01:00.000Z" }, 2, "entry 1: the entry's recorded_at"},
		{"an entry of another provider", all, func(l []object) { entry(l, 1, 1)["provider_id"] = "plp_000002" }, 2, `entry 2: it is an entry of "plp_000002"`},

		{"entries out of time", all, func(l []object) { entry(l, 1, 1)["recorded_at"] = "2026-02-22T16:00:59.999Z" }, 2, "entry 2: "},
		{"entries out of arrival", all, func(l []object) {
			entry(l, 0, 0)["audit_id"], entry(l, 0, 1)["audit_id"] = entry(l, 0, 1)["audit_id"], entry(l, 0, 0)["audit_id"]
		}, 1, "did not arrive after it"},
		{"arrivals that count on past six digits", all, func(l []object) {
			entry(l, 0, 0)["audit_id"], entry(l, 0, 1)["audit_id"] = "plpaudit_1000000", "plpaudit_999999"
		}, 1, "did not arrive after it"},
		{"the same entry twice on a page", all, func(l []object) { l[0]["entries"].([]object)[1] = entry(l, 0, 0) }, 1, "did not arrive after it"},
		{"an entry of the page before again", all, func(l []object) { l[1]["entries"].([]object)[0] = entry(l, 0, 2) }, 2, "entry 1: it is not after cursor_after"},
		{"an audit id again", all, func(l []object) { entry(l, 1, 1)["audit_id"] = entry(l, 0, 0)["audit_id"] }, 2, "entry 2: plpaudit_000009 is in the export twice"},
		{"cursor_after is no cursor", one, func(l []object) { query(l, 1)["cursor_after"] = "x|y" }, 2, "no cursor"},

		{"more entries than the limit", all, func(l []object) { query(l, 1)["limit"] = 2 }, 2, "more than its limit"},
		{"an entry left out of the last page", all, func(l []object) { l[2]["entries"] = l[2]["entries"].([]object)[:1] }, 3, "total_filtered is 2 on a last page of 1"},
		{"more follows after too few", all, func(l []object) {
			l[1]["entries"] = l[1]["entries"].([]object)[:2]
			l[1]["next_cursor"] = cursor(entry(l, 1, 1))
		}, 2, "more follows although only 2"},
		{"more follows and total denies it", all, func(l []object) { l[1]["total_filtered"] = 3 }, 2, "more follows although total_filtered is 3"},
		{"next_cursor of another entry", all, func(l []object) { l[1]["next_cursor"] = cursor(entry(l, 1, 1)) }, 2, "the last entry's cursor"},

		{"export_hash of something else", bare, func(l []object) { l[1]["export_hash"] = hashOf("x") }, 2, "export_hash"},
		{"export_hash in capitals", bare, func(l []object) { l[1]["export_hash"] = strings.ToUpper(l[1]["export_hash"].(string)) }, 2, "lower-case"},
		{"export_hash is null", bare, func(l []object) { l[1]["export_hash"] = nil }, 2, "export_hash is no string"},
		{"the attestation's cursor_after", bare, func(l []object) { l[1]["attestation"].(object)["cursor_after"] = nil }, 2, "attestation's cursor_after"},
		{"the attestation's next_cursor", bare, func(l []object) { l[1]["attestation"].(object)["next_cursor"] = nil }, 2, "attestation's next_cursor"},
		{"the attestation's attestation_after", bare, func(l []object) { l[1]["attestation"].(object)["attestation_after"] = hashOf("x") }, 2, "attestation's attestation_after"},
		{"the attestation's page_hash", bare, func(l []object) { l[1]["attestation"].(object)["page_hash"] = hashOf("x") }, 2, "attestation's page_hash"},
		{"chain_hash of something else", bare, func(l []object) { l[1]["attestation"].(object)["chain_hash"] = hashOf("x") }, 2, "attestation's chain_hash"},
		{"an attestation with more", bare, func(l []object) { l[1]["attestation"].(object)["by"] = "x" }, 2, `the attestation has the unknown member "by"`},
		{"the checkpoint's checkpoint_after", bare, func(l []object) { l[1]["checkpoint"].(object)["checkpoint_after"] = nil }, 2, "checkpoint's checkpoint_after"},
		{"the checkpoint's attestation_chain_hash", bare, func(l []object) { l[1]["checkpoint"].(object)["attestation_chain_hash"] = hashOf("x") }, 2, "checkpoint's attestation_chain_hash"},
		{"the checkpoint's next_cursor", bare, func(l []object) { l[1]["checkpoint"].(object)["next_cursor"] = nil }, 2, "checkpoint's next_cursor"},
		{"the checkpoint's entries_count", bare, func(l []object) { l[1]["checkpoint"].(object)["entries_count"] = 2 }, 2, "checkpoint's entries_count"},
		{"the checkpoint's total_filtered", bare, func(l []object) { l[1]["checkpoint"].(object)["total_filtered"] = 2 }, 2, "checkpoint's total_filtered"},
		{"the checkpoint's entries_count is text", bare, func(l []object) { l[1]["checkpoint"].(object)["entries_count"] = "3" }, 2, "no count"},
		{"checkpoint_hash of something else", bare, func(l []object) { l[1]["checkpoint"].(object)["checkpoint_hash"] = hashOf("x") }, 2, "checkpoint's checkpoint_hash"},
		{"a checkpoint with more", bare, func(l []object) { l[1]["checkpoint"].(object)["by"] = "x" }, 2, `the checkpoint has the unknown member "by"`},

		{"the first page continues something", all, func(l []object) {
			query(l, 0)["cursor_after"] = "2026-02-22T15:00:00.000Z|plpaudit_000001"
			query(l, 0)["attestation_after"], query(l, 0)["checkpoint_after"] = hashOf("x"), hashOf("y")
		}, 1, "no page before it"},
		{"a later page begins anew", one, func(l []object) {
			delete(query(l, 1), "cursor_after")
			delete(query(l, 1), "attestation_after")
			delete(query(l, 1), "checkpoint_after")
		}, 2, "its cursor_after is absent"},
		{"a cursor that the page before did not give", one, func(l []object) { query(l, 1)["cursor_after"] = cursor(entry(l, 0, 1)) }, 2, "its cursor_after is"},
		{"an attestation that the page before did not give", one, func(l []object) { query(l, 1)["attestation_after"] = hashOf("x") }, 2, "its attestation_after is"},
		{"a checkpoint that the page before did not give", one, func(l []object) { query(l, 1)["checkpoint_after"] = hashOf("x") }, 2, "its checkpoint_after is"},
		{"another limit", all, func(l []object) { query(l, 2)["limit"] = 4 }, 3, "and the page before it for"},
		{"another retention", all, func(l []object) { query(l, 1)["retention_days"] = 181 }, 2, "and the page before it for"},
		{"a filter more", all, func(l []object) { query(l, 1)["to_iso"] = "2027-01-01T00:00:00.000Z" }, 2, "and the page before it for"},
		{"another provider from a page on", all, func(l []object) {
			for i := range l[1]["entries"].([]object) {
				entry(l, 1, i)["provider_id"] = "plp_000002"
			}
		}, 2, `entry 1: it is an entry of "plp_000002" in an export of "plp_000001"`},
		{"fewer left than the page before left", all, func(l []object) { l[0]["total_filtered"] = 9 }, 2, "total_filtered is 5, and the page before it left 6"},
		{"arrivals that are too old", all, func(l []object) {
			l[0]["total_filtered"] = 6
			for i, e := range append(l[1]["entries"].([]object), l[2]["entries"].([]object)...) {
				e["audit_id"], e["recorded_at"] = fmt.Sprintf("plpaudit_%06d", 1+i), fmt.Sprintf("2026-02-22T17:%02d:00.000Z", i)
			}
			l[1]["next_cursor"] = cursor(entry(l, 1, 2))
		}, 2, "2 entries arrived since the page before it, but at most 0"},
		{"the last page is missing", all, func(l []object) {}, 2, "there is no next page"},
		{"a page after the last one", all, func(l []object) {
			delete(l[1], "next_cursor")
			l[1]["total_filtered"] = 3
			l[0]["total_filtered"] = 6
		}, 3, "the last of its export"},
	} {
		t.Run(test.name, func(t *testing.T) {
			list := pages(entries(8), 3)
			chain(list, serviceKey)
			test.edit(list)
			switch test.after {
			case all:
				chain(list, serviceKey)
			case one:
				seal(list[1], serviceKey)
			case bare:
				sign(list[1], serviceKey)
			}
			if test.name == "the last page is missing" {
				list = list[:2]
			}
			broken(t, auditproof.Walk(texts(list), serviceKey.keys()), test.page, test.message)
		})
	}
}

// The place of a malformed member is a JSON Pointer; a fault of another kind has none.
func TestPlaceOfAMalformedMember(t *testing.T) {
	for _, test := range []struct {
		edit func(page object)
		at   string
	}{
		{func(p object) { delete(p["query"].(object), "retention_days") }, "/query/retention_days"},
		{func(p object) { p["query"].(object)["from_iso"] = "2026-02-22" }, "/query/from_iso"},
		{func(p object) { p["query"].(object)["actor"] = "x" }, "/query/actor"},
		{func(p object) { p["note"] = "x" }, "/note"},
		{func(p object) { p["entries"].([]object)[1]["recorded_at"] = "2026-02-22" }, "/entries/1/recorded_at"},
		{func(p object) { p["query"].(object)["limit"] = 0 }, ""},
	} {
		list := pages(entries(2), 2)
		test.edit(list[0])
		chain(list, serviceKey)
		err := auditproof.Page(texts(list)[0], serviceKey.keys())
		var b *auditproof.Error
		if !errors.As(err, &b) || b.At != test.at {
			t.Errorf("got %#v, want a fault at %q", err, test.at)
		}
	}
}

func TestSignature(t *testing.T) {
	list := pages(entries(3), 3)
	chain(list, serviceKey)
	signature := list[0]["signature"].(object)
	sig := signature["sig"].(string)
	other := signer{serviceKey.id, ed25519.NewKeyFromSeed([]byte("c seed of thirty-two ascii bytes"))}
	// The last digit before the padding has four bits that mean nothing. "A" has them all at zero.
	digits := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	sloppy := sig[:85] + string(digits[strings.IndexByte(digits, sig[85])+1]) + sig[86:]
	for _, test := range []struct {
		name    string
		is      any
		message string
	}{
		{"bits that mean nothing", object{"key_id": serviceKey.id, "alg": "ed25519", "sig": sloppy}, "no base64"},
		{"a line break", object{"key_id": serviceKey.id, "alg": "ed25519", "sig": sig[:40] + "\n" + sig[40:]}, "no base64"},
		{"no padding", object{"key_id": serviceKey.id, "alg": "ed25519", "sig": sig[:86]}, "no base64"},
		{"the URL alphabet", object{"key_id": serviceKey.id, "alg": "ed25519", "sig": strings.Repeat("_", 86) + "=="}, "no base64"},
		{"too short", object{"key_id": serviceKey.id, "alg": "ed25519", "sig": "AAAA"}, "not over this page"},
		{"empty", object{"key_id": serviceKey.id, "alg": "ed25519", "sig": ""}, "not over this page"},
		{"an algorithm that is a number", object{"key_id": serviceKey.id, "alg": 1, "sig": sig}, "alg is no string"},
		{"another algorithm", object{"key_id": serviceKey.id, "alg": "Ed25519", "sig": sig}, `alg is "Ed25519"`},
		{"a key id that is a number", object{"key_id": 1, "alg": "ed25519", "sig": sig}, "key_id is no string"},
		{"a number", object{"key_id": serviceKey.id, "alg": "ed25519", "sig": 1}, "sig is no string"},
		{"an unpublished key", object{"key_id": "k9", "alg": "ed25519", "sig": sig}, `no key "k9"`},
		{"without a key id", without(signature, "key_id"), "has no key_id"},
		{"with a certificate", object{"key_id": serviceKey.id, "alg": "ed25519", "sig": sig, "x5c": ""}, `the unknown member "x5c"`},
		{"null", nil, "the signature is no object"},
	} {
		t.Run(test.name, func(t *testing.T) {
			list[0]["signature"] = test.is
			broken(t, auditproof.Page(texts(list)[0], serviceKey.keys()), 1, test.message)
		})
	}
	t.Run("another key of that id", func(t *testing.T) {
		sign(list[0], other)
		broken(t, auditproof.Page(texts(list)[0], serviceKey.keys()), 1, "not over this page")
	})
	t.Run("no keys", func(t *testing.T) {
		sign(list[0], serviceKey)
		broken(t, auditproof.Page(texts(list)[0], nil), 1, "there is no key")
	})
}

func TestPageIsIJSON(t *testing.T) {
	list := pages(entries(1), 1)
	chain(list, serviceKey)
	valid := string(texts(list)[0])
	for name, text := range map[string]string{
		"empty":              "",
		"null":               "null",
		"a list":             "[]",
		"cut short":          valid[:len(valid)-1],
		"with more after it": valid + "{}",
		"a member twice":     strings.Replace(valid, `"total_filtered":1}`, `"total_filtered":1,"total_filtered":1}`, 1),
		"a byte order mark":  "\ufeff" + valid,
		"not UTF-8":          strings.Replace(valid, "partner-amber", "partner-amber\xff", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if text == valid {
				t.Fatal("nothing is changed")
			}
			broken(t, auditproof.Page([]byte(text), serviceKey.keys()), 1, "")
		})
	}
}

func TestParseKeys(t *testing.T) {
	pemOf := func(key any) string {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	public := serviceKey.key.Public()
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := func(id, alg, pem, status string) object {
		return object{"key_id": id, "alg": alg, "public_key_pem": pem, "status": status}
	}
	good := key("k2", "ed25519", pemOf(public), "active")
	old := key("k1", "ed25519", pemOf(public), "verify_only")
	for _, test := range []struct {
		name    string
		set     any
		message string // "" when it is good
	}{
		{"one key", object{"active_key_id": "k2", "keys": []object{good}}, ""},
		{"an old key too", object{"active_key_id": "k2", "keys": []object{good, old}, "correlation_id": "c"}, ""},
		{"not JSON", jsontext.Value(`"x"`), "reading the key set"},
		{"no keys", object{"active_key_id": "k2", "keys": []object{}}, "there is no key in it"},
		{"no active key", object{"active_key_id": "k2", "keys": []object{old}}, `the active key "k2" is not in it`},
		{"a member twice", jsontext.Value(`{"active_key_id": "k2", "keys": [], "keys": []}`), "duplicate"},
		{"an unknown member", object{"active_key_id": "k2", "keys": []object{good}, "Keys": []object{}}, `the unknown member "Keys"`},
		{"a member that is not there", object{"active_key_id": "k2", "keys": []object{{"key_id": "k2"}}}, "key 1 has no alg"},
		{"lines that end as on Windows", object{"active_key_id": "k2", "keys": []object{
			key("k2", "ed25519", strings.ReplaceAll(pemOf(public), "\n", "\r\n"), "active")}}, ""},
		{"no line end at the end", object{"active_key_id": "k2", "keys": []object{key("k2", "ed25519", strings.TrimSpace(pemOf(public)), "active")}}, ""},
		{"two blocks", object{"active_key_id": "k2", "keys": []object{key("k2", "ed25519", pemOf(public)+pemOf(public), "active")}}, "not one plain PEM block"},
		{"text before the block", object{"active_key_id": "k2", "keys": []object{key("k2", "ed25519", "x\n"+pemOf(public), "active")}}, "not one plain PEM block"},
		{"a header in the block", object{"active_key_id": "k2", "keys": []object{
			key("k2", "ed25519", strings.Replace(pemOf(public), "-----\n", "-----\nA: b\n\n", 1), "active")}}, "not one plain PEM block"},
		{"a key twice", object{"active_key_id": "k2", "keys": []object{good, good}}, "twice"},
		{"another algorithm", object{"active_key_id": "k2", "keys": []object{key("k2", "rsa", pemOf(public), "active")}}, `alg of key "k2" is "rsa"`},
		{"two active keys", object{"active_key_id": "k2", "keys": []object{good, key("k1", "ed25519", pemOf(public), "active")}}, `the status of key "k1"`},
		{"the active key is not active", object{"active_key_id": "k1", "keys": []object{good, old}}, `the status of key "k2"`},
		{"an unknown status", object{"active_key_id": "k2", "keys": []object{good, key("k1", "ed25519", pemOf(public), "revoked")}}, `"revoked"`},
		{"no PEM", object{"active_key_id": "k2", "keys": []object{key("k2", "ed25519", "x", "active")}}, "no PEM block"},
		{"another kind of key", object{"active_key_id": "k2", "keys": []object{key("k2", "ed25519", pemOf(&ecdsaKey.PublicKey), "active")}}, "no ed25519 key"},
		{"no SPKI", object{"active_key_id": "k2", "keys": []object{key("k2", "ed25519", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "active")}}, `reading the key set: key "k2"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := json.Marshal(test.set)
			if err != nil {
				t.Fatal(err)
			}
			keys, err := auditproof.ParseKeys(text)
			switch {
			case test.message == "" && (err != nil || !public.(ed25519.PublicKey).Equal(keys["k2"])):
				t.Errorf("got %v, %v", keys, err)
			case test.message != "" && (err == nil || !strings.Contains(err.Error(), test.message)):
				t.Errorf("got %v, want %q in it", err, test.message)
			}
		})
	}
}
