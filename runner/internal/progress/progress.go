// Package progress shows how far a run is, while it runs.
//
// It is a line of package terminal. On a terminal:
//
//	312 of 969  2 failed  410/s  2s left  features/rollout.feature:88 A climb from S0 to S1
//
// that is: scenarios that came to an end, those of them that did not pass, how many end in a second, how long the rest
// takes at that, and the scenario that has run the longest of those that run now. Elsewhere:
//
//	scenarios: 312 of 969, 2 failed, 4.0/s, 2m44s left, features/rollout.feature:88
package progress

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/terminal"
)

// Progress receives the events of a run.
type Progress struct {
	selection *plan.Selection
	all       int
	secrets   *record.Secrets
	stop      chan struct{}
	stopped   sync.WaitGroup

	mu           sync.Mutex
	shown        *terminal.ProgressLine
	began        time.Time
	done, failed int
	running      map[int]time.Time // since when, by the place in the plan
}

// Start begins to show the progress of some scenarios, which are run so many times.
func Start(stream terminal.Stream, selection *plan.Selection, times int, secrets *record.Secrets) *Progress {
	p := begin(stream, selection, times, secrets, time.Now())
	p.stopped.Go(func() {
		ticker := time.NewTicker(terminal.LivePause / 2)
		defer ticker.Stop()
		for {
			select {
			case now := <-ticker.C:
				p.tick(now)
			case <-p.stop:
				return
			}
		}
	})
	return p
}

func begin(stream terminal.Stream, selection *plan.Selection, times int, secrets *record.Secrets, now time.Time) *Progress {
	return &Progress{
		selection: selection, all: times * len(selection.Scenarios), secrets: secrets, stop: make(chan struct{}),
		shown: stream.Line(now), began: now, running: map[int]time.Time{},
	}
}

// Stop takes the line away.
func (p *Progress) Stop() {
	close(p.stop)
	p.stopped.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown.End()
}

// ScenarioBegan is called when a scenario begins, with its index in the plan.
func (p *Progress) ScenarioBegan(place int, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running[place] = at
}

// ScenarioEnded is called with the result of a scenario.
func (p *Progress) ScenarioEnded(place int, result record.Result, _ *record.Failure, _ time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.running, place)
	p.done++
	if result.Status != record.Passed && result.Status != record.NotRun {
		p.failed++
	}
}

// Events within a scenario are not shown.

func (p *Progress) StepBegan(int, int, time.Time)  {}
func (p *Progress) StepPassed(int, int, time.Time) {}
func (p *Progress) Exchanged(*record.Exchange)     {}

// tick shows how far it is.
func (p *Progress) tick(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown.Print(now, func(live bool) string {
		if live {
			return p.line(now)
		}
		return "scenarios: " + strings.Join(p.words(now), ", ")
	})
}

// words are the parts of the line.
func (p *Progress) words(now time.Time) []string {
	words := []string{fmt.Sprintf("%d of %d", p.done, p.all)}
	if p.failed > 0 {
		words = append(words, strconv.Itoa(p.failed)+" failed")
	}
	if seconds := now.Sub(p.began).Seconds(); p.done > 0 && seconds > 0 {
		rate := float64(p.done) / seconds
		left := time.Duration(math.Ceil(float64(p.all-p.done)/rate)) * time.Second
		words = append(words, perSecond(rate)+"/s", left.String()+" left")
	}
	if s := p.longest(); s != nil {
		words = append(words, s.Where())
	}
	return words
}

// line is one for a terminal.
func (p *Progress) line(now time.Time) string {
	text := strings.Join(p.words(now), "  ")
	if s := p.longest(); s != nil {
		text += " " + p.secrets.Scrub(s.Name)
	}
	return text
}

// perSecond is a rate, with a decimal where that makes a difference.
func perSecond(rate float64) string {
	if rate < 10 {
		return strconv.FormatFloat(rate, 'f', 1, 64)
	}
	return strconv.FormatFloat(rate, 'f', 0, 64)
}

// longest is the scenario that has run the longest, and nil when none runs.
func (p *Progress) longest() *plan.Scenario {
	if len(p.running) == 0 {
		return nil
	}
	places := slices.Sorted(maps.Keys(p.running))
	return &p.selection.Plan.Scenarios[slices.MinFunc(places, func(a, b int) int { return p.running[a].Compare(p.running[b]) })]
}
