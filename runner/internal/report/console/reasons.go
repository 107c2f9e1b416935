package console

import (
	"fmt"
	"slices"
	"strings"

	"example.com/lpgate/internal/printable"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// The most reasons of one kind that are shown, and the most problems of files: those are all to be fixed.
const (
	mostReasons  = 10
	mostProblems = 100
)

// reasons returns the lines of the reasons that are no causes, kind by kind.
func (p *printer) reasons(v *verdict.Verdict, most int) []string {
	var kinds [][]record.Reason
	for _, reason := range v.Reasons {
		if reason.Cause != "" {
			continue
		}
		at := slices.IndexFunc(kinds, func(kind []record.Reason) bool { return kind[0].ID == reason.ID })
		if at < 0 {
			kinds = append(kinds, []record.Reason{reason})
		} else {
			kinds[at] = append(kinds[at], reason)
		}
	}
	if len(kinds) == 0 {
		if len(v.Reasons) > 0 { // all are causes
			return []string{""}
		}
		return nil
	}
	lines := func(each int) []string {
		return p.section(func(p *printer) {
			p.line("")
			p.line("reasons:")
			for _, kind := range kinds {
				p.kind(kind, each, verdict.IsAbsence(kind[0].ID) && !v.Complete)
			}
			p.line("")
		})
	}
	each := mostReasons
	for each > 1 && len(lines(each)) > most {
		each--
	}
	all := lines(each)
	if started := !slices.ContainsFunc(v.Reasons, func(reason record.Reason) bool { return reason.ID == "not-started" }); started && len(all) > most {
		all = append(all[:most-2], fmt.Sprintf("  and %d more kinds, in %s", len(all)-most+1, artifact.Verdict), "")
	}
	return all
}

// kind writes the reasons of one kind.
func (p *printer) kind(reasons []record.Reason, most int, onlyCount bool) {
	id := reasons[0].ID
	shown := p.style.Yellow(fmt.Sprintf("%-20s", id))
	if exit := verdict.ExitOf(id); exit == verdict.Unreachable || exit == verdict.Fails && !onlyCount {
		shown = p.style.Red(fmt.Sprintf("%-20s", id))
	}
	switch {
	case onlyCount && len(reasons) > 1:
		p.line("  %s  %d, and not everything ran: see %s", shown, len(reasons), artifact.Verdict)
		return
	case id == "not-started":
		most = mostProblems
	}
	for i, reason := range reasons {
		ref, more := "", len(reasons)-i
		if reason.Ref != "" {
			ref = reason.Ref + "  "
		}
		switch {
		case i < most-1 || more == 1:
			p.line("  %s  %s%s", shown, ref, placed(reason))
			continue
		case most > 1:
			p.line("  %s  and %d more, in %s", shown, more, artifact.Verdict)
		default:
			p.line("  %s  %s%s; and %d more, in %s", shown, ref, placed(reason), more-1, artifact.Verdict)
		}
		return
	}
}

// placed returns a reason with its place before it.
func placed(reason record.Reason) string {
	where := ""
	if reason.Where != "" && !strings.Contains(reason.Message, reason.Where) {
		where = reason.Where + ": "
	}
	return where + printable.Shorten(reason.Message, 300)
}
