package console

import (
	"cmp"
	"fmt"
	"strings"

	"example.com/lpgate/internal/plural"
	"example.com/lpgate/internal/printable"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// counts writes what was counted.
func (p *printer) counts(run *record.Run, v *verdict.Verdict) {
	if len(run.Scenarios) == 0 && v.Selection.Planned == 0 {
		return
	}
	p.line("")
	repeat := v.Selection.Repeat
	if v.Target != record.BuiltIn {
		p.line("seed        %s", seeds(v.RunID, repeat))
	}
	if shuffle := string(v.Selection.Shuffle); shuffle != "" {
		p.line("shuffle     %s", seeds(shuffle, repeat))
	}
	if repeat > 1 {
		p.line("runs        %s", p.repeated(v))
	}
	var scenarios []string
	for _, status := range record.Statuses {
		if n := v.Scenarios[status]; n > 0 {
			scenarios = append(scenarios, p.paint(status, fmt.Sprintf("%d %s", n, status.Text())))
		}
	}
	p.line("scenarios   %s", strings.Join(scenarios, ", "))
	counts := &v.Exchanges
	p.line("exchanges   %d, with %d checks passed and %d failed", counts.Total, counts.ChecksPassed, counts.ChecksFailed)
	if bodies := counts.Bodies(); bodies != "" {
		p.line("bodies      %s", bodies)
	}
	p.level(v)
	proved, required, skipped := v.Proved()
	known := 0
	for _, rule := range v.Rules {
		if rule.Known {
			known++
		}
	}
	rules := fmt.Sprintf("rules       %d of %d proved%s", proved, required, andSkipped(skipped))
	if known > 0 {
		rules += fmt.Sprintf(", and %d not proved for known failures", known)
	}
	p.line("%s", rules)
	observed, declared, skipped := v.Outcomes()
	p.line("outcomes    %d of %d observed%s", observed, declared, andSkipped(skipped))
	p.line("floor       %d of %d reason codes observed", v.ObservedReasonCodes(), len(v.ReasonCodes))
	p.gaps(v)
}

// repeated describes the runs of a run with --repeat.
func (p *printer) repeated(v *verdict.Verdict) string {
	differing := 0
	for _, reason := range v.Reasons {
		if reason.ID == "run-differs" {
			differing++
		}
	}
	if differing == 0 {
		return fmt.Sprintf("%d, with equal results", v.Selection.Repeat)
	}
	return fmt.Sprintf("%d, and %s had different results; the first run is shown", v.Selection.Repeat, plural.Count(differing, "scenario"))
}

// level writes how many scenarios the level does not require, or the verdict at level core beside one at level full.
func (p *printer) level(v *verdict.Verdict) {
	if n := v.Selection.NotAtLevel; n > 0 {
		p.line("level       %s: %s of level full not run", v.Level, plural.Count(n, "scenario"))
	} else if core := v.Core; core != nil {
		holds := p.style.Red(fmt.Sprintf("overall=%t", core.Overall))
		if core.Overall {
			holds = p.style.Green("overall=true")
		}
		p.line("level       full; at core %s, with %s", holds, plural.Count(core.Causes, "cause"))
	}
}

// seeds returns the seeds of all runs.
func seeds(seed string, runs int) string {
	switch {
	case runs > 2:
		return fmt.Sprintf("%s, then %s to %s", seed, record.RepeatSeed(seed, 2), record.RepeatSeed(seed, runs))
	case runs == 2:
		return seed + ", then " + record.RepeatSeed(seed, 2)
	}
	return seed
}

// gaps lists the scenarios that were skipped for capabilities that the target is declared to lack: a green verdict does not
// cover them.
func (p *printer) gaps(v *verdict.Verdict) {
	first := true
	for _, gap := range v.Skipped {
		if !gap.Declared {
			continue
		}
		if first {
			p.line("")
			p.line("left out as declared, not verified:")
			first = false
		}
		p.line("  %-26s  %s", gap.Capability, plural.Count(len(gap.Scenarios), "scenario"))
	}
	if !first && len(v.Reasons) == 0 && v.Known == nil {
		p.line("")
	}
}

// andSkipped is the end of a line of counts.
func andSkipped(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d left out", n)
}

// known returns the lines about what a baseline excuses, with owner and last day.
func (p *printer) known(v *verdict.Verdict, most int) []string {
	if v.Known == nil {
		return nil
	}
	return p.section(func(p *printer) {
		p.line("")
		p.line("%s", v.Known.Message)
		var lines []string
		for _, k := range v.Known.Entries {
			lines = append(lines, printable.Shorten(fmt.Sprintf("  %d of %d, until %s, %s: %s", k.Seen, k.Count, k.Expires, k.Owner, cmp.Or(k.Cause, k.Scenario)), 160))
		}
		for _, line := range v.Fewer() {
			lines = append(lines, "  "+line)
		}
		room := most - 3 // the two lines above and one below
		for i, line := range lines {
			if i == room-1 && len(lines) > room {
				p.line("  and %d more, in %s", len(lines)-i, artifact.Page)
				break
			}
			p.line("%s", line)
		}
		if len(v.Reasons) == 0 {
			p.line("")
		}
	})
}
