package iscsiservice

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

// mark puts the markers of a step on the object, or takes them off, in one patch.
func (p *pass) mark(ctx context.Context, step plan.Step) error {
	// Markers tell what is about to be sent, or that nothing is under way: only the replica that may send can say so.
	if err := p.r.Lease.Outlasts(time.Now().Add(p.r.writeTimeout())); err != nil {
		return err
	}
	markers := p.state.Markers(step)
	err := p.object.PatchMetadata(ctx, func(obj *v1alpha1.ISCSIService) { setMarkers(obj, markers, p.arrayUUID()) })
	if err != nil {
		return err
	}
	if p.state.Marked(markers) {
		return kube.ErrStale
	}
	return nil
}

// bind records that the object has the service, and who made it.
func (p *pass) bind(origin plan.Origin) {
	before := p.state.Object().Origin
	p.state.Bound(origin)
	svm, status := p.state.Object().Bound, &p.obj().Status
	status.SVM, status.ArrayUUID = &v1alpha1.SVMStatus{Name: svm.Name, UUID: svm.UUID}, p.arrayUUID()
	p.showOrigin()
	target := p.sighting.service.Target
	if origin == plan.Created {
		p.eventually(corev1.EventTypeNormal, v1alpha1.EventCreated, "Create", "%s: created iSCSI target %s", p.subject(), target)
		return
	}
	note := "%s: adopted the existing iSCSI target %s; by default it outlives this object"
	if before == plan.Created {
		note = "%s: another client of the array recreated the service as iSCSI target %s; by default it outlives this object now"
	}
	p.eventually(corev1.EventTypeNormal, v1alpha1.EventAdopted, "Adopt", note, p.subject(), target)
}

// disown records, while nothing may be changed, that the service which this object created is gone or replaced.
func (p *pass) disown() {
	p.state.Disowned()
	p.showOrigin()
	if p.state.Denied() {
		return // what became of an SVM is only for namespaces to know that may use it
	}
	p.eventually(corev1.EventTypeWarning, v1alpha1.EventServiceLost, "Observe",
		"%s: the iSCSI service that this object created was deleted or replaced outside the operator; a service that is there now or later counts as adopted", p.subject())
}

// forget records that the object has no service.
func (p *pass) forget(why plan.Why) {
	p.state.Forgotten()
	p.showOrigin()
	if why == plan.ClaimLost {
		return
	}
	status := &p.obj().Status
	p.event(corev1.EventTypeWarning, v1alpha1.EventServiceLost, "Observe", "%s: another client of the array deleted the iSCSI service", p.subject())
	status.Enabled, status.Target, status.Metrics = nil, nil, nil
	p.drifted(driftService, "present", "absent")
}

// showOrigin shows in status who made the service, as the state has it.
func (p *pass) showOrigin() {
	recorded, status := p.state.Object().Status, &p.obj().Status
	status.Origin, status.Created = originNames[recorded.Origin], nil
	if recorded.Origin == plan.Created {
		status.Created = &v1alpha1.CreatedService{TargetName: recorded.CreatedTarget}
	}
}

var originNames = map[plan.Origin]v1alpha1.Origin{plan.Created: v1alpha1.OriginCreated, plan.Adopted: v1alpha1.OriginAdopted}

// record writes status, if it is another one than the API server has.
func (p *pass) record(ctx context.Context) error {
	if p.object.StatusChanged() {
		if err := p.r.Lease.Held(); err != nil {
			return err
		}
		if err := p.object.RecordStatus(ctx, p.stands); err != nil {
			return err
		}
	}
	took := p.state.TakesOver()
	p.state.Recorded()
	if took && !p.state.Behind() && p.standing.holder != nil && p.state.Object().Origin == plan.Adopted {
		return p.releaseHolder(ctx)
	}
	return nil
}
