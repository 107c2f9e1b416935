package difftest

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"example.com/lpgate/steps"
)

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
