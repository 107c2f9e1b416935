package probe

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/steps"
)

// This file recognizes the service and its identity mode, with GET requests alone.

// fixtureKeys is the fixture with the keys of the capability key-identity.
const fixtureKeys = "keys/partner-keys.json"

// first returns the call that recognizes the service: the first GET of an operation that needs a caller, for an id that
// nothing has.
func (p *prober) first(rows ...[2]string) (steps.Call, error) {
	if p.has(getID) {
		return steps.Call{Operation: getID, Rows: append([][2]string{{"path provider_id", p.id}}, rows...)}, nil
	}
	for _, o := range p.Milestone.Operations {
		if o.Method != http.MethodGet || o.Public {
			continue
		}
		for segment := range strings.SplitSeq(o.Path, "/") {
			if name, isParam := strings.CutPrefix(segment, "{"); isParam {
				rows = append(rows, [2]string{"path " + strings.TrimSuffix(name, "}"), p.id})
			}
		}
		return steps.Call{Operation: o.ID, Rows: rows}, nil
	}
	return steps.Call{}, fmt.Errorf("%s has no GET operation that needs an identity: a service cannot be probed without sending what may change it", p.Milestone.ID)
}

// withoutIdentity returns rows that remove the identity from a request.
func (p *prober) withoutIdentity() (rows [][2]string) {
	for _, identity := range p.Milestone.Identities {
		if len(identity.HeaderValues) == 0 {
			continue
		}
		for _, name := range identity.Headers {
			rows = append(rows, [2]string{"header " + name, "absent"})
		}
		return rows
	}
	return nil
}

// identify recognizes the service, and detects its identity mode.
func (p *prober) identify(ctx context.Context) error {
	call, err := p.first()
	if err != nil {
		return err
	}
	withHeaders, err := p.send(ctx, call)
	if err != nil {
		return err
	}
	if !withHeaders.knowsRoute(p.id) {
		return p.notService(ctx, withHeaders)
	}
	if call, err = p.first(p.withoutIdentity()...); err != nil {
		return err
	}
	without, err := p.send(ctx, call)
	if err != nil {
		return err
	}
	if !without.isUnauthorized() {
		p.warn("identity: a request without identity is answered %s instead of 401 UNAUTHORIZED", without)
	}
	if !withHeaders.isUnauthorized() {
		p.hasCaller = true
		if withHeaders.status != http.StatusNotFound {
			p.warn("identity: a request with all scopes for an unknown id is answered %s instead of 404 NOT_FOUND", withHeaders)
		}
		p.note("header-identity", service.Present, "requests with identity headers are answered %s, without %s", withHeaders, without)
		p.note("key-identity", service.Absent, "the service is in header mode")
		if p.Service.PartnerKeys != nil {
			p.warn("identity: the service reads identity headers, so the keys of --partner-keys are not used")
		}
		return nil
	}
	return p.identifyKeys(ctx, withHeaders)
}

// identifyKeys detects which partner keys the service accepts; it refused the identity headers.
func (p *prober) identifyKeys(ctx context.Context, withHeaders *answer) error {
	p.note("header-identity", service.Absent, "requests with identity headers are answered %s", withHeaders)
	text, err := fs.ReadFile(p.Fixtures, fixtureKeys)
	if err != nil {
		return fmt.Errorf("reading the fixture %s: %w", fixtureKeys, err)
	}
	fixture, err := steps.ReadPartnerKeys(text)
	if err != nil {
		return fmt.Errorf("%s: %w", fixtureKeys, err)
	}
	isFixture := p.Service.PartnerKeys == nil
	keys := p.Service.PartnerKeys
	if isFixture {
		keys = fixture
	}
	var refused []string
	for _, key := range keys {
		p.Secrets.Learn(key.Key)
		if err := p.session.Hold(key.Label); err != nil {
			return err
		}
		call, err := p.first()
		if err != nil {
			return err
		}
		a, err := p.send(ctx, call)
		if err != nil {
			return err
		}
		switch {
		case a.isUnauthorized():
			refused = append(refused, key.Label)
		case !a.knowsRoute(p.id): // the refusals were not by the route
			return p.notService(ctx, a)
		}
	}
	me, _, ok := steps.TwoPartners(keys)
	p.hasCaller = ok && len(refused) == 0
	switch {
	case p.hasCaller && isFixture:
		p.note("key-identity", service.Present, "the keys of fixtures/%s are accepted", fixtureKeys)
	case p.hasCaller:
		p.note("key-identity", service.Absent, "the service is in key mode, with the keys of --partner-keys")
	case isFixture:
		p.note("key-identity", service.Absent, "the keys of fixtures/%s are refused", fixtureKeys)
		p.warn("identity: identity headers and the keys of fixtures/%s are answered 401: if the service is in key mode, use --partner-keys FILE with two of its keys; "+
			"if something in front of it needs a header, use --header 'NAME: VALUE'", fixtureKeys)
	default:
		p.note("key-identity", service.Absent, "keys of --partner-keys are refused")
		p.warn("identity: the keys %s of --partner-keys are answered 401", strings.Join(refused, ", "))
	}
	if p.hasCaller {
		return p.session.Hold(me.Label)
	}
	return nil
}

// NotService is the error of an answer that is not one of the contract.
type NotService struct{ message string }

func (n *NotService) Error() string { return n.message }

// notService returns the error for an answer to the first call that is not one of the contract: what was answered, what
// was expected, and what to try.
func (p *prober) notService(ctx context.Context, a *answer) error {
	lines := []string{
		fmt.Sprintf("%s does not answer as the service of %s", p.Secrets.Scrub(p.Service.URL), p.Milestone.ID),
		"sent:     " + a.request,
		"answer:   " + p.Secrets.Scrub(a.String()),
		"expected: an error of the contract in JSON, such as 404 NOT_FOUND with a reason code, or 401 UNAUTHORIZED",
	}
	try := func(format string, args ...any) {
		lines = append(lines, "try:      "+p.Secrets.Scrub(fmt.Sprintf(format, args...)))
	}
	body := string(a.body[:min(len(a.body), 4096)])
	switch location := a.header.Get("Location"); {
	case a.status >= 300 && a.status < 400:
		if base := p.baseOf(location); base != "" {
			try("--target %s (redirects are not followed)", base)
		} else {
			try("the URL that is behind the redirect to %s; redirects are not followed", location)
		}
	case p.base.Scheme == "http" && a.status == http.StatusBadRequest && (strings.Contains(body, "HTTPS") || strings.Contains(body, "SSL-enabled")):
		try("--target https://%s%s (the server expects TLS)", p.base.Host, p.base.EscapedPath())
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden, a.status == http.StatusProxyAuthRequired:
		try("--header 'Authorization: Bearer ${TOKEN}' or another header that a gateway in front of the service needs")
	case a.status >= 500:
		try("the log of the service: no request of the contract may be answered %d", a.status)
	default:
		other, err := p.otherBase(ctx)
		if err != nil {
			return err
		}
		switch {
		case other != "":
			try("--target %s (the service answers there)", other)
		case a.isHTML():
			try("the URL of the API: a page in HTML comes from a website, a login or a proxy")
		default:
			try("--target URL with the path that precedes %s, such as %s://%s/api", p.path(), p.base.Scheme, p.base.Host)
		}
	}
	return &NotService{strings.Join(lines, "\n  ")}
}

// path returns the path of the first call.
func (p *prober) path() string {
	call, err := p.first()
	if err != nil {
		return ""
	}
	o, _ := p.Milestone.Operation(call.Operation)
	return o.Path
}

// baseOf returns the base URL that a location of a redirect belongs to; "" if it is another path.
func (p *prober) baseOf(location string) string {
	to, err := p.base.Parse(location)
	if err != nil || location == "" {
		return ""
	}
	end := strings.NewReplacer("{provider_id}", p.id).Replace(p.path())
	base, isSame := strings.CutSuffix(strings.TrimSuffix(to.EscapedPath(), "/"), end)
	if !isSame {
		return ""
	}
	return (&url.URL{Scheme: to.Scheme, Host: to.Host, Path: base}).String()
}

// otherBase returns the base URL above the given one at which the service answers; "" if there is none.
func (p *prober) otherBase(ctx context.Context) (string, error) {
	given := p.base
	defer func() { p.base = given }()
	path := strings.TrimRight(given.Path, "/")
	for path != "" {
		path = path[:strings.LastIndexByte(path, '/')]
		p.base = &url.URL{Scheme: given.Scheme, Host: given.Host, Path: path}
		call, err := p.first()
		if err != nil {
			return "", err
		}
		a, err := p.send(ctx, call)
		if err != nil {
			return "", err
		}
		if a.knowsRoute(p.id) {
			return p.base.String(), nil
		}
	}
	return "", nil
}
