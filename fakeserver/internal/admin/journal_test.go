package admin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/client"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/testclient"
)

// short returns the usual fields of entries.
func short(j client.Journal) string {
	var b strings.Builder
	for _, e := range j.Entries {
		fmt.Fprintf(&b, "%s %s %d %s %v\n", e.RequestID, e.Method, e.Status, e.Outcome, e.Replayed)
	}
	return b.String()
}

func TestJournal(t *testing.T) {
	f := fakeservertest.StartInMemory(t)
	ctx := context.Background()
	a := f.Admin.World("a")
	if err := a.Freeze(ctx, time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	testclient.Onboard(t, f, f.URL, "a", "1")
	testclient.Onboard(t, f, f.URL, "a", "1")
	testclient.Onboard(t, f, f.URL, "b", "1")
	if err := a.Advance(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	answer, err := f.HTTP.Get(a.URL() + "/partner-liquidity-providers/nobody?x=1")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	for name, c := range map[string]struct {
		query client.Query
		want  string
	}{
		"all":       {client.Query{}, "a.1 POST 200 success false\na.2 POST 200 success true\na.3 GET 401 unauthenticated false\n"},
		"limit":     {client.Query{Limit: 1}, "a.1 POST 200 success false\n"},
		"operation": {client.Query{Operation: "partnerLiquidityProvider.get"}, "a.3 GET 401 unauthenticated false\n"},
		"outcome":   {client.Query{Outcome: "unauthenticated"}, "a.3 GET 401 unauthenticated false\n"},
		"status":    {client.Query{Status: 200, After: "a.1"}, "a.2 POST 200 success true\n"},
		"provider":  {client.Query{ProviderID: "nobody"}, "a.3 GET 401 unauthenticated false\n"},
		"time":      {client.Query{From: time.Date(2026, 2, 22, 16, 30, 0, 0, time.UTC)}, "a.3 GET 401 unauthenticated false\n"},
		"replayed":  {client.Query{Replayed: new(true)}, "a.2 POST 200 success true\n"},
		"new":       {client.Query{Replayed: new(false), Status: 200}, "a.1 POST 200 success false\n"},
		"no fault":  {client.Query{Fault: "none", Limit: 1}, "a.1 POST 200 success false\n"},
		"a fault":   {client.Query{Fault: "any"}, ""},
		"reason":    {client.Query{ReasonCode: "partner_liquidity_provider_invalid"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := a.Journal(ctx, c.query)
			if err != nil || short(found) != c.want || found.Total != 3 {
				t.Errorf("got\n%s%d held, %v, want\n%s", short(found), found.Total, err, c.want)
			}
			if n, err := a.Count(ctx, c.query); err != nil || n != found.Matched {
				t.Errorf("counted %d, %v, want %d", n, err, found.Matched)
			}
		})
	}
	all, err := a.Journal(ctx, client.Query{})
	if err != nil {
		t.Fatal(err)
	}
	first := all.Entries[0]
	if first.At.String() != "2026-02-22T16:00:00.000Z" || !strings.Contains(string(first.Body), `"legal_entity_name":"l"`) || !strings.Contains(string(first.Answer), "plp_000001") ||
		fmt.Sprint(first.Header["X-Partner-Key"], first.Header["Idempotency-Key"]) != "[[hidden]] [1]" {
		t.Errorf("got %+v", first)
	}
	if all.Entries[2].Path != "/partner-liquidity-providers/nobody?x=1" || all.Entries[2].Code != "UNAUTHORIZED" {
		t.Errorf("got %+v", all.Entries[2])
	}
	if journals := f.Journals(); !strings.Contains(journals, "world a, which had 3 requests:\n  a.1 POST /partner-liquidity-providers → 200 success\n") ||
		!strings.Contains(journals, "a.3 GET /partner-liquidity-providers/nobody?x=1 → 401 unauthenticated\n      sent     nothing\n") {
		t.Errorf("got\n%s", journals)
	}
	if err := a.ClearJournal(ctx); err != nil {
		t.Fatal(err)
	}
	if n, err := a.Count(ctx, client.Query{}); n != 0 || err != nil {
		t.Errorf("cleared: got %d, %v", n, err)
	}
	testclient.Onboard(t, f, f.URL, "a", "2")
	if err := a.Reset(ctx); err != nil {
		t.Fatal(err)
	}
	if n, err := a.Count(ctx, client.Query{}); n != 0 || err != nil {
		t.Errorf("reset: got %d, %v", n, err)
	}
}

func TestJournalWaits(t *testing.T) {
	waiting, over := make(chan struct{}), make(chan struct{})
	f := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) {
		o.Wait = func(ctx context.Context, long time.Duration) {
			waiting <- struct{}{}
			select {
			case <-over:
			case <-ctx.Done():
			}
		}
	})
	ctx := context.Background()
	a := f.Admin.World("a")
	done := make(chan error, 1)
	await := func() {
		_, err := a.Await(ctx, client.Query{Status: 200}, 2, time.Minute)
		done <- err
	}
	go await()
	<-waiting
	testclient.Onboard(t, f, f.URL, "a", "1")
	testclient.Onboard(t, f, f.URL, "a", "2")
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := a.ClearJournal(ctx); err != nil {
		t.Fatal(err)
	}
	testclient.Onboard(t, f, f.URL, "a", "3")
	go await()
	<-waiting
	over <- struct{}{}
	var wrong *client.Problem
	if err := <-done; !errors.As(err, &wrong) || wrong.Status != 408 || !strings.Contains(wrong.Detail, "1 of 2 requests matched within 1m0s") {
		t.Errorf("got %v", err)
	}

	// A wait ends when its world is deleted.
	go await()
	<-waiting
	if err := a.Delete(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.As(err, &wrong) || wrong.Status != 410 || !strings.Contains(wrong.Detail, "The world a was deleted during the wait: 1 of 2") {
		t.Errorf("got %v", err)
	}
}

func TestJournalRefuses(t *testing.T) {
	f := fakeservertest.StartInMemory(t)
	for query, want := range map[string]string{
		"operation=partnerLiquidityProvider.onbord":             `"nearest":"partnerLiquidityProvider.onboard"`,
		"outcome=rollout_bloked":                                `"nearest":"rollout_blocked"`,
		"reason_code=partner_liquidity_provider_rollout_bloked": `"nearest":"partner_liquidity_provider_rollout_blocked"`,
		"oparation=x":     `"nearest":"operation"`,
		"status=ok":       `is not a whole number`,
		"status=999":      `999 is not a status`,
		"fault=x":         `The query parameter fault: \"x\" is neither the id of a fault, such as f1, nor any or none`,
		"replayed=yes":    `The query parameter replayed: \"yes\" is neither true nor false`,
		"limit=0":         `limit must be 1 or more`,
		"limit=1&limit=2": `given 2 times`,
		"from=yesterday":  `from`,
		"after=default.9": `has no request default.9`,
		"n=1":             `There is no query parameter`,
		"operation=%zz":   `malformed`,
	} {
		answer, err := f.HTTP.Get(f.URL + "/_fake/worlds/default/journal?" + query)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode < 400 || answer.StatusCode > 404 || !strings.Contains(string(body), want) {
			t.Errorf("%s: got %s %s, want %s", query, answer.Status, body, want)
		}
	}
}

// Bytes that are no text are shown as U+FFFD, whatever part of a request has them, and break
// neither the journal nor an explanation.
func TestJournalOfBytes(t *testing.T) {
	f := fakeservertest.StartInMemory(t)
	answer := testclient.SendBytes(t, f, "POST", "/partner-liquidity-providers/%ff/status?q=\xff",
		"X-Name: M\xfcller\nX-Actor-Type: partner\nX-Actor-Id: a\xff\nX-Auth-Scopes: settlement:write \xff\nIdempotency-Key: k\xff", "b\xff")
	if answer == nil || answer.StatusCode != 400 {
		t.Fatalf("got %+v", answer)
	}
	found, err := f.Admin.World("default").Journal(context.Background(), client.Query{})
	if err != nil || len(found.Entries) != 1 {
		t.Fatalf("got %+v, %v", found, err)
	}
	e := found.Entries[0]
	if got, want := fmt.Sprint(e.Path, e.Header["X-Name"], e.Header["X-Actor-Id"], e.Header["Idempotency-Key"], string(e.Body), e.ProviderID),
		"/partner-liquidity-providers/%ff/status?q=\ufffd[M\ufffdller] [a\ufffd] [k\ufffd]b\ufffd\ufffd"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := f.Admin.Explain(context.Background(), e.RequestID); err != nil {
		t.Error(err)
	}
	for path, status := range map[string]int{"journal?after=%ff": 404, "journal/wait?after=%ff": 404, "journal?provider_id=%ff": 200} {
		r, err := http.NewRequest("GET", f.URL+"/_fake/worlds/default/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer, body := testclient.Send(t, f, r); answer.StatusCode != status {
			t.Errorf("%s: got %s %s", path, answer.Status, body)
		}
	}
}

// In key mode no part of an entry holds a key, wherever its client put it.
func TestJournalHidesKeys(t *testing.T) {
	const key = "lpk_canary_5d1f"
	f := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) {
		o.PartnerKeys = []fakeserver.PartnerKey{{Key: key, PartnerID: "amber", Scopes: []string{"settlement:read", "settlement:write"}}}
	})
	r, err := http.NewRequest("POST", f.URL+"/partner-liquidity-providers/"+key+"/status?key="+key+"&again=%6C"+key[1:], strings.NewReader(`{"`+key+`":1}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"X-Partner-Key": {key}, "Authorization": {"Bearer x" + key}, "X-Other": {"a", key + "b"}, "Idempotency-Key": {"k" + key}}
	answer, err := f.HTTP.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 404 {
		t.Errorf("got %s", answer.Status)
	}
	shown, err := f.HTTP.Get(f.URL + "/_fake/worlds/default/journal")
	if err != nil {
		t.Fatal(err)
	}
	defer shown.Body.Close()
	body, _ := io.ReadAll(shown.Body)
	if strings.Contains(string(body), key) || strings.Contains(string(body), key[1:]) || strings.Count(string(body), "[hidden]") < 8 {
		t.Errorf("got %s", body)
	}
	if strings.Contains(f.Journals(), key) {
		t.Errorf("got %s", f.Journals())
	}
}

// An explanation shows no key that its request had with the escapes of JSON, nor one that a
// provider has; it shows the rest.
func TestExplanationsHideKeys(t *testing.T) {
	const key = "lpk_canary_5d1f"
	f := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) {
		o.PartnerKeys = []fakeserver.PartnerKey{{Key: "other", PartnerID: "amber", Scopes: []string{"settlement:write"}}, {Key: key, PartnerID: "cobalt"}}
	})
	ctx := context.Background()
	send := func(path, body string) client.Explanation {
		t.Helper()
		r, err := http.NewRequest("POST", f.URL+"/partner-liquidity-providers"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"X-Partner-Key": {"other"}, "Idempotency-Key": {fmt.Sprint(path, len(body))}}
		answer, _ := testclient.Send(t, f, r)
		explanation, err := f.Admin.Explain(ctx, answer.Header.Get("X-Fake-Request-Id"))
		if err != nil {
			t.Fatal(err)
		}
		return explanation
	}
	const escaped = `lpk\u005fcanary_\u0035d1f`
	for name, explanation := range map[string]client.Explanation{
		"a body":     send("", `{"provider":{"legal_entity_name":"`+escaped+`","`+escaped+`":["shown"]}}`),
		"a provider": send("", `{"provider":{"provider_id":"p","owner_actor":{"type":"partner","id":"amber"},"external_provider_id":"`+escaped+`","legal_entity_name":"l","disclosure_text":"d","trust_contact_email":"a@b","segment_tier":"S1"}}`),
		"a gate":     send("/p/status", `{"status":{"status":"active","segment_tier":"S1","trust_safety_baseline_passed":false,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":0,"operator_note":"`+escaped+`"}}`),
	} {
		text := fmt.Sprintf("%+v", explanation)
		if strings.Contains(text, key) || strings.Contains(text, "u005f") || !strings.Contains(text, "[hidden]") {
			t.Errorf("%s: got %s", name, text)
		}
		if name == "a body" && !strings.Contains(text, "[shown]") {
			t.Errorf("%s: the rest of it is gone: %s", name, text)
		}
	}
}

// A key that is added later is hidden in earlier entries too.
func TestJournalHidesKeysAfterwards(t *testing.T) {
	const known, later = "lpk_canary_known", "lpk_canary_later"
	keys := []fakeserver.PartnerKey{{Key: known, PartnerID: "amber", Scopes: []string{"settlement:read", "settlement:write"}}}
	f := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) { o.PartnerKeys = keys })
	r, err := http.NewRequest("POST", f.URL+"/partner-liquidity-providers/"+later+"/status?key="+later+"&again=%6C"+later[1:], strings.NewReader(`{"`+later+`":1}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"X-Partner-Key": {known}, "X-Other": {"a", later + "b"}, "Idempotency-Key": {"k" + later}}
	testclient.Send(t, f, r)
	readers := map[string]func() string{"a failed test": f.Journals}
	for _, path := range []string{"/worlds/default/journal", "/worlds/default/journal/wait", "/explain/default.1"} {
		readers[path] = func() string {
			r, err := http.NewRequest("GET", f.URL+"/_fake"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, body := testclient.Send(t, f, r)
			return body
		}
	}
	for name, read := range readers {
		if shown := read(); !strings.Contains(shown, later) {
			t.Errorf("%s, of a text that is no key: got %s", name, shown)
		}
	}
	if err := f.ReplacePartnerKeys(append(keys, fakeserver.PartnerKey{Key: later, PartnerID: "cobalt"})); err != nil {
		t.Fatal(err)
	}
	for name, read := range readers {
		if shown := read(); strings.Contains(shown, later) || strings.Contains(shown, later[1:]) || !strings.Contains(shown, "[hidden]") {
			t.Errorf("%s, of a key: got %s", name, shown)
		}
	}
}
