package main

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// A container in the network of a service called fakeserver gets variables with the
// prefix of the settings that the user did not set:
//
//	Kubernetes, for a Service  FAKESERVER_SERVICE_HOST=10.96.0.7
//	                           FAKESERVER_SERVICE_PORT=8109, FAKESERVER_SERVICE_PORT_HTTP=8109
//	both, for each port        FAKESERVER_PORT=tcp://10.96.0.7:8109
//	                           FAKESERVER_PORT_8109_TCP=tcp://10.96.0.7:8109
//	                           FAKESERVER_PORT_8109_TCP_PROTO=tcp, …_PORT=8109, …_ADDR=10.96.0.7
//	docker --link, beside that FAKESERVER_NAME=/web/fakeserver
//	                           FAKESERVER_ENV_NAME=a variable of the linked container
//	                           FAKESERVER_PORT_8109_TCP_START=tcp://…, …_END, …_PORT_START, …_PORT_END
//
// A service called fakeserver-eu gets FAKESERVER_EU_SERVICE_HOST, and so on. The
// sources are makeEnvVariables in k8s.io/kubernetes/pkg/kubelet/envvars, and ToEnv in
// github.com/moby/moby/daemon/links.
//
// serviceLinks are the patterns of the names and values. FAKESERVER_PORT=8109 was set by
// a user, and is an unknown setting. A test checks that no setting has such a name.
var serviceLinks = []struct {
	name  *regexp.Regexp
	value func(string) bool
}{
	{linkName(`SERVICE_HOST`), isIP},
	{linkName(`SERVICE_PORT(_[A-Z0-9_]+)?`), isPort},
	{linkName(`PORT`), isPortURL},
	{linkName(`PORT_[0-9]+_[A-Z]+(_START|_END)?`), isPortURL},
	{linkName(`PORT_[0-9]+_[A-Z]+_PROTO`), regexp.MustCompile(`^[a-z]+$`).MatchString},
	{linkName(`PORT_[0-9]+_[A-Z]+_PORT(_START|_END)?`), isPort},
	{linkName(`PORT_[0-9]+_[A-Z]+_ADDR`), isIP},
	{linkName(`NAME`), func(value string) bool { return strings.HasPrefix(value, "/") }},
	{linkName(`ENV_.+`), func(string) bool { return true }},
}

// linkName returns the pattern of a variable with this end, for a service whose name
// begins with fakeserver.
func linkName(end string) *regexp.Regexp {
	return regexp.MustCompile(`^` + variablePrefix + `([A-Z0-9_]+_)?` + end + `$`)
}

// isServiceLink reports whether Kubernetes or docker --link set a variable.
func isServiceLink(name, value string) bool {
	for _, link := range serviceLinks {
		if link.name.MatchString(name) && link.value(value) {
			return true
		}
	}
	return false
}

func isIP(value string) bool {
	_, err := netip.ParseAddr(value)
	return err == nil
}

func isPort(value string) bool {
	port, err := strconv.ParseUint(value, 10, 16)
	return err == nil && port > 0
}

// isPortURL reports whether a value is like tcp://10.96.0.7:8109 or tcp://[fd00::7]:8109.
// Docker writes an IPv6 address without brackets.
func isPortURL(value string) bool {
	protocol, address, found := strings.Cut(value, "://")
	colon := strings.LastIndex(address, ":")
	if !found || protocol == "" || colon < 0 {
		return false
	}
	host := strings.TrimSuffix(strings.TrimPrefix(address[:colon], "["), "]")
	return isIP(host) && isPort(address[colon+1:])
}
