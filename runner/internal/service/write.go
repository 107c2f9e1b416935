package service

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/runner/internal/record"
)

// This file writes a target file, which file.go reads.

// Presence is whether a service has a capability.
type Presence int

// The values of [Presence].
const (
	Undetermined Presence = iota
	Present
	Absent
)

// CapabilityNote is what is known about a capability of a service.
type CapabilityNote struct {
	Capability string
	Presence   Presence
	// Comment is one line: why.
	Comment string
	// Assumed is whether a run presumes the capability unless it is declared absent.
	Assumed bool
}

// FileText returns a target file with the options, which [Options.Open] has read, and the capabilities. Keys without a
// value are comments with an example. Names of files are relative to the folder. The file has no secret: the value of a
// header without a reference to an environment variable is replaced by one, and the variables returned are those that
// have to be set.
func (o *Options) FileText(folder string, notes []CapabilityNote) (text string, variables []string) {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	key := func(indent, name, flag, example string) {
		switch value, isSet := o.fileValue(folder, flag); {
		case isSet:
			line("%s%s: %s", indent, name, value)
		case indent == "":
			line("# %s: %s", name, example)
		default:
			line("%s# %s: %s", indent, name, example)
		}
	}
	line("# A target of the gate, written by runner probe: runner MILESTONE.yaml --target-file FILE. Flags override its values.")
	line("# Remove the # before a key to use it.")
	line("")
	key("", "url", "target", "https://host/base")
	line("")
	line("# What a conformance report names.")
	key("", "implementation", "implementation", "NAME")
	key("", "implementation_version", "implementation-version", "VERSION")
	line("")
	line("# Scenarios that need a capability of no_capabilities are skipped. One that is in neither list makes the run incomplete.")
	capabilityList(&b, "capabilities", notes, func(n CapabilityNote) bool { return n.Presence == Present || n.Presence == Undetermined && n.Assumed })
	capabilityList(&b, "no_capabilities", notes, func(n CapabilityNote) bool { return n.Presence == Absent || n.Presence == Undetermined && !n.Assumed })
	line("")
	line("# Sent with every request. ${NAME} is the value of an environment variable, which keeps secrets out of this file.")
	headers, variables := o.fileHeaders()
	if len(headers) > 0 {
		line("headers:")
		for _, header := range headers {
			line("  %s: %s", yamlfile.Scalar(header[0]), yamlfile.Scalar(header[1]))
		}
	} else {
		line("# headers:")
		line("#   Authorization: Bearer ${TOKEN}")
	}
	line("")
	line("# The keys of two partners with the scopes settlement:read and settlement:write, for a target in key mode.")
	key("", "partner_keys", "partner-keys", "partner-keys.json")
	for _, group := range []struct {
		name, comment string
		keys          [][3]string // key, flag, example
	}{
		{"tls", "How the target and the gate authenticate each other.", [][3]string{
			{"cacert", "cacert", "ca.pem"}, {"cert", "cert", "client.pem"}, {"key", "key", "client-key.pem"},
			{"server_name", "server-name", "host"}, {"insecure", "insecure", "true"},
		}},
		{"timeouts", "How long connecting, one request and one scenario may take.", [][3]string{
			{"connect", "connect-timeout", connectTimeout.String()}, {"request", "max-time", maxTime.String()},
			{"scenario", "scenario-timeout", DefaultTimeout.String()},
		}},
	} {
		line("")
		line("# %s", group.comment)
		isAnySet := slices.ContainsFunc(group.keys, func(k [3]string) bool {
			_, isSet := o.fileValue(folder, k[1])
			return isSet
		})
		if isAnySet {
			line("%s:", group.name)
			for _, k := range group.keys {
				key("  ", k[0], k[1], k[2])
			}
			continue
		}
		line("# %s:", group.name)
		for _, k := range group.keys {
			line("#   %s: %s", k[0], k[2])
		}
	}
	line("")
	line("# How often connecting is repeated, and how many requests are sent per second.")
	key("", "retries", "retries", "3")
	key("", "rate", "rate", "20")
	return b.String(), variables
}

// capabilityList writes the notes that belong into one list. Undetermined ones are comments.
func capabilityList(b *strings.Builder, name string, notes []CapabilityNote, belongs func(CapabilityNote) bool) {
	var items, comments strings.Builder
	for _, note := range notes {
		switch {
		case !belongs(note):
		case note.Presence == Undetermined && note.Assumed:
			fmt.Fprintf(&comments, "  # - %s # presumed, not detected: %s\n", note.Capability, note.Comment)
		case note.Presence == Undetermined:
			fmt.Fprintf(&comments, "  # - %s # not detected: %s\n", note.Capability, note.Comment)
		default:
			fmt.Fprintf(&items, "  - %s # %s\n", yamlfile.Scalar(note.Capability), note.Comment)
		}
	}
	if items.Len() == 0 {
		name += ": []"
	} else {
		name += ":"
	}
	fmt.Fprintf(b, "%s\n%s%s", name, items.String(), comments.String())
}

// fileValue returns the value of a flag as YAML, and whether it is set.
func (o *Options) fileValue(folder, flag string) (value string, isSet bool) {
	variable := o.fields.Lookup(flag)
	if value = variable.Value.String(); value == "" || !o.isSet(flag) {
		return "", false
	}
	if variable.Value.Type() != "string" && variable.Value.Type() != "duration" {
		return value, true // a number or a truth value
	}
	if slices.Contains(fileFlags, flag) {
		value = relativeTo(folder, value)
	}
	return yamlfile.Scalar(value), true
}

// relativeTo returns the name of a file as it is named from the folder.
func relativeTo(folder, name string) string {
	from, err := filepath.Abs(folder)
	if err != nil || filepath.IsAbs(name) {
		return name
	}
	to, err := filepath.Abs(name)
	if err != nil {
		return name
	}
	if relative, err := filepath.Rel(from, to); err == nil {
		return filepath.ToSlash(relative)
	}
	return to
}

// fileHeaders returns names and values of headers for a target file, and the environment variables that replace values.
func (o *Options) fileHeaders() (headers [][2]string, variables []string) {
	for _, text := range o.Header {
		name, value, _ := strings.Cut(text, ":")
		name, value = http.CanonicalHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value)
		if slices.ContainsFunc(headers, func(h [2]string) bool { return h[0] == name }) {
			continue // a file has each name once
		}
		if !variableReference.MatchString(value) {
			variable := record.ShellVariable(name)
			variables = append(variables, variable)
			value = "${" + variable + "}"
		}
		headers = append(headers, [2]string{name, value})
	}
	return headers, variables
}
