package html

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"example.com/lpgate/fixtures"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/steps/auditproof"
)

// vectors are the answers of a walk in several pages, and the keys that they are signed with.
func vectors(t *testing.T) (walk []string, keys auditproof.Keys) {
	t.Helper()
	text, err := fixtures.FS.ReadFile("vectors/export-pages.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		KeySet json.RawMessage `json:"key_set"`
		Walk   []json.RawMessage
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if keys, err = auditproof.ParseKeys(file.KeySet); err != nil {
		t.Fatal(err)
	}
	for _, page := range file.Walk {
		var b bytes.Buffer
		if err := json.Compact(&b, page); err != nil {
			t.Fatal(err)
		}
		walk = append(walk, b.String())
	}
	if len(walk) != 3 {
		t.Fatalf("the vectors have a walk of %d pages, want 3", len(walk))
	}
	return walk, keys
}

func answered(bodies ...string) *record.Scenario {
	s := &record.Scenario{Scenario: &plan.Scenario{}}
	for i, body := range bodies {
		s.Exchanges = append(s.Exchanges, &record.Exchange{
			Mark: record.Mark{Step: i}, Response: &record.Response{Status: 200, Body: []byte(body)},
		})
	}
	return s
}

func TestWalk(t *testing.T) {
	pages, keys := vectors(t)
	first, second, third := pages[0], pages[1], pages[2]
	tests := []struct {
		name   string
		bodies []string
		keys   auditproof.Keys
		want   string // add each page: its number, the one it continues, the one it repeats, and how it says what is wrong
	}{
		{"a whole export", pages, keys, "1 2<1 3<2"},
		{"among other answers", []string{`{"ok":true}`, first, `no JSON: chain_hash`, second}, keys, "1 2<1"},
		{"a page twice, and from both the same", []string{first, second, second, third}, keys, "1 2<1 3<1=2 4<3"},
		{"a page that is missing", []string{first, third}, keys, "1 2!it-continues-a"},
		{"the wrong way round", []string{second, first}, keys, "1!it-continues-a 2"},
		{"an entry that was changed", []string{strings.Replace(first, "plpaudit_", "plpaudit_9", 1)}, keys, "1!the-export's-export_hash"},
		{"a cursor that leads elsewhere", []string{first, strings.Replace(second, `"cursor_after":"2`, `"cursor_after":"3`, 1)}, auditproof.Keys{}, "1? 2<1?!it-starts-after"},
		{"a key that nobody told", []string{first}, auditproof.Keys{}, "1?"},
		{"a secret inside", []string{strings.Replace(first, "plpaudit_", record.Redacted, 1)}, keys, "1?"},
		{"another kind of page at the root", []string{`{"attestation":{"chain_hash":"x"},"entries":[]}`}, keys, "1?"},
		{"none", []string{`{"export":{"attestation":{}}}`, `{"attestation":{"chain_hash":1}}`}, keys, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			w := walkOf(answered(test.bodies...), test.keys)
			if w == nil {
				w = &walk{}
			}
			for _, p := range w.Pages {
				says := fmt.Sprint(p.Number)
				if p.After > 0 {
					says += fmt.Sprint("<", p.After)
				}
				if p.Again > 0 {
					says += fmt.Sprint("=", p.Again)
				}
				if p.Unchecked != "" {
					says += "?"
				}
				if p.Break != "" {
					says += "!" + strings.Join(strings.Fields(p.Break)[:3], "-")
				}
				got = append(got, says)
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestKeysOf(t *testing.T) {
	set := func(pem string) string {
		return `{"active_key_id":"k","keys":[{"key_id":"k","alg":"ed25519","status":"active","public_key_pem":"` + pem + `"}]}`
	}
	const (
		one   = `-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n`
		other = `-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n`
	)
	tests := []struct {
		name   string
		bodies []string
		want   int
	}{
		{"one", []string{set(one)}, 1},
		{"the same twice", []string{set(one), set(one)}, 1},
		{"two of one name", []string{set(one), set(other)}, 0},
		{"and the first again", []string{set(one), set(other), set(one)}, 0},
		{"no key set", []string{`{"active_key_id":"k"}`}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := len(keysOf(&record.Run{Scenarios: []*record.Scenario{answered(test.bodies...)}})); got != test.want {
				t.Errorf("got %d keys, want %d", got, test.want)
			}
		})
	}
}
