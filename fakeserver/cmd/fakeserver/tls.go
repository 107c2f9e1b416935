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

// readTLS reads the certificate and its key, or generates them.
func (s *settings) readTLS() error {
	switch {
	case (s.tlsCert == "") != (s.tlsKey == ""):
		return errors.New("--tls-cert and --tls-key must be given together")
	case s.tlsCert != "" && s.tlsSelfSigned:
		return errors.New("--tls-self-signed and --tls-cert exclude each other")
	case s.tlsSelfSignedOut != "" && !s.tlsSelfSigned:
		return errors.New("--tls-self-signed-out needs --tls-self-signed")
	case s.tlsCert == "" && !s.tlsSelfSigned:
		return nil
	}
	var pair tls.Certificate
	var err error
	if s.tlsCert != "" {
		unchanged := func(text []byte) ([]byte, error) { return text, nil }
		chain, err := readFile(s.source("tls-cert"), s.tlsCert, unchanged)
		if err != nil {
			return err
		}
		key, err := readSecret(s.source("tls-key"), s.tlsKey, unchanged)
		if err != nil {
			return err
		}
		if pair, err = tls.X509KeyPair(chain, key); err != nil {
			return fmt.Errorf("%s %s and %s %s: %w", s.source("tls-cert"), s.tlsCert, s.source("tls-key"), s.tlsKey, err)
		}
	} else {
		if pair, err = selfSigned(time.Now()); err != nil {
			return fmt.Errorf("%w: generating a certificate: %w", errServing, err)
		}
		s.fingerprint = fingerprint(pair.Certificate[0])
	}
	s.options.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	return nil
}

// writeCertificate writes the self-signed certificate, completely or not at all. It is
// called after the server listens, so that a failed start does not replace the
// certificate of a running server.
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

// selfSigned generates a certificate for the loopback names. It is its own authority, so
// a client that trusts it trusts no other certificate. Its key is not written to a file.
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
		NotBefore:             now.Add(-time.Hour), // clocks of clients may be slow
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

// fingerprint returns the SHA-256 of a certificate as openssl and browsers print it.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}
