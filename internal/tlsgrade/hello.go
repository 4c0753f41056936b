package tlsgrade

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// shakeTime bounds one connection.
const shakeTime = 10 * time.Second

// hello is the first message of a client. We write it ourselves because Go's client, rightly, offers little of what must
// be refused.
type hello struct {
	version uint16
	suites  []uint16
	groups  []uint16
	name    string // of the server
}

// answer is what the server said to a hello.
type answer struct {
	version, suite uint16
	compressed     bool   // it took the compression that was offered
	renegotiation  bool   // it has secure renegotiation (RFC 5746)
	group          uint16 // for key exchange on curves; 0 where none was named
	primeBits      int    // for key exchange by classical Diffie-Hellman
}

// refused: the server answered with this alert, or closed the connection (0).
type refused struct{ alert byte }

func (r refused) Error() string { return fmt.Sprintf("refused with alert %d", r.alert) }

// inappropriateFallback is the alert of RFC 7507.
const inappropriateFallback = 86

// say sends h on a connection of its own and reads the answer. The error is [refused] where the server wants none of it.
func say(ctx context.Context, addr string, h hello) (answer, error) {
	conn, err := (&net.Dialer{Timeout: shakeTime}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return answer{}, fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(shakeTime)); err != nil {
		return answer{}, fmt.Errorf("connect: %w", err)
	}
	first := h.record()
	if h.version == versionSSL2 {
		first = ssl2Hello()
	}
	if _, err := conn.Write(first); err != nil {
		return answer{}, fmt.Errorf("say hello: %w", err)
	}
	if h.version == versionSSL2 {
		return ssl2Answer(conn)
	}
	return read(conn, h)
}

// vector appends content with its length before it, in n bytes.
func vector(b []byte, n int, content []byte) []byte {
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(content)))
	return append(append(b, length[4-n:]...), content...)
}

func list(ids []uint16) (b []byte) {
	for _, id := range ids {
		b = binary.BigEndian.AppendUint16(b, id)
	}
	return b
}

func (h hello) record() []byte {
	modern := h.version == tls.VersionTLS13
	body := binary.BigEndian.AppendUint16(nil, min(h.version, tls.VersionTLS12))
	random := make([]byte, 32)
	rand.Read(random) // never fails
	body = append(body, random...)
	body = vector(body, 1, nil) // no session
	body = vector(body, 2, list(h.suites))
	if modern {
		body = vector(body, 1, []byte{0})
	} else {
		body = vector(body, 1, []byte{1, 0}) // DEFLATE, then none
	}
	body = vector(body, 2, h.extensions(modern))

	record := binary.BigEndian.AppendUint16([]byte{22}, min(h.version, tls.VersionTLS10))
	return vector(record, 2, vector([]byte{1}, 3, body))
}

func (h hello) extensions(modern bool) (b []byte) {
	add := func(id uint16, content []byte) { b = vector(binary.BigEndian.AppendUint16(b, id), 2, content) }
	if h.name != "" && net.ParseIP(h.name) == nil {
		add(0, vector(nil, 2, vector([]byte{0}, 2, []byte(h.name))))
	}
	add(10, vector(nil, 2, list(h.groups)))
	add(13, vector(nil, 2, list([]uint16{0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201})))
	if modern {
		add(43, vector(nil, 1, list([]uint16{h.version})))
		add(51, vector(nil, 2, nil)) // no key yet: the server answers with the group it wants
		return b
	}
	add(11, vector(nil, 1, []byte{0}))    // uncompressed points
	add(0xff01, vector(nil, 1, []byte{})) // secure renegotiation
	return b
}

// read takes the server's messages in clear, until it waits for us.
func read(conn io.Reader, h hello) (a answer, err error) {
	var pending []byte
	for {
		header := make([]byte, 5)
		if _, err := io.ReadFull(conn, header); err != nil {
			return a, ended(err)
		}
		record := make([]byte, binary.BigEndian.Uint16(header[3:]))
		if _, err := io.ReadFull(conn, record); err != nil {
			return a, ended(err)
		}
		switch {
		case header[0] == 21 && len(record) >= 2:
			return a, refused{record[1]}
		case header[0] != 22:
			continue
		}
		pending = append(pending, record...)
		for len(pending) >= 4 {
			length := int(pending[1])<<16 | int(pending[2])<<8 | int(pending[3])
			if len(pending) < 4+length {
				break
			}
			done, err := a.take(pending[0], pending[4:4+length], h)
			if err != nil || done {
				return a, err
			}
			pending = pending[4+length:]
		}
	}
}

// ended makes a refusal of a connection that was closed; a server too slow to answer is an error.
func ended(err error) error {
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("wait for the server's answer: %w", err)
	}
	return refused{}
}

var errMalformed = errors.New("malformed answer")

// take reads one message of the handshake, and reports whether it was the last that matters.
func (a *answer) take(kind byte, body []byte, h hello) (done bool, err error) {
	switch kind {
	case 2: // ServerHello, or HelloRetryRequest, which looks the same
		if err := a.serverHello(body); err != nil {
			return false, err
		}
		if a.version != h.version || !slices.Contains(h.suites, a.suite) {
			return true, refused{} // it speaks another version, which is probed by itself
		}
		return a.version == tls.VersionTLS13, nil
	case 12: // ServerKeyExchange
		a.keyExchange(body)
	case 14: // ServerHelloDone
		return true, nil
	}
	return false, nil
}

func (a *answer) serverHello(body []byte) error {
	if len(body) < 35 || len(body) < 38+int(body[34]) {
		return errMalformed
	}
	a.version = binary.BigEndian.Uint16(body)
	rest := body[35+int(body[34]):]
	a.suite, a.compressed = binary.BigEndian.Uint16(rest), rest[2] != 0
	rest = rest[min(len(rest), 5):]
	for len(rest) >= 4 {
		id, length := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		if len(rest) < 4+length {
			return errMalformed
		}
		content := rest[4 : 4+length]
		rest = rest[4+length:]
		switch {
		case id == 43 && length == 2:
			a.version = binary.BigEndian.Uint16(content)
		case id == 51 && length >= 2:
			a.group = binary.BigEndian.Uint16(content)
		case id == 0xff01:
			a.renegotiation = true
		}
	}
	return nil
}

// keyExchange reads the parameters: a named curve, or a prime.
func (a *answer) keyExchange(body []byte) {
	chosen := find(a.suite)
	switch {
	case chosen.has("_ECDHE_", "_ECDH_") && len(body) >= 3 && body[0] == 3:
		a.group = binary.BigEndian.Uint16(body[1:])
	case chosen.has("_DHE_", "_DH_") && len(body) >= 2:
		a.primeBits = 8 * int(binary.BigEndian.Uint16(body))
	}
}

func find(id uint16) suite {
	for _, s := range suites {
		if s.id == id {
			return s
		}
	}
	return suite{id: id}
}

// ssl2Hello is the hello of another age, with all of its ciphers.
func ssl2Hello() []byte {
	ciphers := []byte{1, 0, 0x80, 2, 0, 0x80, 3, 0, 0x80, 4, 0, 0x80, 5, 0, 0x80, 6, 0, 0x40, 7, 0, 0xC0}
	body := []byte{1, 0, 2, 0, byte(len(ciphers)), 0, 0, 0, 16}
	body = append(append(body, ciphers...), make([]byte, 16)...)
	return append([]byte{0x80, byte(len(body))}, body...)
}

func ssl2Answer(conn io.Reader) (answer, error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(conn, head); err != nil {
		return answer{}, ended(err)
	}
	if head[0]&0x80 == 0 || head[2] != 4 { // not a server's hello
		return answer{}, refused{}
	}
	return answer{version: versionSSL2}, nil
}
