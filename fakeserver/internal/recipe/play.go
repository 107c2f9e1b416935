package recipe

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// Doer answers requests, as an *http.Client does.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Handler answers requests in process. The recorder is net/http's own: one of ours
// would have to know again what a handler may leave out.
type Handler struct{ http.Handler }

// Do implements Doer.
func (h Handler) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

// Place is where and how a recipe is played.
type Place struct {
	// URL is that of the server, without a slash at its end.
	URL string
	// Header is sent with each request.
	Header map[string]string
	// Run is what {run} stands for.
	Run string
}

// Exchange is a step as it was sent, and its answer.
type Exchange struct {
	Step
	Status       int
	AnswerHeader http.Header
	Answer       []byte
}

// Run sends the steps one after the other. It gives the exchanges of those that were
// answered, and an error when one was not or has nothing that a later one needs.
func (r *Recipe) Run(ctx context.Context, d Doer, p Place) ([]Exchange, error) {
	values := map[string]string{"run": p.Run}
	var played []Exchange
	for i, step := range r.Steps {
		if i > 0 {
			last := &played[i-1]
			for _, name := range slices.Sorted(maps.Keys(last.Keep)) {
				value, err := last.text(last.Keep[name])
				if err != nil {
					return played, fmt.Errorf("the answer to %s %s: %w", last.Method, last.target(), err)
				}
				values[name] = value
			}
		}
		x, err := step.filled(values).Send(ctx, d, p)
		if err != nil {
			return played, err
		}
		played = append(played, *x)
	}
	return played, nil
}

// text gives a text of the answer.
func (x *Exchange) text(pointer string) (string, error) {
	value, err := x.at(pointer)
	if err != nil {
		return "", err
	}
	text, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("there is no text at %s", pointer)
	}
	return text, nil
}

// at follows a JSON pointer into the answer.
func (x *Exchange) at(pointer string) (any, error) {
	var body any
	if err := json.Unmarshal(x.Answer, &body); err != nil {
		return nil, err
	}
	return get(body, pointer)
}

// filled gives the step with values for its placeholders.
func (s Step) filled(values map[string]string) Step {
	fill := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(found string) string {
			if value, known := values[found[1:len(found)-1]]; known {
				return value
			}
			return found
		})
	}
	all := func(of map[string]string) map[string]string {
		filled := map[string]string{}
		for name, text := range of {
			filled[name] = fill(text)
		}
		return filled
	}
	s.Path, s.Params, s.Query, s.Header = fill(s.Path), all(s.Params), all(s.Query), all(s.Header)
	if s.Body != nil {
		s.Body = []byte(fill(string(s.Body)))
	}
	if s.Blanks > 0 {
		s.Body = bytes.Repeat([]byte(" "), s.Blanks)
	}
	return s
}

// path is the path with the values of its parameters.
func (s *Step) path() string {
	path := s.Path
	for name, value := range s.Params {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	return path
}

// target is the path and the query.
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

// Send sends a step whose texts have no placeholders.
func (s Step) Send(ctx context.Context, d Doer, p Place) (*Exchange, error) {
	r, err := http.NewRequestWithContext(ctx, s.Method, p.URL+s.target(), bytes.NewReader(s.Body))
	if err != nil {
		return nil, err
	}
	for _, of := range []map[string]string{s.Header, p.Header} {
		for name, value := range of {
			r.Header.Set(name, value)
		}
	}
	answer, err := d.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	x := &Exchange{Step: s, Status: answer.StatusCode, AnswerHeader: answer.Header}
	if x.Answer, err = io.ReadAll(answer.Body); err != nil {
		return nil, &url.Error{Op: s.Method, URL: s.target(), Err: err} // as when it had not come at all
	}
	return x, nil
}

// Line is the request line and the status.
func (x *Exchange) Line() string {
	return fmt.Sprintf("%s %s  %d", x.Method, x.target(), x.Status)
}

// Preconditions reports why an exchange is not what the recipe promises; nil when it is.
func (r *Recipe) Preconditions(x *Exchange) error {
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Details struct {
				ReasonCode string `json:"reason_code"`
			} `json:"details"`
		} `json:"error"`
	}
	if err := json.Unmarshal(x.Answer, &body); err != nil {
		return fmt.Errorf("%d, and not JSON: %w", x.Status, err)
	}
	o := r.Outcome
	says := strings.TrimSpace(fmt.Sprintf("%d %s %s", x.Status, body.Error.Code, body.Error.Details.ReasonCode))
	if x.Operation != r.Operation || x.Status != o.Status || body.Error.Code != o.Code || body.Error.Details.ReasonCode != o.ReasonCode {
		return fmt.Errorf("%s of %s", says, x.Operation.ID)
	}
	if o.ReasonCodesAt != "" {
		listed, err := x.at(o.ReasonCodesAt)
		if err != nil {
			return fmt.Errorf("%s: %w", says, err)
		}
		codes := []string{}
		list, _ := listed.([]any)
		for _, code := range list {
			codes = append(codes, fmt.Sprint(code))
		}
		if !slices.Equal(codes, r.Lists) {
			return fmt.Errorf("%s, listing %s", says, brackets(codes))
		}
	}
	for name, value := range r.Header {
		if got := x.AnswerHeader.Get(name); got != value {
			return fmt.Errorf("%s, with %s: %q", says, name, got)
		}
	}
	for _, pointer := range r.Shows {
		if value, err := x.at(pointer); err != nil || value == nil {
			return fmt.Errorf("%s, with nothing at %s", says, pointer)
		}
	}
	return nil
}
