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

// walk is the pages of an export that a scenario was answered, in the order of its requests. They are found by their
// shape, an object with /attestation/chain_hash, and not by an operation: a milestone without exports has none.
type walk struct {
	Scenario *record.Scenario
	Pages    []exportPage
	// Joined is how many pages continue another one, or claim to, and Broken how many are.
	Joined, Broken int
}

// exportPage is one answer with a page in it.
type exportPage struct {
	auditproof.Outline
	// Number is its place in the scenario, and Exchange that of its answer, both from 1; Step is its sentence, from 0.
	Number, Exchange, Step int
	// After is the number of the page that it continues; 0 for a first page, and for one that continues what was not seen.
	After int
	// Again is the number of the page that this one is once more; 0 for none.
	Again int
	// Break is what is wrong with it; "" for nothing.
	Break string
	// Unchecked is why it was not proved by itself; "" when it was.
	Unchecked string
}

// StepNumber is the number of its sentence.
func (p exportPage) StepNumber() int { return p.Step + 1 }

// keysOf are the keys that the run was told. A name that stands for two keys is left out: which target told it, and
// which signed a page, is not in the log.
func keysOf(r *record.Run) auditproof.Keys {
	keys, doubtful := auditproof.Keys{}, map[string]bool{}
	for _, x := range r.Exchanges() {
		if x.Response == nil || !bytes.Contains(x.Response.Body, []byte("active_key_id")) {
			continue
		}
		set, err := auditproof.ParseKeys(x.Response.Body)
		if err != nil {
			continue // that is for the checks to say
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

// walkOf is the walk of a scenario; nil when it was answered no page.
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
			p.Unchecked = "its hashes were not checked: a secret in it is hidden"
		} else if id := p.Signature.KeyID; keys[id] == nil {
			p.Unchecked = fmt.Sprintf("it was not checked: the run was not told one key named %q", id)
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

// join finds the page before.
func (p *exportPage) join(before []exportPage) {
	for _, other := range slices.Backward(before) {
		if p.Again == 0 && other.Attestation.ChainHash == p.Attestation.ChainHash {
			p.Again = other.Number
		}
		if p.After == 0 && p.Continues(other.Outline) {
			p.After = other.Number
			if p.Break == "" && text(p.Query.CursorAfter) != text(other.NextCursor) {
				p.Break = fmt.Sprintf("it starts after %q, but page %d leads to %q", text(p.Query.CursorAfter), other.Number, text(other.NextCursor))
			}
		}
	}
	if p.After == 0 && p.Query.AttestationAfter != nil && p.Break == "" {
		p.Break = "it continues a page that the scenario was not answered: " + shortHash(*p.Query.AttestationAfter)
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// pageIn finds the text of a page in a document, so many objects deep; nil when there is none.
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

// sortWalks puts those that are broken first, and then the longest.
func sortWalks(walks []walk) {
	slices.SortStableFunc(walks, func(a, b walk) int {
		if (a.Broken > 0) != (b.Broken > 0) {
			return b.Broken - a.Broken
		}
		return len(b.Pages) - len(a.Pages)
	})
}
