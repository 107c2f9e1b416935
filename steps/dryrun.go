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

	messages "github.com/cucumber/messages/go/v21"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/milestones"
)

// This file finds the faults of scenarios as they are written, before anything is sent. The steps are not interpreted a
// second time for that: a dry run calls the handlers that the run calls, with a transport that answers every request with a
// success. A [*Mismatch] means nothing there. An [*InvalidStep] is a fault of the scenario's own text, whatever the service
// answers.

// Fault is what is wrong with a step.
type Fault struct {
	// Step is the place of the step in its scenario.
	Step int
	// Row is the row of its table that is wrong, counted from 1; 0 when it is the step itself.
	Row int
	// Message is what is wrong.
	Message string
}

// DryRun runs scenarios without a service, and records what they use.
type DryRun struct {
	// Faults are those of the last scenario, in the order of its steps.
	Faults []Fault
	// Last has, for each step of the last scenario, the operation that was called last; nil until one was called.
	Last []*milestones.Operation
	// Calls has, for each step of the last scenario, whether it made a call: the steps after it are about its answer.
	Calls []bool
	// Called are the operations that were called so far, by their ids.
	Called map[string]bool
	// Opened are the fixtures that were opened so far, by their paths.
	Opened map[string]bool
	// Unfit are the paths of fixtures that are broken or missing, which is reported elsewhere: a scenario ends at the step
	// that opens one, since that step and all after it would fail because of that alone.
	Unfit map[string]bool
	// Waiting are those of them that ended a scenario so far.
	Waiting map[string]bool

	ended bool // the scenario, by a fixture that is unfit
	cfg   Config
}

// NewDryRun returns a dry run for the operations of a milestone, with fixtures as in [Config].
func NewDryRun(m *milestones.Milestone, fixtures fs.FS) *DryRun {
	r := &DryRun{Called: map[string]bool{}, Opened: map[string]bool{}, Waiting: map[string]bool{}}
	r.cfg = Config{
		Milestone: m, Fixtures: recordedFS{fixtures, r, map[string][]byte{}}, Client: &http.Client{Transport: stubTransport{NewRoutes(m)}},
		Target: func(context.Context, []string) (string, error) { return "http://dry-run", nil },
	}
	return r
}

// recordedFS records which files are opened. It reads each once: most scenarios send the same few.
type recordedFS struct {
	fs.FS
	run  *DryRun
	read map[string][]byte
}

func (f recordedFS) Open(name string) (fs.File, error) {
	f.record(name)
	return f.FS.Open(name)
}

// ReadFile is how handlers read fixtures.
func (f recordedFS) ReadFile(name string) ([]byte, error) {
	f.record(name)
	if text, ok := f.read[name]; ok {
		return slices.Clone(text), nil
	}
	text, err := fs.ReadFile(f.FS, name)
	if err == nil {
		f.read[name] = slices.Clone(text)
	}
	return text, err
}

func (f recordedFS) record(name string) {
	f.run.Opened[name] = true
	if f.run.Unfit[name] {
		f.run.Waiting[name], f.run.ended = true, true
	}
}

// stubTransport answers every request with a success that has what later steps use: the id of what the operation
// makes, and a page with a next cursor for the first request of an export.
type stubTransport struct{ routes *Routes }

func (t stubTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	more := `"next_cursor":"c",`
	if r.URL.Query().Has(continuation[0].query) {
		more = ""
	}
	status, body := http.StatusOK, stubBody(more, "")
	if o := t.routes.Find(r.Method, r.URL.EscapedPath()); o.Path != "" {
		status, body = o.Outcomes[0].Status, stubBody(more, o.CreatedIDAt)
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// stubID is the id of everything that is made in a dry run.
const stubID = "plp_000001"

// stubBody returns the body of a success, with the id of what was made at a JSON Pointer, if anything was.
func stubBody(more, made string) string {
	export := `"export":{` + more + `"entries":[],"total_filtered":0,"attestation":{"chain_hash":"h"},"checkpoint":{"checkpoint_hash":"k"}}`
	if made == "" {
		return "{" + export + "}"
	}
	tokens := slices.Collect(jsontext.Pointer(made).Tokens())
	value := `"` + stubID + `"`
	for _, token := range slices.Backward(tokens[1:]) {
		value = "{" + string(encode(token)) + ":" + value + "}"
	}
	return "{" + string(encode(tokens[0])) + ":" + value + "," + export + "}"
}

// Step runs a scenario to its end, and finds its faults.
func (r *DryRun) Step(pickle *messages.Pickle) {
	r.Faults, r.Last, r.Calls, r.ended = nil, make([]*milestones.Operation, len(pickle.Steps)), make([]bool, len(pickle.Steps)), false
	s := newScenario(&r.cfg, IDPrefix("dry run", pickle))
	ctx := context.WithValue(context.Background(), scenarioKey{}, s)
	for i, step := range pickle.Steps {
		before, last, burst := len(r.Faults), s.last, len(s.burst)
		r.step(ctx, s, i, step)
		r.Calls[i] = s.last != last || len(s.burst) != burst
		if r.ended {
			r.Faults = r.Faults[:before]
			return
		}
		if len(r.Faults) > before {
			s.fillIn()
		}
		if s.last != nil && s.last.request.operation != nil {
			r.Last[i] = s.last.request.operation
			r.Called[r.Last[i].ID] = true
		}
	}
}

// Ended reports whether the last scenario did not run to its end, because it opens a fixture that is unfit.
func (r *DryRun) Ended() bool { return r.ended }

// fillIn gives a scenario what an invalid step may have been there for, so that the steps after it have no faults that
// follow from its own.
func (s *scenario) fillIn() {
	s.makeAll()
	if s.last == nil {
		r := &request{method: http.MethodGet, path: "/", header: http.Header{}}
		s.last = &exchange{r, &answer{status: http.StatusOK, header: http.Header{}, body: []byte(stubBody("", ""))}}
	}
}

// makeAll gives a scenario everything that an operation could have made for it.
func (s *scenario) makeAll() {
	for i := range s.cfg.Milestone.Operations {
		o := &s.cfg.Milestone.Operations[i]
		if _, ok := s.variables[o.CreatedName()]; o.CreatedIDAt != "" && !ok {
			s.variables[o.CreatedName()] = textVariable(stubID)
			s.owners[stubID] = s.callerHeaders()
		}
	}
}

// step runs one step. Of a table with several invalid rows it finds all: it runs the step again without the row that it
// has found.
func (r *DryRun) step(ctx context.Context, s *scenario, i int, step *messages.PickleStep) {
	fault := func(row int, message string) { r.Faults = append(r.Faults, Fault{i, row, message}) }
	found := All().Match(step.Text)
	switch {
	case len(found) == 0:
		fault(0, Undefined(step.Text))
		return
	case len(found) > 1:
		fault(0, fmt.Sprintf("ambiguous step %q: it is like %q and like %q", step.Text, found[0].Example, found[1].Example))
		return
	}
	if err := CheckArgument(step); err != nil {
		fault(0, err.Error())
		return
	}
	var rows []*messages.PickleTableRow
	var numbers []int // of the rows, as they are written
	if step.Argument != nil && step.Argument.DataTable != nil {
		rows = slices.Clone(step.Argument.DataTable.Rows)
		for n := range rows {
			numbers = append(numbers, n+1)
		}
	}
	for {
		err := found[0].run(ctx, step, rows)
		var invalid *InvalidStep
		switch {
		case errors.As(err, &invalid) && invalid.Row > 0 && invalid.Row <= len(rows):
			fault(numbers[invalid.Row-1], invalid.inRow())
			rows, numbers = slices.Delete(rows, invalid.Row-1, invalid.Row), slices.Delete(numbers, invalid.Row-1, invalid.Row)
			continue
		case errors.As(err, &invalid):
			fault(0, invalid.Error())
		case errors.As(err, new(*Mismatch)):
			// Later steps use the value that this one stores.
			for _, name := range found[0].Arguments(step.Text, "name") {
				if err := s.remember(name, textVariable("remembered")); err != nil {
					fault(0, err.Error())
				}
			}
		case err != nil:
			fault(0, err.Error())
		}
		return
	}
}

// run calls the handler with the arguments of a step's text, and with these rows as its table.
func (d *Definition) run(ctx context.Context, step *messages.PickleStep, rows []*messages.PickleTableRow) error {
	handler := reflect.ValueOf(d.Handler)
	arguments := []reflect.Value{reflect.ValueOf(ctx)}
	for _, argument := range d.ArgumentsOf(step.Text) {
		if handler.Type().In(len(arguments)).Kind() == reflect.Int {
			number, err := strconv.Atoi(argument.Value)
			if err != nil {
				return invalidStep("invalid number %s: %v", argument.Value, err)
			}
			arguments = append(arguments, reflect.ValueOf(number))
			continue
		}
		arguments = append(arguments, reflect.ValueOf(argument.Value))
	}
	switch handler.Type().In(handler.Type().NumIn() - 1) {
	case reflect.TypeFor[*Table]():
		var given *Table
		if step.Argument.DataTable != nil {
			given = &Table{Rows: rows}
		}
		arguments = append(arguments, reflect.ValueOf(given))
	case reflect.TypeFor[*DocString]():
		arguments = append(arguments, reflect.ValueOf(step.Argument.DocString))
	}
	err, _ := handler.Call(arguments)[0].Interface().(error)
	return err
}

// Body returns the fixture with this name as a scenario would send it.
func (r *DryRun) Body(name string) ([]byte, error) {
	cfg := r.cfg
	cfg.Fixtures = r.cfg.Fixtures.(recordedFS).FS // which does not record
	s := newScenario(&cfg, "0123456789")
	s.makeAll()
	var sent request
	err := sent.useFixture(s, name)
	return sent.body, err
}

// Requests returns the names of all fixtures that can be sent, sorted, with the path of each.
func (r *DryRun) Requests() (names, paths []string) {
	paths, _ = fs.Glob(r.cfg.Fixtures.(recordedFS).FS, requestsFolder+"/*.json")
	for _, file := range paths {
		names = append(names, strings.TrimSuffix(path.Base(file), ".json"))
	}
	return names, paths
}
