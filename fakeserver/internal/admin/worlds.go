package admin

import (
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/world"
)

// World is the state of a world in numbers.
type World struct {
	Name string `json:"name"`
	// Requests counts the requests, including those before a reset.
	Requests     uint64 `json:"requests"`
	Providers    int    `json:"providers"`
	AuditEntries int    `json:"audit_entries"`
	Checkpoints  int    `json:"checkpoints"`
	// StoredResponses counts the responses that are stored for their idempotency keys.
	StoredResponses int   `json:"stored_responses"`
	Clock           Clock `json:"clock"`
}

// Worlds are all worlds, sorted by name.
type Worlds struct {
	Worlds []World `json:"worlds"`
}

func worldOf(w *world.World) World {
	counts := w.Store.Counts()
	return World{
		w.Name, w.Requests(), counts.Providers, counts.AuditEntries, counts.Checkpoints, counts.Answers, clockOf(w),
	}
}

func (s *Server) listWorlds(*request) (any, *problem.Problem) {
	list := Worlds{Worlds: []World{}}
	for _, w := range s.Worlds.All() {
		list.Worlds = append(list.Worlds, worldOf(w))
	}
	return list, nil
}

// withNewWorld calls f with the world in the path, which is created if it does not exist.
func (s *Server) withNewWorld(r *request, f func(*world.World) (any, *problem.Problem)) (any, *problem.Problem) {
	w, release, p := s.Worlds.Acquire(r.PathValue("world"))
	if p != nil {
		return nil, p
	}
	defer release()
	return f(w)
}

// restoreWorld replaces the state of the world in the path and returns it.
func (s *Server) restoreWorld(r *request, restore func(*world.World)) (any, *problem.Problem) {
	w, release, p := s.Worlds.AcquireAs(r.PathValue("world"), restore)
	if p != nil {
		return nil, p
	}
	defer release()
	return worldOf(w), nil
}

// withWorld calls f with the world in the path, which must exist: a mistyped name does not
// create a world.
func (s *Server) withWorld(r *request, f func(*world.World) (any, *problem.Problem)) (any, *problem.Problem) {
	name := r.PathValue("world")
	if p := world.CheckName(name); p != nil {
		return nil, p
	}
	w, release, p := s.Worlds.Find(name)
	if p != nil {
		return nil, p
	}
	defer release()
	return f(w)
}

func (s *Server) getWorld(r *request) (any, *problem.Problem) {
	return s.withWorld(r, func(w *world.World) (any, *problem.Problem) { return worldOf(w), nil })
}

func (s *Server) deleteWorld(r *request) (any, *problem.Problem) {
	return nil, s.Worlds.Drop(r.PathValue("world"))
}

func (s *Server) resetWorld(r *request) (any, *problem.Problem) {
	return s.restoreWorld(r, (*world.World).Reset)
}
