package repro

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"example.com/lpgate/internal/printable"
	"example.com/lpgate/runner/internal/record"
)

// longestArgument is the longest body that is put on a command line.
const longestArgument = 8 << 10

// Curl writes a command that sends the request again, for a POSIX shell, with the flags that curl needs to reach the base
// at all. Secrets are variables of the shell.
func Curl(base string, flags []string, r *record.Request, secrets *record.Secrets) string {
	words := []string{"curl", "-sS", "-i"}
	for _, flag := range flags {
		words = append(words, Quote(secrets.Scrub(flag)))
	}
	before := ""
	path, _, _ := strings.Cut(r.Target, "?")
	if strings.Contains(path, "/.") {
		words = append(words, "--path-as-is")
	}
	if strings.ContainsAny(r.Target, "[]{}") {
		words = append(words, "--globoff")
	}
	switch {
	case r.Method == http.MethodHead:
		words = append(words, "--head")
	case r.Method != http.MethodGet || len(r.Body) > 0:
		words = append(words, "-X", Quote(r.Method))
	}
	words = append(words, Quote(secrets.Scrub(base+r.Target)))
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			words = append(words, "-H", headerForShell(name, value, secrets))
		}
	}
	if len(r.Body) > 0 && r.Header.Get("Content-Type") == "" {
		words = append(words, "-H", "'Content-Type:'") // curl would send one of its own
	}
	body := secrets.Scrub(string(r.Body))
	switch {
	case body == "":
	case len(body) > longestArgument:
		words = append(words, "--data-binary", "@body")
		before = fmt.Sprintf("# body is a file of %d bytes, which begins with: %s\n", len(body), printable.Shorten(body, 120))
	case !utf8.ValidString(body) || strings.ContainsRune(body, 0):
		words = append(words, "--data-binary", "@-")
		before = "printf '" + octal(body) + "' | "
	default:
		words = append(words, "--data-raw", Quote(body))
	}
	return before + strings.Join(words, " ")
}

// headerForShell is the argument of -H.
func headerForShell(name, value string, secrets *record.Secrets) string {
	if secrets.Hides(name) {
		return fmt.Sprintf(`"%s: $%s"`, name, record.ShellVariable(name))
	}
	if value == "" {
		return Quote(name + ";") // curl's way to send an empty one
	}
	return Quote(secrets.Scrub(name + ": " + value))
}

// Quote makes one word of a text, for a POSIX shell.
func Quote(text string) string {
	plain := func(c rune) bool {
		return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.ContainsRune("-_./:,=@%+", c)
	}
	if text != "" && strings.IndexFunc(text, func(c rune) bool { return !plain(c) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// octal spells bytes for printf.
func octal(text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, `\%03o`, text[i])
	}
	return b.String()
}
