package auditproof_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/fixtures"
	"example.com/lpgate/steps/auditproof"
)

// The pages of this file were made and signed by another program, in another language; see fixtures/vectors.

// vectors are the signed exports of the fixtures, as they would go over the wire.
type vectors struct {
	keys  auditproof.Keys
	walk  [][]byte // one export in several pages
	empty []byte   // one without entries
	full  []byte   // the entries of walk on one page
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	text, err := fixtures.FS.ReadFile("vectors/export-pages.json")
	if err != nil {
		t.Fatal(err)
	}
	type answer struct{ Export json.RawMessage }
	var file struct {
		KeySet      json.RawMessage `json:"key_set"`
		Walk        []answer
		Empty, Full answer
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	wire := func(a answer) []byte {
		text := jsontext.Value(bytes.Clone(a.Export))
		if err := text.Compact(); err != nil {
			t.Fatal(err)
		}
		return text
	}
	v := vectors{empty: wire(file.Empty), full: wire(file.Full)}
	if v.keys, err = auditproof.ParseKeys(file.KeySet); err != nil {
		t.Fatal(err)
	}
	for _, page := range file.Walk {
		v.walk = append(v.walk, wire(page))
	}
	if len(v.walk) < 3 {
		t.Fatalf("got a walk of %d pages, want a first, a middle and a last one", len(v.walk))
	}
	return v
}

func TestVectorsVerify(t *testing.T) {
	v := readVectors(t)
	for name, walk := range map[string][][]byte{"walk": v.walk, "empty": {v.empty}, "full": {v.full}} {
		t.Run(name, func(t *testing.T) {
			if err := auditproof.Walk(walk, v.keys); err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestEveryByteCounts corrupts every byte of every page. What is then still accepted has to mean the same.
func TestEveryByteCounts(t *testing.T) {
	v := readVectors(t)
	for i, text := range append(v.walk, v.empty) {
		t.Run(fmt.Sprintf("page %d", i+1), func(t *testing.T) {
			t.Parallel()
			everyByte(t, text, v.keys)
		})
	}
}

// flips are the bits to turn over: the lowest makes a letter or a digit its neighbour, the next one a capital of a
// small letter, and the highest takes a byte out of ASCII.
var flips = []byte{0x01, 0x20, 0x80}

func everyByte(t *testing.T, text []byte, keys auditproof.Keys) {
	meant := jsontext.Value(bytes.Clone(text))
	if err := meant.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	for at := range text {
		for _, flip := range flips {
			corrupt := bytes.Clone(text)
			corrupt[at] ^= flip
			err := auditproof.Page(corrupt, keys)
			var b *auditproof.Broken
			if errors.As(err, &b) {
				continue
			}
			near := text[max(0, at-20):min(len(text), at+20)]
			if err != nil {
				t.Fatalf("byte %d flipped by %#x, near %q: got %v, want it broken", at, flip, near, err)
			}
			if err := (*jsontext.Value)(&corrupt).Canonicalize(); err != nil || !bytes.Equal(corrupt, meant) {
				t.Fatalf("byte %d flipped by %#x, near %q: it is accepted and means something else", at, flip, near)
			}
		}
	}
}

// TestVectorsSpliced puts pages of one export where another one's belong.
func TestVectorsSpliced(t *testing.T) {
	v := readVectors(t)
	for name, stranger := range map[string][]byte{"empty": v.empty, "full": v.full} {
		for i := range v.walk {
			t.Run(fmt.Sprintf("%s in place of page %d", name, i+1), func(t *testing.T) {
				spliced := slices.Clone(v.walk)
				spliced[i] = stranger
				broken(t, auditproof.Walk(spliced, v.keys), 0, "")
			})
			t.Run(fmt.Sprintf("%s before page %d", name, i+1), func(t *testing.T) {
				broken(t, auditproof.Walk(slices.Insert(slices.Clone(v.walk), i, stranger), v.keys), 0, "")
			})
		}
		t.Run(name+" after the last page", func(t *testing.T) {
			broken(t, auditproof.Walk(append(slices.Clone(v.walk), stranger), v.keys), 0, "")
		})
	}
}
