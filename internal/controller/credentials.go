package controller

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// callTimeout bounds one request to the array.
const callTimeout = 20 * time.Second

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
	// Nobody means it, and each try with it counts towards the lock of the account.
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

// withoutSecret is connect while the API server does not give the Secret, which says nothing about the Secret. An array that
// is connected as spec says is used on, with the login that it was connected with: drift is put back all the same.
func (r *ONTAPClusterReconciler) withoutSecret(ctx context.Context, cluster *v1alpha1.ONTAPCluster, cause error) (outcome, error) {
	trouble := fmt.Sprintf("Secret %q in namespace %q cannot be read: %s. If it lasts, look at the operator's Role there, and at the API server.",
		cluster.Spec.CredentialsSecretRef.Name, r.Namespace, unread(cause))
	first, _ := r.unread.LoadOrStore(cluster.Name, time.Now())
	since, _ := first.(time.Time)
	array, connected := r.Fleet.Array(cluster.Name)
	if !connected || !isReady(cluster) {
		if wasReady(cluster) && time.Since(since) < patience {
			// It would be news to all services of the array, and may have passed in a moment.
			return outcome{}, cause
		}
		return unknown(v1alpha1.ReasonSecretInvalid, "spec.credentialsSecretRef: "+trouble+" The operator keeps trying.", 0), nil
	}
	o, err := r.look(ctx, cluster, array)
	if o.ready == metav1.ConditionTrue {
		o.message += " The login is the one that was read before: " + trouble
	}
	return o, err
}

// unread is why the API server did not give an object, without what differs between two tries, such as port numbers.
func unread(err error) string {
	if status := apierrors.APIStatus(nil); errors.As(err, &status) {
		return err.Error()
	}
	return "the API server does not answer"
}

// arrayConfig is how to reach the array of an ONTAPCluster.
func arrayConfig(cluster *v1alpha1.ONTAPCluster, login ontap.Credentials, app string) ontap.Config {
	config := ontap.Config{Endpoint: strings.TrimSuffix(cluster.Spec.Endpoint, "/"), Credentials: login, App: app, Timeout: callTimeout}
	if tls := cluster.Spec.TLS; tls != nil {
		config.TLS = ontap.TLS{
			CA:                 []byte(tls.CA),
			ServerName:         tls.ServerName,
			PinnedSHA256:       tls.PinnedSHA256,
			InsecureSkipVerify: tls.InsecureSkipVerify,
		}
	}
	return config
}

func arrayLimits(cluster *v1alpha1.ONTAPCluster) fleet.Limits {
	limits := cluster.Spec.Limits
	if limits == nil {
		return fleet.Limits{}
	}
	return fleet.Limits{InFlight: int(limits.MaxInFlight), PerSecond: int(limits.RequestsPerSecond)}
}
