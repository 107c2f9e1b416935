// Package mask hides secrets in exchanges before they are stored or shown. Two kinds are
// hidden: values whose header or parameter has the name of a secret, in every mode; and the
// partner keys and the admin token, wherever they are and however they are encoded.
package mask

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/jcs"
)

// Hidden replaces a secret.
const Hidden = "[hidden]"

// Mask hides secrets. It is safe for concurrent use.
type Mask struct {
	keys  func(text []byte) []byte // nil: header mode
	token []byte
}

// New returns a mask for the keys that a function hides, nil in header mode, and for the admin
// token, "" for none.
func New(keys func(text []byte) []byte, token string) *Mask { return &Mask{keys, []byte(token)} }

// notSecret are the headers of the contract that [secretName] matches and whose values are
// not secret: explanations have them.
var notSecret = []string{"Idempotency-Key", "X-Auth-Scopes"}

// secretName reports whether the value of a header or parameter is a secret by its name: the
// name contains key, token, secret, session, auth, cookie or password. In header
// mode X-Partner-Key is not a secret, but a client may send a real key by mistake.
func secretName(name string) bool {
	for i := range len(name) {
		var words []string
		switch name[i] | 0x20 { // the letter in lower case
		case 'a':
			words = authWords
		case 'c':
			words = cookieWords
		case 'k':
			words = keyWords
		case 'p':
			words = passwordWords
		case 's':
			words = secretWords
		case 't':
			words = tokenWords
		}
		for _, word := range words {
			if len(name)-i >= len(word) && strings.EqualFold(name[i:i+len(word)], word) {
				return true
			}
		}
	}
	return false
}

// The parts by their first letters, because every header of every request is checked.
var (
	authWords     = []string{"auth"}
	cookieWords   = []string{"cookie"}
	keyWords      = []string{"key"}
	passwordWords = []string{"password"}
	secretWords   = []string{"secret", "session"}
	tokenWords    = []string{"token"}
)

// withoutQuerySecrets returns a path whose query has the values of secret parameters hidden:
// ?access_token=[hidden].
func withoutQuerySecrets(path string) string {
	before, query, found := strings.Cut(path, "?")
	if !found {
		return path
	}
	return before + "?" + withoutValues(query, ";")
}

// withoutLineSecrets does so for a line of a header, which may have a URL, or parameters of
// another syntax.
func withoutLineSecrets(line string) string { return withoutValues(line, "?;#, \t\"") }

// withoutValues hides what follows NAME=, where the name is one of a secret, up to the next &.
// A name begins after & or after one of the separators.
func withoutValues(text, separators string) string {
	if !strings.Contains(text, "=") {
		return text
	}
	parts := strings.Split(text, "&")
	for i, part := range parts {
		for from := 0; from < len(part); {
			name, value, found := strings.Cut(part[from:], "=")
			if at := strings.LastIndexAny(name, separators); at >= 0 {
				from, name = from+at+1, name[at+1:]
			}
			if !found {
				break
			}
			from += len(name) + 1
			if value != "" && secretName(string(unescapedPercent([]byte(name)))) {
				parts[i] = part[:from] + Hidden
				break
			}
		}
	}
	return strings.Join(parts, "&")
}

// withoutSecrets returns headers with their secrets hidden: the same map, unless something
// was changed.
func (m *Mask) withoutSecrets(header map[string][]string) (shown map[string][]string, changed bool) {
	shown = header
	for name, lines := range header {
		hidden := lines
		for i, line := range lines {
			text := m.hideHeader(name, line)
			if text == line {
				continue
			}
			if &hidden[0] == &lines[0] {
				hidden = slices.Clone(lines)
			}
			hidden[i] = text
		}
		if len(lines) > 0 && &hidden[0] != &lines[0] {
			if !changed {
				shown, changed = maps.Clone(header), true
			}
			shown[name] = hidden
		}
	}
	return shown, changed
}

// hideHeader returns a line of a header with its secrets hidden.
func (m *Mask) hideHeader(name, line string) string {
	switch {
	case slices.Contains(notSecret, name):
		return m.hideText(line)
	case secretName(name):
		return Hidden
	}
	return m.hideText(withoutLineSecrets(line))
}

// Exchange returns an exchange without secrets: a copy, unless there are none.
func (m *Mask) Exchange(x *exchange.Exchange) *exchange.Exchange {
	path := withoutQuerySecrets(x.Path)
	header, changed := m.withoutSecrets(x.Header)
	if !changed && path == x.Path && !m.hides() {
		return x
	}
	masked := *x
	masked.Path, masked.Header = path, header
	if m.hides() {
		masked.Body, masked.Answer = m.hide(x.Body), m.hide(x.Answer)
		masked.Path, masked.ProviderID, masked.ActorID = m.hideText(masked.Path), m.hideText(x.ProviderID), m.hideText(x.ActorID)
		masked.ReasonCodes = slices.Clone(x.ReasonCodes) // a client's own may be among them
		for i, code := range masked.ReasonCodes {
			masked.ReasonCodes[i] = m.hideText(code)
		}
	}
	return &masked
}

// Stored returns a masked exchange without the secrets that were added after it was masked.
func (m *Mask) Stored(x *exchange.Exchange) *exchange.Exchange {
	if m.keys == nil { // none is added
		return x
	}
	return m.Exchange(x)
}

// hides reports whether the server knows any secrets.
func (m *Mask) hides() bool { return m.keys != nil || len(m.token) > 0 }

// hideText is hide for a string.
func (m *Mask) hideText(text string) string {
	if !m.hides() {
		return text
	}
	return string(m.hide([]byte(text)))
}

// hide returns a text without partner keys and the admin token: as they are, with the escapes
// of JSON, or percent-encoded. It is the same text if there are none. The text need not be
// valid JSON, or a valid URL.
func (m *Mask) hide(text []byte) []byte {
	if !m.hides() {
		return text
	}
	return m.hidePercent(m.hideJSON(m.hideKnown(text)))
}

// hideKnown hides secrets as they are.
func (m *Mask) hideKnown(text []byte) []byte {
	if m.keys != nil {
		text = m.keys(text)
	}
	if len(m.token) > 0 && bytes.Contains(text, m.token) {
		text = bytes.ReplaceAll(text, m.token, []byte(Hidden))
	}
	return text
}

// hideJSON hides secrets with escapes of JSON. A string that has one is encoded again.
func (m *Mask) hideJSON(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	var shown []byte // up to done
	done := 0
	for from, to := 0, 0; from < len(text); from = to + 1 {
		escaped := false
		for to = from; to < len(text) && text[to] != '"'; to++ {
			if text[to] == '\\' {
				escaped = true
				to++
			}
		}
		to = min(to, len(text))
		if !escaped {
			continue
		}
		means := unescapedJSON(text[from:to])
		if hidden := m.hideKnown(means); !bytes.Equal(hidden, means) {
			quoted := jcs.String(string(hidden))
			shown = append(append(shown, text[done:from]...), quoted[1:len(quoted)-1]...)
			done = to
		}
	}
	if done == 0 {
		return text
	}
	return append(shown, text[done:]...)
}

// hidePercent hides secrets that are percent-encoded, with spaces as %20 or as +. A text that
// has one is decoded.
func (m *Mask) hidePercent(text []byte) []byte {
	if bytes.IndexByte(text, '%') < 0 && bytes.IndexByte(text, '+') < 0 {
		return text
	}
	for _, encoded := range [][]byte{text, bytes.ReplaceAll(text, []byte("+"), []byte(" "))} {
		means := unescapedPercent(encoded)
		if hidden := m.hideKnown(means); !bytes.Equal(hidden, means) {
			return hidden
		}
	}
	return text
}

// JSON returns decoded JSON without secrets.
func (m *Mask) JSON(value any) any {
	if !m.hides() {
		return value
	}
	switch value := value.(type) {
	case string:
		return m.hideText(value)
	case []any:
		hidden := make([]any, len(value))
		for i, item := range value {
			hidden[i] = m.JSON(item)
		}
		return hidden
	case map[string]any:
		hidden := make(map[string]any, len(value))
		for name, member := range value {
			hidden[m.hideText(name)] = m.JSON(member)
		}
		return hidden
	}
	return value
}

// unescapedPercent decodes a percent-encoded text. What is no escape stays as it is.
func unescapedPercent(text []byte) []byte {
	if bytes.IndexByte(text, '%') < 0 {
		return text
	}
	means := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if b, err := strconv.ParseUint(string(text[i+1:i+3]), 16, 8); err == nil {
				means = append(means, byte(b))
				i += 2
				continue
			}
		}
		means = append(means, text[i])
	}
	return means
}

// unescapedJSON decodes the escapes of a JSON string. What is no escape stays as it is.
func unescapedJSON(text []byte) []byte {
	means := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			means = append(means, text[i])
			continue
		}
		i++
		if at := strings.IndexByte("bfnrt", text[i]); at >= 0 {
			means = append(means, "\b\f\n\r\t"[at])
			continue
		}
		if text[i] != 'u' {
			means = append(means, text[i]) // a quote, a slash, a backslash, or no escape at all
			continue
		}
		r, ok := unit(text[i+1:])
		if !ok {
			means = append(means, '\\', 'u')
			continue
		}
		i += 4
		if utf16.IsSurrogate(r) && bytes.HasPrefix(text[i+1:], []byte(`\u`)) {
			if low, ok := unit(text[i+3:]); ok {
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					r = pair
					i += 6
				}
			}
		}
		means = utf8.AppendRune(means, r)
	}
	return means
}

// unit reads four hexadecimal digits at the beginning of a text.
func unit(text []byte) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[:4]), 16, 16)
	return rune(n), err == nil
}
