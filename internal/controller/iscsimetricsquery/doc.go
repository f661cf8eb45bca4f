// Package iscsimetricsquery answers ISCSIMetricsQueries, each once, and removes them when their time has come.
//
//	setup.go       what triggers a run
//	reconciler.go  one run over an ISCSIMetricsQuery, and when the next one is
//	queryrun.go    a run: admitted, answered, reported
//	ask.go         finds the SVM, and asks the array
//	outcomes.go    what status says of a run
//	history.go     translates question and answer
//
// A file uses those below it; ask.go, outcomes.go and queryrun.go share the type queryRun.
package iscsimetricsquery

// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=iscsimetricsqueries,verbs=get;list;watch;delete
// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=iscsimetricsqueries/status,verbs=patch
// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=iscsiservices,verbs=list;watch
// +kubebuilder:rbac:groups=san.ontap-operator.io,resources=ontapclusters,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
