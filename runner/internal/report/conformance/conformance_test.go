package conformance

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/lpgate/schemas"
)

func text(s string) *string { return &s }

// example is a report at level full with each member set.
func example() *Report {
	return &Report{
		Implementation: Implementation{text("harbour"), text("1.0")},
		Contract:       Contract{"M1", "Toys | <b>", text("0123456789abcdef")},
		Level:          "full", FinishedAt: "2026-11-30T16:00:00.000Z", Complete: true,
		Core:         Statistics{true, 2, 2, 5, 5, 7, 7},
		Full:         &Statistics{false, 4, 2, 9, 8, 12, 9},
		Capabilities: []string{"test-clock"}, NotVerified: []string{"key-set"},
		Known: []KnownDifference{
			{"schema: required /a|b", 3, "Comes *later*.", "payments", "2026-12-31"}, {"s-0123456789", 0, "Known.", "audit", "2027-01-31"},
		},
		Rules: []Rule{{"a", "core", Proved}, {"b", "core", Known}, {"c", "full", Unproved}, {"d", "full", NotVerified}},
	}
}

func TestRoundTrip(t *testing.T) {
	coreRun := example()
	coreRun.Level, coreRun.Full, coreRun.Implementation, coreRun.Contract.Version = "core", nil, Implementation{}, nil
	coreRun.Capabilities, coreRun.NotVerified, coreRun.Known, coreRun.Rules = []string{}, []string{}, []KnownDifference{}, []Rule{}
	schema, _ := schemas.Embedded().Lookup("Conformance")
	for name, want := range map[string]*Report{"full": example(), "core": coreRun} {
		encoded, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		document, err := schemas.Read(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if violations := schema.Validate(document.Value); len(violations) > 0 {
			t.Errorf("%s: %v\n%s", name, violations, encoded)
		}
		got, err := Parse("conformance.json", encoded)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Report{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestInvalidReports(t *testing.T) {
	encoded, err := example().Encode()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, old, new, want string }{
		{"another key", `"level": "full",`, `"level": "full", "levle": 1,`, `c.json:11: unknown key "levle" (did you mean "level"?)`},
		{"another status", `"status": "known"`, `"status": "knwon"`, `/rules/1/status must be`},
		{"a number", `"passed": 7`, `"passed": -7`, "/core/passed must be"},
		{"a missing key", `"finished_at": "2026-11-30T16:00:00.000Z",`, "", `c.json:1: `},
	}
	for _, test := range tests {
		broken := strings.Replace(string(encoded), test.old, test.new, 1)
		if broken == string(encoded) {
			t.Fatalf("%s: there is no %s", test.name, test.old)
		}
		if _, err := Parse("c.json", []byte(broken)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	want := `## harbour 1.0

M1: Toys \| \<b\> (version 0123456789abcdef), level full, 2026-11-30.

| level | result | rules | outcomes | scenarios |
|---|---|---|---|---|
| core | holds | 2 of 2 | 5 of 5 | 7 of 7 |
| full | does not hold | 2 of 4 | 8 of 9 | 9 of 12 |

Capabilities: test-clock.

Not verified, because of absent capabilities: key-set.

Rules that are not proved: c.

| known difference | scenarios | reason | owner | until |
|---|---|---|---|---|
| schema: required /a\|b | 3 | Comes \*later\*. | payments | 2026-12-31 |
| s-0123456789 |  | Known. | audit | 2027-01-31 |
`
	if diff := cmp.Diff(want, example().Markdown()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r := &Report{Contract: Contract{ID: "M1"}, Level: "core", FinishedAt: "2026-11-30T16:00:00.000Z", file: "x/conformance.json"}
	want = "## x/conformance.json\n\nM1, level core, 2026-11-30. The run is incomplete.\n\n| level | result | rules | outcomes | scenarios |\n|---|---|---|---|---|\n" +
		"| core | does not hold | 0 of 0 | 0 of 0 | 0 of 0 |\n"
	if diff := cmp.Diff(want, r.Markdown()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCompare(t *testing.T) {
	second := example()
	second.Implementation.Version, second.Contract.Version, second.Level, second.Full = text("1.1"), text("fedcba9876543210"), "core", nil
	second.Known = []KnownDifference{second.Known[1], {"body: /x differs", 1, "New.", "me", "2027-02-28"}}
	second.Rules = []Rule{{"a", "core", Unproved}, {"b", "core", Proved}, {"c", "full", NotVerified}, {"e", "core", Proved}}
	c, err := Compare([]*Report{example(), second})
	if err != nil {
		t.Fatal(err)
	}
	want := []Changes{{
		Better: []Change{{"b", Known, Proved}}, Worse: []Change{{"a", Proved, Unproved}},
		Other: []Change{{"c", Unproved, NotVerified}, {"d", NotVerified, ""}, {"e", "", Proved}},
		Fixed: []string{"schema: required /a|b"}, Added: []string{"body: /x differs"},
	}}
	if diff := cmp.Diff(want, c.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if !c.IsWorse() || !c.HasOtherContract() {
		t.Errorf("worse %v, another contract %v", c.IsWorse(), c.HasOtherContract())
	}
	var b bytes.Buffer
	c.Text(&b, false)
	if diff := cmp.Diff(`                   harbour 1.0    harbour 1.1
core               holds          holds
core rules         2 of 2         2 of 2
core outcomes      5 of 5         5 of 5
core scenarios     7 of 7         7 of 7
full               does not hold  not verified
full rules         2 of 4         -
full outcomes      8 of 9         -
full scenarios     9 of 12        -
known differences  2              2
not verified       key-set        key-set
date               2026-11-30     2026-11-30

The reports are about different versions of the contract or of its scenarios.

Better from harbour 1.0 to harbour 1.1:
  b: proved, was known difference

Worse from harbour 1.0 to harbour 1.1:
  a: unproved, was proved

Verified in only one from harbour 1.0 to harbour 1.1:
  c: not verified, was unproved
  d: -, was not verified
  e: proved, was -

Known differences that ended from harbour 1.0 to harbour 1.1:
  schema: required /a|b

New known differences from harbour 1.0 to harbour 1.1:
  body: /x differs

rule  level  harbour 1.0       harbour 1.1
a     core   proved            unproved
b     core   known difference  proved
c     full   unproved          not verified
d     full   not verified      -
e     core   -                 proved
`, b.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	for _, part := range []string{
		"# M1\n\n|  | harbour 1.0 | harbour 1.1 |\n|---|---|---|\n| core | holds | holds |\n", "\n## Worse from harbour 1.0 to harbour 1.1\n\n- a: unproved, was proved\n",
		"\n## Rules\n\n| rule | level | harbour 1.0 | harbour 1.1 |\n|---|---|---|---|\n| a | core | proved | unproved |\n",
	} {
		if got := c.Markdown(false); !strings.Contains(got, part) {
			t.Errorf("the Markdown has no %q:\n%s", part, got)
		}
	}
}

// Three reports are compared each with the one before.
func TestCompareThree(t *testing.T) {
	reports := []*Report{example(), example(), example()}
	reports[1].Rules[0].Status = Known
	c, err := Compare(reports)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range reports[:2] {
		r.file = string(rune('a'+i)) + ".json"
	}
	if diff := cmp.Diff([]string{"harbour 1.0 (a.json)", "harbour 1.0 (b.json)", "harbour 1.0"}, names(reports)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if len(c.Changes) != 2 || len(c.Changes[0].Worse) != 1 || len(c.Changes[1].Better) != 1 || c.HasOtherContract() {
		t.Errorf("got %+v", c.Changes)
	}
}

func TestCompareEqual(t *testing.T) {
	first, second := example(), example()
	first.Rules, second.Rules = first.Rules[:1], second.Rules[:1]
	c, err := Compare([]*Report{first, second})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	c.Text(&b, false)
	const all = "\nAll rules are proved in each report: 1.\n"
	if c.IsWorse() || !strings.HasSuffix(b.String(), all) || !strings.HasSuffix(c.Markdown(false), all) {
		t.Errorf("worse %v:\n%s", c.IsWorse(), b.String())
	}
	if got := c.Markdown(true); !strings.Contains(got, "| a | core | proved | proved |\n") {
		t.Errorf("with all rules:\n%s", got)
	}
}

func TestCompareOtherContracts(t *testing.T) {
	second := example()
	second.Contract.ID = "M2"
	_, err := Compare([]*Report{example(), second})
	if err == nil || err.Error() != "harbour 1.0 is about M1, and harbour 1.0 about M2: only reports about one contract can be compared" {
		t.Errorf("got %v", err)
	}
}
