//go:build !race

package wrongservices

import (
	"encoding/json"
	"net/http"
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
}
