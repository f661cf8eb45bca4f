package ontap_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// certificate says what a certificate is to look like; without dns and ip it has a bare common name, as ONTAP's own often do.
type certificate struct {
	dns     string
	ip      bool
	expired bool
}

type issued struct {
	pem, key []byte
	pair     tls.Certificate
	pin      string
}

func selfSigned(t *testing.T, c certificate) issued {
	t.Helper()
	g := NewWithT(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	g.Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "127.0.0.1"},
		NotBefore:             time.Now().Add(-2 * time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if c.dns != "" {
		template.DNSNames = []string{c.dns}
	}
	if c.ip {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	if c.expired {
		template.NotAfter = time.Now().Add(-time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	g.Expect(err).NotTo(HaveOccurred())
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	g.Expect(err).NotTo(HaveOccurred())
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	g.Expect(err).NotTo(HaveOccurred())
	return issued{pem: certPEM, key: keyPEM, pair: pair, pin: fmt.Sprintf("%x", sha256.Sum256(der))}
}

// serving is an array that shows the certificate; the settings can be changed further.
func serving(t *testing.T, shown issued, settings ...func(*tls.Config)) *array {
	t.Helper()
	a := &array{Server: httptest.NewUnstartedServer(answer(http.StatusOK, instanceBody))}
	a.Config.ErrorLog = log.New(io.Discard, "", 0)
	a.Server.TLS = &tls.Config{Certificates: []tls.Certificate{shown.pair}}
	for _, set := range settings {
		set(a.Server.TLS)
	}
	a.StartTLS()
	t.Cleanup(a.Close)
	return a
}

func TestWhichArrayIsBelieved(t *testing.T) {
	proper := selfSigned(t, certificate{ip: true})
	other := selfSigned(t, certificate{ip: true})
	bare := selfSigned(t, certificate{})
	named := selfSigned(t, certificate{dns: "array.example"})
	expired := selfSigned(t, certificate{ip: true, expired: true})
	colons := func(pin string) string {
		var pairs []string
		for ; pin != ""; pin = pin[2:] {
			pairs = append(pairs, strings.ToUpper(pin[:2]))
		}
		return strings.Join(pairs, ":")
	}
	for _, tc := range []struct {
		name  string
		shown issued
		trust ontap.TLS
		want  string // of the error; none if the array is believed
	}{
		{"its CA is trusted", proper, ontap.TLS{CA: proper.pem}, ""},
		{"its CA is one of a bundle", proper, ontap.TLS{CA: append(append([]byte{}, other.pem...), proper.pem...)}, ""},
		{"its issuer is unknown", proper, ontap.TLS{}, "unknown authority"},
		{"another CA is trusted", proper, ontap.TLS{CA: other.pem}, "unknown authority"},
		{"its certificate has another name", named, ontap.TLS{CA: named.pem}, "pin the certificate"},
		{"its certificate has the server name", named, ontap.TLS{CA: named.pem, ServerName: "array.example"}, ""},
		{"its certificate has only a common name", bare, ontap.TLS{CA: bare.pem}, "pin the certificate"},
		{"its certificate has expired", expired, ontap.TLS{CA: expired.pem}, "has expired or is not valid yet"},
		{"its certificate is the pinned one", proper, ontap.TLS{PinnedSHA256: proper.pin}, ""},
		{"a pin needs no SAN", bare, ontap.TLS{PinnedSHA256: bare.pin}, ""},
		{"a pin outlives the date", expired, ontap.TLS{PinnedSHA256: expired.pin}, ""},
		{"a pin may have colons and capitals", bare, ontap.TLS{PinnedSHA256: colons(bare.pin)}, ""},
		{"a pin is for one certificate", proper, ontap.TLS{PinnedSHA256: other.pin}, "not the pinned one: its SHA-256 is " + proper.pin},
		{"a trusted CA doesn't soften a pin", proper, ontap.TLS{PinnedSHA256: other.pin, CA: proper.pem}, "not the pinned one"},
		{"any certificate is accepted when verification is skipped", bare, ontap.TLS{InsecureSkipVerify: true}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			array := serving(t, tc.shown)
			cfg := array.config()
			cfg.TLS = tc.trust

			_, err := newClient(t, cfg).Service(t.Context(), svm1)

			if tc.want == "" {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			g.Expect(err).To(MatchError(ContainSubstring(tc.want)))
			g.Expect(err.Error()).NotTo(MatchRegexp(`\d\d:\d\d:\d\d`), "the time of day is not part of the text")
			again := newClient(t, cfg).DeleteService(t.Context(), svm1)
			g.Expect(ontap.MaybeApplied(again)).To(BeFalse(), "no request goes to an array that is not believed")
		})
	}
}

func TestTLSBefore12IsRefused(t *testing.T) {
	proper := selfSigned(t, certificate{ip: true})
	for version, accepted := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		g := NewWithT(t)
		array := serving(t, proper, func(cfg *tls.Config) { cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS10, version })
		cfg := array.config()
		cfg.TLS = ontap.TLS{InsecureSkipVerify: true}

		_, err := newClient(t, cfg).Service(t.Context(), svm1)

		g.Expect(err == nil).To(Equal(accepted), tls.VersionName(version))
	}
}

func TestAClientCertificateTakesThePlaceOfAPassword(t *testing.T) {
	g := NewWithT(t)
	mine := selfSigned(t, certificate{dns: "operator"})
	var seen []*x509.Certificate
	var authorization []string
	array := serving(t, selfSigned(t, certificate{ip: true}), func(cfg *tls.Config) { cfg.ClientAuth = tls.RequireAnyClientCert })
	array.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen, authorization = r.TLS.PeerCertificates, r.Header.Values("Authorization")
		answer(http.StatusOK, instanceBody)(w, r)
	})
	cfg := array.config()
	cfg.Credentials = ontap.Credentials{Certificate: mine.pem, Key: mine.key}

	_, err := newClient(t, cfg).Service(t.Context(), svm1)

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(seen).To(HaveLen(1))
	g.Expect(seen[0].Raw).To(Equal(mine.pair.Certificate[0]))
	g.Expect(authorization).To(BeEmpty())
}
