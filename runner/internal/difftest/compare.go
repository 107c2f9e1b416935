package difftest

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
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

// comparer compares the responses of one sequence, in the order of its calls.
//
// Responses with the same bytes are equal, which is the usual case for two fakes. The first pair that is not has all pairs
// before it read, since ids correspond by where they appear first.
type comparer struct {
	milestone    *milestones.Milestone
	schemas      *schemas.Set
	headers      []string
	clock        *clock
	ownKeys      bool // the target has its own keys, so that the key set is not compared
	readKeys     func() ([2]keySetResult, error)
	keys         *[2]keySetResult // of the fake and of the target; nil until they are needed
	fakeTokens   *golden.Tokens
	targetTokens *golden.Tokens
	targetToken  map[string]string // token of the fake to the token of the target that corresponds to it
	fakeToken    map[string]string // the other way round
	pending      []pair            // calls with equal bytes, not read yet
	occurrences  []occurrence
	clockExcused bool // of the response at hand
	anyHash      bool // texts of derived kinds are equal, for the response at hand
}

// pair is the two replies to a call.
type pair struct {
	fake, target *reply
	call         int
}

// occurrence is the first place of a text that the implementation chooses, in a response of the fake.
type occurrence struct {
	text  string
	call  int
	at    string
	whole bool // the place has no other text
}

// derived are the kinds of texts that are computed from others. They are equal where everything that they may depend on is
// equal. Each implementation chooses texts of other kinds.
var derived = []string{"evaluation-id", "prefixed-hash", "hash", signatureKind}

const signatureKind = "signature"

func newComparer(m *milestones.Milestone, set *schemas.Set, w *golden.Writer, c *clock) *comparer {
	return &comparer{
		milestone: m, schemas: set, clock: c, fakeTokens: w.Tokens(), targetTokens: w.Tokens(),
		targetToken: map[string]string{}, fakeToken: map[string]string{},
		headers: []string{"Content-Type", m.Transport.CorrelationHeader, m.Transport.ReplayHeader, "Allow"},
	}
}

// compare returns the differences of the replies to a call.
func (c *comparer) compare(call int, fake, target *reply) (differences []Difference, err error) {
	c.pending = append(c.pending, pair{fake, target, call})
	if c.equalBytes(fake, target) {
		return nil, nil
	}
	if c.keys == nil {
		keys, err := c.readKeys()
		if err != nil {
			return nil, err
		}
		c.keys = &keys
	}
	for _, p := range c.pending {
		for i, response := range p.fake.responses {
			for _, d := range c.compareResponses(p, response, p.target.responses[i]) {
				if !slices.ContainsFunc(differences, func(other Difference) bool { return other.Cause() == d.Cause() }) {
					differences = append(differences, d)
				}
			}
		}
	}
	c.pending = nil
	return differences, nil
}

func (c *comparer) equalBytes(fake, target *reply) bool {
	for i, response := range fake.responses {
		other := target.responses[i]
		if response.status != other.status || response.cut != other.cut || !bytes.Equal(response.body, other.body) {
			return false
		}
		for _, name := range c.headers {
			if !slices.Equal(response.header[name], other.header[name]) {
				return false
			}
		}
	}
	return true
}

// compareResponses compares the status with the codes of an error, the headers of the contract, and the body. If the status or
// a code differs, the rest is not compared.
func (c *comparer) compareResponses(p pair, fake, target *response) (differences []Difference) {
	isHead := p.fake.sent.Method == http.MethodHead
	if fake.status != target.status || !isHead && !target.cut && summary(fake) != summary(target) {
		return []Difference{{Kind: Status, Fake: summary(fake), Target: summary(target)}}
	}
	for _, name := range c.headers {
		if d := c.compareHeaders(name, fake.header[name], target.header[name]); d != nil {
			differences = append(differences, *d)
		}
	}
	correlation := c.milestone.Transport.CorrelationHeader
	hasOtherID := slices.ContainsFunc(differences, func(d Difference) bool { return d.At == correlation })
	switch {
	case isHead:
		return differences
	case fake.cut != target.cut:
		return append(differences, Difference{Kind: Body, Change: Longer, Fake: bodySize(fake), Target: bodySize(target)})
	}
	inBody := c.compareBodies(p, fake, target)
	if hasOtherID && hasCorrelationIDOf(fake, correlation) && hasCorrelationIDOf(target, correlation) {
		inBody = slices.DeleteFunc(inBody, func(d Difference) bool { return d.At == "/correlation_id" }) // it is the same difference
	}
	return append(differences, inBody...)
}

// hasCorrelationIDOf reports whether the correlation id in the body of a response is that of the header.
func hasCorrelationIDOf(r *response, header string) bool {
	id, ok := textAt(r.body, "correlation_id")
	return ok && id == r.header.Get(header)
}

// bodySize describes the size of a body.
func bodySize(r *response) string {
	if r.cut {
		return fmt.Sprintf("more than %d bytes, of which the rest was not read", record.BodyLimit)
	}
	return fmt.Sprintf("%d bytes", len(r.body))
}

func (c *comparer) compareHeaders(name string, fake, target []string) *Difference {
	d := Difference{Kind: Header, At: name, Fake: headerText(fake), Target: headerText(target)}
	fakeText, _ := c.fakeTokens.Text(strings.Join(fake, ", "))
	targetText, _ := c.targetTokens.Text(strings.Join(target, ", "))
	switch {
	case len(target) == 0 && len(fake) > 0:
		d.Change = Missing
	case len(fake) == 0 && len(target) > 0:
		d.Change = Unexpected
	case len(fake) != len(target) || !c.equalText(fakeText, targetText):
		d.Change = Different
	default:
		return nil
	}
	return &d
}

// headerText returns the values of a header as a JSON string.
func headerText(values []string) string {
	if len(values) == 0 {
		return "absent"
	}
	return quoted(strings.Join(values, ", "))
}

func (c *comparer) compareBodies(p pair, fake, target *response) []Difference {
	fakeDocument, errFake := schemas.Read(fake.body)
	targetDocument, errTarget := schemas.Read(target.body)
	switch {
	case errTarget != nil && errFake == nil:
		return []Difference{{Kind: Body, Change: NotJSON, Fake: "JSON", Target: "not JSON: " + errTarget.Error()}}
	case errFake != nil && bytes.Equal(fake.body, target.body):
		return nil
	case errFake != nil:
		return []Difference{{Kind: Body, Change: Different, Fake: quoted(string(fake.body)), Target: quoted(string(target.body))}}
	}
	isRefusal := fake.status >= 400
	fakeText, fakeOwn := c.fakeTokens.Body(fakeDocument.Canonical, isRefusal)
	targetText, targetOwn := c.targetTokens.Body(targetDocument.Canonical, isRefusal)
	fresh := c.recordOccurrences(p.call, fakeDocument.Canonical, fakeOwn)
	c.clockExcused = false
	fakeValue, targetValue := decoded(fakeText), decoded(targetText)
	// Hashes of bodies that differ are not compared.
	c.anyHash = true
	differences := c.compareValues(p.fake.operation, isRefusal, "", fakeValue, targetValue)
	if c.anyHash = false; len(differences) == 0 {
		differences = c.compareValues(p.fake.operation, isRefusal, "", fakeValue, targetValue)
	}
	if len(differences) > 0 {
		leaves := leavesOf(nil, "", fakeValue, targetValue)
		for i := range differences {
			differences[i].leaves = leavesAt(leaves, differences[i].At)
		}
	}
	if d := c.compareProofs(p, fake, target); d != nil {
		differences = append(differences, *d)
	}
	if len(differences) == 0 && !c.clockExcused && equalRequests(p.fake.sent, p.target.sent) {
		if !sharesSigningKey(*c.keys, fake, target) {
			isSignature := func(o golden.Own) bool { return o.Kind == signatureKind }
			fakeOwn, targetOwn = slices.DeleteFunc(fakeOwn, isSignature), slices.DeleteFunc(targetOwn, isSignature)
		}
		if d := compareDerived(fakeOwn, targetOwn, fresh, fakeDocument.Canonical, targetDocument.Canonical); d != nil {
			differences = append(differences, *d)
		}
	}
	return differences
}

// compareValues compares two values at a place. Texts that the implementation chooses are replaced by tokens.
func (c *comparer) compareValues(o *milestones.Operation, isRefusal bool, at jsontext.Pointer, fake, target any) (differences []Difference) {
	if c.isIgnored(o, string(at)) {
		return nil
	}
	difference := func(change Change) []Difference {
		return []Difference{{Kind: Body, At: string(at), Change: change, Fake: jsonOrAbsent(fake), Target: jsonOrAbsent(target)}}
	}
	switch {
	case fake == absent{} && !isRefusal && c.mayAdd(o, string(at)):
		return nil
	case fake == absent{}:
		return difference(Unexpected)
	case target == absent{}:
		return difference(Missing)
	}
	switch fake := fake.(type) {
	case map[string]any:
		if target, ok := target.(map[string]any); ok {
			names := maps.Clone(fake)
			maps.Copy(names, target)
			for _, name := range sortedKeys(names) {
				differences = append(differences, c.compareValues(o, isRefusal, at.AppendToken(name), member(fake, name), member(target, name))...)
			}
			return differences
		}
	case []any:
		if target, ok := target.([]any); ok {
			if equalMultisets(fake, target) {
				return difference(Order)
			}
			for i := range max(len(fake), len(target)) {
				if len(fake) != len(target) && i < min(len(fake), len(target)) {
					continue // which items correspond is not known
				}
				differences = append(differences, c.compareValues(o, isRefusal, at.AppendToken(strconv.Itoa(i)), item(fake, i), item(target, i))...)
			}
			return differences
		}
	case string:
		if target, ok := target.(string); ok && c.equalText(fake, target) {
			return nil
		}
	}
	if jsonOrAbsent(fake) == jsonOrAbsent(target) {
		return nil
	}
	return difference(Different)
}

// isIgnored reports whether a member is not compared: ids of keys, and the key set of a target with its own keys.
func (c *comparer) isIgnored(o *milestones.Operation, at string) bool {
	switch o.ID {
	case export:
		return at == "/export/signature/key_id"
	case keySet:
		return at == "/active_key_id" || strings.HasPrefix(at, "/keys/") && strings.HasSuffix(at, "/key_id") || c.ownKeys && strings.HasPrefix(at, "/keys")
	}
	return false
}

const keySet = "keys.policy-integrity-signing.get"

// mayAdd reports whether a service may add a member to a success: the schema of the whole response allows members that it does
// not list, and the member is one.
func (c *comparer) mayAdd(o *milestones.Operation, at string) bool {
	schema, known := c.schemas.Lookup(o.ResponseSchema)
	if !known {
		return false
	}
	pointer := jsontext.Pointer(at)
	return pointer.Parent() == "" && schema.Spot().In(pointer.LastToken()).Possible() &&
		!slices.Contains(schema.Spot().Members(), pointer.LastToken())
}

// tokenPattern matches the tokens of package golden that have a number.
var tokenPattern = regexp.MustCompile(`<([a-z-]+) [0-9]+>`)

// equalText reports whether two texts are equal, except that tokens have other numbers, and that times are readings of the
// clocks. A token always corresponds to the same token.
func (c *comparer) equalText(fake, target string) bool {
	fakeTokens, targetTokens := tokenPattern.FindAllString(fake, -1), tokenPattern.FindAllString(target, -1)
	fakeKinds, targetKinds := tokenPattern.ReplaceAllString(fake, "<$1>"), tokenPattern.ReplaceAllString(target, "<$1>")
	if fakeKinds != targetKinds {
		if !c.clock.equal(fakeKinds, targetKinds) {
			return false
		}
		c.clockExcused = true
	}
	if c.anyHash {
		fakeTokens, targetTokens = slices.DeleteFunc(fakeTokens, isDerived), slices.DeleteFunc(targetTokens, isDerived)
	}
	for i, token := range fakeTokens { // there are as many of each kind
		other, known := c.targetToken[token]
		back, knownBack := c.fakeToken[targetTokens[i]]
		if known && other != targetTokens[i] || knownBack && back != token {
			return false
		}
	}
	for i, token := range fakeTokens {
		c.targetToken[token], c.fakeToken[targetTokens[i]] = targetTokens[i], token
	}
	return true
}

// isDerived reports whether a token is of a derived kind.
func isDerived(token string) bool {
	return slices.Contains(derived, tokenPattern.FindStringSubmatch(token)[1])
}

// compareDerived compares hashes and what is computed from them, where everything that they may depend on is equal.
func compareDerived(fake, target []golden.Own, fresh map[string]bool, fakeBody, targetBody []byte) *Difference {
	if len(fake) != len(target) {
		return nil
	}
	different := -1
	for i := range fake {
		if fake[i].Text == target[i].Text {
			continue
		}
		if !slices.Contains(derived, fake[i].Kind) || !fresh[fake[i].Text] {
			return nil // hashes may depend on it
		}
		if different < 0 {
			different = i
		}
	}
	if different < 0 {
		return nil
	}
	for _, l := range leavesOf(nil, "", decoded(fakeBody), decoded(targetBody)) {
		if text, _ := l.fake.(string); strings.Contains(text, fake[different].Text) {
			return &Difference{Kind: Body, At: l.at, Change: Different, Fake: jsonOrAbsent(l.fake), Target: jsonOrAbsent(l.target), leaves: []leaf{l}}
		}
	}
	return nil
}

// compareProofs verifies the hashes and the signature of a page of an export on each side, with the keys of that side.
func (c *comparer) compareProofs(p pair, fake, target *response) *Difference {
	if p.fake.operation.ID != export || fake.status != http.StatusOK || c.keys[0].absent || c.keys[1].absent {
		return nil
	}
	var results [2]string
	for i, r := range []*response{fake, target} {
		results[i] = "verifies"
		page := exportOf(r)
		switch {
		case page == nil: // another difference
		case c.keys[i].err != nil:
			results[i] = "the key set is not valid: " + c.keys[i].err.Error()
		default:
			if err := auditproof.PageProof(page, c.keys[i].keys); err != nil {
				results[i] = err.Error()
			}
		}
	}
	if results[0] == results[1] {
		return nil
	}
	return &Difference{Kind: Proof, At: "/export", Fake: results[0], Target: results[1]}
}

// exportOf returns the page in a response; nil if there is none.
func exportOf(r *response) []byte {
	var body struct {
		Export json.RawMessage `json:"export"`
	}
	if json.Unmarshal(r.body, &body) != nil {
		return nil
	}
	return body.Export
}

// sharesSigningKey reports whether two pages are signed with the same published key, so that their signatures are comparable.
func sharesSigningKey(keys [2]keySetResult, fake, target *response) bool {
	var found [2]ed25519.PublicKey
	for i, r := range []*response{fake, target} {
		id, _ := textAt(r.body, "export", "signature", "key_id")
		found[i] = keys[i].keys[id]
	}
	return found[0] != nil && found[0].Equal(found[1])
}

// equalRequests reports whether both servers received the same request.
func equalRequests(a, b record.Request) bool {
	return a.Target == b.Target && bytes.Equal(a.Body, b.Body) && maps.EqualFunc(a.Header, b.Header, slices.Equal)
}

// recordOccurrences records where the texts that the fake chose appear first, and returns those that appear here first.
func (c *comparer) recordOccurrences(call int, canonical []byte, own []golden.Own) map[string]bool {
	fresh, unplaced := map[string]bool{}, map[string]bool{}
	for _, o := range own {
		if !slices.ContainsFunc(c.occurrences, func(known occurrence) bool { return known.text == o.Text }) {
			fresh[o.Text], unplaced[o.Text] = true, true
		}
	}
	if len(fresh) == 0 {
		return fresh
	}
	// A step can record the text of a whole place only, so such a place is preferred.
	for _, whole := range []bool{true, false} {
		eachText(decoded(canonical), "", func(at, text string) {
			for _, o := range own {
				if unplaced[o.Text] && (text == o.Text || !whole && strings.Contains(text, o.Text)) {
					unplaced[o.Text] = false
					c.occurrences = append(c.occurrences, occurrence{o.Text, call, at, whole})
				}
			}
		})
	}
	return fresh
}
