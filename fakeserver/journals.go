package fakeserver

import (
	"cmp"
	"fmt"
	"strings"

	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/journal"
)

// listed is the maximum number of requests of each world in Journals.
const listed = 50

// Journals returns the last 50 requests to each world as text, a line for each, with the
// bodies of a refused one.
func (s *Server) Journals() string {
	var b strings.Builder
	for _, w := range s.worlds.All() {
		if w.Journal == nil {
			continue
		}
		found := w.Journal.Find(journal.Query{})
		if found.Held == 0 {
			continue
		}
		fmt.Fprintf(&b, "world %s, which had %d requests:\n", w.Name, w.Requests())
		for _, e := range found.Entries[max(0, len(found.Entries)-listed):] {
			e = w.Mask().Stored(e)
			fmt.Fprintf(&b, "  %s %s %s → %d %s", e.RequestID, e.Method, e.Path, e.Status, cmp.Or(e.Outcome, "no outcome"))
			for _, code := range e.ReasonCodes {
				fmt.Fprintf(&b, " %s", code)
			}
			if e.Replayed {
				b.WriteString(" (replayed)")
			}
			if e.Fault != "" {
				fmt.Fprintf(&b, " (fault %s)", e.Fault)
			}
			b.WriteByte('\n')
			if e.Code != "" {
				fmt.Fprintf(&b, "      sent     %s\n      answered %s\n", shortened(e.Body), shortened(e.Answer))
			}
		}
	}
	return jcs.Text(b.String())
}

// shortened returns the beginning of a body on one line.
func shortened(body []byte) string {
	const shown = 400
	text := strings.Join(strings.Fields(string(body[:min(len(body), shown)])), " ")
	if len(body) > shown {
		text += fmt.Sprintf(" … (%d bytes)", len(body))
	}
	return cmp.Or(text, "nothing")
}
