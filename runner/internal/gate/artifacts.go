package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"example.com/lpgate/runner/internal/eventlog"
	"example.com/lpgate/runner/internal/execute"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report"
	"example.com/lpgate/runner/internal/report/har"
	"example.com/lpgate/runner/internal/report/html"
	"example.com/lpgate/runner/internal/report/junit"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/shard"
	"example.com/lpgate/runner/internal/verdict"
)

// Report is an artifact that is made from the event log alone.
type Report struct {
	Name   string
	Encode func(*eventlog.Record) ([]byte, error)
	// Sign is a text in its first lines by which one that a run wrote is recognised.
	Sign string
}

// Reports are all of them.
var Reports = []Report{
	{report.JUnit, junit.Encode, junit.Sign},
	{report.HAR, har.Encode, har.Sign},
	{report.Page, html.Encode, html.Sign},
}

// about is what the event log says of the run before it begins.
func (r *run) about() eventlog.Run {
	about := eventlog.Run{Milestone: r.project.Name, Target: report.BuiltIn, Base: "http://" + service.FakeAddress, Seed: r.service.RunID, Repro: r.reproArguments()}
	about.File = filepath.ToSlash(r.Milestone)
	if r.in.Milestone != nil {
		about.Milestone, about.Title = r.in.Milestone.ID, r.in.Milestone.Title
	}
	if r.selection != nil {
		about.Asked = r.selection.Args()
		about.Planned = shard.Planned(r.selection, r.hashes, r.durations, r.kind())
	}
	if !r.service.BuiltIn() {
		about.Target, about.Base, about.Flags = r.shownTarget(), r.shownTarget(), r.service.Curl
		about.Proxy = r.proxy()
	}
	return about
}

// kind is what kind of target there is. Which one is not part of a plan: each shard may have a server of its own.
func (r *run) kind() string {
	if r.service.BuiltIn() {
		return report.BuiltIn
	}
	return "a service"
}

// write writes artifacts, all at the same time: it is mostly waiting for the disk. One that cannot be made or written
// keeps no other from it: it is a reason against the run.
func (r *run) write(artifacts map[string]func() ([]byte, error)) {
	var group sync.WaitGroup
	var mu sync.Mutex
	for name, encode := range artifacts {
		group.Go(func() {
			text, err := attempt(encode)
			if err == nil {
				err = r.folder.Write(name, text)
			}
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				r.failed(name, err)
			}
		})
	}
	group.Wait()
}

// mark puts the verdict of a run that broke off at the place of the artifacts, with the reports of it. It
// stands there until this run has its own.
func (r *run) mark() error {
	run := r.reportAt(r.started)
	run.Selection = nil
	run.Decision = verdict.Decide(verdict.Records{Agreed: true, Stops: []record.Reason{{
		ID: "run-broke-off", Message: "the run that began here has not ended: it is under way, or was killed",
	}}})
	about := r.about()
	about.Scenarios = nil
	marked := &eventlog.Record{Run: about, StartedAt: r.started}
	document := run.EncodeVerdict()
	marked.Conclude(false, run.Decision.Reasons[0].Message, r.started, map[string][]byte{report.Verdict: document})
	reports := map[string][]byte{}
	for _, made := range Reports {
		// One that cannot be made is a reason against the run when it ends.
		if text, err := attempt(func() ([]byte, error) { return made.Encode(marked) }); err == nil {
			reports[made.Name] = text
		}
	}
	return r.folder.Mark(document, reports)
}

func (r *run) failed(name string, err error) {
	if r.unwritten == nil {
		r.unwritten = map[string]string{}
	}
	r.unwritten[name] = r.secrets.Scrub(err.Error())
}

// attempt makes an error of a panic. In a goroutine it would end the process, and all evidence with it.
func attempt(encode func() ([]byte, error)) (text []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return encode()
}

// conclude decides, and writes what tells the verdict.
//
// Reports are made from the event log as it stands on the disk, and tell the verdict; but whether they can be written is
// part of it. So it is decided as if the rest could, and when that turns out to be wrong, all that was written in vain is
// made anew. The same holds for an interrupt that comes before the verdict is written to the log; one that comes later
// changes nothing, so that all that is written has the same verdict.
func (r *run) conclude(ctx context.Context, document *golden.Document, coverage []byte) (renewed bool, err error) {
	r.decide()
	if renewed, err = r.renew(document); err != nil {
		return false, err
	}
	if r.record, err = r.readLog(); err != nil {
		r.failed(report.Messages, err)
		for _, made := range Reports {
			r.failed(made.Name, err)
		}
		r.record = &eventlog.Record{Run: r.about()} // the reasons can be told all the same
	}
	at, logged := r.now(), false
	attached := map[string][]byte{report.Coverage: coverage, report.Output: r.output}
	for {
		r.decide()
		attached[report.Verdict] = r.reportAt(at).EncodeVerdict()
		before := len(r.unwritten)
		r.record.Conclude(r.decision.Overall, r.says(), at, attached)
		reports := map[string]func() ([]byte, error){}
		for _, made := range Reports {
			if r.unwritten[made.Name] == "" {
				reports[made.Name] = func() ([]byte, error) { return made.Encode(r.record) }
			}
		}
		r.write(reports)
		r.writeSummary()
		again := len(r.unwritten) > before || !logged && r.interrupted(ctx)
		if !again && !logged {
			logged = true
			for _, name := range slices.Sorted(maps.Keys(attached)) {
				r.log.Attach(name, attached[name])
			}
			if err := r.journal.Close(r.log.Finish(r.decision.Overall, r.says(), at)); err != nil {
				r.failed(report.Messages, err)
				again = true
			}
		}
		if !again {
			break
		}
		for _, made := range Reports {
			r.folder.Remove(made.Name)
		}
	}
	r.document = attached[report.Verdict]
	if err := r.folder.Write(report.Verdict, r.document); err != nil {
		return renewed, err
	}
	return renewed, r.folder.Commit()
}

// interrupted makes an interrupt a reason, if the trial ended too early to see it. It reports whether the reason is new.
func (r *run) interrupted(ctx context.Context) bool {
	known := func(reason record.Reason) bool { return reason.ID == execute.Interrupted.ID }
	if ctx.Err() == nil || errors.Is(context.Cause(ctx), errOutdated) || slices.ContainsFunc(r.records.Stops, known) {
		return false
	}
	r.records.Stops = append(r.records.Stops, execute.Interrupted)
	return true
}

// decide decides, as if everything could be written that was not seen to fail.
func (r *run) decide() {
	written := append(r.folder.Written(), report.Verdict, report.Messages)
	for _, made := range Reports {
		written = append(written, made.Name)
	}
	slices.Sort(written)
	r.records.Written = slices.DeleteFunc(slices.Compact(written), func(name string) bool { return r.unwritten[name] != "" })
	r.records.Unwritten = r.unwritten
	r.decision = verdict.Decide(r.records)
}

// readLog reads what the event log has by now.
func (r *run) readLog() (*eventlog.Record, error) {
	if err := r.log.Err(); err != nil {
		return nil, err
	}
	info, err := r.journal.Stat()
	if err != nil {
		return nil, err
	}
	return eventlog.Read(io.NewSectionReader(r.journal, 0, info.Size()))
}

// mostSaid is how many reasons the last line of the log tells; all are in the verdict that is attached.
const mostSaid = 10

// says is the verdict in a few lines.
func (r *run) says() string {
	lines := []string{fmt.Sprintf("overall=%t, exit code %d", r.decision.Overall, r.decision.Exit)}
	for i, reason := range r.decision.Reasons {
		if i == mostSaid {
			lines = append(lines, fmt.Sprintf("and %d more", len(r.decision.Reasons)-i))
			break
		}
		lines = append(lines, reason.ID+": "+reason.Message)
	}
	return strings.Join(lines, "\n")
}
