package difftest

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"example.com/lpgate/runner/internal/golden"
)

// exploration is what was found with one sequence.
type exploration struct {
	number int
	calls  []exploredCall
	dead   error // why the target does not respond any more
	err    error
}

// exploredCall is a call with the execution that it belongs to, up to the call.
type exploredCall struct {
	*comparedCall
	findings []*finding
}

// maxNoResponse is the number of requests without a response after which no more sequences are sent: each may take as long as
// --max-time.
const maxNoResponse = 10

// explore executes sequences until the calls are made. It executes them concurrently if both servers are in this process,
// and counts them in their order.
func (r *runner) explore(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	if r.session.transport != nil {
		workers = 1
	}
	results := make(chan exploration, workers)
	ahead := make(chan struct{}, 16*workers) // limits the results that wait for a slower worker
	var next atomic.Int64
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	for range workers {
		writer, err := golden.NewWriter(r.session.milestone, nil)
		if err != nil {
			return err
		}
		group.Go(func() {
			for {
				select {
				case ahead <- struct{}{}:
				case <-ctx.Done():
					return
				}
				select {
				case results <- r.exploreSequence(ctx, writer, int(next.Add(1))-1):
				case <-ctx.Done():
					return
				}
			}
		})
	}
	waiting := map[int]exploration{}
	for number := 0; ; number++ {
		for {
			if _, ok := waiting[number]; ok {
				break
			}
			select {
			case e := <-results:
				waiting[e.number] = e
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		e := waiting[number]
		delete(waiting, number)
		<-ahead
		if e.err != nil {
			return e.err
		}
		if done := r.count(e); done {
			return nil
		}
		r.printProgress()
	}
}

// exploreSequence executes a sequence. Each time the state of the servers may be different after a call, it executes the sequence
// again without that call.
func (r *runner) exploreSequence(ctx context.Context, writer *golden.Writer, number int) exploration {
	e := exploration{number: number}
	seq := r.grammar.sequence(randomSeed(r.session.service.RunID, number))
	for from := 0; ; {
		executed, err := r.session.execute(ctx, writer, number, seq, r.avoid)
		if err != nil {
			e.err = err
			return e
		}
		for i := range executed.calls {
			if call := &executed.calls[i]; call.index >= from {
				e.calls = append(e.calls, exploredCall{call, executed.findingsAt(i)})
			}
		}
		if !executed.diverged {
			return e
		}
		last := executed.calls[len(executed.calls)-1]
		if hasNoResponse(last) {
			r.avoid[callText(seq.Calls[last.index])] = true // there is one worker
			if r.session.target != nil {
				if e.dead = r.session.target.Gone(ctx); e.dead != nil {
					return e
				}
			}
		}
		from, seq = last.index, seq.without(last.index)
	}
}

func hasNoResponse(c comparedCall) bool {
	return len(c.differences) > 0 && c.differences[0].Kind == NoResponse
}

// count counts the calls of a sequence, and reports whether the run is over.
func (r *runner) count(e exploration) (done bool) {
	r.coverage.sequences++
	r.dead = e.dead
	for _, call := range e.calls {
		r.coverage.add(call.reached)
		for _, f := range call.findings {
			r.causes.add(r.session, e.number, f, r.Known)
			if f.difference.Kind == NoResponse {
				r.lost++
			}
		}
		if r.coverage.calls == r.Steps {
			return true
		}
	}
	return r.dead != nil || r.lost >= maxNoResponse
}

// printProgress prints how many calls were made.
func (r *runner) printProgress() {
	now := time.Now()
	r.line.Print(now, func(bool) string {
		reached, all := r.coverage.reachedRules()
		return fmt.Sprintf("%d of %d calls, %s per second, %d of %d rules reached, %d causes", r.coverage.calls, r.Steps,
			strconv.FormatFloat(float64(r.coverage.calls)/now.Sub(r.started).Seconds(), 'f', 0, 64), reached, all, len(r.causes))
	})
}
