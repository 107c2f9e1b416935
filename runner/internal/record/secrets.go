package record

import (
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Redacted stands wherever a secret stood.
const Redacted = "[redacted]"

// shortest is the length of the shortest value that is looked for outside of its header. A shorter one is nobody's
// secret, and would be found inside every other word.
const shortest = 8

// always are the headers whose values are secrets in every run.
var always = []string{"Authorization", "Proxy-Authorization", "X-Partner-Key"}

// Secrets are the values that must not be written. It learns them from the headers that carry them.
type Secrets struct {
	mu     sync.Mutex
	known  map[string]bool
	hidden []string                  // headers whose values are secrets in this run
	now    atomic.Pointer[spellings] // what is looked for; nil while nothing is known
}

// Hide makes the values of a header secrets, this one and all others, however short they are: a short one is masked in
// its header, and not in other texts. The name is in canonical form. It is called before anything is sent.
func (s *Secrets) Hide(header, value string) {
	s.hidden = append(s.hidden, header)
	s.learnValue(value)
}

// Hides reports whether the values of a header are secrets. Names are in canonical form.
func (s *Secrets) Hides(header string) bool {
	return slices.Contains(always, header) || slices.Contains(s.hidden, header)
}

// Learn adds a value.
func (s *Secrets) Learn(value string) {
	if len(value) < shortest {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[value] {
		return
	}
	if s.known == nil {
		s.known = map[string]bool{}
	}
	s.known[value] = true
	s.now.Store(spell(s.known))
}

// ShellVariable is the variable of a shell that stands for the value of a secret header: PARTNER_KEY for X-Partner-Key.
func ShellVariable(header string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(header, "X-"), "Proxy-")
	return strings.Map(func(c rune) rune {
		if c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return '_'
	}, strings.ToUpper(name))
}

// learnFrom adds the secrets that a request carries.
func (s *Secrets) learnFrom(h http.Header) {
	for name, values := range h {
		if !s.Hides(name) {
			continue
		}
		for _, value := range values {
			s.learnValue(value)
		}
	}
}

// learnValue adds the value of a header, as a whole and in parts: the credentials of "Authorization: Basic …" are secret
// with and without the word before them, decoded and not, and so is each cookie of several.
func (s *Secrets) learnValue(value string) {
	value = strings.TrimSpace(value)
	s.Learn(value)
	scheme, credentials, ok := strings.Cut(value, " ")
	if !ok {
		scheme = ""
	}
	if plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(credentials)); err == nil && strings.EqualFold(scheme, "Basic") {
		_, password, _ := strings.Cut(string(plain), ":")
		s.Learn(string(plain))
		s.Learn(password)
	}
	for _, part := range strings.FieldsFunc(value, func(c rune) bool { return strings.ContainsRune(" \t;,", c) }) {
		s.Learn(part)
		_, part, _ = strings.Cut(part, "=")
		s.Learn(strings.Trim(part, `"`))
	}
}

// Scrub takes the secrets out of a text, and the beginning of one where the text was cut.
func (s *Secrets) Scrub(text string) string {
	now := s.now.Load()
	if now == nil {
		return text
	}
	return now.scrubCut(now.scrubWhole(text))
}

// cutMark stands where a text was cut.
const cutMark = "…"

// scrubCut takes out the beginning of a secret before each place at which the text was cut.
func (now *spellings) scrubCut(text string) string {
	for from := 0; ; {
		at := strings.Index(text[from:], cutMark)
		if at < 0 {
			return text
		}
		at += from
		from = at + len(cutMark)
		most := 0 // of a secret, in bytes
		for _, secret := range now.all {
			for n := min(len(secret)-1, at); n > max(most, leastCut-1); n-- {
				if strings.HasSuffix(text[:at], secret[:n]) {
					most = n
				}
			}
		}
		if most > 0 {
			text = text[:at-most] + Redacted + text[at:]
			from += len(Redacted) - most
		}
	}
}

// leastCut is how much of a secret is one: less of it is in other words, too.
const leastCut = 6

// scrubWhole takes out whole secrets.
func (now *spellings) scrubWhole(text string) string {
	var b strings.Builder
	done := 0
	for from, to := now.find(text, 0); from >= 0; from, to = now.find(text, to) {
		for next, end := now.find(text, from+1); next >= 0 && next < to; next, end = now.find(text, next+1) {
			to = max(to, end) // two that overlap leave nothing of either behind
		}
		b.WriteString(text[done:from])
		b.WriteString(Redacted)
		done = to
	}
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// Clean returns a text without secrets, with U+FFFD for each byte that is not UTF-8.
func (s *Secrets) Clean(text string) string {
	text = s.Scrub(text)
	if utf8.ValidString(text) {
		return text
	}
	return strings.Map(func(r rune) rune { return r }, text)
}

// In reports whether the text holds a secret.
func (s *Secrets) In(text string) bool {
	now := s.now.Load()
	if now == nil {
		return false
	}
	from, _ := now.find(text, 0)
	return from >= 0
}

// spellings are the secrets in every form that they may take in a text.
//
// A run looks for dozens of them in a dozen megabytes of text that hardly ever has any. So only every fourth place of
// a text is looked at: a spelling of at least [shortest] bytes that is there covers one of these places with four of
// its first seven bytes, and those are known.
type spellings struct {
	all   []string
	grams map[[4]byte][]gram
	maybe [1 << 10]uint64 // a bit for the hash of each gram, to look at before the map
}

// gram is four bytes of a spelling.
type gram struct{ spelling, offset int }

func spell(known map[string]bool) *spellings {
	s := &spellings{grams: map[[4]byte][]gram{}}
	for value := range known {
		once := strings.Trim(quote(value), `"`)
		s.all = append(s.all, value, once, strings.Trim(quote(once), `"`), url.QueryEscape(value), url.PathEscape(value))
	}
	slices.Sort(s.all)
	s.all = slices.Compact(s.all)
	for i, spelling := range s.all {
		for offset := range 4 {
			bytes := [4]byte([]byte(spelling[offset : offset+4]))
			s.grams[bytes] = append(s.grams[bytes], gram{i, offset})
			h := hash(bytes)
			s.maybe[h/64] |= 1 << (h % 64)
		}
	}
	return s
}

func hash(bytes [4]byte) uint32 { return binary.LittleEndian.Uint32(bytes[:]) * 2654435761 >> 16 }

// find finds the first spelling that begins at or after a place, and of several that begin there the longest.
// Without one, from is negative.
func (s *spellings) find(text string, after int) (from, to int) {
	for at := after; at+4 <= len(text); at += 4 {
		bytes := [4]byte{text[at], text[at+1], text[at+2], text[at+3]}
		if h := hash(bytes); s.maybe[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		from = -1
		for _, g := range s.grams[bytes] {
			start := at - g.offset
			if start < after || from >= 0 && start > from || !strings.HasPrefix(text[start:], s.all[g.spelling]) {
				continue
			}
			end := start + len(s.all[g.spelling])
			if start != from || end > to {
				from, to = start, end
			}
		}
		if from >= 0 {
			return from, to
		}
	}
	return -1, -1
}

// quote is the JSON string for s.
func quote(s string) string {
	b, _ := jsontext.AppendQuote(nil, s)
	return string(b)
}
