// Package v1alpha1 is what users of the ONTAP SAN Operator write and read: ISCSIService, the iSCSI target of one SVM,
// and ONTAPCluster, the array it lives on. It imports apimachinery only, so that any Go program can use it.
//
// +kubebuilder:object:generate=true
// +kubebuilder:ac:generate=true
// +groupName=san.ontap-operator.io
package v1alpha1
