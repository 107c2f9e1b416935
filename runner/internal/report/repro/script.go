package repro

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"example.com/lpgate/internal/curl"
	"example.com/lpgate/runner/internal/record"
)

// ErrPartial marks a request that no script can send again, since only a part of it is recorded.
var ErrPartial = errors.New("only a part of the request is recorded")

// prelude is the part of a script that is the same in all of them.
const prelude = `set -eu
answers=$(mktemp -d)
trap 'rm -rf "$answers"' EXIT

# call NUMBER RECORDED ARGUMENTS...: sends a request with curl, stores the answer, and prints it.
call() {
  number=$1 recorded=$2
  shift 2
  : > "$answers/$number"
  status=$(curl -sS --path-as-is --globoff -o "$answers/$number" -w '%{http_code}' "$@") || true
  printf '\nanswer %s: %s (recorded: %s)\n' "$number" "$status" "$recorded"
  head -c 2000 "$answers/$number"
  echo
}

# take NUMBER FILTER: prints a string of an earlier answer.
take() {
  jq -er "$2" "$answers/$1" || { echo "answer $1 has nothing at $2, and the next request needs it" >&2; exit 1; }
}
`

// Script returns a script for a POSIX shell, with curl and jq, that sends the requests of the scenario in their order to
// any server. The server may generate other ids, so the script has variables (see variables). The error is [ErrPartial]
// when a request is not recorded as a whole.
func (r *Run) Script() (string, error) {
	s := &script{repro: r, variables: variables{assigned: map[string]bool{}, names: map[string]bool{}}}
	for _, name := range []string{"answers", "base", "id_prefix", "number", "recorded", "status"} {
		s.names[name] = true
	}
	s.collectSecrets()
	step := -1
	for from := 0; from < len(r.Exchanges); {
		x := r.Exchanges[from]
		planned := r.Scenario.Steps[x.Mark.Step]
		if err := partial(&x.Request); err != nil {
			return "", fmt.Errorf("request %d cannot be sent again (%s %s, step %s:%d): %w",
				from+1, x.Request.Method, r.Secrets.Scrub(x.Request.Target), r.Scenario.URI, planned.Line, err)
		}
		to := from + 1
		for to < len(r.Exchanges) && Concurrent(x, r.Exchanges[to]) {
			to++
		}
		if x.Mark.Step != step {
			step = x.Mark.Step
			s.comment("%s:%d: %s %s", r.Scenario.URI, planned.Line, planned.Keyword, planned.Text)
		}
		s.send(from, to)
		from = to
	}
	return s.head() + prelude + s.body.String(), nil
}

// partial returns an error when a request is recorded in part.
func partial(r *record.Request) error {
	switch {
	case r.Length > 0:
		return fmt.Errorf("%w: %d of %d bytes of its body", ErrPartial, len(r.Body), r.Length)
	case r.Fields > 0:
		return fmt.Errorf("%w: its header had %d fields", ErrPartial, r.Fields)
	}
	return nil
}

// script is a script while it is written.
type script struct {
	repro *Run
	body  strings.Builder
	variables
}

// head returns the comments that describe the script, and the variables that it reads from the environment.
func (s *script) head() string {
	r := s.repro
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString("# " + s.clean(fmt.Sprintf(format, args...)) + "\n") }
	b.WriteString("#!/bin/sh\n")
	line("%s: %s", r.Scenario.Where(), r.Scenario.Name)
	line("")
	line("Sends the requests of scenario %s in their order, and prints each answer with the status that was recorded.", r.Scenario.Ref())
	line("Needs curl and jq. Environment variables:")
	line("  BASE       where to send the requests")
	if r.Start != "" {
		line("             start a server there with: %s", r.Start)
	}
	if slices.Contains(r.Scenario.Needs, "fresh-state") {
		line("             the scenario needs a server without earlier requests")
	}
	if r.IDPrefix != "" {
		line("  ID_PREFIX  ten digits or letters that ids and keys begin with (default: random)")
	}
	for _, secret := range s.secrets {
		line("  %s  a secret, first sent by: %s", secret.variable, secret.step)
	}
	fmt.Fprintf(&b, "base=${BASE:-%s}\n", r.Base)
	if len(r.Flags) > 0 {
		b.WriteString("curl() { command curl")
		for _, flag := range r.Flags {
			b.WriteString(" " + curl.Quote(r.Secrets.Scrub(flag)))
		}
		b.WriteString(" \"$@\"; }\n")
	}
	if r.IDPrefix != "" {
		b.WriteString("id_prefix=${ID_PREFIX:-$(od -An -N5 -tx1 /dev/urandom | tr -d ' \\n')}\n")
	}
	for _, secret := range s.secrets {
		fmt.Fprintf(&b, ": \"${%s:?is a secret that the script needs}\"\n", secret.variable)
	}
	return b.String()
}

func (s *script) comment(format string, args ...any) {
	s.body.WriteString("\n# " + s.clean(fmt.Sprintf(format, args...)) + "\n")
}

// clean returns a text as it may be part of a comment.
func (s *script) clean(text string) string {
	return strings.Join(strings.FieldsFunc(s.repro.Secrets.Scrub(text), func(c rune) bool { return c == '\n' || c == '\r' }), " ")
}

// collectSecrets finds the secrets that the requests have. A value made of the scenario's id prefix is none: in header mode
// a key is a partner's id.
func (s *script) collectSecrets() {
	count := map[string]int{}
	for _, x := range s.repro.Exchanges {
		for _, name := range slices.Sorted(maps.Keys(x.Request.Header)) {
			if !s.repro.Secrets.Hides(name) {
				continue
			}
			for _, value := range x.Request.Header[name] {
				value = strings.TrimSpace(value)
				known := slices.ContainsFunc(s.secrets, func(k secret) bool { return k.value == value })
				if value == "" || known || s.hasIDPrefix(value) {
					continue
				}
				variable := record.ShellVariable(name)
				if count[variable]++; count[variable] > 1 {
					variable += "_" + strconv.Itoa(count[variable])
				}
				step := s.repro.Scenario.Steps[x.Mark.Step]
				s.secrets = append(s.secrets, secret{variable, value, step.Keyword + " " + step.Text})
			}
		}
	}
}

func (s *script) hasIDPrefix(text string) bool {
	return s.repro.IDPrefix != "" && strings.Contains(text, s.repro.IDPrefix)
}

// send writes the request of one exchange, or of several concurrent ones.
func (s *script) send(from, to int) {
	x := s.repro.Exchanges[from]
	for _, header := range x.Request.Header {
		s.sent.WriteString(strings.Join(header, "\n") + "\n")
	}
	arguments, body := s.arguments(&x.Request)
	if to-from == 1 {
		fmt.Fprintf(&s.body, "%scall %d %s %s\n", body, from+1, recordedStatus(x), arguments)
	} else {
		var numbers, statuses []string
		for i := from; i < to; i++ {
			numbers = append(numbers, strconv.Itoa(i+1))
			if status := recordedStatus(s.repro.Exchanges[i]); !slices.Contains(statuses, status) {
				statuses = append(statuses, status)
			}
		}
		all := strings.Join(numbers, " ")
		fmt.Fprintf(&s.body, "for n in %s; do\n  %scall \"$n\" %s %s > \"$answers/$n.printed\" &\ndone\nwait\nfor n in %s; do cat \"$answers/$n.printed\"; done\n",
			all, body, curl.Quote(strings.Join(statuses, " or ")), arguments, all)
	}
	decoded, err := url.QueryUnescape(x.Request.Target)
	if err != nil {
		decoded = x.Request.Target
	}
	s.sent.WriteString(x.Request.Target + "\n" + decoded + "\n")
	s.sent.Write(x.Request.Body)
	s.collectGenerated(from+1, x)
}

func recordedStatus(x *record.Exchange) string {
	if x.Response == nil {
		return "none"
	}
	return strconv.Itoa(x.Response.Status)
}

// arguments returns the arguments of curl for a request. Where no argument can be its body, body is the command that prints
// it, with a pipe; "" otherwise.
func (s *script) arguments(r *record.Request) (arguments, body string) {
	command := commandOf(s.repro.Base, r)
	switch {
	case len(r.Body) == 0:
	case curl.Printable(r.Body):
		command.Body = r.Body
	default:
		body = s.printed(string(r.Body)) + " | "
		command.BodyFile = "-"
		if r.Header.Get("Expect") == "" {
			command.Header["Expect"] = nil // curl would wait for an answer before it sends a long body
		}
	}
	command.Word = func(text string, in curl.Part) string {
		if in == curl.URL {
			return curl.Variable("base") + s.word(strings.TrimPrefix(text, s.repro.Base), in)
		}
		return s.word(text, in)
	}
	return strings.Join(command.Arguments(), " "), body
}

// commandOf returns the command that sends a request, without its body. What curl would add to the header is removed.
func commandOf(base string, r *record.Request) *curl.Command {
	header := maps.Clone(r.Header)
	if header == nil {
		header = http.Header{}
	}
	if len(r.Body) > 0 && header.Get("Content-Type") == "" {
		header["Content-Type"] = nil
	}
	return &curl.Command{Method: r.Method, URL: base + r.Target, Header: header}
}

// collectGenerated notes the strings of an answer that the server generated. A string without a digit is a word of the
// contract, which is the same on every server.
func (s *script) collectGenerated(number int, x *record.Exchange) {
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
				walk(value[member], filter+curl.JQMember(member), member)
			}
		case []any:
			for i, item := range value {
				walk(item, fmt.Sprintf("%s[%d]", filter, i), name)
			}
		case string:
			switch {
			case len(value) < shortestGenerated, !strings.ContainsAny(value, "0123456789"), strings.Contains(sent, value):
			case s.hasIDPrefix(value):
			case slices.ContainsFunc(s.generated, func(g generated) bool { return g.value == value }):
			case s.repro.Secrets.In(value):
			default:
				s.generated = append(s.generated, generated{value: value, answer: number, filter: filter, member: name})
			}
		}
	}
	walk(value, "", "text")
}
