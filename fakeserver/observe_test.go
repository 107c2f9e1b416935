package fakeserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/testclient"
)

// bounded lets there be so many records.
func bounded(records int) func(*fakeserver.Options) {
	return func(o *fakeserver.Options) { o.MaxRecords = records }
}

// getAsAmber sends a GET as amber and returns the answer and its body.
func getAsAmber(t *testing.T, f *fakeservertest.Running, path, world string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest("GET", f.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"X-Partner-Key": {"amber"}, "X-Auth-Scopes": {"settlement:read"}}
	if world != "" {
		r.Header.Set("X-Fake-World", world)
	}
	return testclient.Send(t, f, r)
}

func TestRecordsAreBounded(t *testing.T) {
	const page = "/partner-liquidity-providers/plp_000001/rollout/export"
	ctx := context.Background()
	f := fakeservertest.StartInMemory(t, bounded(5))
	for _, world := range []string{"a", "b"} {
		if answer, body := testclient.Onboard(t, f, f.URL, world, "1"); answer.StatusCode != 200 {
			t.Fatal(body)
		}
	}
	full := func(what string, answer *http.Response, body string) {
		t.Helper()
		if answer.StatusCode != 507 || answer.Header.Get("Content-Type") != "application/problem+json" ||
			!strings.Contains(body, "may have 5 records") || !strings.Contains(body, "--max-records") {
			t.Errorf("%s: got %s %s", what, answer.Status, body)
		}
	}
	answer, body := testclient.Onboard(t, f, f.URL, "a", "2")
	full("a POST", answer, body)
	if answer, body := testclient.Onboard(t, f, f.URL, "a", "1"); answer.StatusCode != 200 || answer.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("a replay: got %s %s", answer.Status, body)
	}
	if answer, body := getAsAmber(t, f, page, "a"); answer.StatusCode != 200 {
		t.Errorf("an export that takes the last: got %s %s", answer.Status, body)
	}
	answer, body = getAsAmber(t, f, page, "b")
	full("an export", answer, body)
	state, err := f.Admin.World("a").State(ctx)
	if err != nil || state.Providers != 1 || state.AuditEntries != 1 || state.StoredResponses != 1 || state.Checkpoints != 1 {
		t.Errorf("a holds %+v, %v", state, err)
	}
	if err := f.Admin.World("b").Delete(ctx); err != nil {
		t.Fatal(err)
	}
	if answer, body := testclient.Onboard(t, f, f.URL, "a", "2"); answer.StatusCode != 200 || !strings.Contains(body, "plp_000002") {
		t.Errorf("with b gone: got %s %s", answer.Status, body)
	}
	if err := f.Admin.World("a").Reset(ctx); err != nil {
		t.Fatal(err)
	}
	testclient.Onboard(t, f, f.URL, "c", "1")
	if answer, body := testclient.Onboard(t, f, f.URL, "c", "2"); answer.StatusCode != 200 {
		t.Errorf("with a reset: got %s %s", answer.Status, body)
	}
	if _, metrics := getAsAmber(t, f, "/metrics", ""); !strings.Contains(metrics, "\nfake_records 4\n") || !strings.Contains(metrics, "\nfake_records_limit 5\n") {
		t.Errorf("the metrics have other records: %s", metrics)
	}
}

// A request that exceeds the budget deletes idle worlds first.
func TestFullServersDropIdleWorlds(t *testing.T) {
	var now time.Time
	var mu sync.Mutex
	f := fakeservertest.StartInMemory(t, bounded(4), func(o *fakeserver.Options) {
		o.WorldIdle = time.Minute
		o.Stopwatch = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	})
	testclient.Onboard(t, f, f.URL, "a", "1")
	testclient.Onboard(t, f, f.URL, "", "1")
	for _, step := range []struct {
		after time.Duration
		want  []int
	}{{time.Minute, []int{507, 507}}, {time.Millisecond, []int{507, 200}}} {
		mu.Lock()
		now = now.Add(step.after)
		mu.Unlock()
		for i, want := range step.want {
			if answer, body := testclient.Onboard(t, f, f.URL, "", fmt.Sprint(step.after, i)); answer.StatusCode != want {
				t.Errorf("after another %s, request %d: got %s %s", step.after, i, answer.Status, body)
			}
		}
	}
}

func TestIdempotencyRetention(t *testing.T) {
	ctx := context.Background()
	f := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) { o.IdempotencyRetention = time.Minute })
	w := f.Admin.World("a")
	if err := w.Freeze(ctx, time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	testclient.Onboard(t, f, f.URL, "a", "1")
	for _, step := range []struct{ after, replayed string }{{"1m", "true"}, {"1ms", ""}} {
		by, err := time.ParseDuration(step.after)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Advance(ctx, by); err != nil {
			t.Fatal(err)
		}
		if answer, _ := testclient.Onboard(t, f, f.URL, "a", "1"); answer.Header.Get("Idempotent-Replayed") != step.replayed {
			t.Errorf("after another %s: replayed %q, want %q", step.after, answer.Header.Get("Idempotent-Replayed"), step.replayed)
		}
	}
	for _, o := range []fakeserver.Options{{MaxRecords: -1}, {IdempotencyRetention: -1}} {
		if _, err := fakeserver.New(o); err == nil {
			t.Errorf("%+v: got no error", o)
		}
	}
}

func TestMetrics(t *testing.T) {
	f := fakeservertest.StartInMemory(t)
	testclient.Onboard(t, f, f.URL, "a", "1")
	testclient.Onboard(t, f, f.URL, "b", "1")
	testclient.Onboard(t, f, f.URL, "b", "1")
	getAsAmber(t, f, "/partner-liquidity-providers/plp_000001/rollout/export", "a")
	getAsAmber(t, f, "/partner-liquidity-providers/nobody", "a")
	getAsAmber(t, f, "/nowhere/"+strings.Repeat("x", 99), "")
	_, got := getAsAmber(t, f, "/metrics", "")
	for _, want := range []string{
		`fake_requests_total{operation="partnerLiquidityProvider.onboard",outcome="success"} 3`,
		`fake_requests_total{operation="partnerLiquidityProvider.get",outcome="provider_not_found"} 1`,
		`fake_reason_codes_total{operation="partnerLiquidityProvider.get",outcome="provider_not_found",reason_code="partner_liquidity_provider_not_found"} 1`,
		`fake_requests_total{operation="unrouted",outcome="route_not_found"} 1`,
		`fake_request_duration_seconds_count{operation="partnerLiquidityProvider.onboard"} 3`,
		`fake_replays_total{operation="partnerLiquidityProvider.onboard"} 1`,
		"fake_worlds 3", "fake_providers 2", "fake_audit_entries 2", "fake_kept_answers 2", "fake_checkpoints 1",
		"fake_records 5", "fake_records_limit 4e+06",
	} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(got, "xxx") {
		t.Error("a path became a label")
	}
	problems, err := promlint.New(strings.NewReader(got)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("the linter reports %v, %v", problems, err)
	}
	contract := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) { o.ContractOnly = true })
	if answer, _ := getAsAmber(t, contract, "/metrics", ""); answer.StatusCode != 404 || answer.Header.Get("X-Correlation-Id") != "corr_unrouted" {
		t.Errorf("of the contract alone: got %s", answer.Status)
	}
}

func TestLog(t *testing.T) {
	var now time.Time
	var mu sync.Mutex
	logged := func(level slog.Level) string {
		var text testclient.LockedBuffer
		t.Run("serve", func(t *testing.T) {
			f := fakeservertest.StartInMemory(t, bounded(2), func(o *fakeserver.Options) {
				o.Log = slog.New(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: level}))
				o.WorldIdle = time.Minute
				o.PartnerKeys = []fakeserver.PartnerKey{{Key: "amber", PartnerID: "amber", Scopes: []string{"settlement:write", "settlement:read"}}}
				o.Stopwatch = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
			})
			testclient.Onboard(t, f, f.URL, "a", "sesame")
			testclient.Onboard(t, f, f.URL, "a", "sesame")
			getAsAmber(t, f, "/partner-liquidity-providers/nobody?secret=sesame", "a")
			testclient.Onboard(t, f, f.URL, "b", "sesame")
			mu.Lock()
			now = now.Add(time.Hour)
			mu.Unlock()
			f.Admin.World("b").Reset(context.Background())
			f.Admin.World("b").Delete(context.Background())
			f.Admin.World("c").Reset(context.Background())
		})
		log := text.Take()
		if strings.Contains(log, "sesame") || strings.Contains(log, "disclosure") {
			t.Errorf("what a client sent was logged: %s", log)
		}
		var lines []string
		for line := range strings.Lines(log) {
			var event struct {
				Level, Msg, World, Why, Operation, Outcome string
				RequestID                                  string   `json:"request_id"`
				ReasonCodes                                []string `json:"reason_codes"`
				Status                                     int
				Took                                       *int64
				Replayed                                   bool
			}
			if err := json.Unmarshal([]byte(line), &event); err != nil {
				t.Fatal(err)
			}
			line := strings.TrimSpace(fmt.Sprint(event.Level, " ", event.Msg, " ", event.World, " ", event.Why))
			if event.Msg == "request" {
				line = fmt.Sprint(event.Level, " ", event.RequestID, " ", event.Operation, " ", event.Outcome, " ", event.ReasonCodes, " ", event.Status, " ", event.Replayed, " ", event.Took != nil)
			}
			lines = append(lines, line)
		}
		return strings.Join(lines, "\n")
	}
	for level, want := range map[slog.Level]string{
		slog.LevelWarn: ``,
		slog.LevelInfo: `INFO listening
INFO world made a
INFO world made b
INFO world reset b
INFO world dropped b deleted
INFO world dropped a idle
INFO world made c
INFO world reset c
INFO stopping
INFO stopped`,
		slog.LevelDebug: `INFO listening
INFO world made a
DEBUG a.1 partnerLiquidityProvider.onboard success [] 200 false true
DEBUG a.2 partnerLiquidityProvider.onboard success [] 200 true true
DEBUG a.3 partnerLiquidityProvider.get provider_not_found [partner_liquidity_provider_not_found] 404 false true
INFO world made b
DEBUG b.1 partnerLiquidityProvider.onboard full [] 507 false true
INFO world reset b
INFO world dropped b deleted
INFO world dropped a idle
INFO world made c
INFO world reset c
INFO stopping
INFO stopped`,
	} {
		t.Run(level.String(), func(t *testing.T) {
			if got := logged(level); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
