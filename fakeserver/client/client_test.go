package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/client"
	"example.com/lpgate/fakeserver/fakeservertest"
)

// Each method reaches its endpoint: a world is set up, read, copied and deleted.
func TestClient(t *testing.T) {
	ctx := context.Background()
	f := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) { o.AdminToken = "sesame" })
	c := client.With(f.HTTP, f.URL+"/", "sesame")
	w := c.World("checkout")
	if w.Name() != "checkout" || w.URL() != f.URL+"/worlds/checkout" {
		t.Errorf("got %s at %s", w.Name(), w.URL())
	}
	check := func(what string, ok bool, err error) {
		t.Helper()
		if err != nil || !ok {
			t.Errorf("%s: %v, %v", what, ok, err)
		}
	}
	state, err := w.Seed(ctx, []byte("providers: [{owner: acme}]"))
	check("Seed", state.Providers == 1, err)
	check("Freeze", true, w.Freeze(ctx, time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)))
	check("Advance", true, w.Advance(ctx, 36*time.Hour))
	clock, err := w.Clock(ctx)
	check("Clock", clock.Now.String() == "2026-02-24T04:00:00.000Z", err)
	fault, err := w.AddFault(ctx, client.Fault{Operation: "healthz", Drop: true})
	check("AddFault", fault.ID == "f1" && fault.Fault.When == client.Before, err)
	faults, err := w.Faults(ctx)
	check("Faults", len(faults) == 1, err)
	check("DeleteFault", true, w.DeleteFault(ctx, "f1"))
	check("ClearFaults", true, w.ClearFaults(ctx))
	response, err := f.HTTP.Get(w.URL() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	found, err := w.Await(ctx, client.Query{Operation: "healthz", Replayed: new(false)}, 1, time.Second)
	check("Await", found.Matched == 1 && found.Entries[0].Status == 200, err)
	count, err := w.Count(ctx, client.Query{Status: 404, Limit: 1})
	check("Count", count == 0, err)
	explanation, err := c.Explain(ctx, found.Entries[0].RequestID)
	check("Explain", explanation.Message == "No rule refused the request.", err)
	check("ClearJournal", true, w.ClearJournal(ctx))
	snapshot, err := w.TakeSnapshot(ctx, "one", false)
	check("TakeSnapshot", snapshot.Providers == 1, err)
	file, err := c.DownloadSnapshot(ctx, "one")
	check("DownloadSnapshot", len(file) > 0, err)
	_, err = c.UploadSnapshot(ctx, "two", file)
	check("UploadSnapshot", true, err)
	check("DeleteSnapshot", true, c.DeleteSnapshot(ctx, "one"))
	snapshots, err := c.Snapshots(ctx)
	check("Snapshots", len(snapshots) == 1 && snapshots[0].Name == "two", err)
	check("Restore", true, c.World("fork").Restore(ctx, "two"))
	worlds, err := c.Worlds(ctx)
	check("Worlds", len(worlds) == 3 && worlds[2].Name == "fork", err)
	check("Reset", true, w.Reset(ctx))
	check("Delete", true, w.Delete(ctx))
}

// A refusal is a Problem. Any other response names the endpoint.
func TestClientErrors(t *testing.T) {
	ctx := context.Background()
	f := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) { o.AdminToken = "sesame" })
	var p *client.Problem
	if _, err := client.With(f.HTTP, f.URL, "").Worlds(ctx); !errors.As(err, &p) || p.Status != http.StatusUnauthorized {
		t.Errorf("without the token: got %v", err)
	}
	if _, err := f.Admin.World("a b/c").State(ctx); !errors.As(err, &p) || p.Status != http.StatusBadRequest {
		t.Errorf("a name that is escaped in the path: got %v", err)
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	if _, err := client.New(other.URL, "").Worlds(ctx); err == nil || !strings.Contains(err.Error(), "GET /_fake/worlds of the fake server: not a fake server") {
		t.Errorf("another server: got %v", err)
	}
}
