package store

import "example.com/lpgate/fakeserver/internal/instant"

// elapsed is the sum of the forward steps of a clock, in milliseconds. Retention is measured
// by it, and not by the clock itself, because a test may set the clock back: then what was
// stored before would last longer, and what is stored after would not be the youngest.
type elapsed struct {
	last  instant.Instant
	begun bool
	total instant.Instant
}

// at returns the elapsed time, now being the time of the clock.
func (l *elapsed) at(now instant.Instant) instant.Instant {
	if l.begun {
		l.total += max(0, now-l.last)
	}
	l.last, l.begun = now, true
	return l.total
}
