//go:build !race

package wrongservices

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

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
