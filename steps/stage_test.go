package steps

import (
	"context"
	"io"
	"io/fs"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cucumber/godog"

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
		Milestone: milestones.M109(), Fixtures: fixtures.FS, Client: s.server.Client(), Seed: "stage",
		Target: func(context.Context, []string) (string, error) { return s.server.URL, nil },
	}
	return s
}

// play runs the lines as the steps of one scenario, and returns what its first failing step said. Lines that begin
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
	var failed error
	ran := false
	suite := godog.TestSuite{
		Name: "play",
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			Register(sc, s.cfg)
			sc.After(func(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
				failed, ran, s.ctx = err, true, ctx
				return ctx, nil
			})
		},
		Options: &godog.Options{
			Strict: true, Format: "events", Output: io.Discard,
			FeatureContents: []godog.Feature{{
				Name:     t.Name() + ".feature",
				Contents: []byte("Feature: play\n" + tags.String() + "Scenario: play\n" + steps.String()),
			}},
		},
	}
	suite.Run()
	if !ran {
		t.Fatalf("nothing was played:\n%s", lines)
	}
	return failed
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
