package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"example.com/lpgate/internal/curl"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/execute"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/conformance"
	"example.com/lpgate/runner/internal/report/github"
	"example.com/lpgate/runner/internal/report/har"
	"example.com/lpgate/runner/internal/report/html"
	"example.com/lpgate/runner/internal/report/junit"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
)

// Report is an artifact that is made of a record and its verdict alone.
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

// delivery writes the artifacts of a run.
type delivery struct {
	folder  *artifact.Folder
	journal *artifact.File // messages.ndjson
	log     *record.Log
	summary *summary // nil for none
	secrets *record.Secrets

	run      *record.Run
	inputs   verdict.Inputs
	verdict  *verdict.Verdict // what is decided on the run
	reported *verdict.Verdict // the same, with what was delivered
	document []byte           // verdict.json

	delivered verdict.Delivery
}

// begin opens the folder for the artifacts, and begins the event log.
func (s *setup) begin() (_ *delivery, err error) {
	d := &delivery{secrets: s.secrets}
	if d.folder, err = artifact.Open(s.place()); err != nil {
		if errors.Is(err, artifact.ErrForeign) || errors.Is(err, artifact.ErrInUse) {
			return nil, usage.Errorf("%w", err)
		}
		return nil, err
	}
	if d.journal, err = d.folder.Create(artifact.Messages); err != nil {
		d.folder.Abandon()
		return nil, err
	}
	if s.in.Milestone != nil {
		d.delivered.Required = s.in.Milestone.Artifacts
	}
	killed := artifact.Killed(s.place())
	if err := s.mark(d.folder); err != nil {
		d.close()
		return nil, err
	}
	if d.summary, err = openSummary(s.Actions); err != nil {
		d.failed(github.SummaryName, err)
	}
	for _, folder := range killed {
		fmt.Fprintf(s.Stdout, "a run was killed here; runner report %s shows what it recorded\n", curl.Quote(artifact.DisplayPath(folder)))
	}
	journal := io.Writer(d.journal)
	if s.disk != nil {
		journal = s.disk(journal)
	}
	d.log = record.NewLog(journal, s.secrets)
	d.log.Begin(s.info, s.selection, s.started)
	return d, nil
}

// mark puts a verdict at the place of the artifacts, with its reports, for a run that does not end. It stays until this run
// has its own.
func (s *setup) mark(folder *artifact.Folder) error {
	run := &record.Run{Info: s.info, StartedAt: s.started, FinishedAt: s.started, End: record.End{Stops: []record.Reason{{
		ID: "run-broke-off", Message: "the run that began here has not ended: it is under way, or was killed",
	}}}}
	v := verdict.Decide(run, verdict.Inputs{})
	run.Conclude(false, run.Stops[0].Message, s.started)
	reports := map[string][]byte{}
	for _, report := range Reports {
		// One that cannot be made is a reason against the run when it ends.
		if text, err := attempt(func() ([]byte, error) { return report.Encode(run, &v) }); err == nil {
			reports[report.Name] = text
		}
	}
	return folder.Mark(v.Encode(), reports)
}

// close closes what begin opened.
func (d *delivery) close() {
	d.closeSummary()
	_ = d.journal.File.Close() // it may be closed by then
	d.folder.Abandon()
}

func (d *delivery) closeSummary() {
	if d.summary != nil {
		_ = d.summary.file.Close()
		d.summary = nil
	}
}

// failed records why an artifact could not be written.
func (d *delivery) failed(name string, err error) {
	if d.delivered.Failed == nil {
		d.delivered.Failed = map[string]string{}
	}
	d.delivered.Failed[name] = d.secrets.Scrub(err.Error())
}

// write writes artifacts, all at the same time: it is mostly waiting for the disk. One that cannot be made or written
// keeps no other from it: it is a reason against the run.
func (d *delivery) write(artifacts map[string]func() ([]byte, error)) {
	var group sync.WaitGroup
	var mu sync.Mutex
	for name, encode := range artifacts {
		group.Go(func() {
			text, err := attempt(encode)
			if err == nil {
				err = d.folder.Write(name, text)
			}
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				d.failed(name, err)
			}
		})
	}
	group.Wait()
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

// deliver writes the artifacts: those that are given, and those that are made of the record and the verdict. All of them have
// one verdict, of which it is part whether they could be written: when one turns out not to be, the reports that were written
// are written again. The same holds for an interrupt that comes before the verdict is written to the log; a later one changes
// nothing.
func (d *delivery) deliver(ctx context.Context, given map[string][]byte) error {
	coverage := d.verdict.EncodeCoverage()
	artifacts := map[string]func() ([]byte, error){
		artifact.Exchanges: func() ([]byte, error) { return record.EncodeExchanges(d.run), nil },
		artifact.Coverage:  func() ([]byte, error) { return coverage, nil },
	}
	for name, text := range given {
		artifacts[name] = func() ([]byte, error) { return text, nil }
	}
	d.write(artifacts)
	if err := d.log.Err(); err != nil {
		d.failed(artifact.Messages, err)
	}
	for logged := false; ; {
		d.report()
		before := len(d.delivered.Failed)
		reports := map[string]func() ([]byte, error){}
		for _, report := range Reports {
			if d.delivered.Failed[report.Name] == "" {
				reports[report.Name] = func() ([]byte, error) { return report.Encode(d.run, d.reported) }
			}
		}
		d.write(reports)
		d.writeSummary()
		again := len(d.delivered.Failed) > before || !logged && d.interrupted(ctx)
		if !again && !logged {
			logged = true
			d.log.Attach(artifact.Coverage, coverage)
			d.log.Attach(artifact.Output, given[artifact.Output])
			d.log.Attach(artifact.Verdict, d.reported.Encode())
			if err := d.journal.Close(d.log.Finish()); err != nil {
				d.failed(artifact.Messages, err)
				again = true
			}
		}
		if !again {
			break
		}
		for _, report := range Reports {
			d.folder.Remove(report.Name)
		}
	}
	d.document = d.reported.Encode()
	if err := d.folder.Write(artifact.Verdict, d.document); err != nil {
		return err
	}
	return d.folder.Commit()
}

func (d *delivery) writeSummary() {
	if d.summary == nil {
		return
	}
	if err := d.summary.write(d.run, d.reported); err != nil {
		d.closeSummary()
		d.failed(github.SummaryName, err)
	}
}

// interrupted makes an interrupt a reason, if the run ended too early to have it. It reports whether the reason is new.
func (d *delivery) interrupted(ctx context.Context) bool {
	known := func(reason record.Reason) bool { return reason.ID == execute.Interrupted.ID }
	if ctx.Err() == nil || errors.Is(context.Cause(ctx), errOutdated) || slices.ContainsFunc(d.reported.Reasons, known) {
		return false
	}
	d.delivered.Stops = append(d.delivered.Stops, execute.Interrupted)
	return true
}

// report sets the verdict that is reported, as if everything can be written that has not failed yet.
func (d *delivery) report() {
	written := append(d.folder.Written(), artifact.Verdict, artifact.Messages)
	for _, report := range Reports {
		written = append(written, report.Name)
	}
	slices.Sort(written)
	d.delivered.Written = slices.DeleteFunc(slices.Compact(written), func(name string) bool { return d.delivered.Failed[name] != "" })
	d.reported = d.verdict.Delivered(d.delivered)
	d.run.Conclude(d.reported.Overall, messageOf(d.reported), d.run.FinishedAt)
}

// with decides on the run again with a baseline.
func (d *delivery) with(known *baseline.Baseline) verdict.Verdict {
	in := d.inputs
	in.Baseline = known
	return verdict.Decide(d.run, in)
}

// failures reports whether a scenario did not pass, and not all of that is known.
func (d *delivery) failures() bool {
	return slices.ContainsFunc(d.run.Scenarios, func(s *record.Scenario) bool { return s.Failure != nil && !d.reported.Excuses(s.Ref()) })
}

// maxReasons is how many reasons the last line of the log has; all are in the verdict that is attached.
const maxReasons = 10

// messageOf is a verdict in a few lines.
func messageOf(v *verdict.Verdict) string {
	lines := []string{fmt.Sprintf("overall=%t, exit code %d", v.Overall, v.Exit)}
	for i, reason := range v.Reasons {
		if i == maxReasons {
			lines = append(lines, fmt.Sprintf("and %d more", len(v.Reasons)-i))
			break
		}
		lines = append(lines, reason.ID+": "+reason.Message)
	}
	return strings.Join(lines, "\n")
}
