package record

import (
	"bytes"
	"sync"

	"example.com/lpgate/runner/internal/plan"
)

// EncodeExchanges returns exchanges.ndjson: the exchanges of a run in their order, one to a line. The selection names
// the scenarios of their marks; it is nil when there is no plan. The pieces of the file are encoded in parallel.
func EncodeExchanges(exchanges []*Exchange, selection *plan.Selection, secrets *Secrets) []byte {
	const most = 4
	name := func(m Mark) (scenario, where string, line int, step string) { return m.names(selection) }
	size := len(exchanges)/most + 1
	pieces, panics := make([][]byte, most), make([]any, most)
	var group sync.WaitGroup
	for i := range pieces {
		group.Go(func() {
			defer func() { panics[i] = recover() }() // here it would end the process
			from, to := min(i*size, len(exchanges)), min((i+1)*size, len(exchanges))
			size := 0
			for _, x := range exchanges[from:to] {
				size += x.Size()
			}
			b := make([]byte, 0, size)
			for j, x := range exchanges[from:to] {
				b = x.AppendLine(b, from+j+1, name, secrets)
			}
			pieces[i] = b
		})
	}
	group.Wait()
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
	return bytes.Join(pieces, nil)
}

// names returns the id and the place of the scenario that a request is made for, and the line and the text of its step;
// zero values for a request outside of any scenario.
func (m Mark) names(selection *plan.Selection) (scenario, where string, line int, step string) {
	if selection == nil || m.Scenario < 0 {
		return "", "", 0, ""
	}
	s := &selection.Plan.Scenarios[m.Scenario]
	if m.Step < 0 || m.Step >= len(s.Steps) {
		return s.ID, s.Where(), s.Line, ""
	}
	at := &s.Steps[m.Step]
	return s.ID, s.Where(), at.Line, at.Keyword + " " + at.Text
}
