package progress

import (
	"strings"
	"testing"
	"time"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/terminal"
)

// what is one event, so many milliseconds after the run began.
type what struct {
	after int
	send  func(*Progress, time.Time)
}

func tick(p *Progress, at time.Time) { p.tick(at) }

func began(place int) func(*Progress, time.Time) {
	return func(p *Progress, at time.Time) { p.ScenarioBegan(place, at) }
}

func ended(place int, status record.Status) func(*Progress, time.Time) {
	return func(p *Progress, at time.Time) { p.ScenarioEnded(place, record.Result{Status: status}, nil, at) }
}

func TestLines(t *testing.T) {
	live := func() int { return 80 }
	tests := []struct {
		name  string
		width func() int
		what  []what
		want  string
	}{
		{"nothing happened yet", live, []what{{100, tick}}, "\r0 of 4\x1b[K"},
		{"the first runs", live, []what{{10, began(0)}, {100, tick}}, "\r0 of 4  features/bell.feature:3 Ring 0\x1b[K"},
		{"some passed", live, []what{{10, began(0)}, {90, ended(0, record.Passed)}, {90, began(1)}, {100, tick}},
			"\r1 of 4  10/s  1s left  features/bell.feature:4 Ring 1\x1b[K"},
		{"some did not", live, []what{{0, began(0)}, {0, ended(0, record.Failed)}, {0, began(1)}, {0, ended(1, record.Undefined)}, {4000, tick}},
			"\r2 of 4  2 failed  0.5/s  4s left\x1b[K"},
		{"what did not run did not fail", live, []what{{0, began(0)}, {0, ended(0, record.NotRun)}, {1000, tick}}, "\r1 of 4  1.0/s  3s left\x1b[K"},
		{"the one that has run the longest", live, []what{{5, began(1)}, {1, began(0)}, {100, tick}}, "\r0 of 4  features/bell.feature:3 Ring 0\x1b[K"},
		{"a key is not shown", live, []what{{0, began(3)}, {100, tick}}, "\r0 of 4  features/bell.feature:6 Ring [redacted]\x1b[K"},
		{"drawn over", live, []what{{100, tick}, {200, tick}}, "\r0 of 4\x1b[K\r0 of 4\x1b[K"},
		{"a narrow terminal", func() int { return 24 }, []what{{10, began(0)}, {100, tick}}, "\r0 of 4  features/bell.…\x1b[K"},
		{"no terminal, and a short run", nil, []what{{0, began(0)}, {29999, tick}}, ""},
		{"no terminal, and a long run", nil, []what{{0, began(0)}, {0, ended(0, record.Failed)}, {1, began(1)}, {30000, tick}, {30100, tick}, {59900, tick}, {60000, tick}},
			"scenarios: 1 of 4, 1 failed, 0.0/s, 1m30s left, features/bell.feature:4\n" +
				"scenarios: 1 of 4, 1 failed, 0.0/s, 3m0s left, features/bell.feature:4\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got strings.Builder
			start := time.Unix(1_700_000_000, 0)
			secrets := new(record.Secrets)
			secrets.Learn("lpk_secret")
			p := begin(terminal.Stream{Writer: &got, Width: test.width}, bells(), 1, secrets, start)
			for _, what := range test.what {
				what.send(p, start.Add(time.Duration(what.after)*time.Millisecond))
			}
			if got.String() != test.want {
				t.Errorf("shown %q, want %q", got.String(), test.want)
			}
		})
	}
}

// bells are four scenarios.
func bells() *plan.Selection {
	s := &plan.Selection{Plan: new(plan.Plan)}
	for i, name := range []string{"Ring 0", "Ring 1", "Ring 2", "Ring lpk_secret"} {
		s.Plan.Scenarios = append(s.Plan.Scenarios, plan.Scenario{URI: "features/bell.feature", Line: 3 + i, Name: name})
		s.Scenarios = append(s.Scenarios, i)
	}
	return s
}

// The line is taken away, if there was one.
func TestStop(t *testing.T) {
	tests := []struct {
		name  string
		width func() int
		ticks int
		want  string
	}{
		{"there was a line", func() int { return 80 }, 1, "\r0 of 4\x1b[K\r\x1b[K"},
		{"there was none yet", func() int { return 80 }, 0, ""},
		{"there never is one", nil, 1, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got strings.Builder
			start := time.Unix(1_700_000_000, 0)
			p := begin(terminal.Stream{Writer: &got, Width: test.width}, bells(), 1, new(record.Secrets), start)
			for range test.ticks {
				p.tick(start.Add(terminal.LivePause))
			}
			p.Stop()
			if got.String() != test.want {
				t.Errorf("shown %q, want %q", got.String(), test.want)
			}
		})
	}
}
