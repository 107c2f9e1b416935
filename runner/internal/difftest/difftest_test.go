package difftest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/runner/internal/difftest"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/service"
)

// locate returns the project of this repository.
func locate(t testing.TB) project.Project {
	t.Helper()
	p, err := project.Locate("../../../milestones/M109.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Two fakes do not differ, though every other one has given ids before.
func TestTwoFakesAgree(t *testing.T) {
	for _, seed := range []string{"one", "two"} {
		result, err := difftest.Run(t.Context(), difftest.Config{Project: locate(t), Target: service.Options{RunID: seed}, Steps: 1_000, Stdout: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range result.Causes {
			t.Errorf("run id %s: got %s", seed, c.Text)
		}
		if result.Steps != 1_000 {
			t.Errorf("run id %s: got %d calls, want 1000", seed, result.Steps)
		}
	}
}

// withoutCharset wraps a fake so that conflicts have another Content-Type.
func withoutCharset(fake http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fake.ServeHTTP(conflictWriter{w}, r)
	})
}

type conflictWriter struct{ http.ResponseWriter }

func (w conflictWriter) WriteHeader(status int) {
	if status == http.StatusConflict {
		w.Header().Set("Content-Type", "application/json")
	}
	w.ResponseWriter.WriteHeader(status)
}

// Two runs with the same random seed have the same report and the same files.
func TestReproducible(t *testing.T) {
	var reports [2]string
	for i := range reports {
		out := t.TempDir()
		var printed strings.Builder
		result, err := difftest.Run(t.Context(), difftest.Config{
			Project: locate(t), Target: service.Options{RunID: "same"}, Steps: 2_000, Folder: out, Stdout: &printed, Wrap: withoutCharset,
		})
		if err != nil || len(result.Causes) != 1 {
			t.Fatalf("got %v\n%s", err, printed.String())
		}
		text := strings.ReplaceAll(printed.String(), out, "OUT")
		for _, extension := range []string{".feature", ".sh", ".json"} {
			file, err := os.ReadFile(filepath.Join(out, result.Causes[0].Divergence.ID+extension))
			if err != nil {
				t.Fatal(err)
			}
			text += string(file)
		}
		if left, err := os.ReadDir(out); err != nil || len(left) != 3 {
			t.Errorf("got %v, %v, want three files", left, err)
		}
		reports[i] = text
	}
	if reports[0] != reports[1] {
		t.Errorf("two reports:\n%s\n----\n%s", reports[0], reports[1])
	}
}

// A difference of a target can be repeated against the target, against a correct service, and against a second fake.
func TestRepeat(t *testing.T) {
	fake, err := fakeserver.New(fakeserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	wrong := httptest.NewServer(withoutCharset(fake))
	defer wrong.Close()
	correct := fakeservertest.Start(t)
	out := t.TempDir()
	result, err := difftest.Run(t.Context(), difftest.Config{
		Project: locate(t), Target: service.Options{URL: wrong.URL, RunID: "again"}, Steps: 1_000, Folder: out, Stdout: io.Discard,
	})
	if err != nil || !result.Differs() {
		t.Fatalf("got %v, %v, want a difference", result.Causes, err)
	}
	id := result.Causes[0].Divergence.ID
	for _, server := range []struct {
		url     string
		differs bool
	}{{wrong.URL, true}, {correct.URL, false}, {"", false}} {
		repetition, err := difftest.Repeat(t.Context(), difftest.Config{Project: locate(t), Target: service.Options{URL: server.url}, Folder: out}, id)
		if err != nil {
			t.Fatal(err)
		}
		if (repetition.Now != nil) != server.differs || repetition.Same != server.differs {
			t.Errorf("at %q: got %v, want the difference: %t", server.url, repetition.Now, server.differs)
		}
	}
	text, err := os.ReadFile(filepath.Join(out, id+".json"))
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(out, "d-changed.json")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), "Content-Type", "Allow", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := difftest.Repeat(t.Context(), difftest.Config{Project: locate(t), Folder: out}, "d-changed"); err == nil || !strings.Contains(err.Error(), "changed.json") {
		t.Errorf("a file with another id: got %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	_, err := difftest.Run(t.Context(), difftest.Config{Project: locate(t), Target: service.Options{URL: "http://127.0.0.1:1"}, Steps: 10, Stdout: io.Discard})
	if !difftest.Unreachable(err) {
		t.Errorf("got %v, want that the target cannot be reached", err)
	}
}
