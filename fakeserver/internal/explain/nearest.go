package explain

import (
	"maps"
	"slices"
	"strings"

	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// Nearest gives the gates of one decision the change that passes them. What passes one may not pass the next, or pass it
// too, so a change is looked for that passes all: of those that can be put together from tries, the smallest, and of
// several the first. A gate tells what it looks at of that, and the first that refuses tells what is left.
//
// Tries are changes of members of the body, in the order in which they are preferred; those of the same member exclude
// each other. Refused gives the gates that refuse a case, in the order of the decision; as it asks the rules themselves,
// what they say is written down once.
func Nearest(gates Rules, tries func(*Case) []Change, refused func(*Case) []ruletrace.Rule) Rules {
	told := Rules{}
	for id, gate := range gates {
		gate.Change = func(c *Case) (mine []Change) {
			ids := refused(c)
			for _, change := range smallest(c, tries(c), refused) {
				teller := slices.IndexFunc(ids, func(id ruletrace.Rule) bool {
					return slices.ContainsFunc(gates[id].Inputs, func(in Input) bool { return in.Where == change.Where && in.At == change.At })
				})
				if ids[max(0, teller)] == id {
					mine = append(mine, change)
				}
			}
			return mine
		}
		told[id] = gate
	}
	return told
}

// smallest tries all of no change, then all of one, of two …
func smallest(c *Case, tries []Change, refused func(*Case) []ruletrace.Rule) []Change {
	var found []Change
	var try func(changed Case, from, left int, changes []Change) bool
	try = func(changed Case, from, left int, changes []Change) bool {
		if left == 0 {
			found = changes
			return len(refused(&changed)) == 0
		}
		for i := from; i < len(tries); i++ {
			taken := func(before Change) bool { return before.At == tries[i].At }
			if slices.ContainsFunc(changes, taken) {
				continue
			}
			next := changed
			next.Body = with(changed.Body, tries[i].At, tries[i].To)
			if try(next, i+1, left-1, append(slices.Clip(changes), tries[i])) {
				return true
			}
		}
		return false
	}
	for size := range len(tries) + 1 {
		if try(*c, 0, size, nil) {
			return found
		}
	}
	return nil
}

// with is an object with something else at a JSON pointer. What it has in common with the first one is not copied.
func with(value any, pointer string, to any) any {
	if pointer == "" {
		return to
	}
	name, rest, deeper := strings.Cut(pointer[1:], "/")
	if deeper {
		rest = "/" + rest
	}
	members, _ := value.(map[string]any)
	members = maps.Clone(members)
	if members == nil {
		members = map[string]any{}
	}
	members[name] = with(members[name], rest, to)
	return members
}
