package artifact

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// content is an artifact of a run with this text in it.
func content(name, text string) []byte {
	if name == Verdict {
		return fmt.Appendf(nil, `{"milestone": "M1", "title": %q, "overall": true, "exit_code": 0, "artifacts": ["verdict.json"], "results": []}`, text)
	}
	return []byte(text)
}

// red is the verdict of a run that has not ended.
var red = []byte(`{"milestone": "M1", "overall": false, "exit_code": 4, "artifacts": [], "results": []}`)

// write makes a folder of artifacts that all have this text.
func write(t *testing.T, place, text string) *Folder {
	t.Helper()
	f, err := Open(place)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	fill(t, f, text)
	return f
}

func fill(t *testing.T, f *Folder, text string) {
	t.Helper()
	for _, name := range Names {
		if err := f.Write(name, content(name, text)); err != nil {
			t.Fatalf("writing: %v", err)
		}
	}
}

func commit(t *testing.T, place, text string) {
	t.Helper()
	if err := write(t, place, text).Commit(); err != nil {
		t.Fatalf("committing: %v", err)
	}
}

// holds expects a complete folder with this text at place, and nothing beside it.
func holds(t *testing.T, place, text string) {
	t.Helper()
	for _, name := range Names {
		got, err := os.ReadFile(filepath.Join(place, name))
		if err != nil || string(got) != string(content(name, text)) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, text)
		}
	}
	if diff := cmp.Diff([]string{filepath.Base(place)}, beside(t, place)); diff != "" {
		t.Errorf("in the parent (-want +got):\n%s", diff)
	}
}

func beside(t *testing.T, place string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(place))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestCommit(t *testing.T) {
	place := filepath.Join(t.TempDir(), "a", "b", "latest")
	commit(t, place, "one")
	holds(t, place, "one")
	commit(t, place, "two")
	holds(t, place, "two")
	info, err := os.Stat(place)
	if err != nil || info.Mode().Perm()&0o055 == 0 {
		t.Errorf("only its owner can read it: %v, %v", info.Mode(), err)
	}
}

func TestWritten(t *testing.T) {
	f := write(t, filepath.Join(t.TempDir(), "latest"), "x")
	defer f.Abandon()
	want := []string{"conformance.json", "conformance.md", "coverage.json", "exchanges.har", "exchanges.ndjson", "junit.xml", "messages.ndjson", "output.json", "report.html", "state.json", "verdict.json"}
	if diff := cmp.Diff(want, f.Written()); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}

func TestPlaceIsEmptyBeforeCommit(t *testing.T) {
	place := filepath.Join(t.TempDir(), "latest")
	f := write(t, place, "x")
	if _, err := os.Stat(place); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("before: %v", err)
	}
	f.Abandon()
	if names := beside(t, place); len(names) != 0 {
		t.Errorf("after abandoning: %v", names)
	}
}

func TestAbandonKeepsPreviousFolder(t *testing.T) {
	place := filepath.Join(t.TempDir(), "latest")
	commit(t, place, "old")
	write(t, place, "new").Abandon()
	holds(t, place, "old")
}

func TestFailedWriteKeepsPreviousFolder(t *testing.T) {
	place := filepath.Join(t.TempDir(), "latest")
	commit(t, place, "old")
	f := write(t, place, "new")
	if err := f.Write(Verdict, nil); err == nil {
		t.Error("an artifact was written twice")
	}
	if err := f.Write("no/such/folder.json", nil); err == nil || !strings.HasPrefix(err.Error(), "writing no/such/folder.json: ") {
		t.Errorf("got %v", err)
	}
	f.Abandon()
	holds(t, place, "old")
}

// A run that is killed in the middle of writing leaves the old folder, and its own, which a later run removes.
func TestKilledRunKeepsPreviousFolder(t *testing.T) {
	if place := os.Getenv("LPGATE_TEST_KILL"); place != "" {
		f, err := Open(place)
		if err == nil {
			err = f.Write(Verdict, []byte("half"))
		}
		fmt.Println("ready", err)
		select {}
	}
	place := filepath.Join(t.TempDir(), "latest")
	commit(t, place, "old")

	command := exec.Command(os.Args[0], "-test.run=^TestKilledRunKeepsPreviousFolder$")
	command.Env = append(os.Environ(), "LPGATE_TEST_KILL="+place)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, len("ready <nil>"))
	if _, err := out.Read(said); err != nil || string(said) != "ready <nil>" {
		t.Fatalf("the other run printed %q, %v", said, err)
	}
	names := beside(t, place)
	if len(names) != 2 {
		t.Fatalf("while it runs: %v", names)
	}
	killed := filepath.Join(filepath.Dir(place), names[1])
	age(t, killed)
	commit(t, place, "new") // it is old, but somebody holds it
	if _, err := os.Stat(killed); err != nil {
		t.Errorf("the folder of a run under way was removed: %v", err)
	}

	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait()
	for _, name := range Names {
		if got, err := os.ReadFile(filepath.Join(place, name)); err != nil || string(got) != string(content(name, "new")) {
			t.Errorf("after the kill, %s: %q, %v", name, got, err)
		}
	}
	age(t, killed)
	commit(t, place, "newer")
	holds(t, place, "newer")
}

// age makes a folder look as if it had been written long ago.
func age(t *testing.T, path string) {
	t.Helper()
	long := time.Now().Add(-2 * abandonedAfter)
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
}

// A reader always finds a folder while runs replace it, and each file is complete.
func TestConcurrentReaders(t *testing.T) {
	place := filepath.Join(t.TempDir(), "latest")
	long := strings.Repeat("x", 100_000)
	commit(t, place, long)
	stop := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := os.Stat(place); err != nil {
				t.Errorf("looking: %v", err)
				return
			}
			got, err := os.ReadFile(filepath.Join(place, State))
			if err != nil && !errors.Is(err, os.ErrNotExist) { // between finding the folder and the file it may go
				t.Errorf("reading: %v", err)
				return
			}
			if err == nil && len(got) != len(long) {
				t.Errorf("read %d bytes of %d", len(got), len(long))
				return
			}
		}
	})
	for range 20 {
		commit(t, place, long)
	}
	close(stop)
	reader.Wait()
}

func TestReplaceWithoutSwapping(t *testing.T) {
	unsupported := func(string, string) error { return errors.ErrUnsupported }
	folder := t.TempDir()
	place, temp := filepath.Join(folder, "latest"), filepath.Join(folder, "temp")
	make := func(path, name string) {
		t.Helper()
		if err := os.MkdirAll(path, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	make(temp, "new")
	if err := replace(temp, place, unsupported); err != nil {
		t.Fatalf("nothing there: %v", err)
	}
	make(temp, "newer")
	if err := replace(temp, place, unsupported); err != nil {
		t.Fatalf("something there: %v", err)
	}
	for path, want := range map[string]string{place: "newer", temp: "new"} {
		if _, err := os.Stat(filepath.Join(path, want)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := replace(filepath.Join(folder, "absent"), place, unsupported); err == nil {
		t.Error("nothing was put there, and no error")
	}
	if _, err := os.Stat(filepath.Join(place, "newer")); err != nil {
		t.Errorf("after a failure the old one is gone: %v", err)
	}
}

// What a run did not write, a run does not remove.
func TestForeignFolders(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, place string)
		want string
	}{
		{"a file", func(t *testing.T, place string) { put(t, place) }, "PLACE is a file, expected a folder for the artifacts"},
		{"a file that no run wrote in it", func(t *testing.T, place string) {
			commit(t, place, "x")
			put(t, filepath.Join(place, "notes.txt"))
		}, "PLACE has notes.txt in it, which would be lost"},
		{"a folder in it", func(t *testing.T, place string) {
			if err := os.MkdirAll(filepath.Join(place, "verdict.json"), 0o777); err != nil {
				t.Fatal(err)
			}
		}, "PLACE has verdict.json in it, which would be lost"},
		{"state.json that no run wrote", alone(State, "mine"), "PLACE has state.json in it, which would be lost, and no verdict.json of a run beside it: name an empty folder, or a new one"},
		{"report.html that no run wrote", alone(Page, "<p>mine</p>"), "PLACE has report.html in it, which would be lost, and no verdict.json of a run beside it: name an empty folder, or a new one"},
		{"verdict.json that no run wrote", alone(Verdict, `{"overall": true}`), "PLACE has verdict.json in it, which would be lost, and no verdict.json of a run beside it: name an empty folder, or a new one"},
		{"what a run kept that no run wrote", alone(State+Previous, "mine"), "PLACE has state.json.previous in it, which would be lost, and no verdict.json of a run beside it: name an empty folder, or a new one"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			place := filepath.Join(t.TempDir(), "latest")
			test.make(t, place)
			before := beside(t, place)
			_, err := Open(place)
			want := strings.ReplaceAll(test.want, "PLACE", place) + ": it was not written by a run"
			if !errors.Is(err, ErrForeign) || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if diff := cmp.Diff(before, beside(t, place)); diff != "" {
				t.Errorf("in the parent (-want +got):\n%s", diff)
			}
		})
	}
}

// alone makes a folder with one file in it.
func alone(name, text string) func(t *testing.T, place string) {
	return func(t *testing.T, place string) {
		t.Helper()
		if err := os.Mkdir(place, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(place, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func put(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestEmptyFolder(t *testing.T) {
	place := t.TempDir()
	commit(t, place, "x")
}

func TestInvalidPlaces(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "file"))
	if err := os.Symlink(filepath.Join(folder, "nowhere"), filepath.Join(folder, "dangling")); err != nil {
		t.Fatal(err)
	}
	for place, want := range map[string]string{
		"file/latest": "finding the folder for the artifacts: ",
		"dangling":    "finding the folder for the artifacts: " + filepath.Join(folder, "dangling") + " is a dangling link",
	} {
		f, err := Open(filepath.Join(folder, place))
		if err == nil {
			f.Abandon()
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", place, err, want)
		}
	}
}

// A link is followed: what it points to is replaced, and not the link.
func TestLink(t *testing.T) {
	folder := t.TempDir()
	place, link := filepath.Join(folder, "there", "latest"), filepath.Join(folder, "link")
	commit(t, place, "old")
	if err := os.Symlink(place, link); err != nil {
		t.Fatal(err)
	}
	commit(t, link, "new")
	holds(t, place, "new")
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info, err)
	}
}
