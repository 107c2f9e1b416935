//go:build !race

// Thousands of pages, each proved by itself, would take most of a minute under the race detector, and none shares anything
// with another.

package auditproof_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/steps/auditproof"
)

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
			var b *auditproof.Error
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
