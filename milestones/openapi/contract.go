package openapi

import (
	"cmp"
	"fmt"
	"mime"
	"slices"
	"strconv"
	"strings"

	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// Contract gives the document of a milestone. It is where the document is served.
func Contract(m *milestones.Milestone, set *schemas.Set, examples []Example) *Document {
	d := &Document{
		Title: m.Title, Version: m.ID, Description: description(m),
		Servers: []Server{{URL: "/", Description: "Where this document is."}},
		Schemas: set, Examples: examples,
	}
	for _, identity := range m.Identities {
		for _, header := range identity.Headers {
			at := slices.IndexFunc(d.Schemes, func(s Scheme) bool { return s.Name == header })
			if at < 0 {
				at = len(d.Schemes)
				d.Schemes = append(d.Schemes, Scheme{Name: header, Header: header})
			}
			d.Schemes[at].Description += fmt.Sprintf("- `%s` (%s): %s\n", identity.ID, strings.Join(identity.Headers, ", "), identity.Description)
		}
	}
	for i := range m.Operations {
		d.Operations = append(d.Operations, operationOf(m, &m.Operations[i]))
	}
	return d
}

// description returns the description of the document: the answers to requests that reach no operation.
func description(m *milestones.Milestone) string {
	var b strings.Builder
	b.WriteString("A request that reaches no operation is refused:\n\n")
	for _, o := range m.Router.Outcomes {
		fmt.Fprintf(&b, "- %d %s\n", o.Status, o.Code)
	}
	return b.String() + "\n" + rulesOf(m, m.Router.ID)
}

// rulesOf lists the rules of an operation.
func rulesOf(m *milestones.Milestone, id string) string {
	var b strings.Builder
	for _, rule := range m.Rules {
		if slices.Contains(rule.Operations, id) {
			fmt.Fprintf(&b, "- `%s`: %s\n", rule.ID, rule.Description)
		}
	}
	return b.String()
}

func operationOf(m *milestones.Milestone, op *milestones.Operation) Operation {
	tag, _, _ := strings.Cut(op.ID, ".")
	out := Operation{
		ID: op.ID, Method: op.Method, Path: op.Path, Tag: tag, Summary: op.ID,
		Request: op.RequestSchema,
	}
	if op.Scope != "" {
		out.Description = "Needs the scope `" + op.Scope + "`.\n\n"
	}
	out.Description += rulesOf(m, op.ID)
	if !op.Public {
		for _, identity := range m.Identities {
			out.Security = append(out.Security, identity.Headers)
		}
	}

	t := m.Transport
	headers := []Header{{t.CorrelationHeader, "The correlation id, the same as in the body."}}
	out.Parameters = []Parameter{{
		Parameter: milestones.Parameter{
			Name: t.CorrelationHeader, In: milestones.InHeader, Type: "string",
			Description: "The id that the answer shall have; otherwise one is made.",
		},
		Longest: m.Limits.CorrelationIDLength,
	}}
	if op.Method == "POST" && t.ReplayHeader != "" {
		headers = append(headers, Header{t.ReplayHeader, `"true" on an answer that was given before, and absent on every other.`})
	}
	if op.Method == "POST" && t.IdempotencyHeader != "" {
		out.Parameters = append(out.Parameters, Parameter{
			Parameter: milestones.Parameter{
				Name: t.IdempotencyHeader, In: milestones.InHeader, Type: "string",
				Description: "The same request with the same key is answered as before, and with another body refused.",
			},
			Required: true, Longest: m.Limits.IdempotencyKeyLength,
		})
	}
	for _, p := range m.Parameters {
		if slices.Contains(p.Operations, op.ID) {
			out.Parameters = append(out.Parameters, Parameter{Parameter: p})
		}
	}

	mediaType, _, err := mime.ParseMediaType(t.ContentType)
	if err != nil {
		mediaType = t.ContentType
	}
	for _, o := range op.Outcomes {
		status := strconv.Itoa(o.Status)
		at := slices.IndexFunc(out.Responses, func(r Response) bool { return r.Status == status })
		if at < 0 {
			at = len(out.Responses)
			out.Responses = append(out.Responses, Response{Status: status, MediaType: mediaType, Schema: o.Schema, Headers: headers})
		}
		out.Responses[at].Description += "- " + describe(&o) + "\n"
	}
	slices.SortStableFunc(out.Responses, func(a, b Response) int { return cmp.Compare(a.Status, b.Status) })
	return out
}

// describe returns what identifies an outcome.
func describe(o *milestones.Outcome) string {
	text := "`" + o.Name + "`"
	if o.Code != "" {
		text += ": " + o.Code
	}
	if o.ReasonCode != "" {
		text += ", reason code `" + o.ReasonCode + "`"
	}
	if o.ReasonCodes != nil {
		text += fmt.Sprintf("; `%s` may list `%s`", o.ReasonCodesAt, strings.Join(o.ReasonCodes, "`, `"))
		if o.OpenReasonCodes {
			text += " and the request's own"
		}
	}
	return text
}
