package admin

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/schemas"
)

// maxBodyBytes is the size of the largest request body.
const maxBodyBytes = 64 << 20

// YAML is the media type of YAML (RFC 9512).
const YAML = "application/yaml"

// Formats of a body, by its Content-Type.
const (
	formatJSON = "JSON"
	formatYAML = "YAML"
)

// format returns the format that the Content-Type declares, or the media type if it is
// neither JSON nor YAML. It returns "" for the types that curl -d, fetch and many
// libraries send by default.
func (r *request) format() string {
	contentType := r.Header.Get("Content-Type")
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		mediaType = contentType
	}
	switch mediaType {
	case "", "application/x-www-form-urlencoded", "text/plain", "application/octet-stream":
		return ""
	case "application/json", "text/json":
		return formatJSON
	case YAML, "application/x-yaml", "text/yaml", "text/x-yaml": // the last three are older names
		return formatYAML
	}
	return mediaType
}

// readBody reads the body and validates JSON against the schema of the endpoint. YAML is
// validated by the endpoint.
func (r *request) readBody(w http.ResponseWriter, e *Endpoint) *problem.Problem {
	body, p := r.bytes(w)
	if p != nil {
		return p
	}
	r.body = body
	switch format := r.format(); {
	case e.AcceptsYAML() && (format == formatYAML || format == ""):
		return nil
	case format != "" && format != formatJSON:
		accepted := formatJSON
		if e.AcceptsYAML() {
			accepted = "YAML or JSON"
		}
		given, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
		return problem.New(http.StatusUnsupportedMediaType, "%s %s accepts %s, not %s.", e.Method, e.Path, accepted, given)
	}
	document, err := schemas.ReadRequest(body)
	if err != nil {
		return problem.New(http.StatusBadRequest, "The body is %v (RFC 7493).", err)
	}
	if e.AcceptsYAML() {
		return nil // the reader of seeds reports the violations with their lines
	}
	if violations := schema(e.Request).Validate(document.Value); len(violations) > 0 {
		return violationsProblem(e.Request, violations, document.Value)
	}
	r.body = document.Canonical // in which 1e3, an integer for the schema, is 1000
	return nil
}

// bytes reads the body.
func (r *request) bytes(w http.ResponseWriter) ([]byte, *problem.Problem) {
	var body []byte
	var err error = &http.MaxBytesError{Limit: maxBodyBytes}
	if r.ContentLength > maxBodyBytes {
		w.Header().Set("Connection", "close") // else net/http reads more of the body before it responds
	} else {
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, problem.New(http.StatusRequestEntityTooLarge, "The body is larger than %d bytes.", tooLarge.Limit)
	} else if err != nil {
		return nil, problem.New(http.StatusBadRequest, "The body is incomplete.")
	}
	return body, nil
}

// violationsProblem is the problem for a body that its schema forbids. It suggests the
// member that an unknown one was probably meant to be.
func violationsProblem(schema string, violations []schemas.Violation, body any) *problem.Problem {
	p := problem.New(http.StatusBadRequest, "The body is not a %s: see violations.", schema)
	p.Violations = violations
	for _, v := range violations {
		if v.Keyword != "additionalProperties" || p.Nearest != "" {
			continue
		}
		var suggestion string
		if p.Nearest, suggestion = nearestMember(schema, v.InstancePath, body); suggestion != "" {
			p.Detail += " Did you mean " + suggestion + "?"
		}
	}
	return p
}

// decode decodes the body. It reports what a schema cannot express, such as an invalid
// duration or a leap second.
func decode[T any](r *request) (value T, p *problem.Problem) {
	if err := json.Unmarshal(r.body, &value, json.RejectUnknownMembers(true)); err != nil {
		pointer, message := jcs.Wrong(err)
		return value, problem.New(http.StatusBadRequest, "The body, at %s: %s.", pointer, message)
	}
	return value, nil
}

// clientGone is the response to a client that closed its connection while its body was
// processed.
func clientGone() *problem.Problem {
	return problem.New(http.StatusRequestTimeout, "The client closed the connection. Nothing was changed.")
}
