// Package connlimit bounds what clients can hold of a server by their connections, and
// speaks TLS on them:
//
//	l = line.Listener(l, line.Options{Connections: 1000, Stall: time.Minute, Now: time.Now})
//
// There are only so many connections at a time; another one waits until one ends.
// A client that stops reading its answer is cut off. What net/http can bound by
// itself, which is reading, stays with it.
package connlimit

import (
	"crypto/tls"
	"net"
	"time"

	// Counting connections is a dozen lines, of which the one that ends a waiting
	// Accept is easily got wrong.
	"golang.org/x/net/netutil"
)

// Options are what the connections have in common.
type Options struct {
	// Connections is how many there are at a time.
	Connections int
	// Stall is how long a client may take nothing of what is written to it.
	Stall time.Duration
	// TLS, when not nil, is spoken on all of them.
	TLS *tls.Config
	// Now is the time by which the operating system keeps deadlines.
	Now func() time.Time
}

// Listener gives the connections of l, bounded.
func Listener(l net.Listener, o Options) net.Listener {
	bare := &bareListener{Listener: l}
	return &listener{netutil.LimitListener(bare, o.Connections), bare, o}
}

// bareListener remembers the connection that it gave last. The limiting listener
// wraps it, and so hides its CloseWrite, without which net/http cannot end an answer
// to a client that is still sending.
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

// CloseWrite tells the client that nothing more comes.
func (c *conn) CloseWrite() error {
	if c.half == nil {
		return nil
	}
	return c.half.CloseWrite()
}

// pieceBytes is how much a client has to take within the time it may stall: little
// enough for a slow line, and so much that most answers are one piece.
const pieceBytes = 64 << 10

// Write implements net.Conn. Each piece has a deadline of its own, so that an answer
// may take long as long as the client goes on reading it.
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
