package snapshot_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/client"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/testclient"
)

// walk draws requests: few providers, callers and keys, so that they meet often, and
// pages that continue exports of long ago.
type walk struct {
	*rand.Rand
	pages []string
	sent  []testclient.Request
}

func pick[T any](w *walk, from ...T) T { return from[w.IntN(len(from))] }

// next draws a new request, or one that was sent before.
func (w *walk) next() testclient.Request {
	if len(w.sent) > 0 && w.IntN(4) == 0 {
		return pick(w, w.sent...)
	}
	w.sent = append(w.sent, w.draw())
	return w.sent[len(w.sent)-1]
}

func (w *walk) draw() testclient.Request {
	caller := pick(w, "amber", "amber", "cobalt", "z\xff")
	id := pick(w, "plp_000001", "plp_000002", "p%C3%A9", "p%25")
	at := "/partner-liquidity-providers"
	key := fmt.Sprint("key ", w.IntN(40))
	tier := func() string { return pick(w, "S0", "S1", "S2", "S3") }
	recorded := pick(w, "", "", `,"recorded_at":"2026-02-01T00:00:00Z"`, `,"recorded_at":"2026-02-20T12:00:00.5+01:00"`)
	governance := fmt.Sprintf(`"trust_safety_baseline_passed":%t,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":%d`, w.IntN(5) > 0, pick(w, 0, 0, 0, 1))
	switch w.IntN(8) {
	case 0:
		plain, _ := url.PathUnescape(id)
		given := pick(w, "", fmt.Sprintf(`"provider_id":%q,`, plain))
		return testclient.NewRequest("POST", at, caller, key, fmt.Sprintf(`{"provider":{%s"owner_actor":{"type":"partner","id":"%s"},"external_provider_id":"<é>","legal_entity_name":"l","disclosure_text":"d","trust_contact_email":"a@b","segment_tier":"%s"}%s}`,
			given, pick(w, "amber", "cobalt"), tier(), recorded))
	case 1:
		return testclient.NewRequest("POST", at+"/"+id+"/status", caller, key, fmt.Sprintf(`{"status":{"status":"%s","segment_tier":"%s",%s,"reason_codes":[%s]}%s}`,
			pick(w, "active", "restricted", "pending_review", "no"), tier(), governance, pick(w, "", `"audit"`), recorded))
	case 2:
		return testclient.NewRequest("POST", at+"/"+id+"/eligibility/evaluate", caller, key, fmt.Sprintf(`{"eligibility":{"requested_segment_tier":"%s",%s,"consecutive_compliant_windows":2,"capability_family":"core"}%s}`, tier(), governance, recorded))
	case 3:
		return testclient.NewRequest("POST", at+"/"+id+"/rollout", caller, key, fmt.Sprintf(`{"rollout":{"rollout_status":"%s","effective_segment_tier":"%s","capability_matrix":[{"capability":"quote","min_segment_tier":"S1","enabled":true}]}%s}`,
			pick(w, "active", "paused", "blocked"), tier(), recorded))
	case 4:
		return testclient.NewRequest("GET", at+"/"+id, caller, "", "")
	case 5, 6:
		if len(w.pages) > 0 {
			return testclient.NewRequest("GET", pick(w, w.pages...), "amber", "", "")
		}
		fallthrough
	default:
		return testclient.NewRequest("GET", at+"/"+id+"/rollout/export?limit="+pick(w, "1", "2")+pick(w, "", "&event_type=status_upserted", "&from_iso=2026-02-01T00:00:00Z&to_iso=2027-01-01T00:00:00Z"), "amber", "", "")
	}
}

// record stores how a page of an export is continued.
func (w *walk) record(a testclient.Request, answer string) {
	path, query, _ := strings.Cut(a.Path, "?")
	var page struct {
		Export struct {
			NextCursor  string `json:"next_cursor"`
			Attestation struct {
				ChainHash string `json:"chain_hash"`
			} `json:"attestation"`
			Checkpoint struct {
				CheckpointHash string `json:"checkpoint_hash"`
			} `json:"checkpoint"`
		} `json:"export"`
	}
	if at := strings.Index(answer, `{"`); query == "" || at < 0 || json.Unmarshal([]byte(answer[at:]), &page) != nil || page.Export.NextCursor == "" {
		return
	}
	values, _ := url.ParseQuery(query)
	values.Set("cursor_after", page.Export.NextCursor)
	values.Set("attestation_after", page.Export.Attestation.ChainHash)
	values.Set("checkpoint_after", page.Export.Checkpoint.CheckpointHash)
	w.pages = append(w.pages, path+"?"+values.Encode())
}

// uploaded hands a file to the server as it is, and gives the status and the answer.
func uploaded(f *fakeservertest.Running, file string) (int, string) {
	answer := httptest.NewRecorder()
	f.ServeHTTP(answer, httptest.NewRequest("PUT", "/_fake/snapshots/s", strings.NewReader(file)))
	return answer.Code, answer.Body.String()
}

// Files of all versions are read, and written again as the latest one.
const (
	version1 = "testdata/version1.json"
	version2 = "testdata/version2.json"
)

func TestAllVersionsAreRead(t *testing.T) {
	latest, err := os.ReadFile(version2)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{version1, version2} {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		f := fakeservertest.StartInMemory(t, testclient.Frozen)
		s, err := f.Admin.UploadSnapshot(ctx, "old", file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := fmt.Sprint(s.Providers, s.AuditEntries, s.Checkpoints, s.StoredResponses, s.Clock.Mode, time.Duration(s.Clock.By))
		if want := "1 3 1 4moved36h0m0s"; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		if again, err := f.Admin.DownloadSnapshot(ctx, "old"); err != nil || string(again) != strings.TrimSpace(string(latest)) {
			t.Errorf("%s, written again: %v, got\n%s\nwant\n%s", name, err, again, latest)
		}
	}
}

// A snapshot has the hashes of idempotency keys, and not the keys: replays go on, and a
// secret that was used as a key is not in it.
func TestSnapshotsHaveNoIdempotencyKeys(t *testing.T) {
	const key = "lpk_canary_used_as_a_key"
	ctx := context.Background()
	f := fakeservertest.StartInMemory(t, testclient.Frozen)
	_, first := testclient.Onboard(t, f, f.URL, "a", key)
	if _, err := f.Admin.World("a").TakeSnapshot(ctx, "one", false); err != nil {
		t.Fatal(err)
	}
	file, err := f.Admin.DownloadSnapshot(ctx, "one")
	if err != nil || strings.Contains(string(file), key) {
		t.Errorf("%v: got %s", err, file)
	}
	other := fakeservertest.StartInMemory(t, testclient.Frozen)
	if _, err := other.Admin.UploadSnapshot(ctx, "two", file); err != nil {
		t.Fatal(err)
	}
	if err := other.Admin.World("b").Restore(ctx, "two"); err != nil {
		t.Fatal(err)
	}
	if answer, body := testclient.Onboard(t, other, other.URL, "b", key); answer.Header.Get("Idempotent-Replayed") != "true" || body != first {
		t.Errorf("got %v %s, want the replay of %s", answer.Header, body, first)
	}
	if answer, body := testclient.Onboard(t, other, other.URL, "b", key+"x"); answer.Header.Get("Idempotent-Replayed") != "" {
		t.Errorf("another key: got %v %s", answer.Header, body)
	}
}

// All snapshots together have a limit in bytes: one more is refused, a replacement counts
// the difference, and a deleted one frees its bytes.
func TestSnapshotsAreBoundedByBytes(t *testing.T) {
	ctx := context.Background()
	f := fakeservertest.StartInMemory(t, testclient.Frozen, func(o *fakeserver.Options) { o.SnapshotBytes = 6000 })
	small, large := f.Admin.World("small"), f.Admin.World("large")
	testclient.Onboard(t, f, f.URL, "small", "1") // about 2.5 kB
	testclient.Onboard(t, f, f.URL, "large", "1")
	testclient.Onboard(t, f, f.URL, "large", "2")
	take := func(w *client.World, name string, replace bool, want string) {
		t.Helper()
		_, err := w.TakeSnapshot(ctx, name, replace)
		if got := fmt.Sprint(err); !strings.Contains(got, want) {
			t.Errorf("taking %s: got %s, want %s", name, got, want)
		}
	}
	const full = "The snapshots may have 6000 bytes in all. They have about "
	take(small, "a", false, "<nil>")
	take(small, "b", false, "<nil>")
	take(small, "c", false, full)
	take(small, "b", true, "<nil>")
	take(large, "b", true, full)
	file, err := f.Admin.DownloadSnapshot(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	if status, message := uploaded(f, string(file)); status != 507 || !strings.Contains(message, "start the server with a higher --snapshot-bytes") {
		t.Errorf("uploading: got %d %s", status, message)
	}
	if all, err := f.Admin.Snapshots(ctx); err != nil || len(all) != 2 || all[1].Providers != 1 {
		t.Errorf("after refusals: got %+v, %v", all, err)
	}
	for _, name := range []string{"a", "b"} {
		if err := f.Admin.DeleteSnapshot(ctx, name); err != nil {
			t.Error(err)
		}
	}
	take(large, "c", false, "<nil>")
}

func TestSnapshots(t *testing.T) {
	ctx := context.Background()
	f := fakeservertest.StartInMemory(t, testclient.Frozen)
	a, fork := f.Admin.World("a"), f.Admin.World("fork")
	testclient.Onboard(t, f, f.URL, "a", "1")
	refused := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := a.TakeSnapshot(ctx, "one", false); err != nil {
		t.Fatal(err)
	}
	_, err := a.TakeSnapshot(ctx, "one", false)
	refused(err, `There is already a snapshot "one"`)
	testclient.Onboard(t, f, f.URL, "a", "2")
	refused(fork.Restore(ctx, "oen"), `There is no snapshot "oen"`)
	if worlds, err := f.Admin.Worlds(ctx); err != nil || len(worlds) != 2 {
		t.Errorf("a refused restore made a world: %v, %v", worlds, err)
	}
	if err := fork.Restore(ctx, "one"); err != nil {
		t.Fatal(err)
	}
	if answer, body := testclient.Onboard(t, f, f.URL, "fork", "1"); answer.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the copy does not accept the key: %s", body)
	}
	if _, body := testclient.Onboard(t, f, f.URL, "fork", "3"); !strings.Contains(body, `"plp_000002"`) {
		t.Errorf("the fork goes on elsewhere: %s", body)
	}
	if state, err := a.State(ctx); err != nil || state.Providers != 2 {
		t.Errorf("the first world: got %+v, %v", state, err)
	}
	for n := range 99 {
		if _, err := a.TakeSnapshot(ctx, fmt.Sprint("s", n), false); err != nil {
			t.Fatal(err)
		}
	}
	_, err = a.TakeSnapshot(ctx, "more", false)
	refused(err, "There are 100 snapshots")
	if _, err := a.TakeSnapshot(ctx, "one", true); err != nil {
		t.Error(err)
	}
	if err := f.Admin.DeleteSnapshot(ctx, "one"); err != nil {
		t.Error(err)
	}
	refused(f.Admin.DeleteSnapshot(ctx, "one"), `There is no snapshot "one"`)
}
