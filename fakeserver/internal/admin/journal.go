package admin

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"example.com/lpgate/fakeserver/internal/clock"
	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/journal"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/world"
	"example.com/lpgate/milestones"
)

// Entry is a request to a world and its answer. Of what the client sent, secrets are
// hidden.
type Entry = exchange.Exchange

// Journal is what a query found.
type Journal struct {
	Entries []*Entry `json:"entries"`
	JournalCount
}

// JournalCount is how many requests matched, how many the journal has, and how many had
// to go because it is bounded.
type JournalCount struct {
	Matched int    `json:"matched"`
	Held    int    `json:"held"`
	Evicted uint64 `json:"evicted"`
}

// The parameters of the endpoints.
var (
	filters = []milestones.Parameter{
		{Name: "operation", In: milestones.InQuery, Type: "string", Description: "Only requests for this operation of the milestone; unrouted is none of them."},
		{Name: "outcome", In: milestones.InQuery, Type: "string", Description: "Only answers with this outcome of the milestone, such as success or rollout_blocked."},
		{Name: "status", In: milestones.InQuery, Type: "integer", Description: "Only answers with this HTTP status; 0 is no answer."},
		{Name: "reason_code", In: milestones.InQuery, Type: "string", Description: "Only answers that give this reason code of the floor."},
		{Name: "fault", In: milestones.InQuery, Type: "string", Description: "Only requests that met the fault with this id, such as f1; any is whichever, and none is those that met none."},
		{Name: "replayed", In: milestones.InQuery, Type: "boolean", Description: "With true only answers that were given again for their idempotency key, and with false only others."},
		{Name: "provider_id", In: milestones.InQuery, Type: "string", Description: "Only requests with this provider id in their path."},
		{Name: "from", In: milestones.InQuery, Type: "string", Format: "date-time", Description: "Only answers of this time, by the world's clock, or later."},
		{Name: "to", In: milestones.InQuery, Type: "string", Format: "date-time", Description: "Only answers before this time, by the world's clock."},
		{Name: "after", In: milestones.InQuery, Type: "string", Description: "Only what was answered after the request with this id."},
	}
	page     = append(slices.Clip(filters), milestones.Parameter{Name: "limit", In: milestones.InQuery, Type: "integer", Description: "How many are shown at most, the oldest first; 100 when absent."})
	patience = append(slices.Clip(page),
		milestones.Parameter{Name: "n", In: milestones.InQuery, Type: "integer", Description: "How many must match; 1 when absent, and at most as many as the journal remembers."},
		milestones.Parameter{Name: "timeout", In: milestones.InQuery, Type: "string", Description: "How long to wait, such as 500ms or 5s; 10s when absent, 5m at most."})
)

const (
	shownDefault   = 100
	timeoutDefault = 10 * time.Second
	timeoutLongest = 5 * time.Minute
)

// query reads the query of an endpoint: each parameter once, and no other.
func (c *call) query(known []milestones.Parameter) (map[string]string, *problem.Problem) {
	values, err := url.ParseQuery(c.URL.RawQuery)
	if err != nil {
		return nil, problem.New(http.StatusBadRequest, "The query string is malformed: %v.", err)
	}
	var names []string
	for _, p := range known {
		names = append(names, p.Name)
	}
	read := map[string]string{}
	for name, given := range values {
		switch {
		case !slices.Contains(names, name):
			return nil, problem.Unknown(http.StatusBadRequest, "query parameter", name, names)
		case len(given) != 1:
			return nil, problem.New(http.StatusBadRequest, "The query parameter %s is given %d times.", name, len(given))
		case given[0] != "":
			read[name] = given[0]
		}
	}
	return read, nil
}

// number reads a whole number.
func number(read map[string]string, name string, absent int) (int, *problem.Problem) {
	text, given := read[name]
	if !given {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, problem.New(http.StatusBadRequest, "The query parameter %s: %q is not a whole number.", name, text)
	}
	return n, nil
}

// moment reads a time; nil when it is not given.
func moment(read map[string]string, name string) (*instant.Instant, *problem.Problem) {
	text, given := read[name]
	if !given {
		return nil, nil
	}
	at, err := instant.Parse(text)
	if err != nil {
		return nil, problem.New(http.StatusBadRequest, "The query parameter %s: %v.", name, err)
	}
	return &at, nil
}

// faultID is how the ids of faults are written. One that no fault has yet may be waited
// for.
var faultID = regexp.MustCompile(`^f[1-9][0-9]*$`)

// query reads what the filters say. A name that the milestone does not have would
// match nothing, for ever, so it is refused.
func (p *Server) query(read map[string]string) (q journal.Query, wrong *problem.Problem) {
	q = journal.Query{
		Operation: read["operation"], Outcome: read["outcome"], ReasonCode: read["reason_code"], ProviderID: read["provider_id"], After: read["after"],
	}
	var operations, outcomes []string
	for _, o := range append(slices.Clip(p.Milestone.Operations), p.Milestone.Router) {
		operations = append(operations, o.ID)
		for _, outcome := range o.Outcomes {
			outcomes = append(outcomes, outcome.Name)
		}
	}
	for _, name := range []struct {
		what, given string
		known       []string
	}{{"operation", q.Operation, operations}, {"outcome", q.Outcome, outcomes}, {"reason code", q.ReasonCode, p.Milestone.RequiredReasonCodes}} {
		if name.given != "" && !slices.Contains(name.known, name.given) {
			return q, problem.Unknown(http.StatusBadRequest, name.what, name.given, name.known)
		}
	}
	if _, given := read["status"]; given {
		status, wrong := number(read, "status", 0)
		if wrong != nil {
			return q, wrong
		}
		if status != 0 && (status < 100 || status > 599) {
			return q, problem.New(http.StatusBadRequest, "The query parameter status: no answer has %d. It is from 100 to 599, or 0, which is no answer.", status)
		}
		q.Status = &status
	}
	if q.Fault = read["fault"]; q.Fault != "" && q.Fault != journal.AnyFault && q.Fault != journal.NoFault && !faultID.MatchString(q.Fault) {
		return q, problem.New(http.StatusBadRequest, "The query parameter fault: %q is no id of a fault, such as f1, nor %s or %s.", q.Fault, journal.AnyFault, journal.NoFault)
	}
	switch given := read["replayed"]; given {
	case "":
	case "true", "false":
		replayed := given == "true"
		q.Replayed = &replayed
	default:
		return q, problem.New(http.StatusBadRequest, "The query parameter replayed: %q is neither true nor false.", given)
	}
	if q.From, wrong = moment(read, "from"); wrong != nil {
		return q, wrong
	}
	if q.To, wrong = moment(read, "to"); wrong != nil {
		return q, wrong
	}
	q.Limit, wrong = number(read, "limit", shownDefault)
	if wrong == nil && q.Limit == 0 {
		wrong = problem.New(http.StatusBadRequest, "The query parameter limit is 1 or more: to count, GET …/journal/count.")
	}
	return q, wrong
}

// countOf tells how much a page stands for. A page after a request that the journal
// does not have is a problem.
func countOf(q journal.Query, found journal.Page) (JournalCount, *problem.Problem) {
	if found.Unknown {
		return JournalCount{}, problem.New(http.StatusNotFound, "The journal of this world has no request %s: it is another world's, or it was evicted, or the world was reset.", q.After)
	}
	return JournalCount{found.Matched, found.Held, found.Evicted}, nil
}

func journalOf(w *world.World, q journal.Query, found journal.Page) (any, *problem.Problem) {
	count, wrong := countOf(q, found)
	if wrong != nil {
		return nil, wrong
	}
	shown := Journal{Entries: []*Entry{}, JournalCount: count}
	for _, e := range found.Entries {
		shown.Entries = append(shown.Entries, w.Masked(e))
	}
	return shown, nil
}

func (p *Server) findJournal(c *call) (any, *problem.Problem) {
	read, wrong := c.query(page)
	if wrong != nil {
		return nil, wrong
	}
	q, wrong := p.query(read)
	if wrong != nil {
		return nil, wrong
	}
	return p.ofWorld(c, func(w *world.World) (any, *problem.Problem) { return journalOf(w, q, w.Journal.Find(q)) })
}

func (p *Server) countJournal(c *call) (any, *problem.Problem) {
	read, wrong := c.query(filters)
	if wrong != nil {
		return nil, wrong
	}
	q, wrong := p.query(read)
	if wrong != nil {
		return nil, wrong
	}
	return p.ofWorld(c, func(w *world.World) (any, *problem.Problem) {
		q.Limit = 1
		return countOf(q, w.Journal.Find(q))
	})
}

func (p *Server) waitJournal(c *call) (any, *problem.Problem) {
	read, wrong := c.query(patience)
	if wrong != nil {
		return nil, wrong
	}
	q, wrong := p.query(read)
	if wrong != nil {
		return nil, wrong
	}
	n, wrong := number(read, "n", 1)
	if wrong != nil {
		return nil, wrong
	}
	long := timeoutDefault
	if given, ok := read["timeout"]; ok {
		span, err := clock.ParseSpan(given)
		if long = time.Duration(span); err != nil || long < 0 || long > timeoutLongest {
			return nil, problem.New(http.StatusBadRequest, "The query parameter timeout: %q is no time from 0s to %s.", given, timeoutLongest)
		}
	}
	return p.inWorld(c, func(w *world.World) (any, *problem.Problem) {
		if most := w.Journal.Most(); n > most {
			return nil, problem.New(http.StatusBadRequest, "The query parameter n: %d can never match, for the journal remembers %d requests: wait for fewer, after the request that after names, or set --journal-entries.", n, most)
		}
		ctx, cancel := context.WithCancel(c.Context())
		defer cancel()
		go func() {
			p.Wait(ctx, long)
			cancel()
		}()
		found := w.Journal.Wait(ctx, q, n)
		if !found.Unknown && found.Matched < n && found.Closed {
			return nil, problem.New(http.StatusGone, "The world %s was deleted while its journal was waited for: %d of %d requests matched.", w.Name, found.Matched, n)
		}
		if !found.Unknown && found.Matched < n {
			return nil, problem.New(http.StatusRequestTimeout, "%d of %d requests matched within %s, or until the server was told to stop. The journal has %d in all, and %d had to go: GET …/journal shows them.", found.Matched, n, long, found.Held, found.Evicted)
		}
		return journalOf(w, q, found)
	})
}

func (p *Server) clearJournal(c *call) (any, *problem.Problem) {
	return p.ofWorld(c, func(w *world.World) (any, *problem.Problem) {
		w.Journal.Clear()
		return nil, nil
	})
}
