package verdict

import (
	"fmt"
	"maps"
	"slices"

	"example.com/lpgate/runner/internal/record"
)

// Delivery is how the artifacts of a run were written. It is no part of the decision: the verdict on a run whose artifacts
// could not be written stays, and the exit code is the worse of the two.
type Delivery struct {
	// Required are the names of the artifacts that the milestone requires, and Written those that were written.
	Required, Written []string
	// Failed says why an artifact was not written.
	Failed map[string]string
	// Stops are what else kept the artifacts from being complete, such as an interrupt.
	Stops []record.Reason
}

// reasons are what speaks against the delivery.
func (d *Delivery) reasons() []record.Reason {
	reasons := slices.Clone(d.Stops)
	missing := func(name, format string, args ...any) {
		reasons = append(reasons, record.Reason{ID: "artifact-missing", Message: fmt.Sprintf(format, args...), Where: name})
	}
	for _, name := range d.Required {
		if !slices.Contains(d.Written, name) && d.Failed[name] == "" {
			missing(name, "%s was not written", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Failed)) {
		missing(name, "%s was not written: %s", name, d.Failed[name])
	}
	return reasons
}

// Delivered returns the verdict as it is reported: with the artifacts that were written, and with what speaks against the
// delivery among its reasons.
func (v *Verdict) Delivered(d Delivery) *Verdict {
	all := *v
	all.Artifacts = d.Written
	if against := d.reasons(); len(against) > 0 {
		all.Reasons = slices.Concat(v.Reasons, against)
		all.sortReasons()
	}
	return &all
}

// MayRenew reports whether nothing speaks against the run but that its output is not the golden one.
func (v *Verdict) MayRenew() bool {
	return !slices.ContainsFunc(v.Reasons, func(reason record.Reason) bool { return !isOfOutput(reason) })
}

// Renewed returns the verdict when the output has become the golden one, which has this hash.
func (v *Verdict) Renewed(golden string) *Verdict {
	renewed := *v
	renewed.Reasons = slices.DeleteFunc(slices.Clone(v.Reasons), isOfOutput)
	renewed.Output.GoldenSHA256 = Optional(golden)
	renewed.Output.Identical = renewed.Output.SHA256 == renewed.Output.GoldenSHA256
	renewed.sortReasons()
	if v.core != nil {
		renewed.Core = v.core.Renewed(golden).summaryOfCore()
	}
	return &renewed
}

func isOfOutput(reason record.Reason) bool {
	return reason.ID == "output-differs" || reason.ID == "output-unknown"
}
