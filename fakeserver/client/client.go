// Package client calls the admin API of a fake server:
//
//	fake := client.New("http://127.0.0.1:8109", "")
//	checkout := fake.World("checkout")
//	err := checkout.Freeze(ctx, time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC))
//
// Requests reach that world at its URL, [World.URL], or with the header X-Fake-World. In a Go test fakeservertest.Start gives a client of the server that it
// started, with a listener or without.
//
// A refusal of the server is returned as a [*Problem].
package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/fakeserver/internal/admin"
	"example.com/lpgate/fakeserver/internal/clock"
	"example.com/lpgate/fakeserver/internal/fault"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/problem"
)

// Values of When of a fault.
const (
	Before = fault.Before
	After  = fault.After
)

// Requests and responses of the admin API. Its schemas describe each member.
type (
	// Problem is the reason of a refusal (RFC 9457).
	Problem = problem.Problem
	// State is the state of a world in numbers.
	State = admin.World
	// Clock is the setting of a world's clock and its time.
	Clock = admin.Clock
	// ClockSetting is the setting of a world's clock.
	ClockSetting = clock.Setting
	// Explanation is the reason for the response to a request.
	Explanation = admin.Explanation
	// Span is a duration.
	Span = clock.Span
	// Fault is a fault to inject; FaultAnswer and FaultSlow are parts of it.
	Fault       = fault.Fault
	FaultAnswer = fault.Answer
	FaultSlow   = fault.Slow
	// Snapshot is a snapshot in numbers.
	Snapshot = admin.Snapshot
	// FaultState is a fault and its counters.
	FaultState = fault.State
)

// Client calls the admin API of one server. It is safe for concurrent use.
type Client struct {
	url, token string
	http       *http.Client
}

// New returns a client of the server at a base URL. The token is "" if the server
// requires none.
func New(url, token string) *Client { return With(http.DefaultClient, url, token) }

// With is [New] with an HTTP client.
func With(c *http.Client, url, token string) *Client {
	return &Client{strings.TrimSuffix(url, "/"), token, c}
}

// Worlds returns the worlds, sorted by name.
func (c *Client) Worlds(ctx context.Context) ([]State, error) {
	list, err := do[admin.Worlds](ctx, c, "GET", "/worlds", nil)
	return list.Worlds, err
}

// Explain explains the response to a request. The id is the X-Fake-Request-Id of the
// response.
func (c *Client) Explain(ctx context.Context, requestID string) (Explanation, error) {
	return do[Explanation](ctx, c, "GET", "/explain/"+url.PathEscape(requestID), nil)
}

// World returns the world of a name. The server creates it when it is first used.
func (c *Client) World(name string) *World { return &World{c, name} }

// World is one world of a server.
type World struct {
	client *Client
	name   string
}

// URL returns the base URL of the contract in this world, for clients that cannot set
// header fields.
func (w *World) URL() string { return w.client.url + "/worlds/" + url.PathEscape(w.name) }

// Name returns the value of the header X-Fake-World for this world.
func (w *World) Name() string { return w.name }

func (w *World) path(rest string) string { return "/worlds/" + url.PathEscape(w.name) + rest }

// State returns the state of the world in numbers.
func (w *World) State(ctx context.Context) (State, error) {
	return do[State](ctx, w.client, "GET", w.path(""), nil)
}

// Reset resets the world to its seed.
func (w *World) Reset(ctx context.Context) error {
	_, err := do[State](ctx, w.client, "POST", w.path("/reset"), nil)
	return err
}

// Seed replaces the seed of the world, YAML or JSON, and resets the world.
func (w *World) Seed(ctx context.Context, seed []byte) (State, error) {
	return do[State](ctx, w.client, "PUT", w.path("/seed"), yaml(seed))
}

// Delete deletes the world.
func (w *World) Delete(ctx context.Context) error {
	_, err := do[noBody](ctx, w.client, "DELETE", w.path(""), nil)
	return err
}

// Clock returns the world's clock.
func (w *World) Clock(ctx context.Context) (Clock, error) {
	return do[Clock](ctx, w.client, "GET", w.path("/clock"), nil)
}

// SetClock sets the world's clock.
func (w *World) SetClock(ctx context.Context, setting ClockSetting) (Clock, error) {
	return do[Clock](ctx, w.client, "PUT", w.path("/clock"), setting)
}

// Freeze stops the world's clock at a time, which is cut to the millisecond.
func (w *World) Freeze(ctx context.Context, at time.Time) error {
	frozen := instant.Of(at)
	_, err := w.SetClock(ctx, ClockSetting{Mode: clock.Frozen, At: &frozen})
	return err
}

// Advance adds a duration to the world's clock. A negative one moves it back.
func (w *World) Advance(ctx context.Context, by time.Duration) error {
	_, err := do[Clock](ctx, w.client, "POST", w.path("/clock/advance"), admin.ClockAdvance{By: clock.Span(by)})
	return err
}

// AddFault adds a fault and returns it with its id.
func (w *World) AddFault(ctx context.Context, f Fault) (FaultState, error) {
	return do[FaultState](ctx, w.client, "POST", w.path("/faults"), f)
}

// Faults returns the faults, exhausted ones included, in the order in which they were
// added.
func (w *World) Faults(ctx context.Context) ([]FaultState, error) {
	list, err := do[admin.Faults](ctx, w.client, "GET", w.path("/faults"), nil)
	return list.Faults, err
}

// DeleteFault removes a fault.
func (w *World) DeleteFault(ctx context.Context, id string) error {
	_, err := do[noBody](ctx, w.client, "DELETE", w.path("/faults/"+url.PathEscape(id)), nil)
	return err
}

// ClearFaults removes all faults.
func (w *World) ClearFaults(ctx context.Context) error {
	_, err := do[noBody](ctx, w.client, "DELETE", w.path("/faults"), nil)
	return err
}

// TakeSnapshot creates a snapshot of the world. Its name is unique on the server; with
// replace an existing snapshot of that name is replaced.
func (w *World) TakeSnapshot(ctx context.Context, name string, replace bool) (Snapshot, error) {
	return do[Snapshot](ctx, w.client, "POST", w.path("/snapshots"), admin.SnapshotTake{Name: name, Replace: replace})
}

// Restore restores the world from a snapshot of any world.
func (w *World) Restore(ctx context.Context, snapshot string) error {
	_, err := do[State](ctx, w.client, "POST", w.path("/restore"), admin.SnapshotRestore{Snapshot: snapshot})
	return err
}

// Snapshots returns the snapshots, sorted by name.
func (c *Client) Snapshots(ctx context.Context) ([]Snapshot, error) {
	list, err := do[admin.Snapshots](ctx, c, "GET", "/snapshots", nil)
	return list.Snapshots, err
}

func snapshotPath(name string) string { return "/snapshots/" + url.PathEscape(name) }

// DownloadSnapshot returns a snapshot as a file.
func (c *Client) DownloadSnapshot(ctx context.Context, name string) ([]byte, error) {
	file, err := do[jsontext.Value](ctx, c, "GET", snapshotPath(name), nil)
	return file, err
}

// UploadSnapshot creates or replaces a snapshot from a file.
func (c *Client) UploadSnapshot(ctx context.Context, name string, file []byte) (Snapshot, error) {
	return do[Snapshot](ctx, c, "PUT", snapshotPath(name), jsontext.Value(file))
}

// DeleteSnapshot deletes a snapshot.
func (c *Client) DeleteSnapshot(ctx context.Context, name string) error {
	_, err := do[noBody](ctx, c, "DELETE", snapshotPath(name), nil)
	return err
}

// noBody is a response without a body.
type noBody struct{}

// do calls an endpoint and decodes the response.
func do[T any](ctx context.Context, c *Client, method, path string, body any) (response T, err error) {
	text, err := send(ctx, c, method, path, body)
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, &response)
	}
	if err != nil && !errors.As(err, new(*Problem)) {
		err = fmt.Errorf("%s %s%s of the fake server: %w", method, admin.Prefix, path, err)
	}
	return response, err
}

// yaml is a request body in YAML.
type yaml []byte

// send sends a request to an endpoint and returns the response body of a success.
func send(ctx context.Context, c *Client, method, path string, body any) ([]byte, error) {
	var content io.Reader
	mediaType := "application/json"
	if text, ok := body.(yaml); ok {
		content, mediaType = bytes.NewReader(text), admin.YAML
	} else if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.url+admin.Prefix+path, content)
	if err != nil {
		return nil, err
	}
	if content != nil {
		r.Header.Set("Content-Type", mediaType)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode < 300 {
		return text, nil
	}
	refusal := new(Problem)
	if response.Header.Get("Content-Type") != problem.ContentType || json.Unmarshal(text, refusal) != nil {
		return nil, fmt.Errorf("not a fake server, or its admin API is off: the response is %s", response.Status)
	}
	return nil, refusal
}
