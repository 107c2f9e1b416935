package html

import (
	"bytes"
	"errors"
	"html/template"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/schemas"
)

// body returns a body as HTML. JSON is indented, its numbers and strings are as they were sent, and each violation is beside
// the value at its path. Any other text is shown as it is.
//
// Only body and header write HTML without a template, since they write most of a page and a template takes ten times as long.
// All text that is no literal here goes through [template.HTMLEscapeString].
func body(text []byte, violations []schemas.Violation) template.HTML {
	b := newBody(violations)
	b.Grow(8 * len(text)) // the marks around each value
	if !utf8.Valid(text) || !b.document(text) {
		b = newBody(violations)
		b.escape(string(bytes.ToValidUTF8(text, []byte("\uFFFD"))))
	}
	for _, v := range violations { // those whose place was not found
		if _, left := b.at[v.InstancePath]; left {
			b.WriteString("\n")
			b.note(v)
		}
	}
	return template.HTML(b.String())
}

// header returns the header fields of a message as HTML, sorted by name.
func header(h http.Header) template.HTML {
	if len(h) == 0 {
		return ""
	}
	var b bodyWriter
	b.WriteString(`<dl class="headers">`)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			b.WriteString("<div><dt>")
			b.escape(name)
			b.WriteString(":</dt><dd>")
			b.escape(value)
			b.WriteString("</dd></div>")
		}
	}
	b.WriteString("</dl>")
	return template.HTML(b.String())
}

func newBody(violations []schemas.Violation) *bodyWriter {
	b := &bodyWriter{at: map[string][]schemas.Violation{}}
	for _, v := range violations {
		b.at[v.InstancePath] = append(b.at[v.InstancePath], v)
	}
	return b
}

type bodyWriter struct {
	strings.Builder
	at map[string][]schemas.Violation // that are still to be shown, by their places
}

func (b *bodyWriter) escape(text string) { b.WriteString(template.HTMLEscapeString(text)) }

func (b *bodyWriter) token(class, text string) {
	b.WriteString(`<span class="`)
	b.WriteString(class)
	b.WriteString(`">`)
	b.escape(text)
	b.WriteString(`</span>`)
}

func (b *bodyWriter) note(v schemas.Violation) {
	b.WriteString(` <span class="note">✗ `)
	b.escape(v.Message)
	if v.Keyword != "" {
		b.escape(" (" + v.Keyword + ")")
	}
	b.WriteString(`</span>`)
}

// notes writes the violations of the line that ends here.
func (b *bodyWriter) notes(noted *[]schemas.Violation) {
	for _, v := range *noted {
		b.note(v)
	}
	*noted = nil
}

// document writes a JSON text. It returns false for any other text.
func (b *bodyWriter) document(text []byte) bool {
	d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
	var name string               // the spelling of the name whose value comes
	var noted []schemas.Violation // add the line that is being written
	line := func(depth int) {
		b.notes(&noted)
		b.WriteByte('\n')
		for range depth {
			b.WriteString("  ")
		}
	}
	begin := func() { // comes before a value that has no name, and before a name
		depth := d.StackDepth()
		if name != "" || depth == 0 {
			return
		}
		if _, before := d.StackIndex(depth); before > 0 {
			b.WriteString(",")
		}
		line(depth)
	}
	// A value is marked with its name, and an object or an array only at its beginning.
	value := func(class, spelled string) {
		var pointer string
		var marked []schemas.Violation
		if len(b.at) > 0 {
			pointer = string(d.StackPointer())
			marked = b.at[pointer]
		}
		if marked != nil {
			b.WriteString("<mark>")
		}
		if name != "" {
			b.token("k", name)
			b.WriteString(": ")
			name = ""
		}
		b.token(class, spelled)
		if marked != nil {
			b.WriteString("</mark>")
			noted = append(noted, marked...)
			delete(b.at, pointer)
		}
	}
	for {
		kind := d.PeekKind()
		if kind != 0 && d.StackDepth() == 0 && b.Len() > 0 {
			return false // a second document
		}
		switch kind {
		case 0:
			_, err := d.ReadToken()
			b.notes(&noted)
			return errors.Is(err, io.EOF) && b.Len() > 0
		case '}', ']':
			depth := d.StackDepth()
			_, before := d.StackIndex(depth)
			if _, err := d.ReadToken(); err != nil {
				return false
			}
			if before > 0 {
				line(depth - 1)
			}
			b.token("p", string(rune(kind)))
		case '{', '[':
			begin()
			if _, err := d.ReadToken(); err != nil {
				return false
			}
			value("p", string(rune(kind)))
		default:
			outer, before := d.StackIndex(d.StackDepth())
			begin()
			raw, err := d.ReadValue()
			if err != nil {
				return false
			}
			spelled := string(bytes.TrimSpace(raw))
			switch {
			case outer == '{' && before%2 == 0:
				name = spelled
			case kind == '"':
				value("t", spelled)
			default:
				value("v", spelled)
			}
		}
	}
}
