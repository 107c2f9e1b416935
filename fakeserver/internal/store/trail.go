package store

import (
	"math"
	"sort"

	"github.com/tidwall/btree"

	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/instant"
)

// trail is one provider's audit trail in the order of an export, whole and by
// event type, so that a filtered page costs no more than an unfiltered one.
//
// Entries may arrive with times of long ago, a page must say how many entries
// follow it, and neither may slow down with the length of the trail: that is an
// ordered tree that knows the size of its branches. github.com/tidwall/btree is
// one, with releases this year and many users (its author's own database among
// them); a sorted slice would move half the trail for a late entry.
type trail struct {
	all    *btree.BTreeG[*audit.Entry]
	byType map[string]*btree.BTreeG[*audit.Entry]
}

// copy gives a trail of the same entries, to which others can be added.
func (t *trail) copy() trail {
	if t.all == nil {
		return trail{}
	}
	other := trail{all: t.all.Copy(), byType: make(map[string]*btree.BTreeG[*audit.Entry], len(t.byType))}
	for eventType, tree := range t.byType {
		other.byType[eventType] = tree.Copy()
	}
	return other
}

// append adds an entry in its place.
func (t *trail) append(e *audit.Entry) {
	if t.all == nil {
		t.all = newTree()
		t.byType = map[string]*btree.BTreeG[*audit.Entry]{}
	}
	t.all.Set(e)
	tree, ok := t.byType[e.EventType]
	if !ok {
		tree = newTree()
		t.byType[e.EventType] = tree
	}
	tree.Set(e)
}

// newTree gives an empty tree. The store's lock guards it, so it needs none.
func newTree() *btree.BTreeG[*audit.Entry] {
	return btree.NewBTreeGOptions(audit.Less, btree.Options{NoLocks: true})
}

// slice gives up to limit entries of one event type ("" for all) from start on
// and before high, and how many there are without the limit.
func (t *trail) slice(eventType string, start *audit.Entry, high instant.Instant, limit int) (entries []*audit.Entry, total int) {
	tree := t.of(eventType)
	if tree == nil {
		return nil, 0
	}
	total = rank(tree, &audit.Entry{RecordedAt: high}) - rank(tree, start)
	if total <= 0 {
		return nil, 0
	}
	entries = make([]*audit.Entry, 0, min(limit, total))
	tree.Ascend(start, func(e *audit.Entry) bool {
		entries = append(entries, e)
		return len(entries) < cap(entries)
	})
	return entries, total
}

// of gives the entries of one event type, "" for all; nil when there are none.
func (t *trail) of(eventType string) *btree.BTreeG[*audit.Entry] {
	if eventType == "" {
		return t.all
	}
	return t.byType[eventType]
}

// count counts the entries of one event type.
func (t *trail) count(eventType string) int {
	if tree := t.of(eventType); tree != nil {
		return tree.Len()
	}
	return 0
}

// holds tells whether there is an entry of one event type from a time on and
// before another.
func (t *trail) holds(eventType string, from, to instant.Instant) bool {
	tree := t.of(eventType)
	return tree != nil && rank(tree, &audit.Entry{RecordedAt: from}) < rank(tree, &audit.Entry{RecordedAt: to})
}

// rank counts the entries before place. The tree tells the n-th entry in
// logarithmic time but not the number of one, hence a search over it.
func rank(tree *btree.BTreeG[*audit.Entry], place *audit.Entry) int {
	if place.RecordedAt == math.MaxInt64 {
		return tree.Len()
	}
	return sort.Search(tree.Len(), func(n int) bool {
		e, _ := tree.GetAt(n)
		return !audit.Less(e, place)
	})
}

// each calls f with every entry in order.
func (t *trail) each(f func(*audit.Entry)) {
	if t.all != nil {
		t.all.Scan(func(e *audit.Entry) bool { f(e); return true })
	}
}
