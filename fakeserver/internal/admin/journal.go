package admin

import (
	"context"
	"net/http"

	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/journal"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/world"
	"example.com/lpgate/milestones"
)

// Entry is a request to a world and its response. Secrets are hidden.
type Entry = exchange.Exchange

// Journal is the result of a query.
type Journal struct {
	Entries []*Entry `json:"entries"`
	JournalCount
}

// JournalCount has the number of requests that match, that the journal has, and that it
// evicted because it was full.
type JournalCount struct {
	Matched int    `json:"matched"`
	Total   int    `json:"total"`
	Evicted uint64 `json:"evicted"`
}

// countOf returns the numbers of a page. A page after a request that the journal does not
// have is a problem.
func countOf(q journal.Query, page journal.Page) (JournalCount, *problem.Problem) {
	if page.Unknown {
		return JournalCount{}, problem.New(http.StatusNotFound, "The journal of this world has no request %s: it belongs to another world, or it was evicted, or the world was reset.", q.After)
	}
	return JournalCount{page.Matched, page.Held, page.Evicted}, nil
}

func journalOf(w *world.World, q journal.Query, page journal.Page) (any, *problem.Problem) {
	count, p := countOf(q, page)
	if p != nil {
		return nil, p
	}
	result := Journal{Entries: []*Entry{}, JournalCount: count}
	for _, e := range page.Entries {
		result.Entries = append(result.Entries, w.Mask().Stored(e))
	}
	return result, nil
}

// journalQuery reads the query parameters and the filters in them.
func (s *Server) journalQuery(r *request, known []milestones.Parameter) (parameters, journal.Query, *problem.Problem) {
	ps, p := r.parameters(known)
	if p != nil {
		return nil, journal.Query{}, p
	}
	q, p := s.query(ps)
	return ps, q, p
}

func (s *Server) findJournal(r *request) (any, *problem.Problem) {
	_, q, p := s.journalQuery(r, pageParameters)
	if p != nil {
		return nil, p
	}
	return s.withWorld(r, func(w *world.World) (any, *problem.Problem) { return journalOf(w, q, w.Journal.Find(q)) })
}

func (s *Server) countJournal(r *request) (any, *problem.Problem) {
	_, q, p := s.journalQuery(r, filterParameters)
	if p != nil {
		return nil, p
	}
	return s.withWorld(r, func(w *world.World) (any, *problem.Problem) {
		q.Limit = 1
		return countOf(q, w.Journal.Find(q))
	})
}

func (s *Server) waitJournal(r *request) (any, *problem.Problem) {
	ps, q, p := s.journalQuery(r, waitParameters)
	if p != nil {
		return nil, p
	}
	n, p := ps.integer("n", 1)
	if p != nil {
		return nil, p
	}
	timeout, p := ps.timeout()
	if p != nil {
		return nil, p
	}
	return s.withNewWorld(r, func(w *world.World) (any, *problem.Problem) {
		if most := w.Journal.Max(); n > most {
			return nil, problem.New(http.StatusBadRequest, "The query parameter n: %d requests can never match, because the journal has at most %d: wait for fewer, after the request in the parameter after, or set --journal-entries.", n, most)
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		go func() {
			s.Wait(ctx, timeout)
			cancel()
		}()
		page := w.Journal.Wait(ctx, q, n)
		if !page.Unknown && page.Matched < n && page.Closed {
			return nil, problem.New(http.StatusGone, "The world %s was deleted during the wait: %d of %d requests matched.", w.Name, page.Matched, n)
		}
		if !page.Unknown && page.Matched < n {
			return nil, problem.New(http.StatusRequestTimeout, "%d of %d requests matched within %s or until the server stopped. The journal has %d in all, and %d were evicted: GET …/journal lists them.", page.Matched, n, timeout, page.Held, page.Evicted)
		}
		return journalOf(w, q, page)
	})
}

func (s *Server) clearJournal(r *request) (any, *problem.Problem) {
	return s.withWorld(r, func(w *world.World) (any, *problem.Problem) {
		w.Journal.Clear()
		return nil, nil
	})
}
