package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"

	"example.com/lpgate/milestones"
)

// identity is who a scenario says it is: the headers that name the caller.
type identity struct {
	kind   identityKind
	actor  string // the partner's id, or the secret key
	scopes string
}

type identityKind int

const (
	byHeaders identityKind = iota
	byKey
	nobody
)

const defaultScopes = "settlement:read settlement:write"

func headerIdentity(actor, scopes string) identity {
	return identity{kind: byHeaders, actor: actor, scopes: scopes}
}

// headers are the headers that carry the identity, and no others.
func (i identity) headers() http.Header {
	switch i.kind {
	case byHeaders:
		return http.Header{"X-Actor-Type": {"partner"}, "X-Actor-Id": {i.actor}, "X-Auth-Scopes": {i.scopes}}
	case byKey:
		return http.Header{"X-Partner-Key": {i.actor}}
	default:
		return http.Header{}
	}
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
		scopes = defaultScopes
	}
	s.identity = headerIdentity(actor, scopes)
	return nil
}

// My scopes are "s".
func setScopes(ctx context.Context, scopes string) error {
	s := in(ctx)
	if s.identity.kind != byHeaders {
		return badSentence("scopes go with a partner's id: say who acts first (a partner key brings its own scopes)")
	}
	var err error
	s.identity.scopes, err = s.expand(scopes, plain)
	return err
}

// I bring no identity.
func bringNoIdentity(ctx context.Context) error {
	in(ctx).identity = identity{kind: nobody}
	return nil
}

// partnerKeysFile has the partner keys, each under a label that says nothing about the secret.
const partnerKeysFile = "keys/partner-keys.json"

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
	text, err := fs.ReadFile(s.cfg.Fixtures, partnerKeysFile)
	if err != nil {
		return badSentence("the partner keys cannot be read: %v", err)
	}
	var file struct {
		Keys []struct {
			Label     string `json:"label"`
			Key       string `json:"key"`
			PartnerID string `json:"partner_id"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return badSentence("the partner keys cannot be read: %s: %v", partnerKeysFile, err)
	}
	var labels []string
	for _, key := range file.Keys {
		if key.Label == label {
			s.identity = identity{kind: byKey, actor: key.Key}
			s.variables["me"] = textVariable(key.PartnerID)
			return nil
		}
		labels = append(labels, key.Label)
	}
	return &BadSentence{What: fmt.Sprintf("there is no partner key %q in %s", label, partnerKeysFile), Nearest: milestones.Nearest(label, labels)}
}
