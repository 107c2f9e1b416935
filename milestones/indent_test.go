package milestones

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// What those who write YAML by hand do wrong is told in their words, with the line.
func TestDocumentNamesTheMistake(t *testing.T) {
	const above = "what: it\nproviders:\n"
	for _, row := range []struct{ name, text, want string }{
		{"between two levels", "  - owner: a\n   tier: S1\n", "4: not YAML: the line is indented by 3 blanks, and nothing above is: that is by 0, 2 or 4"},
		{"an item that is too far in", "  - owner: a\n   - owner: b\n", "4: not YAML: the line is indented by 3 blanks, and nothing above is: that is by 0, 2 or 4"},
		{"an item that is too far out", "  - owner: a\n - owner: b\n", "4: not YAML: the line is indented by 1 blank, and nothing above is: that is by 0, 2 or 4"},
		{"behind a mapping inside", "- owner: a\n  governance:\n    at: now\n   x: y\n", "6: not YAML: the line is indented by 3 blanks, and nothing above is: that is by 0, 2 or 4"},
		{"below a value", "- owner: a\n    tier: S1\n", "4: not YAML: the line is indented by 4 blanks, deeper than the one before, which has its value already"},
		{"a member among items", "  - owner: a\n  tier: S1\n", "4: not YAML: the line stands where the items of a list begin, and has no dash: indent it by 4 blanks if it belongs to the item above"},
		{"a tab", "  - owner: a\n\ttier: S1\n", "4: not YAML: the line is indented with a tab: use blanks"},
		{"no blank behind a colon", "- owner:secret\n  tier: S1\n", "4: not YAML: the line before has no blank behind its colon"},
		{"no blank behind a dash", "-owner: a\n  tier: S1\n", "4: not YAML: the line before has no blank behind its dash"},
		{"a colon in a value", "- owner: a: b\n", "3: not YAML: a colon with a blank behind it is in the value: put that into quotes"},
		{"a mapping that is not closed", "- owner: a\n  at: {x: 1,\n   y: 2\n- owner: b\n", "4: not YAML: a { or [ on the line is not closed"},
		// Behind all that is right.
		{"after a text in lines", "- owner: |\n   a: b\n     c\n  note: a\n   and b # c: d\n  list:\n  - [x,\n y]\n tier: S1\n", "11: not YAML: the line is indented by 1 blank, and nothing above is: that is by 0 or 2"},
		{"after quotes", "- owner: 'a: b'\n  \"c d\": e # f: g\n   tier: S1\n", "5: not YAML: the line is indented by 3 blanks, deeper than the one before, which has its value already"},
		// Where nothing usual is wrong the package's words are left.
		{"a character", "- owner: @a\n", "3: not YAML: found character that cannot start any token"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := Document("f", "text", []byte(above+row.text)); err == nil || err.Error() != "f:"+row.want {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
	if _, err := Document("f", "text", []byte("  a: 1\nb: 2\n")); err == nil || err.Error() != "f:2: not YAML: the line is indented by no blank, and nothing above is: that is by 2" {
		t.Errorf("got %v", err)
	}
}

// Whatever is broken, it has its one line, and a mistake is told of no text that is YAML.
func TestDocumentOfBrokenTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		text := []byte(tiny)
		for range 1 + r.IntN(3) {
			at := r.IntN(len(text) - 3)
			switch r.IntN(3) {
			case 0:
				text = append(text[:at:at], text[at+1+r.IntN(2):]...)
			case 1:
				text = append(text[:at:at], append([]byte(" "), text[at:]...)...)
			default:
				text[at] = " :-{[]}|>'\"#\n"[r.IntN(13)]
			}
		}
		_, err := Document("f", "text", text)
		if found, known := diagnose(text); known && err == nil {
			t.Errorf("line %d %s, but it is YAML:\n%s", found.line, found.message, text)
		}
		if err != nil && (!strings.HasPrefix(err.Error(), "f:") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("got %v", err)
		}
	}
}
