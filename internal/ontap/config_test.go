package ontap_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

func TestNewNamesTheFieldThatIsWrong(t *testing.T) {
	pair := selfSigned(t, certificate{dns: "operator"})
	other := selfSigned(t, certificate{dns: "operator"})
	for _, tc := range []struct {
		name   string
		change func(*ontap.Config)
		want   string
	}{
		{"no endpoint", func(c *ontap.Config) { c.Endpoint = "" }, "endpoint"},
		{"an endpoint without TLS", func(c *ontap.Config) { c.Endpoint = "http://array.example" }, "endpoint"},
		{"an endpoint without host", func(c *ontap.Config) { c.Endpoint = "https://" }, "endpoint"},
		{"an endpoint with only a port", func(c *ontap.Config) { c.Endpoint = "https://:443" }, "endpoint"},
		{"an endpoint with a path", func(c *ontap.Config) { c.Endpoint = "https://array.example/api" }, "endpoint"},
		{"an endpoint with a slash", func(c *ontap.Config) { c.Endpoint = "https://array.example/" }, "endpoint"},
		{"an endpoint with a query", func(c *ontap.Config) { c.Endpoint = "https://array.example?x=y" }, "endpoint"},
		{"an endpoint with a fragment", func(c *ontap.Config) { c.Endpoint = "https://array.example#x" }, "endpoint"},
		{"an endpoint with a password", func(c *ontap.Config) { c.Endpoint = "https://admin:hunter2@array.example" }, "endpoint"},
		{"an endpoint with a password and a bad port", func(c *ontap.Config) { c.Endpoint = "https://admin:hunter2@array.example:x" }, "endpoint"},
		{"an endpoint with an empty port", func(c *ontap.Config) { c.Endpoint = "https://array.example:" }, "endpoint"},
		{"an endpoint with port 0", func(c *ontap.Config) { c.Endpoint = "https://array.example:0" }, "endpoint"},
		{"an endpoint with a port beyond the last", func(c *ontap.Config) { c.Endpoint = "https://array.example:65536" }, "endpoint"},
		{"no credentials", func(c *ontap.Config) { c.Credentials = ontap.Credentials{} }, "credentials"},
		{"no password", func(c *ontap.Config) { c.Credentials.Password = "" }, "credentials: password"},
		{"no username", func(c *ontap.Config) { c.Credentials.Username = "" }, "credentials: username"},
		{"a username with a colon", func(c *ontap.Config) { c.Credentials.Username = "a:b" }, "credentials: username"},
		{"both kinds of credentials", func(c *ontap.Config) { c.Credentials.Certificate, c.Credentials.Key = pair.pem, pair.key }, "credentials"},
		{"a certificate without key", func(c *ontap.Config) { c.Credentials = ontap.Credentials{Certificate: pair.pem} }, "credentials: key"},
		{"a key without certificate", func(c *ontap.Config) { c.Credentials = ontap.Credentials{Key: pair.key} }, "credentials: certificate"},
		{"a key of another certificate", func(c *ontap.Config) { c.Credentials = ontap.Credentials{Certificate: pair.pem, Key: other.key} }, "credentials"},
		{"a CA that is none", func(c *ontap.Config) { c.TLS.CA = []byte("hello") }, "tls.ca"},
		{"a CA that is a key", func(c *ontap.Config) { c.TLS.CA = pair.key }, "tls.ca"},
		{"a CA that is damaged", func(c *ontap.Config) {
			c.TLS.CA = []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
		}, "tls.ca"},
		{"a pin that is too short", func(c *ontap.Config) { c.TLS.PinnedSHA256 = "ab:cd" }, "tls.pinnedSHA256"},
		{"a pin that is no number", func(c *ontap.Config) { c.TLS.PinnedSHA256 = strings.Repeat("xy", 32) }, "tls.pinnedSHA256"},
		{"a pin and no verification", func(c *ontap.Config) { c.TLS = ontap.TLS{PinnedSHA256: pair.pin, InsecureSkipVerify: true} }, "tls.insecureSkipVerify"},
		{"a CA and no verification", func(c *ontap.Config) { c.TLS = ontap.TLS{CA: pair.pem, InsecureSkipVerify: true} }, "tls.insecureSkipVerify"},
		{"no app", func(c *ontap.Config) { c.App = "" }, "app"},
		{"an app without version", func(c *ontap.Config) { c.App = "operator" }, "app"},
		{"an app with a second header in it", func(c *ontap.Config) { c.App = "operator/1\r\nX-Evil: 1" }, "app"},
		{"a timeout below zero", func(c *ontap.Config) { c.Timeout = -time.Second }, "timeout"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			cfg := ontap.Config{
				Endpoint:    "https://array.example",
				Credentials: ontap.Credentials{Username: user, Password: password},
				App:         "operator/1",
			}
			tc.change(&cfg)

			_, err := ontap.New(cfg)

			g.Expect(err).To(MatchError(HavePrefix("ontap: " + tc.want)))
			g.Expect(err.Error()).NotTo(Or(ContainSubstring("hunter2"), ContainSubstring(password)))
		})
	}
}

func TestEndpointsThatAreGood(t *testing.T) {
	for _, endpoint := range []string{"https://array.example", "https://array.example:8443", "https://192.0.2.1", "https://[2001:db8::1]", "https://[2001:db8::1]:8443"} {
		_, err := ontap.New(ontap.Config{Endpoint: endpoint, Credentials: ontap.Credentials{Username: "u", Password: "p"}, App: "operator/1"})
		NewWithT(t).Expect(err).NotTo(HaveOccurred(), endpoint)
	}
}

func TestCredentialsAreNeverPrinted(t *testing.T) {
	pair := selfSigned(t, certificate{dns: "operator"})
	credentials := ontap.Credentials{Username: user, Password: password, Certificate: pair.pem, Key: pair.key}
	cfg := ontap.Config{Endpoint: "https://array.example", Credentials: ontap.Credentials{Username: user, Password: password}, App: "operator/1"}
	client := newClient(t, cfg)
	secrets := []string{user, password, string(pair.key), fmt.Sprintf("%x", password), fmt.Sprintf("%q", password), fmt.Sprintf("%d", []byte(password))}

	printed := map[string]string{}
	for name, value := range map[string]any{
		"credentials": credentials, "a pointer to credentials": &credentials, "a list of credentials": []ontap.Credentials{credentials},
		"a config": cfg, "a pointer to a config": &cfg, "a client": client, "a struct around a client": struct{ C *ontap.Client }{client},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %[1]v"} {
			printed[name+" with "+verb] = fmt.Sprintf(verb, value)
		}
		encoded, err := json.Marshal(value)
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		printed[name+" as JSON"] = string(encoded)
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", value)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "value", value)
		printed[name+" in a log"] = log.String()
	}
	printed["what logr takes"] = fmt.Sprint(credentials.MarshalLog())
	printed["String"] = credentials.String()
	printed["GoString"] = credentials.GoString()

	for name, text := range printed {
		for _, secret := range secrets {
			NewWithT(t).Expect(text).NotTo(ContainSubstring(secret), name)
		}
	}
	g := NewWithT(t)
	g.Expect(printed["credentials with %#v"]).To(Equal("[redacted]"))
	g.Expect(printed["credentials as JSON"]).To(Equal(`"[redacted]"`))
	g.Expect(printed["a config with %+v"]).To(ContainSubstring("Credentials:[redacted]"))
	g.Expect(printed["a client with %+v"]).To(Equal("ontap.Client(https://array.example)"))
}
