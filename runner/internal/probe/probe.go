// Package probe detects the capabilities of a service, for a target file.
//
// It sends GET requests for an id of its own that no provider has. If the answers are those of the contract, it onboards one
// provider, evaluates its eligibility once, and exports it. With [Config.ReadOnly] it sends nothing but GET.
package probe

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/steps"
)

// Config is what to probe, and how.
type Config struct {
	Milestone *milestones.Milestone
	// Fixtures has the folders requests and keys.
	Fixtures fs.FS
	Service  *service.Service
	Secrets  *record.Secrets
	// ReadOnly is set to send no POST.
	ReadOnly bool
}

// Result is what was detected.
type Result struct {
	// Capabilities has one note for each capability of the milestone, in its order.
	Capabilities []service.CapabilityNote
	// Warnings are other habits of the service that matter to a run, one line each.
	Warnings []string
	// Provider is the id of the provider that was onboarded; "" for none.
	Provider string
	// Evaluated is whether its eligibility was evaluated too.
	Evaluated bool
}

// The operations of M109 that are used. A milestone without them has fewer capabilities that can be detected.
const (
	onboardID  = "partnerLiquidityProvider.onboard"
	getID      = "partnerLiquidityProvider.get"
	evaluateID = "partnerLiquidityProvider.eligibility.evaluate"
	exportID   = "partnerLiquidityProvider.rollout.export"
	keySetID   = "keys.policy-integrity-signing.get"
)

// clock is the time that requests with a test clock have.
var clock = time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)

const clockHeader = "X-Now-Iso"

// prober is a service while it is probed.
type prober struct {
	Config
	id        string // of the provider
	base      *url.URL
	client    *http.Client
	session   *steps.Session
	result    Result
	notes     map[string]service.CapabilityNote // by capability
	hasCaller bool                              // whether requests of the session are identified
}

// Run probes the service. The error is an [*Unreachable], a [*NotService], or about the files of the project. The result
// of a run with an error has the provider that was onboarded before.
func Run(ctx context.Context, cfg Config) (Result, error) {
	transport := cfg.Service.Transport()
	defer transport.Close()
	if err := transport.Probe(ctx); err != nil {
		return Result{}, &Unreachable{URL: cfg.Service.URL, Err: err}
	}
	base, err := url.Parse(cfg.Service.URL)
	if err != nil {
		return Result{}, err
	}
	p := &prober{
		Config: cfg, id: "probe-" + cfg.Service.RunID, base: base, client: transport.Client(transport), notes: map[string]service.CapabilityNote{},
	}
	p.session = steps.NewSession(&steps.Config{
		Milestone: cfg.Milestone, Fixtures: cfg.Fixtures, PartnerKeys: cfg.Service.PartnerKeys, RunID: cfg.Service.RunID,
	}, p.id)
	for _, step := range []func(context.Context) error{p.identify, p.readKeySet, p.write} {
		if err := step(ctx); err != nil {
			return p.result, err
		}
	}
	p.conclude()
	return p.result, nil
}

// has reports whether the milestone has an operation.
func (p *prober) has(operation string) bool {
	_, ok := p.Milestone.Operation(operation)
	return ok
}

func (p *prober) note(capability string, presence service.Presence, format string, args ...any) {
	p.notes[capability] = service.CapabilityNote{Capability: capability, Presence: presence, Comment: p.Secrets.Scrub(fmt.Sprintf(format, args...))}
}

func (p *prober) warn(format string, args ...any) {
	p.result.Warnings = append(p.result.Warnings, p.Secrets.Scrub(fmt.Sprintf(format, args...)))
}

// conclude adds notes about the capabilities that were not detected.
func (p *prober) conclude() {
	p.note("fresh-state", service.Absent, "all scenarios use the service at the URL")
	why := "a service cannot be asked for it"
	if p.ReadOnly {
		why = "needs a provider, and --read-only onboards none"
	} else if p.result.Provider == "" {
		why = "needs a provider, and none was onboarded"
	}
	for _, c := range p.Milestone.Capabilities {
		note, isKnown := p.notes[c.ID]
		if !isKnown {
			note = service.CapabilityNote{Capability: c.ID, Comment: why}
		}
		p.declared(&note)
		note.Assumed = c.Assumed
		p.result.Capabilities = append(p.result.Capabilities, note)
	}
}

// declared applies what the options declare about a capability: it fills what was not detected.
func (p *prober) declared(note *service.CapabilityNote) {
	for _, list := range []struct {
		declarations []service.Declaration
		presence     service.Presence
		name         string
	}{{p.Service.Present, service.Present, "present"}, {p.Service.Absent, service.Absent, "absent"}} {
		for _, d := range list.declarations {
			switch {
			case d.Capability != note.Capability || note.Presence == list.presence:
			case note.Presence == service.Undetermined:
				note.Presence, note.Comment = list.presence, "declared by "+d.Where
			case p.Service.PartnerKeys == nil || note.Capability != "header-identity":
				p.warn("%s %s: declared %s, but %s", d.Where, d.Capability, list.name, note.Comment)
			}
		}
	}
}

// send makes a call with the changes and returns the answer.
func (p *prober) send(ctx context.Context, call steps.Call) (*answer, error) {
	prepared, err := p.session.Prepare(call, p.base)
	if err != nil {
		return nil, err
	}
	request, err := prepared.HTTP(ctx)
	if err != nil {
		return nil, err
	}
	a, err := p.roundTrip(request)
	if err != nil {
		return nil, err
	}
	p.session.Answered(prepared, a.status, a.header, a.body)
	return a, nil
}

func (p *prober) roundTrip(request *http.Request) (*answer, error) {
	shown := request.Method + " " + p.Secrets.Scrub(request.URL.String())
	failed := func(err error) error { return &Unreachable{URL: p.Service.URL, Request: shown, Err: err} }
	response, err := p.client.Do(request)
	if err != nil {
		return nil, failed(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, record.BodyLimit))
	if err != nil {
		return nil, failed(err)
	}
	return newAnswer(shown, response, body), nil
}

// Unreachable is a request without an answer of the service.
type Unreachable struct {
	// URL is that of the service, and Request what was sent; "" for the base URL.
	URL, Request string
	Err          error
}

func (u *Unreachable) Error() string {
	what := u.URL
	if u.Request != "" {
		what = u.Request
	}
	cause := u.Err.Error()
	if u.Request != "" { // the error of the base URL has a hint
		cause = record.Cause(u.Err)
	}
	return fmt.Sprintf("%s cannot be reached: %s", what, cause)
}

func (u *Unreachable) Unwrap() error { return u.Err }

// at returns a time of a request.
func at(days int) string { return clock.AddDate(0, 0, days).Format("2006-01-02T15:04:05.000Z") }

// isTime reports whether a text is that time, in any form.
func isTime(text string, want time.Time) bool {
	got, err := time.Parse(time.RFC3339Nano, strings.ToUpper(text))
	return err == nil && got.Equal(want)
}
