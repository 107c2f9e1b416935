package watch

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// Changes by an editor, a checkout or a command, and the first file that is reported for each. Each row ends with a
// change of features/last.feature if it would report nothing itself.
func TestChanges(t *testing.T) {
	const last = "features/last.feature"
	tests := []struct {
		name   string
		change func(t *testing.T, at func(string) string)
		want   string
	}{
		{"a feature is written", func(t *testing.T, at func(string) string) { write(t, at("features/a.feature"), "b") }, "features/a.feature"},
		{"a feature is new", func(t *testing.T, at func(string) string) { write(t, at("features/b.feature"), "b") }, "features/b.feature"},
		{"another is renamed to it", func(t *testing.T, at func(string) string) {
			write(t, at("features/.a.feature.swp"), "b")
			rename(t, at("features/.a.feature.swp"), at("features/a.feature"))
		}, "features/a.feature"},
		{"it is put aside, and written anew", func(t *testing.T, at func(string) string) {
			rename(t, at("features/a.feature"), at("features/a.feature~"))
			write(t, at("features/a.feature"), "b")
		}, "features/a.feature"},
		{"it is removed", func(t *testing.T, at func(string) string) { os.Remove(at("features/a.feature")) }, "features/a.feature"},
		{"a file in a folder of a folder", func(t *testing.T, at func(string) string) { write(t, at("fixtures/keys/k.pem"), "b") }, "fixtures/keys/k.pem"},
		{"a file in a new folder", func(t *testing.T, at func(string) string) { write(t, at("fixtures/new/deep/n.json"), "b") }, "fixtures/new/deep/n.json"},
		{"a folder that was not there", func(t *testing.T, at func(string) string) { write(t, at("schemas/S.json"), "b") }, "schemas/S.json"},
		{"the milestone", func(t *testing.T, at func(string) string) { write(t, at("milestones/M1.yaml"), "b") }, "milestones/M1.yaml"},
		{"a file that is not there yet", func(t *testing.T, at func(string) string) { write(t, at("milestones/known.yaml"), "b") }, "milestones/known.yaml"},
		{"another milestone", func(t *testing.T, at func(string) string) {
			write(t, at("milestones/M2.yaml"), "b")
			write(t, at(last), "b")
		}, last},
		{"what editors leave beside", func(t *testing.T, at func(string) string) {
			for _, name := range []string{"features/a.feature~", "features/.a.feature.swp", "fixtures/#a#", "fixtures/4913", "fixtures/a.tmp"} {
				write(t, at(name), "b")
			}
			write(t, at(last), "b")
		}, last},
		{"a mode", func(t *testing.T, at func(string) string) {
			os.Chmod(at("features/a.feature"), 0o600)
			write(t, at(last), "b")
		}, last},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			at := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
			for _, name := range []string{"features/a.feature", "fixtures/keys/k.pem", "milestones/M1.yaml", "milestones/M2.yaml"} {
				write(t, at(name), "a")
			}
			w, err := Open([]Folder{{at("features"), ".feature"}, {at("schemas"), ".json"}, {at("fixtures"), ""}}, []string{at("milestones/M1.yaml"), at("milestones/known.yaml")})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			test.change(t, at)
			var changed []string
			for !slices.Contains(changed, at(test.want)) {
				changed = <-w.Changes()
				for _, path := range changed {
					if path != at(test.want) && path != at("schemas") {
						t.Errorf("reported: %s", path)
					}
				}
			}
		})
	}
}

func TestNothingToWatch(t *testing.T) {
	if _, err := Open([]Folder{{filepath.Join(t.TempDir(), "no", "such"), ""}}, nil); err == nil {
		t.Error("there is nothing, and it is watched")
	}
}

// Changes are gathered until there was none for a while, but not for ever.
func TestGather(t *testing.T) {
	tests := []struct {
		name   string
		events []time.Duration // since the start
		want   []time.Duration // when a batch is sent
	}{
		{"one", []time.Duration{0}, []time.Duration{quiet}},
		{"two, soon after another", []time.Duration{0, quiet / 2}, []time.Duration{quiet/2 + quiet}},
		{"two, and a pause between them", []time.Duration{0, 2 * quiet}, []time.Duration{quiet, 3 * quiet}},
		{"no end of them", []time.Duration{0, quiet / 2, quiet, 3 * quiet / 2, 2 * quiet, 5 * quiet / 2, 3 * quiet, 7 * quiet / 2, 4*quiet - 1},
			[]time.Duration{most}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				done, events, changes := make(chan struct{}), make(chan string), make(chan []string)
				go gather(done, events, changes)
				go func() {
					for _, after := range test.events {
						time.Sleep(after - time.Since(start))
						events <- after.String()
					}
				}()
				var got []time.Duration
				changed := 0
				for changed < len(test.events) {
					changed += len(<-changes)
					got = append(got, time.Since(start))
				}
				close(done)
				if !slices.Equal(got, test.want) {
					t.Errorf("told after %v, want %v", got, test.want)
				}
			})
		})
	}
}

// A batch that was not received yet grows.
func TestGatherWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done, events, changes := make(chan struct{}), make(chan string), make(chan []string)
		defer close(done)
		go gather(done, events, changes)
		events <- "b"
		time.Sleep(2 * most)
		events <- "a"
		events <- "b"
		if got, want := <-changes, []string{"a", "b"}; !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}
