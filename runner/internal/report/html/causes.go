package html

import (
	"strings"

	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/verdict"
)

// causeView is a cause as the page shows it.
type causeView struct {
	*verdict.Cause
	// Open reports whether it is open from the start.
	Open bool
	// Name is the name of the scenario of the example.
	Name string
	// Curl sends the request of the example again. Start is the command that starts a server for it; "" when one is running.
	Curl, Start string
	// Repro repeats the scenario of the example.
	Repro string
}

// causeViews returns the causes of a verdict, in its order. The first that is not known is open.
func causeViews(r *record.Run, v *verdict.Verdict) []causeView {
	scenarios := map[string]*record.Scenario{}
	for _, s := range r.Scenarios {
		scenarios[s.Ref()] = s
	}
	var views []causeView
	for i := range v.Causes {
		c := &v.Causes[i]
		view := causeView{Cause: c, Open: i == 0 && !c.Known, Curl: strings.Join(c.Example.Curl, "\n")}
		if s := scenarios[c.Example.Ref]; s != nil {
			view.Name, view.Repro = s.Name, r.Again(s)
			if view.Curl != "" {
				_, view.Start = endpointOf(s.Failure, r)
			}
		}
		views = append(views, view)
	}
	return views
}

// causesOf returns, by the short ids of scenarios, the places of their causes in a list of all keys.
func causesOf(v *verdict.Verdict) (keys []string, places map[string][]int) {
	var all indexes
	places = map[string][]int{}
	for _, c := range v.Causes {
		for _, ref := range c.Scenarios {
			places[ref] = appendUnique(places[ref], all.add(c.Key))
		}
	}
	return all.all, places
}
