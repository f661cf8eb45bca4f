package controller

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

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
