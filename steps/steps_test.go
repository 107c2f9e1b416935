package steps

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestEveryExampleFitsOnePattern(t *testing.T) {
	for i, s := range Definitions() {
		t.Run(s.Example, func(t *testing.T) {
			for j, d := range All().definitions {
				if got, want := d.pattern.MatchString(s.Example), i == j; got != want {
					t.Errorf("%s: got match %t, want %t", d.pattern, got, want)
				}
			}
		})
	}
}

// TestDifferentValuesAreReported holds texts that look alike against all patterns: each has to fit one, or none.
func TestDifferentValuesAreReported(t *testing.T) {
	for text, want := range map[string]string{
		`"/a" is null`:                         `"/provider/segment_tier" is "S1"`,
		`"/a" is -12.5e+3`:                     `"/provider/segment_tier" is "S1"`,
		`"/a" is ""`:                           `"/provider/segment_tier" is "S1"`,
		`"/a" is "a \"quoted\" word"`:          `"/provider/segment_tier" is "S1"`,
		`"/a" is [1, {"b": null}]`:             `"/provider/segment_tier" is "S1"`,
		`"/a" is {"b": " is absent"}`:          `"/provider/segment_tier" is "S1"`,
		`"/a" is {name}`:                       `"/provider/segment_tier" is "S1"`,
		`"" is {}`:                             `"/provider/segment_tier" is "S1"`,
		`"/a" is "absent"`:                     `"/provider/segment_tier" is "S1"`,
		`"/a" is not "absent"`:                 `"/provider/status" is not "active"`,
		`"/a" is S1`:                           ``,
		`"/a" is "x" and more`:                 ``,
		`a" is "x"`:                            ``,
		`"a" is "x"`:                           ``,
		`"/a" is absent and so on`:             ``,
		`the answer is 200 indeed`:             ``,
		`so the answer is 200`:                 ``,
		`the answer is 409 conflict because x`: ``,
		`"/a" is "sha256:" and the SHA-256 of canonical "/b"`: `"/rollout/capabilities_hash" is "sha256:" and the SHA-256 of canonical "/rollout/capability_matrix"`,
		`"/a" has 1 item`:                      `"/export/entries" has 2 items`,
		`the walk has 1 page`:                  `the walk has 3 pages`,
		`the walk has 1 entry`:                 `the walk has 5 entries`,
		`the walk's "" are []`:                 `the walk's "/event_type" are ["onboarded", "status_upserted"]`,
		`I call "x" with fixture "y" and:`:     `I call "partnerLiquidityProvider.onboard" with fixture "small-provider" and:`,
		`I call "x" with: fixture "y"`:         ``,
		`the header "X" is "a "quoted" word"`:  `the header "Idempotent-Replayed" is "true"`,
		`there is a violation of "type" at ""`: `there is a violation of "minLength" at "/provider/legal_entity_name"`,
		`"/a" matches "^"b"$"`:                 `"/eligibility/evaluation_id" matches "^plpelig_[0-9a-f]{16}$"`,
		`"/a" equals "/b"`:                     `"/provider/updated_at" equals "/provider/created_at"`,
		`I remember "/a" as "b"`:               `I remember "/provider/created_at" as "created"`,
		`I remember "a" as "b"`:                ``,
	} {
		t.Run(text, func(t *testing.T) {
			var got []string
			for _, d := range All().Match(text) {
				got = append(got, d.Example)
			}
			if strings.Join(got, "\n") != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestInvalidDefinitions(t *testing.T) {
	none := func(context.Context) error { return nil }
	one := func(context.Context, string) error { return nil }
	for _, test := range []struct {
		name, pattern string
		step          any
		message       string // "" when the row is good
	}{
		{"a good row", `^I nod$`, none, ""},
		{"a good row with everything", `^I nod (\d) times at "(.*)" with:$`, func(context.Context, int, string, *Table) error { return nil }, ""},
		{"a good row with a text", `^I say:$`, func(context.Context, *DocString) error { return nil }, ""},
		{"no beginning", `I nod$`, none, "not anchored"},
		{"no end", `^I nod`, none, "not anchored"},
		{"a dollar that is no end", `^I pay \$`, none, "not anchored"},
		{"no regular expression", `^I ($`, none, "missing closing"},
		{"no handler", `^I nod$`, nil, "not a function"},
		{"not a function", `^I nod$`, "nod", "not a function"},
		{"variadic", `^I nod$`, func(context.Context, ...string) error { return nil }, "not a function with fixed arguments"},
		{"too few arguments", `^I nod (.*)$`, none, "should be"},
		{"too many arguments", `^I nod$`, one, "should be"},
		{"no context", `^I nod (.*)$`, func(string) error { return nil }, "should be"},
		{"an argument of another type", `^I nod (.*)$`, func(context.Context, float64) error { return nil }, "should be"},
		{"no error", `^I nod$`, func(context.Context) {}, "should be"},
		{"another result", `^I nod$`, func(c context.Context) (context.Context, error) { return c, nil }, "should be"},
		{"a colon and no table", `^I nod:$`, none, "should be"},
		{"a table and no colon", `^I nod$`, func(context.Context, *Table) error { return nil }, "should be"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := NewSet(define(test.pattern, "", "Nods.", test.step))
			if test.message == "" && err != nil || test.message != "" && (err == nil || !strings.Contains(err.Error(), test.message)) {
				t.Errorf("got %v, want %q", err, test.message)
			}
		})
	}
	t.Run("it has no description", func(t *testing.T) {
		if _, err := NewSet(define(`^I nod$`, "", "", none)); err == nil {
			t.Error("got no error")
		}
	})
}

func TestArgumentsAreNeitherOverlookedNorMissed(t *testing.T) {
	for _, test := range []struct{ name, lines, message string }{
		{"a table after a step that takes none", "I onboard a provider\n| /provider/status | absent |", "takes no table"},
		{"a text after a step that takes none", "I onboard a provider\n\"\"\"\n\"\"\"", "takes no table"},
		{"nothing after a step that takes a table", "I onboard a provider with:", "nothing follows"},
		{"a text where a table is wanted", "I onboard a provider with:\n\"\"\"\n\"\"\"", "takes a table"},
		{"a table where a text is wanted", "I call \"partnerLiquidityProvider.onboard\" with the body:\n| a | b |", "takes a text"},
		{"one column", "I onboard a provider with:\n| /provider/status |", "row 1: the row has 1 columns"},
		{"three columns", "I onboard a provider with:\n| /provider/status | \"a\" | b |", "row 1: the row has 3 columns"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t)
			var bad *InvalidStep
			if err := s.play(t, test.lines); !errors.As(err, &bad) || !strings.Contains(bad.Message, test.message) {
				t.Errorf("got %v, want an invalid step: %s", err, test.message)
			}
			if got := s.last(); got.method != "" {
				t.Errorf("got %s %s, want nothing sent", got.method, got.target)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{&InvalidStep{Message: "no x"}, "no x"},
		{&InvalidStep{Message: "no x", Nearest: "y"}, `no x (did you mean "y"?)`},
		{&Mismatch{Message: "a is 1", Expected: "1", Got: "2"}, "a is 1\n  expected: 1\n  got:      2"},
		{&Mismatch{Message: "a is b", Expected: "1", Got: "2", Diff: "-1\n+2\n"}, "a is b\n  expected: 1\n  got:      2\n  -1\n  +2"},
		{&Unreachable{Err: errors.New("refused")}, "the target cannot be reached: refused"},
	} {
		t.Run(test.want, func(t *testing.T) {
			if got := test.err.Error(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestForms(t *testing.T) {
	for _, row := range []struct{ example, want string }{
		{`I call "partnerLiquidityProvider.onboard" with fixture "small-provider" and:`, `I call "<operation>" with fixture "<fixture>" and:`},
		{`"/provider/updated_at" equals "/provider/created_at"`, `"<pointer>" equals "<pointer>"`},
		{`"/provider/segment_tier" is "S1"`, `"<pointer>" is <json>`},
		{`the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked`, `the answer is <number> <code> because <reason_code>`},
		{`I onboard a provider`, `I onboard a provider`},
	} {
		t.Run(row.example, func(t *testing.T) {
			definition, ok := Find(row.example)
			if got := definition.Form(); !ok || got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// Every parameter has a description, and every description is of a parameter that a definition has.
func TestEveryParameterIsDescribed(t *testing.T) {
	described, taken := map[string]bool{}, map[string]bool{}
	for _, parameter := range Parameters {
		described[parameter.Name] = true
	}
	for _, definition := range Definitions() {
		for _, name := range definition.Parameters() {
			if taken[name] = true; !described[name] {
				t.Errorf("%s takes %q, which has no description", definition.Example, name)
			}
		}
	}
	for name := range described {
		if !taken[name] {
			t.Errorf("no step takes %q", name)
		}
	}
}
