package schemas

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	tests := []struct {
		name, text string
		canonical  string
		value      any
	}{
		{"null", "null", "null", nil},
		{"white space around", " \t\r\n{ }\n", "{}", map[string]any{}},
		{"an empty list", "[]", "[]", []any{}},
		{"an empty name", `{"": ""}`, `{"":""}`, map[string]any{"": ""}},
		{"member order and spelling", `{"b": [true, false, null], "\u0061": "\u00e9"}`, `{"a":"é","b":[true,false,null]}`,
			map[string]any{"a": "é", "b": []any{true, false, nil}}},
		{"the same name in two objects", `[{"a": 1}, {"a": {"a": 1}}]`, `[{"a":1},{"a":{"a":1}}]`,
			[]any{map[string]any{"a": 1.0}, map[string]any{"a": map[string]any{"a": 1.0}}}},

		{"2", "2", "2", 2.0},
		{"2.0", "2.0", "2", 2.0},
		{"2e0", "2e0", "2", 2.0},
		{"-0", "-0", "0", 0.0},
		{"-0.0e5", "-0.0e5", "0", 0.0},
		{"the largest exact integer", "9007199254740991", "9007199254740991", 9007199254740991.0},
		{"an integer between two doubles", "9007199254740993", "9007199254740992", 9007199254740992.0},
		{"the largest double", "1.7976931348623157e308", "1.7976931348623157e+308", math.MaxFloat64},
		{"rounded to the largest double", "1.79769313486231580e308", "1.7976931348623157e+308", math.MaxFloat64},
		{"the smallest double", "5e-324", "5e-324", math.SmallestNonzeroFloat64},
		{"too small for a double", "1e-400", "0", 0.0},
		{"too small to write out", "1e-999999999", "0", 0.0},
		{"too small, and below zero", "-1e-999999999", "0", 0.0},
		{"nothing, many times over", "0e999999999", "0", 0.0},
		{"a long number", "1" + strings.Repeat("0", 300), "1e+300", 1e300},
		{"a long fraction", "0." + strings.Repeat("3", 100_000), "0.3333333333333333", 1.0 / 3},

		{"escapes that need none", `"\u0041\/\u007f\u2028"`, "\"A/\u007f\u2028\"", "A/\u007f\u2028"},
		{"escapes that need one", `"\u0000\u0008\u0009\n\f\r\"\\\u001F"`, `"\u0000\b\t\n\f\r\"\\\u001f"`, "\x00\b\t\n\f\r\"\\\x1f"},
		{"a pair of surrogates", `"\ud83d\ude00"`, `"😀"`, "😀"},
		{"a mark inside a string", "\"\ufeff\"", "\"\ufeff\"", "\ufeff"},
		{"neighbours of noncharacters", "\"\ufdcf\ufdf0\ufffd\U0001fffd\U00020000\"", "\"\ufdcf\ufdf0\ufffd\U0001fffd\U00020000\"",
			"\ufdcf\ufdf0\ufffd\U0001fffd\U00020000"},
		// RFC 8785, section 3.2.3: sorted by UTF-16, where 😀 comes before U+FB33.
		{"names sorted by UTF-16", `{"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7}`,
			"{\"\\r\":2,\"1\":4,\"\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\ufb33\":3}",
			map[string]any{"€": 1.0, "\r": 2.0, "\ufb33": 3.0, "1": 4.0, "😀": 5.0, "\u0080": 6.0, "ö": 7.0}},
		{"names sorted by UTF-16 after a common start", `{"x\ue000": 1, "x\ud800\udc00": 2, "x\udbff\udffd": 3, "x\ud7ff": 4, "x": 5}`,
			"{\"x\":5,\"x\ud7ff\":4,\"x\U00010000\":2,\"x\U0010fffd\":3,\"x\ue000\":1}",
			map[string]any{"x\ue000": 1.0, "x\U00010000": 2.0, "x\U0010fffd": 3.0, "x\ud7ff": 4.0, "x": 5.0}},
		// RFC 8785, section 3.2.2
		{"the RFC's example", `{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
			"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}`,
			`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
			map[string]any{"literals": []any{nil, true, false}, "numbers": []any{333333333.3333333, 1e30, 4.5, 0.002, 1e-27}, "string": "€$\x0f\nA'B\"\\\\\"/"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := []byte(test.text)
			got, err := Read(text)
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Canonical) != test.canonical {
				t.Errorf("got canonical %s, want %s", got.Canonical, test.canonical)
			}
			if diff := cmp.Diff(test.value, got.Value); diff != "" {
				t.Errorf("value, -want +got:\n%s", diff)
			}
			if number, ok := got.Value.(float64); ok && number == 0 && math.Signbit(number) {
				t.Error("got -0, want 0")
			}
			if string(text) != test.text {
				t.Errorf("the caller's text was changed to %q", text)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	deep := strings.Repeat(`{"b":0,"a":`, 10_001) + "1" + strings.Repeat("}", 10_001)
	tests := []struct{ name, text, want string }{
		{"nothing", "", "holds no value"},
		{"white space", " \r\n\t", "holds no value"},
		{"a byte order mark", "\ufeff{}", "begins with a byte order mark"},
		{"a byte order mark later", " \ufeff{}", "invalid character '\\ufeff' at start of value, after byte 1"},
		{"data after the value", "{} {}", "data after the value, after byte 2"},
		{"a zero byte after the value", "{}\x00", "data after the value, after byte 2"},
		{"a second comma", "{},", "data after the value, after byte 2"},
		{"a second bracket", "[]]", "data after the value, after byte 2"},
		{"an object without a colon", `{"a" 1}`, `invalid character '1' after object name (expecting ':'), in "/a" after byte 5`},
		{"white space of Unicode", "\u00a01", "invalid character '\\u00a0' at start of value, after byte 0"},
		{"an open object", `{"a": 1`, "the text ends too early, after byte 7"},
		{"an open string", `["a`, "the text ends too early, after byte 3"},
		{"a comma at the end", `[1,]`, "invalid character ',' at start of value, after byte 2"},
		{"a comment", "[1 // one\n]", `invalid character '/' after array element (expecting ',' or ']'), after byte 3`},
		{"single quotes", `{'a': 1}`, `invalid character '\'' at start of value, after byte 1`},
		{"a leading zero", "01", "data after the value, after byte 1"},
		{"a plus sign", "+1", "invalid character '+' at start of value, after byte 0"},
		{"a hexadecimal number", "0x10", "data after the value, after byte 1"},
		{"NaN", "NaN", "invalid character 'N' at start of value, after byte 0"},
		{"Infinity", "-Infinity", "invalid character 'I' in number (expecting digit), after byte 1"},
		{"True", "True", "invalid character 'T' at start of value, after byte 0"},
		{"a control character in a string", "\"\n\"", `invalid character '\n' in string (expecting non-control character), after byte 1`},
		{"an unknown escape", `"\x41"`, "invalid escape sequence `\\x` in string, after byte 1"},

		{"a duplicate", `{"a": 1, "a": 1}`, `duplicate member "a" in ""`},
		{"a duplicate that is spelled differently", `{"a":1,"\u0061":2}`, `duplicate member "a" in ""`},
		{"a nested duplicate", `{"x/y": [0, {"b": 1, "c": 2, "b": 3}]}`, `duplicate member "b" in "/x~1y/1"`},
		{"a nested duplicate that is spelled differently", `[{"😀": 1, "\ud83d\ude00": 3}]`, `duplicate member "😀" in "/0"`},
		{"a duplicate with an empty name", `{"": 1, "": 1}`, `duplicate member "" in ""`},
		{"a duplicate of a long name", `{"` + strings.Repeat("a", 100) + `": 1, "` + strings.Repeat("a", 100) + `": 1}`,
			`duplicate member "` + strings.Repeat("a", 60) + `…" in ""`},

		{"invalid UTF-8", "\"\xff\"", "invalid UTF-8, after byte 1"},
		{"invalid UTF-8 in a name", "{\"\xc3\x28\": 1}", "invalid UTF-8, after byte 2"},
		{"an overlong encoding", "\"\xc0\xaf\"", "invalid UTF-8, after byte 1"},
		{"a surrogate in UTF-8", "\"\xed\xa0\x80\"", "invalid UTF-8, after byte 1"},
		{"a code point beyond Unicode", "\"\xf4\x90\x80\x80\"", "invalid UTF-8, after byte 1"},
		{"Latin-1", "\"caf\xe9\"", "invalid UTF-8, after byte 4"},
		{"a lone high surrogate", `"\ud800"`, "invalid surrogate pair `\\ud800\"` in string, after byte 1"},
		{"a lone low surrogate", `{"a": "x\udc00"}`, "invalid surrogate pair `\\udc00\"}` in string, in \"/a\" after byte 8"},
		{"surrogates in the wrong order", `"\ude00\ud83d"`, "invalid surrogate pair `\\ude00\\ud83d` in string, after byte 1"},
		{"a lone surrogate in a name", `{"\udfff": 1}`, "invalid surrogate pair \"\\\\udfff\\\": 1}\" in string, after byte 2"},

		{"the noncharacter U+FFFE", "\"a\ufffe\"", `noncharacter U+FFFE in a string, after byte 6`},
		{"the noncharacter U+FFFF, escaped", `{"a": ["\uffff"]}`, `noncharacter U+FFFF in a string, in "/a/0" after byte 15`},
		{"the noncharacter U+FDD0", "\"\ufdd0\"", `noncharacter U+FDD0 in a string, after byte 5`},
		{"the noncharacter U+FDEF", "\"\ufdef\"", `noncharacter U+FDEF in a string, after byte 5`},
		{"the noncharacter U+1FFFE, escaped", `"\ud83f\udffe"`, `noncharacter U+1FFFE in a string, after byte 14`},
		{"the noncharacter U+10FFFF", "\"\U0010ffff\"", `noncharacter U+10FFFF in a string, after byte 6`},
		{"a noncharacter in a name", "{\"\ufdd0\": 1}", `noncharacter U+FDD0 in a string, in "/\ufdd0" after byte 6`},

		{"a number beyond a double", "1e400", "a number beyond a double, after byte 5"},
		{"a number below the doubles", `{"a": -1e309}`, `a number beyond a double, in "/a" after byte 12`},
		{"a number far beyond a double", "[1e999999999]", `a number beyond a double, in "/0" after byte 12`},
		{"a number with very many digits", strings.Repeat("9", 400), "a number beyond a double, after byte 400"},

		{"lists nested too deeply", strings.Repeat("[", 10_001), "exceeded max depth, in \"" + strings.Repeat("/0", 30) + `…" after byte 10000`},
		{"objects nested too deeply", deep, "exceeded max depth, in \"" + strings.Repeat("/a", 30) + `…" after byte 110000`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			document, err := Read([]byte(test.text))
			if err == nil {
				t.Fatalf("got %s, want a refusal", document.Canonical)
			}
			if got, want := err.Error(), "not I-JSON: "+test.want; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if document.Canonical != nil || document.Value != nil {
				t.Errorf("got %v beside an error, want nothing", document)
			}
		})
	}
}

func TestReadTheDeepestDocument(t *testing.T) {
	text := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	document, err := Read([]byte(text))
	if err != nil || string(document.Canonical) != text {
		t.Fatalf("got %d bytes (%v), want the text itself", len(document.Canonical), err)
	}
	got := schemaNamed(t, "ActorRef").Validate(document.Value)
	want := []Violation{{"", "/type", "type", "must be an object, not an array"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("violations, -want +got:\n%s", diff)
	}
}

// What ReadRequest reads can be written again inside of something else.
func TestReadRequest(t *testing.T) {
	for _, shape := range []struct{ name, open, end string }{{"lists", "[", "]"}, {"objects", `{"a":`, "}"}} {
		nested := func(depth int) []byte {
			return []byte(strings.Repeat(shape.open, depth) + "1" + strings.Repeat(shape.end, depth))
		}
		document, err := ReadRequest(nested(MaxDepth))
		if err != nil {
			t.Fatalf("%s: %v", shape.name, err)
		}
		around := document.Value
		for range 900 {
			around = []any{around}
		}
		if _, err := json.Marshal(around); err != nil {
			t.Errorf("%s: written inside of 900 lists: %v", shape.name, err)
		}
		_, err = ReadRequest(nested(MaxDepth + 1))
		if want := "9001 lists and objects are in one another, and 9000 may be"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", shape.name, err, want)
		}
	}
	beside := "[" + strings.Repeat("[[]],", 10_000) + "[]]"
	if _, err := ReadRequest([]byte(beside)); err != nil {
		t.Errorf("lists beside one another: %v", err)
	}
}

// A text of the largest size that a server takes must not cost more than its size, however it is built. Each of these
// takes a tenth of a second; the limit is wide, for machines that are busy, and still far from what a mistake costs.
func TestReadIsNotSlowedDownByHostileTexts(t *testing.T) {
	const size = 1 << 20
	nested := strings.Repeat(`{"b":0,"a":`, 9_999) + `"` + strings.Repeat("x", size-9_999*12) + `"` + strings.Repeat("}", 9_999)
	var many bytes.Buffer
	for i := range 35_000 {
		many.WriteString(`,"` + strings.Repeat("\\u0000", i%3) + string(rune('a'+i%26)) + strings.Repeat("x", i%7) + time.Duration(i).String() + `":1e-99`)
	}
	for name, text := range map[string]string{
		"members out of order at every depth": nested,
		"very many members":                   "{" + many.String()[1:] + "}",
		"very many numbers":                   "[" + strings.Repeat("1e-999999999,", 80_000) + "0]",
		"one number":                          "0." + strings.Repeat("9", size),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if _, err := Read([]byte(text)); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %v for %d bytes", took, len(text))
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	request := []byte(validDocuments["PartnerLiquidityProviderOnboardRequest"])
	for _, bench := range []struct {
		name string
		text []byte
	}{
		{"request", request},
		{"a thousand requests", []byte("[" + strings.Repeat(string(request)+",", 999) + string(request) + "]")},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Read(bench.text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
