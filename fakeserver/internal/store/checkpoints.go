package store

import (
	"cmp"
	"maps"

	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/instant"
)

// issued is a checkpoint that was issued.
type issued struct {
	audit.Checkpoint
	entries int             // number of entries of the trail then, of the filter's event type
	until   instant.Instant // the elapsed time after which it may be removed
}

// checkpoints are those that were issued. The store's lock guards them.
//
// One that has expired is refused as expired (contract section 9), so it is not removed at
// that time, but once the elapsed time is twice its retention since it was issued. From then
// on it is refused as never issued, with the same status, code and reason code, and another
// message and rule. Its exported_at and the test clocks of requests do not matter here: they
// may be years apart from the world's clock.
type checkpoints struct {
	issued map[string]issued // by checkpoint_hash
	swept  int               // how many were left when old ones were last removed
}

// sweepAfter is the number of checkpoints at which old ones are first looked for.
const sweepAfter = 1024

// add adds the checkpoint of an export, or renews an equal one. It returns false if the
// budget refuses it.
func (c *checkpoints) add(s *Store, export audit.Export, entries int) bool {
	now := s.elapsed.at(instant.Of(s.options.Clock()))
	if _, known := c.issued[export.Hash]; !known {
		// To look at all of them each time that their number has doubled costs little for
		// each, and needs no second order beside the map.
		if len(c.issued) >= max(sweepAfter, 2*c.swept) {
			before := len(c.issued)
			maps.DeleteFunc(c.issued, func(_ string, i issued) bool { return i.until < now })
			c.swept = len(c.issued)
			s.budget.adjust(before, c.swept)
		}
		if !s.budget.take(1) {
			return false
		}
	}
	days := cmp.Or(s.options.CheckpointRetentionDays, export.Checkpoint.Filters.RetentionDays)
	c.issued[export.Hash] = issued{export.Checkpoint, entries, now + 2*instant.Days(days)}
	return true
}
