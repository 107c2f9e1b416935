//go:build !race

package wrongservices

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// exportProofServices continues [exportServices].
var exportProofServices = []wrongService{
	// ---- hashes, chain, checkpoints ----
	{
		name:  "entry-edited-and-signed",
		fault: "An entry is edited after the page was hashed, and the page is signed again.",
		rule:  "export-hashes-the-page",
		fails: []string{"The page verifies, and its hash is the page hash of its attestation"},
		behavior: forging(forgery{seals: func(_ *request, page *response) {
			page.put("/export/entries/0/details/segment_tier", "S3")
		}}),
	},
	{
		name:  "export-hash-without-the-query",
		fault: "The export's hash does not cover the query.",
		rule:  "export-hashes-the-page",
		fails: []string{
			"The whole trail, with the hashes that another tool computed",
			"The hash covers the query, so another <filter> that leaves the same entries gives another hash > limit | 51",
		},
		behavior: sealing(func(page *response) { page.sealPageWith("entries", "total_filtered", "next_cursor") }),
	},
	{
		name:  "export-hash-with-a-clock",
		fault: "The export's hash covers exported_at, too.",
		rule:  "export-hashes-the-page",
		fails: []string{"The hash covers no clock, so the same page later has the same hash"},
		behavior: sealing(func(page *response) {
			page.sealPageWith("entries", "total_filtered", "query", "next_cursor", "exported_at")
		}),
	},
	{
		name:  "export-hash-of-another-page",
		fault: "The export's hash is that of an empty page.",
		rule:  "export-hashes-the-page",
		fails: []string{"The page verifies, and its hash is the page hash of its attestation"},
		behavior: sealing(func(page *response) {
			hash := hashOf(map[string]any{"entries": []any{}, "total_filtered": 0, "query": page.at("/export/query")})
			page.put("/export/export_hash", hash)
			page.put("/export/attestation/page_hash", hash)
		}),
	},
	{
		name:  "unlinked",
		fault: "A next page does not name the page that it follows.",
		rule:  "export-chains-pages",
		fails: []string{"Each next page commits to the page before it"},
		behavior: forging(forgery{content: func(_ *request, page *response) {
			page.put("/export/attestation/attestation_after", nil)
		}}),
	},
	{
		name:  "chain-hash-without-the-page-before",
		fault: "The chain hash does not cover the attestation of the page before.",
		rule:  "export-chains-pages",
		fails: []string{
			"Two pages, with the hashes that another tool computed",
			"A walk of one entry a page verifies from end to end",
		},
		behavior: forging(forgery{seals: func(_ *request, page *response) {
			page.put("/export/attestation/chain_hash",
				page.hashOf("/export/attestation", "cursor_after", "next_cursor", "page_hash"))
			page.sealCheckpoint()
		}}),
	},
	{
		name:  "spliced",
		fault: "From the third page on, each page follows the first one.",
		rule:  "export-chains-pages",
		fails: []string{"A walk of one entry a page verifies from end to end"},
		behavior: func() handle {
			first := &notes[*response]{}
			return forging(forgery{
				content: func(q *request, page *response) {
					if before, ok := first.read(q.provider); ok && q.query("cursor_after") != "" {
						page.put("/export/query/attestation_after", before.at("/export/attestation/chain_hash"))
						page.put("/export/attestation/attestation_after", before.at("/export/attestation/chain_hash"))
						page.put("/export/query/checkpoint_after", before.at("/export/checkpoint/checkpoint_hash"))
						page.put("/export/checkpoint/checkpoint_after", before.at("/export/checkpoint/checkpoint_hash"))
					}
				},
				signature: func(q *request, page *response) {
					if q.query("cursor_after") == "" {
						first.write(q.provider, page.copy())
					}
				},
			})()
		},
	},
	{
		name:  "entry-dropped-from-the-walk",
		fault: "The third entry is left out, and the page with the fourth follows the one with the second.",
		rule:  "export-chains-pages",
		fails: []string{"A walk of one entry a page verifies from end to end"},
		behavior: paging(func(given int) int {
			if given == 2 {
				return 3
			}
			return given
		}, false),
	},
	{
		name:  "checkpoint-hash-without-the-totals",
		fault: "The checkpoint's hash does not cover the counts.",
		rule:  "export-issues-checkpoints",
		fails: []string{"A checkpoint may be used again, and gives the same page again"},
		behavior: forging(forgery{seals: func(_ *request, page *response) {
			page.put("/export/checkpoint/checkpoint_hash",
				page.hashOf("/export/checkpoint", "checkpoint_after", "attestation_chain_hash", "next_cursor"))
		}}),
	},
	{
		name:  "checkpoint-counts-wrongly",
		fault: "The checkpoint counts one entry too many.",
		rule:  "export-issues-checkpoints",
		fails: []string{"A checkpoint is over the chain and the counts of its page", "A last page has a checkpoint too"},
		behavior: forging(forgery{seals: func(_ *request, page *response) {
			page.put("/export/checkpoint/entries_count", json.Number(strconv.Itoa(len(page.entries())+1)))
			page.rehashCheckpoint()
		}}),
	},
	{
		name:  "checkpoint-of-the-page-hash",
		fault: "The checkpoint is over the page, and not over the chain.",
		rule:  "export-issues-checkpoints",
		fails: []string{"A checkpoint is over the chain and the counts of its page"},
		behavior: forging(forgery{seals: func(_ *request, page *response) {
			page.put("/export/checkpoint/attestation_chain_hash", page.at("/export/export_hash"))
			page.rehashCheckpoint()
		}}),
	},
	{
		name:  "checkpoint-used-once-only",
		fault: "A checkpoint can be continued once.",
		rule:  "export-issues-checkpoints",
		fails: []string{"A checkpoint may be used again, and gives the same page again"},
		behavior: func() handle {
			used := &counter{}
			return replacing(toExport, func(next forward, q *request) *response {
				a := next(q)
				if checkpoint := q.query("checkpoint_after"); checkpoint != "" && a.status == http.StatusOK && used.next(checkpoint) > 1 {
					return unreadable(q)
				}
				return a
			})()
		},
	},

	// ---- signatures ----
	{
		name:     "signed-with-another-key",
		fault:    "A page is signed with a key that is not published, under the name of one that is.",
		rule:     "export-is-signed",
		fails:    []string{"A page is signed with an Ed25519 key of the published set"},
		failsAll: true, // each of them has a page
		behavior: forging(forgery{signature: func(_ *request, page *response) {
			page.signWith(text(page.at("/export/signature/key_id")), privateKeys["op-pi-k7"])
		}}),
	},
	{
		name:  "signature-of-another-page",
		fault: "A page has the signature of the same page an hour later.",
		rule:  "export-is-signed",
		fails: []string{
			"A page is signed with an Ed25519 key of the published set",
			"The signature of the development key is the one that another tool computed",
		},
		failsAll: true, // each of them has a page
		behavior: forging(forgery{signature: func(_ *request, page *response) {
			later := page.copy()
			later.put("/export/exported_at", shifted(text(page.at("/export/exported_at")), time.Hour))
			page.put("/export/signature/sig", later.signatureBy(privateKeys["lpgate-dev-k1"]))
		}}),
	},
	{
		name:  "entry-edited-after-signing",
		fault: "An entry is edited, and all hashes with it, under the old signature.",
		rule:  "export-is-signed",
		fails: []string{"Pages of every kind verify: <kind> > of one type | 50 | eligibility_evaluated | absent"},
		behavior: forging(forgery{signature: func(_ *request, page *response) {
			if page.at("/export/entries/0/event_type") != "eligibility_evaluated" {
				return
			}
			signature := page.at("/export/signature")
			page.put("/export/entries/0/details/recommended_status", "restricted")
			page.sealPage()
			page.sealChain()
			page.sealCheckpoint()
			page.put("/export/signature", signature)
		}}),
	},
	{
		name:     "signed-by-an-unknown-key",
		fault:    "A page names a key that is not published.",
		rule:     "export-is-signed",
		fails:    []string{"A page is signed with an Ed25519 key of the published set"},
		failsAll: true, // each of them has a page
		behavior: forging(forgery{signature: func(_ *request, page *response) {
			page.signWith("op-pi-k7", privateKeys["op-pi-k7"])
		}}),
	},
	{
		name:  "empty-page-not-signed-anew",
		fault: "Every empty page has the same signature.",
		rule:  "export-is-signed",
		fails: []string{"Pages of every kind verify: <kind> > without any entry | 50 | absent | 2031-03-01T09:00:00Z"},
		behavior: forging(forgery{signature: func(_ *request, page *response) {
			if len(page.entries()) == 0 {
				empty := &response{body: body{text: []byte(`{"export": {"entries": []}}`)}}
				page.put("/export/signature/sig", empty.signatureBy(privateKeys["lpgate-dev-k1"]))
			}
		}}),
	},

	// ---- arrivals ----
	{
		name:  "entry-repeated-between-pages",
		fault: "Each next page begins with the last entry of the page before.",
		rule:  "export-survives-arrivals",
		fails: []string{
			"Entries that arrive between two pages make no other one repeat or vanish",
			"An entry that arrives before the cursor moves no total",
		},
		failsAll: true, // each of them looks at a second page
		behavior: paging(func(given int) int { return given - 1 }, false),
	},
	{
		name:  "late-arrival-repeats-an-entry",
		fault: "A next page begins so many entries from the start, whatever arrived since.",
		rule:  "export-survives-arrivals",
		fails: []string{
			"Entries that arrive between two pages make no other one repeat or vanish",
			"An entry that arrives before the cursor moves no total",
		},
		behavior: paging(func(given int) int { return given }, false),
	},
	{
		name:  "late-arrival-vanishes",
		fault: "The pages of an export show what was there when it began.",
		rule:  "export-survives-arrivals",
		fails: []string{
			"Entries that arrive between two pages make no other one repeat or vanish",
			"An entry of the cursor's own time that arrives later is on the next page",
			"An entry that arrives after the last but one page makes the last page fuller",
		},
		behavior: paging(func(given int) int { return given }, true),
	},

	// ---- what is audited ----
	{
		name:  "write-not-audited",
		fault: "A rollout leaves no entry.",
		rule:  "writes-are-audited",
		fails: []string{"Each of the four writes leaves one entry with its own details"},
		behavior: forging(forgery{content: func(_ *request, page *response) {
			page.keep(func(entry any) bool { return child(entry, "event_type") != "rollout_upserted" })
		}}),
	},
	{
		name:  "entry-edited",
		fault: "The audit of an onboarding has another tier.",
		rule:  "writes-are-audited",
		fails: []string{
			"Each of the four writes leaves one entry with its own details",
			"An onboarding is audited with the tier and the status it had",
		},
		behavior: forging(forgery{content: func(_ *request, page *response) {
			if page.at("/export/entries/0/event_type") == "onboarded" {
				page.put("/export/entries/0/details/segment_tier", "S2")
			}
		}}),
	},
	{
		name:  "entry-dropped",
		fault: "The second entry of a page is not there, and everything is counted, hashed and signed without it.",
		rule:  "writes-are-audited",
		fails: []string{"Each of the four writes leaves one entry with its own details"},
		behavior: forging(forgery{content: func(_ *request, page *response) {
			if entries := page.entries(); len(entries) > 2 {
				page.show(slices.Delete(entries, 1, 2), page.total()-1)
			}
		}}),
	},
	{
		name:  "refused-write-audited",
		fault: "A refused status leaves an entry.",
		rule:  "writes-are-audited",
		fails: []string{"A refused write leaves no entry"},
		behavior: replacing(toStatus, func(next forward, q *request) *response {
			a := next(q)
			if a.code() == "CONFLICT" {
				statusRecorded(next, q)
			}
			return a
		}),
	},
	{
		name:  "replay-audited",
		fault: "A replayed status leaves a second entry.",
		rule:  "writes-are-audited",
		fails: []string{"A replay leaves no second entry"},
		behavior: func() handle {
			replays := &counter{}
			return replacing(toStatus, func(next forward, q *request) *response {
				a := next(q)
				if a.isReplay() {
					next(q.anew(fmt.Sprint(replays.next(""))))
				}
				return a
			})()
		},
	},
	{
		name:  "audit-ids-of-a-provider",
		fault: "Audit ids count for each provider from 1.",
		rule:  "writes-are-audited",
		fails: []string{"Audit ids count over all providers, in the order of arrival"},
		behavior: forging(forgery{content: func(_ *request, page *response) {
			for i := range page.entries() {
				page.put(entryAt(i)+"/audit_id", fmt.Sprintf("plpaudit_%06d", i+1))
			}
		}}),
	},
	{
		name:  "deny-without-its-codes",
		fault: "The audit of a deny has no reasons.",
		rule:  "writes-are-audited",
		fails: []string{"A write that is answered with a deny leaves its entry, and so does a paused rollout with a block"},
		behavior: forging(forgery{content: func(_ *request, page *response) {
			for i, entry := range page.entries() {
				if child(entry, "event_type") == "eligibility_evaluated" {
					page.put(entryAt(i)+"/reason_codes", []any{})
				}
			}
		}}),
	},
	{
		name:  "other-providers-entries",
		fault: "An export has the entries of all providers of the partner.",
		rule:  "writes-are-audited",
		fails: []string{"An export has the entries of its provider alone"},
		behavior: func() handle {
			before := &notes[string]{}
			return func(next forward, q *request) *response {
				me := q.header.Get("X-Actor-Id")
				another, ok := before.read(me)
				a := forging(forgery{content: func(q *request, page *response) {
					if !ok || another == q.provider {
						return
					}
					c := q.copy()
					c.goTo(&url.URL{Path: "/partner-liquidity-providers/" + another + "/rollout/export"})
					more := next(c)
					page.show(append(more.entries(), page.entries()...), more.total()+page.total())
				}})()(next, q)
				if id := text(a.at("/provider/provider_id")); q.operation == toOnboard && !ok && id != "" {
					before.write(me, id)
				}
				return a
			}
		},
	},
}
