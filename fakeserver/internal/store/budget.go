package store

import (
	"fmt"
	"sync/atomic"

	"example.com/lpgate/fakeserver/internal/rules"
)

// Budget bounds the number of records of the stores that share it: audit entries, cached
// answers and checkpoints. A store gives back what it removes: what has expired, and all that
// it had when it is restored or closed.
//
// It is safe for concurrent use.
type Budget struct {
	max  int64
	used atomic.Int64
}

// NewBudget returns a budget of max records.
func NewBudget(max int) *Budget { return &Budget{max: int64(max)} }

// Used returns the number of records, and Max the bound.
func (b *Budget) Used() int { return int(b.used.Load()) }
func (b *Budget) Max() int  { return int(b.max) }

// take takes n records out of the budget, all or none. A nil budget is unlimited.
func (b *Budget) take(n int) bool {
	if b == nil {
		return true
	}
	for {
		used := b.used.Load()
		if used+int64(n) > b.max {
			return false
		}
		if b.used.CompareAndSwap(used, used+int64(n)) {
			return true
		}
	}
}

// adjust replaces the number of records of a store by another. It never fails: the records of
// an image are in memory already, so a restored store may overdraw the budget, and then
// nothing is recorded until enough was given back.
func (b *Budget) adjust(before, after int) {
	if b != nil {
		b.used.Add(int64(after - before))
	}
}

// CodeFull is the error code of a refusal by the budget. The contract has no such code.
const CodeFull rules.Code = "FULL"

// full returns the refusal of a request that exceeds the budget.
func (b *Budget) full() *rules.Refusal {
	return &rules.Refusal{Outcome: rules.Outcome{Code: CodeFull}, Message: fmt.Sprintf("The server may have %d records (audit entries, cached answers and checkpoints, in all worlds), and has reached this limit. "+
		"Reset or delete a world (POST /_fake/worlds/NAME/reset, DELETE /_fake/worlds/NAME), or start the server with a higher --max-records.", b.max)}
}
