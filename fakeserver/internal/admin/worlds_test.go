package admin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/client"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/testclient"
)

func TestWorldsAreIsolated(t *testing.T) {
	for name, way := range testclient.Starters {
		t.Run(name, func(t *testing.T) {
			f := way(t)
			ctx := context.Background()
			a, b := f.Admin.World("a"), f.Admin.World("b")
			if err := a.Freeze(ctx, time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)); err != nil {
				t.Fatal(err)
			}
			if err := a.Advance(ctx, 36*time.Hour); err != nil {
				t.Fatal(err)
			}
			// The same key, the same id, in each: by header, and by path.
			inA, bodyA := testclient.Onboard(t, f, f.URL, "a", "1")
			inB, _ := testclient.Onboard(t, f, b.URL(), "", "1")
			if id := inA.Header.Get("X-Fake-Request-Id"); id != "a.1" || !strings.Contains(bodyA, `"provider_id":"plp_000001"`) ||
				!strings.Contains(bodyA, `"created_at":"2026-02-24T04:00:00.000Z"`) {
				t.Errorf("in a: got request id %q and %s", id, bodyA)
			}
			if id := inB.Header.Get("X-Fake-Request-Id"); id != "b.1" || inB.Header.Get("Idempotent-Replayed") != "" {
				t.Errorf("in b: got request id %q, replayed %q", id, inB.Header.Get("Idempotent-Replayed"))
			}
			if err := a.Reset(ctx); err != nil {
				t.Fatal(err)
			}
			worlds, err := f.Admin.Worlds(ctx)
			var listed []string
			for _, w := range worlds {
				listed = append(listed, fmt.Sprint(w.Name, " ", w.Requests, " ", w.Providers, " ", w.StoredResponses, " ", w.Clock.Mode))
			}
			if want := "a 1 0 0 real, b 1 1 1 real, default 0 0 0 real"; err != nil || strings.Join(listed, ", ") != want {
				t.Errorf("got %q, %v, want %q", listed, err, want)
			}
			again, body := testclient.Onboard(t, f, f.URL, "a", "1")
			if again.Header.Get("Idempotent-Replayed") != "" || !strings.Contains(body, `"provider_id":"plp_000001"`) {
				t.Errorf("after the reset: replayed %q, %s", again.Header.Get("Idempotent-Replayed"), body)
			}
			if err := b.Delete(ctx); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWorldsAreBounded(t *testing.T) {
	var now = time.Unix(0, 0)
	var mu sync.Mutex
	f := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) {
		o.MaxWorlds, o.WorldIdle = 3, time.Minute
		o.Stopwatch = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	})
	for _, name := range []string{"a", "b"} {
		if answer, body := testclient.Onboard(t, f, f.URL, name, "1"); answer.StatusCode != 200 {
			t.Fatal(body)
		}
	}
	answer, body := testclient.Onboard(t, f, f.URL, "c", "1")
	if answer.StatusCode != 503 || answer.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, "There are 3 worlds, the maximum") {
		t.Errorf("got %d %s", answer.StatusCode, body)
	}
	mu.Lock()
	now = now.Add(2 * time.Minute)
	mu.Unlock()
	testclient.Onboard(t, f, f.URL, "b", "1")
	if answer, body := testclient.Onboard(t, f, f.URL, "c", "1"); answer.StatusCode != 200 {
		t.Errorf("with an idle one: got %d %s", answer.StatusCode, body)
	}
	worlds, _ := f.Admin.Worlds(context.Background())
	if len(worlds) != 3 || worlds[0].Name != "b" || worlds[1].Name != "c" {
		t.Errorf("got %v, want b, c and default", worlds)
	}
}

func TestControlRefuses(t *testing.T) {
	f := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) { o.AdminToken = "sesame" })
	for name, c := range map[string]struct {
		method, path, token, body string
		status                    int
		want                      string
	}{
		"no token":             {"GET", "/_fake/worlds", "", "", 401, "Authorization: Bearer TOKEN"},
		"another token":        {"GET", "/_fake/worlds", "Sesame", "", 401, "Authorization: Bearer TOKEN"},
		"unknown endpoint":     {"GET", "/_fake/wolds", "sesame", "", 404, `"nearest":"/_fake/worlds"`},
		"like what destroys":   {"POST", "/_fake/worlds/a/rest", "sesame", "", 404, `"detail":"There is no endpoint \"/_fake/worlds/a/rest\": GET /_fake lists all of them."}`},
		"like another method":  {"GET", "/_fake/worlds/a/audit", "sesame", "", 404, `"detail":"There is no endpoint \"/_fake/worlds/a/audit\": GET /_fake lists all of them."}`},
		"a member of answer":   {"POST", "/_fake/worlds/a/faults", "sesame", `{"status":503}`, 400, `Did you mean answer.status?","nearest":"answer.status"`},
		"a member of slow":     {"POST", "/_fake/worlds/a/faults", "sesame", `{"slow":{"bytes":1,"pause":"1s"},"pause":"1s"}`, 400, `"nearest":"slow.pause"`},
		"a member of the root": {"POST", "/_fake/worlds/a/faults", "sesame", `{"answer":{"status":503,"nth":2}}`, 400, `Did you mean nth, beside answer?","nearest":"nth"`},
		"a misspelt member":    {"POST", "/_fake/worlds/a/faults", "sesame", `{"opration":"healthz","stale":true}`, 400, `Did you mean operation?","nearest":"operation"`},
		"a misspelt seed":      {"PUT", "/_fake/worlds/a/seed", "sesame", `{"providers":[{"ownr":"a"}]}`, 400, `unknown key \"ownr\" (did you mean \"owner\"?)`},
		"a broken seed":        {"PUT", "/_fake/worlds/a/seed", "sesame", "{", 400, "body:1: not YAML"},
		"another method":       {"PATCH", "/_fake/worlds", "sesame", "", 405, "has the methods GET, not PATCH"},
		"a bad name":           {"GET", "/_fake/worlds/a.b", "sesame", "", 400, "1 to 64 of A-Z a-z 0-9 _ -"},
		"delete the default":   {"DELETE", "/_fake/worlds/default", "sesame", "", 409, "reset it instead"},
		"delete an unknown":    {"DELETE", "/_fake/worlds/defualt", "sesame", "", 404, `"nearest":"default"`},
		"read an unknown":      {"GET", "/_fake/worlds/defualt", "sesame", "", 404, `"nearest":"default"`},
		"an unknown's clock":   {"GET", "/_fake/worlds/defualt/clock", "sesame", "", 404, `"nearest":"default"`},
		"an unknown's faults":  {"GET", "/_fake/worlds/defualt/faults", "sesame", "", 404, `"nearest":"default"`},
		"clear its faults":     {"DELETE", "/_fake/worlds/defualt/faults", "sesame", "", 404, `"nearest":"default"`},
		"delete its fault":     {"DELETE", "/_fake/worlds/defualt/faults/f1", "sesame", "", 404, `"nearest":"default"`},
		"clear its past":       {"DELETE", "/_fake/worlds/defualt/journal", "sesame", "", 404, `"nearest":"default"`},
		"keep an unknown":      {"POST", "/_fake/worlds/defualt/snapshots", "sesame", `{"name":"s"}`, 404, `"nearest":"default"`},
		"an unknown's past":    {"GET", "/_fake/worlds/defualt/journal", "sesame", "", 404, `"nearest":"default"`},
		"an unknown's count":   {"GET", "/_fake/worlds/defualt/journal/count", "sesame", "", 404, `"nearest":"default"`},
		"not JSON":             {"PUT", "/_fake/worlds/a/clock", "sesame", "{", 400, "RFC 7493"},
		"not by its schema":    {"PUT", "/_fake/worlds/a/clock", "sesame", `{"mode":"frosen"}`, 400, `"instance_path":"/mode"`},
		"an incomplete clock":  {"PUT", "/_fake/worlds/a/clock", "sesame", `{"mode":"frozen"}`, 400, "a frozen clock has at"},
		"no amount of time":    {"POST", "/_fake/worlds/a/clock/advance", "sesame", `{"by":"1w"}`, 400, "write 90s, 36h, 180d"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequest(c.method, f.URL+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if c.token != "" {
				r.Header.Set("Authorization", "Bearer "+c.token)
			}
			answer, err := f.HTTP.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, _ := io.ReadAll(answer.Body)
			if answer.StatusCode != c.status || answer.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(string(body), c.want) {
				t.Errorf("got %s %s, want %d and %q", answer.Status, body, c.status, c.want)
			}
		})
	}
	if worlds, err := f.Admin.Worlds(context.Background()); err != nil || len(worlds) != 1 {
		t.Errorf("got %v, %v, want the default one alone: who is refused makes none", worlds, err)
	}
	var wrong *client.Problem
	if err := f.Admin.World("a.b").Reset(context.Background()); !errors.As(err, &wrong) || wrong.Status != 400 {
		t.Errorf("got %v, want a problem with 400", err)
	}
}

// The contract alone has no worlds, and its paths are unknown routes.
func TestContractOnly(t *testing.T) {
	f := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) { o.ContractOnly = true })
	answer, _ := testclient.Onboard(t, f, f.URL, "a", "1")
	if id := answer.Header.Get("X-Fake-Request-Id"); answer.StatusCode != 200 || id != "" {
		t.Errorf("got %s with request id %q", answer.Status, id)
	}
	if !strings.Contains(string(f.State()), "plp_000001") {
		t.Error("the one state does not have the provider")
	}
	for _, path := range []string{"/_fake/worlds", "/worlds/a/healthz"} {
		answer, err := f.HTTP.Get(f.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != 404 || answer.Header.Get("X-Correlation-Id") != "corr_unrouted" {
			t.Errorf("%s: got %s", path, answer.Status)
		}
	}
}
