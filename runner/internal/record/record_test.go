package record

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// Each row is an exchange with something that a record has to keep.
func TestARecordIsReadBack(t *testing.T) {
	answer := func(body string) *Response {
		return &Response{Status: 200, Header: http.Header{"Content-Type": {"text/plain"}, "Date": {"Mon"}}, Body: []byte(body)}
	}
	tests := []struct {
		name string
		x    Exchange
	}{
		{"an answer", Exchange{Response: answer(`{"ok":true}`), Message: "200", Outcome: "ok",
			Covered: []milestones.CoverageItem{{Outcome: "ok", ReasonCode: "r"}}, Checks: []CheckResult{{Check: "schema"}}}},
		{"an empty answer", Exchange{Response: answer(""), Message: "200"}},
		{"no answer", Exchange{Failure: "no answer in time", Message: "no answer"}},
		{"a request with a body", Exchange{Request: Request{Body: []byte("a\"\\\n\x00é<&>")}, Response: answer("x")}},
		{"bodies that are not UTF-8", Exchange{Request: Request{Body: []byte("\xff\xfe")}, Response: answer("\x80\x00")}},
		{"long bodies", Exchange{Request: Request{Body: bytes.Repeat([]byte("r"), longest+7)}, Response: answer(strings.Repeat("a", longest+1))}},
		{"long bodies that are not UTF-8", Exchange{Response: answer(strings.Repeat("\xc3\xa9\xff", longest))}},
		{"a body of the longest that is kept", Exchange{Response: answer(strings.Repeat("a", longest))}},
		{"bodies kept in part", Exchange{Request: Request{Body: []byte("r"), Length: longest + 9, SHA256: "ab", Fields: 70},
			Response: &Response{Status: 200, Body: []byte("\xff"), Length: longest + 9, SHA256: "cd", Fields: 99, Cut: true}}},
		{"one of a burst", Exchange{Mark: Mark{Concurrency: 3}, Response: answer("x")}},
		{"failed checks", Exchange{Response: answer("x"), Message: "200", Checks: []CheckResult{
			{Check: "status"},
			{Check: "schema", Status: CheckFailed, Message: "it is not valid", Violations: []schemas.Violation{
				{InstancePath: "/ok", SchemaPath: "/properties/ok/const", Keyword: "const", Message: "must be true"},
				{InstancePath: "", SchemaPath: "/required", Keyword: "required", Message: "x is missing"},
			}},
			{Check: "headers", Status: CheckFailed, Message: "two\nlines"},
			{Check: "details", Status: CheckNotApplicable, Message: "there are none"},
		}}},
		{"strays", Exchange{Response: answer("x"), Undeclared: []Undeclared{{Status: 409, Code: "CONFLICT", ReasonCode: "why"}, {Status: 418}}}},
		{"headers with several values", Exchange{Request: Request{Header: http.Header{"X-Two": {"1", "2"}, "X-Empty": {""}}}, Response: answer("x")}},
		{"secrets", Exchange{Request: Request{Target: "/?k=canary-of-the-record", Header: http.Header{"X-Partner-Key": {"canary-of-the-record"}}},
			Response: answer("canary-of-the-record \xff"), Checks: []CheckResult{{Check: "schema", Status: CheckFailed, Violations: []schemas.Violation{{Message: "canary-of-the-record"}}}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := test.x
			x.Operation, x.SentAt, x.TookMS = "healthz", time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), 1.235
			if x.Request.Method == "" {
				x.Request.Method = "POST"
			}
			bodies := [][]byte{x.Request.Body, nil}
			if x.Response != nil {
				bodies[1] = x.Response.Body
			}
			secrets := new(Secrets)
			secrets.Learn("canary-of-the-record")
			x.Checks.sort()
			x.Redact(secrets)
			text := encode(&x)
			if bytes.Contains(text, []byte("canary")) {
				t.Errorf("a secret: %s", text)
			}
			var back Exchange
			if err := json.Unmarshal(text, &back, json.RejectUnknownMembers(true)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(x, back); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
			lengths := []int{back.Request.Length, 0}
			if back.Response != nil {
				lengths[1] = back.Response.Length
			}
			for i, body := range bodies {
				if length := lengths[i]; test.x.Request.Length == 0 && (len(body) > longest && length != len(body) || len(body) <= longest && length != 0) {
					t.Errorf("the length of body %d is %d, want that of %d bytes", i, length, len(body))
				}
			}
		})
	}
}

func TestWhatIsNoRecord(t *testing.T) {
	x := Exchange{Operation: "healthz", Failure: "none", SentAt: time.Unix(0, 0)}
	record := string(encode(&x))
	for _, text := range []string{
		"", "[]", record[:len(record)-1], record + "}", strings.Replace(record, `"message"`, `"massage"`, 1),
		strings.Replace(record, `"request"`, `"requests"`, 1), strings.Replace(record, "1970-01-01T", "1970-01-01", 1),
	} {
		if err := json.Unmarshal([]byte(text), new(Exchange), json.RejectUnknownMembers(true)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// Requests that were sent at once are put in the same order in a run and when its log is read.
func TestBurstIsSortedAlike(t *testing.T) {
	var run, read []*Exchange
	for i, body := range []string{"c", "a", "b"} {
		x := &Exchange{Operation: "healthz", Mark: Mark{Concurrency: 1}, Response: &Response{Status: 200, Body: []byte(body)}, SentAt: time.Unix(int64(i), 0)}
		back := new(Exchange)
		if err := json.Unmarshal(encode(x), back); err != nil {
			t.Fatal(err)
		}
		run, read = append(run, x), append(read, back)
	}
	SortExchanges(run)
	SortExchanges(read)
	bodies := func(all []*Exchange) (b []string) {
		for _, x := range all {
			b = append(b, string(x.Response.Body))
		}
		return b
	}
	if got, want := bodies(read), bodies(run); !slices.Equal(got, want) || want[0] != "a" {
		t.Errorf("read back: %v, in the run: %v", got, want)
	}
}
