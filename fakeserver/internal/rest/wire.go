package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync/atomic"

	"example.com/lpgate/fakeserver/internal/answer"
	"example.com/lpgate/fakeserver/internal/rules"
)

// Attach makes server keep to the contract where net/http would not, and returns the
// listener that it must serve. What Go's HTTP parser refuses (a percent sign that
// escapes nothing, a header too large, an unknown transfer coding) never reaches a
// handler: net/http writes an answer of its own to the connection, for one of them
// with a status of 501. Here that answer becomes a refusal like all others.
//
// What net/http writes by itself is recognised by when it is written, which is before
// the handler is called, and never by its text: an answer of the handler may have any
// text of a client anywhere in it.
//
// The server's Handler must be set; its ConnContext and ConnState must not.
func Attach(server *http.Server, l net.Listener) net.Listener {
	handler := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(wireKey{}).(*wireConn); ok {
			conn.handled.Store(true)
		}
		handler.ServeHTTP(w, r)
	})
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, wireKey{}, conn)
	}
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		// A connection is idle after each answer that does not close it, before the next
		// request is read. StateActive does not do: a request whose bytes came together
		// with those of the one before has none.
		if wire, ok := conn.(*wireConn); ok && state == http.StateIdle {
			wire.handled.Store(false)
		}
	}
	return wireListener{l}
}

// wireKey is the key under which a request's context has its *wireConn.
type wireKey struct{}

type wireListener struct{ net.Listener }

func (l wireListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &wireConn{Conn: conn}, nil
}

// wireConn is a connection, with or without TLS: what is written to it has not been
// encrypted yet.
type wireConn struct {
	net.Conn
	// handled reports whether the handler was called for the request that was read last:
	// what is written from then on, until the connection is idle, is the handler's.
	handled atomic.Bool
	// refused reports whether an answer of net/http was replaced. It closes the connection.
	refused bool
}

// CloseWrite is there for net/http, which ends an answer with it when the client is
// still sending.
func (c *wireConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Read implements net.Conn. A client that speaks plain HTTP where TLS is spoken is
// told so, and not just cut off.
func (c *wireConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		var header tls.RecordHeaderError
		if errors.As(err, &header) && header.Conn != nil && plainHTTP(header.RecordHeader[:]) {
			refusal := malformedRequest("This server speaks HTTPS: write https:// before its address.")
			header.Conn.Write(refusal)
			return n, net.ErrClosed
		}
	}
	return n, err
}

// plainHTTP tells whether the first bytes of a connection begin a request.
func plainHTTP(first []byte) bool {
	return slices.ContainsFunc([]string{"GET /", "HEAD ", "POST ", "PUT /", "DELET", "OPTIO", "PATCH"}, func(begin string) bool { return string(first) == begin })
}

// Write implements net.Conn.
func (c *wireConn) Write(b []byte) (int, error) {
	switch {
	case c.handled.Load():
		return c.Conn.Write(b)
	case !c.refused:
		c.refused = true
		if _, err := c.Conn.Write(malformedRequest("This is not a well-formed HTTP/1.1 request.")); err != nil {
			return 0, err
		}
	} // else b is the rest of an answer that was replaced
	return len(b), nil
}

// malformedRequest is the whole answer to what no handler gets to see.
func malformedRequest(message string) []byte {
	refusal := &rules.Refusal{Outcome: rules.Outcome{Code: rules.CodeConstraintViolation}, Message: message}
	a := answer.Refused("corr_unrouted", refusal)
	return fmt.Appendf(nil, "HTTP/1.1 %d Bad Request\r\nContent-Type: application/json; charset=utf-8\r\n"+
		"X-Correlation-Id: corr_unrouted\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		a.Status, len(a.Body), a.Body)
}
