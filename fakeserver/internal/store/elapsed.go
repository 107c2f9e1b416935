package store

import "example.com/lpgate/fakeserver/internal/instant"

// elapsed adds up by how much a clock has gone forwards, in milliseconds. How long
// something has been kept is measured by it, and not by the clock itself, because
// a test may move that back: what was kept before would then last until the clock
// has caught up with it, and what is kept after would not be the youngest.
type elapsed struct {
	last  instant.Instant
	begun bool
	total instant.Instant
}

// at is how much there was when the clock says now.
func (l *elapsed) at(now instant.Instant) instant.Instant {
	if l.begun {
		l.total += max(0, now-l.last)
	}
	l.last, l.begun = now, true
	return l.total
}
