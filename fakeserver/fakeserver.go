// Package fakeserver is the partner liquidity-provider service of milestone
// M109, in memory: the whole governance contract, for development and for tests.
// To a client that sends what the contract allows it is the service.
//
// In a Go test, one line starts it:
//
//	url := fakeservertest.Start(t).URL
//
// Elsewhere, [New] gives an [http.Handler], and the command
// fakeserver/cmd/fakeserver serves one.
//
// Nothing is read from the surroundings: clock, keys and retention come in
// through [Options], so that the same requests get the same bytes.
package fakeserver

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/lpgate/fakeserver/internal/admin"
	"example.com/lpgate/fakeserver/internal/audit"
	"example.com/lpgate/fakeserver/internal/connlimit"
	"example.com/lpgate/fakeserver/internal/docs"
	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/metrics"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/rest"
	"example.com/lpgate/fakeserver/internal/rules"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/fakeserver/internal/seed"
	"example.com/lpgate/fakeserver/internal/snapshot"
	"example.com/lpgate/fakeserver/internal/store"
	"example.com/lpgate/fakeserver/internal/world"
	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
	"example.com/lpgate/milestones/openapi"
	"example.com/lpgate/schemas"
)

// Options say how a server differs from the default one: header mode, the real
// clock, the development key. The zero value is ready for use.
type Options struct {
	// Clock tells the server's time, which a world's clock shows unless it is told
	// otherwise; nil is time.Now.
	Clock func() time.Time
	// Stopwatch tells the time by which latency and idle worlds are measured; nil is
	// time.Now.
	Stopwatch func() time.Time
	// Wait returns after so long, or when ctx is done, which is when the client goes
	// away or the server is told to stop. Faults take their time by it; nil waits.
	Wait func(ctx context.Context, long time.Duration)
	// IgnoreTestClocks turns X-Now-Iso, now_iso and exported_at_iso off.
	IgnoreTestClocks bool
	// RetentionDays is an export's default retention; 0 is the milestone's, 180.
	RetentionDays int
	// CheckpointRetentionDays is how long after its export a checkpoint can be
	// continued from; 0 is as long as the retention that it was issued with.
	CheckpointRetentionDays int
	// SigningKey signs exports; nil is the development key, lpgate-dev-k1.
	SigningKey *SigningKey
	// VerifyOnlyKeys are listed beside the signing key, for exports signed before.
	VerifyOnlyKeys []PublicKey
	// PartnerKeys turn key mode on: who is not among them is UNAUTHORIZED. Nil is
	// header mode, in which a caller is whom it says.
	PartnerKeys []PartnerKey
	// SelfCheck validates every answer by its schema before it leaves. One that
	// fails becomes INTERNAL and is told to OnViolation.
	SelfCheck bool
	// OnViolation is told, in self-check, of each answer that its schema forbids;
	// nil writes to Log, or when that is nil too to slog's default logger.
	OnViolation func(operation string, violations []schemas.Violation)
	// OnRules is told, once for each request and before its answer leaves, which
	// rules of the milestone the request reached and how each came out, in the order
	// in which they were decided; nil tells nobody. It is called from many goroutines,
	// under no lock. The request's body has been read. Other requests share the list:
	// it must not be changed.
	OnRules func(r *http.Request, reached []Reached)

	// Log is told of the server's events (info) and of each request (debug); nil is
	// nobody. What a client sent is not in it: no header values, bodies or queries, but for
	// the Origin or Host of a page from elsewhere (warning).
	Log *slog.Logger

	// ContractOnly leaves out all that a stub has beside the contract: worlds,
	// request ids, the admin API, metrics and the bound of records.
	ContractOnly bool
	// NoAdminAPI leaves out the admin API alone.
	NoAdminAPI bool
	// AdminToken, when not "", must be brought by every request to the admin API.
	AdminToken string
	// MaxWorlds is how many worlds there may be at a time; 0 is [MaxWorlds].
	MaxWorlds int
	// WorldIdle is how long a world is kept that nobody uses; 0 is [WorldIdle].
	WorldIdle time.Duration
	// JournalEntries and JournalBytes are how much the journal of a world remembers,
	// the latest first; 0 is [JournalEntries] and [JournalBytes].
	JournalEntries, JournalBytes int
	// SnapshotBytes is about how many bytes the snapshots may have in all; 0 is
	// [SnapshotBytes]. One that would make them more is refused.
	SnapshotBytes int
	// MaxRecords is how many audit entries, kept answers and checkpoints there may be
	// at a time, over all worlds; 0 is [MaxRecords]. A POST or an export that would
	// leave one more is answered with 507 and changes nothing.
	MaxRecords int
	// IdempotencyRetention is how long an answer is kept for its idempotency key, as
	// its world's clock goes; 0 is [IdempotencyRetention], the least that the contract
	// allows:
	// a shorter time is for tests of clients that come back too late.
	IdempotencyRetention time.Duration

	// Seed is what every world begins with, and comes back to when it is reset; nil is
	// nothing. [ReadSeed] reads one.
	Seed *Seed

	// TLS is what [Server.Serve] speaks; nil is plain HTTP.
	TLS *tls.Config
	// CORSOrigins are the origins, such as http://localhost:3000, whose pages may call
	// the server from a browser. None: OPTIONS is METHOD_NOT_ALLOWED, as the contract says.
	// On loopback, without a AdminToken, requests of any other page are refused with 403.
	CORSOrigins []string
	// Limits bound what clients can hold of the server.
	Limits Limits
}

// Limits bound what clients can hold of a server; 0 is the default. The defaults are
// far above what any client of the contract needs.
type Limits struct {
	Connections int           // at a time; another one waits. 1000
	Header      time.Duration // a client may take to send a request's header. 10 s
	Body        time.Duration // to send the whole request. 60 s
	Idle        time.Duration // between two requests on one connection. 120 s
	Stall       time.Duration // to take the next 64 KiB of an answer. 60 s
}

func (l Limits) orDefault() Limits {
	return Limits{
		Connections: cmp.Or(l.Connections, 1000),
		Header:      cmp.Or(l.Header, 10*time.Second),
		Body:        cmp.Or(l.Body, time.Minute),
		Idle:        cmp.Or(l.Idle, 2*time.Minute),
		Stall:       cmp.Or(l.Stall, time.Minute),
	}
}

// headerBytes is how long the header of a request may be.
const headerBytes = 64 << 10

// What Options stand for when they say 0.
const (
	MaxWorlds            = 1000
	WorldIdle            = time.Hour
	MaxRecords           = 4_000_000
	IdempotencyRetention = 24 * time.Hour
	JournalEntries       = 10_000
	JournalBytes         = 16 << 20
	SnapshotBytes        = 1 << 30
)

// Reached is a rule of the milestone that a request reached: had the server broken
// it, the request could have shown it. Package ruletrace says what counts.
type Reached = ruletrace.Reached

// Seed says what a world begins with.
type Seed = seed.Seed

// ReadSeed reads a seed, YAML or JSON. The error has a line, FILE:LINE: …, for each
// problem that was found; file is the name that it uses.
func ReadSeed(file string, text []byte) (*Seed, error) {
	return admin.ReadSeed(context.Background(), file, text)
}

// SigningKey is an ed25519 private key and the id under which its public half is
// published.
type SigningKey struct {
	ID      string
	Private ed25519.PrivateKey
}

// PublicKey is an ed25519 public key and its id.
type PublicKey = rest.PublicKey

// PartnerKey is a partner's secret key, the partner that it stands for, and what
// the partner may do.
type PartnerKey = rest.PartnerKey

// Server is one fake service, with as many worlds as it is asked for. It is safe
// for concurrent use, and an [http.Handler].
type Server struct {
	worlds   *world.Worlds
	control  http.Handler // nil: there is none
	docs     *docs.Site
	metrics  http.Handler // nil: there are none
	log      *slog.Logger
	only     http.Handler      // the contract alone; nil: the worlds too
	contract *rest.Handler     // of no world
	keys     *rest.PartnerKeys // nil: header mode
	limits   Limits
	tls      *tls.Config
	origins  origins
}

// DevelopmentKeyID is the id of the key that signs unless Options name another.
// Its private half is public on purpose.
const DevelopmentKeyID = "lpgate-dev-k1"

// New gives a server with nothing in it. The error says which option cannot be.
func New(o Options) (*Server, error) {
	if o.RetentionDays < 0 || o.CheckpointRetentionDays < 0 {
		return nil, fmt.Errorf("retention in days is 0 (the default) or more, not %d and %d", o.RetentionDays, o.CheckpointRetentionDays)
	}
	if o.JournalEntries < 0 || o.JournalBytes < 0 {
		return nil, fmt.Errorf("the bounds of a journal are 0 (the default) or more, not %d and %d", o.JournalEntries, o.JournalBytes)
	}
	if o.SnapshotBytes < 0 {
		return nil, fmt.Errorf("the bound of snapshots is 0 (the default) or more, not %d", o.SnapshotBytes)
	}
	if o.MaxRecords < 0 || o.IdempotencyRetention < 0 {
		return nil, fmt.Errorf("the bound of records and the retention of answers are 0 (the default) or more, not %d and %s", o.MaxRecords, o.IdempotencyRetention)
	}
	m := milestones.M109()
	if o.RetentionDays > m.Limits.RetentionDaysMax {
		return nil, fmt.Errorf("retention is %d days at most, not %d", m.Limits.RetentionDaysMax, o.RetentionDays)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Stopwatch == nil {
		o.Stopwatch = time.Now
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	operators := o.SigningKey != nil
	if !operators {
		key, err := developmentKey()
		if err != nil {
			return nil, err
		}
		o.SigningKey = key
	}
	for i, key := range o.VerifyOnlyKeys {
		if key.ID == o.SigningKey.ID {
			return nil, fmt.Errorf("the signing key and a verify-only key have one id, %q: nobody could tell which one signed", key.ID)
		}
		if slices.ContainsFunc(o.VerifyOnlyKeys[:i], func(earlier PublicKey) bool { return earlier.ID == key.ID }) {
			return nil, fmt.Errorf("two verify-only keys have one id, %q: nobody could tell which one signed", key.ID)
		}
	}
	options := rest.Options{
		Milestone: m,
		Schemas:   schemas.Embedded(),
		Keys: rest.KeySet{
			Active:     PublicKey{ID: o.SigningKey.ID, Key: o.SigningKey.Private.Public().(ed25519.PublicKey)},
			VerifyOnly: o.VerifyOnlyKeys,
			Operators:  operators,
		},
		IgnoreTestClocks: o.IgnoreTestClocks,
		Trace:            !o.ContractOnly || o.OnRules != nil,
		RetentionDays:    cmp.Or(o.RetentionDays, m.Limits.RetentionDaysDefault),
	}
	if o.SelfCheck {
		options.SelfCheck = o.OnViolation
		if options.SelfCheck == nil {
			told := cmp.Or(o.Log, slog.Default())
			options.SelfCheck = func(operation string, violations []schemas.Violation) {
				told.Error("self-check: an answer is not what its schema allows", "operation", operation, "violations", violations)
			}
		}
	}
	if o.PartnerKeys != nil {
		options.PartnerKeys = rest.NewPartnerKeys(o.PartnerKeys)
	}
	origins, err := newOrigins(o.CORSOrigins, o.AdminToken != "")
	if err != nil {
		return nil, err
	}
	if l := o.Limits; min(l.Connections, int(l.Header), int(l.Body), int(l.Idle), int(l.Stall)) < 0 {
		return nil, fmt.Errorf("a limit is 0 (the default) or more: %+v", l)
	}
	handler, err := rest.New(options)
	if err != nil {
		return nil, err
	}
	s := &Server{contract: handler, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)), keys: options.PartnerKeys, limits: o.Limits.orDefault(), tls: overHTTP1(o.TLS), origins: origins}
	var budget *store.Budget
	var counted *metrics.Metrics
	if !o.ContractOnly {
		budget, counted = store.NewBudget(cmp.Or(o.MaxRecords, MaxRecords)), metrics.New(m)
	}
	var begins world.Seed
	if o.Seed != nil { // else it would be a Seed that is none
		begins = o.Seed
	}
	s.worlds = world.New(world.Options{
		Handler: handler,
		Seed:    begins,
		Store: store.Options{
			Signer:                  audit.Signer{KeyID: o.SigningKey.ID, Key: o.SigningKey.Private},
			CheckpointRetentionDays: o.CheckpointRetentionDays,
			AnswerRetention:         cmp.Or(o.IdempotencyRetention, IdempotencyRetention),
			Budget:                  budget,
		},
		Clock:          o.Clock,
		Stopwatch:      o.Stopwatch,
		AdminToken:     o.AdminToken,
		Unnamed:        o.ContractOnly,
		JournalEntries: cmp.Or(o.JournalEntries, JournalEntries),
		JournalBytes:   cmp.Or(o.JournalBytes, JournalBytes),
		Max:            cmp.Or(o.MaxWorlds, MaxWorlds),
		Idle:           cmp.Or(o.WorldIdle, WorldIdle),
		Wait:           untilDraining(o.Wait),
		Log:            s.log,
		OnExchange: func(r *http.Request, x *exchange.Exchange) {
			if counted != nil {
				counted.Count(x)
			}
			if x.Full {
				s.worlds.Sweep() // so that the next one may find room
			}
			logRequest(s.log, m.RequiredReasonCodes, x)
			if o.OnRules != nil {
				o.OnRules(r, x.Reached)
			}
		},
	})
	if o.ContractOnly {
		s.only, _, _ = s.worlds.Acquire(world.Default)
		return s, nil
	}
	counted.Watch(s.worlds, budget)
	s.metrics = counted.Handler()
	s.docs = docs.New(docs.Options{
		Milestone: m, Schemas: options.Schemas, NoAdminAPI: o.NoAdminAPI, Record: recordExamples,
		Servers: []openapi.Server{
			{URL: "/", Description: "The default world."},
			{URL: worldPrefix + "{world}", Description: "A world of its own.", Variable: "world", Default: world.Default},
		},
	})
	if !o.NoAdminAPI {
		panel := admin.Options{Milestone: m, Worlds: s.worlds, Snapshots: snapshot.New(m.ID, cmp.Or(o.SnapshotBytes, SnapshotBytes)), Token: o.AdminToken, Wait: untilDraining(o.Wait), Log: s.log}
		if o.SelfCheck {
			panel.SelfCheck = options.SelfCheck
		}
		s.control = admin.New(panel)
	}
	return s, nil
}

// WorldHeader names the world that a request is for.
const WorldHeader = "X-Fake-World"

// worldPrefix is before the path of a request for a world, from a client that
// cannot set headers: /worlds/NAME/partner-liquidity-providers.
const worldPrefix = "/worlds/"

// metricsPath is where Prometheus finds the metrics.
const metricsPath = "/metrics"

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.recovered(w, r)
	if why, refused := s.origins.foreign(r, s.docs != nil && s.docs.Has(r.URL.EscapedPath())); why != "" {
		s.log.Warn("request of a page from elsewhere", "refused", refused, "why", why)
		if refused {
			s.forbid(w, r, why)
			return
		}
	}
	if s.origins.cors != nil {
		s.origins.cors.Handler(http.HandlerFunc(s.route)).ServeHTTP(w, r)
		return
	}
	s.route(w, r)
}

// recovered answers a request that ended in a panic. No request should end so; a panic is
// logged, and its client gets an answer and not a broken connection. All answers are complete
// before their first byte is written, so nothing of another one was written before.
func (s *Server) recovered(w http.ResponseWriter, r *http.Request) {
	switch p := recover(); p {
	case nil:
	case http.ErrAbortHandler: // a fault that ends the connection
		panic(p)
	default:
		s.log.Error("a request ended in a panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		problem.New(http.StatusInternalServerError, "This is a defect of the server: the request ended in a panic, which is in the log.").ServeHTTP(w, r)
	}
}

// besideContract returns the handler of a path that is not of the contract; nil: the
// path is for a world, or, with Options.ContractOnly, for the contract alone.
func (s *Server) besideContract(path string) http.Handler {
	switch {
	case s.only != nil:
		return nil
	case s.docs.Has(path):
		return s.docs
	case s.control != nil && (path == admin.Prefix || strings.HasPrefix(path, admin.Prefix+"/")):
		return s.control
	case path == metricsPath:
		return s.metrics
	}
	return nil
}

// forbid answers with 403, in the form that errors of the path have. It enters no world.
func (s *Server) forbid(w http.ResponseWriter, r *http.Request, why string) {
	path := r.URL.EscapedPath()
	if s.besideContract(path) != nil {
		problem.New(http.StatusForbidden, "%s", why).ServeHTTP(w, r)
		return
	}
	if after, prefixed := strings.CutPrefix(path, worldPrefix); prefixed && s.only == nil {
		name, _, _ := strings.Cut(after, "/")
		r = without(r, worldPrefix+name)
	}
	forbidden := &rules.Refusal{Outcome: rules.Outcome{Code: rules.CodeForbidden}, Message: why}
	rest.Write(w, r, s.contract.Refuse(r, forbidden, 0))
}

// route passes a request to the handler that it is for.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if beside := s.besideContract(path); beside != nil {
		beside.ServeHTTP(w, r)
		return
	}
	if s.only != nil {
		s.only.ServeHTTP(w, r)
		return
	}
	name := strings.TrimSpace(strings.Join(r.Header[WorldHeader], ", "))
	if after, prefixed := strings.CutPrefix(path, worldPrefix); prefixed {
		named, _, _ := strings.Cut(after, "/")
		if name != "" && name != named {
			problem.New(http.StatusBadRequest, "The path names the world %q and %s the world %q: name one.", named, WorldHeader, name).ServeHTTP(w, r)
			return
		}
		if wrong := world.CheckName(named); wrong != nil {
			wrong.ServeHTTP(w, r)
			return
		}
		name, r = named, without(r, worldPrefix+named)
	}
	in, leave, wrong := s.worlds.Acquire(cmp.Or(name, world.Default))
	if wrong != nil {
		wrong.ServeHTTP(w, r)
		return
	}
	defer leave()
	in.ServeHTTP(w, r)
}

// without gives the request with less at the beginning of its path.
func without(r *http.Request, prefix string) *http.Request {
	shorter, url := *r, *r.URL
	url.Path, url.RawPath = strings.TrimPrefix(url.Path, prefix), strings.TrimPrefix(url.RawPath, prefix)
	shorter.URL = &url
	return &shorter
}

// developmentKey reads the fixture key once.
var developmentKey = sync.OnceValues(func() (*SigningKey, error) {
	text, err := fixtures.FS.ReadFile("keys/" + DevelopmentKeyID + ".pem")
	if err != nil {
		return nil, fmt.Errorf("reading the development key: %w", err)
	}
	private, err := ReadSigningKey(text)
	if err != nil {
		return nil, fmt.Errorf("reading the development key: %w", err)
	}
	return &SigningKey{DevelopmentKeyID, private}, nil
})

// State gives everything that the default world has recorded, as canonical JSON
// (RFC 8785): {"providers": [{"provider", "audit"}]}, sorted by
// provider id, each audit trail in the order of an export.
func (s *Server) State() []byte {
	w, leave, _ := s.worlds.Acquire(world.Default) // it always is
	defer leave()
	return w.Store.State()
}

// ReplacePartnerKeys makes these the known keys of key mode, and no other. The error
// is that of a server in header mode, or of no keys at all; then nothing is changed.
func (s *Server) ReplacePartnerKeys(keys []PartnerKey) error {
	switch {
	case s.keys == nil:
		return errors.New("the server is in header mode, which has no keys: start it in key mode")
	case len(keys) == 0:
		return errors.New("there is no key, so that nobody could call")
	}
	s.keys.Replace(keys)
	return nil
}

// overHTTP1 gives a TLS configuration that offers no other protocol.
func overHTTP1(config *tls.Config) *tls.Config {
	if config == nil {
		return nil
	}
	config = config.Clone()
	config.NextProtos = []string{"http/1.1"}
	return config
}

// Serve answers on l until ctx is done, then takes no new connections, finishes
// the requests that have begun, within drain, and returns nil. Requests that
// Go's HTTP parser turns away get an answer in the contract's form.
func (s *Server) Serve(ctx context.Context, l net.Listener, drain time.Duration) error {
	server := &http.Server{
		Handler:                      s,
		ReadHeaderTimeout:            s.limits.Header,
		ReadTimeout:                  s.limits.Body,
		IdleTimeout:                  s.limits.Idle,
		MaxHeaderBytes:               headerBytes,
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelWarn), // what net/http has to say
		DisableGeneralOptionsHandler: true,                                               // OPTIONS * is an unknown route here
		BaseContext: func(l net.Listener) context.Context {
			return context.WithValue(context.WithValue(context.Background(), serving{}, ctx), listenerKey{}, l.Addr())
		},
	}
	s.log.Info("listening", "address", l.Addr().String())
	// TLS is below the listener of rest, which replaces what net/http writes by itself. So
	// net/http does not see TLS, and speaks HTTP/1.1 alone: what it would refuse in HTTP/2
	// is not in the contract's form.
	l = rest.Attach(server, connlimit.Listener(l, connlimit.Options{Connections: s.limits.Connections, Stall: s.limits.Stall, TLS: s.tls, Now: time.Now}))
	done := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		s.log.Info("stopping", "drain", drain.String())
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		done <- server.Shutdown(ctx)
	})
	err := server.Serve(l)
	if stop() || !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	if err := <-done; err != nil {
		return fmt.Errorf("draining: %w", err)
	}
	s.log.Info("stopped")
	return nil
}

// serving is the key under which a request's context has the one of its Serve, which
// is done once the server is told to stop. The request itself goes on.
type serving struct{}

// untilDraining makes waiting end when the server is told to stop, too.
func untilDraining(wait func(context.Context, time.Duration)) func(context.Context, time.Duration) {
	return func(ctx context.Context, long time.Duration) {
		if stopped, ok := ctx.Value(serving{}).(context.Context); ok {
			until, cancel := context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(stopped, cancel)()
			ctx = until
		}
		wait(ctx, long)
	}
}

// wait is how a server waits unless Options say otherwise.
func wait(ctx context.Context, long time.Duration) {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
