package tlsgrade

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
)

// museum answers every connection with the same bytes, after it has read some.
func museum(t *testing.T, says []byte) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write(says)
			conn.Close()
		}
	}()
	return l.Addr().String()
}

// flight is a server's first flight in one record.
func flight(version uint16, messages ...[]byte) []byte {
	return vector(binary.BigEndian.AppendUint16([]byte{22}, version), 2, slices.Concat(messages...))
}

func serverHello(version, suite uint16, compression byte) []byte {
	body := append(binary.BigEndian.AppendUint16(nil, version), make([]byte, 33)...)
	body = append(binary.BigEndian.AppendUint16(body, suite), compression)
	return vector([]byte{2}, 3, body)
}

var done = vector([]byte{14}, 3, nil)

func TestServersOfOldTimes(t *testing.T) {
	t.Parallel()
	prime := vector([]byte{12}, 3, vector(nil, 2, make([]byte, 96)))
	curve := vector([]byte{12}, 3, []byte{3, 0, 0x13})
	for title, tt := range map[string]struct {
		says    []byte
		version uint16
		want    answer
		err     error
	}{
		"SSL 2": {[]byte{0x80, 30, 4, 0, 1, 0, 2}, versionSSL2, answer{version: versionSSL2}, nil},
		"SSL 3": {flight(versionSSL3, serverHello(versionSSL3, 0x0035, 0), done), versionSSL3,
			answer{version: versionSSL3, suite: 0x0035}, nil},
		"anonymous, with a short prime": {flight(0x0301, serverHello(0x0301, 0x0034, 0), prime, done), 0x0301,
			answer{version: 0x0301, suite: 0x0034, primeBits: 768}, nil},
		"a short curve": {flight(0x0303, serverHello(0x0303, 0xC013, 0), curve, done), 0x0303,
			answer{version: 0x0303, suite: 0xC013, group: 0x0013}, nil},
		"compression": {flight(0x0303, serverHello(0x0303, 0x002F, 1), done), 0x0303,
			answer{version: 0x0303, suite: 0x002F, compressed: true}, nil},
		"another version":   {flight(0x0301, serverHello(0x0301, 0x002F, 0), done), 0x0303, answer{}, refused{}},
		"an alert":          {append([]byte{21, 3, 1, 0, 2}, 2, inappropriateFallback), 0x0301, answer{}, refused{inappropriateFallback}},
		"silence":           {nil, 0x0301, answer{}, refused{}},
		"cut off":           {flight(0x0303, serverHello(0x0303, 0x002F, 0))[:20], 0x0303, answer{}, refused{}},
		"not a hello":       {flight(0x0303, vector([]byte{2}, 3, []byte{3, 3})), 0x0303, answer{}, errMalformed},
		"extensions cut":    {flight(0x0303, vector([]byte{2}, 3, append(serverHello(0x0303, 0x2F, 0)[4:], 0, 9, 0, 1, 0, 9))), 0x0303, answer{}, errMalformed},
		"not SSL 2":         {[]byte("HTTP/1.1 400 Bad Request\r\n"), versionSSL2, answer{}, refused{}},
		"records of others": {slices.Concat([]byte{23, 3, 3, 0, 1, 0}, flight(0x0303, serverHello(0x0303, 0x002F, 0), done)), 0x0303, answer{version: 0x0303, suite: 0x002F}, nil},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			got, err := say(t.Context(), museum(t, tt.says), hello{tt.version, suiteIDs(tt.version), groupIDs(tt.version), name})
			if !errors.Is(err, tt.err) || err == nil && got != tt.want {
				t.Errorf("got %+v, %v; want %+v, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	if _, err := Grade(t.Context(), Target{Addr: museum(t, nil), Name: name}); err == nil {
		t.Error("a server that speaks nothing has a grade")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := Grade(t.Context(), Target{Addr: l.Addr().String(), Name: name}); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("nobody listens: %v", err)
	}
}
