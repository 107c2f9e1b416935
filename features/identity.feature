Feature: Identity
  Who calls, what it may do, and which time it is for that call. Rule of thumb: 401 when nobody is named, 403 when the
  one who is named may not, and never a word about whose a provider is instead.

  # ---- identity-is-required -------------------------------------------------------------------------------------

  @identity-is-required @refuses
  Scenario Outline: <operation> without identity is refused
    Given I have onboarded a provider
    And I bring no identity
    When I call "<operation>"
    Then the answer is 401 UNAUTHORIZED

    Examples:
      | operation                               |
      | partnerLiquidityProvider.onboard        |
      | partnerLiquidityProvider.get            |
      | partnerLiquidityProvider.rollout.export |

  @identity-is-required @refuses
  Scenario: What nobody sends changes nothing
    Given I have onboarded a provider
    And I have evaluated its eligibility
    And I note its state
    And I bring no identity
    When I call "partnerLiquidityProvider.onboard"
    Then the answer is 401 UNAUTHORIZED
    When I call "partnerLiquidityProvider.status.upsert"
    Then the answer is 401 UNAUTHORIZED
    When I call "partnerLiquidityProvider.eligibility.evaluate"
    Then the answer is 401 UNAUTHORIZED
    When I call "partnerLiquidityProvider.rollout.upsert"
    Then the answer is 401 UNAUTHORIZED
    And its state is as noted

  @identity-is-required @permits
  Scenario Outline: <operation> with an identity is done
    Given I have onboarded a provider
    When I call "<operation>"
    Then the answer is 200

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |
      | partnerLiquidityProvider.get                  |

  @identity-is-required @refuses @needs:header-identity
  Scenario Outline: <what> names nobody
    Given I have onboarded a provider
    When I call "partnerLiquidityProvider.get" with:
      | header X-Actor-Type  | <type>          |
      | header X-Actor-Id    | <id>            |
      | header X-Partner-Key | <key>           |
      | header Authorization | <authorization> |
    Then the answer is 401 UNAUTHORIZED

    Examples:
      | what                 | type    | id     | key    | authorization |
      | An id without a type | absent  | {me}   | absent | absent        |
      | A type without an id | partner | absent | absent | absent        |

    @full
    Examples: blank values, and which header decides
      | what                                       | type    | id     | key    | authorization |
      | A type with a blank id                     | partner |        | absent | absent        |
      | A type without an id, beside a partner key | partner | absent | {me}   | absent        |
      | A blank partner key                        | absent  | absent |        | absent        |
      | A blank type with an id                    |         | {me}   | absent | absent        |
      | Authorization alone                        | absent  | absent | absent | Bearer {me}   |

  @identity-is-required @refuses @full
  Scenario: A missing identity is told before a missing idempotency key
    Given I bring no identity
    When I call "partnerLiquidityProvider.onboard" with:
      | header Idempotency-Key | absent |
    Then the answer is 401 UNAUTHORIZED without a reason code
    And "/error/details/header" is absent

  @identity-is-required @refuses @full
  Scenario: A missing identity is told before malformed JSON
    Given I bring no identity
    When I call "partnerLiquidityProvider.onboard" with the body:
      """
      {"provider": }
      """
    Then the answer is 401 UNAUTHORIZED without a reason code

  @identity-is-required @refuses @full
  Scenario: A missing identity is told before an unknown provider
    Given I bring no identity
    When I call "partnerLiquidityProvider.get" with:
      | path provider_id | nobody-{unique} |
    Then the answer is 401 UNAUTHORIZED without a reason code

  # ---- actor-is-partner -----------------------------------------------------------------------------------------

  @actor-is-partner @refuses @needs:header-identity
  Scenario Outline: A user may not call <operation>
    Given I have onboarded a provider
    When I call "<operation>" with:
      | header X-Actor-Type | user |
    Then the answer is 403 FORBIDDEN

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |
      | partnerLiquidityProvider.get                  |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |
      | partnerLiquidityProvider.rollout.export       |

  @actor-is-partner @refuses @needs:header-identity @full
  Scenario Outline: A user who calls <operation> learns which actor types may
    Given I have onboarded a provider
    When I call "<operation>" with:
      | header X-Actor-Type | user |
    Then the answer is 403 FORBIDDEN without a reason code
    And the fields are:
      | /error/details/actor_type          | "user"      |
      | /error/details/allowed_actor_types | ["partner"] |
      | /error/details/provider_id         | absent      |

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |
      | partnerLiquidityProvider.get                  |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.upsert       |
      | partnerLiquidityProvider.rollout.export       |

  @actor-is-partner @refuses @needs:header-identity
  Scenario: What a user sends changes nothing
    Given I have onboarded a provider
    And I have evaluated its eligibility
    And I note its state
    And my requests carry:
      | header X-Actor-Type | user |
    When I call "partnerLiquidityProvider.onboard"
    Then the answer is 403 FORBIDDEN
    When I call "partnerLiquidityProvider.status.upsert"
    Then the answer is 403 FORBIDDEN
    When I call "partnerLiquidityProvider.eligibility.evaluate"
    Then the answer is 403 FORBIDDEN
    When I call "partnerLiquidityProvider.rollout.upsert"
    Then the answer is 403 FORBIDDEN
    And its state is as noted

  @actor-is-partner @permits @needs:header-identity
  Scenario Outline: A partner may call <operation>
    Given I have onboarded a provider
    When I call "<operation>" with:
      | header X-Actor-Type | partner |
    Then the answer is 200

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.get                  |

  @actor-is-partner @refuses @needs:header-identity
  Scenario Outline: The actor type <type> is refused
    Given I have onboarded a provider
    When I call "partnerLiquidityProvider.get" with:
      | header X-Actor-Type | <type> |
    Then the answer is 403 FORBIDDEN

    Examples: a type that this milestone does not let in
      | type  |
      | agent |

    Examples: no type at all, case and all
      | type    |
      | robot   |
      | PARTNER |

  @actor-is-partner @refuses @needs:header-identity @full
  Scenario Outline: The actor type <type> is refused, and named
    Given I have onboarded a provider
    When I call "partnerLiquidityProvider.get" with:
      | header X-Actor-Type | <type> |
    Then the answer is 403 FORBIDDEN without a reason code
    And "/error/details/actor_type" is "<type>"
    And "/error/details/allowed_actor_types" is present

    Examples: a type that this milestone does not let in
      | type  |
      | agent |

    Examples: no type at all, case and all
      | type    |
      | robot   |
      | PARTNER |

  @actor-is-partner @refuses @needs:header-identity @full
  Scenario: A refused actor type is told before a missing scope
    When I onboard a provider with:
      | header X-Actor-Type  | agent  |
      | header X-Auth-Scopes | absent |
    Then the answer is 403 FORBIDDEN without a reason code
    And "/error/details/missing_scopes" is absent

  @actor-is-partner @refuses @needs:header-identity @full
  Scenario: A refused actor type is told before an unknown provider
    When I call "partnerLiquidityProvider.get" with:
      | header X-Actor-Type | agent           |
      | path provider_id    | nobody-{unique} |
    Then the answer is 403 FORBIDDEN without a reason code

  @actor-is-partner @refuses @needs:header-identity @full
  Scenario: An unknown actor type is told before a missing idempotency key
    When I onboard a provider with:
      | header X-Actor-Type    | robot  |
      | header Idempotency-Key | absent |
    Then the answer is 403 FORBIDDEN without a reason code
    And "/error/details/actor_type" is "robot"

  @actor-is-partner @refuses @needs:header-identity @full
  Scenario: A known actor type that is refused is told after a missing idempotency key
    When I onboard a provider with:
      | header X-Actor-Type    | user   |
      | header Idempotency-Key | absent |
    Then the answer is 400 CONSTRAINT_VIOLATION without a reason code
    And "/error/details/header" is "Idempotency-Key"

  @actor-is-partner @refuses @needs:header-identity @full
  Scenario: An unknown actor type is told before malformed JSON
    Given my requests carry:
      | header X-Actor-Type | robot |
    When I call "partnerLiquidityProvider.onboard" with the body:
      """
      {"provider": }
      """
    Then the answer is 403 FORBIDDEN without a reason code

  # ---- scope-is-held --------------------------------------------------------------------------------------------

  @scope-is-held @refuses @needs:header-identity
  Scenario Outline: <operation> is refused with <held> alone
    Given I have onboarded a provider
    When I call "<operation>" with:
      | header X-Auth-Scopes | <held> |
    Then the answer is 403 INSUFFICIENT_SCOPE

    Examples:
      | operation                                     | held             |
      | partnerLiquidityProvider.onboard              | settlement:read  |
      | partnerLiquidityProvider.get                  | settlement:write |
      | partnerLiquidityProvider.status.upsert        | settlement:read  |
      | partnerLiquidityProvider.eligibility.evaluate | settlement:read  |
      | partnerLiquidityProvider.rollout.upsert       | settlement:read  |
      | partnerLiquidityProvider.rollout.export       | settlement:write |

  @scope-is-held @refuses @needs:header-identity @full
  Scenario Outline: <operation> with <held> alone is answered with the scopes
    Given I have onboarded a provider
    When I call "<operation>" with:
      | header X-Auth-Scopes | <held> |
    Then the answer is 403 INSUFFICIENT_SCOPE without a reason code
    And the fields are:
      | /error/details/operation_id    | "<operation>" |
      | /error/details/required_scopes | ["<needed>"]  |
      | /error/details/provided_scopes | ["<held>"]    |
      | /error/details/missing_scopes  | ["<needed>"]  |

    Examples:
      | operation                                     | held             | needed           |
      | partnerLiquidityProvider.onboard              | settlement:read  | settlement:write |
      | partnerLiquidityProvider.get                  | settlement:write | settlement:read  |
      | partnerLiquidityProvider.status.upsert        | settlement:read  | settlement:write |
      | partnerLiquidityProvider.eligibility.evaluate | settlement:read  | settlement:write |
      | partnerLiquidityProvider.rollout.upsert       | settlement:read  | settlement:write |
      | partnerLiquidityProvider.rollout.export       | settlement:write | settlement:read  |

  @scope-is-held @refuses @needs:header-identity
  Scenario: What is sent without the scope changes nothing
    Given I have onboarded a provider
    And I have evaluated its eligibility
    And I note its state
    And my scopes are "settlement:read"
    When I call "partnerLiquidityProvider.onboard"
    Then the answer is 403 INSUFFICIENT_SCOPE
    When I call "partnerLiquidityProvider.status.upsert"
    Then the answer is 403 INSUFFICIENT_SCOPE
    When I call "partnerLiquidityProvider.eligibility.evaluate"
    Then the answer is 403 INSUFFICIENT_SCOPE
    When I call "partnerLiquidityProvider.rollout.upsert"
    Then the answer is 403 INSUFFICIENT_SCOPE
    And its state is as noted

  @scope-is-held @permits @needs:header-identity
  Scenario Outline: <operation> is done with <held> alone
    Given I have onboarded a provider
    When I call "<operation>" with:
      | header X-Auth-Scopes | <held> |
    Then the answer is 200

    Examples:
      | operation                                     | held             |
      | partnerLiquidityProvider.onboard              | settlement:write |
      | partnerLiquidityProvider.get                  | settlement:read  |
      | partnerLiquidityProvider.status.upsert        | settlement:write |
      | partnerLiquidityProvider.eligibility.evaluate | settlement:write |
      | partnerLiquidityProvider.rollout.export       | settlement:read  |

  @scope-is-held @permits @needs:header-identity
  Scenario: partnerLiquidityProvider.rollout.upsert is done with settlement:write alone
    Given I have onboarded a provider
    And I have evaluated its eligibility
    When I upsert its rollout with:
      | header X-Auth-Scopes | settlement:write |
    Then the answer is 200

  @scope-is-held @refuses @needs:header-identity @full
  Scenario Outline: The scopes "<sent>" are told as <provided>
    Given I have onboarded a provider
    When I call "partnerLiquidityProvider.get" with:
      | header X-Auth-Scopes | <sent> |
    Then the answer is 403 INSUFFICIENT_SCOPE without a reason code
    And "/error/details/provided_scopes" is <provided>
    And "/error/details/missing_scopes" is ["settlement:read"]

    Examples:
      | sent                             | provided                             |
      |                                  | []                                   |
      | settlement:reads                 | ["settlement:reads"]                 |
      | Settlement:Read                  | ["Settlement:Read"]                  |
      | settlement:read;settlement:write | ["settlement:read;settlement:write"] |
      | b,a                              | ["a","b"]                            |
      | b a,b, a ,c                      | ["a","b","c"]                        |

  @scope-is-held @refuses @needs:header-identity @full
  Scenario: A missing scope is told before an unknown provider
    Given my scopes are "settlement:write"
    When I call "partnerLiquidityProvider.get" with:
      | path provider_id | nobody-{unique} |
    Then the answer is 403 INSUFFICIENT_SCOPE without a reason code

  @scope-is-held @refuses @needs:header-identity @full
  Scenario: A missing scope is told before an invalid request
    Given my scopes are "settlement:read"
    When I onboard a provider with:
      | /provider | absent |
    Then the answer is 403 INSUFFICIENT_SCOPE without a reason code

  @scope-is-held @refuses @needs:header-identity @full
  Scenario: A missing scope is told before another's provider
    Given I have onboarded a provider
    When I get the provider with:
      | header X-Actor-Id    | {stranger}       |
      | header X-Auth-Scopes | settlement:write |
    Then the answer is 403 INSUFFICIENT_SCOPE without a reason code
    And "/error/details/provider_id" is absent

  @scope-is-held @refuses @needs:key-identity
  Scenario: A key has the scopes of its file, whatever the headers say
    Given I hold the partner key "amber-reader"
    When I onboard a provider with:
      | header X-Auth-Scopes | settlement:write |
      | header X-Scopes      | settlement:write |
    Then the answer is 403 INSUFFICIENT_SCOPE

  @scope-is-held @refuses @needs:key-identity @full
  Scenario: A key is answered with the scopes of its file
    Given I hold the partner key "amber-reader"
    When I onboard a provider with:
      | header X-Auth-Scopes | settlement:write |
      | header X-Scopes      | settlement:write |
    Then the answer is 403 INSUFFICIENT_SCOPE without a reason code
    And "/error/details/provided_scopes" is ["settlement:read"]

  @scope-is-held @permits @needs:key-identity
  Scenario: A key with the scope needs no scope header
    Given I hold the partner key "amber"
    When I onboard a provider with:
      | header X-Auth-Scopes | settlement:read |
    Then the answer is 200

  # ---- provider-is-owned ----------------------------------------------------------------------------------------

  @provider-is-owned @refuses
  Scenario Outline: <operation> of another's provider is refused
    Given I have onboarded a provider with:
      | /provider/provider_id | "lp-{unique}" |
    And I act as partner "{stranger}"
    When I call "<operation>"
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.get                  |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.export       |

  @provider-is-owned @refuses @full
  Scenario Outline: <operation> of another's provider names the provider and never its owner
    Given I have onboarded a provider with:
      | /provider/provider_id | "lp-{unique}" |
    And I act as partner "{stranger}"
    When I call "<operation>"
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    And the fields are:
      | /error/details/provider_id | "lp-{unique}" |
      | /error/details/owner_actor | absent        |
      | /error/details/owner       | absent        |

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.get                  |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.export       |

  @provider-is-owned @refuses
  Scenario: What a stranger sends changes nothing
    Given I have onboarded a provider
    And I have evaluated its eligibility
    And I note its state
    And I act as partner "{stranger}"
    When I call "partnerLiquidityProvider.status.upsert"
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    When I call "partnerLiquidityProvider.eligibility.evaluate"
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    When I call "partnerLiquidityProvider.rollout.upsert"
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    And its state is as noted

  @provider-is-owned @permits
  Scenario Outline: <operation> of an own provider is done
    Given I act as partner "{stranger}"
    And I have onboarded a provider with:
      | /provider/owner_actor/id | "{stranger}" |
    When I call "<operation>"
    Then the answer is 200

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.get                  |

  @provider-is-owned @refuses @full
  Scenario: Another's provider is told before an invalid request
    Given I have onboarded a provider
    And I act as partner "{stranger}"
    When I upsert its status with:
      | /status | absent |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    And "/error/details/violations" is absent

  @provider-is-owned @refuses @full
  Scenario: Another's provider is told before a broken rule
    Given I have onboarded a provider
    And I act as partner "{stranger}"
    When I upsert its rollout
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    And "/error/details/reason_codes" is absent

  @provider-is-owned @refuses
  Scenario: An unknown provider is nobody's
    Given I act as partner "{stranger}"
    When I call "partnerLiquidityProvider.get" with:
      | path provider_id | nobody-{unique} |
    Then the answer is 404 NOT_FOUND because partner_liquidity_provider_not_found

  @provider-is-owned @refuses @needs:header-identity
  Scenario: An owner's id in another case is another partner
    Given I act as partner "owner-{unique}"
    And I have onboarded a provider with:
      | /provider/owner_actor/id | "owner-{unique}" |
    And I act as partner "OWNER-{unique}"
    When I get the provider
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid

  @provider-is-owned @refuses @needs:key-identity
  Scenario: A known key of another partner does not open a provider
    Given I hold the partner key "amber"
    And I have onboarded a provider
    And I hold the partner key "cobalt"
    When I get the provider
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid

  @provider-is-owned @refuses @needs:key-identity @full
  Scenario: A known key of another partner is answered with the provider's id
    Given I hold the partner key "amber"
    And I have onboarded a provider
    And I hold the partner key "cobalt"
    When I get the provider
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid
    And "/error/details/provider_id" is "{provider}"

  @provider-is-owned @permits @needs:key-identity
  Scenario: Two keys of one partner open the same provider
    Given I hold the partner key "amber"
    And I have onboarded a provider
    And I hold the partner key "amber-reader"
    When I get the provider
    Then the answer is 200
    And the fields are:
      | /provider/owner_actor/type | "partner"       |
      | /provider/owner_actor/id   | "partner-amber" |

  # ---- partner-key-is-known -------------------------------------------------------------------------------------

  @partner-key-is-known @refuses @needs:key-identity
  Scenario Outline: In key mode <what> is refused
    Given I hold the partner key "amber"
    And I have onboarded a provider
    When I get the provider with:
      | header X-Partner-Key | <key>           |
      | header X-Actor-Type  | <type>          |
      | header X-Actor-Id    | <id>            |
      | header X-Auth-Scopes | settlement:read |
    Then the answer is 401 UNAUTHORIZED

    Examples:
      | what                             | key                                 | type    | id            |
      | no key                           | absent                              | absent  | absent        |
      | a key that nobody has            | lpk_example_amber_0000000000000000  | absent  | absent        |
      | the beginning of a key           | lpk_example_amber_2f6c1d9b7e304a5   | absent  | absent        |
      | more than a key                  | lpk_example_amber_2f6c1d9b7e304a588 | absent  | absent        |
      | a key in another case            | LPK_EXAMPLE_AMBER_2F6C1D9B7E304A58  | absent  | absent        |
      | a partner id in place of its key | partner-amber                       | absent  | absent        |
      | an actor without a key           | absent                              | partner | partner-amber |
      | an actor beside an unknown key   | unknown                             | partner | partner-amber |

  @partner-key-is-known @permits @needs:key-identity
  Scenario Outline: In key mode a known key is enough, <what>
    Given I hold the partner key "amber"
    And I have onboarded a provider
    When I get the provider with:
      | header X-Actor-Type  | <type>   |
      | header X-Actor-Id    | <id>     |
      | header X-Auth-Scopes | <scopes> |
    Then the answer is 200
    And "/provider/owner_actor/id" is "partner-amber"

    Examples:
      | what                              | type    | id             | scopes          |
      | without any other header          | absent  | absent         | absent          |
      | although the headers name another | partner | partner-cobalt | settlement:read |
      | although the headers name a user  | user    | someone        | settlement:read |
      | although the headers lack a scope | partner | partner-amber  | nothing         |

  @partner-key-is-known @refuses @needs:key-identity
  Scenario Outline: In key mode <operation> is refused without a known key
    Given I hold the partner key "amber"
    And I have onboarded a provider
    When I call "<operation>" with:
      | header X-Partner-Key | unknown |
    Then the answer is 401 UNAUTHORIZED

    Examples:
      | operation                               |
      | partnerLiquidityProvider.onboard        |
      | partnerLiquidityProvider.rollout.export |

  @partner-key-is-known @refuses @needs:key-identity
  Scenario: In key mode what is sent with an unknown key changes nothing
    Given I hold the partner key "amber"
    And I have onboarded a provider
    And I have evaluated its eligibility
    And I note its state
    And my requests carry:
      | header X-Partner-Key | unknown |
    When I call "partnerLiquidityProvider.onboard"
    Then the answer is 401 UNAUTHORIZED
    When I call "partnerLiquidityProvider.status.upsert"
    Then the answer is 401 UNAUTHORIZED
    When I call "partnerLiquidityProvider.eligibility.evaluate"
    Then the answer is 401 UNAUTHORIZED
    When I call "partnerLiquidityProvider.rollout.upsert"
    Then the answer is 401 UNAUTHORIZED
    And its state is as noted

  # ---- identity-headers-are-read-in-order -----------------------------------------------------------------------

  @identity-headers-are-read-in-order @needs:header-identity
  Scenario Outline: I am read from <what>
    Given I have onboarded a provider
    When I get the provider with:
      | header X-Actor-Type  | <type>          |
      | header X-Actor-Id    | <id>            |
      | header X-Partner-Key | <key>           |
      | header Authorization | <authorization> |
    Then the answer is 200
    And "/provider/owner_actor" is {"type": "partner", "id": "{me}"}

    Examples:
      | what                                             | type    | id         | key        | authorization     |
      | the partner key alone                            | absent  | absent     | {me}       | absent            |
      | the type and the id before the partner key       | partner | {me}       | {stranger} | absent            |
      | the partner key before an id without a type      | absent  | {stranger} | {me}       | absent            |
      | the partner key when the type is blank           |         | {stranger} | {me}       | absent            |
      | the type and the id, whatever Authorization says | partner | {me}       | absent     | Bearer {stranger} |

  @identity-headers-are-read-in-order @needs:header-identity
  Scenario: A partner that is named by its key may own a provider
    When I onboard a provider with:
      | header X-Actor-Type  | absent |
      | header X-Actor-Id    | absent |
      | header X-Partner-Key | {me}   |
    Then the answer is 200
    And "/provider/owner_actor" is {"type": "partner", "id": "{me}"}

  @identity-headers-are-read-in-order @needs:header-identity
  Scenario: A type other than partner is not repaired by a partner key
    Given I have onboarded a provider
    When I get the provider with:
      | header X-Actor-Type  | user |
      | header X-Partner-Key | {me} |
    Then the answer is 403 FORBIDDEN without a reason code
    And "/error/details/actor_type" is "user"

  @identity-headers-are-read-in-order @needs:header-identity
  Scenario Outline: A scope is found <where>
    Given I have onboarded a provider
    When I get the provider with:
      | header X-Auth-Scopes | <auth>   |
      | header X-Scopes      | <scopes> |
    Then the answer is 200

    Examples:
      | where                                    | auth                  | scopes          |
      | behind a comma                           | other,settlement:read | absent          |
      | behind a space                           | other settlement:read | absent          |
      | between commas without anything          | ,,settlement:read,,   | absent          |
      | in X-Scopes when X-Auth-Scopes is absent | absent                | settlement:read |
      | in X-Scopes when X-Auth-Scopes is blank  |                       | settlement:read |
      | in X-Auth-Scopes, whatever X-Scopes says | settlement:read       | other           |

  @identity-headers-are-read-in-order @needs:header-identity
  Scenario: X-Scopes is not read beside X-Auth-Scopes
    Given I have onboarded a provider
    When I get the provider with:
      | header X-Auth-Scopes | other           |
      | header X-Scopes      | settlement:read |
    Then the answer is 403 INSUFFICIENT_SCOPE without a reason code
    And "/error/details/provided_scopes" is ["other"]

  @identity-headers-are-read-in-order @needs:header-identity
  Scenario Outline: Repeated lines of <header> are joined
    Given I have onboarded a provider
    When I get the provider with:
      | header X-Auth-Scopes | absent          |
      | header <header>      | other           |
      | header <header>      | settlement:read |
    Then the answer is 200

    Examples:
      | header        |
      | X-Auth-Scopes |
      | X-Scopes      |

  @identity-headers-are-read-in-order @needs:header-identity
  Scenario: Scopes of repeated lines are told together, each once
    Given I have onboarded a provider
    When I get the provider with:
      | header X-Auth-Scopes | z,a |
      | header X-Auth-Scopes | m a |
    Then the answer is 403 INSUFFICIENT_SCOPE without a reason code
    And "/error/details/provided_scopes" is ["a","m","z"]

  # ---- now-is-readable ------------------------------------------------------------------------------------------

  @now-is-readable @refuses @needs:test-clock
  Scenario Outline: <operation> without recorded_at needs a readable X-Now-Iso
    Given I have onboarded a provider
    And I have called "<operation>" with:
      | header X-Now-Iso | 2026-02-22T16:00:05Z |
    When I call "<operation>" with:
      | header X-Now-Iso | yesterday |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" is absent

    Examples:
      | operation                                     |
      | partnerLiquidityProvider.onboard              |
      | partnerLiquidityProvider.status.upsert        |
      | partnerLiquidityProvider.eligibility.evaluate |
      | partnerLiquidityProvider.rollout.export       |

  @now-is-readable @refuses @needs:test-clock
  Scenario: A rollout without recorded_at needs a readable X-Now-Iso
    Given I have onboarded a provider
    And I have evaluated its eligibility
    And I note its state
    When I upsert its rollout with:
      | header X-Now-Iso | yesterday |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And its state is as noted

  @now-is-readable @refuses @needs:test-clock
  Scenario Outline: The X-Now-Iso <now> is refused
    When I onboard a provider with:
      | header X-Now-Iso | <now> |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And "/error/details/violations" is absent

    Examples:
      | now                       |
      | 2026-02-22T16:00:00       |
      | 2026-02-30T16:00:00Z      |
      | 2016-12-31T23:59:60Z      |
      | 9999-12-31T23:59:59-00:01 |

  @now-is-readable @permits @needs:test-clock
  Scenario Outline: The X-Now-Iso <now> makes it <is>
    When I onboard a provider with:
      | header X-Now-Iso | <now> |
    Then the answer is 200
    And the fields are:
      | /provider/created_at | "<is>" |
      | /provider/updated_at | "<is>" |

    Examples:
      | now                         | is                       |
      | 2026-02-22T17:30:10.5+01:30 | 2026-02-22T16:00:10.500Z |
      | 2026-02-22t16:00:10.99999z  | 2026-02-22T16:00:10.999Z |
      | 2016-12-31T23:59:59Z        | 2016-12-31T23:59:59.000Z |
      | 9999-12-31T23:59:59Z        | 9999-12-31T23:59:59.000Z |

  @now-is-readable @refuses @needs:test-clock
  Scenario: The refusal of an unreadable X-Now-Iso is stored
    When I onboard a provider with:
      | header X-Now-Iso | yesterday |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And I remember the answer as "first"
    When I repeat the call with:
      | header X-Now-Iso | 2026-02-22T16:00:10Z |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And the answer is byte for byte "first"
    And the header "Idempotent-Replayed" is "true"

  @now-is-readable @permits @needs:test-clock
  Scenario: An unreadable X-Now-Iso is ignored beside recorded_at
    When I onboard a provider with:
      | /recorded_at     | "2026-02-22T16:00:10Z" |
      | header X-Now-Iso | yesterday              |
    Then the answer is 200
    And "/provider/created_at" is "2026-02-22T16:00:10.000Z"

  @now-is-readable @permits @needs:test-clock
  Scenario: An unreadable X-Now-Iso is ignored on get
    Given I have onboarded a provider
    When I get the provider with:
      | header X-Now-Iso | yesterday |
    Then the answer is 200

  @now-is-readable @refuses @needs:test-clock
  Scenario: An invalid request is told before an unreadable X-Now-Iso
    When I onboard a provider with:
      | /provider        | absent    |
      | header X-Now-Iso | yesterday |
    Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
    And there is a violation of "required" at ""

  @now-is-readable @refuses @needs:test-clock
  Scenario: Another owner is told before an unreadable X-Now-Iso
    When I onboard a provider with:
      | /provider/owner_actor/id | "{stranger}" |
      | header X-Now-Iso         | yesterday    |
    Then the answer is 403 FORBIDDEN because partner_liquidity_provider_invalid

  @now-is-readable @permits @needs:test-clock
  Scenario: X-Now-Iso is when an export happens, and now_iso wins over it
    Given I have onboarded a provider
    When I export its audit with:
      | header X-Now-Iso | 2026-02-22T17:00:00Z |
    Then the answer is 200
    And "/export/exported_at" is "2026-02-22T17:00:00.000Z"
    When I export its audit with:
      | header X-Now-Iso | 2026-02-22T17:00:00Z |
      | query now_iso    | 2026-02-22T18:00:00Z |
    Then the answer is 200
    And "/export/exported_at" is "2026-02-22T18:00:00.000Z"

  @now-is-readable @permits @needs:test-clock
  Scenario: X-Now-Iso is for one request alone
    When I onboard a provider with:
      | header X-Now-Iso | 1999-01-01T00:00:00Z |
    Then the answer is 200
    When I onboard a provider
    Then the answer is 200
    And "/provider/created_at" is not "1999-01-01T00:00:00.000Z"

  # ---- test-clocks-can-be-off -----------------------------------------------------------------------------------

  @test-clocks-can-be-off @needs:no-test-clocks
  Scenario Outline: With test clocks off the X-Now-Iso <now> is ignored by <operation>
    Given I have onboarded a provider
    When I call "<operation>" with:
      | header X-Now-Iso | <now> |
    Then the answer is 200
    And "<time>" is not "1999-01-01T00:00:00.000Z"

    Examples:
      | operation                                     | now                  | time                      |
      | partnerLiquidityProvider.onboard              | 1999-01-01T00:00:00Z | /provider/created_at      |
      | partnerLiquidityProvider.status.upsert        | 1999-01-01T00:00:00Z | /status/updated_at        |
      | partnerLiquidityProvider.eligibility.evaluate | yesterday            | /eligibility/evaluated_at |
      | partnerLiquidityProvider.rollout.export       | yesterday            | /export/exported_at       |

  @test-clocks-can-be-off @needs:no-test-clocks
  Scenario: With test clocks off a rollout ignores X-Now-Iso as well
    Given I have onboarded a provider
    When I upsert its rollout with:
      | /rollout/rollout_status | "paused"             |
      | header X-Now-Iso        | 1999-01-01T00:00:00Z |
    Then the answer is 200
    And "/rollout/updated_at" is not "1999-01-01T00:00:00.000Z"

  @test-clocks-can-be-off @needs:no-test-clocks
  Scenario Outline: With test clocks off <query> = <value> is ignored
    Given I have onboarded a provider
    When I export its audit with:
      | query <query> | <value> |
    Then the answer is 200
    And "/export/exported_at" is not "2999-01-01T00:00:00.000Z"
    And "/export/entries" has 1 item

    Examples:
      | query           | value                |
      | now_iso         | 2999-01-01T00:00:00Z |
      | now_iso         | yesterday            |
      | exported_at_iso | 2999-01-01T00:00:00Z |
      | exported_at_iso | yesterday            |

  @test-clocks-can-be-off @needs:no-test-clocks
  Scenario: With test clocks off recorded_at is still the request's
    When I onboard a provider with:
      | /recorded_at | "1999-01-01T00:00:00Z" |
    Then the answer is 200
    And "/provider/created_at" is "1999-01-01T00:00:00.000Z"
