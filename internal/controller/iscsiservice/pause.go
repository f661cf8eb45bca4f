package iscsiservice

import (
	"fmt"
	"time"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

// pausedBy names what keeps the operator from changing anything for an object; empty means nothing does.
func pausedBy(service *v1alpha1.ISCSIService, cluster *v1alpha1.ONTAPCluster) string {
	switch {
	case kube.IsPaused(service):
		return "this object"
	case kube.IsPaused(cluster):
		return fmt.Sprintf("ONTAPCluster %q", cluster.Name)
	}
	return ""
}

// paused is the outcome of a pass that must not change anything. What was found before stays, unless there is nothing
// yet, or the object is being deleted and somebody waits for that.
func (p *pass) paused(by string) *outcome.Outcome {
	message := fmt.Sprintf("The annotation %s on %s keeps the operator from changing anything. Remove it to go on.", v1alpha1.PausedAnnotation, by)
	o := outcome.Reconciling(v1alpha1.ReasonPaused, message, time.Hour)
	o.Expected, o.Paused = true, true
	if c := outcome.ReadyCondition(p.obj.Status.Conditions); c != nil && !p.deleting() {
		o.Frozen = true
	}
	return &o
}
