// Command quotes is the service of docs/guides/your-own-milestone.md. It quotes the price of one currency pair.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8201", "listen on `HOST:PORT`")
	flag.Parse()
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, http.HandlerFunc(quote)))
}

func quote(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("X-Correlation-Id")
	if id == "" {
		id = "req-1"
	}
	status, body := http.StatusNotFound, `"error": {"code": "NOT_FOUND", "details": {}}`
	switch pair, found := strings.CutPrefix(r.URL.Path, "/quotes/"); {
	case found && pair == "EURUSD":
		status, body = http.StatusOK, `"quote": {"pair": "EURUSD", "price": "1.09"}`
	case found:
		status, body = http.StatusBadRequest, fmt.Sprintf(`"error": {"code": "BAD_REQUEST", "details": {"reason_code": "pair_unknown", "pair": %q}}`, pair)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Correlation-Id", id)
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"correlation_id": %q, %s}`, id, body)
}
