package connlimit

import (
	"errors"
	"net"
	"slices"
	"testing"
	"time"
)

// reader is a connection whose client takes a while for each piece, by a clock of
// its own, and has gone when that is longer than the deadline.
type reader struct {
	net.Conn
	now, deadline time.Time
	takes         time.Duration
	pieces        []int
}

var errStalled = errors.New("stalled")

func (r *reader) SetWriteDeadline(t time.Time) error { r.deadline = t; return nil }

func (r *reader) Write(b []byte) (int, error) {
	r.now = r.now.Add(r.takes)
	if r.now.After(r.deadline) {
		return 0, errStalled
	}
	r.pieces = append(r.pieces, len(b))
	return len(b), nil
}

func TestWrite(t *testing.T) {
	for _, test := range []struct {
		name   string
		bytes  int
		takes  time.Duration
		pieces []int
		err    error
	}{
		{"nothing", 0, 0, []int{0}, nil},
		{"a small answer", 100, 0, []int{100}, nil},
		{"one piece", pieceBytes, 0, []int{pieceBytes}, nil},
		{"a byte more", pieceBytes + 1, 0, []int{pieceBytes, 1}, nil},
		{"a slow reader of much", 3 * pieceBytes, 59 * time.Second, []int{pieceBytes, pieceBytes, pieceBytes}, nil},
		{"a reader of nothing", 3 * pieceBytes, 61 * time.Second, nil, errStalled},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &reader{takes: test.takes}
			c := &conn{r, nil, time.Minute, func() time.Time { return r.now }}
			n, err := c.Write(make([]byte, test.bytes))
			if !slices.Equal(r.pieces, test.pieces) || err != test.err || err == nil && n != test.bytes {
				t.Errorf("got %d, %v in %v, want %v in %v", n, err, r.pieces, test.err, test.pieces)
			}
		})
	}
}
