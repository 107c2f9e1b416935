package imperfect

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/lpgate/schemas"
)

// parseBody reads a body as I-JSON.
func (s *service) parseBody(body []byte, tooLarge, broken bool) (schemas.Document, *refusal) {
	internal := &refusal{status: 500, code: "INTERNAL", message: "Unexpected error."}
	switch {
	case tooLarge && s.on[largeBodyIs500]:
		return schemas.Document{}, internal
	case tooLarge:
		return schemas.Document{}, &refusal{status: 413, code: "PAYLOAD_TOO_LARGE", message: "The body is larger than 1 MiB."}
	case len(body) == 0 && !broken:
		body = []byte("{}")
	}
	document, err := schemas.ReadRequest(body)
	switch {
	case err == nil && !broken:
		return document, nil
	case s.on[malformedJSONIs500]:
		return schemas.Document{}, internal
	}
	return schemas.Document{}, invalid("The body is malformed JSON.")
}

// validate applies the habits of reading to a body, and checks it by its schema. It returns the body that counts.
func (s *service) validate(x *request, body any) (object, *refusal) {
	schema, _ := schemas.Embedded().Lookup(x.operation.RequestSchema) // New has checked that it is there
	body = s.coerce(schema.Spot(), body)
	violations := schema.Validate(body)
	if len(violations) == 0 {
		return body.(object), nil // every request schema is of an object
	}
	refused := invalid("The request is not valid by its schema.")
	if !s.on[noViolations] {
		refused.details = object{"violations": violations[:min(len(violations), s.milestone.Limits.Violations)]}
	}
	return nil, refused
}

var wholeNumber = regexp.MustCompile(`^[0-9]{1,15}$`)

// coerce returns a value of a body, at its place in the schema, as the habits read it.
func (s *service) coerce(at schemas.Spot, value any) any {
	switch value := value.(type) {
	case string:
		if s.on[stringsTrimmed] {
			value = strings.TrimSpace(value)
		}
		if s.on[numericStringsTaken] && wholeNumber.MatchString(value) {
			if n, _ := strconv.ParseFloat(value, 64); at.Refuses(value) != "" && at.Refuses(n) == "" {
				return n
			}
		}
		return value
	case []any:
		list := make([]any, len(value))
		for i, item := range value {
			list[i] = s.coerce(at.In(strconv.Itoa(i)), item)
		}
		return list
	case object:
		members := object{}
		for name, member := range value {
			if s.on[unknownMembersIgnored] && !slices.Contains(at.Members(), name) {
				continue
			}
			member = s.coerce(at.In(name), member)
			if text, isText := member.(string); isText && name == "recorded_at" {
				member = s.strictTime(text)
			}
			members[name] = member
		}
		return members
	}
	return value
}

// ---- times ----

// timeLayout is how all times are written.
const timeLayout = "2006-01-02T15:04:05.000Z"

func formatTime(at time.Time) string { return at.UTC().Format(timeLayout) }

// rfc3339 is the grammar of RFC 3339, section 5.6: time.Parse takes more.
var rfc3339 = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// looseLayouts are what loose-times-taken takes beside RFC 3339.
var looseLayouts = []string{
	"2006-01-02", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04",
	"2006-01-02T15:04Z07:00", time.RFC1123,
}

var errNoTime = errors.New("not an RFC 3339 time")

// parseTime reads a time. Digits past the millisecond are cut.
func (s *service) parseTime(text string) (time.Time, error) {
	text = s.strictTime(text)
	parts := rfc3339.FindStringSubmatch(text)
	if parts == nil || strings.HasSuffix(parts[2], ":60") {
		return time.Time{}, errNoTime
	}
	fraction := parts[3][:min(len(parts[3]), len(".000"))]
	at, err := time.Parse(time.RFC3339, parts[1]+"T"+parts[2]+fraction+strings.ToUpper(parts[4]))
	if at = at.UTC(); err != nil || at.Year() < 0 || at.Year() > 9999 {
		return time.Time{}, errNoTime
	}
	return at, nil
}

// strictTime returns a time in RFC 3339 if the habit loose-times-taken reads it, otherwise the text.
func (s *service) strictTime(text string) string {
	if !s.on[looseTimesTaken] || rfc3339.MatchString(text) {
		return text
	}
	for _, layout := range looseLayouts {
		if at, err := time.Parse(layout, text); err == nil && at.UTC().Year() >= 0 {
			return formatTime(at)
		}
	}
	return text
}

// requestNow is the time of a request: its test clock, or the service's.
func (s *service) requestNow(x *request) (time.Time, *refusal) {
	text := headerValue(x.Header, "X-Now-Iso")
	if text == "" || !s.options.TestClock {
		return s.now(), nil
	}
	at, err := s.parseTime(text)
	if err != nil {
		return time.Time{}, invalid("X-Now-Iso is " + err.Error() + ".")
	}
	return at, nil
}

// recordedAt is the time of a POST.
func (s *service) recordedAt(x *request, body object) (time.Time, *refusal) {
	text, given := body["recorded_at"].(string)
	if !given {
		return s.requestNow(x)
	}
	at, err := s.parseTime(text)
	if err != nil {
		return time.Time{}, invalid("recorded_at is " + err.Error() + ".")
	}
	return at, nil
}
