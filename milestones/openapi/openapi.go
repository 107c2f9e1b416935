// Package openapi describes an API as an OpenAPI 3.1 document, made from operations,
// schemas and recorded examples.
//
//	document := openapi.Contract(milestones.M109(), schemas.Embedded(), examples)
//	text, err := document.JSON()
//
// [Contract] makes the document of a milestone. Any other API that is a table of
// operations fills in a [Document] itself. The same document gives the same bytes.
//
// A schema file becomes a component of its name, and each of its definitions one
// of its own; what no operation reaches is omitted. The suffixes Request and Response
// become Input and Result, because generators make names with them from operation ids:
//
//	ActorRef.schema.json                 #/components/schemas/ActorRef
//	ActorRef.schema.json#/$defs/Partner  #/components/schemas/ActorRefPartner
//	HealthResponse.schema.json           #/components/schemas/HealthResult
//
// The refusals of a status are one component, which the error code discriminates:
//
//	#/components/schemas/ForbiddenOrInsufficientScopeRefusal
//
// OpenAPI 3.1 takes JSON Schema 2020-12 as it is. The keywords that generators misread
// are rewritten, see portable.
package openapi

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// Document is an API, as data.
type Document struct {
	Title, Version, Description string
	// Rules are those of requests that reach no operation.
	Rules      []Rule
	Servers    []Server
	Schemes    []Scheme
	Operations []Operation
	// Schemas are those that the operations name.
	Schemas *schemas.Set
	// Error names the schema of a refusal, and Refusals are the refusals by error code.
	Error    string
	Refusals []Refusal
	// Examples are of the operations, in the order in which they are shown.
	Examples []Example
}

// Rule is one rule of the contract.
type Rule struct{ ID, Description string }

// Refusal is the error of the refusals with a code.
type Refusal struct {
	Code string
	// ReasonCodes are those that the details may have.
	ReasonCodes []string
	// Details are the members of the details that any refusal with the code has, and Required those that all have.
	Details, Required []string
}

// Server is the base URL of the API, relative to the document. A variable such as {world} has a default.
type Server struct {
	URL, Description string
	Variable         string // "" is none
	Default          string
}

// Scheme is one way to identify a caller: a header, or, when Header
// is "", a bearer token.
type Scheme struct{ Name, Header, Description string }

// Operation is one thing to call. The parameters in its path need not be listed.
type Operation struct {
	ID, Method, Path          string
	Tag, Summary, Description string
	Rules                     []Rule
	// Security are the alternatives of authentication, each the names of the schemes that are used together; none
	// means that no authentication is needed.
	Security   [][]string
	Parameters []Parameter
	// Request names the schema of the body, which is JSON; "" is no body. Also are other
	// media types that it may have.
	Request   string
	Also      []string
	Responses []Response
}

// Parameter is a value that a request brings in its query or in a header.
type Parameter struct {
	milestones.Parameter
	Required bool
	// Longest is how many characters it may have; 0 is any number.
	Longest int
}

// Default is the status of a response that has every status that no other response has.
const Default = "default"

// Response is what an answer with a status looks like.
type Response struct {
	// Status is an HTTP status, such as 4XX for a range of them, or [Default].
	Status      string
	Description string
	// MediaType and Schema are of the body; "" is no body.
	MediaType, Schema string
	// Codes are the error codes of the refusals with this status, of [Document.Refusals]. None is any body of the schema.
	Codes   []string
	Headers []Header
}

// Header is one that an answer has.
type Header struct{ Name, Description string }

// Example is a request that was sent, and what was answered.
type Example struct {
	// Operation is the id of one, and Outcome its outcome.
	Operation, Outcome string
	// Name distinguishes the examples of one outcome, such as a reason code.
	Name string
	// Path are the values of the parameters in the path.
	Path map[string]string
	// Query and Header are what the request brought beside.
	Query, Header map[string]string
	// Body is the request's body; nil is none.
	Body []byte
	// Status, AnswerHeader and Answer are the answer.
	Status       int
	AnswerHeader map[string]string
	Answer       []byte
}

// Key is what the example is called in the document.
func (e *Example) Key() string {
	if e.Name == "" {
		return e.Outcome
	}
	return e.Outcome + "." + e.Name
}

// JSON writes the document. The error names the schema or example that cannot be in it.
func (d *Document) JSON() ([]byte, error) {
	if err := d.checkExamples(); err != nil {
		return nil, err
	}
	c := components{set: d.Schemas}
	var paths object
	for i := range d.Operations {
		o := &d.Operations[i]
		at := slices.IndexFunc(paths, func(m member) bool { return m.name == o.Path })
		if at < 0 {
			at = len(paths)
			paths = append(paths, member{o.Path, object(nil)})
		}
		operation, err := d.operation(o, &c)
		if err != nil {
			return nil, err
		}
		paths[at].value = append(paths[at].value.(object), member{strings.ToLower(o.Method), operation})
	}
	built, err := c.build()
	if err != nil {
		return nil, err
	}
	parts := object{{"schemas", built}}
	if schemes := d.schemes(); schemes != nil {
		parts = append(parts, member{"securitySchemes", schemes})
	}
	document := object{
		{"openapi", "3.1.0"},
		{"info", d.info()},
		{"servers", d.servers()},
		{"tags", d.tags()},
		{"paths", paths},
		{"components", parts},
	}
	text, err := json.Marshal(document, jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("writing the document: %w", err)
	}
	return append(text, '\n'), nil
}

// checkExamples reports an example of nothing that the document has.
func (d *Document) checkExamples() error {
	var ids []string
	keys := map[string]bool{}
	for _, o := range d.Operations {
		ids = append(ids, o.ID)
	}
	for _, e := range d.Examples {
		at := slices.Index(ids, e.Operation)
		if at < 0 {
			return fmt.Errorf("an example is of the operation %q, which does not exist%s", e.Operation, suggest.DidYouMean(e.Operation, ids))
		}
		key := e.Operation + " " + e.Key()
		if err := d.checkExample(&d.Operations[at], &e); err != nil {
			return fmt.Errorf("the example %s %w", key, err)
		}
		if keys[key] {
			return fmt.Errorf("two examples are called %s", key)
		}
		keys[key] = true
		if d.Operations[at].response(e.Status) == nil {
			return fmt.Errorf("the example %s has the status %d, which the operation does not give", key, e.Status)
		}
	}
	return nil
}

// checkExample reports the parameters and headers of an example that its operation does not have.
func (d *Document) checkExample(o *Operation, e *Example) error {
	var headers, query []string
	for _, s := range d.Schemes {
		headers = append(headers, s.Header)
	}
	for _, p := range o.Parameters {
		if p.In == milestones.InHeader {
			headers = append(headers, p.Name)
		} else {
			query = append(query, p.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Header)) {
		if !slices.Contains(headers, name) {
			return fmt.Errorf("has the header %q, which the operation does not read%s", name, suggest.DidYouMean(name, headers))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Query)) {
		if !slices.Contains(query, name) {
			return fmt.Errorf("has %q in its query, which the operation does not read%s", name, suggest.DidYouMean(name, query))
		}
	}
	return nil
}

// response returns the response that has a status, or nil. The default has no status of its own if other
// responses list the errors.
func (o *Operation) response(status int) *Response {
	text := fmt.Sprint(status)
	names := []string{text, text[:1] + "XX"}
	listed := slices.ContainsFunc(o.Responses, func(r Response) bool { return r.Status[0] == '4' || r.Status[0] == '5' })
	if status >= 400 && !listed {
		names = append(names, Default)
	}
	for _, name := range names {
		for i := range o.Responses {
			if o.Responses[i].Status == name {
				return &o.Responses[i]
			}
		}
	}
	return nil
}

// pointer returns the reference to the operation within the document.
func (o *Operation) pointer() string {
	path := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(o.Path)
	return "#/paths/" + path + "/" + strings.ToLower(o.Method)
}

func (d *Document) info() object {
	info := object{
		{"title", d.Title}, {"version", d.Version}, {"description", d.Description},
		{"contact", object{{"name", "lpgate"}}},
	}
	return append(info, rulesMember(d.Rules)...)
}

// rulesMember returns the extension x-rules: the rules by id.
func rulesMember(rules []Rule) object {
	if rules == nil {
		return nil
	}
	var byID object
	for _, r := range rules {
		byID = append(byID, member{r.ID, r.Description})
	}
	return object{{"x-rules", byID}}
}

func (d *Document) servers() []any {
	var list []any
	for _, s := range d.Servers {
		server := object{{"url", s.URL}, {"description", s.Description}}
		if s.Variable != "" {
			server = append(server, member{"variables", object{{s.Variable, object{{"default", s.Default}}}}})
		}
		list = append(list, server)
	}
	return list
}

func (d *Document) tags() []any {
	var list []any
	var seen []string
	for _, o := range d.Operations {
		if !slices.Contains(seen, o.Tag) {
			seen = append(seen, o.Tag)
			list = append(list, object{{"name", o.Tag}})
		}
	}
	return list
}

func (d *Document) schemes() object {
	var all object
	for _, s := range d.Schemes {
		scheme := object{{"type", "http"}, {"scheme", "bearer"}, {"description", s.Description}}
		if s.Header != "" {
			scheme = object{{"type", "apiKey"}, {"in", "header"}, {"name", s.Header}, {"description", s.Description}}
		}
		all = append(all, member{s.Name, scheme})
	}
	return all
}

var inPath = regexp.MustCompile(`\{([^}]*)\}`)

func (d *Document) operation(o *Operation, c *components) (object, error) {
	var examples []*Example
	for i := range d.Examples {
		if d.Examples[i].Operation == o.ID {
			examples = append(examples, &d.Examples[i])
		}
	}
	out := object{
		{"operationId", o.ID}, {"tags", []any{o.Tag}}, {"summary", o.Summary},
		{"description", cmp.Or(o.Description, o.Summary+".")},
	}
	out = append(out, rulesMember(o.Rules)...)
	security := []any{}
	for _, together := range o.Security {
		way := object{}
		for _, name := range together {
			way = append(way, member{name, []any{}})
		}
		security = append(security, way)
	}
	out = append(out, member{"security", security})

	var parameters []any
	for _, found := range inPath.FindAllStringSubmatch(o.Path, -1) {
		parameter := object{
			{"name", found[1]}, {"in", "path"}, {"required", true},
			{"description", "One percent-decoded segment of the path."}, {"schema", object{{"type", "string"}}},
		}
		parameters = append(parameters, append(parameter, sample(examples, func(e *Example) string { return e.Path[found[1]] })...))
	}
	for _, p := range o.Parameters {
		parameters = append(parameters, p.object(examples))
	}
	if parameters != nil {
		out = append(out, member{"parameters", parameters})
	}

	if o.Request != "" {
		out = append(out, member{"requestBody", o.requestBody(examples, c)})
	}

	var responses object
	for i := range o.Responses {
		r := &o.Responses[i]
		of := slices.DeleteFunc(slices.Clone(examples), func(e *Example) bool { return o.response(e.Status) != r })
		response, err := d.response(r, of, c)
		if err != nil {
			return nil, fmt.Errorf("the operation %s, status %s: %w", o.ID, r.Status, err)
		}
		responses = append(responses, member{r.Status, response})
	}
	return append(out, member{"responses", responses}), nil
}

// requestBody returns the body with an example of each valid one.
func (o *Operation) requestBody(examples []*Example, c *components) object {
	content := object{{"schema", c.ref(o.Request, "")}}
	var bodies object
	for _, e := range examples {
		// What its schema forbids shows what not to send: it is an example of the
		// answer alone.
		if e.Body != nil && c.allows(o.Request, e.Body) {
			bodies = append(bodies, member{e.Key(), object{{"value", jsontext.Value(e.Body)}}})
		}
	}
	if bodies != nil {
		content = append(content, member{"examples", bodies})
	}
	mediaTypes := object{{"application/json", content}}
	for _, other := range o.Also {
		mediaTypes = append(mediaTypes, member{other, object{{"schema", c.ref(o.Request, "")}}})
	}
	return object{{"required", true}, {"content", mediaTypes}}
}

// sample gives the first value that an example has, as a member to show it by.
func sample(examples []*Example, of func(*Example) string) object {
	for _, e := range examples {
		if value := of(e); value != "" {
			return object{{"example", value}}
		}
	}
	return nil
}

// object writes a parameter. Only what every request needs is shown by example: a
// page that fills in examples would send the others too.
func (p *Parameter) object(examples []*Example) object {
	schema := object{{"type", p.Type}}
	if p.Type == "integer" {
		schema = append(schema, member{"minimum", 1})
	}
	if p.Format != "" {
		schema = append(schema, member{"format", p.Format})
	}
	if p.Longest > 0 {
		schema = append(schema, member{"minLength", 1}, member{"maxLength", p.Longest})
	}
	if p.Values != nil {
		schema = append(schema, member{"enum", p.Values})
	}
	out := object{{"name", p.Name}, {"in", p.In}, {"required", p.Required}, {"description", p.Description}, {"schema", schema}}
	if p.Required {
		out = append(out, sample(examples, func(e *Example) string {
			if p.In == milestones.InHeader {
				return e.Header[p.Name]
			}
			return e.Query[p.Name]
		})...)
	}
	return out
}

// response writes a response with its examples.
func (d *Document) response(r *Response, examples []*Example, c *components) (object, error) {
	out := object{{"description", r.Description}}
	var headers object
	for _, h := range r.Headers {
		header := object{{"description", h.Description}, {"schema", object{{"type", "string"}}}}
		headers = append(headers, member{h.Name, append(header, sample(examples, func(e *Example) string { return e.AnswerHeader[h.Name] })...)})
	}
	if headers != nil {
		out = append(out, member{"headers", headers})
	}
	if r.Schema == "" {
		return out, nil
	}
	var schema object
	if r.Codes != nil && r.Schema == d.Error {
		var err error
		if schema, err = c.refusal(d, r.Codes); err != nil {
			return nil, err
		}
	}
	if schema == nil {
		schema = c.ref(r.Schema, "")
	}
	content := object{{"schema", schema}}
	var bodies object
	for _, e := range examples {
		bodies = append(bodies, member{e.Key(), object{{"value", jsontext.Value(e.Answer)}}})
	}
	if bodies != nil {
		content = append(content, member{"examples", bodies})
	}
	return append(out, member{"content", object{{r.MediaType, content}}}), nil
}

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSONTo implements json.MarshalerTo.
func (o object) MarshalJSONTo(e *jsontext.Encoder) error {
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, m := range o {
		if err := e.WriteToken(jsontext.String(m.name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(e, m.value); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

// ordered reads a JSON value, its objects in their order.
func ordered(text []byte) (any, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	return next(d)
}

func next(d *jsontext.Decoder) (any, error) {
	switch d.PeekKind() {
	case '{', '[':
		begin, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		if begin.Kind() == '[' {
			list := []any{}
			for d.PeekKind() != ']' {
				item, err := next(d)
				if err != nil {
					return nil, err
				}
				list = append(list, item)
			}
			_, err := d.ReadToken()
			return list, err
		}
		all := object{}
		for d.PeekKind() != '}' {
			name, err := d.ReadToken()
			if err != nil {
				return nil, err
			}
			text := name.String()
			value, err := next(d)
			if err != nil {
				return nil, err
			}
			all = append(all, member{text, value})
		}
		_, err = d.ReadToken()
		return all, err
	case '"':
		text, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		return text.String(), nil
	default:
		value, err := d.ReadValue()
		return value.Clone(), err
	}
}
