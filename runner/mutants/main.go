// Command mutants checks that the scenarios detect changes of the rules:
//
//	make mutants
//	nice go run ./runner/mutants rollout.go    only the mutants of files whose names have this end
//
// A mutant is the project with one operator of the fake's rules changed, such as > into >=. For each, the gate is built
// and runs all features against its built-in fake. The features are the only judge: a mutant is killed when a scenario or
// a check on an answer fails, by verdict.json. Unit tests and the golden output do not count.
//
// If a mutant survives, either a scenario is missing, or requests cannot distinguish the mutant from the original. The
// second kind is listed in survivors.yaml with reasons. The command fails for survivors that are not listed, and for
// listed mutants that do not survive or do not exist.
//
// # Gremlins
//
// The mutants are found by gremlins, a mutation tool for Go, in a dry run. It does not judge them, because it sees only
// whether go test failed: it would count mutants as killed that do not compile, that crash, and that only the golden
// output detects. It also tests either the mutated package alone, or links all test programs for every mutant.
//
// It is run by its version and not through go.mod, which would raise versions of libraries of the gate.
//
// Exit codes: 0 every survivor is explained, 1 one is not or an explanation is stale, 2 an error, 130 interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"

	"example.com/lpgate/internal/interrupt"
)

// packages are the packages that are mutated: those that decide.
var packages = []string{"fakeserver/internal/rules", "fakeserver/internal/audit"}

// listFile has the survivors that were reviewed.
const listFile = "runner/mutants/survivors.yaml"

func main() {
	ctx := interrupt.Context(130, os.Interrupt, syscall.SIGTERM)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, only []string, stdout, stderr io.Writer) int {
	t, err := try(ctx, only, stderr)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "mutants: interrupted")
		return 130
	case err != nil:
		fmt.Fprintln(stderr, "mutants:", err)
		return 2
	}
	if !t.report(stdout) {
		return 1
	}
	return 0
}

// try finds the mutants and judges them.
func try(ctx context.Context, only []string, progress io.Writer) (*results, error) {
	listed, err := readSurvivors(listFile)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	all, err := find(ctx, folder)
	if err != nil {
		return nil, err
	}
	selected := func(file string) bool {
		return len(only) == 0 || slices.ContainsFunc(only, func(name string) bool { return strings.HasSuffix(file, name) })
	}
	t := &results{
		mutants: slices.DeleteFunc(all, func(m mutant) bool { return !selected(m.File) }),
		listed:  slices.DeleteFunc(listed, func(s survivor) bool { return !selected(s.File) }),
		whole:   len(only) == 0,
	}
	if len(t.mutants) == 0 {
		return nil, fmt.Errorf("there are no mutants of %s", strings.Join(only, ", "))
	}
	j := &judge{folder: folder}
	unmutated, err := j.judge(ctx, nil)
	if err != nil {
		return nil, err
	}
	if unmutated.fate != survived || unmutated.message != "" {
		return nil, fmt.Errorf("the gate fails without a mutation: %s: %s", unmutated.fate, unmutated.message)
	}
	return t, t.judgeAll(ctx, j, progress)
}

// results has the mutants and the result of each.
type results struct {
	mutants []mutant
	ends    []result
	listed  []survivor
	whole   bool // of all mutants
}

// judgeAll judges as many mutants at a time as there are processors, and prints each result.
func (t *results) judgeAll(ctx context.Context, j *judge, progress io.Writer) error {
	t.ends = make([]result, len(t.mutants))
	next := make(chan int)
	var mu sync.Mutex
	var failed error
	done := 0
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for i := range next {
				ended, err := j.judge(ctx, &t.mutants[i])
				mu.Lock()
				t.ends[i], failed, done = ended, errors.Join(failed, err), done+1
				fmt.Fprintf(progress, "%d/%d  %-10s %s  %s\n", done, len(t.mutants), ended.fate, t.mutants[i], ended.message)
				mu.Unlock()
			}
		})
	}
	for i := range t.mutants {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	workers.Wait()
	return errors.Join(failed, ctx.Err())
}

// report prints the counts and all problems. It reports whether there were none.
func (t *results) report(w io.Writer) bool {
	count := map[fate]int{}
	explained, used := 0, map[survivor]bool{}
	var problems []string
	for i, m := range t.mutants {
		count[t.ends[i].fate]++
		at := slices.IndexFunc(t.listed, func(s survivor) bool { return s.covers(m) })
		switch alive := t.ends[i].fate == survived; {
		case alive && at < 0:
			problems = append(problems, fmt.Sprintf("%s survived, and is not in %s", m, listFile))
		case alive:
			explained++
			used[t.listed[at]] = true
		case at >= 0 && t.listed[at].isDeclaration() && t.ends[i].fate == unbuildable: // reported with its siblings
		case at >= 0:
			s := t.listed[at]
			used[s] = true
			problems = append(problems, fmt.Sprintf("%s:%d: %s does not survive any more (%s: %s): take it out", listFile, s.line, m, t.ends[i].fate, t.ends[i].message))
		}
	}
	for _, s := range t.listed {
		if !used[s] {
			problems = append(problems, fmt.Sprintf("%s:%d: there is no such mutant any more: take it out, or see what became of the line", listFile, s.line))
		}
	}
	dead := count[killed] + count[crashed] + count[timedOut]
	viable := len(t.mutants) - count[unbuildable]
	fmt.Fprintf(w, "mutants     %d of %s\n", len(t.mutants), strings.Join(packages, " and "))
	fmt.Fprintf(w, "unbuildable %d, which count for nothing\n", count[unbuildable])
	fmt.Fprintf(w, "killed      %d of %d: %d by a scenario or a check, %d crashed, %d timed out\n", dead, viable, count[killed], count[crashed], count[timedOut])
	fmt.Fprintf(w, "survived    %d, %d of them explained in %s\n", count[survived], explained, listFile)
	if viable > 0 {
		fmt.Fprintf(w, "score       %.1f%% killed, %.1f%% killed or explained\n", 100*float64(dead)/float64(viable), 100*float64(dead+explained)/float64(viable))
	}
	if !t.whole {
		fmt.Fprintln(w, "a part of the mutants: the score of all needs a run of all")
	}
	if len(problems) > 0 {
		fmt.Fprintln(w, "\nwhy not:")
		for _, p := range problems {
			fmt.Fprintln(w, " ", p)
		}
	}
	return len(problems) == 0
}
