package steps

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestUnchangedState(t *testing.T) {
	for name, between := range map[string]string{
		"nothing":                      "",
		"reading":                      "I get the provider\nI export its audit",
		"a replay":                     "I upsert its status\nI note its state\nI repeat the call",
		"another provider":             "I have onboarded a provider",
		"another caller":               "I act as partner \"{stranger}\"",
		"no caller":                    "I bring no identity",
		"a caller without scopes":      "my scopes are \"\"",
		"requests that carry nonsense": "my requests carry:\n| header X-Actor-Type | user |",
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.mustPlay(t, "I have onboarded a provider\nI note its state\n"+between+"\nits state is as noted")
			if got := s.last().header; got.Get("X-Actor-Id") != in(s.ctx).text("me") || got.Get("X-Actor-Type") != "partner" || got.Get("X-Auth-Scopes") != "settlement:read settlement:write" {
				t.Errorf("the state was read with %v", got)
			}
		})
	}
	t.Run("the last call stays the last", func(t *testing.T) {
		s := newStage(t)
		s.mustPlay(t, "I have onboarded a provider\nI note its state\nI send \"GET\" to \"/x?mine\"\nits state is as noted\nI repeat the call")
		if got := s.last().target; got != "/x?mine" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("with a key", func(t *testing.T) {
		s := newStage(t)
		s.mustPlay(t, "I hold the partner key \"amber\"\nI have onboarded a provider\nI hold the partner key \"cobalt\"\nI note its state")
		if got := s.last().header; got.Get("X-Partner-Key") != "lpk_example_amber_2f6c1d9b7e304a58" || got.Get("X-Auth-Scopes") != "" {
			t.Errorf("the state was read with %v", got)
		}
	})
	t.Run("the whole audit is read", func(t *testing.T) {
		s := newStage(t)
		s.mustPlay(t, "I have onboarded a provider"+strings.Repeat("\nI have upserted its status", 205)+"\nI note its state")
		if got := len(in(s.ctx).noted.entries); got != 206 {
			t.Errorf("got %d entries, want 206", got)
		}
		if got := s.last().target; !strings.Contains(got, "limit=200&retention_days=3650&cursor_after=") {
			t.Errorf("got %s", got)
		}
	})
}

func TestChangedStateIsReported(t *testing.T) {
	export := func(entries string) string {
		return `{"export":{"entries":[` + entries + `],"total_filtered":1}}`
	}
	entry := func(id int, more string) string {
		return fmt.Sprintf(`{"audit_id":"plpaudit_%06d","event_type":"onboarded"%s}`, id, more)
	}
	const view = `{"correlation_id":"a","provider":{"status":"active","list":[1],"old":1}}`
	for _, test := range []struct {
		name, view, audit string
		got               string
	}{
		{"a member has changed", `{"correlation_id":"b","provider":{"status":"restricted","list":[1],"old":1}}`, "", `/provider/status was "active" and is "restricted"`},
		{"an item has changed", `{"correlation_id":"b","provider":{"status":"active","list":[2],"old":1}}`, "", `/provider/list was [1] and is [2]`},
		{"a member is new", `{"correlation_id":"b","provider":{"status":"active","list":[1],"old":1,"new":2}}`, "", `/provider/new is new: 2`},
		{"a member is gone", `{"correlation_id":"b","provider":{"status":"active","list":[1]}}`, "", `/provider/old is gone, it was 1`},
		{"several", `{"rollout":{},"provider":{"status":"x","list":[1]}}`, "", `/provider/old is gone, it was 1; /provider/status was "active" and is "x"; /rollout is new: {}`},
		{"an entry is new", "", entry(1, "") + "," + entry(2, "") + "," + entry(3, ""), "the audit entry plpaudit_000003 (onboarded) is new"},
		{"an entry is gone", "", entry(1, ""), "the audit entry plpaudit_000002 (onboarded) is gone"},
		{"an entry has changed", "", entry(1, "") + "," + entry(2, `,"x":1`), "the audit entry plpaudit_000002 (onboarded) has changed"},
		{"entries have moved", "", entry(2, "") + "," + entry(1, ""), "the audit entries are in another order"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t)
			noted := false
			s.answer = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
				body := view
				switch isExport := strings.Contains(r.URL.Path, "/export"); {
				case r.Method == http.MethodPost:
					return false
				case isExport && noted && test.audit != "":
					body = export(test.audit)
				case isExport:
					body = export(entry(1, "") + "," + entry(2, ""))
				case noted && test.view != "":
					body = test.view
				}
				w.Write([]byte(body))
				if strings.Contains(r.URL.Path, "/export") {
					noted = true
				}
				return true
			}
			var mismatch *Mismatch
			err := s.play(t, "I have onboarded a provider\nI note its state\nits state is as noted")
			if !errors.As(err, &mismatch) || mismatch.Got != test.got || mismatch.Diff == "" {
				t.Errorf("got %v\nwant %s", err, test.got)
			}
		})
	}
	t.Run("a write", func(t *testing.T) {
		s := newStage(t)
		var mismatch *Mismatch
		err := s.play(t, "I have onboarded a provider\nI note its state\nI upsert its status\nits state is as noted")
		if !errors.As(err, &mismatch) || mismatch.Got != "/provider/version was 1 and is 2; the audit entry plpaudit_000002 (written) is new" {
			t.Errorf("got %v", err)
		}
	})
}

func TestAStateThatCannotBeRead(t *testing.T) {
	for name, answer := range map[string]canned{
		"refused": refusal, "no JSON": {200, nil, "<html>"}, "no entries": {200, nil, `{"export":{}}`}, "entries that are no list": {200, nil, `{"export":{"entries":1}}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.answer = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
				return r.Method == http.MethodGet && answer.give(w, r, body)
			}
			var mismatch *Mismatch
			if err := s.play(t, "I have onboarded a provider\nI note its state"); !errors.As(err, &mismatch) {
				t.Errorf("got %v, want a mismatch", err)
			}
		})
	}
}
