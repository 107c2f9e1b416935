package milestones

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gopkg.in/yaml.v3"
)

//go:embed testdata/tiny.yaml
var tiny string

var plainData = cmpopts.IgnoreUnexported(Milestone{})

func TestParseReadsLevels(t *testing.T) {
	text := strings.NewReplacer("kind: invariant\n", "kind: invariant\n    level: full\n", "code: NOT_FOUND\n", "code: NOT_FOUND\n    level: full\n",
		"    response_schema: HealthResponse\n", "    response_schema: HealthResponse\n    success:\n      level: full\n").Replace(tiny)
	m, err := Parse("tiny.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	health, _ := m.Operation("health")
	lamp, _ := m.Operation("lamp.switch")
	got := []Level{
		m.Rules[0].Level, m.Rules[1].Level, m.Router.Outcomes[0].Level, m.Refusals[0].Level, health.Outcomes[0].Level, lamp.Outcomes[0].Level, lamp.Outcomes[1].Level,
	}
	if want := []Level{Core, Full, Full, Full, Full, Core, Core}; !slices.Equal(got, want) {
		t.Errorf("got levels %v, want %v", got, want)
	}
}

func TestParseReadsEverything(t *testing.T) {
	got, err := Parse("tiny.yaml", []byte(tiny))
	if err != nil {
		t.Fatal(err)
	}
	noRoute := Outcome{Name: "no_route", Status: 404, Code: "NOT_FOUND", Schema: "ErrorResponse", Details: []string{"method", "path"}, Level: Core}
	tooHot := Outcome{
		Name: "too_hot", Status: 409, Code: "CONFLICT", Schema: "ErrorResponse", ReasonCode: "lamp_hot",
		Details: []string{"reason_codes"}, ReasonCodesAt: "/error/details/reason_codes",
		ReasonCodes: []string{"lamp_hot", "lamp_broken"}, OpenReasonCodes: true, Level: Core,
	}
	want := &Milestone{
		ID: "M1", Title: "A lamp",
		Transport: Transport{"application/json", "X-Correlation-Id", "Idempotency-Key", "Idempotent-Replayed", "ErrorResponse", ""},
		Limits: Limits{
			BodyBytes: 1000, ExportLimitDefault: 5, ExportLimitMax: 10, RetentionDaysDefault: 30, RetentionDaysMax: 90,
			Violations: 20, IdempotencyKeyLength: 255, CorrelationIDLength: 128,
		},
		RequiredReasonCodes: []string{"lamp_broken", "lamp_hot"},
		Refusals:            []Outcome{noRoute, tooHot},
		Operations: []Operation{
			{
				ID: "lamp.switch", Line: 36, Method: "POST", Path: "/lamps/{lamp_id}/switch", Scope: "lamp:write",
				RequestSchema: "SwitchRequest", ResponseSchema: "SwitchResponse",
				Outcomes: []Outcome{
					{
						Name: Success, Status: 200, Schema: "SwitchResponse",
						ReasonCodesAt: "/lamp/reason_codes", ReasonCodes: []string{"lamp_broken"}, Level: Core,
					},
					tooHot,
				},
			},
			{
				ID: "health", Method: "GET", Path: "/health", Public: true, ResponseSchema: "HealthResponse",
				Outcomes: []Outcome{{Name: Success, Status: 200, Schema: "HealthResponse", Level: Core}}, Line: 46,
			},
		},
		Router: Operation{ID: "unrouted", Outcomes: []Outcome{noRoute}, Line: 51},
		Parameters: []Parameter{
			{"bulb", InQuery, "string", "", []string{"left", "right"}, "Which bulb is meant.", []string{"lamp.switch"}},
			{"X-Now-Iso", InHeader, "string", "date-time", nil, "The time that it is.", []string{"lamp.switch"}},
		},
		Identities:   []Identity{{"owner", []string{"X-Owner", "X-Scopes"}, []string{"{caller}", "{scopes}"}, "Whoever has the lamp."}},
		Capabilities: []Capability{{ID: "fresh-lamp", Description: "The lamp was never on.", Presence: Optional}},
		Features:     []string{"lamp.feature"},
		Rules: []Rule{
			{"lamp-is-cool", Precondition, Core, "lamp.feature", "2.1", "A hot lamp is not switched on.", []string{"lamp.switch"}, 61},
			{"lamp-answers", Invariant, Core, "lamp.feature", "3", "Whoever asks gets an answer.", []string{"health", "unrouted"}, 67},
		},
		Artifacts: []string{"verdict.json"},
		Output:    Output{Replacements: []Pattern{{"lamp", `\blamp_[0-9]+\b`, "The id of a lamp."}}},
		Selfcheck: &Selfcheck{90, []Unobservable{{"drop /lamp/dust of lamp.switch 200", "Nobody looks at dust.", 83}}},
	}
	if diff := cmp.Diff(got, want, plainData); diff != "" {
		t.Errorf("Parse (-got +want):\n%s", diff)
	}
}

// Keys that a contract does not need may be absent.
func TestParseReadsWhatMayBeAbsent(t *testing.T) {
	tests := []struct {
		name, old, new string
		got            func(*Milestone) any
		want           any
	}{
		{"limits", tiny[strings.Index(tiny, "limits:"):strings.Index(tiny, "required_reason_codes:")], "", func(m *Milestone) any { return m.Limits }, Limits{}},
		{"one limit", "  export_limit_max: 10\n", "", func(m *Milestone) any { return m.Limits.ExportLimitMax }, 0},
		{"capabilities", "capabilities:\n  - id: fresh-lamp\n    description: The lamp was never on.\n    presence: optional\n", "", func(m *Milestone) any { return len(m.Capabilities) }, 0},
		{"that a capability is not given", "    description: The lamp was never on.\n", "    description: The lamp was never on.\n    assumed: true\n",
			func(m *Milestone) any { return m.Capabilities[0].Assumed }, true},
		{"idempotency keys", "  idempotency_header: Idempotency-Key\n  replay_header: Idempotent-Replayed\n", "",
			func(m *Milestone) any { return m.Transport.IdempotencyHeader + m.Transport.ReplayHeader }, ""},
		{"a success of 200", "    success:\n", "    success:\n      status: 202\n      created_id_at: /lamp/lamp_id\n",
			func(m *Milestone) any {
				return fmt.Sprintf("%t %t %s", m.Operations[0].Succeeds(202), m.Operations[0].Succeeds(200), m.Operations[0].CreatedName())
			}, "true false lamp"},
		{"a correlation id of the server's choice", "  error_schema: ErrorResponse\n", "  error_schema: ErrorResponse\n  default_correlation_id: lamp.{operation}\n",
			func(m *Milestone) any { return m.Transport.DefaultCorrelationID }, "lamp.{operation}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := edited(t, test.old, test.new)
			m, err := Parse("tiny.yaml", text)
			if err != nil {
				t.Fatal(err)
			}
			if got := test.got(m); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

type brokenRow struct {
	name     string
	old, new string
	want     []string
}

// broken are edits of tiny.yaml, each with every problem that it makes. An old text is in tiny.yaml once.
var broken = []brokenRow{
	// The notation.
	{name: "an empty file", old: tiny, new: "", want: []string{`1: the document is empty`}},
	{name: "only comments", old: tiny, new: "# nothing\n", want: []string{`1: the document is empty`}},
	{name: "null", old: tiny, new: "---\n~\n", want: []string{`1: the document is empty`}},
	{name: "a second document", old: "artifacts:\n", new: "---\nartifacts:\n",
		want: []string{`73: a second document begins: one file has one milestone`}},
	{name: "a broken second document", old: "artifacts:\n", new: "---\n- a: b: c\n",
		want: []string{`74: not YAML: a colon with a space behind it is in the value: put the value in quotes`}},
	{name: "a tab for indentation", old: "  content_type", new: "\tcontent_type",
		want: []string{`5: not YAML: the line is indented with a tab: use spaces`}},
	{name: "a colon in a plain text", old: "title: A lamp", new: "title: A lamp: on",
		want: []string{`3: not YAML: a colon with a space behind it is in the value: put the value in quotes`}},
	{name: "a list that is not closed", old: "details: [method, path]", new: "details: [method, path",
		want: []string{`26: not YAML: a { or [ on the line is not closed`}},
	{name: "a list that the file's end cuts off", old: tiny, new: "id: M1\ntitle: A lamp # is\nfeatures: [",
		want: []string{`3: not YAML: a { or [ on the line is not closed`}},
	{name: "an item that is indented differently", old: "    method: POST", new: "   method: POST",
		want: []string{`37: not YAML: the indentation of the line (3) fits no list or mapping above`}},
	{name: "an anchor without a name", old: "title: A lamp", new: "title: & lamp",
		want: []string{`3: not YAML: did not find expected alphabetic or numeric character`}},
	{name: "an alias without an anchor", old: "title: A lamp", new: "title: *lamp",
		want: []string{`3: not YAML: unknown anchor 'lamp' referenced`}},
	{name: "an anchor and its alias", old: "kind: precondition\n    feature: lamp.feature", new: "kind: precondition\n    feature: &f lamp.feature\n    <<: *f",
		want: []string{
			`63: /rules/0/feature has the anchor &f: anchors are not allowed`,
			`64: merge keys (<<) are not allowed: write the keys out`,
		}},
	{name: "an alias", old: "details: [method, path]\n", new: "details: &d [method, path]\n    reason_codes: *d\n",
		want: []string{
			`26: /refusals/no_route/details has the anchor &d: anchors are not allowed`,
			`27: /refusals/no_route/reason_codes is the alias *d: aliases are not allowed, write the value out`,
			`27: /refusals/no_route lacks "reason_codes_at", which "reason_codes" needs`,
		}},
	{name: "a tag", old: "status: 404", new: "status: !code 404",
		want: []string{`24: /refusals/no_route/status has the tag !code: tags are not allowed`}},
	{name: "a tag with another id", old: "details: [method, path]", new: "details: !!seq method",
		want: []string{`26: /refusals/no_route/details has the tag !!seq: tags are not allowed`}},
	{name: "bytes that are not UTF-8", old: "A lamp", new: "A l\xffmp", want: []string{`3: the byte 0xFF is not UTF-8: save the file as UTF-8`}},
	{name: "a byte-order mark inside", old: "A lamp", new: "A \uFEFFlamp", want: []string{`3: the character U+FEFF is not allowed`}},
	{name: "a control character", old: "A lamp", new: "A \alamp", want: []string{`3: the character U+0007 is not allowed`}},
	{name: "an escaped control character", old: "title: A lamp", new: `title: "A \e[2Jlamp"`, want: []string{`3: /title must be one line of text, got "A \x1b[2Jlamp"`}},
	{name: "a return without a line feed", old: "title: A lamp", new: "title: A\r  lamp",
		want: []string{`3: the character U+000D is not allowed`}},
	{name: "a line separator", old: "A lamp", new: "A\u2028lamp", want: []string{`3: the character U+2028 is not allowed`}},
	{name: "a C1 control character", old: "A lamp", new: "A \u0080lamp", want: []string{`3: the character U+0080 is not allowed`}},

	// Keys.
	{name: "an unknown key", old: "\noperations:", new: "\nopertions:",
		want: []string{`35: unknown key "opertions" (did you mean "operations"?)`}},
	{name: "an unknown key like no other", old: "status: 404", new: "status: 404\n    colour: red",
		want: []string{`25: unknown key "colour"`}},
	{name: "a key in the wrong place", old: "id: M1\n", new: "id: M1\nscope: lamp:write\n",
		want: []string{`3: unknown key "scope"`}},
	{name: "a key twice", old: "title: A lamp\n", new: "title: A lamp\ntitle: Another\n",
		want: []string{`4: key "title" is set twice (first on line 3)`}},
	{name: "a key that is no text", old: "  body_bytes: 1000\n", new: "  body_bytes: 1000\n  [a]: 1\n",
		want: []string{`12: a key must be text, got a list`}},
	{name: "missing keys", old: "  - id: fresh-lamp\n    description: The lamp was never on.\n    presence: optional\n", new: "  - {}\n",
		want: []string{`55: /capabilities/0 lacks "id", "description", "presence"`}},
	{name: "a missing list", old: "artifacts:\n  - verdict.json\n", new: "", want: []string{`2: the document lacks "artifacts"`}},

	// Types and forms.
	{name: "a text for a mapping", old: "    success:\n      reason_codes_at: /lamp/reason_codes\n      reason_codes: [lamp_broken]\n", new: "    success: fine\n",
		want: []string{`42: /operations/0/success must be a mapping, got "fine"`}},
	{name: "a list for a mapping", old: "router:\n  id: unrouted\n  refusals: [no_route]\n", new: "router:\n  - unrouted\n",
		want: []string{`51: /router must be a mapping, got a list`}},
	{name: "a text for a mapping of names", old: tiny[strings.Index(tiny, "  no_route:"):strings.Index(tiny, "operations:\n")], new: "  none\n",
		want: []string{`22: /refusals must be a mapping, got "none"`}},
	{name: "a number for a named mapping", old: "  no_route:\n    status: 404\n    code: NOT_FOUND\n    details: [method, path]\n", new: "  no_route: 404\n",
		want: []string{`23: /refusals/no_route must be a mapping, got 404`}},
	{name: "a mapping for a list", old: "artifacts:\n  - verdict.json\n", new: "artifacts:\n  verdict.json: 1\n",
		want: []string{`73: /artifacts must be a list, got a mapping`}},
	{name: "a text for a list", old: "details: [method, path]", new: "details: method",
		want: []string{`26: /refusals/no_route/details must be a list, got "method"`}},
	{name: "a text for an item", old: "  - id: fresh-lamp\n    description: The lamp was never on.\n    presence: optional\n", new: "  - fresh-lamp\n",
		want: []string{`55: /capabilities/0 must be a mapping, got "fresh-lamp"`}},
	{name: "nothing for a list", old: "  replacements:\n    - token: lamp\n      regexp: \\blamp_[0-9]+\\b\n      description: The id of a lamp.\n", new: "  replacements:\n",
		want: []string{`76: /output/replacements must be a list, got nothing`}},
	{name: "nothing for a mapping", old: "router:\n  id: unrouted\n  refusals: [no_route]\n", new: "router:\n",
		want: []string{`51: /router must be a mapping, got nothing`}},
	{name: "an empty list", old: "details: [method, path]", new: "details: []", want: []string{`26: /refusals/no_route/details must not be empty`}},
	{name: "an empty mapping", old: "    status: 404\n    code: NOT_FOUND\n    details: [method, path]\n", new: "    {}\n",
		want: []string{`23: /refusals/no_route lacks "status", "code"`}},
	{name: "a text for a number", old: "status: 404", new: `status: "404"`,
		want: []string{`24: /refusals/no_route/status must be a whole number, got "404"`}},
	{name: "a fraction for a number", old: "violations: 20", new: "violations: 20.5",
		want: []string{`16: /limits/violations must be a whole number, got 20.5`}},
	{name: "a hexadecimal number", old: "violations: 20", new: "violations: 0x14",
		want: []string{`16: /limits/violations must be in plain decimal digits, got 0x14`}},
	{name: "a number below its range", old: "violations: 20", new: "violations: 0",
		want: []string{`16: /limits/violations must be 1 at least, got 0`}},
	{name: "a number above its range", old: "status: 404", new: "status: 600",
		want: []string{`24: /refusals/no_route/status must be 599 at most, got 600`}},
	{name: "a number for a text", old: `section: "2.1"`, new: "section: 2.1",
		want: []string{`64: /rules/0/section must be text, got 2.1 (put it in quotes)`}},
	{name: "a flag for a text", old: "title: A lamp", new: "title: true",
		want: []string{`3: /title must be text, got true (put it in quotes)`}},
	{name: "a text for a flag", old: "public: true", new: "public: yes",
		want: []string{`49: /operations/1/public must be true or false, got "yes"`}},
	{name: "a list for a flag", old: "public: true", new: "public: [true]",
		want: []string{`49: /operations/1/public must be true or false, got a list`}},
	{name: "a kind that is none", old: "kind: invariant", new: "kind: promis",
		want: []string{`68: /rules/1/kind must be one of precondition, invariant, got "promis" (did you mean "invariant"?)`}},
	{name: "a level that is none", old: "kind: invariant", new: "kind: invariant\n    level: ful",
		want: []string{`69: /rules/1/level must be one of core, full, got "ful" (did you mean "full"?)`}},
	{name: "a rule with the id of the tag for levels", old: "id: lamp-answers", new: "id: full",
		want: []string{`67: no rule may have the id "full": @full is a tag of scenarios with another meaning`}},
	{name: "a method that is none", old: "method: GET", new: "method: HEAD",
		want: []string{`47: /operations/1/method must be one of GET, POST, PUT, PATCH, DELETE, got "HEAD"`}},
	{name: "a name of the wrong form", old: "id: M1\n", new: "id: m 1\n",
		want: []string{`2: /id must be letters and digits that begin with a capital, got "m 1"`}},
	{name: "a description without an end", old: "description: The lamp was never on.", new: "description: The lamp was never on",
		want: []string{`56: /capabilities/0/description must be one line that ends with a full stop, got "The lamp was never on"`}},
	{name: "a description of two lines", old: "description: The lamp was never on.", new: "description: |-\n      The lamp\n      was never on.",
		want: []string{`56: /capabilities/0/description must be one line that ends with a full stop, got "The lamp\nwas never on."`}},
	{name: "a path that does not begin at the root", old: "path: /health", new: "path: health",
		want: []string{`48: /operations/1/path must be a path of literal and {parameter} segments, got "health"`}},
	{name: "a path that ends with a slash", old: "path: /health", new: "path: /health/",
		want: []string{`48: /operations/1/path must be a path of literal and {parameter} segments, got "/health/"`}},
	{name: "a path with an empty segment", old: "path: /health", new: "path: //health",
		want: []string{`48: /operations/1/path must be a path of literal and {parameter} segments, got "//health"`}},
	{name: "a path with half a parameter", old: "path: /lamps/{lamp_id}/switch", new: "path: /lamps/lamp-{lamp_id}/switch",
		want: []string{`38: /operations/0/path must be a path of literal and {parameter} segments, got "/lamps/lamp-{lamp_id}/switch"`}},
	{name: "a threshold beyond all mutations", old: "threshold: 90", new: "threshold: 101",
		want: []string{`81: /selfcheck/threshold must be 100 at most, got 101`}},
	{name: "a pointer that does not begin at the root", old: "reason_codes_at: /lamp/reason_codes", new: "reason_codes_at: lamp/reason_codes",
		want: []string{`43: /operations/0/success/reason_codes_at must be a JSON Pointer below the root, got "lamp/reason_codes"`}},
	{name: "a pointer with a bad escape", old: "reason_codes_at: /lamp/reason_codes", new: "reason_codes_at: /lamp~2/reason_codes",
		want: []string{`43: /operations/0/success/reason_codes_at must be a JSON Pointer below the root, got "/lamp~2/reason_codes"`}},
	{name: "a feature in a folder", old: "features:\n  - lamp.feature\n", new: "features:\n  - lamps/lamp.feature\n",
		want: []string{`59: /features/0 must be the name of a .feature file, got "lamps/lamp.feature"`}},
	{name: "a refusal with a bad name", old: "  no_route:\n", new: "  NoRoute:\n",
		want: []string{`23: the key "NoRoute" must be lower-case words joined by underscores`}},
	{name: "an operation with a bad id", old: "- id: health", new: "- id: Health",
		want: []string{`46: /operations/1/id must be words joined by dots or hyphens, got "Health"`}},
	{name: "an item twice", old: "details: [method, path]", new: "details: [method, method]",
		want: []string{`26: /refusals/no_route/details: "method" is listed twice (first on line 26)`}},

	// Duplicate names.
	{name: "two refusals of one name", old: "  too_hot:\n", new: "  no_route:\n    status: 404\n    code: NOT_FOUND\n  too_hot:\n",
		want: []string{`27: key "no_route" is set twice (first on line 23)`}},
	{name: "two operations of one id", old: "- id: health", new: "- id: lamp.switch",
		want: []string{
			`46: operation "lamp.switch" is listed twice (first on line 36)`,
			`72: unknown operation "health"`,
		}},
	{name: "a router with the id of an operation", old: "id: unrouted", new: "id: health",
		want: []string{
			`52: operation "health" is listed twice (first on line 46)`,
			`72: unknown operation "unrouted"`,
		}},
	{name: "two rules of one id", old: "- id: lamp-answers", new: "- id: lamp-is-cool",
		want: []string{`67: rule "lamp-is-cool" is listed twice (first on line 61)`}},
	{name: "a group of one capability", old: "    presence: optional\n", new: "    presence: required\n    one_of: light\n",
		want: []string{`58: one_of "light" has one capability: name the others of the group, or remove it`}},
	{name: "an optional capability in a group", old: "    presence: optional\n",
		new:  "    presence: optional\n    one_of: light\n  - id: sun\n    description: The sun shines.\n    presence: required\n    one_of: light\n",
		want: []string{`58: one_of is a group of required capabilities, and fresh-lamp is optional`}},
	{name: "two capabilities of one id", old: "    presence: optional\n", new: "    presence: optional\n  - id: fresh-lamp\n    description: The same.\n    presence: required\n",
		want: []string{`58: capability "fresh-lamp" is listed twice (first on line 55)`}},
	{name: "two patterns of one token", old: "      description: The id of a lamp.\n", new: "      description: The id of a lamp.\n    - token: lamp\n      regexp: L[0-9]+\n      description: A lamp.\n",
		want: []string{`80: token "lamp" is listed twice (first on line 77)`}},
	{name: "two operations on one route", old: "    method: GET\n    path: /health", new: "    method: POST\n    path: /lamps/{name}/switch",
		want: []string{`48: POST /lamps/{name}/switch is a route already (first on line 38)`}},
	{name: "a parameter twice", old: "path: /lamps/{lamp_id}/switch", new: "path: /lamps/{lamp_id}/{lamp_id}",
		want: []string{`38: path has a parameter twice: "/lamps/{lamp_id}/{lamp_id}"`}},
	{name: "one code with two statuses", old: "    code: CONFLICT\n", new: "    code: NOT_FOUND\n",
		want: []string{`28: NOT_FOUND has the status 409 here and 404 on line 24: a code has one status`}},
	{name: "a mutation twice", old: "      reason: Nobody looks at dust.\n", new: "      reason: Nobody looks at dust.\n    - mutation: drop /lamp/dust of lamp.switch 200\n      reason: Nobody.\n",
		want: []string{`85: mutation "drop /lamp/dust of lamp.switch 200" is listed twice (first on line 83)`}},

	// Names that refer to nothing.
	{name: "an unknown refusal of an operation", old: "    refusals: [too_hot]", new: "    refusals: [too_hot, too_hat]",
		want: []string{`45: unknown refusal "too_hat" (did you mean "too_hot"?)`}},
	{name: "an unknown refusal of the router", old: "refusals: [no_route]", new: "refusals: [no_rout]",
		want: []string{`53: unknown refusal "no_rout" (did you mean "no_route"?)`}},
	{name: "an unknown operation of a rule", old: "not switched on.\n    operations: [lamp.switch]", new: "not switched on.\n    operations: [switch]",
		want: []string{`66: unknown operation "switch" (did you mean "lamp.switch"?)`}},
	{name: "an unknown operation of a parameter", old: "description: Which bulb is meant.\n    operations: [lamp.switch]", new: "description: Which bulb is meant.\n    operations: [lamp.swich]",
		want: []string{`91: unknown operation "lamp.swich" (did you mean "lamp.switch"?)`}},
	{name: "a parameter of nowhere", old: "in: query", new: "in: body",
		want: []string{`87: /parameters/0/in must be one of query, header, got "body"`}},
	{name: "a parameter twice", old: "name: X-Now-Iso", new: "name: bulb",
		want: []string{`92: parameter "bulb" is listed twice (first on line 86)`}},
	{name: "an unknown feature of a rule", old: "kind: precondition\n    feature: lamp.feature", new: "kind: precondition\n    feature: lamps.feature",
		want: []string{`63: unknown feature "lamps.feature" (did you mean "lamp.feature"?)`}},
	{name: "an unknown reason code", old: "reason_code: lamp_hot", new: "reason_code: hot",
		want: []string{`30: unknown reason code "hot" (did you mean "lamp_hot"?)`}},
	{name: "an unknown reason code in the list of a refusal", old: "reason_codes: [lamp_hot, lamp_broken]", new: "reason_codes: [lamp_hot, lamp_on_fire]",
		want: []string{`33: unknown reason code "lamp_on_fire"`}},
	{name: "an unknown reason code in the list of a success", old: "reason_codes: [lamp_broken]", new: "reason_codes: [lamp_brken]",
		want: []string{`44: unknown reason code "lamp_brken" (did you mean "lamp_broken"?)`}},

	// Names that nothing refers to.
	{name: "a reason code that nothing gives", old: "  - lamp_hot\n", new: "  - lamp_hot\n  - lamp_stolen\n",
		want: []string{`22: reason code "lamp_stolen" is required, but no outcome of any operation can give it`}},
	{name: "a refusal that nothing gives", old: "    refusals: [too_hot]\n", new: "",
		want: []string{
			`21: reason code "lamp_hot" is required, but no outcome of any operation can give it`,
			`27: refusal "too_hot" is given by no operation`,
		}},
	{name: "a feature without rules", old: "features:\n", new: "features:\n  - bulb.feature\n",
		want: []string{`59: feature "bulb.feature" has no rule`}},
	{name: "operations without rules", old: "operations: [health, unrouted]", new: "operations: [lamp.switch]",
		want: []string{
			`46: operation "health" has no rule`,
			`52: operation "unrouted" has no rule`,
		}},

	// Facts that contradict each other.
	{name: "a default above its most", old: "export_limit_default: 5", new: "export_limit_default: 50",
		want: []string{`12: export_limit_default is 50, which is more than export_limit_max, 10`}},
	{name: "a refusal called success", old: "  no_route:\n", new: "  success:\n",
		want: []string{
			`23: no refusal may have the name "success"`,
			`53: unknown refusal "no_route"`,
		}},
	{name: "reason_code among the details", old: "details: [method, path]", new: "details: [method, reason_code]",
		want: []string{`26: details must not list reason_code: the key reason_code requires it, and its absence forbids it`}},
	{name: "a place for reason codes without codes", old: "    reason_codes: [lamp_hot, lamp_broken]\n", new: "",
		want: []string{`32: /refusals/too_hot lacks "reason_codes", which "reason_codes_at" needs`}},
	{name: "reason codes without a place", old: "    reason_codes_at: /error/details/reason_codes\n", new: "",
		want: []string{
			`32: /refusals/too_hot lacks "reason_codes_at", which "reason_codes" needs`,
			`33: /refusals/too_hot lacks "reason_codes_at", which "open_reason_codes" needs`,
		}},
	{name: "a success's place for reason codes without codes", old: "      reason_codes: [lamp_broken]\n", new: "",
		want: []string{`43: /operations/0/success lacks "reason_codes", which "reason_codes_at" needs`}},
	{name: "a success that made nothing that has a name", old: "    success:\n", new: "    success:\n      created_id_at: /lamps/Id\n",
		want: []string{`43: created_id_at must end with the name of an id, such as /provider/provider_id, got "/lamps/Id"`}},
	{name: "a success that is none", old: "    success:\n", new: "    success:\n      status: 302\n",
		want: []string{`43: /operations/0/success/status must be 299 at most, got 302`}},
	{name: "a success without a body", old: "    success:\n", new: "    success:\n      status: 204\n",
		want: []string{`43: a success has a body, and an answer with status 204 has none`}},
	{name: "replays without keys", old: "  idempotency_header: Idempotency-Key\n", new: "",
		want: []string{`7: /transport lacks "idempotency_header", which "replay_header" needs`}},
	{name: "an own correlation id of all operations", old: "  error_schema: ErrorResponse\n", new: "  error_schema: ErrorResponse\n  default_correlation_id: lamp\n",
		want: []string{`10: /transport/default_correlation_id must be a correlation id with {operation} in it, got "lamp"`}},
	{name: "fewer values than headers", old: `header_values: ["{caller}", "{scopes}"]`, new: `header_values: ["{caller}"]`,
		want: []string{`101: header_values has 1 values for 2 headers: one for each is needed, in the same order`}},
	{name: "an open place without a place", old: "details: [method, path]", new: "details: [method, path]\n    open_reason_codes: false",
		want: []string{`27: /refusals/no_route lacks "reason_codes_at", which "open_reason_codes" needs`}},
	{name: "reason codes outside the details", old: "reason_codes_at: /error/details/reason_codes", new: "reason_codes_at: /error/reason_codes",
		want: []string{`32: reason_codes_at must lead to one of the details through /error/details/, got "/error/reason_codes"`}},
	{name: "reason codes in a member that is not demanded", old: "details: [reason_codes]", new: "details: [codes]",
		want: []string{`32: reason_codes_at must lead to one of the details through /error/details/, got "/error/details/reason_codes"`}},
	{name: "neither scope nor public", old: "    scope: lamp:write\n", new: "",
		want: []string{`36: /operations/0 lacks "scope", or lacks "public"`}},
	{name: "not public, and no scope", old: "public: true", new: "public: false",
		want: []string{`46: operation "health" has no scope, and is not public`}},
	{name: "public with a scope", old: "public: true", new: "public: true\n    scope: lamp:read",
		want: []string{`46: operation "health" is public and has a scope: a public operation needs no identity`}},
	{name: "a body on GET", old: "    public: true\n", new: "    public: true\n    request_schema: HealthRequest\n",
		want: []string{`50: a GET has no request_schema: its body is not read`}},
	{name: "a rule with a reserved name", old: "- id: lamp-answers", new: "- id: permits",
		want: []string{`67: no rule may have the id "permits": @permits is a tag of scenarios with another meaning`}},
	{name: "a regexp that does not compile", old: `regexp: \blamp_[0-9]+\b`, new: `regexp: (lamp`,
		want: []string{"78: missing closing ): `(lamp`"}},
	{name: "a regexp that matches nothing at all", old: `regexp: \blamp_[0-9]+\b`, new: `regexp: (lamp)?`,
		want: []string{`78: regexp "(lamp)?" matches the empty text, and so between any two letters`}},
	{name: "a regexp that matches anything", old: `regexp: \blamp_[0-9]+\b`, new: `regexp: .+`,
		want: []string{`78: regexp ".+" matches in "lamp_broken", which the contract fixes: match only what an implementation may choose, such as \bplp_[0-9]{6,}\b`}},
	{name: "a regexp that matches any word", old: `regexp: \blamp_[0-9]+\b`, new: `regexp: \w+`,
		want: []string{`78: regexp "\\w+" matches in "lamp_broken", which the contract fixes: match only what an implementation may choose, such as \bplp_[0-9]{6,}\b`}},
	{name: "a regexp that matches any number", old: `regexp: \blamp_[0-9]+\b`, new: `regexp: \b[0-9]+\b`,
		want: []string{`78: regexp "\\b[0-9]+\\b" matches in "404", which the contract fixes: match only what an implementation may choose, such as \bplp_[0-9]{6,}\b`}},
	{name: "a regexp that matches any capitals", old: `regexp: \blamp_[0-9]+\b`, new: `regexp: \b[A-Z_]+\b`,
		want: []string{`78: regexp "\\b[A-Z_]+\\b" matches in "NOT_FOUND", which the contract fixes: match only what an implementation may choose, such as \bplp_[0-9]{6,}\b`}},
	{name: "a regexp that matches names with dots", old: `regexp: \blamp_[0-9]+\b`, new: `regexp: '[a-z]+\.[a-z]+'`,
		want: []string{`78: regexp "[a-z]+\\.[a-z]+" matches in "lamp.switch", which the contract fixes: match only what an implementation may choose, such as \bplp_[0-9]{6,}\b`}},
}

// edited is tiny.yaml with one text in the place of another.
func edited(t testing.TB, old, new string) []byte {
	t.Helper()
	if got := strings.Count(tiny, old); got != 1 {
		t.Fatalf("tiny.yaml has this text %d times, want 1:\n%s", got, old)
	}
	return []byte(strings.Replace(tiny, old, new, 1))
}

func TestParseReportsEveryProblem(t *testing.T) {
	for _, row := range broken {
		t.Run(row.name, func(t *testing.T) {
			m, err := Parse("M1.yaml", edited(t, row.old, row.new))
			if err == nil || m != nil {
				t.Fatalf("Parse = %v, %v, want no milestone and an error", m, err)
			}
			var want []string
			for _, line := range row.want {
				want = append(want, "M1.yaml:"+line)
			}
			if diff := cmp.Diff(strings.Split(err.Error(), "\n"), want); diff != "" {
				t.Errorf("Parse (-got +want):\n%s", diff)
			}
		})
	}
}

func TestLinesMayEndAsOnWindows(t *testing.T) {
	windows := strings.ReplaceAll(tiny, "\n", "\r\n")
	got, err := Parse("M1.yaml", []byte(windows))
	if err != nil {
		t.Fatal(err)
	}
	want, _ := Parse("M1.yaml", []byte(tiny))
	if diff := cmp.Diff(got, want, plainData); diff != "" {
		t.Errorf("Parse (-got +want):\n%s", diff)
	}
	_, err = Parse("M1.yaml", []byte(strings.Replace(windows, "kind: precondition", "kind: gte", 1)))
	if got, want := fmt.Sprint(err), `M1.yaml:62: /rules/0/kind must be one of precondition, invariant, got "gte" (did you mean "precondition"?)`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The names that keys and values had before are read, with a warning on each.
func TestFormerNames(t *testing.T) {
	want, err := Parse("M1.yaml", []byte(tiny))
	if err != nil {
		t.Fatal(err)
	}
	former := strings.NewReplacer(
		"required_reason_codes:", "reason_code_floor:", "kind: precondition", "kind: gate", "kind: invariant", "kind: promise",
		"description:", "says:", "reason:", "says:", "replacements:", "own:", "mutation:", "lie:", "header_values:", "sends:",
		"  error_schema:", "  own_correlation_id: lamp-{operation}\n  error_schema:",
		"    presence: optional", "    given: true\n    presence: optional",
		"    success:\n", "    success:\n      made: /lamp/lamp_id\n",
	).Replace(tiny)
	got, err := Parse("M1.yaml", []byte(former))
	if err != nil {
		t.Fatal(err)
	}
	ignored := cmp.FilterPath(func(p cmp.Path) bool {
		return slices.Contains([]string{".Line", ".DefaultCorrelationID", ".Assumed", ".CreatedIDAt"}, p.Last().String())
	}, cmp.Ignore())
	if diff := cmp.Diff(got, want, plainData, ignored); diff != "" {
		t.Errorf("Parse (-got +want):\n%s", diff)
	}
	if got.Transport.DefaultCorrelationID != "lamp-{operation}" || !got.Capabilities[0].Assumed || got.Operations[0].CreatedName() != "lamp" {
		t.Errorf("got %+v", got)
	}
	warnings := []string{
		`M1.yaml:9: key "own_correlation_id" is deprecated: write "default_correlation_id"`,
		`M1.yaml:20: key "reason_code_floor" is deprecated: write "required_reason_codes"`,
		`M1.yaml:44: key "made" is deprecated: write "created_id_at"`,
		`M1.yaml:58: key "says" is deprecated: write "description" (7 times)`,
		`M1.yaml:59: key "given" is deprecated: write "assumed"`,
		`M1.yaml:65: kind: gate is deprecated: write precondition`,
		`M1.yaml:71: kind: promise is deprecated: write invariant`,
		`M1.yaml:79: key "own" is deprecated: write "replacements"`,
		`M1.yaml:86: key "lie" is deprecated: write "mutation"`,
		`M1.yaml:87: key "says" is deprecated: write "reason"`,
		`M1.yaml:104: key "sends" is deprecated: write "header_values"`,
	}
	if diff := cmp.Diff(got.Deprecations(), warnings); diff != "" {
		t.Errorf("Deprecations (-got +want):\n%s", diff)
	}
	if want.Deprecations() != nil {
		t.Errorf("Deprecations: %v, want none", want.Deprecations())
	}
}

func TestTwoRefusalsOfOneOperationDiffer(t *testing.T) {
	text := strings.NewReplacer(
		"  too_hot:\n", "  too_warm:\n    status: 409\n    code: CONFLICT\n    reason_code: lamp_hot\n  too_hot:\n",
		"refusals: [too_hot]", "refusals: [too_hot, too_warm]",
	).Replace(tiny)
	_, err := Parse("M1.yaml", []byte(text))
	want := `M1.yaml:49: refusals "too_hot" and "too_warm" look the same to a client: 409 CONFLICT lamp_hot`
	if got := fmt.Sprint(err); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestProblemsComeInTheOrderOfTheFile(t *testing.T) {
	text := strings.NewReplacer(
		"kind: precondition", "kind: gte",
		"title: A lamp", "title: 7",
		"reason_code: lamp_hot", "reason_code: hot",
		"refusals: [no_route]", "refusals: [no_rute]",
		"public: true", "pubic: true",
	).Replace(tiny)
	_, err := Parse("M1.yaml", []byte(text))
	want := []string{
		`M1.yaml:3: /title must be text, got 7 (put it in quotes)`,
		`M1.yaml:30: unknown reason code "hot" (did you mean "lamp_hot"?)`,
		`M1.yaml:49: unknown key "pubic" (did you mean "public"?)`,
		`M1.yaml:53: unknown refusal "no_rute" (did you mean "no_route"?)`,
		`M1.yaml:62: /rules/0/kind must be one of precondition, invariant, got "gte" (did you mean "precondition"?)`,
	}
	if diff := cmp.Diff(strings.Split(fmt.Sprint(err), "\n"), want); diff != "" {
		t.Errorf("Parse (-got +want):\n%s", diff)
	}
}

func TestLoad(t *testing.T) {
	fsys := fstest.MapFS{
		"milestones/M1.yaml":   {Data: []byte(tiny)},
		"milestones/null.yaml": {},
	}
	if m, err := Load(fsys, "milestones/M1.yaml"); err != nil || m.ID != "M1" {
		t.Errorf("Load = %v, %v, want M1", m, err)
	}
	_, err := Load(fsys, "milestones/null.yaml")
	if got, want := fmt.Sprint(err), "milestones/null.yaml:1: the document is empty"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err = Load(fsys, "milestones/M2.yaml")
	if !strings.HasPrefix(fmt.Sprint(err), "reading milestone: ") || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want a file that does not exist", err)
	}
}

func TestCheckSchemas(t *testing.T) {
	m, err := Parse("M1.yaml", []byte(tiny))
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"ErrorResponse", "SwitchRequest", "SwitchResponse", "HealthResponse"}
	if err := m.CheckSchemas(all); err != nil {
		t.Errorf("got %v, want no problem", err)
	}
	want := strings.Join([]string{
		`M1.yaml:9: unknown schema "ErrorResponse"`,
		`M1.yaml:40: unknown schema "SwitchRequest" (did you mean "SwitchRequests"?)`,
		`M1.yaml:50: unknown schema "HealthResponse"`,
	}, "\n")
	if got := fmt.Sprint(m.CheckSchemas([]string{"SwitchRequests", "SwitchResponse"})); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestOperation(t *testing.T) {
	m, err := Parse("M1.yaml", []byte(tiny))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"lamp.switch", "health", "unrouted"} {
		if op, ok := m.Operation(id); !ok || op.ID != id {
			t.Errorf("Operation(%q) = %v, %v, want it", id, op, ok)
		}
	}
	if op, ok := m.Operation("lamp"); ok || op != nil {
		t.Errorf(`Operation("lamp") = %v, %v, want none`, op, ok)
	}
}

func TestCells(t *testing.T) {
	m, err := Parse("M1.yaml", []byte(tiny))
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string][]CoverageItem{
		"lamp.switch": {{Success, ""}, {Success, "lamp_broken"}, {"too_hot", "lamp_hot"}, {"too_hot", "lamp_broken"}},
		"health":      {{Success, ""}},
		"unrouted":    {{"no_route", ""}},
	} {
		op, _ := m.Operation(id)
		if diff := cmp.Diff(op.CoverageItems(), want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", id, diff)
		}
	}
}

// FuzzParse holds that no text makes Parse panic, that it gives either a milestone or problems with their lines, and
// that a milestone keeps what its types promise to those who read them.
func FuzzParse(f *testing.F) {
	f.Add([]byte(tiny))
	for _, row := range broken {
		f.Add(edited(f, row.old, row.new))
	}
	line := regexp.MustCompile(`^f\.yaml:([0-9]+): \S`)
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Parse("f.yaml", text)
		if (m == nil) == (err == nil) {
			t.Fatalf("Parse = %v, %v, want one of them", m, err)
		}
		if err != nil {
			last := 0
			for _, problem := range strings.Split(err.Error(), "\n") {
				match := line.FindStringSubmatch(problem)
				if match == nil {
					t.Fatalf("no file and line: %q", problem)
				}
				var at int
				fmt.Sscan(match[1], &at)
				if at < last || at > 1+bytes.Count(text, []byte("\n")) {
					t.Fatalf("line %d after line %d, of %q", at, last, text)
				}
				last = at
			}
			return
		}
		reached := map[string]bool{}
		for _, op := range append(slices.Clone(m.Operations), m.Router) {
			cells := op.CoverageItems()
			if len(cells) == 0 {
				t.Errorf("operation %q has no cells", op.ID)
			}
			for _, cell := range cells {
				reached[cell.ReasonCode] = true
			}
		}
		for _, code := range m.RequiredReasonCodes {
			if !reached[code] {
				t.Errorf("reason code %q is never reached", code)
			}
		}
		for _, own := range m.Output.Replacements {
			if regexp.MustCompile(own.Regexp).MatchString("") {
				t.Errorf("pattern %q matches the empty text", own.Token)
			}
		}
		if err := m.CheckSchemas(nil); err == nil {
			t.Error("no schema is named")
		}
		var again yaml.Node
		if err := yaml.Unmarshal(text, &again); err != nil {
			t.Errorf("package yaml does not read it: %v", err)
		}
	})
}
