package helpdesk

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// uuid is the one representation behind all our ids: sixteen bytes that print, parse and marshal as RFC 9562 text.
type uuid [16]byte

// WorkspaceID names one installation of the app (UUIDv7, made at install). A reinstall after a purge gets a new one.
type WorkspaceID uuid

// RequestID names one request. It is random (UUIDv4), so what lingers after a purge can be tied to nobody.
type RequestID uuid

// ChannelID names one channel of a workspace (UUIDv7). Slack's own channel ids may change; this one does not.
type ChannelID uuid

// InboxID names one stored delivery (UUIDv7).
type InboxID uuid

// CertificateID names one certificate of an erasure. It is random (UUIDv4): its address must not be guessed.
type CertificateID uuid

// AuditID names one entry of the audit log (UUIDv7).
type AuditID uuid

// NewAuditID makes an id for an entry of now.
func NewAuditID(now time.Time) AuditID { return AuditID(v7(now)) }

// ErasureID names one erasure that is to be certified.
type ErasureID uuid

// DataRequestID names one data request (UUIDv7).
type DataRequestID uuid

// NewDataRequestID makes an id for a data request of now.
func NewDataRequestID(now time.Time) DataRequestID { return DataRequestID(v7(now)) }

// NewCertificateID makes a random certificate id.
func NewCertificateID() CertificateID { return CertificateID(v4()) }

// NewWorkspaceID makes an id for a workspace installed at now.
func NewWorkspaceID(now time.Time) WorkspaceID { return WorkspaceID(v7(now)) }

// NewRequestID makes a random request id.
func NewRequestID() RequestID { return RequestID(v4()) }

// NewChannelID makes an id for a channel first seen at now.
func NewChannelID(now time.Time) ChannelID { return ChannelID(v7(now)) }

// NewInboxID makes an id for a delivery received at now.
func NewInboxID(now time.Time) InboxID { return InboxID(v7(now)) }

func (id WorkspaceID) String() string   { return uuid(id).text() }
func (id RequestID) String() string     { return uuid(id).text() }
func (id ChannelID) String() string     { return uuid(id).text() }
func (id InboxID) String() string       { return uuid(id).text() }
func (id CertificateID) String() string { return uuid(id).text() }
func (id AuditID) String() string       { return uuid(id).text() }
func (id ErasureID) String() string     { return uuid(id).text() }
func (id DataRequestID) String() string { return uuid(id).text() }

// IsZero reports whether no id is set.
func (id WorkspaceID) IsZero() bool { return id == WorkspaceID{} }

// IsZero reports whether no id is set.
func (id RequestID) IsZero() bool { return id == RequestID{} }

// MarshalText implements [encoding.TextMarshaler].
func (id WorkspaceID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// MarshalText implements [encoding.TextMarshaler].
func (id RequestID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// MarshalText implements [encoding.TextMarshaler].
func (id ChannelID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// MarshalText implements [encoding.TextMarshaler].
func (id InboxID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// MarshalText implements [encoding.TextMarshaler].
func (id AuditID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// MarshalText implements [encoding.TextMarshaler].
func (id ErasureID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// MarshalText implements [encoding.TextMarshaler].
func (id CertificateID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// MarshalText implements [encoding.TextMarshaler].
func (id DataRequestID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *DataRequestID) UnmarshalText(b []byte) error { return (*uuid)(id).parse(b) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *WorkspaceID) UnmarshalText(b []byte) error { return (*uuid)(id).parse(b) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *RequestID) UnmarshalText(b []byte) error { return (*uuid)(id).parse(b) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *ChannelID) UnmarshalText(b []byte) error { return (*uuid)(id).parse(b) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *InboxID) UnmarshalText(b []byte) error { return (*uuid)(id).parse(b) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *ErasureID) UnmarshalText(b []byte) error { return (*uuid)(id).parse(b) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *CertificateID) UnmarshalText(b []byte) error { return (*uuid)(id).parse(b) }

func v4() (u uuid) {
	rand.Read(u[:]) // never fails: it would end the process instead
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return u
}

func v7(now time.Time) uuid {
	u := v4()
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli())) //nolint:gosec // instants of this century are positive
	copy(u[:6], ms[2:])
	u[6] = u[6]&0x0f | 0x70
	return u
}

func (u uuid) text() string {
	var b [36]byte
	hex.Encode(b[0:8], u[0:4])
	hex.Encode(b[9:13], u[4:6])
	hex.Encode(b[14:18], u[6:8])
	hex.Encode(b[19:23], u[8:10])
	hex.Encode(b[24:36], u[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

func (u *uuid) parse(b []byte) error {
	if len(b) != 36 || b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return fmt.Errorf("parse id: not a UUID of 36 characters: %w", ErrInvalid)
	}
	var raw uuid
	for i, part := range [][]byte{b[0:8], b[9:13], b[14:18], b[19:23], b[24:36]} {
		if _, err := hex.Decode(raw[[]int{0, 4, 6, 8, 10}[i]:], part); err != nil {
			return fmt.Errorf("parse id: not hexadecimal: %w", ErrInvalid)
		}
	}
	*u = raw
	return nil
}
