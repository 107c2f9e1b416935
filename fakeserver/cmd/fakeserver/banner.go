package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// banner says where the server is and what to try first. Scripts read its first line;
// its last one is about the control API. No line has a secret.
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
	who := "-H 'X-Actor-Type: partner' -H 'X-Actor-Id: acme' -H 'X-Auth-Scopes: settlement:read settlement:write'"
	if s.options.PartnerKeys == nil {
		lines = append(lines, "identity: header mode, a caller is whom it says", "try:")
	} else {
		caller = s.allowedPartner()
		who = `-H "X-Partner-Key: $PARTNER_KEY"`
		lines = append(lines, "identity: key mode, a caller is whom its X-Partner-Key stands for",
			fmt.Sprintf("try, with the key of %s in the variable PARTNER_KEY:", s.allowedPartner()))
	}
	curl := `curl -sSw '\n' ` + s.curlTrust() + who
	providers := url + "/partner-liquidity-providers"
	lines = append(lines,
		fmt.Sprintf("  %s -H 'Idempotency-Key: onboard-1' --data %s %s", curl, shell(onboard(caller)), shell(providers)),
		fmt.Sprintf("  %s -H 'Idempotency-Key: evaluate-1' --data %s %s", curl, shell(evaluate), shell(providers+"/lp-1/eligibility/evaluate")),
		fmt.Sprintf("  %s %s", curl, shell(providers+"/lp-1/rollout/export")),
	)
	if !s.options.ContractOnly {
		lines = append(lines, "docs: "+url+"/docs")
	}
	switch {
	case s.options.NoControl || s.options.ContractOnly:
		lines = append(lines, "control API: none")
	case s.options.ControlToken != "":
		lines = append(lines, "control API: "+url+"/_fake, with Authorization: Bearer and the token in the file "+s.controlToken)
	default:
		lines = append(lines, "control API: "+url+"/_fake")
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// allowedPartner is the partner of the first key that may do all of what there is to
// try, or of the first key.
func (s *settings) allowedPartner() string {
	keys := s.options.PartnerKeys
	for _, key := range keys {
		if slices.Contains(key.Scopes, "settlement:read") && slices.Contains(key.Scopes, "settlement:write") {
			return key.PartnerID
		}
	}
	return keys[0].PartnerID
}

// curlTrust makes curl trust the server's certificate.
func (s *settings) curlTrust() string {
	switch file := cmp.Or(s.tlsCert, s.tlsSelfSignedOut); {
	case s.options.TLS == nil:
		return ""
	case file != "":
		return "--cacert " + shell(file) + " "
	}
	return "--insecure "
}

// onboard is a body that makes lp-1 a provider of owner.
func onboard(owner string) string {
	id, err := json.Marshal(owner)
	if err != nil {
		panic("writing a string as JSON: " + err.Error())
	}
	return `{"provider":{"provider_id":"lp-1","owner_actor":{"type":"partner","id":` + string(id) + `},"external_provider_id":"ext-1",` +
		`"legal_entity_name":"Acme Liquidity Ltd","disclosure_text":"Acme provides liquidity for its own account.",` +
		`"trust_contact_email":"trust@acme.example","segment_tier":"S1"}}`
}

// evaluate is a body to which the verdict is allow.
const evaluate = `{"eligibility":{"requested_segment_tier":"S2","trust_safety_baseline_passed":true,"reliability_baseline_passed":true,` +
	`"audit_conformance_passed":true,"unresolved_critical_violations":0,"consecutive_compliant_windows":2,"capability_family":"advanced"}}`

// shell quotes a word for a POSIX shell and for zsh, if it needs that: zsh takes the
// brackets in the URL of an IPv6 address for a pattern.
func shell(word string) string {
	special := func(c rune) bool {
		return (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("_-./:,+@%", c)
	}
	if word != "" && !strings.ContainsFunc(word, special) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
