// Package fakeservertest starts the fake service in Go tests:
//
//	url := fakeservertest.Start(t).URL
package fakeservertest

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/client"
	"example.com/lpgate/schemas"
)

// Running is a server that answers.
type Running struct {
	*fakeserver.Server
	URL string // such as http://127.0.0.1:41234
	// HTTP is a client of the server. After Start any other client is, too.
	HTTP *http.Client
	// Admin is a client of the admin API.
	Admin *client.Client
}

// Start starts a server on a free port of the loopback interface, and stops it when the
// test ends. Self-check is on: an answer that is not valid by its schema fails the test.
// If the test has failed, the requests to each world are logged.
func Start(t testing.TB, change ...func(*fakeserver.Options)) *Running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("starting the fake server: %v", err)
	}
	return serve(t, l, http.DefaultClient, change)
}

// StartInMemory is like [Start] but takes no port: only [Running.HTTP] and
// [Running.Admin] reach the server, whatever the host of a URL.
func StartInMemory(t testing.TB, change ...func(*fakeserver.Options)) *Running {
	t.Helper()
	p := newPipe()
	return serve(t, p, p.client(), change)
}

func serve(t testing.TB, l net.Listener, httpClient *http.Client, change []func(*fakeserver.Options)) *Running {
	t.Helper()
	options := fakeserver.Options{
		SelfCheck: true,
		OnViolation: func(operation string, violations []schemas.Violation) {
			t.Errorf("self-check: an answer of %s is not valid by its schema: %+v", operation, violations)
		},
	}
	for _, f := range change {
		f(&options)
	}
	s, err := fakeserver.New(options)
	if err != nil {
		t.Fatalf("starting the fake server: %v", err)
	}
	url := "http://" + l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l, 5*time.Second) }()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Requests to the fake server:\n%s", s.Journals())
		}
		httpClient.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stopping the fake server: %v", err)
		}
	})
	return &Running{Server: s, URL: url, HTTP: httpClient, Admin: client.With(httpClient, url, options.AdminToken)}
}
