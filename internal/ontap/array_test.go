package ontap_test

import (
	"context"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"go.uber.org/goleak"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	svm1 = "19d04b8e-94d7-11e8-8370-005056b48fd2"
	svm2 = "25f617cf-94d7-11e8-8370-005056b48fd2"
	iqn1 = "iqn.1992-08.com.netapp:sn.19d04b8e94d711e88370005056b48fd2:vs.4"

	services = "/api/protocols/san/iscsi/services"

	user     = "svc-array-7"
	password = "correct-horse-battery"
)

// array is an HTTPS server that answers as the test says and remembers what it was asked.
type array struct {
	*httptest.Server
	mu       sync.Mutex
	requests []received
	conns    int
}

// received is a request as it came over the wire.
type received struct {
	Method, URI, Body string
	Header            http.Header
}

func (r received) line() string { return r.Method + " " + r.URI }

func newArray(t *testing.T, handler http.HandlerFunc) *array {
	t.Helper()
	a := &array{}
	a.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		a.requests = append(a.requests, received{r.Method, r.RequestURI, string(body), r.Header.Clone()})
		a.mu.Unlock()
		handler(w, r)
	}))
	a.Config.ErrorLog = log.New(io.Discard, "", 0)
	a.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			a.mu.Lock()
			a.conns++
			a.mu.Unlock()
		}
	}
	a.StartTLS()
	t.Cleanup(a.Close)
	return a
}

// answering is an array that gives the same answer to everything.
func answering(t *testing.T, status int, body string) *array {
	t.Helper()
	return newArray(t, answer(status, body))
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// inTurn answers one request after the other, and the last handler all that follow.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		handler := handlers[min(n, len(handlers)-1)]
		n++
		mu.Unlock()
		handler(w, r)
	}
}

// hangUp takes the request and closes the connection without a word.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func (a *array) received() []received {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]received(nil), a.requests...)
}

func (a *array) lines() []string {
	var lines []string
	for _, r := range a.received() {
		lines = append(lines, r.line())
	}
	return lines
}

func (a *array) connections() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.conns
}

func (a *array) host() string { return a.Listener.Addr().String() }

func (a *array) ca() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate().Raw})
}

func (a *array) config() ontap.Config {
	return ontap.Config{
		Endpoint:    a.URL,
		Credentials: ontap.Credentials{Username: user, Password: password},
		TLS:         ontap.TLS{CA: a.ca()},
		App:         "ontap-san-operator/v1.2.3",
		Timeout:     5 * time.Second,
	}
}

func (a *array) client(t *testing.T) *ontap.Client {
	t.Helper()
	return newClient(t, a.config())
}

func newClient(t *testing.T, cfg ontap.Config) *ontap.Client {
	t.Helper()
	client, err := ontap.New(cfg)
	gomega.NewWithT(t).Expect(err).NotTo(gomega.HaveOccurred())
	t.Cleanup(client.Close)
	return client
}

// write is one of the three operations that change something.
type write struct {
	name string
	call func(context.Context, *ontap.Client) error
}

var writes = []write{
	{"create", func(ctx context.Context, c *ontap.Client) error {
		_, err := c.CreateService(ctx, ontap.ServiceCreate{SVM: ontap.SVMRef{Name: "svm1"}})
		return err
	}},
	{"update", func(ctx context.Context, c *ontap.Client) error {
		return c.UpdateService(ctx, svm1, ontap.ServiceUpdate{Enabled: new(false)})
	}},
	{"delete", func(ctx context.Context, c *ontap.Client) error {
		return c.DeleteService(ctx, svm1)
	}},
}
