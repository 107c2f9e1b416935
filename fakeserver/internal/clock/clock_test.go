package clock

import (
	"testing"
	"time"

	"example.com/lpgate/fakeserver/internal/instant"
)

func TestParseSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "180d": 180 * 24 * time.Hour, "-1d12h": -36 * time.Hour, "0s": 0, "1d0.5s": 24*time.Hour + 500*time.Millisecond,
	} {
		if got, err := ParseSpan(text); err != nil || time.Duration(got) != want {
			t.Errorf("%s: got %v, %v, want %v", text, time.Duration(got), err, want)
		}
		if again, err := ParseSpan(time.Duration(want).String()); err != nil || time.Duration(again) != want {
			t.Errorf("%s as Go writes it: got %v, %v", text, time.Duration(again), err)
		}
	}
	for _, text := range []string{"", "1", "1w", "d", "-", "--1s", "1d-1h", "+1s", "1h1d", "100001d", "99999d99h", "9999999999d"} {
		if got, err := ParseSpan(text); err == nil {
			t.Errorf("%q was read as %v", text, time.Duration(got))
		}
	}
}

func TestClock(t *testing.T) {
	base := time.Date(2026, 2, 22, 16, 0, 0, 0, time.UTC)
	c := New(func() time.Time { return base })
	at := instant.Of(base.Add(time.Hour))
	step := func(name string, err error, want time.Time, mode string) {
		t.Helper()
		if got := c.Now(); err != nil || !got.Equal(want) || c.Setting().Mode != mode {
			t.Errorf("%s: got %v in mode %s, %v, want %v in %s", name, got, c.Setting().Mode, err, want, mode)
		}
	}
	step("new", nil, base, Real)
	step("advanced", c.Advance(Span(time.Minute)), base.Add(time.Minute), Moved)
	step("frozen", c.Set(Setting{Mode: Frozen, At: &at}), base.Add(time.Hour), Frozen)
	step("advanced back", c.Advance(Span(-2*time.Hour)), base.Add(-time.Hour), Frozen)
	step("moved", c.Set(Setting{Mode: Moved, By: Span(time.Hour)}), base.Add(time.Hour), Moved)
	for _, wrong := range []Setting{{}, {Mode: "x"}, {Mode: Real, By: 1}, {Mode: Real, At: &at}, {Mode: Frozen}, {Mode: Frozen, At: &at, By: 1}, {Mode: Moved, At: &at}} {
		if c.Set(wrong) == nil {
			t.Errorf("%+v was taken", wrong)
		}
	}
	step("unchanged", nil, base.Add(time.Hour), Moved)
	step("as far as it goes", c.Advance(longest-Span(time.Hour)), base.Add(time.Duration(longest)), Moved)
	for _, by := range []Span{1, longest} {
		if c.Advance(by) == nil {
			t.Errorf("advanced by %v more", time.Duration(by))
		}
	}
	step("unmoved", nil, base.Add(time.Duration(longest)), Moved)
	step("far back", c.Set(Setting{Mode: Moved, By: -longest}), base.Add(-time.Duration(longest)), Moved)
	if c.Advance(-1) == nil {
		t.Error("advanced further back")
	}
	edge := instant.Of(time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC))
	step("at the edge", c.Set(Setting{Mode: Frozen, At: &edge}), time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC), Frozen)
	if c.Advance(Span(time.Millisecond)) == nil {
		t.Error("advanced past the year 9999")
	}
}
