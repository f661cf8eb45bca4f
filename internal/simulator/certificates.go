package simulator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"sync/atomic"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/traffic"
)

// authority is a certificate authority and the server certificates made with it: the good one and two bad ones.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer

	good, expired, wrong *tls.Certificate
	current              atomic.Pointer[tls.Certificate]
}

const validity = 10 * 365 * 24 * time.Hour

func newAuthority(shape Certificate) (*authority, error) {
	a, err := selfSigned("ONTAP simulator CA")
	if err != nil {
		return nil, err
	}
	stranger, err := selfSigned("Somebody else's CA")
	if err != nil {
		return nil, err
	}
	now := time.Now()
	loopback := x509.Certificate{
		Subject:     pkix.Name{CommonName: "localhost"},
		NotBefore:   now.Add(-time.Hour),
		NotAfter:    now.Add(validity),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if !shape.CommonNameOnly {
		loopback.DNSNames = []string{"localhost"}
		loopback.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	expired, wrong := loopback, loopback
	expired.NotBefore, expired.NotAfter = now.Add(-48*time.Hour), now.Add(-24*time.Hour)
	wrong.Subject, wrong.DNSNames, wrong.IPAddresses = pkix.Name{CommonName: "other.example"}, []string{"other.example"}, nil
	for _, issue := range []struct {
		by       *authority
		template x509.Certificate
		into     **tls.Certificate
	}{{a, loopback, &a.good}, {a, expired, &a.expired}, {stranger, wrong, &a.wrong}} {
		if *issue.into, err = issue.by.issue(issue.template); err != nil {
			return nil, err
		}
	}
	a.current.Store(a.good)
	return a, nil
}

func selfSigned(commonName string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: commonName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(validity),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(raw)
	return &authority{certificate: certificate, key: key}, err
}

func (a *authority) issue(template x509.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template.SerialNumber, template.KeyUsage = serial(), x509.KeyUsageDigitalSignature
	raw, err := x509.CreateCertificate(rand.Reader, &template, a.certificate, key.Public(), a.key)
	return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, err
}

func serial() *big.Int {
	n, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails
	return n
}

// CA is the authority's certificate in PEM.
func (a *authority) CA() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

// Fingerprint is the SHA-256 of the certificate that the server shows, in hexadecimal.
func (a *authority) Fingerprint() string {
	sum := sha256.Sum256(a.current.Load().Certificate[0])
	return hex.EncodeToString(sum[:])
}

// Client makes a client certificate and its key, in PEM.
func (a *authority) Client(commonName string) (certificate, key []byte, err error) {
	issued, err := a.issue(x509.Certificate{
		Subject:     pkix.Name{CommonName: commonName},
		NotBefore:   time.Now().Add(-time.Hour),
		NotAfter:    time.Now().Add(validity),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil, nil, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(issued.PrivateKey)
	certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issued.Certificate[0]})
	return certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), err
}

// show chooses the certificate for connections to come, and says whether that is another than before.
func (a *authority) show(fault traffic.ListenerFault) bool {
	certificate := a.good
	switch fault {
	case traffic.ExpiredCertificate:
		certificate = a.expired
	case traffic.WrongCertificate:
		certificate = a.wrong
	}
	return a.current.Swap(certificate) != certificate
}

// tlsConfig is the server's. Sessions are not resumed: each connection gets to see the certificate of the day.
func (a *authority) tlsConfig() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return &tls.Config{
		MinVersion:             tls.VersionTLS12,
		SessionTicketsDisabled: true,
		ClientAuth:             tls.VerifyClientCertIfGiven,
		ClientCAs:              pool,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return a.current.Load(), nil
		},
	}
}
