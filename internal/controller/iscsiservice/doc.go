// Package iscsiservice makes the iSCSI services of SVMs agree with their ISCSIServices.
//
// One pass over an ISCSIService is observe → plan → act, repeated until the plan comes to rest, then report:
//
//	reconciler.go   the reconciler and what triggers it
//	pass.go         what one pass knows: wanted, remembered, observed
//	act.go          takes a step of the plan
//	observe.go      looks at the service
//	release.go      lets an object go
//	supersede.go    ends what other objects have of a service
//	marks.go        the finalizer and the annotations of a create request
//	store.go        writes to the API server
//	ended.go        the outcome of a plan that came to rest
//	report.go       status and events
//	drift.go        what status tells of out-of-band changes
//	metrics.go      what status tells of the latest sample
//	claims.go       which of the objects that name an SVM has its service
//	sessions.go     which initiators would be cut off
//	pause.go        a pass that must not change anything
//	memory.go       what only this process knows of an object
package iscsiservice

// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=iscsiservices,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=iscsiservices/status,verbs=patch
// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=ontapclusters,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
