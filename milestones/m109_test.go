package milestones

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRoutes compares the routes and outcomes with a listing that is edited by hand, so that a change of a status or
// a code is made deliberately.
func TestRoutes(t *testing.T) {
	golden, err := os.ReadFile("testdata/routes.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(routes(M109()), string(golden)); diff != "" {
		t.Errorf("routes (-M109.yaml +testdata/routes.golden, to be changed by hand):\n%s", diff)
	}
}

func routes(m *Milestone) string {
	var b strings.Builder
	for _, op := range append(slices.Clone(m.Operations), m.Router) {
		head := []string{op.Method, op.Path, "→", op.ID, op.Scope}
		if op.Public {
			head = append(head, "(public)")
		}
		fmt.Fprintln(&b, strings.Join(strings.Fields(strings.Join(head, " ")), " "))
		for _, o := range op.Outcomes {
			fmt.Fprintln(&b, "   ", o.signature())
			if o.ReasonCodesAt == "" {
				continue
			}
			others := ""
			if o.OpenReasonCodes {
				others = " and the caller's own"
			}
			fmt.Fprintf(&b, "        %s: %s%s\n", o.ReasonCodesAt, strings.Join(o.ReasonCodes, ", "), others)
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

func TestEveryReasonCodeOfTheFloorIsReachable(t *testing.T) {
	m := M109()
	seen := map[string]string{}
	for _, op := range m.Operations {
		for _, cell := range op.CoverageItems() {
			seen[cell.ReasonCode] = op.ID + " " + cell.Outcome
		}
	}
	if got, want := len(m.RequiredReasonCodes), 5; got != want {
		t.Errorf("the floor has %d reason codes, want %d", got, want)
	}
	for _, code := range m.RequiredReasonCodes {
		if seen[code] == "" {
			t.Errorf("no operation reaches %s", code)
		}
	}
}

// TestOutcomesFollowFromTheRoute checks what all operations have in common: one that needs an identity can refuse it,
// one that reads a body can refuse it, and one whose path names a provider can miss it.
func TestOutcomesFollowFromTheRoute(t *testing.T) {
	for _, op := range M109().Operations {
		post, provider := op.Method == "POST", strings.Contains(op.Path, "{provider_id}")
		names := map[string]bool{}
		for _, outcome := range op.Outcomes {
			names[outcome.Name] = true
		}
		for name, want := range map[string]bool{
			"success":                      true,
			"unauthenticated":              !op.Public,
			"actor_type_refused":           !op.Public,
			"scope_missing":                !op.Public,
			"idempotency_key_missing":      post,
			"payload_too_large":            post,
			"payload_invalid":              post,
			"idempotency_payload_mismatch": post,
			"provider_not_found":           provider,
			"provider_not_owned":           provider,
			"route_not_found":              false,
			"method_not_allowed":           false,
		} {
			if got := names[name]; got != want {
				t.Errorf("%s has the outcome %s: %v, want %v", op.ID, name, got, want)
			}
		}
	}
}

func TestRequirements(t *testing.T) {
	m := &Milestone{Capabilities: []Capability{
		{ID: "a", Presence: Required}, {ID: "b", Presence: Required, OneOf: "g"}, {ID: "c", Presence: Optional},
		{ID: "d", Presence: Required}, {ID: "e", Presence: Required, OneOf: "h"}, {ID: "f", Presence: Required, OneOf: "g"},
	}}
	if diff := cmp.Diff(m.Requirements(), [][]string{{"a"}, {"b", "f"}, {"d"}, {"e"}}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(M109().Requirements(), [][]string{{"header-identity", "key-identity"}}); diff != "" {
		t.Errorf("of M109 (-got +want):\n%s", diff)
	}
}
