// Package difftest finds out whether a service has drifted from the contract: it plays random walks over the operations
// against the built-in fake and against the service, side by side, and compares everything that a client can see.
//
//	walk     calls that build on each other, drawn from a seed          walk.go, draw.go, schema.go
//	play     a walk, call by call, on both sides                         play.go, side.go, clocks.go
//	compare  the answers: status, headers, each member of the body       compare.go
//	shrink   the first walk that shows a difference, to the shortest     shrink.go
//	write    a scenario, curl commands, a file that can be played again  write.go, record.go
//	repeat   one difference, from that file                              repeat.go
//	tally    which rules and outcomes the walks came to                  tally.go
//
// # What predicts
//
// Nothing in here knows a rule. Walks are drawn from the milestone and its schemas, with weight on the places where
// rules may turn; what an answer has to be is for the fake to say.
//
// # What is compared
//
// Everything but what the milestone declares as an implementation's own: ids, hashes and signatures are told apart by
// where they appear first (package golden), messages of refusals are words for people, and a time that no request set
// is the clock's. Hashes are looked at all the same: where nothing that was hashed can differ they have to be equal, and
// a page of an export has to verify by the keys that its side publishes.
//
// # One seed, one report
//
// A walk depends on the seed and on its number, and on nothing else. Two fakes are made anew for each walk, and walks are
// execution side by side, but counted in their order. Shrinking is bounded by how often a walk is played, and never by time.
// A target of somebody's own is used by all walks, so each has partners, providers and keys of its own.
//
// Between two fakes there is no difference to find. That is the audit of this package, and of the fake: whatever is
// reported there is a defect of one of them.
package difftest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/steps"
)

// Config says what to walk.
type Config struct {
	// Project has the milestone, and everything beside it.
	Project project.Project
	// Target is what is compared with the fake; the zero value is a second fake. Everything is drawn from its seed: two
	// fakes are compared from a fixed one, so that two runs are the same.
	Target service.Options
	// Steps is the number of calls to make.
	Steps int
	// Folder is where what was found is put, and looked for; "" for the milestone's own.
	Folder string
	// Stdout takes the report, and Progress how far the run is.
	Stdout   io.Writer
	Progress terminal.Stream

	// Wrap stands before the second fake. Tests tell lies with it.
	Wrap func(http.Handler) http.Handler
}

// DefaultSteps is the number of steps of a run that is not given any.
const DefaultSteps = 20_000

// Result is how a run ended.
type Result struct {
	// Divergence is the difference that was found; nil for none.
	Divergence *Divergence
	// Steps is the number of calls until then, and Walks that of the walks.
	Steps, Sequences int
	// Tally is what the walks came to.
	Tally *Tally
}

// Run walks until the steps are made or a difference is found.
func Run(ctx context.Context, cfg Config) (Result, error) {
	room, err := newSession(cfg)
	if err != nil {
		return Result{}, err
	}
	defer room.close()
	if err := room.reach(ctx); err != nil {
		return Result{}, err
	}
	grammar, err := newGrammar(room.milestone, room.schemas, room.sets(), room.keys.labels, room.can)
	if err != nil {
		return Result{}, err
	}
	r := &run{Config: cfg, room: room, grammar: grammar, tally: newTally(room.milestone), started: time.Now()}
	r.shown = cfg.Progress.Line(r.started)
	return r.do(ctx)
}

// folder is where the drifts of a milestone are.
func (c *Config) folder(milestone string) string {
	if c.Folder != "" {
		return c.Folder
	}
	return filepath.Join(filepath.Dir(c.Project.Artifacts(milestone)), "drift")
}

// run is a run under way.
type run struct {
	Config
	room    *session
	grammar *grammar
	tally   *Tally
	started time.Time
	shown   *terminal.ProgressLine
}

// result is one walk that was played.
type result struct {
	number int
	played *execution
	err    error
}

func (r *run) do(ctx context.Context) (Result, error) {
	found, number, err := r.runAll(ctx)
	r.shown.End()
	result := Result{Steps: r.tally.steps, Sequences: r.tally.walks, Tally: r.tally}
	if err != nil {
		return result, err
	}
	fmt.Fprintf(r.Stdout, "%s: %s\n", r.room.milestone.ID, r.room.milestone.Title)
	fmt.Fprintf(r.Stdout, "%s\n", r.room.describe())
	fmt.Fprintf(r.Stdout, "\nseed   %s\nsteps  %d, in %d walks\n\n", r.room.service.RunID, r.tally.steps, r.tally.walks)
	r.tally.print(r.Stdout, found == nil)
	if found == nil {
		fmt.Fprintln(r.Stdout, "\nno difference")
		return result, nil
	}
	shortest, err := r.shrink(ctx, number, found)
	if err != nil {
		return result, err
	}
	result.Divergence = r.room.record(shortest)
	folder := r.folder(r.room.milestone.ID)
	files := result.Divergence.files(r.room, shortest)
	if err := write(folder, files); err != nil {
		return result, err
	}
	fmt.Fprintf(r.Stdout, "\ndifference at step %d, in walk %d; the shortest walk that shows it:\n\n", r.tally.steps, number+1)
	result.Divergence.print(r.Stdout, artifact.DisplayPath(folder), files)
	return result, nil
}

// runAll plays walk after walk, several side by side where both sides are ours, and takes them in their order.
func (r *run) runAll(ctx context.Context) (*execution, int, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	workers := runtime.GOMAXPROCS(0)
	if r.room.transport != nil {
		workers = 1
	}
	results := make(chan result, workers)
	// A worker does not run further ahead of the slowest than that: what is found late is thrown away.
	ahead := make(chan struct{}, 16*workers)
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		writer, err := golden.NewWriter(r.room.milestone, nil)
		if err != nil {
			return nil, 0, err
		}
		group.Go(func() {
			for ctx.Err() == nil {
				select {
				case ahead <- struct{}{}:
				case <-ctx.Done():
					return
				}
				number := int(next.Add(1)) - 1
				p, err := r.room.execute(ctx, writer, number, r.grammar.sequence(seed(r.room.service.RunID, number)))
				select {
				case results <- result{number, p, err}:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	defer group.Wait()
	defer stop()
	waiting := map[int]result{}
	for number := 0; ; number++ {
		for {
			if _, there := waiting[number]; there {
				break
			}
			select {
			case one := <-results:
				waiting[one.number] = one
			case <-ctx.Done():
				return nil, 0, ctx.Err()
			}
		}
		one := waiting[number]
		delete(waiting, number)
		<-ahead
		if one.err != nil {
			return nil, 0, one.err
		}
		r.tally.walks++
		for i, s := range one.played.steps {
			r.tally.add(s)
			if r.tally.steps == r.Steps && (one.played.difference == nil || i+1 < len(one.played.steps)) {
				return nil, 0, nil
			}
		}
		if one.played.difference != nil {
			return one.played, number, nil
		}
		r.progress()
	}
}

// progress says how far the run is.
func (r *run) progress() {
	now := time.Now()
	r.shown.Print(now, func(bool) string {
		reached, all := r.tally.reachedRules()
		return fmt.Sprintf("%d of %d steps, %s per second, %d of %d rules reached", r.tally.steps, r.Steps,
			strconv.FormatFloat(float64(r.tally.steps)/now.Sub(r.started).Seconds(), 'f', 0, 64), reached, all)
	})
}

// Unreachable says whether an error is that of a target that does not answer.
func Unreachable(err error) bool {
	var lost *steps.Unreachable
	return errors.As(err, &lost)
}
