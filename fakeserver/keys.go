package fakeserver

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
)

// ReadSigningKey reads an ed25519 private key from PKCS #8 PEM (RFC 5958, RFC
// 8410), as `openssl genpkey -algorithm ed25519` writes it.
func ReadSigningKey(text []byte) (ed25519.PrivateKey, error) {
	block, err := onlyBlock(text, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(block)
	if err != nil {
		return nil, fmt.Errorf("reading PKCS #8: %w", err)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the key is a %T: exports are signed with ed25519 (openssl genpkey -algorithm ed25519)", key)
	}
	return private, nil
}

// ReadPublicKey reads an ed25519 public key from SPKI PEM (RFC 8410), as
// `openssl pkey -pubout` writes it.
func ReadPublicKey(text []byte) (ed25519.PublicKey, error) {
	block, err := onlyBlock(text, "PUBLIC KEY")
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(block)
	if err != nil {
		return nil, fmt.Errorf("reading SPKI: %w", err)
	}
	public, ok := key.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the key is a %T: exports are signed with ed25519", key)
	}
	return public, nil
}

// onlyBlock returns the only PEM block of text.
func onlyBlock(text []byte, kind string) ([]byte, error) {
	block, rest := pem.Decode(text)
	switch {
	case block == nil:
		return nil, fmt.Errorf("there is no PEM block: it begins with -----BEGIN %s-----", kind)
	case block.Type != kind:
		return nil, fmt.Errorf("the PEM block is a %s, not a %s", block.Type, kind)
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("something follows the PEM block: one file holds one key")
	}
	return block.Bytes, nil
}

// ReadPartnerKeys reads a key file for key mode:
//
//	{"keys": [{"label": "amber", "key": "…", "partner_id": "partner-amber", "scopes": ["settlement:read"]}]}
//
// The label is for people; the scopes are the milestone's. Errors identify a key by its index
// and label, never by its secret, and those whose line is known are a [*LineError].
func ReadPartnerKeys(text []byte) ([]PartnerKey, error) {
	var file keyFile
	if err := json.Unmarshal(text, &file, json.RejectUnknownMembers(true)); err != nil {
		return nil, keyFileError(text, err)
	}
	if len(file.Keys) == 0 {
		return nil, errors.New("reading partner keys: there is no key in keys: every request would be refused")
	}
	known := milestones.M109().Scopes()
	keys := []PartnerKey{}
	seen := map[string]string{}
	for i, k := range file.Keys {
		name := file.nameOf(i)
		place := "reading partner keys: " + name
		switch {
		case k.Key == "" || strings.TrimSpace(k.Key) != k.Key:
			return nil, fmt.Errorf("%s: key is empty, or begins or ends with white space, which a header cannot carry", place)
		case strings.TrimSpace(k.PartnerID) == "":
			return nil, fmt.Errorf("%s: partner_id is missing", place)
		}
		if other, ok := seen[k.Key]; ok {
			return nil, fmt.Errorf("%s: its key is that of %s", place, other)
		}
		seen[k.Key] = name
		scopes := []string{}
		for n, s := range k.Scopes {
			scopes = append(scopes, s.name)
			if slices.Contains(known, s.name) {
				continue
			}
			// A text that resembles no scope may be a secret in the wrong place.
			err := fmt.Errorf("%s: scopes[%d] is not a scope: the scopes are %s", place, n, strings.Join(known, " and "))
			if nearest := suggest.DidYouMean(s.name, known); nearest != "" {
				err = fmt.Errorf("%s: scopes[%d] is not a scope: %q%s", place, n, s.name, nearest)
			}
			return nil, &LineError{lineAt(text, s.end), err}
		}
		keys = append(keys, PartnerKey{Key: k.Key, PartnerID: k.PartnerID, Scopes: scopes})
	}
	return keys, nil
}

// keyFile is the content of a key file.
type keyFile struct {
	Keys []struct {
		Label     string  `json:"label"`
		Key       string  `json:"key"`
		PartnerID string  `json:"partner_id"`
		Scopes    []scope `json:"scopes"`
	} `json:"keys"`
}

// nameOf returns the name of a key in messages: its index, and its label unless that
// contains a key by mistake.
func (f *keyFile) nameOf(i int) string {
	name := fmt.Sprintf("keys[%d]", i)
	label := f.Keys[i].Label
	for _, other := range f.Keys {
		if other.Key != "" && strings.Contains(label, other.Key) {
			return name
		}
	}
	if label == "" {
		return name
	}
	return name + " (" + label + ")"
}

// keyFileError returns the error of a key file without the library's message, which may quote
// a secret.
func keyFileError(text []byte, err error) error {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		return &LineError{lineAt(text, semantic.ByteOffset), fmt.Errorf("reading partner keys: %s: a key has label, key, partner_id and scopes", wrong(semantic.JSONPointer))}
	}
	problem := errors.New("reading partner keys: the file is not JSON")
	var syntactic *jsontext.SyntacticError
	if !errors.As(err, &syntactic) {
		return problem
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		problem = errors.New("reading partner keys: a member is there twice")
	}
	return &LineError{lineAt(text, syntactic.ByteOffset), problem}
}

// lineAt returns the line of a byte, from 1.
func lineAt(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(int(offset), len(text))], []byte("\n"))
}

// LineError is a problem in a line of a file.
type LineError struct {
	Line int
	Err  error
}

// Error implements error.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns the problem.
func (e *LineError) Unwrap() error { return e.Err }

// scope is a scope of a key file, and where in the file it ends.
type scope struct {
	name string
	end  int64
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (s *scope) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if err := json.UnmarshalDecode(d, &s.name); err != nil {
		return err
	}
	s.end = d.InputOffset()
	return nil
}

// wrong describes a wrong value of a key file by its pointer, as far as its names are those of
// a key file. Another name may be a secret in the wrong place.
func wrong(pointer jsontext.Pointer) string {
	names := []string{"keys", "label", "key", "partner_id", "scopes"}
	text := ""
	for name := range pointer.Tokens() {
		_, err := strconv.Atoi(name)
		if err != nil && !slices.Contains(names, name) {
			return fmt.Sprintf("a member of %q is not known%s", text, suggest.DidYouMean(name, names))
		}
		text += "/" + name
	}
	return fmt.Sprintf("%q is not as it should be", text)
}
