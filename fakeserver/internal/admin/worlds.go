package admin

import (
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/world"
)

// World is what is told of a world.
type World struct {
	Name string `json:"name"`
	// Requests is how many came, those before a reset included.
	Requests uint64 `json:"requests"`
	// Providers, AuditEntries, Checkpoints and Answers are how many of each it holds;
	// answers are those kept for idempotency.
	Providers    int   `json:"providers"`
	AuditEntries int   `json:"audit_entries"`
	Checkpoints  int   `json:"checkpoints"`
	Answers      int   `json:"answers"`
	Clock        Clock `json:"clock"`
}

// Worlds are all worlds, by name.
type Worlds struct {
	Worlds []World `json:"worlds"`
}

func worldOf(w *world.World) World {
	counts := w.Store.Counts()
	return World{
		w.Name, w.Requests(), counts.Providers, counts.AuditEntries, counts.Checkpoints, counts.Answers, clockOf(w),
	}
}

func (p *Server) listWorlds(*call) (any, *problem.Problem) {
	list := Worlds{Worlds: []World{}}
	for _, w := range p.Worlds.All() {
		list.Worlds = append(list.Worlds, worldOf(w))
	}
	return list, nil
}

// inWorld calls f with the world that the path names, made when there is none.
func (p *Server) inWorld(c *call, f func(*world.World) (any, *problem.Problem)) (any, *problem.Problem) {
	w, leave, wrong := p.Worlds.Acquire(c.PathValue("world"))
	if wrong != nil {
		return nil, wrong
	}
	defer leave()
	return f(w)
}

// restoreWorld makes the world that the path names another one, and shows it.
func (p *Server) restoreWorld(c *call, become func(*world.World)) (any, *problem.Problem) {
	w, leave, wrong := p.Worlds.AcquireAs(c.PathValue("world"), become)
	if wrong != nil {
		return nil, wrong
	}
	defer leave()
	return worldOf(w), nil
}

// ofWorld calls f with the world that the path names, to read of it: a name that was
// mistyped makes no world.
func (p *Server) ofWorld(c *call, f func(*world.World) (any, *problem.Problem)) (any, *problem.Problem) {
	name := c.PathValue("world")
	if wrong := world.CheckName(name); wrong != nil {
		return nil, wrong
	}
	w, leave, wrong := p.Worlds.Find(name)
	if wrong != nil {
		return nil, wrong
	}
	defer leave()
	return f(w)
}

func (p *Server) getWorld(c *call) (any, *problem.Problem) {
	return p.ofWorld(c, func(w *world.World) (any, *problem.Problem) { return worldOf(w), nil })
}

func (p *Server) deleteWorld(c *call) (any, *problem.Problem) {
	return nil, p.Worlds.Drop(c.PathValue("world"))
}

func (p *Server) resetWorld(c *call) (any, *problem.Problem) {
	return p.restoreWorld(c, (*world.World).Reset)
}
