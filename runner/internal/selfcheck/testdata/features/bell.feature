Feature: A bell

  @bell-is-shown
  Scenario: It is shown
    When I call "bell.get"
    Then the answer is 200
    And "/bell/weight" is 7
    And "/bell/state" is "hung"
    And "/bell/made_at" is "2026-02-22T16:00:00.000Z"

  @bell-is-shown
  Scenario: It is cracked
    When I call "bell.get" with:
      | query cracked | yes |
    Then the answer is 409 CONFLICT because bell_cracked

  @bell-is-shown
  Scenario: Elsewhere is nothing
    When I send "GET" to "/tower"
    Then the answer is 404 NOT_FOUND without a reason code
