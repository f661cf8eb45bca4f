package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	// GroupVersion is the API group and version of every kind in this package.
	GroupVersion = schema.GroupVersion{Group: "san.ontap-operator.io", Version: "v1alpha1"}

	// SchemeGroupVersion is GroupVersion, by the name that generated code knows it by.
	SchemeGroupVersion = GroupVersion

	// SchemeBuilder collects the functions that add this package's kinds to a scheme.
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme adds this package's kinds to a scheme.
	AddToScheme = SchemeBuilder.AddToScheme
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&ISCSIMetricsQuery{}, &ISCSIMetricsQueryList{},
		&ISCSIService{}, &ISCSIServiceList{},
		&ONTAPCluster{}, &ONTAPClusterList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
