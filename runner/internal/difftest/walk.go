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

// Sequence is calls that are made one after the other. Nothing in it depends on what answers: a call that builds on an
// earlier answer has a variable in its place, and is left out when the answer did not give it. So a part of a walk is a
// runAll again.
//
// Beside the variables of every scenario there are, counted from 1,
//
//	{provider_2}                                         the id of the second provider that was onboarded
//	{cursor_1} {attestation_1} {checkpoint_1}            what the first page that was exported says for the next one
type Sequence struct {
	// Needs are the capabilities that the servers must have.
	Needs []string `json:"needs,omitempty"`
	// PartnerKey is the label of the partner key that the caller holds at first, in key mode.
	PartnerKey string `json:"holds,omitempty"`
	// Clocked walks carry [service.Frozen] as their test clock in every call that has none of its own, so that a
	// target's own clock is no matter.
	Clocked bool `json:"clocked,omitempty"`
	// Calls are what is called.
	Calls []steps.Call `json:"calls"`
}

// clockHeader is the test clock of a request.
const clockHeader = "X-Now-Iso"

// timeLayout is how the contract writes a time.
const timeLayout = "2006-01-02T15:04:05.000Z"

// clockRows are the rows that every call of a clocked walk begins with.
func clockRows() [][2]string {
	return [][2]string{{"header " + clockHeader, service.Frozen().Format(timeLayout)}}
}

// text is the walk in one line, for comparing walks and for naming them.
func (w Sequence) text() string {
	text, err := json.Marshal(w)
	if err != nil {
		panic(err) // strings and lists of strings
	}
	return string(text)
}

// reference is a variable that an answer gives.
var reference = regexp.MustCompile(`\{(provider|cursor|attestation|checkpoint)_[0-9]+\}`)

// references are the variables that the walk uses and an answer has to give.
func (w Sequence) references() []string {
	var found []string
	for _, call := range w.Calls {
		for _, text := range call.Texts() {
			for _, name := range reference.FindAllString(text, -1) {
				if name = strings.Trim(name, "{}"); !slices.Contains(found, name) {
					found = append(found, name)
				}
			}
		}
	}
	return found
}

// continuation says where a page has what asks for the next one.
var continuation = []struct {
	name string
	at   []string
}{
	{"cursor", []string{"export", "next_cursor"}},
	{"attestation", []string{"export", "attestation", "chain_hash"}},
	{"checkpoint", []string{"export", "checkpoint", "checkpoint_hash"}},
}

// numberedName is the name of a variable that is counted.
func numberedName(name string, n int) string { return fmt.Sprintf("%s_%d", name, n) }
