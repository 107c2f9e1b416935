package recipe_test

import (
	"fmt"
	"slices"
	"testing"

	"example.com/lpgate/fakeserver/fakeservertest"
	"example.com/lpgate/fakeserver/internal/recipe"
)

// Each recipe has its outcome, at its last step and not before, twice on one server.
// Without any one of its steps it does not.
func TestRecipesHaveTheirOutcome(t *testing.T) {
	f := fakeservertest.StartInMemory(t)
	runs := 0
	run := func(r *recipe.Recipe) ([]recipe.Exchange, error) {
		runs++
		return r.Run(t.Context(), f.HTTP, recipe.Target{URL: f.URL, RunID: fmt.Sprint(runs)})
	}
	for _, r := range recipe.All() {
		t.Run(r.Name(), func(t *testing.T) {
			for range 2 {
				exchanges, err := run(r)
				if err != nil {
					t.Fatal(err)
				}
				for i := range exchanges {
					err := r.Check(&exchanges[i])
					if last := i == len(r.Steps)-1; last && err != nil {
						t.Errorf("the last response is %v, want %s\n%s", err, r.Description(), exchanges[i].Response)
					} else if !last && err == nil {
						t.Errorf("step %d has the outcome already", i+1)
					}
				}
			}
			for i := range r.Steps {
				shorter := *r
				shorter.Steps = slices.Delete(slices.Clone(r.Steps), i, i+1)
				exchanges, err := run(&shorter)
				if err == nil && len(exchanges) > 0 && shorter.Check(&exchanges[len(exchanges)-1]) == nil {
					t.Errorf("step %d is not needed", i+1)
				}
			}
		})
	}
}
