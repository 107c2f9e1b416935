package admin

import (
	"context"
	"net/http"

	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/seed"
	"example.com/lpgate/fakeserver/internal/world"
)

// seedSchema is the name of the schema of a seed.
const seedSchema = "FakeSeed"

// ReadSeed reads a seed, YAML or JSON. File is the name in its errors.
func ReadSeed(ctx context.Context, file string, text []byte) (*seed.Seed, error) {
	return seed.Read(ctx, file, text, schema(seedSchema))
}

func (s *Server) seedWorld(r *request) (any, *problem.Problem) {
	initial, err := ReadSeed(r.Context(), "body", r.body)
	if r.Context().Err() != nil {
		return nil, clientGone()
	} else if err != nil {
		return nil, problem.New(http.StatusBadRequest, "%v", err)
	}
	return s.restoreWorld(r, func(w *world.World) { w.Reseed(initial) })
}
