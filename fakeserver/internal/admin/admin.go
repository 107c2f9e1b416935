// Package admin is the admin API of the fake: tests set up worlds with it and read what
// happened. It has one prefix and is not part of the contract.
//
//	GET  /_fake                        list the endpoints
//	POST /_fake/worlds/checkout/reset  reset a world to its seed
//
// endpoints.go has the table of all endpoints with the schemas of their bodies. A request
// that its schema forbids, or that cannot be done, is refused with a [problem.Problem] and
// changes nothing.
//
// To add an endpoint, add a row to the table, its schemas in schemas/, a function in the
// file of its topic, and a method in the client, ../../client.
package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/snapshot"
	"example.com/lpgate/fakeserver/internal/world"
	"example.com/lpgate/internal/buildinfo"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// Prefix is the path of all endpoints.
const Prefix = "/_fake"

// Options are the dependencies of a [Server].
type Options struct {
	Milestone *milestones.Milestone
	Worlds    *world.Worlds
	Snapshots *snapshot.Set
	// Wait returns after a duration, or when ctx is done.
	Wait func(ctx context.Context, duration time.Duration)
	// Token, when not "", is required of every request: Authorization: Bearer TOKEN.
	Token string
	// SelfCheck, when not nil, is called for each response that its schema forbids.
	SelfCheck func(endpoint string, violations []schemas.Violation)
	// Log receives an error for each response that cannot be encoded.
	Log *slog.Logger
}

// Server serves the admin API.
type Server struct {
	Options
	mux       http.ServeMux
	token     [sha256.Size]byte
	endpoints []Endpoint // of the index
}

// New returns a server.
func New(options Options) *Server {
	s := &Server{Options: options, token: sha256.Sum256([]byte(options.Token)), endpoints: endpoints}
	methods := map[string][]string{}
	for _, e := range endpoints {
		s.mux.HandleFunc(e.Method+" "+e.Path, func(w http.ResponseWriter, r *http.Request) { s.serve(&e, w, r) })
		methods[e.Path] = append(methods[e.Path], e.Method)
	}
	for path, allowed := range methods {
		slices.Sort(allowed)
		s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			problem.New(http.StatusMethodNotAllowed, "%s has the methods %s, not %s.", path, strings.Join(allowed, " and "), r.Method).ServeHTTP(w, r)
		})
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { unknownEndpoint(r).ServeHTTP(w, r) })
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	given := sha256.Sum256([]byte(strings.TrimLeft(token, " ")))
	// The scheme is case-insensitive (RFC 9110, section 11.1).
	if s.Token != "" && (subtle.ConstantTimeCompare(given[:], s.token[:]) != 1 || !strings.EqualFold(scheme, "Bearer")) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="fake"`)
		problem.New(http.StatusUnauthorized, "Send the admin token of this server: Authorization: Bearer TOKEN.").ServeHTTP(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// request is a request to an endpoint.
type request struct {
	*http.Request
	body []byte // JSON that its schema allows, or YAML
}

// serve reads the request, calls the endpoint and writes the response.
func (s *Server) serve(e *Endpoint, w http.ResponseWriter, r *http.Request) {
	request := &request{Request: r}
	if e.Request != "" {
		if p := request.readBody(w, e); p != nil {
			p.ServeHTTP(w, r)
			return
		}
	}
	if e.Request != "" || r.Body == http.NoBody {
		// The request is complete. An endpoint may wait for longer than the time limit for
		// reading, which would cancel the request's context.
		http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
	value, p := e.handle(s, request)
	if p != nil {
		p.ServeHTTP(w, r)
		return
	}
	if e.Response == "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	body, err := s.encode(e, value)
	if err != nil {
		s.Log.Error("a response of the admin API cannot be encoded", "endpoint", e.ID, "error", err)
		problem.New(http.StatusInternalServerError, "This is a defect of the server: its response cannot be encoded: %v.", err).ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write(body)
}

// encode returns a response as JSON. In self-check it is validated against its schema.
func (s *Server) encode(e *Endpoint, value any) ([]byte, error) {
	body, err := jcs.TryEncode(value)
	if err != nil || s.SelfCheck == nil {
		return body, err
	}
	document, err := schemas.Read(body)
	if err != nil {
		return nil, err
	}
	if violations := schema(e.Response).Validate(document.Value); len(violations) > 0 {
		s.SelfCheck(e.ID, violations)
	}
	return body, nil
}

// Index is the list of endpoints, with the build of the server.
type Index struct {
	Build     buildinfo.Info `json:"build"`
	Endpoints []Endpoint     `json:"endpoints"`
}

func (s *Server) index(*request) (any, *problem.Problem) {
	return Index{buildinfo.Read(), s.endpoints}, nil
}
