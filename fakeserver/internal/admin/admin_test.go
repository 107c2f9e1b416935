package admin

import (
	"bytes"
	"log/slog"
	"math"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/schemas"
)

// An answer that cannot be written is a problem to its client and an error in the log. It
// quotes nothing of the answer.
func TestAnAnswerThatCannotBeWritten(t *testing.T) {
	deep := any("quoted")
	for range 10_001 {
		deep = []any{deep}
	}
	for name, value := range map[string]any{
		"no number":         []any{"quoted", math.NaN()},
		"no JSON value":     []any{"quoted", make(chan int)},
		"nested too deeply": deep,
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			p := New(Options{
				Log:       slog.New(slog.NewTextHandler(&log, nil)),
				SelfCheck: func(string, []schemas.Violation) {},
			})
			e := &Endpoint{ID: "fake.test", Method: "GET", Path: "/_fake/test", Response: "FakeIndex"}
			e.handle = func(*Server, *request) (any, *problem.Problem) { return value, nil }
			answer := httptest.NewRecorder()
			p.serve(e, answer, httptest.NewRequest("GET", "/_fake/test", nil))
			if answer.Code != 500 || answer.Header().Get("Content-Type") != problem.ContentType || !strings.Contains(answer.Body.String(), "This is a defect of the server") {
				t.Errorf("got %d %v %s", answer.Code, answer.Header(), answer.Body)
			}
			if lines := log.String(); !strings.Contains(lines, "level=ERROR") || !strings.Contains(lines, "endpoint=fake.test") || strings.Contains(lines+answer.Body.String(), "quoted") {
				t.Errorf("the log has %s", lines)
			}
		})
	}
}
