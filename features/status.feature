Feature: Status upsert, the downgrade gate
  A status upsert replaces a provider's status, tier and governance in one step. It is a gate: nobody is made
  active while a baseline control fails or a critical violation is open, and nobody is restricted or offboarded
  without a reason. The gate reads the request alone, and it guards this operation alone.

  The default request makes a provider active at S1, with every baseline passed, no violation and no reason code.
  A scenario names what it changes.

  Background:
    Given I have onboarded a provider with:
      | /recorded_at | "2026-02-22T16:00:00Z" |

  # ---- status-active-needs-baselines ----------------------------------------------------------------------------

  @status-active-needs-baselines @refuses
  Scenario Outline: Active is refused with baselines trust <trust>, reliability <reliability>, audit <audit>
    When I upsert its status with:
      | /status/status                       | "active"      |
      | /status/trust_safety_baseline_passed | <trust>       |
      | /status/reliability_baseline_passed  | <reliability> |
      | /status/audit_conformance_passed     | <audit>       |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_downgrade_required

    Examples: one fails, or all of them
      | trust | reliability | audit |
      | false | true        | true  |
      | true  | false       | true  |
      | true  | true        | false |
      | false | false       | false |

  @status-active-needs-baselines @refuses @full
  Scenario Outline: The refusal of active names the provider, with baselines trust <trust>, reliability <reliability>, audit <audit>
    When I upsert its status with:
      | /status/status                       | "active"      |
      | /status/trust_safety_baseline_passed | <trust>       |
      | /status/reliability_baseline_passed  | <reliability> |
      | /status/audit_conformance_passed     | <audit>       |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_downgrade_required
    And "/error/details/provider_id" is "{provider}"
    And "/error/details/violations" is absent

    Examples: one fails, or all of them
      | trust | reliability | audit |
      | false | true        | true  |
      | true  | false       | true  |
      | true  | true        | false |
      | false | false       | false |

  @status-active-needs-baselines @permits
  Scenario: Active is recorded with all three baselines passed
    When I upsert its status with:
      | /status/status                       | "active" |
      | /status/trust_safety_baseline_passed | true     |
      | /status/reliability_baseline_passed  | true     |
      | /status/audit_conformance_passed     | true     |
    Then the answer is 200
    And "/status/status" is "active"

  @status-active-needs-baselines @permits
  Scenario Outline: A failing baseline does not bar <status>
    When I upsert its status with:
      | /status/status                       | "<status>"       |
      | /status/trust_safety_baseline_passed | <trust>          |
      | /status/reliability_baseline_passed  | <reliability>    |
      | /status/audit_conformance_passed     | <audit>          |
      | /status/reason_codes                 | ["audit_lapsed"] |
    Then the answer is 200
    And the fields are:
      | /status/status                       | "<status>"    |
      | /status/trust_safety_baseline_passed | <trust>       |
      | /status/reliability_baseline_passed  | <reliability> |
      | /status/audit_conformance_passed     | <audit>       |

    Examples:
      | status         | trust | reliability | audit |
      | pending_review | false | true        | true  |
      | restricted     | true  | false       | true  |
      | offboarded     | true  | true        | false |

  @status-active-needs-baselines @refuses
  Scenario: A reason code does not open the gate
    When I upsert its status with:
      | /status/audit_conformance_passed | false                   |
      | /status/reason_codes             | ["approved_by_support"] |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_downgrade_required

  @status-active-needs-baselines @refuses
  Scenario: Baselines that the provider has do not stand in for those of the request
    Given I have upserted its status
    And I note its state
    When I upsert its status with:
      | /status/reliability_baseline_passed | false |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_downgrade_required
    And its state is as noted

  @status-active-needs-baselines @permits
  Scenario: Baselines that failed before do not bar a request in which they pass
    Given I have upserted its status with:
      | /status/status                         | "pending_review" |
      | /status/trust_safety_baseline_passed   | false            |
      | /status/reliability_baseline_passed    | false            |
      | /status/audit_conformance_passed       | false            |
      | /status/unresolved_critical_violations | 3                |
    When I upsert its status
    Then the answer is 200
    And "/status/status" is "active"

  @status-active-needs-baselines @permits
  Scenario: The gate guards status upsert alone, so an onboarding as active passes with every baseline false
    When I onboard a provider with:
      | /provider/status | "active" |
    Then the answer is 200
    And the fields are:
      | /provider/status                                  | "active" |
      | /provider/governance/trust_safety_baseline_passed | false    |
      | /provider/governance/reliability_baseline_passed  | false    |
      | /provider/governance/audit_conformance_passed     | false    |

  # ---- status-active-needs-no-violations ------------------------------------------------------------------------

  @status-active-needs-no-violations @refuses
  Scenario Outline: Active is refused with <violations> unresolved critical violations
    When I upsert its status with:
      | /status/status                         | "active"     |
      | /status/unresolved_critical_violations | <violations> |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_downgrade_required

    Examples: from the first one on
      | violations |
      | 1          |
      | 2          |

    @full
    Examples: the largest count there is
      | violations       |
      | 9007199254740991 |

  @status-active-needs-no-violations @refuses @full
  Scenario Outline: The refusal of active names the provider, with <violations> unresolved critical violations
    When I upsert its status with:
      | /status/status                         | "active"     |
      | /status/unresolved_critical_violations | <violations> |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_downgrade_required
    And "/error/details/provider_id" is "{provider}"

    Examples: from the first one to the largest count there is
      | violations       |
      | 1                |
      | 2                |
      | 9007199254740991 |

  @status-active-needs-no-violations @permits
  Scenario: Active is recorded with 0 unresolved critical violations
    When I upsert its status with:
      | /status/status                         | "active" |
      | /status/unresolved_critical_violations | 0        |
    Then the answer is 200
    And the fields are:
      | /status/status                         | "active" |
      | /status/unresolved_critical_violations | 0        |

  @status-active-needs-no-violations @permits
  Scenario Outline: Open violations do not bar <status>
    When I upsert its status with:
      | /status/status                         | "<status>"        |
      | /status/unresolved_critical_violations | 1                 |
      | /status/reason_codes                   | ["breach_in_may"] |
    Then the answer is 200
    And the fields are:
      | /status/status                         | "<status>" |
      | /status/unresolved_critical_violations | 1          |

    Examples:
      | status         |
      | pending_review |
      | offboarded     |

  @status-active-needs-no-violations @refuses
  Scenario: A failing baseline and an open violation are refused with the one code
    Given I note its state
    When I upsert its status with:
      | /status/trust_safety_baseline_passed   | false |
      | /status/unresolved_critical_violations | 1     |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_downgrade_required
    And its state is as noted

  # ---- status-restriction-needs-reason --------------------------------------------------------------------------

  @status-restriction-needs-reason @refuses
  Scenario Outline: <status> is refused with reason codes <reasons>
    When I upsert its status with:
      | /status/status       | "<status>" |
      | /status/reason_codes | <reasons>  |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid

    Examples: absent and empty are the same
      | status     | reasons |
      | restricted | absent  |
      | restricted | []      |
      | offboarded | absent  |
      | offboarded | []      |

  @status-restriction-needs-reason @refuses @full
  Scenario Outline: The refusal of <status> with reason codes <reasons> has no violations
    When I upsert its status with:
      | /status/status       | "<status>" |
      | /status/reason_codes | <reasons>  |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" is absent

    Examples: absent and empty are the same
      | status     | reasons |
      | restricted | absent  |
      | restricted | []      |
      | offboarded | absent  |
      | offboarded | []      |

  @status-restriction-needs-reason @permits
  Scenario Outline: <status> is recorded with one reason code
    When I upsert its status with:
      | /status/status       | "<status>"       |
      | /status/reason_codes | ["audit_lapsed"] |
    Then the answer is 200
    And the fields are:
      | /status/status       | "<status>"       |
      | /status/reason_codes | ["audit_lapsed"] |

    Examples:
      | status     |
      | restricted |
      | offboarded |

  @status-restriction-needs-reason @permits
  Scenario Outline: <status> needs no reason: reason codes <reasons> are answered as an empty list
    When I upsert its status with:
      | /status/status       | "<status>" |
      | /status/reason_codes | <reasons>  |
    Then the answer is 200
    And the fields are:
      | /status/status       | "<status>" |
      | /status/reason_codes | []         |

    Examples:
      | status         | reasons |
      | pending_review | absent  |
      | active         | absent  |

  @status-restriction-needs-reason @refuses @full
  Scenario Outline: A reason code that is <flaw> is no reason
    When I upsert its status with:
      | /status/status       | "restricted" |
      | /status/reason_codes | <reasons>    |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations/0/instance_path" is "<where>"

    Examples:
      | flaw        | reasons                          | where                  |
      | blank       | [" "]                            | /status/reason_codes/0 |
      | there twice | ["audit_lapsed", "audit_lapsed"] | /status/reason_codes   |

  @status-restriction-needs-reason @refuses
  Scenario: A refusal for want of a reason is kept
    Given I note its state
    And I upsert its status with:
      | /status/status | "restricted" |
    And the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And I remember the answer as "refusal"
    When I repeat the call
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And the answer is the same as "refusal"
    And its state is as noted

  @status-restriction-needs-reason @refuses @full
  Scenario: A refusal for want of a reason is stored like any answer
    Given I note its state
    And I upsert its status with:
      | /status/status | "restricted" |
    And the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And I remember the answer as "refusal"
    When I repeat the call
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And the answer is byte for byte "refusal"
    And the header "Idempotent-Replayed" is "true"
    And its state is as noted

  # ---- status-replaces-governance -------------------------------------------------------------------------------

  @status-replaces-governance
  Scenario: The answer is the status, with who set it and when
    When I upsert its status with:
      | /status/status                         | "restricted"                             |
      | /status/segment_tier                   | "S2"                                     |
      | /status/trust_safety_baseline_passed   | false                                    |
      | /status/audit_conformance_passed       | false                                    |
      | /status/unresolved_critical_violations | 4                                        |
      | /status/reason_codes                   | ["partner_asked_for_it", "audit_lapsed"] |
      | /status/operator_note                  | "Held until the audit of March is read." |
      | /recorded_at                           | "2026-02-22T16:05:00Z"                   |
    Then the answer is 200
    And the fields are:
      | /provider_id                           | "{provider}"                             |
      | /status/status                         | "restricted"                             |
      | /status/segment_tier                   | "S2"                                     |
      | /status/trust_safety_baseline_passed   | false                                    |
      | /status/reliability_baseline_passed    | true                                     |
      | /status/audit_conformance_passed       | false                                    |
      | /status/unresolved_critical_violations | 4                                        |
      | /status/reason_codes                   | ["partner_asked_for_it", "audit_lapsed"] |
      | /status/updated_by/type                | "partner"                                |
      | /status/updated_by/id                  | "{me}"                                   |
    And "/status/updated_at" is the time "2026-02-22T16:05:00.000Z"

  @status-replaces-governance @full
  Scenario: The answer is the whole status, with who set it and when
    When I upsert its status with:
      | /status/status                         | "restricted"                             |
      | /status/segment_tier                   | "S2"                                     |
      | /status/trust_safety_baseline_passed   | false                                    |
      | /status/audit_conformance_passed       | false                                    |
      | /status/unresolved_critical_violations | 4                                        |
      | /status/reason_codes                   | ["partner_asked_for_it", "audit_lapsed"] |
      | /status/operator_note                  | "Held until the audit of March is read." |
      | /recorded_at                           | "2026-02-22T16:05:00Z"                   |
    Then the answer is 200
    And the fields are:
      | /provider_id                           | "{provider}"                             |
      | /status/status                         | "restricted"                             |
      | /status/segment_tier                   | "S2"                                     |
      | /status/trust_safety_baseline_passed   | false                                    |
      | /status/reliability_baseline_passed    | true                                     |
      | /status/audit_conformance_passed       | false                                    |
      | /status/unresolved_critical_violations | 4                                        |
      | /status/reason_codes                   | ["partner_asked_for_it", "audit_lapsed"] |
      | /status/updated_at                     | "2026-02-22T16:05:00.000Z"               |
      | /status/updated_by                     | {"type": "partner", "id": "{me}"}        |
      | /status/operator_note                  | absent                                   |

  @status-replaces-governance
  Scenario: The provider shows the replaced status, tier and governance, and keeps the rest
    Given I have upserted its status with:
      | /status/status                         | "offboarded"           |
      | /status/segment_tier                   | "S3"                   |
      | /status/reliability_baseline_passed    | false                  |
      | /status/unresolved_critical_violations | 2                      |
      | /status/reason_codes                   | ["contract_ended"]     |
      | /recorded_at                           | "2026-02-22T16:05:00Z" |
    When I get the provider
    Then the answer is 200
    And the fields are:
      | /provider/provider_id                               | "{provider}"            |
      | /provider/owner_actor/type                          | "partner"               |
      | /provider/owner_actor/id                            | "{me}"                  |
      | /provider/legal_entity_name                         | "Harbour Liquidity Ltd" |
      | /provider/status                                    | "offboarded"            |
      | /provider/segment_tier                              | "S3"                    |
      | /provider/governance/trust_safety_baseline_passed   | true                    |
      | /provider/governance/reliability_baseline_passed    | false                   |
      | /provider/governance/audit_conformance_passed       | true                    |
      | /provider/governance/unresolved_critical_violations | 2                       |
      | /provider/last_eligibility                          | absent                  |
      | /provider/rollout_policy_ref                        | absent                  |
    And the times are:
      | /provider/created_at | 2026-02-22T16:00:00.000Z |
      | /provider/updated_at | 2026-02-22T16:05:00.000Z |

  @status-replaces-governance
  Scenario Outline: The tier goes from <from> straight to <to>, for a status upsert climbs no ladder
    Given I have onboarded a provider with:
      | /provider/segment_tier | "<from>" |
    When I upsert its status with:
      | /status/segment_tier | "<to>" |
    Then the answer is 200
    And "/status/segment_tier" is "<to>"
    When I get the provider
    Then "/provider/segment_tier" is "<to>"

    Examples: up two tiers, and down three
      | from | to |
      | S0   | S2 |
      | S3   | S0 |

    Examples: up three tiers, and down two
      | from | to |
      | S0   | S3 |
      | S3   | S1 |

  @status-replaces-governance
  Scenario Outline: No status is final: <from> becomes <to>
    Given I have upserted its status with:
      | /status/status       | "<from>"             |
      | /status/reason_codes | ["set_by_a_partner"] |
    When I upsert its status with:
      | /status/status       | "<to>"               |
      | /status/reason_codes | ["set_by_a_partner"] |
    Then the answer is 200
    When I get the provider
    Then "/provider/status" is "<to>"

    Examples:
      | from       | to             |
      | offboarded | active         |
      | offboarded | pending_review |

  @status-replaces-governance
  Scenario: An upsert without a note and reasons is audited
    Given I have upserted its status with:
      | /recorded_at | "2026-02-22T16:05:00Z" |
    When I export its audit with:
      | query event_type     | status_upserted |
      | query retention_days | 3650            |
    Then "/export/entries" has 1 items
    And the fields are:
      | /export/entries/0/provider_id                                       | "{provider}"      |
      | /export/entries/0/event_type                                        | "status_upserted" |
      | /export/entries/0/actor/type                                        | "partner"         |
      | /export/entries/0/actor/id                                          | "{me}"            |
      | /export/entries/0/reason_codes                                      | []                |
      | /export/entries/0/details/status                                    | "active"          |
      | /export/entries/0/details/segment_tier                              | "S1"              |
      | /export/entries/0/details/governance/trust_safety_baseline_passed   | true              |
      | /export/entries/0/details/governance/reliability_baseline_passed    | true              |
      | /export/entries/0/details/governance/audit_conformance_passed       | true              |
      | /export/entries/0/details/governance/unresolved_critical_violations | 0                 |
      | /export/entries/0/details/operator_note                             | null              |
    And "/export/entries/0/recorded_at" is the time "2026-02-22T16:05:00.000Z"

  @status-replaces-governance @full
  Scenario: Without a note and reasons the audit has a note of null and an empty list
    Given I have upserted its status with:
      | /recorded_at | "2026-02-22T16:05:00Z" |
    When I export its audit with:
      | query event_type     | status_upserted |
      | query retention_days | 3650            |
    Then "/export/entries" has 1 items
    And the fields are:
      | /export/entries/0/provider_id  | "{provider}"                      |
      | /export/entries/0/event_type   | "status_upserted"                 |
      | /export/entries/0/recorded_at  | "2026-02-22T16:05:00.000Z"        |
      | /export/entries/0/actor        | {"type": "partner", "id": "{me}"} |
      | /export/entries/0/reason_codes | []                                |
      | /export/entries/0/details      | {"status": "active", "segment_tier": "S1", "governance": {"trust_safety_baseline_passed": true, "reliability_baseline_passed": true, "audit_conformance_passed": true, "unresolved_critical_violations": 0}, "operator_note": null} |

  @status-replaces-governance
  Scenario: An upsert with a note and reasons is audited
    Given I have upserted its status with:
      | /status/status                         | "offboarded"                 |
      | /status/segment_tier                   | "S0"                         |
      | /status/trust_safety_baseline_passed   | false                        |
      | /status/unresolved_critical_violations | 7                            |
      | /status/reason_codes                   | ["wound_down", "key_leaked"] |
      | /status/operator_note                  | "Agreed by telephone."       |
    When I export its audit with:
      | query event_type     | status_upserted |
      | query retention_days | 3650            |
    Then "/export/entries" has 1 items
    And the fields are:
      | /export/entries/0/reason_codes                                      | ["wound_down", "key_leaked"] |
      | /export/entries/0/details/status                                    | "offboarded"                 |
      | /export/entries/0/details/segment_tier                              | "S0"                         |
      | /export/entries/0/details/governance/trust_safety_baseline_passed   | false                        |
      | /export/entries/0/details/governance/reliability_baseline_passed    | true                         |
      | /export/entries/0/details/governance/audit_conformance_passed       | true                         |
      | /export/entries/0/details/governance/unresolved_critical_violations | 7                            |
      | /export/entries/0/details/operator_note                             | "Agreed by telephone."       |

  @status-replaces-governance @full
  Scenario: With a note and reasons the audit has both
    Given I have upserted its status with:
      | /status/status                         | "offboarded"                 |
      | /status/segment_tier                   | "S0"                         |
      | /status/trust_safety_baseline_passed   | false                        |
      | /status/unresolved_critical_violations | 7                            |
      | /status/reason_codes                   | ["wound_down", "key_leaked"] |
      | /status/operator_note                  | "Agreed by telephone."       |
    When I export its audit with:
      | query event_type     | status_upserted |
      | query retention_days | 3650            |
    Then "/export/entries" has 1 items
    And the fields are:
      | /export/entries/0/reason_codes | ["wound_down", "key_leaked"] |
      | /export/entries/0/details      | {"status": "offboarded", "segment_tier": "S0", "governance": {"trust_safety_baseline_passed": false, "reliability_baseline_passed": true, "audit_conformance_passed": true, "unresolved_critical_violations": 7}, "operator_note": "Agreed by telephone."} |

  @status-replaces-governance @full
  Scenario Outline: An operator's note that is <flaw> is refused
    When I upsert its status with:
      | /status/operator_note | <note> |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations/0/instance_path" is "/status/operator_note"

    Examples:
      | flaw  | note |
      | empty | ""   |
      | blank | " "  |
      | null  | null |

  @status-replaces-governance @full
  Scenario: One time is the answer's, the provider's and the audit's, in UTC and cut to the millisecond
    Given I have upserted its status with:
      | /recorded_at | "2026-02-22T18:05:10.1239+02:00" |
    And "/status/updated_at" is "2026-02-22T16:05:10.123Z"
    When I get the provider
    Then the fields are:
      | /provider/created_at | "2026-02-22T16:00:00.000Z" |
      | /provider/updated_at | "2026-02-22T16:05:10.123Z" |
    When I export its audit with:
      | query event_type     | status_upserted |
      | query retention_days | 3650            |
    Then "/export/entries/0/recorded_at" is "2026-02-22T16:05:10.123Z"

  @status-replaces-governance @needs:test-clock
  Scenario: An upsert without a time of its own is dated now
    When I upsert its status with:
      | header X-Now-Iso | 2026-02-22T16:07:08.009Z |
    Then the answer is 200
    And "/status/updated_at" is the time "2026-02-22T16:07:08.009Z"
    When I get the provider
    Then "/provider/updated_at" is the time "2026-02-22T16:07:08.009Z"

  @status-replaces-governance
  Scenario: The last upsert to arrive counts, although its time is earlier
    Given I have upserted its status with:
      | /status/status       | "restricted"           |
      | /status/reason_codes | ["audit_lapsed"]       |
      | /recorded_at         | "2026-02-22T16:30:00Z" |
    When I upsert its status with:
      | /status/status | "pending_review"       |
      | /recorded_at   | "2026-02-22T16:10:00Z" |
    Then the answer is 200
    When I get the provider
    Then the fields are:
      | /provider/status | "pending_review" |
    And "/provider/updated_at" is the time "2026-02-22T16:10:00.000Z"

  @status-replaces-governance
  Scenario: The last evaluation and the rollout stay as they are
    Given I have evaluated its eligibility
    And I have upserted its rollout
    And I get the provider
    And I remember "/provider/last_eligibility" as "evaluation"
    And I remember "/provider/rollout_policy_ref" as "ref"
    And I remember "/provider/rollout" as "rollout"
    When I upsert its status with:
      | /status/status       | "offboarded"       |
      | /status/segment_tier | "S0"               |
      | /status/reason_codes | ["contract_ended"] |
    Then the answer is 200
    When I get the provider
    Then the fields are:
      | /provider/status             | "offboarded" |
      | /provider/segment_tier       | "S0"         |
      | /provider/last_eligibility   | {evaluation} |
      | /provider/rollout_policy_ref | {ref}        |
      | /provider/rollout            | {rollout}    |
