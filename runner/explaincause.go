package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/internal/plural"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
)

// explainCause returns what the run whose artifacts are in a folder has of a cause.
func explainCause(key, folder string) (string, error) {
	key = strings.TrimSpace(key)
	text, shown, err := artifact.LastVerdict(folder)
	if err != nil {
		return "", usage.Errorf("explaining a cause: %w", err)
	}
	var last verdict.Verdict
	if err := json.Unmarshal(text, &last); err != nil {
		return "", usage.Errorf("%s is not a verdict: %w", shown, err)
	}
	run := recordOf(folder)
	exchanges := run.Exchanges()
	var b strings.Builder
	var keys []string
	for i := range last.Causes {
		c := &last.Causes[i]
		keys = append(keys, c.Key)
		if c.Key != key {
			continue
		}
		writeCause(&b, c)
		if n := c.Example.Exchange; n > 0 && n <= len(exchanges) {
			writeExchange(&b, exchanges[n-1])
		}
		for _, command := range c.Example.Curl {
			fmt.Fprintf(&b, "\nto send it again:\n%s\n", command)
		}
		if c.Example.Ref != "" {
			fmt.Fprintf(&b, "\nto run the scenario alone: runner repro %s%s\n", c.Example.Ref, run.Repro)
		}
	}
	if b.Len() == 0 {
		return "", usage.Errorf("%s has no cause %q%s", shown, key, suggest.DidYouMean(key, keys))
	}
	return b.String(), nil
}

// recordOf returns the record in the event log of a folder; an empty one when it cannot be read.
func recordOf(folder string) *record.Run {
	file, err := os.Open(filepath.Join(folder, artifact.Messages))
	if err != nil {
		return new(record.Run)
	}
	defer file.Close()
	run, err := record.Read(file)
	if err != nil {
		return new(record.Run)
	}
	return run
}

// writeCause writes a cause, and where it occurs.
func writeCause(b *strings.Builder, c *verdict.Cause) {
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintf(b, "%s\n\n", c.Key)
	known := ""
	if c.Known {
		known = ", excused by the baseline"
	}
	row := func(name, text string) { fmt.Fprintf(b, "%-12s%s\n", name, text) }
	row("reason", c.Reason+", of level "+string(c.Level)+known)
	row("count", plural.Count(c.Count, "scenario"))
	if c.Limit != "" {
		row("baseline", c.Limit)
	}
	for _, list := range []struct {
		name string
		ids  []string
	}{{"rules", c.Rules}, {"operations", c.Operations}, {"scenarios", c.Scenarios}} {
		row(list.name, strings.Join(list.ids, " "))
	}
	row("example", c.Example.Where+" "+c.Example.Scenario)
	row("", c.Example.Message)
}

// writeExchange writes the request and the answer of the example.
func writeExchange(b *strings.Builder, x *record.Exchange) {
	fmt.Fprintf(b, "\n> %s %s\n", x.Request.Method, x.Request.Target)
	writeBody(b, "> ", x.Request.Body)
	if x.Response == nil {
		fmt.Fprintf(b, "< no answer: %s\n", x.Failure)
		return
	}
	fmt.Fprintf(b, "< %d\n", x.Response.Status)
	for _, name := range slices.Sorted(maps.Keys(x.Response.Header)) {
		fmt.Fprintf(b, "< %s: %s\n", name, strings.Join(x.Response.Header[name], ", "))
	}
	writeBody(b, "< ", x.Response.Body)
}

func writeBody(b *strings.Builder, before string, body []byte) {
	for line := range strings.Lines(string(body)) {
		fmt.Fprintf(b, "%s%s\n", before, strings.TrimRight(line, "\n"))
	}
}
