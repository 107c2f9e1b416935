package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"example.com/lpgate/fakeserver"
)

// drainTimeout is how long requests in progress may take after the signal to stop.
const drainTimeout = 10 * time.Second

// serve runs the server until ctx is done. It listens last, so that a client that can
// connect finds the server ready.
func serve(ctx context.Context, s *settings, stdout, stderr io.Writer) error {
	if err := s.read(); err != nil {
		return err
	}
	log, err := s.logging.logger(stderr, s.source)
	if err != nil {
		return err
	}
	s.options.Log = log
	server, err := fakeserver.New(s.options)
	if origin := (*fakeserver.OriginError)(nil); errors.As(err, &origin) {
		return fmt.Errorf("%s: %w", s.source("cors-origin"), err)
	} else if err != nil {
		return err
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		return fmt.Errorf("%w: %w", errServing, err)
	}
	if err := s.writeCertificate(); err != nil {
		return err
	}
	defer s.reloadOnHangup(server)()
	if err := s.banner(stdout, l.Addr().String()); err != nil {
		return fmt.Errorf("%w: %w", errServing, err)
	}
	if err := server.Serve(ctx, l, drainTimeout); err != nil {
		return fmt.Errorf("%w: %w", errServing, err)
	}
	return nil
}
