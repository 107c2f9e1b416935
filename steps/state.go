package steps

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// providerState is all that a provider shows of itself: its view, and its whole audit.
type providerState struct {
	provider string
	view     any
	entries  []any
}

// ownerOf returns the headers of the partner that onboarded a provider, for reading its state later, whoever the
// caller is then. They have all scopes, even if the partner had only some.
func ownerOf(r *request, scopes string) http.Header {
	owner := http.Header{}
	for _, name := range []string{"X-Actor-Type", "X-Actor-Id", "X-Partner-Key"} {
		if values := r.header.Values(name); len(values) > 0 {
			owner[name] = values
		}
	}
	if r.header.Get("X-Auth-Scopes") != "" || r.header.Get("X-Scopes") != "" {
		owner.Set("X-Auth-Scopes", scopes)
	}
	return owner
}

// stateOf reads a provider's state. It makes calls of its own, and the last call stays what it was.
func (s *scenario) stateOf(ctx context.Context, provider string) (*providerState, error) {
	owner, ok := s.owners[provider]
	if !ok {
		return nil, invalidStep("the state of %q is unknown: the scenario did not onboard it", provider)
	}
	look, err := s.readingRequest(get, provider, owner)
	if err != nil {
		return nil, err
	}
	view, err := s.exchange(ctx, look)
	if err != nil {
		return nil, err
	}
	if err := view.mustSucceed("reading the provider's state"); err != nil {
		return nil, err
	}
	body, err := view.answer.json()
	if err != nil {
		return nil, &Mismatch{Message: "the provider's state is JSON", Expected: "JSON", Got: view.answer.show()}
	}
	state := &providerState{provider: provider, view: withoutCorrelationID(body)}

	first, err := s.readingRequest(export, provider, owner)
	if err != nil {
		return nil, err
	}
	limits := s.cfg.Milestone.Limits
	first.query = []queryPart{
		{"limit", fmt.Sprintf("limit=%d", limits.ExportLimitMax)},
		{"retention_days", fmt.Sprintf("retention_days=%d", limits.RetentionDaysMax)},
	}
	pages, err := s.walkFrom(ctx, first)
	if err != nil {
		return nil, err
	}
	state.entries, err = allEntries(pages)
	return state, err
}

// readingRequest is a bare request of an owner.
func (s *scenario) readingRequest(operation, provider string, owner http.Header) (*request, error) {
	o, err := s.operation(operation)
	if err != nil {
		return nil, err
	}
	return &request{operation: o, method: o.Method, params: map[string]string{"provider_id": provider}, header: owner}, nil
}

// I note its state.
func noteState(ctx context.Context) error {
	s := in(ctx)
	provider, err := s.variable("provider")
	if err != nil {
		return err
	}
	s.noted, err = s.stateOf(ctx, provider.text)
	return err
}

// Its state is as noted. It is the provider of the note, even when another one was onboarded since.
func stateIsAsNoted(ctx context.Context) error {
	s := in(ctx)
	if s.noted == nil {
		return invalidStep("there is no noted state: the step I note its state comes first")
	}
	now, err := s.stateOf(ctx, s.noted.provider)
	if err != nil {
		return err
	}
	before := map[string]any{"view": s.noted.view, "audit": s.noted.entries}
	after := map[string]any{"view": now.view, "audit": now.entries}
	if same(before, after) {
		return nil
	}
	changed := append(changedMembers("", s.noted.view, now.view), changedEntries(s.noted.entries, now.entries)...)
	return &Mismatch{
		Message:  fmt.Sprintf("the state of %s is as noted", s.noted.provider),
		Expected: "nothing changed", Got: cut(strings.Join(changed, "; ")), Diff: difference(before, after),
		At: firstDifference("", before, after),
	}
}

// changedMembers describes which members differ, sorted by name.
func changedMembers(at jsontext.Pointer, before, after any) []string {
	if same(before, after) {
		return nil
	}
	old, isObject := before.(map[string]any)
	young, isStill := after.(map[string]any)
	if !isObject || !isStill {
		return []string{fmt.Sprintf("%s was %s and is %s", at, show(before), show(after))}
	}
	var changed []string
	names := maps.Clone(old)
	maps.Copy(names, young)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, had := old[name]
		is, has := young[name]
		switch at := at.AppendToken(name); {
		case !had:
			changed = append(changed, fmt.Sprintf("%s is new: %s", at, show(is)))
		case !has:
			changed = append(changed, fmt.Sprintf("%s is gone, it was %s", at, show(was)))
		default:
			changed = append(changed, changedMembers(at, was, is)...)
		}
	}
	return changed
}

// changedEntries describes which audit entries were added, removed, changed or moved.
func changedEntries(before, after []any) []string {
	name := func(entry any) string {
		id, _, _ := find(entry, []string{"audit_id"})
		event, _, _ := find(entry, []string{"event_type"})
		return fmt.Sprintf("the audit entry %s (%s)", jsonVariable(id).text, jsonVariable(event).text)
	}
	var changed []string
	kept := map[string]any{}
	for _, entry := range after {
		kept[name(entry)] = entry
	}
	for _, entry := range before {
		if is, ok := kept[name(entry)]; !ok {
			changed = append(changed, name(entry)+" is gone")
		} else if !same(entry, is) {
			changed = append(changed, name(entry)+" has changed")
		}
		delete(kept, name(entry))
	}
	for _, entry := range after {
		if _, ok := kept[name(entry)]; ok {
			changed = append(changed, name(entry)+" is new")
		}
	}
	if len(changed) == 0 && !same(before, after) {
		changed = append(changed, "the audit entries are in another order")
	}
	return changed
}
