package service

import (
	"context"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"example.com/lpgate/fixtures"
	"example.com/lpgate/runner/internal/record"
)

// A server of one scenario ends with it, and its state stays.
func TestServersEndWithTheirScenario(t *testing.T) {
	fakes := NewFakes(fixtures.FS, nil, new(record.Secrets))
	defer fakes.Close()
	ctx, ended := context.WithCancel(t.Context())
	url, err := fakes.URL(ctx, []string{freshState})
	if err != nil {
		t.Fatal(err)
	}
	shared, err := fakes.URL(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	ended()
	<-fakes.started[0].ended
	if response, err := http.Get(url + "/healthz"); err == nil {
		response.Body.Close()
		t.Error("it still answers")
	}
	if response, err = http.Get(shared + "/healthz"); err != nil {
		t.Errorf("one that scenarios share has ended: %v", err)
	} else {
		response.Body.Close()
	}
	if state := string(fakes.AppendState([]byte("["))); !strings.Contains(state, `{"needs":["fresh-state"],"state":{`) || strings.Count(state, `"needs"`) != 2 {
		t.Errorf("the state is %s", state)
	}
}

// lacking is a listener that has no descriptor for a connection.
type lacking struct{ net.Listener }

func (lacking) Accept() (net.Conn, error) { return nil, syscall.EMFILE }

func TestALackIsNoted(t *testing.T) {
	fakes := NewFakes(fixtures.FS, nil, new(record.Secrets))
	defer fakes.Close()
	if err := fakes.Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := (watched{lacking{}, fakes}).Accept(); err == nil || record.Exhausted(fakes.Err()) == "" {
		t.Errorf("got %v, noted %v", err, fakes.Err())
	}
}
