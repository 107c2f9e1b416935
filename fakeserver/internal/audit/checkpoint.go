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

// Checkpoint is what is remembered of a page that was handed out, so that only
// its true next page can follow.
type Checkpoint struct {
	ProviderID string
	Cursor     string // next_cursor, or "" on a last page
	ChainHash  string
	Filters    Filters
	ExportedAt instant.Instant
}

// ContinuationError says which rule a continuation breaks.
type ContinuationError struct {
	Rule    ruletrace.Rule
	Message string
}

// Next reports why the page that a query asks for is not the one that follows c,
// or nil.
//
// retentionDays is how long checkpoints are kept; 0 stands for the retention of
// the entries that c was issued with. Two things are not told here: [Unknown] and
// [Gone] take what was handed out, and the entries.
func (c Checkpoint) Next(noted *ruletrace.Trace, after Continuation, providerID string, filters Filters, now instant.Instant, retentionDays int) *ContinuationError {
	if retentionDays == 0 {
		retentionDays = c.Filters.RetentionDays
	}
	switch {
	case noted.Precondition(foreign.Rule, c.ProviderID != providerID):
		return foreign
	case noted.Precondition(exportCheckpointIsFresh, now > c.ExportedAt+instant.Days(retentionDays)):
		return &ContinuationError{exportCheckpointIsFresh, "checkpoint_after has expired, " + strconv.Itoa(retentionDays) + " days after its export: start again from the first page."}
	case noted.Precondition(exportPageFollowsItsCheckpoint, c.Cursor != after.CursorAfter || c.ChainHash != after.AttestationAfter):
		if c.Cursor != after.CursorAfter {
			return &ContinuationError{exportPageFollowsItsCheckpoint, "cursor_after is not the next_cursor of the page that checkpoint_after belongs to."}
		}
		return &ContinuationError{exportPageFollowsItsCheckpoint, "attestation_after is not the chain_hash of the page that checkpoint_after belongs to."}
	case noted.Precondition(otherwise.Rule, c.Filters != filters):
		return otherwise
	}
	return nil
}

var (
	foreign   = &ContinuationError{exportCheckpointIsOwn, "checkpoint_after was handed out for another provider: continue with this provider's own."}
	otherwise = &ContinuationError{exportFiltersStay, "The filters are not those of the page that checkpoint_after belongs to: repeat its query."}
)

// Unknown is told of a checkpoint that was never handed out.
var Unknown = &ContinuationError{exportCheckpointIsKnown, "checkpoint_after is none that was handed out: take checkpoint_hash from the page before."}

// Gone is told when the entry behind which the page should start has left the
// filtered set.
var Gone = &ContinuationError{exportCursorStillStands, "The entry that cursor_after names is older than the retention by now: start again from the first page."}

// firstPage leaves the continuation out.
var firstPage = explain.Remove(explain.Query, "cursor_after", "attestation_after", "checkpoint_after")

func continues(says string, looks ...explain.Input) explain.Rule {
	return explain.Rule{
		Inputs: append(explain.Inputs(explain.Query, "checkpoint_after"), looks...),
		Change: firstPage, Advice: says + ", or start again from the first page.",
	}
}

// Explained tells of each gate of this room what it looks at and what passes it.
func Explained() explain.Rules {
	query := func(names ...string) []explain.Input { return explain.Inputs(explain.Query, names...) }
	return explain.Rules{
		exportCheckpointIsKnown: continues("Take checkpoint_hash from the page before", explain.Input{Where: explain.Server, At: "the checkpoints that were handed out"}),
		exportCheckpointIsOwn:   continues("Take the checkpoint of this provider's page", explain.Input{Where: explain.Path}),
		exportCheckpointIsFresh: continues("Continue sooner", append(query("now_iso"), explain.Input{Where: explain.Header, At: "X-Now-Iso"}, explain.Input{Where: explain.Clock})...),
		exportPageFollowsItsCheckpoint: continues("Take cursor, attestation and checkpoint from one page",
			query("cursor_after", "attestation_after")...),
		exportFiltersStay: continues("Repeat the filters of the page before", query("limit", "retention_days", "from_iso", "to_iso", "event_type")...),
		exportCursorStillStands: continues("Ask for a longer retention from the first page on",
			append(query("cursor_after", "retention_days"), explain.Input{Where: explain.Clock})...),
	}
}
