package rest

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"example.com/lpgate/fakeserver/internal/answer"
	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// The rules that this file decides.
const (
	pathIsExact           ruletrace.Rule = "path-is-exact"
	routeIsKnown          ruletrace.Rule = "route-is-known"
	methodIsAllowed       ruletrace.Rule = "method-is-allowed"
	correlationIDIsEchoed ruletrace.Rule = "correlation-id-is-echoed"
	healthIsPublic        ruletrace.Rule = "health-is-public"
)

// operations has the function that serves each operation of the milestone. To add an
// operation: its line in the milestone, its rules in ../rules, its line here.
var operations = map[string]func(*Handler, *request) answer.Answer{
	"partnerLiquidityProvider.onboard":              post(func() rules.Command { return new(rules.Onboard) }, "provider"),
	"partnerLiquidityProvider.get":                  get,
	"partnerLiquidityProvider.status.upsert":        post(func() rules.Command { return new(rules.StatusUpsert) }, "status"),
	"partnerLiquidityProvider.eligibility.evaluate": post(func() rules.Command { return new(rules.Evaluate) }, "eligibility"),
	"partnerLiquidityProvider.rollout.upsert":       post(func() rules.Command { return new(rules.RolloutUpsert) }, "rollout"),
	"partnerLiquidityProvider.rollout.export":       export,
	"keys.policy-integrity-signing.get":             keySet,
	"healthz":                                       healthz,
}

// route is an operation of the milestone and the function that serves it.
type route struct {
	*milestones.Operation
	segments    []string // of the path; a parameter is ""
	correlation string   // the default correlation id
	request     *schemas.Schema
	serve       func(*Handler, *request) answer.Answer
}

func newRoute(o *milestones.Operation, set *schemas.Set) (route, error) {
	r := route{Operation: o, correlation: defaultCorrelation(o.ID), serve: operations[o.ID]}
	if r.serve == nil {
		return route{}, fmt.Errorf("operation %s is not served: add it to the table of operations", o.ID)
	}
	for _, segment := range strings.Split(o.Path[1:], "/") {
		if strings.HasPrefix(segment, "{") {
			segment = ""
		}
		r.segments = append(r.segments, segment)
	}
	if o.RequestSchema != "" {
		schema, ok := set.Lookup(o.RequestSchema)
		if !ok {
			return route{}, fmt.Errorf("operation %s: there is no schema %s", o.ID, o.RequestSchema)
		}
		r.request = schema
	}
	return r, nil
}

// find returns the route of a method and an escaped path, and the path's parameter. Paths
// match exactly; an empty segment matches nothing; a parameter is one segment, percent-
// decoded. Without a route, allowed are the methods of the path.
func (h *Handler) find(method, path string) (found *route, param string, allowed []string) {
	for i := range h.routes {
		r := &h.routes[i]
		value, ok := r.matches(path)
		if !ok {
			continue
		}
		if r.Method == method {
			return r, value, nil
		}
		allowed = append(allowed, r.Method)
	}
	slices.Sort(allowed)
	return nil, "", allowed
}

// Methods returns the methods of the operations that a path is of.
func (h *Handler) Methods(path string) []string {
	_, _, methods := h.find("", path)
	return methods
}

// matches compares path with the route segment by segment.
func (r *route) matches(path string) (param string, ok bool) {
	rest, rooted := strings.CutPrefix(path, "/")
	if !rooted {
		return "", false
	}
	for i, want := range r.segments {
		segment, after, more := strings.Cut(rest, "/")
		if more != (i < len(r.segments)-1) {
			return "", false
		}
		switch {
		case want != "":
			if segment != want {
				return "", false
			}
		case segment == "":
			return "", false
		default:
			var err error
			if param, err = url.PathUnescape(segment); err != nil {
				return "", false
			}
		}
		rest = after
	}
	return param, true
}

// unrouted refuses a request without a route.
func (h *Handler) unrouted(x *request) *rules.Refusal {
	path := x.URL.EscapedPath()
	known := x.route != nil || len(x.allowed) > 0
	if x.trace != nil && h.inexact(path, known) {
		x.trace.Invariant(pathIsExact)
	}
	if x.trace.Precondition(routeIsKnown, !known) {
		return &rules.Refusal{
			Rule: routeIsKnown, Outcome: rules.RouteNotFound,
			Message: "No operation has this path: paths match exactly, with no slash at the end.",
			Details: map[string]any{"method": x.Method, "path": path},
		}
	}
	if x.trace.Precondition(methodIsAllowed, x.route == nil) {
		return &rules.Refusal{
			Rule: methodIsAllowed, Outcome: rules.MethodNotAllowed,
			Message: "This path takes " + strings.Join(x.allowed, ", ") + ".",
		}
	}
	return nil
}

// inexact reports whether a server that folds case, decodes or cleans paths could have read
// another one. A known path has at most its provider id for that; an unknown one must be a
// route when it is read so.
func (h *Handler) inexact(written string, known bool) bool {
	if known {
		return strings.ContainsFunc(written, func(c rune) bool {
			return (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("/-_", c)
		})
	}
	loose, err := url.PathUnescape(strings.ToLower(written))
	if err != nil {
		return false
	}
	for _, loose := range []string{path.Clean(loose), strings.ReplaceAll(loose, "//", "/-/")} {
		for i := range h.routes {
			if _, ok := h.routes[i].matches(loose); ok {
				return true
			}
		}
	}
	return false
}

// correlate returns the correlation id of the answer: the request's own if it is well-formed,
// else the default of the operation.
func (x *request) correlate() string {
	own := value(x.Header, "X-Correlation-Id")
	malformed := func(c rune) bool {
		return (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("._-", c)
	}
	if own != "" && len(own) <= 128 && strings.IndexFunc(own, malformed) < 0 {
		return own
	}
	if x.route == nil {
		return "corr_unrouted"
	}
	return x.route.correlation
}

// defaultCorrelation returns corr_ and the operation id in lower case, each run of other
// characters than letters and digits as one underscore.
func defaultCorrelation(operation string) string {
	words := strings.FieldsFunc(strings.ToLower(operation), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
	return "corr_" + strings.Join(words, "_")
}

// get serves partnerLiquidityProvider.get.
func get(h *Handler, x *request) answer.Answer {
	if refusal := h.authorize(x); refusal != nil {
		return x.refuse(refusal)
	}
	view, refusal := h.Store.Provider(x.trace, x.providerID, x.identity.actor)
	if refusal != nil {
		return x.refuse(refusal)
	}
	return answer.Success(x.correlation, nil, jcs.Member{Name: "provider", Value: view})
}

// export serves partnerLiquidityProvider.rollout.export.
func export(h *Handler, x *request) answer.Answer {
	if refusal := h.authorize(x); refusal != nil {
		return x.refuse(refusal)
	}
	page, refusal := h.Store.Export(x.trace, x.providerID, x.identity.actor, h.readQuery(x))
	if refusal != nil {
		return x.refuse(refusal)
	}
	h.Keys.trace(x.trace)
	return answer.Success(x.correlation, nil,
		jcs.Member{Name: "provider_id", Value: jcs.String(x.providerID)},
		jcs.Member{Name: "export", Value: page.JSON},
	)
}

// healthz serves healthz, without identity.
func healthz(h *Handler, x *request) answer.Answer {
	if _, ok := h.readIdentity(x.Header); !ok {
		x.trace.Invariant(healthIsPublic)
	}
	return answer.Success(x.correlation, nil, jcs.Member{Name: "ok", Value: jcs.Value("true")})
}

var routesExplained = explain.Rules{
	routeIsKnown: explain.Precondition(
		[]explain.Input{{Where: explain.Method}, {Where: explain.Path}},
		nearestRoute, "Send to a path of the contract, as it is written there.",
	),
	methodIsAllowed: explain.Precondition(
		[]explain.Input{{Where: explain.Method}, {Where: explain.Path}},
		func(c *explain.Case) []explain.Change {
			if len(c.Methods) == 0 {
				return nil
			}
			return []explain.Change{{Where: explain.Method, To: c.Methods[0]}}
		}, "Use a method that the path has: see Allow.",
	),
}
