package selfcheck

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/schemas"
)

// toy is the milestone of testdata with another schema for the bell, and more of everything.
func toy(t *testing.T, bell string, edits ...string) project.Inputs {
	t.Helper()
	yaml, err := os.ReadFile("testdata/milestones/T1.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := milestones.Parse("T1.yaml", []byte(strings.NewReplacer(edits...).Replace(string(yaml))))
	if err != nil {
		t.Fatal(err)
	}
	refusal, err := os.ReadFile("testdata/schemas/ErrorResponse.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	described := func(node string) string {
		return strings.NewReplacer(`{"type"`, `{"title":"A","description":"B.","type"`, `{"enum"`, `{"title":"A","description":"B.","enum"`,
			`{"$ref"`, `{"title":"A","description":"B.","$ref"`).Replace(node)
	}
	const head = `{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://schemas.lpgate.example/`
	set, err := schemas.Load(fstest.MapFS{
		"ErrorResponse.schema.json": {Data: refusal},
		"EventSignature.schema.json": {Data: []byte(head + `EventSignature.schema.json","title":"S","description":"S.","type":"object",` +
			`"required":["sig"],"additionalProperties":false,"properties":` + described(`{"sig":{"type":"string"}}`) + `}`)},
		"BellResponse.schema.json": {Data: []byte(head + `BellResponse.schema.json","title":"B","description":"B.","type":"object",` +
			`"required":["it"],"additionalProperties":false,"properties":{"it":` + described(bell) + `}}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return project.Inputs{Milestone: m, Schemas: set}
}

// matches are the mutations about the member it of the bell, without what they have in common.
func about(mutations []*Mutation) (ids []string) {
	for _, l := range mutations {
		words, of, _ := strings.Cut(l.ID, " of ")
		if of == "bell.get 200" && strings.Contains(words, "/it") {
			ids = append(ids, words)
		}
	}
	return ids
}

// Each row is a schema and the mutations that follow from it.
func TestMutationsFollowFromTheSchema(t *testing.T) {
	for _, row := range []struct{ name, schema, want string }{
		{"a text", `{"type":"string"}`, "drop /it, retype /it, change /it"},
		{"a text with a pattern", `{"type":"string","pattern":"^[a-z]+$"}`, "drop /it, retype /it, break /it, change /it"},
		{"a time", `{"type":"string","format":"date-time"}`, "drop /it, retype /it, break /it, change /it"},
		{"a number", `{"type":"integer"}`, "drop /it, retype /it, change /it"},
		{"a truth value", `{"type":"boolean"}`, "drop /it, retype /it, change /it"},
		{"a const", `{"type":"string","const":"a"}`, "drop /it, retype /it, misspell /it"},
		{"an enum", `{"type":"string","enum":["a","b"]}`, "drop /it, retype /it, misspell /it, turn /it from a, turn /it from b"},
		{"an enum without a type", `{"enum":[true,false]}`, "drop /it, retype /it, misspell /it, turn /it from true, turn /it from false"},
		{"a text or null", `{"type":["string","null"]}`, "drop /it, retype /it, change /it, nullify /it, fill /it"},
		{"a list", `{"type":"array","items":{"type":"string"}}`,
			"drop /it, retype /it, empty /it, shorten /it, repeat /it, reverse /it, retype /it/[], change /it/[]"},
		{"a closed object", `{"type":"object","additionalProperties":false,"properties":{"a":{"type":"boolean"}}}`,
			"drop /it, retype /it, add /it/unknown, drop /it/a, retype /it/a, change /it/a"},
		{"a map of numbers", `{"type":"object","additionalProperties":{"type":"integer"}}`, "drop /it, retype /it, empty /it, change /it/any"},
		{"a schema of another file", `{"$ref":"EventSignature.schema.json"}`,
			"drop /it, retype /it, add /it/unknown, resign , drop /it/sig, retype /it/sig, change /it/sig"},
		{"a schema that holds itself", `{"type":"object","additionalProperties":false,"properties":{"in":{"$ref":"#/properties/it"}}}`,
			"drop /it, retype /it, add /it/unknown, drop /it/in, retype /it/in, add /it/in/unknown"},
	} {
		t.Run(row.name, func(t *testing.T) {
			mutations, err := derive(toy(t, row.schema), samples{})
			if err != nil {
				t.Fatal(err)
			}
			got := about(mutations)
			if i := slices.IndexFunc(mutations, func(l *Mutation) bool { return l.Kind == "resign" }); i >= 0 {
				got = slices.Insert(got, 3, "resign ")
			}
			if diff := cmp.Diff(strings.Join(got, ", "), row.want); diff != "" {
				t.Errorf("mutations (-got +want):\n%s", diff)
			}
		})
	}
}

// A schema that depends on the document has no list of places, and thus no mutations. That is an error.
func TestConditionsAreRefused(t *testing.T) {
	_, err := derive(toy(t, `{"type":"object","additionalProperties":false,"properties":{},"oneOf":[{"required":[]}]}`), samples{})
	want := "BellResponse.schema.json#/properties/it/oneOf: its effect depends on the document, so it has no list of places"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Each row is a mutation and the mutated body; "" if it does not fit.
func TestMutations(t *testing.T) {
	const (
		text  = `{"type":"string"}`
		tier  = `{"type":"string","enum":["a","b","c"]}`
		items = `{"type":"array","items":{"type":"string"}}`
		maybe = `{"type":["string","null"],"pattern":"^[a-z]+$"}`
		seven = `{"type":"integer","minimum":1,"maximum":7}`
		free  = `{"type":"object","additionalProperties":{"type":"integer"}}`
	)
	for _, row := range []struct{ mutation, schema, body, want string }{
		{"drop /it", text, `{"it":"a"}`, `{}`},
		{"drop /it", text, `{}`, ``},
		{"retype /it", text, `{"it":"a"}`, `{"it":7}`},
		{"retype /it", seven, `{"it":1}`, `{"it":"7"}`},
		{"misspell /it", tier, `{"it":"a"}`, `{"it":"ax"}`},
		{"turn /it from a", tier, `{"it":"a"}`, `{"it":"b"}`},
		{"turn /it from c", tier, `{"it":"c"}`, `{"it":"a"}`},
		{"turn /it from c", tier, `{"it":"a"}`, ``},
		{"break /it", maybe, `{"it":"a"}`, `{"it":"a "}`},
		{"break /it", maybe, `{"it":null}`, ``},
		{"break /it", `{"type":"string","format":"date-time"}`, `{"it":"2026-02-22T16:00:00Z"}`, `{"it":"?"}`},
		{"change /it", text, `{"it":"Acme"}`, `{"it":"Acmf"}`},
		{"change /it", text, `{"it":"?"}`, `{"it":"?x"}`},
		{"change /it", text, `{"it":""}`, `{"it":"x"}`},
		{"change /it", text, `{"it":"bell_12"}`, ``},                                          // its own choice
		{"change /it", text, `{"it":"by bell_12"}`, `{"it":"by bell_13"}`},                    // a part of it is not
		{"change /it", `{"type":"string","pattern":"^a.b$"}`, `{"it":"a7b"}`, `{"it":"a8b"}`}, // what its pattern allows
		{"change /it", seven, `{"it":6}`, `{"it":7}`},
		{"change /it", seven, `{"it":7}`, `{"it":6}`},
		{"change /it", `{"type":"boolean"}`, `{"it":true}`, `{"it":false}`},
		{"nullify /it", maybe, `{"it":"a"}`, `{"it":null}`},
		{"nullify /it", maybe, `{"it":null}`, ``},
		{"fill /it", maybe, `{"it":null,"other":["B","b"]}`, `{"it":"b","other":["B","b"]}`},
		{"fill /it", maybe, `{"it":null,"other":"B"}`, ``},
		{"empty /it", items, `{"it":["a"]}`, `{"it":[]}`},
		{"empty /it", items, `{"it":[]}`, ``},
		{"shorten /it", items, `{"it":["a","b"]}`, `{"it":["a"]}`},
		{"shorten /it", items, `{"it":["a"]}`, ``},
		{"repeat /it", items, `{"it":["a","b"]}`, `{"it":["a","b","b"]}`},
		{"reverse /it", items, `{"it":["a","b"]}`, `{"it":["b","a"]}`},
		{"reverse /it", items, `{"it":["a","a"]}`, ``},
		{"change /it/[]", items, `{"it":["a","b"]}`, `{"it":["b","c"]}`},
		{"empty /it", free, `{"it":{"a":1}}`, `{"it":{}}`},
		{"change /it/any", free, `{"it":{"a":null,"b":[1]}}`, `{"it":{"a":null,"b":[2]}}`},
		{"add /unknown", text, `{"it":"a"}`, `{"it":"a","unknown":true}`},
	} {
		t.Run(row.mutation+" in "+row.body, func(t *testing.T) {
			in := toy(t, row.schema)
			mutations, err := derive(in, samples{})
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(mutations, func(l *Mutation) bool { return l.ID == row.mutation+" of bell.get 200" })
			if i < 0 {
				t.Fatalf("no such mutation: %q", about(mutations))
			}
			original := newAnswer(&in.Milestone.Operations[0], 200, http.Header{}, []byte(row.body))
			mutated, ok := mutations[i].apply(original)
			got := ""
			if ok {
				got = string(encode(mutated.body))
			}
			if got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
			var before any
			if err := json.Unmarshal([]byte(row.body), &before); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(original.body, before); diff != "" {
				t.Errorf("the original answer was changed (-got +want):\n%s", diff)
			}
		})
	}
}

// Each row is an outcome, and the mutations about status, codes, lists and headers that follow from it.
func TestMutationsFollowFromTheOutcome(t *testing.T) {
	in := toy(t, `{"type":"string"}`,
		"required_reason_codes: [bell_cracked]", "required_reason_codes: [bell_cracked, bell_stolen]",
		"reason_code: bell_cracked }", "reason_code: bell_cracked, details: [codes], reason_codes_at: /error/details/codes, reason_codes: [bell_cracked, bell_stolen] }\n"+
			"  key_reused: { status: 422, code: KEY_REUSED, details: [idempotency_key] }\n"+
			"  not_allowed: { status: 405, code: NOT_ALLOWED }",
		"method: GET", "method: POST", "refusals: [cracked]", "refusals: [cracked, key_reused, not_allowed]")
	mutations, err := derive(in, samples{})
	if err != nil {
		t.Fatal(err)
	}
	for outcome, want := range map[string]string{
		"200": "status 409, status 422, status 405, status 418, pose as cracked, pose as key_reused, pose as not_allowed, " +
			"unsend Content-Type, falsify Content-Type, unsend X-Correlation-Id, falsify X-Correlation-Id, forge X-Correlation-Id, " +
			"feign Idempotent-Replayed, hide Idempotent-Replayed, falsify Idempotent-Replayed, rerun Idempotent-Replayed",
		"cracked": "status 200, status 422, status 405, status 418, code KEY_REUSED, code NOT_ALLOWED, code NOT_FOUND, code UNDECLARED, " +
			"reason bell_stolen, reason undeclared, pose as 200, pose as key_reused, pose as not_allowed, " +
			"withhold bell_cracked, invent bell_cracked, withhold bell_stolen, invent bell_stolen, " +
			"unsend Content-Type, falsify Content-Type, unsend X-Correlation-Id, falsify X-Correlation-Id, forge X-Correlation-Id, " +
			"feign Idempotent-Replayed, hide Idempotent-Replayed, falsify Idempotent-Replayed, rerun Idempotent-Replayed",
		"key_reused": "status 200, status 409, status 405, status 418, code CONFLICT, code NOT_ALLOWED, code NOT_FOUND, code UNDECLARED, " +
			"reason bell_cracked, reason bell_stolen, reason undeclared, pose as 200, pose as cracked, pose as not_allowed, " +
			"unsend Content-Type, falsify Content-Type, unsend X-Correlation-Id, falsify X-Correlation-Id, forge X-Correlation-Id, " +
			"feign Idempotent-Replayed, hide Idempotent-Replayed, falsify Idempotent-Replayed, rerun Idempotent-Replayed, accept another payload",
		"not_allowed": "status 200, status 409, status 422, status 418, code CONFLICT, code KEY_REUSED, code NOT_FOUND, code UNDECLARED, " +
			"reason bell_cracked, reason bell_stolen, reason undeclared, pose as 200, pose as cracked, pose as key_reused, " +
			"unsend Content-Type, falsify Content-Type, unsend X-Correlation-Id, falsify X-Correlation-Id, forge X-Correlation-Id, " +
			"unsend Allow, falsify Allow, feign Idempotent-Replayed, hide Idempotent-Replayed, falsify Idempotent-Replayed, rerun Idempotent-Replayed",
	} {
		t.Run(outcome, func(t *testing.T) {
			var got []string
			for _, l := range mutations {
				if words, of, _ := strings.Cut(l.ID, " of "); of == "bell.get "+outcome && !strings.Contains(words, " /") {
					got = append(got, words)
				}
			}
			if diff := cmp.Diff(got, strings.Split(want, ", ")); diff != "" {
				t.Errorf("mutations (-got +want):\n%s", diff)
			}
		})
	}
}

// In the contract each mutation has a unique id, and a kind of the report.
func TestIDs(t *testing.T) {
	mutations, err := derive(project.Inputs{Milestone: milestones.M109(), Schemas: schemas.Embedded()}, samples{})
	if err != nil {
		t.Fatal(err)
	}
	seen, known := map[string]bool{}, map[string]bool{}
	for _, kind := range kinds {
		known[kind.name] = true
	}
	for _, l := range mutations {
		if seen[l.ID] {
			t.Errorf("two mutations are called %q", l.ID)
		}
		if seen[l.ID] = true; !known[l.Kind] {
			t.Errorf("%q is of no kind", l.ID)
		}
	}
	for kind := range known {
		if !slices.ContainsFunc(mutations, func(l *Mutation) bool { return l.Kind == kind }) {
			t.Errorf("no mutation of the kind %s", kind)
		}
	}
}
