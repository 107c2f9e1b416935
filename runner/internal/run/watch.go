package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/console"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/runner/internal/watch"
)

// errOutdated is why a run is given up when a file changes that it is made from. It leaves nothing behind then.
var errOutdated = errors.New("a file changed that the run is made from")

// Watch runs the milestone, and again whenever a file changes that the run is made from, until it is interrupted. Each
// run ends with its verdict as a line, and then it is waited for the next change.
//
// What did not pass is run alone first the next time, to be reported early. The whole run follows in the order that it always
// has: what the audit counts depends on the order, so another one would not be what the golden output is compared with.
//
// The error is one of usage ([usage.Error]). A later one is printed, and watching goes on.
func Watch(ctx context.Context, cfg Config, stderr io.Writer) (Result, error) {
	w, err := cfg.watch()
	if err != nil {
		return Result{Exit: verdict.Broken, Document: Refusal(cfg.Milestone, "usage", err.Error())}, err
	}
	defer w.Close()
	var failed []string
	var changed []string
	for first := true; ; first = false {
		var result Result
		var err error
		var panicked any
		run, giveUp := context.WithCancelCause(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() { panicked = recover() }() // the command reports it
			if len(failed) > 0 {
				cfg.again(run, failed)
			}
			if run.Err() == nil || ctx.Err() != nil {
				result, err = Run(run, cfg)
			}
		}()
		outdated := false
		select {
		case <-done:
		case changed = <-w.Changes():
			outdated = true
			giveUp(errOutdated)
			<-done
		}
		giveUp(nil)
		switch {
		case panicked != nil:
			panic(panicked)
		case ctx.Err() != nil:
			return Result{Exit: verdict.Interrupted}, nil
		case first && err != nil && !errors.Is(err, errOutdated):
			return result, err
		case err != nil && !errors.Is(err, errOutdated):
			fmt.Fprintln(stderr, "runner:", err.Error())
		}
		if result.Document != nil && !errors.Is(err, errOutdated) {
			fmt.Fprintln(cfg.Verdicts, console.Overall(result.Overall, cfg.Filter.Level, cfg.Style))
		}
		if len(result.Results) > 0 {
			failed = result.failed()
		}
		if !outdated {
			fmt.Fprintln(cfg.Stdout, cfg.Style.Dim("watching "+artifact.DisplayPath(cfg.Milestone)+" and what belongs to it; Ctrl-C ends"))
			select {
			case <-ctx.Done():
				return Result{Exit: verdict.Interrupted}, nil
			case changed = <-w.Changes():
			}
		}
		fmt.Fprintln(cfg.Stdout, cfg.Style.Yellow("\nchanged: "+shownChanges(changed)))
	}
}

// watch begins to watch everything that a run is made from.
func (cfg Config) watch() (*watch.Watcher, error) {
	s := newSetup(cfg)
	if err := s.open(); err != nil {
		return nil, err
	}
	p, err := project.Locate(cfg.Milestone)
	if err != nil {
		return nil, usage.Errorf("%w", err)
	}
	_, missing := os.Stat(filepath.Dir(cfg.Milestone))
	switch {
	case cfg.UpdateGolden:
		return nil, usage.Errorf("--watch is for looking, and --update-golden writes: use one of them")
	case !s.service.BuiltIn() && s.Target.RunID != "":
		return nil, usage.Errorf("--watch runs again and again, and a target that saw a seed before replays its answers: leave --run-id out, and each run gets its own")
	case missing != nil:
		return nil, usage.Errorf("--watch: there is no folder %s, and what is inside of the program does not change: name the milestone of a project, such as path/to/%s",
			filepath.Dir(cfg.Milestone), DefaultMilestone)
	}
	files := []string{cfg.Milestone}
	for _, file := range []string{cfg.Baseline, cfg.Target.File, cfg.Target.PartnerKeys} {
		if file != "" {
			files = append(files, file)
		}
	}
	var folders []watch.Folder
	for path, suffix := range p.Folders() {
		folders = append(folders, watch.Folder{Path: path, Suffix: suffix})
	}
	w, err := watch.Open(folders, files)
	if err != nil {
		return nil, usage.Errorf("--watch: %w", err)
	}
	return w, nil
}

// again runs some scenarios alone, and prints how they end now. It leaves nothing behind. What cannot be run is left to the
// whole run, which reports why.
func (cfg Config) again(ctx context.Context, ids []string) {
	s := newSetup(cfg)
	if s.open() != nil || s.readProject() != nil || s.choose() != nil {
		return
	}
	s.selection.Scenarios = slices.DeleteFunc(s.selection.Scenarios, func(place int) bool {
		return !slices.Contains(ids, s.in.Plan.Scenarios[place].ID)
	})
	executor, err := s.executor()
	if len(s.selection.Scenarios) == 0 || err != nil {
		return
	}
	defer executor.Close()
	run := executor.Run(ctx)
	if ctx.Err() != nil {
		return
	}
	var page bytes.Buffer
	passed := 0
	for n, place := range s.selection.Scenarios {
		scenario := run.Scenarios[place]
		if scenario.Result.Status == record.Passed {
			passed++
		}
		if n < mostAgain {
			fmt.Fprintf(&page, "  %s  %s  %s\n", console.Status(scenario.Result.Status, s.Style), scenario.Where(), scenario.Name)
		}
	}
	if more := len(s.selection.Scenarios) - mostAgain; more > 0 {
		fmt.Fprintf(&page, "  and %d more\n", more)
	}
	fmt.Fprintf(s.Stdout, "first what did not pass before: %d of %d pass now\n%s", passed, len(s.selection.Scenarios), page.Bytes())
}

// The most that is named of what changed, and of what did not pass before.
const (
	mostChanged = 5
	mostAgain   = 20
)

// shownChanges names files as they are called from here.
func shownChanges(paths []string) string {
	var names []string
	for i, path := range paths {
		if i == mostChanged {
			return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), len(paths)-i)
		}
		names = append(names, artifact.DisplayPath(path))
	}
	return strings.Join(names, ", ")
}
