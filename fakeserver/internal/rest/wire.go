package rest

import (
	"bytes"
	"fmt"
	"net"

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
	if tcp, ok := conn.(*net.TCPConn); ok {
		return wireConn{tcp}, err
	}
	return conn, err
}

// wireConn is a *net.TCPConn, so that net/http finds its CloseWrite.
type wireConn struct{ *net.TCPConn }

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
		return c.TCPConn.Write(b)
	}
	refusal := &rules.Refusal{Code: rules.ConstraintViolation, Message: "This is not a well-formed HTTP/1.1 request."}
	body := errorBody("corr_unrouted", refusal)
	answer := fmt.Appendf(nil, "HTTP/1.1 %d Bad Request\r\nContent-Type: application/json; charset=utf-8\r\n"+
		"X-Correlation-Id: corr_unrouted\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		statuses[refusal.Code], len(body), body)
	if _, err := c.TCPConn.Write(answer); err != nil {
		return 0, err
	}
	return len(b), nil
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
