package ontapcluster

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// credentials reads a login from the Secret of an ONTAPCluster: username and password, or the certificate and key of a
// kubernetes.io/tls Secret. The error names the keys, never a value.
func credentials(secret *corev1.Secret) (ontap.Credentials, error) {
	username, password := secret.Data[corev1.BasicAuthUsernameKey], secret.Data[corev1.BasicAuthPasswordKey]
	certificate, key := secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey]
	basic, client := len(username)+len(password) > 0, len(certificate)+len(key) > 0
	switch {
	case basic && client:
		return ontap.Credentials{}, fmt.Errorf("it has username or password and tls.crt or tls.key: remove one pair")
	case client && (len(certificate) == 0 || len(key) == 0):
		return ontap.Credentials{}, fmt.Errorf("tls.crt and tls.key are needed together")
	case client:
		return ontap.Credentials{Certificate: bytes.Clone(certificate), Key: bytes.Clone(key)}, nil
	case len(username) == 0 || len(password) == 0:
		return ontap.Credentials{}, fmt.Errorf("it needs username and password, or tls.crt and tls.key")
	// It is not meant, and each try with it counts towards the lock of the account.
	case bytes.HasSuffix(username, newline):
		return ontap.Credentials{}, endsInNewline(corev1.BasicAuthUsernameKey)
	case bytes.HasSuffix(password, newline):
		return ontap.Credentials{}, endsInNewline(corev1.BasicAuthPasswordKey)
	default:
		return ontap.Credentials{Username: string(username), Password: string(password)}, nil
	}
}

// newline ends what an editor or echo has written.
var newline = []byte("\n")

func endsInNewline(key string) error {
	return fmt.Errorf("%s ends in a newline: write it without, as printf does", key)
}

// checkEndpoint returns an error unless the Secret permits its login to be sent to an endpoint: who may write the ONTAPCluster
// is not thereby one who may have the login. The error says how to permit it, and has nothing of the Secret but a malformed
// entry of its list.
func checkEndpoint(secret *corev1.Secret, endpoint string) error {
	wanted, _ := hostAndPort(endpoint)
	entries := strings.FieldsFunc(string(secret.Data[v1alpha1.SecretEndpointsKey]), func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	malformed := ""
	for i, entry := range entries {
		listed, ok := hostAndPort(entry)
		if ok && listed == wanted {
			return nil
		}
		if !ok && malformed == "" {
			malformed = fmt.Sprintf(" Entry %d of the list%s is not https://HOST or https://HOST:PORT.", i+1, quotedEntry(secret, entry))
		}
	}
	list, hint := strings.TrimSuffix(endpoint, "/"), ""
	if len(entries) > 0 {
		list, hint = "LISTED "+list, ", with what is listed now in place of LISTED"
	}
	return fmt.Errorf("its key %s does not list %s, and nothing is sent there.%s If the login may be sent there, add it%s: "+
		`kubectl -n %s patch secret %s -p '{"stringData":{"%[1]s":"%[7]s"}}'`,
		v1alpha1.SecretEndpointsKey, endpoint, malformed, hint, secret.Namespace, secret.Name, list)
}

// hostAndPort is what two spellings of an endpoint have in common. It is false for what is not one.
func hostAndPort(endpoint string) (string, bool) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.Path != "" && u.Path != "/" || strings.ContainsAny(endpoint, "@?#") {
		return "", false
	}
	port := uint64(443)
	if _, written, found := strings.Cut(strings.TrimPrefix(u.Host, "["+u.Hostname()+"]"), ":"); found {
		if port, err = strconv.ParseUint(written, 10, 16); err != nil || port == 0 {
			return "", false
		}
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), strconv.FormatUint(port, 10)), true
}

// quotedEntry is a malformed entry in brackets; nothing, if there may be a part of a login in it.
func quotedEntry(secret *corev1.Secret, entry string) string {
	const longest = 80
	if strings.Contains(entry, "@") {
		return ""
	}
	for key, value := range secret.Data {
		written := strings.TrimSpace(string(value))
		if key != v1alpha1.SecretEndpointsKey && written != "" && (strings.Contains(entry, written) || strings.Contains(written, entry)) {
			return ""
		}
	}
	return fmt.Sprintf(" (%.*q)", longest, entry)
}
