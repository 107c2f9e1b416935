package explain

import (
	"maps"
	"slices"

	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/internal/jsonvalue"
)

// Nearest adds to the preconditions of one decision the change that passes all of them: the
// smallest combination of candidates, and the first of several. Each change is listed at
// the first precondition that refuses and has it among its inputs, the others at the first
// that refuses.
//
// Candidates are changes of members of the body in the order of preference; two changes of
// one member exclude each other. Refused returns the preconditions that refuse a case, in
// the order of the decision. It applies the rules themselves, so that they are written once.
func Nearest(preconditions Rules, candidates func(*Case) []Change, refused func(*Case) []ruletrace.Rule) Rules {
	all := Rules{}
	for id, rule := range preconditions {
		rule.Change = func(c *Case) (own []Change) {
			ids := refused(c)
			for _, change := range smallest(c, candidates(c), refused) {
				listed := slices.IndexFunc(ids, func(id ruletrace.Rule) bool {
					return slices.ContainsFunc(preconditions[id].Inputs, func(in Input) bool { return in.Where == change.Where && in.At == change.At })
				})
				if ids[max(0, listed)] == id {
					own = append(own, change)
				}
			}
			return own
		}
		all[id] = rule
	}
	return all
}

// smallest tries no change, then each one, then each two …
func smallest(c *Case, candidates []Change, refused func(*Case) []ruletrace.Rule) []Change {
	var found []Change
	var try func(changed Case, from, left int, changes []Change) bool
	try = func(changed Case, from, left int, changes []Change) bool {
		if left == 0 {
			found = changes
			return len(refused(&changed)) == 0
		}
		for i := from; i < len(candidates); i++ {
			if slices.ContainsFunc(changes, func(before Change) bool { return before.At == candidates[i].At }) {
				continue
			}
			next := changed
			next.Document = with(changed.Document, jsonvalue.Pointer(candidates[i].At), candidates[i].To)
			if try(next, i+1, left-1, append(slices.Clip(changes), candidates[i])) {
				return true
			}
		}
		return false
	}
	for size := range len(candidates) + 1 {
		if try(*c, 0, size, nil) {
			return found
		}
	}
	return nil
}

// with returns an object with another value at a JSON Pointer. It shares with the given one
// what is the same in both.
func with(value any, pointer jsonvalue.Pointer, to any) any {
	if pointer == "" {
		return to
	}
	parent := pointer.Parent()
	members, _ := jsonvalue.At(value, parent).(map[string]any)
	members = maps.Clone(members)
	if members == nil {
		members = map[string]any{}
	}
	members[pointer.LastToken()] = to
	return with(value, parent, members)
}
