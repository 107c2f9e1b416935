package repro

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"example.com/lpgate/internal/curl"
	"example.com/lpgate/runner/internal/record"
)

// A script sends what a scenario sent, in the same order, to a server that may never have seen it and that chooses other
// ids. So three kinds of texts in it are variables of the shell:
//
//   - the word that the scenario's own ids and keys are made of, which is new for every run of the script;
//   - secrets, which come from the environment;
//   - what the server said first: a string of an earlier answer that is sent later and was not sent before is read out
//     of the answer that the script itself got.

// prelude is the part of a script that is the same in all of them.
const prelude = `set -eu
answers=$(mktemp -d)
trap 'rm -rf "$answers"' EXIT

# call NUMBER RECORDED ARGUMENTS...: sends a request with curl, keeps the answer, and shows it.
call() {
  number=$1 recorded=$2
  shift 2
  : > "$answers/$number"
  status=$(curl -sS --path-as-is --globoff -o "$answers/$number" -w '%{http_code}' "$@") || true
  printf '\nanswer %s: %s (recorded: %s)\n' "$number" "$status" "$recorded"
  head -c 2000 "$answers/$number"
  echo
}

# take NUMBER FILTER: reads a string out of an earlier answer.
take() {
  jq -er "$2" "$answers/$1" || { echo "answer $1 has nothing at $2, and the next request needs it" >&2; exit 1; }
}
`

// Script writes the requests as a script for a POSIX shell, with curl and jq.
func (r *Run) Script() string {
	s := &script{repro: r, taken: map[string]bool{}, names: map[string]bool{}}
	for _, name := range []string{"answers", "base", "number", "recorded", "status", "word"} {
		s.names[name] = true
	}
	s.learn()
	step := -1
	for from := 0; from < len(r.Exchanges); {
		to := from + 1
		for to < len(r.Exchanges) && Concurrent(r.Exchanges[from], r.Exchanges[to]) {
			to++
		}
		if at := r.Exchanges[from].Mark.Step; at != step {
			step = at
			sentence := r.Scenario.Steps[step]
			s.comment("%s:%d: %s %s", r.Scenario.URI, sentence.Line, sentence.Keyword, sentence.Text)
		}
		s.send(from, to)
		from = to
	}
	return s.head() + prelude + s.body.String()
}

// script is one that is being written.
type script struct {
	repro *Run
	body  strings.Builder

	secrets []secret
	heard   []heard         // what the server said first
	taken   map[string]bool // variables that are set already
	names   map[string]bool // of variables
	sent    strings.Builder // everything that was sent so far
}

// secret is a value that comes from the environment.
type secret struct{ variable, value, where string }

// heard is a string of an answer that was not sent before.
type heard struct {
	value  string
	answer int    // its number
	filter string // of jq
	member string // its name there
	// variable is what stands for it; "" until it is used.
	variable string
}

// head says what the script is and what it needs.
func (s *script) head() string {
	r := s.repro
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString("# " + s.clean(fmt.Sprintf(format, args...)) + "\n") }
	b.WriteString("#!/bin/sh\n")
	line("%s: %s", r.Scenario.Where(), r.Scenario.Name)
	line("")
	line("Sends what scenario %s sent, in order, and shows each answer with the status that was recorded.", r.Scenario.Ref())
	line("Needs curl and jq. Variables of the environment:")
	line("  BASE  where to send it")
	if r.Start != "" {
		line("        start a server there with: %s", r.Start)
	}
	if slices.Contains(r.Scenario.Needs, "fresh-state") {
		line("        a server that nobody used before, for the scenario is about one")
	}
	if r.Word != "" {
		line("  WORD  ten digits or letters, of which ids and keys are made; without it they are new each time")
	}
	for _, secret := range s.secrets {
		line("  %s  a secret, first sent by: %s", secret.variable, secret.where)
	}
	fmt.Fprintf(&b, "base=${BASE:-%s}\n", r.Base)
	if len(r.Flags) > 0 {
		b.WriteString("curl() { command curl")
		for _, flag := range r.Flags {
			b.WriteString(" " + curl.Quote(r.Secrets.Scrub(flag)))
		}
		b.WriteString(" \"$@\"; }\n")
	}
	if r.Word != "" {
		b.WriteString("word=${WORD:-$(od -An -N5 -tx1 /dev/urandom | tr -d ' \\n')}\n")
	}
	for _, secret := range s.secrets {
		fmt.Fprintf(&b, ": \"${%s:?is a secret that the script needs}\"\n", secret.variable)
	}
	return b.String()
}

func (s *script) comment(format string, args ...any) {
	s.body.WriteString("\n# " + s.clean(fmt.Sprintf(format, args...)) + "\n")
}

// clean is a text as it may stand in a comment.
func (s *script) clean(text string) string {
	return strings.Join(strings.FieldsFunc(s.repro.Secrets.Scrub(text), func(c rune) bool { return c == '\n' || c == '\r' }), " ")
}

// learn finds the secrets. What is made of the scenario's own word is none: in header mode a key is a partner's id.
func (s *script) learn() {
	count := map[string]int{}
	for _, x := range s.repro.Exchanges {
		for _, name := range slices.Sorted(maps.Keys(x.Request.Header)) {
			if !s.repro.Secrets.Hides(name) {
				continue
			}
			for _, value := range x.Request.Header[name] {
				value = strings.TrimSpace(value)
				known := slices.ContainsFunc(s.secrets, func(k secret) bool { return k.value == value })
				if value == "" || known || s.repro.Word != "" && strings.Contains(value, s.repro.Word) {
					continue
				}
				variable := record.ShellVariable(name)
				if count[variable]++; count[variable] > 1 {
					variable += "_" + strconv.Itoa(count[variable])
				}
				sentence := s.repro.Scenario.Steps[x.Mark.Step]
				s.secrets = append(s.secrets, secret{variable, value, sentence.Keyword + " " + sentence.Text})
			}
		}
	}
}

// send writes the request of one exchange, or of several that were under way at once.
func (s *script) send(from, to int) {
	x := s.repro.Exchanges[from]
	for _, header := range x.Request.Header {
		s.sent.WriteString(strings.Join(header, "\n") + "\n")
	}
	words := s.arguments(x)
	before := ""
	if body := string(x.Request.Body); body != "" {
		if isPlain(body) {
			words = append(words, "--data-raw", s.word(body, inJSON))
		} else {
			before = s.printed(body) + " | "
			words = append(words, "--data-binary", "@-")
		}
	}
	arguments := strings.Join(words, " ")
	if to-from == 1 {
		fmt.Fprintf(&s.body, "%scall %d %s %s\n", before, from+1, recorded(x), arguments)
	} else {
		var numbers, statuses []string
		for i := from; i < to; i++ {
			numbers = append(numbers, strconv.Itoa(i+1))
			if status := recorded(s.repro.Exchanges[i]); !slices.Contains(statuses, status) {
				statuses = append(statuses, status)
			}
		}
		list := strings.Join(numbers, " ")
		fmt.Fprintf(&s.body, "for n in %s; do\n  %scall \"$n\" %s %s > \"$answers/$n.said\" &\ndone\nwait\nfor n in %s; do cat \"$answers/$n.said\"; done\n",
			list, before, curl.Quote(strings.Join(statuses, " or ")), arguments, list)
	}
	s.sent.WriteString(x.Request.Target + "\n" + unescaped(x.Request.Target) + "\n")
	s.sent.Write(x.Request.Body)
	s.listen(from+1, x)
}

func recorded(x *record.Exchange) string {
	if x.Response == nil {
		return "none"
	}
	return strconv.Itoa(x.Response.Status)
}

// isPlain says whether a body may stand on a command line as it is.
func isPlain(body string) bool {
	return len(body) <= longestArgument && utf8.ValidString(body) && !strings.ContainsRune(body, 0)
}

// unescaped is a target as its parts read when they are decoded.
func unescaped(target string) string {
	text, err := url.QueryUnescape(target)
	if err != nil {
		return target
	}
	return text
}

// arguments are those of curl, but for the body.
func (s *script) arguments(x *record.Exchange) []string {
	var words []string
	switch {
	case x.Request.Method == http.MethodHead:
		words = append(words, "--head")
	case x.Request.Method != http.MethodGet || len(x.Request.Body) > 0:
		words = append(words, "-X", curl.Quote(x.Request.Method))
	}
	words = append(words, `"$base"`+s.word(x.Request.Target, inTarget))
	for _, name := range slices.Sorted(maps.Keys(x.Request.Header)) {
		for _, value := range x.Request.Header[name] {
			if value == "" {
				words = append(words, "-H", curl.Quote(name+";")) // curl's way to send an empty one
				continue
			}
			words = append(words, "-H", s.word(name+": "+value, inHeader))
		}
	}
	if len(x.Request.Body) > 0 && x.Request.Header.Get("Content-Type") == "" {
		words = append(words, "-H", "'Content-Type:'") // curl would send one of its own
	}
	if !isPlain(string(x.Request.Body)) {
		words = append(words, "-H", "'Expect:'") // nor does it wait for leave to send what is long
	}
	return words
}

// place is where a text is sent. A value is spelled in another way in each of them.
type place int

const (
	inHeader place = iota
	inTarget
	inJSON
)

// spelling is one way to write the value of a variable. Each has a variable of its own, which the filter's end makes.
type spelling struct{ text, suffix, filter string }

func spellings(value string, in place) []spelling {
	raw := spelling{value, "", ""}
	switch in {
	case inTarget:
		all := []spelling{{url.QueryEscape(value), "_uri", " | @uri"}, {url.PathEscape(value), "_uri", " | @uri"}}
		if all[0].text != value && all[1].text != value {
			all = append(all, raw)
		}
		return all
	case inJSON:
		quoted, err := json.Marshal(value)
		if err != nil {
			panic(err) // a string
		}
		return []spelling{{string(quoted[1 : len(quoted)-1]), "_json", " | tojson | .[1:-1]"}}
	}
	return []spelling{raw}
}

// found is a place in a text at which a variable is to stand.
type found struct {
	from, to int
	variable string
	take     func() string // makes the variable, if it has yet to be made, and gives its name
}

// find finds the next variable in a text: the first, and of several that begin at one place the longest.
func (s *script) find(text string, in place) (next found) {
	next.from = -1
	consider := func(spelled, variable string, whole bool, take func() string) {
		if spelled == "" {
			return
		}
		for after := 0; ; {
			at := strings.Index(text[after:], spelled)
			if at < 0 {
				return
			}
			from, to := after+at, after+at+len(spelled)
			if !whole || standsAlone(text, from, to) {
				if next.from < 0 || from < next.from || from == next.from && to > next.to {
					next = found{from, to, variable, take}
				}
				return
			}
			after = from + 1
		}
	}
	consider(s.repro.Word, "word", false, nil)
	for _, secret := range s.secrets {
		consider(secret.value, secret.variable, false, nil)
	}
	for i := range s.heard {
		for _, spelled := range spellings(s.heard[i].value, in) {
			consider(spelled.text, "", true, func() string { return s.take(&s.heard[i], spelled) })
		}
	}
	return next
}

// standsAlone says whether a part of a text is no part of a longer word.
func standsAlone(text string, from, to int) bool {
	letter := func(at int) bool {
		return at >= 0 && at < len(text) && (text[at] >= '0' && text[at] <= '9' || text[at] >= 'A' && text[at] <= 'Z' || text[at] >= 'a' && text[at] <= 'z' || text[at] == '_')
	}
	escape := from >= 2 && text[from-2] == '%' // the letter before is the end of %2F
	return (!letter(from-1) || escape) && !letter(to)
}

// pieces takes a text apart into what stands there as it is, and variables.
func (s *script) pieces(text string, in place, literal func(string), variable func(string)) {
	for text != "" {
		next := s.find(text, in)
		if next.from < 0 {
			literal(s.repro.Secrets.Scrub(text))
			return
		}
		if next.from > 0 {
			literal(s.repro.Secrets.Scrub(text[:next.from]))
		}
		name := next.variable
		if next.take != nil {
			name = next.take()
		}
		variable(name)
		text = text[next.to:]
	}
}

// word writes a text as one word of the shell.
func (s *script) word(text string, in place) string {
	var b strings.Builder
	s.pieces(text, in, func(literal string) { b.WriteString(curl.Quote(literal)) }, func(name string) { b.WriteString(`"$` + name + `"`) })
	return b.String()
}

// blanks are many of them in a row, of which some bodies are made.
var blanks = regexp.MustCompile(` {256,}`)

// printed writes a body that a command line cannot take as a command that prints it.
func (s *script) printed(body string) string {
	var parts []string
	literal := func(text string) {
		for text != "" {
			piece, rest := text, ""
			run := blanks.FindStringIndex(text)
			switch {
			case run != nil && run[0] == 0:
				parts = append(parts, fmt.Sprintf("printf '%%%ds' ''", run[1]))
				text = text[run[1]:]
				continue
			case run != nil:
				piece, rest = text[:run[0]], text[run[0]:]
			}
			if utf8.ValidString(piece) && !strings.ContainsRune(piece, 0) {
				parts = append(parts, "printf %s "+curl.Quote(piece))
			} else {
				parts = append(parts, "printf '"+octal(piece)+"'")
			}
			text = rest
		}
	}
	s.pieces(body, inJSON, literal, func(name string) { parts = append(parts, `printf %s "$`+name+`"`) })
	return "{ " + strings.Join(parts, "; ") + "; }"
}

// shortest is the length of the shortest string that is taken for something that a server chose.
const shortest = 8

// listen notes what an answer says first. Words without a digit are of the contract, and mean the same everywhere.
func (s *script) listen(number int, x *record.Exchange) {
	if x.Response == nil {
		return
	}
	var value any
	if json.Unmarshal(x.Response.Body, &value) != nil {
		return
	}
	sent := s.sent.String()
	var walk func(value any, filter string, name string)
	walk = func(value any, filter, name string) {
		switch value := value.(type) {
		case map[string]any:
			for _, member := range slices.Sorted(maps.Keys(value)) {
				walk(value[member], filter+step(member), member)
			}
		case []any:
			for i, item := range value {
				walk(item, fmt.Sprintf("%s[%d]", filter, i), name)
			}
		case string:
			switch {
			case len(value) < shortest, !strings.ContainsAny(value, "0123456789"), strings.Contains(sent, value):
			case s.repro.Word != "" && strings.Contains(value, s.repro.Word):
			case slices.ContainsFunc(s.heard, func(h heard) bool { return h.value == value }):
			case s.repro.Secrets.In(value):
			default:
				s.heard = append(s.heard, heard{value: value, answer: number, filter: filter, member: name})
			}
		}
	}
	walk(value, "", "text")
}

// take makes the variable for a spelling of what a server said, the first time that it is asked for.
func (s *script) take(h *heard, spelled spelling) string {
	if h.variable == "" {
		h.variable = strings.ToLower(other.ReplaceAllString(h.member, "_"))
		for n := 2; s.names[h.variable]; n++ {
			h.variable = strings.ToLower(other.ReplaceAllString(h.member, "_")) + "_" + strconv.Itoa(n)
		}
		s.names[h.variable] = true
	}
	name := h.variable + spelled.suffix
	if !s.taken[name] {
		s.taken[name] = true
		filter := h.filter
		if !strings.HasPrefix(filter, ".") {
			filter = "." + filter
		}
		fmt.Fprintf(&s.body, "%s=$(take %d %s)\n", name, h.answer, curl.Quote(filter+spelled.filter))
	}
	return name
}

var other = regexp.MustCompile(`[^A-Za-z0-9_]`)

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// step is a member of an object in a filter of jq.
func step(member string) string {
	if identifier.MatchString(member) {
		return "." + member
	}
	quoted, err := json.Marshal(member)
	if err != nil {
		panic(err) // a string
	}
	return "[" + string(quoted) + "]"
}
