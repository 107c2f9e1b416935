package steps

import (
	"strings"

	"example.com/lpgate/milestones"
)

// Routes finds the operation that a request reaches by the milestone. The verifier has routes of its own, so that it
// detects a target that routes differently.
type Routes struct {
	milestone *milestones.Milestone
	paths     [][]string // the segments of each operation's path
}

// NewRoutes reads the paths of the milestone.
func NewRoutes(m *milestones.Milestone) *Routes {
	r := &Routes{milestone: m}
	for i := range m.Operations {
		r.paths = append(r.paths, strings.Split(m.Operations[i].Path, "/"))
	}
	return r
}

// Find returns the operation of a method and a request target (path and query, as sent). It is the router for another
// path, and for another method of a path.
//
// Paths are compared without decoding; a parameter matches one segment that is not empty.
func (r *Routes) Find(method, target string) *milestones.Operation {
	path, _, _ := strings.Cut(target, "?")
	for i, segments := range r.paths {
		operation := &r.milestone.Operations[i]
		if operation.Method == method && matches(segments, path) {
			return operation
		}
	}
	return &r.milestone.Router
}

func matches(segments []string, path string) bool {
	for i, want := range segments {
		segment, rest, more := strings.Cut(path, "/")
		if more == (i == len(segments)-1) {
			return false
		}
		if strings.HasPrefix(want, "{") {
			if segment == "" {
				return false
			}
		} else if segment != want {
			return false
		}
		path = rest
	}
	return true
}
