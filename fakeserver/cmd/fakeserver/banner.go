package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"example.com/lpgate/internal/curl"
)

// banner prints where the server is and which requests to try first. Scripts read its
// first line; its last line is about the admin API. No line has a secret.
func (s *settings) banner(w io.Writer, addr string) error {
	scheme := "http://"
	if s.options.TLS != nil {
		scheme = "https://"
	}
	url := scheme + reachable(addr)
	lines := []string{"listening on " + scheme + addr}
	if s.fingerprint != "" {
		lines = append(lines, "certificate: self-signed, SHA-256 "+s.fingerprint)
	}
	caller := "acme"
	identity := http.Header{"X-Actor-Type": {"partner"}, "X-Actor-Id": {caller}, "X-Auth-Scopes": {"settlement:read settlement:write"}}
	if s.options.PartnerKeys == nil {
		lines = append(lines, "identity: header mode, identity headers are trusted without verification", "try:")
	} else {
		caller = s.examplePartner()
		identity = http.Header{"X-Partner-Key": {partnerKey}}
		lines = append(lines, "identity: key mode, X-Partner-Key identifies the partner",
			fmt.Sprintf("try, with the key of %s in the variable PARTNER_KEY:", caller))
	}
	providers := url + "/partner-liquidity-providers"
	lines = append(lines,
		s.example(identity, providers, "onboard-1", onboardBody(caller)),
		s.example(identity, providers+"/lp-1/eligibility/evaluate", "evaluate-1", evaluateBody),
		s.example(identity, providers+"/lp-1/rollout/export", "", ""),
	)
	if !s.options.ContractOnly {
		lines = append(lines, "docs: "+url+"/docs")
	}
	switch {
	case s.options.NoAdminAPI || s.options.ContractOnly:
		lines = append(lines, "admin API: none")
	case s.options.AdminToken != "":
		lines = append(lines, "admin API: "+url+"/_fake, with Authorization: Bearer and the token in the file "+s.adminToken)
	default:
		lines = append(lines, "admin API: "+url+"/_fake")
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// partnerKey is the placeholder of the partner's key, which is a variable of the shell.
const partnerKey = "$PARTNER_KEY"

// example returns a request as a curl line: a POST if it has a key and a body, or else a
// GET.
func (s *settings) example(identity http.Header, url, idempotencyKey, body string) string {
	c := curl.Command{Flags: append([]string{"-sSw", `\n`}, s.curlTrust()...), URL: url, Header: identity.Clone(), Body: []byte(body)}
	if body != "" {
		c.Method = http.MethodPost
		c.Header.Set("Idempotency-Key", idempotencyKey)
	}
	c.Word = func(text string, in curl.Part) string {
		if literal, isKey := strings.CutSuffix(text, partnerKey); isKey && in == curl.Header {
			return `"` + literal + partnerKey + `"`
		}
		return curl.Quote(text)
	}
	return "  " + c.String()
}

// examplePartner returns the partner of the first key with both scopes, or else of the
// first key.
func (s *settings) examplePartner() string {
	keys := s.options.PartnerKeys
	for _, key := range keys {
		if slices.Contains(key.Scopes, "settlement:read") && slices.Contains(key.Scopes, "settlement:write") {
			return key.PartnerID
		}
	}
	return keys[0].PartnerID
}

// curlTrust returns the flags with which curl trusts the server's certificate.
func (s *settings) curlTrust() []string {
	switch file := cmp.Or(s.tlsCert, s.tlsSelfSignedOut); {
	case s.options.TLS == nil:
		return nil
	case file != "":
		return []string{"--cacert", file}
	}
	return []string{"--insecure"}
}

// onboardBody returns the request that onboards the provider lp-1 of an owner.
func onboardBody(owner string) string {
	id, err := json.Marshal(owner)
	if err != nil {
		panic("encoding a string: " + err.Error())
	}
	return `{"provider":{"provider_id":"lp-1","owner_actor":{"type":"partner","id":` + string(id) + `},"external_provider_id":"ext-1",` +
		`"legal_entity_name":"Acme Liquidity Ltd","disclosure_text":"Acme provides liquidity for its own account.",` +
		`"trust_contact_email":"trust@acme.example","segment_tier":"S1"}}`
}

// evaluateBody is a request whose verdict is allow.
const evaluateBody = `{"eligibility":{"requested_segment_tier":"S2","trust_safety_baseline_passed":true,"reliability_baseline_passed":true,` +
	`"audit_conformance_passed":true,"unresolved_critical_violations":0,"consecutive_compliant_windows":2,"capability_family":"advanced"}}`
