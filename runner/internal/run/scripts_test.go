//go:build external && !race

package run

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report/repro"
	"example.com/lpgate/runner/internal/service"
)

// sample is one scenario for each rule and side of it, and all that send something at once.
func sample(run *record.Run) (places []int) {
	type side struct {
		rule string
		side plan.Side
	}
	seen := map[side]bool{}
	atOnce := map[int]bool{}
	for _, x := range run.Exchanges() {
		atOnce[x.Mark.Scenario] = atOnce[x.Mark.Scenario] || x.Mark.Concurrency != 0
	}
	for i, s := range run.Scenarios {
		key := side{s.Rule, s.Side}
		if seen[key] && !atOnce[i] {
			continue
		}
		seen[key] = true
		places = append(places, i)
	}
	return places
}

var answered = regexp.MustCompile(`(?m)^answer ([0-9]+): ([0-9]+) \(recorded: (.*)\)$`)

// The scripts run as they stand, and a server that chooses other ids gives the answers that were recorded.
func TestScripts(t *testing.T) {
	for _, tool := range []string{"sh", "curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the scripts need %s, which .ci/run installs: %v", tool, err)
		}
	}
	s := newSetup(Config{Milestone: "../../../milestones/M109.yaml"})
	if _, err := s.prepare(); err != nil {
		t.Fatal(err)
	}
	executor, err := s.executor()
	if err != nil {
		t.Fatal(err)
	}
	defer executor.Close()
	executor.KeepSecrets = true
	run := executor.Run(t.Context())
	others := service.NewFakes(s.project.Fixtures(), nil, new(record.Secrets))
	t.Cleanup(others.Close)
	t.Run("scenarios", func(t *testing.T) {
		for _, place := range sample(run) {
			repro := &repro.Run{Scenario: &s.in.Plan.Scenarios[place], Secrets: new(record.Secrets), Target: record.BuiltIn}
			describe(repro, executor, run.Scenarios[place])
			for _, value := range secretsOf(repro) {
				repro.Secrets.Learn(value) // its own alone, as when it is repeated alone: one's key is another's id
			}
			t.Run(repro.Scenario.Ref(), func(t *testing.T) {
				t.Parallel()
				runScript(t, repro, others)
			})
		}
	})
}

func runScript(t *testing.T, repro *repro.Run, others *service.Fakes) {
	text, err := repro.Script()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, x := range repro.Exchanges {
		want = append(want, fmt.Sprint(x.Response.Status))
		for name, values := range x.Request.Header {
			for _, value := range values {
				if repro.Secrets.Hides(name) && len(value) >= 8 && !strings.Contains(value, repro.IDPrefix) && strings.Contains(text, value) {
					t.Errorf("the script has the secret of %s in it", name)
				}
			}
		}
	}
	base, err := others.URL(t.Context(), repro.Scenario.Needs)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "sh", "-s")
	command.Env = append(os.Environ(), "BASE="+base)
	for variable, value := range secretsOf(repro) {
		command.Env = append(command.Env, variable+"="+value)
	}
	command.Stdin = strings.NewReader(text)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil || stderr.Len() > 0 {
		t.Errorf("%s: %v\n%s\n%s", repro.Scenario.ID, err, stderr.String(), text)
	}
	var got []string
	for _, match := range answered.FindAllStringSubmatch(stdout.String(), -1) {
		got = append(got, match[2])
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s: statuses (-got +want):\n%s\n%s\n%s", repro.Scenario.ID, diff, text, stdout.String())
	}
}

// secretsOf gives the variables that a script asks for the values that were sent, in the order in which it asks.
func secretsOf(repro *repro.Run) map[string]string {
	values, seen := map[string]string{}, map[string]int{}
	for _, x := range repro.Exchanges {
		for _, name := range slices.Sorted(maps.Keys(x.Request.Header)) {
			for _, value := range x.Request.Header[name] {
				value = strings.TrimSpace(value)
				variable := map[string]string{"X-Partner-Key": "PARTNER_KEY", "Authorization": "AUTHORIZATION"}[name]
				if variable == "" || value == "" || repro.IDPrefix != "" && strings.Contains(value, repro.IDPrefix) || slices.Contains(slices.Collect(maps.Values(values)), value) {
					continue
				}
				if seen[variable]++; seen[variable] > 1 {
					variable = fmt.Sprint(variable, "_", seen[variable])
				}
				values[variable] = value
			}
		}
	}
	return values
}
