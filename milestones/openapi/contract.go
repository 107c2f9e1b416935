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
		Rules:   rulesOf(m, m.Router.ID),
		Servers: []Server{{URL: "/", Description: "Where this document is."}},
		Schemas: set, Examples: examples,
		Error: m.Transport.ErrorSchema, Refusals: refusalsOf(m),
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
	return b.String() + "\nThe rules of these answers are in [x-rules](#/info/x-rules)."
}

// rulesOf returns the rules of an operation or of the router.
func rulesOf(m *milestones.Milestone, id string) []Rule {
	var rules []Rule
	for _, rule := range m.Rules {
		if slices.Contains(rule.Operations, id) {
			rules = append(rules, Rule{rule.ID, rule.Description})
		}
	}
	return rules
}

// refusalsOf returns the refusals of the milestone by error code.
func refusalsOf(m *milestones.Milestone) []Refusal {
	var refusals []Refusal
	for _, o := range m.Refusals {
		at := slices.IndexFunc(refusals, func(r Refusal) bool { return r.Code == o.Code })
		if at < 0 {
			at = len(refusals)
			refusals = append(refusals, Refusal{Code: o.Code, Required: append([]string{"reason_code"}, o.Details...)})
		}
		r := &refusals[at]
		details := o.Details
		if o.ReasonCode != "" {
			details = append([]string{"reason_code"}, details...)
			if !slices.Contains(r.ReasonCodes, o.ReasonCode) {
				r.ReasonCodes = append(r.ReasonCodes, o.ReasonCode)
			}
		}
		for _, name := range details {
			if !slices.Contains(r.Details, name) {
				r.Details = append(r.Details, name)
			}
		}
		r.Required = slices.DeleteFunc(r.Required, func(name string) bool { return !slices.Contains(details, name) })
	}
	return refusals
}

func operationOf(m *milestones.Milestone, op *milestones.Operation) Operation {
	tag, _, _ := strings.Cut(op.ID, ".")
	out := Operation{
		ID: op.ID, Method: op.Method, Path: op.Path, Tag: tag, Summary: cmp.Or(op.Summary, op.ID),
		Request: op.RequestSchema, Rules: rulesOf(m, op.ID),
	}
	var needs []string
	if op.Scope != "" {
		needs = append(needs, "Needs the scope `"+op.Scope+"`.")
	}
	if out.Rules != nil {
		needs = append(needs, "The rules of the operation are in [x-rules]("+out.pointer()+"/x-rules).")
	}
	out.Description = strings.Join(needs, " ")
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
	for i, together := range out.Security {
		for _, name := range together {
			if !slices.ContainsFunc(out.Security[:i], func(earlier []string) bool { return slices.Contains(earlier, name) }) {
				out.Parameters = append(out.Parameters, Parameter{Parameter: milestones.Parameter{
					Name: name, In: milestones.InHeader, Type: "string",
					Description: "Identifies the caller, as the security scheme of this name does.",
				}})
			}
		}
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
		if o.Code != "" && !slices.Contains(out.Responses[at].Codes, o.Code) {
			out.Responses[at].Codes = append(out.Responses[at].Codes, o.Code)
		}
	}
	slices.SortStableFunc(out.Responses, func(a, b Response) int { return cmp.Compare(a.Status, b.Status) })
	out.Responses = append(out.Responses, Response{
		Status: Default, Description: "Any other refusal, such as an internal error.",
		MediaType: mediaType, Schema: t.ErrorSchema, Headers: headers[:1],
	})
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
