package schemas

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/internal/jsonvalue"
)

// A Document is one JSON text that was read as I-JSON.
type Document struct {
	// Canonical is the text in the form of RFC 8785 (JCS): equal documents have equal bytes.
	Canonical []byte
	// Value is nil, bool, float64, string, []any or map[string]any. It equals what Canonical spells, so -0 is 0,
	// and a number has the precision of a double.
	Value any

	depth int // how many objects and arrays are in one another
}

// MaxDepth is how many objects and arrays may be in one another in a text that [ReadRequest] reads. Package jsontext
// writes 10,000 levels: what was read can be put deep inside of an answer and be written again.
const MaxDepth = 9_000

// ReadRequest is Read for a text that others sent and that may be shown again inside of another one: it has at most
// [MaxDepth] levels.
func ReadRequest(text []byte) (Document, error) {
	document, err := Read(text)
	if err == nil && document.depth > MaxDepth {
		return Document{}, syntaxError(text, 0, fmt.Errorf("%d lists and objects are in one another, and %d may be", document.depth, MaxDepth))
	}
	return document, err
}

// Read reads one JSON text as I-JSON (RFC 7493). It refuses what two readers might understand differently:
// duplicate members (also when spelled differently, as "a" and "\u0061"), invalid UTF-8, lone surrogates,
// noncharacters, a byte order mark, data after the value, a number beyond a double, and nesting so deep that
// readers give up (10,000 levels). A number too small for a double is 0. The error is a [*SyntaxError].
//
// The text is read once, and a hostile one costs no more than its length: sorting members while copying them, as
// jsontext's own Canonicalize does, takes time in proportion to length times depth. A fuzz test compares the
// bytes of the two.
func Read(text []byte) (Document, error) {
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		return Document{}, syntaxError(text, 0, errors.New("begins with a byte order mark"))
	}
	// A decoder over a bytes.Buffer neither copies nor changes the text.
	reader := &reader{Decoder: jsontext.NewDecoder(bytes.NewBuffer(text))}
	value, err := reader.value()
	if err == io.EOF {
		return Document{}, syntaxError(text, 0, errors.New("holds no value"))
	}
	if err != nil {
		return Document{}, syntaxError(text, offsetOf(err, text), describeSyntaxError(err))
	}
	end := reader.InputOffset()
	if _, err := reader.ReadToken(); err != io.EOF {
		return Document{}, syntaxError(text, end, fmt.Errorf("data after the value, after byte %d", end))
	}
	return Document{Canonical: appendCanonical(make([]byte, 0, len(text)), value), Value: value, depth: reader.depth}, nil
}

// At is the value that a plain JSON Pointer leads to; nil when it leads nowhere.
func (d Document) At(pointer string) any { return jsonvalue.At(d.Value, jsontext.Pointer(pointer)) }

type reader struct {
	*jsontext.Decoder
	depth int // the deepest place so far
}

// value reads the next value. Its depth is bounded by the decoder's.
func (r *reader) value() (any, error) {
	token, err := r.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case jsontext.KindBeginObject:
		return r.object()
	case jsontext.KindBeginArray:
		return r.array()
	case jsontext.KindString:
		text := token.String()
		return text, r.checkText(text)
	case jsontext.KindNumber:
		number, err := token.Float()
		if err != nil {
			return nil, r.problem("a number beyond a double")
		}
		if number == 0 {
			number = 0 // -0 is spelled 0 in RFC 8785
		}
		return number, nil
	case jsontext.KindTrue:
		return true, nil
	case jsontext.KindFalse:
		return false, nil
	default:
		return nil, nil
	}
}

func (r *reader) object() (any, error) {
	r.depth = max(r.depth, r.StackDepth())
	members := map[string]any{}
	for r.PeekKind() != jsontext.KindEndObject {
		token, err := r.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		if err := r.checkText(name); err != nil {
			return nil, err
		}
		if members[name], err = r.value(); err != nil {
			return nil, err
		}
	}
	_, err := r.ReadToken()
	return members, err
}

func (r *reader) array() (any, error) {
	r.depth = max(r.depth, r.StackDepth())
	items := []any{}
	for r.PeekKind() != jsontext.KindEndArray {
		item, err := r.value()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	_, err := r.ReadToken()
	return items, err
}

// checkText refuses the code points that Unicode will never give to a character (RFC 7493, section 2.1):
// U+FDD0 to U+FDEF, and the last two of each plane.
func (r *reader) checkText(text string) error {
	for i := 0; i < len(text); i++ {
		if text[i] < 0xEF { // no noncharacter begins with a smaller byte
			continue
		}
		if point, _ := utf8.DecodeRuneInString(text[i:]); point&0xFFFE == 0xFFFE || 0xFDD0 <= point && point <= 0xFDEF {
			return r.problem(fmt.Sprintf("noncharacter %U in a string", point))
		}
	}
	return nil
}

func (r *reader) problem(what string) error {
	return &jsontext.SyntacticError{ByteOffset: r.InputOffset(), JSONPointer: r.StackPointer(), Err: errors.New(what)}
}

// describeSyntaxError returns what is wrong and where, independent of the library's version.
func describeSyntaxError(err error) error {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return err
	}
	pointer := string(syntax.JSONPointer)
	if errors.Is(syntax.Err, jsontext.ErrDuplicateName) {
		parent := string(syntax.JSONPointer.Parent())
		return fmt.Errorf("duplicate member %s in %s", quoteShortened(syntax.JSONPointer.LastToken()), quoteShortened(parent))
	}
	if errors.Is(syntax.Err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the text ends too early, after byte %d", syntax.ByteOffset)
	}
	if pointer == "" {
		return fmt.Errorf("%w, after byte %d", syntax.Err, syntax.ByteOffset)
	}
	return fmt.Errorf("%w, in %s after byte %d", syntax.Err, quoteShortened(pointer), syntax.ByteOffset)
}

// quoteShortened quotes a text from a document, and cuts it to what fits in a message.
func quoteShortened(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most]) + "…"
	}
	return strconv.Quote(text)
}

// appendCanonical appends the RFC 8785 form of a value that [Read] made. The order of members is the one thing
// that jsontext does not offer without a second pass over the text.
func appendCanonical(text []byte, value any) []byte {
	switch value := value.(type) {
	case map[string]any:
		names := make([]string, 0, len(value))
		for name := range value {
			names = append(names, name)
		}
		slices.SortFunc(names, compareUTF16)
		text = append(text, '{')
		for i, name := range names {
			if i > 0 {
				text = append(text, ',')
			}
			text = append(appendText(text, name), ':')
			text = appendCanonical(text, value[name])
		}
		return append(text, '}')
	case []any:
		text = append(text, '[')
		for i, item := range value {
			if i > 0 {
				text = append(text, ',')
			}
			text = appendCanonical(text, item)
		}
		return append(text, ']')
	case string:
		return appendText(text, value)
	case float64:
		return jsontext.AppendFloat(text, value, 64)
	case bool:
		return strconv.AppendBool(text, value)
	default:
		return append(text, "null"...)
	}
}

func appendText(text []byte, value string) []byte {
	text, err := jsontext.AppendQuote(text, value)
	if err != nil {
		panic(fmt.Sprintf("quoting a string that was read as UTF-8: %v", err)) // the decoder refused any other
	}
	return text
}

// compareUTF16 orders names by their UTF-16 code units, as RFC 8785 (section 3.2.3) requires. UTF-8 has the same
// order but for one case: a code point beyond U+FFFF (first byte F0 or more) is two surrogates in UTF-16, and they
// come before U+E000 to U+FFFF (first byte EE or EF).
func compareUTF16(a, b string) int {
	for i := range min(len(a), len(b)) {
		if x, y := a[i], b[i]; x != y {
			if x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0) {
				return int(y) - int(x)
			}
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

// below extends a plain JSON Pointer by the names of members.
func below(pointer string, names ...string) string {
	extended := jsontext.Pointer(pointer)
	for _, name := range names {
		extended = extended.AppendToken(name)
	}
	return string(extended)
}
