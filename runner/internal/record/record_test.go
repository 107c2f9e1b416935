package record

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// Each row is an exchange with something that a record has to keep.
func TestARecordIsReadBack(t *testing.T) {
	operation := &milestones.Operation{ID: "healthz"}
	answer := func(body string) *Response {
		return &Response{Status: 200, Header: http.Header{"Content-Type": {"text/plain"}, "Date": {"Mon"}}, Body: []byte(body)}
	}
	tests := []struct {
		name string
		x    Exchange
	}{
		{"an answer", Exchange{Response: answer(`{"ok":true}`), Message: "200", Outcome: &milestones.Outcome{Name: "ok"},
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
	names := func(m Mark) (string, string, int, string) { return "an id", "a.feature:1", m.Step, "When x" }
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := test.x
			x.Operation, x.SentAt, x.Took = operation, time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), 1234567*time.Nanosecond
			x.Mark.Scenario, x.Mark.Step = 4, 2
			if x.Request.Method == "" {
				x.Request.Method = "POST"
			}
			secrets := new(Secrets)
			secrets.Learn("canary-of-the-record")
			record := x.AppendRecord(nil, secrets)
			if bytes.Contains(record, []byte("canary")) {
				t.Errorf("a secret: %s", record)
			}
			back, err := ReadRecord(record, Mark{Scenario: 4, Step: 2})
			if err != nil {
				t.Fatal(err)
			}
			if back.Mark != x.Mark {
				t.Errorf("the mark is %+v, want %+v", back.Mark, x.Mark)
			}
			if got := back.AppendRecord(nil, new(Secrets)); !bytes.Equal(got, record) {
				t.Errorf("the record again:\n%s\nwant:\n%s", got, record)
			}
			if got, want := back.AppendLine(nil, 7, names, new(Secrets)), x.AppendLine(nil, 7, names, secrets); !bytes.Equal(got, want) {
				t.Errorf("the line:\n%s\nwant:\n%s", got, want)
			}
			if got, want := len(back.Failures()), len(x.Failures()); got != want {
				t.Errorf("%d failed checks, want %d", got, want)
			}
			if got, want := back.Request.Length, len(x.Request.Body); x.Request.Length == 0 && (want > longest && got != want || want <= longest && got != 0) {
				t.Errorf("the length of the request is %d, want that of %d bytes", got, want)
			}
			if x.Response != nil && len(x.Response.Body) > longest && back.Response.Length != len(x.Response.Body) {
				t.Errorf("the length of the answer is %d, want %d", back.Response.Length, len(x.Response.Body))
			}
		})
	}
}

func TestWhatIsNoRecord(t *testing.T) {
	x := Exchange{Operation: &milestones.Operation{ID: "healthz"}, Failure: "none", SentAt: time.Unix(0, 0)}
	record := string(x.AppendRecord(nil, new(Secrets)))
	for _, text := range []string{
		"", "{}", "[]", record[:len(record)-1], record + "}", strings.Replace(record, `"says"`, `"sais"`, 1),
		strings.Replace(record, `"request"`, `"requests"`, 1), strings.Replace(record, "1970-01-01T", "1970-01-01", 1),
	} {
		if _, err := ReadRecord([]byte(text), Mark{}); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// A burst that was recorded in the order of its answers settles as it did in the run.
func TestARecordedBurstSettles(t *testing.T) {
	var run, read []*Exchange
	for i, body := range []string{"c", "a", "b"} {
		x := &Exchange{Operation: &milestones.Operation{ID: "healthz"}, Mark: Mark{Concurrency: 1}, Response: &Response{Status: 200, Body: []byte(body)}, SentAt: time.Unix(int64(i), 0)}
		back, err := ReadRecord(x.AppendRecord(nil, new(Secrets)), Mark{})
		if err != nil {
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
