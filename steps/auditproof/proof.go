package auditproof

// This file checks the proof of an export and nothing else: hashes, chain, checkpoints and signatures. How times and
// audit ids are written, which members there are beside those that are hashed, and which filters a query names, are
// matters of form, which [Page] and [Walk] check too.

// PageProof checks the hashes, the attestation, the checkpoint and the signature of one page.
func PageProof(text []byte, keys Keys) error {
	_, err := readProof(text, keys)
	return located(err, 1)
}

// WalkProof checks the proof of each page of a whole export, that each page continues the one before it, and that
// every entry is unique.
func WalkProof(texts [][]byte, keys Keys) error {
	if len(texts) == 0 {
		return &Error{Page: 1, Message: "there is none"}
	}
	_, err := readWalk(texts, keys, readProof)
	return err
}

// readProof takes a page apart and checks its hashes and its signature.
func readProof(text []byte, keys Keys) (*page, error) {
	canonical, err := canonicalOf("the export", text)
	if err != nil {
		return nil, err
	}
	export, err := readOpenObject("the export", canonical, "query", "total_filtered", "entries", "export_hash", "attestation", "checkpoint", "signature")
	if err != nil {
		return nil, err
	}
	p := &page{}
	if p.total, err = export.count("total_filtered"); err != nil {
		return nil, err
	}
	if p.nextCursor, err = export.optionalText("next_cursor"); err != nil {
		return nil, err
	}
	query, err := export.object("query")
	if err != nil {
		return nil, err
	}
	if p.after, err = continuationOf(query); err != nil {
		return nil, err
	}
	p.filters = query.without("cursor_after", "attestation_after", "checkpoint_after")
	list, err := export.list("entries")
	if err != nil {
		return nil, err
	}
	for i, text := range list {
		read, err := readOpenObject("the entry", text, "audit_id", "provider_id")
		if err != nil {
			return nil, inEntry(err, i)
		}
		var e entry
		if e.id, err = read.text("audit_id"); err == nil {
			e.provider, err = read.text("provider_id")
		}
		if err != nil {
			return nil, inEntry(err, i)
		}
		p.entries = append(p.entries, e)
	}
	if err := p.checkHashes(export); err != nil {
		return nil, err
	}
	return p, checkSignature(export, keys)
}

// continuationOf reads what a query names of the page before it.
func continuationOf(query *object) (after continuation, err error) {
	if after.cursor, err = query.optionalText("cursor_after"); err != nil {
		return after, err
	}
	if after.attestation, err = query.optionalText("attestation_after"); err != nil {
		return after, err
	}
	after.checkpoint, err = query.optionalText("checkpoint_after")
	return after, err
}
