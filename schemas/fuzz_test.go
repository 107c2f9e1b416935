package schemas

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func seeds(f *testing.F) {
	for _, text := range validDocuments {
		f.Add([]byte(text))
	}
	for _, text := range []string{
		"", "null", "\ufeff1", "-0", "1e400", "1e-999999999", "9007199254740993", `{"a":1,"\u0061":2}`, `"\ud800"`, "\"\xff\"", "\"\uffff\"",
		`{"\ue000":0,"\ud800\udc00":1}`, `[[[[[[[[]]]]]]]]`, `{"provider":{"a b/~%é":[]}}`, `{"rollout":{"capability_matrix":[1,{},"",null]}}`,
		`{"status":{"reason_codes":["a","a"],"unresolved_critical_violations":1e21}}`, "[1.0, 1E5, 0.1e-6, 100000000000000000000000]",
	} {
		f.Add([]byte(text))
	}
}

// Read and jsontext's Canonicalize are two ways to the same bytes. Read refuses more: a byte order mark is not the
// only thing that jsontext has no opinion about.
func FuzzRead(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		document, err := Read(text)
		if !bytes.Equal(before, text) {
			t.Fatalf("the text was changed to %q", text)
		}
		want := jsontext.Value(bytes.Clone(text))
		if wantErr := want.Canonicalize(); wantErr != nil {
			if err == nil {
				t.Fatalf("got %s, want a refusal: %v", document.Canonical, wantErr)
			}
			return
		}
		if err != nil {
			if !strings.Contains(err.Error(), "noncharacter") && !strings.Contains(err.Error(), "beyond a double") {
				t.Fatalf("got %v, want %s", err, want)
			}
			return
		}
		if !bytes.Equal(document.Canonical, want) {
			t.Fatalf("got %s, want %s", document.Canonical, want)
		}
		again, err := Read(document.Canonical)
		if err != nil || !bytes.Equal(again.Canonical, document.Canonical) {
			t.Fatalf("read again: got %s (%v), want %s", again.Canonical, err, document.Canonical)
		}
	})
}

// No document makes Validate panic, and no two runs differ. Each violation leads to a value and names a keyword.
func FuzzValidate(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		document, err := Read(text)
		if err != nil {
			return
		}
		for _, name := range Embedded().Names() {
			schema := schemaNamed(t, name)
			first, second := schema.Validate(document.Value), schema.Validate(document.Value)
			if !slices.Equal(first, second) {
				t.Fatalf("%s: got %v, then %v", name, first, second)
			}
			if !slices.IsSortedFunc(first, func(a, b Violation) int {
				return cmp.Or(cmp.Compare(a.InstancePath, b.InstancePath), cmp.Compare(a.SchemaPath, b.SchemaPath), cmp.Compare(a.Message, b.Message))
			}) {
				t.Fatalf("%s: not sorted: %v", name, first)
			}
			for _, violation := range first {
				if violation.Keyword == "" || violation.Message == "" || !strings.HasPrefix(violation.SchemaPath, "/") {
					t.Fatalf("%s: an empty violation: %+v", name, violation)
				}
			}
			if first != nil {
				continue
			}
			// What is valid stays valid however its numbers were decoded.
			decoder := json.NewDecoder(bytes.NewReader(text))
			decoder.UseNumber()
			var numbers any
			if err := decoder.Decode(&numbers); err != nil {
				t.Fatal(err)
			}
			if got := schema.Validate(numbers); got != nil {
				t.Fatalf("%s: got %v with json.Number, want none", name, got)
			}
		}
	})
}
