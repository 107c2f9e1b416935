package connlimit

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

var testOptions = Options{Connections: 10, Stall: time.Minute, Now: time.Now}

// What Go's HTTP parser refuses is answered in the contract's form, and never
// with a status of 500 or more.
func TestParserRefusals(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	handler := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") }
	server := &http.Server{Handler: http.HandlerFunc(handler), MaxHeaderBytes: 64 << 10}
	go server.Serve(Attach(server, l, testOptions))
	defer server.Close()
	for _, test := range []struct{ name, request string }{
		{"a percent sign that escapes nothing", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"no host", "GET /healthz HTTP/1.1\r\n\r\n"},
		{"an unknown transfer coding", "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: rot13\r\n\r\n"},
		{"an unknown expectation", "POST /x HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n"},
		{"a header too large", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"},
		{"two lengths", "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"},
		{"another protocol", "HELO example\r\n\r\n"},
		{"a version to come", "GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			// Its bytes come together with those of a request that is answered, and after one.
			const good = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
			io.WriteString(conn, good)
			answers := bufio.NewReader(conn)
			for i := range 2 {
				answer, err := http.ReadResponse(answers, nil)
				if err != nil {
					t.Fatal(err)
				}
				if body, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != 200 {
					t.Fatalf("a good request got %s %s, %v", answer.Status, body, err)
				}
				if i == 0 {
					io.WriteString(conn, good+test.request)
				}
			}
			answer, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			conn.(*net.TCPConn).CloseWrite() // else net/http waits for the body
			if rest, _ := io.ReadAll(answers); len(rest) > 0 {
				t.Errorf("after the refusal came %q", rest)
			}
			if err != nil || answer.StatusCode != 400 || answer.Header.Get("Content-Type") != "application/json; charset=utf-8" ||
				!strings.Contains(string(body), `"code":"CONSTRAINT_VIOLATION"`) {
				t.Errorf("got %s %v %s, %v", answer.Status, answer.Header, body, err)
			}
		})
	}
}

// An answer of the handler is sent unchanged, whatever its status, and wherever it has the
// text with which net/http's own answers begin.
func TestHandlersAnswersAreSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var status int
	var text []byte
	var sized bool // else the answer is sent in chunks
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if sized {
			w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		}
		w.WriteHeader(status)
		w.Write(text)
	})}
	go server.Serve(Attach(server, l, testOptions))
	defer server.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute)) // for a body that is cut off
	answers := bufio.NewReader(conn)
	send := func(t *testing.T) {
		t.Helper()
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != status || !bytes.Equal(body, text) {
			t.Fatalf("got %s, %d bytes, %v, want %d and %d bytes", answer.Status, len(body), err, status, len(text))
		}
	}
	for of := 100; of < 600; of++ {
		if http.StatusText(of) == "" {
			continue
		}
		line := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n", of, http.StatusText(of))
		t.Run(http.StatusText(of), func(t *testing.T) {
			status = http.StatusOK
			for offset := range len(line) {
				text = []byte(line[offset:] + strings.Repeat(line, 8<<10/len(line))) // net/http writes 2 or 4 KiB at a time
				for _, sized = range []bool{true, false} {
					send(t)
				}
			}
			if status = of; of >= 400 {
				send(t)
			}
		})
	}
}
