package difftest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"

	"example.com/lpgate/internal/inprocess"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/usage"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
	"example.com/lpgate/steps/auditproof"
)

// session has what all sequences of a run share: the milestone, the fake, and the target.
type session struct {
	milestone *milestones.Milestone
	schemas   *schemas.Set
	fixtures  fs.FS
	routes    *steps.Routes
	secrets   *record.Secrets
	calls     steps.Config
	service   *service.Service

	target       *service.Transport // connections to the target; nil for a second fake
	transport    http.RoundTripper  // target, with the headers of --header; nil for a second fake
	base         *url.URL
	capabilities []string // of the target, without those that every target is assumed to have
	targetKeys   keySetResult
	labels       []string // of the partner keys: the caller's, another partner's, and the rest
	wrap         func(http.Handler) http.Handler
	validOnly    bool

	attempts atomic.Int64 // executions against the target
}

// keySetResult is the key set of a server.
type keySetResult struct {
	keys   auditproof.Keys
	absent bool  // the server has no key set
	err    error // why the key set is not valid
}

// newSession reads the milestone and the description of the target. It sends nothing.
func newSession(cfg Config) (*session, error) {
	in, err := cfg.Project.Read()
	if err != nil {
		return nil, err
	}
	s := &session{
		milestone: in.Milestone, schemas: in.Schemas, fixtures: cacheFiles(cfg.Project.Fixtures()), routes: steps.NewRoutes(in.Milestone),
		secrets: new(record.Secrets), wrap: cfg.Wrap, validOnly: cfg.ValidOnly, base: &url.URL{Scheme: "http", Host: "fake"},
	}
	if s.service, err = cfg.Target.Open(s.secrets); err == nil {
		err = s.service.Check(s.milestone)
	}
	if err == nil {
		if err = service.Implements(s.milestone); err != nil {
			err = fmt.Errorf("%w, so there is nothing to compare a service with", err)
		}
	}
	if err != nil {
		return nil, usage.Errorf("%w", err)
	}
	if !s.service.BuiltIn() {
		if err := s.useTarget(); err != nil {
			return nil, err
		}
	}
	s.calls = steps.Config{Milestone: s.milestone, Fixtures: s.fixtures}
	return s, s.readLabels()
}

// isAssumed reports whether every target is assumed to have a capability.
func (s *session) isAssumed(capability string) bool {
	return slices.ContainsFunc(s.milestone.Capabilities, func(c milestones.Capability) bool { return c.ID == capability && c.Assumed })
}

// useTarget sets the transport, the capabilities and the partner keys of the target.
func (s *session) useTarget() (err error) {
	if s.base, err = url.Parse(s.service.URL); err != nil {
		return usage.Errorf("--target is not a URL: %w", err)
	}
	s.target = s.service.Transport()
	s.transport = s.target.Client(s.target).Transport
	for _, claim := range s.service.Present {
		if c := claim.Capability; c != freshState && !s.isAssumed(c) && !slices.Contains(s.capabilities, c) {
			s.capabilities = append(s.capabilities, c)
		}
	}
	switch {
	case s.service.KeyMode() && !slices.Contains(s.capabilities, keyMode):
		s.capabilities = append(s.capabilities, keyMode)
	case !s.service.KeyMode() && !s.service.HasCapability(headerMode):
		return usage.Errorf("the target identifies callers neither by headers nor by keys: add --capability %s if it has the keys of fixtures/keys, or --partner-keys FILE", keyMode)
	}
	if s.service.PartnerKeys == nil {
		return nil
	}
	// The fake gets the same keys.
	text, err := json.Marshal(map[string]any{"keys": s.service.PartnerKeys})
	if err != nil {
		return fmt.Errorf("writing the partner keys for the fake: %w", err)
	}
	fixtures := cacheFiles(s.fixtures)
	fixtures.files[partnerKeysFile] = text
	s.fixtures = fixtures
	return nil
}

// partnerKeysFile is the fixture with the keys of a server in key mode.
const partnerKeysFile = "keys/partner-keys.json"

// readLabels reads the labels of the partner keys. There are none unless two partners have keys.
func (s *session) readLabels() error {
	text, err := fs.ReadFile(s.fixtures, partnerKeysFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", partnerKeysFile, err)
	}
	all, err := steps.ReadPartnerKeys(text)
	if err != nil {
		return fmt.Errorf("%s: %w", partnerKeysFile, err)
	}
	me, stranger, ok := steps.TwoPartners(all)
	if !ok {
		return nil
	}
	s.labels = []string{me.Label, stranger.Label}
	for _, key := range all {
		if !slices.Contains(s.labels, key.Label) {
			s.labels = append(s.labels, key.Label)
		}
	}
	return nil
}

// supports reports whether the target has a capability. A second fake has each that a sequence needs.
func (s *session) supports(capability string) bool {
	return s.service.BuiltIn() || s.service.HasCapability(capability) || slices.Contains(s.capabilities, capability)
}

// probe requests the target and reads its key set. The error is [*steps.Unreachable] if the target does not respond.
func (s *session) probe(ctx context.Context) error {
	if s.target == nil {
		return nil
	}
	if err := s.target.Probe(ctx); err != nil {
		return &steps.Unreachable{Err: err}
	}
	var err error
	if s.targetKeys, err = s.readKeySet(ctx, s.transport, s.base); err != nil {
		return fmt.Errorf("reading the key set of the target: %w", err)
	}
	return nil
}

// close closes the connections to the target.
func (s *session) close() {
	if s.target != nil {
		s.target.Close()
	}
}

// describe returns what is compared, for the first lines of the report.
func (s *session) describe() string {
	if s.transport == nil {
		return record.BuiltIn + " beside itself"
	}
	return record.BuiltIn + " beside " + s.secrets.Scrub(record.Through(s.service.URL, s.service.Proxy()))
}

// readKeySet reads the key set of a server.
func (s *session) readKeySet(ctx context.Context, transport http.RoundTripper, base *url.URL) (keySetResult, error) {
	operation, known := s.milestone.Operation(keySet)
	if !known || !s.supports(keySetThere) {
		return keySetResult{absent: true}, nil
	}
	request, err := http.NewRequestWithContext(ctx, operation.Method, base.String()+operation.Path, nil)
	if err != nil {
		return keySetResult{}, err
	}
	r, err := roundTrip(transport, request)
	if err != nil {
		return keySetResult{}, &steps.Unreachable{Err: err}
	}
	if r.status != http.StatusOK {
		return keySetResult{absent: true}, nil
	}
	keys, err := auditproof.ParseKeys(r.body)
	return keySetResult{keys: keys, err: err}, nil
}

// capabilitySets returns the sets of capabilities that a sequence may need.
func (s *session) capabilitySets() [][]string {
	if s.transport != nil {
		return [][]string{s.capabilities}
	}
	var known []string
	for _, capability := range s.milestone.Capabilities {
		known = append(known, capability.ID)
	}
	var sets [][]string
	for _, set := range service.CapabilitySets(known) {
		sets = append(sets, set)
		if len(set) == 0 {
			sets = append(sets, []string{freshState})
		}
	}
	return sets
}

// nextID returns the id that the values of one execution are made of. Each execution against the target has another one.
func (s *session) nextID(sequence int) string {
	attempt := int64(0)
	if s.transport != nil {
		attempt = s.attempts.Add(1)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", s.service.RunID, sequence, attempt))
	return hex.EncodeToString(sum[:])[:10]
}

// secondFake returns a new fake in this process. Every other one has received requests of another caller, so that it gives
// other ids.
func (s *session) secondFake(ctx context.Context, seq Sequence, number int) (http.RoundTripper, error) {
	fake, err := service.Handler(s.fixtures, seq.Needs, service.Frozen, nil, s.secrets)
	if err != nil {
		return nil, err
	}
	if number%2 == 1 && !slices.Contains(seq.Needs, freshState) && !slices.Contains(seq.Needs, keyMode) {
		other, err := newEndpoint(&s.calls, inprocess.Transport{Handler: fake}, s.base, Sequence{}, "else")
		if err != nil {
			return nil, err
		}
		for range 3 {
			request, err := other.prepare(steps.Call{Operation: onboard})
			if err == nil {
				_, err = other.send(ctx, s.routes, request, 1)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	if s.wrap != nil {
		fake = s.wrap(fake)
	}
	return inprocess.Transport{Handler: fake}, nil
}
