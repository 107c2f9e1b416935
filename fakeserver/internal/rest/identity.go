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
	"example.com/lpgate/fakeserver/internal/mask"
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

// identity is a caller and its scopes.
type identity struct {
	actor  rules.Actor
	scopes []string // sorted, each once
}

// PartnerKey is a key of a key file, and the partner that it identifies.
type PartnerKey struct {
	Key       string
	PartnerID string
	Scopes    []string
}

// identify returns the identity of a caller, or the refusal of a request without a usable one.
func (h *Handler) identify(x *request) (identity, *rules.Refusal) {
	caller, ok := h.readIdentity(x.Header)
	if h.PartnerKeys != nil {
		x.trace.Precondition(partnerKeyIsKnown, !ok)
	} else if x.trace != nil && (orderMatters(x.Header, "X-Partner-Key", "X-Actor-Type", "X-Actor-Id") || x.Header["X-Actor-Id"] != nil && x.Header["X-Actor-Type"] == nil) {
		x.trace.Invariant(identityHeadersAreReadInOrder)
	}
	if x.trace.Precondition(identityIsRequired, !ok) {
		return identity{}, &rules.Refusal{
			Rule: identityIsRequired, Outcome: rules.Unauthenticated,
			Message: h.identityHint(),
		}
	}
	if !slices.Contains(actorTypes, caller.actor.Type) {
		x.trace.Precondition(actorIsPartner, true)
		return identity{}, caller.notPartner()
	}
	return caller, nil
}

// readIdentity reads the identity in the server's mode.
func (h *Handler) readIdentity(header http.Header) (identity, bool) {
	if h.PartnerKeys != nil {
		return h.PartnerKeys.find(value(header, "X-Partner-Key"))
	}
	return headerIdentity(header)
}

// actorTypes are the known ones. An unknown one is refused here; a known one that may not call
// is refused later, by authorize.
var actorTypes = []string{"user", "partner", "agent"}

// notPartner refuses an actor type. An unknown one and one that may not call get the same
// refusal.
func (caller identity) notPartner() *rules.Refusal {
	return &rules.Refusal{
		Rule: actorIsPartner, Outcome: rules.ActorTypeRefused,
		Message: "Only a partner may call this operation.",
		Details: map[string]any{"actor_type": caller.actor.Type, "allowed_actor_types": []string{"partner"}},
	}
}

func (h *Handler) identityHint() string {
	if h.PartnerKeys != nil {
		return "Send a known X-Partner-Key."
	}
	return "Send X-Actor-Type and X-Actor-Id, or X-Partner-Key."
}

// headerIdentity reads the identity headers: X-Actor-Type and X-Actor-Id if the type is
// present, else X-Partner-Key; X-Auth-Scopes, else X-Scopes. Values are trimmed, blank is
// absent, repeated lines are joined.
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

// orderMatters reports whether the order of headers, or the normalisation of their values,
// makes a difference: the second header is present, or one of the first is blank, not trimmed
// or has several lines.
func orderMatters(header http.Header, second string, first ...string) bool {
	return header[second] != nil || slices.ContainsFunc(first, func(name string) bool {
		lines := header[name]
		return len(lines) > 1 || len(lines) == 1 && (lines[0] == "" || strings.TrimSpace(lines[0]) != lines[0])
	})
}

// splitScopes reads scopes separated by commas or spaces.
func splitScopes(text string) []string {
	return sortedSet(strings.FieldsFunc(text, func(c rune) bool { return c == ',' || unicode.IsSpace(c) }))
}

// sortedSet sorts texts and removes duplicates. It is never nil, so that JSON has a list.
func sortedSet(words []string) []string {
	set := append(make([]string, 0, len(words)), words...)
	slices.Sort(set)
	return slices.Compact(set)
}

// value returns a header's value: lines joined, trimmed, "" if blank or absent.
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

// PartnerKeys are the keys of key mode. They can be replaced while requests are served.
type PartnerKeys struct {
	known atomic.Pointer[[]hashedKey]
	// hidden are all keys that were ever known, the longest first: one may be part of
	// another.
	hidden atomic.Pointer[[][]byte]
}

type hashedKey struct {
	hash     [sha256.Size]byte
	identity identity
}

// NewPartnerKeys returns the keys of key mode.
func NewPartnerKeys(keys []PartnerKey) *PartnerKeys {
	p := new(PartnerKeys)
	p.Replace(keys)
	return p
}

// Replace replaces all keys. A request that was identified before is not affected.
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

// Hide returns a text without present and former keys: the same text if there are none.
func (p *PartnerKeys) Hide(text []byte) []byte {
	for _, secret := range *p.hidden.Load() {
		if bytes.Contains(text, secret) {
			text = bytes.ReplaceAll(text, secret, []byte(mask.Hidden))
		}
	}
	return text
}

// find compares key with every known one in constant time: hashes have one length, and the
// search does not stop at a match.
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
	if x.trace != nil && h.PartnerKeys == nil && orderMatters(x.Header, "X-Scopes", "X-Auth-Scopes") {
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

// inHeaders returns changes for header mode. In key mode the key identifies the caller.
func inHeaders(changes ...explain.Change) func(*explain.Case) []explain.Change {
	return func(c *explain.Case) []explain.Change {
		if c.KeyMode {
			return nil
		}
		return changes
	}
}

// identified returns the changes that add a missing identity.
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
		"Identify the caller: by a known X-Partner-Key in key mode, else by X-Actor-Type and X-Actor-Id.",
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
		}, "Send the scope of the operation: in key mode by a key that has it, else in X-Auth-Scopes.",
	),
}
