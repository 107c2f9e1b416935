package checks

import (
	"fmt"
	"strings"
	"testing"

	"example.com/lpgate/internal/doctest"
)

// The page about checks has all of them, in their order.
func TestPages(t *testing.T) {
	var b strings.Builder
	b.WriteString("| check | what must hold |\n|---|---|\n")
	for _, check := range Table {
		fmt.Fprintf(&b, "| `%s` | %s |\n", check.ID, doctest.Cell(check.Description))
	}
	doctest.Section(t, "docs/reference/checks.md", "checks", b.String())
}
