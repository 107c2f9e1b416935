Feature: Quotes

  @pair-is-known @permits
  Scenario: A pair that is traded has a price
    When I call "quote.get" with:
      | path pair | EURUSD |
    Then the answer is 200
    And "/quote/pair" is "EURUSD"
    And "/quote/price" is "1.09"

  @pair-is-known @refuses
  Scenario: A pair that is not traded has none
    When I call "quote.get" with:
      | path pair | EURXXX |
    Then the answer is 400 BAD_REQUEST because pair_unknown
    And "/error/details/pair" is "EURXXX"

  @routes-are-these
  Scenario: An unknown route
    When I send "GET" to "/prices"
    Then the answer is 404 NOT_FOUND without a reason code
