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

// readKeys reads the files of keys and of the control token.
func (s *settings) readKeys() error {
	if (s.signingKey == "") != (s.signingKeyID == "") {
		return errors.New("--signing-key and --signing-key-id come together")
	}
	if s.signingKey != "" {
		private, err := readSecret(s.named("signing-key"), s.signingKey, fakeserver.ReadSigningKey)
		if err != nil {
			return err
		}
		s.options.SigningKey = &fakeserver.SigningKey{ID: s.signingKeyID, Private: private}
	}
	for _, pair := range s.verifyOnly {
		id, file, ok := strings.Cut(pair, "=")
		if !ok || id == "" {
			return fmt.Errorf("%s: write ID=FILE", s.named("verify-only-key")) // a key may stand in its place
		}
		key, err := readSecret(s.named("verify-only-key"), file, fakeserver.ReadPublicKey)
		if err != nil {
			return err
		}
		s.options.VerifyOnlyKeys = append(s.options.VerifyOnlyKeys, fakeserver.PublicKey{ID: id, Key: key})
	}
	var err error
	if s.partnerKeys != "" {
		if s.options.PartnerKeys, err = readSecret(s.named("partner-keys"), s.partnerKeys, fakeserver.ReadPartnerKeys); err != nil {
			return err
		}
	}
	if s.controlToken != "" {
		for _, without := range []struct {
			name string
			on   bool
		}{{"no-control", s.options.NoControl}, {"contract-only", s.options.ContractOnly}} {
			if without.on {
				return fmt.Errorf("%s is for the control API, and %s leaves that out: choose", s.named("control-token-file"), s.named(without.name))
			}
		}
		if s.options.ControlToken, err = readSecret(s.named("control-token-file"), s.controlToken, readToken); err != nil {
			return err
		}
	}
	return nil
}

// readFile reads the file of a flag, and says which flag when it cannot.
func readFile[T any](flag, file string, read func([]byte) (T, error)) (T, error) {
	text, err := textfile.Read(file)
	var value T
	if err == nil {
		value, err = read(text)
	}
	var line *fakeserver.LineError
	var notText *textfile.Error
	switch {
	case errors.As(err, &notText): // it names the file
		return value, fmt.Errorf("%s %w", flag, err)
	case errors.As(err, &line):
		return value, fmt.Errorf("%s %s:%d: %w", flag, file, line.Line, line.Err)
	case err != nil:
		return value, fmt.Errorf("%s %s: %w", flag, file, err)
	}
	return value, nil
}

// readSecret is readFile for a file that has a secret, or a key of any kind. A user may give the
// secret itself in the place of the file's name: a name that no file has is not printed.
func readSecret[T any](flag, file string, read func([]byte) (T, error)) (T, error) {
	if _, err := os.Stat(file); err != nil {
		var value T
		return value, unnamed(flag, err)
	}
	return readFile(flag, file, read)
}

// unnamed says why a file cannot be read, without its name.
func unnamed(flag string, err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("%s: %w: write the name of a file (what was written is not shown: it may be the secret itself)", flag, err)
}

// readToken reads a token: one line of what a header can carry.
func readToken(text []byte) (string, error) {
	token := bytes.TrimRight(text, "\r\n")
	if len(token) == 0 || bytes.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		return "", errors.New("a token is one line of ASCII letters, digits and signs, without spaces")
	}
	return string(token), nil
}

// listenToHangups reads the key file again at each SIGHUP, until stop is called. What
// cannot be read changes nothing. In header mode there is nothing to read, and a server
// that a script asks all the same goes on.
func (s *settings) listenToHangups(server *fakeserver.Server) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-hangups:
				if s.partnerKeys == "" {
					s.options.Log.Warn("SIGHUP: in header mode there are no keys to read again")
				} else if count, err := s.reload(server); err != nil {
					s.options.Log.Error("SIGHUP: the keys from before stay", "error", err)
				} else {
					s.options.Log.Info("SIGHUP: the keys were read again", "keys", count)
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

// reload reads the key file again, and says how many keys there are.
func (s *settings) reload(server *fakeserver.Server) (int, error) {
	keys, err := readSecret(s.named("partner-keys"), s.partnerKeys, fakeserver.ReadPartnerKeys)
	if err == nil {
		err = server.ReplacePartnerKeys(keys)
	}
	return len(keys), err
}
