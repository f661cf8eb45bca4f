package controller

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

func TestCredentials(t *testing.T) {
	for _, c := range []struct {
		name string
		data map[string]string
		want ontap.Credentials
		err  string
	}{
		{"a name and a password", map[string]string{"username": "u", "password": "secret"}, ontap.Credentials{Username: "u", Password: "secret"}, ""},
		{"a certificate and its key", map[string]string{"tls.crt": "c", "tls.key": "secret"}, ontap.Credentials{Certificate: []byte("c"), Key: []byte("secret")}, ""},
		{"nothing", nil, ontap.Credentials{}, "needs username and password"},
		{"no password", map[string]string{"username": "u"}, ontap.Credentials{}, "needs username and password"},
		{"no key", map[string]string{"tls.crt": "c"}, ontap.Credentials{}, "together"},
		{"both", map[string]string{"username": "u", "password": "secret", "tls.crt": "c", "tls.key": "secret"}, ontap.Credentials{}, "remove one pair"},
		{"half of both", map[string]string{"password": "secret", "tls.key": "secret"}, ontap.Credentials{}, "remove one pair"},
		{"a password as echo writes it", map[string]string{"username": "u", "password": "secret\n"}, ontap.Credentials{}, "password ends in a newline: write it without"},
		{"a name as Windows writes it", map[string]string{"username": "secret\r\n", "password": "p"}, ontap.Credentials{}, "username ends in a newline"},
		{"a password with a newline that does not end it", map[string]string{"username": "u", "password": "a\nb "}, ontap.Credentials{Username: "u", Password: "a\nb "}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			secret := &corev1.Secret{Data: map[string][]byte{}}
			for key, value := range c.data {
				secret.Data[key] = []byte(value)
			}
			got, err := credentials(secret)
			if c.err != "" {
				g.Expect(err).To(MatchError(ContainSubstring(c.err)))
				g.Expect(err).To(MatchError(Not(ContainSubstring("secret"))))
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(got).To(Equal(c.want))
		})
	}
}
