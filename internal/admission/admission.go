// Package admission finds the array that an object of a namespace is about, or why it may not be asked: once, for ISCSIServices
// and for ISCSIMetricsQueries.
//
//	admission.go  the ONTAPCluster, the rules for the namespace, the array
//	array.go      which array an ONTAPCluster leads to
//
// A file uses those below it.
package admission

import (
	"context"
	"errors"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/access"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

var (
	// ErrNotConnected says that the ONTAPCluster is Ready, but this process is not connected to its array, since it has just started
	// or the endpoint has just changed. There is nothing to report yet: either the connection or the condition of the
	// ONTAPCluster triggers the next pass.
	ErrNotConnected = errors.New("not connected yet")
	// ErrOtherShard says that the object is another operator's to work on.
	ErrOtherShard = errors.New("not in this operator's shard")
)

// Sources are what is asked for an admission.
type Sources struct {
	// Cache has ONTAPClusters, and the metadata of namespaces.
	Cache client.Reader
	// Fleet has the arrays.
	Fleet *fleet.Fleet
	// Shard is what this operator works on.
	Shard access.Shard
}

// Admission is the array that the objects of a namespace may use, as far as it has been found.
type Admission struct {
	// Cluster is empty if there is no such ONTAPCluster.
	Cluster *v1alpha1.ONTAPCluster
	// Array is nil unless Reach has found it.
	Array *fleet.Array

	sources   Sources
	missing   bool
	namespace string
	// labels of the namespace, once the rules were read.
	labels map[string]string
}

// Find reads the ONTAPCluster of that name for an object of the namespace. The error is ErrOtherShard if it is not this
// operator's.
func (s Sources) Find(ctx context.Context, cluster, namespace string) (*Admission, error) {
	a := &Admission{Cluster: &v1alpha1.ONTAPCluster{}, sources: s, namespace: namespace}
	err := s.Cache.Get(ctx, types.NamespacedName{Name: cluster}, a.Cluster)
	if a.missing = apierrors.IsNotFound(err); err != nil && !a.missing {
		return nil, err
	}
	if !s.Shard.Has(a.Cluster) {
		return nil, ErrOtherShard
	}
	return a, nil
}

// Missing is the outcome if there is no ONTAPCluster, with a message for the conditions; nil if there is one.
func (a *Admission) Missing(conditions []metav1.Condition, message string) *outcome.Outcome {
	if !a.missing {
		return nil
	}
	return new(outcome.WaitingFor(conditions, v1alpha1.ReasonONTAPClusterNotFound, message))
}

// ReadRules reads what the access rules are held against. The outcome is not nil if a rule cannot be read, which allows
// nothing, and takes nothing away either.
func (a *Admission) ReadRules(ctx context.Context) (*outcome.Outcome, error) {
	var err error
	if a.labels, err = kube.NamespaceLabels(ctx, a.sources.Cache, a.namespace); err != nil {
		return nil, err
	}
	if access.Validate(a.Cluster.Spec.Access) != nil {
		return unconnected(a.Cluster), nil
	}
	return nil, nil
}

// AllowsAny reports whether there is a rule for the namespace at all, for whatever SVM.
func (a *Admission) AllowsAny() bool {
	return access.SelectedByAny(a.Cluster.Spec.Access, a.namespace, a.labels)
}

// Allows reports whether the namespace may use the SVM of that name.
func (a *Admission) Allows(svm string) bool {
	return access.Allowed(a.Cluster.Spec.Access, a.namespace, a.labels, svm)
}

// Expected is what an object expects of the array.
type Expected struct {
	// Subject names in messages what the object is about, such as SVM "svm1".
	Subject string
	// ArrayUUID is the array that the object is on; empty if that is not known.
	ArrayUUID string
	// OtherArray ends the message about another array than that: what to do.
	OtherArray string
	// Deleting: the object is being deleted, for which the connection that there is will do.
	Deleting bool
}

// Reach finds the array, if it is the one that the object is on and can be asked. The outcome says why not; the error is
// ErrNotConnected if there is nothing to report yet.
func (a *Admission) Reach(expected Expected) (*outcome.Outcome, error) {
	if end := a.otherArray(expected); end != nil {
		return end, nil
	}
	array, connected := a.sources.Fleet.Array(a.Cluster.Name)
	if connected && array.Usable() == nil && (expected.Deleting || outcome.Connected(a.Cluster)) {
		a.Array = array
		return nil, nil
	}
	if connected {
		if o, ok := outcome.FromArray(array.Usable(), expected.Subject); ok && o.Ready == metav1.ConditionUnknown {
			return &o, nil
		}
	}
	if outcome.WasConnected(a.Cluster) {
		return nil, ErrNotConnected
	}
	return unconnected(a.Cluster), nil
}

func (a *Admission) otherArray(expected Expected) *outcome.Outcome {
	now := ArrayUUID(a.sources.Fleet, a.Cluster)
	if expected.ArrayUUID == "" || now == "" || expected.ArrayUUID == now {
		return nil
	}
	return new(outcome.Stalled(v1alpha1.ReasonArrayChanged, fmt.Sprintf("%s: it is on the array with UUID %s, and ONTAPCluster %q leads to another one. %s",
		expected.Subject, expected.ArrayUUID, a.Cluster.Name, expected.OtherArray)))
}

// Recheck notices an ONTAPCluster or a namespace that has changed since they were read: the error is kube.ErrStale.
func (a *Admission) Recheck(ctx context.Context) error {
	cluster := &v1alpha1.ONTAPCluster{}
	if err := a.sources.Cache.Get(ctx, client.ObjectKeyFromObject(a.Cluster), cluster); client.IgnoreNotFound(err) != nil {
		return err
	} else if err != nil || cluster.UID != a.Cluster.UID || cluster.Generation != a.Cluster.Generation || kube.IsPaused(cluster) ||
		!a.sources.Shard.Has(cluster) {
		return kube.ErrStale
	}
	labels, err := kube.NamespaceLabels(ctx, a.sources.Cache, a.namespace)
	if err != nil {
		return err
	}
	if !maps.Equal(labels, a.labels) {
		return kube.ErrStale
	}
	return nil
}

// unconnected is the outcome of a pass that cannot ask the array: the trouble of its ONTAPCluster is this object's too.
// The reason tells which it is; the particulars are the platform team's.
func unconnected(cluster *v1alpha1.ONTAPCluster) *outcome.Outcome {
	o := outcome.Reconciling(v1alpha1.ReasonONTAPClusterNotReady,
		fmt.Sprintf("ONTAPCluster %q is not connected yet; the operator goes on when it is.", cluster.Name), outcome.ArrayRetry)
	o.Expected = true
	if c := outcome.ReadyCondition(cluster.Status.Conditions); c != nil && c.Status != metav1.ConditionTrue {
		o.Ready, o.Reason = c.Status, c.Reason
		o.Message = fmt.Sprintf("ONTAPCluster %q cannot be used: %s. Its status tells the platform team what to do; the operator goes on when it can.",
			cluster.Name, c.Reason)
		o.Stalled = outcome.IsStalled(cluster.Status.Conditions)
		o.Expected = o.Ready == metav1.ConditionFalse && !o.Stalled
	}
	return &o
}
