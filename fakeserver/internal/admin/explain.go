package admin

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/journal"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/rest"
	"example.com/lpgate/fakeserver/internal/world"
	"example.com/lpgate/fixtures"
	"example.com/lpgate/schemas"
)

// Explanation is why a request was answered as it was.
type Explanation struct {
	Request *Entry `json:"request"`
	// Considered are the rules that the request reached, in the order of deciding.
	Considered []Considered `json:"considered"`
	// Decided are the gates that refused it, or that gave their reason codes.
	Decided []string `json:"decided"`
	Message string   `json:"says"`
}

// Considered is a rule that a request reached.
type Considered struct {
	Rule    string `json:"rule"`
	Kind    string `json:"kind"` // gate or promise
	Message string `json:"says"` // the milestone's sentence
	Refused bool   `json:"refused"`
	// Inputs are what a gate looked at.
	Inputs []explain.Input `json:"inputs,omitzero"`
	// Changes are the nearest change that passes a gate that refused; Advice is that in
	// a sentence. Advice without changes is of a gate that no change of this request
	// passes, or none that can be told, or that the changes of the gates before it pass.
	Changes []explain.Change `json:"changes,omitzero"`
	Advice  string           `json:"advice,omitzero"`
}

func (p *Server) explain(c *call) (any, *problem.Problem) {
	id := c.PathValue("request_id")
	name := id[:max(strings.LastIndexByte(id, '.'), 0)]
	if name == "" {
		return nil, problem.New(http.StatusBadRequest, "%q is no id of a request: that is a world's name, a dot and a number, as X-Fake-Request-Id tells it.", id)
	}
	w, leave, wrong := p.Worlds.Find(name)
	if wrong != nil {
		return nil, wrong
	}
	defer leave()
	e := w.Journal.Entry(id)
	if e == nil {
		page := w.Journal.Find(journal.Query{Limit: 1})
		return nil, problem.New(http.StatusNotFound, "The journal of %s does not have the request %q. It has %d, and %d had to go.", name, id, page.Held, page.Evicted)
	}
	return p.explanationOf(w, e), nil
}

// shownChanges is how many changes of one gate are shown: a body can have very many
// violations.
const shownChanges = 100

func (p *Server) explanationOf(w *world.World, stored *exchange.Exchange) Explanation {
	e := w.Masked(stored)
	told := Explanation{Request: e, Considered: []Considered{}, Decided: []string{}}
	decided := e // the request whose rules decided
	if e.Replayed {
		if first := w.Journal.First(stored); first != nil {
			decided = w.Masked(first)
		}
	}
	m, in, gates := p.Milestone, p.caseOf(w, decided, e.RequestID), w.Explained()
	kept := rest.Cached(decided.Reached)
	for _, reached := range decided.Reached {
		considered := Considered{Rule: string(reached.Rule), Kind: "promise", Refused: reached.Refused}
		for _, rule := range m.Rules {
			if rule.ID == considered.Rule {
				considered.Message = rule.Description
			}
		}
		if gate, ok := gates[reached.Rule]; ok {
			considered.Kind, considered.Inputs = "gate", []explain.Input{}
			for _, input := range gate.Inputs {
				considered.Inputs = append(considered.Inputs, in.Fill(input))
			}
			if reached.Refused {
				considered.Advice = gate.Advice
				if gate.Change != nil {
					considered.Changes = gate.Change(in)
				}
				told.Decided = append(told.Decided, considered.Rule)
				in.Refused = append(in.Refused, reached.Rule)
				if all := len(considered.Changes); all > shownChanges {
					considered.Changes = considered.Changes[:shownChanges]
					considered.Advice += fmt.Sprintf(" These are %d of %d changes: explain the changed request for more.", shownChanges, all)
				}
				if kept && len(considered.Changes) > 0 {
					considered.Changes = append(considered.Changes, in.NewKey())
				}
			}
		}
		told.Considered = append(told.Considered, considered)
	}
	switch {
	case e.Fault != "":
		told.Message = "The request met the fault " + e.Fault + "."
	case decided != e:
		told.Message = "The answer was kept from the request " + decided.RequestID + ", which is explained here."
	case e.Replayed:
		told.Message = "The answer was kept from an earlier equal request."
	}
	if len(told.Decided) > 0 {
		told.Message = strings.TrimSpace(told.Message + " Decided by " + strings.Join(told.Decided, ", ") + ".")
	} else if told.Message == "" {
		told.Message = "No rule stood in the way."
	}
	if kept && len(told.Decided) > 0 {
		told.Message += " Send a changed request with a new " + m.Transport.IdempotencyHeader + ", for the answer is kept under this one."
	}
	return told
}

// caseOf reads an entry as the gates want to see it.
func (p *Server) caseOf(w *world.World, decided *exchange.Exchange, requestID string) *explain.Case {
	e := new(exchange.Exchange)
	*e = *decided
	e.RequestID = requestID
	path, query, _ := strings.Cut(e.Path, "?")
	c := &explain.Case{Exchange: e, Route: path, Methods: w.Methods(path), KeyMode: w.KeyMode()}
	c.Query, _ = url.ParseQuery(query)                            // as much of it as can be read
	if document, err := schemas.ReadRequest(e.Body); err == nil { // what was not read has no places to show
		c.Document = w.HideIn(document.Value)
	}
	if len(e.Body) == 0 && e.Method == http.MethodPost {
		c.Document, c.NoBody = map[string]any{}, true // as which it counts
	}
	if text, err := fixtures.FS.ReadFile("requests/" + e.Operation + ".json"); err == nil {
		id := jcs.String(e.ActorID)
		json.Unmarshal(bytes.ReplaceAll(text, []byte("{me}"), id[1:len(id)-1]), &c.Sample)
	}
	if e.Before != nil {
		json.Unmarshal(jcs.Encode(e.Before), &c.Provider)
		c.Provider = w.HideIn(c.Provider)
	}
	for _, o := range p.Milestone.Operations {
		c.Routes = append(c.Routes, explain.Route{Method: o.Method, Path: o.Path})
		if o.ID == e.Operation {
			c.Scope, c.Schema = o.Scope, o.RequestSchema
		}
	}
	return c
}
