package record_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

const key = "lpk_secret_of_the_bell"

const bell = `Feature: A bell

  @bell-rings
  Scenario: It rings
    Given I bring the key "` + key + `"
    Then the answer is 200

  Rule: Strangers

    @bell-rings
    Scenario: It is mute
      When I send "GET" to "/bell"
      Then the answer is 200
        | a | ` + key + ` |

  @bell-rings
  Scenario: It goes on
    Then the answer is 200

  @bell-rings
  Scenario: Another day
    Then the answer is 200
`

var began = time.Date(2026, 2, 22, 15, 0, 0, 0, time.UTC)

// answered is an exchange of a scenario, in which the key is everywhere.
func answered(secrets *record.Secrets, place, step int, results ...record.CheckResult) *record.Exchange {
	x := &record.Exchange{
		Mark: record.Mark{Scenario: place, Step: step}, Operation: "bell.get",
		Request:  record.Request{Method: "GET", Target: "/bell?key=" + key, Header: http.Header{"X-Partner-Key": {key}}, Body: []byte(key)},
		Response: &record.Response{Status: 401, Header: http.Header{"X-Echo": {key}}, Body: []byte(`{"key":"` + key + `"}`)},
		Checks:   results, Message: "401 " + key, SentAt: began, TookMS: 1,
	}
	x.Redact(secrets)
	return x
}

// play records a run: one scenario passes, one fails, one is cut off by the end, and one is not selected.
func play(t *testing.T, w io.Writer) (*record.Run, error) {
	t.Helper()
	m := &milestones.Milestone{
		ID: "T1", Features: []string{"bell.feature"}, Operations: []milestones.Operation{{ID: "bell.get"}},
		Rules: []milestones.Rule{{ID: "bell-rings", Kind: milestones.Invariant, Feature: "bell.feature"}},
	}
	p, err := plan.Load(m, fstest.MapFS{"bell.feature": {Data: []byte(bell)}})
	if err != nil {
		t.Fatal(err)
	}
	secrets := new(record.Secrets)
	secrets.Learn(key)
	at := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }
	log := record.NewLog(w, secrets)
	log.Begin(record.Info{Milestone: "T1", Title: "A bell", Target: "the fake", RunID: "s"}, &plan.Selection{Plan: p, Scenarios: []int{0, 1, 2}}, at(0))

	log.ScenarioBegan(0, at(1))
	log.ScenarioBegan(1, at(2)) // side by side
	log.StepBegan(0, 0, at(3))
	log.StepPassed(0, 0, at(4))
	log.StepBegan(1, 0, at(5))
	failed := record.CheckResult{Check: "schema", Status: record.CheckFailed, Message: "it is mute"}
	x := answered(secrets, 1, 0, failed)
	log.Exchanged(x)
	log.StepBegan(0, 1, at(6))
	log.StepPassed(0, 1, at(8))
	log.ScenarioEnded(0, record.Result{Status: record.Passed}, nil, at(9))
	log.ScenarioEnded(1, record.Result{Status: record.Failed, Line: 12, Message: "it is mute"}, &record.Failure{
		Status: record.Failed, Message: "it is mute", Text: "mute", Expected: "200", Got: "401", Exchange: x,
		Checks: []record.FailedCheck{{Result: failed, Exchange: x}}, Base: "http://bell.example/?" + key,
	}, at(10))
	log.ScenarioBegan(2, at(11))
	log.StepBegan(2, 0, at(11))
	log.Exchanged(answered(secrets, 2, 0))
	log.Exchanged(answered(secrets, 1, 1)) // too late
	log.Exchanged(answered(secrets, -1, 0))
	run := log.End()
	log.Exchanged(answered(secrets, 2, 0)) // much too late
	run.Conclude(false, "no", at(12))
	log.Attach(artifact.Verdict, []byte(`{"exit_code":1}`))
	return run, log.Finish()
}

func written(t *testing.T) []byte {
	t.Helper()
	var log bytes.Buffer
	if _, err := play(t, &log); err != nil {
		t.Fatal(err)
	}
	return log.Bytes()
}

// ends are how the scenarios ended, those without an end by what they are instead.
func ends(r *record.Run) (ends []string) {
	for _, s := range r.Scenarios {
		ends = append(ends, fmt.Sprintf("%s: %s, %d exchanges", s.Name, s.Result.Status, len(s.Exchanges)))
	}
	return ends
}

// equal compares records, whatever they have attached.
var equal = cmp.Options{
	cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(record.Run{}, record.Scenario{}),
	cmp.Transformer("ref", func(s *record.Scenario) any {
		if s == nil {
			return nil
		}
		return struct {
			Ref      string
			Scenario record.Scenario
		}{s.Ref(), *s}
	}),
}

// The record that a log fills is the one that is read from it.
func TestRecordIsThatOfItsLog(t *testing.T) {
	var log bytes.Buffer
	filled, err := play(t, &log)
	if err != nil {
		t.Fatal(err)
	}
	read, err := record.Read(&log)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(read, filled, equal); diff != "" {
		t.Errorf("filled (-read +filled):\n%s", diff)
	}
	if n := len(filled.Unassigned); n != 2 {
		t.Errorf("%d exchanges belong to no scenario, want 2", n)
	}
	unwritten, err := play(t, nil)
	if diff := cmp.Diff(filled, unwritten, equal); err != nil || diff != "" {
		t.Errorf("without a log (-with +without): %v\n%s", err, diff)
	}
	for _, s := range filled.Scenarios {
		for _, text := range append([]string{s.ID, s.Name, s.Feature, s.Result.Message}, s.Tags...) {
			if strings.Contains(text, key) {
				t.Errorf("a secret in %s: %s", s.Ref(), text)
			}
		}
	}
}

// What is written is read again.
func TestWriteAndRead(t *testing.T) {
	log := written(t)
	r, err := record.Read(bytes.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"It rings: passed, 0 exchanges", "It is mute: failed, 1 exchanges", "It goes on: not_run, 1 exchanges", "Another day: not_selected, 0 exchanges"}, ends(r)); diff != "" {
		t.Errorf("scenarios (-want +got):\n%s", diff)
	}
	run := []any{r.Milestone, r.Title, r.Target, r.RunID, r.Complete, r.Overall, r.Message, r.StartedAt, r.FinishedAt, string(r.Attached(artifact.Verdict)), len(r.Features)}
	if diff := cmp.Diff([]any{"T1", "A bell", "the fake", "s", true, false, "no", began, began.Add(12 * time.Millisecond), "{\"exit_code\":1}\n", 1}, run); diff != "" {
		t.Errorf("the run (-want +got):\n%s", diff)
	}
	first, second := r.Scenarios[0], r.Scenarios[1]
	if first.Took() != 8*time.Millisecond || first.Steps[1].Took != 2*time.Millisecond || first.Steps[1].Status != "passed" {
		t.Errorf("the first: %v, %+v", first.Took(), first.Steps)
	}
	if second.GherkinRule != "Strangers" || second.Feature != "A bell" || second.Steps[0].Status != "failed" || second.Steps[1].Status != "skipped" || len(second.Steps[1].Table) != 1 {
		t.Errorf("the second: %q, %q, %+v", second.GherkinRule, second.Feature, second.Steps)
	}
	f := second.Failure
	if f == nil || f.Exchange != second.Exchanges[0] || len(f.Checks) != 1 || f.Checks[0].Exchange != f.Exchange || f.Checks[0].Result.Check != "schema" || second.Explanation() != "it is mute (expected 200, got 401)" {
		t.Errorf("its failure: %+v, says %q", f, second.Explanation())
	}
	if again := written(t); !bytes.Equal(again, log) {
		t.Errorf("written again, the log is another one")
	}
}

// No secret is written: neither as it stands in a feature, nor in what was sent and answered, nor where it was sent. What
// checks say comes from a recorder, which has taken it out.
func TestNoSecretIsWritten(t *testing.T) {
	if at := bytes.Index(written(t), []byte(key)); at >= 0 {
		t.Errorf("it stands at byte %d", at)
	}
}

// A log that was cut off is read as far as it goes: whole lines count, and nothing after them. Only the last line says that
// nothing is missing.
func TestCutOff(t *testing.T) {
	log := written(t)
	start, runs := 0, false
	for line := range bytes.Lines(log) {
		before := ""
		for _, n := range []int{0, 1, len(line) / 2, len(line) - 1} { // bytes of the line that were written
			text := log[:start+n]
			r, err := record.Read(bytes.NewReader(text))
			if !runs {
				if err == nil || !strings.Contains(err.Error(), "no run begins in it") {
					t.Fatalf("%d bytes: %v", len(text), err)
				}
				continue
			}
			if err != nil || r.Complete {
				t.Fatalf("%d of %d bytes: complete %v, %v", len(text), len(log), err == nil, err)
			}
			got := fmt.Sprint(ends(r), len(r.Attached(artifact.Verdict)))
			if n > 0 && got != before {
				t.Fatalf("%d bytes: %s, and with the line before alone %s", len(text), got, before)
			}
			before = got
			v, err := verdict.Of(r)
			if want := map[bool]int{true: verdict.Fails, false: verdict.Incomplete}[r.Attached(artifact.Verdict) != nil]; err != nil || v.Exit != want {
				t.Fatalf("%d bytes: the verdict has exit code %d, want %d, %v", len(text), v.Exit, want, err)
			}
		}
		start += len(line)
		runs = runs || bytes.Contains(line, []byte(`"testRunStarted"`))
	}
	if r, err := record.Read(bytes.NewReader(log)); err != nil || !r.Complete {
		t.Errorf("all of it: %v", err)
	}
}

// What is no message of a run is an error that names its line. A message of a kind that nobody here knows is none.
func TestStrangeLines(t *testing.T) {
	tests := []struct{ name, line, says string }{
		{"no JSON", "garbage", "invalid character"},
		{"half a message", `{"attachment":{`, "unexpected EOF"},
		{"a zero byte", "\x00", "invalid character"},
		{"a case that nobody knows", `{"testCaseStarted":{"testCaseId":"s-nobody","id":"x"}}`, `there is no test case "s-nobody"`},
		{"a step that nobody knows", `{"testStepStarted":{"testCaseStartedId":"x","testStepId":"y"}}`, `there is no step "y"`},
		{"an end without a beginning", `{"testCaseFinished":{"testCaseStartedId":"x"}}`, `nothing began as "x"`},
		{"a result of nobody", `{"attachment":{"fileName":"result.json","body":"{}","testCaseStartedId":"x"}}`, `nothing began as "x"`},
		{"an exchange that is none", `{"attachment":{"fileName":"exchange.json","body":"{}"}}`, "reading an exchange: it has no operation"},
		{"a case of no pickle", `{"testCase":{"id":"x","pickleId":"y","testSteps":[]}}`, `nothing is known of the test case "x"`},
		{"a message of another kind", `{"hook":{"id":"h","sourceReference":{}}}`, ""},
		{"a message of a later protocol", `{"testRunHookStarted":{"id":"h"}}`, ""},
		{"an attachment of somebody else's", `{"attachment":{"fileName":"photo.json","body":"{}","testCaseStartedId":"x"}}`, ""},
		{"an empty object", `{}`, ""},
	}
	log := written(t)
	lines := bytes.SplitAfter(log, []byte("\n"))
	plain, err := record.Read(bytes.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, n := range []int{0, 1, len(lines) / 2, len(lines) - 2, len(lines) - 1} { // before the first lines, and after the last
				text := bytes.Join([][]byte{bytes.Join(lines[:n], nil), []byte(test.line + "\n"), bytes.Join(lines[n:], nil)}, nil)
				r, err := record.Read(bytes.NewReader(text))
				if test.says == "" {
					if err != nil || !cmp.Equal(ends(r), ends(plain)) {
						t.Fatalf("as line %d: %v", n+1, err)
					}
				} else if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("reading the event log: line %d: ", n+1)) || !strings.Contains(err.Error(), test.says) {
					t.Fatalf("as line %d: %v, want %q", n+1, err, test.says)
				}
			}
		})
	}
}

// short is a disk with room for some bytes, of which the last write may leave a part.
type short struct {
	bytes.Buffer
	room int
}

func (s *short) Write(p []byte) (int, error) {
	if len(p) > s.room {
		n, _ := s.Buffer.Write(p[:s.room])
		s.room = 0
		return n, errors.New("no space left on device")
	}
	s.room -= len(p)
	return s.Buffer.Write(p)
}

// Wherever the disk is full, that is said at the end, nothing is written behind the gap, and what there is can be read.
func TestFullDisk(t *testing.T) {
	log := written(t)
	for room := 0; room < len(log); room += 2003 {
		disk := &short{room: room}
		if _, err := play(t, disk); err == nil || !strings.Contains(err.Error(), "writing the event log: no space left on device") {
			t.Fatalf("room for %d bytes: %v", room, err)
		}
		if !bytes.Equal(disk.Bytes(), log[:room]) {
			t.Fatalf("room for %d bytes: there are others than the first", room)
		}
		if r, err := record.Read(&disk.Buffer); err == nil && r.Complete {
			t.Fatalf("room for %d bytes: it is complete", room)
		}
	}
	if _, err := play(t, &short{room: len(log)}); err != nil {
		t.Errorf("room for all: %v", err)
	}
}

// A scenario that passed, in a log that says of a sentence of it that it did not, or no longer says that it did.
func TestAContradiction(t *testing.T) {
	log := written(t)
	var at []byte
	for line := range bytes.Lines(log) {
		if at == nil && bytes.Contains(line, []byte(`"testStepFinished"`)) && bytes.Contains(line, []byte("PASSED")) {
			at = line
		}
	}
	for name, with := range map[string][]byte{"failed": bytes.Replace(at, []byte("PASSED"), []byte("FAILED"), 1), "lost": nil} {
		_, err := record.Read(bytes.NewReader(bytes.Replace(log, at, with, 1)))
		if err == nil || !strings.Contains(err.Error(), "passed, and its step 1 did not") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Which scenario a reason is about is a field of it: its message may begin like that of another scenario.
func TestReasonsApartFromScenarios(t *testing.T) {
	failed := &record.Scenario{Scenario: &plan.Scenario{ID: "a.feature > x"}, Result: record.Result{Status: record.Failed}}
	v := &verdict.Verdict{Reasons: []record.Reason{
		{ID: "scenario-failed", Scenario: failed.Ref(), Message: "no name in it"},
		{ID: "run-broke-off", Message: "a.feature > x: a panic"},
	}}
	apart := v.Apart(&record.Run{Scenarios: []*record.Scenario{failed}})
	if len(apart) != 1 || apart[0].ID != "run-broke-off" {
		t.Errorf("got %+v, want run-broke-off alone", apart)
	}
}
