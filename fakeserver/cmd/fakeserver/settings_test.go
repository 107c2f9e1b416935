package main

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"example.com/lpgate/internal/sources"
)

// No setting has the name of a variable that Kubernetes or docker --link set: it would
// be ignored, or take their value.
func TestNoSettingIsAServiceLink(t *testing.T) {
	settings := 0
	rootCommand(nil).PersistentFlags().VisitAll(func(flag *pflag.Flag) {
		settings++
		for _, link := range serviceLinks {
			if link.name.MatchString(sources.Variable(variablePrefix, flag.Name)) {
				t.Errorf("%s has the shape %s of a service link", sources.Variable(variablePrefix, flag.Name), link.name)
			}
		}
	})
	if settings == 0 {
		t.Error("there is no setting")
	}
}

func TestIsServiceLink(t *testing.T) {
	for entry, want := range map[string]bool{
		// Kubernetes, of the Services fakeserver, fakeserver-eu-1 and fakeserver-addr.
		"FAKESERVER_SERVICE_HOST=10.96.0.7":                  true,
		"FAKESERVER_SERVICE_HOST=fd00::7":                    true,
		"FAKESERVER_SERVICE_PORT=8109":                       true,
		"FAKESERVER_SERVICE_PORT_HTTP=8109":                  true,
		"FAKESERVER_SERVICE_PORT_HTTP_ADMIN=8109":            true,
		"FAKESERVER_PORT=tcp://10.96.0.7:8109":               true,
		"FAKESERVER_PORT=tcp://[fd00::7]:8109":               true,
		"FAKESERVER_PORT_8109_TCP=tcp://10.96.0.7:8109":      true,
		"FAKESERVER_PORT_8109_TCP_PROTO=tcp":                 true,
		"FAKESERVER_PORT_8109_TCP_PORT=8109":                 true,
		"FAKESERVER_PORT_8109_TCP_ADDR=10.96.0.7":            true,
		"FAKESERVER_PORT_5353_UDP=udp://10.96.0.7:5353":      true,
		"FAKESERVER_PORT_9_SCTP_PROTO=sctp":                  true,
		"FAKESERVER_EU_1_SERVICE_HOST=10.96.0.8":             true,
		"FAKESERVER_EU_1_PORT_8109_TCP=tcp://10.96.0.8:8109": true,
		"FAKESERVER_ADDR_SERVICE_HOST=10.96.0.9":             true,
		// docker --link, of the aliases fakeserver and fakeserver_1.
		"FAKESERVER_NAME=/web/fakeserver":                      true,
		"FAKESERVER_1_NAME=/web/fakeserver_1":                  true,
		"FAKESERVER_ENV_FAKESERVER_ADDR=:8109":                 true,
		"FAKESERVER_ENV_http_proxy=":                           true,
		"FAKESERVER_PORT=tcp://172.17.0.2:8109":                true,
		"FAKESERVER_PORT_8109_TCP_START=tcp://172.17.0.2:8109": true,
		"FAKESERVER_PORT_8109_TCP_END=tcp://172.17.0.2:8110":   true,
		"FAKESERVER_PORT_8109_TCP_PORT_START=8109":             true,
		"FAKESERVER_PORT_8109_TCP_PORT_END=8110":               true,
		"FAKESERVER_PORT_8109_TCP=tcp://fd00::2:8109":          true,
		// Near misses of settings, and values that no container runtime sets.
		"FAKESERVER_PORT=8109":                    false,
		"FAKESERVER_PORT=:8109":                   false,
		"FAKESERVER_PORT=tcp://":                  false,
		"FAKESERVER_PORT=http://localhost:8109":   false,
		"FAKESERVER_PORT_8109_TCP=":               false,
		"FAKESERVER_SERVICE_PORT=99999":           false,
		"FAKESERVER_SERVICE_HOST=localhost":       false,
		"FAKESERVER_NAME=checkout":                false,
		"FAKESERVER_HOST=10.96.0.7":               false,
		"FAKESERVER_ADRR=127.0.0.1:8109":          false,
		"FAKESERVER_ENV=/x":                       false,
		"FAKESERVER_WORLD_IDEL=1h":                false,
		"OTHER_SERVICE_HOST=10.96.0.7":            false,
		"FAKESERVERS_SERVICE_HOST=10.96.0.7":      false,
		"FAKESERVER_PORT_TCP_8109_ADDR=10.96.0.7": false,
	} {
		name, value, _ := strings.Cut(entry, "=")
		if got := isServiceLink(name, value); got != want {
			t.Errorf("%s: got %t, want %t", entry, got, want)
		}
	}
}
