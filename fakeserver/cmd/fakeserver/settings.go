package main

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/internal/sources"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/milestones"
)

// settings are the values of the flags; read makes the server's options from them. The
// flags are the only list of settings: the environment variables and the keys of the
// configuration file are derived from them.
type settings struct {
	addr                     string
	insecure                 bool
	signingKey, signingKeyID string
	verifyOnly               []string
	partnerKeys, seed        string
	adminToken               string // the file
	tlsCert, tlsKey          string
	tlsSelfSigned            bool
	tlsSelfSignedOut         string
	logging                  logging

	options     fakeserver.Options
	fingerprint string // SHA-256 of the self-signed certificate
	flags       *pflag.FlagSet
	sources     *sources.Set
}

// renamed are the former names of settings, which still work for one version.
var renamed = map[string]string{
	"control-token-file": "admin-token-file",
	"no-control":         "no-admin-api",
}

// register adds all settings.
func (s *settings) register(flags *pflag.FlagSet) {
	s.flags, s.sources = flags, sources.New(flags, renamed)
	o := &s.options
	flags.String("config", "", "read settings from a YAML `FILE`; its keys are the flag names without the dashes before them")
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8109", "listen on `HOST:PORT`; port 0 is any free port")
	flags.BoolVar(&s.insecure, "insecure", false, "allow header mode beyond loopback, although identity headers are trusted without verification")
	flags.StringVar(&s.partnerKeys, "partner-keys", "", "use key mode: `FILE` maps each X-Partner-Key to a partner; SIGHUP reads it again")
	flags.StringVar(&s.adminToken, "admin-token-file", "", "require the token in `FILE` for the admin API")
	flags.BoolVar(&o.NoAdminAPI, "no-admin-api", false, "turn the admin API off")
	flags.BoolVar(&o.ContractOnly, "contract-only", false, "serve the contract alone: no worlds, request ids, admin API, metrics or documentation")
	flags.StringVar(&s.tlsCert, "tls-cert", "", "serve HTTPS with the certificate chain in a PEM `FILE`")
	flags.StringVar(&s.tlsKey, "tls-key", "", "private key of --tls-cert, a PEM `FILE`")
	flags.BoolVar(&s.tlsSelfSigned, "tls-self-signed", false, "serve HTTPS with a new self-signed certificate for localhost, 127.0.0.1 and ::1")
	flags.StringVar(&s.tlsSelfSignedOut, "tls-self-signed-out", "", "write the self-signed certificate to `FILE`, for clients to trust")
	flags.StringArrayVar(&o.CORSOrigins, "cors-origin", nil, "allow browser requests from pages of `ORIGIN`, such as http://localhost:3000; repeatable")
	flags.StringVar(&s.seed, "seed", "", "initial data of every world, a YAML or JSON `FILE`")
	flags.IntVar(&o.MaxWorlds, "max-worlds", fakeserver.MaxWorlds, "maximum `COUNT` of worlds")
	flags.DurationVar(&o.WorldIdle, "world-idle", fakeserver.WorldIdle, "delete a world that was not used for `DURATION`, such as 10m")
	flags.IntVar(&o.MaxRecords, "max-records", fakeserver.MaxRecords, "maximum `COUNT` of audit entries, stored responses and checkpoints in all worlds")
	flags.IntVar(&o.JournalEntries, "journal-entries", fakeserver.JournalEntries, "maximum `COUNT` of requests in the journal of a world")
	flags.IntVar(&o.JournalBytes, "journal-bytes", fakeserver.JournalBytes, "maximum size of the journal of a world, in `BYTES`")
	flags.IntVar(&o.SnapshotBytes, "snapshot-bytes", fakeserver.SnapshotBytes, "approximate maximum size of all snapshots, in `BYTES`")
	flags.DurationVar(&o.IdempotencyRetention, "idempotency-retention", fakeserver.IdempotencyRetention, "store responses for idempotency keys for `DURATION`; less than 24h violates the contract and is for tests")
	flags.IntVar(&o.Limits.Connections, "max-connections", 1000, "maximum `COUNT` of connections; further ones wait")
	flags.BoolVar(&o.SelfCheck, "self-check", false, "validate each response against its schema")
	flags.BoolVar(&o.IgnoreTestClocks, "ignore-test-clocks", false, "ignore X-Now-Iso, now_iso and exported_at_iso")
	flags.IntVar(&o.RetentionDays, "retention-days", 0, "default retention of an export in `DAYS` (default: that of the milestone, 180)")
	flags.IntVar(&o.CheckpointRetentionDays, "checkpoint-retention-days", 0, "accept a checkpoint for `DAYS` (default: the retention that it was issued with)")
	flags.StringVar(&s.signingKey, "signing-key", "", "sign exports with the ed25519 key in a PKCS #8 PEM `FILE` (default: lpgate-dev-k1, whose private key is public)")
	flags.StringVar(&s.signingKeyID, "signing-key-id", "", "`ID` of --signing-key")
	flags.StringArrayVar(&s.verifyOnly, "verify-only-key", nil, "publish a former key, `ID=FILE` (SPKI PEM); repeatable")
	s.logging.register(flags)
}

// read checks the settings and reads the files that they name.
func (s *settings) read() error {
	if err := s.checkRanges(); err != nil {
		return err
	}
	if err := s.readKeys(); err != nil {
		return err
	}
	if s.seed != "" {
		text, err := textfile.Read(s.seed)
		if err != nil {
			return fmt.Errorf("%s: %w", s.source("seed"), err)
		}
		if s.options.Seed, err = fakeserver.ReadSeed(s.seed, text); err != nil {
			return err
		}
	}
	if err := s.checkBinding(); err != nil {
		return err
	}
	return s.readTLS()
}

// checkRanges reports all numbers that are out of range.
func (s *settings) checkRanges() error {
	o := &s.options
	var problems []error
	for _, setting := range []struct {
		name       string
		value, min int
		expected   string
	}{
		{"max-worlds", o.MaxWorlds, 1, "1 or more"},
		{"max-records", o.MaxRecords, 1, "1 or more"},
		{"journal-entries", o.JournalEntries, 1, "1 or more"},
		{"journal-bytes", o.JournalBytes, 1, "1 or more"},
		{"snapshot-bytes", o.SnapshotBytes, 1, "1 or more"},
		{"max-connections", o.Limits.Connections, 1, "1 or more"},
		{"retention-days", o.RetentionDays, 0, "1 or more, or 0 for the default of the milestone"},
		{"checkpoint-retention-days", o.CheckpointRetentionDays, 0, "1 or more, or 0 for the retention of each checkpoint"},
		{"idempotency-retention", int(o.IdempotencyRetention), 1, "more than 0, such as 24h"},
		{"world-idle", int(o.WorldIdle), 1, "more than 0, such as 10m"},
	} {
		if setting.value < setting.min {
			problems = append(problems, fmt.Errorf("%s must be %s, not %s", s.source(setting.name), setting.expected, s.flags.Lookup(setting.name).Value))
		}
	}
	if most := milestones.M109().Limits.RetentionDaysMax; o.RetentionDays > most {
		problems = append(problems, fmt.Errorf("%s must be at most %d, not %d", s.source("retention-days"), most, o.RetentionDays))
	}
	return errors.Join(problems...)
}
