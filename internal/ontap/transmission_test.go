package ontap

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptrace"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onsi/gomega"
)

func TestARequestHasLeftOnceAByteOfItWasHandedOver(t *testing.T) {
	g := gomega.NewWithT(t)
	ours, theirs := net.Pipe()
	defer func() { _ = theirs.Close() }()
	go func() { _, _ = io.Copy(io.Discard, theirs) }()
	conn := &meteredConn{Conn: ours}
	_, err := conn.Write([]byte("an earlier request"))
	g.Expect(err).NotTo(gomega.HaveOccurred())

	var request transmission
	trace := httptrace.ContextClientTrace(request.watch(t.Context()))
	g.Expect(request.connected()).To(gomega.BeFalse())
	g.Expect(request.written()).To(gomega.BeFalse())

	trace.GotConn(httptrace.GotConnInfo{Conn: conn, Reused: true})
	g.Expect(request.connected()).To(gomega.BeTrue())
	g.Expect(request.written()).To(gomega.BeFalse(), "what an earlier request wrote is not this one's")

	second := &meteredConn{Conn: ours}
	trace.GotConn(httptrace.GotConnInfo{Conn: second})
	g.Expect(request.written()).To(gomega.BeFalse(), "a second connection has not been written to either")

	_ = ours.Close()
	_, err = second.Write([]byte("POST"))
	g.Expect(err).To(gomega.HaveOccurred())
	g.Expect(request.written()).To(gomega.BeTrue(), "a write that failed may have got through in part")
}

func TestTheEnvironmentNamesNoProxyForAnArray(t *testing.T) {
	// Whatever the environment says is read once per process and never applies to this machine, so that only the setting can be tested.
	gomega.NewWithT(t).Expect(newTransport(&tls.Config{MinVersion: tls.VersionTLS12}, time.Second).Proxy).To(gomega.BeNil())
}

func TestNothingLeavesOnceTheDeadlineHasPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gomega.NewWithT(t)
		ours, theirs := net.Pipe()
		defer func() { _, _ = ours.Close(), theirs.Close() }()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		conn := &meteredConn{Conn: ours}
		// A context whose timers never go off: those of a process that has just woken up have not yet.
		given := func(deadline time.Time) (*transmission, func(httptrace.GotConnInfo)) {
			request := &transmission{}
			return request, httptrace.ContextClientTrace(request.watch(frozen{t.Context(), deadline})).GotConn
		}

		first, gotConn := given(time.Now().Add(time.Second))
		gotConn(httptrace.GotConnInfo{Conn: conn})
		<-time.After(time.Second - 1)
		g.Expect(conn.Write([]byte("POST"))).To(gomega.Equal(4))
		g.Expect(first.written()).To(gomega.BeTrue())

		second, gotConn := given(time.Now().Add(time.Second))
		gotConn(httptrace.GotConnInfo{Conn: conn, Reused: true})
		<-time.After(time.Second)
		_, err := conn.Write([]byte("POST"))
		g.Expect(err).To(gomega.MatchError(context.DeadlineExceeded))
		g.Expect(second.written()).To(gomega.BeFalse())

		third := &transmission{}
		httptrace.ContextClientTrace(third.watch(t.Context())).GotConn(httptrace.GotConnInfo{Conn: conn, Reused: true})
		g.Expect(conn.Write([]byte("GET"))).To(gomega.Equal(3), "the deadline of an earlier request is not this one's")
	})
}

type frozen struct {
	context.Context
	deadline time.Time
}

func (f frozen) Deadline() (time.Time, bool) { return f.deadline, true }
