package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"example.com/lpgate/steps/auditproof"
)

// continuation are the query values that ask for a next page, each with the place in the page before it that gives
// its value.
var continuation = []struct {
	query string
	from  []string
}{
	{"cursor_after", []string{"export", "next_cursor"}},
	{"attestation_after", []string{"export", "attestation", "chain_hash"}},
	{"checkpoint_after", []string{"export", "checkpoint", "checkpoint_hash"}},
}

// next is the request for the page after this one: the same query, continued.
func (e *exchange) next(s *scenario) (*request, error) {
	body, err := e.answer.json()
	if err != nil {
		return nil, &Mismatch{Message: "the page before is JSON", Expected: "JSON", Got: e.answer.show()}
	}
	var changes []change
	for _, part := range continuation {
		value, instead, ok := find(body, part.from)
		if !ok {
			return nil, &Mismatch{
				Message:  "a page that is not the last has a value for " + part.query,
				Expected: "present", Got: instead, Of: OfBody, At: "/" + strings.Join(part.from, "/"), Missing: true,
			}
		}
		changes = append(changes, change{part: changeQuery, name: part.query, value: jsonVariable(value).text})
	}
	r := e.request.clone()
	return r, r.change(s, changes)
}

// I ask for the next page.
func askForNextPage(ctx context.Context) error { return askForNextPageWith(ctx, noTable) }

// I ask for the next page with: …
func askForNextPageWith(ctx context.Context, table *Table) error {
	s := in(ctx)
	changes, err := s.changesOf(table)
	if err != nil {
		return err
	}
	r, err := s.nextPage()
	if err != nil {
		return err
	}
	if err := r.change(s, changes); err != nil {
		return err
	}
	return s.send(ctx, r)
}

// nextPage is the request for the page after the last one.
func (s *scenario) nextPage() (*request, error) {
	if s.lastExport == nil {
		return nil, invalidStep("there is no page yet: no export was made")
	}
	if err := s.lastExport.mustSucceed("the export before the next page"); err != nil {
		return nil, err
	}
	r, err := s.lastExport.next(s)
	if err != nil {
		return nil, err
	}
	// Only the query is taken from the page before; who asks is a matter of now.
	fresh, err := s.newRequest(export)
	if err != nil {
		return nil, err
	}
	r.header = fresh.header
	return r, nil
}

// I walk the export.
func walkExport(ctx context.Context) error { return walkExportWith(ctx, noTable) }

// I walk the export with: …
func walkExportWith(ctx context.Context, table *Table) error {
	s := in(ctx)
	r, err := s.prepare(export, table, defaultBody)
	if err != nil {
		return err
	}
	pages, err := s.walkFrom(ctx, r)
	if err != nil {
		return err
	}
	s.walk = pages
	s.called(pages[len(pages)-1])
	return nil
}

// mostPages is where a walk gives up on a target that never comes to an end.
const mostPages = 1000

// walkFrom follows an export to its end.
func (s *scenario) walkFrom(ctx context.Context, r *request) ([]*exchange, error) {
	var pages []*exchange
	for {
		page, err := s.exchange(ctx, r)
		if err != nil {
			return nil, err
		}
		pages = append(pages, page)
		if err := page.mustSucceed(fmt.Sprintf("page %d of the walk", len(pages))); err != nil {
			return nil, err
		}
		body, err := page.answer.json()
		if err != nil {
			return nil, &Mismatch{Message: fmt.Sprintf("page %d of the walk is JSON", len(pages)), Expected: "JSON", Got: page.answer.show()}
		}
		if _, _, more := find(body, continuation[0].from); !more {
			return pages, nil
		}
		if len(pages) == mostPages {
			return nil, &Mismatch{Message: "the export ends", Expected: "a last page", Got: fmt.Sprintf("no last page after %d pages", mostPages)}
		}
		if r, err = page.next(s); err != nil {
			return nil, err
		}
	}
}

// walked are the pages of the last walk.
func walked(ctx context.Context) ([]*exchange, error) {
	if pages := in(ctx).walk; len(pages) > 0 {
		return pages, nil
	}
	return nil, invalidStep("there is no walk: the step I walk the export comes first")
}

// entries are the entries of a page.
func (e *exchange) entries() ([]any, error) {
	seen, err := e.answer.look(entriesAt)
	if err == nil {
		err = seen.mustBeThere()
	}
	if err != nil {
		return nil, err
	}
	list, ok := seen.value.([]any)
	if !ok {
		return nil, &Mismatch{Message: "a page has a list of entries", Expected: "a list", Got: show(seen.value), Of: OfBody, At: seen.at}
	}
	return list, nil
}

// allEntries are the entries of all pages, in order.
func allEntries(pages []*exchange) ([]any, error) {
	all := []any{}
	for _, page := range pages {
		list, err := page.entries()
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// The walk has n pages.
func walkHasPages(ctx context.Context, n int) error {
	pages, err := walked(ctx)
	if err != nil {
		return err
	}
	if len(pages) != n {
		return &Mismatch{Message: fmt.Sprintf("the walk has %d pages", n), Expected: strconv.Itoa(n), Got: strconv.Itoa(len(pages))}
	}
	return nil
}

// The walk has n entries.
func walkHasEntries(ctx context.Context, n int) error {
	pages, err := walked(ctx)
	if err != nil {
		return err
	}
	all, err := allEntries(pages)
	if err != nil {
		return err
	}
	if len(all) != n {
		return &Mismatch{
			Message: fmt.Sprintf("the walk has %d entries", n), Expected: strconv.Itoa(n), Got: fmt.Sprintf("%d: %s", len(all), show(all)),
			Of: OfBody, At: entriesAt,
		}
	}
	return nil
}

// entriesAt is where a page has its entries.
const entriesAt = "/export/entries"

// inEntries is the pointer into a page of a pointer into an entry.
func inEntries(at string) string { return entriesAt + "/*" + at }

// walkValues returns what all entries of the walk, in order, have at a pointer.
func walkValues(ctx context.Context, at string) ([]any, error) {
	s := in(ctx)
	pages, err := walked(ctx)
	if err != nil {
		return nil, err
	}
	all, err := allEntries(pages)
	if err != nil {
		return nil, err
	}
	if at, err = s.expand(at, plain); err != nil {
		return nil, err
	}
	tokens, err := pointer(at)
	if err != nil {
		return nil, err
	}
	values := make([]any, len(all))
	for i, entry := range all {
		value, instead, ok := find(entry, tokens)
		if !ok {
			return nil, &Mismatch{Message: fmt.Sprintf("entry %d of the walk has %q", i+1, at), Expected: "present", Got: instead, Of: OfBody, At: inEntries(at), Missing: true}
		}
		values[i] = value
	}
	return values, nil
}

// The walk's "/pointer" are [ … ].
func walkValuesAre(ctx context.Context, at, text string) error {
	want, err := in(ctx).literal(text)
	if err != nil {
		return err
	}
	values, err := walkValues(ctx, at)
	if err != nil {
		return err
	}
	if !same(want, values) {
		return &Mismatch{
			Message:  fmt.Sprintf("the walk's %q are %s", at, inBrief(want)),
			Expected: show(want), Got: show(values), Diff: difference(want, values), Of: OfBody, At: entriesAt,
		}
	}
	return nil
}

// The page verifies: its hashes, its attestation, its checkpoint and its signature.
func pageVerifies(ctx context.Context) error {
	s, _, err := lookThere(ctx, "/export")
	if err != nil {
		return err
	}
	return s.verify(ctx, "the page verifies", []*exchange{s.last}, func(pages [][]byte, keys auditproof.Keys) error {
		return auditproof.Page(pages[0], keys)
	})
}

// The page's proof holds.
func pageProofHolds(ctx context.Context) error {
	s, _, err := lookThere(ctx, "/export")
	if err != nil {
		return err
	}
	return s.verify(ctx, "the page's proof holds", []*exchange{s.last}, func(pages [][]byte, keys auditproof.Keys) error {
		return auditproof.PageProof(pages[0], keys)
	})
}

// The walk's proof holds.
func walkProofHolds(ctx context.Context) error {
	return verifyWalk(ctx, "the walk's proof holds", auditproof.WalkProof)
}

// The walk verifies: each page, each link between two pages, and the totals.
func walkVerifies(ctx context.Context) error {
	return verifyWalk(ctx, "the walk verifies", auditproof.Walk)
}

func verifyWalk(ctx context.Context, claim string, proof func([][]byte, auditproof.Keys) error) error {
	pages, err := walked(ctx)
	if err != nil {
		return err
	}
	if err := in(ctx).verify(ctx, claim, pages, proof); err != nil {
		return err
	}
	return totalsAreExact(pages)
}

// totalsAreExact compares every total with the number of entries from that page on. It needs a provider that is not
// written to during the walk.
func totalsAreExact(pages []*exchange) error {
	left, err := allEntries(pages)
	if err != nil {
		return err
	}
	count := len(left)
	for i, page := range pages {
		seen, err := page.answer.look("/export/total_filtered")
		if err != nil {
			return err
		}
		if total, ok := seen.value.(json.Number); !ok || !same(total, json.Number(strconv.Itoa(count))) {
			return &Mismatch{
				Message:  fmt.Sprintf("total_filtered of page %d counts the entries from its cursor on", i+1),
				Expected: strconv.Itoa(count), Got: show(seen.value), Of: OfBody, At: seen.at,
			}
		}
		entries, err := page.entries()
		if err != nil {
			return err
		}
		count -= len(entries)
	}
	return nil
}

// verify fetches the published keys and verifies pages with a proof. It also checks that the entries are those of the
// requested provider, which the pages alone do not prove.
func (s *scenario) verify(ctx context.Context, claim string, pages []*exchange, proof func([][]byte, auditproof.Keys) error) error {
	published, err := s.publishedKeys(ctx)
	if err != nil {
		return err
	}
	texts := make([][]byte, len(pages))
	for i, page := range pages {
		var body map[string]json.RawMessage
		if err := json.Unmarshal(page.answer.body, &body); err != nil {
			return &Mismatch{Message: claim, Expected: "JSON", Got: page.answer.show()}
		}
		texts[i] = body["export"]
	}
	if err := proof(texts, published); err != nil {
		var broken *auditproof.Error
		if !errors.As(err, &broken) {
			return fmt.Errorf("verifying an export: %w", err)
		}
		mismatch := &Mismatch{Message: claim, Expected: "the signed entries, complete and in order", Got: broken.Error()}
		if broken.At != "" {
			mismatch.Of, mismatch.At = OfBody, "/export"+broken.At
		}
		return mismatch
	}
	for i, page := range pages {
		entries, err := page.entries()
		if err != nil {
			return err
		}
		requested, ok := page.request.params["provider_id"]
		if !ok {
			continue // The path was written out.
		}
		for j, entry := range entries {
			if of, _, _ := find(entry, []string{"provider_id"}); of != any(requested) {
				return &Mismatch{
					Message:  fmt.Sprintf("%s: page %d, entry %d is of the requested provider", claim, i+1, j+1),
					Expected: requested, Got: show(of), Of: OfBody, At: inEntries("/provider_id"),
				}
			}
		}
	}
	return nil
}

// publishedKeys fetches the keys that the target publishes.
func (s *scenario) publishedKeys(ctx context.Context) (auditproof.Keys, error) {
	o, err := s.operation(keys)
	if err != nil {
		return nil, err
	}
	e, err := s.exchange(ctx, &request{operation: o, method: o.Method, header: http.Header{}})
	if err != nil {
		return nil, err
	}
	if err := e.mustSucceed("the published keys"); err != nil {
		return nil, err
	}
	published, err := auditproof.ParseKeys(e.answer.body)
	if err != nil {
		return nil, &Mismatch{Message: "the published keys are usable", Expected: "ed25519 keys, one of them active", Got: err.Error()}
	}
	return published, nil
}
