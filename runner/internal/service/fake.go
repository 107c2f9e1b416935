// Package service is the system under test: the built-in fake server, or a service at a URL.
//
// The verifier uses both over HTTP alone. How a fake server is started with the capabilities that a scenario needs is in
// fake.go, the only file of the verifier that imports the fake.
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

// frozen is the constant time of the fake servers.
var frozen = time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)

// Implements returns an error if the fake server does not implement all operations of a milestone. Other milestones are
// verified with --target.
func Implements(m *milestones.Milestone) error {
	own := milestones.M109()
	for _, o := range m.Operations {
		if known, ok := own.Operation(o.ID); !ok || known.Method != o.Method || known.Path != o.Path {
			return fmt.Errorf("the built-in fake server implements only %s, which has no operation %s", own.ID, o.ID)
		}
	}
	return nil
}

// freshState is the capability of a server that received no request before.
const freshState = "fresh-state"

// capabilityOptions maps a capability to the options and to the command line flags that add it to a fake server. Every server has
// those without options.
var capabilityOptions = map[string]struct {
	flags string
	apply func(*fakeserver.Options, fs.FS) error
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

// exclusive are pairs of capabilities that no server has together.
var exclusive = [][2]string{{"key-identity", "header-identity"}, {"no-test-clocks", "test-clock"}, {"operator-key", "dev-key"}}

func readKey[T any](fixtures fs.FS, name string, read func([]byte) (T, error)) (T, error) {
	text, err := fs.ReadFile(fixtures, name)
	var key T
	if err == nil {
		key, err = read(text)
	}
	if err != nil {
		return key, &steps.InvalidStep{Message: fmt.Sprintf("reading the fixture %s: %v", name, err), Err: err}
	}
	return key, nil
}

// Fakes are the fake servers of one worker: one for each set of capabilities, and a new one for each scenario that needs
// fresh-state.
type Fakes struct {
	fixtures fs.FS
	wrap     func(http.Handler) http.Handler // nil for none
	secrets  *record.Secrets

	mu      sync.Mutex
	shared  map[string]*server
	started []*server
	lacked  error // what kept a server from taking a connection
	running sync.WaitGroup
	stop    context.CancelFunc
	ctx     context.Context
}

// server is a running fake server.
type server struct {
	needs []string
	url   string
	fake  *fakeserver.Server
	stop  context.CancelFunc
	ended chan struct{}
	state []byte // once it has ended
}

// NewFakes returns fake servers that are started when they are needed. wrap, unless it is nil, wraps the handler of each.
func NewFakes(fixtures fs.FS, wrap func(http.Handler) http.Handler, secrets *record.Secrets) *Fakes {
	ctx, stop := context.WithCancel(context.Background())
	return &Fakes{
		fixtures: fixtures, wrap: wrap, secrets: secrets, shared: map[string]*server{}, ctx: ctx, stop: stop,
	}
}

// URL returns the base URL of a server with the capabilities. It is called once for each scenario. A server that it does not share ends
// with its context.
func (s *Fakes) URL(ctx context.Context, needs []string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	needs = slices.Sorted(slices.Values(needs))
	key := strings.Join(configured(needs), " ")
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

// configured returns the capabilities that a server has only by its options, or when it is new.
func configured(needs []string) []string {
	return slices.DeleteFunc(append([]string{}, needs...), func(need string) bool {
		return capabilityOptions[need].apply == nil && need != freshState
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
	started := &server{needs: configured(needs), url: "http://" + listener.Addr().String(), fake: fake, ended: make(chan struct{})}
	var ctx context.Context
	ctx, started.stop = context.WithCancel(s.ctx)
	s.running.Go(func() {
		defer close(started.ended)
		s.serve(ctx, fake, watched{listener, s})
		started.state, started.fake = fake.State(), nil
	})
	return started, nil
}

// Frozen returns the constant time of the fake servers.
func Frozen() time.Time { return frozen }

// Sets are the sets of capabilities that a fake server can be given: none, each alone, and each two that go together.
func CapabilitySets(known []string) [][]string {
	sets := [][]string{nil}
	for i, one := range known {
		if capabilityOptions[one].apply == nil {
			continue
		}
		sets = append(sets, []string{one})
		for _, other := range known[:i] {
			if capabilityOptions[other].apply != nil {
				sets = append(sets, slices.Sorted(slices.Values([]string{one, other})))
			}
		}
	}
	return sets
}

// Handler returns a fake server with the capabilities for use in this process, without a listener. onRule, unless it is nil, is
// called for each rule that a request reaches.
func Handler(fixtures fs.FS, needs []string, clock func() time.Time, onRule func(rule string, refused bool), secrets *record.Secrets) (http.Handler, error) {
	options, err := optionsFor(fixtures, needs, secrets)
	if err != nil {
		return nil, err
	}
	options.Clock = clock
	if onRule != nil {
		options.OnRules = func(_ *http.Request, reached []fakeserver.Reached) {
			for _, r := range reached {
				onRule(string(r.Rule), r.Refused)
			}
		}
	}
	fake, err := fakeserver.New(options)
	if err != nil {
		return nil, &steps.Unreachable{Err: fmt.Errorf("creating a fake server: %w", err)}
	}
	return fake, nil
}

// optionsFor returns the options of a fake server with the capabilities.
func optionsFor(fixtures fs.FS, needs []string, secrets *record.Secrets) (options fakeserver.Options, err error) {
	// Without worlds and request ids: concurrent requests would get their ids in any order.
	options.ContractOnly = true
	for _, pair := range exclusive {
		if slices.Contains(needs, pair[0]) && slices.Contains(needs, pair[1]) {
			return options, &steps.InvalidStep{Message: fmt.Sprintf("no server has both %s and %s", pair[0], pair[1])}
		}
	}
	for _, need := range needs {
		how, known := capabilityOptions[need]
		if !known {
			return options, &steps.InvalidStep{Message: fmt.Sprintf("the fake server cannot provide the capability %s", need)}
		}
		if how.apply == nil {
			continue
		}
		if err := how.apply(&options, fixtures); err != nil {
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
	wrapped := &http.Server{Handler: s.wrap(fake), DisableGeneralOptionsHandler: true}
	context.AfterFunc(ctx, func() { _ = wrapped.Close() })
	_ = wrapped.Serve(listener)
}

// AppendState appends the state of each server to b, as items of a JSON array. b ends with "[" or with an item. It stops them.
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
			panic(err) // strings
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

// FakeAddress is the default address of the fakeserver command.
const FakeAddress = "127.0.0.1:8109"

// StartCommand returns the command that starts a fake server with these capabilities.
func StartCommand(needs []string) string {
	command := "go run ./fakeserver/cmd/fakeserver --addr " + FakeAddress
	for _, need := range needs {
		if flags := capabilityOptions[need].flags; flags != "" {
			command += " " + flags
		}
	}
	return command
}
