package store

import (
	"fmt"
	"sync/atomic"

	"example.com/lpgate/fakeserver/internal/rules"
)

// Budget bounds how many records the stores that share it hold together: audit
// entries, kept answers and checkpoints. What a store drops it gives back: what has
// expired, all that it held when it is restored or closed.
//
// It is safe for concurrent use.
type Budget struct {
	max  int64
	used atomic.Int64
}

// NewBudget gives a budget of so many records.
func NewBudget(max int) *Budget { return &Budget{max: int64(max)} }

// Used is how many records there are, and Max how many there may be.
func (b *Budget) Used() int { return int(b.used.Load()) }
func (b *Budget) Max() int  { return int(b.max) }

// take takes n records out of the budget, all or none. A nil budget has no end.
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

// settle says that a store which held so many records holds another number now.
// It is not asked: what an image holds is in memory already, so a restored store may
// overdraw the budget, and then nothing new is recorded until enough was given back.
func (b *Budget) settle(held, holds int) {
	if b != nil {
		b.used.Add(int64(holds - held))
	}
}

// CodeFull is the error code of a refusal that the budget has no room for. The contract has
// no such code.
const CodeFull rules.Code = "FULL"

// full refuses what the budget has no room for.
func (b *Budget) full() *rules.Refusal {
	return &rules.Refusal{Outcome: rules.Outcome{Code: CodeFull}, Message: fmt.Sprintf("The server may hold %d records (audit entries, kept answers and checkpoints, over all worlds), and there is no room for another. "+
		"Reset or delete a world (POST /_fake/worlds/NAME/reset, DELETE /_fake/worlds/NAME), or start the server with a higher --max-records.", b.max)}
}
