package curl

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

func TestCommand(t *testing.T) {
	for _, test := range []struct {
		name    string
		command Command
		want    string
	}{
		{"GET", Command{Flags: []string{"-sS", "-w", `\n`}, URL: "http://h/a"}, `curl -sS -w '\n' http://h/a`},
		{"HEAD", Command{Method: "HEAD", URL: "http://h/a"}, "curl --head http://h/a"},
		{"DELETE", Command{Method: "DELETE", URL: "http://h/a"}, "curl -X DELETE http://h/a"},
		{"GET with a body", Command{URL: "http://h/a", Body: []byte("x")}, "curl -X GET http://h/a --data-raw x"},
		{"a body", Command{Method: "POST", URL: "http://h/a", Body: []byte(`{"a":"it's"}`)}, `curl -X POST http://h/a --data-raw '{"a":"it'\''s"}'`},
		{"a body from standard input", Command{Method: "PUT", URL: "http://h/a", BodyFile: "-"}, "curl -X PUT http://h/a --data-binary @-"},
		{"header", Command{URL: "http://h/a", Header: http.Header{"B": {"1 2", ""}, "A": nil}}, "curl http://h/a -H A: -H 'B: 1 2' -H 'B;'"},
		{"dot segments", Command{URL: "http://h/a/../b?c=/."}, "curl --path-as-is 'http://h/a/../b?c=/.'"},
		{"dots in the query", Command{URL: "http://h/a?c=/."}, "curl 'http://h/a?c=/.'"},
		{"brackets", Command{URL: "http://h/a[1-3]"}, "curl --globoff 'http://h/a[1-3]'"},
		{"an IPv6 host", Command{URL: "http://[::1]:80/a"}, "curl 'http://[::1]:80/a'"},
		{"brackets after an IPv6 host", Command{URL: "http://[::1]:80/{a}"}, "curl --globoff 'http://[::1]:80/{a}'"},
		{"variables", Command{URL: "http://h/{id}", Header: http.Header{"A": {"{id}"}}, Word: func(text string, in Part) string {
			if in == URL {
				return Quote(strings.TrimSuffix(text, "{id}")) + Variable("id")
			}
			return Quote(text)
		}}, `curl http://h/"$id" -H 'A: {id}'`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.command.String(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// A shell reads back each text that was quoted.
func TestQuote(t *testing.T) {
	for _, text := range []string{"", "a", "it's", `"$HOME" \ * ? [a] {b,c} ~ # ! & | ; < > ( )` + "`date`", "two\nlines", "=ls", "a=b", "é\u2028"} {
		out, err := exec.Command("sh", "-c", "printf %s "+Quote(text)).Output()
		if err != nil || string(out) != text {
			t.Errorf("%q as %s: the shell read %q, %v", text, Quote(text), out, err)
		}
	}
	if got := Quote("=ls"); got != "'=ls'" {
		t.Errorf("a word that zsh expands is %s", got)
	}
}

func TestPrintf(t *testing.T) {
	body := []byte("\x00\xff%'\\n")
	if Printable(body) {
		t.Error("bytes are printable")
	}
	out, err := exec.Command("sh", "-c", Printf(body)).Output()
	if err != nil || string(out) != string(body) {
		t.Errorf("%s printed %q, %v", Printf(body), out, err)
	}
}

func TestJQMember(t *testing.T) {
	for name, want := range map[string]string{"a_1": ".a_1", "a-b": `["a-b"]`, `"`: `["\""]`} {
		if got := JQMember(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}
