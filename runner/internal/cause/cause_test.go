package cause

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func TestKeys(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"check", Check("schema", "required "+Pointer("/export/entries/12/actor")), "schema: required /export/entries/*/actor"},
		{"outcome", Outcome("404 NOT_FOUND", "200"), "outcome: expected 404 NOT_FOUND, observed 200"},
		{"step", Step("I note its state", ""), "step: I note its state"},
		{"step with a place", Step("its state is as noted", "/audit"), "step: its state is as noted, at /audit"},
		{"value", Value(KindBody, "/provider/status", false), "body: /provider/status differs"},
		{"value in a list", Value(KindBody, "/export/entries/*/details/x", false), "body: /export/entries differs"},
		{"missing item", Value(KindBody, "/export/entries/*", true), "body: /export/entries differs"},
		{"missing header", Value(KindHeader, "Allow", true), "header: Allow missing"},
		{"no answer", NoAnswer("the connection was closed"), "answer: none, the connection was closed"},
		{"output", Output("200 (replayed)", "200"), "output: expected 200 (replayed), observed 200"},
		{"text of a service", Outcome("200", "400 BAD\nCODE\x1b[31m\u202e é "), `outcome: expected 200, observed 400 BAD\nCODE\x1b[31m\u202e é`},
		{"pointer to the root", Pointer(""), ""},
		{"pointer to an empty name", Pointer("/"), "/"},
		{"name with digits in it", Pointer("/s0/00/x1"), "/s0/*/x1"},
		{"kind of a check", Kind("replay-header: it is absent"), "replay-header"},
		{"kind of a step", Kind("step: I note its state"), KindStep},
		{"kind of a text without an end", Kind("schema"), "schema"},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, test.got, test.want)
		}
	}
}

func TestCovers(t *testing.T) {
	tests := []struct {
		place, other jsontext.Pointer
		want         bool
	}{
		{"/a", "/a", true}, {"/a", "/a/b", true}, {"/a", "/ab", false}, {"/a/b", "/a", false}, {"", "/a", false},
	}
	for _, test := range tests {
		if got := Covers(test.place, test.other); got != test.want {
			t.Errorf("%q covers %q: got %t, want %t", test.place, test.other, got, test.want)
		}
	}
}
