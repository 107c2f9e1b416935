package main

import (
	"io"
	"strings"
	"testing"

	"example.com/lpgate/runner/internal/imperfect"
)

func TestList(t *testing.T) {
	var printed strings.Builder
	if err := run([]string{"--list"}, &printed); err != nil {
		t.Fatal(err)
	}
	want := imperfect.AllHabits()
	for _, w := range imperfect.WrongRules() {
		want = append(want, w.ID)
	}
	for _, id := range want {
		if !strings.Contains(printed.String(), "\n"+id+"  ") {
			t.Errorf("%s is not listed", id)
		}
	}
}

func TestWrongArguments(t *testing.T) {
	for _, test := range []struct {
		args, want string
	}{
		{"--habits no-violation", "(did you mean no-violations?)"},
		{"--wrong rows-sorted", "there is no wrong rule"},
		{"serve", `unexpected argument "serve"`},
		{"--listen nowhere", "nowhere"},
	} {
		if err := run(strings.Fields(test.args), io.Discard); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got the error %v, want %q in it", test.args, err, test.want)
		}
	}
}
