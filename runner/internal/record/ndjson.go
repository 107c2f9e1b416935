package record

import (
	"bytes"
	"sync"
)

// EncodeExchanges returns exchanges.ndjson: the exchanges of a run in their order, one to a line. The pieces of the file are
// encoded in parallel.
func EncodeExchanges(run *Run) []byte {
	const most = 4
	exchanges := run.Exchanges()
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
				b = run.line(from+j+1, x).Append(b)
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

// line returns the line of an exchange in exchanges.ndjson.
func (r *Run) line(number int, x *Exchange) *Line {
	l := &Line{Number: number, Exchange: x}
	if x.Mark.Scenario < 0 {
		return l
	}
	s := r.Scenarios[x.Mark.Scenario]
	l.Scenario, l.Where, l.Step.Line = s.ID, s.Where(), s.Line
	if x.Mark.Step >= 0 && x.Mark.Step < len(s.Steps) {
		at := &s.Steps[x.Mark.Step]
		l.Step.Line, l.Step.Text = at.Line, at.Keyword+" "+at.Text
	}
	return l
}
