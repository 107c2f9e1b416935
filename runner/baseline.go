package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/lpgate/internal/plural"
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
	var merge, replace bool
	cmd := &cobra.Command{
		Use:   "baseline MILESTONE.yaml --out FILE --owner NAME --reason TEXT --expires DATE",
		Short: "Write the known failures to a file, for --baseline",
		Long: `Run the gate, and write an entry for each cause of failures to FILE, all with the same
owner, reason and last day. With --baseline FILE the gate does not fail for them until
then. An entry has the number of scenarios in which its cause occurs, and an example as
a comment.

An existing file is not changed. With --merge new causes are added to it, and its
entries are kept; --replace writes it again. Nothing is written if the run is
incomplete or interrupted.

The exit code is 0 if the next run with the file is green at the same level, 1 if
something cannot be excused, and otherwise that of the run.`,
		Example: "  runner baseline milestones/M109.yaml --out known.yaml --owner payments --reason 'Until the new ranks are released.' --expires 2026-12-31",
		Args:    oneMilestone,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.Milestone, cfg.Stdout = args[0], cmd.OutOrStdout()
			if err := checkBaselineFlags(file, merge, replace, &entry); err != nil {
				return err
			}
			if _, err := os.Stat(file); err == nil && merge {
				cfg.Baseline = file
			}
			result, err := run.Run(s.ctx, cfg)
			s.exit = result.Exit
			if err != nil {
				return err
			}
			s.exit, err = writeBaseline(cmd.OutOrStdout(), file, entry, merge, result)
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
	flags.BoolVar(&replace, "replace", false, "replace an existing file")
	cmd.MarkFlagsMutuallyExclusive("merge", "replace")
	addLevelFlag(&cfg.Filter.Level, flags)
	s.addTargetFlags(&cfg.Target, flags)
	return cmd
}

// checkBaselineFlags checks the flags before the run. It trims owner and reason.
func checkBaselineFlags(file string, merge, replace bool, entry *baseline.Entry) error {
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
	exists, err := checkOutFile(file)
	if err != nil {
		return err
	}
	if exists && !merge && !replace {
		return usage.Errorf("--out %s exists: add to it with --merge, write it again with --replace, or name another file", file)
	}
	return nil
}

// writeBaseline writes entries for the causes that the file does not excuse, and reports what was done. It returns the exit code.
func writeBaseline(w io.Writer, file string, entry baseline.Entry, merge bool, result run.Result) (exit int, err error) {
	if result.Verdict == nil || slices.ContainsFunc(result.Reasons, isIncomplete) {
		fmt.Fprintln(w, "Nothing was written: the run is incomplete.")
		return result.Exit, nil
	}
	var text []byte
	old := new(baseline.Baseline)
	if merge {
		text, err = textfile.Read(file)
		if err == nil {
			old, err = baseline.Parse(file, text)
		} else if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if err != nil {
			return verdict.Broken, err
		}
	}
	entries := result.Verdict.Entries()
	for i := range entries {
		entries[i].Owner, entries[i].Reason, entries[i].Expires = entry.Owner, entry.Reason, entry.Expires
	}
	listed := func(e baseline.Entry) bool { // it has expired, or its count is too low: the verdict has the reason
		return slices.ContainsFunc(old.Known, func(k baseline.Entry) bool { return k.Overlaps(&e) })
	}
	added := slices.DeleteFunc(entries, listed)
	if len(added) == 0 && len(old.Known) == 0 && result.Overall {
		fmt.Fprintln(w, "Nothing was written: nothing fails.")
		return verdict.Holds, nil
	}
	if len(added) > 0 {
		if text, err = baseline.Append(file, text, added); err != nil {
			return verdict.Broken, err
		}
		if err := artifact.ReplaceFile(file, text); err != nil {
			return verdict.Incomplete, fmt.Errorf("writing the baseline: %w", err)
		}
		fmt.Fprintf(w, "%s: %s added to %d.\n", file, plural.Count(len(added), "entry"), len(old.Known))
	} else if len(old.Known) > 0 {
		fmt.Fprintln(w, "Nothing was written: every cause has an entry.")
	} else {
		fmt.Fprintln(w, "Nothing was written: no cause can be excused.")
	}
	known := new(baseline.Baseline)
	if len(text) > 0 {
		if known, err = baseline.Parse(file, text); err != nil {
			return verdict.Broken, err
		}
	}
	next := result.With(known)
	if next.Overall {
		fmt.Fprintf(w, "The next run with --baseline %s will be green at level %s.\n", file, next.Level)
		return verdict.Holds, nil
	}
	fmt.Fprintf(w, "The next run with --baseline %s will not be green. It does not excuse:\n", file)
	for i, reason := range next.Reasons {
		if i == mostLeft {
			fmt.Fprintf(w, "  and %d more\n", len(next.Reasons)-i)
			break
		}
		fmt.Fprintf(w, "  %s: %s\n", reason.ID, reason.Message)
	}
	if next.Exit == verdict.Incomplete {
		return verdict.Incomplete, nil
	}
	return verdict.Fails, nil
}

// mostLeft is how many reasons are listed that a baseline does not excuse.
const mostLeft = 20

// isIncomplete reports whether a reason means that the run is incomplete. Scenarios that are skipped because of a missing
// capability, and what depends on them, do not count.
func isIncomplete(reason record.Reason) bool {
	return verdict.ExitOf(reason.ID) != verdict.Fails && !slices.Contains([]string{"scenario-left-out", "output-unknown", "too-few-proved"}, reason.ID)
}
