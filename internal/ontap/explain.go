package ontap

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// cause is an error whose text was made stable: the chain below it is there for errors.Is and errors.As, its words are not.
type cause struct {
	text string
	err  error
}

func (c *cause) Error() string { return c.text }
func (c *cause) Unwrap() error { return c.err }

// timeoutError is what the context of a request is cancelled with when the client's own deadline passes.
type timeoutError time.Duration

func (t timeoutError) Error() string        { return fmt.Sprintf("nothing within %s", time.Duration(t)) }
func (t timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// explain words a failure of the connection so that it reads the same at each try.
func (c *Client) explain(ctx context.Context, what string, err error) error {
	err = ended(ctx, err)
	return &cause{text: what + ": " + tidy(c.redact(stable(err))), err: err}
}

// hungUp puts together what one and the same end of a connection is called, depending on which packet comes first.
func hungUp(err error) bool {
	for _, name := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, name) {
			return true
		}
	}
	// An EOF on a connection that was used before; net/http doesn't export it.
	return strings.Contains(err.Error(), "server closed idle connection")
}

// ended returns why ctx is done, if it is, and err otherwise: what fails after that fails because of it, in one of many wordings.
func ended(ctx context.Context, err error) error {
	if own, ok := errors.AsType[timeoutError](context.Cause(ctx)); ok {
		return own
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// stable leaves out what Go's own texts contain and what differs between two tries, or two machines: local addresses and ports, the
// name server's address, the time of day.
func stable(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "the call was cancelled"
	case hungUp(err):
		return "the connection was closed too early"
	}
	if timeout, ok := errors.AsType[timeoutError](err); ok {
		return timeout.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "nothing before the caller's deadline"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return "no such host"
		}
		return "the host's name could not be resolved"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "the array's certificate has expired or is not valid yet"
	}
	if name, ok := errors.AsType[x509.HostnameError](err); ok {
		return name.Error() + "; set the server name, or pin the certificate"
	}
	if unknown, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return unknown.Error() + "; give its CA, or pin the certificate"
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return "timed out"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return strings.TrimSpace(op.Op + ": " + op.Err.Error())
	}
	return err.Error()
}
