package auditproof

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// object is a JSON object in canonical form, member by member. It has exactly the expected members; an open object
// may have others, and so may the objects in it.
type object struct {
	name    string
	at      string // JSON Pointer in the export
	open    bool
	members map[string]jsontext.Value
	order   []string // the names, sorted
}

// readText reads text as I-JSON (no duplicate member, no invalid UTF-8), and then as readObject does.
func readText(name string, text []byte, names ...string) (*object, error) {
	canonical, err := canonicalOf(name, text)
	if err != nil {
		return nil, err
	}
	return readObject(name, canonical, names...)
}

func canonicalOf(name string, text []byte) (jsontext.Value, error) {
	canonical := jsontext.Value(slices.Clone(text))
	if err := canonical.Canonicalize(); err != nil {
		return nil, wrong("%s is no JSON: %v", name, err)
	}
	return canonical, nil
}

// readObject takes a canonical object apart. names are the members that it must have; one that ends in a question
// mark may be missing, and no other may be there.
func readObject(name string, canonical jsontext.Value, names ...string) (*object, error) {
	o, err := readOpenObject(name, canonical, names...)
	if err != nil {
		return nil, err
	}
	o.open = false
	known := make(map[string]bool, len(names))
	for _, n := range names {
		known[strings.TrimSuffix(n, "?")] = true
	}
	for _, n := range o.order {
		if !known[n] {
			return nil, malformed("/"+n, "%s has the unknown member %q", name, n)
		}
	}
	return o, nil
}

// readOpenObject takes a canonical object apart that may have members beside those of names.
func readOpenObject(name string, canonical jsontext.Value, names ...string) (*object, error) {
	o, err := membersOf(name, canonical)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if n, optional := strings.CutSuffix(n, "?"); !optional && !o.has(n) {
			return nil, malformed("/"+n, "%s has no %s", name, n)
		}
	}
	o.open = true
	return o, nil
}

func membersOf(name string, canonical jsontext.Value) (*object, error) {
	if canonical.Kind() != jsontext.KindBeginObject {
		return nil, wrong("%s is no object", name)
	}
	o := &object{name: name}
	if err := json.Unmarshal(canonical, &o.members); err != nil {
		return nil, wrong("%s cannot be read: %v", name, err)
	}
	o.order = slices.Sorted(maps.Keys(o.members))
	return o, nil
}

func (o *object) has(name string) bool { _, ok := o.members[name]; return ok }

// object reads a member that is an object with these members; see readObject.
func (o *object) object(name string, names ...string) (*object, error) {
	read := readObject
	if o.open {
		read = readOpenObject
	}
	member, err := read("the "+name, o.members[name], names...)
	if broken, ok := err.(*Error); ok {
		broken.At = o.at + "/" + name + broken.At
	}
	if err == nil {
		member.at = o.at + "/" + name
	}
	return member, err
}

// mustBeObject checks that a member is an object.
func (o *object) mustBeObject(name string) error {
	if o.members[name].Kind() != jsontext.KindBeginObject {
		return malformed(o.at+"/"+name, "%s's %s is no object", o.name, name)
	}
	return nil
}

func (o *object) list(name string) ([]jsontext.Value, error) {
	if o.members[name].Kind() != jsontext.KindBeginArray {
		return nil, malformed(o.at+"/"+name, "%s's %s is no list", o.name, name)
	}
	var list []jsontext.Value
	if err := json.Unmarshal(o.members[name], &list); err != nil {
		return nil, malformed(o.at+"/"+name, "%s's %s cannot be read: %v", o.name, name, err)
	}
	return list, nil
}

func (o *object) text(name string) (string, error) {
	if o.members[name].Kind() != jsontext.KindString {
		return "", malformed(o.at+"/"+name, "%s's %s is no string", o.name, name)
	}
	text, err := jsontext.AppendUnquote(nil, o.members[name])
	if err != nil {
		return "", malformed(o.at+"/"+name, "%s's %s cannot be read: %v", o.name, name, err)
	}
	return string(text), nil
}

// optionalText reads a string, or nil for a member that is not there.
func (o *object) optionalText(name string) (*string, error) {
	if !o.has(name) {
		return nil, nil
	}
	text, err := o.text(name)
	return &text, err
}

func (o *object) time(name string) (string, error) {
	text, err := o.text(name)
	if err == nil && !isTime(text) {
		err = malformed(o.at+"/"+name, "%s's %s is %q, and no time like %s", o.name, name, text, timeLayout)
	}
	return text, err
}

// count reads an integer from 0 to 2^53-1, the largest that JSON carries safely.
func (o *object) count(name string) (int, error) {
	n, err := strconv.ParseInt(string(o.members[name]), 10, 64)
	if err != nil || n < 0 || n > 1<<53-1 {
		return 0, malformed(o.at+"/"+name, "%s's %s is %s, and no count", o.name, name, o.members[name])
	}
	return int(n), nil
}

// hash reads a hash and compares it with the one that its page computes to.
func (o *object) hash(name, want string) (string, error) {
	got, err := o.text(name)
	if err != nil {
		return "", err
	}
	if !isHash(got) {
		return "", malformed(o.at+"/"+name, "%s's %s is %q, and no lower-case hex SHA-256", o.name, name, got)
	}
	if got != want {
		return "", wrong("%s's %s is %s, and what it commits to hashes to %s", o.name, name, got, want)
	}
	return got, nil
}

// member is a member's name and its expected text; nil is null.
type member struct {
	name string
	want *string
}

// same compares members with what they repeat from elsewhere on the page.
func (o *object) same(members ...member) error {
	for _, m := range members {
		want := "null"
		if m.want != nil {
			text, err := jsontext.AppendQuote(nil, *m.want)
			if err != nil {
				return wrong("%s's %s cannot be compared: %v", o.name, m.name, err)
			}
			want = string(text)
		}
		if got := string(o.members[m.name]); got != want {
			return wrong("%s's %s is %s, and the page's is %s", o.name, m.name, got, want)
		}
	}
	return nil
}

// without returns the canonical form of the object without some of its members.
func (o *object) without(names ...string) []byte {
	var kept []string
	for _, name := range o.order {
		if !slices.Contains(names, name) {
			kept = append(kept, name)
		}
	}
	return o.canonical(kept)
}

// hashOf returns the hash over some of the members. One that ends in a question mark may be missing.
func (o *object) hashOf(names ...string) string {
	var there []string
	for _, name := range names {
		if name, optional := strings.CutSuffix(name, "?"); !optional || o.has(name) {
			there = append(there, name)
		}
	}
	sum := sha256.Sum256(o.canonical(there))
	return hex.EncodeToString(sum[:])
}

// canonical puts members together again. Their values are canonical already, and all names are ASCII letters and
// underscores, for which the order of JCS is the order of bytes.
func (o *object) canonical(names []string) []byte {
	sort.Strings(names)
	text := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			text = append(text, ',')
		}
		text = fmt.Appendf(text, "%q:%s", name, o.members[name])
	}
	return append(text, '}')
}
