//go:build !race

package wrongservices

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// transportBodyServices continues [transportServices].
var transportBodyServices = []wrongService{
	// ---- bodies ----
	{
		name:  "one-mebibyte-refused",
		fault: "A body of exactly 1 MiB is too large.",
		rule:  "body-within-limit",
		fails: []string{"A body of exactly 1 MiB is read by <operation> > partnerLiquidityProvider.onboard"},
		behavior: replacing(anyOperation, func(next forward, q *request) *response {
			if len(q.bytes()) == 1<<20 {
				return refusal(q, http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE", "", nil)
			}
			return next(q)
		}),
	},
	{
		name:     "a-byte-more-accepted",
		fault:    "A body of 1 MiB and one byte is read.",
		rule:     "body-within-limit",
		fails:    []string{"A body of 1 MiB and one byte is refused by <operation> > partnerLiquidityProvider.status.upsert"},
		behavior: changingRequest(anyOperation, func(q *request) { q.body = body{text: bytes.TrimSpace(q.bytes())} }),
	},
	{
		name:     "too-large-a-body-recorded",
		fault:    "A body that is too large is refused, and recorded all the same.",
		rule:     "body-within-limit",
		fails:    []string{"A body that is too large changes nothing"},
		behavior: recordedAllTheSame(func(_ *request, a *response) bool { return a.status == http.StatusRequestEntityTooLarge }),
	},
	{
		name:   "wrong-status-for-too-large",
		fault:  "A body that is too large is refused with PAYLOAD_TOO_LARGE under the status 400.",
		rule:   "body-within-limit",
		fails:  []string{"A body of 1 MiB and one byte is refused by <operation> > partnerLiquidityProvider.onboard"},
		checks: []string{"declared-outcome"},
		behavior: changingResponse(anyOperation, func(_ *request, a *response) {
			if a.status == http.StatusRequestEntityTooLarge {
				a.status = http.StatusBadRequest
			}
		}),
	},
	{
		name:  "member-twice-accepted",
		fault: "Of a duplicate member the last one counts.",
		rule:  "body-is-i-json",
		fails: []string{
			`A body with <what> is malformed > a member twice | …`,
			`A body with <what> is malformed > a lone high surrogate | …`,
		},
		behavior: changingRequest(toOnboard, func(q *request) {
			if json.Valid(q.bytes()) {
				q.rewrite() // encoding/json keeps the last one, and repairs surrogates
			}
		}),
	},
	{
		name:  "byte-order-mark-accepted",
		fault: "A byte order mark before the value is skipped.",
		rule:  "body-is-i-json",
		fails: []string{"The bytes of <what> are malformed > a byte order mark before the value | efbbbf 7b7d"},
		behavior: changingRequest(anyOperation, func(q *request) {
			q.body = body{text: bytes.TrimPrefix(q.bytes(), []byte("\ufeff"))}
		}),
	},
	{
		name:  "more-after-the-value-accepted",
		fault: "What follows the value is not read.",
		rule:  "body-is-i-json",
		fails: []string{
			"The text <text> is malformed > {} {}",
			"Malformed JSON changes nothing, however much of it can be read",
		},
		behavior: changingRequest(anyOperation, func(q *request) {
			var first json.RawMessage
			if json.NewDecoder(bytes.NewReader(q.bytes())).Decode(&first) == nil {
				q.body = body{text: first}
			}
		}),
	},
	{
		name:     "malformed-json-recorded",
		fault:    "Malformed JSON is refused, and what can be read of it is recorded all the same.",
		rule:     "body-is-i-json",
		fails:    []string{"Malformed JSON changes nothing, however much of it can be read"},
		behavior: recordedAllTheSame(func(q *request, _ *response) bool { return !json.Valid(q.bytes()) }),
	},
	{
		name:     "bytes-repaired",
		fault:    "Bytes that are no UTF-8 are replaced.",
		rule:     "body-is-i-json",
		fails:    []string{"The bytes of <what> are malformed > a byte that UTF-8 never has | 7b22 6122 3a22 ff 227d"},
		behavior: changingRequest(anyOperation, func(q *request) { q.body = body{text: bytes.ToValidUTF8(q.bytes(), []byte("?"))} }),
	},
	{
		name:  "noncharacter-accepted",
		fault: "A noncharacter in a string is text like any other.",
		rule:  "body-is-i-json",
		fails: []string{"A body with <what> is malformed > the noncharacter U+FDD0 | …"},
		behavior: changingRequest(toOnboard, func(q *request) {
			q.body = body{text: bytes.ReplaceAll(q.bytes(), []byte(`\ufdd0`), []byte(`x`))}
		}),
	},
	{
		name:  "too-large-a-number-read",
		fault: "A number that no double can hold is read as the largest that one can hold.",
		rule:  "body-is-i-json",
		fails: []string{"A body with <what> is malformed > the number 1e400 | …"},
		behavior: changingRequest(toOnboard, func(q *request) {
			q.body = body{text: bytes.ReplaceAll(q.bytes(), []byte("1e400"), []byte("1.7976931348623157e308"))}
		}),
	},
	{
		name:   "content-type-demanded",
		fault:  "A body that is not called application/json is refused with 415.",
		rule:   "body-is-i-json",
		fails:  []string{"The Content-Type <type> does not matter > text/plain"},
		checks: []string{"declared-outcome"},
		behavior: replacing(toOnboard, func(next forward, q *request) *response {
			if !strings.HasPrefix(q.header.Get("Content-Type"), "application/json") {
				return refusal(q, http.StatusUnsupportedMediaType, "CONSTRAINT_VIOLATION", reasonInvalid, nil)
			}
			return next(q)
		}),
	},
	{
		name:   "body-on-get-read",
		fault:  "A body on GET has to be JSON.",
		rule:   "body-is-i-json",
		fails:  []string{"A body on GET is not even read"},
		checks: []string{"declared-outcome"},
		behavior: replacing(toGet, func(next forward, q *request) *response {
			if len(q.bytes()) > 0 && !json.Valid(q.bytes()) {
				return refusal(q, http.StatusBadRequest, "CONSTRAINT_VIOLATION", reasonInvalid, nil)
			}
			return next(q)
		}),
	},
	{
		name:   "failure-instead-of-refusal",
		fault:  "Malformed JSON makes the server fail with 500.",
		rule:   "body-is-i-json",
		fails:  []string{"The text <text> is malformed > {"},
		checks: []string{"declared-outcome", "no-5xx"},
		behavior: replacing(anyOperation, func(next forward, q *request) *response {
			a := next(q)
			if a.code() == "CONSTRAINT_VIOLATION" && !a.has("/error/details/violations") && len(q.bytes()) > 0 {
				return refusal(q, http.StatusInternalServerError, "INTERNAL", "", nil)
			}
			return a
		}),
	},
	{
		name:     "empty-body-malformed",
		fault:    "An empty body is malformed JSON.",
		rule:     "empty-body-is-an-object",
		fails:    []string{"<operation> reads an empty body as an object without members > partnerLiquidityProvider.onboard"},
		failsAll: true, // each of them sends an empty body
		behavior: changingRequest(anyOperation, func(q *request) {
			if len(q.bytes()) == 0 {
				q.body = body{text: []byte(" ")}
			}
		}),
	},

	// ---- request schemas ----
	{
		name:     "other-member-accepted",
		fault:    "An unknown member is ignored.",
		rule:     "request-matches-schema",
		fails:    []string{"<operation> allows no other member: <member> > partnerLiquidityProvider.status.upsert | /status/note | /status"},
		behavior: changingRequest(toStatus, func(q *request) { q.drop("/status/note") }),
	},
	{
		name:  "missing-member-filled-in",
		fault: "A provider without a name is called nameless.",
		rule:  "request-matches-schema",
		fails: []string{
			"<operation> without <member> is refused > partnerLiquidityProvider.onboard | /provider/legal_entity_name",
		},
		behavior: changingRequest(toOnboard, func(q *request) {
			if !q.has("/provider/legal_entity_name") {
				q.put("/provider/legal_entity_name", "nameless")
			}
		}),
	},
	{
		name:  "ascii-white-space-trimmed",
		fault: "Spaces around a text are cut off.",
		rule:  "request-matches-schema",
		fails: []string{`The text <text> is refused for <member> > /provider/legal_entity_name | "Acme "`},
		behavior: changingRequest(toOnboard, func(q *request) {
			if name := text(q.at("/provider/legal_entity_name")); strings.TrimSpace(name) != "" {
				q.put("/provider/legal_entity_name", strings.Trim(name, " \t\r\n"))
			}
		}),
	},
	{
		name:  "unicode-white-space-overlooked",
		fault: "A no-break space, and white space beyond ASCII at all, is allowed at either end of a text.",
		rule:  "request-matches-schema",
		fails: []string{`The text <text> is refused for <member> > /provider/legal_entity_name | "\u00a0Acme"`},
		behavior: changingRequest(toOnboard, func(q *request) {
			if name := text(q.at("/provider/legal_entity_name")); name != "" {
				q.put("/provider/legal_entity_name", strings.TrimFunc(name, func(c rune) bool { return c > 127 && unicode.IsSpace(c) }))
			}
		}),
	},
	{
		name:  "count-with-a-point-refused",
		fault: "A count is no count when it is spelled 2.0.",
		rule:  "request-matches-schema",
		fails: []string{"<number> is read as the count <count> > 2.0 | 2"},
		behavior: changingRequest(toStatus, func(q *request) {
			if q.at("/status/unresolved_critical_violations") == json.Number("2.0") {
				q.put("/status/unresolved_critical_violations", json.Number("2.5"))
			}
		}),
	},
	{
		name:  "count-beyond-the-largest",
		fault: "A count one above the largest is taken for the largest.",
		rule:  "request-matches-schema",
		fails: []string{"<number> is no count > 9007199254740992 | maximum"},
		behavior: changingRequest(toStatus, func(q *request) {
			if q.at("/status/unresolved_critical_violations") == json.Number("9007199254740992") {
				q.put("/status/unresolved_critical_violations", json.Number("9007199254740991"))
			}
		}),
	},
	{
		name:   "violations-not-cut",
		fault:  "More than 20 violations are returned.",
		rule:   "request-matches-schema",
		checks: []string{"schema"},
		fails:  []string{"Of 21 rows the first 20 are told, in the order of their paths as text"},
		behavior: changingResponse(toStatus, func(q *request, a *response) {
			violations := list(a.at("/error/details/violations"))
			if wrong := list(q.at("/status/reason_codes")); len(violations) == 20 && len(wrong) > 20 {
				a.put("/error/details/violations", append(violations, violations[19]))
			}
		}),
	},
	{
		name:  "violations-not-sorted",
		fault: "Violations are in the reverse order in which they were found.",
		rule:  "request-matches-schema",
		fails: []string{"Every failing field has its row, sorted by its path"},
		behavior: changingResponse(toOnboard, func(_ *request, a *response) {
			if violations := list(a.at("/error/details/violations")); len(violations) > 1 {
				slices.Reverse(violations)
				a.put("/error/details/violations", violations)
			}
		}),
	},
	{
		name:  "violations-without-a-place",
		fault: "Every violation is one of the whole body.",
		rule:  "request-matches-schema",
		fails: []string{`The value <value> for <member> breaks "<keyword>" > /provider/segment_tier | "S4" | enum`},
		behavior: changingResponse(toOnboard, func(_ *request, a *response) {
			for i := range list(a.at("/error/details/violations")) {
				a.put("/error/details/violations/"+strconv.Itoa(i)+"/instance_path", "")
			}
		}),
	},

	// ---- providers ----
	{
		name:  "unknown-provider-forbidden",
		fault: "An unknown provider is refused like another partner's.",
		rule:  "provider-exists",
		fails: []string{"<operation> of an unknown provider is refused > partnerLiquidityProvider.get"},
		behavior: replacing(anyOperation, func(next forward, q *request) *response {
			a := next(q)
			if q.operation != "" && a.status == http.StatusNotFound {
				return refusal(q, http.StatusForbidden, "FORBIDDEN", reasonInvalid, map[string]any{"provider_id": q.provider})
			}
			return a
		}),
	},
	{
		name:   "reason-code-swapped",
		fault:  "An unknown provider is NOT_FOUND because it is invalid.",
		rule:   "provider-exists",
		fails:  []string{"<operation> of an unknown provider is refused > partnerLiquidityProvider.rollout.export"},
		checks: []string{"reason-code"},
		behavior: changingResponse(anyOperation, func(_ *request, a *response) {
			if a.at("/error/details/reason_code") == reasonNotFound {
				a.put("/error/details/reason_code", reasonInvalid)
			}
		}),
	},
	{
		name:   "unknown-provider-not-named",
		fault:  "NOT_FOUND does not name the provider.",
		rule:   "provider-exists",
		fails:  []string{"<operation> of an unknown provider is refused > partnerLiquidityProvider.status.upsert"},
		checks: []string{"details"},
		behavior: changingResponse(anyOperation, func(_ *request, a *response) {
			if a.status == http.StatusNotFound {
				a.drop("/error/details/provider_id")
			}
		}),
	},
	{
		name:  "ids-in-any-case",
		fault: "A provider is found under its id in another case.",
		rule:  "provider-exists",
		fails: []string{"An id in another case is another provider"},
		behavior: func() handle {
			known := &notes[string]{}
			return func(next forward, q *request) *response {
				if id, ok := known.read(strings.ToLower(q.provider)); ok && q.operation == toGet {
					return next(q.get(id))
				}
				a := next(q)
				if id := text(a.at("/provider/provider_id")); id != "" {
					known.write(strings.ToLower(id), id)
				}
				return a
			}
		},
	},

	// ---- correlation ids ----
	{
		name:   "correlation-header-differs",
		fault:  "The header has another correlation id than the body.",
		rule:   "correlation-id-is-echoed",
		fails:  []string{"<operation> answers with its own correlation id > healthz | corr_healthz"},
		checks: []string{"correlation-id"},
		behavior: changingResponse(toHealth, func(_ *request, a *response) {
			a.header.Set("X-Correlation-Id", a.header.Get("X-Correlation-Id")+"-1")
		}),
	},
	{
		name:   "correlation-default-wrong",
		fault:  "The default correlation id is random.",
		rule:   "correlation-id-is-echoed",
		fails:  []string{"<operation> answers with its own correlation id > partnerLiquidityProvider.get | corr_partnerliquidityprovider_get"},
		checks: []string{"correlation-id"},
		behavior: changingResponse(toGet, func(q *request, a *response) {
			if q.header.Get("X-Correlation-Id") == "" {
				a.correlate("corr_7f3a9c")
			}
		}),
	},
	{
		name:   "correlation-of-129-characters",
		fault:  "A correlation id of 129 characters is used.",
		rule:   "correlation-id-is-echoed",
		fails:  []string{"A correlation id with <what> counts as absent > 129 characters | …"},
		checks: []string{"correlation-id", "schema"},
		behavior: changingResponse(toHealth, func(q *request, a *response) {
			if own := q.header.Get("X-Correlation-Id"); len(own) == 129 {
				a.correlate(own)
			}
		}),
	},
	{
		name:   "correlation-of-128-characters",
		fault:  "A correlation id of 128 characters is too long.",
		rule:   "correlation-id-is-echoed",
		fails:  []string{"A correlation id with <what> is used > 128 characters | …"},
		checks: []string{"correlation-id"},
		behavior: changingRequest(toHealth, func(q *request) {
			if len(q.header.Get("X-Correlation-Id")) == 128 {
				q.header.Del("X-Correlation-Id")
			}
		}),
	},
	{
		name:   "correlation-forgotten-by-refusals",
		fault:  "A refusal has the operation's correlation id, and not the caller's.",
		rule:   "correlation-id-is-echoed",
		fails:  []string{"A refusal with <status> has the caller's correlation id too > 403 INSUFFICIENT_SCOPE without a reason code | …"},
		checks: []string{"correlation-id"},
		behavior: changingResponse(anyOperation, func(q *request, a *response) {
			if a.code() != "" {
				q.header.Del("X-Correlation-Id")
				a.correlate(q.correlation())
			}
		}),
	},

	// ---- answers ----
	{
		name:     "content-type-without-charset",
		fault:    "An answer is application/json without a charset.",
		rule:     "answers-are-json",
		fails:    []string{"<operation> answers in JSON > partnerLiquidityProvider.get | /provider | absent"},
		checks:   []string{"content-type"},
		behavior: changingResponse(toGet, func(_ *request, a *response) { a.header.Set("Content-Type", "application/json") }),
	},
	{
		name:   "content-type-missing-on-refusals",
		fault:  "A refusal has no message.",
		rule:   "answers-are-json",
		fails:  []string{"A refusal is JSON too: <status> > 404 NOT_FOUND without a reason code | GET | /nowhere | {me}"},
		checks: []string{"content-type"},
		behavior: changingResponse(anyOperation, func(_ *request, a *response) {
			if a.code() != "" {
				a.header["Content-Type"] = nil
			}
		}),
	},
	{
		name:     "other-member-in-an-answer",
		fault:    "An answer has a member that its schema does not have.",
		rule:     "answers-are-json",
		fails:    []string{"<operation> answers in JSON > partnerLiquidityProvider.get | /provider | absent"},
		checks:   []string{"schema"},
		behavior: changingResponse(toGet, func(_ *request, a *response) { a.put("/provider/internal_note", "none") }),
	},
	{
		name:   "details-missing",
		fault:  "An error has no details.",
		rule:   "answers-are-json",
		fails:  []string{"A refusal is JSON too: <status> > 401 UNAUTHORIZED without a reason code | …"},
		checks: []string{"schema"},
		behavior: changingResponse(toGet, func(_ *request, a *response) {
			if a.status == http.StatusUnauthorized {
				a.drop("/error/details")
			}
		}),
	},
	{
		name:     "conflict-without-its-provider",
		fault:    "A conflict does not name the provider.",
		rule:     "answers-are-json",
		fails:    []string{"A conflict names the provider"},
		checks:   []string{"details"},
		behavior: changingResponse(toStatus, func(_ *request, a *response) { a.drop("/error/details/provider_id") }),
	},
}
