package steps

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	messages "github.com/cucumber/messages/go/v21"

	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
)

// instant answers without a network.
type instant struct{}

func (instant) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		io.Copy(io.Discard, r.Body)
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(`{"provider":{"provider_id":"plp_000001"}}`))}, nil
}

// BenchmarkCall is what a call costs beside the network and the target: a run makes thousands.
func BenchmarkCall(b *testing.B) {
	cfg := &Config{
		Milestone: milestones.M109(), Fixtures: fixtures.FS, Client: &http.Client{Transport: instant{}},
		Target: func(context.Context, []string) (string, error) { return "http://target", nil },
	}
	ctx, err := Begin(context.Background(), cfg, &messages.Pickle{Name: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	for _, operation := range []string{onboard, get} {
		b.Run(operation, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := callOperation(ctx, operation); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
