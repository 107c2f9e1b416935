//go:build external && !race

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/fixtures"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/steps/auditproof"
)

// TestVerifyExportSeesEveryByte corrupts every byte of every file, and runs the command. What it still accepts must
// be one of the few insignificant bytes, which are listed here.
func TestVerifyExportSeesEveryByte(t *testing.T) {
	files := readVectors(func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	})
	// The key set with a second key, which signed none of the pages.
	previous, err := fixtures.FS.ReadFile("keys/operator-previous.pub.pem")
	if err != nil {
		t.Fatal(err)
	}
	unused, err := json.Marshal(map[string]string{
		"key_id": "op-pi-k6", "alg": "ed25519", "public_key_pem": string(previous), "status": "verify_only",
	})
	if err != nil {
		t.Fatal(err)
	}
	files["keys.json"] = bytes.Replace(files["keys.json"], []byte("}]"), slices.Concat([]byte("},"), unused, []byte("]")), 1)
	// And one page of the walk as the bare export.
	var answer struct{ Export json.RawMessage }
	if err := json.Unmarshal(files["2.json"], &answer); err != nil {
		t.Fatal(err)
	}
	files["2.json"] = answer.Export
	walk := []string{"1.json", "2.json", "3.json"}
	correlation := `"corr_partnerliquidityprovider_rollout_export"`
	for name, test := range map[string]struct {
		pages   []string
		harmful func(corrupt []byte) bool // what is accepted and means something
		mayVary []string                  // texts of the file in which a byte may change
	}{
		"1.json":     {pages: walk, mayVary: []string{correlation}},
		"2.json":     {pages: walk},
		"3.json":     {pages: walk, mayVary: []string{correlation}},
		"empty.json": {pages: []string{"empty.json"}, mayVary: []string{correlation, `"plp_000001"`}}, // no signed text names the provider
		"keys.json":  {pages: walk, mayVary: []string{`"corr_keys_policy_integrity_signing_get"`, `"op-pi-k6"`, string(pemLine(t, previous))}, harmful: otherKey(t, files["keys.json"])},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			args := []string{"verify-export", "--keys", filepath.Join(folder, "keys.json")}
			for name := range maps.Keys(files) {
				write(t, folder, name, files[name])
			}
			for _, page := range test.pages {
				args = append(args, filepath.Join(folder, page))
			}
			var stdout bytes.Buffer
			if exit := runCommand(t.Context(), args, &stdout, io.Discard, nowhere); exit != verdict.Holds || !strings.HasPrefix(stdout.String(), "verified: ") {
				t.Fatalf("before anything is changed: exit %d, %s", exit, stdout.String())
			}
			unchanged := files[name]
			free := spans(t, unchanged, test.mayVary)
			accepted := 0
			for at := range unchanged {
				corrupt := bytes.Clone(unchanged)
				corrupt[at] ^= 0x01 // makes a letter or a digit its neighbour
				write(t, folder, name, corrupt)
				stdout.Reset()
				exit := runCommand(t.Context(), args, &stdout, io.Discard, nowhere)
				switch {
				case exit == verdict.Fails && strings.HasPrefix(stdout.String(), "broken: "+folder):
				case exit == verdict.Broken && stdout.Len() == 0:
				case exit == verdict.Holds && free[at] && (test.harmful == nil || !test.harmful(corrupt)):
					accepted++
				case exit == verdict.Holds && bytes.Equal(canonical(corrupt), canonical(unchanged)): // 4e-324 is the same double as 5e-324
				default:
					t.Fatalf("byte %d, near %q: exit %d, %s", at, unchanged[max(0, at-20):min(len(unchanged), at+20)], exit, stdout.String())
				}
			}
			if len(test.mayVary) > 0 && accepted == 0 {
				t.Errorf("nothing that may vary was accepted, so this test does not show that it may")
			}
		})
	}
}

// canonical is what a file means, or nil when not JSON.
func canonical(text []byte) []byte {
	value := jsontext.Value(bytes.Clone(text))
	if value.Canonicalize() != nil {
		return nil
	}
	return value
}

func write(t *testing.T, folder, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// spans returns the bytes of a file that are in one of the texts.
func spans(t *testing.T, file []byte, texts []string) map[int]bool {
	t.Helper()
	inside := map[int]bool{}
	for _, text := range texts {
		start := bytes.Index(file, []byte(text))
		if start < 0 {
			t.Fatalf("%s is not in the file", text)
		}
		for at := start; at < start+len(text); at++ {
			inside[at] = true
		}
	}
	return inside
}

// pemLine is the line of a PEM file that has the key.
func pemLine(t *testing.T, pem []byte) []byte {
	t.Helper()
	lines := bytes.Split(pem, []byte{'\n'})
	if len(lines) < 3 {
		t.Fatalf("no PEM: %s", pem)
	}
	return lines[1]
}

// otherKey returns a function that reports whether a key set has another key for the signatures of the vectors.
func otherKey(t *testing.T, unchanged []byte) func([]byte) bool {
	t.Helper()
	const signer = "lpgate-dev-k1"
	want, err := auditproof.ParseKeys(unchanged)
	if err != nil {
		t.Fatal(err)
	}
	return func(corrupt []byte) bool {
		got, err := auditproof.ParseKeys(corrupt)
		return err != nil || !want[signer].Equal(got[signer])
	}
}
