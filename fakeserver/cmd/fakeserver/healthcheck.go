package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// errUnhealthy marks a server that does not answer as it should.
var errUnhealthy = errors.New("not healthy")

// probeTime is how long a server may take to say that it is there.
const probeTime = 5 * time.Second

// healthcheck is the command for the probe of a container, which has no curl.
func healthcheck(s *settings) *cobra.Command {
	var at string
	var t trust
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask a server whether it is there: exit code 0, or 1",
		Long: `Ask a server whether it is there: exit code 0 when it answers /healthz by the
contract, 1 when it does not.

The server is that of the same settings, so that a container's probe needs none of
its own, or the one at --url. Of the same settings, the certificate is trusted that
--tls-cert or --tls-self-signed-out names.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			at, config, err := s.reach(at, &t)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), probeTime)
			defer cancel()
			if err := probe(ctx, at+"/healthz", config); err != nil {
				return fmt.Errorf("%w: %w", errUnhealthy, err)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&at, "url", "", "`URL` of the server (default: by --addr, and https with TLS)")
	t.add(flags)
	return cmd
}

// server is the base URL that --url names, or when that is "" the one of the server of
// these settings; it has no slash at its end.
func (s *settings) server(at string) (string, error) {
	if at == "" {
		return s.url()
	}
	if u, err := url.Parse(at); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("--url %s: write http://HOST:PORT, or https", at)
	}
	return strings.TrimSuffix(at, "/"), nil
}

// reach is where the server is, and whom to trust there: of the server of these settings
// the certificate that they name, unless another one is asked for.
func (s *settings) reach(at string, t *trust) (string, *tls.Config, error) {
	if s.insecure && s.named("insecure") == "--insecure" { // and not a variable that the server has too
		return "", nil, fmt.Errorf("--insecure is a setting of the server, which says whom it lets in: to verify no certificate say --%s", skipVerify)
	}
	url, err := s.server(at)
	if err != nil {
		return "", nil, err
	}
	name := "cacert"
	if at == "" && t.authority == "" && !t.skip {
		if t.authority, name = s.tlsCert, "tls-cert"; t.authority == "" {
			t.authority, name = s.tlsSelfSignedOut, "tls-self-signed-out"
		}
	}
	config := &tls.Config{InsecureSkipVerify: t.skip}
	if t.authority != "" {
		config.RootCAs, err = readFile(s.named(name), t.authority, certificates)
	}
	return url, config, err
}

// url is where the server of these settings is.
func (s *settings) url() (string, error) {
	_, port, err := net.SplitHostPort(s.addr)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s %s: write HOST:PORT, such as 127.0.0.1:8109", s.named("addr"), s.addr)
	case port == "0":
		return "", fmt.Errorf("%s %s is any free port: say which one with --url", s.named("addr"), s.addr)
	case s.tlsCert != "" || s.tlsSelfSigned:
		return "https://" + reachable(s.addr), nil
	}
	return "http://" + reachable(s.addr), nil
}

// skipVerify is the flag of a client that verifies no certificate.
const skipVerify = "insecure-skip-verify"

// trust says whose certificates a client takes for the server's.
type trust struct {
	authority string
	skip      bool
}

// add adds the flags. The one that verifies nothing is no --insecure, as in curl: that
// is the server's setting, which says whom it lets in.
func (t *trust) add(flags *pflag.FlagSet) {
	flags.StringVar(&t.authority, "cacert", "", "trust the certificates in a PEM `FILE`, and no others")
	flags.BoolVar(&t.skip, skipVerify, false, "do not verify the server's certificate")
}

// curl is the same as flags of curl.
func (t *trust) curl() (flags []string) {
	if t.authority != "" {
		flags = append(flags, "--cacert", t.authority)
	}
	if t.skip {
		flags = append(flags, "--insecure")
	}
	return flags
}

// certificates reads those that are trusted.
func certificates(text []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("there is no certificate: it begins with -----BEGIN CERTIFICATE-----")
	}
	return pool, nil
}

// probe asks once, without a proxy between, and follows nothing.
func probe(ctx context.Context, at string, trust *tls.Config) error {
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	r, err := http.NewRequestWithContext(ctx, "GET", at, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if err != nil {
		return fmt.Errorf("GET %s: %w", at, err)
	}
	var health struct {
		CorrelationID string `json:"correlation_id"`
		OK            bool   `json:"ok"`
	}
	err = json.Unmarshal(body, &health)
	if answer.StatusCode != http.StatusOK || err != nil || !health.OK || health.CorrelationID == "" || health.CorrelationID != answer.Header.Get("X-Correlation-Id") {
		return fmt.Errorf("GET %s: status %d, %.200q", at, answer.StatusCode, body)
	}
	return nil
}
