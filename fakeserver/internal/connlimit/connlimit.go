// Package connlimit serves connections with limits, TLS, and answers in the contract's form:
//
//	server := &http.Server{Handler: handler}
//	l = connlimit.Attach(server, l, connlimit.Options{Connections: 1000, Stall: time.Minute, Now: time.Now})
//	err := server.Serve(l)
//
// The number of connections is limited; another one waits until one ends. A client that
// stops reading its answer is disconnected. Reading is limited by net/http itself.
package connlimit

import (
	"crypto/tls"
	"net"
	"time"

	// Counting connections is a dozen lines, of which the one that ends a waiting
	// Accept is easily got wrong.
	"golang.org/x/net/netutil"
)

// Options apply to all connections.
type Options struct {
	// Connections is the maximum number at a time.
	Connections int
	// Stall is how long a client may receive nothing of what is written to it.
	Stall time.Duration
	// TLS, if not nil, encrypts them.
	TLS *tls.Config
	// Now returns the time that deadlines are relative to: the operating system's.
	Now func() time.Time
}

// newListener returns l with the limits of the options.
func newListener(l net.Listener, o Options) net.Listener {
	bare := &bareListener{Listener: l}
	return &listener{netutil.LimitListener(bare, o.Connections), bare, o}
}

// bareListener has the connection that it accepted last. The limiting listener wraps it and
// so hides its CloseWrite, without which net/http cannot end an answer to a client that is
// still sending.
type bareListener struct {
	net.Listener
	last net.Conn
}

func (l *bareListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	l.last = conn
	return conn, err
}

type listener struct {
	net.Listener
	bare    *bareListener
	options Options
}

// Accept implements net.Listener. One goroutine calls it, as net/http does.
func (l *listener) Accept() (net.Conn, error) {
	limited, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	half, _ := l.bare.last.(halfCloser)
	c := &conn{limited, half, l.options.Stall, l.options.Now}
	if l.options.TLS != nil {
		return tls.Server(c, l.options.TLS), nil
	}
	return c, nil
}

type halfCloser interface{ CloseWrite() error }

type conn struct {
	net.Conn
	half  halfCloser // nil: the connection has no halves
	stall time.Duration
	now   func() time.Time
}

// CloseWrite closes the connection for writing.
func (c *conn) CloseWrite() error {
	if c.half == nil {
		return nil
	}
	return c.half.CloseWrite()
}

// pieceBytes is how much a client has to receive within Stall: little enough for a slow
// connection, and so much that most answers are one piece.
const pieceBytes = 64 << 10

// Write implements net.Conn. Each piece has its own deadline, so that an answer may take any
// time while the client goes on reading.
func (c *conn) Write(b []byte) (written int, err error) {
	for {
		if err := c.SetWriteDeadline(c.now().Add(c.stall)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(b[written:min(written+pieceBytes, len(b))])
		written += n
		if err != nil || written == len(b) {
			return written, err
		}
	}
}
