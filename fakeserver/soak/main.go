// Command soak checks that the memory of the fake stops growing:
//
//	make soak
//	go run ./fakeserver/soak --for 20s
//
// It starts a server on the loopback interface and sends as many requests as it handles:
// all operations, new and repeated keys, pages of exports, in worlds that are created and
// deleted, whose clocks are moved, with limits that are reached within seconds. Every few
// seconds it waits for the requests in progress, runs the garbage collector and samples
// the heap, which includes its own small part.
//
// The samples in the second half of the time since the limit of records was reached may
// rise by a percentage per minute. An unexpected response, and a limit that was never
// reached, fail too.
//
// Exit codes: 0 the memory stopped growing, 1 it did not, 2 an error.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/internal/interrupt"
)

func main() {
	ctx := interrupt.Context(130, os.Interrupt, syscall.SIGTERM)
	s := soak{out: os.Stdout}
	cmd := &cobra.Command{
		Use:           "soak",
		Short:         "Check that the memory of the fake stops growing",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.DurationVar(&s.duration, "for", 2*time.Minute, "`DURATION` of the test")
	flags.DurationVar(&s.interval, "every", 3*time.Second, "interval `DURATION` between samples of the heap")
	flags.IntVar(&s.records, "max-records", 10_000, "maximum `COUNT` of records of the server")
	flags.IntVar(&s.clients, "clients", 8, "`COUNT` of concurrent requests")
	flags.Float64Var(&s.percent, "percent", 5, "maximum growth of the heap per minute, in `PERCENT`")
	err := cmd.ExecuteContext(ctx)
	switch {
	case errors.Is(err, errGrows):
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(2)
	}
}

// errGrows marks a failed test.
var errGrows = errors.New("the soak failed")

// soak is one run.
type soak struct {
	duration, interval time.Duration
	records, clients   int
	percent            float64
	out                io.Writer

	url  string
	http *http.Client

	pause    sync.RWMutex // locked for writing during a sample
	sent     atomic.Int64
	statuses sync.Map // int → *atomic.Int64
	samples  []sample
}

// sample is the heap in use at a time.
type sample struct {
	at   time.Duration
	heap uint64
	full bool // the limit of records was reached
}

func (s *soak) run(ctx context.Context) error {
	server, err := fakeserver.New(fakeserver.Options{
		MaxRecords: s.records, MaxWorlds: 20, WorldIdle: 2 * time.Second,
		JournalEntries: 20, // reached at once in a new world, so that its age makes no difference
		Log:            slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.url = "http://" + l.Addr().String()
	s.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: s.clients}, Timeout: time.Minute}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- server.Serve(serving, l, 10*time.Second) }()

	working, stopWorking := context.WithTimeout(ctx, s.duration)
	defer stopWorking()
	var group sync.WaitGroup
	failed := make(chan error, s.clients)
	for i := range s.clients {
		group.Go(func() {
			c := client{soak: s, random: rand.New(rand.NewPCG(109, uint64(i)))}
			if err := c.work(working); err != nil {
				failed <- err
				stopWorking()
			}
		})
	}
	err = s.watch(working)
	group.Wait()
	s.http.CloseIdleConnections()
	stop()
	err = cmp.Or(err, <-served, ctx.Err())
	select {
	case err = <-failed:
	default:
	}
	if err != nil {
		return err
	}
	return s.verdict()
}

// watch samples the heap until ctx is done.
func (s *soak) watch(ctx context.Context) error {
	began := time.Now()
	tick := time.NewTicker(s.interval)
	defer tick.Stop()
	fmt.Fprintf(s.out, "%8s %12s %10s %8s %10s\n", "seconds", "requests", "heap KiB", "worlds", "records")
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := s.sample(time.Since(began)); err != nil {
			return err
		}
	}
}

func (s *soak) sample(at time.Duration) error {
	s.pause.Lock()
	defer s.pause.Unlock()
	answer, err := s.http.Get(s.url + "/metrics")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	value := func(name string) []byte {
		found := regexp.MustCompile(`(?m)^` + name + ` (.*)$`).FindSubmatch(text)
		if found == nil {
			return []byte("?")
		}
		return found[1]
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	_, full := s.statuses.Load(http.StatusInsufficientStorage)
	s.samples = append(s.samples, sample{at, m.HeapInuse, full})
	fmt.Fprintf(s.out, "%8.0f %12d %10d %8s %10s\n", at.Seconds(), s.sent.Load(), m.HeapInuse>>10, value("fake_worlds"), value("fake_records"))
	return nil
}

// verdict returns an error if the heap still grows.
func (s *soak) verdict() error {
	statuses := map[int]int64{}
	s.statuses.Range(func(status, n any) bool { statuses[status.(int)] = n.(*atomic.Int64).Load(); return true })
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		fmt.Fprintf(s.out, "%d responses with %d %s\n", statuses[status], status, http.StatusText(status))
	}
	if statuses[http.StatusInsufficientStorage] == 0 || statuses[http.StatusServiceUnavailable] == 0 {
		return fmt.Errorf("%w: the limit of records or that of worlds was never reached", errGrows)
	}
	full := s.samples[slices.IndexFunc(s.samples, func(x sample) bool { return x.full })+1:]
	second := full[len(full)/2:]
	if len(second) < 3 {
		return fmt.Errorf("only %d samples in the second half of the time since the limits were reached: use a longer --for or a shorter --every", len(second))
	}
	rise := risePerMinute(second)
	fmt.Fprintf(s.out, "over the last %d samples the heap grows by %.2f %% per minute; the limit is %.0f %%\n", len(second), rise, s.percent)
	if rise > s.percent {
		return fmt.Errorf("%w: the heap still grows", errGrows)
	}
	return nil
}

// risePerMinute returns the slope of the regression line through samples, in percent of
// their mean.
func risePerMinute(samples []sample) float64 {
	var meanAt, meanHeap float64
	for _, x := range samples {
		meanAt += x.at.Minutes() / float64(len(samples))
		meanHeap += float64(x.heap) / float64(len(samples))
	}
	var product, square float64
	for _, x := range samples {
		at := x.at.Minutes() - meanAt
		product += at * (float64(x.heap) - meanHeap)
		square += at * at
	}
	return 100 * product / square / meanHeap
}

// client sends requests one after the other.
type client struct {
	*soak
	random *rand.Rand
}

func (c *client) work(ctx context.Context) error {
	for ctx.Err() == nil {
		c.pause.RLock()
		err := c.once()
		c.pause.RUnlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// requestsPerWorld is the number of requests of all clients after which a new world is used.
const requestsPerWorld = 2000

// once sends a random request to one of the worlds in use, or changes the world.
func (c *client) once() error {
	newest := int(c.sent.Load()) / requestsPerWorld
	world := fmt.Sprint("world-", newest+c.random.IntN(20))
	provider := fmt.Sprint("provider-", c.random.IntN(10))
	path := "/partner-liquidity-providers/" + provider
	tier := c.random.IntN(4)
	const baselines = `"trust_safety_baseline_passed":true,"reliability_baseline_passed":true,"audit_conformance_passed":true`
	switch n := c.random.IntN(10_000); {
	case n < 2:
		return c.admin("DELETE", world, "", "")
	case n < 4:
		return c.admin("POST", world, "/reset", "")
	case n < 8:
		return c.admin("POST", world, "/clock/advance", `{"by":"13h"}`)
	case n < 10:
		return c.admin("POST", world, "/clock/advance", `{"by":"-1d"}`)
	case n < 1500:
		_, err := c.send("POST", world, "/partner-liquidity-providers", fmt.Sprintf(`{"provider":{"provider_id":%q,"owner_actor":{"type":"partner","id":"amber"},"external_provider_id":"e","legal_entity_name":"l","disclosure_text":"d","trust_contact_email":"a@b","segment_tier":"S%d"}}`, provider, tier))
		return err
	case n < 3000:
		_, err := c.send("POST", world, path+"/status", fmt.Sprintf(`{"status":{"status":"active","segment_tier":"S%d",%s,"unresolved_critical_violations":%d}}`, tier, baselines, c.random.IntN(2)))
		return err
	case n < 5000:
		_, err := c.send("POST", world, path+"/eligibility/evaluate", fmt.Sprintf(`{"eligibility":{"requested_segment_tier":"S%d",%s,"unresolved_critical_violations":0,"consecutive_compliant_windows":2,"capability_family":"core"}}`, tier, baselines))
		return err
	case n < 6000:
		_, err := c.send("POST", world, path+"/rollout", fmt.Sprintf(`{"rollout":{"rollout_status":"paused","effective_segment_tier":"S%d","capability_matrix":[{"capability":"c","min_segment_tier":"S0","enabled":true}]}}`, tier))
		return err
	case n < 6500:
		_, err := c.send("POST", world, path+"/status", `{"status":`) // not JSON
		return err
	case n < 8500:
		_, err := c.send("GET", world, path, "")
		return err
	}
	page := path + "/rollout/export?limit=" + strconv.Itoa(1+c.random.IntN(20))
	text, err := c.send("GET", world, page, "")
	if err != nil || len(text) == 0 {
		return err
	}
	var shown struct {
		Export struct {
			NextCursor  string `json:"next_cursor"`
			Attestation struct {
				ChainHash string `json:"chain_hash"`
			} `json:"attestation"`
			Checkpoint struct {
				Hash string `json:"checkpoint_hash"`
			} `json:"checkpoint"`
		} `json:"export"`
	}
	if err := json.Unmarshal(text, &shown); err != nil {
		return fmt.Errorf("reading an export: %w", err)
	}
	if e := shown.Export; e.NextCursor != "" {
		next := url.Values{"cursor_after": {e.NextCursor}, "attestation_after": {e.Attestation.ChainHash}, "checkpoint_after": {e.Checkpoint.Hash}}
		_, err = c.send("GET", world, page+"&"+next.Encode(), "")
	}
	return err
}

// send sends a request of the contract and returns the body of a success.
func (c *client) send(method, world, path, body string) ([]byte, error) {
	r, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = http.Header{
		"X-Fake-World": {world}, "X-Partner-Key": {"amber"}, "X-Auth-Scopes": {"settlement:read,settlement:write"},
		"Idempotency-Key": {strconv.Itoa(c.random.IntN(5000))}, // some are repeated
	}
	return c.do(r)
}

// admin sends a request to the admin API.
func (c *client) admin(method, world, what, body string) error {
	r, err := http.NewRequest(method, c.url+"/_fake/worlds/"+world+what, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	_, err = c.do(r)
	return err
}

// expected are the statuses of these requests. 503 is the limit of worlds, and 507 that of
// records.
var expected = []int{200, 204, 400, 404, 409, 503, 507}

func (c *client) do(r *http.Request) ([]byte, error) {
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	c.sent.Add(1)
	n, _ := c.statuses.LoadOrStore(answer.StatusCode, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
	if !slices.Contains(expected, answer.StatusCode) {
		return nil, fmt.Errorf("%s %s: unexpected response %s: %s", r.Method, r.URL.Path, answer.Status, body)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, nil
	}
	return body, nil
}
