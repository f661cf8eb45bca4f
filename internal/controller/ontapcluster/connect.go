package ontapcluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/access"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

// callTimeout bounds one request to the array.
const callTimeout = 20 * time.Second

// connect brings the fleet up to date with the ONTAPCluster, and polls its array.
func (r *Reconciler) connect(ctx context.Context, cluster *v1alpha1.ONTAPCluster) (outcome.Outcome, error) {
	// Whatever else is wrong, where spec does not lead any more no password is sent: not for deletions either.
	r.Fleet.DisconnectMoved(cluster.Name, arrayConfig(cluster, ontap.Credentials{}, r.App))
	if err := access.Validate(cluster.Spec.Access); err != nil {
		return outcome.Stalled(v1alpha1.ReasonInvalidConfiguration, err.Error()+". Correct it: until then, no namespace's access can be told."), nil
	}
	name := cluster.Spec.CredentialsSecretRef.Name
	secret := &corev1.Secret{}
	if err := r.Live.Get(ctx, types.NamespacedName{Namespace: r.Namespace, Name: name}, secret); apierrors.IsNotFound(err) {
		return outcome.WaitingFor(cluster.Status.Conditions, v1alpha1.ReasonSecretNotFound, fmt.Sprintf(
			"spec.credentialsSecretRef: there is no Secret %q in namespace %q. Create it with username and password of an array account.", name, r.Namespace)), nil
	} else if err != nil {
		return r.withoutSecret(ctx, cluster, err)
	}
	r.unread.Delete(cluster.Name)
	if err := checkEndpoint(secret, cluster.Spec.Endpoint); err != nil {
		// Also if it was permitted before: not even a deletion is finished with it.
		r.Fleet.Disconnect(cluster.Name)
		return outcome.WaitingFor(cluster.Status.Conditions, v1alpha1.ReasonEndpointNotAllowed, fmt.Sprintf(
			"spec.credentialsSecretRef: Secret %q in namespace %q does not permit spec.endpoint: %s", name, r.Namespace, err)), nil
	}
	login, err := credentials(secret)
	if err != nil {
		return outcome.WaitingFor(cluster.Status.Conditions, v1alpha1.ReasonSecretInvalid, fmt.Sprintf(
			"spec.credentialsSecretRef: Secret %q in namespace %q cannot be used: %s.", name, r.Namespace, err)), nil
	}
	array, err := r.Fleet.Connect(cluster.Name, arrayConfig(cluster, login, r.App), arrayLimits(cluster))
	if err != nil {
		return outcome.Stalled(v1alpha1.ReasonInvalidConfiguration, fmt.Sprintf("The connection cannot be set up: %s.", err)), nil
	}
	return r.look(ctx, cluster, array)
}

// withoutSecret is connect while the API server does not give the Secret, which says nothing about the Secret. An array that
// is connected as spec says is used on, with the login that it was connected with: drift is put back all the same.
func (r *Reconciler) withoutSecret(ctx context.Context, cluster *v1alpha1.ONTAPCluster, cause error) (outcome.Outcome, error) {
	trouble := fmt.Sprintf("Secret %q in namespace %q cannot be read: %s. If it lasts, look at the operator's Role there, and at the API server.",
		cluster.Spec.CredentialsSecretRef.Name, r.Namespace, unread(cause))
	first, _ := r.unread.LoadOrStore(cluster.Name, time.Now())
	since, _ := first.(time.Time)
	array, connected := r.Fleet.Array(cluster.Name)
	if !connected || !outcome.Connected(cluster) {
		if outcome.WasConnected(cluster) && time.Since(since) < patience {
			// It would be news to all services of the array, and may have passed in a moment.
			return outcome.Outcome{}, cause
		}
		return outcome.Unknown(v1alpha1.ReasonSecretInvalid, "spec.credentialsSecretRef: "+trouble+" The operator keeps trying.", 0), nil
	}
	o, err := r.look(ctx, cluster, array)
	if o.Ready == metav1.ConditionTrue {
		o.Message += " The login is the one that was read before: " + trouble
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
