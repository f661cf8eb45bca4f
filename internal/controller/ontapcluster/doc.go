// Package ontapcluster connects to the arrays of ONTAPClusters and polls them.
//
//	setup.go        what triggers a pass
//	reconciler.go   one pass over an ONTAPCluster: finalizer, connection, report
//	connect.go      brings the connection to the array up to date with spec and Secret
//	poll.go         reads the array's services, and passes on what has changed
//	show.go         what status shows of a poll
//	users.go        the ISCSIServices of an ONTAPCluster
//	credentials.go  reads the Secret: the login, and where it may be sent
//
// A file uses those below it.
package ontapcluster

// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=iscsiservices,verbs=list;watch
// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=ontapclusters,verbs=list;watch;patch
// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=ontapclusters/status,verbs=patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups="",namespace=ontap-san-system,resources=secrets,verbs=get;list;watch
