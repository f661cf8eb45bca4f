package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// canaries are secrets in every shape that a program may give them on their way out, by what they are.
type canaries map[string]string

// shapes adds a secret as it is, as Kubernetes writes it, and as Go prints its bytes.
func (c canaries) shapes(name, secret string) {
	c[name] = secret
	c[name+" in base64"] = base64.RawStdEncoding.EncodeToString([]byte(secret)) // with padding, it still has this in it
	c[name+" in hexadecimal"] = hex.EncodeToString([]byte(secret))
	c[name+" in decimal"] = strings.Trim(fmt.Sprintf("%d", []byte(secret)), "[]")
}

// in returns which of the canaries are in a text.
func (c canaries) in(text string) []string {
	var found []string
	for name, secret := range c {
		if strings.Contains(text, secret) {
			found = append(found, name)
		}
	}
	return found
}

// keyLine is a line from the middle of a private key in PEM: one that would survive any other line ends.
func keyLine(pemKey string) string {
	GinkgoHelper()
	lines := strings.Split(strings.TrimSpace(pemKey), "\n")
	Expect(len(lines)).To(BeNumerically(">=", 4))
	return lines[1]
}

// parrot is an array that repeats what it was told: its answers have the Authorization header of the request in them.
type parrot struct {
	*httptest.Server

	mu   sync.Mutex
	said []string
}

// newParrot starts a parrot; answer writes what it has to say.
func newParrot(answer func(w http.ResponseWriter, authorization string)) *parrot {
	p := &parrot{}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.said = append(p.said, r.Header.Get("Authorization"))
		p.mu.Unlock()
		answer(w, r.Header.Get("Authorization"))
	}))
	p.StartTLS()
	DeferCleanup(p.Close)
	return p
}

// heard is what it has been told.
func (p *parrot) heard() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.said, "\n")
}

func (p *parrot) ca() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw}))
}

// refuses answers with an ONTAP error that repeats the header in all its members.
func refuses(status int, code string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, authorization string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"error": {"message": "Unexpected %[1]s", "code": %[2]q, "target": %[1]q, "arguments": [{"code": "1", "message": %[1]q}]}}`,
			"Authorization: "+authorization, code)
	}
}

// answersRaw sends bytes in place of an HTTP response.
func answersRaw(format string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, authorization string) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = fmt.Fprintf(conn, format, authorization)
		_ = conn.Close()
	}
}

var _ = Describe("Secrets", func() {
	const password = "canary-Tq7vXw2mPz9KrB4s"

	It("are in no log, event, status, metric or stack, whatever goes wrong", func(ctx SpecContext) {
		By("letting an operator run at the highest verbosity")
		Expect(operator.Stop()).To(Succeed())
		startOperator(ctx)

		By("using a password and a client certificate that work")
		secrets := canaries{}
		secrets.shapes("password", password)
		authorization := base64.RawStdEncoding.EncodeToString([]byte(account.Name + ":" + password))
		secrets.shapes("Authorization header", authorization)
		a := &array{name: "canary"}
		a.startAs(ctx, "{name: "+account.Name+", password: "+password+"}, {name: certified, certificateCN: certified}", []string{"{name: svm1}"})
		a.connectWith(ctx, a.secret(password))
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")

		b := &array{Simulator: a.Simulator, name: "canary-certificate"}
		pair, err := a.ClientCertificate(ctx, "certified")
		Expect(err).NotTo(HaveOccurred())
		secrets.shapes("private key", pair.Key)
		secrets.shapes("body of the private key", keyLine(pair.Key))
		b.connectWith(ctx, tlsSecret(b.name, pair.Certificate, pair.Key, b.URL))
		// kubectl repeats what it applies in an annotation.
		_, err = cluster.Kubectl(ctx, a.secret(password)+"\n---\n"+tlsSecret(b.name, pair.Certificate, pair.Key, b.URL), "apply", "-f", "-")
		Expect(err).NotTo(HaveOccurred())

		By("showing arrays, accounts and Secrets that do not work")
		other, err := a.ClientCertificate(ctx, "certified")
		Expect(err).NotTo(HaveOccurred())
		var troubled []*array
		var manifests []string
		trouble := func(name, url, ca, secret string) {
			c := &array{Simulator: &testbed.Simulator{URL: url, CA: ca}, name: "canary-" + name}
			manifests = append(manifests, secret, c.manifest("*"))
			troubled = append(troubled, c)
		}
		for name, secret := range map[string]string{
			"foreign-key": tlsSecret("canary-foreign-key", other.Certificate, pair.Key, a.URL),
			"swapped":     tlsSecret("canary-swapped", pair.Key, pair.Certificate, a.URL),
			"no-key":      tlsSecret("canary-no-key", pair.Certificate, keyLine(pair.Key), a.URL),
			"cut-key":     tlsSecret("canary-cut-key", pair.Certificate, pair.Key[:len(pair.Key)/2], a.URL),
			"both":        tlsSecret("canary-both", pair.Certificate, pair.Key, a.URL) + "\n---\n" + passwordSecret("canary-both", password, a.URL),
		} {
			trouble(name, a.URL, a.CA, secret)
		}
		elsewhere := newParrot(refuses(http.StatusBadRequest, "4"))
		parrots := map[string]*parrot{
			"400":  newParrot(refuses(http.StatusBadRequest, "4711")),
			"401":  newParrot(refuses(http.StatusUnauthorized, "6691623")),
			"403":  newParrot(refuses(http.StatusForbidden, "6")),
			"500":  newParrot(refuses(http.StatusInternalServerError, "4711")),
			"html": newParrot(func(w http.ResponseWriter, said string) { http.Error(w, "<html>"+said, http.StatusBadGateway) }),
			"type": newParrot(func(w http.ResponseWriter, said string) { _, _ = fmt.Fprintf(w, `{"uuid": {%q: 1}}`, said) }),
			"text": newParrot(func(w http.ResponseWriter, said string) { _, _ = io.WriteString(w, said) }),
			"fine": newParrot(func(w http.ResponseWriter, said string) {
				_, _ = fmt.Fprintf(w, `{"error": {"message": %q, "code": "1"}}`, said)
			}),
			"redirect": newParrot(func(w http.ResponseWriter, said string) {
				token := strings.TrimPrefix(said, "Basic ")
				w.Header().Set("Location", "https://"+token+"@"+elsewhere.Listener.Addr().String()+"/"+token+"?"+token)
				w.WriteHeader(http.StatusTemporaryRedirect)
			}),
			"redirect-host": newParrot(func(w http.ResponseWriter, said string) {
				w.Header().Set("Location", "https://"+strings.Trim(strings.TrimPrefix(said, "Basic "), "=")+".example/")
				w.WriteHeader(http.StatusFound)
			}),
			"header": newParrot(answersRaw("HTTP/1.1 200 OK\r\nAuthorization %s\r\n\r\n")),
			"status": newParrot(answersRaw("%s\r\n\r\n")),
		}
		for name, p := range parrots {
			trouble(name, p.URL, p.ca(), passwordSecret("canary-"+name, password, p.URL))
		}
		nobody := "https://" + freeAddress()
		trouble("nobody", nobody, a.CA, passwordSecret("canary-nobody", password, nobody))
		trouble("stranger", a.URL, elsewhere.ca(), passwordSecret("canary-stranger", password, a.URL))
		trouble("unlisted", a.URL, a.CA, passwordSecret("canary-unlisted", password, "https://"+account.Name+":"+password+"@array.example.com", password))
		DeferCleanup(func(ctx SpecContext) {
			names := []string{b.name}
			for _, c := range troubled {
				names = append(names, c.name)
			}
			kubectl(ctx, append([]string{"delete", "ontapcluster", "--ignore-not-found", "--timeout=20s"}, names...)...)
		})
		apply(ctx, strings.Join(manifests, "\n---\n"))
		for _, c := range troubled {
			Eventually(c.connection).WithContext(ctx).Should(Or(HavePrefix("False "), HavePrefix("Unknown ")), c.name)
		}

		By("refusing the login, then showing a wrong certificate")
		Expect(a.ChangeAccount(ctx, account.Name, map[string]any{"password": "another"})).To(Succeed())
		Eventually(a.connection).WithContext(ctx).Should(Equal("Unknown " + v1alpha1.ReasonCredentialsInvalid))
		_, err = a.InjectFault(ctx, testbed.Fault{Listener: "wrong-certificate"})
		Expect(err).NotTo(HaveOccurred())
		Eventually(b.connection).WithContext(ctx).Should(Equal("Unknown " + v1alpha1.ReasonArrayUnreachable))

		By("finding them where they are")
		Expect(secrets.in(kubectl(ctx, "-n", testbed.OperatorNamespace, "get", "secrets", "-o", "json"))).To(ContainElements(
			"password", "password in base64", "private key in base64", "body of the private key"))
		for name, p := range parrots {
			Expect(secrets.in(p.heard())).To(ContainElement("Authorization header"), name)
		}
		Expect(elsewhere.heard()).To(BeEmpty(), "a redirect is not followed")

		By("not finding them anywhere else")
		const reader = "canary-reader"
		kubectl(ctx, "create", "clusterrolebinding", reader, "--clusterrole=ontap-san-metrics-reader", "--serviceaccount=default:default")
		DeferCleanup(func(ctx SpecContext) { kubectl(ctx, "delete", "clusterrolebinding", reader) })
		status, scraped := scrape(ctx, strings.TrimSpace(kubectl(ctx, "-n", "default", "create", "token", "default")))
		Expect(status).To(Equal(http.StatusOK))
		Expect(scraped).To(ContainSubstring("controller_runtime_reconcile_total"))
		objects := kubectl(ctx, "get", "ontapclusters,iscsiservices", "-A", "-o", "json", "--show-managed-fields")
		Expect(objects).To(ContainSubstring("[redacted]"), "what was repeated has come this far")
		events := kubectl(ctx, "get", "events.events.k8s.io", "-A", "-o", "json")
		Expect(events).To(ContainSubstring("canary-redirect"))
		watched := operator
		Expect(watched.Dump()).To(Succeed())
		startOperator(ctx)
		log, err := watched.Logs()
		Expect(err).NotTo(HaveOccurred())
		for _, part := range []string{`"level":"DEBUG"`, "[redacted]", "SIGQUIT", "goroutine 1 "} {
			Expect(strings.Contains(log, part)).To(BeTrue(), part)
		}
		Expect(strings.Contains(log, "Response Body")).To(BeFalse(), "what the API server answers is not logged: Secrets are in it")
		for where, text := range map[string]string{"metrics": scraped, "objects": objects, "events": events, "log": log} {
			Expect(secrets.in(text)).To(BeEmpty(), where)
		}
	})
})

// freeAddress is one that nobody listens at.
func freeAddress() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	Expect(listener.Close()).To(Succeed())
	return listener.Addr().String()
}
