package record

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// The checks and the step see the whole body, and a part of it is kept.
func TestLongBodiesAreKeptInPart(t *testing.T) {
	long := bytes.Repeat([]byte("a"), longest+1)
	r, c, base := record(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(long) })
	checked := 0
	r.Check = func(x *Exchange) { checked, x.Canonical = len(x.Response.Body), x.Response.Body }
	response, err := send(t, t.Context(), c, "POST", base+"/healthz", strings.Repeat("r", longestRequest+1))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || len(body) != len(long) || checked != len(long) {
		t.Errorf("the step sees %d bytes, the checks %d, %v", len(body), checked, err)
	}
	sum := sha256.Sum256(long)
	x := r.Exchanges()[0]
	if a := x.Response; len(a.Body) != kept || a.Length != len(long) || a.SHA256 != hex.EncodeToString(sum[:]) || a.Cut {
		t.Errorf("of the answer %d bytes are kept, of %d, %s, cut %t", len(a.Body), a.Length, a.SHA256, a.Cut)
	}
	if q := x.Request; len(q.Body) != kept || q.Length != longestRequest+1 {
		t.Errorf("of the request %d bytes are kept, of %d", len(q.Body), q.Length)
	}
	if string(x.Canonical) != string(notKept) {
		t.Errorf("the canonical form is kept: %d bytes", len(x.Canonical))
	}
}

// What is kept of a run is bounded, however many answers there are and wherever in them a service puts its bytes.
func TestWhatIsKeptOfARunIsBounded(t *testing.T) {
	shapes := map[string]func() *Exchange{
		"bodies": func() *Exchange {
			return &Exchange{Response: &Response{Body: make([]byte, longest)}, Canonical: make([]byte, longest)}
		},
		"long bodies": func() *Exchange { return &Exchange{Response: &Response{Body: make([]byte, 4*longest)}} },
		"requests":    func() *Exchange { return &Exchange{Request: Request{Body: make([]byte, longestRequest)}} },
		"targets":     func() *Exchange { return &Exchange{Request: Request{Target: strings.Repeat("t", 1<<20)}} },
		"values": func() *Exchange {
			return &Exchange{Response: &Response{Header: http.Header{"A": {strings.Repeat("v", 1<<20)}}}}
		},
		"fields": func() *Exchange {
			return &Exchange{Response: &Response{Header: http.Header{"A": make([]string, 1<<16)}}}
		},
		"codes": func() *Exchange {
			code := strings.Repeat("c", 1<<20)
			return &Exchange{Message: code, Undeclared: []Undeclared{{Code: code, ReasonCode: code}}, Checks: []CheckResult{{Message: code}}}
		},
	}
	const times = 150
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			r := &Recorder{Secrets: new(Secrets)}
			for range times {
				x := shape()
				x.Operation = "healthz"
				r.keep(x)
			}
			size := 0
			for _, x := range r.Exchanges() {
				size += len(x.Request.Body) + len(x.Request.Target) + len(x.Message) + len(x.Canonical)
				for _, stray := range x.Undeclared {
					size += len(stray.Code) + len(stray.ReasonCode)
				}
				for _, result := range x.Checks {
					size += len(result.Message)
				}
				if x.Response == nil {
					continue
				}
				size += len(x.Response.Body)
				for _, values := range x.Response.Header {
					size += 16 * len(values)
					for _, value := range values {
						size += len(value)
					}
				}
			}
			most := 2*room + times*2*longestTarget // a body and its canonical form
			if name == "requests" {
				most = requestRoom + times*kept
			}
			if size > most {
				t.Errorf("%d bytes are kept of %d exchanges, want at most %d", size, times, most)
			}
		})
	}
}

// Recorders of one run share its room.
func TestRoomIsShared(t *testing.T) {
	whole := func(share int) (n int) {
		r := &Recorder{Secrets: new(Secrets), Share: share}
		for range 2 * room / longest {
			r.keep(&Exchange{Response: &Response{Body: make([]byte, longest)}})
		}
		for _, x := range r.Since(0) {
			if !x.InPart() {
				n++
			}
		}
		return n
	}
	if one, four := whole(1), whole(4); one != room/longest || four != one/4 {
		t.Errorf("alone a recorder keeps %d bodies whole, of four each keeps %d", one, four)
	}
}

// Answers of one scenario that are sent at once are bounded together, and the next scenario begins anew.
func TestScenarioLimit(t *testing.T) {
	body := make([]byte, BodyLimit/2)
	r, c, base := record(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	const sent = 8
	for scenario := range 2 {
		var group sync.WaitGroup
		for range sent {
			group.Go(func() {
				ctx := WithMark(context.WithValue(t.Context(), burst{}, 1), Mark{Scenario: scenario})
				request, err := http.NewRequestWithContext(ctx, "GET", base+"/healthz", nil)
				if err != nil {
					t.Error(err)
					return
				}
				response, err := c.Do(request)
				if err != nil {
					t.Error(err)
					return
				}
				response.Body.Close()
			})
		}
		group.Wait()
	}
	read, cut := map[int]int{}, map[int]int{}
	for _, x := range r.Exchanges() {
		read[x.Mark.Scenario] += x.Response.Length
		if x.Response.Cut {
			cut[x.Mark.Scenario]++
		}
	}
	for scenario := range 2 {
		if read[scenario] > ScenarioLimit || cut[scenario] < sent-ScenarioLimit/len(body) {
			t.Errorf("scenario %d: %d bytes were read, and %d answers cut", scenario, read[scenario], cut[scenario])
		}
	}
}

// An answer of exactly the limit is whole.
func TestAnswerOfTheLimit(t *testing.T) {
	r, c, base := record(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, BodyLimit)) })
	if _, err := send(t, t.Context(), c, "GET", base+"/healthz", ""); err != nil {
		t.Fatal(err)
	}
	if x := r.Exchanges()[0]; x.Response.Cut || x.Response.Length != BodyLimit {
		t.Errorf("cut: %v, %d bytes", x.Response.Cut, x.Response.Length)
	}
}

// A secret over the place where a text is cut leaves no half behind.
func TestNoHalfOfASecretIsKept(t *testing.T) {
	const secret = "canary-of-the-edge"
	secrets := new(Secrets)
	secrets.Learn(secret)
	for shift := range len(secret) {
		around := func(most, all int) string {
			text := strings.Repeat("x", most-shift) + secret
			return text + strings.Repeat("x", all-len(text))
		}
		x := &Exchange{
			Operation: "healthz",
			Request:   Request{Target: around(longestTarget, 2*longestTarget), Body: []byte(around(kept, longestRequest+1))},
			Response:  &Response{Body: []byte(around(kept, longest+1)), Header: http.Header{"A": {around(longestValue, 2*longestValue)}}},
		}
		r := &Recorder{Secrets: secrets}
		r.keep(x)
		if run := encode(x); bytes.Contains(run, []byte(secret[:4])) {
			t.Fatalf("%d bytes before the edge: there is a part of the secret", shift)
		}
	}
}
