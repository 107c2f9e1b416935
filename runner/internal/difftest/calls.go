package difftest

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"example.com/lpgate/milestones"
	"example.com/lpgate/steps"
)

// rows are changes of a request, as in the table of a step.
type rows [][2]string

// callMaker draws one kind of call.
type callMaker func(*rapid.T) steps.Call

// call generates one call to servers with the capabilities.
func (g *grammar) call(needs []string) *rapid.Generator[steps.Call] {
	extra := g.extras()
	fresh := slices.Contains(needs, freshState)
	var makers []callMaker
	add := func(weight int, m callMaker) {
		for range weight {
			makers = append(makers, m)
		}
	}
	plain := func(o *milestones.Operation) callMaker {
		return func(t *rapid.T) steps.Call { return steps.Call{Operation: o.ID, Rows: flat(extra.Draw(t, "extra"))} }
	}
	for i := range g.milestone.Operations {
		o := &g.milestone.Operations[i]
		switch {
		case o.RequestSchema != "" && !strings.Contains(o.Path, "{"):
			add(4, g.post(o, extra, fresh))
		case o.RequestSchema != "":
			add(8, g.post(o, extra, fresh))
		case strings.HasSuffix(o.ID, ".export"):
			add(7, g.firstPage(o, extra))
			add(9, g.nextPage(extra))
		case o.Public:
			add(1, plain(o))
		default:
			add(5, plain(o))
		}
	}
	add(8, g.repeat(extra))
	if !g.validOnly {
		add(3, g.anyPath(extra))
	}
	kinds := choose(makers)
	labels := make([]string, 10) // mostly the key of the call before
	if len(g.labels) > 0 {
		labels = slices.Concat(labels, g.labels[:1], g.labels)
	}
	holds := choose(labels)
	return rapid.Custom(func(t *rapid.T) steps.Call {
		c := kinds.Draw(t, "kind")(t)
		if slices.Contains(needs, keyMode) {
			c.Hold = holds.Draw(t, "hold")
		}
		return c
	})
}

// firstPage draws an export. Most have a small limit, so that there is a next page.
func (g *grammar) firstPage(o *milestones.Operation, extra *rapid.Generator[[]rows]) callMaker {
	one, day := [2]string{"query limit", "1"}, [2]string{"query retention_days", "1"}
	paging := choose([]rows{nil, nil, {one}, {one}, {one, day}, {one, day}, {{"query limit", "2"}}})
	query := list(g.queries(), 0, 3)
	return func(t *rapid.T) steps.Call {
		return steps.Call{Operation: o.ID, Rows: slices.Concat(paging.Draw(t, "paging"), flat(query.Draw(t, "query")), flat(extra.Draw(t, "extra")))}
	}
}

// nextPage draws the request for a next page.
func (g *grammar) nextPage(extra *rapid.Generator[[]rows]) callMaker {
	changes := list(g.continuations(), 0, 2)
	return func(t *rapid.T) steps.Call {
		return steps.Call{Next: true, Rows: slices.Concat(flat(changes.Draw(t, "query")), flat(extra.Draw(t, "extra")))}
	}
}

// anyPath draws a request with a method and a path that are written out.
func (g *grammar) anyPath(extra *rapid.Generator[[]rows]) callMaker {
	paths := choose(g.paths())
	methods := choose([]string{
		http.MethodGet, http.MethodGet, http.MethodPost, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodPatch, http.MethodDelete, "get",
	})
	return func(t *rapid.T) steps.Call {
		return steps.Call{Method: methods.Draw(t, "method"), Path: paths.Draw(t, "path"), Rows: flat(extra.Draw(t, "extra"))}
	}
}

// bodyKind is how a body is made.
type bodyKind int

const (
	changedBody bodyKind = iota // the default body, with changes
	textBody                    // a text that is mostly no JSON object
	bytesBody                   // bytes that are mostly not UTF-8
	longBody                    // the default body with blanks up to the size limit, or one more
	concurrent                  // several copies at once
)

// post draws a call with a body.
func (g *grammar) post(o *milestones.Operation, extra *rapid.Generator[[]rows], fresh bool) callMaker {
	changes := list(g.bodyChange(g.bodies[o.ID], fresh), 0, 6)
	text := choose(malformedTexts)
	bytes := choose(malformedBytes)
	limit := g.milestone.Limits.BodyBytes
	length := choose([]int{limit, limit + 1})
	times := choose([]int{2, 3, 4})
	weights := []int{changedBody: 236, textBody: 12, bytesBody: 4, longBody: 1, concurrent: 3}
	if g.validOnly {
		weights = []int{changedBody: 253, concurrent: 3}
	}
	var kinds []bodyKind
	for kind, weight := range weights {
		for range weight {
			kinds = append(kinds, bodyKind(kind))
		}
	}
	kind := choose(kinds)
	return func(t *rapid.T) steps.Call {
		c := steps.Call{Operation: o.ID}
		switch kind.Draw(t, "body") {
		case textBody:
			body := text.Draw(t, "text")
			c.Text = &body
		case bytesBody:
			c.Hex = steps.HexOf([]byte(bytes.Draw(t, "bytes")))
		case longBody:
			c.Length = length.Draw(t, "length")
		case concurrent:
			c.Times = times.Draw(t, "times")
			c.Rows = flat(changes.Draw(t, "changes"))
		default:
			c.Rows = slices.Concat(flat(changes.Draw(t, "changes")), flat(extra.Draw(t, "extra")))
		}
		return c
	}
}

// bodyChange generates one change of a body. Valid values of members have a large weight; values of objects and lists,
// unknown members and invalid values have weight 1.
func (g *grammar) bodyChange(body []place, fresh bool) *rapid.Generator[rows] {
	type change struct {
		pointer string
		values  *choice[string]
	}
	var frequent, rare []change
	for _, p := range body {
		values := valuesOf(p, fresh)
		isLeaf := !slices.ContainsFunc(body, func(q place) bool { return strings.HasPrefix(q.pointer, p.pointer+"/") })
		if strings.HasSuffix(p.pointer, "/unknown") || !isLeaf {
			if all := slices.Concat(p.invalid, p.valid); len(all) > 0 {
				rare = append(rare, change{p.pointer, choose(all)})
			}
			continue
		}
		weight := 12
		if strings.Count(p.pointer, "/") == 1 { // recorded_at
			weight = 8
		}
		c := change{p.pointer, choose(values)}
		for range weight {
			frequent = append(frequent, c)
		}
		if len(p.invalid) > 0 {
			rare = append(rare, change{p.pointer, choose(p.invalid)})
		}
	}
	changes := choose(append(frequent, rare...))
	return rapid.Custom(func(t *rapid.T) rows {
		c := changes.Draw(t, "place")
		return rows{{c.pointer, c.values.Draw(t, "value")}}
	})
}

// valuesOf returns the valid values of a member. Ids of providers and owners are such that they meet in a sequence.
func valuesOf(p place, fresh bool) []string {
	switch {
	case strings.HasSuffix(p.pointer, "/provider_id"):
		values := []string{
			`"lp-{unique}-1"`, `"lp-{unique}-2"`, `"lp-{unique}-3"`, `"a/b {unique}"`, `"{unique} %é"`, `"{provider_1}"`, `"lp-{unique}-4"`, "absent",
		}
		if fresh {
			values = append(values, `"plp_000001"`, `"plp_000002"`, `"plp_000003"`)
		}
		return values
	case strings.HasSuffix(p.pointer, "/owner_actor/id"):
		return []string{`"{me}"`, `"{stranger}"`, `"{me}"`}
	}
	return p.valid
}

// repeat draws the last call again, often with another payload or with another spelling of the same payload.
func (g *grammar) repeat(extra *rapid.Generator[[]rows]) callMaker {
	changes := make([]rows, 6) // without a change
	for _, id := range slices.Sorted(maps.Keys(g.bodies)) {
		for _, p := range g.bodies[id] {
			for _, value := range p.valid {
				// 2 and 2.0 are the same payload.
				if slices.Contains([]string{"2.0", "2", "true", "absent", `"S1"`, `"S2"`}, value) {
					changes = append(changes, rows{{p.pointer, value}})
				}
			}
		}
	}
	change := choose(changes)
	unchanged := choose([]bool{true, true, false})
	return func(t *rapid.T) steps.Call {
		c := steps.Call{Repeat: true}
		if !unchanged.Draw(t, "unchanged") {
			c.Rows = slices.Concat(change.Draw(t, "change"), flat(extra.Draw(t, "extra")))
		}
		return c
	}
}

// flat returns all rows as one table.
func flat(tables []rows) rows { return slices.Concat(tables...) }

// malformedTexts are bodies that are no JSON, or no object.
var malformedTexts = []string{
	"", "{}", "{", "[]", "null", "7", `"x"`, "{} {}", `{"a": 1, "a": 1}`, `{"a": "\ud800"}`, `{"a": 1e400}`, `{"a": 01}`, `{"a": NaN}`,
	`{"a": 1,}`, `{'a': 1}`, "// {}", `{"a": "\u0000"}`, `{"status": {}, "status": {}}`, "nul", `{"a": -1e-400}`,
}

// malformedBytes are bodies that are not UTF-8, or have invisible characters.
var malformedBytes = []string{"\xef\xbb\xbf{}", "{\"a\": \"\xff\"}", "\xfe\xff\x00{", "{}\x00", "\x00", "{\"a\": \"\xc3\x28\"}", "\xed\xa0\x80"}
