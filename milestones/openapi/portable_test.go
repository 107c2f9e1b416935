package openapi

import (
	"testing"

	"github.com/go-json-experiment/json"
)

func TestPortable(t *testing.T) {
	for _, row := range []struct{ name, schema, want string }{
		{"white space", `{"pattern":"^[^\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$"}`, `{"pattern":"^[^\\s\\x85]+$"}`},
		{"other characters", `{"pattern":"^[^\t-\r\u0001\u0085\u20ac]+$"}`, `{"pattern":"^[^\\t-\\r\\x01\\x85\\u20ac]+$"}`},
		{"beyond the basic plane", `{"pattern":"\ud83d\ude00"}`, `{"pattern":"\\ud83d\\ude00"}`},
		{"an escape", `{"pattern":"\\r?\\n"}`, `{"pattern":"\\r?\\n"}`},
		{"a constant", `{"const":true}`, `{"type":"boolean","const":true}`},
		{"a constant with its type", `{"type":"string","const":"a"}`, `{"type":"string","const":"a"}`},
		{"a default", `{"description":"D.","default":[]}`, `{"description":"D. Default: []."}`},
		{"a default without a description", `{"default":"a"}`, `{"description":"Default: \"a\"."}`},
		{"an exclusive minimum", `{"exclusiveMinimum":0,"maximum":1}`, `{"minimum":0,"maximum":1,"description":"Greater than 0."}`},
		{"below", `{"items":{"const":1}}`, `{"items":{"type":"number","const":1}}`},
		{"members of these names", `{"properties":{"default":{"const":"a"},"pattern":true}}`, `{"properties":{"default":{"type":"string","const":"a"},"pattern":true}}`},
		{"values are not schemas", `{"enum":[{"default":1}]}`, `{"enum":[{"default":1}]}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			schema, err := ordered([]byte(row.schema))
			if err != nil {
				t.Fatal(err)
			}
			c := &components{}
			rewritten, err := c.rewrite("T", schema)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(rewritten)
			if err != nil || string(got) != row.want {
				t.Errorf("got %s, %v, want %s", got, err, row.want)
			}
		})
	}
}
