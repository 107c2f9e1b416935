package baseline

import (
	stdcmp "cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const sound = `# ours
known:
  - scenario: s-0123456789
    reason: Tiers are compared by name.
    owner: payments
    expires: 2026-12-31
  - cause: 'details: required /error/details/violations'
    operations: [a.b, c]
    count: 2
    reason: 'It says: no.'
    owner: "@audit"
    expires: "2027-02-28"
`

func TestParse(t *testing.T) {
	got, err := Parse("known.yaml", []byte(sound))
	if err != nil {
		t.Fatal(err)
	}
	want := &Baseline{File: "known.yaml", Known: []Entry{
		{Scenario: "s-0123456789", Reason: "Tiers are compared by name.", Owner: "payments", Expires: "2026-12-31", Line: 3},
		{Cause: "details: required /error/details/violations", Operations: []string{"a.b", "c"}, Count: 2, Reason: "It says: no.", Owner: "@audit", Expires: "2027-02-28", Line: 7},
	}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("Parse (-got +want):\n%s", diff)
	}
	if got, err := Parse("known.yaml", []byte("known: []\n")); err != nil || len(got.Known) != 0 {
		t.Errorf("an empty list: %v, %v", got, err)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"an unknown key", "    owner: payments", "    ownr: payments", `k.yaml:5: unknown key "ownr" (did you mean "owner"?)`},
		{"the word that one would guess", "    expires: 2026-12-31", "    expiry: 2026-12-31", `k.yaml:6: unknown key "expiry" (did you mean "expires"?)`},
		{"an unknown key of the file", "known:", "knowm:", `k.yaml:2: unknown key "knowm" (did you mean "known"?)`},
		{"no owner", "    owner: payments\n", "", `k.yaml:3: /known/0 lacks "owner"`},
		{"no reason and no date", "    reason: Tiers are compared by name.\n    owner: payments\n    expires: 2026-12-31\n", "    owner: payments\n",
			`k.yaml:3: /known/0 lacks "reason", "expires"`},
		{"an empty reason", "Tiers are compared by name.", `""`, `k.yaml:4: /known/0/reason must be one line of text, got ""`},
		{"a scenario twice", "cause: 'details: required /error/details/violations'\n    operations: [a.b, c]", "scenario: s-0123456789", `k.yaml:7: "s-0123456789" is listed twice (first on line 3)`},
		{"a cause twice", "scenario: s-0123456789", "cause: 'details: required /error/details/violations'\n    count: 1\n    rules: [r]", `k.yaml:9: "details: required /error/details/violations" is listed twice (first on line 3)`},
		{"neither", "scenario: s-0123456789", "count: 1", `k.yaml:3: the entry has neither a cause nor a scenario`},
		{"both", "scenario: s-0123456789", "scenario: s-0123456789\n    cause: x\n    count: 1", `k.yaml:3: the entry has a cause and a scenario: one of them is enough`},
		{"no count", "    count: 2\n", "", `k.yaml:7: the entry has no count: in how many scenarios does the cause occur?`},
		{"a narrow scenario", "scenario: s-0123456789", "scenario: s-0123456789\n    rules: [x]", `k.yaml:3: the entry is for a scenario: operations and rules narrow a cause`},
		{"no id", "s-0123456789", "the first", `k.yaml:3: /known/0/scenario must be the id of a scenario, such as s-0123456789; other failures are listed by cause, and this command writes the file again: runner baseline MILESTONE.yaml --out FILE --replace --owner NAME --reason TEXT --expires DATE, got "the first"`},
		{"the id of a check", "scenario: s-0123456789", "id: c-0123456789", `k.yaml:3: /known/0/scenario must be the id of a scenario, such as s-0123456789; other failures are listed by cause, and this command writes the file again: runner baseline MILESTONE.yaml --out FILE --replace --owner NAME --reason TEXT --expires DATE, got "c-0123456789"`},
		{"a day that no calendar has", "2026-12-31", "2026-02-30", `k.yaml:6: /known/0/expires must be a date, such as 2026-12-31, got "2026-02-30"`},
		{"a date with a time", "2026-12-31", "2026-12-31T00:00:00Z", `k.yaml:6: /known/0/expires must be a date, such as 2026-12-31, got "2026-12-31T00:00:00Z"`},
		{"another way to write a day", "2026-12-31", "31.12.2026", `k.yaml:6: /known/0/expires must be a date, such as 2026-12-31, got "31.12.2026"`},
		{"never", "2026-12-31", "never", `k.yaml:6: /known/0/expires must be a date, such as 2026-12-31, got "never"`},
		{"a number", "2026-12-31", "2026", `k.yaml:6: /known/0/expires must be text, got 2026 (put it in quotes)`},
		{"no list", sound, "known: 1", `k.yaml:1: /known must be a list, got 1`},
		{"nothing", sound, "", `k.yaml:1: the document is empty`},
		{"two documents", sound, sound + "---\nknown: []\n", `k.yaml:13: a second document begins: one file has one baseline`},
		{"an alias", "owner: payments", "owner: *me", `k.yaml:5: not YAML: unknown anchor 'me' referenced`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(sound, test.old, test.new, 1)
			_, err := Parse("k.yaml", []byte(text))
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestExpired(t *testing.T) {
	east := time.FixedZone("east", 14*3600)
	tests := []struct {
		name string
		now  time.Time
		want bool
	}{
		{"the day before", time.Date(2026, 12, 30, 23, 0, 0, 0, time.UTC), false},
		{"the last moment", time.Date(2026, 12, 31, 23, 59, 59, 999, time.UTC), false},
		{"the moment after", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), true},
		{"tomorrow already, elsewhere", time.Date(2027, 1, 1, 8, 0, 0, 0, east), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := (&Entry{Expires: "2026-12-31"}).Expired(test.now); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestAppend(t *testing.T) {
	more := []Entry{{
		Cause: "step: x, at /y", Rules: []string{"r"}, Level: "full", Count: 3,
		Reason: "Later: #7", Owner: "@audit", Expires: "2027-01-01", Example: "two\nlines",
	}}
	added := `  # two lines
  - cause: 'step: x, at /y'
    rules: [r]
    level: full
    count: 3
    reason: 'Later: #7'
    owner: '@audit'
    expires: 2027-01-01
`
	tests := []struct{ name, text, want string }{
		{"to nothing", "", head + added},
		{"to what is there", sound, sound + added},
		{"to a text without its last newline", strings.TrimSuffix(sound, "\n"), sound + added},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Append("k.yaml", []byte(test.text), more)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(got), test.want); diff != "" {
				t.Errorf("Append (-got +want):\n%s", diff)
			}
		})
	}
	for name, text := range map[string]string{
		"an empty list":  `known: []`,
		"brackets":       `known: [{scenario: s-0123456789, reason: x y, owner: me, expires: 2026-12-31}]`,
		"no indentation": "known:\n- scenario: s-0123456789\n  reason: xy\n  owner: me\n  expires: 2026-12-31\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Append("k.yaml", []byte(text), more)
			if err == nil || !strings.Contains(err.Error(), "adding to k.yaml: write its list as items that begin with two spaces and a hyphen") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLastDay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "known.yaml")
	if err := os.WriteFile(file, []byte(sound), 0o666); err != nil {
		t.Fatal(err)
	}
	for last, want := range map[string]string{
		"2027-02-28": "",
		"2027-02-27": file + ":7: details: required /error/details/violations expires on 2027-02-28, and 2027-02-27 is the latest day that is allowed",
	} {
		if _, err := Read(file, last); fmt.Sprint(err) != stdcmp.Or(want, "<nil>") {
			t.Errorf("until %s: got %v, want %s", last, err, want)
		}
	}
}
