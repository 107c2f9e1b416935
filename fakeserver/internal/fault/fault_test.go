package fault

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/lpgate/fakeserver/internal/clock"
	"example.com/lpgate/milestones"
)

const (
	onboard = "partnerLiquidityProvider.onboard"
	get     = "partnerLiquidityProvider.get"
	rollout = "partnerLiquidityProvider.rollout.upsert"
)

func some[T any](v T) *T { return &v }

func TestComplete(t *testing.T) {
	second := clock.Span(time.Second)
	for name, c := range map[string]struct {
		fault   Fault
		message string // "": it is taken
		then    string // what was filled in
	}{
		"drop":                     {Fault{Drop: true}, "", "before 1"},
		"drop after":               {Fault{Drop: true, When: After, Times: 3}, "", "after 3"},
		"cut the world's answer":   {Fault{Truncate: some(0)}, "", "after 1"},
		"cut an answer":            {Fault{Truncate: some(0), Answer: &Answer{Status: 503}}, "", "before 1 503 SERVICE_UNAVAILABLE"},
		"slow":                     {Fault{Slow: &Slow{1, second}}, "", "after 1"},
		"stale":                    {Fault{Stale: true, Operation: get, Slow: &Slow{1, second}}, "", "before 1"},
		"late":                     {Fault{Latency: second}, "", "before 1"},
		"late and lost":            {Fault{Latency: second, Drop: true}, "", "before 1"},
		"a code by its status":     {Fault{Answer: &Answer{Status: 404}}, "", "before 1 404 NOT_FOUND"},
		"a code of the fake":       {Fault{Answer: &Answer{Status: 503, Code: "TOO_MANY_REQUESTS"}}, "", "before 1 503 TOO_MANY_REQUESTS"},
		"a misspelt one":           {Fault{Answer: &Answer{Status: 429, Code: "TOO_MANY_REQUEST"}}, "did you mean TOO_MANY_REQUESTS?", ""},
		"an outcome":               {Fault{Operation: rollout, Answer: &Answer{Outcome: "rollout_blocked"}}, "", "before 1 0 "},
		"the router's":             {Fault{Operation: "unrouted", Answer: &Answer{Outcome: "route_not_found"}}, "", "before 1 0 "},
		"nothing":                  {Fault{Operation: get}, "nothing would go wrong", ""},
		"unknown operation":        {Fault{Operation: "partnerLiquidityProvider.onbord", Drop: true}, "did you mean " + onboard, ""},
		"nth, times":               {Fault{Drop: true, Nth: 1, Times: 2}, "nth with times 2", ""},
		"nth, probability":         {Fault{Drop: true, Nth: 1, Probability: .5}, "nth with probability", ""},
		"seed alone":               {Fault{Drop: true, Seed: 1}, "seed without probability", ""},
		"provider, none in path":   {Fault{Drop: true, ProviderID: "p", Operation: onboard}, "provider_id with operation " + onboard, ""},
		"drop, answer":             {Fault{Drop: true, Answer: &Answer{Status: 503}}, "drop with answer", ""},
		"drop, truncate":           {Fault{Drop: true, Truncate: some(1)}, "drop with truncate", ""},
		"drop, slow":               {Fault{Drop: true, Slow: &Slow{1, second}}, "drop with slow", ""},
		"drop, stale":              {Fault{Drop: true, Stale: true, Operation: get}, "drop with stale", ""},
		"answer, stale":            {Fault{Answer: &Answer{Status: 503}, Stale: true, Operation: get}, "answer with stale", ""},
		"stale, all":               {Fault{Stale: true}, "stale without operation", ""},
		"stale, POST":              {Fault{Stale: true, Operation: onboard}, "stale with operation " + onboard, ""},
		"stale, the router's":      {Fault{Stale: true, Operation: "unrouted"}, "stale with operation unrouted", ""},
		"stale, after":             {Fault{Stale: true, Operation: get, When: After}, "stale with when after", ""},
		"truncate, before":         {Fault{Truncate: some(1), When: Before}, "truncate with when before", ""},
		"slow, before":             {Fault{Slow: &Slow{1, second}, When: Before}, "slow with when before", ""},
		"a negative latency":       {Fault{Latency: -second}, "latency is more than 0s", ""},
		"a long latency":           {Fault{Latency: clock.Span(2 * time.Hour)}, "1h at most", ""},
		"no pause":                 {Fault{Slow: &Slow{1, 0}}, "slow's pause", ""},
		"outcome, all":             {Fault{Answer: &Answer{Outcome: "rollout_blocked"}}, "answer.outcome without operation", ""},
		"outcome, status":          {Fault{Operation: rollout, Answer: &Answer{Outcome: "rollout_blocked", Status: 409}}, "answer.outcome with answer.status", ""},
		"outcome of another":       {Fault{Operation: get, Answer: &Answer{Outcome: "rollout_blocked"}}, `no refusal of ` + get, ""},
		"a misspelt outcome":       {Fault{Operation: rollout, Answer: &Answer{Outcome: "rollout_bloked"}}, "did you mean rollout_blocked?", ""},
		"success is no refusal":    {Fault{Operation: get, Answer: &Answer{Outcome: "success"}}, "no refusal", ""},
		"a reason alone":           {Fault{Answer: &Answer{ReasonCode: "x"}}, "neither outcome nor status", ""},
		"an unknown code":          {Fault{Answer: &Answer{Status: 409, Code: "CONFLICTS"}}, "did you mean CONFLICT?", ""},
		"an undeclared reason":     {Fault{Answer: &Answer{Status: 409, ReasonCode: "partner_liquidity_provider_invald"}}, "did you mean partner_liquidity_provider_invalid?", ""},
		"a reason of the contract": {Fault{Answer: &Answer{Status: 409, ReasonCode: "partner_liquidity_provider_invalid"}}, "", "before 1 409 CONFLICT"},
	} {
		t.Run(name, func(t *testing.T) {
			got, wrong := c.fault.Complete(milestones.M109())
			if c.message != "" {
				if wrong == nil || wrong.Status != 400 || !strings.Contains(wrong.Detail, c.message) {
					t.Errorf("got %v, want 400 and %q", wrong, c.message)
				}
				return
			}
			if wrong != nil {
				t.Fatal(wrong)
			}
			then := fmt.Sprint(got.When, " ", got.Times)
			if got.Answer != nil {
				then += fmt.Sprint(" ", got.Answer.Status, " ", got.Answer.Code)
			}
			if then != c.then {
				t.Errorf("got %q, want %q", then, c.then)
			}
		})
	}
}

// Each status that a fault can have gets a code that a client can use, and INTERNAL is
// of 500 alone, and of what counts as 500.
func TestStatusCode(t *testing.T) {
	m := milestones.M109()
	for status, want := range map[int]string{
		400: "CONSTRAINT_VIOLATION", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED",
		408: "REQUEST_TIMEOUT", 409: "CONFLICT", 410: "GONE", 413: "PAYLOAD_TOO_LARGE", 418: "IM_A_TEAPOT",
		422: "UNPROCESSABLE_ENTITY", 429: "TOO_MANY_REQUESTS", 499: "CONSTRAINT_VIOLATION",
		500: "INTERNAL", 501: "NOT_IMPLEMENTED", 502: "BAD_GATEWAY", 503: "SERVICE_UNAVAILABLE", 504: "GATEWAY_TIMEOUT",
		507: "INSUFFICIENT_STORAGE", 520: "INTERNAL",
	} {
		if got := statusCode(m, status); got != want {
			t.Errorf("%d: got %s, want %s", status, got, want)
		}
	}
	form := regexp.MustCompile(`^[A-Z]+(_[A-Z]+)*$`)
	for status := lowestStatus; status <= highestStatus; status++ {
		code := statusCode(m, status)
		if !form.MatchString(code) {
			t.Errorf("%d: %q does not look like an error code", status, code)
		}
		if named := http.StatusText(status) != ""; code == internal && status != 500 && (status < 500 || named) {
			t.Errorf("%d: got %s", status, code)
		}
	}
}

// added gives a set with these faults.
func added(t *testing.T, faults ...Fault) *Set {
	t.Helper()
	s := new(Set)
	for _, f := range faults {
		f.Drop = true
		f, wrong := f.Complete(milestones.M109())
		if wrong != nil {
			t.Fatal(wrong)
		}
		if _, wrong := s.Add(f, nil); wrong != nil {
			t.Fatal(wrong)
		}
	}
	return s
}

// met gives the ids of the faults that requests for operations (and, after a slash, a
// provider) meet.
func met(s *Set, requests ...string) string {
	var ids []string
	for _, request := range requests {
		operation, providerID, _ := strings.Cut(request, "/")
		id := "-"
		if m := s.Match(operation, providerID); m != nil {
			id = m.ID
		}
		ids = append(ids, id)
	}
	return strings.Join(ids, " ")
}

func TestMeet(t *testing.T) {
	for name, c := range map[string]struct {
		faults   []Fault
		requests []string
		want     string
		left     string // id, times left, matched, fired
	}{
		"once":                       {[]Fault{{}}, []string{get, get}, "f1 -", ""},
		"so often":                   {[]Fault{{Times: 3}}, []string{get, onboard}, "f1 f1", "f1 1 2 2"},
		"by operation":               {[]Fault{{Operation: get}}, []string{onboard, get, get}, "- f1 -", ""},
		"by provider":                {[]Fault{{ProviderID: "b"}}, []string{get + "/a", onboard, get + "/b"}, "- - f1", ""},
		"the nth":                    {[]Fault{{Operation: get, Nth: 2}}, []string{get, onboard, get, get}, "- - f1 -", ""},
		"the nth, yet to come":       {[]Fault{{Nth: 3}}, []string{get, get}, "- -", "f1 1 2 0"},
		"the first that triggers":    {[]Fault{{Nth: 2}, {Times: 2}}, []string{get, get, get}, "f2 f1 f2", ""},
		"what an earlier one met":    {[]Fault{{}, {Nth: 2}}, []string{get, get, get}, "f1 - f2", ""},
		"what is never left to luck": {[]Fault{{Probability: 1, Times: 2}}, []string{get, get, get}, "f1 f1 -", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := added(t, c.faults...)
			if got := met(s, c.requests...); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			var left []string
			for _, f := range s.All() {
				if f.TimesLeft == 0 {
					continue
				}
				left = append(left, fmt.Sprint(f.ID, " ", f.TimesLeft, " ", f.Matched, " ", f.Fired))
			}
			if got := strings.Join(left, ", "); got != c.left || s.Active() != (c.left != "") {
				t.Errorf("left: got %q, active %t, want %q", got, s.Active(), c.left)
			}
		})
	}
}

// Exhausted faults are listed until they are deleted, at most the last ones of many.
func TestExhaustedFaultsAreListed(t *testing.T) {
	listed := func(s *Set) string {
		var all []string
		for _, f := range s.All() {
			all = append(all, fmt.Sprint(f.ID, " ", f.TimesLeft, " ", f.Fired))
		}
		return strings.Join(all, ", ")
	}
	s := added(t, Fault{Times: 2}, Fault{}, Fault{Times: 3})
	met(s, get, get, get)
	if got := listed(s); got != "f1 0 2, f2 0 1, f3 3 0" {
		t.Errorf("got %s", got)
	}
	if wrong := s.Delete("f1"); wrong != nil {
		t.Error(wrong)
	}
	if wrong := s.Delete("f1"); wrong == nil || wrong.Status != 404 {
		t.Errorf("twice: got %+v", wrong)
	}
	if got := listed(s); got != "f2 0 1, f3 3 0" {
		t.Errorf("without f1: got %s", got)
	}
	s.Clear()
	if got := listed(s); got != "" {
		t.Errorf("cleared: got %s", got)
	}
	for range Max + 1 {
		if _, wrong := s.Add(Fault{Times: 1}, nil); wrong != nil {
			t.Fatal(wrong)
		}
		met(s, get)
	}
	if got := s.All(); len(got) != Max || got[0].ID != "f5" || got[Max-1].ID != "f104" || s.Active() {
		t.Errorf("of many: got %d, from %s to %s", len(got), got[0].ID, got[len(got)-1].ID)
	}
}

func TestChance(t *testing.T) {
	sequence := func(seed uint64) string {
		s := added(t, Fault{Probability: .5, Seed: seed, Times: 1000})
		return met(s, strings.Fields(strings.Repeat(get+" ", 64))...)
	}
	if first, again := sequence(7), sequence(7); first != again {
		t.Error("the same seed gives two sequences")
	}
	if sequence(7) == sequence(8) {
		t.Error("two seeds give one sequence")
	}
	if n := strings.Count(sequence(7), "f1"); n < 16 || n > 48 {
		t.Errorf("it happened to %d of 64 requests with a probability of a half", n)
	}
}

func TestSetIsBounded(t *testing.T) {
	s := added(t, make([]Fault, Max)...)
	if _, wrong := s.Add(Fault{}, nil); wrong == nil || wrong.Status != 409 {
		t.Errorf("one too many: got %v", wrong)
	}
	if wrong := s.Delete("f1000"); wrong == nil || wrong.Status != 404 || wrong.Nearest != "f100" {
		t.Errorf("an unknown one: got %+v", wrong)
	}
	if wrong := s.Delete("f2"); wrong != nil {
		t.Error(wrong)
	}
	if got := met(s, get, get); got != "f1 f3" {
		t.Errorf("without f2: got %q", got)
	}
	s.Clear()
	if state, wrong := s.Add(Fault{Times: 1}, nil); wrong != nil || state.ID != "f101" {
		t.Errorf("after all were taken away: got %+v, %v", state, wrong)
	}
}

// Concurrent requests trigger a fault as often as its times.
func TestBudgetIsExact(t *testing.T) {
	s := added(t, Fault{Times: 100}, Fault{Operation: get, Times: 50})
	var fired [2]atomic.Int64
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			for range 50 {
				if m := s.Match(get, ""); m != nil {
					fired[map[string]int{"f1": 0, "f2": 1}[m.ID]].Add(1)
				}
			}
		})
	}
	clients.Wait()
	if fired[0].Load() != 100 || fired[1].Load() != 50 || s.Active() {
		t.Errorf("got %d and %d, active %t, want 100 and 50", fired[0].Load(), fired[1].Load(), s.Active())
	}
}
