package auditproof

import (
	"bytes"
	"fmt"
)

// starts reports whether the page is the first of its export.
func (p *page) starts() error {
	if p.after.cursor != nil {
		return wrong("it continues after %q, but there is no page before it", *p.after.cursor)
	}
	return nil
}

// follows reports whether the page continues the one before it.
func (p *page) follows(before *page) error {
	if before.nextCursor == nil {
		return wrong("the page before it is the last of its export")
	}
	if !bytes.Equal(p.filters, before.filters) {
		return wrong("it asks for %s, and the page before it for %s", p.filters, before.filters)
	}
	for _, link := range []struct {
		name string
		got  *string
		want string
	}{
		{"cursor_after", p.after.cursor, *before.nextCursor},
		{"attestation_after", p.after.attestation, before.chainHash},
		{"checkpoint_after", p.after.checkpoint, before.checkpoint},
	} {
		if link.got == nil || *link.got != link.want {
			return wrong("its %s is %s, and the page before it gave out %q", link.name, quoted(link.got), link.want)
		}
	}
	if left := before.total - len(before.entries); p.total < left {
		return wrong("total_filtered is %d, and the page before it left %d", p.total, left)
	}
	if len(p.entries) > 0 && p.entries[0].provider != before.entries[0].provider {
		return wrongEntry(0, "it is an entry of %q in an export of %q", p.entries[0].provider, before.entries[0].provider)
	}
	return nil
}

// checkUnique checks that no entry is in the export twice.
func checkUnique(pages []*page) error {
	seen := map[string]bool{}
	for i, p := range pages {
		for j, e := range p.entries {
			if seen[e.id] {
				return &Error{Page: i + 1, Entry: j + 1, Message: e.id + " is in the export twice"}
			}
			seen[e.id] = true
		}
	}
	return nil
}

// checkTotals checks that the totals of all pages add up, with the entries that may have arrived in between.
func checkTotals(pages []*page) error {
	youngest := ""
	for i, p := range pages[:len(pages)-1] {
		for _, e := range p.entries {
			if younger(e.arrival, youngest) {
				youngest = e.arrival
			}
		}
		arrived := pages[i+1].total - (p.total - len(p.entries))
		possible := 0
		for _, later := range pages[i+1:] {
			for _, e := range later.entries {
				if younger(e.arrival, youngest) {
					possible++
				}
			}
		}
		if arrived > possible {
			return &Error{Page: i + 2, Message: fmt.Sprintf(
				"by total_filtered, %d entries arrived since the page before it, but at most %d that follow are that young", arrived, possible)}
		}
	}
	return nil
}

// timeLayout is how every time in an export is written. Text of this form sorts as the times do.
const timeLayout = "2006-01-02T15:04:05.000Z"
