package difftest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"maps"
	"math/bits"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
)

// This file says which walks there are, and how often what is drawn. It knows where the contract's rules may turn, and
// not how: a boundary is a weight here, and what happens there is for the fake to say.
//
// rapid draws and shrinks (https://pgregory.net/rapid): a small library without dependencies that shrinks what was
// drawn by drawing it again from less, so that whatever a generator can say stays valid on the way down.

// grammar makes walks.
type grammar struct {
	milestone *milestones.Milestone
	bodies    map[string][]place // by operation
	labels    []string           // of partner keys
	sequences *rapid.Generator[Sequence]
}

// setting is the kind of server that a walk is for.
type setting struct {
	needs []string
	first func(*rapid.T) steps.Call
	calls *rapid.Generator[[][]steps.Call]
}

// newGrammar prepares the walks of a milestone, on servers that have one of these sets of capabilities. In key mode a
// sequence holds keys with these labels. What needs something that the target cannot do is not drawn.
func newGrammar(m *milestones.Milestone, set *schemas.Set, sets [][]string, labels []string, can func(capability string) bool) (*grammar, error) {
	if !can(keySetThere) {
		less := *m
		less.Operations = slices.DeleteFunc(slices.Clone(m.Operations), func(o milestones.Operation) bool { return o.ID == keySet })
		m = &less
	}
	g := &grammar{milestone: m, labels: labels}
	codes := m.RequiredReasonCodes
	read := newReader(set, codes)
	bodies := map[string][]place{}
	var events []string
	for _, o := range m.Operations {
		if o.RequestSchema == "" {
			continue
		}
		root, err := read.file(o.RequestSchema)
		if err != nil {
			return nil, err
		}
		if bodies[o.ID], err = read.places(root, o.RequestSchema, ""); err != nil {
			return nil, err
		}
		for _, p := range bodies[o.ID] {
			if strings.HasSuffix(p.pointer, "/provider_id") {
				makeOwn(p.right)
				makeOwn(p.wrong)
			}
		}
	}
	if entry, err := read.file("PartnerLiquidityProviderGovernanceAuditEntry"); err == nil && entry.Properties["event_type"] != nil {
		if event, _, err := read.resolve(entry.Properties["event_type"], entry.file); err == nil {
			events = event.Enum
		}
	}
	g.bodies = bodies
	var settings []setting
	for _, needs := range sets {
		if slices.Contains(needs, keyMode) && len(labels) < 2 {
			return nil, usage.Errorf("walks in key mode need two partners with both scopes in fixtures/%s", partnerKeys)
		}
		// The plain server comes up as often as all others together.
		times := 1
		if len(needs) == 0 {
			times = max(1, len(sets)/2)
		}
		one := setting{needs: needs, calls: list(list(g.call(bodies, events, needs), 1, 16), 1, 12)}
		if o, known := m.Operation(onboard); known { // hardly anything can be said without a provider
			one.first = g.post(o, bodies[o.ID], g.extras(needs), slices.Contains(needs, freshState))
		}
		for range times {
			settings = append(settings, one)
		}
	}
	chosen := among(settings)
	free := rapid.Bool()
	g.sequences = rapid.Custom(func(t *rapid.T) Sequence {
		s := chosen.Draw(t, "setting")
		w := Sequence{Needs: s.needs, Clocked: !free.Draw(t, "free")}
		if slices.Contains(s.needs, keyMode) {
			w.PartnerKey = labels[0]
		}
		ignored := slices.Contains(s.needs, clocksOff) // which is what is to be seen, with clocks
		if ignored || !can(testClock) {
			w.Clocked = false
		}
		if s.first != nil {
			w.Calls = append(w.Calls, s.first(t))
		}
		for _, episode := range s.calls.Draw(t, "calls") {
			w.Calls = append(w.Calls, episode...)
		}
		if !ignored && !can(testClock) {
			for i := range w.Calls {
				w.Calls[i].Rows = slices.DeleteFunc(slices.Clone(w.Calls[i].Rows), setsClock)
			}
		}
		return w
	})
	return g, nil
}

// The capabilities that change what a walk can say.
const (
	keyMode     = "key-identity"
	headerMode  = "header-identity"
	testClock   = "test-clock"
	clocksOff   = "no-test-clocks"
	freshState  = "fresh-state"
	keySetThere = "key-set"
)

// setsClock says whether a row of a call sets a test clock.
func setsClock(row [2]string) bool {
	return slices.Contains([]string{"header " + clockHeader, "query now_iso", "query exported_at_iso"}, row[0])
}

// list makes lists. A generator's name is made when it is first asked for, which is now: walks are drawn side by side.
func list[T any](of *rapid.Generator[T], least, most int) *rapid.Generator[[]T] {
	_ = of.String()
	lists := rapid.SliceOfN(of, least, most)
	_ = lists.String()
	return lists
}

// pool is several of a kind, each drawn as often as it stands there. rapid's own choice likes the first ones and the last
// much more than the others, so this one is made of coins; no heads at all is the first, which is what it shrinks to.
type pool[T any] struct {
	all   []T
	coins int
}

var coin = rapid.Bool()

func among[T any](all []T) *pool[T] { return &pool[T]{all, bits.Len(uint(len(all)-1)) + 2} }

// Draw draws one.
func (p *pool[T]) Draw(t *rapid.T, _ string) T {
	n := 0
	for range p.coins {
		n <<= 1
		if coin.Draw(t, "coin") {
			n++
		}
	}
	return p.all[n*len(p.all)>>p.coins]
}

// generator is the pool for a list.
func (p *pool[T]) generator() *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T { return p.Draw(t, "") })
}

// seed makes the seed of a walk: a number that rapid can be given, and that is never 0, which it would take for none.
func seed(word string, walk int) int {
	sum := sha256.Sum256([]byte(word + " " + strconv.Itoa(walk)))
	return int(binary.BigEndian.Uint64(sum[:8])>>1 | 1)
}

// sequence draws a walk.
func (g *grammar) sequence(seed int) Sequence { return g.sequences.Example(seed) }

// ---- calls ----

// call draws one call of servers with these capabilities.
func (g *grammar) call(bodies map[string][]place, events, needs []string) *rapid.Generator[steps.Call] {
	type maker func(*rapid.T) steps.Call
	extra := g.extras(needs)
	var makers []maker
	add := func(times int, m maker) {
		for range times {
			makers = append(makers, m)
		}
	}
	query := list(g.queries(events), 0, 3)
	// Pages that more follows are what continuations are about.
	one, day := [2]string{"query limit", "1"}, [2]string{"query retention_days", "1"}
	paging := among([][][2]string{nil, nil, {one}, {one}, {one, day}, {one, day}, {{"query limit", "2"}}})
	later := list(g.continuations(events), 0, 2)
	for i := range g.milestone.Operations {
		o := &g.milestone.Operations[i]
		switch {
		case o.RequestSchema != "" && !strings.Contains(o.Path, "{"):
			add(4, g.post(o, bodies[o.ID], extra, slices.Contains(needs, freshState)))
		case o.RequestSchema != "":
			add(8, g.post(o, bodies[o.ID], extra, slices.Contains(needs, freshState)))
		case strings.HasSuffix(o.ID, ".export"):
			add(7, func(t *rapid.T) steps.Call {
				return steps.Call{Operation: o.ID, Rows: slices.Concat(paging.Draw(t, "paging"), flat(query.Draw(t, "query")), flat(extra.Draw(t, "extra")))}
			})
			add(9, func(t *rapid.T) steps.Call {
				return steps.Call{Next: true, Rows: slices.Concat(flat(later.Draw(t, "query")), flat(extra.Draw(t, "extra")))}
			})
		case o.Public:
			add(1, func(t *rapid.T) steps.Call { return steps.Call{Operation: o.ID, Rows: flat(extra.Draw(t, "extra"))} })
		default:
			add(5, func(t *rapid.T) steps.Call { return steps.Call{Operation: o.ID, Rows: flat(extra.Draw(t, "extra"))} })
		}
	}
	add(8, g.repeat(bodies, extra))
	paths := among(g.paths())
	methods := among([]string{
		http.MethodGet, http.MethodPost, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodPatch, http.MethodDelete, "get",
	})
	add(3, func(t *rapid.T) steps.Call {
		return steps.Call{Method: methods.Draw(t, "method"), Path: paths.Draw(t, "path"), Rows: flat(extra.Draw(t, "extra"))}
	})
	kind := among(makers)
	holding := make([]string, 10) // mostly no other than before
	if len(g.labels) > 0 {
		holding = slices.Concat(holding, g.labels[:1], g.labels)
	}
	holds := among(holding)
	return rapid.Custom(func(t *rapid.T) steps.Call {
		c := kind.Draw(t, "kind")(t)
		if slices.Contains(needs, keyMode) {
			c.Hold = holds.Draw(t, "hold")
		}
		return c
	})
}

// post draws a call with a body.
func (g *grammar) post(o *milestones.Operation, body []place, extra *rapid.Generator[[][][2]string], fresh bool) func(*rapid.T) steps.Call {
	changes := list(bodyRow(body, o.ID, fresh), 0, 6)
	text := among(broken)
	bytes := among(brokenBytes)
	limit := g.milestone.Limits.BodyBytes
	length := among([]int{limit, limit + 1})
	many := among([]int{2, 3, 4})
	// How the body is made: almost always from the default one.
	kinds := make([]byte, 0, 256)
	for kind, times := range map[byte]int{'r': 236, 't': 12, 'b': 4, 'l': 1, 'm': 3} {
		for range times {
			kinds = append(kinds, kind)
		}
	}
	slices.SortFunc(kinds, func(a, b byte) int { return strings.IndexByte("rtbml", a) - strings.IndexByte("rtbml", b) })
	kind := among(kinds)
	return func(t *rapid.T) steps.Call {
		c := steps.Call{Operation: o.ID}
		switch kind.Draw(t, "body") {
		case 't':
			words := text.Draw(t, "text")
			c.Text = &words
		case 'b':
			c.Hex = steps.HexOf([]byte(bytes.Draw(t, "bytes")))
		case 'l':
			c.Length = length.Draw(t, "length")
		case 'm':
			c.Times = many.Draw(t, "times")
			c.Rows = flat(changes.Draw(t, "changes"))
		default:
			c.Rows = slices.Concat(flat(changes.Draw(t, "changes")), flat(extra.Draw(t, "extra")))
		}
		return c
	}
}

// bodyRow draws one change of a body.
func bodyRow(body []place, operation string, fresh bool) *rapid.Generator[[][2]string] {
	type choice struct {
		pointer string
		values  []string
	}
	var choices []*choice
	add := func(times int, c choice) {
		for range times {
			choices = append(choices, &c)
		}
	}
	var late []place
	for _, p := range body {
		values := slices.Concat(p.right)
		if strings.HasSuffix(p.pointer, "/provider_id") {
			values = []string{
				`"lp-{unique}-1"`, `"lp-{unique}-2"`, `"lp-{unique}-3"`, `"a/b {unique}"`, `"{unique} %é"`, `"{provider_1}"`, `"lp-{unique}-4"`, "absent",
			}
			if fresh {
				values = append(values, `"plp_000001"`, `"plp_000002"`, `"plp_000003"`)
			}
		}
		if strings.HasSuffix(p.pointer, "/owner_actor/id") {
			values = []string{`"{me}"`, `"{stranger}"`, `"{me}"`}
		}
		depth := strings.Count(p.pointer, "/")
		leaf := !slices.ContainsFunc(body, func(q place) bool { return strings.HasPrefix(q.pointer, p.pointer+"/") })
		switch {
		case strings.HasSuffix(p.pointer, "/unknown"), !leaf:
			late = append(late, place{p.pointer, append(slices.Clone(p.wrong), p.right...), nil})
			continue
		case depth == 1: // recorded_at
			add(8, choice{p.pointer, values})
		default:
			add(12, choice{p.pointer, values})
		}
		late = append(late, place{p.pointer, p.wrong, nil})
	}
	for _, p := range late {
		add(1, choice{p.pointer, p.right})
	}
	chosen := among(choices)
	values := map[*choice]*pool[string]{}
	for _, c := range choices {
		if values[c] == nil {
			values[c] = among(c.values)
		}
	}
	return rapid.Custom(func(t *rapid.T) [][2]string {
		c := chosen.Draw(t, "place")
		return [][2]string{{c.pointer, values[c].Draw(t, "value")}}
	})
}

// repeat draws the last call once more, often with another payload or another spelling of the same one.
func (g *grammar) repeat(bodies map[string][]place, extra *rapid.Generator[[][][2]string]) func(*rapid.T) steps.Call {
	var rows [][][2]string
	for range 6 {
		rows = append(rows, nil)
	}
	for _, id := range slices.Sorted(maps.Keys(bodies)) {
		for _, p := range bodies[id] {
			for _, value := range p.right {
				// Among the values of a number are several spellings of one, which are the same payload.
				if value == "2.0" || value == "2" || value == "true" || value == "absent" || value == `"S1"` || value == `"S2"` {
					rows = append(rows, [][2]string{{p.pointer, value}})
				}
			}
		}
	}
	changed := among(rows)
	plain := among([]bool{true, true, false})
	return func(t *rapid.T) steps.Call {
		c := steps.Call{Repeat: true}
		if !plain.Draw(t, "plain") {
			c.Rows = slices.Concat(changed.Draw(t, "change"), flat(extra.Draw(t, "extra")))
		}
		return c
	}
}

// broken are bodies that are no JSON, or another JSON than an object.
var broken = []string{
	"", "{}", "{", "[]", "null", "7", `"x"`, "{} {}", `{"a": 1, "a": 1}`, `{"a": "\ud800"}`, `{"a": 1e400}`, `{"a": 01}`, `{"a": NaN}`,
	`{"a": 1,}`, `{'a': 1}`, "// {}", `{"a": "\u0000"}`, `{"status": {}, "status": {}}`, "nul", `{"a": -1e-400}`,
}

// brokenBytes are bodies that no text can stand for, or that begin with what is not seen.
var brokenBytes = []string{"\xef\xbb\xbf{}", "{\"a\": \"\xff\"}", "\xfe\xff\x00{", "{}\x00", "\x00", "{\"a\": \"\xc3\x28\"}", "\xed\xa0\x80"}

// ---- headers, paths, queries ----

// extras draws what else is in a request, often nothing: rows for its headers and its path.
func (g *grammar) extras(needs []string) *rapid.Generator[[][][2]string] {
	name := g.milestone.Transport
	header := func(name string, values ...string) (rows [][2]string) {
		for _, value := range values {
			rows = append(rows, [2]string{"header " + name, value})
		}
		return rows
	}
	one := func(name string, values ...string) (all [][][2]string) {
		for _, value := range values {
			all = append(all, header(name, value))
		}
		return all
	}
	const typed, id, key, scopes, other = "X-Actor-Type", "X-Actor-Id", "X-Partner-Key", "X-Auth-Scopes", "X-Scopes"
	limit := g.milestone.Limits
	groups := map[string][][][2]string{
		"nothing": {nil},
		"key": one(name.IdempotencyHeader, "k-{unique}-1", "k-{unique}-1", "k-{unique}-2", "k-{unique}-2", "k-{unique}-3", "absent", "", " ",
			" k-{unique}-1 ", pad("{unique}", limit.IdempotencyKeyLength), pad("{unique}", limit.IdempotencyKeyLength+1), pad("é{unique}", limit.IdempotencyKeyLength)),
		"path": one("", "{provider_1}", "{provider_1}", "{provider_1}", "{provider_1}", "{provider_1}", "{provider_1}",
			"{provider_2}", "{provider_2}", "{provider_2}", "{provider_3}", "nobody-{unique}", "lp-{unique}-1", "LP-{unique}-1",
			"a/b {unique}", "%2F", "..", ".", "lp-{unique}-2", "{provider_1}/", "é"),
		"clock":       append(one(clockHeader, slices.Concat(times, spelledTimes, noTimes[:4], []string{"absent"})...), one(clockHeader, noTimes...)...),
		"correlation": one(name.CorrelationHeader, "c-1", "A.b_c-9", pad("c", limit.CorrelationIDLength), pad("c", limit.CorrelationIDLength+1), "a b", "", "é", "a/b", " c "),
		"identity": {
			header(id, "{stranger}"), header(id, "{stranger}"), header(typed, "user"), header(typed, "agent"), header(typed, "Partner"),
			header(typed, "robot"), header(id, "absent"), header(typed, "absent"), header(id, " "), header(typed, " "),
			slices.Concat(header(typed, "absent"), header(id, "absent")),
			slices.Concat(header(typed, "absent"), header(key, "{me}")), slices.Concat(header(typed, "absent"), header(key, "{stranger}")),
			slices.Concat(header(typed, " "), header(id, "{stranger}"), header(key, "{me}")),
			header(key, "{stranger}"), header(id, "{me}", "{me}"), slices.Concat(header(id, "absent"), header(key, "{me}")),
			slices.Concat(header("Authorization", "Bearer nobody"), header(key, "absent")), header(key, "nobody-{unique}"), header(key, " "),
			header(typed, "partner", "partner"),
		},
		"scopes": {
			header(scopes, "settlement:read"), header(scopes, "settlement:write"), header(scopes, "settlement:read,settlement:write"),
			header(scopes, "absent"), header(scopes, " "), header(scopes, "settlement:write,settlement:write x"), header(scopes, "Settlement:Write settlement:read"),
			slices.Concat(header(scopes, "absent"), header(other, "settlement:read settlement:write")),
			slices.Concat(header(scopes, " "), header(other, "settlement:write")), header(scopes, "settlement:read", "settlement:write"),
			slices.Concat(header(scopes, "settlement:read"), header(other, "settlement:write")),
		},
	}
	for _, row := range groups["path"] {
		row[0][0] = "path provider_id"
	}
	weights := []struct {
		group string
		times int
	}{{"nothing", 20}, {"key", 6}, {"path", 7}, {"clock", 5}, {"identity", 4}, {"scopes", 3}, {"correlation", 3}}
	var groupsByWeight []*pool[[][2]string]
	for _, w := range weights {
		rows := among(groups[w.group])
		for range w.times {
			groupsByWeight = append(groupsByWeight, rows)
		}
	}
	group := among(groupsByWeight)
	return list(rapid.Custom(func(t *rapid.T) [][2]string { return group.Draw(t, "group").Draw(t, "rows") }), 0, 2)
}

// paths are written out: those of the operations, in the spellings that a router may get wrong, and some of nobody.
func (g *grammar) paths() []string {
	all := []string{"/", "/nowhere", "//"}
	for _, o := range g.milestone.Operations {
		for segment, value := range map[string]string{"{provider_id}": "{provider}"} {
			path := strings.ReplaceAll(o.Path, segment, value)
			all = append(all, path, path, path+"/", strings.ToUpper(path[:3])+path[3:], strings.Replace(path, "{provider}", "", 1),
				strings.Replace(path, "{provider}", "a%2Fb", 1), strings.Replace(path, "{provider}", "%20", 1), path+"?limit=%zz", path+"?a;b", path+"?",
				path+"?limit=1&limit=2", strings.Replace(path, "-", "%2D", 1), path+"/x", "/"+path)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(all)))
}

// queries draws one value of an export's query.
func (g *grammar) queries(events []string) *rapid.Generator[[][2]string] {
	limits := g.milestone.Limits
	number := strconv.Itoa
	values := map[string][]string{
		"limit": {"1", "1", "1", "2", "2", "3", number(limits.ExportLimitMax), number(limits.ExportLimitMax + 1), number(limits.ExportLimitDefault),
			"0", "-1", "1.5", "007", "", "99999999999999999999", "x", "+1", "absent"},
		"retention_days": {"1", "1", "1", "2", "30", number(limits.RetentionDaysDefault), number(limits.RetentionDaysMax), number(limits.RetentionDaysMax + 1),
			"0", "x", "", "01", "absent"},
		"from_iso":          slices.Concat(times, times, spelledTimes, noTimes, []string{"absent"}),
		"to_iso":            slices.Concat(times, times, spelledTimes, noTimes, []string{"absent"}),
		"now_iso":           slices.Concat(times, times, spelledTimes, noTimes, []string{"absent"}),
		"exported_at_iso":   slices.Concat(times, times, spelledTimes, noTimes, []string{"absent"}),
		"event_type":        slices.Concat(events, events, []string{"", "Onboarded", "x", "absent"}),
		"cursor_after":      {"{cursor_1}", "{cursor_2}", "x", "absent", "", timeText(service.Frozen().UnixMilli()) + "|x"},
		"attestation_after": {"{attestation_1}", "{attestation_2}", "x", "absent", ""},
		"checkpoint_after":  {"{checkpoint_1}", "{checkpoint_2}", "x", "absent", ""},
		"unknown":           {"x"},
	}
	var rows [][][2]string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			rows = append(rows, [][2]string{{"query " + name, value}})
		}
	}
	rows = append(rows, [][2]string{{"query limit", "x"}, {"query limit", "1"}}, [][2]string{{"query limit", "1"}, {"query limit", "2"}})
	for n := 1; n <= 2; n++ {
		var whole [][2]string
		for _, part := range continuation {
			whole = append(whole, [2]string{"query " + part.name + "_after", "{" + numberedName(part.name, n) + "}"})
		}
		for range 8 {
			rows = append(rows, whole)
		}
	}
	return among(rows).generator()
}

// continuations draws what is asked otherwise of a next page: later, of another provider, with another filter, or with
// a part of what continues it missing or from another page.
func (g *grammar) continuations(events []string) *rapid.Generator[[][2]string] {
	rows := [][][2]string{nil, nil, nil, nil, nil, nil}
	now := service.Frozen().UnixMilli()
	const day = int64(24 * 60 * 60 * 1000)
	for _, after := range []int64{1, 1, 1, 1, 30, 180} { // where pages and entries grow too old
		for _, by := range []int64{0, 0, 0, 1, -1, -1, -day / 4, -day / 2} {
			rows = append(rows, [][2]string{{"query now_iso", timeText(now + after*day + by)}})
		}
	}
	for _, part := range continuation {
		for _, value := range []string{"{" + numberedName(part.name, 1) + "}", "{" + numberedName(part.name, 2) + "}", "x", "absent"} {
			rows = append(rows, [][2]string{{"query " + part.name + "_after", value}})
		}
	}
	for _, row := range [][2]string{
		{"query limit", "1"}, {"query limit", "2"}, {"query limit", "01"}, {"query limit", strconv.Itoa(g.milestone.Limits.ExportLimitDefault)},
		{"query retention_days", "1"}, {"query retention_days", "2"}, {"query retention_days", strconv.Itoa(g.milestone.Limits.RetentionDaysDefault)},
		{"query event_type", ""}, {"query from_iso", times[0]}, {"query to_iso", times[0]}, {"query exported_at_iso", times[0]},
		{"path provider_id", "{provider_1}"}, {"path provider_id", "{provider_2}"},
	} {
		rows = append(rows, [][2]string{row})
	}
	for range 6 {
		rows = append(rows, [][2]string{{"path provider_id", "{provider_1}"}}, [][2]string{{"path provider_id", "{provider_2}"}})
	}
	for _, event := range events {
		rows = append(rows, [][2]string{{"query event_type", event}})
	}
	return among(rows).generator()
}

// ---- words ----

func flat(groups [][][2]string) [][2]string { return slices.Concat(groups...) }

// makeOwn puts {unique} into each text that may name a provider: a target that all walks use has one provider of a name.
func makeOwn(values []string) {
	for i, value := range values {
		var name string
		if json.Unmarshal([]byte(value), &name) == nil && name != "" && strings.TrimSpace(name) == name && !strings.Contains(name, "{") {
			values[i] = quoted(name + " {unique}")
		}
	}
}

// pad makes a text so many characters long, {unique} counted as the eleven that it is.
func pad(text string, length int) string {
	long := len([]rune(strings.ReplaceAll(text, "{unique}", "u0123456789")))
	return text + strings.Repeat("x", max(0, length-long))
}

func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
}

func timeText(milliseconds int64) string {
	return time.UnixMilli(milliseconds).UTC().Format(timeLayout)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
