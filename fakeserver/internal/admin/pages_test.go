package admin

import (
	"fmt"
	"strings"
	"testing"

	"example.com/lpgate/internal/doctest"
)

// The page about the admin API has all endpoints.
func TestPages(t *testing.T) {
	var b strings.Builder
	b.WriteString("| endpoint | what it does | request | answer |\n|---|---|---|---|\n")
	for _, e := range endpoints {
		fmt.Fprintf(&b, "| `%s %s` | %s | %s | %s |\n", e.Method, e.Path, doctest.Cell(e.Summary), e.Request, e.Response)
	}
	doctest.Section(t, "docs/reference/admin-api.md", "endpoints", b.String())
}
