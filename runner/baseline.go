package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/gate"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/report"
	"example.com/lpgate/runner/internal/verdict"
)

// baselineOf is "runner baseline": it runs the gate, and writes down what fails.
func baselineOf(l *line) *cobra.Command {
	var cfg gate.Config
	var entry baseline.Entry
	var file string
	var merge bool
	cmd := &cobra.Command{
		Use:   "baseline MILESTONE.yaml --out FILE --owner NAME --reason TEXT --expires DATE",
		Short: "Write down the known failures, for --baseline",
		Long: `Run the gate, and write an entry for each failure into FILE, all with the same owner,
reason and last day. With --baseline FILE the gate is green in spite of them, until then.

A file that is there already is left alone. With --merge what it lists stays as it is,
and only new failures are added. Only what the contract does not allow is written down:
nothing is when the run could not be carried out, or was interrupted.

The exit code is 0 when entries were written, and that of the run when none were.`,
		Example: "  runner baseline milestones/M109.yaml --out known.yaml --owner payments --reason 'Until the new ranks are out.' --expires 2026-12-31",
		Args:    oneMilestone,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.Milestone, cfg.Stdout = args[0], cmd.OutOrStdout()
			if err := writable(file, merge, &entry); err != nil {
				return err
			}
			if _, err := os.Stat(file); err == nil {
				cfg.Baseline = file
			}
			result, err := gate.Run(l.ctx, cfg)
			l.exit = result.Exit
			if err != nil {
				return err
			}
			said, exit, err := writeBaseline(file, entry, result)
			l.exit = exit
			if err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), said)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&file, "out", "", "write the baseline to `FILE`")
	flags.StringVar(&entry.Owner, "owner", "", "`NAME` of the one who mends the failures")
	flags.StringVar(&entry.Reason, "reason", "", "`TEXT` that says why they are known, as one line")
	flags.StringVar(&entry.Expires, "expires", "", fmt.Sprintf("the last `DATE` on which they are excused, such as 2026-12-31; at most %d days ahead", verdict.ExpiryDays))
	flags.BoolVar(&merge, "merge", false, "add to a file that is there already")
	cfg.Target.AddFlags(flags)
	return cmd
}

// writable says what speaks against the command line before anything runs.
func writable(file string, merge bool, entry *baseline.Entry) error {
	var lacks []string
	for _, flag := range []struct{ name, value string }{
		{"--out", file}, {"--owner", entry.Owner}, {"--reason", entry.Reason}, {"--expires", entry.Expires},
	} {
		if strings.TrimSpace(flag.value) == "" {
			lacks = append(lacks, flag.name)
		}
	}
	if lacks != nil {
		return fmt.Errorf("%w: a baseline needs %s", gate.ErrUsage, strings.Join(lacks, ", "))
	}
	entry.Owner, entry.Reason = strings.TrimSpace(entry.Owner), strings.TrimSpace(entry.Reason)
	if strings.ContainsAny(entry.Owner+entry.Reason, "\r\n") {
		return fmt.Errorf("%w: --owner and --reason are one line each", gate.ErrUsage)
	}
	if day, err := time.Parse(time.DateOnly, entry.Expires); err != nil {
		return fmt.Errorf("%w: --expires must be a date, such as 2026-12-31, got %q", gate.ErrUsage, entry.Expires)
	} else if entry.Expired(time.Now()) {
		return fmt.Errorf("%w: --expires %s is over already", gate.ErrUsage, day.Format(time.DateOnly))
	} else if last := verdict.LastExpiry(time.Now()); entry.Expires > last {
		return fmt.Errorf("%w: --expires %s is more than %d days ahead: the latest day is %s", gate.ErrUsage, entry.Expires, verdict.ExpiryDays, last)
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
			return fmt.Errorf("%w: --out %s: there is no folder %s", gate.ErrUsage, file, filepath.Dir(file))
		}
		return nil
	case err != nil:
		return fmt.Errorf("%w: --out: %w", gate.ErrUsage, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: --out %s is no file", gate.ErrUsage, file)
	case !merge:
		return fmt.Errorf("%w: --out %s is there already: add to it with --merge, or name another file", gate.ErrUsage, file)
	}
	return nil
}

// writeBaseline writes down what a baseline may list and the file does not.
func writeBaseline(file string, entry baseline.Entry, result gate.Result) (said string, exit int, err error) {
	if slices.ContainsFunc(result.Reasons, stopped) {
		return "Nothing was written: the run was not carried out to its end, and says too little.", result.Exit, nil
	}
	text, err := textfile.Read(file)
	old := new(baseline.Baseline)
	if err == nil {
		old, err = baseline.Parse(file, text)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return "", verdict.Broken, err
	}
	listed := map[string]bool{}
	for _, e := range old.Known {
		listed[e.ID] = true
	}
	var entries []baseline.Entry
	for _, reason := range result.Excusable {
		if listed[reason.Ref] { // and has expired, which the run has said
			continue
		}
		e := entry
		e.ID, e.About = reason.Ref, about(reason)
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return "Nothing was written: no failure is new.", result.Exit, nil
	}
	if text, err = baseline.Append(file, text, entries); err != nil {
		return "", verdict.Broken, err
	}
	if err := report.ReplaceFile(file, text); err != nil {
		return "", verdict.Incomplete, fmt.Errorf("writing the baseline: %w", err)
	}
	return fmt.Sprintf("%s: %d added to the %d that it had.", file, len(entries), len(old.Known)), verdict.Holds, nil
}

// stopped tells a reason for which a run says too little to go by. What a target cannot do, and what was not seen for that, is
// no such reason.
func stopped(reason record.Reason) bool {
	return verdict.ExitOf(reason.ID) != verdict.Fails && !slices.Contains([]string{"scenario-left-out", "output-unknown", "too-few-proved"}, reason.ID)
}

// about is the comment of an entry.
func about(reason record.Reason) string {
	if reason.Where == "" || strings.Contains(reason.Message, reason.Where) {
		return reason.ID + ": " + reason.Message
	}
	return reason.ID + " at " + reason.Where + ": " + reason.Message
}
