package admin

import (
	"net/http"

	"example.com/lpgate/fakeserver/internal/clock"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/snapshot"
	"example.com/lpgate/fakeserver/internal/world"
)

// SnapshotTake is the request that creates a snapshot.
type SnapshotTake struct {
	Name    string `json:"name"`
	Replace bool   `json:"replace,omitzero"`
}

// SnapshotRestore is the request that restores a world.
type SnapshotRestore struct {
	Snapshot string `json:"snapshot"`
}

// Snapshot is a snapshot in numbers.
type Snapshot struct {
	Name            string        `json:"name"`
	Providers       int           `json:"providers"`
	AuditEntries    int           `json:"audit_entries"`
	Checkpoints     int           `json:"checkpoints"`
	StoredResponses int           `json:"stored_responses"`
	Clock           clock.Setting `json:"clock"`
}

// Snapshots are all snapshots, sorted by name.
type Snapshots struct {
	Snapshots []Snapshot `json:"snapshots"`
}

func snapshotOf(name string, state world.State) Snapshot {
	counts := state.Image.Counts()
	return Snapshot{name, counts.Providers, counts.AuditEntries, counts.Checkpoints, counts.Answers, state.Clock}
}

func (s *Server) takeSnapshot(r *request) (any, *problem.Problem) {
	take, p := decode[SnapshotTake](r)
	if p != nil {
		return nil, p
	}
	// A mistyped name must not create a snapshot of an empty world.
	return s.withWorld(r, func(w *world.World) (any, *problem.Problem) {
		return s.putSnapshot(take.Name, w.State(), take.Replace)
	})
}

func (s *Server) putSnapshot(name string, state world.State, replace bool) (any, *problem.Problem) {
	if p := s.Snapshots.Put(name, state, replace); p != nil {
		return nil, p
	}
	return snapshotOf(name, state), nil
}

func (s *Server) restoreSnapshot(r *request) (any, *problem.Problem) {
	restore, p := decode[SnapshotRestore](r)
	if p != nil {
		return nil, p
	}
	state, p := s.Snapshots.Get(restore.Snapshot)
	if p != nil { // before the world is created
		return nil, p
	}
	return s.restoreWorld(r, func(w *world.World) { w.Restore(state) })
}

func (s *Server) listSnapshots(*request) (any, *problem.Problem) {
	list := Snapshots{Snapshots: []Snapshot{}}
	for _, s := range s.Snapshots.All() {
		list.Snapshots = append(list.Snapshots, snapshotOf(s.Name, s.State))
	}
	return list, nil
}

func (s *Server) downloadSnapshot(r *request) (any, *problem.Problem) {
	state, p := s.Snapshots.Get(r.PathValue("snapshot"))
	if p != nil {
		return nil, p
	}
	return s.Snapshots.File(state), nil
}

func (s *Server) uploadSnapshot(r *request) (any, *problem.Problem) {
	file, p := decode[snapshot.File](r)
	if p != nil {
		return nil, p
	}
	state, err := s.Snapshots.Read(r.Context(), file)
	if r.Context().Err() != nil {
		return nil, clientGone()
	} else if err != nil {
		return nil, problem.New(http.StatusBadRequest, "The snapshot, at %v.", err)
	}
	return s.putSnapshot(r.PathValue("snapshot"), state, true)
}

func (s *Server) deleteSnapshot(r *request) (any, *problem.Problem) {
	return nil, s.Snapshots.Delete(r.PathValue("snapshot"))
}
