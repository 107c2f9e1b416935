package sources

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// command is a command with a flag of each type.
type command struct {
	addr, config string
	idle         time.Duration
	max          int
	quiet        bool
	origins      []string
	set          *Set
	cmd          *cobra.Command
}

func newCommand(t *testing.T, args ...string) *command {
	t.Helper()
	c := &command{cmd: &cobra.Command{Use: "serve", SilenceErrors: true, SilenceUsage: true, Run: func(*cobra.Command, []string) {}}}
	flags := c.cmd.Flags()
	flags.StringVar(&c.addr, "addr", "default", "")
	flags.StringVar(&c.config, "config", "", "")
	flags.DurationVar(&c.idle, "idle-time", 0, "")
	flags.IntVar(&c.max, "max", 0, "")
	flags.BoolVar(&c.quiet, "quiet", false, "")
	flags.StringArrayVar(&c.origins, "origin", nil, "")
	c.set = New(flags, map[string]string{"address": "addr"})
	c.cmd.SetGlobalNormalizationFunc(c.set.Normalize)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte("addr: of the file\nidle-time: 3s\nmax: 3\nquiet: true\norigin: [x, y]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newCommand(t, "--addr", "of the flag", "--config", file)
	if err := c.set.LoadEnvironment("SERVE_", []string{"SERVE_ADDR=of the variable", "SERVE_IDLE_TIME=2s", "PATH=/bin"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.set.LoadFile("config"); err != nil {
		t.Fatal(err)
	}
	if c.addr != "of the flag" || c.idle != 2*time.Second || c.max != 3 || !c.quiet || !slices.Equal(c.origins, []string{"x", "y"}) {
		t.Errorf("got %+v", c)
	}
	for name, want := range map[string]string{"addr": "--addr", "idle-time": "SERVE_IDLE_TIME", "max": file + ":3: max", "config": "--config"} {
		if got := c.set.Origin(name); got != want || c.set.HasOrigin(name) == strings.HasPrefix(want, "--") {
			t.Errorf("%s is set by %s, want %s", name, got, want)
		}
	}
	c.set.SetOrigin("FILE:9", "origin", "x")
	if c.set.Origin("origin", "x") != "FILE:9" || c.set.Origin("origin", "y") != "--origin" {
		t.Errorf("values have the origins %s and %s", c.set.Origin("origin", "x"), c.set.Origin("origin", "y"))
	}
}

func TestEnvironment(t *testing.T) {
	tests := []struct{ name, entry, want string }{
		{"a list", "SERVE_ORIGIN=a,b", ""},
		{"one of another program", "SERVE_SERVICE_HOST=10.0.0.1", ""},
		{"a typo", "SERVE_MAXX=1", "unknown setting SERVE_MAXX in the environment (did you mean SERVE_MAX?)"},
		{"like none", "SERVE_SOMETHING_ELSE=1", "unknown setting SERVE_SOMETHING_ELSE in the environment: serve --help lists the settings"},
		{"empty", "SERVE_ADDR=", "SERVE_ADDR is empty: remove it, or give it a value"},
		{"no UTF-8", "SERVE_ADDR=\xff", `the environment variable "SERVE_ADDR" is not UTF-8: write it in UTF-8`},
		{"no duration", "SERVE_IDLE_TIME=3", `SERVE_IDLE_TIME is not "3": write a duration, such as 90s, 10m or 72h`},
		{"too large", "SERVE_MAX=99999999999999999999", `SERVE_MAX is not "99999999999999999999": write an integer, at most 9223372036854775807`},
		{"no truth value", "SERVE_QUIET=maybe", `SERVE_QUIET is not "maybe": write true or false`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newCommand(t)
			got := ""
			if err := c.set.LoadEnvironment("SERVE_", []string{test.entry}, func(variable, value string) bool {
				return variable == "SERVE_SERVICE_HOST" && value == "10.0.0.1"
			}); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	c := newCommand(t)
	if err := c.set.LoadEnvironment("SERVE_", []string{"SERVE_ORIGIN=a,b"}, nil); err != nil || !slices.Equal(c.origins, []string{"a", "b"}) {
		t.Errorf("%v, %v", c.origins, err)
	}
}

func TestFile(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"comments alone", "# addr: x\n", ""},
		{"all problems", "adr: x\nmax: many\nquiet: [true]\norigin: [{a: b}]\nconfig: other.yaml\n",
			`FILE:1: unknown key "adr" (did you mean "addr"?)` + "\n" + `FILE:2: max is not "many": write an integer` + "\n" +
				"FILE:3: /quiet must be text or a number or true or false, got a list\nFILE:4: /origin/0 must be text or a number or true or false, got a mapping\n" +
				"FILE:5: unknown key"},
		{"no mapping", "[x]\n", "FILE:1: the document must be a mapping, got a list"},
		{"empty", "addr: ''\n", "FILE:1: addr is empty: remove it, or give it a value"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := newCommand(t, "--config", file).set.LoadFile("config"); err != nil {
				got = strings.ReplaceAll(err.Error(), file, "FILE")
			}
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestNoFile(t *testing.T) {
	if err := newCommand(t).set.LoadFile("config"); err != nil {
		t.Error(err)
	}
	if err := newCommand(t, "--config", "no/such.yaml").set.LoadFile("config"); err == nil || err.Error() != "--config: open no/such.yaml: no such file or directory" {
		t.Errorf("got %v", err)
	}
}

func TestFormerNames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte("address: z\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newCommand(t, "--address", "x", "--address", "y", "--config", file)
	if err := c.set.LoadEnvironment("SERVE_", []string{"SERVE_ADDRESS=v"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.set.LoadFile("config"); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"--address is deprecated: write --addr", "SERVE_ADDRESS is deprecated: write SERVE_ADDR", file + `:1: key "address" is deprecated: write "addr"`,
	}
	if diff := cmp.Diff(want, c.set.Warnings()); diff != "" || c.addr != "y" {
		t.Errorf("addr %q, warnings (-want +got):\n%s", c.addr, diff)
	}
}

func TestFlagErrors(t *testing.T) {
	tests := []struct {
		arg, flagError, valueError string
	}{
		{"--idletime=1s", "unknown flag: --idletime (did you mean --idle-time?)", "unknown flag: --idletime (did you mean --idle-time?)"},
		{"--nothing-like-it", "unknown flag: --nothing-like-it", "unknown flag: --nothing-like-it"},
		{"--max=x", `invalid argument "x" for "--max" flag: strconv.ParseInt: parsing "x": invalid syntax`, `--max is not "x": write an integer`},
	}
	for _, test := range tests {
		c := newCommand(t)
		err := c.cmd.Flags().Parse([]string{test.arg})
		if got := FlagError(c.cmd, err).Error(); got != test.flagError {
			t.Errorf("got  %s\nwant %s", got, test.flagError)
		}
		if got := ValueError(c.cmd, err).Error(); got != test.valueError {
			t.Errorf("got  %s\nwant %s", got, test.valueError)
		}
	}
}

func TestCheckNotBlank(t *testing.T) {
	for arg, want := range map[string]string{
		"--addr=": "--addr is empty: leave it out, or give it a value", "--addr= ": "--addr is empty: leave it out, or give it a value",
		"--origin=": "--origin is empty: leave it out, or give it a value", "--addr=x": "", "--max=0": "",
	} {
		flags := newCommand(t, arg).cmd.Flags()
		got := ""
		if err := CheckNotBlank(flags); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", arg, got, want)
		}
	}
}
