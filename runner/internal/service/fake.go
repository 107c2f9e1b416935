// Package service is what a run verifies: the built-in fake server, or a service of somebody's own.
//
// The verifier meets either over HTTP and knows neither from within. What it has to know of the fake, which is how one
// is started and how it is given what a scenario needs, stands in fake.go, and nowhere else in the verifier.
package service

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/steps"
)

// This file is the only one of the verifier that knows the fake server: how one is started, and how it is given what a scenario needs.

// frozen is the time at which the fake servers of a run stand still.
var frozen = time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)

// Implements says why the fake server cannot stand in for a service of the milestone, or nothing. It is a fake of one
// milestone; another one is verified with --target.
func Implements(m *milestones.Milestone) error {
	own := milestones.M109()
	for _, o := range m.Operations {
		if known, ok := own.Operation(o.ID); !ok || known.Method != o.Method || known.Path != o.Path {
			return fmt.Errorf("the built-in fake server implements %s alone, and %s of %s is none of its operations", own.ID, o.ID, m.ID)
		}
	}
	return nil
}

// freshState is the capability to be a server that nobody used before.
const freshState = "fresh-state"

// grants say how a server is given a capability: by its options, and on the command line of the fake server.
// A server has the ones without either by itself.
var grants = map[string]struct {
	flags string
	grant func(*fakeserver.Options, fs.FS) error
}{
	"test-clock":      {},
	"header-identity": {},
	"key-set":         {},
	"dev-key":         {},
	freshState:        {},
	"key-identity": {
		"--partner-keys fixtures/keys/partner-keys.json",
		func(o *fakeserver.Options, fixtures fs.FS) (err error) {
			o.PartnerKeys, err = readKey(fixtures, "keys/partner-keys.json", fakeserver.ReadPartnerKeys)
			return err
		},
	},
	"no-test-clocks": {
		"--ignore-test-clocks",
		func(o *fakeserver.Options, _ fs.FS) error {
			o.IgnoreTestClocks = true
			return nil
		},
	},
	"operator-key": {
		"--signing-key fixtures/keys/operator.pem --signing-key-id op-pi-k7 " +
			"--verify-only-key op-pi-k6=fixtures/keys/operator-previous.pub.pem",
		func(o *fakeserver.Options, fixtures fs.FS) error {
			private, err := readKey(fixtures, "keys/operator.pem", fakeserver.ReadSigningKey)
			if err != nil {
				return err
			}
			previous, err := readKey(fixtures, "keys/operator-previous.pub.pem", fakeserver.ReadPublicKey)
			o.SigningKey = &fakeserver.SigningKey{ID: "op-pi-k7", Private: private}
			o.VerifyOnlyKeys = []fakeserver.PublicKey{{ID: "op-pi-k6", Key: previous}}
			return err
		},
	},
	"short-checkpoint-retention": {
		"--checkpoint-retention-days 1",
		func(o *fakeserver.Options, _ fs.FS) error {
			o.CheckpointRetentionDays = 1
			return nil
		},
	},
	"short-retention-default": {
		"--retention-days 30",
		func(o *fakeserver.Options, _ fs.FS) error {
			o.RetentionDays = 30
			return nil
		},
	},
}

// opposites are capabilities that no one server has together.
var opposites = [][2]string{{"key-identity", "header-identity"}, {"no-test-clocks", "test-clock"}, {"operator-key", "dev-key"}}

func readKey[T any](fixtures fs.FS, name string, read func([]byte) (T, error)) (T, error) {
	text, err := fs.ReadFile(fixtures, name)
	var key T
	if err == nil {
		key, err = read(text)
	}
	if err != nil {
		return key, &steps.InvalidStep{Message: fmt.Sprintf("the fixture %s cannot be read: %v", name, err), Err: err}
	}
	return key, nil
}

// Fakes are the fake servers of one lane: one for each set of capabilities, and a new one for every scenario that
// must be the first.
type Fakes struct {
	fixtures fs.FS
	wrap     func(http.Handler) http.Handler // tells lies, in tests; nil for the truth
	secrets  *record.Secrets

	mu      sync.Mutex
	shared  map[string]*server
	started []*server
	lacked  error // what kept a server from taking a connection
	running sync.WaitGroup
	stop    context.CancelFunc
	ctx     context.Context
}

// server is one of them.
type server struct {
	needs []string
	url   string
	fake  *fakeserver.Server
	stop  context.CancelFunc
	ended chan struct{}
	state []byte // once it has ended
}

// NewFakes starts none yet. wrap stands before each of them, and tells lies in tests; nil is the truth.
func NewFakes(fixtures fs.FS, wrap func(http.Handler) http.Handler, secrets *record.Secrets) *Fakes {
	ctx, stop := context.WithCancel(context.Background())
	return &Fakes{
		fixtures: fixtures, wrap: wrap, secrets: secrets, shared: map[string]*server{}, ctx: ctx, stop: stop,
	}
}

// URL is the base URL of a server that has the capabilities. A scenario asks once. A server that it does not share ends
// with its context.
func (s *Fakes) URL(ctx context.Context, needs []string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	needs = slices.Sorted(slices.Values(needs))
	key := strings.Join(special(needs), " ")
	if running := s.shared[key]; running != nil {
		return running.url, nil
	}
	started, err := s.start(needs)
	if err != nil {
		return "", err
	}
	s.started = append(s.started, started)
	if slices.Contains(needs, freshState) {
		context.AfterFunc(ctx, started.stop)
	} else {
		s.shared[key] = started
	}
	return started.url, nil
}

// special are the capabilities that a server does not have by itself.
func special(needs []string) []string {
	return slices.DeleteFunc(append([]string{}, needs...), func(need string) bool {
		return grants[need].grant == nil && need != freshState
	})
}

func (s *Fakes) start(needs []string) (*server, error) {
	options, err := optionsFor(s.fixtures, needs, s.secrets)
	if err != nil {
		return nil, err
	}
	options.Clock = func() time.Time { return frozen }
	fake, err := fakeserver.New(options)
	if err != nil {
		return nil, &steps.Unreachable{Err: fmt.Errorf("starting the fake server: %w", err)}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, &steps.Unreachable{Err: fmt.Errorf("starting the fake server: %w", err)}
	}
	started := &server{needs: special(needs), url: "http://" + listener.Addr().String(), fake: fake, ended: make(chan struct{})}
	var ctx context.Context
	ctx, started.stop = context.WithCancel(s.ctx)
	s.running.Go(func() {
		defer close(started.ended)
		s.serve(ctx, fake, watched{listener, s})
		started.state, started.fake = fake.State(), nil
	})
	return started, nil
}

// Frozen is the time at which the fake servers stand still.
func Frozen() time.Time { return frozen }

// Sets are the sets of capabilities that a fake server can be given: none, each alone, and each two that go together.
func Sets(known []string) [][]string {
	sets := [][]string{nil}
	for i, one := range known {
		if grants[one].grant == nil {
			continue
		}
		sets = append(sets, []string{one})
		for _, other := range known[:i] {
			if grants[other].grant != nil {
				sets = append(sets, slices.Sorted(slices.Values([]string{one, other})))
			}
		}
	}
	return sets
}

// Handler is a fake server with the capabilities that nobody listens to: it answers in this process. Its time is the
// clock's, and heard is told of each rule that it considers and whether that refused; nil is nobody.
func Handler(fixtures fs.FS, needs []string, clock func() time.Time, heard func(rule string, refused bool), secrets *record.Secrets) (http.Handler, error) {
	options, err := optionsFor(fixtures, needs, secrets)
	if err != nil {
		return nil, err
	}
	options.Clock = clock
	if heard != nil {
		options.OnRules = func(_ *http.Request, reached []fakeserver.Reached) {
			for _, r := range reached {
				heard(string(r.Rule), r.Refused)
			}
		}
	}
	fake, err := fakeserver.New(options)
	if err != nil {
		return nil, &steps.Unreachable{Err: fmt.Errorf("making a fake server: %w", err)}
	}
	return fake, nil
}

// optionsFor are the options of a fake server with the capabilities.
func optionsFor(fixtures fs.FS, needs []string, secrets *record.Secrets) (options fakeserver.Options, err error) {
	// Requests that come at the same time would get their ids in any order, and no two runs would be the same.
	options.ContractOnly = true
	for _, pair := range opposites {
		if slices.Contains(needs, pair[0]) && slices.Contains(needs, pair[1]) {
			return options, &steps.InvalidStep{Message: fmt.Sprintf("no server has both %s and %s", pair[0], pair[1])}
		}
	}
	for _, need := range needs {
		how, known := grants[need]
		if !known {
			return options, &steps.InvalidStep{Message: fmt.Sprintf("no fake server can be given %s", need)}
		}
		if how.grant == nil {
			continue
		}
		if err := how.grant(&options, fixtures); err != nil {
			return options, err
		}
	}
	for _, key := range options.PartnerKeys {
		secrets.Learn(key.Key)
	}
	return options, nil
}

// watched is a listener that notes what it lacks. A server waits and tries again, and a client only sees that it waits.
type watched struct {
	net.Listener
	fakes *Fakes
}

func (w watched) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	if record.Exhausted(err) != "" {
		w.fakes.mu.Lock()
		w.fakes.lacked = err
		w.fakes.mu.Unlock()
	}
	return conn, err
}

// Err is why a server could not take a connection; nil when all could.
func (s *Fakes) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lacked
}

// serve answers until the context ends.
func (s *Fakes) serve(ctx context.Context, fake *fakeserver.Server, listener net.Listener) {
	if s.wrap == nil {
		_ = fake.Serve(ctx, listener, 0) // it ends with the context, whatever is still on its way
		return
	}
	liar := &http.Server{Handler: s.wrap(fake), DisableGeneralOptionsHandler: true}
	context.AfterFunc(ctx, func() { _ = liar.Close() })
	_ = liar.Serve(listener)
}

// AppendState appends the state of every server, as items of a JSON list that b may have begun. It stops them.
func (s *Fakes) AppendState(b []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, server := range s.started {
		server.stop()
		<-server.ended
		if b[len(b)-1] != '[' {
			b = append(b, ',')
		}
		needs, err := json.Marshal(server.needs)
		if err != nil {
			panic(err) // a list of words
		}
		b = append(b, `{"needs":`...)
		b = append(b, needs...)
		b = append(b, `,"state":`...)
		b = append(b, server.state...)
		b = append(b, '}')
	}
	return b
}

// Close stops all servers.
func (s *Fakes) Close() {
	s.stop()
	s.running.Wait()
}

// FakeAddress is where a developer's own fake server listens by default.
const FakeAddress = "127.0.0.1:8109"

// StartCommand is how a developer starts a server with these capabilities.
func StartCommand(needs []string) string {
	command := "go run ./fakeserver/cmd/fakeserver --addr " + FakeAddress
	for _, need := range needs {
		if flags := grants[need].flags; flags != "" {
			command += " " + flags
		}
	}
	return command
}
