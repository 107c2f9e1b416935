package drift_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/runner/internal/drift"
	"example.com/lpgate/runner/internal/project"
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
		result, err := drift.Run(t.Context(), drift.Config{Project: locate(t), Seed: seed, Steps: 1_000, Stdout: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		if result.Drift != nil {
			t.Errorf("seed %s: got %s: %s", seed, result.Drift.Ref, result.Drift.Difference.String())
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
		result, err := drift.Run(t.Context(), drift.Config{
			Project: locate(t), Seed: "same", Steps: 2_000, Out: out, Stdout: &printed, Wrap: clumsy,
		})
		if err != nil || result.Drift == nil {
			t.Fatalf("got %v, %v", result.Drift, err)
		}
		text := strings.ReplaceAll(printed.String(), out, "OUT")
		for _, extension := range []string{".feature", ".sh", ".json"} {
			file, err := os.ReadFile(filepath.Join(out, result.Drift.Ref+extension))
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

// A service with a clock, keys and ids of its own is no other than the fake, and neither is one that was used before.
func TestTargetThatKeepsTheContract(t *testing.T) {
	for _, test := range []struct {
		name   string
		has    []string
		change func(*fakeserver.Options)
	}{
		{"another key", nil, func(o *fakeserver.Options) {
			key, err := os.ReadFile("../../../fixtures/keys/operator.pem")
			if err != nil {
				t.Fatal(err)
			}
			private, err := fakeserver.ReadSigningKey(key)
			if err != nil {
				t.Fatal(err)
			}
			o.SigningKey = &fakeserver.SigningKey{ID: "own-k1", Private: private}
		}},
		{"no test clocks", []string{"no-test-clocks"}, func(o *fakeserver.Options) { o.IgnoreTestClocks = true }},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := fakeserver.Start(t, test.change).URL
			for _, seed := range []string{"first", "second"} { // each has ids of its own
				var printed strings.Builder
				result, err := drift.Run(t.Context(), drift.Config{
					Project: locate(t), Seed: seed, Steps: 1_500, Out: t.TempDir(), Stdout: &printed, Target: url, Has: test.has,
				})
				if err != nil {
					t.Fatal(err)
				}
				if result.Drift != nil {
					_, after, _ := strings.Cut(printed.String(), "difference at")
					t.Errorf("it differs:\n%s", after)
				}
			}
		})
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
	honest := fakeserver.Start(t)
	out := t.TempDir()
	result, err := drift.Run(t.Context(), drift.Config{
		Project: locate(t), Seed: "again", Steps: 2_000, Out: out, Stdout: io.Discard, Target: liar.URL,
	})
	if err != nil || result.Drift == nil {
		t.Fatalf("got %v, %v, want a difference", result.Drift, err)
	}
	loaded, err := drift.Load(filepath.Join(out, result.Drift.Ref+".json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, side := range []struct {
		url     string
		differs bool
	}{{liar.URL, true}, {honest.URL, false}, {"", false}} {
		room, err := drift.NewRoom(t.Context(), drift.Config{Project: locate(t), Seed: "another", Target: side.url})
		if err != nil {
			t.Fatal(err)
		}
		difference, err := room.Play(t.Context(), loaded)
		if err != nil {
			t.Fatal(err)
		}
		if (difference != nil) != side.differs {
			t.Errorf("at %q: got %v, want a difference: %t", side.url, difference, side.differs)
		}
	}
	text, err := os.ReadFile(filepath.Join(out, result.Drift.Ref+".json"))
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(out, "changed.json")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), "Content-Type", "Allow", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := drift.Load(changed); err == nil || !strings.Contains(err.Error(), "changed.json") {
		t.Errorf("a file whose name is not that of what is in it: got %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	_, err := drift.Run(t.Context(), drift.Config{Project: locate(t), Seed: "x", Steps: 10, Stdout: io.Discard, Target: "http://127.0.0.1:1"})
	if !drift.Unreachable(err) {
		t.Errorf("got %v, want that the target cannot be reached", err)
	}
}
