package ontap

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/onsi/gomega"
)

// TestTheSameTroubleReadsTheSame gives what Go's network reports two shapes that one trouble has on two tries.
func TestTheSameTroubleReadsTheSame(t *testing.T) {
	address := func(port int) net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7), Port: port} }
	reset := func(port int) error {
		return &net.OpError{Op: "read", Net: "tcp", Source: address(port), Addr: address(443), Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	for _, tc := range []struct {
		name          string
		first, second error
		want          string
	}{
		{"a reset, by another local port", reset(40001), reset(40002), "the connection was closed too early"},
		{"a hang-up, seen while reading or while writing", io.EOF, fmt.Errorf("write error: %w", syscall.EPIPE), "the connection was closed too early"},
		{"a hang-up on a connection that was fresh or used", io.ErrUnexpectedEOF, errors.New("http: server closed idle connection"),
			"the connection was closed too early"},
		{"a refusal", &net.OpError{Op: "dial", Net: "tcp", Addr: address(443), Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
			&net.OpError{Op: "dial", Net: "tcp", Source: address(40002), Addr: address(443), Err: syscall.ECONNREFUSED}, "connection refused"},
		{"a name that doesn't exist", &net.DNSError{Err: "no such host", Name: "array", Server: "10.96.0.10:53", IsNotFound: true},
			&net.DNSError{Err: "no such host", Name: "array", Server: "10.96.0.11:53", IsNotFound: true}, "no such host"},
		{"a name server that doesn't answer",
			&net.DNSError{Err: "read udp 10.0.0.7:40001->10.96.0.10:53: i/o timeout", Name: "array", IsTimeout: true, IsTemporary: true},
			&net.DNSError{Err: "read udp 10.0.0.7:40002->10.96.0.10:53: i/o timeout", Name: "array", IsTimeout: true, IsTemporary: true},
			"the host's name could not be resolved"},
		{"a certificate that has expired", x509.CertificateInvalidError{Reason: x509.Expired, Detail: "current time 10:00:01"},
			x509.CertificateInvalidError{Reason: x509.Expired, Detail: "current time 10:00:02"}, "the array's certificate has expired or is not valid yet"},
		{"a timeout of the system", &net.OpError{Op: "dial", Source: address(40001), Err: os.ErrDeadlineExceeded},
			&net.OpError{Op: "dial", Source: address(40002), Err: os.ErrDeadlineExceeded}, "timed out"},
		{"an alert of the other side", &net.OpError{Op: "remote error", Source: address(40001), Err: errors.New("tls: bad certificate")},
			&net.OpError{Op: "remote error", Source: address(40002), Err: errors.New("tls: bad certificate")}, "remote error: tls: bad certificate"},
		{"the client's own deadline", timeoutError(30 * time.Second), fmt.Errorf("dialing: %w", timeoutError(30*time.Second)), "nothing within 30s"},
		{"the caller's deadline", context.DeadlineExceeded, fmt.Errorf("dialing: %w", context.DeadlineExceeded), "nothing before the caller's deadline"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := gomega.NewWithT(t)
			g.Expect(stable(tc.first)).To(gomega.Equal(tc.want))
			g.Expect(stable(tc.second)).To(gomega.Equal(tc.want))
		})
	}
}
