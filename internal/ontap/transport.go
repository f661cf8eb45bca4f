package ontap

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// One array is one host: the pool needs to hold no more than the calls that are in flight at a time.
	maxIdleConnections = 16
	// idleTimeout is short of the minute after which most of what stands between a cluster and its arrays forgets a connection.
	idleTimeout       = 50 * time.Second
	maxHeaderBytes    = 256 << 10
	keepAliveInterval = 15 * time.Second
)

// newTransport is used without an http.Client above it: nothing follows redirects, keeps cookies or wraps errors in the URL.
// HTTP/2 stays off because its client resends requests on a server's word (GOAWAY, REFUSED_STREAM).
func newTransport(cfg *tls.Config, timeout time.Duration) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	dialer := tls.Dialer{NetDialer: &net.Dialer{KeepAlive: keepAliveInterval}, Config: cfg}
	return &http.Transport{
		Protocols:              protocols,
		MaxIdleConns:           maxIdleConnections,
		MaxIdleConnsPerHost:    maxIdleConnections,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			// The transport lets a dial outlive the request that wanted it, in the hope that another can use it.
			ctx, cancel := context.WithTimeoutCause(ctx, timeout, timeoutError(timeout))
			defer cancel()
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, ended(ctx, err)
			}
			metered := &meteredConn{Conn: conn}
			if secured, ok := conn.(*tls.Conn); ok {
				metered.certificate = sha256.Sum256(secured.ConnectionState().PeerCertificates[0].Raw)
			}
			return metered, nil
		},
	}
}

// meteredConn counts the writes handed to the connection, before they are made. httptrace can't tell whether a request left:
// WroteHeaders is called while the headers still sit in a buffer, and a buffer that overflows is sent before.
type meteredConn struct {
	net.Conn
	writes atomic.Int64
	// certificate is the SHA-256 of the one that the array has shown.
	certificate [sha256.Size]byte
	// refused is why nothing of the request that has the connection may be sent over it; nil if it may.
	refused atomic.Pointer[error]
	// deadline is that of the request that has the connection; nil if it has none.
	deadline atomic.Pointer[time.Time]
}

// Write hands nothing over for a request whose deadline has passed. The request's context notices that, too, but not at once: a process
// that was frozen wakes up anywhere, and may come here before its timers have gone off.
func (c *meteredConn) Write(p []byte) (int, error) {
	if refused := c.refused.Load(); refused != nil {
		return 0, *refused
	}
	if deadline := c.deadline.Load(); deadline != nil && passed(*deadline) {
		return 0, context.DeadlineExceeded
	}
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// passed asks both clocks: the monotonic one stands still while the machine is suspended, and the other can be set back.
func passed(deadline time.Time) bool {
	now := time.Now()
	return !now.Before(deadline) || !now.Round(0).Before(deadline.Round(0))
}

// transmission watches one request and knows whether any byte of it may have left. A request can be given several connections, when
// the first turns out dead before anything was written.
type transmission struct {
	// peer, unless nil, says of the certificate of a connection why the request must not be sent over it.
	peer func(certificate [sha256.Size]byte) error

	mu      sync.Mutex
	conns   []meteredUse
	refused error
}

type meteredUse struct {
	conn   *meteredConn
	before int64
}

func (t *transmission) watch(ctx context.Context) context.Context {
	var deadline *time.Time
	if at, ok := ctx.Deadline(); ok {
		deadline = &at
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			conn := info.Conn.(*meteredConn) //nolint:errcheck // a connection that isn't metered must not pass for one that was not written to
			conn.deadline.Store(deadline)
			t.mu.Lock()
			defer t.mu.Unlock()
			t.refused = nil
			conn.refused.Store(nil)
			if t.peer != nil {
				if err := t.peer(conn.certificate); err != nil {
					t.refused = err
					conn.refused.Store(&err)
				}
			}
			t.conns = append(t.conns, meteredUse{conn, conn.writes.Load()})
		},
	})
}

// connected reports whether a connection, the handshake included, was had.
func (t *transmission) connected() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.conns) > 0
}

// certificate is that of the connection that the answer came over.
func (t *transmission) certificate() (sum [sha256.Size]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.conns) > 0 {
		sum = t.conns[len(t.conns)-1].conn.certificate
	}
	return sum
}

// cause is why the request was not sent over the last connection that it was given, or err.
func (t *transmission) cause(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refused != nil {
		return t.refused
	}
	return err
}

// written is only asked when the request has ended. On failure the connection is closed by then, so that a count that has not moved
// will not.
func (t *transmission) written() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, use := range t.conns {
		if use.conn.writes.Load() > use.before {
			return true
		}
	}
	return false
}
