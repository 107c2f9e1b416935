package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/internal/textfile"
)

// readKeys reads the files of keys and of the admin token.
func (s *settings) readKeys() error {
	if (s.signingKey == "") != (s.signingKeyID == "") {
		return errors.New("--signing-key and --signing-key-id must be given together")
	}
	if s.signingKey != "" {
		private, err := readSecret(s.source("signing-key"), s.signingKey, fakeserver.ReadSigningKey)
		if err != nil {
			return err
		}
		s.options.SigningKey = &fakeserver.SigningKey{ID: s.signingKeyID, Private: private}
	}
	for _, pair := range s.verifyOnly {
		id, file, ok := strings.Cut(pair, "=")
		if !ok || id == "" {
			return fmt.Errorf("%s: write ID=FILE", s.source("verify-only-key")) // the value may be a key
		}
		key, err := readSecret(s.source("verify-only-key"), file, fakeserver.ReadPublicKey)
		if err != nil {
			return err
		}
		s.options.VerifyOnlyKeys = append(s.options.VerifyOnlyKeys, fakeserver.PublicKey{ID: id, Key: key})
	}
	var err error
	if s.partnerKeys != "" {
		if s.options.PartnerKeys, err = readSecret(s.source("partner-keys"), s.partnerKeys, fakeserver.ReadPartnerKeys); err != nil {
			return err
		}
	}
	if s.adminToken != "" {
		for _, off := range []struct {
			name string
			on   bool
		}{{"no-admin-api", s.options.NoAdminAPI}, {"contract-only", s.options.ContractOnly}} {
			if off.on {
				return fmt.Errorf("%s and %s contradict each other: the admin API is off", s.source("admin-token-file"), s.source(off.name))
			}
		}
		if s.options.AdminToken, err = readSecret(s.source("admin-token-file"), s.adminToken, readToken); err != nil {
			return err
		}
	}
	return nil
}

// readFile reads the file of a setting. The error names the setting, the file and the line.
func readFile[T any](flag, file string, read func([]byte) (T, error)) (T, error) {
	text, err := textfile.Read(file)
	var value T
	if err == nil {
		value, err = read(text)
	}
	var line *fakeserver.LineError
	var notText *textfile.Error
	switch {
	case errors.As(err, &notText): // it has the name of the file
		return value, fmt.Errorf("%s %w", flag, err)
	case errors.As(err, &line):
		return value, fmt.Errorf("%s %s:%d: %w", flag, file, line.Line, line.Err)
	case err != nil:
		return value, fmt.Errorf("%s %s: %w", flag, file, err)
	}
	return value, nil
}

// readSecret is readFile for a file with a key or a token. A user may give the secret
// itself instead of the name of its file, so a name without a file is not printed.
func readSecret[T any](flag, file string, read func([]byte) (T, error)) (T, error) {
	if _, err := os.Stat(file); err != nil {
		var value T
		return value, secretFileError(flag, err)
	}
	return readFile(flag, file, read)
}

// secretFileError is the error for a file that cannot be read, without its name.
func secretFileError(flag string, err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("%s: %w: write the name of a file (the value is not printed, because it may be the secret itself)", flag, err)
}

// readToken reads a token: one line of printable ASCII.
func readToken(text []byte) (string, error) {
	token := bytes.TrimRight(text, "\r\n")
	if len(token) == 0 || bytes.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		return "", errors.New("a token must be one line of printable ASCII characters without spaces")
	}
	return string(token), nil
}

// reloadOnHangup reads the key file again at each SIGHUP, until stop is called. An invalid
// file changes nothing. In header mode there is nothing to read.
func (s *settings) reloadOnHangup(server *fakeserver.Server) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-hangups:
				if s.partnerKeys == "" {
					s.options.Log.Warn("SIGHUP: no keys to reload in header mode")
				} else if count, err := s.reload(server); err != nil {
					s.options.Log.Error("SIGHUP: keys not reloaded, the former ones stay in use", "error", err)
				} else {
					s.options.Log.Info("SIGHUP: keys reloaded", "keys", count)
				}
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(done)
		<-ended
	}
}

// reload reads the key file again and returns the number of keys.
func (s *settings) reload(server *fakeserver.Server) (int, error) {
	keys, err := readSecret(s.source("partner-keys"), s.partnerKeys, fakeserver.ReadPartnerKeys)
	if err == nil {
		err = server.ReplacePartnerKeys(keys)
	}
	return len(keys), err
}
