package rest

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"unicode"

	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// The rules that this file decides.
const (
	partnerKeyIsKnown             ruletrace.Rule = "partner-key-is-known"
	identityHeadersAreReadInOrder ruletrace.Rule = "identity-headers-are-read-in-order"
	identityIsRequired            ruletrace.Rule = "identity-is-required"
	actorIsPartner                ruletrace.Rule = "actor-is-partner"
	scopeIsHeld                   ruletrace.Rule = "scope-is-held"
)

// identity is who calls, and what the caller may do.
type identity struct {
	actor  rules.Actor
	scopes []string // sorted, each once
}

// PartnerKey is one line of a key file: a secret, and who has it.
type PartnerKey struct {
	Key       string
	PartnerID string
	Scopes    []string
}

// identify reads who calls. A caller without a usable identity is told so before
// anything else is looked at.
func (h *Handler) identify(x *request) (identity, *rules.Refusal) {
	who, ok := h.who(x.Header)
	if h.PartnerKeys != nil {
		x.trace.Precondition(partnerKeyIsKnown, !ok)
	} else if x.trace != nil && (inOrder(x.Header, "X-Partner-Key", "X-Actor-Type", "X-Actor-Id") || x.Header["X-Actor-Id"] != nil && x.Header["X-Actor-Type"] == nil) {
		x.trace.Invariant(identityHeadersAreReadInOrder)
	}
	if x.trace.Precondition(identityIsRequired, !ok) {
		return identity{}, &rules.Refusal{
			Rule: identityIsRequired, Outcome: rules.Unauthenticated,
			Message: h.identityHint(),
		}
	}
	if !slices.Contains(actorTypes, who.actor.Type) {
		x.trace.Precondition(actorIsPartner, true)
		return identity{}, who.notPartner()
	}
	return who, nil
}

// who reads an identity in the server's mode.
func (h *Handler) who(header http.Header) (identity, bool) {
	if h.PartnerKeys != nil {
		return h.PartnerKeys.find(value(header, "X-Partner-Key"))
	}
	return headerIdentity(header)
}

// actorTypes are those that an actor may have. Another names nobody, which is
// told together with a missing identity; a known one that may not call is told
// later, by authorize.
var actorTypes = []string{"user", "partner", "agent"}

// notPartner refuses an actor type. An unknown one and one that may not call are
// refused in the same words.
func (who identity) notPartner() *rules.Refusal {
	return &rules.Refusal{
		Rule: actorIsPartner, Outcome: rules.ActorTypeRefused,
		Message: "Only a partner may call this operation.",
		Details: map[string]any{"actor_type": who.actor.Type, "allowed_actor_types": []string{"partner"}},
	}
}

func (h *Handler) identityHint() string {
	if h.PartnerKeys != nil {
		return "Send a known X-Partner-Key."
	}
	return "Send X-Actor-Type and X-Actor-Id, or X-Partner-Key."
}

// headerIdentity reads the identity that a caller claims: X-Actor-Type and
// X-Actor-Id when the type is there, else X-Partner-Key; X-Auth-Scopes, else
// X-Scopes. Values are trimmed, blank is absent, repeated lines are joined.
func headerIdentity(header http.Header) (identity, bool) {
	actor := rules.Actor{Type: value(header, "X-Actor-Type"), ID: value(header, "X-Actor-Id")}
	if actor.Type == "" {
		actor = rules.Actor{Type: "partner", ID: value(header, "X-Partner-Key")}
	}
	scopes := value(header, "X-Auth-Scopes")
	if scopes == "" {
		scopes = value(header, "X-Scopes")
	}
	return identity{actor, splitScopes(scopes)}, actor.ID != ""
}

// inOrder tells whether the order of headers, or what is done to their values,
// makes a difference: the one that comes second is there, or one that comes first
// is blank, is to be trimmed or has several lines.
func inOrder(header http.Header, second string, first ...string) bool {
	return header[second] != nil || slices.ContainsFunc(first, func(name string) bool {
		lines := header[name]
		return len(lines) > 1 || len(lines) == 1 && (lines[0] == "" || strings.TrimSpace(lines[0]) != lines[0])
	})
}

// splitScopes reads scopes separated by commas or spaces.
func splitScopes(text string) []string {
	return sortedSet(strings.FieldsFunc(text, func(c rune) bool { return c == ',' || unicode.IsSpace(c) }))
}

// sortedSet sorts words and drops repetitions. It is never nil, so that JSON shows a list.
func sortedSet(words []string) []string {
	set := append(make([]string, 0, len(words)), words...)
	slices.Sort(set)
	return slices.Compact(set)
}

// value gives a header's value: lines joined, trimmed, "" when blank or absent.
func value(header http.Header, name string) string {
	lines := header[http.CanonicalHeaderKey(name)]
	switch len(lines) {
	case 0:
		return ""
	case 1:
		return strings.TrimSpace(lines[0])
	}
	return strings.TrimSpace(strings.Join(lines, ", "))
}

// PartnerKeys find the identity behind a key. They can be replaced while requests come.
type PartnerKeys struct {
	known atomic.Pointer[[]hashedKey]
	// hidden are the keys that were ever known, the longest first: one may be a part of
	// another.
	hidden atomic.Pointer[[][]byte]
}

type hashedKey struct {
	hash     [sha256.Size]byte
	identity identity
}

// NewPartnerKeys gives the keys of key mode.
func NewPartnerKeys(keys []PartnerKey) *PartnerKeys {
	p := new(PartnerKeys)
	p.Replace(keys)
	return p
}

// Replace makes these the known keys, and no other. A request that was identified before goes on as it was.
func (p *PartnerKeys) Replace(keys []PartnerKey) {
	hashed := make([]hashedKey, 0, len(keys))
	for _, k := range keys {
		hashed = append(hashed, hashedKey{
			sha256.Sum256([]byte(k.Key)),
			identity{rules.Actor{Type: "partner", ID: k.PartnerID}, sortedSet(k.Scopes)},
		})
	}
	p.known.Store(&hashed)
	var hidden [][]byte
	if before := p.hidden.Load(); before != nil {
		hidden = slices.Clone(*before)
	}
	for _, k := range keys {
		if secret := []byte(k.Key); len(secret) > 0 && !slices.ContainsFunc(hidden, func(h []byte) bool { return bytes.Equal(h, secret) }) {
			hidden = append(hidden, secret)
		}
	}
	slices.SortStableFunc(hidden, func(a, b []byte) int { return len(b) - len(a) })
	p.hidden.Store(&hidden)
}

// Hidden is what stands for a secret wherever a request is remembered.
const Hidden = "[hidden]"

// Hide gives a text in which no key stands that is known, or was. It is the same text when none did.
// There may be no keys: p is nil in header mode.
func (p *PartnerKeys) Hide(text []byte) []byte {
	if p == nil {
		return text
	}
	for _, secret := range *p.hidden.Load() {
		if bytes.Contains(text, secret) {
			text = bytes.ReplaceAll(text, secret, []byte(Hidden))
		}
	}
	return text
}

// find compares key with every known one in constant time: hashes have one
// length, and the search goes on when it has found. The key names the partner and
// its scopes, and actor and scope headers are not read.
func (p *PartnerKeys) find(key string) (found identity, ok bool) {
	hash := sha256.Sum256([]byte(key))
	for _, k := range *p.known.Load() {
		if subtle.ConstantTimeCompare(hash[:], k.hash[:]) == 1 {
			found, ok = k.identity, true
		}
	}
	return found, ok
}

// authorize checks actor type and scope.
func (h *Handler) authorize(x *request) *rules.Refusal {
	if x.trace.Precondition(actorIsPartner, x.identity.actor.Type != "partner") {
		return x.identity.notPartner()
	}
	if x.trace != nil && h.PartnerKeys == nil && inOrder(x.Header, "X-Scopes", "X-Auth-Scopes") {
		x.trace.Invariant(identityHeadersAreReadInOrder)
	}
	if x.trace.Precondition(scopeIsHeld, !slices.Contains(x.identity.scopes, x.route.Scope)) {
		return &rules.Refusal{
			Rule: scopeIsHeld, Outcome: rules.ScopeMissing,
			Message: "The caller lacks the scope " + x.route.Scope + ".",
			Details: map[string]any{
				"operation_id":    x.route.ID,
				"required_scopes": []string{x.route.Scope},
				"provided_scopes": x.identity.scopes,
				"missing_scopes":  []string{x.route.Scope},
			},
		}
	}
	return nil
}

// inHeaders is a change in header mode. In key mode the key says who calls.
func inHeaders(changes ...explain.Change) func(*explain.Case) []explain.Change {
	return func(c *explain.Case) []explain.Change {
		if c.KeyMode {
			return nil
		}
		return changes
	}
}

// identified says who calls, and changes nothing of what the request says of that.
func identified(c *explain.Case) (changes []explain.Change) {
	kind, id := value(c.Header, "X-Actor-Type"), value(c.Header, "X-Actor-Id")
	switch {
	case c.KeyMode:
		return nil
	case kind == "" && id == "":
		return []explain.Change{{Where: explain.Header, At: "X-Partner-Key", To: "partner-1"}}
	}
	if kind != "partner" {
		changes = append(changes, explain.Change{Where: explain.Header, At: "X-Actor-Type", To: "partner"})
	}
	if id == "" {
		changes = append(changes, explain.Change{Where: explain.Header, At: "X-Actor-Id", To: "partner-1"})
	}
	return changes
}

// The value of X-Partner-Key is shown nowhere: the journal masks it.
var identityExplained = explain.Rules{
	identityIsRequired: explain.Precondition(
		explain.Inputs(explain.Header, "X-Actor-Type", "X-Actor-Id", "X-Partner-Key"),
		identified,
		"Say who calls: with a known X-Partner-Key in key mode, else in X-Actor-Type and X-Actor-Id.",
	),
	partnerKeyIsKnown: {
		Inputs: append(explain.Inputs(explain.Header, "X-Partner-Key"), explain.Input{Where: explain.Server, At: "the known keys"}),
		Advice: "Send a key that the server was started with.",
	},
	actorIsPartner: explain.Precondition(
		explain.Inputs(explain.Header, "X-Actor-Type"), inHeaders(explain.Change{Where: explain.Header, At: "X-Actor-Type", To: "partner"}), "Call as a partner.",
	),
	scopeIsHeld: explain.Precondition(
		explain.Inputs(explain.Header, "X-Auth-Scopes", "X-Scopes"),
		func(c *explain.Case) []explain.Change {
			if c.KeyMode {
				return nil
			}
			held := value(c.Header, "X-Auth-Scopes")
			if held == "" {
				held = value(c.Header, "X-Scopes")
			}
			return []explain.Change{{Where: explain.Header, At: "X-Auth-Scopes", To: strings.TrimSpace(held + " " + c.Scope)}}
		}, "Hold the scope of the operation: in key mode by a key that has it, else in X-Auth-Scopes.",
	),
}
