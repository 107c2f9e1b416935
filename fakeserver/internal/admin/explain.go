package admin

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/journal"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/rest"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/fakeserver/internal/world"
	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// Explanation is the reason for the response to a request.
type Explanation struct {
	Request *Entry `json:"request"`
	// Rules are the rules that the request reached, in the order of decision.
	Rules []RuleResult `json:"rules"`
	// DecidedBy are the preconditions that refused it, or that added their reason codes.
	DecidedBy []string `json:"decided_by"`
	Message   string   `json:"message"`
}

// Kinds of rules.
const (
	Precondition = "precondition"
	Invariant    = "invariant"
)

// RuleResult is a rule that a request reached.
type RuleResult struct {
	Rule        string `json:"rule"`
	Kind        string `json:"kind"`
	Description string `json:"description"` // of the milestone
	Refused     bool   `json:"refused"`
	// Inputs are what a precondition depends on.
	Inputs []explain.Input `json:"inputs,omitzero"`
	// Changes are the smallest change of the request that satisfies a precondition that
	// refused it, and Advice is the change as a sentence. Changes are absent if there is no
	// such change, if it is unknown, or if it is among those of an earlier precondition.
	Changes []explain.Change `json:"changes,omitzero"`
	Advice  string           `json:"advice,omitzero"`
}

// maxChanges limits the changes of one precondition: a body can have many violations.
const maxChanges = 100

func (s *Server) explain(r *request) (any, *problem.Problem) {
	id := r.PathValue("request_id")
	name := id[:max(strings.LastIndexByte(id, '.'), 0)]
	if name == "" {
		return nil, problem.New(http.StatusBadRequest, "%q is not a request id: an id is the name of a world, a dot and a number, as in X-Fake-Request-Id.", id)
	}
	w, release, p := s.Worlds.Find(name)
	if p != nil {
		return nil, p
	}
	defer release()
	e := w.Journal.Get(id)
	if e == nil {
		page := w.Journal.Find(journal.Query{Limit: 1})
		return nil, problem.New(http.StatusNotFound, "The journal of %s has no request %q. It has %d requests, and %d were evicted.", name, id, page.Held, page.Evicted)
	}
	return s.explanationOf(w, e), nil
}

func (s *Server) explanationOf(w *world.World, stored *exchange.Exchange) Explanation {
	e := w.Mask().Stored(stored)
	decided := e // the request that was decided
	if e.Replayed {
		if first := w.Journal.First(stored); first != nil {
			decided = w.Mask().Stored(first)
		}
	}
	in := s.caseOf(w, decided, e.RequestID)
	cached := rest.Cached(decided.Reached) // the response is stored under the idempotency key
	result := Explanation{Request: e, Rules: []RuleResult{}, DecidedBy: []string{}}
	for _, reached := range decided.Reached {
		rule := s.ruleResult(w.Explained(), in, reached)
		if rule.Kind == Precondition && rule.Refused {
			result.DecidedBy = append(result.DecidedBy, rule.Rule)
			in.Refused = append(in.Refused, reached.Rule)
			if cached && len(rule.Changes) > 0 {
				rule.Changes = append(rule.Changes, in.NewKey())
			}
		}
		result.Rules = append(result.Rules, rule)
	}
	var lines []string
	switch {
	case e.Fault != "":
		lines = append(lines, "The request triggered the fault "+e.Fault+".")
	case decided != e:
		lines = append(lines, "The response was stored for the request "+decided.RequestID+", which is explained here.")
	case e.Replayed:
		lines = append(lines, "The response was stored for an earlier equal request.")
	}
	if len(result.DecidedBy) > 0 {
		lines = append(lines, "Decided by "+strings.Join(result.DecidedBy, ", ")+".")
		if cached {
			lines = append(lines, "Send a changed request with a new "+s.Milestone.Transport.IdempotencyHeader+", because the response is stored under this one.")
		}
	} else if lines == nil {
		lines = append(lines, "No rule refused the request.")
	}
	result.Message = strings.Join(lines, " ")
	return result
}

// ruleResult explains one rule.
func (s *Server) ruleResult(preconditions explain.Rules, in *explain.Case, reached ruletrace.Reached) RuleResult {
	result := RuleResult{Rule: string(reached.Rule), Kind: Invariant, Refused: reached.Refused}
	if i := slices.IndexFunc(s.Milestone.Rules, func(rule milestones.Rule) bool { return rule.ID == result.Rule }); i >= 0 {
		result.Description = s.Milestone.Rules[i].Description
	}
	precondition, ok := preconditions[reached.Rule]
	if !ok {
		return result
	}
	result.Kind, result.Inputs = Precondition, []explain.Input{}
	for _, input := range precondition.Inputs {
		result.Inputs = append(result.Inputs, in.Fill(input))
	}
	if !reached.Refused {
		return result
	}
	result.Advice = precondition.Advice
	if precondition.Change != nil {
		result.Changes = precondition.Change(in)
	}
	if all := len(result.Changes); all > maxChanges {
		result.Changes = result.Changes[:maxChanges]
		result.Advice += fmt.Sprintf(" These are %d of %d changes: explain the changed request for more.", maxChanges, all)
	}
	return result
}

// caseOf returns a decided request in the form that the rules explain, with the id of the
// request that is explained.
func (s *Server) caseOf(w *world.World, decided *exchange.Exchange, requestID string) *explain.Case {
	e := new(exchange.Exchange)
	*e = *decided
	e.RequestID = requestID
	path, query, _ := strings.Cut(e.Path, "?")
	c := &explain.Case{Exchange: e, Route: path, Methods: w.Methods(path), KeyMode: w.KeyMode()}
	c.Query, _ = url.ParseQuery(query) // the parts that can be parsed
	if document, err := schemas.ReadRequest(e.Body); err == nil {
		c.Document = w.Mask().JSON(document.Value)
	}
	if len(e.Body) == 0 && e.Method == http.MethodPost {
		c.Document, c.NoBody = map[string]any{}, true // an empty body counts as {}
	}
	if text, err := fixtures.FS.ReadFile("requests/" + e.Operation + ".json"); err == nil {
		id := jcs.String(e.ActorID)
		json.Unmarshal(bytes.ReplaceAll(text, []byte("{me}"), id[1:len(id)-1]), &c.Sample)
	}
	if e.Before != nil {
		json.Unmarshal(jcs.Encode(e.Before), &c.Provider)
		c.Provider = w.Mask().JSON(c.Provider)
	}
	for _, o := range s.Milestone.Operations {
		c.Routes = append(c.Routes, explain.Route{Method: o.Method, Path: o.Path})
		if o.ID == e.Operation {
			c.Scope, c.Schema = o.Scope, o.RequestSchema
		}
	}
	return c
}
