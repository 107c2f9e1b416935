package openapi

import (
	"fmt"
	"slices"
	"strings"
)

// refusal refers to the component of the refusals with some error codes. It is nil if the schema of a refusal has
// no error code and details to discriminate by.
func (c *components) refusal(d *Document, codes []string) (object, error) {
	root, err := c.find(place{d.Error, ""})
	if err != nil {
		return nil, err
	}
	properties, _ := root.get("properties").(object)
	failure, _ := properties.get("error").(object)
	if members, _ := failure.get("properties").(object); members.get("code") == nil || members.get("details") == nil {
		return nil, nil
	}
	var names []string
	var refs []any
	mapping := object{}
	for _, code := range slices.Sorted(slices.Values(codes)) {
		at := slices.IndexFunc(d.Refusals, func(r Refusal) bool { return r.Code == code })
		if at < 0 {
			return nil, fmt.Errorf("there is no refusal with the error code %q", code)
		}
		ref, err := c.failure(d, &d.Refusals[at])
		if err != nil {
			return nil, err
		}
		names, refs = append(names, camel(code)), append(refs, object{{"$ref", ref}})
		mapping = append(mapping, member{code, ref})
	}
	name := strings.Join(names, "Or") + "Refusal"
	if c.made.get(name) == nil {
		variants := object{{"$ref", mapping[0].value}}
		if len(refs) > 1 {
			variants = object{{"oneOf", refs}, {"discriminator", object{{"propertyName", "code"}, {"mapping", mapping}}}}
		}
		properties := slices.DeleteFunc(slices.Clone(properties), func(m member) bool { return m.name == "error" })
		body, err := c.rewrite(d.Error, root.with("properties", properties))
		if err != nil {
			return nil, err
		}
		rest, _ := body.(object).get("properties").(object)
		c.made = append(c.made, member{name, body.(object).with("title", name).with("properties", append(rest, member{"error", variants}))})
	}
	return object{{"$ref", "#/components/schemas/" + name}}, nil
}

// failure refers to the component of the error with a code.
func (c *components) failure(d *Document, r *Refusal) (string, error) {
	name := camel(r.Code) + "Error"
	ref := "#/components/schemas/" + name
	if c.made.get(name) != nil {
		return ref, nil
	}
	root, err := c.find(place{d.Error, ""})
	if err != nil {
		return "", err
	}
	failure := root.get("properties").(object).get("error").(object)
	members := failure.get("properties").(object)
	details := members.get("details").(object)
	known, _ := details.get("properties").(object)
	// A member that other refusals have is omitted. One that the milestone does not assign to any refusal is kept.
	known = slices.DeleteFunc(slices.Clone(known), func(m member) bool {
		return !slices.Contains(r.Details, m.name) && (m.name == "reason_code" || slices.ContainsFunc(d.Refusals, func(other Refusal) bool {
			return slices.Contains(other.Details, m.name)
		}))
	})
	if r.ReasonCodes != nil && known.get("reason_code") != nil {
		reason, _ := known.get("reason_code").(object)
		known = known.with("reason_code", object{
			{"title", reason.get("title")}, {"description", reason.get("description")}, {"type", "string"}, {"enum", r.ReasonCodes},
		})
	}
	details = details.with("properties", known)
	if len(r.Required) > 0 {
		details = details.with("required", r.Required)
	}
	code, _ := members.get("code").(object)
	members = members.with("code", object{
		{"title", code.get("title")}, {"description", code.get("description")}, {"type", "string"}, {"const", r.Code},
	}).with("details", details)
	schema, err := c.rewrite(d.Error, failure.with("title", name).with("properties", members))
	if err != nil {
		return "", err
	}
	c.made = append(c.made, member{name, schema})
	return ref, nil
}

// with returns a copy of the object in which a member has another value.
func (o object) with(name string, value any) object {
	out := slices.Clone(o)
	for i := range out {
		if out[i].name == name {
			out[i].value = value
			return out
		}
	}
	return append(out, member{name, value})
}

// camel writes an error code such as NOT_FOUND as NotFound.
func camel(code string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(code, "_") {
		if part != "" {
			b.WriteString(part[:1] + strings.ToLower(part[1:]))
		}
	}
	return b.String()
}
