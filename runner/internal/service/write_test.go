package service

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/schemas"
)

// A file that is written is read back: with nothing but a URL, with each option, and with all comments turned into keys.
func TestFileText(t *testing.T) {
	t.Setenv("TOKEN", "token-of-the-environment")
	t.Setenv("API_KEY", "canary-of-the-header")
	notes := []CapabilityNote{
		{Capability: "test-clock", Presence: Present, Comment: "X-Now-Iso is honoured: yes."},
		{Capability: "key-set", Presence: Undetermined, Comment: "no answer", Assumed: true},
		{Capability: "header-identity", Presence: Absent, Comment: "it has # keys"},
		{Capability: "fresh-state", Presence: Undetermined, Comment: "unknown"},
	}
	folder := t.TempDir()
	pair := func(name string) string { return filepath.Join(folder, name) }
	keys := `{"keys":[{"label":"a","key":"canary-key-a","partner_id":"p","scopes":["settlement:read","settlement:write"]},
		{"label":"b","key":"canary-key-b","partner_id":"q","scopes":["settlement:read","settlement:write"]}]}`
	if err := os.WriteFile(pair("keys.json"), []byte(keys), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name      string
		args      []string
		variables []string
	}{
		{"a URL", []string{"--target", "http://127.0.0.1:8109"}, nil},
		{"all options", []string{
			"--target", "https://host/${TOKEN}/", "--header", "x-api-key: canary-of-the-header", "--header", "Authorization: Bearer ${TOKEN}",
			"--no-capability", "header-identity", "--partner-keys", pair("keys.json"), "--insecure", "--server-name", "true",
			"--connect-timeout", "2s", "--max-time", "3s", "--scenario-timeout", "1m30s", "--retries", "4", "--rate", "2.5",
			"--implementation", "a: b # c", "--implementation-version", "1.10",
		}, []string{"API_KEY"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			first := options(t, test.args...)
			want, err := first.Open(new(record.Secrets))
			if err != nil {
				t.Fatal(err)
			}
			text, variables := first.FileText(folder, notes)
			if diff := cmp.Diff(test.variables, variables); diff != "" {
				t.Errorf("variables (-want +got):\n%s", diff)
			}
			if strings.Contains(text, "canary") {
				t.Errorf("the file has a secret:\n%s", text)
			}
			file := pair("target.yaml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			second := options(t, "--target-file", file)
			got, err := second.Open(new(record.Secrets))
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			for _, setting := range fileSettings {
				if slices.Contains([]string{"capability", "no-capability", "header", "run-id", "partner-keys"}, setting.flag) {
					continue
				}
				if is, was := second.fields.Lookup(setting.flag).Value.String(), first.fields.Lookup(setting.flag).Value.String(); is != was {
					t.Errorf("%s: %q, was %q", setting.flag, is, was)
				}
			}
			if diff := cmp.Diff(want.headers, got.headers); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want.PartnerKeys, got.PartnerKeys); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]Declaration{{"test-clock", ""}, {"header-identity", ""}}, withoutPlaces(got.Present, got.Absent)); diff != "" {
				t.Errorf("capabilities (-want +got):\n%s", diff)
			}
		})
	}
}

func withoutPlaces(lists ...[]Declaration) []Declaration {
	var all []Declaration
	for _, d := range slices.Concat(lists...) {
		all = append(all, Declaration{Capability: d.Capability})
	}
	return all
}

// Each commented key is valid without its #.
func TestFileTextPlaceholders(t *testing.T) {
	t.Setenv("TOKEN", "token-of-the-environment")
	o := options(t, "--target", "https://host")
	if _, err := o.Open(new(record.Secrets)); err != nil {
		t.Fatal(err)
	}
	text, _ := o.FileText(".", []CapabilityNote{{Capability: "bell", Presence: Undetermined, Comment: "x"}, {Capability: "rope", Presence: Undetermined, Assumed: true, Comment: "y"}})
	var b strings.Builder
	for line := range strings.Lines(text) {
		switch rest, isComment := strings.CutPrefix(line, "# "); {
		case isComment && strings.Contains(rest, ": ") && !strings.Contains(rest, "runner ") && !strings.Contains(rest, "${NAME}"), isComment && strings.HasSuffix(rest, ":\n"):
			line = rest
		case strings.HasPrefix(line, "#   "):
			line = line[1:]
		}
		line = strings.ReplaceAll(line, "  # - ", "  - ")
		b.WriteString(strings.Replace(line, "capabilities: []", "capabilities:", 1))
	}
	file, err := yamlfile.Parse("target.yaml", []byte(b.String()), yamlfile.Options{Kind: "target", Schema: schemas.Must(schemaFile, "Target")})
	if err == nil {
		err = file.Err()
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	for _, setting := range fileSettings {
		if setting.flag != "run-id" && !file.Has(setting.pointer) { // a run has its own
			t.Errorf("no line of the file sets %s:\n%s", setting.pointer, b.String())
		}
	}
}
