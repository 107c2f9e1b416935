package html

import (
	"testing"

	"example.com/lpgate/schemas"
)

func TestBody(t *testing.T) {
	k := func(s string) string { return `<span class="k">` + s + `</span>: ` }
	p := func(s string) string { return `<span class="p">` + s + `</span>` }
	s := func(s string) string { return `<span class="t">` + s + `</span>` }
	v := func(s string) string { return `<span class="v">` + s + `</span>` }
	note := func(s string) string { return ` <span class="note">✗ ` + s + `</span>` }
	at := func(path string) []schemas.Violation {
		return []schemas.Violation{{InstancePath: path, Keyword: "const", Message: "must be <1>"}}
	}
	const said = "must be &lt;1&gt; (const)"
	tests := []struct {
		name, body string
		violations []schemas.Violation
		want       string
	}{
		{"nothing", "", nil, ""},
		{"an object", `{"a":1,"b":[true,null],"c":{}}`, nil,
			p("{") + "\n  " + k("&#34;a&#34;") + v("1") + ",\n  " + k("&#34;b&#34;") + p("[") + "\n    " + v("true") + ",\n    " + v("null") + "\n  " + p("]") +
				",\n  " + k("&#34;c&#34;") + p("{") + p("}") + "\n" + p("}")},
		{"spelled as it was sent", `[1.0e+2,"\u003c"]`, nil, p("[") + "\n  " + v("1.0e+2") + ",\n  " + s(`&#34;\u003c&#34;`) + "\n" + p("]")},
		{"a number that no double holds", `12345678901234567890`, nil, v("12345678901234567890")},
		{"a name twice", `{"a":1,"a":2}`, nil, p("{") + "\n  " + k("&#34;a&#34;") + v("1") + ",\n  " + k("&#34;a&#34;") + v("2") + "\n" + p("}")},
		{"markup", `{"<b>":"</script>"}`, nil, p("{") + "\n  " + k("&#34;&lt;b&gt;&#34;") + s("&#34;&lt;/script&gt;&#34;") + "\n" + p("}")},
		{"no JSON", `<img src=x onerror=a()>`, nil, `&lt;img src=x onerror=a()&gt;`},
		{"half of it", `{"a":1`, nil, `{&#34;a&#34;:1`},
		{"two of them", `{} {}`, nil, `{} {}`},
		{"not UTF-8", "\"\xff\x00\"", nil, "&#34;\uFFFD\uFFFD&#34;"},
		{"a violation at a member", `{"a":1,"b":2}`, at("/a"),
			p("{") + "\n  <mark>" + k("&#34;a&#34;") + v("1") + "</mark>," + note(said) + "\n  " + k("&#34;b&#34;") + v("2") + "\n" + p("}")},
		{"at the last member", `{"a":1}`, at("/a"), p("{") + "\n  <mark>" + k("&#34;a&#34;") + v("1") + "</mark>" + note(said) + "\n" + p("}")},
		{"at the root", `{"a":1}`, at(""), "<mark>" + p("{") + "</mark>" + note(said) + "\n  " + k("&#34;a&#34;") + v("1") + "\n" + p("}")},
		{"at an object inside", `{"a":{"b":1}}`, at("/a"),
			p("{") + "\n  <mark>" + k("&#34;a&#34;") + p("{") + "</mark>" + note(said) + "\n    " + k("&#34;b&#34;") + v("1") + "\n  " + p("}") + "\n" + p("}")},
		{"at an empty object", `{"a":{}}`, at("/a"), p("{") + "\n  <mark>" + k("&#34;a&#34;") + p("{") + "</mark>" + p("}") + note(said) + "\n" + p("}")},
		{"at an item", `[1,[2]]`, at("/1/0"), p("[") + "\n  " + v("1") + ",\n  " + p("[") + "\n    <mark>" + v("2") + "</mark>" + note(said) + "\n  " + p("]") + "\n" + p("]")},
		{"at a name with a slash", `{"a/b~":1}`, at("/a~1b~0"), p("{") + "\n  <mark>" + k("&#34;a/b~&#34;") + v("1") + "</mark>" + note(said) + "\n" + p("}")},
		{"at what is not there", `{}`, at("/x"), p("{") + p("}") + "\n" + note(said)},
		{"at the root of what is no JSON", `x`, at(""), "x\n" + note(said)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := string(body([]byte(test.body), test.violations)); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
