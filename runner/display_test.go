//go:build external && !race

package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/schemas"
)

// In every case --format json prints one document that is valid by the schema of verdict.json and has the exit code.
func TestDocument(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	tests := []struct {
		name string
		args []string
		exit int
		id   string
	}{
		{"no milestone", []string{"--format", "json"}, verdict.Broken, "usage"},
		{"a flag that is none, behind", []string{"--format", "json", "--taget", "x"}, verdict.Broken, "usage"},
		{"a flag that is none, before", []string{"--taget", "x", "--format=json"}, verdict.Broken, "usage"},
		{"a milestone that is none", []string{"no/such.yaml", "--format=json", "--out", out}, verdict.Broken, "not-started"},
		{"a milestone of nowhere", []string{"no/such.yaml", "--format=json"}, verdict.Broken, "usage"},
		{"a tag that is none", []string{milestone, "--format=json", "--tags", "@no-such", "--out", out}, verdict.Broken, "usage"},
		{"a target that is none", []string{milestone, "--format=json", "--target", "x", "--out", out}, verdict.Broken, "usage"},
		{"no server", []string{milestone, "--format=json", "--target", "http://127.0.0.1:1", "--out", out}, verdict.Unreachable, "target-unreachable"},
		{"no place for artifacts", []string{milestone, "--format=json", "--out", milestone + "/out"}, verdict.Incomplete, "artifact-missing"},
		{"a part", []string{milestone, "--format=json", "--scenario", "s-0bb72c18b2", "--out", out}, verdict.Incomplete, "selection-incomplete"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			exit := runCommand(t.Context(), test.args, &stdout, &stderr, nowhere)
			if exit != test.exit {
				t.Errorf("exit %d, want %d", exit, test.exit)
			}
			if !strings.HasSuffix(stderr.String(), "\noverall=false\n") {
				t.Errorf("stderr ends otherwise: %s", stderr.String())
			}
			checkDocument(t, stdout.Bytes(), exit, test.id)
		})
	}
}

// checkDocument expects a valid document with an exit code, and a reason with an id.
func checkDocument(t *testing.T, text []byte, exit int, id string) {
	t.Helper()
	document, err := schemas.Read(text)
	if err != nil {
		t.Fatalf("stdout is no document: %v\n%s", err, text)
	}
	schema, _ := schemas.Embedded().Lookup("Verdict")
	for _, violation := range schema.Validate(document.Value) {
		t.Errorf("not valid at %s: %s", violation.InstancePath, violation.Message)
	}
	var verdict struct {
		Overall bool            `json:"overall"`
		Exit    int             `json:"exit_code"`
		Reasons []record.Reason `json:"reasons"`
	}
	if err := json.Unmarshal(text, &verdict); err != nil {
		t.Fatal(err)
	}
	if verdict.Overall || verdict.Exit != exit {
		t.Errorf("overall %v, exit_code %d, want false and %d", verdict.Overall, verdict.Exit, exit)
	}
	if !slices.ContainsFunc(verdict.Reasons, func(reason record.Reason) bool { return reason.ID == id }) {
		t.Errorf("no reason %s: %+v", id, verdict.Reasons)
	}
}

// A panic too. What is written first is written to stderr then.
func TestDocumentOfPanic(t *testing.T) {
	var stdout bytes.Buffer
	var stderr clumsy
	exit := runCommand(t.Context(), []string{milestone, "--format", "json", "--scenario", "s-0bb72c18b2", "--out", filepath.Join(t.TempDir(), "out")}, &stdout, &stderr, nowhere)
	if exit != verdict.Incomplete || !strings.HasSuffix(stderr.String(), "\noverall=false\n") {
		t.Errorf("exit %d, stderr: %s", exit, stderr.String())
	}
	checkDocument(t, stdout.Bytes(), verdict.Incomplete, "run-broke-off")
}
