package difftest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/steps"
)

// Sequence is a list of calls that are made one after the other. It has no values of responses: a call that needs one has
// a variable in its place, and is skipped when no response set the variable. So each part of a sequence is a sequence.
//
// In addition to the variables of scenarios there are, numbered from 1,
//
//	{provider_2}                                         the id of the second provider that was onboarded
//	{cursor_1} {attestation_1} {checkpoint_1}            the continuation values of the first page that was exported
type Sequence struct {
	// Needs are the capabilities that the servers must have.
	Needs []string `json:"needs,omitempty"`
	// PartnerKey is the label of the partner key that the caller has at the start, in key mode.
	PartnerKey string `json:"partner_key,omitempty"`
	// Clocked adds the test clock [service.Frozen] to each call without one, so that the clock of the target does not
	// matter.
	Clocked bool `json:"clocked,omitempty"`
	// Calls are the calls in order.
	Calls []steps.Call `json:"calls"`
}

// clockHeader is the test clock of a request.
const clockHeader = "X-Now-Iso"

// timeLayout is the format of times in the contract.
const timeLayout = "2006-01-02T15:04:05.000Z"

// clockRows are the rows that each call of a clocked sequence begins with.
func clockRows() [][2]string {
	return [][2]string{{"header " + clockHeader, service.Frozen().Format(timeLayout)}}
}

// text returns the sequence as one line of JSON. Equal sequences have equal texts.
func (s Sequence) text() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and lists of strings always have a form
	}
	return string(text)
}

// with returns the sequence with other calls.
func (s Sequence) with(calls []steps.Call) Sequence {
	s.Calls = calls
	return s
}

// without returns the sequence without one of its calls.
func (s Sequence) without(i int) Sequence {
	return s.with(slices.Delete(slices.Clone(s.Calls), i, i+1))
}

// reference matches a variable that a response sets.
var reference = regexp.MustCompile(`\{(provider|cursor|attestation|checkpoint)_[0-9]+\}`)

// references returns the names of the variables in the sequence that responses set.
func (s Sequence) references() []string {
	var names []string
	for _, call := range s.Calls {
		for _, text := range call.Texts() {
			for _, name := range reference.FindAllString(text, -1) {
				if name = strings.Trim(name, "{}"); !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// continuation lists the members of a page that the request for the next page needs.
var continuation = []struct {
	name string
	path []string
}{
	{"cursor", []string{"export", "next_cursor"}},
	{"attestation", []string{"export", "attestation", "chain_hash"}},
	{"checkpoint", []string{"export", "checkpoint", "checkpoint_hash"}},
}

// numberedName returns the name of the nth variable of a kind.
func numberedName(name string, n int) string { return fmt.Sprintf("%s_%d", name, n) }
