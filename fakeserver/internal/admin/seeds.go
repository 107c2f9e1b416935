package admin

import (
	"context"
	"net/http"

	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/seed"
	"example.com/lpgate/fakeserver/internal/world"
)

// YAML is the media type of a seed that people wrote (RFC 9512).
const YAML = "application/yaml"

// seedSchema is that of a seed.
const seedSchema = "FakeSeed"

// ReadSeed reads a seed, YAML or JSON, of a file of that name.
func ReadSeed(ctx context.Context, file string, text []byte) (*seed.Seed, error) {
	return seed.Read(ctx, file, text, schema(seedSchema))
}

func (p *Server) seedWorld(c *call) (any, *problem.Problem) {
	sown, err := ReadSeed(c.Context(), "body", c.body)
	if c.Context().Err() != nil {
		return nil, left()
	} else if err != nil {
		return nil, problem.New(http.StatusBadRequest, "%v", err)
	}
	return p.restoreWorld(c, func(w *world.World) { w.Reseed(sown) })
}
