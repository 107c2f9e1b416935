package admin

import (
	"net/http"

	"example.com/lpgate/fakeserver/internal/clock"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/snapshot"
	"example.com/lpgate/fakeserver/internal/world"
)

// SnapshotTake says under which name a snapshot is kept.
type SnapshotTake struct {
	Name    string `json:"name"`
	Replace bool   `json:"replace,omitzero"`
}

// SnapshotRestore names the snapshot that a world is restored from.
type SnapshotRestore struct {
	Snapshot string `json:"snapshot"`
}

// Snapshot is what is told of a snapshot.
type Snapshot struct {
	Name         string        `json:"name"`
	Providers    int           `json:"providers"`
	AuditEntries int           `json:"audit_entries"`
	Checkpoints  int           `json:"checkpoints"`
	Answers      int           `json:"answers"`
	Clock        clock.Setting `json:"clock"`
}

// Snapshots are all snapshots, by name.
type Snapshots struct {
	Snapshots []Snapshot `json:"snapshots"`
}

func snapshotOf(name string, m world.State) Snapshot {
	counts := m.Image.Counts()
	return Snapshot{name, counts.Providers, counts.AuditEntries, counts.Checkpoints, counts.Answers, m.Clock}
}

func (p *Server) takeSnapshot(c *call) (any, *problem.Problem) {
	take, wrong := read[SnapshotTake](c)
	if wrong != nil {
		return nil, wrong
	}
	// What is not there has nothing to keep: a snapshot of a name that was mistyped would
	// pass for an empty world.
	return p.ofWorld(c, func(w *world.World) (any, *problem.Problem) {
		return p.putSnapshot(take.Name, w.State(), take.Replace)
	})
}

func (p *Server) putSnapshot(name string, m world.State, replace bool) (any, *problem.Problem) {
	if wrong := p.Snapshots.Put(name, m, replace); wrong != nil {
		return nil, wrong
	}
	return snapshotOf(name, m), nil
}

func (p *Server) restoreSnapshot(c *call) (any, *problem.Problem) {
	restore, wrong := read[SnapshotRestore](c)
	if wrong != nil {
		return nil, wrong
	}
	m, wrong := p.Snapshots.Get(restore.Snapshot)
	if wrong != nil { // before the world is made
		return nil, wrong
	}
	return p.restoreWorld(c, func(w *world.World) { w.Restore(m) })
}

func (p *Server) listSnapshots(*call) (any, *problem.Problem) {
	list := Snapshots{Snapshots: []Snapshot{}}
	for _, s := range p.Snapshots.All() {
		list.Snapshots = append(list.Snapshots, snapshotOf(s.Name, s.State))
	}
	return list, nil
}

func (p *Server) downloadSnapshot(c *call) (any, *problem.Problem) {
	m, wrong := p.Snapshots.Get(c.PathValue("snapshot"))
	if wrong != nil {
		return nil, wrong
	}
	return p.Snapshots.File(m), nil
}

func (p *Server) uploadSnapshot(c *call) (any, *problem.Problem) {
	file, wrong := read[snapshot.File](c)
	if wrong != nil {
		return nil, wrong
	}
	m, err := p.Snapshots.Read(c.Context(), file)
	if c.Context().Err() != nil {
		return nil, left()
	} else if err != nil {
		return nil, problem.New(http.StatusBadRequest, "The snapshot, at %v.", err)
	}
	return p.putSnapshot(c.PathValue("snapshot"), m, true)
}

func (p *Server) deleteSnapshot(c *call) (any, *problem.Problem) {
	return nil, p.Snapshots.Delete(c.PathValue("snapshot"))
}
