package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/pflag"
)

// clientFlags are the flags of the commands that call a server.
type clientFlags struct {
	url     string
	cacert  string
	noCheck bool
}

// skipVerify is named differently from curl's --insecure, because --insecure is a setting
// of the server.
const skipVerify = "insecure-skip-verify"

// registerURL adds --url.
func (f *clientFlags) registerURL(flags *pflag.FlagSet) {
	flags.StringVar(&f.url, "url", "", "`URL` of the server (default: --addr, with https if TLS is on)")
}

// registerTrust adds the flags about the server's certificate.
func (f *clientFlags) registerTrust(flags *pflag.FlagSet) {
	flags.StringVar(&f.cacert, "cacert", "", "trust only the certificates in this PEM `FILE`")
	flags.BoolVar(&f.noCheck, skipVerify, false, "do not verify the server's certificate")
}

// curl returns the flags about the certificate as flags of curl.
func (f *clientFlags) curl() (flags []string) {
	if f.cacert != "" {
		flags = append(flags, "--cacert", f.cacert)
	}
	if f.noCheck {
		flags = append(flags, "--insecure")
	}
	return flags
}

// connect returns the base URL of the server and how its certificate is verified. Without
// --url the server is the one that these settings describe, with the certificate that
// they name.
func (s *settings) connect(f *clientFlags) (string, *tls.Config, error) {
	if s.insecure && s.source("insecure") == "--insecure" { // and not a variable that is set for the server
		return "", nil, fmt.Errorf("--insecure is a setting of the server: use --%s to skip the verification of its certificate", skipVerify)
	}
	base, err := s.serverURL(f.url)
	if err != nil {
		return "", nil, err
	}
	name := "cacert"
	if f.url == "" && f.cacert == "" && !f.noCheck {
		if f.cacert, name = s.tlsCert, "tls-cert"; f.cacert == "" {
			f.cacert, name = s.tlsSelfSignedOut, "tls-self-signed-out"
		}
	}
	config := &tls.Config{InsecureSkipVerify: f.noCheck}
	if f.cacert != "" {
		config.RootCAs, err = readFile(s.source(name), f.cacert, readCertificates)
	}
	return base, config, err
}

// serverURL returns the base URL without a slash at its end: the given one, or that of
// the server of these settings.
func (s *settings) serverURL(given string) (string, error) {
	if given != "" {
		if u, err := url.Parse(given); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return "", fmt.Errorf("--url %s: write http://HOST:PORT or https://HOST:PORT", given)
		}
		return strings.TrimSuffix(given, "/"), nil
	}
	_, port, err := net.SplitHostPort(s.addr)
	switch {
	case err != nil:
		return "", s.addrError()
	case port == "0":
		return "", fmt.Errorf("%s %s is any free port: name the server with --url", s.source("addr"), s.addr)
	case s.tlsCert != "" || s.tlsSelfSigned:
		return "https://" + reachable(s.addr), nil
	}
	return "http://" + reachable(s.addr), nil
}

// readCertificates reads PEM certificates.
func readCertificates(text []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("the file has no PEM certificate, which begins with -----BEGIN CERTIFICATE-----")
	}
	return pool, nil
}

// newClient returns an HTTP client without proxy, redirects and kept connections.
func newClient(config *tls.Config) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
