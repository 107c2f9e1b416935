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

// This file sends requests to the service. From the outside to the inside:
//
//	client           headers of --header, limit of --rate, no redirects, no cookies
//	recorder         records and checks exchanges (package record)
//	Transport        timeout of --max-time, errors of gateways
//	http.Transport   connections, TLS, HTTP/2, proxies of the environment, retries of connecting
//
// Proxies are those of HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as in curl; loopback addresses are never proxied.
//
// A request is never sent twice. Only connecting is retried, since nothing was sent before.

// maxIdlePerWorker is how many connections to built-in servers a lane keeps.
const maxIdlePerWorker = 4

// Transport is a round tripper with its own connections to the service.
type Transport struct {
	service   *Service
	transport *http.Transport
}

// Transport returns a new transport.
func (s *Service) Transport() *Transport {
	w := &Transport{service: s, transport: &http.Transport{
		MaxIdleConnsPerHost: 64, // the largest number of concurrent requests
		DisableCompression:  true,
		// Twice the limit of Node.js. Headers are kept until the run ends, and the service decides how long they are.
		MaxResponseHeaderBytes: 32 << 10,
	}}
	if s.BuiltIn() {
		w.transport.MaxIdleConns = maxIdlePerWorker // each of them is two descriptors of this process
		w.transport.ResponseHeaderTimeout = s.ScenarioTimeout
		return w
	}
	w.transport.Proxy = http.ProxyFromEnvironment // as curl does
	w.transport.DialContext = s.dial
	w.transport.TLSClientConfig = s.tls
	w.transport.TLSHandshakeTimeout = s.connectTimeout
	w.transport.ForceAttemptHTTP2 = true // a TLS configuration turns it off
	// The service may close an idle connection while a request is sent on it. Such a request fails, since it is not sent
	// twice.
	w.transport.IdleConnTimeout = time.Second
	return w
}

// Proxy returns the URL of the proxy for requests to the service, without user and password; "" when there is none. It is
// reported since it decides what is verified.
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
		return "" // requests fail with the same error
	}
	return (&url.URL{Scheme: proxy.Scheme, Host: proxy.Host}).String()
}

// Close closes idle connections.
func (w *Transport) Close() { w.transport.CloseIdleConnections() }

// Client returns a client that sends requests through a round tripper that ends in w, or is w.
func (w *Transport) Client(through http.RoundTripper) *http.Client {
	if !w.service.BuiltIn() {
		through = headerTransport{w.service, through}
	}
	return &http.Client{
		Transport:     through,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// headerTransport adds the headers of --header to each request, and waits for the rate limit.
type headerTransport struct {
	service *Service
	through http.RoundTripper
}

func (d headerTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if budget := d.service.budget; budget != nil {
		if err := budget.Wait(request.Context()); err != nil {
			return nil, fmt.Errorf("waiting for --rate: %w", err)
		}
	}
	sent := *request
	sent.Header = d.service.WithHeaders(request.Header)
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
		preventResend(sent)
	}
	response, err := w.transport.RoundTrip(sent)
	if err != nil {
		err = record.Overdue(ctx, err)
		cancel()
		return nil, err
	}
	if err := gatewayError(response); err != nil {
		response.Body.Close()
		cancel()
		return nil, err
	}
	response.Body = &cancelingBody{response.Body, ctx, cancel}
	return response, nil
}

// preventResend keeps http.Transport from sending a request without a body twice, as it does when a reused connection is closed.
// It never resends a body that it cannot rewind; for a GET an empty one is enough. A POST would be sent in chunks then. Those
// are resent only with an idempotency key, which http.Transport finds by its canonical name: another spelling prevents it.
func preventResend(sent *http.Request) {
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

// cancelingBody cancels the context of its request when it is closed.
type cancelingBody struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelFunc
}

func (e *cancelingBody) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = record.Overdue(e.ctx, err)
	}
	return n, err
}

func (e *cancelingBody) Close() error {
	defer e.cancel()
	return e.ReadCloser.Close()
}

// GatewayError is a response of a gateway that could not reach the service.
type GatewayError struct {
	Status int
}

func (g *GatewayError) Error() string {
	return fmt.Sprintf("a gateway answered %d %s (not in JSON) instead of the service", g.Status, http.StatusText(g.Status))
}

// gateway tells a page of a proxy from an answer of the service. These statuses say that the service was not reached,
// in a language that it does not speak. One in JSON may be the service's own; it is an answer like any other, and a wrong
// one, for no 5xx is declared.
func gatewayError(response *http.Response) error {
	switch response.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		return nil
	}
	format, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err == nil && (format == "application/json" || strings.HasSuffix(format, "+json")) {
		return nil
	}
	return &GatewayError{response.StatusCode}
}

// dial connects, with --retries.
func (s *Service) dial(ctx context.Context, network, address string) (net.Conn, error) {
	for attempt := 0; ; attempt++ {
		conn, err := s.connect(ctx, network, address)
		if err == nil || attempt == s.retries || ctx.Err() != nil {
			return conn, err
		}
		if err := s.sleep(ctx, backoff(attempt)); err != nil {
			return nil, err
		}
	}
}

// backoff returns the delay after an attempt: 0.1 s, doubled each time, at most 2 s.
func backoff(attempt int) time.Duration {
	return min(100*time.Millisecond<<min(attempt, 10), 2*time.Second)
}

// pause waits.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Probe requests the base URL. It returns an error with a hint if there is no response; the status does not matter.
func (w *Transport) Probe(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.service.URL, nil)
	if err != nil {
		return err
	}
	response, err := w.Client(w).Do(request)
	if err == nil {
		return response.Body.Close()
	}
	message := record.Cause(err)
	for _, hint := range hints {
		if strings.HasPrefix(message, hint.cause) {
			message += hint.text
			break
		}
	}
	return &probeError{message, err}
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
			if err := w.service.sleep(ctx, time.Until(began.Add(goneWithin/attempts))); err != nil {
				return err
			}
		}
	}
	return err
}

// probeError is the cause of an error in words, with a hint.
type probeError struct {
	message string
	err     error
}

func (u *probeError) Error() string { return u.message }
func (u *probeError) Unwrap() error { return u.err }

// hints are appended to causes that begin with a text.
var hints = []struct{ cause, text string }{
	{"TLS: the certificate is by an authority", " (trust it with --cacert FILE)"},
	{"TLS: the certificate is for another name", " (set the expected name with --server-name HOST)"},
	{"TLS: the target ended the handshake", " (send a client certificate with --cert FILE and --key FILE)"},
	{"TLS: what answers there", " (is it http://?)"},
	{"timed out while connecting", " (raise --connect-timeout)"},
	{"connection refused", ": no server listens there"},
}
