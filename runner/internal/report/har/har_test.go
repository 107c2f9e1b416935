package har

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// archived writes an exchange, and reads its entry.
func archived(t *testing.T, base string, x record.Exchange) map[string]any {
	t.Helper()
	x.SentAt, x.TookMS = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), 0.312
	if x.Request.Method == "" {
		x.Request.Method, x.Request.Target = "GET", "/"
	}
	s := &record.Scenario{Scenario: &plan.Scenario{ID: "a.feature > Well"}, Steps: []record.Step{{Step: plan.Step{Line: 7}}}, Exchanges: []*record.Exchange{&x}}
	text, err := Encode(&record.Run{Info: record.Info{Base: base}, Scenarios: []*record.Scenario{s}, Complete: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if err := jsonschema.MustCompile("testdata/har.schema.json").Validate(document); err != nil {
		t.Errorf("%#v\n%s", err, text)
	}
	return document.(map[string]any)["log"].(map[string]any)["entries"].([]any)[0].(map[string]any)
}

func TestEntries(t *testing.T) {
	tests := []struct {
		name, base string
		x          record.Exchange
		want       string // members of the entry
	}{
		{"an answer", "http://h:1", record.Exchange{
			Request:  record.Request{Method: "POST", Target: "/a?b=%62+c&d&e=%zz&b=2", Header: http.Header{"Content-Type": {"application/json"}, "X": {"1", "2"}}, Body: []byte("{}")},
			Response: &record.Response{Status: 201, Header: http.Header{"Content-Type": {"text/plain"}, "Location": {"/z"}}, Body: []byte("é")},
			Checks:   []record.CheckResult{{Check: "schema", Status: record.CheckFailed, Message: "no"}, {Check: "status"}},
		}, `{"startedDateTime":"2026-01-02T03:04:05.678Z","time":0.312,"comment":"REF, line 7; failed: schema: no",
			"request":{"method":"POST","url":"http://h:1/a?b=%62+c&d&e=%zz&b=2","httpVersion":"HTTP/1.1","bodySize":2,
				"headers":[{"name":"Content-Type","value":"application/json"},{"name":"X","value":"1"},{"name":"X","value":"2"}],
				"queryString":[{"name":"b","value":"b c"},{"name":"d","value":""},{"name":"e","value":"%zz"},{"name":"b","value":"2"}],
				"postData":{"mimeType":"application/json","params":[],"text":"{}"}},
			"response":{"status":201,"statusText":"Created","redirectURL":"/z","bodySize":2,"content":{"size":2,"mimeType":"text/plain","text":"é"}},
			"timings":{"blocked":-1,"dns":-1,"connect":-1,"ssl":-1,"send":0,"wait":0.312,"receive":0},"cache":{}}`},
		{"no answer", "https://h/p/", record.Exchange{Failure: "no answer in time"},
			`{"request":{"url":"https://h/p/","httpVersion":"unknown","bodySize":0},
			"response":{"status":0,"statusText":"","_error":"no answer in time","bodySize":-1,"content":{"size":0,"mimeType":"x-unknown"}}}`},
		{"what is not UTF-8", "http://h", record.Exchange{Request: record.Request{Method: "PUT", Target: "/", Body: []byte("\xff")}, Response: &record.Response{Status: 200, Body: []byte("\xfe\xff")}},
			`{"request":{"postData":{"mimeType":"","params":[],"text":"/w==","_encoding":"base64"}},"response":{"content":{"size":2,"mimeType":"","text":"/v8=","encoding":"base64"}}}`},
		{"the beginning of a long body", "http://h", record.Exchange{Response: &record.Response{Status: 200, Body: []byte("ab"), Length: 900}},
			`{"response":{"bodySize":900,"content":{"size":900,"mimeType":"","text":"ab","comment":"the first 2 of 900 bytes"}}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := archived(t, test.base, test.x)
			var want map[string]any
			if err := json.Unmarshal([]byte(strings.Replace(test.want, "REF", got["pageref"].(string), 1)), &want); err != nil {
				t.Fatal(err)
			}
			for name, value := range want {
				has := got[name]
				if members, ok := value.(map[string]any); ok && (name == "request" || name == "response") {
					for member, value := range members {
						if diff := cmp.Diff(has.(map[string]any)[member], value); diff != "" {
							t.Errorf("%s.%s (-got +want):\n%s", name, member, diff)
						}
					}
					continue
				}
				if diff := cmp.Diff(has, value); diff != "" {
					t.Errorf("%s (-got +want):\n%s", name, diff)
				}
			}
		})
	}
}
