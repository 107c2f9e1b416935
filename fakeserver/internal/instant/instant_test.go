package instant

import "testing"

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name, text, want string
	}{
		{"recorded-at-is-normalised: three decimals are added", "2026-02-22T16:00:10Z", "2026-02-22T16:00:10.000Z"},
		{"recorded-at-is-normalised: an offset becomes UTC", "2026-02-22T17:30:10.5+01:30", "2026-02-22T16:00:10.500Z"},
		{"recorded-at-is-normalised: a negative offset", "2026-02-22T23:59:59-23:59", "2026-02-23T23:58:59.000Z"},
		{"recorded-at-is-normalised: lower case", "2026-02-22t16:00:10z", "2026-02-22T16:00:10.000Z"},
		{"recorded-at-is-normalised: digits past the millisecond are cut", "2026-02-22T16:00:10.9999999999999Z", "2026-02-22T16:00:10.999Z"},
		{"recorded-at-is-normalised: before 1970, cut and not rounded", "1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"},
		{"recorded-at-is-normalised: the first instant", "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"},
		{"recorded-at-is-normalised: the last instant", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
		{"recorded-at-is-normalised: minus nought is UTC", "2026-02-22T16:00:10-00:00", "2026-02-22T16:00:10.000Z"},
		{"recorded-at-is-normalised: 29 February", "2028-02-29T00:00:00Z", "2028-02-29T00:00:00.000Z"},
		{"recorded-at-is-readable: a leap second", "2016-12-31T23:59:60Z", ""},
		{"recorded-at-is-readable: the year before 0000", "0000-01-01T00:00:00+00:01", ""},
		{"recorded-at-is-readable: the year after 9999", "9999-12-31T23:59:59-00:01", ""},
		{"recorded-at-is-readable: no such day", "2026-02-29T00:00:00Z", ""},
		{"recorded-at-is-readable: no such hour", "2026-02-22T24:00:00Z", ""},
		{"recorded-at-is-readable: no offset", "2026-02-22T16:00:10.000", ""},
		{"recorded-at-is-readable: no time", "2026-02-22", ""},
		{"recorded-at-is-readable: a comma", "2026-02-22T16:00:10,5Z", ""},
		{"recorded-at-is-readable: a bare point", "2026-02-22T16:00:10.Z", ""},
		{"recorded-at-is-readable: a signed hour", "2026-02-22T+1:00:10.000Z", ""},
		{"recorded-at-is-readable: an offset of a day", "2026-02-22T16:00:10+24:00", ""},
		{"recorded-at-is-readable: an offset without colon", "2026-02-22T16:00:10+0100", ""},
		{"recorded-at-is-readable: a space for T", "2026-02-22 16:00:10.000Z", ""},
		{"recorded-at-is-readable: something behind", "2026-02-22T16:00:10.000Zz", ""},
		{"recorded-at-is-readable: white space before", " 2026-02-22T16:00:10.000Z", ""},
		{"recorded-at-is-readable: nothing", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse(test.text)
			if test.want == "" {
				if err == nil {
					t.Fatalf("Parse(%q) = %v, want an error", test.text, got)
				}
				return
			}
			if err != nil {
				t.Fatalf("Parse(%q): %v", test.text, err)
			}
			if got.String() != test.want {
				t.Errorf("Parse(%q) = %v, want %v", test.text, got, test.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("2026-02-22T16:00:10.000Z")
	f.Add("0000-01-01T00:00:00+00:00")
	f.Fuzz(func(t *testing.T, text string) {
		at, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(at.String())
		if err != nil || again != at {
			t.Errorf("Parse(%q) = %v, which reads back as %v, %v", text, at, again, err)
		}
	})
}
