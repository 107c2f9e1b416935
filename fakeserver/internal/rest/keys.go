package rest

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"

	"example.com/lpgate/fakeserver/internal/answer"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// The rules that this file decides.
const (
	keysArePublished          ruletrace.Rule = "keys-are-published"
	operatorKeyReplacesDevKey ruletrace.Rule = "operator-key-replaces-dev-key"
)

// KeySet has the public keys of exports.
type KeySet struct {
	Active     PublicKey
	VerifyOnly []PublicKey
	Operators  bool // the active key is not the development key
}

// PublicKey is an ed25519 key and its id.
type PublicKey struct {
	ID  string
	Key ed25519.PublicKey
}

// trace records the rules about keys that an answer tests if it lists them or was signed.
func (k KeySet) trace(c *ruletrace.Trace) {
	c.Invariant(keysArePublished)
	if k.Operators {
		c.Invariant(operatorKeyReplacesDevKey)
	}
}

// keySet serves keys.policy-integrity-signing.get.
func keySet(h *Handler, x *request) answer.Answer {
	h.Keys.trace(x.trace)
	type key struct {
		KeyID        string `json:"key_id"`
		Alg          string `json:"alg"`
		PublicKeyPEM string `json:"public_key_pem"`
		Status       string `json:"status"`
	}
	keys := []key{{h.Keys.Active.ID, "ed25519", spki(h.Keys.Active.Key), "active"}}
	for _, k := range h.Keys.VerifyOnly {
		keys = append(keys, key{k.ID, "ed25519", spki(k.Key), "verify_only"})
	}
	return answer.Success(x.correlation, nil,
		jcs.Member{Name: "active_key_id", Value: jcs.String(h.Keys.Active.ID)},
		jcs.Member{Name: "keys", Value: jcs.Encode(keys)},
	)
}

// spki returns a public key as SubjectPublicKeyInfo PEM (RFC 8410).
func spki(key ed25519.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic("marshalling an ed25519 key: " + err.Error())
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
