package fakeserver

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"example.com/lpgate/fakeserver/internal/admin"
	"example.com/lpgate/fakeserver/internal/rest"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/fakeserver/internal/seed"
	"example.com/lpgate/fixtures"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// Options configure a server. The zero value is a server in header mode with the real
// clock and the development key.
type Options struct {
	// Clock returns the server's time, which is the time of every world whose clock was not
	// set; nil is time.Now.
	Clock func() time.Time
	// Stopwatch returns the time by which latency and idle worlds are measured; nil is
	// time.Now.
	Stopwatch func() time.Time
	// Wait returns after a time, or when ctx is done: when the client goes away, or the
	// server shuts down. It is how faults take time; nil waits.
	Wait func(ctx context.Context, long time.Duration)
	// IgnoreTestClocks disables X-Now-Iso, now_iso and exported_at_iso.
	IgnoreTestClocks bool
	// RetentionDays is the default retention of an export; 0 is the milestone's, 180.
	RetentionDays int
	// CheckpointRetentionDays is how long after its export a checkpoint can be continued
	// from; 0 is the retention that it was issued with.
	CheckpointRetentionDays int
	// SigningKey signs exports; nil is the development key, lpgate-dev-k1.
	SigningKey *SigningKey
	// VerifyOnlyKeys are published beside the signing key, for exports signed before.
	VerifyOnlyKeys []PublicKey
	// PartnerKeys turn key mode on: a request without one of them is UNAUTHORIZED. Nil is
	// header mode, in which identity headers are trusted without verification.
	PartnerKeys []PartnerKey
	// SelfCheck validates every answer by its schema before it is sent. One that is not
	// valid is replaced by INTERNAL and passed to OnViolation.
	SelfCheck bool
	// OnViolation is called in self-check for each answer that is not valid by its schema;
	// nil logs to Log or, if that is nil too, to slog's default logger.
	OnViolation func(operation string, violations []schemas.Violation)
	// OnRules, if not nil, is called once for each request, before its answer is sent, with
	// the rules of the milestone that the request reached and how each came out, in the
	// order in which they were decided. It is called from many goroutines, under no lock,
	// once the request's body has been read. The list must not be changed.
	OnRules func(r *http.Request, reached []Reached)

	// Log receives the server's events (info) and each request (debug); nil is no log. It has
	// no header values, bodies or queries of clients, but for the Origin or Host of a page of
	// another origin (warning).
	Log *slog.Logger

	// ContractOnly disables all that a stub has beside the contract: worlds, request ids,
	// the admin API, metrics and the bound of records.
	ContractOnly bool
	// NoAdminAPI disables the admin API alone.
	NoAdminAPI bool
	// AdminToken, if not "", is required of every request to the admin API.
	AdminToken string
	// MaxWorlds is the maximum number of worlds; 0 is [MaxWorlds].
	MaxWorlds int
	// WorldIdle is how long a world is kept that is not used; 0 is [WorldIdle].
	WorldIdle time.Duration
	// JournalEntries and JournalBytes bound the journal of a world: the oldest requests are
	// evicted; 0 is [JournalEntries] and [JournalBytes].
	JournalEntries, JournalBytes int
	// SnapshotBytes is the approximate maximum size of all snapshots; 0 is [SnapshotBytes].
	SnapshotBytes int
	// MaxRecords is the maximum number of audit entries, cached answers and checkpoints in
	// all worlds; 0 is [MaxRecords]. A POST or an export that needs more is answered with 507
	// and changes nothing.
	MaxRecords int
	// IdempotencyRetention is how long an answer is cached for its idempotency key, by its
	// world's clock; 0 is [IdempotencyRetention], the least that the contract allows. Less is
	// for tests of clients that retry too late.
	IdempotencyRetention time.Duration

	// Seed is the initial data of every world; nil is none. [ReadSeed] reads one.
	Seed *Seed

	// TLS configures [Server.Serve]; nil is plain HTTP.
	TLS *tls.Config
	// CORSOrigins are the origins, such as http://localhost:3000, whose pages may call the
	// server from a browser. Without any, OPTIONS is METHOD_NOT_ALLOWED, as in the contract.
	// On loopback, without an AdminToken, requests of any other page are refused with 403.
	CORSOrigins []string
	// Limits bound what clients can use.
	Limits Limits
}

// Limits bound what clients can use of a server; 0 is the default. The defaults are far
// above what any client of the contract needs.
type Limits struct {
	Connections int           // at a time; another one waits. 1000
	Header      time.Duration // to send a request's header. 10 s
	Body        time.Duration // to send the whole request. 60 s
	Idle        time.Duration // between two requests on one connection. 120 s
	Stall       time.Duration // to receive the next 64 KiB of an answer. 60 s
}

// The defaults of Options.
const (
	MaxWorlds            = 1000
	WorldIdle            = time.Hour
	MaxRecords           = 4_000_000
	IdempotencyRetention = 24 * time.Hour
	JournalEntries       = 10_000
	JournalBytes         = 16 << 20
	SnapshotBytes        = 1 << 30
)

// Reached is a rule of the milestone that a request reached: had the server broken it, the
// request could have shown it. Package ruletrace defines what counts.
type Reached = ruletrace.Reached

// Seed is the initial data of a world.
type Seed = seed.Seed

// ReadSeed reads a seed, YAML or JSON. The error has a line, FILE:LINE: …, for each problem;
// file is the name in it.
func ReadSeed(file string, text []byte) (*Seed, error) {
	return admin.ReadSeed(context.Background(), file, text)
}

// SigningKey is an ed25519 private key, and the id under which its public key is published.
type SigningKey struct {
	ID      string
	Private ed25519.PrivateKey
}

// PublicKey is an ed25519 public key and its id.
type PublicKey = rest.PublicKey

// PartnerKey is a partner's secret key, the partner that it identifies, and its scopes.
type PartnerKey = rest.PartnerKey

// DevelopmentKeyID is the id of the default signing key. Its private key is public on
// purpose.
const DevelopmentKeyID = "lpgate-dev-k1"

// developmentKey reads the key once.
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

// check returns an error if an option is not valid.
func (o *Options) check(m *milestones.Milestone) error {
	for _, bound := range []struct {
		name  string
		value int
	}{
		{"the retention in days", o.RetentionDays},
		{"the retention of checkpoints in days", o.CheckpointRetentionDays},
		{"the entries of a journal", o.JournalEntries},
		{"the bytes of a journal", o.JournalBytes},
		{"the bytes of snapshots", o.SnapshotBytes},
		{"the number of records", o.MaxRecords},
		{"the number of worlds", o.MaxWorlds},
		{"the idle time of worlds", int(o.WorldIdle)},
		{"the retention of answers", int(o.IdempotencyRetention)},
		{"the limit of connections", o.Limits.Connections},
		{"the time limit of headers", int(o.Limits.Header)},
		{"the time limit of bodies", int(o.Limits.Body)},
		{"the time limit of idle connections", int(o.Limits.Idle)},
		{"the time limit of stalled connections", int(o.Limits.Stall)},
	} {
		if bound.value < 0 {
			return fmt.Errorf("%s must be 0 (the default) or more, not %d", bound.name, bound.value)
		}
	}
	if limit := m.Limits.RetentionDaysMax; o.RetentionDays > limit {
		return fmt.Errorf("the retention must be at most %d days, not %d", limit, o.RetentionDays)
	}
	for i, key := range o.VerifyOnlyKeys {
		sameID := func(earlier PublicKey) bool { return earlier.ID == key.ID }
		if slices.ContainsFunc(o.VerifyOnlyKeys[:i], sameID) {
			return fmt.Errorf("two verify-only keys have one id, %q: an export would not show which one signed", key.ID)
		}
		if o.SigningKey != nil && o.SigningKey.ID == key.ID || o.SigningKey == nil && DevelopmentKeyID == key.ID {
			return fmt.Errorf("the signing key and a verify-only key have one id, %q: an export would not show which one signed", key.ID)
		}
	}
	return nil
}

// setDefaults replaces zero values by the defaults.
func (o *Options) setDefaults(m *milestones.Milestone) (err error) {
	if o.SigningKey == nil {
		if o.SigningKey, err = developmentKey(); err != nil {
			return err
		}
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
	if o.SelfCheck && o.OnViolation == nil {
		log := cmp.Or(o.Log, slog.Default())
		o.OnViolation = func(operation string, violations []schemas.Violation) {
			log.Error("self-check: an answer is not valid by its schema", "operation", operation, "violations", violations)
		}
	}
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.RetentionDays = cmp.Or(o.RetentionDays, m.Limits.RetentionDaysDefault)
	o.MaxWorlds = cmp.Or(o.MaxWorlds, MaxWorlds)
	o.WorldIdle = cmp.Or(o.WorldIdle, WorldIdle)
	o.MaxRecords = cmp.Or(o.MaxRecords, MaxRecords)
	o.IdempotencyRetention = cmp.Or(o.IdempotencyRetention, IdempotencyRetention)
	o.JournalEntries = cmp.Or(o.JournalEntries, JournalEntries)
	o.JournalBytes = cmp.Or(o.JournalBytes, JournalBytes)
	o.SnapshotBytes = cmp.Or(o.SnapshotBytes, SnapshotBytes)
	o.Limits = Limits{
		Connections: cmp.Or(o.Limits.Connections, 1000),
		Header:      cmp.Or(o.Limits.Header, 10*time.Second),
		Body:        cmp.Or(o.Limits.Body, time.Minute),
		Idle:        cmp.Or(o.Limits.Idle, 2*time.Minute),
		Stall:       cmp.Or(o.Limits.Stall, time.Minute),
	}
	return nil
}
