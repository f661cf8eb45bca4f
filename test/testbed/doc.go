// Package testbed starts the real parts for suites and for the demo: etcd, kube-apiserver and kube-controller-manager,
// the simulator and the operator, each a process of its own on free loopback ports. It drives them as people do,
// with kubectl and with signals.
//
// A Bed owns all that it started. Its programs log to files in Bed.Dir and never outlive the process that started them:
// Close stops them in order, and on Linux the kernel ends them if that process dies first.
package testbed
