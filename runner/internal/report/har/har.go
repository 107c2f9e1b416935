// Package har writes exchanges.har: every request of a run with its answer, in the HTTP Archive format 1.2, which the
// network panels of browsers, proxies and load tools open.
//
//	{"log":{"version":"1.2","creator":{"name":"lpgate","version":"1"},
//	  "pages":[{"id":"s-0bb72c18b2","title":"features/keys.feature > Health is ok",…}],
//	  "entries":[{"pageref":"s-0bb72c18b2","startedDateTime":"…","time":0.312,
//	    "request":{"method":"GET","url":"http://127.0.0.1:8109/healthz",…},
//	    "response":{"status":200,…},"comment":"s-0bb72c18b2, line 95; failed: schema"}]}}
//
// A page is a scenario that sent a request. Pages and entries are in the order of the plan. Members of the format that a run does
// not have are -1 or empty lists, as the format requires, since browsers import only complete files.
//
// Two members are extensions, and begin with an underscore as the format requires: _error of a response is why there is none
// (its status is 0 then, as browsers write it), and _encoding of a request body is "base64" when it is not UTF-8.
package har

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json" // an archive is megabytes: encoding/json goes over them twice to indent them
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// Sign is in the first lines of every report.
const Sign = `"name": "lpgate"`

type file struct {
	Log archive `json:"log"`
}

type archive struct {
	Version string  `json:"version"`
	Creator creator `json:"creator"`
	Pages   []page  `json:"pages"`
	Entries []entry `json:"entries"`
	Comment string  `json:"comment,omitempty"`
}

type creator struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type page struct {
	StartedDateTime string   `json:"startedDateTime"`
	ID              string   `json:"id"`
	Title           string   `json:"title"`
	PageTimings     struct{} `json:"pageTimings"`
}

type entry struct {
	PageRef         string   `json:"pageref"`
	StartedDateTime string   `json:"startedDateTime"`
	Time            float64  `json:"time"`
	Request         request  `json:"request"`
	Response        response `json:"response"`
	Cache           struct{} `json:"cache"`
	Timings         timings  `json:"timings"`
	Comment         string   `json:"comment"`
}

type request struct {
	Method      string    `json:"method"`
	URL         string    `json:"url"`
	HTTPVersion string    `json:"httpVersion"`
	Cookies     []pair    `json:"cookies"`
	Headers     []pair    `json:"headers"`
	QueryString []pair    `json:"queryString"`
	PostData    *postData `json:"postData,omitempty"`
	HeadersSize int       `json:"headersSize"`
	BodySize    int       `json:"bodySize"`
}

type response struct {
	Status      int     `json:"status"`
	StatusText  string  `json:"statusText"`
	HTTPVersion string  `json:"httpVersion"`
	Cookies     []pair  `json:"cookies"`
	Headers     []pair  `json:"headers"`
	Content     content `json:"content"`
	RedirectURL string  `json:"redirectURL"`
	HeadersSize int     `json:"headersSize"`
	BodySize    int     `json:"bodySize"`
	Error       string  `json:"_error,omitempty"`
}

type pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type postData struct {
	MimeType string `json:"mimeType"`
	Params   []pair `json:"params"`
	Text     string `json:"text"`
	Encoding string `json:"_encoding,omitempty"`
	Comment  string `json:"comment,omitempty"`
}

type content struct {
	Size     int    `json:"size"`
	MimeType string `json:"mimeType"`
	Text     string `json:"text,omitempty"`
	Encoding string `json:"encoding,omitempty"`
	Comment  string `json:"comment,omitempty"`
}

// timings has the total time only.
type timings struct {
	Blocked float64 `json:"blocked"`
	DNS     float64 `json:"dns"`
	Connect float64 `json:"connect"`
	SSL     float64 `json:"ssl"`
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
}

// Encode returns the archive.
func Encode(run *record.Run, _ *verdict.Verdict) ([]byte, error) {
	log := archive{Version: "1.2", Creator: creator{"lpgate", "1"}, Pages: []page{}, Entries: []entry{}}
	if !run.Complete {
		log.Comment = "the run was interrupted: the archive is incomplete"
	}
	size := 1 << 10
	for _, s := range run.Scenarios {
		if len(s.Exchanges) == 0 {
			continue
		}
		log.Pages = append(log.Pages, page{StartedDateTime: stamp(s.Began), ID: s.Ref(), Title: s.ID})
		for _, x := range s.Exchanges {
			log.Entries = append(log.Entries, entryOf(run.Base, s, x))
			size += x.Size()
		}
	}
	var b bytes.Buffer
	b.Grow(size)
	if err := json.MarshalWrite(&b, file{log}, jsontext.WithIndent(" ")); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func entryOf(base string, s *record.Scenario, x *record.Exchange) entry {
	took := x.TookMS
	version := "HTTP/1.1"
	if strings.HasPrefix(base, "https:") {
		version = "unknown" // it may be HTTP/2
	}
	e := entry{
		PageRef: s.Ref(), StartedDateTime: stamp(x.SentAt), Time: took,
		Request: request{
			Method: x.Request.Method, URL: strings.TrimSuffix(base, "/") + x.Request.Target, HTTPVersion: version,
			Cookies: []pair{}, Headers: headers(x.Request.Header), QueryString: query(x.Request.Target),
			HeadersSize: -1, BodySize: max(len(x.Request.Body), x.Request.Length),
		},
		Response: response{HTTPVersion: version, Cookies: []pair{}, Headers: []pair{}, HeadersSize: -1, BodySize: -1},
		Timings:  timings{Blocked: -1, DNS: -1, Connect: -1, SSL: -1, Wait: took},
		Comment:  comment(s, x),
	}
	if len(x.Request.Body) > 0 {
		post := &postData{MimeType: x.Request.Header.Get("Content-Type"), Params: []pair{}, Comment: partComment(x.Request.Body, x.Request.Length)}
		post.Text, post.Encoding = bodyText(x.Request.Body)
		e.Request.PostData = post
	}
	if x.Response == nil {
		e.Response.Error = x.Failure
		e.Response.Content.MimeType = "x-unknown" // the format's value for an unknown type
		return e
	}
	r := &e.Response
	r.Status, r.StatusText, r.Headers = x.Response.Status, http.StatusText(x.Response.Status), headers(x.Response.Header)
	r.RedirectURL = x.Response.Header.Get("Location")
	r.BodySize = max(len(x.Response.Body), x.Response.Length)
	r.Content = content{Size: r.BodySize, MimeType: x.Response.Header.Get("Content-Type"), Comment: partComment(x.Response.Body, x.Response.Length)}
	r.Content.Text, r.Content.Encoding = bodyText(x.Response.Body)
	return e
}

// comment returns the scenario and the line of the step of an exchange, and the checks that failed.
func comment(s *record.Scenario, x *record.Exchange) string {
	message := s.Ref()
	if x.Mark.Step < len(s.Steps) {
		message = fmt.Sprintf("%s, line %d", message, s.Steps[x.Mark.Step].Line)
	}
	var failed []string
	for _, result := range x.Failures() {
		failed = append(failed, result.Check+": "+result.Message)
	}
	if len(failed) > 0 {
		message += "; failed: " + strings.Join(failed, "; ")
	}
	return message
}

// bodyText returns a body as text, and its encoding.
func bodyText(body []byte) (text, encoding string) {
	if utf8.Valid(body) {
		return string(body), ""
	}
	return base64.StdEncoding.EncodeToString(body), "base64"
}

// partComment returns that only the beginning of a body is recorded; "" otherwise.
func partComment(body []byte, length int) string {
	if length <= len(body) {
		return ""
	}
	return fmt.Sprintf("the first %d of %d bytes", len(body), length)
}

func headers(h http.Header) []pair {
	pairs := []pair{}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			pairs = append(pairs, pair{name, value})
		}
	}
	return pairs
}

// query returns the parameters of a query in their order. A part that cannot be decoded is left as it is.
func query(target string) []pair {
	pairs := []pair{}
	_, words, _ := strings.Cut(target, "?")
	for word := range strings.SplitSeq(words, "&") {
		if word == "" {
			continue
		}
		name, value, _ := strings.Cut(word, "=")
		pairs = append(pairs, pair{unescape(name), unescape(value)})
	}
	return pairs
}

func unescape(word string) string {
	if plain, err := url.QueryUnescape(word); err == nil {
		return plain
	}
	return word
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
