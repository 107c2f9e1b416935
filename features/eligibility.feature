Feature: Eligibility, the verdict on a tier
  An evaluation asks whether a provider may have a tier. It is answered with a verdict and never refused for
  governance: `deny` when any rule gives a reason code, else `allow`. The codes come in the order of the rules, each
  once. Whatever the verdict, evaluating changes neither tier, status nor governance: the result becomes the
  provider's last evaluation, and an entry of its audit.

  The provider of these scenarios is at S1. The default request asks for S2, and is allowed: every baseline passed,
  no violation, two compliant windows, remediation closed, family `advanced`. A scenario names what it changes.

  Background:
    Given I have onboarded a provider with:
      | /provider/segment_tier | "S1"                   |
      | /recorded_at           | "2026-02-22T16:00:00Z" |

  # ---- eligibility-needs-baselines ------------------------------------------------------------------------------

  @eligibility-needs-baselines
  Scenario Outline: With baselines trust <trust>, reliability <reliability>, audit <audit> the verdict is <verdict>
    When I evaluate its eligibility with:
      | /eligibility/trust_safety_baseline_passed | <trust>       |
      | /eligibility/reliability_baseline_passed  | <reliability> |
      | /eligibility/audit_conformance_passed     | <audit>       |
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict            | "<verdict>" |
      | /eligibility/reason_codes       | <codes>     |
      | /eligibility/recommended_status | "<status>"  |

    @refuses
    Examples: one fails, or all of them: the code comes once
      | trust | reliability | audit | verdict | status         | codes                                             |
      | false | true        | true  | deny    | pending_review | ["partner_liquidity_provider_eligibility_failed"] |
      | true  | false       | true  | deny    | pending_review | ["partner_liquidity_provider_eligibility_failed"] |
      | true  | true        | false | deny    | pending_review | ["partner_liquidity_provider_eligibility_failed"] |
      | false | false       | false | deny    | pending_review | ["partner_liquidity_provider_eligibility_failed"] |

    @permits
    Examples: all passed
      | trust | reliability | audit | verdict | status | codes |
      | true  | true        | true  | allow   | active | []    |

  @eligibility-needs-baselines @refuses
  Scenario: Baselines that the provider has do not stand in for those of the request
    Given I have upserted its status with:
      | /status/status                   | "active" |
      | /status/audit_conformance_passed | true     |
    When I evaluate its eligibility with:
      | /eligibility/audit_conformance_passed | false |
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict      | "deny"                                            |
      | /eligibility/reason_codes | ["partner_liquidity_provider_eligibility_failed"] |

  @eligibility-needs-baselines @refuses
  Scenario: A failing baseline denies a provider that does not climb, too
    When I evaluate its eligibility with:
      | /eligibility/requested_segment_tier      | "S0"  |
      | /eligibility/reliability_baseline_passed | false |
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict      | "deny"                                            |
      | /eligibility/reason_codes | ["partner_liquidity_provider_eligibility_failed"] |

  # ---- eligibility-needs-no-violations --------------------------------------------------------------------------

  @eligibility-needs-no-violations
  Scenario Outline: With <violations> unresolved critical violations the verdict is <verdict>
    When I evaluate its eligibility with:
      | /eligibility/unresolved_critical_violations | <violations> |
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict            | "<verdict>" |
      | /eligibility/reason_codes       | <codes>     |
      | /eligibility/recommended_status | "<status>"  |

    @refuses
    Examples: from the first one on
      | violations | verdict | status     | codes                                                                                              |
      | 1          | deny    | restricted | ["partner_liquidity_provider_eligibility_failed", "partner_liquidity_provider_downgrade_required"] |
      | 2          | deny    | restricted | ["partner_liquidity_provider_eligibility_failed", "partner_liquidity_provider_downgrade_required"] |

    @refuses @full
    Examples: the largest count there is
      | violations       | verdict | status     | codes                                                                                              |
      | 9007199254740991 | deny    | restricted | ["partner_liquidity_provider_eligibility_failed", "partner_liquidity_provider_downgrade_required"] |

    @permits
    Examples: none
      | violations | verdict | status | codes |
      | 0          | allow   | active | []    |

  @eligibility-needs-no-violations @permits
  Scenario: Violations that the provider has do not count, only those of the request
    Given I have upserted its status with:
      | /status/status                         | "pending_review" |
      | /status/unresolved_critical_violations | 3                |
    When I evaluate its eligibility with:
      | /eligibility/unresolved_critical_violations | 0 |
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict      | "allow" |
      | /eligibility/reason_codes | []      |

  # ---- eligibility-climbs-one-tier ------------------------------------------------------------------------------

  @eligibility-climbs-one-tier
  Scenario Outline: From <from> to <to> the verdict is <verdict>
    Given I have onboarded a provider with:
      | /provider/segment_tier | "<from>" |
    When I evaluate its eligibility with:
      | /eligibility/requested_segment_tier | "<to>" |
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict                | "<verdict>" |
      | /eligibility/reason_codes           | <codes>     |
      | /eligibility/requested_segment_tier | "<to>"      |
      | /eligibility/current_segment_tier   | "<from>"    |

    @refuses
    Examples: two tiers up, or three
      | from | to | verdict | codes                                             |
      | S0   | S2 | deny    | ["partner_liquidity_provider_eligibility_failed"] |
      | S1   | S3 | deny    | ["partner_liquidity_provider_eligibility_failed"] |

    @permits
    Examples: one tier up, none, or any number down
      | from | to | verdict | codes |
      | S0   | S1 | allow   | []    |
      | S2   | S3 | allow   | []    |
      | S1   | S1 | allow   | []    |
      | S3   | S0 | allow   | []    |

  @eligibility-climbs-one-tier @permits
  Scenario: The current tier is the one that the provider has by now
    Given I have upserted its status with:
      | /status/segment_tier | "S2" |
    When I evaluate its eligibility with:
      | /eligibility/requested_segment_tier | "S3" |
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict              | "allow" |
      | /eligibility/current_segment_tier | "S2"    |

  @eligibility-climbs-one-tier @refuses
  Scenario: A tier that was only allowed is not yet the current tier
    Given I have evaluated its eligibility with:
      | /eligibility/requested_segment_tier | "S2" |
    And "/eligibility/verdict" is "allow"
    When I evaluate its eligibility with:
      | /eligibility/requested_segment_tier | "S3" |
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict              | "deny"                                            |
      | /eligibility/reason_codes         | ["partner_liquidity_provider_eligibility_failed"] |
      | /eligibility/current_segment_tier | "S1"                                              |

  # ---- eligibility-climb-needs-two-windows ----------------------------------------------------------------------

  @eligibility-climb-needs-two-windows
  Scenario Outline: From S1 to <to> with <windows> compliant windows the verdict is <verdict>
    When I evaluate its eligibility with:
      | /eligibility/requested_segment_tier        | "<to>"    |
      | /eligibility/consecutive_compliant_windows | <windows> |
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict      | "<verdict>" |
      | /eligibility/reason_codes | <codes>     |

    @refuses
    Examples: a climb with fewer than two
      | to | windows | verdict | codes                                             |
      | S2 | 0       | deny    | ["partner_liquidity_provider_eligibility_failed"] |
      | S2 | 1       | deny    | ["partner_liquidity_provider_eligibility_failed"] |

    @permits
    Examples: a climb with two or more
      | to | windows          | verdict | codes |
      | S2 | 2                | allow   | []    |

    @permits
    Examples: who does not climb needs none
      | to | windows | verdict | codes |
      | S1 | 1       | allow   | []    |

  @eligibility-climb-needs-two-windows @full
  Scenario Outline: Windows spelled <spelling> are <windows>, so the verdict is <verdict>
    When I call "partnerLiquidityProvider.eligibility.evaluate" with the body:
      """
      {"eligibility": {"requested_segment_tier": "S2", "trust_safety_baseline_passed": true,
        "reliability_baseline_passed": true, "audit_conformance_passed": true, "unresolved_critical_violations": 0,
        "consecutive_compliant_windows": <spelling>, "capability_family": "core"}}
      """
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict                              | "<verdict>" |
      | /eligibility/reason_codes                         | <codes>     |
      | /eligibility/inputs/consecutive_compliant_windows | <windows>   |

    @refuses
    Examples: one
      | spelling | windows | verdict | codes                                             |
      | 1.0      | 1       | deny    | ["partner_liquidity_provider_eligibility_failed"] |

    @permits
    Examples: two
      | spelling | windows | verdict | codes |
      | 2e0      | 2       | allow   | []    |

  # ---- eligibility-climb-needs-remediation ----------------------------------------------------------------------

  @eligibility-climb-needs-remediation
  Scenario Outline: From S1 to <to> with remediation_closed <closed> the verdict is <verdict>
    When I evaluate its eligibility with:
      | /eligibility/requested_segment_tier | "<to>"   |
      | /eligibility/remediation_closed     | <closed> |
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict                   | "<verdict>" |
      | /eligibility/reason_codes              | <codes>     |
      | /eligibility/inputs/remediation_closed | <input>     |

    @refuses
    Examples: a climb while remediation is open
      | to | closed | input | verdict | codes                                             |
      | S2 | false  | false | deny    | ["partner_liquidity_provider_eligibility_failed"] |

    @permits
    Examples: a climb with remediation closed, which it is when the request does not say
      | to | closed | input | verdict | codes |
      | S2 | true   | true  | allow   | []    |
      | S2 | absent | true  | allow   | []    |

    @permits
    Examples: who does not climb may have it open
      | to | closed | input | verdict | codes |
      | S1 | false  | false | allow   | []    |

  # ---- eligibility-high-risk-needs-s2 ---------------------------------------------------------------------------

  @eligibility-high-risk-needs-s2
  Scenario Outline: Family <family> from <from> to <to> gets the verdict <verdict>
    Given I have onboarded a provider with:
      | /provider/segment_tier | "<from>" |
    When I evaluate its eligibility with:
      | /eligibility/requested_segment_tier | "<to>"     |
      | /eligibility/capability_family      | "<family>" |
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict                  | "<verdict>" |
      | /eligibility/reason_codes             | <codes>     |
      | /eligibility/inputs/capability_family | "<family>"  |

    @refuses
    Examples: high risk below S2, whatever tier the provider has
      | family    | from | to | verdict | codes                                             |
      | high_risk | S1   | S1 | deny    | ["partner_liquidity_provider_eligibility_failed"] |
      | high_risk | S2   | S1 | deny    | ["partner_liquidity_provider_eligibility_failed"] |

    @permits
    Examples: high risk from S2 on
      | family    | from | to | verdict | codes |
      | high_risk | S1   | S2 | allow   | []    |

    @permits
    Examples: the other families below S2
      | family   | from | to | verdict | codes |
      | advanced | S1   | S1 | allow   | []    |
      | core     | S0   | S0 | allow   | []    |

  # ---- eligibility-recommends-status ----------------------------------------------------------------------------

  @eligibility-recommends-status
  Scenario: An allow recommends active
    When I evaluate its eligibility
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict            | "allow"  |
      | /eligibility/reason_codes       | []       |
      | /eligibility/recommended_status | "active" |

  @eligibility-recommends-status
  Scenario Outline: A deny without a violation recommends a review: <case>
    When I evaluate its eligibility with:
      | /eligibility/requested_segment_tier        | "<to>"     |
      | /eligibility/trust_safety_baseline_passed  | <trust>    |
      | /eligibility/consecutive_compliant_windows | <windows>  |
      | /eligibility/remediation_closed            | <closed>   |
      | /eligibility/capability_family             | "<family>" |
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict            | "deny"                                            |
      | /eligibility/reason_codes       | ["partner_liquidity_provider_eligibility_failed"] |
      | /eligibility/recommended_status | "pending_review"                                  |

    Examples: one rule denies, or several with the one code
      | case                       | to | trust | windows | closed | family    |
      | too few windows            | S2 | true  | 1       | true   | core      |
      | high risk below S2         | S1 | true  | 2       | true   | high_risk |
      | a baseline and every climb | S3 | false | 1       | false  | core      |

  @eligibility-recommends-status
  Scenario Outline: A deny with a violation recommends restricting: <case>
    When I evaluate its eligibility with:
      | /eligibility/unresolved_critical_violations | 1          |
      | /eligibility/requested_segment_tier         | "<to>"     |
      | /eligibility/trust_safety_baseline_passed   | <trust>    |
      | /eligibility/consecutive_compliant_windows  | <windows>  |
      | /eligibility/remediation_closed             | <closed>   |
      | /eligibility/capability_family              | "<family>" |
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict            | "deny"                                                                                             |
      | /eligibility/reason_codes       | ["partner_liquidity_provider_eligibility_failed", "partner_liquidity_provider_downgrade_required"] |
      | /eligibility/recommended_status | "restricted"                                                                                       |

    Examples: in the order of the rules, each code once
      | case                              | to | trust | windows | closed | family    |
      | the violation alone               | S2 | true  | 2       | true   | core      |
      | after a baseline                  | S2 | false | 2       | true   | core      |
      | before high risk below S2         | S1 | true  | 2       | true   | high_risk |
      | amid everything that can go wrong | S3 | false | 0       | false  | high_risk |

  @eligibility-recommends-status
  Scenario Outline: The recommendation for a <status> provider comes from the verdict alone
    Given I have upserted its status with:
      | /status/status       | "<status>"           |
      | /status/reason_codes | ["set_by_a_partner"] |
    When I evaluate its eligibility
    Then the answer is 200
    And the fields are:
      | /eligibility/verdict            | "allow"  |
      | /eligibility/recommended_status | "active" |

    Examples:
      | status     |
      | restricted |
      | offboarded |

  # ---- eligibility-has-derived-id -------------------------------------------------------------------------------

  @eligibility-has-derived-id @needs:fresh-state
  Scenario Outline: The id of <what> is <id>
    Given I have onboarded a provider with:
      | /provider/provider_id  | <provider> |
      | /provider/segment_tier | "<from>"   |
    When I evaluate its eligibility with:
      | /eligibility/requested_segment_tier         | "S2"         |
      | /eligibility/trust_safety_baseline_passed   | true         |
      | /eligibility/reliability_baseline_passed    | true         |
      | /eligibility/audit_conformance_passed       | true         |
      | /eligibility/unresolved_critical_violations | <violations> |
      | /eligibility/consecutive_compliant_windows  | 2            |
      | /eligibility/capability_family              | "advanced"   |
      | /eligibility/remediation_closed             | <closed>     |
      | /recorded_at                                | "<at>"       |
    Then the answer is 200
    And "/provider_id" is <provider>
    And "/eligibility/evaluation_id" is "<id>"

    Examples: values that another tool computed
      | what                 | provider     | from | violations | closed | at                       | id                       |
      | another provider     | "plp_000077" | S1   | 0          | true   | 2026-02-22T16:20:00.000Z | plpelig_8bac9f80edba4dc0 |
      | a millisecond later  | "plp_000077" | S1   | 0          | true   | 2026-02-22T16:20:00.001Z | plpelig_07ab1d9172165159 |
      | one violation        | "plp_000077" | S1   | 1          | true   | 2026-02-22T16:20:00.000Z | plpelig_8f162fafdf08bb74 |
      | remediation open     | "plp_000077" | S1   | 0          | false  | 2026-02-22T16:20:00.000Z | plpelig_b7e31e310f4f9ed0 |
      | remediation not said | "plp_000077" | S1   | 0          | absent | 2026-02-22T16:20:00.000Z | plpelig_8bac9f80edba4dc0 |
      | another current tier | "plp_000077" | S0   | 0          | true   | 2026-02-22T16:20:00.000Z | plpelig_8bac9f80edba4dc0 |

    @full
    Examples: a time that is normalised, and an id beyond ASCII
      | what                       | provider          | from | violations | closed | at                             | id                       |
      | the time spelled elsewhere | "plp_000077"      | S1   | 0          | true   | 2026-02-22T21:50:00.0009+05:30 | plpelig_8bac9f80edba4dc0 |
      | a provider with odd signs  | "Häfen\|nord/süd" | S1   | 0          | true   | 2026-02-22T16:20:00.000Z       | plpelig_a94c29b3659d6145 |

  @eligibility-has-derived-id @needs:fresh-state
  Scenario: The contract's check value
    Given I get the provider with:
      | path provider_id | plp_000001 |
    And the answer is 200
    When I evaluate its eligibility with:
      | path provider_id                            | plp_000001                 |
      | /eligibility/requested_segment_tier         | "S2"                       |
      | /eligibility/trust_safety_baseline_passed   | true                       |
      | /eligibility/reliability_baseline_passed    | true                       |
      | /eligibility/audit_conformance_passed       | true                       |
      | /eligibility/unresolved_critical_violations | 0                          |
      | /eligibility/consecutive_compliant_windows  | 2                          |
      | /eligibility/capability_family              | "advanced"                 |
      | /eligibility/remediation_closed             | true                       |
      | /recorded_at                                | "2026-02-22T16:20:00.000Z" |
    Then the answer is 200
    And the fields are:
      | /provider_id               | "plp_000001"               |
      | /eligibility/evaluation_id | "plpelig_a95776d6e33c15cf" |
      | /eligibility/verdict       | "allow"                    |
    And "/eligibility/evaluated_at" is the time "2026-02-22T16:20:00.000Z"

  @eligibility-has-derived-id
  Scenario: Equal evaluations have equal ids
    Given I have evaluated its eligibility with:
      | /eligibility/remediation_closed | absent                 |
      | /recorded_at                    | "2026-02-22T16:20:00Z" |
    And "/eligibility/evaluation_id" matches "^plpelig_[0-9a-f]{16}$"
    And I remember "/eligibility/evaluation_id" as "first"
    And I have upserted its status with:
      | /status/segment_tier | "S0" |
    When I evaluate its eligibility with:
      | /eligibility/remediation_closed | true                   |
      | /recorded_at                    | "2026-02-22T16:20:00Z" |
    Then the answer is 200
    And the fields are:
      | /eligibility/evaluation_id        | "{first}" |
      | /eligibility/verdict              | "deny"    |
      | /eligibility/current_segment_tier | "S0"      |

  @eligibility-has-derived-id @full
  Scenario: Equal evaluations have equal ids, whatever became of the provider between them
    Given I have evaluated its eligibility with:
      | /eligibility/remediation_closed | absent                 |
      | /recorded_at                    | "2026-02-22T16:20:00Z" |
    And "/eligibility/evaluation_id" matches "^plpelig_[0-9a-f]{16}$"
    And I remember "/eligibility/evaluation_id" as "first"
    And I have upserted its status with:
      | /status/segment_tier | "S0" |
    When I evaluate its eligibility with:
      | /eligibility/remediation_closed | true                             |
      | /recorded_at                    | "2026-02-22T17:20:00.0004+01:00" |
    Then the answer is 200
    And the fields are:
      | /eligibility/evaluation_id        | "{first}" |
      | /eligibility/verdict              | "deny"    |
      | /eligibility/current_segment_tier | "S0"      |

  @eligibility-has-derived-id
  Scenario Outline: Another <what> gives another id
    Given I have evaluated its eligibility with:
      | /recorded_at | "2026-02-22T16:20:00Z" |
    And I remember "/eligibility/evaluation_id" as "first"
    When I evaluate its eligibility with:
      | /recorded_at | "2026-02-22T16:20:00Z" |
      | <part>       | <value>                |
    Then the answer is 200
    And "/eligibility/evaluation_id" is not "{first}"

    Examples:
      | what             | part                                       | value                      |
      | tier             | /eligibility/requested_segment_tier        | "S1"                       |
      | count of windows | /eligibility/consecutive_compliant_windows | 3                          |
      | family           | /eligibility/capability_family             | "core"                     |
      | time by 1 ms     | /recorded_at                               | "2026-02-22T16:20:00.001Z" |

  # ---- eligibility-changes-only-the-evaluation ------------------------------------------------------------------

  @eligibility-changes-only-the-evaluation
  Scenario: An allow changes neither status, tier nor governance, and moves updated_at
    Given I have upserted its status with:
      | /status/status                         | "restricted"           |
      | /status/trust_safety_baseline_passed   | false                  |
      | /status/unresolved_critical_violations | 2                      |
      | /status/reason_codes                   | ["breach_in_may"]      |
      | /recorded_at                           | "2026-02-22T16:10:00Z" |
    And I have evaluated its eligibility with:
      | /recorded_at | "2026-02-22T16:20:00Z" |
    And "/eligibility/verdict" is "allow"
    When I get the provider
    Then the fields are:
      | /provider/status                                    | "restricted" |
      | /provider/segment_tier                              | "S1"         |
      | /provider/governance/trust_safety_baseline_passed   | false        |
      | /provider/governance/reliability_baseline_passed    | true         |
      | /provider/governance/audit_conformance_passed       | true         |
      | /provider/governance/unresolved_critical_violations | 2            |
      | /provider/rollout_policy_ref                        | absent       |
      | /provider/rollout                                   | absent       |
    And the times are:
      | /provider/created_at | 2026-02-22T16:00:00.000Z |
      | /provider/updated_at | 2026-02-22T16:20:00.000Z |

  @eligibility-changes-only-the-evaluation
  Scenario: A deny that recommends restricting restricts nobody
    Given I have upserted its status with:
      | /status/status | "active" |
    And I have evaluated its eligibility with:
      | /eligibility/trust_safety_baseline_passed   | false |
      | /eligibility/unresolved_critical_violations | 9     |
    And "/eligibility/recommended_status" is "restricted"
    When I get the provider
    Then the fields are:
      | /provider/status                                    | "active" |
      | /provider/segment_tier                              | "S1"     |
      | /provider/governance/trust_safety_baseline_passed   | true     |
      | /provider/governance/unresolved_critical_violations | 0        |

  @eligibility-changes-only-the-evaluation
  Scenario: The answer is the whole evaluation, and get shows it as the last one
    Given I have evaluated its eligibility with:
      | /eligibility/requested_segment_tier         | "S3"                   |
      | /eligibility/reliability_baseline_passed    | false                  |
      | /eligibility/unresolved_critical_violations | 4                      |
      | /eligibility/consecutive_compliant_windows  | 1                      |
      | /eligibility/capability_family              | "high_risk"            |
      | /eligibility/remediation_closed             | absent                 |
      | /recorded_at                                | "2026-02-22T16:20:00Z" |
    And the fields are:
      | /provider_id                                       | "{provider}"                                                                                       |
      | /eligibility/verdict                               | "deny"                                                                                             |
      | /eligibility/reason_codes                          | ["partner_liquidity_provider_eligibility_failed", "partner_liquidity_provider_downgrade_required"] |
      | /eligibility/requested_segment_tier                | "S3"                                                                                               |
      | /eligibility/current_segment_tier                  | "S1"                                                                                               |
      | /eligibility/recommended_status                    | "restricted"                                                                                       |
      | /eligibility/inputs/requested_segment_tier         | "S3"                                                                                               |
      | /eligibility/inputs/trust_safety_baseline_passed   | true                                                                                               |
      | /eligibility/inputs/reliability_baseline_passed    | false                                                                                              |
      | /eligibility/inputs/audit_conformance_passed       | true                                                                                               |
      | /eligibility/inputs/unresolved_critical_violations | 4                                                                                                  |
      | /eligibility/inputs/consecutive_compliant_windows  | 1                                                                                                  |
      | /eligibility/inputs/capability_family              | "high_risk"                                                                                        |
      | /eligibility/inputs/remediation_closed             | true                                                                                               |
    And "/eligibility/evaluated_at" is the time "2026-02-22T16:20:00.000Z"
    And I remember "/eligibility" as "evaluation"
    When I get the provider
    Then the fields are:
      | /provider/last_eligibility | {evaluation} |

  @eligibility-changes-only-the-evaluation
  Scenario Outline: The audit has the whole evaluation as its details, and the reason codes of a <verdict>
    Given I have evaluated its eligibility with:
      | /eligibility/unresolved_critical_violations | <violations>           |
      | /recorded_at                                | "2026-02-22T16:20:00Z" |
    And "/eligibility/verdict" is "<verdict>"
    And I remember "/eligibility" as "evaluation"
    When I export its audit with:
      | query event_type     | eligibility_evaluated |
      | query retention_days | 3650                  |
    Then "/export/entries" has 1 items
    And the fields are:
      | /export/entries/0/provider_id  | "{provider}"            |
      | /export/entries/0/event_type   | "eligibility_evaluated" |
      | /export/entries/0/actor/type   | "partner"               |
      | /export/entries/0/actor/id     | "{me}"                  |
      | /export/entries/0/reason_codes | <codes>                 |
      | /export/entries/0/details      | {evaluation}            |
    And "/export/entries/0/recorded_at" is the time "2026-02-22T16:20:00.000Z"

    Examples:
      | verdict | violations | codes                                                                                              |
      | allow   | 0          | []                                                                                                 |
      | deny    | 1          | ["partner_liquidity_provider_eligibility_failed", "partner_liquidity_provider_downgrade_required"] |

  @eligibility-changes-only-the-evaluation
  Scenario: The last evaluation is the last to arrive, although its time is earlier
    Given I have evaluated its eligibility with:
      | /recorded_at | "2026-02-22T16:40:00Z" |
    When I evaluate its eligibility with:
      | /eligibility/consecutive_compliant_windows | 1                      |
      | /recorded_at                               | "2026-02-22T16:10:00Z" |
    Then the answer is 200
    When I get the provider
    Then the fields are:
      | /provider/last_eligibility/verdict | "deny" |
    And the times are:
      | /provider/last_eligibility/evaluated_at | 2026-02-22T16:10:00.000Z |
      | /provider/updated_at                    | 2026-02-22T16:10:00.000Z |

  @eligibility-changes-only-the-evaluation @needs:test-clock
  Scenario: An evaluation without a time of its own is dated now
    When I evaluate its eligibility with:
      | header X-Now-Iso | 2026-02-22T16:21:22.023Z |
    Then the answer is 200
    And "/eligibility/evaluated_at" is the time "2026-02-22T16:21:22.023Z"
    When I get the provider
    Then the times are:
      | /provider/updated_at                    | 2026-02-22T16:21:22.023Z |
      | /provider/last_eligibility/evaluated_at | 2026-02-22T16:21:22.023Z |

  @eligibility-changes-only-the-evaluation
  Scenario: An evaluation leaves the rollout as it is
    Given I have evaluated its eligibility
    And I have upserted its rollout
    And I get the provider
    And I remember "/provider/rollout_policy_ref" as "ref"
    And I remember "/provider/rollout" as "rollout"
    When I evaluate its eligibility with:
      | /eligibility/audit_conformance_passed | false |
    Then the answer is 200
    And "/eligibility/verdict" is "deny"
    When I get the provider
    Then the fields are:
      | /provider/rollout_policy_ref | {ref}     |
      | /provider/rollout            | {rollout} |
      | /provider/status             | "active"  |
      | /provider/segment_tier       | "S2"      |
