package html

import (
	"math"
	"slices"
	"time"

	"example.com/lpgate/runner/internal/record"
)

// times has the durations of scenarios as drawings. The scales are logarithmic: most scenarios take about as long as each other,
// and some a hundred times as long.
type times struct {
	Count, Height, Width int
	Bars                 []bar
	Rows                 []timeRow
	Slowest              []slow
}

// bar is a bar of the histogram.
type bar struct {
	X, Y, W, H, Mid int
	Count           int
	From, To        time.Duration
}

// Label returns the y coordinate of its count.
func (b bar) Label() int { return b.Y - 4 }

// Foot returns the y coordinate of its bound.
func (b bar) Foot() int { return plotTop + plotHeight + 15 }

// timeRow has the durations of a feature.
type timeRow struct {
	Name                           string
	Count                          int
	Median, P95, Max, Total        time.Duration
	FromX, BoxX, BoxW, MidX, Until int // add a strip of stripWidth
}

// slow is one of the slowest scenarios.
type slow struct {
	*row
	Width int // add 100
}

const (
	plotWidth   = 640
	plotHeight  = 150
	plotTop     = 18
	stripWidth  = 200
	mostSlowest = 10
)

// bounds returns the upper bounds of the bars: 1, 2 and 5 times each power of ten, from 0.1 ms to 1000 s.
func bounds() (all []time.Duration) {
	for unit := 100 * time.Microsecond; unit <= 1000*time.Second; unit *= 10 {
		all = append(all, unit, 2*unit, 5*unit)
	}
	return all
}

func timesOf(features []feature) (t times) {
	var took []time.Duration
	var rows []*row
	for _, f := range features {
		for _, r := range f.Rows {
			if d := r.Took(); d > 0 && r.Result.Status != record.NotRun {
				took = append(took, d)
				rows = append(rows, r)
			}
		}
	}
	if len(took) == 0 {
		return t
	}
	slices.Sort(took)
	t.Count, t.Width, t.Height = len(took), plotWidth, plotHeight+plotTop+22
	t.Bars = histogram(took)

	low, high := math.Log(float64(took[0])), math.Log(float64(took[len(took)-1]))
	at := func(d time.Duration) int {
		if high <= low {
			return stripWidth / 2
		}
		return int(math.Round((math.Log(float64(d)) - low) / (high - low) * stripWidth))
	}
	for _, f := range features {
		var took []time.Duration
		r := timeRow{Name: f.Name}
		for _, s := range f.Rows {
			if d := s.Took(); d > 0 {
				took = append(took, d)
				r.Total += d
			}
		}
		if len(took) == 0 {
			continue
		}
		slices.Sort(took)
		part := func(p float64) time.Duration { return took[int(p*float64(len(took)-1))] }
		r.Count, r.Median, r.P95, r.Max = len(took), part(0.5), part(0.95), part(1)
		r.FromX, r.BoxX, r.MidX, r.Until = at(part(0)), at(part(0.25)), at(part(0.5)), at(part(1))
		r.BoxW = max(at(part(0.75))-r.BoxX, 2)
		t.Rows = append(t.Rows, r)
	}
	slices.SortStableFunc(rows, func(a, b *row) int { return int(b.Took() - a.Took()) })
	for _, r := range rows[:min(len(rows), mostSlowest)] {
		t.Slowest = append(t.Slowest, slow{r, max(int(100*r.Took()/rows[0].Took()), 1)})
	}
	return t
}

// histogram returns the bars of sorted durations.
func histogram(took []time.Duration) (bars []bar) {
	from, most := time.Duration(0), 0
	for _, to := range bounds() {
		n := 0
		for len(took) > 0 && took[0] < to {
			n, took = n+1, took[1:]
		}
		if n > 0 || len(bars) > 0 {
			bars, most = append(bars, bar{From: from, To: to, Count: n}), max(most, n)
		}
		if from = to; len(took) == 0 {
			break
		}
	}
	if len(took) > 0 { // longer than all bounds
		bars, most = append(bars, bar{From: from, To: took[len(took)-1], Count: len(took)}), max(most, len(took))
	}
	width := plotWidth / max(len(bars), 6)
	for i := range bars {
		b := &bars[i]
		b.H = b.Count * plotHeight / most
		if b.Count > 0 {
			b.H = max(b.H, 1)
		}
		b.X, b.W, b.Y = i*width+2, width-4, plotTop+plotHeight-b.H
		b.Mid = b.X + b.W/2
	}
	return bars
}
