// Package clock has the clock of a world, by which all is timed: what is recorded without a
// time of its own, retention, the expiry of checkpoints and cached answers, and the journal.
//
// It has three modes:
//
//	{"mode": "real"}                                    the server's time
//	{"mode": "frozen", "at": "2026-02-22T16:00:00Z"}    a fixed time
//	{"mode": "moved", "by": "180d"}                     so much ahead of it (or, with a minus, behind)
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

// Setting is the mode of a clock.
type Setting struct {
	Mode string `json:"mode"`
	// At is the time of a frozen clock; nil in the other modes.
	At *instant.Instant `json:"at,omitzero"`
	// By is how far a moved clock is ahead; 0 in the other modes.
	By Span `json:"by,omitzero"`
}

// Check returns the problem of a setting; nil if it is valid.
func (s Setting) Check() error {
	switch s.Mode {
	case Real:
		if s.At != nil || s.By != 0 {
			return errors.New("a real clock has neither at nor by")
		}
	case Frozen:
		if s.At == nil || s.By != 0 {
			return errors.New("a frozen clock has at, its time, and no by")
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

// Clock returns the time. It is safe for concurrent use; reading takes no lock.
type Clock struct {
	base    func() time.Time
	setting atomic.Pointer[Setting]
}

// New returns a clock in real mode. Base is the server's time.
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

// Setting returns the mode of the clock.
func (c *Clock) Setting() Setting { return *c.setting.Load() }

// Set changes the mode. After an error the clock is unchanged.
func (c *Clock) Set(s Setting) error {
	if err := s.Check(); err != nil {
		return err
	}
	c.setting.Store(&s)
	return nil
}

// Advance moves the clock forwards, or back if the span is negative: a frozen one to another
// time; another one becomes moved. After an error the clock is unchanged.
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

// Span is a duration. As text it is written as by time.Duration, and read with days too, which
// come first: "90m", "180d", "-1d12h".
type Span time.Duration

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(text []byte) error {
	got, err := ParseSpan(string(text))
	*s = got
	return err
}

// maxDays keeps a span within a time.Duration, which is 292 years.
const (
	maxDays      = 100_000
	longest Span = Span(maxDays * 24 * time.Hour)
)

// ParseSpan reads a span.
func ParseSpan(text string) (Span, error) {
	wrong := fmt.Errorf("%q is not a duration: write 90s, 36h, 180d or -1d12h, up to %d days", text, maxDays)
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
