package service

import (
	"embed"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/internal/yamlfile"
	"example.com/lpgate/schemas"
)

// This file reads a target file. Target.schema.json describes it, for editors too.

//go:embed Target.schema.json
var schemaFile embed.FS

// fileSettings are the keys of a target file with the flags that they replace.
var fileSettings = []struct {
	pointer jsontext.Pointer
	flag    string
}{
	{"/url", "target"},
	{"/capabilities", "capability"},
	{"/no_capabilities", "no-capability"},
	{"/headers", "header"},
	{"/partner_keys", "partner-keys"},
	{"/tls/cacert", "cacert"},
	{"/tls/cert", "cert"},
	{"/tls/key", "key"},
	{"/tls/server_name", "server-name"},
	{"/tls/insecure", "insecure"},
	{"/timeouts/connect", "connect-timeout"},
	{"/timeouts/request", "max-time"},
	{"/timeouts/scenario", "scenario-timeout"},
	{"/retries", "retries"},
	{"/rate", "rate"},
	{"/run_id", "run-id"},
	{"/implementation", "implementation"},
	{"/implementation_version", "implementation-version"},
}

// fileFlags are the flags whose value is the name of a file.
var fileFlags = []string{"partner-keys", "cacert", "cert", "key"}

// readFile reads --target-file. A flag overrides the value of the file; capabilities and headers are added to those of flags.
// Names of files are relative to the folder of the target file.
func (o *Options) readFile() error {
	text, err := o.read("target-file", o.File)
	if err != nil {
		return err
	}
	file, err := yamlfile.Parse(o.File, text, yamlfile.Options{Kind: "target", Schema: schemas.Must(schemaFile, "Target"), HideValues: true})
	if err != nil {
		return err
	}
	for _, setting := range fileSettings {
		if !file.Has(setting.pointer) || !file.Valid(setting.pointer) {
			continue
		}
		switch setting.flag {
		case "header":
			o.addHeaders(file)
		case "capability":
			o.Capabilities = append(o.Capabilities, o.capabilities(file, setting.pointer, setting.flag)...)
		case "no-capability":
			o.NoCapabilities = append(o.NoCapabilities, o.capabilities(file, setting.pointer, setting.flag)...)
		default:
			o.setFlag(file, setting.pointer, setting.flag)
		}
	}
	if o.Warn != nil {
		for _, warning := range file.Deprecations() {
			o.Warn(warning)
		}
	}
	return file.Err()
}

// setFlag sets a flag to a value of the file, unless the command line sets it.
func (o *Options) setFlag(file *yamlfile.File, pointer jsontext.Pointer, flag string) {
	if o.isSet(flag) {
		return
	}
	value := file.Text(pointer)
	if slices.Contains(fileFlags, flag) && !filepath.IsAbs(value) {
		value = filepath.Join(filepath.Dir(o.File), value)
	}
	variable := o.fields.Lookup(flag).Value
	if err := variable.Set(value); err != nil { // the schema allows a number without a unit, and any size
		expected := "a smaller number"
		if variable.Type() == "duration" {
			expected = "a duration, such as 30s"
		}
		file.Report(pointer, "%s must be %s", pointer, expected)
		return
	}
	o.sources.SetOrigin(o.fileLine(file, pointer), flag)
}

// capabilities returns a list of capabilities of the file.
func (o *Options) capabilities(file *yamlfile.File, pointer jsontext.Pointer, flag string) []string {
	var all []string
	for i := 0; file.Has(yamlfile.Below(pointer, i)); i++ {
		item := yamlfile.Below(pointer, i)
		o.sources.SetOrigin(o.fileLine(file, item), flag, file.Text(item))
		all = append(all, file.Text(item))
	}
	return all
}

// addHeaders adds the headers of the file whose names no flag has.
func (o *Options) addHeaders(file *yamlfile.File) {
	var added []string
	for _, name := range file.Keys("/headers") {
		overridden := slices.ContainsFunc(o.Header, func(line string) bool {
			other, _, _ := strings.Cut(line, ":")
			return strings.EqualFold(strings.TrimSpace(other), strings.TrimSpace(name))
		})
		if overridden {
			continue
		}
		at := yamlfile.At("headers", name)
		line := name + ": " + file.Text(at)
		o.sources.SetOrigin(o.fileLine(file, at), "header", line)
		added = append(added, line)
	}
	o.Header = append(o.Header, added...)
}

func (o *Options) fileLine(file *yamlfile.File, pointer jsontext.Pointer) string {
	return fmt.Sprintf("%s:%d", o.File, file.Line(pointer))
}

// targetFlags are the flags that make no sense without a target.
var targetFlags = func() []string {
	var flags []string
	for _, setting := range fileSettings {
		if !slices.Contains([]string{"target", "run-id", "scenario-timeout"}, setting.flag) {
			flags = append(flags, setting.flag)
		}
	}
	return flags
}()
