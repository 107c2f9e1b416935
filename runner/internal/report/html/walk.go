package html

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/steps/auditproof"
)

// walk has the pages of an export that a scenario received, in the order of its requests. A page is an object with
// /attestation/chain_hash, of any operation.
type walk struct {
	Scenario *record.Scenario
	Pages    []exportPage
	// Joined counts the pages that continue another one, or claim to, and Broken those with a break.
	Joined, Broken int
}

// exportPage is an answer that has a page.
type exportPage struct {
	auditproof.Outline
	// Number is the number of the page in the scenario, and Exchange that of its answer, both from 1. Step is the index of its step.
	Number, Exchange, Step int
	// After is the number of the page that it continues; 0 for a first page, and for one that continues an unknown page.
	After int
	// Again is the number of the page that this one repeats; 0 for none.
	Again int
	// Break is what is wrong with it; "" for nothing.
	Break string
	// Unchecked is why it was not proved by itself; "" when it was.
	Unchecked string
}

// StepNumber returns the number of its step.
func (p exportPage) StepNumber() int { return p.Step + 1 }

// keysOf returns the public keys in the answers of a run. An id with two keys is left out: the log does not have which target
// published which, and which one signed a page.
func keysOf(r *record.Run) auditproof.Keys {
	keys, doubtful := auditproof.Keys{}, map[string]bool{}
	for _, x := range r.Exchanges() {
		if x.Response == nil || !bytes.Contains(x.Response.Body, []byte("active_key_id")) {
			continue
		}
		set, err := auditproof.ParseKeys(x.Response.Body)
		if err != nil {
			continue // the checks report it
		}
		for id, key := range set {
			if keys[id] != nil && !keys[id].Equal(key) {
				doubtful[id] = true
			}
			keys[id] = key
		}
	}
	maps.DeleteFunc(keys, func(id string, _ ed25519.PublicKey) bool { return doubtful[id] })
	return keys
}

// walkOf returns the walk of a scenario; nil when it received no page.
func walkOf(s *record.Scenario, keys auditproof.Keys) *walk {
	w := &walk{Scenario: s}
	for i, x := range s.Exchanges {
		if x.Response == nil || !bytes.Contains(x.Response.Body, []byte("chain_hash")) {
			continue
		}
		text := pageIn(x.Response.Body, 3)
		if text == nil {
			continue
		}
		p := exportPage{Outline: auditproof.Sketch(text), Number: len(w.Pages) + 1, Exchange: i + 1, Step: x.Mark.Step}
		if bytes.Contains(text, []byte(record.Redacted)) {
			p.Unchecked = "its hashes were not checked, as a secret in it is redacted"
		} else if id := p.Signature.KeyID; keys[id] == nil {
			p.Unchecked = fmt.Sprintf("it was not checked, as the run did not receive exactly one key %q", id)
		} else if err := auditproof.Page(text, keys); err != nil {
			p.Break = err.(*auditproof.Error).Message
		}
		p.join(w.Pages)
		if p.Query.AttestationAfter != nil {
			w.Joined++
		}
		if p.Break != "" {
			w.Broken++
		}
		w.Pages = append(w.Pages, p)
	}
	if len(w.Pages) == 0 {
		return nil
	}
	return w
}

// join finds the page that this one continues.
func (p *exportPage) join(before []exportPage) {
	for _, other := range slices.Backward(before) {
		if p.Again == 0 && other.Attestation.ChainHash == p.Attestation.ChainHash {
			p.Again = other.Number
		}
		if p.After == 0 && p.Continues(other.Outline) {
			p.After = other.Number
			if p.Break == "" && orEmpty(p.Query.CursorAfter) != orEmpty(other.NextCursor) {
				p.Break = fmt.Sprintf("it starts after %q, but page %d leads to %q", orEmpty(p.Query.CursorAfter), other.Number, orEmpty(other.NextCursor))
			}
		}
	}
	if p.After == 0 && p.Query.AttestationAfter != nil && p.Break == "" {
		p.Break = "it continues a page that the scenario did not receive: " + shortHash(*p.Query.AttestationAfter)
	}
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// pageIn returns the text of a page in a document, at most so many objects deep; nil when there is none.
func pageIn(document []byte, deep int) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(document, &members) != nil {
		return nil
	}
	var attestation struct {
		ChainHash *string `json:"chain_hash"`
	}
	if json.Unmarshal(members["attestation"], &attestation) == nil && attestation.ChainHash != nil {
		return document
	}
	if deep == 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if found := pageIn(members[name], deep-1); found != nil {
			return found
		}
	}
	return nil
}

// sortWalks sorts walks: the broken ones first, then the longest.
func sortWalks(walks []walk) {
	slices.SortStableFunc(walks, func(a, b walk) int {
		if (a.Broken > 0) != (b.Broken > 0) {
			return b.Broken - a.Broken
		}
		return len(b.Pages) - len(a.Pages)
	})
}
