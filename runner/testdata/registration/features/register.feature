Feature: Registering a provider

  @body-is-valid @refuses
  Scenario Outline: A registration <that> is refused
    When I call "registration.register" with:
      | <part> | <value> |
    Then the answer is 422 INVALID because registration_invalid

    Examples:
      | that                      | part                        | value            |
      | without a contact         | /registration/contact_email | absent           |
      | with a contact like none  | /registration/contact_email | "harbour"        |
      | without a market          | /registration/markets       | []               |
      | with a market twice       | /registration/markets       | ["spot", "spot"] |
      | with an unknown market    | /registration/markets/0     | "spit"           |
      | with an empty name        | /registration/legal_name    | ""               |
      | with a member of its own  | /registration/colour        | "red"            |

  @body-is-valid @permits
  Scenario Outline: A registration <that> is made
    When I call "registration.register" with:
      | <part> | <value> |
    Then the answer is 201

    Examples:
      | that                     | part                        | value             |
      | with the shortest name   | /registration/legal_name    | "H"               |
      | with the other market    | /registration/markets       | ["option"]        |
      | with the shortest contact| /registration/contact_email | "a@b"             |

  @name-is-free @refuses
  Scenario: A client does not register a name twice
    Given I have called "registration.register"
    When I call "registration.register"
    Then the answer is 409 CONFLICT because registration_taken
    And "/error/details/registration_id" is "{registration}"

  @name-is-free @permits
  Scenario: Another client may register the same name
    Given I have called "registration.register"
    And I act as partner "{stranger}"
    When I call "registration.register"
    Then the answer is 201
