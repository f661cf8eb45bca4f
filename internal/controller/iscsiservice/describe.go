package iscsiservice

import (
	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// describe is an ISCSIService in the terms of the plan.
func describe(obj *v1alpha1.ISCSIService) plan.Object {
	o := plan.Object{
		Spec: plan.Spec{
			Generation:   obj.Generation,
			SVM:          plan.SVM{Name: obj.Spec.SVM.Name, UUID: obj.Spec.SVM.UUID},
			Enabled:      obj.WantsEnabled(),
			Alias:        obj.Spec.Alias,
			Policy:       policies[obj.Spec.DeletionPolicy],
			SessionGuard: obj.Spec.InUsePolicy != v1alpha1.InUsePolicyDisconnect,
			Observe:      obj.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve,
		},
		Metadata: plan.Metadata{
			Deleting:  !obj.DeletionTimestamp.IsZero(),
			Paused:    kube.IsPaused(obj),
			Requested: requested(obj),
			Markers:   plan.Markers{Finalizer: hasFinalizer(obj), Creating: isCreating(obj)},
		},
		Status: plan.Status{Origin: origins[obj.Status.Origin]},
	}
	if request, ok := createRequestOf(obj); ok {
		o.Named, o.Resolved = request.named, request.resolved
	}
	if svm := obj.Status.SVM; svm != nil {
		o.Bound = plan.SVM{Name: svm.Name, UUID: svm.UUID}
	}
	if created := obj.Status.Created; created != nil {
		o.CreatedTarget = created.TargetName
	}
	return o
}

// requested reports whether a user asks, by annotation, for a live look and for another try of what was refused.
func requested(obj *v1alpha1.ISCSIService) bool {
	return kube.Annotation(obj, v1alpha1.ReconcileRequestedAtAnnotation) != obj.Status.LastHandledReconcileAt
}

// serviceOf is a service of the array in the terms of the plan.
func serviceOf(service ontap.Service) plan.Service {
	return plan.Service{SVM: plan.SVM{Name: service.SVM.Name, UUID: service.SVM.UUID}, Enabled: service.Enabled, Alias: service.Target.Alias, Target: service.Target.Name}
}

// svmRef is an SVM in the terms of the client of the array.
func svmRef(svm plan.SVM) ontap.SVMRef { return ontap.SVMRef{Name: svm.Name, UUID: svm.UUID} }

var policies = map[v1alpha1.DeletionPolicy]plan.Policy{
	"":                            plan.Auto,
	v1alpha1.DeletionPolicyDelete: plan.Delete,
	v1alpha1.DeletionPolicyRetain: plan.Retain,
}

var origins = map[v1alpha1.Origin]plan.Origin{
	"":                     plan.None,
	v1alpha1.OriginCreated: plan.Created,
	v1alpha1.OriginAdopted: plan.Adopted,
}
