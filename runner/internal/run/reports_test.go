package run

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	messages "github.com/cucumber/messages/go/v21"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/github"
	"example.com/lpgate/runner/internal/verdict"
)

// secretOfTheBell is what the vocabulary sends as a key.
const secretOfTheBell = "lpk_secret_of_the_bell"

// equals compares the record of a run with that of its log: reports made of either are the same.
func (a artifacts) equals(t *testing.T, filled *record.Run) {
	t.Helper()
	read, err := record.Read(bytes.NewReader(a.texts[artifact.Messages]))
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Scenarios) != len(filled.Scenarios) {
		t.Fatalf("the log has %d scenarios, the run %d", len(read.Scenarios), len(filled.Scenarios))
	}
	for i, s := range read.Scenarios {
		equalFields(t, *s, *filled.Scenarios[i])
	}
	of := func(r record.Run) record.Run { r.Scenarios = nil; return r }
	equalFields(t, of(*read), of(*filled))
}

// equalFields compares the exported fields of two values of one type. Most are equal, and cmp takes long to find that.
func equalFields(t *testing.T, read, filled any) {
	t.Helper()
	a, b := reflect.ValueOf(read), reflect.ValueOf(filled)
	for i := range a.NumField() {
		if !a.Type().Field(i).IsExported() || reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			continue
		}
		if diff := cmp.Diff(a.Field(i).Interface(), b.Field(i).Interface(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-log +run):\n%s", a.Type().Field(i).Name, diff)
		}
	}
}

// The record of a run of all scenarios of M109 is that of its log too.
func TestRecordOfM109(t *testing.T) {
	s := newSetup(Config{Milestone: "../../../milestones/M109.yaml", Out: filepath.Join(t.TempDir(), "out"), Stdout: io.Discard})
	d, err := s.run(t.Context())
	if result, err := s.result(d, err); err != nil || !result.Overall {
		t.Fatalf("%+v, %v", result.Reasons, err)
	}
	log, err := os.ReadFile(filepath.Join(s.Out, artifact.Messages))
	if err != nil {
		t.Fatal(err)
	}
	artifacts{texts: map[string][]byte{artifact.Messages: log}}.equals(t, d.run)
}

// agree holds every run of these tests to what its event log says, and every report to the run.
func (a artifacts) agree(t *testing.T, result Result) {
	t.Helper()
	for name, text := range a.texts {
		if bytes.Contains(text, []byte(secretOfTheBell)) {
			t.Errorf("%s has a secret", name)
		}
	}
	log := a.texts[artifact.Messages]
	orderly(t, log)
	logged, err := record.Read(bytes.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	if !logged.Complete || logged.Overall != result.Overall {
		t.Errorf("the log: complete %v, overall %v; the run: %v", logged.Complete, logged.Overall, result.Overall)
	}
	for _, s := range logged.Scenarios {
		if want, ended := result.Results[s.ID]; ended && s.Result.Status != want {
			t.Errorf("%s: the log says %s, the run %s", s.ID, s.Result.Status, want)
		}
	}
	for _, name := range []string{artifact.Verdict, artifact.Coverage, artifact.Output} {
		if !bytes.Equal(bytes.TrimSpace(logged.Attached(name)), bytes.TrimSpace(a.texts[name])) {
			t.Errorf("%s in the log is not that of the run", name)
		}
	}
	if got := linesOf(logged); !bytes.Equal(got, a.texts[artifact.Exchanges]) {
		t.Errorf("the exchanges of the log:\n%s\nof the run:\n%s", got, a.texts[artifact.Exchanges])
	}
	for _, made := range Reports {
		again, err := made.Encode(logged, decided(t, logged))
		if err != nil || !bytes.Equal(again, a.texts[made.Name]) {
			t.Errorf("%s made again: %v, %d bytes, and the run wrote %d", made.Name, err, len(again), len(a.texts[made.Name]))
		}
	}
	junitAgrees(t, a.texts[artifact.JUnit], result)
	harAgrees(t, a.texts[artifact.HAR], len(a.exchanges))
}

// linesOf writes exchanges.ndjson from a log.
func linesOf(logged *record.Run) (b []byte) {
	number := 0
	for _, s := range logged.Scenarios {
		for _, x := range s.Exchanges {
			number++
			l := record.Line{Number: number, Scenario: s.ID, Where: s.Where(), Exchange: x}
			step := s.Steps[x.Mark.Step]
			l.Step.Line, l.Step.Text = step.Line, step.Keyword+" "+step.Text
			b = l.Append(b)
		}
	}
	return b
}

// orderly holds a log to the order of its messages, and to ids that are each of one thing.
func orderly(t *testing.T, log []byte) {
	t.Helper()
	ids, running, ended := map[string]bool{}, map[string]string{}, map[string]bool{}
	began, finished := false, false
	fresh := func(id string) {
		if ids[id] {
			t.Errorf("two things are called %q", id)
		}
		ids[id] = true
	}
	for line := range bytes.Lines(log) {
		var m messages.Envelope
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if finished {
			t.Errorf("after the end: %s", line)
		}
		underWay := func(id string) {
			if _, is := running[id]; !is {
				t.Errorf("%q is not under way: %s", id, line)
			}
		}
		if bytes.Contains(line, []byte(":null")) && m.Attachment == nil {
			t.Errorf("the protocol has no null: %s", line)
		}
		switch {
		case m.GherkinDocument != nil:
			fresh(m.GherkinDocument.Uri)
		case m.Pickle != nil:
			fresh(m.Pickle.Id)
			if !ids[m.Pickle.Uri] {
				t.Errorf("a pickle of no document: %s", line)
			}
		case m.StepDefinition != nil:
			fresh(m.StepDefinition.Id)
		case m.TestRunStarted != nil:
			began = true
		case m.TestCase != nil:
			fresh(m.TestCase.Id)
			for _, step := range m.TestCase.TestSteps {
				fresh(step.Id)
			}
			if !ids[m.TestCase.PickleId] {
				t.Errorf("a test case of no pickle: %s", line)
			}
		case m.TestCaseStarted != nil:
			fresh(m.TestCaseStarted.Id)
			if !began || !ids[m.TestCaseStarted.TestCaseId] {
				t.Errorf("nothing is known of it: %s", line)
			}
			running[m.TestCaseStarted.Id] = ""
		case m.TestStepStarted != nil:
			underWay(m.TestStepStarted.TestCaseStartedId)
			running[m.TestStepStarted.TestCaseStartedId] = m.TestStepStarted.TestStepId
		case m.TestStepFinished != nil:
			f := m.TestStepFinished
			underWay(f.TestCaseStartedId)
			if running[f.TestCaseStartedId] != f.TestStepId && f.TestStepResult.Status == messages.TestStepResultStatus_PASSED {
				t.Errorf("it passed and did not begin: %s", line)
			}
		case m.Attachment != nil && m.Attachment.TestCaseStartedId != "":
			underWay(m.Attachment.TestCaseStartedId)
		case m.TestCaseFinished != nil:
			underWay(m.TestCaseFinished.TestCaseStartedId)
			delete(running, m.TestCaseFinished.TestCaseStartedId)
			ended[m.TestCaseFinished.TestCaseStartedId] = true
		case m.TestRunFinished != nil:
			finished = true
			if len(running) > 0 {
				t.Errorf("at the end these are under way: %v", running)
			}
		}
	}
}

type junitCase struct {
	Name      string  `xml:"name,attr"`
	ClassName string  `xml:"classname,attr"`
	File      string  `xml:"file,attr"`
	Line      int     `xml:"line,attr"`
	Skipped   *string `xml:"skipped"`
	Failure   *string `xml:"failure"`
	Error     *string `xml:"error"`
}

type junitCounts struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
}

type junitDocument struct {
	junitCounts
	Suites []struct {
		junitCounts
		Name  string      `xml:"name,attr"`
		Cases []junitCase `xml:"testcase"`
	} `xml:"testsuite"`
}

// junitAgrees wants a document that is red exactly when the run is, with totals that add up and no name twice.
func junitAgrees(t *testing.T, text []byte, result Result) {
	t.Helper()
	var d junitDocument
	if err := xml.Unmarshal(text, &d); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var all junitCounts
	names := map[string]bool{}
	for _, s := range d.Suites {
		counts := junitCounts{Tests: len(s.Cases)}
		for _, c := range s.Cases {
			if name := c.ClassName + " " + c.Name; names[name] {
				t.Errorf("two cases are called %s", name)
			} else {
				names[name] = true
			}
			switch {
			case c.Failure != nil:
				counts.Failures++
			case c.Error != nil:
				counts.Errors++
			case c.Skipped != nil:
				counts.Skipped++
			}
		}
		if counts != s.junitCounts {
			t.Errorf("the suite %s says %+v, and has %+v", s.Name, s.junitCounts, counts)
		}
		all.Tests += counts.Tests
		all.Failures += counts.Failures
		all.Errors += counts.Errors
	}
	if all != d.junitCounts {
		t.Errorf("the document says %+v, and has %+v", d.junitCounts, all)
	}
	if red := all.Failures+all.Errors > 0; red != (result.Exit != verdict.Holds) {
		t.Errorf("junit.xml is red: %v, and the exit code is %d:\n%s", red, result.Exit, text)
	}
}

var harSchema = jsonschema.MustCompile("../report/har/testdata/har.schema.json")

func harAgrees(t *testing.T, text []byte, exchanges int) {
	t.Helper()
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if err := harSchema.Validate(document); err != nil {
		t.Errorf("%#v", err)
	}
	var har struct {
		Log struct {
			Pages   []struct{ ID string }
			Entries []struct {
				PageRef string
				Time    float64
				Timings struct{ Send, Wait, Receive float64 }
			}
		}
	}
	if err := json.Unmarshal(text, &har); err != nil {
		t.Fatal(err)
	}
	if len(har.Log.Entries) != exchanges {
		t.Errorf("%d entries, want %d", len(har.Log.Entries), exchanges)
	}
	for _, e := range har.Log.Entries {
		if !slices.ContainsFunc(har.Log.Pages, func(p struct{ ID string }) bool { return p.ID == e.PageRef }) {
			t.Errorf("there is no page %q", e.PageRef)
		}
		if e.Time != e.Timings.Send+e.Timings.Wait+e.Timings.Receive {
			t.Errorf("it took %v, and the timings are %+v", e.Time, e.Timings)
		}
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// breakFeature puts other words into the feature.
func breakFeature(t *testing.T, c *Config, text string) {
	t.Helper()
	path := filepath.Join(filepath.Dir(filepath.Dir(c.Milestone)), "features", "bell.feature")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// decided is the verdict of a log.
func decided(t *testing.T, r *record.Run) *verdict.Verdict {
	t.Helper()
	v, err := verdict.Of(r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A report that fails, however it does, is a reason against the run, and keeps nothing else from being told.
func TestAReportThatFails(t *testing.T) {
	for name, encode := range map[string]func(*record.Run, *verdict.Verdict) ([]byte, error){
		"an error": func(*record.Run, *verdict.Verdict) ([]byte, error) { return nil, errors.New("out of ink") },
		"a panic":  func(*record.Run, *verdict.Verdict) ([]byte, error) { panic("out of ink") },
	} {
		t.Run(name, func(t *testing.T) {
			before := Reports
			Reports = append(slices.Clone(before), Report{Name: "ink.txt", Encode: encode})
			defer func() { Reports = before }()
			cfg, _ := config(t, also("a promise is broken"))
			cfg.Out = filepath.Join(t.TempDir(), "out")
			var page strings.Builder
			cfg.Stdout = &page
			result, err := Run(t.Context(), cfg)
			if err != nil || result.Exit != verdict.Fails || result.Results["features/bell.feature > One more"] != record.Failed {
				t.Errorf("exit %d, %v, %v", result.Exit, result.Results, err)
			}
			for _, want := range []string{"it is 1", "ink.txt was not written: ", "out of ink"} {
				if !strings.Contains(page.String(), want) {
					t.Errorf("the page lacks %q:\n%s", want, page.String())
				}
			}
			if _, err := os.Stat(filepath.Join(cfg.Out, artifact.JUnit)); err != nil {
				t.Error(err)
			}
			Reports = before
			logged, err := Remake(cfg.Out, t.TempDir())
			if err != nil || logged.Exit != verdict.Fails || len(logged.Written) != len(Reports) {
				t.Errorf("made again: %d, %v, %v", logged.Exit, logged.Written, err)
			}
		})
	}
}

// A log that was cut off tells what it has, and reports are made of it.
func TestRemakeOfACutLog(t *testing.T) {
	cfg, _ := config(t, also("I ring falsely"))
	_, a, _ := cfg.run(t, t.Context())
	log := a.texts[artifact.Messages]
	lines := bytes.SplitAfter(log, []byte("\n"))
	for n := range lines {
		head := bytes.Join(lines[:n], nil)
		began := bytes.Contains(head, []byte(`"testRunStarted"`))
		for _, text := range [][]byte{head, append(slices.Clone(head), lines[n][:len(lines[n])/2]...)} {
			logged, err := record.Read(bytes.NewReader(text))
			if (err == nil) != began {
				t.Fatalf("%d lines: %v", n, err)
			}
			if err != nil {
				continue
			}
			if logged.Complete != (n >= len(lines)-1) {
				t.Fatalf("%d of %d lines: complete %v", n, len(lines), logged.Complete)
			}
			for _, made := range Reports {
				if _, err := made.Encode(logged, decided(t, logged)); err != nil {
					t.Fatalf("%d lines: %s: %v", n, made.Name, err)
				}
			}
			if !logged.Complete {
				junit, _ := Reports[0].Encode(logged, decided(t, logged))
				junitAgrees(t, junit, Result{Exit: verdict.Incomplete})
			}
		}
	}
}

// What is no message in the middle of a log is an error that names its line.
func TestGarbageInALog(t *testing.T) {
	cfg, _ := config(t, good)
	_, a, _ := cfg.run(t, t.Context())
	lines := bytes.SplitAfter(a.texts[artifact.Messages], []byte("\n"))
	for _, n := range []int{0, 1, len(lines) / 2, len(lines) - 2} {
		for _, garbage := range []string{"garbage\n", "{\"attachment\":{\n", "{\"testCaseStarted\":{\"testCaseId\":\"s-nobody\",\"id\":\"x\"}}\n", "\x00\n"} {
			text := bytes.Join(append(append(slices.Clone(lines[:n]), []byte(garbage)), lines[n:]...), nil)
			if _, err := record.Read(bytes.NewReader(text)); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("line %d: ", n+1)) {
				t.Errorf("%q as line %d: %v", garbage, n+1, err)
			}
		}
	}
}

// full is a disk on which there is room for some bytes.
type full struct {
	io.Writer
	room int
}

func (f *full) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, errors.New("no space left on device")
	}
	return f.Writer.Write(b)
}

// A log that cannot be written is a reason against the run. What was seen is told all the same.
func TestAFullDisk(t *testing.T) {
	for _, room := range []int{0, 100, 10_000} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			cfg, _ := config(t, also("a promise is broken"))
			renewed(t, cfg)
			cfg.disk = func(w io.Writer) io.Writer { return &full{w, room} }
			file := filepath.Join(t.TempDir(), "summary.md")
			commands := actions(&cfg, file)
			var page strings.Builder
			cfg.Stdout, cfg.Out = &page, filepath.Join(t.TempDir(), "out")
			result, err := Run(t.Context(), cfg)
			if err != nil || result.Exit != verdict.Fails || result.Results["features/bell.feature > One more"] != record.Failed {
				t.Errorf("exit %d, %v, %v", result.Exit, result.Results, err)
			}
			for _, want := range []string{"it is 1", "messages.ndjson was not written: ", "no space left on device", "3 passed, 1 failed"} {
				if !strings.Contains(page.String(), want) {
					t.Errorf("the page lacks %q:\n%s", want, page.String())
				}
			}
			for _, name := range []string{artifact.JUnit, artifact.HAR, artifact.Page} { // they need no log
				if _, err := os.Stat(filepath.Join(cfg.Out, name)); err != nil {
					t.Error(err)
				}
			}
			if summary, err := os.ReadFile(file); err != nil || !bytes.Contains(summary, []byte(`<code>features\/bell\.feature\:18</code>`)) {
				t.Errorf("the summary: %v\n%s", err, summary)
			}
			if !strings.Contains(commands.String(), "::error file=features/bell.feature,") {
				t.Errorf("commands: %s", commands)
			}

			breakFeature(t, &cfg, good) // and now nothing else is wrong
			renewed(t, Config{Milestone: cfg.Milestone, Target: cfg.Target, Stdout: io.Discard, steps: cfg.steps})
			cfg.Out = filepath.Join(t.TempDir(), "out")
			if result, err := Run(t.Context(), cfg); err != nil || result.Exit != verdict.Incomplete {
				t.Errorf("exit %d, %v", result.Exit, err)
			}
		})
	}
}

// actions is a run in GitHub Actions.
func actions(c *Config, file string) *bytes.Buffer {
	commands := new(bytes.Buffer)
	c.Actions = &github.Actions{Commands: commands, Summary: file}
	return commands
}

func TestActions(t *testing.T) {
	tests := []struct {
		name, feature string
		exit          int
		commands      string
		summary       []string
	}{
		{"green", good, verdict.Holds, "", []string{"## T1 holds\n", "| scenarios | 3 passed |\n"}},
		{"red", also("I ring falsely"), verdict.Fails,
			"::error file=features/bell.feature,line=18,title=schema%3A const /ok::1 scenario of @bell-rings; ring%0A" +
				"ring, schema: \"/ok\" must be true%0Arunner repro s-7af0cf3d8f MILESTONE\n",
			[]string{"## T1 does not hold\n", "exit code 1", "| 1 | core | <code>schema\\: const \\/ok</code> | <code>\\@bell\\-rings\\; ring</code> | <code>features\\/bell\\.feature\\:18</code>, exchange 4<br>"}},
		{"not started", "Feature: x\nScenario: y\nThen z\n", verdict.Broken,
			"::error title=not-started::features/bell.feature:2: no rule", []string{"| not\\-started | <code>features"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg, _ := config(t, test.feature)
			if test.exit != verdict.Broken {
				renewed(t, cfg)
			}
			file := filepath.Join(t.TempDir(), "summary.md")
			if err := os.WriteFile(file, []byte("before\n"), 0o666); err != nil {
				t.Fatal(err)
			}
			commands := actions(&cfg, file)
			result, _, _ := cfg.run(t, t.Context())
			got := refs.ReplaceAllString(commands.String(), "REF")
			if want := refs.ReplaceAllString(test.commands, "REF"); result.Exit != test.exit || !strings.HasPrefix(again(got), again(want)) || want == "" && got != "" {
				t.Errorf("exit %d, commands:\n%s\nwant:\n%s", result.Exit, got, want)
			}
			text, err := os.ReadFile(file)
			if err != nil || !strings.HasPrefix(string(text), "before\n## ") || strings.Contains(string(text), secretOfTheBell) {
				t.Errorf("%v:\n%s", err, text)
			}
			for _, want := range test.summary {
				if !strings.Contains(string(text), want) {
					t.Errorf("the summary lacks %q:\n%s", want, text)
				}
			}
		})
	}
}

var (
	refs      = regexp.MustCompile(`[sc]-[0-9a-f]{10}`)
	milestone = regexp.MustCompile(`REF [^%\n]*`)
)

func again(text string) string { return milestone.ReplaceAllString(text, "REF AGAIN") }

// A summary that cannot be written makes the run incomplete, and keeps nothing from being told.
func TestActionsWithoutASummary(t *testing.T) {
	folder := t.TempDir()
	full := filepath.Join(folder, "full.md")
	if err := os.WriteFile(full, make([]byte, github.MostSummary), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{"a folder": folder, "no such folder": filepath.Join(folder, "a", "b"), "no room": full} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := config(t, good)
			renewed(t, cfg)
			commands := actions(&cfg, file)
			result, a, page := cfg.run(t, t.Context())
			if result.Exit != verdict.Incomplete || !cmp.Equal(a.reasons(), []string{"artifact-missing"}) {
				t.Errorf("exit %d, reasons %v", result.Exit, a.reasons())
			}
			if !strings.Contains(page, "GITHUB_STEP_SUMMARY was not written: ") || !strings.Contains(page, "3 passed") {
				t.Errorf("the page:\n%s", page)
			}
			if !strings.HasPrefix(commands.String(), "::error title=artifact-missing::GITHUB_STEP_SUMMARY was not written") {
				t.Errorf("commands: %s", commands)
			}
		})
	}
}

// A folder that a killed run left is told, with the command that makes reports of it.
func TestAKilledRunIsTold(t *testing.T) {
	cfg, _ := config(t, good)
	cfg.Out = filepath.Join(t.TempDir(), "out")
	_, a, page := cfg.run(t, t.Context())
	if strings.Contains(page, "killed") {
		t.Errorf("the page: %s", page)
	}
	left := cfg.Out + ".run-ABC"
	log := a.texts[artifact.Messages]
	if err := artifact.ReplaceFile(filepath.Join(left, artifact.Messages), log[:len(log)*9/10]); err != nil {
		t.Fatal(err)
	}
	_, _, page = cfg.run(t, t.Context())
	if want := "a run was killed here; runner report " + left + " shows what it recorded\n"; !strings.HasPrefix(page, want) {
		t.Errorf("the page:\n%s\nwant:\n%s", page, want)
	}
	remade, err := Remake(left, "")
	if err != nil || remade.Exit != verdict.Incomplete || len(remade.Written) != len(Reports) {
		t.Errorf("made again: %+v, %v", remade, err)
	}
	var b strings.Builder
	remade.Page(&b)
	if !strings.Contains(b.String(), "The log ends before the run did: ") {
		t.Errorf("the page: %s", b.String())
	}
}

// A canary in everything that a target and a run say to each other is in nothing that a run leaves behind.
func TestNoReportTellsASecret(t *testing.T) {
	const canary, planted = "canary-5f2c0e7d-of-the-target", "canary-90ab17fe-of-the-feature"
	cfg, _ := config(t, also("I ring falsely", "I ring:\n      | header X-Partner-Key | "+planted+" |"))
	cfg.Target.Header = []string{"X-Canary: " + canary}
	file := filepath.Join(t.TempDir(), "summary.md")
	commands := actions(&cfg, file)
	_, a, page := cfg.run(t, t.Context())
	summary, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(a.texts[artifact.Messages], []byte("header X-Partner-Key")) || !bytes.Contains(a.texts[artifact.HAR], []byte("[redacted]")) {
		t.Error("nothing of it was recorded, so nothing could be told")
	}
	a.texts["summary"], a.texts["page"], a.texts["commands"] = summary, []byte(page), commands.Bytes()
	for name, text := range a.texts {
		for _, secret := range []string{canary, planted, secretOfTheBell} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s has %s", name, secret)
			}
		}
	}
}
