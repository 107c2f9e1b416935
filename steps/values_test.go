package steps

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestNumbersAreComparedByValue(t *testing.T) {
	for _, test := range []struct {
		a, b json.Number
		same bool
	}{
		{"0", "-0", true}, {"0", "0.000e9", true}, {"1", "1.0", true}, {"10", "1e1", true}, {"10", "1E+1", true}, {"0.1", "1e-1", true},
		{"1200", "12e2", true}, {"-1.50", "-15e-1", true}, {"1", "-1", false}, {"1", "10", false}, {"0.1", "0.10000000000000001", false},
		{"9007199254740993", "9007199254740992", false}, {"1e400", "1e401", false}, {"1e400", "10e399", true},
		{"1e-999999999", "0", false}, {"1e99999999999999999999", "1e99999999999999999999", true}, {"1e99999999999999999999", "2e99999999999999999999", false},
	} {
		t.Run(fmt.Sprintf("%s and %s", test.a, test.b), func(t *testing.T) {
			if got := same(test.a, test.b); got != test.same {
				t.Errorf("got same %t, want %t (%s, %s)", got, test.same, normal(test.a), normal(test.b))
			}
		})
	}
}

func TestExpand(t *testing.T) {
	s := &scenario{variables: map[string]variable{
		"name":  textVariable(`a"b\c.`),
		"value": jsonVariable(map[string]any{"x": json.Number("1.50")}),
	}}
	for _, test := range []struct {
		as         notation
		text, want string
	}{
		{plain, "none", "none"},
		{plain, "{name}", `a"b\c.`},
		{plain, `"{name}"`, `"a"b\c."`},
		{plain, "{value}", `{"x":1.50}`},
		{plain, "{}{Name}{1}{ name}{", "{}{Name}{1}{ name}{"},
		{jsonText, `{name}`, `"a\"b\\c."`},
		{jsonText, `"x{name}"`, `"xa\"b\\c."`},
		{jsonText, `"\"{name}\\"`, `"\"a\"b\\c.\\"`},
		{jsonText, `"\\" {value}`, `"\\" {"x":1.50}`},
		{jsonText, `"{value}"`, `"{\"x\":1.50}"`},
		{jsonText, `{"a":{name},"b":{value}}`, `{"a":"a\"b\\c.","b":{"x":1.50}}`},
		{expression, "^{name}$", `^a"b\\c\.$`},
		{expression, "^[a-f]{64}$", `^[a-f]{64}$`},
	} {
		t.Run(test.text, func(t *testing.T) {
			if got, err := s.expand(test.text, test.as); got != test.want || err != nil {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestDecodeReadsOneValue(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": 1.0}`: `{"a":1.0}`, ` "x" `: `"x"`, ``: "it is empty", ` `: "it is empty", `1 2`: "something follows after the value", `{} x`: "something follows after the value",
	} {
		t.Run(text, func(t *testing.T) {
			value, err := decode([]byte(text))
			got := show(value)
			if err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
