// Package imperfect is a test double: a service that implements the governance of milestone M109 and has HTTP habits of
// its own, as a real service has. The gate has to group what such a service does into few causes, and with these recorded as
// known differences it still has to notice a rule that is wrong.
//
//	handler, err := imperfect.New(imperfect.Options{Habits: imperfect.AllHabits(), Wrong: "rollout-climbs-two-tiers"})
//
// Each habit ([Habits]) and each wrong rule ([WrongRules]) is one switch. All habits can be on at once; at most one wrong
// rule is. Without habits and without a wrong rule the service passes the gate at level full. The command
// imperfectserver serves it.
//
// # Why it is no wrapper around the fake server
//
// A habit can mostly be added to answers of the fake, but a wrong rule cannot: a provider that climbs two tiers, or an
// evaluation that is allowed, has to show in all later answers, and in the hashes, the chain and the signatures of its exports.
// A wrapper would send further requests, and then hide their audit entries. So this is a second implementation of the contract,
// in memory, about as long as such a wrapper. It shares the schemas and the fixtures with the fake, and no rule. That is also
// what a gate is for: a service that somebody else wrote.
//
// It is simple on purpose. One lock guards the state, each export looks at all entries of its provider, and nothing is removed.
// Identity is header mode.
//
//	imperfect.go   the switches, New
//	service.go     routes, identity, the order of checks, answers
//	body.go        request bodies and times
//	rules.go       onboard, status, evaluate, rollout
//	export.go      exports
//
// Only tests and the command imperfectserver import this package.
package imperfect

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"time"

	"example.com/lpgate/fixtures"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/milestones"
	"example.com/lpgate/schemas"
)

// Habit is an HTTP habit in which the service differs from the contract at level full, or at core without a rule of
// governance being wrong.
type Habit struct {
	ID          string
	Description string
}

// The ids of the habits.
const (
	noViolations              = "no-violations"
	noPayloadHashes           = "no-payload-hashes"
	noConflictReasonCodes     = "no-conflict-reason-codes"
	noReplayHeader            = "no-replay-header"
	randomCorrelationIDs      = "random-correlation-ids"
	ownCorrelationIDIgnored   = "own-correlation-id-ignored"
	noRetentionDaysInQuery    = "no-retention-days-in-query"
	noEventTypeInQuery        = "no-event-type-in-query"
	timesEchoedAsSent         = "times-echoed-as-sent"
	malformedJSONIs500        = "malformed-json-is-500"
	largeBodyIs500            = "large-body-is-500"
	otherMethodIs404          = "other-method-is-404"
	identityBeforeRouting     = "identity-before-routing"
	stringsTrimmed            = "strings-trimmed"
	numericStringsTaken       = "numeric-strings-taken"
	unknownMembersIgnored     = "unknown-members-ignored"
	looseTimesTaken           = "loose-times-taken"
	partialContinuationsTaken = "partial-continuations-taken"
	checkpointsPruned         = "checkpoints-pruned"
	rowsSortedByLocale        = "rows-sorted-by-locale"
	takenAutomaticIDConflicts = "taken-automatic-id-conflicts"
	ownerNamed                = "owner-named"
	noKeySet                  = "no-key-set"
	blankProviderIDIs400      = "blank-provider-id-is-400"
	longKeyTaken              = "long-key-taken"
	timeBeforeOwner           = "time-before-owner"
	exitOnEmptySegments       = "exit-on-empty-segments"
)

// Habits returns all habits.
func Habits() []Habit {
	return []Habit{
		{noViolations, "A schema refusal has no details.violations."},
		{noPayloadHashes, "A reused idempotency key is refused without the two payload hashes."},
		{noConflictReasonCodes, "The conflict of a blocked rollout has no details.reason_codes."},
		{noReplayHeader, "A replay has no Idempotent-Replayed header."},
		{randomCorrelationIDs, "The default correlation id of a 401, a 404 and a 500 is a random UUID."},
		{ownCorrelationIDIgnored, "The X-Correlation-Id of a request is ignored."},
		{noRetentionDaysInQuery, "The query of an export has no retention_days."},
		{noEventTypeInQuery, "The query of an export has no event_type, although it is in force."},
		{timesEchoedAsSent, "The query of an export has from_iso and to_iso as they were sent."},
		{malformedJSONIs500, "A body that is not I-JSON is answered with 500 INTERNAL."},
		{largeBodyIs500, "A body over 1 MiB is answered with 500 INTERNAL."},
		{otherMethodIs404, "Another method on a known path is an unknown route."},
		{identityBeforeRouting, "An unknown route and another method need an identity first."},
		{stringsTrimmed, "White space around the strings of a body is removed before the schema check."},
		{numericStringsTaken, "A string of digits is taken for the number where a number is expected."},
		{unknownMembersIgnored, "Members that the request schema does not have are ignored."},
		{looseTimesTaken, "Times without an offset, without a clock or with a blank for the T are taken, in UTC."},
		{partialContinuationsTaken, "Each continuation value of an export is taken by itself."},
		{checkpointsPruned, "An export removes every checkpoint that has expired by its own now."},
		{rowsSortedByLocale, "Capability rows are sorted as a locale does, with a_b before a-b and b before C."},
		{takenAutomaticIDConflicts, "An automatic provider id that is taken is a conflict, and uses the number up."},
		{ownerNamed, "The refusal of another partner's provider names its owner."},
		{noKeySet, "There is no route to the key set."},
		{blankProviderIDIs400, "A blank provider id in the path is a CONSTRAINT_VIOLATION."},
		{longKeyTaken, "An Idempotency-Key may have 256 characters."},
		{timeBeforeOwner, "Onboarding reads its time before it compares the owner with the caller."},
		{exitOnEmptySegments, "GET // ends the process."},
	}
}

// AllHabits returns the ids of all habits.
func AllHabits() []string {
	var ids []string
	for _, h := range Habits() {
		ids = append(ids, h.ID)
	}
	return ids
}

// WrongRule is a fault of governance: everything around it is as in the contract.
type WrongRule struct {
	ID          string
	Description string
	Rules       []string // of the milestone that it breaks: a gate has to name one of them
}

// The ids of the wrong rules.
const (
	oneWindowClimbs            = "one-window-climbs"
	rolloutWithoutAllow        = "rollout-without-allow"
	wrongReasonCode            = "wrong-reason-code"
	replaysRunAgain            = "replays-run-again"
	exportReversed             = "export-reversed"
	expiredCheckpointsTaken    = "expired-checkpoints-taken"
	ownershipUnchecked         = "ownership-unchecked"
	rowsUnsorted               = "rows-unsorted"
	baselineIgnored            = "baseline-ignored"
	highRiskUnguarded          = "high-risk-unguarded"
	evaluationClimbsTwoTiers   = "evaluation-climbs-two-tiers"
	rolloutClimbsTwoTiers      = "rollout-climbs-two-tiers"
	auditEntryMissing          = "audit-entry-missing"
	activeDespiteViolations    = "active-despite-violations"
	toISOInclusive             = "to-iso-inclusive"
	continuationChangesFilters = "continuation-changes-filters"
	offboardedActivated        = "offboarded-activated"
	eventTypeIgnored           = "event-type-ignored"
)

// WrongRules returns all wrong rules.
func WrongRules() []WrongRule {
	return []WrongRule{
		{oneWindowClimbs, "One compliant window is enough to climb.", []string{"eligibility-climb-needs-two-windows"}},
		{rolloutWithoutAllow, "A rollout is active without an evaluation that allows it.", []string{"rollout-needs-allow-verdict"}},
		{
			wrongReasonCode, "A status that the downgrade gate refuses has the reason code eligibility_failed.",
			[]string{"status-active-needs-baselines", "status-active-needs-no-violations"},
		},
		{
			replaysRunAgain, "The same request with the same idempotency key runs again.",
			[]string{"idempotency-replays-the-answer", "idempotency-runs-once", "idempotency-keeps-refusals"},
		},
		{exportReversed, "An export has the newest entry first.", []string{"export-orders-entries"}},
		{expiredCheckpointsTaken, "A checkpoint never expires.", []string{"export-checkpoint-is-fresh"}},
		{ownershipUnchecked, "A partner can use the providers of others.", []string{"provider-is-owned"}},
		{rowsUnsorted, "Capability rows stay in the order of the request.", []string{"rollout-derives-capabilities"}},
		{
			baselineIgnored, "The audit conformance baseline is ignored by the downgrade gate and by evaluations.",
			[]string{"eligibility-needs-baselines", "status-active-needs-baselines"},
		},
		{highRiskUnguarded, "The family high_risk is allowed below S2.", []string{"eligibility-high-risk-needs-s2"}},
		{evaluationClimbsTwoTiers, "An evaluation allows a climb by two tiers.", []string{"eligibility-climbs-one-tier"}},
		{rolloutClimbsTwoTiers, "A rollout may climb two tiers.", []string{"rollout-climbs-one-tier"}},
		{auditEntryMissing, "A status upsert leaves no audit entry.", []string{"writes-are-audited"}},
		{activeDespiteViolations, "A provider can be made active while it has critical violations.", []string{"status-active-needs-no-violations"}},
		{toISOInclusive, "An export includes an entry at to_iso.", []string{"export-window-is-half-open"}},
		{continuationChangesFilters, "A next page may have other filters.", []string{"export-filters-stay"}},
		{offboardedActivated, "The rollout of an offboarded provider can be active.", []string{"rollout-needs-provider-in-service"}},
		{eventTypeIgnored, "An export with an event_type has the entries of all types.", []string{"export-filters-events"}},
	}
}

// Options configure a service.
type Options struct {
	// Habits are the ids of the habits that are on.
	Habits []string
	// Wrong is the id of the wrong rule, or "" for none.
	Wrong string
	// TestClock makes the service honour X-Now-Iso, now_iso and exported_at_iso.
	TestClock bool
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Random is the source of random correlation ids, 16 bytes each; nil is crypto/rand.
	Random io.Reader
	// Exit ends the process for the habit exit-on-empty-segments. Nil makes the service abort that request and all later
	// ones without an answer, which is what a client would see.
	Exit func()
}

// signingKey is the id of the key that signs exports: the development key of the fixtures.
const signingKey = "lpgate-dev-k1"

// New returns a service without data. The error names an id that is no switch.
func New(o Options) (http.Handler, error) {
	s := &service{
		options: o, on: map[string]bool{}, milestone: milestones.M109(),
		providers: map[string]*provider{}, answers: map[answerKey]*cached{}, checkpoints: map[string]checkpoint{},
	}
	for _, id := range o.Habits {
		if err := s.turnOn("habit", id, AllHabits()); err != nil {
			return nil, err
		}
	}
	if o.Wrong != "" {
		var known []string
		for _, w := range WrongRules() {
			known = append(known, w.ID)
		}
		if err := s.turnOn("wrong rule", o.Wrong, known); err != nil {
			return nil, err
		}
	}
	if s.options.Now == nil {
		s.options.Now = time.Now
	}
	if s.options.Random == nil {
		s.options.Random = rand.Reader
	}
	for _, operation := range s.milestone.Operations {
		if operation.RequestSchema == "" {
			continue
		}
		if _, exists := schemas.Embedded().Lookup(operation.RequestSchema); !exists {
			return nil, fmt.Errorf("operation %s: there is no schema %s", operation.ID, operation.RequestSchema)
		}
	}
	text, err := fixtures.FS.ReadFile("keys/" + signingKey + ".pem")
	if err != nil {
		return nil, fmt.Errorf("reading the development key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("reading the development key: keys/%s.pem is not PEM", signingKey)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading the development key: %w", err)
	}
	private, isEd25519 := key.(ed25519.PrivateKey)
	if !isEd25519 {
		return nil, fmt.Errorf("reading the development key: got a %T, want an ed25519 key", key)
	}
	s.key = private
	return s, nil
}

// turnOn turns a switch on.
func (s *service) turnOn(kind, id string, known []string) error {
	for _, k := range known {
		if k == id {
			s.on[id] = true
			return nil
		}
	}
	return fmt.Errorf("there is no %s %q%s", kind, id, suggest.DidYouMean(id, known))
}
