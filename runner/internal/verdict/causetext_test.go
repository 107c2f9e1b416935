package verdict

import "testing"

func TestCauseSummary(t *testing.T) {
	tests := []struct {
		name  string
		cause Cause
		want  string
	}{
		{"one of all", Cause{Count: 1, Scenarios: []string{"s"}, Rules: []string{"a"}, Operations: []string{"ring"}}, "1 scenario of @a; ring"},
		{"many", Cause{Count: 3, Scenarios: []string{"s", "t", "u"}, Rules: []string{"a", "b", "c", "d"}, Operations: []string{"ring", "stop"}}, "3 scenarios of @a, @b and 2 more rules; 2 operations"},
		{"as many rules as are shown", Cause{Count: 2, Scenarios: []string{"s"}, Rules: []string{"a", "b"}}, "2 scenarios of @a, @b"},
		{"one rule more", Cause{Count: 2, Scenarios: []string{"s"}, Rules: []string{"a", "b", "foo"}}, "2 scenarios of @a, @b and 1 more rule"},
		{"outside of scenarios", Cause{Count: 2, Operations: []string{"of"}}, "2 answers of of"},
		{"nothing", Cause{Count: 1}, "1 answer"},
	}
	for _, test := range tests {
		if got := test.cause.Summary(2); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

func TestExampleText(t *testing.T) {
	e := Example{Scenario: "a.feature > x", Ref: "s-1", Where: "a.feature:3", Message: "it is 1", Exchange: 7, Curl: []string{"curl a", "b"}}
	if got, want := e.Text(), "s-1  a.feature > x\na.feature:3: it is 1\nline 7 of exchanges.ndjson\ncurl a\nb"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	e = Example{Where: "output.json", Message: "another"}
	if got, want := e.Text(), "output.json: another"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNewCauses(t *testing.T) {
	v := Verdict{Causes: []Cause{{Key: "a"}, {Key: "b", Known: true}, {Key: "c"}}}
	if got := v.NewCauses(); len(got) != 2 || got[0].Key != "a" || got[1].Key != "c" || len(v.Causes) != 3 {
		t.Errorf("got %v of %v", got, v.Causes)
	}
}
