package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// DefaultONTAPClusterName is the ONTAPCluster that an ISCSIService without
// spec.ontapClusterRef uses.
const DefaultONTAPClusterName = "default"

// Finalizer of an ISCSIService means "deletion must ask the operator": it
// is on before the service may be created, and stays while the object's
// origin and policy call for deleting the service with the object.
const Finalizer = "san.ontap-operator.io/iscsiservice"

// CreatingAnnotation is set to the object's own UID before the create
// request is sent to the array. An operator that restarts without having
// seen the answer knows by it that a service it finds may be its own. A
// copy of the object has another UID, and claims nothing.
const CreatingAnnotation = "san.ontap-operator.io/creating"

// CreatingSVMAnnotation stands beside CreatingAnnotation and says for which
// SVM the create request was sent, and to which array, as
// NAME/UUID/ARRAYUUID with what spec.svm had of the first two: spec.svm can
// be corrected until the service is bound.
const CreatingSVMAnnotation = "san.ontap-operator.io/creating-svm"

// PausedAnnotation set to "true" on an ISCSIService, or on an ONTAPCluster
// for all its services, keeps the operator from changing anything until it
// is taken away. A deletion waits too.
const PausedAnnotation = "san.ontap-operator.io/paused"

// ReconcileRequestedAtAnnotation set to any new value makes the operator
// look at the array at once, and repeat what it refused.
const ReconcileRequestedAtAnnotation = "san.ontap-operator.io/reconcile-requested-at"

// MaxAnnotationLength is how many bytes the value of one of these annotations
// may have. A longer one counts as absent, and an event says so.
const MaxAnnotationLength = 256

// InUsePolicy says what to do before the service is disabled while
// initiators are logged in.
// +kubebuilder:validation:Enum=Wait;Disconnect
type InUsePolicy string

const (
	// InUsePolicyWait waits until they have logged out.
	InUsePolicyWait InUsePolicy = "Wait"
	// InUsePolicyDisconnect disables the service all the same, which ends
	// their sessions.
	InUsePolicyDisconnect InUsePolicy = "Disconnect"
)

// ManagementPolicy says whether the operator may change the service.
// +kubebuilder:validation:Enum=Manage;Observe
type ManagementPolicy string

const (
	// ManagementPolicyManage makes the service agree with the spec.
	ManagementPolicyManage ManagementPolicy = "Manage"
	// ManagementPolicyObserve shows the service, and never touches it.
	ManagementPolicyObserve ManagementPolicy = "Observe"
)

// DeletionPolicy says what becomes of the iSCSI service when its
// ISCSIService is deleted.
// +kubebuilder:validation:Enum=Delete;Retain
type DeletionPolicy string

const (
	// DeletionPolicyDelete disables and deletes the iSCSI service, also one
	// that existed before the object.
	DeletionPolicyDelete DeletionPolicy = "Delete"
	// DeletionPolicyRetain leaves the iSCSI service on the array as it is.
	DeletionPolicyRetain DeletionPolicy = "Retain"
)

// Origin says whether the operator made the iSCSI service or found it.
type Origin string

const (
	// OriginCreated: the operator's own create request made this service. By
	// default it is deleted with the object.
	OriginCreated Origin = "Created"
	// OriginAdopted: the service existed before the object, or was recreated
	// by another client since. By default it outlives the object.
	OriginAdopted Origin = "Adopted"
)

// ISCSIServiceSpec is the iSCSI service that an SVM should have.
// +kubebuilder:validation:XValidation:rule="(has(self.ontapClusterRef) ? self.ontapClusterRef.name : 'default') == (has(oldSelf.ontapClusterRef) ? oldSelf.ontapClusterRef.name : 'default')",reason=FieldValueForbidden,fieldPath=".ontapClusterRef",message="it is immutable: delete the ISCSIService (deletionPolicy Retain keeps the service) and create it anew"
type ISCSIServiceSpec struct {
	// ontapClusterRef names the ONTAPCluster that the SVM belongs to. Unset
	// means the ONTAPCluster named "default". Immutable.
	// +optional
	ONTAPClusterRef *ONTAPClusterReference `json:"ontapClusterRef,omitempty"`

	// svm is the storage virtual machine whose iSCSI service this is: its
	// name, its UUID, or both. An SVM has at most one iSCSI service. Both may
	// be corrected until the service is found or created (status.svm.uuid is
	// set); from then on the SVM is fixed: uuid can be added if it is that of
	// status.svm.uuid, and name can follow a renamed SVM to status.svm.name.
	// +required
	SVM SVMSelector `json:"svm"`

	// enabled is the administrative state of the service. Unset means true. A
	// disabled service accepts no iSCSI sessions; disabling ends those that
	// are logged in.
	// +optional
	Enabled *bool `json:"enabled,omitempty"`

	// alias is the target alias that initiators see: 1 to 128 printable ASCII
	// characters without space. Unset leaves the alias of the service alone (a
	// new one gets the SVM's name); "" clears it.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]*$')",message="alias takes printable ASCII characters without space; an empty alias clears it"
	Alias *string `json:"alias,omitempty"`

	// managementPolicy says whether the operator may change the service.
	// Manage, the same as unset: it makes the service agree with this spec.
	// Observe: it shows the service in status and never touches it, not even
	// when this object is deleted.
	// +optional
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// inUsePolicy says what to do when the service is to be disabled, whether
	// by a change of enabled, after another client enabled it, or by deleting
	// this object, while initiators are logged in. Wait, the same as unset:
	// not before they have logged out. Disconnect: disable it, which ends
	// their sessions.
	// +optional
	InUsePolicy InUsePolicy `json:"inUsePolicy,omitempty"`

	// deletionPolicy says what becomes of the service when this object is
	// deleted. Delete: it is disabled, then deleted, even if it existed before
	// this object. Retain: it stays as it is. Unset: a service that this
	// object created is deleted, one that it adopted stays (see
	// status.origin). Retain can be set at any time, also while the deletion
	// is under way.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// ONTAPClusterReference names an ONTAPCluster.
type ONTAPClusterReference struct {
	// name of the ONTAPCluster.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// SVMSelector names one SVM of an array by name, by UUID or by both.
// +kubebuilder:validation:XValidation:rule="has(self.name) || has(self.uuid)",reason=FieldValueRequired,message="svm needs a name or a uuid"
type SVMSelector struct {
	// name of the SVM, as `vserver show` prints it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_][A-Za-z0-9_.-]*$')",message="an SVM name has letters, digits, '.', '_' and '-' only, and does not begin with '.' or '-'"
	Name string `json:"name,omitempty"`

	// uuid of the SVM in lower case, as `vserver show -fields uuid` prints it.
	// With both, name and uuid must be of the same SVM.
	// +optional
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$')",message="uuid is 32 lower-case hexadecimal digits, as in 02c9e252-41be-11e9-81d5-00a0986138f7"
	UUID string `json:"uuid,omitempty"`
}

// ISCSIServiceStatus is the iSCSI service as the array last showed it, and
// how far the operator is with it.
type ISCSIServiceStatus struct {
	// observedGeneration is the generation of the spec that Ready or Stalled
	// was last decided for; -1 before the operator has seen the object.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions: Ready, and when they apply Reconciling and Stalled, in the
	// sense of kstatus; Paused, InUse and MetricsAvailable when they apply.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// svm is the SVM that this object is bound to. Its uuid never changes; its
	// name follows renames.
	// +optional
	SVM *SVMStatus `json:"svm,omitempty"`

	// arrayUUID is the UUID of the array that the SVM belongs to. Nothing that
	// another array says about the SVM is believed.
	// +optional
	ArrayUUID string `json:"arrayUUID,omitempty"`

	// enabled is the administrative state that the array last reported.
	// +optional
	Enabled *bool `json:"enabled,omitempty"`

	// target is the iSCSI target that the array last reported.
	// +optional
	Target *Target `json:"target,omitempty"`

	// origin says whether the operator made the service (Created) or found it
	// (Adopted).
	// +optional
	// +kubebuilder:validation:Enum=Created;Adopted
	Origin Origin `json:"origin,omitempty"`

	// created is what the array answered to the operator's create request. A
	// service whose target name is another one was made by another client, and
	// counts as Adopted.
	// +optional
	Created *CreatedService `json:"created,omitempty"`

	// drift is the last change of the service that another client of the array made:
	// what the operator put back, or, while managementPolicy is Observe or
	// initiators are logged in, what it only shows.
	// +optional
	Drift *Drift `json:"drift,omitempty"`

	// metrics is the latest performance sample of the service, refreshed at
	// most once a statusInterval of the ONTAPCluster.
	// +optional
	Metrics *Metrics `json:"metrics,omitempty"`

	// lastHandledReconcileAt is the value of the annotation
	// san.ontap-operator.io/reconcile-requested-at when it was last honoured.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// SVMStatus is an SVM as the array names it.
type SVMStatus struct {
	// name of the SVM when it was last seen.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// uuid of the SVM.
	// +required
	// +kubebuilder:validation:MaxLength=64
	UUID string `json:"uuid"`
}

// Target is the iSCSI target of an SVM.
type Target struct {
	// name is the IQN that initiators log in to, generated by the array.
	// +optional
	Name string `json:"name,omitempty"`

	// alias of the target; absent when it has none.
	// +optional
	Alias string `json:"alias,omitempty"`
}

// CreatedService identifies the service that the operator's create request
// made.
type CreatedService struct {
	// targetName is the IQN that the array generated for it.
	// +required
	TargetName string `json:"targetName"`
}

// Drift is a difference between the service and its ISCSIService that no
// change of the ISCSIService has made.
type Drift struct {
	// field that differs: enabled, alias, target.name (the service was
	// recreated) or service (it was deleted).
	// +required
	Field string `json:"field"`

	// desired is the value that the field should have.
	// +optional
	Desired string `json:"desired,omitempty"`

	// observed is the value that was found.
	// +optional
	Observed string `json:"observed,omitempty"`

	// since is when the operator noticed.
	// +required
	Since metav1.Time `json:"since"`
}

// Metrics is a performance sample: an average over the duration that ends
// at timestamp.
type Metrics struct {
	// timestamp is the end of the time that the sample is about.
	// +required
	Timestamp metav1.Time `json:"timestamp"`

	// duration of the sample, such as 15s.
	// +optional
	Duration metav1.Duration `json:"duration,omitempty"`

	// status is "ok", or what is wrong with the sample in ONTAP's words, such
	// as partial_no_data.
	// +optional
	Status string `json:"status,omitempty"`

	// iops is in operations per second.
	// +optional
	IOPS OperationValues `json:"iops,omitzero"`

	// latencyMicroseconds is the mean time from request to answer.
	// +optional
	LatencyMicroseconds OperationValues `json:"latencyMicroseconds,omitzero"`

	// throughputBytesPerSecond is what was read and written.
	// +optional
	ThroughputBytesPerSecond ThroughputValues `json:"throughputBytesPerSecond,omitzero"`
}

// OperationValues is a figure per kind of I/O operation.
type OperationValues struct {
	// read is the figure of read operations.
	// +optional
	Read int64 `json:"read"`

	// write is the figure of write operations.
	// +optional
	Write int64 `json:"write"`

	// other is the figure of all other operations.
	// +optional
	Other int64 `json:"other"`

	// total is the figure over all operations.
	// +optional
	Total int64 `json:"total"`
}

// ThroughputValues is a figure per direction.
type ThroughputValues struct {
	// read is what was read.
	// +optional
	Read int64 `json:"read"`

	// write is what was written.
	// +optional
	Write int64 `json:"write"`

	// total is the sum of both.
	// +optional
	Total int64 `json:"total"`
}

// ISCSIService is the iSCSI service of one SVM: the target that its
// initiators log in to. The operator creates it or adopts the one that
// exists, keeps its state and alias as the spec says, and reports its
// target name.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=iscsiservices,scope=Namespaced,shortName=iscsisvc,categories=ontap
// +kubebuilder:printcolumn:name="SVM",type=string,JSONPath=`.status.svm.name`,description="SVM that the service belongs to"
// +kubebuilder:printcolumn:name="Enabled",type=boolean,JSONPath=`.status.enabled`,description="State that the array last reported"
// +kubebuilder:printcolumn:name="Target",type=string,JSONPath=`.status.target.name`,description="IQN that initiators log in to"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="ONTAPCluster",type=string,priority=1,JSONPath=`.spec.ontapClusterRef.name`,description="Empty means default"
// +kubebuilder:printcolumn:name="Alias",type=string,priority=1,JSONPath=`.status.target.alias`
// +kubebuilder:printcolumn:name="Origin",type=string,priority=1,JSONPath=`.status.origin`
// +kubebuilder:printcolumn:name="IOPS",type=integer,priority=1,JSONPath=`.status.metrics.iops.total`,description="Operations per second in the latest sample"
// +kubebuilder:printcolumn:name="Latency-us",type=integer,priority=1,JSONPath=`.status.metrics.latencyMicroseconds.total`,description="Mean latency in the latest sample, in microseconds"
// +kubebuilder:selectablefield:JSONPath=`.spec.svm.name`
// +kubebuilder:selectablefield:JSONPath=`.spec.svm.uuid`
// +kubebuilder:selectablefield:JSONPath=`.spec.enabled`
// +kubebuilder:selectablefield:JSONPath=`.status.svm.name`
// +kubebuilder:selectablefield:JSONPath=`.status.svm.uuid`
// +kubebuilder:selectablefield:JSONPath=`.status.enabled`
// +kubebuilder:selectablefield:JSONPath=`.status.target.name`
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || !has(oldSelf.status.svm) || !has(self.spec.svm.uuid) || self.spec.svm.uuid == oldSelf.status.svm.uuid",reason=FieldValueForbidden,fieldPath=".spec.svm.uuid",message="the SVM is immutable once its service is bound; only the uuid in status.svm.uuid can be added"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || !has(oldSelf.status.svm) || !has(self.spec.svm.name) || (has(oldSelf.spec.svm.name) && self.spec.svm.name == oldSelf.spec.svm.name) || (has(oldSelf.status.svm.name) && self.spec.svm.name == oldSelf.status.svm.name)",reason=FieldValueForbidden,fieldPath=".spec.svm.name",message="the SVM is immutable once its service is bound; the name can only follow a rename to status.svm.name"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || !has(oldSelf.status.svm) || (has(self.status) && has(self.status.svm) && self.status.svm.uuid == oldSelf.status.svm.uuid)",reason=FieldValueForbidden,fieldPath=".status.svm.uuid",message="it is written once"
type ISCSIService struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the iSCSI service that the SVM should have.
	// +required
	Spec ISCSIServiceSpec `json:"spec"`

	// status is the iSCSI service as the array last showed it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status ISCSIServiceStatus `json:"status,omitempty"`
}

// ISCSIServiceList is a list of ISCSIServices.
// +kubebuilder:object:root=true
type ISCSIServiceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ISCSIService `json:"items"`
}

// ONTAPClusterName is the name of the ONTAPCluster that the service
// belongs to.
func (s *ISCSIService) ONTAPClusterName() string {
	if s.Spec.ONTAPClusterRef == nil {
		return DefaultONTAPClusterName
	}
	return s.Spec.ONTAPClusterRef.Name
}

// WantsEnabled reports whether spec asks for an enabled service: unset
// means it does.
func (s *ISCSIService) WantsEnabled() bool {
	return s.Spec.Enabled == nil || *s.Spec.Enabled
}
