// Package clock is the one clock of a world. All that reads time reads it: what is
// recorded when a request names no time, retention, the expiry of checkpoints and
// of kept answers, and the journal.
//
// It is in one of three modes:
//
//	{"mode": "real"}                                    the server's own time
//	{"mode": "frozen", "at": "2026-02-22T16:00:00Z"}    it stands still
//	{"mode": "moved", "by": "180d"}                     it runs, so much ahead (or, with a minus, behind)
package clock

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"example.com/lpgate/fakeserver/internal/instant"
)

// The modes.
const (
	Real   = "real"
	Frozen = "frozen"
	Moved  = "moved"
)

// Setting says how a clock goes.
type Setting struct {
	Mode string `json:"mode"`
	// At is where a frozen clock stands; nil in the other modes.
	At *instant.Instant `json:"at,omitzero"`
	// By is how far a moved clock is ahead; 0 in the other modes.
	By Span `json:"by,omitzero"`
}

// Check says what is wrong with a setting.
func (s Setting) Check() error {
	switch s.Mode {
	case Real:
		if s.At != nil || s.By != 0 {
			return errors.New("a real clock has neither at nor by")
		}
	case Frozen:
		if s.At == nil || s.By != 0 {
			return errors.New("a frozen clock has at, the time at which it stands, and no by")
		}
	case Moved:
		if s.At != nil {
			return errors.New("a moved clock has by, how far it is ahead, and no at")
		}
	default:
		return fmt.Errorf("mode %q is none of real, frozen and moved", s.Mode)
	}
	return nil
}

// Clock tells the time. It is safe for concurrent use; reading takes no lock.
type Clock struct {
	base    func() time.Time
	setting atomic.Pointer[Setting]
}

// New gives a clock in real mode: base is the server's own time.
func New(base func() time.Time) *Clock {
	c := &Clock{base: base}
	c.setting.Store(&Setting{Mode: Real})
	return c
}

// Now is the time.
func (c *Clock) Now() time.Time {
	switch s := c.setting.Load(); s.Mode {
	case Frozen:
		return time.UnixMilli(int64(*s.At)).UTC()
	case Moved:
		return c.base().Add(time.Duration(s.By))
	}
	return c.base()
}

// Setting tells how the clock goes.
func (c *Clock) Setting() Setting { return *c.setting.Load() }

// Set makes the clock go otherwise. An error leaves it as it was.
func (c *Clock) Set(s Setting) error {
	if err := s.Check(); err != nil {
		return err
	}
	c.setting.Store(&s)
	return nil
}

// Advance moves the clock on, or with a negative span back: a frozen one stands at
// another time, and one that runs is moved. An error leaves it as it was.
func (c *Clock) Advance(by Span) error {
	for {
		old := c.setting.Load()
		next := *old
		if old.Mode == Frozen {
			at := *old.At + instant.Instant(time.Duration(by).Milliseconds())
			if !at.Written() {
				return errors.New("it would leave the years 0000 to 9999, which RFC 3339 can write")
			}
			next.At = &at
		} else {
			if by > 0 && old.By > longest-by || by < 0 && old.By < -longest-by {
				return fmt.Errorf("it would be more than %d days away from the server's time", maxDays)
			}
			next.Mode, next.By = Moved, old.By+by
		}
		if c.setting.CompareAndSwap(old, &next) {
			return nil
		}
	}
}

// Span is an amount of time, to the nanosecond. As text it is written as Go writes
// a duration, and read with days too, which come first: "90m", "180d", "-1d12h".
type Span time.Duration

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(text []byte) error {
	got, err := ParseSpan(string(text))
	*s = got
	return err
}

// maxDays keeps a span within what a duration can say, which is 292 years.
const (
	maxDays      = 100_000
	longest Span = Span(maxDays * 24 * time.Hour)
)

// ParseSpan reads a span.
func ParseSpan(text string) (Span, error) {
	wrong := fmt.Errorf("%q is no amount of time: write 90s, 36h, 180d or -1d12h, up to %d days", text, maxDays)
	rest, negative := strings.CutPrefix(text, "-")
	var total time.Duration
	if days, after, found := strings.Cut(rest, "d"); found {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || n > maxDays {
			return 0, wrong
		}
		total, rest = time.Duration(n)*24*time.Hour, after
		if rest == "" {
			rest = "0s"
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || strings.HasPrefix(rest, "+") || total+d > maxDays*24*time.Hour {
		return 0, wrong
	}
	if total += d; negative {
		total = -total
	}
	return Span(total), nil
}
