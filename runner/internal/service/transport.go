package service

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/lpgate/runner/internal/record"
)

// This file is the way to a target: how requests get there.
//
//	client:  headers of --header, budget of --rate, no redirects, no cookies
//	recorder: what is recorded, and judged (package record)
//	way:     max-time, gateways
//	transport: connections, TLS, HTTP/2, proxies of the environment, retries of connecting
//
// Proxies are those of HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as for curl; a loopback address never has one.
//
// A request is never sent twice. Only connecting is tried again, before there is anything that could have reached anybody.

// mostIdle is how many connections to built-in servers a lane keeps.
const mostIdle = 4

// Transport is a way to a target with connections of its own. Beneath a recorder it is the transport.
type Transport struct {
	service   *Service
	transport *http.Transport
}

// Transport opens a way.
func (s *Service) Transport() *Transport {
	w := &Transport{service: s, transport: &http.Transport{
		MaxIdleConnsPerHost: 64, // as many as are ever sent at once
		DisableCompression:  true,
		// As in Node.js twice over: a service decides how long a header is, and every one is kept until the run ends.
		MaxResponseHeaderBytes: 32 << 10,
	}}
	if s.BuiltIn() {
		w.transport.MaxIdleConns = mostIdle // each of them is two descriptors of this process
		w.transport.ResponseHeaderTimeout = s.ScenarioTimeout
		return w
	}
	w.transport.Proxy = http.ProxyFromEnvironment // as curl does
	w.transport.DialContext = s.dial
	w.transport.TLSClientConfig = s.tls
	w.transport.TLSHandshakeTimeout = s.connectTimeout
	w.transport.ForceAttemptHTTP2 = true // a configuration of one's own turns it off
	// A connection that nobody used for a while may be closed at the other end the moment it is used again. A request
	// that meets that is lost, since it is not sent twice.
	w.transport.IdleConnTimeout = time.Second
	return w
}

// Proxy is the proxy that requests to the service go through, without its password; "" when there is none. It comes from
// the environment, and decides what answers in the name of the service.
func (s *Service) Proxy() string {
	if s.BuiltIn() {
		return ""
	}
	to, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: to})
	if err != nil || proxy == nil {
		return "" // the requests fail for the same error
	}
	return (&url.URL{Scheme: proxy.Scheme, Host: proxy.Host}).String()
}

// Close closes the connections that nobody uses any more.
func (w *Transport) Close() { w.transport.CloseIdleConnections() }

// Client is a client that sends through a transport that ends in this way, or through the way itself.
func (w *Transport) Client(through http.RoundTripper) *http.Client {
	if !w.service.BuiltIn() {
		through = dressed{w.service, through}
	}
	return &http.Client{
		Transport:     through,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// dressed gives each request the headers of the service, and lets it go when the budget has room for it.
type dressed struct {
	service *Service
	through http.RoundTripper
}

func (d dressed) RoundTrip(request *http.Request) (*http.Response, error) {
	if budget := d.service.budget; budget != nil {
		if err := budget.Wait(request.Context()); err != nil {
			return nil, fmt.Errorf("waiting for the budget of --rate: %w", err)
		}
	}
	sent := *request
	sent.Header = d.service.Dress(request.Header)
	return d.through.RoundTrip(&sent)
}

// RoundTrip sends a request once.
func (w *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if w.service.BuiltIn() {
		return w.transport.RoundTrip(request)
	}
	limit := &record.TimeLimit{Of: "request", Flag: "--max-time", Limit: w.service.maxTime}
	ctx, cancel := context.WithTimeoutCause(request.Context(), w.service.maxTime, limit)
	sent := request.WithContext(ctx)
	if sent.Body == nil || sent.Body == http.NoBody {
		notAgain(sent)
	}
	response, err := w.transport.RoundTrip(sent)
	if err != nil {
		err = record.Overdue(ctx, err)
		cancel()
		return nil, err
	}
	if err := gateway(response); err != nil {
		response.Body.Close()
		cancel()
		return nil, err
	}
	response.Body = &ending{response.Body, ctx, cancel}
	return response, nil
}

// notAgain keeps the transport from sending a request without a body again. It would, when a connection ends that was used
// before, and cannot know whether the first one arrived. It does not with a body that it cannot read again, and that of a
// GET may be empty. A POST would be sent in chunks for it; of that it believes that it may be sent again for the name of
// its idempotency key, which on the way may be spelled otherwise.
func notAgain(sent *http.Request) {
	switch sent.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		sent.Header = sent.Header.Clone()
		for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
			if values, there := sent.Header[name]; there {
				delete(sent.Header, name)
				sent.Header[strings.ToLower(name)] = values
			}
		}
	default:
		sent.Body = io.NopCloser(strings.NewReader(""))
	}
}

// ending is a body with which the time for its request ends.
type ending struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelFunc
}

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = record.Overdue(e.ctx, err)
	}
	return n, err
}

func (e *ending) Close() error {
	defer e.cancel()
	return e.ReadCloser.Close()
}

// Gateway is the answer of something before the service, which says that it did not reach it.
type Gateway struct {
	Status int
}

func (g *Gateway) Error() string {
	return fmt.Sprintf("a gateway answered %d %s, in another format than JSON, and not the service", g.Status, http.StatusText(g.Status))
}

// gateway tells a page of a proxy from an answer of the service. These statuses say that the service was not reached,
// in a language that it does not speak. One in JSON may be the service's own; it is an answer like any other, and a wrong
// one, for no 5xx is declared.
func gateway(response *http.Response) error {
	switch response.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		return nil
	}
	format, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err == nil && (format == "application/json" || strings.HasSuffix(format, "+json")) {
		return nil
	}
	return &Gateway{response.StatusCode}
}

// dial connects, and tries again a few times when that fails: nothing was sent yet.
func (s *Service) dial(ctx context.Context, network, address string) (net.Conn, error) {
	for attempt := 0; ; attempt++ {
		conn, err := s.connect(ctx, network, address)
		if err == nil || attempt == s.retries || ctx.Err() != nil {
			return conn, err
		}
		if err := s.pause(ctx, backoff(attempt)); err != nil {
			return nil, err
		}
	}
}

// backoff doubles from a tenth of a second up to two seconds.
func backoff(attempt int) time.Duration {
	return min(100*time.Millisecond<<min(attempt, 10), 2*time.Second)
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Probe says why the service cannot be reached, in words, or nothing. It asks for the base URL, and any answer will do.
func (w *Transport) Probe(ctx context.Context) error {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, w.service.URL, nil)
	if err != nil {
		return err
	}
	response, err := w.Client(w).Do(ask)
	if err == nil {
		return response.Body.Close()
	}
	says := record.Cause(err)
	for _, hint := range hints {
		if strings.HasPrefix(says, hint.cause) {
			says += hint.says
			break
		}
	}
	return &unreached{says, err}
}

// A service is gone when it gave no answer at its base URL so many times in this time. One that refuses a connection
// may be about to start again, so the attempts are spread over all of it.
const (
	attempts   = 3
	goneWithin = 5 * time.Second
)

// Gone says why the service is gone, or nothing while it answers. Any answer will do, except for that of a gateway. When
// the context ends first, nothing is known, and that is its error.
func (w *Transport) Gone(ctx context.Context) (err error) {
	for attempt := range attempts {
		began := time.Now()
		limited, cancel := context.WithTimeout(ctx, goneWithin/attempts)
		err = w.Probe(limited)
		cancel()
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if attempt < attempts-1 {
			if err := w.service.pause(ctx, time.Until(began.Add(goneWithin/attempts))); err != nil {
				return err
			}
		}
	}
	return err
}

// unreached is an error in words.
type unreached struct {
	says string
	err  error
}

func (u *unreached) Error() string { return u.says }
func (u *unreached) Unwrap() error { return u.err }

// hints say what to do about a cause.
var hints = []struct{ cause, says string }{
	{"TLS: the certificate is by an authority", " (--cacert FILE makes it known)"},
	{"TLS: the certificate is for another name", " (--server-name HOST says which to expect)"},
	{"TLS: the target ended the handshake", " (--cert FILE and --key FILE say who asks, if it wants to know)"},
	{"TLS: what answers there", " (is it http://?)"},
	{"timed out while connecting", " (--connect-timeout gives it more)"},
	{"connection refused", ": nobody listens there"},
}
