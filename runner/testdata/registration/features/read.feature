Feature: Reading what was registered

  @registration-is-kept
  Scenario: A registration is shown as it was made
    Given I have called "registration.register" with:
      | /registration/markets | ["option", "spot"] |
    And I remember "/registration" as "made"
    When I call "registration.get"
    Then the answer is 200
    And the fields are:
      | /registration                 | {made}                 |
      | /registration/registration_id | "{registration}"       |
      | /registration/legal_name      | "Harbour Liquidity"    |
      | /registration/contact_email   | "desk@harbour.example" |
      | /registration/markets         | ["option", "spot"]     |
      | /registration/status          | "pending"              |

  @registration-is-ones-own @permits
  Scenario: A client finds its own registration
    Given I have called "registration.register"
    When I call "registration.get"
    Then the answer is 200

  @registration-is-ones-own @refuses
  Scenario: Of another client's registration nobody learns that there is one
    Given I have called "registration.register"
    And I act as partner "{stranger}"
    When I call "registration.get"
    Then the answer is 404 NOT_FOUND because registration_unknown
    And "/error/details/registration_id" is "{registration}"

  @list-is-ones-own
  Scenario: Another client's list is empty
    Given I have called "registration.register"
    And I act as partner "{stranger}"
    When I call "registration.list"
    Then the answer is 200
    And "/registrations" is []
    And "/next_cursor" is absent

  @registration-is-ones-own @refuses
  Scenario: What was never registered is not found
    When I call "registration.get" with:
      | path registration_id | none-{unique} |
    Then the answer is 404 NOT_FOUND because registration_unknown

  @pages-follow-each-other
  Scenario: The pages of three registrations have each of them once
    Given I have called "registration.register" with:
      | /registration/legal_name | "First" |
    And I have called "registration.register" with:
      | /registration/legal_name | "Second" |
    And I have called "registration.register" with:
      | /registration/legal_name | "Third" |
    When I call "registration.list" with:
      | query limit | 1 |
    Then "/registrations" has 1 item
    And "/registrations/0/legal_name" is "First"
    And I remember "/next_cursor" as "cursor"
    When I call "registration.list" with:
      | query limit  | 1        |
      | query cursor | {cursor} |
    Then "/registrations" has 1 item
    And "/registrations/0/legal_name" is "Second"
    And I remember "/next_cursor" as "cursor"
    When I call "registration.list" with:
      | query limit  | 1        |
      | query cursor | {cursor} |
    Then "/registrations" has 1 item
    And "/registrations/0/legal_name" is "Third"
    And "/registrations/0/registration_id" is "{registration}"
    And "/next_cursor" is absent

  @query-is-valid @refuses
  Scenario Outline: A list with the <parameter> <value> is refused
    When I call "registration.list" with:
      | query <parameter> | <value> |
    Then the answer is 400 BAD_QUERY because registration_invalid
    And "/error/details/parameter" is "<parameter>"

    Examples:
      | parameter | value   |
      | limit     | 0       |
      | limit     | 101     |
      | limit     | some    |
      | cursor    | nowhere |

  @query-is-valid @permits
  Scenario Outline: A list with the limit <limit> is given
    When I call "registration.list" with:
      | query limit | <limit> |
    Then the answer is 200

    Examples:
      | limit |
      | 1     |
      | 100   |
