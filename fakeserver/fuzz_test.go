package fakeserver_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/testclient"
)

// record keeps the lines of a log.
type record struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (r *record) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines.Write(line)
}

// taken gives the lines, and forgets them.
func (r *record) taken() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.lines.Reset()
	return r.lines.String()
}

// hostile are the requests that the fuzz test begins with.
var hostile = []struct{ method, target, header, body string }{
	{"GET", "/partner-liquidity-providers/%ff", "", ""},
	{"GET", "/partner-liquidity-providers/\xff\xfe?\xff=\xfe&%ff=%fe", "X-Name: M\xfcller", ""},
	{"GET", "/partner-liquidity-providers/%EF%BF%BF", "X-Actor-Type: partner\nX-Actor-Id: \xef\xbf\xbf\nX-Auth-Scopes: settlement:read", ""},
	{"GET", "/partner-liquidity-providers/a", "X-Actor-Type: \xff\nX-Actor-Id: \xff\nX-Auth-Scopes: \xff", ""},
	{"GET", "/partner-liquidity-providers/a/rollout/export?limit=%ff&from_iso=\xff&cursor_after=%ff", "X-Actor-Type: partner\nX-Actor-Id: \xff\nX-Auth-Scopes: settlement:read", ""},
	{"GET", "/partner-liquidity-providers/a", "X-Actor-Type: partner\nX-Actor-Id: a\nX-Now-Iso: \xff\nX-Auth-Scopes: settlement:read \xff", ""},
	{"POST", "/partner-liquidity-providers", "X-Actor-Type: partner\nX-Actor-Id: \"{me}\\\nX-Auth-Scopes: settlement:write\nIdempotency-Key: \xff", "\xff\xfe"},
	{"POST", "/partner-liquidity-providers", "X-Actor-Type: partner\nX-Actor-Id: a\xff\nX-Auth-Scopes: settlement:write\nIdempotency-Key: \xff", `{"provider":{"owner_actor":{"type":"partner","id":"a"}}}`},
	{"POST", "/partner-liquidity-providers", "X-Actor-Type: partner\nX-Actor-Id: a\nX-Auth-Scopes: settlement:write\nIdempotency-Key: 1", strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000)},
	{"POST", "/partner-liquidity-providers", "X-Actor-Type: partner\nX-Actor-Id: a\nX-Auth-Scopes: settlement:write\nIdempotency-Key: 1", strings.Repeat("[", 9_998) + strings.Repeat("]", 9_998)},
	{"POST", "/partner-liquidity-providers", "X-Actor-Type: partner\nX-Actor-Id: a\nX-Auth-Scopes: settlement:write\nIdempotency-Key: 1", strings.Repeat(`{"provider":`, 8_999) + "{}" + strings.Repeat("}", 8_999)},
	{"POST", "/worlds/\xff/partner-liquidity-providers", "X-Fake-World: \xff", ""},
	{"\xff", "/\xff", "X-Fake-World: \xff", ""},
	{"PATCH", "/%ff/%EF%B7%90", "", ""},
	{"GET", "/_fake/\xff%ff%EF%BF%BE", "", ""},
	{"GET", "/_fake/worlds/%ff", "", ""},
	{"GET", "/_fake/worlds/default/journal?after=%ff", "", ""},
	{"GET", "/_fake/worlds/default/journal?%ff=%fe&\xff", "", ""},
	{"GET", "/_fake/worlds/default/journal?provider_id=%ff&operation=\xff", "", ""},
	{"GET", "/_fake/worlds/default/journal/wait?after=%ff", "", ""},
	{"GET", "/_fake/worlds/default/journal/wait?timeout=%ff&n=\xff", "", ""},
	{"GET", "/_fake/explain/%ff.1", "", ""},
	{"GET", "/_fake/explain/default.%ff", "", ""},
	{"GET", "/_fake/snapshots/%ff", "", ""},
	{"DELETE", "/_fake/worlds/default/faults/%ff", "", ""},
	{"PUT", "/_fake/worlds/default/seed", "Content-Type: \xff", "{}"},
	{"PUT", "/_fake/worlds/default/seed", "", "providers:\n - owner: !!binary /w==\n   provider_id: \"\\uFFFF\"\n"},
	{"PUT", "/_fake/worlds/default/seed", "", "clock: {mode: moved, by: !!float inf}\nproviders:\n - {owner: a, governance: {unresolved_critical_violations: !!float nan}}\n"},
	{"PUT", "/_fake/worlds/default/seed", "", "providers:\n - {owner: a, governance: {unresolved_critical_violations: !!float inf}}\n"},
	{"PUT", "/_fake/worlds/default/seed", "", strings.Repeat("[", 9_998) + strings.Repeat("]", 9_998)},
	{"PUT", "/_fake/worlds/default/clock", "", `{"mode": "\uffff"}`},
	{"PUT", "/_fake/worlds/default/clock", "", `{"mode":"frozen","at":"9999-12-31T23:59:59Z"}`},
	{"POST", "/_fake/worlds/default/clock/advance", "", `{"by":"2562047h"}`},
	{"PUT", "/_fake/worlds/default/clock", "", strings.Repeat(`{"mode":`, 9_998) + "1" + strings.Repeat("}", 9_998)},
	{"POST", "/_fake/worlds/default/snapshots", "", `{"name":"a"}`},
	{"PUT", "/_fake/snapshots/a", "", `{"format":"lpgate-fake-snapshot","version":1,"milestone":"M109","clock":{"mode":"real"},"state":` + strings.Repeat(`{"a":`, 9_000) + "1" + strings.Repeat("}", 9_001)},
	{"POST", "/_fake/worlds/default/faults", "", `{"operation":"partnerLiquidityProvider.get","answer":{"status":503,"code":"\u00ff"}}`},
}

// FuzzServer sends arbitrary bytes to the contract and to the admin API. No request ends
// in a panic or a logged error, each answer with a JSON media type is I-JSON, and
// afterwards the journal can be read and the request explained.
func FuzzServer(f *testing.F) {
	for _, seed := range hostile {
		f.Add(seed.method, seed.target, seed.header, seed.body)
	}
	f.Fuzz(func(t *testing.T, method, target, header, body string) {
		log := new(record)
		logger := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s := fakeservertest.StartInMemory(t, func(o *fakeserver.Options) {
			o.Log = logger
			o.Wait = func(context.Context, time.Duration) {}
		})
		// The request, and the same one to another world, in whose journal it then is twice.
		for _, extra := range []string{"", "X-Fake-World: other\n"} {
			answer := testclient.SendBytes(t, s, method, target, header+"\n"+extra, body)
			if answer == nil {
				continue
			}
			for _, name := range []string{"default", "other"} {
				journal := testclient.SendBytes(t, s, "GET", "/_fake/worlds/"+name+"/journal", "", "")
				if journal == nil || journal.StatusCode != 200 && journal.StatusCode != 404 {
					t.Errorf("the journal of %s cannot be read: %+v", name, journal)
				}
			}
			if id := answer.Header.Get("X-Fake-Request-Id"); id != "" {
				explained := testclient.SendBytes(t, s, "GET", "/_fake/explain/"+id, "", "")
				if explained == nil || explained.StatusCode != 200 {
					t.Errorf("the request %s cannot be explained: %+v", id, explained)
				}
			}
		}
		if journals := s.Journals(); !utf8.ValidString(journals) {
			t.Errorf("a failed test would print invalid UTF-8: %q", journals)
		}
		lines := log.taken()
		if !utf8.ValidString(lines) || strings.Contains(lines, `"level":"ERROR"`) || strings.Contains(lines, "panic") {
			t.Errorf("the log has %s", lines)
		}
	})
}
