package admin

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/milestones"
)

// additive are the endpoints that change something and destroy nothing. An endpoint with
// another method than GET that is not among them is never suggested.
var additive = []string{"fake.clock.set", "fake.clock.advance", "fake.faults.add"}

// noEndpoint refuses a path that no endpoint has, and suggests the nearest one.
func noEndpoint(r *http.Request) *problem.Problem {
	nearest := nearestEndpoint(r.Method, r.URL.Path)
	if nearest == "" {
		return problem.New(http.StatusNotFound, "There is no endpoint %q: GET %s lists all of them.", r.URL.Path, Prefix)
	}
	p := problem.New(http.StatusNotFound, "There is no endpoint %q (did you mean %s?).", r.URL.Path, nearest)
	p.Nearest = nearest
	return p
}

// nearestEndpoint returns the path of an endpoint of the same method that destroys
// nothing, with the names of the request in the place of its parameters; "" when none is
// near. Each segment has to be near by itself: what all paths have in common would
// otherwise make any two of them near.
func nearestEndpoint(method, path string) string {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	own := strings.Split(strings.Trim(path, "/"), "/")
	readings := [][]string{own}
	if len(own) > 1 {
		readings = append(readings, slices.Insert(slices.Clone(own), 1, "worlds")) // which may have been left out
	}
	for _, segments := range readings {
		var near []string
		for _, e := range endpoints {
			if e.Method != method || method != http.MethodGet && !slices.Contains(additive, e.ID) {
				continue
			}
			if filled, ok := fill(e.Path, segments); ok {
				near = append(near, filled)
			}
		}
		if len(near) > 0 {
			if nearest := milestones.Nearest(path, near); nearest != "" {
				return nearest
			}
			return near[0]
		}
	}
	return ""
}

// fill puts segments in the place of the parameters of a template, and reports whether
// the other ones are near.
func fill(template string, own []string) (path string, near bool) {
	segments := strings.Split(template[1:], "/")
	if len(segments) != len(own) {
		return "", false
	}
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i] = own[i]
		} else if milestones.Nearest(own[i], []string{segment}) == "" {
			return "", false
		}
	}
	return "/" + strings.Join(segments, "/"), true
}

// nearestMember returns the member that an unknown one of the object at the pointer was
// probably meant to be; "" when none is near. One that is a member of another object is
// named from the root, such as answer.status, and in words says where it stands.
func nearestMember(name, pointer string, body any) (nearest, words string) {
	places, err := Schemas().Places(name)
	if err != nil {
		return "", "" // what stands where depends on the body
	}
	there, _ := jcs.At(body, jcs.Pointer(pointer)).(map[string]any)
	for _, place := range places {
		if place.Pointer() != pointer { // no request has lists
			continue
		}
		for _, member := range slices.Sorted(maps.Keys(there)) {
			if slices.Contains(place.Members, member) {
				continue
			}
			if nearest := milestones.Nearest(member, place.Members); nearest != "" {
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
