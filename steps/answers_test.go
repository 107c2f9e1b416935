package steps

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// canned is one answer to everything.
type canned struct {
	status int
	header http.Header
	body   string
}

func (c canned) give(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
	for name, values := range c.header {
		w.Header()[name] = values
	}
	w.WriteHeader(c.status)
	w.Write([]byte(c.body))
	return true
}

var (
	good = canned{200, http.Header{"X-One": {"1"}, "X-Two": {"a", "b"}, "X-Empty": {""}}, `{
		"text": "S1", "int": 2, "float": 2.50, "big": 9007199254740993, "tiny": 1e-400, "yes": true, "null": null, "list": [1, {"a": 2}, "x"],
		"object": {"a": 1, "b": [true]}, "same": {"b": [true], "a": 1.0}, "a/b~c": "escaped", "": "nameless", "one": "1",
		"hash": "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862",
		"prefixed": "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862", "hashed": {"a": 1.0}, "time": "2026-02-22T17:00:10.5+01:00", "zulu": "2026-02-22T16:00:10.500Z"}`}
	refusal = canned{409, nil, `{"correlation_id": "c", "error": {"code": "CONFLICT", "message": "Blocked.", "details": {
		"reason_code": "partner_liquidity_provider_rollout_blocked"}}}`}
	unreasoned = canned{401, nil, `{"correlation_id": "c", "error": {"code": "UNAUTHORIZED", "message": "Who?", "details": {}}}`}
	invalid    = canned{400, nil, `{"error": {"code": "CONSTRAINT_VIOLATION", "message": "No.", "details": {
		"reason_code": "partner_liquidity_provider_invalid", "violations": [
			{"instance_path": "/a", "keyword": "type"}, {"instance_path": "/b", "keyword": "required"}, {"instance_path": "", "keyword": "type"}]}}}`}
	noJSON = canned{502, nil, `<html>`}
	silent = canned{204, nil, ``}
)

func TestAnswers(t *testing.T) {
	type row struct {
		answer canned
		line   string
		got    string // what a mismatch got; "" when there is none
	}
	rows := []row{
		{good, `the answer is 200`, ""},
		{good, `the answer is 201`, "200"},
		{refusal, `the answer is 200`, "409 CONFLICT because partner_liquidity_provider_rollout_blocked (Blocked.)"},
		{unreasoned, `the answer is 200`, "401 UNAUTHORIZED without a reason code (Who?)"},
		{invalid, `the answer is 200`, `400 CONSTRAINT_VIOLATION because partner_liquidity_provider_invalid (No.) [{"instance_path":"/a"`},
		{noJSON, `the answer is 200`, "502 with a body that is not JSON: <html>"},
		{silent, `the answer is 200`, "204 without a body"},
		{refusal, `the answer is 409 CONFLICT because partner_liquidity_provider_rollout_blocked`, ""},
		{refusal, `the answer is 400 CONFLICT because partner_liquidity_provider_rollout_blocked`, "409 CONFLICT because"},
		{refusal, `the answer is 409 NOT_FOUND because partner_liquidity_provider_rollout_blocked`, "409 CONFLICT because"},
		{refusal, `the answer is 409 CONFLICT because partner_liquidity_provider_invalid`, "409 CONFLICT because partner_liquidity_provider_rollout_blocked"},
		{unreasoned, `the answer is 401 UNAUTHORIZED because partner_liquidity_provider_invalid`, "401 UNAUTHORIZED without a reason code"},
		{noJSON, `the answer is 502 CONFLICT because partner_liquidity_provider_invalid`, "502 <html> (invalid character"},
		{unreasoned, `the answer is 401 UNAUTHORIZED without a reason code`, ""},
		{unreasoned, `the answer is 401 UNAUTHORIZED`, ""},
		{refusal, `the answer is 409 CONFLICT`, ""}, // with a reason code
		{unreasoned, `the answer is 403 UNAUTHORIZED`, "401 UNAUTHORIZED without"},
		{unreasoned, `the answer is 401 FORBIDDEN`, "401 UNAUTHORIZED without"},
		{unreasoned, `the answer is 403 UNAUTHORIZED without a reason code`, "401 UNAUTHORIZED without"},
		{unreasoned, `the answer is 401 FORBIDDEN without a reason code`, "401 UNAUTHORIZED without"},
		{refusal, `the answer is 409 CONFLICT without a reason code`, "409 CONFLICT because"},
		{canned{401, nil, `{"error": {"code": "UNAUTHORIZED", "details": {"reason_code": null}}}`}, `the answer is 401 UNAUTHORIZED without a reason code`, "401 UNAUTHORIZED because null"},

		{good, `"/text" is "S1"`, ""},
		{good, `"/text" is "S2"`, `"S1"`},
		{good, `"/text" is null`, `"S1"`},
		{good, `"/nowhere" is null`, `absent ("" has only , a/b~c, big,`},
		{good, `"/object/c" is 1`, `absent ("/object" has only a, b)`},
		{good, `"/list/3" is 1`, `absent ("/list" has 3 items)`},
		{good, `"/list/-" is 1`, `absent ("/list" has 3 items)`},
		{good, `"/list/00" is 1`, `absent ("/list" has 3 items)`},
		{good, `"/text/x" is 1`, `absent ("/text" is "S1")`},
		{good, `"/null" is null`, ""},
		{good, `"/null" is false`, "null"},
		{good, `"/yes" is true`, ""},
		{good, `"/int" is 2`, ""},
		{good, `"/int" is 2.0`, ""},
		{good, `"/int" is 20e-1`, ""},
		{good, `"/int" is "2"`, "2"},
		{good, `"/int" is 3`, "2"},
		{good, `"/float" is 2.5`, ""},
		{good, `"/big" is 9007199254740993`, ""},
		{good, `"/big" is 9007199254740992`, "9007199254740993"},
		{good, `"/tiny" is 0`, "1e-400"},
		{good, `"/object" is {"b": [true], "a": 1}`, ""},
		{good, `"/object" is {"b": [true]}`, `{"a":1,"b":[true]}`},
		{good, `"/list" is [1, {"a": 2}, "x"]`, ""},
		{good, `"/list" is [{"a": 2}, 1, "x"]`, `[1,{"a":2},"x"]`},
		{good, `"/list/1/a" is 2`, ""},
		{good, `"/a~1b~0c" is "escaped"`, ""},
		{good, `"/" is "nameless"`, ""},
		{refusal, `"" is {"correlation_id": "c", "error": {"code": "CONFLICT", "message": "Blocked.", "details": {"reason_code": "partner_liquidity_provider_rollout_blocked"}}}`, ""},
		{refusal, `"" is {}`, `{"correlation_id"`},
		{noJSON, `"/text" is "S1"`, "502 <html>"},

		{good, `"/text" is not "S2"`, ""},
		{good, `"/text" is not "S1"`, `"S1"`},
		{good, `"/int" is not 2.00`, "2"},
		{good, `"/nowhere" is not "S1"`, "absent"},
		{good, `"/nowhere" is absent`, ""},
		{good, `"/text/nowhere" is absent`, ""},
		{good, `"/null" is absent`, "null"},
		{good, `"/null" is present`, ""},
		{good, `"/nowhere" is present`, "absent"},
		{good, `"/text" matches "^S[0-3]$"`, ""},
		{good, `"/text" matches "^S$"`, `"S1"`},
		{good, `"/int" matches "2"`, "2"},
		{good, `"/nowhere" matches ".*"`, "absent"},
		{good, `"/list" has 3 items`, ""},
		{good, `"/list" has 2 items`, `3 items: [1,{"a":2},"x"]`},
		{good, `"/object" has 2 items`, `{"a":1,"b":[true]}`},
		{good, `"/nowhere" has 0 items`, "absent"},
		{good, `"/object" equals "/same"`, ""},
		{good, `"/object" equals "/list"`, `{"a":1,"b":[true]}`},
		{good, `"/object" equals "/nowhere"`, "absent"},
		{good, `"/nowhere" equals "/nowhere"`, "absent"},
		{good, `"/hash" is the SHA-256 of canonical "/hashed"`, ""},
		{good, `"/prefixed" is the SHA-256 of canonical "/hashed"`, `"sha256:015`},
		{good, `"/hash" is the SHA-256 of canonical "/object"`, `"015`},
		{good, `"/hash" is the SHA-256 of canonical "/nowhere"`, "absent"},
		{good, `"/prefixed" is "sha256:" and the SHA-256 of canonical "/hashed"`, ""},
		{good, `"/hash" is "sha256:" and the SHA-256 of canonical "/hashed"`, `"015`},
		{invalid, `there is a violation of "required" at "/b"`, ""},
		{invalid, `there is a violation of "type" at ""`, ""},
		{invalid, `there is a violation of "required" at "/a"`, `[{"instance_path"`},
		{refusal, `there is a violation of "required" at "/a"`, "absent"},

		{good, `the header "X-One" is "1"`, ""},
		{good, `the header "x-one" is "1"`, ""},
		{good, `the header "X-One" is "2"`, `"1"`},
		{good, `the header "X-Empty" is ""`, ""},
		{good, `the header "X-Two" is "a"`, `2 times: ["a" "b"]`},
		{good, `the header "X-None" is ""`, "absent"},
		{good, `the header "X-None" is absent`, ""},
		{good, `the header "X-Empty" is absent`, `[""]`},
		{good, `the header "X-One" matches "^[0-9]$"`, ""},
		{good, `the header "X-One" matches "^[a-z]$"`, `"1"`},
		{good, `the header "X-None" matches ".*"`, "absent"},
		{good, `the header "X-One" equals "/one"`, ""},
		{good, `the header "X-One" equals "/text"`, `"1"`},
		{good, `the header "X-None" equals "/text"`, "absent"},
		{good, `the header "X-One" equals "/nowhere"`, "absent"},

		{good, "the fields are:\n| /text | \"S1\" |\n| /int | 2 |\n| /nowhere | absent |", ""},
		{good, "the fields are:\n| /text | \"S1\" |\n| /int | 3 |\n| /float | 3 |", "2"},
		{good, "the fields are:\n| /text | absent |", `"S1"`},
		{good, "the fields are:\n| /nowhere | \"absent\" |", "absent"},

		{good, "I remember \"/text\" as \"a\"\n\"/text\" is \"{a}\"", ""},
		{good, "I remember \"/text\" as \"a\"\n\"/text\" is {a}", ""},
		{good, "I remember \"/object\" as \"a\"\n\"/same\" is {a}", ""},
		{good, "I remember \"/object\" as \"a\"\n\"/list\" is {a}", `[1,`},
		{good, "I remember \"/text\" as \"a\"\n\"/text\" matches \"^{a}$\"", ""},
		{good, "I remember \"/text\" as \"a\"\nI remember \"/int\" as \"a\"\n\"/int\" is {a}", ""},
		{good, `I remember "/nowhere" as "a"`, "absent"},
		{good, "I remember the header \"X-One\" as \"a\"\n\"/one\" is \"{a}\"\nthe header \"X-One\" is \"{a}\"", ""},
		{good, `I remember the header "X-Two" as "a"`, "2 times"},
		{good, "I remember the answer as \"a\"\nI repeat the call\nthe answer is byte for byte \"a\"", ""},
		{good, "I remember the answer as \"a\"\nI repeat the call\nthe answer is the same as \"a\"", ""},

		{good, `"/time" is the time "2026-02-22T16:00:10.500Z"`, ""},
		{good, `"/time" is the time "2026-02-22T16:00:10.501Z"`, `"2026-02-22T17:00:10.5+01:00"`},
		{good, `"/text" is the time "2026-02-22T16:00:10.500Z"`, `"S1"`},
		{good, `"/int" is the time "2026-02-22T16:00:10.500Z"`, `2`},
		{good, `"/nowhere" is the time "2026-02-22T16:00:10.500Z"`, `absent`},
		{good, "I remember \"/zulu\" as \"a\"\n\"/time\" is the time \"{a}\"", ""},
		{good, "I remember \"/text\" as \"a\"\n\"/time\" is the time \"{a}\"", "S1"},
		{good, "the times are:\n| /time | 2026-02-22T16:00:10.5Z |\n| /zulu | 2026-02-22T17:00:10.5+01:00 |", ""},
		{good, "the times are:\n| /time | 2026-02-22T16:00:10.5Z |\n| /zulu | 2026-02-22T16:00:10Z |", `"2026-02-22T16:00:10.500Z"`},
	}
	passed, failed := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		t.Run(fmt.Sprintf("%d %s", row.answer.status, row.line), func(t *testing.T) {
			s := newStage(t)
			s.answer = row.answer.give
			err := s.play(t, "I send \"GET\" to \"/\"\n"+row.line)
			first, _, _ := strings.Cut(row.line, "\n")
			for _, d := range All().definitions {
				if d.pattern.MatchString(first) {
					passed[d.Pattern] = passed[d.Pattern] || row.got == ""
					failed[d.Pattern] = failed[d.Pattern] || row.got != ""
				}
			}
			if row.got == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			var mismatch *Mismatch
			if !errors.As(err, &mismatch) || !strings.HasPrefix(mismatch.Got, row.got) {
				t.Errorf("got %v, want a mismatch that got %s", err, row.got)
			} else if mismatch.Message == "" || mismatch.Expected == "" {
				t.Errorf("got %#v, without enough detail", mismatch)
			}
		})
	}
	// Every step that checks something has a row above that passes and one that fails.
	for pattern := range passed {
		if pattern != `^I remember the answer as "(?<answer>[^"]*)"$` && !failed[pattern] {
			t.Errorf("%s was never seen to fail", pattern)
		}
	}
	for pattern := range failed {
		if !passed[pattern] {
			t.Errorf("%s was never seen to pass", pattern)
		}
	}
}

func TestNothingIsAssertedAfterTheFirstFailure(t *testing.T) {
	s := newStage(t)
	s.answer = good.give
	var mismatch *Mismatch
	err := s.play(t, "I send \"GET\" to \"/\"\nthe fields are:\n| /text | \"S2\" |\n| /int | 3 |\nthe answer is 500\nI send \"GET\" to \"/after\"")
	if !errors.As(err, &mismatch) || mismatch.Got != `"S1"` {
		t.Errorf("got %v, want the first of three", err)
	}
	if got := s.last().target; got != "/" {
		t.Errorf("got %s, want nothing sent after a failure", got)
	}
}

func TestStructuresAreComparedByADiff(t *testing.T) {
	s := newStage(t)
	s.answer = good.give
	var mismatch *Mismatch
	err := s.play(t, "I send \"GET\" to \"/\"\n\"/object\" is {\"a\": 1, \"b\": [false]}")
	if !errors.As(err, &mismatch) || !strings.Contains(mismatch.Diff, "bool(false)") || !strings.Contains(mismatch.Diff, "bool(true)") {
		t.Errorf("got %v, want a diff with both", err)
	}
	if strings.Contains(mismatch.Diff, "\u00a0") {
		t.Error("the diff has no-break spaces, which come and go from run to run")
	}
}

func TestTheSame(t *testing.T) {
	for _, test := range []struct {
		name   string
		second canned
		same   bool
	}{
		{"another correlation id, other blanks", canned{200, nil, `{ "correlation_id": "b", "a": 1.0 }`}, true},
		{"another value", canned{200, nil, `{"correlation_id":"a","a":2}`}, false},
		{"another status", canned{201, nil, `{"correlation_id":"a","a":1}`}, false},
		{"no object", canned{200, nil, `[]`}, false},
		{"no JSON", canned{200, nil, `{`}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, lines := range []string{
				"I onboard a provider\nI remember the answer as \"first\"\nI repeat the call\nthe answer is the same as \"first\"",
				"I call \"partnerLiquidityProvider.onboard\" 2 times at once\nevery answer is the same",
			} {
				s := newStage(t)
				n := 0
				s.answer = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
					if n++; n == 1 {
						return canned{200, nil, `{"correlation_id":"a","a":1}`}.give(w, r, body)
					}
					return test.second.give(w, r, body)
				}
				var mismatch *Mismatch
				if err := s.play(t, lines); test.same != (err == nil) || err != nil && !errors.As(err, &mismatch) {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}

func TestByteForByte(t *testing.T) {
	for _, test := range []struct {
		name   string
		second canned
		diff   string
	}{
		{"other blanks", canned{200, nil, `{"a": 1}`}, "The same JSON, written differently."},
		{"another value", canned{200, nil, `{"a":2}`}, `+ 	"a": s"2"`},
		{"another status", canned{201, nil, `{"a":1}`}, ""},
		{"no JSON", canned{200, nil, `{`}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t)
			n := 0
			s.answer = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
				if n++; n == 1 {
					return canned{200, nil, `{"a":1}`}.give(w, r, body)
				}
				return test.second.give(w, r, body)
			}
			var mismatch *Mismatch
			err := s.play(t, "I onboard a provider\nI remember the answer as \"first\"\nI repeat the call\nthe answer is byte for byte \"first\"")
			if !errors.As(err, &mismatch) || mismatch.Expected != `200 {"a":1}` || !strings.Contains(mismatch.Diff, test.diff) {
				t.Errorf("got %v", err)
			}
		})
	}
}
