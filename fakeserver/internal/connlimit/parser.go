package connlimit

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

// Attach limits the connections of l as options have it, and replaces the answers that
// net/http writes by itself. It returns the listener that server must serve. The server's
// Handler must be set; its ConnContext and ConnState must not.
//
// What Go's HTTP parser refuses (a malformed percent escape, a header too large, an unknown
// transfer coding) never reaches a handler: net/http writes an answer of its own to the
// connection, one of them with a status of 501. The contract requires a refusal.
//
// Such an answer is recognised by when it is written, which is before the handler is called,
// and never by its text: an answer of the handler may have any text of a client.
func Attach(server *http.Server, l net.Listener, options Options) net.Listener {
	handler := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(connKey{}).(*parserConn); ok {
			conn.handled.Store(true)
		}
		handler.ServeHTTP(w, r)
	})
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, conn)
	}
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		// A connection is idle after each answer that does not close it, before the next
		// request is read. StateActive does not do: a request whose bytes came together
		// with those of the one before has none.
		if c, ok := conn.(*parserConn); ok && state == http.StateIdle {
			c.handled.Store(false)
		}
	}
	return parserListener{newListener(l, options)}
}

// connKey is the key under which a request's context has its *parserConn.
type connKey struct{}

// parserListener is above TLS, so that its connections can be written to in plain text. So
// net/http does not see TLS, and serves HTTP/1.1 alone: what it would refuse in HTTP/2 is not
// in the contract's form.
type parserListener struct{ net.Listener }

func (l parserListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &parserConn{Conn: conn}, nil
}

// parserConn is a connection, with or without TLS: what is written to it is not encrypted
// yet.
type parserConn struct {
	net.Conn
	// handled reports whether the handler was called for the request that was read last. What
	// is written from then on, until the connection is idle, is the handler's.
	handled atomic.Bool
	// refused reports whether an answer of net/http was replaced. It closes the connection.
	refused bool
}

// CloseWrite is called by net/http at the end of an answer if the client is still sending.
func (c *parserConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Read implements net.Conn. A client that sends plain HTTP to a TLS connection gets an answer
// in plain text.
func (c *parserConn) Read(b []byte) (int, error) {
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

// plainHTTP reports whether the first bytes of a connection begin a request.
func plainHTTP(first []byte) bool {
	return slices.ContainsFunc([]string{"GET /", "HEAD ", "POST ", "PUT /", "DELET", "OPTIO", "PATCH"}, func(begin string) bool { return string(first) == begin })
}

// Write implements net.Conn.
func (c *parserConn) Write(b []byte) (int, error) {
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

// malformedRequest returns the answer to a request that reaches no handler, with its header.
func malformedRequest(message string) []byte {
	refusal := &rules.Refusal{Outcome: rules.Outcome{Code: rules.CodeConstraintViolation}, Message: message}
	a := answer.Refused("corr_unrouted", refusal)
	return fmt.Appendf(nil, "HTTP/1.1 %d Bad Request\r\nContent-Type: application/json; charset=utf-8\r\n"+
		"X-Correlation-Id: corr_unrouted\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		a.Status, len(a.Body), a.Body)
}
