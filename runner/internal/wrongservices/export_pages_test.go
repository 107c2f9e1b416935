//go:build !race

package wrongservices

import (
	"strings"
	"time"
)

// exportPagesServices continues [exportServices].
var exportPagesServices = []wrongService{
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
}
