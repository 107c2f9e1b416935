//go:build !race

package difftest_test

// Each wrong service is the fake behind a handler that changes one behaviour. A run must find the change within a number of
// calls, shrink it to a number of calls, and write a scenario that passes against the fake and fails against the service.

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

// wrongService is a change of the fake, and how it must be found.
type wrongService struct {
	name, description string
	steps             int             // of the run
	calls             int             // of the shortest sequence, at most
	kind              difftest.Kind   // of the difference
	at                string          // of the difference; "" for any
	rule              string          // of the divergence; "" for any
	handle            responseHandler // answers a request
}

// responseHandler answers a request with the help of the fake.
type responseHandler func(fake http.Handler, r *http.Request, body []byte) *reply

// reply is a response of the fake before it is sent.
type reply struct {
	*httptest.ResponseRecorder
	value any // of the body
}

// send sends a request to the fake.
func send(fake http.Handler, r *http.Request, body []byte) *reply {
	c := r.Clone(r.Context())
	c.Body, c.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	w := httptest.NewRecorder()
	fake.ServeHTTP(w, c)
	a := &reply{ResponseRecorder: w}
	d := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	d.UseNumber()
	if d.Decode(&a.value) != nil {
		a.value = nil
	}
	return a
}

// member returns a member by the names on the way to it, and the object that it is in.
func (a *reply) member(names ...string) (value any, in map[string]any) {
	value = a.value
	for _, name := range names {
		in, _ = value.(map[string]any)
		value = in[name]
	}
	return value, in
}

// set changes a member that exists.
func (a *reply) set(value any, names ...string) {
	if old, in := a.member(names...); old != nil {
		in[names[len(names)-1]] = value
		a.write()
	}
}

func (a *reply) remove(names ...string) {
	if _, in := a.member(names...); in != nil {
		delete(in, names[len(names)-1])
		a.write()
	}
}

// write writes the changed value as the body.
func (a *reply) write() {
	text, err := json.Marshal(a.value)
	if err != nil {
		panic(err) // the value was decoded from JSON
	}
	a.Body = bytes.NewBuffer(text)
}

// wrap returns a handler that answers with the change.
func (w wrongService) wrap(fake http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		a := w.handle(fake, r, body)
		for name, values := range a.Header() {
			rw.Header()[name] = values
		}
		rw.WriteHeader(a.Code)
		_, _ = rw.Write(a.Body.Bytes())
	})
}

// changingResponse changes the responses to a method ("" for any) and to paths with a suffix.
func changingResponse(method, suffix string, change func(a *reply)) responseHandler {
	return func(fake http.Handler, r *http.Request, body []byte) *reply {
		a := send(fake, r, body)
		if (method == "" || r.Method == method) && strings.HasSuffix(r.URL.Path, suffix) {
			change(a)
		}
		return a
	}
}

// changingRequest changes the bodies of requests to paths with a suffix.
func changingRequest(suffix string, change func(body map[string]any) bool) responseHandler {
	return func(fake http.Handler, r *http.Request, body []byte) *reply {
		var value map[string]any
		if strings.HasSuffix(r.URL.Path, suffix) && json.Unmarshal(body, &value) == nil && value != nil && change(value) {
			body, _ = json.Marshal(value)
		}
		return send(fake, r, body)
	}
}

const (
	onboarding = "/partner-liquidity-providers"
	evaluating = "/eligibility/evaluate"
	rolling    = "/rollout"
	exporting  = "/rollout/export"
)

var wrongServices = []wrongService{
	{
		name: "status", description: "The conflict of a taken provider id has the status 400.", steps: 4_000, calls: 2, kind: difftest.Status, rule: "onboard-id-is-free",
		handle: changingResponse("POST", onboarding, func(a *reply) {
			if code, _ := a.member("error", "code"); code == "CONFLICT" {
				a.Code = 400
			}
		}),
	},
	{
		name: "code", description: "A request without an identity is FORBIDDEN.", steps: 600, calls: 1, kind: difftest.Status, rule: "identity-is-required",
		handle: changingResponse("", "", func(a *reply) {
			if a.Code == 401 {
				a.set("FORBIDDEN", "error", "code")
			}
		}),
	},
	{
		name: "reason-code", description: "A blocked rollout has the reason code of a downgrade.", steps: 600, calls: 2, kind: difftest.Status,
		rule: "rollout-needs-allow-verdict",
		handle: changingResponse("POST", rolling, func(a *reply) {
			a.set("partner_liquidity_provider_downgrade_required", "error", "details", "reason_code")
		}),
	},
	{
		name: "member-missing", description: "An evaluation lacks the current tier.", steps: 600, calls: 2, kind: difftest.Body,
		at: "/eligibility/current_segment_tier", handle: changingResponse("POST", evaluating, func(a *reply) { a.remove("eligibility", "current_segment_tier") }),
	},
	{
		name: "member-more", description: "A provider has a member more.", steps: 600, calls: 1, kind: difftest.Body, at: "/provider/score",
		handle: changingResponse("POST", onboarding, func(a *reply) {
			if provider, _ := a.member("provider"); provider != nil {
				provider.(map[string]any)["score"] = 1
				a.write()
			}
		}),
	},
	{
		name: "content-type", description: "Content-Type has no charset.", steps: 100, calls: 1, kind: difftest.Header, at: "Content-Type",
		handle: changingResponse("", "", func(a *reply) { a.Header().Set("Content-Type", "application/json") }),
	},
	{
		name: "allow", description: "Allow lists HEAD in addition to GET.", steps: 600, calls: 1, kind: difftest.Header, at: "Allow", rule: "method-is-allowed",
		handle: changingResponse("", "", func(a *reply) {
			if a.Header().Get("Allow") == "GET" {
				a.Header().Set("Allow", "GET, HEAD")
			}
		}),
	},
	{
		name: "correlation", description: "The correlation id of a request is ignored.", steps: 600, calls: 1, kind: difftest.Header, at: "X-Correlation-Id",
		rule: "correlation-id-is-echoed",
		handle: func(fake http.Handler, r *http.Request, body []byte) *reply {
			r.Header.Del("X-Correlation-Id")
			return send(fake, r, body)
		},
	},
	{
		name: "off-by-one", description: "One compliant window is enough for a higher tier.", steps: 2_500, calls: 2, kind: difftest.Body,
		handle: func(fake http.Handler, r *http.Request, body []byte) *reply {
			a := send(fake, r, body)
			request := &reply{}
			if strings.HasSuffix(r.URL.Path, evaluating) && json.Unmarshal(body, &request.value) == nil {
				if windows, _ := request.member("eligibility", "consecutive_compliant_windows"); windows == 1.0 {
					if codes, _ := a.member("eligibility", "reason_codes"); codes != nil && len(codes.([]any)) == 1 {
						a.set([]any{}, "eligibility", "reason_codes")
						a.set("allow", "eligibility", "verdict")
					}
				}
			}
			return a
		},
	},
	{
		name: "limit-not-capped", description: "The limit of a page is not capped at 200.", steps: 20_000, calls: 2, kind: difftest.Body, at: "/export/query/limit", rule: "export-fills-defaults",
		handle: func(fake http.Handler, r *http.Request, body []byte) *reply {
			a := send(fake, r, body)
			if limits := r.URL.Query()["limit"]; len(limits) > 0 && limits[len(limits)-1] == "201" {
				a.set(201, "export", "query", "limit")
			}
			return a
		},
	},
	{
		name: "replay-runs-again", description: "A repeated request runs again.", steps: 600, calls: 2,
		kind: difftest.Header, at: "Idempotent-Replayed", rule: "idempotency-replays-the-answer",
		handle: func(fake http.Handler, r *http.Request, body []byte) *reply {
			a := send(fake, r, body)
			if a.Header().Get("Idempotent-Replayed") != "" {
				again := r.Clone(r.Context())
				again.Header.Set("Idempotency-Key", r.Header.Get("Idempotency-Key")[:1]+"-again")
				return send(fake, again, body)
			}
			return a
		},
	},
	{
		name: "replay-unmarked", description: "A replay has no Idempotent-Replayed.", steps: 600, calls: 2, kind: difftest.Header, at: "Idempotent-Replayed",
		rule: "idempotency-replays-the-answer", handle: changingResponse("", "", func(a *reply) { a.Header().Del("Idempotent-Replayed") }),
	},
	{
		name: "long-key", description: "A key of 256 characters is accepted.", steps: 2_500, calls: 1, kind: difftest.Status, rule: "idempotency-key-is-present",
		handle: func(fake http.Handler, r *http.Request, body []byte) *reply {
			if key := r.Header.Get("Idempotency-Key"); len([]rune(key)) == 256 {
				r.Header.Set("Idempotency-Key", string([]rune(key)[:255]))
			}
			return send(fake, r, body)
		},
	},
	{
		name: "violations", description: "A schema refusal has no violations.", steps: 600, calls: 1, kind: difftest.Body, rule: "request-matches-schema",
		handle: changingResponse("POST", "", func(a *reply) { a.remove("error", "details", "violations") }),
	},
	{
		name: "refused-and-done", description: "A refused status is recorded.", steps: 2_500, calls: 3, kind: difftest.Body,
		handle: func(fake http.Handler, r *http.Request, body []byte) *reply {
			a := send(fake, r, body)
			var requested map[string]map[string]any
			if code, _ := a.member("error", "code"); code == "CONFLICT" && strings.HasSuffix(r.URL.Path, "/status") && json.Unmarshal(body, &requested) == nil {
				requested["status"]["status"] = "pending_review"
				text, _ := json.Marshal(map[string]any{"status": requested["status"]})
				again := r.Clone(r.Context())
				again.Header.Set("Idempotency-Key", "again-"+r.Header.Get("Idempotency-Key"))
				send(fake, again, text)
			}
			return a
		},
	},
	{
		name: "export-order", description: "Entries are in reverse order.", steps: 2_500, calls: 3, kind: difftest.Body,
		handle: changingResponse("GET", exporting, func(a *reply) {
			if entries, _ := a.member("export", "entries"); entries != nil {
				slices.Reverse(entries.([]any))
				a.write()
			}
		}),
	},
	{
		name: "capabilities-hash", description: "The hash of capabilities is wrong.", steps: 2_500, calls: 2, kind: difftest.Body, at: "/rollout/capabilities_hash",
		handle: changingResponse("POST", rolling, func(a *reply) { a.set("sha256:"+strings.Repeat("ab", 32), "rollout", "capabilities_hash") }),
	},
	{
		name: "export-hash", description: "The hash of a page is wrong.", steps: 600, calls: 2, kind: difftest.Body, at: "/export/export_hash", rule: "export-hashes-the-page",
		handle: changingResponse("GET", exporting, func(a *reply) { a.set(strings.Repeat("ab", 32), "export", "export_hash") }),
	},
	{
		name: "signature", description: "A page is signed with another key.", steps: 600, calls: 2, kind: difftest.Proof, at: "/export",
		handle: changingResponse("GET", exporting, func(a *reply) { a.set(strings.Repeat("A", 85)+"Q==", "export", "signature", "sig") }),
	},
	{
		name: "time", description: "A time loses its milliseconds.", steps: 2_500, calls: 1, kind: difftest.Body, at: "/provider/created_at",
		handle: changingRequest(onboarding, func(body map[string]any) bool {
			at, _ := body["recorded_at"].(string)
			body["recorded_at"] = strings.Replace(at, ".001Z", ".000Z", 1)
			return strings.HasSuffix(at, ".001Z")
		}),
	},
}

func TestWrongServices(t *testing.T) {
	for _, w := range wrongServices {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			out := t.TempDir()
			var printed strings.Builder
			result, err := difftest.Run(t.Context(), difftest.Config{
				Project: locate(t), Steps: w.steps, Folder: out, Stdout: &printed, Wrap: w.wrap,
			})
			if err != nil {
				t.Fatal(err)
			}
			d := w.divergence(result)
			if d == nil {
				t.Fatalf("not found within %d calls: %s\n%s", w.steps, w.description, printed.String())
			}
			if len(d.Sequence.Calls) > w.calls {
				t.Errorf("got a sequence of %d calls, want at most %d", len(d.Sequence.Calls), w.calls)
			}
			w.checkScenario(t, d, filepath.Join(out, d.ID+".feature"))
			if t.Failed() {
				_, after, _ := strings.Cut(printed.String(), "causes of differences")
				t.Log(after)
			}
		})
	}
}

// divergence returns the shortest divergence with the expected difference; nil if there is none.
func (w wrongService) divergence(result difftest.Result) (shortest *difftest.Divergence) {
	for _, c := range result.Causes {
		d := c.Divergence
		if d.Difference.Kind != w.kind || w.at != "" && w.at != d.Difference.At || w.rule != "" && w.rule != d.Rule {
			continue
		}
		if shortest == nil || len(d.Sequence.Calls) < len(shortest.Sequence.Calls) {
			shortest = d
		}
	}
	return shortest
}

// assertsRefusal matches a step that asserts a refusal.
var assertsRefusal = regexp.MustCompile(`(?m)^    (Then|And) (the answer is [45][0-9]{2} |"/(eligibility|rollout)/reason_codes" is \[")`)

// checkScenario adds the scenario to its feature, and runs it against the fake and against the wrong service.
func (w wrongService) checkScenario(t *testing.T, d *difftest.Divergence, feature string) {
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
	if _, err := fmt.Sscanf(first, "# Add the scenario to %s", &home); err != nil {
		t.Fatalf("got no feature to add it to: %s", first)
	}
	_, scenario, _ := strings.Cut(rest, "\n\n")
	if d.Side == plan.Refuses && !assertsRefusal.MatchString(scenario) {
		t.Errorf("tagged @refuses, and no refusal is asserted, which lint requires:\n%s", scenario)
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
		t.Fatalf("the plan is not valid: %v\n%s", err, scenario)
	}
	at := slices.IndexFunc(in.Plan.Scenarios, func(s plan.Scenario) bool { return strings.Contains(s.Name, d.ID) })
	if at < 0 {
		t.Fatal("the plan has no such scenario")
	}
	for _, server := range []struct {
		name string
		wrap func(http.Handler) http.Handler
		want record.Status
	}{{"the fake", nil, record.Passed}, {"the wrong service", w.wrap, record.Failed}} {
		var printed strings.Builder
		result, err := run.Run(t.Context(), run.Config{
			Milestone: file, Out: filepath.Join(t.TempDir(), "out"), Stdout: &printed, Wrap: server.wrap,
			Filter: plan.Filter{Refs: []string{in.Plan.Scenarios[at].Ref()}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Results[in.Plan.Scenarios[at].ID]; got != server.want {
			t.Errorf("against %s: got %s, want %s\n%s\n%s", server.name, got, server.want, scenario, printed.String())
		}
	}
}
