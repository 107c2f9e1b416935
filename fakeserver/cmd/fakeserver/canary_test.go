package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Secrets are in no output: neither printed, logged or written to a file, nor in the
// admin API, nor in an answer, except in one to the client that sent a secret in the
// wrong place. An Authorization header, whose secret the server does not know, is hidden
// as a header only.
func TestCanaries(t *testing.T) {
	const (
		amber         = "canary-amber-5d1e"
		cobalt        = "canary-cobalt-81f0"
		controlToken  = "canary-token-77ab"
		authorization = "canary-authorization-c3d9"
	)
	dir := t.TempDir()
	inputs := map[string]string{
		"token": controlToken + "\n",
		"keys.json": `{"keys": [{"label": "amber", "key": "` + amber + `", "partner_id": "amber", "scopes": ["settlement:read", "settlement:write"]},
			{"label": "cobalt", "key": "` + cobalt + `", "partner_id": "cobalt", "scopes": ["settlement:read"]}]}`,
	}
	for name, text := range inputs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, dir, nil, "--addr", "127.0.0.1:0", "--partner-keys", "keys.json", "--admin-token-file", "token",
		"--self-check", "--log-level", "debug", "--tls-self-signed", "--tls-self-signed-out", "cert.pem")
	outputs := map[string]string{} // by name
	logLines := make(chan string)
	reloaded := make(chan bool)
	go func() { // the log is read all the time, so that it never fills its pipe
		var text strings.Builder
		for {
			line, err := s.err.ReadString('\n')
			text.WriteString(line)
			if strings.Contains(line, "SIGHUP") {
				reloaded <- true
			}
			if err != nil {
				logLines <- text.String()
				return
			}
		}
	}()

	send := func(method, path, header, body string) (status int, answer string) {
		t.Helper()
		r, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(header, "; ") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				r.Header.Set(name, value)
			}
		}
		response, err := anyServer.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, fmt.Sprint(response.Header, string(text))
	}

	const providers = "/partner-liquidity-providers"
	good := "X-Partner-Key: " + amber + "; Authorization: Bearer " + authorization + "; Idempotency-Key: "
	operator := "Authorization: Bearer " + controlToken
	n := 0
	for _, request := range []struct {
		method, path, header, body string
		status                     int
	}{
		{"POST", providers, good + "1", onboardBody("amber"), 200},
		{"POST", providers + "/lp-1/eligibility/evaluate", good + "2", evaluateBody, 200},
		{"GET", providers + "/lp-1/rollout/export", good, "", 200},
		{"POST", providers, good + "1", onboardBody("amber"), 200},
		{"POST", providers, good + "1", evaluateBody, 409},
		{"POST", providers, "X-Partner-Key: " + cobalt + "; Idempotency-Key: 3", onboardBody("cobalt"), 403},
		{"GET", providers + "/lp-1", "X-Partner-Key: " + cobalt, "", 403},
		{"GET", providers + "/lp-1", "X-Partner-Key: " + authorization, "", 401},
		{"GET", providers + "/lp-1", operator, "", 401},
		{"GET", providers + "/lp-1", "X-Partner-Key: " + amber + "x; X-Actor-Type: partner; X-Actor-Id: " + cobalt, "", 401},
		{"GET", providers + "/lp-1/rollout/export?cursor_after=" + amber, good, "", 400},
		{"GET", providers + "/lp-1/rollout/export?limit=" + controlToken + "&from_iso=" + cobalt, good, "", 400},
		{"GET", providers + "/lp-1?" + cobalt, good, "", 200},
		{"GET", providers + "/lp-1?x=%zz&y=" + percents(amber), good, "", 200},
		{"GET", providers + "/lp-1?access_token=" + authorization, good + "; X-Api-Key: " + authorization + "; X-Auth-Token: " + authorization +
			"; X-Amz-Security-Token: " + authorization + "; X-Csrf-Token: " + authorization + "; Referer: https://x.example/?token=" + authorization, "", 200},
		{"POST", providers, good + amber, onboardBody("nobody"), 403},
		{"POST", providers, good + "8", `{"provider": {"segment_tier": "` + units(amber) + `", "` + units(cobalt) + `": 1}}`, 400},
		{"POST", providers, good + "9", `{"provider": "` + units(controlToken), 400},
		{"POST", providers, good + "4", `{"` + amber + `": "` + cobalt + `"}`, 400},
		{"POST", providers, good + "5", `{"provider": {"provider_id": "` + controlToken + `", "segment_tier": "` + amber + `"}}`, 400},
		{"POST", providers, good + "6", `{"provider": ` + amber, 400},
		{"POST", providers, "X-Partner-Key: " + authorization + "; Idempotency-Key: 7", `{"provider": {"trust_contact_email": "` + amber + `"}}`, 401},
		{"GET", providers + "/" + amber, good, "", 404},
		{"GET", "/" + controlToken, good, "", 404},
		{"DELETE", providers + "/" + cobalt, good, "", 405},

		{"GET", "/_fake", "", "", 401},
		{"GET", "/_fake", "Authorization: Bearer " + authorization, "", 401},
		{"GET", "/_fake?" + controlToken, "X-Partner-Key: " + amber, "", 401},
		{"PUT", "/_fake/worlds/default/clock", operator, `{"mode": "` + amber + `"}`, 400},
		{"PUT", "/_fake/worlds/default/clock", operator, amber, 400},
		{"GET", "/_fake/" + cobalt, operator, "", 404},
	} {
		n++
		status, answer := send(request.method, request.path, request.header, request.body)
		if status != request.status {
			t.Errorf("%s %s: status %d, want %d: %s", request.method, request.path, status, request.status, answer)
		}
		if !strings.Contains(unescaped(request.path+request.body), "canary") {
			outputs[fmt.Sprintf("the answer to %s %s, number %d", request.method, request.path, n)] = answer
		}
	}

	for _, broken := range []string{
		amber,
		`{"keys": [{"` + amber + `": {}}]}`,
		`{"` + amber + `": []}`,
		`{"keys": {"` + amber + `": "amber"}}`,
		`{"keys": [{"label": "amber", "key": "` + amber + `", "scopes": []}]}`,
		`{"keys": [{"label": "a", "key": "` + amber + ` ", "partner_id": "a"}]}`,
		`{"keys": [{"label": "a", "key": "` + amber + `", "partner_id": "a"}, {"label": "b", "key": "` + amber + `", "partner_id": "b"}]}`,
		`{"keys": [{"label": "a", "key": ["` + amber + `"], "partner_id": "a", "scopes": "` + cobalt + `"}]}`,
		`{"keys": [{"label": "a", "key": "` + amber + `", "key": "` + cobalt + `"}]}`,
		`{"keys": []}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, "keys.json"), []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		<-reloaded
	}
	if status, answer := send("GET", providers+"/lp-1", good, ""); status != 200 {
		t.Errorf("after broken key files: %s", answer)
	}

	// A snapshot of a world in which a partner key was an idempotency key.
	if status, answer := send("POST", "/worlds/kept"+providers, good+amber, onboardBody("amber")); status != 200 {
		t.Errorf("with a partner key as idempotency key: %d %s", status, answer)
	}
	if status, answer := send("POST", "/_fake/worlds/kept/snapshots", operator, `{"name": "1"}`); status != 200 {
		t.Errorf("taking a snapshot: %d %s", status, answer)
	}
	for i := range n {
		path := fmt.Sprintf("/_fake/explain/default.%d", i+1)
		_, outputs[path] = send("GET", path, operator, "")
	}

	// The admin API returns all requests, and no secret in them.
	_, index := send("GET", "/_fake", operator, "")
	var list struct {
		Endpoints []struct{ Method, Path string }
	}
	if err := json.Unmarshal([]byte(index[strings.Index(index, "{"):]), &list); err != nil || len(list.Endpoints) == 0 {
		t.Fatalf("the index of the admin API: %v: %s", err, index)
	}
	for _, endpoint := range list.Endpoints {
		if endpoint.Method == "GET" {
			path := strings.ReplaceAll(endpoint.Path, "{world}", "default")
			path = regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "1")
			_, outputs[path] = send("GET", path, operator, "")
		}
	}
	for _, path := range []string{"/metrics", "/keys/policy-integrity-signing", "/healthz"} {
		_, outputs[path] = send("GET", path, "", "")
	}

	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	outputs["standard error"] = <-logLines
	out, err := io.ReadAll(s.out)
	if err != nil {
		t.Fatal(err)
	}
	outputs["standard output"] = string(out)
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	err = filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || inputs[filepath.Base(file)] != "" {
			return err
		}
		text, err := os.ReadFile(file)
		outputs[file] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if outputs[filepath.Join(dir, "cert.pem")] == "" || !strings.Contains(outputs["standard error"], "SIGHUP") || !strings.Contains(outputs["standard output"], "identity: key mode") {
		t.Errorf("not all outputs were checked: %v", outputs)
	}
	for where, text := range outputs {
		text += unescaped(text) // as who reads it does
		for _, secret := range []string{amber, cobalt, controlToken, authorization} {
			if strings.Contains(text, secret) {
				t.Errorf("%s contains %s: %s", where, secret, text)
			}
		}
	}
}

// units writes a text with the escapes of JSON.
func units(text string) (escaped string) {
	for _, c := range text {
		escaped += fmt.Sprintf(`\u%04x`, c)
	}
	return escaped
}

// percents writes a text percent-encoded.
func percents(text string) (escaped string) {
	for _, b := range []byte(text) {
		escaped += fmt.Sprintf("%%%02X", b)
	}
	return escaped
}

// unescaped reads what units and percents write, also where the backslash is escaped once more.
func unescaped(text string) string {
	escape := regexp.MustCompile(`(?:\\+u00|%)([0-9a-fA-F]{2})`)
	return escape.ReplaceAllStringFunc(text, func(escaped string) string {
		b, err := strconv.ParseUint(escaped[len(escaped)-2:], 16, 8)
		if err != nil {
			return escaped
		}
		return string(rune(b))
	})
}
