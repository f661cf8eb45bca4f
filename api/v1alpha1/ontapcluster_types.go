package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ONTAPClusterFinalizer keeps an ONTAPCluster, Terminating, while an
// ISCSIService uses it: without it, nothing could be deleted on the array.
const ONTAPClusterFinalizer = "san.ontap-operator.io/ontapcluster"

// SecretEndpointsKey is the key of the Secret that says where its login may be
// sent to: endpoints as in spec.endpoint, separated by white space or commas.
const SecretEndpointsKey = "endpoints"

// DefaultPollInterval is what an unset spec.pollInterval means.
const DefaultPollInterval = time.Minute

// DefaultStatusInterval is what an unset spec.metrics.statusInterval means.
const DefaultStatusInterval = 5 * time.Minute

// ONTAPClusterSpec says how to reach an array, and which namespaces may
// use which of its SVMs.
type ONTAPClusterSpec struct {
	// endpoint is the cluster management address: https://HOST or
	// https://HOST:PORT.
	// +required
	// +kubebuilder:validation:MaxLength=261
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://([A-Za-z0-9.-]+|[[][0-9A-Fa-f:.]+[]])(:[0-9]{1,5})?/?$')",message="endpoint is https://HOST or https://HOST:PORT, without path, query or user"
	// +kubebuilder:validation:XValidation:rule="!isURL(self) || url(self).getPort() == '' || (int(url(self).getPort()) > 0 && int(url(self).getPort()) < 65536)",message="a port is a number from 1 to 65535"
	Endpoint string `json:"endpoint"`

	// credentialsSecretRef names the Secret with the array account, in the
	// operator's own namespace: username and password, or tls.crt and tls.key
	// of a client certificate. Both is an error. Its key endpoints lists the
	// endpoints that the account may be sent to, separated by white space or
	// commas: without spec.endpoint in it, nothing is sent.
	// +required
	CredentialsSecretRef SecretReference `json:"credentialsSecretRef"`

	// tls says how the array's certificate is verified. Unset: by the
	// certificate authorities of the operator's image.
	// +optional
	TLS *TLSConfig `json:"tls,omitempty"`

	// pollInterval is how often the array is looked at, and so how long an
	// out-of-band change can last. Unset means 60s; at least 1s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,5}([.][0-9]{1,3})?(h|m|s|ms))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="pollInterval is from 1s to 24h, written as in 30s, 5m or 1h30m"
	PollInterval *metav1.Duration `json:"pollInterval,omitempty"`

	// metrics says what to do about the performance samples of the services.
	// +optional
	Metrics *MetricsConfig `json:"metrics,omitempty"`

	// limits keep the operator from asking too much of the array.
	// +optional
	Limits *Limits `json:"limits,omitempty"`

	// access lists which namespaces may use which SVMs. Without a rule that
	// allows it, no namespace may use an SVM.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=128
	Access []AccessRule `json:"access,omitempty"`
}

// SecretReference names a Secret in the operator's own namespace.
type SecretReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// TLSConfig says how the array's certificate is verified.
// +kubebuilder:validation:XValidation:rule="!(has(self.insecureSkipVerify) && self.insecureSkipVerify) || !(has(self.ca) || has(self.pinnedSHA256))",reason=FieldValueForbidden,fieldPath=".insecureSkipVerify",message="it verifies nothing: remove it, or remove ca and pinnedSHA256"
type TLSConfig struct {
	// ca is a bundle of PEM certificates that the array's certificate must be
	// signed by.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	CA string `json:"ca,omitempty"`

	// serverName is the name that the certificate must carry when it is not
	// the endpoint's host.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ServerName string `json:"serverName,omitempty"`

	// pinnedSHA256 is the SHA-256 of the one certificate to accept, in
	// hexadecimal, with or without colons. It is for certificates without a
	// subject alternative name, as ONTAP generates them.
	// +optional
	// +kubebuilder:validation:MaxLength=95
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$')",message="pinnedSHA256 is 64 hexadecimal digits, with or without colons"
	PinnedSHA256 string `json:"pinnedSHA256,omitempty"`

	// insecureSkipVerify accepts any certificate: whichever host answers at the
	// endpoint gets the credentials. For trying things out only.
	// +optional
	InsecureSkipVerify bool `json:"insecureSkipVerify,omitempty"`
}

// MetricsConfig says what to do about the performance samples of the
// services of an array.
type MetricsConfig struct {
	// disabled true asks the array for no performance data: none in status,
	// none for Prometheus.
	// +optional
	Disabled bool `json:"disabled,omitempty"`

	// statusInterval is how old the sample in the status of an ISCSIService
	// gets before a newer one replaces it. Unset means 5m; at least 15s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,5}([.][0-9]{1,3})?(h|m|s|ms))+$') && duration(self) >= duration('15s') && duration(self) <= duration('24h')",message="statusInterval is from 15s to 24h, written as in 30s, 5m or 1h30m"
	StatusInterval *metav1.Duration `json:"statusInterval,omitempty"`
}

// Limits bound the load that the operator puts on an array.
type Limits struct {
	// maxInFlight is how many ISCSIServices are worked on at a time, each of
	// which sends one request at a time; the poll and one ISCSIMetricsQuery
	// come on top. Unset means 8.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	MaxInFlight int32 `json:"maxInFlight,omitempty"`

	// requestsPerSecond is how many requests are sent per second, with short
	// bursts of as many. Unset means as many as maxInFlight allows.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	RequestsPerSecond int32 `json:"requestsPerSecond,omitempty"`
}

// AccessRule allows some namespaces to use some SVMs.
type AccessRule struct {
	// namespaces are those that the rule is for.
	// +required
	Namespaces NamespaceSelector `json:"namespaces"`

	// svms are names of SVMs, in which * stands for any characters and ? for
	// one. An ISCSIService that names an SVM by its UUID is held against the
	// SVM's name too.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[A-Za-z0-9_.*?-]+$')",message="an SVM name or glob has letters, digits, '.', '_', '-', '*' and '?' only"
	SVMs []string `json:"svms"`
}

// NamespaceSelector selects namespaces by name, by label, or both: a
// namespace that either selects is meant.
// +kubebuilder:validation:XValidation:rule="has(self.names) || has(self.selector)",reason=FieldValueRequired,message="namespaces needs names or a selector; an empty selector {} selects every namespace"
type NamespaceSelector struct {
	// names of namespaces.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="a namespace name has lower-case letters, digits and '-' only; a selector selects many"
	Names []string `json:"names,omitempty"`

	// selector selects namespaces by their labels. An empty one selects every
	// namespace.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// ONTAPClusterStatus is what the operator knows of the array.
type ONTAPClusterStatus struct {
	// observedGeneration is the generation of the spec that Ready or Stalled
	// was last decided for; -1 before the operator has seen the object.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions: Ready, and when they apply Reconciling and Stalled, in the
	// sense of kstatus; MetricsAvailable while the array gives no performance
	// data.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// array is the array that answered at the endpoint first. Another one
	// answering there later is an error (ArrayChanged), and nothing is written
	// to it.
	// +optional
	Array *ArrayStatus `json:"array,omitempty"`

	// services counts the iSCSI services of the array.
	// +optional
	Services *ServiceCount `json:"services,omitempty"`

	// unreadableServices are iSCSI services of which the array said, at the
	// last poll, what the operator cannot understand: what is missing or odd,
	// by SVM. Nothing is known of them, and nothing is done about them, until
	// it can be understood again; all others go on. The first 16 are listed;
	// services.unreadable says how many there are.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	UnreadableServices []UnreadableService `json:"unreadableServices,omitempty"`
}

// MaxUnreadableServices is how many status.unreadableServices lists.
const MaxUnreadableServices = 16

// UnreadableService is an iSCSI service that the operator cannot understand.
type UnreadableService struct {
	// svm is the SVM of the service, as far as the array said so: absent if
	// it did not, or not in a way that can be shown.
	// +optional
	SVM *UnreadableSVM `json:"svm,omitempty"`

	// message says what is wrong.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message"`
}

// UnreadableSVM is what is known of the SVM of an UnreadableService.
type UnreadableSVM struct {
	// name of the SVM.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// uuid of the SVM.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	UUID string `json:"uuid,omitempty"`
}

// ServiceCount counts iSCSI services.
type ServiceCount struct {
	// seen is how many services the array had at the last poll, managed or
	// not.
	// +optional
	Seen int32 `json:"seen"`

	// managed is how many of them an ISCSIService has created or adopted.
	// +optional
	Managed int32 `json:"managed"`

	// unreadable is how many of those that were seen the operator cannot
	// understand; see unreadableServices.
	// +optional
	Unreadable int32 `json:"unreadable,omitempty"`
}

// ArrayStatus identifies an array.
type ArrayStatus struct {
	// name of the ONTAP cluster.
	// +optional
	Name string `json:"name,omitempty"`

	// uuid of the ONTAP cluster.
	// +required
	// +kubebuilder:validation:MinLength=1
	UUID string `json:"uuid"`

	// version of ONTAP that the array runs, such as 9.16.1.
	// +optional
	Version string `json:"version,omitempty"`
}

// ONTAPCluster is a NetApp ONTAP array: where it is, how to log in, and
// who may use which of its SVMs. It is written by the platform team only.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=ontapclusters,scope=Cluster,categories=ontap
// +kubebuilder:printcolumn:name="Endpoint",type=string,JSONPath=`.spec.endpoint`
// +kubebuilder:printcolumn:name="Array",type=string,JSONPath=`.status.array.name`,description="Name of the ONTAP cluster"
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.array.version`,description="ONTAP version"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Services",type=integer,priority=1,JSONPath=`.status.services.seen`,description="iSCSI services that the array has"
// +kubebuilder:printcolumn:name="Managed",type=integer,priority=1,JSONPath=`.status.services.managed`,description="iSCSI services that an ISCSIService has created or adopted"
// +kubebuilder:printcolumn:name="UUID",type=string,priority=1,JSONPath=`.status.array.uuid`,description="UUID of the ONTAP cluster"
type ONTAPCluster struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says how to reach the array and who may use it.
	// +required
	Spec ONTAPClusterSpec `json:"spec"`

	// status is what the operator knows of the array.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status ONTAPClusterStatus `json:"status,omitempty"`
}

// ONTAPClusterList is a list of ONTAPClusters.
// +kubebuilder:object:root=true
type ONTAPClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ONTAPCluster `json:"items"`
}

// PollInterval is how often the array is polled.
func (c *ONTAPCluster) PollInterval() time.Duration {
	if c.Spec.PollInterval == nil {
		return DefaultPollInterval
	}
	return c.Spec.PollInterval.Duration
}

// MetricsDisabled reports whether the array is not to be asked for performance
// data.
func (c *ONTAPCluster) MetricsDisabled() bool {
	return c.Spec.Metrics != nil && c.Spec.Metrics.Disabled
}

// StatusInterval is how old the sample in the status of an ISCSIService gets
// before a newer one replaces it.
func (c *ONTAPCluster) StatusInterval() time.Duration {
	if c.Spec.Metrics == nil || c.Spec.Metrics.StatusInterval == nil {
		return DefaultStatusInterval
	}
	return c.Spec.Metrics.StatusInterval.Duration
}
