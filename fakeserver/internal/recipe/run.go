package recipe

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Doer sends a request, as an *http.Client does.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Target is where the requests of a recipe are sent.
type Target struct {
	// URL is the server's base URL, without a slash at its end.
	URL string
	// Header is added to each request.
	Header map[string]string
	// RunID is the value of {run}.
	RunID string
}

// Exchange is a step that was sent, and its response.
type Exchange struct {
	Step
	Status         int
	ResponseHeader http.Header
	Response       []byte
}

// Run sends the steps one after the other. It returns the exchanges of the steps that had a response. It fails when a
// step had none, or when a response lacks a value that a later step needs.
func (r *Recipe) Run(ctx context.Context, d Doer, target Target) ([]Exchange, error) {
	values := map[string]string{"run": target.RunID}
	var exchanges []Exchange
	for i, step := range r.Steps {
		if i > 0 {
			last := &exchanges[i-1]
			for _, name := range slices.Sorted(maps.Keys(last.Capture)) {
				value, err := last.stringAt(last.Capture[name])
				if err != nil {
					return exchanges, fmt.Errorf("the response to %s %s: %w", last.Method, last.target(), err)
				}
				values[name] = value
			}
		}
		x, err := step.expand(values).Send(ctx, d, target)
		if err != nil {
			return exchanges, err
		}
		exchanges = append(exchanges, *x)
	}
	return exchanges, nil
}

// stringAt returns the string at a JSON Pointer of the response.
func (x *Exchange) stringAt(pointer string) (string, error) {
	value, err := x.valueAt(pointer)
	if err != nil {
		return "", err
	}
	text, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("%s is not a string", pointer)
	}
	return text, nil
}

// valueAt returns the value at a JSON Pointer of the response.
func (x *Exchange) valueAt(pointer string) (any, error) {
	var body any
	if err := json.Unmarshal(x.Response, &body); err != nil {
		return nil, err
	}
	return valueAt(body, jsontext.Pointer(pointer))
}

// expand returns the step with values in the place of its placeholders.
func (s Step) expand(values map[string]string) Step {
	expand := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(found string) string {
			if value, known := values[found[1:len(found)-1]]; known {
				return value
			}
			return found
		})
	}
	expandAll := func(texts map[string]string) map[string]string {
		expanded := map[string]string{}
		for name, text := range texts {
			expanded[name] = expand(text)
		}
		return expanded
	}
	s.Path, s.Params, s.Query, s.Header = expand(s.Path), expandAll(s.Params), expandAll(s.Query), expandAll(s.Header)
	if s.Body != nil {
		s.Body = []byte(expand(string(s.Body)))
	}
	if s.Spaces > 0 {
		s.Body = bytes.Repeat([]byte(" "), s.Spaces)
	}
	return s
}

// path returns the path with the values of its parameters.
func (s *Step) path() string {
	path := s.Path
	for name, value := range s.Params {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	return path
}

// target returns the path and the query.
func (s *Step) target() string {
	query := url.Values{}
	for name, value := range s.Query {
		query.Set(name, value)
	}
	if len(query) == 0 {
		return s.path()
	}
	return s.path() + "?" + query.Encode()
}

// Send sends a step that has no placeholders.
func (s Step) Send(ctx context.Context, d Doer, target Target) (*Exchange, error) {
	r, err := http.NewRequestWithContext(ctx, s.Method, target.URL+s.target(), bytes.NewReader(s.Body))
	if err != nil {
		return nil, err
	}
	for _, fields := range []map[string]string{s.Header, target.Header} {
		for name, value := range fields {
			r.Header.Set(name, value)
		}
	}
	response, err := d.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	x := &Exchange{Step: s, Status: response.StatusCode, ResponseHeader: response.Header}
	if x.Response, err = io.ReadAll(response.Body); err != nil {
		return nil, &url.Error{Op: s.Method, URL: s.target(), Err: err} // as http.Client reports a lost connection
	}
	return x, nil
}

// Summary returns the request line and the status.
func (x *Exchange) Summary() string {
	return fmt.Sprintf("%s %s  %d", x.Method, x.target(), x.Status)
}

// Check reports how an exchange differs from the outcome of the recipe; nil when it does not.
func (r *Recipe) Check(x *Exchange) error {
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Details struct {
				ReasonCode string `json:"reason_code"`
			} `json:"details"`
		} `json:"error"`
	}
	if err := json.Unmarshal(x.Response, &body); err != nil {
		return fmt.Errorf("%d, and not JSON: %w", x.Status, err)
	}
	o := r.Outcome
	got := strings.TrimSpace(fmt.Sprintf("%d %s %s", x.Status, body.Error.Code, body.Error.Details.ReasonCode))
	if x.Operation != r.Operation || x.Status != o.Status || body.Error.Code != o.Code || body.Error.Details.ReasonCode != o.ReasonCode {
		return fmt.Errorf("%s of %s", got, x.Operation.ID)
	}
	if o.ReasonCodesAt != "" {
		value, err := x.valueAt(o.ReasonCodesAt)
		if err != nil {
			return fmt.Errorf("%s: %w", got, err)
		}
		codes := []string{}
		list, _ := value.([]any)
		for _, code := range list {
			codes = append(codes, fmt.Sprint(code))
		}
		if !slices.Equal(codes, r.ListedCodes) {
			return fmt.Errorf("%s, listing %s", got, inBrackets(codes))
		}
	}
	for name, want := range r.ResponseHeader {
		if value := x.ResponseHeader.Get(name); value != want {
			return fmt.Errorf("%s, with %s: %q", got, name, value)
		}
	}
	for _, pointer := range r.Present {
		if value, err := x.valueAt(pointer); err != nil || value == nil {
			return fmt.Errorf("%s, without a value at %s", got, pointer)
		}
	}
	return nil
}
