package probe

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/steps"
)

// This file onboards one provider, and detects clocks and retention with it.

// write onboards the provider, evaluates its eligibility, and exports it. Without a caller, or with ReadOnly, it does nothing.
func (p *prober) write(ctx context.Context) error {
	if p.ReadOnly || !p.hasCaller || !p.has(onboardID) {
		return nil
	}
	a, err := p.send(ctx, steps.Call{Operation: onboardID, Rows: [][2]string{
		{"/provider/provider_id", fmt.Sprintf("%q", p.id)}, {"header " + clockHeader, at(0)},
	}})
	if err != nil {
		p.result.Provider = p.id // it may exist
		return err
	}
	if a.status != http.StatusOK {
		p.warn("onboarding: a valid request is answered %s", a)
		return nil
	}
	p.result.Provider = a.text("/provider/provider_id")
	if p.result.Provider == "" {
		p.result.Provider = p.id
		p.warn("onboarding: the answer has no /provider/provider_id")
	} else if p.result.Provider != p.id {
		p.warn("onboarding: the provider has the id %s instead of the requested one, %s", p.result.Provider, p.id)
	}
	header := isTime(a.text("/provider/created_at"), clock)
	if !p.has(exportID) {
		p.noteClocks(map[string]bool{clockHeader: header}, []string{clockHeader})
		return nil
	}
	return p.export(ctx, header)
}

// export detects the clocks of an export and the retention.
func (p *prober) export(ctx context.Context, header bool) error {
	honored, names := map[string]bool{clockHeader: header}, []string{clockHeader}
	var plain *answer
	for _, c := range []struct{ name, row string }{
		{clockHeader + " of an export", "header " + clockHeader}, {"now_iso", "query now_iso"}, {"exported_at_iso", "query exported_at_iso"},
	} {
		a, err := p.exported(ctx, [2]string{c.row, at(0)})
		if err != nil {
			return err
		}
		if a.status != http.StatusOK {
			p.warn("export: a valid request is answered %s", a)
			return nil
		}
		plain, names = a, append(names, c.name)
		honored[c.name] = isTime(a.text("/export/exported_at"), clock)
	}
	hasClock := p.noteClocks(honored, names)
	if err := p.retentionDefault(ctx, plain, hasClock); err != nil {
		return err
	}
	return p.checkpointRetention(ctx, hasClock)
}

// exported exports the provider.
func (p *prober) exported(ctx context.Context, rows ...[2]string) (*answer, error) {
	return p.send(ctx, steps.Call{Operation: exportID, Rows: append(rows, [2]string{"path provider_id", p.result.Provider})})
}

// noteClocks notes which test clocks are honored. It returns whether all are.
func (p *prober) noteClocks(honored map[string]bool, names []string) bool {
	var yes, no []string
	for _, name := range names {
		if honored[name] {
			yes = append(yes, name)
		} else {
			no = append(no, name)
		}
	}
	switch {
	case len(no) == 0:
		p.note("test-clock", service.Present, "%s set the time", strings.Join(yes, ", "))
		p.note("no-test-clocks", service.Absent, "the service has test clocks")
	case len(yes) == 0:
		p.note("test-clock", service.Absent, "%s are ignored", strings.Join(no, ", "))
		p.note("no-test-clocks", service.Present, "%s are ignored", strings.Join(no, ", "))
	default:
		p.note("test-clock", service.Present, "%s set the time, %s not", strings.Join(yes, ", "), strings.Join(no, ", "))
		p.note("no-test-clocks", service.Absent, "%s set the time", strings.Join(yes, ", "))
		p.warn("test clocks: %s set the time, and %s not: scenarios that rely on them will fail", strings.Join(yes, ", "), strings.Join(no, ", "))
	}
	return len(no) == 0
}

// shortDays is the default retention of the capability short-retention-default.
const shortDays = 30

// retentionDefault detects the default retention: by the query of an export, or else by what a later export contains.
func (p *prober) retentionDefault(ctx context.Context, plain *answer, hasClock bool) error {
	const capability = "short-retention-default"
	presence := func(isShort bool) service.Presence {
		if isShort {
			return service.Present
		}
		return service.Absent
	}
	if days, ok := plain.get("/export/query/retention_days").(float64); ok {
		p.note(capability, presence(days == shortDays), "an export without retention_days has %v days", days)
		return nil
	}
	if !hasClock {
		return p.retentionOfOldEntry(ctx, capability)
	}
	before, err := p.exported(ctx, [2]string{"query now_iso", at(shortDays - 1)})
	if err != nil {
		return err
	}
	after, err := p.exported(ctx, [2]string{"query now_iso", at(shortDays + 1)})
	if err != nil {
		return err
	}
	p.note(capability, presence(entries(before) > 0 && entries(after) == 0), "after %d days an export has %d entries, after %d days %d",
		shortDays-1, entries(before), shortDays+1, entries(after))
	return nil
}

// retentionOfOldEntry detects the default retention without a test clock: by an evaluation with an old time.
func (p *prober) retentionOfOldEntry(ctx context.Context, capability string) error {
	if !p.has(evaluateID) {
		return nil
	}
	old := time.Now().UTC().AddDate(0, 0, -shortDays-1).Format(time.RFC3339)
	a, err := p.send(ctx, steps.Call{Operation: evaluateID, Rows: [][2]string{{"path provider_id", p.result.Provider}, {"/recorded_at", fmt.Sprintf("%q", old)}}})
	if err != nil {
		return err
	}
	p.result.Evaluated = a.status == http.StatusOK
	long, err := p.exported(ctx, [2]string{"query retention_days", "365"})
	if err != nil {
		return err
	}
	byDefault, err := p.exported(ctx)
	if err != nil {
		return err
	}
	switch {
	case entries(long) != 2:
		p.note(capability, service.Undetermined, "an export of 365 days has %d entries after two requests", entries(long))
	case entries(byDefault) == 2:
		p.note(capability, service.Absent, "an export has an entry that is %d days old", shortDays+1)
	default:
		p.note(capability, service.Present, "an export lacks an entry that is %d days old", shortDays+1)
	}
	return nil
}

// entries returns the number of entries of an export.
func entries(a *answer) int {
	list, _ := a.get("/export/entries").([]any)
	return len(list)
}

// checkpointRetention detects how long a checkpoint is accepted: it continues an export of two entries at once and two days
// later.
func (p *prober) checkpointRetention(ctx context.Context, hasClock bool) error {
	const capability = "short-checkpoint-retention"
	if !hasClock {
		p.note(capability, service.Undetermined, "there is no test clock")
		return nil
	}
	if !p.has(evaluateID) {
		return nil
	}
	a, err := p.send(ctx, steps.Call{Operation: evaluateID, Rows: [][2]string{{"path provider_id", p.result.Provider}, {"header " + clockHeader, at(0)}}})
	if err != nil {
		return err
	}
	p.result.Evaluated = a.status == http.StatusOK
	page, err := p.exported(ctx, [2]string{"query limit", "1"}, [2]string{"query now_iso", at(0)}, [2]string{"query exported_at_iso", at(0)})
	if err != nil {
		return err
	}
	continued := func(days int) (*answer, error) {
		return p.exported(ctx, [2]string{"query limit", "1"}, [2]string{"query now_iso", at(days)},
			[2]string{"query cursor_after", page.text("/export/next_cursor")},
			[2]string{"query attestation_after", page.text("/export/attestation/chain_hash")},
			[2]string{"query checkpoint_after", page.text("/export/checkpoint/checkpoint_hash")})
	}
	if page.text("/export/next_cursor") == "" {
		p.note(capability, service.Undetermined, "an export of two entries with the limit 1 has no next page: it is answered %s", page)
		return nil
	}
	now, err := continued(0)
	if err != nil {
		return err
	}
	later, err := continued(2)
	if err != nil {
		return err
	}
	switch {
	case now.status != http.StatusOK:
		p.note(capability, service.Undetermined, "the next page of an export is answered %s", now)
	case later.status == http.StatusOK:
		p.note(capability, service.Absent, "a checkpoint is accepted after two days")
	default:
		p.note(capability, service.Present, "after two days a checkpoint is answered %s", later)
	}
	return nil
}
