package main

import (
	"strings"
	"testing"
)

// No shell expands a URL in the example requests: zsh, unlike bash, fails on a pattern
// that matches no file.
func TestBannerQuotesURLs(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:8109": " http://127.0.0.1:8109/partner-liquidity-providers/lp-1/rollout/export",
		"[::1]:8109":     " 'http://[::1]:8109/partner-liquidity-providers/lp-1/rollout/export'",
		"[fe80::1%a]:81": " 'http://[fe80::1%a]:81/partner-liquidity-providers/lp-1/rollout/export'",
	} {
		var banner strings.Builder
		if err := new(settings).banner(&banner, addr); err != nil {
			t.Fatal(err)
		}
		lines := 0
		for line := range strings.Lines(banner.String()) {
			if !strings.HasPrefix(line, "  curl ") {
				continue
			}
			lines++
			for i, piece := range strings.Split(line, "'") {
				if i%2 == 0 && strings.ContainsAny(piece, "[]*?{}~<>#&;|$`") {
					t.Errorf("%s: %q is not quoted in %s", addr, piece, line)
				}
			}
		}
		if lines != 3 || !strings.Contains(banner.String(), want+" -H ") {
			t.Errorf("%s: got\n%s", addr, banner.String())
		}
	}
}
