package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/gavv/httpexpect/v2"
)

// This file sends. httpexpect builds the request and reads the answer; everything that it could find wrong on the
// way is taken from it as data. It compares no JSON here, for it would round the numbers first.

// exchange is a request and its answer.
type exchange struct {
	request *request
	answer  *answer
}

// answer is what came back, as it came.
type answer struct {
	status int
	header http.Header
	body   []byte

	parsed   any
	problem  error
	isParsed bool
}

// json is the body as JSON. It is read once, and only when somebody asks.
func (a *answer) json() (any, error) {
	if !a.isParsed {
		a.parsed, a.problem = decode(a.body)
		a.isParsed = true
	}
	return a.parsed, a.problem
}

// send sends the request and makes it the last call.
func (s *scenario) send(ctx context.Context, r *request) error {
	e, err := s.exchange(ctx, r)
	if err != nil {
		return err
	}
	s.called(e)
	return nil
}

// called makes an exchange the last call.
func (s *scenario) called(e *exchange) {
	s.last, s.burst = e, nil
	s.learn(e)
}

// exchange sends the request, and leaves the scenario as it is.
func (s *scenario) exchange(ctx context.Context, r *request) (*exchange, error) {
	base, err := s.target(ctx)
	if err != nil {
		return nil, err
	}
	u, err := r.urlFor(s, base)
	if err != nil {
		return nil, err
	}
	a, err := r.sendTo(ctx, s.cfg.Client, u)
	if err != nil {
		return nil, err
	}
	return &exchange{r, a}, nil
}

// sendAtOnce sends n copies of the request so that all are under way together.
func (s *scenario) sendAtOnce(ctx context.Context, r *request, n int) error {
	if n < 2 {
		return invalidStep("%d at once: expected 2 or more", n)
	}
	base, err := s.target(ctx)
	if err != nil {
		return err
	}
	u, err := r.urlFor(s, base)
	if err != nil {
		return err
	}
	s.bursts++
	ctx = context.WithValue(ctx, burstKey{}, s.bursts)

	sent := make([]*exchange, n)
	failed := make([]error, n)
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			mine := r.clone()
			ready.Done()
			<-start
			var a *answer
			a, failed[i] = mine.sendTo(ctx, s.cfg.Client, u)
			sent[i] = &exchange{mine, a}
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	s.called(sent[0])
	s.burst = sent
	return nil
}

type burstKey struct{}

// Concurrency reports whether a request, given by its context, was sent together with others. Concurrent requests of
// one scenario have the same number, from 1; their order is not deterministic, so reports may sort them.
func Concurrency(ctx context.Context) (number int, ok bool) {
	number, ok = ctx.Value(burstKey{}).(int)
	return number, ok
}

// sendTo sends the request to a URL.
func (r *request) sendTo(ctx context.Context, client *http.Client, u *url.URL) (*answer, error) {
	failed := &firstFailure{}
	sending := httpexpect.NewRequestC(httpexpect.Config{
		Client:           client,
		AssertionHandler: failed,
		RequestFactory:   requestFactory{ctx, u, r.header},
	}, r.method, "")
	if len(r.body) > 0 {
		sending.WithBytes(r.body)
	}
	response := sending.Expect()
	body := response.Body().Raw()
	if err := failed.err(); err != nil {
		return nil, err
	}
	raw := response.Raw()
	return &answer{status: raw.StatusCode, header: raw.Header, body: []byte(body)}, nil
}

// requestFactory makes requests whose URL and headers are final.
type requestFactory struct {
	ctx    context.Context
	url    *url.URL
	header http.Header
}

// NewRequest makes the request. The URL that httpexpect would have is not looked at.
func (f requestFactory) NewRequest(method, _ string, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(f.ctx, method, "", body)
	if err != nil {
		return nil, err
	}
	u := *f.url // httpexpect writes into it
	r.URL, r.Host, r.Header = &u, u.Host, f.header.Clone()
	return r, nil
}

// firstFailure keeps the first thing that httpexpect finds wrong. After it, httpexpect goes on with zero values, and
// everything else that it finds wrong comes of that.
type firstFailure struct {
	context *httpexpect.AssertionContext
	failure *httpexpect.AssertionFailure
}

// Success is called for all that goes well.
func (f *firstFailure) Success(*httpexpect.AssertionContext) {}

// Failure is called for all that does not.
func (f *firstFailure) Failure(context *httpexpect.AssertionContext, failure *httpexpect.AssertionFailure) {
	if f.failure == nil && failure.Severity == httpexpect.SeverityError {
		f.context, f.failure = context, failure
	}
}

// err returns the first failure as an error. Sending and reading fail only if the target is unreachable; another
// failure is a wrong use of the library.
func (f *firstFailure) err() error {
	if f.failure == nil {
		return nil
	}
	if f.failure.Type == httpexpect.AssertOperation && len(f.failure.Errors) > 0 {
		return &Unreachable{Err: f.failure.Errors[len(f.failure.Errors)-1]}
	}
	return fmt.Errorf("using httpexpect at %s: %w", strings.Join(f.context.Path, "."), errors.Join(f.failure.Errors...))
}
