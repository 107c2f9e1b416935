package mask

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

func TestSecretNames(t *testing.T) {
	for name, want := range map[string]bool{
		"X-Api-Key": true, "apikey": true, "X-Auth-Token": true, "X-Amz-Security-Token": true, "X-Csrf-Token": true,
		"access_token": true, "client_secret": true, "X-Client-SECRET": true, "Cookie": true, "Set-Cookie2": true, "sessionid": true,
		"Authorization": true, "Proxy-Authorization": true, "X-Partner-Key": true, "password": true,
		"": false, "X-Correlation-Id": false, "Content-Type": false, "limit": false, "cursor_after": false, "attestation_after": false,
		"checkpoint_after": false, "X-Actor-Id": false, "X-Scopes": false, "X-Now-Iso": false, "ke": false, "to": false,
	} {
		if got := secretName(name); got != want {
			t.Errorf("%s: got %t, want %t", name, got, want)
		}
	}
}

// The values of parameters with the name of a secret are hidden, and nothing else is changed.
func TestWithoutQuerySecrets(t *testing.T) {
	for path, want := range map[string]string{
		"/a":                               "/a",
		"/key=1/token=2":                   "/key=1/token=2",
		"/a?limit=1":                       "/a?limit=1",
		"/a?access_token=s":                "/a?access_token=[hidden]",
		"/a?x=1&access%5Ftoken=s&y=%zz":    "/a?x=1&access%5Ftoken=[hidden]&y=%zz",
		"/a?x=1;token=s;y=2&z=3":           "/a?x=1;token=[hidden]&z=3",
		"/a?key=s,t;u":                     "/a?key=[hidden]",
		"/a?key":                           "/a?key",
		"/a?key=":                          "/a?key=",
		"/a?key=s&key=t":                   "/a?key=[hidden]&key=[hidden]",
		"/a?k%65y=s?x=1":                   "/a?k%65y=[hidden]",
		"/a?%=1&%k=2&x=\xff&api-k\xffey=s": "/a?%=1&%k=2&x=\xff&api-k\xffey=s",
	} {
		if got := withoutQuerySecrets(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestWithoutLineSecrets(t *testing.T) {
	for line, want := range map[string]string{
		"plain":                                "plain",
		"text/html; q=0.9, */*":                "text/html; q=0.9, */*",
		"https://x.example/a?code=1&token=s":   "https://x.example/a?code=1&token=[hidden]",
		"https://x.example/?access_token=s#at": "https://x.example/?access_token=[hidden]",
		"https://x.example/#access_token=s":    "https://x.example/#access_token=[hidden]",
		`for=1; session="s t"`:                 `for=1; session=[hidden]`,
	} {
		if got := withoutLineSecrets(line); got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
}

// known is a mask with a partner key and an admin token.
func known(key, token string) *Mask {
	return New(func(text []byte) []byte { return bytes.ReplaceAll(text, []byte(key), []byte(Hidden)) }, token)
}

// However a known secret is written, it is hidden, and the rest stays as it was.
func TestHide(t *testing.T) {
	const key, token = `sec"ret k\y é😀`, "toktok"
	w := known(key, token)
	quoted, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	var units, percents strings.Builder
	for _, c := range `sec"ret k\y é` {
		fmt.Fprintf(&units, `\u%04X`, c)
	}
	for _, b := range []byte(key) {
		fmt.Fprintf(&percents, "%%%02x", b)
	}
	for text, want := range map[string]string{
		"":                             "",
		"nothing":                      "nothing",
		`{"a":"\n\u0041\q\ud800"}\`:    `{"a":"\n\u0041\q\ud800"}\`,
		key + token:                    "[hidden][hidden]",
		`{"a":"` + token + `"}`:        `{"a":"[hidden]"}`,
		`{"a":` + string(quoted) + `}`: `{"a":"[hidden]"}`,
		`{"a":"x\n` + units.String() + `\ud83d\ude00"}`: `{"a":"x\n[hidden]"}`,
		`{"\u0074oktok":1,"b":"\u0041"}`:                `{"[hidden]":1,"b":"\u0041"}`,
		`{"a":"\u0074okto\u006b`:                        `{"a":"[hidden]`,
		`"{"a":\u0074oktok`:                             `"{"a":[hidden]`,
		`\\u0074oktok`:                                  `\\u0074oktok`,
		"/a/" + percents.String():                       "/a/[hidden]",
		"/a?x=%zz&y=%74oktok&z=%":                       "/a?x=%zz&y=[hidden]&z=%",
		"/a?x=sec%22ret+k%5Cy+é😀":                       "/a?x=[hidden]",
		"/a+b%20c":                                      "/a+b%20c",
	} {
		if got := string(w.hide([]byte(text))); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	var decoded any
	if err := json.Unmarshal([]byte(`{"\u0074oktok":["\u0074oktok",1,null,{"a":"x%74oktok"}]}`), &decoded); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(w.JSON(decoded)), "map[[hidden]:[[hidden] 1 <nil> map[a:x[hidden]]]]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Headers are hidden by their names in every mode, but for those of the contract, in which
// what is known is hidden all the same. The request's own are not changed.
func TestWithoutSecrets(t *testing.T) {
	given := http.Header{
		"X-Api-Key": {"a", "b"}, "X-Auth-Token": {"c"}, "Cookie": {"d=e"}, "Referer": {"/?token=f"}, "Accept": {"*/*"},
		"Idempotency-Key": {"toktok=1"}, "X-Auth-Scopes": {"settlement:read"}, "X-Correlation-Id": {"token"}, "X-Empty": {},
	}
	before := fmt.Sprint(given)
	for name, c := range map[string]struct {
		w   *Mask
		key string
	}{
		"header mode": {New(nil, ""), "toktok=1"},
		"key mode":    {known("k-e-y", "toktok"), "[hidden]=1"},
	} {
		want := "map[Accept:[*/*] Cookie:[[hidden]] Idempotency-Key:[" + c.key + "] Referer:[/?token=[hidden]] X-Api-Key:[[hidden] [hidden]] " +
			"X-Auth-Scopes:[settlement:read] X-Auth-Token:[[hidden]] X-Correlation-Id:[token] X-Empty:[]]"
		header, _ := c.w.withoutSecrets(given)
		if got := fmt.Sprint(header); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if fmt.Sprint(given) != before {
		t.Errorf("the request's headers became %v", given)
	}
}
