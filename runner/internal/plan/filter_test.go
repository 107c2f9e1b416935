package plan

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// calls returns the operations of the steps of the small feature.
func calls(s *Scenario) []string {
	var operations []string
	for _, step := range s.Steps {
		switch {
		case strings.HasSuffix(step.Text, " knocks"):
			operations = append(operations, "door.knock")
		case step.Text == "light":
			operations = append(operations, "lamp.light")
		}
	}
	return operations
}

func TestSelect(t *testing.T) {
	p := load(t)
	only := func(capabilities ...string) func(string) bool {
		return func(c string) bool { return strings.Contains(strings.Join(capabilities, " "), c) }
	}
	ref, id := p.Scenarios[1].Ref(), p.Scenarios[4].ID
	tests := []struct {
		name    string
		wanted  Filter
		has     func(string) bool
		want    []int
		leftOut []int
		args    string
	}{
		{"everything", Filter{}, nil, []int{0, 1, 2, 3, 4}, nil, ""},
		{"a tag", Filter{Tags: "@door-is-closed"}, nil, []int{1, 2, 3, 4}, nil, "--tags @door-is-closed"},
		{"and", Filter{Tags: "@door-is-closed and @refuses"}, nil, []int{1, 2}, nil, "--tags '@door-is-closed and @refuses'"},
		{"or", Filter{Tags: "@lamp-is-lit or @refuses"}, nil, []int{0, 1, 2}, nil, "--tags '@lamp-is-lit or @refuses'"},
		{"not", Filter{Tags: "not @refuses"}, nil, []int{0, 3, 4}, nil, "--tags 'not @refuses'"},
		{"and before or", Filter{Tags: "@lamp-is-lit or @refuses and @door-is-closed"}, nil, []int{0, 1, 2}, nil, "--tags '@lamp-is-lit or @refuses and @door-is-closed'"},
		{"parentheses", Filter{Tags: "(@lamp-is-lit or @refuses) and not @lamp-is-lit"}, nil, []int{1, 2}, nil, "--tags '(@lamp-is-lit or @refuses) and not @lamp-is-lit'"},
		{"a tag of the feature", Filter{Tags: "@needs:key-identity"}, nil, []int{0, 1, 2, 3, 4}, nil, "--tags @needs:key-identity"},
		{"a part of a name", Filter{Names: []string{"at the door"}}, nil, []int{1, 2, 3}, nil, "--name 'at the door'"},
		{"a name with the values of its row", Filter{Names: []string{"^Bob", "owner$"}}, nil, []int{2, 4}, nil, "--name '^Bob' --name 'owner$'"},
		{"an operation", Filter{Operations: []string{"door.knock"}}, nil, []int{1, 2, 3, 4}, nil, "--operation door.knock"},
		{"two operations", Filter{Operations: []string{"wall.paint", "lamp.light"}}, nil, []int{0}, nil, "--operation wall.paint --operation lamp.light"},
		{"an operation and a name", Filter{Operations: []string{"door.knock"}, Names: []string{"Alice"}}, nil, []int{1}, nil, "--name Alice --operation door.knock"},
		{"a rule", Filter{Rules: []string{"lamp-is-lit"}}, nil, []int{0}, nil, "--rule lamp-is-lit"},
		{"two rules", Filter{Rules: []string{"lamp-is-lit", "door-is-closed"}}, nil, []int{0, 1, 2, 3, 4}, nil, "--rule lamp-is-lit --rule door-is-closed"},
		{"a scenario", Filter{Refs: []string{ref}}, nil, []int{1}, nil, "--scenario " + ref},
		{"what failed", Filter{Failed: []string{"gone", id}}, nil, []int{4}, nil, "--failed"},
		{"a rule and a tag", Filter{Tags: "@refuses", Rules: []string{"door-is-closed"}}, nil, []int{1, 2}, nil, "--tags @refuses --rule door-is-closed"},
		{"a target that lacks something", Filter{}, only("key-identity"), []int{0, 1, 2, 4}, []int{3}, ""},
		{"left out is only what is wanted", Filter{Tags: "@refuses"}, only("fresh-state"), nil, []int{1, 2}, "--tags @refuses"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := p.Select(test.wanted, calls, test.has)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, s.Scenarios); diff != "" {
				t.Errorf("selected (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.leftOut, s.Skipped); diff != "" {
				t.Errorf("left out (-want +got):\n%s", diff)
			}
			for _, i := range s.Skipped {
				if len(s.Lacks(i)) == 0 {
					t.Errorf("scenario %d is left out, and lacks nothing", i)
				}
			}
			if got, want := s.Complete(), len(test.want) == len(p.Scenarios); got != want {
				t.Errorf("complete: %v, want %v", got, want)
			}
			if got := s.Args(); got != test.args || test.wanted.Everything() != (got == "") {
				t.Errorf("asked for %q, want %q", got, test.args)
			}
		})
	}
}

func TestSelectUnknown(t *testing.T) {
	p := load(t)
	for _, test := range []struct {
		wanted Filter
		want   string
	}{
		{Filter{Tags: "@door-is-close"}, "--tags: unknown tag @door-is-close (did you mean @door-is-closed?)"},
		{Filter{Tags: "@refuses and not @lamp-is-lid"}, "--tags: unknown tag @lamp-is-lid (did you mean @lamp-is-lit?)"},
		{Filter{Tags: "refuses"}, "--tags: unknown tag refuses (did you mean @refuses?)"},
		{Filter{Tags: "@refuses && @permits"}, "--tags: unknown tag && (did you mean and?)"},
		{Filter{Tags: "@refuses OR @permits"}, "--tags: unknown tag OR (did you mean or?)"},
		{Filter{Tags: "~@refuses"}, "--tags: unknown tag ~@refuses (did you mean not @refuses?)"},
		{Filter{Tags: "@refuses,@permits"}, "--tags: unknown tag @refuses,@permits (did you mean @refuses or @permits?)"},
		{Filter{Tags: `@refuses\ `}, `--tags: unknown tag @refuses\ (did you mean @refuses?)`},
		{Filter{Tags: "@refuses and"}, `--tags: "@refuses and": a tag is missing after "and"`},
		{Filter{Tags: "(@refuses and not)"}, `--tags: "(@refuses and not)": a tag is missing after "not"`},
		{Filter{Tags: "()"}, `--tags: "()" has no tag in it`},
		{Filter{Tags: " "}, `--tags: " " has no tag in it`},
		{Filter{Tags: "@refuses @permits"}, `--tags: "@refuses @permits" is not a tag expression such as '@refuses and not @needs:fresh-state': expected operator`},
		{Filter{Tags: "or @permits"}, `--tags: "or @permits" is not a tag expression such as '@refuses and not @needs:fresh-state': expected operand`},
		{Filter{Tags: "@refuses not @permits"}, `--tags: "@refuses not @permits" is not a tag expression such as '@refuses and not @needs:fresh-state': expected operator`},
		{Filter{Tags: "(@refuses"}, `--tags: "(@refuses" is not a tag expression such as '@refuses and not @needs:fresh-state': unmatched (`},
		{Filter{Tags: "@refuses)"}, `--tags: "@refuses)" is not a tag expression such as '@refuses and not @needs:fresh-state': unmatched )`},
		{Filter{Tags: "(@refuses or) @permits"}, `--tags: "(@refuses or) @permits" is not a tag expression such as '@refuses and not @needs:fresh-state': expected operand`},
		{Filter{Names: []string{"a(b"}}, "--name: \"a(b\" is not a regular expression: missing closing ): `a(b`"},
		{Filter{Names: []string{""}}, "--name: it is empty and matches every name"},
		{Filter{Rules: []string{"lamp-is-lid"}}, "--rule: there is no rule lamp-is-lid (did you mean lamp-is-lit?)"},
		{Filter{Rules: []string{"@lamp-is-lit"}}, "--rule: there is no rule @lamp-is-lit (did you mean lamp-is-lit?)"},
		{Filter{Operations: []string{"door.knocks"}}, "--operation: there is no operation door.knocks (did you mean door.knock?)"},
		{Filter{Operations: []string{"knock"}}, "--operation: there is no operation knock (did you mean door.knock?)"},
		{Filter{Refs: []string{p.Scenarios[1].Ref() + "0"}}, "--scenario: there is no scenario " + p.Scenarios[1].Ref() + "0 (did you mean " + p.Scenarios[1].Ref() + "?)"},
	} {
		_, err := p.Select(test.wanted, calls, nil)
		if unknown := new(Unknown); !errors.As(err, &unknown) || err.Error() != test.want {
			t.Errorf("%+v: got %v\nwant %s", test.wanted, err, test.want)
		}
	}
}

// A selection of nothing names the condition that left nothing, and what was near.
func TestSelectNothing(t *testing.T) {
	p := load(t)
	for _, test := range []struct {
		wanted Filter
		want   string
	}{
		{Filter{Tags: "@lamp-is-lit and @refuses"}, "--tags '@lamp-is-lit and @refuses' selects none of the 5 scenarios"},
		{Filter{Names: []string{"BOB"}}, "--name BOB selects none of the 5 scenarios (did you mean '(?i)BOB', which selects 1?)"},
		{Filter{Names: []string{"The lump is lit"}}, "--name 'The lump is lit' selects none of the 5 scenarios (did you mean The lamp is lit?)"},
		{Filter{Operations: []string{"wall.paint"}}, "--operation wall.paint selects none of the 5 scenarios"},
		{Filter{Tags: "@lamp-is-lit", Operations: []string{"door.knock"}}, "--operation door.knock selects none of the 1 scenarios of --tags @lamp-is-lit; by itself it selects 4, such as " +
			p.Scenarios[1].Ref() + " at features/door.feature:25 (@door-is-closed @needs:key-identity @refuses)"},
		{Filter{Tags: "@refuses", Names: []string{"Bob"}, Refs: []string{p.Scenarios[0].Ref()}}, "--scenario " + p.Scenarios[0].Ref() +
			" selects none of the 1 scenarios of --tags @refuses --name Bob; by itself it selects 1, such as " + p.Scenarios[0].Ref() + " at features/door.feature:8 (@lamp-is-lit @needs:key-identity)"},
		{Filter{Failed: []string{"features/door.feature > The lamp was lit"}}, "--failed selects none of the 5 scenarios: what did not pass in the last run is gone, such as " +
			"features/door.feature > The lamp was lit (did you mean features/door.feature > The lamp is lit?)"},
	} {
		_, err := p.Select(test.wanted, calls, nil)
		if nothing := new(NothingSelected); !errors.As(err, &nothing) || err.Error() != test.want {
			t.Errorf("%+v: got %v\nwant %s", test.wanted, err, test.want)
		}
	}
}
