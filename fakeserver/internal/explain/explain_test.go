package explain

import (
	"reflect"
	"slices"
	"testing"

	"example.com/lpgate/fakeserver/internal/exchange"
	"example.com/lpgate/fakeserver/internal/ruletrace"
	"example.com/lpgate/internal/jsonvalue"
)

func TestFill(t *testing.T) {
	c := &Case{
		Exchange: &exchange.Exchange{Method: "POST", Header: map[string][]string{"X-A": {"1", "2"}}},
		Route:    "/p", Query: map[string][]string{"limit": {"3"}},
		Document: map[string]any{"a/b": []any{"x", "y"}}, Provider: map[string]any{"status": "active"},
	}
	for _, row := range []struct {
		in   Input
		want any
	}{
		{Input{Where: Method}, "POST"},
		{Input{Where: Path}, "/p"},
		{Input{Where: Header, At: "X-A"}, "1, 2"},
		{Input{Where: Header, At: "X-B"}, nil},
		{Input{Where: Query, At: "limit"}, "3"},
		{Input{Where: Body, At: "/a~1b/1"}, "y"},
		{Input{Where: Body, At: "/a~1b/2"}, nil},
		{Input{Where: Provider, At: "/status"}, "active"},
		{Input{Where: Clock}, "1970-01-01T00:00:00.000Z"},
		{Input{Where: Server, At: "anything"}, nil},
	} {
		if got := c.Fill(row.in).Value; !reflect.DeepEqual(got, row.want) {
			t.Errorf("%+v: got %v, want %v", row.in, got, row.want)
		}
	}
}

// Two preconditions: a is true, and b is true if c is. The smallest change is found, and
// each part of it is listed once.
func TestNearest(t *testing.T) {
	refused := func(c *Case) (ids []ruletrace.Rule) {
		if jsonvalue.At(c.Document, "/a") != true {
			ids = append(ids, "first")
		}
		if jsonvalue.At(c.Document, "/in/c") == true && jsonvalue.At(c.Document, "/b") != true {
			ids = append(ids, "second")
		}
		return ids
	}
	candidates := func(*Case) []Change {
		return []Change{{Where: Body, At: "/a", To: true}, {Where: Body, At: "/b", To: true}, {Where: Body, At: "/in/c", To: false}}
	}
	explained := Nearest(Rules{
		"first":  {Inputs: Inputs(Body, "/a")},
		"second": {Inputs: Inputs(Body, "/b", "/in/c")},
	}, candidates, refused)
	document := map[string]any{"in": map[string]any{"c": true}}
	c := &Case{Document: document}
	if got, want := explained["first"].Change(c), candidates(c)[:1]; !slices.Equal(got, want) {
		t.Errorf("first: got %v, want %v", got, want)
	}
	if got, want := explained["second"].Change(c), candidates(c)[1:2]; !slices.Equal(got, want) {
		t.Errorf("second: got %v, want %v", got, want)
	}
	if !reflect.DeepEqual(document, map[string]any{"in": map[string]any{"c": true}}) {
		t.Errorf("the document was changed: %v", document)
	}
}
