package rest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"

	"example.com/lpgate/fakeserver/internal/rules"
)

// Listener makes the connections of l keep to the contract where net/http would
// not. What Go's HTTP parser turns away (a percent sign that escapes nothing, a
// header too large, an unknown transfer coding) never reaches a handler: the
// server writes a line of text to the connection, for one of them with a status
// of 501. Here that line becomes a refusal like all others.
func Listener(l net.Listener) net.Listener { return wireListener{l} }

type wireListener struct{ net.Listener }

func (l wireListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return wireConn{conn}, nil
}

// wireConn is a connection, with or without TLS: what is written to it has not been
// encrypted yet.
type wireConn struct{ net.Conn }

// CloseWrite is there for net/http, which ends an answer with it when the client is
// still sending.
func (c wireConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Read implements net.Conn. A client that speaks plain HTTP where TLS is spoken is
// told so, and not just cut off.
func (c wireConn) Read(b []byte) (int, error) {
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

var (
	// plain is how net/http's own refusals go on after the status line; no answer of
	// the handler has these headers in this order.
	plain = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")
	// expectation is the answer to an Expect header other than 100-continue.
	expectation = []byte("HTTP/1.1 417 ")
)

// Write implements net.Conn.
func (c wireConn) Write(b []byte) (int, error) {
	if !parserRefuses(b) {
		return c.Conn.Write(b)
	}
	if _, err := c.Conn.Write(malformedRequest("This is not a well-formed HTTP/1.1 request.")); err != nil {
		return 0, err
	}
	return len(b), nil
}

// malformedRequest is the whole answer to what no handler gets to see.
func malformedRequest(message string) []byte {
	refusal := &rules.Refusal{Code: rules.ConstraintViolation, Message: message}
	body := errorBody("corr_unrouted", refusal)
	return fmt.Appendf(nil, "HTTP/1.1 %d Bad Request\r\nContent-Type: application/json; charset=utf-8\r\n"+
		"X-Correlation-Id: corr_unrouted\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		statuses[refusal.Code], len(body), body)
}

// parserRefuses reports whether b is an answer that net/http made by itself.
func parserRefuses(b []byte) bool {
	if !bytes.HasPrefix(b, []byte("HTTP/1.")) {
		return false
	}
	if bytes.HasPrefix(b, expectation) {
		return true
	}
	end := bytes.IndexByte(b, '\r')
	return end > 0 && bytes.HasPrefix(b[end:], plain)
}
