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
// Entries may arrive with early times, and a page has the number of entries from its cursor
// on. Neither may take longer in a long trail, so this is an ordered tree with the size of
// each branch. github.com/tidwall/btree is one, with releases this year and many users; a
// sorted slice would move half the trail for a late entry.
type trail struct {
	all    *btree.BTreeG[*audit.Entry]
	byType map[string]*btree.BTreeG[*audit.Entry]
}

// copy returns a trail with the same entries.
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

// append adds an entry in order.
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

// newTree returns an empty tree without a lock of its own.
func newTree() *btree.BTreeG[*audit.Entry] {
	return btree.NewBTreeGOptions(audit.Less, btree.Options{NoLocks: true})
}

// slice returns up to limit entries of one event type ("" for all) from start on and before
// high, and their number without the limit.
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

// of returns the entries of one event type, "" for all; nil if there are none.
func (t *trail) of(eventType string) *btree.BTreeG[*audit.Entry] {
	if eventType == "" {
		return t.all
	}
	return t.byType[eventType]
}

// count returns the number of entries of one event type.
func (t *trail) count(eventType string) int {
	if tree := t.of(eventType); tree != nil {
		return tree.Len()
	}
	return 0
}

// has reports whether there is an entry of one event type from one time until before another.
func (t *trail) has(eventType string, from, to instant.Instant) bool {
	tree := t.of(eventType)
	return tree != nil && rank(tree, &audit.Entry{RecordedAt: from}) < rank(tree, &audit.Entry{RecordedAt: to})
}

// rank returns the number of entries before place. The tree finds the n-th entry in
// logarithmic time but not the number of an entry, hence a search.
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
