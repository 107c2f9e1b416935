package exchange

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

func TestLabel(t *testing.T) {
	for want, x := range map[string]Exchange{
		"success":    {Outcome: "success", Fault: "f1"},
		"full":       {Full: true},
		"fault":      {Fault: "f1"},
		"internal":   {Status: 500},
		"query_open": {Outcome: "query_open"},
	} {
		if got := x.Label(); got != want {
			t.Errorf("%+v: got %q, want %q", x, got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	x := Exchange{RequestID: "w.1", Took: Micros(20700 * time.Nanosecond), Method: "GET", Body: Text("{}"), Before: "secret", World: "w"}
	text, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"request_id":"w.1","at":"1970-01-01T00:00:00.000Z","duration_us":20,"method":"GET","path":"","request_header":{},"request_body":"{}","operation":"","status":0,"reason_codes":[],"replayed":false,"response_body":""}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	var read Exchange
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if read.Took != Micros(20*time.Microsecond) || string(read.Body) != "{}" || !reflect.DeepEqual(read.RequestID, x.RequestID) {
		t.Errorf("read %+v", read)
	}
}

func TestTextIsCut(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"short", "short"},
		{strings.Repeat("a", shownBytes), strings.Repeat("a", shownBytes)},
		{strings.Repeat("a", shownBytes) + "bc", strings.Repeat("a", shownBytes) + "[2 more bytes]"},
		{strings.Repeat("a", shownBytes-1) + "éc", strings.Repeat("a", shownBytes-1) + "[3 more bytes]"},
	} {
		if got := Text(row.text).String(); got != row.want {
			t.Errorf("%d bytes: got …%s, want …%s", len(row.text), got[len(got)-20:], row.want[len(row.want)-20:])
		}
	}
}
