package rest

import (
	"slices"
	"strings"

	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/internal/suggest"
)

// reading is which part of a template the segments of a request match.
type reading int

const (
	all    reading = iota // as many segments, each near
	begins                // the first segments; the rest is missing
	ends                  // the last segment; some before it are missing
)

// nearestRoute returns the change to the route that was probably meant, with the parameters of
// the request. It tries the whole path, then without leading segments, such as a version, then
// with missing segments. A route of the same method comes first.
func nearestRoute(c *explain.Case) []explain.Change {
	own := strings.FieldsFunc(c.Route, func(r rune) bool { return r == '/' })
	for front := range own {
		if changes := nearestOf(c, own[front:], all); changes != nil {
			return changes
		}
	}
	if changes := nearestOf(c, own, begins); changes != nil {
		return changes
	}
	return nearestOf(c, own, ends)
}

func nearestOf(c *explain.Case, own []string, as reading) []explain.Change {
	var words []string
	for _, route := range c.Routes {
		words = append(words, strings.Split(route.Path[1:], "/")...)
	}
	for _, sameMethod := range []bool{true, false} {
		var paths, methods []string
		for _, route := range c.Routes {
			path, near := filled(route.Path, own, words, as)
			if near && (!sameMethod || route.Method == c.Method) {
				paths, methods = append(paths, path), append(methods, route.Method)
			}
		}
		to := suggest.Nearest("/"+strings.Join(own, "/"), paths)
		switch {
		case to == "" && as != ends && len(paths) == 1:
			to = paths[0] // each of its segments is near
		case to == "":
			continue
		}
		changes := []explain.Change{{Where: explain.Path, To: to}}
		if method := methods[slices.Index(paths, to)]; method != c.Method {
			changes = append(changes, explain.Change{Where: explain.Method, To: method})
		}
		return changes
	}
	return nil
}

// filled fills the parameters of a template with segments, and reports whether the other
// segments are near. A literal segment of a template is not a parameter.
func filled(template string, own, words []string, as reading) (path string, near bool) {
	segments := strings.Split(template[1:], "/")
	last := len(segments) - 1
	switch {
	case len(own) == 0,
		as == all && len(own) != len(segments),
		as == begins && len(own) >= len(segments),
		as == ends && suggest.Nearest(own[len(own)-1], segments[last:]) == "":
		return "", false
	}
	for i, segment := range segments {
		parameter := strings.HasPrefix(segment, "{")
		switch {
		case parameter && (i >= len(own) || slices.Contains(words, own[i])):
			return "", false
		case parameter:
			segments[i] = own[i]
		case as != ends && i < len(own) && suggest.Nearest(own[i], []string{segment}) == "":
			return "", false
		}
	}
	return "/" + strings.Join(segments, "/"), true
}
