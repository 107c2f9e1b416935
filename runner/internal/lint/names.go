package lint

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/steps"
)

// This file finds misspelt names of headers and query values. Services ignore unknown headers, and a scenario may
// send an unknown query value to see it refused. But a name that resembles one of the milestone is a typo.

// usualHeaders are the headers that any request or answer may have.
var usualHeaders = []string{"Accept", "Allow", "Authorization", "Cache-Control", "Content-Type", "Date", "Location", "Retry-After", "WWW-Authenticate"}

// names are what requests and answers of a milestone may have besides a body.
type names struct {
	headers []string
	queries map[string][]string // by the operation
}

func namesOf(m *milestones.Milestone) *names {
	n := &names{slices.Clone(usualHeaders), map[string][]string{}}
	n.headers = append(n.headers, m.Transport.CorrelationHeader, m.Transport.IdempotencyHeader, m.Transport.ReplayHeader)
	for _, identity := range m.Identities {
		n.headers = append(n.headers, identity.Headers...)
	}
	for _, parameter := range m.Parameters {
		if parameter.In == milestones.InHeader {
			n.headers = append(n.headers, parameter.Name)
			continue
		}
		for _, operation := range parameter.Operations {
			n.queries[operation] = append(n.queries[operation], parameter.Name)
		}
	}
	return n
}

// misspelt finds the names that a scenario misspells, in what it sends and in the headers that it asks for.
func (n *names) misspelt(scenario *plan.Scenario, dry *steps.DryRun) []steps.Fault {
	var faults []steps.Fault
	for i, step := range scenario.Pickle.Steps {
		definition, ok := steps.Find(step.Text)
		if !ok {
			continue
		}
		for _, name := range definition.Arguments(step.Text, "header") {
			if near := n.header(name); near != "" {
				faults = append(faults, steps.Fault{Step: i, Message: fmt.Sprintf("no answer has the header %s (did you mean %s?)", name, near)})
			}
		}
		for _, row := range rows(step) {
			kind, name, _ := strings.Cut(row.key, " ")
			name = strings.TrimSpace(name)
			message := ""
			switch operation := dry.Last[i]; {
			case kind == "header":
				if near := n.header(name); near != "" {
					message = fmt.Sprintf("no operation has the header %s (did you mean %s?)", name, near)
				}
			case kind == "query" && operation != nil:
				if near := nearMiss(name, n.queries[operation.ID]); near != "" {
					message = fmt.Sprintf("%s has no query value %s (did you mean %s?)", operation.ID, name, near)
				}
			}
			if message != "" {
				faults = append(faults, steps.Fault{Step: i, Row: row.number, Message: message})
			}
		}
	}
	return faults
}

// header is the header that was probably meant by one that the milestone does not have; "" when it looks like none.
func (n *names) header(name string) string {
	name = http.CanonicalHeaderKey(name)
	for _, known := range n.headers {
		if http.CanonicalHeaderKey(known) == name {
			return ""
		}
	}
	return suggest.Nearest(name, n.headers)
}

func nearMiss(name string, of []string) string {
	if slices.Contains(of, name) {
		return ""
	}
	return suggest.Nearest(name, of)
}
