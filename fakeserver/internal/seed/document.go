package seed

// document is the content of a seed. The schema FakeSeed describes each member; the clock
// is read from the JSON value.
type document struct {
	Clock     any        `yaml:"clock"`
	Providers []provider `yaml:"providers"`
}

type provider struct {
	ProviderID         string      `yaml:"provider_id"`
	Owner              string      `yaml:"owner"`
	ExternalProviderID *string     `yaml:"external_provider_id"`
	LegalEntityName    *string     `yaml:"legal_entity_name"`
	DisclosureText     *string     `yaml:"disclosure_text"`
	TrustContactEmail  *string     `yaml:"trust_contact_email"`
	Tier               string      `yaml:"tier"`
	Status             string      `yaml:"status"`
	ReasonCodes        []string    `yaml:"reason_codes"`
	OperatorNote       *string     `yaml:"operator_note"`
	Onboarded          onboarded   `yaml:"onboarded"`
	History            []step      `yaml:"history"`
	Governance         *governance `yaml:"governance"`
	LastEvaluation     *evaluation `yaml:"last_evaluation"`
	Rollout            *rollout    `yaml:"rollout"`
}

type onboarded struct {
	At     string `yaml:"at"`
	Tier   string `yaml:"tier"`
	Status string `yaml:"status"`
}

// step is one event of a history: a status, an evaluation or a rollout.
type step struct {
	At         string      `yaml:"at"`
	Status     *status     `yaml:"status"`
	Evaluation *evaluation `yaml:"evaluation"`
	Rollout    *rollout    `yaml:"rollout"`
}

type governance struct {
	At                           string `yaml:"at"`
	TrustSafetyBaselinePassed    *bool  `yaml:"trust_safety_baseline_passed"`
	ReliabilityBaselinePassed    *bool  `yaml:"reliability_baseline_passed"`
	AuditConformancePassed       *bool  `yaml:"audit_conformance_passed"`
	UnresolvedCriticalViolations int64  `yaml:"unresolved_critical_violations"`
}

type status struct {
	governance   `yaml:",inline"`
	Status       string   `yaml:"status"`
	Tier         string   `yaml:"tier"`
	ReasonCodes  []string `yaml:"reason_codes"`
	OperatorNote *string  `yaml:"operator_note"`
}

type evaluation struct {
	At                          string      `yaml:"at"`
	RequestedTier               string      `yaml:"requested_tier"`
	Governance                  *governance `yaml:"governance"`
	ConsecutiveCompliantWindows *int64      `yaml:"consecutive_compliant_windows"`
	CapabilityFamily            string      `yaml:"capability_family"`
	RemediationClosed           *bool       `yaml:"remediation_closed"`
	Verdict                     string      `yaml:"verdict"`
}

type rollout struct {
	At           string       `yaml:"at"`
	Status       string       `yaml:"status"`
	Tier         string       `yaml:"tier"`
	Capabilities []capability `yaml:"capabilities"`
	ReasonCodes  []string     `yaml:"reason_codes"`
}

type capability struct {
	Capability string `yaml:"capability"`
	MinTier    string `yaml:"min_tier"`
	Enabled    *bool  `yaml:"enabled"`
}
