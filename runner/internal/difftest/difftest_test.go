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

// locate is the project of this repository.
func locate(t testing.TB) project.Project {
	t.Helper()
	p, err := project.Locate("../../../milestones/M109.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Between two fakes nothing differs, though every other one has given out ids before.
func TestTwoFakesAgree(t *testing.T) {
	for _, seed := range []string{"one", "two"} {
		result, err := difftest.Run(t.Context(), difftest.Config{Project: locate(t), Target: service.Options{RunID: seed}, Steps: 1_000, Stdout: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		if result.Divergence != nil {
			t.Errorf("seed %s: got %s: %s", seed, result.Divergence.Ref, result.Divergence.Difference.String())
		}
		if result.Steps != 1_000 {
			t.Errorf("seed %s: got %d steps, want 1000", seed, result.Steps)
		}
	}
}

// clumsy is a fake that answers one thing otherwise: the Content-Type of a success.
func clumsy(honest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		honest.ServeHTTP(plain{w}, r)
	})
}

type plain struct{ http.ResponseWriter }

func (p plain) WriteHeader(status int) {
	if status == http.StatusConflict {
		p.Header().Set("Content-Type", "application/json")
	}
	p.ResponseWriter.WriteHeader(status)
}

// The same seed gives the same report and the same files, byte for byte.
func TestSameSeedSameReport(t *testing.T) {
	var reports [2]string
	for i := range reports {
		out := t.TempDir()
		var printed strings.Builder
		result, err := difftest.Run(t.Context(), difftest.Config{
			Project: locate(t), Target: service.Options{RunID: "same"}, Steps: 2_000, Folder: out, Stdout: &printed, Wrap: clumsy,
		})
		if err != nil || result.Divergence == nil {
			t.Fatalf("got %v, %v", result.Divergence, err)
		}
		text := strings.ReplaceAll(printed.String(), out, "OUT")
		for _, extension := range []string{".feature", ".sh", ".json"} {
			file, err := os.ReadFile(filepath.Join(out, result.Divergence.Ref+extension))
			if err != nil {
				t.Fatal(err)
			}
			text += string(file)
		}
		if left, err := os.ReadDir(out); err != nil || len(left) != 3 {
			t.Errorf("got %v, %v, want three files and nothing else", left, err)
		}
		reports[i] = text
	}
	if reports[0] != reports[1] {
		t.Errorf("two reports:\n%s\n----\n%s", reports[0], reports[1])
	}
}

// What was found at a target can be loaded and played again, there and against the truth.
func TestPlayAgain(t *testing.T) {
	fake, err := fakeserver.New(fakeserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	liar := httptest.NewServer(clumsy(fake))
	defer liar.Close()
	honest := fakeservertest.Start(t)
	out := t.TempDir()
	result, err := difftest.Run(t.Context(), difftest.Config{
		Project: locate(t), Target: service.Options{URL: liar.URL, RunID: "again"}, Steps: 2_000, Folder: out, Stdout: io.Discard,
	})
	if err != nil || result.Divergence == nil {
		t.Fatalf("got %v, %v, want a difference", result.Divergence, err)
	}
	for _, side := range []struct {
		url     string
		differs bool
	}{{liar.URL, true}, {honest.URL, false}, {"", false}} {
		again, err := difftest.Repeat(t.Context(), difftest.Config{Project: locate(t), Target: service.Options{URL: side.url}, Folder: out}, result.Divergence.Ref)
		if err != nil {
			t.Fatal(err)
		}
		if (again.Now != nil) != side.differs || again.Same != side.differs {
			t.Errorf("at %q: got %v, want the difference: %t", side.url, again.Now, side.differs)
		}
	}
	text, err := os.ReadFile(filepath.Join(out, result.Divergence.Ref+".json"))
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(out, "d-changed.json")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), "Content-Type", "Allow", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := difftest.Repeat(t.Context(), difftest.Config{Project: locate(t), Folder: out}, "d-changed"); err == nil || !strings.Contains(err.Error(), "changed.json") {
		t.Errorf("a file whose name is not that of what is in it: got %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	_, err := difftest.Run(t.Context(), difftest.Config{Project: locate(t), Target: service.Options{URL: "http://127.0.0.1:1"}, Steps: 10, Stdout: io.Discard})
	if !difftest.Unreachable(err) {
		t.Errorf("got %v, want that the target cannot be reached", err)
	}
}
