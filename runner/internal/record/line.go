package record

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Names gives the words for a mark: the scenario's id, its place, and the sentence.
type Names func(Mark) (scenario, where string, line int, sentence string)

// AppendLine appends the exchange as one line of JSON, with its number in the run. It writes no secret that secrets
// knows.
//
// The line is put together by hand. It is the largest artifact by far, and reflection would take longer for it than
// the requests took.
func (x *Exchange) AppendLine(b []byte, number int, names Names, secrets *Secrets) []byte {
	w := writer{b, secrets}
	scenario, where, line, sentence := names(x.Mark)
	w.raw(`{"number":`).integer(number)
	w.raw(`,"scenario":`).text(scenario)
	w.raw(`,"where":`).text(where)
	w.raw(`,"step":{"line":`).integer(line).raw(`,"sentence":`).text(sentence)
	w.raw(`},`)
	x.appendFacts(&w)
	x.appendTimes(&w)
	w.raw("}\n")
	return w.b
}

// Size is about how many bytes of a report an exchange takes: enough that little more has to be copied.
func (x *Exchange) Size() int {
	size := 2<<10 + len(x.Request.Body)*5/4 // quotes are escaped
	if x.Response != nil {
		size += len(x.Response.Body) * 5 / 4
	}
	return size
}

// appendTimes writes what is not.
func (x *Exchange) appendTimes(w *writer) {
	w.raw(`,"sent_at":"`)
	w.b = x.SentAt.UTC().AppendFormat(w.b, timeFormat)
	w.raw(`","took_ms":`)
	w.b = strconv.AppendFloat(w.b, float64(x.Took.Round(time.Microsecond))/float64(time.Millisecond), 'f', 3, 64)
}

// timeFormat is how times are written: RFC 3339, in UTC, with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z"

// Facts is the exchange as its line has it, but for its place in the run and its times.
func (x *Exchange) Facts(secrets *Secrets) []byte {
	w := writer{nil, secrets}
	x.appendFacts(&w)
	return w.b
}

// appendFacts writes what is the same in every run.
func (x *Exchange) appendFacts(w *writer) {
	if x.recorded != nil {
		w.b = append(w.b, x.recorded...)
		return
	}
	w.raw(`"operation":`).text(x.Operation.ID)
	w.raw(`,"request":{"method":`).text(x.Request.Method)
	w.raw(`,"target":`).scrubbed(x.Request.Target)
	w.raw(`,"header":`).header(x.Request.Header).fields(x.Request.Fields)
	w.body(x.Request.Body, x.Request.Length, x.Request.SHA256)
	if x.Response == nil {
		w.raw(`},"response":null,"failure":`).scrubbed(x.Failure)
	} else {
		w.raw(`},"response":{"status":`).integer(x.Response.Status)
		w.raw(`,"header":`).header(x.Response.Header).fields(x.Response.Fields)
		w.body(x.Response.Body, x.Response.Length, x.Response.SHA256)
		if x.Response.Cut {
			w.raw(`,"body_cut":true`)
		}
		w.raw(`}`)
	}
	w.raw(`,"outcome":`)
	if x.Outcome != nil {
		w.text(x.Outcome.Name)
	} else {
		w.raw("null")
	}
	w.raw(`,"checks":{`)
	w.results("passed", x.Checks, CheckPassed)
	w.raw(",")
	w.results("failed", x.Checks, CheckFailed)
	w.raw(",")
	w.results("not_applicable", x.Checks, CheckNotApplicable)
	w.raw("}")
}

// writer appends JSON.
type writer struct {
	b       []byte
	secrets *Secrets
}

func (w *writer) raw(s string) *writer {
	w.b = append(w.b, s...)
	return w
}

func (w *writer) integer(n int) *writer {
	w.b = strconv.AppendInt(w.b, int64(n), 10)
	return w
}

// text appends a string that is ours.
func (w *writer) text(s string) *writer {
	w.b, _ = jsontext.AppendQuote(w.b, s) // what is not UTF-8 becomes U+FFFD
	return w
}

// scrubbed appends a string that came from outside.
func (w *writer) scrubbed(s string) *writer { return w.text(w.secrets.Scrub(s)) }

func (w *writer) header(h http.Header) *writer {
	w.raw("{")
	for i, name := range slices.Sorted(maps.Keys(h)) {
		if i > 0 {
			w.raw(",")
		}
		w.scrubbed(name).raw(":[")
		for j, value := range h[name] {
			if j > 0 {
				w.raw(",")
			}
			switch {
			case w.secrets.Hides(name):
				w.text(Redacted)
			case name == "Date":
				w.text("[date]")
			default:
				w.scrubbed(value)
			}
		}
		w.raw("]")
	}
	return w.raw("}")
}

// fields appends how many fields a header had that is not kept whole.
func (w *writer) fields(all int) *writer {
	if all > 0 {
		w.raw(`,"header_fields":`).integer(all)
	}
	return w
}

// body appends the members of a body, of which length and sum are known when it is kept by its beginning alone. A long
// one is written by its beginning even when it is kept whole: it would be most of the file.
func (w *writer) body(body []byte, length int, sum string) *writer {
	if length == 0 && len(body) > longest {
		body, length, sum = body[:kept], len(body), hashOf(body)
	}
	if length > 0 {
		w.raw(`,"body_bytes":`).integer(length)
		w.raw(`,"body_sha256":`).text(sum)
		w.raw(`,"body_begins":`)
		return w.scrubbed(string(body))
	}
	if !utf8.Valid(body) {
		return w.raw(`,"body_base64":`).text(base64.StdEncoding.EncodeToString([]byte(w.secrets.Scrub(string(body)))))
	}
	return w.raw(`,"body":`).scrubbed(string(body))
}

func (w *writer) results(name string, results []CheckResult, verdict CheckStatus) *writer {
	w.text(name).raw(":[")
	first := true
	for _, r := range results {
		if r.Status != verdict {
			continue
		}
		if !first {
			w.raw(",")
		}
		first = false
		if verdict == CheckPassed {
			w.text(r.Check)
			continue
		}
		w.raw(`{"check":`).text(r.Check).raw(`,"says":`).text(r.Message)
		if len(r.Violations) > 0 {
			w.raw(`,"violations":[`)
			for i, v := range r.Violations {
				if i > 0 {
					w.raw(",")
				}
				w.raw(`{"instance_path":`).scrubbed(v.InstancePath).raw(`,"schema_path":`).text(v.SchemaPath)
				w.raw(`,"keyword":`).text(v.Keyword).raw(`,"message":`).scrubbed(v.Message).raw("}")
			}
			w.raw("]")
		}
		w.raw("}")
	}
	return w.raw("]")
}

// quote is the JSON string for s.
func quote(s string) string {
	b, _ := jsontext.AppendQuote(nil, s)
	return string(b)
}
