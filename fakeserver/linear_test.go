package fakeserver_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	// porcupine is the checker that is widely used for this; to write another would
	// be to write what its authors have tested against known histories.
	"github.com/anishathalye/porcupine"

	"example.com/lpgate/fakeserver"
)

// input is a request of one partner about one provider. Tier is a rank.
type input struct {
	what, provider, key string // key is "" for get
	statusText          string // the status, or the status of the rollout
	tier, violations    int
}

// output is what a client sees of a response: its status, the error's code and reason
// if it has one, and in show what this operation returns of the provider.
type output struct {
	status          int
	replayed        bool
	code, why, show string
}

// model is the state of one provider that clients can observe. It is an independent
// specification: the rules that these requests reach, without code of the fake.
type model struct {
	there            bool
	status, verdict  string
	tier, violations int
	version          int
	answers          map[string]operation // by operation and key
}

type operation struct {
	input  input
	output output
}

// step returns the response of a provider and its next state.
func (b model) step(a input) (output, model) {
	if a.what == "get" {
		if !b.there {
			return output{status: 404, code: "NOT_FOUND", why: "not_found"}, b
		}
		return output{status: 200, show: fmt.Sprintf("%s S%d %d v%d %s", b.status, b.tier, b.violations, b.version, b.verdict)}, b
	}
	if a.what != "onboard" && !b.there {
		return output{status: 404, code: "NOT_FOUND", why: "not_found"}, b
	}
	if first, ok := b.answers[a.what+" "+a.key]; ok {
		if first.input != a {
			return output{status: 409, code: "IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH"}, b
		}
		again := first.output
		again.replayed = true
		return again, b
	}
	output, next := b.decide(a)
	next.answers = maps.Clone(b.answers)
	if next.answers == nil {
		next.answers = map[string]operation{}
	}
	next.answers[a.what+" "+a.key] = operation{a, output}
	return output, next
}

func (b model) decide(a input) (output, model) {
	conflict := func(why string) (output, model) { return output{status: 409, code: "CONFLICT", why: why}, b }
	next := b
	switch a.what {
	case "onboard":
		if b.there {
			return conflict("invalid")
		}
		next.there, next.status, next.tier = true, a.statusText, a.tier
		return output{status: 200, show: fmt.Sprintf("%s S%d", a.statusText, a.tier)}, next
	case "status":
		if a.statusText == "active" && a.violations > 0 {
			return conflict("downgrade_required")
		}
		next.status, next.tier, next.violations = a.statusText, a.tier, a.violations
		return output{status: 200, show: fmt.Sprintf("%s S%d", a.statusText, a.tier)}, next
	case "evaluate":
		next.verdict = "deny"
		if a.tier <= b.tier+1 {
			next.verdict = "allow"
		}
		return output{status: 200, show: fmt.Sprintf("%s from S%d", next.verdict, b.tier)}, next
	case "rollout":
		blocked := a.tier > b.tier+1
		if a.statusText == "active" && (blocked || b.verdict != "allow" || b.violations > 0 || b.status == "offboarded") {
			return conflict("rollout_blocked")
		}
		next.version, next.tier = b.version+1, a.tier
		switch a.statusText {
		case "active":
			next.status = "active"
		case "blocked":
			next.status = "restricted"
		}
		return output{status: 200, show: fmt.Sprintf("%s S%d v%d", a.statusText, a.tier, next.version)}, next
	}
	panic("unknown request " + a.what)
}

var providerModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		by := map[string][]porcupine.Operation{}
		for _, o := range history {
			id := o.Input.(input).provider
			by[id] = append(by[id], o)
		}
		var parts [][]porcupine.Operation
		for _, part := range by {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return model{} },
	Step: func(state, in, out any) (bool, any) {
		want, next := state.(model).step(in.(input))
		return out.(output) == want, next
	},
	Equal: func(one, other any) bool {
		a, b := one.(model), other.(model)
		same := maps.Equal(a.answers, b.answers)
		a.answers, b.answers = nil, nil
		return same && fmt.Sprint(a) == fmt.Sprint(b)
	},
}

// send asks a server, and reads of the answer what a client sees.
func send(t *testing.T, h http.Handler, a input) output {
	const base = "/partner-liquidity-providers"
	method, path, body := "POST", base+"/"+a.provider, ""
	baselines := `"trust_safety_baseline_passed":true,"reliability_baseline_passed":true,"audit_conformance_passed":true`
	switch a.what {
	case "get":
		method = "GET"
	case "onboard":
		path = base
		body = fmt.Sprintf(`{"provider":{"provider_id":%q,"owner_actor":{"type":"partner","id":"amber"},"external_provider_id":"e","legal_entity_name":"l","disclosure_text":"d","trust_contact_email":"a@b","segment_tier":"S%d","status":%q}}`, a.provider, a.tier, a.statusText)
	case "status":
		path += "/status"
		body = fmt.Sprintf(`{"status":{"status":%q,"segment_tier":"S%d",%s,"unresolved_critical_violations":%d,"reason_codes":["test"]}}`, a.statusText, a.tier, baselines, a.violations)
	case "evaluate":
		path += "/eligibility/evaluate"
		body = fmt.Sprintf(`{"eligibility":{"requested_segment_tier":"S%d",%s,"unresolved_critical_violations":0,"consecutive_compliant_windows":2,"capability_family":"core"}}`, a.tier, baselines)
	case "rollout":
		path += "/rollout"
		body = fmt.Sprintf(`{"rollout":{"rollout_status":%q,"effective_segment_tier":"S%d","capability_matrix":[{"capability":"c","min_segment_tier":"S0","enabled":true}]}}`, a.statusText, a.tier)
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header = http.Header{"X-Partner-Key": {"amber"}, "X-Auth-Scopes": {"settlement:write settlement:read"}}
	if a.key != "" {
		r.Header.Set("Idempotency-Key", a.provider+a.key)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var shown struct {
		Provider struct {
			Status     string `json:"status"`
			Tier       string `json:"segment_tier"`
			Governance struct {
				Violations int `json:"unresolved_critical_violations"`
			} `json:"governance"`
			Last struct {
				Verdict string `json:"verdict"`
			} `json:"last_eligibility"`
			Rollout struct {
				Version int `json:"rollout_version"`
			} `json:"rollout"`
		} `json:"provider"`
		Status struct {
			Status string `json:"status"`
			Tier   string `json:"segment_tier"`
		} `json:"status"`
		Eligibility struct {
			Verdict string `json:"verdict"`
			Current string `json:"current_segment_tier"`
		} `json:"eligibility"`
		Rollout struct {
			Version int    `json:"rollout_version"`
			Status  string `json:"rollout_status"`
			Tier    string `json:"effective_segment_tier"`
		} `json:"rollout"`
		Error struct {
			Code    string `json:"code"`
			Details struct {
				Reason string `json:"reason_code"`
			} `json:"details"`
		} `json:"error"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &shown); err != nil {
		t.Error(err)
	}
	output := output{
		status: w.Code, replayed: w.Header().Get("Idempotent-Replayed") == "true",
		code: shown.Error.Code, why: strings.TrimPrefix(shown.Error.Details.Reason, "partner_liquidity_provider_"),
	}
	if w.Code == http.StatusOK {
		p := shown.Provider
		output.show = map[string]string{
			"get":      fmt.Sprintf("%s %s %d v%d %s", p.Status, p.Tier, p.Governance.Violations, p.Rollout.Version, p.Last.Verdict),
			"onboard":  p.Status + " " + p.Tier,
			"status":   shown.Status.Status + " " + shown.Status.Tier,
			"evaluate": shown.Eligibility.Verdict + " from " + shown.Eligibility.Current,
			"rollout":  fmt.Sprintf("%s %s v%d", shown.Rollout.Status, shown.Rollout.Tier, shown.Rollout.Version),
		}[a.what]
	}
	return output
}

// draw returns a random request. There are few keys, and a key determines most of its
// request, so that requests repeat.
func draw(random *rand.Rand, provider string) input {
	what := []string{"onboard", "status", "evaluate", "rollout", "get", "get"}[random.IntN(6)]
	if what == "get" {
		return input{what: what, provider: provider}
	}
	key := random.IntN(12)
	a := input{what: what, provider: provider, key: fmt.Sprint(key), tier: key % 4}
	switch what {
	case "onboard":
		a.statusText, a.tier = "pending_review", 1
	case "status":
		a.statusText, a.violations = []string{"active", "restricted", "offboarded"}[key%3], key/6
	case "rollout":
		a.statusText = []string{"active", "paused", "blocked"}[key/4]
	}
	if random.IntN(10) == 0 {
		a.tier = 3 - a.tier // another payload
	}
	return a
}

// recordedHistory lets clients send requests concurrently, in rounds, and returns
// requests and answers. Its times are ticks: each request and each answer takes the next
// one.
func recordedHistory(t *testing.T, h http.Handler) []porcupine.Operation {
	const providers, clients, rounds, turns = 4, 6, 25, 3
	var mu sync.Mutex
	var history []porcupine.Operation
	var tick atomic.Int64
	ask := func(client int, a input) {
		called := tick.Add(1)
		runtime.Gosched() // so that others come between, on few processors too
		output := send(t, h, a)
		runtime.Gosched()
		returned := tick.Add(1)
		mu.Lock()
		defer mu.Unlock()
		history = append(history, porcupine.Operation{ClientId: client, Input: a, Call: called, Output: output, Return: returned})
	}
	for round := range rounds {
		begin := make(chan struct{})
		var group sync.WaitGroup
		for client := range clients {
			random := rand.New(rand.NewPCG(uint64(round), uint64(client)))
			group.Go(func() {
				<-begin
				for range turns {
					ask(client, draw(random, fmt.Sprint("provider-", random.IntN(providers))))
				}
			})
		}
		close(begin)
		group.Wait()
	}
	// One after the other, so that these answers leave no choice.
	for provider := range providers {
		id := fmt.Sprint("provider-", provider)
		for _, a := range []input{
			{what: "onboard", provider: id, key: "last", statusText: "pending_review", tier: 1},
			{what: "status", provider: id, key: "last-1", statusText: "active", tier: 2},
			{what: "get", provider: id},
			{what: "status", provider: id, key: "last-2", statusText: "offboarded", tier: 0},
			{what: "status", provider: id, key: "last-2", statusText: "offboarded", tier: 0},
			{what: "get", provider: id},
		} {
			ask(0, a)
		}
	}
	return history
}

// staleGets answers every GET of a path as it answered the first success.
func staleGets(handler http.Handler) http.Handler {
	var first sync.Map
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			if stale, ok := first.Load(r.URL.Path); ok {
				w.Write(stale.([]byte))
				return
			}
		}
		seen := httptest.NewRecorder()
		handler.ServeHTTP(seen, r)
		if r.Method == "GET" && seen.Code == http.StatusOK {
			first.Store(r.URL.Path, seen.Body.Bytes())
		}
		maps.Copy(w.Header(), seen.Header())
		w.WriteHeader(seen.Code)
		w.Write(seen.Body.Bytes())
	})
}

// lostKeys gives every request a key of its own.
func lostKeys(handler http.Handler) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			r.Header.Set("Idempotency-Key", fmt.Sprint(n.Add(1)))
		}
		handler.ServeHTTP(w, r)
	})
}

// lostWrites answers a status upsert, and undoes it by one of its own.
func lostWrites(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		if after, ok := strings.CutSuffix(r.URL.Path, "/status"); ok {
			undo := httptest.NewRequest("POST", after+"/status", strings.NewReader(`{"status":{"status":"pending_review","segment_tier":"S1","trust_safety_baseline_passed":true,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":0}}`))
			undo.Header = r.Header.Clone()
			undo.Header.Set("Idempotency-Key", "undo "+r.Header.Get("Idempotency-Key"))
			handler.ServeHTTP(httptest.NewRecorder(), undo)
		}
	})
}

// Answers to concurrent requests are linearizable: they are those of some sequential
// order in which each request is between its start and its answer. Servers that break
// this are detected.
func TestAnswersHaveAnOrder(t *testing.T) {
	for name, c := range map[string]struct {
		server func(http.Handler) http.Handler
		want   porcupine.CheckResult
	}{
		"the fake":          {func(h http.Handler) http.Handler { return h }, porcupine.Ok},
		"one of stale gets": {staleGets, porcupine.Illegal},
		"one without keys":  {lostKeys, porcupine.Illegal},
		"one without ends":  {lostWrites, porcupine.Illegal},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := fakeserver.New(fakeserver.Options{})
			if err != nil {
				t.Fatal(err)
			}
			history := recordedHistory(t, c.server(s))
			got, info := porcupine.CheckOperationsVerbose(providerModel, history, time.Minute)
			if got == c.want {
				return
			}
			t.Errorf("got %s, want %s", got, c.want)
			for i, part := range info.PartialLinearizationsOperations() {
				longest := 0
				for _, order := range part {
					longest = max(longest, len(order))
				}
				t.Logf("part %d: the longest order has %d requests", i, longest)
			}
		})
	}
}
