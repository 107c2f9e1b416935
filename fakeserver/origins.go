package fakeserver

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	// The answers to preflights depend on a dozen headers; this library is the one
	// that most Go servers use for them.
	"github.com/rs/cors"

	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/world"
)

// origins are those whose pages may call the server from a browser.
type origins struct {
	named []string
	cors  *cors.Cors // nil: there are none
	token bool       // the control API asks for one, which no page from elsewhere has
}

// OriginError is of a text among Options.CORSOrigins that is no origin.
type OriginError struct{ Origin string }

// Error implements error.
func (e *OriginError) Error() string {
	return fmt.Sprintf("%q is no origin: write it as browsers do, such as http://localhost:3000", e.Origin)
}

// newOrigins checks the names. There is no *: with it any page that a developer
// opens could use the server.
func newOrigins(named []string, token bool) (origins, error) {
	if len(named) == 0 {
		return origins{token: token}, nil
	}
	for _, origin := range named {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != origin || strings.ToLower(origin) != origin || strings.Contains(origin, "*") {
			return origins{}, &OriginError{origin}
		}
	}
	return origins{named: named, token: token, cors: cors.New(cors.Options{
		AllowedOrigins:      named,
		AllowedMethods:      []string{"GET", "POST", "PUT", "PATCH", "DELETE"},
		AllowedHeaders:      []string{"*"},
		ExposedHeaders:      []string{"X-Correlation-Id", "Idempotent-Replayed", world.RequestIDHeader},
		AllowPrivateNetwork: true, // a browser asks for that before it lets a page reach loopback
	})}, nil
}

// check refuses a request to the control API from a page of another origin than the
// named ones. CORS alone would let such a page send some requests, and only keep the
// answers from it.
//
// The server's own pages may call it under a name of loopback. Any other name could
// be one that the page's owner has pointed here.
func (o origins) check(r *http.Request) *problem.Problem {
	if wrong := o.checkHost(r); wrong != nil {
		return wrong
	}
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	own := origin == "http://"+r.Host || origin == "https://"+r.Host || origin == "" && site == "same-origin"
	switch {
	case slices.Contains(o.named, origin):
	case origin == "" && (site == "" || site == "none"): // no page asked for it
	case own && Loopback(r.Host):
	default:
		return problem.New(http.StatusForbidden, "The control API is not for pages from elsewhere: start the server with --cors-origin ORIGIN for those that you trust.")
	}
	return nil
}

// checkHost refuses a request that came over loopback under any other name than those of
// loopback and of the named origins. A page may have pointed a name of its own here: to
// the browser the server is then of the page's origin, so that a GET tells no Origin, and
// the page may read the answer. A control token keeps such a page out by itself.
func (o origins) checkHost(r *http.Request) *problem.Problem {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr) // nil: no net/http server, or no network
	switch {
	case o.token || local == nil || !local.IP.IsLoopback():
	case r.Host == "": // no browser leaves it out
	case Loopback(r.Host):
	case slices.Contains(o.named, "http://"+strings.ToLower(r.Host)) || slices.Contains(o.named, "https://"+strings.ToLower(r.Host)):
	default:
		return problem.New(http.StatusForbidden, "The request came over loopback and has the Host %q, which a page from elsewhere may have pointed here. "+
			"Use %s in its place, or start the server with --cors-origin http://%s if the name is yours, or with --control-token-file FILE.", r.Host, local, strings.ToLower(r.Host))
	}
	return nil
}

// Loopback tells whether an address, HOST or HOST:PORT, is one that only this machine
// can reach.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = strings.Trim(addr, "[]")
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
