// Package docs serves the documentation of the fake:
//
//	/openapi.json        the contract, as OpenAPI 3.1
//	/_fake/openapi.json  the admin API, as OpenAPI 3.1
//	/docs                a page to read both and to send requests
//
// The page and everything that it loads are in the binary, and its policy forbids it to
// load anything else. None of it is secret, so no token is required.
package docs

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"

	// Swagger UI as embedded files. The module follows the releases of Swagger UI, which
	// reads OpenAPI 3.1 and sends requests, and it needs nothing at run time.
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"example.com/lpgate/fakeserver/internal/admin"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/milestones"
	"example.com/lpgate/milestones/openapi"
	"example.com/lpgate/schemas"
)

// Paths of the documents and the page.
const (
	ContractPath = "/openapi.json"
	AdminPath    = admin.Prefix + "/openapi.json"
	PagePath     = "/docs"
)

// Options are the contents of the documents.
type Options struct {
	Milestone *milestones.Milestone
	Schemas   *schemas.Set
	// Servers are the base URLs of the contract.
	Servers []openapi.Server
	// NoAdminAPI omits the document of the admin API.
	NoAdminAPI bool
	// Record returns recorded examples of the contract and of the admin API. It is called
	// once, for the first request of a document.
	Record func() (contract, admin []openapi.Example, err error)
}

// Site serves the documents and the page.
type Site struct {
	mux   http.ServeMux
	paths []string
}

// New returns a site.
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
		panic("encoding strings: " + err.Error())
	}
	page := v5emb.NewHandlerWithConfig(swgui.Config{
		Title: o.Milestone.ID + ", faked", SwaggerJSON: ContractPath, BasePath: PagePath + "/", ShowTopBar: true,
		SettingsUI: map[string]string{"urls": string(urls), "defaultModelsExpandDepth": "1", "docExpansion": `"list"`, "showExtensions": "true"},
	})
	s.handle(PagePath, page)
	s.handle(PagePath+"/", page)
	return s
}

// Has reports whether a path belongs to the site.
func (s *Site) Has(path string) bool {
	return slices.Contains(s.paths, path) || strings.HasPrefix(path, PagePath+"/")
}

// policy lets the page load resources of this server only.
const policy = "default-src 'none'; connect-src 'self'; img-src 'self' data:; font-src 'self' data:; " +
	"script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

// handle serves GET and HEAD requests of a path.
func (s *Site) handle(path string, h http.Handler) {
	s.paths = append(s.paths, path)
	s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			problem.New(http.StatusMethodNotAllowed, "%s has the methods GET and HEAD, not %s.", r.URL.Path, r.Method).ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", policy)
		h.ServeHTTP(w, r)
	})
}

// document serves a document, which is generated for its first request.
func (s *Site) document(path string, write func() ([]byte, error)) {
	once := sync.OnceValues(write)
	s.handle(path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := once()
		if err != nil {
			problem.New(http.StatusInternalServerError, "The document cannot be generated: %v.", err).ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Write(text)
	}))
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// token is the name of the security scheme of the admin token.
const token = "AdminToken"

// AdminDocument returns the OpenAPI document of the admin API.
func AdminDocument(version string, examples []openapi.Example) *openapi.Document {
	d := &openapi.Document{
		Title: "Admin API of the fake server", Version: version,
		Description: "Set up worlds for tests and read what happened. The admin API is not part of the contract.",
		Servers:     []openapi.Server{{URL: "/", Description: "The server that serves this document."}},
		Schemes:     []openapi.Scheme{{Name: token, Description: "The admin token, if the server has one."}},
		Schemas:     admin.Schemas(), Examples: examples,
	}
	for _, e := range admin.Endpoints() {
		_, topic, _ := strings.Cut(e.ID, ".")
		topic, _, _ = strings.Cut(topic, ".")
		o := openapi.Operation{
			ID: e.ID, Method: e.Method, Path: e.Path, Tag: topic, Summary: e.Summary, Description: e.Description, Request: e.Request,
			Security: [][]string{{}, {token}},
		}
		if e.AcceptsYAML() {
			o.Also = []string{admin.YAML}
		}
		for _, p := range e.Query {
			o.Parameters = append(o.Parameters, openapi.Parameter{Parameter: p})
		}
		done := openapi.Response{Status: "204", Description: "Success."}
		if e.Response != "" {
			done = openapi.Response{Status: "200", Description: "Success.", MediaType: "application/json", Schema: e.Response}
		}
		// One response for all errors: orval writes 4XX as a number.
		o.Responses = []openapi.Response{done, {
			Status: openapi.Default, Description: "The request is refused, or the server cannot process it now. Nothing was changed.",
			MediaType: problem.ContentType, Schema: "FakeProblem",
		}}
		d.Operations = append(d.Operations, o)
	}
	return d
}
