package admin

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/internal/jsonvalue"
	"example.com/lpgate/internal/suggest"
)

// additive are the endpoints with another method than GET that destroy nothing. Other ones
// are never suggested.
var additive = []string{"fake.clock.set", "fake.clock.advance", "fake.faults.add"}

// unknownEndpoint is the problem for a path without an endpoint. It suggests the nearest
// one.
func unknownEndpoint(r *http.Request) *problem.Problem {
	nearest := nearestEndpoint(r.Method, r.URL.Path)
	if nearest == "" {
		return problem.New(http.StatusNotFound, "There is no endpoint %q: GET %s lists all of them.", r.URL.Path, Prefix)
	}
	p := problem.New(http.StatusNotFound, "There is no endpoint %q (did you mean %s?).", r.URL.Path, nearest)
	p.Nearest = nearest
	return p
}

// nearestEndpoint returns the path of an endpoint with the same method that destroys
// nothing, with the parameters of the request; "" if none is near. Each segment must be
// near: paths as a whole are similar because of what they have in common.
func nearestEndpoint(method, path string) string {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	segments := strings.Split(strings.Trim(path, "/"), "/")
	candidates := [][]string{segments}
	if len(segments) > 1 {
		candidates = append(candidates, slices.Insert(slices.Clone(segments), 1, "worlds")) // it may be missing
	}
	for _, segments := range candidates {
		var near []string
		for _, e := range endpoints {
			if e.Method != method || method != http.MethodGet && !slices.Contains(additive, e.ID) {
				continue
			}
			if filled, ok := fillTemplate(e.Path, segments); ok {
				near = append(near, filled)
			}
		}
		if len(near) > 0 {
			return cmp.Or(suggest.Nearest(path, near), near[0])
		}
	}
	return ""
}

// fillTemplate returns a template with segments as its parameters, and reports whether
// all other segments are near.
func fillTemplate(template string, given []string) (path string, near bool) {
	segments := strings.Split(template[1:], "/")
	if len(segments) != len(given) {
		return "", false
	}
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i] = given[i]
		} else if suggest.Nearest(given[i], []string{segment}) == "" {
			return "", false
		}
	}
	return "/" + strings.Join(segments, "/"), true
}

// nearestMember returns the member that an unknown member of the object at the pointer was
// probably meant to be, as a path from the root, such as answer.status; "" if none is
// near. The suggestion also says where the member belongs.
func nearestMember(schema, pointer string, body any) (nearest, suggestion string) {
	places, err := Schemas().Places(schema)
	if err != nil {
		return "", "" // the members depend on the body
	}
	object, _ := jsonvalue.At(body, jsontext.Pointer(pointer)).(map[string]any)
	for _, place := range places {
		if place.Pointer() != pointer { // requests have no lists
			continue
		}
		for _, member := range slices.Sorted(maps.Keys(object)) {
			if slices.Contains(place.Members, member) {
				continue
			}
			if nearest := suggest.Nearest(member, place.Members); nearest != "" {
				return nearest, nearest
			}
			for _, other := range places {
				if !slices.Contains(other.Members, member) {
					continue
				}
				nearest = strings.Join(append(slices.Clone(other.Path), member), ".")
				if len(other.Path) == 0 {
					return nearest, nearest + ", beside " + place.Path[0]
				}
				return nearest, nearest
			}
		}
	}
	return "", ""
}
