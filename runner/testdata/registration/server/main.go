// Command server implements the contract R1 in memory. It is an example of a user's service: it shares no code with the
// verifier, and uses no milestone and no schema.
//
//	go run ./runner/testdata/registration/server --addr 127.0.0.1:8201
//
// With --fault it breaks the contract in one place, for the test that the verifier detects it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

type registration struct {
	ID      string   `json:"registration_id"`
	Name    string   `json:"legal_name"`
	Contact string   `json:"contact_email,omitempty"`
	Markets []string `json:"markets"`
	Status  string   `json:"status"`
	client  string
}

// storedResponse is an answer that a key gets again.
type storedResponse struct {
	sent   string
	status int
	body   []byte
	id     string
}

type server struct {
	fault string

	mu       sync.Mutex
	all      []registration
	answers  map[string]storedResponse
	requests int
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8201", "listen on `HOST:PORT`")
	fault := flag.String("fault", "", "break the contract in one place: status, skip, reason, schema, owner, replay or echo")
	flag.Parse()
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, &server{fault: *fault, answers: map[string]storedResponse{}}))
}

// call is one request under way.
type call struct {
	w          http.ResponseWriter
	r          *http.Request
	id, client string
}

var wellFormed = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if s.fault == "echo" { // of any request, with success
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		_, _ = io.Copy(w, r.Body)
		return
	}
	c := &call{w: w, r: r, id: r.Header.Get("X-Request-Id"), client: r.Header.Get("X-Client")}
	if !wellFormed.MatchString(c.id) {
		c.id = fmt.Sprintf("req-%d", s.requests)
	}
	one, single := strings.CutPrefix(r.URL.Path, "/registrations/")
	switch {
	case r.URL.Path == "/registrations" && r.Method == "POST":
		s.register(c)
	case r.URL.Path == "/registrations" && r.Method == "GET":
		s.list(c)
	case single && one != "" && r.Method == "GET":
		s.get(c, one)
	case r.URL.Path == "/registrations" || single && one != "":
		c.refuse(405, "NO_SUCH_METHOD", nil)
	default:
		c.refuse(404, "NO_SUCH_ROUTE", map[string]any{"path": r.URL.Path})
	}
}

func (s *server) register(c *call) {
	if !c.may("registry:write") {
		return
	}
	key := c.r.Header.Get("X-Registration-Key")
	if key == "" || len(key) > 64 {
		c.refuse(400, "KEY_LACKING", map[string]any{"header": "X-Registration-Key"})
		return
	}
	sent, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, 1<<16))
	if err != nil {
		c.refuse(422, "INVALID", map[string]any{"reason_code": "registration_invalid"})
		return
	}
	if before, again := s.answers[c.client+" "+key]; again {
		if before.sent != string(sent) {
			c.refuse(409, "KEY_REUSED", nil)
			return
		}
		c.w.Header().Set("X-Registration-Replayed", "true")
		c.id = before.id
		c.write(before.status, before.body)
		return
	}
	status, body := s.registered(c, sent)
	s.answers[c.client+" "+key] = storedResponse{string(sent), status, body, c.id}
	if s.fault == "replay" {
		delete(s.answers, c.client+" "+key)
	}
	c.write(status, body)
}

func (s *server) registered(c *call, sent []byte) (int, []byte) {
	var body struct{ Registration *registration }
	d := json.NewDecoder(strings.NewReader(string(sent)))
	d.DisallowUnknownFields()
	err := d.Decode(&body)
	n := body.Registration
	if err != nil || n == nil || n.ID != "" || n.Status != "" || !n.valid() {
		return c.refusal(422, "INVALID", map[string]any{"reason_code": "registration_invalid"})
	}
	for _, other := range s.all {
		if other.client == c.client && other.Name == n.Name {
			reason := "registration_taken"
			if s.fault == "reason" {
				reason = "registration_invalid"
			}
			return c.refusal(409, "CONFLICT", map[string]any{"reason_code": reason, "registration_id": other.ID})
		}
	}
	n.ID, n.Status, n.client = fmt.Sprintf("reg-%d", len(s.all)+1), "pending", c.client
	s.all = append(s.all, *n)
	if s.fault == "status" {
		return c.answer(200, "registration", n)
	}
	return c.answer(201, "registration", n)
}

func (n *registration) valid() bool {
	name, host, found := strings.Cut(n.Contact, "@")
	sorted := slices.Compact(slices.Sorted(slices.Values(n.Markets)))
	known := func(market string) bool { return market == "spot" || market == "swap" || market == "option" }
	return n.Name != "" && len([]rune(n.Name)) <= 80 && found && name != "" && host != "" && !strings.ContainsAny(n.Contact[len(name)+1:], "@ ") &&
		len(n.Markets) > 0 && len(sorted) == len(n.Markets) && !slices.ContainsFunc(n.Markets, func(m string) bool { return !known(m) })
}

func (s *server) get(c *call, id string) {
	if !c.may("registry:read") {
		return
	}
	for _, n := range s.all {
		if n.ID == id && (n.client == c.client || s.fault == "owner") {
			if s.fault == "schema" {
				n.Contact = ""
			}
			c.write(c.answer(200, "registration", n))
			return
		}
	}
	c.refuse(404, "NOT_FOUND", map[string]any{"reason_code": "registration_unknown", "registration_id": id})
}

func (s *server) list(c *call) {
	if !c.may("registry:read") {
		return
	}
	query, limit, from := c.r.URL.Query(), 20, 0
	var err error
	if query.Has("limit") {
		if limit, err = strconv.Atoi(query.Get("limit")); err != nil || limit < 1 || limit > 100 {
			c.refuse(400, "BAD_QUERY", map[string]any{"reason_code": "registration_invalid", "parameter": "limit"})
			return
		}
	}
	var own []registration
	for _, n := range s.all {
		if n.client == c.client {
			own = append(own, n)
		}
	}
	if query.Has("cursor") {
		after := strings.TrimPrefix(query.Get("cursor"), "after-")
		if from = 1 + slices.IndexFunc(own, func(n registration) bool { return n.ID == after }); from == 0 {
			c.refuse(400, "BAD_QUERY", map[string]any{"reason_code": "registration_invalid", "parameter": "cursor"})
			return
		}
		if s.fault == "skip" {
			from = min(from+1, len(own))
		}
	}
	page := own[from:min(from+limit, len(own))]
	answer := map[string]any{"correlation_id": c.id, "registrations": append([]registration{}, page...)}
	if from+len(page) < len(own) {
		answer["next_cursor"] = "after-" + page[len(page)-1].ID
	}
	c.write(200, encode(answer))
}

// may reports whether the client is known and has the scope; otherwise it writes the refusal.
func (c *call) may(scope string) bool {
	switch {
	case c.client == "":
		c.refuse(401, "CLIENT_UNKNOWN", nil)
	case !slices.Contains(strings.Fields(c.r.Header.Get("X-Client-Scopes")), scope):
		c.refuse(403, "SCOPE_LACKING", map[string]any{"scope": scope})
	default:
		return true
	}
	return false
}

func (c *call) answer(status int, name string, value any) (int, []byte) {
	return status, encode(map[string]any{"correlation_id": c.id, name: value})
}

func (c *call) refusal(status int, code string, details map[string]any) (int, []byte) {
	if details == nil {
		details = map[string]any{}
	}
	return c.answer(status, "error", map[string]any{"code": code, "details": details})
}

func (c *call) refuse(status int, code string, details map[string]any) {
	c.write(c.refusal(status, code, details))
}

func (c *call) write(status int, body []byte) {
	c.w.Header().Set("Content-Type", "application/json")
	c.w.Header().Set("X-Request-Id", c.id)
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body)
}

func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // maps of texts
	}
	return text
}
