// Package inprocess sends requests to a handler of the same process, without a socket.
package inprocess

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Response is a response in memory. It is an [http.ResponseWriter].
type Response struct {
	Status int
	Body   bytes.Buffer

	header http.Header
	wrote  bool
}

// Serve returns the response of a handler.
func Serve(h http.Handler, r *http.Request) *Response {
	w := &Response{Status: http.StatusOK, header: http.Header{}}
	h.ServeHTTP(w, r)
	return w
}

// Header implements [http.ResponseWriter].
func (w *Response) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter]. Only the first call counts.
func (w *Response) WriteHeader(status int) {
	if !w.wrote {
		w.Status, w.wrote = status, true
	}
}

// Write implements [http.ResponseWriter].
func (w *Response) Write(part []byte) (int, error) {
	w.wrote = true
	return w.Body.Write(part)
}

// Transport is an [http.RoundTripper] that sends requests to a handler.
type Transport struct{ http.Handler }

// RoundTrip sends a request as a server would have read it: the request target is parsed again.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	target, err := url.ParseRequestURI(r.URL.RequestURI())
	if err != nil {
		return nil, fmt.Errorf("invalid request target: %w", err)
	}
	sent := *r
	sent.URL, sent.RequestURI = target, r.URL.RequestURI()
	if sent.Body == nil {
		sent.Body = http.NoBody
	}
	w := Serve(t.Handler, &sent)
	if r.Method == http.MethodHead {
		w.Body.Reset()
	}
	return &http.Response{StatusCode: w.Status, Header: w.header, Body: io.NopCloser(&w.Body), Request: r}, nil
}
