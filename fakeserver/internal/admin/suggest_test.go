package admin

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestNearestEndpoint(t *testing.T) {
	for request, want := range map[string]string{
		"GET /_fake/wrlds":                      "/_fake/worlds",
		"HEAD /_fake/wrlds":                     "/_fake/worlds",
		"GET /_fake/worlds/":                    "/_fake/worlds",
		"GET /_fake/world/ot/clok":              "/_fake/worlds/ot/clock",
		"GET /_fake/ot/clock":                   "/_fake/worlds/ot/clock",
		"GET /_fake/worlds/ot/journal/cuont":    "/_fake/worlds/ot/journal/count",
		"GET /_fake/explian/ot.1":               "/_fake/explain/ot.1",
		"PUT /_fake/worlds/ot/clok":             "/_fake/worlds/ot/clock",
		"POST /_fake/worlds/ot/fault":           "/_fake/worlds/ot/faults",
		"POST /_fake/worlds/ot/clock/advnace":   "/_fake/worlds/ot/clock/advance",
		"GET /_fake/worlds/ot/audit":            "",
		"POST /_fake/worlds/ot/audit":           "",
		"GET /_fake/worlds/ot/rset":             "",
		"POST /_fake/worlds/ot/rset":            "",
		"POST /_fake/worlds/ot/restor":          "",
		"PUT /_fake/worlds/ot/sed":              "",
		"DELETE /_fake/world/ot":                "",
		"DELETE /_fake/worlds/ot/fault":         "",
		"POST /_fake/worlds/ot/clok":            "",
		"GET /_fake/worlds/ot/journal/x/y/z":    "",
		"GET /_fake/":                           "/_fake",
		"POST /_fake/worlds/ot/snapshot":        "",
		"GET /_fake/worlds/ot/snapshots/latest": "",
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := nearestEndpoint(method, path); got != want {
			t.Errorf("%s: got %q, want %q", request, got, want)
		}
	}
}

// Whatever letter of a path is wrong, what is suggested has the method of the request,
// and is one of the endpoints that destroy nothing.
func TestSuggestionsDestroyNothing(t *testing.T) {
	for _, e := range endpoints {
		path := strings.NewReplacer("{world}", "ot", "{fault}", "f1", "{snapshot}", "s", "{request_id}", "ot.1").Replace(e.Path)
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"} {
			for i := len(Prefix) + 1; i < len(path); i++ {
				nearest := nearestEndpoint(method, path[:i]+"x"+path[i+1:])
				if nearest == "" {
					continue
				}
				if !slices.ContainsFunc(endpoints, func(to Endpoint) bool {
					_, leads := fillTemplate(to.Path, strings.Split(nearest[1:], "/"))
					same := to.Method == method || to.Method == http.MethodGet && method == "HEAD"
					return leads && same && (to.Method == http.MethodGet || slices.Contains(additive, to.ID))
				}) {
					t.Errorf("%s %s suggests %s", method, path, nearest)
				}
			}
		}
	}
	for _, id := range additive {
		if !slices.ContainsFunc(endpoints, func(e Endpoint) bool {
			return e.ID == id && e.Method != http.MethodGet && e.Method != http.MethodDelete
		}) {
			t.Errorf("%s is no endpoint that adds something", id)
		}
	}
}
