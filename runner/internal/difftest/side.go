package difftest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/steps"
)

// endpoint is one of the two that a walk is played against, for the length of a walk.
type endpoint struct {
	transport http.RoundTripper
	atOnce    *inProcess // for what is sent at once, where the server is in this process; nil: as everything else
	base      *url.URL
	session   *steps.Session
	counts    map[string]int // of what {provider_1} and the like count
	wanted    []string       // the variables that the walk uses
}

// newEndpoint begins a walk. Whoever plays more than one against the same server gives each a word of its own.
func newEndpoint(cfg *steps.Config, through http.RoundTripper, base *url.URL, w Sequence, word string) (*endpoint, error) {
	s := &endpoint{transport: through, base: base, session: steps.NewSession(cfg, word), counts: map[string]int{}, wanted: w.references()}
	if direct, ok := through.(inProcess); ok {
		s.atOnce = &direct
	}
	if w.Clocked {
		if err := s.session.Carry(clockRows()); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// reply is a request and its answers, of which there are several when it was sent several times at once.
type reply struct {
	request   *steps.Request
	sent      record.Request
	operation *milestones.Operation
	answers   []*answer
}

// call makes a call. Nil and no error is a call that cannot be made, because it builds on what is not there.
func (s *endpoint) call(ctx context.Context, routes *record.Routes, c steps.Call) (*reply, error) {
	request, err := s.session.Prepare(c, s.base)
	if _, misworded := err.(*steps.InvalidStep); misworded {
		return nil, nil
	}
	if _, mismatch := err.(*steps.Mismatch); mismatch { // there is no next page
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	times := max(1, c.Times)
	x := &reply{request: request, answers: make([]*answer, times)}
	sent := make([]*http.Request, times)
	for i := range sent {
		if sent[i], err = request.HTTP(ctx); err != nil {
			return nil, err
		}
	}
	x.sent = record.Request{
		Method: sent[0].Method, Target: strings.TrimPrefix(sent[0].URL.RequestURI(), strings.TrimSuffix(s.base.EscapedPath(), "/")),
		Header: sent[0].Header, Body: request.Body,
	}
	x.operation = routes.Find(x.sent.Method, x.sent.Target)
	if times == 1 {
		if x.answers[0], err = send(s.transport, sent[0]); err != nil {
			return nil, &steps.Unreachable{Err: err}
		}
	} else if err := s.sendAtOnce(x, sent); err != nil {
		return nil, err
	}
	first := x.answers[0]
	s.session.Answered(request, first.status, first.header, first.body)
	return x, s.recordVariables(x, first)
}

// sendAtOnce sends copies side by side, and puts their answers in an order of their own: first those that are no
// replays, then by what they say.
func (s *endpoint) sendAtOnce(x *reply, sent []*http.Request) error {
	var group sync.WaitGroup
	failed := make([]error, len(sent))
	through, meet := s.transport, new(barrier)
	if s.atOnce != nil {
		// A machine may be too busy, or too quick, for requests to meet by themselves. Here they have to.
		through = *s.atOnce
		meet.open = make(chan struct{})
		meet.missing.Store(int64(len(sent)))
		for i := range sent {
			if sent[i].Body == nil {
				sent[i].Body = http.NoBody
			}
			sent[i].Body = &barrierBody{ReadCloser: sent[i].Body, meeting: meet}
		}
	}
	for i := range sent {
		group.Go(func() {
			x.answers[i], failed[i] = send(through, sent[i])
			if late, ok := sent[i].Body.(*barrierBody); ok {
				late.arrive() // who was answered before, nobody waits for
			}
		})
	}
	group.Wait()
	for _, err := range failed {
		if err != nil {
			return &steps.Unreachable{Err: err}
		}
	}
	slices.SortFunc(x.answers, func(a, b *answer) int {
		return cmp.Or(cmp.Compare(len(a.header["Idempotent-Replayed"]), len(b.header["Idempotent-Replayed"])),
			cmp.Compare(a.status, b.status), bytes.Compare(a.body, b.body))
	})
	return nil
}

// barrier holds requests until all of them are in the server's hands.
type barrier struct {
	missing atomic.Int64
	open    chan struct{}
}

// barrierBody is a body that is read when all the others are about to be read too.
type barrierBody struct {
	io.ReadCloser
	meeting *barrier
	once    sync.Once
}

func (a *barrierBody) arrive() {
	a.once.Do(func() {
		if a.meeting.missing.Add(-1) == 0 {
			close(a.meeting.open)
		}
	})
}

func (a *barrierBody) Read(b []byte) (int, error) {
	a.arrive()
	<-a.meeting.open
	return a.ReadCloser.Read(b)
}

// send sends one request and reads the whole answer.
func send(through http.RoundTripper, r *http.Request) (*answer, error) {
	response, err := through.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	a := &answer{status: response.StatusCode, header: response.Header}
	if direct, ok := response.Body.(*written); ok {
		a.body = direct.text
		return a, nil
	}
	if a.body, err = io.ReadAll(io.LimitReader(response.Body, record.BodyLimit)); err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	return a, nil
}

// recordVariables gives the walk's variables their values.
func (s *endpoint) recordVariables(x *reply, a *answer) error {
	if a.status != http.StatusOK || len(s.wanted) == 0 || x.request.Operation() == "" {
		return nil
	}
	remember := func(name string, at ...string) error {
		if !slices.Contains(s.wanted, name) {
			return nil
		}
		if text, ok := textAt(a.body, at...); ok {
			return s.session.Record(name, text)
		}
		return nil
	}
	switch {
	case x.operation.ID == onboard:
		s.counts["provider"]++
		return remember(numberedName("provider", s.counts["provider"]), "provider", "provider_id")
	case x.operation.ID == export:
		s.counts["page"]++
		for _, part := range continuation {
			if err := remember(numberedName(part.name, s.counts["page"]), part.at...); err != nil {
				return err
			}
		}
	}
	return nil
}

// The operations whose answers a later call can build on.
const (
	onboard = "partnerLiquidityProvider.onboard"
	export  = "partnerLiquidityProvider.rollout.export"
)

// ---- servers ----

// inProcess is the way to a handler without a socket: nothing waits, and nothing is written twice.
type inProcess struct{ http.Handler }

// RoundTrip lets the handler answer. What it is given is what a server would have read: the target is parsed again.
func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	target, err := url.ParseRequestURI(r.URL.RequestURI())
	if err != nil {
		return nil, fmt.Errorf("a target that no server reads: %w", err)
	}
	asked := *r
	asked.URL, asked.RequestURI = target, r.URL.RequestURI()
	if asked.Body == nil {
		asked.Body = http.NoBody
	}
	w := &written{status: http.StatusOK, header: http.Header{}}
	h.ServeHTTP(w, &asked)
	if r.Method == http.MethodHead {
		w.text = nil // a connection carries none
	}
	return &http.Response{StatusCode: w.status, Header: w.header, Body: w, Request: r}, nil
}

// written is an answer that a handler writes.
type written struct {
	status int
	header http.Header
	text   []byte
	wrote  bool
	read   int
}

func (w *written) Header() http.Header { return w.header }

func (w *written) WriteHeader(status int) {
	if !w.wrote {
		w.status, w.wrote = status, true
	}
}

func (w *written) Write(text []byte) (int, error) {
	w.wrote = true
	w.text = append(w.text, text...)
	return len(text), nil
}

func (w *written) Read(b []byte) (int, error) {
	if w.read == len(w.text) {
		return 0, io.EOF
	}
	n := copy(b, w.text[w.read:])
	w.read += n
	return n, nil
}

func (w *written) Close() error { return nil }

// server is what package target makes of the fake.
type server interface {
	http.Handler
	Serve(context.Context, net.Listener, time.Duration) error
}

// listen puts a server behind a socket, so that both sides of a comparison are read by the same HTTP client. Stop ends
// it.
func listen(fake server) (base *url.URL, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, &steps.Unreachable{Err: fmt.Errorf("starting the fake server: %w", err)}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = fake.Serve(ctx, l, 0) // it ends when the walk does
	}()
	return &url.URL{Scheme: "http", Host: l.Addr().String()}, func() { cancel(); <-done }, nil
}

// cachedFiles are files that are read once: a walk sends fixtures a thousand times over.
type cachedFiles struct {
	fs.FS
	mu    *sync.Mutex
	files map[string][]byte
}

func cacheFiles(fsys fs.FS) cachedFiles {
	return cachedFiles{fsys, new(sync.Mutex), map[string][]byte{}}
}

// ReadFile is fs.ReadFile. The text is not to be changed.
func (k cachedFiles) ReadFile(name string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if text, ok := k.files[name]; ok {
		return text, nil
	}
	text, err := fs.ReadFile(k.FS, name)
	if err == nil {
		k.files[name] = text
	}
	return text, err
}
