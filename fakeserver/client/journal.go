package client

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"example.com/lpgate/fakeserver/internal/admin"
)

// Entry is a request to a world, and its answer.
type Entry = admin.Entry

// Journal is what a query of a world's journal found.
type Journal = admin.Journal

// Query says which requests are meant. The zero value means all of them.
type Query struct {
	Operation  string // the id of an operation, such as partnerLiquidityProvider.onboard
	Outcome    string // such as success or rollout_blocked
	Status     int    // 0: any
	ReasonCode string
	Fault      string // the id of a fault that the request met; any: whichever; none: it met none
	Replayed   *bool  // whether the answer was given again for its idempotency key; nil: either
	ProviderID string
	From, To   time.Time // by the world's clock; from inclusive, to exclusive; zero: any
	After      string    // a request id: only what was answered later
	Limit      int       // how many are shown; 0 is 100
}

func (q Query) values() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{
		"operation": q.Operation, "outcome": q.Outcome, "reason_code": q.ReasonCode, "fault": q.Fault, "provider_id": q.ProviderID, "after": q.After,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if q.Replayed != nil {
		values.Set("replayed", strconv.FormatBool(*q.Replayed))
	}
	for name, value := range map[string]int{"status": q.Status, "limit": q.Limit} {
		if value != 0 {
			values.Set(name, strconv.Itoa(value))
		}
	}
	for name, value := range map[string]time.Time{"from": q.From, "to": q.To} {
		if !value.IsZero() {
			values.Set(name, value.Format(time.RFC3339Nano))
		}
	}
	return values
}

// Journal gives the requests that a query means, in the order of their answers.
func (w *World) Journal(ctx context.Context, q Query) (Journal, error) {
	return do[Journal](ctx, w.client, "GET", w.path("/journal?"+q.values().Encode()), nil)
}

// Count counts them, without a limit.
func (w *World) Count(ctx context.Context, q Query) (int, error) {
	q.Limit = 0
	counted, err := do[admin.JournalCount](ctx, w.client, "GET", w.path("/journal/count?"+q.values().Encode()), nil)
	return counted.Matched, err
}

// Await returns once n requests match. It gives a [*Problem] when they do not within
// the timeout, of five minutes at most.
func (w *World) Await(ctx context.Context, q Query, n int, timeout time.Duration) (Journal, error) {
	values := q.values()
	values.Set("n", strconv.Itoa(n))
	values.Set("timeout", timeout.String())
	return do[Journal](ctx, w.client, "GET", w.path("/journal/wait?"+values.Encode()), nil)
}

// ClearJournal forgets the requests so far.
func (w *World) ClearJournal(ctx context.Context) error {
	_, err := do[none](ctx, w.client, "DELETE", w.path("/journal"), nil)
	return err
}
