package iscsiservice

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// mark sets the finalizer and the creating annotation in one patch, which the API server takes only if nothing else has
// changed since: after it, the object is as fresh as a live read.
func (p *pass) mark(ctx context.Context, finalizer, creating bool) error {
	// Marks tell what is about to be sent, or that nothing is under way: only who may send can say so.
	if err := p.r.Lease.Outlasts(time.Now().Add(p.r.writeTimeout())); err != nil {
		return err
	}
	stored := p.object.Stored()
	err := p.object.PatchMetadata(ctx, func(obj *v1alpha1.ISCSIService) { p.setMarkers(obj, finalizer, creating) })
	if err != nil {
		return err
	}
	switch {
	case !creating:
		p.past.post.set(postSettled)
	case !p.past.post.is(postUnanswered) && (!isCreating(stored) || !createsFor(stored, stored.Spec.SVM)):
		p.past.post.set(postUnsent)
	}
	if p.strayed && !creating && !p.deleting() {
		// From here on the pass would be about another SVM.
		return kube.ErrStale
	}
	return nil
}

// setMarkers puts the finalizer and the creating annotations on the object, or takes them off.
func (p *pass) setMarkers(obj *v1alpha1.ISCSIService, finalizer, creating bool) {
	if finalizer {
		controllerutil.AddFinalizer(obj, v1alpha1.Finalizer)
	} else {
		controllerutil.RemoveFinalizer(obj, v1alpha1.Finalizer)
	}
	delete(obj.Annotations, v1alpha1.CreatingAnnotation)
	// What a user wrote about another SVM would make the creating annotation count for nothing.
	delete(obj.Annotations, v1alpha1.CreatingSVMAnnotation)
	if !creating {
		return
	}
	if obj.Annotations == nil {
		obj.Annotations = map[string]string{}
	}
	obj.Annotations[v1alpha1.CreatingAnnotation] = string(obj.UID)
	if obj.Status.SVM == nil {
		obj.Annotations[v1alpha1.CreatingSVMAnnotation] = creatingOn(obj.Spec.SVM, p.r.arrayUUID(p.admission.Cluster), p.svm.UUID)
	}
}

func hasFinalizer(obj *v1alpha1.ISCSIService) bool {
	return slices.Contains(obj.Finalizers, v1alpha1.Finalizer)
}

// createRequest is what the annotations tell of a create request that was sent, or was about to be.
type createRequest struct {
	// named is the SVM as spec.svm had it, and svm the same with the UUID that the name stood for.
	named, svm ontap.SVMRef
	// array is the UUID of the array.
	array string
}

// createsFor reports whether the create request, if there is one, was meant for that SVM.
func createsFor(obj *v1alpha1.ISCSIService, svm v1alpha1.SVMSelector) bool {
	request, ok := createdOn(obj)
	return !ok || request.named == ontap.SVMRef{Name: svm.Name, UUID: svm.UUID}
}

// creatingOn is the value of the annotation that createdOn reads.
func creatingOn(svm v1alpha1.SVMSelector, array, resolved string) string {
	return strings.Join([]string{svm.Name, svm.UUID, array, resolved}, "/")
}

// createdOn is the create request that the annotation tells of. Users can write annotations: a value that spec.svm could
// not have, or that is not the UUID of an array, is none.
func createdOn(obj *v1alpha1.ISCSIService) (createRequest, bool) {
	parts := strings.Split(obj.Annotations[v1alpha1.CreatingSVMAnnotation], "/")
	if len(parts) == 3 {
		parts = append(parts, parts[1]) // written before the fourth part was
	}
	if len(parts) != 4 || !svmName.MatchString(parts[0]) || slices.ContainsFunc(parts[1:], func(uuid string) bool { return !uuidOrNone.MatchString(uuid) }) ||
		parts[0] == "" && parts[1] == "" {
		return createRequest{}, false
	}
	return createRequest{
		named: ontap.SVMRef{Name: parts[0], UUID: parts[1]},
		svm:   ontap.SVMRef{Name: parts[0], UUID: cmp.Or(parts[3], parts[1])},
		array: parts[2],
	}, true
}

// The patterns of spec.svm in the CRD, and of nothing.
var (
	svmName    = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$`)
	uuidOrNone = regexp.MustCompile(`^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$`)
)

// isCreating reports whether the annotation carries the object's own UID. A copy of an object carries that of another.
func isCreating(obj *v1alpha1.ISCSIService) bool {
	return obj.Annotations[v1alpha1.CreatingAnnotation] == string(obj.UID)
}

// unmarked lets through that a user, as with "kubectl replace", took off the marks of an object that has a service, or
// whose create request is under way: a deletion before the next pass would not ask the operator. The operator itself takes
// off the marks of an object that has neither.
func (r *Reconciler) unmarked() predicate.Funcs {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok1 := e.ObjectOld.(*v1alpha1.ISCSIService)
			after, ok2 := e.ObjectNew.(*v1alpha1.ISCSIService)
			return ok1 && ok2 && (hasFinalizer(before) && !hasFinalizer(after) || isCreating(before) && !isCreating(after)) &&
				(after.Status.Origin != "" || r.memory.posted(after))
		},
	}
}
