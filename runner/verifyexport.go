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

	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/runner/internal/verdict"
	"example.com/lpgate/steps/auditproof"
)

// verifyExport is the command for somebody who holds pages of an export and does not trust who gave them. It needs no
// service. Package auditproof says whether the pages are what was signed; here files become pages, and what it says
// becomes lines.
func verifyExport(l *line) *cobra.Command {
	var keyFile string
	cmd := &cobra.Command{
		Use:   "verify-export FILE… --keys KEYS.json",
		Short: "Verify the signed pages of an audit export, offline",
		Long: `Verify the signed pages of an audit export, offline.

The files are the pages of one export, from the first to the last, in this order. Each
is an answer of the export as it came, or the object at /export of one. The keys are
the answer of /keys/policy-integrity-signing, from somewhere that you trust: who can
choose the keys can sign anything.

Every hash, every signature and every link between two pages is checked, and that the
pages are all that the service said there are. Of an answer, correlation_id is not
signed, and is not looked at.

Exit codes: 0 the export is what was signed, whole and in order; 1 it is not, and the
first broken page and entry are named; 2 usage, or a file that cannot be read or is
not JSON, or a key set without usable keys.`,
		Example: `  curl … /partner-liquidity-providers/lp-1/rollout/export > 1.json
  curl … /keys/policy-integrity-signing > keys.json
  runner verify-export 1.json --keys keys.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("which pages? Name their files, from the first to the last")
			}
			return nil
		},
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, files []string) error {
			if keyFile == "" {
				return errors.New("--keys: which keys? Name the file with the answer of /keys/policy-integrity-signing")
			}
			keys, err := readKeySet(keyFile)
			if err != nil {
				return err
			}
			pages, err := readPages(files)
			if err != nil {
				return err
			}
			l.exit = verdict.Holds
			if !pages.verify(cmd.OutOrStdout(), keys) {
				l.exit = verdict.Fails
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&keyFile, "keys", "", "the key set, as `FILE`")
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
			return nil, fmt.Errorf("%s: it is a page of an export, and no key set: --keys is the answer of /keys/policy-integrity-signing", file)
		}
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return keys, nil
}

// readJSON reads a file that must be one JSON value, in canonical form. It names the place where it is not.
func readJSON(file string) (jsontext.Value, error) {
	text, err := textfile.ReadData(file)
	if err != nil {
		return nil, err // it names the file
	}
	value := jsontext.Value(bytes.Clone(text))
	var broken *jsontext.SyntacticError
	switch err := value.Canonicalize(); {
	case errors.As(err, &broken):
		line := 1 + bytes.Count(text[:min(int(broken.ByteOffset), len(text))], []byte{'\n'})
		return nil, fmt.Errorf("%s:%d: it is not JSON: %w", file, line, err)
	case err != nil:
		return nil, fmt.Errorf("%s: it is not JSON: %w", file, err)
	}
	return value, nil
}

// exported is the pages that somebody has, file by file.
type exported struct {
	files     []string
	texts     [][]byte             // the exports
	outlines  []auditproof.Outline // what they say of themselves
	providers []*string            // what the answers say that they are about; nil of an export alone
}

func readPages(files []string) (*exported, error) {
	pages := &exported{}
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
				return nil, fmt.Errorf("%s: it is no answer of the export: that has correlation_id, provider_id and export, and nothing else", file)
			}
			text, provider = answer["export"], &about
		} else if answer["error"] != nil {
			return nil, fmt.Errorf("%s: it is a refusal, and no export: %s", file, answer["error"])
		} else if answer["keys"] != nil && answer["active_key_id"] != nil {
			return nil, fmt.Errorf("%s: it is a key set, and no page of an export: --keys %s says that the pages are to be verified with it", file, file)
		}
		pages.files = append(pages.files, file)
		pages.texts = append(pages.texts, text)
		pages.outlines = append(pages.outlines, auditproof.Sketch(text))
		pages.providers = append(pages.providers, provider)
	}
	return pages, nil
}

// verify says whether the pages are one export, whole and in order, and writes what was verified or what is broken.
func (p *exported) verify(w io.Writer, keys auditproof.Keys) bool {
	unsound := auditproof.Walk(p.texts, keys)
	err := unsound
	if err == nil {
		err = p.checkProviders()
	}
	if err == nil {
		p.writeVerified(w)
		return true
	}
	p.writeBroken(w, err)
	// Pages that are sound one by one are probably honest, and not the ones that were meant to be given.
	broken := func(text []byte) bool { return auditproof.Page(text, keys) != nil }
	if unsound != nil && !slices.ContainsFunc(p.texts, broken) {
		p.writeLinks(w, keys)
	}
	return false
}

// writeBroken names the page and the entry.
func (p *exported) writeBroken(w io.Writer, err error) {
	var broken *auditproof.Broken
	if !errors.As(err, &broken) {
		fmt.Fprintf(w, "broken: %v\n", err)
		return
	}
	at := broken.Page - 1
	fmt.Fprintf(w, "broken: %s: page %d", p.files[at], broken.Page)
	if broken.Entry > 0 {
		fmt.Fprintf(w, ", entry %d", broken.Entry)
		if entries := p.outlines[at].Entries; broken.Entry <= len(entries) && entries[broken.Entry-1].AuditID != "" {
			fmt.Fprintf(w, " (%q)", entries[broken.Entry-1].AuditID)
		}
	}
	fmt.Fprintf(w, ": %s\n", broken.Says)
}

// checkProviders holds what each answer says that it is about to the entries, which are signed. A whole export is of one
// provider; one without entries says of none.
func (p *exported) checkProviders() error {
	signed, ok := p.provider()
	for i, about := range p.providers {
		if ok && about != nil && *about != signed {
			return &auditproof.Broken{Page: i + 1, Says: fmt.Sprintf("the answer is about %q, and the entries that were signed about %q", *about, signed)}
		}
	}
	return nil
}

// provider is whom the entries are about, if there are any.
func (p *exported) provider() (string, bool) {
	for _, o := range p.outlines {
		if len(o.Entries) > 0 {
			return o.Entries[0].ProviderID, true
		}
	}
	return "", false
}

// writeVerified tells what was verified. All of it is signed, for the pages hold.
func (p *exported) writeVerified(w io.Writer) {
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
	fmt.Fprintf(w, "verified: %s with %s", counted(len(p.files), "page", "pages"), counted(count, "entry", "entries"))
	if provider, ok := p.provider(); ok {
		fmt.Fprintf(w, " of provider %q, from %s to %s", provider, first, last)
	} else {
		fmt.Fprint(w, "; nothing that was signed says of which provider")
	}
	fmt.Fprintf(w, ", signed with %s\n", strings.Join(signers, " and "))
	filters, err := json.Marshal(p.outlines[0].Query.Filters)
	if err != nil {
		panic(err) // texts and numbers
	}
	fmt.Fprintf(w, "asked for: %s, at %s; what this leaves out was not verified\n", filters, p.outlines[0].ExportedAt)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// writeLinks tells which page continues which, and the order in which the pages verify if there is one.
func (p *exported) writeLinks(w io.Writer, keys auditproof.Keys) {
	next := map[int]int{} // by place
	start := -1
	fmt.Fprintln(w, "\nEach page by itself is what was signed:")
	for i, o := range p.outlines {
		before := slices.IndexFunc(p.outlines, o.Continues)
		switch twin := slices.IndexFunc(p.texts[:i], func(text []byte) bool { return bytes.Equal(text, p.texts[i]) }); {
		case twin >= 0:
			fmt.Fprintf(w, "  %s is the same as %s\n", p.files[i], p.files[twin])
		case o.Query.AttestationAfter == nil:
			fmt.Fprintf(w, "  %s is a first page\n", p.files[i])
			start = i
		case before < 0:
			fmt.Fprintf(w, "  %s continues a page that is not here, which ends at %s\n", p.files[i], *o.Query.CursorAfter)
		default:
			fmt.Fprintf(w, "  %s continues %s\n", p.files[i], p.files[before])
			next[before] = i
		}
	}
	for i, o := range p.outlines {
		if _, found := next[i]; o.NextCursor != nil && !found {
			fmt.Fprintf(w, "  what continues %s is not here, and starts after %s\n", p.files[i], *o.NextCursor)
		}
	}
	var files []string
	var texts [][]byte
	for i, found := start, start >= 0; found && len(files) < len(p.files); i, found = next[i] {
		files, texts = append(files, p.files[i]), append(texts, p.texts[i])
	}
	if auditproof.Walk(texts, keys) == nil {
		fmt.Fprintf(w, "\nThese verify, in this order: %s\n", strings.Join(files, " "))
	}
}
