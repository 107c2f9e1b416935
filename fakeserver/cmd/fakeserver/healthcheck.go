package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// errUnhealthy marks a server whose health response is missing or wrong.
var errUnhealthy = errors.New("not healthy")

// healthTimeout is how long the server may take to respond.
const healthTimeout = 5 * time.Second

// healthcheckCommand is the probe for a container, which has no curl.
func healthcheckCommand(s *settings) *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Check the health of a server",
		Long: `Check the health of a server: the exit code is 0 if GET /healthz responds as the
contract requires, else 1.

The server is the one with the same settings, so that the probe of a container needs
none of its own, or the one at --url. With the same settings, the certificate in
--tls-cert or --tls-self-signed-out is trusted.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, config, err := s.connect(&f)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), healthTimeout)
			defer cancel()
			if err := checkHealth(ctx, url+"/healthz", config); err != nil {
				return fmt.Errorf("%w: %w", errUnhealthy, err)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	f.registerURL(flags)
	f.registerTrust(flags)
	return cmd
}

// checkHealth sends one request and checks the response.
func checkHealth(ctx context.Context, url string, config *tls.Config) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := newClient(config).Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return fmt.Errorf("GET %s: %w", url, err)
	}
	var health struct {
		CorrelationID string `json:"correlation_id"`
		OK            bool   `json:"ok"`
	}
	err = json.Unmarshal(body, &health)
	if response.StatusCode != http.StatusOK || err != nil || !health.OK || health.CorrelationID == "" || health.CorrelationID != response.Header.Get("X-Correlation-Id") {
		return fmt.Errorf("GET %s: status %d, %.200q", url, response.StatusCode, body)
	}
	return nil
}
