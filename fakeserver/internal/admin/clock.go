package admin

import (
	"net/http"
	"time"

	"example.com/lpgate/fakeserver/internal/clock"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/world"
)

// Clock is how a world's clock goes, and what it says.
type Clock struct {
	clock.Setting
	Now instant.Instant `json:"now"`
}

// ClockAdvance says by how much a clock is moved on.
type ClockAdvance struct {
	By clock.Span `json:"by"`
}

func clockOf(w *world.World) Clock { return Clock{w.Clock.Setting(), instant.Of(w.Clock.Now())} }

func (p *Server) getClock(c *call) (any, *problem.Problem) {
	return p.ofWorld(c, func(w *world.World) (any, *problem.Problem) { return clockOf(w), nil })
}

func (p *Server) setClock(c *call) (any, *problem.Problem) {
	setting, wrong := read[clock.Setting](c)
	if wrong != nil {
		return nil, wrong
	}
	if err := setting.Check(); err != nil { // before the world is made
		return nil, problem.New(http.StatusBadRequest, "The clock: %v.", err)
	}
	return p.inWorld(c, func(w *world.World) (any, *problem.Problem) {
		if err := w.Clock.Set(setting); err != nil {
			return nil, problem.New(http.StatusBadRequest, "The clock: %v.", err)
		}
		return clockOf(w), nil
	})
}

func (p *Server) advanceClock(c *call) (any, *problem.Problem) {
	advance, wrong := read[ClockAdvance](c)
	if wrong != nil {
		return nil, wrong
	}
	return p.inWorld(c, func(w *world.World) (any, *problem.Problem) {
		if err := w.Clock.Advance(advance.By); err != nil {
			return nil, problem.New(http.StatusBadRequest, "The clock, moved by %s: %v.", time.Duration(advance.By), err)
		}
		return clockOf(w), nil
	})
}
