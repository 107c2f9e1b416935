//go:build !race

package wrongservices

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// exportServices are about the signed export. Most of them have the private key: their pages are hashed, chained and signed
// correctly (see forgery), so only one step of a scenario finds the fault.
var exportServices = []wrongService{
	// ---- the query ----
	{
		name:  "limit-201-refused",
		fault: "A limit over 200 is refused.",
		rule:  "export-query-is-readable",
		fails: []string{"<parameter> is read when it is <value> > limit | 201 | 200"},
		behavior: replacing(toExport, func(next forward, q *request) *response {
			if limit, err := strconv.Atoi(q.query("limit")); err == nil && limit > 200 {
				return unreadable(q)
			}
			return next(q)
		}),
	},
	{
		name:   "limit-201-in-force",
		fault:  "A limit of 201 counts as 201.",
		rule:   "export-query-is-readable",
		fails:  []string{"<parameter> is read when it is <value> > limit | 201 | 200"},
		checks: []string{"schema"},
		behavior: forging(forgery{content: func(q *request, page *response) {
			if q.query("limit") == "201" {
				page.put("/export/query/limit", json.Number("201"))
			}
		}}),
	},
	{
		name:  "limit-of-zero-accepted",
		fault: "A limit of 0 is the default.",
		rule:  "export-query-is-readable",
		fails: []string{"<parameter> is refused when it is <value> > limit | 0"},
		behavior: changingRequest(toExport, func(q *request) {
			if q.query("limit") == "0" {
				q.setQuery("limit", "")
			}
		}),
	},
	{
		name:  "signed-number-accepted",
		fault: "A number may have a plus before it.",
		rule:  "export-query-is-readable",
		fails: []string{
			"<parameter> is refused when it is <value> > limit | +1",
			"<parameter> is refused when it is <value> > retention_days | +1",
		},
		behavior: changingRequest(toExport, func(q *request) {
			for _, name := range []string{"limit", "retention_days"} {
				if value := q.query(name); strings.HasPrefix(value, "+") {
					q.setQuery(name, value[1:])
				}
			}
		}),
	},
	{
		name:  "leading-zeros-refused",
		fault: "A number may not begin with a zero.",
		rule:  "export-query-is-readable",
		fails: []string{"<parameter> is read when it is <value> > retention_days | 00030 | 30"},
		behavior: replacing(toExport, func(next forward, q *request) *response {
			if strings.HasPrefix(q.query("retention_days"), "0") {
				return unreadable(q)
			}
			return next(q)
		}),
	},
	{
		name:  "unknown-event-type-accepted",
		fault: "An event type that is none filters nothing out.",
		rule:  "export-query-is-readable",
		fails: []string{"<parameter> is refused when it is <value> > event_type | deleted"},
		behavior: changingRequest(toExport, func(q *request) {
			if q.query("event_type") == "deleted" {
				q.setQuery("event_type", "")
			}
		}),
	},
	{
		name:  "malformed-query-read",
		fault: "A percent sign that encodes nothing is overlooked.",
		rule:  "export-query-is-readable",
		fails: []string{"The query string <query> is refused, for it has <flaw> > limit=1&color=% | a percent sign in what is unknown"},
		behavior: changingRequest(toExport, func(q *request) {
			u := *q.url
			u.RawQuery = strings.TrimSuffix(u.RawQuery, "&color=%")
			q.url = &u
		}),
	},
	{
		name:  "first-of-two-counts",
		fault: "Of a parameter that is given twice the first one counts.",
		rule:  "export-query-is-readable",
		fails: []string{"The query string <query> is read > limit=2&limit=1 | 1"},
		behavior: changingRequest(toExport, func(q *request) {
			if limits := q.url.Query()["limit"]; len(limits) > 1 {
				q.setQuery("limit", limits[0])
			}
		}),
	},
	{
		name:  "empty-value-refused",
		fault: "An empty value is a value that does not parse.",
		rule:  "export-query-is-readable",
		fails: []string{"The query string <query> is read > limit= | 50"},
		behavior: replacing(toExport, func(next forward, q *request) *response {
			if q.url.RawQuery == "limit=" {
				return unreadable(q)
			}
			return next(q)
		}),
	},
	{
		name:  "leap-second-accepted",
		fault: "A leap second is the second before it.",
		rule:  "export-query-is-readable",
		fails: []string{"<parameter> is refused when it is <value> > from_iso | 2016-12-31T23:59:60Z"},
		behavior: changingRequest(toExport, func(q *request) {
			if from := q.query("from_iso"); strings.HasSuffix(from, ":60Z") {
				q.setQuery("from_iso", strings.Replace(from, ":60Z", ":59Z", 1))
			}
		}),
	},

	// ---- continuation ----
	{
		name:  "partial-continuation-accepted",
		fault: "A continuation that is not whole begins anew.",
		rule:  "export-continuation-is-complete",
		fails: []string{
			"A next page with cursor <cursor>, attestation <attestation>, checkpoint <checkpoint> > {cursor} | absent | absent | …",
			"A next page with cursor <cursor>, attestation <attestation>, checkpoint <checkpoint> > {cursor} | {attestation} | absent | …",
		},
		behavior: forgiving(func(q *request, _ *issued) bool { return q.query("checkpoint_after") == "" && q.beginAnew() }),
	},
	{
		name:  "unknown-checkpoint-accepted",
		fault: "An unknown checkpoint is ignored.",
		rule:  "export-checkpoint-is-known",
		fails: []string{
			"A next page after a checkpoint that is <what> > nobody's | 0000000000000000000000000000000000000000000000000000000000000000 | …",
		},
		behavior: forgiving(func(q *request, before *issued) bool {
			return before == nil && strings.HasPrefix(q.query("checkpoint_after"), "0000") && q.beginAnew()
		}),
	},
	{
		name:  "other-providers-checkpoint-accepted",
		fault: "A checkpoint continues its provider, whichever one is requested.",
		rule:  "export-checkpoint-is-own",
		fails: []string{"A page of one provider is continued for <whom> > another provider of that partner | {second} | …"},
		behavior: forgiving(func(q *request, before *issued) bool {
			u := *before.question.url
			u.RawQuery = q.url.RawQuery
			q.goTo(&u)
			return true
		}),
	},
	{
		name:  "expired-checkpoint-accepted",
		fault: "A checkpoint never expires.",
		rule:  "export-checkpoint-is-fresh",
		fails: []string{
			"A checkpoint lives for the retention days it was issued with: <days>, continued at <later> > 1 | 2031-03-01T09:00:00.001Z | …",
			"With a checkpoint retention of one day a checkpoint lives for a day, continued at <later> > 2031-03-02T13:00:00.001Z | …",
		},
		behavior: forgiving(atTheTimeBefore),
	},
	{
		name:  "checkpoint-expires-at-the-instant",
		fault: "A checkpoint expires at the end of its life, not after it.",
		rule:  "export-checkpoint-is-fresh",
		fails: []string{
			"A checkpoint lives for the retention days it was issued with: <days>, continued at <later> > 1 | 2031-03-01T09:00:00.000Z | 200",
			"A checkpoint lives for the retention days it was issued with: <days>, continued at <later> > 180 | 2031-08-27T09:00:00.000Z | 200",
		},
		behavior: changingRequest(toExport, func(q *request) {
			if q.query("checkpoint_after") != "" {
				q.setQuery("now_iso", shifted(q.query("now_iso"), time.Millisecond))
			}
		}),
	},
	{
		name:  "checkpoint-used-up-by-a-late-request",
		fault: "A request that comes too late takes the checkpoint away.",
		rule:  "export-checkpoint-is-fresh",
		fails: []string{"A request that comes too late does not expire it for one that comes in time"},
		behavior: func() handle {
			gone := &notes[bool]{}
			return replacing(toExport, func(next forward, q *request) *response {
				checkpoint := q.query("checkpoint_after")
				if used, _ := gone.read(checkpoint); used {
					return unreadable(q)
				}
				a := next(q)
				if checkpoint != "" && a.status != http.StatusOK {
					gone.write(checkpoint, true)
				}
				return a
			})()
		},
	},
	{
		name:  "equal-checkpoint-not-renewed",
		fault: "A checkpoint lives from when it was first handed out.",
		rule:  "export-checkpoint-is-fresh",
		fails: []string{"Handing out an equal checkpoint renews it, continued at <later> > 2031-03-01T06:00:00.001Z | 200"},
		behavior: func() handle {
			first := &notes[string]{}
			return replacing(toExport, func(next forward, q *request) *response {
				at, ok := first.read(q.query("checkpoint_after"))
				if ok && q.query("retention_days") == "1" && shifted(q.query("now_iso"), 0) > shifted(at, 24*time.Hour) {
					return unreadable(q)
				}
				a := next(q)
				checkpoint := text(a.at("/export/checkpoint/checkpoint_hash"))
				if _, ok := first.read(checkpoint); !ok && checkpoint != "" {
					first.write(checkpoint, text(a.at("/export/exported_at")))
				}
				return a
			})()
		},
	},
	{
		name:  "cursor-of-another-page-accepted",
		fault: "The checkpoint decides, whatever cursor comes with it.",
		rule:  "export-page-follows-its-checkpoint",
		fails: []string{
			"Cursor <cursor>, attestation <attestation> and checkpoint <checkpoint> of two pages > two | one | one | …",
			"A next page is refused with a <name> that is <what> > cursor_after | no cursor | second",
		},
		behavior: forgiving(func(q *request, before *issued) bool {
			if before != nil {
				q.setQuery("cursor_after", text(before.page.at("/export/next_cursor")))
			}
			return before != nil
		}),
	},
	{
		name:  "attestation-of-another-page-accepted",
		fault: "Whatever attestation comes with a checkpoint is taken.",
		rule:  "export-page-follows-its-checkpoint",
		fails: []string{
			"Cursor <cursor>, attestation <attestation> and checkpoint <checkpoint> of two pages > one | two | one | …",
			"A next page is refused with a <name> that is <what> > attestation_after | the hash of the page | {page}",
		},
		behavior: forgiving(func(q *request, before *issued) bool {
			if before != nil {
				q.setQuery("attestation_after", text(before.page.at("/export/attestation/chain_hash")))
			}
			return before != nil
		}),
	},
	{
		name:  "last-page-followed",
		fault: "After the last page the export begins anew.",
		rule:  "export-page-follows-its-checkpoint",
		fails: []string{"Nothing follows the last page, not even with a cursor made up from its last entry"},
		behavior: forgiving(func(q *request, before *issued) bool {
			return before != nil && !before.page.has("/export/next_cursor") && q.beginAnew()
		}),
	},
	{
		name:  "limit-may-change",
		fault: "A next page may have another limit.",
		rule:  "export-filters-stay",
		fails: []string{
			"A next page with <parameter> <value>, after one of every filter > limit | 2 | …",
			"A next page with <parameter> <value>, after one of every filter > limit | absent | …",
		},
		behavior: forgiving(withTheFilterBefore("limit")),
	},
	{
		name:  "event-type-may-change",
		fault: "A next page may have another event type.",
		rule:  "export-filters-stay",
		fails: []string{
			"A next page with <parameter> <value>, after one of every filter > event_type | onboarded | …",
			"A next page with <parameter> <value>, after one without any filter > event_type | status_upserted | …",
		},
		behavior: forgiving(withTheFilterBefore("event_type")),
	},
	{
		name:     "window-may-change",
		fault:    "A next page may have another end of the window.",
		rule:     "export-filters-stay",
		fails:    []string{"A next page with <parameter> <value>, after one of every filter > to_iso | 2031-03-01T13:00:00.001Z | …"},
		behavior: forgiving(withTheFilterBefore("to_iso")),
	},
	{
		name:  "filters-compared-as-text",
		fault: "A filter that is spelled otherwise is another filter.",
		rule:  "export-filters-stay",
		fails: []string{
			"A next page with <parameter> <value>, after one of every filter > from_iso | 2031-03-01T12:00:00+02:00 | 200",
		},
		behavior: func() handle {
			from := &notes[string]{}
			return replacing(toExport, func(next forward, q *request) *response {
				before, ok := from.read(q.query("checkpoint_after"))
				a := next(q)
				if ok && a.status == http.StatusOK && before != q.query("from_iso") {
					return unreadable(q)
				}
				from.write(text(a.at("/export/checkpoint/checkpoint_hash")), q.query("from_iso"))
				return a
			})()
		},
	},
	{
		name:  "gone-cursor-accepted",
		fault: "A next page begins behind an entry that retention has cut by then.",
		rule:  "export-cursor-still-stands",
		fails: []string{
			"A next page at <later>, when the entry of its cursor is 30 days old or older > 2031-03-31T09:00:00.001Z | …",
		},
		behavior: forgiving(atTheTimeBefore),
	},
	{
		name:  "cursor-gone-too-early",
		fault: "An entry exactly at the cut-off is no cursor any more.",
		rule:  "export-cursor-still-stands",
		fails: []string{
			"A next page at <later>, when the entry of its cursor is 30 days old or older > 2031-03-31T09:00:00.000Z | …",
		},
		behavior: changingRequest(toExport, func(q *request) {
			if q.query("cursor_after") != "" {
				q.setQuery("now_iso", shifted(q.query("now_iso"), time.Millisecond))
			}
		}),
	},

	// ---- which entries ----
	{
		name:  "from-is-exclusive",
		fault: "An entry at from_iso is out.",
		rule:  "export-window-is-half-open",
		fails: []string{
			"From <from> to <to> there are <total> entries > 2031-03-01T10:00:00.000Z | absent | 3 | …",
			"From <from> to <to> there are <total> entries > 2031-03-01T10:00:00.000Z | 2031-03-01T10:00:00.001Z | 1 | …",
		},
		behavior: shifting("from_iso", time.Millisecond),
	},
	{
		name:     "to-is-inclusive",
		fault:    "An entry at to_iso is in.",
		rule:     "export-window-is-half-open",
		fails:    []string{"From <from> to <to> there are <total> entries > absent | 2031-03-01T12:00:00.000Z | 3 | …"},
		behavior: shifting("to_iso", time.Millisecond),
	},
	{
		name:  "empty-page-refused",
		fault: "A reversed range is refused.",
		rule:  "export-window-is-half-open",
		fails: []string{
			"From <from> to <to> there are <total> entries > 2031-03-01T12:00:00.000Z | 2031-03-01T09:00:00.000Z | 0 | []",
			"An empty range gives an empty page, hashed and signed like any other",
		},
		behavior: replacing(toExport, func(next forward, q *request) *response {
			if q.query("to_iso") != "" && q.query("from_iso") > q.query("to_iso") {
				return unreadable(q)
			}
			return next(q)
		}),
	},
	{
		name:  "retention-cuts-at-the-instant",
		fault: "An entry exactly as old as the retention is out.",
		rule:  "export-retention-cuts",
		fails: []string{
			"With retention days <days> at <now> the oldest entry is <oldest> > 1 | 2031-03-02T10:00:00.000Z | 3 | status_upserted",
			"With a default retention of 30 days the oldest entry at <now> is <oldest> > 2031-03-31T10:00:00.000Z | 3 | status_upserted",
		},
		behavior: cutting(time.Millisecond),
	},
	{
		name:  "retention-cuts-a-millisecond-late",
		fault: "An entry a millisecond older than the retention is in.",
		rule:  "export-retention-cuts",
		fails: []string{
			"With retention days <days> at <now> the oldest entry is <oldest> > absent | 2031-08-28T10:00:00.001Z | 2 | eligibility_evaluated",
		},
		behavior: cutting(-time.Millisecond),
	},
	{
		name:  "later-than-now-is-out",
		fault: "An entry dated after now is out.",
		rule:  "export-retention-cuts",
		fails: []string{
			"With retention days <days> at <now> the oldest entry is <oldest> > 1 | 2031-02-01T00:00:00Z | 4 | onboarded",
		},
		behavior: forging(forgery{content: func(q *request, page *response) {
			page.keep(func(entry any) bool {
				return q.query("now_iso") == "" || text(child(entry, "recorded_at")) <= shifted(q.query("now_iso"), 0)
			})
		}}),
	},
	{
		name:  "default-is-the-largest-retention",
		fault: "A server with a retention of its own lets no request reach back further.",
		rule:  "export-retention-cuts",
		fails: []string{"A request may reach back further than the default retention"},
		behavior: changingRequest(toExport, func(q *request) {
			if q.query("retention_days") == "180" {
				q.setQuery("retention_days", "30")
			}
		}),
	},
	{
		name:  "event-type-ignored",
		fault: "The event type is named in the query, and filters nothing.",
		rule:  "export-filters-events",
		fails: []string{
			"With the event type <type> there are the entries of that type alone > onboarded | 1 | 2031-03-01T09:00:00.000Z",
			"With the event type <type> there are the entries of that type alone > status_upserted | 2 | 2031-03-01T10:00:00.000Z",
		},
		behavior: forging(forgery{
			query: func(q *request) { q.setQuery("event_type", "") },
			content: func(q *request, page *response) {
				if wanted := q.query("event_type"); wanted != "" {
					page.put("/export/query/event_type", wanted)
				}
			},
		}),
	},
	{
		name:  "filtered-in-silence",
		fault: "Entries of one type are left out, without a filter in the query.",
		rule:  "export-filters-events",
		fails: []string{"Without an event type there are entries of every type"},
		behavior: forging(forgery{content: func(q *request, page *response) {
			page.keep(func(entry any) bool {
				return q.query("event_type") != "" || child(entry, "event_type") != "eligibility_evaluated"
			})
		}}),
	},
	{
		name:  "ordered-by-arrival-alone",
		fault: "Entries are in the order in which they arrived.",
		rule:  "export-orders-entries",
		fails: []string{"Entries are ordered by their time, with a limit of <limit> > 50"},
		behavior: forging(forgery{content: func(_ *request, page *response) {
			page.reorder(func(x, y any) int { return strings.Compare(text(child(x, "audit_id")), text(child(y, "audit_id"))) })
		}}),
	},
	{
		name:  "ties-the-other-way-round",
		fault: "Of entries of one time the last to arrive comes first.",
		rule:  "export-orders-entries",
		fails: []string{
			"Entries of one time are ordered by their arrival, with a limit of <limit> > 50",
			"What lies past the millisecond is cut and orders nothing",
		},
		behavior: forging(forgery{content: func(_ *request, page *response) {
			page.reorder(func(x, y any) int {
				if at := strings.Compare(text(child(x, "recorded_at")), text(child(y, "recorded_at"))); at != 0 {
					return at
				}
				return strings.Compare(text(child(y, "audit_id")), text(child(x, "audit_id")))
			})
		}}),
	},
	{
		name:  "entries-swapped",
		fault: "The first two entries of a page have changed places.",
		rule:  "export-hashes-the-page",
		fails: []string{"The whole trail, with the hashes that another tool computed"},
		behavior: forging(forgery{content: func(_ *request, page *response) {
			if entries := page.entries(); len(entries) > 1 {
				entries[0], entries[1] = entries[1], entries[0]
				page.show(entries, page.total())
			}
		}}),
	},

	// ---- pages ----
	{
		name:  "cursor-on-the-last-page",
		fault: "The last page has a next cursor.",
		rule:  "export-limits-pages",
		fails: []string{
			"The first page at a limit of <limit> has no cursor, for nothing follows > 4",
			"With a limit of <limit> the four entries stand on <pages> pages > 4 | 1",
		},
		behavior: forging(forgery{content: func(_ *request, page *response) {
			if entries := page.entries(); len(entries) > 0 {
				page.put("/export/next_cursor", cursorOf(entries[len(entries)-1]))
			}
		}}),
	},
	{
		name:  "no-cursor-although-more-follows",
		fault: "The first page is called the last one.",
		rule:  "export-limits-pages",
		fails: []string{
			"The first page at a limit of <limit> ends in a cursor, for more follows > 3 | 2031-03-01T11:00:00\\.000Z",
			"With a limit of <limit> the four entries stand on <pages> pages > 2 | 2",
		},
		behavior: forging(forgery{content: func(_ *request, page *response) { page.drop("/export/next_cursor") }}),
	},
	{
		name:  "entry-skipped-between-pages",
		fault: "Each next page begins one entry too late.",
		rule:  "export-limits-pages",
		fails: []string{
			"With a limit of <limit> the four entries stand on <pages> pages > 1 | 4",
			"With a limit of <limit> the four entries stand on <pages> pages > 3 | 2",
		},
		behavior: paging(func(given int) int { return given + 1 }, false),
	},
	{
		name:  "empty-page-at-the-end",
		fault: "A full page is always followed by another, be it empty.",
		rule:  "export-limits-pages",
		fails: []string{"With a limit of <limit> the four entries stand on <pages> pages > 2 | 2"},
		behavior: func() handle {
			behind := &notes[*request]{}
			forge := forging(forgery{content: func(q *request, page *response) {
				entries := page.entries()
				if q.query("limit") == "2" && len(entries) == 2 && !page.has("/export/next_cursor") {
					page.put("/export/next_cursor", cursorOf(entries[1]))
					behind.write(cursorOf(entries[1]), q.copy())
				}
			}})()
			return func(next forward, q *request) *response {
				if last, ok := behind.read(q.query("cursor_after")); ok {
					// The page after the last: that one again, without its entries.
					a := next(last)
					a.continues(q)
					a.drop("/export/next_cursor")
					a.show(nil, 0)
					a.sealPage()
					a.sealChain()
					a.sealCheckpoint()
					a.sign(text(a.at("/export/signature/key_id")))
					return a
				}
				return forge(next, q)
			}
		},
	},
	{
		name:     "total-of-the-page",
		fault:    "The total counts the entries of the page.",
		rule:     "export-counts-from-cursor",
		fails:    []string{"The total counts what is left, this page included", "The total counts what the filters leave"},
		failsAll: true, // each of them has a page that is not the last
		behavior: forging(forgery{content: func(_ *request, page *response) { page.show(page.entries(), len(page.entries())) }}),
	},
	{
		name:  "total-of-the-whole-export",
		fault: "The total counts the entries of the pages before, too.",
		rule:  "export-counts-from-cursor",
		fails: []string{
			"The total counts what is left, this page included",
			"The total of the last page may be less than the limit",
		},
		behavior: func() handle {
			first := &notes[int]{}
			return forging(forgery{content: func(q *request, page *response) {
				if total, ok := first.read(q.provider); ok && q.query("cursor_after") != "" {
					page.show(page.entries(), total)
				} else {
					first.write(q.provider, page.total())
				}
			}})()
		},
	},
	{
		name:  "other-filter-named",
		fault: "The query names a filter that was not given.",
		rule:  "export-fills-defaults",
		fails: []string{"An export without a query names the defaults, and no other filter"},
		behavior: forging(forgery{content: func(q *request, page *response) {
			if q.url.RawQuery == "" {
				page.put("/export/query/to_iso", page.at("/export/exported_at"))
			}
		}}),
	},
	{
		name:     "filter-not-named",
		fault:    "The query does not name the beginning of the window that is in force.",
		rule:     "export-fills-defaults",
		fails:    []string{"Every filter that was given is named as it is in force"},
		behavior: forging(forgery{content: func(_ *request, page *response) { page.drop("/export/query/from_iso") }}),
	},
	{
		name:     "continuation-not-named",
		fault:    "The query does not name the checkpoint that is continued.",
		rule:     "export-fills-defaults",
		fails:    []string{"A next page names what it continues"},
		behavior: forging(forgery{content: func(_ *request, page *response) { page.drop("/export/query/checkpoint_after") }}),
	},
	{
		name:  "exported-at-is-now",
		fault: "exported_at is now, whatever exported_at_iso is.",
		rule:  "export-fills-defaults",
		fails: []string{"exported_at is <which>, and no clock is named among the filters > its own when it has one | …"},
		behavior: forging(forgery{content: func(q *request, page *response) {
			if now := q.query("now_iso"); now != "" {
				page.put("/export/exported_at", shifted(now, 0))
			}
		}}),
	},

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

// unreadable refuses an export.
func unreadable(q *request) *response {
	return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", reasonInvalid, nil)
}

// issued is a page that was returned, and its request.
type issued struct {
	question *request
	page     *response
}

// forgiving returns a next page that the fake refuses, if the query can be repaired: repair changes it, and returns
// whether it did. It receives the page that returned the checkpoint, or nil.
func forgiving(repair func(q *request, before *issued) bool) func() handle {
	return func() handle {
		handedOut := &notes[*issued]{}
		return replacing(toExport, func(next forward, q *request) *response {
			a := next(q)
			if a.code() == "CONSTRAINT_VIOLATION" {
				before, _ := handedOut.read(q.query("checkpoint_after"))
				if c := q.copy(); repair(c, before) {
					a = next(c)
				}
			}
			if checkpoint := text(a.at("/export/checkpoint/checkpoint_hash")); checkpoint != "" {
				handedOut.write(checkpoint, &issued{q.copy(), a.copy()})
			}
			return a
		})()
	}
}

// beginAnew takes the continuation away.
func (q *request) beginAnew() bool {
	for _, part := range continuation {
		q.setQuery(part.query, "")
	}
	return true
}

// atTheTimeBefore sends a request at the time of the page before.
func atTheTimeBefore(q *request, before *issued) bool {
	if before != nil {
		q.setQuery("now_iso", before.question.query("now_iso"))
	}
	return before != nil
}

// withTheFilterBefore asks with a filter of the page before.
func withTheFilterBefore(name string) func(q *request, before *issued) bool {
	return func(q *request, before *issued) bool {
		if before != nil {
			q.setQuery(name, before.question.query(name))
		}
		return before != nil
	}
}

// shifting filters by a time that is not the one that the query names.
func shifting(name string, by time.Duration) func() handle {
	return forging(forgery{
		query: func(q *request) {
			if at := q.query(name); at != "" {
				q.setQuery(name, shifted(at, by))
			}
		},
		content: func(q *request, page *response) {
			if at := q.query(name); at != "" {
				page.put("/export/query/"+name, shifted(at, 0))
			}
		},
	})
}

// cutting applies the retention by another time than the page has.
func cutting(by time.Duration) func() handle {
	return forging(forgery{
		query: func(q *request) {
			if now := nowOf(q); now != "" {
				q.setQuery("now_iso", shifted(now, by))
			}
		},
		content: func(q *request, page *response) {
			if now := nowOf(q); now != "" && q.query("exported_at_iso") == "" {
				page.put("/export/exported_at", shifted(now, 0))
			}
		},
	})
}

// nowOf is the test clock of an export.
func nowOf(q *request) string {
	if now := q.query("now_iso"); now != "" {
		return now
	}
	return q.header.Get("X-Now-Iso")
}

// sealing hashes a page in its own way, and chains and signs that.
func sealing(seal func(page *response)) func() handle {
	return forging(forgery{seals: func(_ *request, page *response) {
		seal(page)
		page.sealChain()
		page.sealCheckpoint()
	}})
}

// keep leaves some entries on the page, and counts the others out.
func (a *response) keep(kept func(entry any) bool) {
	all := a.entries()
	some := slices.DeleteFunc(slices.Clone(all), func(entry any) bool { return !kept(entry) })
	a.show(some, a.total()-len(all)+len(some))
}

// reorder sorts the page's entries, and moves its cursor to the last one.
func (a *response) reorder(compare func(x, y any) int) {
	entries := a.entries()
	slices.SortStableFunc(entries, compare)
	a.show(entries, a.total())
	if a.has("/export/next_cursor") {
		a.put("/export/next_cursor", cursorOf(entries[len(entries)-1]))
	}
}

// paging continues by counting entries, instead of by a cursor: begin returns where a next page begins after so many
// entries. With a snapshot, next pages have the entries of the first request.
func paging(begin func(given int) int, snapshot bool) func() handle {
	return func() handle {
		given, seen := &notes[int]{}, &notes[[]any]{}
		return forging(forgery{
			query: func(q *request) {
				q.beginAnew()
				q.setQuery("limit", "200")
			},
			content: func(q *request, page *response) {
				limit, err := strconv.Atoi(q.query("limit"))
				if err != nil {
					limit = 50
				}
				limit = min(limit, 200)
				page.put("/export/query/limit", json.Number(strconv.Itoa(limit)))
				all, from := page.entries(), 0
				after := q.provider + q.query("cursor_after")
				if so, ok := given.read(after); ok {
					from = begin(so)
					if before, _ := seen.read(after); snapshot {
						all = before
					}
				}
				from = min(max(from, 0), len(all))
				to := min(from+limit, len(all))
				page.show(all[from:to], len(all)-from)
				page.drop("/export/next_cursor")
				if to < len(all) {
					cursor := cursorOf(all[to-1])
					page.put("/export/next_cursor", cursor)
					given.write(q.provider+cursor, to)
					seen.write(q.provider+cursor, all)
				}
			},
		})()
	}
}
