package steps

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
)

// This file makes the identity of a caller. In header mode it is in the identity headers of the milestone, in key
// mode, which only M109 has, in X-Partner-Key.

// identity has the headers that name the caller.
type identity struct {
	kind   identityKind
	actor  string // the partner's id, or the secret key
	scopes string
}

type identityKind int

const (
	byHeaders identityKind = iota
	byKey
	anonymous
)

// actorHeaders are those that name the caller in header mode. In key mode a row that sets one would change nothing, and
// its scenario show nothing.
var actorHeaders = []string{"X-Actor-Id", "X-Actor-Type", "X-Auth-Scopes", "X-Scopes"}

// allScopes are the scopes of a caller without explicit ones: all that operations need.
func (s *scenario) allScopes() string { return strings.Join(s.cfg.Milestone.Scopes(), " ") }

func headerIdentity(actor, scopes string) identity {
	return identity{kind: byHeaders, actor: actor, scopes: scopes}
}

// callerHeaders are the headers that carry the identity, and no others.
func (s *scenario) callerHeaders() http.Header {
	header := http.Header{}
	switch s.identity.kind {
	case byHeaders:
		if way := s.cfg.way(); way != nil {
			fill := strings.NewReplacer("{caller}", s.identity.actor, "{scopes}", s.identity.scopes)
			for i, name := range way.Headers {
				header.Set(name, fill.Replace(way.HeaderValues[i]))
			}
		}
	case byKey:
		header.Set("X-Partner-Key", s.identity.actor)
	}
	return header
}

// way returns how the milestone's headers name callers; nil if they cannot.
func (c *Config) way() *milestones.Identity {
	for i := range c.Milestone.Identities {
		if way := &c.Milestone.Identities[i]; len(way.HeaderValues) > 0 {
			return way
		}
	}
	return nil
}

// mustHaveWay returns an error for a step about the caller if no header of the milestone can express it.
func (s *scenario) mustHaveWay(carries string) error {
	if way := s.cfg.way(); way != nil && slices.ContainsFunc(way.HeaderValues, func(text string) bool { return strings.Contains(text, carries) }) {
		return nil
	}
	return invalidStep("no identity of %s sends %s, so this would change nothing", s.cfg.Milestone.ID, carries)
}

// PartnerKey is a secret key that a target in key mode accepts. Its label reveals nothing of the secret.
type PartnerKey struct {
	Label     string   `json:"label"`
	Key       string   `json:"key"`
	PartnerID string   `json:"partner_id"`
	Scopes    []string `json:"scopes"`
}

// ReadPartnerKeys reads a file like fixtures/keys/partner-keys.json. Errors name a key by its place, never by its secret.
func ReadPartnerKeys(text []byte) ([]PartnerKey, error) {
	var file struct {
		Keys []PartnerKey `json:"keys"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, errors.New("the partner keys cannot be read: expected a JSON object with keys, each with label, key, partner_id and scopes")
	}
	for i, key := range file.Keys {
		if key.Label == "" || key.Key == "" || key.PartnerID == "" {
			return nil, fmt.Errorf("the partner keys cannot be read: keys[%d] has no label, key or partner_id", i)
		}
	}
	return file.Keys, nil
}

// mayDoAll reports whether the key has both scopes.
func (k *PartnerKey) mayDoAll() bool {
	return slices.Contains(k.Scopes, "settlement:read") && slices.Contains(k.Scopes, "settlement:write")
}

// TwoPartners are the keys that scenarios act with in key mode: {me} is the partner of the first key with both scopes,
// and {stranger} another partner with such a key. ok is false when there are no two.
func TwoPartners(keys []PartnerKey) (me, stranger PartnerKey, ok bool) {
	for _, key := range keys {
		switch {
		case !key.mayDoAll():
		case me.Key == "":
			me = key
		case key.PartnerID != me.PartnerID:
			return me, key, true
		}
	}
	return me, stranger, false
}

// inKeyMode reports whether this scenario uses the keys of a target in key mode. A scenario about key mode begins
// without a key and chooses one itself.
func (s *scenario) inKeyMode() bool {
	return s.cfg.KeyMode && !slices.Contains(s.needs, "key-identity")
}

// beKnown makes the caller one of two partners with keys, which all scenarios share.
func (s *scenario) beKnown() error {
	keys, from, err := s.partnerKeys()
	if err != nil {
		return err
	}
	me, stranger, ok := TwoPartners(keys)
	if !ok {
		return invalidStep("there are no two partners with both scopes in %s", from)
	}
	s.variables["me"], s.variables["stranger"] = textVariable(me.PartnerID), textVariable(stranger.PartnerID)
	s.identity = identity{kind: byKey, actor: me.Key}
	return nil
}

// I act as partner "p".
func actAs(ctx context.Context, actor string) error {
	s := in(ctx)
	actor, err := s.expand(actor, plain)
	if err != nil {
		return err
	}
	scopes := s.identity.scopes
	if s.identity.kind != byHeaders {
		scopes = s.allScopes()
	}
	if s.inKeyMode() {
		keys, _, err := s.partnerKeys()
		if err != nil {
			return err
		}
		for _, key := range keys {
			if key.PartnerID == actor && key.mayDoAll() {
				s.identity = identity{kind: byKey, actor: key.Key}
				return nil
			}
		}
		return invalidStep("the target is in key mode, and %q has no key: such a scenario @needs:header-identity", actor)
	}
	if err := s.mustHaveWay("{caller}"); err != nil {
		return err
	}
	s.identity = headerIdentity(actor, scopes)
	return nil
}

// My scopes are "s".
func setScopes(ctx context.Context, scopes string) error {
	s := in(ctx)
	if s.identity.kind != byHeaders {
		return invalidStep("scopes go with a partner's id: set the actor first (a partner key has its own scopes, so a scenario that sets them @needs:header-identity)")
	}
	err := s.mustHaveWay("{scopes}")
	if err == nil {
		s.identity.scopes, err = s.expand(scopes, plain)
	}
	return err
}

// I bring no identity.
func bringNoIdentity(ctx context.Context) error {
	in(ctx).identity = identity{kind: anonymous}
	return nil
}

// partnerKeysFile has the partner keys, each under a label that reveals nothing of the secret.
const partnerKeysFile = "keys/partner-keys.json"

// partnerKeys are the keys that the target accepts, and their source.
func (s *scenario) partnerKeys() (keys []PartnerKey, from string, err error) {
	if s.cfg.PartnerKeys != nil {
		return s.cfg.PartnerKeys, "the partner keys of the target", nil
	}
	text, err := fs.ReadFile(s.cfg.Fixtures, partnerKeysFile)
	if err != nil {
		return nil, "", unreadableFixture(partnerKeysFile, err)
	}
	if keys, err = ReadPartnerKeys(text); err != nil {
		return nil, "", invalidStep("%s: %v", partnerKeysFile, err)
	}
	return keys, partnerKeysFile, nil
}

// I hold the partner key "label". From then on {me} is the key's partner.
func holdPartnerKey(ctx context.Context, label string) error {
	s := in(ctx)
	label, err := s.expand(label, plain)
	if err != nil {
		return err
	}
	return s.hold(label)
}

// hold takes a partner key by its label.
func (s *scenario) hold(label string) error {
	keys, from, err := s.partnerKeys()
	if err != nil {
		return err
	}
	var labels []string
	for _, key := range keys {
		if key.Label == label {
			s.identity = identity{kind: byKey, actor: key.Key}
			s.variables["me"] = textVariable(key.PartnerID)
			return nil
		}
		labels = append(labels, key.Label)
	}
	return &InvalidStep{Message: fmt.Sprintf("there is no partner key %q in %s", label, from), Nearest: suggest.Nearest(label, labels)}
}
