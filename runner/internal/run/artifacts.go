package run

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/execute"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/conformance"
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
	Encode func(*record.Run, *verdict.Verdict) ([]byte, error)
	// Sign is a text in its first lines by which one that a run wrote is recognised.
	Sign string
}

// Reports are all of them.
var Reports = []Report{
	{artifact.JUnit, junit.Encode, junit.Sign},
	{artifact.HAR, har.Encode, har.Sign},
	{artifact.Page, html.Encode, html.Sign},
	{artifact.Conformance, conformance.Encode, conformance.Sign},
	{artifact.ConformancePage, conformance.EncodePage, conformance.SignPage},
}

// about is what the event log says of the run before it begins.
func (r *run) about() record.Info {
	about := record.Info{Milestone: r.project.Name, Target: record.BuiltIn, Base: "http://" + service.FakeAddress, Seed: r.service.RunID, Repro: r.reproArguments()}
	about.File = filepath.ToSlash(r.Milestone)
	about.Implementation, about.ImplementationVersion = r.secrets.Scrub(r.service.Implementation), r.secrets.Scrub(r.service.ImplementationVersion)
	if r.in.Milestone != nil {
		about.Milestone, about.Title = r.in.Milestone.ID, r.in.Milestone.Title
		about.Capabilities = r.service.Capabilities(r.in.Milestone)
		about.Contract = project.ContractVersion(r.hashes)
	}
	if r.joined != nil {
		about.Implementation, about.ImplementationVersion, about.Capabilities = r.joined.Implementation, r.joined.ImplementationVersion, r.joined.Capabilities
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
		return record.BuiltIn
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
	about := r.about()
	about.Scenarios = nil
	records := verdict.Records{Agreed: true, Stops: []record.Reason{{
		ID: "run-broke-off", Message: "the run that began here has not ended: it is under way, or was killed",
	}}}
	r.decide(&records, r.started)
	begun := r.verdict
	r.verdict, r.reported = nil, nil
	marked := &record.Run{Info: about, StartedAt: r.started}
	marked.Conclude(false, begun.Reasons[0].Message, r.started)
	reports := map[string][]byte{}
	for _, made := range Reports {
		// One that cannot be made is a reason against the run when it ends.
		if text, err := attempt(func() ([]byte, error) { return made.Encode(marked, begun) }); err == nil {
			reports[made.Name] = text
		}
	}
	return r.folder.Mark(begun.Encode(), reports)
}

func (r *run) failed(name string, err error) {
	if r.delivery.Failed == nil {
		r.delivery.Failed = map[string]string{}
	}
	r.delivery.Failed[name] = r.secrets.Scrub(err.Error())
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

// deliver writes the artifacts. All of them have one verdict, of which it is part whether they could be written: when it
// turns out that one could not be, the reports that were written are written again. The same holds for an interrupt that
// comes before the verdict is written to the log; a later one changes nothing.
func (r *run) deliver(ctx context.Context) error {
	coverage := r.verdict.EncodeCoverage()
	r.write(map[string]func() ([]byte, error){
		artifact.Exchanges: func() ([]byte, error) { return record.EncodeExchanges(r.seen.Exchanges, r.selection), nil },
		artifact.State:     func() ([]byte, error) { return r.state(), nil },
		artifact.Output:    func() ([]byte, error) { return r.output, nil },
		artifact.Coverage:  func() ([]byte, error) { return coverage, nil },
	})
	if err := r.log.Err(); err != nil {
		r.failed(artifact.Messages, err)
	}
	at := r.records.FinishedAt
	for logged := false; ; {
		r.reportDelivery()
		r.record.Conclude(r.reported.Overall, r.says(), at)
		before := len(r.delivery.Failed)
		reports := map[string]func() ([]byte, error){}
		for _, made := range Reports {
			if r.delivery.Failed[made.Name] == "" {
				reports[made.Name] = func() ([]byte, error) { return made.Encode(r.record, r.reported) }
			}
		}
		r.write(reports)
		r.writeSummary()
		again := len(r.delivery.Failed) > before || !logged && r.interrupted(ctx)
		if !again && !logged {
			logged = true
			r.log.Attach(artifact.Coverage, coverage)
			r.log.Attach(artifact.Output, r.output)
			r.log.Attach(artifact.Verdict, r.reported.Encode())
			if err := r.journal.Close(r.log.Finish()); err != nil {
				r.failed(artifact.Messages, err)
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
	r.document = r.reported.Encode()
	if err := r.folder.Write(artifact.Verdict, r.document); err != nil {
		return err
	}
	return r.folder.Commit()
}

// interrupted makes an interrupt a reason, if the run ended too early to have it. It reports whether the reason is new.
func (r *run) interrupted(ctx context.Context) bool {
	known := func(reason record.Reason) bool { return reason.ID == execute.Interrupted.ID }
	if ctx.Err() == nil || errors.Is(context.Cause(ctx), errOutdated) || slices.ContainsFunc(r.reported.Reasons, known) {
		return false
	}
	r.delivery.Stops = append(r.delivery.Stops, execute.Interrupted)
	return true
}

// reportDelivery sets the verdict that is reported, as if everything could be written that was not seen to fail.
func (r *run) reportDelivery() {
	written := append(r.folder.Written(), artifact.Verdict, artifact.Messages)
	for _, made := range Reports {
		written = append(written, made.Name)
	}
	slices.Sort(written)
	r.delivery.Written = slices.DeleteFunc(slices.Compact(written), func(name string) bool { return r.delivery.Failed[name] != "" })
	r.reported = r.verdict.Delivered(r.delivery)
}

// mostSaid is how many reasons the last line of the log tells; all are in the verdict that is attached.
const mostSaid = 10

// says is the verdict in a few lines.
func (r *run) says() string { return summaryOf(r.reported) }

// summaryOf is a verdict in a few lines.
func summaryOf(v *verdict.Verdict) string {
	lines := []string{fmt.Sprintf("overall=%t, exit code %d", v.Overall, v.Exit)}
	for i, reason := range v.Reasons {
		if i == mostSaid {
			lines = append(lines, fmt.Sprintf("and %d more", len(v.Reasons)-i))
			break
		}
		lines = append(lines, reason.ID+": "+reason.Message)
	}
	return strings.Join(lines, "\n")
}
