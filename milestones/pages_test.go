package milestones_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/lpgate/internal/doctest"
	"example.com/lpgate/milestones"
)

// The page about tags has the capabilities of M109.
func TestPages(t *testing.T) {
	var b strings.Builder
	b.WriteString("| capability | what the target must do | presence |\n|---|---|---|\n")
	for _, capability := range milestones.M109().Capabilities {
		presence := capability.Presence
		if capability.OneOf != "" {
			presence += fmt.Sprintf(", one of %s", capability.OneOf)
		}
		if capability.Assumed {
			presence += ", assumed"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", capability.ID, doctest.Cell(capability.Description), presence)
	}
	doctest.Section(t, "docs/guides/tag-scenarios.md", "capabilities", b.String())
}
