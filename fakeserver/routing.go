package fakeserver

import (
	"cmp"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"example.com/lpgate/fakeserver/internal/admin"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/rest"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/world"
)

// WorldHeader is the header with the name of the world that a request is for.
const WorldHeader = "X-Fake-World"

// worldPrefix is before the path of a request for a world, from a client that
// cannot set headers: /worlds/NAME/partner-liquidity-providers.
const worldPrefix = "/worlds/"

// metricsPath is the path of the metrics for Prometheus.
const metricsPath = "/metrics"

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.recovered(w, r)
	if why, refused := s.origins.foreign(r, s.docs != nil && s.docs.Has(r.URL.EscapedPath())); why != "" {
		s.log.Warn("request of a page from elsewhere", "refused", refused, "why", why)
		if refused {
			s.forbid(w, r, why)
			return
		}
	}
	if s.origins.cors != nil {
		s.origins.cors.Handler(http.HandlerFunc(s.route)).ServeHTTP(w, r)
		return
	}
	s.route(w, r)
}

// recovered answers a request whose handler panicked, which is a defect: the panic is
// logged, and the client gets an answer instead of a broken connection. Answers are complete
// before their first byte is written, so nothing was written before.
func (s *Server) recovered(w http.ResponseWriter, r *http.Request) {
	switch p := recover(); p {
	case nil:
	case http.ErrAbortHandler: // a fault that ends the connection
		panic(p)
	default:
		s.log.Error("a request ended in a panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		problem.New(http.StatusInternalServerError, "This is a defect of the server: the request ended in a panic, which is in the log.").ServeHTTP(w, r)
	}
}

// besideContract returns the handler of a path that is not of the contract; nil if the path
// is for a world or, with Options.ContractOnly, for the contract alone.
func (s *Server) besideContract(path string) http.Handler {
	switch {
	case s.only != nil:
		return nil
	case s.docs.Has(path):
		return s.docs
	case s.admin != nil && (path == admin.Prefix || strings.HasPrefix(path, admin.Prefix+"/")):
		return s.admin
	case path == metricsPath:
		return s.metrics
	}
	return nil
}

// forbid answers with 403, in the form that errors of the path have. It uses no world.
func (s *Server) forbid(w http.ResponseWriter, r *http.Request, why string) {
	path := r.URL.EscapedPath()
	if s.besideContract(path) != nil {
		problem.New(http.StatusForbidden, "%s", why).ServeHTTP(w, r)
		return
	}
	if after, prefixed := strings.CutPrefix(path, worldPrefix); prefixed && s.only == nil {
		name, _, _ := strings.Cut(after, "/")
		r = withoutPrefix(r, worldPrefix+name)
	}
	forbidden := &rules.Refusal{Outcome: rules.Outcome{Code: rules.CodeForbidden}, Message: why}
	rest.Write(w, r, s.contract.Refuse(r, forbidden, 0))
}

// route passes a request to the handler that it is for.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if beside := s.besideContract(path); beside != nil {
		beside.ServeHTTP(w, r)
		return
	}
	if s.only != nil {
		s.only.ServeHTTP(w, r)
		return
	}
	name := strings.TrimSpace(strings.Join(r.Header[WorldHeader], ", "))
	if after, prefixed := strings.CutPrefix(path, worldPrefix); prefixed {
		named, _, _ := strings.Cut(after, "/")
		if name != "" && name != named {
			problem.New(http.StatusBadRequest, "The path names the world %q and %s the world %q: name one.", named, WorldHeader, name).ServeHTTP(w, r)
			return
		}
		if wrong := world.CheckName(named); wrong != nil {
			wrong.ServeHTTP(w, r)
			return
		}
		name, r = named, withoutPrefix(r, worldPrefix+named)
	}
	in, release, wrong := s.worlds.Acquire(cmp.Or(name, world.Default))
	if wrong != nil {
		wrong.ServeHTTP(w, r)
		return
	}
	defer release()
	in.ServeHTTP(w, r)
}

// withoutPrefix returns the request without a prefix of its path.
func withoutPrefix(r *http.Request, prefix string) *http.Request {
	shorter, url := *r, *r.URL
	url.Path, url.RawPath = strings.TrimPrefix(url.Path, prefix), strings.TrimPrefix(url.RawPath, prefix)
	shorter.URL = &url
	return &shorter
}
