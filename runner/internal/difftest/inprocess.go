package difftest

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"example.com/lpgate/steps"
)

// inProcess sends requests to a handler without a connection.
type inProcess struct{ http.Handler }

// RoundTrip calls the handler with the request that a server would have read: the URL is parsed again.
func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	target, err := url.ParseRequestURI(r.URL.RequestURI())
	if err != nil {
		return nil, fmt.Errorf("a request target that no server accepts: %w", err)
	}
	received := *r
	received.URL, received.RequestURI = target, r.URL.RequestURI()
	if received.Body == nil {
		received.Body = http.NoBody
	}
	w := &responseBuffer{status: http.StatusOK, header: http.Header{}}
	h.ServeHTTP(w, &received)
	if r.Method == http.MethodHead {
		w.body = nil // a connection would not carry it
	}
	return &http.Response{StatusCode: w.status, Header: w.header, Body: w, Request: r}, nil
}

// responseBuffer is a response in memory: the handler writes it, and the client reads its body.
type responseBuffer struct {
	status      int
	header      http.Header
	body        []byte
	wroteHeader bool
	read        int // bytes of body that were read
}

func (w *responseBuffer) Header() http.Header { return w.header }

func (w *responseBuffer) WriteHeader(status int) {
	if !w.wroteHeader {
		w.status, w.wroteHeader = status, true
	}
}

func (w *responseBuffer) Write(text []byte) (int, error) {
	w.wroteHeader = true
	w.body = append(w.body, text...)
	return len(text), nil
}

func (w *responseBuffer) Read(b []byte) (int, error) {
	if w.read == len(w.body) {
		return 0, io.EOF
	}
	n := copy(b, w.body[w.read:])
	w.read += n
	return n, nil
}

func (w *responseBuffer) Close() error { return nil }

// server is a fake server that can listen.
type server interface {
	http.Handler
	Serve(context.Context, net.Listener, time.Duration) error
}

// listen starts a fake server on a free port, so that both servers are used by the same HTTP client. stop ends it.
func listen(fake server) (base *url.URL, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, &steps.Unreachable{Err: fmt.Errorf("starting the fake server: %w", err)}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = fake.Serve(ctx, l, 0) // it ends with the context
	}()
	return &url.URL{Scheme: "http", Host: l.Addr().String()}, func() { cancel(); <-done }, nil
}

// cachedFiles reads each file once: sequences send the same fixtures thousands of times.
type cachedFiles struct {
	fs.FS
	mu    *sync.Mutex
	files map[string][]byte
}

func cacheFiles(fsys fs.FS) cachedFiles {
	return cachedFiles{fsys, new(sync.Mutex), map[string][]byte{}}
}

// ReadFile implements [fs.ReadFileFS]. The caller must not change the text.
func (c cachedFiles) ReadFile(name string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if text, ok := c.files[name]; ok {
		return text, nil
	}
	text, err := fs.ReadFile(c.FS, name)
	if err == nil {
		c.files[name] = text
	}
	return text, err
}
