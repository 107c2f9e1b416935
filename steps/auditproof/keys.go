package auditproof

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
)

// Keys are the public keys that a page may be signed with, by key id. Take them from somewhere that you trust.
type Keys map[string]ed25519.PublicKey

// ParseKeys reads a key set as the service publishes it:
//
//	{"active_key_id": "k2", "keys": [{"key_id": "k2", "alg": "ed25519", "public_key_pem": "…", "status": "active"}, …]}
//
// Active and verify-only keys both verify. Exactly one key is active, and it is the one that active_key_id names.
func ParseKeys(text []byte) (Keys, error) {
	var set struct {
		ActiveKeyID string `json:"active_key_id"`
		Keys        []struct {
			KeyID        string `json:"key_id"`
			Alg          string `json:"alg"`
			PublicKeyPEM string `json:"public_key_pem"`
			Status       string `json:"status"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("reading the key set: %w", err)
	}
	keys := Keys{}
	for _, k := range set.Keys {
		if keys[k.KeyID] != nil {
			return nil, fmt.Errorf("reading the key set: key %q stands there twice", k.KeyID)
		}
		if k.Alg != "ed25519" {
			return nil, fmt.Errorf("reading key %q: its alg is %q, not ed25519", k.KeyID, k.Alg)
		}
		if active := k.KeyID == set.ActiveKeyID; active != (k.Status == "active") || !active && k.Status != "verify_only" {
			return nil, fmt.Errorf("reading key %q: its status is %q, and the active key is %q", k.KeyID, k.Status, set.ActiveKeyID)
		}
		key, err := ParseKey(k.PublicKeyPEM)
		if err != nil {
			return nil, fmt.Errorf("reading key %q: %w", k.KeyID, err)
		}
		keys[k.KeyID] = key
	}
	if keys[set.ActiveKeyID] == nil {
		return nil, fmt.Errorf("reading the key set: the active key %q is not in it", set.ActiveKeyID)
	}
	return keys, nil
}

// ParseKey reads one ed25519 public key in PEM (SPKI).
func ParseKey(text string) (ed25519.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("there is no PEM block PUBLIC KEY")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("it is a %T, and no ed25519 key", parsed)
	}
	return key, nil
}
