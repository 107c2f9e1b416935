package admin

import (
	"example.com/lpgate/fakeserver/internal/fault"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/world"
)

// Faults are those of a world, used up or not, in the order in which they were added.
type Faults struct {
	Faults []fault.State `json:"faults"`
}

func (p *Server) addFault(c *call) (any, *problem.Problem) {
	f, wrong := read[fault.Fault](c)
	if wrong != nil {
		return nil, wrong
	}
	return p.inWorld(c, func(w *world.World) (any, *problem.Problem) { return w.AddFault(f) })
}

func (p *Server) listFaults(c *call) (any, *problem.Problem) {
	return p.ofWorld(c, func(w *world.World) (any, *problem.Problem) { return Faults{w.Faults.All()}, nil })
}

func (p *Server) deleteFault(c *call) (any, *problem.Problem) {
	return p.ofWorld(c, func(w *world.World) (any, *problem.Problem) { return nil, w.Faults.Delete(c.PathValue("fault")) })
}

func (p *Server) clearFaults(c *call) (any, *problem.Problem) {
	return p.ofWorld(c, func(w *world.World) (any, *problem.Problem) {
		w.Faults.Clear()
		return nil, nil
	})
}
