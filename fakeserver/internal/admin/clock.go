package admin

import (
	"net/http"
	"time"

	"example.com/lpgate/fakeserver/internal/clock"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/world"
)

// Clock is the setting of a world's clock and its time.
type Clock struct {
	clock.Setting
	Now instant.Instant `json:"now"`
}

// ClockAdvance is a duration to add to a clock.
type ClockAdvance struct {
	By clock.Span `json:"by"`
}

func clockOf(w *world.World) Clock { return Clock{w.Clock.Setting(), instant.Of(w.Clock.Now())} }

func (s *Server) getClock(r *request) (any, *problem.Problem) {
	return s.withWorld(r, func(w *world.World) (any, *problem.Problem) { return clockOf(w), nil })
}

func (s *Server) setClock(r *request) (any, *problem.Problem) {
	setting, p := decode[clock.Setting](r)
	if p != nil {
		return nil, p
	}
	if err := setting.Check(); err != nil { // before the world is created
		return nil, problem.New(http.StatusBadRequest, "The clock: %v.", err)
	}
	return s.withNewWorld(r, func(w *world.World) (any, *problem.Problem) {
		if err := w.Clock.Set(setting); err != nil {
			return nil, problem.New(http.StatusBadRequest, "The clock: %v.", err)
		}
		return clockOf(w), nil
	})
}

func (s *Server) advanceClock(r *request) (any, *problem.Problem) {
	advance, p := decode[ClockAdvance](r)
	if p != nil {
		return nil, p
	}
	return s.withNewWorld(r, func(w *world.World) (any, *problem.Problem) {
		if err := w.Clock.Advance(advance.By); err != nil {
			return nil, problem.New(http.StatusBadRequest, "The clock, moved by %s: %v.", time.Duration(advance.By), err)
		}
		return clockOf(w), nil
	})
}
