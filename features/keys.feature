Feature: Keys and health
  What anybody may ask: the public keys that verify an export offline, and whether the server is there. Rule of thumb:
  a verifier needs this list and the pages, and nothing else.

  # ---- keys-are-published ---------------------------------------------------------------------------------------

  @keys-are-published @needs:key-set @needs:dev-key
  Scenario: The development key is the only one by default, and says what it is
    When I call "keys.policy-integrity-signing.get"
    Then the answer is 200
    And the fields are:
      | /active_key_id         | "lpgate-dev-k1" |
      | /keys/0/key_id         | "lpgate-dev-k1" |
      | /keys/0/alg            | "ed25519"       |
      | /keys/0/status         | "active"        |
      | /keys/0/public_key_pem | "-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEA9WB22A+KAWZTLode581npJae3CUW6ZOYfbtExHqIEBY=\\n-----END PUBLIC KEY-----\\n" |
    And "/keys" has 1 item

  @keys-are-published @needs:key-set
  Scenario: The keys are public
    Given I bring no identity
    When I call "keys.policy-integrity-signing.get"
    Then the answer is 200

  @keys-are-published @needs:header-identity @needs:key-set @full
  Scenario Outline: Whoever calls may read the keys: <type>
    When I call "keys.policy-integrity-signing.get" with:
      | header X-Actor-Type  | <type>    |
      | header X-Actor-Id    | absent    |
      | header X-Auth-Scopes | absent    |
      | header X-Now-Iso     | yesterday |
    Then the answer is 200
    And "/active_key_id" is present

    Examples:
      | type  |
      | robot |

  @keys-are-published @needs:key-identity @needs:key-set
  Scenario: The keys are public in key mode too
    Given I bring no identity
    When I call "keys.policy-integrity-signing.get" with:
      | header X-Partner-Key | unknown |
    Then the answer is 200

  @keys-are-published @needs:key-set
  Scenario: An export is signed with the active key, and verifies with it
    Given I have onboarded a provider
    When I call "keys.policy-integrity-signing.get"
    Then the answer is 200
    And I remember "/active_key_id" as "active"
    When I export its audit
    Then the answer is 200
    And the fields are:
      | /export/signature/key_id | "{active}" |
      | /export/signature/alg    | "ed25519"  |
    And "/export/signature/sig" matches "^[A-Za-z0-9+/]{86}==$"
    And the page's proof holds

  # ---- operator-key-replaces-dev-key ----------------------------------------------------------------------------

  @operator-key-replaces-dev-key @needs:operator-key @needs:key-set
  Scenario: With an operator's key the development key is not listed
    When I call "keys.policy-integrity-signing.get"
    Then the answer is 200
    And "/active_key_id" is "op-pi-k7"
    And "/keys" has 2 items
    And "/keys/0/key_id" matches "^op-pi-k[67]$"
    And "/keys/1/key_id" matches "^op-pi-k[67]$"

  @operator-key-replaces-dev-key @needs:operator-key @needs:key-set
  Scenario: The operator's key is active, and the one before it verifies only
    When I call "keys.policy-integrity-signing.get"
    Then the answer is 200
    And the fields are:
      | /keys/0/key_id         | "op-pi-k7"    |
      | /keys/0/alg            | "ed25519"     |
      | /keys/0/status         | "active"      |
      | /keys/0/public_key_pem | "-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEAnMLPqPwAhvUu4bB61oD2fUFG9x4wrSqhVAJxUmSGL44=\\n-----END PUBLIC KEY-----\\n" |
      | /keys/1/key_id         | "op-pi-k6"    |
      | /keys/1/alg            | "ed25519"     |
      | /keys/1/status         | "verify_only" |
      | /keys/1/public_key_pem | "-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEANYI+ffuxZ0H4k8oAoTyS1QwqsBTWtfuMczE5VQCfVk0=\\n-----END PUBLIC KEY-----\\n" |

  @operator-key-replaces-dev-key @needs:operator-key @needs:key-set
  Scenario: With an operator's key exports are signed with it
    Given I have onboarded a provider
    When I export its audit
    Then the answer is 200
    And "/export/signature/key_id" is "op-pi-k7"
    And the page's proof holds

  # ---- health-is-public -----------------------------------------------------------------------------------------

  @health-is-public
  Scenario: Health is ok
    Given I bring no identity
    When I call "healthz"
    Then the answer is 200
    And the fields are:
      | /correlation_id | "corr_healthz" |
      | /ok             | true           |
    And the header "Content-Type" is "application/json; charset=utf-8"
    And the header "X-Correlation-Id" is "corr_healthz"

  @health-is-public @needs:header-identity
  Scenario: Health does not look at who asks
    When I call "healthz" with:
      | header X-Actor-Type  | robot     |
      | header X-Actor-Id    | absent    |
      | header X-Auth-Scopes | absent    |
      | header X-Now-Iso     | yesterday |
    Then the answer is 200
    And "/ok" is true

  @health-is-public @needs:key-identity
  Scenario: Health is public in key mode too
    Given I bring no identity
    When I call "healthz"
    Then the answer is 200
    And "/ok" is true
