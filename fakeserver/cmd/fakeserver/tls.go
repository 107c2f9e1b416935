package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"strings"
	"time"
)

// readTLS reads the certificate and its key, or makes them.
func (s *settings) readTLS() error {
	switch {
	case (s.tlsCert == "") != (s.tlsKey == ""):
		return errors.New("--tls-cert and --tls-key come together")
	case s.tlsCert != "" && s.tlsSelfSigned:
		return errors.New("--tls-self-signed makes a certificate, and --tls-cert names one: choose")
	case s.tlsSelfSignedOut != "" && !s.tlsSelfSigned:
		return errors.New("--tls-self-signed-out goes with --tls-self-signed")
	case s.tlsCert == "" && !s.tlsSelfSigned:
		return nil
	}
	var pair tls.Certificate
	var err error
	if s.tlsCert != "" {
		same := func(text []byte) ([]byte, error) { return text, nil }
		chain, err := readFile(s.named("tls-cert"), s.tlsCert, same)
		if err != nil {
			return err
		}
		key, err := readSecret(s.named("tls-key"), s.tlsKey, same)
		if err != nil {
			return err
		}
		if pair, err = tls.X509KeyPair(chain, key); err != nil {
			return fmt.Errorf("%s %s and %s %s: %w", s.named("tls-cert"), s.tlsCert, s.named("tls-key"), s.tlsKey, err)
		}
	} else {
		if pair, err = selfSigned(time.Now()); err != nil {
			return fmt.Errorf("%w: making a certificate: %w", errServing, err)
		}
		s.fingerprint = fingerprint(pair.Certificate[0])
	}
	s.options.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	return nil
}

// writeCertificate writes the certificate that was made, whole or not at all. It is
// called once the address is had, so that a start that fails leaves alone what the
// clients of another server trust.
func (s *settings) writeCertificate() error {
	if s.tlsSelfSignedOut == "" {
		return nil
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.options.TLS.Certificates[0].Certificate[0]})
	next := s.tlsSelfSignedOut + ".new"
	err := os.WriteFile(next, text, 0o644)
	if err == nil {
		err = os.Rename(next, s.tlsSelfSignedOut)
	}
	if err != nil {
		os.Remove(next)
		return fmt.Errorf("--tls-self-signed-out: %w", err)
	}
	return nil
}

// selfSigned makes a certificate for the names of loopback. It signs itself, so it is
// its own authority, and a client that is given it trusts nothing else by that. Its
// key is never written down.
func selfSigned(now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "fakeserver"},
		NotBefore:             now.Add(-time.Hour), // clocks differ
		NotAfter:              now.AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// fingerprint is the SHA-256 of a certificate as openssl and browsers show it.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}
