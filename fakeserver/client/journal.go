package client

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"example.com/lpgate/fakeserver/internal/admin"
)

// Entry is a request to a world and its response.
type Entry = admin.Entry

// Journal is the result of a query.
type Journal = admin.Journal

// Query selects requests. The zero value selects all.
type Query struct {
	Operation  string // the id of an operation, such as partnerLiquidityProvider.onboard
	Outcome    string // such as success or rollout_blocked
	Status     int    // 0: any
	ReasonCode string
	Fault      string // the id of a fault that the request triggered; any: any fault; none: no fault
	Replayed   *bool  // whether the response was replayed for its idempotency key; nil: either
	ProviderID string
	From, To   time.Time // of the world's clock; from is inclusive, to is exclusive; zero: any
	After      string    // a request id: only later responses
	Limit      int       // of the entries; 0 is 100
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

// Journal returns the requests of a query, in the order of their responses.
func (w *World) Journal(ctx context.Context, q Query) (Journal, error) {
	return do[Journal](ctx, w.client, "GET", w.path("/journal?"+q.values().Encode()), nil)
}

// Count returns the number of requests of a query, without a limit.
func (w *World) Count(ctx context.Context, q Query) (int, error) {
	q.Limit = 0
	counted, err := do[admin.JournalCount](ctx, w.client, "GET", w.path("/journal/count?"+q.values().Encode()), nil)
	return counted.Matched, err
}

// Await returns when n requests match. If they do not within the timeout, of at most five
// minutes, it returns a [*Problem].
func (w *World) Await(ctx context.Context, q Query, n int, timeout time.Duration) (Journal, error) {
	values := q.values()
	values.Set("n", strconv.Itoa(n))
	values.Set("timeout", timeout.String())
	return do[Journal](ctx, w.client, "GET", w.path("/journal/wait?"+values.Encode()), nil)
}

// ClearJournal removes all requests from the journal.
func (w *World) ClearJournal(ctx context.Context) error {
	_, err := do[noBody](ctx, w.client, "DELETE", w.path("/journal"), nil)
	return err
}
