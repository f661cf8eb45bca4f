package iscsiservice

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// setMarkers puts the markers of a create request to that array on an object, or takes them off.
func setMarkers(obj *v1alpha1.ISCSIService, markers plan.Markers, arrayUUID string) {
	if markers.Finalizer {
		controllerutil.AddFinalizer(obj, v1alpha1.Finalizer)
	} else {
		controllerutil.RemoveFinalizer(obj, v1alpha1.Finalizer)
	}
	delete(obj.Annotations, v1alpha1.CreatingAnnotation)
	// What a user wrote about another SVM would make the creating annotation count for nothing.
	delete(obj.Annotations, v1alpha1.CreatingSVMAnnotation)
	if !markers.Creating {
		return
	}
	if obj.Annotations == nil {
		obj.Annotations = map[string]string{}
	}
	obj.Annotations[v1alpha1.CreatingAnnotation] = string(obj.UID)
	if markers.Named != (plan.SVM{}) {
		obj.Annotations[v1alpha1.CreatingSVMAnnotation] = strings.Join([]string{markers.Named.Name, markers.Named.UUID, arrayUUID, markers.Resolved.UUID}, "/")
	}
}

func hasFinalizer(obj *v1alpha1.ISCSIService) bool {
	return slices.Contains(obj.Finalizers, v1alpha1.Finalizer)
}

// isCreating reports whether the annotation carries the object's own UID. A copy of an object carries that of another.
func isCreating(obj *v1alpha1.ISCSIService) bool {
	return obj.Annotations[v1alpha1.CreatingAnnotation] == string(obj.UID)
}

// createRequest is what the annotations tell of a create request that was sent, or was about to be.
type createRequest struct {
	// named is the SVM as spec.svm had it, and resolved the same with the UUID that the name stood for.
	named, resolved plan.SVM
	// array is the UUID of the array.
	array string
}

// createRequestOf is the create request that the annotation tells of. Users can write annotations: a value that spec.svm could
// not have, or that is not the UUID of an array, is none.
func createRequestOf(obj *v1alpha1.ISCSIService) (createRequest, bool) {
	parts := strings.Split(obj.Annotations[v1alpha1.CreatingSVMAnnotation], "/")
	if len(parts) == 3 {
		parts = append(parts, parts[1]) // written before the fourth part was
	}
	if len(parts) != 4 || !svmName.MatchString(parts[0]) || slices.ContainsFunc(parts[1:], func(uuid string) bool { return !uuidOrNone.MatchString(uuid) }) ||
		parts[0] == "" && parts[1] == "" {
		return createRequest{}, false
	}
	return createRequest{
		named:    plan.SVM{Name: parts[0], UUID: parts[1]},
		resolved: plan.SVM{Name: parts[0], UUID: cmp.Or(parts[3], parts[1])},
		array:    parts[2],
	}, true
}

// The patterns of spec.svm in the CRD, and of nothing.
var (
	svmName    = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$`)
	uuidOrNone = regexp.MustCompile(`^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$`)
)
