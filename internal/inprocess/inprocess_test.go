package inprocess

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Path", r.URL.Path+" "+r.RequestURI)
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK) // too late
		w.Write(append([]byte(r.Method+" "), body...))
	})
	client := &http.Client{Transport: Transport{handler}}
	for _, test := range []struct{ method, body, want string }{
		{"POST", "x", "POST x"},
		{"GET", "", "GET "},
		{"HEAD", "", ""},
	} {
		r, err := http.NewRequest(test.method, "http://service/a%2Fb?c", strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if string(body) != test.want || err != nil || answer.StatusCode != http.StatusTeapot || answer.Header.Get("X-Path") != "/a/b /a%2Fb?c" {
			t.Errorf("%s: got %d %q %v, %v", test.method, answer.StatusCode, body, answer.Header, err)
		}
	}
}
