package main

import (
	"fmt"
	"net"

	"example.com/lpgate/fakeserver"
)

// checkBinding refuses an address that others can reach, unless what they could do
// there is meant.
func (s *settings) checkBinding() error {
	_, port, err := net.SplitHostPort(s.addr)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return fmt.Errorf("%s %s: write HOST:PORT, such as 127.0.0.1:8109", s.named("addr"), s.addr)
	}
	if fakeserver.Loopback(s.addr) {
		return nil
	}
	if s.options.PartnerKeys == nil && !s.insecure {
		return fmt.Errorf("%s %s can be reached from elsewhere, and in header mode a caller is whom it says: "+
			"turn key mode on with --partner-keys FILE, or say --insecure, or listen on 127.0.0.1", s.named("addr"), s.addr)
	}
	if s.options.ControlToken == "" && !s.options.NoControl && !s.options.ContractOnly {
		return fmt.Errorf("%s %s can be reached from elsewhere, and who reaches the control API can do anything: "+
			"give it a token with --control-token-file FILE, or leave it out with --no-control", s.named("addr"), s.addr)
	}
	return nil
}

// reachable is the address under which this machine reaches what listens on addr.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}
