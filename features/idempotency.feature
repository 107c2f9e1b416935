Feature: Idempotency
  A POST can be sent again without fear. Rule of thumb: one key stands for one payload of one caller at one place; the
  first answer to it, good or bad, is the answer for good.

  # ---- idempotency-key-is-present -------------------------------------------------------------------------------

  @idempotency-key-is-present @refuses
  Scenario Outline: <operation> without an Idempotency-Key is refused
    Given I have onboarded a provider
    When I call "<operation>" with:
      | header Idempotency-Key | absent |
    Then the answer is 400 CONSTRAINT_VIOLATION

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |

  @idempotency-key-is-present @refuses @full
  Scenario Outline: <operation> without an Idempotency-Key names the header
    Given I have onboarded a provider
    When I call "<operation>" with:
      | header Idempotency-Key | absent |
    Then the answer is 400 CONSTRAINT_VIOLATION without a reason code
    And the fields are:
      | /error/details/header     | "Idempotency-Key" |
      | /error/details/violations | absent            |

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |

  @idempotency-key-is-present @refuses
  Scenario: What is sent without an Idempotency-Key changes nothing
    Given I have onboarded a provider
    And I have evaluated its eligibility
    And I note its state
    And my requests carry:
      | header Idempotency-Key | absent |
    When I call "partnerLiquidityProvider.onboard"
    Then the answer is 400 CONSTRAINT_VIOLATION
    When I call "partnerLiquidityProvider.status.upsert"
    Then the answer is 400 CONSTRAINT_VIOLATION
    When I call "partnerLiquidityProvider.eligibility.evaluate"
    Then the answer is 400 CONSTRAINT_VIOLATION
    When I call "partnerLiquidityProvider.rollout.upsert"
    Then the answer is 400 CONSTRAINT_VIOLATION
    And its state is as noted

  @idempotency-key-is-present @permits
  Scenario Outline: <operation> with an Idempotency-Key is done
    Given I have onboarded a provider
    When I call "<operation>" with:
      | header Idempotency-Key | {unique} |
    Then the answer is 200

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |

  @idempotency-key-is-present @permits
  Scenario Outline: <operation> needs no Idempotency-Key
    Given I have onboarded a provider
    When I call "<operation>" with:
      | header Idempotency-Key | absent |
    Then the answer is 200

    Examples:
      | operation                               |
      | partnerLiquidityProvider.get            |
      | partnerLiquidityProvider.rollout.export |

  @idempotency-key-is-present @refuses
  Scenario: An empty Idempotency-Key is no key
    When I onboard a provider with:
      | header Idempotency-Key |  |
    Then the answer is 400 CONSTRAINT_VIOLATION

  @idempotency-key-is-present @refuses @full
  Scenario Outline: An Idempotency-Key of <what> is refused
    When I onboard a provider with:
      | header Idempotency-Key | <key> |
    Then the answer is 400 CONSTRAINT_VIOLATION without a reason code
    And "/error/details/header" is "Idempotency-Key"

    Examples:
      | what           | key |
      | nothing        |     |
      | 256 characters | k123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345 |

  @idempotency-key-is-present @permits @full
  Scenario Outline: An Idempotency-Key of <what> is taken
    When I onboard a provider with:
      | header Idempotency-Key | <key> |
    Then the answer is 200
    When I repeat the call
    Then the answer is 200
    And the header "Idempotent-Replayed" is "true"

    Examples:
      | what                     | key         |
      | one character            | k           |
      | characters of every kind | a b/c,d;"e" |
      | 255 characters           | k12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234 |

  @idempotency-key-is-present @refuses @full
  Scenario: A missing Idempotency-Key is told before an unknown provider
    When I call "partnerLiquidityProvider.status.upsert" with:
      | path provider_id       | nobody-{unique} |
      | header Idempotency-Key | absent          |
    Then the answer is 400 CONSTRAINT_VIOLATION without a reason code
    And "/error/details/header" is "Idempotency-Key"

  @idempotency-key-is-present @refuses @needs:header-identity @full
  Scenario: A missing Idempotency-Key is told before a missing scope
    Given my scopes are "nothing"
    When I onboard a provider with:
      | header Idempotency-Key | absent |
    Then the answer is 400 CONSTRAINT_VIOLATION without a reason code

  # ---- idempotency-payload-matches ------------------------------------------------------------------------------

  @idempotency-payload-matches @refuses
  Scenario Outline: The key of another <operation> is refused
    Given I have onboarded a provider
    And I have evaluated its eligibility
    When I call "<operation>" with:
      | header Idempotency-Key | key-{unique}           |
      | /recorded_at           | "2026-02-22T16:00:10Z" |
    Then the answer is 200
    When I repeat the call with:
      | /recorded_at | "2026-02-22T16:00:11Z" |
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |

  @idempotency-payload-matches @refuses @full
  Scenario Outline: The key of another <operation> is refused with both hashes
    Given I have onboarded a provider
    And I have evaluated its eligibility
    When I call "<operation>" with:
      | header Idempotency-Key | key-{unique}           |
      | /recorded_at           | "2026-02-22T16:00:10Z" |
    Then the answer is 200
    When I repeat the call with:
      | /recorded_at | "2026-02-22T16:00:11Z" |
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH without a reason code
    And the fields are:
      | /error/details/operation_id    | "<operation>"  |
      | /error/details/idempotency_key | "key-{unique}" |
      | /error/details/violations      | absent         |
    And "/error/details/original_payload_hash" matches "^[0-9a-f]{64}$"
    And "/error/details/payload_hash" matches "^[0-9a-f]{64}$"
    And the header "Idempotent-Replayed" is absent

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |

  @idempotency-payload-matches @refuses
  Scenario: What is sent with another payload changes nothing
    Given I have onboarded a provider
    And I upsert its status with:
      | /recorded_at | "2026-02-22T16:00:10Z" |
    And the answer is 200
    And I note its state
    When I repeat the call with:
      | /recorded_at | "2026-02-22T16:00:11Z" |
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH
    And its state is as noted

  @idempotency-payload-matches @permits
  Scenario Outline: The key of the same <operation> is answered as before
    Given I have onboarded a provider
    When I call "<operation>" with:
      | header Idempotency-Key | key-{unique}           |
      | /recorded_at           | "2026-02-22T16:00:10Z" |
    Then the answer is 200
    And I remember the answer as "first"
    When I repeat the call with:
      | /recorded_at | "2026-02-22T16:00:10Z" |
    Then the answer is the same as "first"

    Examples:
      | operation                              |
      | partnerLiquidityProvider.status.upsert |

  @idempotency-payload-matches @permits @full
  Scenario Outline: The key of the same <operation> is replayed
    Given I have onboarded a provider
    When I call "<operation>" with:
      | header Idempotency-Key | key-{unique}           |
      | /recorded_at           | "2026-02-22T16:00:10Z" |
    Then the answer is 200
    When I repeat the call with:
      | /recorded_at | "2026-02-22T16:00:10Z" |
    Then the header "Idempotent-Replayed" is "true"

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.status.upsert        |

  @idempotency-payload-matches @refuses @full
  Scenario: Two spellings of one instant are two payloads
    When I onboard a provider with:
      | /recorded_at | "2026-02-22T16:00:10Z" |
    Then the answer is 200
    When I repeat the call with:
      | /recorded_at | "2026-02-22T16:00:10.000Z" |
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH without a reason code

  @idempotency-payload-matches @refuses
  Scenario: A default that is spelled out is another payload
    When I onboard a provider
    Then the answer is 200
    When I repeat the call with:
      | /provider/status | "pending_review" |
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH

  @idempotency-payload-matches @refuses
  Scenario: Another order in a list is another payload
    Given I have onboarded a provider
    When I upsert its status with:
      | /status/reason_codes | ["a","b"] |
    Then the answer is 200
    When I repeat the call with:
      | /status/reason_codes | ["b","a"] |
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH

  @idempotency-payload-matches @refuses @full
  Scenario: The payload of onboard is its body
    Given my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I call "partnerLiquidityProvider.onboard" with the body:
      """
      {}
      """
    And I call "partnerLiquidityProvider.onboard" with the body:
      """
      {"provider": {}}
      """
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH without a reason code
    And the fields are:
      | /error/details/operation_id          | "partnerLiquidityProvider.onboard"                                 |
      | /error/details/idempotency_key       | "key-{unique}"                                                     |
      | /error/details/original_payload_hash | "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" |
      | /error/details/payload_hash          | "42f0fd2e270f27d52f3e71a05fd96edcc04e1367c2ec2da00c06b80562559b21" |

  @idempotency-payload-matches @refuses @needs:fresh-state @full
  Scenario Outline: The payload of <operation> is its provider and its body
    Given I have onboarded a provider with:
      | /provider/provider_id | "plp_000001" |
    And my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I call "<operation>" with the body:
      """
      {}
      """
    And I call "<operation>" with the body:
      """
      {"status": {}}
      """
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH without a reason code
    And the fields are:
      | /error/details/operation_id          | "<operation>"                                                      |
      | /error/details/original_payload_hash | "fcace74de58a4770c5b9c72b8aa367c5fcb970d235e1eacd7c512d3f1aa6e1be" |
      | /error/details/payload_hash          | "721ed396e90c7110de6b561f3cb686bd2760e25d6ff990f8ec1425f58256923a" |

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |

  @idempotency-payload-matches @refuses @full
  Scenario: Another payload is told before an invalid request
    When I onboard a provider
    Then the answer is 200
    When I repeat the call with:
      | /provider | absent |
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH without a reason code
    And "/error/details/violations" is absent

  @idempotency-payload-matches @refuses @full
  Scenario: Another payload is told before another owner
    When I onboard a provider
    Then the answer is 200
    When I repeat the call with:
      | /provider/owner_actor/id | "{stranger}" |
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH without a reason code

  @idempotency-payload-matches @refuses @full
  Scenario: Malformed JSON is told before another payload
    Given my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I onboard a provider
    Then the answer is 200
    When I call "partnerLiquidityProvider.onboard" with the body:
      """
      {"provider": }
      """
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/idempotency_key" is absent

  @idempotency-payload-matches @refuses @needs:header-identity @full
  Scenario: A missing scope is told before another payload
    When I onboard a provider
    Then the answer is 200
    When I repeat the call with:
      | /provider/status     | "pending_review" |
      | header X-Auth-Scopes | settlement:read  |
    Then the answer is 403 INSUFFICIENT_SCOPE without a reason code

  @idempotency-payload-matches @permits
  Scenario: After a refused payload the first one is still answered as before
    When I onboard a provider with:
      | header Idempotency-Key | key-{unique}           |
      | /recorded_at           | "2026-02-22T16:00:10Z" |
    Then the answer is 200
    And I remember the answer as "first"
    And I note its state
    When I repeat the call with:
      | /recorded_at | "2026-02-22T16:00:11Z" |
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH
    When I repeat the call with:
      | /recorded_at | "2026-02-22T16:00:10Z" |
    Then the answer is the same as "first"
    And its state is as noted

  @idempotency-payload-matches @permits @full
  Scenario: After a refused payload the first one is still replayed
    When I onboard a provider with:
      | header Idempotency-Key | key-{unique}           |
      | /recorded_at           | "2026-02-22T16:00:10Z" |
    Then the answer is 200
    And I remember the answer as "first"
    And I note its state
    When I repeat the call with:
      | /recorded_at | "2026-02-22T16:00:11Z" |
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH without a reason code
    When I repeat the call with:
      | /recorded_at | "2026-02-22T16:00:10Z" |
    Then the answer is byte for byte "first"
    And the header "Idempotent-Replayed" is "true"
    And its state is as noted

  # ---- idempotency-replays-the-answer ---------------------------------------------------------------------------

  @idempotency-replays-the-answer
  Scenario Outline: <operation> is answered as before
    Given I have onboarded a provider
    And I have evaluated its eligibility
    When I call "<operation>"
    Then the answer is 200
    And I remember the answer as "first"
    When I repeat the call
    Then the answer is 200
    And the answer is the same as "first"

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |

  @idempotency-replays-the-answer @full
  Scenario Outline: <operation> is answered byte for byte as before
    Given I have onboarded a provider
    And I have evaluated its eligibility
    When I call "<operation>"
    Then the answer is 200
    And the header "Idempotent-Replayed" is absent
    And I remember the answer as "first"
    When I repeat the call
    Then the answer is 200
    And the answer is byte for byte "first"
    And the header "Idempotent-Replayed" is "true"
    And the header "Content-Type" is "application/json; charset=utf-8"

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |

  @idempotency-replays-the-answer @full
  Scenario Outline: A replay keeps the first correlation id, <first>, when it brings <second>
    When I onboard a provider with:
      | header X-Correlation-Id | <first> |
    Then the answer is 200
    And I remember the answer as "first"
    When I repeat the call with:
      | header X-Correlation-Id | <second> |
    Then the answer is byte for byte "first"
    And the header "Idempotent-Replayed" is "true"
    And the header "X-Correlation-Id" is "<kept>"
    And "/correlation_id" is "<kept>"

    Examples:
      | first  | second | kept                                  |
      | one    | two    | one                                   |
      | one    | absent | one                                   |
      | absent | two    | corr_partnerliquidityprovider_onboard |

  @idempotency-replays-the-answer @full
  Scenario Outline: Headers are no part of the payload: <header> <value>
    When I onboard a provider
    Then the answer is 200
    And I remember the answer as "first"
    When I repeat the call with:
      | header <header> | <value> |
    Then the answer is byte for byte "first"
    And the header "Idempotent-Replayed" is "true"

    Examples:
      | header        | value            |
      | Content-Type  | text/plain       |
      | X-Now-Iso     | yesterday        |

    @needs:header-identity
    Examples:
      | header        | value            |
      | X-Auth-Scopes | settlement:write |

  @idempotency-replays-the-answer
  Scenario Outline: <what> is the same payload
    Given I have onboarded a provider
    And my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I call "partnerLiquidityProvider.status.upsert" with the body:
      """
      {"status":{"status":"restricted","segment_tier":"S1","trust_safety_baseline_passed":true,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":20,"reason_codes":["a/b","é"]}}
      """
    Then the answer is 200
    And I remember the answer as "first"
    When I call "partnerLiquidityProvider.status.upsert" with the body:
      """
      <body>
      """
    Then the answer is the same as "first"

    Examples:
      | what                 | body |
      | another member order | {"status":{"reason_codes":["a/b","é"],"unresolved_critical_violations":20,"audit_conformance_passed":true,"reliability_baseline_passed":true,"trust_safety_baseline_passed":true,"segment_tier":"S1","status":"restricted"}} |
      | other white space    | { "status" : {"status": "restricted",  "segment_tier": "S1", "trust_safety_baseline_passed": true, "reliability_baseline_passed": true, "audit_conformance_passed": true, "unresolved_critical_violations": 20, "reason_codes": [ "a/b", "é" ] } } |
      | escapes in strings   | {"status":{"status":"\\u0072estricted","segment_tier":"S1","trust_safety_baseline_passed":true,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":20,"reason_codes":["a\\/b","\\u00e9"]}} |

  @idempotency-replays-the-answer @full
  Scenario Outline: <what> spells the same payload
    Given I have onboarded a provider
    And my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I call "partnerLiquidityProvider.status.upsert" with the body:
      """
      {"status":{"status":"restricted","segment_tier":"S1","trust_safety_baseline_passed":true,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":20,"reason_codes":["a/b","é"]}}
      """
    Then the answer is 200
    And I remember the answer as "first"
    When I call "partnerLiquidityProvider.status.upsert" with the body:
      """
      <body>
      """
    Then the answer is byte for byte "first"
    And the header "Idempotent-Replayed" is "true"

    Examples:
      | what                 | body |
      | another member order | {"status":{"reason_codes":["a/b","é"],"unresolved_critical_violations":20,"audit_conformance_passed":true,"reliability_baseline_passed":true,"trust_safety_baseline_passed":true,"segment_tier":"S1","status":"restricted"}} |
      | other white space    | { "status" : {"status": "restricted",  "segment_tier": "S1", "trust_safety_baseline_passed": true, "reliability_baseline_passed": true, "audit_conformance_passed": true, "unresolved_critical_violations": 20, "reason_codes": [ "a/b", "é" ] } } |
      | a fraction of zero   | {"status":{"status":"restricted","segment_tier":"S1","trust_safety_baseline_passed":true,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":20.0,"reason_codes":["a/b","é"]}} |
      | an exponent          | {"status":{"status":"restricted","segment_tier":"S1","trust_safety_baseline_passed":true,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":2E+1,"reason_codes":["a/b","é"]}} |
      | escapes in strings   | {"status":{"status":"\\u0072estricted","segment_tier":"S1","trust_safety_baseline_passed":true,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":20,"reason_codes":["a\\/b","\\u00e9"]}} |

  @idempotency-replays-the-answer
  Scenario: The first answer given again does not bring back what was replaced since
    Given I have onboarded a provider
    When I upsert its status with:
      | /status/status         | "pending_review" |
      | header Idempotency-Key | key-{unique}     |
    Then the answer is 200
    And I remember the answer as "first"
    When I upsert its status with:
      | /status/status       | "restricted" |
      | /status/reason_codes | ["checked"]  |
    Then the answer is 200
    And I note its state
    When I upsert its status with:
      | /status/status         | "pending_review" |
      | header Idempotency-Key | key-{unique}     |
    Then the answer is the same as "first"
    And its state is as noted

  @idempotency-replays-the-answer @full
  Scenario: A replay does not bring back what was replaced since
    Given I have onboarded a provider
    When I upsert its status with:
      | /status/status         | "pending_review" |
      | header Idempotency-Key | key-{unique}     |
    Then the answer is 200
    And I remember the answer as "first"
    When I upsert its status with:
      | /status/status       | "restricted" |
      | /status/reason_codes | ["checked"]  |
    Then the answer is 200
    And I note its state
    When I upsert its status with:
      | /status/status         | "pending_review" |
      | header Idempotency-Key | key-{unique}     |
    Then the answer is byte for byte "first"
    And the header "Idempotent-Replayed" is "true"
    And its state is as noted

  # ---- idempotency-keeps-refusals -------------------------------------------------------------------------------

  @idempotency-keeps-refusals
  Scenario Outline: A refusal by the schema of <operation> is kept
    Given I have onboarded a provider
    When I call "<operation>" with:
      | <member> | absent |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And I remember the answer as "first"
    When I repeat the call
    Then the answer is the same as "first"
    And the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid

    Examples:
      | operation                                     | member       |
      | partnerLiquidityProvider.onboard              | /provider    |
      | partnerLiquidityProvider.status.upsert        | /status      |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility |
      | partnerLiquidityProvider.rollout.upsert       | /rollout     |

  @idempotency-keeps-refusals @full
  Scenario Outline: A refusal by the schema of <operation> is replayed
    Given I have onboarded a provider
    When I call "<operation>" with:
      | <member> | absent |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And the header "Idempotent-Replayed" is absent
    And I remember the answer as "first"
    When I repeat the call
    Then the answer is byte for byte "first"
    And the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And the header "Idempotent-Replayed" is "true"

    Examples:
      | operation                                     | member       |
      | partnerLiquidityProvider.onboard              | /provider    |
      | partnerLiquidityProvider.status.upsert        | /status      |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility |
      | partnerLiquidityProvider.rollout.upsert       | /rollout     |

  @idempotency-keeps-refusals
  Scenario: A refusal by a rule is kept, even when the rule would let it pass by then
    Given I have onboarded a provider
    When I upsert its rollout with:
      | header Idempotency-Key | key-{unique} |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And I remember the answer as "first"
    Given I have evaluated its eligibility
    And I note its state
    When I upsert its rollout with:
      | header Idempotency-Key | key-{unique} |
    Then the answer is the same as "first"
    And the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And its state is as noted
    When I upsert its rollout
    Then the answer is 200

  @idempotency-keeps-refusals @full
  Scenario: A refusal by a rule is replayed, even when the rule would let it pass by then
    Given I have onboarded a provider
    When I upsert its rollout with:
      | header Idempotency-Key | key-{unique} |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And I remember the answer as "first"
    Given I have evaluated its eligibility
    And I note its state
    When I upsert its rollout with:
      | header Idempotency-Key | key-{unique} |
    Then the answer is byte for byte "first"
    And the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And the header "Idempotent-Replayed" is "true"
    And its state is as noted
    When I upsert its rollout
    Then the answer is 200

  @idempotency-keeps-refusals
  Scenario: A refusal of a status is kept
    Given I have onboarded a provider
    When I upsert its status with:
      | /status/audit_conformance_passed | false |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_downgrade_required
    And I remember the answer as "first"
    When I repeat the call
    Then the answer is the same as "first"

  @idempotency-keeps-refusals @full
  Scenario: A refusal of a status is replayed
    Given I have onboarded a provider
    When I upsert its status with:
      | /status/audit_conformance_passed | false |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_downgrade_required
    And I remember the answer as "first"
    When I repeat the call
    Then the answer is byte for byte "first"
    And the header "Idempotent-Replayed" is "true"

  @idempotency-keeps-refusals
  Scenario: The refusal of another's ownership at onboard is kept
    When I onboard a provider with:
      | /provider/owner_actor/id | "{stranger}" |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    And I remember the answer as "first"
    When I repeat the call
    Then the answer is the same as "first"
    And the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid

  @idempotency-keeps-refusals @full
  Scenario: The refusal of another's ownership at onboard is replayed
    When I onboard a provider with:
      | /provider/owner_actor/id | "{stranger}" |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    And the header "Idempotent-Replayed" is absent
    And I remember the answer as "first"
    When I repeat the call
    Then the answer is byte for byte "first"
    And the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    And the header "Idempotent-Replayed" is "true"

  @idempotency-keeps-refusals
  Scenario: The refusal of a taken id is kept
    Given I have onboarded a provider with:
      | /provider/provider_id | "taken-{unique}" |
    When I onboard a provider with:
      | /provider/provider_id | "taken-{unique}" |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_invalid
    And I remember the answer as "first"
    When I repeat the call
    Then the answer is the same as "first"

  @idempotency-keeps-refusals @full
  Scenario: The refusal of a taken id is replayed
    Given I have onboarded a provider with:
      | /provider/provider_id | "taken-{unique}" |
    When I onboard a provider with:
      | /provider/provider_id | "taken-{unique}" |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_invalid
    And I remember the answer as "first"
    When I repeat the call
    Then the answer is byte for byte "first"
    And the header "Idempotent-Replayed" is "true"

  @idempotency-keeps-refusals @full
  Scenario: Malformed JSON is not kept
    Given my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I call "partnerLiquidityProvider.onboard" with the body:
      """
      {"provider": }
      """
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    When I repeat the call
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And the header "Idempotent-Replayed" is absent
    When I onboard a provider
    Then the answer is 200
    And the header "Idempotent-Replayed" is absent

  @idempotency-keeps-refusals @full
  Scenario: A body that is too large is not kept
    Given my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I call "partnerLiquidityProvider.onboard" with a body of 1048577 bytes
    Then the answer is 413 PAYLOAD_TOO_LARGE without a reason code
    When I onboard a provider
    Then the answer is 200
    And the header "Idempotent-Replayed" is absent

  @idempotency-keeps-refusals @needs:header-identity @full
  Scenario Outline: <what> is not kept
    When I onboard a provider with:
      | header <header> | <wrong> |
    Then the answer is <refused> without a reason code
    And the header "Idempotent-Replayed" is absent
    When I repeat the call with:
      | header <header> | <right> |
    Then the answer is 200
    And the header "Idempotent-Replayed" is absent

    Examples:
      | what                 | header        | wrong           | refused                | right            |
      | A missing identity   | X-Actor-Id    | absent          | 401 UNAUTHORIZED       | {me}             |
      | A refused actor type | X-Actor-Type  | user            | 403 FORBIDDEN          | partner          |
      | A missing scope      | X-Auth-Scopes | settlement:read | 403 INSUFFICIENT_SCOPE | settlement:write |

  @idempotency-keeps-refusals @full
  Scenario: An unknown provider is not kept
    Given my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I call "partnerLiquidityProvider.status.upsert" with:
      | path provider_id | later-{unique} |
    Then the answer is 404 NOT_FOUND because partner_liquidity_provider_not_found
    Given I have onboarded a provider with:
      | /provider/provider_id | "later-{unique}" |
    When I upsert its status
    Then the answer is 200
    And the header "Idempotent-Replayed" is absent

  @idempotency-keeps-refusals @full
  Scenario: Another's provider is not kept
    Given I have onboarded a provider
    And I act as partner "{stranger}"
    When I upsert its status
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    When I repeat the call
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    And the header "Idempotent-Replayed" is absent

  @idempotency-keeps-refusals
  Scenario: Another payload is refused each time
    When I onboard a provider
    Then the answer is 200
    When I repeat the call with:
      | /provider/status | "active" |
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH
    When I repeat the call
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH

  @idempotency-keeps-refusals @full
  Scenario: Another payload is refused anew each time
    When I onboard a provider
    Then the answer is 200
    When I repeat the call with:
      | /provider/status | "active" |
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH without a reason code
    When I repeat the call
    Then the answer is 409 IDEMPOTENCY_KEY_REUSE_PAYLOAD_MISMATCH without a reason code
    And the header "Idempotent-Replayed" is absent

  @idempotency-keeps-refusals @needs:header-identity @full
  Scenario: A refusal with a missing scope comes even for an answer that is kept
    When I onboard a provider
    Then the answer is 200
    When I repeat the call with:
      | header X-Auth-Scopes | settlement:read |
    Then the answer is 403 INSUFFICIENT_SCOPE without a reason code
    And the header "Idempotent-Replayed" is absent

  # ---- idempotency-is-scoped ------------------------------------------------------------------------------------

  @idempotency-is-scoped
  Scenario: Another partner may use the same key
    Given my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I onboard a provider
    Then the answer is 200
    And I remember "/provider/provider_id" as "mine"
    Given I act as partner "{stranger}"
    When I onboard a provider with:
      | /provider/owner_actor/id | "{stranger}" |
    Then the answer is 200
    And "/provider/provider_id" is not "{mine}"
    And "/provider/owner_actor/id" is "{stranger}"

  @idempotency-is-scoped @full
  Scenario: Another partner's answer to the same key is no replay
    Given my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I onboard a provider
    Then the answer is 200
    And I remember "/provider/provider_id" as "mine"
    Given I act as partner "{stranger}"
    When I onboard a provider with:
      | /provider/owner_actor/id | "{stranger}" |
    Then the answer is 200
    And the header "Idempotent-Replayed" is absent

  @idempotency-is-scoped @needs:header-identity
  Scenario: The other partner is refused with my key
    When I onboard a provider
    Then the answer is 200
    When I repeat the call with:
      | header X-Actor-Id | {stranger} |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid

  @idempotency-is-scoped @needs:header-identity @full
  Scenario: The other partner's refusal is no replay of mine
    When I onboard a provider
    Then the answer is 200
    When I repeat the call with:
      | header X-Actor-Id | {stranger} |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    And the header "Idempotent-Replayed" is absent

  @idempotency-is-scoped
  Scenario: One key is another key to every operation
    Given my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I onboard a provider
    Then the answer is 200
    When I upsert its status
    Then the answer is 200
    And "/status" is present
    When I evaluate its eligibility
    Then the answer is 200
    And "/eligibility" is present
    When I upsert its rollout
    Then the answer is 200
    And "/rollout" is present

  @idempotency-is-scoped @full
  Scenario: Every operation may use the same key
    Given my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I onboard a provider
    Then the answer is 200
    When I upsert its status
    Then the answer is 200
    And the header "Idempotent-Replayed" is absent
    When I evaluate its eligibility
    Then the answer is 200
    And the header "Idempotent-Replayed" is absent
    When I upsert its rollout
    Then the answer is 200
    And the header "Idempotent-Replayed" is absent

  @idempotency-is-scoped
  Scenario Outline: <operation> may use the same key for another provider
    Given I have onboarded a provider with:
      | /provider/provider_id | "one-{unique}" |
    And I have onboarded a provider with:
      | /provider/provider_id | "two-{unique}" |
    And my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I call "<operation>" with:
      | path provider_id | one-{unique} |
    Then the answer is 200
    And "/provider_id" is "one-{unique}"
    When I call "<operation>" with:
      | path provider_id | two-{unique} |
    Then the answer is 200
    And "/provider_id" is "two-{unique}"

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |

  @idempotency-is-scoped @full
  Scenario Outline: <operation> is no replay with the same key for another provider
    Given I have onboarded a provider with:
      | /provider/provider_id | "one-{unique}" |
    And I have onboarded a provider with:
      | /provider/provider_id | "two-{unique}" |
    And my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I call "<operation>" with:
      | path provider_id | one-{unique} |
    Then the answer is 200
    When I call "<operation>" with:
      | path provider_id | two-{unique} |
    Then the answer is 200
    And the header "Idempotent-Replayed" is absent

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |

  @idempotency-is-scoped
  Scenario: A rollout may use the same key for another provider
    Given I have onboarded a provider with:
      | /provider/provider_id | "one-{unique}" |
    And I have onboarded a provider with:
      | /provider/provider_id | "two-{unique}" |
    And my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I upsert its rollout with:
      | path provider_id        | one-{unique} |
      | /rollout/rollout_status | "paused"     |
    Then the answer is 200
    And "/provider_id" is "one-{unique}"
    When I upsert its rollout with:
      | path provider_id        | two-{unique} |
      | /rollout/rollout_status | "paused"     |
    Then the answer is 200
    And "/provider_id" is "two-{unique}"

  @idempotency-is-scoped @full
  Scenario: A rollout is no replay with the same key for another provider
    Given I have onboarded a provider with:
      | /provider/provider_id | "one-{unique}" |
    And I have onboarded a provider with:
      | /provider/provider_id | "two-{unique}" |
    And my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I upsert its rollout with:
      | path provider_id        | one-{unique} |
      | /rollout/rollout_status | "paused"     |
    Then the answer is 200
    When I upsert its rollout with:
      | path provider_id        | two-{unique} |
      | /rollout/rollout_status | "paused"     |
    Then the answer is 200
    And the header "Idempotent-Replayed" is absent

  @idempotency-is-scoped
  Scenario: A key in another case makes another provider
    When I onboard a provider with:
      | header Idempotency-Key | key-{unique} |
    Then the answer is 200
    And I remember "/provider/provider_id" as "first"
    When I repeat the call with:
      | header Idempotency-Key | KEY-{unique} |
    Then the answer is 200
    And "/provider/provider_id" is not "{first}"

  @idempotency-is-scoped @full
  Scenario: A key in another case is another key
    When I onboard a provider with:
      | header Idempotency-Key | key-{unique} |
    Then the answer is 200
    When I repeat the call with:
      | header Idempotency-Key | KEY-{unique} |
    Then the answer is 200
    And the header "Idempotent-Replayed" is absent

  @idempotency-is-scoped @needs:header-identity @full
  Scenario: A partner is the same one however it is named
    When I onboard a provider
    Then the answer is 200
    And I remember the answer as "first"
    When I repeat the call with:
      | header X-Actor-Type  | absent |
      | header X-Actor-Id    | absent |
      | header X-Partner-Key | {me}   |
    Then the answer is byte for byte "first"
    And the header "Idempotent-Replayed" is "true"

  # ---- idempotency-runs-once ------------------------------------------------------------------------------------

  @idempotency-runs-once
  Scenario Outline: Of 16 requests at once <operation> runs one
    Given I have onboarded a provider
    And I have evaluated its eligibility
    When I call "<operation>" 16 times at once
    Then the answer is 200
    And every answer is the same
    When I export its audit with:
      | query event_type | <event> |
    Then "/export/entries" has <entries> items

    Examples:
      | operation                                     | event                 | entries |
      | partnerLiquidityProvider.onboard              | onboarded             | 1       |
      | partnerLiquidityProvider.status.upsert        | status_upserted       | 1       |
      | partnerLiquidityProvider.eligibility.evaluate | eligibility_evaluated | 2       |
      | partnerLiquidityProvider.rollout.upsert       | rollout_upserted      | 1       |

  @idempotency-runs-once @full
  Scenario Outline: Of 16 requests at once <operation> replays 15, byte for byte
    Given I have onboarded a provider
    And I have evaluated its eligibility
    When I call "<operation>" 16 times at once
    Then the answer is 200
    And every answer is byte for byte the same
    And exactly 15 answers are replays
    When I export its audit with:
      | query event_type | <event> |

    Examples:
      | operation                                     | event                 |
      | partnerLiquidityProvider.onboard              | onboarded             |
      | partnerLiquidityProvider.status.upsert        | status_upserted       |
      | partnerLiquidityProvider.eligibility.evaluate | eligibility_evaluated |
      | partnerLiquidityProvider.rollout.upsert       | rollout_upserted      |

  @idempotency-runs-once @needs:fresh-state @full
  Scenario: Of 16 onboardings at once one uses up an id
    When I call "partnerLiquidityProvider.onboard" 16 times at once
    Then the answer is 200
    And "/provider/provider_id" is "plp_000001"
    And exactly 15 answers are replays
    When I onboard a provider
    Then "/provider/provider_id" is "plp_000002"

  @idempotency-runs-once
  Scenario: 16 requests at once after the first are answered alike
    Given I have onboarded a provider
    When I upsert its status
    Then the answer is 200
    When I repeat the call 16 times at once
    Then the answer is 200
    And every answer is the same

  @idempotency-runs-once @full
  Scenario: 16 requests at once after the first are all replays
    Given I have onboarded a provider
    When I upsert its status
    Then the answer is 200
    When I repeat the call 16 times at once
    Then the answer is 200
    And every answer is byte for byte the same
    And exactly 16 answers are replays

  @idempotency-runs-once
  Scenario: 16 requests at once are refused alike
    When I call "partnerLiquidityProvider.onboard" 16 times at once with:
      | /provider/segment_tier | "S9" |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And every answer is the same

  @idempotency-runs-once @full
  Scenario: Of 16 refusals at once one is found and the others are replayed
    When I call "partnerLiquidityProvider.onboard" 16 times at once with:
      | /provider/segment_tier | "S9" |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And every answer is byte for byte the same
    And exactly 15 answers are replays
