package rest

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/fakeserver/internal/store"
)

// The rules that this file decides.
const (
	exportQueryIsReadable        ruletrace.Rule = "export-query-is-readable"
	exportContinuationIsComplete ruletrace.Rule = "export-continuation-is-complete"
)

// readQuery reads the query of an export. A malformed one is refused later, once the provider
// is the caller's, so it has a trace of its own.
func (h *Handler) readQuery(x *request) store.ExportQuery {
	query := store.ExportQuery{Clock: x.clock, Trace: x.trace.Fork()}
	values, err := url.ParseQuery(x.URL.RawQuery)
	if err != nil {
		query.Refusal = unreadable(query.Trace, fmt.Errorf("the query string is malformed: %w", err))
		return query
	}
	p := parameters{values: values}
	limits := h.Milestone.Limits
	// The answer's query has defaults filled in and caps applied.
	query.Filters.Limit = p.count("limit", limits.ExportLimitDefault, limits.ExportLimitMax)
	query.Filters.RetentionDays = p.count("retention_days", h.RetentionDays, limits.RetentionDaysMax)
	query.Filters.From, query.Filters.HasFrom = p.time("from_iso")
	query.Filters.To, query.Filters.HasTo = p.time("to_iso")
	query.Filters.EventType = p.eventType("event_type")
	if !h.IgnoreTestClocks {
		query.Now = p.moment("now_iso")
		query.ExportedAt = p.moment("exported_at_iso")
	} else if p.get("now_iso") != "" || p.get("exported_at_iso") != "" {
		query.Clock = &rules.Clock{Off: true}
	}
	query.After = audit.Continuation{
		CursorAfter:      p.get("cursor_after"),
		AttestationAfter: p.get("attestation_after"),
		CheckpointAfter:  p.get("checkpoint_after"),
	}
	if query.Refusal = unreadable(query.Trace, p.err); query.Refusal == nil {
		query.Refusal = incomplete(query.Trace, query.After)
	}
	return query
}

// unreadable refuses a query with a value that does not parse.
func unreadable(c *ruletrace.Trace, err error) *rules.Refusal {
	if !c.Precondition(exportQueryIsReadable, err != nil) {
		return nil
	}
	return &rules.Refusal{
		Rule: exportQueryIsReadable, Outcome: rules.QueryInvalid,
		Message: "Query: " + err.Error() + ".",
	}
}

// incomplete refuses a continuation that has some of its values.
func incomplete(c *ruletrace.Trace, after audit.Continuation) *rules.Refusal {
	given := 0
	for _, value := range []string{after.CursorAfter, after.AttestationAfter, after.CheckpointAfter} {
		if value != "" {
			given++
		}
	}
	if !c.Precondition(exportContinuationIsComplete, given != 0 && given != 3) {
		return nil
	}
	return &rules.Refusal{
		Rule: exportContinuationIsComplete, Outcome: rules.QueryInvalid,
		Message: "Query: cursor_after, attestation_after and checkpoint_after come together, from one page, or not at all.",
	}
}

// parameters reads query values. Of repeated ones the last counts, and an empty one is absent.
// The first error is in err.
type parameters struct {
	values url.Values
	err    error
}

func (p *parameters) get(name string) string {
	given := p.values[name]
	if len(given) == 0 {
		return ""
	}
	return given[len(given)-1]
}

func (p *parameters) fail(name, value, want string) {
	if p.err == nil {
		p.err = fmt.Errorf("%s: %q is not %s", name, value, want)
	}
}

// count reads a whole number from 1 on, of any length. One over highest counts as highest.
func (p *parameters) count(name string, absent, highest int) int {
	text := p.get(name)
	if text == "" {
		return absent
	}
	if strings.Trim(text, "0123456789") != "" || strings.Trim(text, "0") == "" {
		p.fail(name, text, "a whole number from 1 on")
		return absent
	}
	n, err := strconv.Atoi(text)
	if err != nil { // out of range is the one way left
		return highest
	}
	return min(n, highest)
}

func (p *parameters) time(name string) (at instant.Instant, given bool) {
	text := p.get(name)
	if text == "" {
		return 0, false
	}
	at, err := instant.Parse(text)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("%s: %w", name, err)
	}
	return at, err == nil
}

// moment reads a test clock; nil if it is absent.
func (p *parameters) moment(name string) *instant.Instant {
	if at, given := p.time(name); given {
		return &at
	}
	return nil
}

func (p *parameters) eventType(name string) string {
	text := p.get(name)
	if text != "" && !slices.Contains(rules.EventTypes, rules.EventType(text)) {
		p.fail(name, text, "an event type: onboarded, status_upserted, eligibility_evaluated or rollout_upserted")
	}
	return text
}

// queryNames are the parameters whose values are parsed.
var queryNames = []string{"limit", "retention_days", "from_iso", "to_iso", "now_iso", "exported_at_iso", "event_type"}

var queryExplained = explain.Rules{
	exportQueryIsReadable: explain.Precondition(
		explain.Inputs(explain.Query, queryNames...),
		func(c *explain.Case) (changes []explain.Change) {
			for _, name := range queryNames {
				p := parameters{values: c.Query}
				switch name {
				case "limit", "retention_days":
					p.count(name, 1, 1)
				case "event_type":
					p.eventType(name)
				default:
					p.time(name)
				}
				if p.err != nil {
					changes = append(changes, explain.Change{Where: explain.Query, At: name, Remove: true})
				}
			}
			return changes
		}, "Remove the malformed value: the message of the answer has what was expected.",
	),
	exportContinuationIsComplete: explain.Precondition(
		explain.Inputs(explain.Query, "cursor_after", "attestation_after", "checkpoint_after"),
		func(c *explain.Case) (changes []explain.Change) {
			for _, name := range []string{"cursor_after", "attestation_after", "checkpoint_after"} {
				if len(c.Query[name]) > 0 {
					changes = append(changes, explain.Change{Where: explain.Query, At: name, Remove: true})
				}
			}
			return changes
		}, "Send the three together, from one page, or none of them.",
	),
}
