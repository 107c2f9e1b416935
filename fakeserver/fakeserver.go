// Package fakeserver is the partner liquidity-provider service of milestone M109, in
// memory: the whole contract, for development and for tests. A client that sends requests
// of the contract cannot distinguish it from the service.
//
// In a Go test, one line starts it:
//
//	url := fakeservertest.Start(t).URL
//
// Elsewhere, [New] returns an [http.Handler], and the command fakeserver/cmd/fakeserver
// serves one.
//
// Clock, keys and retention come in through [Options], so that the same requests get the
// same bytes.
package fakeserver

import (
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"

	"example.com/lpgate/fakeserver/internal/admin"
	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/docs"
	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/mask"
	"example.com/lpgate/fakeserver/internal/metrics"
	"example.com/lpgate/fakeserver/internal/rest"
	"example.com/lpgate/fakeserver/internal/snapshot"
	"example.com/lpgate/fakeserver/internal/store"
	"example.com/lpgate/fakeserver/internal/world"
	"example.com/lpgate/milestones"
	"example.com/lpgate/milestones/openapi"
	"example.com/lpgate/schemas"
)

// Server is a fake service with any number of worlds. It is safe for concurrent use, and an
// [http.Handler].
type Server struct {
	contract *rest.Handler // of no world
	worlds   *world.Worlds
	only     http.Handler // the contract alone; nil: the worlds too
	admin    http.Handler // nil: there is no admin API
	docs     *docs.Site
	metrics  http.Handler      // nil: there are none
	keys     *rest.PartnerKeys // nil: header mode
	origins  origins
	log      *slog.Logger
	limits   Limits
	tls      *tls.Config
}

// New returns a server without data. The error names the option that is not valid.
func New(o Options) (*Server, error) {
	m := milestones.M109()
	if err := o.check(m); err != nil {
		return nil, err
	}
	ownKey := o.SigningKey != nil
	if err := o.setDefaults(m); err != nil {
		return nil, err
	}
	origins, err := newOrigins(o.CORSOrigins, o.AdminToken != "")
	if err != nil {
		return nil, err
	}
	handler, err := newHandler(o, m, ownKey)
	if err != nil {
		return nil, err
	}
	s := &Server{contract: handler, keys: handler.PartnerKeys, origins: origins, log: o.Log, limits: o.Limits, tls: overHTTP1(o.TLS)}
	if o.ContractOnly {
		s.worlds = world.New(worldOptions(o, handler, nil, func(r *http.Request, x *exchange.Exchange) { s.observe(o, m, r, x) }))
		s.only, _, _ = s.worlds.Acquire(world.Default)
		return s, nil
	}
	budget, counted := store.NewBudget(o.MaxRecords), metrics.New(m)
	s.worlds = world.New(worldOptions(o, handler, budget, func(r *http.Request, x *exchange.Exchange) {
		counted.Count(x)
		s.observe(o, m, r, x)
	}))
	counted.Watch(s.worlds, budget)
	s.metrics = counted.Handler()
	s.docs = docs.New(docs.Options{
		Milestone: m, Schemas: handler.Schemas, NoAdminAPI: o.NoAdminAPI,
		Record: func() (contract, adminAPI []openapi.Example, err error) { return recordExamples(m) },
		Servers: []openapi.Server{
			{URL: "/", Description: "The default world."},
			{URL: worldPrefix + "{world}", Description: "A world of its own.", Variable: "world", Default: world.Default},
		},
	})
	if !o.NoAdminAPI {
		s.admin = admin.New(admin.Options{
			Milestone: m, Worlds: s.worlds, Snapshots: snapshot.New(m.ID, o.SnapshotBytes), Token: o.AdminToken,
			Wait: untilShutdown(o.Wait), Log: s.log, SelfCheck: handler.SelfCheck,
		})
	}
	return s, nil
}

// newHandler returns the handler of the contract, which has no store yet. OwnKey means that
// the signing key is not the development key.
func newHandler(o Options, m *milestones.Milestone, ownKey bool) (*rest.Handler, error) {
	options := rest.Options{
		Milestone: m,
		Schemas:   schemas.Embedded(),
		Keys: rest.KeySet{
			Active:     PublicKey{ID: o.SigningKey.ID, Key: o.SigningKey.Private.Public().(ed25519.PublicKey)},
			VerifyOnly: o.VerifyOnlyKeys,
			Operators:  ownKey,
		},
		IgnoreTestClocks: o.IgnoreTestClocks,
		RetentionDays:    o.RetentionDays,
		Trace:            !o.ContractOnly || o.OnRules != nil,
	}
	if o.SelfCheck {
		options.SelfCheck = o.OnViolation
	}
	if o.PartnerKeys != nil {
		options.PartnerKeys = rest.NewPartnerKeys(o.PartnerKeys)
	}
	return rest.New(options)
}

// worldOptions returns the options of the worlds. The budget is nil if records are not
// bounded.
func worldOptions(o Options, handler *rest.Handler, budget *store.Budget, onExchange func(*http.Request, *exchange.Exchange)) world.Options {
	var hideKeys func([]byte) []byte
	if handler.PartnerKeys != nil {
		hideKeys = handler.PartnerKeys.Hide
	}
	options := world.Options{
		Handler: handler,
		Store: store.Options{
			Signer:                  audit.Signer{KeyID: o.SigningKey.ID, Key: o.SigningKey.Private},
			CheckpointRetentionDays: o.CheckpointRetentionDays,
			AnswerRetention:         o.IdempotencyRetention,
			Budget:                  budget,
		},
		Clock:          o.Clock,
		Stopwatch:      o.Stopwatch,
		Mask:           mask.New(hideKeys, o.AdminToken),
		Unnamed:        o.ContractOnly,
		JournalEntries: o.JournalEntries,
		JournalBytes:   o.JournalBytes,
		Max:            o.MaxWorlds,
		Idle:           o.WorldIdle,
		Wait:           untilShutdown(o.Wait),
		Log:            o.Log,
		OnExchange:     onExchange,
	}
	if o.Seed != nil { // a nil *Seed would not be a nil world.Seed
		options.Seed = o.Seed
	}
	return options
}

// observe logs an exchange, and passes its rules on.
func (s *Server) observe(o Options, m *milestones.Milestone, r *http.Request, x *exchange.Exchange) {
	if x.Full {
		s.worlds.Sweep() // so that there is space for the next request
	}
	logRequest(s.log, m.RequiredReasonCodes, x)
	if o.OnRules != nil {
		o.OnRules(r, x.Reached)
	}
}

// State returns what the default world has recorded, as canonical JSON (RFC 8785):
// {"providers": [{"provider", "audit"}]}, sorted by provider id, each audit trail in the
// order of an export.
func (s *Server) State() []byte {
	w, leave, _ := s.worlds.Acquire(world.Default) // it always exists
	defer leave()
	return w.Store.State()
}

// ReplacePartnerKeys replaces the keys of key mode. It returns an error, and changes nothing,
// if the server is in header mode or if there are no keys.
func (s *Server) ReplacePartnerKeys(keys []PartnerKey) error {
	switch {
	case s.keys == nil:
		return errors.New("the server is in header mode, which has no keys: start it in key mode")
	case len(keys) == 0:
		return errors.New("there is no key: every request would be refused")
	}
	s.keys.Replace(keys)
	return nil
}
