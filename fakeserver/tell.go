package fakeserver

import (
	"cmp"
	"fmt"
	"strings"

	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/journal"
)

// told is how many requests of each world a failed test is told of, the last ones.
const told = 50

// Journals tells what came to each world and what it was answered, for a person: one
// line for each of its last 50 requests, with the request's body under a refusal.
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
		for _, e := range found.Entries[max(0, len(found.Entries)-told):] {
			e = w.Masked(e)
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

// shortened shows the beginning of a body on one line.
func shortened(body []byte) string {
	const shown = 400
	text := strings.Join(strings.Fields(string(body[:min(len(body), shown)])), " ")
	if len(body) > shown {
		text += fmt.Sprintf(" … (%d bytes)", len(body))
	}
	return cmp.Or(text, "nothing")
}
