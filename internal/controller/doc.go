// Package controller is Kubernetes in, Kubernetes out: its reconcilers read objects, have package plan decide, act on
// the array through package fleet, and report in status and events.
//
// One pass over an ISCSIService is observe → plan → act, repeated until the plan comes to rest, then report:
//
//	iscsiservice_controller.go  the reconciler and what triggers it
//	pass.go                     what one pass knows: wanted, remembered, observed
//	act.go                      takes a step of the plan
//	marks.go                    the finalizer and the annotations of a create request
//	store.go                    writes to the API server, and never on the strength of an old copy
//	outcome.go, remedies.go     the one table from an error to a condition and a retry
//	report.go                   conditions and events
//	drift.go, metrics.go        what status tells of out-of-band changes, and of the latest sample
//	access.go                   which namespace may use which SVM
//	claims.go                   which of the objects that name an SVM has its service
//	sessions.go                 who would be cut off
//	pause.go                    what people ask for by annotation
//	share.go                    which ONTAPClusters are this operator's, if there are several
//	memory.go                   what only this process knows of an object
//	ontapcluster_controller.go  connects to arrays and polls them, with credentials.go
//
// An ISCSIMetricsQuery is answered once: iscsimetricsquery_controller.go triggers, query.go asks, history.go translates
// question and answer.
package controller

// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=iscsiservices,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=iscsiservices/status,verbs=patch
// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=iscsimetricsqueries,verbs=get;list;watch;delete
// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=iscsimetricsqueries/status,verbs=patch
// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=ontapclusters,verbs=list;watch;patch
// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=ontapclusters/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups="",namespace=ontap-san-system,resources=secrets,verbs=get;list;watch
