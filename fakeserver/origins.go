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

	"example.com/lpgate/fakeserver/internal/world"
)

// origins decide which requests of browsers are refused, by the page that sent them.
type origins struct {
	allowed []string
	cors    *cors.Cors // nil: there are none
	token   bool       // the admin API requires one
}

// OriginError is a value of Options.CORSOrigins that is not an origin.
type OriginError struct{ Origin string }

// Error implements error.
func (e *OriginError) Error() string {
	return fmt.Sprintf("%q is not an origin: write it as browsers do, such as http://localhost:3000", e.Origin)
}

// newOrigins checks the origins. There is no *: with it any page that a developer opens could
// use the server.
func newOrigins(allowed []string, token bool) (origins, error) {
	if len(allowed) == 0 {
		return origins{token: token}, nil
	}
	for _, origin := range allowed {
		if !isOrigin(origin) {
			return origins{}, &OriginError{origin}
		}
	}
	return origins{allowed: allowed, token: token, cors: cors.New(cors.Options{
		AllowedOrigins:      allowed,
		AllowedMethods:      []string{"GET", "POST", "PUT", "PATCH", "DELETE"},
		AllowedHeaders:      []string{"*"},
		ExposedHeaders:      []string{"X-Correlation-Id", "Idempotent-Replayed", world.RequestIDHeader},
		AllowPrivateNetwork: true, // a browser asks for that before it lets a page reach loopback
	})}, nil
}

// isOrigin reports whether a text is an origin as browsers write it.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Scheme+"://"+u.Host == text &&
		strings.ToLower(text) == text && !strings.Contains(text, "*")
}

// listenerKey is the key under which a request's context has the net.Addr of the
// listener of its Serve.
type listenerKey struct{}

// foreign returns why a request is from a page that may not call the server, and whether it is
// refused; "" if the page may, or if no page sent it.
//
// CORS alone would let such a page send many requests, and only withhold the answers from it.
// [http.CrossOriginProtection] lets every GET through, and here a GET creates worlds and
// journal entries, and exhausts faults. ReadOnly marks a path of which that is not true: any
// page may link to it.
//
// A server beyond loopback refuses none, for others reach it without a browser. Nor does one
// with an admin token, which may be behind a proxy that changes the Host.
func (o origins) foreign(r *http.Request, readOnly bool) (why string, refused bool) {
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	own := origin == "http://"+r.Host || origin == "https://"+r.Host || origin == "" && site == "same-origin"
	if slices.Contains(o.allowed, origin) {
		return "", false
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr) // nil: no net/http server, or no network
	listener, _ := r.Context().Value(listenerKey{}).(*net.TCPAddr)         // nil: another server than Serve's
	if o.token || local != nil && !local.IP.IsLoopback() || listener != nil && !listener.IP.IsLoopback() {
		if origin == "" || own || site == "same-origin" { // or the page is of the proxy's origin
			return "", false
		}
		return otherOrigin(origin), false
	}
	link := r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	switch ownHost := o.ownHost(r.Host); {
	case local != nil && r.Host != "" && !ownHost: // no browser leaves the Host out
		// A page may have pointed a name of its own here (DNS rebinding). To the browser the
		// server is then of the page's origin, so that a GET has no Origin, and the page may
		// read the answer.
		return fmt.Sprintf("The request came over loopback and has the Host %q, which a page from elsewhere may have pointed here. "+
			"Use %s in its place, or start the server with --cors-origin http://%s if the name is yours, or with --admin-token-file FILE.",
			r.Host, local, strings.ToLower(r.Host)), true
	case origin == "" && (site == "" || site == "none"): // no page sent it
		return "", false
	case own && ownHost:
		return "", false
	case origin == "" && link && (site == "same-site" || readOnly): // the page that has the link cannot read the answer
		return "", false
	}
	return otherOrigin(origin), true
}

// otherOrigin is the message about a page of an origin that is not allowed.
func otherOrigin(origin string) string {
	if isOrigin(origin) {
		return fmt.Sprintf("A page of the origin %s sent the request: start the server with --cors-origin %[1]s to allow that.", origin)
	}
	return "A page of an unknown origin sent the request, such as a local file, or a page that shows an image: " +
		"start the server with --cors-origin ORIGIN to allow an origin, and send the request with CORS."
}

// ownHost reports whether a Host is a name of loopback or of an allowed origin.
func (o origins) ownHost(host string) bool {
	return Loopback(host) || slices.Contains(o.allowed, "http://"+strings.ToLower(host)) || slices.Contains(o.allowed, "https://"+strings.ToLower(host))
}

// Loopback reports whether only this machine can reach an address, HOST or HOST:PORT.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = strings.Trim(addr, "[]")
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
