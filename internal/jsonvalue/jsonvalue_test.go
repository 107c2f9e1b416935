package jsonvalue

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func TestLookup(t *testing.T) {
	document := map[string]any{"a/b": []any{"first", map[string]any{"~": nil}}, "": 1}
	for _, test := range []struct {
		pointer jsontext.Pointer
		want    any
		ok      bool
	}{
		{"/a~1b/0", "first", true},
		{"/a~1b/1/~0", nil, true},
		{"/", 1, true},
		{"/a~1b/2", nil, false},
		{"/a~1b/00", nil, false},
		{"/a~1b/+0", nil, false},
		{"/a~1b/-", nil, false},
		{"/a~1b/0/x", nil, false},
		{"/a", nil, false},
	} {
		if got, ok := Lookup(document, test.pointer); got != test.want || ok != test.ok {
			t.Errorf("%s: got %v, %t, want %v, %t", test.pointer, got, ok, test.want, test.ok)
		}
	}
	if _, ok := Lookup(document, ""); !ok {
		t.Error("the document itself was not found")
	}
}
