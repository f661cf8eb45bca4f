package ontap_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

func TestEachRequestSaysWhoAsks(t *testing.T) {
	g := NewWithT(t)
	array := answering(t, http.StatusOK, instanceBody)

	_, err := array.client(t).Service(t.Context(), svm1)

	g.Expect(err).NotTo(HaveOccurred())
	header := array.received()[0].Header
	g.Expect(header.Get("User-Agent")).To(Equal("ontap-san-operator/v1.2.3"))
	g.Expect(header.Get("X-Dot-Client-App")).To(Equal("ontap-san-operator/v1.2.3"))
	g.Expect(header.Get("Accept")).To(Equal("application/json"))
	request := http.Request{Header: header}
	gotUser, gotPassword, ok := request.BasicAuth()
	g.Expect(ok).To(BeTrue())
	g.Expect([]string{gotUser, gotPassword}).To(Equal([]string{user, password}))
	g.Expect(header).NotTo(HaveKey("Idempotency-Key"), "it would let the standard library repeat a POST")
	g.Expect(header).NotTo(HaveKey("X-Idempotency-Key"))
}

func TestConnectionsAreReused(t *testing.T) {
	g := NewWithT(t)
	array := newArray(t, inTurn(
		answer(http.StatusOK, instanceBody),
		answer(http.StatusNotFound, refusing(ontap.CodeServiceNotFound)),
		answer(http.StatusBadGateway, "<html>"),
		answer(http.StatusCreated, createdBody),
		answer(http.StatusOK, "{}"),
	))
	client := array.client(t)

	for range 3 {
		_, _ = client.Service(t.Context(), svm1)
	}
	for _, write := range writes {
		g.Expect(write.call(t.Context(), client)).To(Succeed(), write.name)
	}

	g.Expect(array.connections()).To(Equal(1), "errors, too, leave the connection usable")
	client.Close()
	g.Expect(client.DeleteService(t.Context(), svm1)).To(Succeed(), "a closed client connects anew")
	g.Expect(array.connections()).To(Equal(2))
}

// TestWhatMayHaveBeenAppliedWithoutAnAnswer covers the ways a write can go unanswered, in the order of how far it gets.
func TestWhatMayHaveBeenAppliedWithoutAnAnswer(t *testing.T) {
	short := func(cfg ontap.Config) ontap.Config { cfg.Timeout = time.Second; return cfg }
	for _, tc := range []struct {
		name         string
		config       func(*testing.T) ontap.Config
		ctx          func(context.Context) context.Context
		maybeApplied bool
		want         string
	}{
		{name: "no server listens", want: "connection refused", config: func(t *testing.T) ontap.Config {
			array := answering(t, http.StatusOK, "{}")
			cfg := array.config()
			array.Close()
			return cfg
		}},
		{name: "the certificate is not trusted", want: "unknown authority", config: func(t *testing.T) ontap.Config {
			cfg := answering(t, http.StatusOK, "{}").config()
			cfg.TLS.CA = selfSigned(t, certificate{dns: "other.example"}).pem
			return cfg
		}},
		{name: "the handshake is never finished", want: "nothing within 1s", config: func(t *testing.T) ontap.Config {
			cfg := answering(t, http.StatusOK, "{}").config()
			cfg.Endpoint = "https://" + listening(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
			return short(cfg)
		}},
		{name: "the other side doesn't speak TLS", want: "TLS handshake", config: func(t *testing.T) ontap.Config {
			cfg := answering(t, http.StatusOK, "{}").config()
			cfg.Endpoint = "https://" + listening(t, func(conn net.Conn) {
				_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
				_, _ = io.Copy(io.Discard, conn)
			})
			return cfg
		}},
		{name: "the other side hangs up during the handshake", want: "the connection was closed too early", config: func(t *testing.T) ontap.Config {
			cfg := answering(t, http.StatusOK, "{}").config()
			cfg.Endpoint = "https://" + listening(t, func(net.Conn) {})
			return cfg
		}},
		{name: "the caller has given up before", want: "cancelled", config: func(t *testing.T) ontap.Config {
			return answering(t, http.StatusOK, "{}").config()
		}, ctx: func(ctx context.Context) context.Context {
			ctx, cancel := context.WithCancelCause(ctx)
			cancel(errors.New("a reason of the caller's own"))
			return ctx
		}},
		{name: "the array hangs up on the request", want: "the connection was closed too early", maybeApplied: true, config: func(t *testing.T) ontap.Config {
			return newArray(t, hangUp).config()
		}},
		{name: "the array resets the connection", want: "the connection was closed too early", maybeApplied: true, config: func(t *testing.T) ontap.Config {
			return newArray(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, _ := http.NewResponseController(w).Hijack()
				_ = conn.(interface{ NetConn() net.Conn }).NetConn().(*net.TCPConn).SetLinger(0)
				_ = conn.(interface{ NetConn() net.Conn }).NetConn().Close()
			}).config()
		}},
		{name: "the array says nothing", want: "nothing within 1s", maybeApplied: true, config: func(t *testing.T) ontap.Config {
			return short(newArray(t, func(_ http.ResponseWriter, _ *http.Request) { <-t.Context().Done() }).config())
		}},
		{name: "the caller's deadline passes first", want: "nothing before the caller's deadline", maybeApplied: true,
			config: func(t *testing.T) ontap.Config {
				return newArray(t, func(_ http.ResponseWriter, _ *http.Request) { <-t.Context().Done() }).config()
			},
			ctx: func(ctx context.Context) context.Context {
				ctx, cancel := context.WithTimeout(ctx, time.Second)
				context.AfterFunc(ctx, cancel)
				return ctx
			}},
		{name: "the answer is not HTTP", want: "no answer from", maybeApplied: true, config: func(t *testing.T) ontap.Config {
			return newArray(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, _ := http.NewResponseController(w).Hijack()
				_, _ = io.WriteString(conn, "hello\r\n\r\n")
				_ = conn.Close()
			}).config()
		}},
		{name: "the body stops short of its length", want: "closed too early", maybeApplied: true, config: func(t *testing.T) ontap.Config {
			return newArray(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "1000")
				answer(http.StatusOK, `{}`)(w, r)
			}).config()
		}},
		{name: "the body never ends", want: "nothing within 1s", maybeApplied: true, config: func(t *testing.T) ontap.Config {
			return short(newArray(t, func(w http.ResponseWriter, r *http.Request) {
				answer(http.StatusOK, `{`)(w, r)
				_ = http.NewResponseController(w).Flush()
				<-t.Context().Done()
			}).config())
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel() // some wait for deadlines that are long enough for a busy machine
			cfg := tc.config(t)
			for _, write := range writes {
				g := NewWithT(t)
				ctx := t.Context()
				if tc.ctx != nil {
					ctx = tc.ctx(ctx)
				}

				first := write.call(ctx, newClient(t, cfg))

				var transport *ontap.TransportError
				g.Expect(first).To(BeAssignableToTypeOf(transport), write.name)
				g.Expect(first).To(MatchError(ContainSubstring(tc.want)), write.name)
				g.Expect(ontap.MaybeApplied(first)).To(Equal(tc.maybeApplied), "%s: %s", write.name, first)
				if tc.ctx != nil {
					ctx = tc.ctx(t.Context())
				}
				g.Expect(write.call(ctx, newClient(t, cfg))).To(MatchError(Equal(first.Error())), "the text is the same at each try")
				g.Expect(first.Error()).NotTo(MatchRegexp(`->|local|read udp`), "nothing of this machine is in it")
			}
		})
	}
}

// listening accepts connections, hands each to the function and closes it.
func listening(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				serve(conn)
				_ = conn.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	return listener.Addr().String()
}

// TestAWriteIsSentOnce puts each request on a connection that was used before and that dies as the request arrives, which is when the
// standard library considers sending it again.
func TestAWriteIsSentOnce(t *testing.T) {
	for _, write := range writes {
		t.Run(write.name, func(t *testing.T) {
			g := NewWithT(t)
			array := newArray(t, inTurn(answer(http.StatusOK, instanceBody), hangUp, answer(http.StatusOK, "{}")))
			client := array.client(t)
			_, err := client.Service(t.Context(), svm1)
			g.Expect(err).NotTo(HaveOccurred())

			err = write.call(t.Context(), client)

			g.Expect(ontap.MaybeApplied(err)).To(BeTrue())
			g.Expect(array.received()).To(HaveLen(2), "the read, and the write once")
			g.Expect(array.connections()).To(Equal(1), "on the connection that the read had used")
		})
	}
	t.Run("a read is sent again", func(t *testing.T) {
		g := NewWithT(t)
		array := newArray(t, inTurn(answer(http.StatusOK, instanceBody), hangUp, answer(http.StatusOK, instanceBody)))
		client := array.client(t)
		for range 2 {
			_, err := client.Service(t.Context(), svm1)
			g.Expect(err).NotTo(HaveOccurred())
		}
		g.Expect(array.received()).To(HaveLen(3))
	})
}

// TestAnIdleConnectionThatDiedIsNoTrouble lets the connection die before the request.
func TestAnIdleConnectionThatDiedIsNoTrouble(t *testing.T) {
	for _, write := range writes {
		t.Run(write.name, func(t *testing.T) {
			g := NewWithT(t)
			status := http.StatusOK
			body := "{}"
			if write.name == "create" {
				status, body = http.StatusCreated, createdBody
			}
			array := newArray(t, inTurn(answer(http.StatusOK, instanceBody), answer(status, body)))
			client := array.client(t)
			_, err := client.Service(t.Context(), svm1)
			g.Expect(err).NotTo(HaveOccurred())

			array.CloseClientConnections()

			g.Eventually(func() error { return write.call(t.Context(), client) }).Should(Succeed())
		})
	}
}

func TestTheDeadlineIsOfEachPage(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	slowly := func(next string, uuid string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(time.Second):
			case <-t.Context().Done():
			}
			answer(http.StatusOK, servicePage(next, uuid))(w, r)
		}
	}
	array := newArray(t, inTurn(slowly(services+"?start=1", svm1), slowly("", svm2)))
	cfg := array.config()
	cfg.Timeout = 1800 * time.Millisecond

	uuids, err := walk(t, newClient(t, cfg), ontap.Query{})

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(uuids).To(Equal([]string{svm1, svm2}))
}

func TestAClientIsSafeForConcurrentUse(t *testing.T) {
	g := NewWithT(t)
	array := answering(t, http.StatusOK, instanceBody)
	client := array.client(t)
	errs := make(chan error)
	for range 20 {
		go func() {
			_, err := client.Service(t.Context(), svm1)
			errs <- err
		}()
	}
	for range 20 {
		g.Expect(<-errs).NotTo(HaveOccurred())
	}
}

func TestAnUnansweredCallCanBeAskedForItsCause(t *testing.T) {
	g := NewWithT(t)
	cfg := newArray(t, func(_ http.ResponseWriter, _ *http.Request) { <-t.Context().Done() }).config()
	cfg.Timeout = 50 * time.Millisecond
	_, err := newClient(t, cfg).Service(t.Context(), svm1)
	g.Expect(err).To(MatchError(context.DeadlineExceeded))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = newClient(t, cfg).Service(ctx, svm1)
	g.Expect(err).To(MatchError(context.Canceled))
}
