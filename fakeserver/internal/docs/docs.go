// Package docs serves what the fake says of itself, to programs and to people:
//
//	/openapi.json        the contract, as OpenAPI 3.1
//	/_fake/openapi.json  the admin API, in the same way
//	/docs                both to read, and to try out
//
// The page and all that it loads are in the binary, and its policy forbids it to
// load anything from elsewhere. Nothing here is secret, so no token is asked for.
package docs

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"

	// Swagger UI as files to embed. It is kept up with Swagger UI, which is the one
	// that reads OpenAPI 3.1 and sends requests, and it needs nothing at run time.
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"example.com/lpgate/fakeserver/internal/admin"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/milestones"
	"example.com/lpgate/milestones/openapi"
	"example.com/lpgate/schemas"
)

// Where things are.
const (
	ContractPath = "/openapi.json"
	AdminPath    = admin.Prefix + "/openapi.json"
	PagePath     = "/docs"
)

// Options are what the documents are made from.
type Options struct {
	Milestone *milestones.Milestone
	Schemas   *schemas.Set
	// Servers are where the contract is served.
	Servers []openapi.Server
	// NoAdminAPI leaves the admin API out.
	NoAdminAPI bool
	// Record gives recorded examples, of the contract and of the admin API. It is
	// called once, when somebody first asks for a document.
	Record func() (contract, control []openapi.Example, err error)
}

// Site serves the documents and the page.
type Site struct {
	mux   http.ServeMux
	paths []string
}

// New gives a site.
func New(o Options) *Site {
	s := &Site{}
	record := sync.OnceValues(func() (examples [2][]openapi.Example, err error) {
		examples[0], examples[1], err = o.Record()
		return examples, err
	})
	s.document(ContractPath, func() ([]byte, error) {
		examples, err := record()
		if err != nil {
			return nil, err
		}
		d := openapi.Contract(o.Milestone, o.Schemas, examples[0])
		d.Servers = o.Servers
		return d.JSON()
	})
	type choice struct {
		URL  string `json:"url"`
		Name string `json:"name"`
	}
	choices := []choice{{ContractPath, "The contract"}}
	if !o.NoAdminAPI {
		s.document(AdminPath, func() ([]byte, error) {
			examples, err := record()
			if err != nil {
				return nil, err
			}
			return AdminDocument(o.Milestone.ID, examples[1]).JSON()
		})
		choices = append(choices, choice{AdminPath, "The admin API"})
	}
	urls, err := json.Marshal(choices)
	if err != nil {
		panic("listing the documents: " + err.Error()) // texts
	}
	page := v5emb.NewHandlerWithConfig(swgui.Config{
		Title: o.Milestone.ID + ", faked", SwaggerJSON: ContractPath, BasePath: PagePath + "/", ShowTopBar: true,
		SettingsUI: map[string]string{"urls": string(urls), "defaultModelsExpandDepth": "1", "docExpansion": `"list"`},
	})
	s.handle(PagePath, page)
	s.handle(PagePath+"/", page)
	return s
}

// Has tells whether a path is of the site.
func (s *Site) Has(path string) bool {
	return slices.Contains(s.paths, path) || strings.HasPrefix(path, PagePath+"/")
}

// policy keeps the page to what this server has, whatever its scripts would load.
const policy = "default-src 'none'; connect-src 'self'; img-src 'self' data:; font-src 'self' data:; " +
	"script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

// handle serves GET, and HEAD, on a path.
func (s *Site) handle(path string, h http.Handler) {
	s.paths = append(s.paths, path)
	s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			problem.New(http.StatusMethodNotAllowed, "%s takes GET and HEAD, not %s.", r.URL.Path, r.Method).ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", policy)
		h.ServeHTTP(w, r)
	})
}

// document serves a document, which is written when it is first asked for.
func (s *Site) document(path string, write func() ([]byte, error)) {
	once := sync.OnceValues(write)
	s.handle(path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := once()
		if err != nil {
			problem.New(http.StatusInternalServerError, "The document cannot be written: %v.", err).ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Write(text)
	}))
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// token is the scheme of the admin token.
const token = "AdminToken"

// AdminDocument returns the OpenAPI document of the admin API.
func AdminDocument(version string, examples []openapi.Example) *openapi.Document {
	d := &openapi.Document{
		Title: "Admin API of the fake", Version: version,
		Description: "How a test arranges the fake and looks into it. It is no part of the contract.",
		Servers:     []openapi.Server{{URL: "/", Description: "The server that this document is from."}},
		Schemes:     []openapi.Scheme{{Name: token, Description: "The admin token, when the server has one."}},
		Schemas:     admin.Schemas(), Examples: examples,
	}
	for _, e := range admin.Endpoints() {
		_, topic, _ := strings.Cut(e.ID, ".")
		topic, _, _ = strings.Cut(topic, ".")
		o := openapi.Operation{
			ID: e.ID, Method: e.Method, Path: e.Path, Tag: topic, Summary: e.Summary, Request: e.Request,
			Security: [][]string{{}, {token}},
		}
		if e.TakesYAML() {
			o.Also = []string{admin.YAML}
		}
		for _, p := range e.Query {
			o.Parameters = append(o.Parameters, openapi.Parameter{Parameter: p})
		}
		done := openapi.Response{Status: "204", Description: "It was done."}
		if e.Response != "" {
			done = openapi.Response{Status: "200", Description: "It was done.", MediaType: "application/json", Schema: e.Response}
		}
		o.Responses = []openapi.Response{done}
		for _, wrong := range []openapi.Response{
			{Status: "4XX", Description: "The request cannot be done as it is. Nothing was changed."},
			{Status: "5XX", Description: "The server cannot do it now. Nothing was changed."},
		} {
			wrong.MediaType, wrong.Schema = problem.ContentType, "FakeProblem"
			o.Responses = append(o.Responses, wrong)
		}
		d.Operations = append(d.Operations, o)
	}
	return d
}
