//go:build !race

// Thousands of requests, one after the other, take long under the race detector, and it would find nothing in them that it
// does not in the other tests of snapshots. So these run without.

package snapshot_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/fakeserver/client"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/testclient"
)

// A world that comes from a file answers from then on what the first one does, byte
// for byte, over every operation, replays, mismatches, old checkpoints and ids.
func TestASnapshotContinuesOnAnotherServer(t *testing.T) {
	ctx := context.Background()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			first, second := fakeservertest.StartInMemory(t, testclient.Frozen), fakeservertest.StartInMemory(t, testclient.Frozen)
			w := &walk{Rand: rand.New(rand.NewPCG(seed, 109))}
			succeeded, continued, replayed := 0, 0, 0
			both := func(f func(*client.World) error) {
				t.Helper()
				for _, s := range []*fakeservertest.Running{first, second} {
					if err := f(s.Admin.World("w")); err != nil {
						t.Fatal(err)
					}
				}
			}
			for n := range 600 {
				if n%100 == 50 {
					both(func(w *client.World) error { return w.Advance(ctx, 5*time.Hour) })
				}
				if n%200 == 199 { // the file, over and over, also of a world that came from one
					if _, err := first.Admin.World("w").TakeSnapshot(ctx, "s", n > 200); err != nil {
						t.Fatal(err)
					}
					file, err := first.Admin.DownloadSnapshot(ctx, "s")
					if err != nil {
						t.Fatal(err)
					}
					second = fakeservertest.StartInMemory(t, testclient.Frozen)
					if _, err := second.Admin.UploadSnapshot(ctx, "other", file); err != nil {
						t.Fatal(err)
					}
					if err := second.Admin.World("w").Restore(ctx, "other"); err != nil {
						t.Fatal(err)
					}
					if again, err := second.Admin.DownloadSnapshot(ctx, "other"); err != nil || !bytes.Equal(again, file) {
						t.Fatalf("downloaded again: %v, got\n%s\nwant\n%s", err, again, file)
					}
				}
				a := w.next()
				want, got := a.Send(t, first, "w"), a.Send(t, second, "w")
				if got != want {
					t.Fatalf("request %d, %+v: the restored world answers\n%s\nand the first one\n%s", n, a, got, want)
				}
				w.record(a, want)
				if strings.HasPrefix(want, "200") {
					succeeded++
					if strings.Contains(a.Path, "checkpoint_after") {
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

// Whatever byte of a file is changed, it is refused, or is the same snapshot.
func TestADamagedSnapshotIsRefused(t *testing.T) {
	text, err := os.ReadFile(version2)
	if err != nil {
		t.Fatal(err)
	}
	file := strings.TrimSpace(string(text))
	ctx := context.Background()
	f := fakeservertest.StartInMemory(t, testclient.Frozen)
	for i := range len(file) {
		damaged := file[:i] + string([]byte{file[i] ^ 1<<(i%8)}) + file[i+1:]
		if status, message := uploaded(f, damaged); status == 200 {
			if again, err := f.Admin.DownloadSnapshot(ctx, "s"); err != nil || string(again) != file {
				t.Errorf("byte %d: taken, as %s, %v", i, again, err)
			}
			if err := f.Admin.DeleteSnapshot(ctx, "s"); err != nil {
				t.Fatal(err)
			}
		} else if status != 400 {
			t.Errorf("byte %d: got %d %s", i, status, message)
		}
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"another format":    {`"lpgate-fake-snapshot"`, `"lpgate"`, `at /format`},
		"another version":   {`"version":2`, `"version":3`, `at /version: this server reads versions 1 to 2 of the format, not 3`},
		"another milestone": {`"M109"`, `"M110"`, `at /milestone`},
		"changed":           {`Acme`, `Bcme`, `at /sha256: the file was changed or damaged`},
		"without its end":   {file[len(file)/2:], ``, `not I-JSON`},
		"an unknown member": {`"version"`, `"vresion"`, `"violations"`},
	} {
		t.Run(name, func(t *testing.T) {
			if status, message := uploaded(f, strings.Replace(file, c.from, c.to, 1)); status != 400 || !strings.Contains(message, c.want) {
				t.Errorf("got %d %s, want 400 and %s", status, message, c.want)
			}
		})
	}
	if all, err := f.Admin.Snapshots(ctx); err != nil || len(all) != 0 {
		t.Errorf("after refusals only: %v, %v", all, err)
	}
}
