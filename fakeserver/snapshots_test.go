package fakeserver_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/client"
)

// walked is a request of a walk.
type walked struct{ method, path, caller, key, body string }

// send sends it to a world, and gives all of the answer but the request's id.
func (a walked) send(t *testing.T, f *fakeserver.Running, world string) string {
	t.Helper()
	r, err := http.NewRequest(a.method, f.URL+a.path, strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{
		"X-Fake-World": {world}, "X-Actor-Type": {"partner"}, "X-Actor-Id": {a.caller},
		"X-Auth-Scopes": {"settlement:read settlement:write"}, "X-Correlation-Id": {"walk"},
	}
	if a.key != "" {
		r.Header.Set("Idempotency-Key", a.key)
	}
	answer, err := f.HTTP.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer.Header.Del("X-Fake-Request-Id")
	answer.Header.Del("Date")
	return fmt.Sprint(answer.StatusCode, answer.Header, " ", string(body))
}

// walk draws requests: few providers, callers and keys, so that they meet often, and
// pages that continue exports of long ago.
type walk struct {
	*rand.Rand
	pages []string
	sent  []walked
}

func pick[T any](w *walk, from ...T) T { return from[w.IntN(len(from))] }

// next draws a new request, or one that was sent before.
func (w *walk) next() walked {
	if len(w.sent) > 0 && w.IntN(4) == 0 {
		return pick(w, w.sent...)
	}
	w.sent = append(w.sent, w.draw())
	return w.sent[len(w.sent)-1]
}

func (w *walk) draw() walked {
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
		return walked{"POST", at, caller, key, fmt.Sprintf(`{"provider":{%s"owner_actor":{"type":"partner","id":"%s"},"external_provider_id":"<é>","legal_entity_name":"l","disclosure_text":"d","trust_contact_email":"a@b","segment_tier":"%s"}%s}`,
			given, pick(w, "amber", "cobalt"), tier(), recorded)}
	case 1:
		return walked{"POST", at + "/" + id + "/status", caller, key, fmt.Sprintf(`{"status":{"status":"%s","segment_tier":"%s",%s,"reason_codes":[%s]}%s}`,
			pick(w, "active", "restricted", "pending_review", "no"), tier(), governance, pick(w, "", `"audit"`), recorded)}
	case 2:
		return walked{"POST", at + "/" + id + "/eligibility/evaluate", caller, key, fmt.Sprintf(`{"eligibility":{"requested_segment_tier":"%s",%s,"consecutive_compliant_windows":2,"capability_family":"core"}%s}`, tier(), governance, recorded)}
	case 3:
		return walked{"POST", at + "/" + id + "/rollout", caller, key, fmt.Sprintf(`{"rollout":{"rollout_status":"%s","effective_segment_tier":"%s","capability_matrix":[{"capability":"quote","min_segment_tier":"S1","enabled":true}]}%s}`,
			pick(w, "active", "paused", "blocked"), tier(), recorded)}
	case 4:
		return walked{"GET", at + "/" + id, caller, "", ""}
	case 5, 6:
		if len(w.pages) > 0 {
			return walked{"GET", pick(w, w.pages...), "amber", "", ""}
		}
		fallthrough
	default:
		return walked{"GET", at + "/" + id + "/rollout/export?limit=" + pick(w, "1", "2") + pick(w, "", "&event_type=status_upserted", "&from_iso=2026-02-01T00:00:00Z&to_iso=2027-01-01T00:00:00Z"), "amber", "", ""}
	}
}

// heard remembers how a page of an export is continued.
func (w *walk) heard(a walked, answer string) {
	path, query, _ := strings.Cut(a.path, "?")
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

// standing is a server whose time stands still, in memory.
func standing(o *fakeserver.Options) {
	o.NoListener = true
	o.Clock = func() time.Time { return time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC) }
}

// A world that comes from a file answers from then on what the first one does, byte
// for byte, over every operation, replays, mismatches, old checkpoints and ids.
func TestASnapshotGoesOnElsewhere(t *testing.T) {
	ctx := context.Background()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			first, second := fakeserver.Start(t, standing), fakeserver.Start(t, standing)
			w := &walk{Rand: rand.New(rand.NewPCG(seed, 109))}
			succeeded, continued, replayed := 0, 0, 0
			both := func(f func(*client.World) error) {
				t.Helper()
				for _, s := range []*fakeserver.Running{first, second} {
					if err := f(s.Control.World("w")); err != nil {
						t.Fatal(err)
					}
				}
			}
			for n := range 600 {
				if n%100 == 50 {
					both(func(w *client.World) error { return w.Advance(ctx, 5*time.Hour) })
				}
				if n%200 == 199 { // the file, over and over, also of a world that came from one
					if _, err := first.Control.World("w").TakeSnapshot(ctx, "s", n > 200); err != nil {
						t.Fatal(err)
					}
					file, err := first.Control.DownloadSnapshot(ctx, "s")
					if err != nil {
						t.Fatal(err)
					}
					second = fakeserver.Start(t, standing)
					if _, err := second.Control.UploadSnapshot(ctx, "other", file); err != nil {
						t.Fatal(err)
					}
					if err := second.Control.World("w").Restore(ctx, "other"); err != nil {
						t.Fatal(err)
					}
					if again, err := second.Control.DownloadSnapshot(ctx, "other"); err != nil || !bytes.Equal(again, file) {
						t.Fatalf("downloaded again: %v, got\n%s\nwant\n%s", err, again, file)
					}
				}
				a := w.next()
				want, got := a.send(t, first, "w"), a.send(t, second, "w")
				if got != want {
					t.Fatalf("request %d, %+v: the restored world answers\n%s\nand the first one\n%s", n, a, got, want)
				}
				w.heard(a, want)
				if strings.HasPrefix(want, "200") {
					succeeded++
					if strings.Contains(a.path, "checkpoint_after") {
						continued++
					}
				}
				if strings.Contains(want, "Idempotent-Replayed:[true]") {
					replayed++
				}
			}
			if succeeded < 60 || continued < 5 || replayed < 5 {
				t.Errorf("the walk saw too little: %d successes, %d next pages, %d replays", succeeded, continued, replayed)
			}
		})
	}
}

// uploaded hands a file to the server as it is, and gives the status and the answer.
func uploaded(f *fakeserver.Running, file string) (int, string) {
	answer := httptest.NewRecorder()
	f.ServeHTTP(answer, httptest.NewRequest("PUT", "/_fake/snapshots/s", strings.NewReader(file)))
	return answer.Code, answer.Body.String()
}

// A file of version 1 is read for ever.
const version1 = "internal/snapshot/testdata/version1.json"

func TestVersion1IsRead(t *testing.T) {
	file, err := os.ReadFile(version1)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	f := fakeserver.Start(t, standing)
	s, err := f.Control.UploadSnapshot(ctx, "old", file)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(s.Providers, s.AuditEntries, s.Checkpoints, s.Answers, s.Clock.Mode, time.Duration(s.Clock.By))
	if want := "1 3 1 4moved36h0m0s"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if again, err := f.Control.DownloadSnapshot(ctx, "old"); err != nil || string(again) != strings.TrimSpace(string(file)) {
		t.Errorf("written again: %v, got\n%s\nwant\n%s", err, again, file)
	}
}

// Whatever byte of a file is changed, it is refused, or is the same snapshot.
func TestADamagedSnapshotIsRefused(t *testing.T) {
	text, err := os.ReadFile(version1)
	if err != nil {
		t.Fatal(err)
	}
	file := strings.TrimSpace(string(text))
	ctx := context.Background()
	f := fakeserver.Start(t, standing)
	for i := range len(file) {
		damaged := file[:i] + string([]byte{file[i] ^ 1<<(i%8)}) + file[i+1:]
		if status, told := uploaded(f, damaged); status == 200 {
			if again, err := f.Control.DownloadSnapshot(ctx, "s"); err != nil || string(again) != file {
				t.Errorf("byte %d: taken, as %s, %v", i, again, err)
			}
			if err := f.Control.DeleteSnapshot(ctx, "s"); err != nil {
				t.Fatal(err)
			}
		} else if status != 400 {
			t.Errorf("byte %d: got %d %s", i, status, told)
		}
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"another format":    {`"lpgate-fake-snapshot"`, `"lpgate"`, `at /format`},
		"another version":   {`"version":1`, `"version":2`, `at /version: this server reads version 1 of the format, not 2`},
		"another milestone": {`"M109"`, `"M110"`, `at /milestone`},
		"changed":           {`Acme`, `Bcme`, `at /sha256: the file was changed or damaged`},
		"without its end":   {file[len(file)/2:], ``, `not I-JSON`},
		"an unknown member": {`"version"`, `"vresion"`, `"violations"`},
	} {
		t.Run(name, func(t *testing.T) {
			if status, told := uploaded(f, strings.Replace(file, c.from, c.to, 1)); status != 400 || !strings.Contains(told, c.want) {
				t.Errorf("got %d %s, want 400 and %s", status, told, c.want)
			}
		})
	}
	if all, err := f.Control.Snapshots(ctx); err != nil || len(all) != 0 {
		t.Errorf("after refusals only: %v, %v", all, err)
	}
}

// Snapshots have only so many bytes in all: one more is refused, one in the place of
// another counts what it adds, and one that goes makes room.
func TestSnapshotsAreBoundedByBytes(t *testing.T) {
	ctx := context.Background()
	f := fakeserver.Start(t, standing, func(o *fakeserver.Options) { o.SnapshotBytes = 6000 })
	small, large := f.Control.World("small"), f.Control.World("large")
	onboarded(t, f, f.URL, "small", "1") // about 2.5 kB
	onboarded(t, f, f.URL, "large", "1")
	onboarded(t, f, f.URL, "large", "2")
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
	file, err := f.Control.DownloadSnapshot(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	if status, told := uploaded(f, string(file)); status != 507 || !strings.Contains(told, "start the server with a higher --snapshot-bytes") {
		t.Errorf("uploading: got %d %s", status, told)
	}
	if all, err := f.Control.Snapshots(ctx); err != nil || len(all) != 2 || all[1].Providers != 1 {
		t.Errorf("after refusals: got %+v, %v", all, err)
	}
	for _, name := range []string{"a", "b"} {
		if err := f.Control.DeleteSnapshot(ctx, name); err != nil {
			t.Error(err)
		}
	}
	take(large, "c", false, "<nil>")
}

func TestSnapshots(t *testing.T) {
	ctx := context.Background()
	f := fakeserver.Start(t, standing)
	a, fork := f.Control.World("a"), f.Control.World("fork")
	onboarded(t, f, f.URL, "a", "1")
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
	refused(err, `There is a snapshot "one"`)
	onboarded(t, f, f.URL, "a", "2")
	refused(fork.Restore(ctx, "oen"), `There is no snapshot "oen"`)
	if worlds, err := f.Control.Worlds(ctx); err != nil || len(worlds) != 2 {
		t.Errorf("a refused restore made a world: %v, %v", worlds, err)
	}
	if err := fork.Restore(ctx, "one"); err != nil {
		t.Fatal(err)
	}
	if answer, body := onboarded(t, f, f.URL, "fork", "1"); answer.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the fork does not know the key: %s", body)
	}
	if _, body := onboarded(t, f, f.URL, "fork", "3"); !strings.Contains(body, `"plp_000002"`) {
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
	if err := f.Control.DeleteSnapshot(ctx, "one"); err != nil {
		t.Error(err)
	}
	refused(f.Control.DeleteSnapshot(ctx, "one"), `There is no snapshot "one"`)
}
