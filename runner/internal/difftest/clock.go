package difftest

import (
	"regexp"
	"slices"
	"time"
)

// clock is the clock of the fake. It excuses times that no request set, since each server has its own clock.
//
// A moving clock advances with each call, so that all its readings are known and different. Each reading of the fake
// corresponds to one time of the target, wherever it appears.
type clock struct {
	now      time.Time
	fixed    bool
	readings map[string]string // times of the fake to those of the target; "" for one that no response had yet
}

// fixedClock returns a clock that both servers share.
func fixedClock(at time.Time) *clock { return &clock{now: at, fixed: true} }

// movingClock returns a clock that starts at a time.
func movingClock(at time.Time) *clock { return &clock{now: at, readings: map[string]string{}} }

// tick sets a moving clock to the present, and at least one millisecond ahead.
func (c *clock) tick(present time.Time) {
	if c.fixed {
		return
	}
	next := c.now.Add(time.Millisecond)
	if present.After(next) {
		next = present
	}
	c.now = next.Truncate(time.Millisecond)
	c.readings[formatTime(c.now.UnixMilli())] = ""
}

// timePattern matches a time in the format of the contract.
var timePattern = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z`)

// equal reports whether two strings differ only in readings of the clocks.
func (c *clock) equal(fake, target any) bool {
	fakeText, isText := fake.(string)
	targetText, isAlso := target.(string)
	if c.fixed || !isText || !isAlso {
		return false
	}
	fakeTimes, targetTimes := timePattern.FindAllString(fakeText, -1), timePattern.FindAllString(targetText, -1)
	if len(fakeTimes) != len(targetTimes) || !slices.Equal(timePattern.Split(fakeText, -1), timePattern.Split(targetText, -1)) {
		return false
	}
	for i, reading := range fakeTimes {
		known, isReading := c.readings[reading]
		switch {
		case reading == targetTimes[i]:
		case !isReading, known != "" && known != targetTimes[i]:
			return false
		default:
			c.readings[reading] = targetTimes[i]
		}
	}
	return true
}

// formatTime formats a time in the format of the contract.
func formatTime(milliseconds int64) string {
	return time.UnixMilli(milliseconds).UTC().Format(timeLayout)
}
