//go:build !race

package wrongservices

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/fixtures"
)

// forgery changes exports. It has the server's private key, so that its pages are hashed, chained and signed correctly except
// for the fault. The zero forgery changes nothing.
type forgery struct {
	// query changes the request to the fake.
	query func(q *request)
	// content changes a page before it is hashed, chained and signed again.
	content func(q *request, page *response)
	// seals changes its hashes, which are then signed.
	seals func(q *request, page *response)
	// signature changes it once it is signed.
	signature func(q *request, page *response)
}

// continuation are the values that ask for a next page, and where the page before has them.
var continuation = [3]struct{ query, at string }{
	{"cursor_after", "/export/next_cursor"},
	{"attestation_after", "/export/attestation/chain_hash"},
	{"checkpoint_after", "/export/checkpoint/checkpoint_hash"},
}

// forging returns a service with a forgery. Clients continue from hashes that the fake never returned, so the service
// maps each one to a hash of the fake.
func forging(f forgery) func() handle {
	return func() handle {
		originals := &notes[string]{}
		return func(next forward, q *request) *response {
			if q.operation != toExport {
				return next(q)
			}
			sent := q.copy()
			for _, part := range continuation {
				if theirs, forged := originals.read(q.query(part.query)); forged {
					sent.setQuery(part.query, theirs)
				}
			}
			if f.query != nil {
				f.query(sent)
			}
			page := next(sent)
			if page.status != http.StatusOK {
				return page
			}
			var theirs [3]string
			for i, part := range continuation {
				theirs[i] = text(page.at(part.at))
			}
			page.continues(q)
			if f.content != nil {
				f.content(q, page)
			}
			page.sealPage()
			page.sealChain()
			page.sealCheckpoint()
			if f.seals != nil {
				f.seals(q, page)
			}
			page.sign(text(page.at("/export/signature/key_id")))
			if f.signature != nil {
				f.signature(q, page)
			}
			for i, part := range continuation {
				if forged := text(page.at(part.at)); forged != theirs[i] {
					originals.write(forged, theirs[i])
				}
			}
			return page
		}
	}
}

// continues makes the page name what the client continues from.
func (a *response) continues(q *request) {
	for _, part := range []struct{ query, at string }{
		{"cursor_after", "/export/attestation/cursor_after"},
		{"attestation_after", "/export/attestation/attestation_after"},
		{"checkpoint_after", "/export/checkpoint/checkpoint_after"},
	} {
		if value := q.query(part.query); value != "" {
			a.put("/export/query/"+part.query, value)
			a.put(part.at, value)
		}
	}
}

// sealPage hashes the page's content.
func (a *response) sealPage() {
	a.sealPageWith("entries", "total_filtered", "query", "next_cursor")
}

// sealPageWith hashes a part of it.
func (a *response) sealPageWith(names ...string) {
	hash := a.hashOf("/export", names...)
	a.put("/export/export_hash", hash)
	a.put("/export/attestation/page_hash", hash)
}

// sealChain hashes the page together with the one before it.
func (a *response) sealChain() {
	a.put("/export/attestation/next_cursor", a.at("/export/next_cursor"))
	a.put("/export/attestation/chain_hash",
		a.hashOf("/export/attestation", "cursor_after", "next_cursor", "attestation_after", "page_hash"))
}

// sealCheckpoint hashes what the next page has to name.
func (a *response) sealCheckpoint() {
	a.put("/export/checkpoint/attestation_chain_hash", a.at("/export/attestation/chain_hash"))
	a.put("/export/checkpoint/next_cursor", a.at("/export/next_cursor"))
	a.put("/export/checkpoint/entries_count", json.Number(strconv.Itoa(len(a.entries()))))
	a.put("/export/checkpoint/total_filtered", a.at("/export/total_filtered"))
	a.rehashCheckpoint()
}

// rehashCheckpoint hashes the checkpoint as it is.
func (a *response) rehashCheckpoint() {
	a.put("/export/checkpoint/checkpoint_hash", a.hashOf("/export/checkpoint",
		"checkpoint_after", "attestation_chain_hash", "next_cursor", "entries_count", "total_filtered"))
}

// hashOf is the hex SHA-256 of the canonical form of an object with some of the members at a pointer: those that are
// there.
func (a *response) hashOf(at string, names ...string) string {
	some := map[string]any{}
	for _, name := range names {
		if a.has(at + "/" + name) {
			some[name] = a.at(at + "/" + name)
		}
	}
	return hashOf(some)
}

// hashOf is the hex SHA-256 of a value's canonical form.
func hashOf(value any) string {
	sum := sha256.Sum256(canonical(value))
	return hex.EncodeToString(sum[:])
}

// hashOfText is the hex SHA-256 of a text.
func hashOfText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// canonical is the RFC 8785 form of a value.
func canonical(value any) []byte {
	text := jsontext.Value(encode(value))
	if err := text.Canonicalize(); err != nil {
		panic(err) // it came from JSON
	}
	return text
}

// sign signs the page with a key of the fixtures, under its name.
func (a *response) sign(keyID string) { a.signWith(keyID, privateKeys[keyID]) }

// signWith signs the page with any key.
func (a *response) signWith(keyID string, key ed25519.PrivateKey) {
	a.put("/export/signature", map[string]any{"key_id": keyID, "alg": "ed25519", "sig": a.signatureBy(key)})
}

// signatureBy is a signature of the page.
func (a *response) signatureBy(key ed25519.PrivateKey) string {
	signed := map[string]any{}
	export, _ := a.at("/export").(map[string]any)
	for name, value := range export {
		if name != "signature" {
			signed[name] = value
		}
	}
	return base64.StdEncoding.EncodeToString(ed25519.Sign(key, canonical(signed)))
}

// privateKeys are those of the fixtures, by the id that servers use them under.
var privateKeys = map[string]ed25519.PrivateKey{
	"lpgate-dev-k1": privateKey("keys/lpgate-dev-k1.pem"),
	"op-pi-k7":      privateKey("keys/operator.pem"),
}

func privateKey(name string) ed25519.PrivateKey {
	block, _ := pem.Decode(fixture(name))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		panic(err) // a fixture that the whole project rests on
	}
	return key.(ed25519.PrivateKey)
}

// publicPEM is the public half of a key of the fixtures, as key sets have it.
func publicPEM(keyID string) string {
	text, err := x509.MarshalPKIXPublicKey(privateKeys[keyID].Public())
	if err != nil {
		panic(err) // as above
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: text}))
}

func fixture(name string) []byte {
	text, err := fixtures.FS.ReadFile(name)
	if err != nil {
		panic(err) // as above
	}
	return text
}

// entries are the entries of the page.
func (a *response) entries() []any { return list(a.at("/export/entries")) }

// entryAt points to an entry.
func entryAt(i int) string { return "/export/entries/" + strconv.Itoa(i) }

// total is total_filtered.
func (a *response) total() int { return number(a.at("/export/total_filtered")) }

// show puts entries on the page, and a total.
func (a *response) show(entries []any, total int) {
	if entries == nil {
		entries = []any{}
	}
	a.put("/export/entries", entries)
	a.put("/export/total_filtered", json.Number(strconv.Itoa(total)))
}

// cursorOf is the cursor behind an entry.
func cursorOf(entry any) string {
	return text(child(entry, "recorded_at")) + "|" + text(child(entry, "audit_id"))
}
