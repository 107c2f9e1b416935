Feature: Rollout upsert, segment gating
  A rollout says which capabilities a provider has, and at which tier. An active one is refused when a rule blocks
  it; a paused or blocked one is recorded all the same, with `rollout_blocked` among its reason codes where a rule
  on tiers gave it. What is recorded moves the provider: its tier always, its status unless the rollout is paused.

  The provider of these scenarios is at S1, and the default evaluation allows it S2. The default request is an
  active rollout at S2 with three rows: listing_publish from S1 on and proposal_auto_accept from S2 on, both
  enabled, and settlement_execute from S3 on, not enabled. A scenario names what it changes.

  Background:
    Given I have onboarded a provider with:
      | /provider/segment_tier | "S1"                   |
      | /recorded_at           | "2026-02-22T16:00:00Z" |

  # ---- rollout-rows-are-unique ----------------------------------------------------------------------------------

  @rollout-rows-are-unique @refuses
  Scenario Outline: A row that stands twice is refused, <case>
    Given I have evaluated its eligibility
    When I upsert its rollout with:
      | /rollout/rollout_status      | "<status>"                                                              |
      | /rollout/capability_matrix/- | {"capability": "a", "min_segment_tier": "S1", "enabled": true}          |
      | /rollout/capability_matrix/- | {"capability": "b", "min_segment_tier": "S1", "enabled": true}          |
      | /rollout/capability_matrix/- | {"capability": <again>, "min_segment_tier": "S1", "enabled": <enabled>} |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" is absent

    Examples:
      | case                           | status | again     | enabled |
      | the very same                  | active | "b"       | true    |
      | enabled and then not           | active | "b"       | false   |
      | spelled with an escape in JSON | active | "\\u0062" | true    |
      | in a paused rollout            | paused | "b"       | true    |

  @rollout-rows-are-unique @permits
  Scenario Outline: Two rows are recorded when they differ in <what>
    Given I have evaluated its eligibility
    When I upsert its rollout with:
      | /rollout/capability_matrix/- | {"capability": <one>, "min_segment_tier": "S1", "enabled": true}       |
      | /rollout/capability_matrix/- | {"capability": <other>, "min_segment_tier": "<tier>", "enabled": true} |
    Then the answer is 200
    And "/rollout/capability_matrix" has 5 items

    Examples:
      | what                     | one       | other      | tier |
      | their tier               | "b"       | "b"        | S2   |
      | the case of a letter     | "b"       | "B"        | S1   |
      | how an accent is spelled | "\\u00e4" | "a\\u0308" | S1   |

  @rollout-rows-are-unique @refuses
  Scenario: A row that stands twice is refused before any rule blocks the rollout
    Given I note its state
    When I upsert its rollout with:
      | /rollout/effective_segment_tier | "S3"                                                                         |
      | /rollout/capability_matrix/-    | {"capability": "listing_publish", "min_segment_tier": "S1", "enabled": true} |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And its state is as noted

  @rollout-rows-are-unique @refuses
  Scenario: The refusal of a row that stands twice is stored like any answer
    Given I upsert its rollout with:
      | /rollout/capability_matrix/- | {"capability": "listing_publish", "min_segment_tier": "S1", "enabled": true} |
    And the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And I remember the answer as "refusal"
    When I repeat the call
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And the answer is byte for byte "refusal"
    And the header "Idempotent-Replayed" is "true"

  # ---- rollout-needs-allow-verdict ------------------------------------------------------------------------------

  @rollout-needs-allow-verdict @refuses
  Scenario: An active rollout is blocked when the provider was never evaluated
    Given I note its state
    When I upsert its rollout
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And its state is as noted

  @rollout-needs-allow-verdict @refuses @full
  Scenario: The block of a provider that was never evaluated has its reason codes
    When I upsert its rollout
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And the fields are:
      | /error/details/provider_id  | "{provider}"                                   |
      | /error/details/reason_codes | ["partner_liquidity_provider_rollout_blocked"] |

  @rollout-needs-allow-verdict @refuses
  Scenario: An active rollout is blocked when the last verdict is deny
    Given I have evaluated its eligibility with:
      | /eligibility/consecutive_compliant_windows | 1 |
    And "/eligibility/verdict" is "deny"
    And I note its state
    When I upsert its rollout
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And its state is as noted

  @rollout-needs-allow-verdict @refuses @full
  Scenario: The block after a deny has its reason codes
    Given I have evaluated its eligibility with:
      | /eligibility/consecutive_compliant_windows | 1 |
    When I upsert its rollout
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And "/error/details/reason_codes" is ["partner_liquidity_provider_rollout_blocked"]

  @rollout-needs-allow-verdict @permits
  Scenario: An active rollout is recorded when the last verdict is allow
    Given I have evaluated its eligibility with:
      | /eligibility/consecutive_compliant_windows | 2 |
    And "/eligibility/verdict" is "allow"
    When I upsert its rollout
    Then the answer is 200
    And the fields are:
      | /rollout/rollout_status | "active" |
      | /rollout/reason_codes   | []       |

  @rollout-needs-allow-verdict
  Scenario Outline: Of two evaluations the last to arrive counts: <first>, then a <time> <last>
    Given I have evaluated its eligibility with:
      | /eligibility/consecutive_compliant_windows | <windows before>       |
      | /recorded_at                               | "2026-02-22T16:20:00Z" |
    And "/eligibility/verdict" is "<first>"
    And I have evaluated its eligibility with:
      | /eligibility/consecutive_compliant_windows | <windows after> |
      | /recorded_at                               | "<at>"          |
    And "/eligibility/verdict" is "<last>"
    When I upsert its rollout
    Then the answer is <answer>

    @refuses
    Examples:
      | first | last | time    | windows before | windows after | at                   | answer                                                          |
      | allow | deny | earlier | 2              | 1             | 2026-02-22T16:10:00Z | 409 CONFLICT because partner_liquidity_provider_rollout_blocked |

    @permits
    Examples:
      | first | last  | time    | windows before | windows after | at                   | answer |
      | deny  | allow | earlier | 1              | 2             | 2026-02-22T16:10:00Z | 200    |

  @rollout-needs-allow-verdict @permits
  Scenario Outline: A <status> rollout needs no verdict
    When I upsert its rollout with:
      | /rollout/rollout_status | "<status>" |
    Then the answer is 200
    And the fields are:
      | /rollout/rollout_status  | "<status>" |
      | /rollout/reason_codes    | []         |
      | /rollout/eligibility_ref | null       |

    Examples:
      | status  |
      | paused  |
      | blocked |

  @rollout-needs-allow-verdict @permits
  Scenario: Only the verdict is read, not the tier that it is about
    Given I have evaluated its eligibility with:
      | /eligibility/requested_segment_tier | "S0" |
    And "/eligibility/verdict" is "allow"
    When I upsert its rollout with:
      | /rollout/effective_segment_tier | "S2" |
    Then the answer is 200

  # ---- rollout-needs-no-violations ------------------------------------------------------------------------------

  @rollout-needs-no-violations @refuses
  Scenario: An active rollout is blocked while the provider has 1 unresolved critical violation
    Given I have evaluated its eligibility
    And I have upserted its status with:
      | /status/status                         | "pending_review" |
      | /status/unresolved_critical_violations | 1                |
    And I note its state
    When I upsert its rollout
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And its state is as noted

  @rollout-needs-no-violations @refuses @full
  Scenario: The block by a violation has both reason codes
    Given I have evaluated its eligibility
    And I have upserted its status with:
      | /status/status                         | "pending_review" |
      | /status/unresolved_critical_violations | 1                |
    When I upsert its rollout
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And the fields are:
      | /error/details/provider_id  | "{provider}"                                                                                    |
      | /error/details/reason_codes | ["partner_liquidity_provider_rollout_blocked", "partner_liquidity_provider_downgrade_required"] |

  @rollout-needs-no-violations @permits
  Scenario: An active rollout is recorded once the provider has 0 unresolved critical violations
    Given I have evaluated its eligibility
    And I have upserted its status with:
      | /status/status                         | "pending_review" |
      | /status/unresolved_critical_violations | 1                |
    And I have upserted its status with:
      | /status/status                         | "pending_review" |
      | /status/unresolved_critical_violations | 0                |
    When I upsert its rollout
    Then the answer is 200
    And "/rollout/reason_codes" is []

  @rollout-needs-no-violations @permits
  Scenario Outline: Violations say nothing about a <status> rollout
    Given I have upserted its status with:
      | /status/status                         | "pending_review" |
      | /status/unresolved_critical_violations | 1                |
    When I upsert its rollout with:
      | /rollout/rollout_status | "<status>" |
    Then the answer is 200
    And "/rollout/reason_codes" is []

    Examples:
      | status  |
      | blocked |

  @rollout-needs-no-violations @refuses
  Scenario: Without an evaluation and with violations an active rollout is blocked
    Given I have upserted its status with:
      | /status/status                         | "pending_review" |
      | /status/unresolved_critical_violations | 2                |
    When I upsert its rollout
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked

  @rollout-needs-no-violations @refuses @full
  Scenario: Without an evaluation and with violations each code comes once
    Given I have upserted its status with:
      | /status/status                         | "pending_review" |
      | /status/unresolved_critical_violations | 2                |
    When I upsert its rollout
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And "/error/details/reason_codes" is ["partner_liquidity_provider_rollout_blocked", "partner_liquidity_provider_downgrade_required"]

  @rollout-needs-no-violations @permits
  Scenario: Baselines are no matter of a rollout, so one passes with all three false
    Given I have evaluated its eligibility
    And I get the provider
    And the fields are:
      | /provider/governance/trust_safety_baseline_passed   | false |
      | /provider/governance/reliability_baseline_passed    | false |
      | /provider/governance/audit_conformance_passed       | false |
      | /provider/governance/unresolved_critical_violations | 0     |
    When I upsert its rollout
    Then the answer is 200

  # ---- rollout-needs-provider-in-service ------------------------------------------------------------------------

  @rollout-needs-provider-in-service @refuses
  Scenario: An active rollout is blocked while the provider is offboarded
    Given I have onboarded a provider with:
      | /provider/status | "offboarded" |
    And I have evaluated its eligibility
    And "/eligibility/verdict" is "allow"
    And I note its state
    When I upsert its rollout
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And its state is as noted

  @rollout-needs-provider-in-service @refuses @full
  Scenario: The block of an offboarded provider has its reason codes
    Given I have onboarded a provider with:
      | /provider/status | "offboarded" |
    And I have evaluated its eligibility
    When I upsert its rollout
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And the fields are:
      | /error/details/provider_id  | "{provider}"                                   |
      | /error/details/reason_codes | ["partner_liquidity_provider_rollout_blocked"] |

  @rollout-needs-provider-in-service @permits
  Scenario Outline: An active rollout is recorded while the provider is <status>
    Given I have onboarded a provider with:
      | /provider/status | "<status>" |
    And I have evaluated its eligibility
    When I upsert its rollout
    Then the answer is 200
    And "/rollout/reason_codes" is []

    Examples:
      | status     |
      | active     |
      | restricted |

  @rollout-needs-provider-in-service
  Scenario Outline: A provider that a status upsert made <status> has its active rollout <outcome>
    Given I have evaluated its eligibility
    And I have upserted its status with:
      | /status/status       | "<status>"         |
      | /status/reason_codes | ["contract_ended"] |
    When I upsert its rollout
    Then the answer is <answer>

    @refuses
    Examples:
      | status     | outcome | answer                                                          |
      | offboarded | refused | 409 CONFLICT because partner_liquidity_provider_rollout_blocked |

    @permits
    Examples:
      | status     | outcome  | answer |
      | restricted | recorded | 200    |

  @rollout-needs-provider-in-service @permits
  Scenario Outline: A <status> rollout of an offboarded provider is recorded
    Given I have onboarded a provider with:
      | /provider/status | "offboarded" |
    When I upsert its rollout with:
      | /rollout/rollout_status | "<status>" |
    Then the answer is 200
    And "/rollout/reason_codes" is []

    Examples:
      | status  |
      | blocked |

  # ---- rollout-climbs-one-tier ----------------------------------------------------------------------------------

  @rollout-climbs-one-tier @refuses
  Scenario Outline: An active rollout from <from> to <to> is blocked
    Given I have onboarded a provider with:
      | /provider/segment_tier | "<from>" |
    And I have evaluated its eligibility with:
      | /eligibility/requested_segment_tier | "<from>" |
    And "/eligibility/verdict" is "allow"
    When I upsert its rollout with:
      | /rollout/effective_segment_tier | "<to>"                                                           |
      | /rollout/capability_matrix      | [{"capability": "a", "min_segment_tier": "S0", "enabled": true}] |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked

    Examples: two tiers up, or three
      | from | to |
      | S0   | S2 |
      | S0   | S3 |
      | S1   | S3 |

  @rollout-climbs-one-tier @refuses @full
  Scenario Outline: The block of an active rollout from <from> to <to> has its reason codes
    Given I have onboarded a provider with:
      | /provider/segment_tier | "<from>" |
    And I have evaluated its eligibility with:
      | /eligibility/requested_segment_tier | "<from>" |
    When I upsert its rollout with:
      | /rollout/effective_segment_tier | "<to>"                                                           |
      | /rollout/capability_matrix      | [{"capability": "a", "min_segment_tier": "S0", "enabled": true}] |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And the fields are:
      | /error/details/provider_id  | "{provider}"                                   |
      | /error/details/reason_codes | ["partner_liquidity_provider_rollout_blocked"] |

    Examples: two tiers up, or three
      | from | to |
      | S0   | S2 |
      | S0   | S3 |
      | S1   | S3 |

  @rollout-climbs-one-tier @permits
  Scenario Outline: An active rollout from <from> to <to> is recorded
    Given I have onboarded a provider with:
      | /provider/segment_tier | "<from>" |
    And I have evaluated its eligibility with:
      | /eligibility/requested_segment_tier | "<from>" |
    And "/eligibility/verdict" is "allow"
    When I upsert its rollout with:
      | /rollout/effective_segment_tier | "<to>"                                                           |
      | /rollout/capability_matrix      | [{"capability": "a", "min_segment_tier": "S0", "enabled": true}] |
    Then the answer is 200
    And "/rollout/reason_codes" is []

    Examples: one tier up, none, or any number down
      | from | to |
      | S1   | S2 |
      | S2   | S3 |
      | S1   | S1 |
      | S3   | S0 |

  @rollout-climbs-one-tier @refuses
  Scenario: A rollout that climbs too far moves nothing
    Given I have evaluated its eligibility
    And I note its state
    When I upsert its rollout with:
      | /rollout/effective_segment_tier | "S3" |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And its state is as noted

  @rollout-climbs-one-tier @permits
  Scenario: A tier that a rollout reached is the next one's current tier
    Given I have evaluated its eligibility
    And I have upserted its rollout with:
      | /rollout/effective_segment_tier | "S2" |
    When I upsert its rollout with:
      | /rollout/effective_segment_tier | "S3" |
    Then the answer is 200

  # ---- rollout-row-within-tier ----------------------------------------------------------------------------------

  @rollout-row-within-tier @refuses
  Scenario Outline: An active rollout at <tier> is blocked by a row that is enabled from <row tier> on
    Given I have evaluated its eligibility
    When I upsert its rollout with:
      | /rollout/effective_segment_tier               | "<tier>"     |
      | /rollout/capability_matrix/1/min_segment_tier | "<row tier>" |
      | /rollout/capability_matrix/1/enabled          | true         |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked

    Examples: above the effective tier, whatever tier was allowed
      | tier | row tier |
      | S2   | S3       |
      | S1   | S2       |

  @rollout-row-within-tier @refuses @full
  Scenario Outline: The block at <tier> by a row that is enabled from <row tier> on has its reason codes
    Given I have evaluated its eligibility
    When I upsert its rollout with:
      | /rollout/effective_segment_tier               | "<tier>"     |
      | /rollout/capability_matrix/1/min_segment_tier | "<row tier>" |
      | /rollout/capability_matrix/1/enabled          | true         |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And "/error/details/reason_codes" is ["partner_liquidity_provider_rollout_blocked"]

    Examples: above the effective tier, whatever tier was allowed
      | tier | row tier |
      | S2   | S3       |
      | S1   | S2       |

  @rollout-row-within-tier @permits
  Scenario Outline: An active rollout at <tier> is recorded with a row from <row tier> on, enabled <enabled>
    Given I have evaluated its eligibility
    When I upsert its rollout with:
      | /rollout/effective_segment_tier               | "<tier>"     |
      | /rollout/capability_matrix/1/min_segment_tier | "<row tier>" |
      | /rollout/capability_matrix/1/enabled          | <enabled>    |
    Then the answer is 200
    And "/rollout/reason_codes" is []

    Examples: at the effective tier or below, or above it and not enabled
      | tier | row tier | enabled |
      | S2   | S2       | true    |
      | S2   | S3       | false   |
      | S1   | S1       | true    |

  @rollout-row-within-tier @refuses
  Scenario: Several rows above the tier block the rollout, and nothing changes
    Given I have evaluated its eligibility
    And I note its state
    When I upsert its rollout with:
      | /rollout/effective_segment_tier      | "S0" |
      | /rollout/capability_matrix/2/enabled | true |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And its state is as noted

  @rollout-row-within-tier @refuses @full
  Scenario: Several rows above the tier give the code once, and nothing changes
    Given I have evaluated its eligibility
    And I note its state
    When I upsert its rollout with:
      | /rollout/effective_segment_tier      | "S0" |
      | /rollout/capability_matrix/2/enabled | true |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And the fields are:
      | /error/details/provider_id  | "{provider}"                                   |
      | /error/details/reason_codes | ["partner_liquidity_provider_rollout_blocked"] |
    And its state is as noted

  # ---- rollout-active-unblocked ---------------------------------------------------------------------------------

  @rollout-active-unblocked @refuses
  Scenario Outline: An active rollout is refused when the caller itself gives the reason codes <own>
    Given I have evaluated its eligibility
    When I upsert its rollout with:
      | /rollout/reason_codes | <own> |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked

    Examples:
      | own                                                          |
      | ["partner_liquidity_provider_rollout_blocked"]               |
      | ["calm_start", "partner_liquidity_provider_rollout_blocked"] |

  @rollout-active-unblocked @refuses @full
  Scenario Outline: The refusal has the caller's own reason codes <own>
    Given I have evaluated its eligibility
    When I upsert its rollout with:
      | /rollout/reason_codes | <own> |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And "/error/details/reason_codes" is <own>

    Examples:
      | own                                                          |
      | ["partner_liquidity_provider_rollout_blocked"]               |
      | ["calm_start", "partner_liquidity_provider_rollout_blocked"] |

  @rollout-active-unblocked @permits
  Scenario Outline: An active rollout is recorded when the caller gives the reason codes <own>
    Given I have evaluated its eligibility
    When I upsert its rollout with:
      | /rollout/reason_codes | <own> |
    Then the answer is 200
    And the fields are:
      | /rollout/rollout_status | "active" |
      | /rollout/reason_codes   | <own>    |

    Examples: only the one code blocks, and only as it is spelled
      | own                                               |
      | ["partner_liquidity_provider_downgrade_required"] |
      | ["Partner_Liquidity_Provider_Rollout_Blocked"]    |
      | ["rollout_blocked"]                               |

  @rollout-active-unblocked @permits
  Scenario Outline: A <status> rollout is recorded with the caller's own rollout_blocked
    Given I have evaluated its eligibility
    When I upsert its rollout with:
      | /rollout/rollout_status | "<status>"                                     |
      | /rollout/reason_codes   | ["partner_liquidity_provider_rollout_blocked"] |
    Then the answer is 200
    And the fields are:
      | /rollout/rollout_status | "<status>"                                     |
      | /rollout/reason_codes   | ["partner_liquidity_provider_rollout_blocked"] |

    Examples:
      | status  |
      | paused  |
      | blocked |

  @rollout-active-unblocked @refuses @full
  Scenario Outline: The full list of codes begins with the caller's <own>, then those of the rules, each once
    Given I have upserted its status with:
      | /status/status                         | "pending_review" |
      | /status/unresolved_critical_violations | 1                |
    When I upsert its rollout with:
      | /rollout/effective_segment_tier | "S3"  |
      | /rollout/reason_codes           | <own> |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And "/error/details/reason_codes" is <all>

    Examples:
      | own                                                             | all                                                                                                           |
      | ["zeal", "calm_start"]                                          | ["zeal", "calm_start", "partner_liquidity_provider_rollout_blocked", "partner_liquidity_provider_downgrade_required"] |
      | ["partner_liquidity_provider_rollout_blocked", "zeal"]          | ["partner_liquidity_provider_rollout_blocked", "zeal", "partner_liquidity_provider_downgrade_required"]       |
      | ["partner_liquidity_provider_downgrade_required", "calm_start"] | ["partner_liquidity_provider_downgrade_required", "calm_start", "partner_liquidity_provider_rollout_blocked"] |

  @rollout-active-unblocked @refuses
  Scenario: The refusal of a rollout is kept when the rollout passes by now
    Given I upsert its rollout with:
      | header Idempotency-Key | {unique} |
    And the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And I remember the answer as "refusal"
    And I have evaluated its eligibility
    And I have upserted its rollout
    And "/rollout/rollout_version" is 1
    And I note its state
    When I upsert its rollout with:
      | header Idempotency-Key | {unique} |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And the answer is the same as "refusal"
    And its state is as noted

  @rollout-active-unblocked @refuses @full
  Scenario: The refusal of a rollout is stored, so its key stays refused when the rollout passes by now
    Given I upsert its rollout with:
      | header Idempotency-Key | {unique} |
    And the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And I remember the answer as "refusal"
    And I have evaluated its eligibility
    And I have upserted its rollout
    And "/rollout/rollout_version" is 1
    And I note its state
    When I upsert its rollout with:
      | header Idempotency-Key | {unique} |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And the answer is byte for byte "refusal"
    And the header "Idempotent-Replayed" is "true"
    And its state is as noted

  # ---- rollout-derives-capabilities -----------------------------------------------------------------------------

  @rollout-derives-capabilities
  Scenario: The answer is the whole policy
    Given I have evaluated its eligibility with:
      | /recorded_at | "2026-02-22T16:20:00Z" |
    And I remember "/eligibility/evaluation_id" as "evaluation"
    When I upsert its rollout with:
      | /rollout/reason_codes | ["calm_start"]         |
      | /recorded_at          | "2026-02-22T16:25:00Z" |
    Then the answer is 200
    And the fields are:
      | /provider_id                                   | "{provider}"                                                              |
      | /rollout/provider_id                           | "{provider}"                                                              |
      | /rollout/rollout_version                       | 1                                                                         |
      | /rollout/rollout_status                        | "active"                                                                  |
      | /rollout/effective_segment_tier                | "S2"                                                                      |
      | /rollout/capability_matrix/0/capability        | "listing_publish"                                                         |
      | /rollout/capability_matrix/0/min_segment_tier  | "S1"                                                                      |
      | /rollout/capability_matrix/0/requested_enabled | true                                                                      |
      | /rollout/capability_matrix/0/effective_enabled | true                                                                      |
      | /rollout/capability_matrix/1/capability        | "proposal_auto_accept"                                                    |
      | /rollout/capability_matrix/1/min_segment_tier  | "S2"                                                                      |
      | /rollout/capability_matrix/1/requested_enabled | true                                                                      |
      | /rollout/capability_matrix/1/effective_enabled | true                                                                      |
      | /rollout/capability_matrix/2/capability        | "settlement_execute"                                                      |
      | /rollout/capability_matrix/2/min_segment_tier  | "S3"                                                                      |
      | /rollout/capability_matrix/2/requested_enabled | false                                                                     |
      | /rollout/capability_matrix/2/effective_enabled | false                                                                     |
      | /rollout/capability_matrix/3                   | absent                                                                    |
      | /rollout/reason_codes                          | ["calm_start"]                                                            |
      | /rollout/eligibility_ref/evaluation_id         | "{evaluation}"                                                            |
      | /rollout/eligibility_ref/verdict               | "allow"                                                                   |
      | /rollout/capabilities_hash                     | "sha256:402eda62fc14362edccdf7a1e5568c443c7c8036b4219d9939104c7365a4a4d7" |
      | /rollout/updated_by/type                       | "partner"                                                                 |
      | /rollout/updated_by/id                         | "{me}"                                                                    |
    And the times are:
      | /rollout/eligibility_ref/evaluated_at | 2026-02-22T16:20:00.000Z |
      | /rollout/updated_at                   | 2026-02-22T16:25:00.000Z |

  @rollout-derives-capabilities
  Scenario Outline: At <tier> a row from <row tier> on with enabled <requested> is effective: <effective>
    When I upsert its rollout with:
      | /rollout/rollout_status         | "paused"                                                                        |
      | /rollout/effective_segment_tier | "<tier>"                                                                        |
      | /rollout/capability_matrix      | [{"capability": "a", "min_segment_tier": "<row tier>", "enabled": <requested>}] |
    Then the answer is 200
    And the fields are:
      | /rollout/capability_matrix/0/requested_enabled | <requested> |
      | /rollout/capability_matrix/0/effective_enabled | <effective> |

    Examples: only what was requested, and only within the tier
      | tier | row tier | requested | effective |
      | S1   | S0       | true      | true      |
      | S1   | S1       | true      | true      |
      | S1   | S2       | true      | false     |
      | S1   | S0       | false     | false     |
      | S3   | S3       | true      | true      |

  @rollout-derives-capabilities
  Scenario: Rows are sorted by capability and then by tier, whatever their order in the request
    When I upsert its rollout with:
      | /rollout/rollout_status      | "paused"                                                        |
      | /rollout/capability_matrix   | []                                                              |
      | /rollout/capability_matrix/- | {"capability": "b", "min_segment_tier": "S0", "enabled": true}  |
      | /rollout/capability_matrix/- | {"capability": "a", "min_segment_tier": "S3", "enabled": false} |
      | /rollout/capability_matrix/- | {"capability": "a", "min_segment_tier": "S0", "enabled": false} |
      | /rollout/capability_matrix/- | {"capability": "a", "min_segment_tier": "S2", "enabled": true}  |
    Then the answer is 200
    And the fields are:
      | /rollout/capability_matrix/0/capability        | "a"    |
      | /rollout/capability_matrix/0/min_segment_tier  | "S0"   |
      | /rollout/capability_matrix/0/requested_enabled | false  |
      | /rollout/capability_matrix/0/effective_enabled | false  |
      | /rollout/capability_matrix/1/capability        | "a"    |
      | /rollout/capability_matrix/1/min_segment_tier  | "S2"   |
      | /rollout/capability_matrix/1/requested_enabled | true   |
      | /rollout/capability_matrix/1/effective_enabled | true   |
      | /rollout/capability_matrix/2/capability        | "a"    |
      | /rollout/capability_matrix/2/min_segment_tier  | "S3"   |
      | /rollout/capability_matrix/2/requested_enabled | false  |
      | /rollout/capability_matrix/2/effective_enabled | false  |
      | /rollout/capability_matrix/3/capability        | "b"    |
      | /rollout/capability_matrix/3/min_segment_tier  | "S0"   |
      | /rollout/capability_matrix/3/requested_enabled | true   |
      | /rollout/capability_matrix/3/effective_enabled | true   |
      | /rollout/capability_matrix/4                   | absent |

  @rollout-derives-capabilities @full
  Scenario: Capabilities are sorted by code point, not by alphabet and not by UTF-16 unit
    When I upsert its rollout with:
      | /rollout/rollout_status      | "paused"                                                         |
      | /rollout/capability_matrix   | []                                                               |
      | /rollout/capability_matrix/- | {"capability": "😀", "min_segment_tier": "S1", "enabled": true}   |
      | /rollout/capability_matrix/- | {"capability": "ﬀ", "min_segment_tier": "S1", "enabled": true}   |
      | /rollout/capability_matrix/- | {"capability": "ä", "min_segment_tier": "S1", "enabled": true}   |
      | /rollout/capability_matrix/- | {"capability": "a_b", "min_segment_tier": "S1", "enabled": true} |
      | /rollout/capability_matrix/- | {"capability": "a", "min_segment_tier": "S1", "enabled": true}   |
      | /rollout/capability_matrix/- | {"capability": "a9", "min_segment_tier": "S1", "enabled": true}  |
      | /rollout/capability_matrix/- | {"capability": "B", "min_segment_tier": "S1", "enabled": true}   |
    Then the answer is 200
    And the fields are:
      | /rollout/capability_matrix/0/capability | "B"   |
      | /rollout/capability_matrix/1/capability | "a"   |
      | /rollout/capability_matrix/2/capability | "a9"  |
      | /rollout/capability_matrix/3/capability | "a_b" |
      | /rollout/capability_matrix/4/capability | "ä"   |
      | /rollout/capability_matrix/5/capability | "ﬀ"   |
      | /rollout/capability_matrix/6/capability | "😀"   |

  @rollout-derives-capabilities
  Scenario Outline: A matrix with <flaw> is refused
    When I upsert its rollout with:
      | /rollout/rollout_status    | "paused" |
      | /rollout/capability_matrix | <rows>   |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid

    Examples:
      | flaw                | rows                                                             |
      | no row              | []                                                               |
      | a tier that is none | [{"capability": "a", "min_segment_tier": "S4", "enabled": true}] |

  @rollout-derives-capabilities @full
  Scenario Outline: A matrix is refused with <flaw>
    When I upsert its rollout with:
      | /rollout/rollout_status    | "paused" |
      | /rollout/capability_matrix | <rows>   |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations/0/instance_path" is "<where>"

    Examples:
      | flaw                  | rows                                                             | where                                         |
      | no row                | []                                                               | /rollout/capability_matrix                    |
      | a nameless capability | [{"capability": "", "min_segment_tier": "S1", "enabled": true}]  | /rollout/capability_matrix/0/capability       |
      | a tier that is none   | [{"capability": "a", "min_segment_tier": "S4", "enabled": true}] | /rollout/capability_matrix/0/min_segment_tier |

  # ---- rollout-hashes-capabilities ------------------------------------------------------------------------------

  @rollout-hashes-capabilities
  Scenario: The contract's check value
    Given I have evaluated its eligibility
    When I upsert its rollout with:
      | /rollout/effective_segment_tier | "S2"                                                                              |
      | /rollout/capability_matrix      | []                                                                                |
      | /rollout/capability_matrix/-    | {"capability": "listing_publish", "min_segment_tier": "S1", "enabled": true}      |
      | /rollout/capability_matrix/-    | {"capability": "proposal_auto_accept", "min_segment_tier": "S2", "enabled": true} |
      | /rollout/capability_matrix/-    | {"capability": "settlement_execute", "min_segment_tier": "S3", "enabled": false}  |
    Then the answer is 200
    And "/rollout/capabilities_hash" is "sha256:402eda62fc14362edccdf7a1e5568c443c7c8036b4219d9939104c7365a4a4d7"

  @rollout-hashes-capabilities
  Scenario: The order of the rows in the request does not move the hash
    Given I have evaluated its eligibility
    When I upsert its rollout with:
      | /rollout/effective_segment_tier | "S2"                                                                              |
      | /rollout/capability_matrix      | []                                                                                |
      | /rollout/capability_matrix/-    | {"capability": "settlement_execute", "min_segment_tier": "S3", "enabled": false}  |
      | /rollout/capability_matrix/-    | {"capability": "proposal_auto_accept", "min_segment_tier": "S2", "enabled": true} |
      | /rollout/capability_matrix/-    | {"capability": "listing_publish", "min_segment_tier": "S1", "enabled": true}      |
    Then the answer is 200
    And "/rollout/capabilities_hash" is "sha256:402eda62fc14362edccdf7a1e5568c443c7c8036b4219d9939104c7365a4a4d7"

  @rollout-hashes-capabilities
  Scenario Outline: The same rows at <tier> have another hash, for it covers what is effective
    When I upsert its rollout with:
      | /rollout/rollout_status         | "paused" |
      | /rollout/effective_segment_tier | "<tier>" |
    Then the answer is 200
    And "/rollout/capabilities_hash" is "<hash>"

    Examples: values that another tool computed
      | tier | hash                                                                    |
      | S1   | sha256:4541f92033d7a1d931d068b55b0d48dbaad25e8c96e15de0ce87d568c988e77f |
      | S0   | sha256:d5159205826357d32560232aeae4e067eafe2ee019b2515ea4d9414fd5412051 |

  @rollout-hashes-capabilities @full
  Scenario: The hash of rows beyond ASCII is that of their canonical form
    When I upsert its rollout with:
      | /rollout/rollout_status      | "paused"                                                        |
      | /rollout/capability_matrix   | []                                                              |
      | /rollout/capability_matrix/- | {"capability": "😀", "min_segment_tier": "S2", "enabled": true}  |
      | /rollout/capability_matrix/- | {"capability": "ﬀ", "min_segment_tier": "S1", "enabled": false} |
      | /rollout/capability_matrix/- | {"capability": "ä", "min_segment_tier": "S1", "enabled": true}  |
      | /rollout/capability_matrix/- | {"capability": "a", "min_segment_tier": "S0", "enabled": true}  |
      | /rollout/capability_matrix/- | {"capability": "B", "min_segment_tier": "S1", "enabled": true}  |
    Then the answer is 200
    And "/rollout/capabilities_hash" is "sha256:d64baec8930ff21d7b6177f13457c6a9b7e15b16d83cd70d149276a7d8407fd7"

  @rollout-hashes-capabilities
  Scenario: Anyone can recompute the hash from the rows of the answer
    When I upsert its rollout with:
      | /rollout/rollout_status                 | "blocked"  |
      | /rollout/capability_matrix/0/capability | "{unique}" |
    Then the answer is 200
    And "/rollout/capabilities_hash" is "sha256:" and the SHA-256 of canonical "/rollout/capability_matrix"

  @rollout-hashes-capabilities
  Scenario: The hash covers the rows alone, so the status and the version do not move it
    Given I have evaluated its eligibility
    And I have upserted its rollout
    And I remember "/rollout/capabilities_hash" as "hash"
    When I upsert its rollout with:
      | /rollout/rollout_status | "paused"        |
      | /rollout/reason_codes   | ["lunch_break"] |
    Then the answer is 200
    And the fields are:
      | /rollout/rollout_version   | 2        |
      | /rollout/capabilities_hash | "{hash}" |

  # ---- rollout-counts-versions ----------------------------------------------------------------------------------

  @rollout-counts-versions
  Scenario: Versions count 1, 2, 3, whatever the status of the rollout
    Given I have evaluated its eligibility
    And I have upserted its rollout with:
      | /rollout/rollout_status | "active" |
    And "/rollout/rollout_version" is 1
    And I have upserted its rollout with:
      | /rollout/rollout_status | "paused" |
    And "/rollout/rollout_version" is 2
    When I upsert its rollout with:
      | /rollout/rollout_status | "blocked" |
    Then "/rollout/rollout_version" is 3
    When I get the provider
    Then the fields are:
      | /provider/rollout/rollout_version            | 3         |
      | /provider/rollout/rollout_status             | "blocked" |
      | /provider/rollout_policy_ref/rollout_version | 3         |

  @rollout-counts-versions
  Scenario: A refused rollout uses up no version
    Given I have upserted its rollout with:
      | /rollout/rollout_status | "paused" |
    And I upsert its rollout with:
      | /rollout/rollout_status | "active" |
    And the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And I upsert its rollout with:
      | /rollout/capability_matrix | [] |
    And the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    When I upsert its rollout with:
      | /rollout/rollout_status | "paused" |
    Then "/rollout/rollout_version" is 2

  @rollout-counts-versions
  Scenario: A rollout that is sent again uses up no version
    Given I have upserted its rollout with:
      | /rollout/rollout_status | "paused" |
    And I repeat the call
    And "/rollout/rollout_version" is 1
    When I upsert its rollout with:
      | /rollout/rollout_status | "paused" |
    Then "/rollout/rollout_version" is 2

  @rollout-counts-versions @full
  Scenario: A replayed rollout uses up no version
    Given I have upserted its rollout with:
      | /rollout/rollout_status | "paused" |
    And I repeat the call
    And the header "Idempotent-Replayed" is "true"
    And "/rollout/rollout_version" is 1
    When I upsert its rollout with:
      | /rollout/rollout_status | "paused" |
    Then "/rollout/rollout_version" is 2

  @rollout-counts-versions
  Scenario: Each provider has versions of its own
    Given I have upserted its rollout with:
      | /rollout/rollout_status | "paused" |
    And I have onboarded a provider
    When I upsert its rollout with:
      | /rollout/rollout_status | "paused" |
    Then "/rollout/rollout_version" is 1

  @rollout-counts-versions
  Scenario: The last rollout to arrive is in force, although its time is earlier
    Given I have upserted its rollout with:
      | /rollout/rollout_status | "paused"               |
      | /recorded_at            | "2026-02-22T16:40:00Z" |
    When I upsert its rollout with:
      | /rollout/rollout_status | "blocked"              |
      | /recorded_at            | "2026-02-22T16:10:00Z" |
    Then "/rollout/rollout_version" is 2
    When I get the provider
    Then the fields are:
      | /provider/rollout/rollout_version | 2         |
      | /provider/rollout/rollout_status  | "blocked" |
    And the times are:
      | /provider/rollout/updated_at | 2026-02-22T16:10:00.000Z |
      | /provider/updated_at         | 2026-02-22T16:10:00.000Z |

  # ---- rollout-moves-provider -----------------------------------------------------------------------------------

  @rollout-moves-provider
  Scenario Outline: A <rollout> rollout makes a provider that is <before> <after>
    Given I have onboarded a provider with:
      | /provider/status | "<before>" |
    And I have evaluated its eligibility
    When I upsert its rollout with:
      | /rollout/rollout_status | "<rollout>" |
    Then the answer is 200
    When I get the provider
    Then the fields are:
      | /provider/status       | "<after>" |
      | /provider/segment_tier | "S2"      |

    Examples: active makes active
      | rollout | before     | after  |
      | active  | active     | active |
      | active  | restricted | active |

    Examples: blocked makes restricted, even what was offboarded
      | rollout | before         | after      |
      | blocked | pending_review | restricted |
      | blocked | active         | restricted |
      | blocked | offboarded     | restricted |

    Examples: paused leaves the status
      | rollout | before     | after      |
      | paused  | active     | active     |
      | paused  | restricted | restricted |
      | paused  | offboarded | offboarded |

  @rollout-moves-provider
  Scenario Outline: A <rollout> rollout moves the provider two tiers up or three down, to <to>
    Given I have onboarded a provider with:
      | /provider/segment_tier | "<from>" |
    When I upsert its rollout with:
      | /rollout/rollout_status         | "<rollout>" |
      | /rollout/effective_segment_tier | "<to>"      |
    Then the answer is 200
    When I get the provider
    Then the fields are:
      | /provider/segment_tier                              | "<to>" |
      | /provider/rollout_policy_ref/effective_segment_tier | "<to>" |

    Examples:
      | rollout | from | to |
      | paused  | S0   | S2 |
      | paused  | S3   | S0 |

  @rollout-moves-provider
  Scenario: What is not about tier and status stays
    Given I have upserted its status with:
      | /status/status                      | "restricted"     |
      | /status/reliability_baseline_passed | false            |
      | /status/reason_codes                | ["audit_lapsed"] |
    And I have evaluated its eligibility
    And I remember "/eligibility" as "evaluation"
    When I upsert its rollout with:
      | /recorded_at | "2026-02-22T16:25:10.999Z" |
    Then the answer is 200
    And "/rollout/updated_at" is the time "2026-02-22T16:25:10.999Z"
    When I get the provider
    Then the fields are:
      | /provider/status                                    | "active"     |
      | /provider/segment_tier                              | "S2"         |
      | /provider/governance/trust_safety_baseline_passed   | true         |
      | /provider/governance/reliability_baseline_passed    | false        |
      | /provider/governance/audit_conformance_passed       | true         |
      | /provider/governance/unresolved_critical_violations | 0            |
      | /provider/last_eligibility                          | {evaluation} |
    And the times are:
      | /provider/created_at | 2026-02-22T16:00:00.000Z |
      | /provider/updated_at | 2026-02-22T16:25:10.999Z |

  @rollout-moves-provider @full
  Scenario: What is not about tier and status stays, and updated_at moves
    Given I have upserted its status with:
      | /status/status                      | "restricted"     |
      | /status/reliability_baseline_passed | false            |
      | /status/reason_codes                | ["audit_lapsed"] |
    And I have evaluated its eligibility
    And I remember "/eligibility" as "evaluation"
    When I upsert its rollout with:
      | /recorded_at | "2026-02-22T18:25:10.9999+02:00" |
    Then the answer is 200
    And "/rollout/updated_at" is "2026-02-22T16:25:10.999Z"
    When I get the provider
    Then the fields are:
      | /provider/status                                    | "active"                   |
      | /provider/segment_tier                              | "S2"                       |
      | /provider/governance/trust_safety_baseline_passed   | true                       |
      | /provider/governance/reliability_baseline_passed    | false                      |
      | /provider/governance/audit_conformance_passed       | true                       |
      | /provider/governance/unresolved_critical_violations | 0                          |
      | /provider/last_eligibility                          | {evaluation}               |
      | /provider/created_at                                | "2026-02-22T16:00:00.000Z" |
      | /provider/updated_at                                | "2026-02-22T16:25:10.999Z" |

  @rollout-moves-provider @needs:test-clock
  Scenario: A rollout without a time of its own is dated now
    When I upsert its rollout with:
      | /rollout/rollout_status | "paused"                 |
      | header X-Now-Iso        | 2026-02-22T16:31:32.033Z |
    Then the answer is 200
    And "/rollout/updated_at" is the time "2026-02-22T16:31:32.033Z"
    When I get the provider
    Then "/provider/updated_at" is the time "2026-02-22T16:31:32.033Z"

  @rollout-moves-provider
  Scenario: Get shows the whole policy and refers to it
    Given I have evaluated its eligibility
    And I get the provider
    And the fields are:
      | /provider/rollout_policy_ref | absent |
      | /provider/rollout            | absent |
    And I have upserted its rollout
    And I remember "/rollout" as "policy"
    When I get the provider
    Then the fields are:
      | /provider/rollout                                   | {policy}                                                                  |
      | /provider/rollout_policy_ref/rollout_version        | 1                                                                         |
      | /provider/rollout_policy_ref/rollout_status         | "active"                                                                  |
      | /provider/rollout_policy_ref/effective_segment_tier | "S2"                                                                      |
      | /provider/rollout_policy_ref/capabilities_hash      | "sha256:402eda62fc14362edccdf7a1e5568c443c7c8036b4219d9939104c7365a4a4d7" |

  # ---- rollout-refers-to-evaluation -----------------------------------------------------------------------------

  @rollout-refers-to-evaluation
  Scenario: Without an evaluation the reference is null
    When I upsert its rollout with:
      | /rollout/rollout_status | "paused" |
    Then the answer is 200
    And "/rollout/eligibility_ref" is null
    When I get the provider
    Then "/provider/rollout/eligibility_ref" is null

  @rollout-refers-to-evaluation
  Scenario Outline: The reference is to the evaluation, be its verdict <verdict>
    Given I have evaluated its eligibility with:
      | /eligibility/remediation_closed | <closed>               |
      | /recorded_at                    | "2026-02-22T16:20:00Z" |
    And I remember "/eligibility/evaluation_id" as "evaluation"
    When I upsert its rollout with:
      | /rollout/rollout_status | "paused"               |
      | /recorded_at            | "2026-02-22T16:25:00Z" |
    Then the answer is 200
    And the fields are:
      | /rollout/eligibility_ref/evaluation_id | "{evaluation}" |
      | /rollout/eligibility_ref/verdict       | "<verdict>"    |
    And "/rollout/eligibility_ref/evaluated_at" is the time "2026-02-22T16:20:00.000Z"

    Examples:
      | verdict | closed |
      | allow   | true   |
      | deny    | false  |

  @rollout-refers-to-evaluation
  Scenario: The reference is to the last evaluation before the rollout, and a later one leaves it
    Given I have evaluated its eligibility with:
      | /recorded_at | "2026-02-22T16:20:00Z" |
    And I have evaluated its eligibility with:
      | /recorded_at | "2026-02-22T16:10:00Z" |
    And I remember "/eligibility/evaluation_id" as "second"
    And I have upserted its rollout
    And "/rollout/eligibility_ref/evaluation_id" is "{second}"
    When I evaluate its eligibility with:
      | /recorded_at | "2026-02-22T16:30:00Z" |
    Then the answer is 200
    When I get the provider
    Then the fields are:
      | /provider/rollout/eligibility_ref/evaluation_id | "{second}" |
    And the times are:
      | /provider/rollout/eligibility_ref/evaluated_at | 2026-02-22T16:10:00.000Z |
      | /provider/last_eligibility/evaluated_at        | 2026-02-22T16:30:00.000Z |

  # ---- rollout-records-its-reasons ------------------------------------------------------------------------------

  @rollout-records-its-reasons
  Scenario Outline: A <status> rollout at <tier> with a row enabled from <row tier> on is recorded with rollout_blocked
    When I upsert its rollout with:
      | /rollout/rollout_status                       | "<status>"   |
      | /rollout/effective_segment_tier               | "<tier>"     |
      | /rollout/capability_matrix/1/min_segment_tier | "<row tier>" |
    Then the answer is 200
    And the fields are:
      | /rollout/rollout_status         | "<status>"                                     |
      | /rollout/effective_segment_tier | "<tier>"                                       |
      | /rollout/reason_codes           | ["partner_liquidity_provider_rollout_blocked"] |

    Examples: a climb of two tiers
      | status  | tier | row tier |
      | paused  | S3   | S1       |

    Examples: a row above the tier
      | status  | tier | row tier |
      | blocked | S1   | S2       |

  @rollout-records-its-reasons
  Scenario Outline: A <status> rollout one tier up with every row within its tier is recorded without a code
    When I upsert its rollout with:
      | /rollout/rollout_status         | "<status>" |
      | /rollout/effective_segment_tier | "S2"       |
    Then the answer is 200
    And "/rollout/reason_codes" is []

    Examples:
      | status  |
      | blocked |

  @rollout-records-its-reasons
  Scenario: A paused rollout is not asked for a verdict, for violations or for the provider's service
    Given I have upserted its status with:
      | /status/status                         | "offboarded"       |
      | /status/unresolved_critical_violations | 5                  |
      | /status/reason_codes                   | ["contract_ended"] |
    And I have evaluated its eligibility with:
      | /eligibility/unresolved_critical_violations | 5 |
    And "/eligibility/verdict" is "deny"
    When I upsert its rollout with:
      | /rollout/rollout_status | "paused" |
    Then the answer is 200
    And "/rollout/reason_codes" is []

  @rollout-records-its-reasons
  Scenario Outline: The request's reasons <own> come first, then rollout_blocked unless it stands there
    When I upsert its rollout with:
      | /rollout/rollout_status         | "paused" |
      | /rollout/effective_segment_tier | "S3"     |
      | /rollout/reason_codes           | <own>    |
    Then the answer is 200
    And "/rollout/reason_codes" is <all>

    Examples:
      | own                                                          | all                                                                  |
      | []                                                           | ["partner_liquidity_provider_rollout_blocked"]                       |
      | ["zeal", "calm_start"]                                       | ["zeal", "calm_start", "partner_liquidity_provider_rollout_blocked"] |
      | ["partner_liquidity_provider_rollout_blocked", "calm_start"] | ["partner_liquidity_provider_rollout_blocked", "calm_start"]         |

  @rollout-records-its-reasons
  Scenario: The audit has the final reason codes, and the whole policy as its details
    Given I have upserted its rollout with:
      | /rollout/rollout_status         | "blocked"              |
      | /rollout/effective_segment_tier | "S3"                   |
      | /rollout/reason_codes           | ["calm_start"]         |
      | /recorded_at                    | "2026-02-22T16:25:00Z" |
    And I remember "/rollout" as "policy"
    When I export its audit with:
      | query event_type     | rollout_upserted |
      | query retention_days | 3650             |
    Then "/export/entries" has 1 items
    And the fields are:
      | /export/entries/0/provider_id  | "{provider}"                                                 |
      | /export/entries/0/event_type   | "rollout_upserted"                                           |
      | /export/entries/0/actor/type   | "partner"                                                    |
      | /export/entries/0/actor/id     | "{me}"                                                       |
      | /export/entries/0/reason_codes | ["calm_start", "partner_liquidity_provider_rollout_blocked"] |
      | /export/entries/0/details      | {policy}                                                     |
    And "/export/entries/0/recorded_at" is the time "2026-02-22T16:25:00.000Z"

  @rollout-records-its-reasons
  Scenario: Without any reason the list is empty, in the answer and in the audit
    Given I have evaluated its eligibility
    And I have upserted its rollout with:
      | /rollout/reason_codes | absent |
    And "/rollout/reason_codes" is []
    When I export its audit with:
      | query event_type     | rollout_upserted |
      | query retention_days | 3650             |
    Then the fields are:
      | /export/entries/0/reason_codes         | [] |
      | /export/entries/0/details/reason_codes | [] |
