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
}

// newOrigins checks the names. There is no *: with it any page that a developer
// opens could use the server.
func newOrigins(named []string) (origins, error) {
	if len(named) == 0 {
		return origins{}, nil
	}
	for _, origin := range named {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != origin || strings.ToLower(origin) != origin || strings.Contains(origin, "*") {
			return origins{}, fmt.Errorf("%q is no origin: write it as browsers do, such as http://localhost:3000", origin)
		}
	}
	return origins{named, cors.New(cors.Options{
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

// Loopback tells whether an address, HOST or HOST:PORT, is one that only this machine
// can reach.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = strings.Trim(addr, "[]")
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
