package plan

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
)

// small is a milestone with one gate and one promise.
func small(features ...string) *milestones.Milestone {
	return &milestones.Milestone{
		ID:         "T1",
		Features:   features,
		Operations: []milestones.Operation{{ID: "door.knock"}, {ID: "lamp.light"}, {ID: "wall.paint"}},
		Router:     milestones.Operation{ID: "unrouted"},
		Rules: []milestones.Rule{
			{ID: "door-is-closed", Kind: milestones.Precondition, Feature: "door.feature"},
			{ID: "lamp-is-lit", Kind: milestones.Invariant, Feature: "door.feature"},
			{ID: "wall-stands", Kind: milestones.Invariant, Feature: "wall.feature"},
			{ID: "wall-is-painted", Kind: milestones.Invariant, Feature: "door.feature", Level: milestones.Full},
		},
		Capabilities: []milestones.Capability{{ID: "key-identity"}, {ID: "fresh-state"}},
	}
}

const door = `@needs:key-identity
Feature: A door

  Background:
    Given a house

  @lamp-is-lit
  Scenario: The lamp is lit
    Then light

  Rule: Nobody passes

    Background:
      Given a door

    @door-is-closed
    Scenario Outline: <who> at the door
      When <who> knocks
        | a | <who> |
      Then <what>

      @refuses
      Examples: strangers
        | who   | what  |
        | Alice | shut  |
        | Bob   | shut  |

      # friends come last
      @permits @needs:fresh-state
      Examples:
        | who   | what  |
        | Carol | open  |

    @door-is-closed @permits
    Scenario: The owner
      Then the owner knocks
        """
        Scenario: not one
        """
`

func files(texts ...string) fs.FS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(texts); i += 2 {
		fsys[texts[i]] = &fstest.MapFile{Data: []byte(texts[i+1])}
	}
	return fsys
}

func load(t *testing.T) *Plan {
	t.Helper()
	p, err := Load(small("door.feature"), files("door.feature", door))
	if err != nil {
		t.Fatalf("loading: %v", err)
	}
	return p
}

func TestScenarios(t *testing.T) {
	p := load(t)
	var got [][]string
	for _, s := range p.Scenarios {
		got = append(got, []string{s.ID, s.Where(), s.Name, s.Rule, string(s.Side), strings.Join(s.Needs, " ")})
	}
	want := [][]string{
		{"features/door.feature > The lamp is lit", "features/door.feature:8", "The lamp is lit", "lamp-is-lit", "", "key-identity"},
		{"features/door.feature > Nobody passes > <who> at the door > Alice | shut", "features/door.feature:25",
			"Alice at the door", "door-is-closed", "refuses", "key-identity"},
		{"features/door.feature > Nobody passes > <who> at the door > Bob | shut", "features/door.feature:26",
			"Bob at the door", "door-is-closed", "refuses", "key-identity"},
		{"features/door.feature > Nobody passes > <who> at the door > Carol | open", "features/door.feature:32",
			"Carol at the door", "door-is-closed", "permits", "fresh-state key-identity"},
		{"features/door.feature > Nobody passes > The owner", "features/door.feature:35",
			"The owner", "door-is-closed", "permits", "key-identity"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scenarios (-want +got):\n%s", diff)
	}
}

func TestSteps(t *testing.T) {
	p := load(t)
	want := []Step{
		{5, "Given", "a house", nil}, {14, "Given", "a door", nil}, {18, "When", "Bob knocks", []int{19}}, {20, "Then", "shut", nil},
	}
	if diff := cmp.Diff(want, p.Scenarios[2].Steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

// The id of a scenario outlives the lines around it.
func TestIDsDoNotDependOnLines(t *testing.T) {
	moved, err := Load(small("door.feature"), files("door.feature", strings.ReplaceAll(door, "  Rule:", "\n\n\n  Rule:")))
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range load(t).Scenarios {
		if got := moved.Scenarios[i].ID; got != s.ID {
			t.Errorf("id after moving: %q, want %q", got, s.ID)
		}
	}
}

// Keys are values of rows, rows are ids, and ids are written everywhere.
func TestIDsHaveNoKeys(t *testing.T) {
	p, err := Load(small("door.feature"), files("door.feature", `Feature: d
@lamp-is-lit
Scenario Outline: <what>
  Then I send:
    | header X-Partner-Key | <key>       |
    | header authorization | Bearer <it> |
    | header X-Other       | <what>      |
Examples:
  | what      | key            | it    |
  | long      | lpk_example_1  | {me}  |
  | longer    | lpk_example_12 | {me}  |
  | short     | unknown        | {me}  |
  | variable  | {unique}-long  | {me}  |
  | no header | absent         | xyz123456 |
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"long | [redacted] | {me}", "longer | [redacted] | {me}", "short | unknown | {me}", "variable | {unique}-long | {me}",
		"no header | absent | xyz123456",
	}
	for i, s := range p.Scenarios {
		if got := strings.TrimPrefix(s.ID, "features/door.feature > <what> > "); got != want[i] {
			t.Errorf("id: %s, want %s", got, want[i])
		}
	}
}

func TestLevels(t *testing.T) {
	p, err := Load(small("door.feature"), files("door.feature", `Feature: d
@lamp-is-lit
Scenario: core
Then b
@lamp-is-lit @full
Scenario: raised
Then b
@wall-is-painted
Scenario: its rule's
Then b
@lamp-is-lit
Scenario Outline: rows
Then <b>
Examples:
| b |
| 1 |
@full
Examples:
| b |
| 2 |
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []milestones.Level
	for _, s := range p.Scenarios {
		got = append(got, s.Level)
	}
	want := []milestones.Level{milestones.Core, milestones.Full, milestones.Full, milestones.Core, milestones.Full}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("levels (-want +got):\n%s", diff)
	}
}

func TestProblems(t *testing.T) {
	lamp := "@lamp-is-lit\nScenario: lit\nThen light\n"
	tests := []struct {
		name  string
		files []string
		want  string
	}{
		{
			"unknown tag, with the nearest",
			[]string{"door.feature", "Feature: d\n@door-is-closed @refuse\nScenario: a\nThen b\n"},
			"features/door.feature:2: unknown tag @refuse (did you mean @refuses?)",
		},
		{
			"unknown tag, at its line, once for all scenarios that have it",
			[]string{"door.feature", "@colour\nFeature: d\n@lamp-is-lit\nScenario: a\nThen b\n@door-is-closed\nScenario Outline: c <d>\nThen <d>\n@permit\nExamples:\n| d |\n| 1 |\n| 2 |\n"},
			"features/door.feature:1: unknown tag @colour\nfeatures/door.feature:9: unknown tag @permit (did you mean @permits?)",
		},
		{
			"a typo that explains what else is missing",
			[]string{"door.feature", "Feature: d\n@lamp-is-lid\nScenario: a\nThen b\n@flamp\nScenario: c\nThen b\n@door-is-closed\n@lets-in\nScenario: e\nThen b\n"},
			"features/door.feature:2: unknown tag @lamp-is-lid (did you mean @lamp-is-lit?)\nfeatures/door.feature:5: unknown tag @flamp\n" +
				"features/door.feature:9: unknown tag @lets-in",
		},
		{
			"unknown capability",
			[]string{"door.feature", "Feature: d\n@lamp-is-lit @needs:fresh-stat\nScenario: a\nThen b\n"},
			"features/door.feature:2: unknown tag @needs:fresh-stat (did you mean @needs:fresh-state?)",
		},
		{
			"no rule",
			[]string{"door.feature", "Feature: d\n\nScenario: a\nThen b\n"},
			"features/door.feature:3: no rule: tag the scenario with the rule of the milestone that it proves",
		},
		{
			"two rules",
			[]string{"door.feature", "Feature: d\n@lamp-is-lit @door-is-closed @refuses\nScenario: a\nThen b\n"},
			"features/door.feature:3: more than one rule (@lamp-is-lit, @door-is-closed): a scenario proves one",
		},
		{
			"a gate with both sides",
			[]string{"door.feature", "Feature: d\n@door-is-closed @refuses @permits\nScenario: a\nThen b\n"},
			"features/door.feature:3: both @refuses and @permits: a scenario shows one side of a gate",
		},
		{
			"a promise with a side",
			[]string{"door.feature", "Feature: d\n@lamp-is-lit @permits\nScenario: a\nThen b\n"},
			"features/door.feature:3: @lamp-is-lit is a promise: it has no sides, so @permits has no effect",
		},
		{
			"@full of a rule that is at full",
			[]string{"door.feature", "Feature: d\n@wall-is-painted @full\nScenario: a\nThen b\n"},
			"features/door.feature:3: @wall-is-painted is at level full, and so are all of its scenarios: @full is redundant",
		},
		{
			"a typo in @full",
			[]string{"door.feature", "Feature: d\n@lamp-is-lit @ful\nScenario: a\nThen b\n"},
			"features/door.feature:2: unknown tag @ful (did you mean @full?)",
		},
		{
			"a rule of another feature",
			[]string{"door.feature", "Feature: d\n@wall-stands\nScenario: a\nThen b\n"},
			"features/door.feature:3: the milestone has @wall-stands in wall.feature",
		},
		{
			"no steps",
			[]string{"door.feature", "Feature: d\nBackground:\nGiven a house\n@lamp-is-lit\nScenario: a\n"},
			`features/door.feature:5: the scenario "a" has no steps, so it would pass without doing anything`,
		},
		{
			"no Then",
			[]string{"door.feature", "Feature: d\n@lamp-is-lit\nScenario: a\nGiven a house\nWhen b\n"},
			`features/door.feature:3: the scenario "a" has no Then, so it would pass whatever the answers are`,
		},
		{
			"no name",
			[]string{"door.feature", "Feature: d\n@lamp-is-lit\nScenario:\nThen b\n"},
			"features/door.feature:3: the scenario has no name, and its name is its id",
		},
		{
			"an outline without rows",
			[]string{"door.feature", "Feature: d\n@lamp-is-lit\nScenario Outline: a\nThen <b>\nExamples:\n| b |\n"},
			`features/door.feature:5: the outline "a" has no rows, so nothing of it would run`,
		},
		{
			"an outline without examples",
			[]string{"door.feature", "Feature: d\n@lamp-is-lit\nScenario Outline: a\nThen <b>\n"},
			`features/door.feature:3: the outline "a" has no rows, so nothing of it would run`,
		},
		{
			"a rule without scenarios",
			[]string{"door.feature", "Feature: d\n" + lamp + "Rule: nobody\n"},
			`features/door.feature:5: the rule "nobody" has no scenarios`,
		},
		{
			"a feature without scenarios",
			[]string{"door.feature", "Feature: d\n"},
			"features/door.feature: the feature has no scenarios",
		},
		{
			"no feature",
			[]string{"door.feature", "# nothing yet\n"},
			"features/door.feature: there is no feature in it",
		},
		{
			"the same scenario twice",
			[]string{"door.feature", "Feature: d\n" + lamp + lamp},
			"features/door.feature:6: the same scenario as on line 3: features/door.feature > lit",
		},
		{
			"the same row twice",
			[]string{"door.feature", "Feature: d\n@lamp-is-lit\nScenario Outline: a\nThen <b>\nExamples:\n| b |\n| c |\n| c |\n"},
			"features/door.feature:8: the same scenario as on line 7: features/door.feature > a > c",
		},
		{
			"a fault of an outline is reported once",
			[]string{"door.feature", "Feature: d\n\nScenario Outline: a\nThen <b>\nExamples:\n| b |\n| c |\n| e |\n"},
			"features/door.feature:3: no rule: tag the scenario with the rule of the milestone that it proves",
		},
		{
			"syntax",
			[]string{"door.feature", "Feature: d\n" + lamp + "Thn b\n"},
			"features/door.feature:5: unexpected line: Thn b (did you mean Then?)",
		},
		{
			"letters that changed places",
			[]string{"door.feature", "Feature: d\n" + lamp + "Whne b\n"},
			"features/door.feature:5: unexpected line: Whne b (did you mean When?)",
		},
		{
			"of the parser's errors, only the first",
			[]string{"door.feature", "Feature: d\n@lamp-is-lit\nScenario Outlin: a <b>\nThen <b>\nExamples:\n| b |\n| c |\n" + lamp + "Thn b\n"},
			"features/door.feature:3: unexpected line: Scenario Outlin: a <b> (did you mean Scenario Outline:?)",
		},
		{
			"a byte order mark inside",
			[]string{"door.feature", "Feature: d\n\uFEFF" + lamp + "Thn b\n"},
			"features/door.feature:2: the character U+FEFF is not allowed",
		},
		{
			"bytes that are not UTF-8",
			[]string{"door.feature", "Feature: d\n" + lamp + "# caf\xe9\n"},
			"features/door.feature:5: the byte 0xE9 is not UTF-8: save the file as UTF-8",
		},
		{
			"UTF-16",
			[]string{"door.feature", "\xff\xfeF\x00e\x00"},
			"features/door.feature: the file is UTF-16: save it as UTF-8",
		},
		{
			"a line that is too long to be read",
			[]string{"door.feature", "Feature: d\n" + lamp + "# " + strings.Repeat("x", 70000) + "\n" + lamp},
			"features/door.feature:5: the line is longer than 65534 bytes",
		},
		{
			"missing and not listed",
			[]string{"doors.feature", "Feature: d\n" + lamp},
			"features/door.feature: the milestone lists this feature, and there is no such file (did you mean doors.feature?)\n" +
				"features/doors.feature: the milestone does not list this feature (did you mean door.feature?)",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(small("door.feature"), files(test.files...))
			if err == nil {
				t.Fatal("no problem was found")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLongestLine(t *testing.T) {
	text := "Feature: d\n# " + strings.Repeat("x", longestLine-3) + "\n@lamp-is-lit\nScenario: a\nThen b\n"
	p, err := Load(small("door.feature"), files("door.feature", text))
	if err != nil || len(p.Scenarios) != 1 {
		t.Errorf("a line of %d bytes: %v", longestLine, err)
	}
}

// broken is a folder of features whose reading panics, as parsing sometimes does.
type broken struct{ fs.FS }

func (b broken) Open(name string) (fs.File, error) {
	if name == "door.feature" {
		panic("out of order")
	}
	return b.FS.Open(name)
}

func TestAPanicIsAProblem(t *testing.T) {
	_, err := Load(small("door.feature"), broken{files("door.feature", door)})
	want := "features/door.feature: parsing the feature: panic: out of order"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func all(p *Plan) []int {
	var every []int
	for i := range p.Scenarios {
		every = append(every, i)
	}
	return every
}

func TestQueues(t *testing.T) {
	p := load(t)
	everything := &Selection{Plan: p, Scenarios: all(p)}
	for n, want := range map[int][][]int{
		1: {{0, 1, 2, 3, 4}},
		2: {{0, 2, 4}, {1, 3}},
		9: {{0}, {1}, {2}, {3}, {4}},
	} {
		if diff := cmp.Diff(want, everything.Queues(n, "")); diff != "" {
			t.Errorf("%d queues (-want +got):\n%s", n, diff)
		}
	}
	if got := (&Selection{Plan: p}).Queues(2, ""); len(got) != 1 || len(got[0]) != 0 {
		t.Errorf("no scenarios: %v, want one empty queue", got)
	}
}

// A random seed draws an order, always the same one, of the same scenarios.
func TestShuffledQueues(t *testing.T) {
	p := load(t)
	everything := &Selection{Plan: p, Scenarios: all(p)}
	if diff := cmp.Diff(everything.Queues(2, "a"), everything.Queues(2, "a")); diff != "" {
		t.Errorf("one seed, two orders:\n%s", diff)
	}
	orders := map[string]bool{}
	for _, seed := range []string{"", "a", "b", "c", "d"} {
		parts := everything.Queues(2, seed)
		orders[fmt.Sprint(parts)] = true
		together := slices.Concat(parts...)
		slices.Sort(together)
		if diff := cmp.Diff(all(p), together); diff != "" {
			t.Errorf("seed %q (-want +got):\n%s", seed, diff)
		}
	}
	if len(orders) < 4 {
		t.Errorf("five seeds, and the orders are %v", orders)
	}
	if diff := cmp.Diff(all(p), everything.Scenarios); diff != "" {
		t.Errorf("the whole is shuffled too:\n%s", diff)
	}
}

// unlistable is a folder that is there and cannot be read.
type unlistable struct{ err error }

func (u unlistable) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: u.err}
}

// What cannot be read is not what is not there.
func TestLoadOfUnreadableFiles(t *testing.T) {
	for _, cause := range []error{fs.ErrPermission, syscall.EMFILE} {
		_, err := Load(milestones.M109(), unlistable{cause})
		if !errors.Is(err, cause) || strings.Contains(fmt.Sprint(err), "there is no such file") {
			t.Errorf("got %v, want %v", err, cause)
		}
	}
}
