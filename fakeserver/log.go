package fakeserver

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"example.com/lpgate/fakeserver/internal/exchange"
)

// logRequest logs a request: what the server made of it and, of what the client sent,
// nothing but reason codes of the milestone. A request that is not logged costs a
// comparison.
func logRequest(log *slog.Logger, reasonCodes []string, x *exchange.Exchange) {
	level := slog.LevelDebug
	if x.Label() == exchange.LabelInternal {
		level = slog.LevelError
	}
	ctx := context.Background()
	if !log.Enabled(ctx, level) {
		return
	}
	codes := []string{}
	for _, code := range x.ReasonCodes {
		if slices.Contains(reasonCodes, code) { // a client's own may be among them
			codes = append(codes, code)
		}
	}
	var injected slog.Attr // an empty one is left out
	if x.Fault != "" {
		injected = slog.String("fault", x.Fault)
	}
	log.LogAttrs(ctx, level, "request",
		slog.String("request_id", x.RequestID),
		slog.String("world", x.World),
		slog.String("operation", x.Operation),
		slog.String("outcome", x.Label()),
		slog.Any("reason_codes", codes),
		slog.Int("status", x.Status),
		slog.Duration("took", time.Duration(x.Took)),
		slog.Bool("replayed", x.Replayed), injected)
}
