package admin

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"example.com/lpgate/fakeserver/internal/clock"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/journal"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/milestones"
)

// The query parameters of the endpoints of the journal.
var (
	filterParameters = []milestones.Parameter{
		{Name: "operation", In: milestones.InQuery, Type: "string", Description: "Only requests for this operation of the milestone; unrouted for requests of no operation."},
		{Name: "outcome", In: milestones.InQuery, Type: "string", Description: "Only responses with this outcome of the milestone, such as success or rollout_blocked."},
		{Name: "status", In: milestones.InQuery, Type: "integer", Description: "Only responses with this HTTP status; 0 for requests without a response."},
		{Name: "reason_code", In: milestones.InQuery, Type: "string", Description: "Only responses with this reason code."},
		{Name: "fault", In: milestones.InQuery, Type: "string", Description: "Only requests that triggered the fault with this id, such as f1; any for any fault, none for requests that triggered none."},
		{Name: "replayed", In: milestones.InQuery, Type: "boolean", Description: "true for responses that were replayed for their idempotency key, false for all others."},
		{Name: "provider_id", In: milestones.InQuery, Type: "string", Description: "Only requests with this provider id in the path."},
		{Name: "from", In: milestones.InQuery, Type: "string", Format: "date-time", Description: "Only responses at or after this time of the world's clock."},
		{Name: "to", In: milestones.InQuery, Type: "string", Format: "date-time", Description: "Only responses before this time of the world's clock."},
		{Name: "after", In: milestones.InQuery, Type: "string", Description: "Only responses after that to the request with this id."},
	}
	pageParameters = append(slices.Clip(filterParameters), milestones.Parameter{Name: "limit", In: milestones.InQuery, Type: "integer", Description: "Maximum number of entries, the oldest first; default 100."})
	waitParameters = append(slices.Clip(pageParameters),
		milestones.Parameter{Name: "n", In: milestones.InQuery, Type: "integer", Description: "Number of requests to wait for; default 1, at most the capacity of the journal."},
		milestones.Parameter{Name: "timeout", In: milestones.InQuery, Type: "string", Description: "Maximum duration of the wait, such as 500ms or 5s; default 10s, at most 5m."})
)

const (
	defaultLimit   = 100
	defaultTimeout = 10 * time.Second
	maxTimeout     = 5 * time.Minute
)

// parameters returns the query parameters by name. It refuses unknown and repeated ones.
func (r *request) parameters(known []milestones.Parameter) (parameters, *problem.Problem) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, problem.New(http.StatusBadRequest, "The query string is malformed: %v.", err)
	}
	var names []string
	for _, p := range known {
		names = append(names, p.Name)
	}
	read := parameters{}
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

// parameters are query parameters by name.
type parameters map[string]string

// integer returns an integer that is not negative.
func (ps parameters) integer(name string, absent int) (int, *problem.Problem) {
	text, given := ps[name]
	if !given {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, problem.New(http.StatusBadRequest, "The query parameter %s: %q is not a whole number.", name, text)
	}
	return n, nil
}

// time returns a time; nil if it is absent.
func (ps parameters) time(name string) (*instant.Instant, *problem.Problem) {
	text, given := ps[name]
	if !given {
		return nil, nil
	}
	at, err := instant.Parse(text)
	if err != nil {
		return nil, problem.New(http.StatusBadRequest, "The query parameter %s: %v.", name, err)
	}
	return &at, nil
}

// timeout returns the duration of a wait.
func (ps parameters) timeout() (time.Duration, *problem.Problem) {
	text, given := ps["timeout"]
	if !given {
		return defaultTimeout, nil
	}
	span, err := clock.ParseSpan(text)
	if timeout := time.Duration(span); err == nil && timeout >= 0 && timeout <= maxTimeout {
		return timeout, nil
	}
	return 0, problem.New(http.StatusBadRequest, "The query parameter timeout: %q is not a duration from 0s to %s.", text, maxTimeout)
}

// faultID matches the ids of faults. A fault with the id need not exist yet.
var faultID = regexp.MustCompile(`^f[1-9][0-9]*$`)

// query returns the filters. It refuses names that the milestone does not have, because no
// request would ever match them.
func (s *Server) query(ps parameters) (q journal.Query, p *problem.Problem) {
	q = journal.Query{
		Operation: ps["operation"], Outcome: ps["outcome"], ReasonCode: ps["reason_code"], ProviderID: ps["provider_id"], After: ps["after"], Fault: ps["fault"],
	}
	if p := s.checkNames(q); p != nil {
		return q, p
	}
	if _, given := ps["status"]; given {
		status, p := ps.integer("status", 0)
		if p != nil {
			return q, p
		}
		if status != 0 && (status < 100 || status > 599) {
			return q, problem.New(http.StatusBadRequest, "The query parameter status: %d is not a status. Write 100 to 599, or 0 for requests without a response.", status)
		}
		q.Status = &status
	}
	if q.Fault != "" && q.Fault != journal.AnyFault && q.Fault != journal.NoFault && !faultID.MatchString(q.Fault) {
		return q, problem.New(http.StatusBadRequest, "The query parameter fault: %q is neither the id of a fault, such as f1, nor %s or %s.", q.Fault, journal.AnyFault, journal.NoFault)
	}
	switch given := ps["replayed"]; given {
	case "":
	case "true", "false":
		replayed := given == "true"
		q.Replayed = &replayed
	default:
		return q, problem.New(http.StatusBadRequest, "The query parameter replayed: %q is neither true nor false.", given)
	}
	if q.From, p = ps.time("from"); p != nil {
		return q, p
	}
	if q.To, p = ps.time("to"); p != nil {
		return q, p
	}
	q.Limit, p = ps.integer("limit", defaultLimit)
	if p == nil && q.Limit == 0 {
		p = problem.New(http.StatusBadRequest, "The query parameter limit must be 1 or more: to count requests, use GET …/journal/count.")
	}
	return q, p
}

// checkNames refuses an operation, outcome or reason code that the milestone does not have.
func (s *Server) checkNames(q journal.Query) *problem.Problem {
	var operations, outcomes []string
	for _, o := range append(slices.Clip(s.Milestone.Operations), s.Milestone.Router) {
		operations = append(operations, o.ID)
		for _, outcome := range o.Outcomes {
			outcomes = append(outcomes, outcome.Name)
		}
	}
	for _, filter := range []struct {
		kind, name string
		known      []string
	}{{"operation", q.Operation, operations}, {"outcome", q.Outcome, outcomes}, {"reason code", q.ReasonCode, s.Milestone.RequiredReasonCodes}} {
		if filter.name != "" && !slices.Contains(filter.known, filter.name) {
			return problem.Unknown(http.StatusBadRequest, filter.kind, filter.name, filter.known)
		}
	}
	return nil
}
