// Package client arranges a fake server from a Go program, over its admin API:
//
//	fake := client.New("http://127.0.0.1:8109", "")
//	checkout := fake.World("checkout")
//	err := checkout.Freeze(ctx, time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC))
//
// Requests reach that world by its URL, [World.URL], or with the header
// X-Fake-World. In a Go test fakeservertest.Start gives a client of the server that it
// started, with a listener or without.
//
// Every method gives the server's [*Problem] when the server refuses.
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

// When a fault happens.
const (
	Before = fault.Before
	After  = fault.After
)

// What the admin API takes and gives. Its schemas describe each member.
type (
	// Problem is why the server did not do what it was asked (RFC 9457).
	Problem = problem.Problem
	// State is what a world holds.
	State = admin.World
	// Clock is how a world's clock goes, and what it says.
	Clock = admin.Clock
	// ClockSetting is how a world's clock shall go.
	ClockSetting = clock.Setting
	// Explanation is why a request was answered as it was.
	Explanation = admin.Explanation
	// Span is an amount of time.
	Span = clock.Span
	// Fault is something that goes wrong; FaultAnswer and FaultSlow are parts of one.
	Fault       = fault.Fault
	FaultAnswer = fault.Answer
	FaultSlow   = fault.Slow
	// Snapshot is what a snapshot holds.
	Snapshot = admin.Snapshot
	// FaultState is a fault, and what became of it so far.
	FaultState = fault.State
)

// Client calls the admin API of one server. It is safe for concurrent use.
type Client struct {
	url, token string
	http       *http.Client
}

// New gives a client of the server at a base URL. The token is "" where the server
// asks for none.
func New(url, token string) *Client { return With(http.DefaultClient, url, token) }

// With is like New, with an HTTP client of one's own.
func With(c *http.Client, url, token string) *Client {
	return &Client{strings.TrimSuffix(url, "/"), token, c}
}

// Worlds lists the worlds by name.
func (c *Client) Worlds(ctx context.Context) ([]State, error) {
	list, err := do[admin.Worlds](ctx, c, "GET", "/worlds", nil)
	return list.Worlds, err
}

// Explain tells why a request was answered as it was. Its id is what the answer's
// X-Fake-Request-Id says.
func (c *Client) Explain(ctx context.Context, requestID string) (Explanation, error) {
	return do[Explanation](ctx, c, "GET", "/explain/"+url.PathEscape(requestID), nil)
}

// World gives the world of a name. It is made when it is first used.
func (c *Client) World(name string) *World { return &World{c, name} }

// World is one world of a server.
type World struct {
	client *Client
	name   string
}

// URL is the base URL of the contract in this world, for clients that cannot set
// headers.
func (w *World) URL() string { return w.client.url + "/worlds/" + url.PathEscape(w.name) }

// Name is what the header X-Fake-World calls the world.
func (w *World) Name() string { return w.name }

func (w *World) path(rest string) string { return "/worlds/" + url.PathEscape(w.name) + rest }

// State tells what the world holds.
func (w *World) State(ctx context.Context) (State, error) {
	return do[State](ctx, w.client, "GET", w.path(""), nil)
}

// Reset makes the world what it was when it began.
func (w *World) Reset(ctx context.Context) error {
	_, err := do[State](ctx, w.client, "POST", w.path("/reset"), nil)
	return err
}

// Seed gives the world a seed of its own, YAML or JSON, and makes it begin again from
// that.
func (w *World) Seed(ctx context.Context, seed []byte) (State, error) {
	return do[State](ctx, w.client, "PUT", w.path("/seed"), yaml(seed))
}

// Delete forgets the world.
func (w *World) Delete(ctx context.Context) error {
	_, err := do[none](ctx, w.client, "DELETE", w.path(""), nil)
	return err
}

// Clock tells how the world's clock goes.
func (w *World) Clock(ctx context.Context) (Clock, error) {
	return do[Clock](ctx, w.client, "GET", w.path("/clock"), nil)
}

// SetClock makes the world's clock go otherwise.
func (w *World) SetClock(ctx context.Context, setting ClockSetting) (Clock, error) {
	return do[Clock](ctx, w.client, "PUT", w.path("/clock"), setting)
}

// Freeze makes the world's clock stand still, at a time cut to the millisecond.
func (w *World) Freeze(ctx context.Context, at time.Time) error {
	stand := instant.Of(at)
	_, err := w.SetClock(ctx, ClockSetting{Mode: clock.Frozen, At: &stand})
	return err
}

// Advance moves the world's clock on, or with a negative amount back.
func (w *World) Advance(ctx context.Context, by time.Duration) error {
	_, err := do[Clock](ctx, w.client, "POST", w.path("/clock/advance"), admin.ClockAdvance{By: clock.Span(by)})
	return err
}

// AddFault lets something go wrong in the world, and gives the fault with its id.
func (w *World) AddFault(ctx context.Context, f Fault) (FaultState, error) {
	return do[FaultState](ctx, w.client, "POST", w.path("/faults"), f)
}

// Faults lists the faults, used up or not, in the order in which they were added.
func (w *World) Faults(ctx context.Context) ([]FaultState, error) {
	list, err := do[admin.Faults](ctx, w.client, "GET", w.path("/faults"), nil)
	return list.Faults, err
}

// DeleteFault takes a fault away.
func (w *World) DeleteFault(ctx context.Context, id string) error {
	_, err := do[none](ctx, w.client, "DELETE", w.path("/faults/"+url.PathEscape(id)), nil)
	return err
}

// ClearFaults takes all faults away.
func (w *World) ClearFaults(ctx context.Context) error {
	_, err := do[none](ctx, w.client, "DELETE", w.path("/faults"), nil)
	return err
}

// TakeSnapshot keeps what the world is, under a name that is the server's. With
// replace it may take the place of another one.
func (w *World) TakeSnapshot(ctx context.Context, name string, replace bool) (Snapshot, error) {
	return do[Snapshot](ctx, w.client, "POST", w.path("/snapshots"), admin.SnapshotTake{Name: name, Replace: replace})
}

// Restore makes the world what it, or another one, was in a snapshot.
func (w *World) Restore(ctx context.Context, snapshot string) error {
	_, err := do[State](ctx, w.client, "POST", w.path("/restore"), admin.SnapshotRestore{Snapshot: snapshot})
	return err
}

// Snapshots lists the snapshots by name.
func (c *Client) Snapshots(ctx context.Context) ([]Snapshot, error) {
	list, err := do[admin.Snapshots](ctx, c, "GET", "/snapshots", nil)
	return list.Snapshots, err
}

func snapshotPath(name string) string { return "/snapshots/" + url.PathEscape(name) }

// DownloadSnapshot gives a snapshot as a file.
func (c *Client) DownloadSnapshot(ctx context.Context, name string) ([]byte, error) {
	file, err := do[jsontext.Value](ctx, c, "GET", snapshotPath(name), nil)
	return file, err
}

// UploadSnapshot keeps a snapshot from a file, in the place of one of that name.
func (c *Client) UploadSnapshot(ctx context.Context, name string, file []byte) (Snapshot, error) {
	return do[Snapshot](ctx, c, "PUT", snapshotPath(name), jsontext.Value(file))
}

// DeleteSnapshot forgets a snapshot.
func (c *Client) DeleteSnapshot(ctx context.Context, name string) error {
	_, err := do[none](ctx, c, "DELETE", snapshotPath(name), nil)
	return err
}

// none is an answer without a body.
type none struct{}

// do calls an endpoint.
func do[T any](ctx context.Context, c *Client, method, path string, body any) (answer T, err error) {
	text, err := send(ctx, c, method, path, body)
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil && !errors.As(err, new(*Problem)) {
		err = fmt.Errorf("%s %s%s of the fake server: %w", method, admin.Prefix, path, err)
	}
	return answer, err
}

// yaml is a body that is sent as it is.
type yaml []byte

// send sends a request to an endpoint and gives the body of a success.
func send(ctx context.Context, c *Client, method, path string, body any) ([]byte, error) {
	var sent io.Reader
	mediaType := "application/json"
	if text, ok := body.(yaml); ok {
		sent, mediaType = bytes.NewReader(text), admin.YAML
	} else if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.url+admin.Prefix+path, sent)
	if err != nil {
		return nil, err
	}
	if sent != nil {
		r.Header.Set("Content-Type", mediaType)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode < 300 {
		return text, nil
	}
	wrong := new(Problem)
	if answer.Header.Get("Content-Type") != problem.ContentType || json.Unmarshal(text, wrong) != nil {
		return nil, fmt.Errorf("it is no fake server, or has no admin API: it answered %s", answer.Status)
	}
	return nil, wrong
}
