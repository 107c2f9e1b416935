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
	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/baseline"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/run"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/runner/internal/verdict"
)

// baselineCommand runs the gate, and writes what fails to a baseline.
func baselineCommand(s *session) *cobra.Command {
	var cfg run.Config
	var entry baseline.Entry
	var file string
	var merge bool
	cmd := &cobra.Command{
		Use:   "baseline MILESTONE.yaml --out FILE --owner NAME --reason TEXT --expires DATE",
		Short: "Write the known failures to a file, for --baseline",
		Long: `Run the gate, and write an entry for each failure to FILE, all with the same owner,
reason and last day. With --baseline FILE the gate does not fail for them until then.

An existing file is not changed. With --merge new failures are added to it, and its
entries are kept. Only violations of the contract are written; nothing is written if the
run is incomplete or interrupted.

The exit code is 0 if entries are written, and otherwise that of the run.`,
		Example: "  runner baseline milestones/M109.yaml --out known.yaml --owner payments --reason 'Until the new ranks are released.' --expires 2026-12-31",
		Args:    oneMilestone,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.Milestone, cfg.Stdout = args[0], cmd.OutOrStdout()
			if err := checkBaselineFlags(file, merge, &entry); err != nil {
				return err
			}
			if _, err := os.Stat(file); err == nil {
				cfg.Baseline = file
			}
			result, err := run.Run(s.ctx, cfg)
			s.exit = result.Exit
			if err != nil {
				return err
			}
			message, exit, err := writeBaseline(file, entry, result)
			s.exit = exit
			if err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), message)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&file, "out", "", "write the baseline to `FILE`")
	flags.StringVar(&entry.Owner, "owner", "", "`NAME` of who fixes the failures")
	flags.StringVar(&entry.Reason, "reason", "", "why they are known, one line of `TEXT`")
	flags.StringVar(&entry.Expires, "expires", "", fmt.Sprintf("last `DATE` on which they are excused, such as 2026-12-31; at most %d days ahead", verdict.ExpiryDays))
	flags.BoolVar(&merge, "merge", false, "add to an existing file")
	s.addTargetFlags(&cfg.Target, flags)
	return cmd
}

// checkBaselineFlags checks the flags before the run. It trims owner and reason.
func checkBaselineFlags(file string, merge bool, entry *baseline.Entry) error {
	var missing []string
	for _, flag := range []struct{ name, value string }{
		{"--out", file}, {"--owner", entry.Owner}, {"--reason", entry.Reason}, {"--expires", entry.Expires},
	} {
		if strings.TrimSpace(flag.value) == "" {
			missing = append(missing, flag.name)
		}
	}
	if missing != nil {
		return usage.Errorf("a baseline needs %s", strings.Join(missing, ", "))
	}
	entry.Owner, entry.Reason = strings.TrimSpace(entry.Owner), strings.TrimSpace(entry.Reason)
	if strings.ContainsAny(entry.Owner+entry.Reason, "\r\n") {
		return usage.Errorf("--owner and --reason must be one line each")
	}
	if day, err := time.Parse(time.DateOnly, entry.Expires); err != nil {
		return usage.Errorf("--expires must be a date, such as 2026-12-31, got %q", entry.Expires)
	} else if entry.Expired(time.Now()) {
		return usage.Errorf("--expires %s is in the past", day.Format(time.DateOnly))
	} else if last := verdict.LastExpiry(time.Now()); entry.Expires > last {
		return usage.Errorf("--expires %s is more than %d days ahead: the latest day is %s", entry.Expires, verdict.ExpiryDays, last)
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
			return usage.Errorf("--out %s: the folder %s does not exist", file, filepath.Dir(file))
		}
		return nil
	case err != nil:
		return usage.Errorf("--out: %w", err)
	case !info.Mode().IsRegular():
		return usage.Errorf("--out %s is not a file", file)
	case !merge:
		return usage.Errorf("--out %s exists: add to it with --merge, or name another file", file)
	}
	return nil
}

// writeBaseline adds the failures that the file does not list. It returns what was done and the exit code.
func writeBaseline(file string, entry baseline.Entry, result run.Result) (message string, exit int, err error) {
	if slices.ContainsFunc(result.Reasons, isIncomplete) {
		return "Nothing was written: the run is incomplete.", result.Exit, nil
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
		if listed[reason.Ref] { // and has expired, which the run reported
			continue
		}
		e := entry
		e.ID, e.About = reason.Ref, baselineComment(reason)
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return "Nothing was written: no failure is new.", result.Exit, nil
	}
	if text, err = baseline.Append(file, text, entries); err != nil {
		return "", verdict.Broken, err
	}
	if err := artifact.ReplaceFile(file, text); err != nil {
		return "", verdict.Incomplete, fmt.Errorf("writing the baseline: %w", err)
	}
	return fmt.Sprintf("%s: %d entries added to %d.", file, len(entries), len(old.Known)), verdict.Holds, nil
}

// isIncomplete reports whether a reason means that the run is incomplete. Scenarios that are skipped because of a missing
// capability, and what depends on them, do not count.
func isIncomplete(reason record.Reason) bool {
	return verdict.ExitOf(reason.ID) != verdict.Fails && !slices.Contains([]string{"scenario-left-out", "output-unknown", "too-few-proved"}, reason.ID)
}

// baselineComment returns the comment of an entry.
func baselineComment(reason record.Reason) string {
	if reason.Where == "" || strings.Contains(reason.Message, reason.Where) {
		return reason.ID + ": " + reason.Message
	}
	return reason.ID + " at " + reason.Where + ": " + reason.Message
}
