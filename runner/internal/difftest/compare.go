package difftest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps/auditproof"
)

// Difference is the first thing in which two answers differ.
type Difference struct {
	// Kind is what differs: "status", "header", "body" or "proof".
	Kind string `json:"kind"`
	// At is the name of the header, or a JSON Pointer.
	At string `json:"at,omitempty"`
	// Want is what the fake says, and Got what the target says. Each is a JSON value, or "absent", with tokens in the
	// place of what is an implementation's own.
	Want string `json:"want"`
	Got  string `json:"got"`

	leaves []leaf // every place of the body that differs
}

// String is the difference in one line.
func (d *Difference) String() string {
	at := d.Kind
	switch d.Kind {
	case "header":
		at = "the header " + d.At
	case "body":
		at = strconv.Quote(d.At)
	case "proof":
		at = "the page"
	}
	return fmt.Sprintf("%s: the fake says %s, the target says %s", at, d.Want, d.Got)
}

var digits = regexp.MustCompile(`/[0-9]+(/|$)`)

// signature tells a difference from another one, in a walk that shows the same with other values.
func (d *Difference) signature() string {
	parts := []string{d.Kind, digits.ReplaceAllString(d.At, "/*$1")}
	if d.Kind == "status" {
		parts = append(parts, d.Want, d.Got)
	}
	return strings.Join(parts, " ")
}

// leaf is a place where two bodies differ; absent is nil.
type leaf struct {
	at        string
	want, got any
}

// comparer compares the answers of a walk, from its first to its last.
//
// An answer that is the same byte for byte says the same, and nothing else is looked at; that is most of them where two
// fakes are compared. The first that is not has everything before it read, for ids are told apart by where they
// appeared first.
type comparer struct {
	milestone *milestones.Milestone
	schemas   *schemas.Set
	headers   []string
	fake      *golden.Tokens
	target    *golden.Tokens
	publish   func() ([2]auditproof.Keys, error) // the keys of the fake, and of the target
	keys      [2]auditproof.Keys
	published bool
	ownKeys   bool // the target's keys are its own, so that the key set is no matter
	unproven  bool // the target publishes no keys, so that no page can be verified
	clocks    *clocks
	before    []pair
	seen      []occurrence // where the fake's own texts appeared first
}

type pair struct {
	fake, target *reply
	number       int
}

// occurrence is a text of the fake's own, and the first place that had it.
type occurrence struct {
	text  string
	call  int
	at    string
	whole bool // nothing else stands there
}

// derived are the kinds of texts that are made from others: where everything that the client sent and everything else
// in the answer is the same, they have to be the same too. The others are handed out, and each implementation has its
// own.
var derived = []string{"evaluation-id", "prefixed-hash", "hash", "signature"}

func newComparer(m *milestones.Milestone, set *schemas.Set, w *golden.Writer, c *clocks) *comparer {
	return &comparer{
		milestone: m, schemas: set, fake: w.Tokens(), target: w.Tokens(), clocks: c,
		headers: []string{"Content-Type", m.Transport.CorrelationHeader, m.Transport.ReplayHeader, "Allow"},
	}
}

// compare gives the first difference of the answers to a call; nil is none.
func (c *comparer) compare(number int, fake, target *reply) (*Difference, error) {
	now := pair{fake, target, number}
	c.before = append(c.before, now)
	if c.sameBytes(fake, target) {
		return nil, nil
	}
	if !c.published {
		c.published = true
		var err error
		if c.keys, err = c.publish(); err != nil {
			return nil, err
		}
	}
	for _, p := range c.before {
		if d := c.look(p); d != nil {
			return d, nil // of the last one, since the bytes of the others are the same
		}
	}
	c.before = nil
	return nil, nil
}

func (c *comparer) sameBytes(fake, target *reply) bool {
	for i, want := range fake.answers {
		got := target.answers[i]
		if want.status != got.status || !bytes.Equal(want.body, got.body) {
			return false
		}
		for _, name := range c.headers {
			if !slices.Equal(want.header[name], got.header[name]) {
				return false
			}
		}
	}
	return true
}

// look compares two answers member by member.
func (c *comparer) look(p pair) *Difference {
	for i, want := range p.fake.answers {
		if d := c.lookAt(p, want, p.target.answers[i]); d != nil {
			return d
		}
	}
	return nil
}

func (c *comparer) lookAt(p pair, want, got *answer) *Difference {
	if want.status != got.status {
		return &Difference{Kind: "status", Want: summary(want), Got: summary(got)}
	}
	for _, name := range c.headers {
		wanted, _ := c.fake.Text(strings.Join(want.header[name], ", "))
		is, _ := c.target.Text(strings.Join(got.header[name], ", "))
		if wanted != is || len(want.header[name]) != len(got.header[name]) {
			return &Difference{Kind: "header", At: name, Want: headerText(want.header[name]), Got: headerText(got.header[name])}
		}
	}
	if p.fake.sent.Method == "HEAD" {
		return nil
	}
	return c.lookAtBodies(p, want, got)
}

func headerText(values []string) string {
	if len(values) == 0 {
		return "absent"
	}
	return quoted(strings.Join(values, ", "))
}

func (c *comparer) lookAtBodies(p pair, want, got *answer) *Difference {
	wanted, errWant := schemas.Read(want.body)
	is, errGot := schemas.Read(got.body)
	switch {
	case errGot != nil && errWant == nil:
		return &Difference{Kind: "body", Want: "JSON", Got: "what is no JSON: " + errGot.Error()}
	case errWant != nil:
		if bytes.Equal(want.body, got.body) {
			return nil
		}
		return &Difference{Kind: "body", Want: quoted(string(want.body)), Got: quoted(string(got.body))}
	}
	refusal := want.status >= 400
	left, ownLeft := c.fake.Body(wanted.Canonical, refusal)
	right, ownRight := c.target.Body(is.Canonical, refusal)
	c.recordOccurrences(p.number, wanted.Canonical, ownLeft)
	apart := !sameRequest(p.fake.sent, p.target.sent)
	if !bytes.Equal(left, right) {
		differ := differences(nil, "", decoded(left), decoded(right))
		differ = slices.DeleteFunc(differ, func(l leaf) bool {
			switch {
			case c.ownKeys && p.fake.operation.ID == keySet && strings.HasPrefix(l.at, "/") && !strings.HasPrefix(l.at, "/correlation_id"):
				return true
			case c.ownKeys && l.at == "/export/signature/key_id":
				apart = true
				return true
			case c.clocks.same(l.want, l.got):
				apart = true
				return true
			case l.want == absent{} && !refusal && c.mayAdd(p.fake.operation, l.at):
				return true
			}
			return false
		})
		if len(differ) > 0 {
			first := differ[0]
			return &Difference{Kind: "body", At: first.at, Want: jsonOrAbsent(first.want), Got: jsonOrAbsent(first.got), leaves: differ}
		}
	}
	if d := c.lookAtProof(p, want, got); d != nil {
		return d
	}
	return lookAtDerived(ownLeft, ownRight, apart, wanted.Canonical, is.Canonical)
}

// mayAdd reports whether the contract lets a service add the member at a pointer to its success: the schema of the whole
// answer is open, and names no such member.
func (c *comparer) mayAdd(o *milestones.Operation, at string) bool {
	schema, known := c.schemas.Lookup(o.ResponseSchema)
	if !known {
		return false
	}
	pointer := jsontext.Pointer(at)
	return pointer.Parent() == "" && schema.Spot().In(pointer.LastToken()).Possible() &&
		!slices.Contains(schema.Spot().Members(), pointer.LastToken())
}

const keySet = "keys.policy-integrity-signing.get"

// lookAtDerived compares hashes and what is made of them, where nothing that was hashed can differ.
func lookAtDerived(want, got []golden.Own, apart bool, left, right []byte) *Difference {
	if apart || len(want) != len(got) {
		return nil
	}
	other := -1
	for i := range want {
		if want[i].Text == got[i].Text {
			continue
		}
		if !slices.Contains(derived, want[i].Kind) {
			return nil // what was handed out differs, and so does what is made from it
		}
		if other < 0 {
			other = i
		}
	}
	if other < 0 {
		return nil
	}
	for _, l := range differences(nil, "", decoded(left), decoded(right)) {
		if text, _ := l.want.(string); strings.Contains(text, want[other].Text) {
			return &Difference{Kind: "body", At: l.at, Want: jsonOrAbsent(l.want), Got: jsonOrAbsent(l.got), leaves: []leaf{l}}
		}
	}
	return nil
}

// lookAtProof verifies a page of an export on each side, by the keys that the side publishes.
func (c *comparer) lookAtProof(p pair, want, got *answer) *Difference {
	if c.unproven || p.fake.operation.ID != export || want.status != 200 {
		return nil
	}
	var says [2]string
	for i, a := range []*answer{want, got} {
		says[i] = "that it verifies"
		var body struct {
			Export json.RawMessage `json:"export"`
		}
		if err := json.Unmarshal(a.body, &body); err != nil {
			continue // another check's matter
		}
		if err := auditproof.Page(body.Export, c.keys[i]); err != nil {
			says[i] = err.Error()
		}
	}
	if says[0] == says[1] {
		return nil
	}
	return &Difference{Kind: "proof", At: "/export", Want: says[0], Got: says[1]}
}

// sameRequest says whether both sides were sent the same.
func sameRequest(a, b record.Request) bool {
	return a.Target == b.Target && bytes.Equal(a.Body, b.Body) && maps.EqualFunc(a.Header, b.Header, slices.Equal)
}

// recordOccurrences notes where the fake's own texts appear first.
func (c *comparer) recordOccurrences(number int, canonical []byte, own []golden.Own) {
	fresh := map[string]bool{}
	for _, o := range own {
		if !slices.ContainsFunc(c.seen, func(s occurrence) bool { return s.text == o.Text }) {
			fresh[o.Text] = true
		}
	}
	if len(fresh) == 0 {
		return
	}
	// A place that has the text and nothing else is what a sentence can remember, so it comes before others.
	for _, whole := range []bool{true, false} {
		eachText(decoded(canonical), "", func(at, text string) {
			for _, o := range own {
				if fresh[o.Text] && (text == o.Text || !whole && strings.Contains(text, o.Text)) {
					fresh[o.Text] = false
					c.seen = append(c.seen, occurrence{o.Text, number, at, whole})
				}
			}
		})
	}
}

// ---- JSON ----

func decoded(text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		panic(err) // it is canonical
	}
	return value
}

// absent stands for what is not there, which null is not.
type absent struct{}

// differences lists the places where two values differ, in the order of the names of members.
func differences(found []leaf, at jsontext.Pointer, want, got any) []leaf {
	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			names := maps.Clone(want)
			maps.Copy(names, got)
			for _, name := range sortedKeys(names) {
				found = differences(found, at.AppendToken(name), member(want, name), member(got, name))
			}
			return found
		}
	case []any:
		if got, ok := got.([]any); ok {
			for i := range max(len(want), len(got)) {
				found = differences(found, at.AppendToken(strconv.Itoa(i)), item(want, i), item(got, i))
			}
			return found
		}
	}
	if jsonOrAbsent(want) != jsonOrAbsent(got) {
		found = append(found, leaf{string(at), want, got})
	}
	return found
}

func member(object map[string]any, name string) any {
	if value, ok := object[name]; ok {
		return value
	}
	return absent{}
}

func item(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return absent{}
}

// jsonOrAbsent writes a value.
func jsonOrAbsent(value any) string {
	switch value := value.(type) {
	case absent:
		return "absent"
	case string:
		return quoted(value)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // it came from JSON
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// eachText visits every string of a value, in the order of the names of members.
func eachText(value any, at jsontext.Pointer, visit func(at, text string)) {
	switch value := value.(type) {
	case string:
		visit(string(at), value)
	case []any:
		for i, one := range value {
			eachText(one, at.AppendToken(strconv.Itoa(i)), visit)
		}
	case map[string]any:
		for _, name := range sortedKeys(value) {
			eachText(value[name], at.AppendToken(name), visit)
		}
	}
}

// textAt is a string of a body.
func textAt(body []byte, names ...string) (string, bool) {
	for _, name := range names {
		var object map[string]json.RawMessage
		if json.Unmarshal(body, &object) != nil {
			return "", false
		}
		body = object[name]
	}
	var text string
	return text, json.Unmarshal(body, &text) == nil && len(body) > 0 && body[0] == '"'
}

// summary is an answer in short: status, error code and reason code.
func summary(a *answer) string {
	text := strconv.Itoa(a.status)
	for _, names := range [][]string{{"error", "code"}, {"error", "details", "reason_code"}} {
		if word, ok := textAt(a.body, names...); ok {
			text += " " + word
		}
	}
	return text
}

// listAt is a list of strings in a body.
func listAt(body []byte, names ...string) (words []string) {
	for _, name := range names {
		var object map[string]json.RawMessage
		if json.Unmarshal(body, &object) != nil {
			return nil
		}
		body = object[name]
	}
	if json.Unmarshal(body, &words) != nil {
		return nil
	}
	return words
}

// decodedBody is a body as values; nil when it is no JSON.
func decodedBody(body []byte) any {
	document, err := schemas.Read(body)
	if err != nil {
		return nil
	}
	return decoded(document.Canonical)
}

// find is what a JSON Pointer points to.
func find(value any, pointer string) (any, bool) {
	for token := range jsontext.Pointer(pointer).Tokens() {
		switch parent := value.(type) {
		case map[string]any:
			inner, ok := parent[token]
			if !ok {
				return nil, false
			}
			value = inner
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(parent) {
				return nil, false
			}
			value = parent[i]
		default:
			return nil, false
		}
	}
	return value, true
}
