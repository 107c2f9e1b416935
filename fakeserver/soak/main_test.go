package main

import (
	"errors"
	"io"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestVerdict(t *testing.T) {
	// grown returns a sample per second of a heap that grows to 100 MB until it is full, after
	// ten seconds, and then by a constant amount.
	grown := func(more uint64) (all []sample) {
		heap := uint64(50_000_000)
		for i := range 60 {
			full := i >= 10
			if full {
				heap += more
			} else {
				heap += 5_000_000
			}
			all = append(all, sample{time.Duration(i) * time.Second, heap, full})
		}
		return all
	}
	for name, c := range map[string]struct {
		samples  []sample
		statuses []int
		fails    bool
		message  string
	}{
		"it stopped growing":       {grown(0), []int{200, 503, 507}, false, ""},
		"it grows":                 {grown(100_000), []int{200, 503, 507}, true, "still grows"},
		"too little time":          {grown(0)[:12], []int{200, 503, 507}, false, "use a longer --for"},
		"records were not bounded": {grown(0), []int{200, 503}, true, "never reached"},
		"worlds were not bounded":  {grown(0), []int{200, 507}, true, "never reached"},
	} {
		t.Run(name, func(t *testing.T) {
			s := soak{out: io.Discard, percent: 5, samples: c.samples}
			for _, status := range c.statuses {
				n := new(atomic.Int64)
				n.Add(1)
				s.statuses.Store(status, n)
			}
			err := s.verdict()
			got := ""
			if err != nil {
				got = err.Error()
			}
			if errors.Is(err, errGrows) != c.fails || !strings.Contains(got, c.message) || (c.message == "") != (err == nil) {
				t.Errorf("got %v, want a failure: %v, saying %q", err, c.fails, c.message)
			}
		})
	}
	// 100 kB per second of 102 MB is 5.8 % per minute.
	if got := risePerMinute(grown(100_000)[20:]); math.Abs(got-5.8) > 0.1 {
		t.Errorf("the rise is %.2f %%, want 5.8", got)
	}
}
