package fakeserver_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/fakeservertest"
)

// A team's test starts a server of its own with one line.
func TestStart(t *testing.T) {
	a := fakeservertest.Start(t)
	b := fakeservertest.Start(t, func(o *fakeserver.Options) {
		o.Clock = func() time.Time { return time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC) }
	})
	r, err := http.NewRequest("POST", b.URL+"/partner-liquidity-providers", strings.NewReader(
		`{"provider":{"owner_actor":{"type":"partner","id":"amber"},"external_provider_id":"e","legal_entity_name":"l","disclosure_text":"d","trust_contact_email":"a@b","segment_tier":"S1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"X-Partner-Key": {"amber"}, "X-Auth-Scopes": {"settlement:write"}, "Idempotency-Key": {"1"}}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 || !strings.Contains(string(body), `"created_at":"2026-02-22T16:00:00.000Z"`) {
		t.Errorf("got %s %s, %v", answer.Status, body, err)
	}
	if got := string(a.State()); got != `{"providers":[]}` {
		t.Errorf("the other server holds %s", got)
	}
	if got := string(b.State()); !strings.Contains(got, `"provider_id":"plp_000001"`) {
		t.Errorf("the server holds %s", got)
	}
}

func TestOptions(t *testing.T) {
	key := fakeserver.PublicKey{ID: "op-1"}
	for name, o := range map[string]fakeserver.Options{
		"a negative retention": {RetentionDays: -1},
		"a retention of ages":  {RetentionDays: 3651},
		"an id twice":          {VerifyOnlyKeys: []fakeserver.PublicKey{key, key}},
		"the signing key's id": {VerifyOnlyKeys: []fakeserver.PublicKey{{ID: fakeserver.DevelopmentKeyID}}},
	} {
		if _, err := fakeserver.New(o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// Same requests, same clock: same bytes, whatever the server.
func TestDeterminism(t *testing.T) {
	run := func() string {
		s, err := fakeserver.New(fakeserver.Options{Clock: func() time.Time { return time.Unix(1771776000, 0) }, SelfCheck: true})
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		for i := range 3 {
			r, _ := http.NewRequest("POST", "http://fake/partner-liquidity-providers", strings.NewReader(`{"z":1,"a":2,"provider":{}}`))
			r.Header = http.Header{"X-Partner-Key": {"amber"}, "X-Auth-Scopes": {"settlement:write"}, "Idempotency-Key": {fmt.Sprint(i)}}
			w := &written{}
			s.ServeHTTP(w, r)
			log.WriteString(w.String())
		}
		return log.String()
	}
	if a, b := run(), run(); a != b {
		t.Errorf("got\n%s\nthen\n%s", a, b)
	}
}

type written struct {
	strings.Builder
	header http.Header
}

func (w *written) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}
func (w *written) WriteHeader(code int) { fmt.Fprintln(w, code, w.header) }
