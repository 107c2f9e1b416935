package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/milestones"
)

// This file finds what is wrong with scenarios as they are written, before anything is sent. There is no second reading
// of a sentence for that: a scenario is rehearsed, with the handlers that will play it, before a target that says yes to
// everything. What a sentence says against the target ([*Mismatch]) means nothing there. What it says against its own
// text ([*BadSentence]) is true everywhere.

// Fault is what is wrong with a sentence.
type Fault struct {
	// Step is the place of the sentence in its scenario.
	Step int
	// Row is the row of its table that is wrong, counted from 1; 0 when it is the sentence itself.
	Row int
	// Message is what is wrong.
	Message string
}

// DryRun is scenarios being rehearsed, and what they used.
type DryRun struct {
	// Faults are what is wrong with the last scenario, in the order of its sentences.
	Faults []Fault
	// Last are the operations that were called last, sentence by sentence of the last scenario: nil until one was called.
	Last []*milestones.Operation
	// Calls are the sentences of the last scenario that made a call: those that follow are about its answer.
	Calls []bool
	// Called are the operations that were called so far, by their ids.
	Called map[string]bool
	// Opened are the fixtures that were opened so far, by their paths.
	Opened map[string]bool
	// Unfit are the paths of fixtures that are broken, or missing, and told elsewhere: a scenario ends at the sentence
	// that opens one, since that sentence and all after it would fail of that alone.
	Unfit map[string]bool
	// Waiting are those of them that ended a scenario so far.
	Waiting map[string]bool

	ended bool // the scenario, by a fixture that is unfit
	cfg   Config
}

// NewDryRun begins a rehearsal with the operations of a milestone, and fixtures as [Config] wants them.
func NewDryRun(m *milestones.Milestone, fixtures fs.FS) *DryRun {
	r := &DryRun{Called: map[string]bool{}, Opened: map[string]bool{}, Waiting: map[string]bool{}}
	r.cfg = Config{
		Milestone: m, Fixtures: opened{fixtures, r, map[string][]byte{}}, Client: &http.Client{Transport: yes{m}},
		Target: func(context.Context, []string) (string, error) { return "http://rehearsal", nil },
	}
	return r
}

// opened notes which files of a folder are opened. It reads each once: most scenarios send the same few.
type opened struct {
	fs.FS
	rehearsal *DryRun
	read      map[string][]byte
}

func (o opened) Open(name string) (fs.File, error) {
	o.note(name)
	return o.FS.Open(name)
}

// ReadFile is how the vocabulary reads fixtures.
func (o opened) ReadFile(name string) ([]byte, error) {
	o.note(name)
	if text, ok := o.read[name]; ok {
		return slices.Clone(text), nil
	}
	text, err := fs.ReadFile(o.FS, name)
	if err == nil {
		o.read[name] = slices.Clone(text)
	}
	return text, err
}

func (o opened) note(name string) {
	o.rehearsal.Opened[name] = true
	if o.rehearsal.Unfit[name] {
		o.rehearsal.Waiting[name], o.rehearsal.ended = true, true
	}
}

// yes answers every request with a success that has what sentences build on: the id of what the operation makes, and a
// page that another one follows, until it was asked for.
type yes struct{ milestone *milestones.Milestone }

func (y yes) RoundTrip(r *http.Request) (*http.Response, error) {
	more := `"next_cursor":"c",`
	if r.URL.Query().Has(continuation[0].query) {
		more = ""
	}
	status, body := http.StatusOK, bodyOfYes(more, "")
	if o := y.reached(r); o != nil {
		status, body = o.Outcomes[0].Status, bodyOfYes(more, o.Made)
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// reached is the operation that a request is for; nil when it is for none.
func (y yes) reached(r *http.Request) *milestones.Operation {
	asked := strings.Split(r.URL.EscapedPath(), "/")
	for i := range y.milestone.Operations {
		o := &y.milestone.Operations[i]
		if o.Method == r.Method && slices.EqualFunc(strings.Split(o.Path, "/"), asked, func(segment, text string) bool {
			_, isParam := paramOf(segment)
			return isParam || segment == text
		}) {
			return o
		}
	}
	return nil
}

// madeByYes is the id of everything that is made in a rehearsal.
const madeByYes = "plp_000001"

// bodyOfYes is the body of a success, with the id of what was made at a JSON Pointer, if anything was.
func bodyOfYes(more, made string) string {
	export := `"export":{` + more + `"entries":[],"total_filtered":0,"attestation":{"chain_hash":"h"},"checkpoint":{"checkpoint_hash":"k"}}`
	if made == "" {
		return "{" + export + "}"
	}
	tokens := slices.Collect(jsontext.Pointer(made).Tokens())
	value := `"` + madeByYes + `"`
	for _, token := range slices.Backward(tokens[1:]) {
		value = "{" + string(encode(token)) + ":" + value + "}"
	}
	return "{" + string(encode(tokens[0])) + ":" + value + "," + export + "}"
}

// Step rehearses a scenario to its end, and finds its faults.
func (r *DryRun) Step(pickle *godog.Scenario) {
	r.Faults, r.Last, r.Calls, r.ended = nil, make([]*milestones.Operation, len(pickle.Steps)), make([]bool, len(pickle.Steps)), false
	s := newScenario(&r.cfg, wordOf("rehearsal", pickle))
	ctx := context.WithValue(context.Background(), scenarioKey{}, s)
	for i, step := range pickle.Steps {
		before, last, burst := len(r.Faults), s.last, len(s.burst)
		r.sentence(ctx, s, i, step)
		r.Calls[i] = s.last != last || len(s.burst) != burst
		if r.ended {
			r.Faults = r.Faults[:before]
			return
		}
		if len(r.Faults) > before {
			s.goOn()
		}
		if s.last != nil && s.last.request.operation != nil {
			r.Last[i] = s.last.request.operation
			r.Called[r.Last[i].ID] = true
		}
	}
}

// Ended reports whether the last scenario was not rehearsed to its end, because it opens a fixture that is unfit.
func (r *DryRun) Ended() bool { return r.ended }

// goOn gives a scenario what a faulty sentence may have been there for, so that those after it have no faults that follow
// from its own.
func (s *scenario) goOn() {
	s.makeAll()
	if s.last == nil {
		r := &request{method: http.MethodGet, path: "/", header: http.Header{}}
		s.last = &exchange{r, &answer{status: http.StatusOK, header: http.Header{}, body: []byte(bodyOfYes("", ""))}}
	}
}

// makeAll gives a scenario everything that an operation could have made for it.
func (s *scenario) makeAll() {
	for i := range s.cfg.Milestone.Operations {
		o := &s.cfg.Milestone.Operations[i]
		if _, ok := s.variables[o.Thing()]; o.Made != "" && !ok {
			s.variables[o.Thing()] = textVariable(madeByYes)
			s.owners[madeByYes] = s.callerHeaders()
		}
	}
}

// sentence rehearses one sentence. Of a table with several wrong rows it finds all: it plays it again without the one
// that it has found.
func (r *DryRun) sentence(ctx context.Context, s *scenario, i int, step *godog.Step) {
	found := sentencesOf(step.Text)
	switch {
	case len(found) == 0:
		r.Faults = append(r.Faults, Fault{Step: i, Message: Unknown(step.Text)})
		return
	case len(found) > 1:
		r.Faults = append(r.Faults, Fault{Step: i, Message: fmt.Sprintf("%q is two sentences: like %q, and like %q", step.Text, table[found[0]].Example, table[found[1]].Example)})
		return
	}
	if err := fitting(step); err != nil {
		r.Faults = append(r.Faults, Fault{Step: i, Message: err.Error()})
		return
	}
	handler := compiled()[found[0]]
	var rows []*messages.PickleTableRow
	var numbers []int // of the rows, as they are written
	if step.Argument != nil && step.Argument.DataTable != nil {
		rows = slices.Clone(step.Argument.DataTable.Rows)
		for n := range rows {
			numbers = append(numbers, n+1)
		}
	}
	for {
		err := handler.play(ctx, step, rows)
		var bad *InvalidStep
		var mismatch *Mismatch
		switch {
		case errors.As(err, &bad) && bad.Row > 0 && bad.Row <= len(rows):
			r.Faults = append(r.Faults, Fault{Step: i, Row: numbers[bad.Row-1], Message: bad.inRow()})
			rows, numbers = slices.Delete(rows, bad.Row-1, bad.Row), slices.Delete(numbers, bad.Row-1, bad.Row)
			continue
		case errors.As(err, &bad):
			r.Faults = append(r.Faults, Fault{Step: i, Message: bad.Error()})
		case errors.As(err, &mismatch):
			r.pretend(s, handler, step, i)
		case err != nil:
			r.Faults = append(r.Faults, Fault{Step: i, Message: err.Error()})
		}
		return
	}
}

// pretend lets a scenario remember what the answer did not have, since later sentences build on it.
func (r *DryRun) pretend(s *scenario, handler compiledSentence, step *godog.Step, i int) {
	if group := handler.pattern.SubexpIndex("name"); group > 0 {
		name := handler.pattern.FindStringSubmatch(step.Text)[group]
		if err := s.remember(name, textVariable("remembered")); err != nil {
			r.Faults = append(r.Faults, Fault{Step: i, Message: err.Error()})
		}
	}
}

// play calls the handler of a sentence with what its text and these rows give it.
func (c compiledSentence) play(ctx context.Context, step *godog.Step, rows []*messages.PickleTableRow) error {
	handler := reflect.ValueOf(c.step)
	arguments := []reflect.Value{reflect.ValueOf(ctx)}
	for _, text := range c.pattern.FindStringSubmatch(step.Text)[1:] {
		if handler.Type().In(len(arguments)).Kind() == reflect.Int {
			number, err := strconv.Atoi(text)
			if err != nil {
				return badSentence("%s is no number: %v", text, err)
			}
			arguments = append(arguments, reflect.ValueOf(number))
			continue
		}
		arguments = append(arguments, reflect.ValueOf(text))
	}
	switch handler.Type().In(handler.Type().NumIn() - 1) {
	case reflect.TypeFor[*godog.Table]():
		var given *godog.Table
		if step.Argument.DataTable != nil {
			given = &godog.Table{Rows: rows}
		}
		arguments = append(arguments, reflect.ValueOf(given))
	case reflect.TypeFor[*godog.DocString]():
		arguments = append(arguments, reflect.ValueOf(step.Argument.DocString))
	}
	err, _ := handler.Call(arguments)[0].Interface().(error)
	return err
}

// Body is the fixture with this name as a scenario would send it.
func (r *DryRun) Body(name string) ([]byte, error) {
	cfg := r.cfg
	cfg.Fixtures = r.cfg.Fixtures.(opened).FS // looking is not using
	s := newScenario(&cfg, "0123456789")
	s.makeAll()
	var sent request
	err := sent.useFixture(s, name)
	return sent.body, err
}

// Requests are the names of all fixtures that can be sent, sorted, with the path of each.
func (r *DryRun) Requests() (names, paths []string) {
	paths, _ = fs.Glob(r.cfg.Fixtures.(opened).FS, requestsFolder+"/*.json")
	for _, file := range paths {
		names = append(names, strings.TrimSuffix(path.Base(file), ".json"))
	}
	return names, paths
}

// sentencesOf returns the places in the table of the sentences that a text is: one, unless something is wrong.
func sentencesOf(text string) []int {
	if known, ok := recognised.Load(text); ok {
		return known.([]int)
	}
	var found []int
	for i, c := range compiled() {
		if c.pattern.MatchString(text) {
			found = append(found, i)
		}
	}
	recognised.Store(text, found)
	return found
}

// recognised remembers which sentences a text is: most texts stand in many scenarios, and every pattern is tried on each.
var recognised sync.Map

// Find returns the sentence that a text is, if it is exactly one.
func Find(text string) (Definition, bool) {
	if found := sentencesOf(text); len(found) == 1 {
		return table[found[0]], true
	}
	return Definition{}, false
}
