package fakeserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"example.com/lpgate/fakeserver/internal/connlimit"
)

// headerBytes is the maximum size of the header of a request.
const headerBytes = 64 << 10

// overHTTP1 returns a TLS configuration that offers HTTP/1.1 alone.
func overHTTP1(config *tls.Config) *tls.Config {
	if config == nil {
		return nil
	}
	config = config.Clone()
	config.NextProtos = []string{"http/1.1"}
	return config
}

// Serve serves l until ctx is done. Then it accepts no connections, finishes the requests
// that have begun, within drain, and returns nil. Requests that Go's HTTP parser refuses get
// an answer in the contract's form.
func (s *Server) Serve(ctx context.Context, l net.Listener, drain time.Duration) error {
	server := &http.Server{
		Handler:                      s,
		ReadHeaderTimeout:            s.limits.Header,
		ReadTimeout:                  s.limits.Body,
		IdleTimeout:                  s.limits.Idle,
		MaxHeaderBytes:               headerBytes,
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelWarn), // the messages of net/http
		DisableGeneralOptionsHandler: true,                                               // OPTIONS * is an unknown route here
		BaseContext: func(l net.Listener) context.Context {
			return context.WithValue(context.WithValue(context.Background(), serving{}, ctx), listenerKey{}, l.Addr())
		},
	}
	s.log.Info("listening", "address", l.Addr().String())
	l = connlimit.Attach(server, l, connlimit.Options{Connections: s.limits.Connections, Stall: s.limits.Stall, TLS: s.tls, Now: time.Now})
	done := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		s.log.Info("stopping", "drain", drain.String())
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		done <- server.Shutdown(ctx)
	})
	err := server.Serve(l)
	if stop() || !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	if err := <-done; err != nil {
		return fmt.Errorf("draining: %w", err)
	}
	s.log.Info("stopped")
	return nil
}

// serving is the key under which a request's context has the context of its Serve, which is
// done once the server shuts down. The request itself goes on.
type serving struct{}

// untilShutdown makes a wait end when the server shuts down, too.
func untilShutdown(wait func(context.Context, time.Duration)) func(context.Context, time.Duration) {
	return func(ctx context.Context, long time.Duration) {
		if stopped, ok := ctx.Value(serving{}).(context.Context); ok {
			until, cancel := context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(stopped, cancel)()
			ctx = until
		}
		wait(ctx, long)
	}
}

// wait is the default of Options.Wait.
func wait(ctx context.Context, long time.Duration) {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
