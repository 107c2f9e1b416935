//go:build !race

package difftest_test

// # The walk is proved on liars
//
// As in package run: an honest fake stands behind a handler that tells one lie on top of it, and the walk has to find it
// within so many steps, make it so short, and write a scenario that the gate itself runs green against the honest fake
// and red against the liar.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/lpgate/runner/internal/difftest"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/project"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/run"
)

// lie is one lie, and how it has to be found.
type lie struct {
	name, says string
	within     int    // steps
	calls      int    // of the shortest walk
	kind, at   string // of the difference
	rule       string // that the fake names; "" for any
	tell       func(honest http.Handler, r *http.Request, body []byte) *reply
}

// reply is an answer on its way back.
type reply struct {
	*httptest.ResponseRecorder
	tree any
}

func ask(honest http.Handler, r *http.Request, body []byte) *reply {
	c := r.Clone(r.Context())
	c.Body, c.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	w := httptest.NewRecorder()
	honest.ServeHTTP(w, c)
	a := &reply{ResponseRecorder: w}
	d := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	d.UseNumber()
	if d.Decode(&a.tree) != nil {
		a.tree = nil
	}
	return a
}

// at is a member by its names, and the object that it is in.
func (a *reply) at(names ...string) (value any, in map[string]any) {
	value = a.tree
	for _, name := range names {
		in, _ = value.(map[string]any)
		value = in[name]
	}
	return value, in
}

// put changes a member that is there.
func (a *reply) put(value any, names ...string) {
	if old, in := a.at(names...); old != nil {
		in[names[len(names)-1]] = value
		a.write()
	}
}

func (a *reply) drop(names ...string) {
	if _, in := a.at(names...); in != nil {
		delete(in, names[len(names)-1])
		a.write()
	}
}

func (a *reply) write() {
	text, err := json.Marshal(a.tree)
	if err != nil {
		panic(err) // it came from JSON
	}
	a.Body = bytes.NewBuffer(text)
}

// wrap stands before a fake.
func (l lie) wrap(honest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		a := l.tell(honest, r, body)
		for name, values := range a.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(a.Code)
		_, _ = w.Write(a.Body.Bytes())
	})
}

// answering changes what the honest fake answers to requests whose path ends so.
func answering(method, suffix string, change func(a *reply)) func(http.Handler, *http.Request, []byte) *reply {
	return func(honest http.Handler, r *http.Request, body []byte) *reply {
		a := ask(honest, r, body)
		if (method == "" || r.Method == method) && strings.HasSuffix(r.URL.Path, suffix) {
			change(a)
		}
		return a
	}
}

// asking changes the body that the honest fake is asked with.
func asking(suffix string, change func(body map[string]any) bool) func(http.Handler, *http.Request, []byte) *reply {
	return func(honest http.Handler, r *http.Request, body []byte) *reply {
		var tree map[string]any
		if strings.HasSuffix(r.URL.Path, suffix) && json.Unmarshal(body, &tree) == nil && change(tree) {
			body, _ = json.Marshal(tree)
		}
		return ask(honest, r, body)
	}
}

const (
	onboarding = "/partner-liquidity-providers"
	evaluating = "/eligibility/evaluate"
	rolling    = "/rollout"
	exporting  = "/rollout/export"
)

var lies = []lie{
	{
		name: "status", says: "A provider that is taken is told with 400.", within: 20_000, calls: 2, kind: "status", rule: "onboard-id-is-free",
		tell: answering("POST", onboarding, func(a *reply) {
			if code, _ := a.at("error", "code"); code == "CONFLICT" {
				a.Code = 400
			}
		}),
	},
	{
		name: "code", says: "Who names nobody is forbidden to call.", within: 2_000, calls: 1, kind: "body", at: "/error/code", rule: "identity-is-required",
		tell: answering("", "", func(a *reply) {
			if a.Code == 401 {
				a.put("FORBIDDEN", "error", "code")
			}
		}),
	},
	{
		name: "reason-code", says: "A blocked rollout demands a downgrade.", within: 2_000, calls: 2, kind: "body", at: "/error/details/reason_code",
		rule: "rollout-needs-allow-verdict",
		tell: answering("POST", rolling, func(a *reply) {
			a.put("partner_liquidity_provider_downgrade_required", "error", "details", "reason_code")
		}),
	},
	{
		name: "member-missing", says: "An evaluation does not say which tier the provider has.", within: 2_000, calls: 2, kind: "body",
		at: "/eligibility/current_segment_tier", tell: answering("POST", evaluating, func(a *reply) { a.drop("eligibility", "current_segment_tier") }),
	},
	{
		name: "member-more", says: "A provider has a score.", within: 2_000, calls: 1, kind: "body", at: "/provider/score",
		tell: answering("POST", onboarding, func(a *reply) {
			if provider, _ := a.at("provider"); provider != nil {
				provider.(map[string]any)["score"] = 1
				a.write()
			}
		}),
	},
	{
		name: "content-type", says: "The charset is not told.", within: 100, calls: 1, kind: "header", at: "Content-Type",
		tell: answering("", "", func(a *reply) { a.Header().Set("Content-Type", "application/json") }),
	},
	{
		name: "allow", says: "HEAD is said to be allowed where GET is.", within: 2_000, calls: 1, kind: "header", at: "Allow", rule: "method-is-allowed",
		tell: answering("", "", func(a *reply) {
			if a.Header().Get("Allow") == "GET" {
				a.Header().Set("Allow", "GET, HEAD")
			}
		}),
	},
	{
		name: "correlation", says: "A request's own correlation id is not used.", within: 2_000, calls: 1, kind: "header", at: "X-Correlation-Id",
		rule: "correlation-id-is-echoed",
		tell: func(honest http.Handler, r *http.Request, body []byte) *reply {
			r.Header.Del("X-Correlation-Id")
			return ask(honest, r, body)
		},
	},
	{
		name: "off-by-one", says: "One compliant window is enough to climb.", within: 10_000, calls: 2, kind: "body",
		tell: func(honest http.Handler, r *http.Request, body []byte) *reply {
			a := ask(honest, r, body)
			asked := &reply{}
			if strings.HasSuffix(r.URL.Path, evaluating) && json.Unmarshal(body, &asked.tree) == nil {
				if windows, _ := asked.at("eligibility", "consecutive_compliant_windows"); windows == 1.0 {
					if codes, _ := a.at("eligibility", "reason_codes"); codes != nil && len(codes.([]any)) == 1 {
						a.put([]any{}, "eligibility", "reason_codes")
						a.put("allow", "eligibility", "verdict")
					}
				}
			}
			return a
		},
	},
	{
		name: "limit-not-capped", says: "A page may have 201 entries.", within: 20_000, calls: 2, kind: "body", at: "/export/query/limit", rule: "export-fills-defaults",
		tell: func(honest http.Handler, r *http.Request, body []byte) *reply {
			a := ask(honest, r, body)
			if limits := r.URL.Query()["limit"]; len(limits) > 0 && limits[len(limits)-1] == "201" {
				a.put(201, "export", "query", "limit")
			}
			return a
		},
	},
	{
		name: "replay-runs-again", says: "A request that comes again runs again.", within: 2_000, calls: 2,
		kind: "header", at: "Idempotent-Replayed", rule: "idempotency-replays-the-answer",
		tell: func(honest http.Handler, r *http.Request, body []byte) *reply {
			a := ask(honest, r, body)
			if a.Header().Get("Idempotent-Replayed") != "" {
				again := r.Clone(r.Context())
				again.Header.Set("Idempotency-Key", r.Header.Get("Idempotency-Key")[:1]+"-again")
				return ask(honest, again, body)
			}
			return a
		},
	},
	{
		name: "replay-unmarked", says: "A stored answer does not say that it is one.", within: 2_000, calls: 2, kind: "header", at: "Idempotent-Replayed",
		rule: "idempotency-replays-the-answer", tell: answering("", "", func(a *reply) { a.Header().Del("Idempotent-Replayed") }),
	},
	{
		name: "key-too-long", says: "A key of 256 characters is taken.", within: 10_000, calls: 1, kind: "status", rule: "idempotency-key-is-present",
		tell: func(honest http.Handler, r *http.Request, body []byte) *reply {
			if key := r.Header.Get("Idempotency-Key"); len([]rune(key)) == 256 {
				r.Header.Set("Idempotency-Key", string([]rune(key)[:255]))
			}
			return ask(honest, r, body)
		},
	},
	{
		name: "violations", says: "A schema refusal does not say where.", within: 2_000, calls: 1, kind: "body", rule: "request-matches-schema",
		tell: answering("POST", "", func(a *reply) { a.drop("error", "details", "violations") }),
	},
	{
		name: "refused-and-done", says: "A status that is refused is set all the same.", within: 10_000, calls: 3, kind: "body",
		tell: func(honest http.Handler, r *http.Request, body []byte) *reply {
			a := ask(honest, r, body)
			var asked map[string]map[string]any
			if code, _ := a.at("error", "code"); code == "CONFLICT" && strings.HasSuffix(r.URL.Path, "/status") && json.Unmarshal(body, &asked) == nil {
				asked["status"]["status"] = "pending_review"
				text, _ := json.Marshal(map[string]any{"status": asked["status"]})
				again := r.Clone(r.Context())
				again.Header.Set("Idempotency-Key", "secretly-"+r.Header.Get("Idempotency-Key"))
				ask(honest, again, text)
			}
			return a
		},
	},
	{
		name: "export-order", says: "The last entry comes first.", within: 10_000, calls: 3, kind: "body",
		tell: answering("GET", exporting, func(a *reply) {
			if entries, _ := a.at("export", "entries"); entries != nil {
				slices.Reverse(entries.([]any))
				a.write()
			}
		}),
	},
	{
		name: "capabilities-hash", says: "The hash of capabilities is another one.", within: 10_000, calls: 2, kind: "body", at: "/rollout/capabilities_hash",
		tell: answering("POST", rolling, func(a *reply) { a.put("sha256:"+strings.Repeat("ab", 32), "rollout", "capabilities_hash") }),
	},
	{
		name: "export-hash", says: "The hash of a page is another one.", within: 2_000, calls: 2, kind: "body", at: "/export/export_hash", rule: "export-hashes-the-page",
		tell: answering("GET", exporting, func(a *reply) { a.put(strings.Repeat("ab", 32), "export", "export_hash") }),
	},
	{
		name: "signature", says: "Somebody else signs.", within: 2_000, calls: 2, kind: "proof", at: "/export",
		tell: answering("GET", exporting, func(a *reply) { a.put(strings.Repeat("A", 85)+"Q==", "export", "signature", "sig") }),
	},
	{
		name: "time", says: "A time is rounded to the second.", within: 10_000, calls: 1, kind: "body", at: "/provider/created_at",
		tell: asking(onboarding, func(body map[string]any) bool {
			at, _ := body["recorded_at"].(string)
			body["recorded_at"] = strings.Replace(at, ".001Z", ".000Z", 1)
			return strings.HasSuffix(at, ".001Z")
		}),
	},
}

func TestLies(t *testing.T) {
	for _, l := range lies {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			out := t.TempDir()
			var printed strings.Builder
			result, err := difftest.Run(t.Context(), difftest.Config{
				Project: locate(t), Steps: l.within, Folder: out, Stdout: &printed, Wrap: l.wrap,
			})
			if err != nil {
				t.Fatal(err)
			}
			d := result.Divergence
			if d == nil {
				t.Fatalf("not found within %d steps: %s", l.within, l.says)
			}
			if len(d.Sequence.Calls) != l.calls {
				t.Errorf("got a walk of %d calls, want %d", len(d.Sequence.Calls), l.calls)
			}
			if d.Difference.Kind != l.kind || l.at != "" && d.Difference.At != l.at {
				t.Errorf("got a difference of %s at %q, want %s at %q", d.Difference.Kind, d.Difference.At, l.kind, l.at)
			}
			if l.rule != "" && d.Rule != l.rule {
				t.Errorf("got the rule %s, want %s", d.Rule, l.rule)
			}
			l.mustTurnRed(t, d, filepath.Join(out, d.Ref+".feature"))
			if t.Failed() {
				_, after, _ := strings.Cut(printed.String(), "difference at")
				t.Log(after)
			}
		})
	}
}

// assertsRefusal finds the step about what was refused.
var assertsRefusal = regexp.MustCompile(`(?m)^    (Then|And) (the answer is [45][0-9]{2} |"/(eligibility|rollout)/reason_codes" is \[")`)

// mustTurnRed puts the scenario where it belongs, and lets the gate run it.
func (l lie) mustTurnRed(t *testing.T, d *difftest.Divergence, feature string) {
	text, err := os.ReadFile(feature)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := os.CopyFS(filepath.Join(root, "features"), os.DirFS("../../../features")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "milestones"), 0o777); err != nil {
		t.Fatal(err)
	}
	milestone, err := os.ReadFile("../../../milestones/M109.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, "milestones", "M109.yaml")
	if err := os.WriteFile(file, milestone, 0o666); err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(string(text), "\n")
	var home string
	if _, err := fmt.Sscanf(first, "# Its place is %s", &home); err != nil {
		t.Fatalf("it does not say where its place is: %s", first)
	}
	_, scenario, _ := strings.Cut(rest, "\n\n")
	if d.Side == plan.Refuses && !assertsRefusal.MatchString(scenario) {
		t.Errorf("tagged @refuses, and no refusal is asserted, as lint wants it:\n%s", scenario)
	}
	home = filepath.Join(root, strings.TrimSuffix(home, "."))
	old, err := os.ReadFile(home)
	if err == nil {
		err = os.WriteFile(home, []byte(string(old)+"\n"+scenario), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	located, err := project.Locate(file)
	if err != nil {
		t.Fatal(err)
	}
	in, err := located.Read()
	if err != nil {
		t.Fatalf("the plan does not take it: %v\n%s", err, scenario)
	}
	at := slices.IndexFunc(in.Plan.Scenarios, func(s plan.Scenario) bool { return strings.Contains(s.Name, d.Ref) })
	if at < 0 {
		t.Fatal("the plan has no such scenario")
	}
	for _, side := range []struct {
		name string
		wrap func(http.Handler) http.Handler
		want record.Status
	}{{"the honest fake", nil, record.Passed}, {"the liar", l.wrap, record.Failed}} {
		var printed strings.Builder
		result, err := run.Run(t.Context(), run.Config{
			Milestone: file, Out: filepath.Join(t.TempDir(), "out"), Stdout: &printed, Wrap: side.wrap,
			Filter: plan.Filter{Refs: []string{in.Plan.Scenarios[at].Ref()}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Results[in.Plan.Scenarios[at].ID]; got != side.want {
			t.Errorf("against %s: got %s, want %s\n%s\n%s", side.name, got, side.want, scenario, printed.String())
		}
	}
}
