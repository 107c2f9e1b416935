// Package curl writes curl commands for a POSIX shell. They can be pasted into zsh too.
package curl

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxArgument is the size in bytes of the largest body that fits a command line comfortably.
const MaxArgument = 8 << 10

// Part is the part of a command that an argument belongs to.
type Part int

// The parts of a command. In each of them a value may be encoded in another way.
const (
	Flag Part = iota
	URL
	Header
	Body
)

// Command is one call of curl. The zero value of each field adds no argument.
type Command struct {
	// Flags are curl's own arguments, such as "-sS". They come first.
	Flags []string
	// Method is the HTTP method; "" is GET.
	Method string
	URL    string
	// Header is sent in addition to the header fields that curl sends by itself. A name without values is a field that
	// curl must not send by itself.
	Header http.Header
	// Body is sent as it is. It must be [Printable].
	Body []byte
	// BodyFile is the file that the body is read from instead, "-" for standard input.
	BodyFile string
	// Word quotes one argument. It can replace parts of the text by variables of the shell. Nil is [Quote].
	Word func(text string, in Part) string
}

// String returns the command as one line.
func (c *Command) String() string { return "curl " + strings.Join(c.Arguments(), " ") }

// Arguments returns the quoted arguments of the command.
func (c *Command) Arguments() []string {
	word := c.Word
	if word == nil {
		word = func(text string, _ Part) string { return Quote(text) }
	}
	var words []string
	for _, flag := range c.Flags {
		words = append(words, word(flag, Flag))
	}
	url := word(c.URL, URL)
	if path, _, _ := strings.Cut(c.URL, "?"); strings.Contains(path, "/.") {
		words = append(words, "--path-as-is")
	}
	if strings.ContainsAny(ipv6Host.ReplaceAllString(url, ""), "[]{}") {
		words = append(words, "--globoff")
	}
	switch hasBody := len(c.Body) > 0 || c.BodyFile != ""; {
	case c.Method == http.MethodHead:
		words = append(words, "--head")
	case c.Method != http.MethodGet && c.Method != "", hasBody:
		method := c.Method
		if method == "" {
			method = http.MethodGet
		}
		words = append(words, "-X", Quote(method))
	}
	words = append(words, url)
	for _, name := range slices.Sorted(maps.Keys(c.Header)) {
		if len(c.Header[name]) == 0 {
			words = append(words, "-H", Quote(name+":"))
		}
		for _, value := range c.Header[name] {
			if value == "" {
				words = append(words, "-H", Quote(name+";")) // curl's syntax for a field without a value
				continue
			}
			words = append(words, "-H", word(name+": "+value, Header))
		}
	}
	switch {
	case c.BodyFile != "":
		words = append(words, "--data-binary", Quote("@"+c.BodyFile))
	case len(c.Body) > 0:
		words = append(words, "--data-raw", word(string(c.Body), Body))
	}
	return words
}

// ipv6Host is the host of a URL in which brackets are no pattern of curl.
var ipv6Host = regexp.MustCompile(`^'?https?://\[[^]]*\]`)

// Printable reports whether a body can be an argument of a command: it is UTF-8, has no NUL, and is not too large.
func Printable(body []byte) bool {
	return len(body) <= MaxArgument && utf8.Valid(body) && !slices.Contains(body, 0)
}

// Printf returns a command that prints any bytes.
func Printf(body []byte) string {
	var b strings.Builder
	b.WriteString("printf '")
	for _, c := range body {
		fmt.Fprintf(&b, `\%03o`, c)
	}
	return b.String() + "'"
}

// Quote returns a text without NUL as one word of the shell. The quotes are left out where no shell needs them: zsh reads
// brackets as a pattern, and a word that begins with = as the path of a command.
func Quote(text string) string {
	plain := func(c rune) bool {
		return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.ContainsRune("-_./:,=@%+", c)
	}
	if text != "" && text[0] != '=' && !strings.ContainsFunc(text, func(c rune) bool { return !plain(c) }) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// Variable returns the value of a shell variable as one word, or as a part of one.
func Variable(name string) string { return `"$` + name + `"` }

// JQMember returns the jq filter that selects a member of an object.
func JQMember(name string) string {
	if identifier.MatchString(name) {
		return "." + name
	}
	quoted, err := json.Marshal(name)
	if err != nil {
		panic("encoding a string: " + err.Error())
	}
	return "[" + string(quoted) + "]"
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
