package steps

import (
	"bytes"
	"context"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// This file makes the requests of steps for a program that has calls instead of texts. They equal the requests of the
// steps of [Call.Step], because the same code makes them.

// Call is a call, or a step before one.
type Call struct {
	// Operation is the id of the operation that is called with its default request. It is empty when Method and Path
	// are written out, and in a call that repeats or continues an earlier one.
	Operation string `json:"operation,omitempty"`
	// Method and Path are sent as they are.
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	// Repeat sends the last request again, and Next asks for the page after the last one.
	Repeat bool `json:"repeat,omitempty"`
	Next   bool `json:"next,omitempty"`
	// Hold is the label of a partner key that the caller holds from now on; "" for no change.
	Hold string `json:"hold,omitempty"`
	// Text is a body as it is sent, with variables in it; Hex one in hexadecimal digits; Length the default body with
	// blanks after it up to this length. Of none of them, the body is the default one.
	Text   *string `json:"text,omitempty"`
	Hex    string  `json:"hex,omitempty"`
	Length int     `json:"length,omitempty"`
	// Times sends so many copies at once; 0 is one.
	Times int `json:"times,omitempty"`
	// Rows are a table of changes. A call with a body of its own has none.
	Rows [][2]string `json:"rows,omitempty"`
}

// Session is one caller of a target. It has the state of a scenario, and sends nothing itself.
type Session struct{ s *scenario }

// NewSession returns a new session. Its ids begin with the prefix, which must be unique for the target.
func NewSession(cfg *Config, prefix string) *Session {
	s := newScenario(cfg, prefix)
	return &Session{s}
}

// Hold takes a partner key by its label. From then on {me} is the key's partner.
func (s *Session) Hold(label string) error { return s.s.hold(label) }

// Carry puts headers on every call from now on.
func (s *Session) Carry(rows [][2]string) error {
	changes, err := s.s.changesIn(tableOf(rows))
	s.s.carried = append(s.s.carried, changes...)
	return err
}

// Variable returns the value of {name}.
func (s *Session) Variable(name string) (text string, known bool) {
	v, known := s.s.variables[name]
	return v.text, known
}

// Record sets {name} to a text.
func (s *Session) Record(name, text string) error { return s.s.remember(name, textVariable(text)) }

// Request is a request of a session, before it is sent.
type Request struct {
	r    *request
	url  *url.URL
	Body []byte
}

// Prepare makes the request of a call to a target. A call that names something unknown is an [*InvalidStep].
func (s *Session) Prepare(c Call, base *url.URL) (*Request, error) {
	if c.Hold != "" {
		if err := s.s.hold(c.Hold); err != nil {
			return nil, err
		}
	}
	r, err := s.s.requestOf(c)
	if err != nil {
		return nil, err
	}
	u, err := r.urlFor(s.s, base)
	if err != nil {
		return nil, err
	}
	return &Request{r, u, r.body}, nil
}

// requestOf makes the request of a call.
func (s *scenario) requestOf(c Call) (*request, error) {
	changes, err := s.changesIn(tableOf(c.Rows))
	if err != nil {
		return nil, err
	}
	var r *request
	switch {
	case c.Repeat:
		r, err = s.lastRequest()
	case c.Next:
		r, err = s.nextPage()
	case c.Operation == "":
		var target string
		if target, err = s.expand(c.Path, plain); err == nil {
			r, err = s.writtenOut(c.Method, target)
		}
	default:
		if r, err = s.newRequest(c.Operation); err == nil {
			err = r.useBodyOf(s, c)
		}
	}
	if err != nil {
		return nil, err
	}
	return r, r.change(s, changes)
}

// useBodyOf gives the request the body of a call.
func (r *request) useBodyOf(s *scenario, c Call) (err error) {
	switch {
	case c.Text != nil:
		return r.useText(s, *c.Text)
	case c.Hex != "":
		r.body, err = bytesOf(c.Hex)
		return err
	case c.Length > 0:
		return r.useLength(s, c.Length)
	}
	return r.useDefaultFixture(s)
}

// HTTP is the request for a http.RoundTripper. Each is used once.
func (r *Request) HTTP(ctx context.Context) (*http.Request, error) {
	var sent *http.Request
	var err error
	made := requestFactory{ctx, r.url, r.r.header}
	if len(r.Body) > 0 {
		sent, err = made.NewRequest(r.r.method, "", bytes.NewReader(r.Body))
	} else {
		sent, err = made.NewRequest(r.r.method, "", nil)
	}
	if err != nil {
		return nil, err
	}
	sent.GetBody = nil // a request with an idempotency key would be sent again by the transport
	return sent, nil
}

// Operation is the id of the operation that is called; "" for a path that is written out.
func (r *Request) Operation() string {
	if r.r.operation == nil {
		return ""
	}
	return r.r.operation.ID
}

// Answered records an answer, which later calls can use.
func (s *Session) Answered(r *Request, status int, header http.Header, body []byte) {
	s.s.called(&exchange{r.r, &answer{status: status, header: header, body: body}})
}

// Step returns the step that makes the call, and the lines after it: a table of changes, or a text between two lines
// of """. Taken is for a call that must succeed; some operations have a step for it.
func (c Call) Step(taken bool) (text string, after []string) {
	switch {
	case c.Repeat:
		text = "I repeat the call"
	case c.Next:
		text = "I ask for the next page"
	case c.Operation == "":
		text = `I send "` + c.Method + `" to "` + c.Path + `"`
	case c.Text != nil:
		text = `I call "` + c.Operation + `" with the body:`
		after = append(after, `"""`)
		after = append(after, strings.Split(*c.Text, "\n")...)
		return text, append(after, `"""`)
	case c.Hex != "":
		return `I call "` + c.Operation + `" with the body bytes "` + c.Hex + `"`, nil
	case c.Length > 0:
		return `I call "` + c.Operation + `" with a body of ` + strconv.Itoa(c.Length) + ` bytes`, nil
	default:
		text = `I call "` + c.Operation + `"`
		for _, own := range allPhrases {
			switch {
			case own.operation != c.Operation || c.Times > 1:
			case taken && own.have != "":
				text = own.have
			default:
				text = own.call
			}
		}
	}
	if c.Times > 1 {
		text += " " + strconv.Itoa(c.Times) + " times at once"
	}
	if len(c.Rows) > 0 {
		text += " with:"
		after = tableLines(c.Rows)
	}
	return text, after
}

// HexOf writes bytes as [Call.Hex] has them.
func HexOf(body []byte) string { return hex.EncodeToString(body) }

// tableLines writes a table as features have it, its columns in line.
func tableLines(rows [][2]string) []string {
	escaper := strings.NewReplacer(`\`, `\\`, `|`, `\|`, "\n", `\n`)
	cells, wide := make([][2]string, len(rows)), [2]int{}
	for i, row := range rows {
		for j, cell := range row {
			cells[i][j] = escaper.Replace(cell)
			wide[j] = max(wide[j], len([]rune(cells[i][j])))
		}
	}
	lines := make([]string, len(rows))
	for i, row := range cells {
		pad := func(j int) string { return strings.Repeat(" ", wide[j]-len([]rune(row[j]))) }
		lines[i] = "| " + row[0] + pad(0) + " | " + row[1] + pad(1) + " |"
	}
	return lines
}

// Texts are everything in the call that may have variables in it.
func (c Call) Texts() []string {
	texts := []string{c.Path}
	if c.Text != nil {
		texts = append(texts, *c.Text)
	}
	for _, row := range c.Rows {
		texts = append(texts, row[0], row[1])
	}
	return texts
}
