package recipe

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Script gives lines for a POSIX shell with curl, and with jq where a step keeps
// something. They can be pasted as they are, as often as one likes: the first one
// makes up what {run} stands for. The flags are curl's, each a word, and every curl has them.
func (r *Recipe) Script(url string, header map[string]string, flags ...string) []string {
	var lines []string
	if slices.ContainsFunc(r.Steps, func(s Step) bool { return strings.Contains(strings.Join(s.texts(), " "), "{run}") }) {
		lines = append(lines, `run=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')`)
	}
	for i := range r.Steps {
		s := &r.Steps[i]
		curl := s.curl(url, header, flags)
		if len(s.Keep) == 0 {
			lines = append(lines, curl)
			continue
		}
		lines = append(lines, "answer=$("+curl+`); printf '%s\n' "$answer"`)
		for _, name := range slices.Sorted(maps.Keys(s.Keep)) {
			var path strings.Builder
			for _, member := range strings.Split(s.Keep[name], "/")[1:] {
				fmt.Fprintf(&path, ".%s", member)
			}
			lines = append(lines, fmt.Sprintf(`%s=$(printf '%%s' "$answer" | jq -r %s)`, name, word(path.String())))
		}
	}
	return lines
}

func (s *Step) curl(url string, header map[string]string, flags []string) string {
	words := []string{"curl", "-sSw", `'\n'`}
	for _, flag := range flags {
		words = append(words, word(flag))
	}
	before := ""
	if s.Method != http.MethodGet && s.Method != http.MethodPost {
		words = append(words, "-X", word(s.Method))
	}
	for _, of := range []map[string]string{s.Header, header} {
		for _, name := range slices.Sorted(maps.Keys(of)) {
			words = append(words, "-H", word(name+": "+of[name]))
		}
	}
	if s.Blanks > 0 {
		before = fmt.Sprintf(`head -c %d /dev/zero | tr '\0' ' ' | `, s.Blanks)
		words = append(words, "--data-binary", "@-")
	} else if s.Body != nil {
		words = append(words, "--data-binary", word(string(s.Body)))
	}
	if len(s.Query) > 0 {
		// -G would make the rest of the query from --data-urlencode, which curl encodes,
		// whatever the shell puts in.
		words = append(words, "-G")
		for _, name := range slices.Sorted(maps.Keys(s.Query)) {
			words = append(words, "--data-urlencode", word(name+"="+s.Query[name]))
		}
	}
	return before + strings.Join(append(words, word(url+s.path())), " ")
}

// word quotes a text for the shell; placeholders become its variables.
func word(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	quoted = placeholder.ReplaceAllString(quoted, `'"$$$1"'`)
	if text == "" {
		return quoted
	}
	return strings.TrimSuffix(quoted, "''")
}
