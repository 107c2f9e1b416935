//go:build external && !race

package main

import (
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/runner/internal/verdict"
)

// against runs the command line with a target, and gives its exit code and everything that it wrote: on stdout, on
// stderr and into artifacts.
func against(t *testing.T, args ...string) (exit int, written string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	var stdout, stderr bytes.Buffer
	exit = runCommand(t.Context(), append([]string{"../milestones/M109.yaml", "--out", out}, args...), &stdout, &stderr, nowhere)
	written = stdout.String() + stderr.String()
	err := filepath.WalkDir(out, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		written += string(text)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return exit, written
}

// Whatever way a secret is given, nothing that is written has it, even when the target repeats all that it was sent.
func TestSecretsOfATargetAreWrittenNowhere(t *testing.T) {
	t.Setenv("OF_THE_ENVIRONMENT", "canary-of-the-environment")
	t.Setenv("OF_THE_URL", "canary-of-the-url")
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			if name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		w.Header().Set("X-Seen", strings.Join(r.Header["Authorization"], ""))
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusTeapot)
		_ = r.Header.Write(w)
		_, _ = io.WriteString(w, r.URL.Path)
	}))
	defer echo.Close()
	file := filepath.Join(t.TempDir(), "target.yaml")
	keys := filepath.Join(filepath.Dir(file), "keys.json")
	for name, text := range map[string]string{
		file: "url: " + echo.URL + "/${OF_THE_URL}/\nlacks: [header-identity]\npartner_keys: keys.json\nheaders:\n" +
			"  Authorization: Basic dTpjYW5hcnktb2YtYmFzaWM=\n  X-File: canary-of-the-file\n  X-Variable: of ${OF_THE_ENVIRONMENT}\n  X-Short: shrt\n  Cookie: a=canary-cookie; b=c\n",
		keys: `{"keys":[{"label":"a","key":"canary-of-a-key-1","partner_id":"one","scopes":["settlement:read","settlement:write"]},
			{"label":"b","key":"canary-of-a-key-2","partner_id":"two","scopes":["settlement:read","settlement:write"]}]}`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		args []string
		exit int
	}{
		{"a target that repeats them", []string{"--target-file", file, "--header", "X-Flag: canary-of-the-flag"}, verdict.Fails},
		{"a target that is not there", []string{"--target-file", file, "--target", "http://127.0.0.1:1/${OF_THE_URL}"}, verdict.Unreachable},
		{"a wrong header", []string{"--target-file", file, "--header", "canary-of-the-flag"}, verdict.Broken},
		{"a wrong URL", []string{"--target-file", file, "--target", "http://u:canary-of-the-flag@x"}, verdict.Broken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			exit, written := against(t, test.args...)
			if exit != test.exit {
				t.Errorf("exit %d, want %d: %.600s", exit, test.exit, written)
			}
			for _, secret := range []string{"canary", "dTpjYW5hcnktb2YtYmFzaWM=", `["shrt"]`, "X-Short: shrt\n"} {
				if at := strings.Index(written, secret); at >= 0 {
					t.Errorf("%q is written: …%s…", secret, written[max(0, at-60):min(len(written), at+60)])
				}
			}
			if test.exit == verdict.Fails {
				written := strings.ReplaceAll(written, `\"`, `"`) // commands in verdict.json
				for _, want := range []string{`'X-Short: '"$SHORT"`, `'Authorization: '"$AUTHORIZATION"`, `'X-Partner-Key: '"$PARTNER_KEY"`, `"X-Short":["[redacted]"]`} {
					if !strings.Contains(written, want) {
						t.Errorf("%s is not written", want)
					}
				}
			}
		})
	}
}

// What is found beside the fake, and what repeats it, has no secret either, even when the difference is one.
func TestSecretsOfATargetAreInNoDifference(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys.json")
	text := `{"keys":[{"label":"a","key":"canary-of-a-key-1","partner_id":"one","scopes":["settlement:read","settlement:write"]},
		{"label":"b","key":"canary-of-a-key-2","partner_id":"two","scopes":["settlement:read","settlement:write"]}]}`
	if err := os.WriteFile(keys, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	known, err := fakeserver.ReadPartnerKeys([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	fake, err := fakeserver.New(fakeserver.Options{PartnerKeys: known})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request)
	}{
		{"in a header", func(w http.ResponseWriter, r *http.Request) {
			fake.ServeHTTP(telltale{w, r.Header.Get("X-Token") + r.Header.Get("X-Partner-Key")}, r)
		}},
		{"in a body", func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			fake.ServeHTTP(answer, r)
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			w.Header().Del("Content-Length")
			w.WriteHeader(answer.Code)
			_, _ = io.WriteString(w, strings.Replace(answer.Body.String(), "{", `{"`+r.Header.Get("X-Token")+`":"`+r.Header.Get("X-Partner-Key")+`",`, 1))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			target := httptest.NewServer(http.HandlerFunc(test.answer))
			defer target.Close()
			out := filepath.Join(t.TempDir(), "out")
			of := []string{"../milestones/M109.yaml", "--target", target.URL, "--header", "X-Token: canary-of-the-header", "--no-capability", "header-identity", "--partner-keys", keys}
			var stdout, stderr bytes.Buffer
			if exit := runCommand(t.Context(), append([]string{"diff", "--out", out, "--steps", "500"}, of...), &stdout, &stderr, nowhere); exit != verdict.Fails {
				t.Errorf("exit %d, want %d: %.600s", exit, verdict.Fails, stderr.String())
			}
			files, err := filepath.Glob(filepath.Join(out, "d-*"))
			if err != nil || len(files) < 2 {
				t.Fatalf("got the files %v, %v", files, err)
			}
			written := ""
			for _, file := range files {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				written += string(text)
			}
			ref := strings.TrimSuffix(filepath.Base(files[0]), filepath.Ext(files[0]))
			if exit := runCommand(t.Context(), append([]string{"repro", ref, "--from", out}, of...), &stdout, &stderr, nowhere); exit != verdict.Fails {
				t.Errorf("repro: exit %d, want %d: %.600s", exit, verdict.Fails, stderr.String())
			}
			written += stdout.String() + stderr.String()
			if at := strings.Index(written, "canary"); at >= 0 {
				t.Errorf("a secret is written: …%s…", written[max(0, at-60):min(len(written), at+60)])
			}
			for _, want := range []string{`'X-Token: '"$TOKEN"`, `'X-Partner-Key: '"$PARTNER_KEY"`, "[redacted]"} {
				if !strings.Contains(written, want) {
					t.Errorf("%s is not written", want)
				}
			}
		})
	}
}

// telltale puts the answer's text into each Content-Type.
type telltale struct {
	http.ResponseWriter
	answer string
}

func (t telltale) WriteHeader(status int) {
	t.Header().Set("Content-Type", "application/json; of="+t.answer)
	t.ResponseWriter.WriteHeader(status)
}

// A target that ends during a run, or whose gateway reports that, is exit 3 and not a contract failure.
func TestTargetThatDies(t *testing.T) {
	tests := []struct {
		name   string
		die    func(http.ResponseWriter)
		answer string
	}{
		{"a gateway's page", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, "<h1>Bad gateway</h1>")
		}, "the target cannot be reached: a gateway answered 502 Bad Gateway (not in JSON) instead of the service"},
		{"no answer", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "the target cannot be reached: the connection was closed before the answer was complete"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var requests atomic.Int32
			target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if requests.Add(1) > 1 { // the first one is the probe's
					test.die(w)
				}
			}))
			defer target.Close()
			exit, written := against(t, "--target", target.URL)
			if exit != verdict.Unreachable {
				t.Errorf("exit %d, want %d", exit, verdict.Unreachable)
			}
			if !strings.Contains(written, test.answer) {
				t.Errorf("it lacks %q:\n%s", test.answer, written[:min(len(written), 2000)])
			}
		})
	}
}
