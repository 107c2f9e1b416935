package service

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/textfile"
)

// This file reads a target file. Each of its keys is a flag:
//
//	url: https://lp.example/base          --target
//	has: [short-retention-default]        --has
//	lacks: [fresh-state, key-identity]    --lacks
//	headers:                              --header
//	  Authorization: Bearer ${LP_TOKEN}
//	partner_keys: partner-keys.json       --partner-keys
//	tls:
//	  cacert: ca.pem                      --cacert
//	  cert: gate.pem                      --cert
//	  key: gate.key                       --key
//	  server_name: lp.internal            --server-name
//	  insecure: false                     --insecure
//	timeouts:
//	  connect: 5s                         --connect-timeout
//	  request: 30s                        --max-time
//	  scenario: 30s                       --scenario-timeout
//	retries: 3                            --retries
//	rate: 20                              --rate
//	seed: nightly                         --seed
//
// A flag that is given as well comes before it; has, lacks and headers add up. File names are relative to the file's
// folder. ${NAME} in a text stands for what the environment has.

// keys are the keys of a target file, by the mapping that they stand in, and the flags that they are.
var keys = map[string]map[string]string{
	"": {
		"url": "target", "has": "has", "lacks": "lacks", "headers": "header", "partner_keys": "partner-keys", "tls": "", "timeouts": "",
		"retries": "retries", "rate": "rate", "seed": "seed",
	},
	"tls":      {"cacert": "cacert", "cert": "cert", "key": "key", "server_name": "server-name", "insecure": "insecure"},
	"timeouts": {"connect": "connect-timeout", "request": "max-time", "scenario": "scenario-timeout"},
}

// files are the flags that name a file.
var files = []string{"partner-keys", "cacert", "cert", "key"}

// flagsOfService are the flags that say something of a service alone.
var flagsOfService = func() []string {
	var flags []string
	for _, names := range keys {
		for _, flag := range names {
			if !slices.Contains([]string{"", "target", "seed", "scenario-timeout"}, flag) {
				flags = append(flags, flag)
			}
		}
	}
	return flags
}()

// readFile puts what the target file says where no flag said anything.
func (o *Options) readFile() error {
	text, err := o.read("target-file", o.File)
	if err != nil {
		return err
	}
	if err := textfile.CheckCharacters(o.File, text); err != nil {
		return err
	}
	var document, more yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return fmt.Errorf("%s:1: the file is empty", o.File)
	} else if err != nil {
		line := "1"
		if found := lineOfSyntax.FindStringSubmatch(err.Error()); found != nil {
			line = found[1]
		}
		return fmt.Errorf("%s:%s: not YAML, here or below", o.File, line) // what package yaml says may quote a secret
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s:%d: one file is one target, and there is more", o.File, max(more.Line, 1))
	}
	return errors.Join(o.readMapping(document.Content[0], "")...)
}

var lineOfSyntax = regexp.MustCompile(`line ([0-9]+)`)

func (o *Options) readMapping(node *yaml.Node, name string) []error {
	at := func(node *yaml.Node, format string, args ...any) error {
		return fmt.Errorf("%s:%d: %s", o.File, node.Line, fmt.Sprintf(format, args...))
	}
	if node.Kind != yaml.MappingNode {
		return []error{at(node, "%s must be a mapping of keys", strings.TrimSpace("a target "+name))}
	}
	var errs []error
	seen := map[string]bool{}
	for pair := range slices.Chunk(node.Content, 2) {
		key, value := pair[0], pair[1]
		flag, known := keys[name][key.Value]
		switch {
		case !known:
			says := "unknown key" // which may be a secret
			if nearest := nearestKey(key.Value, name); nearest != "" {
				says = fmt.Sprintf("unknown key %q%s", key.Value, nearest)
			}
			errs = append(errs, at(key, "%s", says))
		case seen[key.Value]:
			errs = append(errs, at(key, "the key %q stands twice", key.Value))
		case flag == "":
			errs = append(errs, o.readMapping(value, key.Value)...)
		case flag == "header":
			errs = append(errs, o.readHeaderKeys(value, at)...)
		case flag == "has" || flag == "lacks":
			if value.Kind != yaml.SequenceNode {
				errs = append(errs, at(value, "%s must be a list of capabilities", key.Value))
				break
			}
			list := map[string]*[]string{"has": &o.Has, "lacks": &o.Lacks}[flag]
			for _, item := range value.Content {
				o.said[flag+" "+item.Value] = fmt.Sprintf("%s:%d", o.File, item.Line)
				*list = append(*list, item.Value)
			}
		case value.Kind != yaml.ScalarNode || value.Value == "":
			errs = append(errs, at(value, "%s must be one value", key.Value))
		case !o.has(flag):
			text := value.Value
			if slices.Contains(files, flag) && !filepath.IsAbs(text) {
				text = filepath.Join(filepath.Dir(o.File), text)
			}
			if err := o.flags.Lookup(flag).Value.Set(text); err != nil {
				errs = append(errs, at(value, "%s must be %s", key.Value, kinds[o.flags.Lookup(flag).Value.Type()]))
				break
			}
			o.said[flag] = fmt.Sprintf("%s:%d", o.File, value.Line)
		}
		seen[key.Value] = true
	}
	return errs
}

// readHeaderKeys reads the headers. One that a flag gives too is the flag's.
func (o *Options) readHeaderKeys(node *yaml.Node, at func(*yaml.Node, string, ...any) error) []error {
	if node.Kind != yaml.MappingNode {
		return []error{at(node, "headers must be a mapping of names to values")}
	}
	var errs []error
	given := func(name string) bool {
		return slices.ContainsFunc(o.Header, func(line string) bool {
			other, _, _ := strings.Cut(line, ":")
			return strings.EqualFold(strings.TrimSpace(other), strings.TrimSpace(name))
		})
	}
	var read []string
	for pair := range slices.Chunk(node.Content, 2) {
		if pair[1].Kind != yaml.ScalarNode {
			errs = append(errs, at(pair[1], "the value of a header must be a text"))
			continue
		}
		if given(pair[0].Value) {
			continue
		}
		line := pair[0].Value + ": " + pair[1].Value
		o.said["header "+line] = fmt.Sprintf("%s:%d", o.File, pair[0].Line)
		read = append(read, line)
	}
	o.Header = append(o.Header, read...)
	return errs
}

// kinds say what the values of flags are, by the names that package pflag has for them.
var kinds = map[string]string{
	"bool": "true or false", "duration": "a duration such as 30s", "float64": "a number", "int": "a whole number", "string": "a text",
}

func nearestKey(word, mapping string) string {
	var known []string
	for key := range keys[mapping] {
		known = append(known, key)
	}
	slices.Sort(known)
	if nearest := suggest.Nearest(word, known); nearest != "" {
		return fmt.Sprintf(" (did you mean %q?)", nearest)
	}
	return ""
}
