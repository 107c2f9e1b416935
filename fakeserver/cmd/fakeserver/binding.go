package main

import (
	"fmt"
	"net"

	"example.com/lpgate/fakeserver"
)

// checkBinding refuses an address beyond loopback if the settings would let anybody there
// impersonate a partner or use the admin API.
func (s *settings) checkBinding() error {
	_, port, err := net.SplitHostPort(s.addr)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return s.addrError()
	}
	if fakeserver.Loopback(s.addr) {
		return nil
	}
	if s.options.PartnerKeys == nil && !s.insecure {
		return fmt.Errorf("%s %s is reachable from other machines, and in header mode identity headers are trusted without verification: "+
			"use key mode (--partner-keys FILE), accept the risk (--insecure), or listen on 127.0.0.1", s.source("addr"), s.addr)
	}
	if s.options.AdminToken == "" && !s.options.NoAdminAPI && !s.options.ContractOnly {
		return fmt.Errorf("%s %s is reachable from other machines, and the admin API can change everything: "+
			"require a token (--admin-token-file FILE), or turn the admin API off (--no-admin-api)", s.source("addr"), s.addr)
	}
	return nil
}

// addrError is the error for an --addr that is not HOST:PORT.
func (s *settings) addrError() error {
	return fmt.Errorf("%s %s: write HOST:PORT, such as 127.0.0.1:8109", s.source("addr"), s.addr)
}

// reachable returns the address at which this machine reaches a server that listens on
// addr.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}
