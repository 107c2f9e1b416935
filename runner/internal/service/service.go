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

	"example.com/lpgate/internal/sources"
	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/milestones"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/steps"
)

// This file reads the description of a service from flags, a target file and the environment.

// Options describe the service to verify. The zero value means the built-in fake server. [Options.AddFlags] documents the
// fields. A field that is not set has the value of --target-file, or the default.
type Options struct {
	URL            string
	File           string
	Capabilities   []string
	NoCapabilities []string
	Header         []string // "Name: value"
	PartnerKeys    string   // file

	CACert, Cert, Key, ServerName string // files, and a host
	Insecure                      bool

	ConnectTimeout, MaxTime, ScenarioTimeout time.Duration
	Retries                                  int
	Rate                                     float64

	RunID string

	Implementation, ImplementationVersion string // what a conformance report names

	// Warn receives a warning about a former name in the target file; nil discards it.
	Warn func(message string)

	commandLine *pflag.FlagSet // has which flags are given; nil without a command line
	fields      *pflag.FlagSet // sets the fields of this copy; commandLine may set those of another
	sources     *sources.Set   // FILE:LINE of values of the target file; nil before it is read
}

// Default timeouts.
const (
	connectTimeout = 5 * time.Second
	maxTime        = 30 * time.Second
)

// DefaultTimeout limits one scenario. The slowest one takes a few hundredths of a second against the fake.
const DefaultTimeout = 30 * time.Second

// maxRequests is the largest number of requests of one scenario. With --rate its timeout grows by the time for so many.
const maxRequests = 250

// AddFlags adds the flags that describe a service to a command. Where curl and k6 have a flag, it has the same name here.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	o.commandLine = flags
	o.bind(flags)
}

// bind adds a flag for each field. The present value is the default.
func (o *Options) bind(flags *pflag.FlagSet) {
	flags.StringVar(&o.URL, "target", o.URL, "verify the service at `URL` instead of the built-in fake server")
	flags.StringVar(&o.File, "target-file", o.File, "read the description of the target from `FILE`; flags override it")
	flags.StringArrayVar(&o.Capabilities, "capability", o.Capabilities, "declare that the target has a `CAPABILITY` beyond those that the milestone presumes; repeatable")
	flags.StringArrayVar(&o.NoCapabilities, "no-capability", o.NoCapabilities, "declare that the target lacks a `CAPABILITY`: scenarios that need it are skipped and do not fail the run; repeatable")
	flags.StringArrayVar(&o.Header, "header", o.Header, "send `'NAME: VALUE'` with each request; the value is not written anywhere; repeatable")
	flags.StringVar(&o.PartnerKeys, "partner-keys", o.PartnerKeys, "use the partner keys in `FILE` for a target in key mode")
	flags.StringVar(&o.CACert, "cacert", o.CACert, "trust only the certificates in the PEM `FILE`")
	flags.StringVar(&o.Cert, "cert", o.Cert, "use the client certificate in the PEM `FILE`")
	flags.StringVar(&o.Key, "key", o.Key, "private key of --cert, a PEM `FILE`")
	flags.StringVar(&o.ServerName, "server-name", o.ServerName, "expect a certificate for `HOST` instead of the host of the URL")
	flags.BoolVar(&o.Insecure, "insecure", o.Insecure, "do not verify the certificate of the target")
	flags.DurationVar(&o.ConnectTimeout, "connect-timeout", o.ConnectTimeout, "timeout for connecting, TLS included (default "+connectTimeout.String()+")")
	flags.DurationVar(&o.MaxTime, "max-time", o.MaxTime, "timeout for one request (default "+maxTime.String()+")")
	flags.DurationVar(&o.ScenarioTimeout, "scenario-timeout", o.ScenarioTimeout, "timeout for one scenario (default "+DefaultTimeout.String()+", longer with --rate)")
	flags.IntVar(&o.Retries, "retries", o.Retries, "retry connecting up to `N` times; a request is never sent twice")
	flags.Float64Var(&o.Rate, "rate", o.Rate, "send at most `N` requests per second")
	flags.StringVar(&o.RunID, "run-id", o.RunID, "use `ID` as a part of all ids that the run creates (default: a new one for --target, otherwise "+DefaultRunID+")")
	flags.StringVar(&o.Implementation, "implementation", o.Implementation, "`NAME` of the target's implementation, for the conformance report")
	flags.StringVar(&o.ImplementationVersion, "implementation-version", o.ImplementationVersion, "`VERSION` of the target's implementation, for the conformance report")
}

// DefaultRunID is the run id against the built-in server. It is constant, so that two runs are the same.
const DefaultRunID = "m109"

// Declaration declares a capability of a service present or absent.
type Declaration struct {
	Capability string
	// Where is the flag, or FILE:LINE of the target file.
	Where string
}

// Service is the system under test and how it is reached. The zero value stands for the built-in fake servers.
type Service struct {
	// URL is the base URL without a slash at the end; "" for the built-in servers.
	URL string
	// Present and Absent are the declared capabilities.
	Present, Absent []Declaration
	// PartnerKeys are the keys of --partner-keys.
	PartnerKeys []steps.PartnerKey
	// RunID is a part of all ids that the run creates.
	RunID string
	// ScenarioTimeout limits one scenario.
	ScenarioTimeout time.Duration
	// Implementation and ImplementationVersion name what runs at the URL; "" when they are not given.
	Implementation, ImplementationVersion string
	// Curl are the TLS flags for curl. There is none for --server-name.
	Curl []string

	presumed       []string // capabilities that the milestone presumes, set by [Service.Check]
	base           *url.URL
	headers        http.Header
	headerOrigins  []struct{ name, where string } // where each header is set
	tls            *tls.Config
	connectTimeout time.Duration
	maxTime        time.Duration
	retries        int
	budget         *rate.Limiter // nil when there is no limit
	connect        func(ctx context.Context, network, address string) (net.Conn, error)
	sleep          func(context.Context, time.Duration) error
}

// BuiltIn reports whether the service is the built-in fake server.
func (s *Service) BuiltIn() bool { return s.URL == "" }

// HasCapability reports whether the service has a capability: one that is declared, or that the milestone presumes and
// that is not declared absent.
func (s *Service) HasCapability(capability string) bool {
	is := func(d Declaration) bool { return d.Capability == capability }
	return slices.ContainsFunc(s.Present, is) || slices.Contains(s.presumed, capability) && !slices.ContainsFunc(s.Absent, is)
}

// Capabilities returns the capabilities of a milestone that the service has. Each built-in server has some, and together they
// have all.
func (s *Service) Capabilities(m *milestones.Milestone) (ids []string) {
	for _, c := range m.Capabilities {
		if s.BuiltIn() || s.HasCapability(c.ID) || c.ID == keyMode && s.KeyMode() {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// Check records which capabilities the milestone presumes. It returns an error for a capability that the milestone does not
// declare, and for a header that scenarios set.
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
	for _, header := range s.headerOrigins {
		if slices.ContainsFunc(set, func(name string) bool { return strings.EqualFold(name, header.name) }) {
			return fmt.Errorf("%s: scenarios set this header", header.where)
		}
	}
	var known []string
	for _, capability := range m.Capabilities {
		known = append(known, capability.ID)
		if capability.Assumed {
			s.presumed = append(s.presumed, capability.ID)
		}
	}
	for _, d := range slices.Concat(s.Present, s.Absent) {
		if slices.Contains(known, d.Capability) {
			continue
		}
		return fmt.Errorf("%s %s: %s has no such capability%s", d.Where, d.Capability, m.ID, suggest.DidYouMean(d.Capability, known))
	}
	return nil
}

// Missing returns the requirements of a milestone that the service does not meet. Each is a group of capabilities of which it
// must have one. Key mode is an identity mode with any keys.
func (s *Service) Missing(m *milestones.Milestone) [][]string {
	return slices.DeleteFunc(m.Requirements(), func(group []string) bool {
		return slices.ContainsFunc(group, s.HasCapability) || slices.Contains(group, keyMode) && s.KeyMode()
	})
}

// keyMode is the capability to identify callers by the partner keys of the fixtures.
const keyMode = "key-identity"

// KeyMode reports whether the service identifies callers by partner keys.
func (s *Service) KeyMode() bool { return s.HasCapability(keyMode) || s.PartnerKeys != nil }

// WithHeaders returns the headers of a request together with those of --header.
func (s *Service) WithHeaders(header http.Header) http.Header {
	all := header.Clone()
	for name, values := range s.headers {
		all[name] = values
	}
	return all
}

// BasePath returns the escaped path of the URL, which precedes the paths of the contract.
func (s *Service) BasePath() string {
	if s.base == nil {
		return ""
	}
	return s.base.EscapedPath()
}

// Open reads the target file and all files that the options name, and registers secrets. Errors never quote a value that may
// be a secret.
func (o *Options) Open(secrets *record.Secrets) (*Service, error) {
	o.fields = pflag.NewFlagSet("", pflag.ContinueOnError)
	o.bind(o.fields)
	if o.sources == nil { // the file is read once
		o.sources = sources.New(o.fields, nil)
		if o.File != "" {
			if err := o.readFile(); err != nil {
				return nil, err
			}
		}
	}
	s := &Service{
		RunID:           cmp.Or(o.RunID, DefaultRunID),
		ScenarioTimeout: cmp.Or(o.ScenarioTimeout, DefaultTimeout),
		connectTimeout:  cmp.Or(o.ConnectTimeout, connectTimeout),
		maxTime:         cmp.Or(o.MaxTime, maxTime),
		retries:         o.Retries,
		sleep:           sleep,

		Implementation: o.Implementation, ImplementationVersion: o.ImplementationVersion,
	}
	s.connect = (&net.Dialer{Timeout: s.connectTimeout}).DialContext
	if o.URL == "" {
		return s, o.rejectTargetFlags()
	}
	for _, name := range []string{"connect-timeout", "max-time", "scenario-timeout", "retries", "rate"} {
		if value := o.fields.Lookup(name).Value.String(); strings.HasPrefix(value, "-") {
			return nil, fmt.Errorf("%s must not be negative, got %s", o.origin(name), value)
		}
	}
	if o.Rate > 0 {
		s.budget = rate.NewLimiter(rate.Limit(o.Rate), 1)
		if o.ScenarioTimeout == 0 {
			s.ScenarioTimeout += time.Duration(maxRequests / o.Rate * float64(time.Second))
		}
	}
	for _, step := range []func(*Service, *record.Secrets) error{o.readURL, o.readHeaders, o.readKeys, o.readTLS, o.readCapabilities, o.readRunID} {
		if err := step(s, secrets); err != nil {
			return nil, err
		}
	}
	for _, flag := range []string{"cacert", "cert", "key"} { // which have the same names there
		if file := o.fields.Lookup(flag).Value.String(); file != "" {
			s.Curl = append(s.Curl, "--"+flag, file)
		}
	}
	if o.Insecure {
		s.Curl = append(s.Curl, "--insecure")
	}
	return s, nil
}

// Args returns the arguments that select the same target; none for the built-in servers. The value of a header becomes a
// reference to an environment variable, as in curl commands.
func (o *Options) Args() []string {
	var words []string
	add := func(flag, value string) { words = append(words, "--"+flag, value) }
	if o.File != "" {
		add("target-file", o.File)
	}
	if o.fields == nil { // a merge sends no requests
		return words
	}
	o.fields.VisitAll(func(flag *pflag.Flag) {
		if o.sources.HasOrigin(flag.Name) || !o.isSet(flag.Name) {
			return
		}
		switch list, isList := flag.Value.(pflag.SliceValue); {
		case slices.Contains([]string{"target-file", "run-id", "scenario-timeout", "implementation", "implementation-version"}, flag.Name):
		case flag.Name == "insecure":
			words = append(words, "--insecure")
		case !isList:
			add(flag.Name, flag.Value.String())
		default:
			for _, value := range list.GetSlice() {
				if o.sources.HasOrigin(flag.Name, value) {
					continue
				}
				if flag.Name == "header" {
					name, _, _ := strings.Cut(value, ":")
					name = http.CanonicalHeaderKey(strings.TrimSpace(name))
					value = name + ": ${" + record.ShellVariable(name) + "}"
				}
				add(flag.Name, value)
			}
		}
	})
	return words
}

// rejectTargetFlags returns an error for a flag that needs --target.
func (o *Options) rejectTargetFlags() error {
	var err error
	o.fields.VisitAll(func(flag *pflag.Flag) {
		if err == nil && slices.Contains(targetFlags, flag.Name) && o.isSet(flag.Name) {
			err = fmt.Errorf("%s needs --target", o.origin(flag.Name))
		}
	})
	switch {
	case err != nil:
	case o.File != "":
		err = fmt.Errorf("%s has no url: add it, or use --target", o.File)
	}
	return err
}

// noFlags has the default value of each flag.
var noFlags = func() *pflag.FlagSet {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(Options).bind(flags)
	return flags
}()

// isSet reports whether a flag is given, or has another value than its default.
func (o *Options) isSet(name string) bool {
	return o.commandLine != nil && o.commandLine.Changed(name) || o.fields.Lookup(name).Value.String() != noFlags.Lookup(name).DefValue
}

// origin returns where a value is set: the flag, or FILE:LINE.
func (o *Options) origin(name string, value ...string) string {
	return o.sources.Origin(name, value...)
}

var (
	variableReference = regexp.MustCompile(`\$\{([^}]*)\}`)
	variableName      = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// expandVariables replaces each ${NAME} by the value of the environment variable, and returns these values too.
func expandVariables(text, where string) (expanded string, values []string, err error) {
	expanded = variableReference.ReplaceAllStringFunc(text, func(reference string) string {
		name := reference[2 : len(reference)-1]
		value, ok := os.LookupEnv(name)
		switch {
		case !variableName.MatchString(name):
			err = errors.Join(err, fmt.Errorf("%s: ${…} must contain the name of an environment variable", where))
		case !ok:
			err = errors.Join(err, fmt.Errorf("%s: the environment variable %s is not set", where, name))
		}
		values = append(values, value)
		return value
	})
	return expanded, values, err
}

func (o *Options) readURL(s *Service, secrets *record.Secrets) error {
	where := o.origin("target")
	text, hidden, err := expandVariables(o.URL, where)
	if err != nil {
		return err
	}
	for _, value := range hidden {
		secrets.Learn(value)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil: // the error quotes the URL, which may have a password in it
		return fmt.Errorf("%s is not a URL such as https://host/base", where)
	case u.User != nil:
		return fmt.Errorf("%s contains a user or a password: send them with --header 'Authorization: Basic ${NAME}'", where)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("%s is not a URL such as http://127.0.0.1:8109 or https://host/base", where)
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return fmt.Errorf("%s must not have a query or a fragment", where)
	}
	s.URL = strings.TrimRight(text, "/")
	s.base, err = url.Parse(s.URL)
	return err
}

// reserved are the headers of HTTP itself, and X-Scopes, the alias of X-Auth-Scopes in M109. [Service.Check] refuses those
// that a milestone names.
var reserved = []string{"Connection", "Content-Length", "Content-Type", "Host", "Trailer", "Transfer-Encoding", "X-Scopes"}

var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func (o *Options) readHeaders(s *Service, secrets *record.Secrets) error {
	s.headers = http.Header{}
	for _, line := range o.Header {
		where := o.origin("header", line)
		name, value, ok := strings.Cut(line, ":")
		name = http.CanonicalHeaderKey(strings.TrimSpace(name))
		if !ok || !headerName.MatchString(name) {
			return fmt.Errorf("%s: write 'Name: value'", where) // the text may be a secret
		}
		where += " " + name
		value, _, err := expandVariables(strings.TrimSpace(value), where)
		switch {
		case err != nil:
			return err
		case name == "X-Partner-Key":
			return fmt.Errorf("%s: scenarios set this header: use --partner-keys FILE", where)
		case slices.Contains(reserved, name):
			return fmt.Errorf("%s: scenarios or HTTP set this header", where)
		case value == "":
			return fmt.Errorf("%s: the value is empty", where)
		case !utf8.ValidString(value): // the value may be a secret
			return fmt.Errorf("%s: the value is not UTF-8", where)
		case strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }):
			return fmt.Errorf("%s: the value has a control character", where)
		}
		secrets.Hide(name, value)
		s.headers.Add(name, value)
		s.headerOrigins = append(s.headerOrigins, struct{ name, where string }{name, where})
	}
	return nil
}

func (o *Options) readKeys(s *Service, secrets *record.Secrets) error {
	if o.PartnerKeys == "" {
		return nil
	}
	if !slices.Contains(o.NoCapabilities, "header-identity") {
		return fmt.Errorf("%s needs a target in key mode: add --no-capability header-identity", o.origin("partner-keys"))
	}
	text, err := o.read("partner-keys", o.PartnerKeys)
	if err != nil {
		return err
	}
	if s.PartnerKeys, err = steps.ReadPartnerKeys(text); err != nil {
		return fmt.Errorf("%s %s: %w", o.origin("partner-keys"), o.PartnerKeys, err)
	}
	for i := range s.PartnerKeys {
		key := &s.PartnerKeys[i]
		if key.Key, _, err = expandVariables(key.Key, fmt.Sprintf("%s: the key %q", o.PartnerKeys, key.Label)); err != nil {
			return err
		}
		secrets.Learn(key.Key)
	}
	if _, _, ok := steps.TwoPartners(s.PartnerKeys); !ok {
		return fmt.Errorf("%s %s: scenarios need keys of two partners with the scopes settlement:read and settlement:write",
			o.origin("partner-keys"), o.PartnerKeys)
	}
	return nil
}

// secretFiles are the flags whose file contains a secret.
var secretFiles = []string{"partner-keys", "key"}

// read reads the file of a flag. A user may pass the secret itself instead of a file name, so a name without a file is not
// printed.
func (o *Options) read(name, file string) ([]byte, error) {
	text, err := textfile.Read(file)
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) && slices.Contains(secretFiles, name) {
		return nil, fmt.Errorf("%s: %w: expected the name of a file (the value is not shown, as it may be the secret itself)", o.origin(name), failed.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.origin(name), err)
	}
	return text, nil
}

func (o *Options) readTLS(s *Service, _ *record.Secrets) error {
	for _, name := range []string{"cacert", "cert", "key", "server-name", "insecure"} {
		if o.isSet(name) && s.base.Scheme != "https" {
			return fmt.Errorf("%s needs a target with an https:// URL", o.origin(name))
		}
	}
	s.tls = &tls.Config{ServerName: o.ServerName, InsecureSkipVerify: o.Insecure} //nolint:gosec // only with --insecure
	if o.CACert != "" {
		text, err := o.read("cacert", o.CACert)
		if err != nil {
			return err
		}
		s.tls.RootCAs = x509.NewCertPool()
		if !s.tls.RootCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("%s %s: the file contains no PEM certificate", o.origin("cacert"), o.CACert)
		}
	}
	switch {
	case o.Cert == "" && o.Key == "":
		return nil
	case o.Cert == "":
		return fmt.Errorf("%s needs --cert", o.origin("key"))
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
		return fmt.Errorf("%s %s: %w", o.origin("cert"), o.Cert, err)
	}
	s.tls.Certificates = []tls.Certificate{pair}
	return nil
}

// readCapabilities reads the declarations. [Service.Check] compares them with the milestone.
func (o *Options) readCapabilities(s *Service, _ *record.Secrets) error {
	for _, capability := range o.Capabilities {
		s.Present = append(s.Present, Declaration{capability, o.origin("capability", capability)})
	}
	for _, capability := range o.NoCapabilities {
		s.Absent = append(s.Absent, Declaration{capability, o.origin("no-capability", capability)})
	}
	isAbsent := func(capability string) bool {
		return slices.ContainsFunc(s.Absent, func(d Declaration) bool { return d.Capability == capability })
	}
	for _, present := range s.Present {
		if isAbsent(present.Capability) {
			return fmt.Errorf("%s %s: the capability is declared absent too", present.Where, present.Capability)
		}
		for _, pair := range exclusive {
			if pair[0] == present.Capability && !isAbsent(pair[1]) {
				return fmt.Errorf("%s %s excludes %s: add --no-capability %s", present.Where, pair[0], pair[1], pair[1])
			}
		}
	}
	return nil
}

// readRunID makes a new run id, unless one is given.
func (o *Options) readRunID(s *Service, _ *record.Secrets) error {
	if o.RunID != "" {
		return nil
	}
	var id [8]byte
	if _, err := io.ReadFull(rand.Reader, id[:]); err != nil {
		return fmt.Errorf("making a run id: %w", err)
	}
	s.RunID = hex.EncodeToString(id[:])
	return nil
}
