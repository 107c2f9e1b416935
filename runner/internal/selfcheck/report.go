package selfcheck

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"example.com/lpgate/internal/plural"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/terminal"
	"example.com/lpgate/runner/internal/verdict"
)

// File is the name of the artifact. schemas/Selfcheck.schema.json describes it.
const File = "selfcheck.json"

// document is selfcheck.json.
type document struct {
	Milestone  string        `json:"milestone"`
	Passed     bool          `json:"passed"`
	Threshold  int           `json:"threshold"`
	Score      score         `json:"score"`
	Kinds      []kindRow     `json:"kinds"`
	Stale      []staleEntry  `json:"stale"`
	Mutations  []mutationRow `json:"mutations"`
	StartedAt  string        `json:"started_at"`
	FinishedAt string        `json:"finished_at"`
	TookMS     int64         `json:"took_ms"`
}

// score counts mutations. Percent is the whole percentage of those that are not listed, rounded down: 100 means all.
type score struct {
	Mutations  int `json:"mutations"`
	Detected   int `json:"detected"`
	Missed     int `json:"missed"`
	NotApplied int `json:"not_applied"`
	Listed     int `json:"listed"`
	Percent    int `json:"percent"`
}

func (c *score) add(f *finding) {
	c.Mutations++
	switch {
	case f.status == detected:
		c.Detected++
	case f.listed != nil:
		c.Listed++
	case f.status == missed:
		c.Missed++
	default:
		c.NotApplied++
	}
	c.Percent = 100
	if counted := c.Mutations - c.Listed; counted > 0 {
		c.Percent = 100 * c.Detected / counted
	}
}

type kindRow struct {
	Kind        string `json:"kind"`
	Description string `json:"description"`
	score
}

type mutationRow struct {
	ID         string       `json:"id"`
	Operation  string       `json:"operation"`
	Outcome    string       `json:"outcome"`
	Status     status       `json:"status"`
	AppliedIn  int          `json:"applied_in"`
	DetectedBy *detectedRow `json:"detected_by,omitempty"`
	Listed     string       `json:"listed,omitempty"`
}

type detectedRow struct {
	Scenario string `json:"scenario"`
	Ref      string `json:"ref"`
	Where    string `json:"where"`
	Check    string `json:"check,omitempty"`
}

// conclude writes selfcheck.json and the page, and decides.
func (s *selfcheck) conclude() (int, error) {
	d := document{
		Milestone: s.in.Milestone.ID, Threshold: s.in.Milestone.Selfcheck.Threshold, Stale: s.staleEntries(),
		StartedAt: stamp(s.started), FinishedAt: stamp(time.Now()), TookMS: time.Since(s.started).Milliseconds(),
	}
	places := map[string]int{}
	for _, kind := range kinds {
		places[kind.name] = len(d.Kinds)
		d.Kinds = append(d.Kinds, kindRow{Kind: kind.name, Description: kind.description})
	}
	for i := range s.findings {
		f := &s.findings[i]
		d.Score.add(f)
		d.Kinds[places[f.mutation.Kind]].add(f)
		row := mutationRow{
			ID: f.mutation.ID, Operation: f.mutation.Operation.ID, Outcome: f.mutation.Outcome.Name, Status: f.status, AppliedIn: len(f.scenarios),
		}
		if f.status == detected {
			row.DetectedBy = &detectedRow{f.by.Scenario, f.by.Ref, f.by.Where, f.by.Check}
		}
		if f.listed != nil {
			row.Listed = f.listed.Reason
		}
		d.Mutations = append(d.Mutations, row)
	}
	counted := d.Score.Mutations - d.Score.Listed
	d.Passed = 100*d.Score.Detected >= d.Threshold*counted && len(d.Stale) == 0
	out := s.Out
	if out == "" {
		out = filepath.Join(filepath.Dir(s.project.Artifacts(s.in.Milestone.ID)), "selfcheck")
	}
	if err := artifact.ReplaceFile(filepath.Join(out, File), d.encode()); err != nil {
		return verdict.Incomplete, fmt.Errorf("writing %s: %w", File, err)
	}
	s.page(&d, out)
	if !d.Passed {
		return verdict.Fails, nil
	}
	return verdict.Holds, nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (d *document) encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		panic(err) // texts and numbers
	}
	return b.Bytes()
}

// page prints the result.
func (s *selfcheck) page(d *document, out string) {
	w := s.Stdout
	fmt.Fprintf(w, "%s: mutations of responses and what the gate detects\n\n", d.Milestone)
	fmt.Fprintf(w, "%-10s %6s %9s %7s %11s %7s\n", "kind", "count", "detected", "missed", "not applied", "listed")
	row := func(name string, c score) {
		fmt.Fprintf(w, "%-10s %6d %9d %7d %11d %7d\n", name, c.Mutations, c.Detected, c.Missed, c.NotApplied, c.Listed)
	}
	for _, kind := range d.Kinds {
		if kind.Mutations > 0 {
			row(kind.Kind, kind.score)
		}
	}
	row("all", d.Score)
	for _, part := range []struct {
		title string
		wants func(mutationRow) bool
	}{
		{"detected", func(l mutationRow) bool { return s.Table && l.Status == detected }},
		{"listed as unobservable", func(l mutationRow) bool { return s.Table && l.Listed != "" && l.Status != detected }},
		{"missed: applied, and nothing failed", func(l mutationRow) bool { return l.Listed == "" && l.Status == missed }},
		{"not applied: no response fits", func(l mutationRow) bool { return l.Listed == "" && l.Status == notApplied }},
	} {
		title := "\n" + part.title + ":\n"
		for _, l := range d.Mutations {
			if part.wants(l) {
				fmt.Fprintf(w, "%s  %s%s\n", title, l.ID, l.summary())
				title = ""
			}
		}
	}
	for i, entry := range d.Stale {
		if i == 0 {
			fmt.Fprintf(w, "\nstale: listed as unobservable, and outdated:\n")
		}
		fmt.Fprintf(w, "  %s: %s: %s\n", entry.Where, entry.Mutation, entry.Description)
	}
	fmt.Fprintf(w, "\nscore       %d of %d, which is %d %%; the milestone requires %d %%\n",
		d.Score.Detected, d.Score.Mutations-d.Score.Listed, d.Score.Percent, d.Threshold)
	fmt.Fprintf(w, "report      %s\n", artifact.DisplayPath(filepath.Join(out, File)))
	switch {
	case d.Score.Missed+d.Score.NotApplied > 0:
		fmt.Fprintf(w, "\nNext: --mutation 'ID' applies one of them; write a scenario that detects it, or list it with the reason.\n")
	case len(d.Stale) > 0:
		fmt.Fprintf(w, "\nNext: remove the stale entries from selfcheck in the milestone.\n")
	}
}

// summary returns what the table has beside the id.
func (l mutationRow) summary() string {
	switch {
	case l.Status == detected && l.DetectedBy.Check != "":
		return " | check " + l.DetectedBy.Check + ", " + l.DetectedBy.Ref + " " + l.DetectedBy.Where
	case l.Status == detected:
		return " | " + l.DetectedBy.Ref + " " + l.DetectedBy.Where
	case l.Listed != "":
		return " | " + l.Listed
	case l.Status == missed:
		return " | applied in " + plural.Count(l.AppliedIn, "scenario")
	}
	return ""
}

// progress prints how many mutations are done.
type progress struct {
	mu              sync.Mutex
	line            *terminal.ProgressLine
	all, done, open int
}

func (p *progress) step(open bool, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if open {
		p.open++
	}
	p.line.Print(now, func(bool) string { return fmt.Sprintf("%d of %d mutations, %d not detected", p.done, p.all, p.open) })
}
