package jcs

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func TestMarshal(t *testing.T) {
	for _, test := range []struct {
		name string
		v    any
		want string
	}{
		{"members are sorted", map[string]any{"b": 1, "a": nil}, `{"a":null,"b":1}`},
		{"by UTF-16, where a surrogate comes before U+FB33", map[string]int{"\ufb33": 1, "😀": 2}, `{"😀":2,"` + "\ufb33" + `":1}`},
		{"so are those of structs", struct {
			B string `json:"b"`
			A []int  `json:"a"`
		}{"x", nil}, `{"a":[],"b":"x"}`},
		{"numbers are written as ECMAScript writes them", []any{1e21, 1e-7, 100000.0, int64(9007199254740991)}, `[1e+21,1e-7,100000,9007199254740991]`},
		{"strings escape what they must and nothing else", "\u0007\b\n\"\\/\u2028<é", `"\u0007\b\n\"\\/` + "\u2028" + `<é"`},
		{"what is not UTF-8 becomes U+FFFD", "a\xffb", `"a` + "\ufffd" + `b"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(Marshal(test.v)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// What is joined is what the library would have made of the whole.
func TestJoin(t *testing.T) {
	joined := Object(
		Member{"b_list", Array([]Value{String("x"), Object(), Strings(nil)})},
		Member{"b", Strings([]string{"\"", "\xff"})},
		Member{"a", Value("1")},
	)
	whole := jsontext.Value(joined).Clone()
	if err := whole.Canonicalize(); err != nil || string(whole) != string(joined) {
		t.Errorf("joined %s, canonical %s, %v", joined, whole, err)
	}
	if want := `{"a":1,"b":["\"","` + "\ufffd" + `"],"b_list":["x",{},[]]}`; string(joined) != want {
		t.Errorf("got %s, want %s", joined, want)
	}
}

func TestHash(t *testing.T) {
	// printf '{"a":1}' | sha256sum
	if got, want := Hash(map[string]int{"a": 1}), "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
