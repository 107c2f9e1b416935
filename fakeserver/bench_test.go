package fakeserver

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/lpgate/fakeserver/internal/rules"
)

// The benchmarks here measure ratios. Each round drives two servers in turn over
// real connections, so that a slow or busy machine slows both alike:
//
//	of-bare      requests per second of the fake, over those of a bare handler that
//	             does only what cannot be left out, with net/http and encoding/json
//	much/little  the same of a full fake over an almost empty one
//
// Run them with
//
//	make bench
const (
	batch   = 2000 // requests per side and round
	clients = 4    // connections
)

const (
	onboardBody  = `{"provider":{"owner_actor":{"type":"partner","id":"amber"},"external_provider_id":"ext-1","legal_entity_name":"Amber Liquidity Ltd","disclosure_text":"Amber provides liquidity.","trust_contact_email":"trust@amber.example","segment_tier":"S1"%s}}`
	evaluateBody = `{"eligibility":{"requested_segment_tier":"S2","trust_safety_baseline_passed":true,"reliability_baseline_passed":true,"audit_conformance_passed":true,"unresolved_critical_violations":0,"consecutive_compliant_windows":2,"capability_family":"advanced"}}`
	measured     = "/partner-liquidity-providers/measured"
)

func BenchmarkGet(b *testing.B) {
	request := func() []byte { return wire("GET", measured, "", "") }
	answer := recorded(b, filled(b, 1, 1), "GET", measured, "", "")
	bare := func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json; charset=utf-8"}
		w.Write(answer)
	}
	b.Run("bare", func(b *testing.B) { compare(b, "of-bare", http.HandlerFunc(bare), filled(b, 1, 100), request) })
	b.Run("providers=100,000", func(b *testing.B) { compare(b, "much/little", filled(b, 100, 1), filled(b, 100_000, 1), request) })
	b.Run("entries=1,000,000", func(b *testing.B) { compare(b, "much/little", filled(b, 1, 100), filled(b, 1, 1_000_000), request) })
}

func BenchmarkPost(b *testing.B) {
	var key atomic.Int64
	request := func() []byte {
		return wire("POST", measured+"/eligibility/evaluate", "measured-"+strconv.FormatInt(key.Add(1), 10), evaluateBody)
	}
	answer := recorded(b, filled(b, 1, 1), "POST", measured+"/eligibility/evaluate", "k", evaluateBody)
	var shown struct {
		CorrelationID string            `json:"correlation_id"`
		ProviderID    string            `json:"provider_id"`
		Eligibility   rules.Eligibility `json:"eligibility"`
	}
	if err := json.Unmarshal(answer, &shown); err != nil {
		b.Fatal(err)
	}
	bare := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var command rules.Evaluate
		if err := json.Unmarshal(body, &command); err != nil {
			b.Error(err)
		}
		text, _ := json.Marshal(shown)
		w.Header()["Content-Type"] = []string{"application/json; charset=utf-8"}
		w.Write(text)
	}
	b.Run("bare", func(b *testing.B) { compare(b, "of-bare", http.HandlerFunc(bare), filled(b, 1, 100), request) })
	b.Run("providers=100,000", func(b *testing.B) { compare(b, "much/little", filled(b, 100, 1), filled(b, 100_000, 1), request) })
	b.Run("entries=1,000,000", func(b *testing.B) { compare(b, "much/little", filled(b, 1, 100), filled(b, 1, 1_000_000), request) })
}

func BenchmarkExport(b *testing.B) {
	path := measured + "/rollout/export?limit=50"
	request := func() []byte { return wire("GET", path, "", "") }
	answer := recorded(b, filled(b, 1, 100), "GET", path, "", "")
	type entry struct {
		AuditID     string      `json:"audit_id"`
		ProviderID  string      `json:"provider_id"`
		EventType   string      `json:"event_type"`
		RecordedAt  string      `json:"recorded_at"`
		Actor       rules.Actor `json:"actor"`
		ReasonCodes []string    `json:"reason_codes"`
		Details     any         `json:"details"`
	}
	type export struct {
		Entries       []entry        `json:"entries"`
		TotalFiltered int            `json:"total_filtered"`
		NextCursor    string         `json:"next_cursor"`
		Query         map[string]any `json:"query"`
		ExportedAt    string         `json:"exported_at"`
		ExportHash    string         `json:"export_hash"`
		Signature     string         `json:"signature"`
	}
	var shown struct {
		CorrelationID string `json:"correlation_id"`
		ProviderID    string `json:"provider_id"`
		Export        export `json:"export"`
	}
	if err := json.Unmarshal(bytes.Replace(answer, []byte(`"signature":{`), []byte(`"signature":"","was":{`), 1), &shown); err != nil {
		b.Fatal(err)
	}
	// Details decode as maps, which are slow to encode; the fake's own are structs.
	for i := range shown.Export.Entries {
		shown.Export.Entries[i].Details = rules.Eligibility{ReasonCodes: []string{}, EvaluationID: "plpelig_a95776d6e33c15cf", Verdict: "allow"}
	}
	signing := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	bare := func(w http.ResponseWriter, r *http.Request) {
		page := shown
		text, _ := json.Marshal(page.Export)
		sum := sha256.Sum256(text)
		page.Export.ExportHash = hex.EncodeToString(sum[:])
		page.Export.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(signing, text))
		text, _ = json.Marshal(page)
		w.Header()["Content-Type"] = []string{"application/json; charset=utf-8"}
		w.Write(text)
	}
	b.Run("bare", func(b *testing.B) { compare(b, "of-bare", http.HandlerFunc(bare), filled(b, 1, 100), request) })
	b.Run("providers=100,000", func(b *testing.B) { compare(b, "much/little", filled(b, 100, 100), filled(b, 100_000, 100), request) })
	b.Run("entries=1,000,000", func(b *testing.B) { compare(b, "much/little", filled(b, 1, 100), filled(b, 1, 1_000_000), request) })
}

// BenchmarkMemory measures what is held, not how fast it came there. Each figure is
// the heap that so many more take, over their number:
//
//	B/provider    a provider as onboarded, and the entry of that
//	B/entry       an audit entry, of an evaluation
//	B/answer      an answer that is kept for its idempotency key, of an evaluation
//	B/checkpoint  the checkpoint of an exported page
func BenchmarkMemory(b *testing.B) {
	const many = 20_000
	now := time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)
	for b.Loop() {
		s, err := New(Options{Clock: func() time.Time { return now }})
		if err != nil {
			b.Fatal(err)
		}
		post := func(path, key, body string) { recorded(b, s, "POST", path, key, body) }
		// expire lets all answers expire; the next new key finds them so.
		expire := func(key string) {
			now = now.Add(25 * time.Hour)
			post(measured+"/eligibility/evaluate", key, evaluateBody)
		}
		var before float64
		each := func() float64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			grown := float64(m.HeapAlloc) - before
			before = float64(m.HeapAlloc)
			return grown / many
		}
		post("/partner-liquidity-providers", "first", fmt.Sprintf(onboardBody, `,"provider_id":"measured"`))
		expire("after the first")
		each()
		for i := range many {
			post("/partner-liquidity-providers", fmt.Sprint("provider-", i), fmt.Sprintf(onboardBody, ""))
		}
		expire("after the providers")
		b.ReportMetric(each(), "B/provider")
		for i := range many {
			post(measured+"/eligibility/evaluate", fmt.Sprint("entry-", i), evaluateBody)
		}
		both := each()
		expire("after the entries")
		answers := -each()
		b.ReportMetric(both-answers, "B/entry")
		b.ReportMetric(answers, "B/answer")
		for i := range many {
			recorded(b, s, "GET", fmt.Sprintf("%s/rollout/export?limit=1&from_iso=2026-01-01T00:00:%02d.%03dZ", measured, i/1000, i%1000), "", "")
		}
		b.ReportMetric(each(), "B/checkpoint")
		runtime.KeepAlive(s)
	}
	b.ReportMetric(0, "ns/op")
}

// compare drives one and other in turn, once a round. It reports the requests per
// second of other, and under the name of ratio these over those of one.
func compare(b *testing.B, ratio string, one, other http.Handler, request func() []byte) {
	sides := []*side{newSide(b, one), newSide(b, other)}
	for _, s := range sides {
		defer s.stop()
		s.drive(b, request) // warm up
		s.spent = 0
	}
	runtime.GC()
	b.ResetTimer()
	for b.Loop() {
		for _, s := range sides {
			s.drive(b, request)
		}
	}
	perSecond := func(s *side) float64 { return float64(b.N) * batch / s.spent.Seconds() }
	b.ReportMetric(perSecond(sides[1]), "req/s")
	b.ReportMetric(perSecond(sides[1])/perSecond(sides[0]), ratio)
	b.ReportMetric(0, "ns/op")
}

// side is a server and the connections that drive it.
type side struct {
	server *http.Server
	conns  []net.Conn
	spent  time.Duration
}

func newSide(b *testing.B, h http.Handler) *side {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &side{server: &http.Server{Handler: h}}
	go s.server.Serve(l)
	for range clients {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		s.conns = append(s.conns, conn)
	}
	return s
}

func (s *side) stop() {
	for _, conn := range s.conns {
		conn.Close()
	}
	s.server.Close()
}

// drive sends a batch. The client does as little as it can, for what it spends is
// the same on all sides and would flatter the slower one.
func (s *side) drive(b *testing.B, request func() []byte) {
	requests := make([][]byte, batch)
	for i := range requests {
		requests[i] = request()
	}
	var group sync.WaitGroup
	start := time.Now()
	for i, conn := range s.conns {
		group.Go(func() {
			reader := bufio.NewReaderSize(conn, 64<<10)
			for n := i; n < batch; n += clients {
				if _, err := conn.Write(requests[n]); err != nil {
					b.Error(err)
					return
				}
				if err := readOK(reader); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	s.spent += time.Since(start)
}

// readOK reads one answer and demands a 200.
func readOK(r *bufio.Reader) error {
	length := 0
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			return fmt.Errorf("answered %q", line)
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
		if bytes.HasPrefix(line, []byte("Transfer-Encoding: chunked")) {
			return discardChunks(r)
		}
		if len(line) == 2 {
			_, err := r.Discard(length)
			return err
		}
	}
}

// discardChunks reads the rest of the header and a chunked body (RFC 9112, 7.1).
func discardChunks(r *bufio.Reader) error {
	for line := "x"; line != "\r\n"; {
		var err error
		if line, err = r.ReadString('\n'); err != nil {
			return err
		}
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(line), 16, 32)
		if err != nil {
			return err
		}
		if _, err := r.Discard(int(size) + 2); err != nil || size == 0 {
			return err
		}
	}
}

// wire writes a request as it goes over a connection.
func wire(method, path, key, body string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: localhost\r\nX-Actor-Type: partner\r\nX-Actor-Id: amber\r\nX-Auth-Scopes: settlement:read,settlement:write\r\n", method, path)
	if method == "POST" {
		fmt.Fprintf(&b, "Idempotency-Key: %s\r\nContent-Length: %d\r\n", key, len(body))
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}

// BenchmarkBegin creates worlds one after the other, with a seed whose times are relative
// to the clock, and with one whose times are fixed. Relative times are evaluated again in
// each second.
//
//	worlds/s   with fixed times
//	ago/fixed  ratio of worlds with relative times to worlds with fixed ones
func BenchmarkBegin(b *testing.B) {
	for _, providers := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint("providers=", providers), func(b *testing.B) {
			begin := func(at string) func(time.Duration) float64 {
				row := fmt.Sprintf("- {owner: acme, tier: S2, status: active, onboarded: {at: %[1]s, tier: S1}, governance: {at: %[1]s}, last_evaluation: {at: %[1]s}, rollout: {at: %[1]s, capabilities: [{capability: quote}]}}\n", at)
				seed, err := ReadSeed("seed", []byte("providers:\n"+strings.Repeat(row, providers)))
				if err != nil {
					b.Fatal(err)
				}
				s, err := New(Options{Seed: seed})
				if err != nil {
					b.Fatal(err)
				}
				return func(long time.Duration) float64 {
					n, began := 0, time.Now()
					for ; n == 0 || time.Since(began) < long; n++ {
						recorded(b, s, "POST", "/_fake/worlds/begins/reset", "", "")
					}
					return float64(n) / time.Since(began).Seconds()
				}
			}
			fixed, ago := begin("2026-01-01T00:00:00Z"), begin("3d ago")
			var of, with float64
			for b.Loop() {
				of, with = of+fixed(2*time.Second), with+ago(2*time.Second)
			}
			b.ReportMetric(of/float64(b.N), "worlds/s")
			b.ReportMetric(with/of, "ago/fixed")
		})
	}
}

// recorded gives the body of one answer.
func recorded(b *testing.B, h http.Handler, method, path, key, body string) []byte {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire(method, path, key, body))))
	if err != nil {
		b.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// filled gives a fake with so many providers, one of them measured, and so many
// audit entries of that one.
func filled(b *testing.B, providers, entries int) *Server {
	b.Helper()
	s, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	recorded(b, s, "POST", "/partner-liquidity-providers", "first", fmt.Sprintf(onboardBody, `,"provider_id":"measured"`))
	for i := 1; i < providers; i++ {
		recorded(b, s, "POST", "/partner-liquidity-providers", fmt.Sprint("other-", i), fmt.Sprintf(onboardBody, ""))
	}
	for i := 1; i < entries; i++ {
		recorded(b, s, "POST", measured+"/eligibility/evaluate", fmt.Sprint("entry-", i), evaluateBody)
	}
	return s
}
