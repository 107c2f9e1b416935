Feature: Onboard and get
  How a provider comes to be, and how it is looked at. Rule of thumb: a partner onboards for itself, the provider starts
  with nothing proved, and get always shows what the last write left.

  # ---- onboard-owner-is-caller ----------------------------------------------------------------------------------

  @onboard-owner-is-caller @refuses
  Scenario Outline: Onboarding for <whom> is refused
    When I onboard a provider with:
      | /provider/provider_id | "lp-{unique}" |
      | /provider/owner_actor | <owner>       |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    When I call "partnerLiquidityProvider.get" with:
      | path provider_id | lp-{unique} |
    Then the answer is 404 NOT_FOUND because partner_liquidity_provider_not_found

    Examples:
      | whom                      | owner                                   |
      | another partner           | {"type": "partner", "id": "{stranger}"} |
      | a user with the same id   | {"type": "user", "id": "{me}"}          |
      | an agent with the same id | {"type": "agent", "id": "{me}"}         |
      | an id that is longer      | {"type": "partner", "id": "{me}x"}      |

  @onboard-owner-is-caller @refuses @full
  Scenario Outline: The refusal to onboard for <whom> names the owner and the actor
    When I onboard a provider with:
      | /provider/provider_id | "lp-{unique}" |
      | /provider/owner_actor | <owner>       |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    And the fields are:
      | /error/details/owner_actor | <owner>                           |
      | /error/details/actor       | {"type": "partner", "id": "{me}"} |
      | /error/details/violations  | absent                            |
    When I call "partnerLiquidityProvider.get" with:
      | path provider_id | lp-{unique} |
    Then the answer is 404 NOT_FOUND because partner_liquidity_provider_not_found

    Examples:
      | whom                      | owner                                   |
      | another partner           | {"type": "partner", "id": "{stranger}"} |
      | a user with the same id   | {"type": "user", "id": "{me}"}          |
      | an agent with the same id | {"type": "agent", "id": "{me}"}         |
      | an id that is longer      | {"type": "partner", "id": "{me}x"}      |

  @onboard-owner-is-caller @permits
  Scenario: Onboarding for oneself is done
    When I onboard a provider with:
      | /provider/provider_id | "lp-{unique}"                     |
      | /provider/owner_actor | {"type": "partner", "id": "{me}"} |
    Then the answer is 200
    And the fields are:
      | /provider/owner_actor/type | "partner" |
      | /provider/owner_actor/id   | "{me}"    |
    When I call "partnerLiquidityProvider.get" with:
      | path provider_id | lp-{unique} |
    Then the answer is 200

  @onboard-owner-is-caller @refuses @full
  Scenario: An invalid request is told before another owner
    When I onboard a provider with:
      | /provider/owner_actor/id | "{stranger}" |
      | /provider/segment_tier   | "S9"         |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And there is a violation of "enum" at "/provider/segment_tier"

  @onboard-owner-is-caller @refuses @full
  Scenario: Another owner is told before a taken id
    Given I have onboarded a provider with:
      | /provider/provider_id | "lp-{unique}" |
    When I onboard a provider with:
      | /provider/provider_id    | "lp-{unique}" |
      | /provider/owner_actor/id | "{stranger}"  |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid

  @onboard-owner-is-caller @refuses @full
  Scenario: Another owner is told before a leap second
    When I onboard a provider with:
      | /provider/owner_actor/id | "{stranger}"           |
      | /recorded_at             | "2016-12-31T23:59:60Z" |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid

  @onboard-owner-is-caller @refuses @needs:key-identity
  Scenario: The holder of a key may not onboard for another
    Given I hold the partner key "amber"
    When I onboard a provider with:
      | /provider/owner_actor/id | "partner-cobalt" |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid

  @onboard-owner-is-caller @refuses @needs:key-identity @full
  Scenario: The refusal to onboard for another names the holder of the key
    Given I hold the partner key "amber"
    When I onboard a provider with:
      | /provider/owner_actor/id | "partner-cobalt" |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    And "/error/details/actor" is {"type": "partner", "id": "partner-amber"}

  # ---- onboard-id-is-free ---------------------------------------------------------------------------------------

  @onboard-id-is-free @refuses
  Scenario: An id that is taken is refused
    Given I have onboarded a provider with:
      | /provider/provider_id | "lp-{unique}" |
    And I note its state
    When I onboard a provider with:
      | /provider/provider_id       | "lp-{unique}" |
      | /provider/legal_entity_name | "Newcomer"    |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_invalid
    And its state is as noted

  @onboard-id-is-free @refuses @full
  Scenario: The refusal of a taken id names it
    Given I have onboarded a provider with:
      | /provider/provider_id | "lp-{unique}" |
    When I onboard a provider with:
      | /provider/provider_id       | "lp-{unique}" |
      | /provider/legal_entity_name | "Newcomer"    |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_invalid
    And "/error/details/provider_id" is "lp-{unique}"

  @onboard-id-is-free @refuses
  Scenario: An id that another partner took is refused
    Given I have onboarded a provider with:
      | /provider/provider_id | "lp-{unique}" |
    And I act as partner "{stranger}"
    When I onboard a provider with:
      | /provider/provider_id    | "lp-{unique}" |
      | /provider/owner_actor/id | "{stranger}"  |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_invalid
    When I call "partnerLiquidityProvider.get" with:
      | path provider_id | lp-{unique} |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid

  @onboard-id-is-free @refuses @full
  Scenario: An id that another partner took is refused, and the partner is not named
    Given I have onboarded a provider with:
      | /provider/provider_id | "lp-{unique}" |
    And I act as partner "{stranger}"
    When I onboard a provider with:
      | /provider/provider_id    | "lp-{unique}" |
      | /provider/owner_actor/id | "{stranger}"  |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_invalid
    And the fields are:
      | /error/details/provider_id | "lp-{unique}" |
      | /error/details/owner_actor | absent        |
      | /error/details/actor       | absent        |
    When I call "partnerLiquidityProvider.get" with:
      | path provider_id | lp-{unique} |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid

  @onboard-id-is-free @refuses
  Scenario: An id that the server gave is taken too
    Given I have onboarded a provider
    When I onboard a provider with:
      | /provider/provider_id | "{provider}" |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_invalid

  @onboard-id-is-free @permits
  Scenario Outline: An id that differs in <what> is free
    Given I have onboarded a provider with:
      | /provider/provider_id | "lp-{unique}" |
    When I onboard a provider with:
      | /provider/provider_id | "<id>" |
    Then the answer is 200
    And "/provider/provider_id" is "<id>"

    Examples:
      | what           | id           |
      | its case       | LP-{unique}  |
      | its last sign  | lp-{unique}1 |
      | a space inside | lp -{unique} |

  @onboard-id-is-free @permits
  Scenario: An id that was refused before is free
    When I onboard a provider with:
      | /provider/provider_id  | "lp-{unique}" |
      | /provider/segment_tier | "S9"          |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    When I onboard a provider with:
      | /provider/provider_id  | "lp-{unique}" |
      | /provider/segment_tier | "S0"          |
    Then the answer is 200

  @onboard-id-is-free @permits
  Scenario: Everything but the id may be the same
    Given I have onboarded a provider
    And I remember "/provider/provider_id" as "first"
    When I onboard a provider
    Then the answer is 200
    And "/provider/provider_id" is not "{first}"

  # ---- onboard-assigns-ids --------------------------------------------------------------------------------------

  @onboard-assigns-ids @needs:fresh-state
  Scenario: Ids count from plp_000001
    When I onboard a provider
    Then "/provider/provider_id" is "plp_000001"
    When I onboard a provider
    Then "/provider/provider_id" is "plp_000002"
    Given I act as partner "{stranger}"
    When I onboard a provider with:
      | /provider/owner_actor/id | "{stranger}" |
    Then "/provider/provider_id" is "plp_000003"

  @onboard-assigns-ids @needs:fresh-state
  Scenario: An id that is taken is passed over
    Given I have onboarded a provider with:
      | /provider/provider_id | "plp_000001" |
    And I have onboarded a provider with:
      | /provider/provider_id | "plp_000003" |
    When I onboard a provider
    Then "/provider/provider_id" is "plp_000002"
    When I onboard a provider
    Then "/provider/provider_id" is "plp_000004"

  @onboard-assigns-ids @needs:fresh-state
  Scenario: An id of one's own choice uses none up
    Given I have onboarded a provider with:
      | /provider/provider_id | "chosen" |
    When I onboard a provider
    Then "/provider/provider_id" is "plp_000001"

  @onboard-assigns-ids @needs:fresh-state
  Scenario: A refusal uses none up
    When I onboard a provider with:
      | /provider/segment_tier | "S9" |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    When I onboard a provider with:
      | /provider/owner_actor/id | "{stranger}" |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    When I onboard a provider with:
      | /recorded_at | "2016-12-31T23:59:60Z" |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    When I onboard a provider
    Then "/provider/provider_id" is "plp_000001"
    And the answer is 200

  @onboard-assigns-ids @needs:fresh-state
  Scenario: A replay uses none up
    When I onboard a provider
    Then "/provider/provider_id" is "plp_000001"
    When I repeat the call
    Then "/provider/provider_id" is "plp_000001"
    When I onboard a provider
    Then "/provider/provider_id" is "plp_000002"

  @onboard-assigns-ids
  Scenario: A provider without an id gets a number of at least six digits
    When I onboard a provider
    Then the answer is 200
    And "/provider/provider_id" matches "^plp_[0-9]{6,}$"

  # ---- onboard-starts-ungoverned --------------------------------------------------------------------------------

  @onboard-starts-ungoverned
  Scenario: A new provider has nothing proved
    When I onboard a provider with:
      | /provider/external_provider_id | "ext-7"                  |
      | /provider/legal_entity_name    | "Harbour Liquidity Ltd"  |
      | /provider/trust_contact_email  | "trust@harbour.example"  |
      | /provider/disclosure_text      | "Quotes are indicative." |
      | /provider/segment_tier         | "S1"                     |
      | /recorded_at                   | "2026-02-22T16:00:10Z"   |
    Then the answer is 200
    And the fields are:
      | /provider/owner_actor/type                          | "partner"                |
      | /provider/owner_actor/id                            | "{me}"                   |
      | /provider/external_provider_id                      | "ext-7"                  |
      | /provider/legal_entity_name                         | "Harbour Liquidity Ltd"  |
      | /provider/trust_contact_email                       | "trust@harbour.example"  |
      | /provider/disclosure_text                           | "Quotes are indicative." |
      | /provider/segment_tier                              | "S1"                     |
      | /provider/status                                    | "pending_review"         |
      | /provider/governance/trust_safety_baseline_passed   | false                    |
      | /provider/governance/reliability_baseline_passed    | false                    |
      | /provider/governance/audit_conformance_passed       | false                    |
      | /provider/governance/unresolved_critical_violations | 0                        |
      | /provider/rollout_policy_ref                        | absent                   |
      | /provider/last_eligibility                          | absent                   |
      | /provider/rollout                                   | absent                   |
    And the times are:
      | /provider/created_at | 2026-02-22T16:00:10.000Z |
      | /provider/updated_at | 2026-02-22T16:00:10.000Z |

  @onboard-starts-ungoverned
  Scenario Outline: A provider may start as <status> in <tier>
    When I onboard a provider with:
      | /provider/status       | "<status>" |
      | /provider/segment_tier | "<tier>"   |
    Then the answer is 200
    And the fields are:
      | /provider/status                                  | "<status>" |
      | /provider/segment_tier                            | "<tier>"   |
      | /provider/governance/trust_safety_baseline_passed | false      |

    Examples:
      | status         | tier |
      | pending_review | S0   |
      | active         | S1   |
      | restricted     | S2   |
      | offboarded     | S3   |

  @onboard-starts-ungoverned
  Scenario: Onboarding is the first entry of the provider's audit
    Given I have onboarded a provider with:
      | /provider/segment_tier | "S2"     |
      | /provider/status       | "active" |
    And I remember "/provider/created_at" as "then"
    When I export its audit
    Then the answer is 200
    And "/export/entries" has 1 item
    And the fields are:
      | /export/entries/0/event_type           | "onboarded"  |
      | /export/entries/0/provider_id          | "{provider}" |
      | /export/entries/0/actor/type           | "partner"    |
      | /export/entries/0/actor/id             | "{me}"       |
      | /export/entries/0/reason_codes         | []           |
      | /export/entries/0/details/segment_tier | "S2"         |
      | /export/entries/0/details/status       | "active"     |
    And "/export/entries/0/recorded_at" is the time "{then}"

  # ---- recorded-at-is-readable ----------------------------------------------------------------------------------

  @recorded-at-is-readable @refuses
  Scenario Outline: A recorded_at of <text> is refused: <why>
    When I onboard a provider with:
      | /recorded_at | "<text>" |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid

    Examples: not RFC 3339
      | text                     | why                     |
      |                          | nothing                 |
      | 2026-02-22               | no time of day          |
      | 2026-02-22T16:00:10      | no offset               |
      | 2026-2-22T16:00:10Z      | one digit               |
      | 2026-02-22T16:00:10.Z    | a point without digits  |
      | 2026-02-22T16:00:10,5Z   | a comma                 |
      | 2026-02-22T16:00:10+0100 | an offset without colon |

    Examples: no such time
      | text                      | why                     |
      | 2026-02-29T16:00:10Z      | no leap year            |
      | 2026-13-01T16:00:10Z      | no such month           |
      | 2026-02-22T24:00:00Z      | no hour 24              |
      | 2026-02-22T16:60:00Z      | no minute 60            |
      | 2026-02-22T16:00:10+24:00 | no offset of a day      |
      | 2026-02-22T16:00:10+01:60 | no offset of 60 minutes |

    Examples: leap seconds
      | text                 | why                     |
      | 2016-12-31T23:59:60Z | a leap second           |
      | 2026-02-22T16:00:60Z | a second that never was |

    Examples: years outside 0000-9999 in UTC
      | text                      | why                   |
      | 9999-12-31T23:59:59-00:01 | the year 10000 in UTC |
      | 0000-01-01T00:00:00+00:01 | the year before 0000  |

  @recorded-at-is-readable @permits
  Scenario Outline: A recorded_at of <text> is read: <why>
    When I onboard a provider with:
      | /recorded_at | "<text>" |
    Then the answer is 200
    And "/provider/created_at" is "<read>"

    Examples:
      | text                      | why                       | read                     |
      | 2024-02-29T16:00:10Z      | a leap day                | 2024-02-29T16:00:10.000Z |
      | 2016-12-31T23:59:59Z      | just before a leap second | 2016-12-31T23:59:59.000Z |
      | 9999-12-31T23:59:59.9999Z | the last millisecond      | 9999-12-31T23:59:59.999Z |
      | 0000-01-01T00:00:00Z      | the first second          | 0000-01-01T00:00:00.000Z |
      | 1969-12-31T23:59:59.999Z  | before 1970               | 1969-12-31T23:59:59.999Z |
      | 2026-02-23T15:59:10+23:59 | the widest offset         | 2026-02-22T16:00:10.000Z |

  @recorded-at-is-readable @refuses
  Scenario Outline: <operation> refuses a leap second as well
    Given I have onboarded a provider
    And I have evaluated its eligibility
    When I call "<operation>" with:
      | /recorded_at | "2016-12-31T23:59:60Z" |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |

  @recorded-at-is-readable @refuses
  Scenario: The refusal of a leap second is stored, and changes nothing
    Given I have onboarded a provider
    And I note its state
    When I upsert its status with:
      | /recorded_at | "2016-12-31T23:59:60Z" |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    When I repeat the call
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And the header "Idempotent-Replayed" is "true"
    And its state is as noted

  # ---- recorded-at-is-normalised --------------------------------------------------------------------------------

  @recorded-at-is-normalised
  Scenario Outline: <text> comes out as <utc>
    When I onboard a provider with:
      | /recorded_at | "<text>" |
    Then the answer is 200
    And the fields are:
      | /provider/created_at | "<utc>" |
      | /provider/updated_at | "<utc>" |

    Examples: offsets
      | text                      | utc                      |
      | 2026-02-22T16:00:10-00:00 | 2026-02-22T16:00:10.000Z |
      | 2026-02-22T17:00:10+01:00 | 2026-02-22T16:00:10.000Z |
      | 2026-02-22T10:30:10-05:30 | 2026-02-22T16:00:10.000Z |
      | 2026-01-01T00:30:00+01:00 | 2025-12-31T23:30:00.000Z |

    Examples: lower case
      | text                      | utc                      |
      | 2026-02-22t16:00:10z      | 2026-02-22T16:00:10.000Z |

    Examples: digits of a second, cut and never rounded
      | text                                 | utc                      |
      | 2026-02-22T16:00:10.1239Z            | 2026-02-22T16:00:10.123Z |
      | 2026-02-22T16:00:10.999999999999999Z | 2026-02-22T16:00:10.999Z |
      | 1969-12-31T23:59:59.9999Z            | 1969-12-31T23:59:59.999Z |

  @recorded-at-is-normalised
  Scenario Outline: The one time of <operation> stands everywhere
    Given I have onboarded a provider with:
      | /recorded_at | "2026-02-22T16:00:00Z" |
    And I have evaluated its eligibility with:
      | /recorded_at | "2026-02-22T16:00:01Z" |
    When I call "<operation>" with:
      | /recorded_at | "2026-02-22T17:30:10.7659+01:30" |
    Then the answer is 200
    And "<time>" is "2026-02-22T16:00:10.765Z"
    When I get the provider
    Then the fields are:
      | /provider/created_at | "2026-02-22T16:00:00.000Z" |
      | /provider/updated_at | "2026-02-22T16:00:10.765Z" |
    When I export its audit with:
      | query from_iso       | 2026-02-22T16:00:02Z |
      | query event_type     | <event>              |
      | query retention_days | 3650                 |
    Then "/export/entries" has 1 item
    And "/export/entries/0/recorded_at" is "2026-02-22T16:00:10.765Z"

    Examples:
      | operation                                     | time                      | event                 |
      | partnerLiquidityProvider.status.upsert        | /status/updated_at        | status_upserted       |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/evaluated_at | eligibility_evaluated |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/updated_at       | rollout_upserted      |

  @recorded-at-is-normalised
  Scenario: A later write may tell of an earlier time, and is the last one all the same
    Given I have onboarded a provider with:
      | /recorded_at | "2026-02-22T16:00:00Z" |
    And I have upserted its status with:
      | /status/status | "pending_review"       |
      | /recorded_at   | "2026-02-22T16:00:20Z" |
    When I upsert its status with:
      | /status/status | "active"               |
      | /recorded_at   | "2026-02-22T15:00:00Z" |
    Then the answer is 200
    When I get the provider
    Then the fields are:
      | /provider/status     | "active"                   |
      | /provider/created_at | "2026-02-22T16:00:00.000Z" |
      | /provider/updated_at | "2026-02-22T15:00:00.000Z" |

  @recorded-at-is-normalised @needs:test-clock
  Scenario Outline: <operation> without recorded_at happens now
    Given I have onboarded a provider
    When I call "<operation>" with:
      | header X-Now-Iso | 2026-02-22T17:00:10.1239+01:00 |
    Then the answer is 200
    And "<time>" is "2026-02-22T16:00:10.123Z"

    Examples:
      | operation                                     | time                      |
      | partnerLiquidityProvider.onboard              | /provider/created_at      |

  @recorded-at-is-normalised @needs:test-clock
  Scenario: recorded_at wins over X-Now-Iso
    When I onboard a provider with:
      | /recorded_at     | "2026-02-22T16:00:10Z" |
      | header X-Now-Iso | 2030-01-01T00:00:00Z   |
    Then the answer is 200
    And "/provider/created_at" is "2026-02-22T16:00:10.000Z"

  # ---- get-shows-the-provider -----------------------------------------------------------------------------------

  @get-shows-the-provider
  Scenario: Get shows a new provider as onboard answered it
    Given I have onboarded a provider
    And I remember "/provider" as "view"
    When I get the provider
    Then the answer is 200
    And the fields are:
      | /provider         | {view} |
      | /provider/rollout | absent |

  @get-shows-the-provider
  Scenario: Get shows what a status upsert left
    Given I have onboarded a provider
    When I upsert its status with:
      | /status/status                         | "restricted"           |
      | /status/segment_tier                   | "S3"                   |
      | /status/trust_safety_baseline_passed   | true                   |
      | /status/reliability_baseline_passed    | false                  |
      | /status/audit_conformance_passed       | true                   |
      | /status/unresolved_critical_violations | 3                      |
      | /status/reason_codes                   | ["outage"]             |
      | /recorded_at                           | "2026-02-22T16:00:20Z" |
    Then the answer is 200
    When I get the provider
    Then the fields are:
      | /provider/status                                    | "restricted" |
      | /provider/segment_tier                              | "S3"         |
      | /provider/governance/trust_safety_baseline_passed   | true         |
      | /provider/governance/reliability_baseline_passed    | false        |
      | /provider/governance/audit_conformance_passed       | true         |
      | /provider/governance/unresolved_critical_violations | 3            |
    And "/provider/updated_at" is the time "2026-02-22T16:00:20.000Z"

  @get-shows-the-provider
  Scenario: Get shows the whole last evaluation
    Given I have onboarded a provider
    And I have evaluated its eligibility with:
      | /eligibility/unresolved_critical_violations | 1 |
    When I evaluate its eligibility
    Then the answer is 200
    And I remember "/eligibility" as "evaluation"
    When I get the provider
    Then the fields are:
      | /provider/last_eligibility   | {evaluation} |
      | /provider/rollout_policy_ref | absent       |
      | /provider/rollout            | absent       |

  @get-shows-the-provider
  Scenario Outline: Get shows the evaluation of <family> from <current> to <requested>
    Given I have onboarded a provider with:
      | /provider/segment_tier | "<current>" |
    When I evaluate its eligibility with:
      | /eligibility/requested_segment_tier | "<requested>" |
      | /eligibility/capability_family      | "<family>"    |
    Then the answer is 200
    And "/eligibility/inputs/requested_segment_tier" is "<requested>"
    When I get the provider
    Then the fields are:
      | /provider/last_eligibility/verdict                       | "<verdict>"   |
      | /provider/last_eligibility/requested_segment_tier        | "<requested>" |
      | /provider/last_eligibility/current_segment_tier          | "<current>"   |
      | /provider/last_eligibility/recommended_status            | "<status>"    |
      | /provider/last_eligibility/inputs/requested_segment_tier | "<requested>" |
      | /provider/last_eligibility/inputs/capability_family      | "<family>"    |

    Examples:
      | family    | current | requested | verdict | status         |
      | core      | S0      | S0        | allow   | active         |
      | core      | S3      | S1        | allow   | active         |
      | high_risk | S2      | S3        | allow   | active         |
      | advanced  | S0      | S2        | deny    | pending_review |

  @get-shows-the-provider
  Scenario: Get shows the whole last rollout, and a reference to it
    Given I have onboarded a provider
    And I have evaluated its eligibility
    And I have upserted its rollout
    When I upsert its rollout with:
      | /rollout/rollout_status | "paused" |
    Then the answer is 200
    And I remember "/rollout" as "policy"
    And I remember "/rollout/capabilities_hash" as "hash"
    When I get the provider
    Then the fields are:
      | /provider/rollout                                   | {policy} |
      | /provider/rollout_policy_ref/rollout_version        | 2        |
      | /provider/rollout_policy_ref/rollout_status         | "paused" |
      | /provider/rollout_policy_ref/effective_segment_tier | "S2"     |
      | /provider/rollout_policy_ref/capabilities_hash      | "{hash}" |
      | /provider/segment_tier                              | "S2"     |

  @get-shows-the-provider
  Scenario Outline: Get shows a <status> rollout at <tier>, with its reasons and the verdict before it
    Given I have onboarded a provider with:
      | /provider/provider_id  | "lp-{unique}" |
      | /provider/segment_tier | "<tier>"      |
    And I have evaluated its eligibility with:
      | /eligibility/audit_conformance_passed | false |
    When I upsert its rollout with:
      | /rollout/rollout_status                       | "<status>"      |
      | /rollout/effective_segment_tier               | "<tier>"        |
      | /rollout/capability_matrix/0/min_segment_tier | "S0"            |
      | /rollout/reason_codes                         | ["late", "new"] |
    Then the answer is 200
    And the fields are:
      | /rollout/provider_id            | "lp-{unique}" |
      | /rollout/effective_segment_tier | "<tier>"      |
    When I get the provider
    Then the fields are:
      | /provider/rollout_policy_ref/rollout_status            | "<status>"    |
      | /provider/rollout_policy_ref/effective_segment_tier    | "<tier>"      |
      | /provider/rollout/provider_id                          | "lp-{unique}" |
      | /provider/rollout/rollout_status                       | "<status>"    |
      | /provider/rollout/effective_segment_tier               | "<tier>"      |
      | /provider/rollout/capability_matrix/0/min_segment_tier | "S0"          |
      | /provider/rollout/eligibility_ref/verdict              | "deny"        |
      | /provider/rollout/reason_codes                         | <codes>       |

    Examples:
      | status  | tier | codes                                                         |
      | paused  | S0   | ["late", "new", "partner_liquidity_provider_rollout_blocked"] |
      | blocked | S1   | ["late", "new", "partner_liquidity_provider_rollout_blocked"] |
      | paused  | S3   | ["late", "new"]                                               |

  @get-shows-the-provider
  Scenario: Get changes nothing
    Given I have onboarded a provider
    And I note its state
    When I get the provider
    Then the answer is 200
    And its state is as noted
