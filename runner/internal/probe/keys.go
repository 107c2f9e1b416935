package probe

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"net/http"
	"strings"

	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/steps"
)

// This file detects which signing keys the service publishes.

// publishedKey is a key of the key set.
type publishedKey struct{ id, status, pem string }

// readKeySet detects the key set and the keys of fixtures in it.
func (p *prober) readKeySet(ctx context.Context) error {
	if !p.has(keySetID) {
		return nil
	}
	a, err := p.send(ctx, steps.Call{Operation: keySetID, Rows: p.withoutIdentity()})
	if err != nil {
		return err
	}
	list, _ := a.get("/keys").([]any)
	if a.status != http.StatusOK || len(list) == 0 {
		p.note("key-set", service.Absent, "its route is answered %s", a)
		for _, capability := range []string{"dev-key", "operator-key"} {
			p.note(capability, service.Absent, "there is no key set")
		}
		return nil
	}
	var keys []publishedKey
	var ids []string
	for _, item := range list {
		key, _ := item.(map[string]any)
		text := func(name string) string {
			value, _ := key[name].(string)
			return value
		}
		keys = append(keys, publishedKey{text("key_id"), text("status"), text("public_key_pem")})
		ids = append(ids, text("key_id"))
	}
	p.note("key-set", service.Present, "it publishes %s", strings.Join(ids, ", "))
	p.noteKeys("dev-key", keys, len(keys) == 1, publishedKey{"lpgate-dev-k1", "active", "keys/lpgate-dev-k1.pem"})
	p.noteKeys("operator-key", keys, true, publishedKey{"op-pi-k7", "active", "keys/operator.pem"},
		publishedKey{"op-pi-k6", "verify_only", "keys/operator-previous.pub.pem"})
	return nil
}

// noteKeys notes whether the key set has the keys, whose PEM is a fixture.
func (p *prober) noteKeys(capability string, published []publishedKey, has bool, fixtures ...publishedKey) {
	for _, fixture := range fixtures {
		found := false
		for _, key := range published {
			found = found || key.id == fixture.id && key.status == fixture.status && p.isFixture(key.pem, fixture.pem)
		}
		has = has && found
	}
	if has {
		p.note(capability, service.Present, "the key set has the key of the fixture")
	} else {
		p.note(capability, service.Absent, "the key set has other keys")
	}
}

// isFixture reports whether a public key is that of a fixture, which has a private or a public key.
func (p *prober) isFixture(public, fixture string) bool {
	text, err := fs.ReadFile(p.Fixtures, fixture)
	if err != nil {
		return false // another milestone has no such fixture
	}
	want, got := publicKey(text), publicKey([]byte(public))
	return want != nil && want.Equal(got)
}

// publicKey returns the public key of a PEM document; nil if there is none.
func publicKey(text []byte) ed25519.PublicKey {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil
	}
	if key, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
		public, _ := key.(ed25519.PublicKey)
		return public
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil
	}
	private, isEd25519 := key.(ed25519.PrivateKey)
	if !isEd25519 {
		return nil
	}
	public, _ := private.Public().(ed25519.PublicKey)
	return public
}
