package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	// It says on which line a value stands, which the errors need.
	"gopkg.in/yaml.v3"

	"example.com/lpgate/fakeserver"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/milestones"
)

// settings are what the flags say; read makes the server's options of them. The set
// of flags is the one table of all settings: the variables and the keys of the file
// have its names, and are read by its values.
type settings struct {
	config, addr             string
	insecure                 bool
	signingKey, signingKeyID string
	verifyOnly               []string
	partnerKeys, seed        string
	controlToken             string
	tlsCert, tlsKey          string
	tlsSelfSigned            bool
	tlsSelfSignedOut         string
	logging                  logging

	options     fakeserver.Options
	fingerprint string // of the certificate that was made, SHA-256
	flags       *pflag.FlagSet
}

// named is a setting as it was given: a flag, a variable, or a key of a file, with its
// line.
func (s *settings) named(name string) string {
	if flag := s.flags.Lookup(name); flag != nil && len(flag.Annotations[source]) > 0 {
		return flag.Annotations[source][0]
	}
	return "--" + name
}

// source is the annotation of a flag that was not given on the command line.
const source = "source"

// add adds all settings.
func (s *settings) add(flags *pflag.FlagSet) {
	s.flags = flags
	o := &s.options
	flags.StringVar(&s.config, "config", "", "read settings from a YAML `FILE`, whose keys are the names here, without the dashes before them")
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8109", "listen on `HOST:PORT`; port 0 picks a free one")
	flags.BoolVar(&s.insecure, "insecure", false, "listen beyond loopback in header mode, where a caller is whom it says")
	flags.StringVar(&s.partnerKeys, "partner-keys", "", "key mode: `FILE` says which X-Partner-Key is which partner; SIGHUP reads it again")
	flags.StringVar(&s.controlToken, "control-token-file", "", "requests to the control API must bring the token in `FILE`")
	flags.BoolVar(&o.NoControl, "no-control", false, "leave the control API out")
	flags.BoolVar(&o.ContractOnly, "contract-only", false, "leave out all that is not of the contract: worlds, request ids, the control API")
	flags.StringVar(&s.tlsCert, "tls-cert", "", "speak HTTPS, with the certificate chain in a PEM `FILE`")
	flags.StringVar(&s.tlsKey, "tls-key", "", "and its private key in a PEM `FILE`")
	flags.BoolVar(&s.tlsSelfSigned, "tls-self-signed", false, "speak HTTPS, with a certificate made at the start for localhost, 127.0.0.1 and ::1")
	flags.StringVar(&s.tlsSelfSignedOut, "tls-self-signed-out", "", "write that certificate to `FILE`, so that clients can trust it")
	flags.StringArrayVar(&o.CORSOrigins, "cors-origin", nil, "let pages of `ORIGIN`, such as http://localhost:3000, call from a browser; may be repeated")
	flags.StringVar(&s.seed, "seed", "", "let every world begin with what a YAML or JSON `FILE` says")
	flags.IntVar(&o.MaxWorlds, "max-worlds", fakeserver.MaxWorlds, "keep at most `COUNT` worlds")
	flags.DurationVar(&o.WorldIdle, "world-idle", fakeserver.WorldIdle, "drop a world that nobody has used for `TIME`, such as 10m")
	flags.IntVar(&o.MaxRecords, "max-records", fakeserver.MaxRecords, "keep at most `COUNT` audit entries, answers and checkpoints, over all worlds")
	flags.IntVar(&o.JournalEntries, "journal-entries", fakeserver.JournalEntries, "remember the last `COUNT` requests of each world")
	flags.IntVar(&o.JournalBytes, "journal-bytes", fakeserver.JournalBytes, "and no more than `BYTES` of them")
	flags.IntVar(&o.SnapshotBytes, "snapshot-bytes", fakeserver.SnapshotBytes, "keep at most about `BYTES` of snapshots, over all of them")
	flags.DurationVar(&o.IdempotencyRetention, "idempotency-retention", fakeserver.IdempotencyRetention, "keep an answer for its idempotency key for `TIME`; less than 24h breaks the contract, and is for tests")
	flags.IntVar(&o.Limits.Connections, "max-connections", 1000, "take at most `COUNT` connections at a time; another one waits")
	flags.BoolVar(&o.SelfCheck, "self-check", false, "validate every answer by its schema before it leaves")
	flags.BoolVar(&o.IgnoreTestClocks, "ignore-test-clocks", false, "ignore X-Now-Iso, now_iso and exported_at_iso")
	flags.IntVar(&o.RetentionDays, "retention-days", 0, "an export's default retention in `DAYS`; without it the milestone's, 180")
	flags.IntVar(&o.CheckpointRetentionDays, "checkpoint-retention-days", 0, "continue from a checkpoint for `DAYS`; without it the retention that it was issued with")
	flags.StringVar(&s.signingKey, "signing-key", "", "sign exports with the ed25519 key of a PKCS #8 PEM `FILE`; without it lpgate-dev-k1, which is public on purpose")
	flags.StringVar(&s.signingKeyID, "signing-key-id", "", "publish that key under `ID`; the two come together")
	flags.StringArrayVar(&s.verifyOnly, "verify-only-key", nil, "publish `ID=FILE`, a public key (SPKI PEM) that signed before; may be repeated")
	s.logging.register(flags)
}

// read holds the settings against each other, and reads the files that they name.
func (s *settings) read() error {
	o := &s.options
	var wrong []error
	for _, bound := range []struct {
		name        string
		value, from int
		what        string
	}{
		{"max-worlds", o.MaxWorlds, 1, "1 or more"},
		{"max-records", o.MaxRecords, 1, "1 or more"},
		{"journal-entries", o.JournalEntries, 1, "1 or more"},
		{"journal-bytes", o.JournalBytes, 1, "1 or more"},
		{"snapshot-bytes", o.SnapshotBytes, 1, "1 or more"},
		{"max-connections", o.Limits.Connections, 1, "1 or more"},
		{"retention-days", o.RetentionDays, 0, "1 or more, or 0 for the milestone's"},
		{"checkpoint-retention-days", o.CheckpointRetentionDays, 0, "1 or more, or 0 for the retention of each"},
		{"idempotency-retention", int(o.IdempotencyRetention), 1, "more than 0, such as 24h"},
		{"world-idle", int(o.WorldIdle), 1, "more than 0, such as 10m"},
	} {
		if bound.value < bound.from {
			wrong = append(wrong, fmt.Errorf("%s is %s, not %s", s.named(bound.name), bound.what, s.flags.Lookup(bound.name).Value))
		}
	}
	if longest := milestones.M109().Limits.RetentionDaysMax; o.RetentionDays > longest {
		wrong = append(wrong, fmt.Errorf("%s is %d at most, not %d", s.named("retention-days"), longest, o.RetentionDays))
	}
	if wrong != nil {
		return errors.Join(wrong...)
	}
	if err := s.readKeys(); err != nil {
		return err
	}
	if s.seed != "" {
		text, err := textfile.Read(s.seed)
		if err != nil {
			return fmt.Errorf("%s: %w", s.named("seed"), err)
		}
		if s.options.Seed, err = fakeserver.ReadSeed(s.seed, text); err != nil {
			return err
		}
	}
	if err := s.checkBinding(); err != nil {
		return err
	}
	return s.readTLS()
}

// variable is the environment's name of a setting.
func variable(name string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

const variablePrefix = "FAKESERVER_"

// settle gives each setting that is not among the given flags the value of its
// variable, or else of its key in the file. A setting that does not exist is an error,
// wherever it stands, and so is a text that is given and empty. Variables that are set
// for a service called fakeserver are ignored, see isServiceLink.
func settle(settings, given *pflag.FlagSet, environ []string) error {
	if err := noEmptyFlag(given); err != nil {
		return err
	}
	var names, variables, bare []string
	settings.VisitAll(func(flag *pflag.Flag) {
		names, variables = append(names, flag.Name), append(variables, variable(flag.Name))
		bare = append(bare, strings.TrimPrefix(variable(flag.Name), variablePrefix))
	})
	slices.Sort(environ) // of several errors, the same one is told
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, variablePrefix) {
			continue
		}
		if !utf8.ValidString(entry) { // it may have a secret
			return fmt.Errorf("the environment variable %q is not UTF-8: write it in UTF-8", name)
		}
		i := slices.Index(variables, name)
		if i < 0 && isServiceLink(name, value) {
			continue
		}
		if i < 0 {
			// What all have in common makes none of them near.
			nearest := milestones.Nearest(strings.TrimPrefix(name, variablePrefix), bare)
			if nearest == "" {
				return fmt.Errorf("the environment has %s, which is no setting, nor like one: fakeserver --help lists them", name)
			}
			return fmt.Errorf("the environment has %s, which is no setting (did you mean %s%s?)", name, variablePrefix, nearest)
		}
		values := []string{value}
		if isList(settings.Lookup(names[i])) {
			values = strings.Split(value, ",")
		}
		if err := set(settings, name, names[i], values); err != nil {
			return err
		}
	}
	file := settings.Lookup("config").Value.String()
	if file == "" {
		return nil
	}
	lines, err := readConfig(file, names)
	if err != nil {
		return err
	}
	var wrong []error // all of the file, which is mended in one go
	for _, line := range lines {
		switch {
		case line.wrong != nil:
			wrong = append(wrong, line.wrong)
		case len(line.values) != 1 && !isList(settings.Lookup(line.name)):
			wrong = append(wrong, fmt.Errorf("%s: %s is one value, not a list", line.place, line.name))
		default:
			wrong = append(wrong, set(settings, line.place, line.name, line.values))
		}
	}
	return errors.Join(wrong...)
}

// set gives a setting its values, unless it has been given some. Place is the variable,
// or the line of the file.
func set(settings *pflag.FlagSet, place, name string, values []string) error {
	if settings.Changed(name) {
		return nil
	}
	named := place
	if !strings.HasPrefix(place, variablePrefix) {
		named += ": " + name
	}
	for _, value := range values {
		if value == "" {
			return fmt.Errorf("%s: %s is empty: leave it out, or give it a value", place, name)
		}
		if err := settings.Set(name, value); err != nil {
			return unreadable(named, err)
		}
	}
	return settings.SetAnnotation(name, source, []string{named})
}

// unreadable says what a setting should have been, whose value cannot be read.
func unreadable(named string, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	right, known := map[string]string{
		"duration": "write an amount of time, such as 90s, 10m or 72h",
		"int":      "write a whole number",
		"bool":     "write true or false",
	}[invalid.GetFlag().Value.Type()]
	if !known {
		return err
	}
	if errors.Is(err, strconv.ErrRange) {
		right = fmt.Sprint("write a whole number, ", math.MaxInt, " at most")
	}
	return fmt.Errorf("%s is not %q: %s", named, invalid.GetValue(), right)
}

// isList tells whether a setting can be given several times.
func isList(flag *pflag.Flag) bool {
	_, list := flag.Value.(pflag.SliceValue)
	return list
}

// configLine is a setting of the file.
type configLine struct {
	place  string // file:line
	name   string
	values []string
	wrong  error
}

// readConfig reads a file of settings. It is one YAML mapping of names to values, or
// to lists of them, and nothing else.
func readConfig(file string, names []string) ([]configLine, error) {
	text, err := textfile.Read(file)
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	mapping, err := milestones.Document(file, "mapping of settings", text)
	if errors.Is(err, milestones.ErrEmpty) {
		return nil, nil // all of it may be commented out
	} else if err != nil {
		return nil, err
	}
	if mapping.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: write settings, one a line, such as addr: 127.0.0.1:8109", file, mapping.Line)
	}
	var lines []configLine
	for i := 0; i < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		line := configLine{place: fmt.Sprintf("%s:%d", file, key.Line), name: key.Value}
		switch {
		case !slices.Contains(names, line.name):
			line.wrong = fmt.Errorf("%s: this is no setting, nor like one: fakeserver --help lists them", line.place) // a secret may stand there
			if nearest := milestones.Suggest(line.name, names); nearest != "" {
				line.wrong = fmt.Errorf("%s: there is no setting %q%s", line.place, line.name, nearest)
			}
		case line.name == "config":
			line.wrong = fmt.Errorf("%s: a file of settings names no other one", line.place)
		case slices.ContainsFunc(lines, func(before configLine) bool { return before.name == line.name }):
			line.wrong = fmt.Errorf("%s: %s stands here a second time", line.place, line.name)
		}
		elements := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode {
			elements = value.Content
		}
		for _, element := range elements {
			if element.Kind != yaml.ScalarNode && line.wrong == nil {
				line.wrong = fmt.Errorf("%s:%d: %s is a value, or a list of values", file, element.Line, line.name)
			}
			if element.Tag == "!!null" {
				element.Value = ""
			}
			line.values = append(line.values, element.Value)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// nearestFlag names the flag that an unknown one was probably meant to be, or says what
// the value of a known one should have been.
func nearestFlag(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return unreadable("--"+invalid.GetFlag().Name, err)
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, "--"+flag.Name) })
	return fmt.Errorf("%w%s", err, milestones.Suggest("--"+unknown.GetSpecifiedName(), names))
}

// noEmptyFlag refuses a text that is given and empty: it is a variable of the shell
// that was not set, and not a wish for the default.
func noEmptyFlag(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(flag *pflag.Flag) {
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		if slices.Contains(values, "") {
			err = fmt.Errorf("--%s is empty: leave it out, or give it a value", flag.Name)
		}
	})
	return err
}
