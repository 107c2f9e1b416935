package steps

import "regexp"

// called are the sentences that send requests, with the operations that these are for. A sentence that repeats a call is
// not among them: what it repeats is.
var called = []struct {
	sentence   *regexp.Regexp
	operations []string
}{
	{regexp.MustCompile(`^I (have )?onboard(ed)? a provider`), []string{onboard}},
	{regexp.MustCompile(`^I get the provider`), []string{get}},
	{regexp.MustCompile(`^I (have )?upsert(ed)? its status`), []string{status}},
	{regexp.MustCompile(`^I (have )?evaluated? its eligibility`), []string{evaluate}},
	{regexp.MustCompile(`^I (have )?upsert(ed)? its rollout`), []string{rollout}},
	{regexp.MustCompile(`^I (have )?export(ed)? its audit|^I ask for the next page|^I walk the export`), []string{export}},
	{regexp.MustCompile(`^I note its state$|^its state is as noted$`), []string{get, export}},
	{regexp.MustCompile(`^the (page|walk) verifies$`), []string{keys}},
}

var (
	callsOne = regexp.MustCompile(`^I call ` + aText)
	sendsOne = regexp.MustCompile(`^I send ` + aText + ` to ` + aText)
)

// Called are the ids of the operations that a sentence sends requests to, as far as its text tells. route finds the
// operation for a method and a request target.
func Called(sentence string, route func(method, target string) string) []string {
	if found := callsOne.FindStringSubmatch(sentence); found != nil {
		return []string{found[1]}
	}
	if found := sendsOne.FindStringSubmatch(sentence); found != nil {
		return []string{route(found[1], found[2])}
	}
	for _, c := range called {
		if c.sentence.MatchString(sentence) {
			return c.operations
		}
	}
	return nil
}
