// Package iscsiservice makes the iSCSI services of SVMs agree with their ISCSIServices.
//
// One pass over an ISCSIService asks the plan for the next step, takes it, and tells the plan's state what came of it, until
// the plan comes to rest; then it reports. The files, each of which uses only those below it:
//
//	reconcile.go, setup.go   the result of a pass, and what triggers one
//	run.go                   the steps of a pass
//	report.go                conditions, status and events at its end
//	conclude.go              the outcome of a plan that came to rest
//	request.go, release.go   requests to the array; the end of an object
//	record.go                writes the object: markers and status
//	takeover.go              ends what other objects have of a service
//	connect.go, look.go      finds the array, and what is there
//	contest.go               which of the objects that name an SVM has its service
//	contenders.go            which objects those are
//	drift.go, metrics.go     what status tells of out-of-band changes and of the latest sample
//	journal.go               events
//	pass.go                  what one pass knows
//	reconciler.go            what a pass is given
//	visit.go, memory.go      the pass's stay at an array; what this process remembers of an object
//	describe.go, markers.go  an object in the terms of the plan; its finalizer and annotations
package iscsiservice

// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=iscsiservices,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=iscsiservices/status,verbs=patch
// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=ontapclusters,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
