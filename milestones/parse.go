package milestones

import (
	"slices"
	"sync"

	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/schemas"
)

// Parse reads the text of a milestone file. Its error has a line FILE:LINE: message for each problem, in the order of the file.
//
// schemas/Milestone.schema.json is what the file has to satisfy. The checks here are those that a schema cannot express: names
// that refer to each other, and facts that contradict each other.
func Parse(name string, text []byte) (*Milestone, error) {
	file, err := yamlfile.Parse(name, text, yamlfile.Options{Kind: "milestone", Schema: schema()})
	if err != nil {
		return nil, err
	}
	r := &resolver{File: file, m: &Milestone{name: name, deprecations: file.Deprecations()}}
	file.Decode(&r.doc)
	r.resolve()
	// Unused names are reported only in a file that is otherwise right: a misspelt reference would be reported twice, as a name
	// that does not exist and as one that is not used.
	if file.Valid("") {
		r.reportUnused()
	}
	if err := file.Err(); err != nil {
		return nil, err
	}
	return r.m, nil
}

var schema = sync.OnceValue(func() *schemas.Schema {
	schema, ok := schemas.Embedded().Lookup("Milestone")
	if !ok {
		panic("there is no schema Milestone")
	}
	return schema
})

// document is the file as it is written. What a [Milestone] has in the same form has its type.
type document struct {
	ID                  string             `yaml:"id"`
	Title               string             `yaml:"title"`
	Transport           Transport          `yaml:"transport"`
	Limits              Limits             `yaml:"limits"`
	RequiredReasonCodes []string           `yaml:"required_reason_codes"`
	Refusals            map[string]refusal `yaml:"refusals"`
	Operations          []operation        `yaml:"operations"`
	Router              struct {
		ID       string   `yaml:"id"`
		Refusals []string `yaml:"refusals"`
	} `yaml:"router"`
	Parameters   []Parameter  `yaml:"parameters"`
	Identities   []Identity   `yaml:"identities"`
	Capabilities []Capability `yaml:"capabilities"`
	Features     []string     `yaml:"features"`
	Rules        []Rule       `yaml:"rules"`
	Artifacts    []string     `yaml:"artifacts"`
	Output       Output       `yaml:"output"`
	Selfcheck    *Selfcheck   `yaml:"selfcheck"`
}

type refusal struct {
	Status      int      `yaml:"status"`
	Code        string   `yaml:"code"`
	Level       Level    `yaml:"level"`
	ReasonCode  string   `yaml:"reason_code"`
	Details     []string `yaml:"details"`
	reasonCodes `yaml:",inline"`
}

type operation struct {
	ID             string   `yaml:"id"`
	Summary        string   `yaml:"summary"`
	Method         string   `yaml:"method"`
	Path           string   `yaml:"path"`
	Scope          string   `yaml:"scope"`
	Public         bool     `yaml:"public"`
	RequestSchema  string   `yaml:"request_schema"`
	ResponseSchema string   `yaml:"response_schema"`
	Success        success  `yaml:"success"`
	Refusals       []string `yaml:"refusals"`
}

type success struct {
	Status      int    `yaml:"status"`
	Level       Level  `yaml:"level"`
	CreatedIDAt string `yaml:"created_id_at"`
	reasonCodes `yaml:",inline"`
}

// reasonCodes is where an answer lists reason codes, and which.
type reasonCodes struct {
	ReasonCodesAt   string   `yaml:"reason_codes_at"`
	ReasonCodes     []string `yaml:"reason_codes"`
	OpenReasonCodes bool     `yaml:"open_reason_codes"`
}

// resolver makes a milestone of a document, and resolves every name in it.
type resolver struct {
	*yamlfile.File
	doc document
	m   *Milestone

	reasonCodes, refusals, features, operations names
}

func (r *resolver) resolve() {
	doc, m := &r.doc, r.m
	m.ID, m.Title, m.Transport, m.Limits = doc.ID, doc.Title, doc.Transport, doc.Limits
	m.RequiredReasonCodes, m.Features, m.Artifacts = doc.RequiredReasonCodes, doc.Features, doc.Artifacts
	m.Parameters, m.Identities, m.Capabilities, m.Rules = doc.Parameters, doc.Identities, doc.Capabilities, doc.Rules
	m.Output, m.Selfcheck = doc.Output, doc.Selfcheck

	refusals := r.Keys("/refusals")
	operations := valuesOf(doc.Operations, func(o operation) string { return o.ID })
	r.reasonCodes = r.namesAt("reason code", "/required_reason_codes", doc.RequiredReasonCodes)
	r.features = r.namesAt("feature", "/features", doc.Features)
	r.refusals = names{"refusal", refusals, len(refusals) > 0 && !slices.ContainsFunc(refusals, isNoVariable)}
	r.operations = r.namesAt("operation", "/operations", operations, "id")
	r.operations.words = append(r.operations.words, doc.Router.ID)
	r.operations.known = r.operations.known && doc.Router.ID != "" && r.Valid("/router/id")

	r.addSchemaName("/transport/error_schema", doc.Transport.ErrorSchema)
	r.checkLimits()
	r.resolveRefusals(refusals)
	r.resolveOperations(operations)
	r.checkParameters()
	r.checkIdentities()
	r.checkCapabilities()
	r.checkRules()
	r.checkReplacements()
	r.checkSelfcheck()
}
