package service

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/pflag"
	"golang.org/x/time/rate"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/steps"
)

// This file is what is said of a service of somebody's own: on the command line, in a target file, in the environment.

// Options are what is said of the service to verify. The zero value means the built-in fake server.
//
// [Options.AddFlags] has what each field means. A field that is not set is what --target-file says, or the default.
type Options struct {
	URL    string
	File   string
	Has    []string
	Lacks  []string
	Header []string // "Name: value"
	// PartnerKeys is the name of a file.
	PartnerKeys string

	CACert, Cert, Key, ServerName string // names of files, and of a host
	Insecure                      bool

	ConnectTimeout, MaxTime, ScenarioTimeout time.Duration
	Retries                                  int
	Rate                                     float64

	Seed string

	given *pflag.FlagSet    // the command line, to tell what was given from what was not; nil without one
	flags *pflag.FlagSet    // these fields: the command line's may be those of another copy
	said  map[string]string // where a value was said, if not by its flag; by flag, and by flag and value
}

// The times that nobody said otherwise.
const (
	connectTimeout = 5 * time.Second
	maxTime        = 30 * time.Second
)

// DefaultTimeout is how long one scenario may take. The slowest takes a few hundredths of a second.
const DefaultTimeout = 30 * time.Second

// busiest is how many requests a scenario sends at most. With --rate it gets the time for that many more.
const busiest = 250

// AddFlags gives a command the flags that say what a service is and how it is reached. They are the same in every
// command, and are called as in curl and k6 where these have them.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	o.given = flags
	o.bind(flags)
}

// bind makes flags of the fields, as they are.
func (o *Options) bind(flags *pflag.FlagSet) {
	flags.StringVar(&o.URL, "target", o.URL, "verify what answers at `URL` instead of the built-in fake server")
	flags.StringVar(&o.File, "target-file", o.File, "read what is said here of the target from `FILE`; flags come before it")
	flags.StringArrayVar(&o.Has, "has", o.Has, "a `CAPABILITY` that the target has beside those that the milestone gives to all; may be repeated")
	flags.StringArrayVar(&o.Lacks, "lacks", o.Lacks, "a `CAPABILITY` that the target is known to lack: what needs it is left out, and not held against it; may be repeated")
	flags.StringArrayVar(&o.Header, "header", o.Header, "send `'NAME: VALUE'` with every request, and write the value nowhere; may be repeated")
	flags.StringVar(&o.PartnerKeys, "partner-keys", o.PartnerKeys, "the `FILE` with partner keys that a target in key mode knows")
	flags.StringVar(&o.CACert, "cacert", o.CACert, "trust the certificates in the PEM `FILE`, and no others")
	flags.StringVar(&o.Cert, "cert", o.Cert, "the client certificate in the PEM `FILE`")
	flags.StringVar(&o.Key, "key", o.Key, "the private key of --cert in the PEM `FILE`")
	flags.StringVar(&o.ServerName, "server-name", o.ServerName, "expect the certificate of this `HOST`, and not that of the URL")
	flags.BoolVar(&o.Insecure, "insecure", o.Insecure, "do not verify the target's certificate")
	flags.DurationVar(&o.ConnectTimeout, "connect-timeout", o.ConnectTimeout, "how long connecting may take, TLS included (default "+connectTimeout.String()+")")
	flags.DurationVar(&o.MaxTime, "max-time", o.MaxTime, "how long one request may take (default "+maxTime.String()+")")
	flags.DurationVar(&o.ScenarioTimeout, "scenario-timeout", o.ScenarioTimeout, "how long one scenario may take (default "+DefaultTimeout.String()+", and more with --rate)")
	flags.IntVar(&o.Retries, "retries", o.Retries, "try to connect `N` more times; a request is never sent twice")
	flags.Float64Var(&o.Rate, "rate", o.Rate, "send at most `N` requests per second")
	flags.StringVar(&o.Seed, "seed", o.Seed, "a `WORD` that makes the ids of the run its own (default a new one for --target, else "+DefaultSeed+")")
}

// DefaultSeed is the seed of a run against the built-in server. It is fixed, so that two runs are the same.
const DefaultSeed = "m109"

// Claim is a capability that a service is said to have, or to lack.
type Claim struct {
	Capability string
	// Where it is said: a flag, or FILE:LINE.
	Where string
}

// Service is a service of somebody's own and the way to it. The zero value stands for the built-in servers, and its
// way is a plain one.
type Service struct {
	// URL is the base URL without a slash at the end; "" for the built-in servers.
	URL string
	// Has and Lacks are what is said of it.
	Has, Lacks []Claim
	// PartnerKeys are keys that it knows; nil when nobody said any.
	PartnerKeys []steps.PartnerKey
	// Seed is the word that the ids of the run are made of.
	Seed string
	// ScenarioTimeout is how long one scenario may take.
	ScenarioTimeout time.Duration
	// Curl are the flags with which curl trusts it, and is trusted by it. A name of a host has none.
	Curl []string

	given          []string // what the milestone gives to all, once [Service.Check] was told of it
	base           *url.URL
	headers        http.Header
	said           []struct{ name, where string } // where each header was said
	tls            *tls.Config
	connectTimeout time.Duration
	maxTime        time.Duration
	retries        int
	budget         *rate.Limiter // nil when there is no limit
	connect        func(ctx context.Context, network, address string) (net.Conn, error)
	pause          func(context.Context, time.Duration) error
}

// BuiltIn says whether there is no service but the built-in servers.
func (s *Service) BuiltIn() bool { return s.URL == "" }

// Can says whether the service has a capability. It has what the milestone gives to all, unless it is said to lack it.
func (s *Service) Can(capability string) bool {
	is := func(c Claim) bool { return c.Capability == capability }
	return slices.ContainsFunc(s.Has, is) || slices.Contains(s.given, capability) && !slices.ContainsFunc(s.Lacks, is)
}

// Check tells the service what the milestone gives to all, and refuses what it speaks against: a capability that it does
// not know, and a header that its scenarios set.
func (s *Service) Check(m *milestones.Milestone) error {
	set := []string{m.Transport.CorrelationHeader, m.Transport.IdempotencyHeader}
	for _, identity := range m.Identities {
		set = append(set, identity.Headers...)
	}
	for _, parameter := range m.Parameters {
		if parameter.In == milestones.InHeader {
			set = append(set, parameter.Name)
		}
	}
	for _, said := range s.said {
		if slices.ContainsFunc(set, func(name string) bool { return strings.EqualFold(name, said.name) }) {
			return fmt.Errorf("%s: scenarios set this header", said.where)
		}
	}
	var known []string
	for _, capability := range m.Capabilities {
		known = append(known, capability.ID)
		if capability.Assumed {
			s.given = append(s.given, capability.ID)
		}
	}
	for _, claim := range slices.Concat(s.Has, s.Lacks) {
		if slices.Contains(known, claim.Capability) {
			continue
		}
		return fmt.Errorf("%s %s: %s has no such capability%s", claim.Where, claim.Capability, m.ID, suggest.DidYouMean(claim.Capability, known))
	}
	return nil
}

// Missing are the requirements of a milestone that the service does not meet: of each group of capabilities it has to have one.
// A service in key mode has an identity mode, whichever keys it knows.
func (s *Service) Missing(m *milestones.Milestone) [][]string {
	return slices.DeleteFunc(m.Requirements(), func(group []string) bool {
		return slices.ContainsFunc(group, s.Can) || slices.Contains(group, keyMode) && s.KeyMode()
	})
}

// keyMode is the capability to know callers by the keys of the fixtures.
const keyMode = "key-identity"

// KeyMode says whether the service knows its callers by their partner keys.
func (s *Service) KeyMode() bool { return s.Can(keyMode) || s.PartnerKeys != nil }

// Dress is the headers of a request as it is sent, with those of --header.
func (s *Service) Dress(header http.Header) http.Header {
	dressed := header.Clone()
	for name, values := range s.headers {
		dressed[name] = values
	}
	return dressed
}

// Prefix is what the URL has before the paths of the contract, as it is sent.
func (s *Service) Prefix() string {
	if s.base == nil {
		return ""
	}
	return s.base.EscapedPath()
}

// Open reads everything that the options name, and tells secrets what must not be written. An error says what was given
// wrong, and where, and never quotes what may be a secret.
func (o *Options) Open(secrets *record.Secrets) (*Service, error) {
	o.flags = pflag.NewFlagSet("", pflag.ContinueOnError)
	o.bind(o.flags)
	if o.said == nil { // the file is read once
		o.said = map[string]string{}
		if o.File != "" {
			if err := o.readFile(); err != nil {
				return nil, err
			}
		}
	}
	s := &Service{
		Seed:            cmp.Or(o.Seed, DefaultSeed),
		ScenarioTimeout: cmp.Or(o.ScenarioTimeout, DefaultTimeout),
		connectTimeout:  cmp.Or(o.ConnectTimeout, connectTimeout),
		maxTime:         cmp.Or(o.MaxTime, maxTime),
		retries:         o.Retries,
		pause:           pause,
	}
	s.connect = (&net.Dialer{Timeout: s.connectTimeout}).DialContext
	if o.URL == "" {
		return s, o.idle()
	}
	for _, name := range []string{"connect-timeout", "max-time", "scenario-timeout", "retries", "rate"} {
		if value := o.flags.Lookup(name).Value.String(); strings.HasPrefix(value, "-") {
			return nil, fmt.Errorf("%s: %s is less than nothing", o.where(name), value)
		}
	}
	if o.Rate > 0 {
		s.budget = rate.NewLimiter(rate.Limit(o.Rate), 1)
		if o.ScenarioTimeout == 0 {
			s.ScenarioTimeout += time.Duration(busiest / o.Rate * float64(time.Second))
		}
	}
	for _, step := range []func(*Service, *record.Secrets) error{o.readURL, o.readHeaders, o.readKeys, o.readTLS, o.readClaims, o.readSeed} {
		if err := step(s, secrets); err != nil {
			return nil, err
		}
	}
	for _, flag := range []string{"cacert", "cert", "key"} { // which have the same names there
		if file := o.flags.Lookup(flag).Value.String(); file != "" {
			s.Curl = append(s.Curl, "--"+flag, file)
		}
	}
	if o.Insecure {
		s.Curl = append(s.Curl, "--insecure")
	}
	return s, nil
}

// Again are the words that name the same target on a command line; none for the built-in servers. A header that
// was given there is a variable of the environment, called like that of a curl command.
func (o *Options) Again() []string {
	var words []string
	say := func(flag, value string) { words = append(words, "--"+flag, value) }
	if o.File != "" {
		say("target-file", o.File)
	}
	if o.flags == nil { // of a merge, which calls nobody
		return words
	}
	o.flags.VisitAll(func(flag *pflag.Flag) {
		if _, fromFile := o.said[flag.Name]; fromFile || !o.has(flag.Name) {
			return
		}
		switch list, isList := flag.Value.(pflag.SliceValue); {
		case slices.Contains([]string{"target-file", "seed", "scenario-timeout"}, flag.Name):
		case flag.Name == "insecure":
			words = append(words, "--insecure")
		case !isList:
			say(flag.Name, flag.Value.String())
		default:
			for _, value := range list.GetSlice() {
				if _, fromFile := o.said[flag.Name+" "+value]; fromFile {
					continue
				}
				if flag.Name == "header" {
					name, _, _ := strings.Cut(value, ":")
					name = http.CanonicalHeaderKey(strings.TrimSpace(name))
					value = name + ": ${" + record.ShellVariable(name) + "}"
				}
				say(flag.Name, value)
			}
		}
	})
	return words
}

// idle refuses what is said of a service when there is none. The seed is not of a service alone.
func (o *Options) idle() error {
	var err error
	o.flags.VisitAll(func(flag *pflag.Flag) {
		if err == nil && slices.Contains(flagsOfService, flag.Name) && o.has(flag.Name) {
			err = fmt.Errorf("%s is about a target, and there is no --target", o.where(flag.Name))
		}
	})
	switch {
	case err != nil:
	case o.File != "":
		err = fmt.Errorf("%s has no url, and there is no --target", o.File)
	}
	return err
}

// unset are the flags as they are when nobody sets any.
var unset = func() *pflag.FlagSet {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(Options).bind(flags)
	return flags
}()

// has says whether something was said that is not the default, or was said to be it.
func (o *Options) has(name string) bool {
	return o.given != nil && o.given.Changed(name) || o.flags.Lookup(name).Value.String() != unset.Lookup(name).DefValue
}

// where is where a value was said.
func (o *Options) where(name string, value ...string) string {
	key := strings.Join(append([]string{name}, value...), " ")
	return cmp.Or(o.said[key], "--"+name)
}

var (
	fromEnvironment = regexp.MustCompile(`\$\{([^}]*)\}`)
	variableName    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// expand puts the environment's values in the place of ${NAME}. found are these values.
func expand(text, where string) (expanded string, found []string, err error) {
	expanded = fromEnvironment.ReplaceAllStringFunc(text, func(reference string) string {
		name := reference[2 : len(reference)-1]
		value, ok := os.LookupEnv(name)
		switch {
		case !variableName.MatchString(name):
			err = errors.Join(err, fmt.Errorf("%s: ${…} must hold the name of a variable of the environment", where))
		case !ok:
			err = errors.Join(err, fmt.Errorf("%s: the environment has no %s", where, name))
		}
		found = append(found, value)
		return value
	})
	return expanded, found, err
}

func (o *Options) readURL(s *Service, secrets *record.Secrets) error {
	where := o.where("target")
	text, hidden, err := expand(o.URL, where)
	if err != nil {
		return err
	}
	for _, value := range hidden {
		secrets.Learn(value)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil: // the error quotes the URL, which may have a password in it
		return fmt.Errorf("%s is no URL such as https://host/base", where)
	case u.User != nil:
		return fmt.Errorf("%s has a user or a password in it: send them with --header 'Authorization: Basic ${NAME}'", where)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("%s is no URL such as http://127.0.0.1:8109 or https://host/base", where)
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return fmt.Errorf("%s has a query or a fragment, and is only what comes before a path", where)
	}
	s.URL = strings.TrimRight(text, "/")
	s.base, err = url.Parse(s.URL)
	return err
}

// reserved are the headers that belong to HTTP itself, and X-Scopes, another name for X-Auth-Scopes of M109. Those that
// a milestone names are for [Service.Check].
var reserved = []string{"Connection", "Content-Length", "Content-Type", "Host", "Trailer", "Transfer-Encoding", "X-Scopes"}

var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func (o *Options) readHeaders(s *Service, secrets *record.Secrets) error {
	s.headers = http.Header{}
	for _, line := range o.Header {
		where := o.where("header", line)
		name, value, ok := strings.Cut(line, ":")
		name = http.CanonicalHeaderKey(strings.TrimSpace(name))
		if !ok || !headerName.MatchString(name) {
			return fmt.Errorf("%s: write 'Name: value'", where) // without what was written, which may be a secret
		}
		where += " " + name
		value, _, err := expand(strings.TrimSpace(value), where)
		switch {
		case err != nil:
			return err
		case name == "X-Partner-Key":
			return fmt.Errorf("%s: scenarios choose the key themselves, out of --partner-keys FILE", where)
		case slices.Contains(reserved, name):
			return fmt.Errorf("%s: scenarios, or HTTP itself, set this header", where)
		case value == "":
			return fmt.Errorf("%s: it has no value", where)
		case !utf8.ValidString(value): // without the value, which may be a secret
			return fmt.Errorf("%s: its value is not UTF-8", where)
		case strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }):
			return fmt.Errorf("%s: its value has a character that no header can carry", where)
		}
		secrets.Hide(name, value)
		s.headers.Add(name, value)
		s.said = append(s.said, struct{ name, where string }{name, where})
	}
	return nil
}

func (o *Options) readKeys(s *Service, secrets *record.Secrets) error {
	if o.PartnerKeys == "" {
		return nil
	}
	if !slices.Contains(o.Lacks, "header-identity") {
		return fmt.Errorf("%s is for a target in key mode, so say --lacks header-identity", o.where("partner-keys"))
	}
	text, err := o.read("partner-keys", o.PartnerKeys)
	if err != nil {
		return err
	}
	if s.PartnerKeys, err = steps.ReadPartnerKeys(text); err != nil {
		return fmt.Errorf("%s %s: %w", o.where("partner-keys"), o.PartnerKeys, err)
	}
	for i := range s.PartnerKeys {
		key := &s.PartnerKeys[i]
		if key.Key, _, err = expand(key.Key, fmt.Sprintf("%s: the key %q", o.PartnerKeys, key.Label)); err != nil {
			return err
		}
		secrets.Learn(key.Key)
	}
	if _, _, ok := steps.TwoPartners(s.PartnerKeys); !ok {
		return fmt.Errorf("%s %s: scenarios act with two partners, and there are no two in it with a key for settlement:read and settlement:write",
			o.where("partner-keys"), o.PartnerKeys)
	}
	return nil
}

// secretFiles are the flags that name a file with a secret in it.
var secretFiles = []string{"partner-keys", "key"}

// read reads a file that an option names. A user may give a secret itself in the place of the name of its file: such a
// name is not printed when there is no file of it.
func (o *Options) read(name, file string) ([]byte, error) {
	text, err := textfile.Read(file)
	if at := (*fs.PathError)(nil); errors.As(err, &at) && slices.Contains(secretFiles, name) {
		return nil, fmt.Errorf("%s: %w: write the name of a file (what was written is not shown: it may be the secret itself)", o.where(name), at.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.where(name), err)
	}
	return text, nil
}

func (o *Options) readTLS(s *Service, _ *record.Secrets) error {
	for _, name := range []string{"cacert", "cert", "key", "server-name", "insecure"} {
		if o.has(name) && s.base.Scheme != "https" {
			return fmt.Errorf("%s is for TLS, and the target is no https:// URL", o.where(name))
		}
	}
	s.tls = &tls.Config{ServerName: o.ServerName, InsecureSkipVerify: o.Insecure} //nolint:gosec // only when it was asked for
	if o.CACert != "" {
		text, err := o.read("cacert", o.CACert)
		if err != nil {
			return err
		}
		s.tls.RootCAs = x509.NewCertPool()
		if !s.tls.RootCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("%s %s: there is no certificate in PEM in it", o.where("cacert"), o.CACert)
		}
	}
	switch {
	case o.Cert == "" && o.Key == "":
		return nil
	case o.Cert == "":
		return fmt.Errorf("%s goes with --cert", o.where("key"))
	}
	text, err := o.read("cert", o.Cert)
	if err != nil {
		return err
	}
	key, err := o.read("key", cmp.Or(o.Key, o.Cert)) // as in curl, one file may have both
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(text, key)
	if err != nil {
		return fmt.Errorf("%s %s: %w", o.where("cert"), o.Cert, err)
	}
	s.tls.Certificates = []tls.Certificate{pair}
	return nil
}

// readClaims says which capabilities the service has. Whether there are such is for the milestone to say.
func (o *Options) readClaims(s *Service, _ *record.Secrets) error {
	for _, capability := range o.Has {
		s.Has = append(s.Has, Claim{capability, o.where("has", capability)})
	}
	for _, capability := range o.Lacks {
		s.Lacks = append(s.Lacks, Claim{capability, o.where("lacks", capability)})
	}
	lacks := func(capability string) bool {
		return slices.ContainsFunc(s.Lacks, func(c Claim) bool { return c.Capability == capability })
	}
	for _, has := range s.Has {
		if lacks(has.Capability) {
			return fmt.Errorf("%s %s: it is said to lack it too", has.Where, has.Capability)
		}
		for _, pair := range opposites {
			if pair[0] == has.Capability && !lacks(pair[1]) {
				return fmt.Errorf("%s %s: no server has %s as well, so say --lacks %s", has.Where, pair[0], pair[1], pair[1])
			}
		}
	}
	return nil
}

// readSeed makes a seed that no run had before, unless one was given.
func (o *Options) readSeed(s *Service, _ *record.Secrets) error {
	if o.Seed != "" {
		return nil
	}
	var word [8]byte
	if _, err := io.ReadFull(rand.Reader, word[:]); err != nil {
		return fmt.Errorf("making a seed: %w", err)
	}
	s.Seed = hex.EncodeToString(word[:])
	return nil
}
