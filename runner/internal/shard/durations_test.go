package shard

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/runner/internal/plan"
)

func TestReadDurations(t *testing.T) {
	two := plan.Durations{"s-0bb72c18b2": 1500 * time.Microsecond, "s-322fc95915": 20 * time.Millisecond}
	tests := []struct {
		name, text string
		want       plan.Durations
		says       string
	}{
		{"lines", "s-0bb72c18b2\t1.5\n\ns-322fc95915\t20\n", two, ""},
		{"an object", `{"s-0bb72c18b2": 1.5, "s-322fc95915": 20}`, two, ""},
		{"no time at all", "s-0bb72c18b2\t0\n", plan.Durations{"s-0bb72c18b2": 0}, ""},
		{"nothing", "", nil, "FILE: no scenario was measured in it"},
		{"an empty object", "{}", nil, "FILE: no scenario was measured in it"},
		{"one word", "s-0bb72c18b2\n", nil, "FILE:1: a line is the short name of a scenario, a tab, and milliseconds"},
		{"no number", "s-0bb72c18b2\t1.5\ns-322fc95915\tlong\n", nil, `FILE:2: "long" is no number of milliseconds`},
		{"less than nothing", "s-0bb72c18b2\t-1\n", nil, "FILE:1: s-0bb72c18b2 took -1 ms, and that cannot be"},
		{"no number at all", "s-0bb72c18b2\tNaN\n", nil, "FILE:1: s-0bb72c18b2 took NaN ms"},
		{"another name", "c-0bb72c18b2\t1\n", nil, `FILE:1: "c-0bb72c18b2" is no short name of a scenario`},
		{"twice, by lines", "s-0bb72c18b2\t1\ns-0bb72c18b2\t2\n", nil, "FILE:2: s-0bb72c18b2 stands there twice"},
		{"twice, in an object", `{"s-0bb72c18b2": 1, "s-0bb72c18b2": 2}`, nil, "FILE: it is to be like"},
		{"another name in an object", `{"x": 1}`, nil, `FILE: /x: "x" is no short name of a scenario`},
		{"half an object", `{"s-0bb72c18b2": 1`, nil, "FILE: it is to be like"},
		{"a log of nothing", `{"meta":{}}` + "\n", nil, "FILE: reading the event log: no run begins in it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "durations")
			if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := ReadDurations(file)
			says := ""
			if err != nil {
				says = strings.ReplaceAll(err.Error(), file, "FILE")
			}
			if !strings.HasPrefix(says, test.says) || (says == "") != (test.says == "") {
				t.Errorf("says %q, want %q", says, test.says)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("durations (-want +got):\n%s", diff)
			}
		})
	}
}
