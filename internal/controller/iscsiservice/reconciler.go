package iscsiservice

import (
	"cmp"
	"time"

	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/access"
	"github.com/ontap-operator/ontap-san-operator/internal/admission"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/trigger"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/lease"
	"github.com/ontap-operator/ontap-san-operator/internal/workqueue"
)

// Reconciler makes the iSCSI service of an SVM agree with its ISCSIService.
type Reconciler struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Fleet has the arrays, connected by the reconciler of ONTAPClusters.
	Fleet *fleet.Fleet
	// Events records what happened to an object.
	Events events.EventRecorder
	// Connected brings the ONTAPClusters whose arrays can be used now.
	Connected <-chan event.GenericEvent
	// Changed brings the services that a poll has found changed.
	Changed <-chan event.TypedGenericEvent[trigger.Change]
	// Shard is what this operator works on.
	Shard access.Shard
	// DriftCorrected, unless nil, is told of each field that another client of the array changed and that was put back.
	DriftCorrected func(obj *v1alpha1.ISCSIService, field string)
	// MaxConcurrentReconciles is how many objects are worked on at a time.
	MaxConcurrentReconciles int
	// Lease lets this process work while it is held; nil if the process works alone.
	Lease *lease.Lease
	// WriteTimeout bounds one change of the array; 0 means the constant of that name.
	WriteTimeout time.Duration

	memory   memory
	refusals kube.Refusals
	backoff  *workqueue.Backoff
	queue    *workqueue.Queue
}

func (r *Reconciler) writeTimeout() time.Duration {
	return cmp.Or(r.WriteTimeout, WriteTimeout)
}

// arrayUUID is the UUID of the array that an ONTAPCluster leads to: the one that answers, or else the one that is remembered.
func (r *Reconciler) arrayUUID(cluster *v1alpha1.ONTAPCluster) string {
	return admission.ArrayUUID(r.Fleet, cluster)
}

// object is an ISCSIService as it is stored, and as a pass leaves it.
type object = kube.Object[v1alpha1.ISCSIService, v1alpha1.ISCSIServiceStatus, *v1alpha1.ISCSIService]

func statusOf(obj *v1alpha1.ISCSIService) *v1alpha1.ISCSIServiceStatus { return &obj.Status }

func (r *Reconciler) object(stored *v1alpha1.ISCSIService) *object {
	return kube.NewObject(r.Client, r.Live, stored, statusOf)
}
