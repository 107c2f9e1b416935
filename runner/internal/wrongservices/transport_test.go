//go:build !race

package wrongservices

import (
	"net/http"
	"path"
	"strings"
)

// transportServices are about what a request meets before any rule: its path, its method, its body, and the shape of the
// answer.
var transportServices = []wrongService{
	// ---- paths ----
	{
		name:   "slash-at-the-end-accepted",
		fault:  "/healthz/ is served like /healthz.",
		rule:   "route-is-known",
		fails:  []string{"<method> <path> is no route > GET | /healthz/"},
		checks: []string{"correlation-id", "declared-outcome", "schema"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if q.url.EscapedPath() == "/healthz/" {
				q.goToPath("/healthz")
			}
		}),
	},
	{
		name:   "paths-in-any-case",
		fault:  "Paths are compared without regard to case.",
		rule:   "route-is-known",
		fails:  []string{"<method> <path> is no route > GET | /Healthz"},
		checks: []string{"correlation-id", "declared-outcome", "schema"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if strings.EqualFold(q.url.EscapedPath(), "/healthz") {
				q.goToPath("/healthz")
			}
		}),
	},
	{
		name:   "dots-cleaned-away",
		fault:  "A dot is cleaned out of a path before it is looked up.",
		rule:   "route-is-known",
		fails:  []string{"<method> <path> is no route > GET | /./healthz"},
		checks: []string{"correlation-id", "declared-outcome", "schema"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if at := q.url.EscapedPath(); strings.Contains(at, "/./") && path.Clean(at) == "/healthz" {
				q.goToPath("/healthz")
			}
		}),
	},
	{
		name:   "unknown-path-not-named",
		fault:  "The refusal of an unknown route does not name the path.",
		rule:   "route-is-known",
		fails:  []string{"<method> <path> is no route > GET | /"},
		checks: []string{"details"},
		behavior: changingResponse(anyOperation, func(q *request, a *response) {
			if q.operation == "" && a.status == http.StatusNotFound {
				a.drop("/error/details/path")
			}
		}),
	},
	{
		name:     "slash-at-the-end-recorded",
		fault:    "What is sent to a path with a slash at its end is refused, and recorded all the same.",
		rule:     "route-is-known",
		fails:    []string{"A trailing slash changes nothing"},
		behavior: recordedAllTheSame(func(q *request, a *response) bool { return a.status == http.StatusNotFound && q.operation == "" }),
	},
	{
		name:   "redirected-without-the-slash",
		fault:  "A path with a slash at its end is redirected to the one without it.",
		rule:   "path-is-exact",
		fails:  []string{"No redirect leads from <path> to a route > /healthz/"},
		checks: []string{"declared-outcome"},
		behavior: changingResponse(anyOperation, func(q *request, a *response) {
			if at := q.url.EscapedPath(); strings.HasSuffix(at, "/") {
				a.status = http.StatusPermanentRedirect
				a.header.Set("Location", strings.TrimSuffix(at, "/"))
			}
		}),
	},
	{
		name:   "encoded-slash-splits",
		fault:  "An encoded slash in an id ends the segment.",
		rule:   "path-is-exact",
		fails:  []string{"The id <id> travels as the one segment <segment> > a/b | a%2Fb"},
		checks: []string{"correlation-id", "reason-code"},
		behavior: changingRequest(anyOperation, func(q *request) {
			q.goToPath(strings.Replace(q.url.EscapedPath(), "/a%2Fb", "/a/b", 1))
		}),
	},
	{
		name:  "decoded-twice",
		fault: "An id is percent-decoded twice.",
		rule:  "path-is-exact",
		fails: []string{"The id <id> travels as the one segment <segment> > a%2Fb | a%252Fb"},
		behavior: changingRequest(anyOperation, func(q *request) {
			q.goToPath(strings.ReplaceAll(q.url.EscapedPath(), "%25", "%"))
		}),
	},
	{
		name:  "plus-is-a-space",
		fault: "A plus in a path is decoded as a space.",
		rule:  "path-is-exact",
		fails: []string{"The id <id> travels as the one segment <segment> > a+b | a+b"},
		behavior: changingRequest(anyOperation, func(q *request) {
			q.goToPath(strings.ReplaceAll(q.url.EscapedPath(), "+", "%20"))
		}),
	},

	// ---- methods ----
	{
		name:     "allow-missing",
		fault:    "The refusal of a method lacks the allowed ones.",
		rule:     "method-is-allowed",
		fails:    []string{"<method> is no method of <path> > DELETE | /partner-liquidity-providers/x | GET"},
		behavior: changingResponse(anyOperation, func(_ *request, a *response) { a.header.Del("Allow") }),
	},
	{
		name:  "allow-with-head",
		fault: "Allow names HEAD beside GET.",
		rule:  "method-is-allowed",
		fails: []string{"<method> is no method of <path> > DELETE | /partner-liquidity-providers/x | GET"},
		behavior: changingResponse(anyOperation, func(_ *request, a *response) {
			if a.header.Get("Allow") == http.MethodGet {
				a.header.Set("Allow", "GET, HEAD")
			}
		}),
	},
	{
		name:   "head-answered",
		fault:  "HEAD is answered like GET.",
		rule:   "method-is-allowed",
		fails:  []string{"HEAD is no method of <path> > /healthz | GET"},
		checks: []string{"correlation-id", "declared-outcome"},
		behavior: changingRequest(anyOperation, func(q *request) {
			if q.method == http.MethodHead {
				q.method = http.MethodGet
			}
		}),
	},
	{
		name:     "delete-acts-unseen",
		fault:    "DELETE is refused, and changes the provider all the same.",
		rule:     "method-is-allowed",
		fails:    []string{"DELETE deletes nothing"},
		behavior: recordedAllTheSame(func(q *request, a *response) bool { return q.method == http.MethodDelete }),
	},
	{
		name:   "options-answered",
		fault:  "OPTIONS is answered with 204, although CORS is off.",
		rule:   "method-is-allowed",
		fails:  []string{"<method> is no method of <path> > OPTIONS | /partner-liquidity-providers | POST"},
		checks: []string{"answer-is-i-json", "declared-outcome"},
		behavior: changingResponse(anyOperation, func(q *request, a *response) {
			if q.method == http.MethodOptions {
				a.status, a.body = http.StatusNoContent, body{}
			}
		}),
	},
	{
		name:  "method-as-route",
		fault: "Another method of a known path is an unknown route.",
		rule:  "method-is-allowed",
		fails: []string{"<method> is no method of <path> > PUT | /partner-liquidity-providers | POST"},
		behavior: replacing(anyOperation, func(next forward, q *request) *response {
			a := next(q)
			if a.status == http.StatusMethodNotAllowed {
				return refusal(q, http.StatusNotFound, "NOT_FOUND", "", map[string]any{"method": q.method, "path": q.url.EscapedPath()})
			}
			return a
		}),
	},
}

func (a *response) correlate(id string) {
	a.header.Set("X-Correlation-Id", id)
	a.put("/correlation_id", id)
}
