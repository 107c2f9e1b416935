package rules

import "example.com/lpgate/fakeserver/internal/instant"

// Now is the time of one request: the server's, or the one that the request's
// test clock names. A test clock that cannot be read matters only where now is
// needed, so it is carried until then.
type Now struct {
	At        instant.Instant
	Malformed error // why the request's test clock, which it names, cannot be read
}

// Read gives the time, or the refusal of a test clock that cannot be read.
//
// Rule now-is-readable: a test clock that is not an RFC 3339 time is refused
// where now is needed, and nowhere else.
func (n Now) Read() (instant.Instant, *Refusal) {
	if n.Malformed != nil {
		return 0, invalid("now-is-readable", n.Malformed.Error())
	}
	return n.At, nil
}

// RecordedAt is the member recorded_at, which every POST may bring.
type RecordedAt struct {
	RecordedAt *string `json:"recorded_at"`
}

// read gives the one time of a POST: what it brings, else now.
//
// Rule recorded-at-is-readable: the schema asserts the format of a time; a leap
// second and a year beyond 0000–9999 have it and still cannot be recorded.
func (r RecordedAt) read(now Now) (instant.Instant, *Refusal) {
	if r.RecordedAt == nil {
		return now.Read()
	}
	at, err := instant.Parse(*r.RecordedAt)
	if err != nil {
		return 0, invalid("recorded-at-is-readable", "recorded_at: "+err.Error())
	}
	return at, nil
}
