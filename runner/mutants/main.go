// Command mutants asks whether the scenarios would notice if a rule were another one:
//
//	make mutants
//	nice go run ./runner/mutants rollout.go    only the mutants of files whose names end so
//
// A mutant is the project with one operator of the fake's rules changed, such as > into >=. For each, the gate is built
// and runs all features against its built-in fake. The features are the only judge: a mutant is killed when a scenario or
// a check on an answer fails, as verdict.json tells. That a unit test fails, or that the output is not the golden one,
// kills nothing.
//
// A mutant that survives is a promise that no scenario holds the service to. Either a scenario is missing, or the mutant
// cannot be told from the original by anybody who only sends requests. The second kind is listed in survivors.yaml, each
// with the reason. The command fails when a mutant survives that is not listed, and when a listed one does not survive
// any more or is gone.
//
// # What finds them, and what judges them
//
// The mutants are found by gremlins, a mutation tool for Go, in a dry run. It does not judge them. All that it sees of a
// test is whether go test failed, so it would count as killed what does not compile, what crashes, and what only the
// golden output notices; and the package that it tests is the mutated one with its unit tests, or all of the module, of
// which every test program is then linked again for every mutant.
//
// It is run by its version and not through go.mod: there it would raise versions of libraries that the gate is built with.
//
// Exit codes: 0 every survivor is explained, 1 one is not or an explanation is stale, 2 something is broken, 130 interrupted.
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

// packages are the packages that are mutated: what decides, and nothing that carries.
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
		return nil, fmt.Errorf("first the gate itself must hold: %s: %s", unmutated.fate, unmutated.message)
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

// judgeAll judges as many at a time as there are processors, and tells each as it ends.
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

// report tells the counts, and everything that is not as it should be. It says whether nothing was.
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
		case at >= 0 && t.listed[at].isDeclaration() && t.ends[i].fate == unbuildable: // its siblings tell
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
