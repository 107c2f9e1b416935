Feature: Signed export of the audit trail
  Every write that succeeds leaves one entry in its provider's audit trail. An export is one signed page of that
  trail: filtered, ordered by time and then by arrival, and chained to the page before it by hashes, so that nobody
  can drop, reorder or filter entries, or splice pages of two exports, unseen. A next page names the cursor, the
  attestation and the checkpoint of the page before it, and is refused when the three no longer fit together.

  The trails of these scenarios begin on 1 March 2031 and have an entry an hour: onboarded at 09:00, status_upserted
  at 10:00, eligibility_evaluated at 11:00, rollout_upserted at 12:00. That is ahead of the clock, so retention cuts
  only where a scenario moves now. Each scenario stands with the shortest trail that shows what it says: reading takes
  one entry, a next page two, a page in the middle three, and what is said of all kinds of entries four.

  # The rules have no names, for a name would be a part of the ids of their scenarios: a scenario that moves to a longer
  # trail keeps its id, and so its history.

  Rule:
    A trail of one entry: the provider was onboarded.

    Background:
      Given I have onboarded a provider with:
        | /recorded_at | "2031-03-01T09:00:00Z" |

    # ---- export-query-is-readable -------------------------------------------------------------------------------

    @export-query-is-readable @refuses
    Scenario Outline: A <parameter> of <value> is refused
      When I export its audit with:
        | query <parameter> | <value> |
      Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid

      Examples: below the minimum
        | parameter      | value |
        | limit          | 0     |
        | limit          | -1    |
        | retention_days | 0     |

      Examples: no event type
        | parameter  | value   |
        | event_type | deleted |

    @export-query-is-readable @permits
    Scenario Outline: A <parameter> of <value> is read, and named in the query
      When I export its audit with:
        | query <parameter> | <value> |
      Then the answer is 200
      And "/export/query/<parameter>" is <echo>

      Examples:
        | parameter      | value     | echo        |
        | limit          | 1         | 1           |
        | limit          | 200       | 200         |
        | retention_days | 1         | 1           |
        | retention_days | 3650      | 3650        |
        | event_type     | onboarded | "onboarded" |

    @export-query-is-readable @permits
    Scenario Outline: A <parameter> is read, and named in the query
      When I export its audit with:
        | query <parameter> | 2031-03-01T10:00:00Z |
      Then the answer is 200
      And "/export/query/<parameter>" is the time "2031-03-01T10:00:00Z"

      Examples:
        | parameter |
        | from_iso  |
        | to_iso    |

    @export-query-is-readable @refuses @full
    Scenario Outline: <parameter> is refused when it is <value>
      When I export its audit with:
        | query <parameter> | <value> |
      Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
      And "/error/details/violations" is absent

      Examples: a limit that is no number from 1 on, in ASCII digits only
        | parameter | value |
        | limit     | 0     |
        | limit     | -1    |
        | limit     | +1    |
        | limit     | 1.0   |
        | limit     | 0x1   |
        | limit     | １    |
        | limit     | ten   |

      Examples: retention days that are no number from 1 on, in ASCII digits only
        | parameter      | value |
        | retention_days | 000   |
        | retention_days | +1    |
        | retention_days | 1e1   |
        | retention_days | ٣     |

      Examples: a time that is none
        | parameter | value                |
        | from_iso  | 2031-02-29T09:00:00Z |
        | to_iso    | 2031-03-01T09:00Z    |

      Examples: a leap second, or a year outside 0000 to 9999 in UTC
        | parameter | value                     |
        | from_iso  | 2016-12-31T23:59:60Z      |
        | from_iso  | 0000-01-01T00:00:00+00:01 |
        | to_iso    | 9999-12-31T23:59:59-00:01 |

      Examples: an event type that is none
        | parameter  | value     |
        | event_type | deleted   |
        | event_type | ONBOARDED |

      @needs:test-clock
      Examples: a test clock that shows no time
        | parameter       | value |
        | now_iso         | noon  |
        | exported_at_iso | noon  |

    @export-query-is-readable @permits @full
    Scenario Outline: <parameter> is read when it is <value>
      When I export its audit with:
        | query <parameter> | <value> |
      Then the answer is 200
      And "/export/query/<parameter>" is <echo>

      Examples: a limit from 1 on, where over 200 counts as 200
        | parameter | value                                        | echo |
        | limit     | 1                                            | 1    |
        | limit     | 200                                          | 200  |
        | limit     | 201                                          | 200  |
        | limit     | 99999999999999999999999999999999999999999999 | 200  |
        | limit     | 00000000000000000000000000000000000000000007 | 7    |

      Examples: retention days from 1 on, where over 3650 counts as 3650
        | parameter      | value | echo |
        | retention_days | 1     | 1    |
        | retention_days | 3650  | 3650 |
        | retention_days | 3651  | 3650 |
        | retention_days | 00030 | 30   |

      Examples: times of any offset and precision, normalised
        | parameter | value                           | echo                       |
        | from_iso  | 2031-03-01t09:00:00z            | "2031-03-01T09:00:00.000Z" |
        | from_iso  | 2031-03-01T09:00:00.1239999999Z | "2031-03-01T09:00:00.123Z" |
        | to_iso    | 2031-02-28T22:00:00.5-11:00     | "2031-03-01T09:00:00.500Z" |
        | to_iso    | 2028-02-29T00:00:00Z            | "2028-02-29T00:00:00.000Z" |
        | from_iso  | 0000-01-01T00:00:00Z            | "0000-01-01T00:00:00.000Z" |
        | to_iso    | 9999-12-31T23:59:59.999Z        | "9999-12-31T23:59:59.999Z" |

      Examples: an event type
        | parameter  | value     | echo        |
        | event_type | onboarded | "onboarded" |

    @export-query-is-readable @refuses @full
    Scenario Outline: The query string <query> is refused, for it has <flaw>
      When I send "GET" to "/partner-liquidity-providers/{provider}/rollout/export?<query>"
      Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
      And "/error/details/violations" is absent

      Examples: spaces, which nothing trims
        | query                              | flaw                               |
        | limit=%201                         | a space before the number          |
        | limit=+1                           | a plus, which is a space           |
        | from_iso=2031-03-01T09:00:00+00:00 | a plus in a time, which is a space |
        | event_type=%20onboarded            | a space before the event type      |

      Examples: percent signs that encode nothing
        | query           | flaw                              |
        | limit=%zz       | a percent sign before no digits   |
        | limit=1&color=% | a percent sign in what is unknown |
        | %zz=1           | a percent sign in a name          |

      Examples: parameters given twice, of which the last counts
        | query             | flaw                      |
        | limit=1&limit=ten | a last limit that is none |

    @export-query-is-readable @permits @full
    Scenario Outline: The query string <query> is read
      When I send "GET" to "/partner-liquidity-providers/{provider}/rollout/export?<query>"
      Then the answer is 200
      And "/export/query/limit" is <limit>

      Examples: encoded, with what is unknown, and twice
        | query                                        | limit |
        | %6cimit=1                                    | 1     |
        | limit=1&LIMIT=ten                            | 1     |
        | limit=2&limit=1                              | 1     |
        | limit=ten&limit=1                            | 1     |
        | limit=1&from_iso=2031-03-01T09:00:00%2B00:00 | 1     |

      Examples: an empty value counts as absent
        | query                                                      | limit |
        | limit=                                                     | 50    |
        | limit=1&retention_days=&from_iso=&to_iso=&event_type=      | 1     |
        | limit=1&cursor_after=&attestation_after=&checkpoint_after= | 1     |

    # ---- export-window-is-half-open -----------------------------------------------------------------------------

    @export-window-is-half-open @needs:key-set
    Scenario: An empty range gives an empty page, hashed and signed like any other
      When I export its audit with:
        | query from_iso | 2031-03-01T10:00:00Z |
        | query to_iso   | 2031-03-01T09:00:00Z |
      Then the answer is 200
      And the fields are:
        | /export/entries                  | []     |
        | /export/total_filtered           | 0      |
        | /export/next_cursor              | absent |
        | /export/attestation/next_cursor  | null   |
        | /export/checkpoint/next_cursor   | null   |
        | /export/checkpoint/entries_count | 0      |
      And the page's proof holds

    # ---- export-orders-entries ----------------------------------------------------------------------------------

    @export-orders-entries @needs:key-set
    Scenario Outline: Entries of one instant are ordered by their arrival, with a limit of <limit>
      Given I have upserted its status with:
        | /status/operator_note | "first"                    |
        | /recorded_at          | "2031-03-01T13:00:00.009Z" |
      And I have upserted its status with:
        | /status/operator_note | "second"                   |
        | /recorded_at          | "2031-03-01T13:00:00.009Z" |
      And I have upserted its status with:
        | /status/operator_note | "third"                    |
        | /recorded_at          | "2031-03-01T13:00:00.008Z" |
      And I have upserted its status with:
        | /status/operator_note | "fourth"                   |
        | /recorded_at          | "2031-03-01T13:00:00.009Z" |
      When I walk the export with:
        | query from_iso | 2031-03-01T13:00:00Z |
        | query limit    | <limit>              |
      Then the walk's "/details/operator_note" are ["third", "first", "second", "fourth"]
      And the walk's proof holds

      Examples:
        | limit |
        | 50    |
        | 1     |

    @export-orders-entries
    Scenario: Entries of one instant are ordered by their arrival, and an earlier one comes before them
      Given I have upserted its status with:
        | /status/operator_note | "first"                    |
        | /recorded_at          | "2031-03-01T13:00:00.009Z" |
      And I have upserted its status with:
        | /status/operator_note | "second"                   |
        | /recorded_at          | "2031-03-01T13:00:00.009Z" |
      And I have upserted its status with:
        | /status/operator_note | "third"                    |
        | /recorded_at          | "2031-03-01T13:00:00.008Z" |
      When I walk the export with:
        | query from_iso | 2031-03-01T13:00:00Z |
      Then the walk's "/details/operator_note" are ["third", "first", "second"]

    @export-orders-entries @needs:key-set @full
    Scenario Outline: Entries of one time are ordered by their arrival, with a limit of <limit>
      Given I have upserted its status with:
        | /status/operator_note | "first"                    |
        | /recorded_at          | "2031-03-01T13:00:00.009Z" |
      And I have upserted its status with:
        | /status/operator_note | "second"                        |
        | /recorded_at          | "2031-03-01T15:00:00.009+02:00" |
      And I have upserted its status with:
        | /status/operator_note | "third"                    |
        | /recorded_at          | "2031-03-01T13:00:00.008Z" |
      And I have upserted its status with:
        | /status/operator_note | "fourth"                   |
        | /recorded_at          | "2031-03-01T13:00:00.009Z" |
      When I walk the export with:
        | query from_iso | 2031-03-01T13:00:00Z |
        | query limit    | <limit>              |
      Then the walk's "/details/operator_note" are ["third", "first", "second", "fourth"]
      And the walk verifies

      Examples:
        | limit |
        | 50    |
        | 1     |

    @export-orders-entries @full
    Scenario: What lies past the millisecond is cut and orders nothing
      Given I have upserted its status with:
        | /status/operator_note | "first"                       |
        | /recorded_at          | "2031-03-01T13:00:00.000999Z" |
      And I have upserted its status with:
        | /status/operator_note | "second"                      |
        | /recorded_at          | "2031-03-01T13:00:00.000001Z" |
      When I walk the export with:
        | query from_iso | 2031-03-01T13:00:00Z |
      Then the walk's "/details/operator_note" are ["first", "second"]
      And the walk's "/recorded_at" are ["2031-03-01T13:00:00.000Z", "2031-03-01T13:00:00.000Z"]

    # ---- export-limits-pages ------------------------------------------------------------------------------------

    @export-limits-pages @needs:key-set
    Scenario: A trail without any entry is one empty page
      When I walk the export with:
        | query to_iso | 2031-03-01T09:00:00Z |
        | query limit  | 1                    |
      Then the walk has 1 pages
      And the walk has 0 entries
      And the walk's proof holds

    @export-limits-pages @needs:key-set @full
    Scenario: Of 201 entries a page has 50 by default, 200 at the most, and a limit of 201 goes on where 200 ended
      Given I have upserted its status 200 times
      When I export its audit
      Then the answer is 200
      And "/export/entries" has 50 items
      And "/export/next_cursor" matches "^2031-03-01T10:00:48\.000Z\|plpaudit_[0-9]{6,}$"
      When I export its audit with:
        | query limit | 201 |
      Then "/export/entries" has 200 items
      And "/export/next_cursor" matches "^2031-03-01T10:03:18\.000Z\|plpaudit_[0-9]{6,}$"
      And I remember "/export/export_hash" as "hash"
      When I export its audit with:
        | query limit | 200 |
      Then "/export/entries" has 200 items
      And the fields are:
        | /export/total_filtered | 201      |
        | /export/query/limit    | 200      |
        | /export/export_hash    | "{hash}" |
      When I ask for the next page with:
        | query limit | 201 |
      Then the answer is 200
      And "/export/entries" has 1 item
      And the fields are:
        | /export/entries/0/recorded_at | "2031-03-01T10:03:19.000Z" |
        | /export/total_filtered        | 1                          |
        | /export/next_cursor           | absent                     |
      And the page verifies

    @export-limits-pages @full
    Scenario: 50 entries are one page by default
      Given I have upserted its status 49 times
      When I export its audit
      Then the answer is 200
      And "/export/entries" has 50 items
      And the fields are:
        | /export/total_filtered | 50     |
        | /export/next_cursor    | absent |

    # ---- export-fills-defaults ----------------------------------------------------------------------------------

    @export-fills-defaults
    Scenario: An export without a query names the defaults, and no other filter
      When I export its audit
      Then the answer is 200
      And "/provider_id" is "{provider}"
      And "/export/query" is {"limit": 50, "retention_days": 180}

    @export-fills-defaults
    Scenario: Every filter that was given is named as it is in force
      When I export its audit with:
        | query from_iso       | 2031-03-01T11:00:00.0009+02:00 |
        | query to_iso         | 2031-03-01t13:00:00z           |
        | query event_type     | status_upserted                |
        | query limit          | 000201                         |
        | query retention_days | 4000                           |
        | query color          | blue                           |
      Then the answer is 200
      And "/export/query" is {"from_iso": "2031-03-01T09:00:00.000Z", "to_iso": "2031-03-01T13:00:00.000Z", "event_type": "status_upserted", "limit": 200, "retention_days": 3650}

    @export-fills-defaults @needs:short-retention-default
    Scenario: The default retention is the server's
      When I export its audit
      Then "/export/query" is {"limit": 50, "retention_days": 30}

    @export-fills-defaults @needs:test-clock
    Scenario Outline: exported_at is <which>, and no clock is named among the filters
      When I export its audit with:
        | header X-Now-Iso      | <header> |
        | query now_iso         | <now>    |
        | query exported_at_iso | <at>     |
      Then the answer is 200
      And the fields are:
        | /export/exported_at | <exported>                           |
        | /export/query       | {"limit": 50, "retention_days": 180} |

      Examples:
        | which                   | header               | now                       | at                             | exported                   |
        | now by the header       | 2031-03-01T13:00:00Z | absent                    | absent                         | "2031-03-01T13:00:00.000Z" |
        | now by the query        | 2031-03-01T13:00:00Z | 2031-03-01T16:00:00+02:00 | absent                         | "2031-03-01T14:00:00.000Z" |
        | its own when it has one | 2031-03-01T13:00:00Z | 2031-03-01T14:00:00Z      | 2031-03-01T20:30:00.5679+05:30 | "2031-03-01T15:00:00.567Z" |

    # ---- export-hashes-the-page ---------------------------------------------------------------------------------

    @export-hashes-the-page @needs:fresh-state @full
    Scenario: An empty page, with the hashes that another tool computed
      When I export its audit with:
        | query event_type | rollout_upserted     |
        | query to_iso     | 2031-03-01T12:00:00Z |
      Then the answer is 200
      And the fields are:
        | /export/entries                    | []                                                                 |
        | /export/export_hash                | "939d4e82d547c0df316abb297b1bd2762d1189d5922ff975f67a64871c705e98" |
        | /export/attestation/chain_hash     | "1c767e716d67636b3d9c62aceb2b7bcadfb985e1a9e9f219a0c3a20c995135f8" |
        | /export/checkpoint/checkpoint_hash | "ac36498629a517674581d46c347c1ecca7598a7546df1192f63cf70ff05ca1b3" |

    @export-hashes-the-page
    Scenario Outline: The hash covers the query, so another <filter> that leaves the same entries gives another hash
      Given I have exported its audit
      And I remember "/export/export_hash" as "hash"
      When I export its audit with:
        | query <filter> | <value> |
      Then "/export/total_filtered" is 1
      And "/export/export_hash" is not "{hash}"

      Examples:
        | filter   | value                |
        | limit    | 51                   |
        | from_iso | 2031-03-01T09:00:00Z |
        | to_iso   | 2031-03-01T13:00:00Z |

      @full
      Examples: one that has a default
        | filter         | value |
        | retention_days | 181   |

    @export-hashes-the-page @needs:test-clock
    Scenario: The hash covers no clock, so the same page later has the same hash
      Given I have exported its audit with:
        | query exported_at_iso | 2031-03-01T13:00:00Z |
      And I remember "/export/export_hash" as "hash"
      And I remember "/export/checkpoint/checkpoint_hash" as "checkpoint"
      And I remember "/export/signature/sig" as "signature"
      When I export its audit with:
        | query exported_at_iso | 2031-03-01T14:00:00Z |
      Then the fields are:
        | /export/export_hash                | "{hash}"       |
        | /export/checkpoint/checkpoint_hash | "{checkpoint}" |
      And "/export/signature/sig" is not "{signature}"

    # ---- export-is-signed ---------------------------------------------------------------------------------------

    @export-is-signed @needs:key-set
    Scenario: A page is signed with an Ed25519 key of the published set
      When I export its audit
      Then the answer is 200
      And the fields are:
        | /export/signature/alg | "ed25519" |
      And "/export/signature/key_id" is present
      And "/export/signature/sig" matches "^[A-Za-z0-9+/]{86}==$"
      And the page's proof holds

    # ---- writes-are-audited -------------------------------------------------------------------------------------

    @writes-are-audited
    Scenario: An entry names its provider and its actor
      When I export its audit with:
        | query event_type | onboarded |
      Then the fields are:
        | /export/entries/0/provider_id          | "{provider}"     |
        | /export/entries/0/event_type           | "onboarded"      |
        | /export/entries/0/actor/type           | "partner"        |
        | /export/entries/0/actor/id             | "{me}"           |
        | /export/entries/0/reason_codes         | []               |
        | /export/entries/0/details/segment_tier | "S1"             |
        | /export/entries/0/details/status       | "pending_review" |
      And "/export/entries/0/recorded_at" is the time "2031-03-01T09:00:00.000Z"

    @writes-are-audited @full
    Scenario: An entry names its provider and its actor, and has nothing beyond the seven members
      When I export its audit with:
        | query event_type | onboarded |
      Then I remember "/export/entries/0/audit_id" as "id"
      And "/export/entries/0/audit_id" matches "^plpaudit_[0-9]{6,}$"
      And "/export/entries/0" is {"audit_id": "{id}", "provider_id": "{provider}", "event_type": "onboarded", "recorded_at": "2031-03-01T09:00:00.000Z", "actor": {"type": "partner", "id": "{me}"}, "reason_codes": [], "details": {"segment_tier": "S1", "status": "pending_review"}}

    @writes-are-audited
    Scenario: An onboarding is audited with the tier and the status it had
      Given I have onboarded a provider with:
        | /provider/segment_tier | "S3"         |
        | /provider/status       | "restricted" |
      And I have upserted its status with:
        | /status/status | "active" |
      When I export its audit with:
        | query event_type | onboarded |
      Then the fields are:
        | /export/entries/0/details/segment_tier | "S3"         |
        | /export/entries/0/details/status       | "restricted" |

    @writes-are-audited
    Scenario: A write that is answered with a deny leaves its entry, and so does a paused rollout with a block
      Given I have evaluated its eligibility with:
        | /eligibility/trust_safety_baseline_passed | false                  |
        | /recorded_at                              | "2031-03-01T13:00:00Z" |
      And I have upserted its rollout with:
        | /rollout/rollout_status         | "paused"               |
        | /rollout/effective_segment_tier | "S0"                   |
        | /recorded_at                    | "2031-03-01T14:00:00Z" |
      When I walk the export with:
        | query from_iso | 2031-03-01T13:00:00Z |
      Then the walk's "/event_type" are ["eligibility_evaluated", "rollout_upserted"]
      And the walk's "/reason_codes" are [["partner_liquidity_provider_eligibility_failed"], ["partner_liquidity_provider_rollout_blocked"]]

    @writes-are-audited
    Scenario: A write that is sent again leaves no second entry
      Given I have upserted its status with:
        | /recorded_at | "2031-03-01T13:00:00Z" |
      And I repeat the call
      When I walk the export with:
        | query from_iso | 2031-03-01T13:00:00Z |
      Then the walk has 1 entries

    @writes-are-audited @full
    Scenario: A replay leaves no second entry
      Given I have upserted its status with:
        | /recorded_at | "2031-03-01T13:00:00Z" |
      And I repeat the call
      And the header "Idempotent-Replayed" is "true"
      When I walk the export with:
        | query from_iso | 2031-03-01T13:00:00Z |
      Then the walk has 1 entries

    @writes-are-audited
    Scenario: Reading leaves no entry
      Given I get the provider
      And I have exported its audit
      And I walk the export
      And the walk has 1 entry
      When I export its audit
      Then "/export/total_filtered" is 1

  Rule:
    A trail of two entries: a page of one has a page after it.

    Background:
      Given I have onboarded a provider with:
        | /recorded_at | "2031-03-01T09:00:00Z" |
      And I have upserted its status with:
        | /recorded_at | "2031-03-01T10:00:00Z" |

    # ---- export-continuation-is-complete ------------------------------------------------------------------------

    @export-continuation-is-complete
    Scenario Outline: A next page with cursor <cursor>, attestation <attestation>, checkpoint <checkpoint>
      Given I have exported its audit with:
        | query limit | 1 |
      And I remember "/export/next_cursor" as "cursor"
      And I remember "/export/attestation/chain_hash" as "attestation"
      And I remember "/export/checkpoint/checkpoint_hash" as "checkpoint"
      When I export its audit with:
        | query limit             | 1             |
        | query cursor_after      | <cursor>      |
        | query attestation_after | <attestation> |
        | query checkpoint_after  | <checkpoint>  |
      Then the answer is <answer>

      @refuses
      Examples: one of the three
        | cursor   | attestation   | checkpoint   | answer                                                              |
        | {cursor} | absent        | absent       | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | absent   | {attestation} | absent       | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | absent   | absent        | {checkpoint} | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |

      @refuses
      Examples: two of the three
        | cursor   | attestation   | checkpoint   | answer                                                              |
        | absent   | {attestation} | {checkpoint} | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | {cursor} | absent        | {checkpoint} | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | {cursor} | {attestation} | absent       | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |

      @permits
      Examples: all three, or none
        | cursor   | attestation   | checkpoint   | answer |
        | {cursor} | {attestation} | {checkpoint} | 200    |
        | absent   | absent        | absent       | 200    |

    @export-continuation-is-complete @refuses @full
    Scenario Outline: An empty <name> is an absent one
      Given I have exported its audit with:
        | query limit | 1 |
      When I ask for the next page with:
        | query <name> |  |
      Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid

      Examples:
        | name         |
        | cursor_after |

    # ---- export-checkpoint-is-known -----------------------------------------------------------------------------

    @export-checkpoint-is-known
    Scenario Outline: A next page after a checkpoint that is <what>
      Given I have exported its audit with:
        | query limit | 1 |
      And I remember "/export/attestation/chain_hash" as "attestation"
      And I remember "/export/checkpoint/checkpoint_hash" as "checkpoint"
      When I ask for the next page with:
        | query checkpoint_after | <checkpoint> |
      Then the answer is <answer>

      @refuses
      Examples:
        | what              | checkpoint                                                       | answer                                                              |
        | nobody's          | 0000000000000000000000000000000000000000000000000000000000000000 | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | an attestation    | {attestation}                                                    | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | longer by a digit | {checkpoint}0                                                    | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |

      @permits
      Examples:
        | what       | checkpoint   | answer |
        | handed out | {checkpoint} | 200    |

    # ---- export-checkpoint-is-own -------------------------------------------------------------------------------

    @export-checkpoint-is-own
    Scenario Outline: A page of one provider is continued for <whom>
      Given I remember "/provider_id" as "first"
      And I have onboarded a provider with:
        | /recorded_at | "2031-03-01T09:00:00Z" |
      And I remember "/provider/provider_id" as "second"
      And I have exported its audit with:
        | path provider_id | {first} |
        | query limit      | 1       |
      When I ask for the next page with:
        | path provider_id | <asked> |
      Then the answer is <answer>

      @refuses
      Examples:
        | whom                             | asked    | answer                                                              |
        | another provider of that partner | {second} | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |

      @permits
      Examples:
        | whom               | asked   | answer |
        | that same provider | {first} | 200    |

    # ---- export-checkpoint-is-fresh -----------------------------------------------------------------------------

    @export-checkpoint-is-fresh @needs:test-clock
    Scenario Outline: A checkpoint lives for the retention days it was issued with: <days>, continued at <later>
      Given I have exported its audit with:
        | query limit          | 1                    |
        | query retention_days | <days>               |
        | query now_iso        | 2031-02-28T09:00:00Z |
      When I ask for the next page with:
        | query now_iso | <later> |
      Then the answer is <answer>

      @permits
      Examples: at the instant
        | days   | later                    | answer |
        | 1      | 2031-03-01T09:00:00.000Z | 200    |
        | 180    | 2031-08-27T09:00:00.000Z | 200    |
        | absent | 2031-08-27T09:00:00.000Z | 200    |

      @refuses
      Examples: one millisecond later
        | days   | later                    | answer                                                              |
        | 1      | 2031-03-01T09:00:00.001Z | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | absent | 2031-08-27T09:00:00.001Z | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |

    @export-checkpoint-is-fresh @needs:short-checkpoint-retention @needs:test-clock
    Scenario Outline: With a checkpoint retention of one day a checkpoint lives for a day, continued at <later>
      Given I have exported its audit with:
        | query limit          | 1                    |
        | query retention_days | 3650                 |
        | query now_iso        | 2031-03-01T13:00:00Z |
      When I ask for the next page with:
        | query now_iso | <later> |
      Then the answer is <answer>

      @permits
      Examples: at the instant
        | later                    | answer |
        | 2031-03-02T13:00:00.000Z | 200    |

      @refuses
      Examples: one millisecond later
        | later                    | answer                                                              |
        | 2031-03-02T13:00:00.001Z | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |

    @export-checkpoint-is-fresh @needs:test-clock
    Scenario Outline: Its age counts from exported_at, not from the now of its page, continued at <later>
      Given I have exported its audit with:
        | query limit           | 1                    |
        | query retention_days  | 1                    |
        | query now_iso         | 2031-03-01T08:00:00Z |
        | query exported_at_iso | 2031-02-28T09:00:00Z |
      When I ask for the next page with:
        | query now_iso         | <later>              |
        | query exported_at_iso | 2031-02-28T09:00:00Z |
      Then the answer is <answer>

      @permits
      Examples: at the instant
        | later                    | answer |
        | 2031-03-01T09:00:00.000Z | 200    |

      @refuses
      Examples: one millisecond later, whatever exported_at the next page shall have
        | later                    | answer                                                              |
        | 2031-03-01T09:00:00.001Z | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |

    @export-checkpoint-is-fresh @permits @needs:test-clock
    Scenario: A request that comes too late does not expire it for one that comes in time
      Given I have exported its audit with:
        | query limit          | 1                    |
        | query retention_days | 1                    |
        | query now_iso        | 2031-02-28T09:00:00Z |
      And I ask for the next page with:
        | query now_iso | 2041-02-28T09:00:00Z |
      And the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
      When I ask for the next page with:
        | query now_iso | 2031-03-01T09:00:00Z |
      Then the answer is 200
      And "/export/entries/0/event_type" is "status_upserted"

    @export-checkpoint-is-fresh @needs:test-clock
    Scenario Outline: Handing out an equal checkpoint renews it, continued at <later>
      Given I have exported its audit with:
        | query limit          | 1                    |
        | query retention_days | 1                    |
        | query now_iso        | 2031-02-28T06:00:00Z |
      And I remember "/export/checkpoint/checkpoint_hash" as "checkpoint"
      And I have exported its audit with:
        | query limit          | 1                    |
        | query retention_days | 1                    |
        | query now_iso        | 2031-02-28T09:00:00Z |
      And "/export/checkpoint/checkpoint_hash" is "{checkpoint}"
      When I ask for the next page with:
        | query now_iso | <later> |
      Then the answer is <answer>

      @permits
      Examples: after its first day, and at the last instant of its second
        | later                    | answer |
        | 2031-03-01T06:00:00.001Z | 200    |
        | 2031-03-01T09:00:00.000Z | 200    |

      @refuses
      Examples: one millisecond later
        | later                    | answer                                                              |
        | 2031-03-01T09:00:00.001Z | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |

    # ---- export-page-follows-its-checkpoint ---------------------------------------------------------------------

    @export-page-follows-its-checkpoint @refuses
    Scenario Outline: A next page is refused with a <name> that is <what>
      Given I have exported its audit with:
        | query limit | 1 |
      And I remember "/export/entries/0/audit_id" as "entry"
      And I remember "/export/export_hash" as "page"
      When I ask for the next page with:
        | query <name> | <value> |
      Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid

      Examples:
        | name              | what                 | value                             |
        | cursor_after      | no cursor            | second                            |
        | cursor_after      | of no entry          | 2031-03-01T09:00:00.001Z\|{entry} |
        | attestation_after | the hash of the page | {page}                            |

      @full
      Examples: a time in another form
        | name         | what                   | value                         |
        | cursor_after | spelled without millis | 2031-03-01T09:00:00Z\|{entry} |

    @export-page-follows-its-checkpoint @refuses
    Scenario: Nothing follows the last page, not even with a cursor made up from its last entry
      Given I have exported its audit
      And the fields are:
        | /export/total_filtered         | 2      |
        | /export/next_cursor            | absent |
        | /export/checkpoint/next_cursor | null   |
      And I remember "/export/entries/1/recorded_at" as "time"
      And I remember "/export/entries/1/audit_id" as "last"
      And I remember "/export/attestation/chain_hash" as "attestation"
      And I remember "/export/checkpoint/checkpoint_hash" as "checkpoint"
      When I export its audit with:
        | query cursor_after      | {time}\|{last} |
        | query attestation_after | {attestation}  |
        | query checkpoint_after  | {checkpoint}   |
      Then the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid

    # ---- export-filters-stay ------------------------------------------------------------------------------------

    @export-filters-stay
    Scenario Outline: A next page with <parameter> <value>, after one of every filter
      Given I have upserted its status with:
        | /recorded_at | "2031-03-01T10:30:00Z" |
      And I have exported its audit with:
        | query limit          | 1                    |
        | query retention_days | 3650                 |
        | query from_iso       | 2031-03-01T10:00:00Z |
        | query to_iso         | 2031-03-01T13:00:00Z |
        | query event_type     | status_upserted      |
      When I ask for the next page with:
        | query <parameter> | <value> |
      Then the answer is <answer>

      @refuses
      Examples: another value
        | parameter      | value                    | answer                                                              |
        | limit          | 2                        | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | retention_days | 3649                     | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | from_iso       | 2031-03-01T09:59:59.999Z | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | to_iso         | 2031-03-01T13:00:00.001Z | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | event_type     | onboarded                | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |

      @refuses
      Examples: no value
        | parameter      | value  | answer                                                              |
        | limit          | absent | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | retention_days | absent | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | from_iso       | absent | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | to_iso         | absent | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | event_type     | absent | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |

      @permits @full
      Examples: the same value, spelled otherwise
        | parameter      | value                     | answer |
        | limit          | 0001                      | 200    |
        | retention_days | 3651                      | 200    |
        | from_iso       | 2031-03-01T12:00:00+02:00 | 200    |
        | to_iso         | 2031-03-01T00:30:00-12:30 | 200    |

      @permits
      Examples: the same value
        | parameter      | value                | answer |
        | limit          | 1                    | 200    |
        | retention_days | 3650                 | 200    |
        | from_iso       | 2031-03-01T10:00:00Z | 200    |
        | to_iso         | 2031-03-01T13:00:00Z | 200    |
        | event_type     | status_upserted      | 200    |

    @export-filters-stay
    Scenario Outline: A next page with <parameter> <value>, after one without any filter
      Given I have exported its audit with:
        | query limit | 1 |
      When I ask for the next page with:
        | query <parameter> | <value> |
      Then the answer is <answer>

      @refuses
      Examples: a filter more
        | parameter      | value                | answer                                                              |
        | retention_days | 181                  | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | from_iso       | 2031-03-01T09:00:00Z | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | to_iso         | 2041-03-01T09:00:00Z | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | event_type     | status_upserted      | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |

      @permits @full
      Examples: the default itself, or nothing
        | parameter      | value | answer |
        | retention_days | 180   | 200    |
        | from_iso       |       | 200    |

    @export-filters-stay @permits @full
    Scenario: A default that was given may be left out of the next page
      Given I have exported its audit with:
        | query limit          | 1   |
        | query retention_days | 180 |
      When I ask for the next page with:
        | query retention_days | absent |
      Then the answer is 200

    @export-filters-stay @permits @needs:test-clock @needs:key-set
    Scenario: The clocks are no filters
      Given I have exported its audit with:
        | query limit           | 1                    |
        | query now_iso         | 2031-03-01T13:00:00Z |
        | query exported_at_iso | 2031-03-01T13:00:00Z |
      When I ask for the next page with:
        | query now_iso         | 2031-03-01T14:00:00Z |
        | query exported_at_iso | 2031-03-01T15:00:00Z |
      Then the answer is 200
      And "/export/exported_at" is the time "2031-03-01T15:00:00.000Z"
      And the page's proof holds

    # ---- export-cursor-still-stands -----------------------------------------------------------------------------

    @export-cursor-still-stands @needs:test-clock
    Scenario Outline: A next page at <later>, when the entry of its cursor is 30 days old or older
      Given I have exported its audit with:
        | query limit          | 1                    |
        | query retention_days | 30                   |
        | query now_iso        | 2031-03-20T09:00:00Z |
      And "/export/entries/0/recorded_at" is the time "2031-03-01T09:00:00.000Z"
      When I ask for the next page with:
        | query now_iso | <later> |
      Then the answer is <answer>
      And "<pointer>" is "<value>"

      @permits
      Examples: exactly at the cut-off it still stands
        | later                    | answer | pointer                      | value           |
        | 2031-03-31T09:00:00.000Z | 200    | /export/entries/0/event_type | status_upserted |

      @refuses
      Examples: one millisecond later it is gone, although the checkpoint lives on
        | later                    | answer                                                              | pointer     | value                |
        | 2031-03-31T09:00:00.001Z | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid | /error/code | CONSTRAINT_VIOLATION |

    # ---- export-retention-cuts ----------------------------------------------------------------------------------

    @export-retention-cuts @needs:short-retention-default @needs:test-clock
    Scenario: A request may reach back further than the default retention
      When I export its audit with:
        | query retention_days | 180                      |
        | query now_iso        | 2031-03-31T10:00:00.001Z |
      Then the fields are:
        | /export/total_filtered | 2 |

    @export-retention-cuts @needs:test-clock
    Scenario: A window does not bring back what retention has cut
      When I export its audit with:
        | query from_iso       | 2031-03-01T09:00:00Z     |
        | query retention_days | 1                        |
        | query now_iso        | 2031-03-02T09:00:00.001Z |
      Then the fields are:
        | /export/total_filtered       | 1                 |
        | /export/entries/0/event_type | "status_upserted" |

    # ---- export-filters-events ----------------------------------------------------------------------------------

    @export-filters-events
    Scenario: An event type and a window filter together
      Given I have upserted its status with:
        | /recorded_at | "2031-03-01T13:00:00Z" |
      When I walk the export with:
        | query event_type | status_upserted          |
        | query from_iso   | 2031-03-01T10:00:00.001Z |
      Then the walk's "/recorded_at" are the times ["2031-03-01T13:00:00.000Z"]

    # ---- export-orders-entries ----------------------------------------------------------------------------------

    @export-orders-entries @needs:key-set
    Scenario Outline: Entries are ordered by their time, with a limit of <limit>
      Given I have upserted its status with:
        | /recorded_at | "2031-03-01T09:30:00Z" |
      And I have upserted its status with:
        | /recorded_at | "2031-03-01T08:00:00Z" |
      When I walk the export with:
        | query limit | <limit> |
      Then the walk's "/recorded_at" are the times ["2031-03-01T08:00:00.000Z", "2031-03-01T09:00:00.000Z", "2031-03-01T09:30:00.000Z", "2031-03-01T10:00:00.000Z"]
      And the walk's proof holds

      Examples:
        | limit |
        | 50    |
        | 1     |

    @export-orders-entries
    Scenario: Entries are ordered by their time, whatever the order of their arrival
      Given I have upserted its status with:
        | /recorded_at | "2031-03-01T09:30:00Z" |
      And I have upserted its status with:
        | /recorded_at | "2031-03-01T08:00:00Z" |
      When I walk the export
      Then the walk's "/recorded_at" are the times ["2031-03-01T08:00:00.000Z", "2031-03-01T09:00:00.000Z", "2031-03-01T09:30:00.000Z", "2031-03-01T10:00:00.000Z"]

    # ---- export-fills-defaults ----------------------------------------------------------------------------------

    @export-fills-defaults
    Scenario: A next page names what it continues
      Given I have exported its audit with:
        | query limit | 1 |
      And I remember "/export/next_cursor" as "cursor"
      And I remember "/export/attestation/chain_hash" as "attestation"
      And I remember "/export/checkpoint/checkpoint_hash" as "checkpoint"
      When I ask for the next page
      Then "/export/query" is {"limit": 1, "retention_days": 180, "cursor_after": "{cursor}", "attestation_after": "{attestation}", "checkpoint_after": "{checkpoint}"}

    # ---- export-chains-pages ------------------------------------------------------------------------------------

    @export-chains-pages
    Scenario: The first page follows nothing
      When I export its audit with:
        | query limit | 1 |
      Then the fields are:
        | /export/attestation/cursor_after      | null |
        | /export/attestation/attestation_after | null |
        | /export/checkpoint/checkpoint_after   | null |
      And "/export/attestation/chain_hash" matches "^[0-9a-f]{64}$"

    @export-chains-pages @needs:key-set
    Scenario: Each next page commits to the page before it
      Given I have exported its audit with:
        | query limit | 1 |
      And I remember "/export/next_cursor" as "cursor"
      And I remember "/export/attestation/chain_hash" as "attestation"
      And I remember "/export/checkpoint/checkpoint_hash" as "checkpoint"
      When I ask for the next page
      Then the fields are:
        | /export/attestation/cursor_after      | "{cursor}"      |
        | /export/attestation/attestation_after | "{attestation}" |
        | /export/checkpoint/checkpoint_after   | "{checkpoint}"  |
        | /export/attestation/next_cursor       | null            |
      And "/export/attestation/chain_hash" is not "{attestation}"
      And the page's proof holds

    # ---- export-issues-checkpoints ------------------------------------------------------------------------------

    @export-issues-checkpoints @needs:key-set
    Scenario: A checkpoint may be used again, and gives the same page again
      Given I have exported its audit with:
        | query limit | 1 |
      And I remember "/export/next_cursor" as "cursor"
      And I remember "/export/attestation/chain_hash" as "attestation"
      And I remember "/export/checkpoint/checkpoint_hash" as "checkpoint"
      And I ask for the next page
      And the answer is 200
      And I remember "/export/export_hash" as "page"
      And I remember "/export/attestation/chain_hash" as "chain"
      And I remember "/export/checkpoint/checkpoint_hash" as "next"
      When I export its audit with:
        | query limit             | 1             |
        | query cursor_after      | {cursor}      |
        | query attestation_after | {attestation} |
        | query checkpoint_after  | {checkpoint}  |
      Then the answer is 200
      And the fields are:
        | /export/export_hash                | "{page}"  |
        | /export/attestation/chain_hash     | "{chain}" |
        | /export/checkpoint/checkpoint_hash | "{next}"  |
      And the page's proof holds

    @export-issues-checkpoints
    Scenario: A refused continuation uses no checkpoint up
      Given I have exported its audit with:
        | query limit | 1 |
      And I ask for the next page with:
        | query limit | 2 |
      And the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
      When I ask for the next page
      Then the answer is 200
      And "/export/entries/0/event_type" is "status_upserted"

    @export-issues-checkpoints
    Scenario: A last page has a checkpoint too
      When I export its audit
      Then the fields are:
        | /export/checkpoint/next_cursor    | null |
        | /export/checkpoint/entries_count  | 2    |
        | /export/checkpoint/total_filtered | 2    |
      And "/export/checkpoint/checkpoint_hash" is present

    # ---- writes-are-audited -------------------------------------------------------------------------------------

    @writes-are-audited
    Scenario: An export has the entries of its provider alone
      Given I remember "/provider_id" as "first"
      And I have onboarded a provider with:
        | /provider/provider_id | "lp-{unique}"          |
        | /recorded_at          | "2031-03-01T09:00:00Z" |
      When I walk the export
      Then the walk's "/event_type" are ["onboarded"]
      And the walk's "/provider_id" are ["lp-{unique}"]
      When I export its audit
      Then "/provider_id" is "lp-{unique}"
      When I export its audit with:
        | path provider_id | {first} |
      Then the fields are:
        | /provider_id           | "{first}" |
        | /export/total_filtered | 2         |

    @writes-are-audited @needs:fresh-state @full
    Scenario: Audit ids count over all providers, in the order of arrival
      Given I have onboarded a provider with:
        | /recorded_at | "2031-03-01T08:00:00Z" |
      And I have upserted its status with:
        | /status/audit_conformance_passed | false                  |
        | /status/status                   | "pending_review"       |
        | /recorded_at                     | "2031-03-01T07:00:00Z" |
      And I upsert its status with:
        | /status/audit_conformance_passed | false |
      And the answer is 409 CONFLICT because partner_liquidity_provider_downgrade_required
      And I have evaluated its eligibility with:
        | /recorded_at | "2031-03-01T09:00:00Z" |
      When I walk the export
      Then the walk's "/audit_id" are ["plpaudit_000004", "plpaudit_000003", "plpaudit_000005"]
      When I walk the export with:
        | path provider_id | plp_000001 |
      Then the walk's "/audit_id" are ["plpaudit_000001", "plpaudit_000002"]

  Rule:
    A trail of three entries: two pages of one each have a page after them.

    Background:
      Given I have onboarded a provider with:
        | /recorded_at | "2031-03-01T09:00:00Z" |
      And I have upserted its status with:
        | /recorded_at | "2031-03-01T10:00:00Z" |
      And I have evaluated its eligibility with:
        | /recorded_at | "2031-03-01T11:00:00Z" |

    # ---- export-page-follows-its-checkpoint ---------------------------------------------------------------------

    @export-page-follows-its-checkpoint
    Scenario Outline: Cursor <cursor>, attestation <attestation> and checkpoint <checkpoint> of two pages
      Given I have exported its audit with:
        | query limit | 1 |
      And I remember "/export/next_cursor" as "cursor_one"
      And I remember "/export/attestation/chain_hash" as "attestation_one"
      And I remember "/export/checkpoint/checkpoint_hash" as "checkpoint_one"
      And I ask for the next page
      And the answer is 200
      And I remember "/export/next_cursor" as "cursor_two"
      And I remember "/export/attestation/chain_hash" as "attestation_two"
      And I remember "/export/checkpoint/checkpoint_hash" as "checkpoint_two"
      When I export its audit with:
        | query limit             | 1                           |
        | query cursor_after      | {cursor_<cursor>}           |
        | query attestation_after | {attestation_<attestation>} |
        | query checkpoint_after  | {checkpoint_<checkpoint>}   |
      Then the answer is <answer>

      @refuses
      Examples: one of the three is of the other page
        | cursor | attestation | checkpoint | answer                                                              |
        | two    | one         | one        | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | one    | two         | one        | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |
        | one    | one         | two        | 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid |

      @permits
      Examples: all three are of one page
        | cursor | attestation | checkpoint | answer |
        | one    | one         | one        | 200    |
        | two    | two         | two        | 200    |

    # ---- export-limits-pages ------------------------------------------------------------------------------------

    @export-limits-pages
    Scenario: The cursor is made of the time and the id of the last entry of the page
      When I export its audit with:
        | query limit | 2 |
      Then the answer is 200
      And I remember "/export/entries/1/recorded_at" as "time"
      And I remember "/export/entries/1/audit_id" as "entry"
      And "/export/next_cursor" is "{time}|{entry}"

    @export-limits-pages @full
    Scenario: The cursor is the time and the id of the last entry of the page
      When I export its audit with:
        | query limit | 2 |
      Then I remember "/export/entries/1/audit_id" as "entry"
      And "/export/next_cursor" is "2031-03-01T10:00:00.000Z|{entry}"

    # ---- export-counts-from-cursor ------------------------------------------------------------------------------

    @export-counts-from-cursor
    Scenario: The total of the last page may be less than the limit
      Given I have exported its audit with:
        | query limit | 2 |
      And "/export/total_filtered" is 3
      When I ask for the next page
      Then "/export/entries" has 1 items
      And the fields are:
        | /export/total_filtered           | 1 |
        | /export/checkpoint/entries_count | 1 |

    @export-counts-from-cursor
    Scenario: The total counts what the filters leave
      When I export its audit with:
        | query limit    | 1                    |
        | query from_iso | 2031-03-01T10:00:00Z |
        | query to_iso   | 2031-03-01T12:00:00Z |
      Then "/export/total_filtered" is 2
      And "/export/entries" has 1 items

    # ---- export-hashes-the-page ---------------------------------------------------------------------------------

    @export-hashes-the-page @needs:key-set
    Scenario: The page verifies, and its hash is the page hash of its attestation
      When I export its audit with:
        | query limit | 2 |
      Then the answer is 200
      And "/export/attestation/page_hash" equals "/export/export_hash"
      And the page's proof holds

    # ---- export-chains-pages ------------------------------------------------------------------------------------

    @export-chains-pages @needs:key-set
    Scenario: The proof of a walk of one entry a page holds from end to end
      When I walk the export with:
        | query limit | 1 |
      Then the walk has 3 pages
      And the walk's proof holds

    @export-chains-pages @needs:key-set @full
    Scenario: A walk of one entry a page verifies from end to end
      When I walk the export with:
        | query limit | 1 |
      Then the walk has 3 pages
      And the walk verifies

    # ---- export-issues-checkpoints ------------------------------------------------------------------------------

    @export-issues-checkpoints
    Scenario: A checkpoint is over the chain and the counts of its page
      When I export its audit with:
        | query limit | 2 |
      Then the fields are:
        | /export/checkpoint/checkpoint_after | null |
        | /export/checkpoint/entries_count    | 2    |
        | /export/checkpoint/total_filtered   | 3    |
      And "/export/checkpoint/attestation_chain_hash" equals "/export/attestation/chain_hash"
      And "/export/checkpoint/next_cursor" equals "/export/next_cursor"
      And "/export/checkpoint/checkpoint_hash" matches "^[0-9a-f]{64}$"

    # ---- export-survives-arrivals -------------------------------------------------------------------------------

    @export-survives-arrivals
    Scenario: An entry that arrives before the cursor moves no total
      Given I have exported its audit with:
        | query limit | 2 |
      And I have upserted its status with:
        | /recorded_at | "2031-03-01T08:00:00Z" |
      When I ask for the next page
      Then the answer is 200
      And the fields are:
        | /export/total_filtered | 1 |
      And "/export/entries/0/recorded_at" is the time "2031-03-01T11:00:00.000Z"

    @export-survives-arrivals
    Scenario: An entry of the cursor's own time that arrives later is on the next page
      Given I have exported its audit with:
        | query limit | 2 |
      And I have upserted its status with:
        | /status/operator_note | "late"                 |
        | /recorded_at          | "2031-03-01T10:00:00Z" |
      When I ask for the next page
      Then the answer is 200
      And the fields are:
        | /export/total_filtered                  | 2      |
        | /export/entries/0/details/operator_note | "late" |
      And the times are:
        | /export/entries/0/recorded_at | 2031-03-01T10:00:00.000Z |
        | /export/entries/1/recorded_at | 2031-03-01T11:00:00.000Z |

    @export-survives-arrivals
    Scenario: An entry that arrives after the last but one page makes the last page fuller
      Given I have exported its audit with:
        | query limit | 2 |
      And I have upserted its status with:
        | /recorded_at | "2031-03-01T13:00:00Z" |
      When I ask for the next page
      Then "/export/entries" has 2 items
      And the fields are:
        | /export/total_filtered | 2      |
        | /export/next_cursor    | absent |

    # ---- writes-are-audited -------------------------------------------------------------------------------------

    @writes-are-audited
    Scenario: A refused write leaves no entry
      Given I upsert its status with:
        | /status/audit_conformance_passed | false |
      And the answer is 409 CONFLICT because partner_liquidity_provider_downgrade_required
      And I upsert its status with:
        | /status/status | "restricted" |
      And the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
      And I evaluate its eligibility with:
        | /eligibility/capability_family | "none" |
      And the answer is 400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid
      And I upsert its rollout with:
        | /rollout/reason_codes | ["partner_liquidity_provider_rollout_blocked"] |
      And the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked
      When I walk the export
      Then the walk has 3 entries

  Rule:
    A trail of four entries: there is one of each kind.

    Background:
      Given I have onboarded a provider with:
        | /recorded_at | "2031-03-01T09:00:00Z" |
      And I have upserted its status with:
        | /recorded_at | "2031-03-01T10:00:00Z" |
      And I have evaluated its eligibility with:
        | /recorded_at | "2031-03-01T11:00:00Z" |
      And I have upserted its rollout with:
        | /recorded_at | "2031-03-01T12:00:00Z" |

    # ---- export-window-is-half-open -----------------------------------------------------------------------------

    @export-window-is-half-open
    Scenario Outline: From <from> to <to> there are <total> entries
      When I walk the export with:
        | query from_iso | <from> |
        | query to_iso   | <to>   |
      Then the walk's "/event_type" are <events>
      And "/export/total_filtered" is <total>
      And "/export/next_cursor" is absent

      Examples: an entry at the first instant is in
        | from                     | to     | total | events                                                           |
        | 2031-03-01T10:00:00.000Z | absent | 3     | ["status_upserted", "eligibility_evaluated", "rollout_upserted"] |
        | 2031-03-01T10:00:00.001Z | absent | 2     | ["eligibility_evaluated", "rollout_upserted"]                    |

      @full
      Examples: what lies past the millisecond is cut
        | from                      | to     | total | events                                                           |
        | 2031-03-01T10:00:00.0009Z | absent | 3     | ["status_upserted", "eligibility_evaluated", "rollout_upserted"] |

      Examples: an entry at the last instant is out
        | from   | to                       | total | events                                                                        |
        | absent | 2031-03-01T12:00:00.000Z | 3     | ["onboarded", "status_upserted", "eligibility_evaluated"]                     |
        | absent | 2031-03-01T12:00:00.001Z | 4     | ["onboarded", "status_upserted", "eligibility_evaluated", "rollout_upserted"] |

      @full
      Examples: what lies past the millisecond is cut
        | from   | to                        | total | events                                                    |
        | absent | 2031-03-01T12:00:00.0009Z | 3     | ["onboarded", "status_upserted", "eligibility_evaluated"] |

      Examples: both ends
        | from                     | to                       | total | events              |
        | 2031-03-01T10:00:00.000Z | 2031-03-01T10:00:00.001Z | 1     | ["status_upserted"] |

      Examples: an empty range, and a reversed one
        | from                     | to                       | total | events |
        | 2031-03-01T10:00:00.000Z | 2031-03-01T10:00:00.000Z | 0     | []     |
        | 2031-03-01T12:00:00.000Z | 2031-03-01T09:00:00.000Z | 0     | []     |

    # ---- export-retention-cuts ----------------------------------------------------------------------------------

    @export-retention-cuts @needs:test-clock
    Scenario Outline: With retention days <days> at <now> the oldest entry is <oldest>
      When I export its audit with:
        | query retention_days | <days> |
        | query now_iso        | <now>  |
      Then the answer is 200
      And the fields are:
        | /export/total_filtered       | <total>    |
        | /export/entries/0/event_type | "<oldest>" |

      Examples: an entry exactly at the cut-off is in, one that is a millisecond older is out
        | days | now                      | total | oldest                |
        | 1    | 2031-03-02T10:00:00.000Z | 3     | status_upserted       |
        | 1    | 2031-03-02T10:00:00.001Z | 2     | eligibility_evaluated |

      @full
      Examples: the default is 180 days
        | days   | now                      | total | oldest                |
        | absent | 2031-08-28T10:00:00.000Z | 3     | status_upserted       |
        | absent | 2031-08-28T10:00:00.001Z | 2     | eligibility_evaluated |

      Examples: 3650 days
        | days | now                      | total | oldest          |
        | 3650 | 2041-02-26T10:00:00.000Z | 3     | status_upserted |

      @full
      Examples: at the end of what can be asked
        | days | now                      | total | oldest                |
        | 3651 | 2041-02-26T10:00:00.001Z | 2     | eligibility_evaluated |

      Examples: entries dated after now are in
        | days | now                  | total | oldest    |
        | 1    | 2031-02-01T00:00:00Z | 4     | onboarded |

      @full
      Examples: at the end of what can be asked
        | days | now                  | total | oldest    |
        | 3650 | 0001-01-01T00:00:00Z | 4     | onboarded |

    @export-retention-cuts @needs:short-retention-default @needs:test-clock
    Scenario Outline: With a default retention of 30 days the oldest entry at <now> is <oldest>
      When I export its audit with:
        | query now_iso | <now> |
      Then the answer is 200
      And the fields are:
        | /export/total_filtered       | <total>    |
        | /export/entries/0/event_type | "<oldest>" |

      Examples:
        | now                      | total | oldest                |
        | 2031-03-31T10:00:00.000Z | 3     | status_upserted       |
        | 2031-03-31T10:00:00.001Z | 2     | eligibility_evaluated |

    @export-retention-cuts @needs:test-clock @full
    Scenario Outline: Now is <which>
      When I export its audit with:
        | query retention_days | 1        |
        | header X-Now-Iso     | <header> |
        | query now_iso        | <query>  |
      Then the answer is 200
      And "/export/total_filtered" is <total>

      Examples:
        | which                           | header                   | query                    | total |
        | the header's without a query's  | 2031-03-02T10:00:00.000Z | absent                   | 3     |
        | the query's, which wins         | 2031-03-02T10:00:00.001Z | 2031-03-02T10:00:00.000Z | 3     |
        | the query's, however late it is | 2031-03-02T09:00:00.000Z | 2031-03-02T12:00:00.000Z | 1     |

    # ---- export-filters-events ----------------------------------------------------------------------------------

    @export-filters-events
    Scenario Outline: With the event type <type> there are the entries of that type alone
      Given I have upserted its status with:
        | /recorded_at | "2031-03-01T13:00:00Z" |
      When I export its audit with:
        | query event_type | <type> |
      Then the answer is 200
      And the fields are:
        | /export/entries/0/event_type | "<type>" |
        | /export/total_filtered       | <total>  |
      And "/export/entries/0/recorded_at" is the time "<at>"
      And "/export/entries" has <total> items
      And "/export/query/event_type" is "<type>"

      Examples:
        | type                  | total | at                       |
        | onboarded             | 1     | 2031-03-01T09:00:00.000Z |
        | status_upserted       | 2     | 2031-03-01T10:00:00.000Z |
        | eligibility_evaluated | 1     | 2031-03-01T11:00:00.000Z |
        | rollout_upserted      | 1     | 2031-03-01T12:00:00.000Z |

    @export-filters-events
    Scenario: Without an event type there are entries of every type
      When I walk the export
      Then the walk's "/event_type" are ["onboarded", "status_upserted", "eligibility_evaluated", "rollout_upserted"]

    # ---- export-limits-pages ------------------------------------------------------------------------------------

    @export-limits-pages @needs:key-set
    Scenario Outline: With a limit of <limit> the four entries stand on <pages> pages
      When I walk the export with:
        | query limit | <limit> |
      Then the walk has <pages> pages
      And the walk has 4 entries
      And the walk's "/event_type" are ["onboarded", "status_upserted", "eligibility_evaluated", "rollout_upserted"]
      And the walk's proof holds

      Examples: a multiple of the limit has no empty page at its end
        | limit | pages |
        | 1     | 4     |
        | 2     | 2     |
        | 3     | 2     |
        | 4     | 1     |

    @export-limits-pages
    Scenario Outline: The first page at a limit of <limit> has a cursor, for more follows
      When I export its audit with:
        | query limit | <limit> |
      Then "/export/entries" has <limit> items
      And "/export/attestation/next_cursor" equals "/export/next_cursor"
      And "/export/checkpoint/next_cursor" equals "/export/next_cursor"

      Examples:
        | limit |
        | 3     |

    @export-limits-pages @full
    Scenario Outline: The first page at a limit of <limit> ends in a cursor, for more follows
      When I export its audit with:
        | query limit | <limit> |
      Then "/export/entries" has <limit> items
      And "/export/next_cursor" matches "^<time>\|plpaudit_[0-9]{6,}$"
      And "/export/attestation/next_cursor" equals "/export/next_cursor"
      And "/export/checkpoint/next_cursor" equals "/export/next_cursor"

      Examples:
        | limit | time                      |
        | 3     | 2031-03-01T11:00:00\.000Z |

    @export-limits-pages
    Scenario Outline: The first page at a limit of <limit> has no cursor, for nothing follows
      When I export its audit with:
        | query limit | <limit> |
      Then "/export/entries" has 4 items
      And the fields are:
        | /export/next_cursor             | absent |
        | /export/attestation/next_cursor | null   |
        | /export/checkpoint/next_cursor  | null   |

      Examples:
        | limit |
        | 4     |

    # ---- export-counts-from-cursor ------------------------------------------------------------------------------

    @export-counts-from-cursor
    Scenario: The total counts what is left, this page included
      Given I have exported its audit with:
        | query limit | 2 |
      And "/export/total_filtered" is 4
      And "/export/checkpoint/total_filtered" is 4
      When I ask for the next page
      Then the answer is 200
      And the fields are:
        | /export/total_filtered            | 2      |
        | /export/checkpoint/total_filtered | 2      |
        | /export/checkpoint/entries_count  | 2      |
        | /export/next_cursor               | absent |

    # ---- export-hashes-the-page ---------------------------------------------------------------------------------

    @export-hashes-the-page @needs:fresh-state @needs:test-clock @full
    Scenario: The whole trail, with the hashes that another tool computed
      Given I act as partner "harbour-liquidity"
      And I have onboarded a provider with:
        | /provider/owner_actor/id | "harbour-liquidity"    |
        | /recorded_at             | "2031-03-01T09:00:00Z" |
      And I have upserted its status with:
        | /status/status        | "restricted"           |
        | /status/reason_codes  | ["audit_lapsed"]       |
        | /status/operator_note | "Grüße"                |
        | /recorded_at          | "2031-03-01T10:00:00Z" |
      When I export its audit with:
        | query exported_at_iso | 2026-02-22T16:30:00Z |
      Then the answer is 200
      And the fields are:
        | /export/exported_at                | "2026-02-22T16:30:00.000Z"                                         |
        | /export/entries/0                  | {"audit_id": "plpaudit_000005", "provider_id": "plp_000002", "event_type": "onboarded", "recorded_at": "2031-03-01T09:00:00.000Z", "actor": {"type": "partner", "id": "harbour-liquidity"}, "reason_codes": [], "details": {"segment_tier": "S1", "status": "pending_review"}} |
        | /export/entries/1                  | {"audit_id": "plpaudit_000006", "provider_id": "plp_000002", "event_type": "status_upserted", "recorded_at": "2031-03-01T10:00:00.000Z", "actor": {"type": "partner", "id": "harbour-liquidity"}, "reason_codes": ["audit_lapsed"], "details": {"status": "restricted", "segment_tier": "S1", "governance": {"trust_safety_baseline_passed": true, "reliability_baseline_passed": true, "audit_conformance_passed": true, "unresolved_critical_violations": 0}, "operator_note": "Grüße"}} |
        | /export/export_hash                | "9848ee00bf33a8f84d445f6c63114b08b058556cf0a8f2cb058460643fcb7c2f" |
        | /export/attestation/page_hash      | "9848ee00bf33a8f84d445f6c63114b08b058556cf0a8f2cb058460643fcb7c2f" |
        | /export/attestation/chain_hash     | "104be72a8c7cb1d4d4175dc220a018a0d0b1df14fdbbf4b026796ef5349cb60c" |
        | /export/checkpoint/checkpoint_hash | "9be41fea2af015f6ec080ce52aedeb88d9da43581aa2f2a7154dcbbc19944dbb" |

    # ---- export-chains-pages ------------------------------------------------------------------------------------

    @export-chains-pages @needs:fresh-state @needs:test-clock @full
    Scenario: Two pages, with the hashes that another tool computed
      Given I act as partner "harbour-liquidity"
      And I have onboarded a provider with:
        | /provider/owner_actor/id | "harbour-liquidity"    |
        | /recorded_at             | "2031-03-01T09:00:00Z" |
      And I have upserted its status with:
        | /status/status        | "restricted"           |
        | /status/reason_codes  | ["audit_lapsed"]       |
        | /status/operator_note | "Grüße"                |
        | /recorded_at          | "2031-03-01T10:00:00Z" |
      And I have exported its audit with:
        | query limit           | 1                    |
        | query retention_days  | 3650                 |
        | query from_iso        | 2031-03-01T09:00:00Z |
        | query exported_at_iso | 2026-02-22T16:30:00Z |
      And the fields are:
        | /export/next_cursor                | "2031-03-01T09:00:00.000Z\|plpaudit_000005"                        |
        | /export/export_hash                | "99b2a5811e0cf4a19d47414d54b0513a08ae211d62a2d644a032f0c1aa7be54a" |
        | /export/attestation/chain_hash     | "6fd2e9ae82df69553d03ee746c723b8d05912251bdbdb4624a64f11a0e49cc7f" |
        | /export/checkpoint/checkpoint_hash | "90815f166f34b08ca2efa45e53bed3d7cc1afd9c735c362002e3ebb3cd238c81" |
      When I ask for the next page
      Then the answer is 200
      And the fields are:
        | /export/export_hash                | "4c4f0545240821065a53d625c92acd3ae84b13d71989158cea2b0dda8b3acde9" |
        | /export/attestation/chain_hash     | "ab9a83afa2ac8fd0f042c20b8cc6677b394738eba9339229281f9564cc92088a" |
        | /export/checkpoint/checkpoint_hash | "54d146e99d4e3016caef4a4038d3dba619b3b07ae6057a7524a71b92a3c060ce" |

    # ---- export-is-signed ---------------------------------------------------------------------------------------

    @export-is-signed @needs:fresh-state @needs:test-clock @needs:dev-key @full
    Scenario: The signature of the development key is the one that another tool computed
      Given I act as partner "harbour-liquidity"
      And I have onboarded a provider with:
        | /provider/owner_actor/id | "harbour-liquidity"    |
        | /recorded_at             | "2031-03-01T09:00:00Z" |
      And I have upserted its status with:
        | /status/status        | "restricted"           |
        | /status/reason_codes  | ["audit_lapsed"]       |
        | /status/operator_note | "Grüße"                |
        | /recorded_at          | "2031-03-01T10:00:00Z" |
      When I export its audit with:
        | query exported_at_iso | 2026-02-22T16:30:00Z |
      Then the fields are:
        | /export/signature/key_id | "lpgate-dev-k1"                                                                            |
        | /export/signature/alg    | "ed25519"                                                                                  |
        | /export/signature/sig    | "vm/G6j75CXi1a32QAw1shTvYhsRO8YJIS5URSRznwtd9zrTzkRsbS5YdEthTO8p8Lg0KTiA+yHWdHLcyokjCAQ==" |

    @export-is-signed @needs:key-set
    Scenario Outline: The proof of pages of every kind holds: <kind>
      When I export its audit with:
        | query limit      | <limit> |
        | query event_type | <type>  |
        | query to_iso     | <to>    |
      Then the answer is 200
      And the page's proof holds

      Examples:
        | kind              | limit | type                  | to                   |
        | with a next page  | 2     | absent                | absent               |
        | of one type       | 50    | eligibility_evaluated | absent               |
        | without any entry | 50    | absent                | 2031-03-01T09:00:00Z |

    @export-is-signed @needs:key-set @full
    Scenario Outline: Pages of every kind verify: <kind>
      When I export its audit with:
        | query limit      | <limit> |
        | query event_type | <type>  |
        | query to_iso     | <to>    |
      Then the answer is 200
      And the page verifies

      Examples:
        | kind              | limit | type                  | to                   |
        | with a next page  | 2     | absent                | absent               |
        | of one type       | 50    | eligibility_evaluated | absent               |
        | without any entry | 50    | absent                | 2031-03-01T09:00:00Z |

    # ---- export-survives-arrivals -------------------------------------------------------------------------------

    @export-survives-arrivals @needs:key-set
    Scenario: Entries that arrive between two pages make no other one repeat or vanish
      Given I have exported its audit with:
        | query limit | 2 |
      And "/export/entries/1/recorded_at" is the time "2031-03-01T10:00:00.000Z"
      And I remember "/export/next_cursor" as "cursor"
      And I have upserted its status with:
        | /recorded_at | "2031-03-01T09:30:00Z" |
      And I have upserted its status with:
        | /recorded_at | "2031-03-01T10:30:00Z" |
      When I ask for the next page
      Then the answer is 200
      And the fields are:
        | /export/attestation/cursor_after | "{cursor}" |
        | /export/total_filtered           | 3          |
      And the times are:
        | /export/entries/0/recorded_at | 2031-03-01T10:30:00.000Z |
        | /export/entries/1/recorded_at | 2031-03-01T11:00:00.000Z |
      And the page's proof holds
      When I ask for the next page
      Then the answer is 200
      And "/export/entries" has 1 items
      And the fields are:
        | /export/total_filtered | 1      |
        | /export/next_cursor    | absent |
      And "/export/entries/0/recorded_at" is the time "2031-03-01T12:00:00.000Z"
      And the page's proof holds

    # ---- writes-are-audited -------------------------------------------------------------------------------------

    @writes-are-audited
    Scenario: Each of the four writes leaves one entry with its own details
      When I export its audit
      Then "/export/entries" has 4 items
      And the fields are:
        | /export/entries/0/event_type                                        | "onboarded"             |
        | /export/entries/0/reason_codes                                      | []                      |
        | /export/entries/0/details/segment_tier                              | "S1"                    |
        | /export/entries/0/details/status                                    | "pending_review"        |
        | /export/entries/1/event_type                                        | "status_upserted"       |
        | /export/entries/1/reason_codes                                      | []                      |
        | /export/entries/1/details/status                                    | "active"                |
        | /export/entries/1/details/segment_tier                              | "S1"                    |
        | /export/entries/1/details/governance/trust_safety_baseline_passed   | true                    |
        | /export/entries/1/details/governance/reliability_baseline_passed    | true                    |
        | /export/entries/1/details/governance/audit_conformance_passed       | true                    |
        | /export/entries/1/details/governance/unresolved_critical_violations | 0                       |
        | /export/entries/1/details/operator_note                             | null                    |
        | /export/entries/2/event_type                                        | "eligibility_evaluated" |
        | /export/entries/2/reason_codes                                      | []                      |
        | /export/entries/2/details/verdict                                   | "allow"                 |
        | /export/entries/3/event_type                                        | "rollout_upserted"      |
        | /export/entries/3/reason_codes                                      | []                      |
        | /export/entries/3/details/rollout_version                           | 1                       |
      And the times are:
        | /export/entries/0/recorded_at          | 2031-03-01T09:00:00.000Z |
        | /export/entries/1/recorded_at          | 2031-03-01T10:00:00.000Z |
        | /export/entries/2/recorded_at          | 2031-03-01T11:00:00.000Z |
        | /export/entries/2/details/evaluated_at | 2031-03-01T11:00:00.000Z |
        | /export/entries/3/recorded_at          | 2031-03-01T12:00:00.000Z |
        | /export/entries/3/details/updated_at   | 2031-03-01T12:00:00.000Z |
