package seed_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/internal/seed"
	"example.com/lpgate/fakeserver/testclient"
)

// seeded reads a seed that is right.
func seeded(t *testing.T, file string) func(*fakeserver.Options) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	seed, err := fakeserver.ReadSeed(file, text)
	if err != nil {
		t.Fatal(err)
	}
	return func(o *fakeserver.Options) { o.Seed = seed }
}

const demo = "../../../fixtures/seeds/demo.yaml"

// shown gives a provider's answer.
func shown(t *testing.T, f *fakeservertest.Running, world, caller, id string) string {
	t.Helper()
	return testclient.NewRequest("GET", "/partner-liquidity-providers/"+id, caller, "", "").Send(t, f, world)
}

func TestEverySeedOfTheFixturesIsRead(t *testing.T) {
	files, err := filepath.Glob("../../../fixtures/seeds/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v, %v", files, err)
	}
	for _, file := range files {
		seeded(t, file)
	}
}

func TestAWorldBeginsWithItsSeed(t *testing.T) {
	ctx := context.Background()
	f := fakeservertest.StartInMemory(t, testclient.Frozen, seeded(t, demo))
	for _, c := range []struct{ caller, id, want string }{
		{"acme", "lp-blue", `"segment_tier":"S2","status":"active"`},
		{"acme", "lp-blue", `"created_at":"2025-11-24T16:00:00.000Z","updated_at":"2026-02-20T16:00:00.000Z"`},
		{"acme", "lp-blue", `"verdict":"allow"`},
		{"acme", "lp-blue", `{"capability":"lend","min_segment_tier":"S3","requested_enabled":false,"effective_enabled":false}`},
		{"acme", "lp-new", `"status":"pending_review"`},
		{"birch", "lp-red", `"status":"restricted"`},
		{"birch", "lp-red", `"recommended_status":"restricted"`},
		{"birch", "lp-paused", `"rollout_status":"paused"`},
		{"birch", "lp-blue", `"code":"FORBIDDEN"`},
	} {
		if got := shown(t, f, "w", c.caller, c.id); !strings.Contains(got, c.want) {
			t.Errorf("%s of %s: got %s\nwant %s", c.id, c.caller, got, c.want)
		}
	}
	export := testclient.NewRequest("GET", "/partner-liquidity-providers/lp-blue/rollout/export", "acme", "", "")
	page := export.Send(t, f, "w")
	if !strings.Contains(page, `"total_filtered":5`) || !strings.Contains(page, `"audit_id":"plpaudit_000005"`) {
		t.Errorf("the trail: got %s", page)
	}
	if other := export.Send(t, f, "v"); other != page {
		t.Errorf("another world: got %s\nwant %s", other, page)
	}

	// A reset comes back to it, whatever was done.
	w := f.Admin.World("w")
	before := shown(t, f, "w", "acme", "lp-new")
	testclient.Onboard(t, f, f.URL, "w", "1")
	testclient.NewRequest("POST", "/partner-liquidity-providers/lp-new/status", "acme", "1", `{"status":{"status":"offboarded","segment_tier":"S0","trust_safety_baseline_passed":false,"reliability_baseline_passed":false,"audit_conformance_passed":false,"unresolved_critical_violations":0,"reason_codes":["x"]}}`).Send(t, f, "w")
	if shown(t, f, "w", "acme", "lp-new") == before {
		t.Error("the upsert changed nothing")
	}
	if err := w.Reset(ctx); err != nil {
		t.Fatal(err)
	}
	if got := shown(t, f, "w", "acme", "lp-new"); got != before {
		t.Errorf("after the reset: got %s\nwant %s", got, before)
	}
	if state, err := w.State(ctx); err != nil || state.Providers != 4 || state.StoredResponses != 0 {
		t.Errorf("after the reset: got %+v, %v", state, err)
	}

	// A seed of its own is for one world, and stays with it.
	state, err := w.Seed(ctx, []byte(`{"clock":{"mode":"frozen","at":"2026-03-01T00:00:00Z"},"providers":[{"owner":"zoé","onboarded":{"at":"1d ago"}}]}`))
	if err != nil || state.Providers != 1 || state.Clock.Mode != "frozen" {
		t.Fatalf("got %+v, %v", state, err)
	}
	if err := w.Advance(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := w.Reset(ctx); err != nil {
		t.Fatal(err)
	}
	if got := shown(t, f, "w", "zoé", "plp_000001"); !strings.Contains(got, `"created_at":"2026-02-28T00:00:00.000Z"`) {
		t.Errorf("its own seed: got %s", got)
	}
	if got := export.Send(t, f, "v"); got != page {
		t.Errorf("another world: got %s", got)
	}
	_, err = w.Seed(ctx, []byte(`{"providers":[{"owner":"a","stauts":"active"}]}`))
	if err == nil || !strings.Contains(err.Error(), `body:1: unknown key "stauts" (did you mean "status"?)`) {
		t.Errorf("got %v", err)
	}
	_, err = w.Seed(ctx, []byte(`{"providers":[{"owner":"a","status":"restricted","governance":{}}]}`))
	if err == nil || !strings.Contains(err.Error(), "/providers/0/governance cannot be reached (status-restriction-needs-reason)") {
		t.Errorf("got %v", err)
	}
	if state, err := w.State(ctx); err != nil || state.Providers != 1 {
		t.Errorf("after refusals: got %+v, %v", state, err)
	}
}

// The error of an invalid seed has all problems.
func TestReadSeedRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"no YAML":           {"providers:\n- owner: a\n  tier: [", []string{"s:3: not YAML: a { or [ on the line is not closed"}},
		"a line too far in": {"providers:\n  - owner: a\n     tier: S1", []string{"s:3: not YAML: the indentation of the line (5) fits no list or mapping above"}},
		"empty":             {"", []string{"s:1: the document is empty"}},
		"a list":            {"- a", []string{"s:1: the document must be a mapping, got a list"}},
		"a second document": {"providers: []\n---\nproviders: []", []string{"s:2: a second document"}},
		"a member twice":    {"providers: []\nproviders: []", []string{"s:2: key of this name is set twice (first on line 1)"}},
		"an alias":          {"providers:\n- &a {owner: x}\n- *a", []string{"s:3: /providers/1 is the alias *a: aliases are not allowed"}},
		"several at once": {"providers:\n- owner: a\n  tier: S9\n  stauts: active\n- tier: S1\n  rollout:\n    capabilities: []\nclok: {}", []string{
			"s:3: /providers/0/tier must be one of", `s:4: unknown key "stauts" (did you mean "status"?)`,
			`s:5: /providers/1 lacks "owner"`, "s:7: /providers/1/rollout/capabilities must not be empty", `s:8: unknown key "clok" (did you mean "clock"?)`}},
		"a clock": {"clock:\n  mode: frozen", []string{"s:1: /clock a frozen clock has at"}},
		"times of two providers": {"providers:\n- owner: a\n  onboarded:\n    at: 3 days ago\n- owner: b\n  governance:\n    at: tomorrow", []string{
			"s:4: /providers/0/onboarded/at", "s:7: /providers/1/governance/at", "nor a duration before now such as 3d ago"}},
		"an id twice":                      {"providers:\n- {owner: a, provider_id: x}\n- {owner: b, provider_id: x}", []string{"s:3: /providers/1 cannot be reached (onboard-id-is-free)"}},
		"a text that requests cannot have": {"providers:\n- owner: ' a'", []string{"s:2: /providers/0 results in a request that its schema forbids: at /provider/owner_actor/id"}},
		"a capability twice":               {"providers:\n- owner: a\n  rollout:\n    status: paused\n    capabilities:\n    - {capability: x}\n    - {capability: x}", []string{"s:3: /providers/0/rollout cannot be reached (rollout-rows-are-unique)"}},
		"active with violations":           {"providers:\n- owner: a\n  status: active\n  governance:\n    unresolved_critical_violations: 1", []string{"s:4: /providers/0/governance cannot be reached (status-active-needs-no-violations)"}},
		"a rollout without evaluation":     {"providers:\n- owner: a\n  rollout:\n    capabilities: [{capability: x}]", []string{"s:3: /providers/0/rollout cannot be reached (rollout-active-unblocked)"}},
		"another verdict":                  {"providers:\n- owner: a\n  last_evaluation:\n    verdict: allow", []string{"s:4: /providers/0/last_evaluation/verdict cannot be reached (eligibility-needs-baselines): the verdict is deny"}},
		"a verdict before its governance": {"providers:\n- owner: a\n  governance: {}\n  history:\n  - evaluation:\n      verdict: allow", []string{
			"s:6: /providers/0/history/0/evaluation/verdict cannot be reached (eligibility-needs-baselines): the verdict is deny", "An evaluation in the history comes before governance: give it a governance of its own"}},
		"of every kind at once": {"clock: {mode: moved, by: 3 days}\nproviders:\n- owner: a\n  tier: S9\n  governance: {at: yesterday}\n- owner: b\n  last_evaluation: {verdict: allow}\n- {owner: c, provider_id: x}\n- {owner: c, provider_id: x}", []string{
			`s:1: /clock/by "3 days" is not a duration: write 90s`, "s:4: /providers/0/tier must be one of", `s:5: /providers/0/governance/at "yesterday" is not`,
			"s:7: /providers/1/last_evaluation/verdict cannot be reached", "s:9: /providers/3 cannot be reached (onboard-id-is-free)"}},
		"another status": {"providers:\n- owner: a\n  status: offboarded\n  reason_codes: [x]\n  governance: {}\n  last_evaluation: {}\n  rollout: {status: blocked, capabilities: [{capability: x}]}", []string{
			"s:3: /providers/0/status cannot be reached: after all steps of the provider it is restricted, not offboarded"}},
		"another tier":         {"providers:\n- owner: a\n  tier: S1\n  rollout: {status: paused, tier: S2, capabilities: [{capability: x}]}", []string{"s:3: /providers/0/tier cannot be reached"}},
		"lists in one another": {"providers:\n- " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000), []string{"s:2: lists and mappings are nested more than 100 levels deep"}},
		"a step of two":        {"providers:\n- owner: a\n  history:\n  - status: {}\n    evaluation: {}", []string{"s:4: /providers/0/history/0 must have one of"}},
		"before the past":      {"providers:\n- owner: a\n  onboarded: {at: -3d ago}", []string{"s:3: /providers/0/onboarded/at \"-3d ago\" is after now: write \"3d ago\""}},
		"a step too early":     {"providers:\n- owner: a\n  history:\n  - at: 3d ago\n    evaluation: {verdict: allow}", []string{"s:5: /providers/0/history/0/evaluation/verdict"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := fakeserver.ReadSeed("s", []byte(c.text))
			if err == nil {
				t.Fatal("it was read")
			}
			if strings.HasSuffix(name, "at once") && strings.Count(err.Error(), "\n") != len(c.want)-1 {
				t.Errorf("got %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got\n%v\nwant %s", err, want)
				}
			}
		})
	}
}

// The number of problems in an error is limited.
func TestReadSeedLimitsProblems(t *testing.T) {
	for count, want := range map[int]string{102: "s:102: and 2 more problems", 8000: "s:102: and 7900 more problems"} {
		_, err := fakeserver.ReadSeed("s", []byte("providers:\n"+strings.Repeat("- {ownr: acme}\n", count)))
		if err == nil {
			t.Fatalf("%d: it was read", count)
		}
		lines := strings.Split(err.Error(), "\n")
		if got := lines[len(lines)-1]; len(lines) != 101 || got != want || !strings.HasPrefix(lines[0], "s:2: unknown key") {
			t.Errorf("%d: got %d lines, %q to %q, want %q", count, len(lines), lines[0], got, want)
		}
	}
}

// JSON is read too, with tabs and surrogates, which YAML has not, and after a byte order mark.
func TestReadSeedReadsJSON(t *testing.T) {
	seed, err := fakeserver.ReadSeed("s", []byte("\ufeff{\n\t\"providers\": [\n\t\t{\"owner\": \"\\ud83d\\ude00\"}\n\t]\n}"))
	if err != nil {
		t.Fatal(err)
	}
	f := fakeservertest.StartInMemory(t, testclient.Frozen, func(o *fakeserver.Options) { o.Seed = seed })
	state, err := f.Admin.World("default").State(context.Background())
	if got := fmt.Sprint(state.Providers, err); got != "1 <nil>" {
		t.Errorf("got %s", got)
	}
}

// large is a seed of many providers, whose times are all the same.
func large(t *testing.T, at string) *fakeserver.Seed {
	t.Helper()
	var text strings.Builder
	text.WriteString("providers:\n")
	for n := range 200 {
		fmt.Fprintf(&text, "- {provider_id: lp-%d, owner: acme, status: active, onboarded: {at: %s}, governance: {at: %s}}\n", n, at, at)
	}
	seed, err := fakeserver.ReadSeed("large", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

// A seed that is made again for a later time is what it would have been had it been read
// then, byte for byte.
func TestASeedMadeAgainIsExact(t *testing.T) {
	text := `providers:
- {owner: acme, tier: S2, status: active, onboarded: {at: 90d ago, tier: S1}, governance: {at: 30d ago}, last_evaluation: {at: 3d ago}, rollout: {at: 2d ago, capabilities: [{capability: quote}, {capability: lend, min_tier: S3, enabled: false}]},
   history: [{at: 60d ago, evaluation: {requested_tier: S2, consecutive_compliant_windows: 1}}, {at: 2026-01-01T00:00:00Z, status: {reason_codes: [x], operator_note: n}}, {rollout: {status: paused, capabilities: [{capability: quote}]}}]}
- {owner: birch}
- {owner: birch, provider_id: plp_000003, status: restricted, reason_codes: [fraud], governance: {at: now, unresolved_critical_violations: 2}}
- {owner: cobalt, last_evaluation: {verdict: deny}}
`
	running, err := fakeserver.ReadSeed("s", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, now := range []time.Time{
		time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC), time.Date(2027, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(2026, 2, 22, 16, 0, 1, 0, time.UTC),
	} {
		stands, err := fakeserver.ReadSeed("s", fmt.Appendf(nil, "clock: {mode: frozen, at: %s}\n%s", now.Format(time.RFC3339), text))
		if err != nil {
			t.Fatal(err)
		}
		want, err := stands.State(time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := running.State(now.Add(300 * time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		if shown := string(got.Image.JSON()); shown != string(want.Image.JSON()) || seen[shown] {
			t.Errorf("at %s: got\n%s\nwant\n%s", now, shown, want.Image.JSON())
		} else {
			seen[shown] = true
		}
	}
	// A time before the year 0, after the server's clock is moved there, is an error with
	// its line.
	if _, err := running.State(time.Date(0, 1, 2, 0, 0, 0, 0, time.UTC)); err == nil || !strings.HasPrefix(err.Error(), "s:2: /providers/0/onboarded/at") {
		t.Errorf("got %v", err)
	}
}

// The limits of a seed are checked before it is read.
func TestReadSeedIsBounded(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"providers": {"providers:\n" + strings.Repeat("- {owner: a}\n", seed.MaxSteps+1), "s:2: /providers must have 50000 items at most, got 50001"},
		"steps":     {"providers:\n" + strings.Repeat("- {ownr: a, history: [{}, {}], governance: {}}\n", seed.MaxSteps/4+1), "s:12502: /providers/12500 is too much"},
		"bytes":     {"providers: []\n" + strings.Repeat("#", seed.MaxBytes), "s:1: a seed has 16777216 bytes at most, got 16777230"},
	} {
		if _, err := fakeserver.ReadSeed("s", []byte(c.text)); err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// Who leaves while a seed or a snapshot is read has changed nothing.
func TestReadingEndsWithTheClient(t *testing.T) {
	f := fakeservertest.StartInMemory(t, seeded(t, demo))
	ctx := context.Background()
	if _, err := f.Admin.World("default").TakeSnapshot(ctx, "one", false); err != nil {
		t.Fatal(err)
	}
	file, err := f.Admin.DownloadSnapshot(ctx, "one")
	if err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(ctx)
	leave()
	for path, body := range map[string]string{"/_fake/worlds/default/seed": "providers:\n- {owner: acme}\n", "/_fake/snapshots/two": string(file)} {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest("PUT", "http://localhost"+path, strings.NewReader(body)).WithContext(gone))
		if w.Code != 408 || !strings.Contains(w.Body.String(), "The client closed the connection. Nothing was changed.") {
			t.Errorf("%s: got %d %s", path, w.Code, w.Body)
		}
	}
	state, err := f.Admin.World("default").State(ctx)
	all, wrong := f.Admin.Snapshots(ctx)
	if got := fmt.Sprint(state.Providers, err, len(all), wrong); got != "4 <nil> 1 <nil>" {
		t.Errorf("got %s", got)
	}
}

// The commands of a seed are run once for all worlds that it makes the same.
func TestASeedIsMadeOnce(t *testing.T) {
	day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at     string
		later  time.Duration
		shared bool
	}{
		{"2026-01-01T00:00:00Z", 24 * time.Hour, true},
		{"3d ago", 999 * time.Millisecond, true},
		{"3d ago", time.Second, false},
		{"now", time.Second, false},
	} {
		seed := large(t, c.at)
		first, err := seed.State(day)
		if err != nil {
			t.Fatal(err)
		}
		second, err := seed.State(day.Add(c.later))
		if err != nil {
			t.Fatal(err)
		}
		if got := first.Image == second.Image; got != c.shared {
			t.Errorf("%s, and %s later: the image is shared: got %v, want %v", c.at, c.later, got, c.shared)
		}
	}
}
