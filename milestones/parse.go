package milestones

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/lpgate/internal/textfile"
)

// Parse reads the text of a milestone file. When anything is wrong with it, the error has one line for each
// problem, in the order of the file, each beginning with the file's name and the line.
func Parse(file string, text []byte) (*Milestone, error) {
	root, err := Document(file, "milestone", text)
	if err != nil {
		return nil, err
	}
	s := shaper{file: file, shapes: shapes}
	p := s.object(root, "milestone")
	r := resolver{shaper: s}
	m := r.milestone(p)
	// What nobody uses is a problem of its own only in a file that is otherwise right: a misspelt reference would
	// be reported twice, as a name that nobody has and as one that nobody uses.
	if len(r.found) == 0 {
		r.unused(p, m)
	}
	if err := r.found.err(); err != nil {
		return nil, err
	}
	return m, nil
}

// ErrEmpty is the error of a text that has no YAML document.
var ErrEmpty = errors.New("the document is empty")

// Document reads the one YAML document of a text, which is a what. The error names the file, and the line on which
// the text stops being YAML; package yaml itself says another one, or none.
func Document(file, what string, text []byte) (*yaml.Node, error) {
	text, err := textfile.Decode(file, text)
	if err == nil {
		// Package yaml refuses most of these as well, but gives no line; and it takes characters for the end of a line
		// that an editor does not.
		err = textfile.CheckCharacters(file, text)
	}
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	err = decoder.Decode(&first)
	if errors.Is(err, io.EOF) || err == nil && first.Content[0].ShortTag() == "!!null" {
		return nil, problem{file, 1, ErrEmpty.Error()}
	}
	if err == nil {
		err = decoder.Decode(&second)
	}
	switch {
	case err == nil:
		return nil, problem{file, second.Line, "a second document begins: one file is one " + what}
	case !errors.Is(err, io.EOF):
		return nil, syntaxProblem(file, text, err.Error())
	}
	return first.Content[0], nil
}

var (
	syntaxError   = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?`)
	ungrammatical = regexp.MustCompile(`^did not find expected (?:<.*>|node content|key|'-' indicator|',' or '[\]}]')$`)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
)

// syntaxProblem finds the line of what package yaml could not read. The package says no line for the first one and
// for an unknown anchor. Where it knows the words but not the grammar it counts from 0, or at the end of the file one
// too far, and may mean the line on which a list or mapping begins that was broken further down. What was probably done
// wrong is told instead, where that can be known.
func syntaxProblem(file string, text []byte, says string) problem {
	match := syntaxError.FindStringSubmatch(says)
	says = strings.TrimPrefix(says, match[0])
	line, _ := strconv.Atoi(match[1])
	if anchor := unknownAnchor.FindStringSubmatch(says); anchor != nil {
		return problem{file, lineOf(text, bytes.Index(text, []byte("*"+anchor[1]))), "not YAML: " + says}
	}
	if found, known := diagnose(text); known {
		return problem{file, found.line, "not YAML: " + found.message}
	}
	if ungrammatical.MatchString(says) {
		return problem{file, min(line+1, lineOf(text, len(text))), "not YAML, here or below: " + says}
	}
	return problem{file, max(1, line), "not YAML: " + says}
}

func lineOf(text []byte, at int) int { return 1 + bytes.Count(text[:max(0, at)], []byte("\n")) }

// resolver gives parts their meaning: it builds the milestone, and follows every name to what it names.
type resolver struct {
	shaper
	m *Milestone

	floor, refusals, features, operations *vocabulary
}

func (r *resolver) milestone(p *node) *Milestone {
	r.m = &Milestone{
		ID:                  p.get("id").str(),
		Title:               p.get("title").str(),
		RequiredReasonCodes: p.get("reason_code_floor").strs(),
		Features:            p.get("features").strs(),
		Artifacts:           p.get("artifacts").strs(),
		file:                r.file,
	}
	r.floor = vocabularyOf("reason code", p.get("reason_code_floor"), (*node).str)
	r.refusals = vocabularyOf("refusal", p.get("refusals"), (*node).str)
	r.features = vocabularyOf("feature", p.get("features"), (*node).str)
	r.transport(p.get("transport"))
	r.limits(p.get("limits"))
	r.allRefusals(p.get("refusals"))
	r.allOperations(p.get("operations"), p.get("router"))
	r.parameters(p.get("parameters"))
	r.identities(p.get("identities"))
	r.capabilities(p.get("capabilities"))
	r.rules(p.get("rules"))
	r.output(p.get("output"))
	r.selfcheck(p.get("selfcheck"))
	return r.m
}

// vocabularyOf collects what the items of a list are called. Of a list that could not be read, in whole or in part,
// there is no vocabulary: a reference to what was not read would be reported for nothing.
func vocabularyOf(what string, list *node, name func(*node) string) *vocabulary {
	if list == nil || list.incomplete {
		return nil
	}
	var words []string
	for _, item := range list.items {
		words = append(words, name(item))
	}
	if slices.Contains(words, "") {
		return nil
	}
	return newVocabulary(what, words)
}

func id(p *node) string { return p.get("id").str() }

// known reports a name that is not in the vocabulary.
func (r *resolver) known(name *node, v *vocabulary) {
	if name == nil {
		return
	}
	if says, lacks := v.lacks(name.text); lacks {
		r.report(name.line, "%s", says)
	}
}

// unique reports a name that an earlier item of the same list has.
func (r *resolver) unique(first map[string]int, what string, name *node) {
	if name == nil {
		return
	}
	if line := first[name.text]; line > 0 {
		r.report(name.line, "%s %q stands twice (first on line %d)", what, name.text, line)
		return
	}
	first[name.text] = name.line
}

// schema returns the name of a schema, and remembers where it stands.
func (r *resolver) schema(name *node) string {
	if name != nil {
		r.m.schemaNames = append(r.m.schemaNames, mention{name.text, name.line})
	}
	return name.str()
}

func (r *resolver) transport(p *node) {
	r.m.Transport = Transport{
		ContentType:       p.get("content_type").str(),
		CorrelationHeader: p.get("correlation_header").str(),
		IdempotencyHeader: p.get("idempotency_header").str(),
		ReplayHeader:      p.get("replay_header").str(),
		ErrorSchema:       r.schema(p.get("error_schema")),
		OwnCorrelationID:  p.get("own_correlation_id").str(),
	}
	if replay := p.get("replay_header"); replay != nil && !p.has("idempotency_header") {
		r.report(replay.line, "replay_header without idempotency_header: by what would a request be known again?")
	}
}

func (r *resolver) limits(p *node) {
	r.m.Limits = Limits{
		BodyBytes:            p.get("body_bytes").int(),
		ExportLimitDefault:   p.get("export_limit_default").int(),
		ExportLimitMax:       p.get("export_limit_max").int(),
		RetentionDaysDefault: p.get("retention_days_default").int(),
		RetentionDaysMax:     p.get("retention_days_max").int(),
		Violations:           p.get("violations").int(),
		IdempotencyKeyLength: p.get("idempotency_key_length").int(),
		CorrelationIDLength:  p.get("correlation_id_length").int(),
	}
	for _, stem := range []string{"export_limit", "retention_days"} {
		usual, most := p.get(stem+"_default"), p.get(stem+"_max")
		if usual != nil && most != nil && usual.number > most.number {
			r.report(usual.line, "%s_default is %d, which is more than %s_max, %d", stem, usual.number, stem, most.number)
		}
	}
}

func (r *resolver) allRefusals(p *node) {
	statusOf := map[string]*node{}
	for _, name := range p.list() {
		body := p.get(name.text)
		if name.text == Success {
			r.report(name.line, "no refusal may be called %q", Success)
		}
		code, status, reason := body.get("code"), body.get("status"), body.get("reason_code")
		if code != nil && status != nil {
			if before := statusOf[code.text]; before == nil {
				statusOf[code.text] = status
			} else if before.number != status.number {
				r.report(status.line, "%s has the status %d here and %d on line %d: a code has one status",
					code.text, status.number, before.number, before.line)
			}
		}
		r.known(reason, r.floor)
		for _, member := range body.get("details").list() {
			if member.text == "reason_code" {
				r.report(member.line, "details never name reason_code: the key reason_code demands it, and forbids it by its absence")
			}
		}
		outcome := Outcome{
			Name: name.text, Status: status.int(), Code: code.str(), Schema: r.m.Transport.ErrorSchema,
			ReasonCode: reason.str(), Details: body.get("details").strs(),
		}
		r.reasonCodes(body, &outcome)
		r.m.Refusals = append(r.m.Refusals, outcome)
	}
}

// reasonCodes fills in where an answer lists reason codes and which.
func (r *resolver) reasonCodes(p *node, outcome *Outcome) {
	at, codes, open := p.get("reason_codes_at"), p.get("reason_codes"), p.get("open_reason_codes")
	outcome.ReasonCodesAt, outcome.ReasonCodes, outcome.OpenReasonCodes = at.str(), codes.strs(), open.yes()
	for _, code := range codes.list() {
		r.known(code, r.floor)
	}
	hasAt, hasCodes := p.has("reason_codes_at"), p.has("reason_codes")
	switch {
	case hasAt && !hasCodes:
		r.report(p.line, "reason_codes_at without reason_codes: which may stand there?")
	case hasCodes && !hasAt:
		r.report(p.line, "reason_codes without reason_codes_at: where do they stand?")
	case open != nil && !hasAt:
		r.report(open.line, "open_reason_codes without reason_codes_at: where do they stand?")
	}
	if at == nil || outcome.Name == Success || p.has("details") && p.get("details") == nil {
		return
	}
	member, below := strings.CutPrefix(at.text, "/error/details/")
	member, _, _ = strings.Cut(member, "/")
	if !below || !slices.Contains(outcome.Details, member) {
		r.report(at.line, "reason_codes_at must lead to one of the details through /error/details/, got %q", at.text)
	}
}

func (r *resolver) allOperations(list, router *node) {
	r.operations = vocabularyOf("operation", list, id)
	ids, routes := map[string]int{}, map[string]int{}
	for _, p := range list.list() {
		r.unique(ids, "operation", p.get("id"))
		r.route(routes, p.get("method"), p.get("path"))
		op := Operation{
			ID: id(p), Method: p.get("method").str(), Path: p.get("path").str(),
			Scope: p.get("scope").str(), Public: p.get("public").yes(),
			RequestSchema: r.schema(p.get("request_schema")), ResponseSchema: r.schema(p.get("response_schema")),
			Line: p.line,
		}
		switch {
		case op.Public && p.has("scope"):
			r.report(p.line, "operation %q is public and has a scope: a public operation needs no identity", op.ID)
		case !op.Public && !p.has("scope") && (!p.has("public") || p.get("public") != nil):
			r.report(p.line, "operation %q lacks a scope, and is not public", op.ID)
		}
		if request := p.get("request_schema"); op.Method == "GET" && request != nil {
			r.report(request.line, "a GET has no request_schema: its body is not read")
		}
		success := Outcome{Name: Success, Status: 200, Schema: op.ResponseSchema}
		if status := p.get("success").get("status"); status != nil {
			success.Status = status.number
			if status.number == 204 || status.number == 205 {
				r.report(status.line, "a success has a body, and an answer with status %d has none", status.number)
			}
		}
		if op.Made = p.get("success").get("made").str(); op.Made != "" && !isVariable(op.Thing()) {
			r.report(p.get("success").get("made").line, "made must end with the name of an id, such as /provider/provider_id, got %q", op.Made)
		}
		r.reasonCodes(p.get("success"), &success)
		op.Outcomes = append([]Outcome{success}, r.outcomes(p.get("refusals"))...)
		r.m.Operations = append(r.m.Operations, op)
	}
	r.unique(ids, "operation", router.get("id"))
	if id(router) == "" {
		r.operations = nil
	} else if r.operations != nil {
		r.operations.words = append(r.operations.words, id(router))
	}
	r.m.Router = Operation{ID: id(router), Outcomes: r.outcomes(router.get("refusals")), Line: router.at()}
}

// isVariable says whether scenarios can say {name}.
var isVariable = regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// route reports two operations that the same request would reach, and a template that names a parameter twice.
func (r *resolver) route(routes map[string]int, method, path *node) {
	if path == nil {
		return
	}
	names := parameter.FindAllString(path.text, -1)
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) < len(names) {
		r.report(path.line, "path names a parameter twice: %q", path.text)
	}
	if method == nil {
		return
	}
	key := method.text + " " + parameter.ReplaceAllString(path.text, "{}")
	if line := routes[key]; line > 0 {
		r.report(path.line, "%s %s is a route already (first on line %d)", method.text, path.text, line)
		return
	}
	routes[key] = path.line
}

// outcomes follows the names of an operation's refusals. Two that a client could not tell apart are a problem.
func (r *resolver) outcomes(names *node) []Outcome {
	var all []Outcome
	for _, name := range names.list() {
		r.known(name, r.refusals)
		i := slices.IndexFunc(r.m.Refusals, func(o Outcome) bool { return o.Name == name.text })
		if i < 0 {
			continue
		}
		this := r.m.Refusals[i]
		for _, that := range all {
			if this.Status != 0 && this.Code != "" && this.Status == that.Status && this.Code == that.Code && this.ReasonCode == that.ReasonCode {
				r.report(name.line, "refusals %q and %q look the same to a client: %s", that.Name, this.Name, this.signature())
			}
		}
		all = append(all, this)
	}
	return all
}

// signature is what tells an outcome from the others of its operation.
func (o Outcome) signature() string {
	return strings.Join(strings.Fields(fmt.Sprint(o.Status, " ", o.Code, " ", o.ReasonCode)), " ")
}

func (r *resolver) parameters(list *node) {
	names := map[string]int{}
	for _, p := range list.list() {
		r.unique(names, "parameter", p.get("name"))
		for _, operation := range p.get("operations").list() {
			r.known(operation, r.operations)
		}
		r.m.Parameters = append(r.m.Parameters, Parameter{
			Name: p.get("name").str(), In: p.get("in").str(), Type: p.get("type").str(), Format: p.get("format").str(),
			Values: p.get("values").strs(), Description: p.get("says").str(), Operations: p.get("operations").strs(),
		})
	}
}

func (r *resolver) identities(list *node) {
	ids := map[string]int{}
	for _, p := range list.list() {
		r.unique(ids, "identity", p.get("id"))
		headers, sends := p.get("headers"), p.get("sends")
		if headers != nil && sends != nil && !headers.incomplete && !sends.incomplete && len(headers.items) != len(sends.items) {
			r.report(sends.line, "sends has %d values for %d headers: one for each, in the same order", len(sends.items), len(headers.items))
		}
		r.m.Identities = append(r.m.Identities, Identity{ID: id(p), Headers: headers.strs(), Sends: sends.strs(), Description: p.get("says").str()})
	}
}

func (r *resolver) capabilities(list *node) {
	ids := map[string]int{}
	groups := map[string][]*node{}
	for _, p := range list.list() {
		r.unique(ids, "capability", p.get("id"))
		c := Capability{
			ID: id(p), Description: p.get("says").str(), Given: p.get("given").yes(), Presence: p.get("presence").str(), OneOf: p.get("one_of").str(),
		}
		r.m.Capabilities = append(r.m.Capabilities, c)
		if group := p.get("one_of"); group != nil {
			groups[c.OneOf] = append(groups[c.OneOf], group)
			if c.Presence == Optional {
				r.report(group.line, "one_of is a group of required capabilities, and %s is optional", c.ID)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		if group := groups[name]; len(group) == 1 {
			r.report(group[0].line, "one_of %q has one capability: name the others of the group, or leave it out%s",
				name, Suggest(name, slices.DeleteFunc(slices.Sorted(maps.Keys(groups)), func(other string) bool { return other == name })))
		}
	}
}

func (r *resolver) rules(list *node) {
	ids := map[string]int{}
	for _, p := range list.list() {
		r.unique(ids, "rule", p.get("id"))
		if name := p.get("id"); name.str() == "refuses" || name.str() == "permits" {
			r.report(name.line, "no rule may be called %q: @%s is the tag of a gate's scenarios", name.text, name.text)
		}
		r.known(p.get("feature"), r.features)
		for _, operation := range p.get("operations").list() {
			r.known(operation, r.operations)
		}
		r.m.Rules = append(r.m.Rules, Rule{
			ID: id(p), Kind: p.get("kind").str(), Feature: p.get("feature").str(), Section: p.get("section").str(),
			Description: p.get("says").str(), Operations: p.get("operations").strs(), Line: p.line,
		})
	}
}

func (r *resolver) output(p *node) {
	tokens := map[string]int{}
	for _, own := range p.get("own").list() {
		r.unique(tokens, "token", own.get("token"))
		if pattern := own.get("regexp"); pattern != nil {
			compiled, err := regexp.Compile(pattern.text)
			switch {
			case err != nil:
				r.report(pattern.line, "%s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
			case compiled.MatchString(""):
				r.report(pattern.line, "regexp %q matches the empty text, and so between any two letters", pattern.text)
			default:
				if word := r.contractWord(compiled); word != "" {
					r.report(pattern.line, "regexp %q matches in %q, which the contract fixes: match only what an implementation may choose, such as \\bplp_[0-9]{6,}\\b",
						pattern.text, word)
				}
			}
		}
		r.m.Output.Own = append(r.m.Output.Own, Pattern{
			Token: own.get("token").str(), Regexp: own.get("regexp").str(), Description: own.get("says").str(),
		})
	}
}

// contractWord returns a text of answers that the contract fixes, and in which the pattern matches; "" when there is none.
// Differences in what a pattern matches count for nothing, so one that matches codes or statuses would hide those that matter.
func (r *resolver) contractWord(pattern *regexp.Regexp) string {
	words := slices.Clone(r.m.RequiredReasonCodes)
	for _, outcome := range r.m.Refusals {
		words = append(words, outcome.Code, strconv.Itoa(outcome.Status))
	}
	for _, op := range r.m.Operations {
		words = append(words, op.ID)
	}
	if i := slices.IndexFunc(words, pattern.MatchString); i >= 0 {
		return words[i]
	}
	return ""
}

func (r *resolver) selfcheck(p *node) {
	if p == nil {
		return
	}
	r.m.Selfcheck = &Selfcheck{Threshold: p.get("threshold").int()}
	lies := map[string]int{}
	for _, u := range p.get("unobservable").list() {
		r.unique(lies, "lie", u.get("lie"))
		r.m.Selfcheck.Unobservable = append(r.m.Selfcheck.Unobservable, Unobservable{
			Mutation: u.get("lie").str(), Reason: u.get("says").str(), Line: u.line,
		})
	}
}

// unused reports what no other part of the file makes use of.
func (r *resolver) unused(p *node, m *Milestone) {
	reached, refused, ruled, proven := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, op := range append(slices.Clone(m.Operations), m.Router) {
		for _, outcome := range op.Outcomes {
			refused[outcome.Name] = true
			reached[outcome.ReasonCode] = true
			for _, code := range outcome.ReasonCodes {
				reached[code] = true
			}
		}
	}
	for _, rule := range m.Rules {
		ruled[rule.Feature] = true
		for _, operation := range rule.Operations {
			proven[operation] = true
		}
	}
	for _, code := range p.get("reason_code_floor").items {
		if !reached[code.text] {
			r.report(code.line, "reason code %q is of the floor, but no outcome of any operation can give it", code.text)
		}
	}
	for _, name := range p.get("refusals").items {
		if !refused[name.text] {
			r.report(name.line, "refusal %q is given by no operation", name.text)
		}
	}
	for _, feature := range p.get("features").items {
		if !ruled[feature.text] {
			r.report(feature.line, "feature %q has no rule", feature.text)
		}
	}
	for _, operation := range append(slices.Clone(p.get("operations").items), p.get("router")) {
		if name := operation.get("id"); !proven[name.text] {
			r.report(name.line, "operation %q has no rule", name.text)
		}
	}
}
