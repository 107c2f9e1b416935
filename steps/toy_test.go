package steps

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// toy is a service with few rules. It records its requests.
type toy struct {
	mu      sync.Mutex
	seen    []seen
	stored  map[string][]byte // answers by idempotency key
	touched map[string]int    // how often something was written, by provider
	count   int               // of providers

	// answer answers in place of the toy, unless it is nil or returns false.
	answer func(w http.ResponseWriter, r *http.Request, body []byte) bool
}

// seen is a request as it arrived.
type seen struct {
	method, target string
	header         http.Header
	body           string
}

func (toy *toy) last() seen {
	toy.mu.Lock()
	defer toy.mu.Unlock()
	if len(toy.seen) == 0 {
		return seen{}
	}
	return toy.seen[len(toy.seen)-1]
}

func (toy *toy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	toy.mu.Lock()
	defer toy.mu.Unlock()
	toy.seen = append(toy.seen, seen{r.Method, r.RequestURI, r.Header.Clone(), string(body)})
	if toy.answer != nil && toy.answer(w, r, body) {
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Correlation-Id", "corr_toy")
	if r.Method == http.MethodPost {
		key := r.Header.Get("Idempotency-Key")
		if answer, again := toy.stored[key]; again {
			w.Header().Set("Idempotent-Replayed", "true")
			w.Write(answer)
			return
		}
		toy.stored[key] = toy.write(r.URL.Path, body)
		w.Write(toy.stored[key])
		return
	}
	w.Write(toy.read(r.URL))
}

const providers = "/partner-liquidity-providers"

func (toy *toy) write(path string, body []byte) []byte {
	id, _, _ := strings.Cut(strings.TrimPrefix(path, providers+"/"), "/")
	if path == providers {
		toy.count++
		id = fmt.Sprintf("plp_%06d", toy.count)
		var input struct {
			Provider struct {
				ProviderID string `json:"provider_id"`
			}
		}
		if json.Unmarshal(body, &input); input.Provider.ProviderID != "" {
			id = input.Provider.ProviderID
		}
	}
	toy.touched[id]++
	return toJSON(map[string]any{"correlation_id": "corr_toy", "provider_id": id, "provider": toy.view(id), "got": string(body)})
}

func (toy *toy) view(id string) map[string]any {
	return map[string]any{"provider_id": id, "version": toy.touched[id], "tags": []string{"a", "b"}}
}

// toJSON writes what a test made.
func toJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}

// read answers GET: a provider's view, or a page of its audit. Pages are unsigned and minimal.
func (toy *toy) read(u *url.URL) []byte {
	id, isExport := strings.CutSuffix(strings.TrimPrefix(u.Path, providers+"/"), "/rollout/export")
	if !isExport {
		return toJSON(map[string]any{"correlation_id": fmt.Sprintf("corr_%d", len(toy.seen)), "provider": toy.view(id)})
	}
	first, limit := 0, 50
	if n, err := strconv.Atoi(u.Query().Get("limit")); err == nil {
		limit = n
	}
	if _, after, ok := strings.Cut(u.Query().Get("cursor_after"), "|plpaudit_"); ok {
		first, _ = strconv.Atoi(after)
	}
	entries := []any{}
	for n := first + 1; n <= toy.touched[id] && len(entries) < limit; n++ {
		entries = append(entries, map[string]any{"audit_id": fmt.Sprintf("plpaudit_%06d", n), "event_type": "written", "provider_id": id})
	}
	left := toy.touched[id] - first
	export := map[string]any{
		"entries": entries, "total_filtered": left, "attestation": map[string]any{"chain_hash": fmt.Sprintf("chain %d", first)},
		"checkpoint": map[string]any{"checkpoint_hash": fmt.Sprintf("checkpoint %d", first)},
	}
	if left > len(entries) {
		export["next_cursor"] = fmt.Sprintf("now|plpaudit_%06d", first+len(entries))
	}
	return toJSON(map[string]any{"correlation_id": "corr_toy", "provider_id": id, "export": json.RawMessage(toJSON(export))})
}
