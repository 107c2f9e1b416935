package probe

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"example.com/lpgate/internal/jsonvalue"
)

// answer is an answer of the service.
type answer struct {
	request string // method and URL
	status  int
	header  http.Header
	body    []byte
	value   any // nil if the body is not JSON
}

func newAnswer(request string, response *http.Response, body []byte) *answer {
	a := &answer{request: request, status: response.StatusCode, header: response.Header, body: body}
	if json.Unmarshal(body, &a.value) != nil {
		a.value = nil
	}
	return a
}

// get returns a value in the body; nil if there is none.
func (a *answer) get(pointer jsonvalue.Pointer) any { return jsonvalue.At(a.value, pointer) }

// text returns a text in the body; "" if there is none.
func (a *answer) text(pointer jsonvalue.Pointer) string {
	text, _ := a.get(pointer).(string)
	return text
}

func (a *answer) code() string       { return a.text("/error/code") }
func (a *answer) reasonCode() string { return a.text("/error/details/reason_code") }

// isUnauthorized reports whether the answer is the error for a caller that is not identified.
func (a *answer) isUnauthorized() bool { return a.status == http.StatusUnauthorized }

// knowsRoute reports whether the answer is one that an operation gives to a caller or for an unknown provider: an error of
// the contract that is not about the route.
func (a *answer) knowsRoute(provider string) bool {
	switch a.status {
	case http.StatusNotFound:
		return a.code() != "" && (a.reasonCode() != "" || a.text("/error/details/provider_id") == provider)
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest:
		return a.code() != ""
	}
	return false
}

// mediaType returns the media type without parameters; "no media type" if there is none.
func (a *answer) mediaType() string {
	if media, _, err := mime.ParseMediaType(a.header.Get("Content-Type")); err == nil {
		return media
	}
	return "no media type"
}

func (a *answer) isHTML() bool {
	start := strings.ToLower(strings.TrimSpace(string(a.body[:min(len(a.body), 512)])))
	return a.mediaType() == "text/html" || strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html")
}

// String is the status with the code and the reason code, or with the media type and the beginning of the body.
func (a *answer) String() string {
	text := fmt.Sprint(a.status)
	if a.code() != "" {
		text += " " + a.code()
		if reason := a.reasonCode(); reason != "" {
			text += " " + reason
		}
		return text
	}
	if a.value != nil && a.status == http.StatusOK {
		return text + " with " + a.mediaType()
	}
	text += " " + http.StatusText(a.status) + ", " + a.mediaType()
	if location := a.header.Get("Location"); location != "" {
		text += ", Location: " + location
	}
	const most = 100
	if line := strings.Join(strings.Fields(strings.ToValidUTF8(string(a.body[:min(len(a.body), 4*most)]), "")), " "); line != "" {
		if runes := []rune(line); len(runes) > most {
			line = string(runes[:most]) + "…"
		}
		text += ": " + line
	}
	return text
}
