package imperfect

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// object is a JSON object.
type object = map[string]any

// service is the test double.
type service struct {
	options   Options
	on        map[string]bool // the switches that are on
	milestone *milestones.Milestone
	key       ed25519.PrivateKey

	mu          sync.Mutex
	dead        bool // the process has ended
	providers   map[string]*provider
	numbered    int // the last automatic provider id
	audited     int // the last audit id
	answers     map[answerKey]*cached
	checkpoints map[string]checkpoint // by checkpoint_hash
}

// answerKey is an idempotency key in its scope.
type answerKey struct{ actorType, actorID, operation, providerID, key string }

// cached is the answer that is stored under a key.
type cached struct {
	payload string // hash
	answer  answer
}

// answer is what is sent.
type answer struct {
	status      int
	correlation string
	body        []byte
	allow       string
	replayed    bool
}

// refusal is why a request is refused.
type refusal struct {
	status       int
	code, reason string // reason is short for partner_liquidity_provider_<reason>, or ""
	message      string
	details      object
	allow        string
}

// request is a request on its way to its answer.
type request struct {
	*http.Request
	operation  *milestones.Operation // nil for an unknown route
	providerID string
	allowed    []string // methods of the path, if there is no operation
	actorType  string
	actorID    string
	scopes     []string
}

// reasonPrefix begins every reason code.
const reasonPrefix = "partner_liquidity_provider_"

// invalid refuses a payload or a query.
func invalid(message string) *refusal {
	return &refusal{status: 400, code: "CONSTRAINT_VIOLATION", reason: "invalid", message: message}
}

// ServeHTTP implements http.Handler.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.on[exitOnEmptySegments] && r.Method == http.MethodGet && r.URL.EscapedPath() == "//" {
		s.dead = true
	}
	dead := s.dead
	s.mu.Unlock()
	if dead {
		if s.options.Exit != nil {
			s.options.Exit()
		}
		panic(http.ErrAbortHandler)
	}
	body, tooLarge, broken := s.readBody(r)
	a := s.answer(r, body, tooLarge, broken)
	header := w.Header()
	header["Content-Type"] = []string{"application/json; charset=utf-8"}
	header["X-Correlation-Id"] = []string{a.correlation}
	if a.replayed && !s.on[noReplayHeader] {
		header["Idempotent-Replayed"] = []string{"true"}
	}
	if a.allow != "" {
		header["Allow"] = []string{a.allow}
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that is gone needs no answer
}

// readBody reads the body of a POST.
func (s *service) readBody(r *http.Request) (body []byte, tooLarge, broken bool) {
	if r.Method != http.MethodPost {
		return nil, false, false
	}
	const limit, drain = 1 << 20, 16 << 20
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if len(body) > limit {
		_, _ = io.CopyN(io.Discard, r.Body, drain) // so that a client that sends all before it reads receives the answer
		return nil, true, false
	}
	return body, false, err != nil
}

// answer decides what a request is answered.
func (s *service) answer(r *http.Request, body []byte, tooLarge, broken bool) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := &request{Request: r}
	s.route(x)
	a, refused := s.run(x, body, tooLarge, broken)
	if refused != nil {
		return s.refuse(x, refused)
	}
	return a
}

// run does the checks in the contract's order, and then the operation.
func (s *service) run(x *request, body []byte, tooLarge, broken bool) (answer, *refusal) {
	if x.operation == nil {
		if s.on[identityBeforeRouting] {
			if refused := s.identify(x); refused != nil {
				return answer{}, refused
			}
		}
		return answer{}, s.unrouted(x)
	}
	switch x.operation.ID {
	case "healthz":
		return s.success(x, object{"ok": true}), nil
	case "keys.policy-integrity-signing.get":
		return s.success(x, s.keySet()), nil
	}
	if refused := s.identify(x); refused != nil {
		return answer{}, refused
	}
	if x.Method != http.MethodPost {
		return s.read(x)
	}
	key, refused := s.idempotencyKey(x)
	if refused != nil {
		return answer{}, refused
	}
	document, refused := s.parseBody(body, tooLarge, broken)
	if refused == nil {
		refused = s.authorize(x)
	}
	if refused != nil {
		return answer{}, refused
	}
	return s.post(x, key, document)
}

// read serves get and export.
func (s *service) read(x *request) (answer, *refusal) {
	refused := s.authorize(x)
	if refused == nil {
		refused = s.authorizeOwner(x)
	}
	if refused != nil {
		return answer{}, refused
	}
	p := s.providers[x.providerID]
	if x.operation.ID == "partnerLiquidityProvider.get" {
		view := p.view()
		if p.rollout != nil {
			view["rollout"] = p.rollout
		}
		return s.success(x, object{"provider": view}), nil
	}
	export, refused := s.export(x, p)
	if refused != nil {
		return answer{}, refused
	}
	return s.success(x, object{"provider_id": p.id, "export": export}), nil
}

// post serves the operations that change something, once for each idempotency key.
func (s *service) post(x *request, key string, document schemas.Document) (answer, *refusal) {
	payload := document.Canonical
	if x.operation.ID != onboarding {
		if refused := s.authorizeOwner(x); refused != nil {
			return answer{}, refused
		}
		payload = canonical(object{"provider_id": x.providerID, "request": document.Value})
	}
	scoped := answerKey{x.actorType, x.actorID, x.operation.ID, x.providerID, key}
	if stored := s.answers[scoped]; stored != nil {
		if hash(payload) != stored.payload {
			details := object{"operation_id": x.operation.ID, "idempotency_key": key}
			if !s.on[noPayloadHashes] {
				details["original_payload_hash"], details["payload_hash"] = stored.payload, hash(payload)
			}
			return answer{}, &refusal{
				status: 409, code: "IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH",
				message: "This Idempotency-Key was used with another payload.", details: details,
			}
		}
		if !s.on[replaysRunAgain] {
			replay := stored.answer
			replay.replayed = true
			return replay, nil
		}
	}
	var a answer
	if member, refused := s.change(x, document.Value); refused != nil {
		a = s.refuse(x, refused)
	} else {
		a = s.success(x, member)
	}
	s.answers[scoped] = &cached{hash(payload), a}
	return a, nil
}

// ---- routes ----

// route finds the operation of a request. Paths match segment by segment, as they are written.
func (s *service) route(x *request) {
	segments := strings.Split(x.URL.EscapedPath(), "/")
	for i := range s.milestone.Operations {
		o := &s.milestone.Operations[i]
		if o.ID == "keys.policy-integrity-signing.get" && s.on[noKeySet] {
			continue
		}
		id := ""
		matches := slices.EqualFunc(strings.Split(o.Path, "/"), segments, func(want, got string) bool {
			if !strings.HasPrefix(want, "{") {
				return want == got
			}
			var err error
			id, err = url.PathUnescape(got)
			return err == nil && got != ""
		})
		switch {
		case !matches:
		case o.Method == x.Method:
			x.operation, x.providerID, x.allowed = o, id, nil
			return
		default:
			x.allowed = append(x.allowed, o.Method)
		}
	}
	slices.Sort(x.allowed)
}

// unrouted refuses a request without an operation.
func (s *service) unrouted(x *request) *refusal {
	if x.allowed != nil && !s.on[otherMethodIs404] {
		allow := strings.Join(x.allowed, ", ")
		return &refusal{status: 405, code: "METHOD_NOT_ALLOWED", message: "This path takes " + allow + ".", allow: allow}
	}
	return &refusal{
		status: 404, code: "NOT_FOUND", message: "There is no such route.",
		details: object{"method": x.Method, "path": x.URL.EscapedPath()},
	}
}

// keySet is the answer of the key set.
func (s *service) keySet() object {
	der, err := x509.MarshalPKIXPublicKey(s.key.Public())
	if err != nil {
		panic(err) // an ed25519 key always has one
	}
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return object{
		"active_key_id": signingKey,
		"keys":          []any{object{"key_id": signingKey, "alg": "ed25519", "public_key_pem": public, "status": "active"}},
	}
}

// ---- identity ----

// identify reads the identity headers.
func (s *service) identify(x *request) *refusal {
	x.actorType, x.actorID = headerValue(x.Header, "X-Actor-Type"), headerValue(x.Header, "X-Actor-Id")
	if x.actorType == "" {
		x.actorType, x.actorID = "partner", headerValue(x.Header, "X-Partner-Key")
	}
	if x.actorID == "" {
		return &refusal{status: 401, code: "UNAUTHORIZED", message: "The request has no usable identity."}
	}
	scopes := headerValue(x.Header, "X-Auth-Scopes")
	if scopes == "" {
		scopes = headerValue(x.Header, "X-Scopes")
	}
	x.scopes = strings.FieldsFunc(scopes, func(c rune) bool { return c == ',' || unicode.IsSpace(c) })
	slices.Sort(x.scopes)
	x.scopes = slices.Compact(x.scopes)
	if !slices.Contains([]string{"user", "partner", "agent"}, x.actorType) {
		return x.notPartner()
	}
	return nil
}

// notPartner refuses an actor type.
func (x *request) notPartner() *refusal {
	return &refusal{
		status: 403, code: "FORBIDDEN", message: "Only a partner may call this operation.",
		details: object{"actor_type": x.actorType, "allowed_actor_types": []string{"partner"}},
	}
}

// authorize checks actor type and scope.
func (s *service) authorize(x *request) *refusal {
	if x.actorType != "partner" {
		return x.notPartner()
	}
	if slices.Contains(x.scopes, x.operation.Scope) {
		return nil
	}
	required := []string{x.operation.Scope}
	return &refusal{
		status: 403, code: "INSUFFICIENT_SCOPE", message: "The caller lacks a scope.",
		details: object{
			"operation_id": x.operation.ID, "required_scopes": required, "missing_scopes": required,
			"provided_scopes": append([]string{}, x.scopes...),
		},
	}
}

// authorizeOwner checks that the provider exists and is the caller's.
func (s *service) authorizeOwner(x *request) *refusal {
	p := s.providers[x.providerID]
	switch {
	case p == nil && s.on[blankProviderIDIs400] && strings.TrimSpace(x.providerID) == "":
		return invalid("The provider id is blank.")
	case p == nil:
		return &refusal{
			status: 404, code: "NOT_FOUND", reason: "not_found", message: "There is no such provider.",
			details: object{"provider_id": x.providerID},
		}
	case x.owns(p) || s.on[ownershipUnchecked]:
		return nil
	}
	details := object{"provider_id": x.providerID}
	if s.on[ownerNamed] {
		details["owner_actor"] = p.owner
	}
	return &refusal{
		status: 403, code: "FORBIDDEN", reason: "invalid", message: "This provider belongs to another partner.",
		details: details,
	}
}

// owns reports whether a provider is the caller's.
func (x *request) owns(p *provider) bool {
	return p.owner["type"] == x.actorType && p.owner["id"] == x.actorID
}

// actor is the caller as it is recorded.
func (x *request) actor() object { return object{"type": x.actorType, "id": x.actorID} }

// idempotencyKey reads the key of a POST.
func (s *service) idempotencyKey(x *request) (string, *refusal) {
	limit := 255
	if s.on[longKeyTaken] {
		limit = 256
	}
	key := headerValue(x.Header, "Idempotency-Key")
	if key == "" || utf8.RuneCountInString(key) > limit {
		return "", &refusal{
			status: 400, code: "CONSTRAINT_VIOLATION", message: "Send an Idempotency-Key.",
			details: object{"header": "Idempotency-Key"},
		}
	}
	return key, nil
}

// headerValue is the value of a header: its lines joined and trimmed, "" if it is absent.
func headerValue(header http.Header, name string) string {
	return strings.TrimSpace(strings.Join(header.Values(name), ", "))
}

// ---- answers ----

var (
	correlationID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)
	separators    = regexp.MustCompile(`[^a-z0-9]+`)
)

// correlation is the correlation id of an answer with a status.
func (s *service) correlation(x *request, status int) string {
	own := headerValue(x.Header, "X-Correlation-Id")
	switch {
	case correlationID.MatchString(own) && !s.on[ownCorrelationIDIgnored]:
		return own
	case s.on[randomCorrelationIDs] && slices.Contains([]int{401, 404, 500}, status):
		return s.uuid()
	case x.operation == nil:
		return "corr_unrouted"
	}
	return "corr_" + separators.ReplaceAllString(strings.ToLower(x.operation.ID), "_")
}

// uuid is a random UUID (RFC 9562, version 4). The lock is held, so the source is read by one request at a time.
func (s *service) uuid() string {
	var b [16]byte
	if _, err := io.ReadFull(s.options.Random, b[:]); err != nil {
		panic(fmt.Sprintf("reading random bytes: %v", err))
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// success is the answer of an operation.
func (s *service) success(x *request, members object) answer {
	a := answer{status: 200, correlation: s.correlation(x, 200)}
	members["correlation_id"] = a.correlation
	a.body = canonical(members)
	return a
}

// refuse is the answer to a request that is refused.
func (s *service) refuse(x *request, r *refusal) answer {
	a := answer{status: r.status, correlation: s.correlation(x, r.status), allow: r.allow}
	details := object{}
	for name, value := range r.details {
		details[name] = value
	}
	if r.reason != "" {
		details["reason_code"] = reasonPrefix + r.reason
	}
	a.body = canonical(object{
		"correlation_id": a.correlation,
		"error":          object{"code": r.code, "message": r.message, "details": details},
	})
	return a
}

// canonical is the RFC 8785 form of a value.
func canonical(value any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	text := jsontext.Value(b.Bytes())
	if err == nil {
		err = text.Canonicalize()
	}
	if err != nil {
		panic(fmt.Sprintf("encoding an answer: %v", err)) // it came from I-JSON
	}
	return text
}

// hash is a SHA-256 in hex.
func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// hashOf is the hash of a value's RFC 8785 form.
func hashOf(value any) string { return hash(canonical(value)) }

// now is the time of the service, cut to the millisecond.
func (s *service) now() time.Time { return s.options.Now().UTC().Truncate(time.Millisecond) }
