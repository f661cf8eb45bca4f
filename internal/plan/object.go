package plan

// SVM is an SVM by its name, its UUID, or both. What is empty is not known.
type SVM struct{ Name, UUID string }

// Policy says what becomes of the service when its object is deleted.
type Policy int8

const (
	// Auto deletes what the object created, and keeps what it adopted.
	Auto Policy = iota
	// Delete deletes the service in any case.
	Delete
	// Retain keeps the service in any case.
	Retain
)

// Origin says who made the service that the object is bound to.
type Origin int8

const (
	// None: the object has no service.
	None Origin = iota
	// Created by the operator's own request.
	Created
	// Adopted: it was there before, or another client of the array has recreated it since.
	Adopted
)

// Object is what the API server keeps of an ISCSIService, as far as decisions depend on it.
type Object struct {
	Spec
	Metadata
	Status
}

// Spec is what the object asks for.
type Spec struct {
	// Generation of the spec.
	Generation int64
	// SVM as spec.svm names it.
	SVM SVM
	// Enabled is the administrative state.
	Enabled bool
	// Alias is the target alias; nil leaves it alone, empty clears it.
	Alias *string
	// Policy is the deletion policy.
	Policy Policy
	// SessionGuard: the service is not disabled while initiators are logged in.
	SessionGuard bool
	// Observe: the service is looked at, and never touched.
	Observe bool
}

// Metadata is what users and the operator have put on the object.
type Metadata struct {
	// Deleting: the object is being deleted.
	Deleting bool
	// Paused: a user wants nothing changed, neither on the array nor in the markers.
	Paused bool
	// Requested: a user asks, by annotation, for a live look, and for another try of what was refused.
	Requested bool
	Markers
}

// Markers are on an object from before its create request until the service is deleted, or is not to be deleted with it.
type Markers struct {
	// Finalizer is on the object.
	Finalizer bool
	// Creating: the annotation carries the object's own UID.
	Creating bool
	// Named is the SVM that the create request is for, as spec.svm named it then, and Resolved the same with the UUID that
	// the name stood for. Both are empty if the annotation does not tell: the request is for spec.svm.
	Named, Resolved SVM
}

// Status is what status keeps.
type Status struct {
	// Bound is the SVM that the object is bound to, for good; empty if it is not yet.
	Bound SVM
	// Origin of the service.
	Origin Origin
	// CreatedTarget is the target name that the create request was answered with.
	CreatedTarget string
}

// createsFor reports whether the create request, if there is one, was meant for the SVM that spec.svm names.
func (o *Object) createsFor(svm SVM) bool { return o.Named == SVM{} || o.Named == svm }

// deletes reports whether the service goes with the object.
func (o *Object) deletes() bool {
	return o.Policy == Delete || o.Policy == Auto && o.Origin == Created
}

// Service is the service of an SVM.
type Service struct {
	SVM           SVM
	Enabled       bool
	Alias, Target string
}
