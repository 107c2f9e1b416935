package auditproof

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Keys are the public keys that a page may be signed with, by key id. Take them from somewhere that you trust.
type Keys map[string]ed25519.PublicKey

// ParseKeys reads a key set as the service publishes it:
//
//	{"correlation_id": "…", "active_key_id": "k2",
//	 "keys": [{"key_id": "k2", "alg": "ed25519", "public_key_pem": "…", "status": "active"}, …]}
//
// Active and verify-only keys both verify. Exactly one key is active, and it is the one that active_key_id names. The
// correlation id may be missing, and is not read; a member that is not listed here is refused, as on a page. So of a key
// set that is read, only this can be changed without changing the keys: the correlation id, white space and the spelling
// of strings, as JSON allows them, and line ends and blanks around a PEM block.
func ParseKeys(text []byte) (Keys, error) {
	keys, err := parseKeys(text)
	if broken, ok := err.(*Error); ok {
		err = errors.New(broken.Message) // there are no pages and entries in a key set
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key set: %w", err)
	}
	return keys, nil
}

func parseKeys(text []byte) (Keys, error) {
	set, err := readText("the key set", text, "correlation_id?", "active_key_id", "keys")
	if err != nil {
		return nil, err
	}
	activeID, err := set.text("active_key_id")
	if err != nil {
		return nil, err
	}
	list, err := set.list("keys")
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("there is no key in it")
	}
	keys := Keys{}
	for i, text := range list {
		id, key, err := readKey(fmt.Sprintf("key %d", i+1), text, activeID)
		if err != nil {
			return nil, err
		}
		if keys[id] != nil {
			return nil, fmt.Errorf("key %q is there twice", id)
		}
		keys[id] = key
	}
	if keys[activeID] == nil {
		return nil, fmt.Errorf("the active key %q is not in it", activeID)
	}
	return keys, nil
}

// readKey reads one key of a set.
func readKey(name string, text jsontext.Value, activeID string) (string, ed25519.PublicKey, error) {
	read, err := readObject(name, text, "key_id", "alg", "public_key_pem", "status")
	if err != nil {
		return "", nil, err
	}
	var id, alg, encoded, status string
	for _, member := range []struct {
		name string
		into *string
	}{{"key_id", &id}, {"alg", &alg}, {"public_key_pem", &encoded}, {"status", &status}} {
		if *member.into, err = read.text(member.name); err != nil {
			return "", nil, err
		}
	}
	if alg != "ed25519" {
		return "", nil, fmt.Errorf("the alg of key %q is %q, not ed25519", id, alg)
	}
	if active := id == activeID; active != (status == "active") || !active && status != "verify_only" {
		return "", nil, fmt.Errorf("the status of key %q is %q, and the active key is %q", id, status, activeID)
	}
	key, err := ParseKey(encoded)
	if err != nil {
		return "", nil, fmt.Errorf("key %q: %w", id, err)
	}
	return id, key, nil
}

// ParseKey reads one ed25519 public key in PEM (SPKI), with nothing but blanks around it.
func ParseKey(text string) (ed25519.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("there is no PEM block PUBLIC KEY")
	}
	// PEM and base64 have several encodings of the same bytes, and PEM allows text around them. Only the canonical
	// encoding is valid.
	plain := strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if plain != strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}))) {
		return nil, errors.New("it is not one plain PEM block PUBLIC KEY and nothing else")
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
