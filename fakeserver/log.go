package fakeserver

import (
	"context"
	"log/slog"
	"slices"

	"example.com/lpgate/fakeserver/internal/world"
)

// logRequest tells of a request what the server made of it, and of what the client
// sent nothing but the codes of the milestone that came of it. What is not logged
// costs a comparison.
func logRequest(log *slog.Logger, floor []string, seen *world.Event) {
	x := seen.Exchange
	level, outcome := slog.LevelDebug, "internal"
	switch {
	case x.Outcome != nil:
		outcome = x.Outcome.Name
	case x.Answer.Full():
		outcome = "full" // which its client is told, and may try again and again
	case seen.Fault != "":
		outcome = "fault"
	default:
		level = slog.LevelError
	}
	ctx := context.Background()
	if !log.Enabled(ctx, level) {
		return
	}
	codes := []string{}
	for _, code := range x.Answer.Reasons() {
		if slices.Contains(floor, code) { // a client's own may stand among them
			codes = append(codes, code)
		}
	}
	var met slog.Attr // an empty one is left out
	if seen.Fault != "" {
		met = slog.String("fault", seen.Fault)
	}
	log.LogAttrs(ctx, level, "request",
		slog.String("request_id", seen.RequestID),
		slog.String("world", seen.World.Name),
		slog.String("operation", x.Operation.ID),
		slog.String("outcome", outcome),
		slog.Any("reason_codes", codes),
		slog.Int("status", x.Answer.Status),
		slog.Duration("took", seen.Took),
		slog.Bool("replayed", x.Answer.Replayed), met)
}
