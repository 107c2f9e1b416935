package recipe

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/internal/curl"
)

// Script returns the recipe as lines for a POSIX shell with curl, and with jq where a step keeps values. They can be
// pasted any number of times: the first line makes a new value for {run}. Each request also has the header fields and the
// curl flags.
func (r *Recipe) Script(url string, header map[string]string, flags ...string) []string {
	var lines []string
	if slices.ContainsFunc(r.Steps, func(s Step) bool { return strings.Contains(strings.Join(s.texts(), " "), "{run}") }) {
		lines = append(lines, `run=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')`)
	}
	for i := range r.Steps {
		s := &r.Steps[i]
		command := s.command(url, header, flags)
		if len(s.Capture) == 0 {
			lines = append(lines, command)
			continue
		}
		lines = append(lines, "answer=$("+command+`); printf '%s\n' "$answer"`)
		for _, name := range slices.Sorted(maps.Keys(s.Capture)) {
			filter := ""
			for member := range jsontext.Pointer(s.Capture[name]).Tokens() {
				filter += curl.JQMember(member)
			}
			lines = append(lines, fmt.Sprintf(`%s=$(printf '%%s' "$answer" | jq -r %s)`, name, curl.Quote(filter)))
		}
	}
	return lines
}

// command returns the step as a curl command.
func (s *Step) command(url string, header map[string]string, flags []string) string {
	c := curl.Command{
		Flags:  append([]string{"-sSw", `\n`}, flags...),
		Method: s.Method,
		URL:    url + s.path(),
		Header: http.Header{},
		Body:   s.Body,
		Word:   func(text string, _ curl.Part) string { return shellWord(text) },
	}
	if len(s.Query) > 0 {
		// With -G curl encodes each value, whatever the shell variables in it contain.
		c.Flags = append(c.Flags, "-G")
		for _, name := range slices.Sorted(maps.Keys(s.Query)) {
			c.Flags = append(c.Flags, "--data-urlencode", name+"="+s.Query[name])
		}
	}
	for _, fields := range []map[string]string{s.Header, header} {
		for name, value := range fields {
			c.Header.Set(name, value)
		}
	}
	if s.Spaces > 0 {
		c.BodyFile = "-"
		return fmt.Sprintf(`head -c %d /dev/zero | tr '\0' ' ' | `, s.Spaces) + c.String()
	}
	return c.String()
}

// shellWord quotes a text for the shell, with shell variables for its placeholders.
func shellWord(text string) string {
	word, from := "", 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		if at[0] > from {
			word += curl.Quote(text[from:at[0]])
		}
		word += curl.Variable(text[at[2]:at[3]])
		from = at[1]
	}
	if from < len(text) || text == "" {
		word += curl.Quote(text[from:])
	}
	return word
}
