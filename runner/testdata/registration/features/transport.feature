Feature: What all requests have in common

  @client-is-known @refuses
  Scenario Outline: <operation> is for nobody without a client
    Given I bring no identity
    When I call "<operation>" with:
      | <part> | <value> |
    Then the answer is 401 CLIENT_UNKNOWN without a reason code

    Examples:
      | operation             | part                     | value |
      | registration.register | /registration/legal_name | "H"   |
      | registration.get      | path registration_id     | none  |
      | registration.list     | query limit              | 1     |

  @client-is-known @permits
  Scenario: A client may list
    When I call "registration.list"
    Then the answer is 200

  @scope-is-held @refuses
  Scenario Outline: <operation> needs the scope <scope>
    Given my scopes are "<other>"
    When I call "<operation>" with:
      | <part> | <value> |
    Then the answer is 403 SCOPE_LACKING without a reason code
    And "/error/details/scope" is "<scope>"

    Examples:
      | operation             | scope          | other          | part                     | value |
      | registration.register | registry:write | registry:read  | /registration/legal_name | "H"   |
      | registration.get      | registry:read  | registry:write | path registration_id     | none  |
      | registration.list     | registry:read  | registry:write | query limit              | 1     |

  @scope-is-held @permits
  Scenario: One scope is enough for its operation
    Given my scopes are "registry:write"
    When I call "registration.register"
    Then the answer is 201

  @key-is-present @refuses
  Scenario Outline: Registering with <what> is refused
    When I call "registration.register" with:
      | header X-Registration-Key | <key> |
    Then the answer is 400 KEY_LACKING without a reason code
    And "/error/details/header" is "X-Registration-Key"

    Examples:
      | what                  | key                                                               |
      | no key                | absent                                                            |
      | a key of 65 characters| 12345678901234567890123456789012345678901234567890123456789012345 |

  @key-is-present @permits
  Scenario: A key of 64 characters is long enough
    When I call "registration.register" with:
      | header X-Registration-Key | {unique}56789012345678901234567890123456789012345678901234567 |
    Then the answer is 201

  @key-means-one-body @refuses
  Scenario: A key that was used for another body is refused
    Given I have called "registration.register"
    When I repeat the call with:
      | /registration/legal_name | "Another" |
    Then the answer is 409 KEY_REUSED without a reason code

  @key-means-one-body @permits
  Scenario: The same call again gets the same answer
    Given I have called "registration.register"
    And I remember the answer as "first"
    When I repeat the call
    Then the answer is byte for byte "first"
    And the header "X-Registration-Replayed" is "true"

  @request-id-is-kept
  Scenario: A request id comes back
    When I call "registration.list" with:
      | header X-Request-Id | mine-{unique} |
    Then the header "X-Request-Id" is "mine-{unique}"
    And the header "X-Request-Id" equals "/correlation_id"

  @routes-are-these
  Scenario: A path that is no route
    When I send "GET" to "/providers"
    Then the answer is 404 NO_SUCH_ROUTE without a reason code
    And "/error/details/path" is "/providers"

  @routes-are-these
  Scenario: A method that the route does not have
    When I send "DELETE" to "/registrations"
    Then the answer is 405 NO_SUCH_METHOD without a reason code
