package auditproof

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// checkHashes recomputes the page's three hashes and compares what they commit to.
func (p *page) checkHashes(export *object) error {
	sum := export.hashOf("entries", "next_cursor?", "query", "total_filtered")
	exportHash, err := export.hash("export_hash", sum)
	if err != nil {
		return err
	}

	attestation, err := export.object("attestation", "cursor_after", "next_cursor", "attestation_after", "page_hash", "chain_hash")
	if err != nil {
		return err
	}
	if err := attestation.same(
		member{"cursor_after", p.after.cursor}, member{"next_cursor", p.nextCursor},
		member{"attestation_after", p.after.attestation}, member{"page_hash", &exportHash},
	); err != nil {
		return err
	}
	if p.chainHash, err = attestation.hash("chain_hash", attestation.hashOf("attestation_after", "cursor_after", "next_cursor", "page_hash")); err != nil {
		return err
	}

	checkpoint, err := export.object("checkpoint",
		"checkpoint_after", "attestation_chain_hash", "next_cursor", "entries_count", "total_filtered", "checkpoint_hash")
	if err != nil {
		return err
	}
	if err := checkpoint.same(
		member{"checkpoint_after", p.after.checkpoint}, member{"attestation_chain_hash", &p.chainHash}, member{"next_cursor", p.nextCursor},
	); err != nil {
		return err
	}
	for _, repeated := range []struct {
		name string
		want int
	}{{"entries_count", len(p.entries)}, {"total_filtered", p.total}} {
		if got, err := checkpoint.count(repeated.name); err != nil {
			return err
		} else if got != repeated.want {
			return wrong("the checkpoint's %s is %d, and the page's is %d", repeated.name, got, repeated.want)
		}
	}
	p.checkpoint, err = checkpoint.hash("checkpoint_hash",
		checkpoint.hashOf("attestation_chain_hash", "checkpoint_after", "entries_count", "next_cursor", "total_filtered"))
	return err
}

// checkSignature holds the page to the public key that it names.
func checkSignature(export *object, keys Keys) error {
	signature, err := export.object("signature", "key_id", "alg", "sig")
	if err != nil {
		return err
	}
	id, err := signature.text("key_id")
	if err != nil {
		return err
	}
	if alg, err := signature.text("alg"); err != nil {
		return err
	} else if alg != "ed25519" {
		return wrong("the signature's alg is %q, not ed25519", alg)
	}
	key, ok := keys[id]
	if !ok {
		return wrong("there is no key %q to check the signature with", id)
	}
	text, err := signature.text("sig")
	if err != nil {
		return err
	}
	// Base64 has several encodings of the same bytes. Only the canonical one is valid.
	sig, err := base64.StdEncoding.DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(sig) != text {
		return wrong("the signature's sig is no base64")
	}
	if !ed25519.Verify(key, export.without("signature"), sig) {
		return wrong("the signature of %s is not over this page", id)
	}
	return nil
}

func isTime(text string) bool {
	at, err := time.Parse(timeLayout, text)
	return err == nil && at.Format(timeLayout) == text
}

func isHash(text string) bool {
	sum, err := hex.DecodeString(text)
	return err == nil && len(sum) == sha256.Size && strings.ToLower(text) == text
}

func quoted(text *string) string {
	if text == nil {
		return "absent"
	}
	return strconv.Quote(*text)
}
