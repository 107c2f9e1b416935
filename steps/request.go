package steps

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
)

// request is a request before it is sent. A repeated one is a copy of it, so that nothing is made up a second time.
type request struct {
	operation *milestones.Operation // nil when a path was written out
	method    string
	path      string            // as written out; empty for an operation
	params    map[string]string // of the operation's path
	query     []queryPart
	header    http.Header
	body      []byte
}

// queryPart is one piece of a query string, between two ampersands, as it is sent.
type queryPart struct{ name, raw string }

func (r *request) clone() *request {
	c := *r
	c.params, c.query, c.header = maps.Clone(r.params), slices.Clone(r.query), r.header.Clone()
	return &c
}

// newRequest is the default call of an operation: its fixture, its path for what was made last, the scenario's
// identity and a new idempotency key.
func (s *scenario) newRequest(operation string) (*request, error) {
	o, err := s.operation(operation)
	if err != nil {
		return nil, err
	}
	r := &request{operation: o, method: o.Method, params: map[string]string{}, header: s.callerHeaders()}
	if name := s.cfg.Milestone.Transport.IdempotencyHeader; name != "" && r.method == http.MethodPost {
		s.keys++
		r.header.Set(name, fmt.Sprintf("key-%s-%d", s.prefix, s.keys))
	}
	if r.method == http.MethodPost || o.RequestSchema != "" {
		r.header.Set("Content-Type", "application/json")
	}
	return r, r.change(s, s.carried)
}

// operation looks an operation up by its id.
func (s *scenario) operation(id string) (*milestones.Operation, error) {
	operations := s.cfg.Milestone.Operations
	for i := range operations {
		if operations[i].ID == id {
			return &operations[i], nil
		}
	}
	ids := make([]string, len(operations))
	for i := range operations {
		ids[i] = operations[i].ID
	}
	return nil, &InvalidStep{
		Message: fmt.Sprintf("%s has no operation %q", s.cfg.Milestone.ID, id),
		Nearest: suggest.Nearest(id, ids),
	}
}

// requestsFolder has the fixtures: an operation's default body under the operation's id, and others under any name.
const requestsFolder = "requests"

// useFixture gives the request the named fixture as its body.
func (r *request) useFixture(s *scenario, name string) error {
	text, err := fs.ReadFile(s.cfg.Fixtures, path.Join(requestsFolder, name+".json"))
	switch {
	case err == nil:
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid): // it is there
		return unreadableFixture(path.Join(requestsFolder, name+".json"), err)
	default:
		found, _ := fs.Glob(s.cfg.Fixtures, requestsFolder+"/*.json")
		for i := range found {
			found[i] = strings.TrimSuffix(path.Base(found[i]), ".json")
		}
		return &InvalidStep{
			Message: fmt.Sprintf("there is no fixture %s/%s.json", requestsFolder, name),
			Nearest: suggest.Nearest(name, found),
		}
	}
	body, err := s.expand(string(text), jsonText)
	r.body = []byte(body)
	return err
}

// unreadableFixture returns why a fixture cannot be read.
func unreadableFixture(name string, err error) error {
	why := err
	var path *fs.PathError
	if errors.As(err, &path) {
		why = path.Err // without the name, which precedes it
	}
	return &InvalidStep{Message: fmt.Sprintf("the fixture %s cannot be read: %v", name, why), Err: err}
}

// useDefaultFixture gives the request the fixture of its operation, if it takes a body.
func (r *request) useDefaultFixture(s *scenario) error {
	if r.operation.RequestSchema == "" {
		return nil
	}
	return r.useFixture(s, r.operation.ID)
}

// pathFor returns the escaped path of the request.
func (r *request) pathFor(s *scenario) (string, error) {
	if r.operation == nil {
		return r.path, nil
	}
	segments := strings.Split(r.operation.Path, "/")
	for i, segment := range segments {
		name, isParam := paramOf(segment)
		if !isParam {
			continue
		}
		value, ok := r.params[name]
		if !ok {
			// {provider_id} in a path is {provider} unless a row sets it: see [milestones.Operation.Thing].
			v, err := s.variable(strings.TrimSuffix(name, "_id"))
			if err != nil {
				return "", err
			}
			value = v.text
			r.params[name] = value
		}
		segments[i] = url.PathEscape(value)
	}
	return strings.Join(segments, "/"), nil
}

func paramOf(segment string) (string, bool) {
	if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
		return segment[1 : len(segment)-1], true
	}
	return "", false
}

// urlFor returns the URL of the request at a target. It is sent literally: no segment is cleaned, and nothing is
// encoded again.
func (r *request) urlFor(s *scenario, base *url.URL) (*url.URL, error) {
	tail, err := r.pathFor(s)
	if err != nil {
		return nil, err
	}
	whole := base.EscapedPath() + tail
	u := &url.URL{Scheme: base.Scheme, User: base.User, Host: base.Host}
	if plainPath, err := url.PathUnescape(whole); err == nil {
		u.Path, u.RawPath = plainPath, whole
	}
	if u.EscapedPath() != whole {
		// Not a way in which a path can be encoded; the server shall see it all the same.
		u.Path, u.RawPath, u.Opaque = "", "", whole
		if strings.HasPrefix(whole, "//") {
			return nil, invalidStep("the path %q cannot be sent: it begins with // and is not encoded like a path", tail)
		}
	}
	raw := make([]string, len(r.query))
	for i, part := range r.query {
		raw[i] = part.raw
	}
	u.RawQuery = strings.Join(raw, "&")
	u.ForceQuery = len(raw) > 0
	return u, nil
}

// percentEncoded encodes text for a query.
func percentEncoded(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// writtenOut makes a request of a method and a target that a scenario wrote out.
func (s *scenario) writtenOut(method, target string) (*request, error) {
	if !isToken(method) {
		return nil, invalidStep("%q is not an HTTP method", method)
	}
	if !strings.HasPrefix(target, "/") {
		return nil, invalidStep("invalid path %q: a path begins with /", target)
	}
	if i := strings.IndexFunc(target, func(c rune) bool { return c <= ' ' || c == 0x7f }); i >= 0 {
		return nil, invalidStep("the path %q has a space or a control character: write it percent-encoded", target)
	}
	rawPath, rawQuery, hasQuery := strings.Cut(target, "?")
	r := &request{method: method, path: rawPath, header: s.callerHeaders()}
	if hasQuery {
		for _, raw := range strings.Split(rawQuery, "&") {
			name, _, _ := strings.Cut(raw, "=")
			r.query = append(r.query, queryPart{name, raw})
		}
	}
	return r, r.change(s, s.carried)
}

// change is one row of a change table.
type change struct {
	where  place
	part   changePart
	name   string // of the header, query value or path parameter; the JSON Pointer itself for the body
	tokens []string
	value  string // not expanded yet
}

type changePart int

const (
	changeBody changePart = iota
	changeHeader
	changeQuery
	changePath
)

// absent in a table removes a value, or asserts that there is none.
const absent = "absent"

// changesOf reads a change table.
func (s *scenario) changesOf(table *Table) ([]change, error) {
	rows, err := rowsOf(table)
	if err != nil {
		return nil, err
	}
	return s.changesIn(rows)
}

// changesIn reads the rows of a change table.
func (s *scenario) changesIn(rows []row) ([]change, error) {
	changes := make([]change, 0, len(rows))
	for _, row := range rows {
		part, err := s.expand(row.key, plain)
		if err != nil {
			return nil, at(row.where, err)
		}
		c := change{where: row.where, value: row.value}
		kind, name, _ := strings.Cut(part, " ")
		c.name = strings.TrimSpace(name)
		switch {
		case strings.HasPrefix(part, "/"):
			c.part, c.name = changeBody, part
			if c.tokens, err = pointer(part); err != nil {
				return nil, at(row.where, err)
			}
		case kind == "header" && isToken(c.name):
			c.part = changeHeader
			if header := http.CanonicalHeaderKey(c.name); slices.Contains(transportHeaders, header) {
				return nil, at(row.where, invalidStep("the header %s is set by the transport: a scenario cannot set it", header))
			}
		case kind == "query" && c.name != "":
			c.part = changeQuery
		case kind == "path" && c.name != "":
			c.part = changePath
		default:
			return nil, at(row.where, &InvalidStep{
				Message: fmt.Sprintf(`cannot change %q: expected a JSON Pointer, "header X", "query x" or "path x"`, part),
				Nearest: s.nearestPart(kind, c.name),
			})
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// transportHeaders are those that net/http writes itself, whatever a request has.
var transportHeaders = []string{"Content-Length", "Host", "Trailer", "Transfer-Encoding"}

// nearestPart returns the part that was probably meant by an unknown kind.
func (s *scenario) nearestPart(kind, name string) string {
	word := suggest.Nearest(kind, []string{"header", "path", "query"})
	if name != "" && word != "" {
		return word + " " + name
	}
	if name != "" || word != "" {
		return ""
	}
	for _, parameter := range s.cfg.Milestone.Parameters {
		if parameter.Name == kind {
			return parameter.In + " " + kind
		}
	}
	return "/" + kind
}

// change puts the changes onto the request. The first row for a header or a query value replaces what was there, and
// a further one sends it once more.
func (r *request) change(s *scenario, changes []change) error {
	again := map[string]bool{}
	for _, c := range changes {
		if err := r.changeOne(s, c, again); err != nil {
			return at(c.where, err)
		}
	}
	return nil
}

func (r *request) changeOne(s *scenario, c change, again map[string]bool) error {
	if c.part == changeBody {
		if err := r.changeBody(s, c); err != nil {
			return err
		}
		if _, ok := r.header["Content-Type"]; !ok && !again["header Content-Type"] {
			r.header.Set("Content-Type", "application/json")
		}
		return nil
	}
	value, err := s.expand(c.value, plain)
	if err != nil {
		return err
	}
	gone := c.value == absent
	switch c.part {
	case changeHeader:
		name := http.CanonicalHeaderKey(c.name)
		if !isHeaderValue(value) {
			return invalidStep("invalid header value %q", value)
		}
		if s.inKeyMode() && slices.Contains(actorHeaders, name) {
			return invalidStep("the target is in key mode and does not read %s: such a scenario @needs:header-identity", name)
		}
		if !again["header "+name] {
			r.header.Del(name)
		}
		if !gone {
			r.header.Add(name, value)
		}
		again["header "+name] = true
	case changeQuery:
		if !again["query "+c.name] {
			r.query = slices.DeleteFunc(r.query, func(part queryPart) bool { return part.name == c.name })
		}
		if !gone {
			raw := c.name + "=" + value
			if r.operation != nil {
				raw = percentEncoded(c.name) + "=" + percentEncoded(value)
			}
			r.query = append(r.query, queryPart{c.name, raw})
		}
		again["query "+c.name] = true
	case changePath:
		return r.changePath(c.name, value, gone)
	}
	return nil
}

// changePath sets a parameter of the path.
func (r *request) changePath(part, value string, gone bool) error {
	if r.operation == nil {
		return invalidStep("the step has a literal path, without a part %q", part)
	}
	var names []string
	for _, segment := range strings.Split(r.operation.Path, "/") {
		if name, ok := paramOf(segment); ok {
			names = append(names, name)
		}
	}
	if !slices.Contains(names, part) {
		return &InvalidStep{Message: fmt.Sprintf("%s has no part %q", r.operation.Path, part), Nearest: suggest.Nearest(part, names)}
	}
	if gone {
		return invalidStep("the path %s needs its part %q", r.operation.Path, part)
	}
	r.params[part] = value
	return nil
}

func (r *request) changeBody(s *scenario, c change) error {
	var value []byte
	if c.value != absent {
		text, err := s.expand(c.value, jsonText)
		if err != nil {
			return err
		}
		if value = []byte(text); !isJSON(value) {
			return invalidJSON(text, "strings need quotes")
		}
	}
	switch {
	case r.operation != nil && r.operation.RequestSchema == "":
		return invalidStep("%s takes no body to change", r.operation.ID)
	case len(r.body) == 0 && r.operation == nil:
		r.body = []byte("{}")
	case !isJSON(r.body):
		return invalidStep("the body is not JSON, so the table cannot change it: %s", brief(string(r.body)))
	}
	changed, err := changeAt(r.body, jsontext.Pointer(""), c.tokens, value)
	if err != nil {
		return err
	}
	r.body = changed
	return nil
}

// row is one row of a table of two columns.
type row struct {
	where      place
	key, value string
}

// place is the position of a row in its table, counted from 1, with its first cell.
type place struct {
	row int
	key string
}

func (p place) String() string {
	if p.key == "" {
		return fmt.Sprintf("row %d", p.row)
	}
	return fmt.Sprintf("row %d (%s)", p.row, p.key)
}

// rowsOf reads a table of two columns without a heading.
func rowsOf(table *Table) ([]row, error) {
	if table == nil {
		return nil, invalidStep("the step takes a table, and has a text")
	}
	rows := make([]row, len(table.Rows))
	for i, r := range table.Rows {
		if len(r.Cells) != 2 {
			return nil, at(place{row: i + 1}, invalidStep("the row has %d columns, expected two: a part and its value (write \\| for a | in a cell)", len(r.Cells)))
		}
		rows[i] = row{place{i + 1, r.Cells[0].Value}, r.Cells[0].Value, r.Cells[1].Value}
	}
	return rows, nil
}

// tableOf returns rows as a table that is in no feature.
func tableOf(table [][2]string) []row {
	rows := make([]row, len(table))
	for i, cells := range table {
		rows[i] = row{place{i + 1, cells[0]}, cells[0], cells[1]}
	}
	return rows
}

// at puts the place in front of a fault in a scenario's text.
func at(where place, err error) error {
	if bad, ok := err.(*InvalidStep); ok && where.row > 0 {
		return &InvalidStep{Message: where.String() + ": " + bad.Message, Nearest: bad.Nearest, Row: where.row, bare: bad.Message}
	}
	return err
}

// bytesOf reads hexadecimal digits, with spaces where the author likes them.
func bytesOf(text string) ([]byte, error) {
	body, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		return nil, invalidStep("invalid bytes %q: each byte is two hexadecimal digits", text)
	}
	return body, nil
}

// isToken reports whether text can be a method or the name of a header.
func isToken(text string) bool {
	for i := range len(text) {
		c := text[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return text != ""
}

func isHeaderValue(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
