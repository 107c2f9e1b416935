package admin

import (
	"example.com/lpgate/fakeserver/internal/fault"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/world"
)

// Faults are the faults of a world, exhausted ones included, in the order in which they
// were added.
type Faults struct {
	Faults []fault.State `json:"faults"`
}

func (s *Server) addFault(r *request) (any, *problem.Problem) {
	f, p := decode[fault.Fault](r)
	if p != nil {
		return nil, p
	}
	return s.withNewWorld(r, func(w *world.World) (any, *problem.Problem) { return w.AddFault(f) })
}

func (s *Server) listFaults(r *request) (any, *problem.Problem) {
	return s.withWorld(r, func(w *world.World) (any, *problem.Problem) { return Faults{w.Faults.All()}, nil })
}

func (s *Server) deleteFault(r *request) (any, *problem.Problem) {
	return s.withWorld(r, func(w *world.World) (any, *problem.Problem) { return nil, w.Faults.Delete(r.PathValue("fault")) })
}

func (s *Server) clearFaults(r *request) (any, *problem.Problem) {
	return s.withWorld(r, func(w *world.World) (any, *problem.Problem) {
		w.Faults.Clear()
		return nil, nil
	})
}
