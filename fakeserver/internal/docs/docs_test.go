package docs_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/internal/admin"
	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
)

var documents = map[string]string{"contract": "/openapi.json", "control": "/_fake/openapi.json"}

func start(t *testing.T, change ...func(*fakeserver.Options)) *fakeservertest.Running {
	t.Helper()
	return fakeservertest.StartInMemory(t, change...)
}

func ask(t *testing.T, f *fakeservertest.Running, method, path string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequest(method, f.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := f.HTTP.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, body
}

// get is what a path has, which has to be there.
func get(t *testing.T, f *fakeservertest.Running, path string) (*http.Response, []byte) {
	t.Helper()
	answer, body := ask(t, f, "GET", path)
	if answer.StatusCode != 200 {
		t.Fatalf("GET %s: %d %s", path, answer.StatusCode, body)
	}
	return answer, body
}

func TestTheSameBytes(t *testing.T) {
	a, b := start(t), start(t)
	for _, path := range documents {
		_, first := get(t, a, path)
		_, second := get(t, b, path)
		if !bytes.Equal(first, second) {
			t.Errorf("%s of two servers: %d and %d bytes that differ", path, len(first), len(second))
		}
	}
}

type media struct {
	Schema struct {
		Ref string `json:"$ref"`
	}
	Examples map[string]struct{ Value any }
}

type content map[string]media

type operation struct {
	OperationID string
	RequestBody struct{ Content content }
	Responses   map[string]struct{ Content content }
}

// Every example is held against the schema that the document itself gives for it,
// so this holds the components too.
func TestExamplesAreWhatTheirSchemasAllow(t *testing.T) {
	f := start(t)
	for name, path := range documents {
		t.Run(name, func(t *testing.T) {
			_, text := get(t, f, path)
			var document struct {
				Paths map[string]map[string]operation
			}
			if err := json.Unmarshal(text, &document); err != nil {
				t.Fatal(err)
			}
			compiler := jsonschema.NewCompiler()
			compiler.AssertFormat, compiler.LoadURL = true, nil
			if err := compiler.AddResource("d.json", bytes.NewReader(text)); err != nil {
				t.Fatal(err)
			}
			held := 0
			hold := func(at string, all content) {
				for mediaType, m := range all {
					schema, err := compiler.Compile("d.json" + m.Schema.Ref)
					if err != nil {
						t.Errorf("%s %s: %v", at, mediaType, err)
						continue
					}
					for key, example := range m.Examples {
						held++
						if err := schema.Validate(example.Value); err != nil {
							t.Errorf("%s %s, example %s: %v", at, mediaType, key, err)
						}
					}
				}
			}
			for _, methods := range document.Paths {
				for _, op := range methods {
					hold(op.OperationID+" request", op.RequestBody.Content)
					for status, response := range op.Responses {
						hold(op.OperationID+" "+status, response.Content)
					}
				}
			}
			if least := map[string]int{"contract": 80, "control": 45}[name]; held < least {
				t.Errorf("%d examples were held against their schemas, want %d at least", held, least)
			}
		})
	}
}

func TestEveryOutcomeHasAnExample(t *testing.T) {
	_, text := get(t, start(t), "/openapi.json")
	var document struct {
		Paths map[string]map[string]operation
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for _, op := range milestones.M109().Operations {
		got := document.Paths[op.Path][strings.ToLower(op.Method)]
		if got.OperationID != op.ID {
			t.Errorf("%s %s is %q, want %q", op.Method, op.Path, got.OperationID, op.ID)
		}
		keys := map[string]bool{}
		for _, response := range got.Responses {
			for _, m := range response.Content {
				for key := range m.Examples {
					keys[key] = true
				}
			}
		}
		for _, outcome := range op.Outcomes {
			key := outcome.Name
			if outcome.ReasonCode != "" {
				key += "." + outcome.ReasonCode
			}
			if !keys[key] {
				t.Errorf("%s has no example %s", op.ID, key)
			}
		}
	}
}

// Every endpoint of the admin API is shown at work: its body, and its answer or, when
// that is none, the values in its path.
func TestEveryEndpointHasAnExample(t *testing.T) {
	_, text := get(t, start(t), "/_fake/openapi.json")
	var document struct {
		Paths map[string]map[string]struct {
			operation
			Parameters []struct{ Name, In, Example string }
		}
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for _, e := range admin.Endpoints() {
		op := document.Paths[e.Path][strings.ToLower(e.Method)]
		if e.Request != "" && len(op.RequestBody.Content["application/json"].Examples) == 0 {
			t.Errorf("%s has no example of its request", e.ID)
		}
		if _, shown := op.Responses["200"].Content["application/json"].Examples["success"]; e.Response != "" && !shown {
			t.Errorf("%s has no example of its answer", e.ID)
		}
		for _, p := range op.Parameters {
			if p.In == "path" && p.Example == "" {
				t.Errorf("%s has no example of {%s}", e.ID, p.Name)
			}
		}
	}
}

// loads finds what a page or a style sheet makes a browser fetch.
var loads = regexp.MustCompile(`(?:src|href)="([^"]+)"|url\(["']?([^"')]+)|@import\s+["']([^"']+)`)

// The page is whole without a network: what it loads is here, and its policy lets
// it load nothing else.
func TestThePageNeedsNoNetwork(t *testing.T) {
	f := start(t)
	answer, page := get(t, f, "/docs")
	policy := answer.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "connect-src 'self'", "script-src 'self' 'unsafe-inline'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy is %q, want %q in it", policy, part)
		}
	}
	if regexp.MustCompile(`https?://[a-z]`).Match(loads.ReplaceAll(page, nil)) {
		t.Errorf("the page names a server elsewhere:\n%s", page)
	}
	for _, path := range documents {
		if !bytes.Contains(page, []byte(`"`+path+`"`)) {
			t.Errorf("the page does not name %s", path)
		}
	}
	found := 0
	var follow func(in string, text []byte)
	follow = func(in string, text []byte) {
		for _, match := range loads.FindAllSubmatch(text, -1) {
			target := string(bytes.Join(match[1:], nil))
			switch {
			case strings.HasPrefix(target, "data:"):
			case !strings.HasPrefix(target, "/docs/"):
				t.Errorf("%s loads %s", in, target)
			default:
				found++
				if _, asset := get(t, f, target); strings.HasSuffix(target, ".css") {
					follow(target, asset)
				}
			}
		}
	}
	follow("/docs", page)
	if found < 5 {
		t.Errorf("the page loads %d things, want its scripts, style and icons", found)
	}
}

func TestWhereTheSiteIs(t *testing.T) {
	whole := func(*fakeserver.Options) {}
	for _, row := range []struct {
		name, method, path string
		with               func(*fakeserver.Options)
		status             int
		want               string
	}{
		{"the contract", "GET", "/openapi.json", whole, 200, `"openapi": "3.1.0"`},
		{"HEAD", "HEAD", "/openapi.json", whole, 200, ""},
		{"the admin API", "GET", "/_fake/openapi.json", whole, 200, `"fake.worlds.list"`},
		{"the admin API without a token", "GET", "/_fake/openapi.json", func(o *fakeserver.Options) { o.AdminToken = "secret" }, 200, `"fake.worlds.list"`},
		{"the page", "GET", "/docs/", whole, 200, "swagger-ui"},
		{"no such asset", "GET", "/docs/nothing.js", whole, 404, ""},
		{"another method", "POST", "/docs", whole, 405, "has the methods GET and HEAD, not POST"},
		{"no admin API", "GET", "/_fake/openapi.json", func(o *fakeserver.Options) { o.NoAdminAPI = true }, 404, `"NOT_FOUND"`},
		{"the contract, without the admin API", "GET", "/openapi.json", func(o *fakeserver.Options) { o.NoAdminAPI = true }, 200, `"3.1.0"`},
		{"the contract alone has no document", "GET", "/openapi.json", func(o *fakeserver.Options) { o.ContractOnly = true }, 404, `"NOT_FOUND"`},
		{"the contract alone has no page", "GET", "/docs", func(o *fakeserver.Options) { o.ContractOnly = true }, 404, `"NOT_FOUND"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			answer, body := ask(t, start(t, row.with), row.method, row.path)
			if answer.StatusCode != row.status || !strings.Contains(string(body), row.want) {
				t.Errorf("%s %s: %d %.300s, want %d with %q", row.method, row.path, answer.StatusCode, body, row.status, row.want)
			}
		})
	}
}

// Every query value and header that the milestone declares is read: an invalid value is
// refused at each operation that has it.
func TestParametersAreRead(t *testing.T) {
	f := start(t)
	send := func(op *milestones.Operation, key string, p milestones.Parameter, value string) (int, string) {
		t.Helper()
		var body []byte
		if op.RequestSchema != "" {
			fixture, err := fixtures.FS.ReadFile("requests/" + op.ID + ".json")
			if err != nil {
				t.Fatal(err)
			}
			body = bytes.ReplaceAll(fixture, []byte("{me}"), []byte("acme"))
		}
		r, err := http.NewRequest(op.Method, f.URL+strings.ReplaceAll(op.Path, "{provider_id}", "plp_000001"), bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"X-Actor-Type": {"partner"}, "X-Actor-Id": {"acme"}, "X-Auth-Scopes": {op.Scope}, "Idempotency-Key": {key}}
		switch p.In {
		case milestones.InHeader:
			r.Header.Set(p.Name, value)
		case milestones.InQuery:
			r.URL.RawQuery = url.Values{p.Name: {value}}.Encode()
		}
		answer, err := f.HTTP.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text)
	}
	m := milestones.M109()
	onboard, _ := m.Operation("partnerLiquidityProvider.onboard")
	if status, text := send(onboard, "first", milestones.Parameter{}, ""); status != 200 {
		t.Fatalf("onboarding: %d %s", status, text)
	}
	for _, p := range m.Parameters {
		for _, id := range p.Operations {
			op, _ := m.Operation(id)
			if status, text := send(op, id+p.Name, p, "~"); status != 400 || !strings.Contains(text, `"CONSTRAINT_VIOLATION"`) {
				t.Errorf("%s with %s ~: %d %s, want 400 CONSTRAINT_VIOLATION", id, p.Name, status, text)
			}
		}
	}
}

// suffixes are those with which generators make type names from operation ids.
var suffixes = []string{"Body", "Data", "Error", "Errors", "Headers", "OK", "Params", "Path", "Query", "Req", "Request", "Res", "Response", "Responses"}

// letters reduces a name to what all generators keep of it.
func letters(name string) string {
	return strings.ToLower(strings.NewReplacer(".", "", "-", "", "_", "").Replace(name))
}

func TestDocumentsSuitGenerators(t *testing.T) {
	f := start(t)
	for name, path := range documents {
		t.Run(name, func(t *testing.T) {
			_, text := get(t, f, path)
			for _, r := range string(text) {
				if r != '\n' && (r < ' ' || r > '~') {
					t.Errorf("the document has the character %U", r)
				}
			}
			var document struct {
				Paths map[string]map[string]struct {
					OperationID, Summary, Description string
					Responses                         map[string]any
				}
				Components struct{ Schemas map[string]any }
			}
			if err := json.Unmarshal(text, &document); err != nil {
				t.Fatal(err)
			}
			taken := map[string]string{}
			for schema := range document.Components.Schemas {
				if other := taken[letters(schema)]; other != "" {
					t.Errorf("the schemas %s and %s have one name", schema, other)
				}
				taken[letters(schema)] = schema
			}
			for _, methods := range document.Paths {
				for _, op := range methods {
					for _, suffix := range suffixes {
						if schema := taken[letters(op.OperationID+suffix)]; schema != "" {
							t.Errorf("the schema %s has the name that generators derive from %s", schema, op.OperationID)
						}
					}
					if op.Summary == "" || op.Summary == op.OperationID || op.Description == "" || len(op.Description) > 600 {
						t.Errorf("%s: summary %q, description of %d characters, want a verb phrase, and 1 to 600", op.OperationID, op.Summary, len(op.Description))
					}
					if op.Responses["default"] == nil || op.Responses["500"] != nil {
						t.Errorf("%s: want the response default, and no 500", op.OperationID)
					}
				}
			}
			for _, keyword := range []string{`"default": [`, `"exclusiveMinimum"`, `"exclusiveMaximum"`} {
				if bytes.Contains(text, []byte(keyword)) {
					t.Errorf("the document has %s", keyword)
				}
			}
		})
	}
}
