package yamlfile_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/schemas"
)

const lamps = `title: Ours
lamps:
  - id: hall
    kind: ceiling
    watts: 5.5
    since: 2026-12-31
  - id: desk
    kind: table
    lumens: 400
    on: true
    note: x
    colours: [red, blue]
rooms:
  hall: 1
`

type lamp struct {
	ID      string   `yaml:"id"`
	Kind    string   `yaml:"kind"`
	Watts   float64  `yaml:"watts"`
	Lumens  int      `yaml:"lumens"`
	On      bool     `yaml:"on"`
	Since   string   `yaml:"since"`
	Note    string   `yaml:"note"`
	Colours []string `yaml:"colours"`
}

type document struct {
	Title string         `yaml:"title"`
	Lamps []lamp         `yaml:"lamps"`
	Rooms map[string]int `yaml:"rooms"`
}

var want = document{
	Title: "Ours",
	Lamps: []lamp{
		{ID: "hall", Kind: "ceiling", Watts: 5.5, Since: "2026-12-31"},
		{ID: "desk", Kind: "table", Lumens: 400, On: true, Note: "x", Colours: []string{"red", "blue"}},
	},
	Rooms: map[string]int{"hall": 1},
}

func options(t testing.TB) yamlfile.Options {
	t.Helper()
	set, err := schemas.Load(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	schema, _ := set.Lookup("Lamps")
	return yamlfile.Options{Kind: "list of lamps", Schema: schema}
}

func TestRead(t *testing.T) {
	asJSON := "{\n\t\"title\": \"Ours\\ud83d\\ude00\",\n\t\"lamps\": [{\"id\": \"hall\", \"kind\": \"table\", \"watts\": 1e1}]\n}\n"
	for _, row := range []struct {
		name, text string
		want       document
	}{
		{"YAML", lamps, want},
		{"lines that end as on Windows", strings.ReplaceAll(lamps, "\n", "\r\n"), want},
		{"JSON with tabs and surrogates", asJSON, document{Title: "Ours😀", Lamps: []lamp{{ID: "hall", Kind: "table", Watts: 10}}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got document
			file, err := yamlfile.Read("l.yaml", []byte(row.text), options(t), &got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, row.want); diff != "" {
				t.Errorf("Read (-got +want):\n%s", diff)
			}
			if warnings := file.Deprecations(); warnings != nil {
				t.Errorf("deprecations: %v", warnings)
			}
			if got, want := file.Line("/lamps/0/id"), 3; got != want {
				t.Errorf("Line = %d, want %d", got, want)
			}
			if got, want := file.Line("/lamps/0/colours/7"), 3; got != want {
				t.Errorf("Line of what is not there = %d, want %d", got, want)
			}
		})
	}
}

// problemRows are edits of lamps, each with every problem that it makes.
var problemRows = []struct {
	name, old, new string
	want           []string
}{
	// The document.
	{"an empty file", lamps, "", []string{"1: the document is empty"}},
	{"only comments", lamps, "# nothing\n", []string{"1: the document is empty"}},
	{"null", lamps, "---\n~\n", []string{"1: the document is empty"}},
	{"a second document", "rooms:\n", "---\nrooms:\n", []string{"13: a second document begins: one file has one list of lamps"}},
	{"bytes that are not UTF-8", "Ours", "\xff", []string{"1: the byte 0xFF is not UTF-8: save the file as UTF-8"}},
	{"a control character", "Ours", "\a", []string{"1: the character U+0007 is not allowed"}},
	{"too deep", "Ours", strings.Repeat("[", 101) + "1" + strings.Repeat("]", 101), []string{"1: lists and mappings are nested more than 100 levels deep"}},
	{"too long", "Ours", "[" + strings.Repeat("1,", 5001) + "]", []string{"1: /title must have 5000 items at most, got 5001"}},

	// The notation.
	{"an anchor and its alias", "title: Ours", "title: &t Ours\nrooms: *t",
		[]string{"1: /title has the anchor &t: anchors are not allowed", "2: /rooms is the alias *t: aliases are not allowed, write the value out", `14: key "rooms" is set twice (first on line 2)`}},
	{"an alias that contains itself", "rooms:\n  hall: 1\n", "rooms: &r\n  hall: *r\n",
		[]string{"13: /rooms has the anchor &r: anchors are not allowed", "14: /rooms/hall is the alias *r: aliases are not allowed, write the value out"}},
	{"a merge key", "  hall: 1", "  <<: {hall: 1}", []string{"14: merge keys (<<) are not allowed: write the keys out"}},
	{"a tag", "title: Ours", "title: !name Ours", []string{"1: /title has the tag !name: tags are not allowed"}},
	{"a tag of a list", "[red, blue]", "!!seq red", []string{"12: /lamps/1/colours has the tag !!seq: tags are not allowed"}},
	{"a hexadecimal number", "400", "0x400", []string{"9: /lamps/1/lumens must be in plain decimal digits, got 0x400"}},
	{"a number that is none", "400", ".inf", []string{"9: /lamps/1/lumens must be in plain decimal digits, got .inf"}},

	// Keys.
	{"an unknown key", "rooms:", "roms:", []string{`13: unknown key "roms" (did you mean "rooms"?)`}},
	{"an unknown key like no other", "title: Ours\n", "title: Ours\nsize: 1\n", []string{`2: unknown key "size"`}},
	{"a long unknown key", "rooms:", "? " + strings.Repeat("k", 300) + "\n:", []string{"13: unknown key \"" + strings.Repeat("k", 200) + "…\""}},
	{"a misspelt key that is required", "kind: table", "knd: table", []string{`8: unknown key "knd" (did you mean "kind"?)`}},
	{"a misspelt key of which one is required", "lumens: 400", "lumen: 400", []string{`9: unknown key "lumen" (did you mean "lumens"?)`}},
	{"two missing keys", "  - id: hall\n    kind: ceiling\n    watts", "  - watts", []string{`3: /lamps/0 lacks "id", "kind"`}},
	{"a missing key of the document", "title: Ours\n", "", []string{`1: the document lacks "title"`}},
	{"a key twice", "title: Ours\n", "title: Ours\ntitle: Theirs\n", []string{`2: key "title" is set twice (first on line 1)`}},
	{"a key that is a number", "  hall: 1", "  1: 1", []string{"14: a key must be text, got 1 (put it in quotes)"}},
	{"a key that is a list", "  hall: 1", "  [a]: 1", []string{"14: a key must be text, got a list"}},
	{"a key with a tag", "  hall: 1", "  !!str hall: 1", []string{"14: a key has the tag !!str: tags are not allowed"}},
	{"a key with an anchor", "  hall: 1", "  &h hall: 1", []string{"14: /rooms/hall has the anchor &h: anchors are not allowed"}},
	{"a key of the wrong form", "  hall: 1", "  Hall: 1", []string{`14: the key "Hall" must be in lower-case letters`}},
	{"a key without another", "    note: x\n", "", []string{`11: /lamps/1 lacks "note", which "colours" needs`}},
	{"neither of two keys", "    lumens: 400\n", "", []string{`7: /lamps/1 lacks "watts", or lacks "lumens"`}},

	// Values.
	{"a number for text", "title: Ours", "title: 7", []string{"1: /title must be text, got 7 (put it in quotes)"}},
	{"text for a flag", "on: true", "on: yes", []string{`10: /lamps/1/on must be true or false, got "yes"`}},
	{"nothing for a mapping", "rooms:\n  hall: 1", "rooms:", []string{"13: /rooms must be a mapping, got nothing"}},
	{"a fraction for a whole number", "400", "400.5", []string{"9: /lamps/1/lumens must be a whole number, got 400.5"}},
	{"a value that is none of those allowed", "kind: table", "kind: tabel", []string{`8: /lamps/1/kind must be one of ceiling, table, got "tabel" (did you mean "table"?)`}},
	{"nearly a former value", "kind: table", "kind: dsk", []string{`8: /lamps/1/kind must be one of ceiling, table, got "dsk" (did you mean "table"?)`}},
	{"a number where texts are listed", "kind: table", "kind: 7", []string{"8: /lamps/1/kind must be one of ceiling, table, got 7"}},
	{"text of another form", "id: hall", "id: Hall", []string{`3: /lamps/0/id must be lower-case words joined by hyphens, got "Hall"`}},
	{"a pattern without words", "note: x", "note: yx", []string{`11: /lamps/1/note must match ^x, got "yx"`}},
	{"long text", "note: x", "note: " + strings.Repeat("y", 300), []string{"11: /lamps/1/note must match ^x, got \"" + strings.Repeat("y", 200) + "…\""}},
	{"a day that no calendar has", "2026-12-31", "2026-02-30", []string{`6: /lamps/0/since must be a date, such as 2026-12-31, got "2026-02-30"`}},
	{"too small", "hall: 1", "hall: -1", []string{"14: /rooms/hall must be 0 at least, got -1"}},
	{"too large", "hall: 1", "hall: 10", []string{"14: /rooms/hall must be 9 at most, got 10"}},
	{"an empty text", "title: Ours", `title: ""`, []string{"1: /title must not be empty"}},
	{"an empty list", lamps, "title: Ours\nlamps: []\n", []string{"2: /lamps must not be empty"}},
	{"an item twice", "[red, blue]", "[red, red]", []string{`12: /lamps/1/colours: "red" is listed twice (first on line 12)`}},
	{"several problems", "title: Ours\nlamps:\n  - id: hall\n    kind: ceiling\n", "title: 7\nlamps:\n  - id: Hall\n    kind: wall\n",
		[]string{"1: /title must be text, got 7 (put it in quotes)", `3: /lamps/0/id must be lower-case words joined by hyphens, got "Hall"`, `4: /lamps/0/kind must be one of ceiling, table, got "wall"`}},

	// Text that is not YAML.
	{"between two levels", "    kind: table", "   kind: table", []string{"8: not YAML: the indentation of the line (3) fits no list or mapping above"}},
	{"an item too far out", "  - id: desk", " - id: desk", []string{"7: not YAML: the indentation of the line (1) fits no list or mapping above"}},
	{"below a value", "    kind: table", "      kind: table", []string{"8: not YAML: the indentation of the line (6) fits no list or mapping above"}},
	{"a tab", "    kind: table", "\tkind: table", []string{"8: not YAML: the line is indented with a tab: use spaces"}},
	{"no space behind a colon", "  - id: desk", "  - id:desk", []string{"8: not YAML: the line before has no space behind its colon"}},
	{"no space behind a dash", "  - id: desk", "  -id: desk", []string{"7: not YAML: the line has no space behind its dash"}},
	{"a colon in a value", "title: Ours", "title: Ours: all", []string{"1: not YAML: a colon with a space behind it is in the value: put the value in quotes"}},
	{"a list that is not closed", "[red, blue]", "[red, blue", []string{"12: not YAML: a { or [ on the line is not closed"}},
	{"a list that the file's end cuts off", lamps, "title: Ours # is\nlamps: [", []string{"2: not YAML: a { or [ on the line is not closed"}},
	{"one bracket too many", "title: Ours", "title: [Ours]]", []string{"1: not YAML: did not find expected key"}},
	{"an anchor without a name", "title: Ours", "title: & Ours", []string{"1: not YAML: did not find expected alphabetic or numeric character"}},
	{"an alias without an anchor", "title: Ours", "title: *ours", []string{"1: not YAML: unknown anchor 'ours' referenced"}},
	{"a character", "title: Ours", "title: @ours", []string{"1: not YAML: found character that cannot start any token"}},
	{"a broken second document", "rooms:\n", "---\n- a: b: c\n", []string{"14: not YAML: a colon with a space behind it is in the value: put the value in quotes"}},
}

func edited(t testing.TB, old, new string) string {
	t.Helper()
	if strings.Count(lamps, old) != 1 {
		t.Fatalf("the text has %q %d times, want once", old, strings.Count(lamps, old))
	}
	return strings.Replace(lamps, old, new, 1)
}

func TestReadReportsEveryProblem(t *testing.T) {
	options := options(t)
	for _, row := range problemRows {
		t.Run(row.name, func(t *testing.T) {
			var into document
			_, err := yamlfile.Read("l.yaml", []byte(edited(t, row.old, row.new)), options, &into)
			var want []string
			for _, line := range row.want {
				want = append(want, "l.yaml:"+line)
			}
			if diff := cmp.Diff(strings.Split(fmt.Sprint(err), "\n"), want); diff != "" {
				t.Errorf("Read (-got +want):\n%s", diff)
			}
		})
	}
}

func TestEmptyIsAnErrorOfItsOwn(t *testing.T) {
	_, err := yamlfile.Parse("l.yaml", nil, yamlfile.Options{})
	var problem *yamlfile.Problem
	if !errors.Is(err, yamlfile.ErrEmpty) || !errors.As(err, &problem) || problem.Line != 1 {
		t.Errorf("got %v", err)
	}
	if _, err := yamlfile.Parse("l.yaml", []byte("a: ["), yamlfile.Options{}); errors.Is(err, yamlfile.ErrEmpty) {
		t.Errorf("got %v", err)
	}
}

func TestFormerNames(t *testing.T) {
	text := strings.NewReplacer("title:", "heading:", "lamps:", "bulbs:", "kind: table", "kind: desk", "note:", "says:").Replace(lamps)
	text = strings.Replace(text, "    watts: 5.5\n", "    watts: 5.5\n    says: x\n", 1)
	var got document
	file, err := yamlfile.Read("l.yaml", []byte(text), options(t), &got)
	if err != nil {
		t.Fatal(err)
	}
	got.Lamps[0].Note = ""
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("Read (-got +want):\n%s", diff)
	}
	warnings := []string{
		`l.yaml:1: key "heading" is deprecated: write "title"`,
		`l.yaml:2: key "bulbs" is deprecated: write "lamps"`,
		`l.yaml:6: key "says" is deprecated: write "note" (2 times)`,
		"l.yaml:9: kind: desk is deprecated: write table",
	}
	if diff := cmp.Diff(file.Deprecations(), warnings); diff != "" {
		t.Errorf("Deprecations (-got +want):\n%s", diff)
	}
	_, err = yamlfile.Read("l.yaml", []byte("heading: Ours\n"+lamps), options(t), &got)
	if got, want := fmt.Sprint(err), `l.yaml:1: key "heading" is the former name of "title", which is set as well: remove it`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestHideValues(t *testing.T) {
	options := options(t)
	options.HideValues = true
	for _, row := range problemRows {
		text := edited(t, row.old, row.new)
		for _, secret := range []string{"Ours", "Hall", "dsk", "yx", "tabel", "size", "ours", "7"} {
			if !strings.Contains(row.new, secret) {
				continue
			}
			var into document
			_, err := yamlfile.Read("l.yaml", []byte(text), options, &into)
			if message := regexp.MustCompile(`l\.yaml:\d+: `).ReplaceAllString(fmt.Sprint(err), ""); strings.Contains(message, secret) {
				t.Errorf("%s: the message has %q: %v", row.name, secret, err)
			}
		}
	}
}

// A check in Go is left out where the schema has found a problem, and otherwise reported with the line.
func TestReport(t *testing.T) {
	text := edited(t, "id: desk", "id: Desk")
	file, err := yamlfile.Parse("l.yaml", []byte(text), options(t))
	if err != nil {
		t.Fatal(err)
	}
	var got document
	file.Decode(&got)
	for i, lamp := range got.Lamps {
		if at := yamlfile.At("lamps", i, "id"); file.Valid(at) {
			file.Report(at, "lamp %q is broken", lamp.ID)
		}
	}
	if !file.Valid("/lamps/1/kind") || file.Valid("/lamps/1") || file.Valid("") {
		t.Error("a problem is one of the place and of those around it")
	}
	want := "l.yaml:3: lamp \"hall\" is broken\nl.yaml:7: /lamps/1/id must be lower-case words joined by hyphens, got \"Desk\""
	if got := file.Err(); fmt.Sprint(got) != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
}

func TestAccess(t *testing.T) {
	file, err := yamlfile.Parse("l.yaml", []byte("b: '01'\na/b: [x]\n"), yamlfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := file.Text("/b"); got != "01" {
		t.Errorf("Text = %q", got)
	}
	if at := yamlfile.At("a/b", 0); at != "/a~1b/0" || !file.Has(at) || file.Has("/a~1b/1") {
		t.Errorf("At = %q", at)
	}
	if got := file.Keys(""); !slices.Equal(got, []string{"b", "a/b"}) {
		t.Errorf("Keys = %q", got)
	}
	if diff := cmp.Diff(file.Value(), map[string]any{"b": "01", "a/b": []any{"x"}}); diff != "" {
		t.Errorf("Value (-got +want):\n%s", diff)
	}
}

// A Go type that does not fit what the schema allows is reported, as the value would be lost.
func TestDecodeReportsAnotherType(t *testing.T) {
	var into struct {
		B int `yaml:"b"`
	}
	_, err := yamlfile.Read("l.yaml", []byte("a: 1\nb: x\n"), yamlfile.Options{}, &into)
	if want := "l.yaml:2: cannot unmarshal !!str `x` into int"; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Whatever is broken, each problem has a line of the file.
func TestBrokenTexts(t *testing.T) {
	options := options(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		text := []byte(lamps)
		for range 1 + r.IntN(3) {
			at := r.IntN(len(text) - 3)
			switch r.IntN(3) {
			case 0:
				text = append(text[:at:at], text[at+1+r.IntN(2):]...)
			case 1:
				text = append(text[:at:at], append([]byte(" "), text[at:]...)...)
			default:
				text[at] = " :-{[]}|>'\"#\n&*!"[r.IntN(16)]
			}
		}
		checkProblems(t, text, options)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(lamps))
	for _, row := range problemRows {
		f.Add([]byte(edited(f, row.old, row.new)))
	}
	options := options(f)
	f.Fuzz(func(t *testing.T, text []byte) { checkProblems(t, text, options) })
}

// problem matches a problem; that of the encoding is one of the whole file.
var problem = regexp.MustCompile(`^l\.yaml(?::([0-9]+)|: the file is UTF-(?:16|32)): \S`)

func checkProblems(t *testing.T, text []byte, options yamlfile.Options) {
	t.Helper()
	var into document
	_, err := yamlfile.Read("l.yaml", text, options, &into)
	if err == nil {
		return
	}
	last := 1
	for _, message := range strings.Split(err.Error(), "\n") {
		match := problem.FindStringSubmatch(message)
		if match == nil {
			t.Fatalf("no file and line: %q", message)
		}
		line := last
		fmt.Sscan(match[1], &line)
		if line < last || line > 1+strings.Count(string(text), "\n") {
			t.Fatalf("line %d after line %d, of %q", line, last, text)
		}
		last = line
	}
}

func TestScalar(t *testing.T) {
	for _, text := range []string{"plain", "a: b # c", "true", "3", "1.10", "2026-12-31", "it's", "'", `"`, "- x", "", " x ", "é", "~", "a\nb"} {
		file, err := yamlfile.Parse("FILE", []byte("key: "+yamlfile.Scalar(text)+"\n"), yamlfile.Options{Kind: "test"})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := file.Value().(map[string]any)["key"]; got != text || file.Err() != nil {
			t.Errorf("%q is read as %#v from %q: %v", text, got, yamlfile.Scalar(text), file.Err())
		}
	}
}
