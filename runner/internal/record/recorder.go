package record

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"example.com/lpgate/steps"
)

// Recorder is the one transport of a run.
type Recorder struct {
	// Base sends the requests.
	Base http.RoundTripper
	// Routes finds the operation of a request.
	Routes *steps.Routes
	// Prefix is what a target's URL has before the paths of the milestone. It is not recorded.
	Prefix string
	// Check checks an answer as soon as it is there, before the step sees it.
	Check func(*Exchange)
	// IdempotencyHeader is the header whose values are remembered for [Exchange.KeySentBefore].
	IdempotencyHeader string
	// Concurrency returns the number of the group of requests that are sent at once; 0 for none. It may be nil.
	Concurrency func(context.Context) int
	// OnExchange is called with each exchange as soon as it is complete; it may be nil.
	OnExchange func(*Exchange)
	// Secrets are what must not be written.
	Secrets *Secrets
	// KeepSecrets leaves the secrets in the exchanges, which must not be written then.
	KeepSecrets bool
	// Share is how many recorders there are in the run, which have one room for bodies together; 0 is one.
	Share int

	budget    budget
	mu        sync.Mutex
	exchanges []*Exchange
	keys      map[string]bool
}

type markKey struct{}

// WithMark marks the requests with this context as those of a step.
func WithMark(ctx context.Context, m Mark) context.Context {
	return context.WithValue(ctx, markKey{}, m)
}

// RoundTrip sends one request and records it with its whole answer.
//
// It never sends one twice. The standard transport would do that by itself with a request that has an idempotency
// key and whose body it can read again, so it is not given a body that it can.
func (r *Recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	mark, marked := ctx.Value(markKey{}).(Mark)
	if !marked {
		mark = Mark{Scenario: -1}
	}
	if r.Concurrency != nil {
		mark.Concurrency = r.Concurrency(ctx)
	}
	body, err := drain(request)
	if err != nil {
		return nil, err
	}
	r.Secrets.learnFrom(request.Header)
	x := &Exchange{
		Mark: mark,
		Request: Request{
			Method: request.Method,
			Target: strings.TrimPrefix(target(request), r.Prefix),
			Header: request.Header.Clone(),
			Body:   body,
		},
	}
	x.Operation = r.Routes.Find(x.Request.Method, x.Request.Target).ID
	x.KeySentBefore = r.recordKey(x, request.URL.Host)

	sent := *request
	sent.GetBody = nil
	if request.Body != nil {
		sent.Body = io.NopCloser(bytes.NewReader(body))
	}
	x.SentAt = time.Now()
	response, err := r.Base.RoundTrip(&sent)
	if err == nil {
		x.Response, err = r.budget.readAll(response, mark.Scenario)
	}
	x.TookMS = float64(time.Since(x.SentAt).Round(time.Microsecond)) / float64(time.Millisecond)
	if err != nil {
		err = Overdue(ctx, err)
		x.Response, x.Failure, x.Message = nil, Cause(err), "no answer"
		r.keep(x)
		return nil, err
	}
	whole := x.Response.Body
	whenHeavy(len(whole), func() { r.Check(x) })
	x.Checks.sort()
	r.scrub(x)
	r.keep(x)
	if x.Response.Cut {
		whole = x.Response.Body // the checks failed it
	}
	response.Body = io.NopCloser(bytes.NewReader(whole))
	return response, nil
}

// scrub takes secrets out of the words that the judgement quotes: they end up in every artifact.
func (r *Recorder) scrub(x *Exchange) {
	x.Message = r.Secrets.Scrub(x.Message)
	for i := range x.Checks {
		if x.Checks[i].Status == CheckFailed {
			x.Checks[i].Message = r.Secrets.Scrub(x.Checks[i].Message)
		}
	}
	for i := range x.Undeclared {
		x.Undeclared[i].Code = r.Secrets.Scrub(x.Undeclared[i].Code)
		x.Undeclared[i].ReasonCode = r.Secrets.Scrub(x.Undeclared[i].ReasonCode)
	}
}

// drain reads the body of a request to its end.
func drain(request *http.Request) ([]byte, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return nil, nil
	}
	defer request.Body.Close()
	var b bytes.Buffer
	if request.ContentLength > 0 {
		b.Grow(int(request.ContentLength) + bytes.MinRead)
	}
	_, err := b.ReadFrom(request.Body)
	return b.Bytes(), err
}

// target is the path and query as they go over the wire. A request with an opaque URL is written with its host in
// front, which is no part of it.
func target(request *http.Request) string {
	uri := request.URL.RequestURI()
	if strings.HasPrefix(uri, "/") {
		return uri
	}
	if _, rest, ok := strings.Cut(uri, "://"); ok {
		if slash := strings.IndexByte(rest, '/'); slash >= 0 {
			return rest[slash:]
		}
	}
	return uri
}

// recordKey records the idempotency key of a request to a host, and reports whether it was recorded before.
func (r *Recorder) recordKey(x *Exchange, host string) bool {
	key := x.Request.Header.Get(r.IdempotencyHeader)
	if key == "" {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys == nil {
		r.keys = map[string]bool{}
	}
	key = host + "\n" + x.Operation + "\n" + strings.TrimSpace(key)
	if x.Mark.Concurrency != 0 {
		// Of requests that are sent at once, the order is unknown. That exactly one of them runs is for the
		// step to see.
		defer func() { r.keys[key] = true }()
		return true
	}
	before := r.keys[key]
	r.keys[key] = true
	return before
}

func (r *Recorder) keep(x *Exchange) {
	r.mu.Lock() // requests that are sent at once share the budget
	r.budget.share = r.Share
	r.budget.trim(x, r.Secrets)
	if !r.KeepSecrets {
		x.Redact(r.Secrets)
	}
	r.exchanges = append(r.exchanges, x)
	r.mu.Unlock()
	if r.OnExchange != nil {
		r.OnExchange(x)
	}
}

// Count is the number of exchanges so far.
func (r *Recorder) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.exchanges)
}

// Since returns the exchanges from the nth on, in the order of their answers.
func (r *Recorder) Since(n int) []*Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.exchanges[n:])
}

// Exchanges returns everything so far, in the order of [SortExchanges].
func (r *Recorder) Exchanges() []*Exchange {
	all := r.Since(0)
	SortExchanges(all)
	return all
}

// SortExchanges puts exchanges that stand in the order of their answers into one that is the same in every run: within a burst
// it is that of their contents.
func SortExchanges(all []*Exchange) {
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && all[from].Mark.Concurrency != 0 && all[to].Mark == all[from].Mark {
			to++
		}
		if to-from > 1 {
			sortByContent(all[from:to])
		}
		from = to
	}
}

func sortByContent(burst []*Exchange) {
	contents := make(map[*Exchange]string, len(burst))
	for _, x := range burst {
		contents[x] = string(x.WithoutTimes())
	}
	slices.SortStableFunc(burst, func(a, b *Exchange) int { return strings.Compare(contents[a], contents[b]) })
}

// TimeLimit is a time that was over before there was an answer. It is the cause of a context that ends with it.
type TimeLimit struct {
	// Of is what the limit is for, Flag the flag that sets it, and Limit how long it is.
	Of, Flag string
	Limit    time.Duration
}

func (l *TimeLimit) Error() string {
	return fmt.Sprintf("one %s may take %v (%s)", l.Of, l.Limit, l.Flag)
}

// Overdue is an error of a request with the time limit that its context ended with, if it did.
func Overdue(ctx context.Context, err error) error {
	var known, limit *TimeLimit
	if ctx.Err() == nil || errors.As(err, &known) || !errors.As(context.Cause(ctx), &limit) {
		return err
	}
	return fmt.Errorf("%w: %w", limit, err)
}

// Exhausted returns what the machine of the verifier lacks, if an error is one of that kind; "" otherwise. Such an error is
// not due to a target, nor to a file.
func Exhausted(err error) string {
	for _, lack := range []struct {
		is   syscall.Errno
		text string
	}{
		{syscall.EMFILE, "too many open files in this process (ulimit -n)"},
		{syscall.ENFILE, "too many open files on this machine"},
		{syscall.ENOMEM, "out of memory"},
		{syscall.ENOBUFS, "out of memory for connections"},
	} {
		if errors.Is(err, lack.is) {
			return lack.text
		}
	}
	return ""
}

// Cause words an error of the transport, without addresses and ports, which differ from run to run.
func Cause(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var op *net.OpError
	var asked *url.Error
	var limit *TimeLimit
	switch {
	case errors.As(err, &limit): // net/http returns the cause of a context alone
		return "no answer in time: " + limit.Error()
	case errors.Is(err, context.Canceled):
		return "the run was stopped before the answer was there"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the host name is not known"
	case errors.As(err, &dns):
		return "the host name could not be looked up"
	case errors.As(err, &unknown):
		return "TLS: the certificate is by an authority that is not known"
	case errors.As(err, new(x509.HostnameError)):
		return "TLS: the certificate is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "TLS: the certificate has expired, or is not valid yet"
	case errors.As(err, &invalid):
		return "TLS: the certificate is not valid"
	case errors.As(err, &op) && op.Op == "remote error" && op.Err != nil: // so package tls calls an alert
		return "TLS: the target ended the handshake: " + strings.TrimPrefix(op.Err.Error(), "tls: ")
	case errors.As(err, new(tls.RecordHeaderError)), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "TLS: what answers there does not speak TLS"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		if errors.As(err, &op) && op.Op == "dial" {
			return "timed out while connecting"
		}
		return "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return "the connection was reset"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection was closed before the answer was complete"
	}
	switch {
	case errors.As(err, &op) && op.Err != nil:
		return op.Err.Error()
	case errors.As(err, &asked): // it quotes the URL
		return asked.Err.Error()
	}
	return err.Error()
}
