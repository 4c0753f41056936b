package api

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are what stands between clients and us.
type Proxies struct {
	// Networks are theirs. Nobody else is believed; none means that clients come directly.
	Networks []netip.Prefix
	// Header is where they name whom they speak for, each appending the address it was asked by.
	Header string
}

// reveal returns r with the client's address, without a port, as its RemoteAddr.
func (p Proxies) reveal(r *http.Request) *http.Request {
	revealed := *r
	revealed.RemoteAddr = p.client(r).String()
	return &revealed
}

// client is who asks. Only a proxy of ours may name somebody else, and it vouches only for whoever asked it: the header is
// read from its end, and what a client wrote into it is never reached. Of several proxies each is passed over. What
// cannot be read ends the search at the last address that could.
func (p Proxies) client(r *http.Request) netip.Addr {
	client := address(r.RemoteAddr)
	hops := strings.Split(strings.Join(r.Header.Values(p.Header), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !p.ours(client) {
			break
		}
		named := address(strings.TrimSpace(hop))
		if !named.IsValid() {
			break
		}
		client = named
	}
	return client
}

func (p Proxies) ours(a netip.Addr) bool {
	return slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return n.Contains(a) })
}

// address reads an address with or without a port; invalid where it is neither.
func address(s string) netip.Addr {
	if withPort, err := netip.ParseAddrPort(s); err == nil {
		return withPort.Addr().Unmap().WithZone("")
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}
