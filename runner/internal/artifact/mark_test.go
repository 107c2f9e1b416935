package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mark(t *testing.T, f *Folder) {
	t.Helper()
	if err := f.Mark(red, map[string][]byte{JUnit: []byte("red"), Page: []byte("red")}); err != nil {
		t.Fatalf("marking: %v", err)
	}
}

// begin opens a place and marks it.
func begin(t *testing.T, place string) *Folder {
	t.Helper()
	f, err := Open(place)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	mark(t, f)
	return f
}

// kill leaves a folder as a killed run does.
func kill(f *Folder) {
	for _, held := range f.locks {
		_ = held.Close()
	}
}

// isMarked expects the mark at a place, and what the run before left kept beside it; "" for nothing.
func isMarked(t *testing.T, place, text string) {
	t.Helper()
	want := map[string]string{Verdict: string(red), JUnit: "red", Page: "red"}
	if text != "" {
		for _, name := range Names {
			want[name+Previous] = string(content(name, text))
		}
	}
	if diff := cmp.Diff(want, files(t, place)); diff != "" {
		t.Errorf("at the place (-want +got):\n%s", diff)
	}
	if !IsMarked(place) {
		t.Error("it is not marked")
	}
}

// files are the texts of the files in a folder.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[entry.Name()] = string(text)
	}
	return all
}

// A run that is killed leaves its mark, and what the last run left that ended; however many are killed.
func TestMark(t *testing.T) {
	place := filepath.Join(t.TempDir(), "latest")
	kill(begin(t, place))
	isMarked(t, place, "")
	commit(t, place, "old")
	if IsMarked(place) {
		t.Error("it is marked after a run")
	}
	for range 3 {
		kill(begin(t, place))
		isMarked(t, place, "old")
	}
	f := begin(t, place)
	fill(t, f, "new")
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	got := files(t, place)
	if len(got) != len(Names) || got[JUnit] != "new" {
		t.Errorf("after a run that ended: %v", got)
	}
}

// Wherever a run is killed while it marks a place, the next one goes on from there, and keeps what the last run left that
// ended.
func TestKilledDuringMark(t *testing.T) {
	names := verdictLast()
	for killed := range len(names) + 2 {
		place := filepath.Join(t.TempDir(), "latest")
		commit(t, place, "old")
		at := func(name string) string { return filepath.Join(place, name) }
		if err := os.WriteFile(at(Verdict+Previous), content(Verdict, "old"), 0o666); err != nil {
			t.Fatal(err)
		}
		if killed > 0 {
			if err := os.WriteFile(at(Verdict), red, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range names[:max(0, min(killed-1, len(names)-1))] {
			if err := os.Rename(at(name), at(name+Previous)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(at("."+JUnit+".ABCDEFGHIJKL"), nil, 0o666); err != nil {
			t.Fatal(err)
		}
		kill(begin(t, place))
		if err := os.Remove(at("." + JUnit + ".ABCDEFGHIJKL")); err != nil {
			t.Fatal(err)
		}
		isMarked(t, place, "old")
	}
}

func TestWithdraw(t *testing.T) {
	place := filepath.Join(t.TempDir(), "latest")
	f := begin(t, place)
	f.Withdraw()
	f.Abandon()
	if names := beside(t, place); len(names) != 0 {
		t.Errorf("there was nothing, and now there is %v", names)
	}
	commit(t, place, "old")
	f = begin(t, place)
	f.Withdraw()
	f.Abandon()
	holds(t, place, "old")
	if got := files(t, place); len(got) != len(Names) {
		t.Errorf("there is more than before: %v", got)
	}
	kill(begin(t, place))
	f = begin(t, place)
	f.Withdraw()
	isMarked(t, place, "old")
}

func TestReadLast(t *testing.T) {
	verdict := func(scenario, artifacts string) []byte {
		return fmt.Appendf(nil, `{"milestone": "M1", "overall": false, "exit_code": 1, "artifacts": [%s], "results": [{"scenario": %q, "status": "failed"}]}`, artifacts, scenario)
	}
	write := func(t *testing.T, folder, name string, text []byte) {
		t.Helper()
		if err := ReplaceFile(filepath.Join(folder, name), text); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name string
		make func(t *testing.T, place string)
		want string
	}{
		{"the last run", func(t *testing.T, place string) {
			write(t, place, Verdict, verdict("last", `"verdict.json"`))
			write(t, place, Verdict+Previous, verdict("stale", `"verdict.json"`))
		}, "[last] <nil>"},
		{"the run before one that was killed", func(t *testing.T, place string) {
			write(t, place, Verdict, red)
			write(t, place, Verdict+Previous, verdict("before", `"verdict.json"`))
		}, "[before] <nil>"},
		{"one that was killed alone", func(t *testing.T, place string) {
			write(t, place, Verdict, red)
		}, "[] the last run did not end, and there was none before it: see PLACE/verdict.json"},
		{"nothing", func(t *testing.T, place string) {}, "[] there was no last run: PLACE has no verdict.json"},
		{"one that was put aside", func(t *testing.T, place string) {
			write(t, place+".run-ABC.old", Verdict, verdict("aside", `"verdict.json"`))
		}, "[aside] <nil>"},
		{"one that was put aside for a new one", func(t *testing.T, place string) {
			write(t, place+".run-ABC.old", Verdict, verdict("aside", `"verdict.json"`))
			write(t, place+".run-ABC", Verdict, verdict("new", `"verdict.json"`))
		}, "[new] <nil>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			place := filepath.Join(t.TempDir(), "latest")
			test.make(t, place)
			last, err := ReadLast(place)
			failed := []string{}
			if last != nil {
				failed = last.Failed()
			}
			if got, want := fmt.Sprint(failed, err), strings.ReplaceAll(test.want, "PLACE", filepath.ToSlash(place)); !strings.Contains(got, want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// A run completes the replacement of a folder during which an earlier run was killed.
func TestFinishReplacing(t *testing.T) {
	ready := func(t *testing.T, place string) (temp string) {
		t.Helper()
		commit(t, place, "old")
		f := begin(t, place)
		fill(t, f, "new")
		kill(f)
		return f.temp
	}
	rename := func(t *testing.T, from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	next := func(t *testing.T, place string) {
		t.Helper()
		f, err := Open(place)
		if err != nil {
			t.Fatal(err)
		}
		f.Abandon()
	}
	t.Run("before the new one", func(t *testing.T) {
		place := filepath.Join(t.TempDir(), "latest")
		temp := ready(t, place)
		rename(t, place, temp+asideSuffix)
		next(t, place)
		holds(t, place, "new")
	})
	t.Run("before a new one without a verdict", func(t *testing.T) {
		place := filepath.Join(t.TempDir(), "latest")
		temp := ready(t, place)
		rename(t, place, temp+asideSuffix)
		if err := os.Remove(filepath.Join(temp, Verdict)); err != nil {
			t.Fatal(err)
		}
		next(t, place)
		isMarked(t, place, "old")
		if diff := cmp.Diff([]string{temp}, Killed(place)); diff != "" {
			t.Errorf("killed (-want +got):\n%s", diff)
		}
	})
	t.Run("after the new one", func(t *testing.T) {
		place := filepath.Join(t.TempDir(), "latest")
		temp := ready(t, place)
		rename(t, place, temp+asideSuffix)
		rename(t, temp, place)
		next(t, place)
		holds(t, place, "new")
	})
	t.Run("before the clean-up", func(t *testing.T) {
		place := filepath.Join(t.TempDir(), "latest")
		temp := ready(t, place)
		if err := replace(temp, place, swap); err != nil {
			t.Fatal(err)
		}
		if killed := Killed(place); len(killed) != 0 {
			t.Errorf("the run before counts as killed: %v", killed)
		}
		next(t, place)
		holds(t, place, "new")
	})
}

// A folder that cannot be replaced is written to from inside.
func TestInside(t *testing.T) {
	real := system{os.Mkdir, swap, func(string) (bool, error) { return false, nil }}
	refuses := func(err error) func(string, fs.FileMode) error {
		return func(path string, mode fs.FileMode) error {
			if strings.Contains(filepath.Base(path), ".run-") {
				return &fs.PathError{Op: "mkdir", Path: path, Err: err}
			}
			return os.Mkdir(path, mode)
		}
	}
	for _, test := range []struct {
		name   string
		change func(*system)
		inside bool
	}{
		{"a mount point", func(s *system) { s.mounted = func(string) (bool, error) { return true, nil } }, true},
		{"a mount point that is noticed too late", func(s *system) { s.swap = func(string, string) error { return syscall.EBUSY } }, false},
		{"another device", func(s *system) { s.swap = func(string, string) error { return syscall.EXDEV } }, false},
		{"a parent of somebody else", func(s *system) { s.mkdir = refuses(syscall.EACCES) }, true},
		{"a parent that cannot be written", func(s *system) { s.mkdir = refuses(syscall.EROFS) }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			on := real
			test.change(&on)
			place := t.TempDir()
			for _, text := range []string{"one", "two"} {
				f, err := open(place, on)
				if err != nil {
					t.Fatal(err)
				}
				if got := filepath.Dir(f.temp) == place; got != test.inside {
					t.Errorf("%s is inside: %t", f.temp, got)
				}
				mark(t, f)
				if !IsMarked(place) {
					t.Error("it is not marked")
				}
				second, err := open(place, on)
				if err == nil {
					second.Abandon()
				}
				if test.inside != errors.Is(err, ErrInUse) {
					t.Errorf("a second run: %v", err)
				}
				fill(t, f, text)
				if text == "two" {
					f.Remove(HAR)
				}
				if err := f.Commit(); err != nil {
					t.Fatal(err)
				}
				want := map[string]string{}
				for _, name := range f.Written() {
					want[name] = string(content(name, text))
				}
				if diff := cmp.Diff(want, files(t, place)); diff != "" {
					t.Errorf("at the place (-want +got):\n%s", diff)
				}
				if names := runFolders(place); len(names) != 0 {
					t.Errorf("left: %v", names)
				}
			}
		})
	}
}

// What is in a mount point beside the artifacts of a run stays there, and what has the name of one is not overwritten.
func TestForeignFilesInside(t *testing.T) {
	on := system{os.Mkdir, swap, func(string) (bool, error) { return true, nil }}
	place := t.TempDir()
	put(t, filepath.Join(place, "notes.txt"))
	if err := os.Mkdir(filepath.Join(place, "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := open(place, on)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, f, "x")
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := beside(t, filepath.Join(place, "x")); !slices.Contains(got, "notes.txt") || !slices.Contains(got, "lost+found") {
		t.Errorf("left: %v", got)
	}
	if err := os.Remove(filepath.Join(place, Verdict)); err != nil {
		t.Fatal(err)
	}
	if _, err := open(place, on); !errors.Is(err, ErrForeign) {
		t.Errorf("artifacts without a verdict: %v", err)
	}
}

// A run that is killed inside of its place leaves its log there, and the next one finds it.
func TestKilledRunInside(t *testing.T) {
	on := system{os.Mkdir, swap, func(string) (bool, error) { return true, nil }}
	place := t.TempDir()
	f, err := open(place, on)
	if err != nil {
		t.Fatal(err)
	}
	mark(t, f)
	if err := f.Write(Messages, []byte("half")); err != nil {
		t.Fatal(err)
	}
	kill(f)
	if diff := cmp.Diff([]string{f.temp}, Killed(place)); diff != "" {
		t.Errorf("killed (-want +got):\n%s", diff)
	}
	next, err := open(place, on)
	if err != nil {
		t.Fatal(err)
	}
	next.Abandon()
}
