package record

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A service decides how long its answers are, and so how much memory a run takes, unless the run decides it. This file
// has the limits. Checks and steps see whole bodies, up to [BodyLimit] each and [ScenarioLimit] in one scenario. When an
// exchange has been checked, only a part of it stays:
//
//	an answer's body over 256 KiB    its first 1 KiB, its length and its SHA-256
//	a request's body over 2 MiB      the same; up to there the scripts of a failure send it again
//	all bodies over 1 KiB            whole until they have 32 MiB together, then the same
//	a target, a header, a message    its beginning
const (
	// BodyLimit is how much of an answer is read. The checks fail a longer one.
	BodyLimit = 16 << 20
	// ScenarioLimit is how much is read of all answers in one scenario, which keeps them until it ends.
	ScenarioLimit = 32 << 20

	longest        = 256 << 10 // of a body that is kept and written whole
	longestRequest = 2 << 20   // of a request's body that is kept whole, and written by its beginning
	kept           = 1 << 10   // of a longer one
	room           = 32 << 20  // for all bodies of a run that are longer than kept
	requestRoom    = 64 << 20  // for all request bodies of a run that are longer than longest

	longestTarget  = 16 << 10
	longestValue   = 4 << 10 // of a header
	mostFields     = 64      // of a header
	longestSecret  = 64 << 10
	longestMessage = 1 << 10 // of what a check found, which quotes the answer
	longestCode    = 256     // of an error code or a reason code
)

// notKept stands for the canonical form of a body that is not kept whole: outputs compare it as a body like any other.
var notKept = []byte(`"[not kept]"`)

// heavy makes checks of long bodies wait for each other. Reading JSON takes ten times the memory of its text, and
// requests that are sent at once are answered at once.
var heavy sync.Mutex

// whenHeavy calls f, and for long bodies one at a time.
func whenHeavy(length int, f func()) {
	if length > longest {
		heavy.Lock()
		defer heavy.Unlock()
	}
	f()
}

// budget is what a recorder may still read and keep.
type budget struct {
	share int // how many recorders have the room of a run together

	mu       sync.Mutex
	read     map[int]int // bytes of answers, by scenario
	bodies   int         // bytes of bodies that are kept
	requests int         // bytes of long request bodies that are kept
}

// take reserves up to n bytes of an answer for a scenario.
func (b *budget) take(scenario, n int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.read == nil {
		b.read = map[int]int{}
	}
	n = min(n, ScenarioLimit-b.read[scenario])
	b.read[scenario] += n
	return n
}

// give returns bytes that were reserved and not used.
func (b *budget) give(scenario, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read[scenario] -= n
}

// mayKeep reports whether there is room for a body, and reserves it.
func (b *budget) mayKeep(length, most int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	used, all := &b.bodies, room
	if length > longest {
		used, all = &b.requests, requestRoom
	}
	switch {
	case length <= kept:
		return true
	case length > most, *used+length > all/max(1, b.share):
		return false
	}
	*used += length
	return true
}

// limited reads an answer as far as the limits allow. Cut reports whether there was more.
type limited struct {
	io.Reader
	budget   *budget
	scenario int
	length   int
	cut      bool
}

func (l *limited) Read(p []byte) (int, error) {
	granted := l.budget.take(l.scenario, min(len(p), BodyLimit-l.length))
	if granted > 0 {
		n, err := l.Reader.Read(p[:granted])
		l.budget.give(l.scenario, granted-n)
		l.length += n
		return n, err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := l.Reader.Read(p[:1])
	if n == 0 {
		return 0, err
	}
	l.cut = true
	return 0, io.EOF
}

// read reads the whole answer, or as much of it as the limits allow.
func (b *budget) readAll(response *http.Response, scenario int) (*Response, error) {
	defer response.Body.Close()
	var text bytes.Buffer
	if n := response.ContentLength; n > 0 && n <= longest {
		text.Grow(int(n) + bytes.MinRead)
	}
	body := &limited{Reader: response.Body, budget: b, scenario: scenario}
	if _, err := text.ReadFrom(body); err != nil {
		return nil, err
	}
	return &Response{Status: response.StatusCode, Header: response.Header, Body: text.Bytes(), Cut: body.cut}, nil
}

// trim leaves of an exchange what is kept of it. Secrets are removed from a text before it is cut: half of a secret would
// not be found in it any more.
func (b *budget) trim(x *Exchange, secrets *Secrets) {
	begins := func(text string, most int) string {
		if len(text) <= most {
			return text
		}
		return beginning(secrets.Scrub(text), most)
	}
	r := &x.Request
	r.Target = begins(r.Target, longestTarget)
	r.Body, r.Length, r.SHA256 = b.part(r.Body, longestRequest, secrets)
	r.Header, r.Fields = fields(r.Header, begins)
	if a := x.Response; a != nil {
		a.Body, a.Length, a.SHA256 = b.part(a.Body, longest, secrets)
		a.Header, a.Fields = fields(a.Header, begins)
		if len(x.Canonical) > longest || a.Length > 0 && x.Canonical != nil {
			x.Canonical = notKept
		}
	}
	x.Message = begins(x.Message, longestCode)
	for i := range x.Checks {
		result := &x.Checks[i]
		result.Message = begins(result.Message, longestMessage)
		for j := range result.Violations {
			v := &result.Violations[j]
			v.InstancePath, v.Message = begins(v.InstancePath, longestCode), begins(v.Message, longestMessage)
		}
		for j := range result.Causes {
			c := &result.Causes[j]
			c.Key, c.Pointer = begins(c.Key, longestCode), jsontext.Pointer(begins(string(c.Pointer), longestCode))
		}
	}
	for i := range x.Undeclared {
		x.Undeclared[i].Code, x.Undeclared[i].ReasonCode = begins(x.Undeclared[i].Code, longestCode), begins(x.Undeclared[i].ReasonCode, longestCode)
	}
}

// part is what is kept of a body: all of it, or its beginning with its length and its hash.
func (b *budget) part(body []byte, most int, secrets *Secrets) (part []byte, length int, sum string) {
	if b.mayKeep(len(body), most) {
		return body, 0, ""
	}
	begins := secrets.Scrub(string(body[:min(len(body), kept+longestSecret)]))
	return []byte(begins[:min(len(begins), kept)]), len(body), hashOf(body)
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// fields is what is kept of a header, and the number of its fields when not all of them are kept.
func fields(h http.Header, begins func(string, int) string) (part http.Header, all int) {
	long := len(h) > mostFields
	for _, values := range h {
		long = long || len(values) > mostFields
		for _, value := range values {
			long = long || len(value) > longestValue
		}
	}
	if !long {
		return h, 0
	}
	part = http.Header{}
	left := mostFields
	for _, name := range slices.Sorted(maps.Keys(h)) {
		all += len(h[name])
		for _, value := range h[name] {
			if left--; left >= 0 {
				part[strings.Clone(name)] = append(part[name], begins(value, longestValue))
			}
		}
	}
	if all <= mostFields {
		all = 0
	}
	return part, all
}

// beginning is a text, or its beginning with an ellipsis. It keeps no memory of the rest.
func beginning(text string, most int) string {
	if len(text) <= most {
		return text
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return strings.Clone(cmp.Or(text[:cut], text[:most])) + "…"
}

// Redact makes an exchange what its JSON is read back as: without secrets, texts in UTF-8, and long bodies by their beginning.
// The headers of the answer are shared with the step, so they are replaced, not changed.
func (x *Exchange) Redact(secrets *Secrets) {
	x.Request.Target = secrets.Clean(x.Request.Target)
	x.Request.Header = secrets.header(x.Request.Header)
	x.Request.Body, x.Request.Length, x.Request.SHA256 = secrets.body(x.Request.Body, x.Request.Length, x.Request.SHA256)
	if a := x.Response; a != nil {
		a.Header = secrets.header(a.Header)
		a.Body, a.Length, a.SHA256 = secrets.body(a.Body, a.Length, a.SHA256)
	}
	x.Failure, x.Message = secrets.Clean(x.Failure), secrets.Clean(x.Message)
	for i := range x.Undeclared {
		x.Undeclared[i].Code, x.Undeclared[i].ReasonCode = secrets.Clean(x.Undeclared[i].Code), secrets.Clean(x.Undeclared[i].ReasonCode)
	}
	for i := range x.Checks {
		result := &x.Checks[i]
		result.Message = secrets.Clean(result.Message)
		for j := range result.Violations {
			v := &result.Violations[j]
			v.InstancePath, v.SchemaPath = secrets.Clean(v.InstancePath), secrets.Clean(v.SchemaPath)
			v.Message = secrets.Clean(v.Message)
		}
		for j := range result.Causes {
			c := &result.Causes[j]
			c.Key, c.Pointer = secrets.Clean(c.Key), jsontext.Pointer(secrets.Clean(string(c.Pointer)))
		}
	}
	x.SentAt = x.SentAt.UTC().Truncate(time.Millisecond)
}

// header returns a header without secrets, and without the date.
func (s *Secrets) header(h http.Header) http.Header {
	clean := make(http.Header, len(h))
	for name, values := range h {
		to := make([]string, len(values))
		for i, value := range values {
			switch {
			case s.Hides(name):
				to[i] = Redacted
			case name == "Date":
				to[i] = "[date]"
			default:
				to[i] = s.Clean(value)
			}
		}
		name = s.Clean(name)
		clean[name] = append(clean[name], to...)
	}
	return clean
}

// body returns a body without secrets. One that is longer than what is written is cut to its beginning, which is a text.
func (s *Secrets) body(body []byte, length int, sum string) ([]byte, int, string) {
	if length == 0 && len(body) > longest {
		length, sum, body = len(body), hashOf(body), body[:min(len(body), kept+longestSecret)]
		body = []byte(s.Scrub(string(body)))
		body = body[:min(len(body), kept)]
	}
	switch {
	case len(body) == 0:
		return nil, length, sum
	case length > 0:
		return []byte(s.Clean(string(body))), length, sum
	case s.In(string(body)):
		return []byte(s.Scrub(string(body))), length, sum
	}
	return body, length, sum
}
