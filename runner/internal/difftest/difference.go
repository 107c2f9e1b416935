package difftest

import (
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/runner/internal/cause"
)

// Kind is what differs.
type Kind string

// The kinds of differences.
const (
	// NoResponse: the target closed the connection, or did not respond in time.
	NoResponse Kind = "no response"
	// Status: the status, the error code or the reason code.
	Status Kind = "status"
	// Header: a header of the contract.
	Header Kind = "header"
	// Body: a member of the body, or all of it.
	Body Kind = "body"
	// Proof: a page of an export verifies for one server only.
	Proof Kind = "proof"
)

// Change is how the response of the target differs from that of the fake.
type Change string

// The changes of headers and bodies.
const (
	Missing    Change = "missing"
	Unexpected Change = "unexpected"
	Different  Change = "different"
	Order      Change = "in another order"
	Longer     Change = "too long"
	NotJSON    Change = "not JSON"
)

// Difference is one thing in which two responses differ.
type Difference struct {
	Kind Kind `json:"kind"`
	// At is the name of a header, or a JSON Pointer into the body.
	At string `json:"at,omitempty"`
	// Change is set for headers and bodies.
	Change Change `json:"change,omitempty"`
	// Fake and Target describe the two values: JSON in which tokens replace what each implementation chooses, or "absent".
	Fake   string `json:"fake"`
	Target string `json:"target"`

	leaves []leaf // the values of the body that differ at this place
}

// String returns the difference with both values in one line.
func (d *Difference) String() string {
	place := string(d.Kind)
	switch {
	case d.Kind == Header:
		place = "header " + d.At
	case d.Kind == Body && d.At != "":
		place = strconv.Quote(d.At)
	case d.Kind == Proof:
		place = "the page of the export"
	}
	return fmt.Sprintf("%s: fake %s, target %s", place, d.Fake, d.Target)
}

// Cause returns what differs, and not where: differences of one cause are mostly due to one deviation of the target. Indices
// in pointers are "*".
func (d *Difference) Cause() string {
	switch d.Kind {
	case NoResponse:
		return cause.Difference("no response: " + d.Target)
	case Status:
		return cause.Difference("status " + d.Target + ", fake " + d.Fake)
	case Header:
		if d.At == "Content-Type" && d.Change == Different {
			return cause.Difference("header Content-Type " + d.Target + ", fake " + d.Fake)
		}
		return cause.Difference("header " + d.At + " " + string(d.Change))
	case Proof:
		return cause.Difference("page of an export does not verify")
	}
	at := cause.Pointer(jsontext.Pointer(d.At))
	if at != "" {
		at += " "
	}
	return cause.Difference("body " + at + string(d.Change))
}
