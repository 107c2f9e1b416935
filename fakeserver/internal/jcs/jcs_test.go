package jcs

import (
	"math"
	"strings"
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
		{"what is not UTF-8 becomes U+FFFD", "a\xff\xfeb", `"a` + "\ufffd\ufffd" + `b"`},
		{"so does a noncharacter", "a\uffff\ufdd0\U0001fffeb", `"a` + "\ufffd\ufffd\ufffd" + `b"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(Marshal(test.v)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// Text, String and Encode make the same text of the same bytes, and it is one that can be
// read as I-JSON.
func TestText(t *testing.T) {
	for given, want := range map[string]string{
		"":                         "",
		"plain":                    "plain",
		"M\xfcller":                "M\ufffdller",
		"\xff\xfe\xed\xa0\x80":     "\ufffd\ufffd\ufffd\ufffd\ufffd",
		"cut \xe2\x82":             "cut \ufffd\ufffd",
		"\uffff\ufdd0\U0010fffe é": "\ufffd\ufffd\ufffd é",
		"\ufffd\U0001f600":         "\ufffd\U0001f600",
	} {
		if got := Text(given); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
		if got := string(String(given)); got != `"`+want+`"` {
			t.Errorf("%q as a string: got %q", given, got)
		}
		if got := string(Encode([]string{given})); got != `["`+want+`"]` {
			t.Errorf("%q in a list: got %q", given, got)
		}
	}
}

// What cannot be written is an error that quotes nothing.
func TestTryEncode(t *testing.T) {
	deep := any("secret")
	for range 10_001 {
		deep = []any{deep}
	}
	for name, v := range map[string]any{"too deep": deep, "no number": []any{"secret", math.NaN()}} {
		if text, err := TryEncode(v); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %.40s, %v", name, text, err)
		}
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
