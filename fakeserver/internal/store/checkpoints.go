package store

import (
	"cmp"
	"maps"

	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/instant"
)

// issued is a checkpoint that was handed out.
type issued struct {
	audit.Checkpoint
	entries int             // of the trail then, as far as the filter of event types lets them through
	until   instant.Instant // when it may be dropped, as the store's lapse counts
}

// checkpoints are those that were handed out. The store's lock guards them.
//
// One that has expired is refused as expired (contract section 9), so it cannot be
// dropped right then. It is dropped once the world's clock has gone on by twice its
// retention since it was handed out; from then on it counts as one never handed out,
// with the same status, code and reason code, and only another message and rule.
// Neither its exported_at nor what a request says of its own time has a part in
// this: tests with a time of their own, years apart from the world's, keep theirs.
type checkpoints struct {
	issued map[string]issued // by checkpoint_hash
	swept  int               // how many were left when the old ones were last dropped
}

// sweepAfter is how many checkpoints there are before the first look for old ones.
const sweepAfter = 1024

// keep keeps the checkpoint of an export, if there is room for it. An equal one is
// renewed, and takes none.
func (c *checkpoints) keep(s *Store, export audit.Export, held int) bool {
	now := s.elapsed.at(instant.Of(s.options.Clock()))
	if _, known := c.issued[export.Hash]; !known {
		// Looking at all of them each time that their number has doubled costs next to
		// nothing for each, and needs no second order beside the map.
		if len(c.issued) >= max(sweepAfter, 2*c.swept) {
			before := len(c.issued)
			maps.DeleteFunc(c.issued, func(_ string, i issued) bool { return i.until < now })
			c.swept = len(c.issued)
			s.budget.settle(before, c.swept)
		}
		if !s.budget.take(1) {
			return false
		}
	}
	days := cmp.Or(s.options.CheckpointRetentionDays, export.Checkpoint.Filters.RetentionDays)
	c.issued[export.Hash] = issued{export.Checkpoint, held, now + 2*instant.Days(days)}
	return true
}
