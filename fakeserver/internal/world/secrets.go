package world

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
	"example.com/lpgate/fakeserver/internal/rest"
)

// A journal has no secrets. Two kinds are hidden: values whose header or parameter has the name
// of a secret, in every mode; and the partner keys and the admin token, wherever they are and
// however they are encoded.

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
				parts[i] = part[:from] + rest.Hidden
				break
			}
		}
	}
	return strings.Join(parts, "&")
}

// withoutSecrets returns headers with their secrets hidden: the same map, unless something
// was changed.
func (w *World) withoutSecrets(header map[string][]string) (shown map[string][]string, changed bool) {
	shown = header
	for name, lines := range header {
		hidden := lines
		for i, line := range lines {
			text := w.hideHeader(name, line)
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
func (w *World) hideHeader(name, line string) string {
	switch {
	case slices.Contains(notSecret, name):
		return w.hideText(line)
	case secretName(name):
		return rest.Hidden
	}
	return w.hideText(withoutLineSecrets(line))
}

// mask returns an exchange without secrets, for the journal: a copy, unless there are none.
func (w *World) mask(x *exchange.Exchange) *exchange.Exchange {
	path := withoutQuerySecrets(x.Path)
	header, changed := w.withoutSecrets(x.Header)
	if !changed && path == x.Path && !w.hides() {
		return x
	}
	masked := *x
	masked.Path, masked.Header = path, header
	if w.hides() {
		masked.Body, masked.Answer = w.hide(x.Body), w.hide(x.Answer)
		masked.Path, masked.ProviderID, masked.ActorID = w.hideText(masked.Path), w.hideText(x.ProviderID), w.hideText(x.ActorID)
		masked.ReasonCodes = slices.Clone(x.ReasonCodes) // a client's own may be among them
		for i, code := range masked.ReasonCodes {
			masked.ReasonCodes[i] = w.hideText(code)
		}
	}
	return &masked
}

// Masked returns an exchange of the journal without secrets that became known after it was
// recorded.
func (w *World) Masked(x *exchange.Exchange) *exchange.Exchange {
	if w.handler.PartnerKeys == nil { // none becomes known
		return x
	}
	return w.mask(x)
}

// hides reports whether the server knows any secrets.
func (w *World) hides() bool { return w.handler.PartnerKeys != nil || w.options.AdminToken != "" }

// hideText is hide for a string.
func (w *World) hideText(text string) string {
	if !w.hides() {
		return text
	}
	return string(w.hide([]byte(text)))
}

// hide returns a text without partner keys and the admin token: as they are, with the escapes
// of JSON, or percent-encoded. It is the same text if there are none. The text need not be
// valid JSON, or a valid URL.
func (w *World) hide(text []byte) []byte {
	if !w.hides() {
		return text
	}
	return w.hidePercent(w.hideJSON(w.hideKnown(text)))
}

// hideKnown hides secrets as they are.
func (w *World) hideKnown(text []byte) []byte {
	text = w.handler.PartnerKeys.Hide(text)
	if token := []byte(w.options.AdminToken); len(token) > 0 && bytes.Contains(text, token) {
		text = bytes.ReplaceAll(text, token, []byte(rest.Hidden))
	}
	return text
}

// hideJSON hides secrets with escapes of JSON. A string that has one is encoded again.
func (w *World) hideJSON(text []byte) []byte {
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
		if hidden := w.hideKnown(means); !bytes.Equal(hidden, means) {
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
func (w *World) hidePercent(text []byte) []byte {
	if bytes.IndexByte(text, '%') < 0 && bytes.IndexByte(text, '+') < 0 {
		return text
	}
	for _, encoded := range [][]byte{text, bytes.ReplaceAll(text, []byte("+"), []byte(" "))} {
		means := unescapedPercent(encoded)
		if hidden := w.hideKnown(means); !bytes.Equal(hidden, means) {
			return hidden
		}
	}
	return text
}

// HideIn returns decoded JSON without secrets.
func (w *World) HideIn(value any) any {
	if !w.hides() {
		return value
	}
	switch value := value.(type) {
	case string:
		return w.hideText(value)
	case []any:
		hidden := make([]any, len(value))
		for i, item := range value {
			hidden[i] = w.HideIn(item)
		}
		return hidden
	case map[string]any:
		hidden := make(map[string]any, len(value))
		for name, member := range value {
			hidden[w.hideText(name)] = w.HideIn(member)
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
