package difftest

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"example.com/lpgate/runner/internal/service"
)

// extras generates changes of headers and of the provider in the path, often none.
func (g *grammar) extras() *rapid.Generator[[]rows] {
	groups := []struct {
		weight int
		tables []rows
	}{
		{20, []rows{nil}},
		{6, g.keyHeaders()},
		{7, g.providerPaths()},
		{5, g.clockHeaders()},
		{4, g.identityHeaders()},
		{3, g.scopeHeaders()},
		{3, g.correlationHeaders()},
	}
	var weighted []*choice[rows]
	for _, group := range groups {
		tables := choose(group.tables)
		for range group.weight {
			weighted = append(weighted, tables)
		}
	}
	group := choose(weighted)
	return list(rapid.Custom(func(t *rapid.T) rows { return group.Draw(t, "group").Draw(t, "rows") }), 0, 2)
}

// headers returns a table that sets a header to each of the values.
func headers(name string, values ...string) (table rows) {
	for _, value := range values {
		table = append(table, [2]string{"header " + name, value})
	}
	return table
}

// tables returns a table of one row for each value.
func tables(name string, values ...string) (all []rows) {
	for _, value := range values {
		all = append(all, rows{{name, value}})
	}
	return all
}

func (g *grammar) keyHeaders() []rows {
	limit := g.milestone.Limits.IdempotencyKeyLength
	values := []string{"k-{unique}-1", "k-{unique}-1", "k-{unique}-2", "k-{unique}-2", "k-{unique}-3", pad("{unique}", limit)}
	if !g.validOnly {
		values = append(values, "absent", "", " ", " k-{unique}-1 ", pad("{unique}", limit+1), pad("é{unique}", limit))
	}
	return tables("header "+g.milestone.Transport.IdempotencyHeader, values...)
}

func (g *grammar) providerPaths() []rows {
	values := []string{
		"{provider_1}", "{provider_1}", "{provider_1}", "{provider_1}", "{provider_1}", "{provider_1}",
		"{provider_2}", "{provider_2}", "{provider_2}", "{provider_3}", "nobody-{unique}", "lp-{unique}-1", "lp-{unique}-2",
	}
	if !g.validOnly {
		values = append(values, "LP-{unique}-1", "a/b {unique}", "%2F", "..", ".", "{provider_1}/", "é")
	}
	return tables("path provider_id", values...)
}

func (g *grammar) clockHeaders() []rows {
	values := slices.Concat(times, spelledTimes)
	if g.validOnly {
		values = slices.Concat(times, recordableTimes)
	} else {
		values = slices.Concat(values, malformedTimes[:4], []string{"absent"}, malformedTimes)
	}
	return tables("header "+clockHeader, values...)
}

func (g *grammar) correlationHeaders() []rows {
	limit := g.milestone.Limits.CorrelationIDLength
	values := []string{"c-1", "A.b_c-9", pad("c", limit)}
	if !g.validOnly {
		values = append(values, pad("c", limit+1), "a b", "", "é", "a/b", " c ")
	}
	return tables("header "+g.milestone.Transport.CorrelationHeader, values...)
}

func (g *grammar) identityHeaders() []rows {
	const actorType, actorID, partnerKey = "X-Actor-Type", "X-Actor-Id", "X-Partner-Key"
	valid := []rows{
		headers(actorID, "{stranger}"), headers(actorID, "{stranger}"), headers(actorType, "user"), headers(actorType, "agent"),
	}
	if g.validOnly {
		return valid
	}
	return append(valid,
		headers(actorType, "Partner"), headers(actorType, "robot"), headers(actorID, "absent"), headers(actorType, "absent"),
		headers(actorID, " "), headers(actorType, " "),
		flat([]rows{headers(actorType, "absent"), headers(actorID, "absent")}),
		flat([]rows{headers(actorType, "absent"), headers(partnerKey, "{me}")}),
		flat([]rows{headers(actorType, "absent"), headers(partnerKey, "{stranger}")}),
		flat([]rows{headers(actorType, " "), headers(actorID, "{stranger}"), headers(partnerKey, "{me}")}),
		headers(partnerKey, "{stranger}"), headers(actorID, "{me}", "{me}"),
		flat([]rows{headers(actorID, "absent"), headers(partnerKey, "{me}")}),
		flat([]rows{headers("Authorization", "Bearer nobody"), headers(partnerKey, "absent")}),
		headers(partnerKey, "nobody-{unique}"), headers(partnerKey, " "), headers(actorType, "partner", "partner"),
	)
}

func (g *grammar) scopeHeaders() []rows {
	const scopes, alternative = "X-Auth-Scopes", "X-Scopes"
	valid := []rows{
		headers(scopes, "settlement:read"), headers(scopes, "settlement:write"), headers(scopes, "settlement:read,settlement:write"),
	}
	if g.validOnly {
		return valid
	}
	return append(valid,
		headers(scopes, "absent"), headers(scopes, " "), headers(scopes, "settlement:write,settlement:write x"),
		headers(scopes, "Settlement:Write settlement:read"),
		flat([]rows{headers(scopes, "absent"), headers(alternative, "settlement:read settlement:write")}),
		flat([]rows{headers(scopes, " "), headers(alternative, "settlement:write")}),
		headers(scopes, "settlement:read", "settlement:write"),
		flat([]rows{headers(scopes, "settlement:read"), headers(alternative, "settlement:write")}),
	)
}

// paths returns request targets: those of the operations in spellings that a router may treat in another way, and
// unknown ones.
func (g *grammar) paths() []string {
	all := []string{"/", "/nowhere", "//"}
	for _, o := range g.milestone.Operations {
		path := strings.ReplaceAll(o.Path, "{provider_id}", "{provider}")
		all = append(all, path, path, path+"/", strings.ToUpper(path[:3])+path[3:], strings.Replace(path, "{provider}", "", 1),
			strings.Replace(path, "{provider}", "a%2Fb", 1), strings.Replace(path, "{provider}", "%20", 1), path+"?limit=%zz", path+"?a;b", path+"?",
			path+"?limit=1&limit=2", strings.Replace(path, "-", "%2D", 1), path+"/x", "/"+path)
	}
	all = slices.Compact(slices.Sorted(slices.Values(all)))
	return append(all, "//", "//", "//", "//", "//") // routers and proxies differ most in empty segments
}

// queries generates one parameter of an export.
func (g *grammar) queries() *rapid.Generator[rows] {
	limits := g.milestone.Limits
	number := strconv.Itoa
	valid := map[string][]string{
		"limit":             {"1", "1", "1", "2", "2", "3", number(limits.ExportLimitMax), number(limits.ExportLimitMax + 1), number(limits.ExportLimitDefault)},
		"retention_days":    {"1", "1", "1", "2", "30", number(limits.RetentionDaysDefault), number(limits.RetentionDaysMax), number(limits.RetentionDaysMax + 1)},
		"event_type":        slices.Concat(g.events, g.events),
		"from_iso":          slices.Concat(times, times, recordableTimes),
		"to_iso":            slices.Concat(times, times, recordableTimes),
		"now_iso":           slices.Concat(times, times, recordableTimes),
		"exported_at_iso":   slices.Concat(times, times, recordableTimes),
		"cursor_after":      nil,
		"attestation_after": nil,
		"checkpoint_after":  nil,
	}
	other := map[string][]string{
		"limit":             {"0", "-1", "1.5", "007", "", "99999999999999999999", "x", "+1", "absent"},
		"retention_days":    {"0", "x", "", "01", "absent"},
		"event_type":        {"", "Onboarded", "x", "absent"},
		"from_iso":          slices.Concat(unrecordableTimes, malformedTimes, []string{"absent"}),
		"to_iso":            slices.Concat(unrecordableTimes, malformedTimes, []string{"absent"}),
		"now_iso":           slices.Concat(unrecordableTimes, malformedTimes, []string{"absent"}),
		"exported_at_iso":   slices.Concat(unrecordableTimes, malformedTimes, []string{"absent"}),
		"cursor_after":      {"{cursor_1}", "{cursor_2}", "x", "absent", "", formatTime(service.Frozen().UnixMilli()) + "|x"},
		"attestation_after": {"{attestation_1}", "{attestation_2}", "x", "absent", ""},
		"checkpoint_after":  {"{checkpoint_1}", "{checkpoint_2}", "x", "absent", ""},
	}
	var all []rows
	for _, name := range slices.Sorted(maps.Keys(valid)) {
		all = append(all, tables("query "+name, valid[name]...)...)
		if !g.validOnly {
			all = append(all, tables("query "+name, other[name]...)...)
		}
	}
	if !g.validOnly {
		all = append(all, rows{{"query unknown", "x"}}, rows{{"query limit", "x"}, {"query limit", "1"}}, rows{{"query limit", "1"}, {"query limit", "2"}})
	}
	for n := 1; n <= 2; n++ {
		var whole rows
		for _, part := range continuation {
			whole = append(whole, [2]string{"query " + part.name + "_after", "{" + numberedName(part.name, n) + "}"})
		}
		for range 8 {
			all = append(all, whole)
		}
	}
	return choose(all).generator()
}

// continuations generates changes of the request for a next page: another time, provider or filter, or a continuation value
// that is absent or of another page.
func (g *grammar) continuations() *rapid.Generator[rows] {
	all := make([]rows, 6) // without a change
	now := service.Frozen().UnixMilli()
	const day = int64(24 * 60 * 60 * 1000)
	for _, after := range []int64{1, 1, 1, 1, 30, 180} { // when pages and entries expire
		for _, by := range []int64{0, 0, 0, 1, -1, -1, -day / 4, -day / 2} {
			all = append(all, rows{{"query now_iso", formatTime(now + after*day + by)}})
		}
	}
	for _, part := range continuation {
		for n := 1; n <= 2; n++ {
			all = append(all, rows{{"query " + part.name + "_after", "{" + numberedName(part.name, n) + "}"}})
		}
		if !g.validOnly {
			all = append(all, tables("query "+part.name+"_after", "x", "absent")...)
		}
	}
	changes := rows{
		{"query limit", "1"}, {"query limit", "2"}, {"query limit", strconv.Itoa(g.milestone.Limits.ExportLimitDefault)},
		{"query retention_days", "1"}, {"query retention_days", "2"}, {"query retention_days", strconv.Itoa(g.milestone.Limits.RetentionDaysDefault)},
		{"query from_iso", times[0]}, {"query to_iso", times[0]}, {"query exported_at_iso", times[0]},
	}
	for _, row := range changes {
		all = append(all, rows{row})
	}
	if !g.validOnly {
		all = append(all, rows{{"query limit", "01"}}, rows{{"query event_type", ""}})
	}
	for range 7 {
		all = append(all, tables("path provider_id", "{provider_1}", "{provider_2}")...)
	}
	all = append(all, tables("query event_type", g.events...)...)
	return choose(all).generator()
}

// pad makes a text so many characters long. {unique} counts as the eleven characters of its value.
func pad(text string, length int) string {
	characters := len([]rune(strings.ReplaceAll(text, "{unique}", "u0123456789")))
	return text + strings.Repeat("x", max(0, length-characters))
}

// quoted returns a text as a JSON string.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always has a form
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
}

// times are about the time of the built-in servers: at limits of seconds, days and retentions.
var times = timesAround(service.Frozen().UnixMilli())

func timesAround(now int64) []string {
	const second, day = int64(1000), int64(24 * 60 * 60 * 1000)
	var all []string
	for _, by := range []int64{
		0, 0, second, -second, 1, -1, 3600 * second, -3600 * second, day, day + 1, day - 1, -day, -day - 1, -day + 1,
		30 * day, 30*day + 1, -30 * day, -30*day - 1, 180 * day, 180*day + 1, -180 * day, -180*day - 1, day / 2, -day / 2, 10 * second,
	} {
		all = append(all, formatTime(now+by))
	}
	return all
}

// spelledTimes are times in other spellings, and at the ends of the calendar.
var spelledTimes = slices.Concat(recordableTimes, unrecordableTimes)

// recordableTimes are the spelled times that a service records.
var recordableTimes = []string{
	"2026-02-22T17:30:00+01:30", "2026-02-22t16:00:00z", "2026-02-22T16:00:00.0009Z", "2026-02-22T15:59:59.9999999Z",
	"2026-02-22T16:00:00Z", "2026-02-22T16:00:00.1Z", "2026-02-22T11:00:00.5-05:00", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "2024-02-29T00:00:00Z",
}

// unrecordableTimes have the format of a time, and no service records them.
var unrecordableTimes = []string{"2026-02-22T23:59:60Z", "2016-12-31T23:59:60Z", "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00"}

// malformedTimes do not have the format of a time.
var malformedTimes = []string{
	"yesterday", "", "2026-02-22", "2026-02-22T16:00:00", "2026-02-22 16:00:00Z", "2026-02-30T00:00:00Z",
	"2026-02-22T24:00:00Z", "2026-02-22T16:00:00,5Z", "2026-02-22T16:00:00+24:00",
}
