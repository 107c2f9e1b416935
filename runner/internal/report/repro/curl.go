package repro

import (
	"fmt"
	"strings"

	"example.com/lpgate/internal/curl"
	"example.com/lpgate/internal/printable"
	"example.com/lpgate/runner/internal/record"
)

// Curl returns a command for a POSIX shell that sends a request again. The flags are what curl needs to reach the base.
// Secrets, and header values that the record has redacted,
// are variables of the shell. A body that does not fit a command line, or that is recorded in part, is read from a
// file, which a comment describes.
func Curl(base string, flags []string, r *record.Request, secrets *record.Secrets) string {
	scrubbed := *r
	scrubbed.Body = []byte(secrets.Scrub(string(r.Body)))
	command := commandOf(base, &scrubbed)
	command.Flags = append([]string{"-sS", "-i"}, flags...)
	command.Word = func(text string, in curl.Part) string {
		if name, value, _ := strings.Cut(text, ": "); in == curl.Header && (secrets.Hides(name) || value == record.Redacted) {
			return curl.Quote(name+": ") + curl.Variable(record.ShellVariable(name))
		}
		return curl.Quote(secrets.Scrub(text))
	}
	body := scrubbed.Body
	switch {
	case r.Length > 0:
		command.BodyFile = "body"
		return fmt.Sprintf("# body is a file of %d bytes, of which only the beginning is recorded: %s\n%s", r.Length, printable.Shorten(string(body), 120), command)
	case curl.Printable(body):
		command.Body = body
	case len(body) > curl.MaxArgument:
		command.BodyFile = "body"
		return fmt.Sprintf("# body is a file of %d bytes, which begins with: %s\n%s", len(body), printable.Shorten(string(body), 120), command)
	default:
		command.BodyFile = "-"
		return curl.Printf(body) + " | " + command.String()
	}
	return command.String()
}
