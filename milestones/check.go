package milestones

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/yamlfile"
)

// names are what other parts of the file refer to.
type names struct {
	what  string
	words []string
	// known is false when some of them could not be read. That is reported where they are, and references are not checked.
	known bool
}

// namesAt collects the names of a list. In each item they are at the given keys.
func (r *resolver) namesAt(what string, list jsontext.Pointer, words []string, keys ...any) names {
	n := names{what: what, words: words, known: len(words) > 0 && !slices.Contains(words, "")}
	for i := range words {
		n.known = n.known && r.Valid(yamlfile.Below(yamlfile.Below(list, i), keys...))
	}
	return n
}

// valuesOf returns one text of each item.
func valuesOf[T any](items []T, text func(T) string) []string {
	var all []string
	for _, item := range items {
		all = append(all, text(item))
	}
	return all
}

// checkReference reports a word that is not among the names.
func (r *resolver) checkReference(at jsontext.Pointer, word string, n names) {
	if n.known && word != "" && r.Valid(at) && !slices.Contains(n.words, word) {
		r.Report(at, "unknown %s %q%s", n.what, word, suggest.DidYouMeanQuoted(word, n.words))
	}
}

func (r *resolver) checkReferences(at jsontext.Pointer, words []string, n names) {
	for i, word := range words {
		r.checkReference(yamlfile.Below(at, i), word, n)
	}
}

// checkUnique reports each word that an earlier item of the list has. In each item the word is at the given key.
func (r *resolver) checkUnique(what string, list jsontext.Pointer, words []string, key string) {
	first := map[string]int{}
	for i, word := range words {
		at := yamlfile.Below(list, i, key)
		if word == "" || !r.Valid(at) {
			continue
		}
		if line := first[word]; line > 0 {
			r.Report(at, "%s %q is listed twice (first on line %d)", what, word, line)
			continue
		}
		first[word] = r.Line(at)
	}
}

// addSchemaName records where a schema is named, for [Milestone.CheckSchemas].
func (r *resolver) addSchemaName(at jsontext.Pointer, name string) {
	if name != "" {
		r.m.schemaNames = append(r.m.schemaNames, mention{name, r.Line(at)})
	}
}

func (r *resolver) checkLimits() {
	limits := r.doc.Limits
	for _, pair := range []struct {
		name            string
		byDefault, most int
	}{
		{"export_limit", limits.ExportLimitDefault, limits.ExportLimitMax},
		{"retention_days", limits.RetentionDaysDefault, limits.RetentionDaysMax},
	} {
		if at := yamlfile.At("limits", pair.name+"_default"); pair.most > 0 && pair.byDefault > pair.most && r.Valid(at) {
			r.Report(at, "%s_default is %d, which is more than %s_max, %d", pair.name, pair.byDefault, pair.name, pair.most)
		}
	}
}

func (r *resolver) resolveRefusals(order []string) {
	statusOf := map[string]int{}
	lineOf := map[string]int{}
	for _, name := range order {
		body, at := r.doc.Refusals[name], yamlfile.At("refusals", name)
		if name == Success {
			r.Report(at, "no refusal may have the name %q", Success)
		}
		if code, status := body.Code, body.Status; code != "" && status != 0 {
			if before, seen := statusOf[code]; !seen {
				statusOf[code], lineOf[code] = status, r.Line(yamlfile.Below(at, "status"))
			} else if before != status {
				r.Report(yamlfile.Below(at, "status"), "%s has the status %d here and %d on line %d: a code has one status", code, status, before, lineOf[code])
			}
		}
		r.checkReference(yamlfile.Below(at, "reason_code"), body.ReasonCode, r.reasonCodes)
		if i := slices.Index(body.Details, "reason_code"); i >= 0 {
			r.Report(yamlfile.Below(at, "details", i), "details must not list reason_code: the key reason_code requires it, and its absence forbids it")
		}
		outcome := Outcome{
			Name: name, Status: body.Status, Code: body.Code, Schema: r.doc.Transport.ErrorSchema,
			ReasonCode: body.ReasonCode, Details: body.Details, Level: cmp.Or(body.Level, Core),
		}
		r.addReasonCodes(at, body.reasonCodes, &outcome)
		if list := yamlfile.Below(at, "reason_codes_at"); body.ReasonCodesAt != "" && r.Valid(list) && r.Valid(yamlfile.Below(at, "details")) {
			member, below := strings.CutPrefix(body.ReasonCodesAt, "/error/details/")
			member, _, _ = strings.Cut(member, "/")
			if !below || !slices.Contains(body.Details, member) {
				r.Report(list, "reason_codes_at must lead to one of the details through /error/details/, got %q", body.ReasonCodesAt)
			}
		}
		r.m.Refusals = append(r.m.Refusals, outcome)
	}
}

func (r *resolver) addReasonCodes(at jsontext.Pointer, codes reasonCodes, outcome *Outcome) {
	outcome.ReasonCodesAt, outcome.ReasonCodes, outcome.OpenReasonCodes = codes.ReasonCodesAt, codes.ReasonCodes, codes.OpenReasonCodes
	r.checkReferences(yamlfile.Below(at, "reason_codes"), codes.ReasonCodes, r.reasonCodes)
}

func (r *resolver) resolveOperations(ids []string) {
	r.checkUnique("operation", "/operations", ids, "id")
	routes := map[string]int{}
	for i, o := range r.doc.Operations {
		at := yamlfile.At("operations", i)
		r.checkRoute(at, o, routes)
		r.checkAccess(at, o)
		if o.Method == "GET" && o.RequestSchema != "" {
			r.Report(yamlfile.Below(at, "request_schema"), "a GET has no request_schema: its body is not read")
		}
		success := r.successOf(yamlfile.Below(at, "success"), o)
		op := Operation{
			ID: o.ID, Summary: o.Summary, Method: o.Method, Path: o.Path, Scope: o.Scope, Public: o.Public,
			RequestSchema: o.RequestSchema, ResponseSchema: o.ResponseSchema, CreatedIDAt: o.Success.CreatedIDAt,
			Line: r.Line(at),
		}
		if created := yamlfile.Below(at, "success", "created_id_at"); op.CreatedIDAt != "" && r.Valid(created) && isNoVariable(op.CreatedName()) {
			r.Report(created, "created_id_at must end with the name of an id, such as /provider/provider_id, got %q", op.CreatedIDAt)
		}
		r.addSchemaName(yamlfile.Below(at, "request_schema"), o.RequestSchema)
		r.addSchemaName(yamlfile.Below(at, "response_schema"), o.ResponseSchema)
		op.Outcomes = append([]Outcome{success}, r.outcomesOf(yamlfile.Below(at, "refusals"), o.Refusals)...)
		r.m.Operations = append(r.m.Operations, op)
	}
	router := r.doc.Router
	if i := slices.Index(ids, router.ID); i >= 0 && router.ID != "" {
		r.Report("/router/id", "operation %q is listed twice (first on line %d)", router.ID, r.Line(yamlfile.At("operations", i, "id")))
	}
	r.m.Router = Operation{ID: router.ID, Outcomes: r.outcomesOf("/router/refusals", router.Refusals), Line: r.Line("/router")}
}

// isNoVariable reports whether scenarios cannot write a name as {name}.
func isNoVariable(name string) bool { return !variable.MatchString(name) }

var variable = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

// checkRoute reports two operations that the same request would reach, and a template with the same parameter twice.
func (r *resolver) checkRoute(operation jsontext.Pointer, o operation, routes map[string]int) {
	at := yamlfile.Below(operation, "path")
	if o.Path == "" || o.Method == "" || !r.Valid(at) {
		return
	}
	parameters := pathParameter.FindAllString(o.Path, -1)
	slices.Sort(parameters)
	if len(slices.Compact(slices.Clone(parameters))) < len(parameters) {
		r.Report(at, "path has a parameter twice: %q", o.Path)
	}
	route := o.Method + " " + pathParameter.ReplaceAllString(o.Path, "{}")
	if line := routes[route]; line > 0 {
		r.Report(at, "%s %s is a route already (first on line %d)", o.Method, o.Path, line)
		return
	}
	routes[route] = r.Line(at)
}

// checkAccess reports an operation that is public and needs a scope, or neither.
func (r *resolver) checkAccess(at jsontext.Pointer, o operation) {
	hasScope := r.Has(yamlfile.Below(at, "scope"))
	switch public := yamlfile.Below(at, "public"); {
	case o.Public && hasScope:
		r.Report(at, "operation %q is public and has a scope: a public operation needs no identity", o.ID)
	case r.Has(public) && r.Valid(public) && !o.Public && !hasScope:
		r.Report(at, "operation %q has no scope, and is not public", o.ID)
	}
}

func (r *resolver) successOf(at jsontext.Pointer, o operation) Outcome {
	success := Outcome{Name: Success, Status: 200, Schema: o.ResponseSchema, Level: cmp.Or(o.Success.Level, Core)}
	if o.Success.Status != 0 {
		success.Status = o.Success.Status
	}
	if success.Status == 204 || success.Status == 205 {
		r.Report(yamlfile.Below(at, "status"), "a success has a body, and an answer with status %d has none", success.Status)
	}
	r.addReasonCodes(at, o.Success.reasonCodes, &success)
	return success
}

// outcomesOf returns the refusals of an operation. Two that look the same to a client are a problem.
func (r *resolver) outcomesOf(at jsontext.Pointer, refusals []string) []Outcome {
	var all []Outcome
	r.checkReferences(at, refusals, r.refusals)
	for n, name := range refusals {
		i := slices.IndexFunc(r.m.Refusals, func(o Outcome) bool { return o.Name == name })
		if i < 0 {
			continue
		}
		this := r.m.Refusals[i]
		for _, that := range all {
			if this.Status != 0 && this.Code != "" && this.signature() == that.signature() && this.Name != that.Name {
				r.Report(yamlfile.Below(at, n), "refusals %q and %q look the same to a client: %s", that.Name, this.Name, this.signature())
			}
		}
		all = append(all, this)
	}
	return all
}

// signature is what distinguishes an outcome from the others of its operation.
func (o Outcome) signature() string {
	return strings.Join(strings.Fields(fmt.Sprint(o.Status, " ", o.Code, " ", o.ReasonCode)), " ")
}

func (r *resolver) checkParameters() {
	r.checkUnique("parameter", "/parameters", valuesOf(r.doc.Parameters, func(p Parameter) string { return p.Name }), "name")
	for i, p := range r.doc.Parameters {
		r.checkReferences(yamlfile.At("parameters", i, "operations"), p.Operations, r.operations)
	}
}

func (r *resolver) checkIdentities() {
	r.checkUnique("identity", "/identities", valuesOf(r.doc.Identities, func(i Identity) string { return i.ID }), "id")
	for i, identity := range r.doc.Identities {
		at := yamlfile.At("identities", i, "header_values")
		if headers, values := len(identity.Headers), len(identity.HeaderValues); values > 0 && headers != values && r.Valid(at) && r.Valid(yamlfile.At("identities", i, "headers")) {
			r.Report(at, "header_values has %d values for %d headers: one for each is needed, in the same order", values, headers)
		}
	}
}

func (r *resolver) checkCapabilities() {
	r.checkUnique("capability", "/capabilities", valuesOf(r.doc.Capabilities, func(c Capability) string { return c.ID }), "id")
	groups := valuesOf(r.doc.Capabilities, func(c Capability) string { return c.OneOf })
	for i, c := range r.doc.Capabilities {
		at := yamlfile.At("capabilities", i, "one_of")
		if c.OneOf == "" || !r.Valid(at) {
			continue
		}
		others := slices.Delete(slices.Clone(groups), i, i+1)
		if !slices.Contains(others, c.OneOf) {
			r.Report(at, "one_of %q has one capability: name the others of the group, or remove it%s", c.OneOf, suggest.DidYouMean(c.OneOf, others))
		}
		if c.Presence == Optional {
			r.Report(at, "one_of is a group of required capabilities, and %s is optional", c.ID)
		}
	}
}

func (r *resolver) checkRules() {
	r.checkUnique("rule", "/rules", valuesOf(r.doc.Rules, func(rule Rule) string { return rule.ID }), "id")
	for i := range r.m.Rules {
		rule, at := &r.m.Rules[i], yamlfile.At("rules", i)
		rule.Line, rule.Level = r.Line(at), cmp.Or(rule.Level, Core)
		if slices.Contains([]string{"refuses", "permits", string(Full)}, rule.ID) {
			r.Report(yamlfile.Below(at, "id"), "no rule may have the id %q: @%s is a tag of scenarios with another meaning", rule.ID, rule.ID)
		}
		r.checkReference(yamlfile.Below(at, "feature"), rule.Feature, r.features)
		r.checkReferences(yamlfile.Below(at, "operations"), rule.Operations, r.operations)
	}
}

func (r *resolver) checkReplacements() {
	patterns := r.doc.Output.Replacements
	r.checkUnique("token", "/output/replacements", valuesOf(patterns, func(p Pattern) string { return p.Token }), "token")
	for i, p := range patterns {
		at := yamlfile.At("output", "replacements", i, "regexp")
		if p.Regexp == "" || !r.Valid(at) {
			continue
		}
		compiled, err := regexp.Compile(p.Regexp)
		switch {
		case err != nil:
			r.Report(at, "%s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		case compiled.MatchString(""):
			r.Report(at, "regexp %q matches the empty text, and so between any two letters", p.Regexp)
		default:
			if text := r.contractText(compiled); text != "" {
				r.Report(at, "regexp %q matches in %q, which the contract fixes: match only what an implementation may choose, such as \\bplp_[0-9]{6,}\\b", p.Regexp, text)
			}
		}
	}
}

// contractText returns a text of answers that the contract fixes, and in which the pattern matches; "" when there is none.
// Differences in what a pattern matches do not count, so one that matches codes or statuses would hide those that matter.
func (r *resolver) contractText(pattern *regexp.Regexp) string {
	texts := slices.Clone(r.m.RequiredReasonCodes)
	for _, outcome := range r.m.Refusals {
		texts = append(texts, outcome.Code, strconv.Itoa(outcome.Status))
	}
	for _, op := range r.m.Operations {
		texts = append(texts, op.ID)
	}
	if i := slices.IndexFunc(texts, pattern.MatchString); i >= 0 {
		return texts[i]
	}
	return ""
}

func (r *resolver) checkSelfcheck() {
	if r.m.Selfcheck == nil {
		return
	}
	unobservable := r.m.Selfcheck.Unobservable
	for i := range unobservable {
		unobservable[i].Line = r.Line(yamlfile.At("selfcheck", "unobservable", i))
	}
	r.checkUnique("mutation", "/selfcheck/unobservable", valuesOf(unobservable, func(u Unobservable) string { return u.Mutation }), "mutation")
}

// reportUnused reports what no other part of the file uses.
func (r *resolver) reportUnused() {
	reached, refused, ruled, proven := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, op := range append(slices.Clone(r.m.Operations), r.m.Router) {
		for _, outcome := range op.Outcomes {
			refused[outcome.Name] = true
			reached[outcome.ReasonCode] = true
			for _, code := range outcome.ReasonCodes {
				reached[code] = true
			}
		}
	}
	for _, rule := range r.m.Rules {
		ruled[rule.Feature] = true
		for _, operation := range rule.Operations {
			proven[operation] = true
		}
	}
	for i, code := range r.m.RequiredReasonCodes {
		if !reached[code] {
			r.Report(yamlfile.At("required_reason_codes", i), "reason code %q is required, but no outcome of any operation can give it", code)
		}
	}
	for _, name := range r.refusals.words {
		if !refused[name] {
			r.Report(yamlfile.At("refusals", name), "refusal %q is given by no operation", name)
		}
	}
	for i, feature := range r.m.Features {
		if !ruled[feature] {
			r.Report(yamlfile.At("features", i), "feature %q has no rule", feature)
		}
	}
	for i, op := range r.m.Operations {
		if !proven[op.ID] {
			r.Report(yamlfile.At("operations", i, "id"), "operation %q has no rule", op.ID)
		}
	}
	if !proven[r.m.Router.ID] {
		r.Report("/router/id", "operation %q has no rule", r.m.Router.ID)
	}
}
