package auditproof_test

import (
	"bytes"
	"encoding/json"
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
