package recipe

import (
	"embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/fixtures"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// The caller and the provider of a step.
const (
	caller   = "acme"
	provider = "plp_{run}"
)

//go:embed recipes.yaml Recipes.schema.json
var files embed.FS

var catalogueSchema = sync.OnceValues(func() (*schemas.Schema, error) {
	set, err := schemas.Load(files)
	if err != nil {
		return nil, err
	}
	schema, _ := set.Lookup("Recipes")
	return schema, nil
})

// catalogueFile is the content of a catalogue. Recipes.schema.json describes the keys.
type catalogueFile struct {
	Recipes []struct {
		Operation      string            `yaml:"operation"`
		Outcome        string            `yaml:"outcome"`
		ReasonCode     string            `yaml:"reason_code"`
		ListedCodes    []string          `yaml:"listed_codes"`
		Variant        string            `yaml:"variant"`
		ResponseHeader map[string]string `yaml:"response_header"`
		Present        []string          `yaml:"present"`
		Steps          []stepFile        `yaml:"steps"`
	} `yaml:"recipes"`
}

type stepFile struct {
	Operation string             `yaml:"operation"`
	Method    string             `yaml:"method"`
	Path      string             `yaml:"path"`
	Headers   map[string]*string `yaml:"headers"`
	Query     map[string]string  `yaml:"query"`
	Set       map[string]any     `yaml:"set"`
	Body      *string            `yaml:"body"`
	Spaces    int                `yaml:"spaces"`
	Capture   map[string]string  `yaml:"capture"`
}

// Read reads a catalogue. The error has one line, FILE:LINE: problem, for each problem.
func Read(m *milestones.Milestone, name string, text []byte) (Catalogue, error) {
	schema, err := catalogueSchema()
	if err != nil {
		return nil, err
	}
	var content catalogueFile
	file, err := yamlfile.Read(name, text, yamlfile.Options{Kind: "catalogue", Schema: schema}, &content)
	if err != nil {
		return nil, err
	}
	r := &reader{m, file}
	var c Catalogue
	lines := map[string]int{}
	for i, from := range content.Recipes {
		at := yamlfile.At("recipes", i)
		recipe := &Recipe{ReasonCode: from.ReasonCode, ListedCodes: from.ListedCodes, Variant: from.Variant, ResponseHeader: from.ResponseHeader, Present: from.Present}
		if recipe.Operation = r.operation(at+"/operation", from.Operation); recipe.Operation == nil || !r.outcome(at, from.Outcome, recipe) {
			continue
		}
		if line := lines[recipe.Name()]; line > 0 {
			file.Report(at, "duplicate recipe %s (first on line %d)", recipe.Name(), line)
		}
		lines[recipe.Name()] = file.Line(at)
		if r.steps(at+"/steps", from.Steps, recipe) {
			c = append(c, recipe)
		}
	}
	return c, file.Err()
}

// reader checks what the schema of a catalogue cannot express.
type reader struct {
	milestone *milestones.Milestone
	file      *yamlfile.File
}

// operation returns an operation; nil if it is unknown.
func (r *reader) operation(at jsontext.Pointer, id string) *milestones.Operation {
	op, ok := r.milestone.Operation(id)
	if !ok {
		ids := []string{r.milestone.Router.ID}
		for i := range r.milestone.Operations {
			ids = append(ids, r.milestone.Operations[i].ID)
		}
		r.file.Report(at, "unknown operation %q%s", id, suggest.DidYouMean(id, ids))
		return nil
	}
	return op
}

// outcome sets the outcome of a recipe and checks its reason code. It reports whether the
// outcome is known.
func (r *reader) outcome(at jsontext.Pointer, name string, recipe *Recipe) bool {
	var known, codes []string
	for i, o := range recipe.Operation.Outcomes {
		known = append(known, o.Name)
		if o.Name == name {
			recipe.Outcome = &recipe.Operation.Outcomes[i]
		}
	}
	if recipe.Outcome == nil {
		r.file.Report(at+"/outcome", "unknown outcome %q of %s%s", name, recipe.Operation.ID, suggest.DidYouMean(name, known))
		return false
	}
	for _, item := range recipe.Operation.CoverageItems() {
		if item.Outcome == name {
			codes = append(codes, item.ReasonCode)
		}
	}
	if !slices.Contains(codes, recipe.ReasonCode) {
		r.file.Report(at+"/reason_code", "the outcome %s of %s has no reason code %q%s", name, recipe.Operation.ID, recipe.ReasonCode, suggest.DidYouMean(recipe.ReasonCode, codes))
	}
	return true
}

// steps reads the steps of a recipe. It reports whether all operations are known.
func (r *reader) steps(at jsontext.Pointer, from []stepFile, recipe *Recipe) bool {
	captured := []string{"run"}
	for i, step := range from {
		s := r.step(yamlfile.Below(at, i), step, i+1, captured)
		if s == nil {
			return false
		}
		recipe.Steps = append(recipe.Steps, *s)
		captured = append(captured, slices.Sorted(maps.Keys(s.Capture))...)
	}
	if last := recipe.Steps[len(recipe.Steps)-1].Operation; last != recipe.Operation {
		r.file.Report(at, "the operation of the last step is %s, but that of the recipe is %s", last.ID, recipe.Operation.ID)
	}
	return true
}

// step reads step n of a recipe. It returns nil if the operation is unknown. Captured are
// the names that placeholders can have.
func (r *reader) step(at jsontext.Pointer, from stepFile, n int, captured []string) *Step {
	op := r.operation(at+"/operation", from.Operation)
	if op == nil {
		return nil
	}
	s := &Step{Operation: op, Method: op.Method, Path: op.Path, Query: from.Query, Header: map[string]string{}, Spaces: from.Spaces, Capture: from.Capture}
	if from.Method != "" {
		s.Method = from.Method
	}
	if from.Path != "" {
		s.Path = from.Path
	}
	if s.Method == "" || s.Path == "" {
		r.file.Report(at, "a step of %s needs method and path", op.ID)
	}
	if hasProvider(op) {
		s.Params = map[string]string{"provider_id": provider}
	}
	if !op.Public && op.Scope != "" {
		s.Header["X-Actor-Type"], s.Header["X-Actor-Id"], s.Header["X-Auth-Scopes"] = "partner", caller, op.Scope
	}
	if op.RequestSchema != "" {
		s.Header[r.milestone.Transport.IdempotencyHeader] = "{run}-" + strconv.Itoa(n)
	}
	r.headers(at+"/headers", from.Headers, s.Header)
	if s.Spaces == 0 {
		s.Body = r.body(at, from, op)
	}
	for _, text := range s.texts() {
		for _, name := range placeholder.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(captured, name[1]) {
				r.file.Report(at, "unknown placeholder {%s}%s", name[1], suggest.DidYouMean(name[1], captured))
			}
		}
	}
	return s
}

// headers changes the header of a step.
func (r *reader) headers(at jsontext.Pointer, changes map[string]*string, header map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		if value := changes[name]; value != nil {
			header[name] = *value
		} else if _, has := header[name]; has {
			delete(header, name)
		} else {
			r.file.Report(at.AppendToken(name), "cannot remove %q, which the step does not have%s", name, suggest.DidYouMean(name, slices.Sorted(maps.Keys(header))))
		}
	}
}

// body returns the body of a step: its own, or that in fixtures/requests with its changes.
func (r *reader) body(at jsontext.Pointer, from stepFile, op *milestones.Operation) []byte {
	if from.Body != nil {
		return []byte(*from.Body)
	}
	if op.RequestSchema == "" {
		return nil
	}
	body, err := requestBody(op)
	if err != nil {
		r.file.Report(at, "%v", err)
		return nil
	}
	for _, pointer := range slices.Sorted(maps.Keys(from.Set)) {
		if err := setValue(body, jsontext.Pointer(pointer), from.Set[pointer]); err != nil {
			r.file.Report(yamlfile.Below(at, "set", pointer), "%v", err)
		}
	}
	text, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		r.file.Report(at+"/set", "not representable as JSON: %v", err)
	}
	return text
}

// requestBody returns the body of an operation in fixtures/requests, for the caller and
// the provider.
func requestBody(op *milestones.Operation) (any, error) {
	text, err := fixtures.FS.ReadFile("requests/" + op.ID + ".json")
	if err != nil {
		return nil, err
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(text), "{me}", caller)), &body); err != nil {
		return nil, fmt.Errorf("requests/%s.json: %w", op.ID, err)
	}
	if !hasProvider(op) { // onboard has it in the body
		body["provider"].(map[string]any)["provider_id"] = provider
	}
	return body, nil
}

// placeholder matches {NAME} in a text of a step.
var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// texts returns the texts of a step that may have placeholders.
func (s *Step) texts() []string {
	texts := []string{s.path(), string(s.Body)}
	for _, fields := range []map[string]string{s.Query, s.Header} {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			texts = append(texts, fields[name])
		}
	}
	return texts
}

// hasProvider reports whether the path has the parameter provider_id.
func hasProvider(op *milestones.Operation) bool { return strings.Contains(op.Path, "{provider_id}") }

// setValue sets a member of an object inside body.
func setValue(body any, pointer jsontext.Pointer, to any) error {
	if pointer == "" || !pointer.IsValid() {
		return fmt.Errorf("%q is not a JSON Pointer of a member", pointer)
	}
	parent, err := valueAt(body, pointer.Parent())
	if err != nil {
		return err
	}
	object, ok := parent.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is not an object", pointer.Parent())
	}
	object[pointer.LastToken()] = to
	return nil
}

// valueAt returns the value at a JSON Pointer that leads through objects.
func valueAt(value any, pointer jsontext.Pointer) (any, error) {
	for name := range pointer.Tokens() {
		object, _ := value.(map[string]any)
		member, has := object[name]
		if !has {
			return nil, fmt.Errorf("there is no value at %s%s", pointer, suggest.DidYouMean(name, slices.Sorted(maps.Keys(object))))
		}
		value = member
	}
	return value, nil
}
