package steps

import (
	"context"
	"errors"
	"io/fs"
	"net/http/httptest"
	"strings"
	"testing"

	gherkin "github.com/cucumber/gherkin/go/v26"
	messages "github.com/cucumber/messages/go/v21"

	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
)

// stage is where tests play scenarios: a target of a few lines, and a configuration that points to it.
type stage struct {
	*toy
	server *httptest.Server
	cfg    Config
	ctx    context.Context // of the last scenario
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{toy: &toy{stored: map[string][]byte{}, touched: map[string]int{}}}
	s.server = httptest.NewServer(s.toy)
	t.Cleanup(s.server.Close)
	s.cfg = Config{
		Milestone: milestones.M109(), Fixtures: fixtures.FS, Client: s.server.Client(), RunID: "stage",
		Target: func(context.Context, []string) (string, error) { return s.server.URL, nil },
	}
	return s
}

// play runs the lines as the steps of one scenario, and returns the error of its first failing step. Lines that begin
// with @ are its tags.
func (s *stage) play(t *testing.T, lines string) error {
	t.Helper()
	var tags, steps strings.Builder
	for line := range strings.Lines(lines) {
		switch line = strings.TrimSpace(line); {
		case line == "":
		case strings.HasPrefix(line, "@"):
			tags.WriteString(line + "\n")
		case strings.HasPrefix(line, "|"), strings.HasPrefix(line, `"""`):
			steps.WriteString("    " + line + "\n")
		case strings.HasPrefix(line, "`"):
			steps.WriteString("    " + strings.Trim(line, "`") + "\n") // a line of a text
		default:
			steps.WriteString("  * " + line + "\n")
		}
	}
	text := "Feature: play\n" + tags.String() + "Scenario: play\n" + steps.String()
	ids := (&messages.Incrementing{}).NewId
	document, err := gherkin.ParseGherkinDocument(strings.NewReader(text), ids)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	pickle := gherkin.Pickles(*document, t.Name()+".feature", ids)[0]
	if s.ctx, err = Begin(t.Context(), &s.cfg, pickle); err != nil {
		return err
	}
	for _, step := range pickle.Steps {
		if err := s.run(step); err != nil {
			return err
		}
	}
	return nil
}

// run runs one step.
func (s *stage) run(step *messages.PickleStep) error {
	found := All().Match(step.Text)
	if len(found) != 1 {
		return errors.New(Undefined(step.Text))
	}
	if err := CheckArgument(step); err != nil {
		return err
	}
	var rows []*messages.PickleTableRow
	if step.Argument != nil && step.Argument.DataTable != nil {
		rows = step.Argument.DataTable.Rows
	}
	return found[0].run(s.ctx, step, rows)
}

// mustPlay plays lines that have to go well.
func (s *stage) mustPlay(t *testing.T, lines string) {
	t.Helper()
	if err := s.play(t, lines); err != nil {
		t.Errorf("got %v\nwhile playing\n%s", err, lines)
	}
}

func fixture(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(fixtures.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
