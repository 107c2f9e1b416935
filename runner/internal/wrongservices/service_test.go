//go:build !race

package wrongservices

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/lpgate/milestones"
)

// handle answers a request. It may forward it to the fake first, changed or not, once or more often.
type handle func(next forward, q *request) *response

// forward sends a request to the fake.
type forward func(*request) *response

// wrapWith puts a behavior before the fake.
func wrapWith(behavior func() handle) func(http.Handler) http.Handler {
	return func(fake http.Handler) http.Handler {
		answer := behavior()
		next := func(q *request) *response {
			recorder := httptest.NewRecorder()
			fake.ServeHTTP(recorder, q.request())
			return &response{body: body{text: recorder.Body.Bytes()}, status: recorder.Code, header: recorder.Header()}
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				panic(http.ErrAbortHandler) // the client has gone
			}
			answer(next, newRequest(r, text)).send(w)
		})
	}
}

// ---- common kinds ----

// The operations of the milestone.
const (
	toOnboard    = "partnerLiquidityProvider.onboard"
	toGet        = "partnerLiquidityProvider.get"
	toStatus     = "partnerLiquidityProvider.status.upsert"
	toEvaluate   = "partnerLiquidityProvider.eligibility.evaluate"
	toRollout    = "partnerLiquidityProvider.rollout.upsert"
	toExport     = "partnerLiquidityProvider.rollout.export"
	toKeys       = "keys.policy-integrity-signing.get"
	toHealth     = "healthz"
	anyOperation = "" // every operation, and what is none
)

// changingResponse changes the answers of the fake.
func changingResponse(operation string, change func(q *request, a *response)) func() handle {
	return replacing(operation, func(next forward, q *request) *response {
		a := next(q)
		change(q, a)
		return a
	})
}

// changingRequest changes the requests to the fake.
func changingRequest(operation string, change func(q *request)) func() handle {
	return replacing(operation, func(next forward, q *request) *response {
		change(q)
		return next(q)
	})
}

// replacing answers one operation, and forwards the others.
func replacing(operation string, answer handle) func() handle {
	return func() handle {
		return func(next forward, q *request) *response {
			if operation != anyOperation && operation != q.operation {
				return next(q)
			}
			return answer(next, q)
		}
	}
}

// ---- requests ----

// request is a request on its way to the fake.
type request struct {
	body
	operation string // its id; "" when no operation has this method and path
	provider  string // the provider of the path
	method    string
	url       *url.URL
	header    http.Header
	original  *http.Request
}

func newRequest(r *http.Request, text []byte) *request {
	q := &request{body: body{text: text}, method: r.Method, header: r.Header, original: r}
	q.goTo(r.URL)
	return q
}

// goTo sends the request to another URL, which may be another operation.
func (q *request) goTo(u *url.URL) {
	q.url, q.operation, q.provider = u, "", ""
	for _, o := range milestones.M109().Operations {
		want, got := strings.Split(o.Path, "/"), strings.Split(u.EscapedPath(), "/")
		provider := ""
		fits := func(want, got string) bool {
			if strings.HasPrefix(want, "{") && got != "" {
				provider, _ = url.PathUnescape(got)
				return true
			}
			return want == got
		}
		if q.method == o.Method && slices.EqualFunc(want, got, fits) {
			q.operation, q.provider = o.ID, provider
		}
	}
}

// goToPath sends the question to another path, written as on the wire.
func (q *request) goToPath(escaped string) {
	u := *q.url
	u.RawPath = escaped
	u.Path, _ = url.PathUnescape(escaped)
	q.goTo(&u)
}

// copy is the question once more. Changes of one do not change the other.
func (q *request) copy() *request {
	c := *q
	c.body = body{text: slices.Clone(q.bytes())}
	u := *q.url
	c.url, c.header = &u, q.header.Clone()
	return &c
}

func (q *request) request() *http.Request {
	r := q.original.Clone(q.original.Context())
	text := q.bytes()
	r.Method, r.URL, r.Header = q.method, q.url, q.header.Clone()
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return r
}

// query is a value of the query; of several the last.
func (q *request) query(name string) string {
	values := q.url.Query()[name]
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// setQuery changes a value of the query; "" removes it.
func (q *request) setQuery(name, value string) {
	values := q.url.Query()
	values.Set(name, value)
	if value == "" {
		values.Del(name)
	}
	u := *q.url
	u.RawQuery = values.Encode()
	q.url = &u
}

// key is the idempotency key.
func (q *request) key() string { return q.header.Get("Idempotency-Key") }

// anew gives the question another idempotency key, so that it runs although its own was used.
func (q *request) anew(more string) *request {
	c := q.copy()
	c.header.Set("Idempotency-Key", q.key()+"-"+more)
	return c
}

// scope is what the contract keeps an answer under, beside the key.
func (q *request) scope() string {
	return strings.Join([]string{
		q.header.Get("X-Actor-Type"), q.header.Get("X-Actor-Id"), q.header.Get("X-Partner-Key"), q.operation, q.provider,
	}, "|")
}

// as puts another partner's name on the question.
func (q *request) as(partner string) *request {
	c := q.copy()
	c.header.Del("X-Partner-Key")
	c.header.Set("X-Actor-Type", "partner")
	c.header.Set("X-Actor-Id", partner)
	return c
}

// mayAll gives the question every scope.
func (q *request) mayAll() *request {
	c := q.copy()
	c.header.Set("X-Auth-Scopes", "settlement:read settlement:write")
	return c
}

// get is a question of the same caller about a provider.
func (q *request) get(provider string) *request {
	c := q.mayAll()
	c.body, c.method = body{}, http.MethodGet
	c.goTo(&url.URL{Path: "/partner-liquidity-providers/" + provider, RawPath: "/partner-liquidity-providers/" + url.PathEscape(provider)})
	return c
}

// post is a question of the same caller, with a key of its own.
func (q *request) post(escaped, text string) *request {
	c := q.mayAll().anew("post")
	c.body, c.method = body{text: []byte(text)}, http.MethodPost
	c.goToPath(escaped)
	return c
}

// correlation is the correlation id that the answer must have.
func (q *request) correlation() string {
	own := q.header.Get("X-Correlation-Id")
	switch {
	case wellFormed.MatchString(own):
		return own
	case q.operation == "":
		return "corr_unrouted"
	}
	return "corr_" + others.ReplaceAllString(strings.ToLower(q.operation), "_")
}

var (
	wellFormed = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)
	others     = regexp.MustCompile(`[^a-z0-9]+`)
)

// ---- answers ----

// response is what comes back.
type response struct {
	body
	status int
	header http.Header
}

func (a *response) send(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.bytes()) // a client that has gone is no matter here
}

// copy is the answer once more.
func (a *response) copy() *response {
	return &response{body: body{text: slices.Clone(a.bytes())}, status: a.status, header: a.header.Clone()}
}

// isReplay reports whether an answer is a stored one.
func (a *response) isReplay() bool { return a.header.Get("Idempotent-Replayed") != "" }

// asReplay marks a copy of the answer as a stored one.
func (a *response) asReplay() *response {
	c := a.copy()
	c.header.Set("Idempotent-Replayed", "true")
	return c
}

// code is the error code; "" for a success.
func (a *response) code() string { return text(a.at("/error/code")) }

// refusal makes an error answer as the contract has them.
func refusal(q *request, status int, code, reason string, details map[string]any) *response {
	all := map[string]any{}
	if reason != "" {
		all["reason_code"] = reason
	}
	for name, value := range details {
		all[name] = value
	}
	text, err := json.Marshal(map[string]any{
		"correlation_id": q.correlation(),
		"error":          map[string]any{"code": code, "message": "Not so.", "details": all},
	})
	if err != nil {
		panic(err) // strings and maps
	}
	return &response{body: body{text: text}, status: status, header: http.Header{
		"Content-Type": {"application/json; charset=utf-8"}, "X-Correlation-Id": {q.correlation()},
	}}
}

// The reason codes.
const (
	reasonInvalid   = "partner_liquidity_provider_invalid"
	reasonNotFound  = "partner_liquidity_provider_not_found"
	reasonFailed    = "partner_liquidity_provider_eligibility_failed"
	reasonBlocked   = "partner_liquidity_provider_rollout_blocked"
	reasonDowngrade = "partner_liquidity_provider_downgrade_required"
)

// ---- JSON ----

// body is a JSON text whose members can be read and changed by JSON Pointer. What is no JSON has none, and changing
// them changes nothing; so it is with a member of what is not there.
type body struct {
	text    []byte
	tree    any
	read    bool
	changed bool
}

func (b *body) bytes() []byte {
	if b.changed {
		b.text, b.changed = encode(b.tree), false
	}
	return b.text
}

func (b *body) parse() {
	if b.read {
		return
	}
	b.read = true
	decoder := json.NewDecoder(bytes.NewReader(b.text))
	decoder.UseNumber()
	if decoder.Decode(&b.tree) != nil {
		b.tree = nil
	}
}

// at is the value of a member; nil when it is not there.
func (b *body) at(pointer string) any {
	b.parse()
	value := b.tree
	for _, token := range tokens(pointer) {
		value = child(value, token)
	}
	return value
}

// has reports whether a member exists, be it null.
func (b *body) has(pointer string) bool {
	parent, name := b.parent(pointer)
	object, _ := parent.(map[string]any)
	_, ok := object[name]
	return ok || child(parent, name) != nil
}

// put makes a member what value is.
func (b *body) put(pointer string, value any) {
	switch parent, name := b.parent(pointer); parent := parent.(type) {
	case map[string]any:
		parent[name], b.changed = value, true
	case []any:
		if i, err := strconv.Atoi(name); err == nil && i < len(parent) {
			parent[i], b.changed = value, true
		}
	}
}

// drop removes a member of an object.
func (b *body) drop(pointer string) {
	parent, name := b.parent(pointer)
	if object, ok := parent.(map[string]any); ok {
		delete(object, name)
		b.changed = true
	}
}

// changeList changes a member that is a list.
func (b *body) changeList(pointer string, change func([]any) []any) {
	if values := list(b.at(pointer)); values != nil {
		b.put(pointer, change(values))
	}
}

// rewrite writes the whole text anew, as it was understood.
func (b *body) rewrite() {
	b.parse()
	b.changed = b.changed || b.tree != nil
}

func (b *body) parent(pointer string) (parent any, name string) {
	cut := strings.LastIndexByte(pointer, '/')
	return b.at(pointer[:cut]), pointer[cut+1:]
}

func tokens(pointer string) []string {
	if pointer == "" {
		return nil
	}
	return strings.Split(pointer[1:], "/")
}

func child(value any, token string) any {
	switch value := value.(type) {
	case map[string]any:
		return value[token]
	case []any:
		if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(value) {
			return value[i]
		}
	}
	return nil
}

func encode(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // it came from JSON, and strings, lists and maps were added
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

// text is a value that is a string; "" for any other.
func text(value any) string {
	s, _ := value.(string)
	return s
}

// list is a value that is a list; nil for any other.
func list(value any) []any {
	l, _ := value.([]any)
	return slices.Clone(l)
}

// number is a value that is a whole number; -1 for any other.
func number(value any) int {
	n, _ := value.(json.Number)
	i, err := strconv.Atoi(n.String())
	if err != nil {
		return -1
	}
	return i
}

// without removes texts from a list.
func without(words ...any) func([]any) []any {
	return func(values []any) []any {
		return slices.DeleteFunc(values, func(value any) bool { return slices.Contains(words, value) })
	}
}

// rank is a tier's place among the tiers; -1 for what is none.
func rank(tier any) int { return slices.Index(tiers, text(tier)) }

var tiers = []string{"S0", "S1", "S2", "S3"}

// ---- times ----

// shifted is a time of a request, moved; as it was when it cannot be read.
func shifted(at string, by time.Duration) string {
	read, err := time.Parse(time.RFC3339, strings.ToUpper(at))
	if err != nil {
		return at
	}
	return read.Add(by).UTC().Format("2006-01-02T15:04:05.000Z")
}

// ---- memory ----

// notes is the memory of a service. Several requests may be handled at once.
type notes[T any] struct {
	mu sync.Mutex
	of map[string]T
}

func (n *notes[T]) read(key string) (T, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	value, ok := n.of[key]
	return value, ok
}

func (n *notes[T]) write(key string, value T) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.of == nil {
		n.of = map[string]T{}
	}
	n.of[key] = value
}

// owners records who onboarded which provider.
type owners struct{ notes[string] }

// record records the owner in the answer to an onboarding.
func (o *owners) record(q *request, a *response) {
	if q.operation == toOnboard && a.status == http.StatusOK {
		o.write(text(a.at("/provider/provider_id")), text(a.at("/provider/owner_actor/id")))
	}
}
