package admin

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// Endpoint is an operation of the admin API.
type Endpoint struct {
	// ID is a permanent name.
	ID     string `json:"id"`
	Method string `json:"method"`
	// Path is a template; {world} is one percent-decoded segment.
	Path string `json:"path"`
	// Summary is a verb phrase. Description is full sentences, or "".
	Summary     string `json:"summary"`
	Description string `json:"description,omitzero"`
	// Query are the query parameters.
	Query []milestones.Parameter `json:"-"`
	// Request and Response are the schemas of the bodies; "" is no body.
	Request  string `json:"request_schema,omitzero"`
	Response string `json:"response_schema,omitzero"`

	handle func(*Server, *request) (any, *problem.Problem)
}

// AcceptsYAML reports whether the request may be YAML too (RFC 9512), as seeds are.
func (e *Endpoint) AcceptsYAML() bool { return e.Request == seedSchema }

// endpoints are all endpoints, in the order of the index.
var endpoints = []Endpoint{
	{"fake.index", "GET", "/_fake", "List the endpoints", "", nil, "", "FakeIndex", (*Server).index},

	{"fake.worlds.list", "GET", "/_fake/worlds", "List the worlds", "", nil, "", "FakeWorlds", (*Server).listWorlds},
	{"fake.worlds.get", "GET", "/_fake/worlds/{world}", "Get a world", "", nil, "", "FakeWorld", (*Server).getWorld},
	{"fake.worlds.delete", "DELETE", "/_fake/worlds/{world}", "Delete a world", "The next request to a world of that name begins with the seed again.", nil, "", "", (*Server).deleteWorld},
	{"fake.worlds.reset", "POST", "/_fake/worlds/{world}/reset", "Reset a world to its seed", "", nil, "", "FakeWorld", (*Server).resetWorld},
	{"fake.worlds.seed", "PUT", "/_fake/worlds/{world}/seed", "Replace the seed of a world and reset the world", "", nil, seedSchema, "FakeWorld", (*Server).seedWorld},

	{"fake.clock.get", "GET", "/_fake/worlds/{world}/clock", "Get the clock of a world", "", nil, "", "FakeClock", (*Server).getClock},
	{"fake.clock.set", "PUT", "/_fake/worlds/{world}/clock", "Set the clock of a world", "", nil, "FakeClockSetting", "FakeClock", (*Server).setClock},
	{"fake.clock.advance", "POST", "/_fake/worlds/{world}/clock/advance", "Advance the clock of a world", "A negative amount moves the clock back.", nil, "FakeClockAdvance", "FakeClock", (*Server).advanceClock},

	{"fake.faults.add", "POST", "/_fake/worlds/{world}/faults", "Add a fault", "", nil, "FakeFault", "FakeFaultState", (*Server).addFault},
	{"fake.faults.list", "GET", "/_fake/worlds/{world}/faults", "List the faults of a world", "The list has the faults that are exhausted too.", nil, "", "FakeFaults", (*Server).listFaults},
	{"fake.faults.clear", "DELETE", "/_fake/worlds/{world}/faults", "Remove all faults of a world", "", nil, "", "", (*Server).clearFaults},
	{"fake.faults.delete", "DELETE", "/_fake/worlds/{world}/faults/{fault}", "Remove a fault", "", nil, "", "", (*Server).deleteFault},

	{"fake.journal.find", "GET", "/_fake/worlds/{world}/journal", "Find requests in the journal", "", pageParameters, "", "FakeJournal", (*Server).findJournal},
	{"fake.journal.count", "GET", "/_fake/worlds/{world}/journal/count", "Count requests in the journal", "", filterParameters, "", "FakeJournalCount", (*Server).countJournal},
	{"fake.journal.wait", "GET", "/_fake/worlds/{world}/journal/wait", "Wait for requests in the journal", "Waiting may begin before the first request, so it creates a world that does not exist.", waitParameters, "", "FakeJournal", (*Server).waitJournal},
	{"fake.journal.clear", "DELETE", "/_fake/worlds/{world}/journal", "Clear the journal", "", nil, "", "", (*Server).clearJournal},

	{"fake.snapshots.take", "POST", "/_fake/worlds/{world}/snapshots", "Create a snapshot", "A snapshot has the state and the clock of a world, but no faults and no journal.", nil, "FakeSnapshotTake", "FakeSnapshotInfo", (*Server).takeSnapshot},
	{"fake.snapshots.restore", "POST", "/_fake/worlds/{world}/restore", "Restore a world from a snapshot", "The snapshot may be of another world. A world that does not exist is created.", nil, "FakeSnapshotRestore", "FakeWorld", (*Server).restoreSnapshot},
	{"fake.snapshots.list", "GET", "/_fake/snapshots", "List the snapshots", "", nil, "", "FakeSnapshots", (*Server).listSnapshots},
	{"fake.snapshots.download", "GET", "/_fake/snapshots/{snapshot}", "Download a snapshot", "", nil, "", "FakeSnapshot", (*Server).downloadSnapshot},
	{"fake.snapshots.upload", "PUT", "/_fake/snapshots/{snapshot}", "Upload a snapshot", "An existing snapshot of that name is replaced.", nil, "FakeSnapshot", "FakeSnapshotInfo", (*Server).uploadSnapshot},
	{"fake.snapshots.delete", "DELETE", "/_fake/snapshots/{snapshot}", "Delete a snapshot", "", nil, "", "", (*Server).deleteSnapshot},

	{"fake.explain", "GET", "/_fake/explain/{request_id}", "Explain the response to a request", "", nil, "", "FakeExplanation", (*Server).explain},
}

// Endpoints returns all endpoints.
func Endpoints() []Endpoint { return slices.Clone(endpoints) }

//go:embed schemas/*.schema.json
var schemaFiles embed.FS

// Schemas returns the schemas of the requests and responses.
var Schemas = sync.OnceValue(func() *schemas.Set {
	root, err := fs.Sub(schemaFiles, "schemas")
	if err != nil {
		panic(err)
	}
	set, err := schemas.Load(root)
	if err != nil {
		panic(fmt.Sprintf("loading the schemas of the admin API:\n%v", err))
	}
	return set
})

// schema returns the schema of a request or response.
func schema(name string) *schemas.Schema {
	found, ok := Schemas().Lookup(name)
	if !ok {
		panic("the table of endpoints names an unknown schema " + name)
	}
	return found
}
