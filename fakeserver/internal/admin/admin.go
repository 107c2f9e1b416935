// Package admin is the admin API: how a test arranges the fake and looks into
// it. It lives under one prefix and is no part of the contract.
//
//	GET  /_fake                        what there is to call
//	POST /_fake/worlds/checkout/reset  the world is what it was when it began
//
// Every endpoint stands in the table below, with the schemas of its request and
// answer. A request that its schema forbids is refused with the violations, and one
// that cannot be done with what is wrong and the nearest right thing, both as a
// [problem.Problem]; nothing is changed by either.
//
// There is one file for each topic: worlds.go, clock.go, faults.go, snapshots.go,
// seeds.go. To add an endpoint: its line in the table, its schemas in schemas/, its
// method in the client, ../../client.
package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/snapshot"
	"example.com/lpgate/fakeserver/internal/world"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// Prefix is where all endpoints are.
const Prefix = "/_fake"

// bodyLimit is the longest body of a request, in bytes.
const bodyLimit = 64 << 20

// Endpoint is one thing to call.
type Endpoint struct {
	// ID is a permanent name.
	ID string `json:"id"`
	// Method is the HTTP method.
	Method string `json:"method"`
	// Path is a template; a segment such as {world} stands for one percent-decoded segment.
	Path string `json:"path"`
	// Summary is what it does, as one sentence.
	Summary string `json:"says"`
	// Query are the parameters that it reads from the query.
	Query []milestones.Parameter `json:"-"`
	// Request and Response name the schemas of the bodies; "" is no body.
	Request  string `json:"request_schema,omitzero"`
	Response string `json:"response_schema,omitzero"`

	serve func(*Server, *call) (any, *problem.Problem)
}

// TakesYAML tells whether the request may be YAML too (RFC 9512): a seed, for people
// write it.
func (e *Endpoint) TakesYAML() bool { return e.Request == seedSchema }

// endpoints are all of them, in the order in which they are listed.
var endpoints = []Endpoint{
	{"fake.index", "GET", "/_fake", "Lists the endpoints of this API.", nil, "", "FakeIndex", (*Server).index},

	{"fake.worlds.list", "GET", "/_fake/worlds", "Lists the worlds.", nil, "", "FakeWorlds", (*Server).listWorlds},
	{"fake.worlds.get", "GET", "/_fake/worlds/{world}", "Shows a world.", nil, "", "FakeWorld", (*Server).getWorld},
	{"fake.worlds.delete", "DELETE", "/_fake/worlds/{world}", "Forgets a world and all that is in it.", nil, "", "", (*Server).deleteWorld},
	{"fake.worlds.reset", "POST", "/_fake/worlds/{world}/reset", "Makes a world what it was when it began.", nil, "", "FakeWorld", (*Server).resetWorld},
	{"fake.worlds.seed", "PUT", "/_fake/worlds/{world}/seed", "Gives a world a seed of its own, and makes it begin again from that.", nil, seedSchema, "FakeWorld", (*Server).seedWorld},

	{"fake.clock.get", "GET", "/_fake/worlds/{world}/clock", "Shows a world's clock.", nil, "", "FakeClock", (*Server).getClock},
	{"fake.clock.set", "PUT", "/_fake/worlds/{world}/clock", "Makes a world's clock real, frozen or moved.", nil, "FakeClockSetting", "FakeClock", (*Server).setClock},
	{"fake.clock.advance", "POST", "/_fake/worlds/{world}/clock/advance", "Moves a world's clock on, or back.", nil, "FakeClockAdvance", "FakeClock", (*Server).advanceClock},

	{"fake.faults.add", "POST", "/_fake/worlds/{world}/faults", "Lets something go wrong in a world.", nil, "FakeFault", "FakeFaultState", (*Server).addFault},
	{"fake.faults.list", "GET", "/_fake/worlds/{world}/faults", "Lists the faults of a world, those too that are used up.", nil, "", "FakeFaults", (*Server).listFaults},
	{"fake.faults.clear", "DELETE", "/_fake/worlds/{world}/faults", "Takes all faults of a world away.", nil, "", "", (*Server).clearFaults},
	{"fake.faults.delete", "DELETE", "/_fake/worlds/{world}/faults/{fault}", "Takes a fault away.", nil, "", "", (*Server).deleteFault},

	{"fake.journal.find", "GET", "/_fake/worlds/{world}/journal", "Shows the requests to a world, in the order of their answers.", page, "", "FakeJournal", (*Server).findJournal},
	{"fake.journal.count", "GET", "/_fake/worlds/{world}/journal/count", "Counts the requests to a world.", filters, "", "FakeJournalCount", (*Server).countJournal},
	{"fake.journal.wait", "GET", "/_fake/worlds/{world}/journal/wait", "Answers once so many requests to a world match. Waiting may begin before the world does, so this makes it.", patience, "", "FakeJournal", (*Server).waitJournal},
	{"fake.journal.clear", "DELETE", "/_fake/worlds/{world}/journal", "Forgets the requests to a world.", nil, "", "", (*Server).clearJournal},

	{"fake.snapshots.take", "POST", "/_fake/worlds/{world}/snapshots", "Keeps what a world is, under a name.", nil, "FakeSnapshotTake", "FakeSnapshotInfo", (*Server).takeSnapshot},
	{"fake.snapshots.restore", "POST", "/_fake/worlds/{world}/restore", "Makes a world what it, or another one, was in a snapshot.", nil, "FakeSnapshotRestore", "FakeWorld", (*Server).restoreSnapshot},
	{"fake.snapshots.list", "GET", "/_fake/snapshots", "Lists the snapshots of all worlds.", nil, "", "FakeSnapshots", (*Server).listSnapshots},
	{"fake.snapshots.download", "GET", "/_fake/snapshots/{snapshot}", "Gives a snapshot as a file.", nil, "", "FakeSnapshot", (*Server).downloadSnapshot},
	{"fake.snapshots.upload", "PUT", "/_fake/snapshots/{snapshot}", "Keeps a snapshot from a file, in the place of one of that name.", nil, "FakeSnapshot", "FakeSnapshotInfo", (*Server).uploadSnapshot},
	{"fake.snapshots.delete", "DELETE", "/_fake/snapshots/{snapshot}", "Forgets a snapshot.", nil, "", "", (*Server).deleteSnapshot},

	{"fake.explain", "GET", "/_fake/explain/{request_id}", "Explains why a request was answered as it was.", nil, "", "FakeExplanation", (*Server).explain},
}

// Endpoints are all endpoints, for documents about them.
func Endpoints() []Endpoint { return slices.Clone(endpoints) }

//go:embed schemas/*.schema.json
var files embed.FS

// Schemas are those of the requests and answers, compiled once.
var Schemas = sync.OnceValue(func() *schemas.Set {
	root, err := fs.Sub(files, "schemas")
	if err != nil {
		panic(err)
	}
	set, err := schemas.Load(root)
	if err != nil {
		panic(fmt.Sprintf("loading the schemas of the admin API:\n%v", err))
	}
	return set
})

// Options are what the panel takes from outside.
type Options struct {
	Milestone *milestones.Milestone
	Worlds    *world.Worlds
	Snapshots *snapshot.Set
	// Wait returns after so long, or when ctx is done.
	Wait func(ctx context.Context, long time.Duration)
	// Token, when not "", must be brought by every request: Authorization: Bearer TOKEN.
	Token string
	// SelfCheck, when not nil, is told of every answer that its schema forbids.
	SelfCheck func(endpoint string, violations []schemas.Violation)
	// Log receives an error for each answer that cannot be written.
	Log *slog.Logger
}

// Server serves the admin API.
type Server struct {
	Options
	mux       http.ServeMux
	token     [sha256.Size]byte
	endpoints []Endpoint
}

// New gives a panel.
func New(options Options) *Server {
	p := &Server{Options: options, token: sha256.Sum256([]byte(options.Token)), endpoints: endpoints}
	methods := map[string][]string{}
	for _, e := range endpoints {
		p.mux.HandleFunc(e.Method+" "+e.Path, func(w http.ResponseWriter, r *http.Request) { p.serve(&e, w, r) })
		methods[e.Path] = append(methods[e.Path], e.Method)
	}
	for path, allowed := range methods {
		slices.Sort(allowed)
		p.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			problem.New(http.StatusMethodNotAllowed, "%s takes %s, not %s.", path, strings.Join(allowed, " and "), r.Method).ServeHTTP(w, r)
		})
	}
	p.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { noEndpoint(r).ServeHTTP(w, r) })
	return p
}

// ServeHTTP implements http.Handler.
func (p *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	given := sha256.Sum256([]byte(strings.TrimLeft(token, " ")))
	// The letters of a scheme may be of any case (RFC 9110, section 11.1).
	if p.Token != "" && (subtle.ConstantTimeCompare(given[:], p.token[:]) != 1 || !strings.EqualFold(scheme, "Bearer")) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="fake"`)
		problem.New(http.StatusUnauthorized, "Send the admin token of this server: Authorization: Bearer TOKEN.").ServeHTTP(w, r)
		return
	}
	p.mux.ServeHTTP(w, r)
}

// left is the answer to a client that went away while its body was read: nobody sees it.
func left() *problem.Problem {
	return problem.New(http.StatusRequestTimeout, "The client left before its body was read. Nothing was changed.")
}

// call is one request to an endpoint.
type call struct {
	*http.Request
	body []byte // as its schema allows, or YAML
}

// read reads the body into what the endpoint takes. A schema cannot say all: an
// amount of time, or a leap second, is found wrong here.
func read[T any](c *call) (value T, wrong *problem.Problem) {
	if err := json.Unmarshal(c.body, &value, json.RejectUnknownMembers(true)); err != nil {
		pointer, says := jcs.Wrong(err)
		return value, problem.New(http.StatusBadRequest, "The body, at %s: %s.", pointer, says)
	}
	return value, nil
}

// serve reads the request, holds it against its schema, and writes the answer.
func (p *Server) serve(e *Endpoint, w http.ResponseWriter, r *http.Request) {
	c := &call{Request: r}
	if e.Request != "" {
		if wrong := c.bufferBody(w, e); wrong != nil {
			wrong.ServeHTTP(w, r)
			return
		}
	}
	if e.Request != "" || r.Body == http.NoBody {
		// The request is read, and some answers are long waited for: the time limit for
		// reading would cancel the request's context.
		http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
	value, wrong := e.serve(p, c)
	if wrong != nil {
		wrong.ServeHTTP(w, r)
		return
	}
	if e.Response == "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	body, err := jcs.TryEncode(value)
	if err == nil && p.SelfCheck != nil {
		var document schemas.Document
		if document, err = schemas.Read(body); err == nil {
			if violations := schema(e.Response).Validate(document.Value); len(violations) > 0 {
				p.SelfCheck(e.ID, violations)
			}
		}
	}
	if err != nil {
		p.Log.Error("an answer of the admin API cannot be written", "endpoint", e.ID, "error", err)
		problem.New(http.StatusInternalServerError, "This is a defect of the server: its answer cannot be written: %v.", err).ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write(body)
}

// bodyText is what the Content-Type says that the body is: json, yaml, or what is neither.
// It is "" when it says nothing of that kind, as curl -d, fetch with a text and many
// libraries do who were not told.
func (c *call) bodyText() string {
	given := c.Header.Get("Content-Type")
	mediaType, _, err := mime.ParseMediaType(given)
	if err != nil {
		mediaType = given
	}
	switch mediaType {
	case "", "application/x-www-form-urlencoded", "text/plain", "application/octet-stream":
		return ""
	case "application/json", "text/json":
		return "json"
	case YAML, "application/x-yaml", "text/yaml", "text/x-yaml": // and what it was called before RFC 9512
		return "yaml"
	}
	return mediaType
}

// bufferBody reads the body as I-JSON, and holds it against its schema, or leaves YAML to
// the endpoint.
func (c *call) bufferBody(w http.ResponseWriter, e *Endpoint) *problem.Problem {
	var body []byte
	var err error = &http.MaxBytesError{Limit: bodyLimit}
	if c.ContentLength > bodyLimit {
		w.Header().Set("Connection", "close") // else net/http would read on before it answers
	} else {
		body, err = io.ReadAll(http.MaxBytesReader(w, c.Body, bodyLimit))
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return problem.New(http.StatusRequestEntityTooLarge, "The body is larger than %d bytes.", tooLarge.Limit)
	} else if err != nil {
		return problem.New(http.StatusBadRequest, "The body broke off before its end.")
	}
	c.body = body
	switch said := c.bodyText(); {
	case said == "yaml" && e.TakesYAML(), said == "" && e.TakesYAML():
		return nil
	case said != "" && said != "json":
		takes := "JSON"
		if e.TakesYAML() {
			takes = "YAML or JSON"
		}
		given, _, _ := strings.Cut(c.Header.Get("Content-Type"), ";")
		return problem.New(http.StatusUnsupportedMediaType, "%s %s takes %s, not %s.", e.Method, e.Path, takes, given)
	}
	document, err := schemas.ReadRequest(body)
	if err != nil {
		return problem.New(http.StatusBadRequest, "The body is %v (RFC 7493).", err)
	}
	if e.TakesYAML() {
		return nil // who reads it tells all that is wrong
	}
	if violations := schema(e.Request).Validate(document.Value); len(violations) > 0 {
		wrong := problem.New(http.StatusBadRequest, "The body is not a %s: see violations.", e.Request)
		wrong.Violations = violations
		for _, v := range violations {
			if v.Keyword != "additionalProperties" || wrong.Nearest != "" {
				continue
			}
			var words string
			if wrong.Nearest, words = nearestMember(e.Request, v.InstancePath, document.Value); words != "" {
				wrong.Detail += " Did you mean " + words + "?"
			}
		}
		return wrong
	}
	c.body = document.Canonical // in which 1e3, an integer to the schema, is 1000
	return nil
}

// schema gives a schema of the table.
func schema(name string) *schemas.Schema {
	found, ok := Schemas().Lookup(name)
	if !ok {
		panic("the table of endpoints names the schema " + name + ", which does not exist")
	}
	return found
}

// Index is what there is to call.
type Index struct {
	Endpoints []Endpoint `json:"endpoints"`
}

func (p *Server) index(*call) (any, *problem.Problem) { return Index{p.endpoints}, nil }
