package ontapcluster

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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

func TestAnEndpointIsPermittedIfTheSecretListsIt(t *testing.T) {
	for _, c := range []struct {
		name, endpoint, listed string
		permitted              bool
	}{
		{"as it is", "https://array.example.com", "https://array.example.com", true},
		{"among others", "https://array.example.com", "https://a.example.com https://array.example.com\n", true},
		{"after commas and lines", "https://array.example.com", "https://a.example.com,\r\n\thttps://b.example.com,https://array.example.com", true},
		{"beside a malformed one", "https://array.example.com", "http:// https://array.example.com", true},
		{"in other letters", "https://Array.example.com", "HTTPS://ARRAY.example.COM", true},
		{"with the port that is meant", "https://array.example.com", "https://array.example.com:443", true},
		{"without the port that is meant", "https://array.example.com:443/", "https://array.example.com", true},
		{"with a slash", "https://array.example.com", "https://array.example.com/", true},
		{"an address", "https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443", true},
		{"an address with the port that is meant", "https://[2001:db8::1]", "https://[2001:db8::1]:443", true},
		{"another host", "https://array.example.com", "https://array2.example.com", false},
		{"the end of the name", "https://array.example.com", "https://example.com", false},
		{"the start of the name", "https://array.example.com", "https://array.example", false},
		{"another port", "https://array.example.com:8443", "https://array.example.com", false},
		{"any", "https://array.example.com", "*", false},
		{"any host of a domain", "https://array.example.com", "https://*.example.com", false},
		{"no scheme", "https://array.example.com", "array.example.com", false},
		{"no TLS", "https://array.example.com", "http://array.example.com", false},
		{"a path", "https://array.example.com", "https://array.example.com/api", false},
		{"a query", "https://array.example.com", "https://array.example.com?", false},
		{"a fragment", "https://array.example.com", "https://array.example.com#", false},
		{"a user", "https://array.example.com", "https://admin@array.example.com", false},
		{"a port that is none", "https://array.example.com", "https://array.example.com:", false},
		{"a port beyond the last", "https://array.example.com", "https://array.example.com:65979", false},
		{"nothing", "https://array.example.com", " ,\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := checkEndpoint(&corev1.Secret{Data: map[string][]byte{"endpoints": []byte(c.listed)}}, c.endpoint)
			NewWithT(t).Expect(err == nil).To(Equal(c.permitted), "%v", err)
		})
	}
	NewWithT(t).Expect(checkEndpoint(&corev1.Secret{Data: map[string][]byte{"endpoint": []byte("https://a")}}, "https://a")).NotTo(Succeed(), "another key")
}

func TestARefusedEndpointComesWithTheCommandThatPermitsIt(t *testing.T) {
	secret := func(listed string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "operator", Name: "login"}, Data: map[string][]byte{
			"username": []byte("admin"), "password": []byte("hunter2"), "tls.key": []byte("-----BEGIN KEY-----\nMIIEow\n-----END KEY-----\n"), "endpoints": []byte(listed),
		}}
	}
	long := strings.Repeat("x", 200)
	for _, c := range []struct{ name, listed, says, hides string }{
		{"nothing is listed", "", `kubectl -n operator patch secret login -p '{"stringData":{"endpoints":"https://a:8443"}}'`, "LISTED"},
		{"others are listed", "https://b https://c", `in place of LISTED: kubectl -n operator patch secret login -p '{"stringData":{"endpoints":"LISTED https://a:8443"}}'`, "https://b"},
		{"a malformed entry is named", "https://b a:8443", `Entry 2 of the list ("a:8443") is not https://HOST or https://HOST:PORT.`, "https://b"},
		{"a long entry is cut", long, `("` + long[:80] + `")`, long[:81]},
		{"an entry with a login is not repeated", "https://admin:sesame@a:8443", "Entry 1 of the list is not", "sesame"},
		{"an entry with the password is not repeated", "http://a/hunter2", "Entry 1 of the list is not", "hunter2"},
		{"a line of the key is not repeated", "https://b\nMIIEow", "Entry 2 of the list is not", "MIIEow"},
	} {
		t.Run(c.name, func(t *testing.T) {
			NewWithT(t).Expect(checkEndpoint(secret(c.listed), "https://a:8443/")).To(MatchError(SatisfyAll(
				ContainSubstring(c.says), Not(ContainSubstring(c.hides)), Not(ContainSubstring("hunter2")))))
		})
	}
}
