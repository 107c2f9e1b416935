package verdict

import (
	"fmt"
	"strings"
	"testing"

	"example.com/lpgate/internal/doctest"
)

// The page about reasons has all of them, in their order.
func TestPages(t *testing.T) {
	var b strings.Builder
	b.WriteString("| reason | exit code | meaning | what to do |\n|---|---|---|---|\n")
	for _, kind := range Reasons {
		exit := fmt.Sprint(kind.Exit)
		if IsAbsence(kind.ID) {
			exit += fmt.Sprintf(" or %d", Incomplete)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", kind.ID, exit, doctest.Cell(kind.Description), doctest.Cell(kind.Do))
	}
	doctest.Section(t, "docs/reference/reasons-and-exit-codes.md", "reasons", b.String())
}
