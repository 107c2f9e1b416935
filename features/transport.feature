Feature: Transport
  What a request meets before any rule about providers: its path, its method, its body and the shape of that body.
  Rule of thumb: every answer is JSON with a correlation id, a refusal names the first thing that is wrong, and a
  refused request leaves nothing behind.

  # ---- route-is-known -------------------------------------------------------------------------------------------

  @route-is-known @refuses
  Scenario Outline: <method> <path> is no route
    When I send "<method>" to "<path>"
    Then the answer is 404 NOT_FOUND without a reason code
    And the fields are:
      | /correlation_id       | "corr_unrouted" |
      | /error/details/method | "<method>"      |
      | /error/details/path   | "<path>"        |
    And the header "X-Correlation-Id" is "corr_unrouted"
    And the header "Allow" is absent

    Examples: words that name nothing
      | method | path                                       |
      | GET    | /                                          |
      | POST   | /partner-liquidity-providers/x/eligibility |
      | PATCH  | /keys                                      |

    Examples: another case
      | method | path                                  |
      | POST   | /partner-liquidity-providers/x/STATUS |
      | GET    | /Healthz                              |

    Examples: a trailing slash
      | method | path                                           |
      | POST   | /partner-liquidity-providers/                  |
      | GET    | /partner-liquidity-providers/x/rollout/export/ |
      | GET    | /healthz/                                      |

    Examples: an empty segment
      | method | path                                    |
      | POST   | //partner-liquidity-providers           |
      | POST   | /partner-liquidity-providers//status    |

    Examples: dots, which nothing cleans up
      | method | path                                       |
      | GET    | /./healthz                                 |

  @route-is-known @permits
  Scenario Outline: GET <path> is a route
    Given I have onboarded a provider
    When I send "GET" to "<path>"
    Then the answer is 200

    Examples:
      | path                                                   |
      | /healthz?x=1                                           |
      | /partner-liquidity-providers/{provider}                |
      | /partner-liquidity-providers/{provider}/rollout/export |

  @route-is-known @refuses
  Scenario: An unknown route is told before a missing identity
    Given I bring no identity
    When I send "GET" to "/partner-liquidity-providers/x/nothing"
    Then the answer is 404 NOT_FOUND without a reason code

  @route-is-known @refuses
  Scenario: A trailing slash changes nothing
    Given I have onboarded a provider
    And I note its state
    When I send "POST" to "/partner-liquidity-providers/{provider}/status/" with:
      | /status | {"status": "offboarded", "reason_codes": ["closed"]} |
    Then the answer is 404 NOT_FOUND without a reason code
    And its state is as noted

  # ---- method-is-allowed ----------------------------------------------------------------------------------------

  @method-is-allowed @refuses
  Scenario Outline: <method> is no method of <path>
    When I send "<method>" to "<path>"
    Then the answer is 405 METHOD_NOT_ALLOWED without a reason code
    And the header "Allow" is "<allow>"
    And the header "X-Correlation-Id" is "corr_unrouted"
    And "/correlation_id" is "corr_unrouted"

    Examples:
      | method  | path                                                | allow |
      | PUT     | /partner-liquidity-providers                        | POST  |
      | OPTIONS | /partner-liquidity-providers                        | POST  |
      | DELETE  | /partner-liquidity-providers/x                      | GET   |
      | GET     | /partner-liquidity-providers/x/status               | POST  |
      | GET     | /partner-liquidity-providers/x/eligibility/evaluate | POST  |
      | GET     | /partner-liquidity-providers/x/rollout              | POST  |
      | POST    | /partner-liquidity-providers/x/rollout/export       | GET   |
      | POST    | /healthz                                            | GET   |

    @needs:key-set
    Examples:
      | method  | path                                                | allow |
      | POST    | /keys/policy-integrity-signing                      | GET   |

  @method-is-allowed @refuses
  Scenario Outline: HEAD is no method of <path>
    When I send "HEAD" to "<path>"
    Then the answer is 405
    And the header "Allow" is "<allow>"
    And the header "X-Correlation-Id" is "corr_unrouted"

    Examples:
      | path                           | allow |
      | /healthz                       | GET   |
      | /partner-liquidity-providers   | POST  |

  @method-is-allowed @refuses
  Scenario: Another method is told before a missing identity
    Given I bring no identity
    When I send "DELETE" to "/partner-liquidity-providers/x"
    Then the answer is 405 METHOD_NOT_ALLOWED without a reason code

  @method-is-allowed @refuses
  Scenario: DELETE deletes nothing
    Given I have onboarded a provider
    And I note its state
    When I send "DELETE" to "/partner-liquidity-providers/{provider}"
    Then the answer is 405 METHOD_NOT_ALLOWED without a reason code
    And its state is as noted

  @method-is-allowed @permits
  Scenario Outline: <operation> answers to its own method
    Given I have onboarded a provider
    When I call "<operation>"
    Then the answer is 200
    And the header "Allow" is absent

    Examples:
      | operation                        |
      | partnerLiquidityProvider.onboard |
      | partnerLiquidityProvider.get     |
      | healthz                          |

  # ---- body-within-limit ----------------------------------------------------------------------------------------

  @body-within-limit @permits
  Scenario Outline: A body of exactly 1 MiB is read by <operation>
    Given I have onboarded a provider
    When I call "<operation>" with a body of 1048576 bytes
    Then the answer is 200

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |

  @body-within-limit @refuses
  Scenario Outline: A body of 1 MiB and one byte is refused by <operation>
    Given I have onboarded a provider
    When I call "<operation>" with a body of 1048577 bytes
    Then the answer is 413 PAYLOAD_TOO_LARGE without a reason code
    And "/error/details/violations" is absent

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |

  @body-within-limit @refuses
  Scenario: A body that is too large changes nothing
    Given I have onboarded a provider
    And I note its state
    When I call "partnerLiquidityProvider.status.upsert" with a body of 1048577 bytes
    Then the answer is 413 PAYLOAD_TOO_LARGE without a reason code
    And its state is as noted

  @body-within-limit @refuses
  Scenario: A body that is too large is told after a missing identity
    Given I bring no identity
    When I call "partnerLiquidityProvider.onboard" with a body of 1048577 bytes
    Then the answer is 401 UNAUTHORIZED without a reason code

  @body-within-limit @refuses
  Scenario: A body that is too large is told after a missing idempotency key
    Given my requests carry:
      | header Idempotency-Key | absent |
    When I call "partnerLiquidityProvider.onboard" with a body of 1048577 bytes
    Then the answer is 400 CONSTRAINT_VIOLATION without a reason code
    And "/error/details/header" is "Idempotency-Key"

  @body-within-limit @refuses @needs:header-identity
  Scenario: A body that is too large is told before a refused actor type
    Given my requests carry:
      | header X-Actor-Type | user |
    When I call "partnerLiquidityProvider.onboard" with a body of 1048577 bytes
    Then the answer is 413 PAYLOAD_TOO_LARGE without a reason code

  @body-within-limit @refuses @needs:header-identity
  Scenario: A body that is too large is told before a missing scope
    Given my scopes are "nothing"
    When I call "partnerLiquidityProvider.onboard" with a body of 1048577 bytes
    Then the answer is 413 PAYLOAD_TOO_LARGE without a reason code

  # ---- body-is-i-json -------------------------------------------------------------------------------------------

  @body-is-i-json @refuses
  Scenario Outline: A body with <what> is malformed
    When I call "partnerLiquidityProvider.onboard" with the body:
      """
      {"provider": {"owner_actor": {"type": "partner", "id": "{me}"},
        "external_provider_id": "ext-1", "segment_tier": "S1", "trust_contact_email": "trust@lp.example",
        "disclosure_text": "Quotes are indicative.", <member>}}
      """
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" is absent

    Examples: members that stand twice
      | what                         | member                                                   |
      | a member twice               | "legal_entity_name": "A", "legal_entity_name": "A"       |
      | a member twice, once escaped | "legal_entity_name": "A", "legal\\u005fentity_name": "A" |
      | a member twice, deep inside  | "legal_entity_name": "A", "x": [{"y": {"z": 1, "z": 1}}] |

    Examples: strings that are not Unicode text
      | what                     | member                                |
      | a lone high surrogate    | "legal_entity_name": "\\ud83d"        |
      | a lone low surrogate     | "legal_entity_name": "\\ude00"        |
      | the noncharacter U+FDD0  | "legal_entity_name": "\\ufdd0"        |
      | the noncharacter U+1FFFE | "legal_entity_name": "\\ud83f\\udffe" |

    Examples: numbers that no double can hold
      | what               | member                       |
      | the number 1e400   | "legal_entity_name": 1e400   |
      | the number 1.8e308 | "legal_entity_name": 1.8e308 |

    Examples: what other notations allow
      | what             | member                    |
      | a trailing comma | "legal_entity_name": "A", |
      | NaN              | "legal_entity_name": NaN  |

  @body-is-i-json @permits
  Scenario Outline: A body with <what> is read
    When I call "partnerLiquidityProvider.onboard" with the body:
      """
      {"provider": {"owner_actor": {"type": "partner", "id": "{me}"},
        "external_provider_id": "ext-1", "segment_tier": "S1", "trust_contact_email": "trust@lp.example",
        "disclosure_text": "Quotes are indicative.", <member>}}
      """
    Then the answer is 200
    And "/provider/legal_entity_name" is <read>

    Examples:
      | what                   | member                                             | read                        |
      | an escaped member name | "legal\\u005fentity_name": "A"                     | "A"                         |
      | a surrogate pair       | "legal_entity_name": "\\ud83d\\ude00"              | "😀"                        |
      | the character U+1FFFD  | "legal_entity_name": "\\ud83f\\udffd"              | "\\ud83f\\udffd"            |
      | every short escape     | "legal_entity_name": "a\\"\\\\\\/\\b\\f\\n\\r\\tz" | "a\\"\\\\/\\b\\f\\n\\r\\tz" |
      | letters beyond ASCII   | "legal_entity_name": "Zürich Börse 株式会社"       | "Zürich Börse 株式会社"     |

  @body-is-i-json @permits
  Scenario Outline: The number <number> is read, and refused by the schema alone
    When I call "partnerLiquidityProvider.onboard" with the body:
      """
      {"provider": {"legal_entity_name": <number>}}
      """
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And there is a violation of "type" at "/provider/legal_entity_name"

    Examples:
      | number                 |
      | 1e308                  |
      | 1.7976931348623157e308 |

  @body-is-i-json @refuses
  Scenario Outline: The text <text> is malformed
    When I call "partnerLiquidityProvider.onboard" with the body:
      """
      <text>
      """
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" is absent

    Examples:
      | text  |
      | {     |
      | {} {} |

  @body-is-i-json @permits
  Scenario Outline: The text <text> is read, and refused by the schema alone
    When I call "partnerLiquidityProvider.onboard" with the body:
      """
      <text>
      """
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" has 1 item
    And there is a violation of "<keyword>" at ""

    Examples:
      | text   | keyword  |
      | {}     | required |
      | []     | type     |

  @body-is-i-json @refuses
  Scenario Outline: The bytes of <what> are malformed
    When I call "partnerLiquidityProvider.onboard" with the body bytes "<bytes>"
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" is absent

    Examples:
      | what                               | bytes                      |
      | a byte order mark before the value | efbbbf 7b7d                |
      | a byte that UTF-8 never has        | 7b22 6122 3a22 ff 227d     |
      | a surrogate in UTF-8               | 7b22 6122 3a22 eda080 227d |
      | a noncharacter in UTF-8            | 7b22 6122 3a22 efbfbf 227d |
      | a bare tab in a string             | 7b22 6122 3a22 09 227d     |
      | a NUL after the value              | 7b7d 00                    |
      | a no-break space before the value  | c2a0 7b7d                  |

  @body-is-i-json @permits
  Scenario Outline: The bytes of <what> are read, and refused by the schema alone
    When I call "partnerLiquidityProvider.onboard" with the body bytes "<bytes>"
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And there is a violation of "required" at ""

    Examples:
      | what                              | bytes                        |
      | JSON white space around the value | 20 09 0a 0d 7b7d 0d 0a 09 20 |
      | the last code point before U+FFFE | 7b22 6122 3a22 efbfbd 227d   |
      | a delete character in a string    | 7b22 6122 3a22 7f 227d       |

  @body-is-i-json @refuses
  Scenario Outline: Malformed JSON is no request to <operation> either
    Given I have onboarded a provider
    When I call "<operation>" with the body:
      """
      {"recorded_at": }
      """
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" is absent

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |

  @body-is-i-json @refuses
  Scenario: Malformed JSON changes nothing, however much of it can be read
    Given I have onboarded a provider
    And I note its state
    When I call "partnerLiquidityProvider.status.upsert" with the body:
      """
      {"status": {"status": "pending_review", "segment_tier": "S3", "trust_safety_baseline_passed": true,
        "reliability_baseline_passed": true, "audit_conformance_passed": true,
        "unresolved_critical_violations": 0}} {}
      """
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" is absent
    And its state is as noted

  @body-is-i-json @refuses @needs:header-identity
  Scenario: Malformed JSON is told before a refused actor type
    Given my requests carry:
      | header X-Actor-Type | user |
    When I call "partnerLiquidityProvider.onboard" with the body:
      """
      {"provider": }
      """
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/actor_type" is absent

  @body-is-i-json @refuses @needs:header-identity
  Scenario: Malformed JSON is told before a missing scope
    Given my scopes are "settlement:read"
    When I call "partnerLiquidityProvider.onboard" with the body:
      """
      {"provider": }
      """
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/missing_scopes" is absent

  @body-is-i-json @refuses
  Scenario: Malformed JSON is told after a missing idempotency key
    Given my requests carry:
      | header Idempotency-Key | absent |
    When I call "partnerLiquidityProvider.onboard" with the body:
      """
      {"provider": }
      """
    Then the answer is 400 CONSTRAINT_VIOLATION without a reason code
    And "/error/details/header" is "Idempotency-Key"

  @body-is-i-json @permits
  Scenario: A body on GET is not even read
    Given I have onboarded a provider
    When I call "partnerLiquidityProvider.get" with the body:
      """
      {"provider": }
      """
    Then the answer is 200
    And "/provider/provider_id" is "{provider}"

  @body-is-i-json @permits
  Scenario Outline: The Content-Type <type> does not matter
    When I onboard a provider with:
      | header Content-Type | <type> |
    Then the answer is 200

    Examples:
      | type       |
      | text/plain |
      | absent     |

  # ---- request-matches-schema -----------------------------------------------------------------------------------

  @request-matches-schema @refuses
  Scenario Outline: <operation> without <member> is refused
    When I call "<operation>" with:
      | <member> | absent |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid

    Examples:
      | operation                        | member                         |
      | partnerLiquidityProvider.onboard | /provider                      |
      | partnerLiquidityProvider.onboard | /provider/owner_actor          |
      | partnerLiquidityProvider.onboard | /provider/owner_actor/type     |
      | partnerLiquidityProvider.onboard | /provider/owner_actor/id       |
      | partnerLiquidityProvider.onboard | /provider/external_provider_id |
      | partnerLiquidityProvider.onboard | /provider/legal_entity_name    |
      | partnerLiquidityProvider.onboard | /provider/trust_contact_email  |
      | partnerLiquidityProvider.onboard | /provider/segment_tier         |
      | partnerLiquidityProvider.onboard | /provider/disclosure_text      |

  @request-matches-schema @refuses @full
  Scenario Outline: <operation> without <member> has one violation, at "<at>"
    When I call "<operation>" with:
      | <member> | absent |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" has 1 item
    And there is a violation of "required" at "<at>"

    Examples:
      | operation                        | member                         | at                    |
      | partnerLiquidityProvider.onboard | /provider                      |                       |
      | partnerLiquidityProvider.onboard | /provider/owner_actor          | /provider             |
      | partnerLiquidityProvider.onboard | /provider/owner_actor/type     | /provider/owner_actor |
      | partnerLiquidityProvider.onboard | /provider/owner_actor/id       | /provider/owner_actor |
      | partnerLiquidityProvider.onboard | /provider/external_provider_id | /provider             |
      | partnerLiquidityProvider.onboard | /provider/legal_entity_name    | /provider             |
      | partnerLiquidityProvider.onboard | /provider/trust_contact_email  | /provider             |
      | partnerLiquidityProvider.onboard | /provider/segment_tier         | /provider             |
      | partnerLiquidityProvider.onboard | /provider/disclosure_text      | /provider             |

  @request-matches-schema @refuses
  Scenario Outline: <operation> of a provider without <member> is refused
    Given I have onboarded a provider
    When I call "<operation>" with:
      | <member> | absent |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid

    Examples:
      | operation                                     | member                                        |
      | partnerLiquidityProvider.status.upsert        | /status                                       |
      | partnerLiquidityProvider.status.upsert        | /status/status                                |
      | partnerLiquidityProvider.status.upsert        | /status/segment_tier                          |
      | partnerLiquidityProvider.status.upsert        | /status/trust_safety_baseline_passed          |
      | partnerLiquidityProvider.status.upsert        | /status/reliability_baseline_passed           |
      | partnerLiquidityProvider.status.upsert        | /status/audit_conformance_passed              |
      | partnerLiquidityProvider.status.upsert        | /status/unresolved_critical_violations        |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility                                  |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/requested_segment_tier           |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/trust_safety_baseline_passed     |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/reliability_baseline_passed      |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/audit_conformance_passed         |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/unresolved_critical_violations   |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/consecutive_compliant_windows    |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/capability_family                |
      | partnerLiquidityProvider.rollout.upsert       | /rollout                                      |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/rollout_status                       |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/effective_segment_tier               |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/capability_matrix                    |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/capability_matrix/0/capability       |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/capability_matrix/0/min_segment_tier |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/capability_matrix/0/enabled          |

  @request-matches-schema @refuses @full
  Scenario Outline: <operation> of a provider without <member> has one violation, at "<at>"
    Given I have onboarded a provider
    When I call "<operation>" with:
      | <member> | absent |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" has 1 item
    And there is a violation of "required" at "<at>"

    Examples:
      | operation                                     | member                                        | at                           |
      | partnerLiquidityProvider.status.upsert        | /status                                       |                              |
      | partnerLiquidityProvider.status.upsert        | /status/status                                | /status                      |
      | partnerLiquidityProvider.status.upsert        | /status/segment_tier                          | /status                      |
      | partnerLiquidityProvider.status.upsert        | /status/trust_safety_baseline_passed          | /status                      |
      | partnerLiquidityProvider.status.upsert        | /status/reliability_baseline_passed           | /status                      |
      | partnerLiquidityProvider.status.upsert        | /status/audit_conformance_passed              | /status                      |
      | partnerLiquidityProvider.status.upsert        | /status/unresolved_critical_violations        | /status                      |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility                                  |                              |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/requested_segment_tier           | /eligibility                 |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/trust_safety_baseline_passed     | /eligibility                 |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/reliability_baseline_passed      | /eligibility                 |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/audit_conformance_passed         | /eligibility                 |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/unresolved_critical_violations   | /eligibility                 |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/consecutive_compliant_windows    | /eligibility                 |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/capability_family                | /eligibility                 |
      | partnerLiquidityProvider.rollout.upsert       | /rollout                                      |                              |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/rollout_status                       | /rollout                     |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/effective_segment_tier               | /rollout                     |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/capability_matrix                    | /rollout                     |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/capability_matrix/0/capability       | /rollout/capability_matrix/0 |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/capability_matrix/0/min_segment_tier | /rollout/capability_matrix/0 |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/capability_matrix/0/enabled          | /rollout/capability_matrix/0 |

  @request-matches-schema @refuses @full
  Scenario Outline: <operation> does not take the text "true" for <member>
    Given I have onboarded a provider
    When I call "<operation>" with:
      | <member> | "true" |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" has 1 item
    And there is a violation of "type" at "<member>"

    Examples:
      | operation                                     | member                                    |
      | partnerLiquidityProvider.status.upsert        | /status/trust_safety_baseline_passed      |
      | partnerLiquidityProvider.status.upsert        | /status/reliability_baseline_passed       |
      | partnerLiquidityProvider.status.upsert        | /status/audit_conformance_passed          |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/trust_safety_baseline_passed |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/reliability_baseline_passed  |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/audit_conformance_passed     |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/remediation_closed           |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/capability_matrix/0/enabled      |

  @request-matches-schema @permits
  Scenario Outline: <operation> takes its default request, which leaves out what is optional
    Given I have onboarded a provider
    When I call "<operation>"
    Then the answer is 200

    Examples:
      | operation                              |
      | partnerLiquidityProvider.status.upsert |

  @request-matches-schema @permits
  Scenario: partnerLiquidityProvider.eligibility.evaluate may leave out its only optional member
    Given I have onboarded a provider
    When I evaluate its eligibility with:
      | /eligibility/remediation_closed | absent |
    Then the answer is 200

  @request-matches-schema @refuses @full
  Scenario Outline: <operation> allows no other member: <member>
    Given I have onboarded a provider
    When I call "<operation>" with:
      | <member> | 1 |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And there is a violation of "additionalProperties" at "<at>"

    Examples:
      | operation                                     | member                            | at                           |
      | partnerLiquidityProvider.onboard              | /note                             |                              |
      | partnerLiquidityProvider.onboard              | /provider/Status                  | /provider                    |
      | partnerLiquidityProvider.onboard              | /provider/owner_actor/name        | /provider/owner_actor        |
      | partnerLiquidityProvider.status.upsert        | /status/note                      | /status                      |
      | partnerLiquidityProvider.status.upsert        | /note                             |                              |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/note                 | /eligibility                 |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/note                     | /rollout                     |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/capability_matrix/0/note | /rollout/capability_matrix/0 |

  @request-matches-schema @refuses
  Scenario Outline: <operation> refuses the value <value> for <member>
    Given I have onboarded a provider
    When I call "<operation>" with:
      | <member> | <value> |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid

    Examples: values that the enum does not have
      | operation                                     | member                                        | value     |
      | partnerLiquidityProvider.onboard              | /provider/owner_actor/type                    | "robot"   |
      | partnerLiquidityProvider.onboard              | /provider/segment_tier                        | "S4"      |
      | partnerLiquidityProvider.onboard              | /provider/status                              | "closed"  |
      | partnerLiquidityProvider.status.upsert        | /status/status                                | "closed"  |
      | partnerLiquidityProvider.status.upsert        | /status/segment_tier                          | "S4"      |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/requested_segment_tier           | "S4"      |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/capability_family                | "premium" |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/rollout_status                       | "closed"  |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/effective_segment_tier               | "S4"      |
      | partnerLiquidityProvider.rollout.upsert       | /rollout/capability_matrix/0/min_segment_tier | "S4"      |

    Examples: counts below zero
      | operation                                     | member                                      | value |
      | partnerLiquidityProvider.status.upsert        | /status/unresolved_critical_violations      | -1    |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/unresolved_critical_violations | -1    |
      | partnerLiquidityProvider.eligibility.evaluate | /eligibility/consecutive_compliant_windows  | -1    |

    Examples: a matrix without a row
      | operation                               | member                     | value |
      | partnerLiquidityProvider.rollout.upsert | /rollout/capability_matrix | []    |

  @request-matches-schema @refuses @full
  Scenario Outline: The value <value> for <member> breaks "<keyword>"
    When I onboard a provider with:
      | <member> | <value> |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And there is a violation of "<keyword>" at "<member>"

    Examples:
      | member                     | value       | keyword |
      | /provider                  | null        | type    |
      | /provider/owner_actor/type | "robot"     | enum    |
      | /provider/segment_tier     | "S4"        | enum    |
      | /provider/segment_tier     | 1           | type    |
      | /provider/status           | "Active"    | enum    |
      | /provider/provider_id      | null        | type    |
      | /recorded_at               | 1771776010  | type    |
      | /recorded_at               | "yesterday" | format  |

  @request-matches-schema @refuses @full
  Scenario Outline: The text <text> is refused for <member>
    When I onboard a provider with:
      | <member> | <text> |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations/0/instance_path" is "<member>"

    Examples: nothing, or only white space
      | member                      | text      |
      | /provider/legal_entity_name | ""        |
      | /provider/disclosure_text   | "\\t\\n"  |
      | /provider/provider_id       | "\\u00a0" |

    Examples: white space at the beginning
      | member                        | text          |
      | /provider/legal_entity_name   | " Acme"       |
      | /provider/provider_id         | "\\u0085{unique}" |
      | /provider/legal_entity_name   | "\\u00a0Acme" |
      | /provider/trust_contact_email | "\\u1680a@b"  |

    Examples: white space at the end
      | member                        | text          |
      | /provider/legal_entity_name   | "Acme "       |
      | /provider/provider_id         | "{unique}\\u202f" |
      | /provider/owner_actor/id      | "Acme\\u205f" |
      | /provider/trust_contact_email | "a@b\\u3000"  |
      | /provider/legal_entity_name   | "Acme\\u2029" |

    Examples: addresses that are none
      | member                        | text  |
      | /provider/trust_contact_email | "a@"  |
      | /provider/trust_contact_email | "abc" |

  @request-matches-schema @permits @full
  Scenario Outline: The text <text> is taken as it is for <member>
    When I onboard a provider with:
      | <member> | <text> |
    Then the answer is 200
    And "<member>" is <text>

    Examples:
      | member                        | text                    |
      | /provider/legal_entity_name   | "Acme  Liquidity\\tLtd" |
      | /provider/legal_entity_name   | "Acme\\u00a0Ltd"        |
      | /provider/legal_entity_name   | "\\u200bAcme\\u200b"    |
      | /provider/disclosure_text     | "line 1\\nline 2"       |
      | /provider/trust_contact_email | "a@b"                   |
      | /provider/trust_contact_email | "ab@"                   |

  @request-matches-schema @permits @full
  Scenario Outline: <number> is read as the count <count>
    Given I have onboarded a provider
    When I call "partnerLiquidityProvider.status.upsert" with the body:
      """
      {"status": {"status": "pending_review", "segment_tier": "S1", "trust_safety_baseline_passed": true,
        "reliability_baseline_passed": true, "audit_conformance_passed": true,
        "unresolved_critical_violations": <number>}}
      """
    Then the answer is 200
    And "/status/unresolved_critical_violations" is <count>

    Examples:
      | number           | count            |
      | 2.0              | 2                |
      | 2e0              | 2                |
      | 9007199254740991 | 9007199254740991 |

  @request-matches-schema @refuses @full
  Scenario Outline: <number> is no count
    Given I have onboarded a provider
    When I call "partnerLiquidityProvider.status.upsert" with the body:
      """
      {"status": {"status": "pending_review", "segment_tier": "S1", "trust_safety_baseline_passed": true,
        "reliability_baseline_passed": true, "audit_conformance_passed": true,
        "unresolved_critical_violations": <number>}}
      """
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" has 1 item
    And there is a violation of "<keyword>" at "/status/unresolved_critical_violations"

    Examples:
      | number           | keyword |
      | -1               | minimum |
      | 0.5              | type    |
      | 9007199254740992 | maximum |
      | "2"              | type    |
      | true             | type    |

  @request-matches-schema @refuses @full
  Scenario: Every failing field has its row, sorted by its path
    When I onboard a provider with:
      | /provider/segment_tier      | "S9"   |
      | /provider/legal_entity_name | 7      |
      | /provider/owner_actor/id    | 7      |
      | /provider/disclosure_text   | absent |
      | /recorded_at                | 7      |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" has 5 items
    And the fields are:
      | /error/details/violations/0/instance_path | "/provider"                   |
      | /error/details/violations/0/keyword       | "required"                    |
      | /error/details/violations/1/instance_path | "/provider/legal_entity_name" |
      | /error/details/violations/1/keyword       | "type"                        |
      | /error/details/violations/2/instance_path | "/provider/owner_actor/id"    |
      | /error/details/violations/2/keyword       | "type"                        |
      | /error/details/violations/3/instance_path | "/provider/segment_tier"      |
      | /error/details/violations/3/keyword       | "enum"                        |
      | /error/details/violations/4/instance_path | "/recorded_at"                |
      | /error/details/violations/4/keyword       | "type"                        |
    And "/error/details/violations/0/schema_path" matches "^/.*required$"
    And "/error/details/violations/0/message" matches "."
    And "/error/details/violations/2/schema_path" matches "^/.*/\$ref/.*type$"

  @request-matches-schema @refuses @full
  Scenario Outline: A row of <operation> says where its keyword stands in the schema
    Given I have onboarded a provider
    When I call "<operation>" with:
      | /surprise | true |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" has 1 item
    And the fields are:
      | /error/details/violations/0/instance_path | ""                      |
      | /error/details/violations/0/schema_path   | "/additionalProperties" |
      | /error/details/violations/0/keyword       | "additionalProperties"  |

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |

  @request-matches-schema @refuses @full
  Scenario: Exactly 20 rows are all told
    Given I have onboarded a provider
    And I note its state
    When I upsert its status with:
      | /status/reason_codes | [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19] |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" has 20 items
    And "/error/details/violations/19/instance_path" is "/status/reason_codes/9"
    And its state is as noted

  @request-matches-schema @refuses @full
  Scenario: Of 21 rows the first 20 are told, in the order of their paths as text
    Given I have onboarded a provider
    When I upsert its status with:
      | /status/reason_codes | [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20] |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" has 20 items
    And the fields are:
      | /error/details/violations/0/instance_path  | "/status/reason_codes/0"  |
      | /error/details/violations/1/instance_path  | "/status/reason_codes/1"  |
      | /error/details/violations/2/instance_path  | "/status/reason_codes/10" |
      | /error/details/violations/12/instance_path | "/status/reason_codes/2"  |
      | /error/details/violations/13/instance_path | "/status/reason_codes/20" |
      | /error/details/violations/19/instance_path | "/status/reason_codes/8"  |

  @request-matches-schema @refuses @full
  Scenario: A path in a row is a JSON Pointer, escapes included
    When I onboard a provider with:
      | /provider/owner_actor | {"type": "partner", "id": "{me}", "a~1b": 1} |
      | /provider/status      | "a/b"                                        |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And the fields are:
      | /error/details/violations/0/instance_path | "/provider/owner_actor" |
      | /error/details/violations/0/keyword       | "additionalProperties"  |
      | /error/details/violations/1/instance_path | "/provider/status"      |
      | /error/details/violations/1/keyword       | "enum"                  |

  # ---- provider-exists ------------------------------------------------------------------------------------------

  @provider-exists @refuses
  Scenario Outline: <operation> of an unknown provider is refused
    When I call "<operation>" with:
      | path provider_id | nobody-{unique} |
    Then the answer is 404 NOT_FOUND because partner_liquidity_provider_not_found

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.get                  |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |
      | partnerLiquidityProvider.rollout.export       |

  @provider-exists @refuses @full
  Scenario Outline: <operation> of an unknown provider names it
    When I call "<operation>" with:
      | path provider_id | nobody-{unique} |
    Then the answer is 404 NOT_FOUND because partner_liquidity_provider_not_found
    And "/error/details/provider_id" is "nobody-{unique}"

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.get                  |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |
      | partnerLiquidityProvider.rollout.export       |

  @provider-exists @permits
  Scenario Outline: <operation> of a known provider is done
    Given I have onboarded a provider with:
      | /provider/provider_id | "somebody-{unique}" |
    When I call "<operation>" with:
      | path provider_id | somebody-{unique} |
    Then the answer is 200

    Examples:
      | operation                              |
      | partnerLiquidityProvider.get           |
      | partnerLiquidityProvider.status.upsert |

  @provider-exists @refuses
  Scenario: An id in another case is another provider
    Given I have onboarded a provider with:
      | /provider/provider_id | "Somebody-{unique}" |
    When I call "partnerLiquidityProvider.get" with:
      | path provider_id | sOMEBODY-{unique} |
    Then the answer is 404 NOT_FOUND because partner_liquidity_provider_not_found

  @provider-exists @refuses @full
  Scenario: An unknown provider is told before an invalid request
    When I call "partnerLiquidityProvider.status.upsert" with:
      | path provider_id | nobody-{unique} |
      | /status          | absent          |
    Then the answer is 404 NOT_FOUND because partner_liquidity_provider_not_found
    And "/error/details/violations" is absent

  @provider-exists @refuses @full
  Scenario Outline: A blank id (<id>) is an unknown provider
    When I send "GET" to "/partner-liquidity-providers/<id>"
    Then the answer is 404 NOT_FOUND because partner_liquidity_provider_not_found
    And "/error/details/provider_id" is <decoded>

    Examples:
      | id     | decoded   |
      | %20    | " "       |
      | %C2%A0 | "\\u00a0" |

  # ---- correlation-id-is-echoed ---------------------------------------------------------------------------------

  @correlation-id-is-echoed
  Scenario Outline: <operation> answers with its own correlation id
    Given I have onboarded a provider
    When I call "<operation>"
    Then the answer is 200
    And "/correlation_id" is "<id>"
    And the header "X-Correlation-Id" is "<id>"

    Examples:
      | operation                                     | id                                                 |
      | partnerLiquidityProvider.onboard              | corr_partnerliquidityprovider_onboard              |
      | partnerLiquidityProvider.get                  | corr_partnerliquidityprovider_get                  |
      | partnerLiquidityProvider.status.upsert        | corr_partnerliquidityprovider_status_upsert        |
      | partnerLiquidityProvider.eligibility.evaluate | corr_partnerliquidityprovider_eligibility_evaluate |
      | partnerLiquidityProvider.rollout.export       | corr_partnerliquidityprovider_rollout_export       |
      | healthz                                       | corr_healthz                                       |

    @needs:key-set
    Examples:
      | operation                                     | id                                                 |
      | keys.policy-integrity-signing.get             | corr_keys_policy_integrity_signing_get             |

  @correlation-id-is-echoed
  Scenario: partnerLiquidityProvider.rollout.upsert answers with its own correlation id, here with a conflict
    Given I have onboarded a provider
    When I upsert its rollout
    Then the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
    And "/correlation_id" is "corr_partnerliquidityprovider_rollout_upsert"
    And the header "X-Correlation-Id" is "corr_partnerliquidityprovider_rollout_upsert"

  @correlation-id-is-echoed
  Scenario Outline: <operation> answers a caller without identity with the same correlation id
    Given I have onboarded a provider
    And I bring no identity
    When I call "<operation>"
    Then the answer is 401 UNAUTHORIZED without a reason code
    And "/correlation_id" is "<id>"
    And the header "X-Correlation-Id" is "<id>"

    Examples:
      | operation                               | id                                           |
      | partnerLiquidityProvider.onboard        | corr_partnerliquidityprovider_onboard        |
      | partnerLiquidityProvider.rollout.export | corr_partnerliquidityprovider_rollout_export |

  @correlation-id-is-echoed
  Scenario Outline: A correlation id with <what> is used
    When I call "healthz" with:
      | header X-Correlation-Id | <id> |
    Then the answer is 200
    And "/correlation_id" is "<id>"
    And the header "X-Correlation-Id" is "<id>"

    Examples:
      | what                    | id        |
      | every kind of character | AZaz09._- |
      | 128 characters          | c1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567 |

  @correlation-id-is-echoed
  Scenario Outline: A correlation id with <what> counts as absent
    When I call "healthz" with:
      | header X-Correlation-Id | <id> |
    Then the answer is 200
    And "/correlation_id" is "corr_healthz"
    And the header "X-Correlation-Id" is "corr_healthz"

    Examples:
      | what                  | id  |
      | nothing               |     |
      | 129 characters        | c12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678 |
      | a space               | a b |
      | a slash               | a/b |
      | a comma               | a,b |
      | a letter beyond ASCII | é   |

  @correlation-id-is-echoed @needs:header-identity
  Scenario Outline: A refusal with <status> has the caller's correlation id too
    Given I have onboarded a provider
    When I send "<method>" to "<path>" with:
      | header X-Correlation-Id | mine-1.2_3   |
      | header Idempotency-Key  | key-{unique} |
      | header X-Actor-Id       | <actor>      |
      | header X-Auth-Scopes    | <scopes>     |
    Then the answer is <status>
    And "/correlation_id" is "mine-1.2_3"
    And the header "X-Correlation-Id" is "mine-1.2_3"

    Examples:
      | status                                                              | method | path                                           | actor  | scopes           |
      | 404 NOT_FOUND without a reason code                                 | GET    | /nowhere                                       | {me}   | settlement:read  |
      | 401 UNAUTHORIZED without a reason code                              | GET    | /partner-liquidity-providers/{provider}        | absent | settlement:read  |
      | 403 INSUFFICIENT_SCOPE without a reason code                        | GET    | /partner-liquidity-providers/{provider}        | {me}   | settlement:write |
      | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid | POST   | /partner-liquidity-providers/{provider}/status | {me}   | settlement:write |

  @correlation-id-is-echoed
  Scenario: A refusal by the schema has the operation's correlation id
    When I onboard a provider with:
      | /provider               | absent |
      | header X-Correlation-Id | not ok |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/correlation_id" is "corr_partnerliquidityprovider_onboard"
    And the header "X-Correlation-Id" is "corr_partnerliquidityprovider_onboard"

  # ---- answers-are-json -----------------------------------------------------------------------------------------

  @answers-are-json
  Scenario Outline: <operation> answers with JSON
    Given I have onboarded a provider
    When I call "<operation>"
    Then the answer is 200
    And "<member>" is present

    Examples:
      | operation                               | member    |
      | partnerLiquidityProvider.get            | /provider |
      | partnerLiquidityProvider.status.upsert  | /status   |
      | partnerLiquidityProvider.rollout.export | /export   |

    @needs:key-set
    Examples:
      | operation                         | member         |
      | keys.policy-integrity-signing.get | /active_key_id |

  @answers-are-json @full
  Scenario Outline: <operation> answers in JSON
    Given I have onboarded a provider
    When I call "<operation>"
    Then the answer is 200
    And the header "Content-Type" is "application/json; charset=utf-8"
    And "<member>" is present
    And "/provider_id" is <about>
    And "/error" is absent

    Examples:
      | operation                               | member         | about        |
      | partnerLiquidityProvider.get            | /provider      | absent       |
      | partnerLiquidityProvider.status.upsert  | /status        | "{provider}" |
      | partnerLiquidityProvider.rollout.export | /export        | "{provider}" |

    @needs:key-set
    Examples:
      | operation                               | member         | about        |
      | keys.policy-integrity-signing.get       | /active_key_id | absent       |

  @answers-are-json @needs:header-identity @full
  Scenario Outline: A refusal is JSON too: <status>
    Given I have onboarded a provider
    When I send "<method>" to "<path>" with:
      | header X-Actor-Id | <actor> |
    Then the answer is <status>
    And the header "Content-Type" is "application/json; charset=utf-8"
    And "/error/details" is present
    And "/error/message" matches "\S"

    Examples:
      | status                                                   | method | path                                    | actor      |
      | 404 NOT_FOUND without a reason code                      | GET    | /nowhere                                | {me}       |
      | 401 UNAUTHORIZED without a reason code                   | GET    | /partner-liquidity-providers/{provider} | absent     |
      | 403 FORBIDDEN because partner_liquidity_provider_invalid | GET    | /partner-liquidity-providers/{provider} | {stranger} |

  @answers-are-json @full
  Scenario: What cannot be read is answered in JSON
    When I call "partnerLiquidityProvider.onboard" with the body bytes "ff"
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And the header "Content-Type" is "application/json; charset=utf-8"

  @answers-are-json @full
  Scenario: What is too large is answered in JSON
    When I call "partnerLiquidityProvider.onboard" with a body of 1048577 bytes
    Then the answer is 413 PAYLOAD_TOO_LARGE without a reason code
    And the header "Content-Type" is "application/json; charset=utf-8"
    And "/correlation_id" is "corr_partnerliquidityprovider_onboard"

  @answers-are-json @full
  Scenario: A conflict names the provider
    Given I have onboarded a provider
    When I upsert its status with:
      | /status/status                       | "active" |
      | /status/trust_safety_baseline_passed | false    |
    Then the answer is 409 CONFLICT because partner_liquidity_provider_downgrade_required
    And the header "Content-Type" is "application/json; charset=utf-8"
    And "/error/details/provider_id" is "{provider}"

  # ---- empty-body-is-an-object ----------------------------------------------------------------------------------

  @empty-body-is-an-object
  Scenario Outline: <operation> reads an empty body as an object without members
    Given I have onboarded a provider
    When I call "<operation>" with the body bytes ""
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" has 1 item
    And there is a violation of "required" at ""

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |

  @empty-body-is-an-object
  Scenario: An empty body and {} are the same payload
    Given my requests carry:
      | header Idempotency-Key | key-{unique} |
    When I call "partnerLiquidityProvider.onboard" with the body bytes ""
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And the header "Idempotent-Replayed" is absent
    When I call "partnerLiquidityProvider.onboard" with the body:
      """
      {}
      """
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And the header "Idempotent-Replayed" is "true"

  # ---- path-is-exact --------------------------------------------------------------------------------------------

  @path-is-exact
  Scenario Outline: The id <id> travels as the one segment <segment>
    Given I have onboarded a provider with:
      | /provider/provider_id | "<id>-{unique}" |
    When I send "GET" to "/partner-liquidity-providers/<segment>-{unique}"
    Then the answer is 200
    And "/provider/provider_id" is "<id>-{unique}"

    Examples:
      | id             | segment        |
      | a/b            | a%2Fb          |
      | a%2Fb          | a%252Fb        |
      | a+b            | a+b            |
      | a?b#c          | a%3Fb%23c      |
      | ../a           | ..%2Fa         |
      | é              | %C3%A9         |
      | abc            | %61b%63        |
      | a:@!$&'()*,;=~ | a:@!$&'()*,;=~ |

  @path-is-exact
  Scenario: A slash within an id makes no sub-path
    Given I have onboarded a provider with:
      | /provider/provider_id | "a-{unique}/status" |
    When I send "POST" to "/partner-liquidity-providers/a-{unique}%2Fstatus"
    Then the answer is 405 METHOD_NOT_ALLOWED without a reason code
    And the header "Allow" is "GET"

  @path-is-exact
  Scenario: An id with a slash is written to as well
    Given I have onboarded a provider with:
      | /provider/provider_id | "a/{unique}" |
    When I upsert its status with:
      | path provider_id     | a/{unique}   |
      | /status/status       | "restricted" |
      | /status/reason_codes | ["checked"]  |
    Then the answer is 200
    And "/provider_id" is "a/{unique}"

  @path-is-exact
  Scenario Outline: Dots are an id like any other: <path>
    When I send "GET" to "<path>"
    Then the answer is 404 NOT_FOUND because partner_liquidity_provider_not_found
    And "/error/details/provider_id" is "<id>"

    Examples:
      | path                                           | id |
      | /partner-liquidity-providers/.                 | .  |
      | /partner-liquidity-providers/%2e%2E            | .. |
      | /partner-liquidity-providers/../rollout/export | .. |

  @path-is-exact
  Scenario Outline: No redirect leads from <path> to a route
    When I send "GET" to "<path>"
    Then the answer is 404 NOT_FOUND without a reason code
    And the header "Location" is absent

    Examples:
      | path          |
      | //healthz     |
      | /healthz/     |
      | /x/../healthz |
