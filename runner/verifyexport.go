package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"example.com/lpgate/internal/plural"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/steps/auditproof"
)

// verifyExportCommand verifies pages of an export without a service. Package auditproof verifies; this file reads the pages and
// prints the result.
func verifyExportCommand(s *session) *cobra.Command {
	var keyFile string
	cmd := &cobra.Command{
		Use:   "verify-export FILE… --keys KEYS.json",
		Short: "Verify the signed pages of an audit export, offline",
		Long: `Verify the signed pages of an audit export, offline.

The files are the pages of one export, in order. Each is a response body of the export
operation, or its member export. The keys are the response body of
/keys/policy-integrity-signing, from a trusted source: whoever chooses the keys can sign
anything.

All hashes, signatures and links between pages are verified, and that the pages are
complete. The member correlation_id of a response is not signed and not verified.

Exit codes: 0 the export is what was signed, complete and in order; 1 it is not, and the
first broken page and entry are printed; 2 usage, or a file that cannot be read or is
not JSON, or a key set without usable keys.`,
		Example: `  curl … /partner-liquidity-providers/lp-1/rollout/export > 1.json
  curl … /keys/policy-integrity-signing > keys.json
  runner verify-export 1.json --keys keys.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("the files of the pages are required, from the first to the last")
			}
			return nil
		},
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, files []string) error {
			if keyFile == "" {
				return errors.New("--keys is required: the file with the response of /keys/policy-integrity-signing")
			}
			keys, err := readKeySet(keyFile)
			if err != nil {
				return err
			}
			pages, err := readPages(files)
			if err != nil {
				return err
			}
			s.exit = verdict.Holds
			if !pages.verify(cmd.OutOrStdout(), keys) {
				s.exit = verdict.Fails
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&keyFile, "keys", "", "verify with the key set in `FILE`")
	return cmd
}

func readKeySet(file string) (auditproof.Keys, error) {
	text, err := readJSON(file)
	if err != nil {
		return nil, err
	}
	keys, err := auditproof.ParseKeys(text)
	if err != nil {
		var answer map[string]jsontext.Value
		if json.Unmarshal(text, &answer) == nil && answer["export"] != nil {
			return nil, fmt.Errorf("%s: expected a key set, the response of /keys/policy-integrity-signing, got a page of an export", file)
		}
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return keys, nil
}

// readJSON reads a file with one JSON value, and returns it in canonical form. An error has the line.
func readJSON(file string) (jsontext.Value, error) {
	text, err := textfile.ReadData(file)
	if err != nil {
		return nil, err
	}
	value := jsontext.Value(bytes.Clone(text))
	var broken *jsontext.SyntacticError
	switch err := value.Canonicalize(); {
	case errors.As(err, &broken):
		line := 1 + bytes.Count(text[:min(int(broken.ByteOffset), len(text))], []byte{'\n'})
		return nil, fmt.Errorf("%s:%d: not JSON: %w", file, line, err)
	case err != nil:
		return nil, fmt.Errorf("%s: not JSON: %w", file, err)
	}
	return value, nil
}

// exportPages are the pages of an export, by file.
type exportPages struct {
	files     []string
	texts     [][]byte             // the export objects
	outlines  []auditproof.Outline // their members, unverified
	providers []*string            // provider_id of the response; nil for an export object alone
}

func readPages(files []string) (*exportPages, error) {
	pages := &exportPages{}
	for _, file := range files {
		text, err := readJSON(file)
		if err != nil {
			return nil, err
		}
		provider := (*string)(nil)
		var answer map[string]jsontext.Value
		if json.Unmarshal(text, &answer) == nil && answer["export"] != nil {
			var about string
			if len(answer) != 3 || answer["correlation_id"] == nil || json.Unmarshal(answer["provider_id"], &about) != nil {
				return nil, fmt.Errorf("%s: expected a response of the export, an object with correlation_id, provider_id and export alone", file)
			}
			text, provider = answer["export"], &about
		} else if answer["error"] != nil {
			return nil, fmt.Errorf("%s: expected a page of an export, got an error response: %s", file, answer["error"])
		} else if answer["keys"] != nil && answer["active_key_id"] != nil {
			return nil, fmt.Errorf("%s: expected a page of an export, got a key set: pass it as --keys %s", file, file)
		}
		pages.files = append(pages.files, file)
		pages.texts = append(pages.texts, text)
		pages.outlines = append(pages.outlines, auditproof.Sketch(text))
		pages.providers = append(pages.providers, provider)
	}
	return pages, nil
}

// verify reports whether the pages are one export, complete and in order, and prints what is verified or broken.
func (p *exportPages) verify(w io.Writer, keys auditproof.Keys) bool {
	invalid := auditproof.Walk(p.texts, keys)
	err := invalid
	if err == nil {
		err = p.checkProviders()
	}
	if err == nil {
		p.writeVerified(w)
		return true
	}
	p.writeBroken(w, err)
	// Pages that are valid one by one are probably in the wrong order, or some are missing.
	broken := func(text []byte) bool { return auditproof.Page(text, keys) != nil }
	if invalid != nil && !slices.ContainsFunc(p.texts, broken) {
		p.writeLinks(w, keys)
	}
	return false
}

// writeBroken prints the broken page and entry.
func (p *exportPages) writeBroken(w io.Writer, err error) {
	var broken *auditproof.Error
	if !errors.As(err, &broken) {
		fmt.Fprintf(w, "broken: %v\n", err)
		return
	}
	page := broken.Page - 1
	fmt.Fprintf(w, "broken: %s: page %d", p.files[page], broken.Page)
	if broken.Entry > 0 {
		fmt.Fprintf(w, ", entry %d", broken.Entry)
		if entries := p.outlines[page].Entries; broken.Entry <= len(entries) && entries[broken.Entry-1].AuditID != "" {
			fmt.Fprintf(w, " (%q)", entries[broken.Entry-1].AuditID)
		}
	}
	fmt.Fprintf(w, ": %s\n", broken.Message)
}

// checkProviders compares the unsigned provider_id of each response with the signed entries. All entries of an export have the
// same provider.
func (p *exportPages) checkProviders() error {
	signed, ok := p.provider()
	for i, about := range p.providers {
		if ok && about != nil && *about != signed {
			return &auditproof.Error{Page: i + 1, Message: fmt.Sprintf("the response has the provider_id %q, and its signed entries have %q", *about, signed)}
		}
	}
	return nil
}

// provider returns the provider of the entries, if there are any.
func (p *exportPages) provider() (string, bool) {
	for _, o := range p.outlines {
		if len(o.Entries) > 0 {
			return o.Entries[0].ProviderID, true
		}
	}
	return "", false
}

// writeVerified prints what is verified. All of it is signed.
func (p *exportPages) writeVerified(w io.Writer) {
	count, first, last := 0, "", ""
	var signers []string
	for _, o := range p.outlines {
		for _, e := range o.Entries {
			last = e.RecordedAt + " (" + e.AuditID + ")"
			if count == 0 {
				first = last
			}
			count++
		}
		if id := fmt.Sprintf("%q", o.Signature.KeyID); !slices.Contains(signers, id) {
			signers = append(signers, id)
		}
	}
	fmt.Fprintf(w, "verified: %s with %s", plural.Count(len(p.files), "page"), plural.Count(count, "entry"))
	if provider, ok := p.provider(); ok {
		fmt.Fprintf(w, " of provider %q, from %s to %s", provider, first, last)
	} else {
		fmt.Fprint(w, "; the provider is unknown, as there are no signed entries")
	}
	fmt.Fprintf(w, ", signed with %s\n", strings.Join(signers, " and "))
	filters, err := json.Marshal(p.outlines[0].Query.Filters)
	if err != nil {
		panic(err) // texts and numbers
	}
	fmt.Fprintf(w, "query: %s, at %s; entries that it excludes are not verified\n", filters, p.outlines[0].ExportedAt)
}

// writeLinks prints which page continues which, and the order in which they are valid, if there is one.
func (p *exportPages) writeLinks(w io.Writer, keys auditproof.Keys) {
	next := map[int]int{} // by index
	start := -1
	fmt.Fprintln(w, "\nEach page by itself is valid:")
	for i, o := range p.outlines {
		before := slices.IndexFunc(p.outlines, o.Continues)
		switch duplicate := slices.IndexFunc(p.texts[:i], func(text []byte) bool { return bytes.Equal(text, p.texts[i]) }); {
		case duplicate >= 0:
			fmt.Fprintf(w, "  %s is the same as %s\n", p.files[i], p.files[duplicate])
		case o.Query.AttestationAfter == nil:
			fmt.Fprintf(w, "  %s is a first page\n", p.files[i])
			start = i
		case before < 0:
			fmt.Fprintf(w, "  %s continues a missing page that ends at %s\n", p.files[i], *o.Query.CursorAfter)
		default:
			fmt.Fprintf(w, "  %s continues %s\n", p.files[i], p.files[before])
			next[before] = i
		}
	}
	for i, o := range p.outlines {
		if _, found := next[i]; o.NextCursor != nil && !found {
			fmt.Fprintf(w, "  the page after %s is missing; it starts after %s\n", p.files[i], *o.NextCursor)
		}
	}
	var files []string
	var texts [][]byte
	for i, found := start, start >= 0; found && len(files) < len(p.files); i, found = next[i] {
		files, texts = append(files, p.files[i]), append(texts, p.texts[i])
	}
	if auditproof.Walk(texts, keys) == nil {
		fmt.Fprintf(w, "\nValid in this order: %s\n", strings.Join(files, " "))
	}
}
