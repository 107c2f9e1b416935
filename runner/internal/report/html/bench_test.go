//go:build external

package html_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/html"
)

// many is how many scenarios the benchmarks have.
const many = 5000

// whole is a run of the whole milestone.
var whole = sync.OnceValues(func() (*finishedRun, error) {
	return verify("", "", nil)
})

// large is the record of that run, with its scenarios again and again until there are many.
func large(b *testing.B) *record.Run {
	b.Helper()
	r, err := whole()
	if err != nil {
		b.Fatal(err)
	}
	run := logged(b, r.log)
	once := run.Scenarios
	for i := 0; len(run.Scenarios) < many; i++ {
		from := once[i%len(once)]
		s, planned := *from, *from.Scenario
		planned.ID = fmt.Sprintf("%s again %d", planned.ID, i)
		planned.Steps = append([]plan.Step{}, planned.Steps...)
		s.Scenario = &planned
		run.Scenarios = append(run.Scenarios, &s)
	}
	return run
}

// How long it takes to write a page of 5,000 scenarios, and how large it is.
func BenchmarkEncode(b *testing.B) {
	run := large(b)
	for b.Loop() {
		text, err := html.Encode(run, decided(b, run))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(text))/1e6, "MB")
	}
}

// How long it takes until the page is there when a browser opens it, and until a text was searched for the first time;
// and how much of a processor that took, which is what can be compared between machines that have other things to do.
func BenchmarkOpen(b *testing.B) {
	r := large(b)
	text, err := html.Encode(r, decided(b, r))
	if err != nil {
		b.Fatal(err)
	}
	n, sums := 0.0, map[string]float64{}
	for b.Loop() {
		tab := open(b, text, "")
		call(tab, performance.Enable, performance.EnableParams{})
		opened := tab.busy()
		sums["ms-to-open"] += tab.number(`performance.getEntriesByType("navigation")[0].loadEventEnd`)
		sums["ms-to-search"] += tab.number(`(async () => {
			const from = performance.now();
			const form = document.getElementById("filter");
			form.elements.text.value = "capabilities_hash";
			form.dispatchEvent(new Event("input"));
			while (!/ of /.test(document.getElementById("found").textContent)) await new Promise((done) => setTimeout(done, 1));
			return performance.now() - from;
		})()`)
		sums["cpu-ms-to-open"] += opened
		sums["cpu-ms-to-search"] += tab.busy() - opened
		n++
	}
	for name, sum := range sums {
		b.ReportMetric(sum/n, name)
	}
}

// busy is how many milliseconds the processors have worked for the tab.
func (b *tab) busy() float64 {
	b.Helper()
	for _, m := range call(b, performance.GetMetrics, cdp.Empty{}).Metrics {
		if m.Name == "ProcessTime" {
			return m.Value * 1000
		}
	}
	b.Fatal("the browser does not tell its ProcessTime")
	return 0
}

func (b *tab) number(expression string) float64 {
	b.Helper()
	n, err := strconv.ParseFloat(b.eval(expression), 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}
