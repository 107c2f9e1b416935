package difftest

import (
	"regexp"
	"slices"
	"time"
)

// clocks excuse times that no request set: each side has read its own clock.
//
// The fake's clock is moved by the walk, a step with each call, so that what it says is known and never said twice. The
// same reading has to be the same time on the target's side too, wherever it appears again.
type clocks struct {
	now      time.Time
	still    bool
	readings map[string]string // the fake's reading to the target's
}

// standing clocks are the same on both sides.
func standing(at time.Time) *clocks { return &clocks{now: at, still: true} }

// moving clocks start at a time.
func moving(at time.Time) *clocks { return &clocks{now: at, readings: map[string]string{}} }

// tick moves the fake's clock to the present, or a little beyond.
func (c *clocks) tick(present time.Time) {
	if c.still {
		return
	}
	next := c.now.Add(time.Millisecond)
	if present.After(next) {
		next = present
	}
	c.now = next.Truncate(time.Millisecond)
	c.readings[timeText(c.now.UnixMilli())] = ""
}

var aTime = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z`)

// same says whether two strings differ in nothing but readings of clocks.
func (c *clocks) same(want, got any) bool {
	left, isText := want.(string)
	right, isAlso := got.(string)
	if c.still || !isText || !isAlso {
		return false
	}
	wanted, is := aTime.FindAllString(left, -1), aTime.FindAllString(right, -1)
	if len(wanted) != len(is) || !slices.Equal(aTime.Split(left, -1), aTime.Split(right, -1)) {
		return false
	}
	for i, reading := range wanted {
		before, read := c.readings[reading]
		switch {
		case reading == is[i]:
		case !read, before != "" && before != is[i]:
			return false
		default:
			c.readings[reading] = is[i]
		}
	}
	return true
}
