package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cucumber/godog"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/runner/internal/run"
)

const milestone = "../milestones/M109.yaml"

// BenchmarkGate measures the built command as CI runs it, from its start to its
// exit code, with its artifacts on the disk, beside what cannot be left out: godog
// alone with as many scenarios of one step that does nothing, and then the
// same HTTP requests to a fake of their own, one after the other. It reports
//
//	built-ms      milliseconds of the command
//	processor-ms  milliseconds of processor time that it took
//	of-least      its time over the time of the least
//
// The two take turns, so that a busy machine slows both.
func BenchmarkGate(b *testing.B) {
	folder := b.TempDir()
	program, out := filepath.Join(folder, "runner"), filepath.Join(folder, "out")
	if text, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		b.Fatalf("building: %v\n%s", err, text)
	}
	requests, scenarios := captured(b, out)

	var built, processor, least time.Duration
	for b.Loop() {
		start := time.Now()
		command := exec.Command(program, milestone, "--out", out)
		if text, err := command.CombinedOutput(); err != nil {
			b.Fatalf("running: %v\n%s", err, text)
		}
		built += time.Since(start)
		processor += command.ProcessState.UserTime() + command.ProcessState.SystemTime()

		start = time.Now()
		godogAlone(b, scenarios)
		replay(b, requests)
		least += time.Since(start)
	}
	b.ReportMetric(float64(built.Milliseconds())/float64(b.N), "built-ms")
	b.ReportMetric(float64(processor.Milliseconds())/float64(b.N), "processor-ms")
	b.ReportMetric(built.Seconds()/least.Seconds(), "of-least")
	b.ReportMetric(float64(scenarios), "scenarios")
	b.ReportMetric(float64(len(requests)), "requests")
	b.ReportMetric(0, "ns/op")
}

// request is one that the gate sent.
type request struct {
	method, uri string
	header      http.Header
	body        []byte
}

// captured runs the gate once and keeps what it sends.
func captured(b *testing.B, out string) (requests []request, scenarios int) {
	b.Helper()
	var mu sync.Mutex
	result, err := run.Run(context.Background(), run.Config{
		Milestone: milestone, Out: out, Stdout: io.Discard,
		Wrap: func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					b.Error(err)
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
				mu.Lock()
				requests = append(requests, request{r.Method, r.RequestURI, r.Header.Clone(), body})
				mu.Unlock()
				h.ServeHTTP(w, r)
			})
		},
	})
	if err != nil || !result.Overall {
		b.Fatalf("the gate is red, exit code %d: %v %v", result.Exit, result.Reasons, err)
	}
	return requests, len(result.Results)
}

// godogAlone runs scenarios of one step that does nothing.
func godogAlone(b *testing.B, scenarios int) {
	b.Helper()
	var text strings.Builder
	text.WriteString("Feature: nothing\n")
	for i := range scenarios {
		fmt.Fprintf(&text, "  Scenario: %d\n    Given nothing\n", i)
	}
	ran := 0
	suite := godog.TestSuite{
		ScenarioInitializer: func(sc *godog.ScenarioContext) { sc.Step(`^nothing$`, func() error { ran++; return nil }) },
		Options: &godog.Options{
			Format: "progress", Output: io.Discard, Strict: true, Concurrency: 1,
			FeatureContents: []godog.Feature{{Name: "nothing.feature", Contents: []byte(text.String())}},
		},
	}
	if code := suite.Run(); code != 0 || ran != scenarios {
		b.Fatalf("godog ran %d of %d scenarios, exit code %d", ran, scenarios, code)
	}
}

// replay sends the requests to a fresh fake and reads every answer.
func replay(b *testing.B, requests []request) {
	b.Helper()
	fake, err := fakeserver.New(fakeserver.Options{})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(fake)
	defer server.Close()
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	for _, sent := range requests {
		r, err := http.NewRequest(sent.method, server.URL, bytes.NewReader(sent.body))
		if err != nil {
			b.Fatal(err)
		}
		r.URL.Opaque = "//" + r.URL.Host + sent.uri // as it was written
		r.Header = sent.header.Clone()
		answer, err := transport.RoundTrip(r)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			b.Fatal(err)
		}
		answer.Body.Close()
	}
}
