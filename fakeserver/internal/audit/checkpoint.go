package audit

import (
	"strconv"

	"example.com/lpgate/fakeserver/internal/explain"
	"example.com/lpgate/fakeserver/internal/instant"
	"example.com/lpgate/fakeserver/internal/ruletrace"
)

// The rules that this file decides.
const (
	exportCheckpointIsFresh        ruletrace.Rule = "export-checkpoint-is-fresh"
	exportPageFollowsItsCheckpoint ruletrace.Rule = "export-page-follows-its-checkpoint"
	exportCheckpointIsOwn          ruletrace.Rule = "export-checkpoint-is-own"
	exportFiltersStay              ruletrace.Rule = "export-filters-stay"
	exportCheckpointIsKnown        ruletrace.Rule = "export-checkpoint-is-known"
	exportCursorStillStands        ruletrace.Rule = "export-cursor-still-stands"
)

// Checkpoint is what is stored of an exported page, so that only its next page can follow.
type Checkpoint struct {
	ProviderID string
	Cursor     string // next_cursor, or "" on a last page
	ChainHash  string
	Filters    Filters
	ExportedAt instant.Instant
}

// ContinuationError is a rule that a continuation breaks.
type ContinuationError struct {
	Rule    ruletrace.Rule
	Message string
}

// Next returns why a query is not that of the page after c; nil if it is.
//
// RetentionDays is how long a checkpoint can be continued from; 0 is the retention of entries
// that c was issued with. [Unknown] and [Gone] are decided by the caller, which has the
// checkpoints and the entries.
func (c Checkpoint) Next(trace *ruletrace.Trace, after Continuation, providerID string, filters Filters, now instant.Instant, retentionDays int) *ContinuationError {
	if retentionDays == 0 {
		retentionDays = c.Filters.RetentionDays
	}
	switch {
	case trace.Precondition(foreign.Rule, c.ProviderID != providerID):
		return foreign
	case trace.Precondition(exportCheckpointIsFresh, now > c.ExportedAt+instant.Days(retentionDays)):
		return &ContinuationError{exportCheckpointIsFresh, "checkpoint_after has expired, " + strconv.Itoa(retentionDays) + " days after its export: start again from the first page."}
	case trace.Precondition(exportPageFollowsItsCheckpoint, c.Cursor != after.CursorAfter || c.ChainHash != after.AttestationAfter):
		if c.Cursor != after.CursorAfter {
			return &ContinuationError{exportPageFollowsItsCheckpoint, "cursor_after is not the next_cursor of the page that checkpoint_after belongs to."}
		}
		return &ContinuationError{exportPageFollowsItsCheckpoint, "attestation_after is not the chain_hash of the page that checkpoint_after belongs to."}
	case trace.Precondition(otherwise.Rule, c.Filters != filters):
		return otherwise
	}
	return nil
}

var (
	foreign   = &ContinuationError{exportCheckpointIsOwn, "checkpoint_after is another provider's: continue with this provider's own."}
	otherwise = &ContinuationError{exportFiltersStay, "The filters are not those of the page that checkpoint_after belongs to: repeat its query."}
)

// Unknown refuses a checkpoint that was never issued.
var Unknown = &ContinuationError{exportCheckpointIsKnown, "checkpoint_after was never issued: take checkpoint_hash from the page before."}

// Gone refuses a cursor whose entry is no longer selected by the filters.
var Gone = &ContinuationError{exportCursorStillStands, "The entry of cursor_after is older than the retention by now: start again from the first page."}

// firstPage removes the continuation.
var firstPage = explain.Remove(explain.Query, "cursor_after", "attestation_after", "checkpoint_after")

// continuing explains a rule about a continuation.
func continuing(advice string, inputs ...explain.Input) explain.Rule {
	return explain.Rule{
		Inputs: append(explain.Inputs(explain.Query, "checkpoint_after"), inputs...),
		Change: firstPage, Advice: advice + ", or start again from the first page.",
	}
}

// Explained returns the explanations of the preconditions of this package.
func Explained() explain.Rules {
	query := func(names ...string) []explain.Input { return explain.Inputs(explain.Query, names...) }
	return explain.Rules{
		exportCheckpointIsKnown: continuing("Take checkpoint_hash from the page before", explain.Input{Where: explain.Server, At: "the checkpoints that were issued"}),
		exportCheckpointIsOwn:   continuing("Take the checkpoint of this provider's page", explain.Input{Where: explain.Path}),
		exportCheckpointIsFresh: continuing("Continue sooner", append(query("now_iso"), explain.Input{Where: explain.Header, At: "X-Now-Iso"}, explain.Input{Where: explain.Clock})...),
		exportPageFollowsItsCheckpoint: continuing("Take cursor, attestation and checkpoint from one page",
			query("cursor_after", "attestation_after")...),
		exportFiltersStay: continuing("Repeat the filters of the page before", query("limit", "retention_days", "from_iso", "to_iso", "event_type")...),
		exportCursorStillStands: continuing("Use a longer retention from the first page on",
			append(query("cursor_after", "retention_days"), explain.Input{Where: explain.Clock})...),
	}
}
