//go:build !race

package difftest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/lpgate/runner/internal/difftest"
	"example.com/lpgate/runner/internal/imperfect"
	"example.com/lpgate/runner/internal/service"
)

// texts returns the texts of causes without their common prefix.
func texts(causes []*difftest.Cause) (all []string) {
	for _, c := range causes {
		all = append(all, strings.TrimPrefix(c.Text, "difference: "))
	}
	return all
}

// A run finds several causes, and shrinks those that are not known.
func TestSeveralCauses(t *testing.T) {
	wrap := func(fake http.Handler) http.Handler {
		withoutViolations := wrongService{handle: changingResponse("POST", "", func(a *reply) { a.remove("error", "details", "violations") })}
		return withoutCharset(withoutViolations.wrap(fake))
	}
	const charset, violations = `header Content-Type "application/json", fake "application/json; charset=utf-8"`, "body /error/details/violations missing"
	for _, known := range [][]string{nil, {violations}, {violations, charset}} {
		var printed strings.Builder
		result, err := difftest.Run(t.Context(), difftest.Config{
			Project: locate(t), Steps: 500, Folder: t.TempDir(), Stdout: &printed, Wrap: wrap,
			Known: func(cause, operation, _ string) bool {
				return operation != "" && slices.Contains(known, strings.TrimPrefix(cause, "difference: "))
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Sorted(slices.Values(texts(result.Causes))); !slices.Equal(got, []string{violations, charset}) {
			t.Errorf("got the causes %q", got)
		}
		if result.Steps != 500 || result.Differs() != (len(known) < 2) {
			t.Errorf("with %d known causes: got %d calls, differs: %t", len(known), result.Steps, result.Differs())
		}
		for _, c := range result.Causes {
			isKnown := slices.Contains(known, strings.TrimPrefix(c.Text, "difference: "))
			if c.Known != isKnown || (c.Divergence == nil) != isKnown || c.Count == 0 || len(c.Operations) == 0 || len(c.Rules) == 0 {
				t.Errorf("with %d known causes: got %+v", len(known), c)
			}
			if c.Divergence != nil && (len(c.Divergence.Sequence.Calls) > 2 || !strings.Contains(printed.String(), c.Divergence.ID+".feature")) {
				t.Errorf("got a sequence of %d calls\n%s", len(c.Divergence.Sequence.Calls), printed.String())
			}
		}
	}
}

// startImperfect starts an imperfect service with the habits.
func startImperfect(t *testing.T, habits ...string) service.Options {
	t.Helper()
	handler, err := imperfect.New(imperfect.Options{Habits: habits, TestClock: true})
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(handler)
	t.Cleanup(served.Close)
	return service.Options{URL: served.URL, RunID: "imperfect"}
}

// A service with many habits is compared until each rule is reached that its capabilities allow: as many as with a service
// that does not differ.
func TestKnownDifferencesDoNotHideRules(t *testing.T) {
	const calls = 4_000
	unreached := map[bool][]string{}
	for _, isImperfect := range []bool{false, true} {
		var habits []string
		if isImperfect {
			isFatal := func(habit string) bool { return habit == "exit-on-empty-segments" }
			habits = slices.DeleteFunc(imperfect.AllHabits(), isFatal)
		}
		target := startImperfect(t, habits...)
		target.NoCapabilities = []string{"key-set"}
		result, err := difftest.Run(t.Context(), difftest.Config{
			Project: locate(t), Target: target, Steps: calls, Folder: t.TempDir(), Stdout: io.Discard,
			Known: func(string, string, string) bool { return true },
		})
		if err != nil {
			t.Fatal(err)
		}
		if result.Differs() || (len(result.Causes) > 0) != isImperfect || result.Steps != calls {
			t.Errorf("imperfect: %t: got %d calls and the causes %q", isImperfect, result.Steps, texts(result.Causes))
		}
		unreached[isImperfect], _ = result.Coverage.Unreached()
	}
	for _, rule := range unreached[true] {
		if !slices.Contains(unreached[false], rule) {
			t.Errorf("not reached in %d calls: %s", calls, rule)
		}
	}
}

// With valid requests only, a service that is less strict than the schemas does not differ.
func TestValidOnly(t *testing.T) {
	lenient := []string{
		"strings-trimmed", "numeric-strings-taken", "unknown-members-ignored", "loose-times-taken", "malformed-json-is-500", "large-body-is-500",
		"other-method-is-404", "identity-before-routing", "blank-provider-id-is-400", "long-key-taken", "no-violations",
	}
	for _, validOnly := range []bool{true, false} {
		var printed strings.Builder
		result, err := difftest.Run(t.Context(), difftest.Config{
			Project: locate(t), Target: startImperfect(t, lenient...), Steps: 1_000, ValidOnly: validOnly, Folder: t.TempDir(), Stdout: &printed,
			Known: func(string, string, string) bool { return !validOnly },
		})
		if err != nil {
			t.Fatal(err)
		}
		if (len(result.Causes) == 0) != validOnly {
			t.Errorf("valid only: %t: got the causes %q\n%s", validOnly, texts(result.Causes), printed.String())
		}
	}
}

// A request without a response is the first cause, and does not end the run.
func TestNoResponse(t *testing.T) {
	const timeout = 300 * time.Millisecond
	ended := make(chan struct{}) // a server does not see the end of a connection whose request it has not read
	defer close(ended)
	for _, test := range []struct {
		name, cause string
		handle      func(w http.ResponseWriter, r *http.Request)
	}{
		{"closed", "no response: the connection was closed before the answer was complete", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"hangs", "no response: no answer in time: one request may take 300ms (--max-time)", func(http.ResponseWriter, *http.Request) { <-ended }},
	} {
		t.Run(test.name, func(t *testing.T) {
			service, err := imperfect.New(imperfect.Options{TestClock: true})
			if err != nil {
				t.Fatal(err)
			}
			served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				// The server is not closed: that would wait for the requests that hang.
				if r.URL.Path == "//" {
					test.handle(w, r)
				}
				withoutCharset(service).ServeHTTP(w, r)
			}))
			var printed strings.Builder
			result, err := difftest.Run(t.Context(), difftest.Config{
				Project: locate(t), Target: targetAt(served.URL, timeout), Steps: 1_500, Folder: t.TempDir(), Stdout: &printed,
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := texts(result.Causes); len(got) != 2 || got[0] != test.cause || result.Steps != 1_500 {
				t.Fatalf("got %d calls and the causes %q\n%s", result.Steps, got, printed.String())
			}
			if d := result.Causes[0].Divergence; len(d.Sequence.Calls) != 1 || d.Sequence.Calls[0].Path != "//" {
				t.Errorf("got %+v", d)
			}
		})
	}
}

// When the target does not respond any more, the report has what was found until then.
func TestDeadTarget(t *testing.T) {
	service, err := imperfect.New(imperfect.Options{Habits: []string{"no-violations"}, TestClock: true})
	if err != nil {
		t.Fatal(err)
	}
	var isDead atomic.Bool
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "//" {
			isDead.Store(true)
		}
		if isDead.Load() {
			panic(http.ErrAbortHandler)
		}
		service.ServeHTTP(w, r)
	}))
	defer served.Close()
	var printed strings.Builder
	result, err := difftest.Run(t.Context(), difftest.Config{
		Project: locate(t), Target: targetAt(served.URL, time.Second), Steps: 5_000, Folder: t.TempDir(), Stdout: &printed,
	})
	if !difftest.Unreachable(err) {
		t.Errorf("got %v, want that the target does not respond", err)
	}
	want := []string{"no response: the connection was closed before the answer was complete", "body /error/details/violations missing"}
	if got := texts(result.Causes); !slices.Equal(got, want) || !strings.Contains(printed.String(), "The target stopped responding: ") {
		t.Errorf("got the causes %q\n%s", got, printed.String())
	}
}

// targetAt describes a service at a URL.
func targetAt(url string, timeout time.Duration) service.Options {
	return service.Options{URL: url, RunID: "first", MaxTime: timeout}
}
